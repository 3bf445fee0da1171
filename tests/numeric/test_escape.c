/* SPDX-License-Identifier: BSD-3-Clause */
/* PGD's own end, at a minimum, at a saddle and on the edge of f_thres; NGD where the gradient is zero; who leaves a
 * saddle whose samples have no noise. */
#include "numeric/trial.h"
#include "support/run_suite.h"

/* f = x^2/2 + y^4/4 + c y^2/2: for c = -1 a saddle at 0 with minima f = -1/4 at (0, +-1), for c = 1 a minimum. */
static int well_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const double *c = user;
    (void)b;
    g[0] = w[0];
    g[1] = w[1] * w[1] * w[1] + *c * w[1];
    return 0;
}

static int well_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    const double *c = user;
    (void)b;
    *value = 0.5 * w[0] * w[0] + 0.25 * w[1] * w[1] * w[1] * w[1] + 0.5 * *c * w[1] * w[1];
    return 0;
}

static const char *const pgd_settings =
    "step_size=0.3 radius=0.05 escape_steps=60 gradient_threshold=1e-3 decrease_threshold=1e-2 max_steps=2000";

START_TEST(pgd_returns_the_unperturbed_point_of_a_minimum)
{
    double c = 1.0, w[2] = {0x1.23456789abcdep-14, -0x1.fedcba9876543p-15};
    const double start[2] = {w[0], w[1]};
    saddle_objective *f = trial_objective(2, 1, &c, well_gradient, well_value);
    saddle_options *o = trial_options(pgd_settings);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, _i));
    const saddle_result r = trial_run(f, SADDLE_METHOD_PGD, o, w);
    double g[2];
    double value = 0.0;
    EXPECT_OK(saddle_objective_gradient(f, start, &value, g));
    ck_assert_int_eq(r.stop, SADDLE_STOP_METHOD);
    ck_assert_int_eq(r.steps, 60);
    ck_assert_int_eq(r.perturbations, 1);
    EXPECT_SAME(w, start, sizeof w);
    ck_assert(r.value == value);
    ck_assert(r.gradient_norm == trial_norm(2, g));
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(pgd_leaves_a_saddle_and_certifies_a_minimum)
{
    double c = -1.0, w[2] = {0.0, 0.0};
    saddle_objective *f = trial_objective(2, 1, &c, well_gradient, well_value);
    saddle_options *o = trial_options(pgd_settings);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, _i));
    const saddle_result r = trial_run(f, SADDLE_METHOD_PGD, o, w);
    ck_assert_int_eq(r.stop, SADDLE_STOP_METHOD);
    ck_assert_int_ge(r.perturbations, 2);
    ck_assert_double_le(fabs(w[0]), 1e-3);
    ck_assert_double_le(fabs(fabs(w[1]) - 1.0), 1e-3);
    ck_assert_double_le(r.gradient_norm, 1e-3);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* Values as told, whatever w is. */
struct script {
    double value[2]; /* at the snapshot, and t_thres steps later */
    int asked;
};

static int zero_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    (void)w;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = 0.0;
    }
    return 0;
}

static int scripted_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    struct script *s = user;
    (void)b;
    (void)w;
    *value = s->value[s->asked < 2 ? s->asked++ : 1];
    return 0;
}

/* Returns whether PGD went on after the test, f_thres = 2^-10, t_thres = 5. */
static int goes_on(double at_snapshot, double later)
{
    struct script script = {{at_snapshot, later}, 0};
    double w[3] = {1.0, 2.0, 3.0};
    saddle_objective *f = trial_objective(3, 1, &script, zero_gradient, scripted_value);
    saddle_options *o = trial_options("step_size=0.5 radius=0.25 escape_steps=5 gradient_threshold=1 max_steps=6");
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_DECREASE_THRESHOLD, 0x1p-10));
    const saddle_result r = trial_run(f, SADDLE_METHOD_PGD, o, w);
    const int back = w[0] == 1.0 && w[1] == 2.0 && w[2] == 3.0;
    ck_assert_int_eq(r.stop, back ? SADDLE_STOP_METHOD : SADDLE_STOP_STEPS);
    ck_assert_int_eq(r.steps, back ? 5 : 6);
    ck_assert_int_eq(r.perturbations, 1);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
    return !back;
}

/* f(w_t) - f(snapshot) > -f_thres ends it: equality does not. */
START_TEST(the_certificate_is_sharp)
{
    const double threshold = 0x1p-10;
    ck_assert(goes_on(0.0, -threshold));
    ck_assert(goes_on(0.0, nextafter(-threshold, -1.0)));
    ck_assert(!goes_on(0.0, nextafter(-threshold, 0.0)));
    ck_assert(!goes_on(0.0, 0.0));
    ck_assert(!goes_on(0.0, 1.0));
    ck_assert(goes_on(1.0, 1.0 - threshold));
    ck_assert(!goes_on(1.0, 1.0 - threshold + 0x1p-53));
    ck_assert(goes_on(-3.0, -4.0));
}
END_TEST

/* ||g|| = g_thres perturbs, one ulp above it does not. */
static int constant_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const double *size = user;
    (void)w;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = i == 0 ? *size : 0.0;
    }
    return 0;
}

static int zero_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    (void)user;
    (void)b;
    (void)w;
    *value = 0.0;
    return 0;
}

