/* SPDX-License-Identifier: BSD-3-Clause */
/* Objectives: arguments, setters, values and gradients, what callbacks are called with, streams. */
#include "support/expect.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static saddle_objective *const poison = (saddle_objective *)(uintptr_t)0x5a5a5a50;

START_TEST(sizes_have_bounds)
{
    saddle_objective *f = poison;
    EXPECT_FAIL(saddle_objective_create(NULL, 3, 3, NULL, NULL), SADDLE_E_ARGUMENT, "out is NULL");
    static const int64_t dims[] = {0, -1, INT64_MIN, (INT64_C(1) << 41) + 1, INT64_MAX};
    static const int64_t samples[] = {0, -2, INT64_MIN, (INT64_C(1) << 62) + 1, INT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        char number[40];
        (void)snprintf(number, sizeof number, "dim is %lld, outside 1 .. 2^41", (long long)dims[i]);
        EXPECT_FAIL(saddle_objective_create(NULL, dims[i], 3, NULL, &f), SADDLE_E_ARGUMENT, number);
        (void)snprintf(number, sizeof number, "samples is %lld,", (long long)samples[i]);
        EXPECT_FAIL(saddle_objective_create(NULL, 3, samples[i], NULL, &f), SADDLE_E_ARGUMENT, number);
        EXPECT_MESSAGE("1 .. 2^62");
        ck_assert_ptr_eq(f, poison);
    }
    EXPECT_OK(saddle_objective_create(NULL, INT64_C(1) << 41, INT64_C(1) << 62, NULL, &f));
    ck_assert_int_eq(saddle_objective_dim(f), INT64_C(1) << 41);
    ck_assert_int_eq(saddle_objective_samples(f), INT64_C(1) << 62);
    saddle_objective_destroy(f);
    EXPECT_OK(saddle_objective_create(NULL, 1, SADDLE_STREAM, NULL, &f));
    ck_assert_int_eq(saddle_objective_samples(f), SADDLE_STREAM);
    saddle_objective_destroy(f);
    ck_assert_int_eq(saddle_objective_dim(NULL), 0);
    ck_assert_int_eq(saddle_objective_samples(NULL), 0);
}
END_TEST

START_TEST(setters_refuse_null)
{
    EXPECT_FAIL(saddle_objective_set_value(NULL, problem_value), SADDLE_E_ARGUMENT, "set_value: the objective is NULL");
    EXPECT_FAIL(saddle_objective_set_gradient(NULL, problem_gradient), SADDLE_E_ARGUMENT,
                "set_gradient: the objective");
    EXPECT_FAIL(saddle_objective_set_value_gradient(NULL, NULL), SADDLE_E_ARGUMENT,
                "set_value_gradient: the objective");
    EXPECT_FAIL(saddle_objective_set_hessvec(NULL, NULL), SADDLE_E_ARGUMENT, "set_hessvec: the objective is NULL");
    EXPECT_FAIL(saddle_objective_set_slopes(NULL, NULL), SADDLE_E_ARGUMENT, "set_slopes: the objective is NULL");
    EXPECT_FAIL(saddle_objective_set_project(NULL, NULL), SADDLE_E_ARGUMENT, "set_project: the objective");
    EXPECT_FAIL(saddle_objective_set_grain(NULL, 3), SADDLE_E_ARGUMENT, "set_grain: the objective");
    EXPECT_FAIL(saddle_objective_set_destructor(NULL, NULL), SADDLE_E_ARGUMENT, "set_destructor: the objective");
}
END_TEST

START_TEST(the_grain_has_bounds)
{
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, 3, 3, NULL, &f));
    static const int64_t bad[] = {0, -1, INT64_C(1) << 31, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 5; i++) {
        char number[40];
        (void)snprintf(number, sizeof number, "samples is %lld,", (long long)bad[i]);
        EXPECT_FAIL(saddle_objective_set_grain(f, bad[i]), SADDLE_E_ARGUMENT, number);
        EXPECT_MESSAGE("1 .. 2^31 - 1");
    }
    EXPECT_OK(saddle_objective_set_grain(f, (INT64_C(1) << 31) - 1));
    EXPECT_OK(saddle_objective_set_grain(f, 1));
    saddle_objective_destroy(f);
}
END_TEST

static int no_projection(void *user, int64_t dim, double *w)
{
    (void)user;
    (void)dim;
    (void)w;
    return 0;
}

