/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L
#include "progress.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 24 };

double progress_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_start(struct progress *p, double total)
{
    *p = (struct progress){.shown = isatty(STDERR_FILENO), .total = total, .label = "", .started = progress_clock()};
}

void progress_part(struct progress *p, const char *label, double work)
{
    p->label = label;
    p->part = work;
}

void progress_show(struct progress *p, double fraction)
{
    const double now = progress_clock();
    if (!p->shown || now - p->drawn < 0.1) {
        return;
    }
    p->drawn = now;
    const double all = p->total > 0.0 ? (p->done + fraction * p->part) / p->total : 0.0;
    const int full = (int)(all * BAR);
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++) {
        bar[i] = i < full ? '#' : '.';
    }
    bar[BAR] = '\0';
    char left[32] = "";
    if (all > 0.02) {
        snprintf(left, sizeof left, "about %.0f s left", (now - p->started) * (1.0 - all) / all);
    }
    fprintf(stderr, "\r[%s] %3.0f %%  %-16.16s %-18s", bar, 100.0 * all, p->label, left);
    fflush(stderr);
}

void progress_part_over(struct progress *p)
{
    p->done += p->part;
    p->part = 0.0;
}

void progress_clear(const struct progress *p)
{
    if (p->shown) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }
}
