/* SPDX-License-Identifier: BSD-3-Clause */
/* A network whose hidden units all have the same weights: the check says that no sample tells them apart, sgd stays among such networks,
 * and psgd leaves. */
#include "examples/support/network_model.h"
#include "numeric/trial.h"
#include "support/run_suite.h"

enum { STEPS = 2000 };

/* The largest distance of a weight of unit k from that of unit 0. */
static double spread(const double *w)
{
    double most = 0.0;
    for (int64_t row = 0; row < NETWORK_DIM; row += NETWORK_HIDDEN) {
        for (int64_t k = 1; k < NETWORK_HIDDEN; k++) {
            most = fmax(most, fabs(w[row + k] - w[row]));
        }
    }
    return most;
}

/* The share of v within the directions that move the units apart: what is left of it without the mean over the units of every row. */
static double apart(const double *v)
{
    double square = 0.0;
    for (int64_t row = 0; row < NETWORK_DIM; row += NETWORK_HIDDEN) {
        double mean = 0.0;
        for (int64_t k = 0; k < NETWORK_HIDDEN; k++) {
            mean += v[row + k] / NETWORK_HIDDEN;
        }
        for (int64_t k = 0; k < NETWORK_HIDDEN; k++) {
            square += (v[row + k] - mean) * (v[row + k] - mean);
        }
    }
    return sqrt(square);
}

static void run(saddle_objective *f, saddle_method method, const char *settings, double *w)
{
    saddle_options *o = trial_options(settings);
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_minimize(f, method, o, w, &r));
    ck_assert_int_eq(r.steps, STEPS);
    saddle_options_destroy(o);
}

START_TEST(equal_hidden_units)
{
    static double w[NETWORK_DIM], moved[NETWORK_DIM], v[NETWORK_DIM];
    const saddle_random_stream s = {8, 200, 0};
    struct network_model *model = network_model_create();
    ck_assert_ptr_nonnull(model);
    EXPECT_OK(saddle_random_normal(&s, 0, NETWORK_DIM, w));
    for (int64_t k = 0; k < NETWORK_DIM; k++) {
        w[k] = k % NETWORK_HIDDEN == 0 ? 0.25 * w[k] : w[k - 1];
    }
    saddle_objective *f = trial_objective(NETWORK_DIM, DIGITS_COUNT, model, network_gradient, NULL);
    run(f, SADDLE_METHOD_GD, "step_size=0.1 max_steps=2000", w);
    ck_assert_double_le(spread(w), 1e-12); /* 0 here: all units are computed alike */

    saddle_options *o = trial_options("eigen_tol=1e-9 cnc_gamma=0");
    for (int by_slopes = 0; by_slopes < 2; by_slopes++) {
        saddle_cnc c = {.struct_size = (int64_t)sizeof c};
        saddle_objective *other = trial_objective(NETWORK_DIM, DIGITS_COUNT, model, network_gradient, NULL);
        EXPECT_OK(saddle_objective_set_hessvec(other, network_hessvec));
        EXPECT_OK(saddle_objective_set_slopes(other, by_slopes ? network_slopes : NULL));
        EXPECT_OK(saddle_cnc_check(other, w, o, v, &c));
        saddle_objective_destroy(other);
        ck_assert_double_lt(c.lambda_min, -1e-3);
        ck_assert_double_ge(apart(v), 1.0 - 1e-9);
        ck_assert_int_eq(c.multiplicity, NETWORK_HIDDEN - 1);
        ck_assert_double_le(c.second_moment, 1e-12 * c.energy);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_FAILS);
    }
    saddle_options_destroy(o);

    memcpy(moved, w, sizeof w);
    run(f, SADDLE_METHOD_SGD, "step_size=0.1 batch_size=8 max_steps=2000", moved);
    ck_assert_double_le(spread(moved), 1e-9);
    memcpy(moved, w, sizeof w);
    run(f, SADDLE_METHOD_PSGD, "step_size=0.1 batch_size=8 noise=0.05 max_steps=2000", moved);
    ck_assert_double_ge(spread(moved), 0.1);
    saddle_objective_destroy(f);
    free(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cnc_symmetry");
    TCase *t = tcase_create("cnc_symmetry");
    tcase_set_timeout(t, 200);
    tcase_add_test(t, equal_hidden_units);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
