/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/theory.h
 *  The constants that the papers' theorems speak of, measured. */
#ifndef SADDLE_THEORY_H
#define SADDLE_THEORY_H
#include <saddle/objective.h>
#include <saddle/options.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The assumptions of the theorems. Size-tagged: set struct_size first. 0 = not known.
 *  @since 0.1 */
typedef struct saddle_assumptions {
    int64_t struct_size;      /**< sizeof(saddle_assumptions) */
    double smoothness;        /**< L: ||grad f(x) - grad f(y)|| <= L ||x - y|| */
    double hessian_lipschitz; /**< rho: ||H(x) - H(y)|| <= rho ||x - y|| */
    double gradient_bound;    /**< ell: ||grad f_z(w)|| <= ell */
    double noise_sigma;       /**< sigma: E ||grad f_z(w) - grad f(w)||^2 <= sigma^2 */
    double cnc_gamma;         /**< gamma: E <grad f_z(w), v>^2 > gamma; 0 in this release */
    double value_gap;         /**< Delta_f >= f(w_0) - min f; 0 where no bound of f is known */
    double epsilon;           /**< the target on ||grad f|| */
    double delta;             /**< the failure probability */
} saddle_assumptions;

/** Estimates the assumptions AT w: a look at one point, so lower bounds of what the theorems ask for everywhere.
 *  L = max(|lambda_min|, |lambda_max|) of the Hessian by Lanczos; rho = the largest ||(H(w + h u) - H(w)) v||/h over unit u, v that are
 *  random, the gradient's, the extreme eigenvectors', and the direction of the largest such answer (0 where rounding explains it);
 *  ell and sigma from the gradients of single samples, all of them up to 1024, else 1024 drawn without replacement; value_gap =
 *  f(w) - SADDLE_OPT_TARGET_VALUE where that is set; epsilon and delta from SADDLE_OPT_EPS_GRADIENT and SADDLE_OPT_DELTA.
 *  @param f the objective, with gradients; kept as it is
 *  @param w dim finite numbers
 *  @param o the options; NULL for the defaults
 *  @param a receives the estimates; set a->struct_size first
 *  @return as saddle_lambda_min(); SADDLE_E_STRUCT_SIZE
 *  @since 0.1 */
SADDLE_API saddle_status saddle_estimate_assumptions(saddle_objective *f, const double *w, const saddle_options *o,
                                                     saddle_assumptions *a);

#ifdef __cplusplus
}
#endif
#endif
