/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts: allocators, sizes of structs, the log, threads, who keeps whom alive. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <stdio.h>

static saddle_context *const poison = (saddle_context *)(uintptr_t)0x5a5a5a50;

START_TEST(bad_allocators_are_refused)
{
    struct memory m;
    saddle_context *c = poison;
    EXPECT_FAIL(saddle_context_create(NULL, NULL), SADDLE_E_ARGUMENT, "out is NULL");
    saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_FAIL(saddle_context_create(&a, NULL), SADDLE_E_ARGUMENT, "out is NULL");
    a.alloc = NULL;
    EXPECT_FAIL(saddle_context_create(&a, &c), SADDLE_E_ARGUMENT, "alloc of the allocator is NULL");
    a = memory_allocator(&m, 0xA5);
    a.dealloc = NULL;
    EXPECT_FAIL(saddle_context_create(&a, &c), SADDLE_E_ARGUMENT, "dealloc of the allocator is NULL");
    ck_assert_ptr_eq(c, poison);
    ck_assert_int_eq(m.calls, 0);
}
END_TEST

START_TEST(the_size_of_an_allocator_is_checked)
{
    struct memory m;
    saddle_context *c = poison;
    static const int64_t bad[] = {0, -1, 8, (int64_t)sizeof(saddle_allocator) - 1, 65537, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char number[32];
        (void)snprintf(number, sizeof number, "%lld", (long long)bad[i]);
        saddle_allocator a = memory_allocator(&m, 0xA5);
        a.struct_size = bad[i];
        EXPECT_FAIL(saddle_context_create(&a, &c), SADDLE_E_STRUCT_SIZE, "sizeof(saddle_allocator)");
        EXPECT_MESSAGE(number);
        ck_assert_ptr_eq(c, poison);
        ck_assert_int_eq(m.calls, 0);
    }
}
END_TEST

START_TEST(a_newer_allocator_must_be_zero_in_what_is_not_known)
{
    struct newer {
        saddle_allocator a;
        unsigned char more[24];
    } n;
    struct memory m;
    saddle_context *c = poison;
    memset(&n, 0, sizeof n);
    n.a = memory_allocator(&m, 0xA5);
    n.a.struct_size = (int64_t)sizeof n;
    static const size_t places[] = {0, 11, 23};
    for (size_t i = 0; i < 3; i++) {
        n.more[places[i]] = 1;
        char number[32];
        (void)snprintf(number, sizeof number, "byte %zu ", sizeof n.a + places[i]);
        EXPECT_FAIL(saddle_context_create(&n.a, &c), SADDLE_E_UNSUPPORTED, "saddle_allocator");
        EXPECT_MESSAGE(number);
        ck_assert_ptr_eq(c, poison);
        n.more[places[i]] = 0;
    }
    EXPECT_OK(saddle_context_create(&n.a, &c));
    saddle_context_destroy(c);
    ck_assert_int_eq(m.calls, 1);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

START_TEST(a_refusal_is_told)
{
    struct memory m;
    saddle_context *c = poison;
    saddle_allocator a = memory_allocator(&m, 0xA5);
    m.fail_at = 1;
    EXPECT_FAIL(saddle_context_create(&a, &c), SADDLE_E_MEMORY, "the allocator returned NULL for ");
    ck_assert_ptr_eq(c, poison);
    EXPECT_OK(saddle_context_create(&a, &c));
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

START_TEST(the_allocator_is_copied)
{
    struct memory m;
    saddle_context *c = NULL;
    saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    memset(&a, 0, sizeof a);
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(c, &o));
    ck_assert_int_eq(m.blocks, 2);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 2); /* the options keep it alive */
    saddle_options_destroy(o);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

START_TEST(settings_have_bounds)
{
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_FAIL(saddle_context_set_threads(NULL, 1), SADDLE_E_ARGUMENT, "the context is NULL");
    EXPECT_FAIL(saddle_context_set_threads(c, 0), SADDLE_E_ARGUMENT, "threads is 0, outside 1 .. 1024");
    EXPECT_FAIL(saddle_context_set_threads(c, -5), SADDLE_E_ARGUMENT, "threads is -5,");
    EXPECT_FAIL(saddle_context_set_threads(c, 1025), SADDLE_E_ARGUMENT, "threads is 1025,");
    EXPECT_FAIL(saddle_context_set_threads(c, INT64_MIN), SADDLE_E_ARGUMENT, "threads is -9223372036854775808,");
    EXPECT_OK(saddle_context_set_threads(c, 1024));
    EXPECT_OK(saddle_context_set_threads(c, 1));
    EXPECT_FAIL(saddle_context_set_log(NULL, NULL, NULL, 0), SADDLE_E_ARGUMENT, "the context is NULL");
    EXPECT_FAIL(saddle_context_set_log(c, NULL, NULL, -1), SADDLE_E_ARGUMENT, "level is -1, outside 0 .. 3");
    EXPECT_FAIL(saddle_context_set_log(c, NULL, NULL, 4), SADDLE_E_ARGUMENT, "level is 4, outside 0 .. 3");
    EXPECT_OK(saddle_context_set_log(c, NULL, NULL, 3));
    saddle_context_destroy(c);
    saddle_context_destroy(NULL);
    saddle_objective_destroy(NULL);
    saddle_options_destroy(NULL);
    saddle_solver_destroy(NULL);
    saddle_solver_request_stop(NULL);
}
END_TEST

struct log {
    int lines;
    int32_t level;
    char last[512];
};

static void keep_line(void *user, int32_t level, const char *line)
{
    struct log *l = user;
    l->lines++;
    l->level = level;
    (void)snprintf(l->last, sizeof l->last, "%s", line);
}

static void run_once(saddle_context *c)
{
    struct problem p;
    double w[4];
    problem_init(&p, 4, 3, 0, TOGETHER);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, c);
    saddle_options *o = recipe_options(0, c, 12);
    EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_GD, o, w, NULL));
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}

