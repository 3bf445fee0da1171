/* SPDX-License-Identifier: BSD-3-Clause */
/* saddle_check_derivatives(): right callbacks pass, every planted error is found and named. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/models.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdio.h>

enum { SEEDS = 20 };

static const saddle_derivative_check blank = {.struct_size = (int64_t)sizeof blank};

static saddle_derivative_check check(saddle_objective *f, const double *w, int64_t seed)
{
    saddle_derivative_check d = blank;
    EXPECT_OK(saddle_check_derivatives(f, w, seed, &d));
    ck_assert_int_eq(d.struct_size, (int64_t)sizeof d);
    return d;
}

START_TEST(right_derivatives_pass)
{
    struct model m;
    double w[MODEL_MOST_DIM], before[MODEL_MOST_DIM];
    model_init(&m, _i, PLANT_NONE);
    for (m.single = 0; m.single < 2; m.single++) {
        saddle_objective *f = model_objective(&m, NULL);
        EXPECT_FAIL(saddle_context_set_threads(NULL, 2), SADDLE_E_ARGUMENT, "NULL");
        for (int64_t seed = 0; seed < SEEDS; seed++) {
            model_point(&m, seed, w);
            memcpy(before, w, (size_t)m.dim * sizeof *w);
            const saddle_derivative_check d = check(f, w, seed);
            ck_assert_msg(d.ok == 1, "model %d, seed %d, single %d: %s", _i, (int)seed, m.single, saddle_error_message());
            EXPECT_MESSAGE("saddle_context_set_threads"); /* nothing to say */
            EXPECT_SAME(before, w, (size_t)m.dim * sizeof *w);
            const double least = m.single ? 1.5 : 1.8, gap = m.single ? 1e-3 : 1e-8, rounding = m.single ? 2e-7 : 1e-14;
            ck_assert(d.gradient_slope >= least && d.gradient_slope < 3.2);
            ck_assert(d.hessvec_slope >= least && d.hessvec_slope < 3.2);
            ck_assert(d.gradient_error >= 0.0 && d.gradient_error < gap);
            ck_assert(d.hessvec_error >= 0.0 && d.hessvec_error < gap);
            ck_assert(d.hessvec_asymmetry < rounding && d.slopes_error < rounding && d.batch_error < rounding);
            const saddle_derivative_check again = check(f, w, seed);
            EXPECT_SAME(&d, &again, sizeof d);
        }
        saddle_objective_destroy(f);
    }
}
END_TEST

/* What the message must begin with, and must and must not hold. */
static const struct {
    int plant;
    const char *begins, *has, *lacks;
} expected[] = {
    {PLANT_SCALED, "gradient: the remainder of f falls like h^1.0", "is off by 9.9e-03", "; "},
    {PLANT_ENTRY, "gradient: the remainder of f falls like h^1.0", "not h^2", "; "},
    {PLANT_SIGN, "gradient: the remainder of f falls like h^1.0", "is off by 2.0e+00", "; "},
    {PLANT_ONE_SAMPLE, "gradient: the remainder of f falls like h^", "<grad f, u> is off", "Hessian"},
    {PLANT_GRADIENT_SUM, "batch: the gradient of ", "gradient: the remainder of f", "Hessian"},
    {PLANT_SUM, "batch: the value of ", "batch: the gradient of ", "Hessian"},
    {PLANT_FULL_BATCH, "batch: the value of ", "batch: the gradient of ", "Hessian"},
    {PLANT_POSITIONS, "batch: the value of ", "is not the mean over them", "Hessian"},
    {PLANT_TWICE, "Hessian product: the remainder of the gradient falls like h^1.0", "H u is off by 5.0e-01", "; "},
    {PLANT_PRODUCT_SUM, "Hessian product: the remainder of the gradient falls like h^1.0", "batch: the Hessian product of ", "symm"},
    {PLANT_ASYMMETRIC, "Hessian product: ", "Hessian product: not symmetric: <u, Hv> and <v, Hu> differ by", "linear"},
    {PLANT_BENT, "Hessian product: not linear: H(u + 2v) and Hu + 2Hv differ by", "", "; "},
    {PLANT_STALE, "Hessian product: the remainder of the gradient falls like h^", "H u is off by", "; "},
    {PLANT_NEIGHBOUR, "slopes: that of sample ", "is not <grad f_z, v>", "; "},
    {PLANT_SLOPES_SCALED, "slopes: that of sample ", "off by 9.9e-03", "; "},
    {PLANT_TOGETHER, "value_gradient: its value and gradient differ", "by 0.0e+00 and 9.9e-03", "; "},
};

