/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of small eigenproblems and of the bound have in common: a solver, numbers to fill matrices with. */
#ifndef SADDLE_TEST_SOLVER_H
#define SADDLE_TEST_SOLVER_H
#include "spectrum/tridiag.h"

#define EACH(i, list) size_t i = 0; i < sizeof(list) / sizeof *(list); i++

static struct saddle_i_tridiag solver;

static void open_solver(void)
{
    saddle_i_tridiag_init(&solver, saddle_i_context_hold(NULL));
}

static void close_solver(void)
{
    saddle_i_tridiag_fini(&solver);
}

/* splitmix64, as a number in (0, 1) */
static double uniform(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

#endif
