/* SPDX-License-Identifier: BSD-3-Clause */
/* exp, log and cos(pi x) from additions, multiplications and one division, each rounded by itself: the C library's
 * differ from machine to machine in the last bit, and a run must not. Formulas in docs/random.md. */
#include "random/kernels.h"
#include <string.h>

#define LN2_HIGH 0x1.62e42fefa38p-1 /* 42 bits: its product with an exponent is exact */
#define LN2_LOW 0x1.ef35793c7673p-45
#define ONE_OVER_LN2 0x1.71547652b82fep+0
#define PI_HIGH 0x1.921fb54p+1 /* 27 bits: its product with 26 bits is exact */
#define PI_LOW 0x1.10b4611a62633p-29
#define PI 0x1.921fb54442d18p+1

static double from_bits(uint64_t b)
{
    double v;
    memcpy(&v, &b, sizeof v);
    return v;
}

static uint64_t to_bits(double v)
{
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    return b;
}

/* 2^k, -1022 <= k <= 1023. */
static double power_of_two(int k)
{
    return from_bits((uint64_t)(k + 1023) << 52);
}

double saddle_i_exp(double x)
{
    if (x != x) {
        return x;
    }
    /* exp(-746) rounds to 0 and exp(710) to Inf; what lies beyond must not reach the conversion to int. */
    x = x < -746.0 ? -746.0 : x > 710.0 ? 710.0 : x;
    const int k = (int)(x * ONE_OVER_LN2 + (x < 0.0 ? -0.5 : 0.5));
    const double high = x - (double)k * LN2_HIGH, low = (double)k * LN2_LOW;
    const double r = high - low, lost = (high - r) - low; /* x = k ln 2 + r + lost */
    /* Taylor to r^13: the next term is below 2^-57. */
    double p = 0x1.6124613a86d09p-33;
    p = 0x1.1eed8eff8d898p-29 + r * p;
    p = 0x1.ae64567f544e4p-26 + r * p;
    p = 0x1.27e4fb7789f5cp-22 + r * p;
    p = 0x1.71de3a556c734p-19 + r * p;
    p = 0x1.a01a01a01a01ap-16 + r * p;
    p = 0x1.a01a01a01a01ap-13 + r * p;
    p = 0x1.6c16c16c16c17p-10 + r * p;
    p = 0x1.1111111111111p-7 + r * p;
    p = 0x1.5555555555555p-5 + r * p;
    p = 0x1.5555555555555p-3 + r * p;
    p = 0.5 + r * p;
    const double y = 1.0 + (r + (lost + (r * r) * p));
    /* In two halves, since 2^k itself may be out of range: only the second can round. */
    return (y * power_of_two(k / 2)) * power_of_two(k - k / 2);
}

double saddle_i_log(double x)
{
    const int small = x < 0x1p-1022;
    const uint64_t from = to_bits(small ? x * 0x1p54 : x) - ROOT_HALF_BITS;
    const int k = (int)((from + (UINT64_C(1023) << 52)) >> 52) - 1023 - (small ? 54 : 0);
    const double f = from_bits((from & 0xfffffffffffff) + ROOT_HALF_BITS) - 1.0; /* x = 2^k (1 + f) */
    const double s = f / (2.0 + f), z = s * s, z2 = z * z;
    const double p = ((LOG_0 + z * LOG_1) + z2 * (LOG_2 + z * LOG_3)) + (z2 * z2) * ((LOG_4 + z * LOG_5) + z2 * LOG_6);
    /* log(1 + f) = 2s + 2s z p with 2s = f - h + s h: f is exact and leads. */
    const double e = (double)k, h = 0.5 * f * f;
    return e * LN2_HIGH - ((h - (s * (h + 2.0 * z * p) + e * LN2_LOW)) - f);
}

double saddle_i_cospi(double x)
{
    /* The differences are exact. */
    const int middle = x > 0.25 && x < 0.75;
    const double y = middle ? 0.5 - x : x > 0.5 ? 1.0 - x : x;
    const double top = from_bits(to_bits(y) & ~UINT64_C(0x7ffffff));
    const double lead = top * PI_HIGH, rest = top * PI_LOW + (y - top) * PI;
    const double t = lead + rest, lost = (lead - t) + rest; /* pi y = t + lost */
    const double z = t * t, w = z * z;
    if (middle) {
        const double p = ((SIN_0 + z * SIN_1) + w * (SIN_2 + z * SIN_3)) + (w * w) * (SIN_4 + z * SIN_5);
        return t + (lost + t * (z * p));
    }
    const double p = ((COS_0 + z * COS_1) + w * (COS_2 + z * COS_3)) + (w * w) * (COS_4 + z * COS_5);
    const double h = 0.5 * z, c = 1.0 - h;
    const double v = c + (((1.0 - c) - h) + (w * p - t * lost));
    return x > 0.5 ? -v : v;
}
