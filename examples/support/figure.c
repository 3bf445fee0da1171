/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L
#include "figure.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int figure_folder(const char *program, const char *folder)
{
    struct stat s;
    if (strlen(folder) > 3900) {
        fprintf(stderr, "%s: the name of the folder is too long\n", program);
        return EXIT_USAGE;
    }
    if (mkdir(folder, 0777) == 0 || (errno == EEXIST && stat(folder, &s) == 0 && S_ISDIR(s.st_mode))) {
        return EXIT_GOOD;
    }
    fprintf(stderr, "%s: cannot make the folder %s: %s\n", program, folder, strerror(errno));
    return EXIT_FAILED;
}

FILE *figure_open(const char *program, const char *folder, const char *name, const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        fprintf(stderr, "%s: cannot write %s: %s\n", program, path, strerror(errno));
    }
    return f;
}

int figure_close(const char *program, FILE *f)
{
    const int failed = ferror(f);
    if (fclose(f) != 0 || failed) {
        fprintf(stderr, "%s: cannot write a file of the figure: %s\n", program, strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

void figure_begin(FILE *f, const char *name, int width, int height)
{
    fprintf(f,
            "set grid lc rgb '#e4e4e4' lt 1\n"
            "set border 3 lc rgb '#444444'\n"
            "set tics nomirror\n"
            "png = strstrt(GPVAL_TERMINALS, 'pngcairo') > 0 ? 'pngcairo' : 'png'\n"
            "do for [kind in 'svg png'] {\n"
            "if (kind eq 'svg') { set terminal svg size %d,%d font 'sans,15' background '#ffffff' }\n"
            "if (kind eq 'png') { set terminal @png size %d,%d font 'sans,12' }\n"
            "set output '%s.'.kind\n",
            width, height, width, height, name);
}

void figure_end(FILE *f)
{
    fputs("set output\n}\n", f);
}

/* In the folder, so that its name needs no quoting for the shell. */
int figure_run(const char *program, const char *folder, const char *name, const char *csv)
{
    char command[128];
    fflush(stdout);
    if (system("command -v gnuplot >/dev/null 2>&1") != 0) {
        printf("No figure: gnuplot is not installed. With it: cd %s && gnuplot %s.gp\n", folder, name);
        return EXIT_GOOD;
    }
    if (chdir(folder) != 0) {
        fprintf(stderr, "%s: cannot enter %s: %s\n", program, folder, strerror(errno));
        return EXIT_FAILED;
    }
    snprintf(command, sizeof command, "gnuplot %s.gp >gnuplot.log 2>&1 </dev/null", name);
    if (system(command) != 0) {
        fprintf(stderr, "%s: gnuplot failed, see %s/gnuplot.log\n", program, folder);
        return EXIT_FAILED;
    }
    (void)remove("gnuplot.log");
    printf("Figure: %s/%s.png and %s.svg; %s: %s/*.csv\n", folder, name, name, csv, folder);
    return EXIT_GOOD;
}

enum { PANELS = 2 };

/* Colours that the colour-blind can tell apart (Okabe and Ito), by the order of the table. Those that stay lie on one
 * another: widths fall and dashes differ, so that each can be seen. */
static const char *const colours[STUDY_METHODS] = {"bbbbbb", "e69f00", "0072b2", "009e73",
                                                   "d55e00", "cc79a7", "56b4e9"};
static const char *const dashes[STUDY_METHODS] = {"lw 7", "lw 3.5 dt 2", "lw 2", "lw 2", "lw 2 dt 4", "lw 2", "lw 2"};

/* Runs that are watched now and then are noisy: thin as they are, and thick their running mean over ten looks. */
static void write_curve(FILE *f, const struct panel *p, const struct recipe *r, int number)
{
    if (r->watch_every > 1) {
        fprintf(f, ", \\\n     '%s_%s.csv' skip 1 using 3:4 with lines lw 0.7 lc rgb '#b0%s' notitle", p->name,
                r->method, colours[number]);
        fprintf(f, ", \\\n     '%s_%s.csv' skip 1 using 3:(m = $0 < 1 ? $4 : 0.9*m + 0.1*$4)", p->name, r->method);
    } else {
        fprintf(f, ", \\\n     '%s_%s.csv' skip 1 using 3:4", p->name, r->method);
    }
    fprintf(f, " with lines %s lc rgb '#%s' title '%s' noenhanced", dashes[number], colours[number], r->method);
}

static void write_panel(FILE *f, const struct panel *p, const struct recipe *recipes, int first)
{
    fprintf(f, "set title \"%s\"\nset yrange [%s]\n", p->title, p->range);
    fprintf(f, "set key %s\n", first ? "bottom left Left reverse samplen 3 spacing 1.1" : "off");
    fprintf(f, "set %s\n", first ? "ylabel 'f over all samples'" : "ylabel");
    fprintf(f, "set label 1 'saddle' at graph 1.01, first %.9g left\n", p->f_saddle);
    fprintf(f, "set label 2 'has left' at graph 1.01, first %.9g left\n", p->f_left);
    fprintf(f, "set label 3 \"%s\" at graph %s noenhanced\n", p->remark, p->remark_at);
    fprintf(f, "plot %.9g with lines lw 1 dt 3 lc rgb '#666666' notitle, \\\n", p->f_saddle);
    fprintf(f, "     %.9g with lines lw 1 dt 3 lc rgb '#666666' notitle", p->f_left);
    for (int i = 0; i < STUDY_METHODS; i++) {
        write_curve(f, p, &recipes[i], i);
    }
    fputs("\n", f);
}

static void write_script(FILE *f, const struct panel *panels, const struct recipe *recipes)
{
    fputs("# f against samples used, from the CSV files beside this script: gnuplot saddles.gp\n"
          "set datafile separator ','\n"
          "set logscale x\n"
          "set format x '10^{%T}'\n"
          "set xrange [50:3e6]\n"
          "set xlabel 'sample gradients used'\n"
          "set rmargin 9\n",
          f);
    figure_begin(f, "saddles", 1200, 480);
    fputs("set multiplot layout 1,2\n", f);
    for (int i = 0; i < PANELS; i++) {
        write_panel(f, &panels[i], recipes, i == 0);
    }
    fputs("unset multiplot\n", f);
    figure_end(f);
}

int figure_draw(const char *program, const char *folder, const struct panel *panels, const struct recipe *recipes)
{
    FILE *f = figure_open(program, folder, "saddles", "gp");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    write_script(f, panels, recipes);
    const int code = figure_close(program, f);
    return code == EXIT_GOOD ? figure_run(program, folder, "saddles", "runs") : code;
}
