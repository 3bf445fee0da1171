/* SPDX-License-Identifier: BSD-3-Clause */
#include "halfspace_model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA_SETS = 1000, STARTS = 200 /* of Newton's method */, PURPOSE_DATA = 130, PURPOSE_START = 131 };

int halfspace_model_random(const char *program, uint64_t seed, struct halfspace_model *m)
{
    static const double mean[2][HALFSPACE_DIM] = {{-1.0, 0.0, 1.0, -0.5}, {1.0, 0.0, -1.0, -0.5}};
    const saddle_random_stream stream = {.seed = seed, .purpose = PURPOSE_DATA, .step = 0};
    const int entries = HALFSPACE_SAMPLES * HALFSPACE_DIM;
    *m = (struct halfspace_model){.n = HALFSPACE_DIM, .samples = HALFSPACE_SAMPLES};
    m->row = malloc((HALFSPACE_SAMPLES + 1) * sizeof(int64_t));
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
    for (int i = 0; i <= HALFSPACE_SAMPLES; i++) {
        m->row[i] = (int64_t)i * HALFSPACE_DIM;
    }
    for (int k = 0; k < entries; k++) {
        const int class = k / HALFSPACE_DIM >= HALFSPACE_SAMPLES / 2;
        const double x = 2.0 * m->z[k] + mean[class][k % HALFSPACE_DIM];
        m->column[k] = k % HALFSPACE_DIM;
        m->z[k] = class == 1 ? -x : x;
    }
    return 0;
}

void halfspace_model_release(struct halfspace_model *m)
{
    free(m->row);
    free(m->column);
    free(m->z);
    *m = (struct halfspace_model){.n = 0};
}

static double row_norm(const struct halfspace_model *m, int64_t i)
{
    double sum = 0.0;
    for (int64_t k = m->row[i]; k < m->row[i + 1]; k++) {
        sum += m->z[k] * m->z[k];
    }
    return sqrt(sum);
}

double halfspace_model_radius(const struct halfspace_model *m)
{
    double most = 0.0;
    for (int64_t i = 0; i < m->samples; i++) {
        most = fmax(most, row_norm(m, i));
    }
    return most;
}

void halfspace_model_scale(struct halfspace_model *m)
{
    const double radius = halfspace_model_radius(m);
    for (int64_t k = 0; k < m->row[m->samples] && radius > 0.0; k++) {
        m->z[k] /= radius;
    }
}

void halfspace_model_scale_rows(struct halfspace_model *m)
{
    for (int64_t i = 0; i < m->samples; i++) {
        const double norm = row_norm(m, i);
        for (int64_t k = m->row[i]; k < m->row[i + 1] && norm > 0.0; k++) {
            m->z[k] /= norm;
        }
    }
}

static double product(const struct halfspace_model *m, int64_t i, const double *w)
{
    double sum = 0.0;
    for (int64_t k = m->row[i]; k < m->row[i + 1]; k++) {
        sum += m->z[k] * w[m->column[k]];
    }
    return sum;
}

static void add_row(const struct halfspace_model *m, int64_t i, double factor, double *y)
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

int halfspace_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    const struct halfspace_model *m = user;
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += sigmoid(product(m, b->index[k], w));
    }
    *value = sum / (double)b->count;
    return 0;
}

int halfspace_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    const struct halfspace_model *m = user;
    memset(gradient, 0, (size_t)m->n * sizeof(double));
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t i = b->index[k];
        add_row(m, i, first(product(m, i, w)) / (double)b->count, gradient);
    }
    return 0;
}

int halfspace_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *out)
{
    const struct halfspace_model *m = user;
    memset(out, 0, (size_t)m->n * sizeof(double));
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t i = b->index[k];
        add_row(m, i, second(product(m, i, w)) * product(m, i, v) / (double)b->count, out);
    }
    return 0;
}

int halfspace_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v,
                     double *slopes)
{
    const struct halfspace_model *m = user;
    for (int64_t j = 0; j < b->count; j++) {
        const int64_t i = b->index[j];
        const double slope = first(product(m, i, w));
        for (int64_t l = 0; l < k; l++) {
            slopes[j * k + l] = slope * product(m, i, v + l * m->n);
        }
    }
    return 0;
}

void halfspace_hessian(void *user, const double *w, double *hessian)
{
    const struct halfspace_model *m = user;
    memset(hessian, 0, (size_t)m->n * (size_t)m->n * sizeof(double));
    for (int64_t i = 0; i < m->samples; i++) {
        const double factor = second(product(m, i, w)) / (double)m->samples;
        for (int64_t k = m->row[i]; k < m->row[i + 1]; k++) {
            add_row(m, i, factor * m->z[k], hessian + (ptrdiff_t)m->column[k] * m->n);
        }
    }
}

saddle_status halfspace_objective(struct halfspace_model *m, saddle_objective **out)
{
    saddle_objective *f = NULL;
    saddle_status s = saddle_objective_create(NULL, m->n, m->samples, m, &f);
    s = s == SADDLE_OK ? saddle_objective_set_value(f, halfspace_value) : s;
    s = s == SADDLE_OK ? saddle_objective_set_gradient(f, halfspace_gradient) : s;
    s = s == SADDLE_OK ? saddle_objective_set_hessvec(f, halfspace_hessvec) : s;
    s = s == SADDLE_OK ? saddle_objective_set_slopes(f, halfspace_slopes) : s;
    if (s != SADDLE_OK) {
        saddle_objective_destroy(f);
        return s;
    }
    *out = f;
    return SADDLE_OK;
}

int halfspace_model_find_saddle(struct halfspace_model *m, uint64_t seed, struct critical *c)
{
    double w[CRITICAL_MOST];
    const double *lambda = c->lambda;
    for (uint64_t start = 0; start < STARTS; start++) {
        const saddle_random_stream stream = {.seed = seed, .purpose = PURPOSE_START, .step = start};
        if (saddle_random_normal(&stream, 0, HALFSPACE_DIM, w) != SADDLE_OK) {
            return 0;
        }
        if (critical_newton(c, w) && lambda[HALFSPACE_DIM - 1] > -0.03 && lambda[HALFSPACE_DIM - 1] < -0.005 &&
            lambda[HALFSPACE_DIM - 2] > 0.0) {
            memcpy(m->saddle, w, sizeof m->saddle);
            memcpy(m->v, c->vectors + (ptrdiff_t)(HALFSPACE_DIM - 1) * HALFSPACE_DIM, sizeof m->v);
            m->lambda = lambda[HALFSPACE_DIM - 1];
            return 1;
        }
    }
    return 0;
}

int halfspace_model_init(const char *program, int number, struct halfspace_model *m)
{
    int code = 0;
    *m = (struct halfspace_model){.n = 0};
    for (uint64_t seed = 1; seed <= DATA_SETS && code == 0; seed++) {
        struct critical c = {.n = 0};
        halfspace_model_release(m);
        code = halfspace_model_random(program, seed, m);
        if (code == 0 && critical_create(&c, HALFSPACE_DIM, HALFSPACE_SAMPLES, m, halfspace_gradient,
                                         halfspace_hessian) != 0) {
            fprintf(stderr, "%s: out of memory\n", program);
            code = -1;
        }
        number -= code == 0 && halfspace_model_find_saddle(m, seed, &c);
        critical_release(&c);
        if (code == 0 && number == 0) {
            return 0;
        }
    }
    if (code == 0) {
        fprintf(stderr, "%s: no saddle of the data was found\n", program);
    }
    return -1;
}
