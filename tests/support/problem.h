/* SPDX-License-Identifier: BSD-3-Clause */
/* The objective of these tests, with saddles, that looks at what it is called with and fails where it is told to:
 *     f_i(w) = sum_j w_j^4/4 - c_j w_j^2/2 + a_ij w_j,   c_j = 1 or -1/2;   its Hessian is diag(3 w_j^2 - c_j). */
#ifndef SADDLE_TEST_PROBLEM_H
#define SADDLE_TEST_PROBLEM_H
#include <saddle/saddle.h>

/* Curvature that problem_objective() sets beside: any sum of these. */
enum problem_second { WITH_HESSVEC = 1, WITH_SLOPES = 2 };

enum problem_callbacks { SEPARATE, TOGETHER, ALL_THREE, GRADIENT_ONLY };

enum problem_fault {
    FAULT_NONE,
    FAULT_CODE,  /* returns code */
    FAULT_ENTRY, /* writes bad into an entry of the gradient, the product or the slopes */
    FAULT_VALUE, /* gives bad as the value */
    FAULT_UNWRITTEN_ENTRY, /* does not write that entry */
    FAULT_UNWRITTEN_VALUE
};

enum { POINTS_KEPT = 4096, FAILED_POINTS = 64 };

struct problem {
    int64_t dim, samples, grain; /* grain 0: the library's */
    int callbacks;
    int second;                  /* of problem_second */
    int64_t threads;             /* what the context was told, for the check of batch->thread; 0 = 1 */

    int fault;
    int fault_second;            /* WITH_HESSVEC, WITH_SLOPES: only calls of that callback count and fail; 0: all */
    int64_t fault_call;          /* it acts in this call, from 1, ... */
    int64_t fault_sample;        /* ... or, when fault_call is 0, in calls whose first sample is this */
    uint64_t fault_point;        /* > 0: it acts instead, once at each, where the hash of w is a multiple of this; one thread only */
    int64_t points_failed;
    uint64_t failed_at[FAILED_POINTS]; /* their hashes, the last ones */
    int for_ever;                /* in all calls from fault_call on */
    int code;
    int64_t entry;
    double bad;
    double wall;                 /* > 0: code 1 where |w_0| is above it */

    int64_t calls;               /* atomic */
    int64_t hessvec_calls, slopes_calls; /* atomic: of these */
    int64_t value_samples, gradient_samples, hessvec_samples, slopes_samples; /* atomic: as the library should count them */
    int64_t faults_made;         /* atomic */
    int64_t broken;              /* atomic: calls that broke a rule of saddle_batch */
    int64_t spins;               /* busy work of each call */
    int64_t last_step;           /* atomic: saddle_batch.step of the last call */
    int64_t destroyed;           /* calls of problem_destructor() */

    int lock;                    /* atomic, of the two below */
    int64_t point[POINTS_KEPT];  /* point ids seen, at id % POINTS_KEPT, */
    uint64_t seen[POINTS_KEPT];  /* and a hash of w there */
};

/* Everything 0 but these. */
void problem_init(struct problem *p, int64_t dim, int64_t samples, int64_t grain, int callbacks);
/* An objective with the callbacks. Aborts the test when it cannot be made. */
saddle_objective *problem_objective(struct problem *p, saddle_context *c);
/* A start near the saddle at 0. */
void problem_start(const struct problem *p, double *w);
/* a_ij */
double problem_tilt(int64_t i, int64_t j);
double problem_curvature(int64_t j);
/* f and its gradient over all samples, straight from the formula; either may be NULL. */
void problem_exact(const struct problem *p, const double *w, double *value, double *gradient);
/* The Hessian at w, the same for all samples, times v. */
void problem_exact_product(const struct problem *p, const double *w, const double *v, double *product);
/* To be handed to saddle_objective_set_destructor(). */
void problem_destructor(void *user);
uint64_t hash_vector(const double *x, int64_t n);

/* Callbacks, for tests that set them on their own. */
int problem_value(void *user, const saddle_batch *b, const double *w, double *value);
int problem_gradient(void *user, const saddle_batch *b, const double *w, double *gradient);
int problem_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient);
int problem_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product);
int problem_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes);

#endif
