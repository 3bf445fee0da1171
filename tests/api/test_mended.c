/* SPDX-License-Identifier: BSD-3-Clause */
/* Defects that were there once, each in the smallest run that showed it. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <saddle/saddle.h>
#include <stdlib.h>

static saddle_solver *begin(saddle_objective *f, saddle_method m, const char *const *with, double *w)
{
    saddle_options *o = NULL;
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    for (int i = 0; with[i] != NULL; i += 2) {
        EXPECT_OK(saddle_options_set_text(o, with[i], with[i + 1]));
    }
    EXPECT_OK(saddle_solver_create(f, m, o, w, &s));
    saddle_options_destroy(o);
    return s;
}

struct draw {
    int fails; /* the first gradient of a single sample gives up, having written */
};

static int draw_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct draw *d = user;
    g[0] = 0.1 * w[0];
    g[1] = -0.1 * w[1];
    for (int64_t k = 0; k < b->count; k++) {
        g[0] += ((double)b->index[k] - 1.5) / (double)b->count;
        g[1] += ((double)b->index[k] - 1.5) / (double)b->count;
    }
    return b->count == 1 && d->fails-- == 1 ? 5 : 0;
}

/* What a failed escape draw left in g was taken for the full gradient. */
START_TEST(a_failed_escape_draw_leaves_no_gradient)
{
    static const char *const with[] = {"step_size", "0.1", "escape_step", "0.01", "gradient_threshold", "0.1",
                                       "escape_steps", "5", "max_steps", "12", NULL};
    double w[2][2] = {{0.0, 0.0}, {0.0, 0.0}};
    for (int fails = 0; fails < 2; fails++) {
        struct draw d = {fails};
        saddle_objective *f = NULL;
        EXPECT_OK(saddle_objective_create(NULL, 2, 4, &d, &f));
        EXPECT_OK(saddle_objective_set_gradient(f, draw_gradient));
        saddle_solver *s = begin(f, SADDLE_METHOD_SGD_GD, with, w[fails]);
        if (fails) {
            EXPECT_FAIL(saddle_solver_run(s), SADDLE_E_CALLBACK, "returned 5");
        }
        EXPECT_OK(saddle_solver_run(s));
        saddle_solver_destroy(s);
        saddle_objective_destroy(f);
    }
    EXPECT_SAME(w[0], w[1], sizeof w[0]);
}
END_TEST

static int project_to_box(void *user, int64_t dim, double *w)
{
    (void)user;
    for (int64_t i = 0; i < dim; i++) {
        w[i] = fmin(fmax(w[i], -1e-3), 1e-3);
    }
    return 0;
}

static int bowl(void *user, const saddle_batch *b, const double *w, double *value, double *g)
{
    (void)user;
    *value = 0.0;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = w[i];
        *value += 0.5 * w[i] * w[i];
    }
    return 0;
}

static saddle_objective *make_bowl(int64_t dim)
{
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, dim, 1, NULL, &f));
    EXPECT_OK(saddle_objective_set_value_gradient(f, bowl));
    return f;
}

/* With a projection the uniform output was the perturbed point, which no iterate ever was. */
START_TEST(the_perturbed_point_is_no_output)
{
    static const char *const with[] = {"step_size", "0.5", "radius", "1", "gradient_threshold", "0.1", "escape_steps", "5",
                                       "decrease_threshold", "1e-9", "output", "uniform", "max_steps", "1", NULL};
    double w[2] = {0.0, 0.0};
    saddle_objective *f = make_bowl(2);
    EXPECT_OK(saddle_objective_set_project(f, project_to_box));
    saddle_solver *s = begin(f, SADDLE_METHOD_PGD, with, w);
    EXPECT_OK(saddle_solver_run(s));
    ck_assert(w[0] == 0.0 && w[1] == 0.0); /* w_0, exactly */
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
}
END_TEST

static int flat_interval(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    (void)b;
    g[0] = 0.0;
    return w[0] < 0.0 || w[0] > 1.0 ? 1 : 0;
}

/* Rejected steps asked twice, and the run went past max_epochs. And a run that succeeds leaves no message. */
START_TEST(rejections_keep_to_the_epochs)
{
    static const char *const with[] = {"step_size", "0.5", "inverse_temperature", "1", "max_steps", "0", "max_epochs", "2", NULL};
    double w = 0.5;
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, 1, 1000, NULL, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, flat_interval));
    EXPECT_FAIL(saddle_solver_run(NULL), SADDLE_E_ARGUMENT, "the solver is NULL");
    saddle_solver *s = begin(f, SADDLE_METHOD_SGLD, with, &w);
    EXPECT_OK(saddle_solver_run(s));
    EXPECT_MESSAGE("the solver is NULL"); /* still that of the last failure */
    saddle_result r = {.struct_size = sizeof r};
    EXPECT_OK(saddle_solver_result(s, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_EPOCHS);
    ck_assert_int_eq(r.steps, 2000);
    ck_assert_int_eq(r.callback_code, 0);
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
}
END_TEST

struct seen {
    double step_norm, value;
    int64_t stop;
};

static int keep(void *user, const saddle_event *e)
{
    struct seen *x = user;
    if (e->stop == SADDLE_STOP_NONE) {
        x->value = e->value;
    }
    x->step_norm = e->step_norm;
    x->stop = e->stop;
    return 0;
}

/* The last event told the norm of an earlier step. */
START_TEST(the_last_event_has_no_old_norm)
{
    static const char *const steps[] = {"7", "8"};
    for (int i = 0; i < 2; i++) {
        const char *const with[] = {"step_size", "0.5", "monitor_every", "4", "max_steps", steps[i], NULL};
        double w = 1024.0;
        struct seen x = {0.0, 0.0, -1};
        saddle_objective *f = make_bowl(1);
        saddle_solver *s = begin(f, SADDLE_METHOD_GD, with, &w);
        EXPECT_OK(saddle_solver_set_monitor(s, keep, &x));
        EXPECT_OK(saddle_solver_run(s));
        ck_assert_int_eq(x.stop, SADDLE_STOP_STEPS);
        if (i == 0) {
            ck_assert(isnan(x.step_norm)); /* step 7 was no event */
        } else {
            ck_assert(x.step_norm == 4.0); /* w_7 = 8, halved */
        }
        saddle_solver_destroy(s);
        saddle_objective_destroy(f);
    }
}
END_TEST

/* An event of a perturbation told f of the perturbed point. */
START_TEST(the_value_of_a_perturbation_is_that_before_it)
{
    static const char *const with[] = {"step_size", "0.5", "radius", "1", "gradient_threshold", "0.1", "escape_steps", "5",
                                       "decrease_threshold", "1e-9", "max_steps", "1", NULL};
    double w = 0.0625;
    struct seen x = {0.0, 0.0, -1};
    saddle_objective *f = make_bowl(1);
    saddle_solver *s = begin(f, SADDLE_METHOD_PGD, with, &w);
    EXPECT_OK(saddle_solver_set_monitor(s, keep, &x));
    EXPECT_OK(saddle_solver_run(s));
    ck_assert(x.value == 0.5 * 0.0625 * 0.0625);
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mended");
    TCase *c = tcase_create("mended");
    tcase_add_test(c, a_failed_escape_draw_leaves_no_gradient);
    tcase_add_test(c, the_perturbed_point_is_no_output);
    tcase_add_test(c, rejections_keep_to_the_epochs);
    tcase_add_test(c, the_last_event_has_no_old_norm);
    tcase_add_test(c, the_value_of_a_perturbation_is_that_before_it);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
