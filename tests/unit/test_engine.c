/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine from inside: schedules, limits, the clock's grain, the reservoir, the state that a failure leaves. */
#include "solver/engine.h"
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <math.h>

START_TEST(schedules_are_exact_where_they_can_be)
{
    struct saddle_solver s;
    memset(&s, 0, sizeof s);
    s.run.set.step_size = 0.75;
    s.schedule_time = 8.0;
    s.schedule = SADDLE_SCHEDULE_CONSTANT;
    EXPECT_OK(saddle_i_engine_schedule(&s, INT64_C(1) << 60));
    ck_assert_double_eq(s.run.eta, 0.75);
    s.schedule = SADDLE_SCHEDULE_INVERSE;
    EXPECT_OK(saddle_i_engine_schedule(&s, 25));
    ck_assert_double_eq(s.run.eta, 0.75 / 4.0);
    ck_assert_double_eq(s.run.eta_ratio, 0.25);
    s.schedule = SADDLE_SCHEDULE_INVERSE_SQRT;
    EXPECT_OK(saddle_i_engine_schedule(&s, 25));
    ck_assert_double_eq(s.run.eta, 0.75 / 2.0);
    s.schedule = SADDLE_SCHEDULE_EXPONENTIAL;
    EXPECT_OK(saddle_i_engine_schedule(&s, 1));
    ck_assert_double_eq(s.run.eta, 0.75);
    EXPECT_OK(saddle_i_engine_schedule(&s, 9));
    ck_assert_double_eq_tol(s.run.eta_ratio, exp(-1.0), 1e-16);
    EXPECT_OK(saddle_i_engine_schedule(&s, INT64_C(1) << 60));
    ck_assert(s.run.eta >= 0.0 && s.run.eta < 1e-300);
    s.schedule = SADDLE_SCHEDULE_COSINE;
    EXPECT_OK(saddle_i_engine_schedule(&s, 1));
    ck_assert_double_eq(s.run.eta, 0.75);
    EXPECT_OK(saddle_i_engine_schedule(&s, 5));
    ck_assert_double_eq_tol(s.run.eta_ratio, 0.5, 1e-16);
    EXPECT_OK(saddle_i_engine_schedule(&s, 9));
    ck_assert_double_eq(s.run.eta, 0.0);
    EXPECT_OK(saddle_i_engine_schedule(&s, 1000));
    ck_assert_double_eq(s.run.eta, 0.0);
}
END_TEST

START_TEST(schedules_fall_and_stay_between_zero_and_eta)
{
    struct saddle_solver s;
    memset(&s, 0, sizeof s);
    s.run.set.step_size = 0.3;
    s.schedule_time = 100.0;
    for (s.schedule = SADDLE_SCHEDULE_CONSTANT; s.schedule <= SADDLE_SCHEDULE_COSINE; s.schedule++) {
        double last = 0.3;
        for (int64_t t = 1; t < 400; t++) {
            EXPECT_OK(saddle_i_engine_schedule(&s, t));
            ck_assert(s.run.eta <= last && s.run.eta >= 0.0);
            last = s.run.eta;
        }
    }
}
END_TEST

START_TEST(no_limit_is_infinite)
{
    static const char *const none[] = {NULL};
    static const char *const all[] = {"max_steps", "7", "max_epochs", "2.5", "max_seconds", "3", "divergence", "4",
                                      "target_value", "-5", "eps_gradient", "6", NULL};
    struct trial t;
    trial_begin(&t, 3, none);
    ck_assert_int_eq(t.s->limit.steps, INT64_MAX);
    ck_assert(isinf(t.s->limit.samples) && isinf(t.s->limit.seconds) && isinf(t.s->limit.divergence));
    ck_assert(t.s->limit.target_value == -SADDLE_I_INF && t.s->limit.eps_gradient == 0.0);
    trial_end(&t);
    trial_begin(&t, 3, all);
    ck_assert_int_eq(t.s->limit.steps, 7);
    ck_assert_double_eq(t.s->limit.samples, 2.5 * TRIAL_SAMPLES);
    ck_assert_double_eq(t.s->limit.seconds, 3.0);
    ck_assert_double_eq(t.s->limit.divergence, 4.0);
    ck_assert_double_eq(t.s->limit.target_value, -5.0);
    ck_assert_double_eq(t.s->limit.eps_gradient, 6.0);
    ck_assert_int_eq(t.s->limit.test_every, 2); /* 7 of 10 samples a step */
    trial_end(&t);
}
END_TEST

