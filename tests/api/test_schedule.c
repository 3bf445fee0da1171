/* SPDX-License-Identifier: BSD-3-Clause */
/* Step sizes: the five schedules, a caller's own, and projections after each step. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <math.h>

enum { STEPS = 12 };

static int slope_one(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    (void)user;
    (void)w;
    for (int64_t j = 0; j < b->dim; j++) {
        gradient[j] = 1.0;
    }
    return 0;
}

struct walk {
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[1];
};

/* On f = w from 0, so that w_(t-1) - w_t is the step size of step t. */
static void start_walk(struct walk *x, int recipe, const char *schedule, const char *time, int64_t max_steps)
{
    x->w[0] = 0.0;
    EXPECT_OK(saddle_objective_create(NULL, 1, 1, NULL, &x->f));
    EXPECT_OK(saddle_objective_set_gradient(x->f, slope_one));
    x->o = recipe_options(recipe, NULL, max_steps);
    set(x->o, "step_size", "0.5");
    set(x->o, "schedule", schedule);
    set(x->o, "schedule_time", time);
    EXPECT_OK(saddle_solver_create(x->f, recipes[recipe].method, x->o, x->w, &x->s));
}

static void end_walk(struct walk *x)
{
    saddle_solver_destroy(x->s);
    saddle_options_destroy(x->o);
    saddle_objective_destroy(x->f);
}

static double formula(int schedule, double x)
{
    switch (schedule) {
    case SADDLE_SCHEDULE_INVERSE: return 1.0 / (1.0 + x);
    case SADDLE_SCHEDULE_INVERSE_SQRT: return 1.0 / sqrt(1.0 + x);
    case SADDLE_SCHEDULE_EXPONENTIAL: return exp(-x);
    case SADDLE_SCHEDULE_COSINE: return 0.5 * (1.0 + cos(3.14159265358979323846 * fmin(x, 1.0)));
    default: return 1.0;
    }
}

static const char *const names[] = {"constant", "inverse", "inverse_sqrt", "exponential", "cosine"};

START_TEST(schedules_follow_their_formulas)
{
    static const char *const times[] = {"4", "0", "2.5"};
    static const double time[] = {4.0, STEPS, 2.5}; /* 0 is max_steps */
    for (int k = 0; k < 3; k++) {
        struct walk x;
        start_walk(&x, 0, names[_i], times[k], STEPS);
        for (int t = 1; t <= STEPS; t++) {
            const double before = x.w[0];
            EXPECT_OK(saddle_solver_step(x.s, 1));
            ck_assert_double_eq_tol(before - x.w[0], 0.5 * formula(_i + 1, (t - 1) / time[k]), 2e-15);
        }
        end_walk(&x);
    }
}
END_TEST

START_TEST(the_long_step_follows_the_schedule)
{
    struct walk x;
    start_walk(&x, 4, "inverse", "4", STEPS); /* r = 1/4 instead of eta = 1/2 in each fourth step */
    for (int t = 1; t <= STEPS; t++) {
        const double before = x.w[0];
        EXPECT_OK(saddle_solver_step(x.s, 1));
        ck_assert_double_eq_tol(before - x.w[0], (t % 4 == 0 ? 0.25 : 0.5) / (1.0 + (t - 1) / 4.0), 1e-15);
    }
    end_walk(&x);
}
END_TEST

START_TEST(an_exponential_may_vanish)
{
    struct walk x;
    start_walk(&x, 0, "exponential", "0.001", STEPS);
    EXPECT_OK(saddle_solver_step(x.s, 1));
    ck_assert_double_eq(x.w[0], -0.5);
    EXPECT_OK(saddle_solver_run(x.s));
    ck_assert_double_eq(x.w[0], -0.5);
    end_walk(&x);
}
END_TEST

struct own {
    int64_t calls, next;
    double bad;       /* what it gives in step bad_at */
    int64_t bad_at;
    int code;         /* or what it returns there */
};

