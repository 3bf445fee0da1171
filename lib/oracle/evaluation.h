/* SPDX-License-Identifier: BSD-3-Clause */
/* One evaluation over a request, in grains, by the threads of the objective: what values, gradients, Hessian products and slopes
 * have in common. */
#ifndef SADDLE_I_EVALUATION_H
#define SADDLE_I_EVALUATION_H
#include "oracle/team.h"

struct saddle_i_evaluation {
    struct saddle_i_job job; /* first: the team knows no more */
    struct saddle_i_oracle *o;
    const struct saddle_i_request *q; /* with its count, also where index is NULL */
    const double *w;
    /* One call over s->call. out: dim numbers of a mean, or the grain's own part of `each`; sets s->which and returns the callback's
     * code. */
    int (*call)(const struct saddle_i_evaluation *e, struct saddle_i_seat *s, double *out);
    const double *v;    /* the direction of a Hessian product, or those of slopes */
    int64_t directions; /* of slopes */
    double *sum;        /* of count * mean; NULL: no such mean is wanted */
    double *each;       /* count * directions numbers, no mean; or NULL */
    int want_value;
    double value_sum;
    int64_t done;      /* samples folded, */
    int64_t unasked;   /* of which for a value alone */
    const char *which; /* the callback that gave up, */
    int code;          /* and what it returned: 0 when none did. This may be another thread than the one that is told */
};

/* Runs it; mean: whether a grain needs room of its own for a vector. The caller counts. */
saddle_status saddle_i_evaluate(struct saddle_i_evaluation *e, int mean);
/* Whether sum is still the untouched mean of a single grain. */
static inline int saddle_i_evaluation_is_raw(const struct saddle_i_evaluation *e)
{
    return e->job.grains == 1 && e->q->count == e->q->nominal;
}
/* Divides sum, unless it is raw, and returns the sum of its magnitudes. */
double saddle_i_evaluation_divide(struct saddle_i_evaluation *e);
/* The request, with its count where it is over all samples. */
struct saddle_i_request saddle_i_request_counted(const struct saddle_i_oracle *o, const struct saddle_i_request *q);
/* The rooms of all callers go. */
void saddle_i_seats_free(struct saddle_i_oracle *o);
void saddle_i_seat_fill(struct saddle_i_seat *s, int64_t dim, int64_t thread);

/* " at step 7", or nothing outside a run. */
struct saddle_i_place {
    char text[40];
};
struct saddle_i_place saddle_i_at_step(int64_t step);

#endif
