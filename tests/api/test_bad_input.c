/* SPDX-License-Identifier: BSD-3-Clause */
/* What a solver refuses: arguments, options, callbacks, a w that was changed, calls in the wrong place. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static saddle_solver *const poison = (saddle_solver *)(uintptr_t)0x5a5a5a50;

START_TEST(null_and_unknown_are_refused)
{
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(0, NULL, 10);
    saddle_solver *s = poison;
    EXPECT_FAIL(saddle_solver_create(NULL, SADDLE_METHOD_GD, o, w, &s), SADDLE_E_ARGUMENT, "the objective is NULL");
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_GD, o, NULL, &s), SADDLE_E_ARGUMENT, "w is NULL");
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, NULL), SADDLE_E_ARGUMENT, "out is NULL");
    static const int none[] = {0, 8, 1000, 0x7fffffff};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char said[40];
        (void)snprintf(said, sizeof said, "method number %d", none[i]);
        EXPECT_FAIL(saddle_solver_create(f, (saddle_method)none[i], o, w, &s), SADDLE_E_UNSUPPORTED, said);
    }
    ck_assert_ptr_eq(s, poison);
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_FAIL(saddle_solver_step(NULL, 1), SADDLE_E_ARGUMENT, "saddle_solver_step: the solver is NULL");
    EXPECT_FAIL(saddle_solver_run(NULL), SADDLE_E_ARGUMENT, "saddle_solver_run: the solver is NULL");
    EXPECT_FAIL(saddle_solver_set_monitor(NULL, NULL, NULL), SADDLE_E_ARGUMENT, "set_monitor: the solver is NULL");
    EXPECT_FAIL(saddle_solver_set_schedule(NULL, NULL, NULL), SADDLE_E_ARGUMENT, "set_schedule: the solver is NULL");
    EXPECT_FAIL(saddle_solver_result(NULL, &r), SADDLE_E_ARGUMENT, "saddle_solver_result: the solver is NULL");
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    EXPECT_FAIL(saddle_solver_result(s, NULL), SADDLE_E_ARGUMENT, "saddle_solver_result: out is NULL");
    EXPECT_FAIL(saddle_solver_step(s, -1), SADDLE_E_ARGUMENT, "steps is -1, below 0");
    EXPECT_FAIL(saddle_solver_step(s, INT64_MIN), SADDLE_E_ARGUMENT, "steps is -9223372036854775808,");
    EXPECT_OK(saddle_solver_step(s, 3));
    EXPECT_OK(saddle_solver_step(s, INT64_MAX)); /* more than is left of the numbers */
    EXPECT_OK(saddle_solver_result(s, &r));
    ck_assert_int_eq(r.steps, 10);
    saddle_solver_destroy(s);
    EXPECT_FAIL(saddle_minimize(NULL, SADDLE_METHOD_GD, o, w, &r), SADDLE_E_ARGUMENT, "the objective is NULL");
    EXPECT_FAIL(saddle_minimize(f, SADDLE_METHOD_GD, o, NULL, &r), SADDLE_E_ARGUMENT, "w is NULL");
    EXPECT_FAIL(saddle_minimize(f, (saddle_method)9, o, w, &r), SADDLE_E_UNSUPPORTED, "method number 9");
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(a_start_that_is_not_finite_is_refused)
{
    static const int64_t dims[] = {1, 10, 33, 1000, 200000};
    const int64_t d = dims[_i];
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    static const char *const name[] = {"nan", "inf", "-inf"};
    struct problem p;
    problem_init(&p, d, 2, 0, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(0, NULL, 10);
    double *w = malloc((size_t)d * sizeof *w);
    problem_start(&p, w);
    for (int k = 0; k < 9; k++) {
        const int64_t entry = k % 3 == 0 ? 0 : k % 3 == 1 ? d / 2 : d - 1;
        const double kept = w[entry];
        saddle_solver *s = poison;
        char said[60];
        w[entry] = bad[k / 3];
        (void)snprintf(said, sizeof said, "entry %lld of w is %s", (long long)entry, name[k / 3]);
        EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s), SADDLE_E_NOT_FINITE, said);
        ck_assert_ptr_eq(s, poison);
        w[entry] = kept;
    }
    ck_assert_int_eq(p.calls, 0);
    free(w);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* method, options that are enough but for one, and the one. */
