/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation fails, once and for ever: the status and the message say so, nothing is lost, nothing leaks, and
 * the call that failed works when it is made again. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <stdlib.h>

enum { DIM = 10, STEPS = 6 };

struct scenario {
    int recipe;
    int64_t threads;
    const char *output;
    int project;
    int callbacks;
};

struct objects {
    saddle_context *c;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
};

static int halve_nothing(void *user, int64_t dim, double *w)
{
    (void)user;
    return dim == DIM && w[0] == w[0] ? 0 : 2;
}

/* How often a call was made again because memory was refused. */
static int refusals;

/* Whether memory was refused; any other failure fails the test. */
static int refused(saddle_status s)
{
    if (s == SADDLE_OK) {
        return 0;
    }
    ck_assert_int_eq(s, SADDLE_E_MEMORY);
    EXPECT_MESSAGE("the allocator returned NULL for ");
    refusals++;
    return 1;
}

/* Once: made again after a refusal. For ever: gives up and returns 0. */
#define INSIST(call, out)                                  \
    while (refused(call)) {                                \
        ck_assert_ptr_null(out);                           \
        if (m->for_ever) {                                 \
            return 0;                                      \
        }                                                  \
        ck_assert_int_le(refusals, 1);                     \
    }                                                      \
    ck_assert_ptr_nonnull(out)

static int build(const struct scenario *t, struct memory *m, const saddle_allocator *a, struct problem *p,
                 struct objects *x, double *w)
{
    INSIST(saddle_context_create(a, &x->c), x->c);
    EXPECT_OK(saddle_context_set_threads(x->c, t->threads));
    INSIST(saddle_objective_create(x->c, DIM, 7, p, &x->f), x->f);
    EXPECT_OK(saddle_objective_set_grain(x->f, 2));
    EXPECT_OK(saddle_objective_set_destructor(x->f, problem_destructor));
    if (t->callbacks == SEPARATE) {
        EXPECT_OK(saddle_objective_set_value(x->f, problem_value));
        EXPECT_OK(saddle_objective_set_gradient(x->f, problem_gradient));
    } else {
        EXPECT_OK(saddle_objective_set_value_gradient(x->f, problem_value_gradient));
    }
    EXPECT_OK(saddle_objective_set_project(x->f, t->project ? halve_nothing : NULL));
    INSIST(saddle_options_create(x->c, &x->o), x->o);
    saddle_options *from = recipe_options(t->recipe, NULL, STEPS);
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    for (int64_t i = 0; saddle_option_describe(i, &info) == SADDLE_OK; i++) {
        int64_t integer = 0;
        double real = 0.0;
        if (info.type == SADDLE_TYPE_REAL) {
            EXPECT_OK(saddle_options_get_real(from, (saddle_option)info.id, &real));
            EXPECT_OK(saddle_options_set_real(x->o, (saddle_option)info.id, real));
        } else {
            EXPECT_OK(saddle_options_get_int(from, (saddle_option)info.id, &integer));
            EXPECT_OK(saddle_options_set_int(x->o, (saddle_option)info.id, integer));
        }
    }
    saddle_options_destroy(from);
    set(x->o, "output", t->output);
    INSIST(saddle_solver_create(x->f, recipes[t->recipe].method, x->o, w, &x->s), x->s);
    return 1;
}

/* Steps one by one; w is untouched by one that fails. */
static int work(struct memory *m, struct objects *x, const double *w)
{
    for (int t = 0; t < STEPS + 1; t++) {
        double before[DIM];
        saddle_result r = {.struct_size = (int64_t)sizeof r};
        EXPECT_OK(saddle_solver_result(x->s, &r));
        memcpy(before, w, sizeof before);
        if (r.stop != SADDLE_STOP_NONE) {
            return 1;
        }
        while (refused(saddle_solver_step(x->s, 1))) {
            saddle_result now = {.struct_size = (int64_t)sizeof now};
            EXPECT_OK(saddle_solver_result(x->s, &now));
            ck_assert_int_eq(now.stop, SADDLE_STOP_NONE);
            ck_assert(now.steps > r.steps || memcmp(before, w, sizeof before) == 0);
            if (m->for_ever) {
                return 0;
            }
            ck_assert_int_le(refusals, 1);
        }
    }
    return 1;
}

