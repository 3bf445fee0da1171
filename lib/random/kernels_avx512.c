/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops on 8 lanes. */
#include "random/kernels.h"
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include <immintrin.h>
#include <string.h>

enum { LANES = 8, FLIGHT = 4, DRAW = 4 };
#define LANE_BLOCKS _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0)
#define W __m512i
#define WSET(v) _mm512_set1_epi64((long long)(v))
#define WADD _mm512_add_epi64
#define WSUB _mm512_sub_epi64
#define WMUL _mm512_mul_epu32
#define WAND _mm512_and_si512
#define WOR _mm512_or_si512
#define WSHR _mm512_srli_epi64
#define WSHL _mm512_slli_epi64
#define WXOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define WJOIN(low, high) _mm512_mask_shuffle_epi32(low, 0xaaaa, high, _MM_PERM_CCAA)
#define D __m512d
#define SET _mm512_set1_pd
#define ADD _mm512_add_pd
#define SUB _mm512_sub_pd
#define MUL _mm512_mul_pd
#define DIV _mm512_div_pd
#define SQRT _mm512_sqrt_pd
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define AS_D _mm512_castsi512_pd
#define AS_W _mm512_castpd_si512
/* v ^ (sign & -0.0) */
#define FLIP(v, sign) AS_D(_mm512_ternarylogic_epi64(AS_W(v), sign, WSET(UINT64_C(1) << 63), 0x78))
#define UNPACK_LOW _mm512_unpacklo_pd
#define UNPACK_HIGH _mm512_unpackhi_pd
#define SWAP_IF_ODD(x, a, b, first, second)                                \
    do {                                                                   \
        const __mmask8 odd = _mm512_test_epi64_mask(x, WSET(1));           \
        first = _mm512_mask_blend_pd(odd, a, b);                           \
        second = _mm512_mask_blend_pd(odd, b, a);                          \
    } while (0)
#include "random/kernels_template.h"

const struct saddle_i_random_kernels *saddle_i_random_avx512(void)
{
    static const struct saddle_i_random_kernels set = {"avx512", words, uniform, normal, normal_axpy};
    return &set;
}
#else
const struct saddle_i_random_kernels *saddle_i_random_avx512(void)
{
    return NULL;
}
#endif
