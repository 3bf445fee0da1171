/* SPDX-License-Identifier: BSD-3-Clause */
/* A callback fails in one call: the status and the message say so, w is the last accepted iterate bit for bit, and the
 * run goes on to the same bits as one that was not disturbed. */
#include "support/counted.h"
#include "support/expect.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* An undisturbed run, iterate by iterate. */
struct course {
    int64_t steps, calls;
    double *w; /* w_0, w_1, ..., w_steps */
};

static struct course follow(int recipe, const struct problem *model, int64_t steps)
{
    struct problem p = *model;
    struct course c = {steps, 0, NULL};
    const size_t bytes = (size_t)p.dim * sizeof(double);
    c.w = malloc((size_t)(steps + 1) * bytes);
    double *w = malloc(bytes);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(recipe, NULL, steps);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, recipes[recipe].method, o, w, &s));
    memcpy(c.w, w, bytes);
    for (int64_t t = 1; t <= steps; t++) {
        EXPECT_OK(saddle_solver_step(s, 1));
        memcpy(c.w + t * p.dim, w, bytes);
    }
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_result(s, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_STEPS);
    ck_assert_int_eq(r.steps, steps);
    ck_assert_int_eq(r.callback_code, 0);
    c.calls = p.calls;
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(w);
    return c;
}

static void check_failure(saddle_solver *s, const struct problem *p, const struct course *c, const double *w,
                          saddle_status status)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    char said[64];
    EXPECT_OK(saddle_solver_result(s, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_NONE);
    ck_assert_int_eq(r.kind, SADDLE_KIND_UNKNOWN);
    ck_assert(isnan(r.value) && isnan(r.gradient_norm));
    ck_assert_int_ge(r.steps, 0);
    EXPECT_SAME(w, c->w + r.steps * p->dim, (size_t)p->dim * sizeof *w);
    if (p->fault == FAULT_CODE) {
        ck_assert_int_eq(status, SADDLE_E_CALLBACK);
        ck_assert_int_eq(r.callback_code, p->code);
        (void)snprintf(said, sizeof said, "callback returned %d (", p->code);
    } else {
        ck_assert_int_eq(status, SADDLE_E_NOT_FINITE);
        (void)snprintf(said, sizeof said, "entry %lld of", (long long)p->entry);
        if (p->fault == FAULT_VALUE || p->fault == FAULT_UNWRITTEN_VALUE) {
            (void)snprintf(said, sizeof said, "the value is %s", p->fault == FAULT_VALUE ? "inf" : "nan");
        }
    }
    EXPECT_MESSAGE(said);
    ck_assert(p->last_step == r.steps + 1 || p->last_step == r.steps); /* a step, or the measure of the output */
    (void)snprintf(said, sizeof said, "step %lld", (long long)p->last_step);
    EXPECT_MESSAGE(said);
}

static int64_t tally; /* of calls that failed */

/* The same run with the fault in model. Returns how often it failed. */
static int disturb(int recipe, const struct problem *model, const struct course *c)
{
    struct problem p = *model;
    const size_t bytes = (size_t)p.dim * sizeof(double);
    double *w = malloc(bytes);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(recipe, NULL, c->steps);
    saddle_solver *s = NULL;
    int failures = 0;
    EXPECT_OK(saddle_solver_create(f, recipes[recipe].method, o, w, &s));
    saddle_status status;
    while ((status = saddle_solver_run(s)) != SADDLE_OK) {
        failures++;
        check_failure(s, &p, c, w, status);
        ck_assert_int_le(failures, 3);
        if (failures == 2 || !p.for_ever) { /* what lasts is seen twice */
            p.fault = FAULT_NONE;
        }
    }
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_result(s, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_STEPS);
    ck_assert_int_eq(r.steps, c->steps);
    EXPECT_SAME(w, c->w + c->steps * p.dim, bytes);
    ck_assert_int_eq(p.broken, 0);
    ck_assert_int_ge(p.faults_made, 1);
    ck_assert_int_eq(r.value_samples, p.value_samples);
    ck_assert_int_eq(r.gradient_samples, p.gradient_samples);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(w);
    tally += failures;
    return failures;
}

/* Calls that fail: the first ones, some, and the last, which measures the output. */
static int64_t call_number(const struct course *c, int i)
{
    const int64_t at[] = {1, 2, 3, 4, 7, c->calls / 2, c->calls - 1, c->calls};
    return at[i] < 1 ? 1 : at[i] > c->calls ? c->calls : at[i];
}
enum { CALL_NUMBERS = 8 };

static int needs_value(int recipe)
{
    return recipes[recipe].method == SADDLE_METHOD_PGD;
}

