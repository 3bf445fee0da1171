/* SPDX-License-Identifier: BSD-3-Clause */
/* What E <grad f_z, v>^2 over all samples costs, by slopes and by gradients of single samples, beside one full gradient. The network is
 * 64-32-10 with biases, tanh, softmax, on the 1,797 digits, d = 2,410, one thread. Ways take turns; medians of one run, in processor
 * time; only the ratios travel from machine to machine. */
#include "examples/support/digits.h"
#include <cblas.h>
#include <math.h>
#include <saddle/saddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { X = DIGITS_PIXELS, H = 32, C = DIGITS_CLASSES, N = DIGITS_COUNT, GRAIN = 256, ROUNDS = 201, K = 8 };
enum { B1 = X * H, W2 = B1 + H, B2 = W2 + H * C, DIM = B2 + C }; /* W1 is X x H, W2 is H x C */
enum { GRADIENT, SLOPES, SLOPES_OF_8, EACH, WAYS };

struct model {
    double x[N][X];
    int label[N];
    double h[GRAIN * H], p[GRAIN * C], back[GRAIN * H], rh[GRAIN * H], ro[GRAIN * C];
};

/* exp to a few units in the last place, |x| <= 700, in a loop that can be vectorised: as that of the demo's network. */
static inline double fast_exp(double x)
{
    const double shift = 0x1.8p52, shifted = x * 1.4426950408889634 + shift, k = shifted - shift;
    const double r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
    double p = 1.0;
    for (int i = 13; i > 0; i--) {
        p = 1.0 + p * r / (double)i;
    }
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* out = bias + in W, a row for each sample of the block. */
static void affine(int count, int from, int to, const double *in, const double *w, const double *bias, double *out)
{
    for (int i = 0; i < count; i++) {
        memcpy(out + i * to, bias, sizeof(double) * (size_t)to);
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, to, from, 1.0, in, from, w, to, 1.0, out, to);
}

/* h, and p - e_label in p. Blocks are consecutive samples, or single ones. */
static void forward(struct model *m, const saddle_batch *b, const double *w)
{
    const int count = (int)b->count;
    double *h = m->h;
    affine(count, X, H, m->x[b->index[0]], w, w + B1, h);
    for (int i = 0; i < count * H; i++) {
        h[i] = fmin(fmax(h[i], -20.0), 20.0);
    }
    for (int i = 0; i < count * H; i++) {
        h[i] = 1.0 - 2.0 / (fast_exp(2.0 * h[i]) + 1.0);
    }
    affine(count, H, C, h, w + W2, w + B2, m->p);
    for (int i = 0; i < count; i++) {
        double *p = m->p + i * C, sum = 0.0, most = p[0];
        for (int c = 1; c < C; c++) {
            most = fmax(most, p[c]);
        }
        for (int c = 0; c < C; c++) {
            p[c] = fast_exp(fmax(p[c] - most, -700.0));
            sum += p[c];
        }
        for (int c = 0; c < C; c++) {
            p[c] /= sum;
        }
        p[m->label[b->index[i]]] -= 1.0;
    }
}

static void sum_rows(int count, int width, const double *rows, double scale, double *out)
{
    memset(out, 0, sizeof(double) * (size_t)width);
    for (int i = 0; i < count; i++) {
        for (int c = 0; c < width; c++) {
            out[c] += scale * rows[i * width + c];
        }
    }
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct model *m = user;
    const int count = (int)b->count;
    const double scale = 1.0 / (double)count;
    if (count > 1 && b->first < 0) {
        return 2;
    }
    forward(m, b, w);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, H, C, count, scale, m->h, H, m->p, C, 0.0, g + W2, C);
    sum_rows(count, C, m->p, scale, g + B2);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, H, C, 1.0, m->p, C, w + W2, C, 0.0, m->back, H);
    for (int i = 0; i < count * H; i++) {
        m->back[i] *= 1.0 - m->h[i] * m->h[i];
    }
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, X, H, count, scale, m->x[b->index[0]], X, m->back, H, 0.0, g, H);
    sum_rows(count, H, m->back, scale, g + B1);
    return 0;
}