START_TEST(setters_close_with_the_first_solver)
{
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_solver *s = NULL;
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_PSGD, NULL, w, &s), SADDLE_E_RANGE, "noise");
    EXPECT_OK(saddle_objective_set_gradient(f, problem_gradient)); /* none was made */
    EXPECT_OK(saddle_objective_set_gradient(f, NULL));
    saddle_options *o = recipe_options(0, NULL, 10);
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    for (int destroyed = 0; destroyed < 2; destroyed++) {
        EXPECT_FAIL(saddle_objective_set_value(f, problem_value), SADDLE_E_STATE, "set_value: a solver was made");
        EXPECT_FAIL(saddle_objective_set_gradient(f, problem_gradient), SADDLE_E_STATE,
                    "set_gradient: a solver was made");
        EXPECT_FAIL(saddle_objective_set_value_gradient(f, NULL), SADDLE_E_STATE, "set_value_gradient: a solver");
        EXPECT_FAIL(saddle_objective_set_hessvec(f, problem_hessvec), SADDLE_E_STATE, "set_hessvec: a solver was made");
        EXPECT_FAIL(saddle_objective_set_slopes(f, problem_slopes), SADDLE_E_STATE, "set_slopes: a solver was made");
        EXPECT_FAIL(saddle_objective_set_project(f, no_projection), SADDLE_E_STATE, "set_project: a solver was made");
        EXPECT_FAIL(saddle_objective_set_grain(f, 3), SADDLE_E_STATE, "set_grain: a solver was made");
        EXPECT_OK(saddle_objective_set_destructor(f, NULL));
        saddle_solver_destroy(s);
        s = NULL;
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(evaluations_refuse_bad_arguments)
{
    struct problem p;
    double w[3] = {1.0, 2.0, 3.0}, g[3];
    double value = -77.0;
    problem_init(&p, 3, 5, 2, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_FAIL(saddle_objective_value(NULL, w, &value), SADDLE_E_ARGUMENT,
                "saddle_objective_value: the objective is NULL");
    EXPECT_FAIL(saddle_objective_value(f, NULL, &value), SADDLE_E_ARGUMENT, "saddle_objective_value: w is NULL");
    EXPECT_FAIL(saddle_objective_value(f, w, NULL), SADDLE_E_ARGUMENT, "saddle_objective_value: the output is NULL");
    EXPECT_FAIL(saddle_objective_gradient(NULL, w, &value, g), SADDLE_E_ARGUMENT, "gradient: the objective is NULL");
    EXPECT_FAIL(saddle_objective_gradient(f, NULL, &value, g), SADDLE_E_ARGUMENT, "gradient: w is NULL");
    EXPECT_FAIL(saddle_objective_gradient(f, w, &value, NULL), SADDLE_E_ARGUMENT, "gradient: the output is NULL");
    static const char *const said[] = {"entry 0 of w is nan", "entry 1 of w is inf", "entry 2 of w is -inf"};
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (int j = 0; j < 3; j++) {
        w[j] = bad[j];
        EXPECT_FAIL(saddle_objective_value(f, w, &value), SADDLE_E_NOT_FINITE, said[j]);
        EXPECT_FAIL(saddle_objective_gradient(f, w, &value, g), SADDLE_E_NOT_FINITE, said[j]);
        w[j] = 1.0;
    }
    ck_assert_int_eq(p.calls, 0);
    ck_assert_double_eq(value, -77.0);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(a_missing_callback_is_named)
{
    struct problem p;
    double w[3] = {1.0, 2.0, 3.0}, g[3];
    double value = -77.0;
    problem_init(&p, 3, 5, 2, GRADIENT_ONLY);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_FAIL(saddle_objective_value(f, w, &value), SADDLE_E_MISSING, "saddle_objective_set_value()");
    EXPECT_FAIL(saddle_objective_gradient(f, w, &value, g), SADDLE_E_MISSING, "saddle_objective_set_value()");
    EXPECT_OK(saddle_objective_gradient(f, w, NULL, g));
    EXPECT_OK(saddle_objective_set_gradient(f, NULL));
    EXPECT_OK(saddle_objective_set_value(f, problem_value));
    EXPECT_FAIL(saddle_objective_gradient(f, w, NULL, g), SADDLE_E_MISSING, "saddle_objective_set_gradient()");
    EXPECT_FAIL(saddle_objective_gradient(f, w, &value, g), SADDLE_E_MISSING, "saddle_objective_set_gradient()");
    EXPECT_OK(saddle_objective_value(f, w, &value));
    saddle_objective_destroy(f);
}
END_TEST

/* Dimensions and samples over grains of one, some and all samples. */
START_TEST(values_and_gradients_are_means_over_all_samples)
{
    static const int64_t dims[] = {1, 2, 10, 33, 1000};
    static const int64_t grains[] = {0, 1, 3, 7, 23, 24, 1000};
    const int64_t d = dims[_i];
    double *w = malloc((size_t)d * sizeof *w), *g = malloc((size_t)d * sizeof *g),
           *exact = malloc((size_t)d * sizeof *exact);
    for (size_t k = 0; k < sizeof grains / sizeof grains[0]; k++) {
        for (int callbacks = SEPARATE; callbacks <= ALL_THREE; callbacks++) {
            struct problem p;
            problem_init(&p, d, 23, grains[k], callbacks);
            problem_start(&p, w);
            saddle_objective *f = problem_objective(&p, NULL);
            double f_exact, f_alone, f_with;
            problem_exact(&p, w, &f_exact, exact);
            EXPECT_OK(saddle_objective_value(f, w, &f_alone));
            ck_assert_int_eq(p.value_samples, 23);
            ck_assert_int_eq(p.gradient_samples, callbacks == TOGETHER ? 23 : 0);
            EXPECT_OK(saddle_objective_gradient(f, w, &f_with, g));
            ck_assert_int_eq(p.value_samples, 46);
            ck_assert_double_eq_tol(f_alone, f_exact, 1e-13 * (double)d);
            ck_assert_double_eq(f_with, f_alone);
            for (int64_t j = 0; j < d; j++) {
                ck_assert_double_eq_tol(g[j], exact[j], 1e-14);
            }
            const int64_t calls = p.calls;
            EXPECT_OK(saddle_objective_gradient(f, w, NULL, exact)); /* without the value: the same bits */
            EXPECT_SAME(exact, g, (size_t)d * sizeof *g);
            const int64_t grain = grains[k] == 0 ? 256 : grains[k];
            ck_assert_int_eq(p.calls - calls, (23 + grain - 1) / grain);
            ck_assert_int_eq(p.broken, 0);
            saddle_objective_destroy(f);
        }
    }
    free(w);
    free(g);
    free(exact);
}
END_TEST

/* What the calls of one evaluation looked like. */
struct witness {
    int64_t calls;
    int64_t count[8], first[8], step[8], point[8];
};

static int witness_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    struct witness *s = user;
    if (s->calls < 8) {
        s->count[s->calls] = b->count;
        s->first[s->calls] = b->first;
        s->step[s->calls] = b->step;
        s->point[s->calls] = b->point;
    }
    s->calls++;
    *value = w[0] * (double)b->first; /* of grain first/4 */
    return 0;
}

START_TEST(an_evaluation_is_cut_into_grains)
{
    struct witness seen = {0, {0}, {0}, {0}, {0}};
    saddle_objective *f = NULL;
    const double w[1] = {2.0};
    double value;
    EXPECT_OK(saddle_objective_create(NULL, 1, 10, &seen, &f));
    EXPECT_OK(saddle_objective_set_value(f, witness_value));
    EXPECT_OK(saddle_objective_set_grain(f, 4));
    EXPECT_OK(saddle_objective_value(f, w, &value));
    ck_assert_int_eq(seen.calls, 3);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(seen.count[k], k < 2 ? 4 : 2);
        ck_assert_int_eq(seen.first[k], 4 * k);
        ck_assert_int_eq(seen.step[k], -1);
        ck_assert_int_eq(seen.point[k], seen.point[0]);
    }
    ck_assert_double_eq(value, (4 * 0.0 + 4 * 8.0 + 2 * 16.0) / 10);
    EXPECT_OK(saddle_objective_value(f, w, &value));
    ck_assert(seen.point[3] != seen.point[0] || seen.point[3] == 0); /* w may have changed in between */
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(the_destructor_is_called_once_at_the_end)
{
    struct problem p;
    double w[3];
    problem_init(&p, 3, 5, 0, TOGETHER);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_OK(saddle_objective_set_destructor(f, problem_destructor));
    saddle_options *o = recipe_options(0, NULL, 2);
    saddle_solver *s = NULL, *s2 = NULL;
    double w2[3];
    problem_start(&p, w2);
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w2, &s2));
    saddle_objective_destroy(f);
    ck_assert_int_eq(p.destroyed, 0);
    EXPECT_OK(saddle_solver_run(s2));
    saddle_solver_destroy(s2);
    ck_assert_int_eq(p.destroyed, 0);
    EXPECT_OK(saddle_solver_run(s));
    saddle_solver_destroy(s);
    ck_assert_int_eq(p.destroyed, 1);
    EXPECT_SAME(w, w2, sizeof w);
    saddle_options_destroy(o);
}
END_TEST