START_TEST(a_code_in_any_call_of_any_method)
{
    static const int codes[] = {1, 7, -3};
    for (int callbacks = SEPARATE; callbacks <= GRADIENT_ONLY; callbacks++) {
        struct problem p;
        problem_init(&p, 10, 23, 6, callbacks);
        if (needs_value(_i) && callbacks == GRADIENT_ONLY) {
            continue;
        }
        const struct course c = follow(_i, &p, 14);
        p.fault = FAULT_CODE;
        for (int k = 0; k < 3 * CALL_NUMBERS; k++) {
            p.code = codes[k % 3];
            p.fault_call = call_number(&c, k / 3);
            p.for_ever = k % 2;
            if (recipes[_i].method == SADDLE_METHOD_SGLD && p.code == 1) {
                continue; /* no failure but a rejection */
            }
            ck_assert_int_eq(disturb(_i, &p, &c), 1 + p.for_ever);
        }
        free(c.w);
    }
    counted(tally, "callbacks failed");
}
END_TEST

static void spoil_entries(int recipe, struct problem *p, const struct course *c)
{
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    const int64_t entries[] = {0, p->dim / 2, p->dim - 1};
    for (int k = 0; k < 3 * CALL_NUMBERS; k++) {
        p->fault = FAULT_ENTRY;
        p->entry = entries[k % 3];
        p->bad = bad[(k / 3 + k) % 3];
        p->fault_call = call_number(c, k / 3);
        p->for_ever = k % 2;
        ck_assert_int_eq(disturb(recipe, p, c), 1 + p->for_ever);
        if (p->entry != p->dim / 2 || p->dim == 1) {
            p->fault = FAULT_UNWRITTEN_ENTRY;
            ck_assert_int_eq(disturb(recipe, p, c), 1 + p->for_ever);
        }
    }
}

START_TEST(a_bad_entry_in_any_call_of_any_method)
{
    static const int64_t dims[] = {1, 10, 33};
    for (int k = 0; k < 6; k++) {
        struct problem p;
        problem_init(&p, dims[k % 3], 11, k < 3 ? 0 : 3, needs_value(_i) ? TOGETHER : GRADIENT_ONLY);
        const struct course c =
            follow(_i, &p, needs_value(_i) && p.dim == 1 ? 4 : 9); /* before pgd has found its point */
        spoil_entries(_i, &p, &c);
        free(c.w);
    }
    counted(tally, "callbacks failed");
}
END_TEST

START_TEST(a_bad_entry_of_a_longer_vector)
{
    for (int k = 0; k < 2; k++) {
        struct problem p;
        problem_init(&p, 1000, 4, k == 0 ? 0 : 2, k == 0 && !needs_value(_i) ? GRADIENT_ONLY : TOGETHER);
        const struct course c = follow(_i, &p, 4);
        spoil_entries(_i, &p, &c);
        free(c.w);
    }
    counted(tally, "callbacks failed");
}
END_TEST

/* Vectors that are moved and tested in one pass over memory. */
START_TEST(a_bad_entry_of_a_very_long_vector)
{
    static const int chosen[] = {0, 2, 9, 12};
    for (int k = 0; k < 8; k++) {
        struct problem p;
        problem_init(&p, 200000, 2, k < 4 ? 0 : 1, GRADIENT_ONLY);
        const struct course c = follow(chosen[k % 4], &p, 2);
        p.fault = FAULT_ENTRY;
        p.fault_call = c.calls / 2;
        for (int e = 0; e < 3; e++) {
            p.entry = e == 0 ? 0 : e == 1 ? 131072 + 4097 : 199999;
            p.bad = e == 1 ? -(double)INFINITY : (double)NAN;
            ck_assert_int_eq(disturb(chosen[k % 4], &p, &c), 1);
        }
        free(c.w);
    }
    counted(tally, "callbacks failed");
}
END_TEST

/* Values matter where a method or the measure of the output asks for them. */
START_TEST(a_bad_value)
{
    int failures = 0;
    for (int callbacks = SEPARATE; callbacks <= ALL_THREE; callbacks++) {
        struct problem p;
        problem_init(&p, 10, 23, 6, callbacks);
        const struct course c = follow(_i, &p, 9);
        for (int k = 0; k < 2 * CALL_NUMBERS; k++) {
            p.fault = k % 2 == 0 ? FAULT_VALUE : FAULT_UNWRITTEN_VALUE;
            p.bad = (double)INFINITY;
            p.fault_call = call_number(&c, k / 2);
            failures += disturb(_i, &p, &c);
        }
        free(c.w);
    }
    ck_assert_int_ge(failures, 2 * 2); /* at least in the measure of the output, by TOGETHER and ALL_THREE */
    counted(tally, "callbacks failed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disturbed");
    TCase *c = tcase_create("disturbed");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_code_in_any_call_of_any_method, 0, RECIPES);
    tcase_add_loop_test(c, a_bad_entry_in_any_call_of_any_method, 0, RECIPES);
    tcase_add_loop_test(c, a_bad_entry_of_a_longer_vector, 0, RECIPES);
    tcase_add_test(c, a_bad_entry_of_a_very_long_vector);
    tcase_add_loop_test(c, a_bad_value, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
