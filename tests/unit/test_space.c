/* SPDX-License-Identifier: BSD-3-Clause */
/* Vector work: every set of loops gives the bits of the definition, a step can be taken back, norms of any size. */
#include "space/space.h"
#include "space/tiny.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, LONG_N = 70 * SADDLE_I_BLOCK + 5, ROOM = LONG_N + 16 };

static double *x_room, *y_room, *u_room, *v_room; /* ROOM entries each, at multiples of 64 bytes */

static uint64_t bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static int same(double a, double b)
{
    return bits(a) == bits(b) || (isnan(a) && isnan(b)); /* which NaN is left to the processor */
}

static int same_vectors(int64_t n, const double *a, const double *b)
{
    for (int64_t i = 0; i < n; i++) {
        if (!same(a[i], b[i])) {
            return 0;
        }
    }
    return 1;
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

/* Signs, sizes 2^-20 to 2^20, now and then -0, +0 or a subnormal number. */
static void fill(uint64_t seed, int64_t n, double *x)
{
    uint64_t state = seed;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t b = draw(&state);
        const uint64_t kind = draw(&state) % 64;
        uint64_t v = (b & 0x800fffffffffffffU) | ((1003 + kind % 41) << 52);
        if (kind >= 62) {
            v = kind == 62 ? b & 0x8000000000000000U : b & 0x8000000000000fffU;
        }
        memcpy(x + i, &v, sizeof v);
    }
}

static void room(void)
{
    double **const all[] = {&x_room, &y_room, &u_room, &v_room};
    for (int i = 0; i < 4; i++) {
        *all[i] = aligned_alloc(64, (ROOM * sizeof(double) + 63) / 64 * 64);
        ck_assert_ptr_nonnull(*all[i]);
    }
}

static void no_room(void)
{
    free(x_room);
    free(y_room);
    free(u_room);
    free(v_room);
}

/* docs/determinism.md, word for word. */
static double defined_dot(int64_t n, const double *x, const double *y)
{
    double lane[32] = {0.0};
    for (int64_t i = 0; i < n; i++) {
        const double product = x[i] * y[i];
        lane[i % 32] = lane[i % 32] + product;
    }
    for (int half = 16; half >= 1; half /= 2) {
        for (int j = 0; j < half; j++) {
            lane[j] = lane[j] + lane[j + half];
        }
    }
    return lane[0];
}

static int64_t size(int k)
{
    static const int64_t more[] = {255, 1000, 4095, 4096, 4097, LONG_N};
    return k <= 130 ? k : k - 131 < 6 ? more[k - 131] : -1;
}

#define EACH_LEVEL(k)                                                          \
    for (int level = 0; level < LEVELS; level++)                               \
        for (const struct saddle_i_kernels *k = saddle_i_kernels_at(level), *once = k; once != NULL; once = NULL)

START_TEST(levels_known)
{
    static const char *const names[] = {"portable", "sse2", "avx2", "avx512"};
    const struct saddle_i_kernels *best = NULL;
    EACH_LEVEL(k)
    {
        ck_assert_str_eq(k->name, names[level]);
        best = k;
    }
    ck_assert_ptr_eq(saddle_i_kernels_best(), best);
    ck_assert_ptr_nonnull(saddle_i_kernels_at(0));
    ck_assert_ptr_null(saddle_i_kernels_at(-1));
    ck_assert_ptr_null(saddle_i_kernels_at(LEVELS));
#if defined(__SSE2__)
    ck_assert_ptr_nonnull(saddle_i_kernels_at(1));
#endif
}
END_TEST

START_TEST(dot_as_defined)
{
    fill(1, ROOM, x_room);
    fill(2, ROOM, y_room);
    EACH_LEVEL(k)
    {
        for (int s = 0; size(s) >= 0 && size(s) <= SADDLE_I_BLOCK; s++) {
            for (int shift = 0; shift < 9; shift++) {
                const double *x = x_room + shift;
                const double *y = y_room + shift * 5 % 8;
                const double d = k->dot(size(s), x, y);
                REQUIRE(bits(d) == bits(defined_dot(size(s), x, y)));
                REQUIRE(bits(saddle_i_dot(k, size(s), x, y)) == bits(d));
            }
        }
    }
}
END_TEST

START_TEST(dot_of_minus_zero_is_zero)
{
    for (int64_t i = 0; i < 64; i++) {
        x_room[i] = -0.0;
        y_room[i] = 1.0;
    }
    EACH_LEVEL(k)
    {
        for (int64_t n = 0; n <= 64; n++) {
            REQUIRE(bits(k->dot(n, x_room, y_room)) == 0);
        }
    }
}
END_TEST

