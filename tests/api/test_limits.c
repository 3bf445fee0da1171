/* SPDX-License-Identifier: BSD-3-Clause */
/* What ends a run, which reason is told when there are several, and what can go on afterwards. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <math.h>
#include <stdio.h>
#include <time.h>

static void expect_end(int recipe, const char *const *more, int64_t stop, int64_t steps)
{
    struct trial t;
    trial_begin(&t, recipe, more);
    trial_run(&t, stop, steps);
    EXPECT_FAIL(saddle_solver_run(t.s), SADDLE_E_STATE, "saddle_solver_run: the run has stopped for good (");
    EXPECT_MESSAGE(saddle_stop_name(stop));
    EXPECT_FAIL(saddle_solver_step(t.s, 1), SADDLE_E_STATE, "saddle_solver_step: the run has stopped for good (");
    EXPECT_FAIL(saddle_solver_step(t.s, 0), SADDLE_E_STATE, "make another solver");
    EXPECT_OK(saddle_solver_result(t.s, &t.r)); /* and nothing has changed */
    ck_assert_int_eq(t.r.stop, stop);
    trial_end(&t);
}

START_TEST(steps_and_epochs)
{
    static const char *const steps[] = {"max_steps", "7", NULL};
    static const char *const two_epochs[] = {"max_epochs", "2", NULL};
    static const char *const half[] = {"max_epochs", "0.5", NULL};
    static const char *const both[] = {"max_epochs", "2", "max_steps", "20", NULL};
    static const char *const both_fewer[] = {"max_epochs", "2", "max_steps", "19", NULL};
    expect_end(0, steps, SADDLE_STOP_STEPS, 7);
    expect_end(2, steps, SADDLE_STOP_STEPS, 7);
    expect_end(0, two_epochs, SADDLE_STOP_EPOCHS, 2);
    expect_end(2, two_epochs, SADDLE_STOP_EPOCHS, 20); /* one sample a step */
    expect_end(3, two_epochs, SADDLE_STOP_EPOCHS, 3);  /* seven */
    expect_end(2, half, SADDLE_STOP_EPOCHS, 5);
    expect_end(0, half, SADDLE_STOP_EPOCHS, 1);
    expect_end(2, both, SADDLE_STOP_EPOCHS, 20);
    expect_end(2, both_fewer, SADDLE_STOP_STEPS, 19);
    /* what tests evaluate is no step's work */
    static const char *const tested[] = {"max_epochs", "2", "eps_gradient", "1e-300", NULL};
    expect_end(0, tested, SADDLE_STOP_EPOCHS, 2);
    expect_end(2, tested, SADDLE_STOP_EPOCHS, 20);
}
END_TEST

START_TEST(the_default_limit_is_10000_steps)
{
    int64_t steps = 0;
    EXPECT_OK(saddle_options_get_int(NULL, SADDLE_OPT_MAX_STEPS, &steps));
    ck_assert_int_eq(steps, 10000);
}
END_TEST

static void wait_ms(long ms)
{
    const struct timespec t = {0, ms * 1000000L};
    (void)nanosleep(&t, NULL);
}

static double seconds_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Fast until call number `from`, then 10 ms a call; counts the calls that begin when `limit` seconds have gone by. */
struct sleeper {
    int64_t calls, from;
    double limit, start;
    int64_t late;
};

static int sleepy_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    struct sleeper *s = user;
    (void)b;
    s->start = s->calls == 0 ? seconds_now() : s->start;
    s->late += seconds_now() - s->start >= s->limit;
    if (++s->calls > s->from) {
        wait_ms(10);
    }
    gradient[0] = w[0];
    return 0;
}

static saddle_result run_seconds(double seconds, struct sleeper *sleeper)
{
    double w[1] = {1.0};
    saddle_objective *f = NULL;
    saddle_options *o = recipe_options(2, NULL, 0);
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_MAX_SECONDS, seconds));
    EXPECT_OK(saddle_objective_create(NULL, 1, 1000, sleeper, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, sleepy_gradient));
    EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_SGD, o, w, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_SECONDS);
    ck_assert(r.seconds >= seconds);
    ck_assert(isnan(r.value) && isnan(r.gradient_norm)); /* an end now, without an evaluation */
    ck_assert_int_eq(r.gradient_samples, r.steps);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return r;
}

START_TEST(seconds_with_slow_callbacks)
{
    struct sleeper s = {.from = 0, .limit = 0.035};
    const saddle_result r = run_seconds(0.035, &s);
    ck_assert_int_ge(r.steps, 1);
    ck_assert_int_le(r.steps, 4); /* 4 calls take 40 ms: not one step too many */
    ck_assert_int_eq(s.late, 0);
}
END_TEST

/* Steps are counted, not milliseconds, since the machine may have other work. */
START_TEST(seconds_with_fast_callbacks)
{
    struct sleeper s = {.from = INT64_MAX, .limit = 0.01};
    const saddle_result r = run_seconds(0.01, &s);
    ck_assert_int_ge(r.steps, 1);
    ck_assert_int_le(s.late, 64);
}
END_TEST

