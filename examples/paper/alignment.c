/* SPDX-License-Identifier: BSD-3-Clause */
#include "alignment.h"
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 512 }; /* at once */

static const double least_square = ALIGNMENT_LEAST * ALIGNMENT_LEAST;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void add_energy(struct energy *e, const struct mlp *m, int64_t count, const double *norms, double *squares)
{
    for (int64_t i = 0; i < count; i++) {
        const double *of_layer = norms + i * m->layers;
        squares[i] = 0.0;
        for (int l = 0; l < m->layers; l++) {
            squares[i] += of_layer[l];
        }
        e->all += squares[i];
        e->first += of_layer[0];
        e->last += of_layer[m->layers - 1];
        e->tiny += squares[i] < least_square;
    }
}

static void add_slopes(int64_t count, int64_t k, const double *slopes, const double *squares, double *moments,
                       double *cosines)
{
    for (int64_t i = 0; i < count; i++) {
        const double weight = squares[i] < least_square ? 0.0 : 1.0 / squares[i];
        for (int64_t j = 0; j < k; j++) {
            const double square = slopes[i * k + j] * slopes[i * k + j];
            moments[j] += square;
            cosines[j] += square * weight;
        }
    }
}

int alignment_of_samples(struct mlp *m, const double *w, int64_t k, const double *v, double *moments, double *cosines,
                         struct energy *e)
{
    const int64_t n = m->data->count, most = least(k, DIRECTIONS);
    double *slopes = malloc((size_t)(MLP_GRAIN * (most + m->layers + 1)) * sizeof *slopes);
    if (slopes == NULL) {
        return 0;
    }
    double *norms = slopes + MLP_GRAIN * most, *squares = norms + (int64_t)MLP_GRAIN * m->layers;
    memset(moments, 0, (size_t)k * sizeof *moments);
    memset(cosines, 0, (size_t)k * sizeof *cosines);
    for (int64_t j = 0; j < k; j += most) {
        const int64_t now = least(k - j, most);
        *e = (struct energy){0};
        for (int64_t z = 0; z < n; z += MLP_GRAIN) {
            const int64_t count = least(n - z, MLP_GRAIN);
            mlp_block(m, z, count, w, now, v + j * m->dim, slopes, norms);
            add_energy(e, m, count, norms, squares);
            add_slopes(count, now, slopes, squares, moments + j, cosines + j);
        }
    }
    for (int64_t j = 0; j < k; j++) {
        moments[j] /= (double)n;
        cosines[j] /= (double)(n - e->tiny);
    }
    e->first /= e->all;
    e->last /= e->all;
    e->all /= (double)n;
    free(slopes);
    return 1;
}

int alignment_of_noise(const saddle_random_stream *stream, int64_t draws, int64_t dim, int64_t k, const double *v,
                       double *cosines)
{
    const int64_t most = least(k, DIRECTIONS);
    double *xi = malloc((size_t)(MLP_GRAIN * (dim + most)) * sizeof *xi);
    if (xi == NULL) {
        return 0;
    }
    double *along = xi + MLP_GRAIN * dim, squares[MLP_GRAIN];
    int whole = 1;
    memset(cosines, 0, (size_t)k * sizeof *cosines);
    for (int64_t z = 0; whole && z < draws; z += MLP_GRAIN) {
        const int64_t count = least(draws - z, MLP_GRAIN);
        whole = saddle_random_normal(stream, z * dim, count * dim, xi) == SADDLE_OK;
        for (int64_t i = 0; i < count; i++) {
            squares[i] = cblas_ddot((int)dim, xi + i * dim, 1, xi + i * dim, 1);
        }
        for (int64_t j = 0; j < k; j += most) {
            const int64_t now = least(k - j, most);
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)now, (int)dim, 1.0, xi, (int)dim,
                        v + j * dim, (int)dim, 0.0, along, (int)now);
            for (int64_t i = 0; i < count * now; i++) {
                cosines[j + i % now] += along[i] * along[i] / squares[i / now];
            }
        }
    }
    for (int64_t j = 0; j < k; j++) {
        cosines[j] /= (double)draws;
    }
    free(xi);
    return whole;
}

double alignment_deviation(int64_t draws, int64_t dim)
{
    const double d = (double)dim;
    return sqrt(2.0 * (d - 1.0) / (d + 2.0) / (double)draws);
}
