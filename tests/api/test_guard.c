/* SPDX-License-Identifier: BSD-3-Clause */
/* The guard of a step size that was chosen: a step that does not lower f as it should is taken back bit for bit, whatever the reason,
 * and what is no reason is not taken for one. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/world.h"
#include <math.h>
#include <stdio.h>

struct path {
    struct world_run *b;
    double w[WORLD_DIM], eta;
    int64_t values, halvings;
};

/* Every trial of the step was w - eta 2^-k g with w and g bit for bit what they were, and the last one is w now. */
static int follow(void *user, const saddle_event *e)
{
    struct path *p = user;
    const struct world *x = &p->b->x;
    double g[WORLD_DIM], eta = p->eta;
    if (e->stop != SADDLE_STOP_NONE) {
        return 0;
    }
    (void)world_whole(x, p->w, g);
    for (int64_t k = p->values; k < x->values; k++, eta *= 0.5) {
        for (int j = 0; j < WORLD_DIM; j++) {
            const double trial = p->w[j] - eta * g[j];
            EXPECT_SAME(&trial, &x->seen[k][j], sizeof trial);
        }
    }
    ck_assert_int_gt(x->values, p->values);
    EXPECT_SAME(e->w, x->seen[x->values - 1], sizeof p->w);
    p->halvings += x->values - p->values - 1;
    p->eta = eta * 2.0;
    p->values = x->values;
    memcpy(p->w, e->w, sizeof p->w);
    return 0;
}

START_TEST(a_step_that_does_not_lower_f_enough_is_taken_back)
{
    struct world_run b;
    struct path p = {&b, {0.0}, to_8_bits(1.0 / 1e-3), 1, 0};
    world_begin(&b, WALLS, 0.0);
    set(b.o, "max_steps", "300");
    for (int j = 0; j < WORLD_DIM; j++) {
        b.w[j] = p.w[j] = 0.001 * (double)(j + 1);
    }
    world_create(&b, SADDLE_METHOD_GD);
    EXPECT_OK(saddle_solver_set_monitor(b.s, follow, &p));
    EXPECT_OK(saddle_solver_run(b.s));
    EXPECT_OK(saddle_solver_result(b.s, &b.r));
    ck_assert_int_ge(p.halvings, 3);
    ck_assert_int_le(p.halvings, 12);
    ck_assert_double_lt(b.r.gradient_norm, 1e-8);
    ck_assert_int_eq(b.r.steps, 300);
    ck_assert_int_eq(b.r.gradient_samples, WORLD_SAMPLES * 301); /* the guard asks for none */
    ck_assert_int_eq(b.r.value_samples, WORLD_SAMPLES * (1 + 300 + p.halvings + 1)); /* f(w_0), the trials, the output */
    world_end(&b);
}
END_TEST

struct lines {
    int count;
    long long step;
    double smoothness, eta;
};

/* L doubles and eta halves, each from where the line before left it. */
static void read_line(void *user, int32_t level, const char *line)
{
    struct lines *l = user;
    long long step;
    double from, to, eta_from, eta_to;
    if (sscanf(line, "step_size 0: step %lld: L %lg doubles to %lg, step size %lg halves to %lg", &step, &from, &to, &eta_from, &eta_to) !=
        5) {
        return;
    }
    ck_assert_int_eq(level, 3);
    ck_assert(step >= l->step && step >= 1);
    ck_assert_double_eq_tol(to / from, 2.0, 1e-4);
    ck_assert_double_eq_tol(eta_from / eta_to, 2.0, 1e-4);
    ck_assert(l->count == 0 || (eta_from == l->eta && from == l->smoothness));
    *l = (struct lines){l->count + 1, step, to, eta_to};
}

struct steps {
    const struct world_run *b;
    const struct lines *l;
    double first, last;
};

/* eta_0 after a step is what the lines have said, and what the next step begins with. */
static int compare(void *user, const saddle_event *e)
{
    struct steps *s = user;
    if (e->stop == SADDLE_STOP_NONE) {
        ck_assert(s->last == 0.0 || s->b->eta0 == s->last);
        s->first = s->first == 0.0 ? s->b->eta0 : s->first;
    }
    ck_assert(s->l->count == 0 || fabs(e->step_size / s->l->eta - 1.0) < 1e-4);
    s->last = e->step_size;
    return 0;
}

START_TEST(halvings_are_told)
{
    const struct world_method *m = &world_methods[_i];
    for (int32_t level = 2; level <= 3; level++) {
        struct world_run b;
        struct lines l = {0, 0, 0.0, 0.0};
        struct steps s = {&b, &l, 0.0, 0.0};
        saddle_context *c = NULL;
        EXPECT_OK(saddle_context_create(NULL, &c));
        EXPECT_OK(saddle_context_set_log(c, read_line, &l, level));
        world_begin_in(&b, c, WALLS, 0.0);
        saddle_context_destroy(c);
        world_set(&b, m->settings);
        set(b.o, "max_steps", "300");
        world_start(WALLS, 4, b.w);
        world_create(&b, m->method);
        EXPECT_OK(saddle_solver_result(b.s, &b.r));
        ck_assert(isnan(b.r.step_size)); /* still to be chosen */
        EXPECT_OK(saddle_solver_set_schedule(b.s, world_keep_eta, &b));
        EXPECT_OK(saddle_solver_set_monitor(b.s, compare, &s));
        EXPECT_OK(saddle_solver_run(b.s));
        EXPECT_OK(saddle_solver_result(b.s, &b.r));
        ck_assert_double_eq(b.r.step_size, s.last);
        ck_assert(b.r.step_size < s.first || (m->method == SADDLE_METHOD_NGD && b.r.step_size == s.first)); /* its steps are short */
        ck_assert(l.count == (level == 3 ? (int)log2(s.first / b.r.step_size) : 0));
        world_end(&b);
    }
}
END_TEST

