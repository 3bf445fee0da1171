/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks the network: its value against plain loops, its derivatives against each other, and what is computed in blocks
 * and all at once against single samples and single products; mean squared cosines against gradient after gradient. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alignment.h"

enum { SHAPES = 6, DIRECTIONS = 7, SINGLE = 20, MANY = 520, DRAWS = 300, WIDEST = 64 };

static const struct shape {
    int hidden, units, raw;
} shapes[SHAPES] = {{1, 4, 0}, {1, 16, 0}, {3, 7, 0}, {16, 10, 0}, {1, 5, 1}, {1, 2, 1}};

static int failed;

static void check(const struct shape *s, const char *what, double off, double allowed)
{
    const int holds = off <= allowed; /* not so for NaN */
    printf("%s  %2d layers of %2d%s: %s, off by %.1e, allowed %.1e\n", holds ? "holds " : "FAILED", s->hidden, s->units,
           s->raw ? " raw" : "", what, off, allowed);
    failed += !holds;
}

static double gap(int64_t count, const double *x, const double *y)
{
    double most = 0.0, scale = 0.0;
    for (int64_t i = 0; i < count; i++) {
        most = fmax(most, fabs(x[i] - y[i]));
        scale = fmax(scale, fabs(y[i]));
    }
    return most / scale;
}

static void check_derivatives(const struct shape *s, saddle_objective *f, const double *w)
{
    saddle_derivative_check d = {.struct_size = (int64_t)sizeof d};
    if (saddle_check_derivatives(f, w, 1, &d) != SADDLE_OK || !d.ok) {
        printf("%s\n", saddle_error_message());
        check(s, "derivatives", HUGE_VAL, 0.0);
        return;
    }
    check(s, "order of the remainder of f, 2", fabs(d.gradient_slope - 2.0), 0.1);
    check(s, "order of the remainder of the gradient, 2", fabs(d.hessvec_slope - 2.0), 0.1);
    check(s, "slopes", d.slopes_error, 1e-12);
    check(s, "symmetry", d.hessvec_asymmetry, 1e-12);
    check(s, "blocks", d.batch_error, 1e-12);
}

static double dot(int64_t count, const double *x, const double *y)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

/* The loss of a sample as it is written down, by plain loops. */
static double plain_value(const struct mlp *m, const double *w, int64_t sample)
{
    double a[WIDEST], z[WIDEST], sum = 0.0, most = -HUGE_VAL;
    memcpy(a, m->data->x + sample * m->width[0], (size_t)m->width[0] * sizeof *a);
    for (int l = 1; l <= m->layers; l++) {
        for (int u = 0; u < m->width[l]; u++, w += m->width[l - 1]) {
            z[u] = dot(m->width[l - 1], w, a);
        }
        for (int u = 0; u < m->width[l]; u++) {
            a[u] = 1.0 / (1.0 + exp(-z[u]));
        }
    }
    for (int c = 0; c < IMAGES_CLASSES; c++) {
        most = fmax(most, z[c]);
    }
    for (int c = 0; c < IMAGES_CLASSES; c++) {
        sum += exp(z[c] - most);
    }
    return most + log(sum) - z[m->data->label[sample]];
}

static void check_value(const struct shape *s, struct mlp *m, const double *w)
{
    double worst = 0.0;
    for (int64_t i = 0; i < SINGLE; i++) {
        const saddle_batch b = {.count = 1, .first = -1, .index = &i, .dim = m->dim};
        double value;
        (void)mlp_value(m, &b, w, &value);
        worst = fmax(worst, fabs(value / plain_value(m, w, i) - 1.0));
    }
    check(s, "values of single samples", worst, 1e-10);
}

/* Sums over all samples, gradient after gradient: moments, cosines, energy. */
struct sums {
    double moment[DIRECTIONS], cosine[DIRECTIONS];
    struct energy energy;
};

