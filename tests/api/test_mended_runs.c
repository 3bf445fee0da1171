/* SPDX-License-Identifier: BSD-3-Clause */
/* Defects of chosen step sizes and of checks in runs that were there once, each in the smallest program that showed it. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <saddle/saddle.h>

enum { DIM = 5 };

static saddle_options *options(const char *const *with)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    for (int i = 0; with[i] != NULL; i += 2) {
        EXPECT_OK(saddle_options_set_text(o, with[i], with[i + 1]));
    }
    return o;
}

static saddle_solver *begin(saddle_objective *f, saddle_method m, const char *const *with, double *w)
{
    saddle_options *o = options(with);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, m, o, w, &s));
    saddle_options_destroy(o);
    return s;
}

static saddle_result result(saddle_solver *s)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_result(s, &r));
    return r;
}

/* f(w) = sum_j (j + 1) w_j^2/2 */
static int bowl(void *user, const saddle_batch *b, const double *w, double *value, double *g)
{
    (void)user;
    *value = 0.0;
    for (int64_t j = 0; j < b->dim; j++) {
        g[j] = (double)(j + 1) * w[j];
        *value += 0.5 * g[j] * w[j];
    }
    return 0;
}

/* user: *eta, whatever eta0 is. */
static int same_eta(void *user, int64_t step, double eta0, double *eta)
{
    (void)step;
    ck_assert_double_gt(eta0, 0.0);
    *eta = *(const double *)user;
    return 0;
}

static int falls(void *user, const saddle_event *e)
{
    double *last = user;
    if (e->stop == SADDLE_STOP_NONE) {
        ck_assert_double_le(e->value, *last);
        *last = e->value;
    }
    return 0;
}

/* A schedule far above 1/L: L promised nothing there, so f rose in every step, and eta0 went to 0. */
START_TEST(a_schedule_above_the_chosen_step_size_does_not_lift_f)
{
    static const char *const with[] = {"max_steps", "300", NULL};
    static const double etas[] = {0.7, 1.0, 100.0, 1e154, 1e308};
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, DIM, 1, NULL, &f));
    EXPECT_OK(saddle_objective_set_value_gradient(f, bowl));
    for (int i = 0; i < 5; i++) {
        double w[DIM] = {1.0, 1.1, 1.2, 1.3, 1.4}, eta = etas[i], last = (double)INFINITY;
        saddle_solver *s = begin(f, SADDLE_METHOD_GD, with, w);
        EXPECT_OK(saddle_solver_set_schedule(s, same_eta, &eta));
        EXPECT_OK(saddle_solver_set_monitor(s, falls, &last));
        EXPECT_OK(saddle_solver_run(s));
        ck_assert_double_lt(result(s).gradient_norm, 1e-20);
        saddle_solver_destroy(s);
    }
    saddle_objective_destroy(f);
}
END_TEST

static int greatest(void *user, const saddle_batch *b, const double *w, double *g)
{
    int64_t *most = user;
    for (int64_t k = 0; k < b->count; k++) {
        *most = b->index[k] > *most ? b->index[k] : *most;
    }
    g[0] = w[0];
    return 0;
}

/* The batches that the step size is measured on were drawn, also of a stream whose samples are 0, 1, 2, ... */
START_TEST(a_stream_in_order_is_asked_for_no_other_samples)
{
    static const char *const with[] = {"sampling", "sequential", "batch_size", "4", "max_steps", "10", NULL};
    double w[1] = {1.0};
    int64_t most = 0;
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, 1, SADDLE_STREAM, &most, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, greatest));
    saddle_solver *s = begin(f, SADDLE_METHOD_SGD, with, w);
    EXPECT_OK(saddle_solver_run(s));
    ck_assert_int_eq(most, 39);
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
}
END_TEST

struct interrupted {
    saddle_solver *s;
    int64_t calls, request_at;
};

/* f(w) = sum_j w_j^4/4 - w_j^2/2 for odd j, + w_j^2/2 for even j */
static int wells(void *user, const saddle_batch *b, const double *w, double *value, double *g)
{
    (void)user;
    *value = 0.0;
    for (int64_t j = 0; j < b->dim; j++) {
        const double c = j % 2 == 0 ? 1.0 : -1.0;
        g[j] = w[j] * w[j] * w[j] + c * w[j];
        *value += 0.25 * w[j] * w[j] * w[j] * w[j] + 0.5 * c * w[j] * w[j];
    }
    return 0;
}

