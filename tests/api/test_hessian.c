/* SPDX-License-Identifier: BSD-3-Clause */
/* Eigenpairs and density of an objective's Hessian: with and without a hessvec callback, threads, a w that changes, failures. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <math.h>
#include <stdlib.h>

enum { DIM = 10, SAMPLES = 11, GRAIN = 2 };

/* Over 11 samples the tilts of the problem cancel: grad f(0) = 0, H(w) = diag(3 w_j^2 - c_j), c = 1, -1/2, -1/2, 1, ... */
static void init(struct problem *p, int by_differences)
{
    problem_init(p, DIM, SAMPLES, GRAIN, SEPARATE);
    p->second = by_differences ? 0 : WITH_HESSVEC;
}

static void spread(double *w)
{
    for (int64_t j = 0; j < DIM; j++) {
        w[j] = 0.1 * (double)(j + 1);
    }
}

/* The smallest entry of the Hessian's diagonal, with its place. */
static double exact(const double *w, int64_t *place)
{
    double least = (double)INFINITY;
    for (int64_t j = 0; j < DIM; j++) {
        const double entry = 3.0 * w[j] * w[j] - problem_curvature(j);
        if (entry < least) {
            least = entry;
            *place = j;
        }
    }
    return least;
}

START_TEST(the_hessian_is_that_of_the_moment)
{
    struct problem p;
    double w[DIM], v[DIM];
    int64_t place = -1;
    saddle_lanczos *l = NULL;
    saddle_eigen e = {.struct_size = (int64_t)sizeof e};
    init(&p, _i);
    spread(w);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_OK(saddle_lanczos_create_hessian(f, w, NULL, &l));
    for (int k = 0; k < 4; k++) {
        w[0] = 0.3 * (double)k;
        w[3] = 0.95 - 0.2 * (double)k; /* the smallest changes its place */
        EXPECT_OK(saddle_lanczos_run(l));
        EXPECT_OK(saddle_lanczos_pair(l, 0, v, &e));
        ck_assert_double_eq_tol(e.value, exact(w, &place), 1e-8);
        ck_assert_double_eq_tol(fabs(v[place]), 1.0, 1e-5);
        ck_assert_int_eq(e.converged, 1);
    }
    ck_assert_int_eq(p.broken, 0); /* every w had an id of its own */
    w[2] = (double)NAN;
    EXPECT_FAIL(saddle_lanczos_run(l), SADDLE_E_NOT_FINITE, "saddle_lanczos_run: entry 2 of w is nan");
    ck_assert_int_eq(saddle_lanczos_count(l), 0);
    w[2] = 0.3;
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(saddle_lanczos_count(l), 1);
    saddle_lanczos_destroy(l);
    saddle_objective_destroy(f);
}
END_TEST

/* Everything that is public, in one struct. */
struct seen {
    saddle_eigen pair[4], least;
    double vector[4][DIM], v[DIM], lambda[50], density[50];
};

