/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs that start beside a saddle of the sigmoid loss, and when they have left it. */
#ifndef ESCAPES_H
#define ESCAPES_H
#include "../support/halfspace_model.h"

#define ESCAPE_ETA 0.25
#define ESCAPE_RADIUS 0.1 /* of the ball */
#define ESCAPE_STEP 0.5   /* of the stochastic step: 2 eta */
#define ESCAPE_GATE 1e-3  /* on ||grad f|| */
#define ESCAPE_LEFT 0.5   /* |<w - saddle, v>| from here on has left */

enum escape_method {
    ESCAPE_GD,
    ESCAPE_BALL_ONCE, /* the library's pgd: a first ball, and its t_thres is not over before the run is */
    ESCAPE_BALL,      /* a ball wherever the gradient is small: pgd without its rule that ends it */
    ESCAPE_CNC_ONCE,  /* sgd_gd with a t_thres that is not over before the run is */
    ESCAPE_CNC,       /* sgd_gd with t_thres = 1: a stochastic step wherever the gradient is small */
    ESCAPE_SGD,
    ESCAPE_METHODS
};

extern const char *const escape_names[ESCAPE_METHODS];

struct escape_problem {
    const char *program;
    struct halfspace_model *model;
    saddle_objective *f;
    double saddle[HALFSPACE_DIM], v[HALFSPACE_DIM];
    double lambda, f_saddle;
};

/* f and the cost after each step: row t = 0 is the start. */
struct escape_trace {
    int64_t room, rows;
    double *f, *epoch; /* an epoch is n sample gradients, those of perturbations included */
};

struct escape {
    double steps, epochs; /* until it had left; infinite when it stayed */
    int side;             /* sign of <w - saddle, v> then */
    int64_t perturbations;
};

/* Room for runs of so many steps. Returns 0, or -1 when memory is short. Release in both cases. */
int escape_trace_create(struct escape_trace *t, int64_t steps);
void escape_trace_release(struct escape_trace *t);

/* Runs from saddle + offset v for `steps` steps, or until f <= f_end. Returns 0, or -1 with an error printed. */
int escape_run(const struct escape_problem *p, enum escape_method method, int64_t seed, double offset, int64_t steps,
               double f_end, struct escape_trace *t, struct escape *out);

/* First row with f <= level, -1 when there is none. */
int64_t escape_reached(const struct escape_trace *t, double level);

#endif
