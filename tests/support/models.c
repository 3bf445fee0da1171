/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/models.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* network: 4 inputs, 3 hidden, 3 classes; factors: 4 x 3 entries of rank 2 */
enum { INPUTS = 4, HIDDEN = 3, CLASSES = 3, ROWS = 4, COLUMNS = 3, RANK = 2 };

static void normal(uint64_t purpose, uint64_t step, int64_t n, double *z)
{
    const saddle_random_stream s = {.seed = 20, .purpose = purpose, .step = step};
    if (saddle_random_normal(&s, 0, n, z) != SADDLE_OK) {
        abort();
    }
}

void model_init(struct model *m, int kind, int plant)
{
    static const int64_t dims[MODELS] = {6, 5, 8, (ROWS + COLUMNS) * RANK, HIDDEN * (INPUTS + CLASSES)};
    memset(m, 0, sizeof *m);
    m->kind = kind;
    m->plant = plant;
    m->dim = dims[kind];
    for (int64_t z = 0; z < MODEL_SAMPLES; z++) {
        normal(200, (uint64_t)(z + 100 * kind), 8, m->data[z]);
    }
}

void model_point(const struct model *m, int64_t k, double *w)
{
    normal(201, (uint64_t)k, m->dim, w);
}

/* f_z = phi(t) with t = <x, w>: phi and its derivatives */
static double phi(const struct model *m, int64_t z, double t, double *first, double *second)
{
    if (m->kind == MODEL_PCA) {
        *first = -t;
        *second = -1.0;
        return -0.5 * t * t;
    }
    if (m->kind == MODEL_HALFSPACES) {
        const double s = 1.0 / (1.0 + exp(-t));
        *first = s * (1.0 - s);
        *second = s * (1.0 - s) * (1.0 - 2.0 * s);
        return s;
    }
    const double y = (double)(z % 3) + 0.5, r = t * t - y; /* phase retrieval */
    *first = r * t;
    *second = 3.0 * t * t - y;
    return 0.25 * r * r;
}

static double product_of(int64_t n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int64_t j = 0; j < n; j++) {
        sum += x[j] * y[j];
    }
    return sum;
}

static double linear(const struct model *m, int64_t z, const double *w, const double *v, double *g, double *hv)
{
    const double *x = m->data[z], xv = product_of(m->dim, x, v);
    const double quartic = m->kind == MODEL_PCA ? 1.0 : 0.0, ww = product_of(m->dim, w, w), wv = product_of(m->dim, w, v);
    double first, second;
    const double f = phi(m, z, product_of(m->dim, x, w), &first, &second);
    for (int64_t j = 0; j < m->dim; j++) {
        g[j] = first * x[j] + quartic * ww * w[j];
        hv[j] = second * xv * x[j] + quartic * (ww * v[j] + 2.0 * wv * w[j]);
    }
    return f + quartic * 0.25 * ww * ww;
}

/* One entry of a matrix: (<a_i, b_j> - m_ij)^2/2 */
static double factors(const struct model *m, int64_t z, const double *w, const double *v, double *g, double *hv)
{
    const int64_t i = z % ROWS * RANK, j = (ROWS + z / ROWS % COLUMNS) * RANK;
    double r = -m->data[z][0], rv = 0.0;
    memset(g, 0, (size_t)m->dim * sizeof *g);
    memset(hv, 0, (size_t)m->dim * sizeof *hv);
    for (int k = 0; k < RANK; k++) {
        r += w[i + k] * w[j + k];
        rv += v[i + k] * w[j + k] + w[i + k] * v[j + k];
    }
    for (int k = 0; k < RANK; k++) {
        g[i + k] = r * w[j + k];
        g[j + k] = r * w[i + k];
        hv[i + k] = rv * w[j + k] + r * v[j + k];
        hv[j + k] = rv * w[i + k] + r * v[i + k];
    }
    return 0.5 * r * r;
}