static void look(saddle_context *c, struct problem *p, const double *w, struct seen *s)
{
    saddle_lanczos *l = NULL;
    saddle_options *o = NULL;
    saddle_objective *f = problem_objective(p, c);
    memset(s, 0, sizeof *s);
    EXPECT_OK(saddle_options_create(c, &o));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_EIGENVALUES, 2));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_WHICH, SADDLE_WHICH_BOTH));
    EXPECT_OK(saddle_lanczos_create_hessian(f, w, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(saddle_lanczos_count(l), 4);
    for (int64_t i = 0; i < 4; i++) {
        s->pair[i].struct_size = (int64_t)sizeof s->pair[i];
        EXPECT_OK(saddle_lanczos_pair(l, i, s->vector[i], &s->pair[i]));
    }
    s->least.struct_size = (int64_t)sizeof s->least;
    EXPECT_OK(saddle_lambda_min(f, w, o, s->v, &s->least));
    EXPECT_OK(saddle_spectral_density(f, w, o, 50, s->lambda, s->density));
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}

START_TEST(threads_give_the_same_bits)
{
    struct problem p;
    struct seen alone, s;
    double w[DIM];
    spread(w);
    for (int64_t threads = 1; threads <= 4; threads++) {
        saddle_context *c = NULL;
        EXPECT_OK(saddle_context_create(NULL, &c));
        EXPECT_OK(saddle_context_set_threads(c, threads));
        init(&p, _i);
        p.threads = threads;
        look(c, &p, w, threads == 1 ? &alone : &s);
        ck_assert_int_eq(p.broken, 0);
        saddle_context_destroy(c);
        if (threads > 1) {
            EXPECT_SAME(&alone, &s, sizeof s);
        }
    }
}
END_TEST

START_TEST(the_callers_rounding_mode_does_not_matter)
{
    static const int modes[] = {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    struct problem p;
    struct seen plain, s;
    double w[DIM];
    spread(w);
    init(&p, _i);
    look(NULL, &p, w, &plain);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(fesetround(modes[k]), 0);
        look(NULL, &p, w, &s);
        const int mode = fegetround();
        (void)fesetround(FE_TONEAREST);
        ck_assert_int_eq(mode, modes[k]);
        EXPECT_SAME(&plain, &s, sizeof s);
    }
}
END_TEST

/* A difference of gradients is good to 1e-9 of the norm. */
START_TEST(differences_stand_in_for_the_callback)
{
    struct problem p;
    struct seen by_callback, s;
    double w[DIM];
    spread(w);
    init(&p, 0);
    look(NULL, &p, w, &by_callback);
    ck_assert_int_eq(p.gradient_samples, 0);
    ck_assert_int_gt(p.hessvec_samples, 0);
    init(&p, 1);
    look(NULL, &p, w, &s);
    ck_assert_int_eq(p.hessvec_samples, 0);
    ck_assert_int_eq(p.value_samples, 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_double_eq_tol(s.pair[i].value, by_callback.pair[i].value, 4e-9);
    }
    ck_assert_double_eq_tol(s.least.value, by_callback.least.value, 4e-9);
}
END_TEST

/* One hessvec call of SAMPLES samples for each product that is told; or two gradients, and two more for the first and for the last, whose
 * errors are measured. */
START_TEST(products_are_counted)
{
    struct problem p;
    double w[DIM];
    saddle_eigen e = {.struct_size = (int64_t)sizeof e};
    spread(w);
    for (int by_differences = 0; by_differences < 2; by_differences++) {
        init(&p, by_differences);
        saddle_objective *f = problem_objective(&p, NULL);
        EXPECT_OK(saddle_lambda_min(f, w, NULL, NULL, &e));
        ck_assert_int_ge(e.products, 2);
        ck_assert_int_eq(p.hessvec_samples, by_differences ? 0 : e.products * SAMPLES);
        ck_assert_int_eq(p.gradient_samples, by_differences ? 2 * (e.products + 2) * SAMPLES : 0);
        saddle_objective_destroy(f);
    }
}
END_TEST

START_TEST(the_smallest_eigenvalue_in_one_call)
{
    struct problem p;
    double w[DIM], v[DIM];
    int64_t place = -1;
    saddle_options *o = NULL;
    saddle_eigen e = {.struct_size = (int64_t)sizeof e};
    init(&p, _i);
    spread(w);
    const double least = exact(w, &place);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_EIGENVALUES, 4000)); /* these two are not read */
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_WHICH, SADDLE_WHICH_LARGEST));
    static const int64_t bases[] = {0, 1, 7, 8, 10, 16000};
    for (int k = 0; k < 6; k++) {
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, bases[k]));
        EXPECT_OK(saddle_lambda_min(f, w, o, v, &e));
        ck_assert_double_eq_tol(e.value, least, 1e-8);
        ck_assert_double_eq_tol(fabs(v[place]), 1.0, 1e-5);
        ck_assert_double_eq_tol(v[0] * v[0] + v[place] * v[place], 1.0 + (place == 0 ? v[0] * v[0] : 0.0), 1e-5);
        const double slack = _i == 0 ? 1e-14 : 4e-9; /* the interval is that of the operator, here of differences */
        ck_assert(e.lower <= least + slack && e.upper >= least - slack && e.converged == 1);
        const double with_vector = e.value;
        EXPECT_OK(saddle_lambda_min(f, w, o, NULL, &e));
        ck_assert(e.value == with_vector);
    }
    ck_assert_int_eq(p.broken, 0);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(lambda_min_checks_its_arguments)
{
    struct problem p;
    double w[DIM], v[DIM] = {7.0};
    struct {
        saddle_eigen e;
        int64_t more[2];
    } out;
    init(&p, 0);
    spread(w);
    saddle_objective *f = problem_objective(&p, NULL);
    memset(&out, 0x5a, sizeof out);
    EXPECT_FAIL(saddle_lambda_min(NULL, w, NULL, v, &out.e), SADDLE_E_ARGUMENT, "saddle_lambda_min: the objective is NULL");
    EXPECT_FAIL(saddle_lambda_min(f, NULL, NULL, v, &out.e), SADDLE_E_ARGUMENT, "saddle_lambda_min: w is NULL");
    EXPECT_FAIL(saddle_lambda_min(f, w, NULL, v, NULL), SADDLE_E_ARGUMENT, "saddle_lambda_min: out is NULL");
    static const int64_t bad[] = {0, -8, 8, (int64_t)sizeof(saddle_eigen) - 8, 65537};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        out.e.struct_size = bad[i];
        EXPECT_FAIL(saddle_lambda_min(f, w, NULL, v, &out.e), SADDLE_E_STRUCT_SIZE, "sizeof(saddle_eigen)");
    }
    out.e.struct_size = (int64_t)sizeof out.e;
    w[4] = (double)NAN;
    EXPECT_FAIL(saddle_lambda_min(f, w, NULL, v, &out.e), SADDLE_E_NOT_FINITE, "saddle_lambda_min: entry 4 of w is nan");
    w[4] = 0.5;
    ck_assert_int_eq(p.calls, 0); /* all that is told before the work */
    ck_assert_double_eq(v[0], 7.0);
    ck_assert_int_eq(out.e.products, INT64_C(0x5a5a5a5a5a5a5a5a));
    out.e.struct_size = (int64_t)sizeof out;
    EXPECT_OK(saddle_lambda_min(f, w, NULL, v, &out.e));
    ck_assert_int_eq(out.e.struct_size, sizeof out.e);
    ck_assert_int_eq(out.more[0], INT64_C(0x5a5a5a5a5a5a5a5a));
    EXPECT_OK(saddle_objective_set_hessvec(f, problem_hessvec)); /* nothing is kept: the setters stay open */
    saddle_objective_destroy(f);
    EXPECT_OK(saddle_objective_create(NULL, DIM, SAMPLES, &p, &f));
    EXPECT_OK(saddle_objective_set_value(f, problem_value));
    EXPECT_FAIL(saddle_lambda_min(f, w, NULL, v, &out.e), SADDLE_E_MISSING, "saddle_lambda_min needs");
    saddle_objective_destroy(f);
    EXPECT_OK(saddle_objective_create(NULL, DIM, SADDLE_STREAM, &p, &f));
    EXPECT_OK(saddle_objective_set_hessvec(f, problem_hessvec));
    EXPECT_FAIL(saddle_lambda_min(f, w, NULL, v, &out.e), SADDLE_E_UNSUPPORTED, "saddle_lambda_min needs all samples");
    EXPECT_FAIL(saddle_spectral_density(f, w, NULL, 2, v, v), SADDLE_E_UNSUPPORTED, "saddle_spectral_density needs all");
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(the_density_checks_its_arguments)
{
    struct problem p;
    double w[DIM], lambda[3] = {7.0, 7.0, 7.0}, density[3] = {7.0, 7.0, 7.0};
    init(&p, 0);
    spread(w);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_FAIL(saddle_spectral_density(NULL, w, NULL, 3, lambda, density), SADDLE_E_ARGUMENT,
                "saddle_spectral_density: the objective is NULL");
    EXPECT_FAIL(saddle_spectral_density(f, NULL, NULL, 3, lambda, density), SADDLE_E_ARGUMENT, "density: w is NULL");
    EXPECT_FAIL(saddle_spectral_density(f, w, NULL, 3, NULL, density), SADDLE_E_ARGUMENT, "density: lambda is NULL");
    EXPECT_FAIL(saddle_spectral_density(f, w, NULL, 3, lambda, NULL), SADDLE_E_ARGUMENT, "density: density is NULL");
    static const int64_t bad[] = {1, 0, -1, INT64_MIN};
    for (int i = 0; i < 4; i++) {
        EXPECT_FAIL(saddle_spectral_density(f, w, NULL, bad[i], lambda, density), SADDLE_E_ARGUMENT, "below 2");
    }
    w[9] = (double)INFINITY;
    EXPECT_FAIL(saddle_spectral_density(f, w, NULL, 3, lambda, density), SADDLE_E_NOT_FINITE, "entry 9 of w is inf");
    w[9] = 1.0;
    ck_assert_int_eq(p.calls, 0);
    ck_assert(lambda[0] == 7.0 && density[2] == 7.0);
    EXPECT_OK(saddle_spectral_density(f, w, NULL, 2, lambda, density));
    ck_assert(lambda[0] < lambda[1] && lambda[2] == 7.0 && density[2] == 7.0);
    saddle_objective_destroy(f);
}
END_TEST

