/* SPDX-License-Identifier: BSD-3-Clause */
/* Hessians by differences of gradients where these are hard to take: far from 0, at flat points, kinks and walls, of fields that are no
 * gradients. tests/numeric/test_differences.c counts how often intervals miss. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <saddle/saddle.h>

enum { MOST = 40 };

static saddle_objective *objective(int64_t n, void *user, saddle_gradient_fn gradient, saddle_value_fn value)
{
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, n, 1, user, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_objective_set_value(f, value));
    return f;
}

static saddle_options *options(double eps_hessian)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EPS_GRADIENT, 1e100));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EPS_HESSIAN, eps_hessian));
    return o;
}

static saddle_certificate certificate(saddle_objective *f, const double *w, const saddle_options *o)
{
    saddle_certificate c = {.struct_size = sizeof c};
    EXPECT_OK(saddle_certify(f, w, o, NULL, &c));
    return c;
}

static saddle_eigen least(saddle_objective *f, const double *w, const saddle_options *o)
{
    saddle_eigen e = {.struct_size = sizeof e};
    EXPECT_OK(saddle_lambda_min(f, w, o, NULL, &e));
    return e;
}

/* f(w) = s^2 cos(w/s), summed: H = -cos(w/s) */
static int wave(void *user, const saddle_batch *b, const double *w, double *g)
{
    const double s = *(const double *)user;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = -s * sin(w[i] / s);
    }
    return 0;
}

/* With h in proportion to ||w|| a wave far from 0 had the curvature of a chance, certified. Scales below 1 are found as well. */
START_TEST(a_wave_is_seen_wherever_it_is)
{
    static const double scales[] = {1.0, 1e-3, 1e3};
    double scale = scales[_i], w[1];
    saddle_objective *f = objective(1, &scale, wave, NULL);
    saddle_options *o = options(1e-2);
    for (double norm = 1.0; norm <= 1e6; norm *= 10.0) {
        for (int k = 0; k < 50; k++) {
            w[0] = norm * (1.0 + 0.01 * (double)k);
            const double truth = -cos(w[0] / scale);
            const saddle_eigen e = least(f, w, o);
            const saddle_certificate c = certificate(f, w, o);
            ck_assert(e.lower <= truth && truth <= e.upper);
            ck_assert(c.lambda_lower <= truth && truth <= c.lambda_upper);
            ck_assert(c.kind != SADDLE_KIND_SECOND_ORDER || truth >= -1e-2);
            ck_assert(c.kind != SADDLE_KIND_STRICT_SADDLE || truth < -1e-2);
            ck_assert(e.upper - e.lower <= (scale < 1.0 ? 0.2 : 1e-5)); /* and something is said */
        }
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* f(w) = sum (w_i - 1)^4/4 */
static int quartic(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    for (int64_t i = 0; i < b->dim; i++) {
        const double x = w[i] - 1.0;
        g[i] = x * x * x;
    }
    return 0;
}

static int quartic_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    (void)user;
    *value = 0.0;
    for (int64_t i = 0; i < b->dim; i++) {
        const double x = w[i] - 1.0;
        *value += x * x * x * x / 4.0;
    }
    return 0;
}

/* The error of differences was all there was, and not symmetric. */
START_TEST(a_flat_start_is_flat)
{
    static const double beside[] = {0.0, 1e-14, 1e-11, 1e-8, 1e-5, 1e-3};
    static const char *const method[] = {"gd", "sgd"};
    double w[MOST];
    saddle_objective *f = objective(MOST, NULL, quartic, quartic_value);
    saddle_options *o = options(0.0);
    for (int k = 0; k < 6; k++) {
        double truth = (double)INFINITY;
        for (int64_t i = 0; i < MOST; i++) {
            w[i] = 1.0 + beside[k] * (double)(i % 7 - 3);
            truth = fmin(truth, 3.0 * (w[i] - 1.0) * (w[i] - 1.0));
        }
        for (int64_t seed = 0; seed < 20; seed++) {
            EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
            const saddle_eigen e = least(f, w, o);
            const saddle_certificate c = certificate(f, w, o);
            ck_assert(e.lower <= truth && truth <= e.upper);
            ck_assert(c.kind == SADDLE_KIND_FIRST_ORDER || c.kind == SADDLE_KIND_SECOND_ORDER);
        }
        saddle_solver *s = NULL;
        saddle_options *run = NULL;
        EXPECT_OK(saddle_options_create(NULL, &run));
        EXPECT_OK(saddle_options_set_text(run, "step_size", "0"));
        EXPECT_OK(saddle_options_set_text(run, "max_steps", "50"));
        EXPECT_OK(saddle_solver_create(f, _i == 0 ? SADDLE_METHOD_GD : SADDLE_METHOD_SGD, run, w, &s));
        const saddle_status status = saddle_solver_run(s);
        ck_assert_msg(status == SADDLE_OK || (_i == 1 && status == SADDLE_E_RANGE), "%s beside %g: %s", method[_i], beside[k],
                      saddle_error_message());
        saddle_solver_destroy(s);
        saddle_options_destroy(run);
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* A = diag(1, 2, ...) and a rotation by s of the first two axes: for s != 0 no gradient. */
static int skew(void *user, const saddle_batch *b, const double *w, double *g)
{
    const double s = *(const double *)user;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = (double)(i + 1) * w[i];
    }
    g[0] += s * w[1];
    g[1] -= s * w[0];
    return 0;
}

/* It is told in the words of who wrote a gradient, at any w where the error of differences does not hide it. */
START_TEST(a_field_that_is_no_gradient_is_told)
{
    static const double norm[] = {0.0, 1.0, 1e4, 1e6};
    double s = 1.0, w[MOST] = {0.0};
    saddle_objective *f = objective(4, &s, skew, NULL);
    saddle_options *o = options(1e-2);
    saddle_eigen e = {.struct_size = sizeof e};
    w[0] = w[3] = norm[_i];
    for (int64_t basis = 0; basis <= 4; basis += 4) {
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, basis == 0 ? 0 : 16));
        EXPECT_FAIL(saddle_lambda_min(f, w, o, NULL, &e), SADDLE_E_ARGUMENT, "differences of gradients");
        EXPECT_MESSAGE("set a hessvec callback");
    }
    s = 0.0;
    ck_assert_double_eq_tol(least(f, w, o).value, 1.0, 1e-5);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* f(w) = sum |w_i|: what differences make of its kinks is not symmetric, and no curvature. */
static int kink(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = w[i] > 0.0 ? 1.0 : w[i] < 0.0 ? -1.0 : 0.0;
    }
    return 0;
}

