/* SPDX-License-Identifier: BSD-3-Clause */
/* SGD-GD (CNC-PGD), Daneshmand et al. 2018, Algorithm 1:
 *     if ||grad f(w)|| <= g_thres and t - t_noise >= t_thres:  w -= r_t grad f_z(w), z fresh;  t_noise = t
 *     else:                                                     w -= eta_t grad f(w)
 * The threshold is on the norm, not on its square. */
#include "methods/method.h"

enum { T_NOISE };

static void init(struct saddle_i_run *r)
{
    r->counter[T_NOISE] = -r->set.escape_steps - 1;
}

/* w -= r grad f_z(w); the page of batches holds z. */
static saddle_status escape(struct saddle_i_run *r, double full_norm)
{
    const int64_t b = r->set.batch_size == 0 ? 1 : r->set.batch_size;
    int64_t *z = r->batches.page;
    const saddle_random_stream s = {r->set.seed, SADDLE_I_PURPOSE_ESCAPE, (uint64_t)r->t};
    saddle_i_random_indices(&s, 0, r->oracle->samples, b, z);
    TRY(saddle_i_run_gradient_of(r, z, b, b));
    TRY(saddle_i_run_leap(r, r->set.escape_step * r->eta_ratio));
    r->gradient_norm = full_norm;
    r->counter[T_NOISE] = r->t;
    r->perturbations++;
    r->escaping = 1;
    return SADDLE_OK;
}

static saddle_status step(struct saddle_i_run *r)
{
    double norm;
    TRY(saddle_i_run_gradient_all(r, NULL));
    TRY(saddle_i_run_norm(r, &norm));
    if (norm <= r->set.gradient_threshold && r->t - r->counter[T_NOISE] >= r->set.escape_steps) {
        return escape(r, norm);
    }
    TRY(saddle_i_run_descend(r, r->eta));
    r->escaping = r->t - r->counter[T_NOISE] < r->set.escape_steps;
    return SADDLE_OK;
}

static const int64_t required[] = {SADDLE_OPT_ESCAPE_STEP, SADDLE_OPT_ESCAPE_STEPS,
                                   SADDLE_OPT_GRADIENT_THRESHOLD, 0};

const struct saddle_i_method saddle_i_method_sgd_gd = {
    .name = "sgd_gd",
    .id = SADDLE_METHOD_SGD_GD,
    .needs = SADDLE_I_NEEDS_ALL | SADDLE_I_ESCAPE_RULE,
    .counters = {"t_noise"},
    .required = required,
    .init = init,
    .step = step,
};