/* At 0 the spectrum is -1 (4 of 10) and 1/2 (6 of 10). */
START_TEST(the_density_has_mass_where_the_eigenvalues_are)
{
    enum { POINTS = 2001 };
    struct problem p;
    const double w[DIM] = {0.0};
    double *lambda = malloc(POINTS * sizeof *lambda), *density = malloc(POINTS * sizeof *density);
    saddle_options *o = NULL;
    double all = 0.0, negative = 0.0;
    init(&p, _i);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_PRODUCTS, 50));
    EXPECT_OK(saddle_spectral_density(f, w, o, POINTS, lambda, density));
    ck_assert_double_lt(lambda[0], -1.0);
    ck_assert_double_gt(lambda[POINTS - 1], 0.5);
    const double step = (lambda[POINTS - 1] - lambda[0]) / (POINTS - 1);
    for (int i = 0; i < POINTS; i++) {
        ck_assert_double_eq_tol(lambda[i], lambda[0] + step * i, 1e-12);
        ck_assert_double_ge(density[i], 0.0);
        all += density[i] * step;
        negative += lambda[i] < -0.25 ? density[i] * step : 0.0;
        if (fabs(lambda[i] + 1.0) > 0.1 && fabs(lambda[i] - 0.5) > 0.1) {
            ck_assert_double_le(density[i], 1e-6);
        }
    }
    ck_assert_double_eq_tol(all, 1.0, 0.005);
    ck_assert_double_eq_tol(negative, 0.4, 0.25); /* the mean over 10 probes: standard deviation below .07 */
    const int64_t samples = _i ? p.gradient_samples / 2 : p.hessvec_samples;
    ck_assert_int_le(samples, 50 * SAMPLES);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(lambda);
    free(density);
}
END_TEST

