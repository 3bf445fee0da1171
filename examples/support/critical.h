/* SPDX-License-Identifier: BSD-3-Clause */
/* Critical points of small problems by Newton's method, which goes to saddles as gladly as to minima. */
#ifndef CRITICAL_H
#define CRITICAL_H
#include <saddle/saddle.h>

enum { CRITICAL_MOST = 300 }; /* variables */

/* The mean of the samples' Hessians at w, n x n, symmetric. */
typedef void (*critical_hessian_fn)(void *user, const double *w, double *hessian);

struct critical {
    int n;
    void *user;
    saddle_gradient_fn gradient;
    critical_hessian_fn hessian;
    int64_t samples;
    double *gradient_at; /* the results: at w, n, */
    double *lambda;      /* eigenvalues of the Hessian there, falling, n, */
    double *vectors;     /* its eigenvectors, n x n, row by row */
    double *work;        /* n x n */
    int64_t *index;      /* 0 .. samples-1 */
    double norm;         /* ||gradient|| */
};

/* Returns 0, or -1 when memory is short. Release in both cases. */
int critical_create(struct critical *c, int n, int64_t samples, void *user, saddle_gradient_fn gradient,
                    critical_hessian_fn hessian);
void critical_release(struct critical *c);

/* Fills in what c says about w. */
void critical_look(struct critical *c, const double *w);

/* Moves w to a critical point near it. Returns 1 when ||grad f|| <= 1e-12 there, 0 when w went off to infinity or
 * nowhere. */
int critical_newton(struct critical *c, double *w);

/* The mean of <grad f_z(w), v>^2 over all samples, v the eigenvector of the least eigenvalue: the quantity that the
 * CNC condition bounds from below. c must have looked at w. */
double critical_cnc(struct critical *c, const double *w);

#endif
