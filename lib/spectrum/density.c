/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic Lanczos quadrature: a random start sees every eigenvalue with the mean weight 1/n, and T of its recurrence is the Gauss
 * quadrature of that start's spectral measure: nodes theta_i, weights the squares of the first entries of T's eigenvectors. Copies that
 * appear without reorthogonalisation share their value's weight, so that the measure stays right. */
#include "spectrum/lanczos.h"
#include <math.h>

enum { PROBES = 10, MOST = 60, NODES = PROBES * MOST };

#define WIDTH 0.01 /* standard deviation of a Gaussian, of the spread */
#define NO_SPREAD 0x1p-26 /* of the largest node: sqrt(eps), where the recurrence of a quadrature ends */
#define LEAST_WIDTH 1e-300 /* a height near its inverse is a number */
#define BEYOND 3.0 /* standard deviations on the grid past the last nodes */

struct quadrature {
    int64_t count;
    double node[NODES], weight[NODES]; /* the weights sum to 1 */
};

/* Node and weights of one probe, whose share of the whole is 1/PROBES. */
static saddle_status probe(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, int64_t most,
                           struct saddle_i_tridiag *t, double *s, struct quadrature *q)
{
    double alpha[MOST], beta[MOST];
    int64_t k = 0;
    TRY(saddle_i_lanczos_tridiagonal(a, v, most, alpha, beta, &k));
    TRY(saddle_i_tridiag_solve(t, k, alpha, beta, 0, k, q->node + q->count, s));
    for (int64_t i = 0; i < k; i++) {
        q->weight[q->count + i] = s[i * k] * s[i * k] / PROBES;
    }
    q->count += k;
    return SADDLE_OK;
}

static saddle_status probe_all(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, struct quadrature *q)
{
    const int64_t share = v->max_products / PROBES;
    const int64_t most = share < 2 ? 2 : share < MOST ? share : MOST;
    struct saddle_i_tridiag t;
    double *s = NULL;
    TRY(saddle_i_alloc_vector(a->context, most * most, &s));
    saddle_i_tridiag_init(&t, a->context);
    struct saddle_i_lanczos_settings w = *v;
    saddle_status status = SADDLE_OK;
    for (int i = 0; i < PROBES && status == SADDLE_OK; i++) {
        status = probe(a, &w, most, &t, s, q);
        w.start++;
    }
    saddle_i_tridiag_fini(&t);
    saddle_i_free(a->context, s);
    return status;
}

/* The least and the largest node. */
static void ends(const struct quadrature *q, double *least, double *largest)
{
    *least = *largest = q->node[0];
    for (int64_t i = 1; i < q->count; i++) {
        *least = fmin(*least, q->node[i]);
        *largest = fmax(*largest, q->node[i]);
    }
}

/* A spread that is nothing but rounding is none: a multiple of the identity is one peak, of 1 % of its size (of 0, of 0.01). */
static double width(double least, double largest)
{
    const double size = fmax(fabs(least), fabs(largest));
    const double spread = largest - least;
    if (spread > NO_SPREAD * size) {
        return fmax(WIDTH * spread, LEAST_WIDTH);
    }
    return size > 0.0 ? fmax(WIDTH * size, LEAST_WIDTH) : WIDTH;
}

saddle_status saddle_i_density(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, int64_t points,
                               double *lambda, double *density)
{
    const double root_two_pi = 2.50662827463100050;
    struct quadrature q = {.count = 0};
    TRY(probe_all(a, v, &q));
    double least = 0.0, largest = 0.0;
    ends(&q, &least, &largest);
    const double sigma = width(least, largest);
    const double first = least - BEYOND * sigma;
    const double step = (largest - least + 2.0 * BEYOND * sigma) / (double)(points - 1);
    for (int64_t i = 0; i < points; i++) {
        lambda[i] = first + (double)i * step;
        double sum = 0.0;
        for (int64_t j = 0; j < q.count; j++) {
            const double z = (lambda[i] - q.node[j]) / sigma;
            if (fabs(z) < 38.0) { /* e^(-z^2/2) is 0 beyond */
                sum += q.weight[j] * saddle_i_exp(-0.5 * z * z);
            }
        }
        density[i] = sum / (sigma * root_two_pi);
    }
    return SADDLE_OK;
}
