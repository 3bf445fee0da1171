/* SPDX-License-Identifier: BSD-3-Clause */
/* The option table as the other rooms read it. */
#include "solver/options.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/run_suite.h"

START_TEST(a_copy_of_null_is_the_defaults)
{
    struct saddle_options copy;
    memset(&copy, 0x5a, sizeof copy);
    saddle_i_options_copy(&copy, NULL);
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    int64_t n = 0;
    for (; saddle_option_describe(n, &info) == SADDLE_OK; n++) {
        ck_assert(info.type == SADDLE_TYPE_REAL ? saddle_i_options_real(&copy, info.id) == info.initial
                                                : saddle_i_options_int(&copy, info.id) == (int64_t)info.initial);
        ck_assert_str_eq(saddle_i_option_name(info.id), info.name);
    }
    ck_assert_int_gt(n, 20);
    ck_assert_int_le(n, SADDLE_I_OPTION_COUNT);
    ck_assert_ptr_null(copy.context);
    ck_assert_str_eq(saddle_i_option_name(99), "?");
}
END_TEST

START_TEST(a_copy_keeps_no_context_alive)
{
    struct memory m;
    struct saddle_options copy;
    saddle_context *c = NULL;
    saddle_options *o = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    EXPECT_OK(saddle_options_create(c, &o));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_STEP_SIZE, 0.75));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, INT64_C(1) << 62));
    saddle_i_options_copy(&copy, o);
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_STEP_SIZE, 0.5));
    saddle_options_destroy(o);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_double_eq(saddle_i_options_real(&copy, SADDLE_OPT_STEP_SIZE), 0.75);
    ck_assert_int_eq(saddle_i_options_int(&copy, SADDLE_OPT_SEED), INT64_C(1) << 62);
    ck_assert_int_eq(saddle_i_options_int(&copy, SADDLE_OPT_MAX_STEPS), 10000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *c = tcase_create("options");
    tcase_add_test(c, a_copy_of_null_is_the_defaults);
    tcase_add_test(c, a_copy_keeps_no_context_alive);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
