/* SPDX-License-Identifier: BSD-3-Clause */
/* What the study of half-spaces says of its instances: criteria, files, a figure. */
#ifndef HALFSPACES_H
#define HALFSPACES_H
#include "instance.h"
#include "lemma.h"
#include "summary.h"

/* Criteria a to f of n instances, and g, the lemma on random data. Returns 0, or -1 with an error printed. */
int halfspaces_judge(const struct instance *all, int n, struct escape_trace *t, struct criteria *c);

/* g, of data with ||z|| <= radius. */
void halfspaces_judge_lemma(const struct lemma *l, double radius, struct criteria *c);

/* Writes all runs, curves of the first instance, and the figure. Returns an exit code. */
int halfspaces_draw(const char *folder, const struct instance *all, int n, struct escape_trace *t);

#endif
