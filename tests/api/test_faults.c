/* SPDX-License-Identifier: BSD-3-Clause */
/* What runs keep in memory, and that they give it back; tests/fault has the allocations that fail. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <stdlib.h>

enum { DIM = 10, STEPS = 6 };

START_TEST(minimize_frees_what_it_made)
{
    struct memory m;
    struct problem p;
    double w[DIM];
    saddle_context *c = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    problem_init(&p, DIM, 7, 0, TOGETHER);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, c);
    saddle_options *o = recipe_options(0, c, STEPS);
    const int64_t before = m.blocks;
    p.fault = FAULT_CODE;
    p.code = 7;
    p.fault_call = 3;
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_FAIL(saddle_minimize(f, SADDLE_METHOD_GD, o, w, &r), SADDLE_E_CALLBACK, "returned 7");
    ck_assert_int_eq(r.steps, 2); /* the result also of a run that failed */
    ck_assert_int_eq(r.callback_code, 7);
    ck_assert_int_le(m.blocks, before + 1); /* the objective keeps its room for indices */
    EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_GD, o, w, &r));
    ck_assert_int_eq(r.steps, STEPS);
    ck_assert_int_eq(r.callback_code, 0);
    ck_assert_int_le(m.blocks, before + 1);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

/* Memory as the methods' pages state it: vectors of dim entries beside w, for one thread and one grain. */
START_TEST(memory_is_as_stated)
{
    enum { LARGE = 100000 };
    static const int vectors[RECIPES] = {1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2};
    struct memory m;
    struct problem p;
    double *w = malloc(LARGE * sizeof *w);
    saddle_context *c = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    problem_init(&p, LARGE, 2, 0, TOGETHER);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, c);
    saddle_options *o = recipe_options(_i, c, 1);
    m.peak = m.bytes;
    const int64_t before = m.bytes;
    EXPECT_OK(saddle_minimize(f, recipes[_i].method, o, w, NULL));
    const int64_t share = LARGE * (int64_t)sizeof(double);
    ck_assert_int_ge(m.peak - before, vectors[_i] * share);
    ck_assert_int_lt(m.peak - before, vectors[_i] * share + share / 4);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
    saddle_context_destroy(c);
    free(w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *c = tcase_create("faults");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, minimize_frees_what_it_made);
    tcase_add_loop_test(c, memory_is_as_stated, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
