/* SPDX-License-Identifier: BSD-3-Clause */
/* Objectives as the library calls them: values and gradients over a request, projections, and what is said when they fail. */
#include "oracle/evaluation.h"
#include <math.h>
#include <string.h>

enum { DEFAULT_GRAIN = 256 };

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
    saddle_i_seat_fill(&o->first, dim, 0);
}

void saddle_i_oracle_fini(struct saddle_i_oracle *o)
{
    saddle_i_team_destroy(o);
    saddle_i_seats_free(o);
}

void saddle_i_oracle_set_grain(struct saddle_i_oracle *o, int64_t grain)
{
    saddle_i_seats_free(o);
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

saddle_status saddle_i_oracle_needs_hessian(const struct saddle_i_oracle *o, const char *who)
{
    if (o->hessvec == NULL && o->gradient == NULL && o->value_gradient == NULL) {
        return saddle_i_fail(SADDLE_E_MISSING,
                             "%s needs Hessian products: call saddle_objective_set_hessvec(), or, to have differences of gradients, "
                             "_set_gradient() or _set_value_gradient()",
                             who);
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
                         code == 1 ? "cannot be evaluated at this w" : "gave up", saddle_i_at_step(o->refused_step).text);
}

saddle_status saddle_i_oracle_blame(const struct saddle_i_oracle *o, int64_t step, int64_t entry, double bad)
{
    const char *hint = entry == 0 || entry == o->dim - 1 ? " (or was not written: it comes with NaN)" : "";
    return saddle_i_fail(SADDLE_E_NOT_FINITE, "entry %lld of the gradient is %g%s%s", (long long)entry, isnan(bad) ? fabs(bad) : bad,
                         saddle_i_at_step(step).text, isnan(bad) ? hint : "");
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

/* Values and gradients. */
static int call(const struct saddle_i_evaluation *e, struct saddle_i_seat *s, double *g)
{
    struct saddle_i_oracle *o = e->o;
    const struct saddle_batch *b = &s->call;
    s->value = SADDLE_I_NAN;
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

static saddle_status evaluate(struct saddle_i_evaluation *e)
{
    struct saddle_i_oracle *o = e->o;
    const int by_both = o->value_gradient != NULL && (e->want_value ? e->sum != NULL || o->value == NULL : o->gradient == NULL);
    e->call = call;
    const saddle_status s = saddle_i_evaluate(e, e->sum == NULL && by_both);
    e->q->counts->gradient += e->sum != NULL || by_both ? e->done - e->unasked : 0;
    e->q->counts->value += e->want_value || by_both ? e->done : 0;
    return s;
}

/* The mean of the values; one grain passes untouched. */
static saddle_status finish_value(const struct saddle_i_evaluation *e, double *value)
{
    const double nominal = (double)e->q->nominal;
    const double v = saddle_i_evaluation_is_raw(e) ? e->o->first.value : e->value_sum / nominal;
    if (!isfinite(v)) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "the value is %g%s%s", isnan(v) ? fabs(v) : v, saddle_i_at_step(e->q->step).text,
                             isnan(v) ? " (or was not written: it comes with NaN)" : "");
    }
    *value = v;
    return SADDLE_OK;
}

saddle_status saddle_i_oracle_value(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w,
                                    double *value)
{
    const struct saddle_i_request all = saddle_i_request_counted(o, q);
    struct saddle_i_evaluation e = {.o = o, .q = &all, .w = w, .want_value = 1};
    TRY(evaluate(&e));
    return finish_value(&e, value);
}

saddle_status saddle_i_oracle_gradient(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w,
                                       double *value, double *g, double *bound)
{
    const struct saddle_i_request all = saddle_i_request_counted(o, q);
    struct saddle_i_evaluation e = {.o = o, .q = &all, .w = w, .want_value = value != NULL, .sum = g};
    TRY(evaluate(&e));
    double v = 0.0;
    if (value != NULL) {
        TRY(finish_value(&e, &v));
    }
    *bound = -1.0;
    if (!saddle_i_evaluation_is_raw(&e)) {
        double mass = saddle_i_evaluation_divide(&e);
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
