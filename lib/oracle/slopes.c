/* SPDX-License-Identifier: BSD-3-Clause */
/* Slopes and norms of the gradients of single samples, each thread with one gradient at a time. */
#include "oracle/evaluation.h"
#include <math.h>

enum { SLICE = 16 }; /* samples that a thread takes at once: their calls are of one sample each, whatever the grain */

/* What a thread has for itself. */
struct room {
    struct saddle_i_seat seat; /* seat.mean is the gradient */
    int64_t sample;            /* number of the sample, where there is no index */
    int64_t taken;             /* calls of the slice, */
    int64_t at;                /* of which the last was for this sample of the request, */
    int64_t entry;             /* and gave an entry that is not finite; -1: none, but the norm is too large */
    double bad;                /* that entry, or the norm; 0: nothing was wrong */
};

struct each {
    struct saddle_i_job job; /* first */
    struct saddle_i_oracle *o;
    const struct saddle_i_request *q;
    const double *w, *v;
    int64_t k;
    double *rows;
    struct room *rooms;
    int64_t done;               /* calls folded */
    const struct room *failed;  /* in the order of the samples */
};

static int call(const struct each *e, struct room *r)
{
    struct saddle_i_oracle *o = e->o;
    double *g = r->seat.mean;
    g[0] = g[o->dim - 1] = SADDLE_I_NAN;
    if (o->gradient != NULL) {
        r->seat.which = "gradient";
        return o->gradient(o->user, &r->seat.call, e->w, g);
    }
    r->seat.which = "value_gradient";
    r->seat.value = SADDLE_I_NAN;
    return o->value_gradient(o->user, &r->seat.call, e->w, &r->seat.value, g);
}

/* Sample i of the request into its row; 0 when that was not possible. */
static int take(const struct each *e, struct room *r, int64_t i)
{
    const struct saddle_i_oracle *o = e->o;
    struct saddle_batch *b = &r->seat.call;
    r->sample = i;
    r->at = i;
    r->taken++;
    b->index = e->q->index != NULL ? e->q->index + i : &r->sample;
    b->first = b->index[0];
    r->seat.code = call(e, r);
    if (r->seat.code != 0) {
        return 0;
    }
    const double *g = r->seat.mean;
    const double norm = saddle_i_norm(o->kernels, o->dim, g);
    if (!(norm <= SADDLE_I_ENTRY_MAX)) {
        r->entry = isfinite(norm) ? -1 : saddle_i_first_not_finite(o->dim, g);
        r->bad = r->entry >= 0 ? g[r->entry] : norm;
        return 0;
    }
    double *row = e->rows + i * (e->k + 1);
    for (int64_t j = 0; j < e->k; j++) {
        row[j] = norm > 0.0 ? saddle_i_dot(o->kernels, o->dim, g, e->v + j * o->dim) : 0.0;
    }
    row[e->k] = norm;
    return 1;
}

static void work(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct each *e = (struct each *)job;
    struct room *r = &e->rooms[thread];
    const int64_t first = k * SLICE;
    const int64_t end = e->q->count - first < SLICE ? e->q->count : first + SLICE;
    r->taken = 0;
    for (int64_t i = first; i < end && take(e, r, i); i++) {
    }
}

static int fold(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct each *e = (struct each *)job;
    const struct room *r = &e->rooms[thread];
    (void)k;
    e->done += r->taken;
    if (r->seat.code != 0 || r->bad != 0.0) {
        e->failed = r;
        return 0;
    }
    return 1;
}

static saddle_status make_rooms(struct each *e, int64_t threads)
{
    saddle_context *c = e->o->context;
    void *p = NULL;
    TRY(saddle_i_alloc(c, threads, sizeof(struct room), &p));
    e->rooms = p;
    saddle_status s = SADDLE_OK;
    for (int64_t t = 0; t < threads; t++) {
        const struct room nothing = {.entry = -1};
        e->rooms[t] = nothing;
        saddle_i_seat_fill(&e->rooms[t].seat, e->o->dim, t);
        struct saddle_batch *b = &e->rooms[t].seat.call;
        b->count = 1;
        b->step = e->q->step;
        b->point = e->q->point;
        s = s == SADDLE_OK ? saddle_i_alloc_vector(c, e->o->dim, &e->rooms[t].seat.mean) : s;
    }
    return s;
}

static void free_rooms(struct each *e, int64_t threads)
{
    for (int64_t t = 0; e->rooms != NULL && t < threads; t++) {
        saddle_i_free(e->o->context, e->rooms[t].seat.mean);
    }
    saddle_i_free(e->o->context, e->rooms);
}

static saddle_status blame(const struct each *e)
{
    const struct room *r = e->failed;
    if (r->seat.code != 0) {
        return saddle_i_oracle_gave_up(e->o, r->seat.which, r->seat.code, e->q->step);
    }
    const long long sample = (long long)(e->q->index != NULL ? e->q->index[r->at] : r->at);
    const struct saddle_i_place place = saddle_i_at_step(e->q->step);
    if (r->entry < 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "the gradient of sample %lld has the norm %g, whose square is out of range%s", sample,
                             r->bad, place.text);
    }
    const int at_an_end = r->entry == 0 || r->entry == e->o->dim - 1;
    return saddle_i_fail(SADDLE_E_NOT_FINITE, "entry %lld of the gradient of sample %lld is %g%s%s", (long long)r->entry, sample,
                         isnan(r->bad) ? fabs(r->bad) : r->bad, place.text,
                         isnan(r->bad) && at_an_end ? " (or was not written: it comes with NaN)" : "");
}

saddle_status saddle_i_oracle_each_gradient(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w, int64_t k,
                                            const double *v, double *rows)
{
    const struct saddle_i_request all = saddle_i_request_counted(o, q);
    struct each e = {.o = o, .q = &all, .w = w, .v = v, .k = k, .rows = rows};
    e.job.work = work;
    e.job.fold = fold;
    e.job.grains = (all.count - 1) / SLICE + 1;
    const int64_t threads = saddle_i_team_size(o, e.job.grains);
    saddle_status s = make_rooms(&e, threads);
    if (s == SADDLE_OK) {
        saddle_i_team_run(o, &e.job, threads);
        all.counts->gradient += e.done;
        all.counts->value += o->gradient == NULL ? e.done : 0;
        s = e.failed == NULL ? SADDLE_OK : blame(&e);
    }
    free_rooms(&e, threads);
    return s;
}
