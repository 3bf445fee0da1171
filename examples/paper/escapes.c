/* SPDX-License-Identifier: BSD-3-Clause */
#include "escapes.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PURPOSE_BALL = 134, PURPOSE_RADIUS = 135, FOR_EVER = 1000000000 };

const char *const escape_names[ESCAPE_METHODS] = {"gd",           "pgd, one ball", "balls, repeated",
                                                  "sgd_gd, once", "sgd_gd",        "sgd"};

int escape_trace_create(struct escape_trace *t, int64_t steps)
{
    t->room = steps + 1;
    t->rows = 0;
    t->f = malloc((size_t)t->room * sizeof(double));
    t->epoch = malloc((size_t)t->room * sizeof(double));
    return t->f != NULL && t->epoch != NULL ? 0 : -1;
}

void escape_trace_release(struct escape_trace *t)
{
    free(t->f);
    free(t->epoch);
}

int64_t escape_reached(const struct escape_trace *t, double level)
{
    for (int64_t k = 0; k < t->rows; k++) {
        if (t->f[k] <= level) {
            return k;
        }
    }
    return -1;
}

/* What looks at a run. */
struct look {
    const struct escape_problem *p;
    struct escape_trace *t;
    struct escape *out;
    double f_end;
};

/* w after step t; returns 1 when the run is over, 0, or -1 without f. */
static int look(struct look *l, int64_t step, double epoch, int64_t perturbations, const double *w)
{
    const struct escape_problem *p = l->p;
    double along = 0.0, f;
    if (saddle_objective_value(p->f, w, &f) != SADDLE_OK) {
        return -1;
    }
    for (int j = 0; j < HALFSPACE_DIM; j++) {
        along += (w[j] - p->saddle[j]) * p->v[j];
    }
    if (fabs(along) >= ESCAPE_LEFT && isinf(l->out->steps)) {
        *l->out = (struct escape){(double)step, epoch, along > 0.0 ? 1 : -1, perturbations};
    }
    if (step < l->t->room) {
        l->t->f[step] = f;
        l->t->epoch[step] = epoch;
        l->t->rows = step + 1;
    }
    return f <= l->f_end;
}

static int monitor(void *user, const saddle_event *e)
{
    struct look *l = user;
    const double n = (double)l->p->model->samples;
    return e->step == l->t->rows - 1 ? 0 : look(l, e->step, (double)e->gradient_samples / n, e->perturbations, e->w);
}

static saddle_status set_options(enum escape_method method, int64_t seed, int64_t steps, saddle_options *o)
{
    const int once = method == ESCAPE_BALL_ONCE || method == ESCAPE_CNC_ONCE;
    const struct {
        saddle_option id;
        double value;
    } reals[] = {{SADDLE_OPT_STEP_SIZE, ESCAPE_ETA},   {SADDLE_OPT_GRADIENT_THRESHOLD, ESCAPE_GATE},
                 {SADDLE_OPT_RADIUS, ESCAPE_RADIUS},   {SADDLE_OPT_DECREASE_THRESHOLD, 1e-4},
                 {SADDLE_OPT_ESCAPE_STEP, ESCAPE_STEP}};
    saddle_status s = saddle_options_set_int(o, SADDLE_OPT_SEED, seed);
    for (size_t i = 0; i < sizeof reals / sizeof *reals && s == SADDLE_OK; i++) {
        s = saddle_options_set_real(o, reals[i].id, reals[i].value);
    }
    s = s == SADDLE_OK ? saddle_options_set_int(o, SADDLE_OPT_MAX_STEPS, steps) : s;
    s = s == SADDLE_OK ? saddle_options_set_int(o, SADDLE_OPT_MONITOR_EVERY, 1) : s;
    /* plain sgd: no longer steps */
    const int64_t wait = method == ESCAPE_SGD ? 0 : once ? FOR_EVER : 1;
    return s == SADDLE_OK ? saddle_options_set_int(o, SADDLE_OPT_ESCAPE_STEPS, wait) : s;
}

