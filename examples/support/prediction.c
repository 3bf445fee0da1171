/* SPDX-License-Identifier: BSD-3-Clause */
#include "prediction.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 }; /* samples in a call of the slopes callback */
enum { SEQUENCES = 10000, FEWEST = 1000, DRAWS = 20000000 /* in all, while there are more than FEWEST */ };
enum { AT_ONCE = 16 /* random numbers */, PURPOSE = 140 };

#define LEAVES_FROM 0.95
#define STAYS_UP_TO 0.05
#define ROUNDING_OF_DRAW 1e-13 /* ||x|| below this share of the largest draw, */
#define ROUNDING_OF_POINT 1e-15 /* or of 1 + ||w||, is rounding, no displacement */
#define ROUNDING_OF_SPACE 1e-12 /* moments below this share of the energy are errors of v, as in saddle_cnc_check() */

static double norm_of(int64_t n, const double *x)
{
    double sum = 0.0;
    for (int64_t j = 0; j < n; j++) {
        sum += x[j] * x[j];
    }
    return sqrt(sum);
}

/* Those of Lanczos but for the number of pairs; their end is the smaller one unless it is set. */
static saddle_status copy_settings(const saddle_options *from, saddle_options *to)
{
    static const saddle_option integers[] = {SADDLE_OPT_SEED, SADDLE_OPT_MAX_PRODUCTS, SADDLE_OPT_BASIS};
    static const saddle_option reals[] = {SADDLE_OPT_EIGEN_TOL, SADDLE_OPT_EPS_HESSIAN, SADDLE_OPT_DELTA};
    saddle_status s = SADDLE_OK;
    for (int i = 0; i < 3 && s == SADDLE_OK; i++) {
        int64_t k = 0;
        double x = 0.0;
        s = saddle_options_get_int(from, integers[i], &k);
        s = s == SADDLE_OK ? saddle_options_set_int(to, integers[i], k) : s;
        s = s == SADDLE_OK ? saddle_options_get_real(from, reals[i], &x) : s;
        s = s == SADDLE_OK ? saddle_options_set_real(to, reals[i], x) : s;
    }
    return s;
}

/* An orthonormal basis of the space of lambda_min. */
static saddle_status find_basis(saddle_objective *f, const double *w, const saddle_options *o, int64_t count, double *v)
{
    saddle_options *own = NULL;
    saddle_lanczos *l = NULL;
    saddle_status s = saddle_options_create(NULL, &own);
    s = s == SADDLE_OK ? copy_settings(o, own) : s;
    s = s == SADDLE_OK ? saddle_options_set_int(own, SADDLE_OPT_EIGENVALUES, count) : s;
    s = s == SADDLE_OK ? saddle_lanczos_create_hessian(f, w, own, &l) : s;
    s = s == SADDLE_OK ? saddle_lanczos_run(l) : s;
    for (int64_t j = 0; j < count && s == SADDLE_OK; j++) {
        s = saddle_lanczos_pair(l, j, v + j * saddle_objective_dim(f), NULL);
    }
    saddle_lanczos_destroy(l);
    saddle_options_destroy(own);
    return s;
}

/* Slopes of one sample from its gradient. */
static int slopes_of_one(const struct prediction_model *m, const saddle_batch *b, const double *w, int64_t k,
                         const double *v, double *g, double *slopes)
{
    const int code = m->gradient(m->user, b, w, g);
    for (int64_t j = 0; j < k && code == 0; j++) {
        slopes[j] = 0.0;
        for (int64_t i = 0; i < m->dim; i++) {
            slopes[j] += g[i] * v[j * m->dim + i];
        }
    }
    return code;
}

/* Returns 0, or what a callback returned. */
static int take_slopes(const struct prediction_model *m, const double *w, int64_t k, const double *v, double *g,
                       double *slopes)
{
    int64_t index[BLOCK];
    const int64_t most = m->slopes != NULL ? BLOCK : 1;
    int code = 0;
    for (int64_t first = 0; first < m->samples && code == 0; first += most) {
        saddle_batch b = {.struct_size = (int64_t)sizeof b, .first = first, .index = index, .dim = m->dim, .step = -1};
        b.count = m->samples - first < most ? m->samples - first : most;
        for (int64_t i = 0; i < b.count; i++) {
            index[i] = first + i;
        }
        code = m->slopes != NULL ? m->slopes(m->user, &b, w, k, v, slopes + first * k)
                                 : slopes_of_one(m, &b, w, k, v, g, slopes + first * k);
    }
    return code;
}