/* Remembers the samples that were drawn. */
struct draws {
    int64_t n;
    int64_t index[64];
    int64_t first[64];
};

static int record_draws(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    struct draws *s = user;
    for (int64_t k = 0; k < b->count && s->n < 64; k++) {
        s->first[s->n] = b->first;
        s->index[s->n++] = b->index[k];
    }
    gradient[0] = w[0];
    return 0;
}

static void run_stream(struct draws *d, const char *sampling, const char *batch, int64_t seed)
{
    double w[1] = {1.0};
    saddle_objective *f = NULL;
    saddle_options *o = recipe_options(2, NULL, 9);
    d->n = 0;
    set(o, "sampling", sampling);
    set(o, "batch_size", batch);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
    EXPECT_OK(saddle_objective_create(NULL, 1, SADDLE_STREAM, d, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, record_draws));
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_SGD, o, w, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_STEPS);
    ck_assert_int_eq(r.steps, 9);
    ck_assert(isnan(r.value) && isnan(r.gradient_norm));
    ck_assert_int_eq(r.kind, SADDLE_KIND_UNKNOWN);
    ck_assert_int_eq(r.gradient_samples, d->n);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}

START_TEST(a_stream_draws_fresh_samples)
{
    struct draws a, b;
    run_stream(&a, "replacement", "5", 1);
    ck_assert_int_eq(a.n, 45);
    int64_t top = 0;
    for (int64_t i = 0; i < a.n; i++) {
        ck_assert_int_ge(a.index[i], 0);
        top |= a.index[i];
        for (int64_t j = 0; j < i; j++) {
            ck_assert_int_ne(a.index[i], a.index[j]); /* 63 bits: never twice */
        }
    }
    ck_assert_int_ge(top, INT64_C(1) << 62);
    run_stream(&b, "replacement", "5", 1);
    EXPECT_SAME(a.index, b.index, (size_t)a.n * sizeof a.index[0]);
    run_stream(&b, "replacement", "5", 2);
    ck_assert_int_ne(a.index[0], b.index[0]);
}
END_TEST

