/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run from the saddle of rates_model.h is set to, and how many steps it should take until f <= f(0) - drop/4.
 * Along v = e_1 gradient descent multiplies what is small by 1 + eta lambda, ln(1 + eta lambda) = G a step:
 *     sgd_gd  1 + ln(D/(r |b|))/G,  b the first entry of the b_z drawn
 *     pgd     ln(D/|xi_1|)/G,  xi uniform in a ball, xi_1^2/radius^2 ~ Beta(1/2, (d+1)/2)
 *     psgd    ln(1 + (D/(a |x|))^2)/(2 G),  x ~ N(0, 1),  a = eta sigma/sqrt((1 + eta lambda)^2 - 1)
 * and half a step, to whole ones. D is the displacement that w_1 would reach without its fourth power, by the time that
 * it reaches the level with it. The noise of psgd in the other d-1 entries raises f by
 * (d-1) eta sigma^2/(2 (2 - eta)), and w_1 has to get that much deeper. */
#ifndef RATES_LAW_H
#define RATES_LAW_H
#include "rates_model.h"

enum rates_kind {
    RATES_SGD_GD,
    RATES_PGD,
    RATES_SPHERE, /* psgd on a sphere of fixed radius */
    RATES_SMALL,  /* psgd, normal noise of fixed size per coordinate */
    RATES_LARGE,
    RATES_KINDS
};

extern const char *const rates_names[RATES_KINDS];
extern const char *const rates_theory_dim[RATES_KINDS], *const rates_theory_lambda[RATES_KINDS]; /* as printed */

struct rates_setting {
    enum rates_kind kind;
    int64_t dim;
    double lambda, drop; /* drop = 9 lambda^3, from the saddle to a minimum */
    double eta;
    double size; /* r of sgd_gd, radius of pgd, of psgd the standard deviation per coordinate */
    int bound;   /* eta is below 1/2, since more would raise f by more than the drop */
};

/* Of the number of steps. */
struct rates_law {
    double mean, deviation;
};

struct rates_setting rates_setting_of(enum rates_kind kind, int64_t dim, double lambda);

/* noise: what the samples are, for sgd_gd. */
struct rates_law rates_law_of(const struct rates_setting *s, const struct rates_model *noise);

#endif
