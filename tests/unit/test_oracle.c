/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle: how means of grains become one mean, what is counted, what is tested, who is blamed. */
#include "oracle/oracle.h"
#include "oracle/team.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <math.h>

enum { DIM = 5, SAMPLES = 23, GRAIN = 4 };

static void open_oracle(struct saddle_i_oracle *o, struct problem *p, int callbacks)
{
    problem_init(p, DIM, SAMPLES, GRAIN, callbacks);
    saddle_i_oracle_init(o, saddle_i_context_hold(NULL), DIM, SAMPLES, p);
    saddle_i_oracle_set_grain(o, GRAIN);
    o->value = callbacks == TOGETHER || callbacks == GRADIENT_ONLY ? NULL : problem_value;
    o->gradient = callbacks == TOGETHER ? NULL : problem_gradient;
    o->value_gradient = callbacks == TOGETHER || callbacks == ALL_THREE ? problem_value_gradient : NULL;
}

/* acc = count_0 mean_0, then + count_k mean_k, each product and sum rounded, divided once by the nominal count. */
static double definition(const int64_t *index, int64_t count, int64_t nominal, const double *w, int64_t j)
{
    double acc = 0.0, mean = 0.0;
    for (int64_t first = 0; first < count; first += GRAIN) {
        const int64_t m = count - first < GRAIN ? count - first : GRAIN;
        double tilt = 0.0;
        for (int64_t k = 0; k < m; k++) {
            tilt += problem_tilt(index[first + k], j);
        }
        mean = w[j] * w[j] * w[j] - problem_curvature(j) * w[j] + tilt / (double)m;
        const double part = (double)m * mean;
        acc = first == 0 ? part : acc + part;
    }
    if (count <= GRAIN) {
        return count == nominal ? mean : (double)count * mean / (double)nominal;
    }
    return acc / (double)nominal;
}

START_TEST(the_sum_has_one_definition)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], g[DIM], bound = 0.0;
    int64_t index[SAMPLES];
    for (int64_t i = 0; i < SAMPLES; i++) {
        index[i] = i * 5 % SAMPLES;
    }
    open_oracle(&o, &p, _i);
    problem_start(&p, w);
    for (int64_t count = 1; count <= SAMPLES; count++) {
        for (int64_t nominal = count; nominal < count + 3; nominal++) {
            struct saddle_i_counts counts = {0};
            const struct saddle_i_request q = {index, count, nominal, 3, saddle_i_oracle_new_point(&o), &counts};
            EXPECT_OK(saddle_i_oracle_gradient(&o, &q, w, NULL, g, &bound));
            for (int64_t j = 0; j < DIM; j++) {
                ck_assert(g[j] == definition(index, count, nominal, w, j));
                ck_assert(bound == -1.0 || bound >= fabs(g[j]));
            }
            ck_assert_int_eq(bound == -1.0, count <= GRAIN && count == nominal); /* one grain comes untested */
            ck_assert_int_eq(counts.gradient, count);
            ck_assert_int_eq(counts.value, _i == TOGETHER ? count : 0);
        }
    }
    ck_assert_int_eq(p.broken, 0);
    saddle_i_oracle_fini(&o);
}
END_TEST

START_TEST(values_are_counted_and_come_alone_or_together)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], g[DIM], bound = 0.0, alone = 0.0, with = 0.0, exact;
    struct saddle_i_counts counts = {0};
    open_oracle(&o, &p, _i);
    problem_start(&p, w);
    problem_exact(&p, w, &exact, NULL);
    const struct saddle_i_request q = {NULL, 0, 0, 0, saddle_i_oracle_new_point(&o), &counts};
    EXPECT_OK(saddle_i_oracle_value(&o, &q, w, &alone));
    ck_assert_int_eq(counts.value, SAMPLES);
    ck_assert_int_eq(counts.gradient, _i == TOGETHER ? SAMPLES : 0);
    EXPECT_OK(saddle_i_oracle_gradient(&o, &q, w, &with, g, &bound));
    ck_assert_int_eq(counts.value, 2 * SAMPLES);
    ck_assert(alone == with);
    ck_assert_double_eq_tol(alone, exact, 1e-15);
    ck_assert_int_eq(counts.value, p.value_samples);
    ck_assert_int_eq(counts.gradient, p.gradient_samples);
    saddle_i_oracle_fini(&o);
}
END_TEST

START_TEST(a_failure_is_counted_and_changes_no_output)
{
    struct saddle_i_oracle o;
    struct problem p;
    double w[DIM], g[DIM], bound = 0.0, value = -77.0;
    open_oracle(&o, &p, _i);
    problem_start(&p, w);
    p.fault = FAULT_CODE;
    p.code = 42;
    for (p.fault_call = 1; p.fault_call <= 6; p.fault_call++) {
        struct saddle_i_counts counts = {0};
        const struct saddle_i_request q = {NULL, 0, 0, 8, saddle_i_oracle_new_point(&o), &counts};
        p.calls = p.value_samples = p.gradient_samples = 0;
        EXPECT_FAIL(saddle_i_oracle_gradient(&o, &q, w, &value, g, &bound), SADDLE_E_CALLBACK,
                    "returned 42 (gave up) at step 8");
        ck_assert_int_eq(o.callback_code, 42);
        ck_assert_int_eq(p.calls, p.fault_call); /* none after it */
        ck_assert_int_eq(counts.value, p.value_samples);
        ck_assert_int_eq(counts.gradient, p.gradient_samples);
        ck_assert_double_eq(value, -77.0);
    }
    saddle_i_oracle_fini(&o);
}
END_TEST

