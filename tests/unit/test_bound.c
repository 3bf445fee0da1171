/* SPDX-License-Identifier: BSD-3-Clause */
/* The interval of lambda_min: the pivots against the polynomials themselves, closed forms, entries of any scale. */
#include "spectrum/bound.h"
#include "spectrum/tridiag.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include "unit/solver.h"
#include <math.h>
#include <stdlib.h>

#define SLACK (64.0 * DBL_EPSILON) /* of the norm */
static double smallest(int k, const double *alpha, const double *beta)
{
    double theta = 0.0;
    EXPECT_OK(saddle_i_tridiag_solve(&solver, k, alpha, beta, 0, 1, &theta, NULL));
    return theta;
}

/* Some tridiagonal matrix of order k. */
static void some_matrix(uint64_t seed, int k, double *alpha, double *beta)
{
    uint64_t state = seed;
    for (int j = 0; j < k; j++) {
        alpha[j] = 2.0 * uniform(&state) - 1.0;
        beta[j] = 0.1 + 0.6 * uniform(&state);
    }
}

/* K_k(x) by the three-term recurrence of the polynomials. */
static long double explicit_sum(int k, const double *alpha, const double *beta, long double x)
{
    long double before = 0.0L;
    long double p = 1.0L;
    long double sum = 1.0L;
    for (int j = 0; j < k; j++) {
        const long double coupling = j > 0 ? (long double)beta[j - 1] * before : 0.0L;
        const long double next = ((x - (long double)alpha[j]) * p - coupling) / (long double)beta[j];
        before = p;
        p = next;
        sum += p * p;
    }
    return sum;
}

/* log K_k(x), and whether a Ritz value is below x. */
static int by_pivots(int k, const double *alpha, const double *beta, double x, struct saddle_i_pivots *p)
{
    saddle_i_pivots_start(p, x);
    for (int j = 0; j < k; j++) {
        if (saddle_i_pivots_step(p, alpha[j], j > 0 ? beta[j - 1] : 0.0, beta[j])) {
            REQUIRE(p->steps == j + 1 && !(p->pivot > 0.0));
            return 1;
        }
        REQUIRE(p->steps == j + 1 && p->pivot > 0.0);
    }
    return 0;
}

START_TEST(pivots_give_the_polynomials)
{
    enum { K = 12 };
    for (uint64_t seed = 0; seed < 50; seed++) {
        double alpha[K];
        double beta[K];
        some_matrix(seed, K, alpha, beta);
        for (int k = 1; k <= K; k++) {
            const double theta = smallest(k, alpha, beta);
            for (double gap = 1e-3; gap < 1e6; gap *= 7.0) {
                struct saddle_i_pivots p;
                REQUIRE(!by_pivots(k, alpha, beta, theta - gap, &p));
                const double want = (double)logl(explicit_sum(k, alpha, beta, (long double)(theta - gap)));
                /* rounding in the pivots counts against the gap */
                REQUIRE(fabs(p.log_sum - want) <= 1e-12 + 1e-14 / gap);
            }
        }
    }
}
END_TEST

START_TEST(pivots_see_a_ritz_value)
{
    enum { K = 12 };
    for (uint64_t seed = 0; seed < 50; seed++) {
        double alpha[K];
        double beta[K];
        some_matrix(seed, K, alpha, beta);
        for (int k = 1; k <= K; k++) {
            const double theta = smallest(k, alpha, beta);
            struct saddle_i_pivots p;
            REQUIRE(!by_pivots(k, alpha, beta, theta - 1e-13, &p));
            REQUIRE(by_pivots(k, alpha, beta, theta + 1e-13, &p));
            const struct saddle_i_pivots ended = p;
            REQUIRE(saddle_i_pivots_step(&p, 1e3, 0.5, 0.5)); /* once is enough */
            REQUIRE(p.steps == ended.steps && p.log_sum == ended.log_sum);
        }
    }
    struct saddle_i_pivots p;
    saddle_i_pivots_start(&p, -0.25);
    ck_assert(saddle_i_pivots_step(&p, -0.25, 0.0, 1.0) == 1); /* at it */
    ck_assert(p.pivot == 0.0);
}
END_TEST

START_TEST(pivots_of_a_closed_space_are_infinite)
{
    struct saddle_i_pivots p;
    saddle_i_pivots_start(&p, -2.0);
    ck_assert(saddle_i_pivots_step(&p, 0.5, 0.0, 0.25) == 0);
    ck_assert(isfinite(p.log_sum));
    ck_assert(saddle_i_pivots_step(&p, 0.5, 0.25, 0.0) == 0);
    ck_assert(isinf(p.log_sum) && p.log_sum > 0.0);
    ck_assert(saddle_i_pivots_step(&p, 0.5, 0.0, 0.25) == 0); /* and it stays */
    ck_assert(isinf(p.log_sum) && p.log_sum > 0.0);
}
END_TEST

