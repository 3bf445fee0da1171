/* SPDX-License-Identifier: BSD-3-Clause */
/* One pair at an end by the plain recurrence: right values, true residuals, honest intervals, an end in every case. */
#include "space/recurrence.h"
#include "spectrum/three_term.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/operators.h"
#include "support/run_suite.h"
#include <stdlib.h>

enum { MOST = 2000 };

static saddle_context *context;
static double d[MOST], h[MOST], x[2 * MOST], y[2 * MOST];
static struct operator_diagonal a;
static struct saddle_i_operator o;
static struct saddle_i_pair pair[2];

static const struct saddle_i_lanczos_settings defaults = {
    .seed = 1, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-6, .delta = 0.01, .max_products = 1000};

static void set_up(void)
{
    EXPECT_OK(saddle_context_create(NULL, &context));
    a = (struct operator_diagonal){.d = d};
    for (int64_t i = 0; i < MOST; i++) {
        h[i] = sin(1.0 + (double)i) + 0.25;
    }
}

static void tear_down(void)
{
    saddle_context_destroy(context);
}

/* A = H D H of order n. */
static void reflected(int64_t n)
{
    static double unit[MOST];
    double s = 0.0;
    for (int64_t i = 0; i < n; i++) {
        s += h[i] * h[i];
    }
    for (int64_t i = 0; i < n; i++) {
        unit[i] = h[i] / sqrt(s);
    }
    a.h = unit;
}

static void equispaced(int64_t n, double from, double to)
{
    for (int64_t i = 0; i < n; i++) {
        d[i] = from + (to - from) * (double)i / (double)(n - 1);
    }
}

/* +-sigma_k 16-fold, and zeros: a network's Hessian at 0. */
static int64_t network(void)
{
    static const double sigma[9] = {0.24070865317943, 0.15, 0.12, 0.1, 0.08, 0.06, 0.05, 0.03, 0.02};
    int64_t n = 0;
    for (int k = 0; k < 9; k++) {
        for (int i = 0; i < 16; i++) {
            d[n++] = sigma[k];
            d[n++] = -sigma[k];
        }
    }
    for (int i = 0; i < 896; i++) {
        d[n++] = 0.0;
    }
    return n;
}

static double size_of(int64_t n, const double *v)
{
    return saddle_i_norm(saddle_i_kernels_best(), n, v);
}

/* Runs, and checks what is true of every answer. */
static void run(int64_t n, const struct saddle_i_lanczos_settings *v, int differences)
{
    struct saddle_i_pairs out = {0, pair, x};
    operator_make(&o, context, n, &a, differences);
    EXPECT_OK(saddle_i_lanczos_plain(&o, v, &out));
    ck_assert_int_eq(out.count, saddle_i_lanczos_pairs(v, n));
    ck_assert_int_eq(o.products, a.calls);
    double least = d[0], largest = d[0];
    for (int64_t i = 1; i < n; i++) {
        least = fmin(least, d[i]);
        largest = fmax(largest, d[i]);
    }
    const double rounding = 64.0 * DBL_EPSILON * fmax(fabs(least), fabs(largest));
    for (int64_t i = 0; i < out.count; i++) {
        const double *xi = x + i * n;
        double quotient = 0.0;
        ck_assert_double_le(fabs(size_of(n, xi) - 1.0), 1e-14);
        ck_assert_int_eq(operator_apply(&a, n, xi, y), 0);
        saddle_i_two_dots(o.kernels, n, y, xi, &quotient, NULL, NULL);
        const double residual = saddle_i_three_terms(o.kernels, n, pair[i].value, xi, 0.0, NULL, y);
        const double level = rounding + 4.0 * a.noise;
        ck_assert_double_le(fabs(quotient - pair[i].value), level);
        ck_assert_double_le(fabs(residual - pair[i].residual), level);
        ck_assert_double_ge(pair[i].value, least - level);
        ck_assert_double_le(pair[i].value, largest + level);
        if (i == 0 && v->which != SADDLE_WHICH_LARGEST) {
            ck_assert_double_le(pair[i].lower, pair[i].value);
            ck_assert_double_le(pair[i].value, pair[i].upper);
            ck_assert_double_le(least, pair[i].upper + level);
        } else {
            ck_assert(isnan(pair[i].lower) && isnan(pair[i].upper));
        }
    }
}

