/* SPDX-License-Identifier: BSD-3-Clause */
/* Half-spaces with the sigmoid loss, f_z(w) = s(<w, z>), s(t) = 1/(1 + exp(-t)), z = -label x. The rows z are sparse. */
#ifndef HALFSPACE_MODEL_H
#define HALFSPACE_MODEL_H
#include <saddle/saddle.h>
#include "critical.h"

enum { HALFSPACE_SAMPLES = 40, HALFSPACE_DIM = 4 }; /* of the random data */

struct halfspace_model {
    int n; /* variables */
    int64_t samples;
    int64_t *row;    /* samples + 1: the entries of z_i are column[k], z[k], row[i] <= k < row[i + 1] */
    int32_t *column;
    double *z;
    double saddle[HALFSPACE_DIM]; /* of random data, where it was looked for, */
    double v[HALFSPACE_DIM];      /* the way out, a unit vector, */
    double lambda;                /* and its curvature */
};

/* Two Gaussian classes of 20 points each in 4 dimensions, standard deviation 2, means (-1, 0, 1, -1/2) with label -1
 * and (1, 0, -1, -1/2) with label 1. Returns 0, or -1 with an error printed. Release in both cases. */
int halfspace_model_random(const char *program, uint64_t seed, struct halfspace_model *m);

/* Looks for a saddle of these data, by Newton's method from random starts: one way out, lambda in (-0.03, -0.005). Most
 * samples are far from the border there, so that a few carry the noise along v. Returns 1 when there is one, and then c
 * has looked at it; else 0. */
int halfspace_model_find_saddle(struct halfspace_model *m, uint64_t seed, struct critical *c);

/* The random data set with a saddle, number 1, 2, ...; found out by trying seeds 1, 2, ... Returns 0, or -1 with an error
 * printed. Release in both cases. */
int halfspace_model_init(const char *program, int number, struct halfspace_model *m);

void halfspace_model_release(struct halfspace_model *m);

/* The greatest ||z||. */
double halfspace_model_radius(const struct halfspace_model *m);

/* All z by the same factor to a greatest norm of 1; or each by its own, where it is not 0. */
void halfspace_model_scale(struct halfspace_model *m);
void halfspace_model_scale_rows(struct halfspace_model *m);

/* Callbacks; user is the model. The last one is for critical.h. */
int halfspace_value(void *user, const saddle_batch *b, const double *w, double *value);
int halfspace_gradient(void *user, const saddle_batch *b, const double *w, double *gradient);
int halfspace_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product);
int halfspace_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v,
                     double *slopes);
void halfspace_hessian(void *user, const double *w, double *hessian);

/* An objective with all of them. */
saddle_status halfspace_objective(struct halfspace_model *m, saddle_objective **out);

#endif
