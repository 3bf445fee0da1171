/* SPDX-License-Identifier: BSD-3-Clause */
/* The fused passes of a three-term recurrence, by blocks that stay in the cache. */
#ifndef SADDLE_I_RECURRENCE_H
#define SADDLE_I_RECURRENCE_H
#include "space/space.h"

/* *with_x = x'y, and *with_p = p'y where p is not NULL, in one pass over y. */
void saddle_i_two_dots(const struct saddle_i_kernels *k, int64_t n, const double *y, const double *x, double *with_x,
                       const double *p, double *with_p);
/* y = y - a x - b p (p may be NULL), and returns ||y||, in one pass. */
double saddle_i_three_terms(const struct saddle_i_kernels *k, int64_t n, double a, const double *x, double b, const double *p,
                            double *y);
/* y = a x. */
void saddle_i_scaled_copy(const struct saddle_i_kernels *k, int64_t n, double a, const double *x, double *y);

#endif
