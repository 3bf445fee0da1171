/* SPDX-License-Identifier: BSD-3-Clause */
/* The guard of a step size that was measured, not set. L at the start says little about other places, so a step that lowers f
 * by less than L promises is not taken: L doubles, eta halves, both stay, and the step is tried again. For a step of length l along
 * the gradient the promise is
 *     f(w_t) <= f(w_(t-1)) - l ||g|| + L l^2/2. */
#include "methods/run.h"
#include <math.h>
#include <string.h>

enum { MOST_DOUBLINGS = 200, SUSPICIOUS = 8 };

/* A step that was tried; w_t is in run.before. */
struct trial {
    double value; /* f there; infinity where there is none */
    double reach; /* max |w_i| there */
    int64_t point;
};

/* f(w). That of the last trial is still known. A value that came with the gradient serves where a value callback would not be asked
 * instead: then f is the same number whoever asked first. */
static saddle_status value_here(struct saddle_i_run *r, double *value)
{
    if (r->known_point != r->point) {
        if (r->oracle->value == NULL && r->ready_point == r->point && !isnan(r->ready_value)) {
            r->known_value = r->ready_value;
        } else {
            TRY(saddle_i_run_value(r, &r->known_value));
        }
        r->known_point = r->point;
    }
    *value = r->known_value;
    return SADDLE_OK;
}

/* f(w - a g). That it cannot be had there is an answer too. */
static saddle_status try_step(struct saddle_i_run *r, double a, struct trial *t)
{
    struct saddle_i_oracle *o = r->oracle;
    memcpy(r->before, r->w, (size_t)r->n * sizeof(double));
    o->kernels->axpy(r->n, -a, r->g, r->before);
    t->value = SADDLE_I_INF;
    t->reach = saddle_i_max_abs(r->n, r->before);
    if (!(t->reach <= DBL_MAX)) {
        return SADDLE_OK;
    }
    t->point = saddle_i_oracle_new_point(o);
    const struct saddle_i_request q = {NULL, 0, 0, r->t, t->point, &r->counts};
    const saddle_status s = saddle_i_oracle_value(o, &q, r->before, &t->value);
    if (s == SADDLE_E_CALLBACK && o->callback_code == 1) {
        o->callback_code = 0;
        return SADDLE_OK;
    }
    return s == SADDLE_E_NOT_FINITE ? SADDLE_OK : s;
}

/* One line for each doubling that stays. */
static void report_doublings(const struct saddle_i_run *r, double h)
{
    for (double k = 1.0; k > h; k *= 0.5) {
        saddle_i_report(r->oracle->context, 3, "step_size 0: step %lld: L %g doubles to %g, step size %g halves to %g", (long long)r->t,
                        r->smoothness / k, 2.0 * r->smoothness / k, r->set.step_size * k, 0.5 * r->set.step_size * k);
    }
}

static saddle_status give_up(const struct saddle_i_run *r, double value, double length)
{
    const int nowhere = isinf(value);
    return saddle_i_fail(nowhere ? SADDLE_E_NOT_FINITE : SADDLE_E_RANGE,
                         "step_size 0: step %lld, of length %g down the gradient, %s, however often it is halved: check the gradient "
                         "(saddle_check_derivatives()), or set step_size",
                         (long long)r->t, length, nowhere ? "ends where f cannot be evaluated" : "does not lower f");
}

/* How many halvings on end have halved the rise of f, too, as far as it can be resolved. */
static int count_linear(int count, double rise, double rise_before, double rounding)
{
    if (!(rise > 8.0 * rounding)) {
        return count;
    }
    return rise > 0.4 * rise_before && rise < 0.6 * rise_before ? count + 1 : 0;
}

/* Tries w - a g, w - a g/2, w - a g/4, ... until one lowers f as it should, and keeps L and eta that led to it; *shrink is the power of
 * two. a g has the given length, and the direction of a gradient of the given norm. What f cannot resolve is not asked for: an
 * evaluation is off by some eps |f|, and by what the rounding of w does to it, some eps ||g|| ||w||. But where f has risen in proportion
 * to the step down to there, and not to its square, the gradient is not that of f. */
static saddle_status find(struct saddle_i_run *r, double a, double norm, double length, double *shrink, struct trial *t)
{
    double f;
    TRY(value_here(r, &f));
    const double rounding = 0x1p-40 * fabs(f) + 0x1p-40 * norm * saddle_i_norm(r->oracle->kernels, r->n, r->w);
    double h = 1.0, rise_before = SADDLE_I_INF;
    int linear = 0;
    for (int k = 0; k <= MOST_DOUBLINGS; k++, h *= 0.5) {
        const double l = h * length;
        const double promised = norm * l - 0.5 * (r->smoothness / h) * l * l;
        TRY(try_step(r, h * a, t));
        if (t->value > f - promised && t->value <= f - promised + rounding && linear >= SUSPICIOUS) {
            break;
        }
        if (t->value <= f - promised + rounding) {
            report_doublings(r, h);
            r->smoothness /= h;
            r->set.step_size *= h;
            r->eta *= h;
            r->value = f;
            *shrink = h;
            return SADDLE_OK;
        }
        linear = count_linear(linear, t->value - f, rise_before, rounding);
        rise_before = t->value - f;
    }
    return give_up(r, t->value, length);
}

static saddle_status descend_a(struct saddle_i_run *r, double a, double norm, double length)
{
    struct trial t;
    double shrink;
    if (norm == 0.0 || length == 0.0) { /* w stays */
        return saddle_i_run_descend_general(r, a);
    }
    TRY(find(r, a, norm, length, &shrink, &t));
    for (int64_t i = 0; i < r->n; i++) {
        const double next = r->before[i];
        r->before[i] = r->w[i];
        r->w[i] = next;
    }
    r->reach = t.reach;
    r->point = r->known_point = t.point;
    r->known_value = t.value;
    r->ready_point = -1;
    if (r->want_norms) {
        r->step_norm = shrink * length;
    }
    return SADDLE_OK;
}

saddle_status saddle_i_run_descend_guarded(struct saddle_i_run *r, double eta)
{
    double norm;
    TRY(saddle_i_run_norm(r, &norm));
    return descend_a(r, eta, norm, eta * norm);
}

saddle_status saddle_i_run_walk_guarded(struct saddle_i_run *r, double norm, double length)
{
    return descend_a(r, 1.0, norm, length);
}

saddle_status saddle_i_run_shorten(struct saddle_i_run *r, double norm, double length)
{
    struct trial t;
    double shrink = 1.0;
    if (norm > 0.0 && length > 0.0) {
        TRY(find(r, 1.0, norm, length, &shrink, &t));
    }
    return shrink < 1.0 ? saddle_i_run_scale(r, shrink) : SADDLE_OK;
}
