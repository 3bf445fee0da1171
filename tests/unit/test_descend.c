/* SPDX-License-Identifier: BSD-3-Clause */
/* Norms of any size, and the step that is taken in one pass and can be taken back. */
#include "space/space.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, BLOCK = SADDLE_I_BLOCK, LONG_N = 70 * BLOCK + 5 };

static double g_was[LONG_N], w_was[LONG_N], g[LONG_N], w[LONG_N];

static uint64_t bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

#define EACH_LEVEL(k)                                                          \
    for (int level = 0; level < LEVELS; level++)                               \
        for (const struct saddle_i_kernels *k = saddle_i_kernels_at(level), *once = k; once != NULL; once = NULL)

static void fill(uint64_t seed, double *x)
{
    uint64_t z = seed;
    for (int64_t i = 0; i < LONG_N; i++) {
        z = z * 6364136223846793005U + 1442695040888963407U;
        x[i] = (double)(int64_t)(z >> 11) * 0x1p-52 - 1.0;
    }
}

static void set(double *x, int64_t n, double value)
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = value;
    }
}

/* One step from (g_was, w_was); g and w are its result. */
static int step(const struct saddle_i_kernels *k, int64_t n, double eta, double *norm, int64_t *entry, double *bad)
{
    memcpy(g, g_was, (size_t)n * sizeof *g);
    memcpy(w, w_was, (size_t)n * sizeof *w);
    return saddle_i_descend_once(k, n, eta, g, w, norm, entry, bad);
}

/* ||g_was|| by both ways, which must have the same bits. */
static double norm_of(const struct saddle_i_kernels *k, int64_t n)
{
    int64_t entry;
    double norm;
    double bad;
    set(w_was, n, 1.0);
    ck_assert(step(k, n, 0.0, &norm, &entry, &bad));
    const double alone = saddle_i_norm(k, n, g_was);
    ck_assert_msg(bits(norm) == bits(alone), "%s, n = %lld: %a in the pass, %a alone", k->name, (long long)n, norm,
                  alone);
    return norm;
}

static const int64_t sizes[] = {1, 2, 3, 4, 5, 31, 32, 33, 64, 100,
                                BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17, LONG_N};
enum { SIZES = sizeof sizes / sizeof *sizes };

START_TEST(norm_of_powers_is_exact)
{
    static const int exponent[] = {0, 300, 440, 441, 450, 451, 700, 1000,
                                   -300, -450, -451, -456, -457, -700, -1000, -1066};
    EACH_LEVEL(k)
    {
        for (size_t e = 0; e < sizeof exponent / sizeof *exponent; e++) {
            for (int half = 0; half <= 7; half++) { /* 4^half equal entries */
                const int64_t n = (int64_t)1 << (2 * half);
                set(g_was, n, ldexp(1.0, exponent[e]));
                REQUIRE(norm_of(k, n) == ldexp(1.0, exponent[e] + half));
            }
        }
    }
}
END_TEST

/* A few numbers anywhere among zeros, in the same block and in others, in the tail, and after ordinary entries. */
START_TEST(norm_wherever_the_entries_are)
{
    static const double scale[] = {1.0, 0x1p-700, 0x1p700, 0x1p-1074, 0x1p1020, 0x1p441, 0x1p-451};
    static const int64_t at[] = {0, 1, 31, 32, 33, 4000, BLOCK - 1, BLOCK, BLOCK + 40,
                                 2 * BLOCK + 31, 69 * BLOCK, LONG_N - 1};
    EACH_LEVEL(k)
    {
        for (int s = 0; s < 7; s++) {
            for (int a = 0; a < 12; a++) {
                for (int b = 0; b < a; b++) {
                    set(g_was, at[a] + 1, 0.0);
                    g_was[at[a]] = 3.0 * scale[s];
                    g_was[at[b]] = -4.0 * scale[s];
                    REQUIRE(norm_of(k, at[a] + 1) == 5.0 * scale[s]);
                }
            }
        }
    }
}
END_TEST

