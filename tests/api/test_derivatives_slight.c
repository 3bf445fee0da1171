/* SPDX-License-Identifier: BSD-3-Clause */
/* saddle_check_derivatives() on slight errors: which callback it blames, and when it says that it cannot tell. In single precision, where
 * a value stands still while w moves a little: right derivatives pass at any scale of f and of w, and errors of a hundredth are found. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <saddle/saddle.h>

enum { SAMPLES = 30, DIM = 6, SEEDS = 30, SCALES = 3, ALL = -1 };
enum kind { LOGISTIC, PHASE, POLYNOMIAL, OFFSET, KINDS };
static const double scales[SCALES] = {1e-4, 1.0, 1e4};

/* f(w) = height F(w/width), F a mean over samples. */
struct model_of {
    enum kind kind;
    int single;              /* every operation is rounded to single precision */
    double height, width;
    int entry;               /* of gradient and products, that has a relative error; or ALL */
    double error, twist;     /* of the gradient, of products */
    double x[SAMPLES][DIM];
};

static struct model_of model_of(enum kind kind, int single, double height, double width)
{
    struct model_of m = {.kind = kind, .single = single, .height = height, .width = width, .entry = ALL};
    for (uint64_t i = 0; i < SAMPLES; i++) {
        const saddle_random_stream s = {.seed = 11, .purpose = 210, .step = i};
        EXPECT_OK(saddle_random_normal(&s, 0, DIM, m.x[i]));
    }
    return m;
}

/* The result of an operation. */
static double r(const struct model_of *m, double x)
{
    return m->single ? (double)(float)x : x;
}

static double product_of(const struct model_of *m, const double *x, const double *y)
{
    double sum = 0.0;
    for (int j = 0; j < DIM; j++) {
        sum = r(m, sum + r(m, r(m, x[j]) * y[j]));
    }
    return sum;
}

/* F of a sample and its derivatives, as functions of t = <x, w>. */
static double part(const struct model_of *m, int64_t z, double t, double *first, double *second)
{
    if (m->kind == LOGISTIC) {
        const double sign = z % 2 == 0 ? 1.0 : -1.0, e = r(m, exp(-fabs(t))), s = r(m, 1.0 / r(m, 1.0 + e));
        const double p = sign * t > 0.0 ? r(m, 1.0 - s) : s;
        *first = -sign * p;
        *second = r(m, s * r(m, 1.0 - s));
        return r(m, r(m, log1p(e)) + fmax(0.0, -sign * t));
    }
    if (m->kind == POLYNOMIAL) {
        *first = r(m, t + 1.0);
        *second = 1.0;
        return r(m, r(m, 0.5 * r(m, t * t)) + t);
    }
    const double y = (double)(z % 3) + 0.5, tt = r(m, t * t), gap = r(m, tt - y);
    *first = r(m, gap * t);
    *second = r(m, 3.0 * tt - y);
    return r(m, r(m, 0.25 * r(m, gap * gap)) + (m->kind == OFFSET ? 100.0 : 0.0));
}

static void evaluate(const struct model_of *m, const saddle_batch *b, const double *at, const double *along, double *f, double *g,
                     double *hv)
{
    double w[DIM], v[DIM], sum = 0.0;
    const double a = r(m, m->height / (double)b->count), c = r(m, 1.0 / m->width);
    for (int j = 0; j < DIM; j++) {
        w[j] = r(m, r(m, at[j]) * c);
        v[j] = r(m, r(m, along[j]) * c);
        g[j] = hv[j] = 0.0;
    }
    for (int64_t k = 0; k < b->count; k++) {
        const double *x = m->x[b->index[k]];
        double first, second;
        sum = r(m, sum + part(m, b->index[k], product_of(m, x, w), &first, &second));
        const double turn = r(m, second * product_of(m, x, v));
        for (int j = 0; j < DIM; j++) {
            g[j] = r(m, g[j] + r(m, first * r(m, x[j])));
            hv[j] = r(m, hv[j] + r(m, turn * r(m, x[j])));
        }
    }
    *f = r(m, sum * a);
    for (int j = 0; j < DIM; j++) {
        const int wrong = m->entry == ALL || m->entry == j;
        g[j] = r(m, r(m, g[j] * a) * c) * (wrong ? 1.0 + m->error : 1.0);
        hv[j] = r(m, r(m, hv[j] * a) * c) * (wrong ? 1.0 + m->twist : 1.0);
    }
}

static int value(void *user, const saddle_batch *b, const double *w, double *f)
{
    double g[DIM], hv[DIM];
    evaluate(user, b, w, w, f, g, hv);
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    double f, hv[DIM];
    evaluate(user, b, w, w, &f, g, hv);
    return 0;
}

static int hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *hv)
{
    double f, g[DIM];
    evaluate(user, b, w, v, &f, g, hv);
    return 0;
}

static saddle_objective *objective(struct model_of *m)
{
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, DIM, SAMPLES, m, &f));
    EXPECT_OK(saddle_objective_set_value(f, value));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, hessvec));
    EXPECT_OK(saddle_objective_set_grain(f, 7));
    return f;
}

static void point(const struct model_of *m, int64_t seed, double size, double *w)
{
    const saddle_random_stream s = {.seed = 12, .purpose = 211, .step = (uint64_t)seed};
    EXPECT_OK(saddle_random_normal(&s, 0, DIM, w));
    for (int j = 0; j < DIM; j++) {
        w[j] *= size * m->width;
    }
}

static int64_t is_ok(saddle_objective *f, const double *w, int64_t seed)
{
    saddle_derivative_check d = {.struct_size = (int64_t)sizeof d};
    EXPECT_OK(saddle_check_derivatives(f, w, seed, &d));
    return d.ok;
}

