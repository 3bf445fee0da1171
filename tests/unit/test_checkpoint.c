/* SPDX-License-Identifier: BSD-3-Clause */
/* A run that is saved at any moment and loaded goes on with the same bits, results, counts and events. */
#include <stdio.h>
#include <stdlib.h>
#include "solver/engine.h"
#include "support/expect.h"
#include "support/faulty_system.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/session.h"

enum { STEPS = 14 };

static struct faulty_system sys; /* without faults here: its fsync is quick */
static saddle_context *context;
static char directory[100];

static void begin(void)
{
    faulty_system_init(&sys);
    context = faulty_system_context(&sys, NULL);
    (void)fresh_directory(directory, sizeof directory);
}

static void end(void)
{
    saddle_context_destroy(context);
    remove_directory(directory);
    ck_assert_int_eq(sys.open, 0);
}

/* How many events came up to step m, that of the end not among them. */
static int64_t events_until(const struct session *x, int64_t m)
{
    int64_t count = 0;
    while (count < x->events && x->event[count].stop == SADDLE_STOP_NONE && x->event[count].step <= m) {
        count++;
    }
    return count;
}

/* A checkpoint that is loaded and saved again is the same file. */
static void expect_same_file(const struct session *y, const char *path)
{
    char again[200];
    int64_t a = 0, b = 0;
    EXPECT_OK(saddle_solver_save(y->s, session_path(again, sizeof again, directory, "again", -1)));
    unsigned char *x = content_of(path, &a), *z = content_of(again, &b);
    ck_assert_int_eq(a, b);
    EXPECT_SAME(x, z, a);
    free(x);
    free(z);
}

/* y takes up what is in the file, and goes on to where x ended. */
static void go_on_from(const char *path, int recipe, const struct session_plan *plan, const struct session *x, saddle_status ended,
                       int64_t first)
{
    struct session y;
    char what[300];
    ck_assert(session_begin(&y, context, recipe, plan, STEPS));
    for (int64_t j = 0; j < SESSION_DIM; j++) {
        y.w[j] = 0.0; /* whatever is there */
    }
    EXPECT_OK(saddle_solver_load(y.s, path));
    expect_same_file(&y, path);
    (void)snprintf(what, sizeof what, "%s, %s, from %s", recipes[recipe].name, plan->name, path);
    const saddle_status s = saddle_solver_run(y.s);
    ck_assert_msg(s == ended, "%s: %s instead of %s", what, saddle_status_name(s), saddle_status_name(ended));
    session_same(x, &y, first, what);
    session_end(&y);
}

START_TEST(from_the_monitor)
{
    const struct session_plan *plan = &session_plans[_i];
    int64_t files = 0, runs = 0;
    begin();
    for (int recipe = 0; recipe < RECIPES; recipe++) {
        struct session x;
        if (!session_begin(&x, context, recipe, plan, STEPS)) {
            continue;
        }
        x.save_every = 1;
        x.directory = directory;
        const saddle_status ended = saddle_solver_run(x.s);
        EXPECT_OK(x.saved);
        runs++;
        const int64_t steps = session_result(&x).steps;
        for (int64_t m = 1; m <= steps; m++) {
            char path[200];
            if (x.events > 0 && events_until(&x, m) > events_until(&x, m - 1)) {
                go_on_from(session_path(path, sizeof path, directory, "", m), recipe, plan, &x, ended, events_until(&x, m));
                files++;
            }
        }
        session_end(&x);
    }
    ck_assert_int_ge(runs, 3);
    ck_assert_int_ge(files, 12);
    end();
}
END_TEST

START_TEST(between_calls)
{
    const struct session_plan *plan = &session_plans[_i];
    char path[200];
    begin();
    (void)session_path(path, sizeof path, directory, "run", -1);
    for (int recipe = 0; recipe < RECIPES; recipe++) {
        for (int64_t m = 0; m <= STEPS; m += m < 2 ? 1 : 7) {
            struct session x;
            if (!session_begin(&x, context, recipe, plan, STEPS)) {
                continue;
            }
            saddle_status ended = m == 0 ? SADDLE_OK : saddle_solver_step(x.s, m);
            EXPECT_OK(saddle_solver_save(x.s, path));
            const int64_t first = x.events;
            if (session_result(&x).stop == SADDLE_STOP_NONE) {
                ended = saddle_solver_run(x.s);
                go_on_from(path, recipe, plan, &x, ended, first);
            }
            session_end(&x);
        }
    }
    end();
}
END_TEST

