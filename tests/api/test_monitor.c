/* SPDX-License-Identifier: BSD-3-Clause */
/* What a monitor is told, when, and what it may do. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 64 };

struct diary {
    saddle_solver *s;
    int n;
    saddle_event e[LONGEST];
    double w[LONGEST][TRIAL_DIM];
    int64_t code_at;
    int code, final_code;
};

static int write_down(void *user, const saddle_event *e)
{
    struct diary *x = user;
    const int final = x->n > 0 && x->e[x->n - 1].step == e->step;
    ck_assert_int_lt(x->n, LONGEST);
    x->e[x->n] = *e;
    for (int64_t j = 0; j < e->dim && j < TRIAL_DIM; j++) {
        x->w[x->n][j] = e->w[j];
    }
    x->n++;
    return final ? x->final_code : e->step == x->code_at ? x->code : 0;
}

static double norm(const double *x, const double *y, int64_t n)
{
    double sum = 0.0;
    for (int64_t j = 0; j < n; j++) {
        const double z = y == NULL ? x[j] : x[j] - y[j];
        sum += z * z;
    }
    return sqrt(sum);
}

START_TEST(it_is_called_in_time)
{
    static const char *const every[] = {"1", "3", "4", "100", "0"};
    static const int expected[5][13] = {
        {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12}, {3, 6, 9, 12, 12}, {4, 8, 12, 12}, {12}, {12}};
    static const int count[] = {13, 5, 4, 1, 1};
    for (int k = 0; k < 5; k++) {
        for (int split = 0; split < 2; split++) {
            const char *const with[] = {"max_steps", "12", "monitor_every", every[k], NULL};
            struct diary x = {.n = 0};
            struct trial t;
            trial_begin(&t, 2, with);
            EXPECT_OK(saddle_solver_set_monitor(t.s, write_down, &x));
            for (int i = 0; i < 11 * split; i++) {
                EXPECT_OK(saddle_solver_step(t.s, 1));
            }
            trial_run(&t, SADDLE_STOP_STEPS, 12);
            ck_assert_int_eq(x.n, count[k]);
            for (int i = 0; i < x.n; i++) {
                ck_assert_int_eq(x.e[i].step, expected[k][i]);
            }
            trial_end(&t);
        }
    }
}
END_TEST

static void check_event(const struct trial *t, const struct diary *x, int i, const double *before, const char *name,
                        int by_batches)
{
    const saddle_event *e = &x->e[i];
    double f, g[TRIAL_DIM];
    ck_assert_int_eq(e->struct_size, sizeof *e);
    ck_assert_double_eq(e->step_size, t->r.step_size);
    ck_assert_int_eq(e->step, i + 1);
    ck_assert_int_eq(e->dim, TRIAL_DIM);
    ck_assert_ptr_eq(e->w, t->w);
    ck_assert(isnan(e->lambda_min) && e->seconds >= 0.0);
    ck_assert_double_eq(e->epoch, (double)e->gradient_samples / TRIAL_SAMPLES);
    ck_assert_double_eq_tol(e->fraction, fmax((double)e->step / 20.0, e->epoch / 1000.0), 1e-15);
    ck_assert_int_ge(e->perturbations, i > 0 ? x->e[i - 1].perturbations : 0);
    problem_exact(&t->p, before, &f, g);
    const int ball = strcmp(name, "pgd") == 0 && e->perturbations > (i > 0 ? x->e[i - 1].perturbations : 0);
    const int draw = strcmp(name, "sgd_gd") == 0 && e->perturbations > (i > 0 ? x->e[i - 1].perturbations : 0);
    ck_assert(ball || fabs(e->step_norm - norm(x->w[i], before, TRIAL_DIM)) < 1e-14);
    if (by_batches) {
        ck_assert(isnan(e->value) && e->gradient_norm > 0.0);
        return;
    }
    ck_assert(ball || fabs(e->gradient_norm - norm(g, NULL, TRIAL_DIM)) < 1e-14);
    ck_assert(ball || draw || fabs(e->value - f) < 1e-14);
    ck_assert(!(ball || draw) || e->escaping == 1);
}

/* Fields against the formulas of the objective, for every way a method can run. */
START_TEST(what_it_is_told_is_true)
{
    static const char *const with[] = {"max_steps", "20", "max_epochs", "1000", NULL};
    struct diary x = {.n = 0};
    struct trial t;
    double start[TRIAL_DIM];
    trial_begin(&t, _i, with);
    memcpy(start, t.w, sizeof start);
    EXPECT_OK(saddle_solver_set_monitor(t.s, write_down, &x));
    trial_run(&t, SADDLE_STOP_STEPS, 20);
    ck_assert_int_eq(x.n, 21);
    for (int i = 0; i < 20; i++) {
        check_event(&t, &x, i, i == 0 ? start : x.w[i - 1], recipes[_i].name, recipes[_i].by_batches);
    }
    const saddle_event *final = &x.e[20];
    ck_assert_int_eq(final->step, 20);
    ck_assert(final->value == t.r.value && final->gradient_norm == t.r.gradient_norm);
    ck_assert_int_eq(final->gradient_samples, t.r.gradient_samples);
    ck_assert_int_eq(final->perturbations, t.r.perturbations);
    ck_assert_double_eq(final->fraction, 1.0);
    trial_end(&t);
}
END_TEST

