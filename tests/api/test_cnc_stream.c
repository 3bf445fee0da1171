/* SPDX-License-Identifier: BSD-3-Clause */
/* The CNC check of a stream: which draws it takes, what it says from them, and what the failures of its calls leave. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <math.h>

enum { DIM = 3, MOST_DIM = 10, WAYS = 5, MOST_CALLS = 40000 };

/* f_z(w) = (-c_z w_0^2 + w_1^2)/2 + b_z w_0, b_z = +-1, c_z = 1 or 3 by other bits of z, and what it was asked for. */
struct diary {
    int64_t slopes, products;
    int64_t slope[MOST_CALLS], product[MOST_CALLS];
};

static double push(int64_t z)
{
    return z & 1 ? 1.0 : -1.0;
}

static double curvature(int64_t z)
{
    return z & 2 ? 3.0 : 1.0;
}

static int diary_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct diary *d = user;
    g[0] = push(b->index[0]) - curvature(b->index[0]) * w[0];
    g[1] = w[1];
    d->slope[d->slopes++] = b->index[0];
    return b->count != 1;
}

static int diary_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct diary *d = user;
    (void)w;
    product[0] = 0.0;
    product[1] = v[1];
    for (int64_t i = 0; i < b->count; i++) {
        product[0] -= curvature(b->index[i]) * v[0] / (double)b->count;
        d->product[d->products++ % MOST_CALLS] = b->index[i];
    }
    return 0;
}

static int64_t draw(uint64_t seed, uint64_t step, int64_t i)
{
    const saddle_random_stream s = {seed, 9, step};
    uint32_t r[4];
    EXPECT_OK(saddle_random_bits(&s, (uint64_t)i / 2, r));
    return (int64_t)(((uint64_t)r[i % 2 * 2] | (uint64_t)r[i % 2 * 2 + 1] << 32) >> 1);
}

static saddle_options *options(const char *samples, const char *gamma, const char *bound)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_text(o, "eigen_tol", "1e-8"));
    EXPECT_OK(saddle_options_set_text(o, "cnc_samples", samples));
    EXPECT_OK(saddle_options_set_text(o, "cnc_gamma", gamma));
    EXPECT_OK(saddle_options_set_text(o, "cnc_bound", bound));
    return o;
}

START_TEST(draws_of_the_hessian_and_of_the_slopes)
{
    static struct diary d;
    static const char *const samples[] = {"0", "100", "3000"};
    static const int64_t count[] = {1024, 100, 3000};
    const double w[2] = {0.0, 0.0};
    for (int k = 0; k < 3; k++) {
        double v[2], sum = 0.0;
        saddle_cnc c = {.struct_size = (int64_t)sizeof c};
        saddle_objective *f = NULL;
        saddle_options *o = options(samples[k], "1.5", "0");
        EXPECT_OK(saddle_objective_create(NULL, 2, SADDLE_STREAM, &d, &f));
        EXPECT_OK(saddle_objective_set_gradient(f, diary_gradient));
        EXPECT_OK(saddle_objective_set_hessvec(f, diary_hessvec));
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, 7));
        d.slopes = d.products = 0;
        EXPECT_OK(saddle_cnc_check(f, w, o, v, &c));
        ck_assert_int_eq(d.slopes, count[k]); /* m_1 = 1 is below gamma: no sample decides that without a bound */
        ck_assert_int_eq(d.products, c.products * count[k]);
        for (int64_t i = 0; i < count[k]; i++) {
            ck_assert_int_eq(d.slope[i], draw(7, 1, i));
            ck_assert_int_eq(d.product[i], draw(7, 2, i));
            ck_assert_int_eq(d.product[count[k] + i], draw(7, 2, i)); /* the same in every product */
            sum += curvature(draw(7, 2, i)) / (double)count[k];
        }
        ck_assert_double_eq_tol(c.lambda_min, -sum, 1e-12); /* of the Hessian of these draws */
        ck_assert_double_eq_tol(fabs(v[0]), 1.0, 1e-12);
        ck_assert_double_eq_tol(c.second_moment, 1.0, 1e-12);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_UNDECIDED);
        ck_assert_int_eq(c.exact, 0);
        ck_assert_int_eq(c.samples, count[k]);
        ck_assert_int_eq(c.gradients, count[k]);
        ck_assert(c.lower > 0.3 && c.lower < 1.0 && isinf(c.upper));
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
    }
}
END_TEST

/* Gradients and differences of them; value_gradient alone; with Hessian products; with slopes; with both. */
static void init(struct problem *p, int64_t dim, int way)
{
    problem_init(p, dim, SADDLE_STREAM, 64, way == 1 ? TOGETHER : GRADIENT_ONLY);
    p->second = way == 2 ? WITH_HESSVEC : way == 3 ? WITH_SLOPES : way == 4 ? WITH_HESSVEC | WITH_SLOPES : 0;
}

static void point(const struct problem *p, double *w)
{
    for (int64_t j = 0; j < p->dim; j++) {
        w[j] = j == 0 ? 0.125 : 0.03125 * (double)j;
    }
}

/* E over the period of the tilts, which is 11, along w_0. */
static double expected(const double *w)
{
    double sum = 0.0;
    for (int64_t i = 0; i < 11; i++) {
        const double s = w[0] * w[0] * w[0] - w[0] + problem_tilt(i, 0);
        sum += s * s / 11.0;
    }
    return sum;
}

