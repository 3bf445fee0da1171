/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/quadratic.h"
#include <float.h>
#include <math.h>

double quadratic_number(struct bytes *b)
{
    static const double chosen[] = {0.0,  -0.0,  1.0,    -1.0,    0.5,     2.0,  -0.25, 1e-3,   1e-8,     -1e-160,
                                    1e10, 1e100, -1e154, 1e155, 1e300, -1e308, 1e-300, DBL_MAX, DBL_MIN, 5e-324};
    const unsigned how = bytes_one(b);
    if (how < 60) {
        return chosen[how / 3];
    }
    if (how < 70) {
        const double x = bytes_double(b);
        return fabs(x) <= DBL_MAX ? x : 0.0;
    }
    return ((double)how - 160.0) / 64.0;
}

void quadratic_read(struct quadratic *q, struct bytes *b)
{
    memset(q, 0, sizeof *q);
    q->dim = 1 + bytes_below(b, QUADRATIC_MOST);
    const int samples = bytes_below(b, QUADRATIC_SAMPLES + 1);
    q->samples = samples == 0 ? SADDLE_STREAM : samples;
    q->callbacks = bytes_one(b);
    q->end = bytes_below(b, 8) == 0 ? fabs(quadratic_number(b)) : HUGE_VAL;
    q->c = bytes_below(b, 2) == 0 ? 0.0 : quadratic_number(b);
    for (int64_t j = 0; j < q->dim; j++) {
        q->h[j] = quadratic_number(b);
        q->start[j] = quadratic_number(b);
    }
    const int tilted = bytes_below(b, 4);
    for (int i = 0; i < QUADRATIC_SAMPLES && tilted > 0; i++) {
        for (int64_t j = 0; j < q->dim; j++) {
            q->tilt[i][j] = quadratic_number(b);
        }
    }
}

static const double *tilt_of(const struct quadratic *q, const saddle_batch *b, int64_t k)
{
    return q->tilt[b->index[k] % QUADRATIC_SAMPLES];
}

static double total(const struct quadratic *q, const double *w)
{
    double sum = 0.0;
    for (int64_t j = 0; j < q->dim; j++) {
        sum += w[j];
    }
    return q->c * sum;
}

static int value(void *user, const saddle_batch *b, const double *w, double *f)
{
    const struct quadratic *q = user;
    const double s = total(q, w);
    double sum = 0.5 * s * s;
    for (int64_t j = 0; j < q->dim; j++) {
        double tilt = 0.0;
        for (int64_t k = 0; k < b->count; k++) {
            tilt += tilt_of(q, b, k)[j];
        }
        sum += 0.5 * q->h[j] * w[j] * w[j] + tilt / (double)b->count * w[j];
    }
    *f = sum;
    return fabs(w[0]) > q->end;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct quadratic *q = user;
    const double s = q->c * total(q, w);
    for (int64_t j = 0; j < q->dim; j++) {
        double tilt = 0.0;
        for (int64_t k = 0; k < b->count; k++) {
            tilt += tilt_of(q, b, k)[j];
        }
        g[j] = q->h[j] * w[j] + s + tilt / (double)b->count;
    }
    return fabs(w[0]) > q->end;
}

static int value_gradient(void *user, const saddle_batch *b, const double *w, double *f, double *g)
{
    (void)value(user, b, w, f);
    return gradient(user, b, w, g);
}

static int hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    const struct quadratic *q = user;
    (void)b;
    (void)w;
    const double s = q->c * total(q, v);
    for (int64_t j = 0; j < q->dim; j++) {
        product[j] = q->h[j] * v[j] + s;
    }
    return 0;
}

static int slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *out)
{
    const struct quadratic *q = user;
    const double s = q->c * total(q, w);
    for (int64_t i = 0; i < b->count; i++) {
        const double *tilt = tilt_of(q, b, i);
        for (int64_t d = 0; d < k; d++) {
            out[i * k + d] = 0.0;
            for (int64_t j = 0; j < q->dim; j++) {
                out[i * k + d] += (q->h[j] * w[j] + s + tilt[j]) * v[d * q->dim + j];
            }
        }
    }
    return 0;
}

/* Into the box [-2, 2]^d. */
static int project(void *user, int64_t dim, double *w)
{
    (void)user;
    for (int64_t j = 0; j < dim; j++) {
        w[j] = fmax(-2.0, fmin(2.0, w[j]));
    }
    return 0;
}

saddle_status quadratic_make(saddle_context *c, struct quadratic *q, saddle_objective **out)
{
    saddle_objective *f = NULL;
    saddle_status s = saddle_objective_create(c, q->dim, q->samples, q, &f);
    const unsigned has = q->callbacks;
    if (s == SADDLE_OK && (has & 1) == 0) {
        s = saddle_objective_set_value(f, value);
    }
    if (s == SADDLE_OK && (has & 2) == 0) {
        s = saddle_objective_set_gradient(f, gradient);
    }
    if (s == SADDLE_OK && (has & 4) != 0) {
        s = saddle_objective_set_value_gradient(f, value_gradient);
    }
    if (s == SADDLE_OK && (has & 8) == 0) {
        s = saddle_objective_set_hessvec(f, hessvec);
    }
    if (s == SADDLE_OK && (has & 16) != 0) {
        s = saddle_objective_set_slopes(f, slopes);
    }
    if (s == SADDLE_OK && (has & 96) == 96) {
        s = saddle_objective_set_project(f, project);
    }
    if (s == SADDLE_OK && (has & 128) != 0) {
        s = saddle_objective_set_grain(f, 2);
    }
    if (s != SADDLE_OK) {
        saddle_objective_destroy(f);
        return s;
    }
    *out = f;
    return SADDLE_OK;
}
