/* SPDX-License-Identifier: BSD-3-Clause */
#include "instance.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "../support/critical.h"
#include "statistics.h"

const double instance_levels[INSTANCE_LEVELS] = {0.1, 0.25, 0.5, 0.8};

double instance_left(const struct runs *r, int epochs, double q)
{
    double x[INSTANCE_MOST_SEEDS];
    for (int i = 0; i < r->n; i++) {
        x[i] = epochs ? r->run[i].left.epochs : r->run[i].left.steps;
    }
    return statistics_quantile(r->n, x, q);
}

/* The density of xi_1 / radius in 4 dimensions is that of sin(theta), theta with density cos^4. */
double instance_ball_median(void)
{
    double low = 0.0, high = acos(0.0);
    const double half = 3.0 * high / 16.0;
    for (int k = 0; k < 60; k++) {
        const double theta = 0.5 * (low + high);
        const int below = 3.0 * theta / 8.0 + sin(2.0 * theta) / 4.0 + sin(4.0 * theta) / 32.0 < half;
        low = below ? theta : low;
        high = below ? high : theta;
    }
    return ESCAPE_RADIUS * sin(low);
}

/* Moments of the samples' gradients at the saddle; the eigenvectors are an orthonormal basis. */
static void look_at_noise(struct instance *k, const struct critical *c)
{
    double slopes[HALFSPACE_DIM], along[HALFSPACE_SAMPLES];
    k->moment = k->energy = 0.0;
    for (int64_t i = 0; i < k->model.samples; i++) {
        const saddle_batch b = {.struct_size = (int64_t)sizeof b, .count = 1, .index = &i, .dim = HALFSPACE_DIM};
        (void)halfspace_slopes(&k->model, &b, k->p.saddle, HALFSPACE_DIM, c->vectors, slopes);
        for (int j = 0; j < HALFSPACE_DIM; j++) {
            k->energy += slopes[j] * slopes[j] / (double)k->model.samples;
        }
        along[i] = fabs(slopes[HALFSPACE_DIM - 1]);
        k->moment += along[i] * along[i] / (double)k->model.samples;
    }
    k->median = statistics_quantile(HALFSPACE_SAMPLES, along, 0.5);
}

static int fail(const char *program, const char *why)
{
    fprintf(stderr, "%s: %s\n", program, why);
    return -1;
}

static int set_objective(struct instance *k)
{
    k->law = log(ESCAPE_LEFT / INSTANCE_OFFSET) / log1p(-ESCAPE_ETA * k->p.lambda);
    k->p.model = &k->model;
    if (halfspace_objective(&k->model, &k->p.f) != SADDLE_OK ||
        saddle_objective_value(k->p.f, k->p.saddle, &k->p.f_saddle) != SADDLE_OK) {
        return fail(k->p.program, saddle_error_message());
    }
    return 1;
}

int instance_make(const char *program, int seed, struct instance *k)
{
    struct critical c = {.n = 0};
    int found = -1;
    k->seed = seed;
    k->p.program = program;
    k->p.f = NULL;
    if (halfspace_model_random(program, (uint64_t)seed, &k->model) == 0) {
        if (critical_create(&c, HALFSPACE_DIM, HALFSPACE_SAMPLES, &k->model, halfspace_gradient,
                            halfspace_hessian) != 0) {
            fail(program, "out of memory");
        } else {
            found = halfspace_model_find_saddle(&k->model, (uint64_t)seed, &c);
        }
    }
    if (found == 1) {
        memcpy(k->p.saddle, k->model.saddle, sizeof k->p.saddle);
        memcpy(k->p.v, k->model.v, sizeof k->p.v);
        k->p.lambda = k->model.lambda;
        look_at_noise(k, &c);
        found = set_objective(k);
    }
    critical_release(&c);
    if (found != 1) {
        instance_release(k);
    }
    return found;
}

void instance_release(struct instance *k)
{
    saddle_objective_destroy(k->p.f);
    k->p.f = NULL;
    halfspace_model_release(&k->model);
}

static void see_levels(const double *f, const struct escape_trace *t, struct departure *d)
{
    for (int l = 0; l < INSTANCE_LEVELS; l++) {
        const int64_t row = f != NULL ? escape_reached(t, f[l]) : -1;
        d->steps[l] = row < 0 ? HUGE_VAL : (double)row;
        d->epochs[l] = row < 0 ? HUGE_VAL : t->epoch[row];
    }
}

/* Gradient descent to either side says where the paths lead. */
static int run_gd(struct instance *k, struct escape_trace *t)
{
    for (int side = 0; side < 2; side++) {
        const double offset = side == 1 ? INSTANCE_OFFSET : -INSTANCE_OFFSET;
        if (escape_run(&k->p, ESCAPE_GD, 0, offset, INSTANCE_GD_STEPS, -1.0, t, &k->gd[side].left) != 0) {
            return -1;
        }
        const double drop = k->p.f_saddle - t->f[t->rows - 1];
        for (int l = 0; l < INSTANCE_LEVELS; l++) {
            k->f[side][l] = k->p.f_saddle - instance_levels[l] * drop;
        }
        see_levels(k->f[side], t, &k->gd[side]);
    }
    k->runs[ESCAPE_GD].n = 1;
    k->runs[ESCAPE_GD].run[0] = k->gd[1];
    return 0;
}

