/* SPDX-License-Identifier: BSD-3-Clause */
/* Extreme eigenpairs of an operator. Two ways: one pair at an end by the plain three-term recurrence (plain.c), several pairs or a
 * bounded basis by a basis that is kept orthogonal and restarted (restarted.c). */
#ifndef SADDLE_I_LANCZOS_H
#define SADDLE_I_LANCZOS_H
#include <saddle/options.h>
#include "oracle/operator.h"
#include "random/random.h"
#include "space/basis.h"
#include "spectrum/bound.h"
#include "spectrum/tridiag.h"

struct saddle_i_lanczos_settings {
    uint64_t seed;
    uint64_t start;        /* number of the random start: SADDLE_I_PURPOSE_LANCZOS, this step */
    int64_t pairs, which;  /* at each end for both */
    double tol, eps_hessian, delta;
    int64_t max_products;  /* without the ones that measure residuals */
    int64_t basis;         /* most vectors kept; 0 = what fits into 256 MiB */
    int64_t samples;       /* that a product goes over; 0 = not known */
};

/* The answer of the sign mode. */
enum saddle_i_sign {
    SADDLE_I_SIGN_UNDECIDED = 0,
    SADDLE_I_SIGN_YES = 1, /* lambda_min < x: proven by a Ritz value */
    SADDLE_I_SIGN_NO = 2   /* lambda_min >= x with confidence 1 - delta */
};

/* One pair as it was found. */
struct saddle_i_pair {
    double value, residual, lower, upper;
    int converged, invariant;
};

/* What is found: count pairs, ascending; vector i at vectors + i*n, NULL when not wanted. */
struct saddle_i_pairs {
    int64_t count;
    struct saddle_i_pair *pair;
    double *vectors;
};

/* Whether these settings keep to the plain recurrence: one pair at each end wanted, and a basis that is automatic or too small to
 * restart with. An automatic basis is kept orthogonal all the same where a product goes over so many samples that it costs more
 * than that: Hessians with a few large eigenvalues take half the products then. */
int saddle_i_lanczos_is_plain(const struct saddle_i_lanczos_settings *v, int64_t n);
/* SADDLE_E_RANGE where the basis is too small for the pairs. */
saddle_status saddle_i_lanczos_check(const struct saddle_i_lanczos_settings *v, int64_t n);
/* How many pairs there will be: pairs, or twice as many, at most n. */
int64_t saddle_i_lanczos_pairs(const struct saddle_i_lanczos_settings *v, int64_t n);

/* Fills out->pair and out->vectors, which have room for saddle_i_lanczos_pairs(), and sets out->count. */
saddle_status saddle_i_lanczos_plain(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v,
                                     struct saddle_i_pairs *out);
saddle_status saddle_i_lanczos_restarted(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v,
                                         struct saddle_i_pairs *out);
/* Is lambda_min < x? No eigenproblem is solved before the answer. Then the pair: value and interval at that moment, its vector into v
 * (n entries, or NULL) and its residual. After YES value < x holds for v'Av itself. Undecided: out of products. */
saddle_status saddle_i_lanczos_sign(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, double x,
                                    enum saddle_i_sign *answer, struct saddle_i_pair *pair, double *vector);
/* alpha[0 .. k-1], beta[0 .. k-2] of one plain recurrence of at most `most` products, for quadrature; *k < most where the space closed.
 * start: see settings. */
saddle_status saddle_i_lanczos_tridiagonal(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, int64_t most,
                                           double *alpha, double *beta, int64_t *k);

/* A unit vector, uniform on the sphere: the start number v->start + offset. */
void saddle_i_lanczos_start(const struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, uint64_t offset, double *x);
/* How far v_(j-1)'A v_j and beta_(j-1) of a symmetric operator may be apart in product j + 1: see three_term.c. */
static inline double saddle_i_asymmetry_allowed(double noise, int64_t j, double norm, double beta)
{
    const double single = 0x1p-24 * norm;
    return 16.0 * (noise > single ? noise : single) * (double)j * (norm / beta);
}
/* The message of an operator that is not symmetric. */
saddle_status saddle_i_lanczos_not_symmetric(double gap, double norm, int64_t products);
/* v_(j-1) and v_j, and how far v_(j-1)'A v_j and beta_(j-1) are apart, of a norm: it fails where that shows asymmetry. Of differences
 * of gradients the error is measured at both before that is said. */
struct saddle_i_neighbours {
    const double *before, *x;
    int64_t j;
    double gap, norm, beta;
};
saddle_status saddle_i_lanczos_judge_symmetry(struct saddle_i_operator *a, const struct saddle_i_neighbours *b);

/* Stochastic Lanczos quadrature: n_points equidistant lambda and the density there. */
saddle_status saddle_i_density(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, int64_t points,
                               double *lambda, double *density);

#endif
