/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads: the same bits, the same first failure; forks; and the caller's floating-point environment. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__SSE2__)
#  include <xmmintrin.h>
#endif

static saddle_context *context(int64_t threads)
{
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, threads));
    return c;
}

/* 29 grains, of which the last is short, on vectors of several blocks. */
START_TEST(evaluations_have_the_same_bits)
{
    static const int64_t dims[] = {1, 10, 4097, 20000};
    const int64_t d = dims[_i];
    struct problem p;
    const size_t bytes = (size_t)d * sizeof(double);
    double *w = malloc(bytes), *alone = malloc(bytes), *g = malloc(bytes);
    double f_alone = 0.0, value = 0.0;
    for (int callbacks = SEPARATE; callbacks <= ALL_THREE; callbacks++) {
        problem_init(&p, d, 86, 3, callbacks);
        p.threads = 4;
        problem_start(&p, w);
        saddle_context *c = context(1);
        saddle_objective *f = problem_objective(&p, c);
        EXPECT_OK(saddle_objective_gradient(f, w, &f_alone, alone));
        static const int64_t threads[] = {2, 3, 4, 2, 1, 3};
        for (int k = 0; k < 6; k++) {
            EXPECT_OK(saddle_context_set_threads(c, threads[k]));
            memset(g, 0, bytes);
            EXPECT_OK(saddle_objective_gradient(f, w, &value, g));
            EXPECT_SAME(g, alone, bytes);
            ck_assert(value == f_alone);
            EXPECT_OK(saddle_objective_value(f, w, &value));
            ck_assert(value == f_alone);
        }
        ck_assert_int_eq(p.broken, 0);
        saddle_objective_destroy(f);
        saddle_context_destroy(c);
    }
    free(w);
    free(alone);
    free(g);
}
END_TEST

/* Grains start at samples 0, 3, 6, ...; whatever thread is first, the first grain that fails is told. */
START_TEST(the_first_failure_is_told)
{
    struct problem p;
    double w[TRIAL_DIM], g[TRIAL_DIM], value = -77.0;
    problem_init(&p, TRIAL_DIM, 60, 3, TOGETHER);
    p.threads = 3;
    p.spins = 2000;
    problem_start(&p, w);
    saddle_context *c = context(3);
    saddle_objective *f = problem_objective(&p, c);
    for (int64_t first = 0; first < 60; first += 3) {
        p.fault_sample = first;
        p.fault = FAULT_CODE;
        p.code = (int)(100 + first);
        char said[40];
        (void)snprintf(said, sizeof said, "returned %d (gave up)", p.code);
        EXPECT_FAIL(saddle_objective_gradient(f, w, &value, g), SADDLE_E_CALLBACK, said);
        EXPECT_FAIL(saddle_objective_value(f, w, &value), SADDLE_E_CALLBACK, said);
        p.fault = FAULT_ENTRY;
        p.entry = first % TRIAL_DIM;
        p.bad = (double)NAN;
        (void)snprintf(said, sizeof said, "entry %lld of the gradient is nan", (long long)p.entry);
        EXPECT_FAIL(saddle_objective_gradient(f, w, &value, g), SADDLE_E_NOT_FINITE, said);
        p.fault = FAULT_NONE;
        ck_assert_double_eq(value, -77.0);
    }
    EXPECT_OK(saddle_objective_gradient(f, w, &value, g));
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
}
END_TEST

struct crowd {
    int64_t threads_seen[8]; /* atomic: calls by thread */
    pthread_t caller;
    int64_t strangers;       /* calls of thread 0 in another thread than the caller's, or of others in it */
};

static int join_crowd(void *user, const saddle_batch *b, const double *w, double *value)
{
    struct crowd *x = user;
    (void)__atomic_add_fetch(&x->threads_seen[b->thread], 1, __ATOMIC_RELAXED);
    const int mine = pthread_equal(pthread_self(), x->caller) != 0;
    (void)__atomic_add_fetch(&x->strangers, mine != (b->thread == 0), __ATOMIC_RELAXED);
    const struct timespec pause = {0, 2000000L};
    (void)nanosleep(&pause, NULL);
    *value = w[0];
    return 0;
}