static void add_gradients(struct mlp *m, const double *w, const double *v, double *g, struct sums *o)
{
    const int64_t n = m->data->count;
    const int last = m->layers;
    for (int64_t i = 0; i < n; i++) {
        const saddle_batch b = {.count = 1, .first = -1, .index = &i, .dim = m->dim};
        (void)mlp_gradient(m, &b, w, g);
        const double square = dot(m->dim, g, g);
        o->energy.all += square;
        o->energy.first += dot(m->at[1], g, g);
        o->energy.last += dot(m->dim - m->at[last - 1], g + m->at[last - 1], g + m->at[last - 1]);
        o->energy.tiny += sqrt(square) < ALIGNMENT_LEAST;
        for (int j = 0; j < DIRECTIONS; j++) {
            const double slope = dot(m->dim, g, v + j * m->dim);
            o->moment[j] += slope * slope / (double)n;
            o->cosine[j] += sqrt(square) < ALIGNMENT_LEAST ? 0.0 : slope * slope / square;
        }
    }
    for (int j = 0; j < DIRECTIONS; j++) {
        o->cosine[j] /= (double)(n - o->energy.tiny);
    }
    o->energy.first /= o->energy.all;
    o->energy.last /= o->energy.all;
    o->energy.all /= (double)n;
}

/* The same from alignment.c, with the directions again and again: more than it takes at once. */
static void check_alignment(const struct shape *s, struct mlp *m, const double *w, const double *v, double *g)
{
    static double moments[MANY], cosines[MANY];
    struct sums o = {.energy = {.tiny = 0}};
    struct energy e;
    double worst = 0.0, *many = malloc((size_t)(MANY * m->dim) * sizeof *many);
    add_gradients(m, w, v, g, &o);
    for (int64_t j = 0; many != NULL && j < MANY; j++) {
        memcpy(many + j * m->dim, v + j % DIRECTIONS * m->dim, (size_t)m->dim * sizeof *v);
    }
    if (many == NULL || !alignment_of_samples(m, w, MANY, many, moments, cosines, &e)) {
        check(s, "memory", HUGE_VAL, 0.0);
        free(many);
        return;
    }
    for (int j = 0; j < MANY; j++) {
        const double off = fabs(moments[j] / o.moment[j % DIRECTIONS] - 1.0);
        worst = fmax(worst, fmax(off, fabs(cosines[j] / o.cosine[j % DIRECTIONS] - 1.0)));
    }
    check(s, "moments and cosines", worst, 1e-10);
    worst = fmax(fabs(e.first / o.energy.first - 1.0), fabs(e.last / o.energy.last - 1.0));
    check(s, "energy of layers", fmax(worst, fabs(e.all / o.energy.all - 1.0)), 1e-10);
    printf("        %d gradients are tiny\n", (int)e.tiny);
    check(s, "tiny gradients", fabs((double)(e.tiny - o.energy.tiny)), 0.0);
    free(many);
}

/* Noise: a vector at a time, and one direction as many of them. */
static void check_noise(const struct shape *s, int64_t dim, const double *v, double *xi)
{
    const saddle_random_stream stream = {.seed = 2, .purpose = 133};
    double cosines[DIRECTIONS], expected[DIRECTIONS] = {0.0}, one;
    int failures = !alignment_of_noise(&stream, DRAWS, dim, DIRECTIONS, v, cosines) +
                   !alignment_of_noise(&stream, DRAWS, dim, 1, v, &one);
    for (int64_t i = 0; i < DRAWS; i++) {
        failures += saddle_random_normal(&stream, i * dim, dim, xi) != SADDLE_OK;
        for (int j = 0; j < DIRECTIONS; j++) {
            const double along = dot(dim, xi, v + j * dim);
            expected[j] += along * along / dot(dim, xi, xi) / DRAWS;
        }
    }
    check(s, "noise", failures > 0 ? HUGE_VAL : fmax(gap(DIRECTIONS, cosines, expected), gap(1, &one, expected)), 1e-12);
}

