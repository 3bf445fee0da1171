/* SPDX-License-Identifier: BSD-3-Clause */
/* Intervals for the mean of heavy-tailed numbers that are watched at every sample: how often they miss, how soon they decide, and that
 * rules that look right miss far more often. SADDLE_TEST_FIGURES=1 prints how often. */
#include "cnc/betting.h"
#include <math.h>
#include <saddle/random.h>
#include <stdio.h>
#include <stdlib.h>
#include "support/expect.h"
#include "support/run_suite.h"

enum { N = 20000, TRIALS = 1000 };

struct population {
    double x[N];
    double mean, most;
};

/* 99 % zeros, the rest exp(s z), z normal. */
static void fill(struct population *p, double s)
{
    const saddle_random_stream normals = {11, 200, (uint64_t)(100.0 * s)};
    double sum = 0.0, z[N / 100];
    EXPECT_OK(saddle_random_normal(&normals, 0, N / 100, z));
    p->most = 0.0;
    for (int i = 0; i < N; i++) {
        p->x[i] = i % 100 == 0 ? exp(s * z[i / 100]) : 0.0;
        sum += p->x[i];
        p->most = fmax(p->most, p->x[i]);
    }
    p->mean = sum / N;
}

/* A random order (Fisher and Yates). */
static void shuffle(double *x, uint64_t trial)
{
    static double u[N];
    const saddle_random_stream s = {trial, 201, 0};
    EXPECT_OK(saddle_random_uniform(&s, 0, N, u));
    for (int i = N - 1; i > 0; i--) {
        const int j = (int)(u[i] * (i + 1));
        const double kept = x[i];
        x[i] = x[j];
        x[j] = kept;
    }
}

static struct population p;
static const double tails[3] = {1.0, 1.5, 2.0};
static const double delta = 0.05;

static double most_misses(double d)
{
    return TRIALS * d + 3.0 * sqrt(TRIALS * d * (1.0 - d));
}

START_TEST(the_lower_bound_seldom_misses)
{
    fill(&p, tails[_i]);
    int missed = 0, replaced = 0;
    for (uint64_t k = 0; k < TRIALS; k++) {
        struct saddle_i_bet b;
        shuffle(p.x, k);
        saddle_i_bet_start(&b, p.mean, 0.0, N); /* the true mean: rejecting it is a miss */
        missed += saddle_i_bet_rejects(&b, N, p.x, -log(delta));
        static double u[N], drawn[N];
        const saddle_random_stream s = {k, 202, 0};
        EXPECT_OK(saddle_random_uniform(&s, 0, N, u));
        for (int i = 0; i < N; i++) {
            drawn[i] = p.x[(int)(u[i] * N)];
        }
        saddle_i_bet_start(&b, p.mean, 0.0, 0);
        replaced += saddle_i_bet_rejects(&b, N, drawn, -log(delta));
    }
    ck_assert_msg(missed <= most_misses(delta), "without replacement %d of %d", missed, TRIALS);
    ck_assert_msg(replaced <= most_misses(delta), "with replacement %d of %d", replaced, TRIALS);
}
END_TEST

START_TEST(a_known_bound_gives_both_sides)
{
    fill(&p, tails[_i]);
    int missed = 0;
    for (uint64_t k = 0; k < TRIALS; k++) {
        struct saddle_i_bet low, high;
        shuffle(p.x, k);
        saddle_i_bet_start(&low, p.mean, 0.0, N);
        saddle_i_bet_start(&high, p.mean, p.most, N);
        missed += saddle_i_bet_rejects(&low, N, p.x, log(2.0 / delta)) || saddle_i_bet_rejects(&high, N, p.x, log(2.0 / delta));
    }
    ck_assert_msg(missed <= most_misses(delta), "%d of %d", missed, TRIALS);
}
END_TEST

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* HOLDS at gamma = m/10: the median of samples needed. Narrower than this means more than the numbers say; wider is no use. */
START_TEST(a_clear_case_is_decided_soon)
{
    static const int64_t least[2] = {200, 600}, most[2] = {600, 2000};
    int64_t needed[200];
    fill(&p, _i == 0 ? 1.0 : 2.0);
    for (uint64_t k = 0; k < 200; k++) {
        struct saddle_i_bet b;
        shuffle(p.x, k);
        saddle_i_bet_start(&b, p.mean / 10.0, 0.0, N);
        int64_t t = 0;
        while (t < N && !saddle_i_bet_add(&b, p.x[t], -log(delta))) {
            t++;
        }
        needed[k] = t + 1;
    }
    qsort(needed, 200, sizeof *needed, compare);
    ck_assert_msg(needed[100] >= least[_i] && needed[100] <= most[_i], "median %d", (int)needed[100]);
}
END_TEST

