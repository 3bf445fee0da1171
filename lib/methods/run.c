/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/run.h"
#include <math.h>
#include <string.h>

saddle_status saddle_i_run_value(struct saddle_i_run *r, double *value)
{
    const struct saddle_i_request q = {NULL, 0, 0, r->t, r->point, &r->counts};
    return saddle_i_oracle_value(r->oracle, &q, r->w, value);
}

/* What has to be known of a fresh gradient. Long vectors are tested in the pass that moves w. */
static saddle_status look_at_gradient(struct saddle_i_run *r)
{
    r->changed = 0;
    r->ready_point = -1;
    if (r->want_norms && (r->n <= SADDLE_I_LONG || r->bound >= 0.0)) {
        return saddle_i_run_norm(r, &r->gradient_norm);
    }
    return SADDLE_OK;
}

saddle_status saddle_i_run_gradient_of(struct saddle_i_run *r, const int64_t *index, int64_t count, int64_t nominal)
{
    const struct saddle_i_request q = {index, count, nominal, r->t, r->point, &r->counts};
    r->used += count;
    r->ready_point = -1; /* g is written over, also by a call that fails */
    TRY(saddle_i_oracle_gradient(r->oracle, &q, r->w, NULL, r->g, &r->bound));
    return look_at_gradient(r);
}

/* The evaluation that g of a loaded run came from, once more. The run that was saved has counted it. */
static saddle_status gradient_again(struct saddle_i_run *r)
{
    struct saddle_i_counts counted = r->counts;
    const struct saddle_i_request q = {NULL, 0, 0, r->t, r->point, &counted};
    const int has_value = r->oracle->value != NULL || r->oracle->value_gradient != NULL;
    double v;
    TRY(saddle_i_oracle_gradient(r->oracle, &q, r->w, r->ready_with_value && has_value ? &v : NULL, r->g, &r->bound));
    r->ready_elsewhere = 0;
    return SADDLE_OK;
}

saddle_status saddle_i_run_gradient_all(struct saddle_i_run *r, double *value)
{
    r->used += r->oracle->samples;
    if (r->ready_point == r->point && r->ready_elsewhere) {
        TRY(gradient_again(r));
    }
    if (r->ready_point == r->point && value != NULL && isnan(r->ready_value) && r->oracle->value != NULL) {
        TRY(saddle_i_run_value(r, &r->ready_value)); /* the gradient is there: only f is missing */
    }
    if (r->ready_point == r->point && (value == NULL || !isnan(r->ready_value))) {
        r->value = r->ready_value;
        if (value != NULL) {
            *value = r->ready_value;
        }
        r->bound = -1.0;
        const double ready_value = r->ready_value;
        TRY(look_at_gradient(r));
        r->ready_point = r->point; /* still untouched */
        r->ready_value = ready_value;
        return SADDLE_OK;
    }
    const struct saddle_i_request q = {NULL, 0, 0, r->t, r->point, &r->counts};
    const int free_value = r->oracle->gradient == NULL;
    double v = SADDLE_I_NAN;
    r->ready_point = -1;
    TRY(saddle_i_oracle_gradient(r->oracle, &q, r->w, value != NULL || free_value ? &v : NULL, r->g, &r->bound));
    r->value = v;
    TRY(look_at_gradient(r));
    r->ready_point = r->point;
    r->ready_value = v;
    r->ready_with_value = value != NULL || free_value;
    r->ready_elsewhere = 0;
    if (value != NULL) {
        *value = v;
    }
    return SADDLE_OK;
}

static saddle_status blame(struct saddle_i_run *r)
{
    r->ready_point = -1; /* the next try asks again */
    const int64_t entry = saddle_i_first_not_finite(r->n, r->g);
    return saddle_i_oracle_blame(r->oracle, r->t, entry, entry < 0 ? SADDLE_I_INF : r->g[entry]);
}

saddle_status saddle_i_run_norm(struct saddle_i_run *r, double *norm)
{
    const double v = saddle_i_norm(r->oracle->kernels, r->n, r->g);
    if (!(v <= DBL_MAX)) {
        r->ready_point = -1;
        return saddle_i_first_not_finite(r->n, r->g) >= 0
                   ? blame(r)
                   : saddle_i_fail(SADDLE_E_NOT_FINITE, "the norm of the gradient is above %g at step %lld", DBL_MAX,
                                   (long long)r->t);
    }
    r->bound = v;
    if (!r->changed) {
        r->gradient_norm = v;
    }
    *norm = v;
    return SADDLE_OK;
}

