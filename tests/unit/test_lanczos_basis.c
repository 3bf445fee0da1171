/* SPDX-License-Identifier: BSD-3-Clause */
/* The basis that is restarted: its orthogonality, the interval after restarts, and what goes wrong on the way. */
#include "spectrum/krylov.h"
#include "support/memory.h"
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double worst_overlap(const struct saddle_i_krylov *y)
{
    double worst = 0.0;
    for (int64_t i = 0; i <= y->k; i++) {
        saddle_i_basis_dots(&y->basis, 0, i, saddle_i_basis_vector(&y->basis, i), y->dots);
        for (int64_t j = 0; j < i; j++) {
            worst = fmax(worst, fabs(y->dots[j]));
        }
    }
    return worst;
}

/* The estimates see what happens, without orthogonalising all the time; also in the arrowhead after a restart. */
START_TEST(restarted_basis_stays_orthogonal)
{
    double *d = spectrum_spike(2000, _i % 2);
    for (int64_t i = 1990; i < 2000 && _i >= 2; i++) {
        d[i] = 10.0 * (double)(i - 1980); /* ten that converge at once */
    }
    for (int64_t order = 60; order <= 240; order *= 2) {
        struct pairs_trial t;
        pairs_begin(&t, 2000, d, 1, SADDLE_WHICH_SMALLEST);
        struct saddle_i_krylov y;
        saddle_i_krylov_init(&y, &t.a, order);
        y.accuracy = 1.0;
        EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, NULL, 0));
        for (int step = 0; step < 400; step++) {
            if (y.k == order) {
                ck_assert_double_le(worst_overlap(&y), 1e-8);
                EXPECT_OK(saddle_i_krylov_restart(&y, order / 2, 0));
            }
            EXPECT_OK(saddle_i_krylov_step(&y));
        }
        ck_assert_double_le(worst_overlap(&y), 1e-8);
        ck_assert_msg(y.passes < (_i < 2 ? 200 : 399), "%d passes", (int)y.passes);
        saddle_i_krylov_fini(&y);
        pairs_end(&t);
    }
    free(d);
}
END_TEST

static void begin_space(struct saddle_i_krylov *y, struct pairs_trial *t, int64_t order)
{
    saddle_i_krylov_init(y, &t->a, order);
    y->accuracy = 1.0;
    EXPECT_OK(saddle_i_krylov_begin(y, &t->v, 0, NULL, 0));
}

/* The largest estimate of an overlap of the newest vector, and the largest there is. */
static void compare_overlaps(const struct saddle_i_krylov *y, double *estimate, double *overlap)
{
    *estimate = *overlap = 0.0;
    saddle_i_basis_dots(&y->basis, 0, y->k, saddle_i_basis_vector(&y->basis, y->k), y->dots);
    for (int64_t i = 0; i < y->k; i++) {
        *estimate = fmax(*estimate, fabs(y->omega[i]));
        *overlap = fmax(*overlap, fabs(y->dots[i]));
    }
}

/* Estimates are not below what they estimate. */
START_TEST(restarted_estimates_are_safe)
{
    double *d = spectrum_spike(2000, _i);
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct pairs_trial t;
        pairs_begin(&t, 2000, d, 1, SADDLE_WHICH_SMALLEST);
        t.v.seed = seed;
        struct saddle_i_krylov y;
        begin_space(&y, &t, 120);
        for (int step = 0; step < 500; step++) {
            if (y.k == 120) {
                EXPECT_OK(saddle_i_krylov_restart(&y, 60, 0));
            }
            EXPECT_OK(saddle_i_krylov_step(&y));
            double estimate, overlap;
            compare_overlaps(&y, &estimate, &overlap);
            REQUIRE(overlap <= estimate + 1e-14);
        }
        saddle_i_krylov_fini(&y);
        pairs_end(&t);
    }
    free(d);
}
END_TEST

/* Without noise the recurrence of the estimates is exact: an overlap that is planted spreads through T as it says, be
 * it with a kept Ritz vector, with the one that is coupled to all of them, or with a later one; _i = 0: there was no
 * restart. */
