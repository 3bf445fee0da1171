/* SPDX-License-Identifier: BSD-3-Clause */
/* Is lambda_min < x? Proven by v'Av < x, denied as often wrongly as delta says, left open where nothing can be said; in few products. */
#include "space/recurrence.h"
#include "spectrum/three_term.h"
#include "support/expect.h"
#include "support/operators.h"
#include "support/run_suite.h"
#include <stdlib.h>

enum { MOST = 2000, SEEDS = 20 };

static saddle_context *context;
static double d[MOST], v[MOST], y[MOST];
static struct operator_diagonal a;
static struct saddle_i_operator o;
static struct saddle_i_pair pair;
static struct saddle_i_lanczos_settings settings;

static void set_up(void)
{
    EXPECT_OK(saddle_context_create(NULL, &context));
    a = (struct operator_diagonal){.d = d};
    settings = (struct saddle_i_lanczos_settings){
        .seed = 1, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-6, .delta = 0.01, .max_products = 1000};
}

static void tear_down(void)
{
    saddle_context_destroy(context);
}

static void equispaced(int64_t n, double from, double to)
{
    for (int64_t i = 0; i < n; i++) {
        d[i] = from + (to - from) * (double)i / (double)(n - 1);
    }
}

/* A bulk on [0,1] and one at -1e-3. */
static void spike(int64_t n)
{
    equispaced(n, 0.0, 1.0);
    d[0] = -1e-3;
}

/* Asks, and checks what is true of every answer with a vector; truth = lambda_min. */
static enum saddle_i_sign ask(int64_t n, double x, double truth, double *vector, int differences)
{
    enum saddle_i_sign answer = SADDLE_I_SIGN_UNDECIDED;
    operator_make(&o, context, n, &a, differences);
    EXPECT_OK(saddle_i_lanczos_sign(&o, &settings, x, &answer, &pair, vector));
    ck_assert_double_le(pair.lower, pair.value);
    ck_assert_double_le(pair.value, pair.upper);
    if (answer == SADDLE_I_SIGN_YES) {
        ck_assert_double_lt(pair.value, x);
        ck_assert_double_le(pair.upper, x);
        ck_assert_double_lt(truth, x);
    } else if (answer == SADDLE_I_SIGN_NO) {
        ck_assert_double_ge(pair.lower, x);
    }
    if (vector != NULL) {
        double quotient = 0.0;
        const double level = 1e-14 + 4.0 * a.noise;
        ck_assert_double_le(fabs(saddle_i_norm(o.kernels, n, vector) - 1.0), 1e-14);
        ck_assert_int_eq(operator_apply(&a, n, vector, y), 0);
        saddle_i_two_dots(o.kernels, n, y, vector, &quotient, NULL, NULL);
        ck_assert_double_le(fabs(quotient - pair.value), level);
        const double residual = saddle_i_three_terms(o.kernels, n, pair.value, vector, 0.0, NULL, y);
        ck_assert_double_le(fabs(residual - pair.residual), level);
    }
    return answer;
}

static int ascending(const void *p, const void *q)
{
    const int64_t a0 = *(const int64_t *)p, b0 = *(const int64_t *)q;
    return a0 < b0 ? -1 : a0 > b0;
}

/* The median of the products that all seeds need for the one answer, the one that measures the residual included. */
static int64_t median(int64_t n, double x, double truth, enum saddle_i_sign answer)
{
    int64_t products[SEEDS];
    for (int i = 0; i < SEEDS; i++) {
        settings.seed = (uint64_t)i;
        ck_assert_int_eq(ask(n, x, truth, v, 0), answer);
        products[i] = o.products;
    }
    qsort(products, SEEDS, sizeof *products, ascending);
    return products[SEEDS / 2];
}

