/* SPDX-License-Identifier: BSD-3-Clause */
/* Callbacks that write into the w that they may only read. A monitor is caught. The others are not: that would cost a pass over w for
 * every call. Then there is no right answer, but there is an end, with a status of the documentation, without harm to memory, and it is
 * the same again. */
#include "fault/stage.h"
#include "support/counted.h"
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"

/* How a play ended. */
struct end {
    int act;
    saddle_status status;
    struct given given;
    double w[STAGE_DIM];
};

static int is_documented(saddle_status s)
{
    return s == SADDLE_OK || s == SADDLE_E_STATE || s == SADDLE_E_NOT_FINITE || s == SADDLE_E_RANGE || s == SADDLE_E_ARGUMENT ||
           s == SADDLE_E_LINALG;
}

/* Up to the first failure. */
static void play(const struct scenario *t, int hostile, struct end *e)
{
    struct stage x;
    stage_begin(&x, t, 0xA5);
    for (int i = 0; t->acts[i] >= 0; i++) {
        x.hostile = hostile;
        e->act = t->acts[i];
        stage_blank(&e->given);
        e->status = stage_call(&x, e->act, &e->given);
        ck_assert_msg(is_documented(e->status), "%s: %s: %s", t->name, stage_act_names[e->act], saddle_status_name(e->status));
        if (e->status != SADDLE_OK) {
            ck_assert(strlen(saddle_error_message()) > 10);
            break;
        }
    }
    memcpy(e->w, x.w, sizeof e->w);
    stage_end(&x);
}

START_TEST(a_callback_that_writes_into_w_does_no_other_harm)
{
    struct scenario t = *stage_scenario(_i);
    t.threads = 1; /* so that a call has a number */
    for (int hostile = STAGE_WRITES; hostile <= STAGE_WRITES_NAN; hostile++) {
        static struct end first, again;
        memset(&first, 0, sizeof first);
        memset(&again, 0, sizeof again);
        play(&t, hostile, &first);
        play(&t, hostile, &again);
        ck_assert_msg(memcmp(&first, &again, sizeof first) == 0, "%s ends in another way the second time", t.name);
    }
    counted(4, "plays with callbacks that write into w");
}
END_TEST

/* A run to its end, all that matters of it in out. Where the monitor writes into w it also asks for a checkpoint, and is denied it. */
static void whole_run(int recipe, int hostile, struct given *out)
{
    static const struct scenario monitored = {
        "monitored", {ACT_CONTEXT, ACT_OBJECTIVE, ACT_OPTIONS, ACT_SOLVER, ACT_RUN, -1}, 0, TOGETHER, 0, 1, {"monitor_every", "1"}, 0, 1, 0, 0};
    struct scenario t = monitored;
    struct stage x;
    t.recipe = recipe;
    stage_begin(&x, &t, 0xA5);
    for (int i = 0; t.acts[i] != ACT_RUN; i++) {
        EXPECT_OK(stage_call(&x, t.acts[i], out));
    }
    x.hostile = hostile;
    saddle_status s;
    for (int failures = 0; (s = stage_call(&x, ACT_RUN, out)) != SADDLE_OK; failures++) {
        ck_assert_int_le(failures, STAGE_STEPS);
        ck_assert_int_eq(s, SADDLE_E_STATE);
        ck_assert_int_eq(x.denied, failures + 1);
        EXPECT_MESSAGE("the monitor changed w at step ");
        EXPECT_MESSAGE("w is read-only there; put it back, or make another solver");
        EXPECT_FAIL(saddle_solver_step(x.s, 1), SADDLE_E_STATE, failures < STAGE_STEPS ? "w was changed since the last call" : "stopped for good");
        memcpy(x.w, x.kept, sizeof x.w);
    }
    ck_assert_int_ge(x.events, STAGE_STEPS);
    stage_blank(out);
    EXPECT_OK(stage_call(&x, ACT_RUN, out));
    stage_end(&x);
}

START_TEST(a_monitor_that_writes_into_w_is_caught)
{
    static struct given undisturbed, put_back;
    whole_run(_i, 0, &undisturbed);
    whole_run(_i, STAGE_MONITOR_WRITES, &put_back);
    EXPECT_SAME(&undisturbed, &put_back, sizeof put_back);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *c = tcase_create("hostile");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_callback_that_writes_into_w_does_no_other_harm, 0, stage_scenarios());
    tcase_add_loop_test(c, a_monitor_that_writes_into_w_is_caught, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
