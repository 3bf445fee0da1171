/* SPDX-License-Identifier: BSD-3-Clause */
/* One Krylov space, step by step: what its interval, its exclusions and its Ritz pairs are made of, before and after a restart. */
#include "spectrum/bound.h"
#include "spectrum/krylov.h"
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>

enum { N = 90, ORDER = 16 };

static void begin(struct pairs_trial *t, struct saddle_i_krylov *y, int64_t n, const double *d)
{
    pairs_begin(t, n, d, 1, SADDLE_WHICH_SMALLEST);
    saddle_i_krylov_init(y, &t->a, ORDER);
    y->accuracy = 1e-9;
    EXPECT_OK(saddle_i_krylov_begin(y, &t->v, 0, NULL, 0));
}

static void end(struct pairs_trial *t, struct saddle_i_krylov *y)
{
    saddle_i_krylov_fini(y);
    pairs_end(t);
}

/* As long as nothing is restarted all polynomials count, and the interval is that of T, at both ends. */
START_TEST(the_interval_of_a_space_is_that_of_its_matrix)
{
    double d[N], alpha[ORDER], theta[ORDER];
    spectrum_shape(N, _i, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    begin(&t, &y, N, d);
    const double target = saddle_i_bound_target(N, 0.05);
    for (int64_t k = 1; k <= ORDER && !y.closed; k++) {
        EXPECT_OK(saddle_i_krylov_step(&y));
        for (int sign = -1; sign <= 1 && !y.closed; sign += 2) {
            for (int64_t i = 0; i < k; i++) {
                alpha[i] = sign * y.alpha[i];
            }
            EXPECT_OK(saddle_i_tridiag_solve(&y.small, k, y.alpha, y.beta, 0, k, theta, NULL));
            const double least = sign > 0 ? theta[0] : -theta[k - 1];
            const double expected = saddle_i_bound_lower(k, alpha, y.beta, least, y.norm, target);
            double lower = 0.0;
            EXPECT_OK(saddle_i_krylov_lower(&y, sign, 0.05, &lower));
            ck_assert_msg(lower == expected, "%d products, sign %d: %.17g, not %.17g", (int)k, sign, lower, expected);
            for (int64_t i = 0; i < k; i++) {
                ck_assert_double_eq(y.alpha[i], sign * alpha[i]); /* as it was */
            }
        }
    }
    end(&t, &y);
}
END_TEST

/* log P(x)^2 by the definition: over the Ritz values of now and those that restarts have dropped. */
static double log_square(const struct saddle_i_krylov *y, double sign, double x)
{
    double sum = -y->log_betas;
    for (int64_t i = 0; i < y->gone_count + y->k; i++) {
        sum += log(sign * y->gone[i] - x);
    }
    return 2.0 * sum;
}

/* Where log P^2 is the target, from a bracket below the values. */
static double where_it_is(const struct saddle_i_krylov *y, double sign, double least, double target)
{
    double low = least - 100.0, high = least;
    for (int i = 0; i < 200; i++) {
        const double middle = 0.5 * (low + high);
        *(log_square(y, sign, middle) >= target ? &low : &high) = middle;
    }
    return low;
}

static int sides;

static void compare_with_polynomial(struct saddle_i_krylov *y, double sign)
{
    const double target = saddle_i_bound_target(N, 0.05);
    double lower = 0.0, least = SADDLE_I_INF;
    EXPECT_OK(saddle_i_krylov_lower(y, sign, 0.05, &lower));
    for (int64_t i = 0; i < y->gone_count + y->k; i++) {
        least = fmin(least, sign * y->gone[i]);
    }
    const double x = where_it_is(y, sign, least, target), width = least - x;
    /* the answer is on the safe side, by rounding and by what the search leaves */
    ck_assert_msg(lower <= x && lower >= x - 1e-9 * width - 1e-12 * y->norm, "%.17g is not just below %.17g", lower, x);
    int answer = -1;
    if (width > 1e-6 * y->norm) { /* else a millionth of it is rounding */
        EXPECT_OK(saddle_i_krylov_excludes(y, sign, 0.05, x - 1e-6 * width, &answer));
        ck_assert_int_eq(answer, 1);
        EXPECT_OK(saddle_i_krylov_excludes(y, sign, 0.05, x + 1e-6 * width, &answer));
        ck_assert_int_eq(answer, 0);
        sides++;
    }
    EXPECT_OK(saddle_i_krylov_excludes(y, sign, 0.05, least, &answer)); /* a Ritz value there: nothing is excluded */
    ck_assert_int_eq(answer, 0);
    EXPECT_OK(saddle_i_krylov_excludes(y, sign, 0.05, least + 1e-3, &answer));
    ck_assert_int_eq(answer, 0);
}

START_TEST(after_a_restart_the_interval_is_that_of_one_polynomial)
{
    double d[N];
    spectrum_shape(N, _i, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    begin(&t, &y, N, d);
    sides = 0;
    for (int step = 0; step < 40 && !y.closed; step++) {
        if (y.k == ORDER) {
            EXPECT_OK(saddle_i_krylov_restart(&y, 4, 4));
            ck_assert_int_eq(y.kept, 8);
        }
        EXPECT_OK(saddle_i_krylov_step(&y));
        if (y.kept > 0 && !y.closed) {
            compare_with_polynomial(&y, 1.0);
            compare_with_polynomial(&y, -1.0);
        }
    }
    ck_assert((sides >= 4 || _i >= 3) && y.gone_count > 0); /* the others converge early */
    end(&t, &y);
}
END_TEST

/* Ritz pairs number i of the low and of the high ones: orthonormal vectors, values in order, and a residual that is the estimate. */
static void compare_pairs(struct pairs_trial *t, struct saddle_i_krylov *y, int64_t low, int64_t high)
{
    static double x[ORDER][N];
    double ax[N];
    EXPECT_OK(saddle_i_krylov_ritz(y, low, high));
    for (int64_t i = 0; i < low + high; i++) {
        saddle_i_krylov_vector(y, i, x[i]);
        for (int64_t j = 0; j <= i; j++) {
            const double dot = saddle_i_dot(y->a->kernels, N, x[i], x[j]);
            ck_assert_double_le(fabs(dot - (i == j ? 1.0 : 0.0)), 1e-8);
        }
        ck_assert(i == 0 || y->theta[i] >= y->theta[i - 1]);
        EXPECT_OK(saddle_i_operator_apply(&t->a, x[i], ax));
        y->a->kernels->axpy(N, -y->theta[i], x[i], ax);
        const double residual = saddle_i_norm(y->a->kernels, N, ax), estimate = saddle_i_krylov_estimate(y, i);
        ck_assert_msg(fabs(residual - estimate) <= 1e-9 * y->norm, "pair %d of %d + %d: residual %.17g, estimate %.17g", (int)i, (int)low,
                      (int)high, residual, estimate);
    }
}

START_TEST(pairs_of_both_ends_are_ritz_pairs)
{
    double d[N];
    spectrum_shape(N, _i, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    begin(&t, &y, N, d);
    for (int step = 0; step < 30 && !y.closed; step++) {
        if (y.k == ORDER) { /* one kept pair is coupled as many are */
            EXPECT_OK(saddle_i_krylov_restart(&y, step == ORDER ? 1 : 5, step == ORDER ? 0 : 2));
        }
        EXPECT_OK(saddle_i_krylov_step(&y));
        const int64_t half = y.k / 2;
        compare_pairs(&t, &y, half, y.k - half);
        compare_pairs(&t, &y, 0, half);
        compare_pairs(&t, &y, half, 0);
    }
    end(&t, &y);
}
END_TEST

/* Five eigenvalues: five products, and the next beta is rounding. What it may have been is all that the interval has left. */
START_TEST(a_closed_space_keeps_what_beta_may_have_been)
{
    double d[N], lower = 0.0;
    for (int i = 0; i < N; i++) {
        d[i] = (double)(i % 5) - 1.0;
    }
    struct pairs_trial t;
    struct saddle_i_krylov y;
    begin(&t, &y, N, d);
    for (int step = 1; step <= 5; step++) {
        ck_assert_int_eq(y.closed, 0);
        EXPECT_OK(saddle_i_krylov_step(&y));
    }
    ck_assert_int_eq(y.closed, 1);
    ck_assert_double_eq(y.beta[4], 0.0);
    ck_assert_double_ge(y.hidden, DBL_EPSILON * y.norm);
    ck_assert_double_le(y.hidden, 1e-12 * y.norm);
    EXPECT_OK(saddle_i_krylov_lower(&y, 1.0, 0.01, &lower));
    ck_assert_double_eq(y.beta[4], 0.0);
    y.beta[4] = y.hidden; /* what it says is what T would, had this been its beta */
    ck_assert_double_eq(lower, saddle_i_bound_lower(5, y.alpha, y.beta, y.all[0], y.norm, saddle_i_bound_target(N, 0.01)));
    y.beta[4] = 0.0;
    ck_assert_double_le(lower, -1.0);
    ck_assert_double_ge(lower, -1.0 - 1e-9);
    int answer = 0;
    EXPECT_OK(saddle_i_krylov_excludes(&y, 1.0, 0.01, -1.0 - 1e-12, &answer));
    ck_assert_int_eq(answer, 1);
    end(&t, &y);
}
END_TEST

/* As many products as there are dimensions: nothing can be hidden. */
START_TEST(a_space_that_is_all_there_is_proves_its_values)
{
    double d[6], lower = 0.0;
    for (int i = 0; i < 6; i++) {
        d[i] = (double)(i * i) - 3.0;
    }
    struct pairs_trial t;
    struct saddle_i_krylov y;
    begin(&t, &y, 6, d);
    for (int step = 0; step < 6; step++) {
        EXPECT_OK(saddle_i_krylov_step(&y));
    }
    ck_assert_int_eq(y.closed, 1);
    ck_assert_double_eq(y.hidden, 0.0);
    EXPECT_OK(saddle_i_krylov_lower(&y, 1.0, 0.01, &lower));
    ck_assert_double_le(fabs(lower + 3.0), 100.0 * DBL_EPSILON * y.norm);
    ck_assert_double_le(lower, -3.0);
    EXPECT_OK(saddle_i_krylov_lower(&y, -1.0, 0.01, &lower));
    ck_assert_double_le(fabs(lower + 22.0), 100.0 * DBL_EPSILON * y.norm);
    ck_assert_double_le(lower, -22.0);
    end(&t, &y);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("krylov");
    TCase *t = tcase_create("krylov");
    tcase_add_loop_test(t, the_interval_of_a_space_is_that_of_its_matrix, 0, 6);
    tcase_add_loop_test(t, after_a_restart_the_interval_is_that_of_one_polynomial, 0, 5);
    tcase_add_loop_test(t, pairs_of_both_ends_are_ritz_pairs, 0, 6);
    tcase_add_test(t, a_closed_space_keeps_what_beta_may_have_been);
    tcase_add_test(t, a_space_that_is_all_there_is_proves_its_values);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
