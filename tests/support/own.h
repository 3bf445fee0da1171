/* SPDX-License-Identifier: BSD-3-Clause */
/* A symmetric operator that looks at what it is called with and fails where it is told to, and the ways to its eigenpairs. */
#ifndef SADDLE_TEST_OWN_H
#define SADDLE_TEST_OWN_H
#include <saddle/saddle.h>

enum { OWN_MOST = 64, OWN_PAIRS = 6 };

enum own_fault { OWN_NONE, OWN_CODE, OWN_NAN, OWN_INF, OWN_UNWRITTEN_FIRST, OWN_UNWRITTEN_LAST };

/* A = Q D Q, Q = I - 2 u u' with u = (1, ..., 1)/sqrt(n), plus skew times an antisymmetric corner. */
struct own {
    int64_t n;
    double d[OWN_MOST];
    double skew;
    int64_t calls, broken; /* broken: calls that broke a rule of saddle_apply_fn */
    int64_t fault_call;    /* from 1; 0 = none */
    int fault, code;
    saddle_lanczos *self;  /* asked from inside the callback, where not NULL: it must refuse */
};

/* Eigenvalues -2, -1.5, ..., each once. */
void own_init(struct own *a, int64_t n);
/* The callback, with its faults. */
int own_apply(void *user, int64_t dim, const double *x, double *y);
/* y = A x without them. */
void own_multiply(const struct own *a, const double *x, double *y);
double own_norm(int64_t n, const double *x);

/* Plain, plain without a basis, restarted, several pairs, both ends. */
struct way {
    const char *eigenvalues, *which, *basis;
    int64_t pairs;
};
enum { WAYS = 9 };
extern const struct way ways[WAYS];
/* EIGEN_TOL is 1e-9. */
saddle_options *options_of(const char *eigenvalues, const char *which, const char *basis);
saddle_options *way_options(int way);

/* All that a computation says. */
struct answer {
    int64_t count;
    saddle_eigen pair[OWN_PAIRS];
    double vector[OWN_PAIRS][OWN_MOST];
};
void take_answer(const saddle_lanczos *l, struct answer *x);
/* Makes a computation, runs it, takes its answer and destroys it. */
void compute_answer(struct own *a, const saddle_options *o, struct answer *x);
/* It has no pairs. */
void expect_empty(const saddle_lanczos *l);

#endif
