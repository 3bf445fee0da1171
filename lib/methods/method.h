/* SPDX-License-Identifier: BSD-3-Clause */
/* What a method is: a table that the engine reads, and a step that reads like the box in its paper. */
#ifndef SADDLE_I_METHOD_H
#define SADDLE_I_METHOD_H
#include <saddle/solver.h>
#include "methods/run.h"

enum saddle_i_needs {
    SADDLE_I_NEEDS_VALUE = 1,    /* a value callback */
    SADDLE_I_NEEDS_ALL = 2,      /* its gradients are over all samples: no stream */
    SADDLE_I_OWN_BATCH_ALL = 4,  /* BATCH_SIZE 0 means all samples */
    SADDLE_I_MINI_BATCH = 8,     /* reads BATCH_SIZE and SAMPLING for its gradient */
    SADDLE_I_ESCAPE_RULE = 16,   /* a small gradient makes it perturb: EPS_GRADIENT does not end it */
    SADDLE_I_NEEDS_BEFORE = 32   /* keeps the iterate before this one */
};

struct saddle_i_method {
    const char *name;
    saddle_method id;
    int needs;
    const char *vectors[SADDLE_I_MAX_VECTORS];   /* of dim entries, beside w and g */
    const char *counters[SADDLE_I_MAX_COUNTERS];
    const char *numbers[SADDLE_I_MAX_COUNTERS];
    int answer;                                  /* 1 + the vector that holds the output when the method's own rule stops it; 0 = w */
    const int64_t *required;                     /* ids of options that must be > 0, ended by 0 */
    void (*init)(struct saddle_i_run *r);        /* or NULL */
    int (*reject)(struct saddle_i_run *r);       /* or NULL: takes back the step to a w where nothing can be evaluated; 0 = it cannot */
    saddle_status (*step)(struct saddle_i_run *r); /* exactly one iteration, or nothing and a status; or method_stop and nothing */
};

extern const struct saddle_i_method saddle_i_method_gd, saddle_i_method_sgd, saddle_i_method_sgd_gd, saddle_i_method_pgd,
    saddle_i_method_ngd, saddle_i_method_psgd, saddle_i_method_sgld;

/* NULL when unknown. */
const struct saddle_i_method *saddle_i_method_by_id(int64_t id);
const struct saddle_i_method *saddle_i_method_by_name(const char *name);

/* The gradient of a method that reads BATCH_SIZE: of all samples, or of the mini-batch of step t. */
static inline saddle_status saddle_i_run_gradient(struct saddle_i_run *r)
{
    return r->batches.size == 0 ? saddle_i_run_gradient_all(r, NULL) : saddle_i_run_gradient_batch(r);
}

#endif
