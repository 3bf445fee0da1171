/* SPDX-License-Identifier: BSD-3-Clause */
/* A basis of kept vectors and the passes of a recurrence: the bits of plain loops whatever the instruction set, norms
 * of any size, rotations against long double, memory that grows in place. */
#include "space/basis.h"
#include "space/recurrence.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/run_suite.h"
#include <limits.h>
#include <math.h>
#include <stdlib.h>

enum { LEVELS = 4, MOST_N = 3 * SADDLE_I_BLOCK + 1030, MOST_VECTORS = 21 };

static const int64_t sizes[] = {1, 7, 8, 31, 33, 255, 257, 1025, SADDLE_I_BLOCK - 1, SADDLE_I_BLOCK,
                                SADDLE_I_BLOCK + 1, MOST_N};

#define EACH(i, list) size_t i = 0; i < sizeof(list) / sizeof *(list); i++

static uint64_t bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static int same(double a, double b)
{
    return bits(a) == bits(b) || (isnan(a) && isnan(b));
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

/* Uniform in (-1, 1). */
static void fill(uint64_t seed, int64_t n, double *x)
{
    uint64_t state = seed;
    for (int64_t i = 0; i < n; i++) {
        x[i] = ((double)(draw(&state) >> 11) + 0.5) * 0x1p-52 - 1.0;
    }
}

static double *vector(int64_t n)
{
    double *v = malloc((size_t)n * sizeof *v);
    ck_assert_ptr_nonnull(v);
    return v;
}

/* docs/determinism.md: block dots of 32 lanes, summed exactly. */
static double defined_dot(int64_t n, const double *x, const double *y)
{
    double block[MOST_N / SADDLE_I_BLOCK + 1];
    int64_t blocks = 0;
    for (int64_t first = 0; first < n; first += SADDLE_I_BLOCK) {
        double lane[32] = {0.0};
        for (int64_t i = first; i < n && i < first + SADDLE_I_BLOCK; i++) {
            lane[(i - first) % 32] += x[i] * y[i];
        }
        for (int half = 16; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) {
                lane[j] += lane[j + half];
            }
        }
        block[blocks++] = lane[0];
    }
    return saddle_i_exact_sum(blocks, block);
}

/* A basis of `count` random vectors. */
static void start(struct saddle_i_basis *b, const struct saddle_i_kernels *k, int64_t n, int64_t count)
{
    saddle_i_basis_init(b, saddle_i_context_hold(NULL), k, n, count);
    EXPECT_OK(saddle_i_basis_reserve(b, count));
    for (int64_t j = 0; j < count; j++) {
        fill(100 + (uint64_t)j, n, saddle_i_basis_vector(b, j));
    }
}

#define EACH_SET_AND_SIZE(k, n)                                                \
    for (int level_ = 0; level_ < LEVELS; level_++)                             \
        for (EACH(size_, sizes))                                                \
            for (const struct saddle_i_kernels *k = saddle_i_kernels_at(level_); k != NULL; k = NULL) \
                for (int64_t n = sizes[size_]; n > 0; n = 0)

START_TEST(dots_as_defined)
{
    double *x = vector(MOST_N);
    fill(1, MOST_N, x);
    EACH_SET_AND_SIZE(k, n) {
        struct saddle_i_basis b;
        start(&b, k, n, MOST_VECTORS);
        double c[MOST_VECTORS + 1];
        const int64_t from[] = {0, 0, 3, 20, 5};
        const int64_t to[] = {MOST_VECTORS, 8, 20, 21, 5}; /* the last: none */
        for (EACH(i, from)) {
            for (int64_t j = 0; j <= MOST_VECTORS; j++) {
                c[j] = 77.0;
            }
            saddle_i_basis_dots(&b, from[i], to[i], x, c);
            for (int64_t j = from[i]; j < to[i]; j++) {
                REQUIRE(same(c[j - from[i]], defined_dot(n, saddle_i_basis_vector(&b, j), x)));
            }
            REQUIRE(c[to[i] - from[i]] == 77.0);
        }
        saddle_i_basis_fini(&b);
    }
    free(x);
}
END_TEST

START_TEST(a_bad_entry_shows_in_its_own_dot)
{
    const int64_t n = SADDLE_I_BLOCK + 100;
    struct saddle_i_basis b;
    start(&b, saddle_i_kernels_best(), n, 3);
    double *x = vector(n);
    fill(1, n, x);
    saddle_i_basis_vector(&b, 1)[n - 1] = SADDLE_I_INF;
    double c[3];
    saddle_i_basis_dots(&b, 0, 3, x, c);
    ck_assert(isfinite(c[0]) && isnan(c[1]) && isfinite(c[2]));
    saddle_i_basis_fini(&b);
    free(x);
}
END_TEST

