/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of rates, what must hold for them, and the figure. */
#ifndef RATES_REPORT_H
#define RATES_REPORT_H
#include "../support/figure.h"
#include "rates_fit.h"

enum { RATES_MOST_CELLS = 12 };

#define RATES_MOST_WORK 2.5e9 /* steps times d, of one run */

struct rates_list {
    int n;
    double x[RATES_MOST_CELLS];
};

/* The cells of one method. */
struct rates_row {
    int n;
    struct rates_cell cell[RATES_MOST_CELLS];
};

struct rates_table {
    struct rates_row by_dim[RATES_KINDS], by_lambda[RATES_KINDS];
};

/* by_dim: at one lambda; else at one d. */
void rates_print_heading(double lambda, int64_t dim, int by_dim);
void rates_print_cell(const struct rates_cell *c, int by_dim);

/* Prints slopes, exponents and criteria; returns how many criteria do not hold. */
int rates_judge(const struct rates_table *t);

/* rates.csv with the runs, rates_summary.csv, rates.gp and the figure. Returns an exit code. */
int rates_draw(const char *program, const char *folder, const struct rates_table *t, int64_t seed);

#endif
