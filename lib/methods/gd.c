/* SPDX-License-Identifier: BSD-3-Clause */
/* Gradient descent: w_t = w_(t-1) - eta_t grad f(w_(t-1)). */
#include "methods/method.h"

static saddle_status step(struct saddle_i_run *r)
{
    TRY(saddle_i_run_gradient(r));
    return saddle_i_run_descend(r, r->eta);
}

static const int64_t required[] = {0};

const struct saddle_i_method saddle_i_method_gd = {
    .name = "gd",
    .id = SADDLE_METHOD_GD,
    .needs = SADDLE_I_OWN_BATCH_ALL | SADDLE_I_MINI_BATCH,
    .required = required,
    .step = step,
};