START_TEST(restarted_estimates_are_exact)
{
    static const int64_t with[] = {30, 0, 7, 60, 61, 64};
    double *d = spectrum_spike(2000, 0);
    struct pairs_trial t;
    pairs_begin(&t, 2000, d, 1, SADDLE_WHICH_SMALLEST);
    struct saddle_i_krylov y;
    begin_space(&y, &t, 120);
    for (int step = 0; step < (_i == 0 ? 70 : 130); step++) {
        if (y.k == 120) {
            EXPECT_OK(saddle_i_krylov_restart(&y, 60, 0));
        }
        EXPECT_OK(saddle_i_krylov_step(&y));
    }
    ck_assert_int_eq(y.k, 70);
    y.full = 0;
    y.noise = 0.0;
    memset(y.omega, 0, (size_t)y.k * sizeof(double));
    memset(y.omega_before, 0, (size_t)(y.k - 1) * sizeof(double));
    y.omega[with[_i]] = 1e-11;
    t.a.kernels->axpy(2000, 1e-11, saddle_i_basis_vector(&y.basis, with[_i]), saddle_i_basis_vector(&y.basis, y.k));
    const int64_t passes = y.passes;
    for (int step = 0; step < 6; step++) {
        EXPECT_OK(saddle_i_krylov_step(&y));
        double estimate, overlap;
        compare_overlaps(&y, &estimate, &overlap);
        ck_assert_double_ge(overlap, 1e-13);
        for (int64_t i = 0; i < y.k - 1; i++) {
            ck_assert_msg(fabs(y.omega[i] - y.dots[i]) <= 1e-13, "with vector %d: %g, not %g", (int)i, y.omega[i], y.dots[i]);
        }
    }
    ck_assert_int_eq(y.passes, passes);
    saddle_i_krylov_fini(&y);
    pairs_end(&t);
    free(d);
}
END_TEST

/* sum_i c_i^2 P(lambda_i)^2 = 1, c the start. */
START_TEST(restarted_polynomial_has_norm_one)
{
    enum { N = 80 };
    double d[N], c[N];
    spectrum_shape(N, _i, d);
    struct pairs_trial t;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
    saddle_i_lanczos_start(&t.a, &t.v, 0, c);
    struct saddle_i_krylov y;
    saddle_i_krylov_init(&y, &t.a, 12);
    y.accuracy = 1e-12;
    EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, NULL, 0));
    for (int step = 1; step <= 40; step++) {
        if (y.k == 12) {
            EXPECT_OK(saddle_i_krylov_restart(&y, 6, 0));
        }
        EXPECT_OK(saddle_i_krylov_step(&y));
        double lower = 0.0;
        EXPECT_OK(saddle_i_krylov_lower(&y, 1.0, 0.01, &lower));
        const int64_t m = y.gone_count + y.k;
        ck_assert_int_eq(m, step);
        double sum = 0.0, nearest = 1.0;
        for (int i = 0; i < N; i++) {
            double log_p = -y.log_betas;
            for (int64_t j = 0; j < m; j++) {
                nearest = fmin(nearest, fabs(d[i] - y.gone[j]));
                log_p += log(fabs(d[i] - y.gone[j]));
            }
            sum += c[i] * c[i] * exp(2.0 * log_p);
        }
        /* a Ritz value is right up to rounding, of which the distance to an eigenvalue that it has almost reached feels
         * the most */
        ck_assert_msg(fabs(sum - 1.0) <= 1e-13 + 4.0 * DBL_EPSILON / nearest, "%d products: %.17g", step, sum);
        ck_assert(lower <= d[0]); /* this seed's start is none of the rare ones */
    }
    saddle_i_krylov_fini(&y);
    pairs_end(&t);
}
END_TEST

/* The interval misses in at most delta of the runs, and does not do so by being useless. */
START_TEST(restarted_interval_covers)
{
    enum { N = 50, RUNS = 600 };
    static const double delta[2] = {0.1, 0.3};
    double d[N];
    spectrum_shape(N, 0, d);
    int missed[2] = {0, 0}, wide = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        for (int k = 0; k < 2; k++) {
            struct pairs_trial t;
            pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
            t.v.seed = seed;
            t.v.basis = 10;
            t.v.max_products = 30;
            t.v.delta = delta[k];
            EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
            missed[k] += t.out.pair[0].lower > d[0];
            wide += k == 0 && t.out.pair[0].upper - t.out.pair[0].lower > 0.1;
            ck_assert_double_ge(t.out.pair[0].upper, d[0] - 1e-14);
            pairs_end(&t);
        }
    }
    for (int k = 0; k < 2; k++) {
        ck_assert_msg(missed[k] <= RUNS * delta[k] + 3.0 * sqrt(RUNS * delta[k] * (1.0 - delta[k])), "%d missed", missed[k]);
    }
    ck_assert_msg(wide < RUNS / 10, "%d wide ones", wide);
}
END_TEST

START_TEST(restarted_refuses_what_is_not_symmetric)
{
    double *d = spectrum_spike(500, 0);
    for (int k = 0; k < 3; k++) {
        struct pairs_trial t;
        pairs_begin(&t, 500, d, 3, SADDLE_WHICH_SMALLEST);
        t.matrix.skew = k == 0 ? 1.0 : k == 1 ? 1e-2 : 0.0;
        if (k < 2) {
            EXPECT_FAIL(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out), SADDLE_E_ARGUMENT, "symmetric");
            ck_assert_int_eq(t.out.count, 0);
        } else {
            pairs_expect_right(&t);
        }
        pairs_end(&t);
    }
    free(d);
}
END_TEST