START_TEST(ends_of_a_known_spectrum)
{
    const int64_t n = 300;
    equispaced(n, -1.0, 2.0);
    d[0] = -1.25;
    d[n - 1] = 2.5;
    reflected(n);
    struct saddle_i_lanczos_settings v = defaults;
    v.tol = 1e-8;
    for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which++) {
        v.which = which;
        run(n, &v, 0);
        const int count = which == SADDLE_WHICH_BOTH ? 2 : 1;
        for (int i = 0; i < count; i++) {
            const double truth = which == SADDLE_WHICH_LARGEST || i == 1 ? 2.5 : -1.25;
            ck_assert_int_eq(pair[i].converged, 1);
            ck_assert_int_eq(pair[i].invariant, 0);
            ck_assert_double_le(pair[i].residual, 1e-8 * fabs(truth));
            ck_assert_double_le(fabs(pair[i].value - truth), 1e-14);
        }
        if (which != SADDLE_WHICH_LARGEST) {
            ck_assert_double_le(pair[0].lower, -1.25);
            ck_assert_double_ge(pair[0].lower, -1.25 - 200.0 * pair[0].residual); /* about residual/(4 delta) */
        }
    }
}
END_TEST

/* A stop relative to ||A|| would see no negative curvature here: -1e-3 beside a bulk of 1. */
START_TEST(tolerance_is_relative_to_the_eigenvalue_or_eps_hessian)
{
    const int64_t n = 2000;
    equispaced(n, 0.0, 1.0);
    d[0] = -1e-3;
    struct saddle_i_lanczos_settings v = defaults;
    v.tol = 1e-3;
    run(n, &v, 0);
    ck_assert_int_eq(pair[0].converged, 1);
    ck_assert_double_le(pair[0].residual, 1e-6);
    ck_assert_double_le(fabs(pair[0].value + 1e-3), 1e-9);
    const int64_t strict = a.calls;
    v.eps_hessian = 0.5;
    run(n, &v, 0);
    ck_assert_int_eq(pair[0].converged, 1);
    ck_assert_double_le(pair[0].residual, 5e-4);
    ck_assert_double_gt(pair[0].residual, 1e-5);
    ck_assert_int_lt(a.calls, strict);
}
END_TEST

/* Products are made in vain at most until the next look: 4 %, and one. */
START_TEST(stops_soon_after_the_residual_is_small_enough)
{
    const int64_t n = 2000;
    equispaced(n, 0.0, 1.0);
    d[0] = -1e-3;
    struct saddle_i_lanczos_settings v = defaults;
    v.tol = 1e-5;
    v.eps_hessian = 1.0;
    run(n, &v, 0);
    const int64_t used = o.products - 1;
    struct saddle_i_three_term r;
    struct saddle_i_tridiag t;
    struct saddle_i_ritz e = {.high = 0};
    operator_make(&o, context, n, &a, 0);
    EXPECT_OK(saddle_i_three_term_begin(&r, &o, &v, 1));
    saddle_i_tridiag_init(&t, context);
    do {
        EXPECT_OK(saddle_i_three_term_step(&r));
        EXPECT_OK(saddle_i_ritz_solve(&r, &t, &e));
    } while (e.estimate > 1e-5);
    ck_assert_int_gt(r.k, 60); /* so that looks are thinned */
    ck_assert_int_ge(used, r.k);
    ck_assert_int_le(used, r.k + r.k / 25 + 1);
    saddle_i_tridiag_fini(&t);
    saddle_i_three_term_end(&r);
}
END_TEST