static const struct {
    saddle_method method;
    const char *given[9];
    const char *missing;
} lacking[] = {
    {SADDLE_METHOD_GD, {"check_every", "5", "eps_hessian", "1"}, "eps_gradient"},
    {SADDLE_METHOD_SGD, {"check_every", "5", "eps_gradient", "1"}, "eps_hessian"},
    {SADDLE_METHOD_SGD, {"step_size", "1", "escape_steps", "3"}, "escape_step"},
    {SADDLE_METHOD_SGD_GD, {"step_size", "1", "escape_steps", "3", "gradient_threshold", "1"}, "escape_step"},
    {SADDLE_METHOD_SGD_GD, {"step_size", "1", "escape_step", "3", "gradient_threshold", "1"}, "escape_steps"},
    {SADDLE_METHOD_SGD_GD, {"step_size", "1", "escape_step", "3", "escape_steps", "1"}, "gradient_threshold"},
    {SADDLE_METHOD_PGD,
     {"step_size", "1", "escape_steps", "3", "gradient_threshold", "1", "decrease_threshold", "1"},
     "radius"},
    {SADDLE_METHOD_PGD,
     {"step_size", "1", "radius", "3", "gradient_threshold", "1", "decrease_threshold", "1"},
     "escape_steps"},
    {SADDLE_METHOD_PGD,
     {"step_size", "1", "radius", "3", "escape_steps", "1", "decrease_threshold", "1"},
     "gradient_threshold"},
    {SADDLE_METHOD_PGD,
     {"step_size", "1", "radius", "3", "escape_steps", "1", "gradient_threshold", "1"},
     "decrease_threshold"},
    {SADDLE_METHOD_PSGD, {"step_size", "1"}, "noise"},
    {SADDLE_METHOD_SGLD, {"step_size", "1"}, "inverse_temperature"},
};
enum { LACKING = sizeof lacking / sizeof lacking[0] };

