/* SPDX-License-Identifier: BSD-3-Clause */
#include "rates_report.h"
#include <math.h>
#include <stdio.h>
#include "summary.h"

#define ERRORS 4.0 /* standard errors that chance may explain */
#define ROUNDING 0.02 /* of slopes: the half step of the law stands for whole ones */
#define AGAIN 0.05    /* psgd may reach the level and fall back: part of the law by which it is earlier */

/* The exponents of 1/lambda in the paper's tables: upper bounds. */
static const double bounds[RATES_KINDS] = {5.0, 4.0, 16.0, 16.0, 16.0};

void rates_print_heading(double lambda, int64_t dim, int by_dim)
{
    if (by_dim) {
        printf("Steps until f <= f(0) - drop/4, lambda %g\n%-11s %7s", lambda, "method", "d");
    } else {
        printf("\nThe same at d = %lld\n%-11s %7s", (long long)dim, "method", "lambda");
    }
    printf(" %9s %5s %9s %9s %9s %9s %8s %9s %9s  %s\n", "eta", "runs", "first q.", "median", "third q.", "mean", "+-",
           "law", by_dim ? "law/mean" : "per drop", "theory");
}

void rates_print_cell(const struct rates_cell *c, int by_dim)
{
    const char *theory = by_dim ? rates_theory_dim[c->set.kind] : rates_theory_lambda[c->set.kind];
    printf("%-11s ", rates_names[c->set.kind]);
    if (by_dim) {
        printf("%7lld", (long long)c->set.dim);
    } else {
        printf("%7g", c->set.lambda);
    }
    printf(" %9.3g %5d ", c->set.eta, c->runs);
    if (c->runs == 0) {
        printf("%9s %9s %9s %9s %8s %9.1f %9s  %s\n", "-", "-", "-", "-", "-", c->law.mean, "-", theory);
    } else {
        printf("%9.1f %9.1f %9.1f %9.1f %8.2f %9.1f ", c->quartile[0], c->quartile[1], c->quartile[2], c->mean.value,
               c->mean.error, c->law.mean);
        printf(by_dim ? "%9.3f  %s\n" : "%9.3g  %s\n",
               by_dim ? c->law.mean / c->mean.value : c->mean.value / c->set.drop, theory);
    }
    fflush(stdout);
}

static void print_legend(void)
{
    puts("\nmean +- its standard error; law: the mean by the linear law of rates_law.h; per drop: steps for each unit by which\n"
         "f can fall, mean/drop; theory: the paper's rates, in d and as powers of eps_h = lambda, which are upper bounds.\n"
         "Rows without runs would take too long.");
}

/* No "-0.000". */
static double clean(double x)
{
    return fabs(x) < 5e-4 ? 0.0 : x;
}

static struct rates_fit print_fit(const char *what, const struct rates_row *r, enum rates_line line, int bound_only)
{
    const struct rates_fit f = rates_fit_of(r->n, r->cell, line, bound_only);
    if (f.cells >= 2) {
        printf("%-11s %-40s %7.3f +- %6.3f, law %7.3f, theory %s\n", rates_names[r->cell[0].set.kind], what,
               clean(f.slope.value), f.slope.error, clean(f.law.value),
               line == RATES_POWER_OF_LAMBDA ? rates_theory_lambda[r->cell[0].set.kind]
                                             : rates_theory_dim[r->cell[0].set.kind]);
    }
    return f;
}

/* The jackknife needs some runs. */
static void judge_fit(struct criteria *c, const struct rates_row *r, const struct rates_fit *f, const char *what)
{
    if (f->cells >= 2) {
        const double error = r->cell[0].runs >= 10 ? f->slope.error : f->law.error;
        const double off = f->slope.value - f->law.value, allowed = ERRORS * error + ROUNDING;
        criteria_check(c, fabs(off) <= allowed, "%s: %s is the law's up to %+.3f, allowed %.3f",
                       rates_names[r->cell[0].set.kind], what, off, allowed);
    }
}

/* All runs leave, and take what the law says. */
static void judge_cells(struct criteria *c, const struct rates_row *r, const char *by)
{
    double worst = 0.0;
    int stayed = 0, cells = 0;
    for (int j = 0; j < r->n; j++) {
        const struct rates_cell *k = &r->cell[j];
        for (int i = 0; i < k->runs; i++) {
            stayed += !isfinite(k->steps[i]);
        }
        if (k->runs > 0) {
            const int is_psgd = k->set.kind != RATES_SGD_GD && k->set.kind != RATES_PGD;
            const double allowed = ERRORS * k->law.deviation / sqrt(k->runs) + (is_psgd ? AGAIN * k->law.mean : 0.0);
            worst = fmax(worst, fabs(k->mean.value - k->law.mean) / allowed);
            cells++;
        }
    }
    if (cells > 0) {
        criteria_check(c, stayed == 0 && worst <= 1.0,
                       "%s, %d %s: %d runs stayed; means off the law by up to %.2f of what is allowed",
                       rates_names[r->cell[0].set.kind], cells, by, stayed, worst);
    }
}

static int same_steps(const struct rates_row *r)
{
    for (int j = 1; j < r->n; j++) {
        for (int i = 0; i < r->cell[0].runs; i++) {
            if (r->cell[j].steps[i] != r->cell[0].steps[i]) {
                return 0;
            }
        }
    }
    return 1;
}

int rates_judge(const struct rates_table *t)
{
    struct rates_fit per_log[RATES_KINDS], power[RATES_KINDS], curved[RATES_KINDS];
    struct criteria c = {0};
    print_legend();
    puts("\nLeast squares");
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS; k++) {
        const int is_long = k == RATES_SMALL || k == RATES_LARGE;
        per_log[k] = is_long ? (struct rates_fit){0} : print_fit("steps per ln d", &t->by_dim[k], RATES_PER_LOG_DIM, 0);
        power[k] = is_long ? print_fit("power of d, where d bounds eta", &t->by_dim[k], RATES_POWER_OF_DIM, 1)
                           : (struct rates_fit){0};
        curved[k] = print_fit(is_long ? "power of 1/lambda, where eta is bounded" : "power of 1/lambda, steps per drop",
                              &t->by_lambda[k], RATES_POWER_OF_LAMBDA, is_long);
    }
    puts("\nCriteria");
    if (t->by_dim[RATES_SGD_GD].n >= 2) {
        criteria_check(&c, same_steps(&t->by_dim[RATES_SGD_GD]), "sgd_gd: every seed takes the same steps for every d");
    }
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS; k++) {
        judge_cells(&c, &t->by_dim[k], "dimensions");
        judge_cells(&c, &t->by_lambda[k], "curvatures");
        if (k != RATES_SGD_GD) {
            judge_fit(&c, &t->by_dim[k], &per_log[k], "slope in ln d");
        }
        judge_fit(&c, &t->by_dim[k], &power[k], "power of d");
        judge_fit(&c, &t->by_lambda[k], &curved[k], "power of 1/lambda");
        if (curved[k].cells >= 2 && k != RATES_PGD) {
            criteria_check(&c, curved[k].slope.value < bounds[k], "%s: power of 1/lambda %.2f is below the bound %g",
                           rates_names[k], curved[k].slope.value, bounds[k]);
        }
    }
    return c.failed;
}
