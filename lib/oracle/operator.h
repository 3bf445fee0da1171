/* SPDX-License-Identifier: BSD-3-Clause */
/* A symmetric operator y = A x: the caller's own product, or the Hessian of an objective over a fixed set of samples, by its
 * hessvec callback or by central differences of gradients. */
#ifndef SADDLE_I_OPERATOR_H
#define SADDLE_I_OPERATOR_H
#include <saddle/spectrum.h>
#include "oracle/oracle.h"

struct saddle_i_operator {
    saddle_context *context;
    const struct saddle_i_kernels *kernels;
    int64_t n;
    saddle_apply_fn apply;          /* the caller's own product, or NULL: the Hessian */
    void *user;
    struct saddle_i_oracle *oracle; /* of the Hessian at w */
    const double *w;
    struct saddle_i_request request; /* its samples, step, counts; point is that of w, the same in all products */
    double *room[3];                /* of differences: w + h x, a gradient, another difference; NULL where the hessvec callback is there */
    double h;                       /* of differences, for a unit x; 0 before the first product, which finds it */
    double noise;                   /* what differences were measured to be off by at most, for a unit x */
    int64_t products;
    int64_t code;                   /* what the caller's product returned when it gave up */
};

/* The caller's own product. */
void saddle_i_operator_of(struct saddle_i_operator *a, saddle_context *c, int64_t n, saddle_apply_fn apply, void *user);
/* The Hessian at w of the samples in q (index NULL: all). q->counts must outlive it. */
saddle_status saddle_i_operator_hessian(struct saddle_i_operator *a, struct saddle_i_oracle *o, const double *w,
                                        const struct saddle_i_request *q);
void saddle_i_operator_fini(struct saddle_i_operator *a);
/* y = A x for a unit x, no overlap; every entry of y is finite. */
saddle_status saddle_i_operator_apply(struct saddle_i_operator *a, const double *x, double *y);
/* Measures the error of y = A x once more, by another h, for the noise; y NULL: it is made again. Nothing where products are no
 * differences. */
saddle_status saddle_i_operator_probe(struct saddle_i_operator *a, const double *x, const double *y);
/* Whether products are differences of gradients. */
static inline int saddle_i_operator_differs(const struct saddle_i_operator *a)
{
    return a->room[0] != NULL;
}
/* What a product of an operator of that norm is off by: rounding, or that of differences, at least 1e-9 of the norm. */
static inline double saddle_i_operator_noise(const struct saddle_i_operator *a, double norm)
{
    if (!saddle_i_operator_differs(a)) {
        return DBL_EPSILON * norm;
    }
    return a->noise > 1e-9 * norm ? a->noise : 1e-9 * norm;
}
/* What an eigenvalue may be off by because of it; rounding is told apart. */
static inline double saddle_i_operator_slack(const struct saddle_i_operator *a, double norm)
{
    return saddle_i_operator_differs(a) ? saddle_i_operator_noise(a, norm) : 0.0;
}

#endif
