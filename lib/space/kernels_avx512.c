/* SPDX-License-Identifier: BSD-3-Clause */
/* AVX-512: this file alone is compiled with -mavx512f -mavx512dq -mavx512vl, and nothing in it runs before kernels.c
 * has asked the processor. */
#include "space/kernels.h"
#include <stddef.h>

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include <immintrin.h>

typedef __m512d vec;
enum { WIDTH = 8 };
#define NAME "avx512"

static inline vec load(const double *p)
{
    return _mm512_loadu_pd(p);
}
static inline vec part(const double *p, int64_t count)
{
    return _mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1u), p);
}
static inline void store(double *p, vec a)
{
    _mm512_storeu_pd(p, a);
}
static inline vec add(vec a, vec b)
{
    return _mm512_add_pd(a, b);
}
static inline vec sub(vec a, vec b)
{
    return _mm512_sub_pd(a, b);
}
static inline vec mul(vec a, vec b)
{
    return _mm512_mul_pd(a, b);
}
static inline vec max(vec a, vec b)
{
    return _mm512_max_pd(a, b);
}
static inline vec absolute(vec a)
{
    return _mm512_andnot_pd(_mm512_set1_pd(-0.0), a);
}
static inline vec broadcast(double a)
{
    return _mm512_set1_pd(a);
}
static inline int exceeds(vec a, vec b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ) != 0;
}
static inline double across(vec a)
{
    const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#include "space/kernels_x86.h"

const struct saddle_i_kernels *saddle_i_kernels_avx512(void)
{
    return &table;
}
#else
const struct saddle_i_kernels *saddle_i_kernels_avx512(void)
{
    return NULL;
}
#endif