START_TEST(all_options_that_are_needed_are_named)
{
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    saddle_solver *s = poison;
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_PGD, NULL, w, &s), SADDLE_E_RANGE,
                ": radius, escape_steps, gradient_threshold, decrease_threshold");
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    set(o, "check_every", "1");
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_PSGD, o, w, &s), SADDLE_E_RANGE,
                "psgd with check_every needs these options, which are 0, set to numbers above 0: noise, eps_gradient, eps_hessian");
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(an_option_that_is_needed_is_named)
{
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    saddle_solver *s = poison;
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    for (int i = 0; lacking[_i].given[i] != NULL; i += 2) {
        set(o, lacking[_i].given[i], lacking[_i].given[i + 1]);
    }
    char said[80];
    (void)snprintf(said, sizeof said, "needs these options, which are 0, set to numbers above 0: %s", lacking[_i].missing);
    EXPECT_FAIL(saddle_solver_create(f, lacking[_i].method, o, w, &s), SADDLE_E_RANGE, said);
    EXPECT_MESSAGE(saddle_method_name(lacking[_i].method));
    ck_assert_ptr_eq(s, poison);
    set(o, lacking[_i].missing, "1");
    EXPECT_OK(saddle_solver_create(f, lacking[_i].method, o, w, &s));
    ck_assert_int_eq(p.calls, 0); /* no callback is called */
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(a_schedule_needs_a_time_scale)
{
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    saddle_solver *s = poison;
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(0, NULL, 0);
    set(o, "schedule", "inverse");
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s), SADDLE_E_RANGE,
                "schedule_time and max_steps are both 0");
    ck_assert_ptr_eq(s, poison);
    set(o, "schedule_time", "0.5");
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(a_missing_callback_is_named)
{
    static const char *const wants[][2] = {{"target_value", "1"}, {"output", "best"}};
    static const char *const said[] = {"target_value needs values", "output best needs values"};
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    saddle_solver *s = poison;
    problem_init(&p, 3, 5, 2, GRADIENT_ONLY);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(6, NULL, 10);
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_PGD, o, w, &s), SADDLE_E_MISSING, "pgd needs values");
    EXPECT_MESSAGE("saddle_objective_set_value()");
    for (int i = 0; i < 2; i++) {
        saddle_options *with = recipe_options(0, NULL, 10);
        set(with, wants[i][0], wants[i][1]);
        EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_GD, with, w, &s), SADDLE_E_MISSING, said[i]);
        saddle_options_destroy(with);
    }
    EXPECT_OK(saddle_objective_set_gradient(f, NULL));
    for (int k = 0; k < RECIPES; k++) {
        saddle_options *each = recipe_options(k, NULL, 10);
        EXPECT_FAIL(saddle_solver_create(f, recipes[k].method, each, w, &s), SADDLE_E_MISSING,
                    "saddle_objective_set_gradient()");
        EXPECT_MESSAGE(saddle_method_name(recipes[k].method));
        saddle_options_destroy(each);
    }
    ck_assert_ptr_eq(s, poison);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(the_size_of_a_result_is_checked)
{
    struct {
        saddle_result r;
        int64_t more[2];
    } out;
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    const double start[3] = {0.5, 0.25, 0.125};
    saddle_solver *s = NULL;
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(0, NULL, 10);
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    static const int64_t bad[] = {0, -1, 8, (int64_t)offsetof(saddle_result, lambda_lower) - 8, 65537, INT64_MIN};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&out, 0x5a, sizeof out);
        out.r.struct_size = bad[i];
        EXPECT_FAIL(saddle_solver_result(s, &out.r), SADDLE_E_STRUCT_SIZE, "set it to sizeof(saddle_result)");
        EXPECT_FAIL(saddle_minimize(f, SADDLE_METHOD_GD, o, w, &out.r), SADDLE_E_STRUCT_SIZE, "sizeof(saddle_result)");
        ck_assert_int_eq(out.r.struct_size, bad[i]);
        ck_assert_int_eq(out.r.stop, INT64_C(0x5a5a5a5a5a5a5a5a));
    }
    EXPECT_SAME(w, start, sizeof w); /* told before the work */
    ck_assert_int_eq(p.calls, 0);
    memset(&out, 0x5a, sizeof out);
    out.r.struct_size = (int64_t)sizeof out;
    EXPECT_OK(saddle_solver_result(s, &out.r));
    ck_assert_int_eq(out.r.struct_size, sizeof out.r);
    ck_assert_int_eq(out.r.stop, SADDLE_STOP_NONE);
    ck_assert_int_eq(out.more[0], INT64_C(0x5a5a5a5a5a5a5a5a));
    out.r.struct_size = (int64_t)sizeof out;
    EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_GD, o, w, &out.r));
    ck_assert_int_eq(out.r.steps, 10);
    ck_assert_int_eq(out.r.struct_size, sizeof out.r);
    ck_assert_int_eq(out.more[0], INT64_C(0x5a5a5a5a5a5a5a5a));
    const int64_t old = (int64_t)offsetof(saddle_result, lambda_lower); /* a program that knows no more */
    unsigned char untouched[sizeof out];
    for (int k = 0; k < 2; k++) {
        memset(&out, 0x5a, sizeof out);
        memset(untouched, 0x5a, sizeof untouched);
        out.r.struct_size = old;
        EXPECT_OK(k == 0 ? saddle_solver_result(s, &out.r) : saddle_minimize(f, SADDLE_METHOD_GD, o, w, &out.r));
        ck_assert_int_eq(out.r.struct_size, old);
        ck_assert_int_eq(out.r.steps, 10 * k);
        ck_assert(out.r.seconds >= 0.0);
        EXPECT_SAME((const char *)&out + old, untouched + old, sizeof out - (size_t)old);
    }
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(a_w_that_was_changed_is_noticed)
{
    static const int64_t dims[] = {1, 10, 33, 1000, 200000};
    const int64_t d = dims[_i];
    const size_t bytes = (size_t)d * sizeof(double);
    struct problem p;
    problem_init(&p, d, 2, 0, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(0, NULL, 6);
    double *w = malloc(bytes), *undisturbed = malloc(bytes);
    problem_start(&p, undisturbed);
    EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_GD, o, undisturbed, NULL));
    problem_start(&p, w);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    for (int k = 0; k < 6; k++) { /* before the first step, too */
        const int64_t entry = k % 3 == 0 ? 0 : k % 3 == 1 ? d / 2 : d - 1;
        const double kept = w[entry];
        w[entry] = k < 3 ? nextafter(kept, 10.0) : (double)NAN;
        EXPECT_FAIL(saddle_solver_step(s, 1), SADDLE_E_STATE, "saddle_solver_step: w was changed since the last call");
        EXPECT_FAIL(saddle_solver_run(s), SADDLE_E_STATE, "saddle_solver_run: w was changed since the last call");
        w[entry] = kept;
        EXPECT_OK(saddle_solver_step(s, k % 2));
    }
    EXPECT_OK(saddle_solver_run(s));
    EXPECT_SAME(w, undisturbed, bytes);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(w);
    free(undisturbed);
}
END_TEST

