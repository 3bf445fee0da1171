/* SPDX-License-Identifier: BSD-3-Clause */
/* The constants of the theorems on functions where they are known. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 40, MANY = 5000 };

/* f_i(w) = sum_j d_j w_j^2/2 + c (a'w)^3/6 + sum_j slope_j w_j + s_i w_k, k = axis; s_i = +-noise (1 + growth i), in turns. With ||a|| = 1
 * rho is |c|, everywhere. */
struct sum {
    int64_t dim, samples;
    double d[MOST], a[MOST], slope[MOST];
    double c, noise, growth;
    int64_t axis;
    int64_t products, gradients, calls; /* gradients: samples */
    int64_t fault_call;                 /* of any callback, from 1; gradients fail from there on */
    int code;                           /* 0: NaN instead */
    unsigned char singles[MANY];        /* how often a sample came alone */
};

static double shift(const struct sum *q, int64_t i)
{
    return (i % 2 == 0 ? q->noise : -q->noise) * (1.0 + q->growth * (double)(i / 2));
}

static double inner(const struct sum *q, const double *w)
{
    double aw = 0.0;
    for (int64_t j = 0; j < q->dim; j++) {
        aw += q->a[j] * w[j];
    }
    return aw;
}

static int sum_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct sum *q = user;
    const double aw = inner(q, w);
    double mean = 0.0;
    q->calls++;
    q->gradients += b->count;
    for (int64_t k = 0; k < b->count; k++) {
        mean += shift(q, b->index[k]) / (double)b->count;
        q->singles[b->index[k]] = (unsigned char)(q->singles[b->index[k]] + (b->count == 1));
    }
    for (int64_t j = 0; j < q->dim; j++) {
        g[j] = q->d[j] * w[j] + 0.5 * q->c * aw * aw * q->a[j] + q->slope[j];
    }
    g[q->axis] += mean;
    if (q->fault_call > 0 && q->calls >= q->fault_call && q->code == 0) {
        g[0] = (double)NAN;
    }
    return q->fault_call > 0 && q->calls >= q->fault_call ? q->code : 0;
}

static int sum_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct sum *q = user;
    const double aw = inner(q, w), av = inner(q, v);
    (void)b;
    q->calls++;
    q->products++;
    for (int64_t j = 0; j < q->dim; j++) {
        product[j] = q->d[j] * v[j] + q->c * aw * av * q->a[j];
    }
    if (q->calls == q->fault_call && q->code == 0) {
        product[0] = (double)NAN;
    }
    return q->calls == q->fault_call ? q->code : 0;
}

static int sum_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    const struct sum *q = user;
    const double aw = inner(q, w);
    *value = q->c * aw * aw * aw / 6.0;
    for (int64_t j = 0; j < q->dim; j++) {
        *value += 0.5 * q->d[j] * w[j] * w[j] + q->slope[j] * w[j];
    }
    for (int64_t k = 0; k < b->count; k++) {
        *value += shift(q, b->index[k]) * w[q->axis] / (double)b->count;
    }
    return 0;
}

/* Eigenvalues -5 .. 3, no cubic term, no noise. */
static void init(struct sum *q, int64_t dim, int64_t samples)
{
    memset(q, 0, sizeof *q);
    q->dim = dim;
    q->samples = samples;
    for (int64_t j = 0; j < dim; j++) {
        q->d[j] = dim == 1 ? -5.0 : -5.0 + 8.0 * (double)j / (double)(dim - 1);
    }
}

static saddle_objective *objective(struct sum *q, saddle_context *c, int by_differences)
{
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(c, q->dim, q->samples, q, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, sum_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, by_differences ? NULL : sum_hessvec));
    return f;
}

static saddle_assumptions estimate(struct sum *q, const double *w, const saddle_options *o, int by_differences)
{
    saddle_assumptions a = {.struct_size = (int64_t)sizeof a};
    saddle_objective *f = objective(q, NULL, by_differences);
    EXPECT_OK(saddle_estimate_assumptions(f, w, o, &a));
    ck_assert_int_eq(a.struct_size, sizeof a);
    ck_assert(a.cnc_gamma == 0.0);
    saddle_objective_destroy(f);
    return a;
}

