/* SPDX-License-Identifier: BSD-3-Clause */
#include "sigmoid_model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libsvm.h"

enum { PURPOSE_DATA = 130 };

int sigmoid_model_random(const char *program, uint64_t seed, struct sigmoid_model *m)
{
    static const double mean[2][SIGMOID_DIM] = {{-1.0, 0.0, 1.0, -0.5}, {1.0, 0.0, -1.0, -0.5}};
    const saddle_random_stream stream = {.seed = seed, .purpose = PURPOSE_DATA, .step = 0};
    const int entries = SIGMOID_SAMPLES * SIGMOID_DIM;
    *m = (struct sigmoid_model){.n = SIGMOID_DIM, .samples = SIGMOID_SAMPLES};
    m->row = malloc((SIGMOID_SAMPLES + 1) * sizeof(int64_t));
    m->column = malloc((size_t)entries * sizeof(int32_t));
    m->z = malloc((size_t)entries * sizeof(double));
    if (m->row == NULL || m->column == NULL || m->z == NULL) {
        fprintf(stderr, "%s: out of memory\n", program);
        return -1;
    }
    if (saddle_random_normal(&stream, 0, entries, m->z) != SADDLE_OK) {
        fprintf(stderr, "%s: %s\n", program, saddle_error_message());
        return -1;
    }
    for (int i = 0; i <= SIGMOID_SAMPLES; i++) {
        m->row[i] = (int64_t)i * SIGMOID_DIM;
    }
    for (int k = 0; k < entries; k++) {
        const int class = k / SIGMOID_DIM >= SIGMOID_SAMPLES / 2;
        const double x = 2.0 * m->z[k] + mean[class][k % SIGMOID_DIM];
        m->column[k] = k % SIGMOID_DIM;
        m->z[k] = class == 1 ? -x : x;
    }
    return 0;
}

int sigmoid_model_file(const char *program, const char *path, struct sigmoid_model *m)
{
    struct libsvm data;
    *m = (struct sigmoid_model){.n = 0};
    if (libsvm_read(program, path, &data) != 0) {
        libsvm_release(&data);
        return -1;
    }
    for (int64_t i = 0; i < data.samples; i++) {
        for (int64_t k = data.row[i]; k < data.row[i + 1]; k++) {
            data.value[k] = data.label[i] > 0.0 ? -data.value[k] : data.value[k];
        }
    }
    *m = (struct sigmoid_model){
        .n = data.dim, .samples = data.samples, .row = data.row, .column = data.column, .z = data.value};
    free(data.label);
    return 0;
}

void sigmoid_model_release(struct sigmoid_model *m)
{
    free(m->row);
    free(m->column);
    free(m->z);
    *m = (struct sigmoid_model){.n = 0};
}

static double row_norm(const struct sigmoid_model *m, int64_t i)
{
    double sum = 0.0;
    for (int64_t k = m->row[i]; k < m->row[i + 1]; k++) {
        sum += m->z[k] * m->z[k];
    }
    return sqrt(sum);
}

double sigmoid_model_radius(const struct sigmoid_model *m)
{
    double most = 0.0;
    for (int64_t i = 0; i < m->samples; i++) {
        most = fmax(most, row_norm(m, i));
    }
    return most;
}

void sigmoid_model_scale(struct sigmoid_model *m)
{
    const double radius = sigmoid_model_radius(m);
    for (int64_t k = 0; k < m->row[m->samples] && radius > 0.0; k++) {
        m->z[k] /= radius;
    }
}

void sigmoid_model_scale_rows(struct sigmoid_model *m)
{
    for (int64_t i = 0; i < m->samples; i++) {
        const double norm = row_norm(m, i);
        for (int64_t k = m->row[i]; k < m->row[i + 1] && norm > 0.0; k++) {
            m->z[k] /= norm;
        }
    }
}

static double product(const struct sigmoid_model *m, int64_t i, const double *w)
{
    double sum = 0.0;
    for (int64_t k = m->row[i]; k < m->row[i + 1]; k++) {
        sum += m->z[k] * w[m->column[k]];
    }
    return sum;
}

static void add_row(const struct sigmoid_model *m, int64_t i, double factor, double *y)
{
    for (int64_t k = m->row[i]; k < m->row[i + 1]; k++) {
        y[m->column[k]] += factor * m->z[k];
    }
}

static double sigmoid(double t)
{
    return t >= 0.0 ? 1.0 / (1.0 + exp(-t)) : exp(t) / (1.0 + exp(t));
}

/* s' = s(t) s(-t), without the cancellation of 1 - s */
static double first(double t)
{
    const double e = exp(-fabs(t));
    return e / ((1.0 + e) * (1.0 + e));
}

/* s'' = s' (1 - 2 s) */
static double second(double t)
{
    const double e = exp(-fabs(t)), up = e * (1.0 - e) / ((1.0 + e) * (1.0 + e) * (1.0 + e));
    return t > 0.0 ? -up : up;
}

int sigmoid_model_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    const struct sigmoid_model *m = user;
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += sigmoid(product(m, b->index[k], w));
    }
    *value = sum / (double)b->count;
    return 0;
}

int sigmoid_model_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    const struct sigmoid_model *m = user;
    memset(gradient, 0, (size_t)m->n * sizeof(double));
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t i = b->index[k];
        add_row(m, i, first(product(m, i, w)) / (double)b->count, gradient);
    }
    return 0;
}

int sigmoid_model_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *out)
{
    const struct sigmoid_model *m = user;
    memset(out, 0, (size_t)m->n * sizeof(double));
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t i = b->index[k];
        add_row(m, i, second(product(m, i, w)) * product(m, i, v) / (double)b->count, out);
    }
    return 0;
}

int sigmoid_model_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v,
                         double *slopes)
{
    const struct sigmoid_model *m = user;
    for (int64_t j = 0; j < b->count; j++) {
        const int64_t i = b->index[j];
        const double slope = first(product(m, i, w));
        for (int64_t l = 0; l < k; l++) {
            slopes[j * k + l] = slope * product(m, i, v + l * m->n);
        }
    }
    return 0;
}

void sigmoid_model_hessian(void *user, const double *w, double *hessian)
{
    const struct sigmoid_model *m = user;
    memset(hessian, 0, (size_t)m->n * (size_t)m->n * sizeof(double));
    for (int64_t i = 0; i < m->samples; i++) {
        const double factor = second(product(m, i, w)) / (double)m->samples;
        for (int64_t k = m->row[i]; k < m->row[i + 1]; k++) {
            add_row(m, i, factor * m->z[k], hessian + (ptrdiff_t)m->column[k] * m->n);
        }
    }
}

saddle_status sigmoid_model_objective(struct sigmoid_model *m, saddle_objective **out)
{
    saddle_objective *f = NULL;
    saddle_status s = saddle_objective_create(NULL, m->n, m->samples, m, &f);
    s = s == SADDLE_OK ? saddle_objective_set_value(f, sigmoid_model_value) : s;
    s = s == SADDLE_OK ? saddle_objective_set_gradient(f, sigmoid_model_gradient) : s;
    s = s == SADDLE_OK ? saddle_objective_set_hessvec(f, sigmoid_model_hessvec) : s;
    s = s == SADDLE_OK ? saddle_objective_set_slopes(f, sigmoid_model_slopes) : s;
    if (s != SADDLE_OK) {
        saddle_objective_destroy(f);
        return s;
    }
    *out = f;
    return SADDLE_OK;
}
