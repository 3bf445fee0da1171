/* SPDX-License-Identifier: BSD-3-Clause */
/* The space of lambda_min: how many eigenvalues are equal to it, their vectors, and how far from the true space these may be. */
#ifndef SADDLE_I_EIGENSPACE_H
#define SADDLE_I_EIGENSPACE_H
#include "spectrum/lanczos.h"

enum { SADDLE_I_MOST_EQUAL = 64 }; /* pairs that are looked for at most */

struct saddle_i_eigenspace {
    saddle_context *context;
    int64_t multiplicity;
    int open;                /* all pairs found are equal: there may be more of them, and the vectors are part of the space */
    double *vectors;         /* of dim entries each: the first `multiplicity` of those found */
    double value, residual;  /* of a direction in the space: the first vector, at first */
    double sine;             /* bounds the angle between the space and the true one; 1: nothing is known */
    struct saddle_i_pair pair[SADDLE_I_MOST_EQUAL];
};

/* Pairs are 2, then 4, 8, ... while all that were found are equal to the first one. At the point of q, over its samples. *products is
 * set; after a failure, too, it may be finished. */
saddle_status saddle_i_eigenspace_find(struct saddle_i_eigenspace *e, struct saddle_i_oracle *o, const double *w,
                                       const struct saddle_i_request *q, const struct saddle_i_lanczos_settings *l, int64_t *products);
/* The first vector becomes sum_j u_j v_j, u a unit vector, and its value and residual are measured by one product more. */
saddle_status saddle_i_eigenspace_choose(struct saddle_i_eigenspace *e, struct saddle_i_oracle *o, const double *w,
                                         const struct saddle_i_request *q, const double *u, int64_t *products);
void saddle_i_eigenspace_fini(struct saddle_i_eigenspace *e);

#endif