START_TEST(kinks_decide_nothing)
{
    double w[MOST];
    saddle_objective *f = objective(MOST, NULL, kink, NULL);
    saddle_options *o = options(1e-2);
    for (int64_t i = 0; i < MOST; i++) {
        w[i] = i % 3 == 0 ? 0.0 : i % 3 == 1 ? 1e-6 : -1.0;
    }
    for (int64_t seed = 0; seed < 20; seed++) {
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        ck_assert_int_eq(certificate(f, w, o).kind, SADDLE_KIND_FIRST_ORDER);
        const saddle_eigen e = least(f, w, o);
        ck_assert(e.lower <= 0.0 && 0.0 <= e.upper);
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* f(w) = sum w_i log w_i - w_i, H = 1/w_i: beyond 0 it says so with the code 1, or with a NaN. */
static int entropy(void *user, const saddle_batch *b, const double *w, double *g)
{
    for (int64_t i = 0; i < b->dim; i++) {
        if (*(const int *)user && !(w[i] > 0.0)) {
            return 1;
        }
        g[i] = w[i] > 0.0 ? log(w[i]) : (double)NAN;
    }
    return 0;
}

START_TEST(a_wall_makes_shorter_steps)
{
    int by_code = _i;
    double w[MOST];
    saddle_objective *f = objective(MOST, &by_code, entropy, NULL);
    saddle_options *o = options(1e-2);
    for (double wall = 1e-3; wall >= 1e-9; wall *= 0.1) {
        for (int64_t i = 0; i < MOST; i++) {
            w[i] = i == 7 ? wall : 1.0 + 0.1 * (double)i;
        }
        const double truth = 1.0 / w[MOST - 1];
        const saddle_eigen e = least(f, w, o);
        ck_assert(e.lower <= truth && truth <= e.upper);
        ck_assert_int_ne(certificate(f, w, o).kind, SADDLE_KIND_STRICT_SADDLE);
        w[7] = 0.0; /* no room at all, and no gradient */
        saddle_eigen none = {.struct_size = sizeof none};
        EXPECT_FAIL(saddle_lambda_min(f, w, o, NULL, &none), by_code ? SADDLE_E_CALLBACK : SADDLE_E_NOT_FINITE,
                    by_code ? "the gradient callback returned 1" : "entry 7 of the gradient is nan");
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* grad f = +-w/3 made of terms of size 1e6 that cancel: its error is not that of its size. */
static int cancelling(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    for (int64_t i = 0; i < b->dim; i++) {
        const double large = 1e6 * (1.0 + (double)i);
        const volatile double sum = (i % 2 == 0 ? -1.0 : 1.0) * w[i] / 3.0 + large * cos(w[i]);
        g[i] = sum - large * cos(w[i]);
    }
    return 0;
}

/* The error of a product is some 1e-4 here. */
START_TEST(cancellation_is_measured)
{
    double w[MOST];
    saddle_objective *f = objective(_i, NULL, cancelling, NULL);
    saddle_options *o = options(1e-2);
    const double truth = -1.0 / 3.0;
    int missed = 0;
    for (int64_t seed = 0; seed < 200; seed++) {
        for (int64_t i = 0; i < MOST; i++) {
            w[i] = 0.3 + 0.003 * (double)seed + 0.1 * (double)(i % 5);
        }
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        const saddle_eigen e = least(f, w, o);
        missed += !(e.lower <= truth && truth <= e.upper);
        ck_assert_int_ne(certificate(f, w, o).kind, SADDLE_KIND_SECOND_ORDER);
    }
    ck_assert_int_le(missed, 2 + 4); /* delta of 200, and three standard deviations */
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("differences");
    TCase *c = tcase_create("differences");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_wave_is_seen_wherever_it_is, 0, 3);
    tcase_add_loop_test(c, a_flat_start_is_flat, 0, 2);
    tcase_add_loop_test(c, a_field_that_is_no_gradient_is_told, 0, 4);
    tcase_add_test(c, kinks_decide_nothing);
    tcase_add_loop_test(c, a_wall_makes_shorter_steps, 0, 2);
    tcase_add_loop_test(c, cancellation_is_measured, 1, 4);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
