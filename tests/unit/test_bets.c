/* SPDX-License-Identifier: BSD-3-Clause */
/* Capital that leaves the range of its scale, and bounds on the far side of the sample's mean. */
#include "cnc/betting.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>

enum { NUMBERS = 60 };

/* What the bets against "mean <= 1" have made of these independent numbers at best, in logarithms throughout. */
static double best_by_logs(int count, const double *x)
{
    double logs[SADDLE_I_BETS] = {0.0}, best = 0.0;
    for (int t = 0; t < count; t++) {
        double most = -SADDLE_I_INF, sum = 0.0;
        for (int j = 0; j < SADDLE_I_BETS; j++) {
            logs[j] += log1p(ldexp(1.0, -1 - j) * (x[t] - 1.0));
            most = fmax(most, logs[j]);
        }
        for (int j = 0; j < SADDLE_I_BETS; j++) {
            sum += exp(logs[j] - most);
        }
        best = fmax(best, most + log(sum / SADDLE_I_BETS));
    }
    return best;
}

/* Twice it grows by more than 2^200 at once; in between it loses. */
START_TEST(capital_beyond_its_scale_is_what_logarithms_say)
{
    double x[NUMBERS];
    for (int t = 0; t < NUMBERS; t++) {
        x[t] = t == 20 || t == 45 ? 1e80 : t % 3 == 0 ? 2.5 : 0.125;
    }
    struct saddle_i_bet b;
    saddle_i_bet_start(&b, 1.0, 0.0, 0);
    for (int t = 0; t < NUMBERS; t++) {
        ck_assert_int_eq(saddle_i_bet_add(&b, x[t], 1e9), 0);
        const double by_logs = best_by_logs(t + 1, x);
        ck_assert_msg(fabs(b.most - by_logs) <= 1e-12 * (1.0 + by_logs), "after %d: %.17g, by logarithms %.17g", t + 1, b.most, by_logs);
    }
    ck_assert_int_gt(b.exponent, 400);
    ck_assert_int_eq(saddle_i_bet_rejects(&b, 1, x, b.most), 1);
}
END_TEST

/* Some nine million losses in a row reach this; here the scale is lowered at the start. */
START_TEST(capital_below_its_scale_is_raised)
{
    struct saddle_i_bet high, low;
    saddle_i_bet_start(&high, 1.0, 0.0, 0);
    saddle_i_bet_start(&low, 1.0, 0.0, 0);
    for (int j = 0; j < SADDLE_I_BETS; j++) {
        low.capital[j] = 0x1p-250;
    }
    low.exponent = 250;
    for (int t = 0; t < NUMBERS; t++) {
        const double x = t % 2 == 0 ? 0.0 : 3.0;
        ck_assert_int_eq(saddle_i_bet_add(&high, x, 1e9), 0);
        ck_assert_int_eq(saddle_i_bet_add(&low, x, 1e9), 0);
        ck_assert_msg(fabs(low.most - high.most) <= 1e-13 * high.most, "after %d: %.17g and %.17g", t + 1, low.most, high.most);
    }
    ck_assert_int_lt(low.exponent, 10);
    ck_assert_double_gt(low.capital[0], 0x1p-200);
}
END_TEST

/* Forty tens and then zeros: what the tens proved stays proved, whatever the mean of all has become. */
START_TEST(the_lower_bound_may_lie_above_the_mean_of_the_sample)
{
    enum { TENS = 40, ALL = 4000 };
    static double x[ALL];
    for (int t = 0; t < TENS; t++) {
        x[t] = 10.0;
    }
    const double level = log(20.0), low = saddle_i_bet_lower(ALL, x, 0, level);
    ck_assert_double_gt(low, 10.0 * TENS / ALL);
    ck_assert_double_lt(low, 10.0);
    struct saddle_i_bet b;
    saddle_i_bet_start(&b, low, 0.0, 0);
    ck_assert_int_eq(saddle_i_bet_rejects(&b, ALL, x, level), 1);
    saddle_i_bet_start(&b, low * (1.0 + 2e-6), 0.0, 0);
    ck_assert_int_eq(saddle_i_bet_rejects(&b, ALL, x, level), 0);
    ck_assert_double_eq(low, saddle_i_bet_lower(ALL, x, 0, level));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bets");
    TCase *t = tcase_create("bets");
    tcase_add_test(t, capital_beyond_its_scale_is_what_logarithms_say);
    tcase_add_test(t, capital_below_its_scale_is_raised);
    tcase_add_test(t, the_lower_bound_may_lie_above_the_mean_of_the_sample);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