START_TEST(a_stream_counts_in_sequence)
{
    static const char *const batches[] = {"1", "3", "7"};
    for (int k = 0; k < 3; k++) {
        struct draws d;
        run_stream(&d, "sequential", batches[k], 1);
        ck_assert_int_eq(d.n, 9 * atol(batches[k]));
        for (int64_t i = 0; i < d.n; i++) {
            ck_assert_int_eq(d.index[i], i);
        }
    }
}
END_TEST

START_TEST(what_needs_all_samples_is_refused_for_a_stream)
{
    static const char *const extra[][3] = {
        {"target_value", "0", "target_value"},       {"eps_gradient", "1e-3", "eps_gradient"},
        {"max_epochs", "2", "max_epochs"},           {"output", "best", "output best"},
        {"sampling", "shuffle", "sampling shuffle"},
    };
    struct problem p;
    double w[3], value, g[3];
    problem_init(&p, 3, SADDLE_STREAM, 0, ALL_THREE);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_solver *const untouched = (saddle_solver *)(uintptr_t)0x5a5a5a50;
    saddle_solver *s = untouched;
    EXPECT_FAIL(saddle_objective_value(f, w, &value), SADDLE_E_UNSUPPORTED, "SADDLE_STREAM");
    EXPECT_FAIL(saddle_objective_gradient(f, w, NULL, g), SADDLE_E_UNSUPPORTED, "saddle_objective_gradient");
    for (size_t k = 0; k < sizeof extra / sizeof extra[0]; k++) {
        saddle_options *o = recipe_options(2, NULL, 9);
        set(o, extra[k][0], extra[k][1]);
        EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_SGD, o, w, &s), SADDLE_E_UNSUPPORTED, extra[k][2]);
        saddle_options_destroy(o);
    }
    for (int k = 0; k < RECIPES; k++) {
        saddle_options *o = recipe_options(k, NULL, 9);
        if (recipes[k].by_batches) {
            EXPECT_OK(saddle_minimize(f, recipes[k].method, o, w, NULL));
        } else {
            EXPECT_FAIL(saddle_solver_create(f, recipes[k].method, o, w, &s), SADDLE_E_UNSUPPORTED,
                        saddle_method_name(recipes[k].method));
        }
        saddle_options_destroy(o);
    }
    ck_assert_ptr_eq(s, untouched);
    ck_assert_int_eq(p.broken, 0);
    saddle_objective_destroy(f);
}
END_TEST

