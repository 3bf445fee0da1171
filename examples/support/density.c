/* SPDX-License-Identifier: BSD-3-Clause */
#include "density.h"
#include <stdio.h>
#include "figure.h"
#include "words.h"

enum { POINTS = 1000 };

static int write_csv(const char *program, const char *folder, saddle_objective *f, const saddle_options *o,
                     const struct density_point *p)
{
    double lambda[POINTS], density[POINTS];
    char name[64];
    if (saddle_spectral_density(f, p->w, o, POINTS, lambda, density) != SADDLE_OK) {
        fprintf(stderr, "%s: density: %s\n", program, saddle_error_message());
        return EXIT_FAILED;
    }
    snprintf(name, sizeof name, "density_%s", p->name);
    FILE *csv = figure_open(program, folder, name, "csv");
    if (csv == NULL) {
        return EXIT_FAILED;
    }
    fputs("lambda,density\n", csv);
    for (int i = 0; i < POINTS; i++) {
        fprintf(csv, "%.9g,%.9g\n", lambda[i], density[i]);
    }
    return figure_close(program, csv);
}

/* Left of lambda_min a curve is pale: there is no eigenvalue there, only the tail of the smoothing. */
static void write_curve(FILE *f, const struct density_point *p, double least, const char *colour)
{
    fprintf(f,
            "     'density_%s.csv' skip 1 using 1:2 with lines lw 1.5 lc rgb '#90%s' notitle, \\\n"
            "     'density_%s.csv' skip 1 using ($1 >= %.9g ? $1 : NaN):2 with lines lw 2 lc rgb '#%s' "
            "title \"%s, lambda_min = %.4g\" noenhanced, \\\n",
            p->name, colour, p->name, least, colour, p->title, least);
}

static void write_script(FILE *f, const struct density_point points[2], const double least[2])
{
    fputs("# Density of the Hessian's spectrum, from the CSV files beside this script: gnuplot density.gp\n"
          "set datafile separator ','\n"
          "set logscale y\n"
          "set format y '10^{%T}'\n"
          "set yrange [1e-4:*]\n"
          "set title 'Spectrum of the Hessian: each eigenvalue drawn with a standard deviation of 1 % of the spread'\n"
          "set xlabel 'eigenvalue'\n"
          "set ylabel 'density'\n"
          "set key top right\n"
          "set arrow from 0, graph 0 to 0, graph 1 nohead lc rgb '#888888' dt 3\n",
          f);
    figure_begin(f, "density", 900, 480);
    fputs("plot \\\n", f);
    write_curve(f, &points[0], least[0], "d55e00");
    write_curve(f, &points[1], least[1], "0072b2");
    fputs("     NaN with lines lw 1.5 lc rgb '#909090' title 'left of lambda_min: tails of the smoothing' noenhanced\n",
          f);
    figure_end(f);
}

int density_draw(const char *program, const char *folder, saddle_objective *f, const saddle_options *o,
                 const struct density_point points[2])
{
    double least[2] = {0.0, 0.0};
    int code = EXIT_GOOD;
    for (int i = 0; i < 2 && code == EXIT_GOOD; i++) {
        saddle_eigen e = {.struct_size = (int64_t)sizeof e};
        code = write_csv(program, folder, f, o, &points[i]);
        if (code == EXIT_GOOD && saddle_lambda_min(f, points[i].w, o, NULL, &e) != SADDLE_OK) {
            fprintf(stderr, "%s: density: %s\n", program, saddle_error_message());
            code = EXIT_FAILED;
        }
        least[i] = e.value;
    }
    FILE *script = code == EXIT_GOOD ? figure_open(program, folder, "density", "gp") : NULL;
    if (script == NULL) {
        return code == EXIT_GOOD ? EXIT_FAILED : code;
    }
    write_script(script, points, least);
    code = figure_close(program, script);
    return code == EXIT_GOOD ? figure_run(program, folder, "density", "densities") : code;
}
