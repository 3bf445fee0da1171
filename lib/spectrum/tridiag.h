/* SPDX-License-Identifier: BSD-3-Clause */
/* Small symmetric eigenproblems. The ONLY user of LAPACKE. */
#ifndef SADDLE_I_TRIDIAG_H
#define SADDLE_I_TRIDIAG_H
#include "base/base.h"

/* Room that grows with the problems and is kept between them. */
struct saddle_i_tridiag {
    saddle_context *context;
    int64_t most;   /* order that the room is for */
    int dense;      /* order of the dense matrices that it is for, 0 = none */
    double *memory; /* d, e, eigenvalues, work, matrix */
    void *integers; /* lapack_int, whatever that is */
};

void saddle_i_tridiag_init(struct saddle_i_tridiag *t, saddle_context *c);
void saddle_i_tridiag_fini(struct saddle_i_tridiag *t);
/* Eigenvalues number first .. last-1 (ascending, from 0) of the tridiagonal matrix with diagonal alpha[0 .. k-1] and off-diagonal
 * beta[0 .. k-2]. theta: last-first numbers. s: NULL, or as many unit eigenvectors of k entries, one after the other. */
saddle_status saddle_i_tridiag_solve(struct saddle_i_tridiag *t, int64_t k, const double *alpha, const double *beta, int64_t first,
                                     int64_t last, double *theta, double *s);
/* The same for all k of them, of a dense symmetric matrix (k*k, its lower triangle a[i*k + j], j <= i, is read and kept). */
saddle_status saddle_i_tridiag_dense(struct saddle_i_tridiag *t, int64_t k, const double *a, double *theta, double *s);

#endif