/* Finiteness of g, and a bound of its entries. */
static saddle_status test_gradient(struct saddle_i_run *r)
{
    if (r->bound >= 0.0) {
        return SADDLE_OK;
    }
    r->bound = r->oracle->kernels->mass(r->n, r->g);
    if (!(r->bound <= DBL_MAX)) { /* a sum of finite entries may overflow */
        if (saddle_i_first_not_finite(r->n, r->g) >= 0) {
            return blame(r);
        }
        r->bound = saddle_i_max_abs(r->n, r->g);
    }
    return SADDLE_OK;
}

/* Before g is changed: its finiteness, and the norm that an event will want. */
static saddle_status before_change(struct saddle_i_run *r)
{
    return r->want_norms && !r->changed ? saddle_i_run_norm(r, &r->gradient_norm) : test_gradient(r);
}

saddle_status saddle_i_run_scale(struct saddle_i_run *r, double a)
{
    TRY(before_change(r));
    r->oracle->kernels->scale(r->n, a, r->g);
    r->bound *= fabs(a);
    r->changed = 1;
    r->ready_point = -1;
    return SADDLE_OK;
}

/* ||y||, y ~ N(0, I) from the stream, without keeping y. */
static double norm_of_normals(const struct saddle_i_run *r, const saddle_random_stream *s)
{
    double y[SADDLE_I_BLOCK];
    struct saddle_i_sum sum;
    saddle_i_sum_init(&sum);
    for (int64_t first = 0; first < r->n; first += SADDLE_I_BLOCK) {
        const int64_t n = r->n - first < SADDLE_I_BLOCK ? r->n - first : SADDLE_I_BLOCK;
        saddle_i_random_normal(s, first, n, y);
        saddle_i_sum_add(&sum, r->oracle->kernels->dot(n, y, y));
    }
    return sqrt(saddle_i_sum_round(&sum));
}

/* u^(1/d), u uniform in (0,1): one number a step, whatever d. */
static double ball_radius(const struct saddle_i_run *r)
{
    const saddle_random_stream s = {r->set.seed, SADDLE_I_PURPOSE_RADIUS, (uint64_t)r->t};
    double u;
    saddle_i_random_uniform(&s, 0, 1, &u);
    return saddle_i_exp(saddle_i_log(u) / (double)r->n);
}

saddle_status saddle_i_run_noise(struct saddle_i_run *r, int64_t kind, double s)
{
    TRY(before_change(r));
    const saddle_random_stream stream = {r->set.seed, SADDLE_I_PURPOSE_NOISE, (uint64_t)r->t};
    const double d = (double)r->n;
    double a = s;
    double most = SADDLE_I_NORMAL_MAX * fabs(s);
    if (kind == SADDLE_NOISE_SPHERE) { /* E xi_i^2 = R^2/d */
        most = fabs(s) * sqrt(d);
        a = s * sqrt(d) / norm_of_normals(r, &stream);
    } else if (kind == SADDLE_NOISE_BALL) { /* E xi_i^2 = R^2/(d+2) */
        most = fabs(s) * sqrt(d + 2.0);
        a = s * sqrt(d + 2.0) * ball_radius(r) / norm_of_normals(r, &stream);
    }
    saddle_i_random_normal_axpy(&stream, r->n, a, r->g);
    r->bound += 2.0 * most; /* twice: rounding */
    r->changed = 1;
    r->ready_point = -1;
    if (!(r->bound < SADDLE_I_REACH_MAX)) {
        r->bound = -1.0;
        return test_gradient(r);
    }
    return SADDLE_OK;
}

saddle_status saddle_i_run_ball(struct saddle_i_run *r, double radius)
{
    if (!(r->reach + radius < SADDLE_I_REACH_MAX)) {
        r->reach = saddle_i_max_abs(r->n, r->w);
        if (!(r->reach + radius < SADDLE_I_REACH_MAX)) {
            return saddle_i_fail(SADDLE_E_NOT_FINITE, "an entry of w is %g: a ball of radius %g around it leaves the range",
                                 r->reach, radius);
        }
    }
    const saddle_random_stream s = {r->set.seed, SADDLE_I_PURPOSE_NOISE, (uint64_t)r->t};
    const double a = radius * ball_radius(r) / norm_of_normals(r, &s);
    saddle_i_random_normal_axpy(&s, r->n, a, r->w);
    r->reach += 2.0 * radius;
    r->point = saddle_i_oracle_new_point(r->oracle);
    return SADDLE_OK;
}