/* Slopes and norms of a block against gradients of single samples. */
static void check_block(const struct shape *s, struct mlp *m, const double *w, const double *v, double *g)
{
    static double slopes[MLP_GRAIN * DIRECTIONS], norms[MLP_GRAIN * MLP_MOST_LAYERS];
    double worst_slope = 0.0, worst_norm = 0.0;
    const int64_t first = 100;
    mlp_block(m, first, MLP_GRAIN, w, DIRECTIONS, v, slopes, norms);
    for (int64_t i = 0; i < SINGLE; i++) {
        const int64_t index = first + i;
        const saddle_batch b = {.count = 1, .first = -1, .index = &index, .dim = m->dim};
        double value, square = 0.0, sum = 0.0;
        (void)mlp_value_gradient(m, &b, w, &value, g);
        for (int64_t j = 0; j < m->dim; j++) {
            square += g[j] * g[j];
        }
        for (int l = 0; l < m->layers; l++) {
            sum += norms[i * m->layers + l];
        }
        worst_norm = fmax(worst_norm, square > 0.0 ? fabs(sum / square - 1.0) : sum);
        for (int64_t k = 0; k < DIRECTIONS; k++) {
            double slope = 0.0, scale = 0.0;
            for (int64_t j = 0; j < m->dim; j++) {
                slope += g[j] * v[k * m->dim + j];
                scale += fabs(g[j] * v[k * m->dim + j]);
            }
            worst_slope = fmax(worst_slope, scale > 0.0 ? fabs(slopes[i * DIRECTIONS + k] - slope) / scale : 0.0);
        }
    }
    check(s, "norms of single gradients", worst_norm, 1e-12);
    check(s, "slopes along several directions", worst_slope, 1e-12);
}

static void check_hessian(const struct shape *s, struct mlp *m, saddle_objective *f, const double *w, const double *v)
{
    double *h = malloc((size_t)(m->dim * m->dim) * sizeof *h);
    double *product = malloc((size_t)(2 * m->dim) * sizeof *product), worst = 0.0;
    if (h == NULL || product == NULL || !mlp_hessian(m, w, h)) {
        check(s, "memory", HUGE_VAL, 0.0);
    } else {
        for (int k = 0; k < DIRECTIONS; k++) {
            if (saddle_objective_hessvec(f, w, v + k * m->dim, product) != SADDLE_OK) {
                worst = HUGE_VAL;
            }
            for (int64_t r = 0; r < m->dim; r++) {
                product[m->dim + r] = 0.0;
                for (int64_t c = 0; c < m->dim; c++) {
                    product[m->dim + r] += h[r * m->dim + c] * v[k * m->dim + c];
                }
            }
            worst = fmax(worst, gap(m->dim, product + m->dim, product));
        }
        check(s, "the whole Hessian", worst, 1e-12);
    }
    free(product);
    free(h);
}

static int check_shape(const struct shape *s)
{
    const struct word none[] = {IMAGES_WORDS, {NULL, NULL, NULL}};
    const struct program program = {.name = "check_mlp", .text = "", .words = none};
    char name[] = "check_mlp", unit[] = "--pixels=unit", raw[] = "--pixels=raw";
    char *arguments[] = {name, s->raw ? raw : unit};
    struct words words;
    struct images images;
    struct mlp m;
    saddle_objective *f = NULL;
    if (words_read(&words, &program, 2, arguments) >= 0 || images_read(&images, &words) != EXIT_GOOD) {
        return EXIT_FAILED;
    }
    double *w = NULL;
    int code = EXIT_FAILED;
    if (mlp_create(&m, &images, s->hidden, s->units, 2)) {
        const saddle_random_stream stream = {.seed = 1, .purpose = 133, .step = (uint64_t)(s - shapes)};
        w = malloc((size_t)((DIRECTIONS + 2) * m.dim) * sizeof *w);
        if (w != NULL && saddle_random_normal(&stream, 0, (DIRECTIONS + 1) * m.dim, w) == SADDLE_OK &&
            mlp_objective(&m, NULL, &f) == SADDLE_OK) {
            check_derivatives(s, f, w);
            check_value(s, &m, w);
            check_block(s, &m, w, w + m.dim, w + (DIRECTIONS + 1) * m.dim);
            check_alignment(s, &m, w, w + m.dim, w + (DIRECTIONS + 1) * m.dim);
            check_noise(s, m.dim, w + m.dim, w + (DIRECTIONS + 1) * m.dim);
            check_hessian(s, &m, f, w, w + m.dim);
            code = EXIT_GOOD;
        }
        saddle_objective_destroy(f);
        free(w);
        mlp_free(&m);
    }
    images_free(&images);
    return code;
}

int main(void)
{
    for (int i = 0; i < SHAPES; i++) {
        if (check_shape(&shapes[i]) != EXIT_GOOD) {
            fprintf(stderr, "check_mlp: %s\n", saddle_error_message());
            return EXIT_FAILED;
        }
    }
    return failed > 0 ? EXIT_FAILED : EXIT_GOOD;
}