static int flat_slope(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    (void)w;
    const double *slope = user;
    for (int64_t j = 0; j < b->dim; j++) {
        gradient[j] = *slope;
    }
    return 0;
}

/* A step that leaves the range of numbers: nothing has happened, and the message says what is too large. */
START_TEST(a_step_that_is_too_large_is_not_made)
{
    static const int64_t dims[] = {1, 10, 33, 1000, 200000};
    const int64_t d = dims[_i];
    const size_t bytes = (size_t)d * sizeof(double);
    double slope = 1e300;
    double *w = malloc(bytes), *start = malloc(bytes);
    for (int64_t j = 0; j < d; j++) {
        start[j] = w[j] = 1.0 + (double)j;
    }
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    EXPECT_OK(saddle_objective_create(NULL, d, 1, &slope, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, flat_slope));
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_STEP_SIZE, 1e100));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_STEPS, 1));
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    for (int k = 0; k < 2; k++) {
        EXPECT_FAIL(saddle_solver_run(s), SADDLE_E_NOT_FINITE, "step 1 would make entry 0 of w -inf");
        EXPECT_MESSAGE("the step size 1e+100 is too large");
        EXPECT_SAME(w, start, bytes);
    }
    slope = DBL_MAX;
    EXPECT_FAIL(saddle_solver_run(s), SADDLE_E_NOT_FINITE, "too large");
    EXPECT_SAME(w, start, bytes);
    slope = 0x1p-332; /* the objective is asked again */
    EXPECT_OK(saddle_solver_run(s));
    ck_assert_double_eq(w[d - 1], start[d - 1] - 1e100 * 0x1p-332);
    ck_assert_double_ne(w[0], start[0]);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(w);
    free(start);
}
END_TEST

START_TEST(a_size_that_no_memory_holds)
{
    struct memory m;
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    saddle_context *c = NULL;
    saddle_solver *s = poison;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    m.largest = INT64_C(1) << 26;
    EXPECT_OK(saddle_context_create(&a, &c));
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, c);
    saddle_options *o = recipe_options(2, c, 10);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BATCH_SIZE, INT64_C(1) << 40));
#if PTRDIFF_MAX > INT32_MAX
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_SGD, o, w, &s), SADDLE_E_MEMORY, "returned NULL for 8796093022");
#else
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_SGD, o, w, &s), SADDLE_E_OVERFLOW, "things of 8 bytes are more than this machine can address");
#endif
    ck_assert_ptr_eq(s, poison);
    set(o, "sampling", "shuffle"); /* an epoch has no more than 5 */
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_SGD, o, w, &s));
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bad_input");
    TCase *c = tcase_create("bad_input");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, null_and_unknown_are_refused);
    tcase_add_loop_test(c, a_start_that_is_not_finite_is_refused, 0, 5);
    tcase_add_loop_test(c, an_option_that_is_needed_is_named, 0, LACKING);
    tcase_add_test(c, all_options_that_are_needed_are_named);
    tcase_add_test(c, a_schedule_needs_a_time_scale);
    tcase_add_test(c, a_missing_callback_is_named);
    tcase_add_test(c, the_size_of_a_result_is_checked);
    tcase_add_loop_test(c, a_w_that_was_changed_is_noticed, 0, 5);
    tcase_add_loop_test(c, a_step_that_is_too_large_is_not_made, 0, 5);
    tcase_add_test(c, a_size_that_no_memory_holds);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
