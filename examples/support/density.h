/* SPDX-License-Identifier: BSD-3-Clause */
/* The density of the Hessian's spectrum at two points, and lambda_min of each: two CSV files and a figure. */
#ifndef DENSITY_H
#define DENSITY_H
#include <saddle/saddle.h>

struct density_point {
    const char *name;  /* the CSV file is density_NAME.csv */
    const char *title; /* in the figure */
    const double *w;
};

/* Writes the CSV files, density.gp and, where gnuplot is there, density.svg and density.png into the folder, which
 * is there. Returns an exit code, with an error printed. */
int density_draw(const char *program, const char *folder, saddle_objective *f, const saddle_options *o,
                 const struct density_point points[2]);

#endif
