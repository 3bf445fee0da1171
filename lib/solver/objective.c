/* SPDX-License-Identifier: BSD-3-Clause */
#include "solver/objective.h"
#include <math.h>
#include <string.h>
#include "oracle/operator.h"

enum { LOG2_MAX_DIM = 41, LOG2_MAX_SAMPLES = 62 };

saddle_status saddle_objective_create(saddle_context *c, int64_t dim, int64_t samples, void *user, saddle_objective **out)
{
    if (out == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_objective_create: out is NULL");
    }
    if (dim < 1 || dim > INT64_C(1) << LOG2_MAX_DIM) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_objective_create: dim is %lld, outside 1 .. 2^41", (long long)dim);
    }
    if (samples != SADDLE_STREAM && (samples < 1 || samples > INT64_C(1) << LOG2_MAX_SAMPLES)) {
        return saddle_i_fail(SADDLE_E_ARGUMENT,
                             "saddle_objective_create: samples is %lld, outside 1 .. 2^62 (no samples: pass 1; without end: "
                             "SADDLE_STREAM)",
                             (long long)samples);
    }
    saddle_context *context = saddle_i_context_hold(c);
    void *p = NULL;
    const saddle_status s = saddle_i_alloc(context, 1, sizeof(struct saddle_objective), &p);
    if (s != SADDLE_OK) {
        saddle_i_context_release(context);
        return s;
    }
    saddle_objective *f = p;
    saddle_i_oracle_init(&f->oracle, context, dim, samples, user);
    f->destroy = NULL;
    f->holders = 1;
    f->solvers = 0;
    *out = f;
    return SADDLE_OK;
}

void saddle_i_objective_hold(saddle_objective *f)
{
    f->holders++;
    f->solvers++;
}

void saddle_objective_destroy(saddle_objective *f)
{
    if (f == NULL || --f->holders > 0) {
        return;
    }
    saddle_context *context = f->oracle.context;
    if (f->destroy != NULL) {
        f->destroy(f->oracle.user);
    }
    saddle_i_oracle_fini(&f->oracle);
    saddle_i_free(context, f);
    saddle_i_context_release(context);
}

/* Setters come before the first solver: what it resolved from the callbacks must stay true. */
static saddle_status may_set(const saddle_objective *f, const char *what)
{
    if (f == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_objective_set_%s: the objective is NULL", what);
    }
    if (f->solvers > 0) {
        return saddle_i_fail(SADDLE_E_STATE, "saddle_objective_set_%s: a solver was made from this objective: set it before, or make another objective",
                             what);
    }
    return SADDLE_OK;
}

saddle_status saddle_objective_set_destructor(saddle_objective *f, void (*destroy)(void *user))
{
    if (f == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_objective_set_destructor: the objective is NULL");
    }
    f->destroy = destroy;
    return SADDLE_OK;
}

saddle_status saddle_objective_set_value(saddle_objective *f, saddle_value_fn fn)
{
    TRY(may_set(f, "value"));
    f->oracle.value = fn;
    return SADDLE_OK;
}

saddle_status saddle_objective_set_gradient(saddle_objective *f, saddle_gradient_fn fn)
{
    TRY(may_set(f, "gradient"));
    f->oracle.gradient = fn;
    return SADDLE_OK;
}

saddle_status saddle_objective_set_value_gradient(saddle_objective *f, saddle_value_gradient_fn fn)
{
    TRY(may_set(f, "value_gradient"));
    f->oracle.value_gradient = fn;
    return SADDLE_OK;
}

saddle_status saddle_objective_set_hessvec(saddle_objective *f, saddle_hessvec_fn fn)
{
    TRY(may_set(f, "hessvec"));
    f->oracle.hessvec = fn;
    return SADDLE_OK;
}

saddle_status saddle_objective_set_slopes(saddle_objective *f, saddle_slopes_fn fn)
{
    TRY(may_set(f, "slopes"));
    f->oracle.slopes = fn;
    return SADDLE_OK;
}

saddle_status saddle_objective_set_project(saddle_objective *f, saddle_project_fn fn)
{
    TRY(may_set(f, "project"));
    f->oracle.project = fn;
    return SADDLE_OK;
}

saddle_status saddle_objective_set_grain(saddle_objective *f, int64_t samples)
{
    TRY(may_set(f, "grain"));
    if (samples < 1 || samples > INT32_MAX) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_objective_set_grain: samples is %lld, outside 1 .. 2^31 - 1",
                             (long long)samples);
    }
    saddle_i_oracle_set_grain(&f->oracle, samples);
    return SADDLE_OK;
}

int64_t saddle_objective_dim(const saddle_objective *f)
{
    return f == NULL ? 0 : f->oracle.dim;
}

int64_t saddle_objective_samples(const saddle_objective *f)
{
    return f == NULL ? 0 : f->oracle.samples;
}

