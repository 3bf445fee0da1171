/* SPDX-License-Identifier: BSD-3-Clause */
/* eta_t, from functions with the same bits on every machine. */
#include "solver/engine.h"
#include <math.h>

static double factor(int64_t schedule, double x)
{
    switch (schedule) {
    case SADDLE_SCHEDULE_INVERSE: return 1.0 / (1.0 + x);
    case SADDLE_SCHEDULE_INVERSE_SQRT: return 1.0 / sqrt(1.0 + x);
    case SADDLE_SCHEDULE_EXPONENTIAL: return saddle_i_exp(x < 745.0 ? -x : -745.0);
    case SADDLE_SCHEDULE_COSINE: return 0.5 * (1.0 + saddle_i_cospi(x < 1.0 ? x : 1.0));
    default: return 1.0;
    }
}

saddle_status saddle_i_engine_schedule(struct saddle_solver *s, int64_t step)
{
    struct saddle_i_run *r = &s->run;
    const double eta0 = r->set.step_size;
    if (s->own_schedule == NULL) {
        r->eta_ratio = factor(s->schedule, (double)(step - 1) / s->schedule_time);
        r->eta = eta0 * r->eta_ratio;
        return SADDLE_OK;
    }
    double eta = SADDLE_I_NAN;
    const int code = s->own_schedule(s->own_schedule_user, step, eta0, &eta);
    if (code != 0) {
        s->callback_code = code;
        return saddle_i_fail(SADDLE_E_CALLBACK, "the schedule returned %d at step %lld", code, (long long)step);
    }
    if (!(eta >= 0.0 && eta <= DBL_MAX)) {
        return saddle_i_fail(SADDLE_E_RANGE, "the schedule gave the step size %g at step %lld: it must be finite and >= 0",
                             eta, (long long)step);
    }
    r->eta = r->guarded ? fmin(eta, eta0) : eta; /* above eta0 = 1/L, L promises nothing: the guard would let f rise */
    r->eta_ratio = r->eta / eta0;
    return SADDLE_OK;
}
