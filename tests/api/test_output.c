/* SPDX-License-Identifier: BSD-3-Clause */
/* Which iterate is left in w: the last, one at random, the best, or the point that pgd was looking for. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <math.h>
#include <stdio.h>

enum { LONGEST = 40, BYTES = TRIAL_DIM * sizeof(double) };

/* The iterates w_0, w_1, ..., w_steps of a recipe, and f there. */
struct course {
    int steps;
    double w[LONGEST + 1][TRIAL_DIM];
    double value[LONGEST + 1];
};

static void follow(struct course *c, int recipe, int steps)
{
    static const char *const none[] = {NULL};
    struct trial t;
    c->steps = steps;
    trial_begin(&t, recipe, none);
    for (int i = 0; i <= steps; i++) {
        memcpy(c->w[i], t.w, BYTES);
        EXPECT_OK(saddle_objective_value(t.f, t.w, &c->value[i]));
        EXPECT_OK(saddle_solver_step(t.s, i < steps));
    }
    trial_end(&t);
}

/* Which iterate w is, -1 = none. */
static int find(const struct course *c, const double *w)
{
    for (int i = 0; i <= c->steps; i++) {
        if (memcmp(c->w[i], w, BYTES) == 0) {
            return i;
        }
    }
    return -1;
}

START_TEST(the_last_iterate)
{
    static const char *const with[] = {"max_steps", "9", NULL};
    struct course c;
    struct trial t;
    follow(&c, _i, 9);
    trial_begin(&t, _i, with);
    trial_run(&t, SADDLE_STOP_STEPS, 9);
    ck_assert_int_eq(find(&c, t.w), 9);
    ck_assert(t.r.value == c.value[9]);
    trial_end(&t);
}
END_TEST

/* 2000 seeds, 8 iterates: chi-square with 7 degrees of freedom stays below 7 + 5 sqrt(14). Gradient descent depends
 * on no seed but through its output. */
START_TEST(one_of_all_iterates_with_equal_chance)
{
    enum { STEPS = 8, SEEDS = 2000 };
    static const char *const with[] = {"max_steps", "8", "output", "uniform", NULL};
    struct course c;
    int seen[STEPS + 1] = {0};
    follow(&c, 0, STEPS);
    for (int seed = 0; seed < SEEDS; seed++) {
        struct trial t;
        char text[16];
        (void)snprintf(text, sizeof text, "%d", seed);
        const char *const all[] = {with[0], with[1], with[2], with[3], "seed", text, NULL};
        trial_begin(&t, 0, all);
        if (seed % 2 == 0) {
            EXPECT_OK(saddle_solver_step(t.s, seed % 9));
        } /* the rest of the run, or all of it */
        EXPECT_OK(saddle_solver_result(t.s, &t.r));
        if (t.r.stop == SADDLE_STOP_NONE) {
            trial_run(&t, SADDLE_STOP_STEPS, STEPS);
        }
        const int at = find(&c, t.w);
        ck_assert_int_ge(at, 0);
        ck_assert(t.r.stop == SADDLE_STOP_STEPS && (seed % 2 == 0 || t.r.value == c.value[at]));
        seen[at]++;
        trial_end(&t);
    }
    ck_assert_int_eq(seen[STEPS], 0); /* w_0 .. w_(T-1) */
    double chi2 = 0.0;
    for (int i = 0; i < STEPS; i++) {
        const double expected = (double)SEEDS / STEPS;
        chi2 += ((double)seen[i] - expected) * ((double)seen[i] - expected) / expected;
    }
    ck_assert_double_lt(chi2, 7.0 + 5.0 * sqrt(14.0));
}
END_TEST

START_TEST(uniform_after_one_step_or_none)
{
    static const char *const one[] = {"max_steps", "1", "output", "uniform", NULL};
    static const char *const none[] = {"max_steps", "5", "output", "uniform", "target_value", "1e6", NULL};
    struct course c;
    struct trial t;
    follow(&c, 0, 1);
    trial_begin(&t, 0, one);
    trial_run(&t, SADDLE_STOP_STEPS, 1);
    ck_assert_int_eq(find(&c, t.w), 0);
    trial_end(&t);
    trial_begin(&t, 0, none);
    trial_run(&t, SADDLE_STOP_VALUE, 0);
    ck_assert_int_eq(find(&c, t.w), 0);
    trial_end(&t);
}
END_TEST

