/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints a hash of the iterates of every method, a line a scenario. The lines must be the same for every compiler,
 * optimisation, processor and number of threads: tests/bits.sh compares the outputs of several builds. The objective is
 * made of + - * / alone. The exit code is 1 when threads, or a split of a run into calls, change a bit. Usage: bits */
#include <inttypes.h>
#include <saddle/saddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 12, GRAIN = 5, THREADS = 3 };

/* f_i(w) = sum_j w_j^4/4 - c_j w_j^2/2 + a_ij w_j: a saddle near 0. */
static double tilt(int64_t i, int64_t j)
{
    return 0.02 * (double)((i * 7 + j * 13) % 11 - 5);
}

static double curvature(int64_t j)
{
    return j % 3 == 0 ? 1.0 : -0.5;
}

static double mean_tilt(const saddle_batch *b, int64_t j)
{
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += tilt(b->index[k], j);
    }
    return sum / (double)b->count;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    for (int64_t j = 0; j < b->dim; j++) {
        g[j] = w[j] * w[j] * w[j] - curvature(j) * w[j] + mean_tilt(b, j);
    }
    return 0;
}

static int value(void *user, const saddle_batch *b, const double *w, double *f)
{
    (void)user;
    double sum = 0.0;
    for (int64_t j = 0; j < b->dim; j++) {
        sum += 0.25 * w[j] * w[j] * w[j] * w[j] - 0.5 * curvature(j) * w[j] * w[j] + mean_tilt(b, j) * w[j];
    }
    *f = sum;
    return 0;
}

static int value_gradient(void *user, const saddle_batch *b, const double *w, double *f, double *g)
{
    (void)gradient(user, b, w, g);
    return value(user, b, w, f);
}

/* Into the box [-0.6, 0.6]^d. */
static int project(void *user, int64_t dim, double *w)
{
    (void)user;
    for (int64_t j = 0; j < dim; j++) {
        w[j] = w[j] > 0.6 ? 0.6 : w[j] < -0.6 ? -0.6 : w[j];
    }
    return 0;
}

enum flag { PLAIN = 0, TOGETHER = 1, PROJECTED = 2 };

struct scenario {
    const char *method, *settings;
    int flags;
};

static const struct scenario scenarios[] = {
    {"gd", "step_size=0.125", PLAIN},
    {"gd", "step_size=0.125 schedule=inverse schedule_time=7", PLAIN},
    {"gd", "step_size=0.125 schedule=inverse_sqrt schedule_time=7", TOGETHER},
    {"gd", "step_size=0.125 schedule=exponential schedule_time=7", PLAIN},
    {"gd", "step_size=0.125 schedule=cosine schedule_time=9", PLAIN},
    {"gd", "step_size=0.25 output=best", TOGETHER},
    {"gd", "step_size=0.25 eps_gradient=1e-9 target_value=-1e9", PLAIN},
    {"gd", "step_size=0.25", PROJECTED},
    {"gd", "step_size=0.0625 batch_size=7", PLAIN},
    {"sgd", "step_size=0.05", PLAIN},
    {"sgd", "step_size=0.05 batch_size=7", TOGETHER},
    {"sgd", "step_size=0.05 batch_size=5 sampling=shuffle", PLAIN},
    {"sgd", "step_size=0.05 batch_size=7 sampling=sequential", PLAIN},
    {"sgd", "step_size=0.03 escape_step=0.25 escape_steps=4 schedule=cosine schedule_time=30", PLAIN},
    {"sgd", "step_size=0.05 output=uniform", PLAIN},
    {"sgd", "step_size=0.05 output=best", PLAIN},
    {"sgd", "step_size=0.3", PROJECTED},
    {"sgd_gd", "step_size=0.125 escape_step=0.5 escape_steps=5 gradient_threshold=1e3", PLAIN},
    {"sgd_gd", "step_size=0.125 escape_step=0.5 escape_steps=3 gradient_threshold=1e3 batch_size=7 schedule=inverse",
     PLAIN},
    {"pgd", "step_size=0.125 radius=0.25 escape_steps=4 gradient_threshold=1e3 decrease_threshold=1e-9", PLAIN},
    {"pgd", "step_size=0.125 radius=0.25 escape_steps=4 gradient_threshold=1e3 decrease_threshold=1e9", TOGETHER},
    {"pgd", "step_size=0.125 radius=0.25 escape_steps=3 gradient_threshold=1e3 decrease_threshold=1e-9", PROJECTED},
    {"ngd", "step_size=0.02 noise=0.05 noise_every=3", PLAIN},
    {"ngd", "step_size=0.02 noise=0.05 noise_every=2 batch_size=7 schedule=exponential", PLAIN},
    {"psgd", "step_size=0.05 noise=0.2 noise_kind=gaussian", PLAIN},
    {"psgd", "step_size=0.05 noise=0.2 noise_kind=sphere batch_size=6", PLAIN},
    {"psgd", "step_size=0.05 noise=0.2 noise_kind=ball schedule=cosine", PLAIN},
    {"psgd", "step_size=0.05 noise=0.2 noise_kind=ball output=uniform", PROJECTED},
    {"sgld", "step_size=0.02 inverse_temperature=40 batch_size=7", PLAIN},
    {"sgld", "step_size=0.02 inverse_temperature=40 schedule=inverse_sqrt", PROJECTED},
};

static void need(saddle_status s)
{
    if (s != SADDLE_OK) {
        fprintf(stderr, "bits: %s\n", saddle_error_message());
        exit(2);
    }
}

