/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation and every callback of every scenario fails, once and from then on. The status and the message say so, outputs are
 * untouched, w is the last accepted iterate bit for bit, the call that failed works when it is made again, the play ends with the bits
 * of one that was not disturbed, and nothing leaks. */
#include "fault/stage.h"
#include "support/counted.h"
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <math.h>

/* Without the argument "all" a scenario of many allocations or callbacks is disturbed in so many of them. */
enum { MOST_CALLS = 40 };
static int every_one;

/* A play that was not disturbed. */
struct course {
    struct given given[STAGE_MOST_ACTS];
    int64_t steps;
    double w[STAGE_STEPS + 1][STAGE_DIM]; /* w_0, w_1, ... */
    int64_t allocations, callbacks;
};

/* The iterates, with nothing but steps. */
static void follow(const struct scenario *t, struct course *c)
{
    struct scenario plain = *t;
    struct stage x;
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    struct given out;
    plain.monitor = plain.schedule = 0;
    stage_begin(&x, &plain, 0xA5);
    for (int act = ACT_CONTEXT; act <= ACT_OPTIONS; act++) {
        EXPECT_OK(stage_call(&x, act, &out));
    }
    set(x.o, "output", "last");
    EXPECT_OK(stage_call(&x, ACT_SOLVER, &out));
    for (c->steps = 0; r.stop == SADDLE_STOP_NONE; c->steps = r.steps) {
        memcpy(c->w[c->steps], x.w, sizeof x.w);
        EXPECT_OK(saddle_solver_step(x.s, 1));
        EXPECT_OK(saddle_solver_result(x.s, &r));
        ck_assert_int_le(r.steps, STAGE_STEPS);
    }
    if (r.stop != SADDLE_STOP_METHOD) { /* else w is the method's answer, and the iterate is there */
        memcpy(c->w[c->steps], x.w, sizeof x.w);
    }
    stage_end(&x);
}

static int has_run(const struct scenario *t)
{
    int found = 0;
    for (int i = 0; t->acts[i] >= 0; i++) {
        found = found || t->acts[i] == ACT_SOLVER || t->acts[i] == ACT_MINIMIZE;
    }
    return found;
}

static void record(const struct scenario *t, struct course *c)
{
    struct stage x;
    if (has_run(t)) {
        follow(t, c);
    }
    stage_begin(&x, t, 0xA5);
    for (int i = 0; t->acts[i] >= 0; i++) {
        stage_blank(&c->given[i]);
        EXPECT_OK(stage_call(&x, t->acts[i], &c->given[i]));
    }
    c->allocations = x.m.calls;
    c->callbacks = x.calls;
    stage_end(&x);
}

static void check_untouched(int act, const struct given *out)
{
    struct given blank;
    stage_blank(&blank);
    if (act == ACT_GRADIENT || act == ACT_HESSVEC || act == ACT_LAMBDA_MIN || act == ACT_CERTIFY) { /* documented: its content is unspecified */
        memcpy(blank.vector, out->vector, sizeof blank.vector);
    }
    if (memcmp(&blank, out, sizeof blank) != 0) {
        ck_abort_msg("%s failed and has touched its output", stage_act_names[act]);
    }
}

/* w is where the run says that it stands. */
static void check_iterate(const struct stage *x, int act, const struct course *c)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r, .steps = 0};
    if (act == ACT_MINIMIZE) {
        r.steps = x->steps;
    } else if (x->s != NULL) {
        REQUIRE(saddle_solver_result(x->s, &r) == SADDLE_OK);
        if (r.stop != SADDLE_STOP_NONE) { /* the run had stopped, and w is its output: only telling it failed */
            REQUIRE(x->which != NULL && strcmp(x->which, "monitor") == 0 && r.steps == c->steps);
            return;
        }
        REQUIRE(r.kind == SADDLE_KIND_UNKNOWN);
        REQUIRE(isnan(r.value) && isnan(r.gradient_norm));
    } else {
        return;
    }
    REQUIRE(r.steps >= 0 && r.steps <= c->steps);
    if (memcmp(x->w, c->w[r.steps], sizeof x->w) != 0) {
        ck_abort_msg("%s: after a failure of %s w is not iterate %lld", x->t->name, stage_act_names[act], (long long)r.steps);
    }
}

static void require_message(const char *part)
{
    if (strstr(saddle_error_message(), part) == NULL) {
        EXPECT_MESSAGE(part);
    }
}

static void check_callback_failure(const struct stage *x, saddle_status s)
{
    char said[64];
    const int of_schedule = strcmp(x->which, "schedule") == 0;
    (void)snprintf(said, sizeof said, "the %s", x->which);
    if (x->fault <= STAGE_CODE_MINUS_3) {
        REQUIRE(s == SADDLE_E_CALLBACK);
        require_message(said);
        (void)snprintf(said, sizeof said, "returned %d", stage_codes[x->fault]);
        require_message(said);
        return;
    }
    REQUIRE(s == (of_schedule ? SADDLE_E_RANGE : SADDLE_E_NOT_FINITE));
    require_message(x->fault == STAGE_INF_LAST ? "inf" : "nan");
}

/* How a play is disturbed. */
struct disturbance {
    int64_t allocation, callback; /* number of the one that fails; one of them is 0 */
    int for_ever, fault;
};

static void heal(struct stage *x)
{
    x->m.fail_at = 0;
    x->fault_call = 0;
}

