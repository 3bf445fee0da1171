/* SPDX-License-Identifier: BSD-3-Clause */
/* Figures drawn by gnuplot from CSV files; and that of the demonstration: f against samples used. */
#ifndef FIGURE_H
#define FIGURE_H
#include <stdio.h>
#include "study.h"

/* Makes the folder if it is not there. Returns EXIT_GOOD, or with an error printed EXIT_USAGE or EXIT_FAILED. */
int figure_folder(const char *program, const char *folder);

/* folder/name.ending, opened for writing; NULL with an error printed. */
FILE *figure_open(const char *program, const char *folder, const char *name, const char *ending);

/* Closes a file of figure_open(). Returns EXIT_GOOD, or EXIT_FAILED with an error printed. */
int figure_close(const char *program, FILE *f);

/* Lines for the top of a script that draws all the figure in a loop over the two kinds of file, and its end. */
void figure_begin(FILE *f, const char *name, int width, int height);
void figure_end(FILE *f);

/* Enters the folder and, where gnuplot is there, lets name.gp make name.svg and name.png; says in one line what was
 * made, the CSV files included. Returns EXIT_GOOD, or EXIT_FAILED with an error printed; a missing gnuplot is none. */
int figure_run(const char *program, const char *folder, const char *name, const char *csv);

struct panel {
    const char *name; /* of the problem: its files are NAME_METHOD.csv */
    const char *title;
    double f_saddle, f_left;
    const char *range;     /* of f, in gnuplot's words */
    const char *remark;    /* a line of text in the panel, */
    const char *remark_at; /* and where: "0.1, 0.9" is at the top left */
};

/* Writes saddles.gp into the folder and runs it. Returns as figure_run(). */
int figure_draw(const char *program, const char *folder, const struct panel *panels, const struct recipe *recipes);

#endif