START_TEST(threads_share_the_grains)
{
    struct crowd x = {{0}, pthread_self(), 0};
    saddle_context *c = context(4);
    saddle_objective *f = NULL;
    const double w[1] = {2.5};
    double value = 0.0;
    EXPECT_OK(saddle_objective_create(c, 1, 40, &x, &f));
    EXPECT_OK(saddle_objective_set_value(f, join_crowd));
    EXPECT_OK(saddle_objective_set_grain(f, 1));
    EXPECT_OK(saddle_objective_value(f, w, &value));
    ck_assert_double_eq(value, 2.5);
    for (int t = 0; t < 4; t++) {
        ck_assert_int_ge(x.threads_seen[t], 1);
    }
    ck_assert_int_eq(x.strangers, 0);
    EXPECT_OK(saddle_context_set_threads(c, 1)); /* then only in the calling thread */
    memset(x.threads_seen, 0, sizeof x.threads_seen);
    EXPECT_OK(saddle_objective_value(f, w, &value));
    ck_assert_int_eq(x.threads_seen[0], 40);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
}
END_TEST

static void run_once(saddle_context *c, int recipe, double *w)
{
    struct problem p;
    problem_init(&p, TRIAL_DIM, 30, 2, TOGETHER);
    p.threads = 3;
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, c);
    saddle_options *o = recipe_options(recipe, c, 15);
    EXPECT_OK(saddle_minimize(f, recipes[recipe].method, o, w, NULL));
    ck_assert_int_eq(p.broken, 0);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}

struct lane {
    saddle_context *c;
    int recipe;
    double w[TRIAL_DIM];
};

static void *run_in_thread(void *argument)
{
    struct lane *x = argument;
    run_once(x->c, x->recipe, x->w);
    return NULL;
}

/* Distinct objects in distinct threads, that share a context. */
START_TEST(runs_side_by_side)
{
    saddle_context *c = context(2);
    struct lane lanes[4];
    pthread_t handles[4];
    for (int k = 0; k < 4; k++) {
        lanes[k].c = c;
        lanes[k].recipe = 5 + k;
        ck_assert_int_eq(pthread_create(&handles[k], NULL, run_in_thread, &lanes[k]), 0);
    }
    for (int k = 0; k < 4; k++) {
        double alone[TRIAL_DIM];
        ck_assert_int_eq(pthread_join(handles[k], NULL), 0);
        run_once(NULL, 5 + k, alone);
        EXPECT_SAME(lanes[k].w, alone, sizeof alone);
    }
    saddle_context_destroy(c);
}
END_TEST

#if !defined(__SANITIZE_THREAD__)
/* The child's exit code, -1 when it has not come to an end within 10 seconds. */
static int wait_for(pid_t child)
{
    for (int k = 0; k < 1000; k++) {
        int status = 0;
        const struct timespec pause = {0, 10000000L};
        if (waitpid(child, &status, WNOHANG) == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
        }
        (void)nanosleep(&pause, NULL);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    return -1;
}

static int child_of_fork(struct trial *t, saddle_context *c)
{
    if (saddle_context_set_threads(c, 3) != SADDLE_OK || saddle_solver_run(t->s) != SADDLE_OK) {
        return 2;
    }
    saddle_solver_destroy(t->s);
    saddle_options_destroy(t->o);
    saddle_objective_destroy(t->f);
    saddle_context_destroy(c);
    return 0;
}

/* A child takes up the run of its parent, whose threads it has not got; the parent goes on, too. */
START_TEST(a_forked_child_makes_its_own_threads)
{
    struct trial t;
    double undisturbed[TRIAL_DIM];
    saddle_context *c = context(3);
    problem_init(&t.p, TRIAL_DIM, 30, 2, TOGETHER);
    t.p.threads = 3;
    problem_start(&t.p, t.w);
    t.f = problem_objective(&t.p, c);
    t.o = recipe_options(0, c, 15);
    EXPECT_OK(saddle_solver_create(t.f, SADDLE_METHOD_GD, t.o, t.w, &t.s));
    EXPECT_OK(saddle_solver_step(t.s, 5));
    run_once(NULL, 0, undisturbed);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const int code = child_of_fork(&t, c);
        _exit(code != 0 ? code : memcmp(t.w, undisturbed, sizeof t.w) == 0 ? 0 : 3);
    }
    ck_assert_int_eq(wait_for(child), 0);
    EXPECT_OK(saddle_solver_run(t.s));
    EXPECT_SAME(t.w, undisturbed, sizeof t.w);
    ck_assert_int_eq(t.p.broken, 0);
    saddle_solver_destroy(t.s);
    saddle_options_destroy(t.o);
    saddle_objective_destroy(t.f);
    saddle_context_destroy(c);
}
END_TEST