/* The mean over a short last batch counts with m/B. */
static int gradient_one(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    (void)user;
    (void)b;
    (void)w;
    gradient[0] = 1.0;
    return 0;
}

START_TEST(a_short_last_batch_has_less_weight)
{
    static const char *const samplings[] = {"replacement", "shuffle", "sequential"};
    for (int k = 0; k < 3; k++) {
        double w[1] = {0.0};
        saddle_objective *f = NULL;
        saddle_options *o =
            recipe_options(2, NULL, 4); /* 10 samples in batches of 4: 4, 4, 2, and one of the next epoch */
        set(o, "step_size", "0.5");
        set(o, "batch_size", "4");
        set(o, "sampling", samplings[k]);
        EXPECT_OK(saddle_objective_create(NULL, 1, 10, NULL, &f));
        EXPECT_OK(saddle_objective_set_gradient(f, gradient_one));
        EXPECT_OK(saddle_minimize(f, SADDLE_METHOD_SGD, o, w, NULL));
        ck_assert_double_eq(w[0], k == 0 ? -2.0 : -(0.5 + 0.5 + 0.25 + 0.5));
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
    }
}
END_TEST

START_TEST(every_sample_comes_once_an_epoch)
{
    for (int k = 0; k < 2; k++) {
        struct draws d = {0, {0}, {0}};
        double w[1] = {1.0};
        saddle_objective *f = NULL;
        saddle_options *o = recipe_options(2, NULL, 9); /* three epochs of 10 */
        set(o, "batch_size", "4");
        set(o, "sampling", k == 0 ? "shuffle" : "sequential");
        EXPECT_OK(saddle_objective_create(NULL, 1, 10, &d, &f));
        EXPECT_OK(saddle_objective_set_gradient(f, record_draws));
        saddle_solver *s = NULL;
        EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_SGD, o, w, &s));
        EXPECT_OK(saddle_solver_step(s, 8)); /* without the output's evaluation */
        ck_assert_int_eq(d.n, 28);
        for (int64_t epoch = 0; epoch < 2; epoch++) {
            unsigned all = 0;
            for (int64_t i = 0; i < 10; i++) {
                all |= 1U << d.index[10 * epoch + i];
                ck_assert(k == 0 || d.index[10 * epoch + i] == i);
            }
            ck_assert_uint_eq(all, 1023);
        }
        ck_assert(k == 1 || memcmp(d.index, d.index + 10, 10 * sizeof d.index[0]) != 0);
        saddle_solver_destroy(s);
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("objective");
    TCase *c = tcase_create("objective");
    tcase_add_test(c, sizes_have_bounds);
    tcase_add_test(c, setters_refuse_null);
    tcase_add_test(c, the_grain_has_bounds);
    tcase_add_test(c, setters_close_with_the_first_solver);
    tcase_add_test(c, evaluations_refuse_bad_arguments);
    tcase_add_test(c, a_missing_callback_is_named);
    tcase_add_loop_test(c, values_and_gradients_are_means_over_all_samples, 0, 5);
    tcase_add_test(c, an_evaluation_is_cut_into_grains);
    tcase_add_test(c, the_destructor_is_called_once_at_the_end);
    tcase_add_test(c, a_stream_draws_fresh_samples);
    tcase_add_test(c, a_stream_counts_in_sequence);
    tcase_add_test(c, what_needs_all_samples_is_refused_for_a_stream);
    tcase_add_test(c, a_short_last_batch_has_less_weight);
    tcase_add_test(c, every_sample_comes_once_an_epoch);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
