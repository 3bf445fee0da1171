/* SPDX-License-Identifier: BSD-3-Clause */
/* Partial reorthogonalisation (Simon 1984): a recurrence of the size of T estimates v_i'v_k; the vectors are touched
 * only when it says that semi-orthogonality is about to be lost. As long as it holds, T is what it would be with full
 * orthogonality, up to rounding. */
#include "spectrum/krylov.h"
#include <math.h>

/* Semi-orthogonality is sqrt(eps) = 1.5e-8: enough for T, not for the vectors. A pass takes from A V = V T + ... what
 * is orthogonalised away, and where a large eigenvalue converged long before a small one, a part of that stays in the
 * small one's vector: with 1.5e-8 a residual was 1e-11 ||A|| and not less. So it is a tenth of the residual that is
 * asked for, and at most this. */
#define SEMI 1e-10
/* Simon's 2 eps underestimates twenty- to hundredfold, and orthogonality is then lost for good. */
#define NOISE 30.0

double saddle_i_orthogonalise(const struct saddle_i_basis *b, int64_t count, double *c, double *x, double *norm)
{
    double overlap = 0.0;
    for (int pass = 0; pass < 2; pass++) {
        const double before = *norm;
        if (!(before > 0.0)) {
            break;
        }
        saddle_i_basis_dots(b, 0, count, x, c);
        double most = 0.0;
        for (int64_t i = 0; i < count; i++) {
            most = fmax(most, fabs(c[i]));
        }
        overlap = fmax(overlap, most / before);
        saddle_i_basis_subtract(b, 0, count, c, x);
        *norm = saddle_i_norm(b->kernels, b->n, x);
        if (most <= 1e-7 * before && *norm >= 0.7 * before) {
            break;
        }
    }
    return overlap;
}

saddle_status saddle_i_make_unit(const struct saddle_i_basis *b, int64_t count, double *c, double *x)
{
    double norm = saddle_i_norm(b->kernels, b->n, x);
    for (int pass = 0; pass < 2; pass++) { /* what the first one leaves may be short, and not orthogonal enough then */
        if (count > 0) {
            saddle_i_orthogonalise(b, count, c, x, &norm);
        }
        if (!(norm > 0.0 && norm <= DBL_MAX)) {
            return saddle_i_fail(SADDLE_E_LINALG, "Lanczos: no direction is left beside %lld vectors", (long long)count);
        }
        b->kernels->scale(b->n, 1.0 / norm, x);
        norm = 1.0;
    }
    return SADDLE_OK;
}

/* Entry i < k - 1 of T omega, T's row i times the estimates of the newest vector. */
static double row(const struct saddle_i_krylov *y, int64_t i)
{
    const double *const w = y->omega;
    double sum = y->alpha[i] * w[i];
    if (i < y->kept) {
        return sum + y->couple[i] * w[y->kept];
    }
    if (i > y->kept) {
        sum += y->beta[i - 1] * w[i - 1];
    } else {
        for (int64_t l = 0; l < y->kept; l++) {
            sum += y->couple[l] * w[l];
        }
    }
    return sum + y->beta[i] * w[i + 1];
}

/* beta omega_next = T omega - alpha_k omega - beta_(k-1) omega_before, plus noise of the sign that makes it larger.
 * Vector j is the newest, the next one gets number j + 1; the largest estimate is returned. */
static double estimate(struct saddle_i_krylov *y, int64_t j, double beta)
{
    const double noise = fmax(y->noise * y->norm, NOISE * saddle_i_operator_slack(y->a, y->norm));
    double *const next = y->omega_next;
    double most = 0.0;
    for (int64_t i = 0; i < j; i++) {
        double t = row(y, i) - y->alpha[j] * y->omega[i];
        if (j > y->kept) {
            t -= y->beta[j - 1] * y->omega_before[i];
        }
        next[i] = (t + copysign(noise, t)) / beta;
        most = fmax(most, fabs(next[i]));
    }
    next[j] = noise / beta;
    next[j + 1] = 1.0;
    return fmax(most, next[j]);
}

void saddle_i_omega_step(struct saddle_i_krylov *y, double *w, double *beta)
{
    const int64_t j = y->k;
    const double foreseen = *beta > 0.0 ? estimate(y, j, *beta) : SADDLE_I_INF;
    const double semi = fmin(SEMI, 0.1 * y->accuracy / y->norm);
    if (y->full > 0 || !(foreseen <= semi)) {
        const double overlap = saddle_i_orthogonalise(&y->basis, j + 1, y->dots, w, beta);
        if (overlap > 10.0 * SEMI && overlap > foreseen) {
            y->noise = fmin(10.0 * y->noise, fmax(y->noise, SEMI));
        }
        y->passes++;
        y->full = y->full > 0 ? y->full - 1 : 1;
        for (int64_t i = 0; i <= j; i++) {
            y->omega_next[i] = 2.0 * DBL_EPSILON;
        }
        y->omega_next[j + 1] = 1.0;
    }
    double *const spent = y->omega_before;
    y->omega_before = y->omega;
    y->omega = y->omega_next;
    y->omega_next = spent;
}

void saddle_i_omega_restart(struct saddle_i_krylov *y)
{
    y->full = 2;
    for (int64_t i = 0; i <= y->k; i++) {
        y->omega[i] = y->omega_before[i] = 2.0 * DBL_EPSILON;
    }
    y->omega[y->k] = 1.0;
    y->noise = fmax(y->noise, NOISE * DBL_EPSILON);
}