static saddle_status check_point(const saddle_objective *f, const double *w, const double *out, const char *who)
{
    const char *missing = f == NULL ? "the objective" : w == NULL ? "w" : out == NULL ? "the output" : NULL;
    if (missing != NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: %s is NULL", who, missing);
    }
    TRY(saddle_i_oracle_needs_all(&f->oracle, who));
    const int64_t entry = saddle_i_first_not_finite(f->oracle.dim, w);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "%s: entry %lld of w is %g", who, (long long)entry, w[entry]);
    }
    return SADDLE_OK;
}

saddle_status saddle_objective_value(saddle_objective *f, const double *w, double *value)
{
    TRY(check_point(f, w, value, "saddle_objective_value"));
    TRY(saddle_i_oracle_needs_value(&f->oracle, "saddle_objective_value"));
    struct saddle_i_counts counts = {0};
    const struct saddle_i_request q = {NULL, 0, 0, -1, saddle_i_oracle_new_point(&f->oracle), &counts};
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status s = saddle_i_oracle_tell(&f->oracle, saddle_i_oracle_value(&f->oracle, &q, w, value));
    saddle_i_fenv_leave(&env);
    return s;
}

static saddle_status gradient_in_env(saddle_objective *f, const double *w, double *value, double *gradient)
{
    struct saddle_i_counts counts = {0};
    const struct saddle_i_request q = {NULL, 0, 0, -1, saddle_i_oracle_new_point(&f->oracle), &counts};
    double v = 0.0;
    double bound = -1.0;
    TRY(saddle_i_oracle_gradient(&f->oracle, &q, w, value == NULL ? NULL : &v, gradient, &bound));
    if (bound < 0.0) {
        const int64_t entry = saddle_i_first_not_finite(f->oracle.dim, gradient);
        if (entry >= 0) {
            return saddle_i_oracle_blame(&f->oracle, -1, entry, gradient[entry]);
        }
    }
    if (value != NULL) {
        *value = v;
    }
    return SADDLE_OK;
}

saddle_status saddle_objective_gradient(saddle_objective *f, const double *w, double *value_or_null, double *gradient)
{
    TRY(check_point(f, w, gradient, "saddle_objective_gradient"));
    TRY(saddle_i_oracle_needs_gradient(&f->oracle, "saddle_objective_gradient"));
    if (value_or_null != NULL) {
        TRY(saddle_i_oracle_needs_value(&f->oracle, "saddle_objective_gradient"));
    }
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status s = saddle_i_oracle_tell(&f->oracle, gradient_in_env(f, w, value_or_null, gradient));
    saddle_i_fenv_leave(&env);
    return s;
}

/* Differences are made for a unit vector: v is brought to length 1, and its length multiplied in again. */
static saddle_status hessvec_in_env(saddle_objective *f, const double *w, const double *v, double *product)
{
    struct saddle_i_oracle *o = &f->oracle;
    struct saddle_i_counts counts = {0};
    const struct saddle_i_request q = {NULL, 0, 0, -1, saddle_i_oracle_new_point(o), &counts};
    if (o->hessvec != NULL) {
        return saddle_i_oracle_hessvec(o, &q, w, v, product);
    }
    int exponent = 0; /* so that neither ||v|| nor 1/||v|| leaves the range */
    (void)frexp(saddle_i_max_abs(o->dim, v), &exponent);
    struct saddle_i_operator a;
    double *unit = NULL;
    TRY(saddle_i_operator_hessian(&a, o, w, &q));
    saddle_status s = saddle_i_alloc_vector(o->context, o->dim, &unit);
    if (s == SADDLE_OK) {
        for (int64_t i = 0; i < o->dim; i++) {
            unit[i] = ldexp(v[i], -exponent);
        }
        const double norm = saddle_i_norm(o->kernels, o->dim, unit);
        if (norm > 0.0) {
            for (int64_t i = 0; i < o->dim; i++) {
                unit[i] /= norm;
            }
            s = saddle_i_operator_apply(&a, unit, product);
        } else {
            memset(product, 0, (size_t)o->dim * sizeof(double));
        }
        for (int64_t i = 0; s == SADDLE_OK && i < o->dim; i++) {
            product[i] = ldexp(norm * product[i], exponent);
        }
        saddle_i_free(o->context, unit);
    }
    saddle_i_operator_fini(&a);
    return s;
}

saddle_status saddle_objective_hessvec(saddle_objective *f, const double *w, const double *v, double *product)
{
    static const char who[] = "saddle_objective_hessvec";
    TRY(check_point(f, w, product, who));
    if (v == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: v is NULL", who);
    }
    TRY(saddle_i_oracle_needs_hessian(&f->oracle, who));
    int64_t entry = saddle_i_first_not_finite(f->oracle.dim, v);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "%s: entry %lld of v is %g", who, (long long)entry, v[entry]);
    }
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status s = saddle_i_oracle_tell(&f->oracle, hessvec_in_env(f, w, v, product));
    saddle_i_fenv_leave(&env);
    if (s == SADDLE_OK && (entry = saddle_i_first_not_finite(f->oracle.dim, product)) >= 0) { /* by the length of v */
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "%s: entry %lld of the product is %g", who, (long long)entry, product[entry]);
    }
    return s;
}
