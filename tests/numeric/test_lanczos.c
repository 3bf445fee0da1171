/* SPDX-License-Identifier: BSD-3-Clause */
/* Eigenpairs against LAPACK's dense answer, on 200 symmetric matrices of sizes 1 to 400 of every kind that is hard, and on operators
 * that are known by heart. */
#include <math.h>
#include <saddle/saddle.h>
#include <stdlib.h>
#include <string.h>
#include "spectrum/tridiag.h"
#include "support/expect.h"
#include "support/run_suite.h"

enum { KINDS = 10, SIZES = 20 };
static const int sizes[SIZES] = {1, 2, 3, 4, 5, 7, 8, 11, 16, 23, 32, 47, 64, 90, 120, 150, 200, 256, 333, 400};

struct matrix {
    int64_t n;
    double *a; /* n*n */
};

static int apply(void *user, int64_t dim, const double *x, double *y)
{
    const struct matrix *m = user;
    for (int64_t i = 0; i < dim; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < dim; j++) {
            sum += m->a[i * dim + j] * x[j];
        }
        y[i] = sum;
    }
    return 0;
}

static double normal(uint64_t kind, uint64_t size, int64_t at)
{
    const saddle_random_stream s = {kind, 200, size};
    double z;
    EXPECT_OK(saddle_random_normal(&s, at, 1, &z));
    return z;
}

static const char *const names[KINDS] = {"dense", "zero", "identity", "half multiple", "cluster at the bottom",
                                         "large top", "low rank", "graded", "two levels", "tiny"};

static double level(int kind, int64_t i, int64_t n)
{
    const double p = ((double)i + 0.5) / (double)n;
    switch (kind) {
    case 1: return 0.0;
    case 2: return 1.0;
    case 3: return i < (n + 1) / 2 ? -1.0 : p;
    case 4: return i < n / 4 ? -1.0 + 1e-5 * (double)i : p;
    case 5: return i == n - 1 ? 1e6 : p - 0.3;
    case 6: return i < 3 ? -1.0 - (double)i : 0.0;
    case 7: return pow(10.0, -10.0 * p) * (i % 2 == 0 ? 1.0 : -1.0);
    case 8: return i < n / 3 ? -2.0 : 3.0;
    default: return 1e-140 * (p - 0.5);
    }
}

/* A = Q diag Q' with Q a product of two random reflections, or a random dense matrix. */
static struct matrix make(int kind, int64_t n)
{
    struct matrix m = {n, calloc((size_t)(n * n), sizeof(double))};
    ck_assert_ptr_nonnull(m.a);
    if (kind == 0) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++) {
                m.a[i * n + j] = m.a[j * n + i] = normal(0, (uint64_t)n, i * n + j);
            }
        }
        return m;
    }
    for (int64_t i = 0; i < n; i++) {
        m.a[i * n + i] = level(kind, i, n);
    }
    double *u = calloc((size_t)(2 * n), sizeof(double)), *p = u + n;
    ck_assert_ptr_nonnull(u);
    for (int r = 0; r < 2; r++) { /* A - 2 (u p' + p u') + 4 (u'p) u u', p = A u */
        double norm = 0.0, up = 0.0;
        for (int64_t i = 0; i < n; i++) {
            u[i] = normal((uint64_t)kind, (uint64_t)n, r * n + i);
            norm += u[i] * u[i];
        }
        for (int64_t i = 0; i < n; i++) {
            u[i] /= sqrt(norm);
        }
        (void)apply(&m, n, u, p);
        for (int64_t i = 0; i < n; i++) {
            up += u[i] * p[i];
        }
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++) {
                m.a[i * n + j] += -2.0 * (u[i] * p[j] + p[i] * u[j]) + 4.0 * up * u[i] * u[j];
                m.a[j * n + i] = m.a[i * n + j];
            }
        }
    }
    free(u);
    return m;
}

