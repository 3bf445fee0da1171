/* SPDX-License-Identifier: BSD-3-Clause */
#include "rates_fit.h"
#include <math.h>

enum { MOST_CELLS = 16 };

static double abscissa(const struct rates_cell *c, enum rates_line line)
{
    return line == RATES_POWER_OF_LAMBDA ? -log(c->set.lambda) : log((double)c->set.dim);
}

static double ordinate(const struct rates_cell *c, enum rates_line line, double steps)
{
    return line == RATES_PER_LOG_DIM ? steps : log(steps) - (line == RATES_POWER_OF_LAMBDA ? log(c->set.drop) : 0.0);
}

/* Through the means of all runs but one; without = -1: of all. */
static double slope_of(int n, const struct rates_cell *const *c, enum rates_line line, const double *x, int without)
{
    double y[MOST_CELLS];
    for (int j = 0; j < n; j++) {
        double sum = 0.0;
        for (int i = 0; i < c[j]->runs; i++) {
            sum += i == without ? 0.0 : c[j]->steps[i];
        }
        y[j] = ordinate(c[j], line, sum / (c[j]->runs - (without >= 0)));
    }
    return statistics_slope(n, x, y);
}

/* The jackknife. Runs of one seed share their noise where they can: cells are not independent. */
static double error_of(int n, const struct rates_cell *const *c, enum rates_line line, const double *x)
{
    const int runs = c[0]->runs;
    double slope[RATES_MOST_RUNS];
    if (runs < 3) {
        return (double)NAN;
    }
    for (int i = 0; i < runs; i++) {
        slope[i] = slope_of(n, c, line, x, i);
    }
    return statistics_mean(runs, slope).error * (runs - 1);
}

static struct estimate law_of(int n, const struct rates_cell *const *c, enum rates_line line, const double *x)
{
    double y[MOST_CELLS], mean = 0.0, spread = 0.0, variance = 0.0;
    for (int j = 0; j < n; j++) {
        y[j] = ordinate(c[j], line, c[j]->law.mean);
        mean += x[j] / n;
    }
    for (int j = 0; j < n; j++) {
        spread += (x[j] - mean) * (x[j] - mean);
    }
    for (int j = 0; j < n; j++) {
        const double scale = line == RATES_PER_LOG_DIM ? 1.0 : c[j]->law.mean;
        const double part = (x[j] - mean) / spread * c[j]->law.deviation / scale;
        variance += part * part / c[j]->runs;
    }
    return (struct estimate){statistics_slope(n, x, y), sqrt(variance)};
}

struct rates_fit rates_fit_of(int n, const struct rates_cell *cells, enum rates_line line, int bound_only)
{
    const struct rates_cell *c[MOST_CELLS];
    double x[MOST_CELLS];
    struct rates_fit fit = {.cells = 0};
    for (int j = 0; j < n && fit.cells < MOST_CELLS; j++) {
        if (cells[j].runs > 0 && isfinite(cells[j].mean.value) && (cells[j].set.bound || !bound_only)) {
            x[fit.cells] = abscissa(&cells[j], line);
            c[fit.cells++] = &cells[j];
        }
    }
    if (fit.cells >= 2) {
        fit.slope.value = slope_of(fit.cells, c, line, x, -1);
        fit.slope.error = error_of(fit.cells, c, line, x);
        fit.law = law_of(fit.cells, c, line, x);
    }
    return fit;
}
