/* SPDX-License-Identifier: BSD-3-Clause */
/* What k products prove about lambda_min, whatever the spectrum. With the Lanczos polynomials p_j (v_(j+1) = p_j(A) v_1, p_0 = 1) and
 *     K_k(x) = sum_(j=0)^k p_j(x)^2,   c = the start's component along the eigenvector of lambda_min:
 * c^2 K_k(lambda_min) <= 1, and a random start has |c| <= tau = delta sqrt(pi/(2n)) with probability at most delta. So, at every k at
 * once, lambda_min is not below the x < theta_1 with K_k(x) = 1/tau^2 (docs/curvature.md). */
#ifndef SADDLE_I_BOUND_H
#define SADDLE_I_BOUND_H
#include "base/base.h"

/* log K_k(x) built up by pivots of T - x I, a product at a time. */
struct saddle_i_pivots {
    double x;
    double pivot;      /* the last one; <= 0: a Ritz value is below x, or at it */
    double log_p;      /* log |p_j(x)| */
    double log_sum;    /* log K_j(x) */
    int64_t steps;
};

/* log(2n/(pi delta^2)) = -2 log tau: what log K has to reach. */
double saddle_i_bound_target(int64_t n, double delta);
void saddle_i_pivots_start(struct saddle_i_pivots *p, double x);
/* After product j: alpha = alpha_j, beta_before = beta_(j-1) (0 for j = 1), beta = beta_j. Returns 1 when a Ritz value is below x:
 * the pivots then end. beta 0 makes log K infinite. */
int saddle_i_pivots_step(struct saddle_i_pivots *p, double alpha, double beta_before, double beta);

/* The lower end of the interval after k products: alpha[0 .. k-1], beta[0 .. k-1], theta = theta_1, norm = ||T|| (the slack for
 * rounding, 64 eps ||T||, is subtracted). */
double saddle_i_bound_lower(int64_t k, const double *alpha, const double *beta, double theta, double norm, double target);
/* The same after restarts: |P(x)| = prod |x - theta_i| / prod beta over the m current and discarded Ritz values and all betas met, whose
 * log is log_betas; one polynomial in place of the sum. theta_1 is the smallest of all. */
double saddle_i_bound_restarted(int64_t m, const double *theta, double log_betas, double theta_1, double norm, double target);

#endif
