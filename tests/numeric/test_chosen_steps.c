/* SPDX-License-Identifier: BSD-3-Clause */
/* STEP_SIZE 0 where runs begin at saddles, near them and far away: f falls at every step that is not perturbed,
 * nothing diverges, and what is said of the curvature is true: by the whole Hessian, on the network by Lanczos from
 * both ends. At the two saddles of the digits with the settings of the demo, and on twenty small problems. The same
 * check finds fault with the step size of the start where nobody guards it. */
#include "examples/support/network_model.h"
#include "examples/support/pca_model.h"
#include "numeric/trial.h"
#include "spectrum/tridiag.h"
#include "support/models.h"
#include "support/run_suite.h"
#include <stdio.h>

enum { METHODS = 4, SEEDS = 3, NETWORK_SEEDS = 2, STARTS = 4 };

static const double ngd_gradient = 0.01; /* where a step of gd is as long as ngd's */

/* A method with what it needs beside a step size. */
struct guarded {
    saddle_method method;
    const char *settings;
};

#define PCA_EPS " check_every=50 eps_gradient=0.01 eps_hessian=0.01"
#define PCA_PGD "radius=0.05 gradient_threshold=1e-3 escape_steps=400 decrease_threshold=1e-4 max_steps=1500"
static const struct guarded on_pca[METHODS] = {
    {SADDLE_METHOD_GD, "max_steps=1000" PCA_EPS},
    {SADDLE_METHOD_SGD_GD, "escape_step=0.05 gradient_threshold=1e-3 escape_steps=200 max_steps=1000" PCA_EPS},
    {SADDLE_METHOD_PGD, PCA_PGD PCA_EPS},
    {SADDLE_METHOD_NGD, "noise=1e-3 noise_every=10 max_steps=500" PCA_EPS},
};

#define NETWORK_EPS " check_every=50 eps_gradient=0.011 eps_hessian=0.01"
#define NETWORK_PGD "radius=0.1 gradient_threshold=1e-2 escape_steps=50 decrease_threshold=1e-2 max_steps=2000"
static const struct guarded on_network[METHODS] = {
    {SADDLE_METHOD_GD, "max_steps=100" NETWORK_EPS},
    {SADDLE_METHOD_SGD_GD, "escape_step=0.5 gradient_threshold=1e-2 escape_steps=50 max_steps=100" NETWORK_EPS},
    {SADDLE_METHOD_PGD, NETWORK_PGD NETWORK_EPS},
    {SADDLE_METHOD_NGD, "noise=1e-3 noise_every=10 max_steps=1000" NETWORK_EPS},
};

#define SMALL_EPS " check_every=20 eps_gradient=0.01 eps_hessian=0.01 max_steps=2000"
static const struct guarded on_small[METHODS] = {
    {SADDLE_METHOD_GD, SMALL_EPS},
    {SADDLE_METHOD_SGD_GD, "escape_step=0.02 gradient_threshold=0.01 escape_steps=100" SMALL_EPS},
    {SADDLE_METHOD_PGD, "radius=0.05 gradient_threshold=0.01 escape_steps=100 decrease_threshold=1e-4" SMALL_EPS},
    {SADDLE_METHOD_NGD, "noise=1e-5 noise_every=10" SMALL_EPS},
};

/* What a run did. */
struct path {
    saddle_objective *f;
    saddle_method method;
    double radius, eps_hessian;
    double eta_first, eta_last; /* as the schedule was told */
    double f_first, f_last;
    double most; /* that a perturbed step may raise f, of all that there were */
    int64_t perturbations;
    int64_t rose_at;   /* the first step after which f was above what is allowed; 0 = none, */
    int64_t broken_at; /* or f or w no number */
    saddle_status status;
    saddle_result r;
    double least; /* lambda_min at the output; NaN = not looked at */
};

