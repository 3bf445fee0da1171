/* SPDX-License-Identifier: BSD-3-Clause */
/* Evaluations over many grains: acc = acc + count * mean in grain order, divided at the end. One grain passes untouched. */
#include "oracle/team.h"
#include <math.h>
#include <string.h>

enum { DEFAULT_GRAIN = 256 };

static void fill_seat(struct saddle_i_seat *s, int64_t dim, int64_t thread)
{
    memset(s, 0, sizeof *s);
    s->call.struct_size = (int64_t)sizeof s->call;
    s->call.dim = dim;
    s->call.thread = thread;
}

void saddle_i_oracle_init(struct saddle_i_oracle *o, saddle_context *c, int64_t dim, int64_t samples, void *user)
{
    memset(o, 0, sizeof *o);
    o->context = c;
    o->dim = dim;
    o->samples = samples;
    o->grain = DEFAULT_GRAIN;
    o->user = user;
    o->kernels = saddle_i_kernels_best();
    o->seats = 1;
    fill_seat(&o->first, dim, 0);
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

void saddle_i_oracle_fini(struct saddle_i_oracle *o)
{
    saddle_i_team_destroy(o);
    free_others(o);
    free_seat(o->context, &o->first);
}

void saddle_i_oracle_set_grain(struct saddle_i_oracle *o, int64_t grain)
{
    free_others(o);
    free_seat(o->context, &o->first);
    o->grain = grain;
}

saddle_status saddle_i_oracle_needs_value(const struct saddle_i_oracle *o, const char *who)
{
    if (o->value == NULL && o->value_gradient == NULL) {
        return saddle_i_fail(SADDLE_E_MISSING, "%s needs values: call saddle_objective_set_value() or _set_value_gradient()",
                             who);
    }
    return SADDLE_OK;
}

saddle_status saddle_i_oracle_needs_gradient(const struct saddle_i_oracle *o, const char *who)
{
    if (o->gradient == NULL && o->value_gradient == NULL) {
        return saddle_i_fail(SADDLE_E_MISSING,
                             "%s needs gradients: call saddle_objective_set_gradient() or _set_value_gradient()", who);
    }
    return SADDLE_OK;
}

saddle_status saddle_i_oracle_needs_all(const struct saddle_i_oracle *o, const char *who)
{
    if (o->samples == SADDLE_STREAM) {
        return saddle_i_fail(SADDLE_E_UNSUPPORTED, "%s needs all samples, and a SADDLE_STREAM has no end", who);
    }
    return SADDLE_OK;
}

/* " at step 7", or nothing outside a run. */
struct place {
    char text[40];
};

static struct place at_step(int64_t step)
{
    struct place p = {""};
    if (step >= 0) {
        saddle_i_write(p.text, sizeof p.text, " at step %lld", (long long)step);
    }
    return p;
}

saddle_status saddle_i_oracle_gave_up(struct saddle_i_oracle *o, const char *which, int code, int64_t step)
{
    o->callback_code = code;
    o->refused = which;
    o->refused_step = step;
    return code == 1 ? SADDLE_E_CALLBACK : saddle_i_oracle_tell(o, SADDLE_E_CALLBACK); /* 1 may be taken back: not told yet */
}

saddle_status saddle_i_oracle_tell(const struct saddle_i_oracle *o, saddle_status s)
{
    const int code = (int)o->callback_code;
    if (s != SADDLE_E_CALLBACK || code == 0) {
        return s;
    }
    return saddle_i_fail(SADDLE_E_CALLBACK, "the %s callback returned %d (%s)%s", o->refused, code,
                         code == 1 ? "cannot be evaluated at this w" : "gave up", at_step(o->refused_step).text);
}

saddle_status saddle_i_oracle_blame(const struct saddle_i_oracle *o, int64_t step, int64_t entry, double bad)
{
    const char *hint = entry == 0 || entry == o->dim - 1 ? " (or was not written: it comes with NaN)" : "";
    return saddle_i_fail(SADDLE_E_NOT_FINITE, "entry %lld of the gradient is %g%s%s", (long long)entry, isnan(bad) ? fabs(bad) : bad,
                         at_step(step).text, isnan(bad) ? hint : "");
}

saddle_status saddle_i_oracle_project(struct saddle_i_oracle *o, int64_t step, double *w)
{
    const int code = o->project(o->user, o->dim, w);
    if (code != 0) {
        return saddle_i_oracle_gave_up(o, "project", code, step);
    }
    const int64_t entry = saddle_i_first_not_finite(o->dim, w);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "entry %lld of w is %g after the project callback at step %lld",
                             (long long)entry, w[entry], (long long)step);
    }
    return SADDLE_OK;
}

/* One evaluation on its way. */
struct evaluation {
    struct saddle_i_job job;
    struct saddle_i_oracle *o;
    const struct saddle_i_request *q;
    const double *w;
    double *sum;       /* of count * gradient; NULL: no gradient wanted */
    int want_value;
    double value_sum;
    int64_t done;      /* samples folded, */
    int64_t unasked;   /* of which for a value alone */
    const char *which; /* the callback that gave up, */
    int code;          /* and what it returned: 0 when none did. This may be another thread than the one that is told */
};

