/* SPDX-License-Identifier: BSD-3-Clause */
/* v_(j+1) = (A v_j - alpha_j v_j - beta_(j-1) v_(j-1)) / beta_j, v_1 random. */
#include "spectrum/three_term.h"
#include "space/recurrence.h"
#include <math.h>
#include <string.h>

enum { FIRST_CAPACITY = 128, PARTS = 4, KEPT_BYTES = 256 << 20 };

#define SQRT_EPS 0x1p-26

void saddle_i_lanczos_start(const struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, uint64_t offset, double *x)
{
    const saddle_random_stream stream = {v->seed, SADDLE_I_PURPOSE_LANCZOS, v->start + offset};
    saddle_i_random_normal(&stream, 0, a->n, x); /* none is 0 */
    a->kernels->scale(a->n, 1.0 / saddle_i_norm(a->kernels, a->n, x), x);
}

saddle_status saddle_i_lanczos_not_symmetric(double gap, double norm, int64_t products)
{
    return saddle_i_fail(SADDLE_E_ARGUMENT,
                         "the operator is not symmetric: v'Au and u'Av differ by %.2g of its norm %.3g for two vectors of product %lld",
                         gap / norm, norm, (long long)products);
}

saddle_status saddle_i_lanczos_judge_symmetry(struct saddle_i_operator *a, const struct saddle_i_neighbours *b)
{
    const int differs = saddle_i_operator_differs(a);
    const int64_t product = a->products;
    if (b->gap <= (differs ? 1e-5 : 1e-6) * b->norm ||
        b->gap <= saddle_i_asymmetry_allowed(saddle_i_operator_noise(a, b->norm), b->j, b->norm, b->beta)) {
        return SADDLE_OK;
    }
    if (!differs || a->oracle == NULL) {
        return saddle_i_lanczos_not_symmetric(b->gap, b->norm, product);
    }
    TRY(saddle_i_operator_probe(a, b->x, NULL));
    TRY(saddle_i_operator_probe(a, b->before, NULL));
    const double noise = saddle_i_operator_noise(a, b->norm);
    if (b->gap <= saddle_i_asymmetry_allowed(noise, b->j, b->norm, b->beta)) {
        return SADDLE_OK;
    }
    return saddle_i_fail(SADDLE_E_ARGUMENT,
                         "differences of gradients, which stand in for Hessian products, are not symmetric: v'Hu and u'Hv differ by %.2g of "
                         "the norm %.3g in product %lld, and their error is %.2g of it: is the gradient callback that of a function "
                         "(saddle_check_derivatives)? If so, set a hessvec callback",
                         b->gap / b->norm, b->norm, (long long)product, noise / b->norm);
}

/* How many vectors are kept. */
static int64_t keeps(const struct saddle_i_lanczos_settings *v, int64_t n)
{
    enum { MOST = SADDLE_I_CHUNK * SADDLE_I_MAX_CHUNKS };
    const int64_t wanted = v->basis > 0 ? v->basis : KEPT_BYTES / (int64_t)sizeof(double) / n;
    if (wanted < SADDLE_I_LEAST_BASIS) {
        return 0;
    }
    return wanted < MOST ? wanted : MOST;
}

/* Their content moves along: s of an end that is found is still to be used. */
static saddle_status reserve_rows(struct saddle_i_three_term *r, int64_t rows)
{
    if (rows <= r->capacity) {
        return SADDLE_OK;
    }
    const int64_t capacity = r->capacity == 0 ? FIRST_CAPACITY : 2 * r->capacity;
    double *fresh = NULL;
    TRY(saddle_i_alloc_vector(r->a->context, PARTS * capacity, &fresh));
    double *part[PARTS];
    double *const old[PARTS] = {r->alpha, r->beta, r->s[0], r->s[1]};
    for (int i = 0; i < PARTS; i++) {
        part[i] = fresh + i * capacity;
        if (r->capacity > 0) {
            memcpy(part[i], old[i], (size_t)r->capacity * sizeof *fresh);
        }
    }
    saddle_i_free(r->a->context, r->alpha);
    r->alpha = part[0];
    r->beta = part[1];
    r->s[0] = part[2];
    r->s[1] = part[3];
    r->capacity = capacity;
    return SADDLE_OK;
}

/* Room for vectors 0 .. count-1. */
static saddle_status reserve_vectors(struct saddle_i_three_term *r, int64_t count)
{
    if (r->most > 0) {
        TRY(saddle_i_basis_reserve(&r->basis, count < r->most ? count : r->most));
    }
    for (int64_t i = 0; i < 3 && i < count - r->most; i++) {
        if (r->room[i] == NULL) {
            TRY(saddle_i_alloc_vector(r->a->context, r->a->n, &r->room[i]));
        }
    }
    return SADDLE_OK;
}

