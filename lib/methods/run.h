/* SPDX-License-Identifier: BSD-3-Clause */
/* A run as a method sees it, and the moves that every method's box is made of: a gradient, its norm, noise, a step down.
 * A failed move leaves w as it was. */
#ifndef SADDLE_I_RUN_H
#define SADDLE_I_RUN_H
#include <saddle/options.h>
#include "oracle/oracle.h"
#include "random/batches.h"
#include "space/tiny.h"

/* The options of a run, resolved. */
struct saddle_i_settings {
    uint64_t seed;
    int64_t batch_size, sampling, escape_steps, noise_kind, noise_every;
    double step_size, escape_step, radius, gradient_threshold, decrease_threshold, noise, inverse_temperature;
};

enum { SADDLE_I_MAX_VECTORS = 2, SADDLE_I_MAX_COUNTERS = 2 };

struct saddle_i_run {
    struct saddle_i_oracle *oracle;
    int64_t n;                       /* dim */
    double *w;                       /* the caller's */
    double *g;                       /* the gradient; scratch after a step down */
    double *before;                  /* the iterate before this one, where a step may have to be taken back; else NULL */
    double *vector[SADDLE_I_MAX_VECTORS];     /* the method's own, named in its table */
    int64_t counter[SADDLE_I_MAX_COUNTERS];   /* likewise */
    double number[SADDLE_I_MAX_COUNTERS];     /* likewise */
    struct saddle_i_settings set;
    struct saddle_i_batches batches;
    int one_grain;                   /* every mini-batch is one whole grain for the gradient callback */
    struct saddle_i_counts counts;
    int64_t used;                    /* samples of the gradients that steps asked for: what epochs count */

    int64_t t;                       /* the step that is being taken, from 1 */
    double eta;                      /* eta_t */
    double eta_ratio;                /* eta_t / eta_0: the schedule scales r too */
    int64_t point;                   /* id of w */
    int64_t perturbations;
    int escaping;                    /* inside the t_thres steps after a perturbation */
    int method_stop;                 /* set by a step that did not move: the method's own rule */

    int want_norms;                  /* this step ends in an event */
    double value, gradient_norm, step_norm; /* of this step; NaN = not computed */

    double bound;                    /* max |g_i| <= bound; -1: g was not looked at yet */
    int changed;                     /* g is no longer the gradient: noise was added, or it was scaled */
    double reach;                    /* max |w_i| <= reach: a step that stays far below the largest double needs no test of w */

    int64_t ready_point;             /* g holds the full gradient at this point, -1 = none, */
    double ready_value;              /* and this is f there, NaN = not known; */
    int ready_with_value;            /* it came of an evaluation that gave f too; */
    int ready_elsewhere;             /* the run was loaded: g is still to be made again, by the same evaluation, which has been counted */

    int chosen;                      /* STEP_SIZE is 0: set.step_size is measured at w_0 */
    int guarded;                     /* and no step is taken that does not lower f as far as L promises */
    double smoothness;               /* L; 0 = not measured yet */
    int64_t known_point;             /* f at this point is known to the guard, -1 = none, */
    double known_value;              /* and it is this */
};

/* g = grad f(w) over all samples; *value = f(w) with it when value is not NULL. */
saddle_status saddle_i_run_gradient_all(struct saddle_i_run *r, double *value);
/* g = mean of grad f_z(w) over given samples. */
saddle_status saddle_i_run_gradient_of(struct saddle_i_run *r, const int64_t *index, int64_t count, int64_t nominal);
/* f(w) over all samples. */
saddle_status saddle_i_run_value(struct saddle_i_run *r, double *value);
/* ||g||. */
saddle_status saddle_i_run_norm(struct saddle_i_run *r, double *norm);
/* g = a g. */
saddle_status saddle_i_run_scale(struct saddle_i_run *r, double a);
/* g = g + s xi, E xi_i^2 = 1, of the given kind, from the stream (seed, NOISE, t). */
saddle_status saddle_i_run_noise(struct saddle_i_run *r, int64_t kind, double s);
/* w = w + xi, uniform in the ball of radius r: u^(1/d) y/||y||. */
saddle_status saddle_i_run_ball(struct saddle_i_run *r, double radius);
/* The general step down; callers take saddle_i_run_descend(), or saddle_i_run_leap(). */
saddle_status saddle_i_run_descend_general(struct saddle_i_run *r, double eta);
/* The general step down, or the guarded one where eta was chosen. */
saddle_status saddle_i_run_descend_safely(struct saddle_i_run *r, double eta);

/* The guard, guard.c: it may shorten the step, and raises L and lowers eta with it. */
saddle_status saddle_i_run_descend_guarded(struct saddle_i_run *r, double eta);
/* w = w - g; g, of the given length, was made from a gradient of the given norm. */
saddle_status saddle_i_run_walk_guarded(struct saddle_i_run *r, double norm, double length);
/* Only shortens such a g. */
saddle_status saddle_i_run_shorten(struct saddle_i_run *r, double norm, double length);
/* w = its given content, at another point. */
void saddle_i_run_restore(struct saddle_i_run *r, const double *content);
/* Exchanges w with a vector of dim entries. */
void saddle_i_run_swap(struct saddle_i_run *r, double *other);

#define SADDLE_I_REACH_MAX 0x1p1000 /* far below the largest double, 2^1024 */

/* g = mean of grad f_z(w) over the mini-batch of step t. */
static inline saddle_status saddle_i_run_gradient_batch(struct saddle_i_run *r)
{
    struct saddle_i_batches *b = &r->batches;
    const int64_t *index = saddle_i_batches_at(b, r->t);
    if (!SADDLE_I_LIKELY(r->one_grain && !r->want_norms)) {
        return saddle_i_run_gradient_of(r, index, saddle_i_batches_count(b, r->t), b->size);
    }
    r->changed = 0;
    r->bound = -1.0;
    r->ready_point = -1;
    r->used += b->size;
    return saddle_i_oracle_gradient_grain(r->oracle, index, b->size, r->t, r->point, &r->counts, r->w, r->g);
}

/* w = w - eta g, eta >= 0, whatever f does there: a perturbation. */
static inline saddle_status saddle_i_run_leap(struct saddle_i_run *r, double eta)
{
    return saddle_i_run_descend_general(r, eta);
}

/* w = w - eta g, eta >= 0. */
static inline saddle_status saddle_i_run_descend(struct saddle_i_run *r, double eta)
{
    if (r->n <= SADDLE_I_TINY && r->bound < 0.0 && !r->want_norms && r->before == NULL) {
        const double reach = r->reach + eta * saddle_i_tiny_mass(r->n, r->g);
        if (SADDLE_I_LIKELY(reach < SADDLE_I_REACH_MAX)) {
            saddle_i_tiny_descend(r->n, eta, r->g, r->w);
            r->reach = reach;
            r->point = saddle_i_oracle_new_point(r->oracle);
            return SADDLE_OK;
        }
    }
    return saddle_i_run_descend_safely(r, eta);
}

#endif
