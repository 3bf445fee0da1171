/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops on 2 lanes. */
#include "random/kernels.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#include <string.h>

enum { LANES = 2, FLIGHT = 4, DRAW = 2 };
#define LANE_BLOCKS _mm_set_epi64x(1, 0)
#define W __m128i
#define WSET(v) _mm_set1_epi64x((long long)(v))
#define WADD _mm_add_epi64
#define WSUB _mm_sub_epi64
#define WMUL _mm_mul_epu32
#define WAND _mm_and_si128
#define WOR _mm_or_si128
#define WSHR _mm_srli_epi64
#define WSHL _mm_slli_epi64
#define WXOR3(a, b, c) _mm_xor_si128(a, _mm_xor_si128(b, c))
#define WJOIN(low, high) \
    _mm_shuffle_epi32(_mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), 0x88)), 0xd8)
#define D __m128d
#define SET _mm_set1_pd
#define ADD _mm_add_pd
#define SUB _mm_sub_pd
#define MUL _mm_mul_pd
#define DIV _mm_div_pd
#define SQRT _mm_sqrt_pd
#define LOAD _mm_loadu_pd
#define STORE _mm_storeu_pd
#define AS_D _mm_castsi128_pd
#define AS_W _mm_castpd_si128
#define FLIP(v, sign) _mm_xor_pd(v, _mm_and_pd(AS_D(sign), SET(-0.0)))
#define UNPACK_LOW _mm_unpacklo_pd
#define UNPACK_HIGH _mm_unpackhi_pd
#define SWAP_IF_ODD(x, a, b, first, second)                                                                    \
    do {                                                                                                       \
        const D swap = _mm_and_pd(AS_D(WSUB(_mm_setzero_si128(), WAND(x, WSET(1)))), _mm_xor_pd(a, b));        \
        first = _mm_xor_pd(a, swap);                                                                           \
        second = _mm_xor_pd(b, swap);                                                                          \
    } while (0)
#include "random/kernels_template.h"

const struct saddle_i_random_kernels *saddle_i_random_sse2(void)
{
    static const struct saddle_i_random_kernels set = {"sse2", words, uniform, normal, normal_axpy};
    return &set;
}
#else
const struct saddle_i_random_kernels *saddle_i_random_sse2(void)
{
    return NULL;
}
#endif
