/* SPDX-License-Identifier: BSD-3-Clause */
/* The laws that the numbers follow, with fixed seeds and bounds of 5 standard deviations, beside wrong implementations
 * that must break them; and the library's own exp, log and cos(pi x). */
#include "random/random.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000 };
#define EXP_HASH UINT64_C(0xe7615802527168b6)
#define LOG_HASH UINT64_C(0x416610655377d1fb)
#define COSPI_HASH UINT64_C(0xeeb69988b0d279e9)

static double big[MILLION];

static uint64_t bits(double v)
{
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    return b;
}

static uint64_t hash(int64_t n, const double *v)
{
    uint64_t a = UINT64_C(1469598103934665603);
    for (int64_t i = 0; i < n; i++) {
        a = (a ^ bits(v[i])) * UINT64_C(1099511628211);
        a ^= a >> 29;
    }
    return a;
}

/* Standard deviations between an observed mean of n draws and its law. */
static double deviations(double sum, int64_t n, double mean, double variance)
{
    return fabs(sum / (double)n - mean) / sqrt(variance / (double)n);
}

/* Laws of 10^6 normals: deviations of the moments from those of N(0,1), in standard deviations. */
struct moments {
    double of[5], tail, pair, next;
};

static struct moments moments_of(int64_t n, const double *z)
{
    double s[5] = {0}, tail = 0.0, pair = 0.0, next = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double v = z[i], v2 = v * v;
        s[1] += v;
        s[2] += v2;
        s[3] += v * v2;
        s[4] += v2 * v2;
        tail += fabs(v) > 3.0;
        pair += i % 2 != 0 ? (v2 - 1.0) * (z[i - 1] * z[i - 1] - 1.0) : 0.0;
        next += i >= 2 ? v * z[i - 2] + v * z[i - 1] : 0.0;
    }
    const double outside = 0.0026997960632601866;
    return (struct moments){
        .of = {0.0, deviations(s[1], n, 0.0, 1.0), deviations(s[2], n, 1.0, 2.0), deviations(s[3], n, 0.0, 15.0),
               deviations(s[4], n, 3.0, 96.0)},
        .tail = deviations(tail, n, outside, outside * (1.0 - outside)),
        .pair = deviations(pair, n / 2, 0.0, 4.0),
        .next = deviations(next, n - 2, 0.0, 2.0),
    };
}

static double worst_of(const struct moments *m)
{
    double worst = fmax(m->tail, fmax(m->pair, m->next));
    for (int i = 1; i < 5; i++) {
        worst = fmax(worst, m->of[i]);
    }
    return worst;
}

START_TEST(normals_have_their_moments)
{
    const saddle_random_stream s = {(uint64_t)_i, SADDLE_I_PURPOSE_NOISE, 17};
    saddle_i_random_normal(&s, 0, MILLION, big);
    struct moments m = moments_of(MILLION, big);
    ck_assert_double_lt(worst_of(&m), 5.0);
    /* wrong by 1 %; the same pair twice; never beyond 3 */
    for (int64_t i = 0; i < MILLION; i++) {
        big[i] *= 1.01;
    }
    m = moments_of(MILLION, big);
    ck_assert_double_gt(m.of[2], 5.0);
    for (int64_t i = 0; i < MILLION; i++) {
        big[i] = i % 4 < 2 ? big[i] / 1.01 : big[i - 2];
    }
    m = moments_of(MILLION, big);
    ck_assert_double_gt(m.next, 5.0);
    for (int64_t i = 0; i < MILLION; i++) {
        big[i] = fmin(fmax(big[i], -3.0), 3.0);
    }
    m = moments_of(MILLION, big);
    ck_assert_double_gt(m.tail, 5.0);
}
END_TEST