START_TEST(planted_errors_are_named)
{
    struct model m;
    double w[MODEL_MOST_DIM];
    char begins[200];
    for (int kind = 0; kind < MODELS; kind++) {
        model_init(&m, kind, expected[_i].plant);
        saddle_objective *f = model_objective(&m, NULL);
        for (int64_t seed = 0; seed < SEEDS; seed++) {
            model_point(&m, seed, w);
            const saddle_derivative_check d = check(f, w, seed);
            ck_assert_msg(d.ok == 0, "plant %d, model %d, seed %d was not found", expected[_i].plant, kind, (int)seed);
            (void)snprintf(begins, sizeof begins, "saddle_check_derivatives: %s", expected[_i].begins);
            const char *said = saddle_error_message();
            /* an order of 1 may come out as 0.99 */
            const size_t length = strlen(begins) - (strstr(begins, "h^1.0") != NULL ? 3 : 0);
            ck_assert_msg(strncmp(said, begins, length) == 0, "plant %d, model %d: %s", expected[_i].plant, kind, said);
            ck_assert_msg(strstr(said, expected[_i].has) != NULL, "plant %d, model %d: %s", expected[_i].plant, kind, said);
            ck_assert_msg(strstr(said, expected[_i].lacks) == NULL, "plant %d, model %d: %s", expected[_i].plant, kind, said);
            if (strstr(begins, "h^1.0") != NULL) {
                const double slope = strstr(begins, "Hessian") != NULL ? d.hessvec_slope : d.gradient_slope;
                ck_assert_msg(fabs(slope - 1.0) < 0.05, "plant %d, model %d: order %g", expected[_i].plant, kind, slope);
            }
        }
        saddle_objective_destroy(f);
    }
}
END_TEST

START_TEST(every_plant_is_expected)
{
    int found = 0;
    for (int plant = PLANT_NONE + 1; plant < PLANTS; plant++) {
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
            found += expected[i].plant == plant;
        }
    }
    ck_assert_int_eq(found, PLANTS - 1);
}
END_TEST

/* f(w) = 3 w_0 - 2 w_1, or at a saddle w_0^2 - w_1^2; dim 2 */
struct plane {
    int is_saddle;
};

static int plane_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    (void)b;
    *value = ((const struct plane *)user)->is_saddle ? w[0] * w[0] - w[1] * w[1] : 3.0 * w[0] - 2.0 * w[1];
    return 0;
}

static int plane_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const int is_saddle = ((const struct plane *)user)->is_saddle;
    (void)b;
    g[0] = is_saddle ? 2.0 * w[0] : 3.0;
    g[1] = is_saddle ? -2.0 * w[1] : -2.0;
    return 0;
}

static int plane_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    const double two = ((const struct plane *)user)->is_saddle ? 2.0 : 0.0;
    (void)b;
    (void)w;
    product[0] = two * v[0];
    product[1] = -two * v[1];
    return 0;
}