static double residual(const struct matrix *m, const double *v, double theta, double *room)
{
    double sum = 0.0;
    (void)apply((void *)(uintptr_t)m, m->n, v, room);
    for (int64_t i = 0; i < m->n; i++) {
        const double r = room[i] - theta * v[i];
        sum += r * r;
    }
    return sqrt(sum);
}

struct dense {
    double *theta, *s, norm;
};

static void solve_densely(const struct matrix *m, struct dense *d)
{
    struct saddle_i_tridiag t;
    d->theta = malloc((size_t)m->n * sizeof(double));
    d->s = malloc((size_t)(m->n * m->n) * sizeof(double));
    ck_assert(d->theta != NULL && d->s != NULL);
    saddle_context *context = saddle_i_context_hold(NULL);
    saddle_i_tridiag_init(&t, context);
    EXPECT_OK(saddle_i_tridiag_dense(&t, m->n, m->a, d->theta, d->s));
    saddle_i_tridiag_fini(&t);
    saddle_i_context_release(context);
    d->norm = fmax(fabs(d->theta[0]), fabs(d->theta[m->n - 1]));
}

static saddle_lanczos *run(struct matrix *m, int64_t pairs, const char *which, const char *basis, const char *tol)
{
    saddle_options *o = NULL;
    saddle_lanczos *l = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_EIGENVALUES, pairs));
    EXPECT_OK(saddle_options_set_text(o, "which", which));
    EXPECT_OK(saddle_options_set_text(o, "basis", basis));
    EXPECT_OK(saddle_options_set_text(o, "eigen_tol", tol));
    EXPECT_OK(saddle_options_set_text(o, "max_products", "20000"));
    EXPECT_OK(saddle_lanczos_create(NULL, m->n, apply, m, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    saddle_options_destroy(o);
    return l;
}

/* Pair i against the dense eigenvalue: value, unit vector, the residual that is told. */
static void check_pair(const struct matrix *m, const saddle_lanczos *l, int64_t i, double expected, double norm, const char *name)
{
    double *v = malloc((size_t)(2 * m->n) * sizeof(double));
    ck_assert_ptr_nonnull(v);
    saddle_eigen e = {.struct_size = sizeof e};
    EXPECT_OK(saddle_lanczos_pair(l, i, v, &e));
    double length = 0.0;
    for (int64_t j = 0; j < m->n; j++) {
        length += v[j] * v[j];
    }
    const double r = residual(m, v, e.value, v + m->n);
    ck_assert_msg(fabs(e.value - expected) <= 1e-10 * norm, "%s %d, pair %d: %.17g, LAPACK %.17g", name, (int)m->n, (int)i, e.value,
                  expected);
    ck_assert_msg(fabs(sqrt(length) - 1.0) <= 1e-14, "%s %d: a vector of norm 1 + %g", name, (int)m->n, sqrt(length) - 1.0);
    ck_assert_msg(fabs(r - e.residual) <= 1e-12 * norm, "%s %d: residual %g, told %g", name, (int)m->n, r, e.residual);
    ck_assert_msg(e.converged == 1, "%s %d, pair %d: residual %g, not converged", name, (int)m->n, (int)i, e.residual);
    free(v);
}

START_TEST(one_pair_is_lapacks)
{
    for (int k = 0; k < SIZES; k++) {
        struct matrix m = make(_i, sizes[k]);
        struct dense d;
        solve_densely(&m, &d);
        saddle_lanczos *l = run(&m, 1, "smallest", "0", "1e-12");
        ck_assert_int_eq(saddle_lanczos_count(l), 1);
        check_pair(&m, l, 0, d.theta[0], d.norm, names[_i]);
        saddle_eigen e = {.struct_size = sizeof e};
        EXPECT_OK(saddle_lanczos_pair(l, 0, NULL, &e));
        ck_assert_msg(e.lower <= d.theta[0] + 1e-12 * d.norm && d.theta[0] <= e.upper + 1e-12 * d.norm, "%s %d: %.17g is not in [%.17g, %.17g]",
                      names[_i], (int)m.n, d.theta[0], e.lower, e.upper);
        saddle_lanczos_destroy(l);
        free(d.theta);
        free(d.s);
        free(m.a);
    }
}
END_TEST

/* Copies of a multiple eigenvalue included. */
static void check_several(int kind, int size, const char *which, const char *basis)
{
    struct matrix m = make(kind, size);
    struct dense d;
    solve_densely(&m, &d);
    const int64_t n = m.n, pairs = n < 4 ? n : 4;
    saddle_lanczos *l = run(&m, pairs, which, basis, "1e-12");
    const int both = strcmp(which, "both") == 0;
    const int64_t count = both && 2 * pairs > n ? n : both ? 2 * pairs : pairs;
    ck_assert_int_eq(saddle_lanczos_count(l), count);
    for (int64_t i = 0; i < count; i++) {
        const int64_t from_top = strcmp(which, "largest") == 0 || (both && i >= count - pairs);
        check_pair(&m, l, i, d.theta[from_top ? n - count + i : i], d.norm, names[kind]);
    }
    saddle_lanczos_destroy(l);
    free(d.theta);
    free(d.s);
    free(m.a);
}

START_TEST(several_pairs_are_lapacks)
{
    static const char *const ends[3] = {"smallest", "largest", "both"};
    for (int k = 0; k < SIZES - 3; k++) {
        check_several(_i, sizes[k], ends[k % 3], "0");
    }
}
END_TEST

START_TEST(a_bounded_basis_gives_the_same_pairs)
{
    static const int kinds[4] = {0, 3, 5, 8};
    check_several(kinds[_i], 200, "smallest", "24");
    check_several(kinds[_i], 120, "largest", "30");
    check_several(kinds[_i], 120, "both", "40");
}
END_TEST

/* The network of the demo at 0: +-sigma_k, each 16 times, and 896 zeros. The space closes at 19 products. */
START_TEST(multiplicity_sixteen)
{
    enum { D = 1184 };
    static const double sigma[9] = {0.24070865317943, 0.16, 0.13, 0.11, 0.09, 0.07, 0.05, 0.03, 0.01};
    struct matrix m = {D, calloc((size_t)D * D, sizeof(double))};
    ck_assert_ptr_nonnull(m.a);
    for (int i = 0; i < 288; i++) {
        m.a[i * D + i] = (i % 2 == 0 ? 1.0 : -1.0) * sigma[i / 32];
    }
    saddle_lanczos *l = run(&m, 16, "smallest", "0", "1e-10");
    double *v = malloc(sizeof(double) * 16 * D);
    ck_assert_ptr_nonnull(v);
    saddle_eigen e = {.struct_size = sizeof e};
    for (int i = 0; i < 16; i++) {
        EXPECT_OK(saddle_lanczos_pair(l, i, v + i * D, &e));
        ck_assert_double_le(fabs(e.value + sigma[0]), 1e-14);
        for (int j = 0; j <= i; j++) {
            double dot = 0.0;
            for (int k = 0; k < D; k++) {
                dot += v[i * D + k] * v[j * D + k];
            }
            ck_assert_double_le(fabs(dot - (i == j)), 1e-12);
        }
    }
    ck_assert_msg(e.products <= 450, "%d products", (int)e.products);
    free(v);
    saddle_lanczos_destroy(l);
    free(m.a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lanczos");
    TCase *t = tcase_create("lanczos");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, one_pair_is_lapacks, 0, KINDS);
    tcase_add_loop_test(t, several_pairs_are_lapacks, 0, KINDS);
    tcase_add_loop_test(t, a_bounded_basis_gives_the_same_pairs, 0, 4);
    tcase_add_test(t, multiplicity_sixteen);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