START_TEST(target_is_that_of_tau)
{
    const int64_t n[] = {1, 2, 50, 100000, INT64_MAX / 2};
    const double delta[] = {0.5, 0.01, 1e-6, 1e-150};
    for (EACH(i, n)) {
        for (EACH(j, delta)) {
            const long double pi = 3.14159265358979323846264338327950288L;
            const long double tau = (long double)delta[j] * sqrtl(pi / (2.0L * (long double)n[i]));
            const double want = (double)(-2.0L * logl(tau));
            const double got = saddle_i_bound_target(n[i], delta[j]);
            ck_assert_msg(fabs(got - want) <= 4.0 * DBL_EPSILON * (1.0 + fabs(want)), "%.17g instead of %.17g", got,
                          want);
        }
    }
}
END_TEST

/* The bound without its slack. */
static double root(int k, const double *alpha, const double *beta, double theta, double norm, double target)
{
    return saddle_i_bound_lower(k, alpha, beta, theta, norm, target) + SLACK * norm;
}

START_TEST(lower_solves_the_equation)
{
    enum { K = 30 };
    const double deltas[] = {0.3, 1e-2, 1e-8, 1e-100, 1e-140}; /* the last: 1/tau^2 is no ordinary number */
    for (uint64_t seed = 0; seed < 20; seed++) {
        double alpha[K];
        double beta[K];
        some_matrix(seed, K, alpha, beta);
        for (int k = 1; k <= K; k++) {
            const double theta = smallest(k, alpha, beta);
            for (EACH(i, deltas)) {
                const double target = saddle_i_bound_target(1000, deltas[i]);
                const double x = root(k, alpha, beta, theta, 1.0, target);
                REQUIRE(x < theta);
                struct saddle_i_pivots at;
                REQUIRE(!by_pivots(k, alpha, beta, x - 4.0 * DBL_EPSILON, &at) && at.log_sum >= target);
                /* a little nearer to theta it is not reached any more */
                const double nearer = x + 1e-9 * (theta - x) + 8.0 * DBL_EPSILON;
                REQUIRE(nearer >= theta || by_pivots(k, alpha, beta, nearer, &at) || at.log_sum < target);
            }
        }
    }
}
END_TEST

START_TEST(lower_of_one_product_in_closed_form)
{
    const double deltas[] = {0.3, 1e-2, 1e-8, 1e-140};
    const double betas[] = {1e-3, 1.0, 123.0};
    for (EACH(i, deltas)) {
        for (EACH(j, betas)) {
            const double alpha = -0.7;
            const double target = saddle_i_bound_target(500, deltas[i]);
            /* 1 + ((x - alpha)/beta)^2 = e^target */
            const double want = alpha - betas[j] * exp(0.5 * target) * sqrt(-expm1(-target));
            const double got = root(1, &alpha, &betas[j], alpha, 1.0, target);
            ck_assert_msg(fabs(got - want) <= 2e-12 * fabs(want), "%.17g instead of %.17g", got, want);
            const double one = saddle_i_bound_restarted(1, &alpha, log(betas[j]), alpha, 1.0, target) + SLACK;
            const double want_one = alpha - betas[j] * exp(0.5 * target);
            ck_assert_msg(fabs(one - want_one) <= 2e-12 * fabs(want_one), "%.17g instead of %.17g", one, want_one);
        }
    }
}
END_TEST

START_TEST(lower_of_a_closed_space)
{
    const double alpha[] = {1.0, 2.0};
    const double beta[] = {0.5, 0.0};
    const double theta = smallest(2, alpha, beta);
    ck_assert(saddle_i_bound_lower(2, alpha, beta, theta, 3.0, 20.0) == theta - SLACK * 3.0);
    ck_assert(saddle_i_bound_restarted(2, alpha, -SADDLE_I_INF, 1.0, 3.0, 20.0) == 1.0 - SLACK * 3.0);
    const double zero = 0.0;
    ck_assert(saddle_i_bound_lower(1, &zero, &zero, 0.0, 0.0, 20.0) == 0.0);
}
END_TEST

