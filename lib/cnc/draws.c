/* SPDX-License-Identifier: BSD-3-Clause */
#include "cnc/draws.h"

void saddle_i_draws_init(struct saddle_i_draws *d, uint64_t seed, int64_t samples, uint64_t step)
{
    const saddle_random_stream fresh = {seed, SADDLE_I_PURPOSE_CNC, step}, keys = {seed, SADDLE_I_PURPOSE_CNC, 0};
    d->samples = samples;
    d->fresh = fresh;
    if (samples != SADDLE_STREAM) {
        uint64_t word[2];
        saddle_i_random_best()->words(&keys, 0, 1, word);
        saddle_i_shuffle_init(&d->order, word[0], 0, samples);
    }
}

void saddle_i_draws_fill(const struct saddle_i_draws *d, int64_t first, int64_t count, int64_t *index)
{
    if (d->samples == SADDLE_STREAM) {
        saddle_i_random_indices(&d->fresh, first, SADDLE_STREAM, count, index);
    } else {
        saddle_i_shuffle_fill(&d->order, first, count, index);
    }
}

int64_t saddle_i_draws_count(int64_t samples, int64_t wanted)
{
    if (samples == SADDLE_STREAM) {
        return wanted > 0 ? wanted : SADDLE_I_STREAM_SAMPLES;
    }
    return wanted > 0 && wanted < samples ? wanted : samples;
}
