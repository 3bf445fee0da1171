/* SPDX-License-Identifier: BSD-3-Clause */
/* What a step costs in calls of the objective, times their samples: as the callbacks see it, as the result says, and as
 * the formula of each method says. */
#include "numeric/trial.h"
#include "support/problem.h"
#include "support/run_suite.h"

enum { SAMPLES = 10, n = SAMPLES, DIM = 3 };

/* f = 0, and a value that falls with each look, so that PGD passes each of its tests. */
struct counted {
    int64_t value_samples, gradient_samples, both_samples;
};

static int count_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    struct counted *c = user;
    (void)w;
    c->value_samples += b->count;
    *value = -(double)c->value_samples;
    return 0;
}

static int count_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct counted *c = user;
    (void)w;
    c->gradient_samples += b->count;
    memset(g, 0, (size_t)b->dim * sizeof *g);
    return 0;
}

static int count_both(void *user, const saddle_batch *b, const double *w, double *value, double *g)
{
    struct counted *c = user;
    (void)w;
    c->both_samples += b->count;
    *value = -(double)c->both_samples;
    memset(g, 0, (size_t)b->dim * sizeof *g);
    return 0;
}

/* Samples of a run, the last look at the output over all samples included. */
struct cost {
    saddle_method method;
    const char *settings;
    int64_t gradient, value;
    int64_t perturbations;
};

#define PGD "step_size=1 radius=1 escape_steps=5 gradient_threshold=1 decrease_threshold=1"
#define SGD_GD "step_size=1 escape_step=1 escape_steps=5 gradient_threshold=1 max_steps=12"

/* With a zero gradient SGD-GD perturbs at steps 1, 1 + t_thres, ...; PGD at 1, 2 + t_thres, ..., with a test one step
 * before. */
static const struct cost costs[] = {
    {SADDLE_METHOD_GD, "step_size=1 max_steps=12", 12 * n + n, n, 0},
    {SADDLE_METHOD_GD, "step_size=1 max_steps=12 batch_size=3", 12 * 3 + n, n, 0},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=12", 12 + n, n, 0},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=12 batch_size=4", 12 * 4 + n, n, 0},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=12 batch_size=25", 12 * 25 + n, n, 0},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=12 escape_steps=5 escape_step=2", 12 + n, n, 2},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=6 batch_size=4 sampling=shuffle", 2 * n + n, n, 0},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=7 batch_size=4 sampling=sequential", 2 * n + 4 + n, n, 0},
    {SADDLE_METHOD_PSGD, "step_size=1 noise=1 max_steps=12", 12 + n, n, 12},
    {SADDLE_METHOD_PSGD, "step_size=1 noise=1 max_steps=12 batch_size=7 noise_kind=ball", 12 * 7 + n, n, 12},
    {SADDLE_METHOD_SGLD, "step_size=1 inverse_temperature=1 max_steps=12", 12 + n, n, 12},
    {SADDLE_METHOD_SGLD, "step_size=1 inverse_temperature=1 max_steps=12 batch_size=2", 12 * 2 + n, n, 12},
    {SADDLE_METHOD_NGD, "step_size=1 noise=1 noise_every=5 max_steps=12", 12 * n + n, n, 2},
    {SADDLE_METHOD_NGD, "step_size=1 noise=1 noise_every=5 max_steps=12 batch_size=2", 12 * 2 + n, n, 2},
    {SADDLE_METHOD_SGD_GD, SGD_GD, 12 * n + 3 * 1 + n, n, 3},
    {SADDLE_METHOD_SGD_GD, SGD_GD " batch_size=4", 12 * n + 3 * 4 + n, n, 3},
    {SADDLE_METHOD_PGD, PGD " max_steps=12", 12 * n + 2 * n + n, 2 * 2 * n + n, 2},
    {SADDLE_METHOD_PGD, PGD " max_steps=11", 11 * n + 2 * n + n, 3 * n + n, 2},
    {SADDLE_METHOD_PGD, PGD " max_steps=1", 1 * n + n + n, n + n, 1},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=12 output=best", 12 + n, 13 * n + n, 0},
    {SADDLE_METHOD_SGD, "step_size=1 max_steps=12 output=uniform", 12 + n, n, 0},
};
enum { COUNT = sizeof costs / sizeof costs[0] };

