/* SPDX-License-Identifier: BSD-3-Clause */
#include "halfspace_model.h"
#include <math.h>
#include <string.h>
#include "critical.h"

enum { D = HALFSPACE_DIM, N = HALFSPACE_SAMPLES, DATA_SETS = 1000, STARTS = 200 };
enum { PURPOSE_DATA = 130, PURPOSE_START = 131 };

static double product(const double *x, const double *y)
{
    double sum = 0.0;
    for (int j = 0; j < D; j++) {
        sum += x[j] * y[j];
    }
    return sum;
}

static double sigmoid(double t)
{
    return t >= 0.0 ? 1.0 / (1.0 + exp(-t)) : exp(t) / (1.0 + exp(t));
}

/* s' = s(t) s(-t), without the cancellation of 1 - s */
static double first(double t)
{
    return sigmoid(t) * sigmoid(-t);
}

/* s'' = s' (s(-t) - s(t)) */
static double second(double t)
{
    return first(t) * (sigmoid(-t) - sigmoid(t));
}

int halfspace_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    const struct halfspace_model *m = user;
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += sigmoid(product(m->z[b->index[k]], w));
    }
    *value = sum / (double)b->count;
    return 0;
}

int halfspace_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    const struct halfspace_model *m = user;
    memset(gradient, 0, D * sizeof(double));
    for (int64_t k = 0; k < b->count; k++) {
        const double *z = m->z[b->index[k]], slope = first(product(z, w)) / (double)b->count;
        for (int j = 0; j < D; j++) {
            gradient[j] += slope * z[j];
        }
    }
    return 0;
}

int halfspace_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *out)
{
    const struct halfspace_model *m = user;
    memset(out, 0, D * sizeof(double));
    for (int64_t k = 0; k < b->count; k++) {
        const double *z = m->z[b->index[k]];
        const double factor = second(product(z, w)) * product(z, v) / (double)b->count;
        for (int j = 0; j < D; j++) {
            out[j] += factor * z[j];
        }
    }
    return 0;
}

/* For critical.h. */
static void hessian(void *user, const double *w, double *h)
{
    const struct halfspace_model *m = user;
    memset(h, 0, (size_t)D * D * sizeof(double));
    for (int i = 0; i < N; i++) {
        const double factor = second(product(m->z[i], w)) / N;
        for (int j = 0; j < D; j++) {
            for (int k = 0; k < D; k++) {
                h[j * D + k] += factor * m->z[i][j] * m->z[i][k];
            }
        }
    }
}

/* Standard deviation 2, means (-1, 0, 1, -1/2) with label -1 and (1, 0, -1, -1/2) with label 1. */
static int draw(struct halfspace_model *m, uint64_t seed)
{
    static const double mean[2][D] = {{-1.0, 0.0, 1.0, -0.5}, {1.0, 0.0, -1.0, -0.5}};
    const saddle_random_stream stream = {.seed = seed, .purpose = PURPOSE_DATA, .step = 0};
    if (saddle_random_normal(&stream, 0, N * D, &m->z[0][0]) != SADDLE_OK) {
        return -1;
    }
    for (int i = 0; i < N; i++) {
        const int class = i >= N / 2;
        for (int j = 0; j < D; j++) {
            const double x = 2.0 * m->z[i][j] + mean[class][j];
            m->z[i][j] = class == 1 ? -x : x;
        }
    }
    return 0;
}

/* By Newton's method from random starts. Returns 1 when there is a saddle of the wanted kind. */
static int find_saddle(struct halfspace_model *m, struct critical *c, uint64_t seed)
{
    double w[CRITICAL_MOST];
    for (uint64_t start = 0; start < STARTS; start++) {
        const saddle_random_stream stream = {.seed = seed, .purpose = PURPOSE_START, .step = start};
        if (saddle_random_normal(&stream, 0, D, w) != SADDLE_OK) {
            return 0;
        }
        if (critical_newton(c, w) && c->lambda[D - 1] > -0.03 && c->lambda[D - 1] < -0.005 && c->lambda[D - 2] > 0.0) {
            memcpy(m->saddle, w, sizeof m->saddle);
            memcpy(m->v, c->vectors + (ptrdiff_t)(D - 1) * D, sizeof m->v);
            m->lambda = c->lambda[D - 1];
            return 1;
        }
    }
    return 0;
}

int halfspace_model_init(struct halfspace_model *m, int number)
{
    struct critical c;
    int found = 0, code = critical_create(&c, D, N, m, halfspace_gradient, hessian);
    for (uint64_t seed = 1; seed <= DATA_SETS && code == 0 && found < number; seed++) {
        code = draw(m, seed);
        found += code == 0 && find_saddle(m, &c, seed);
    }
    critical_release(&c);
    return code == 0 && found == number ? 0 : -1;
}