START_TEST(the_gate_is_sharp_and_on_the_norm)
{
    static const saddle_method methods[] = {SADDLE_METHOD_SGD_GD, SADDLE_METHOD_PGD};
    const double threshold = 0.01, sizes[] = {0.01, nextafter(0.01, 1.0), 0.05, 0.009}; /* 0.05^2 < 0.01 < 0.05 */
    for (int k = 0; k < 4; k++) {
        double size = sizes[k], w[2] = {0.0, 0.0};
        saddle_objective *f = trial_objective(2, 1, &size, constant_gradient, zero_value);
        saddle_options *o =
            trial_options("step_size=0.5 escape_step=1 radius=0.25 escape_steps=5 decrease_threshold=1 max_steps=1");
        EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_GRADIENT_THRESHOLD, threshold));
        const saddle_result r = trial_run(f, methods[_i], o, w);
        ck_assert_int_eq(r.perturbations, size <= threshold);
        saddle_objective_destroy(f);
        saddle_options_destroy(o);
    }
}
END_TEST

/* No direction: w stays to the bit but for the noise of every third step. */
START_TEST(ngd_without_a_gradient_moves_by_noise_alone)
{
    enum { DIM = 7 };
    double w[DIM], expected[DIM], z[DIM];
    for (int i = 0; i < DIM; i++) {
        w[i] = expected[i] = 0.25 * (double)(i - 3);
    }
    saddle_objective *f = trial_objective(DIM, 1, NULL, zero_gradient, NULL);
    saddle_options *o = trial_options("step_size=0.5 noise=0.125 noise_every=3 seed=5 max_steps=0");
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_NGD, o, w, &s));
    for (uint64_t t = 1; t <= 12; t++) {
        EXPECT_OK(saddle_solver_step(s, 1));
        const saddle_random_stream stream = {5, TRIAL_NOISE, t};
        EXPECT_OK(saddle_random_normal(&stream, 0, DIM, z));
        for (int i = 0; i < DIM && t % 3 == 0; i++) {
            const double step = 0.125 * z[i];
            expected[i] = expected[i] + step;
        }
        EXPECT_SAME(w, expected, sizeof w);
    }
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* Gradients at the ends of the range still give a step of length eta. */
START_TEST(ngd_takes_a_step_of_length_eta_whatever_the_size)
{
    static const double sizes[] = {1e300, 1e160, 1.0, 1e-160, 1e-300, 4.9406564584124654e-324};
    double size = sizes[_i], w[2] = {0.0, 0.0};
    saddle_objective *f = trial_objective(2, 1, &size, constant_gradient, NULL);
    saddle_options *o = trial_options("step_size=0.5 max_steps=1");
    (void)trial_run(f, SADDLE_METHOD_NGD, o, w);
    ck_assert_double_eq_tol(w[0], -0.5, 1e-15);
    ck_assert(w[1] == 0.0);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* Every sample's gradient is zero at the saddle: samples bring no noise, and w keeps its bits; noise of a method's own
 * leaves. */
struct leaver {
    saddle_method method;
    const char *settings;
    int leaves;
};

static const struct leaver leavers[] = {
    {SADDLE_METHOD_GD, "step_size=0.3", 0},
    {SADDLE_METHOD_SGD, "step_size=0.3 escape_step=1 escape_steps=10", 0},
    {SADDLE_METHOD_SGD_GD, "step_size=0.3 escape_step=1 escape_steps=10 gradient_threshold=0.1", 0},
    {SADDLE_METHOD_PGD, "step_size=0.3 radius=0.05 escape_steps=60 gradient_threshold=1e-3 decrease_threshold=1e-2", 1},
    {SADDLE_METHOD_NGD, "step_size=0.05 noise=1e-3 noise_every=10", 1},
    {SADDLE_METHOD_PSGD, "step_size=0.3 noise=1e-3", 1},
    {SADDLE_METHOD_SGLD, "step_size=0.05 inverse_temperature=1e5", 1},
};

START_TEST(without_noisy_samples_only_added_noise_leaves)
{
    double c = -1.0, w[2] = {0.0, 0.0};
    const double start[2] = {0.0, 0.0};
    saddle_objective *f = trial_objective(2, 4, &c, well_gradient, well_value);
    saddle_options *o = trial_options(leavers[_i].settings);
    trial_set(o, "max_steps=600 seed=3");
    (void)trial_run(f, leavers[_i].method, o, w);
    if (leavers[_i].leaves) {
        ck_assert_double_gt(fabs(w[1]), 0.8);
    } else {
        EXPECT_SAME(w, start, sizeof w);
    }
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("escape");
    TCase *c = tcase_create("escape");
    tcase_add_loop_test(c, pgd_returns_the_unperturbed_point_of_a_minimum, 0, 20);
    tcase_add_loop_test(c, pgd_leaves_a_saddle_and_certifies_a_minimum, 0, 20);
    tcase_add_test(c, the_certificate_is_sharp);
    tcase_add_loop_test(c, the_gate_is_sharp_and_on_the_norm, 0, 2);
    tcase_add_test(c, ngd_without_a_gradient_moves_by_noise_alone);
    tcase_add_loop_test(c, ngd_takes_a_step_of_length_eta_whatever_the_size, 0, 6);
    tcase_add_loop_test(c, without_noisy_samples_only_added_noise_leaves, 0, (int)(sizeof leavers / sizeof leavers[0]));
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
