/* SPDX-License-Identifier: BSD-3-Clause */
/* The recurrence under the plain way: its start, T against moments, what is not symmetric, failures in every product and allocation,
 * and what settings ask for. */
#include "spectrum/three_term.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/operators.h"
#include "support/run_suite.h"
#include <stdlib.h>

enum { MOST = 2000 };

static saddle_context *context;
static double d[MOST], h[MOST], x[2 * MOST];
static struct operator_diagonal a;
static struct saddle_i_operator o;
static struct saddle_i_pair pair[2];

static const struct saddle_i_lanczos_settings defaults = {
    .seed = 1, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-6, .delta = 0.01, .max_products = 1000};

static void set_up(void)
{
    EXPECT_OK(saddle_context_create(NULL, &context));
    a = (struct operator_diagonal){.d = d};
}

static void tear_down(void)
{
    saddle_context_destroy(context);
}

/* A = H D H of order n. */
static void reflected(int64_t n)
{
    double s = 0.0;
    for (int64_t i = 0; i < n; i++) {
        h[i] = sin(1.0 + (double)i) + 0.25;
        s += h[i] * h[i];
    }
    for (int64_t i = 0; i < n; i++) {
        h[i] /= sqrt(s);
    }
    a.h = h;
}

static void equispaced(int64_t n, double from, double to)
{
    for (int64_t i = 0; i < n; i++) {
        d[i] = from + (to - from) * (double)i / (double)(n - 1);
    }
}

START_TEST(start_is_the_normals_of_its_number)
{
    struct saddle_i_lanczos_settings v = defaults;
    v.start = 5;
    static double z[MOST];
    static const int64_t sizes[] = {1, 2, 77, MOST};
    for (int i = 0; i < 4; i++) {
        const int64_t n = sizes[i];
        operator_make(&o, context, n, &a, 0);
        saddle_i_lanczos_start(&o, &v, 3, x);
        const saddle_random_stream stream = {1, 7, 8};
        saddle_i_random_normal(&stream, 0, n, z);
        const double norm = saddle_i_norm(o.kernels, n, z);
        ck_assert_double_le(fabs(saddle_i_norm(o.kernels, n, x) - 1.0), 1e-14);
        for (int64_t j = 0; j < n; j++) {
            ck_assert_double_le(fabs(x[j] - z[j] / norm), 2.0 * DBL_EPSILON);
        }
    }
}
END_TEST

/* T of order k has the first 2k moments of the start: e_1'T^m e_1 = v'A^m v, m = 0 .. 2k-1. */
START_TEST(tridiagonal_has_the_moments_of_the_start)
{
    enum { N = 60, K = 6 };
    equispaced(N, -1.0, 2.0);
    operator_make(&o, context, N, &a, 0);
    double alpha[K], beta[K], t[K] = {1.0};
    int64_t k = 0;
    EXPECT_OK(saddle_i_lanczos_tridiagonal(&o, &defaults, K, alpha, beta, &k));
    ck_assert_int_eq(k, K);
    ck_assert_int_eq(o.products, K);
    saddle_i_lanczos_start(&o, &defaults, 0, x);
    for (int m = 0; m < 2 * K; m++) {
        double moment = 0.0;
        for (int i = 0; i < N; i++) {
            moment += x[i] * x[i] * pow(d[i], m);
        }
        ck_assert_double_le(fabs(t[0] - moment), 1e-14 * pow(2.0, m));
        double next[K];
        for (int i = 0; i < K; i++) {
            next[i] = alpha[i] * t[i] + (i > 0 ? beta[i - 1] * t[i - 1] : 0.0) + (i < K - 1 ? beta[i] * t[i + 1] : 0.0);
        }
        memcpy(t, next, sizeof t);
    }
}
END_TEST