/* Of 1,000 orders how many a rule declares "the mean is above m" or "below", m being the true mean. */
static int misses_of(int (*rule)(const double *x, double m))
{
    int missed = 0;
    for (uint64_t k = 0; k < TRIALS; k++) {
        shuffle(p.x, k);
        missed += rule(p.x, p.mean);
    }
    return missed;
}

static int bets(const double *x, double m)
{
    struct saddle_i_bet b;
    saddle_i_bet_start(&b, m, 0.0, N);
    return saddle_i_bet_rejects(&b, N, x, -log(delta));
}

/* mean +- 1.96 sd/sqrt(t) after 800 samples; and from 100 to 4,000, whenever it decides. */
static int normal_theory(const double *x, double m, int from, int to)
{
    double sum = 0.0, squares = 0.0;
    for (int t = 1; t <= to; t++) {
        sum += x[t - 1];
        squares += x[t - 1] * x[t - 1];
        const double mean = sum / t, sd = sqrt(fmax(0.0, squares / t - mean * mean) / t);
        if (t >= from && fabs(mean - m) > 1.96 * sd) {
            return 1;
        }
    }
    return 0;
}

static int normal_theory_once(const double *x, double m)
{
    return normal_theory(x, m, 800, 800);
}

static int normal_theory_watched(const double *x, double m)
{
    return normal_theory(x, m, 100, 4000);
}

/* Bets on both sides, as with a bound, but the bound is the largest number seen so far. */
static int largest_seen(const double *x, double m)
{
    double capital[SADDLE_I_BETS], most = 0.0, sum = 0.0;
    for (int j = 0; j < SADDLE_I_BETS; j++) {
        capital[j] = 1.0;
    }
    for (int t = 1; t <= N; t++) {
        const double mu = (N * m - sum) / (N - t + 1);
        double total = 0.0, f = 0.5;
        most = fmax(most, x[t - 1]);
        for (int j = 0; j < SADDLE_I_BETS; j++, f *= 0.5) {
            capital[j] *= mu > 0.0 && most > mu ? fmax(0.0, 1.0 + f * (mu - x[t - 1]) / (most - mu)) : 1.0;
            total += capital[j];
        }
        sum += x[t - 1];
        if (total >= SADDLE_I_BETS / delta) {
            return 1;
        }
    }
    return 0;
}

/* The test of coverage tells the right rule from those that look like it. */
START_TEST(wrong_rules_miss)
{
    fill(&p, 2.0);
    ck_assert_int_le(misses_of(bets), (int)most_misses(delta));
    const int once = misses_of(normal_theory_once), watched = misses_of(normal_theory_watched), seen = misses_of(largest_seen);
    ck_assert_msg(once > 300, "normal theory after 800: %d of %d", once, TRIALS);
    ck_assert_msg(watched > 700, "normal theory, watched: %d of %d", watched, TRIALS);
    ck_assert_msg(seen > most_misses(delta), "scaled by the largest number seen: %d of %d", seen, TRIALS);
    if (getenv("SADDLE_TEST_FIGURES") != NULL) {
        (void)fprintf(stderr, "misses of %d: bets %d, normal theory after 800 %d, watched %d, scaled by the largest seen %d\n", TRIALS,
                      misses_of(bets), once, watched, seen);
    }
}
END_TEST

START_TEST(bounds_are_where_the_bets_turn)
{
    fill(&p, 1.0);
    shuffle(p.x, 7);
    const double level = log(2.0 / delta);
    for (int64_t count = 500; count <= N; count *= 2) {
        const double low = saddle_i_bet_lower(count, p.x, N, level);
        const double high = saddle_i_bet_upper(count, p.x, N, p.most, level);
        struct saddle_i_bet b;
        ck_assert_double_le(low, p.mean);
        ck_assert_double_ge(high, p.mean);
        if (low > 0.0) {
            saddle_i_bet_start(&b, low, 0.0, N);
            ck_assert_int_eq(saddle_i_bet_rejects(&b, count, p.x, level), 1);
            saddle_i_bet_start(&b, low * 1.001, 0.0, N);
            ck_assert_int_eq(saddle_i_bet_rejects(&b, count, p.x, level), 0);
        }
        if (high < p.most) {
            saddle_i_bet_start(&b, high, p.most, N);
            ck_assert_int_eq(saddle_i_bet_rejects(&b, count, p.x, level), 1);
            saddle_i_bet_start(&b, high * 0.999, p.most, N);
            ck_assert_int_eq(saddle_i_bet_rejects(&b, count, p.x, level), 0);
        }
    }
    ck_assert_double_eq_tol(saddle_i_bet_lower(N, p.x, N, level), p.mean, 1e-4 * p.mean); /* all seen: nothing is left open */
    ck_assert_double_eq_tol(saddle_i_bet_upper(N, p.x, N, p.most, level), p.mean, 1e-4 * p.mean);
    ck_assert(isinf(saddle_i_bet_upper(N, p.x, N, 0.0, level)));
}
END_TEST

