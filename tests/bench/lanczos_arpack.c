/* SPDX-License-Identifier: BSD-3-Clause */
/* ARPACK's implicitly restarted Lanczos, by reverse communication. */
#include "lanczos_peers.h"
#include <arpack.h>
#include <stdlib.h>
#include <string.h>

enum { RESTARTS = 100000, LWORKL = BENCH_NCV * (BENCH_NCV + 8) };

struct room {
    double *residual, *basis, *work;
    double workl[LWORKL];
    a_int parameters[11], pointers[11], info;
};

static int iterate(struct bench_operator *a, double tol, struct room *r)
{
    const a_int n = (a_int)a->n;
    a_int ido = 0;
    for (;;) {
        dsaupd_c(&ido, "I", n, "SA", 1, tol, r->residual, BENCH_NCV, r->basis, n, r->parameters, r->pointers, r->work, r->workl,
                 LWORKL, &r->info);
        if (ido != 1 && ido != -1) {
            return r->info == 0;
        }
        bench_operator_apply(a, r->work + r->pointers[0] - 1, r->work + r->pointers[1] - 1);
    }
}

int bench_arpack(struct bench_operator *a, double tol, const double *start, double *theta, double *v)
{
    const size_t n = (size_t)a->n;
    static struct room r;
    r = (struct room){.residual = malloc(n * sizeof(double)), .basis = malloc(n * BENCH_NCV * sizeof(double)),
                      .work = malloc(3 * n * sizeof(double)), .parameters = {1, 0, RESTARTS, 1, 0, 0, 1}, .info = 1};
    int good = 0;
    if (r.residual != NULL && r.basis != NULL && r.work != NULL) {
        memcpy(r.residual, start, n * sizeof(double));
        good = iterate(a, tol, &r);
    }
    if (good) {
        const a_int select[BENCH_NCV] = {0};
        dseupd_c(1, "A", select, theta, v, (a_int)n, 0.0, "I", (a_int)n, "SA", 1, tol, r.residual, BENCH_NCV, r.basis, (a_int)n,
                 r.parameters, r.pointers, r.work, r.workl, LWORKL, &r.info);
        good = r.info == 0;
    }
    free(r.residual);
    free(r.basis);
    free(r.work);
    return good ? 0 : 1;
}
