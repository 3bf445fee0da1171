/* SPDX-License-Identifier: BSD-3-Clause */
#include "cnc/eigenspace.h"
#include <math.h>
#include <string.h>

enum { FIRST_PAIRS = 2, MOST_NUMBERS = 1 << 27 };

#define EQUAL 1e-3 /* of |lambda_min|: eigenvalues nearer than that are one */

static saddle_status search(struct saddle_i_eigenspace *e, struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v,
                            struct saddle_i_pairs *found)
{
    double *vectors = NULL;
    saddle_i_free(e->context, e->vectors);
    e->vectors = NULL;
    TRY(saddle_i_alloc_vector(e->context, saddle_i_lanczos_pairs(v, a->n) * a->n, &vectors));
    e->vectors = vectors;
    found->count = 0;
    found->pair = e->pair;
    found->vectors = vectors;
    return saddle_i_lanczos_is_plain(v, a->n) ? saddle_i_lanczos_plain(a, v, found) : saddle_i_lanczos_restarted(a, v, found);
}

static int64_t count_equal(const struct saddle_i_eigenspace *e, int64_t found)
{
    const struct saddle_i_pair *first = &e->pair[0];
    int64_t i = 1;
    while (i < found && e->pair[i].converged &&
           e->pair[i].value - first->value <= EQUAL * fabs(first->value) + 4.0 * fmax(first->residual, e->pair[i].residual)) {
        i++;
    }
    return i;
}

/* Davis and Kahan: sin <= ||R||/gap, R the residuals of the space, gap the distance of its values from the next eigenvalue, which is
 * known where the pair after them has converged: of several pairs that says, too, that none before it was missed. What products by
 * differences are off by is what the interval of the first pair was widened by. Of an open space the next eigenvalue is not known; but all
 * up to lambda_min + EQUAL |lambda_min| belong to it, so that what the vectors have outside is as far away as that. */
static double sine(const struct saddle_i_eigenspace *e, int64_t n)
{
    const int64_t p = e->multiplicity;
    if (p == n) {
        return 0.0;
    }
    if (!e->pair[e->open ? 0 : p].converged) {
        return 1.0;
    }
    const double next = e->open ? e->pair[0].value + EQUAL * fabs(e->pair[0].value) : e->pair[p].value - e->pair[p].residual;
    const double slack = e->pair[0].upper - e->pair[0].value;
    const double gap = next - slack - e->pair[p - 1].value;
    double square = 0.0;
    for (int64_t i = 0; i < p && gap > 0.0; i++) {
        const double r = (e->pair[i].residual + slack) / gap; /* whatever the scale of the Hessian */
        square += r * r;
    }
    return gap > 0.0 && square < 1.0 ? sqrt(square) : 1.0;
}

/* Twice the pairs? Not past what a basis allows; where that is automatic, not past a gigabyte of pairs. */
static int can_grow(const struct saddle_i_lanczos_settings *v, int64_t n)
{
    const int64_t pairs = 2 * v->pairs;
    if (v->pairs >= n || pairs > SADDLE_I_MOST_EQUAL) {
        return 0;
    }
    if (v->basis == 0) {
        return n <= MOST_NUMBERS / pairs;
    }
    return v->basis >= 2 * pairs + 4 || v->basis >= n;
}

saddle_status saddle_i_eigenspace_find(struct saddle_i_eigenspace *e, struct saddle_i_oracle *o, const double *w,
                                       const struct saddle_i_request *q, const struct saddle_i_lanczos_settings *l, int64_t *products)
{
    struct saddle_i_lanczos_settings v = *l;
    struct saddle_i_operator a;
    struct saddle_i_pairs found;
    memset(e, 0, sizeof *e);
    e->context = o->context;
    v.which = SADDLE_WHICH_SMALLEST;
    v.samples = q->count;
    v.pairs = FIRST_PAIRS;
    TRY(saddle_i_lanczos_check(&v, o->dim));
    TRY(saddle_i_operator_hessian(&a, o, w, q));
    saddle_status s = SADDLE_OK;
    for (;;) {
        s = search(e, &a, &v, &found);
        if (s != SADDLE_OK) {
            break;
        }
        e->multiplicity = count_equal(e, found.count);
        if (e->multiplicity < found.count || !can_grow(&v, o->dim)) {
            break;
        }
        v.pairs *= 2;
    }
    *products = a.products;
    saddle_i_operator_fini(&a);
    TRY(s);
    e->value = e->pair[0].value;
    e->residual = e->pair[0].residual;
    e->open = e->multiplicity == found.count && found.count < o->dim;
    e->sine = sine(e, o->dim);
    return SADDLE_OK;
}

/* ||H v - theta v||, theta = v'Hv. */
static saddle_status measure(struct saddle_i_eigenspace *e, struct saddle_i_operator *a, double *y)
{
    TRY(saddle_i_operator_apply(a, e->vectors, y));
    e->value = saddle_i_dot(a->kernels, a->n, e->vectors, y);
    a->kernels->axpy(a->n, -e->value, e->vectors, y);
    e->residual = saddle_i_norm(a->kernels, a->n, y);
    return SADDLE_OK;
}

saddle_status saddle_i_eigenspace_choose(struct saddle_i_eigenspace *e, struct saddle_i_oracle *o, const double *w,
                                         const struct saddle_i_request *q, const double *u, int64_t *products)
{
    struct saddle_i_operator a;
    double *y = NULL;
    o->kernels->scale(o->dim, u[0], e->vectors);
    for (int64_t j = 1; j < e->multiplicity; j++) {
        o->kernels->axpy(o->dim, u[j], e->vectors + j * o->dim, e->vectors);
    }
    o->kernels->scale(o->dim, 1.0 / saddle_i_norm(o->kernels, o->dim, e->vectors), e->vectors);
    TRY(saddle_i_alloc_vector(e->context, o->dim, &y));
    saddle_status s = saddle_i_operator_hessian(&a, o, w, q);
    if (s == SADDLE_OK) {
        s = measure(e, &a, y);
        *products += a.products;
        saddle_i_operator_fini(&a);
    }
    saddle_i_free(e->context, y);
    return s;
}

void saddle_i_eigenspace_fini(struct saddle_i_eigenspace *e)
{
    saddle_i_free(e->context, e->vectors);
    e->vectors = NULL;
}
