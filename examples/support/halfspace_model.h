/* SPDX-License-Identifier: BSD-3-Clause */
/* Small data sets for half-spaces with the sigmoid loss, f_z(w) = s(<w, z>), s(t) = 1/(1 + exp(-t)), z = -label x: two
 * Gaussian classes of 20 points in 4 dimensions, whose loss has a saddle with one way out. Most samples are far from
 * the border there, so that a few carry the noise along v. */
#ifndef HALFSPACE_MODEL_H
#define HALFSPACE_MODEL_H
#include <saddle/saddle.h>

enum { HALFSPACE_SAMPLES = 40, HALFSPACE_DIM = 4 };

struct halfspace_model {
    double z[HALFSPACE_SAMPLES][HALFSPACE_DIM];
    double saddle[HALFSPACE_DIM];
    double v[HALFSPACE_DIM]; /* the way out, a unit vector, */
    double lambda;           /* and its curvature, between -0.03 and -0.005 */
};

/* Fills in the data set and its saddle, number 1, 2, ...; returns 0, or -1 when memory is short or none was found. */
int halfspace_model_init(struct halfspace_model *m, int number);

/* Callbacks; user is the model. They only read it. */
int halfspace_value(void *user, const saddle_batch *b, const double *w, double *value);
int halfspace_gradient(void *user, const saddle_batch *b, const double *w, double *gradient);
int halfspace_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product);

#endif