/* "a=1 b=2" */
static void apply(saddle_options *o, const char *settings)
{
    char words[256];
    snprintf(words, sizeof words, "%s", settings);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        char *text = strchr(word, '=');
        if (text == NULL) {
            fprintf(stderr, "bits: %s has no value\n", word);
            exit(2);
        }
        *text = '\0';
        need(saddle_options_set_text(o, word, text + 1));
    }
}

static uint64_t mix(uint64_t h, uint64_t bits)
{
    h = (h ^ bits) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

static uint64_t mix_real(uint64_t h, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return mix(h, x == x ? bits : 1); /* which NaN it is, is not promised */
}

static uint64_t mix_vector(uint64_t h, int64_t n, const double *x)
{
    for (int64_t j = 0; j < n; j++) {
        h = mix_real(h, x[j]);
    }
    return h;
}

/* What a run leaves behind: the output, and the numbers of its result. */
static uint64_t mix_result(uint64_t h, saddle_solver *s)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    need(saddle_solver_result(s, &r));
    h = mix(mix(mix(h, (uint64_t)r.stop), (uint64_t)r.steps), (uint64_t)r.perturbations);
    h = mix(mix(h, (uint64_t)r.gradient_samples), (uint64_t)r.value_samples);
    return mix_real(mix_real(h, r.value), r.gradient_norm);
}

/* How a run is cut into calls. */
enum split { STEP_BY_STEP, IN_PIECES, AT_ONCE, SPLITS };

struct hashes {
    uint64_t path, end; /* of all iterates; of the output and the result */
};

static saddle_objective *make_objective(const struct scenario *k, int64_t dim, int64_t threads)
{
    saddle_context *c = NULL;
    saddle_objective *f = NULL;
    need(saddle_context_create(NULL, &c));
    need(saddle_context_set_threads(c, threads));
    need(saddle_objective_create(c, dim, SAMPLES, NULL, &f));
    need(saddle_objective_set_grain(f, GRAIN));
    if (k->flags & TOGETHER) {
        need(saddle_objective_set_value_gradient(f, value_gradient));
    } else {
        need(saddle_objective_set_gradient(f, gradient));
        need(saddle_objective_set_value(f, value));
    }
    need(saddle_objective_set_project(f, k->flags & PROJECTED ? project : NULL));
    saddle_context_destroy(c);
    return f;
}

/* Calls until the run has stopped; the path is only seen step by step. */
static uint64_t drive(saddle_solver *s, int split, int64_t dim, const double *w)
{
    static const int64_t pieces[] = {1, 0, 3, 2, 5};
    uint64_t path = UINT64_C(1469598103934665603);
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    for (int call = 0; r.stop == SADDLE_STOP_NONE; call++) {
        if (split == AT_ONCE) {
            need(saddle_solver_run(s));
        } else {
            need(saddle_solver_step(s, split == STEP_BY_STEP ? 1 : pieces[call % 5]));
        }
        need(saddle_solver_result(s, &r));
        path = mix_vector(path, dim, w);
    }
    return path;
}

static struct hashes run(const struct scenario *k, int64_t dim, int64_t steps, int64_t threads, int split)
{
    double *w = malloc((size_t)dim * sizeof *w);
    if (w == NULL) {
        fprintf(stderr, "bits: out of memory\n");
        exit(2);
    }
    for (int64_t j = 0; j < dim; j++) {
        w[j] = 0.03125 * (double)(j * 5 % 7 - 3);
    }
    saddle_objective *f = make_objective(k, dim, threads);
    saddle_options *o = NULL;
    saddle_solver *s = NULL;
    need(saddle_options_create(NULL, &o));
    apply(o, k->settings);
    need(saddle_options_set_int(o, SADDLE_OPT_MAX_STEPS, steps));
    need(saddle_options_set_int(o, SADDLE_OPT_SEED, 2018));
    need(saddle_solver_create(f, saddle_method_find(k->method), o, w, &s));
    struct hashes h;
    h.path = drive(s, split, dim, w);
    h.end = mix_result(mix_vector(UINT64_C(1469598103934665603), dim, w), s);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(w);
    return h;
}

/* One line of one scenario; returns whether threads or calls changed a bit. */
static int show(const struct scenario *k, int64_t dim, int64_t steps)
{
    const struct hashes h = run(k, dim, steps, 1, STEP_BY_STEP);
    int differs = 0;
    for (int64_t threads = 1; threads <= THREADS; threads++) {
        for (int split = STEP_BY_STEP; split < SPLITS; split++) {
            const int needed = threads == 1 ? split != STEP_BY_STEP : split == (threads == 2 ? AT_ONCE : STEP_BY_STEP);
            if (needed) {
                const struct hashes other = run(k, dim, steps, threads, split);
                const int same = other.end == h.end && (split != STEP_BY_STEP || other.path == h.path);
                if (!same) {
                    printf("DIFFERS with %" PRId64 " threads, split %d: ", threads, split);
                }
                differs |= !same;
            }
        }
    }
    printf("%016" PRIx64 " %016" PRIx64 " d=%" PRId64 " %s %s%s%s\n", h.path, h.end, dim, k->method, k->settings,
           k->flags & TOGETHER ? ", together" : "", k->flags & PROJECTED ? ", projected" : "");
    return differs;
}

int main(void)
{
    static const struct {
        int64_t dim, steps;
    } sizes[] = {{1, 40}, {10, 40}, {33, 40}, {1000, 20}, {5000, 12}, {200001, 3}};
    int differs = 0;
    for (size_t k = 0; k < sizeof scenarios / sizeof scenarios[0]; k++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            differs |= show(&scenarios[k], sizes[i].dim, sizes[i].steps);
        }
    }
    return differs;
}
