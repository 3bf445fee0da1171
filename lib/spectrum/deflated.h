/* SPDX-License-Identifier: BSD-3-Clause */
/* The pairs found so far, at both ends: orthonormal vectors, from which later Krylov spaces are kept apart. What is
 * said of the low end holds for the high end with the sign of every value changed. */
#ifndef SADDLE_I_DEFLATED_H
#define SADDLE_I_DEFLATED_H
#include "spectrum/krylov.h"

enum { SADDLE_I_LOW = 0, SADDLE_I_HIGH = 1, SADDLE_I_ENDS = 2 };

static inline double saddle_i_sign_of(int end)
{
    return end == SADDLE_I_LOW ? 1.0 : -1.0;
}

struct saddle_i_held {
    double value, estimate; /* as T has them */
    double residual;        /* measured */
    int64_t slot;           /* of the vector */
    int invariant, doubtful;
};

struct saddle_i_deflated {
    struct saddle_i_basis vectors;          /* the first low + high counts of them */
    int64_t wanted[SADDLE_I_ENDS];
    int64_t count[SADDLE_I_ENDS];
    struct saddle_i_held *at[SADDLE_I_ENDS]; /* from the end inwards */
    double *dots;
};

saddle_status saddle_i_deflated_init(struct saddle_i_deflated *d, struct saddle_i_operator *a, int64_t low, int64_t high);
void saddle_i_deflated_fini(struct saddle_i_deflated *d);
static inline int64_t saddle_i_deflated_count(const struct saddle_i_deflated *d)
{
    return d->count[SADDLE_I_LOW] + d->count[SADDLE_I_HIGH];
}
/* The value, times the sign of the end, that is number i there; infinity where there is none yet. */
double saddle_i_deflated_value(const struct saddle_i_deflated *d, int end, int64_t i);
/* Takes the innermost pairs away until `room` more fit. */
void saddle_i_deflated_make_room(struct saddle_i_deflated *d, int end, int64_t room);
/* Where the next vector is to be written. */
saddle_status saddle_i_deflated_next(struct saddle_i_deflated *d, double **x);
/* Takes what was written there, made orthogonal to the others and of norm 1. */
saddle_status saddle_i_deflated_take(struct saddle_i_deflated *d, int end, const struct saddle_i_held *pair);

#endif
