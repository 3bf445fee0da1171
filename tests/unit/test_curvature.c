/* SPDX-License-Identifier: BSD-3-Clause */
/* Hessian products and slopes of the oracle: how means are made of grains, what is counted, who is blamed. */
#include "oracle/operator.h"
#include "support/expect.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include "unit/hessians.h"
#include <math.h>
#include <stdio.h>

enum { MOST_K = 3 };

/* acc = count_0 mean_0, then + count_k mean_k, each product and sum rounded, divided once by the nominal count. */
static double definition(const int64_t *index, int64_t count, int64_t nominal, const double *v, int64_t j)
{
    double acc = 0.0, mean = 0.0;
    for (int64_t first = 0; first < count; first += GRAIN) {
        const int64_t m = count - first < GRAIN ? count - first : GRAIN;
        double sum = 0.0;
        for (int64_t k = 0; k < m; k++) {
            sum += diagonal(index[first + k], j);
        }
        mean = sum / (double)m * v[j];
        acc = first == 0 ? (double)m * mean : acc + (double)m * mean;
    }
    if (count <= GRAIN) {
        return count == nominal ? mean : (double)count * mean / (double)nominal;
    }
    return acc / (double)nominal;
}

START_TEST(the_mean_product_has_one_definition)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], v[DIM], y[DIM];
    int64_t index[SAMPLES];
    for (int64_t i = 0; i < SAMPLES; i++) {
        index[i] = i * 5 % SAMPLES;
    }
    open_oracle(&o, &p, NULL, 0);
    o.hessvec = quadratic_product;
    fill(w, DIM, 1.0, 1);
    fill(v, DIM, 3.0, 2);
    for (int64_t count = 1; count <= SAMPLES; count++) {
        for (int64_t nominal = count; nominal < count + 3; nominal++) {
            struct saddle_i_counts counts = {0};
            struct saddle_i_request q = request(&o, index, count, &counts);
            q.nominal = nominal;
            EXPECT_OK(saddle_i_oracle_hessvec(&o, &q, w, v, y));
            for (int64_t j = 0; j < DIM; j++) {
                ck_assert(y[j] == definition(index, count, nominal, v, j));
            }
            ck_assert_int_eq(counts.hessvec, count);
            ck_assert_int_eq(counts.gradient + counts.value + counts.slopes, 0);
        }
    }
    close_oracle(&o);
}
END_TEST

START_TEST(slopes_come_in_the_order_of_the_request)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], v[MOST_K * DIM], slopes[SAMPLES * MOST_K + 1];
    int64_t index[SAMPLES];
    for (int64_t i = 0; i < SAMPLES; i++) {
        index[i] = i * 5 % SAMPLES;
    }
    open_oracle(&o, &p, NULL, WITH_SLOPES);
    problem_start(&p, w);
    fill(v, MOST_K * DIM, 1.0, 4);
    for (int64_t k = 1; k <= MOST_K; k++) {
        for (int64_t count = 0; count <= SAMPLES; count++) { /* 0: all, as they are numbered */
            struct saddle_i_counts counts = {0};
            const struct saddle_i_request q = request(&o, count == 0 ? NULL : index, count, &counts);
            const int64_t all = count == 0 ? SAMPLES : count;
            slopes[all * k] = 77.0;
            EXPECT_OK(saddle_i_oracle_slopes(&o, &q, w, k, v, slopes));
            ck_assert(slopes[all * k] == 77.0);
            for (int64_t i = 0; i < all * k; i++) {
                const int64_t z = count == 0 ? i / k : index[i / k];
                double expected = 0.0;
                for (int64_t j = 0; j < DIM; j++) {
                    expected += (w[j] * w[j] * w[j] - problem_curvature(j) * w[j] + problem_tilt(z, j)) * v[i % k * DIM + j];
                }
                ck_assert(slopes[i] == expected);
            }
            ck_assert_int_eq(counts.slopes, all);
        }
    }
    ck_assert_int_eq(p.broken, 0);
    close_oracle(&o);
}
END_TEST

/* Products by callback, by differences, and slopes, for one number of threads, into out. */
static void by_threads(int64_t threads, double *out)
{
    saddle_context *c = NULL;
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], v[MOST_K * DIM];
    struct saddle_i_counts counts = {0};
    struct saddle_i_operator a;
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, threads));
    open_oracle(&o, &p, c, WITH_SLOPES);
    saddle_context_destroy(c);
    p.threads = threads;
    p.spins = 2000;
    fill(w, DIM, 1.0, 1);
    unit_vector(v, MOST_K * DIM, 2);
    const struct saddle_i_request q = request(&o, NULL, 0, &counts);
    EXPECT_OK(saddle_i_oracle_slopes(&o, &q, w, MOST_K, v, out));
    unit_vector(v, DIM, 3);
    EXPECT_OK(saddle_i_operator_hessian(&a, &o, w, &q));
    EXPECT_OK(saddle_i_operator_apply(&a, v, out + SAMPLES * MOST_K));
    saddle_i_operator_fini(&a);
    o.hessvec = problem_hessvec;
    EXPECT_OK(saddle_i_oracle_hessvec(&o, &q, w, v, out + SAMPLES * MOST_K + DIM));
    o.hessvec = quadratic_product;
    EXPECT_OK(saddle_i_oracle_hessvec(&o, &q, w, v, out + SAMPLES * MOST_K + 2 * DIM));
    ck_assert_int_eq(p.broken, 0);
    ck_assert_int_eq(counts.gradient, p.gradient_samples);
    ck_assert_int_eq(counts.hessvec, p.hessvec_samples + SAMPLES);
    ck_assert_int_eq(counts.slopes, p.slopes_samples);
    close_oracle(&o);
}

