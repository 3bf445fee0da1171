/* SPDX-License-Identifier: BSD-3-Clause */
/* Operators: the caller's own product, Hessians by their callback, and by differences of gradients. */
#include "oracle/operator.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include "unit/hessians.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(a_product_that_is_not_finite_is_named)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], v[DIM], y[DIM];
    char said[120];
    const int by_operator = _i % 2;
    open_oracle(&o, &p, NULL, WITH_HESSVEC);
    problem_start(&p, w);
    unit_vector(v, DIM, 1);
    p.fault_second = WITH_HESSVEC;
    p.fault = _i / 2 % 2 == 0 ? FAULT_UNWRITTEN_ENTRY : FAULT_ENTRY;
    p.bad = (double)-INFINITY;
    const int64_t count = _i / 4 == 0 ? GRAIN : SAMPLES;
    for (p.entry = 0; p.entry < DIM; p.entry += DIM - 1) {
        struct saddle_i_counts counts = {0};
        const struct saddle_i_request q = request(&o, count == SAMPLES ? NULL : (const int64_t[]){3, 1, 4, 1}, count, &counts);
        struct saddle_i_operator a;
        EXPECT_OK(saddle_i_operator_hessian(&a, &o, w, &q));
        ck_assert(saddle_i_operator_noise(&a, 1.0) == DBL_EPSILON);
        p.hessvec_calls = 0;
        p.fault_call = 0;
        EXPECT_OK(saddle_i_operator_apply(&a, v, y));
        p.fault_call = p.hessvec_calls + 1;
        const char *bad = p.fault == FAULT_ENTRY ? "-inf at step 3" : "nan at step 3 (or was not written: it comes with NaN)";
        (void)snprintf(said, sizeof said,
                       by_operator ? "entry %d of the Hessian's product 2 is %s" : "entry %d of the Hessian product is %s",
                       (int)p.entry, bad);
        EXPECT_FAIL(by_operator ? saddle_i_operator_apply(&a, v, y) : saddle_i_oracle_hessvec(&o, &q, w, v, y),
                    SADDLE_E_NOT_FINITE, said);
        ck_assert_int_eq(counts.hessvec, 2 * count);
        p.fault_call = -1;
        EXPECT_OK(saddle_i_operator_apply(&a, v, y)); /* the operator can go on */
        ck_assert_int_eq(a.products, by_operator ? 3 : 2);
        saddle_i_operator_fini(&a);
    }
    close_oracle(&o);
}
END_TEST

/* What the callback saw. */
struct seen {
    int64_t calls, dim, code, fail_at, entry;
    int broken;
};

static int shift_up(void *user, int64_t dim, const double *x, double *y)
{
    struct seen *s = user;
    s->calls++;
    s->broken += dim != s->dim || !isnan(y[0]) || !isnan(y[dim - 1]);
    if (s->calls == s->fail_at && s->code != 0) {
        return (int)s->code;
    }
    for (int64_t i = 0; i < dim; i++) {
        if (s->calls != s->fail_at || i != s->entry) {
            y[i] = 2.0 * x[i] + x[(i + 1) % dim];
        }
    }
    return 0;
}

START_TEST(the_caller_has_a_product_of_his_own)
{
    double x[7] = {0.0, 0.6, 0.0, 0.0, 0.8, 0.0, 0.0}, y[7];
    for (int64_t n = 1; n <= 7; n += 2) {
        struct seen s = {.dim = n, .fail_at = 2, .code = -9};
        struct saddle_i_operator a;
        saddle_i_operator_of(&a, saddle_i_context_hold(NULL), n, shift_up, &s);
        ck_assert(saddle_i_operator_noise(&a, 1.0) == DBL_EPSILON);
        EXPECT_OK(saddle_i_operator_apply(&a, x, y));
        for (int64_t i = 0; i < n; i++) {
            ck_assert(y[i] == 2.0 * x[i] + x[(i + 1) % n]);
        }
        EXPECT_FAIL(saddle_i_operator_apply(&a, x, y), SADDLE_E_CALLBACK, "the apply callback returned -9 (gave up) in product 2");
        ck_assert_int_eq(a.code, -9);
        s.code = 0;
        s.fail_at = 3;
        s.entry = n - 1;
        char said[120];
        (void)snprintf(said, sizeof said, "entry %d of the caller's product 3 is nan (or was not written: it comes with NaN)",
         (int)n - 1);
        EXPECT_FAIL(saddle_i_operator_apply(&a, x, y), SADDLE_E_NOT_FINITE, said);
        EXPECT_OK(saddle_i_operator_apply(&a, x, y));
        ck_assert_int_eq(a.products, 4);
        ck_assert_int_eq(s.broken, 0);
        saddle_i_operator_fini(&a);
        saddle_i_context_release(a.context);
    }
}
END_TEST