static struct saddle_i_seat *seat(struct saddle_i_oracle *o, int64_t thread)
{
    return thread == 0 ? &o->first : &o->others[thread - 1];
}

static int call(const struct evaluation *e, struct saddle_i_seat *s, const struct saddle_batch *b, double *g)
{
    struct saddle_i_oracle *o = e->o;
    s->value = SADDLE_I_NAN;
    s->half = 0;
    if (e->sum == NULL && o->value != NULL) {
        s->which = "value";
        return o->value(o->user, b, e->w, &s->value);
    }
    g[0] = g[o->dim - 1] = SADDLE_I_NAN;
    s->which = "gradient";
    if (!e->want_value && o->gradient != NULL) {
        return o->gradient(o->user, b, e->w, g);
    }
    if (o->value_gradient != NULL) {
        s->which = "value_gradient";
        return o->value_gradient(o->user, b, e->w, &s->value, g);
    }
    const int code = o->value(o->user, b, e->w, &s->value); /* both wanted, no callback gives both */
    s->which = code != 0 ? "value" : "gradient";
    s->half = code != 0;
    return code != 0 ? code : o->gradient(o->user, b, e->w, g);
}

static void work(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct evaluation *e = (struct evaluation *)job;
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
        b->first = b->count == 1 ? b->index[0] : -1;
    } else {
        for (int64_t i = 0; i < b->count; i++) {
            s->identity[i] = first + i;
        }
        b->index = s->identity;
        b->first = first;
    }
    double *g = job->grains == 1 && e->sum != NULL ? e->sum : s->mean;
    s->code = call(e, s, b, g);
}

/* Failures are seen here, in grain order, so that the first one is told whatever the threads do. */
static int fold(struct saddle_i_job *job, int64_t k, int64_t thread)
{
    struct evaluation *e = (struct evaluation *)job;
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
            fill_seat(&o->others[t - 1], o->dim, t);
        }
    }
    for (int64_t t = 0; t < threads; t++) {
        TRY(prepare_seat(o, seat(o, t), identity, mean));
    }
    return SADDLE_OK;
}

static saddle_status evaluate(struct evaluation *e)
{
    struct saddle_i_oracle *o = e->o;
    e->job.work = work;
    e->job.fold = fold;
    e->job.grains = (e->q->count - 1) / o->grain + 1;
    e->done = 0;
    const int by_both = o->value_gradient != NULL && (e->want_value ? e->sum != NULL || o->value == NULL : o->gradient == NULL);
    const int64_t threads = saddle_i_team_size(o, e->job.grains);
    const int mean = e->sum != NULL ? e->job.grains > 1 : by_both;
    TRY(prepare_seats(o, threads, e->q->index == NULL, mean));
    saddle_i_team_run(o, &e->job, threads);
    e->q->counts->gradient += e->sum != NULL || by_both ? e->done - e->unasked : 0;
    e->q->counts->value += e->want_value || by_both ? e->done : 0;
    return e->code == 0 ? SADDLE_OK : saddle_i_oracle_gave_up(o, e->which, e->code, e->q->step);
}

/* The mean of the values; one grain passes untouched. */
static saddle_status finish_value(const struct evaluation *e, double *value)
{
    const double nominal = (double)e->q->nominal;
    const double v = e->job.grains == 1 && e->q->count == e->q->nominal ? e->o->first.value : e->value_sum / nominal;
    if (!isfinite(v)) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "the value is %g%s%s", isnan(v) ? fabs(v) : v, at_step(e->q->step).text,
                             isnan(v) ? " (or was not written: it comes with NaN)" : "");
    }
    *value = v;
    return SADDLE_OK;
}

saddle_status saddle_i_oracle_value(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w,
                                    double *value)
{
    struct saddle_i_request all = *q;
    if (q->index == NULL) {
        all.count = all.nominal = o->samples;
    }
    struct evaluation e = {.o = o, .q = &all, .w = w, .want_value = 1};
    TRY(evaluate(&e));
    return finish_value(&e, value);
}

saddle_status saddle_i_oracle_gradient(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w,
                                       double *value, double *g, double *bound)
{
    struct saddle_i_request all = *q;
    if (q->index == NULL) {
        all.count = all.nominal = o->samples;
    }
    struct evaluation e = {.o = o, .q = &all, .w = w, .want_value = value != NULL, .sum = g};
    TRY(evaluate(&e));
    double v = 0.0;
    if (value != NULL) {
        TRY(finish_value(&e, &v));
    }
    *bound = -1.0;
    if (e.job.grains > 1 || all.count != all.nominal) {
        const double divisor = (double)all.nominal;
        const double factor = e.job.grains > 1 ? 1.0 : (double)all.count;
        double mass = 0.0;
        for (int64_t i = 0; i < o->dim; i++) {
            g[i] = factor * g[i] / divisor;
            mass += fabs(g[i]);
        }
        if (!isfinite(mass)) {
            const int64_t entry = saddle_i_first_not_finite(o->dim, g);
            if (entry >= 0) {
                return saddle_i_oracle_blame(o, q->step, entry, g[entry]);
            }
            mass = saddle_i_max_abs(o->dim, g);
        }
        *bound = mass;
    }
    if (value != NULL) {
        *value = v;
    }
    return SADDLE_OK;
}