/* L is the larger end, whichever it is; a Hessian that does not change has no rho, whatever rounding says. */
START_TEST(a_quadratic)
{
    static const int64_t dims[] = {1, 2, 3, 10, MOST};
    static const double scales[] = {1.0, -1.0, 1e-6, -1e12};
    struct sum q;
    double w[MOST];
    for (int k = 0; k < 20; k++) {
        init(&q, dims[k / 4], 1);
        for (int64_t j = 0; j < q.dim; j++) {
            q.d[j] *= scales[k % 4];
            w[j] = 0.25 * (double)(j % 5) - 0.5;
        }
        const double l = 5.0 * fabs(scales[k % 4]);
        const saddle_assumptions a = estimate(&q, w, NULL, _i);
        ck_assert_double_ge(a.smoothness, 0.999 * l);
        ck_assert_double_le(a.smoothness, l * (1.0 + (_i ? 1e-8 : 1e-14))); /* a lower bound, up to the error of a product */
        ck_assert(a.hessian_lipschitz == 0.0);
        ck_assert(a.noise_sigma == 0.0 && a.value_gap == 0.0 && a.epsilon == 0.0);
        ck_assert(a.delta == 0.01);
    }
    init(&q, 7, 3); /* nothing at all */
    memset(q.d, 0, sizeof q.d);
    const saddle_assumptions none = estimate(&q, w, NULL, _i);
    ck_assert(none.smoothness == 0.0 && none.hessian_lipschitz == 0.0 && none.gradient_bound == 0.0);
}
END_TEST

/* An end of the spectrum next to 0 costs no products. */
START_TEST(products_are_few)
{
    struct sum q;
    const double w[MOST] = {0.0};
    init(&q, MOST, 1);
    for (int64_t j = 0; j < MOST; j++) {
        q.d[j] = j == 0 ? 0.0 : 1e-9 * (double)j + (j == MOST - 1 ? 1.0 : 0.0);
    }
    const saddle_assumptions a = estimate(&q, w, NULL, 0);
    ck_assert_double_eq_tol(a.smoothness, 1.0, 1e-3);
    ck_assert_int_le(q.products, 45); /* 20 of them for rho, which is 0 */
}
END_TEST

/* The cubic term bends along a: the gradient's direction, an extreme eigenvector, or none of these. */
START_TEST(a_cubic_term)
{
    struct sum q;
    const double w[MOST] = {0.0};
    const double tol = _i ? 1e-4 : 1e-9; /* the error of a product over h */
    init(&q, 10, 1);
    q.c = -2.5;
    q.slope[3] = 0.01; /* the gradient at 0 */
    q.a[3] = 1.0;
    ck_assert_double_eq_tol(estimate(&q, w, NULL, _i).hessian_lipschitz, 2.5, tol);
    for (int64_t end = 0; end < 10; end += 9) {
        memset(q.a, 0, sizeof q.a);
        q.a[end] = 1.0;
        ck_assert_double_eq_tol(estimate(&q, w, NULL, _i).hessian_lipschitz, 2.5, tol);
    }
    memset(q.a, 0, sizeof q.a);
    q.a[5] = 0.6;
    q.a[6] = -0.8; /* seen by the random directions only, whose answers lead to it */
    ck_assert_double_eq_tol(estimate(&q, w, NULL, _i).hessian_lipschitz, 2.5, tol);
}
END_TEST

/* The same away from 0, and where numbers are large or small. */
START_TEST(a_cubic_term_anywhere)
{
    static const double scales[] = {1.0, 1e-8, 1e8};
    static const double distances[] = {1.0, 1e4};
    struct sum q;
    double w[MOST];
    for (int k = 0; k < 6; k++) {
        init(&q, 1, 1); /* every direction is the right one */
        const double s = scales[k % 3];
        w[0] = distances[k / 3];
        q.d[0] = -5.0 * s;
        q.a[0] = 1.0;
        q.c = 2.0 * s;
        const saddle_assumptions a = estimate(&q, w, NULL, _i);
        const double l = fabs(q.d[0] + q.c * w[0]);
        ck_assert_double_eq_tol(a.smoothness / l, 1.0, 1e-8);
        ck_assert_double_eq_tol(a.hessian_lipschitz / q.c, 1.0, _i ? 1e-3 : 1e-6);
    }
}
END_TEST