/* The gradient of a mini-batch, before noise: d = 1 and one sample, so that its norm is its size. */
START_TEST(the_norm_is_that_of_the_batch)
{
    static const int chosen[] = {2, 9, 12};
    for (int k = 0; k < 3; k++) {
        struct problem p;
        struct diary x = {.n = 0};
        double w[1];
        problem_init(&p, 1, 1, 0, TOGETHER);
        problem_start(&p, w);
        saddle_objective *f = problem_objective(&p, NULL);
        saddle_options *o = recipe_options(chosen[k], NULL, 10);
        set(o, "batch_size", "1");
        saddle_solver *s = NULL;
        double before = w[0];
        EXPECT_OK(saddle_solver_create(f, recipes[chosen[k]].method, o, w, &s));
        EXPECT_OK(saddle_solver_set_monitor(s, write_down, &x));
        EXPECT_OK(saddle_solver_run(s));
        for (int i = 0; i < 10; i++) {
            double g;
            problem_exact(&p, &before, NULL, &g);
            ck_assert_double_eq_tol(x.e[i].gradient_norm, fabs(g), 1e-15);
            ck_assert_double_eq_tol(x.e[i].step_norm, fabs(x.w[i][0] - before), 1e-15);
            before = x.w[i][0];
        }
        saddle_solver_destroy(s);
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
    }
}
END_TEST

/* Vectors too long for the caches, in one grain and in several. */
START_TEST(norms_of_long_vectors)
{
    enum { LONG = 140000 };
    static const int chosen[] = {0, 2, 7, 9};
    double *w = malloc(LONG * sizeof *w), *before = malloc(LONG * sizeof *w);
    for (int k = 0; k < 8; k++) {
        struct problem p;
        struct diary x = {.n = 0};
        problem_init(&p, LONG, 2, k < 4 ? 0 : 1, TOGETHER);
        problem_start(&p, w);
        memcpy(before, w, LONG * sizeof *w);
        saddle_objective *f = problem_objective(&p, NULL);
        saddle_options *o = recipe_options(chosen[k % 4], NULL, 1);
        if (k >= 4) {
            EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BATCH_SIZE, 2));
        }
        saddle_solver *s = NULL;
        EXPECT_OK(saddle_solver_create(f, recipes[chosen[k % 4]].method, o, w, &s));
        EXPECT_OK(saddle_solver_set_monitor(s, write_down, &x));
        EXPECT_OK(saddle_solver_run(s));
        const double moved = norm(w, before, LONG);
        ck_assert_double_gt(x.e[0].gradient_norm, 1.0);
        ck_assert_double_eq_tol(x.e[0].step_norm / moved, 1.0, 1e-11);
        ck_assert(k % 4 > 1 || fabs(x.e[0].step_norm / x.e[0].gradient_norm - (k % 4 == 0 ? 0.125 : 0.05)) < 1e-15);
        saddle_solver_destroy(s);
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
    }
    free(w);
    free(before);
}
END_TEST

START_TEST(its_code_is_told_and_the_run_goes_on)
{
    static const char *const with[] = {"max_steps", "9", NULL};
    static const int codes[] = {7, -3, 2};
    struct trial whole;
    trial_begin(&whole, _i, with);
    trial_run(&whole, SADDLE_STOP_STEPS, 9);
    for (int k = 0; k < 3; k++) {
        struct diary x = {.n = 0, .code_at = 3 + 3 * k, .code = codes[k]}; /* at step 9, too */
        struct trial t;
        char said[60];
        trial_begin(&t, _i, with);
        EXPECT_OK(saddle_solver_set_monitor(t.s, write_down, &x));
        (void)snprintf(said, sizeof said, "the monitor returned %d at step %d", codes[k], 3 + 3 * k);
        EXPECT_FAIL(saddle_solver_run(t.s), SADDLE_E_CALLBACK, said);
        EXPECT_SAME(t.w, x.w[x.n - 1], sizeof t.w);
        EXPECT_OK(saddle_solver_result(t.s, &t.r));
        ck_assert_int_eq(t.r.steps, 3 + 3 * k);
        ck_assert_int_eq(t.r.callback_code, codes[k]);
        ck_assert_int_eq(t.r.stop, SADDLE_STOP_NONE);
        trial_run(&t, SADDLE_STOP_STEPS, 9);
        ck_assert_int_eq(x.n, 10); /* no event twice */
        EXPECT_SAME(t.w, whole.w, sizeof t.w);
        trial_end(&t);
    }
    trial_end(&whole);
}
END_TEST

