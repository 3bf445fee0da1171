/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs that a monitor or a request stops, from wherever it comes, and how they go on. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>

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

/* Stopped by the monitor or a request, in the middle: it goes on to the bits of a run that was not. */
START_TEST(going_on)
{
    static const char *const outputs[] = {"last", "uniform", "best"};
    for (int k = 0; k < 12; k++) {
        const char *const with[] = {"max_steps", k < 6 ? "14" : "0", "max_epochs", k < 6 ? "0" : "14", "output", outputs[k % 3], NULL};
        struct trial whole, t;
        trial_begin(&whole, _i, with);
        EXPECT_OK(saddle_solver_run(whole.s));
        EXPECT_OK(saddle_solver_result(whole.s, &whole.r));
        trial_begin(&t, _i, with);
        struct stopper x = {t.s, 4, k % 6 >= 3, k % 6 < 3, 0, -1};
        EXPECT_OK(saddle_solver_set_monitor(t.s, stop_at, &x));
        for (int64_t at = 4; at <= 8; at += 4) {
            x.at = at;
            trial_run(&t, k % 6 >= 3 ? SADDLE_STOP_REQUEST : SADDLE_STOP_MONITOR, at);
            const double kept = t.w[0];
            t.w[0] = kept + 1.0; /* the output is not to be written, either */
            EXPECT_FAIL(saddle_solver_run(t.s), SADDLE_E_STATE, "w was changed");
            t.w[0] = kept;
        }
        EXPECT_OK(saddle_solver_step(t.s, 2));
        trial_run(&t, whole.r.stop, whole.r.steps);
        EXPECT_SAME(t.w, whole.w, sizeof t.w);
        EXPECT_SAME(&t.r.value, &whole.r.value, sizeof(double));
        trial_end(&whole);
        trial_end(&t);
    }
}
END_TEST

/* Asks at step 4, in the call when the run stops there as well, which says why it stopped. */
static int ask_again(void *user, const saddle_event *e)
{
    struct stopper *x = user;
    if (e->step == 4) {
        saddle_solver_request_stop(x->s);
        x->last = e->stop;
    }
    return 0;
}

START_TEST(a_request_in_the_last_call_is_dropped)
{
    static const char *const with[] = {"max_steps", "9", NULL};
    struct trial t;
    trial_begin(&t, 0, with);
    struct stopper x = {t.s, 4, 1, 0, 0, -1};
    EXPECT_OK(saddle_solver_set_monitor(t.s, ask_again, &x));
    trial_run(&t, SADDLE_STOP_REQUEST, 4);
    ck_assert_int_eq(x.last, SADDLE_STOP_REQUEST);
    trial_run(&t, SADDLE_STOP_STEPS, 9);
    trial_end(&t);
}
END_TEST

START_TEST(a_request_before_the_run)
{
    static const char *const with[] = {"max_steps", "5", NULL};
    struct trial t;
    trial_begin(&t, 0, with);
    saddle_solver_request_stop(t.s);
    saddle_solver_request_stop(t.s);
    trial_run(&t, SADDLE_STOP_REQUEST, 0);
    trial_run(&t, SADDLE_STOP_STEPS, 5);
    trial_end(&t);
    trial_begin(&t, 0, with);
    EXPECT_OK(saddle_solver_step(t.s, 2));
    saddle_solver_request_stop(t.s);
    EXPECT_OK(saddle_solver_step(t.s, 0));
    EXPECT_OK(saddle_solver_result(t.s, &t.r));
    ck_assert_int_eq(t.r.stop, SADDLE_STOP_REQUEST);
    EXPECT_OK(saddle_solver_step(t.s, 1));
    EXPECT_OK(saddle_solver_result(t.s, &t.r));
    ck_assert_int_eq(t.r.stop, SADDLE_STOP_NONE);
    ck_assert_int_eq(t.r.steps, 3);
    trial_end(&t);
}
END_TEST

START_TEST(a_request_outlives_a_failure)
{
    static const char *const with[] = {"max_steps", "5", NULL};
    struct trial t;
    trial_begin(&t, 0, with);
    EXPECT_OK(saddle_solver_step(t.s, 2));
    saddle_solver_request_stop(t.s);
    t.p.fault = FAULT_CODE; /* in the measure of the output of a request there is no call: so at the next step */
    t.p.code = 7;
    t.p.fault_call = t.p.calls + 1;
    trial_run(&t, SADDLE_STOP_REQUEST, 2);
    EXPECT_FAIL(saddle_solver_run(t.s), SADDLE_E_CALLBACK,
                "the value_gradient callback returned 7 (gave up) at step 3");
    saddle_solver_request_stop(t.s);
    trial_run(&t, SADDLE_STOP_REQUEST, 2);
    trial_run(&t, SADDLE_STOP_STEPS, 5);
    trial_end(&t);
}
END_TEST

static saddle_solver *volatile signalled;

static void on_signal(int number)
{
    (void)number;
    saddle_solver_request_stop(signalled);
}

static int gradient_with_signal(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    if (b->step == 5) {
        (void)raise(SIGUSR1);
    }
    return problem_value_gradient(user, b, w, value, gradient);
}

START_TEST(a_request_from_a_signal_handler)
{
    struct problem p;
    double w[TRIAL_DIM];
    problem_init(&p, TRIAL_DIM, TRIAL_SAMPLES, 0, TOGETHER);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_OK(saddle_objective_set_value_gradient(f, gradient_with_signal));
    saddle_options *o = recipe_options(0, NULL, 0);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    signalled = s;
    ck_assert_int_eq(sigaction(SIGUSR1, &action, &old), 0);
    EXPECT_OK(saddle_solver_run(s));
    ck_assert_int_eq(sigaction(SIGUSR1, &old, NULL), 0);
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_result(s, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_REQUEST);
    ck_assert_int_eq(r.steps, 5);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

static void wait_ms(long ms)
{
    const struct timespec t = {0, ms * 1000000L};
    (void)nanosleep(&t, NULL);
}

static void *request_after_a_while(void *argument)
{
    struct trial *t = argument;
    while (__atomic_load_n(&t->p.calls, __ATOMIC_RELAXED) < 100) {
        wait_ms(1);
    }
    saddle_solver_request_stop(t->s);
    return NULL;
}

START_TEST(a_request_from_another_thread)
{
    static const char *const without_end[] = {"max_steps", "0", NULL};
    struct trial t;
    pthread_t other;
    trial_begin(&t, 2, without_end);
    ck_assert_int_eq(pthread_create(&other, NULL, request_after_a_while, &t), 0);
    trial_run(&t, SADDLE_STOP_REQUEST, -1);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    ck_assert_int_ge(t.r.steps, 99);
    trial_end(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("requests");
    TCase *c = tcase_create("requests");
    tcase_set_timeout(c, 30);
    tcase_add_loop_test(c, going_on, 0, RECIPES);
    tcase_add_test(c, a_request_before_the_run);
    tcase_add_test(c, a_request_in_the_last_call_is_dropped);
    tcase_add_test(c, a_request_outlives_a_failure);
    tcase_add_test(c, a_request_from_a_signal_handler);
    tcase_add_test(c, a_request_from_another_thread);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
