/* SPDX-License-Identifier: BSD-3-Clause */
#include "lanczos_operators.h"
#include "random/random.h"
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { LARGE = 100000, SIDE = 316, DENSE = 2000, MOST_RANK = 8, CLUSTERED = 150 };

static const char *const names[BENCH_KINDS] = {"spike", "cluster", "lap2d", "GOE", "outliers", "bulk"};
static const char *const texts[BENCH_KINDS] = {
    "diagonal, 99,999 numbers equispaced on [0, 1], and -1e-3",
    "diagonal, 99,850 numbers equispaced on [0, 1], and 150 from -1 on, 5e-5 apart",
    "five-point Laplacian on 316 x 316",
    "dense, normal entries of variance 1/n, n = 2,000",
    "diagonal as of bulk, and rank 8: 20, 10, 5, 4, 3, 2, -0.1, -0.2; lambda_min is -0.0067",
    "diagonal, 100,000 numbers equispaced on [0, 1]"};
static const double outliers[MOST_RANK] = {20.0, 10.0, 5.0, 4.0, 3.0, 2.0, -0.1, -0.2};

double bench_cpu(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

const char *bench_operator_name(enum bench_kind kind)
{
    return names[kind];
}

/* `first` numbers at the bottom, `gap` apart from `lowest` on; the others equispaced on [0, 1]. */
static void fill_diagonal(struct bench_operator *a, int64_t first, double lowest, double gap)
{
    const int64_t rest = a->n - first;
    for (int64_t i = 0; i < a->n; i++) {
        a->diagonal[i] = i < first ? lowest + gap * (double)i : (double)(i - first) / (double)(rest - 1);
    }
}

/* Both triangles come from one stream; the products read one of them. */
static void fill_goe(struct bench_operator *a)
{
    const saddle_random_stream s = {1, SADDLE_I_PURPOSE_PROBE, 0};
    saddle_i_random_normal(&s, 0, a->n * a->n, a->dense);
    const double scale = 1.0 / sqrt((double)a->n);
    for (int64_t i = 0; i < a->n; i++) {
        for (int64_t j = 0; j < a->n; j++) {
            a->dense[i * a->n + j] *= i == j ? sqrt(2.0) * scale : scale;
        }
    }
}

/* Vectors of length 1, orthogonal up to 1/sqrt(n): eigenvectors of the outliers, nearly. */
static void fill_outliers(struct bench_operator *a)
{
    fill_diagonal(a, 0, 0.0, 0.0);
    for (int64_t r = 0; r < a->side; r++) {
        const saddle_random_stream s = {1, SADDLE_I_PURPOSE_PROBE, (uint64_t)r + 1};
        double *const u = a->dense + r * a->n;
        saddle_i_random_normal(&s, 0, a->n, u);
        cblas_dscal((int)a->n, 1.0 / cblas_dnrm2((int)a->n, u, 1), u, 1);
        a->weight[r] = outliers[r];
    }
}

int bench_operator_make(struct bench_operator *a, enum bench_kind kind)
{
    *a = (struct bench_operator){.name = names[kind], .text = texts[kind], .kind = kind, .n = LARGE, .norm = 1.0, .offset = 1.0};
    size_t dense = 0;
    switch (kind) {
    case BENCH_CLUSTER: a->offset = 0.0; break;
    case BENCH_LAP2D: a->side = SIDE, a->n = SIDE * SIDE, a->norm = 8.0, a->offset = 8.0; break;
    case BENCH_GOE: a->n = DENSE, a->norm = 2.0, a->offset = 0.0, dense = (size_t)DENSE * DENSE; break;
    case BENCH_OUTLIERS: a->side = MOST_RANK, a->norm = 20.0, a->offset = 20.0, dense = (size_t)MOST_RANK * LARGE; break;
    default: break;
    }
    a->diagonal = calloc((size_t)a->n, sizeof(double));
    a->dense = calloc(dense + 1, sizeof(double));
    a->weight = calloc(MOST_RANK, sizeof(double));
    if (a->diagonal == NULL || a->dense == NULL || a->weight == NULL) {
        bench_operator_free(a);
        return 0;
    }
    switch (kind) {
    case BENCH_SPIKE: fill_diagonal(a, 1, -1e-3, 0.0); break;
    case BENCH_CLUSTER: fill_diagonal(a, CLUSTERED, -1.0, 5e-5); break;
    case BENCH_GOE: fill_goe(a); break;
    case BENCH_OUTLIERS: fill_outliers(a); break;
    case BENCH_BULK: fill_diagonal(a, 0, 0.0, 0.0); break;
    default: break;
    }
    return 1;
}

void bench_operator_free(struct bench_operator *a)
{
    free(a->diagonal);
    free(a->dense);
    free(a->weight);
    a->diagonal = a->dense = a->weight = NULL;
}

static void multiply_diagonal(const struct bench_operator *a, const double *x, double *y)
{
    for (int64_t i = 0; i < a->n; i++) {
        y[i] = (a->diagonal[i] - a->shift) * x[i];
    }
}

static void multiply_lap2d(const struct bench_operator *a, const double *x, double *y)
{
    static const double zero[SIDE] = {0.0};
    const int64_t m = a->side;
    const double middle = 4.0 - a->shift;
    for (int64_t r = 0; r < m; r++) {
        const double *const c = x + r * m;
        const double *const up = r > 0 ? c - m : zero, *const down = r < m - 1 ? c + m : zero;
        double *const out = y + r * m;
        out[0] = middle * c[0] - c[1] - up[0] - down[0];
        for (int64_t i = 1; i < m - 1; i++) {
            out[i] = middle * c[i] - c[i - 1] - c[i + 1] - up[i] - down[i];
        }
        out[m - 1] = middle * c[m - 1] - c[m - 2] - up[m - 1] - down[m - 1];
    }
}

static void multiply_outliers(const struct bench_operator *a, const double *x, double *y)
{
    double c[MOST_RANK] = {0.0};
    multiply_diagonal(a, x, y);
    cblas_dgemv(CblasColMajor, CblasTrans, (int)a->n, (int)a->side, 1.0, a->dense, (int)a->n, x, 1, 0.0, c, 1);
    for (int64_t r = 0; r < a->side; r++) {
        c[r] *= a->weight[r];
    }
    cblas_dgemv(CblasColMajor, CblasNoTrans, (int)a->n, (int)a->side, 1.0, a->dense, (int)a->n, c, 1, 1.0, y, 1);
}

static void multiply(const struct bench_operator *a, const double *x, double *y)
{
    switch (a->kind) {
    case BENCH_LAP2D: multiply_lap2d(a, x, y); break;
    case BENCH_OUTLIERS: multiply_outliers(a, x, y); break;
    case BENCH_GOE:
        for (int64_t i = 0; i < a->n; i++) { /* y may come with NaN, which some BLAS multiply by beta = 0 */
            y[i] = -a->shift * x[i];
        }
        cblas_dsymv(CblasRowMajor, CblasLower, (int)a->n, 1.0, a->dense, (int)a->n, x, 1, 1.0, y, 1);
        break;
    default: multiply_diagonal(a, x, y); break;
    }
}

void bench_operator_apply(struct bench_operator *a, const double *x, double *y)
{
    const double start = bench_cpu();
    multiply(a, x, y);
    a->products++;
    a->seconds += bench_cpu() - start;
}

double bench_operator_residual(struct bench_operator *a, double theta, const double *v, double *y)
{
    const double shift = a->shift;
    a->shift = 0.0;
    multiply(a, v, y);
    a->shift = shift;
    cblas_daxpy((int)a->n, -theta, v, 1, y, 1);
    return cblas_dnrm2((int)a->n, y, 1) / cblas_dnrm2((int)a->n, v, 1);
}