/* The points of products, and how far from w gradients are taken. */
struct watch {
    int64_t points[64], calls;
    double w[DIM], far;
};

static int watched_product(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct watch *x = user;
    x->points[x->calls++] = b->point;
    x->far += memcmp(w, x->w, sizeof x->w) != 0;
    return quadratic_product(NULL, b, w, v, product);
}

static int watched_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct watch *x = user;
    x->points[x->calls++] = b->point;
    for (int64_t j = 0; j < b->dim; j++) {
        x->far = fmax(x->far, fabs(w[j] - x->w[j]));
        g[j] = w[j] * diagonal(b->index[0], j);
    }
    return 0;
}

START_TEST(products_share_their_point_and_differences_do_not)
{
    struct watch x;
    struct saddle_i_oracle o;
    struct saddle_i_counts counts = {0};
    double y[DIM];
    const double e[DIM] = {0.0, 1.0};
    memset(&x, 0, sizeof x);
    saddle_i_oracle_init(&o, saddle_i_context_hold(NULL), DIM, GRAIN, &x);
    o.gradient = watched_gradient;
    for (int with = 0; with < 2; with++) {
        o.hessvec = with ? watched_product : NULL;
        struct saddle_i_request q = request(&o, (const int64_t[]){2}, 1, &counts);
        struct saddle_i_operator a;
        x.calls = 0;
        x.far = 0.0;
        EXPECT_OK(saddle_i_operator_hessian(&a, &o, x.w, &q));
        for (int k = 0; k < 5; k++) {
            EXPECT_OK(saddle_i_operator_apply(&a, e, y));
            ck_assert_double_eq_tol(y[1], diagonal(2, 1), 1e-15);
        }
        ck_assert_int_eq(x.calls, with ? 5 : 12); /* the first product finds h with two more */
        for (int64_t i = 0; i < x.calls; i++) {
            ck_assert(with ? x.points[i] == q.point : x.points[i] == q.point + 1 + i);
        }
        ck_assert(x.far == (with ? 0.0 : 0x1p-17));
        saddle_i_operator_fini(&a);
    }
    ck_assert_int_eq(counts.gradient, 12);
    ck_assert_int_eq(counts.hessvec, 5);
    close_oracle(&o);
}
END_TEST

/* f(w) = sum_j s^2 log cosh(w_j/s) lives on the scale s: differences must do at every one. */
struct bowl {
    double scale;
};

static int bowl_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const double s = ((const struct bowl *)user)->scale;
    for (int64_t j = 0; j < b->dim; j++) {
        g[j] = s * tanh(w[j] / s);
    }
    return 0;
}

START_TEST(differences_are_as_good_as_they_say)
{
    static const int64_t dims[] = {1, 3, 1000, 30000};
    static const double scales[] = {1.0, 30.0, 1e3, 1e6}; /* of w and of what f lives on */
    const int64_t n = dims[_i];
    double *w = malloc(4 * (size_t)n * sizeof *w);
    ck_assert_ptr_nonnull(w);
    double *x = w + n, *y = w + 2 * n, *exact = w + 3 * n;
    for (int k = 0; k < 12; k++) {
        struct bowl bowl = {scales[k % 4]};
        struct saddle_i_oracle o;
        struct saddle_i_counts counts = {0};
        struct saddle_i_operator a;
        saddle_i_oracle_init(&o, saddle_i_context_hold(NULL), n, 1, &bowl);
        o.gradient = bowl_gradient;
        fill(w, n, bowl.scale, (unsigned)k);
        if (k < 4) {
            unit_vector(x, n, (unsigned)k); /* spread */
        } else {
            memset(x, 0, (size_t)n * sizeof *x);
            x[n / 2] = 1.0; /* a single axis */
        }
        if (k >= 8) {
            memset(w, 0, (size_t)n * sizeof *w);
        }
        const struct saddle_i_request q = request(&o, NULL, 0, &counts);
        EXPECT_OK(saddle_i_operator_hessian(&a, &o, w, &q));
        EXPECT_OK(saddle_i_operator_apply(&a, x, y));
        double gap = 0.0;
        for (int64_t i = 0; i < n; i++) {
            const double t = tanh(w[i] / bowl.scale);
            exact[i] = (1.0 - t * t) * x[i];
            gap = fmax(gap, fabs(y[i] - exact[i]));
        }
        ck_assert_msg(gap <= saddle_i_operator_noise(&a, 1.0), "dim %d, case %d: off by %g", (int)n, k, gap);
        ck_assert_int_eq(counts.gradient, 4);
        saddle_i_operator_fini(&a);
        close_oracle(&o);
    }
    free(w);
}
END_TEST