START_TEST(seconds_with_callbacks_that_become_slow)
{
    struct sleeper s = {.from = 2000, .limit = 0.02};
    const saddle_result r = run_seconds(0.02, &s);
    ck_assert_int_le(r.steps, 2000 + 65);
    ck_assert_int_le(s.late, 64);
}
END_TEST

/* f and ||grad f|| along gradient descent. */
static void trace(double *value, double *norm, int steps)
{
    struct trial t;
    static const char *const none[] = {"max_steps", "100", NULL};
    trial_begin(&t, 0, none);
    for (int i = 0; i <= steps; i++) {
        double g[TRIAL_DIM], sum = 0.0;
        EXPECT_OK(saddle_objective_gradient(t.f, t.w, &value[i], g));
        for (int j = 0; j < TRIAL_DIM; j++) {
            sum += g[j] * g[j];
        }
        norm[i] = sqrt(sum);
        EXPECT_OK(saddle_solver_step(t.s, 1));
    }
    trial_end(&t);
}

START_TEST(target_value)
{
    double value[41], norm[41];
    trace(value, norm, 40);
    static const int at[] = {0, 1, 17, 40};
    for (int k = 0; k < 4; k++) {
        struct trial t;
        char text[40];
        (void)snprintf(text, sizeof text, "%.17g", value[at[k]]);
        const char *const with[] = {"max_steps", "100", "target_value", text, NULL};
        trial_begin(&t, 0, with);
        trial_run(&t, SADDLE_STOP_VALUE, at[k]); /* also at the start; "at most" is told apart from "less than" */
        ck_assert(t.r.value == value[at[k]]);
        ck_assert_int_eq(t.r.kind, SADDLE_KIND_UNKNOWN);
        ck_assert_int_eq(t.p.last_step, at[k]);
        trial_end(&t);
        if (at[k] > 0) {
            ck_assert_double_gt(value[at[k] - 1], value[at[k]]);
        }
        expect_end(0, with, SADDLE_STOP_VALUE, at[k]);
    }
}
END_TEST

START_TEST(eps_gradient)
{
    double value[41], norm[41];
    trace(value, norm, 40);
    for (int k = 0; k < 3; k++) {
        struct trial t;
        char text[40];
        const double eps = k == 0 ? norm[0] * 1.0001 : k == 1 ? norm[5] * 1.0001 : 1e-9;
        (void)snprintf(text, sizeof text, "%.17g", eps);
        const char *const with[] = {"max_steps", "40", "eps_gradient", text, NULL};
        int64_t first = 0;
        while (first < 40 && norm[first] > eps) {
            first++;
        }
        trial_begin(&t, 0, with);
        trial_run(&t, first < 40 ? SADDLE_STOP_GRADIENT : SADDLE_STOP_STEPS, first);
        ck_assert_int_eq(t.r.kind, first < 40 ? SADDLE_KIND_FIRST_ORDER : SADDLE_KIND_NOT_STATIONARY);
        ck_assert_double_eq_tol(t.r.gradient_norm, norm[first], 1e-15);
        ck_assert(t.r.value == value[first]);
        ck_assert(k > 0 || t.r.steps == 0);
        ck_assert(k < 2 || t.r.stop == SADDLE_STOP_STEPS);
        trial_end(&t);
    }
}
END_TEST

START_TEST(eps_gradient_ends_no_method_that_escapes)
{
    static const char *const with[] = {"max_steps", "3", "eps_gradient", "1e6", NULL};
    static const int escaping[] = {4, 5, 6};
    for (int k = 0; k < 3; k++) {
        struct trial t;
        trial_begin(&t, escaping[k], with);
        trial_run(&t, SADDLE_STOP_STEPS, 3);
        ck_assert_int_eq(t.r.kind, SADDLE_KIND_FIRST_ORDER); /* what kind of point is another question */
        trial_end(&t);
    }
}
END_TEST

/* Methods with mini-batches look at all samples once an epoch, at multiples of ceil(n/B) steps. */
START_TEST(tests_of_all_samples_come_once_an_epoch)
{
    static const char *const with[] = {"max_steps", "100", "eps_gradient", "0.9", NULL};
    struct trial t;
    trial_begin(&t, 3, with); /* 7 of 10 samples a step */
    EXPECT_OK(saddle_solver_run(t.s));
    EXPECT_OK(saddle_solver_result(t.s, &t.r));
    ck_assert_int_eq(t.r.stop, SADDLE_STOP_GRADIENT);
    ck_assert_int_eq(t.r.steps % 2, 0);
    trial_end(&t);
    static const char *const never[] = {"max_steps", "25", "eps_gradient", "1e-9", NULL};
    trial_begin(&t, 2, never);
    EXPECT_OK(saddle_solver_step(t.s, 24));
    EXPECT_OK(saddle_solver_result(t.s, &t.r));
    ck_assert_int_eq(t.r.gradient_samples, 24 + 3 * TRIAL_SAMPLES); /* at steps 0, 10 and 20 */
    trial_end(&t);
}
END_TEST