START_TEST(subtract_and_combine_as_defined)
{
    double *x = vector(MOST_N);
    double *want = vector(MOST_N);
    double c[MOST_VECTORS];
    fill(9, MOST_VECTORS, c);
    EACH_SET_AND_SIZE(k, n) {
        struct saddle_i_basis b;
        start(&b, k, n, MOST_VECTORS);
        fill(2, n, x);
        memcpy(want, x, (size_t)n * sizeof *x);
        for (int64_t j = 4; j < 19; j++) {
            for (int64_t i = 0; i < n; i++) {
                want[i] = want[i] - c[j - 4] * saddle_i_basis_vector(&b, j)[i];
            }
        }
        saddle_i_basis_subtract(&b, 4, 19, c, x);
        EXPECT_SAME(x, want, (size_t)n * sizeof *x);
        for (int64_t i = 0; i < n; i++) {
            want[i] = c[0] * saddle_i_basis_vector(&b, 0)[i];
            for (int64_t j = 1; j < 18; j++) {
                want[i] = want[i] + c[j] * saddle_i_basis_vector(&b, j)[i];
            }
        }
        saddle_i_basis_combine(&b, 18, c, x);
        EXPECT_SAME(x, want, (size_t)n * sizeof *x);
        memset(want, 0, (size_t)n * sizeof *x);
        saddle_i_basis_combine(&b, 0, c, x);
        EXPECT_SAME(x, want, (size_t)n * sizeof *x);
        saddle_i_basis_fini(&b);
    }
    free(x);
    free(want);
}
END_TEST

/* v_i = sum_j s_ij v_j by long double; each entry within the error of any order of summation. */
static void expect_rotation(int64_t n, int64_t m, int64_t p, int64_t countable)
{
    struct saddle_i_basis b;
    struct saddle_i_basis before;
    start(&b, saddle_i_kernels_best(), n, m);
    start(&before, saddle_i_kernels_best(), n, m);
    b.countable = countable;
    double *s = vector(p * m);
    fill(11, p * m, s);
    double *room = vector(SADDLE_I_TILE * p + 1);
    room[SADDLE_I_TILE * p] = 77.0;
    saddle_i_basis_rotate(&b, m, p, s, room);
    REQUIRE(room[SADDLE_I_TILE * p] == 77.0);
    for (int64_t i = 0; i < p; i++) {
        for (int64_t at = 0; at < n; at++) {
            long double sum = 0.0L;
            long double size = 0.0L;
            for (int64_t j = 0; j < m; j++) {
                const long double term = (long double)s[i * m + j] * (long double)saddle_i_basis_vector(&before, j)[at];
                sum += term;
                size += fabsl(term);
            }
            const long double error = fabsl((long double)saddle_i_basis_vector(&b, i)[at] - sum);
            REQUIRE(error <= (long double)(m + 1) * 0x1p-53L * size);
        }
    }
    for (int64_t i = p; i < m; i++) {
        REQUIRE(memcmp(saddle_i_basis_vector(&b, i), saddle_i_basis_vector(&before, i), (size_t)n * sizeof *s) == 0);
    }
    saddle_i_basis_fini(&b);
    saddle_i_basis_fini(&before);
    free(s);
    free(room);
}

/* Also where a stride is more than BLAS can count, so that vectors go one by one. */
START_TEST(rotate_combines_in_place)
{
    const int64_t n[] = {1, 5, 255, 256, 257, 1000, MOST_N};
    for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
        for (EACH(i, n)) {
            const int64_t countable = one_by_one ? n[i] - 1 : n[i] + 7;
            expect_rotation(n[i], 1, 1, countable);
            expect_rotation(n[i], 16, 16, countable);
            expect_rotation(n[i], 20, 10, countable);
            expect_rotation(n[i], 33, 1, countable);
        }
        expect_rotation(300, 150, 130, one_by_one ? 299 : INT_MAX); /* more than one product's rows */
    }
}
END_TEST