static int keep_eta(void *user, int64_t step, double eta0, double *eta)
{
    struct path *p = user;
    p->eta_first = step == 1 ? eta0 : p->eta_first;
    p->eta_last = eta0;
    *eta = eta0;
    return 0;
}

/* By how much f may rise in a step. A perturbation by x in any direction: ||g|| ||x|| + L ||x||^2/2, and as much
 * again because L was met along gradients. Otherwise not at all, up to rounding; but ngd's steps are of one length
 * eta = 0.01/L, and where ||g|| is below 0.005 f may rise by L eta^2/2 = 0.005 eta. */
static double allowed(struct path *p, const saddle_event *e, int perturbed)
{
    const double rounding = 1e-11 * fabs(p->f_last);
    const int ngd = p->method == SADDLE_METHOD_NGD;
    if (!perturbed) {
        return rounding + (ngd ? 0.5 * ngd_gradient * p->eta_last : 0.0);
    }
    const double x = p->radius + e->step_norm, l = (ngd ? ngd_gradient : 1.0) / p->eta_last;
    const double rise = 2.0 * (e->gradient_norm * x + 0.5 * l * x * x);
    p->most = fmax(p->most, rise);
    return rounding + rise;
}

static int follow(void *user, const saddle_event *e)
{
    struct path *p = user;
    double f = (double)NAN, sum = 0.0;
    if (e->stop != SADDLE_STOP_NONE) {
        return 0;
    }
    for (int64_t j = 0; j < e->dim; j++) {
        sum += e->w[j];
    }
    if (!isfinite(sum) || saddle_objective_value(p->f, e->w, &f) != SADDLE_OK || !isfinite(f)) {
        p->broken_at = e->step;
        return 1;
    }
    if (f > p->f_last + allowed(p, e, e->perturbations > p->perturbations) && p->rose_at == 0) {
        p->rose_at = e->step;
    }
    p->f_last = f;
    p->perturbations = e->perturbations;
    return 0;
}

/* Runs from w; step_size 0 = chosen. */
static void run(saddle_objective *f, const struct guarded *g, double step_size, const char *more, int64_t seed,
                double *w, struct path *p)
{
    saddle_options *o = trial_options(g->settings);
    saddle_solver *s = NULL;
    trial_set(o, more);
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_STEP_SIZE, step_size));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MONITOR_EVERY, 1));
    memset(p, 0, sizeof *p);
    p->f = f;
    p->method = g->method;
    p->radius = g->method == SADDLE_METHOD_PGD ? trial_real(o, SADDLE_OPT_RADIUS) : 0.0;
    p->eps_hessian = trial_real(o, SADDLE_OPT_EPS_HESSIAN);
    p->least = (double)NAN;
    EXPECT_OK(saddle_objective_value(f, w, &p->f_first));
    p->f_last = p->f_first;
    EXPECT_OK(saddle_solver_create(f, g->method, o, w, &s));
    EXPECT_OK(saddle_solver_set_schedule(s, keep_eta, p));
    EXPECT_OK(saddle_solver_set_monitor(s, follow, p));
    p->status = saddle_solver_run(s);
    p->r.struct_size = (int64_t)sizeof p->r;
    EXPECT_OK(saddle_solver_result(s, &p->r));
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
}

/* Whether something was said of the curvature at the output. PGD says that it is no saddle when it comes back. */
static int says(const struct path *p)
{
    return p->status == SADDLE_OK && (p->r.kind == SADDLE_KIND_SECOND_ORDER || p->r.kind == SADDLE_KIND_STRICT_SADDLE ||
                                      p->r.stop == SADDLE_STOP_SECOND_ORDER || p->r.stop == SADDLE_STOP_METHOD);
}