/* The derivative of the outputs along v, times p - e_label. */
static int slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *s)
{
    struct model *m = user;
    const int count = (int)b->count;
    if (count > 1 && b->first < 0) {
        return 2;
    }
    forward(m, b, w);
    for (int64_t j = 0; j < k; j++, v += DIM) {
        affine(count, X, H, m->x[b->index[0]], v, v + B1, m->rh);
        for (int i = 0; i < count * H; i++) {
            m->rh[i] *= 1.0 - m->h[i] * m->h[i];
        }
        affine(count, H, C, m->h, v + W2, v + B2, m->ro);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, C, H, 1.0, m->rh, H, w + W2, C, 1.0, m->ro, C);
        for (int i = 0; i < count; i++) {
            double sum = 0.0;
            for (int c = 0; c < C; c++) {
                sum += m->p[i * C + c] * m->ro[i * C + c];
            }
            s[i * k + j] = sum;
        }
    }
    return 0;
}

static struct model model;
static double w[DIM], g[DIM], v[K * DIM], moments[K];

static saddle_status go(saddle_objective *f, const saddle_options *o, int way)
{
    if (way == GRADIENT) {
        return saddle_objective_gradient(f, w, NULL, g);
    }
    const saddle_status s = saddle_objective_set_slopes(f, way == EACH ? NULL : slopes);
    return s != SADDLE_OK ? s : saddle_cnc_along(f, w, o, way == SLOPES_OF_8 ? K : 1, v, moments, NULL);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int prepare(saddle_objective **f, saddle_options **o)
{
    const saddle_random_stream s = {1, 200, 0};
    digits_pixels(model.x[0]);
    for (int i = 0; i < N; i++) {
        model.label[i] = digits_label(i);
    }
    if (saddle_random_normal(&s, 0, DIM, w) != SADDLE_OK || saddle_random_normal(&s, DIM, (int64_t)K * DIM, v) != SADDLE_OK) {
        return 0;
    }
    for (int j = 0; j < K; j++) {
        cblas_dscal(DIM, 1.0 / cblas_dnrm2(DIM, v + j * DIM, 1), v + j * DIM, 1);
    }
    cblas_dscal(DIM, 0.2, w, 1);
    return saddle_objective_create(NULL, DIM, N, &model, f) == SADDLE_OK && saddle_objective_set_gradient(*f, gradient) == SADDLE_OK &&
           saddle_objective_set_grain(*f, GRAIN) == SADDLE_OK && saddle_options_create(NULL, o) == SADDLE_OK;
}

int main(void)
{
    static const char *const name[] = {"full gradient", "slopes, 1 direction", "slopes, 8 directions", "gradient by gradient, 1 direction"};
    static double seconds[WAYS][ROUNDS];
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
#if defined(OPENBLAS_VERSION)
    openblas_set_num_threads(1);
#endif
    int failed = !prepare(&f, &o);
    for (int round = 0; round < ROUNDS && !failed; round++) {
        for (int way = 0; way < WAYS && !failed; way++) {
            const clock_t start = clock();
            failed = go(f, o, way) != SADDLE_OK;
            seconds[way][round] = (double)(clock() - start) / CLOCKS_PER_SEC;
        }
    }
    if (failed) {
        (void)fprintf(stderr, "%s\n", saddle_error_message());
    }
    for (int way = 0; way < WAYS && !failed; way++) {
        qsort(seconds[way], ROUNDS, sizeof(double), ascending);
        printf("  %-34s %8.3f ms   %6.2f x the full gradient\n", name[way], 1e3 * seconds[way][ROUNDS / 2],
               seconds[way][ROUNDS / 2] / seconds[GRADIENT][ROUNDS / 2]);
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return failed;
}
