/* SPDX-License-Identifier: BSD-3-Clause */
/* Remainders are taken on rungs h_k = scale 4^-k / 8, k = 0 .. 15, and their order is read from the lowest rungs where they stand
 * clear of the noise of phi, since the lower h, the better h and h^2 can be told apart: a wrong s shows as soon as its error times h
 * outgrows the noise. The noise is measured, not supposed, so that callbacks in single precision are judged as well: fourth
 * differences of phi at equidistant points kill all that is smooth there (More & Wild 2011).
 * What is lost in the noise, or below SADDLE_I_SINGLE of the size, counts as rounding. */
#include "solver/remainder.h"
#include <math.h>

enum {
    RUNGS = 16,
    WINDOW = 4, /* rungs that the order is read from, */
    FEWEST = 3, /* and the least of them */
    POINTS = 9, /* of the measurement of noise, */
    LOG2_SPACING = -16, /* this far apart */
    CLEAR = 16 /* a remainder counts from so many times the noise on: then its logarithm is good to .1 or better */
};

/* The standard deviation of noise of which these are fourth differences is sqrt(mean d^2/70). */
static saddle_status measure_noise(struct saddle_i_ray *r, double *noise)
{
    double d[POINTS], most = fabs(r->zero), sum = 0.0;
    d[0] = r->zero;
    for (int j = 1; j < POINTS; j++) {
        TRY(r->at(r, ldexp((double)j * r->scale, LOG2_SPACING), &d[j]));
        most = fmax(most, fabs(d[j]));
    }
    for (int order = 1; order <= 4; order++) {
        for (int j = 0; j < POINTS - order; j++) {
            d[j] = d[j + 1] - d[j];
        }
    }
    for (int j = 0; j < POINTS - 4; j++) {
        sum += d[j] * d[j];
    }
    const double measured = sqrt(sum / (70.0 * (POINTS - 4))), least = 4.0 * DBL_EPSILON * most;
    *noise = measured > least ? measured : least; /* also where it is NaN */
    return SADDLE_OK;
}

/* The median of the logarithms of neighbours' ratios: one rung where two orders happen to cancel does not move it. Of two ratios,
 * where noise leaves the highest rungs alone, the larger one: h^2 may have ended there. */
static double order_of(const double *remainder, const double *floor, int *seen)
{
    double ratio[WINDOW - 1] = {0.0};
    int run = 0;
    for (int k = RUNGS - 1; k >= 0 && run < WINDOW; k--) {
        if (!(remainder[k] > floor[k])) { /* or there is none */
            if (run >= FEWEST) {
                break;
            }
            run = 0;
            continue;
        }
        if (run > 0) {
            ratio[run - 1] = 0.5 * log2(remainder[k] / remainder[k + 1]);
        }
        run++;
    }
    *seen = run >= FEWEST;
    if (!*seen) {
        return SADDLE_I_INF;
    }
    const double low = fmin(ratio[0], ratio[1]), high = fmax(ratio[0], ratio[1]);
    return run < WINDOW ? high : fmax(low, fmin(high, ratio[2]));
}

/* Truncation and noise of a central difference balance at h = (noise)^(1/3). */
static saddle_status take_central(struct saddle_i_ray *r, double noise)
{
    double up, down;
    int exponent;
    (void)frexp(noise / (fabs(r->zero) + fabs(r->slope) * r->scale), &exponent);
    const double h = ldexp(r->scale, exponent / 3 < -4 ? exponent / 3 : -4);
    TRY(r->at(r, h, &up));
    TRY(r->at(r, -h, &down));
    r->central = (up - down) / (2.0 * h);
    r->width = isfinite(r->central) ? h : SADDLE_I_NAN;
    return SADDLE_OK;
}

saddle_status saddle_i_remainder(struct saddle_i_ray *r)
{
    double noise, remainder[RUNGS], floor[RUNGS];
    int had = 0, seen;
    TRY(measure_noise(r, &noise));
    for (int k = 0; k < RUNGS; k++) {
        const double h = ldexp(r->scale, -3 - 2 * k);
        double phi;
        TRY(r->at(r, h, &phi));
        remainder[k] = fabs(phi - r->zero - h * r->slope);
        floor[k] = CLEAR * noise + SADDLE_I_SINGLE * h * r->size;
        had += isfinite(remainder[k]);
        if (!isfinite(remainder[k])) {
            remainder[k] = 0.0;
        }
    }
    r->order = order_of(remainder, floor, &seen);
    r->order = seen || had >= FEWEST ? r->order : SADDLE_I_NAN;
    r->central = r->width = SADDLE_I_NAN;
    return noise > 0.0 || r->slope != 0.0 ? take_central(r, noise) : SADDLE_OK;
}
