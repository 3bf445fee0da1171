/* SPDX-License-Identifier: BSD-3-Clause */
/* The curvature of the demo's two models where it is known: PCA of the digits at all its stationary points
 * sqrt(lambda_k) u_k, the network at w = 0; and certificates where perturbed gradient descent has ended on the
 * network, beside the whole Hessian there. */
#include "examples/support/network_model.h"
#include "examples/support/pca_model.h"
#include "examples/support/symmetric.h"
#include "numeric/trial.h"
#include "spectrum/tridiag.h"
#include "support/run_suite.h"
#include <stdio.h>

enum { POINTS = 5, STARTS = 5, SEEDS = 2, COPIES = NETWORK_HIDDEN };

static void tell(const char *what, const saddle_certificate *c)
{
    printf("# %s: %s, lambda_min %.8f in [%.8f, %.8f], residual %.1e, ||g|| %.1e, %d products\n", what,
           saddle_kind_name(c->kind), c->lambda_min, c->lambda_lower, c->lambda_upper, c->residual, c->gradient_norm,
           (int)c->products);
    fflush(stdout);
}

static saddle_certificate certify(saddle_objective *f, const double *w, const char *settings, double *v)
{
    saddle_certificate c = {.struct_size = (int64_t)sizeof c};
    saddle_options *o = trial_options(settings);
    EXPECT_OK(saddle_certify(f, w, o, v, &c));
    saddle_options_destroy(o);
    return c;
}

static saddle_eigen lambda_min(saddle_objective *f, const double *w, const char *settings, int64_t seed, double *v)
{
    saddle_eigen e = {.struct_size = (int64_t)sizeof e};
    saddle_options *o = trial_options(settings);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
    EXPECT_OK(saddle_lambda_min(f, w, o, v, &e));
    saddle_options_destroy(o);
    return e;
}

/* With k from 1: lambda_min at sqrt(lambda_k) u_k, its eigenvector, and how far the next eigenvalue is. There H has
 * the eigenvalues lambda_k - lambda_j, j != k, with the vectors u_j, and 2 lambda_k. */
static double exact_pair(const struct pca_model *m, int k, const double **u, double *gap)
{
    const int out = k == 1 ? 1 : 0; /* from 0 */
    const double least = m->lambda[k - 1] - m->lambda[out];
    double next = 2.0 * m->lambda[k - 1];
    for (int j = 0; j < DIGITS_PIXELS; j++) {
        next = j == out || j == k - 1 ? next : fmin(next, m->lambda[k - 1] - m->lambda[j]);
    }
    *u = m->u[out];
    *gap = next - least;
    return least;
}

/* ||v - u||, of the sign that is nearer */
static double distance(int64_t n, const double *v, const double *u)
{
    double less = 0.0, more = 0.0;
    for (int64_t i = 0; i < n; i++) {
        less += (v[i] - u[i]) * (v[i] - u[i]);
        more += (v[i] + u[i]) * (v[i] + u[i]);
    }
    return sqrt(fmin(less, more));
}

static double residual(saddle_objective *f, const double *w, const double *v, double theta)
{
    double hv[DIGITS_PIXELS], sum = 0.0;
    EXPECT_OK(saddle_objective_hessvec(f, w, v, hv));
    for (int i = 0; i < DIGITS_PIXELS; i++) {
        sum += (hv[i] - theta * v[i]) * (hv[i] - theta * v[i]);
    }
    return sqrt(sum);
}

static const double least_known[POINTS] = {0.05969014, -0.05969014, -0.1453038, -0.3041531, -0.4274720};

/* A residual rho puts v within an angle of sine rho/gap of the eigenvector, and theta within rho^2/gap of
 * lambda_min. With differences rho is off by their noise, 1e-9 of the norm. */