/* Values that are off by rounding only are no reason to shorten steps: L stays, also where nothing is left to gain. */
START_TEST(rounding_does_not_shorten_steps)
{
    struct world_run b;
    world_begin(&b, PLATEAU, 0.0);
    b.x.jitter = 1e-13;
    set(b.o, "max_steps", "400");
    world_start(FLOOR, 3, b.w);
    world_create(&b, SADDLE_METHOD_GD);
    EXPECT_OK(saddle_solver_set_schedule(b.s, world_keep_eta, &b));
    EXPECT_OK(saddle_solver_step(b.s, 100));
    const double eta = b.eta0;
    EXPECT_OK(saddle_solver_run(b.s));
    EXPECT_OK(saddle_solver_result(b.s, &b.r));
    ck_assert_double_eq(b.eta0, eta);
    ck_assert_double_lt(b.r.gradient_norm, 1e-7);
    world_end(&b);
}
END_TEST

START_TEST(a_gradient_that_leads_up_is_told)
{
    struct world_run b;
    double before[WORLD_DIM];
    world_begin(&b, FLOOR, 1.0);
    b.x.uphill = 1;
    world_start(FLOOR, 1, b.w);
    memcpy(before, b.w, sizeof before);
    world_create(&b, SADDLE_METHOD_GD);
    for (int i = 0; i < 2; i++) {
        EXPECT_FAIL(saddle_solver_run(b.s), SADDLE_E_RANGE, "step_size 0: step 1, of length ");
        EXPECT_MESSAGE("does not lower f");
        EXPECT_SAME(b.w, before, sizeof before);
    }
    world_end(&b);
}
END_TEST

/* Code 1 and values that are not finite are "not accepted"; other codes are errors, after which the run is what it would have been. */
START_TEST(values_that_fail)
{
    struct world_run a;
    for (int method = 0; method < WORLD_GUARDED; method++) {
        world_begin(&a, WALLS, 0.0);
        world_set(&a, world_methods[method].settings);
        set(a.o, "max_steps", "25");
        world_start(WALLS, 5, a.w);
        world_create(&a, world_methods[method].method);
        EXPECT_OK(saddle_solver_run(a.s));
        for (int64_t k = 1; k <= a.x.values; k++) {
            struct world_run b;
            double before[WORLD_DIM];
            world_begin(&b, WALLS, 0.0);
            world_set(&b, world_methods[method].settings);
            set(b.o, "max_steps", "25");
            world_start(WALLS, 5, b.w);
            b.x.fault_value = k;
            b.x.fault_code = 7;
            b.x.fault_product = 1;
            world_create(&b, world_methods[method].method);
            EXPECT_FAIL(saddle_solver_run(b.s), SADDLE_E_CALLBACK, "the hessvec callback returned 7");
            saddle_status status = SADDLE_OK;
            while (status == SADDLE_OK) {
                memcpy(before, b.w, sizeof before);
                status = saddle_solver_step(b.s, 1);
                EXPECT_OK(saddle_solver_result(b.s, &b.r));
                ck_assert(status != SADDLE_OK || b.r.stop == SADDLE_STOP_NONE || b.r.steps == 25);
            }
            ck_assert_int_eq(status, SADDLE_E_CALLBACK);
            if (b.r.steps < 25) {
                EXPECT_SAME(b.w, before, sizeof before);
            }
            EXPECT_OK(saddle_solver_run(b.s));
            EXPECT_SAME(a.w, b.w, sizeof a.w);
            world_end(&b);
        }
        world_end(&a);
    }
}
END_TEST

START_TEST(steps_stay_where_f_can_be_evaluated)
{
    struct world_run b;
    world_begin(&b, WALLS, 0.0);
    set(b.o, "max_steps", "200");
    b.x.wall = 0.3; /* the minimum is at 0.32 */
    world_start(WALLS, 2, b.w);
    world_create(&b, SADDLE_METHOD_GD);
    EXPECT_OK(saddle_solver_run(b.s));
    EXPECT_OK(saddle_solver_result(b.s, &b.r));
    ck_assert_int_eq(b.r.steps, 200);
    ck_assert_int_eq(b.r.callback_code, 0);
    ck_assert(fabs(b.w[0]) > 0.25 && fabs(b.w[0]) <= 0.3);
    world_end(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *c = tcase_create("guard");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_step_that_does_not_lower_f_enough_is_taken_back);
    tcase_add_loop_test(c, halvings_are_told, 0, WORLD_GUARDED);
    tcase_add_test(c, rounding_does_not_shorten_steps);
    tcase_add_test(c, a_gradient_that_leads_up_is_told);
    tcase_add_test(c, values_that_fail);
    tcase_add_test(c, steps_stay_where_f_can_be_evaluated);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
