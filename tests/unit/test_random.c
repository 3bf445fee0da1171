/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers of docs/random.md: known answers, hashes of a million, every set of loops against the plain
 * one, and a contracting implementation that must be caught. */
#include "random/kernels.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, MILLION = 1000000 };
#define NORMAL_HASH UINT64_C(0x2d66adb1f818ba79)
#define CONTRACTED_HASH UINT64_C(0x0c41f31cef357661)
#define UNIFORM_HASH UINT64_C(0x12c06b67b80fcdf3)

static double big[MILLION];

static uint64_t bits(double v)
{
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    return b;
}

static uint64_t hash(int64_t n, const double *v)
{
    uint64_t a = UINT64_C(1469598103934665603);
    for (int64_t i = 0; i < n; i++) {
        a = (a ^ bits(v[i])) * UINT64_C(1099511628211);
        a ^= a >> 29;
    }
    return a;
}

static int same(int64_t n, const double *a, const double *b)
{
    return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

static const struct {
    saddle_random_stream s;
    uint64_t block, x[2];
    double z[2];
    uint64_t index[2]; /* in [0,1797); 9999 = not stated */
} known[] = {
    {{0, 0, 0}, 0, {UINT64_C(0xe169c58d6627e8d5), UINT64_C(0x9b00dbd8bc57ac4c)},
     {0x1.fd7f5823e1d58p-2, 0x1.54cccb994bb3dp-4}, {1582, 1088}},
    {{1, 1, 0}, 0, {UINT64_C(0x8c4707329f3f38ef), UINT64_C(0xfafa02887e8a14f8)},
     {0x1.99281c6b27fc3p-1, 0x1.80ae2af24f168p-1}, {984, 1761}},
    {{UINT64_C(0x123456789abcdef0), 2, UINT64_C(0x700000005)}, UINT64_C(0x8000000001),
     {UINT64_C(0x43182fe073716409), UINT64_C(0x47edb69129367a94)},
     {0x1.8a64cc3d739c7p+0, -0x1.1a9f6b2ca5b42p-1}, {470, 504}},
    {{UINT64_MAX, 255, (UINT64_C(1) << 56) - 1}, UINT64_MAX,
     {UINT64_C(0x41c83b0e408f276d), UINT64_C(0x6d5451fda20bc7c6)},
     {-0x1.a342011214cc2p+0, -0x1.81efb51e33235p-3}, {9999, 9999}},
};

START_TEST(known_answers)
{
    const struct saddle_i_random_kernels *k = saddle_i_random_at(_i);
    if (k == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint64_t x[2];
        double z[2], u[2], y[2] = {0.0, 0.0};
        uint32_t r[4];
        k->words(&known[i].s, known[i].block, 1, x);
        k->normal(&known[i].s, known[i].block, 1, z);
        k->uniform(&known[i].s, known[i].block, 1, u);
        k->normal_axpy(&known[i].s, known[i].block, 1, 1.0, y);
        ck_assert_int_eq(saddle_random_bits(&known[i].s, known[i].block, r), SADDLE_OK);
        for (int j = 0; j < 2; j++) {
            ck_assert_uint_eq(x[j], known[i].x[j]);
            ck_assert_uint_eq(r[2 * j] | (uint64_t)r[2 * j + 1] << 32, known[i].x[j]);
            ck_assert_uint_eq(bits(z[j]), bits(known[i].z[j]));
            ck_assert_uint_eq(bits(y[j]), bits(known[i].z[j]));
            ck_assert(u[j] == ((double)(x[j] >> 12) + 0.5) * 0x1p-52);
            if (known[i].index[j] != 9999) {
                ck_assert_uint_eq(saddle_i_scaled(x[j], 1797), known[i].index[j]);
            }
        }
    }
}
END_TEST

START_TEST(hashes_of_a_million)
{
    const struct saddle_i_random_kernels *k = saddle_i_random_at(_i);
    if (k == NULL) {
        return;
    }
    const saddle_random_stream n = {1, 2, 3}, u = {1, 1, 3};
    k->normal(&n, 0, MILLION / 2, big);
    ck_assert_uint_eq(hash(MILLION, big), NORMAL_HASH);
    k->uniform(&u, 0, MILLION / 2, big);
    ck_assert_uint_eq(hash(MILLION, big), UNIFORM_HASH);
    memset(big, 0, sizeof big);
    k->normal_axpy(&n, 0, MILLION / 2, 1.0, big);
    ck_assert_uint_eq(hash(MILLION, big), NORMAL_HASH);
}
END_TEST

START_TEST(hashes_of_a_million_in_public)
{
    const saddle_random_stream n = {1, 2, 3}, u = {1, 1, 3};
    ck_assert_int_eq(saddle_random_normal(&n, 0, MILLION, big), SADDLE_OK);
    ck_assert_uint_eq(hash(MILLION, big), NORMAL_HASH);
    ck_assert_int_eq(saddle_random_uniform(&u, 0, MILLION, big), SADDLE_OK);
    ck_assert_uint_eq(hash(MILLION, big), UNIFORM_HASH);
}
END_TEST

/* Box-Muller as a compiler writes it that contracts a + b*c to one rounding. */
static void contracted_pair(uint64_t x1, uint64_t x2, double out[2])
{
    int e;
    double m = frexp(((double)(x1 >> 12) + 0.5) * 0x1p-52, &e);
    if (m < ROOT_HALF) {
        m *= 2.0;
        e--;
    }
    const double s = (m - 1.0) / (m + 1.0), a = s * s, a2 = a * a;
    const double p = fma(a2 * a2, fma(a2, LOG_6, fma(a, LOG_5, LOG_4)),
                         fma(a2, fma(a, LOG_3, LOG_2), fma(a, LOG_1, LOG_0)));
    const double r = sqrt(fma(e, MINUS_TWO_LN2, (-4.0 * s) * fma(a, p, 1.0)));
    const double t = (((double)(x2 >> 12) * 0x1p-52 - 0.5) + 0x1p-53) * HALF_PI, z = t * t, w = z * z;
    const double S = fma(z, fma(w * w, fma(z, SIN_5, SIN_4), fma(w, fma(z, SIN_3, SIN_2), fma(z, SIN_1, SIN_0))), 1.0);
    const double C = fma(w, fma(w * w, fma(z, COS_5, COS_4), fma(w, fma(z, COS_3, COS_2), fma(z, COS_1, COS_0))),
                         fma(-0.5, z, 1.0));
    const double sn = S * (t * r), cs = x2 & 2 ? -(C * r) : C * r;
    out[0] = x2 & 1 ? sn : cs;
    out[1] = x2 & 1 ? cs : sn;
}

START_TEST(contraction_is_caught)
{
    const saddle_random_stream s = {1, 2, 3};
    for (int64_t i = 0; i < MILLION / 2; i++) {
        uint64_t x[2];
        saddle_i_pair(&s, (uint64_t)i, x);
        contracted_pair(x[0], x[1], big + 2 * i);
    }
    ck_assert_uint_eq(hash(MILLION, big), CONTRACTED_HASH);
    ck_assert_uint_ne(hash(MILLION, big), NORMAL_HASH);
}
END_TEST

static const uint64_t starts[] = {0, 1, 12345, 0xfffffff0, UINT64_C(0xffffffffe0), UINT64_MAX - 7};

START_TEST(every_set_gives_the_same_bits)
{
    const struct saddle_i_random_kernels *k = saddle_i_random_at(_i), *plain = saddle_i_random_at(0);
    if (k == NULL) {
        return;
    }
    enum { PAIRS = 70, ROOM = 2 * PAIRS + 2 };
    for (size_t q = 0; q < sizeof starts / sizeof starts[0]; q++) {
        for (int64_t pairs = 0; pairs <= PAIRS; pairs++) {
            const uint64_t seed = UINT64_C(0x9876543210fedcba) + (uint64_t)pairs;
            const saddle_random_stream s = {seed, 129, UINT64_C(0xabcdef01234567)};
            uint64_t x[2][ROOM];
            double u[2][ROOM], z[2][ROOM], y[2][ROOM];
            for (int i = 0; i < ROOM; i++) {
                x[0][i] = x[1][i] = 77;
                u[0][i] = u[1][i] = z[0][i] = z[1][i] = 77.0;
                y[0][i] = y[1][i] = 1.0 / (i + 1);
            }
            plain->words(&s, starts[q], pairs, x[0]);
            plain->uniform(&s, starts[q], pairs, u[0]);
            plain->normal(&s, starts[q], pairs, z[0]);
            plain->normal_axpy(&s, starts[q], pairs, 0.1, y[0]);
            k->words(&s, starts[q], pairs, x[1]);
            k->uniform(&s, starts[q], pairs, u[1]);
            k->normal(&s, starts[q], pairs, z[1]);
            k->normal_axpy(&s, starts[q], pairs, 0.1, y[1]);
            REQUIRE(memcmp(x[0], x[1], sizeof x[0]) == 0);
            REQUIRE(same(ROOM, u[0], u[1]) && same(ROOM, z[0], z[1]) && same(ROOM, y[0], y[1]));
            REQUIRE(x[1][2 * pairs] == 77 && z[1][2 * pairs] == 77.0 && z[1][2 * pairs + 1] == 77.0);
        }
    }
}
END_TEST

/* The address whose block holds given words: Philox backwards, with the inverses of its multipliers mod 2^32. */
static void address_of(uint64_t x1, uint64_t x2, uint64_t seed, saddle_random_stream *s, uint64_t *block)
{
    uint32_t c0 = (uint32_t)x1, c1 = (uint32_t)(x1 >> 32), c2 = (uint32_t)x2, c3 = (uint32_t)(x2 >> 32);
    uint32_t inverse0 = 1, inverse1 = 1;
    for (int i = 0; i < 5; i++) { /* Newton doubles the bits that are right */
        inverse0 *= 2 - PHILOX_M0 * inverse0;
        inverse1 *= 2 - PHILOX_M1 * inverse1;
    }
    for (uint32_t round = 10; round-- > 0;) {
        const uint32_t k0 = (uint32_t)seed + round * PHILOX_W0, k1 = (uint32_t)(seed >> 32) + round * PHILOX_W1;
        const uint32_t b0 = c3 * inverse0, b2 = c1 * inverse1;
        const uint32_t b1 = c0 ^ k0 ^ (uint32_t)(((uint64_t)PHILOX_M1 * b2) >> 32);
        const uint32_t b3 = c2 ^ k1 ^ (uint32_t)(((uint64_t)PHILOX_M0 * b0) >> 32);
        c0 = b0;
        c1 = b1;
        c2 = b2;
        c3 = b3;
    }
    *block = c0 | (uint64_t)c1 << 32;
    *s = (saddle_random_stream){seed, c3 >> 24, c2 | (uint64_t)(c3 & 0xffffff) << 32};
}

static void normals_of_words(int level, uint64_t x1, uint64_t x2, double z[2])
{
    saddle_random_stream s;
    uint64_t block, x[2];
    address_of(x1, x2, 42, &s, &block);
    saddle_i_random_at(level)->words(&s, block, 1, x);
    REQUIRE(x[0] == x1 && x[1] == x2);
    saddle_i_random_at(level)->normal(&s, block, 1, z);
}

START_TEST(extreme_words)
{
    if (saddle_i_random_at(_i) == NULL) {
        return;
    }
    double z[2];
    normals_of_words(_i, 0, 0, z);
    REQUIRE(z[0] == 0x1.83e8e2149f68ap+2 && z[1] == -0x1.83e8e2149f686p+2);
    normals_of_words(_i, UINT64_MAX, UINT64_MAX, z);
    REQUIRE(z[0] == 0x1.6a09e667f3bcbp-27 && z[1] == -0x1.6a09e667f3bcep-27);
    /* the largest: the smallest u, the angle nearest 0, in all four places */
    for (uint64_t low = 0; low < 4; low++) {
        normals_of_words(_i, 0, UINT64_C(0x8000000000000000) | low, z);
        const double most = fmax(fabs(z[0]), fabs(z[1]));
        REQUIRE(most > 8.5716 && most < 8.5718 && most <= SADDLE_I_NORMAL_MAX);
        REQUIRE(fmin(fabs(z[0]), fabs(z[1])) > 0.0);
        REQUIRE(fabs(z[low & 1]) == most && (z[low & 1] < 0.0) == (low >= 2));
        /* the smallest: the largest u and that angle */
        normals_of_words(_i, UINT64_MAX, UINT64_C(0x8000000000000000) | low, z);
        REQUIRE(z[0] != 0.0 && z[1] != 0.0);
    }
}
END_TEST

/* The formula in long double from the same words, to 5 units in the last place (4.2 seen in 10^7). */
START_TEST(normals_are_accurate)
{
    const saddle_random_stream s = {5, 128, 0};
    const long double half_pi = 1.57079632679489661923132169163975144L;
    double worst = 0.0;
    for (uint64_t b = 0; b < 200000; b++) {
        uint64_t x[2];
        double z[2];
        saddle_i_random_best()->words(&s, b, 1, x);
        saddle_i_random_best()->normal(&s, b, 1, z);
        const long double u = ((long double)(x[0] >> 12) + 0.5L) * 0x1p-52L;
        const long double t = (((long double)(x[1] >> 12) + 0.5L) * 0x1p-52L - 0.5L) * half_pi;
        const long double r = sqrtl(-2.0L * logl(u));
        const long double cs = x[1] & 2 ? -r * cosl(t) : r * cosl(t), sn = r * sinl(t);
        const long double want[2] = {x[1] & 1 ? sn : cs, x[1] & 1 ? cs : sn};
        for (int j = 0; j < 2; j++) {
            const double ulp = nextafter(fabs(z[j]), 10.0) - fabs(z[j]);
            worst = fmax(worst, (double)fabsl((long double)z[j] - want[j]) / ulp);
        }
    }
    ck_assert_double_le(worst, 5.0);
    ck_assert_double_gt(worst, 0.5);
}
END_TEST

START_TEST(any_piece_of_a_range)
{
    enum { N = 300 };
    const saddle_random_stream s = {11, 200, 13};
    double whole[N], u[N], piece[N + 1], y[N + 1];
    int64_t index[N], part[N];
    saddle_i_random_normal(&s, 0, N, whole);
    saddle_i_random_uniform(&s, 0, N, u);
    saddle_i_random_indices(&s, 0, 1797, N, index);
    for (int64_t offset = 0; offset < 150; offset += 1 + offset / 40) {
        for (int64_t count = 0; count + offset <= N; count += 1 + count / 20) {
            piece[count] = 77.0;
            saddle_i_random_normal(&s, offset, count, piece);
            REQUIRE(same(count, piece, whole + offset) && piece[count] == 77.0);
            saddle_i_random_uniform(&s, offset, count, piece);
            REQUIRE(same(count, piece, u + offset) && piece[count] == 77.0);
            saddle_i_random_indices(&s, offset, 1797, count, part);
            REQUIRE(memcmp(part, index + offset, (size_t)count * sizeof part[0]) == 0);
        }
    }
    for (int64_t n = 0; n <= N; n++) {
        for (int64_t i = 0; i <= N; i++) {
            y[i] = 1.0 / (double)(i + 3);
        }
        saddle_i_random_normal_axpy(&s, n, 0.3, y);
        for (int64_t i = 0; i <= N; i++) {
            const volatile double product = i < n ? 0.3 * whole[i] : 0.0;
            REQUIRE(y[i] == 1.0 / (double)(i + 3) + product);
        }
    }
}
END_TEST

static void expect(saddle_status got, saddle_status want, const char *part, const char *other)
{
    ck_assert_int_eq(got, want);
    ck_assert_msg(strstr(saddle_error_message(), part) != NULL && strstr(saddle_error_message(), other) != NULL, "%s",
                  saddle_error_message());
}

START_TEST(wrong_arguments)
{
    const saddle_random_stream good = {1, 255, (UINT64_C(1) << 56) - 1};
    const saddle_random_stream purpose = {1, 256, 0}, step = {1, 0, UINT64_C(1) << 56};
    const int64_t all = INT64_C(1) << 41;
    uint32_t r[4];
    double u[2] = {7.0, 7.0};
    expect(saddle_random_bits(NULL, 0, r), SADDLE_E_ARGUMENT, "saddle_random_bits", "NULL");
    expect(saddle_random_bits(&good, 0, NULL), SADDLE_E_ARGUMENT, "out", "NULL");
    expect(saddle_random_bits(&purpose, 0, r), SADDLE_E_RANGE, "256", "255");
    expect(saddle_random_bits(&step, 0, r), SADDLE_E_RANGE, "72057594037927936", "2^56");
    saddle_status (*const fill[])(const saddle_random_stream *, int64_t, int64_t, double *) = {saddle_random_uniform,
                                                                                               saddle_random_normal};
    for (int i = 0; i < 2; i++) {
        const char *const name = i == 0 ? "saddle_random_uniform" : "saddle_random_normal";
        expect(fill[i](NULL, 0, 1, u), SADDLE_E_ARGUMENT, name, "NULL");
        expect(fill[i](&purpose, 0, 1, u), SADDLE_E_RANGE, "256", "255");
        expect(fill[i](&step, 0, 1, u), SADDLE_E_RANGE, "step", "2^56");
        expect(fill[i](&good, -3, 1, u), SADDLE_E_ARGUMENT, "offset is -3", "0");
        expect(fill[i](&good, 0, -4, u), SADDLE_E_ARGUMENT, "count is -4", "0");
        expect(fill[i](&good, 0, 1, NULL), SADDLE_E_ARGUMENT, "NULL", "1 ");
        expect(fill[i](&good, all, 1, u), SADDLE_E_RANGE, "2199023255552", "2^41");
        expect(fill[i](&good, all - 1, 2, u), SADDLE_E_RANGE, "2199023255551", "2^41");
        expect(fill[i](&good, INT64_MAX, INT64_MAX, u), SADDLE_E_RANGE, "9223372036854775807", "2^41");
        ck_assert(u[0] == 7.0 && u[1] == 7.0);
        ck_assert_int_eq(fill[i](&good, 0, 0, NULL), SADDLE_OK);
        ck_assert_int_eq(fill[i](&good, all, 0, NULL), SADDLE_OK);
        ck_assert_int_eq(fill[i](&good, all - 1, 1, u), SADDLE_OK);
        ck_assert(u[0] != 7.0 && u[1] == 7.0);
        u[0] = 7.0;
    }
}
END_TEST

/* A caller that rounds down gets the same numbers, and its rounding back. */
START_TEST(floating_point_environment)
{
    enum { N = 1000 };
    const saddle_random_stream s = {6, 140, 2};
    double z[2][N], u[2][N];
    ck_assert_int_eq(saddle_random_normal(&s, 0, N, z[0]), SADDLE_OK);
    ck_assert_int_eq(saddle_random_uniform(&s, 0, N, u[0]), SADDLE_OK);
    ck_assert_int_eq(fesetround(FE_DOWNWARD), 0);
    const saddle_status normal = saddle_random_normal(&s, 0, N, z[1]), uniform = saddle_random_uniform(&s, 0, N, u[1]);
    const int mode = fegetround();
    (void)fesetround(FE_TONEAREST);
    ck_assert_int_eq(mode, FE_DOWNWARD);
    ck_assert(normal == SADDLE_OK && uniform == SADDLE_OK);
    ck_assert(same(N, z[0], z[1]) && same(N, u[0], u[1]));
}
END_TEST

START_TEST(levels)
{
    static const char *const names[LEVELS] = {"portable", "sse2", "avx2", "avx512"};
    const struct saddle_i_random_kernels *last = NULL;
    for (int i = 0; i < LEVELS; i++) {
        const struct saddle_i_random_kernels *k = saddle_i_random_at(i);
        if (k != NULL) {
            ck_assert_str_eq(k->name, names[i]);
            last = k;
        }
    }
    ck_assert_ptr_nonnull(saddle_i_random_at(0));
    ck_assert_ptr_eq(saddle_i_random_best(), last);
    ck_assert_ptr_null(saddle_i_random_at(-1));
    ck_assert_ptr_null(saddle_i_random_at(LEVELS));
#if defined(__x86_64__)
    ck_assert_ptr_nonnull(saddle_i_random_at(1));
#endif
}
END_TEST

static Suite *suite(void)
{
    const TTest *const per_level[] = {known_answers, hashes_of_a_million, every_set_gives_the_same_bits, extreme_words};
    const TTest *const once[] = {
        levels, hashes_of_a_million_in_public, contraction_is_caught, normals_are_accurate, any_piece_of_a_range,
        wrong_arguments, floating_point_environment,
    };
    Suite *s = suite_create("random");
    TCase *t = tcase_create("numbers");
    tcase_set_timeout(t, 300);
    suite_add_tcase(s, t);
    for (size_t i = 0; i < sizeof per_level / sizeof *per_level; i++) {
        tcase_add_loop_test(t, per_level[i], 0, LEVELS);
    }
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        tcase_add_test(t, once[i]);
    }
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
