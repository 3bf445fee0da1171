/* SPDX-License-Identifier: BSD-3-Clause */
/* Which samples the mini-batch of step t = 1, 2, ... is over. Draws come in pages, so that a step costs an addition. */
#ifndef SADDLE_I_BATCHES_H
#define SADDLE_I_BATCHES_H
#include "random/random.h"

struct saddle_i_batches {
    uint64_t seed;
    int64_t samples;    /* n, or SADDLE_STREAM */
    int64_t size;       /* B; with SHUFFLE and SEQUENTIAL at most n, so that an epoch has ceil(n/B) batches */
    int64_t sampling;   /* the number of a saddle_sampling */
    int64_t page_first; /* the page holds steps page_first .. page_first + page_steps - 1; */
    int64_t page_steps; /* 0 = nothing yet */
    int64_t *page;      /* room for saddle_i_batches_room(size) indices, owned by the caller */
};
/* How many indices a page has: spp B with spp = max(1, floor(4096/B)) steps. */
int64_t saddle_i_batches_room(int64_t size);
/* Fills the page so that it holds step t. */
void saddle_i_batches_turn(struct saddle_i_batches *b, int64_t t);
/* How many samples step t has: B, or what is left in the last batch of an epoch (SHUFFLE, SEQUENTIAL). */
int64_t saddle_i_batches_count(const struct saddle_i_batches *b, int64_t t);

/* The samples of step t, saddle_i_batches_count() of them. Valid until the next call. */
static inline const int64_t *saddle_i_batches_at(struct saddle_i_batches *b, int64_t t)
{
    if (!SADDLE_I_LIKELY((uint64_t)(t - b->page_first) < (uint64_t)b->page_steps)) {
        saddle_i_batches_turn(b, t);
    }
    return b->page + (t - b->page_first) * b->size;
}

#endif
