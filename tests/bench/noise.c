/* SPDX-License-Identifier: BSD-3-Clause */
/* Normal numbers: ns for each, filled into a block that stays in the first cache and fused into w += s z, every set of
 * loops beside GSL's ziggurat on mt19937. Competitors take turns; medians of one run; only the ratios travel from
 * machine to machine. Raw words are the floor. */
#include "random/batches.h"
#include <saddle/options.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEVELS = 4, BLOCK = 2048, BLOCKS = 400, ROUNDS = 21, SHORT = 10 };
enum { WORDS, FILL, FUSED, WAYS };

static double z[BLOCK];
static double seconds[LEVELS * WAYS + 5][ROUNDS];

static void gsl(gsl_rng *g, int fused)
{
    for (int b = 0; b < BLOCKS; b++) {
        for (int i = 0; i < BLOCK; i++) {
            const double v = gsl_ran_gaussian_ziggurat(g, 1.0);
            z[i] = fused ? z[i] + 1e-3 * v : v;
        }
    }
}

static void own(const struct saddle_i_random_kernels *k, int way)
{
    static uint64_t x[BLOCK];
    const saddle_random_stream s = {1, SADDLE_I_PURPOSE_NOISE, 1};
    for (uint64_t b = 0; b < BLOCKS; b++) {
        const uint64_t pair = b * (BLOCK / 2);
        if (way == WORDS) {
            k->words(&s, pair, BLOCK / 2, x);
        } else if (way == FILL) {
            k->normal(&s, pair, BLOCK / 2, z);
        } else {
            k->normal_axpy(&s, pair, BLOCK / 2, 1e-3, z);
        }
    }
}

/* A perturbation of so few entries that the overhead shows. */
static void few(void)
{
    for (uint64_t t = 0; t < BLOCKS * BLOCK / SHORT; t++) {
        const saddle_random_stream s = {1, SADDLE_I_PURPOSE_NOISE, t};
        saddle_i_random_normal_axpy(&s, SHORT, 1e-3, z);
    }
}

/* Batches of one sample. */
static void draws(int64_t sampling)
{
    static int64_t page[4096];
    struct saddle_i_batches b = {.seed = 1, .samples = 1797, .size = 1, .sampling = sampling, .page = page};
    int64_t sum = 0;
    for (int64_t t = 1; t <= BLOCKS * BLOCK; t++) {
        sum += saddle_i_batches_at(&b, t)[0];
    }
    z[0] = (double)sum * 1e-12;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median, in ns for one number. */
static double ns(double *times)
{
    qsort(times, ROUNDS, sizeof times[0], ascending);
    return times[ROUNDS / 2] * 1e9 / ((double)BLOCKS * BLOCK);
}

static void one_way(gsl_rng *g, int way)
{
    const int extra = way - LEVELS * WAYS;
    if (extra < 0) {
        own(saddle_i_random_at(way / WAYS), way % WAYS);
    } else if (extra < 2) {
        gsl(g, extra);
    } else if (extra == 2) {
        few();
    } else {
        draws(extra == 3 ? SADDLE_SAMPLING_REPLACEMENT : SADDLE_SAMPLING_SHUFFLE);
    }
}

int main(void)
{
    gsl_rng *const g = gsl_rng_alloc(gsl_rng_mt19937);
    for (int round = 0; round < ROUNDS; round++) {
        for (int way = 0; way < LEVELS * WAYS + 5; way++) {
            if (way < LEVELS * WAYS && saddle_i_random_at(way / WAYS) == NULL) {
                continue;
            }
            const double start = saddle_i_clock();
            one_way(g, way);
            seconds[way][round] = saddle_i_clock() - start;
        }
    }
    gsl_rng_free(g);
    const double fill = ns(seconds[LEVELS * WAYS]), fused = ns(seconds[LEVELS * WAYS + 1]);
    printf("%-10s %12s %22s %22s\n", "ns/number", "raw word", "fill (x GSL)", "w += s z (x GSL)");
    printf("%-10s %12s %14.2f %7.2f %14.2f %7.2f\n", "GSL", "", fill, 1.0, fused, 1.0);
    for (int level = 0; level < LEVELS; level++) {
        const struct saddle_i_random_kernels *const k = saddle_i_random_at(level);
        if (k != NULL) {
            double *const times = seconds[level * WAYS];
            const double raw = ns(times), a = ns(times + FILL * ROUNDS), b = ns(times + FUSED * ROUNDS);
            printf("%-10s %12.2f %14.2f %7.2f %14.2f %7.2f\n", k->name, raw, a, fill / a, b, fused / b);
        }
    }
    const double call = SHORT * ns(seconds[LEVELS * WAYS + 2]);
    const double replacement = ns(seconds[LEVELS * WAYS + 3]), shuffle = ns(seconds[LEVELS * WAYS + 4]);
    printf("w += s z of %d entries: %.1f ns a call\n", (int)SHORT, call);
    printf("batches of one, n = 1797: replacement %.2f, shuffle %.2f ns a step\n", replacement, shuffle);
    return z[1] == z[1] ? EXIT_SUCCESS : EXIT_FAILURE;
}
