/* SPDX-License-Identifier: BSD-3-Clause */
/* A saddle at w = 0 whose number of entries d can be chosen freely, with noise that does not know d:
 *     f(w) = -lambda w_1^2/2 + w_1^4/(144 lambda) + sum_{i>=2} w_i^2/2,  f_z(w) = f(w) + <b_z, w>,
 * b_z has entries 1 and 2 only, normal draws in pairs b, -b, so that their mean is 0 to the bit, scaled so that each
 * entry has the variance 1 over the samples. With rho = 1 the Hessian is rho-Lipschitz up to the minima at
 * |w_1| = 6 lambda, 9 lambda^3 below; L = 1 for lambda <= 0.4; E <grad f_z(0), v>^2 = 1 and E ||grad f_z(0)||^2 = 2,
 * whatever d. */
#ifndef RATES_MODEL_H
#define RATES_MODEL_H
#include <saddle/saddle.h>

enum { RATES_SAMPLES = 1000 };

struct rates_model {
    int64_t dim;
    double lambda;
    double b[RATES_SAMPLES][2];
    double sum[RATES_SAMPLES + 1][2]; /* of b over the samples before */
};

/* dim >= 2, 0 < lambda <= 0.4. Returns SADDLE_OK or what the library said. */
saddle_status rates_model_init(struct rates_model *m, int64_t dim, double lambda, int64_t seed);

/* The objective over the samples of m, which must outlive it. */
saddle_status rates_model_objective(struct rates_model *m, saddle_objective **out);

#endif
