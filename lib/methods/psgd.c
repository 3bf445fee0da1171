/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic gradient descent with added noise, Ge et al. 2015 (sphere), Jin et al. 2019 (Gaussian):
 *     w_t = w_(t-1) - eta_t (g_B(w_(t-1)) + xi_t),  E xi_i^2 = NOISE^2 for every kind. */
#include "methods/method.h"

static saddle_status step(struct saddle_i_run *r)
{
    TRY(saddle_i_run_gradient(r));
    TRY(saddle_i_run_noise(r, r->set.noise_kind, r->set.noise));
    TRY(saddle_i_run_descend(r, r->eta));
    r->perturbations++;
    return SADDLE_OK;
}

static const int64_t required[] = {SADDLE_OPT_NOISE, 0};

const struct saddle_i_method saddle_i_method_psgd = {
    .name = "psgd",
    .id = SADDLE_METHOD_PSGD,
    .needs = SADDLE_I_MINI_BATCH,
    .required = required,
    .step = step,
};
