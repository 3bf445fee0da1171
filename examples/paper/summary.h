/* SPDX-License-Identifier: BSD-3-Clause */
/* What the studies of width and depth have in common: networks over random points, a table, files, criteria. */
#ifndef SUMMARY_H
#define SUMMARY_H
#include <stdio.h>
#include "networks.h"

/* Over the random points of a network. Quartiles: first, median, third. */
struct summary {
    int number;                       /* the units or layers that the study is about */
    int64_t dim, points, tiny;        /* tiny gradients, of all points */
    double loss, lambda_min, lambda_max; /* means */
    double left[3], right[3];         /* E cos^2 with the eigenvectors of lambda_min and lambda_max */
    double share[3];                  /* E <grad f_z, v>^2 / E ||grad f_z||^2, v that of lambda_min */
    double noise;                     /* mean of E cos^2 of isotropic noise */
    double first, last;               /* means of what the first and the last layer have of the energy */
    int full;                         /* of all eigenpairs: */
    double negative, positive;        /* medians of sums of E cos^2 */
    double noise_negative, negatives; /* means, of sums for noise and of how many eigenvalues of dim are negative */
    double nulls;                     /* and of how many are neither */
    double sum_error;                 /* largest |sum of all - 1| */
    double gap_error;                 /* largest gap of the library's and LAPACK's eigenvalues beyond the residual, of
                                       * ||H|| */
    double apart;                     /* largest, of the moments along both ends and saddle_cnc_along()'s */
    double seconds;
};

/* Looks at all points of a network; to csv, unless NULL, goes a line for each. Returns an exit code. */
int summary_make(const struct networks *n, int hidden, int units, int number, FILE *csv, struct summary *out);

/* Prints whether a criterion holds, and counts those that do not. */
struct criteria {
    int failed;
};
void criteria_check(struct criteria *c, int holds, const char *format, ...);

/* What holds for every network: the law of isotropic noise, sums over a basis, agreement with LAPACK. */
void criteria_of_all(struct criteria *c, const struct networks *n, const char *number, int count,
                     const struct summary *s);

struct study_of_networks {
    const char *name;   /* of the files */
    const char *number; /* what is varied */
    const char *title;
    int (*measure)(const struct networks *n, int number, FILE *csv, struct summary *out); /* an exit code */
    void (*check)(struct criteria *c, const struct networks *n, int count, const struct summary *s);
};

/* All numbers in turn: the table, the criteria, and where --output is given NAME.csv with the points, NAME_summary.csv,
 * NAME.gp and the figure. Returns an exit code, EXIT_FAILED when a criterion does not hold. */
int summary_study(const struct networks *n, const struct study_of_networks *study, int count, const int *numbers);

#endif
