/* SPDX-License-Identifier: BSD-3-Clause */
/* Is lambda_min < x? The pivots of T - x I say so with every product: one that is not positive is a Ritz value at or below x, and
 * log K_k(x) at its target excludes an eigenvalue there. Either is held against rounding before it is said; of differences of gradients
 * NO is said when the whole interval, which has their error, is above x. */
#include "spectrum/three_term.h"
#include <math.h>

struct sign {
    struct saddle_i_three_term r;
    struct saddle_i_tridiag t;
    struct saddle_i_pivots pivots;
    struct saddle_i_ritz ritz;
    struct saddle_i_pair *pair;
    enum saddle_i_sign answer;
    double margin;        /* of the noise: how far below x the proof has to be */
    int64_t next;         /* k of the next look */
    double *own;          /* the vector, where the caller did not want it and it costs no second pass */
    int filled;           /* pair is that of this k */
    int64_t last;         /* products at most */
};

static double margin(const struct sign *w)
{
    const double size = fmax(w->r.norm, fabs(w->pivots.x));
    return w->margin * (saddle_i_operator_differs(w->r.a) ? saddle_i_operator_noise(w->r.a, size) : SADDLE_I_ROUNDING * size);
}

/* The vector is made, and measured, where it is wanted or where all it takes is there. */
static int measurable(const struct sign *w)
{
    return w->own == NULL || saddle_i_three_term_again(&w->r, w->r.k) == 0;
}

static saddle_status fill(struct sign *w, double *quotient)
{
    struct saddle_i_ritz *const one[1] = {&w->ritz};
    w->filled = 1;
    if (!measurable(w)) {
        saddle_i_ritz_report(&w->r, &w->ritz, w->pair);
        *quotient = w->ritz.theta;
        return SADDLE_OK;
    }
    TRY(saddle_i_ritz_vectors(&w->r, 1, one));
    return saddle_i_ritz_measure(&w->r, &w->ritz, w->pair, quotient);
}

/* A Ritz value that is at x and has converged will not move; another one may come. */
static void hurry(struct sign *w)
{
    const int64_t last = 2 * w->r.k + 10;
    if (w->ritz.estimate <= margin(w) && w->last > last) {
        w->last = last;
    }
}

/* A Ritz value is at or below x. It is YES when v'Av itself is, by more than rounding: a singular A has Ritz values of both signs
 * at 1e-17. Where T and the operator disagree, more is asked for next time. */
static saddle_status prove(struct sign *w)
{
    const double x = w->pivots.x;
    TRY(saddle_i_ritz_solve(&w->r, &w->t, &w->ritz));
    if (!(w->ritz.theta < x - margin(w))) {
        hurry(w);
        return SADDLE_OK;
    }
    double quotient = 0.0;
    TRY(fill(w, &quotient));
    if (quotient < x - margin(w)) {
        w->answer = SADDLE_I_SIGN_YES;
        w->pair->value = quotient;
        w->pair->upper = fmin(fmax(w->pair->upper, quotient), x);
        return SADDLE_OK;
    }
    w->margin *= 4.0;
    return SADDLE_OK;
}

/* log K_k(x) is at its target. */
static saddle_status exclude(struct sign *w)
{
    if (!saddle_i_operator_differs(w->r.a)) {
        w->answer = SADDLE_I_SIGN_NO;
        return SADDLE_OK;
    }
    TRY(saddle_i_ritz_solve(&w->r, &w->t, &w->ritz));
    saddle_i_ritz_report(&w->r, &w->ritz, w->pair);
    if (w->pair->lower >= w->pivots.x) {
        w->answer = SADDLE_I_SIGN_NO;
    } else {
        hurry(w);
    }
    return SADDLE_OK;
}

static saddle_status decide(struct sign *w, double target)
{
    struct saddle_i_three_term *r = &w->r;
    int below = 0;
    while (r->k < w->last && !r->finished && w->answer == SADDLE_I_SIGN_UNDECIDED) {
        TRY(saddle_i_three_term_step(r));
        const int64_t j = r->k - 1;
        w->filled = 0;
        if (!below) {
            below = saddle_i_pivots_step(&w->pivots, r->alpha[j], j > 0 ? r->beta[j - 1] : 0.0, r->beta[j]);
        }
        const int looks = r->k >= w->next || r->finished;
        if (!below && w->pivots.log_sum >= target && looks) {
            TRY(exclude(w));
        }
        if (below && looks) {
            TRY(prove(w));
        }
        if ((below || w->pivots.log_sum >= target) && looks) {
            w->next = saddle_i_ritz_next_look(r->k);
        }
    }
    if (w->answer == SADDLE_I_SIGN_YES) {
        return SADDLE_OK;
    }
    double quotient = 0.0;
    if (!w->filled) {
        TRY(saddle_i_ritz_solve(r, &w->t, &w->ritz));
        TRY(fill(w, &quotient));
    }
    if (w->answer == SADDLE_I_SIGN_NO) {
        const double clear = fmin(w->ritz.theta, w->pair->value) - w->pivots.x;
        const int differs = saddle_i_operator_differs(r->a);
        if (!(clear > margin(w)) || (differs && !(w->pair->lower >= w->pivots.x))) { /* a closed space with x for a Ritz value: rounding said it */
            w->answer = SADDLE_I_SIGN_UNDECIDED;
            return SADDLE_OK;
        }
        w->pair->lower = fmax(w->pair->lower, w->pivots.x); /* no slack was subtracted from what has just been said */
    }
    return SADDLE_OK;
}

static saddle_status prepare(struct sign *w, struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, double *vector)
{
    if (vector == NULL) {
        TRY(saddle_i_alloc_vector(a->context, a->n, &w->own));
    }
    w->ritz.x = vector != NULL ? vector : w->own;
    return saddle_i_three_term_begin(&w->r, a, v, 1);
}

saddle_status saddle_i_lanczos_sign(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, double x,
                                    enum saddle_i_sign *answer, struct saddle_i_pair *pair, double *vector)
{
    struct sign w = {.r = {.a = a}, .pair = pair, .last = v->max_products};
    w.margin = saddle_i_operator_differs(a) ? 4.0 : 1.0;
    saddle_i_tridiag_init(&w.t, a->context);
    saddle_i_pivots_start(&w.pivots, x);
    saddle_status s = prepare(&w, a, v, vector);
    if (s == SADDLE_OK) {
        s = decide(&w, saddle_i_bound_target(a->n, v->delta));
    }
    if (s == SADDLE_OK) {
        *answer = w.answer;
    }
    saddle_i_three_term_end(&w.r);
    saddle_i_tridiag_fini(&w.t);
    saddle_i_free(a->context, w.own);
    return s;
}