/* The calls that can fail: 0 a run, 1 lambda_min, 2 the density. */
static saddle_status ask(int what, saddle_objective *f, saddle_lanczos *l, const double *w)
{
    double x[DIM] = {0.0}, y[DIM] = {0.0};
    saddle_eigen e = {.struct_size = (int64_t)sizeof e};
    return what == 0   ? saddle_lanczos_run(l)
           : what == 1 ? saddle_lambda_min(f, w, NULL, x, &e)
                       : saddle_spectral_density(f, w, NULL, DIM, x, y);
}

START_TEST(any_call_of_the_callback_may_fail)
{
    static const int codes[] = {1, 7, -1};
    struct memory m;
    struct problem p;
    double w[DIM];
    saddle_context *c = NULL;
    saddle_lanczos *l = NULL;
    const int what = _i / 2, by_differences = _i % 2;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    spread(w);
    init(&p, by_differences);
    saddle_objective *f = problem_objective(&p, c);
    EXPECT_OK(saddle_lanczos_create_hessian(f, w, NULL, &l));
    EXPECT_OK(ask(what, f, l, w));
    const int64_t calls = p.calls, blocks = m.blocks;
    for (int64_t k = 1; k <= calls; k += k < 40 || k > calls - 10 ? 1 : 17) {
        static const int faults[] = {FAULT_CODE, FAULT_CODE, FAULT_CODE, FAULT_ENTRY, FAULT_UNWRITTEN_ENTRY};
        for (int j = 0; j < 5; j++) {
            p.calls = 0;
            p.fault_call = k;
            p.for_ever = by_differences; /* a shorter h would do */
            p.fault = faults[j];
            p.code = codes[j % 3];
            p.bad = (double)NAN;
            p.entry = faults[j] == FAULT_UNWRITTEN_ENTRY ? DIM - 1 : 4;
            const saddle_status s = ask(what, f, l, w);
            ck_assert_int_eq(s, faults[j] == FAULT_CODE ? SADDLE_E_CALLBACK : SADDLE_E_NOT_FINITE);
            EXPECT_MESSAGE(by_differences ? "gradient" : faults[j] == FAULT_CODE ? "hessvec" : "Hessian");
            EXPECT_MESSAGE(j == 0                   ? "returned 1 (cannot be evaluated at this w)"
                           : j == 1                 ? "returned 7 (gave up)"
                           : faults[j] == FAULT_CODE ? "returned -1 (gave up)"
                                                    : "is nan");
            ck_assert_int_eq(saddle_lanczos_count(l), what == 0 ? 0 : saddle_lanczos_count(l));
            ck_assert_int_eq(m.blocks, blocks);
        }
        p.fault = FAULT_NONE;
        EXPECT_OK(ask(what, f, l, w));
    }
    ck_assert_int_eq(p.broken, 0);
    saddle_lanczos_destroy(l);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    const int what = _i / 2, by_differences = _i % 2;
    int64_t failures = 0;
    for (int64_t k = 1;; k++) {
        struct memory m;
        struct problem p;
        double w[DIM];
        saddle_context *c = NULL;
        saddle_lanczos *l = NULL;
        const saddle_allocator a = memory_allocator(&m, k % 2 != 0 ? 0xA5 : 0x5A);
        EXPECT_OK(saddle_context_create(&a, &c));
        EXPECT_OK(saddle_context_set_threads(c, 2));
        spread(w);
        init(&p, by_differences);
        p.threads = 2;
        saddle_objective *f = problem_objective(&p, c);
        EXPECT_OK(saddle_lanczos_create_hessian(f, w, NULL, &l));
        m.fail_at = m.calls + k;
        const saddle_status s = ask(what, f, l, w);
        if (s != SADDLE_OK) {
            failures++;
            ck_assert_int_eq(s, SADDLE_E_MEMORY);
            EXPECT_OK(ask(what, f, l, w));
        }
        const int refused = m.refused > 0;
        saddle_lanczos_destroy(l);
        saddle_objective_destroy(f);
        saddle_context_destroy(c);
        ck_assert_int_eq(m.blocks, 0);
        ck_assert_int_eq(m.faults, 0);
        if (!refused) {
            break;
        }
    }
    ck_assert_int_ge(failures, 3);
}
END_TEST

