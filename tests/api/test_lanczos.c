/* SPDX-License-Identifier: BSD-3-Clause */
/* Eigenpairs: arguments, states, answers, repeatable bits. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/own.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIM = 24 };

static saddle_lanczos *const poison = (saddle_lanczos *)(uintptr_t)0x5a5a5a50;

START_TEST(an_operator_of_ones_own_is_checked)
{
    struct own a;
    own_init(&a, 5);
    saddle_lanczos *l = poison;
    EXPECT_FAIL(saddle_lanczos_create(NULL, 5, NULL, &a, NULL, &l), SADDLE_E_ARGUMENT, "saddle_lanczos_create: apply is NULL");
    EXPECT_FAIL(saddle_lanczos_create(NULL, 5, own_apply, &a, NULL, NULL), SADDLE_E_ARGUMENT, "saddle_lanczos_create: out is NULL");
    static const int64_t dims[] = {0, -1, INT64_MIN, (INT64_C(1) << 41) + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
        char said[60];
        (void)snprintf(said, sizeof said, "dim is %lld, outside 1 .. 2^41", (long long)dims[i]);
        EXPECT_FAIL(saddle_lanczos_create(NULL, dims[i], own_apply, &a, NULL, &l), SADDLE_E_ARGUMENT, said);
    }
    saddle_options *o = options_of("10", "both", "43"); /* 20 pairs need 44 vectors */
    EXPECT_FAIL(saddle_lanczos_create(NULL, 50, own_apply, &a, o, &l), SADDLE_E_RANGE, "43");
    EXPECT_MESSAGE("44");
    ck_assert_ptr_eq(l, poison);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, 44));
    EXPECT_OK(saddle_lanczos_create(NULL, 50, own_apply, &a, o, &l));
    saddle_lanczos_destroy(l);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, 43)); /* no more than dim is ever needed */
    EXPECT_OK(saddle_lanczos_create(NULL, 43, own_apply, &a, o, &l));
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    saddle_lanczos_destroy(NULL);
    ck_assert_int_eq(a.calls, 0);
}
END_TEST

/* 2^41 entries are more than there is; what create() cannot have it tells. */
START_TEST(what_is_too_large_is_told_before_the_work)
{
    struct memory m;
    struct own a;
    saddle_context *c = NULL;
    saddle_lanczos *l = poison;
    own_init(&a, 5);
    const saddle_allocator allocator = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&allocator, &c));
    m.largest = 1 << 20;
#if PTRDIFF_MAX > INT32_MAX
    EXPECT_FAIL(saddle_lanczos_create(c, INT64_C(1) << 41, own_apply, &a, NULL, &l), SADDLE_E_MEMORY, "17592186044480 bytes");
#else
    EXPECT_FAIL(saddle_lanczos_create(c, INT64_C(1) << 41, own_apply, &a, NULL, &l), SADDLE_E_OVERFLOW, "2199023255552 things of 8 bytes");
#endif
    ck_assert_ptr_eq(l, poison);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(a.calls, 0);
}
END_TEST

START_TEST(a_hessian_is_checked)
{
    struct problem p;
    double w[3] = {0.5, 0.25, 0.125};
    saddle_lanczos *l = poison;
    saddle_objective *f = NULL;
    problem_init(&p, 3, 5, 2, TOGETHER);
    EXPECT_OK(saddle_objective_create(NULL, 3, 5, &p, &f));
    EXPECT_FAIL(saddle_lanczos_create_hessian(NULL, w, NULL, &l), SADDLE_E_ARGUMENT, "create_hessian: the objective is NULL");
    EXPECT_FAIL(saddle_lanczos_create_hessian(f, NULL, NULL, &l), SADDLE_E_ARGUMENT, "create_hessian: w is NULL");
    EXPECT_FAIL(saddle_lanczos_create_hessian(f, w, NULL, NULL), SADDLE_E_ARGUMENT, "create_hessian: out is NULL");
    EXPECT_FAIL(saddle_lanczos_create_hessian(f, w, NULL, &l), SADDLE_E_MISSING, "saddle_lanczos_create_hessian needs");
    EXPECT_OK(saddle_objective_set_value(f, problem_value)); /* values are not enough */
    EXPECT_FAIL(saddle_lanczos_create_hessian(f, w, NULL, &l), SADDLE_E_MISSING, "saddle_objective_set_hessvec()");
    EXPECT_OK(saddle_objective_set_hessvec(f, problem_hessvec));
    w[1] = (double)NAN;
    EXPECT_FAIL(saddle_lanczos_create_hessian(f, w, NULL, &l), SADDLE_E_NOT_FINITE, "create_hessian: entry 1 of w is nan");
    w[1] = 0.25;
    w[2] = -(double)INFINITY;
    EXPECT_FAIL(saddle_lanczos_create_hessian(f, w, NULL, &l), SADDLE_E_NOT_FINITE, "entry 2 of w is -inf");
    w[2] = 0.125;
    saddle_options *o = options_of("2", "smallest", "7");
    EXPECT_OK(saddle_lanczos_create_hessian(f, w, o, &l)); /* 7 vectors are more than dim */
    saddle_lanczos_destroy(l);
    EXPECT_FAIL(saddle_objective_set_hessvec(f, NULL), SADDLE_E_STATE, "set_hessvec");
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    ck_assert_int_eq(p.calls, 0);
    problem_init(&p, 3, SADDLE_STREAM, 2, TOGETHER);
    p.second = WITH_HESSVEC;
    f = problem_objective(&p, NULL);
    l = poison;
    EXPECT_FAIL(saddle_lanczos_create_hessian(f, w, NULL, &l), SADDLE_E_UNSUPPORTED, "needs all samples");
    ck_assert_ptr_eq(l, poison);
    saddle_objective_destroy(f);
}
END_TEST

