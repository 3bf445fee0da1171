/* SPDX-License-Identifier: BSD-3-Clause */
#include "rates_law.h"
#include <math.h>

#define MOST_ETA 0.5
#define RADIUS 0.01 /* of the sphere */

const char *const rates_names[RATES_KINDS] = {"sgd_gd", "pgd", "psgd sphere", "psgd 0.01", "psgd 0.05"};
const char *const rates_theory_dim[RATES_KINDS] = {"free", "log^4 d", "d^p", "d^p", "d^p"};
const char *const rates_theory_lambda[RATES_KINDS] = {"-5, log", "-4, log^4", "-16", "-16", "-16"};

struct rates_setting rates_setting_of(enum rates_kind kind, int64_t dim, double lambda)
{
    struct rates_setting s = {kind, dim, lambda, 9.0 * lambda * lambda * lambda, MOST_ETA, 0.0, 0};
    const double r = 0.025 * lambda * lambda;
    switch (kind) {
    case RATES_PGD:
        s.size = r * sqrt(2.0); /* sgd_gd's root mean square */
        break;
    case RATES_SPHERE:
        s.size = RADIUS / sqrt((double)dim);
        break;
    case RATES_SMALL:
    case RATES_LARGE:
        s.size = kind == RATES_SMALL ? 0.01 : 0.05;
        s.eta = fmin(MOST_ETA, s.drop / ((double)(dim - 1) * s.size * s.size));
        s.bound = s.eta < MOST_ETA;
        break;
    default:
        s.size = r;
        break;
    }
    return s;
}

/* ln D: a small w_1 on its way until its part of f is -depth. */
static double log_reach(const struct rates_setting *s, double depth)
{
    const double level = 6.0 * s->lambda * sqrt(1.0 - sqrt(1.0 - depth / s->drop));
    const double growth = log1p(s->eta * s->lambda), start = 1e-3 * level;
    double w = start, before = w;
    int64_t steps = 0;
    for (; w < level; steps++) {
        before = w;
        w += s->eta * (s->lambda * w - w * w * w / (36.0 * s->lambda));
    }
    return log(start) + growth * ((double)(steps - 1) + log(level / before) / log(w / before));
}

/* psi and psi', x > 0: upwards, then the asymptotic series. */
static double digamma(double x)
{
    double sum = 0.0;
    for (; x < 20.0; x += 1.0) {
        sum -= 1.0 / x;
    }
    const double y = 1.0 / (x * x);
    return sum + log(x) - 0.5 / x - y * (1.0 / 12.0 - y * (1.0 / 120.0 - y / 252.0));
}

static double trigamma(double x)
{
    double sum = 0.0;
    for (; x < 20.0; x += 1.0) {
        sum += 1.0 / (x * x);
    }
    const double y = 1.0 / (x * x);
    return sum + (1.0 + 0.5 / x + y * (1.0 / 6.0 - y * (1.0 / 30.0 - y / 42.0))) / x;
}

static struct rates_law over_samples(double reach, double growth, double r, const struct rates_model *noise)
{
    double mean = 0.0, squares = 0.0;
    for (int i = 0; i < RATES_SAMPLES; i++) {
        const double steps = 1.0 + (reach - log(r * fabs(noise->b[i][0]))) / growth;
        mean += steps / RATES_SAMPLES;
        squares += steps * steps / RATES_SAMPLES;
    }
    return (struct rates_law){mean, sqrt(squares - mean * mean)};
}

static struct rates_law over_ball(double reach, double growth, double radius, double dim)
{
    const double log_part = 0.5 * (digamma(0.5) - digamma(0.5 * dim + 1.0));
    const double deviation = 0.5 * sqrt(trigamma(0.5) - trigamma(0.5 * dim + 1.0));
    return (struct rates_law){(reach - log(radius) - log_part) / growth, deviation / growth};
}

/* x = exp(y), y in small steps. */
static struct rates_law over_normals(double reach, double growth, double a)
{
    const double h = 0.01;
    double mass = 0.0, mean = 0.0, squares = 0.0;
    for (int k = -2500; k <= 250; k++) {
        const double x = exp(h * k), weight = x * exp(-0.5 * x * x);
        const double steps = 0.5 * log1p(exp(2.0 * (reach - log(a * x)))) / growth;
        mass += weight;
        mean += weight * steps;
        squares += weight * steps * steps;
    }
    mean /= mass;
    return (struct rates_law){mean, sqrt(squares / mass - mean * mean)};
}

struct rates_law rates_law_of(const struct rates_setting *s, const struct rates_model *noise)
{
    const double growth = log1p(s->eta * s->lambda), g = s->eta * s->lambda, d = (double)s->dim;
    const int is_psgd = s->kind != RATES_SGD_GD && s->kind != RATES_PGD;
    const double raised = is_psgd ? (d - 1.0) * s->eta * s->size * s->size / (2.0 * (2.0 - s->eta)) : 0.0;
    const double reach = log_reach(s, 0.25 * s->drop + raised);
    struct rates_law law;
    if (s->kind == RATES_SGD_GD) {
        law = over_samples(reach, growth, s->size, noise);
    } else if (s->kind == RATES_PGD) {
        law = over_ball(reach, growth, s->size, d);
    } else {
        law = over_normals(reach, growth, s->eta * s->size / sqrt(g * (2.0 + g)));
    }
    law.mean += 0.5;
    return law;
}