static void expect_pair(const struct pca_model *m, saddle_objective *f, saddle_objective *with_products, int k,
                        int64_t seed)
{
    const int differences = f != with_products;
    const double *u;
    double w[DIGITS_PIXELS], v[DIGITS_PIXELS], gap;
    const double exact = exact_pair(m, k, &u, &gap);
    const double noise = (differences ? 1e-9 : 1e-14) * 2.0 * m->lambda[0];
    pca_stationary_point(m, k, w);
    const saddle_eigen e = lambda_min(f, w, differences ? "eigen_tol=1e-7" : "eigen_tol=1e-9", seed, v);
    const double rho = residual(with_products, w, v, e.value);
    ck_assert_int_eq(e.converged, 1);
    ck_assert_double_eq_tol(exact, least_known[k - 1], 5e-8);
    ck_assert_double_eq_tol(e.value, exact, differences ? 1e-8 : 1e-9);
    ck_assert_double_le(fabs(e.value - exact), e.residual * e.residual / gap + noise);
    ck_assert_double_le(e.residual, (differences ? 1e-7 : 1e-9) * fabs(exact) * 1.001);
    ck_assert_double_eq_tol(e.residual, rho, noise);
    ck_assert_double_le(distance(DIGITS_PIXELS, v, u), sqrt(2.0) * (rho + 1e-14) / gap + 1e-14);
    ck_assert_msg(e.lower <= exact && exact <= e.upper + noise, "k = %d: %.15f is not in [%.15f, %.15f]", k, exact,
                  e.lower, e.upper);
    ck_assert_double_gt(e.lower, exact - 1e-5); /* and it says something */
    ck_assert_int_le(e.products, 40);
}

START_TEST(pca_pairs)
{
    struct pca_model *m = pca_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *products = trial_objective(DIGITS_PIXELS, DIGITS_COUNT, m, pca_gradient, NULL);
    EXPECT_OK(saddle_objective_set_hessvec(products, pca_hessvec));
    saddle_objective *differences = trial_objective(DIGITS_PIXELS, DIGITS_COUNT, m, pca_gradient, NULL);
    for (int64_t seed = 0; seed < STARTS; seed++) {
        expect_pair(m, products, products, _i, seed);
        expect_pair(m, differences, products, _i, seed);
    }
    saddle_objective_destroy(products);
    saddle_objective_destroy(differences);
    free(m);
}
END_TEST

START_TEST(pca_certificates)
{
    struct pca_model *m = pca_model_create();
    ck_assert_ptr_nonnull(m);
    for (int differences = 0; differences < 2; differences++) {
        saddle_objective *f = trial_objective(DIGITS_PIXELS, DIGITS_COUNT, m, pca_gradient, NULL);
        EXPECT_OK(saddle_objective_set_hessvec(f, differences ? NULL : pca_hessvec));
        const double *u;
        double w[DIGITS_PIXELS], v[DIGITS_PIXELS], gap;
        const double exact = exact_pair(m, _i, &u, &gap);
        pca_stationary_point(m, _i, w);
        const saddle_certificate c = certify(f, w, "eps_gradient=1e-6 eps_hessian=1e-3", v);
        tell(differences ? "pca, differences" : "pca", &c);
        ck_assert_str_eq(saddle_kind_name(c.kind), _i == 1 ? "second_order" : "strict_saddle");
        ck_assert_double_le(c.gradient_norm, 1e-13);
        ck_assert(c.lambda_lower <= exact && exact <= c.lambda_upper + 1e-8);
        ck_assert(_i == 1 ? c.lambda_lower >= -1e-3 : c.lambda_min < -1e-3);
        ck_assert_double_eq_tol(c.residual, residual(f, w, v, c.lambda_min), 1e-8);
        ck_assert_double_eq_tol(trial_norm(DIGITS_PIXELS, v), 1.0, 1e-14);
        ck_assert_int_le(c.products, 20);
        saddle_objective_destroy(f);
    }
    free(m);
}
END_TEST

static saddle_objective *network_objective(struct network_model *m, int64_t threads, int products)
{
    saddle_context *c = NULL;
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, threads));
    EXPECT_OK(saddle_objective_create(c, NETWORK_DIM, DIGITS_COUNT, m, &f));
    saddle_context_destroy(c);
    EXPECT_OK(saddle_objective_set_value(f, network_value));
    EXPECT_OK(saddle_objective_set_gradient(f, network_gradient));
    EXPECT_OK(saddle_objective_set_value_gradient(f, network_value_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, products ? network_hessvec : NULL));
    return f;
}

/* At w = 0 the Hessian couples row c of W2 with W1 by M = mean of (p - e_label) x', p = 1/10, for each hidden unit
 * alike: its eigenvalues are +-sigma_k of M, each as often as there are units, and zeros. */
