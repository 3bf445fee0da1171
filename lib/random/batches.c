/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages of mini-batches. A page begins at a step that depends on B alone, never on the steps asked for before: so the
 * samples of a step are the same in whatever order steps are visited, and after a restart. */
#include "random/batches.h"
#include <saddle/objective.h>
#include <saddle/options.h>
#include "random/shuffle.h"

enum { PAGE = 4096 };

static int64_t steps_of_page(int64_t size)
{
    return size < PAGE ? PAGE / size : 1;
}

int64_t saddle_i_batches_room(int64_t size)
{
    return size < 1 ? 0 : steps_of_page(size) * size;
}

/* ceil(n/B). */
static int64_t steps_of_epoch(const struct saddle_i_batches *b)
{
    return (b->samples - 1) / b->size + 1;
}

/* A stream has no epochs, so there is nothing to shuffle. */
static int has_epochs(const struct saddle_i_batches *b)
{
    return b->sampling != SADDLE_SAMPLING_REPLACEMENT && b->samples != SADDLE_STREAM;
}

int64_t saddle_i_batches_count(const struct saddle_i_batches *b, int64_t t)
{
    if (!has_epochs(b)) {
        return b->size;
    }
    const int64_t left = b->samples - (t - 1) % steps_of_epoch(b) * b->size;
    return left < b->size ? left : b->size;
}

static void replacement(const struct saddle_i_batches *b)
{
    const saddle_random_stream s = {b->seed, SADDLE_I_PURPOSE_BATCH, (uint64_t)((b->page_first - 1) / b->page_steps)};
    saddle_i_random_indices(&s, 0, b->samples, b->page_steps * b->size, b->page);
}

/* 0, 1, 2, ... without end; past 2^63 it would begin again. */
static void count_up(const struct saddle_i_batches *b)
{
    const uint64_t first = (uint64_t)(b->page_first - 1) * (uint64_t)b->size;
    for (int64_t i = 0; i < b->page_steps * b->size; i++) {
        b->page[i] = (int64_t)((first + (uint64_t)i) & INT64_MAX);
    }
}

/* Steps of one epoch follow each other in the page without a gap, since only the last is short. */
static void epochs(const struct saddle_i_batches *b)
{
    const int64_t per_epoch = steps_of_epoch(b);
    int64_t steps;
    for (int64_t done = 0; done < b->page_steps; done += steps) {
        const int64_t epoch = (b->page_first - 1 + done) / per_epoch, from = (b->page_first - 1 + done) % per_epoch;
        const int64_t here = per_epoch - from, room = b->page_steps - done;
        steps = here < room ? here : room;
        const int64_t first = from * b->size;
        const int64_t count = here <= room ? b->samples - first : steps * b->size;
        int64_t *const to = b->page + done * b->size;
        if (b->sampling == SADDLE_SAMPLING_SHUFFLE) {
            struct saddle_i_shuffle p;
            saddle_i_shuffle_init(&p, b->seed, epoch, b->samples);
            saddle_i_shuffle_fill(&p, first, count, to);
        } else {
            for (int64_t i = 0; i < count; i++) {
                to[i] = first + i;
            }
        }
    }
}

void saddle_i_batches_turn(struct saddle_i_batches *b, int64_t t)
{
    b->page_steps = steps_of_page(b->size);
    b->page_first = t - (t - 1) % b->page_steps;
    if (has_epochs(b)) {
        epochs(b);
    } else if (b->sampling == SADDLE_SAMPLING_SEQUENTIAL) {
        count_up(b);
    } else {
        replacement(b);
    }
}
