/* SPDX-License-Identifier: BSD-3-Clause */
/* Quartiles, means and straight lines, each with what it can be relied on. */
#ifndef STATISTICS_H
#define STATISTICS_H

struct estimate {
    double value, error; /* standard error; 0 of a single number */
};

/* The q-quantile of n numbers, 0 <= q <= 1, linear in between; x is sorted. */
double statistics_quantile(int n, double *x, double q);

struct estimate statistics_mean(int n, const double *x);

/* Slope of the least-squares line through (x[j], y[j]), j = 0 .. n-1. */
double statistics_slope(int n, const double *x, const double *y);

#endif
