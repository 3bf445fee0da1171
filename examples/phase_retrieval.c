/* SPDX-License-Identifier: BSD-3-Clause */
/* Phase retrieval: which x, up to its sign, has the squared products (a_z'x)^2?
 *     f_z(w) = ((a_z'w)^2 - (a_z'x)^2)^2/4
 * Two starts. Near the sphere ||w||^2 = ||x||^2/3, at right angles to x, lies a saddle; Newton's method finds it. At
 * w = 0, a maximum, each f_z is flat to first order, so that no sample tells where to go. */
#include <math.h>
#include <stdio.h>
#include "support/critical.h"
#include "support/study.h"

enum { D = 16, N = 400 };

struct model {
    double a[N][D];
    double y[N]; /* (a'x)^2 */
};

static const struct word words_known[] = {STUDY_START_WORD, STUDY_WORDS, {NULL, NULL, NULL}};

static const struct program program = {
    .name = "phase_retrieval",
    .text =
        "Phase retrieval of 16 numbers from 400 squared products, from two starts: a saddle where samples are noisy, "
        "and 0, a maximum, where none has a gradient.",
    .words = words_known,
    .takes_options = 1,
};

#define ALL_SAMPLES "step_size=0.05 max_steps=1000 "
#define ONE_SAMPLE "step_size=0.002 schedule=cosine max_steps=40000 "

static const struct recipe recipes[STUDY_METHODS] = {
    {"gd", "step_size=0.05 max_steps=200", 1},
    {"sgd_gd", ALL_SAMPLES "escape_step=0.002 gradient_threshold=1e-2 escape_steps=200", 1},
    {"pgd", ALL_SAMPLES "radius=0.01 gradient_threshold=1e-2 escape_steps=300 decrease_threshold=1e-3", 1},
    {"ngd", "step_size=0.01 max_steps=1000 noise=1e-3 noise_every=10", 1},
    {"sgd", ONE_SAMPLE, 50},
    {"psgd", ONE_SAMPLE "noise=0.1", 50},
    {"sgld", ONE_SAMPLE "inverse_temperature=1e5", 50},
};

static const enum expected noisy[STUDY_METHODS] = {STAYS, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES};
static const enum expected flat[STUDY_METHODS] = {STAYS_AT, STAYS_AT, LEAVES, LEAVES, STAYS_AT, LEAVES, LEAVES};

static double product(const double *a, const double *w)
{
    double sum = 0.0;
    for (int j = 0; j < D; j++) {
        sum += a[j] * w[j];
    }
    return sum;
}

static int value(void *user, const saddle_batch *b, const double *w, double *out)
{
    const struct model *m = user;
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t z = b->index[k];
        const double p = product(m->a[z], w), e = p * p - m->y[z];
        sum += e * e;
    }
    *out = sum / (4.0 * (double)b->count);
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct model *m = user;
    for (int j = 0; j < D; j++) {
        g[j] = 0.0;
    }
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t z = b->index[k];
        const double p = product(m->a[z], w), e = (p * p - m->y[z]) * p / (double)b->count;
        for (int j = 0; j < D; j++) {
            g[j] += e * m->a[z][j];
        }
    }
    return 0;
}

static void hessian(void *user, const double *w, double *h)
{
    const struct model *m = user;
    for (int i = 0; i < D * D; i++) {
        h[i] = 0.0;
    }
    for (int z = 0; z < N; z++) {
        const double p = product(m->a[z], w), e = (3.0 * p * p - m->y[z]) / N;
        for (int i = 0; i < D * D; i++) {
            h[i] += e * m->a[z][i / D] * m->a[z][i % D];
        }
    }
}

static void scale_to(double *v, double length)
{
    const double scale = length / sqrt(product(v, v));
    for (int j = 0; j < D; j++) {
        v[j] *= scale;
    }
}

/* Random a and x, ||x|| = 1. */
static saddle_status draw(struct model *m, double *x)
{
    const saddle_random_stream stream = {.seed = 1, .purpose = 128, .step = 0};
    saddle_status s = saddle_random_normal(&stream, 0, (int64_t)N * D, &m->a[0][0]);
    s = s == SADDLE_OK ? saddle_random_normal(&stream, (int64_t)N * D, D, x) : s;
    scale_to(x, 1.0);
    for (int z = 0; z < N; z++) {
        const double p = product(m->a[z], x);
        m->y[z] = p * p;
    }
    return s;
}

/* Newton's method from w of length 1/sqrt(3) at right angles to x, again and again, until it ends at a strict saddle
 * other than 0. Returns 1 when it does. */
static int find_saddle(struct critical *c, const double *x, double *w)
{
    for (uint64_t attempt = 0; attempt < 100; attempt++) {
        const saddle_random_stream stream = {.seed = 1, .purpose = 129, .step = attempt};
        if (saddle_random_normal(&stream, 0, D, w) != SADDLE_OK) {
            return 0;
        }
        const double along = product(x, w);
        for (int j = 0; j < D; j++) {
            w[j] -= along * x[j];
        }
        scale_to(w, sqrt(1.0 / 3.0));
        if (critical_newton(c, w) && c->lambda[D - 1] < -0.01 && product(w, w) > 0.1) {
            return 1;
        }
    }
    return 0;
}

static int from(const struct words *words, struct critical *c, const char *where, const double *w,
                const enum expected *expected)
{
    const saddle_batch all = {
        .struct_size = (int64_t)sizeof all, .count = N, .index = c->index, .dim = D, .step = -1};
    struct problem p = {.name = "phase_retrieval",
                        .dim = D,
                        .samples = N,
                        .user = c->user,
                        .value = value,
                        .gradient = gradient,
                        .saddle = w,
                        .eps_gradient = 1e-2,
                        .eps_hessian = 1e-2,
                        .expected = expected};
    double f;
    (void)value(c->user, &all, w, &f);
    critical_look(c, w);
    p.f_left = 0.9 * f;
    printf("%s: f = %.4f, ||grad f|| = %.0e\n"
           "  least curvature %.4f; mean <grad f_z, v>^2 along it: %.3g\n"
           "  minimum: f = 0 at +-x; left: f <= %.4f\n",
           where, f, c->norm, c->lambda[D - 1], critical_cnc(c, w), p.f_left);
    return study_table(words, &p, recipes);
}

int main(int argc, char **argv)
{
    static struct model model;
    static const double zero[D];
    struct words words;
    double x[D], w[D];
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    int64_t start;
    if (study_start(&words, &start) != EXIT_GOOD) {
        return EXIT_USAGE;
    }
    struct critical c;
    if (critical_create(&c, D, N, &model, gradient, hessian) != 0 || draw(&model, x) != SADDLE_OK ||
        !find_saddle(&c, x, w)) {
        fprintf(stderr, "%s: found no saddle\n", program.name);
        critical_release(&c);
        return EXIT_FAILED;
    }
    printf("Phase retrieval, 16 variables, 400 samples\n  f_z(w) = ((a'w)^2 - (a'x)^2)^2/4\n\n");
    code = EXIT_GOOD;
    if (start != 2) {
        code = from(&words, &c, "1. From the saddle at right angles to x", w, noisy);
    }
    if (start != 1 && code == EXIT_GOOD) {
        putchar('\n');
        code = from(&words, &c, "2. From w = 0, a maximum where every sample's gradient is 0", zero, flat);
    }
    critical_release(&c);
    return code;
}
