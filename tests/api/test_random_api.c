/* SPDX-License-Identifier: BSD-3-Clause */
/* The public random numbers: arguments, known answers, any split, any environment. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <math.h>
#include <saddle/saddle.h>

static const saddle_random_stream good = {1, 2, 3};

START_TEST(bad_arguments_are_refused)
{
    uint32_t bits[4] = {77, 77, 77, 77};
    double x[3] = {-77.0, -77.0, -77.0};
    const saddle_random_stream purpose = {1, 256, 3}, step = {1, 2, UINT64_C(1) << 56};
    EXPECT_FAIL(saddle_random_bits(NULL, 0, bits), SADDLE_E_ARGUMENT, "saddle_random_bits");
    EXPECT_FAIL(saddle_random_bits(&good, 0, NULL), SADDLE_E_ARGUMENT, "saddle_random_bits");
    EXPECT_FAIL(saddle_random_bits(&purpose, 0, bits), SADDLE_E_RANGE, "256");
    EXPECT_FAIL(saddle_random_bits(&step, 0, bits), SADDLE_E_RANGE, "72057594037927936");
    ck_assert_uint_eq(bits[0], 77);
    typedef saddle_status filler(const saddle_random_stream *s, int64_t offset, int64_t count, double *u);
    filler *const fillers[] = {saddle_random_uniform, saddle_random_normal};
    for (int k = 0; k < 2; k++) {
        filler *const fill = fillers[k];
        x[0] = x[1] = x[2] = -77.0;
        const char *const name = k == 0 ? "saddle_random_uniform" : "saddle_random_normal";
        EXPECT_FAIL(fill(NULL, 0, 3, x), SADDLE_E_ARGUMENT, name);
        EXPECT_FAIL(fill(&good, 0, 3, NULL), SADDLE_E_ARGUMENT, name);
        EXPECT_FAIL(fill(&good, -1, 3, x), SADDLE_E_ARGUMENT, "-1");
        EXPECT_FAIL(fill(&good, 0, -3, x), SADDLE_E_ARGUMENT, "-3");
        EXPECT_FAIL(fill(&good, INT64_MIN, INT64_MIN, x), SADDLE_E_ARGUMENT, name);
        EXPECT_FAIL(fill(&purpose, 0, 3, x), SADDLE_E_RANGE, "256");
        EXPECT_FAIL(fill(&step, 0, 3, x), SADDLE_E_RANGE, "72057594037927936");
        EXPECT_FAIL(fill(&good, (INT64_C(1) << 41) - 2, 3, x), SADDLE_E_RANGE, "2^41");
        EXPECT_FAIL(fill(&good, INT64_MAX, 3, x), SADDLE_E_RANGE, "2^41");
        EXPECT_FAIL(fill(&good, 1, INT64_MAX, x), SADDLE_E_RANGE, "2^41");
        ck_assert(x[0] == -77.0 && x[1] == -77.0 && x[2] == -77.0);
        EXPECT_OK(fill(&good, 5, 0, NULL));
        EXPECT_OK(fill(&good, (INT64_C(1) << 41) - 3, 3, x));
        ck_assert(isfinite(x[0]) && isfinite(x[2]));
    }
}
END_TEST

START_TEST(known_answers)
{
    const saddle_random_stream zero = {0, 0, 0}, mixed = {UINT64_C(0x123456789abcdef0), 2, UINT64_C(0x700000005)};
    const saddle_random_stream ones = {UINT64_MAX, 255, (UINT64_C(1) << 56) - 1};
    uint32_t b[4];
    double u[2], z[2];
    EXPECT_OK(saddle_random_bits(&zero, 0, b));
    ck_assert_uint_eq(b[0] | (uint64_t)b[1] << 32, UINT64_C(0xe169c58d6627e8d5));
    ck_assert_uint_eq(b[2] | (uint64_t)b[3] << 32, UINT64_C(0x9b00dbd8bc57ac4c));
    EXPECT_OK(saddle_random_uniform(&zero, 0, 2, u));
    ck_assert(u[0] == 0x1.c2d38b1acc4fdp-1 && u[1] == 0x1.3601b7b178af5p-1);
    EXPECT_OK(saddle_random_normal(&zero, 0, 2, z));
    ck_assert(z[0] == 0x1.fd7f5823e1d58p-2 && z[1] == 0x1.54cccb994bb3dp-4);
    EXPECT_OK(saddle_random_bits(&mixed, UINT64_C(0x8000000001), b));
    ck_assert_uint_eq(b[0] | (uint64_t)b[1] << 32, UINT64_C(0x43182fe073716409));
    EXPECT_OK(saddle_random_bits(&ones, UINT64_MAX, b));
    ck_assert_uint_eq(b[2] | (uint64_t)b[3] << 32, UINT64_C(0x6d5451fda20bc7c6));
}
END_TEST

START_TEST(any_split_has_the_same_bits)
{
    enum { N = 201 };
    double whole[N], parts[N];
    for (int k = 0; k < 2; k++) {
        saddle_status (*const fill)(const saddle_random_stream *, int64_t, int64_t, double *) =
            k == 0 ? saddle_random_uniform : saddle_random_normal;
        EXPECT_OK(fill(&good, 1000, N, whole));
        for (int64_t part = 1; part <= 9; part++) {
            for (int64_t at = N; at > 0; at -= part) { /* from behind */
                const int64_t first = at > part ? at - part : 0;
                EXPECT_OK(fill(&good, 1000 + first, at - first, parts + first));
            }
            EXPECT_SAME(parts, whole, sizeof whole);
        }
        EXPECT_OK(fill(&good, 1001, N - 1, parts)); /* an odd start */
        EXPECT_SAME(parts, whole + 1, sizeof whole - sizeof whole[0]);
    }
}
END_TEST

START_TEST(the_callers_environment_does_not_matter)
{
    enum { N = 64 };
    static const int modes[] = {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    double u[2][N], z[2][N];
    EXPECT_OK(saddle_random_uniform(&good, 0, N, u[0]));
    EXPECT_OK(saddle_random_normal(&good, 0, N, z[0]));
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(fesetround(modes[k]), 0);
        const saddle_status s = saddle_random_uniform(&good, 0, N, u[1]);
        const saddle_status t = saddle_random_normal(&good, 0, N, z[1]);
        const int mode = fegetround();
        (void)fesetround(FE_TONEAREST);
        EXPECT_OK(s);
        EXPECT_OK(t);
        ck_assert_int_eq(mode, modes[k]);
        EXPECT_SAME(u[0], u[1], sizeof u[0]);
        EXPECT_SAME(z[0], z[1], sizeof z[0]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random_api");
    TCase *c = tcase_create("random_api");
    tcase_add_test(c, bad_arguments_are_refused);
    tcase_add_test(c, known_answers);
    tcase_add_test(c, any_split_has_the_same_bits);
    tcase_add_test(c, the_callers_environment_does_not_matter);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
