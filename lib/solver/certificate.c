/* SPDX-License-Identifier: BSD-3-Clause */
#include "solver/certificate.h"
#include <math.h>
#include <string.h>

void saddle_i_curvature_settings(const struct saddle_options *o, struct saddle_i_lanczos_settings *v)
{
    const struct saddle_i_lanczos_settings settings = {
        .seed = (uint64_t)saddle_i_options_int(o, SADDLE_OPT_SEED),
        .start = 0,
        .pairs = saddle_i_options_int(o, SADDLE_OPT_EIGENVALUES),
        .which = saddle_i_options_int(o, SADDLE_OPT_WHICH),
        .tol = saddle_i_options_real(o, SADDLE_OPT_EIGEN_TOL),
        .eps_hessian = saddle_i_options_real(o, SADDLE_OPT_EPS_HESSIAN),
        .delta = saddle_i_options_real(o, SADDLE_OPT_DELTA),
        .max_products = saddle_i_options_int(o, SADDLE_OPT_MAX_PRODUCTS),
        .basis = saddle_i_options_int(o, SADDLE_OPT_BASIS),
    };
    *v = settings;
}

saddle_status saddle_i_curvature_arguments(const saddle_objective *f, const double *w, const void *out, const char *who)
{
    const char *missing = f == NULL ? "the objective" : w == NULL ? "w" : out == NULL ? "out" : NULL;
    if (missing != NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: %s is NULL", who, missing);
    }
    TRY(saddle_i_oracle_needs_all(&f->oracle, who));
    TRY(saddle_i_oracle_needs_hessian(&f->oracle, who));
    const int64_t entry = saddle_i_first_not_finite(f->oracle.dim, w);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "%s: entry %lld of w is %g", who, (long long)entry, w[entry]);
    }
    return SADDLE_OK;
}

saddle_status saddle_i_check_size(const void *out, size_t have, const char *what)
{
    const unsigned char from[256] = {0};
    unsigned char to[256];
    memcpy(to, out, sizeof(int64_t));
    return saddle_i_copy_out(to, from, have, have, what);
}

saddle_status saddle_i_hessian_at(struct saddle_i_operator *a, struct saddle_i_oracle *o, const double *w, int64_t step,
                                  int64_t point, struct saddle_i_counts *counts)
{
    const struct saddle_i_request q = {NULL, o->samples, o->samples, step, point, counts};
    return saddle_i_operator_hessian(a, o, w, &q);
}

saddle_status saddle_i_full_gradient(struct saddle_i_oracle *o, const double *w, int64_t step, int64_t point,
                                     struct saddle_i_counts *counts, double *value, double *g, double *norm)
{
    const struct saddle_i_request q = {NULL, o->samples, o->samples, step, point, counts};
    double bound = -1.0;
    TRY(saddle_i_oracle_gradient(o, &q, w, value, g, &bound));
    *norm = saddle_i_norm(o->kernels, o->dim, g);
    const int64_t entry = isfinite(*norm) ? -1 : saddle_i_first_not_finite(o->dim, g);
    return entry < 0 ? SADDLE_OK : saddle_i_oracle_blame(o, step, entry, g[entry]);
}

static int64_t kind_of(enum saddle_i_sign answer)
{
    return answer == SADDLE_I_SIGN_YES  ? SADDLE_KIND_STRICT_SADDLE
           : answer == SADDLE_I_SIGN_NO ? SADDLE_KIND_SECOND_ORDER
                                        : SADDLE_KIND_FIRST_ORDER;
}

saddle_status saddle_i_certify(struct saddle_i_oracle *o, const double *w, const struct saddle_i_lanczos_settings *v,
                               double eps_gradient, int64_t step, int64_t point, struct saddle_i_counts *counts,
                               double gradient_norm, double *vector_or_null, saddle_certificate *out)
{
    saddle_certificate c = {
        .struct_size = (int64_t)sizeof c,
        .kind = SADDLE_KIND_NOT_STATIONARY,
        .gradient_norm = gradient_norm,
        .eps_gradient = eps_gradient,
        .eps_hessian = v->eps_hessian,
        .delta = v->delta,
        .lambda_min = SADDLE_I_NAN,
        .lambda_lower = SADDLE_I_NAN,
        .lambda_upper = SADDLE_I_NAN,
        .residual = SADDLE_I_NAN,
    };
    if (gradient_norm <= eps_gradient) {
        struct saddle_i_operator a;
        struct saddle_i_pair pair;
        enum saddle_i_sign answer = SADDLE_I_SIGN_UNDECIDED;
        TRY(saddle_i_hessian_at(&a, o, w, step, point, counts));
        const saddle_status s = saddle_i_lanczos_sign(&a, v, 0.0 - v->eps_hessian, &answer, &pair, vector_or_null);
        c.products = a.products;
        saddle_i_operator_fini(&a);
        TRY(s);
        c.kind = kind_of(answer);
        c.lambda_min = pair.value;
        c.lambda_lower = pair.lower;
        c.lambda_upper = pair.upper;
        c.residual = pair.residual;
    } else if (vector_or_null != NULL) {
        memset(vector_or_null, 0, (size_t)o->dim * sizeof(double));
    }
    *out = c;
    return SADDLE_OK;
}

static saddle_status certify(struct saddle_i_oracle *o, const double *w, const struct saddle_options *options, double *vector,
                             saddle_certificate *out)
{
    struct saddle_i_lanczos_settings v;
    struct saddle_i_counts counts = {0};
    double *g = NULL, norm = 0.0;
    const int64_t point = saddle_i_oracle_new_point(o);
    saddle_i_curvature_settings(options, &v);
    TRY(saddle_i_alloc_vector(o->context, o->dim, &g));
    const saddle_status s = saddle_i_oracle_tell(o, saddle_i_full_gradient(o, w, -1, point, &counts, NULL, g, &norm));
    saddle_i_free(o->context, g);
    TRY(s);
    return saddle_i_certify(o, w, &v, saddle_i_options_real(options, SADDLE_OPT_EPS_GRADIENT), -1, point, &counts, norm, vector, out);
}

saddle_status saddle_certify(saddle_objective *f, const double *w, const saddle_options *o, double *v_or_null,
                             saddle_certificate *out)
{
    TRY(saddle_i_curvature_arguments(f, w, out, "saddle_certify"));
    TRY(saddle_i_check_size(out, sizeof *out, "saddle_certificate"));
    TRY(saddle_i_oracle_needs_gradient(&f->oracle, "saddle_certify"));
    struct saddle_options options;
    saddle_i_options_copy(&options, o);
    if (!(saddle_i_options_real(&options, SADDLE_OPT_EPS_GRADIENT) > 0.0)) {
        return saddle_i_fail(SADDLE_E_RANGE, "saddle_certify needs eps_gradient, which is 0, set to a number above 0");
    }
    saddle_certificate c;
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status s = certify(&f->oracle, w, &options, v_or_null, &c);
    saddle_i_fenv_leave(&env);
    TRY(s);
    return saddle_i_copy_out(out, &c, sizeof c, sizeof c, "saddle_certificate");
}
