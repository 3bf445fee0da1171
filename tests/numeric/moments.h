/* SPDX-License-Identifier: BSD-3-Clause */
/* Second moments of draws xi against those of a law: <xi,v>^2 for three unit vectors v, ||xi||^2, and the law of the
 * radius of a ball. Each mean of N draws must be within 5 standard deviations, and exact where a law has no spread. */
#ifndef SADDLE_TEST_MOMENTS_H
#define SADDLE_TEST_MOMENTS_H
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { MOMENTS_DIRECTIONS = 3, MOMENTS_DRAWS = 20000 };

/* Mean and standard deviation of one draw. */
struct law {
    double along, along_sd;   /* of <xi,v>^2 */
    double energy, energy_sd; /* of ||xi||^2 */
    double ball;              /* (||xi||/ball)^d is uniform in (0,1); 0: no such statement */
};

/* N(0, s^2 I): <xi,v>^2 = s^2 chi^2_1, ||xi||^2 = s^2 chi^2_d. */
static inline struct law law_gaussian(double d, double s)
{
    return (struct law){s * s, s * s * sqrt(2.0), s * s * d, s * s * sqrt(2.0 * d), 0.0};
}

/* Uniform on the sphere of radius r: r^2/d, variance r^4 2(d-1)/(d^2 (d+2)), 0 at d = 1. */
static inline struct law law_sphere(double d, double r)
{
    return (struct law){r * r / d, r * r * sqrt(2.0 * (d - 1.0) / (d * d * (d + 2.0))), r * r, 0.0, 0.0};
}

/* Uniform in the ball of radius r: r^2/(d+2), variance r^4 (3/((d+2)(d+4)) - 1/(d+2)^2); energy r^2 d/(d+2), variance
 * r^4 4d/((d+4)(d+2)^2). */
static inline struct law law_ball(double d, double r)
{
    const double e = d + 2.0;
    return (struct law){r * r / e, r * r * sqrt(3.0 / (e * (d + 4.0)) - 1.0 / (e * e)), r * r * d / e,
                        r * r * sqrt(4.0 * d / ((d + 4.0) * e * e)), r};
}

struct moments {
    int64_t d, draws;
    double along[MOMENTS_DIRECTIONS], energy;
    double radius[MOMENTS_DRAWS]; /* ||xi|| of each draw */
};

static inline void moments_start(struct moments *m, int64_t d)
{
    m->d = d;
    m->draws = 0;
    m->energy = 0.0;
    for (int k = 0; k < MOMENTS_DIRECTIONS; k++) {
        m->along[k] = 0.0;
    }
}

/* Along the first axis, the last one, and (1,-1,1,1,-1,1,...)/sqrt(d). */
static inline void moments_add(struct moments *m, const double *xi)
{
    double mixed = 0.0, energy = 0.0;
    for (int64_t i = 0; i < m->d; i++) {
        mixed += i % 3 == 1 ? -xi[i] : xi[i];
        energy += xi[i] * xi[i];
    }
    m->along[0] += xi[0] * xi[0];
    m->along[1] += xi[m->d - 1] * xi[m->d - 1];
    m->along[2] += mixed * mixed / (double)m->d;
    m->energy += energy;
    if (m->draws >= MOMENTS_DRAWS) { /* ck_assert() writes to its runner each time it holds: too slow for every draw */
        ck_abort_msg("too many draws");
    }
    m->radius[m->draws++] = sqrt(energy);
}

static inline double moments_deviations(double sum, double mean, double sd, int64_t draws)
{
    const double n = (double)draws, off = fabs(sum / n - mean);
    return off <= 1e-12 * mean ? 0.0 : off / (sd / sqrt(n));
}

static inline int moments_ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's sqrt(N) sup |F_N(u) - u| of u = (||xi||/r)^d: P(> 2.75) <= 2 exp(-2 2.75^2) = 5.4e-7, that of 5 standard
 * deviations. */
static inline double moments_kolmogorov(struct moments *m, double r)
{
    double worst = 0.0;
    const double n = (double)m->draws;
    qsort(m->radius, (size_t)m->draws, sizeof m->radius[0], moments_ascending);
    for (int64_t k = 0; k < m->draws; k++) {
        const double u = pow(m->radius[k] / r, (double)m->d);
        worst = fmax(worst, fmax(fabs(u - (double)k / n), fabs(u - (double)(k + 1) / n)));
    }
    return sqrt(n) * worst;
}

/* The most standard deviations by which a statistic is off; Kolmogorov's one brought to that scale. */
static inline double moments_off(struct moments *m, const struct law *law)
{
    double worst = moments_deviations(m->energy, law->energy, law->energy_sd, m->draws);
    for (int k = 0; k < MOMENTS_DIRECTIONS; k++) {
        worst = fmax(worst, moments_deviations(m->along[k], law->along, law->along_sd, m->draws));
    }
    if (law->ball > 0.0) {
        worst = fmax(worst, moments_kolmogorov(m, law->ball) * (5.0 / 2.75));
    }
    return worst;
}

#endif
