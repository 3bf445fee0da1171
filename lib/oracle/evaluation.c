/* SPDX-License-Identifier: BSD-3-Clause */
/* Evaluations over many grains: acc = acc + count * mean in grain order, divided at the end. One grain passes untouched. */
#include "oracle/evaluation.h"
#include <math.h>
#include <string.h>

void saddle_i_seat_fill(struct saddle_i_seat *s, int64_t dim, int64_t thread)
{
    memset(s, 0, sizeof *s);
    s->call.struct_size = (int64_t)sizeof s->call;
    s->call.dim = dim;
    s->call.thread = thread;
}

static void free_seat(saddle_context *c, struct saddle_i_seat *s)
{
    saddle_i_free(c, s->identity);
    saddle_i_free(c, s->mean);
    s->identity = NULL;
    s->mean = NULL;
}

static void free_others(struct saddle_i_oracle *o)
{
    for (int64_t t = 1; t < o->seats; t++) {
        free_seat(o->context, &o->others[t - 1]);
    }
    saddle_i_free(o->context, o->others);
    o->others = NULL;
    o->seats = 1;
}

void saddle_i_seats_free(struct saddle_i_oracle *o)
{
    free_others(o);
    free_seat(o->context, &o->first);
}

struct saddle_i_place saddle_i_at_step(int64_t step)
{
    struct saddle_i_place p = {""};
    if (step >= 0) {
        saddle_i_write(p.text, sizeof p.text, " at step %lld", (long long)step);
    }
    return p;
}

struct saddle_i_request saddle_i_request_counted(const struct saddle_i_oracle *o, const struct saddle_i_request *q)
{
    struct saddle_i_request all = *q;
    if (q->index == NULL) {
        all.count = all.nominal = o->samples;
    }
    return all;
}

static struct saddle_i_seat *seat(struct saddle_i_oracle *o, int64_t thread)
{
    return thread == 0 ? &o->first : &o->others[thread - 1];
}

/* Blocks of a pass over all samples are: models that hold them in a row may multiply matrices then. */
static int is_consecutive(const int64_t *index, int64_t count)
{
    int64_t i = 1;
    while (i < count && index[i] == index[0] + i) {
        i++;
    }
    return i == count;
}

static void work(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct saddle_i_evaluation *e = (struct saddle_i_evaluation *)job;
    struct saddle_i_oracle *o = e->o;
    struct saddle_i_seat *s = seat(o, thread);
    struct saddle_batch *b = &s->call;
    const int64_t first = k * o->grain;
    const int64_t left = e->q->count - first;
    b->count = left < o->grain ? left : o->grain;
    b->step = e->q->step;
    b->point = e->q->point;
    if (e->q->index != NULL) {
        b->index = e->q->index + first;
        b->first = is_consecutive(b->index, b->count) ? b->index[0] : -1;
    } else {
        for (int64_t i = 0; i < b->count; i++) {
            s->identity[i] = first + i;
        }
        b->index = s->identity;
        b->first = first;
    }
    double *out = job->grains == 1 && e->sum != NULL ? e->sum : s->mean;
    s->half = 0;
    s->code = e->call(e, s, e->each != NULL ? e->each + first * e->directions : out);
}

/* Failures are seen here, in grain order, so that the first one is told whatever the threads do. */
static int fold(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct saddle_i_evaluation *e = (struct saddle_i_evaluation *)job;
    struct saddle_i_seat *s = seat(e->o, thread);
    const int64_t count = s->call.count;
    e->done += count;
    if (s->code != 0) {
        e->unasked = s->half ? count : 0;
        e->which = s->which;
        e->code = s->code;
        return 0;
    }
    if (e->want_value) {
        const double part = (double)count * s->value;
        e->value_sum = k == 0 ? part : e->value_sum + part;
    }
    if (e->sum != NULL && job->grains > 1) {
        saddle_i_accumulate(e->o->kernels, k == 0, e->o->dim, (double)count, s->mean, e->sum);
    }
    return 1;
}

static saddle_status prepare_seat(struct saddle_i_oracle *o, struct saddle_i_seat *s, int identity, int mean)
{
    if (identity && s->identity == NULL) {
        const int64_t most = o->samples > 0 && o->samples < o->grain ? o->samples : o->grain;
        void *p = NULL;
        TRY(saddle_i_alloc(o->context, most, sizeof(int64_t), &p));
        s->identity = p;
    }
    if (mean && s->mean == NULL) {
        TRY(saddle_i_alloc_vector(o->context, o->dim, &s->mean));
    }
    return SADDLE_OK;
}

/* Room for `threads` callers. The seats of a team that has shrunk stay: the caller may set the threads back. */
static saddle_status prepare_seats(struct saddle_i_oracle *o, int64_t threads, int identity, int mean)
{
    if (threads > o->seats) {
        free_others(o);
        void *p = NULL;
        TRY(saddle_i_alloc(o->context, threads - 1, sizeof(struct saddle_i_seat), &p));
        o->others = p;
        o->seats = threads;
        for (int64_t t = 1; t < threads; t++) {
            saddle_i_seat_fill(&o->others[t - 1], o->dim, t);
        }
    }
    for (int64_t t = 0; t < threads; t++) {
        TRY(prepare_seat(o, seat(o, t), identity, mean));
    }
    return SADDLE_OK;
}

saddle_status saddle_i_evaluate(struct saddle_i_evaluation *e, int mean)
{
    struct saddle_i_oracle *o = e->o;
    e->job.work = work;
    e->job.fold = fold;
    e->job.grains = (e->q->count - 1) / o->grain + 1;
    e->done = 0;
    const int64_t threads = saddle_i_team_size(o, e->job.grains);
    TRY(prepare_seats(o, threads, e->q->index == NULL, mean || (e->sum != NULL && e->job.grains > 1)));
    saddle_i_team_run(o, &e->job, threads);
    return e->code == 0 ? SADDLE_OK : saddle_i_oracle_gave_up(o, e->which, e->code, e->q->step);
}

double saddle_i_evaluation_divide(struct saddle_i_evaluation *e)
{
    if (saddle_i_evaluation_is_raw(e)) {
        return e->o->kernels->mass(e->o->dim, e->sum);
    }
    const double divisor = (double)e->q->nominal;
    const double factor = e->job.grains > 1 ? 1.0 : (double)e->q->count;
    double mass = 0.0;
    for (int64_t i = 0; i < e->o->dim; i++) {
        e->sum[i] = factor * e->sum[i] / divisor;
        mass += fabs(e->sum[i]);
    }
    return mass;
}