START_TEST(tridiagonal_ends_where_the_space_closes)
{
    double alpha[50], beta[50];
    int64_t k = 0;
    for (int64_t i = 0; i < 1000; i++) {
        d[i] = (double)(i % 3);
    }
    operator_make(&o, context, 1000, &a, 0);
    EXPECT_OK(saddle_i_lanczos_tridiagonal(&o, &defaults, 50, alpha, beta, &k));
    ck_assert_int_eq(k, 3);
    ck_assert_double_le(fabs(alpha[0] + alpha[1] + alpha[2] - 3.0), 1e-13);
}
END_TEST

/* Not symmetric at all, in one entry, and by little: told in the first products, with the size of it. */
START_TEST(asymmetry_is_told)
{
    const int64_t n = 200;
    struct saddle_i_pairs out = {0, pair, x};
    enum saddle_i_sign answer = SADDLE_I_SIGN_UNDECIDED;
    equispaced(n, -1.0, 1.0);
    reflected(n);
    static const double skew[] = {1e3, 1.0, 1e-2, 2e-3};
    for (int i = 0; i < 4; i++) {
        a.skew = skew[i];
        operator_make(&o, context, n, &a, 0);
        EXPECT_FAIL(saddle_i_lanczos_plain(&o, &defaults, &out), SADDLE_E_ARGUMENT, "the operator is not symmetric: v'Au and u'Av");
        ck_assert_int_eq(out.count, 0);
        ck_assert_int_le(o.products, 20);
        operator_make(&o, context, n, &a, 0);
        EXPECT_FAIL(saddle_i_lanczos_sign(&o, &defaults, -1.001, &answer, pair, x), SADDLE_E_ARGUMENT, "not symmetric");
        ck_assert_int_eq(answer, SADDLE_I_SIGN_UNDECIDED);
    }
    a.skew = 2e-6; /* some 1e-7 for these vectors: an operator of that accuracy is still good to its accuracy */
    operator_make(&o, context, n, &a, 0);
    EXPECT_OK(saddle_i_lanczos_plain(&o, &defaults, &out));
    EXPECT_FAIL(saddle_i_lanczos_not_symmetric(0.5, 2.0, 7), SADDLE_E_ARGUMENT,
                "differ by 0.25 of its norm 2 for two vectors of product 7");
}
END_TEST

/* Symmetric, and hard: copies by the hundred, betas of all sizes, hardly any space, products good to 1e-9. */
START_TEST(no_symmetric_operator_is_refused)
{
    struct saddle_i_lanczos_settings v = defaults;
    v.tol = 0.0;
    v.max_products = 400;
    for (int kind = 0; kind < 10; kind++) {
        const int64_t n = kind < 2 ? 20 : 300;
        equispaced(n, 0.0, 1.0);
        for (int64_t i = 0; i < n; i++) {
            const double graded = pow(kind == 2 ? 0.5 : kind == 3 ? 1e-4 : 0.02, (double)(i % 20));
            d[i] = kind == 2 || kind == 3 || kind > 7 ? graded : kind == 4 ? (double)(i % 2) + 1e-9 * d[i] : d[i];
        }
        d[0] = kind == 5 ? 1e9 : kind == 6 ? -1e-9 : d[0];
        reflected(n);
        a.noise = kind >= 7 ? (kind == 9 ? 1e-10 : 1e-9) : 0.0;
        for (uint64_t seed = 0; seed < 5; seed++) {
            v.seed = seed;
            v.which = kind % 2 == 0 ? SADDLE_WHICH_BOTH : SADDLE_WHICH_SMALLEST;
            struct saddle_i_three_term r;
            operator_make(&o, context, n, &a, kind >= 7);
            EXPECT_OK(saddle_i_three_term_begin(&r, &o, &v, 0));
            while (r.k < 300 && !r.finished) {
                EXPECT_OK(saddle_i_three_term_step(&r));
            }
            saddle_i_three_term_end(&r);
        }
    }
}
END_TEST