START_TEST(dot_of_blocks_is_their_exact_sum)
{
    static const int64_t blocks[] = {2, 3, 63, 64, 65, 70};
    double block[71];
    fill(3, ROOM, x_room);
    fill(4, ROOM, y_room);
    EACH_LEVEL(k)
    {
        for (int b = 0; b < 6; b++) {
            for (int64_t over = -1; over <= 1; over++) {
                const int64_t n = blocks[b] * SADDLE_I_BLOCK + over;
                int64_t count = 0;
                for (int64_t at = 0; at < n; at += SADDLE_I_BLOCK) {
                    const int64_t m = n - at < SADDLE_I_BLOCK ? n - at : SADDLE_I_BLOCK;
                    block[count] = defined_dot(m, x_room + at, y_room + at);
                    count++;
                }
                REQUIRE(bits(saddle_i_dot(k, n, x_room, y_room)) == bits(saddle_i_exact_sum(count, block)));
            }
        }
        x_room[4096 + 7] = 0x1p600;
        y_room[4096 + 7] = 0x1p600;
        REQUIRE(isnan(saddle_i_dot(k, 8200, x_room, y_room)));
        REQUIRE(isnan(saddle_i_dot(k, 4000, x_room + 4096, y_room + 4096)));
        fill(3, ROOM, x_room);
        fill(4, ROOM, y_room);
    }
}
END_TEST

START_TEST(elementwise_as_defined)
{
    static const double factor[] = {-0x1.921fb54442d18p-3, 0.0, -0.0, 1.0, 0x1p-1074, 0x1p1000};
    fill(5, ROOM, x_room);
    fill(6, ROOM, y_room);
    EACH_LEVEL(k)
    {
        for (int s = 0; size(s) >= 0; s++) {
            const int64_t n = size(s);
            for (int f = 0; f < 6; f++) {
                const double a = factor[f];
                const double *x = x_room + (s + f) % 8;
                const double *y = y_room + s % 7;
                double *u = u_room + s % 5;
                memcpy(u, y, (size_t)(n + 1) * sizeof *u);
                k->axpy(n, a, x, u);
                for (int64_t i = 0; i < n; i++) {
                    const double p = a * x[i];
                    REQUIRE(same(u[i], y[i] + p));
                }
                REQUIRE(same(u[n], y[n])); /* nothing beyond the end */
                memcpy(u, y, (size_t)(n + 1) * sizeof *u);
                k->scale(n, a, u);
                for (int64_t i = 0; i < n; i++) {
                    REQUIRE(same(u[i], a * y[i]));
                }
                REQUIRE(same(u[n], y[n]));
            }
        }
    }
}
END_TEST

START_TEST(mass_sums_all_and_shows_each_bad_entry)
{
    static const double bad[] = {HUGE_VAL, -HUGE_VAL, 0.0};
    EACH_LEVEL(k)
    {
        for (int s = 0; size(s) >= 0; s++) {
            const int64_t n = size(s);
            double *x = x_room + s % 8;
            for (int64_t i = 0; i < n; i++) {
                x[i] = i % 2 == 0 ? 1.0 : -3.0;
            }
            x[n] = SADDLE_I_NAN;
            REQUIRE(k->mass(n, x) == (double)((n + 1) / 2 + 3 * (n / 2)));
            for (int64_t i = 0; i < n; i += n > 300 ? 997 : 1) {
                const double kept = x[i];
                for (int b = 0; b < 3; b++) {
                    x[i] = b < 2 ? bad[b] : SADDLE_I_NAN;
                    REQUIRE(!(k->mass(n, x) <= DBL_MAX));
                    if (n <= SADDLE_I_BLOCK) {
                        REQUIRE(isnan(saddle_i_dot(k, n, x, x)));
                    }
                }
                x[i] = kept;
            }
        }
    }
}
END_TEST

START_TEST(descend_keep_as_defined)
{
    const double eta = 0x1.999999999999ap-4;
    fill(7, ROOM, x_room);
    fill(8, ROOM, y_room);
    EACH_LEVEL(k)
    {
        for (int s = 0; size(s) >= 0; s++) {
            const int64_t n = size(s);
            double *g = u_room + s % 8;
            double *w = v_room + s % 5;
            memcpy(g, x_room, (size_t)(n + 1) * sizeof *g);
            memcpy(w, y_room, (size_t)(n + 1) * sizeof *w);
            const double mass = k->descend_keep(n, eta, g, w);
            double sum = 0.0;
            for (int64_t i = 0; i < n; i++) {
                const double p = eta * x_room[i];
                REQUIRE(same(w[i], y_room[i] - p));
                sum += fabs(w[i]);
            }
            REQUIRE(fabs(mass - sum) <= 1e-10 * sum);
            REQUIRE(same_vectors(n, g, y_room));
            REQUIRE(same(g[n], x_room[n]) && same(w[n], y_room[n]));
        }
    }
}
END_TEST

