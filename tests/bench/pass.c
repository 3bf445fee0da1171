/* SPDX-License-Identifier: BSD-3-Clause */
/* One pass over memory: w - eta g with the test of w, the norm of g and the way back, beside cblas_daxpy, which does
 * nothing but the update, and beside what a caller of BLAS would write. Competitors take turns; medians of one run;
 * only the ratios travel from machine to machine. The pass that can be taken back stores two vectors where daxpy
 * stores one: 32 bytes an entry against 24, which is the limit of its ratio where memory bandwidth is the limit.
 * Vectors start at multiples of 64 bytes, as the library's own do; elsewhere AVX-512 loses up to a third.
 * Usage: pass [entries ...] */
#include "space/space.h"
#include <cblas.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 31, LEVELS = 4, WAYS = 3 + 2 * LEVELS };

struct bench {
    int64_t n;
    double *g, *w;
    double sink; /* results that a compiler must not drop */
};

static const double eta = 0x1p-30; /* keeps the numbers where they are over all rounds */

static void daxpy(struct bench *b)
{
    cblas_daxpy((int)b->n, -eta, b->g, 1, b->w, 1);
}

static void daxpy_then_ddot(struct bench *b)
{
    cblas_daxpy((int)b->n, -eta, b->g, 1, b->w, 1);
    b->sink += cblas_ddot((int)b->n, b->g, 1, b->g, 1);
}

/* What it takes in plain loops to know the new w before the old one is lost. */
static void test_then_write(struct bench *b)
{
    double probe = 0.0;
    for (int64_t i = 0; i < b->n; i++) {
        probe += 0.0 * (b->w[i] - eta * b->g[i]);
    }
    if (probe == 0.0) {
        for (int64_t i = 0; i < b->n; i++) {
            b->w[i] = b->w[i] - eta * b->g[i];
        }
    }
}

static void descend(struct bench *b, const struct saddle_i_kernels *k, int with_norm)
{
    double norm = 0.0;
    double bad = 0.0;
    int64_t entry = 0;
    b->sink += saddle_i_descend_once(k, b->n, eta, b->g, b->w, with_norm ? &norm : NULL, &entry, &bad);
    b->sink += norm;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Way 0 .. 2 are those without a set of kernels; returns 0 where this processor lacks it. */
static int go(struct bench *b, int way, int dry)
{
    if (way < 3) {
        static void (*const plain[3])(struct bench *) = {daxpy, daxpy_then_ddot, test_then_write};
        if (!dry) {
            plain[way](b);
        }
        return 1;
    }
    const struct saddle_i_kernels *k = saddle_i_kernels_at((way - 3) / 2);
    if (k != NULL && !dry) {
        descend(b, k, way % 2 == 0);
    }
    return k != NULL;
}

static void print_way(int way, double seconds, double base, int64_t n)
{
    static const char *const plain[3] = {"cblas_daxpy", "cblas_daxpy, cblas_ddot", "loops: test, then write"};
    char name[64];
    if (way < 3) {
        snprintf(name, sizeof name, "%s", plain[way]);
    } else {
        snprintf(name, sizeof name, "descend_once%s, %s", way % 2 == 0 ? " + norm" : "",
                 saddle_i_kernels_at((way - 3) / 2)->name);
    }
    printf("  %-32s %8.4f ns an entry   %5.2f x cblas_daxpy\n", name, 1e9 * seconds / (double)n, seconds / base);
}

static void run(struct bench *b)
{
    static double t[WAYS][ROUNDS];
    const int64_t repeat = b->n < 1000000 ? 1000000 / b->n + 1 : 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int way = 0; way < WAYS; way++) {
            const double start = saddle_i_clock();
            for (int64_t r = 0; r < repeat; r++) {
                (void)go(b, way, 0);
            }
            t[way][round] = (saddle_i_clock() - start) / (double)repeat;
        }
    }
    printf("d = %" PRId64 "\n", b->n);
    for (int way = 0; way < WAYS; way++) {
        qsort(t[way], ROUNDS, sizeof t[way][0], ascending);
        if (go(b, way, 1)) {
            print_way(way, t[way][ROUNDS / 2], t[0][ROUNDS / 2], b->n);
        }
    }
}

int main(int argc, char **argv)
{
    static const int64_t sizes[] = {1000, 100000, 1000000, 10000000};
    const int count = argc > 1 ? argc - 1 : (int)(sizeof sizes / sizeof *sizes);
#if defined(OPENBLAS_VERSION)
    openblas_set_num_threads(1);
#endif
    for (int s = 0; s < count; s++) {
        struct bench b = {.n = argc > 1 ? strtoll(argv[s + 1], NULL, 10) : sizes[s]};
        if (b.n < 1 || b.n > INT32_MAX) {
            continue;
        }
        b.g = aligned_alloc(64, ((size_t)b.n * sizeof(double) + 63) / 64 * 64);
        b.w = aligned_alloc(64, ((size_t)b.n * sizeof(double) + 63) / 64 * 64);
        if (b.g != NULL && b.w != NULL) {
            for (int64_t i = 0; i < b.n; i++) {
                b.g[i] = (double)(i % 7 + 1);
                b.w[i] = (double)(i % 5 + 2);
            }
            run(&b);
        }
        free(b.g);
        free(b.w);
    }
    return 0;
}
