/* SPDX-License-Identifier: BSD-3-Clause */
/* eta_t of every schedule, and r scaled by eta_t/eta_0. The gradient is the constant 1 and the projection takes w back
 * to 0, so that what the projection sees is -eta_t. */
#include "numeric/trial.h"
#include "support/run_suite.h"
#include <stdio.h>

enum { STEPS = 40 };

static double seen[STEPS];
static int64_t steps;

static int unit_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    (void)w;
    g[b->dim - 1] = 1.0;
    return 0;
}

static int keep_step(void *user, int64_t dim, double *w)
{
    (void)user;
    (void)dim;
    seen[steps++] = -w[0];
    w[0] = 0.0;
    return 0;
}

static void run(saddle_method method, const char *settings, saddle_schedule_fn own)
{
    double w = 0.0;
    steps = 0;
    saddle_objective *f = trial_objective(1, 1, NULL, unit_gradient, NULL);
    EXPECT_OK(saddle_objective_set_project(f, keep_step));
    saddle_options *o = trial_options(settings);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, method, o, &w, &s));
    EXPECT_OK(saddle_solver_set_schedule(s, own, NULL));
    EXPECT_OK(saddle_solver_run(s));
    ck_assert_int_eq(steps, STEPS);
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}

static const char *const names[] = {"constant", "inverse", "inverse_sqrt", "exponential", "cosine"};
enum { SCHEDULES = sizeof names / sizeof names[0] };

/* eta_t/eta_0, in long double from libm. */
static double factor(int schedule, int t, double time)
{
    const long double x = (long double)(t - 1) / (long double)time;
    switch (schedule) {
    case 1: return (double)(1.0L / (1.0L + x));
    case 2: return (double)(1.0L / sqrtl(1.0L + x));
    case 3: return (double)expl(-x);
    case 4: return (double)(0.5L * (1.0L + cosl(3.14159265358979323846264338327950288L * fminl(x, 1.0L))));
    default: return 1.0;
    }
}

/* Three roundings, in the cosine below 1 those of 1 + cos as well. */
static void expect(int t, double expected, double scale)
{
    ck_assert_msg(fabs(seen[t - 1] - expected) <= 1e-15 * (fabs(expected) + scale), "step %d: %.17g, not %.17g", t,
                  seen[t - 1], expected);
}

START_TEST(step_sizes_follow_the_formula)
{
    char settings[128];
    const double time = 13.0;
    snprintf(settings, sizeof settings, "step_size=0.3 schedule_time=13 max_steps=40 schedule=%s", names[_i]);
    run(SADDLE_METHOD_SGD, settings, NULL);
    for (int t = 1; t <= STEPS; t++) {
        expect(t, 0.3 * factor(_i, t, time), _i == 4 ? 0.3 : 0.0);
    }
    ck_assert(seen[0] == 0.3);
    if (_i == 4) {
        ck_assert(seen[13] == 0.0 && seen[STEPS - 1] == 0.0);
    }
}
END_TEST

START_TEST(the_time_scale_is_the_limit_of_steps_unless_set)
{
    char settings[128];
    snprintf(settings, sizeof settings, "step_size=0.3 max_steps=40 schedule=%s", names[_i]);
    run(SADDLE_METHOD_GD, settings, NULL);
    for (int t = 1; t <= STEPS; t++) {
        expect(t, 0.3 * factor(_i, t, STEPS), _i == 4 ? 0.3 : 0.0);
    }
}
END_TEST

/* r_t = r eta_t/eta_0 of the long steps of SGD. */
START_TEST(the_long_step_is_scaled_alike)
{
    char settings[160];
    snprintf(settings, sizeof settings,
             "step_size=0.3 escape_step=2 escape_steps=4 schedule_time=13 max_steps=40 schedule=%s", names[_i]);
    run(SADDLE_METHOD_SGD, settings, NULL);
    for (int t = 1; t <= STEPS; t++) {
        const double size = t % 4 == 0 ? 2.0 : 0.3;
        expect(t, size * factor(_i, t, 13.0), _i == 4 ? size : 0.0);
    }
}
END_TEST