/* What is called in each of these tests: both ways with kept vectors and without, the sign, the quadrature. */
static saddle_status scenario(int which)
{
    struct saddle_i_lanczos_settings v = defaults;
    struct saddle_i_pairs out = {0, pair, which == 1 ? NULL : x};
    enum saddle_i_sign answer;
    double alpha[20], beta[20];
    int64_t k;
    v.basis = which == 1 || which == 3 ? 3 : 0;
    v.which = which == 1 ? SADDLE_WHICH_BOTH : SADDLE_WHICH_SMALLEST;
    v.tol = 1e-3;
    a.calls = 0;
    switch (which) {
    case 0:
    case 1:
        return saddle_i_lanczos_plain(&o, &v, &out);
    case 2:
        return saddle_i_lanczos_sign(&o, &v, 0.0, &answer, pair, NULL);
    case 3:
        return saddle_i_lanczos_sign(&o, &v, -1.0, &answer, pair, x);
    default:
        return saddle_i_lanczos_tridiagonal(&o, &v, 20, alpha, beta, &k);
    }
}

START_TEST(a_fault_in_any_product_comes_back)
{
    const int64_t n = 200;
    struct memory memory;
    const saddle_allocator allocator = memory_allocator(&memory, 0xA5);
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&allocator, &c));
    equispaced(n, -0.5, 1.0);
    reflected(n);
    for (int which = 0; which < 5; which++) {
        operator_make(&o, c, n, &a, 0);
        EXPECT_OK(scenario(which));
        const int64_t products = a.calls, blocks = memory.blocks;
        for (int64_t call = 1; call <= products; call++) {
            a.fault_call = call;
            a.code = 7;
            EXPECT_FAIL(scenario(which), SADDLE_E_CALLBACK, "7");
            a.code = 0;
            a.bad = SADDLE_I_NAN;
            EXPECT_FAIL(scenario(which), SADDLE_E_NOT_FINITE, "nan");
            ck_assert_int_eq(memory.blocks, blocks);
        }
        a.fault_call = 0;
        EXPECT_OK(scenario(which));
        ck_assert_int_eq(a.calls, products);
        ck_assert_int_eq(memory.blocks, blocks);
    }
    ck_assert_int_eq(memory.faults, 0);
    saddle_context_destroy(c);
    ck_assert_int_eq(memory.blocks, 0);
}
END_TEST

START_TEST(a_refused_allocation_leaks_nothing)
{
    const int64_t n = 200;
    struct memory memory;
    const saddle_allocator allocator = memory_allocator(&memory, 0x5A);
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&allocator, &c));
    equispaced(n, -0.5, 1.0);
    reflected(n);
    for (int which = 0; which < 5; which++) {
        operator_make(&o, c, n, &a, 0);
        const int64_t blocks = memory.blocks;
        int64_t failures = 0;
        saddle_status s;
        do {
            memory.fail_at = memory.calls + failures + 1;
            const int64_t refused = memory.refused;
            s = scenario(which);
            memory.fail_at = 0;
            ck_assert_int_eq(memory.blocks, blocks);
            ck_assert_int_eq(s, memory.refused > refused ? SADDLE_E_MEMORY : SADDLE_OK);
            failures++;
        } while (s != SADDLE_OK);
        ck_assert_int_gt(failures, 3);
    }
    ck_assert_int_eq(memory.faults, 0);
    saddle_context_destroy(c);
}
END_TEST

START_TEST(sizes_out_of_range_are_told)
{
    struct saddle_i_pairs out = {0, pair, x};
    for (int i = 0; i < 100; i++) {
        d[i] = 1.7e308 * ((double)(i % 7) / 3.0 - 1.0); /* two betas in a row of T are too much */
    }
    operator_make(&o, context, 100, &a, 0);
    EXPECT_FAIL(saddle_i_lanczos_plain(&o, &defaults, &out), SADDLE_E_NOT_FINITE, "the norm of product 2 is out of range");
    equispaced(100, 1e-300, 3e-300); /* small is no trouble */
    operator_make(&o, context, 100, &a, 0);
    EXPECT_OK(saddle_i_lanczos_plain(&o, &defaults, &out));
    ck_assert_int_eq(pair[0].converged, 1);
    ck_assert_double_le(fabs(pair[0].value - 1e-300), 1e-305);
}
END_TEST

