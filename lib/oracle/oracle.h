/* SPDX-License-Identifier: BSD-3-Clause */
/* The ONLY caller of an objective's callbacks: it cuts batches into grains, calls, folds the means in order, tests
 * finiteness, counts. What leaves this room is averaged, counted and finite, or comes with a status. */
#ifndef SADDLE_I_ORACLE_H
#define SADDLE_I_ORACLE_H
#include <saddle/objective.h>
#include "space/space.h"

struct saddle_i_team; /* the threads of one objective, team.h */

/* Oracle calls times their samples. */
struct saddle_i_counts {
    int64_t value, gradient, hessvec, slopes;
};

/* What each of the concurrent callers has for itself. */
struct saddle_i_seat {
    struct saddle_batch call;
    int64_t *identity; /* first, first+1, ... of a grain of an evaluation over all samples */
    double *mean;      /* the gradient of one of several grains */
    double value;      /* and its value */
    const char *which; /* the callback that was called last */
    int code;          /* what the callback returned */
    int half;          /* the value gave up, so that the gradient was not asked */
};

/* An objective as the oracle sees it. */
struct saddle_i_oracle {
    saddle_context *context;
    int64_t dim, samples, grain;
    void *user;
    saddle_value_fn value;
    saddle_gradient_fn gradient;
    saddle_value_gradient_fn value_gradient;
    saddle_hessvec_fn hessvec;
    saddle_slopes_fn slopes;
    saddle_project_fn project;
    const struct saddle_i_kernels *kernels;
    int64_t point;                /* the newest point id */
    int64_t callback_code;        /* what the last callback that gave up returned, */
    const char *refused;          /* which one it was, */
    int64_t refused_step;         /* and in which step */
    struct saddle_i_seat first;   /* of the calling thread */
    struct saddle_i_seat *others; /* of the team's threads, thread t at t - 1 */
    int64_t seats;                /* how many of all these are made: 1 + others */
    struct saddle_i_team *team;   /* NULL while one thread is enough */
};

/* What an evaluation is over. */
struct saddle_i_request {
    const int64_t *index; /* NULL: all samples */
    int64_t count;
    int64_t nominal;      /* the sum is divided by this: count for a mean, B for the short last batch of an epoch */
    int64_t step, point;  /* as in saddle_batch */
    struct saddle_i_counts *counts;
};

/* Before the first use, and when the objective goes. */
void saddle_i_oracle_init(struct saddle_i_oracle *o, saddle_context *c, int64_t dim, int64_t samples, void *user);
void saddle_i_oracle_fini(struct saddle_i_oracle *o);
/* Another grain: the room made for the old one goes. */
void saddle_i_oracle_set_grain(struct saddle_i_oracle *o, int64_t grain);

/* A new point id: w has changed, or is unknown. */
static inline int64_t saddle_i_oracle_new_point(struct saddle_i_oracle *o)
{
    return ++o->point;
}

/* SADDLE_OK when the objective can give them; else SADDLE_E_MISSING that names the callback. */
saddle_status saddle_i_oracle_needs_value(const struct saddle_i_oracle *o, const char *who);
saddle_status saddle_i_oracle_needs_gradient(const struct saddle_i_oracle *o, const char *who);
saddle_status saddle_i_oracle_needs_hessian(const struct saddle_i_oracle *o, const char *who); /* gradients will do */
/* SADDLE_E_UNSUPPORTED for a stream. */
saddle_status saddle_i_oracle_needs_all(const struct saddle_i_oracle *o, const char *who);

/* f over the request. *value is written on success only. */
saddle_status saddle_i_oracle_value(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w,
                                    double *value);
/* grad f over the request into g (scratch after a failure), and f with it when value is not NULL. *bound >= max |g_i|, where the
 * entries were looked at; a request of one grain comes UNTESTED, *bound = -1: whoever uses g looks at it in the pass that it makes
 * anyway, and calls saddle_i_oracle_blame(). */
saddle_status saddle_i_oracle_gradient(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w,
                                       double *value, double *g, double *bound);
/* The failure of a gradient with an entry that is not finite. */
SADDLE_I_COLD saddle_status saddle_i_oracle_blame(const struct saddle_i_oracle *o, int64_t step, int64_t entry, double bad);
/* H(w) v over the request by the hessvec callback, which must be there, every entry finite. v overlaps not product, which is scratch
 * after a failure. */
saddle_status saddle_i_oracle_hessvec(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w, const double *v,
                                      double *product);
/* slopes[i k + j] = <grad f_z(w), v_j>, z = sample number i of the request, by the slopes callback, which must be there; every one
 * finite. Nothing is averaged; nominal is not looked at. */
saddle_status saddle_i_oracle_slopes(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w, int64_t k,
                                     const double *v, double *slopes);
/* The same by gradients of single samples, which must be there, and their norms: row i of k + 1 numbers holds the slopes of sample number
 * i of the request and, last, ||grad f_z(w)||. A norm above SADDLE_I_ENTRY_MAX, whose square is of no use, is SADDLE_E_NOT_FINITE. */
saddle_status saddle_i_oracle_each_gradient(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w, int64_t k,
                                            const double *v, double *rows);
/* The projection of w in place; on failure the content of w is unspecified. */
saddle_status saddle_i_oracle_project(struct saddle_i_oracle *o, int64_t step, double *w);

/* The message of a status that is handed to the caller: a code 1 comes without, since the step may be taken back. */
saddle_status saddle_i_oracle_tell(const struct saddle_i_oracle *o, saddle_status s);
SADDLE_I_COLD saddle_status saddle_i_oracle_gave_up(struct saddle_i_oracle *o, const char *which, int code, int64_t step);

/* The same for a mini-batch of one grain, by the gradient callback, which must be there: inline, since it is what a step costs
 * where dim is small. g comes untested. */
static inline saddle_status saddle_i_oracle_gradient_grain(struct saddle_i_oracle *o, const int64_t *index, int64_t count,
                                                           int64_t step, int64_t point, struct saddle_i_counts *counts,
                                                           const double *w, double *g)
{
    struct saddle_batch *b = &o->first.call;
    b->count = count;
    b->first = count == 1 ? index[0] : -1;
    b->index = index;
    b->step = step;
    b->point = point;
    g[0] = g[o->dim - 1] = SADDLE_I_NAN;
    counts->gradient += count;
    const int code = o->gradient(o->user, b, w, g);
    return SADDLE_I_LIKELY(code == 0) ? SADDLE_OK : saddle_i_oracle_gave_up(o, "gradient", code, step);
}

#endif