/* What the options ask for is what is kept: a vector of the output, the iterate before, the method's own. */
START_TEST(vectors_are_made_as_needed)
{
    static const char *const outputs[] = {"last", "uniform", "best"};
    for (int k = 0; k < 3; k++) {
        const char *const with[] = {"output", outputs[k], NULL};
        struct trial t;
        trial_begin(&t, _i, with);
        ck_assert_int_eq(t.s->kept != NULL, k > 0);
        ck_assert_int_eq(t.s->run.before != NULL, recipes[_i].method == SADDLE_METHOD_SGLD);
        ck_assert_int_eq(t.s->run.vector[0] != NULL, recipes[_i].method == SADDLE_METHOD_PGD);
        ck_assert_ptr_null(t.s->run.vector[1]);
        ck_assert_int_eq(t.s->run.batches.page != NULL,
                         recipes[_i].by_batches || recipes[_i].method == SADDLE_METHOD_SGD_GD);
        trial_end(&t);
    }
}
END_TEST

START_TEST(the_clock_is_not_read_at_every_step)
{
    static const char *const with[] = {"max_seconds", "1000", "max_steps", "5000", NULL};
    struct trial t;
    trial_begin(&t, 2, with);
    EXPECT_OK(saddle_solver_step(t.s, 1000));
    ck_assert_int_ge(t.s->clock_gap, 1);
    ck_assert_int_le(t.s->clock_gap, 64);
    ck_assert(t.s->clock > 0.0 && t.s->clock == t.s->seconds);
    trial_end(&t);
}
END_TEST

/* A bound that always holds for the entries of w, whatever steps there were. */
START_TEST(the_reach_of_w_is_true)
{
    static const char *const none[] = {NULL};
    struct trial t;
    trial_begin(&t, _i, none);
    for (int i = 0; i < 60; i++) {
        double most = 0.0;
        for (int j = 0; j < TRIAL_DIM; j++) {
            most = fmax(most, fabs(t.w[j]));
        }
        ck_assert_double_ge(t.s->run.reach, most);
        EXPECT_OK(saddle_solver_result(t.s, &t.r));
        if (t.r.stop == SADDLE_STOP_NONE) {
            EXPECT_OK(saddle_solver_step(t.s, 1));
        }
    }
    trial_end(&t);
}
END_TEST

START_TEST(a_gradient_that_failed_is_not_kept)
{
    static const char *const with[] = {"max_steps", "5", NULL};
    struct trial t;
    trial_begin(&t, 0, with);
    EXPECT_OK(saddle_solver_step(t.s, 2));
    t.p.fault = FAULT_ENTRY;
    t.p.fault_call = t.p.calls + 1;
    t.p.entry = 3;
    t.p.bad = SADDLE_I_NAN;
    EXPECT_FAIL(saddle_solver_step(t.s, 1), SADDLE_E_NOT_FINITE, "entry 3 of the gradient is nan at step 3");
    ck_assert_int_eq(t.s->run.ready_point, -1);
    ck_assert_int_eq(t.s->t, 2);
    ck_assert_int_eq(t.s->working, 0);
    trial_run(&t, SADDLE_STOP_STEPS, 5);
    trial_end(&t);
}
END_TEST

/* The full gradient that a test has made serves the step: one evaluation a step, not two. */
START_TEST(a_gradient_of_a_test_serves_the_step)
{
    static const char *const with[] = {"max_steps", "9",      "eps_gradient", "1e-12", "target_value",
                                       "-1e9",      "output", "best",         NULL};
    struct trial t;
    trial_begin(&t, 0, with);
    trial_run(&t, SADDLE_STOP_STEPS, 9);
    ck_assert_int_eq(t.p.calls, 9 + 1 + 1); /* w_0 .. w_9, and the output */
    trial_end(&t);
}
END_TEST

