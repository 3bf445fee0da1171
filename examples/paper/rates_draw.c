/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include "rates_report.h"

static const char *const colours[RATES_KINDS] = {"e69f00", "0072b2", "56b4e9", "d55e00", "cc79a7"};
static const int points[RATES_KINDS] = {7, 5, 9, 11, 13};

static void write_runs(FILE *f, const struct rates_row *rows, const char *by, int64_t seed)
{
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS; k++) {
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
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS; k++) {
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

/* A method: means, with standard errors where these can be seen, and the law as a line. */
static void write_method(FILE *f, enum rates_kind kind, const char *by, const char *x, const char *drop, int bars)
{
    static const char from[] = "'rates_summary.csv' skip 1 using";
    char pick[96];
    snprintf(pick, sizeof pick, "strcol(1) eq '%s' && strcol(2) eq '%s'", by, rates_names[kind]);
    fprintf(f, ", \\\n     %s %s:(%s ? $8%s : NaN) with lines lw 1.5 lc rgb '#%s' notitle", from, x, pick, drop,
            colours[kind]);
    fprintf(f,
            ", \\\n     %s %s:(%s ? $10%s : NaN)%s pt %d ps 0.9 lw 1.5 lc rgb '#%s' title '%s' noenhanced", from, x,
            pick, drop, bars ? ":11 with yerrorbars" : " with points", points[kind], colours[kind], rates_names[kind]);
}

static void write_bound(FILE *f, const struct rates_cell *c, int power, const char *title)
{
    const double from = c->law.mean / c->set.drop;
    fprintf(f, ", \\\n     %.9g*(x*%.9g)**%d with lines lw 1.5 dt %d lc rgb '#666666' title '%s' noenhanced", from,
            c->set.lambda, power, power == 4 ? 2 : 3, title);
}

static void write_range(FILE *f, double a, double b)
{
    fprintf(f, "set xrange [%.9g:%.9g]\n", fmin(a, b) / 1.4, 1.4 * fmax(a, b));
}

static void write_panels(FILE *f, const struct rates_table *t)
{
    const struct rates_row *d = &t->by_dim[0], *l = &t->by_lambda[0];
    write_range(f, (double)d->cell[0].set.dim, (double)d->cell[d->n - 1].set.dim);
    fprintf(f,
            "set logscale x\nset format x '10^{%%T}'\nset xlabel 'd'\nset ylabel 'steps to leave'\n"
            "set title 'free of d, and logarithmic (lambda %g)'\nset yrange [0:*]\nset key bottom right\n"
            "plot NaN notitle",
            d->cell[0].set.lambda);
    for (enum rates_kind k = RATES_SGD_GD; k <= RATES_SPHERE; k++) {
        write_method(f, k, "dim", "3", "", 1);
    }
    fprintf(f,
            "\nset logscale y\nset format y '10^{%%T}'\nset yrange [10:*]\nset key top left\n"
            "set title 'noise per coordinate: polynomial (lambda %g)'\nplot NaN notitle",
            d->cell[0].set.lambda);
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS; k++) {
        if (k != RATES_SPHERE) {
            write_method(f, k, "dim", "3", "", 0);
        }
    }
    fputs("\n", f);
    write_range(f, 1.0 / l->cell[0].set.lambda, 1.0 / l->cell[l->n - 1].set.lambda);
    fprintf(f,
            "set yrange [*:*]\nset format x '%%g'\nset xlabel '1/lambda'\nset ylabel 'steps per drop of f'\n"
            "set title 'curvature (d = %lld)'\nplot NaN notitle",
            (long long)l->cell[0].set.dim);
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS; k++) {
        if (t->by_lambda[k].n > 0) {
            write_method(f, k, "lambda", "(1/$4)", "/$5", 0);
        }
    }
    write_bound(f, &l->cell[0], 4, "lambda^-4");
    write_bound(f, &l->cell[0], 5, "lambda^-5");
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
          "set key Left reverse samplen 2\n"
          "set samples 2\n" /* straight lines, in few words */
          "set mxtics 1\nset mytics 1\n",
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
