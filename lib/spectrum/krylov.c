/* SPDX-License-Identifier: BSD-3-Clause */
/* One step of the recurrence, the projected problem, and the thick restart. */
#include "space/recurrence.h"
#include "spectrum/krylov.h"
#include <math.h>
#include <string.h>

enum { ARRAYS = 9 };

void saddle_i_krylov_init(struct saddle_i_krylov *y, struct saddle_i_operator *a, int64_t most)
{
    memset(y, 0, sizeof *y);
    y->a = a;
    y->most = most;
    saddle_i_basis_init(&y->basis, a->context, a->kernels, a->n, most + 1);
    saddle_i_tridiag_init(&y->small, a->context);
}

void saddle_i_krylov_fini(struct saddle_i_krylov *y)
{
    saddle_context *const c = y->a->context;
    saddle_i_basis_fini(&y->basis);
    saddle_i_tridiag_fini(&y->small);
    saddle_i_free(c, y->memory);
    saddle_i_free(c, y->s);
    saddle_i_free(c, y->dense);
    saddle_i_free(c, y->room);
    saddle_i_free(c, y->gone);
}

/* Room for `size` doubles, of which the first `used` stay. */
static saddle_status grow(const struct saddle_i_krylov *y, double **p, int64_t *have, int64_t used, int64_t size)
{
    if (size <= *have) {
        return SADDLE_OK;
    }
    double *fresh = NULL;
    const int64_t larger = size + size / 4;
    TRY(saddle_i_alloc_vector(y->a->context, larger, &fresh));
    if (used > 0) {
        memcpy(fresh, *p, (size_t)used * sizeof(double));
    }
    saddle_i_free(y->a->context, *p);
    *p = fresh;
    *have = larger;
    return SADDLE_OK;
}

static saddle_status make_arrays(struct saddle_i_krylov *y)
{
    const int64_t each = y->most + 2; /* never fewer than the vectors that are apart */
    TRY(saddle_i_alloc_vector(y->a->context, ARRAYS * each, &y->memory));
    double **const arrays[ARRAYS] = {&y->alpha, &y->beta, &y->couple, &y->theta, &y->all,
                                     &y->dots,  &y->omega, &y->omega_before, &y->omega_next};
    for (int i = 0; i < ARRAYS; i++) {
        *arrays[i] = y->memory + i * each;
    }
    return SADDLE_OK;
}

saddle_status saddle_i_krylov_begin(struct saddle_i_krylov *y, const struct saddle_i_lanczos_settings *v, uint64_t offset,
                                    const struct saddle_i_basis *apart, int64_t aparts)
{
    if (y->memory == NULL) {
        TRY(make_arrays(y));
    }
    y->apart = apart;
    y->aparts = aparts;
    y->k = y->kept = y->gone_count = y->all_of = y->low = y->high = 0;
    y->closed = 0;
    y->log_betas = 0.0;
    TRY(saddle_i_basis_reserve(&y->basis, 1));
    double *const x = saddle_i_basis_vector(&y->basis, 0);
    saddle_i_lanczos_start(y->a, v, offset, x);
    TRY(saddle_i_make_unit(aparts > 0 ? apart : &y->basis, aparts, y->dots, x));
    saddle_i_omega_restart(y);
    y->full = 0;
    return SADDLE_OK;
}

/* y = A v_j, minus what the vectors before have of it by T, and its norm. */
static saddle_status expand(struct saddle_i_krylov *y, double *w, double *norm)
{
    const int64_t j = y->k, n = y->a->n;
    const double *const x = saddle_i_basis_vector(&y->basis, j);
    TRY(saddle_i_operator_apply(y->a, x, w));
    const double *const before = j > y->kept ? saddle_i_basis_vector(&y->basis, j - 1) : NULL;
    double across = 0.0;
    saddle_i_two_dots(y->a->kernels, n, w, x, &y->alpha[j], before, &across);
    const double beta = before != NULL ? y->beta[j - 1] : 0.0;
    *norm = saddle_i_three_terms(y->a->kernels, n, y->alpha[j], x, beta, before, w);
    double sum = fabs(y->alpha[j]) + beta;
    if (before == NULL && y->kept > 0) {
        saddle_i_basis_subtract(&y->basis, 0, y->kept, y->couple, w);
        *norm = saddle_i_norm(y->a->kernels, n, w);
        for (int64_t i = 0; i < y->kept; i++) {
            sum += fabs(y->couple[i]);
        }
    }
    if (!(sum + *norm <= DBL_MAX)) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "Lanczos: product %lld leaves the range of double",
                             (long long)y->a->products);
    }
    y->norm = fmax(y->norm, sum + *norm);
    const struct saddle_i_neighbours b = {before, x, j, fabs(across - beta), y->norm, beta};
    return before != NULL ? saddle_i_lanczos_judge_symmetry(y->a, &b) : SADDLE_OK;
}

