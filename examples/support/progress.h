/* SPDX-License-Identifier: BSD-3-Clause */
/* A line on stderr that tells how far the work is and how long it will take; nothing when stderr is no terminal. */
#ifndef PROGRESS_H
#define PROGRESS_H

struct progress {
    int shown;    /* stderr is a terminal */
    double total; /* work in all, in any unit */
    double done;  /* work of the parts that are over */
    double part;  /* work of this part */
    const char *label;
    double started; /* seconds */
    double drawn;   /* when the line was last drawn */
};

/* Seconds of a clock that never goes back. */
double progress_clock(void);

void progress_start(struct progress *p, double total);
void progress_part(struct progress *p, const char *label, double work);
/* 0 .. 1 of the part is done. */
void progress_show(struct progress *p, double fraction);
void progress_part_over(struct progress *p);
/* Takes the line away. */
void progress_clear(const struct progress *p);

#endif
