/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic gradient descent, and SGD(T, t_thres, r, eta) of Daneshmand et al. 2018 (CNC-SGD):
 *     w_t = w_(t-1) - r_t g_B(w_(t-1))     when t mod t_thres = 0,
 *     w_t = w_(t-1) - eta_t g_B(w_(t-1))   else,      r_t = r eta_t/eta_0. */
#include "methods/method.h"

static saddle_status step(struct saddle_i_run *r)
{
    const int64_t t_thres = r->set.escape_steps;
    const int escape = t_thres > 0 && r->t % t_thres == 0;
    TRY(saddle_i_run_gradient(r));
    TRY(saddle_i_run_descend(r, escape ? r->set.escape_step * r->eta_ratio : r->eta));
    r->perturbations += escape;
    return SADDLE_OK;
}

static const int64_t required[] = {0};

const struct saddle_i_method saddle_i_method_sgd = {
    .name = "sgd",
    .id = SADDLE_METHOD_SGD,
    .needs = SADDLE_I_MINI_BATCH,
    .required = required,
    .step = step,
};