START_TEST(descend_groups_as_defined)
{
    static const double large[] = {0x1.0000000000001p440, -0x1p500, HUGE_VAL};
    const double eta = 0x1p-3;
    fill(9, ROOM, x_room);
    fill(10, ROOM, y_room);
    x_room[40] = SADDLE_I_ENTRY_MAX; /* just small enough */
    EACH_LEVEL(k)
    {
        for (int64_t stop = 0; stop < 300; stop++) {
            const int64_t n = 290;
            const int64_t want = stop < n / 32 * 32 ? stop / 32 * 32 : n / 32 * 32;
            double lane[32];
            double mass;
            memcpy(u_room, x_room, (size_t)n * sizeof *u_room);
            memcpy(v_room, y_room, (size_t)n * sizeof *v_room);
            u_room[stop] = large[stop % 3];
            REQUIRE(k->descend_groups(n, eta, u_room, v_room, lane, &mass) == want);
            double defined[32] = {0.0};
            double sum = 0.0;
            for (int64_t i = 0; i < want; i++) {
                defined[i % 32] = defined[i % 32] + x_room[i] * x_room[i];
                sum += fabs(y_room[i] - eta * x_room[i]);
                REQUIRE(same(v_room[i], y_room[i] - eta * x_room[i]) && same(u_room[i], y_room[i]));
            }
            for (int64_t i = want; i < n; i++) {
                REQUIRE(same(v_room[i], y_room[i]) && (i == stop || same(u_room[i], x_room[i])));
            }
            REQUIRE(same_vectors(32, lane, defined));
            REQUIRE(fabs(mass - sum) <= 1e-12 * sum);
        }
    }
}
END_TEST

START_TEST(tiny_as_defined)
{
    fill(11, 40, x_room);
    fill(12, 40, y_room);
    for (int64_t n = 0; n <= SADDLE_I_TINY; n++) {
        memcpy(u_room, y_room, 40 * sizeof *u_room);
        saddle_i_tiny_descend(n, 0.3, x_room, u_room);
        double sum = 0.0;
        for (int64_t i = 0; i < n; i++) {
            const double p = 0.3 * x_room[i];
            REQUIRE(same(u_room[i], y_room[i] - p));
            sum += fabs(x_room[i]);
        }
        REQUIRE(same_vectors(40 - n, u_room + n, y_room + n));
        REQUIRE(fabs(saddle_i_tiny_mass(n, x_room) - sum) <= 1e-14 * sum);
        for (int64_t i = 0; i < n; i++) {
            memcpy(u_room, x_room, 40 * sizeof *u_room);
            u_room[i] = i % 2 == 0 ? SADDLE_I_NAN : -HUGE_VAL;
            REQUIRE(!(saddle_i_tiny_mass(n, u_room) <= DBL_MAX));
        }
    }
}
END_TEST

START_TEST(looks_find_the_entry)
{
    fill(13, 300, x_room);
    ck_assert(saddle_i_first_not_finite(0, NULL) == -1);
    ck_assert(bits(saddle_i_max_abs(0, NULL)) == 0);
    for (int64_t n = 1; n <= 300; n += 1 + n / 10) {
        REQUIRE(saddle_i_first_not_finite(n, x_room) == -1);
        for (int64_t i = 0; i < n; i++) {
            memcpy(u_room, x_room, (size_t)n * sizeof *u_room);
            u_room[i] = -0x1p30;
            REQUIRE(saddle_i_max_abs(n, u_room) == 0x1p30);
            u_room[n - 1] = SADDLE_I_NAN;
            u_room[i] = i % 2 == 0 ? -HUGE_VAL : SADDLE_I_NAN;
            REQUIRE(saddle_i_first_not_finite(n, u_room) == i);
            REQUIRE(same(saddle_i_max_abs(n, u_room), i == n - 1 && i % 2 == 0 ? HUGE_VAL : SADDLE_I_NAN));
        }
    }
    const double large[] = {1.0, -DBL_MAX, -0.0};
    const double infinite[] = {1.0, -HUGE_VAL, DBL_MAX};
    const double zeros[] = {-0.0, -0.0, 0.0};
    const double least[] = {-0.0, -0x1p-1074, 0.0};
    ck_assert(saddle_i_first_not_finite(3, large) == -1);
    ck_assert(saddle_i_max_abs(3, large) == DBL_MAX);
    ck_assert(saddle_i_max_abs(3, infinite) == HUGE_VAL);
    ck_assert(bits(saddle_i_max_abs(3, zeros)) == 0);
    ck_assert(saddle_i_max_abs(3, least) == 0x1p-1074);
}
END_TEST

