/* SPDX-License-Identifier: BSD-3-Clause */
/* saddle_objective_hessvec(): by the callback, and by differences of gradients for a v of any length. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <math.h>
#include <stdio.h>

enum { DIM = 6, SAMPLES = 23, GRAIN = 4 };

static void direction(double *v, double scale)
{
    for (int j = 0; j < DIM; j++) {
        v[j] = scale * (double)(j * 3 % 7 - 2);
    }
}

static void open_problem(struct problem *p, saddle_context *c, int second, saddle_objective **f, double *w)
{
    problem_init(p, DIM, SAMPLES, GRAIN, GRADIENT_ONLY);
    p->second = second;
    problem_start(p, w);
    *f = problem_objective(p, c);
}

START_TEST(products_are_right_whatever_the_length)
{
    static const double scales[] = {1.0, 1e-3, 1e5, 1e-300, 1e300, 4e-320};
    struct problem p;
    saddle_objective *f;
    double w[DIM], v[DIM], kept[DIM], y[DIM], exact[DIM];
    open_problem(&p, NULL, _i, &f, w);
    for (size_t k = 0; k < sizeof scales / sizeof scales[0]; k++) {
        direction(v, scales[k]);
        memcpy(kept, v, sizeof v);
        p.calls = 0;
        EXPECT_OK(saddle_objective_hessvec(f, w, v, y));
        EXPECT_SAME(v, kept, sizeof v);
        problem_exact_product(&p, w, v, exact);
        for (int j = 0; j < DIM; j++) {
            const double tol = scales[k] * (_i == WITH_HESSVEC ? 1e-14 : 1e-9) + 1e-323;
            ck_assert_msg(fabs(y[j] - exact[j]) <= tol, "scale %g, entry %d: %g, not %g", scales[k], j, y[j], exact[j]);
        }
        ck_assert_int_eq(p.calls, _i == WITH_HESSVEC ? 6 : 24); /* 6 grains; differences find their h */
    }
    direction(v, 0.0);
    EXPECT_OK(saddle_objective_hessvec(f, w, v, y));
    for (int j = 0; j < DIM; j++) {
        ck_assert(y[j] == 0.0);
    }
    ck_assert_int_eq(p.broken, 0);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    struct problem p;
    saddle_objective *f, *stream = NULL;
    double w[DIM], v[DIM], y[DIM];
    open_problem(&p, NULL, 0, &f, w);
    direction(v, 1.0);
    EXPECT_FAIL(saddle_objective_hessvec(NULL, w, v, y), SADDLE_E_ARGUMENT, "saddle_objective_hessvec: the objective is NULL");
    EXPECT_FAIL(saddle_objective_hessvec(f, NULL, v, y), SADDLE_E_ARGUMENT, "saddle_objective_hessvec: w is NULL");
    EXPECT_FAIL(saddle_objective_hessvec(f, w, NULL, y), SADDLE_E_ARGUMENT, "saddle_objective_hessvec: v is NULL");
    EXPECT_FAIL(saddle_objective_hessvec(f, w, v, NULL), SADDLE_E_ARGUMENT, "saddle_objective_hessvec: the output is NULL");
    v[2] = (double)INFINITY;
    EXPECT_FAIL(saddle_objective_hessvec(f, w, v, y), SADDLE_E_NOT_FINITE, "entry 2 of v is inf");
    v[2] = 0.0;
    w[DIM - 1] = (double)NAN;
    EXPECT_FAIL(saddle_objective_hessvec(f, w, v, y), SADDLE_E_NOT_FINITE, "entry 5 of w is nan");
    w[DIM - 1] = 1.0;
    EXPECT_OK(saddle_objective_set_gradient(f, NULL));
    EXPECT_FAIL(saddle_objective_hessvec(f, w, v, y), SADDLE_E_MISSING, "saddle_objective_hessvec needs Hessian products");
    EXPECT_OK(saddle_objective_set_value_gradient(f, problem_value_gradient));
    EXPECT_OK(saddle_objective_hessvec(f, w, v, y));
    EXPECT_OK(saddle_objective_create(NULL, DIM, SADDLE_STREAM, &p, &stream));
    EXPECT_OK(saddle_objective_set_hessvec(stream, problem_hessvec));
    EXPECT_FAIL(saddle_objective_hessvec(stream, w, v, y), SADDLE_E_UNSUPPORTED, "saddle_objective_hessvec needs all samples");
    direction(v, 4e307);
    w[1] = 10.0; /* H v overflows */
    EXPECT_FAIL(saddle_objective_hessvec(f, w, v, y), SADDLE_E_NOT_FINITE, "entry 1 of the product is ");
    saddle_objective_destroy(stream);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(failures_are_told)
{
    struct problem p;
    saddle_objective *f;
    double w[DIM], v[DIM], y[DIM];
    char said[120];
    open_problem(&p, NULL, _i, &f, w);
    direction(v, 1.0);
    const char *which = _i == WITH_HESSVEC ? "hessvec" : "gradient";
    static const int codes[] = {1, -1, 42};
    p.for_ever = _i != WITH_HESSVEC; /* after the code 1 and NaN a shorter h is tried */
    for (p.fault_call = 1; p.fault_call <= (_i == WITH_HESSVEC ? 6 : 12); p.fault_call++) {
        p.fault = FAULT_CODE;
        for (int k = 0; k < 3; k++) {
            p.calls = 0;
            p.code = codes[k];
            (void)snprintf(said, sizeof said, "the %s callback returned %d (%s)", which, p.code,
                           p.code == 1 ? "cannot be evaluated at this w" : "gave up");
            EXPECT_FAIL(saddle_objective_hessvec(f, w, v, y), SADDLE_E_CALLBACK, said);
            ck_assert(p.calls == p.fault_call || (p.for_ever && p.code == 1 && p.calls > p.fault_call));
        }
        p.fault = FAULT_ENTRY;
        p.entry = 2;
        p.bad = (double)NAN;
        p.calls = 0;
        EXPECT_FAIL(saddle_objective_hessvec(f, w, v, y), SADDLE_E_NOT_FINITE,
                    _i == WITH_HESSVEC ? "entry 2 of the Hessian product is nan" : "entry 2 of the gradient is nan");
        p.fault = FAULT_UNWRITTEN_ENTRY;
        p.entry = DIM - 1;
        p.calls = 0;
        EXPECT_FAIL(saddle_objective_hessvec(f, w, v, y), SADDLE_E_NOT_FINITE, "is nan (or was not written: it comes with NaN)");
    }
    p.calls = 0;
    p.fault = FAULT_NONE;
    EXPECT_OK(saddle_objective_hessvec(f, w, v, y));
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(threads_and_rounding_modes_do_not_change_a_bit)
{
    double alone[DIM], y[DIM];
    for (int64_t threads = 1; threads <= 8; threads++) {
        struct problem p;
        saddle_context *c = NULL;
        saddle_objective *f;
        double w[DIM], v[DIM];
        EXPECT_OK(saddle_context_create(NULL, &c));
        EXPECT_OK(saddle_context_set_threads(c, threads));
        open_problem(&p, c, _i, &f, w);
        saddle_context_destroy(c);
        p.threads = threads;
        p.spins = 2000;
        direction(v, 0.3);
        const int mode = threads == 1 ? FE_TONEAREST : threads % 2 == 0 ? FE_UPWARD : FE_TOWARDZERO;
        ck_assert_int_eq(fesetround(mode), 0);
        const saddle_status s = saddle_objective_hessvec(f, w, v, threads == 1 ? alone : y);
        const int mode_after = fegetround();
        ck_assert_int_eq(fesetround(FE_TONEAREST), 0);
        EXPECT_OK(s);
        ck_assert_int_eq(mode_after, mode);
        if (threads > 1) {
            EXPECT_SAME(alone, y, sizeof y);
        }
        ck_assert_int_eq(p.broken, 0);
        saddle_objective_destroy(f);
    }
}
END_TEST

START_TEST(memory_may_be_short)
{
    int64_t refused = 1;
    for (int64_t fail_at = 1; refused > 0; fail_at++) {
        struct memory m;
        struct problem p;
        saddle_context *c = NULL;
        saddle_objective *f;
        double w[DIM], v[DIM], y[DIM];
        const saddle_allocator a = memory_allocator(&m, 0x5A);
        EXPECT_OK(saddle_context_create(&a, &c));
        open_problem(&p, c, _i, &f, w);
        saddle_context_destroy(c);
        direction(v, 1.0);
        m.fail_at = m.calls + fail_at;
        const saddle_status s = saddle_objective_hessvec(f, w, v, y);
        refused = m.refused;
        ck_assert_int_eq(s, refused > 0 ? SADDLE_E_MEMORY : SADDLE_OK);
        m.fail_at = 0;
        EXPECT_OK(saddle_objective_hessvec(f, w, v, y));
        saddle_objective_destroy(f);
        ck_assert_int_eq(m.blocks, 0);
        ck_assert_int_eq(m.faults, 0);
        ck_assert_int_lt(fail_at, 10);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hessvec");
    TCase *c = tcase_create("hessvec");
    tcase_add_loop_test(c, products_are_right_whatever_the_length, 0, WITH_HESSVEC + 1);
    tcase_add_test(c, bad_arguments_are_refused);
    tcase_add_loop_test(c, failures_are_told, 0, WITH_HESSVEC + 1);
    tcase_add_loop_test(c, threads_and_rounding_modes_do_not_change_a_bit, 0, WITH_HESSVEC + 1);
    tcase_add_loop_test(c, memory_may_be_short, 0, WITH_HESSVEC + 1);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