static int slope_minus_one(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    (void)user;
    *value = 0.0;
    for (int64_t j = 0; j < b->dim; j++) {
        *value -= w[j];
        gradient[j] = -1.0;
    }
    return 0;
}

static saddle_result walk_away(const char *divergence, const char *target)
{
    double w[4] = {0.0, 0.0, 0.0, 0.0};
    saddle_objective *f = NULL;
    saddle_options *o = recipe_options(0, NULL, 50);
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    set(o, "step_size", "1");
    set(o, "divergence", divergence);
    set(o, "target_value", target);
    EXPECT_OK(saddle_objective_create(NULL, 4, 1, NULL, &f));
    EXPECT_OK(saddle_objective_set_value_gradient(f, slope_minus_one));
    EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_GD, o, w, &r));
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return r;
}

START_TEST(divergence)
{
    saddle_result r = walk_away("9.5", "-inf"); /* ||w_t|| = 2 t */
    ck_assert_int_eq(r.stop, SADDLE_STOP_DIVERGED);
    ck_assert_int_eq(r.steps, 5);
    r = walk_away("10", "-inf"); /* above it, not at it */
    ck_assert_int_eq(r.steps, 6);
    r = walk_away("0", "-inf");
    ck_assert_int_eq(r.stop, SADDLE_STOP_STEPS);
    ck_assert_int_eq(r.steps, 50);
    r = walk_away("9.5", "-12"); /* f = -4 t */
    ck_assert_int_eq(r.stop, SADDLE_STOP_VALUE);
    ck_assert_int_eq(r.steps, 3);
}
END_TEST

struct stopper {
    saddle_solver *s;
    int64_t at;       /* at this step */
    int request;      /* asks */
    int answer;       /* and answers */
    int64_t finals;   /* calls when the run stops */
    int64_t last;
};

static int stop_at(void *user, const saddle_event *e)
{
    struct stopper *x = user;
    const int final = e->step == x->last;
    x->finals += final;
    x->last = e->step;
    if (final || e->step != x->at) {
        return 0;
    }
    if (x->request) {
        saddle_solver_request_stop(x->s);
    }
    return x->answer;
}

/* All that can end a run is due after step 1; what outranks the others is told. */
START_TEST(reasons_have_ranks)
{
    static const int64_t told[] = {SADDLE_STOP_REQUEST, SADDLE_STOP_MONITOR, SADDLE_STOP_SECONDS, SADDLE_STOP_VALUE,
                                   SADDLE_STOP_EPOCHS, SADDLE_STOP_STEPS};
    double value[2], norm[2];
    trace(value, norm, 1);
    char target[40];
    (void)snprintf(target, sizeof target, "%.17g", (value[0] + value[1]) / 2);
    for (int k = 0; k < 6; k++) {
        struct trial t;
        const char *with[9] = {"max_steps", "1", NULL};
        int n = 2;
        if (k <= 4) {
            with[n++] = "max_epochs";
            with[n++] = k <= 3 ? "2" : "1"; /* a target is looked at before the first step, too */
        }
        if (k <= 3) {
            with[n++] = "target_value";
            with[n++] = target;
        }
        if (k <= 2) {
            with[n++] = "max_seconds";
            with[n++] = "1e-9";
        }
        with[n] = NULL;
        trial_begin(&t, 0, with);
        struct stopper x = {t.s, 1, k == 0, k <= 1, 0, -1};
        EXPECT_OK(saddle_solver_set_monitor(t.s, stop_at, &x));
        trial_run(&t, told[k], 1);
        ck_assert_int_eq(x.finals, 1);
        trial_end(&t);
    }
}
END_TEST

START_TEST(the_methods_own_rule_outranks_epochs)
{
    static const char *const with[] = {"max_epochs", "6", "decrease_threshold", "1e6", "gradient_threshold",
                                       "1e6",        NULL};
    struct trial t;
    trial_begin(&t, 6, with);
    trial_run(&t, SADDLE_STOP_METHOD, 4); /* two gradients, three of one each, and one to judge */
    ck_assert_int_eq(t.r.gradient_samples, 7 * TRIAL_SAMPLES);
    trial_end(&t);
    expect_end(6, with, SADDLE_STOP_METHOD, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *c = tcase_create("limits");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, steps_and_epochs);
    tcase_add_test(c, the_default_limit_is_10000_steps);
    tcase_add_test(c, seconds_with_slow_callbacks);
    tcase_add_test(c, seconds_with_fast_callbacks);
    tcase_add_test(c, seconds_with_callbacks_that_become_slow);
    tcase_add_test(c, target_value);
    tcase_add_test(c, eps_gradient);
    tcase_add_test(c, eps_gradient_ends_no_method_that_escapes);
    tcase_add_test(c, tests_of_all_samples_come_once_an_epoch);
    tcase_add_test(c, divergence);
    tcase_add_test(c, reasons_have_ranks);
    tcase_add_test(c, the_methods_own_rule_outranks_epochs);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