START_TEST(lower_scales_with_the_operator)
{
    enum { K = 25 };
    const int powers[] = {-700, -490, -100, 33, 490, 700}; /* entries of about 1e-211 to 1e210 */
    for (uint64_t seed = 0; seed < 10; seed++) {
        double alpha[K];
        double beta[K];
        some_matrix(seed, K, alpha, beta);
        const double theta = smallest(K, alpha, beta);
        double ritz[K];
        EXPECT_OK(saddle_i_tridiag_solve(&solver, K, alpha, beta, 0, K, ritz, NULL));
        double logs = 0.0;
        for (int j = 0; j < K; j++) {
            logs += log(beta[j]);
        }
        const double lower = saddle_i_bound_lower(K, alpha, beta, theta, 1.5, 20.0);
        const double restarted = saddle_i_bound_restarted(K, ritz, logs, ritz[0], 1.5, 20.0);
        for (EACH(i, powers)) {
            double a[K];
            double b[K];
            double r[K];
            for (int j = 0; j < K; j++) {
                a[j] = ldexp(alpha[j], powers[i]);
                b[j] = ldexp(beta[j], powers[i]);
                r[j] = ldexp(ritz[j], powers[i]);
            }
            const double norm = ldexp(1.5, powers[i]);
            const double got = saddle_i_bound_lower(K, a, b, ldexp(theta, powers[i]), norm, 20.0);
            REQUIRE(fabs(ldexp(got, -powers[i]) - lower) <= 1e-14);
            const double more = logs + K * powers[i] * log(2.0);
            const double again = saddle_i_bound_restarted(K, r, more, r[0], norm, 20.0);
            REQUIRE(fabs(ldexp(again, -powers[i]) - restarted) <= 1e-10);
        }
    }
}
END_TEST

/* Entries of all sizes at once: the answer is a number, below theta, and the pivots agree that it is far enough. */
START_TEST(lower_of_entries_of_all_sizes)
{
    enum { K = 40 };
    for (uint64_t seed = 0; seed < 300; seed++) {
        uint64_t state = seed;
        double alpha[K];
        double beta[K];
        double norm = 0.0;
        for (int j = 0; j < K; j++) {
            alpha[j] = (uniform(&state) < 0.5 ? -1.0 : 1.0) * pow(10.0, 300.0 * uniform(&state) - 150.0);
            beta[j] = pow(10.0, 300.0 * uniform(&state) - 150.0);
            norm = fmax(norm, fabs(alpha[j]) + beta[j] + (j > 0 ? beta[j - 1] : 0.0));
        }
        const double theta = smallest(K, alpha, beta);
        const double target = saddle_i_bound_target(1000, seed % 2 == 0 ? 0.01 : 1e-140);
        const double lower = saddle_i_bound_lower(K, alpha, beta, theta, norm, target);
        REQUIRE(isfinite(lower) && lower < theta);
        struct saddle_i_pivots p;
        REQUIRE(!by_pivots(K, alpha, beta, lower, &p) && p.log_sum >= target && !isnan(p.log_sum));
        double ritz[K];
        EXPECT_OK(saddle_i_tridiag_solve(&solver, K, alpha, beta, 0, K, ritz, NULL));
        double logs = 0.0;
        for (int j = 0; j < K; j++) {
            logs += log(beta[j]);
        }
        const double restarted = saddle_i_bound_restarted(K, ritz, logs, ritz[0], norm, target);
        REQUIRE(isfinite(restarted) && restarted < ritz[0]);
    }
}
END_TEST

/* Without a restart the one polynomial is the last term of the sum: it proves a little less. */
START_TEST(restarted_is_within_the_sum)
{
    enum { K = 15 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        double alpha[K];
        double beta[K];
        double ritz[K];
        double logs = 0.0;
        some_matrix(seed, K, alpha, beta);
        EXPECT_OK(saddle_i_tridiag_solve(&solver, K, alpha, beta, 0, K, ritz, NULL));
        for (int j = 0; j < K; j++) {
            logs += log(beta[j]);
        }
        const double one = saddle_i_bound_restarted(K, ritz, logs, ritz[0], 1.0, 20.0);
        REQUIRE(one <= saddle_i_bound_lower(K, alpha, beta, ritz[0], 1.0, 20.0) + 1e-13);
        struct saddle_i_pivots p;
        REQUIRE(!by_pivots(K, alpha, beta, one + SLACK, &p));
        /* rounding in the Ritz values, and in the pivots, counts against the gap */
        REQUIRE(fabs(p.log_p - 10.0) <= 1e-11 + 16.0 * DBL_EPSILON / (ritz[0] - one));
    }
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        pivots_give_the_polynomials, pivots_see_a_ritz_value, pivots_of_a_closed_space_are_infinite,
        target_is_that_of_tau, lower_solves_the_equation, lower_of_one_product_in_closed_form, lower_of_a_closed_space,
        lower_scales_with_the_operator, lower_of_entries_of_all_sizes, restarted_is_within_the_sum,
    };
    Suite *s = suite_create("bound");
    TCase *t = tcase_create("bound");
    tcase_add_checked_fixture(t, open_solver, close_solver);
    tcase_set_timeout(t, 120);
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
