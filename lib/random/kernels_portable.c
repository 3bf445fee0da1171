/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops in plain C: the definition of docs/random.md, and what the other sets are compared with. */
#include "random/kernels.h"
#include <math.h>
#include <string.h>

static uint64_t to_bits(double v)
{
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    return b;
}

static double from_bits(uint64_t b)
{
    double v;
    memcpy(&v, &b, sizeof v);
    return v;
}

/* ((x >> 12) + 1/2) 2^-52. */
static double uniform_of(uint64_t x)
{
    return ((double)(x >> 12) + 0.5) * 0x1p-52;
}

/* sqrt(-2 log u). */
static double radius_of(double u)
{
    const uint64_t from = to_bits(u) - ROOT_HALF_BITS;
    const double e = (double)((int64_t)((from + (UINT64_C(1023) << 52)) >> 52) - 1023);
    const double m = from_bits((from & 0xfffffffffffff) + ROOT_HALF_BITS);
    const double s = (m - 1.0) / (m + 1.0), z = s * s, z2 = z * z;
    const double p = ((LOG_0 + z * LOG_1) + z2 * (LOG_2 + z * LOG_3)) + (z2 * z2) * ((LOG_4 + z * LOG_5) + z2 * LOG_6);
    return sqrt(e * MINUS_TWO_LN2 + (-4.0 * s) * (1.0 + z * p));
}

/* Box-Muller on an eighth of the circle; two spare bits of x2 make up for the rest. */
static void pair_of(uint64_t x1, uint64_t x2, double out[2])
{
    const double r = radius_of(uniform_of(x1));
    const double mantissa = from_bits((x2 >> 12) | UINT64_C(0x3ff) << 52);
    const double t = ((mantissa - 1.5) + 0x1p-53) * HALF_PI, z = t * t, w = z * z;
    const double S = 1.0 + z * (((SIN_0 + z * SIN_1) + w * (SIN_2 + z * SIN_3)) + (w * w) * (SIN_4 + z * SIN_5));
    const double C = (1.0 - 0.5 * z) +
                     w * (((COS_0 + z * COS_1) + w * (COS_2 + z * COS_3)) + (w * w) * (COS_4 + z * COS_5));
    const double sn = S * (t * r), cs = C * r;
    const double turned = from_bits(to_bits(cs) ^ ((x2 >> 1 & 1) << 63));
    out[0] = x2 & 1 ? sn : turned;
    out[1] = x2 & 1 ? turned : sn;
}

static void words(const saddle_random_stream *s, uint64_t pair, int64_t pairs, uint64_t *x)
{
    for (int64_t i = 0; i < pairs; i++) {
        saddle_i_pair(s, pair + (uint64_t)i, x + 2 * i);
    }
}

static void uniform(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double *u)
{
    for (int64_t i = 0; i < pairs; i++) {
        uint64_t x[2];
        saddle_i_pair(s, pair + (uint64_t)i, x);
        u[2 * i] = uniform_of(x[0]);
        u[2 * i + 1] = uniform_of(x[1]);
    }
}

static void normal(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double *z)
{
    for (int64_t i = 0; i < pairs; i++) {
        uint64_t x[2];
        saddle_i_pair(s, pair + (uint64_t)i, x);
        pair_of(x[0], x[1], z + 2 * i);
    }
}

static void normal_axpy(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double a, double *y)
{
    for (int64_t i = 0; i < pairs; i++) {
        uint64_t x[2];
        double z[2];
        saddle_i_pair(s, pair + (uint64_t)i, x);
        pair_of(x[0], x[1], z);
        y[2 * i] = y[2 * i] + a * z[0];
        y[2 * i + 1] = y[2 * i + 1] + a * z[1];
    }
}

const struct saddle_i_random_kernels *saddle_i_random_portable(void)
{
    static const struct saddle_i_random_kernels set = {"portable", words, uniform, normal, normal_axpy};
    return &set;
}