/* And of SGD-GD, which perturbs at steps 1, 1 + t_thres, ... where the gate is always open. */
START_TEST(the_escape_step_is_scaled_alike)
{
    char settings[192];
    snprintf(
        settings, sizeof settings,
        "step_size=0.3 escape_step=2 escape_steps=4 gradient_threshold=1 schedule_time=13 max_steps=40 schedule=%s",
        names[_i]);
    run(SADDLE_METHOD_SGD_GD, settings, NULL);
    for (int t = 1; t <= STEPS; t++) {
        const double size = t % 4 == 1 ? 2.0 : 0.3;
        expect(t, size * factor(_i, t, 13.0), _i == 4 ? size : 0.0);
    }
}
END_TEST

static int by_squares(void *user, int64_t step, double eta0, double *eta)
{
    (void)user;
    *eta = eta0 / (double)(step * step);
    return 0;
}

/* It replaces the option. */
START_TEST(a_schedule_of_the_callers_own)
{
    static const char *const settings =
        "step_size=0.25 escape_step=2 escape_steps=4 gradient_threshold=1 max_steps=40 schedule=cosine";
    run(_i == 0 ? SADDLE_METHOD_SGD : SADDLE_METHOD_SGD_GD, settings, by_squares);
    for (int t = 1; t <= STEPS; t++) {
        const double size = t % 4 == _i ? 2.0 : 0.25;
        expect(t, size / (double)(t * t), 0.0);
    }
}
END_TEST

/* NGD's steps have the length eta_t, SGLD's and PSGD's noise goes with it. */
START_TEST(other_methods_read_it_too)
{
    run(SADDLE_METHOD_NGD, "step_size=0.3 schedule=inverse schedule_time=13 max_steps=40", NULL);
    for (int t = 1; t <= STEPS; t++) {
        expect(t, 0.3 * factor(1, t, 13.0), 0.0);
    }
    run(SADDLE_METHOD_PSGD, "step_size=0.3 noise=0.5 seed=4 schedule=inverse schedule_time=13 max_steps=40", NULL);
    for (int t = 1; t <= STEPS; t++) {
        const saddle_random_stream s = {4, TRIAL_NOISE, (uint64_t)t};
        double z = 0.0;
        EXPECT_OK(saddle_random_normal(&s, 0, 1, &z));
        expect(t, 0.3 * factor(1, t, 13.0) * (1.0 + 0.5 * z), 0.3);
    }
    run(SADDLE_METHOD_SGLD, "step_size=0.3 inverse_temperature=8 seed=4 schedule=inverse schedule_time=13 max_steps=40",
        NULL);
    for (int t = 1; t <= STEPS; t++) {
        const saddle_random_stream s = {4, TRIAL_NOISE, (uint64_t)t};
        double z = 0.0;
        EXPECT_OK(saddle_random_normal(&s, 0, 1, &z));
        const double eta = 0.3 * factor(1, t, 13.0);
        expect(t, eta - sqrt(2.0 * eta / 8.0) * z, 0.3);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedules");
    TCase *c = tcase_create("schedules");
    tcase_add_loop_test(c, step_sizes_follow_the_formula, 0, SCHEDULES);
    tcase_add_loop_test(c, the_time_scale_is_the_limit_of_steps_unless_set, 0, SCHEDULES);
    tcase_add_loop_test(c, the_long_step_is_scaled_alike, 0, SCHEDULES);
    tcase_add_loop_test(c, the_escape_step_is_scaled_alike, 0, SCHEDULES);
    tcase_add_loop_test(c, a_schedule_of_the_callers_own, 0, 2);
    tcase_add_test(c, other_methods_read_it_too);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
