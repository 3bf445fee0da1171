/* SPDX-License-Identifier: BSD-3-Clause */
/* Eigenvalues of a small symmetric matrix. */
#ifndef SYMMETRIC_H
#define SYMMETRIC_H

/* Cyclic Jacobi: a is n x n and is destroyed; values fall, row k of vectors is the unit eigenvector of values[k].
 * For n up to a few hundred. */
void symmetric_eigen(int n, double *a, double *values, double *vectors);

#endif