#endif

static int64_t wrong_environment;

/* Round to nearest, and subnormal numbers that are none of zero. */
static int look_around(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    volatile double tiny = 0x1p-1060, third = 1.0;
    third /= 3.0;
    const int good = fegetround() == FE_TONEAREST && tiny * 0.5 == 0x1p-1061 && third == 0x1.5555555555555p-2;
    (void)__atomic_add_fetch(&wrong_environment, !good, __ATOMIC_RELAXED);
    return problem_value_gradient(user, b, w, value, gradient);
}

static void run_and_look(int recipe, int64_t threads, double *w, double *value)
{
    struct problem p;
    saddle_context *c = context(threads);
    problem_init(&p, TRIAL_DIM, 30, 4, TOGETHER);
    p.threads = threads;
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, c);
    EXPECT_OK(saddle_objective_set_value_gradient(f, look_around));
    saddle_options *o = recipe_options(recipe, c, 60);
    set(o, "schedule", "exponential");
    set(o, "max_epochs", "1.1"); /* 33 samples, or 34 if rounded up */
    EXPECT_OK(saddle_minimize(f, recipes[recipe].method, o, w, NULL));
    EXPECT_OK(saddle_objective_value(f, w, value));
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
}

START_TEST(the_callers_environment_does_not_matter)
{
    static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    double expected[TRIAL_DIM], w[TRIAL_DIM], f_expected, value;
    run_and_look(_i, 1, expected, &f_expected);
    for (int k = 0; k < 8; k++) {
        const int mode = modes[k % 4];
        ck_assert_int_eq(fesetround(mode), 0);
#if defined(__SSE2__)
        const unsigned kept = _mm_getcsr();
        _mm_setcsr(kept | 0x8040U); /* flush to zero, denormals are zero */
        const unsigned with_flush = _mm_getcsr(); /* valgrind has no such thing */
#endif
        run_and_look(_i, 1 + k / 4, w, &value);
#if defined(__SSE2__)
        const unsigned now = _mm_getcsr();
        _mm_setcsr(kept);
#endif
        const int mode_now = fegetround();
        (void)fesetround(FE_TONEAREST);
#if defined(__SSE2__)
        ck_assert_uint_eq(now & ~0x3fU, with_flush & ~0x3fU); /* but for the flags of what was inexact */
#endif
        ck_assert_int_eq(mode_now, mode);
        EXPECT_SAME(w, expected, sizeof w);
        ck_assert(value == f_expected);
        ck_assert_int_eq(wrong_environment, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *c = tcase_create("threads");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, evaluations_have_the_same_bits, 0, 4);
    tcase_add_test(c, the_first_failure_is_told);
    tcase_add_test(c, threads_share_the_grains);
    tcase_add_test(c, runs_side_by_side);
#if !defined(__SANITIZE_THREAD__) /* which ends a child that makes threads */
    tcase_add_test(c, a_forked_child_makes_its_own_threads);
#endif
    tcase_add_loop_test(c, the_callers_environment_does_not_matter, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
