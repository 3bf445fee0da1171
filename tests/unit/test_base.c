/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory, messages, size-tagged structs, the clock and the floating-point environment. */
#include "base/base.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

START_TEST(sizes_that_overflow_are_told)
{
    struct memory m;
    saddle_context *c = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    const int64_t calls = m.calls;
    void *const poison = (void *)(uintptr_t)0x5a5a5a50;
    void *p = poison;
    static const struct {
        int64_t count;
        size_t size;
        const char *said;
    } bad[] = {
        {INT64_MAX, 8, "9223372036854775807 things of 8 bytes"},
        {INT64_C(1) << 60, 8, "1152921504606846976 things of 8 bytes"},
        {INT64_MAX, 1, "9223372036854775807 things of 1 bytes"}, /* no room for what goes in front */
        {INT64_C(1) << 41, (size_t)1 << 23, "2199023255552 things of 8388608 bytes"},
        {-1, 8, "-1 things of 8 bytes"},
        {2, SIZE_MAX / 2, "2 things of "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT_FAIL(saddle_i_alloc(c, bad[i].count, bad[i].size, &p), SADDLE_E_OVERFLOW, bad[i].said);
    }
    m.largest = 1000000;
    double *v = poison;
#if PTRDIFF_MAX > INT32_MAX
    EXPECT_FAIL(saddle_i_alloc(c, (INT64_C(1) << 60) - 100, 8, &p), SADDLE_E_MEMORY,
                "NULL for 9223372036854775072 bytes");
    EXPECT_FAIL(saddle_i_alloc_vector(c, INT64_C(1) << 41, &v), SADDLE_E_MEMORY, "NULL for 17592186044480 bytes");
#else /* the most that can be asked for, and one entry more; 2^41 entries cannot be addressed */
    EXPECT_FAIL(saddle_i_alloc(c, (INT64_C(1) << 28) - 9, 8, &p), SADDLE_E_MEMORY, "NULL for 2147483640 bytes");
    EXPECT_FAIL(saddle_i_alloc(c, (INT64_C(1) << 28) - 8, 8, &p), SADDLE_E_OVERFLOW, "268435448 things of 8 bytes");
    EXPECT_FAIL(saddle_i_alloc_vector(c, INT64_C(1) << 41, &v), SADDLE_E_OVERFLOW, "2199023255552 things of 8 bytes");
    EXPECT_FAIL(saddle_i_alloc_vector(c, (INT64_C(1) << 27), &v), SADDLE_E_MEMORY, "NULL for 1073741888 bytes");
#endif
    ck_assert(p == poison && (void *)v == poison);
    ck_assert_int_eq(m.calls, calls + 2);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

/* What malloc itself refuses, which AddressSanitizer would take for a mistake. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

START_TEST(memory_that_the_system_has_not_is_refused)
{
    void *const poison = (void *)(uintptr_t)0x5a5a5a50;
    void *p = poison;
    EXPECT_FAIL(saddle_i_alloc(saddle_i_context_hold(NULL), PTRDIFF_MAX - 4096, 1, &p), SADDLE_E_MEMORY, "NULL for ");
    ck_assert_ptr_eq(p, poison);
}
END_TEST

START_TEST(memory_is_aligned_and_returned_by_its_size)
{
    struct memory m;
    saddle_context *c = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    saddle_context *const contexts[] = {c, saddle_i_context_hold(NULL)};
    for (int k = 0; k < 2; k++) {
        for (int64_t n = 0; n < 70; n++) {
            void *p = NULL;
            EXPECT_OK(saddle_i_alloc(contexts[k], n, 3, &p));
            ck_assert_uint_eq((uintptr_t)p % 64, 0);
            memset(p, 1, (size_t)n * 3);
            saddle_i_free(contexts[k], p);
        }
    }
    saddle_i_free(c, NULL);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

START_TEST(a_context_lives_as_long_as_its_holders)
{
    struct memory m;
    saddle_context *c = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    ck_assert_ptr_eq(saddle_i_context_hold(c), c);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 1);
    saddle_i_context_release(c);
    ck_assert_int_eq(m.blocks, 0);
    saddle_context *const defaults = saddle_i_context_hold(NULL);
    for (int i = 0; i < 3; i++) {
        saddle_i_context_release(defaults); /* is never gone */
    }
    ck_assert_ptr_eq(saddle_i_context_hold(NULL), defaults);
    ck_assert_int_eq(defaults->threads, 1);
    saddle_i_context_release(NULL);
}
END_TEST

START_TEST(a_message_is_cut_to_its_room)
{
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(saddle_i_fail(SADDLE_E_IO, "%s %d", text, 7), SADDLE_E_IO);
    ck_assert_uint_eq(strlen(saddle_error_message()), 511);
    ck_assert_int_eq(saddle_i_fail(SADDLE_E_RANGE, "%g of %d", 2.5, 7), SADDLE_E_RANGE);
    ck_assert_str_eq(saddle_error_message(), "2.5 of 7");
}
END_TEST

START_TEST(messages_have_a_decimal_point_in_every_locale)
{
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "C"};
    const char *found = NULL;
    for (size_t k = 0; found == NULL; k++) {
        found = setlocale(LC_ALL, locales[k]);
    }
    (void)saddle_i_fail(SADDLE_E_RANGE, "%g", 0.5);
    ck_assert_str_eq(saddle_error_message(), "0.5");
    ck_assert_str_eq(setlocale(LC_ALL, NULL), found);
    (void)setlocale(LC_ALL, "C");
}
END_TEST

static char logged[64];