START_TEST(rotate_by_a_permutation_is_exact)
{
    enum { N = 700, M = 37 };
    struct saddle_i_basis b;
    start(&b, saddle_i_kernels_best(), N, M);
    static double s[M * M];
    for (int i = 0; i < M; i++) {
        s[i * M + (i * 5 + 3) % M] = i % 2 == 0 ? 1.0 : -2.0;
    }
    double *room = vector(SADDLE_I_TILE * M);
    saddle_i_basis_rotate(&b, M, M, s, room);
    double want[N];
    for (int i = 0; i < M; i++) {
        fill(100 + (uint64_t)((i * 5 + 3) % M), N, want);
        for (int j = 0; j < N; j++) {
            REQUIRE(saddle_i_basis_vector(&b, i)[j] == (i % 2 == 0 ? 1.0 : -2.0) * want[j]);
        }
    }
    saddle_i_basis_fini(&b);
    free(room);
}
END_TEST

/* With one vector the stride is never walked: it may be any. */
START_TEST(rotate_does_without_a_stride_that_is_no_int)
{
    enum { N = 600 };
    struct saddle_i_basis b;
    start(&b, saddle_i_kernels_best(), N, 1);
    const int64_t stride = b.stride;
    b.stride = (int64_t)INT_MAX + 1;
    const double s = -0.5;
    double room[SADDLE_I_TILE];
    saddle_i_basis_rotate(&b, 1, 1, &s, room);
    b.stride = stride;
    double want[N];
    fill(100, N, want);
    for (int i = 0; i < N; i++) {
        REQUIRE(saddle_i_basis_vector(&b, 0)[i] == -0.5 * want[i]);
    }
    saddle_i_basis_fini(&b);
}
END_TEST

START_TEST(reserve_grows_in_place)
{
    enum { N = 13, MOST = 40 };
    struct memory memory;
    saddle_allocator allocator = memory_allocator(&memory, 0xA5);
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&allocator, &c));
    struct saddle_i_basis b;
    saddle_i_basis_init(&b, c, saddle_i_kernels_best(), N, MOST);
    const double *where[MOST];
    for (int64_t count = 1; count <= MOST; count++) {
        EXPECT_OK(saddle_i_basis_reserve(&b, count));
        double *v = saddle_i_basis_vector(&b, count - 1);
        where[count - 1] = v;
        REQUIRE((uintptr_t)v % 64 == 0);
        fill((uint64_t)count, N, v);
    }
    ck_assert(b.stride == 16);
    const int64_t calls = memory.calls;
    EXPECT_OK(saddle_i_basis_reserve(&b, 7)); /* what is there is not asked for again */
    ck_assert(memory.calls == calls);
    /* the last chunk has 8 vectors: 40 in all, and not 48 */
    ck_assert_msg(memory.bytes < (int64_t)(46 * 16 * sizeof(double)), "%lld bytes", (long long)memory.bytes);
    for (int64_t j = 0; j < MOST; j++) {
        double want[N];
        fill((uint64_t)j + 1, N, want);
        REQUIRE(saddle_i_basis_vector(&b, j) == where[j] && memcmp(where[j], want, sizeof want) == 0);
    }
    saddle_i_basis_fini(&b);
    saddle_context_destroy(c);
    ck_assert(memory.blocks == 0 && memory.faults == 0);
}
END_TEST

START_TEST(reserve_can_fail_and_go_on)
{
    struct memory memory;
    saddle_allocator allocator = memory_allocator(&memory, 0);
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&allocator, &c));
    struct saddle_i_basis b;
    saddle_i_basis_init(&b, c, saddle_i_kernels_best(), 100, 64);
    memory.fail_at = memory.calls + 2;
    EXPECT_FAIL(saddle_i_basis_reserve(&b, 40), SADDLE_E_MEMORY, "bytes");
    saddle_i_basis_vector(&b, 0)[99] = 4.0; /* the first chunk is there */
    EXPECT_OK(saddle_i_basis_reserve(&b, 40));
    ck_assert(saddle_i_basis_vector(&b, 0)[99] == 4.0);
    saddle_i_basis_fini(&b);
    const int64_t huge[] = {INT64_MAX, INT64_MAX - 8, INT64_MAX / 8 - 7, INT64_MAX / 8 / 16 + 8};
    for (EACH(i, huge)) {
        saddle_i_basis_init(&b, c, saddle_i_kernels_best(), huge[i], 64);
        EXPECT_FAIL(saddle_i_basis_reserve(&b, 40), SADDLE_E_OVERFLOW, "more than this machine can address");
        saddle_i_basis_fini(&b);
    }
    const int64_t longest = PTRDIFF_MAX / 8 - 8; /* whose stride can be counted in bytes */
    saddle_i_basis_init(&b, c, saddle_i_kernels_best(), longest + 1, 64);
    EXPECT_FAIL(saddle_i_basis_reserve(&b, 1), SADDLE_E_OVERFLOW, "a vector of ");
    saddle_i_basis_init(&b, c, saddle_i_kernels_best(), longest, 64);
    EXPECT_FAIL(saddle_i_basis_reserve(&b, 1), SADDLE_E_OVERFLOW, "things of ");
    saddle_context_destroy(c);
    ck_assert(memory.blocks == 0 && memory.faults == 0);
}
END_TEST