static void singular_values(const struct network_model *m, double *sigma)
{
    double mean[DIGITS_CLASSES][DIGITS_PIXELS] = {{0.0}}, product[DIGITS_CLASSES * DIGITS_CLASSES];
    double vectors[DIGITS_CLASSES * DIGITS_CLASSES];
    for (int i = 0; i < DIGITS_COUNT; i++) {
        for (int c = 0; c < DIGITS_CLASSES; c++) {
            for (int j = 0; j < DIGITS_PIXELS; j++) {
                mean[c][j] += (0.1 - (c == m->label[i] ? 1.0 : 0.0)) * m->x[i][j] / DIGITS_COUNT;
            }
        }
    }
    for (int c = 0; c < DIGITS_CLASSES; c++) {
        for (int d = 0; d < DIGITS_CLASSES; d++) {
            product[c * DIGITS_CLASSES + d] = 0.0;
            for (int j = 0; j < DIGITS_PIXELS; j++) {
                product[c * DIGITS_CLASSES + d] += mean[c][j] * mean[d][j];
            }
        }
    }
    symmetric_eigen(DIGITS_CLASSES, product, sigma, vectors);
    for (int c = 0; c < DIGITS_CLASSES; c++) {
        sigma[c] = sqrt(fmax(sigma[c], 0.0));
    }
}

static const double zero[NETWORK_DIM];