/* The length of w is beyond the range: nothing is said of rho, and w + h u is not asked for. */
START_TEST(the_end_of_the_range)
{
    struct sum q;
    double w[MOST];
    init(&q, 4, 1);
    for (int64_t j = 0; j < 4; j++) {
        w[j] = 1.5e308;
        q.d[j] = -1e-9 * (double)(j + 1);
    }
    const saddle_assumptions a = estimate(&q, w, NULL, 0);
    ck_assert_double_eq_tol(a.smoothness / 4e-9, 1.0, 1e-8);
    ck_assert(a.hessian_lipschitz == 0.0 && a.gradient_bound > 8e299);
}
END_TEST

/* sigma^2 = mean of s_i^2 where their sum is 0; ell is the largest gradient. */
START_TEST(noise_over_all_samples)
{
    struct sum q;
    const double w[MOST] = {0.0};
    static const int64_t samples[] = {2, 8, 1024};
    for (int k = 0; k < 3; k++) {
        init(&q, 5, samples[k]);
        q.noise = 0.5;
        q.growth = 0.125;
        q.axis = 2;
        q.slope[1] = 3.0;
        double squares = 0.0, largest = 0.0;
        for (int64_t i = 0; i < q.samples; i++) {
            squares += shift(&q, i) * shift(&q, i) / (double)q.samples;
            largest = fmax(largest, fabs(shift(&q, i)));
        }
        const saddle_assumptions a = estimate(&q, w, NULL, _i);
        ck_assert_double_eq_tol(a.noise_sigma / sqrt(squares), 1.0, 1e-12);
        ck_assert_double_eq_tol(a.gradient_bound / hypot(3.0, largest), 1.0, 1e-14);
        for (int64_t i = 0; i < q.samples; i++) {
            ck_assert_int_eq(q.singles[i], 1);
        }
    }
    init(&q, 5, 1); /* a single sample has no noise */
    q.noise = 0.5;
    const saddle_assumptions a = estimate(&q, w, NULL, _i);
    ck_assert(a.noise_sigma == 0.0 && a.gradient_bound == 0.5);
}
END_TEST

