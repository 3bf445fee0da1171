/* SPDX-License-Identifier: BSD-3-Clause */
/* Operators whose spectra are known, and what has to hold of the pairs that are found. */
#ifndef SADDLE_TEST_PAIRS_H
#define SADDLE_TEST_PAIRS_H
#include "spectrum/lanczos.h"
#include "support/expect.h"

/* Diagonal, or dense by rows; with faults from product `fault` on. */
struct pairs_matrix {
    const double *diagonal, *dense;
    double skew;   /* added to the first row, not to the first column */
    double noise;  /* relative, another one in every product */
    int64_t products, fault;
    int kind;      /* of fault: 1 gives up, 2 NaN */
};

/* A computation with everything that is known of it. */
struct pairs_trial {
    struct pairs_matrix matrix;
    struct saddle_i_operator a;
    struct saddle_i_lanczos_settings v;
    struct saddle_i_pairs out;
    int64_t low;  /* pairs of the low end */
    double *exact; /* all n, ascending */
};

/* In [0, 1). */
double pairs_draw(uint64_t *state);
/* Of the diagonal matrix, or, where it is NULL, of what is put into t->matrix and t->exact afterwards. */
void pairs_begin(struct pairs_trial *t, int64_t n, const double *diagonal, int64_t pairs, int64_t which);
void pairs_end(struct pairs_trial *t);
void pairs_expect_orthonormal(const struct pairs_trial *t);
/* Residuals are those of the operator. */
void pairs_expect_residuals(struct pairs_trial *t);
/* Runs; all pairs have converged to the right eigenvalues, and what is said of them holds. */
void pairs_expect_right(struct pairs_trial *t);

/* The spectrum of a network at the point where it starts, n = 1184: +-sigma_k, each 16 times, and zeros. */
void spectrum_network(double *d);
/* Spectra of many shapes, number 0 .. 5. */
void spectrum_shape(int64_t n, int shape, double *d);
/* [0, 1] and -1e-3, by malloc(); or a cluster of four there. */
double *spectrum_spike(int64_t n, int cluster);

#endif
