/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers at the ends of the range: entries that are finite while their sum or their norm is not, iterates next to the largest double,
 * gradients next to the smallest. What can be done is done, the rest is said, and w stays. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <saddle/saddle.h>
#include <math.h>

enum { DIM = 4 };

/* The same slope everywhere; f = <g, w>, or 0 where flat. */
struct plane {
    double g[DIM], product;
    int flat;
};

static int value(void *user, const saddle_batch *b, const double *w, double *f)
{
    const struct plane *x = user;
    *f = 0.0;
    for (int64_t j = 0; !x->flat && j < b->dim; j++) {
        *f += x->g[j] * w[j];
    }
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct plane *x = user;
    (void)w;
    memcpy(g, x->g, (size_t)b->dim * sizeof *g);
    return 0;
}

static int hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    const struct plane *x = user;
    (void)w, (void)v;
    for (int64_t j = 0; j < b->dim; j++) {
        product[j] = x->product;
    }
    return 0;
}

static saddle_objective *plane_of(struct plane *x, double slope, int64_t samples)
{
    saddle_objective *f = NULL;
    memset(x, 0, sizeof *x);
    for (int j = 0; j < DIM; j++) {
        x->g[j] = slope;
    }
    EXPECT_OK(saddle_objective_create(NULL, DIM, samples, x, &f));
    EXPECT_OK(saddle_objective_set_value(f, value));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, hessvec));
    EXPECT_OK(saddle_objective_set_grain(f, 1));
    return f;
}

/* One step from w = (start, ..., start); settings: name, value, ..., NULL. */
static saddle_status one_step(saddle_objective *f, saddle_method m, const char *const *settings, double start, double *w)
{
    saddle_options *o = NULL;
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    for (int i = 0; settings[i] != NULL; i += 2) {
        set(o, settings[i], settings[i + 1]);
    }
    for (int j = 0; j < DIM; j++) {
        w[j] = start;
    }
    EXPECT_OK(saddle_solver_create(f, m, o, w, &s));
    const saddle_status status = saddle_solver_step(s, 1);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    return status;
}

static void expect_all(const double *w, double x)
{
    for (int j = 0; j < DIM; j++) {
        ck_assert_msg(w[j] == x, "w_%d is %.17g instead of %.17g", j, w[j], x);
    }
}

/* One grain comes untested from the oracle: the public call looks. */
START_TEST(an_entry_of_one_grain)
{
    struct plane x;
    double w[DIM] = {0.0}, g[DIM];
    saddle_objective *f = plane_of(&x, 1.0, 1);
    x.g[2] = (double)NAN;
    EXPECT_FAIL(saddle_objective_gradient(f, w, NULL, g), SADDLE_E_NOT_FINITE, "entry 2 of the gradient is nan");
    x.g[2] = -(double)INFINITY;
    EXPECT_FAIL(saddle_objective_gradient(f, w, NULL, g), SADDLE_E_NOT_FINITE, "entry 2 of the gradient is -inf");
    x.g[2] = 3.0;
    EXPECT_OK(saddle_objective_gradient(f, w, NULL, g));
    EXPECT_SAME(g, x.g, sizeof g);
    saddle_objective_destroy(f);
}
END_TEST

