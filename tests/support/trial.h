/* SPDX-License-Identifier: BSD-3-Clause */
/* A solver on the objective of these tests, from making it to taking it away. */
#ifndef SADDLE_TEST_TRIAL_H
#define SADDLE_TEST_TRIAL_H
#include "support/problem.h"

enum { TRIAL_DIM = 10, TRIAL_SAMPLES = 10 };

struct trial {
    struct problem p;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[TRIAL_DIM];
    saddle_result r;
};

/* A solver of recipe number `recipe` without a limit of steps; more: name, value, ..., NULL of further options. */
void trial_begin(struct trial *t, int recipe, const char *const *more);
/* Runs it: it must stop for this reason after so many steps; -1 = any number. The result is in t->r. */
void trial_run(struct trial *t, int64_t stop, int64_t steps);
void trial_end(struct trial *t);

#endif
