/* SPDX-License-Identifier: BSD-3-Clause */
/* The CNC check where something fails: any call of a callback, any allocation; what the messages say. */
#include "support/counted.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <math.h>

enum { DIM = 3, MOST_DIM = 10, SAMPLES = 23, GRAIN = 4, WAYS = 5 };

/* Gradients and differences of them; value_gradient alone; with Hessian products; with slopes; with both. */
static void init(struct problem *p, int64_t dim, int way)
{
    problem_init(p, dim, SAMPLES, GRAIN, way == 1 ? TOGETHER : GRADIENT_ONLY);
    p->second = way == 2 ? WITH_HESSVEC : way == 3 ? WITH_SLOPES : way == 4 ? WITH_HESSVEC | WITH_SLOPES : 0;
}

/* At 0 the eigenvalue -1 belongs to w_0 (and w_3, ... where there are more entries); the others are 1/2. */
static void point(const struct problem *p, double *w)
{
    for (int64_t j = 0; j < p->dim; j++) {
        w[j] = j == 0 ? 0.125 : 0.03125 * (double)j;
    }
}

static saddle_options *options(const char *name, const char *value)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_text(o, "eigen_tol", "1e-8"));
    if (name != NULL) {
        EXPECT_OK(saddle_options_set_text(o, name, value));
    }
    return o;
}

/* What every failing call must leave: out and v as they were; then the same answer as ever. */
struct failing {
    struct problem p;
    double w[MOST_DIM], v[MOST_DIM];
    saddle_objective *f;
    saddle_options *o;
    saddle_cnc good;
};

static void fail_at(struct failing *x, int64_t k, int fault, int code, double bad, int64_t at, saddle_status status, const char *part)
{
    saddle_cnc d;
    double v[MOST_DIM] = {7.0};
    memset(&d, 0x5a, sizeof d);
    d.struct_size = (int64_t)sizeof d;
    x->p.calls = 0;
    x->p.fault_call = k;
    x->p.for_ever = (x->p.second & WITH_HESSVEC) == 0; /* a shorter h would do */
    x->p.fault = fault;
    x->p.code = code;
    x->p.bad = bad;
    x->p.entry = at;
    EXPECT_FAIL(saddle_cnc_check(x->f, x->w, x->o, v, &d), status, part);
    ck_assert(d.verdict == INT64_C(0x5a5a5a5a5a5a5a5a) && v[0] == 7.0);
    x->p.fault = FAULT_NONE;
}

START_TEST(any_call_of_a_callback_may_fail)
{
    for (int sampled = 0; sampled < 2; sampled++) {
        struct failing x = {.good = {.struct_size = (int64_t)sizeof x.good}};
        init(&x.p, _i % 2 ? DIM : MOST_DIM, _i % WAYS);
        x.p.threads = 2;
        point(&x.p, x.w);
        saddle_context *c = NULL;
        EXPECT_OK(saddle_context_create(NULL, &c));
        EXPECT_OK(saddle_context_set_threads(c, _i < WAYS ? 1 : 2));
        x.f = problem_objective(&x.p, c);
        x.o = options("cnc_samples", sampled ? "9" : "0");
        EXPECT_OK(saddle_cnc_check(x.f, x.w, x.o, x.v, &x.good));
        const int64_t calls = x.p.calls;
        ck_assert_int_gt(calls, 20);
        for (int64_t k = 1; k <= calls; k++) {
            fail_at(&x, k, FAULT_CODE, 1, 0.0, 0, SADDLE_E_CALLBACK, "callback returned 1 (cannot be evaluated at this w)");
            fail_at(&x, k, FAULT_CODE, -7, 0.0, 0, SADDLE_E_CALLBACK, "callback returned -7 (gave up)");
            fail_at(&x, k, FAULT_ENTRY, 0, (double)NAN, 0, SADDLE_E_NOT_FINITE, "is nan");
            fail_at(&x, k, FAULT_ENTRY, 0, -(double)INFINITY, 0, SADDLE_E_NOT_FINITE, "inf");
            fail_at(&x, k, FAULT_UNWRITTEN_ENTRY, 0, 0.0, 0, SADDLE_E_NOT_FINITE, "is nan");
            EXPECT_MESSAGE("(or was not written: it comes with NaN)");
        }
        counted(5 * calls, "callbacks failed");
        saddle_cnc again = {.struct_size = (int64_t)sizeof again};
        EXPECT_OK(saddle_cnc_check(x.f, x.w, x.o, NULL, &again));
        EXPECT_SAME(&x.good, &again, sizeof again);
        ck_assert_int_eq(x.p.broken, 0);
        saddle_options_destroy(x.o);
        saddle_objective_destroy(x.f);
        saddle_context_destroy(c);
    }
}
END_TEST

