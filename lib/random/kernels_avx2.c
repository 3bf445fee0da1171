/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops on 4 lanes. */
#include "random/kernels.h"
#if defined(__AVX2__)
#include <immintrin.h>
#include <string.h>

enum { LANES = 4, FLIGHT = 4, DRAW = 2 };
#define LANE_BLOCKS _mm256_set_epi64x(3, 1, 2, 0)
#define W __m256i
#define WSET(v) _mm256_set1_epi64x((long long)(v))
#define WADD _mm256_add_epi64
#define WSUB _mm256_sub_epi64
#define WMUL _mm256_mul_epu32
#define WAND _mm256_and_si256
#define WOR _mm256_or_si256
#define WSHR _mm256_srli_epi64
#define WSHL _mm256_slli_epi64
#define WXOR3(a, b, c) _mm256_xor_si256(a, _mm256_xor_si256(b, c))
#define WJOIN(low, high) _mm256_blend_epi32(low, WSHL(high, 32), 0xaa)
#define D __m256d
#define SET _mm256_set1_pd
#define ADD _mm256_add_pd
#define SUB _mm256_sub_pd
#define MUL _mm256_mul_pd
#define DIV _mm256_div_pd
#define SQRT _mm256_sqrt_pd
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define AS_D _mm256_castsi256_pd
#define AS_W _mm256_castpd_si256
#define FLIP(v, sign) _mm256_xor_pd(v, _mm256_and_pd(AS_D(sign), SET(-0.0)))
#define UNPACK_LOW _mm256_unpacklo_pd
#define UNPACK_HIGH _mm256_unpackhi_pd
#define SWAP_IF_ODD(x, a, b, first, second)              \
    do {                                                 \
        const D odd = AS_D(WSHL(x, 63));                 \
        first = _mm256_blendv_pd(a, b, odd);             \
        second = _mm256_blendv_pd(b, a, odd);            \
    } while (0)
#include "random/kernels_template.h"

const struct saddle_i_random_kernels *saddle_i_random_avx2(void)
{
    static const struct saddle_i_random_kernels set = {"avx2", words, uniform, normal, normal_axpy};
    return &set;
}
#else
const struct saddle_i_random_kernels *saddle_i_random_avx2(void)
{
    return NULL;
}
#endif