saddle_status saddle_i_krylov_step(struct saddle_i_krylov *y)
{
    const int64_t j = y->k, n = y->a->n;
    TRY(saddle_i_basis_reserve(&y->basis, j + 2));
    double *const w = saddle_i_basis_vector(&y->basis, j + 1);
    double beta = 0.0;
    TRY(expand(y, w, &beta));
    if (y->aparts > 0) {
        saddle_i_orthogonalise(y->apart, y->aparts, y->dots, w, &beta);
    }
    saddle_i_omega_step(y, w, &beta);
    y->k = j + 1;
    y->all_of = 0;
    const int exhausted = y->k + y->aparts >= n;
    if (beta <= 64.0 * DBL_EPSILON * y->norm || beta < DBL_MIN || exhausted) {
        y->hidden = exhausted ? 0.0 : fmax(beta, fmax(DBL_EPSILON * y->norm, DBL_MIN));
        beta = 0.0;
        y->closed = 1;
    } else {
        y->log_betas += log(beta);
        y->a->kernels->scale(n, 1.0 / beta, w);
    }
    y->beta[j] = beta;
    return SADDLE_OK;
}

/* The coefficients of Ritz pair number i of those asked for. */
static const double *coefficients(const struct saddle_i_krylov *y, int64_t i)
{
    const int64_t place = y->kept == 0 || i < y->low ? i : y->k - y->low - y->high + i;
    return y->s + place * y->k;
}

double saddle_i_krylov_estimate(const struct saddle_i_krylov *y, int64_t i)
{
    return y->beta[y->k - 1] * fabs(coefficients(y, i)[y->k - 1]);
}

void saddle_i_krylov_vector(const struct saddle_i_krylov *y, int64_t i, double *x)
{
    saddle_i_basis_combine(&y->basis, y->k, coefficients(y, i), x);
}

static void fill_dense(const struct saddle_i_krylov *y)
{
    const int64_t k = y->k, q = y->kept;
    memset(y->dense, 0, (size_t)(k * k) * sizeof(double));
    for (int64_t i = 0; i < k; i++) {
        y->dense[i * k + i] = y->alpha[i];
        if (i > q) {
            y->dense[i * k + i - 1] = y->beta[i - 1];
        }
    }
    for (int64_t i = 0; i < q && q < k; i++) {
        y->dense[q * k + i] = y->couple[i];
    }
}

saddle_status saddle_i_krylov_ritz(struct saddle_i_krylov *y, int64_t low, int64_t high)
{
    const int64_t k = y->k;
    y->low = low;
    y->high = high;
    if (y->kept == 0) {
        TRY(grow(y, &y->s, &y->s_size, 0, (low + high) * k));
        if (low > 0) {
            TRY(saddle_i_tridiag_solve(&y->small, k, y->alpha, y->beta, 0, low, y->theta, y->s));
        }
        if (high > 0) {
            TRY(saddle_i_tridiag_solve(&y->small, k, y->alpha, y->beta, k - high, k, y->theta + low, y->s + low * k));
        }
        return SADDLE_OK;
    }
    if (y->all_of != k) {
        TRY(grow(y, &y->s, &y->s_size, 0, k * k));
        TRY(grow(y, &y->dense, &y->dense_size, 0, k * k));
        fill_dense(y);
        TRY(saddle_i_tridiag_dense(&y->small, k, y->dense, y->all, y->s));
        y->all_of = k;
    }
    memcpy(y->theta, y->all, (size_t)low * sizeof(double));
    memcpy(y->theta + low, y->all + k - high, (size_t)high * sizeof(double));
    return SADDLE_OK;
}