static int wells_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct interrupted *p = user;
    p->calls++;
    if (p->calls == p->request_at) {
        saddle_solver_request_stop(p->s);
    }
    for (int64_t j = 0; j < b->dim; j++) {
        product[j] = (3.0 * w[j] * w[j] + (j % 2 == 0 ? 1.0 : -1.0)) * v[j];
    }
    return 0;
}

/* A request that came while a check was at work made it be made again, as another check with another start. */
START_TEST(a_request_inside_a_check_does_not_repeat_it)
{
    const char *const with[] = {"step_size", "0.1", "output", _i == 0 ? "uniform" : "best", "max_steps", "12",
                                "check_every", "3", "eps_gradient", "100", "eps_hessian", "0.1", NULL};
    saddle_result whole = {0};
    double w_whole[DIM];
    int64_t calls = 1;
    for (int64_t at = 0; at <= calls; at++) {
        struct interrupted p = {NULL, 0, at};
        double w[DIM] = {0.2, 0.01, -0.1, 0.02, 0.3};
        saddle_objective *f = NULL;
        EXPECT_OK(saddle_objective_create(NULL, DIM, 1, &p, &f));
        EXPECT_OK(saddle_objective_set_value_gradient(f, wells));
        EXPECT_OK(saddle_objective_set_hessvec(f, wells_hessvec));
        p.s = begin(f, SADDLE_METHOD_GD, with, w);
        EXPECT_OK(saddle_solver_run(p.s));
        saddle_result r = result(p.s);
        if (r.stop == SADDLE_STOP_REQUEST) {
            EXPECT_OK(saddle_solver_run(p.s));
            r = result(p.s);
        }
        ck_assert_int_eq(r.stop, SADDLE_STOP_STEPS);
        ck_assert_int_eq(r.kind, SADDLE_KIND_STRICT_SADDLE);
        if (at == 0) {
            whole = r;
            calls = p.calls;
            memcpy(w_whole, w, sizeof w);
        }
        EXPECT_SAME(w, w_whole, sizeof w);
        EXPECT_SAME(&r.lambda_min, &whole.lambda_min, sizeof whole.lambda_min);
        ck_assert_int_eq(r.hessvec_samples, whole.hessvec_samples);
        saddle_solver_destroy(p.s);
        saddle_objective_destroy(f);
    }
    ck_assert_int_gt(calls, 5);
}
END_TEST

/* f(w) = sum_j (w_j - 1)^2/2 where all w_j are the same up to 1e-14: the way to the minimum can be evaluated, what is beside it cannot. */
static int at_the_wall(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    for (int64_t j = 0; j < b->dim; j++) {
        g[j] = w[j] - 1.0;
    }
    return fabs(w[0] - w[1]) + fabs(w[1] - w[2]) > 1e-14;
}

/* Without a hessvec callback a check asks for gradients beside w. Where there is none, however near, the run failed, and sgld took a good step back. */
START_TEST(a_check_beside_a_wall_changes_nothing)
{
    static const saddle_method methods[] = {SADDLE_METHOD_GD, SADDLE_METHOD_SGLD};
    static const char *const with[] = {"step_size", "0.5", "inverse_temperature", "1e32", "max_steps", "37", NULL};
    static const char *const checked[] = {"step_size", "0.5", "inverse_temperature", "1e32", "max_steps", "37",
                                          "check_every", "1", "eps_gradient", "1e-7", "eps_hessian", "1e-3", NULL};
    saddle_objective *f = NULL;
    double w[2][3] = {{0.0}};
    EXPECT_OK(saddle_objective_create(NULL, 3, 1, NULL, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, at_the_wall));
    for (int check = 0; check < 2; check++) {
        saddle_solver *s = begin(f, methods[_i], check ? checked : with, w[check]);
        EXPECT_OK(saddle_solver_run(s));
        const saddle_result r = result(s);
        ck_assert_int_eq(r.stop, SADDLE_STOP_STEPS);
        ck_assert_int_eq(r.callback_code, 0);
        ck_assert_int_eq(r.kind, check ? SADDLE_KIND_FIRST_ORDER : SADDLE_KIND_UNKNOWN);
        ck_assert(isnan(r.lambda_min));
        saddle_solver_destroy(s);
    }
    EXPECT_SAME(w[0], w[1], sizeof w[0]);
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mended_runs");
    TCase *c = tcase_create("mended_runs");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_schedule_above_the_chosen_step_size_does_not_lift_f);
    tcase_add_test(c, a_stream_in_order_is_asked_for_no_other_samples);
    tcase_add_loop_test(c, a_request_inside_a_check_does_not_repeat_it, 0, 2);
    tcase_add_loop_test(c, a_check_beside_a_wall_changes_nothing, 0, 2);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
