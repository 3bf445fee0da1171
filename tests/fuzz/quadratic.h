/* SPDX-License-Identifier: BSD-3-Clause */
/* A tiny sum of quadratics that an input chooses: f_i(w) = sum_j h_j w_j^2/2 + (c sum_j w_j)^2/2 + <t_i, w>, in 1 .. 8
 * entries and 1 .. 5 samples, or as a stream. Any of its callbacks may be there; it may end at a distance. */
#ifndef SADDLE_FUZZ_QUADRATIC_H
#define SADDLE_FUZZ_QUADRATIC_H
#include "fuzz/bytes.h"
#include <saddle/saddle.h>

enum { QUADRATIC_MOST = 8, QUADRATIC_SAMPLES = 5 };

struct quadratic {
    int64_t dim, samples;
    unsigned callbacks;          /* bits: value, gradient, both, hessvec, slopes, project */
    double h[QUADRATIC_MOST], c;
    double tilt[QUADRATIC_SAMPLES][QUADRATIC_MOST];
    double end;                  /* |w_0| above it is outside: the callbacks return 1 */
    double start[QUADRATIC_MOST];
};

/* A number of any size; finite. */
double quadratic_number(struct bytes *b);
void quadratic_read(struct quadratic *q, struct bytes *b);
/* The objective, with the callbacks that q has. */
saddle_status quadratic_make(saddle_context *c, struct quadratic *q, saddle_objective **out);

#endif