START_TEST(threads_do_not_change_a_bit)
{
    double alone[SAMPLES * MOST_K + 3 * DIM], together[SAMPLES * MOST_K + 3 * DIM];
    by_threads(1, alone);
    for (int64_t threads = 2; threads <= 8; threads++) {
        by_threads(threads, together);
        EXPECT_SAME(alone, together, sizeof alone);
    }
}
END_TEST

START_TEST(any_call_may_fail)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], v[DIM], y[SAMPLES];
    char said[80];
    open_oracle(&o, &p, NULL, WITH_HESSVEC | WITH_SLOPES);
    problem_start(&p, w);
    unit_vector(v, DIM, 1);
    p.fault_second = _i;
    for (p.fault_call = 1; p.fault_call <= 6; p.fault_call++) {
        struct saddle_i_counts counts = {0};
        const struct saddle_i_request q = request(&o, NULL, 0, &counts);
        p.hessvec_calls = p.slopes_calls = p.hessvec_samples = p.slopes_samples = 0;
        p.fault = FAULT_CODE;
        p.code = (int)p.fault_call - 3;
        const saddle_status s = _i == WITH_HESSVEC ? saddle_i_oracle_hessvec(&o, &q, w, v, y)
                                                   : saddle_i_oracle_slopes(&o, &q, w, 1, v, y);
        ck_assert_int_eq(s, p.code == 0 ? SADDLE_E_NOT_FINITE : SADDLE_E_CALLBACK); /* 0, and nothing written */
        ck_assert_int_eq(counts.hessvec, p.hessvec_samples);
        ck_assert_int_eq(counts.slopes, p.slopes_samples);
        if (p.code != 0) {
            ck_assert_int_eq(saddle_i_oracle_tell(&o, s), s);
            (void)snprintf(said, sizeof said,
             "the %s callback returned %d (%s) at step 3", _i == WITH_HESSVEC ? "hessvec" : "slopes",
                           p.code, p.code == 1 ? "cannot be evaluated at this w" : "gave up");
            EXPECT_MESSAGE(said);
            ck_assert_int_eq(o.callback_code, p.code);
            ck_assert_int_eq(p.hessvec_calls + p.slopes_calls, p.fault_call); /* none after it */
        }
    }
    close_oracle(&o);
}
END_TEST

START_TEST(a_slope_that_is_not_finite_is_named)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], v[2 * DIM], slopes[2 * SAMPLES];
    struct saddle_i_counts counts = {0};
    open_oracle(&o, &p, NULL, WITH_SLOPES);
    problem_start(&p, w);
    fill(v, 2 * DIM, 1.0, 1);
    const struct saddle_i_request q = request(&o, NULL, 0, &counts);
    p.fault = FAULT_UNWRITTEN_ENTRY;
    p.fault_call = 2;
    EXPECT_FAIL(saddle_i_oracle_slopes(&o, &q, w, 2, v, slopes), SADDLE_E_NOT_FINITE,
                "the slope of sample 4 along direction 0 is nan at step 3 (or was not written");
    p.entry = 2 * GRAIN - 1;
    p.calls = 0;
    EXPECT_FAIL(saddle_i_oracle_slopes(&o, &q, w, 2, v, slopes), SADDLE_E_NOT_FINITE,
                "the slope of sample 7 along direction 1 is nan at step 3 (or was not written");
    p.fault = FAULT_ENTRY;
    p.bad = (double)NAN;
    p.entry = 2;
    p.calls = 0;
    EXPECT_FAIL(saddle_i_oracle_slopes(&o, &q, w, 2, v, slopes), SADDLE_E_NOT_FINITE,
                "the slope of sample 5 along direction 0 is nan at step 3");
    ck_assert_ptr_null(strstr(saddle_error_message(), "written"));
    p.fault_call = 6; /* the last grain has 3 samples */
    p.fault = FAULT_UNWRITTEN_ENTRY;
    p.entry = 5;
    p.calls = 0;
    EXPECT_FAIL(saddle_i_oracle_slopes(&o, &q, w, 2, v, slopes), SADDLE_E_NOT_FINITE,
                "the slope of sample 22 along direction 1 is nan at step 3 (or was not written");
    close_oracle(&o);
}
END_TEST

START_TEST(who_can_give_products)
{
    struct saddle_i_oracle o;
    struct problem p;
    open_oracle(&o, &p, NULL, 0);
    EXPECT_OK(saddle_i_oracle_needs_hessian(&o, "it"));
    o.gradient = NULL;
    EXPECT_FAIL(saddle_i_oracle_needs_hessian(&o, "it"), SADDLE_E_MISSING,
                "it needs Hessian products: call saddle_objective_set_hessvec()");
    o.value_gradient = problem_value_gradient;
    EXPECT_OK(saddle_i_oracle_needs_hessian(&o, "it"));
    o.value_gradient = NULL;
    o.hessvec = problem_hessvec;
    EXPECT_OK(saddle_i_oracle_needs_hessian(&o, "it"));
    close_oracle(&o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("curvature");
    TCase *c = tcase_create("curvature");
    tcase_add_test(c, the_mean_product_has_one_definition);
    tcase_add_test(c, slopes_come_in_the_order_of_the_request);
    tcase_add_test(c, threads_do_not_change_a_bit);
    tcase_add_loop_test(c, any_call_may_fail, WITH_HESSVEC, WITH_SLOPES + 1);
    tcase_add_test(c, a_slope_that_is_not_finite_is_named);
    tcase_add_test(c, who_can_give_products);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
