/* SPDX-License-Identifier: BSD-3-Clause */
/* The one loop of all methods. */
#ifndef SADDLE_I_ENGINE_H
#define SADDLE_I_ENGINE_H
#include "methods/method.h"
#include "solver/certificate.h"
#include "solver/objective.h"
#include "solver/options.h"

struct saddle_i_limits {
    int64_t steps;         /* INT64_MAX = none */
    double samples;        /* of gradients: epochs * n; infinity = none */
    double seconds;        /* infinity = none */
    double target_value;   /* -infinity = none */
    double divergence;     /* infinity = none */
    double eps_gradient;   /* 0 = none, or the method has an escape rule, or CHECK_EVERY is set */
    int64_t check_every;   /* steps between certificates; 0 = none */
    int64_t test_every;    /* steps between tests of value and gradient */
    int64_t monitor_every; /* 0 = only when it stops */
    int64_t samples_a_step;/* at most */
};

struct saddle_solver {
    saddle_context *context;
    saddle_objective *objective;
    const struct saddle_i_method *method;
    struct saddle_options options;
    struct saddle_i_run run;
    struct saddle_i_limits limit;
    int64_t schedule, output;
    double schedule_time;
    saddle_monitor_fn monitor;
    void *monitor_user;
    saddle_schedule_fn own_schedule;
    void *own_schedule_user;

    int request;             /* atomic: asked to stop */
    int monitor_stop;        /* the monitor returned 1, and no stop has come of it yet */
    int working;             /* inside step or run, */
    int telling;             /* and there in the monitor */
    int called;              /* step or run was, or a checkpoint was loaded */
    int64_t t;               /* steps taken */
    int put_off;             /* the check of the last tests waits until the run goes on after a request */
    int64_t looked, told;    /* the last step whose tests were made, whose event was sent */
    int64_t tolerance_stop;  /* what the tests found */
    int64_t stop, kind;
    double value, gradient_norm, lambda_min, lambda_lower; /* of the output */
    struct {
        struct saddle_i_lanczos_settings set; /* delta is that of the whole run */
        double eps_gradient;
        int64_t count;         /* looks at the curvature so far */
        int64_t point;         /* where the last one was, */
        double gradient_norm, lambda_min, lambda_lower;
        int64_t kind;          /* and what it saw */
    } check;
    struct {
        int64_t step;
        double value, gradient_norm, step_norm;
    } seen;                  /* what the last step that ended in an event saw */
    double *kept;            /* OUTPUT uniform, best: the iterate to be returned; once stopped the current one */
    double kept_value;
    int has_kept, swapped;   /* swapped: w is the output, kept the current iterate */
    uint64_t fingerprint;    /* of w when the last call ended */
    uint64_t glimpse;        /* at w before the monitor was called */
    int w_changed;           /* by the monitor: it has to be put back */
    double seconds, started; /* of earlier calls; start of this one */
    double clock;            /* last reading, as seconds of this run */
    int64_t clock_step, clock_gap; /* step of that reading, steps until the next */
    int64_t callback_code;
    struct {
        int gradient_here, value_here, checked_here; /* the points that ready_point, known_point and check.point mean are that of w */
        int own_schedule;
        double schedule_time, seconds;
    } saved;                 /* what a checkpoint says in place of numbers of this process */
};

/* Goes on until something stops it or step `last` is done. */
saddle_status saddle_i_engine_run(struct saddle_solver *s, int64_t last);
/* Whether w is what the last call, or the monitor that is at work or was caught, was given. */
int saddle_i_engine_w_is_ours(const struct saddle_solver *s);
/* The vector that is to be exchanged with w now that the run has stopped, NULL when w is the output. */
double *saddle_i_engine_output(const struct saddle_solver *s);
/* eta_0 and L of a run whose STEP_SIZE is 0, measured at w_0, into the run. */
saddle_status saddle_i_engine_choose_step_size(struct saddle_solver *s);
/* eta_0; NaN where it is still to be chosen. */
double saddle_i_engine_step_size(const struct saddle_solver *s);
/* eta_t of the step to come, into the run. */
saddle_status saddle_i_engine_schedule(struct saddle_solver *s, int64_t step);

#endif
