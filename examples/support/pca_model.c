/* SPDX-License-Identifier: BSD-3-Clause */
#include "pca_model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "symmetric.h"

enum { D = DIGITS_PIXELS, N = DIGITS_COUNT, LANES = 8 };

static void centre(struct pca_model *m)
{
    digits_pixels(&m->z[0][0]);
    for (int j = 0; j < D; j++) {
        double mean = 0.0;
        for (int i = 0; i < N; i++) {
            mean += m->z[i][j];
        }
        mean /= N;
        for (int i = 0; i < N; i++) {
            m->z[i][j] -= mean;
        }
    }
}

static void fill_covariance(const struct pca_model *m, double *c)
{
    memset(c, 0, sizeof(double) * D * D);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < D; j++) {
            for (int k = 0; k < D; k++) {
                c[j * D + k] += m->z[i][j] * m->z[i][k];
            }
        }
    }
    for (int j = 0; j < D * D; j++) {
        c[j] /= N;
    }
}

struct pca_model *pca_model_create(void)
{
    struct pca_model *m = malloc(sizeof *m);
    double *c = malloc(sizeof(double) * D * D);
    if (m == NULL || c == NULL) {
        free(m);
        free(c);
        return NULL;
    }
    centre(m);
    fill_covariance(m, c);
    symmetric_eigen(D, c, m->lambda, &m->u[0][0]);
    pca_stationary_point(m, 2, m->saddle);
    m->f_saddle = -m->lambda[1] * m->lambda[1] / 4.0;
    m->f_minimum = -m->lambda[0] * m->lambda[0] / 4.0;
    free(c);
    return m;
}

void pca_stationary_point(const struct pca_model *m, int k, double *w)
{
    for (int j = 0; j < D; j++) {
        w[j] = sqrt(fmax(m->lambda[k - 1], 0.0)) * m->u[k - 1][j];
    }
}

/* In lanes: a compiler may not reorder one long sum, and so would not vectorise it. */
static double dot(const double *x, const double *y)
{
    double sum[LANES] = {0.0};
    for (int j = 0; j < D; j += LANES) {
        for (int k = 0; k < LANES; k++) {
            sum[k] += x[j + k] * y[j + k];
        }
    }
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

int pca_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    const struct pca_model *m = user;
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        const double zw = dot(m->z[b->index[k]], w);
        sum += zw * zw;
    }
    const double ww = dot(w, w);
    *value = -sum / (2.0 * (double)b->count) + ww * ww / 4.0;
    return 0;
}

int pca_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    double value;
    return pca_value_gradient(user, b, w, &value, gradient);
}

int pca_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    const struct pca_model *m = user;
    double sum = 0.0, cw[D] = {0.0}; /* cw: the sum of (z'w) z */
    for (int64_t k = 0; k < b->count; k++) {
        const double *z = m->z[b->index[k]];
        const double zw = dot(z, w);
        sum += zw * zw;
        for (int j = 0; j < D; j++) {
            cw[j] += zw * z[j];
        }
    }
    const double count = (double)b->count, ww = dot(w, w);
    for (int j = 0; j < D; j++) {
        gradient[j] = ww * w[j] - cw[j] / count;
    }
    *value = -sum / (2.0 * count) + ww * ww / 4.0;
    return 0;
}

/* H_z v = ||w||^2 v + 2 (w'v) w - (z'v) z. */
int pca_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    const struct pca_model *m = user;
    double cv[D] = {0.0}; /* the sum of (z'v) z */
    for (int64_t k = 0; k < b->count; k++) {
        const double *z = m->z[b->index[k]];
        const double zv = dot(z, v);
        for (int j = 0; j < D; j++) {
            cv[j] += zv * z[j];
        }
    }
    const double count = (double)b->count, ww = dot(w, w), wv = dot(w, v);
    for (int j = 0; j < D; j++) {
        product[j] = ww * v[j] + 2.0 * wv * w[j] - cv[j] / count;
    }
    return 0;
}

/* <grad f_z, v> = ||w||^2 (w'v) - (z'w) (z'v). */
int pca_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    const struct pca_model *m = user;
    const double ww = dot(w, w);
    for (int64_t i = 0; i < b->count; i++) {
        const double *z = m->z[b->index[i]];
        const double zw = dot(z, w);
        for (int64_t j = 0; j < k; j++) {
            const double *direction = v + j * D;
            slopes[i * k + j] = ww * dot(w, direction) - zw * dot(z, direction);
        }
    }
    return 0;
}
