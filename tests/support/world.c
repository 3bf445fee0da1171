/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/world.h"
#include "support/expect.h"
#include "support/recipes.h"
#include <math.h>

double world_part(const struct world *x, int j, double w, double *first, double *second)
{
    const double c = j % 2 == 0 ? x->scale : -0.5 * x->scale, s = pow(10.0, -6.0 + 12.0 * j / (WORLD_DIM - 1.0)), v = w - 1.0;
    switch (x->function) {
    case FLOOR: /* a saddle between minima */
        *first = c * w + w * w * w;
        *second = c + 3.0 * w * w;
        return 0.5 * c * w * w + 0.25 * w * w * w * w;
    case SCALES: /* from 1e-6 to 1e6 */
        *first = s * v;
        *second = s;
        return 0.5 * s * v * v;
    case WALLS: /* L = 1e-3 at 0, 7 at 1 */
        *first = -1e-3 * w + pow(w, 7.0);
        *second = -1e-3 + 7.0 * pow(w, 6.0);
        return -0.5e-3 * w * w + 0.125 * pow(w, 8.0);
    case FLAT:
        *first = 4.0 * w * w * w;
        *second = 12.0 * w * w;
        return w * w * w * w;
    case PLATEAU: /* no curvature at 0, and a slope */
        *first = w * w * w - 1.0;
        *second = 3.0 * w * w;
        return 0.25 * w * w * w * w - w;
    default:
        *first = c * w;
        *second = c;
        return 0.5 * c * w * w;
    }
}

/* The valley is Rosenbrock's, along pairs of coordinates. */
double world_whole(const struct world *x, const double *w, double *g)
{
    double f = 0.0, first, second;
    for (int j = 0; x->function == VALLEY && j < WORLD_DIM; j += 2) {
        const double a = 1.0 - w[j], b = w[j + 1] - w[j] * w[j];
        f += a * a + 100.0 * b * b;
        if (g != NULL) {
            g[j] = -2.0 * a - 400.0 * b * w[j];
            g[j + 1] = 200.0 * b;
        }
    }
    for (int j = 0; x->function != VALLEY && j < WORLD_DIM; j++) {
        f += world_part(x, j, w[j], &first, &second);
        if (g != NULL) {
            g[j] = first;
        }
    }
    return f;
}

static double mean_tilt(const struct world *x, const saddle_batch *b, int j)
{
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += (b->index[k] % 2 == 0 ? 1.0 : -1.0) * (double)(1 + (b->index[k] / 2 + j) % 3);
    }
    return x->tilt * sum / (double)b->count;
}

static int world_value(void *user, const saddle_batch *b, const double *w, double *f)
{
    struct world *x = user;
    if (x->values < WORLD_CALLS) {
        memcpy(x->seen[x->values], w, sizeof x->seen[0]);
    }
    x->values++;
    if (x->values == x->fault_value) {
        return x->fault_code;
    }
    if (x->wall > 0.0 && fabs(w[0]) > x->wall) {
        return 1;
    }
    *f = world_whole(x, w, NULL) * (1.0 + x->jitter * sin((double)x->values));
    for (int j = 0; j < WORLD_DIM; j++) {
        *f += mean_tilt(x, b, j) * w[j];
    }
    return 0;
}

static int world_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct world *x = user;
    x->gradients++;
    (void)world_whole(x, w, g);
    for (int j = 0; j < WORLD_DIM; j++) {
        g[j] = (x->uphill ? -1.0 : 1.0) * (g[j] + mean_tilt(x, b, j));
    }
    return 0;
}

static int world_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct world *x = user;
    double first, second;
    (void)b;
    x->products++;
    for (int j = 0; j < WORLD_DIM; j++) {
        (void)world_part(x, j, w[j], &first, &second);
        product[j] = second * v[j];
    }
    return x->products == x->fault_product ? 7 : 0;
}

int world_keep_eta(void *user, int64_t step, double eta0, double *eta)
{
    struct world_run *b = user;
    (void)step;
    *eta = b->eta0 = eta0;
    return 0;
}

void world_begin(struct world_run *b, int function, double scale)
{
    world_begin_in(b, NULL, function, scale);
}

void world_begin_in(struct world_run *b, saddle_context *c, int function, double scale)
{
    memset(b, 0, sizeof *b);
    b->x.function = function;
    b->x.scale = scale;
    b->r.struct_size = (int64_t)sizeof b->r;
    EXPECT_OK(saddle_objective_create(c, WORLD_DIM, WORLD_SAMPLES, &b->x, &b->f));
    EXPECT_OK(saddle_objective_set_value(b->f, world_value));
    EXPECT_OK(saddle_objective_set_gradient(b->f, world_gradient));
    if (function != VALLEY) {
        EXPECT_OK(saddle_objective_set_hessvec(b->f, world_hessvec));
    }
    EXPECT_OK(saddle_options_create(NULL, &b->o));
}

void world_set(struct world_run *b, const char *const *more)
{
    for (int i = 0; more[i] != NULL; i += 2) {
        set(b->o, more[i], more[i + 1]);
    }
}

void world_create(struct world_run *b, saddle_method m)
{
    EXPECT_OK(saddle_solver_create(b->f, m, b->o, b->w, &b->s));
    ck_assert_int_eq(b->x.values + b->x.gradients + b->x.products, 0); /* no callback is called */
}

void world_end(struct world_run *b)
{
    saddle_solver_destroy(b->s);
    saddle_options_destroy(b->o);
    saddle_objective_destroy(b->f);
}

const struct world_method world_methods[WORLD_METHODS] = {
    {SADDLE_METHOD_GD, {NULL}, 1},
    {SADDLE_METHOD_NGD, {"noise", "1e-4", "noise_every", "7"}, 1},
    {SADDLE_METHOD_SGD_GD, {"escape_step", "0.02", "escape_steps", "20", "gradient_threshold", "1e-3"}, 1},
    {SADDLE_METHOD_PGD,
     {"radius", "0.05", "escape_steps", "60", "gradient_threshold", "1e-3", "decrease_threshold", "1e-9"}, 1},
    {SADDLE_METHOD_GD, {"batch_size", "3"}, 0},
    {SADDLE_METHOD_NGD, {"batch_size", "3"}, 0},
    {SADDLE_METHOD_SGD, {NULL}, 0},
    {SADDLE_METHOD_PSGD, {"noise", "0.05", "batch_size", "2"}, 0},
    {SADDLE_METHOD_SGLD, {"inverse_temperature", "1e4", "batch_size", "3"}, 0},
};

double to_8_bits(double x)
{
    int e;
    const double bits = floor(ldexp(frexp(x, &e), 8));
    return ldexp(bits, e - 8);
}

static double uniform(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

void world_start(int function, int seed, double *w)
{
    const double radius = function == WALLS ? 1e-2 : function == FLAT ? 1e-3 : function == PLATEAU ? 0.0 : 1.5;
    uint64_t state = (uint64_t)(100 * function + seed + 1);
    (void)uniform(&state);
    for (int j = 0; j < WORLD_DIM; j++) {
        w[j] = radius * (2.0 * uniform(&state) - 1.0);
    }
}