void saddle_i_run_restore(struct saddle_i_run *r, const double *content)
{
    memcpy(r->w, content, (size_t)r->n * sizeof(double));
    r->reach = saddle_i_max_abs(r->n, r->w);
    r->point = saddle_i_oracle_new_point(r->oracle);
}

void saddle_i_run_swap(struct saddle_i_run *r, double *other)
{
    for (int64_t i = 0; i < r->n; i++) {
        const double kept = r->w[i];
        r->w[i] = other[i];
        other[i] = kept;
    }
    r->reach = saddle_i_max_abs(r->n, r->w);
    r->point = saddle_i_oracle_new_point(r->oracle);
}

/* Near the end of the range each entry is tested before one is written. */
static saddle_status descend_carefully(struct saddle_i_run *r, double eta)
{
    double most = 0.0;
    for (int64_t i = 0; i < r->n; i++) {
        const double next = r->w[i] - eta * r->g[i];
        if (!(fabs(next) <= DBL_MAX)) {
            r->ready_point = -1; /* the next try asks for the gradient again */
            return saddle_i_fail(SADDLE_E_NOT_FINITE, "step %lld would make entry %lld of w %g: the step size %g is too large",
                                 (long long)r->t, (long long)i, next, eta);
        }
        most = fabs(next) > most ? fabs(next) : most;
    }
    r->oracle->kernels->axpy(r->n, -eta, r->g, r->w);
    r->reach = most;
    return SADDLE_OK;
}

static saddle_status descend_tested(struct saddle_i_run *r, double eta)
{
    TRY(test_gradient(r));
    if (r->want_norms) {
        double norm = r->gradient_norm;
        if (r->changed) {
            TRY(saddle_i_run_norm(r, &norm));
        }
        r->step_norm = eta * norm;
    }
    const double step = eta * r->bound;
    if (!(r->reach + step < SADDLE_I_REACH_MAX)) {
        r->reach = saddle_i_max_abs(r->n, r->w);
        if (!(r->reach + step < SADDLE_I_REACH_MAX)) {
            return descend_carefully(r, eta);
        }
    }
    r->oracle->kernels->axpy(r->n, -eta, r->g, r->w);
    r->reach += step;
    return SADDLE_OK;
}

/* A long vector: one pass that moves, tests and takes the norm. */
static saddle_status descend_long(struct saddle_i_run *r, double eta)
{
    int64_t entry = -1;
    double bad = 0.0;
    r->ready_point = -1; /* g will be scratch, also after a failure */
    double *norm = r->want_norms ? &r->gradient_norm : NULL;
    if (!saddle_i_descend_once(r->oracle->kernels, r->n, eta, r->g, r->w, norm, &entry, &bad)) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE,
                             "step %lld would make entry %lld of w %g: the gradient is not finite there, or the step size %g is too large",
                             (long long)r->t, (long long)entry, bad, eta);
    }
    if (norm != NULL) {
        r->step_norm = eta * *norm;
    }
    r->reach = SADDLE_I_INF; /* not known: looked up when it is needed */
    return SADDLE_OK;
}

saddle_status saddle_i_run_descend_general(struct saddle_i_run *r, double eta)
{
    if (r->before != NULL) {
        memcpy(r->before, r->w, (size_t)r->n * sizeof(double));
    }
    TRY(r->n > SADDLE_I_LONG && r->bound < 0.0 ? descend_long(r, eta) : descend_tested(r, eta));
    r->ready_point = -1;
    r->point = saddle_i_oracle_new_point(r->oracle);
    if (r->oracle->project != NULL) {
        const saddle_status s = saddle_i_oracle_project(r->oracle, r->t, r->w);
        if (s != SADDLE_OK) {
            saddle_i_run_restore(r, r->before);
            return s;
        }
        r->reach = saddle_i_max_abs(r->n, r->w);
    }
    return SADDLE_OK;
}

saddle_status saddle_i_run_descend_safely(struct saddle_i_run *r, double eta)
{
    return r->guarded ? saddle_i_run_descend_guarded(r, eta) : saddle_i_run_descend_general(r, eta);
}