/* Their magnitudes have no finite sum, which is what is looked at first. */
START_TEST(entries_that_are_finite)
{
    struct plane x;
    double w[DIM] = {0.0}, v[DIM] = {1.0}, out[DIM];
    saddle_objective *f = plane_of(&x, 0.8e308, 2);
    x.flat = 1;
    EXPECT_OK(saddle_objective_gradient(f, w, NULL, out));
    expect_all(out, 0.8e308);
    x.product = -0.7e308;
    EXPECT_OK(saddle_objective_hessvec(f, w, v, out));
    expect_all(out, -0.7e308);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(a_norm_that_is_not)
{
    static const char *const settings[] = {"step_size", "0.1", NULL};
    struct plane x;
    double w[DIM];
    saddle_objective *f = plane_of(&x, 1.5e308, 1);
    x.flat = 1;
    EXPECT_FAIL(one_step(f, SADDLE_METHOD_NGD, settings, 0.25, w), SADDLE_E_NOT_FINITE, "the norm of the gradient is above 1.79769e+308 at step 1");
    expect_all(w, 0.25);
    saddle_objective_destroy(f);
}
END_TEST

/* From 2^1000 on the entries themselves are looked at. */
START_TEST(steps_next_to_the_end)
{
    static const char *const settings[] = {"step_size", "0.5", NULL};
    static const char *const noisy[] = {"step_size", "1e-10", "noise", "1e-3", NULL};
    struct plane x;
    double w[DIM];
    saddle_objective *f = plane_of(&x, -1e307, 1);
    x.flat = 1;
    EXPECT_OK(one_step(f, SADDLE_METHOD_GD, settings, 1e308, w));
    expect_all(w, 1e308 + 0.5 * 1e307);
    EXPECT_FAIL(one_step(f, SADDLE_METHOD_GD, settings, 1.79e308, w), SADDLE_E_NOT_FINITE, "step 1 would make entry 0 of w inf: the step size 0.5 is too large");
    expect_all(w, 1.79e308);
    EXPECT_OK(one_step(f, SADDLE_METHOD_PSGD, noisy, 0.0, w));
    for (int j = 0; j < DIM; j++) {
        ck_assert_double_eq_tol(w[j] / 1e297, 1.0, 1e-15); /* of the noise nothing is left beside it: two roundings */
    }
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(a_ball_next_to_the_end)
{
    static const char *const settings[] = {"step_size", "0.5", "radius", "1e100", "escape_steps", "3", "gradient_threshold", "1",
                                           "decrease_threshold", "1", NULL};
    struct plane x;
    double w[DIM];
    saddle_objective *f = plane_of(&x, 0.0, 1);
    EXPECT_FAIL(one_step(f, SADDLE_METHOD_PGD, settings, 1e305, w), SADDLE_E_NOT_FINITE,
                "an entry of w is 1e+305: a ball of radius 1e+100 around it leaves the range");
    expect_all(w, 1e305);
    EXPECT_OK(one_step(f, SADDLE_METHOD_PGD, settings, 1e300, w));
    saddle_objective_destroy(f);
}
END_TEST

/* Also where 1/||g|| is more than there is. */
START_TEST(a_gradient_next_to_nothing)
{
    static const char *const settings[] = {"step_size", "0.5", NULL};
    static const double slopes[] = {1e-200, 1e-300, 5e-324};
    for (int k = 0; k < 3; k++) {
        struct plane x;
        double w[DIM];
        saddle_objective *f = plane_of(&x, slopes[k], 1);
        EXPECT_OK(one_step(f, SADDLE_METHOD_NGD, settings, 0.0, w));
        for (int j = 0; j < DIM; j++) {
            ck_assert_double_eq_tol(w[j], -0.25, 1e-15); /* 0.5/sqrt(4); four roundings */
        }
        saddle_objective_destroy(f);
    }
}
END_TEST

/* A step that was chosen, to where there are no numbers. */
START_TEST(a_trial_beyond_the_end)
{
    static const char *const settings[] = {"step_size", "0", NULL};
    struct plane x;
    double w[DIM];
    saddle_objective *f = plane_of(&x, 1e306, 1);
    EXPECT_FAIL(one_step(f, SADDLE_METHOD_GD, settings, 0.5, w), SADDLE_E_NOT_FINITE, "ends where f cannot be evaluated, however often it is halved");
    expect_all(w, 0.5);
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("range_ends");
    TCase *c = tcase_create("range_ends");
    tcase_add_test(c, an_entry_of_one_grain);
    tcase_add_test(c, entries_that_are_finite);
    tcase_add_test(c, a_norm_that_is_not);
    tcase_add_test(c, steps_next_to_the_end);
    tcase_add_test(c, a_ball_next_to_the_end);
    tcase_add_test(c, a_gradient_next_to_nothing);
    tcase_add_test(c, a_trial_beyond_the_end);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
