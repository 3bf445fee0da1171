/* SPDX-License-Identifier: BSD-3-Clause */
/* The public side of the CNC check. */
#include "cnc/check.h"
#include "solver/certificate.h"
#include <math.h>

enum { MOST_DIRECTIONS = 1 << 20 };

#define UNIT 1e-6 /* a direction's norm is 1 up to this */

const char *saddle_verdict_name(int64_t verdict)
{
    static const char *const names[] = {"fails", "undecided", "holds"};
    return verdict < SADDLE_VERDICT_FAILS || verdict > SADDLE_VERDICT_HOLDS ? NULL : names[verdict - SADDLE_VERDICT_FAILS];
}

static struct saddle_i_cnc_settings settings(const struct saddle_options *o)
{
    const struct saddle_i_cnc_settings c = {
        .seed = (uint64_t)saddle_i_options_int(o, SADDLE_OPT_SEED),
        .gamma = saddle_i_options_real(o, SADDLE_OPT_CNC_GAMMA),
        .bound = saddle_i_options_real(o, SADDLE_OPT_CNC_BOUND),
        .delta = saddle_i_options_real(o, SADDLE_OPT_DELTA),
        .samples = saddle_i_options_int(o, SADDLE_OPT_CNC_SAMPLES),
    };
    return c;
}

static saddle_status check_arguments(const saddle_objective *f, const double *w, const void *out, const char *what, const char *who)
{
    const char *missing = f == NULL ? "the objective" : w == NULL ? "w" : out == NULL ? what : NULL;
    if (missing != NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: %s is NULL", who, missing);
    }
    const int64_t entry = saddle_i_first_not_finite(f->oracle.dim, w);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "%s: entry %lld of w is %g", who, (long long)entry, w[entry]);
    }
    return SADDLE_OK;
}

saddle_status saddle_cnc_check(saddle_objective *f, const double *w, const saddle_options *o, double *v_or_null, saddle_cnc *out)
{
    TRY(check_arguments(f, w, out, "out", "saddle_cnc_check"));
    TRY(saddle_i_check_size(out, sizeof *out, "saddle_cnc"));
    TRY(saddle_i_oracle_needs_gradient(&f->oracle, "saddle_cnc_check"));
    struct saddle_options options;
    struct saddle_i_lanczos_settings lanczos;
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    struct saddle_i_fenv env;
    saddle_i_options_copy(&options, o);
    saddle_i_curvature_settings(&options, &lanczos);
    const struct saddle_i_cnc_settings cnc = settings(&options);
    saddle_i_fenv_enter(&env);
    const saddle_status s = saddle_i_cnc_check(&f->oracle, w, &cnc, &lanczos, v_or_null, &c);
    saddle_i_fenv_leave(&env);
    TRY(s);
    return saddle_i_copy_out(out, &c, sizeof c, sizeof c, "saddle_cnc");
}

static saddle_status check_along(const saddle_objective *f, const double *w, int64_t k, const double *v, const double *second_moments)
{
    TRY(check_arguments(f, w, v, "v", "saddle_cnc_along"));
    if (second_moments == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_cnc_along: second_moments is NULL");
    }
    if (k < 1 || k > MOST_DIRECTIONS) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_cnc_along: k is %lld, outside 1 .. %d", (long long)k, (int)MOST_DIRECTIONS);
    }
    return SADDLE_OK;
}

static saddle_status check_units(const struct saddle_i_oracle *o, int64_t k, const double *v)
{
    for (int64_t j = 0; j < k; j++) {
        const double norm = saddle_i_norm(o->kernels, o->dim, v + j * o->dim);
        if (!(fabs(norm - 1.0) <= UNIT)) {
            return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_cnc_along: direction %lld has the norm %.9g instead of 1", (long long)j,
                                 isnan(norm) ? fabs(norm) : norm);
        }
    }
    return SADDLE_OK;
}

saddle_status saddle_cnc_along(saddle_objective *f, const double *w, const saddle_options *o, int64_t k, const double *v,
                               double *second_moments, double *cosines_or_null)
{
    TRY(check_along(f, w, k, v, second_moments));
    struct saddle_i_oracle *oracle = &f->oracle;
    if (oracle->slopes == NULL || cosines_or_null != NULL) {
        TRY(saddle_i_oracle_needs_gradient(oracle, "saddle_cnc_along"));
    }
    struct saddle_options options;
    struct saddle_i_fenv env;
    saddle_i_options_copy(&options, o);
    const struct saddle_i_cnc_settings cnc = settings(&options);
    saddle_i_fenv_enter(&env);
    saddle_status s = check_units(oracle, k, v);
    if (s == SADDLE_OK) {
        s = saddle_i_cnc_along(oracle, w, &cnc, k, v, second_moments, cosines_or_null);
    }
    saddle_i_fenv_leave(&env);
    return s;
}