START_TEST(its_answer_when_the_run_stops)
{
    static const char *const with[] = {"max_steps", "5", "monitor_every", "1", NULL};
    struct diary x = {.n = 0, .final_code = 1};
    struct trial t;
    trial_begin(&t, 0, with);
    EXPECT_OK(saddle_solver_set_monitor(t.s, write_down, &x));
    trial_run(&t, SADDLE_STOP_STEPS, 5); /* 1 means as much as 0 */
    trial_end(&t);
    struct diary y = {.n = 0, .final_code = 9};
    trial_begin(&t, 0, with);
    EXPECT_OK(saddle_solver_set_monitor(t.s, write_down, &y));
    EXPECT_FAIL(saddle_solver_run(t.s), SADDLE_E_CALLBACK, "the monitor returned 9 at step 5");
    trial_end(&t);
}
END_TEST

START_TEST(it_can_be_taken_back)
{
    static const char *const with[] = {"max_steps", "9", NULL};
    struct diary x = {.n = 0};
    struct trial t;
    trial_begin(&t, 0, with);
    EXPECT_OK(saddle_solver_set_monitor(t.s, write_down, &x));
    EXPECT_OK(saddle_solver_step(t.s, 4));
    EXPECT_OK(saddle_solver_set_monitor(t.s, NULL, NULL));
    trial_run(&t, SADDLE_STOP_STEPS, 9);
    ck_assert_int_eq(x.n, 4);
    trial_end(&t);
}
END_TEST

struct meddler {
    struct trial *t;
    int64_t results;
};

/* All it may and may not do with its solver and objective. */
static int meddle(void *user, const saddle_event *e)
{
    struct meddler *x = user;
    struct trial *t = x->t;
    double value, g[TRIAL_DIM], elsewhere[TRIAL_DIM];
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_FAIL(saddle_solver_step(t->s, 1), SADDLE_E_STATE, "saddle_solver_step: the solver is at work");
    EXPECT_FAIL(saddle_solver_step(t->s, 0), SADDLE_E_STATE, "at work");
    EXPECT_FAIL(saddle_solver_run(t->s), SADDLE_E_STATE, "saddle_solver_run: the solver is at work");
    EXPECT_OK(saddle_solver_result(t->s, &r));
    x->results +=
        r.steps == e->step && r.perturbations == e->perturbations && r.gradient_samples == e->gradient_samples;
    for (int j = 0; j < TRIAL_DIM; j++) {
        elsewhere[j] = 2.0 * e->w[j];
    }
    EXPECT_OK(saddle_objective_value(t->f, elsewhere, &value));
    EXPECT_OK(saddle_objective_gradient(t->f, e->w, &value, g));
    return 0;
}

START_TEST(it_may_evaluate_and_may_not_step)
{
    static const char *const with[] = {"max_steps", "9", NULL};
    struct trial whole, t;
    trial_begin(&whole, _i, with);
    trial_run(&whole, SADDLE_STOP_STEPS, 9);
    trial_begin(&t, _i, with);
    struct meddler x = {&t, 0};
    EXPECT_OK(saddle_solver_set_monitor(t.s, meddle, &x));
    trial_run(&t, SADDLE_STOP_STEPS, 9);
    ck_assert_int_eq(x.results, 10);
    EXPECT_SAME(t.w, whole.w, sizeof t.w);
    ck_assert_int_eq(t.r.gradient_samples,
                     whole.r.gradient_samples); /* evaluations of its own are no part of the run */
    trial_end(&t);
    trial_end(&whole);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("monitor");
    TCase *c = tcase_create("monitor");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, it_is_called_in_time);
    tcase_add_loop_test(c, what_it_is_told_is_true, 0, RECIPES);
    tcase_add_test(c, the_norm_is_that_of_the_batch);
    tcase_add_test(c, norms_of_long_vectors);
    tcase_add_loop_test(c, its_code_is_told_and_the_run_goes_on, 0, RECIPES);
    tcase_add_test(c, its_answer_when_the_run_stops);
    tcase_add_test(c, it_can_be_taken_back);
    tcase_add_loop_test(c, it_may_evaluate_and_may_not_step, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