START_TEST(norm_large_among_ordinary_and_small)
{
    static const int64_t at[] = {0, 31, 32, 100, 4095, BLOCK, BLOCK + 63, 3 * BLOCK + 4000, 5 * BLOCK, 5 * BLOCK + 6};
    const int64_t n = 5 * BLOCK + 7;
    EACH_LEVEL(k)
    {
        for (int a = 0; a < 10; a++) {
            for (int b = 0; b < 10; b++) {
                for (int64_t i = 0; i < n; i++) {
                    g_was[i] = i / BLOCK % 3 == 0 ? 1.0 : i / BLOCK % 3 == 1 ? 0.0 : 0x1p-800;
                }
                if (a != b) {
                    g_was[at[a]] = 0x1.8p700;
                    g_was[at[b]] = 0x1p701;
                    REQUIRE(norm_of(k, n) == 0x1.4p701); /* 3-4-5: the rest is far below half a unit */
                } else {
                    g_was[at[a]] = 0x1p445; /* large for the kernel, its square hardly out of the safe range */
                    REQUIRE(norm_of(k, n) == 0x1p445);
                }
            }
        }
        fill(3, g_was); /* a large entry that does not drown the others */
        for (int64_t i = 0; i < n; i++) {
            g_was[i] *= i >= BLOCK ? 0x1p450 : 0x1p430;
        }
        const double scaled = norm_of(k, n);
        for (int64_t i = 0; i < n; i++) {
            g_was[i] *= 0x1p-450;
        }
        REQUIRE(scaled == 0x1p450 * norm_of(k, n));
    }
}
END_TEST

/* Entries that the kernel has moved before it stops count in the scaled sum of the block too. */
START_TEST(norm_of_a_block_that_stops_midway)
{
    EACH_LEVEL(k)
    {
        for (int64_t stop = BLOCK; stop < 2 * BLOCK; stop += 37) {
            set(g_was, 2 * BLOCK, 1.0);
            for (int64_t i = BLOCK; i < 2 * BLOCK; i++) {
                g_was[i] = i < stop ? 0x1p440 : 0.0;
            }
            g_was[stop] = 0x1p451;
            /* no rounding but that of sqrt */
            const double want = sqrt(1.0 + (double)(stop - BLOCK) * 0x1p-22) * 0x1p451;
            REQUIRE(norm_of(k, 2 * BLOCK) == want);
        }
    }
}
END_TEST

START_TEST(norm_ends_of_the_range)
{
    EACH_LEVEL(k)
    {
        set(g_was, 5 * BLOCK, 0.0);
        REQUIRE(bits(norm_of(k, 5 * BLOCK)) == 0);
        REQUIRE(bits(saddle_i_norm(k, 0, NULL)) == 0);
        g_was[5 * BLOCK - 1] = -0x1p-1074;
        REQUIRE(norm_of(k, 5 * BLOCK) == 0x1p-1074);
        g_was[2] = -DBL_MAX;
        REQUIRE(norm_of(k, 5 * BLOCK) == DBL_MAX);
        g_was[7] = DBL_MAX;
        REQUIRE(norm_of(k, 5 * BLOCK) == HUGE_VAL); /* sqrt(2) DBL_MAX */
        for (int s = 0; s < SIZES; s++) {
            const int64_t n = sizes[s];
            set(g_was, n, 1.0);
            g_was[n / 2] = SADDLE_I_NAN;
            REQUIRE(isnan(saddle_i_norm(k, n, g_was)));
            g_was[n / 2] = -HUGE_VAL;
            REQUIRE(isnan(saddle_i_norm(k, n, g_was)));
        }
    }
}
END_TEST

START_TEST(descend_moves_and_measures)
{
    EACH_LEVEL(k)
    {
        for (int s = 0; s < SIZES; s++) {
            const int64_t n = sizes[s];
            int64_t entry;
            double norm = -1.0;
            double bad;
            fill(1, g_was);
            fill(2, w_was);
            for (int with = 0; with < 2; with++) {
                REQUIRE(step(k, n, 0.3, with ? &norm : NULL, &entry, &bad) == 1);
                for (int64_t i = 0; i < n; i++) {
                    const double p = 0.3 * g_was[i];
                    REQUIRE(bits(w[i]) == bits(w_was[i] - p));
                }
            }
            REQUIRE(bits(norm) == bits(saddle_i_norm(k, n, g_was)));
        }
        double norm = -1.0;
        REQUIRE(saddle_i_descend_once(k, 0, 1.0, NULL, NULL, &norm, NULL, NULL) == 1);
        REQUIRE(bits(norm) == 0);
    }
}
END_TEST