/* The output, and what is said of it; a run that has stopped for good does not go on. */
START_TEST(at_the_end)
{
    const struct session_plan *plan = &session_plans[_i];
    char path[200];
    begin();
    (void)session_path(path, sizeof path, directory, "end", -1);
    for (int recipe = 0; recipe < RECIPES; recipe++) {
        struct session x, y;
        if (!session_begin(&x, context, recipe, plan, STEPS)) {
            continue;
        }
        x.save_final = 1;
        x.directory = directory;
        if (saddle_solver_run(x.s) == SADDLE_OK) {
            EXPECT_OK(x.saved);
            for (int after = 0; after < 2; after++) {
                ck_assert(session_begin(&y, context, recipe, plan, STEPS));
                EXPECT_OK(saddle_solver_load(y.s, path));
                expect_same_file(&y, path);
                session_same(&x, &y, x.events, plan->name);
                EXPECT_FAIL(saddle_solver_run(y.s), SADDLE_E_STATE, "stopped for good");
                session_end(&y);
                EXPECT_OK(saddle_solver_save(x.s, path));
            }
        }
        session_end(&x);
    }
    end();
}
END_TEST

/* The run stops because it was asked to, is saved, and goes on: both do the same. */
START_TEST(after_a_stop_that_is_none_for_good)
{
    const struct session_plan *plan = &session_plans[_i];
    char path[200];
    begin();
    (void)session_path(path, sizeof path, directory, "stopped", -1);
    for (int k = 0; k < 2 * RECIPES; k++) {
        struct session x, y;
        const int recipe = k / 2;
        if (!session_begin(&x, context, recipe, plan, STEPS)) {
            continue;
        }
        *(k % 2 == 0 ? &x.stop_at : &x.request_at) = 6;
        const saddle_status s = saddle_solver_run(x.s);
        const int64_t stop = session_result(&x).stop;
        if (s == SADDLE_OK && (stop == SADDLE_STOP_MONITOR || stop == SADDLE_STOP_REQUEST)) {
            EXPECT_OK(saddle_solver_save(x.s, path));
            const int64_t first = x.events;
            ck_assert(session_begin(&y, context, recipe, plan, STEPS));
            EXPECT_OK(saddle_solver_load(y.s, path));
            session_same(&x, &y, first, plan->name);
            session_end(&y);
            go_on_from(path, recipe, plan, &x, saddle_solver_run(x.s), first);
        }
        session_end(&x);
    }
    end();
}
END_TEST

/* A callback that gives up, NaN, in any call: the run is saved after that, goes on, and so does the one from the file. */
START_TEST(after_a_failure)
{
    const struct session_plan *plan = &session_plans[_i];
    char path[200];
    int64_t failures = 0;
    begin();
    (void)session_path(path, sizeof path, directory, "failed", -1);
    for (int recipe = 0; recipe < RECIPES; recipe++) {
        for (int64_t call = 1; call < 60; call += 5) {
            struct session x;
            if (!session_begin(&x, context, recipe, plan, STEPS)) {
                continue;
            }
            x.p.fault = call % 2 ? FAULT_CODE : FAULT_ENTRY;
            x.p.fault_call = call;
            x.p.code = 7;
            x.p.bad = SADDLE_I_NAN;
            const saddle_status s = saddle_solver_run(x.s);
            x.p.fault = FAULT_NONE;
            EXPECT_OK(saddle_solver_save(x.s, path));
            const int64_t first = x.events;
            if (s != SADDLE_OK) {
                failures++;
                go_on_from(path, recipe, plan, &x, saddle_solver_run(x.s), first);
            }
            session_end(&x);
        }
    }
    ck_assert_int_ge(failures, 10);
    end();
}
END_TEST

