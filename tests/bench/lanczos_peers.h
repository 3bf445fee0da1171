/* SPDX-License-Identifier: BSD-3-Clause */
/* What libsaddle is compared with. Each finds the leftmost eigenpair of a->shift-ed A from the given start, in whose span of powers
 * all of them look, and returns 0. ARPACK and Spectra stop relative to |theta|: with theta at about -||A||, which the shift sees to,
 * that is the residual that is asked of the others. SLEPc stops at `residual` itself, wherever theta is. */
#ifndef BENCH_LANCZOS_PEERS_H
#define BENCH_LANCZOS_PEERS_H
#include "lanczos_operators.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_NCV = 20 };

/* *theta of A - shift I, and its vector into v. */
int bench_arpack(struct bench_operator *a, double tol, const double *start, double *theta, double *v);
int bench_spectra(struct bench_operator *a, double tol, const double *start, double *theta, double *v);
int bench_slepc(struct bench_operator *a, double residual, const double *start, double *theta, double *v);
/* Around all that uses SLEPc: 0 where it can be used. */
int bench_slepc_begin(void);
void bench_slepc_end(void);

/* How many products Lanczos takes that is never restarted and orthogonalised twice against all vectors, until the estimate
 * beta_k |s_k| of the residual is at most `residual`: no method that looks at powers of A takes fewer. -1: not within `most`. */
int64_t bench_reference(struct bench_operator *a, double residual, const double *start, int64_t most);

#ifdef __cplusplus
}
#endif
#endif