/* Returns whether the run came to its end, its output in w. */
static int play(const struct scenario *t, struct memory *m, int64_t fail_at, int for_ever, int fill, double *w)
{
    struct problem p;
    struct objects x = {NULL, NULL, NULL, NULL};
    problem_init(&p, DIM, 7, 2, t->callbacks);
    p.threads = t->threads;
    problem_start(&p, w);
    const saddle_allocator a = memory_allocator(m, fill);
    m->fail_at = fail_at;
    m->for_ever = for_ever;
    refusals = 0;
    const int done = build(t, m, &a, &p, &x, w) && work(m, &x, w);
    const int had_objective = x.f != NULL;
    saddle_context_destroy(x.c);
    saddle_options_destroy(x.o);
    saddle_objective_destroy(x.f);
    saddle_solver_destroy(x.s);
    ck_assert_int_eq(m->blocks, 0);
    ck_assert_int_eq(m->bytes, 0);
    ck_assert_int_eq(m->faults, 0);
    ck_assert_int_eq(p.destroyed, had_objective);
    ck_assert_int_eq(p.broken, 0);
    return done;
}

static void every_allocation(const struct scenario *t)
{
    struct memory m;
    double undisturbed[DIM], w[DIM];
    ck_assert(play(t, &m, 0, 0, 0xA5, undisturbed));
    const int64_t calls = m.calls;
    ck_assert_int_ge(calls, 5);
    ck_assert(play(t, &m, 0, 0, 0x5A, w)); /* nothing is read that was not written */
    EXPECT_SAME(w, undisturbed, sizeof w);
    int64_t failed = 0;
    for (int64_t k = 1; k <= calls; k++) {
        ck_assert(play(t, &m, k, 0, 0xA5, w));
        ck_assert_int_eq(m.refused, 1);
        EXPECT_SAME(w, undisturbed, sizeof w);
        if (play(t, &m, k, 1, 0x5A, w)) { /* without threads, which are no necessity */
            EXPECT_SAME(w, undisturbed, sizeof w);
        } else {
            failed++;
        }
        ck_assert_int_ge(m.refused, 1);
    }
    ck_assert_int_ge(failed, calls - 2 * (t->threads > 1)); /* the team and its workers */
}

START_TEST(every_allocation_of_every_method)
{
    static const char *const outputs[] = {"last", "uniform", "best"};
    for (int k = 0; k < 3; k++) {
        const struct scenario t = {_i, 1 + k % 2, outputs[k], k == 1, k == 2 ? SEPARATE : TOGETHER};
        every_allocation(&t);
    }
}
END_TEST

START_TEST(every_allocation_of_an_evaluation)
{
    for (int64_t k = 1;; k++) {
        struct memory m;
        struct problem p;
        double w[DIM], g[DIM], exact[DIM], value = -77.0, f_exact;
        saddle_context *c = NULL;
        const saddle_allocator a = memory_allocator(&m, 0xA5);
        problem_init(&p, DIM, 7, 2, TOGETHER);
        p.threads = 3;
        problem_start(&p, w);
        problem_exact(&p, w, &f_exact, exact);
        EXPECT_OK(saddle_context_create(&a, &c));
        EXPECT_OK(saddle_context_set_threads(c, 3));
        saddle_objective *f = problem_objective(&p, c);
        m.fail_at = m.calls + k;
        saddle_status s = saddle_objective_value(f, w, &value);
        if (s != SADDLE_OK) {
            ck_assert_int_eq(s, SADDLE_E_MEMORY);
            ck_assert_double_eq(value, -77.0);
            EXPECT_OK(saddle_objective_value(f, w, &value));
        }
        ck_assert_double_eq_tol(value, f_exact, 1e-14);
        m.fail_at = m.refused > 0 ? 0 : m.fail_at;
        s = saddle_objective_gradient(f, w, &value, g);
        if (s != SADDLE_OK) {
            ck_assert_int_eq(s, SADDLE_E_MEMORY);
            EXPECT_OK(saddle_objective_gradient(f, w, &value, g));
        }
        ck_assert_double_eq_tol(g[DIM - 1], exact[DIM - 1], 1e-15);
        const int was_refused = m.refused > 0;
        saddle_objective_destroy(f);
        saddle_context_destroy(c);
        ck_assert_int_eq(m.blocks, 0);
        ck_assert_int_eq(m.faults, 0);
        if (!was_refused) {
            ck_assert_int_ge(k, 5);
            return;
        }
    }
}
END_TEST

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
    tcase_add_loop_test(c, every_allocation_of_every_method, 0, RECIPES);
    tcase_add_test(c, every_allocation_of_an_evaluation);
    tcase_add_test(c, minimize_frees_what_it_made);
    tcase_add_loop_test(c, memory_is_as_stated, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
