/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic gradient Langevin dynamics, Zhang, Liang, Charikar 2017:
 *     y = w_(t-1) - eta_t g_B(w_(t-1)) + sqrt(2 eta_t/xi) N(0, I);   w_t = y if y is in K, else w_(t-1).
 * K is where the gradient can be evaluated: a callback that returns 1 at w_(t-1) rejects the step that led there, and step t
 * starts from w_(t-2). With a projection, w_t is the projection of y instead. */
#include "methods/method.h"
#include <math.h>

enum { HAS_BEFORE };

/* w = the iterate before it. */
static int reject(struct saddle_i_run *r)
{
    if (!r->counter[HAS_BEFORE]) {
        return 0;
    }
    saddle_i_run_swap(r, r->before);
    r->counter[HAS_BEFORE] = 0;
    r->oracle->callback_code = 0; /* no callback has given up */
    return 1;
}

static saddle_status gradient_or_reject(struct saddle_i_run *r)
{
    const int64_t used = r->used;
    const saddle_status s = saddle_i_run_gradient(r);
    if (s != SADDLE_E_CALLBACK || r->oracle->callback_code != 1 || !reject(r)) {
        return s;
    }
    r->used = used; /* the step uses one gradient, the other was refused */
    return saddle_i_run_gradient(r);
}

static saddle_status step(struct saddle_i_run *r)
{
    TRY(gradient_or_reject(r));
    TRY(saddle_i_run_scale(r, r->eta));
    const double s = sqrt(2.0 * r->eta / r->set.inverse_temperature);
    TRY(saddle_i_run_noise(r, SADDLE_NOISE_GAUSSIAN, -s));
    TRY(saddle_i_run_descend(r, 1.0));
    r->counter[HAS_BEFORE] = 1;
    r->perturbations++;
    return SADDLE_OK;
}

static const int64_t required[] = {SADDLE_OPT_INVERSE_TEMPERATURE, 0};

const struct saddle_i_method saddle_i_method_sgld = {
    .name = "sgld",
    .id = SADDLE_METHOD_SGLD,
    .needs = SADDLE_I_MINI_BATCH | SADDLE_I_NEEDS_BEFORE,
    .counters = {"has_before"},
    .required = required,
    .reject = reject,
    .step = step,
};
