/* SPDX-License-Identifier: BSD-3-Clause */
/* The public objective: an oracle, counted. */
#ifndef SADDLE_I_OBJECTIVE_H
#define SADDLE_I_OBJECTIVE_H
#include "oracle/oracle.h"

struct saddle_objective {
    struct saddle_i_oracle oracle;
    void (*destroy)(void *user);
    int64_t holders; /* the caller and the solvers made from it */
    int64_t solvers; /* made so far: then the setters are closed */
};

/* holders + 1 and solvers + 1. */
void saddle_i_objective_hold(saddle_objective *f);

#endif
