/* SPDX-License-Identifier: BSD-3-Clause */
/* The operators of the benchmark of Lanczos, counted and timed from within: what a solver costs beyond its products is the rest. */
#ifndef BENCH_LANCZOS_OPERATORS_H
#define BENCH_LANCZOS_OPERATORS_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bench_kind { BENCH_SPIKE, BENCH_CLUSTER, BENCH_LAP2D, BENCH_GOE, BENCH_OUTLIERS, BENCH_BULK, BENCH_KINDS };

struct bench_operator {
    const char *name, *text;
    enum bench_kind kind;
    int64_t n;
    double norm;   /* ||A|| */
    double offset; /* A - offset I has its wanted eigenvalue at about -||A|| */
    double shift;  /* products are those of A - shift I */
    int64_t side;  /* of the grid; or the rank */
    double *diagonal, *dense, *weight;
    int64_t products;
    double seconds; /* of the processor, within products */
};

const char *bench_operator_name(enum bench_kind kind);
/* Fills *a; returns 0 where memory is short. The same numbers every time. */
int bench_operator_make(struct bench_operator *a, enum bench_kind kind);
void bench_operator_free(struct bench_operator *a);
/* y = (A - shift I) x. */
void bench_operator_apply(struct bench_operator *a, const double *x, double *y);
/* ||A v - theta v|| / ||v||, neither counted nor timed. y: n numbers of room. */
double bench_operator_residual(struct bench_operator *a, double theta, const double *v, double *y);
/* Seconds that this process has had of the processor. */
double bench_cpu(void);

#ifdef __cplusplus
}
#endif
#endif