/* Products that are others the second time. */
START_TEST(a_changing_operator_is_not_believed)
{
    struct saddle_i_lanczos_settings v = defaults;
    struct saddle_i_pairs out = {0, pair, x};
    v.basis = 1;
    equispaced(200, -0.5, 1.0);
    operator_make(&o, context, 200, &a, 0);
    EXPECT_OK(saddle_i_lanczos_plain(&o, &v, &out));
    const int64_t k = o.products / 2;
    a.bad = 1e3;
    a.fault_call = k + 3;
    operator_make(&o, context, 200, &a, 0);
    EXPECT_FAIL(saddle_i_lanczos_plain(&o, &v, &out), SADDLE_E_LINALG, "do not add up to a Ritz vector");
    a.bad = 1.5;
    operator_make(&o, context, 200, &a, 0);
    EXPECT_OK(saddle_i_lanczos_plain(&o, &v, &out));
    ck_assert_int_eq(pair[0].converged, 0);
    ck_assert_double_gt(pair[0].residual, 1e-6);
    double y[200], quotient = 0.0; /* what is said is true of the operator as it is now */
    ck_assert_int_eq(operator_apply(&a, 200, x, y), 0);
    for (int i = 0; i < 200; i++) {
        quotient += x[i] * y[i];
    }
    ck_assert_double_le(fabs(pair[0].value - quotient), 1e-14);
    ck_assert_double_le(pair[0].lower, -0.5 - 0.9 * pair[0].residual);
    ck_assert_double_ge(pair[0].upper, -0.5 + 0.9 * pair[0].residual);
}
END_TEST

START_TEST(settings_say_which_way)
{
    struct saddle_i_lanczos_settings v = defaults;
    for (v.basis = 0; v.basis < 20; v.basis++) {
        ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 1000), v.basis < 8);
        EXPECT_OK(saddle_i_lanczos_check(&v, 1000));
    }
    v.basis = 0;
    v.samples = 63;
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 1000), 1);
    v.samples = 64; /* a product costs more than orthogonality */
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 1000), 0);
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 262144), 0);
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 262145), 1); /* fewer than 128 vectors fit */
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 1), 1);
    v.basis = 7;
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 1000), 1);
    v.samples = 0;
    v.pairs = 5;
    v.basis = 0;
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 1000), 0);
    ck_assert_int_eq(saddle_i_lanczos_is_plain(&v, 1), 1);
    EXPECT_OK(saddle_i_lanczos_check(&v, 1000));
    v.basis = 13;
    EXPECT_FAIL(saddle_i_lanczos_check(&v, 1000), SADDLE_E_RANGE, "basis = 13 vectors are too few for 5 pairs of order 1000: at least 14");
    EXPECT_OK(saddle_i_lanczos_check(&v, 13));
    EXPECT_FAIL(saddle_i_lanczos_check(&v, 14), SADDLE_E_RANGE, "at least 14");
    v.basis = 14;
    EXPECT_OK(saddle_i_lanczos_check(&v, 1000));
    ck_assert_int_eq(saddle_i_lanczos_pairs(&v, 1000), 5);
    ck_assert_int_eq(saddle_i_lanczos_pairs(&v, 3), 3);
    v.which = SADDLE_WHICH_BOTH;
    ck_assert_int_eq(saddle_i_lanczos_pairs(&v, 1000), 10);
    ck_assert_int_eq(saddle_i_lanczos_pairs(&v, 7), 7);
    EXPECT_FAIL(saddle_i_lanczos_check(&v, 1000), SADDLE_E_RANGE, "at least 24");
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        start_is_the_normals_of_its_number, tridiagonal_has_the_moments_of_the_start, tridiagonal_ends_where_the_space_closes,
        asymmetry_is_told, no_symmetric_operator_is_refused, a_fault_in_any_product_comes_back, a_refused_allocation_leaks_nothing,
        sizes_out_of_range_are_told, a_changing_operator_is_not_believed, settings_say_which_way,
    };
    Suite *s = suite_create("three_term");
    TCase *t = tcase_create("recurrence");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tcase_add_test(t, tests[i]);
    }
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