/* A run that its limit had stopped, with a higher limit. */
START_TEST(a_higher_limit_lets_it_go_on)
{
    static const char *const limits[3][2] = {{"max_steps", "9"}, {"max_epochs", "0.5"}, {"max_seconds", "1e-9"}};
    char path[200];
    begin();
    (void)session_path(path, sizeof path, directory, "limited", -1);
    for (int k = 0; k < 3 * RECIPES; k++) {
        const int recipe = k / 3;
        struct session whole, part, more;
        struct session_plan plan = session_plans[0];
        ck_assert(session_begin(&whole, context, recipe, &plan, STEPS));
        EXPECT_OK(saddle_solver_run(whole.s));
        plan.more[0] = limits[k % 3][0];
        plan.more[1] = limits[k % 3][1];
        plan.more[2] = NULL;
        ck_assert(session_begin(&part, context, recipe, &plan, STEPS));
        EXPECT_OK(saddle_solver_run(part.s));
        ck_assert_int_lt(session_result(&part).steps, STEPS);
        EXPECT_OK(saddle_solver_save(part.s, path));
        ck_assert(session_begin(&more, context, recipe, &plan, STEPS)); /* the same limit holds */
        EXPECT_OK(saddle_solver_load(more.s, path));
        EXPECT_FAIL(saddle_solver_run(more.s), SADDLE_E_STATE, "stopped for good");
        session_end(&more);
        ck_assert(session_begin(&more, context, recipe, &session_plans[0], STEPS));
        EXPECT_OK(saddle_solver_load(more.s, path));
        ck_assert_int_eq(session_result(&more).stop, session_result(&part).stop);
        EXPECT_OK(saddle_solver_run(more.s));
        ck_assert_int_eq(session_result(&more).steps, session_result(&whole).steps);
        EXPECT_SAME(more.w, whole.w, sizeof more.w);
        session_end(&more);
        session_end(&part);
        session_end(&whole);
    }
    end();
}
END_TEST

/* The seconds of all processes count. */
START_TEST(seconds_add_up)
{
    struct session x, y;
    char path[200];
    saddle_result a = {.struct_size = (int64_t)sizeof a}, b = a;
    begin();
    ck_assert(session_begin(&x, context, 0, &session_plans[0], STEPS));
    EXPECT_OK(saddle_solver_step(x.s, 5));
    EXPECT_OK(saddle_solver_save(x.s, session_path(path, sizeof path, directory, "clock", -1)));
    ck_assert(session_begin(&y, context, 0, &session_plans[0], STEPS));
    EXPECT_OK(saddle_solver_load(y.s, path));
    EXPECT_OK(saddle_solver_result(x.s, &a));
    EXPECT_OK(saddle_solver_result(y.s, &b));
    ck_assert(a.seconds > 0.0 && a.seconds == b.seconds);
    EXPECT_OK(saddle_solver_run(y.s));
    EXPECT_OK(saddle_solver_result(y.s, &b));
    ck_assert(b.seconds > a.seconds);
    session_end(&x);
    session_end(&y);
    end();
}
END_TEST

/* A request is made to a process, not to a run. */
START_TEST(a_pending_request_is_not_saved)
{
    struct session x, y;
    char path[200];
    begin();
    ck_assert(session_begin(&x, context, 0, &session_plans[0], STEPS));
    EXPECT_OK(saddle_solver_step(x.s, 5));
    saddle_solver_request_stop(x.s);
    EXPECT_OK(saddle_solver_save(x.s, session_path(path, sizeof path, directory, "asked", -1)));
    ck_assert(session_begin(&y, context, 0, &session_plans[0], STEPS));
    EXPECT_OK(saddle_solver_load(y.s, path));
    EXPECT_OK(saddle_solver_run(y.s));
    ck_assert_int_eq(session_result(&y).stop, SADDLE_STOP_STEPS);
    session_end(&y);
    ck_assert(session_begin(&y, context, 0, &session_plans[0], STEPS));
    saddle_solver_request_stop(y.s); /* and one that was made to this one is kept */
    EXPECT_OK(saddle_solver_load(y.s, path));
    EXPECT_OK(saddle_solver_run(y.s));
    ck_assert_int_eq(session_result(&y).stop, SADDLE_STOP_REQUEST);
    ck_assert_int_eq(session_result(&y).steps, 5);
    session_end(&x);
    session_end(&y);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *c = tcase_create("goes on");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, from_the_monitor, 0, SESSION_PLANS);
    tcase_add_loop_test(c, between_calls, 0, SESSION_PLANS);
    tcase_add_loop_test(c, at_the_end, 0, SESSION_PLANS);
    tcase_add_loop_test(c, after_a_stop_that_is_none_for_good, 0, SESSION_PLANS);
    tcase_add_loop_test(c, after_a_failure, 0, SESSION_PLANS);
    tcase_add_test(c, a_higher_limit_lets_it_go_on);
    tcase_add_test(c, seconds_add_up);
    tcase_add_test(c, a_pending_request_is_not_saved);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
