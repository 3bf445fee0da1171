/* SPDX-License-Identifier: BSD-3-Clause */
/* Exact sums: known answers, ties, cancellation, the ends of the range, random sums against rational numbers. */
#include "space/space.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static double from_bits(uint64_t b)
{
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static void expect(int64_t count, const double *terms, double want)
{
    const double got = saddle_i_exact_sum(count, terms);
    ck_assert_msg(bits(got) == bits(want), "%lld terms: %a instead of %a", (long long)count, got, want);
    struct saddle_i_sum s; /* the same through the long way: zeros in front fill the short one */
    saddle_i_sum_init(&s);
    for (int i = 0; i < SADDLE_I_SHORT_SUM + 1; i++) {
        saddle_i_sum_add(&s, 0.0);
    }
    for (int64_t i = 0; i < count; i++) {
        saddle_i_sum_add(&s, terms[i]);
    }
    const double digits = saddle_i_sum_round(&s);
    ck_assert_msg(bits(digits) == bits(want), "%lld terms by digits: %a instead of %a", (long long)count, digits, want);
    ck_assert(bits(saddle_i_sum_round(&s)) == bits(want)); /* rounding does not use the sum up */
}

#define EXPECT(want, ...)                                                           \
    do {                                                                            \
        const double terms[] = {__VA_ARGS__};                                       \
        expect((int64_t)(sizeof terms / sizeof *terms), terms, want);               \
    } while (0)

START_TEST(sum_zero_is_plus_zero)
{
    ck_assert(bits(saddle_i_exact_sum(0, NULL)) == 0);
    EXPECT(0.0, -0.0);
    EXPECT(0.0, -0.0, -0.0);
    EXPECT(0.0, 1e300, -1e300);
    EXPECT(0.0, 0x1p-1074, -0x1p-1074);
    EXPECT(0.0, 1.0, 0x1p-200, -1.0, -0x1p-200);
}
END_TEST

START_TEST(sum_ties_go_to_even)
{
    EXPECT(1.0, 1.0, 0x1p-53);
    EXPECT(0x1.0000000000002p0, 0x1.0000000000001p0, 0x1p-53);
    EXPECT(0x1.0000000000001p0, 1.0, 0x1p-53, 0x1p-1074);
    EXPECT(1.0, 1.0, 0x1p-53, -0x1p-1074);
    EXPECT(1.0, 0x1p-1074, 0x1p-53, 1.0, -0x1p-1074);
    EXPECT(0x1.0000000000001p0, 0x1.0000000000001p0, 0x1p-53, -0x1p-1074);
    EXPECT(-1.0, -1.0, -0x1p-53);
    EXPECT(-0x1.0000000000001p0, -1.0, -0x1p-53, -0x1p-500);
    /* below a power of two the spacing is half */
    EXPECT(0x1.fffffffffffffp-1, 1.0, -0x1p-54, -0x1p-1074);
    EXPECT(1.0, 1.0, -0x1p-54);
    EXPECT(1.0, 1.0, -0x1p-54, 0x1p-1074);
    /* a tie of parts that no pair shows: 2^-54 + 2^-54, and one part less by the least there is */
    EXPECT(1.0, 1.0, 0x1p-54, 0x1p-55, 0x1p-55);
    EXPECT(1.0, 1.0, 0x1p-54, 0x1p-55, 0x1p-55, -0x1p-160, 0x1p-161);
    EXPECT(0x1.0000000000001p0, 1.0, 0x1p-54, 0x1p-55, 0x1p-55, 0x1p-160, -0x1p-161);
    /* three levels: each is half a unit of the one before */
    EXPECT(1.0, 1.0, 0x1p-53, -0x1p-106, 0x1p-159);
    EXPECT(0x1.0000000000001p0, 1.0, 0x1p-53, 0x1p-106, -0x1p-159);
    EXPECT(0x1.0000000000001p0, 1.0, 0x1p-53, 0x1p-106, -0x1p-106, 0x1p-300);
    /* both chains are at a tie, and what they lose is 2^-52 of the second: the bound of it must not cancel */
    EXPECT(0x1.0000000000001p0, 1.0, 0x1p-53, 0x1p-106, 0x1p-106);
    EXPECT(-0x1.0000000000001p0, -1.0, -0x1p-53, -0x1p-106, -0x1p-106);
}
END_TEST

START_TEST(sum_cancellation_leaves_the_small)
{
    EXPECT(0x1p-1074, 1e300, 0x1p-1074, -1e300);
    EXPECT(3.0, 0x1p900, 1.0, 0x1p450, 1.0, -0x1p900, 1.0, -0x1p450);
    EXPECT(0x1p-900, 0x1p900, 0x1p0, 0x1p-900, -0x1p0, -0x1p900);
    EXPECT(-0x1p-52, 1.0, 0x1p-52, -1.0, -0x1p-51);
}
END_TEST

START_TEST(sum_subnormal_and_largest)
{
    EXPECT(0x1p-1073, 0x1p-1074, 0x1p-1074);
    EXPECT(0x1p-1022, 0x0.fffffffffffffp-1022, 0x1p-1074);
    EXPECT(0x0.fffffffffffffp-1022, 0x1p-1022, -0x1p-1074);
    EXPECT(0x1.8p-1021, 0x1p-1022, 0x1p-1021);
    EXPECT(DBL_MAX, DBL_MAX);
    EXPECT(-DBL_MAX, -DBL_MAX);
    EXPECT(DBL_MAX, DBL_MAX, 0x1p969);                 /* below half a unit */
    EXPECT(HUGE_VAL, DBL_MAX, 0x1p970);                /* half: to even is out of the range */
    EXPECT(DBL_MAX, DBL_MAX, 0x1p970, -0x1p-1074);
    EXPECT(HUGE_VAL, DBL_MAX, DBL_MAX);
    EXPECT(-HUGE_VAL, -DBL_MAX, -DBL_MAX, -DBL_MAX);
    EXPECT(DBL_MAX, DBL_MAX, DBL_MAX, -DBL_MAX);       /* the way there overflows, the sum does not */
    EXPECT(1.0, DBL_MAX, DBL_MAX, 1.0, -DBL_MAX, -DBL_MAX);
}
END_TEST

START_TEST(sum_not_finite_is_nan)
{
    static const double bad[] = {HUGE_VAL, -HUGE_VAL};
    double terms[100];
    for (int count = 1; count <= 100; count++) {
        for (int i = 0; i < count; i++) {
            terms[i] = 1.0;
        }
        REQUIRE(saddle_i_exact_sum(count, terms) == (double)count);
        for (int k = 0; k < 3; k++) {
            terms[count / 2] = k < 2 ? bad[k] : SADDLE_I_NAN;
            REQUIRE(isnan(saddle_i_exact_sum(count, terms)));
            struct saddle_i_sum s;
            saddle_i_sum_init(&s);
            for (int i = 0; i < count; i++) {
                saddle_i_sum_add(&s, terms[i]);
            }
            REQUIRE(isnan(saddle_i_sum_round(&s)));
        }
    }
}
END_TEST

/* Numbers of five kinds; the exponent field of a kind lies in [low, low + span). */
static double term(uint64_t *state, int kind)
{
    static const uint64_t low[5] = {1013, 1, 0, 1000, 1900};
    static const uint64_t span[5] = {20, 2000, 3, 120, 146};
    const uint64_t b = draw(state);
    const uint64_t exponent = low[kind] + draw(state) % span[kind];
    return from_bits((b & 0x800fffffffffffffU) | (exponent << 52));
}

/* Kind + 5: the second half takes the first half back but for last bits. */
static int64_t fill(uint64_t *state, int kind, double *terms)
{
    const int64_t count = 1 + (int64_t)(draw(state) % 130);
    for (int64_t i = 0; i < count; i++) {
        terms[i] = term(state, kind % 5);
    }
    if (kind >= 5) {
        for (int64_t i = 0; i < count / 2; i++) {
            terms[count - 1 - i] = -from_bits(bits(terms[i]) ^ (draw(state) & 1));
        }
    }
    if (count > 2 && draw(state) % 2 == 0) { /* half a unit of the largest: ties and near ties */
        const uint64_t field = (bits(terms[0]) >> 52) & 0x7ff;
        terms[count - 1] = field > 60 ? from_bits((field - 53) << 52) : 0x1p-1074;
    }
    return count;
}

/* The hash was computed with rational numbers of unlimited length (Python's fractions), rounded once. */
START_TEST(sum_random_against_rationals)
{
    uint64_t state = 2024;
    uint64_t hash = 0xcbf29ce484222325U;
    double terms[130];
    for (int round = 0; round < 20000; round++) {
        const int64_t count = fill(&state, round % 10, terms);
        const double r = saddle_i_exact_sum(count, terms);
        hash = (hash ^ bits(r)) * 0x100000001b3U;
        if (count <= SADDLE_I_SHORT_SUM) { /* both ways */
            expect(count, terms, r);
        }
    }
    ck_assert_msg(hash == 0x3debf56e8b5e8d3dU, "0x%llx", (unsigned long long)hash);
}
END_TEST

START_TEST(sum_order_does_not_matter)
{
    uint64_t state = 5;
    double terms[130];
    for (int round = 0; round < 2000; round++) {
        const int64_t count = fill(&state, round % 10, terms);
        const double r = saddle_i_exact_sum(count, terms);
        for (int64_t i = count - 1; i > 0; i--) {
            const int64_t j = (int64_t)(draw(&state) % (uint64_t)(i + 1));
            const double t = terms[i];
            terms[i] = terms[j];
            terms[j] = t;
        }
        REQUIRE(bits(saddle_i_exact_sum(count, terms)) == bits(r));
    }
}
END_TEST

/* More additions than any test does between two carries: the counter is set close to its limit instead. */
START_TEST(sum_carries_in_time)
{
    struct saddle_i_sum s;
    saddle_i_sum_init(&s);
    for (int i = 0; i < 100; i++) {
        saddle_i_sum_add(&s, -0x1.fffffffffffffp31);
    }
    s.adds = (1 << 30) - 50;
    for (int i = 0; i < 100; i++) {
        saddle_i_sum_add(&s, -0x1.fffffffffffffp31);
    }
    ck_assert(s.adds == 50);
    ck_assert(saddle_i_sum_round(&s) == -0x1.fffffffffffffp31 * 200.0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sum");
    TCase *t = tcase_create("exact");
    tcase_set_timeout(t, 120);
    suite_add_tcase(s, t);
    tcase_add_test(t, sum_zero_is_plus_zero);
    tcase_add_test(t, sum_ties_go_to_even);
    tcase_add_test(t, sum_cancellation_leaves_the_small);
    tcase_add_test(t, sum_subnormal_and_largest);
    tcase_add_test(t, sum_not_finite_is_nan);
    tcase_add_test(t, sum_random_against_rationals);
    tcase_add_test(t, sum_order_does_not_matter);
    tcase_add_test(t, sum_carries_in_time);
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
