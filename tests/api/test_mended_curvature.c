/* SPDX-License-Identifier: BSD-3-Clause */
/* Defects of the curvature part that were there once, each in the smallest operator that showed it. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <float.h>
#include <math.h>
#include <saddle/saddle.h>

enum { MOST = 64 };

/* A = diag(d); or, in single precision, Q diag(d) Q with Q = I - 2 u u', u = (1, ..., 1)/sqrt(n). */
struct diagonal {
    int64_t n;
    double d[MOST];
    int single;
};

static int multiply(void *user, int64_t n, const double *x, double *y)
{
    const struct diagonal *a = user;
    for (int64_t i = 0; i < n && !a->single; i++) {
        y[i] = a->d[i] * x[i];
    }
    if (!a->single) {
        return 0;
    }
    float sum = 0.0F, z[MOST];
    for (int64_t i = 0; i < n; i++) {
        sum += (float)x[i];
    }
    const float share = 2.0F / (float)n;
    for (int64_t i = 0; i < n; i++) {
        z[i] = (float)a->d[i] * ((float)x[i] - share * sum);
    }
    sum = 0.0F;
    for (int64_t i = 0; i < n; i++) {
        sum += z[i];
    }
    for (int64_t i = 0; i < n; i++) {
        y[i] = (double)(z[i] - share * sum);
    }
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    return multiply(user, b->dim, w, g);
}

static int hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    (void)w;
    return multiply(user, b->dim, v, product);
}

static saddle_objective *objective(struct diagonal *a)
{
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, a->n, 1, a, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, hessvec));
    return f;
}

static saddle_options *options(double eps_hessian, double delta)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EPS_GRADIENT, 1.0));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EPS_HESSIAN, eps_hessian));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_DELTA, delta));
    return o;
}

static const double zero[MOST];

/* Products in the denormal range: the search of the interval never ended; a space whose beta had no inverse was taken for a closed
 * one, with a false certificate; the other ways divided by that beta, or went on after it. */
START_TEST(the_end_of_the_range_is_survived)
{
    static const double scale[] = {1e-323, 1e-320, 1e-310, 1e-308, 3e-308};
    const double s = scale[_i];
    struct diagonal a = {.n = 3, .d = {-s, 2.0 * s, 3.0 * s}};
    saddle_objective *f = objective(&a);
    saddle_options *o = options(0.0, 0.01);
    for (int64_t seed = 0; seed < 20; seed++) {
        saddle_certificate c = {.struct_size = sizeof c};
        saddle_eigen e = {.struct_size = sizeof e};
        double lambda[3], density[3];
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        EXPECT_OK(saddle_certify(f, zero, o, NULL, &c));
        ck_assert_int_ne(c.kind, SADDLE_KIND_SECOND_ORDER);
        ck_assert(c.lambda_lower <= -s && -s <= c.lambda_upper);
        for (int64_t basis = 0; basis <= 8; basis += 8) {
            EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, basis));
            EXPECT_OK(saddle_lambda_min(f, zero, o, NULL, &e));
            ck_assert(e.lower <= -s && -s <= e.upper);
        }
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, 0));
        EXPECT_OK(saddle_spectral_density(f, zero, o, 3, lambda, density));
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* A beta at the level of rounding counted as 0, so that a component of the start that hid below it was excluded with certainty. At
 * delta 1e-6 none of 4000 starts may say so; 6 of them did, and 24 intervals of an orthogonal basis. */
START_TEST(rounding_closes_no_space)
{
    struct diagonal a = {.n = 3, .d = {1e14, 3.0, -0.1}};
    struct diagonal b = {.n = 4, .d = {1e14, 1e5, 120.0, -20.0}};
    saddle_objective *f = objective(&a), *g = objective(&b);
    saddle_options *o = options(1e-3, 1e-6);
    int certified = 0, missed = 0;
    for (int64_t seed = 0; seed < 4000; seed++) {
        saddle_certificate c = {.struct_size = sizeof c};
        saddle_eigen e = {.struct_size = sizeof e};
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, 0));
        EXPECT_OK(saddle_certify(f, zero, o, NULL, &c));
        certified += c.kind == SADDLE_KIND_SECOND_ORDER;
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, 8));
        EXPECT_OK(saddle_lambda_min(g, zero, o, NULL, &e));
        missed += !(e.lower <= -20.0);
    }
    ck_assert_int_eq(certified, 0);
    ck_assert_int_eq(missed, 0);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_objective_destroy(g);
}
END_TEST

