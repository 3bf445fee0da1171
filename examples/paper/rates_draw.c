/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include "rates_report.h"

static const char *const colours[RATES_KINDS] = {"e69f00", "0072b2", "56b4e9", "d55e00", "cc79a7"};
static const int points[RATES_KINDS] = {7, 5, 9, 11, 13};

static void write_runs(FILE *f, const struct rates_row *rows, const char *by, int64_t seed)
{
    for (int k = 0; k < RATES_KINDS; k++) {
        for (int j = 0; j < rows[k].n; j++) {
            const struct rates_cell *c = &rows[k].cell[j];
            for (int i = 0; i < c->runs; i++) {
                fprintf(f, "%s,%s,%lld,%g,%.9g,%lld,%.0f\n", by, rates_names[k], (long long)c->set.dim, c->set.lambda,
                        c->set.eta, (long long)seed + i, c->steps[i]);
            }
        }
    }
}

/* Cells that were not run have the law alone. */
static void write_summary(FILE *f, const struct rates_row *rows, const char *by)
{
    for (int k = 0; k < RATES_KINDS; k++) {
        for (int j = 0; j < rows[k].n; j++) {
            const struct rates_cell *c = &rows[k].cell[j];
            fprintf(f, "%s,%s,%lld,%g,%.9g,%.9g,%d,%.9g,%.9g,", by, rates_names[k], (long long)c->set.dim, c->set.lambda,
                    c->set.drop, c->set.eta, c->runs, c->law.mean, c->law.deviation);
            if (c->runs > 0) {
                fprintf(f, "%.9g,%.9g,%.9g,%.9g,%.9g\n", c->mean.value, c->mean.error, c->quartile[0], c->quartile[1],
                        c->quartile[2]);
            } else {
                fputs(",,,,\n", f);
            }
        }
    }
}

static int write_file(const char *program, const char *folder, const char *name, const char *heading,
                      const struct rates_table *t, int64_t seed)
{
    FILE *f = figure_open(program, folder, name, "csv");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fputs(heading, f);
    if (seed >= 0) {
        write_runs(f, t->by_dim, "dim", seed);
        write_runs(f, t->by_lambda, "lambda", seed);
    } else {
        write_summary(f, t->by_dim, "dim");
        write_summary(f, t->by_lambda, "lambda");
    }
    return figure_close(program, f);
}

/* A method: means with their standard errors, and the law as a line. */
static void write_method(FILE *f, enum rates_kind kind, const char *by, const char *x, const char *y)
{
    char pick[96];
    snprintf(pick, sizeof pick, "strcol(1) eq '%s' && strcol(2) eq '%s'", by, rates_names[kind]);
    fprintf(f, ", \\\n     'rates_summary.csv' skip 1 using (%s ? %s : NaN):($8%s) with lines lw 1.5 lc rgb '#%s' notitle",
            pick, x, y, colours[kind]);
    fprintf(f,
            ", \\\n     'rates_summary.csv' skip 1 using (%s ? %s : NaN):($10%s):($11%s) with yerrorbars pt %d ps 0.9 lw 1.5 "
            "lc rgb '#%s' title '%s' noenhanced",
            pick, x, y, y, points[kind], colours[kind], rates_names[kind]);
}

static void write_bound(FILE *f, const struct rates_cell *c, int power, const char *title)
{
    const double from = c->law.mean / c->set.drop;
    fprintf(f, ", \\\n     %.9g*(x*%.9g)**%d with lines lw 1.5 dt %d lc rgb '#666666' title '%s' noenhanced", from,
            c->set.lambda, power, power == 4 ? 2 : 3, title);
}

static void write_panels(FILE *f, const struct rates_table *t)
{
    const double at = t->by_dim[0].cell[0].set.lambda;
    fprintf(f,
            "set logscale x\nset format x '10^{%%T}'\nset xlabel 'd'\nset ylabel 'steps to leave'\n"
            "set title 'logarithmic in d, or free of it (lambda %g)'\nset yrange [0:*]\n"
            "plot NaN notitle",
            at);
    for (int k = RATES_SGD_GD; k <= RATES_SPHERE; k++) {
        write_method(f, k, "dim", "$3", "");
    }
    fprintf(f,
            "\nset logscale y\nset format y '10^{%%T}'\nset yrange [10:*]\nset title 'polynomial in d (lambda %g)'\n"
            "plot NaN notitle",
            at);
    for (int k = RATES_SGD_GD; k < RATES_KINDS; k++) {
        write_method(f, k, "dim", "$3", "");
    }
    fprintf(f,
            "\nset yrange [*:*]\nset format x '%%g'\nset xlabel '1/lambda'\nset ylabel 'steps per drop of f'\n"
            "set title 'curvature (d = %lld)'\nplot NaN notitle",
            (long long)t->by_lambda[0].cell[0].set.dim);
    for (int k = RATES_SGD_GD; k < RATES_KINDS; k++) {
        if (t->by_lambda[k].n > 0) {
            write_method(f, k, "lambda", "(1/$4)", "/$5");
        }
    }
    write_bound(f, &t->by_lambda[RATES_SGD_GD].cell[0], 4, "lambda^-4");
    write_bound(f, &t->by_lambda[RATES_SGD_GD].cell[0], 5, "lambda^-5");
    fputs("\nunset logscale y\nset format y '%g'\n", f);
}

static int write_script(const char *program, const char *folder, const struct rates_table *t)
{
    FILE *f = figure_open(program, folder, "rates", "gp");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fputs("# From rates_summary.csv beside this script: gnuplot rates.gp\n"
          "set datafile separator ','\n"
          "set key top left Left reverse samplen 2\n",
          f);
    figure_begin(f, "rates", 1350, 460);
    fputs("set multiplot layout 1,3\n", f);
    write_panels(f, t);
    fputs("unset multiplot\n", f);
    figure_end(f);
    return figure_close(program, f);
}

int rates_draw(const char *program, const char *folder, const struct rates_table *t, int64_t seed)
{
    int code = write_file(program, folder, "rates", "by,method,dim,lambda,eta,seed,steps\n", t, seed);
    code = code == EXIT_GOOD
               ? write_file(program, folder, "rates_summary",
                            "by,method,dim,lambda,drop,eta,runs,law,law_deviation,mean,mean_error,quartile_1,median,"
                            "quartile_3\n",
                            t, -1)
               : code;
    code = code == EXIT_GOOD ? write_script(program, folder, t) : code;
    return code == EXIT_GOOD ? figure_run(program, folder, "rates", "runs") : code;
}
