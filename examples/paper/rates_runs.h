/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs of the library's solver from the saddle of rates_model.h, and their steps. */
#ifndef RATES_RUNS_H
#define RATES_RUNS_H
#include "rates_law.h"
#include "statistics.h"

enum { RATES_MOST_RUNS = 1000 };

/* All runs of one setting. */
struct rates_cell {
    struct rates_setting set;
    struct rates_law law;
    int runs;                      /* 0 = too long, left out */
    double steps[RATES_MOST_RUNS]; /* by seed; infinite when it stayed */
    double quartile[3];
    struct estimate mean;
};

/* Makes `runs` runs with the seeds seed, seed+1, ..., shared by `threads` threads, which change nothing of them; the
 * samples come from seed. Runs of more than `most` steps times d, as the law has them, are left out. Returns 0, or -1
 * with an error printed. */
int rates_run(const char *program, struct rates_cell *c, int runs, int64_t seed, int threads, double most);

/* The library's check of the model's derivatives. Returns 0, or -1 with an error printed. */
int rates_check_model(const char *program, double lambda, int64_t seed);

#endif