START_TEST(two_dots_as_defined)
{
    double *x = vector(3 * MOST_N);
    fill(3, 3 * MOST_N, x);
    const double *y = x + MOST_N;
    const double *p = y + MOST_N;
    EACH_SET_AND_SIZE(k, n) {
        double a = 0.0;
        double b = 0.0;
        saddle_i_two_dots(k, n, y, x, &a, p, &b);
        REQUIRE(same(a, defined_dot(n, x, y)) && same(b, defined_dot(n, p, y)));
        double alone = 0.0;
        saddle_i_two_dots(k, n, y, x, &alone, NULL, &b);
        REQUIRE(same(alone, a) && same(b, defined_dot(n, p, y)));
        saddle_i_two_dots(k, n, y, x, &alone, NULL, NULL);
        REQUIRE(same(alone, a));
    }
    free(x);
}
END_TEST

/* Sizes of y, x and p: ordinary; squares that leave the range at either end, in all blocks or in some; results of 0. */
static void scale_to(int kind, int64_t n, double *y)
{
    static const double scale[] = {1.0, 1e-200, 1e200, 1e-300, 1e300};
    for (int64_t i = 0; i < n; i++) {
        if (kind < 5) {
            y[i] *= scale[kind];
        } else if (kind == 5) { /* a large block behind small ones */
            y[i] *= i < n - 5 ? 1e-200 : 1e200;
        } else if (kind == 6) {
            y[i] *= i % 3 == 0 ? 1e150 : 1e-160;
        } else if (kind == 7) {
            y[i] = 0.0;
        } else {
            y[i] = i == n - 1 ? SADDLE_I_NAN : y[i];
        }
    }
}

START_TEST(three_terms_as_defined)
{
    double *x = vector(4 * MOST_N);
    double *p = x + MOST_N;
    double *y = p + MOST_N;
    double *want = y + MOST_N;
    EACH_SET_AND_SIZE(k, n) {
        for (int kind = 0; kind < 9; kind++) {
            for (int with_p = 0; with_p < 2; with_p++) {
                fill(4, n, x);
                fill(5, n, p);
                fill(6, n, y);
                scale_to(kind, n, x);
                scale_to(kind, n, p);
                scale_to(kind, n, y);
                for (int64_t i = 0; i < n; i++) {
                    want[i] = y[i] - 0.3 * x[i];
                    want[i] = with_p ? want[i] - 1.7 * p[i] : want[i];
                }
                const double norm = saddle_i_three_terms(k, n, 0.3, x, 1.7, with_p ? p : NULL, y);
                for (int64_t i = 0; i < n; i++) {
                    REQUIRE(same(y[i], want[i]));
                }
                REQUIRE(same(norm, saddle_i_norm(saddle_i_kernels_at(0), n, want)));
                REQUIRE(kind == 8 ? isnan(norm) : isfinite(norm));
                REQUIRE(kind >= 7 || norm > 0.0);
            }
        }
    }
    free(x);
}
END_TEST

START_TEST(scaled_copy_as_defined)
{
    double *x = vector(2 * MOST_N + 1);
    fill(7, MOST_N, x);
    double *y = x + MOST_N;
    EACH_SET_AND_SIZE(k, n) {
        y[n] = 77.0;
        saddle_i_scaled_copy(k, n, 0.7, x, y);
        for (int64_t i = 0; i < n; i++) {
            REQUIRE(bits(y[i]) == bits(0.7 * x[i]));
        }
        REQUIRE(y[n] == 77.0);
    }
    free(x);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        dots_as_defined, a_bad_entry_shows_in_its_own_dot, subtract_and_combine_as_defined, rotate_combines_in_place,
        rotate_by_a_permutation_is_exact, rotate_does_without_a_stride_that_is_no_int, reserve_grows_in_place,
        reserve_can_fail_and_go_on, two_dots_as_defined, three_terms_as_defined, scaled_copy_as_defined,
    };
    Suite *s = suite_create("basis");
    TCase *t = tcase_create("basis");
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