/* The lower end of the interval had room for rounding, the upper end had none: a Ritz value that was rounded down missed. */
START_TEST(the_upper_end_has_room_for_rounding)
{
    struct diagonal a = {.n = _i, .d = {1.0, 1.5, 2.0, 2.5, 3.0}};
    saddle_objective *f = objective(&a);
    saddle_options *o = options(0.0, 1e-4);
    for (int64_t seed = 0; seed < 100; seed++) {
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        for (int64_t basis = 0; basis <= 8; basis += 8) {
            saddle_eigen e = {.struct_size = sizeof e};
            EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, basis));
            EXPECT_OK(saddle_lambda_min(f, zero, o, NULL, &e));
            ck_assert(e.lower <= 1.0 && 1.0 <= e.upper);
            ck_assert_double_le(e.upper, 1.0 + 1e-12);
        }
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

/* A few large eigenvalues and many small ones make small betas; what single precision leaves over them was taken for asymmetry. */
START_TEST(single_precision_is_symmetric)
{
    static const char *const way[][2] = {{"1", "0"}, {"1", "1"}, {"1", "12"}, {"3", "0"}};
    struct diagonal a = {.n = MOST, .single = 1};
    saddle_options *o = options(1e-2, 0.01);
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EIGEN_TOL, 1e-3));
    EXPECT_OK(saddle_options_set_text(o, "eigenvalues", way[_i][0]));
    EXPECT_OK(saddle_options_set_text(o, "basis", way[_i][1]));
    for (int64_t seed = 0; seed < 20; seed++) {
        for (int64_t i = 0; i < a.n; i++) {
            a.d[i] = i == 0 ? 1.0 : i == 1 ? -1e-3 : 1e-3 * (double)i / (double)a.n;
        }
        saddle_lanczos *l = NULL;
        saddle_eigen e = {.struct_size = sizeof e};
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        EXPECT_OK(saddle_lanczos_create(NULL, a.n, multiply, &a, o, &l));
        EXPECT_OK(saddle_lanczos_run(l));
        EXPECT_OK(saddle_lanczos_pair(l, 0, NULL, &e));
        ck_assert_double_eq_tol(e.value, -1e-3, 1e-5);
        saddle_lanczos_destroy(l);
    }
    saddle_options_destroy(o);
}
END_TEST

/* Both ends of a multiple of the identity came with one and the same vector. */
START_TEST(both_ends_of_the_identity_have_vectors_of_their_own)
{
    struct diagonal a = {.n = 5};
    saddle_options *o = options(0.0, 0.01);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_WHICH, SADDLE_WHICH_BOTH));
    for (int64_t i = 0; i < a.n; i++) {
        a.d[i] = (double)_i - 1.0;
    }
    for (int64_t seed = 0; seed < 10; seed++) {
        saddle_lanczos *l = NULL;
        saddle_eigen e = {.struct_size = sizeof e};
        double x[2][5], dot = 0.0;
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        EXPECT_OK(saddle_lanczos_create(NULL, a.n, multiply, &a, o, &l));
        EXPECT_OK(saddle_lanczos_run(l));
        ck_assert_int_eq(saddle_lanczos_count(l), 2);
        for (int i = 0; i < 2; i++) {
            EXPECT_OK(saddle_lanczos_pair(l, i, x[i], &e));
            ck_assert(e.converged == 1 && e.invariant == 1);
            ck_assert_double_eq_tol(e.value, a.d[0], 1e-14);
        }
        for (int i = 0; i < 5; i++) {
            dot += x[0][i] * x[1][i];
        }
        ck_assert_double_eq_tol(dot, 0.0, 1e-14);
        saddle_lanczos_destroy(l);
    }
    saddle_options_destroy(o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mended_curvature");
    TCase *c = tcase_create("mended");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, the_end_of_the_range_is_survived, 0, 5);
    tcase_add_test(c, rounding_closes_no_space);
    tcase_add_loop_test(c, the_upper_end_has_room_for_rounding, 1, 6);
    tcase_add_loop_test(c, single_precision_is_symmetric, 0, 4);
    tcase_add_loop_test(c, both_ends_of_the_identity_have_vectors_of_their_own, 0, 3);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