static saddle_status run_library(const struct escape_problem *p, enum escape_method method, int64_t seed, int64_t steps,
                                 double *w, struct look *l)
{
    static const saddle_method methods[ESCAPE_METHODS] = {
        [ESCAPE_GD] = SADDLE_METHOD_GD,           [ESCAPE_BALL_ONCE] = SADDLE_METHOD_PGD,
        [ESCAPE_CNC_ONCE] = SADDLE_METHOD_SGD_GD, [ESCAPE_CNC] = SADDLE_METHOD_SGD_GD,
        [ESCAPE_SGD] = SADDLE_METHOD_SGD};
    saddle_options *o = NULL;
    saddle_solver *solver = NULL;
    saddle_status s = saddle_options_create(NULL, &o);
    s = s == SADDLE_OK ? set_options(method, seed, steps, o) : s;
    s = s == SADDLE_OK ? saddle_solver_create(p->f, methods[method], o, w, &solver) : s;
    s = s == SADDLE_OK ? saddle_solver_set_monitor(solver, monitor, l) : s;
    s = s == SADDLE_OK ? saddle_solver_run(solver) : s;
    saddle_solver_destroy(solver);
    saddle_options_destroy(o);
    return s;
}

/* w += xi, uniform in the ball. */
static saddle_status add_ball(int64_t seed, int64_t step, double *w)
{
    const saddle_random_stream normals = {(uint64_t)seed, PURPOSE_BALL, (uint64_t)step};
    const saddle_random_stream radius = {(uint64_t)seed, PURPOSE_RADIUS, (uint64_t)step};
    double z[HALFSPACE_DIM], u, sum = 0.0;
    saddle_status s = saddle_random_normal(&normals, 0, HALFSPACE_DIM, z);
    s = s == SADDLE_OK ? saddle_random_uniform(&radius, 0, 1, &u) : s;
    if (s != SADDLE_OK) {
        return s;
    }
    for (int j = 0; j < HALFSPACE_DIM; j++) {
        sum += z[j] * z[j];
    }
    const double factor = ESCAPE_RADIUS * pow(u, 1.0 / HALFSPACE_DIM) / sqrt(sum);
    for (int j = 0; j < HALFSPACE_DIM; j++) {
        w[j] += factor * z[j];
    }
    return SADDLE_OK;
}

/* The library's pgd ends after t_thres steps that lowered f too little; so as to be compared with sgd_gd, which never
 * ends, here is the descent with balls alone, under the same gate. */
static saddle_status run_balls(const struct escape_problem *p, int64_t seed, int64_t steps, double *w, struct look *l)
{
    int64_t balls = 0, gradients = 0;
    int code = 0;
    for (int64_t step = 1; step <= steps && code == 0; step++) {
        double g[HALFSPACE_DIM], sum = 0.0;
        saddle_status s = saddle_objective_gradient(p->f, w, NULL, g);
        gradients++;
        for (int j = 0; j < HALFSPACE_DIM; j++) {
            sum += g[j] * g[j];
        }
        if (s == SADDLE_OK && sqrt(sum) <= ESCAPE_GATE) {
            s = add_ball(seed, step, w);
            s = s == SADDLE_OK ? saddle_objective_gradient(p->f, w, NULL, g) : s;
            gradients++;
            balls++;
        }
        if (s != SADDLE_OK) {
            return s;
        }
        for (int j = 0; j < HALFSPACE_DIM; j++) {
            w[j] -= ESCAPE_ETA * g[j];
        }
        code = look(l, step, (double)gradients, balls, w);
    }
    return code < 0 ? SADDLE_E_CALLBACK : SADDLE_OK;
}

int escape_run(const struct escape_problem *p, enum escape_method method, int64_t seed, double offset, int64_t steps,
               double f_end, struct escape_trace *t, struct escape *out)
{
    double w[HALFSPACE_DIM];
    struct look l = {.p = p, .t = t, .out = out, .f_end = f_end};
    *out = (struct escape){.steps = HUGE_VAL, .epochs = HUGE_VAL};
    for (int j = 0; j < HALFSPACE_DIM; j++) {
        w[j] = p->saddle[j] + offset * p->v[j];
    }
    t->rows = 0;
    saddle_status s = look(&l, 0, 0.0, 0, w) < 0 ? SADDLE_E_CALLBACK : SADDLE_OK;
    if (s == SADDLE_OK) {
        s = method == ESCAPE_BALL ? run_balls(p, seed, steps, w, &l) : run_library(p, method, seed, steps, w, &l);
    }
    if (s != SADDLE_OK) {
        fprintf(stderr, "%s: %s: %s\n", p->program, escape_names[method], saddle_error_message());
        return -1;
    }
    return 0;
}