START_TEST(descend_keeps_minus_zero)
{
    EACH_LEVEL(k)
    {
        int64_t entry;
        double bad;
        set(g_was, 100, 0.0);
        set(w_was, 100, -0.0);
        REQUIRE(step(k, 100, 1.0, NULL, &entry, &bad) == 1);
        for (int i = 0; i < 100; i++) {
            REQUIRE(bits(w[i]) == bits(-0.0));
        }
    }
}
END_TEST

/* The bad entry, another one after it, with and without the norm: w is what it was, down to signs of zeros. */
static void check_way_back(const struct saddle_i_kernels *k, int64_t n, int64_t at, int kind)
{
    const double slope[] = {SADDLE_I_NAN, HUGE_VAL, -HUGE_VAL, 0x1p1023, 0.0};
    const double value[] = {1.0, 1.0, 1.0, -0x1.8p1023, HUGE_VAL};
    const double want[] = {SADDLE_I_NAN, -HUGE_VAL, HUGE_VAL, -HUGE_VAL, HUGE_VAL};
    const double kept_g = g_was[at];
    const double kept_w = w_was[at];
    const double last_g = g_was[n - 1];
    g_was[n - 1] = SADDLE_I_NAN;
    g_was[at] = slope[kind];
    w_was[at] = value[kind];
    for (int with = 0; with < 2; with++) {
        int64_t entry = -7;
        double norm;
        double bad = 0.0;
        REQUIRE(step(k, n, 1.0, with ? &norm : NULL, &entry, &bad) == 0);
        REQUIRE(entry == at);
        REQUIRE(bits(bad) == bits(want[kind]) || (isnan(bad) && isnan(want[kind])));
        REQUIRE(memcmp(w, w_was, (size_t)n * sizeof *w) == 0);
    }
    g_was[n - 1] = last_g;
    g_was[at] = kept_g;
    w_was[at] = kept_w;
}

START_TEST(descend_takes_back)
{
    fill(5, g_was);
    fill(6, w_was);
    w_was[3] = -0.0;
    w_was[BLOCK + 1] = 0x1p-1074;
    EACH_LEVEL(k)
    {
        for (int64_t n = 1; n <= 70; n++) {
            for (int64_t at = 0; at < n; at++) {
                check_way_back(k, n, at, (int)(at % 5));
            }
        }
        for (int s = 10; s < SIZES; s++) {
            const int64_t n = sizes[s];
            const int64_t at[] = {0, 31, 32, 1000, BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 33, 3 * BLOCK + 16, LONG_N - 1};
            for (int a = 0; a < 10 && at[a] < n; a++) {
                for (int kind = 0; kind < 5; kind++) {
                    check_way_back(k, n, at[a], kind);
                }
            }
        }
    }
}
END_TEST

/* The sum of |w_i| overflows though no entry does: the step is taken. */
START_TEST(descend_survives_an_overflow_of_its_test)
{
    const int64_t n = 2 * BLOCK + 3;
    EACH_LEVEL(k)
    {
        for (int with = 0; with < 2; with++) {
            int64_t entry;
            double norm = 0.0;
            double bad;
            set(g_was, n, 0x1p1000);
            set(w_was, n, -DBL_MAX);
            REQUIRE(step(k, n, -0x1p-10, with ? &norm : NULL, &entry, &bad) == 1);
            for (int64_t i = 0; i < n; i++) {
                REQUIRE(w[i] == 0x1p990 - DBL_MAX);
            }
            REQUIRE(!with || bits(norm) == bits(saddle_i_norm(k, n, g_was)));
            set(w_was, n, DBL_MAX); /* and one that is really too large is still found */
            w_was[n - 2] = 1.0;
            g_was[n - 2] = HUGE_VAL;
            set(g_was, n - 2, 0.0);
            REQUIRE(step(k, n, 1.0, with ? &norm : NULL, &entry, &bad) == 0);
            REQUIRE(entry == n - 2 && bad == -HUGE_VAL && memcmp(w, w_was, (size_t)n * sizeof *w) == 0);
        }
    }
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        norm_of_powers_is_exact, norm_wherever_the_entries_are, norm_large_among_ordinary_and_small,
        norm_of_a_block_that_stops_midway, norm_ends_of_the_range, descend_moves_and_measures, descend_keeps_minus_zero,
        descend_takes_back, descend_survives_an_overflow_of_its_test,
    };
    Suite *s = suite_create("descend");
    TCase *t = tcase_create("step");
    tcase_set_timeout(t, 300);
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