/* What was not made leaves the setters open, what was made closes them. */
START_TEST(setters_close_with_the_first_computation)
{
    struct memory m;
    struct problem p;
    const double w[3] = {0.5, 0.25, 0.125};
    saddle_context *c = NULL;
    saddle_lanczos *l = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &c));
    problem_init(&p, 3, 5, 2, SEPARATE);
    p.second = WITH_HESSVEC;
    saddle_objective *f = problem_objective(&p, c);
    int64_t failures = 0;
    for (m.fail_at = m.calls + 1; saddle_lanczos_create_hessian(f, w, NULL, &l) != SADDLE_OK; m.fail_at = m.calls + failures + 1) {
        failures++;
        ck_assert_ptr_null(l);
        EXPECT_OK(saddle_objective_set_hessvec(f, problem_hessvec));
    }
    ck_assert_int_eq(failures, 3); /* the object, its pairs, its vectors */
    EXPECT_FAIL(saddle_objective_set_hessvec(f, problem_hessvec), SADDLE_E_STATE, "set_hessvec");
    EXPECT_FAIL(saddle_objective_set_grain(f, 3), SADDLE_E_STATE, "set_grain");
    saddle_lanczos_destroy(l);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

START_TEST(pairs_are_asked_for_after_a_run)
{
    struct own a;
    double v[DIM];
    struct {
        saddle_eigen pair;
        int64_t more[2];
    } out;
    saddle_lanczos *l = NULL;
    own_init(&a, DIM);
    EXPECT_FAIL(saddle_lanczos_run(NULL), SADDLE_E_ARGUMENT, "saddle_lanczos_run: the computation is NULL");
    EXPECT_FAIL(saddle_lanczos_pair(NULL, 0, v, &out.pair), SADDLE_E_ARGUMENT, "saddle_lanczos_pair: the computation is NULL");
    ck_assert_int_eq(saddle_lanczos_count(NULL), 0);
    saddle_options *o = options_of("2", "both", "0");
    EXPECT_OK(saddle_lanczos_create(NULL, DIM, own_apply, &a, o, &l));
    expect_empty(l);
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(saddle_lanczos_count(l), 4);
    static const int64_t bad[] = {0, -8, 8, (int64_t)sizeof(saddle_eigen) - 8, 65537};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&out, 0x5a, sizeof out);
        memset(v, 0x5a, sizeof v);
        out.pair.struct_size = bad[i];
        EXPECT_FAIL(saddle_lanczos_pair(l, 0, v, &out.pair), SADDLE_E_STRUCT_SIZE, "sizeof(saddle_eigen)");
        ck_assert_int_eq(out.pair.products, INT64_C(0x5a5a5a5a5a5a5a5a));
        EXPECT_SAME(v, &out.pair.value, sizeof v[0]); /* untouched */
    }
    out.pair.struct_size = (int64_t)sizeof out;
    EXPECT_OK(saddle_lanczos_pair(l, 3, NULL, &out.pair)); /* a program of a later version */
    ck_assert_int_eq(out.pair.struct_size, sizeof out.pair);
    ck_assert_int_eq(out.more[0], INT64_C(0x5a5a5a5a5a5a5a5a));
    EXPECT_OK(saddle_lanczos_pair(l, 3, v, NULL));
    ck_assert_double_eq_tol(own_norm(DIM, v), 1.0, 1e-14);
    EXPECT_OK(saddle_lanczos_pair(l, 3, NULL, NULL));
    EXPECT_FAIL(saddle_lanczos_pair(l, 4, v, NULL), SADDLE_E_ARGUMENT, "i is 4, outside 0 .. 3");
    EXPECT_FAIL(saddle_lanczos_pair(l, -1, v, NULL), SADDLE_E_ARGUMENT, "i is -1, outside 0 .. 3");
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
}
END_TEST