START_TEST(out_of_products_is_told)
{
    const int64_t n = 1000;
    equispaced(n, 0.0, 1.0);
    struct saddle_i_lanczos_settings v = defaults;
    for (int64_t most = 1; most < 40; most += 6) {
        for (int64_t basis = 0; basis < 8; basis += 4) {
            v.max_products = most;
            v.basis = basis;
            run(n, &v, 0);
            ck_assert_int_eq(pair[0].converged, 0);
            ck_assert_int_eq(pair[0].invariant, 0);
            ck_assert_double_le(pair[0].lower, 0.0);
            ck_assert_int_le(o.products, most + 1);
            ck_assert_int_ge(o.products, most); /* a second pass can leave one that is of no use */
        }
    }
}
END_TEST

/* Nothing kept, 16 kept, all kept: the same bits; the rest is made a second time. */
START_TEST(second_pass_gives_the_same_bits)
{
    const int64_t n = 700;
    equispaced(n, -1.0, 3.0);
    d[3] = -1.5;
    reflected(n);
    struct saddle_i_lanczos_settings v = defaults;
    struct saddle_i_pair kept[2];
    static double vectors[2 * MOST];
    for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which += 2) {
        v.which = which;
        v.tol = which == SADDLE_WHICH_BOTH ? 1e-3 : 1e-8;
        v.basis = 0;
        run(n, &v, 0);
        const int ends = which == SADDLE_WHICH_BOTH ? 2 : 1;
        const int64_t k = o.products - ends;
        memcpy(kept, pair, sizeof kept);
        memcpy(vectors, x, sizeof vectors);
        static const int64_t sizes[] = {1, 7, 8, 16, 21};
        for (int i = 0; i < 5; i++) {
            v.basis = sizes[i];
            run(n, &v, 0);
            ck_assert_int_eq(o.products, k + ends + k - (sizes[i] < 8 ? 1 : sizes[i]));
            EXPECT_SAME(vectors, x, (size_t)(ends * n) * sizeof *x);
            EXPECT_SAME(kept, pair, (size_t)ends * sizeof *pair);
        }
    }
}
END_TEST

START_TEST(smallest_orders)
{
    struct saddle_i_lanczos_settings v = defaults;
    static const double entries[3] = {-2.0, 5.0, 1.0};
    memcpy(d, entries, sizeof entries);
    for (int64_t n = 1; n <= 3; n++) {
        reflected(n);
        for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which++) {
            v.which = which;
            run(n, &v, 0);
            ck_assert_int_eq(pair[0].converged, 1);
            ck_assert_double_le(fabs(pair[0].value - (which == SADDLE_WHICH_LARGEST && n > 1 ? 5.0 : -2.0)), 1e-14);
            if (which == SADDLE_WHICH_BOTH && n > 1) {
                ck_assert_int_eq(pair[1].converged, 1);
                ck_assert_double_le(fabs(pair[1].value - 5.0), 1e-14);
            }
        }
    }
    a.h = NULL;
    run(1, &defaults, 0);
    ck_assert_int_eq(o.products, 2);
    ck_assert_int_eq(pair[0].invariant, 1);
    ck_assert_double_le(pair[0].upper - pair[0].lower, 1e-12);
}
END_TEST

START_TEST(multiples_of_the_identity_close_at_once)
{
    struct saddle_i_lanczos_settings v = defaults;
    static const double values[] = {0.0, 1.0, -3e-200, 7e200};
    for (int i = 0; i < 4; i++) {
        for (int64_t j = 0; j < 50; j++) {
            d[j] = values[i];
        }
        v.which = i % 2 == 0 ? SADDLE_WHICH_SMALLEST : SADDLE_WHICH_BOTH;
        run(50, &v, 0);
        ck_assert_int_eq(pair[0].converged, 1);
        ck_assert_int_eq(pair[0].invariant, 1);
        ck_assert_double_le(fabs(pair[0].value - values[i]), 1e-14 * fabs(values[i]));
        ck_assert_int_le(o.products, 3);
    }
}
END_TEST