START_TEST(decides_in_few_products)
{
    spike(MOST);
    ck_assert_int_le(median(MOST, 0.0, -1e-3, SADDLE_I_SIGN_YES), 70);
    ck_assert_int_le(median(MOST, -5e-4, -1e-3, SADDLE_I_SIGN_YES), 80);
    ck_assert_int_le(median(MOST, -2e-3, -1e-3, SADDLE_I_SIGN_NO), 100);
    equispaced(MOST, 0.0, 1.0);
    ck_assert_int_le(median(MOST, -1e-3, 0.0, SADDLE_I_SIGN_NO), 120);
    ck_assert_int_le(median(MOST, -0.1, 0.0, SADDLE_I_SIGN_NO), 18);
}
END_TEST

/* The same answer with vectors made a second time, and without a vector. */
START_TEST(the_answer_does_not_depend_on_what_is_kept)
{
    static double again[MOST];
    static const double at[] = {-2e-3, 0.0};
    spike(MOST);
    for (int i = 0; i < 2; i++) {
        settings.basis = 0;
        const enum saddle_i_sign answer = ask(MOST, at[i], -1e-3, v, 0);
        const struct saddle_i_pair kept = pair;
        const int64_t k = o.products - 1;
        ck_assert_int_eq(ask(MOST, at[i], -1e-3, NULL, 0), answer);
        EXPECT_SAME(&kept, &pair, sizeof pair);
        ck_assert_int_eq(o.products, k + 1);
        settings.basis = 10;
        ck_assert_int_eq(ask(MOST, at[i], -1e-3, again, 0), answer);
        EXPECT_SAME(&kept, &pair, sizeof pair);
        EXPECT_SAME(v, again, sizeof v);
        ck_assert_int_eq(o.products, k + (k - 10) + 1);
        settings.basis = 1; /* no second pass for nobody: T speaks for itself */
        ck_assert_int_eq(ask(MOST, at[i], -1e-3, NULL, 0), answer);
        ck_assert_int_eq(o.products, k);
        ck_assert_double_le(fabs(pair.residual - kept.residual), 1e-13);
        ck_assert_double_le(fabs(pair.value - kept.value), 1e-13);
    }
}
END_TEST

START_TEST(out_of_products_is_undecided)
{
    spike(MOST);
    settings.max_products = 20;
    for (int64_t basis = 0; basis < 2; basis++) {
        settings.basis = basis;
        ck_assert_int_eq(ask(MOST, 0.0, -1e-3, v, 0), SADDLE_I_SIGN_UNDECIDED);
        ck_assert_int_eq(o.products, basis == 0 ? 21 : 20 + 19 + 1);
        ck_assert_double_le(pair.lower, -1e-3);
        ck_assert_int_eq(pair.converged, 0);
    }
    settings.max_products = 1;
    ck_assert_int_eq(ask(MOST, 0.0, -1e-3, NULL, 0), SADDLE_I_SIGN_UNDECIDED);
}
END_TEST

/* lambda_min = x: whatever rounding makes of it, nothing is proven. */
START_TEST(an_eigenvalue_at_x_is_not_below_it)
{
    static const int64_t zeros[] = {1, 100, 999};
    settings.max_products = 400;
    for (int i = 0; i < 3; i++) {
        equispaced(1000, 0.25, 1.0);
        for (int64_t j = 0; j < zeros[i]; j++) {
            d[j] = 0.0;
        }
        for (uint64_t seed = 0; seed < 10; seed++) {
            settings.seed = seed;
            ck_assert_int_eq(ask(1000, 0.0, 0.0, v, 0), SADDLE_I_SIGN_UNDECIDED);
            ck_assert_double_le(fabs(pair.value), 1e-14);
        }
    }
    memset(d, 0, sizeof d);
    ck_assert_int_eq(ask(50, 0.0, 0.0, v, 0), SADDLE_I_SIGN_UNDECIDED);
    ck_assert_int_eq(o.products, 2);
}
END_TEST