START_TEST(the_best_iterate)
{
    static const char *const with[] = {"max_steps", "25", "output", "best", NULL};
    struct course c;
    struct trial t;
    follow(&c, _i, 25);
    int best = 0;
    for (int i = 1; i <= 25; i++) {
        best = c.value[i] < c.value[best] ? i : best;
    }
    trial_begin(&t, _i, with);
    trial_run(&t, SADDLE_STOP_STEPS, 25);
    ck_assert_int_eq(find(&c, t.w), best);
    ck_assert(t.r.value == c.value[best]);
    trial_end(&t);
}
END_TEST

static int keep_going(void *user, const saddle_event *e)
{
    const int64_t *at = user;
    return e->step == *at;
}

/* In the middle w is an output; in the end, one of a whole run. */
START_TEST(an_output_in_the_middle)
{
    static const char *const outputs[] = {"last", "uniform", "best"};
    struct course c;
    follow(&c, 9, 20);
    for (int k = 0; k < 3; k++) {
        const char *const with[] = {"max_steps", "20", "output", outputs[k], NULL};
        struct trial t;
        int64_t at = 12;
        trial_begin(&t, 9, with);
        EXPECT_OK(saddle_solver_set_monitor(t.s, keep_going, &at));
        trial_run(&t, SADDLE_STOP_MONITOR, 12);
        int best = 0;
        for (int i = 1; i <= 12; i++) {
            best = c.value[i] < c.value[best] ? i : best;
        }
        const int middle = find(&c, t.w);
        ck_assert(k == 0 ? middle == 12 : k == 1 ? middle >= 0 && middle < 12 : middle == best);
        ck_assert(t.r.value == c.value[middle]);
        at = 13;
        trial_run(&t, SADDLE_STOP_MONITOR, 13); /* from w_12, whatever was put out */
        at = -1;
        trial_run(&t, SADDLE_STOP_STEPS, 20);
        ck_assert_int_ge(find(&c, t.w), k == 0 ? 20 : 0);
        trial_end(&t);
    }
}
END_TEST

struct final {
    int events;
    double w[TRIAL_DIM];
};

static int keep_event(void *user, const saddle_event *e)
{
    struct final *x = user;
    x->events++;
    memcpy(x->w, e->w, BYTES);
    return 0;
}

/* pgd gives back the point before the perturbation that did not help, also when outputs of another kind were asked
 * for. */
START_TEST(pgd_gives_back_its_snapshot)
{
    static const char *const outputs[] = {"last", "uniform", "best"};
    static const char *const hopeless[] = {
        "decrease_threshold", "1e6", "gradient_threshold", "1e6", "max_steps", "30", NULL};
    struct trial t;
    double start[TRIAL_DIM];
    trial_begin(&t, 6, hopeless);
    memcpy(start, t.w, BYTES);
    trial_run(&t, SADDLE_STOP_METHOD, 4); /* perturbed in step 1, judged after t_thres = 4 */
    EXPECT_SAME(t.w, start, BYTES);
    ck_assert_int_eq(t.r.perturbations, 1);
    trial_end(&t);
    for (int k = 0; k < 3; k++) {
        const char *const with[] = {"decrease_threshold", "0.02", "output", outputs[k], "monitor_every", "0", NULL};
        struct final last = {0, {0.0}};
        struct trial one;
        double snapshot[TRIAL_DIM], before[TRIAL_DIM];
        int64_t perturbations = 0;
        trial_begin(&one, 6, with);
        EXPECT_OK(saddle_solver_set_monitor(one.s, keep_event, &last));
        do {
            memcpy(before, one.w, BYTES);
            EXPECT_OK(saddle_solver_step(one.s, 1));
            EXPECT_OK(saddle_solver_result(one.s, &one.r));
            if (one.r.perturbations > perturbations) {
                memcpy(snapshot, before, BYTES);
                perturbations = one.r.perturbations;
            }
        } while (one.r.stop == SADDLE_STOP_NONE);
        ck_assert_int_eq(one.r.stop, SADDLE_STOP_METHOD);
        ck_assert_int_ge(perturbations, 2);
        EXPECT_SAME(one.w, snapshot, BYTES);
        ck_assert_int_eq(last.events, 1);
        EXPECT_SAME(last.w, snapshot, BYTES);
        double value = 0.0;
        EXPECT_OK(saddle_objective_value(one.f, one.w, &value));
        ck_assert(value == one.r.value);
        trial_end(&one);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("output");
    TCase *c = tcase_create("output");
    tcase_set_timeout(c, 30);
    tcase_add_loop_test(c, the_last_iterate, 0, RECIPES);
    tcase_add_test(c, one_of_all_iterates_with_equal_chance);
    tcase_add_test(c, uniform_after_one_step_or_none);
    tcase_add_loop_test(c, the_best_iterate, 0, RECIPES);
    tcase_add_test(c, an_output_in_the_middle);
    tcase_add_test(c, pgd_gives_back_its_snapshot);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
