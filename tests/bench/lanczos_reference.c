/* SPDX-License-Identifier: BSD-3-Clause */
/* Lanczos as in a textbook: never restarted, classical Gram-Schmidt twice against all vectors, tested after every product. */
#include "lanczos_peers.h"
#include "spectrum/tridiag.h"
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reference {
    double *v; /* most + 1 vectors */
    double *alpha, *beta, *c, *s;
};

/* Vector k from product k; returns beta_k. */
static double extend(struct bench_operator *a, struct reference *r, int64_t k)
{
    const int n = (int)a->n;
    double *const x = r->v + (k - 1) * a->n, *const y = x + a->n;
    bench_operator_apply(a, x, y);
    r->alpha[k - 1] = cblas_ddot(n, x, 1, y, 1);
    for (int pass = 0; pass < 2; pass++) {
        cblas_dgemv(CblasColMajor, CblasTrans, n, (int)k, 1.0, r->v, n, y, 1, 0.0, r->c, 1);
        cblas_dgemv(CblasColMajor, CblasNoTrans, n, (int)k, -1.0, r->v, n, r->c, 1, 1.0, y, 1);
    }
    const double beta = cblas_dnrm2(n, y, 1);
    if (beta > 0.0) {
        cblas_dscal(n, 1.0 / beta, y, 1);
    }
    r->beta[k - 1] = beta;
    return beta;
}

static int64_t count(struct bench_operator *a, double residual, int64_t most, struct reference *r, struct saddle_i_tridiag *t)
{
    for (int64_t k = 1; k <= most; k++) {
        const double beta = extend(a, r, k);
        double theta;
        if (saddle_i_tridiag_solve(t, k, r->alpha, r->beta, 0, 1, &theta, r->s) != SADDLE_OK) {
            return -1;
        }
        if (beta * fabs(r->s[k - 1]) <= residual) {
            return k;
        }
    }
    return -1;
}

int64_t bench_reference(struct bench_operator *a, double residual, const double *start, int64_t most)
{
    const size_t n = (size_t)a->n, m = (size_t)most + 1;
    struct reference r = {.v = malloc(n * m * sizeof(double)), .alpha = malloc(4 * m * sizeof(double))};
    int64_t k = -1;
    if (r.v != NULL && r.alpha != NULL) {
        r.beta = r.alpha + m;
        r.c = r.beta + m;
        r.s = r.c + m;
        memcpy(r.v, start, n * sizeof(double));
        memset(r.c, 0, m * sizeof(double));
        cblas_dscal((int)n, 1.0 / cblas_dnrm2((int)n, r.v, 1), r.v, 1);
        struct saddle_i_tridiag t;
        saddle_context *const c = saddle_i_context_hold(NULL);
        saddle_i_tridiag_init(&t, c);
        k = count(a, residual, most, &r, &t);
        saddle_i_tridiag_fini(&t);
        saddle_i_context_release(c);
    }
    free(r.v);
    free(r.alpha);
    return k;
}