/* Look number c at the curvature has the start c, and delta/(c (c + 1)): what it said is what saddle_i_certify() says with these. */
START_TEST(looks_share_delta)
{
    static const char *const with[] = {"check_every", "2",     "eps_gradient", "0.75",  "eps_hessian", "0.1",
                                       "delta",       "0.125", "max_steps",    "20000", NULL};
    struct trial t;
    trial_begin(&t, _i, with);
    trial_run(&t, SADDLE_STOP_SECOND_ORDER, -1);
    const int64_t c = t.s->check.count;
    ck_assert_int_gt(c, 2);
    ck_assert_int_le(c, 1 + t.r.steps / 2);
    ck_assert_double_eq(t.s->check.set.delta, 0.125);
    for (int64_t other = c - 1; other <= c + 1; other++) {
        struct saddle_i_lanczos_settings v = t.s->check.set;
        struct saddle_i_counts counts = {0};
        saddle_certificate found;
        v.start = (uint64_t)other;
        v.delta = 0.125 / ((double)other * ((double)other + 1.0));
        EXPECT_OK(saddle_i_certify(t.s->run.oracle, t.w, &v, 0.75, t.s->t, t.s->run.point, &counts, 0.0, NULL, &found));
        ck_assert_int_eq(found.kind, SADDLE_KIND_SECOND_ORDER);
        if (other == c || _i != 2) { /* there another start leads to the same number */
            ck_assert_int_eq(found.lambda_min == t.r.lambda_min, other == c);
        }
    }
    trial_end(&t);
}
END_TEST

/* A step size that was chosen needs a vector for trials where it is guarded, and only there; a set one leaves all as it was. */
START_TEST(a_chosen_step_size_is_guarded_with_all_samples)
{
    static const char *const chosen[] = {"step_size", "0", NULL};
    static const char *const none[] = {NULL};
    struct trial t;
    trial_begin(&t, _i, chosen);
    ck_assert_int_eq(t.s->run.chosen, 1);
    ck_assert_int_eq(t.s->run.guarded, !recipes[_i].by_batches);
    ck_assert_int_eq(t.s->run.before != NULL, !recipes[_i].by_batches || recipes[_i].method == SADDLE_METHOD_SGLD);
    ck_assert_double_eq(t.s->run.smoothness, 0.0);
    EXPECT_OK(saddle_solver_step(t.s, 0)); /* nothing to take a step size for */
    ck_assert_double_eq(t.s->run.smoothness, 0.0);
    EXPECT_OK(saddle_solver_step(t.s, 1));
    ck_assert_double_gt(t.s->run.smoothness, 0.5);
    ck_assert_double_gt(t.s->run.set.step_size, 0.0);
    trial_end(&t);
    trial_begin(&t, _i, none);
    EXPECT_OK(saddle_solver_step(t.s, 1));
    ck_assert_int_eq(t.s->run.chosen + t.s->run.guarded, 0);
    ck_assert_double_eq(t.s->run.smoothness, 0.0);
    trial_end(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *c = tcase_create("engine");
    tcase_add_test(c, schedules_are_exact_where_they_can_be);
    tcase_add_test(c, schedules_fall_and_stay_between_zero_and_eta);
    tcase_add_test(c, no_limit_is_infinite);
    tcase_add_loop_test(c, vectors_are_made_as_needed, 0, RECIPES);
    tcase_add_test(c, the_clock_is_not_read_at_every_step);
    tcase_add_loop_test(c, the_reach_of_w_is_true, 0, RECIPES);
    tcase_add_test(c, a_gradient_that_failed_is_not_kept);
    tcase_add_test(c, a_gradient_of_a_test_serves_the_step);
    tcase_add_loop_test(c, looks_share_delta, 0, RECIPES);
    tcase_add_loop_test(c, a_chosen_step_size_is_guarded_with_all_samples, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
