/* SPDX-License-Identifier: BSD-3-Clause */
/* What the loop of the library costs: nanoseconds per step of stochastic gradient descent with a gradient that is
 * nearly free, beside loops written by hand for the same callback. The second of them, like the library, never writes a
 * w that is not finite: it tests before it writes. Competitors take turns; medians of one run; only the ratios travel
 * from machine to machine. Usage: step [entries ...] */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <saddle/saddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 41, SAMPLES = 1024, WAYS = 3 };

struct bench {
    int64_t dim, steps; /* of one round */
    double *w[WAYS], *g;
    uint64_t state; /* of the loops' own generator */
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
};

/* The callback that all of them call: one multiplication an entry. */
static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const double *scale = user;
    const double a = scale[b->index[0] % SAMPLES];
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = a * w[i];
    }
    return 0;
}

static double scale[SAMPLES];
static const double eta = 1e-3;

/* xorshift64*: the cheapest way to a fresh sample. */
static int64_t draw(struct bench *b)
{
    b->state ^= b->state >> 12;
    b->state ^= b->state << 25;
    b->state ^= b->state >> 27;
    return (int64_t)((b->state * UINT64_C(2685821657736338717)) >> 54);
}

static void plain_loop(struct bench *b, saddle_gradient_fn fn)
{
    double *w = b->w[0], *g = b->g;
    for (int64_t t = 1; t <= b->steps; t++) {
        const int64_t index = draw(b);
        const saddle_batch batch = {.count = 1, .first = index, .index = &index, .dim = b->dim, .step = t};
        if (fn(scale, &batch, w, g) != 0) {
            return;
        }
        for (int64_t i = 0; i < b->dim; i++) {
            w[i] -= eta * g[i];
        }
    }
}

/* Counts its samples, knows its limit, and keeps w where the new one would not be finite. */
static void testing_loop(struct bench *b, saddle_gradient_fn fn)
{
    double *w = b->w[1], *g = b->g;
    int64_t samples = 0;
    for (int64_t t = 1; t <= b->steps; t++) {
        const int64_t index = draw(b);
        const saddle_batch batch = {.count = 1, .first = index, .index = &index, .dim = b->dim, .step = t};
        if (fn(scale, &batch, w, g) != 0) {
            return;
        }
        samples++;
        double probe[4] = {0.0, 0.0, 0.0, 0.0};
        int64_t i = 0;
        for (; i + 4 <= b->dim; i += 4) {
            for (int k = 0; k < 4; k++) {
                probe[k] += fabs(w[i + k] - eta * g[i + k]);
            }
        }
        for (; i < b->dim; i++) {
            probe[0] += fabs(w[i] - eta * g[i]);
        }
        if (!(probe[0] + probe[1] + (probe[2] + probe[3]) <= DBL_MAX)) {
            return;
        }
        for (int64_t j = 0; j < b->dim; j++) {
            w[j] -= eta * g[j];
        }
    }
    if (samples != b->steps) {
        abort();
    }
}

static void need(saddle_status s)
{
    if (s != SADDLE_OK) {
        fprintf(stderr, "step: %s\n", saddle_error_message());
        exit(1);
    }
}

/* A function pointer that the compiler cannot see through, as a library's caller has it. */
static saddle_gradient_fn volatile hidden = gradient;

static void go(struct bench *b, int way)
{
    const saddle_gradient_fn fn = hidden;
    switch (way) {
    case 0: plain_loop(b, fn); break;
    case 1: testing_loop(b, fn); break;
    default: need(saddle_solver_step(b->s, b->steps)); break;
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds of this thread: what others do on the machine is not counted. */
static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void measure(struct bench *b)
{
    static const char *const names[WAYS] = {"loop by hand", "loop by hand, tests first", "libsaddle"};
    static double t[WAYS][ROUNDS];
    for (int way = 0; way < WAYS; way++) {
        go(b, way); /* warm */
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int way = 0; way < WAYS; way++) {
            const double start = now();
            go(b, way);
            t[way][round] = (now() - start) / (double)b->steps;
        }
    }
    printf("d = %" PRId64 "\n", b->dim);
    for (int way = 0; way < WAYS; way++) {
        qsort(t[way], ROUNDS, sizeof t[way][0], ascending);
    }
    for (int way = 0; way < WAYS; way++) {
        const double median = t[way][ROUNDS / 2];
        printf("  %-26s %10.2f ns a step   %5.3f x the loop   %5.3f x the loop that tests\n", names[way], median,
               median / t[0][ROUNDS / 2], median / t[1][ROUNDS / 2]);
    }
}

static void make(struct bench *b)
{
    const size_t bytes = ((size_t)b->dim * sizeof(double) + 63) / 64 * 64;
    b->g = aligned_alloc(64, bytes);
    for (int way = 0; way < WAYS; way++) {
        b->w[way] = aligned_alloc(64, bytes);
    }
    if (b->g == NULL || b->w[0] == NULL || b->w[1] == NULL || b->w[2] == NULL) {
        fprintf(stderr, "step: out of memory\n");
        exit(1);
    }
    for (int64_t i = 0; i < b->dim; i++) {
        b->w[0][i] = b->w[1][i] = b->w[2][i] = 1.0 + (double)(i % 5);
    }
    need(saddle_objective_create(NULL, b->dim, SAMPLES, scale, &b->f));
    need(saddle_objective_set_gradient(b->f, hidden));
    need(saddle_options_create(NULL, &b->o));
    need(saddle_options_set_real(b->o, SADDLE_OPT_STEP_SIZE, eta));
    need(saddle_options_set_int(b->o, SADDLE_OPT_MAX_STEPS, 0));
    need(saddle_solver_create(b->f, SADDLE_METHOD_SGD, b->o, b->w[2], &b->s));
}

static void unmake(struct bench *b)
{
    saddle_solver_destroy(b->s);
    saddle_options_destroy(b->o);
    saddle_objective_destroy(b->f);
    for (int way = 0; way < WAYS; way++) {
        free(b->w[way]);
    }
    free(b->g);
}

int main(int argc, char **argv)
{
    static const int64_t sizes[] = {10, 1000, 100000};
    const int count = argc > 1 ? argc - 1 : (int)(sizeof sizes / sizeof *sizes);
    for (int k = 0; k < SAMPLES; k++) {
        scale[k] = 1e-6 * (double)(k % 7 - 3); /* w stays where it is over all rounds */
    }
    for (int i = 0; i < count; i++) {
        struct bench b = {.dim = argc > 1 ? strtoll(argv[i + 1], NULL, 10) : sizes[i], .state = 88172645463325252u};
        if (b.dim < 1 || b.dim > INT64_C(1) << 32) {
            continue;
        }
        b.steps = b.dim < 4000 ? 4000000 / (b.dim + 30) : 20000000 / b.dim + 1;
        make(&b);
        measure(&b);
        unmake(&b);
    }
    return 0;
}