static int own_schedule(void *user, int64_t step, double eta0, double *eta)
{
    struct own *x = user;
    x->calls++;
    ck_assert_int_eq(step, x->next);
    ck_assert_double_eq(eta0, 0.5);
    if (step == x->bad_at) {
        x->bad_at = 0;
        *eta = x->bad;
        return x->code;
    }
    x->next++;
    *eta = step == 3 ? 0.0 : eta0 / (double)step;
    return 0;
}

START_TEST(a_schedule_of_ones_own)
{
    struct walk x;
    struct own mine = {.next = 1};
    start_walk(&x, 4, "cosine", "4", STEPS);
    EXPECT_OK(saddle_solver_set_schedule(x.s, own_schedule, &mine));
    for (int t = 1; t <= 8; t++) {
        const double before = x.w[0];
        EXPECT_OK(saddle_solver_step(x.s, 1));
        ck_assert_double_eq_tol(before - x.w[0], t == 3 ? 0.0 : (t % 4 == 0 ? 0.25 : 0.5) / t, 1e-15);
    }
    ck_assert_int_eq(mine.calls, 8);
    EXPECT_OK(saddle_solver_set_schedule(x.s, NULL, NULL)); /* back to the option */
    const double before = x.w[0];
    EXPECT_OK(saddle_solver_step(x.s, 1));
    ck_assert_double_eq(before, x.w[0]); /* a cosine past its time */
    ck_assert_int_eq(mine.calls, 8);
    end_walk(&x);
}
END_TEST

START_TEST(taking_a_schedule_back_to_a_constant)
{
    struct walk x;
    struct own mine = {.next = 1};
    start_walk(&x, 0, "constant", "0", STEPS);
    EXPECT_OK(saddle_solver_set_schedule(x.s, own_schedule, &mine));
    EXPECT_OK(saddle_solver_step(x.s, 2));
    ck_assert_double_eq(x.w[0], -0.75);
    EXPECT_OK(saddle_solver_set_schedule(x.s, NULL, NULL));
    EXPECT_OK(saddle_solver_step(x.s, 1));
    ck_assert_double_eq(x.w[0], -1.25);
    end_walk(&x);
}
END_TEST

START_TEST(a_schedule_that_fails)
{
    const double bad[] = {(double)NAN, -0x1p-1074, (double)INFINITY, -(double)INFINITY, -1.0, 0.25, 0.25};
    static const char *const said[] = {"step size nan at step 5", "step size -4.94", "step size inf at step 5",
                                       "step size -inf at step 5", "step size -1 at step 5: it must be finite and >= 0",
                                       "the schedule returned 3 at step 5", "the schedule returned 1 at step 5"};
    struct walk whole;
    struct own good = {.next = 1};
    start_walk(&whole, 2, "constant", "0", STEPS);
    EXPECT_OK(saddle_solver_set_schedule(whole.s, own_schedule, &good));
    EXPECT_OK(saddle_solver_run(whole.s));
    for (int k = 0; k < 7; k++) {
        struct walk x;
        struct own mine = {.next = 1, .bad = bad[k], .bad_at = 5, .code = k == 5 ? 3 : k == 6 ? 1 : 0};
        saddle_result r = {.struct_size = (int64_t)sizeof r};
        start_walk(&x, 2, "constant", "0", STEPS);
        EXPECT_OK(saddle_solver_set_schedule(x.s, own_schedule, &mine));
        EXPECT_FAIL(saddle_solver_run(x.s), k < 5 ? SADDLE_E_RANGE : SADDLE_E_CALLBACK, said[k]);
        EXPECT_OK(saddle_solver_result(x.s, &r));
        ck_assert_int_eq(r.steps, 4);
        ck_assert_int_eq(r.stop, SADDLE_STOP_NONE);
        ck_assert_int_eq(r.callback_code, k < 5 ? 0 : mine.code);
        ck_assert_double_eq(x.w[0], -(0.5 + 0.25 + 0.125));
        EXPECT_OK(saddle_solver_run(x.s));
        EXPECT_SAME(x.w, whole.w, sizeof x.w);
        end_walk(&x);
    }
    end_walk(&whole);
}
END_TEST

