/* SPDX-License-Identifier: BSD-3-Clause */
/* The ONLY source of randomness: numbers by address (seed, purpose, step, position), docs/random.md. */
#ifndef SADDLE_I_RANDOM_H
#define SADDLE_I_RANDOM_H
#include <saddle/random.h>
#include "base/base.h"

/* What a stream is for. Frozen: a number is never reused. */
enum saddle_i_purpose {
    SADDLE_I_PURPOSE_BATCH = 1,       /* indices of mini-batches */
    SADDLE_I_PURPOSE_NOISE = 2,       /* normals of a perturbation, position = entry of w */
    SADDLE_I_PURPOSE_RADIUS = 3,      /* the one uniform of a ball */
    SADDLE_I_PURPOSE_ESCAPE = 4,      /* SGD-GD's fresh sample */
    SADDLE_I_PURPOSE_OUTPUT = 5,      /* the reservoir of OUTPUT uniform */
    SADDLE_I_PURPOSE_PERMUTATION = 6, /* keys of a shuffled epoch, step = epoch */
    SADDLE_I_PURPOSE_LANCZOS = 7,     /* the start of Lanczos, position = entry; step = number of the start */
    SADDLE_I_PURPOSE_PROBE = 8,       /* directions and samples of checks and estimates, step = number of the probe */
    SADDLE_I_PURPOSE_CNC = 9          /* samples of the CNC check: step 0, the seed of their order; step 1, those of a stream */
};

/* The loops that are written once for each instruction set; all give the same bits. Pairs are numbered from `pair`
 * (positions 2*pair, 2*pair+1). */
struct saddle_i_random_kernels {
    const char *name;
    void (*words)(const saddle_random_stream *s, uint64_t pair, int64_t pairs, uint64_t *x);  /* 2*pairs words */
    void (*uniform)(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double *u);  /* 2*pairs numbers */
    void (*normal)(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double *z);   /* 2*pairs numbers */
    void (*normal_axpy)(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double a,
                        double *y); /* y_i = y_i + a z_i */
};
const struct saddle_i_random_kernels *saddle_i_random_best(void);
const struct saddle_i_random_kernels *saddle_i_random_at(int level); /* as saddle_i_kernels_at() */

/* As the public functions, for arguments known to be good; any offset and count. */
void saddle_i_random_uniform(const saddle_random_stream *s, int64_t offset, int64_t count, double *u);
void saddle_i_random_normal(const saddle_random_stream *s, int64_t offset, int64_t count, double *z);
/* y_i = y_i + a z_i, i = 0 .. n-1, product and sum rounded apart, z at positions 0 .. n-1. */
void saddle_i_random_normal_axpy(const saddle_random_stream *s, int64_t n, double a, double *y);
/* The largest |z| there is. */
#define SADDLE_I_NORMAL_MAX 8.58

/* Own functions with the same bits on every machine, without libm but sqrt; at most 1 ulp off where used.
 * exp: x in [-745, 709], below gives 0; log: x > 0, finite; cospi: cos(pi x), x in [0, 1]. */
double saddle_i_exp(double x);
double saddle_i_log(double x);
double saddle_i_cospi(double x);

/* index[k] in [0, samples) from position offset + k, with replacement, k = 0 .. count-1; of SADDLE_STREAM 63 bits. */
void saddle_i_random_indices(const saddle_random_stream *s, int64_t offset, int64_t samples, int64_t count,
                             int64_t *index);
/* Position k of epoch e in a shuffled order of [0,n): a keyed permutation without memory. */
int64_t saddle_i_shuffled(uint64_t seed, int64_t epoch, int64_t n, int64_t k);

#endif