START_TEST(where_there_is_no_remainder_it_is_right)
{
    struct plane plane = {_i};
    const double w[2] = {0.0, 0.0};
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, 2, 1, &plane, &f));
    EXPECT_OK(saddle_objective_set_value(f, plane_value));
    EXPECT_OK(saddle_objective_set_gradient(f, plane_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, plane_hessvec));
    for (int64_t seed = 0; seed < SEEDS; seed++) {
        const saddle_derivative_check d = check(f, w, seed);
        ck_assert_int_eq(d.ok, 1);
        ck_assert(_i ? fabs(d.gradient_slope - 2.0) < 1e-6 : isinf(d.gradient_slope));
        ck_assert(isinf(d.hessvec_slope) && d.hessvec_slope > 0.0); /* the gradient is linear in both */
        ck_assert(d.batch_error == 0.0);
        ck_assert(isnan(d.slopes_error));
    }
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(what_is_absent_is_not_judged)
{
    struct problem p;
    double w[7];
    problem_init(&p, 7, 9, 2, _i);
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    const saddle_derivative_check d = check(f, w, 5);
    ck_assert_int_eq(d.ok, 1);
    ck_assert(isnan(d.hessvec_slope) && isnan(d.hessvec_error) && isnan(d.hessvec_asymmetry) && isnan(d.slopes_error));
    ck_assert_int_eq(isnan(d.gradient_slope), _i == GRADIENT_ONLY);
    ck_assert_int_eq(isnan(d.gradient_error), _i == GRADIENT_ONLY);
    ck_assert(d.batch_error < 1e-14);
    ck_assert_int_eq(p.broken, 0);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(streams_are_checked_on_a_few_samples)
{
    struct problem p;
    double w[7];
    problem_init(&p, 7, SADDLE_STREAM, 3, SEPARATE);
    p.second = WITH_HESSVEC | WITH_SLOPES;
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    const saddle_derivative_check d = check(f, w, 5);
    ck_assert_int_eq(d.ok, 1);
    ck_assert_double_eq_tol(d.gradient_slope, 2.0, 0.2);
    ck_assert_double_eq_tol(d.hessvec_slope, 2.0, 0.2);
    ck_assert(d.slopes_error < 1e-14 && d.batch_error < 1e-14);
    ck_assert_int_eq(p.broken, 0);
    p.fault = FAULT_ENTRY;
    p.entry = 3;
    p.bad = 0.5;
    p.fault_second = WITH_SLOPES;
    p.fault_call = 2;
    p.slopes_calls = 0;
    ck_assert_int_eq(check(f, w, 5).ok, 0);
    EXPECT_MESSAGE("slopes: that of sample 4 along direction 1 is not <grad f_z, v>");
    saddle_objective_destroy(f);
}
END_TEST

/* Smooth, and not to be had a little way off. */
START_TEST(a_wall_near_w_does_not_matter)
{
    struct problem p;
    double w[5];
    problem_init(&p, 5, 4, 3, SEPARATE);
    p.second = WITH_HESSVEC;
    problem_start(&p, w);
    w[0] = 0.5;
    p.wall = 0.5 + 1e-3;
    saddle_objective *f = problem_objective(&p, NULL);
    for (int64_t seed = 0; seed < SEEDS; seed++) {
        const saddle_derivative_check d = check(f, w, seed);
        ck_assert_msg(d.ok == 1, "%s", saddle_error_message());
        ck_assert_double_eq_tol(d.gradient_slope, 2.0, 0.2);
    }
    p.wall = 0.5; /* a step outwards cannot be made at all: there are directions that go there */
    int seen = 0;
    for (int64_t seed = 0; seed < SEEDS; seed++) {
        saddle_derivative_check d = blank;
        const saddle_status s = saddle_check_derivatives(f, w, seed, &d);
        seen += s != SADDLE_OK;
        if (s != SADDLE_OK) {
            ck_assert_int_eq(s, SADDLE_E_NOT_FINITE);
            EXPECT_MESSAGE("cannot be had anywhere near w");
        }
    }
    ck_assert_int_gt(seen, 0);
    p.wall = 0.25; /* not at w itself */
    saddle_derivative_check d = blank;
    EXPECT_FAIL(saddle_check_derivatives(f, w, 0, &d), SADDLE_E_CALLBACK, "callback returned 1 (cannot be evaluated at this w)");
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(arguments_are_checked_before_any_call)
{
    struct problem p;
    double w[5] = {0.0, 1.0, 2.0, 3.0, 4.0};
    saddle_derivative_check d = blank;
    problem_init(&p, 5, 4, 3, SEPARATE);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_FAIL(saddle_check_derivatives(NULL, w, 0, &d), SADDLE_E_ARGUMENT, "saddle_check_derivatives: the objective is NULL");
    EXPECT_FAIL(saddle_check_derivatives(f, NULL, 0, &d), SADDLE_E_ARGUMENT, "saddle_check_derivatives: w is NULL");
    EXPECT_FAIL(saddle_check_derivatives(f, w, 0, NULL), SADDLE_E_ARGUMENT, "saddle_check_derivatives: the output is NULL");
    EXPECT_FAIL(saddle_check_derivatives(f, w, -3, &d), SADDLE_E_ARGUMENT, "seed is -3, below 0");
    static const int64_t sizes[] = {0, -1, (int64_t)sizeof d - 1, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        d.struct_size = sizes[i];
        EXPECT_FAIL(saddle_check_derivatives(f, w, 0, &d), SADDLE_E_STRUCT_SIZE, "struct_size of saddle_derivative_check");
    }
    d = blank;
    w[3] = (double)NAN;
    EXPECT_FAIL(saddle_check_derivatives(f, w, 0, &d), SADDLE_E_NOT_FINITE, "entry 3 of w is nan");
    w[3] = 3.0;
    EXPECT_OK(saddle_objective_set_gradient(f, NULL));
    EXPECT_FAIL(saddle_check_derivatives(f, w, 0, &d), SADDLE_E_MISSING, "saddle_check_derivatives needs gradients");
    ck_assert_int_eq(p.calls, 0);
    EXPECT_OK(saddle_objective_set_gradient(f, problem_gradient));
    EXPECT_OK(saddle_check_derivatives(f, w, INT64_MAX, &d));
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(any_call_may_give_up)
{
    struct problem p;
    double w[4];
    problem_init(&p, 4, 3, 2, SEPARATE);
    p.second = WITH_HESSVEC | WITH_SLOPES;
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_derivative_check d = check(f, w, 1), kept = blank;
    const int64_t calls = p.calls, hessvec_calls = p.hessvec_calls, slopes_calls = p.slopes_calls;
    kept.ok = 77;
    p.fault = FAULT_CODE;
    p.code = 42;
    for (p.fault_call = 1; p.fault_call <= calls; p.fault_call++) {
        p.calls = 0;
        d = kept;
        EXPECT_FAIL(saddle_check_derivatives(f, w, 1, &d), SADDLE_E_CALLBACK, "callback returned 42 (gave up)");
        EXPECT_SAME(&d, &kept, sizeof d);
        ck_assert_int_eq(p.calls, p.fault_call);
    }
    p.fault = FAULT_UNWRITTEN_ENTRY; /* products and slopes are asked for at w alone: it must be told */
    static const int kinds[] = {WITH_HESSVEC, WITH_SLOPES};
    for (int i = 0; i < 2; i++) {
        p.fault_second = kinds[i];
        for (p.fault_call = 1; p.fault_call <= (i == 0 ? hessvec_calls : slopes_calls); p.fault_call++) {
            p.hessvec_calls = p.slopes_calls = 0;
            EXPECT_FAIL(saddle_check_derivatives(f, w, 1, &d), SADDLE_E_NOT_FINITE,
                        i == 0 ? "entry 0 of the Hessian product is nan" : "the slope of sample ");
        }
    }
    ck_assert_int_gt(slopes_calls, 0);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(threads_and_memory_do_not_change_a_bit)
{
    saddle_derivative_check alone = blank;
    for (int64_t threads = 1; threads <= 8; threads++) {
        int64_t refused = 1;
        for (int64_t fail_at = 1; refused > 0; fail_at++) {
            struct memory memory;
            struct model m;
            double w[MODEL_MOST_DIM];
            saddle_context *c = NULL;
            saddle_derivative_check d = blank;
            const saddle_allocator a = memory_allocator(&memory, 0xA5);
            EXPECT_OK(saddle_context_create(&a, &c));
            EXPECT_OK(saddle_context_set_threads(c, threads));
            model_init(&m, MODEL_NETWORK, PLANT_NONE);
            model_point(&m, 3, w);
            saddle_objective *f = model_objective(&m, c);
            saddle_context_destroy(c);
            memory.fail_at = memory.calls + fail_at;
            const saddle_status s = saddle_check_derivatives(f, w, 1, &d);
            refused = memory.refused;
            if (s == SADDLE_OK) { /* a team that cannot be made is no failure */
                alone = alone.ok == 0 ? d : alone; /* the first one */
                EXPECT_SAME(&alone, &d, sizeof d);
            } else {
                ck_assert_int_eq(s, SADDLE_E_MEMORY);
                ck_assert_int_gt(refused, 0);
            }
            saddle_objective_destroy(f);
            ck_assert_int_eq(memory.blocks, 0);
            ck_assert_int_eq(memory.faults, 0);
        }
    }
    ck_assert_int_eq(alone.ok, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("derivatives");
    TCase *c = tcase_create("derivatives");
    tcase_set_timeout(c, 60.0);
    tcase_add_loop_test(c, right_derivatives_pass, 0, MODELS);
    tcase_add_loop_test(c, planted_errors_are_named, 0, (int)(sizeof expected / sizeof expected[0]));
    tcase_add_test(c, every_plant_is_expected);
    tcase_add_loop_test(c, where_there_is_no_remainder_it_is_right, 0, 2);
    tcase_add_loop_test(c, what_is_absent_is_not_judged, SEPARATE, GRADIENT_ONLY + 1);
    tcase_add_test(c, streams_are_checked_on_a_few_samples);
    tcase_add_test(c, a_wall_near_w_does_not_matter);
    tcase_add_test(c, arguments_are_checked_before_any_call);
    tcase_add_test(c, any_call_may_give_up);
    tcase_add_test(c, threads_and_memory_do_not_change_a_bit);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
