/* SPDX-License-Identifier: BSD-3-Clause */
/* The bounds of a checkpoint's fields, written down a second time: what the reader is asked with in the other tests comes from its own
 * table. And what a save or a load must leave alone. */
#include <fenv.h>
#include <stdlib.h>
#include "support/checkpoint_file.h"
#include "support/expect.h"
#include "support/faulty_system.h"
#include "support/run_suite.h"

#define LONGEST (INT64_C(1) << 62)
#define STEPS SADDLE_I_STEPS

static const struct {
    const char *name;
    int64_t low, high;
} integers[] = {
    {"step", 0, LONGEST / 2}, {"used", 0, LONGEST}, {"perturbations", 0, STEPS}, {"escaping", 0, 1}, {"method_stop", 0, 1},
    {"monitor_stop", 0, 1}, {"put_off", 0, 1}, {"looked", -1, STEPS}, {"told", 0, STEPS}, {"tolerance_stop", 0, SADDLE_STOP_DIVERGED},
    {"stop", 0, SADDLE_STOP_DIVERGED}, {"kind", 0, SADDLE_KIND_SECOND_ORDER}, {"has_kept", 0, 1}, {"swapped", 0, 1}, {"seen_step", 0, STEPS},
    {"checks", 0, LONGEST / 2}, {"check_kind", 0, SADDLE_KIND_SECOND_ORDER}, {"checked_here", 0, 1}, {"gradient_here", 0, 1},
    {"gradient_with_value", 0, 1}, {"value_here", 0, 1}, {"own_schedule", 0, 1}, {"callback_code", -2147483648LL, 2147483647LL},
    {"value_samples", 0, LONGEST}, {"gradient_samples", 0, LONGEST}, {"hessvec_samples", 0, LONGEST}, {"slopes_samples", 0, LONGEST},
};
enum { INTEGERS = sizeof integers / sizeof integers[0] };

START_TEST(every_integer_has_the_bounds_of_the_format)
{
    struct saddle_i_field f;
    int k = 0;
    for (; k < INTEGERS; k++) {
        ck_assert_int_eq(saddle_i_integer_field(&saddle_i_method_pgd, k, &f), 1);
        ck_assert_str_eq(f.name, integers[k].name);
        ck_assert_msg(f.low == integers[k].low && f.high == integers[k].high, "%s: %lld .. %lld", f.name, (long long)f.low, (long long)f.high);
    }
    for (; saddle_i_integer_field(&saddle_i_method_pgd, k, &f) != 0; k++) { /* counters of the method */
        const char *const own = saddle_i_method_pgd.counters[k - INTEGERS];
        ck_assert(strncmp(f.name, "method.", 7) == 0 && strcmp(f.name + 7, own) == 0);
        ck_assert_msg(f.low == -LONGEST - 1 && f.high == STEPS, "%s: %lld .. %lld", f.name, (long long)f.low, (long long)f.high);
    }
    ck_assert_int_gt(k, INTEGERS);
}
END_TEST

/* Vectors are read into those of the solver; when the last of them is refused, the first are zeros again, as they were. */
START_TEST(a_refused_file_leaves_nothing_in_the_vectors)
{
    struct session y;
    struct saddle_i_saved v[SADDLE_I_MOST_SAVED];
    file_begin();
    struct file f = file_copy();
    saddle_i_store_real(file_section(&f, "method.snapshot") + SADDLE_I_SECTION_HEADER + 8 * (SESSION_DIM - 1), SADDLE_I_NAN);
    file_seal(&f);
    write_content(file_path, f.bytes, f.size);
    ck_assert(session_begin(&y, NULL, FILE_PGD, &session_plans[2], FILE_STEPS));
    EXPECT_FAIL(saddle_solver_load(y.s, file_path), SADDLE_E_FORMAT, "section method.snapshot is NaN");
    y.s->has_kept = 1;
    const int count = saddle_i_saved_vectors(y.s, v);
    ck_assert_int_eq(count, 3);
    for (int i = 1; i < count; i++) {
        for (int j = 0; j < SESSION_DIM; j++) {
            ck_assert_msg(v[i].content[j] == 0.0, "entry %d of %s is %g", j, v[i].name, v[i].content[j]);
        }
    }
    y.s->has_kept = 0;
    session_end(&y);
    free(f.bytes);
    file_end();
}
END_TEST

/* Another rounding mode of the caller is its own again after each call, well or not. */
START_TEST(rounding_modes_are_given_back)
{
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    file_begin();
    for (int k = 0; k < 3; k++) {
        struct session y;
        ck_assert(session_begin(&y, NULL, FILE_PGD, &session_plans[2], FILE_STEPS));
        ck_assert_int_eq(fesetround(modes[k]), 0);
        const saddle_status missing = saddle_solver_load(y.s, "/nowhere/at/all"), loaded = saddle_solver_load(y.s, file_path);
        const int after_load = fegetround();
        const saddle_status saved = saddle_solver_save(y.s, file_path), refused = saddle_solver_save(y.s, "/nowhere/at/all");
        const int after_save = fegetround();
        ck_assert_int_eq(fesetround(FE_TONEAREST), 0);
        ck_assert_int_eq(missing, SADDLE_E_IO);
        ck_assert_int_eq(refused, SADDLE_E_IO);
        EXPECT_OK(loaded);
        EXPECT_OK(saved);
        ck_assert_int_eq(after_load, modes[k]);
        ck_assert_int_eq(after_save, modes[k]);
        session_end(&y);
    }
    file_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_bounds");
    TCase *c = tcase_create("bounds");
    tcase_add_test(c, every_integer_has_the_bounds_of_the_format);
    tcase_add_test(c, a_refused_file_leaves_nothing_in_the_vectors);
    tcase_add_test(c, rounding_modes_are_given_back);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