saddle_status saddle_i_three_term_begin(struct saddle_i_three_term *r, struct saddle_i_operator *a,
                                        const struct saddle_i_lanczos_settings *v, int keep)
{
    memset(r, 0, sizeof *r);
    r->a = a;
    r->v = v;
    r->most = keep ? keeps(v, a->n) : 0;
    saddle_i_basis_init(&r->basis, a->context, a->kernels, a->n, r->most);
    TRY(reserve_vectors(r, 1));
    saddle_i_lanczos_start(a, v, 0, saddle_i_three_term_vector(r, 0));
    return SADDLE_OK;
}

void saddle_i_three_term_end(struct saddle_i_three_term *r)
{
    saddle_i_basis_fini(&r->basis);
    for (int i = 0; i < 3; i++) {
        saddle_i_free(r->a->context, r->room[i]);
        r->room[i] = NULL;
    }
    saddle_i_free(r->a->context, r->alpha);
    r->alpha = NULL;
}

int64_t saddle_i_three_term_again(const struct saddle_i_three_term *r, int64_t k)
{
    const int64_t there = r->most > 0 ? r->most : 1; /* the start costs none */
    return k > there ? k - there : 0;
}

saddle_status saddle_i_three_term_redo(struct saddle_i_three_term *r, int64_t i)
{
    double *y = saddle_i_three_term_vector(r, i);
    TRY(saddle_i_operator_apply(r->a, saddle_i_three_term_vector(r, i - 1), y));
    r->spent++;
    const double *before = i > 1 ? saddle_i_three_term_vector(r, i - 2) : NULL;
    (void)saddle_i_three_terms(r->a->kernels, r->a->n, r->alpha[i - 1], saddle_i_three_term_vector(r, i - 1),
                               i > 1 ? r->beta[i - 2] : 0.0, before, y);
    r->a->kernels->scale(r->a->n, 1.0 / r->beta[i - 1], y);
    return SADDLE_OK;
}

/* Of a symmetric A, v_(j-1)'A v_j = beta_(j-1). With products that are good to u = noise ||T||,
 *     gap_j <= u + |alpha_(j-1)| |v_(j-1)'v_j| + beta_(j-2) |v_(j-2)'v_j|,
 *     beta_(j-1) |v_(j-1)'v_j| <= u (j-1),   beta_(j-1) |v_(j-2)'v_j| <= gap_(j-1) + |alpha_(j-1)| |v_(j-2)'v_(j-1)| + u,
 * where the betas cancel from one j to the next, and a few u j ||T|| / beta_(j-1) remain: no more than that shows asymmetry. u is at
 * least that of single precision: a product that was computed in it is symmetric, too. It takes neighbours only: that vectors far
 * apart are no longer orthogonal does not matter. */
static saddle_status check_symmetry(const struct saddle_i_three_term *r, double with_before)
{
    const double beta = r->beta[r->k - 1];
    const struct saddle_i_neighbours b = {saddle_i_three_term_vector(r, r->k - 1), saddle_i_three_term_vector(r, r->k), r->k,
                                          fabs(with_before - beta), r->norm, beta};
    return beta > 1e-6 * r->norm ? saddle_i_lanczos_judge_symmetry(r->a, &b) : SADDLE_OK;
}

/* Of T of order k: beta_k min |s_k| over its eigenvectors s, the residual of the pair that has converged best, and the least
 * distance of two eigenvalues. */
static saddle_status look_at_all(const struct saddle_i_three_term *r, double *residual, double *gap)
{
    const int64_t k = r->k;
    double *s = NULL;
    TRY(saddle_i_alloc_vector(r->a->context, (k + 1) * k, &s));
    double *theta = s + k * k;
    struct saddle_i_tridiag t;
    saddle_i_tridiag_init(&t, r->a->context);
    const saddle_status status = saddle_i_tridiag_solve(&t, k, r->alpha, r->beta, 0, k, theta, s);
    saddle_i_tridiag_fini(&t);
    *residual = r->beta[k - 1];
    *gap = r->norm;
    for (int64_t i = 0; i < k && status == SADDLE_OK; i++) {
        *residual = fmin(*residual, r->beta[k - 1] * fabs(s[i * k + k - 1]));
        *gap = i > 0 ? fmin(*gap, theta[i] - theta[i - 1]) : *gap;
    }
    saddle_i_free(r->a->context, s);
    return status;
}