/* beta_19 is 1e-7 ||T|| there, not 1e-16: rounding has grown along 19 converged vectors. */
START_TEST(closed_space_is_seen_through_rounding)
{
    const int64_t n = network();
    struct saddle_i_lanczos_settings v = defaults;
    v.tol = 0.0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        for (int64_t basis = 0; basis < 2; basis++) {
            v.seed = seed;
            v.basis = basis;
            run(n, &v, 0);
            ck_assert_int_eq(pair[0].invariant, 1);
            ck_assert_int_eq(pair[0].converged, 1);
            ck_assert_int_eq(o.products, basis == 0 ? 20 : 38);
            ck_assert_double_le(pair[0].residual, 64.0 * DBL_EPSILON * 0.25);
            ck_assert_double_le(fabs(pair[0].value + 0.24070865317943), 1e-15);
            ck_assert_double_le(pair[0].upper - pair[0].lower, 1e-13);
        }
    }
    v.tol = 1e-6; /* good enough before it closes */
    v.basis = 0;
    run(n, &v, 0);
    ck_assert_int_eq(pair[0].invariant, 0);
    ck_assert_int_eq(pair[0].converged, 1);
}
END_TEST

/* Betas of 1e-5 and less, one after the other or after a drop, in spaces that are open: no end before the value is found. */
START_TEST(small_betas_are_not_the_end)
{
    struct saddle_i_lanczos_settings v = defaults;
    v.tol = 1e-4;
    for (int64_t i = 0; i < 30; i++) { /* what is small counts, too: -1e-7 is found */
        d[i] = pow(0.3, (double)i);
    }
    d[29] = -1e-7;
    for (uint64_t seed = 0; seed < 5; seed++) {
        v.seed = seed;
        run(30, &v, 0);
        ck_assert_int_eq(pair[0].converged, 1);
        ck_assert_double_le(fabs(pair[0].value + 1e-7), 1e-13);
    }
    equispaced(1000, 0.0, 1.0); /* two large ones hide a bulk, whose betas are 1e-7 of the norm */
    d[0] = -0.1;
    d[998] = 1e6;
    d[999] = 2e6;
    for (uint64_t seed = 0; seed < 5; seed++) {
        v.seed = seed;
        v.tol = 1e-6;
        run(1000, &v, 0);
        ck_assert_int_eq(pair[0].converged, 1);
        ck_assert_int_eq(pair[0].invariant, 0);
        ck_assert_double_le(fabs(pair[0].value + 0.1), 1e-9);
    }
}
END_TEST

/* The top converges at once, and comes back as copies while the bottom takes its time: its vector is of the first time. */
START_TEST(an_end_that_converges_early_is_kept)
{
    const int64_t n = 1500;
    equispaced(n, 0.0, 1.0);
    d[0] = -2e-3;
    d[n - 1] = 50.0;
    struct saddle_i_lanczos_settings v = defaults;
    v.which = SADDLE_WHICH_BOTH;
    v.tol = 1e-9;
    run(n, &v, 0);
    ck_assert_int_gt(o.products, 100);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pair[i].converged, 1);
        ck_assert_double_le(fabs(pair[i].value - (i == 0 ? -2e-3 : 50.0)), 1e-13);
    }
    static double vector[MOST];
    const struct saddle_i_pair top = pair[1];
    memcpy(vector, x + n, (size_t)n * sizeof *x);
    v.which = SADDLE_WHICH_LARGEST;
    run(n, &v, 0);
    ck_assert_int_lt(o.products, 30);
    EXPECT_SAME(vector, x, (size_t)n * sizeof *x);
    ck_assert_double_eq(pair[0].value, top.value);
}
END_TEST

