/* SPDX-License-Identifier: BSD-3-Clause */
/* Symmetric operators whose spectrum is known: D, or H D H with the reflection H = I - 2 h h', so that eigenvectors are not axes; with
 * faults that act in one product. */
#ifndef SADDLE_TEST_OPERATORS_H
#define SADDLE_TEST_OPERATORS_H
#include "oracle/operator.h"
#include <saddle/random.h>
#include <math.h>

struct operator_diagonal {
    const double *d;
    const double *h;     /* unit, or NULL */
    double skew;         /* (A x)_0 = ... + skew x_(n-1), (A x)_(n-1) = ... - skew x_0 */
    double noise;        /* of size noise ||x||, other bits in each product */
    int64_t calls;
    int64_t fault_call;  /* acts from this call on, 0 = none: */
    int code;            /* is returned, or, when it is 0, */
    double bad;          /* the middle entry times this */
};

static inline void operator_reflect(const double *h, int64_t n, double *y)
{
    double s = 0.0;
    for (int64_t i = 0; i < n; i++) {
        s += h[i] * y[i];
    }
    for (int64_t i = 0; i < n; i++) {
        y[i] -= 2.0 * s * h[i];
    }
}

static inline int operator_apply(void *user, int64_t n, const double *x, double *y)
{
    struct operator_diagonal *a = user;
    a->calls++;
    for (int64_t i = 0; i < n; i++) {
        y[i] = x[i];
    }
    if (a->h != NULL) {
        operator_reflect(a->h, n, y);
    }
    for (int64_t i = 0; i < n; i++) {
        y[i] *= a->d[i];
    }
    if (a->h != NULL) {
        operator_reflect(a->h, n, y);
    }
    if (a->skew != 0.0) {
        y[0] += a->skew * x[n - 1];
        y[n - 1] -= a->skew * x[0];
    }
    if (a->noise > 0.0) {
        saddle_random_stream s = {17, 200, (uint64_t)a->calls};
        for (int64_t i = 0; i < n; i++) {
            double z = 0.0;
            if (saddle_random_normal(&s, i, 1, &z) != SADDLE_OK) {
                return 99;
            }
            y[i] += a->noise / sqrt((double)n) * z;
        }
    }
    if (a->fault_call > 0 && a->calls >= a->fault_call) {
        y[n / 2] *= a->code == 0 ? a->bad : 1.0;
        return a->code;
    }
    return 0;
}

/* Ready for products; the noise of differences when differences != 0. */
static inline void operator_make(struct saddle_i_operator *o, saddle_context *c, int64_t n, struct operator_diagonal *a, int differences)
{
    static double never;
    saddle_i_operator_of(o, c, n, operator_apply, a);
    o->room[0] = differences ? &never : NULL; /* what saddle_i_operator_noise() looks at; not to be handed to _fini() */
    a->calls = 0;
}

#endif
