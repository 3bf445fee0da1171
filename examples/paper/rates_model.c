/* SPDX-License-Identifier: BSD-3-Clause */
#include "rates_model.h"
#include <math.h>
#include <string.h>

enum { PURPOSE_NOISE = 136, LANES = 8 };

saddle_status rates_model_init(struct rates_model *m, int64_t dim, double lambda, int64_t seed)
{
    const saddle_random_stream stream = {.seed = (uint64_t)seed, .purpose = PURPOSE_NOISE, .step = 0};
    double draw[RATES_SAMPLES]; /* two for each pair of samples */
    const saddle_status s = saddle_random_normal(&stream, 0, RATES_SAMPLES, draw);
    m->dim = dim;
    m->lambda = lambda;
    for (int j = 0; j < 2 && s == SADDLE_OK; j++) {
        double energy = 0.0;
        for (int i = 0; i < RATES_SAMPLES / 2; i++) {
            energy += draw[2 * i + j] * draw[2 * i + j] / (RATES_SAMPLES / 2);
        }
        m->sum[0][j] = 0.0;
        for (int i = 0; i < RATES_SAMPLES; i++) {
            const double size = draw[i / 2 * 2 + j] / sqrt(energy);
            m->b[i][j] = i % 2 == 0 ? size : -size;
            m->sum[i + 1][j] = m->sum[i][j] + m->b[i][j];
        }
    }
    return s;
}

/* The mean of b over a batch. */
static void mean_noise(const struct rates_model *m, const saddle_batch *b, double mean[2])
{
    for (int j = 0; j < 2; j++) {
        double sum = 0.0;
        if (b->first >= 0) {
            sum = m->sum[b->first + b->count][j] - m->sum[b->first][j];
        } else {
            for (int64_t k = 0; k < b->count; k++) {
                sum += m->b[b->index[k]][j];
            }
        }
        mean[j] = sum / (double)b->count;
    }
}

/* Of w_2, w_3, ...; several sums at once, which the processor adds side by side. */
static double squares(int64_t dim, const double *w)
{
    double sum[LANES] = {0.0}, all = 0.0;
    int64_t i = 1;
    for (; i + LANES <= dim; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            sum[j] += w[i + j] * w[i + j];
        }
    }
    for (; i < dim; i++) {
        all += w[i] * w[i];
    }
    for (int j = 0; j < LANES; j++) {
        all += sum[j];
    }
    return all;
}

static int value(void *user, const saddle_batch *b, const double *w, double *out)
{
    const struct rates_model *m = user;
    const double x = w[0] * w[0];
    double mean[2];
    mean_noise(m, b, mean);
    *out = -0.5 * m->lambda * x + x * x / (144.0 * m->lambda) + 0.5 * squares(m->dim, w) + mean[0] * w[0] +
           mean[1] * w[1];
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct rates_model *m = user;
    double mean[2];
    mean_noise(m, b, mean);
    memcpy(g, w, (size_t)m->dim * sizeof *g);
    g[0] = -m->lambda * w[0] + w[0] * w[0] * w[0] / (36.0 * m->lambda) + mean[0];
    g[1] += mean[1];
    return 0;
}

static int value_gradient(void *user, const saddle_batch *b, const double *w, double *out, double *g)
{
    (void)value(user, b, w, out);
    return gradient(user, b, w, g);
}

saddle_status rates_model_objective(struct rates_model *m, saddle_objective **out)
{
    saddle_objective *f = NULL;
    saddle_status s = saddle_objective_create(NULL, m->dim, RATES_SAMPLES, m, &f);
    s = s == SADDLE_OK ? saddle_objective_set_grain(f, RATES_SAMPLES) : s;
    s = s == SADDLE_OK ? saddle_objective_set_value(f, value) : s;
    s = s == SADDLE_OK ? saddle_objective_set_gradient(f, gradient) : s;
    s = s == SADDLE_OK ? saddle_objective_set_value_gradient(f, value_gradient) : s;
    if (s != SADDLE_OK) {
        saddle_objective_destroy(f);
        return s;
    }
    *out = f;
    return SADDLE_OK;
}