static int run_method(struct instance *k, enum escape_method method, int seeds, struct escape_trace *t)
{
    struct runs *r = &k->runs[method];
    const int sgd = method == ESCAPE_SGD, last = INSTANCE_LEVELS - 1;
    const double f_end = sgd ? -1.0 : fmin(k->f[0][last], k->f[1][last]);
    r->n = sgd ? (seeds + 1) / 2 : seeds;
    for (int seed = 0; seed < r->n; seed++) {
        struct departure *d = &r->run[seed];
        const int64_t steps = sgd ? INSTANCE_SGD_STEPS : INSTANCE_STEPS;
        if (escape_run(&k->p, method, seed, INSTANCE_OFFSET, steps, f_end, t, &d->left) != 0) {
            return -1;
        }
        see_levels(d->left.side == 0 ? NULL : k->f[d->left.side > 0], t, d);
    }
    return 0;
}

int instance_run(struct instance *k, int seeds, struct escape_trace *t)
{
    if (run_gd(k, t) != 0) {
        return -1;
    }
    for (int m = ESCAPE_GD + 1; m < ESCAPE_METHODS; m++) {
        if (run_method(k, (enum escape_method)m, seeds, t) != 0) {
            return -1;
        }
    }
    return 0;
}

static void print_departures(const struct instance *k)
{
    printf("  %-15s %4s  %24s  %27s %8s\n", "", "runs", "left at step, quartiles", "epochs, quartiles", "perturb.");
    for (int m = 0; m < ESCAPE_METHODS; m++) {
        const struct runs *r = &k->runs[m];
        double x[INSTANCE_MOST_SEEDS];
        for (int i = 0; i < r->n; i++) {
            x[i] = (double)r->run[i].left.perturbations;
        }
        printf("  %-15s %4d  %7.0f %8.0f %7.0f  %8.1f %9.1f %8.1f %8.0f\n", escape_names[m], r->n,
               instance_left(r, 0, 0.25), instance_left(r, 0, 0.5), instance_left(r, 0, 0.75),
               instance_left(r, 1, 0.25), instance_left(r, 1, 0.5), instance_left(r, 1, 0.75),
               statistics_quantile(r->n, x, 0.5));
    }
    printf("  gd on the other side: %.0f\n", k->gd[0].left.steps);
}

/* The runs that left ahead, on the side of the gd of the table. */
static void print_levels(const struct instance *k)
{
    printf("  %-15s %4s  epochs until f is down by 10, 25, 50, 80 %% of the way, medians\n", "", "left ahead");
    for (int m = 0; m < ESCAPE_METHODS; m++) {
        const struct runs *r = &k->runs[m];
        double x[INSTANCE_LEVELS][INSTANCE_MOST_SEEDS];
        int n = 0;
        for (int i = 0; i < r->n; i++) {
            if (r->run[i].left.side > 0) {
                for (int l = 0; l < INSTANCE_LEVELS; l++) {
                    x[l][n] = r->run[i].epochs[l];
                }
                n++;
            }
        }
        printf("  %-15s %4d     ", escape_names[m], n);
        for (int l = 0; l < INSTANCE_LEVELS && n > 0; l++) {
            printf(" %9.1f", statistics_quantile(n, x[l], 0.5));
        }
        putchar('\n');
    }
}

void instance_print(const struct instance *k)
{
    const double d = HALFSPACE_DIM, ball = ESCAPE_RADIUS / sqrt(d + 2.0);
    printf("\nData set %d: saddle with f = %.4f, lambda = %.4f; linear law of gd: %.0f steps\n"
           "  E <grad f_z, v>^2 = %.3g = %.0f lambda^2, %.2f times its share of isotropic noise\n",
           k->seed, k->p.f_saddle, k->p.lambda, k->law, k->moment, k->moment / (k->p.lambda * k->p.lambda),
           k->moment * d / k->energy);
    print_departures(k);
    print_levels(k);
    printf("  One perturbation along v: stochastic step rms %.4f, median %.1e; ball rms %.4f, median %.4f: second\n"
           "  moments are as %.2f to 1, medians as %.2g to 1, and the median runs leave after %.0f and %.0f steps\n",
           ESCAPE_STEP * sqrt(k->moment), ESCAPE_STEP * k->median, ball, instance_ball_median(),
           ESCAPE_STEP * ESCAPE_STEP * k->moment / (ball * ball), ESCAPE_STEP * k->median / instance_ball_median(),
           instance_left(&k->runs[ESCAPE_CNC_ONCE], 0, 0.5), instance_left(&k->runs[ESCAPE_BALL_ONCE], 0, 0.5));
}