/* All Ritz values of now into y->all. */
static saddle_status solve_values(struct saddle_i_krylov *y)
{
    if (y->all_of != y->k) {
        if (y->kept == 0) {
            TRY(saddle_i_tridiag_solve(&y->small, y->k, y->alpha, y->beta, 0, y->k, y->all, NULL));
        } else {
            TRY(saddle_i_krylov_ritz(y, y->low, y->high));
        }
        y->all_of = y->k;
    }
    return SADDLE_OK;
}

saddle_status saddle_i_krylov_restart(struct saddle_i_krylov *y, int64_t low, int64_t high)
{
    const int64_t k = y->k, q = low + high;
    TRY(saddle_i_krylov_ritz(y, low, high));
    TRY(solve_values(y));
    if (y->kept > 0) {
        memmove(y->s + low * k, y->s + (k - high) * k, (size_t)(high * k) * sizeof(double));
    }
    TRY(grow(y, &y->gone, &y->gone_size, y->gone_count, y->gone_count + k - q));
    memcpy(y->gone + y->gone_count, y->all + low, (size_t)(k - q) * sizeof(double));
    y->gone_count += k - q;
    TRY(grow(y, &y->room, &y->room_size, 0, SADDLE_I_TILE * q));
    saddle_i_basis_rotate(&y->basis, k, q, y->s, y->room);
    memcpy(saddle_i_basis_vector(&y->basis, q), saddle_i_basis_vector(&y->basis, k), (size_t)y->a->n * sizeof(double));
    const double beta = y->beta[k - 1];
    for (int64_t i = 0; i < q; i++) {
        y->alpha[i] = y->theta[i];
        y->couple[i] = beta * y->s[i * k + k - 1];
    }
    y->k = y->kept = q;
    y->all_of = y->low = y->high = 0;
    saddle_i_omega_restart(y);
    return SADDLE_OK;
}

/* Behind the dropped Ritz values, those of now. */
static saddle_status gather(struct saddle_i_krylov *y)
{
    TRY(solve_values(y));
    TRY(grow(y, &y->gone, &y->gone_size, y->gone_count, y->gone_count + y->k));
    memcpy(y->gone + y->gone_count, y->all, (size_t)y->k * sizeof(double));
    return SADDLE_OK;
}

saddle_status saddle_i_krylov_lower(struct saddle_i_krylov *y, double sign, double delta, double *lower)
{
    const double target = saddle_i_bound_target(y->a->n - y->aparts, delta);
    TRY(gather(y));
    const int64_t m = y->gone_count + y->k;
    double *const values = y->gone;
    double theta = SADDLE_I_INF;
    for (int64_t i = 0; i < m; i++) {
        values[i] *= sign;
        theta = fmin(theta, values[i]);
    }
    for (int64_t i = 0; i < y->k; i++) {
        y->alpha[i] *= sign;
    }
    double *const last = &y->beta[y->k - 1];
    const double kept = *last;
    const double hidden = y->closed ? y->hidden : kept; /* rounding is not less than that, so that it proves no more */
    *last = hidden;
    if (hidden == 0.0 || y->norm == 0.0) {
        *lower = theta - 64.0 * DBL_EPSILON * y->norm;
    } else if (y->kept == 0) {
        *lower = saddle_i_bound_lower(y->k, y->alpha, y->beta, theta, y->norm, target);
    } else {
        const double log_betas = y->log_betas + (y->closed ? log(hidden) : 0.0);
        *lower = saddle_i_bound_restarted(m, values, log_betas, theta, y->norm, target);
    }
    *last = kept;
    for (int64_t i = 0; i < m; i++) {
        values[i] *= sign;
    }
    for (int64_t i = 0; i < y->k; i++) {
        y->alpha[i] *= sign;
    }
    return SADDLE_OK;
}

saddle_status saddle_i_krylov_excludes(struct saddle_i_krylov *y, double sign, double delta, double x, int *answer)
{
    TRY(gather(y));
    double log_p = -y->log_betas;
    *answer = 0;
    for (int64_t i = 0; i < y->gone_count + y->k; i++) {
        const double d = sign * y->gone[i] - x;
        if (!(d > 0.0)) {
            return SADDLE_OK;
        }
        log_p += log(d);
    }
    *answer = y->closed || 2.0 * log_p >= saddle_i_bound_target(y->a->n - y->aparts, delta);
    return SADDLE_OK;
}
