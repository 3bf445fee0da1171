/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include "../support/figure.h"
#include "halfspaces.h"

/* Of the curves' files. */
static const char *const names[ESCAPE_METHODS] = {"gd", "one_ball", "balls", "sgd_gd_once", "sgd_gd", "sgd"};

/* By the order of the table, colours that the colour-blind can tell apart. */
static const char *const styles[ESCAPE_METHODS] = {
    "lw 4 lc rgb '#bbbbbb'",      "lw 2 dt 2 lc rgb '#0072b2'", "lw 2 lc rgb '#0072b2'",
    "lw 2 dt 2 lc rgb '#e69f00'", "lw 2 lc rgb '#e69f00'",      "lw 2 lc rgb '#d55e00'"};

static int has_curve(int m)
{
    return m != ESCAPE_BALL_ONCE && m != ESCAPE_CNC_ONCE;
}

/* ",x"; nothing of what was not seen. */
static void write_number(FILE *f, double x)
{
    if (isfinite(x)) {
        fprintf(f, ",%.9g", x);
    } else {
        fputc(',', f);
    }
}

static void write_run(FILE *f, const struct instance *k, int m, int s)
{
    const struct departure *d = &k->runs[m].run[s];
    fprintf(f, "%d,%s,%d,%d,%lld", k->seed, names[m], s, d->left.side, (long long)d->left.perturbations);
    write_number(f, d->left.steps);
    write_number(f, d->left.epochs);
    for (int l = 0; l < INSTANCE_LEVELS; l++) {
        write_number(f, d->epochs[l]);
    }
    fputc('\n', f);
}

static int write_runs(const char *folder, const struct instance *all, int n)
{
    FILE *f = figure_open(all[0].p.program, folder, "halfspaces", "csv");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fputs("data_set,method,seed,side,perturbations,left_step,left_epoch", f);
    for (int l = 0; l < INSTANCE_LEVELS; l++) {
        fprintf(f, ",epoch_%.0f", 100.0 * instance_levels[l]);
    }
    fputc('\n', f);
    for (int i = 0; i < n; i++) {
        for (int m = 0; m < ESCAPE_METHODS; m++) {
            for (int s = 0; s < all[i].runs[m].n; s++) {
                write_run(f, &all[i], m, s);
            }
        }
    }
    return figure_close(all[0].p.program, f);
}

/* The run whose steps are nearest to the median, of those that left ahead as gd does. */
static int middle_run(const struct runs *r)
{
    const double middle = instance_left(r, 0, 0.5);
    int best = 0;
    for (int i = 1; i < r->n; i++) {
        const struct escape *a = &r->run[i].left, *b = &r->run[best].left;
        const int nearer = fabs(a->steps - middle) < fabs(b->steps - middle);
        best = a->side > b->side || (a->side == b->side && nearer) ? i : best;
    }
    return best;
}

/* That run again and to its end; of its rows those that a curve needs. */
static int write_curve(const char *folder, const struct instance *k, enum escape_method m, struct escape_trace *t)
{
    struct escape e;
    char name[64];
    const int64_t steps = m == ESCAPE_SGD ? INSTANCE_SGD_STEPS : INSTANCE_STEPS;
    if (escape_run(&k->p, m, middle_run(&k->runs[m]), INSTANCE_OFFSET, steps, -1.0, t, &e) != 0) {
        return EXIT_FAILED;
    }
    snprintf(name, sizeof name, "halfspaces_%s", names[m]);
    FILE *f = figure_open(k->p.program, folder, name, "csv");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fputs("epoch,f\n", f);
    double last = 0.0;
    for (int64_t i = 1; i < t->rows; i++) {
        if (t->epoch[i] >= 1.02 * last || i == t->rows - 1) {
            fprintf(f, "%.6g,%.6g\n", t->epoch[i], t->f[i]);
            last = t->epoch[i];
        }
    }
    return figure_close(k->p.program, f);
}

static void write_panels(FILE *f, const struct instance *k)
{
    fprintf(f, "set multiplot layout 1,2\n"
               "set title 'f over all samples, the median run of each'\nset key bottom left Left reverse samplen 2\n"
               "plot %.9g with lines lw 1 dt 3 lc rgb '#666666' title 'the saddle'", k->p.f_saddle);
    for (int m = 0; m < ESCAPE_METHODS; m++) {
        if (has_curve(m)) {
            fprintf(f, ", \\\n     'halfspaces_%s.csv' skip 1 using 1:2 with lines %s title '%s' noenhanced", names[m],
                    styles[m], escape_names[m]);
        }
    }
    fprintf(f, "\nset title 'share of the runs that have left; dashed: one perturbation only'\nset yrange [0:1.02]\n"
               "set key off\nof(m) = strcol(2) eq m && column(1) == %d ? column(7) : NaN\n"
               "plot 'halfspaces.csv' skip 1 using (of('gd')):(1) with impulses %s", k->seed, styles[ESCAPE_GD]);
    for (int m = ESCAPE_GD + 1; m < ESCAPE_METHODS; m++) {
        fprintf(f, ", \\\n     '' skip 1 using (of('%s')):(1.0/%d) smooth cumulative with steps %s", names[m],
                k->runs[m].n, styles[m]);
    }
    fputs("\nunset multiplot\n", f);
}

static int write_script(const char *folder, const struct instance *k)
{
    FILE *f = figure_open(k->p.program, folder, "halfspaces", "gp");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fprintf(f, "# Data set %d, from the CSV files beside this script: gnuplot halfspaces.gp\n"
               "set datafile separator ','\nset logscale x\nset xrange [0.5:8000]\n"
               "set xlabel 'epochs (n sample gradients)'\n", k->seed);
    figure_begin(f, "halfspaces", 1200, 480);
    write_panels(f, k);
    fputs("unset yrange\n", f); /* the loop draws twice */
    figure_end(f);
    return figure_close(k->p.program, f);
}

int halfspaces_draw(const char *folder, const struct instance *all, int n, struct escape_trace *t)
{
    int code = write_runs(folder, all, n);
    for (int m = 0; m < ESCAPE_METHODS && code == EXIT_GOOD; m++) {
        code = has_curve(m) ? write_curve(folder, &all[0], (enum escape_method)m, t) : code;
    }
    code = code == EXIT_GOOD ? write_script(folder, &all[0]) : code;
    return code == EXIT_GOOD ? figure_run(all[0].p.program, folder, "halfspaces", "runs") : code;
}