/* What is wrong with a run, NULL = nothing. */
static const char *fault_of(const struct path *p)
{
    const int below = p->least < -p->eps_hessian;
    if (p->status != SADDLE_OK || p->broken_at > 0 || !isfinite(p->r.value)) {
        return "diverged";
    }
    if (says(p) && isnan(p->least)) {
        return "nobody looked whether it is true";
    }
    if ((p->r.kind == SADDLE_KIND_SECOND_ORDER || p->r.stop == SADDLE_STOP_SECOND_ORDER) && below) {
        return "a false certificate";
    }
    if (p->r.kind == SADDLE_KIND_STRICT_SADDLE && !below) {
        return "a false saddle";
    }
    if (p->r.stop == SADDLE_STOP_METHOD && below) {
        return "a saddle came back";
    }
    if (p->r.value > p->f_first + p->most + 1e-11 * fabs(p->f_first)) {
        return "f is above its start";
    }
    return p->rose_at > 0 ? "f rose" : NULL;
}

static void print_path(const char *problem, int64_t number, const struct path *p)
{
    const char *fault = fault_of(p);
    printf("# %s, %s, %lld: eta %g, halved %g times; f %.6f after %lld steps, ||g|| %.1e, %lld perturbations; %s, %s, "
           "lambda_min %.6f; %s\n",
           problem, saddle_method_name(p->method), (long long)number, p->eta_last, log2(p->eta_first / p->eta_last),
           p->r.value, (long long)p->r.steps, p->r.gradient_norm, (long long)p->r.perturbations,
           saddle_stop_name(p->r.stop), saddle_kind_name(p->r.kind), p->least, fault == NULL ? "good" : fault);
    (void)fflush(stdout);
}

static void expect_good(const char *problem, int64_t number, const struct path *p)
{
    const char *fault = fault_of(p);
    print_path(problem, number, p);
    ck_assert_msg(fault == NULL, "%s, %s, number %lld: %s; rose at step %lld, broken at %lld: %s", problem,
                  saddle_method_name(p->method), (long long)number, fault, (long long)p->rose_at,
                  (long long)p->broken_at, saddle_error_message());
}

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

/* The same by Lanczos from both ends, with another start than any run has; of LAPACK and Lanczos on the network,
 * see test_demo_curvature.c. */
static double least_by_lanczos(saddle_objective *f, const double *w)
{
    saddle_options *o = trial_options("seed=987654321 which=both eigen_tol=1e-8 delta=1e-12 max_products=3000");
    saddle_lanczos *l = NULL;
    saddle_eigen e = {.struct_size = (int64_t)sizeof e};
    EXPECT_OK(saddle_lanczos_create_hessian(f, w, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    EXPECT_OK(saddle_lanczos_pair(l, 0, NULL, &e));
    ck_assert_int_eq(e.converged, 1);
    ck_assert_double_gt(e.lower, e.value - 1e-3);
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    return e.value;
}

static saddle_objective *pca_objective(struct pca_model *m, saddle_hessvec_fn hessvec)
{
    saddle_objective *f = trial_objective(DIGITS_PIXELS, DIGITS_COUNT, m, pca_gradient, pca_value);
    EXPECT_OK(saddle_objective_set_value_gradient(f, pca_value_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, hessvec));
    return f;
}

/* Two threads; the bits are those of one. */
static saddle_objective *network_objective(struct network_model *m)
{
    saddle_context *c = NULL;
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, 2));
    EXPECT_OK(saddle_objective_create(c, NETWORK_DIM, DIGITS_COUNT, m, &f));
    saddle_context_destroy(c);
    EXPECT_OK(saddle_objective_set_value(f, network_value));
    EXPECT_OK(saddle_objective_set_gradient(f, network_gradient));
    EXPECT_OK(saddle_objective_set_value_gradient(f, network_value_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, network_hessvec));
    return f;
}

/* eta_0 is 1/L with 8 bits, rounded down, ngd's 0.01/L; the guard halves it. */
static void expect_eta(const struct path *p, double norm, double least_halvings, double most_halvings)
{
    const double eta = (p->method == SADDLE_METHOD_NGD ? ngd_gradient : 1.0) / norm;
    const double halvings = log2(p->eta_first / p->eta_last);
    ck_assert(p->eta_first >= eta * (1.0 - 0x1p-7) && p->eta_first <= eta * (1.0 + 1e-3));
    ck_assert_msg(halvings >= least_halvings && halvings <= most_halvings, "%s: %g halvings",
                  saddle_method_name(p->method), halvings);
}

