/* SPDX-License-Identifier: BSD-3-Clause */
/* Which samples the check takes: all in a random order without replacement, or fresh ones of a stream. */
#ifndef SADDLE_I_DRAWS_H
#define SADDLE_I_DRAWS_H
#include "oracle/oracle.h"
#include "random/shuffle.h"

enum { SADDLE_I_STREAM_SAMPLES = 1024 }; /* of a stream, where nothing is said */

/* Fresh samples of a stream, docs/random.md: the step of their address. */
enum { SADDLE_I_DRAWS_SLOPES = 1, SADDLE_I_DRAWS_HESSIAN = 2 };

struct saddle_i_draws {
    int64_t samples;            /* of the objective */
    saddle_random_stream fresh; /* of a stream */
    struct saddle_i_shuffle order;
};

void saddle_i_draws_init(struct saddle_i_draws *d, uint64_t seed, int64_t samples, uint64_t step);
/* index[i] = draw number first + i, i = 0 .. count-1. */
void saddle_i_draws_fill(const struct saddle_i_draws *d, int64_t first, int64_t count, int64_t *index);
/* How many there are to be: all of a finite sum, where `wanted` is 0 or more than there are. */
int64_t saddle_i_draws_count(int64_t samples, int64_t wanted);

#endif