/* Number k of the pairs of a way, among n eigenvalues in steps of 1/2 from -2. */
static double expected(const struct way *y, int64_t n, int64_t k)
{
    const int64_t at_an_end = strtoll(y->eigenvalues, NULL, 10);
    const int from_below = strcmp(y->which, "smallest") == 0 || (strcmp(y->which, "both") == 0 && k < at_an_end);
    return -2.0 + 0.5 * (double)(from_below ? k : n - y->pairs + k);
}

START_TEST(the_pairs_are_right)
{
    struct own a;
    struct answer x;
    double y[OWN_MOST];
    saddle_lanczos *l = NULL;
    saddle_options *o = way_options(_i);
    own_init(&a, DIM);
    EXPECT_OK(saddle_lanczos_create(NULL, DIM, own_apply, &a, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(a.broken, 0);
    take_answer(l, &x);
    ck_assert_int_eq(x.count, ways[_i].pairs);
    const int has_interval = strcmp(ways[_i].which, "largest") != 0;
    for (int64_t k = 0; k < x.count; k++) {
        const saddle_eigen *e = &x.pair[k];
        ck_assert_double_eq_tol(e->value, expected(&ways[_i], DIM, k), 1e-8);
        ck_assert_double_eq_tol(own_norm(DIM, x.vector[k]), 1.0, 1e-14);
        own_multiply(&a, x.vector[k], y);
        for (int64_t i = 0; i < DIM; i++) {
            y[i] -= e->value * x.vector[k][i];
        }
        ck_assert_double_eq_tol(own_norm(DIM, y), e->residual, 1e-13);
        ck_assert_int_eq(e->converged, 1);
        ck_assert(e->residual <= 1e-9 * fabs(e->value) || e->residual < 1e-13);
        ck_assert_int_eq(e->products, a.calls);
        if (k == 0 && has_interval) {
            ck_assert_double_le(e->lower, -2.0);
            ck_assert_double_ge(e->upper, -2.0 - 1e-13); /* a Ritz value, rounded */
            ck_assert(e->lower < e->upper && e->upper - e->lower < 1e-3);
        } else {
            ck_assert(isnan(e->lower) && isnan(e->upper));
        }
    }
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(small_spectra)
{
    struct own a;
    struct answer x;
    saddle_options *o = way_options(_i);
    for (int64_t n = 1; n <= 2; n++) { /* never more pairs than dim */
        own_init(&a, n);
        compute_answer(&a, o, &x);
        ck_assert_int_eq(x.count, n < ways[_i].pairs ? n : ways[_i].pairs);
        for (int64_t k = 0; k < x.count; k++) {
            const int largest = strcmp(ways[_i].which, "largest") == 0 && x.count == 1;
            ck_assert_double_eq_tol(x.pair[k].value, largest ? -2.0 + 0.5 * (double)(n - 1) : -2.0 + 0.5 * (double)k, 1e-14);
            ck_assert_int_eq(x.pair[k].converged, 1);
        }
    }
    for (int64_t scale = -2; scale <= 1; scale++) { /* -2 I, -I, 0, I: the space closes at once, the copies are found */
        own_init(&a, 20);
        for (int64_t i = 0; i < 20; i++) {
            a.d[i] = (double)scale;
        }
        compute_answer(&a, o, &x);
        ck_assert_int_eq(x.count, ways[_i].pairs);
        for (int64_t k = 0; k < x.count; k++) {
            ck_assert_double_eq_tol(x.pair[k].value, (double)scale, 1e-14);
            ck_assert_double_le(x.pair[k].residual, 1e-14);
            ck_assert_int_eq(x.pair[k].converged, 1);
            ck_assert_int_eq(x.pair[k].invariant, 1);
            for (int64_t j = 0; j < k; j++) {
                double dot = 0.0;
                for (int64_t i = 0; i < 20; i++) {
                    dot += x.vector[j][i] * x.vector[k][i];
                }
                ck_assert_double_le(fabs(dot), x.count == 2 && ways[_i].basis[0] != '1' ? 1.0 + 1e-14 : 1e-12);
            }
        }
    }
    saddle_options_destroy(o);
}
END_TEST

/* The options are copied; a run of equal options has equal bits, in every rounding mode of the caller. */
START_TEST(runs_are_repeatable)
{
    struct own a;
    struct answer x, again;
    saddle_lanczos *l = NULL;
    saddle_options *o = way_options(_i);
    own_init(&a, DIM);
    EXPECT_OK(saddle_lanczos_create(NULL, DIM, own_apply, &a, o, &l));
    compute_answer(&a, o, &x);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, 3));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_EIGENVALUES, 2));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_PRODUCTS, 1));
    saddle_options_destroy(o);
    for (int k = 0; k < 3; k++) {
        EXPECT_OK(saddle_lanczos_run(l));
        take_answer(l, &again);
        EXPECT_SAME(&x, &again, sizeof x);
    }
    saddle_lanczos_destroy(l);
    o = way_options(_i);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, 3));
    compute_answer(&a, o, &again);
    ck_assert(memcmp(&x, &again, sizeof x) != 0);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(products_have_a_limit)
{
    struct own a;
    struct answer x;
    saddle_options *o = way_options(_i);
    static const int64_t limits[] = {1, 2, 5, 13};
    for (int k = 0; k < 4; k++) {
        own_init(&a, OWN_MOST);
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_PRODUCTS, limits[k]));
        compute_answer(&a, o, &x);
        ck_assert_int_eq(x.pair[0].products, a.calls);
        const int again = ways[_i].basis[0] == '1' || ways[_i].basis[0] == '7'; /* a second pass, or none */
        ck_assert_int_le(a.calls, limits[k] * (1 + again) + x.count);
        int64_t open = 0;
        for (int64_t i = 0; i < x.count; i++) {
            open += x.pair[i].converged == 0;
            ck_assert(isfinite(x.pair[i].value) && isfinite(x.pair[i].residual));
            ck_assert(x.pair[i].value > -2.0 - 1e-12 && x.pair[i].value < -2.0 + 0.5 * (OWN_MOST - 1) + 1e-12);
        }
        ck_assert_int_gt(open, 0);
    }
    saddle_options_destroy(o);
}
END_TEST