/* Makes an act until it works: what fails once fails no second time, what fails for ever is healed after the second. */
static int insist(struct stage *x, int i, const struct disturbance *d, const struct course *c, struct given *out)
{
    const int act = x->t->acts[i];
    int failures = 0;
    for (;;) {
        stage_blank(out);
        const saddle_status s = stage_call(x, act, out);
        if (s == SADDLE_OK) {
            return failures;
        }
        failures++;
        if (failures > 1 + d->for_ever) {
            ck_abort_msg("%s: %s again: %s", x->t->name, stage_act_names[act], saddle_error_message());
        }
        check_untouched(act, out);
        if (d->allocation > 0) {
            REQUIRE(s == SADDLE_E_MEMORY);
            require_message("the allocator returned NULL for ");
        } else if (!x->t->absorbs) {
            check_callback_failure(x, s);
        } else {
            REQUIRE(s == SADDLE_E_CALLBACK || s == SADDLE_E_NOT_FINITE || s == SADDLE_E_RANGE);
        }
        if (d->allocation > 0 || !x->t->absorbs || x->fault == STAGE_CODE_7 || x->fault == STAGE_CODE_MINUS_3) {
            check_iterate(x, act, c);
        }
        if (failures == 1 + d->for_ever) {
            heal(x);
        }
    }
}

/* Whether a failure was taken as an answer. */
static int absorbed(const struct stage *x, const struct disturbance *d)
{
    const int asked = x->which != NULL && strcmp(x->which, "monitor") == 0 && d->fault == STAGE_CODE_1; /* a stop, no failure */
    if (!x->t->absorbs && !asked) {
        ck_abort_msg("%s: a failure of the %s, %d, was not seen", x->t->name, x->which, d->fault);
    }
    return x->t->absorbs ? 2 : 1;
}

/* Returns how many calls failed, 0 when the fault was taken as an answer. */
static int disturb(const struct scenario *t, const struct disturbance *d, const struct course *c)
{
    struct stage x;
    struct given out;
    int failures = 0, answered = 0, last = 0;
    stage_begin(&x, t, d->for_ever ? 0xA5 : 0x5A);
    x.m.fail_at = d->allocation;
    x.m.for_ever = x.for_ever = d->for_ever;
    x.fault_call = d->callback;
    x.fault = d->fault;
    while (t->acts[last] >= 0) {
        last++;
    }
    for (int i = 0; i < last; i++) {
        const int64_t made = x.made;
        const int failed = insist(&x, i, d, c, &out);
        failures += failed;
        if (x.made > made && (failed == 0 || (t->absorbs && x.made - made != failed))) {
            const int a = absorbed(&x, d);
            answered = a > answered ? a : answered;
        }
        if (d->callback > 0 && d->fault == STAGE_CODE_1 && t->monitor) { /* a stop of the monitor has looked at the curvature, too */
            out.result.lambda_min = c->given[i].result.lambda_min;
            out.result.lambda_lower = c->given[i].result.lambda_lower;
        }
        /* a step that was taken before a failure is not taken again: steps are compared by their number, by check_iterate() */
        const int comparable = answered == 0 || (answered == 1 && i == last - 1);
        if (comparable && t->acts[i] != ACT_STEP && memcmp(&out, &c->given[i], sizeof out) != 0) {
            ck_abort_msg("%s: %s gives something else after a failure (allocation %lld, callback %lld, fault %d, for ever %d)", t->name,
                         stage_act_names[t->acts[i]], (long long)d->allocation, (long long)d->callback, d->fault, d->for_ever);
        }
    }
    for (int j = 0; j < STAGE_DIM; j++) {
        REQUIRE(isfinite(x.w[j]));
    }
    REQUIRE(d->allocation == 0 || x.m.refused > 0);
    stage_end(&x);
    return failures;
}

START_TEST(every_allocation)
{
    const struct scenario *t = stage_scenario(_i);
    struct course c;
    int64_t failed = 0, threadless = 0;
    record(t, &c);
    ck_assert_int_ge(c.allocations, 4);
    const int64_t stride = every_one ? 1 : 1 + c.allocations / MOST_CALLS;
    for (int64_t k = 1; k <= c.allocations; k += stride) {
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            const struct disturbance d = {k, 0, for_ever, 0};
            const int failures = disturb(t, &d, &c);
            failed += failures;
            threadless += failures == 0; /* threads are no necessity */
        }
    }
    ck_assert(threadless == 0 || t->threads > 1);
    ck_assert_int_gt(failed, threadless);
    counted(failed + threadless, "allocations failed");
}
END_TEST

START_TEST(every_callback)
{
    struct scenario t = *stage_scenario(_i);
    struct course c;
    int64_t failed = 0, answered = 0;
    t.threads = 1; /* so that a call has a number */
    record(&t, &c);
    const int64_t stride = every_one ? 1 : 1 + c.callbacks / MOST_CALLS;
    for (int64_t k = 1; k <= c.callbacks; k += stride) {
        for (int how = 0; how < 2 * STAGE_FAULTS; how++) {
            const struct disturbance d = {0, k, how % 2, how / 2};
            const int failures = disturb(&t, &d, &c);
            failed += failures;
            answered += failures == 0;
        }
    }
    ck_assert_int_gt(failed, 0);
    counted(failed + answered, "callbacks failed");
    counted(answered, "callbacks failed and were taken as an answer: a step rejected or shortened, a stop, nothing to spoil");
}
END_TEST

int main(int argc, char **argv)
{
    every_one = argc > 1 && strcmp(argv[1], "all") == 0;
    Suite *suite = suite_create("every_call");
    TCase *c = tcase_create("every_call");
    tcase_set_timeout(c, 100);
    tcase_add_loop_test(c, every_allocation, 0, stage_scenarios());
    tcase_add_loop_test(c, every_callback, 0, stage_scenarios());
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