/* How many seeds find fault, at w of that size in units of the width. */
static int alarms(struct model_of *m, double size, double error, double twist)
{
    saddle_objective *f = objective(m);
    int count = 0;
    m->error = error;
    m->twist = twist;
    for (int64_t seed = 0; seed < SEEDS; seed++) {
        double w[DIM];
        point(m, seed, size, w);
        const int64_t ok = is_ok(f, w, seed);
        ck_assert_msg(ok || error != 0.0 || twist != 0.0, "kind %d, single %d, height %g, width %g, size %g, seed %d: %s", (int)m->kind,
                      m->single, m->height, m->width, size, (int)seed, saddle_error_message());
        count += !ok;
    }
    saddle_objective_destroy(f);
    return count;
}

/* Scales of f, of w, and of w in units in which F bends at 1. At size 1e-4 all but the polynomial are about stationary, so that f hardly
 * moves; where the width is 1e4 as well nothing can be seen. A logistic function of 1e4 is a kink. */
START_TEST(right_derivatives_pass_and_wrong_ones_do_not)
{
    const int single = _i / KINDS;
    const double error = single ? 1e-2 : 1e-3;
    for (int i = 0; i < SCALES * SCALES * SCALES; i++) {
        const double size = scales[i / 9];
        struct model_of m = model_of((enum kind)(_i % KINDS), single, scales[i / 3 % 3], scales[i % 3]);
        if (m.kind == LOGISTIC && size > 1.0) {
            continue;
        }
        ck_assert_int_eq(alarms(&m, size, 0.0, 0.0), 0);
        if (single && size < 1.0 && m.width > 1.0) {
            continue;
        }
        ck_assert_int_eq(alarms(&m, size, error, 0.0), SEEDS);
        ck_assert_int_ge(alarms(&m, size, 0.0, error), SEEDS - single); /* rounding may cover one */
    }
}
END_TEST

/* What is said at a w of that size, in double precision, with values or not, must begin with one of these. */
static int blames(enum kind kind, int entry, double error, double twist, double size, int values, const char *one, const char *other)
{
    struct model_of m = model_of(kind, 0, 1.0, 1.0);
    saddle_objective *f = objective(&m);
    int count = 0;
    m.entry = entry;
    m.error = error;
    m.twist = twist;
    EXPECT_OK(saddle_objective_set_value(f, values ? value : NULL));
    for (int64_t seed = 0; seed < SEEDS; seed++) {
        double w[DIM];
        point(&m, seed, size, w);
        ck_assert_int_eq(is_ok(f, w, seed), 0);
        const char *said = strstr(saddle_error_message(), ": ") + 2;
        const int first = strncmp(said, one, strlen(one)) == 0;
        ck_assert_msg(first || strncmp(said, other, strlen(other)) == 0, "kind %d, seed %d: %s", (int)kind, (int)seed, said);
        count += first;
    }
    saddle_objective_destroy(f);
    return count;
}

static const char of_gradient[] = "gradient: the remainder of f falls like h^";
static const char of_product[] = "Hessian product: ";
static const char of_either[] = "gradient or Hessian product: the remainder of the gradient falls like h^";

START_TEST(a_slightly_wrong_gradient_is_not_blamed_on_the_product)
{
    for (int entry = 0; entry < DIM; entry++) {
        ck_assert_int_ge(blames((enum kind)_i, entry, 1e-3, 0.0, 1.0, 1, of_gradient, of_either), SEEDS - 4);
    }
}
END_TEST

START_TEST(a_slightly_wrong_product_is_blamed)
{
    for (int entry = ALL; entry < DIM; entry++) { /* one direction in fifty tells too little */
        ck_assert_int_ge(blames((enum kind)_i, entry, 0.0, 1e-3, 1.0, 1, of_product, of_either), SEEDS - 3);
    }
}
END_TEST

/* At 0 phase retrieval is stationary: values say nothing of a part of so small a gradient. */
START_TEST(near_a_stationary_point_it_cannot_be_told)
{
    static const double sizes[] = {0.0, 1e-9};
    for (int i = 0; i < 2; i++) {
        for (int values = 0; values < 2; values++) {
            const char *advice = values ? "check at a w where the gradient is not small" : "set a callback for values";
            ck_assert_int_eq(blames(PHASE, 2, 1e-3, 0.0, sizes[i], values, of_either, of_either), SEEDS);
            EXPECT_MESSAGE("which of them is wrong cannot be told here: ");
            EXPECT_MESSAGE(advice);
            ck_assert_int_eq(blames(PHASE, ALL, 0.0, 1e-3, sizes[i], values, of_either, of_either), SEEDS);
            EXPECT_MESSAGE(advice);
            ck_assert_int_eq(blames(PHASE, 2, 0.0, 1e-3, sizes[i], values, of_product, of_product), SEEDS);
            EXPECT_MESSAGE("not symmetric");
        }
    }
    ck_assert_int_eq(blames(PHASE, ALL, 0.0, 1e-3, 1.0, 0, of_either, of_either), SEEDS); /* no values anywhere */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("derivatives_slight");
    TCase *c = tcase_create("derivatives_slight");
    tcase_set_timeout(c, 60.0);
    tcase_add_loop_test(c, right_derivatives_pass_and_wrong_ones_do_not, 0, 2 * KINDS);
    tcase_add_loop_test(c, a_slightly_wrong_gradient_is_not_blamed_on_the_product, 0, OFFSET);
    tcase_add_loop_test(c, a_slightly_wrong_product_is_blamed, 0, OFFSET);
    tcase_add_test(c, near_a_stationary_point_it_cannot_be_told);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
