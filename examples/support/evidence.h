/* SPDX-License-Identifier: BSD-3-Clause */
/* What kind of point w is, and the eigenvalue that tells. */
#ifndef EVIDENCE_H
#define EVIDENCE_H
#include <saddle/saddle.h>

struct evidence {
    saddle_certificate certificate; /* its products end when the question is decided, */
    saddle_eigen least;             /* so here is lambda_min by itself, also where w is not stationary */
    double delta;                   /* lambda_min is in [least.lower, least.upper] with probability 1 - delta */
};

/* Looks at w. Options as for saddle_certify(). */
saddle_status evidence_collect(saddle_objective *f, const double *w, const saddle_options *o, struct evidence *out);

/* Two lines, the first of which begins with `what`. */
void evidence_print(const char *what, const struct evidence *e);

#endif