static saddle_status run_in(saddle_context *c, struct pairs_trial *t)
{
    struct saddle_i_operator own = t->a;
    own.context = c;
    own.products = 0;
    t->matrix.products = 0;
    return saddle_i_lanczos_restarted(&own, &t->v, &t->out);
}

static void begin_guarded(struct pairs_trial *t, const double *d, struct memory *m, saddle_context **c)
{
    pairs_begin(t, 120, d, 2, SADDLE_WHICH_BOTH);
    t->v.basis = 16;
    t->v.tol = 1e-5;
    const saddle_allocator own = memory_allocator(m, 0xA5);
    EXPECT_OK(saddle_context_create(&own, c));
}

START_TEST(restarted_fails_at_any_product)
{
    double d[120];
    spectrum_shape(120, 5, d);
    struct pairs_trial t;
    struct memory m;
    saddle_context *c = NULL;
    begin_guarded(&t, d, &m, &c);
    const int64_t blocks = m.blocks;
    EXPECT_OK(run_in(c, &t));
    const int64_t products = t.matrix.products;
    const double value = t.out.pair[0].value;
    ck_assert_int_gt(products, 10);
    for (int64_t k = 1; k <= products; k++) {
        t.matrix.fault = k;
        t.matrix.kind = 1;
        EXPECT_FAIL(run_in(c, &t), SADDLE_E_CALLBACK, "gave up");
        t.matrix.kind = 2;
        EXPECT_FAIL(run_in(c, &t), SADDLE_E_NOT_FINITE, "nan");
        ck_assert_int_eq(t.out.count, 0);
        ck_assert_int_eq(m.blocks, blocks);
    }
    t.matrix.fault = 0;
    EXPECT_OK(run_in(c, &t));
    EXPECT_SAME(&value, &t.out.pair[0].value, sizeof value);
    ck_assert_int_eq(m.faults, 0);
    saddle_context_destroy(c);
    pairs_end(&t);
}
END_TEST

START_TEST(restarted_fails_at_any_allocation)
{
    double d[120];
    spectrum_shape(120, 0, d);
    struct pairs_trial t;
    struct memory m;
    saddle_context *c = NULL;
    begin_guarded(&t, d, &m, &c);
    const int64_t blocks = m.blocks, before = m.calls;
    EXPECT_OK(run_in(c, &t));
    const int64_t calls = m.calls - before;
    ck_assert_int_gt(calls, 5);
    for (int64_t k = 1; k <= calls; k++) {
        m.fail_at = m.calls + k;
        EXPECT_FAIL(run_in(c, &t), SADDLE_E_MEMORY, "");
        ck_assert_int_eq(m.blocks, blocks);
    }
    m.fail_at = 0;
    EXPECT_OK(run_in(c, &t));
    ck_assert_int_eq(m.faults, 0);
    ck_assert_int_eq(m.blocks, blocks);
    saddle_context_destroy(c);
    pairs_end(&t);
}
END_TEST

START_TEST(restarted_refuses_more_than_a_basis_holds)
{
    struct pairs_trial t;
    double d[1] = {0.0};
    pairs_begin(&t, 1, d, 1, SADDLE_WHICH_SMALLEST);
    t.a.n = 100000;
    t.v.pairs = 9000;
    EXPECT_FAIL(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out), SADDLE_E_RANGE, "9000 pairs");
    ck_assert_int_eq(t.matrix.products, 0);
    pairs_end(&t);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lanczos_basis");
    TCase *b = tcase_create("basis");
    tcase_set_timeout(b, 120);
    suite_add_tcase(s, b);
    tcase_add_loop_test(b, restarted_basis_stays_orthogonal, 0, 4);
    tcase_add_loop_test(b, restarted_estimates_are_safe, 0, 2);
    tcase_add_loop_test(b, restarted_estimates_are_exact, 0, 6);
    tcase_add_loop_test(b, restarted_polynomial_has_norm_one, 0, 3);
    tcase_add_test(b, restarted_interval_covers);
    TCase *f = tcase_create("faults");
    tcase_set_timeout(f, 120);
    suite_add_tcase(s, f);
    tcase_add_test(f, restarted_refuses_what_is_not_symmetric);
    tcase_add_test(f, restarted_fails_at_any_product);
    tcase_add_test(f, restarted_fails_at_any_allocation);
    tcase_add_test(f, restarted_refuses_more_than_a_basis_holds);
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
