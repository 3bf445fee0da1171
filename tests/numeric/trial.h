/* SPDX-License-Identifier: BSD-3-Clause */
/* How the tests of this folder set up a run, and what they compute on their own: mini-batches, norms, indices, straight
 * from docs/random.md and docs/determinism.md, sharing no code with the library but the words of its generator. */
#ifndef SADDLE_TEST_TRIAL_H
#define SADDLE_TEST_TRIAL_H
#include "support/expect.h"
#include "support/recipes.h"
#include <math.h>
#include <saddle/saddle.h>
#include <stdlib.h>

enum { TRIAL_BATCH = 1, TRIAL_NOISE = 2, TRIAL_RADIUS = 3, TRIAL_ESCAPE = 4 }; /* purposes of docs/random.md */

/* "step_size=0.1 max_steps=10": sets these options. */
static inline void trial_set(saddle_options *o, const char *settings)
{
    char words[512];
    ck_assert_uint_lt(strlen(settings), sizeof words);
    memcpy(words, settings, strlen(settings) + 1);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        ck_assert_ptr_nonnull(value);
        *value = '\0';
        set(o, word, value + 1);
    }
}

static inline saddle_options *trial_options(const char *settings)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    trial_set(o, settings);
    return o;
}

static inline double trial_real(const saddle_options *o, saddle_option id)
{
    double value = 0.0;
    EXPECT_OK(saddle_options_get_real(o, id, &value));
    return value;
}

static inline int64_t trial_int(const saddle_options *o, saddle_option id)
{
    int64_t value = 0;
    EXPECT_OK(saddle_options_get_int(o, id, &value));
    return value;
}

/* value may be NULL. */
static inline saddle_objective *trial_objective(int64_t dim, int64_t samples, void *user, saddle_gradient_fn gradient,
                                                saddle_value_fn value)
{
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, dim, samples, user, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_objective_set_value(f, value));
    return f;
}

/* Runs the method to its end. */
static inline saddle_result trial_run(saddle_objective *f, saddle_method m, const saddle_options *o, double *w)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_minimize(f, m, o, w, &r));
    return r;
}

/* The high 64 bits of x n. */
static inline int64_t trial_scaled(uint64_t x, uint64_t n)
{
    const uint64_t xl = x & UINT32_MAX, xh = x >> 32, nl = n & UINT32_MAX, nh = n >> 32;
    const uint64_t middle = xh * nl + (xl * nl >> 32), other = xl * nh + (middle & UINT32_MAX);
    return (int64_t)(xh * nh + (middle >> 32) + (other >> 32));
}

/* Indices at positions first .. first+count-1 of a stream, each in [0,n). */
static inline void trial_indices(saddle_random_stream s, int64_t first, int64_t n, int64_t count, int64_t *index)
{
    for (int64_t k = 0; k < count; k++) {
        uint32_t r[4];
        EXPECT_OK(saddle_random_bits(&s, (uint64_t)(first + k) / 2, r));
        const int half = (int)((first + k) % 2 * 2);
        index[k] = trial_scaled((uint64_t)r[half] | (uint64_t)r[half + 1] << 32, (uint64_t)n);
    }
}

/* The mini-batch of step t with SADDLE_SAMPLING_REPLACEMENT. */
static inline void trial_batch(uint64_t seed, int64_t n, int64_t size, int64_t t, int64_t *index)
{
    const int64_t steps = size < 4096 ? 4096 / size : 1;
    const saddle_random_stream s = {seed, TRIAL_BATCH, (uint64_t)((t - 1) / steps)};
    trial_indices(s, (t - 1) % steps * size, n, size, index);
}

/* ||x||, n <= 4096: entry i to lane i mod 32, the lanes folded by halves. */
static inline double trial_norm(int64_t n, const double *x)
{
    double lane[32] = {0.0};
    for (int64_t i = 0; i < n; i++) {
        const double square = x[i] * x[i];
        lane[i % 32] = lane[i % 32] + square;
    }
    for (int half = 16; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
            lane[i] = lane[i] + lane[i + half];
        }
    }
    return sqrt(lane[0] + 0.0);
}

#endif
