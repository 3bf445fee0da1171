/* SPDX-License-Identifier: BSD-3-Clause */
/* The spectral density: near the true distribution, of integral 1, in no more products than promised. */
#include "spectrum/lanczos.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/operators.h"
#include "support/run_suite.h"
#include <stdlib.h>

enum { N = 400, POINTS = 4001 };

static saddle_context *context;
static double d[N], lambda[POINTS], density[POINTS];
static struct operator_diagonal a;
static struct saddle_i_operator o;
static struct saddle_i_lanczos_settings settings;

static void set_up(void)
{
    EXPECT_OK(saddle_context_create(NULL, &context));
    a = (struct operator_diagonal){.d = d};
    settings = (struct saddle_i_lanczos_settings){
        .seed = 1, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-6, .delta = 0.01, .max_products = 1000};
}

static void tear_down(void)
{
    saddle_context_destroy(context);
}

static int ascending(const void *p, const void *q)
{
    const double x = *(const double *)p, y = *(const double *)q;
    return x < y ? -1 : x > y;
}

enum { EQUISPACED, SEMICIRCLE, OUTLIERS, HALF_MULTIPLE, KINDS };

static void spectrum(int kind)
{
    for (int i = 0; i < N; i++) {
        const double u = (i + 0.5) / N;
        d[i] = kind == SEMICIRCLE ? 0.0 : -1.0 + 4.0 * u;
        if (kind == SEMICIRCLE) { /* F(x) = 1/2 + (x sqrt(1-x^2) + asin x)/pi = u */
            double low = -1.0, high = 1.0;
            for (int step = 0; step < 60; step++) {
                const double x = 0.5 * (low + high);
                *(0.5 + (x * sqrt(1.0 - x * x) + asin(x)) / acos(-1.0) < u ? &low : &high) = x;
            }
            d[i] = low;
        } else if (kind == OUTLIERS) {
            d[i] = i < 10 ? 2.0 + i : i < 12 ? -1.0 : u * 0.1;
        } else if (kind == HALF_MULTIPLE && i < N / 2) {
            d[i] = 0.0;
        }
    }
    qsort(d, N, sizeof *d, ascending);
}

static double integral(void)
{
    double sum = 0.0;
    for (int i = 1; i < POINTS; i++) {
        sum += 0.5 * (density[i - 1] + density[i]) * (lambda[i] - lambda[i - 1]);
    }
    return sum;
}

/* Wasserstein-1: the integral of |F - G|, F of the density, G the steps of the spectrum. */
static double distance(void)
{
    double f = 0.0, sum = 0.0;
    int below = 0;
    for (int i = 1; i < POINTS; i++) {
        const double h = lambda[i] - lambda[i - 1];
        f += 0.5 * (density[i - 1] + density[i]) * h;
        while (below < N && d[below] <= lambda[i]) {
            below++;
        }
        sum += fabs(f - (double)below / N) * h;
    }
    return sum;
}

START_TEST(near_the_true_distribution)
{
    for (int kind = 0; kind < KINDS; kind++) {
        spectrum(kind);
        const double spread = d[N - 1] - d[0];
        for (uint64_t seed = 0; seed < 10; seed++) {
            settings.seed = seed;
            operator_make(&o, context, N, &a, 0);
            EXPECT_OK(saddle_i_density(&o, &settings, POINTS, lambda, density));
            ck_assert_int_le(o.products, 600);
            ck_assert_double_le(distance(), 0.02 * spread);
            ck_assert_double_le(fabs(integral() - 1.0), 1e-3); /* three sigma beyond: 0.0013 of a peak at each end */
            ck_assert_double_lt(lambda[0], d[0]);
            ck_assert_double_gt(lambda[POINTS - 1], d[N - 1]);
            ck_assert_double_le(lambda[POINTS - 1] - lambda[0], 1.0601 * spread);
        }
    }
}
END_TEST

START_TEST(the_grid_is_equidistant)
{
    spectrum(EQUISPACED);
    operator_make(&o, context, N, &a, 0);
    EXPECT_OK(saddle_i_density(&o, &settings, 7, lambda, density));
    for (int i = 1; i < 7; i++) {
        ck_assert_double_le(fabs(lambda[i] - lambda[i - 1] - (lambda[6] - lambda[0]) / 6.0), 1e-14);
        ck_assert_double_gt(density[i], 0.0);
    }
    EXPECT_OK(saddle_i_density(&o, &settings, 2, lambda, density));
    ck_assert_double_lt(lambda[0], lambda[1]);
}
END_TEST