/* The mean of the slopes is what is left of numbers that cancel: its sum keeps what it loses (Neumaier). */
static void take_mean(struct prediction *p)
{
    for (int64_t j = 0; j < p->directions; j++) {
        double sum = 0.0, lost = 0.0;
        for (int64_t i = 0; i < p->samples; i++) {
            const double x = p->slopes[i * p->directions + j], next = sum + x;
            lost += fabs(sum) >= fabs(x) ? (sum - next) + x : (x - next) + sum;
            sum = next;
        }
        p->mean[j] = (sum + lost) / (double)p->samples;
    }
}

/* Gradients at right angles to the space have slopes none the less, since its basis is not exact. */
static void take_size(struct prediction *p)
{
    double sum = 0.0;
    for (int64_t i = 0; i < p->samples; i++) {
        const double size = norm_of(p->directions, p->slopes + i * p->directions);
        p->largest = fmax(p->largest, size);
        sum += size * size;
    }
    if (sum <= ROUNDING_OF_SPACE * p->cnc.energy * (double)p->samples) {
        memset(p->slopes, 0, (size_t)(p->samples * p->directions) * sizeof(double));
        p->largest = 0.0;
    }
}

static int fail(const char *program, const char *why)
{
    fprintf(stderr, "%s: %s\n", program, why);
    return -1;
}

static int allocate(const char *program, struct prediction *p, int64_t directions)
{
    const size_t numbers = (size_t)p->samples * (size_t)directions;
    p->directions = directions;
    p->mean = malloc((size_t)directions * sizeof(double));
    p->slopes = malloc(numbers * sizeof(double));
    p->need = malloc((size_t)p->samples * sizeof(double));
    p->x = malloc((size_t)directions * sizeof(double));
    p->left = malloc(SEQUENCES * sizeof(double));
    return p->mean == NULL || p->slopes == NULL || p->need == NULL || p->x == NULL || p->left == NULL
               ? fail(program, "out of memory")
               : 0;
}

/* v has room for as many vectors as lambda_min is multiple, g for one. */
static int look_along(const char *program, saddle_objective *f, const struct prediction_model *m, const double *w,
                      const saddle_options *o, double *v, double *g, struct prediction *p)
{
    const int64_t k = p->directions;
    if (k > 1 && find_basis(f, w, o, k, v) != SADDLE_OK) {
        return fail(program, saddle_error_message());
    }
    if (take_slopes(m, w, k, v, g, p->slopes) != 0) {
        return fail(program, "a sample cannot be evaluated at this point");
    }
    take_mean(p);
    take_size(p);
    return 0;
}

int prediction_look(const char *program, saddle_objective *f, const struct prediction_model *m, const double *w,
                    const saddle_options *o, struct prediction *p)
{
    const size_t bytes = (size_t)m->dim * sizeof(double);
    *p = (struct prediction){
        .cnc = {.struct_size = (int64_t)sizeof p->cnc}, .samples = m->samples, .norm = norm_of(m->dim, w)};
    double *v = malloc(bytes), *g = malloc(bytes);
    int code = v == NULL || g == NULL ? fail(program, "out of memory") : 0;
    if (code == 0 &&
        (saddle_objective_value(f, w, &p->value) != SADDLE_OK || saddle_cnc_check(f, w, o, v, &p->cnc) != SADDLE_OK)) {
        code = fail(program, saddle_error_message());
    }
    if (code == 0 && p->cnc.lambda_min < 0.0) {
        double *grown = realloc(v, bytes * (size_t)p->cnc.multiplicity);
        v = grown != NULL ? grown : v;
        code = grown == NULL ? fail(program, "out of memory") : allocate(program, p, p->cnc.multiplicity);
        code = code == 0 ? look_along(program, f, m, w, o, v, g, p) : code;
    }
    free(v);
    free(g);
    return code;
}

