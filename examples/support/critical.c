/* SPDX-License-Identifier: BSD-3-Clause */
#include "critical.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "symmetric.h"

enum { STEPS = 100, FAR = 100 };

int critical_create(struct critical *c, int n, int64_t samples, void *user, saddle_gradient_fn gradient,
                    critical_hessian_fn hessian)
{
    const size_t size = (size_t)n * sizeof(double), square = size * (size_t)n;
    *c = (struct critical){.n = n, .user = user, .gradient = gradient, .hessian = hessian, .samples = samples};
    c->gradient_at = malloc(size);
    c->lambda = malloc(size);
    c->vectors = malloc(square);
    c->work = malloc(square);
    c->index = malloc((size_t)samples * sizeof(int64_t));
    if (c->gradient_at == NULL || c->lambda == NULL || c->vectors == NULL || c->work == NULL || c->index == NULL) {
        return -1;
    }
    for (int64_t i = 0; i < samples; i++) {
        c->index[i] = i;
    }
    return 0;
}

void critical_release(struct critical *c)
{
    free(c->gradient_at);
    free(c->lambda);
    free(c->vectors);
    free(c->work);
    free(c->index);
}

static double dot(int n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

static void take_gradient(const struct critical *c, int64_t first, int64_t count, const double *w, double *gradient)
{
    const saddle_batch b = {.struct_size = (int64_t)sizeof b,
                            .count = count,
                            .first = first,
                            .index = c->index + first,
                            .dim = c->n,
                            .step = -1};
    (void)c->gradient(c->user, &b, w, gradient);
}

void critical_look(struct critical *c, const double *w)
{
    take_gradient(c, 0, c->samples, w, c->gradient_at);
    c->norm = sqrt(dot(c->n, c->gradient_at, c->gradient_at));
    c->hessian(c->user, w, c->work);
    symmetric_eigen(c->n, c->work, c->lambda, c->vectors);
}

/* step = H^-1 g, not longer than half of 1 + ||w||; directions without curvature are damped. */
static void newton_step(const struct critical *c, const double *w, double *step)
{
    const int n = c->n;
    const double largest = fmax(fabs(c->lambda[0]), fabs(c->lambda[n - 1])), floor = 1e-9 * largest;
    memset(step, 0, (size_t)n * sizeof(double));
    for (int k = 0; k < n; k++) {
        const double *u = c->vectors + k * n, lambda = c->lambda[k];
        const double a = dot(n, u, c->gradient_at) * lambda / (lambda * lambda + floor * floor);
        for (int i = 0; i < n; i++) {
            step[i] += a * u[i];
        }
    }
    const double length = sqrt(dot(n, step, step)), most = 0.5 * (1.0 + sqrt(dot(n, w, w)));
    for (int i = 0; i < n && length > most; i++) {
        step[i] *= most / length;
    }
}

int critical_newton(struct critical *c, double *w)
{
    double step[CRITICAL_MOST];
    int good = 0; /* one more step after the first that is good enough */
    for (int k = 0; k < STEPS && good < 2 && dot(c->n, w, w) <= FAR * FAR; k++) {
        critical_look(c, w);
        good = c->norm <= 1e-12 ? good + 1 : 0;
        if (good < 2) {
            newton_step(c, w, step);
            for (int i = 0; i < c->n; i++) {
                w[i] -= step[i];
            }
        }
    }
    if (good < 2) {
        return 0;
    }
    critical_look(c, w);
    return c->norm <= 1e-12;
}

double critical_cnc(struct critical *c, const double *w)
{
    const double *v = c->vectors + (c->n - 1) * c->n;
    double sum = 0.0;
    for (int64_t i = 0; i < c->samples; i++) {
        take_gradient(c, i, 1, w, c->work);
        const double slope = dot(c->n, c->work, v);
        sum += slope * slope;
    }
    return sum / (double)c->samples;
}