START_TEST(an_operator_that_is_not_symmetric_is_told)
{
    struct own a;
    saddle_lanczos *l = NULL;
    saddle_options *o = way_options(_i);
    own_init(&a, DIM);
    EXPECT_OK(saddle_lanczos_create(NULL, DIM, own_apply, &a, o, &l));
    a.skew = 0.5;
    EXPECT_FAIL(saddle_lanczos_run(l), SADDLE_E_ARGUMENT, "symmetric");
    expect_empty(l);
    a.skew = 0.0;
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(saddle_lanczos_count(l), ways[_i].pairs);
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(a_callback_cannot_use_its_own_computation)
{
    struct own a;
    saddle_lanczos *l = NULL;
    own_init(&a, DIM);
    EXPECT_OK(saddle_lanczos_create(NULL, DIM, own_apply, &a, NULL, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    const int64_t calls = a.calls;
    a.self = l;
    EXPECT_OK(saddle_lanczos_run(l));
    ck_assert_int_eq(a.calls, 2 * calls);
    ck_assert_int_eq(saddle_lanczos_count(l), 1);
    saddle_lanczos_destroy(l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lanczos");
    TCase *c = tcase_create("lanczos");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, an_operator_of_ones_own_is_checked);
    tcase_add_test(c, what_is_too_large_is_told_before_the_work);
    tcase_add_test(c, a_hessian_is_checked);
    tcase_add_test(c, setters_close_with_the_first_computation);
    tcase_add_test(c, pairs_are_asked_for_after_a_run);
    tcase_add_loop_test(c, the_pairs_are_right, 0, WAYS);
    tcase_add_loop_test(c, small_spectra, 0, WAYS);
    tcase_add_loop_test(c, runs_are_repeatable, 0, WAYS);
    tcase_add_loop_test(c, products_have_a_limit, 0, WAYS);
    tcase_add_loop_test(c, an_operator_that_is_not_symmetric_is_told, 0, WAYS);
    tcase_add_test(c, a_callback_cannot_use_its_own_computation);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