/* The box [-0.4, 0.1]^d, with faults. */
struct box {
    struct problem p; /* first: the other callbacks take it for theirs */
    int64_t calls, bad_call;
    int code;
    double bad;
};

static int into_box(void *user, int64_t dim, double *w)
{
    struct box *x = user;
    x->calls++;
    const int fault = x->calls == x->bad_call;
    for (int64_t j = 0; j < dim; j++) {
        w[j] = fmin(fmax(w[j], -0.4), 0.1);
        w[j] = fault && j == 1 ? x->bad : w[j];
    }
    return fault ? x->code : 0;
}

static void run_in_box(struct box *x, int recipe, double *w, int faults)
{
    struct problem *p = &x->p;
    saddle_objective *f = NULL;
    problem_init(p, TRIAL_DIM, TRIAL_SAMPLES, 0, TOGETHER);
    problem_start(p, w);
    EXPECT_OK(saddle_objective_create(NULL, TRIAL_DIM, TRIAL_SAMPLES, x, &f));
    EXPECT_OK(saddle_objective_set_value_gradient(f, problem_value_gradient));
    EXPECT_OK(saddle_objective_set_project(f, into_box));
    saddle_options *o = recipe_options(recipe, NULL, 40);
    saddle_solver *s = NULL;
    double before[TRIAL_DIM];
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_create(f, recipes[recipe].method, o, w, &s));
    do {
        memcpy(before, w, sizeof before);
        const saddle_status status = saddle_solver_step(s, 1);
        if (status != SADDLE_OK && x->code != 0) {
            ck_assert_int_eq(status, SADDLE_E_CALLBACK);
            EXPECT_MESSAGE("the project callback returned 5 (gave up) at step");
        } else if (status != SADDLE_OK) {
            ck_assert_int_eq(status, SADDLE_E_NOT_FINITE);
            EXPECT_MESSAGE("entry 1 of w is inf after the project callback at step");
        }
        if (status != SADDLE_OK) {
            EXPECT_SAME(w, before, sizeof before);
            faults--;
        }
        EXPECT_OK(saddle_solver_result(s, &r));
    } while (r.stop == SADDLE_STOP_NONE);
    ck_assert_int_eq(faults, 0);
    ck_assert_int_eq(p->broken, 0);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}

START_TEST(projections_keep_w_in_the_box)
{
    struct box x = {.calls = 0};
    double undisturbed[TRIAL_DIM], w[TRIAL_DIM];
    run_in_box(&x, _i, undisturbed, 0);
    int at_the_border = 0;
    for (int j = 0; j < TRIAL_DIM; j++) {
        ck_assert(undisturbed[j] >= -0.4 && undisturbed[j] <= 0.1);
        at_the_border += undisturbed[j] == -0.4 || undisturbed[j] == 0.1;
    }
    ck_assert_int_ge(at_the_border, recipes[_i].method == SADDLE_METHOD_PGD ? 0 : 1);
    const int64_t calls = x.calls;
    for (int64_t k = 1; k <= calls; k += 5) {
        x = (struct box){.bad_call = k, .code = k % 2 ? 5 : 0, .bad = (double)INFINITY};
        run_in_box(&x, _i, w, 1);
        EXPECT_SAME(w, undisturbed, sizeof w);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *c = tcase_create("schedule");
    tcase_set_timeout(c, 30);
    tcase_add_loop_test(c, schedules_follow_their_formulas, 0, 5);
    tcase_add_test(c, the_long_step_follows_the_schedule);
    tcase_add_test(c, an_exponential_may_vanish);
    tcase_add_test(c, a_schedule_of_ones_own);
    tcase_add_test(c, taking_a_schedule_back_to_a_constant);
    tcase_add_test(c, a_schedule_that_fails);
    tcase_add_loop_test(c, projections_keep_w_in_the_box, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