START_TEST(fingerprint_sees_every_bit)
{
    fill(14, 300, x_room);
    for (int64_t n = 0; n < 40; n++) {
        const uint64_t f = saddle_i_fingerprint(n, x_room);
        REQUIRE(f != saddle_i_fingerprint(n + 1, x_room));
        for (int64_t i = 0; i < n; i++) {
            for (int b = 0; b < 64; b++) {
                const double kept = x_room[i];
                const uint64_t changed = bits(kept) ^ (1ULL << b);
                memcpy(x_room + i, &changed, sizeof changed);
                REQUIRE(saddle_i_fingerprint(n, x_room) != f);
                x_room[i] = kept;
            }
        }
        for (int64_t i = 0; i + 1 < n; i++) { /* neighbours, and neighbours of one lane, change places */
            for (int64_t j = i + 1; j < n; j += 7) {
                memcpy(u_room, x_room, (size_t)n * sizeof *u_room);
                u_room[i] = x_room[j];
                u_room[j] = x_room[i];
                REQUIRE(same(u_room[i], u_room[j]) || saddle_i_fingerprint(n, u_room) != f);
                u_room[i] = -x_room[i]; /* two sign bits */
                u_room[j] = -x_room[j];
                REQUIRE(saddle_i_fingerprint(n, u_room) != f);
            }
        }
        REQUIRE(saddle_i_fingerprint(n, x_room) == f);
    }
}
END_TEST

START_TEST(accumulate_starts_and_goes_on)
{
    fill(15, ROOM, x_room);
    fill(16, ROOM, y_room);
    EACH_LEVEL(k)
    {
        for (int s = 0; size(s) >= 0; s++) {
            const int64_t n = size(s);
            for (double count = 1.0; count < 8.0; count += 2.0) {
                u_room[n] = 7.0;
                saddle_i_accumulate(k, 1, n, count, x_room, u_room);
                saddle_i_accumulate(k, 0, n, count + 1.0, y_room, u_room);
                for (int64_t i = 0; i < n; i++) {
                    const double first = count * x_room[i];
                    const double second = (count + 1.0) * y_room[i];
                    REQUIRE(same(u_room[i], first + second));
                }
                REQUIRE(u_room[n] == 7.0);
            }
        }
    }
}
END_TEST

/* All that has one definition, in one number: any compiler, optimisation and instruction set must give it. */
START_TEST(bits_are_the_same_everywhere)
{
    EACH_LEVEL(k)
    {
        uint64_t hash = 0xcbf29ce484222325U;
        fill(17, ROOM, x_room);
        fill(18, ROOM, y_room);
        for (int s = 0; size(s) >= 0; s++) {
            hash = (hash ^ bits(saddle_i_dot(k, size(s), x_room, y_room))) * 0x100000001b3U;
        }
        /* so far the value of a second implementation, in Python */
        ck_assert_msg(hash == 0xa69ead05f1e988d5U, "%s: 0x%llx", k->name, (unsigned long long)hash);
        for (int s = 0; size(s) >= 0; s++) {
            const int64_t n = size(s);
            int64_t entry;
            double norm;
            double bad;
            fill((uint64_t)s, n, u_room);
            k->axpy(n, 0.7, y_room, x_room);
            k->scale(n, 0.9, x_room);
            REQUIRE(saddle_i_descend_once(k, n, 0.3, u_room, x_room, &norm, &entry, &bad));
            hash = (hash ^ bits(norm)) * 0x100000001b3U;
            hash = (hash ^ bits(saddle_i_norm(k, n, x_room))) * 0x100000001b3U;
            hash = (hash ^ saddle_i_fingerprint(n, x_room)) * 0x100000001b3U;
        }
        ck_assert_msg(hash == 0x626f76809c993602U, "%s: 0x%llx", k->name, (unsigned long long)hash);
    }
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        levels_known, dot_as_defined, dot_of_minus_zero_is_zero, dot_of_blocks_is_their_exact_sum,
        elementwise_as_defined, mass_sums_all_and_shows_each_bad_entry, descend_keep_as_defined,
        descend_groups_as_defined, tiny_as_defined, looks_find_the_entry, fingerprint_sees_every_bit,
        accumulate_starts_and_goes_on, bits_are_the_same_everywhere,
    };
    Suite *s = suite_create("space");
    TCase *t = tcase_create("vectors");
    tcase_add_checked_fixture(t, room, no_room);
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
