/* SPDX-License-Identifier: BSD-3-Clause */
/* Perturbed gradient descent, Jin, Ge, Netrapalli, Kakade, Jordan 2017, Algorithm 2. With i = t - 1, the number of the iterate
 * that step t starts from:
 *     if ||grad f(w_i)|| <= g_thres and i - t_noise > t_thres:
 *         snapshot = w_i;  t_noise = i;  w_i = snapshot + xi,  xi uniform in the ball of radius r
 *     if i - t_noise = t_thres and f(w_i) - f(snapshot) > -f_thres:  return snapshot
 *     w_(i+1) = w_i - eta grad f(w_i)      (the gradient at the perturbed point) */
#include "methods/method.h"
#include <string.h>

enum { SNAPSHOT };   /* vectors */
enum { T_NOISE };    /* counters */
enum { F_SNAPSHOT }; /* numbers */

static void init(struct saddle_i_run *r)
{
    r->counter[T_NOISE] = -r->set.escape_steps - 1;
}

/* f and grad f at w: in one pass where the objective has value_gradient, else the value by a call of its own. */
static saddle_status gradient_and_value(struct saddle_i_run *r, double *value)
{
    if (r->oracle->value_gradient != NULL) {
        return saddle_i_run_gradient_all(r, value);
    }
    TRY(saddle_i_run_gradient_all(r, NULL));
    return saddle_i_run_value(r, value);
}

static saddle_status perturb(struct saddle_i_run *r, double f_snapshot)
{
    memcpy(r->vector[SNAPSHOT], r->w, (size_t)r->n * sizeof(double));
    TRY(saddle_i_run_ball(r, r->set.radius));
    saddle_status s = saddle_i_run_gradient_all(r, NULL);
    if (s == SADDLE_OK) {
        s = saddle_i_run_descend(r, r->eta);
    }
    if (s != SADDLE_OK) {
        saddle_i_run_restore(r, r->vector[SNAPSHOT]);
        return s;
    }
    if (r->before != NULL) { /* the iterate before this one is the snapshot, not the perturbed point */
        memcpy(r->before, r->vector[SNAPSHOT], (size_t)r->n * sizeof(double));
    }
    r->value = f_snapshot; /* of an event: f at the iterate before the step */
    r->counter[T_NOISE] = r->t - 1;
    r->number[F_SNAPSHOT] = f_snapshot;
    r->perturbations++;
    r->escaping = 1;
    return SADDLE_OK;
}

/* Did t_thres steps lower f by f_thres? If not, the snapshot is what the run was looking for. */
static saddle_status certify(struct saddle_i_run *r)
{
    double f;
    TRY(gradient_and_value(r, &f));
    r->value = f;
    if (f - r->number[F_SNAPSHOT] > -r->set.decrease_threshold) {
        r->method_stop = 1;
        return SADDLE_OK;
    }
    TRY(saddle_i_run_descend(r, r->eta));
    r->escaping = 0;
    return SADDLE_OK;
}

static saddle_status step(struct saddle_i_run *r)
{
    const int64_t since = r->t - 1 - r->counter[T_NOISE];
    if (since == r->set.escape_steps) {
        return certify(r);
    }
    const int may_perturb = since > r->set.escape_steps;
    double f = SADDLE_I_NAN, norm = 0.0;
    const int together = may_perturb && r->oracle->value_gradient != NULL;
    TRY(saddle_i_run_gradient_all(r, together ? &f : NULL));
    if (may_perturb) {
        TRY(saddle_i_run_norm(r, &norm));
        if (norm <= r->set.gradient_threshold) {
            if (!together) {
                TRY(saddle_i_run_value(r, &f));
            }
            return perturb(r, f);
        }
    }
    return saddle_i_run_descend(r, r->eta);
}

static const int64_t required[] = {SADDLE_OPT_RADIUS, SADDLE_OPT_ESCAPE_STEPS, SADDLE_OPT_GRADIENT_THRESHOLD,
                                   SADDLE_OPT_DECREASE_THRESHOLD, 0};

const struct saddle_i_method saddle_i_method_pgd = {
    .name = "pgd",
    .id = SADDLE_METHOD_PGD,
    .needs = SADDLE_I_NEEDS_VALUE | SADDLE_I_NEEDS_ALL | SADDLE_I_ESCAPE_RULE,
    .vectors = {"snapshot"},
    .counters = {"t_noise"},
    .numbers = {"f_snapshot"},
    .answer = 1 + SNAPSHOT,
    .required = required,
    .init = init,
    .step = step,
};
