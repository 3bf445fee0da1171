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

static void write_script(FILE *f, const struct density_point points[2])
{
    fputs("# Density of the Hessian's spectrum, from the CSV files beside this script: gnuplot density.gp\n"
          "set datafile separator ','\n"
          "set logscale y\n"
          "set format y '10^{%T}'\n"
          "set yrange [1e-4:*]\n"
          "set xlabel 'eigenvalue'\n"
          "set ylabel 'density'\n"
          "set key top right\n"
          "set arrow from 0, graph 0 to 0, graph 1 nohead lc rgb '#888888' dt 3\n",
          f);
    figure_begin(f, "density", 900, 480);
    fprintf(f,
            "plot 'density_%s.csv' skip 1 using 1:2 with lines lw 2 lc rgb '#d55e00' title \"%s\" noenhanced, \\\n"
            "     'density_%s.csv' skip 1 using 1:2 with lines lw 2 lc rgb '#0072b2' title \"%s\" noenhanced\n",
            points[0].name, points[0].title, points[1].name, points[1].title);
    figure_end(f);
}

int density_draw(const char *program, const char *folder, saddle_objective *f, const saddle_options *o,
                 const struct density_point points[2])
{
    int code = EXIT_GOOD;
    for (int i = 0; i < 2 && code == EXIT_GOOD; i++) {
        code = write_csv(program, folder, f, o, &points[i]);
    }
    FILE *script = code == EXIT_GOOD ? figure_open(program, folder, "density", "gp") : NULL;
    if (script == NULL) {
        return code == EXIT_GOOD ? EXIT_FAILED : code;
    }
    write_script(script, points);
    code = figure_close(program, script);
    return code == EXIT_GOOD ? figure_run(program, folder, "density", "densities") : code;
}
