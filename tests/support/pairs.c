/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/pairs.h"
#include <math.h>
#include <stdlib.h>

double pairs_draw(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static int pairs_apply(void *user, int64_t n, const double *x, double *y)
{
    struct pairs_matrix *m = user;
    m->products++;
    for (int64_t i = 0; i < n; i++) {
        y[i] = 0.0;
        if (m->dense == NULL) {
            y[i] = m->diagonal[i] * x[i];
        } else {
            for (int64_t j = 0; j < n; j++) {
                y[i] += m->dense[i * n + j] * x[j];
            }
        }
        uint64_t state = (uint64_t)(m->products * n + i);
        y[i] += m->noise * (pairs_draw(&state) - 0.5);
    }
    y[0] += m->skew * x[n - 1];
    if (m->fault > 0 && m->products == m->fault) {
        y[n / 2] = m->kind == 2 ? SADDLE_I_NAN : y[n / 2];
        return m->kind == 1 ? 3 : 0;
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void pairs_begin(struct pairs_trial *t, int64_t n, const double *diagonal, int64_t pairs, int64_t which)
{
    memset(t, 0, sizeof *t);
    t->matrix.diagonal = diagonal;
    saddle_i_operator_of(&t->a, saddle_i_context_hold(NULL), n, pairs_apply, &t->matrix);
    t->v = (struct saddle_i_lanczos_settings){.seed = 1, .pairs = pairs, .which = which, .tol = 1e-8, .eps_hessian = 1e-3,
                                              .delta = 0.01, .max_products = 20000};
    const int64_t total = saddle_i_lanczos_pairs(&t->v, n);
    t->low = which == SADDLE_WHICH_LARGEST ? 0 : pairs < total ? pairs : total;
    t->out.pair = calloc((size_t)total, sizeof *t->out.pair);
    t->out.vectors = malloc((size_t)(total * n) * sizeof(double));
    t->exact = malloc((size_t)n * sizeof(double));
    REQUIRE(t->out.pair != NULL && t->out.vectors != NULL && t->exact != NULL);
    if (diagonal != NULL) {
        memcpy(t->exact, diagonal, (size_t)n * sizeof(double));
        qsort(t->exact, (size_t)n, sizeof(double), compare);
    }
}

void pairs_end(struct pairs_trial *t)
{
    free(t->out.pair);
    free(t->out.vectors);
    free(t->exact);
    saddle_i_operator_fini(&t->a);
    saddle_i_context_release(t->a.context);
}

static double norm_of(const struct pairs_trial *t)
{
    return fmax(fabs(t->exact[0]), fabs(t->exact[t->a.n - 1]));
}

void pairs_expect_orthonormal(const struct pairs_trial *t)
{
    const int64_t n = t->a.n;
    for (int64_t i = 0; i < t->out.count; i++) {
        for (int64_t j = 0; j <= i; j++) {
            const double dot = saddle_i_dot(t->a.kernels, n, t->out.vectors + i * n, t->out.vectors + j * n);
            REQUIRE(i == j ? fabs(sqrt(dot) - 1.0) <= 1e-14 : fabs(dot) <= 1e-12);
        }
    }
}

void pairs_expect_residuals(struct pairs_trial *t)
{
    const int64_t n = t->a.n;
    double *y = malloc((size_t)n * sizeof(double));
    REQUIRE(y != NULL);
    for (int64_t i = 0; i < t->out.count; i++) {
        const double *x = t->out.vectors + i * n;
        pairs_apply(&t->matrix, n, x, y);
        double square = 0.0;
        for (int64_t k = 0; k < n; k++) {
            const double r = y[k] - t->out.pair[i].value * x[k];
            square += r * r;
        }
        REQUIRE(fabs(sqrt(square) - t->out.pair[i].residual) <= 1e-14 * norm_of(t));
    }
    free(y);
}

void pairs_expect_right(struct pairs_trial *t)
{
    const int64_t n = t->a.n, total = saddle_i_lanczos_pairs(&t->v, n);
    const double norm = norm_of(t), rounding = 64.0 * DBL_EPSILON * norm;
    EXPECT_OK(saddle_i_lanczos_restarted(&t->a, &t->v, &t->out));
    ck_assert_int_eq(t->out.count, total);
    ck_assert_int_eq(t->a.products, t->matrix.products);
    for (int64_t i = 0; i < total; i++) {
        const struct saddle_i_pair *p = &t->out.pair[i];
        const double exact = t->exact[i < t->low ? i : n - total + i];
        const double allowed = fmax(t->v.tol * fmax(fabs(p->value), t->v.eps_hessian), 2.0 * rounding);
        ck_assert_msg(fabs(p->value - exact) <= 2.0 * allowed, "pair %d: %.17g, not %.17g", (int)i, p->value, exact);
        ck_assert_msg(p->converged == 1 && p->residual <= allowed, "pair %d: residual %g", (int)i, p->residual);
        if (i > 0 || t->low == 0) {
            ck_assert(isnan(p->lower) && isnan(p->upper));
        } else {
            ck_assert(p->lower <= t->exact[0] + rounding && t->exact[0] - rounding <= p->upper && p->lower <= p->value);
        }
    }
    pairs_expect_orthonormal(t);
    pairs_expect_residuals(t);
}

void spectrum_network(double *d)
{
    static const double sigma[9] = {0.24070865317943, 0.15, 0.12, 0.1, 0.08, 0.06, 0.05, 0.03, 0.02};
    memset(d, 0, 1184 * sizeof *d);
    for (int k = 0; k < 9; k++) {
        for (int j = 0; j < 16; j++) {
            d[32 * k + 2 * j] = sigma[k];
            d[32 * k + 2 * j + 1] = -sigma[k];
        }
    }
}

void spectrum_shape(int64_t n, int shape, double *d)
{
    for (int64_t i = 0; i < n; i++) {
        const double x = ((double)i + 0.5) / (double)n;
        switch (shape) {
        case 0: d[i] = x; break;                                                  /* equispaced */
        case 1: d[i] = cos(3.14159265358979 * x); break;                          /* dense at both ends */
        case 2: d[i] = i < 4 ? -1.0 - 1e-5 * (double)i : x; break;                /* a cluster */
        case 3: d[i] = i < 3 ? -0.1 * (double)(i + 1) : i > n - 5 ? 1e4 * (double)(n - i) : x; break; /* large ones at the top */
        case 4: d[i] = i % 2 ? pow(10.0, -6.0 * x) : -pow(10.0, -6.0 * x); break; /* graded */
        default: d[i] = floor(5.0 * x) - 2.0; break;                              /* five levels */
        }
    }
}

double *spectrum_spike(int64_t n, int cluster)
{
    double *d = malloc((size_t)n * sizeof *d);
    REQUIRE(d != NULL);
    for (int64_t i = 0; i < n; i++) {
        d[i] = (double)i / (double)(n - 1);
    }
    d[0] = -1e-3;
    for (int64_t i = 1; i < 4 && cluster; i++) {
        d[i] = -1e-3 + 1e-5 * (double)i;
    }
    return d;
}