/* Pivots decide where the space closes. */
START_TEST(closed_spaces_decide)
{
    for (int64_t i = 0; i < 1000; i++) {
        d[i] = i % 2 == 0 ? -1.0 : 3.0;
    }
    ck_assert_int_eq(ask(1000, -1.0 + 1e-9, -1.0, v, 0), SADDLE_I_SIGN_YES);
    ck_assert_int_le(o.products, 3);
    ck_assert_int_eq(ask(1000, -1.0 - 1e-9, -1.0, v, 0), SADDLE_I_SIGN_NO);
    ck_assert_int_le(o.products, 3);
    ck_assert_int_eq(pair.converged, 1);
    ck_assert_int_eq(pair.invariant, 1);
    d[0] = 2.0;
    ck_assert_int_eq(ask(1, 2.5, 2.0, v, 0), SADDLE_I_SIGN_YES);
    ck_assert_int_eq(ask(1, 1.5, 2.0, v, 0), SADDLE_I_SIGN_NO);
    ck_assert_int_eq(o.products, 2);
}
END_TEST

/* NO although lambda_min is below x, by so little that nothing but the start's component decides: as often as delta at most. */
START_TEST(no_is_wrong_as_often_as_delta)
{
    enum { N = 60, RUNS = 1000 };
    equispaced(N, 0.0, 1.0);
    settings.delta = 0.1;
    settings.max_products = 60;
    int wrong = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        settings.seed = seed;
        wrong += ask(N, 1e-9, 0.0, NULL, 0) == SADDLE_I_SIGN_NO;
    }
    const double deviation = sqrt(settings.delta * (1.0 - settings.delta) * RUNS);
    ck_assert_double_le(wrong, settings.delta * RUNS + 3.0 * deviation);
    ck_assert_int_gt(wrong, 0);
}
END_TEST

/* Products good to 1e-9: an eigenvalue that is nearer to x is not decided by noise. */
START_TEST(noise_proves_nothing)
{
    equispaced(500, 0.0, 1.0);
    a.noise = 1e-9;
    settings.max_products = 300;
    for (int64_t basis = 0; basis < 2; basis++) {
        settings.basis = basis;
        for (uint64_t seed = 0; seed < 3; seed++) {
            settings.seed = seed;
            d[0] = 0.0;
            d[1] = 0.1;
            ck_assert_int_eq(ask(500, 0.0, 0.0, v, 1), SADDLE_I_SIGN_UNDECIDED);
            d[0] = -0.01;
            ck_assert_int_eq(ask(500, 0.0, -0.01, v, 1), SADDLE_I_SIGN_YES);
            ck_assert_int_eq(ask(500, -0.02, -0.01, v, 1), SADDLE_I_SIGN_NO);
        }
    }
}
END_TEST

/* T says yes, and the operator, asked again, does not. */
START_TEST(the_operator_has_the_last_word)
{
    spike(MOST);
    d[0] = 0.0;
    d[MOST / 2] = -1e-3;
    ck_assert_int_eq(ask(MOST, 0.0, -1e-3, v, 0), SADDLE_I_SIGN_YES);
    enum saddle_i_sign answer = SADDLE_I_SIGN_UNDECIDED;
    a.fault_call = o.products;
    a.bad = -1e3;
    operator_make(&o, context, MOST, &a, 0);
    const saddle_status s = saddle_i_lanczos_sign(&o, &settings, 0.0, &answer, &pair, v);
    ck_assert(s == SADDLE_OK || s == SADDLE_E_ARGUMENT); /* changed as it has, it may look unsymmetric */
    ck_assert_int_eq(answer, SADDLE_I_SIGN_UNDECIDED);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        decides_in_few_products, the_answer_does_not_depend_on_what_is_kept, out_of_products_is_undecided,
        an_eigenvalue_at_x_is_not_below_it, closed_spaces_decide, no_is_wrong_as_often_as_delta, noise_proves_nothing,
        the_operator_has_the_last_word,
    };
    Suite *s = suite_create("lanczos_sign");
    TCase *t = tcase_create("sign");
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
