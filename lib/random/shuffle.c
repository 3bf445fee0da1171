/* SPDX-License-Identifier: BSD-3-Clause */
/* Shuffled epochs without memory: a Feistel network on the smallest sufficient power of two, walked until it comes
 * back into [0,n). Its low-order statistics are those of a random order, but on few elements it is too small to reach
 * all orders evenly: there a table is made. */
#include "random/shuffle.h"
#include "random/kernels.h"

enum { AT_ONCE = 16 };

/* The `bits` top bits of two multiplications: every bit of v and of the key reaches them. */
static uint64_t mix(uint64_t v, uint64_t key, int bits)
{
    uint64_t y = (v ^ key) * UINT64_C(0x9e3779b97f4a7c15);
    y ^= y >> 32;
    return (y * UINT64_C(0xbf58476d1ce4e5b9)) >> (64 - bits);
}

/* The network on m positions at once: each is a chain of dependent multiplications, so they are interleaved. */
static void network(const struct saddle_i_shuffle *p, int m, uint64_t *v)
{
    uint64_t high[AT_ONCE], low[AT_ONCE];
    for (int i = 0; i < m; i++) {
        high[i] = v[i] >> p->low_bits;
        low[i] = v[i] & ((UINT64_C(1) << p->low_bits) - 1);
    }
    for (int r = 0; r < SADDLE_I_SHUFFLE_ROUNDS; r += 2) {
        for (int i = 0; i < m; i++) {
            high[i] ^= mix(low[i], p->key[r], p->high_bits);
        }
        for (int i = 0; i < m; i++) {
            low[i] ^= mix(high[i], p->key[r + 1], p->low_bits);
        }
    }
    for (int i = 0; i < m; i++) {
        v[i] = high[i] << p->low_bits | low[i];
    }
}

/* Fisher-Yates from the back: the word at position i chooses among 0 .. i. */
static void make_table(struct saddle_i_shuffle *p, const saddle_random_stream *s)
{
    uint64_t x[SADDLE_I_SHUFFLE_TABLE];
    saddle_i_random_best()->words(s, 0, (p->n + 1) / 2, x);
    for (int64_t i = 0; i < p->n; i++) {
        p->table[i] = (uint8_t)i;
    }
    for (int64_t i = p->n - 1; i > 0; i--) {
        const uint64_t chosen = saddle_i_scaled(x[i], (uint64_t)i + 1);
        const uint8_t last = p->table[i];
        p->table[i] = p->table[chosen];
        p->table[chosen] = last;
    }
}

void saddle_i_shuffle_init(struct saddle_i_shuffle *p, uint64_t seed, int64_t epoch, int64_t n)
{
    const saddle_random_stream s = {seed, SADDLE_I_PURPOSE_PERMUTATION, (uint64_t)epoch};
    p->n = n;
    if (n <= SADDLE_I_SHUFFLE_TABLE) {
        make_table(p, &s);
        return;
    }
    int bits = 0;
    while (UINT64_C(1) << bits < (uint64_t)n) {
        bits++;
    }
    p->low_bits = bits / 2;
    p->high_bits = bits - p->low_bits;
    for (uint64_t b = 0; b < SADDLE_I_SHUFFLE_ROUNDS / 2; b++) {
        saddle_i_pair(&s, b, p->key + 2 * b);
    }
    uint64_t last[2];
    saddle_i_pair(&s, SADDLE_I_SHUFFLE_ROUNDS / 2, last);
    p->swap = last[0] & 1; /* the network alone makes even permutations only */
}

void saddle_i_shuffle_fill(const struct saddle_i_shuffle *p, int64_t first, int64_t count, int64_t *index)
{
    if (p->n <= SADDLE_I_SHUFFLE_TABLE) {
        for (int64_t i = 0; i < count; i++) {
            index[i] = p->table[first + i];
        }
        return;
    }
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int m = count - done < AT_ONCE ? (int)(count - done) : AT_ONCE;
        uint64_t v[AT_ONCE];
        for (int i = 0; i < m; i++) {
            const uint64_t k = (uint64_t)(first + done + i);
            v[i] = k < 2 ? k ^ p->swap : k;
        }
        network(p, m, v);
        for (int i = 0; i < m; i++) {
            while (v[i] >= (uint64_t)p->n) {
                network(p, 1, v + i);
            }
            index[done + i] = (int64_t)v[i];
        }
    }
}

int64_t saddle_i_shuffled(uint64_t seed, int64_t epoch, int64_t n, int64_t k)
{
    struct saddle_i_shuffle p;
    int64_t index;
    saddle_i_shuffle_init(&p, seed, epoch, n);
    saddle_i_shuffle_fill(&p, k, 1, &index);
    return index;
}
