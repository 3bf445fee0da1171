/* SPDX-License-Identifier: BSD-3-Clause */
/* The sets of loops that saddle_i_random_at() chooses from, and the words that all of them agree with. */
#ifndef SADDLE_I_RANDOM_SETS_H
#define SADDLE_I_RANDOM_SETS_H
#include "random/polynomials.h"
#include "random/random.h"

/* One set for each translation unit; NULL where the compiler was not asked for the instructions. */
const struct saddle_i_random_kernels *saddle_i_random_portable(void);
const struct saddle_i_random_kernels *saddle_i_random_sse2(void);
const struct saddle_i_random_kernels *saddle_i_random_avx2(void);
const struct saddle_i_random_kernels *saddle_i_random_avx512(void);

/* The last word of the counter: step bits 32 .. 55, and the purpose above them. */
static inline uint32_t saddle_i_counter_top(const saddle_random_stream *s)
{
    return ((uint32_t)(s->step >> 32) & 0xffffffu) | (uint32_t)(s->purpose << 24);
}

/* Philox4x32-10 of one block. */
static inline void saddle_i_philox(const saddle_random_stream *s, uint64_t block, uint32_t r[4])
{
    uint32_t k0 = (uint32_t)s->seed, k1 = (uint32_t)(s->seed >> 32);
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32);
    uint32_t c2 = (uint32_t)s->step, c3 = saddle_i_counter_top(s);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)PHILOX_M0 * c0, p1 = (uint64_t)PHILOX_M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    r[0] = c0;
    r[1] = c1;
    r[2] = c2;
    r[3] = c3;
}

/* The words x[2 block] and x[2 block + 1]. */
static inline void saddle_i_pair(const saddle_random_stream *s, uint64_t block, uint64_t x[2])
{
    uint32_t r[4];
    saddle_i_philox(s, block, r);
    x[0] = r[0] | (uint64_t)r[1] << 32;
    x[1] = r[2] | (uint64_t)r[3] << 32;
}

/* The high 64 bits of x n: an index in [0,n). */
static inline uint64_t saddle_i_scaled(uint64_t x, uint64_t n)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)x * n >> 64);
#else
    const uint64_t x0 = x & 0xffffffff, x1 = x >> 32, n0 = n & 0xffffffff, n1 = n >> 32;
    const uint64_t middle = x1 * n0 + (x0 * n0 >> 32), other = x0 * n1 + (middle & 0xffffffff);
    return x1 * n1 + (middle >> 32) + (other >> 32);
#endif
}

#endif
