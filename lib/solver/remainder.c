/* SPDX-License-Identifier: BSD-3-Clause */
/* Remainders are taken on rungs h_k = scale 4^-k / 8, k = 0 .. 15, and their order is read from the lowest rungs where they stand
 * clear of the noise of phi, since the lower h, the better h and h^2 can be told apart: a wrong s shows as soon as its error times h
 * outgrows the noise. The noise is measured, not supposed, so that callbacks in single precision are judged as well: fourth
 * differences of phi at equidistant points kill all that is smooth there (More & Wild 2011). Points that are too close show none:
 * phi stands still between two roundings. Points that are too far apart show that phi is curved. So several spacings are taken, up to
 * where phi rises as it did at the one before.
 * What is lost in the noise, or below SADDLE_I_SINGLE of the size, counts as rounding. */
#include "solver/remainder.h"
#include <math.h>

enum {
    RUNGS = 16,
    WINDOW = 4, /* rungs that the order is read from, */
    FEWEST = 3, /* and the least of them */
    POINTS = 9, /* of the measurement of noise, */
    HIGHEST = 6, /* order of their differences; */
    LOG2_CLOSEST = -28, /* this far apart, */
    LOG2_FARTHER = 7, /* and farther by so much, */
    SPACINGS = 4, /* at most */
    GROWTH = 8, /* that any noise may have from spacing to spacing */
    CLEAR = 16 /* a remainder counts from so many times the noise on: then its logarithm is good to .1 or better */
};

static const double single_unit = 0x1p-23; /* of single precision, relative to the number, */
static const double single_most = 0x1p-16; /* and what is left of it in sums with cancellation */
static const double roughness = 0.2;
static const double same_rate = 0x1p-4; /* phi rises alike at two spacings: rounding hides nothing there */

struct look {
    double noise, rate;
    int rough;
};

/* Of noise of which these are differences of that order: their variance is binomial(2 order, order) times its own. */
static double deviation(const double *d, int order)
{
    double sum = 0.0, variance = 1.0;
    for (int i = 1; i <= order; i++) {
        variance *= (double)(order + i) / i;
    }
    for (int j = 0; j < POINTS - order; j++) {
        sum += d[j] * d[j];
    }
    return sqrt(sum / (variance * (POINTS - order)));
}

/* Of POINTS points this far apart: the standard deviation of noise of which the fourth differences are, NaN where phi cannot be had;
 * whether it may be noise, which differences of every order show, while those of what is smooth fall; and by how much phi rises. */
static saddle_status look_at_points(struct saddle_i_ray *r, double spacing, double *most, struct look *at)
{
    double d[POINTS], size[HIGHEST + 1] = {0.0};
    d[0] = r->zero;
    for (int j = 1; j < POINTS; j++) {
        TRY(r->at(r, (double)j * spacing, &d[j]));
        *most = fmax(*most, fabs(d[j]));
    }
    at->rate = (d[POINTS - 1] - d[0]) / ((POINTS - 1) * spacing);
    for (int order = 1; order <= HIGHEST; order++) {
        for (int j = 0; j < POINTS - order; j++) {
            d[j] = d[j + 1] - d[j];
        }
        size[order] = deviation(d, order);
    }
    at->noise = size[4];
    at->rough = size[6] >= roughness * fmax(size[4], size[5]);
    return SADDLE_OK;
}

/* Where rounding hides a part of phi's rise from spacing to spacing, its noise may still come. Where phi does not rise at all, as much as
 * it should have may have been rounded away, but no more than a unit of single precision. */
static saddle_status measure_noise(struct saddle_i_ray *r, double *noise)
{
    double most = fabs(r->zero), measured = 0.0, reach = 0.0, last = 0.0;
    for (int k = 0; k < SPACINGS; k++) {
        const double spacing = ldexp(r->scale, LOG2_CLOSEST + LOG2_FARTHER * k);
        struct look at;
        TRY(look_at_points(r, spacing, &most, &at));
        if (!isfinite(at.noise)) {
            break;
        }
        const double least = fmax(measured, 4.0 * DBL_EPSILON * most);
        if (at.rough && (k == 0 || at.noise <= fmax(GROWTH * least, single_most * fmax(most, r->parts)))) {
            measured = fmax(measured, at.noise);
        }
        if (last != 0.0 && fabs(at.rate - last) <= same_rate * fabs(last)) {
            break;
        }
        last = at.rate;
        reach = (POINTS - 1) * spacing;
    }
    if (last == 0.0) {
        measured = fmax(measured, fmin(fabs(r->slope) * reach, single_unit * fmax(fabs(r->zero), r->parts)));
    }
    *noise = fmax(measured, 4.0 * DBL_EPSILON * most);
    return SADDLE_OK;
}

/* Where no remainder is seen below the lowest rung, it has fallen to the floor at least: faster than h, if that is deep. So it is where
 * phi has a kink farther out. */
static double least_below(const double *remainder, const double *floor, int lowest)
{
    for (int k = lowest + 1; k < RUNGS; k++) {
        if (remainder[k] > floor[k]) {
            return 0.0;
        }
    }
    return lowest + 1 < RUNGS ? 0.5 * log2(remainder[lowest] / floor[lowest + 1]) : 0.0;
}

/* The median of the logarithms of neighbours' ratios: one rung where two orders happen to cancel does not move it. Of two ratios,
 * where noise leaves the highest rungs alone, the larger one: h^2 may have ended there. *lowest is the rung that they begin with. */
static double order_of(const double *remainder, const double *floor, int *seen, int *lowest)
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
        *lowest = run == 0 ? k : *lowest;
        run++;
    }
    *seen = run >= FEWEST;
    if (!*seen) {
        return SADDLE_I_INF;
    }
    const double low = fmin(ratio[0], ratio[1]), high = fmax(ratio[0], ratio[1]);
    return fmax(run < WINDOW ? high : fmax(low, fmin(high, ratio[2])), least_below(remainder, floor, *lowest));
}

/* An error e of s adds e h. It would have been seen from e = 2 c h on, where c h^2 is the remainder on the second rung of those that the
 * order was read from; or, where no order was, from where FEWEST rungs would be clear of the noise. */
static double resolution_of(const double *remainder, const double *floor, const double *h, int seen, int lowest)
{
    return seen ? 2.0 * remainder[lowest - 1] / h[lowest - 1] : floor[FEWEST - 1] / h[FEWEST - 1];
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
    double noise, h[RUNGS], remainder[RUNGS], floor[RUNGS];
    int had = 0, seen, lowest = 0;
    TRY(measure_noise(r, &noise));
    for (int k = 0; k < RUNGS; k++) {
        double phi;
        h[k] = ldexp(r->scale, -3 - 2 * k);
        TRY(r->at(r, h[k], &phi));
        remainder[k] = fabs(phi - r->zero - h[k] * r->slope);
        floor[k] = CLEAR * noise + SADDLE_I_SINGLE * h[k] * r->size;
        had += isfinite(remainder[k]);
        if (!isfinite(remainder[k])) {
            remainder[k] = 0.0;
        }
    }
    r->order = order_of(remainder, floor, &seen, &lowest);
    r->resolution = resolution_of(remainder, floor, h, seen, lowest);
    r->order = seen || had >= FEWEST ? r->order : SADDLE_I_NAN;
    r->central = r->width = SADDLE_I_NAN;
    return noise > 0.0 || r->slope != 0.0 ? take_central(r, noise) : SADDLE_OK;
}