static void keep(void *user, int32_t level, const char *line)
{
    (void)snprintf(logged, sizeof logged, "%s%d %s", (const char *)user, (int)level, line);
}

START_TEST(reports_go_by_level)
{
    saddle_context *c = NULL;
    char user[] = ">";
    EXPECT_OK(saddle_context_create(NULL, &c));
    saddle_i_report(c, 1, "nobody listens");
    EXPECT_OK(saddle_context_set_log(c, keep, user, 2));
    saddle_i_report(c, 3, "too much");
    ck_assert_str_eq(logged, "");
    saddle_i_report(c, 2, "%d of %g", 3, 0.25);
    ck_assert_str_eq(logged, ">2 3 of 0.25");
    saddle_i_report(c, 1, "less");
    ck_assert_str_eq(logged, ">1 less");
    saddle_context_destroy(c);
}
END_TEST

struct first { /* of release one */
    int64_t struct_size, a;
};
struct mine { /* this library's */
    int64_t struct_size, a, b;
};
struct theirs { /* a newer caller's */
    int64_t struct_size, a, b, c;
};

START_TEST(structs_of_every_age_come_in)
{
    struct mine m = {7, 7, 7};
    const struct first old = {sizeof old, 1};
    EXPECT_OK(saddle_i_copy_in(&m, &old, sizeof m, sizeof old, "it"));
    ck_assert(m.a == 1 && m.b == 0); /* what is lacking is 0 */
    struct theirs new = {sizeof new, 1, 2, 0};
    EXPECT_OK(saddle_i_copy_in(&m, &new, sizeof m, sizeof old, "it"));
    ck_assert(m.a == 1 && m.b == 2);
    new.c = INT64_C(1) << 56;
    m.a = 7;
    EXPECT_FAIL(saddle_i_copy_in(&m, &new, sizeof m, sizeof old, "it"), SADDLE_E_UNSUPPORTED,
                "it has a member at byte 31");
    new.c = 0;
    new.struct_size = (int64_t)sizeof old - 1;
    EXPECT_FAIL(saddle_i_copy_in(&m, &new, sizeof m, sizeof old, "it"), SADDLE_E_STRUCT_SIZE,
                "of it is 15: set it to sizeof(it)");
    ck_assert_int_eq(m.a, 7);
}
END_TEST

START_TEST(structs_of_every_age_go_out)
{
    const struct mine m = {sizeof m, 1, 2};
    struct theirs out = {sizeof(struct first), 7, 7, 7};
    EXPECT_OK(saddle_i_copy_out(&out, &m, sizeof m, sizeof(struct first), "it"));
    ck_assert(out.struct_size == (int64_t)sizeof(struct first) && out.a == 1 && out.b == 7 && out.c == 7);
    out.struct_size = sizeof(struct theirs);
    EXPECT_OK(saddle_i_copy_out(&out, &m, sizeof m, sizeof(struct first), "it"));
    ck_assert(out.struct_size == (int64_t)sizeof m && out.b == 2 && out.c == 7);
    out.struct_size = (int64_t)sizeof(struct first) + 3; /* bytes, not members */
    out.a = out.b = -1;
    EXPECT_OK(saddle_i_copy_out(&out, &m, sizeof m, sizeof(struct first), "it"));
    ck_assert_int_eq(out.struct_size, sizeof(struct first) + 3);
    ck_assert_int_eq(out.a, 1);
    out.struct_size = 0;
    EXPECT_FAIL(saddle_i_copy_out(&out, &m, sizeof m, sizeof(struct first), "it"), SADDLE_E_STRUCT_SIZE, "of it is 0:");
}
END_TEST

START_TEST(the_clock_does_not_go_back)
{
    double last = saddle_i_clock();
    const double start = last;
    for (int i = 0; i < 1000 || last == start; i++) {
        const double now = saddle_i_clock();
        ck_assert(now >= last);
        last = now;
    }
    ck_assert_double_gt(last, start);
}
END_TEST

START_TEST(the_environment_is_entered_and_left)
{
    static const int modes[] = {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO, FE_TONEAREST};
    volatile double one = 1.0, three = 3.0;
    for (int k = 0; k < 4; k++) {
        struct saddle_i_fenv e;
        ck_assert_int_eq(fesetround(modes[k]), 0);
        const double caller = one / three;
        saddle_i_fenv_enter(&e);
        const int inside = fegetround();
        const double ours = one / three;
        saddle_i_fenv_leave(&e);
        const int outside = fegetround();
        const double caller_again = one / three;
        (void)fesetround(FE_TONEAREST);
        ck_assert_int_eq(inside, FE_TONEAREST);
        ck_assert(ours == 0x1.5555555555555p-2);
        ck_assert_int_eq(outside, modes[k]);
        ck_assert(caller == caller_again);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *c = tcase_create("base");
    tcase_add_test(c, sizes_that_overflow_are_told);
    tcase_add_test(c, memory_that_the_system_has_not_is_refused);
    tcase_add_test(c, memory_is_aligned_and_returned_by_its_size);
    tcase_add_test(c, a_context_lives_as_long_as_its_holders);
    tcase_add_test(c, a_message_is_cut_to_its_room);
    tcase_add_test(c, messages_have_a_decimal_point_in_every_locale);
    tcase_add_test(c, reports_go_by_level);
    tcase_add_test(c, structs_of_every_age_come_in);
    tcase_add_test(c, structs_of_every_age_go_out);
    tcase_add_test(c, the_clock_does_not_go_back);
    tcase_add_test(c, the_environment_is_entered_and_left);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
