/* SPDX-License-Identifier: BSD-3-Clause */
/* What kind of point w is; and what all calls that look at H(w) share. */
#ifndef SADDLE_I_CERTIFICATE_H
#define SADDLE_I_CERTIFICATE_H
#include <saddle/spectrum.h>
#include "solver/objective.h"
#include "solver/options.h"
#include "spectrum/lanczos.h"

/* The options that Lanczos reads; start number 0. */
void saddle_i_curvature_settings(const struct saddle_options *o, struct saddle_i_lanczos_settings *v);

/* Whether a public call may look at the Hessian of f at w: no NULL, all samples, hessvec or gradients, w finite. out is what the call
 * writes to. */
saddle_status saddle_i_curvature_arguments(const saddle_objective *f, const double *w, const void *out, const char *who);
/* A struct_size that saddle_i_copy_out() will refuse is told before the work, not after it. have <= 256. */
saddle_status saddle_i_check_size(const void *out, size_t have, const char *what);

/* The Hessian over all samples at w, as an operator. point is that of w; *counts must outlive it. */
saddle_status saddle_i_hessian_at(struct saddle_i_operator *a, struct saddle_i_oracle *o, const double *w, int64_t step,
                                  int64_t point, struct saddle_i_counts *counts);
/* g = grad f(w) over all samples, every entry finite, and its norm; f(w) with it where value is not NULL. */
saddle_status saddle_i_full_gradient(struct saddle_i_oracle *o, const double *w, int64_t step, int64_t point,
                                     struct saddle_i_counts *counts, double *value, double *g, double *norm);

/* The certificate at w, where ||grad f(w)|| was measured: NOT_STATIONARY above eps_gradient, else what the curvature says, is lambda_min
 * < -v->eps_hessian? At v->delta, from start v->start. vector_or_null and *out as in saddle_certify(), but *out has the size that this
 * library knows; it is written on success only. */
saddle_status saddle_i_certify(struct saddle_i_oracle *o, const double *w, const struct saddle_i_lanczos_settings *v,
                               double eps_gradient, int64_t step, int64_t point, struct saddle_i_counts *counts,
                               double gradient_norm, double *vector_or_null, saddle_certificate *out);

#endif
