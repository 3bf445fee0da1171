/* SPDX-License-Identifier: BSD-3-Clause */
/* An oracle with Hessian products and slopes, points and directions for it, and a quadratic whose Hessian is known. */
#ifndef SADDLE_TEST_HESSIANS_H
#define SADDLE_TEST_HESSIANS_H
#include "oracle/oracle.h"
#include "support/problem.h"

enum { DIM = 5, SAMPLES = 23, GRAIN = 4 };

static void open_oracle(struct saddle_i_oracle *o, struct problem *p, saddle_context *c, int second)
{
    problem_init(p, DIM, SAMPLES, GRAIN, GRADIENT_ONLY);
    saddle_i_oracle_init(o, saddle_i_context_hold(c), DIM, SAMPLES, p);
    saddle_i_oracle_set_grain(o, GRAIN);
    o->gradient = problem_gradient;
    o->hessvec = (second & WITH_HESSVEC) != 0 ? problem_hessvec : NULL;
    o->slopes = (second & WITH_SLOPES) != 0 ? problem_slopes : NULL;
}

static void close_oracle(struct saddle_i_oracle *o)
{
    saddle_context *c = o->context;
    saddle_i_oracle_fini(o);
    saddle_i_context_release(c);
}

static void fill(double *x, int64_t n, double scale, unsigned salt)
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = scale * (double)((i * 7 + 3 * (int64_t)salt + 1) % 11 - 5) / 8.0;
    }
}

static void unit_vector(double *x, int64_t n, unsigned salt)
{
    fill(x, n, 1.0, salt);
    const double norm = saddle_i_norm(saddle_i_kernels_best(), n, x);
    for (int64_t i = 0; i < n; i++) {
        x[i] /= norm;
    }
}

static struct saddle_i_request request(struct saddle_i_oracle *o, const int64_t *index, int64_t count,
                                       struct saddle_i_counts *counts)
{
    const struct saddle_i_request q = {index, count, count, 3, saddle_i_oracle_new_point(o), counts};
    return q;
}

/* f_z(w) = sum_j h(z, j) w_j^2/2 */
static double diagonal(int64_t z, int64_t j)
{
    return 0.1 * (double)((z * 5 + j * 3) % 13 - 4);
}

static int quadratic_product(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    (void)user;
    (void)w;
    for (int64_t j = 0; j < b->dim; j++) {
        double mean = 0.0;
        for (int64_t k = 0; k < b->count; k++) {
            mean += diagonal(b->index[k], j);
        }
        product[j] = mean / (double)b->count * v[j];
    }
    return 0;
}

#endif