/* -log softmax(W2 tanh(W1 x))[label], and all that by forward differentiation along v */
static double network(const struct model *m, int64_t z, const double *w, const double *v, double *g, double *hv)
{
    const double *x = m->data[z], *w2 = w + HIDDEN * INPUTS, *v2 = v + HIDDEN * INPUTS;
    double h[HIDDEN], rh[HIDDEN], p[CLASSES], rp[CLASSES], sum = 0.0, mean = 0.0;
    for (int k = 0; k < HIDDEN; k++) {
        h[k] = tanh(product_of(INPUTS, x, w + k * INPUTS));
        rh[k] = (1.0 - h[k] * h[k]) * product_of(INPUTS, x, v + k * INPUTS);
    }
    for (int c = 0; c < CLASSES; c++) {
        p[c] = exp(product_of(HIDDEN, w2 + c * HIDDEN, h));
        rp[c] = product_of(HIDDEN, v2 + c * HIDDEN, h) + product_of(HIDDEN, w2 + c * HIDDEN, rh);
        sum += p[c];
    }
    for (int c = 0; c < CLASSES; c++) {
        p[c] /= sum;
        mean += p[c] * rp[c];
    }
    const int label = (int)(z % CLASSES);
    const double f = -log(p[label]);
    for (int c = 0; c < CLASSES; c++) {
        rp[c] = p[c] * (rp[c] - mean);
        p[c] -= c == label ? 1.0 : 0.0;
        for (int k = 0; k < HIDDEN; k++) {
            g[HIDDEN * INPUTS + c * HIDDEN + k] = p[c] * h[k];
            hv[HIDDEN * INPUTS + c * HIDDEN + k] = rp[c] * h[k] + p[c] * rh[k];
        }
    }
    for (int k = 0; k < HIDDEN; k++) {
        double s = 0.0, rs = 0.0;
        for (int c = 0; c < CLASSES; c++) {
            s += p[c] * w2[c * HIDDEN + k];
            rs += rp[c] * w2[c * HIDDEN + k] + p[c] * v2[c * HIDDEN + k];
        }
        for (int j = 0; j < INPUTS; j++) {
            g[k * INPUTS + j] = s * (1.0 - h[k] * h[k]) * x[j];
            hv[k * INPUTS + j] = (rs * (1.0 - h[k] * h[k]) - 2.0 * s * h[k] * rh[k]) * x[j];
        }
    }
    return f;
}

static void round_all(const struct model *m, int64_t n, double *x)
{
    for (int64_t j = 0; m->single && j < n; j++) {
        x[j] = (double)(float)x[j];
    }
}

/* One sample, rightly. */
static double sample(const struct model *m, int64_t z, const double *w, const double *v, double *g, double *hv)
{
    double at[MODEL_MOST_DIM];
    memcpy(at, w, (size_t)m->dim * sizeof *at);
    round_all(m, m->dim, at);
    double f = m->kind == MODEL_FACTORS   ? factors(m, z, at, v, g, hv)
               : m->kind == MODEL_NETWORK ? network(m, z, at, v, g, hv)
                                          : linear(m, z, at, v, g, hv);
    round_all(m, 1, &f);
    round_all(m, m->dim, g);
    round_all(m, m->dim, hv);
    return f;
}

static void gradient_errors(const struct model *m, int64_t z, double *g)
{
    for (int64_t j = 0; j < m->dim; j++) {
        const int wrong = m->plant == PLANT_ENTRY && j == 3;
        g[j] *= m->plant == PLANT_SCALED ? 1.01 : m->plant == PLANT_SIGN ? -1.0 : wrong ? 1.5 : 1.0;
        g[j] *= m->plant == PLANT_ONE_SAMPLE && z == 17 ? 2.0 : 1.0;
    }
}

static int64_t sample_of(const struct model *m, const saddle_batch *b, int64_t k)
{
    return m->plant == PLANT_POSITIONS ? k : b->index[k];
}

