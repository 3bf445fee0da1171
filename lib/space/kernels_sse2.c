/* SPDX-License-Identifier: BSD-3-Clause */
/* SSE2: every 64-bit x86 has it. */
#include "space/kernels.h"
#include <stddef.h>

#if defined(__SSE2__)
#include <emmintrin.h>

typedef __m128d vec;
enum { WIDTH = 2 };
#define NAME "sse2"

static inline vec load(const double *p)
{
    return _mm_loadu_pd(p);
}
static inline vec part(const double *p, int64_t count)
{
    (void)count; /* 1 */
    return _mm_load_sd(p);
}
static inline void store(double *p, vec a)
{
    _mm_storeu_pd(p, a);
}
static inline vec add(vec a, vec b)
{
    return _mm_add_pd(a, b);
}
static inline vec sub(vec a, vec b)
{
    return _mm_sub_pd(a, b);
}
static inline vec mul(vec a, vec b)
{
    return _mm_mul_pd(a, b);
}
static inline vec max(vec a, vec b)
{
    return _mm_max_pd(a, b);
}
static inline vec absolute(vec a)
{
    return _mm_andnot_pd(_mm_set1_pd(-0.0), a);
}
static inline vec broadcast(double a)
{
    return _mm_set1_pd(a);
}
static inline int exceeds(vec a, vec b)
{
    return _mm_movemask_pd(_mm_cmpgt_pd(a, b)) != 0;
}
static inline double across(vec a)
{
    return _mm_cvtsd_f64(_mm_add_sd(a, _mm_unpackhi_pd(a, a)));
}

#include "space/kernels_x86.h"

const struct saddle_i_kernels *saddle_i_kernels_sse2(void)
{
    return &table;
}
#else
const struct saddle_i_kernels *saddle_i_kernels_sse2(void)
{
    return NULL;
}
#endif
