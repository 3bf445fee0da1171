/* SPDX-License-Identifier: BSD-3-Clause */
/* Small symmetric eigenproblems by LAPACK's drivers, with room of our own.
 *
 * What is far from 1 in size is brought near it by a power of two, which changes no digit. Tridiagonal: a few
 * eigenpairs are found by bisection and inverse iteration, which at order 300 takes 0.1 ms for one; all of them by the
 * implicit QL iteration. Relatively robust representations would be faster, and so would the QL iteration without square
 * roots, but where entries are far apart in size they were off by 1e5 to 1e14 eps ||T||. Dense: divide and conquer, and
 * up to order 25 the QL iteration, always with the vectors, since the values alone would come without square roots.
 *
 * LAPACK prints and may stop the program where an argument is illegal, and need not end where a number is NaN: neither
 * gets there. */
#include "spectrum/tridiag.h"
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    WORK = 20, /* of dstevr, per row; so are the others */
    INTEGERS = 10,
    SUPPORT = 2, /* where an eigenvector is not zero */
    OUTLINE = 3  /* copies of both diagonals, the eigenvalues */
};

void saddle_i_tridiag_init(struct saddle_i_tridiag *t, saddle_context *c)
{
    memset(t, 0, sizeof *t);
    t->context = c;
}

void saddle_i_tridiag_fini(struct saddle_i_tridiag *t)
{
    saddle_i_free(t->context, t->memory);
    saddle_i_free(t->context, t->integers);
    saddle_i_tridiag_init(t, t->context);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t dense_work(int64_t k)
{
    return 1 + 6 * k + 2 * k * k;
}

static int64_t dense_integers(int64_t k)
{
    return 3 + 5 * k;
}

/* Room for tridiagonal matrices of order `most` and dense ones of order `dense`, never both at once. What was in it is
 * lost. */
static saddle_status room(struct saddle_i_tridiag *t, int64_t most, int64_t dense)
{
    if (most <= t->most && dense <= t->dense) {
        return SADDLE_OK;
    }
    most = most > t->most ? larger(most, t->most + t->most / 2) : t->most; /* an order that grows by ones */
    dense = larger(dense, t->dense);
    saddle_i_tridiag_fini(t);
    TRY(saddle_i_alloc_vector(t->context, larger((OUTLINE + WORK) * most, dense_work(dense) + dense * dense),
                              &t->memory));
    TRY(saddle_i_alloc(t->context, larger((INTEGERS + SUPPORT) * most, dense_integers(dense)), sizeof(lapack_int),
                       &t->integers));
    t->most = most;
    t->dense = (int)dense;
    return SADDLE_OK;
}

/* LAPACK's sizes are ints, and products of them must be too. */
static saddle_status check_order(int64_t k, int64_t most)
{
    if (k <= most) {
        return SADDLE_OK;
    }
    return saddle_i_fail(SADDLE_E_OVERFLOW, "LAPACK cannot hold an eigenproblem of order %lld", (long long)k);
}

static saddle_status check_finite(int64_t n, const double *x, const char *what)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs(x[i]) <= DBL_MAX)) {
            return saddle_i_fail(SADDLE_E_LINALG, "%s number %lld of a small eigenproblem is %g", what, (long long)i,
                                 x[i]);
        }
    }
    return SADDLE_OK;
}

static saddle_status check_result(const char *routine, int64_t order, int64_t info)
{
    if (info != 0) {
        return saddle_i_fail(SADDLE_E_LINALG, "%s: info = %lld for an eigenproblem of order %lld", routine,
                             (long long)info, (long long)order);
    }
    return SADDLE_OK;
}

/* The largest of |x_i|, all finite. */
static double largest(int64_t n, const double *x, double most)
{
    for (int64_t i = 0; i < n; i++) {
        most = fmax(most, fabs(x[i]));
    }
    return most;
}

/* The exponent of the power of two that brings a matrix with this largest entry near 1; 0 on ordinary scales. LAPACK
 * itself scales below 1e-146 only, and to 1e-146, where the squares of couplings that are 1e-8 of the norm, by which it
 * tells whether there is one, are 0. */
static int exponent_of(double most)
{
    int e = 0;
    if (most >= 0x1p-64 && most <= 0x1p64) {
        return 0;
    }
    (void)frexp(most, &e);
    return most > 0.0 ? -e : 0;
}

static void scale_to(int64_t n, const double *x, int exponent, double *y)
{
    for (int64_t i = 0; i < n; i++) {
        y[i] = exponent == 0 ? x[i] : ldexp(x[i], exponent);
    }
}

/* Off-diagonal entries without those that are below eps/64 of the largest entry. What this changes is below rounding, but
 * inverse iteration took a diagonal entry of 0 behind such a coupling for a part of the pair before it, and found one
 * eigenvector twice. */
static void drop_tiny(int64_t n, double most, double *e)
{
    const double least = DBL_EPSILON / 64.0 * most;
    for (int64_t i = 0; i < n; i++) {
        e[i] = fabs(e[i]) > least ? e[i] : 0.0;
    }
}

/* All eigenvalues into d, and the vectors. */
static saddle_status solve_all(int64_t k, double *d, double *e, double *work, double *s)
{
    double none = 0.0;
    const lapack_int info = LAPACKE_dsteqr_work(LAPACK_COL_MAJOR, s != NULL ? 'I' : 'N', (lapack_int)k, d, e,
                                                s != NULL ? s : &none, s != NULL ? (lapack_int)k : 1, work);
    return check_result("dsteqr", k, info);
}