START_TEST(messages_name_the_sample)
{
    static const struct {
        int second, fault;
        int64_t entry;
        double bad;
        const char *said;
    } cases[] = {
        {0, FAULT_ENTRY, 1, (double)NAN, "entry 1 of the gradient of sample 17 is nan"},
        {0, FAULT_ENTRY, 2, (double)INFINITY, "entry 2 of the gradient of sample 17 is inf"},
        {0, FAULT_UNWRITTEN_ENTRY, 2, 0.0, "entry 2 of the gradient of sample 17 is nan (or was not written: it comes with NaN)"},
        {0, FAULT_ENTRY, 0, 1e200, "the gradient of sample 17 has the norm 1e+200, whose square is out of range"},
        {WITH_SLOPES, FAULT_ENTRY, 3, (double)NAN, "the slope of sample 17 along direction 1 is nan"},
        {WITH_SLOPES, FAULT_ENTRY, 3, -1e200, "the slope of sample 17 along direction 1 is -1e+200, whose square is out of range"},
    };
    double w[DIM], v[2 * DIM] = {1.0, 0.0, 0.0, 0.0, 1.0, 0.0}, m[2];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem p;
        init(&p, DIM, cases[i].second ? 3 : 0);
        point(&p, w);
        p.fault = cases[i].fault;
        p.fault_sample = cases[i].second ? 16 : 17; /* the second of a grain of 4 */
        p.entry = cases[i].entry;
        p.bad = cases[i].bad;
        saddle_objective *f = problem_objective(&p, NULL);
        EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 2, v, m, NULL), SADDLE_E_NOT_FINITE, cases[i].said);
        saddle_objective_destroy(f);
    }
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    for (int way = 0; way < 2 * WAYS; way++) {
        int64_t failures = 0;
        for (int64_t k = 1;; k++) {
            struct memory m;
            struct problem p;
            double w[MOST_DIM], v[MOST_DIM], along[1];
            saddle_context *x = NULL;
            saddle_objective *f = NULL;
            saddle_cnc c = {.struct_size = (int64_t)sizeof c};
            const saddle_allocator a = memory_allocator(&m, k % 2 != 0 ? 0xA5 : 0x5A);
            EXPECT_OK(saddle_context_create(&a, &x));
            EXPECT_OK(saddle_context_set_threads(x, 2));
            init(&p, MOST_DIM, way % WAYS);
            p.threads = 2;
            point(&p, w);
            saddle_options *o = options("cnc_samples", way < WAYS ? "0" : "9");
            f = problem_objective(&p, x);
            m.fail_at = m.calls + k;
            saddle_status s = saddle_cnc_check(f, w, o, v, &c);
            if (s == SADDLE_OK) {
                s = saddle_cnc_along(f, w, o, 1, v, along, NULL);
            }
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
        ck_assert_int_gt(failures, 15);
        counted(failures, "allocations failed");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cnc_faults");
    TCase *t = tcase_create("cnc_faults");
    tcase_set_timeout(t, 100);
    tcase_add_loop_test(t, any_call_of_a_callback_may_fail, 0, 2 * WAYS);
    tcase_add_test(t, messages_name_the_sample);
    tcase_add_test(t, any_allocation_may_fail);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
