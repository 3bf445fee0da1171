/* SPDX-License-Identifier: BSD-3-Clause */
/* The check of the CNC condition along v. */
#ifndef SADDLE_I_CHECK_H
#define SADDLE_I_CHECK_H
#include <saddle/cnc.h>
#include "spectrum/lanczos.h"

struct saddle_i_cnc_settings {
    uint64_t seed;
    double gamma, bound, delta;
    int64_t samples; /* 0 = all */
};

/* The whole check; out->struct_size is not touched. v: n entries, or NULL. */
saddle_status saddle_i_cnc_check(struct saddle_i_oracle *o, const double *w, const struct saddle_i_cnc_settings *c,
                                 const struct saddle_i_lanczos_settings *l, double *v, saddle_cnc *out);
/* Moments along k unit directions. */
saddle_status saddle_i_cnc_along(struct saddle_i_oracle *o, const double *w, const struct saddle_i_cnc_settings *c, int64_t k,
                                 const double *v, double *second_moments, double *cosines);

#endif