/* Has the space closed with beta_j? In exact arithmetic beta_j would be 0. What is computed is not: an error in product i, of size
 * eps ||T||, comes out of product j multiplied by |s_i/s_j| along the eigenvectors of each Ritz value, s its eigenvector of T. So a
 * closed space has beta_j of size eps ||T|| / min |s_j|: on a Hessian with 19 different eigenvalues anything from 1e-10 to 1e-6 ||T||.
 * beta_j min |s_j| is as small, too, where the space is open and one pair has converged; but then beta_j has not dropped, until the
 * recurrence makes copies of the pair, which are seen. (A split at a gap of the spectrum has min |s_j| = beta_j/gap, which is told from
 * a closed space down to beta_j = sqrt(eps) ||T||.) No pair is called converged because of this. */
static saddle_status note_closing(struct saddle_i_three_term *r)
{
    enum { MOST = 128 };
    const int64_t j = r->k;
    const double beta = r->beta[j - 1];
    const double noise = saddle_i_operator_noise(r->a, r->norm);
    if (r->closed_at > 0) {
        return SADDLE_OK;
    }
    if (beta <= fmax(0x1p-40 * r->norm, noise)) {
        r->closed_at = j;
        return SADDLE_OK;
    }
    if (beta > 0x1p-10 * (j > 1 ? r->beta[j - 2] : fabs(r->alpha[0])) || j > MOST) {
        return SADDLE_OK;
    }
    double residual = 0.0, gap = 0.0;
    TRY(look_at_all(r, &residual, &gap));
    r->closed_at = residual <= 4.0 * noise && gap > SQRT_EPS * r->norm ? j : 0;
    return SADDLE_OK;
}

saddle_status saddle_i_three_term_step(struct saddle_i_three_term *r)
{
    struct saddle_i_operator *a = r->a;
    const int64_t k = r->k;
    TRY(reserve_rows(r, k + 1));
    TRY(reserve_vectors(r, k + 3)); /* one more to measure residuals in */
    if (r->displaced) {
        TRY(saddle_i_three_term_redo(r, k));
        r->displaced = 0;
    }
    const double *x = saddle_i_three_term_vector(r, k);
    const double *before = k > 0 ? saddle_i_three_term_vector(r, k - 1) : NULL;
    double *y = saddle_i_three_term_vector(r, k + 1);
    TRY(saddle_i_operator_apply(a, x, y));
    r->spent++;
    double alpha = 0.0, with_before = 0.0;
    const double beta_before = k > 0 ? r->beta[k - 1] : 0.0;
    saddle_i_two_dots(a->kernels, a->n, y, x, &alpha, before, &with_before);
    const double beta = saddle_i_three_terms(a->kernels, a->n, alpha, x, beta_before, before, y);
    const double row = fabs(alpha) + beta_before + beta;
    if (!(row <= DBL_MAX)) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "the norm of product %lld is out of range: %g", (long long)a->products, row);
    }
    r->norm = row > r->norm ? row : r->norm;
    if (k > 0) {
        TRY(check_symmetry(r, with_before));
    }
    r->alpha[k] = alpha;
    r->beta[k] = beta;
    r->k = k + 1;
    TRY(note_closing(r));
    if (beta <= DBL_EPSILON * r->norm || beta < DBL_MIN) { /* y is nothing but rounding; 1/beta must be finite */
        r->finished = 1;
        if (r->norm > 0.0) { /* a beta of this size may be behind it, so that nothing is excluded for sure */
            r->beta[k] = fmax(beta, fmax(DBL_EPSILON * r->norm, DBL_MIN));
        }
        return SADDLE_OK;
    }
    a->kernels->scale(a->n, 1.0 / beta, y);
    return SADDLE_OK;
}

saddle_status saddle_i_lanczos_tridiagonal(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, int64_t most,
                                           double *alpha, double *beta, int64_t *k)
{
    struct saddle_i_three_term r;
    saddle_status s = saddle_i_three_term_begin(&r, a, v, 0);
    int open = 1;
    while (s == SADDLE_OK && r.k < most && open) {
        s = saddle_i_three_term_step(&r);
        open = s == SADDLE_OK && !r.finished && r.closed_at == 0 && r.beta[r.k - 1] > SQRT_EPS * r.norm; /* nodes are right to beta^2/gap */
    }
    if (s == SADDLE_OK) {
        memcpy(alpha, r.alpha, (size_t)r.k * sizeof *alpha);
        memcpy(beta, r.beta, (size_t)(r.k - 1) * sizeof *beta);
        *k = r.k;
    }
    saddle_i_three_term_end(&r);
    return s;
}