/* Chi-square of 10^6 uniforms in 1000 cells: mean 999, standard deviation sqrt(2 999). */
START_TEST(uniforms_are_uniform)
{
    static int64_t cell[1000];
    double chi = 0.0, sum = 0.0;
    const saddle_random_stream s = {(uint64_t)_i, 7, 1};
    saddle_i_random_uniform(&s, 0, MILLION, big);
    memset(cell, 0, sizeof cell);
    for (int64_t i = 0; i < MILLION; i++) {
        REQUIRE(big[i] > 0.0 && big[i] < 1.0);
        cell[(int)(big[i] * 1000.0)]++;
        sum += big[i];
    }
    for (int i = 0; i < 1000; i++) {
        chi += (double)((cell[i] - 1000) * (cell[i] - 1000)) / 1000.0;
    }
    ck_assert_double_lt(fabs(chi - 999.0) / sqrt(2.0 * 999.0), 5.0);
    ck_assert_double_lt(deviations(sum, MILLION, 0.5, 1.0 / 12.0), 5.0);
}
END_TEST

enum shape { NORMAL, SPHERE, BALL, SPHERE_NOT_SCALED, BALL_WITHOUT_ROOT };

/* N draws of xi in d dimensions: mean of <xi,v>^2 against its law, in standard deviations. */
static double second_moment(enum shape shape, int d, int64_t n)
{
    const double scale = shape == SPHERE_NOT_SCALED ? sqrt((double)d) : 1.0, v = 1.0 / sqrt((double)d);
    const int on_sphere = shape == SPHERE || shape == SPHERE_NOT_SCALED;
    const double mean = shape == NORMAL ? 1.0 : on_sphere ? 1.0 / d : 1.0 / (d + 2.0);
    const double variance = shape == NORMAL ? 2.0
                            : on_sphere     ? 2.0 * (d - 1.0) / ((double)d * d * (d + 2.0))
                                            : 3.0 / ((d + 2.0) * (d + 4.0)) - mean * mean;
    double sum = 0.0;
    for (int64_t t = 0; t < n; t++) {
        const saddle_random_stream noise = {9, SADDLE_I_PURPOSE_NOISE, (uint64_t)t};
        const saddle_random_stream radius = {9, SADDLE_I_PURPOSE_RADIUS, (uint64_t)t};
        double z[64], u, slope = 0.0, square = 0.0;
        saddle_i_random_normal(&noise, 0, d, z);
        saddle_i_random_uniform(&radius, 0, 1, &u);
        for (int i = 0; i < d; i++) {
            slope += z[i] * v;
            square += z[i] * z[i];
        }
        const double root = saddle_i_exp(saddle_i_log(u) / d);
        const double length = shape == BALL ? root : shape == BALL_WITHOUT_ROOT ? u : scale;
        const double a = shape == NORMAL ? 1.0 : length / sqrt(square);
        sum += (a * slope) * (a * slope);
    }
    return deviations(sum, n, mean, variance);
}

START_TEST(second_moments_of_noise)
{
    static const int dims[] = {2, 3, 10, 41};
    for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
        ck_assert_double_lt(second_moment(NORMAL, dims[i], 20000), 5.0);
        ck_assert_double_lt(second_moment(SPHERE, dims[i], 20000), 5.0);
        ck_assert_double_lt(second_moment(BALL, dims[i], 20000), 5.0);
        ck_assert_double_gt(second_moment(SPHERE_NOT_SCALED, dims[i], 20000), 5.0);
        ck_assert_double_gt(second_moment(BALL_WITHOUT_ROOT, dims[i], 20000), 5.0);
    }
}
END_TEST

static double ulps(double got, long double want)
{
    const double ulp = nextafter(fabs(got), DBL_MAX) - fabs(got);
    return (double)fabsl((long double)got - want) / ulp;
}

/* 100000 arguments over the whole range and near the ends; hashes freeze every bit. 1 ulp, and a little for the
 * long double library itself. */
