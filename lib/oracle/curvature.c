/* SPDX-License-Identifier: BSD-3-Clause */
/* Hessian products and slopes over a request. */
#include "oracle/evaluation.h"
#include <math.h>

static int call_hessvec(const struct saddle_i_evaluation *e, struct saddle_i_seat *s, double *product)
{
    struct saddle_i_oracle *o = e->o;
    product[0] = product[o->dim - 1] = SADDLE_I_NAN;
    s->which = "hessvec";
    return o->hessvec(o->user, &s->call, e->w, e->v, product);
}

static int call_slopes(const struct saddle_i_evaluation *e, struct saddle_i_seat *s, double *slopes)
{
    struct saddle_i_oracle *o = e->o;
    slopes[0] = slopes[s->call.count * e->directions - 1] = SADDLE_I_NAN;
    s->which = "slopes";
    return o->slopes(o->user, &s->call, e->w, e->directions, e->v, slopes);
}

/* What may be behind a NaN in this place. */
static const char *hint(double bad, int at_an_end)
{
    return isnan(bad) && at_an_end ? " (or was not written: it comes with NaN)" : "";
}

saddle_status saddle_i_oracle_hessvec(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w, const double *v,
                                      double *product)
{
    const struct saddle_i_request all = saddle_i_request_counted(o, q);
    struct saddle_i_evaluation e = {.o = o, .q = &all, .w = w, .call = call_hessvec, .v = v, .sum = product};
    const saddle_status s = saddle_i_evaluate(&e, 0);
    all.counts->hessvec += e.done;
    TRY(s);
    if (isfinite(saddle_i_evaluation_divide(&e))) {
        return SADDLE_OK;
    }
    const int64_t entry = saddle_i_first_not_finite(o->dim, product);
    if (entry < 0) {
        return SADDLE_OK; /* the sum of magnitudes alone is out of range */
    }
    const double bad = product[entry];
    return saddle_i_fail(SADDLE_E_NOT_FINITE, "entry %lld of the Hessian product is %g%s%s", (long long)entry,
                         isnan(bad) ? fabs(bad) : bad, saddle_i_at_step(q->step).text, hint(bad, entry == 0 || entry == o->dim - 1));
}

saddle_status saddle_i_oracle_slopes(struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w, int64_t k,
                                     const double *v, double *slopes)
{
    const struct saddle_i_request all = saddle_i_request_counted(o, q);
    struct saddle_i_evaluation e = {.o = o, .q = &all, .w = w, .call = call_slopes, .v = v, .directions = k, .each = slopes};
    const saddle_status s = saddle_i_evaluate(&e, 0);
    all.counts->slopes += e.done;
    TRY(s);
    const int64_t at = saddle_i_first_not_finite(all.count * k, slopes);
    if (at < 0) {
        return SADDLE_OK;
    }
    const int64_t i = at / k, last = i % o->grain == o->grain - 1 || i == all.count - 1;
    const int at_an_end = (at % k == 0 && i % o->grain == 0) || (at % k == k - 1 && last);
    return saddle_i_fail(SADDLE_E_NOT_FINITE, "the slope of sample %lld along direction %lld is %g%s%s",
                         (long long)(all.index != NULL ? all.index[i] : i), (long long)(at % k),
                         isnan(slopes[at]) ? fabs(slopes[at]) : slopes[at], saddle_i_at_step(q->step).text,
                         hint(slopes[at], at_an_end));
}
