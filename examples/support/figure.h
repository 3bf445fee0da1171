/* SPDX-License-Identifier: BSD-3-Clause */
/* The figure of the demonstration: f against samples used, drawn by gnuplot from the CSV files of the runs. */
#ifndef FIGURE_H
#define FIGURE_H
#include "study.h"

struct panel {
    const char *name; /* of the problem: its files are NAME_METHOD.csv */
    const char *title;
    double f_saddle, f_left;
    const char *range;     /* of f, in gnuplot's words */
    const char *remark;    /* a line of text in the panel, */
    const char *remark_at; /* and where: "0.1, 0.9" is at the top left */
};

/* Writes saddles.gp into the folder and, where gnuplot is there, lets it make saddles.svg and saddles.png; says in
 * one line what was made. Returns EXIT_GOOD, or EXIT_FAILED with an error printed; a missing gnuplot is none. */
int figure_draw(const char *program, const char *folder, const struct panel *panels, const struct recipe *recipes);

#endif