/* It keeps alive what it needs, and gives it back. */
START_TEST(the_order_of_destruction_does_not_matter)
{
    struct memory m;
    struct problem p;
    double w[7];
    saddle_context *c = NULL;
    saddle_options *o = NULL;
    saddle_lanczos *l = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    EXPECT_OK(saddle_options_create(c, &o));
    problem_init(&p, 7, 5, 2, GRADIENT_ONLY);
    p.second = _i == 0 ? WITH_HESSVEC : 0;
    problem_start(&p, w);
    saddle_objective *f = problem_objective(&p, c);
    EXPECT_OK(saddle_objective_set_destructor(f, problem_destructor));
    EXPECT_OK(saddle_lanczos_create_hessian(f, w, o, &l));
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert_int_eq(p.destroyed, 0);
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(saddle_lanczos_count(l), 1);
    saddle_lanczos_destroy(l);
    ck_assert_int_eq(p.destroyed, 1);
    ck_assert_int_eq(p.broken, 0);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hessian");
    TCase *c = tcase_create("hessian");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, the_hessian_is_that_of_the_moment, 0, 2);
    tcase_add_loop_test(c, threads_give_the_same_bits, 0, 2);
    tcase_add_loop_test(c, the_callers_rounding_mode_does_not_matter, 0, 2);
    tcase_add_test(c, differences_stand_in_for_the_callback);
    tcase_add_test(c, products_are_counted);
    tcase_add_loop_test(c, the_smallest_eigenvalue_in_one_call, 0, 2);
    tcase_add_test(c, lambda_min_checks_its_arguments);
    tcase_add_test(c, the_density_checks_its_arguments);
    tcase_add_loop_test(c, the_density_has_mass_where_the_eigenvalues_are, 0, 2);
    tcase_add_loop_test(c, any_call_of_the_callback_may_fail, 0, 6);
    tcase_add_loop_test(c, any_allocation_may_fail, 0, 6);
    tcase_add_loop_test(c, the_order_of_destruction_does_not_matter, 0, 2);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
