/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of one epoch: a permutation of [0,n) by a key, docs/random.md. Any position costs the same. */
#ifndef SADDLE_I_SHUFFLE_H
#define SADDLE_I_SHUFFLE_H
#include "random/random.h"

enum {
    SADDLE_I_SHUFFLE_TABLE = 64, /* up to this n: Fisher-Yates, every order equally likely */
    SADDLE_I_SHUFFLE_ROUNDS = 12
};

struct saddle_i_shuffle {
    int64_t n;
    int high_bits, low_bits;               /* above the table: the smallest 2^(high + low) >= n, */
    uint64_t key[SADDLE_I_SHUFFLE_ROUNDS]; /* the keys of the rounds, */
    uint64_t swap;                         /* and whether positions 0 and 1 change places */
    uint8_t table[SADDLE_I_SHUFFLE_TABLE];
};

void saddle_i_shuffle_init(struct saddle_i_shuffle *p, uint64_t seed, int64_t epoch, int64_t n);
/* index[i] = the sample at position first + i, i = 0 .. count-1. */
void saddle_i_shuffle_fill(const struct saddle_i_shuffle *p, int64_t first, int64_t count, int64_t *index);

#endif