START_TEST(network_at_zero)
{
    struct network_model *m = network_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = network_objective(m, 2, 1);
    double sigma[DIGITS_CLASSES], gradient[NETWORK_DIM];
    singular_values(m, sigma);
    ck_assert_double_eq_tol(sigma[0], 0.24070865317943, 1e-13);
    const saddle_eigen e = lambda_min(f, zero, "", 0, NULL);
    ck_assert_int_eq(e.converged, 1);
    ck_assert_double_eq_tol(e.value, -0.24070865317943, 1e-13);
    ck_assert(e.lower <= -sigma[0] + 1e-15 && -sigma[0] <= e.upper + 1e-15);
    const saddle_certificate c = certify(f, zero, "eps_gradient=1e-6 eps_hessian=1e-3", NULL);
    tell("network, w = 0", &c);
    ck_assert_str_eq(saddle_kind_name(c.kind), "strict_saddle");
    ck_assert_double_eq(c.gradient_norm, 0.0);
    for (int64_t i = 0; i < DIGITS_COUNT; i++) {
        const saddle_batch one = {.count = 1, .index = &i};
        int64_t others = 0;
        ck_assert_int_eq(network_gradient(m, &one, zero, gradient), 0);
        for (int j = 0; j < NETWORK_DIM; j++) {
            others += gradient[j] != 0.0;
        }
        ck_assert_int_eq(others, 0);
    }
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

START_TEST(copies_at_zero)
{
    struct network_model *m = network_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = network_objective(m, 2, 1);
    saddle_options *o = trial_options("");
    saddle_lanczos *l = NULL;
    double sigma[DIGITS_CLASSES];
    singular_values(m, sigma);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_EIGENVALUES, COPIES + _i));
    EXPECT_OK(saddle_lanczos_create_hessian(f, zero, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(saddle_lanczos_count(l), COPIES + _i);
    for (int64_t i = 0; i < COPIES + _i; i++) {
        saddle_eigen e = {.struct_size = (int64_t)sizeof e};
        EXPECT_OK(saddle_lanczos_pair(l, i, NULL, &e));
        ck_assert_int_eq(e.converged, 1);
        ck_assert_double_eq_tol(e.value, -sigma[i < COPIES ? 0 : 1], 1e-13);
        if (i == 0) {
            printf("# network, w = 0: %d pairs in %d products\n", COPIES + _i, (int)e.products);
            (void)fflush(stdout);
        }
    }
    ck_assert_double_gt(sigma[0] - sigma[1], 0.03);
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

/* The smallest eigenvalue of the Hessian, column by column, by LAPACK. */
static double least_of(saddle_objective *f, const double *w)
{
    const int64_t n = saddle_objective_dim(f);
    double *h = calloc((size_t)(n * n + 2 * n), sizeof *h);
    ck_assert_ptr_nonnull(h);
    double *values = h + n * n, *unit = values + n;
    for (int64_t j = 0; j < n; j++) {
        unit[j] = 1.0;
        EXPECT_OK(saddle_objective_hessvec(f, w, unit, h + j * n));
        unit[j] = 0.0;
    }
    saddle_context *c = saddle_i_context_hold(NULL);
    struct saddle_i_tridiag t;
    saddle_i_tridiag_init(&t, c);
    EXPECT_OK(saddle_i_tridiag_dense(&t, n, h, values, NULL));
    saddle_i_tridiag_fini(&t);
    saddle_i_context_release(c);
    const double least = values[0];
    free(h);
    return least;
}

/* The demo's pgd on the network, to its end. */
static void finish(saddle_objective *f, int64_t seed, double *w)
{
    saddle_options *o = trial_options(
        "step_size=0.5 radius=0.1 gradient_threshold=1e-2 escape_steps=50 decrease_threshold=1e-2 max_steps=1200");
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
    memset(w, 0, NETWORK_DIM * sizeof *w);
    const saddle_result r = trial_run(f, SADDLE_METHOD_PGD, o, w);
    ck_assert_str_eq(saddle_stop_name(r.stop), "method");
    ck_assert_double_le(r.gradient_norm, 0.01);
    saddle_options_destroy(o);
}

static saddle_certificate certify_finished(saddle_objective *f, const double *w, const char *settings, double least)
{
    const saddle_certificate c = certify(f, w, settings, NULL);
    tell(settings, &c);
    ck_assert_str_eq(saddle_kind_name(c.kind), "second_order");
    ck_assert_double_ge(least, -c.eps_hessian);
    ck_assert(c.lambda_lower >= -c.eps_hessian && c.lambda_lower <= least && least <= c.lambda_upper + 1e-12);
    return c;
}

/* With products by the callback and by differences. */
static void expect_same_bits(struct network_model *m, const double *w)
{
    static double first[NETWORK_DIM], v[NETWORK_DIM];
    for (int products = 0; products < 2; products++) {
        saddle_certificate one = {0};
        for (int threads = 1; threads <= 3; threads++) {
            saddle_objective *f = network_objective(m, threads, products);
            const saddle_certificate c = certify(f, w, "eps_gradient=0.011 eps_hessian=0.01", threads == 1 ? first : v);
            if (threads == 1) {
                one = c;
            } else {
                EXPECT_SAME(&one, &c, sizeof c);
                EXPECT_SAME(first, v, sizeof v);
            }
            saddle_objective_destroy(f);
        }
        ck_assert_int_eq(one.kind, SADDLE_KIND_SECOND_ORDER);
    }
}

START_TEST(network_finished)
{
    struct network_model *m = network_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = network_objective(m, 2, 1), *differences = network_objective(m, 2, 0);
    static double w[NETWORK_DIM];
    finish(f, _i, w);
    const saddle_eigen e = lambda_min(f, w, "", 0, NULL);
    const saddle_eigen d = lambda_min(differences, w, "", 0, NULL);
    printf("# network, seed %d: lambda_min %.12f in %d products, %.12f by differences in %d\n", _i, e.value,
           (int)e.products, d.value, (int)d.products);
    ck_assert_int_eq(e.converged, 1);
    ck_assert(e.value >= -0.0034 && e.value <= -0.0024);
    ck_assert_double_eq_tol(e.value, d.value, 1e-8);
    if (_i == 0) {
        ck_assert_double_eq_tol(e.value, least_of(f, w), 1e-11);
        expect_same_bits(m, w);
    }
    const saddle_certificate wide = certify_finished(f, w, "eps_gradient=0.011 eps_hessian=0.01", e.value);
    const saddle_certificate narrow = certify_finished(f, w, "eps_gradient=0.011 eps_hessian=0.005", e.value);
    const saddle_certificate other = certify_finished(differences, w, "eps_gradient=0.011 eps_hessian=0.01", e.value);
    ck_assert(wide.products >= 15 && wide.products <= 40);
    ck_assert(narrow.products > wide.products && narrow.products <= 60);
    ck_assert(other.products >= 15 && other.products <= 40); /* copies of the largest eigenvalues come earlier */
    const saddle_certificate saddle = certify(f, w, "eps_gradient=0.011 eps_hessian=0.001", NULL);
    tell("eps_hessian=0.001", &saddle);
    ck_assert_str_eq(saddle_kind_name(saddle.kind), "strict_saddle");
    const saddle_certificate steep = certify(f, w, "eps_gradient=0.001 eps_hessian=0.01", NULL);
    ck_assert_str_eq(saddle_kind_name(steep.kind), "not_stationary");
    saddle_objective_destroy(f);
    saddle_objective_destroy(differences);
    free(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("demo_curvature");
    TCase *c = tcase_create("demo_curvature");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, pca_pairs, 1, POINTS + 1);
    tcase_add_loop_test(c, pca_certificates, 1, POINTS + 1);
    tcase_add_test(c, network_at_zero);
    tcase_add_loop_test(c, copies_at_zero, 0, 2);
    tcase_add_loop_test(c, network_finished, 0, SEEDS);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
