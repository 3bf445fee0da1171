/* SPDX-License-Identifier: BSD-3-Clause */
/* One pair at an end, or at each end, by the plain recurrence.
 *
 * T is looked at now and then. An end is `found` when beta_k |s_k| is small enough, and its vector is made of the products up to there:
 * where the other end takes longer, T gets copies of the found value, whose vectors would be arbitrary mixtures. When all are found,
 * their residuals are measured with the operator, and count. A residual that is above its estimate but comes down with it is waited
 * for; one that does not (differences of gradients are good to 1e-9) is the end. */
#include "spectrum/three_term.h"
#include <math.h>
#include <string.h>

#define STRICTER 0.0625 /* asked of an estimate whose residual was too large */

struct end {
    struct saddle_i_ritz ritz;
    struct saddle_i_pair *pair;
    double factor;        /* of what the estimate has to come down to */
    int found, done;
    int64_t measured;     /* k when pair was filled */
};

struct plain {
    struct saddle_i_three_term r;
    struct saddle_i_tridiag t;
    struct end end[2];
    int ends;
    int64_t next;         /* k of the next look */
    double *own;          /* vectors that the caller did not want */
};

static int all_done(const struct plain *w)
{
    return w->end[0].done && (w->ends < 2 || w->end[1].done);
}

/* Whether MAX_PRODUCTS allow one more product, and the vectors to be made after it. */
static int affordable(const struct plain *w)
{
    const struct saddle_i_three_term *r = &w->r;
    return !r->finished && r->spent + r->displaced + 1 + saddle_i_three_term_again(r, r->k + 1) <= r->v->max_products;
}

/* Is every end that is not done found? */
static saddle_status look(struct plain *w, int *found)
{
    const struct saddle_i_three_term *r = &w->r;
    const double floor = fmax(4.0 * DBL_EPSILON * r->norm, saddle_i_operator_noise(r->a, r->norm));
    *found = w->ends == 1 || r->k > 1 || r->closed_at > 0; /* of one product, one end's vector would be the other's, too */
    for (int i = 0; i < w->ends; i++) {
        struct end *e = &w->end[i];
        if (!e->found) {
            TRY(saddle_i_ritz_solve(&w->r, &w->t, &e->ritz));
            e->found = *found && e->ritz.estimate <= e->factor * fmax(saddle_i_ritz_goal(r->v, e->ritz.theta), floor);
        }
    }
    for (int i = 0; i < w->ends; i++) {
        *found = *found && w->end[i].found;
    }
    return SADDLE_OK;
}

/* A space of one dimension, as a multiple of the identity has it, has one vector for both ends. The high one takes any other that is
 * orthogonal to it, and is measured with that. */
static void another_vector(struct plain *w)
{
    const struct saddle_i_kernels *kernels = w->r.a->kernels;
    const int64_t n = w->r.a->n;
    const double *low = w->end[0].ritz.x;
    double *high = w->end[1].ritz.x;
    saddle_i_lanczos_start(w->r.a, w->r.v, 1, high);
    for (int pass = 0; pass < 2; pass++) {
        kernels->axpy(n, -saddle_i_dot(kernels, n, low, high), low, high);
        kernels->scale(n, 1.0 / saddle_i_norm(kernels, n, high), high);
    }
}

/* Measures the ends that are not done. */
static saddle_status measure(struct plain *w)
{
    struct saddle_i_ritz *ritz[2] = {NULL, NULL};
    int count = 0;
    for (int i = 0; i < w->ends; i++) {
        if (!w->end[i].done) {
            ritz[count++] = &w->end[i].ritz;
        }
    }
    TRY(saddle_i_ritz_vectors(&w->r, count, ritz));
    if (count == 2 && w->r.k == 1 && w->r.closed_at == 1) {
        another_vector(w);
    }
    for (int i = 0; i < w->ends; i++) {
        struct end *e = &w->end[i];
        if (e->done) {
            continue;
        }
        TRY(saddle_i_ritz_measure(&w->r, &e->ritz, e->pair, NULL));
        e->measured = w->r.k;
        const int follows = e->pair->residual <= 2.0 * e->ritz.estimate;
        e->done = e->pair->converged || !follows;
        e->found = e->done;
        e->factor *= STRICTER;
    }
    return SADDLE_OK;
}

/* Out of products, or of space: what there is, is reported. */
static saddle_status settle(struct plain *w)
{
    int missing = 0;
    for (int i = 0; i < w->ends; i++) {
        struct end *e = &w->end[i];
        e->done = e->done || e->measured == w->r.k;
        missing = missing || !e->done;
        if (!e->done && !e->found) {
            TRY(saddle_i_ritz_solve(&w->r, &w->t, &e->ritz));
        }
    }
    return missing ? measure(w) : SADDLE_OK;
}

static saddle_status run(struct plain *w)
{
    struct saddle_i_three_term *r = &w->r;
    while (r->k == 0 || affordable(w)) {
        TRY(saddle_i_three_term_step(r));
        if (r->k < w->next && r->closed_at != r->k && !r->finished) {
            continue;
        }
        w->next = saddle_i_ritz_next_look(r->k);
        int found = 0;
        TRY(look(w, &found));
        if (found) {
            TRY(measure(w));
        }
        if (all_done(w)) {
            return SADDLE_OK;
        }
    }
    return settle(w);
}

static saddle_status prepare(struct plain *w, struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v,
                             struct saddle_i_pairs *out)
{
    const int64_t n = a->n;
    w->ends = (int)saddle_i_lanczos_pairs(v, n);
    double *x = out->vectors;
    if (x == NULL) {
        TRY(saddle_i_alloc_vector(a->context, w->ends * n, &w->own));
        x = w->own;
    }
    for (int i = 0; i < w->ends; i++) {
        const int high = w->ends == 2 ? i : v->which == SADDLE_WHICH_LARGEST;
        w->end[i] = (struct end){.ritz = {.high = high, .x = x + i * n}, .pair = &out->pair[i], .factor = 1.0};
    }
    return saddle_i_three_term_begin(&w->r, a, v, 1);
}

saddle_status saddle_i_lanczos_plain(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v,
                                     struct saddle_i_pairs *out)
{
    struct plain w;
    memset(&w, 0, sizeof w);
    w.r.a = a;
    saddle_i_tridiag_init(&w.t, a->context);
    saddle_status s = prepare(&w, a, v, out);
    if (s == SADDLE_OK) {
        s = run(&w);
    }
    if (s == SADDLE_OK) {
        out->count = w.ends;
    }
    saddle_i_three_term_end(&w.r);
    saddle_i_tridiag_fini(&w.t);
    saddle_i_free(a->context, w.own);
    return s;
}
