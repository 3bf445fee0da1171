/* SPDX-License-Identifier: BSD-3-Clause */
/* Normalised gradient descent with periodic noise (Saddle-NGD), Levy 2016:
 *     w_t = w_(t-1) - eta_t g/||g||  (0 when g = 0),  and + theta N(0, I) when t mod N_0 = 0. */
#include "methods/method.h"

/* g = eta g/||g||. Below 2^-500 the norm is first taken to where eta/||g|| cannot overflow. */
static saddle_status normalise(struct saddle_i_run *r, double norm)
{
    if (norm == 0.0) { /* exactly zero: no direction */
        return saddle_i_run_scale(r, 0.0);
    }
    if (norm < 0x1p-500) {
        TRY(saddle_i_run_scale(r, 0x1p600));
        TRY(saddle_i_run_norm(r, &norm));
    }
    return saddle_i_run_scale(r, r->eta / norm);
}

static saddle_status step(struct saddle_i_run *r)
{
    double norm;
    TRY(saddle_i_run_gradient(r));
    TRY(saddle_i_run_norm(r, &norm));
    TRY(normalise(r, norm));
    const int noise = r->set.noise > 0.0 && r->t % r->set.noise_every == 0;
    if (r->guarded && !noise) {
        return saddle_i_run_walk_guarded(r, norm, r->eta);
    }
    if (r->guarded) { /* the noise is not */
        TRY(saddle_i_run_shorten(r, norm, r->eta));
    }
    if (noise) {
        TRY(saddle_i_run_noise(r, SADDLE_NOISE_GAUSSIAN, -r->set.noise));
    }
    TRY(saddle_i_run_leap(r, 1.0));
    r->perturbations += noise;
    return SADDLE_OK;
}

static const int64_t required[] = {0};

const struct saddle_i_method saddle_i_method_ngd = {
    .name = "ngd",
    .id = SADDLE_METHOD_NGD,
    .needs = SADDLE_I_OWN_BATCH_ALL | SADDLE_I_MINI_BATCH,
    .required = required,
    .step = step,
};