void prediction_release(struct prediction *p)
{
    free(p->mean);
    free(p->slopes);
    free(p->need);
    free(p->x);
    free(p->left);
    p->mean = p->slopes = p->need = p->x = p->left = NULL;
}

double prediction_displacement(const struct prediction *p, double f_thres, double g_thres)
{
    const double size = fabs(p->cnc.lambda_min);
    return f_thres > 0.0 ? sqrt(2.0 * f_thres / size) : g_thres / size;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Steps from a displacement of this size to D. */
static double steps_from(const struct prediction_rule *r, double growth, double size)
{
    return size == 0.0 ? (double)INFINITY : fmax(0.0, log(r->displacement / size) / growth);
}

/* x -= r V'grad f_z; returns ||x||. */
static double draw(struct prediction *p, const struct prediction_rule *r, int64_t z)
{
    const double *slopes = p->slopes + z * p->directions;
    for (int64_t j = 0; j < p->directions; j++) {
        p->x[j] -= r->escape_step * slopes[j];
    }
    const double size = norm_of(p->directions, p->x);
    return size < p->rounding ? 0.0 : size;
}

static void start(struct prediction *p)
{
    for (int64_t j = 0; j < p->directions; j++) {
        p->x[j] = p->mean[j] / p->cnc.lambda_min;
    }
}

static int64_t sample_of(const struct prediction *p, double uniform)
{
    const int64_t z = (int64_t)(uniform * (double)p->samples);
    return z < p->samples ? z : p->samples - 1;
}

/* The step at which a sequence of draws has left. Once the gate is found closed it stays so, as ||x|| only grows. */
static double follow(struct prediction *p, const struct prediction_rule *r, double growth, uint64_t sequence)
{
    const saddle_random_stream stream = {.seed = 0, .purpose = PURPOSE, .step = sequence};
    const double factor = exp(growth * (double)(r->escape_steps - 1)), size = fabs(p->cnc.lambda_min);
    const double last = fmin(r->displacement, r->gradient_threshold / size) / factor; /* above it no draw follows */
    double u[AT_ONCE];
    int64_t k = 0;
    start(p);
    for (int64_t t = 1; t <= r->steps; t += r->escape_steps, k++) {
        if (k % AT_ONCE == 0) {
            (void)saddle_random_uniform(&stream, k, AT_ONCE, u);
        }
        const double a = draw(p, r, sample_of(p, u[k % AT_ONCE]));
        if (a > last) {
            return (double)t + steps_from(r, growth, a);
        }
        for (int64_t j = 0; j < p->directions; j++) {
            p->x[j] = a == 0.0 ? 0.0 : factor * p->x[j];
        }
    }
    return (double)INFINITY;
}

/* The first draw of all samples; more draws of random sequences, where the time is enough and a draw can move w. */
void prediction_set_rule(struct prediction *p, const struct prediction_rule *r)
{
    const double growth = log1p(r->step_size * fabs(p->cnc.lambda_min));
    const int open = r->escape_step > 0.0 && norm_of(p->directions, p->mean) <= r->gradient_threshold;
    struct prediction_rule set = *r;
    set.escape_step = open ? r->escape_step : 0.0;
    p->rounding = ROUNDING_OF_DRAW * set.escape_step * p->largest + ROUNDING_OF_POINT * (1.0 + p->norm);
    for (int64_t i = 0; i < p->samples; i++) {
        start(p);
        p->need[i] = (double)open + steps_from(r, growth, draw(p, &set, i));
    }
    qsort(p->need, (size_t)p->samples, sizeof(double), ascending);
    p->sequences = 0;
    if (open && r->steps > r->escape_steps && isfinite(p->need[0])) {
        const int64_t most = DRAWS / ((r->steps - 1) / r->escape_steps + 1);
        p->sequences = most > SEQUENCES ? SEQUENCES : most < FEWEST ? FEWEST : most;
    }
    for (int64_t i = 0; i < p->sequences; i++) {
        p->left[i] = follow(p, r, growth, (uint64_t)i);
    }
    qsort(p->left, (size_t)p->sequences, sizeof(double), ascending);
}

/* How much of x, ascending, is at most that. */
static double share(int64_t n, const double *x, int64_t steps)
{
    int64_t low = 0, high = n; /* x[low - 1] <= steps < x[high] */
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (x[middle] <= (double)steps) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (double)low / (double)n;
}

double prediction_leave(const struct prediction *p, const struct prediction_rule *r, int64_t steps)
{
    return p->sequences == 0 || steps <= r->escape_steps ? share(p->samples, p->need, steps)
                                                         : share(p->sequences, p->left, steps);
}

static struct forecast from_probability(double probability)
{
    return (struct forecast){probability >= LEAVES_FROM   ? FORECAST_LEAVES
                             : probability <= STAYS_UP_TO ? FORECAST_STAYS
                                                          : FORECAST_MAY,
                             probability};
}

static double real(const saddle_options *o, saddle_option id)
{
    double x = 0.0;
    (void)saddle_options_get_real(o, id, &x);
    return x;
}

static int64_t integer(const saddle_options *o, saddle_option id)
{
    int64_t k = 0;
    (void)saddle_options_get_int(o, id, &k);
    return k;
}

/* gd and sgd_gd. */
static struct forecast by_law(struct prediction *p, saddle_method m, const saddle_options *o, double displacement,
                              int64_t steps)
{
    const int64_t batch = integer(o, SADDLE_OPT_BATCH_SIZE);
    const int escapes = m == SADDLE_METHOD_SGD_GD;
    const struct prediction_rule r = {.step_size = real(o, SADDLE_OPT_STEP_SIZE),
                                      .escape_step = escapes ? real(o, SADDLE_OPT_ESCAPE_STEP) : 0.0,
                                      .gradient_threshold = real(o, SADDLE_OPT_GRADIENT_THRESHOLD),
                                      .displacement = displacement,
                                      .escape_steps = integer(o, SADDLE_OPT_ESCAPE_STEPS),
                                      .steps = steps};
    const int known = r.step_size > 0.0 && integer(o, SADDLE_OPT_SCHEDULE) == SADDLE_SCHEDULE_CONSTANT && steps > 0 &&
                      (escapes ? batch <= 1 && r.escape_step > 0.0 && r.escape_steps > 0 : batch == 0);
    if (!known) {
        return (struct forecast){FORECAST_NONE, (double)NAN};
    }
    prediction_set_rule(p, &r);
    return from_probability(prediction_leave(p, &r, steps));
}

struct forecast prediction_of(struct prediction *p, saddle_method m, const saddle_options *o, double displacement,
                              int64_t steps)
{
    const struct forecast none = {FORECAST_NONE, (double)NAN}, leaves = {FORECAST_LEAVES, (double)NAN};
    if (p->directions == 0) {
        return none;
    }
    if (m == SADDLE_METHOD_GD || m == SADDLE_METHOD_SGD_GD) {
        return by_law(p, m, o, displacement, steps);
    }
    if (m == SADDLE_METHOD_SGD) {
        /* fails says no more than m_1 <= cnc_gamma; gamma = 0 is what keeps sgd where it is */
        const int zero = p->cnc.verdict == SADDLE_VERDICT_FAILS && real(o, SADDLE_OPT_CNC_GAMMA) == 0.0;
        const struct forecast stays = {FORECAST_STAYS, (double)NAN};
        return p->cnc.verdict == SADDLE_VERDICT_HOLDS ? leaves : zero ? stays : none;
    }
    return m == SADDLE_METHOD_NGD && real(o, SADDLE_OPT_NOISE) == 0.0 ? none : leaves;
}

void prediction_text(struct forecast f, char text[FORECAST_LENGTH])
{
    if (f.word == FORECAST_MAY) {
        snprintf(text, FORECAST_LENGTH, "may (.%02.0f)", 100.0 * f.probability);
    } else {
        snprintf(text, FORECAST_LENGTH, "%s",
                 f.word == FORECAST_LEAVES ? "leaves" : f.word == FORECAST_STAYS ? "stays" : "-");
    }
}