/* The matrix times 2^exponent, without what is too small. */
static void fill(int64_t k, const double *alpha, const double *beta, int exponent, double *d, double *e)
{
    scale_to(k, alpha, exponent, d);
    scale_to(k - 1, beta, exponent, e);
    drop_tiny(k - 1, largest(k - 1, e, largest(k, d, 0.0)), e);
}

/* Some of them, by way of all. */
static saddle_status solve_and_select(const struct saddle_i_tridiag *t, int64_t k, double *d, double *e, double *work,
                                      int64_t first, int64_t last, double *s)
{
    double *all = NULL;
    if (s != NULL) {
        TRY(saddle_i_alloc_vector(t->context, k * k, &all));
    }
    const saddle_status status = solve_all(k, d, e, work, all);
    if (status == SADDLE_OK && s != NULL) {
        memcpy(s, all + first * k, (size_t)((last - first) * k) * sizeof *s);
    }
    saddle_i_free(t->context, all);
    return status;
}

/* Whether ||T s - theta s|| is a few eps ||T|| for each pair. Inverse iteration is content with a vector that has grown, and in
 * matrices of ones with entries of 1e-16 and less beside them it left residuals of 5e3 to 7e5 eps ||T||. */
static int pairs_hold(int64_t k, const double *d, const double *e, int64_t pairs, const double *w, const double *s)
{
    const double most = 256.0 * DBL_EPSILON * (largest(k, d, 0.0) + 2.0 * largest(k - 1, e, 0.0));
    for (int64_t j = 0; j < pairs; j++, s += k) {
        for (int64_t i = 0; i < k; i++) {
            const double before = i > 0 ? e[i - 1] * s[i - 1] : 0.0;
            const double after = i + 1 < k ? e[i] * s[i + 1] : 0.0;
            if (!(fabs((d[i] - w[j]) * s[i] + (before + after)) <= most)) {
                return 0;
            }
        }
    }
    return 1;
}

saddle_status saddle_i_tridiag_solve(struct saddle_i_tridiag *t, int64_t k, const double *alpha, const double *beta,
                                     int64_t first, int64_t last, double *theta, double *s)
{
    if (first >= last) {
        return SADDLE_OK;
    }
    TRY(check_order(k, INT_MAX / WORK));
    if (s != NULL && last - first > INT_MAX / k) {
        return saddle_i_fail(SADDLE_E_OVERFLOW, "LAPACK cannot hold %lld eigenvectors of %lld entries",
                             (long long)(last - first), (long long)k);
    }
    TRY(check_finite(k, alpha, "diagonal entry"));
    TRY(check_finite(k - 1, beta, "off-diagonal entry"));
    TRY(room(t, k, 0));
    double *d = t->memory, *e = d + k, *w = e + k, *work = w + k;
    lapack_int *integers = t->integers;
    const int exponent = exponent_of(largest(k - 1, beta, largest(k, alpha, 0.0)));
    fill(k, alpha, beta, exponent, d, e);
    if (last - first == k) {
        TRY(solve_all(k, d, e, work, s));
        scale_to(k, d, -exponent, theta);
        return SADDLE_OK;
    }
    const int vectors = s != NULL;
    lapack_int found = 0;
    double none = 0.0;
    const lapack_int info = LAPACKE_dstevr_work(
        LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'I', (lapack_int)k, d, e, 0.0, 0.0, (lapack_int)first + 1,
        (lapack_int)last, 0.0, &found, w, vectors ? s : &none, vectors ? (lapack_int)k : 1, integers + INTEGERS * k,
        work, (lapack_int)(WORK * k), integers, (lapack_int)(INTEGERS * k));
    fill(k, alpha, beta, exponent, d, e); /* dstevr has written over them */
    if (info != 0 || found != last - first || /* of matrices that fall apart bisection may find too few */
        (vectors && !pairs_hold(k, d, e, found, w, s))) {
        TRY(solve_and_select(t, k, d, e, work, first, last, s));
        w = d + first;
    }
    scale_to(last - first, w, -exponent, theta);
    return SADDLE_OK;
}

saddle_status saddle_i_tridiag_dense(struct saddle_i_tridiag *t, int64_t k, const double *a, double *theta, double *s)
{
    TRY(check_order(k, 32764)); /* 2 k^2 + 6 k + 1 is an int */
    for (int64_t i = 0; i < k; i++) {
        TRY(check_finite(i + 1, a + i * k, "row entry"));
    }
    TRY(room(t, 0, k));
    double *work = t->memory;
    double *matrix = s != NULL ? s : work + dense_work(k); /* it becomes the eigenvectors */
    double most = 0.0;
    for (int64_t i = 0; i < k; i++) {
        most = largest(i + 1, a + i * k, most);
    }
    const int exponent = exponent_of(most);
    for (int64_t i = 0; i < k; i++) { /* a lower triangle by rows is an upper one by columns */
        scale_to(i + 1, a + i * k, exponent, matrix + i * k);
    }
    const lapack_int n = (lapack_int)k;
    const lapack_int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', n, matrix, n, theta, work,
                                                (lapack_int)dense_work(k), t->integers, (lapack_int)dense_integers(k));
    TRY(check_result("dsyevd", k, info));
    scale_to(k, theta, -exponent, theta);
    return SADDLE_OK;
}
