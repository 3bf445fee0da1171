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
    double *room[2];                /* of differences: w + h x, and a gradient; NULL where the hessvec callback is there */
    double h;                       /* of differences, for a unit x */
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
/* Relative accuracy of a product: rounding, or that of differences. */
static inline double saddle_i_operator_noise(const struct saddle_i_operator *a)
{
    return a->room[0] == NULL ? DBL_EPSILON : 1e-9;
}
/* What an eigenvalue of an operator of that norm may be off by because of it; rounding is told apart. */
static inline double saddle_i_operator_slack(const struct saddle_i_operator *a, double norm)
{
    const double noise = saddle_i_operator_noise(a);
    return noise > DBL_EPSILON ? noise * norm : 0.0;
}

#endif