/* All leave; gd, which has no noise but rounding, may stay as long as it says so. */
START_TEST(pca)
{
    struct pca_model *m = pca_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = pca_objective(m, pca_hessvec);
    for (int64_t seed = 0; seed < (_i == 0 ? 1 : SEEDS); seed++) {
        struct path p;
        double w[DIGITS_PIXELS];
        memcpy(w, m->saddle, sizeof w);
        run(f, &on_pca[_i], 0.0, "", seed, w, &p);
        p.least = least_of(f, w);
        expect_good("pca", seed, &p);
        expect_eta(&p, 2.0 * m->lambda[1], 0.0, 2.0);
        if (on_pca[_i].method != SADDLE_METHOD_GD) {
            ck_assert_str_eq(saddle_stop_name(p.r.stop), "second_order");
            ck_assert_double_lt(p.r.value, -0.121);
        }
    }
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

/* Without certificates on the way pgd ends by its own rule, at the minimum. */
START_TEST(pca_pgd_comes_back)
{
    struct pca_model *m = pca_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = pca_objective(m, pca_hessvec);
    struct path p;
    double w[DIGITS_PIXELS];
    memcpy(w, m->saddle, sizeof w);
    run(f, &on_pca[2], 0.0, "check_every=1000000", _i, w, &p);
    p.least = least_of(f, w);
    expect_good("pca to the end", _i, &p);
    ck_assert_str_eq(saddle_stop_name(p.r.stop), "method");
    ck_assert_str_eq(saddle_kind_name(p.r.kind), "second_order");
    ck_assert(p.r.value >= m->f_minimum - 1e-12 && p.r.value <= m->f_minimum + 2e-5);
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

/* What samples drive stays at w = 0, and says that it is a saddle; the others leave. */
START_TEST(network)
{
    static const double zero[NETWORK_DIM];
    struct network_model *m = network_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = network_objective(m);
    static double w[NETWORK_DIM];
    const int leaves = _i >= 2, pgd = on_network[_i].method == SADDLE_METHOD_PGD;
    for (int64_t seed = 0; seed < (pgd ? NETWORK_SEEDS : 1); seed++) {
        struct path p;
        memset(w, 0, sizeof w);
        run(f, &on_network[_i], 0.0, "", seed, w, &p);
        p.least = least_by_lanczos(f, w);
        expect_good("network", seed, &p);
        expect_eta(&p, 0.24070865317943, pgd ? 3.0 : 0.0, pgd ? 4.0 : leaves ? 4.0 : 0.0);
        ck_assert_str_eq(saddle_kind_name(p.r.kind), leaves ? "second_order" : "strict_saddle");
        ck_assert_int_eq(memcmp(w, zero, sizeof w) == 0, !leaves);
        ck_assert(!leaves || (p.r.value > 0.02 && p.r.value < 0.05));
    }
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

START_TEST(network_pgd_comes_back)
{
    struct network_model *m = network_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = network_objective(m);
    static double w[NETWORK_DIM];
    struct path p;
    memset(w, 0, sizeof w);
    run(f, &on_network[2], 0.0, "check_every=1000000", 0, w, &p);
    p.least = least_by_lanczos(f, w);
    expect_good("network to the end", 0, &p);
    expect_eta(&p, 0.24070865317943, 3.0, 4.0);
    ck_assert_str_eq(saddle_stop_name(p.r.stop), "method");
    ck_assert_str_eq(saddle_kind_name(p.r.kind), "second_order");
    ck_assert(p.r.steps >= 700 && p.r.steps <= 1700);
    ck_assert(p.r.value > 0.035 && p.r.value < 0.045);
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

/* 1/L of w = 0, not guarded: f rises soon after the ball, t_thres steps later it is no lower, and pgd comes back
 * with the saddle. */
START_TEST(the_step_size_of_the_start_alone_is_found_out)
{
    struct network_model *m = network_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = network_objective(m);
    static double w[NETWORK_DIM];
    for (int64_t seed = 0; seed < SEEDS; seed++) {
        struct path p;
        memset(w, 0, sizeof w);
        run(f, &on_network[2], 4.125, "max_steps=300", seed, w, &p);
        p.least = says(&p) ? least_by_lanczos(f, w) : p.least;
        print_path("network, not guarded", seed, &p);
        ck_assert(p.rose_at > 0);
        ck_assert_str_eq(fault_of(&p), "a saddle came back");
    }
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

static double shift;

static int shifted_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    (void)pca_hessvec(user, b, w, v, product);
    for (int j = 0; j < DIGITS_PIXELS; j++) {
        product[j] += shift * v[j];
    }
    return 0;
}

/* Products that hide the saddle, or make one of the minimum. */
START_TEST(false_certificates_are_found_out)
{
    static const char *const expected[2] = {"a false certificate", "a false saddle"};
    struct pca_model *m = pca_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *right = pca_objective(m, pca_hessvec), *wrong = pca_objective(m, shifted_hessvec);
    struct path p;
    double w[DIGITS_PIXELS];
    pca_stationary_point(m, _i == 0 ? 2 : 1, w);
    shift = _i == 0 ? 0.1 : -0.1;
    run(wrong, &on_pca[0], 0.0, "", 0, w, &p);
    p.least = least_of(right, w);
    ck_assert_ptr_nonnull(fault_of(&p));
    ck_assert_str_eq(fault_of(&p), expected[_i]);
    saddle_objective_destroy(right);
    saddle_objective_destroy(wrong);
    free(m);
}
END_TEST

/* At 0, where most have a saddle or nothing but that, near it, and far from it. */
static void small_start(const struct model *m, int64_t start, double *w)
{
    static const double scales[STARTS] = {0.0, 0.05, 1.0, 5.0};
    model_point(m, start, w);
    for (int64_t j = 0; j < m->dim; j++) {
        w[j] *= scales[start];
    }
}

/* Guarded, and with the same step size kept: near 0 that one is too long in each of the models. */
START_TEST(small)
{
    static const char *const names[MODELS] = {"pca", "halfspaces", "phase", "factors", "network"};
    const struct guarded *g = &on_small[_i % METHODS];
    struct model m;
    model_init(&m, _i / METHODS, PLANT_NONE);
    saddle_objective *f = model_objective(&m, NULL);
    for (int64_t start = 0; start < STARTS; start++) {
        struct path p;
        double w[MODEL_MOST_DIM];
        small_start(&m, start, w);
        run(f, g, 0.0, "", start, w, &p);
        p.least = least_of(f, w);
        expect_good(names[m.kind], start, &p);
        if (start == 1 && g->method != SADDLE_METHOD_NGD) {
            small_start(&m, start, w);
            run(f, g, p.eta_first, "max_steps=400", start, w, &p);
            p.least = says(&p) ? least_of(f, w) : p.least;
            print_path("not guarded", start, &p);
            ck_assert_ptr_nonnull(fault_of(&p));
        }
    }
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chosen_steps");
    TCase *c = tcase_create("chosen_steps");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, pca, 0, METHODS);
    tcase_add_loop_test(c, pca_pgd_comes_back, 0, SEEDS);
    tcase_add_loop_test(c, network, 0, METHODS);
    tcase_add_test(c, network_pgd_comes_back);
    tcase_add_test(c, the_step_size_of_the_start_alone_is_found_out);
    tcase_add_loop_test(c, false_certificates_are_found_out, 0, 2);
    tcase_add_loop_test(c, small, 0, MODELS * METHODS);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