/* A peak at the value, of 1 % of its size; 0.01 wide at 0; what is outside three sigma is outside the grid. */
START_TEST(a_multiple_of_the_identity_is_one_peak)
{
    static const double values[] = {0.0, 1.0, -3e5, 2e-200};
    static const double widths[] = {0.01, 0.01, 3e3, 2e-202};
    const double height = 1.0 / sqrt(2.0 * acos(-1.0));
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < N; j++) {
            d[j] = values[i];
        }
        operator_make(&o, context, N, &a, 0);
        EXPECT_OK(saddle_i_density(&o, &settings, POINTS, lambda, density));
        ck_assert_int_eq(o.products, 10);
        ck_assert_double_le(fabs(density[POINTS / 2] * widths[i] - height), 1e-9);
        ck_assert_double_le(fabs(lambda[POINTS / 2] - values[i]), 1e-9 * widths[i] + 1e-12 * fabs(values[i]));
        ck_assert_double_le(fabs(integral() - 0.99730020393674), 1e-6);
    }
}
END_TEST

START_TEST(products_are_bounded)
{
    static const int64_t most[] = {1, 20, 57, 600, 100000};
    static const int64_t used[] = {20, 20, 50, 600, 600};
    spectrum(EQUISPACED);
    for (int i = 0; i < 5; i++) {
        settings.max_products = most[i];
        operator_make(&o, context, N, &a, 0);
        EXPECT_OK(saddle_i_density(&o, &settings, POINTS, lambda, density));
        ck_assert_int_eq(o.products, used[i]);
        ck_assert_double_le(fabs(integral() - 1.0), 1e-2);
    }
}
END_TEST

/* Probe number i is start number i: the mean over starts 0 .. 9 and that over 10 .. 19 differ, and each repeats. */
START_TEST(probes_are_numbered)
{
    static double again[POINTS];
    spectrum(EQUISPACED);
    operator_make(&o, context, N, &a, 0);
    EXPECT_OK(saddle_i_density(&o, &settings, POINTS, lambda, density));
    EXPECT_OK(saddle_i_density(&o, &settings, POINTS, lambda, again));
    EXPECT_SAME(density, again, sizeof density);
    settings.start = 10;
    EXPECT_OK(saddle_i_density(&o, &settings, POINTS, lambda, again));
    ck_assert(memcmp(density, again, sizeof density) != 0);
}
END_TEST

START_TEST(failures_come_back_and_leak_nothing)
{
    struct memory memory;
    const saddle_allocator allocator = memory_allocator(&memory, 0xA5);
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&allocator, &c));
    spectrum(EQUISPACED);
    settings.max_products = 30;
    operator_make(&o, c, N, &a, 0);
    const int64_t blocks = memory.blocks;
    for (a.fault_call = 1; a.fault_call <= 30; a.fault_call++) {
        a.calls = 0;
        a.code = 3;
        EXPECT_FAIL(saddle_i_density(&o, &settings, POINTS, lambda, density), SADDLE_E_CALLBACK, "3");
        ck_assert_int_eq(memory.blocks, blocks);
    }
    a.fault_call = 0;
    saddle_status s;
    int64_t failures = 0;
    do {
        memory.fail_at = memory.calls + failures + 1;
        const int64_t refused = memory.refused;
        s = saddle_i_density(&o, &settings, POINTS, lambda, density);
        memory.fail_at = 0;
        ck_assert_int_eq(memory.blocks, blocks);
        ck_assert_int_eq(s, memory.refused > refused ? SADDLE_E_MEMORY : SADDLE_OK);
        failures++;
    } while (s != SADDLE_OK);
    ck_assert_int_gt(failures, 5);
    ck_assert_int_eq(memory.faults, 0);
    saddle_context_destroy(c);
}
END_TEST

/* A hundredth of such a spread has no inverse, or is 0. */
START_TEST(spectra_at_the_end_of_the_range_have_a_density)
{
    const double sizes[] = {1e-290, 1e-300, 1e-306, 1e-315, 5e-324};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        spectrum(i % 2 == 0 ? EQUISPACED : OUTLIERS);
        for (int j = 0; j < N; j++) {
            d[j] *= sizes[i];
        }
        operator_make(&o, context, N, &a, 0);
        EXPECT_OK(saddle_i_density(&o, &settings, POINTS, lambda, density));
        for (int j = 0; j < POINTS; j++) {
            REQUIRE(density[j] >= 0.0 && density[j] <= DBL_MAX && (j == 0 || lambda[j] >= lambda[j - 1]));
        }
        const double step = lambda[POINTS - 1] / (POINTS - 1) - lambda[0] / (POINTS - 1);
        double sum = 0.0;
        for (int j = 0; j < POINTS; j++) {
            sum += density[j] * step;
        }
        ck_assert_msg(fabs(sum - 1.0) < 0.01, "%g: %g", sizes[i], sum);
    }
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        near_the_true_distribution, the_grid_is_equidistant, a_multiple_of_the_identity_is_one_peak, products_are_bounded,
        spectra_at_the_end_of_the_range_have_a_density, probes_are_numbered, failures_come_back_and_leak_nothing,
    };
    Suite *s = suite_create("density");
    TCase *t = tcase_create("quadrature");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tcase_add_test(t, tests[i]);
    }
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