/* Of many samples 1024 are drawn, none twice, others for another seed. */
START_TEST(noise_over_many_samples)
{
    static struct sum q, other;
    const double w[MOST] = {0.0};
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    init(&q, 5, MANY);
    q.noise = 0.75;
    q.slope[1] = 1.0;
    saddle_assumptions a = estimate(&q, w, o, 0);
    ck_assert_double_eq_tol(a.noise_sigma, 0.75, 1e-14); /* all are equally far from the mean */
    ck_assert_double_eq_tol(a.gradient_bound, 1.25, 1e-14);
    other = q;
    memset(other.singles, 0, sizeof other.singles);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, 1));
    (void)estimate(&other, w, o, 0);
    int64_t drawn = 0, both = 0;
    for (int64_t i = 0; i < MANY; i++) {
        ck_assert_int_le(q.singles[i], 1);
        drawn += q.singles[i];
        both += q.singles[i] != 0 && other.singles[i] != 0;
    }
    ck_assert_int_eq(drawn, 1024);
    ck_assert_int_lt(both, 400); /* 210 expected, standard deviation 12 */
    q.growth = 1e-3; /* a mean over the draw: sigma itself is known to some per cent */
    double squares = 0.0;
    for (int64_t i = 0; i < MANY; i++) {
        squares += shift(&q, i) * shift(&q, i) / MANY;
    }
    memset(q.singles, 0, sizeof q.singles);
    a = estimate(&q, w, o, 0);
    ck_assert_double_eq_tol(a.noise_sigma / sqrt(squares), 1.0, 0.1);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(what_the_options_say)
{
    struct sum q;
    double w[MOST] = {0.0};
    saddle_options *o = NULL;
    saddle_assumptions a = {.struct_size = (int64_t)sizeof a};
    init(&q, 4, 6);
    w[3] = 2.0; /* f = 3 * 4/2 */
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EPS_GRADIENT, 0.125));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_DELTA, 0.25));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_TARGET_VALUE, -4.5));
    saddle_objective *f = objective(&q, NULL, 0);
    EXPECT_FAIL(saddle_estimate_assumptions(f, w, o, &a), SADDLE_E_MISSING, "target_value needs values");
    ck_assert_int_eq(q.calls, 0);
    EXPECT_OK(saddle_objective_set_value(f, sum_value));
    EXPECT_OK(saddle_estimate_assumptions(f, w, o, &a));
    ck_assert(a.epsilon == 0.125 && a.delta == 0.25);
    ck_assert_double_eq_tol(a.value_gap, 10.5, 1e-14);
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_TARGET_VALUE, 7.0)); /* no bound of f */
    EXPECT_OK(saddle_estimate_assumptions(f, w, o, &a));
    ck_assert(a.value_gap == 0.0);
    EXPECT_OK(saddle_objective_set_value(f, NULL)); /* nothing is kept: the setters stay open */
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(arguments_are_checked)
{
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    struct {
        saddle_assumptions a;
        int64_t more[2];
    } out;
    problem_init(&p, 3, 5, 2, SEPARATE);
    saddle_objective *f = problem_objective(&p, NULL);
    memset(&out, 0x5a, sizeof out);
    EXPECT_FAIL(saddle_estimate_assumptions(NULL, w, NULL, &out.a), SADDLE_E_ARGUMENT,
                "saddle_estimate_assumptions: the objective is NULL");
    EXPECT_FAIL(saddle_estimate_assumptions(f, NULL, NULL, &out.a), SADDLE_E_ARGUMENT, "assumptions: w is NULL");
    EXPECT_FAIL(saddle_estimate_assumptions(f, w, NULL, NULL), SADDLE_E_ARGUMENT, "assumptions: a is NULL");
    static const int64_t bad[] = {0, -8, 8, (int64_t)sizeof(saddle_assumptions) - 8, 65537};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        out.a.struct_size = bad[i];
        EXPECT_FAIL(saddle_estimate_assumptions(f, w, NULL, &out.a), SADDLE_E_STRUCT_SIZE, "sizeof(saddle_assumptions)");
    }
    out.a.struct_size = (int64_t)sizeof out.a;
    w[0] = (double)NAN;
    EXPECT_FAIL(saddle_estimate_assumptions(f, w, NULL, &out.a), SADDLE_E_NOT_FINITE, "assumptions: entry 0 of w is nan");
    w[0] = 0.5;
    ck_assert_int_eq(p.calls, 0);
    out.a.struct_size = (int64_t)sizeof out;
    EXPECT_OK(saddle_estimate_assumptions(f, w, NULL, &out.a));
    ck_assert_int_eq(out.a.struct_size, sizeof out.a);
    ck_assert_int_eq(out.more[0], INT64_C(0x5a5a5a5a5a5a5a5a));
    saddle_objective_destroy(f);
    EXPECT_OK(saddle_objective_create(NULL, 3, 5, &p, &f));
    EXPECT_OK(saddle_objective_set_hessvec(f, problem_hessvec));
    EXPECT_FAIL(saddle_estimate_assumptions(f, w, NULL, &out.a), SADDLE_E_MISSING, "needs gradients");
    saddle_objective_destroy(f);
    EXPECT_OK(saddle_objective_create(NULL, 3, SADDLE_STREAM, &p, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, problem_gradient));
    EXPECT_FAIL(saddle_estimate_assumptions(f, w, NULL, &out.a), SADDLE_E_UNSUPPORTED, "needs all samples");
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(any_call_of_a_callback_may_fail)
{
    static const int codes[] = {1, 7, 0};
    struct memory m;
    struct sum q;
    double w[MOST] = {0.0};
    saddle_context *c = NULL;
    saddle_assumptions a = {.struct_size = (int64_t)sizeof a}, b;
    const saddle_allocator allocator = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&allocator, &c));
    init(&q, 6, 5);
    q.noise = 0.5;
    q.c = 1.0;
    q.a[1] = 1.0;
    saddle_objective *f = objective(&q, c, _i);
    EXPECT_OK(saddle_estimate_assumptions(f, w, NULL, &a));
    const int64_t calls = q.calls, blocks = m.blocks;
    ck_assert_int_gt(calls, 30);
    for (int64_t k = 1; k <= calls; k++) {
        for (int j = 0; j < 3; j++) {
            q.calls = 0;
            q.fault_call = k;
            q.code = codes[j];
            memset(&b, 0x5a, sizeof b);
            b.struct_size = (int64_t)sizeof b;
            const saddle_status s = saddle_estimate_assumptions(f, w, NULL, &b);
            ck_assert_int_eq(s, j < 2 ? SADDLE_E_CALLBACK : SADDLE_E_NOT_FINITE);
            EXPECT_MESSAGE(j == 0 ? "returned 1 (cannot be" : j == 1 ? "returned 7 (gave up)" : "entry 0 of the ");
            ck_assert(q.calls == k || (_i && j != 1 && q.calls > k)); /* a shorter h is tried after the code 1 and NaN */
            unsigned char untouched[sizeof b.smoothness];
            memset(untouched, 0x5a, sizeof untouched);
            EXPECT_SAME(&b.smoothness, untouched, sizeof untouched);
            ck_assert_int_eq(m.blocks, blocks);
        }
        q.fault_call = 0;
        EXPECT_OK(saddle_estimate_assumptions(f, w, NULL, &b));
        EXPECT_SAME(&a, &b, sizeof a);
    }
    for (int64_t k = 1;; k++) {
        m.fail_at = m.calls + k;
        const saddle_status s = saddle_estimate_assumptions(f, w, NULL, &b);
        if (s == SADDLE_OK) {
            ck_assert_int_gt(k, 4);
            break;
        }
        ck_assert_int_eq(s, SADDLE_E_MEMORY);
        ck_assert_int_eq(m.blocks, blocks);
    }
    EXPECT_SAME(&a, &b, sizeof a);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

