/* SPDX-License-Identifier: BSD-3-Clause */
/* From T to a pair of the operator: the vector x = V s, by the vectors kept or made again, and what is true of it. */
#include "spectrum/three_term.h"
#include "space/recurrence.h"
#include <math.h>

double saddle_i_ritz_goal(const struct saddle_i_lanczos_settings *v, double theta)
{
    return v->tol * fmax(fabs(theta), v->eps_hessian);
}

saddle_status saddle_i_ritz_solve(struct saddle_i_three_term *r, struct saddle_i_tridiag *t, struct saddle_i_ritz *e)
{
    const int64_t at = e->high ? r->k - 1 : 0;
    double *s = r->s[e->high];
    TRY(saddle_i_tridiag_solve(t, r->k, r->alpha, r->beta, at, at + 1, &e->theta, s));
    e->k = r->k;
    e->estimate = r->beta[r->k - 1] * fabs(s[r->k - 1]);
    return SADDLE_OK;
}

/* x = x + s_i v_i over the vectors that were not kept. */
static saddle_status second_pass(struct saddle_i_three_term *r, int count, struct saddle_i_ritz *const *e)
{
    if (r->most == 0) {
        saddle_i_lanczos_start(r->a, r->v, 0, saddle_i_three_term_vector(r, 0));
    }
    r->displaced = 1;
    for (int64_t i = r->most; i < r->k; i++) {
        if (i > 0) {
            TRY(saddle_i_three_term_redo(r, i));
        }
        for (int j = 0; j < count; j++) {
            if (i < e[j]->k) {
                r->a->kernels->axpy(r->a->n, r->s[e[j]->high][i], saddle_i_three_term_vector(r, i), e[j]->x);
            }
        }
    }
    return SADDLE_OK;
}

saddle_status saddle_i_ritz_vectors(struct saddle_i_three_term *r, int count, struct saddle_i_ritz *const *e)
{
    const struct saddle_i_kernels *kernels = r->a->kernels;
    for (int j = 0; j < count; j++) {
        saddle_i_basis_combine(&r->basis, e[j]->k < r->most ? e[j]->k : r->most, r->s[e[j]->high], e[j]->x);
    }
    if (r->k > r->most) {
        TRY(second_pass(r, count, e));
    }
    for (int j = 0; j < count; j++) {
        const double norm = saddle_i_norm(kernels, r->a->n, e[j]->x);
        if (!(norm > DBL_EPSILON && norm < 1.0 / DBL_EPSILON)) { /* it is near 1 whenever A is what it was the first time */
            return saddle_i_fail(SADDLE_E_LINALG, "the vectors of %lld products do not add up to a Ritz vector: its norm is %g",
                                 (long long)e[j]->k, norm);
        }
        kernels->scale(r->a->n, 1.0 / norm, e[j]->x);
    }
    return SADDLE_OK;
}

/* gap: by how much the residual is above what T says of it, which makes theta and the bound uncertain by as much. */
static void report(const struct saddle_i_three_term *r, const struct saddle_i_ritz *e, double gap, struct saddle_i_pair *pair)
{
    pair->lower = pair->upper = SADDLE_I_NAN;
    if (!e->high) {
        const double target = saddle_i_bound_target(r->a->n, r->v->delta);
        const double slack = gap + saddle_i_operator_slack(r->a, r->norm);
        pair->lower = saddle_i_bound_lower(e->k, r->alpha, r->beta, e->theta, r->norm, target) - slack;
        pair->upper = e->theta + slack + SADDLE_I_ROUNDING * r->norm;
    }
    pair->converged = pair->residual <= saddle_i_ritz_goal(r->v, pair->value) || pair->residual <= SADDLE_I_ROUNDING * r->norm;
    pair->invariant = r->closed_at > 0 && r->closed_at <= e->k;
}

saddle_status saddle_i_ritz_measure(const struct saddle_i_three_term *r, const struct saddle_i_ritz *e, struct saddle_i_pair *pair,
                                    double *quotient)
{
    const struct saddle_i_kernels *kernels = r->a->kernels;
    const int64_t n = r->a->n;
    /* vectors k-2 and k-1 have to stay where k must be made again, else k-1 and k */
    double *y = saddle_i_three_term_vector(r, r->displaced ? r->k : r->k + 1);
    double rho = 0.0;
    TRY(saddle_i_operator_apply(r->a, e->x, y));
    TRY(saddle_i_operator_probe(r->a, e->x, y));
    saddle_i_two_dots(kernels, n, y, e->x, &rho, NULL, NULL);
    pair->value = e->theta;
    pair->residual = saddle_i_three_terms(kernels, n, e->theta, e->x, 0.0, NULL, y);
    const double excess = pair->residual - e->estimate;
    const double gap = excess > SADDLE_I_ROUNDING * r->norm ? excess : 0.0;
    if (gap > 0.0) { /* T no longer speaks for the operator: x does */
        pair->value = rho;
        pair->residual = saddle_i_three_terms(kernels, n, rho - e->theta, e->x, 0.0, NULL, y);
    }
    report(r, e, gap, pair);
    if (!e->high && gap > 0.0) {
        const double slack = saddle_i_operator_slack(r->a, r->norm);
        pair->lower = fmin(pair->lower, rho - slack);
        pair->upper = fmax(pair->upper, rho + slack);
    }
    if (quotient != NULL) {
        *quotient = rho;
    }
    return SADDLE_OK;
}

void saddle_i_ritz_report(const struct saddle_i_three_term *r, const struct saddle_i_ritz *e, struct saddle_i_pair *pair)
{
    pair->value = e->theta;
    pair->residual = e->estimate;
    report(r, e, 0.0, pair);
}
