/* SPDX-License-Identifier: BSD-3-Clause */
#include "rates_runs.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 64, FOR_EVER = 1000000000 };

#define GATE 1e-6 /* on ||grad f||, which is 0 at the start; there is one perturbation only */

struct worker {
    const char *program;
    struct rates_cell *c;
    struct rates_model model;
    int first, by; /* its runs: first, first + by, ... */
    int64_t seed;
    int code;
};

static saddle_status set_options(const struct rates_cell *c, int64_t seed, saddle_options *o)
{
    const struct rates_setting *s = &c->set;
    const struct {
        saddle_option id;
        double value;
    } reals[] = {{SADDLE_OPT_STEP_SIZE, s->eta},       {SADDLE_OPT_TARGET_VALUE, -0.25 * s->drop},
                 {SADDLE_OPT_ESCAPE_STEP, s->size},    {SADDLE_OPT_RADIUS, s->size},
                 {SADDLE_OPT_NOISE, s->size},          {SADDLE_OPT_GRADIENT_THRESHOLD, GATE},
                 {SADDLE_OPT_DECREASE_THRESHOLD, GATE}};
    const struct {
        saddle_option id;
        int64_t value;
    } integers[] = {{SADDLE_OPT_SEED, seed},
                    {SADDLE_OPT_MAX_STEPS, (int64_t)(20.0 * c->law.mean) + 1000},
                    {SADDLE_OPT_ESCAPE_STEPS, FOR_EVER},
                    {SADDLE_OPT_NOISE_KIND, s->kind == RATES_SPHERE ? SADDLE_NOISE_SPHERE : SADDLE_NOISE_GAUSSIAN},
                    {SADDLE_OPT_MONITOR_EVERY, 0},
                    /* psgd: all samples, so that its own noise is the only one; sgd_gd draws one */
                    {SADDLE_OPT_SAMPLING, SADDLE_SAMPLING_SEQUENTIAL},
                    {SADDLE_OPT_BATCH_SIZE, s->kind == RATES_SGD_GD ? 1 : RATES_SAMPLES}};
    saddle_status status = SADDLE_OK;
    for (size_t i = 0; i < sizeof reals / sizeof *reals && status == SADDLE_OK; i++) {
        status = saddle_options_set_real(o, reals[i].id, reals[i].value);
    }
    for (size_t i = 0; i < sizeof integers / sizeof *integers && status == SADDLE_OK; i++) {
        status = saddle_options_set_int(o, integers[i].id, integers[i].value);
    }
    return status;
}

static saddle_status run(struct worker *k, saddle_objective *f, saddle_options *o, int number, double *w)
{
    static const saddle_method methods[RATES_KINDS] = {SADDLE_METHOD_SGD_GD, SADDLE_METHOD_PGD, SADDLE_METHOD_PSGD,
                                                       SADDLE_METHOD_PSGD, SADDLE_METHOD_PSGD};
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    memset(w, 0, (size_t)k->c->set.dim * sizeof *w);
    saddle_status s = set_options(k->c, k->seed + number, o);
    s = s == SADDLE_OK ? saddle_minimize(f, methods[k->c->set.kind], o, w, &r) : s;
    if (s == SADDLE_OK) {
        k->c->steps[number] = r.stop == SADDLE_STOP_VALUE ? (double)r.steps : HUGE_VAL;
    }
    return s;
}

static void *work(void *user)
{
    struct worker *k = user;
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    double *w = malloc((size_t)k->c->set.dim * sizeof *w);
    saddle_status s = w == NULL ? SADDLE_E_MEMORY : rates_model_objective(&k->model, &f);
    s = s == SADDLE_OK ? saddle_options_create(NULL, &o) : s;
    for (int i = k->first; i < k->c->runs && s == SADDLE_OK; i += k->by) {
        s = run(k, f, o, i, w);
    }
    if (s != SADDLE_OK) {
        fprintf(stderr, "%s: %s: %s\n", k->program, rates_names[k->c->set.kind],
                w == NULL ? "memory is short" : saddle_error_message());
        k->code = -1;
    }
    free(w);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return NULL;
}

/* The calling thread is the first one; work that finds no thread is done here. */
static int share(struct worker *k, int threads)
{
    pthread_t handle[MOST_THREADS];
    int started[MOST_THREADS] = {0}, code = 0;
    for (int i = 1; i < threads; i++) {
        started[i] = pthread_create(&handle[i], NULL, work, &k[i]) == 0;
    }
    for (int i = 0; i < threads; i++) {
        if (started[i]) {
            (void)pthread_join(handle[i], NULL);
        } else {
            (void)work(&k[i]);
        }
        code = k[i].code != 0 ? -1 : code;
    }
    return code;
}

static void summarise(struct rates_cell *c)
{
    double x[RATES_MOST_RUNS];
    memcpy(x, c->steps, (size_t)c->runs * sizeof *x);
    for (int i = 0; i < 3; i++) {
        c->quartile[i] = statistics_quantile(c->runs, x, 0.25 * (i + 1));
    }
    c->mean = statistics_mean(c->runs, x);
}

int rates_run(const char *program, struct rates_cell *c, int runs, int64_t seed, int threads, double most)
{
    struct rates_model model;
    if (rates_model_init(&model, c->set.dim, c->set.lambda, seed) != SADDLE_OK) {
        fprintf(stderr, "%s: %s\n", program, saddle_error_message());
        return -1;
    }
    c->law = rates_law_of(&c->set, &model);
    c->runs = c->law.mean * (double)c->set.dim > most ? 0 : runs;
    if (c->runs == 0) {
        return 0;
    }
    struct worker *k = calloc((size_t)threads, sizeof *k);
    if (k == NULL) {
        fprintf(stderr, "%s: memory is short\n", program);
        return -1;
    }
    for (int i = 0; i < threads; i++) {
        k[i] = (struct worker){.program = program, .c = c, .model = model, .first = i, .by = threads, .seed = seed};
    }
    const int code = share(k, threads);
    free(k);
    if (code == 0) {
        summarise(c);
    }
    return code;
}

int rates_check_model(const char *program, double lambda, int64_t seed)
{
    const double w[] = {3.0 * lambda, 0.3, -0.2, 0.1};
    struct rates_model model;
    saddle_objective *f = NULL;
    saddle_derivative_check check = {.struct_size = (int64_t)sizeof check};
    saddle_status s = rates_model_init(&model, (int64_t)(sizeof w / sizeof *w), lambda, seed);
    s = s == SADDLE_OK ? rates_model_objective(&model, &f) : s;
    s = s == SADDLE_OK ? saddle_check_derivatives(f, w, seed, &check) : s;
    saddle_objective_destroy(f);
    if (s != SADDLE_OK || !check.ok) {
        fprintf(stderr, "%s: %s\n", program, saddle_error_message());
        return -1;
    }
    return 0;
}