START_TEST(threads_and_rounding_modes_give_the_same_bits)
{
    static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    saddle_assumptions one = {.struct_size = (int64_t)sizeof one}, a = one;
    for (int k = 0; k < 4; k++) {
        struct problem p;
        double w[10];
        saddle_context *c = NULL;
        EXPECT_OK(saddle_context_create(NULL, &c));
        EXPECT_OK(saddle_context_set_threads(c, k + 1));
        problem_init(&p, 10, 9, 2, SEPARATE);
        p.second = _i ? 0 : WITH_HESSVEC;
        p.threads = k + 1;
        problem_start(&p, w);
        saddle_objective *f = problem_objective(&p, c);
        ck_assert_int_eq(fesetround(modes[k]), 0);
        const saddle_status s = saddle_estimate_assumptions(f, w, NULL, k == 0 ? &one : &a);
        const int mode = fegetround();
        (void)fesetround(FE_TONEAREST);
        EXPECT_OK(s);
        ck_assert_int_eq(mode, modes[k]);
        ck_assert_int_eq(p.broken, 0); /* every w had an id of its own, too */
        if (k > 0) {
            EXPECT_SAME(&one, &a, sizeof a);
        }
        saddle_objective_destroy(f);
        saddle_context_destroy(c);
    }
    ck_assert(one.smoothness > 0.9 && one.hessian_lipschitz > 0.01 && one.noise_sigma > 0.0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("assumptions");
    TCase *c = tcase_create("assumptions");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_quadratic, 0, 2);
    tcase_add_test(c, products_are_few);
    tcase_add_loop_test(c, a_cubic_term, 0, 2);
    tcase_add_loop_test(c, a_cubic_term_anywhere, 0, 2);
    tcase_add_test(c, the_end_of_the_range);
    tcase_add_loop_test(c, noise_over_all_samples, 0, 2);
    tcase_add_test(c, noise_over_many_samples);
    tcase_add_test(c, what_the_options_say);
    tcase_add_test(c, arguments_are_checked);
    tcase_add_loop_test(c, any_call_of_a_callback_may_fail, 0, 2);
    tcase_add_loop_test(c, threads_and_rounding_modes_give_the_same_bits, 0, 2);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