START_TEST(the_log_has_one_line_a_run)
{
    struct log l = {0, 0, ""};
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(NULL, &c));
    for (int32_t level = 0; level <= 1; level++) {
        EXPECT_OK(saddle_context_set_log(c, keep_line, &l, level));
        run_once(c);
        ck_assert_int_eq(l.lines, 0);
    }
    EXPECT_OK(saddle_context_set_log(c, keep_line, &l, 2));
    run_once(c);
    ck_assert_int_eq(l.lines, 1);
    ck_assert_int_eq(l.level, 2);
    ck_assert_ptr_nonnull(strstr(l.last, "gd stopped by steps after 12 steps"));
    ck_assert_ptr_null(strchr(l.last, '\n'));
    EXPECT_OK(saddle_context_set_log(c, NULL, &l, 3));
    run_once(c);
    ck_assert_int_eq(l.lines, 1);
    saddle_context_destroy(c);
}
END_TEST

/* Context, objective, options and solver are numbers 0 to 3, and are destroyed in the order of the row. */
START_TEST(any_order_of_destruction_will_do)
{
    static const int orders[6][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2},
                                     {2, 3, 0, 1}, {0, 2, 1, 3}, {1, 3, 2, 0}};
    const int *order = orders[_i];
    struct memory m;
    struct problem p;
    double w[4];
    problem_init(&p, 4, 9, 2, TOGETHER);
    problem_start(&p, w);
    saddle_context *c = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    EXPECT_OK(saddle_context_set_threads(c, 2));
    saddle_objective *f = problem_objective(&p, c);
    EXPECT_OK(saddle_objective_set_destructor(f, problem_destructor));
    saddle_options *o = recipe_options(0, c, 3);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    EXPECT_OK(saddle_solver_step(s, 1));
    int have_objective = 1, have_solver = 1;
    for (int k = 0; k < 4; k++) {
        switch (order[k]) {
        case 0: saddle_context_destroy(c); break;
        case 1: saddle_objective_destroy(f); have_objective = 0; break;
        case 2: saddle_options_destroy(o); break;
        default: saddle_solver_destroy(s); have_solver = 0; break;
        }
        ck_assert_int_eq(p.destroyed, !have_objective && !have_solver);
        if (have_solver) {
            EXPECT_OK(k < 2 ? saddle_solver_step(s, k == 0) : SADDLE_OK);
        }
    }
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.bytes, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("context");
    TCase *c = tcase_create("context");
    tcase_add_test(c, bad_allocators_are_refused);
    tcase_add_test(c, the_size_of_an_allocator_is_checked);
    tcase_add_test(c, a_newer_allocator_must_be_zero_in_what_is_not_known);
    tcase_add_test(c, a_refusal_is_told);
    tcase_add_test(c, the_allocator_is_copied);
    tcase_add_test(c, settings_have_bounds);
    tcase_add_test(c, the_log_has_one_line_a_run);
    tcase_add_loop_test(c, any_order_of_destruction_will_do, 0, 6);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