START_TEST(separate_callbacks)
{
    const struct cost cost = costs[_i];
    struct counted c = {0, 0, 0};
    double w[DIM] = {1.0, 2.0, 3.0};
    saddle_objective *f = trial_objective(DIM, SAMPLES, &c, count_gradient, count_value);
    saddle_options *o = trial_options(cost.settings);
    const saddle_result r = trial_run(f, cost.method, o, w);
    ck_assert_msg(r.gradient_samples == cost.gradient, "%s %s: %lld gradient samples, not %lld",
                  saddle_method_name(cost.method), cost.settings, (long long)r.gradient_samples,
                  (long long)cost.gradient);
    ck_assert_msg(r.value_samples == cost.value, "%s %s: %lld value samples, not %lld", saddle_method_name(cost.method),
                  cost.settings, (long long)r.value_samples, (long long)cost.value);
    ck_assert_int_eq(c.gradient_samples, cost.gradient);
    ck_assert_int_eq(c.value_samples, cost.value);
    ck_assert_int_eq(r.perturbations, cost.perturbations);
    ck_assert_int_eq(r.hessvec_samples, 0);
    ck_assert_int_eq(r.slopes_samples, 0);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* One callback for both: a call counts for both, and PGD's values come with gradients that it needs anyway. */
START_TEST(value_and_gradient_together)
{
    const struct cost cost = costs[_i];
    struct counted c = {0, 0, 0};
    double w[DIM] = {1.0, 2.0, 3.0};
    saddle_objective *f = trial_objective(DIM, SAMPLES, &c, NULL, NULL);
    EXPECT_OK(saddle_objective_set_value_gradient(f, count_both));
    saddle_options *o = trial_options(cost.settings);
    const saddle_result r = trial_run(f, cost.method, o, w);
    const int best = trial_int(o, SADDLE_OPT_OUTPUT) == SADDLE_OUTPUT_BEST;
    ck_assert_int_eq(r.gradient_samples, c.both_samples);
    ck_assert_int_eq(r.value_samples, c.both_samples);
    if (!best) { /* BEST looks at f once more a step */
        ck_assert_int_eq(c.both_samples, cost.gradient);
    }
    ck_assert_int_eq(r.perturbations, cost.perturbations);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* PGD's own end: the gradient and the value of its test, the gradient and the value of the snapshot. */
static int steady_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    (void)count_value(user, b, w, value);
    *value = 0.0;
    return 0;
}

START_TEST(the_end_of_pgd)
{
    struct counted c = {0, 0, 0};
    double w[DIM] = {1.0, 2.0, 3.0};
    saddle_objective *f = trial_objective(DIM, SAMPLES, &c, count_gradient, steady_value);
    saddle_options *o = trial_options(PGD);
    const saddle_result r = trial_run(f, SADDLE_METHOD_PGD, o, w);
    ck_assert_int_eq(r.stop, SADDLE_STOP_METHOD);
    ck_assert_int_eq(r.steps, 5);
    ck_assert_int_eq(r.gradient_samples, 5 * n + n + n + n);
    ck_assert_int_eq(r.value_samples, 2 * n + n);
    ck_assert_int_eq(c.gradient_samples, r.gradient_samples);
    ck_assert_int_eq(c.value_samples, r.value_samples);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* Tests of the gradient use the one that the next step needs, and the last look the one of the last test. */
START_TEST(a_test_of_the_gradient_costs_once)
{
    for (int eps = 0; eps < 2; eps++) {
        struct problem p;
        double w[DIM];
        problem_init(&p, DIM, SAMPLES, 0, SEPARATE);
        problem_start(&p, w);
        saddle_objective *f = problem_objective(&p, NULL);
        saddle_options *o = trial_options("step_size=0.1 max_steps=12");
        EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EPS_GRADIENT, eps * 1e-9));
        const saddle_result r = trial_run(f, SADDLE_METHOD_GD, o, w);
        ck_assert_int_eq(r.steps, 12);
        ck_assert_int_eq(r.gradient_samples, 12 * n + n);
        ck_assert_int_eq(p.gradient_samples, r.gradient_samples);
        ck_assert_int_eq(p.broken, 0);
        saddle_objective_destroy(f);
        saddle_options_destroy(o);
    }
}
END_TEST

/* A stream has no last look. */
START_TEST(a_stream_costs_its_batches)
{
    struct counted c = {0, 0, 0};
    double w[DIM] = {1.0, 2.0, 3.0};
    saddle_objective *f = trial_objective(DIM, SADDLE_STREAM, &c, count_gradient, count_value);
    saddle_options *o = trial_options("step_size=1 max_steps=12 batch_size=5");
    const saddle_result r = trial_run(f, SADDLE_METHOD_SGD, o, w);
    ck_assert_int_eq(r.gradient_samples, 60);
    ck_assert_int_eq(r.value_samples, 0);
    ck_assert_int_eq(c.gradient_samples, 60);
    ck_assert_int_eq(c.value_samples, 0);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("counts");
    TCase *c = tcase_create("counts");
    tcase_add_loop_test(c, separate_callbacks, 0, COUNT);
    tcase_add_loop_test(c, value_and_gradient_together, 0, COUNT);
    tcase_add_test(c, the_end_of_pgd);
    tcase_add_test(c, a_test_of_the_gradient_costs_once);
    tcase_add_test(c, a_stream_costs_its_batches);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