START_TEST(own_functions)
{
    enum { N = 100000 };
    const saddle_random_stream s = {3, 130, 4};
    const long double pi = 3.14159265358979323846264338327950288L;
    volatile long double next = 1.0L;
    next += LDBL_EPSILON;
    if (next == 1.0L) { /* valgrind computes long double in double: nothing to compare with */
        return;
    }
    double worst[3] = {0};
    static double u[2 * N], value[3][N];
    saddle_i_random_uniform(&s, 0, 2 * N, u);
    for (int i = 0; i < N; i++) {
        const double p = u[2 * i], q = u[2 * i + 1];
        const double x = i % 2 ? -708.0 + 1417.0 * p : (p - 0.5) * (q * q);
        const double near = (p - 0.5) * (q * q * q), far = p * saddle_i_exp(1400.0 * q - 700.0);
        const double y = i % 3 == 0 ? p : i % 3 == 1 ? 1.0 + near : far;
        const double z = i % 3 == 0 ? p : i % 3 == 1 ? 0.5 + near : p * (q * q * q);
        value[0][i] = saddle_i_exp(x);
        value[1][i] = saddle_i_log(y);
        value[2][i] = saddle_i_cospi(z);
        worst[0] = fmax(worst[0], ulps(value[0][i], expl((long double)x)));
        worst[1] = fmax(worst[1], ulps(value[1][i], logl((long double)y)));
        const long double at = (long double)z;
        worst[2] = fmax(worst[2], ulps(value[2][i], z > 0.25 && z < 0.75 ? sinl(pi * (0.5L - at)) : cosl(pi * at)));
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_double_lt(worst[i], 1.01);
    }
    ck_assert_uint_eq(hash(N, value[0]), EXP_HASH);
    ck_assert_uint_eq(hash(N, value[1]), LOG_HASH);
    ck_assert_uint_eq(hash(N, value[2]), COSPI_HASH);
}
END_TEST

START_TEST(own_functions_at_the_edges)
{
    ck_assert(saddle_i_exp(0.0) == 1.0 && saddle_i_exp(-0.0) == 1.0);
    ck_assert(saddle_i_exp(-745.0) == 0x1p-1074 && saddle_i_exp(-746.0) == 0.0 && saddle_i_exp(-1e300) == 0.0);
    ck_assert(saddle_i_exp(-HUGE_VAL) == 0.0 && isnan(saddle_i_exp(SADDLE_I_NAN)));
    ck_assert(isfinite(saddle_i_exp(709.0)) && saddle_i_exp(709.0) > 8.2e307);
    ck_assert(saddle_i_log(1.0) == 0.0);
    ck_assert(fabs(saddle_i_log(0x1p-1074) + 744.4400719213812) < 1e-12);
    ck_assert(fabs(saddle_i_log(0x1.8p-1050) - log(0x1.8p-1050)) < 1e-12);
    ck_assert(fabs(saddle_i_log(DBL_MAX) - 709.782712893384) < 1e-12);
    ck_assert(saddle_i_cospi(0.0) == 1.0 && saddle_i_cospi(0.5) == 0.0 && saddle_i_cospi(1.0) == -1.0);
    for (int i = 0; i <= 1024; i++) {
        const double x = i / 1024.0;
        ck_assert(saddle_i_cospi(1.0 - x) == -saddle_i_cospi(x));
    }
}
END_TEST

START_TEST(radius_of_a_ball)
{
    const saddle_random_stream s = {8, SADDLE_I_PURPOSE_RADIUS, 1};
    for (int i = 0; i < 2000; i++) {
        for (double d = 1.0; d < 2e12; d *= 7.0) {
            double u;
            saddle_i_random_uniform(&s, i, 1, &u);
            const double r = saddle_i_exp(saddle_i_log(u) / d);
            const long double want = powl((long double)u, 1.0L / (long double)d);
            /* one ulp of exp; and one of log u, which is at most 2^-47 = 32 2^-52, and of the quotient by d */
            REQUIRE(r > 0.0 && r <= 1.0);
            REQUIRE((double)fabsl((long double)r / want - 1.0L) <= (1.0 + 40.0 / d) * 0x1p-52);
        }
    }
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {second_moments_of_noise, own_functions, own_functions_at_the_edges, radius_of_a_ball};
    Suite *s = suite_create("random laws");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 300);
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, normals_have_their_moments, 1, 4);
    tcase_add_loop_test(t, uniforms_are_uniform, 1, 4);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tcase_add_test(t, tests[i]);
    }
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
