/* SPDX-License-Identifier: BSD-3-Clause */
/* Straight lines through mean numbers of steps. */
#ifndef RATES_FIT_H
#define RATES_FIT_H
#include "rates_runs.h"

enum rates_line {
    RATES_PER_LOG_DIM,    /* steps against ln d */
    RATES_POWER_OF_DIM,   /* ln steps against ln d */
    RATES_POWER_OF_LAMBDA /* ln (steps/drop) against ln (1/lambda) */
};

struct rates_fit {
    int cells;              /* below 2: no line */
    struct estimate slope;  /* least squares; its standard error by leaving out one seed at a time, NaN below 3 runs */
    struct estimate law;    /* the same line through the law, and its standard error for so many independent runs */
};

/* Through those of the n cells that were run, and where no run stayed; with bound_only those alone whose step size is bound. */
struct rates_fit rates_fit_of(int n, const struct rates_cell *cells, enum rates_line line, int bound_only);

#endif