START_TEST(same_options_same_bits)
{
    const int64_t n = 500;
    equispaced(n, -1.0, 1.0);
    struct saddle_i_pair first[1];
    static double vector[MOST];
    run(n, &defaults, 0);
    memcpy(first, pair, sizeof first);
    memcpy(vector, x, sizeof vector);
    run(n, &defaults, 0);
    EXPECT_SAME(first, pair, sizeof first);
    EXPECT_SAME(vector, x, (size_t)n * sizeof *x);
    struct saddle_i_lanczos_settings v = defaults;
    v.start = 1;
    run(n, &v, 0);
    ck_assert(memcmp(vector, x, (size_t)n * sizeof *x) != 0);
    struct saddle_i_pairs out = {0, pair, NULL}; /* without a vector the same is measured */
    operator_make(&o, context, n, &a, 0);
    EXPECT_OK(saddle_i_lanczos_plain(&o, &defaults, &out));
    EXPECT_SAME(first, pair, sizeof first);
}
END_TEST

/* lambda_min is below the interval with probability delta, whatever the number of products. */
START_TEST(intervals_miss_as_often_as_they_say)
{
    enum { N = 50, RUNS = 1000 };
    equispaced(N, 0.0, 1.0);
    struct saddle_i_lanczos_settings v = defaults;
    v.delta = 0.1;
    v.max_products = 25;
    v.tol = 1e-15;
    int missed = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        struct saddle_i_pairs out = {0, pair, NULL};
        v.seed = seed;
        operator_make(&o, context, N, &a, 0);
        EXPECT_OK(saddle_i_lanczos_plain(&o, &v, &out));
        missed += pair[0].lower > 0.0;
    }
    const double deviation = sqrt(v.delta * (1.0 - v.delta) * RUNS);
    ck_assert_double_le(missed, v.delta * RUNS + 3.0 * deviation);
    ck_assert_int_gt(missed, 0); /* or the interval is not what it could be */
}
END_TEST

/* Differences of gradients: products good to 1e-9. It ends, and says how far it came. */
START_TEST(noise_ends_the_wait)
{
    const int64_t n = 400;
    equispaced(n, 0.0, 1.0);
    d[0] = -0.5;
    a.noise = 1e-9;
    struct saddle_i_lanczos_settings v = defaults;
    for (int64_t basis = 0; basis < 2; basis++) {
        v.basis = basis;
        v.tol = 1e-12;
        run(n, &v, 1);
        ck_assert_int_eq(pair[0].converged, 0);
        ck_assert_double_le(pair[0].residual, 1e-8);
        ck_assert_double_ge(pair[0].residual, 1e-10);
        ck_assert_double_le(pair[0].lower, -0.5);
        ck_assert_double_ge(pair[0].upper, -0.5);
        ck_assert_int_lt(o.products, 300);
        v.tol = 1e-6;
        run(n, &v, 1);
        ck_assert_int_eq(pair[0].converged, 1);
        ck_assert_double_le(fabs(pair[0].value + 0.5), 1e-8);
    }
    a.noise = 1e-14; /* better than they promise: it goes on */
    v.tol = 1e-12;
    run(n, &v, 1);
    ck_assert_int_eq(pair[0].converged, 1);
    ck_assert_double_le(pair[0].residual, 1e-12);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        ends_of_a_known_spectrum, tolerance_is_relative_to_the_eigenvalue_or_eps_hessian,
        stops_soon_after_the_residual_is_small_enough, out_of_products_is_told, second_pass_gives_the_same_bits, smallest_orders,
        multiples_of_the_identity_close_at_once, closed_space_is_seen_through_rounding, small_betas_are_not_the_end,
        an_end_that_converges_early_is_kept, same_options_same_bits, intervals_miss_as_often_as_they_say, noise_ends_the_wait,
    };
    Suite *s = suite_create("lanczos_plain");
    TCase *t = tcase_create("pairs");
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