static double divisor(const struct model *m, const saddle_batch *b, int of_gradient)
{
    const int sum = m->plant == PLANT_SUM || (m->plant == PLANT_GRADIENT_SUM && of_gradient);
    return sum ? 1.0 : m->plant == PLANT_FULL_BATCH && b->count > 1 ? (double)MODEL_GRAIN : (double)b->count;
}

static int value(void *user, const saddle_batch *b, const double *w, double *out)
{
    const struct model *m = user;
    double g[MODEL_MOST_DIM], hv[MODEL_MOST_DIM], sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += sample(m, sample_of(m, b, k), w, w, g, hv);
    }
    *out = sum / divisor(m, b, 0);
    round_all(m, 1, out);
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *out)
{
    const struct model *m = user;
    double g[MODEL_MOST_DIM], hv[MODEL_MOST_DIM];
    memset(out, 0, (size_t)m->dim * sizeof *out);
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t z = sample_of(m, b, k);
        (void)sample(m, z, w, w, g, hv);
        gradient_errors(m, z, g);
        for (int64_t j = 0; j < m->dim; j++) {
            out[j] += g[j] / divisor(m, b, 1);
        }
    }
    round_all(m, m->dim, out);
    return 0;
}

static int value_gradient(void *user, const saddle_batch *b, const double *w, double *f, double *g)
{
    const struct model *m = user;
    (void)value(user, b, w, f);
    (void)gradient(user, b, w, g);
    for (int64_t j = 0; j < m->dim; j++) {
        g[j] *= 1.01; /* PLANT_TOGETHER */
    }
    return 0;
}

static int hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *out)
{
    const struct model *m = user;
    double g[MODEL_MOST_DIM], hv[MODEL_MOST_DIM], at[MODEL_MOST_DIM];
    const double factor = m->plant == PLANT_TWICE ? 2.0 : m->plant == PLANT_BENT ? sqrt(product_of(m->dim, v, v)) : 1.0;
    memset(out, 0, (size_t)m->dim * sizeof *out);
    memcpy(at, w, (size_t)m->dim * sizeof *at);
    at[0] += m->plant == PLANT_STALE ? 0.125 : 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        (void)sample(m, b->index[k], at, v, g, hv);
        for (int64_t j = 0; j < m->dim; j++) {
            out[j] += factor * hv[j] / (m->plant == PLANT_PRODUCT_SUM ? 1.0 : (double)b->count);
        }
    }
    out[0] += m->plant == PLANT_ASYMMETRIC ? 0.01 * v[1] : 0.0;
    round_all(m, m->dim, out);
    return 0;
}

static int slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *out)
{
    const struct model *m = user;
    double g[MODEL_MOST_DIM], hv[MODEL_MOST_DIM];
    for (int64_t i = 0; i < b->count; i++) {
        const int64_t z = m->plant == PLANT_NEIGHBOUR ? b->index[(i + 1) % b->count] : b->index[i];
        (void)sample(m, z, w, w, g, hv);
        for (int64_t j = 0; j < k; j++) {
            out[i * k + j] = product_of(m->dim, g, v + j * m->dim) * (m->plant == PLANT_SLOPES_SCALED ? 1.01 : 1.0);
        }
    }
    round_all(m, b->count * k, out);
    return 0;
}

saddle_objective *model_objective(struct model *m, saddle_context *c)
{
    saddle_objective *f = NULL;
    if (saddle_objective_create(c, m->dim, MODEL_SAMPLES, m, &f) != SADDLE_OK || saddle_objective_set_value(f, value) != SADDLE_OK ||
        saddle_objective_set_gradient(f, gradient) != SADDLE_OK || saddle_objective_set_hessvec(f, hessvec) != SADDLE_OK ||
        saddle_objective_set_slopes(f, slopes) != SADDLE_OK || saddle_objective_set_grain(f, MODEL_GRAIN) != SADDLE_OK ||
        saddle_objective_set_value_gradient(f, m->plant == PLANT_TOGETHER ? value_gradient : NULL) != SADDLE_OK) {
        abort();
    }
    return f;
}
