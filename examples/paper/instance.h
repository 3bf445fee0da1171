/* SPDX-License-Identifier: BSD-3-Clause */
/* A saddle of random half-spaces, and the runs of all methods that start beside it. */
#ifndef INSTANCE_H
#define INSTANCE_H
#include "escapes.h"

enum { INSTANCE_MOST_SEEDS = 200, INSTANCE_LEVELS = 4 };

/* Steps of a run over all samples; of gd, which shows where the paths lead; and of sgd. */
enum { INSTANCE_STEPS = 8000, INSTANCE_GD_STEPS = 12000, INSTANCE_SGD_STEPS = 16000 };

#define INSTANCE_OFFSET 5e-5 /* runs start at saddle + offset v */

/* Parts of the way down that gd goes on a side: 10, 25, 50, 80 %. */
extern const double instance_levels[INSTANCE_LEVELS];

struct departure {
    struct escape left;
    /* until f was down at each level of the side on which it had left; infinite when that was not seen */
    double steps[INSTANCE_LEVELS], epochs[INSTANCE_LEVELS];
};

/* All runs of a method. */
struct runs {
    int n;
    struct departure run[INSTANCE_MOST_SEEDS];
};

struct instance {
    struct halfspace_model model;
    struct escape_problem p;
    int seed;              /* of the data */
    double moment, energy; /* E <grad f_z, v>^2 and E ||grad f_z||^2 at the saddle */
    double median;         /* of |<grad f_z, v>| */
    double law; /* ln(ESCAPE_LEFT / INSTANCE_OFFSET) / ln(1 + eta |lambda|): steps of gd were f a quadratic */
    double f[2][INSTANCE_LEVELS]; /* the levels: behind the saddle, ahead of it */
    struct departure gd[2];       /* gd to either side; that ahead is the run of ESCAPE_GD as well */
    struct runs runs[ESCAPE_METHODS];
};

/* Draws data set `seed` and looks for a saddle with one way out and lambda_min in (-0.03, -0.005). Returns 1 when there
 * is one, 0 when there is none, -1 with an error printed. Release when there is. */
int instance_make(const char *program, int seed, struct instance *k);
void instance_release(struct instance *k);

/* Runs every method, those with chance `seeds` times, sgd half as many. Returns 0, or -1 with an error printed. */
int instance_run(struct instance *k, int seeds, struct escape_trace *t);

/* The q-quantile of the steps or epochs until the runs of a method had left. */
double instance_left(const struct runs *r, int epochs, double q);

/* Median of |<xi, v>|, xi uniform in the ball of ESCAPE_RADIUS. */
double instance_ball_median(void);

void instance_print(const struct instance *k);

#endif
