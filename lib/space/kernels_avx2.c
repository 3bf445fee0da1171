/* SPDX-License-Identifier: BSD-3-Clause */
/* AVX2: this file alone is compiled with -mavx2, and nothing in it runs before kernels.c has asked the processor. */
#include "space/kernels.h"
#include <stddef.h>

#if defined(__AVX2__)
#include <immintrin.h>

typedef __m256d vec;
enum { WIDTH = 4 };
#define NAME "avx2"

static inline vec load(const double *p)
{
    return _mm256_loadu_pd(p);
}
static inline vec part(const double *p, int64_t count)
{
    static const int64_t there[6] = {-1, -1, -1, 0, 0, 0};
    return _mm256_maskload_pd(p, _mm256_loadu_si256((const __m256i *)(const void *)(there + (3 - count))));
}
static inline void store(double *p, vec a)
{
    _mm256_storeu_pd(p, a);
}
static inline vec add(vec a, vec b)
{
    return _mm256_add_pd(a, b);
}
static inline vec sub(vec a, vec b)
{
    return _mm256_sub_pd(a, b);
}
static inline vec mul(vec a, vec b)
{
    return _mm256_mul_pd(a, b);
}
static inline vec max(vec a, vec b)
{
    return _mm256_max_pd(a, b);
}
static inline vec absolute(vec a)
{
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a);
}
static inline vec broadcast(double a)
{
    return _mm256_set1_pd(a);
}
static inline int exceeds(vec a, vec b)
{
    return _mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_GT_OQ)) != 0;
}
static inline double across(vec a)
{
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#include "space/kernels_x86.h"

const struct saddle_i_kernels *saddle_i_kernels_avx2(void)
{
    return &table;
}
#else
const struct saddle_i_kernels *saddle_i_kernels_avx2(void)
{
    return NULL;
}
#endif