START_TEST(who_is_to_blame)
{
    struct saddle_i_oracle o;
    struct problem p;
    open_oracle(&o, &p, GRADIENT_ONLY);
    EXPECT_FAIL(saddle_i_oracle_blame(&o, 4, 0, (double)NAN), SADDLE_E_NOT_FINITE,
                "entry 0 of the gradient is nan at step 4 (or was not written: it comes with NaN)");
    EXPECT_FAIL(saddle_i_oracle_blame(&o, 4, DIM - 1, (double)NAN), SADDLE_E_NOT_FINITE, "(or was not written");
    EXPECT_FAIL(saddle_i_oracle_blame(&o, 4, 1, (double)NAN), SADDLE_E_NOT_FINITE,
                "entry 1 of the gradient is nan at step 4");
    ck_assert_ptr_null(strstr(saddle_error_message(), "written"));
    EXPECT_FAIL(saddle_i_oracle_blame(&o, 4, 0, (double)INFINITY), SADDLE_E_NOT_FINITE,
                "entry 0 of the gradient is inf at step 4");
    ck_assert_ptr_null(strstr(saddle_error_message(), "written"));
    EXPECT_FAIL(saddle_i_oracle_needs_value(&o, "it"), SADDLE_E_MISSING, "it needs values");
    EXPECT_OK(saddle_i_oracle_needs_gradient(&o, "it"));
    EXPECT_OK(saddle_i_oracle_needs_all(&o, "it"));
    o.samples = SADDLE_STREAM;
    EXPECT_FAIL(saddle_i_oracle_needs_all(&o, "it"), SADDLE_E_UNSUPPORTED, "it needs all samples");
    o.gradient = NULL;
    EXPECT_FAIL(saddle_i_oracle_needs_gradient(&o, "it"), SADDLE_E_MISSING, "it needs gradients");
    saddle_i_oracle_fini(&o);
}
END_TEST

/* Grains of one evaluation, in the order of their folds. */
struct tally {
    struct saddle_i_job job; /* first: the team knows no more */
    int64_t worked;          /* atomic */
    int64_t folded, end_at, out_of_order;
};

static void count_work(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct tally *x = (struct tally *)job;
    (void)k;
    (void)thread;
    (void)__atomic_add_fetch(&x->worked, 1, __ATOMIC_RELAXED);
}

static int count_fold(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct tally *x = (struct tally *)job;
    (void)thread;
    x->out_of_order += k != x->folded;
    x->folded++;
    return k != x->end_at;
}

START_TEST(a_team_folds_in_order_and_ends_where_it_is_told)
{
    struct saddle_i_oracle o;
    struct problem p;
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, 3));
    problem_init(&p, DIM, SAMPLES, GRAIN, SEPARATE);
    saddle_i_oracle_init(&o, c, DIM, SAMPLES, &p);
    ck_assert_int_eq(saddle_i_team_size(&o, 1), 1);
    ck_assert_int_eq(saddle_i_team_size(&o, 2), 2);
    ck_assert_int_eq(saddle_i_team_size(&o, 100), 3);
    for (int64_t threads = 1; threads <= 3; threads++) {
        for (int64_t end_at = -1; end_at < 20; end_at++) {
            struct tally x = {{count_work, count_fold, 20}, 0, 0, end_at, 0};
            saddle_i_team_run(&o, &x.job, threads);
            ck_assert_int_eq(x.out_of_order, 0);
            ck_assert_int_eq(x.folded, end_at < 0 ? 20 : end_at + 1);
            ck_assert_int_ge(x.worked, x.folded);
            ck_assert(x.worked <= x.folded + threads - 1);
        }
    }
    saddle_i_oracle_fini(&o);
    ck_assert_ptr_null(o.team);
    saddle_context_destroy(c);
}
END_TEST

START_TEST(codes_have_words_and_points_are_new)
{
    struct saddle_i_oracle o;
    struct problem p;
    open_oracle(&o, &p, SEPARATE);
    ck_assert_int_eq(saddle_i_oracle_gave_up(&o, "project", 1, 6), SADDLE_E_CALLBACK);
    ck_assert_int_eq(saddle_i_oracle_tell(&o, SADDLE_E_MEMORY), SADDLE_E_MEMORY); /* another failure has its own words */
    ck_assert_int_eq(saddle_i_oracle_tell(&o, SADDLE_E_CALLBACK), SADDLE_E_CALLBACK);
    EXPECT_MESSAGE("the project callback returned 1 (cannot be evaluated at this w) at step 6");
    ck_assert_int_eq(o.callback_code, 1);
    const int64_t point = saddle_i_oracle_new_point(&o);
    ck_assert_int_gt(saddle_i_oracle_new_point(&o), point);
    saddle_i_oracle_fini(&o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle");
    TCase *c = tcase_create("oracle");
    tcase_add_loop_test(c, the_sum_has_one_definition, SEPARATE, ALL_THREE + 1);
    tcase_add_loop_test(c, values_are_counted_and_come_alone_or_together, SEPARATE, ALL_THREE + 1);
    tcase_add_loop_test(c, a_failure_is_counted_and_changes_no_output, SEPARATE, ALL_THREE + 1);
    tcase_add_test(c, who_is_to_blame);
    tcase_add_test(c, a_team_folds_in_order_and_ends_where_it_is_told);
    tcase_add_test(c, codes_have_words_and_points_are_new);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