/* Draws with replacement from the population, for the upper bound: it falls below the bound, holds the mean, and misses seldom. */
START_TEST(independent_draws_are_bounded_above)
{
    enum { DRAWS = 2000 };
    static double u[DRAWS], drawn[DRAWS];
    int missed = 0;
    for (uint64_t k = 0; k < TRIALS; k++) {
        const saddle_random_stream s = {k, 203, 0};
        EXPECT_OK(saddle_random_uniform(&s, 0, DRAWS, u));
        for (int i = 0; i < DRAWS; i++) {
            drawn[i] = u[i] < 0.9 ? 0.0 : 1.0; /* mean 0.1 */
        }
        struct saddle_i_bet b;
        saddle_i_bet_start(&b, 0.1, 1.0, 0);
        missed += saddle_i_bet_rejects(&b, DRAWS, drawn, -log(delta));
        if (k < 20) {
            const double high = saddle_i_bet_upper(DRAWS, drawn, 0, 1.0, -log(delta));
            ck_assert(high > 0.08 && high < 0.2);
            ck_assert_double_ge(saddle_i_bet_upper(3, drawn, 0, 1.0, 30.0), 0.99); /* three say next to nothing */
        }
    }
    ck_assert_msg(missed <= most_misses(delta), "%d of %d", missed, TRIALS);
}
END_TEST

/* A number that is above the bound by rounding, where the hypothesis has left next to no room below the bound. */
START_TEST(numbers_at_the_bound)
{
    struct saddle_i_bet b;
    saddle_i_bet_start(&b, 1.0 - 1e-11, 1.0, 0);
    for (int t = 0; t < 1000; t++) {
        ck_assert_int_eq(saddle_i_bet_add(&b, 1.0 + 2e-9, 3.0), 0); /* the largest there can be are no evidence of a small mean */
    }
    double x[100];
    for (int t = 0; t < 100; t++) {
        x[t] = 1.0 + (t % 2 ? 2e-9 : 0.0);
    }
    ck_assert_double_ge(saddle_i_bet_upper(100, x, 0, 1.0, 3.0), 0.9);
    ck_assert_double_ge(saddle_i_bet_upper(100, x, 1000, 1.0, 3.0), 0.9);
}
END_TEST

START_TEST(nothing_and_zeros)
{
    static double zeros[100];
    struct saddle_i_bet b;
    ck_assert_double_eq(saddle_i_bet_lower(0, zeros, 10, 3.0), 0.0);
    ck_assert_double_eq(saddle_i_bet_lower(100, zeros, 0, 3.0), 0.0);
    saddle_i_bet_start(&b, 0.0, 0.0, 0);
    ck_assert_int_eq(saddle_i_bet_rejects(&b, 100, zeros, 3.0), 0);
    ck_assert_int_eq(saddle_i_bet_add(&b, 1e-300, 3.0), 1); /* a mean of 0 is refuted by any number above it */
    saddle_i_bet_start(&b, 0.0, 0.0, 1000);
    ck_assert_int_eq(saddle_i_bet_rejects(&b, 100, zeros, 3.0), 0);
    ck_assert_int_eq(saddle_i_bet_add(&b, 1e-300, 3.0), 1);
    saddle_i_bet_start(&b, 1e-3, 1.0, 0); /* all 0: "mean >= 1e-3, at most 1 each" falls after enough of them */
    int64_t t = 0;
    while (t < 1000000 && !saddle_i_bet_add(&b, 0.0, 3.0)) {
        t++;
    }
    ck_assert_msg(t > 3000 && t < 20000, "%d", (int)t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("betting");
    TCase *t = tcase_create("betting");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, the_lower_bound_seldom_misses, 0, 3);
    tcase_add_loop_test(t, a_known_bound_gives_both_sides, 0, 3);
    tcase_add_loop_test(t, a_clear_case_is_decided_soon, 0, 2);
    tcase_add_test(t, wrong_rules_miss);
    tcase_add_test(t, independent_draws_are_bounded_above);
    tcase_add_test(t, numbers_at_the_bound);
    tcase_add_test(t, bounds_are_where_the_bets_turn);
    tcase_add_test(t, nothing_and_zeros);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
