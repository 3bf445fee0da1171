/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors so short that a call through a pointer would cost more than the work. The gradient has just been stored by scalar
 * code: it is loaded in halves of 16 bytes, since a wider load would wait for the stores to leave (4 to 5 ns). */
#ifndef SADDLE_I_TINY_H
#define SADDLE_I_TINY_H
#include <math.h>
#include <stdint.h>
#if defined(__SSE2__)
#  include <emmintrin.h>
#endif

enum { SADDLE_I_TINY = 32 };

/* sum |x_i|; its value steers nothing but finiteness tests. */
static inline double saddle_i_tiny_mass(int64_t n, const double *x)
{
    double mass = 0.0;
    int64_t i = 0;
#if defined(__SSE2__)
    const __m128d sign = _mm_set1_pd(-0.0);
    __m128d a = _mm_setzero_pd(), b = a;
    for (; i + 4 <= n; i += 4) {
        a = _mm_add_pd(a, _mm_andnot_pd(sign, _mm_loadu_pd(x + i)));
        b = _mm_add_pd(b, _mm_andnot_pd(sign, _mm_loadu_pd(x + i + 2)));
    }
    a = _mm_add_pd(a, b);
    mass = _mm_cvtsd_f64(_mm_add_sd(a, _mm_unpackhi_pd(a, a)));
#endif
    for (; i < n; i++) {
        mass += fabs(x[i]);
    }
    return mass;
}

/* w_i = w_i - eta g_i */
static inline void saddle_i_tiny_descend(int64_t n, double eta, const double *g, double *w)
{
    int64_t i = 0;
#if defined(__SSE2__)
    const __m128d e = _mm_set1_pd(eta);
    for (; i + 4 <= n; i += 4) {
        _mm_storeu_pd(w + i, _mm_sub_pd(_mm_loadu_pd(w + i), _mm_mul_pd(e, _mm_loadu_pd(g + i))));
        _mm_storeu_pd(w + i + 2, _mm_sub_pd(_mm_loadu_pd(w + i + 2), _mm_mul_pd(e, _mm_loadu_pd(g + i + 2))));
    }
    for (; i + 2 <= n; i += 2) {
        _mm_storeu_pd(w + i, _mm_sub_pd(_mm_loadu_pd(w + i), _mm_mul_pd(e, _mm_loadu_pd(g + i))));
    }
#endif
    for (; i < n; i++) {
        w[i] = w[i] - eta * g[i];
    }
}

#endif