START_TEST(a_difference_fails_as_its_gradients_do)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], v[DIM], y[DIM];
    open_oracle(&o, &p, NULL, 0);
    problem_start(&p, w);
    unit_vector(v, DIM, 1);
    const int64_t calls = _i == 0 ? 1 : 6; /* of one gradient */
    for (p.fault_call = 1; p.fault_call <= 2 * calls; p.fault_call++) {
        struct saddle_i_counts counts = {0};
        const struct saddle_i_request q = request(&o, _i == 0 ? (const int64_t[]){3, 1, 4, 1} : NULL, GRAIN, &counts);
        struct saddle_i_operator a;
        EXPECT_OK(saddle_i_operator_hessian(&a, &o, w, &q));
        p.fault = FAULT_CODE;
        for (p.code = 1; p.code < 3; p.code++) {
            p.calls = 0;
            p.for_ever = 1; /* with a shorter h, too */
            EXPECT_FAIL(saddle_i_oracle_tell(&o, saddle_i_operator_apply(&a, v, y)), SADDLE_E_CALLBACK,
                        p.code == 1 ? "the gradient callback returned 1 (cannot be evaluated"
                                    : "the gradient callback returned 2 (gave up)");
        }
        p.fault = FAULT_UNWRITTEN_ENTRY;
        p.entry = DIM - 1;
        p.calls = 0;
        EXPECT_FAIL(saddle_i_operator_apply(&a, v, y), SADDLE_E_NOT_FINITE, "entry 4 of the gradient is nan at step 3 (or was not");
        p.fault = FAULT_ENTRY;
        p.for_ever = 0;
        p.bad = p.fault_call > calls ? -2e307 : 2e307; /* finite, but not so in the quotient */
        p.calls = 0;
        EXPECT_FAIL(saddle_i_operator_apply(&a, v, y), SADDLE_E_NOT_FINITE, "entry 4 of the Hessian's product 4 is inf at step 3");
        ck_assert_int_eq(counts.gradient, p.gradient_samples);
        p.gradient_samples = 0;
        saddle_i_operator_fini(&a);
    }
    close_oracle(&o);
}
END_TEST

START_TEST(room_is_given_back_also_when_there_is_too_little)
{
    for (int64_t fail_at = 0; fail_at < 14; fail_at++) {
        struct memory m;
        saddle_context *c = NULL;
        struct saddle_i_oracle o;
        struct problem p;
        double w[DIM], v[DIM], y[DIM];
        struct saddle_i_counts counts = {0};
        struct saddle_i_operator a;
        const saddle_allocator allocator = memory_allocator(&m, 0xA5);
        EXPECT_OK(saddle_context_create(&allocator, &c));
        open_oracle(&o, &p, c, fail_at % 2 == 0 ? 0 : WITH_HESSVEC);
        saddle_context_destroy(c);
        problem_start(&p, w);
        unit_vector(v, DIM, 1);
        m.fail_at = fail_at == 0 ? 0 : m.calls + (fail_at + 1) / 2;
        const struct saddle_i_request q = request(&o, NULL, 0, &counts);
        saddle_status s = saddle_i_operator_hessian(&a, &o, w, &q);
        s = s == SADDLE_OK ? saddle_i_operator_apply(&a, v, y) : s;
        ck_assert_int_eq(s, m.refused > 0 ? SADDLE_E_MEMORY : SADDLE_OK);
        ck_assert_int_eq(m.refused > 0,
                         fail_at == 2 || fail_at == 4 || fail_at == 6 || fail_at == 8 || fail_at == 10 || fail_at == 1 || fail_at == 3);
        saddle_i_operator_fini(&a);
        close_oracle(&o);
        ck_assert_int_eq(m.blocks, 0);
        ck_assert_int_eq(m.faults, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operator");
    TCase *c = tcase_create("operator");
    tcase_add_loop_test(c, a_product_that_is_not_finite_is_named, 0, 8);
    tcase_add_test(c, the_caller_has_a_product_of_his_own);
    tcase_add_test(c, products_share_their_point_and_differences_do_not);
    tcase_add_loop_test(c, differences_are_as_good_as_they_say, 0, 4);
    tcase_add_loop_test(c, a_difference_fails_as_its_gradients_do, 0, 2);
    tcase_add_test(c, room_is_given_back_also_when_there_is_too_little);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