START_TEST(verdicts_on_a_stream)
{
    struct problem p;
    double w[DIM], v[DIM];
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    init(&p, DIM, _i);
    point(&p, w);
    const double m = expected(w);
    saddle_objective *f = problem_objective(&p, NULL);
    static const double factor[] = {0.25, 4.0, 4.0, 1.0};
    static const char *const bound[] = {"0", "0", "1", "1"};
    static const int64_t verdict[] = {SADDLE_VERDICT_HOLDS, SADDLE_VERDICT_UNDECIDED, SADDLE_VERDICT_FAILS, SADDLE_VERDICT_UNDECIDED};
    for (int k = 0; k < 4; k++) {
        saddle_options *o = options("2000", "0", bound[k]);
        EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_CNC_GAMMA, factor[k] * m));
        EXPECT_OK(saddle_cnc_check(f, w, o, v, &c));
        ck_assert_msg(c.verdict == verdict[k], "%d: [%g, %g] of %g, %d samples", k, c.lower, c.upper, factor[k] * m, (int)c.samples);
        ck_assert(c.lower <= m && m <= c.upper);
        ck_assert_double_eq_tol(fabs(v[0]), 1.0, 1e-7);
        ck_assert_double_eq_tol(c.lambda_min, 3.0 * w[0] * w[0] - 1.0, 1e-7);
        ck_assert_int_eq(c.samples < 2000, verdict[k] != SADDLE_VERDICT_UNDECIDED);
        ck_assert_int_eq(c.gradients, _i >= 3 && c.samples > 256 ? 256 : c.samples);
        saddle_options_destroy(o);
    }
    ck_assert_int_eq(p.broken, 0);
    saddle_objective_destroy(f);
}
END_TEST

/* Four eigenvalues -1 at 0, and one sample of each kind of draw. */
START_TEST(corners_of_a_stream)
{
    struct problem p;
    double w[MOST_DIM] = {0.0};
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    init(&p, MOST_DIM, _i);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = options("500", "0", "0");
    EXPECT_OK(saddle_cnc_check(f, w, o, NULL, &c));
    ck_assert_int_eq(c.multiplicity, 4);
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_UNDECIDED);
    ck_assert_int_eq(c.samples, 500);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_CNC_SAMPLES, 1));
    EXPECT_OK(saddle_cnc_check(f, w, o, NULL, &c));
    ck_assert(c.samples == 1 && c.exact == 0 && isnan(c.variance));
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(threads_and_failures_on_a_stream)
{
    saddle_cnc c[2];
    double w[DIM], v[2][DIM] = {{0.0}};
    memset(c, 0, sizeof c);
    for (int64_t threads = 1; threads <= 3; threads++) {
        struct problem p;
        saddle_context *x = NULL;
        const int at = threads > 1;
        init(&p, DIM, _i);
        p.threads = threads;
        point(&p, w);
        EXPECT_OK(saddle_context_create(NULL, &x));
        EXPECT_OK(saddle_context_set_threads(x, threads));
        saddle_objective *f = problem_objective(&p, x);
        saddle_options *o = options("150", "1", "0");
        c[at].struct_size = (int64_t)sizeof c[at];
        EXPECT_OK(saddle_cnc_check(f, w, o, v[at], &c[at]));
        EXPECT_SAME(&c[0], &c[at], sizeof c[0]);
        EXPECT_SAME(v[0], v[at], sizeof v[0]);
        const int64_t calls = p.calls;
        for (int64_t k = 1; k <= calls; k += calls / 30 + 1) {
            double untouched[DIM] = {7.0};
            saddle_cnc d = {.struct_size = (int64_t)sizeof d};
            p.calls = 0;
            p.fault = FAULT_CODE;
            p.fault_call = k;
            p.code = -7;
            EXPECT_FAIL(saddle_cnc_check(f, w, o, untouched, &d), SADDLE_E_CALLBACK, "callback returned -7 (gave up)");
            ck_assert(untouched[0] == 7.0 && d.samples == 0);
        }
        ck_assert_int_eq(p.broken, 0);
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
        saddle_context_destroy(x);
    }
}
END_TEST

START_TEST(any_allocation_of_a_stream_may_fail)
{
    int64_t failures = 0;
    for (int64_t k = 1;; k++) {
        struct memory m;
        struct problem p;
        double w[DIM], v[DIM];
        saddle_context *x = NULL;
        saddle_cnc c = {.struct_size = (int64_t)sizeof c};
        const saddle_allocator a = memory_allocator(&m, k % 2 != 0 ? 0xA5 : 0x5A);
        EXPECT_OK(saddle_context_create(&a, &x));
        init(&p, DIM, _i);
        point(&p, w);
        saddle_objective *f = problem_objective(&p, x);
        saddle_options *o = options("2500", "1", "0"); /* squares outgrow their room twice */
        m.fail_at = m.calls + k;
        const saddle_status s = saddle_cnc_check(f, w, o, v, &c);
        ck_assert(s == SADDLE_OK || s == SADDLE_E_MEMORY);
        failures += s == SADDLE_E_MEMORY;
        const int done = s == SADDLE_OK && m.calls < m.fail_at;
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
        saddle_context_destroy(x);
        ck_assert_int_eq(m.blocks, 0);
        ck_assert_int_eq(m.faults, 0);
        if (done) {
            break;
        }
    }
    ck_assert_int_gt(failures, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cnc_stream");
    TCase *t = tcase_create("cnc_stream");
    tcase_set_timeout(t, 100);
    tcase_add_test(t, draws_of_the_hessian_and_of_the_slopes);
    tcase_add_loop_test(t, verdicts_on_a_stream, 0, WAYS);
    tcase_add_loop_test(t, corners_of_a_stream, 0, WAYS);
    tcase_add_loop_test(t, threads_and_failures_on_a_stream, 0, WAYS);
    tcase_add_loop_test(t, any_allocation_of_a_stream_may_fail, 0, WAYS);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
