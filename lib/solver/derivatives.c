/* SPDX-License-Identifier: BSD-3-Clause */
/* Callbacks against each other: values and gradients, gradients and Hessian products, by the order of Taylor's remainder;
 * symmetry and linearity of products; slopes and gradients of single samples; batches and the samples in them. */
#include <math.h>
#include <string.h>
#include "random/random.h"
#include "solver/objective.h"
#include "solver/remainder.h"

enum {
    FEW = 8, /* samples looked at one by one */
    RAYS = 2, /* one that leans on the gradient (or the product), where an error of its length shows, and one at random */
    PROBE_SAMPLES = 16, /* number of their stream; those of directions are below */
    DRAWS = 64
};
static const double clearly = 4.0; /* so many times what is just seen */
static const double minor = 0.01;  /* part of the largest gap of an entry: what is smaller may be rounding */

/* The vectors. V follows U: together they are the directions of slopes. */
enum vector { G, U, V, HU, HV, PROJECTION, SHIFTED, SPARE, VECTORS };

/* What is a mean over samples. */
enum kind { VALUE, GRADIENT, PRODUCT, KINDS };

struct check {
    struct saddle_i_oracle *o;
    const double *w;
    uint64_t seed;
    double *room;
    double scale;
    struct saddle_i_counts counts;
    struct saddle_i_request all; /* every sample; of a stream the few */
    struct saddle_i_request few;
    int64_t index[FEW];
    double f, g_norm, sample_size[KINDS];
    int gradient_is_wrong; /* then what is compared with gradients is not to blame */
    double resolution[RAYS]; /* the error of <grad f, u> that values would have shown; infinity where there are none */
    int values_decide;       /* an error of the gradient that explains that of the product would have shown in the values */
    saddle_derivative_check found;
    char text[440]; /* what does not hold */
};

static double *vector(const struct check *c, enum vector which)
{
    return c->room + (int64_t)which * c->o->dim;
}

static double dot(const struct check *c, const double *x, const double *y)
{
    return saddle_i_dot(c->o->kernels, c->o->dim, x, y);
}

static double norm(const struct check *c, const double *x)
{
    return saddle_i_norm(c->o->kernels, c->o->dim, x);
}

/* x = x + a y */
static void add(const struct check *c, double a, const double *y, double *x)
{
    c->o->kernels->axpy(c->o->dim, a, y, x);
}

static void copy(const struct check *c, const double *from, double *to)
{
    memcpy(to, from, (size_t)c->o->dim * sizeof(double));
}

/* gap/size, 0 where both are. */
static double relative(double gap, double size)
{
    return gap == 0.0 ? 0.0 : gap / size;
}

static void keep_worst(double *worst, double x)
{
    *worst = isnan(*worst) || x > *worst ? x : *worst;
}

/* Where the next thing that does not hold is written. */
static char *next_line(struct check *c, size_t *bytes)
{
    size_t length = strlen(c->text);
    c->found.ok = 0;
    if (length > 0) {
        saddle_i_write(c->text + length, sizeof c->text - length, "; ");
        length = strlen(c->text);
    }
    *bytes = sizeof c->text - length;
    return c->text + length;
}

static saddle_status gradient_at(struct check *c, const struct saddle_i_request *q, const double *w, double *value, double *g)
{
    double bound = -1.0;
    TRY(saddle_i_oracle_gradient(c->o, q, w, value, g, &bound));
    const int64_t entry = bound < 0.0 ? saddle_i_first_not_finite(c->o->dim, g) : -1;
    return entry < 0 ? SADDLE_OK : saddle_i_oracle_blame(c->o, q->step, entry, g[entry]);
}

static int has_value(const struct check *c)
{
    return c->o->value != NULL || c->o->value_gradient != NULL;
}

/* A unit vector, normal along `along` (not NULL: its unit vector is added before) and everything else. */
static void direction(const struct check *c, uint64_t number, const double *along, double *x)
{
    const saddle_random_stream s = {.seed = c->seed, .purpose = SADDLE_I_PURPOSE_PROBE, .step = number};
    saddle_i_random_normal(&s, 0, c->o->dim, x);
    c->o->kernels->scale(c->o->dim, 1.0 / norm(c, x), x);
    const double length = along == NULL ? 0.0 : norm(c, along);
    if (length > 0.0 && isfinite(1.0 / length)) {
        add(c, (dot(c, x, along) < 0.0 ? -1.0 : 1.0) / length, along, x);
        c->o->kernels->scale(c->o->dim, 1.0 / norm(c, x), x);
    }
}

/* f, or an entry <p, grad f>, along w + h u. */
struct line {
    struct saddle_i_ray ray; /* first: saddle_i_remainder() knows no more */
    struct check *c;
    const double *u, *p; /* p NULL: f */
};

/* Where a callback says that it cannot be evaluated, or what comes is not finite, there is no value: w itself was fine. */
static saddle_status on_line(struct saddle_i_ray *ray, double h, double *phi)
{
    struct line *l = (struct line *)ray;
    struct check *c = l->c;
    struct saddle_i_request q = c->all;
    double *shifted = vector(c, SHIFTED), *g = vector(c, SPARE);
    q.point = saddle_i_oracle_new_point(c->o);
    copy(c, c->w, shifted);
    add(c, h, l->u, shifted);
    const saddle_status s = l->p == NULL ? saddle_i_oracle_value(c->o, &q, shifted, phi) : gradient_at(c, &q, shifted, NULL, g);
    if (s == SADDLE_E_NOT_FINITE || (s == SADDLE_E_CALLBACK && c->o->callback_code == 1)) {
        *phi = SADDLE_I_NAN;
        return SADDLE_OK;
    }
    if (s == SADDLE_OK && l->p != NULL) {
        *phi = dot(c, l->p, g);
    }
    return s;
}

static saddle_status no_room(const char *what)
{
    return saddle_i_fail(SADDLE_E_NOT_FINITE, "saddle_check_derivatives: %s cannot be had anywhere near w", what);
}

static saddle_status check_gradient(struct check *c)
{
    double order = SADDLE_I_INF, error = 0.0;
    for (uint64_t k = 0; k < RAYS; k++) {
        direction(c, k, k == 0 ? vector(c, G) : NULL, vector(c, U));
        struct line l = {.c = c, .u = vector(c, U)};
        l.ray = (struct saddle_i_ray){
            .at = on_line, .zero = c->f, .parts = c->sample_size[VALUE], .slope = dot(c, vector(c, U), vector(c, G)), .size = c->g_norm,
            .scale = c->scale};
        TRY(saddle_i_remainder(&l.ray));
        if (isnan(l.ray.order)) {
            return no_room("f");
        }
        order = fmin(order, l.ray.order);
        c->resolution[k] = l.ray.resolution;
        const double size = fmax(fmax(fabs(l.ray.slope), fabs(l.ray.central)), c->g_norm / sqrt((double)c->o->dim));
        error = isnan(l.ray.central) ? error : fmax(error, relative(fabs(l.ray.slope - l.ray.central), size));
    }
    c->found.gradient_slope = order;
    c->found.gradient_error = error;
    if (!saddle_i_order_is_right(order)) {
        size_t bytes;
        char *text = next_line(c, &bytes);
        saddle_i_write(text, bytes, "gradient: the remainder of f falls like h^%.2f, not h^2: <grad f, u> is off by %.1e", order,
                       error);
        c->gradient_is_wrong = 1;
    }
    return SADDLE_OK;
}

/* The whole product against a central difference of gradients. */
static saddle_status product_error(struct check *c, double h, const double *u, const double *hu, double *error)
{
    struct saddle_i_request q = c->all;
    double *shifted = vector(c, SHIFTED), *up = vector(c, PROJECTION), *down = vector(c, SPARE);
    for (int side = 0; side < 2; side++) {
        q.point = saddle_i_oracle_new_point(c->o);
        copy(c, c->w, shifted);
        add(c, side == 0 ? h : -h, u, shifted);
        TRY(gradient_at(c, &q, shifted, NULL, side == 0 ? up : down));
    }
    add(c, -1.0, down, up);
    c->o->kernels->scale(c->o->dim, 0.5 / h, up);
    double size = norm(c, up);
    size = fmax(size, norm(c, hu));
    add(c, -1.0, hu, up);
    *error = fmax(*error, relative(norm(c, up), size));
    return SADDLE_OK;
}

/* Whether the gradient is free of blame where a difference D of Hu from gradients is found, which is in PROJECTION. Were the gradient
 * wrong, each entry by the part by which its derivative is, then <grad f, u> would be by <E, u>, E_j = g_j D_j/(Hu)_j. Near a
 * stationary point this is too little to be seen. */
static int values_would_tell(const struct check *c, const double *hu)
{
    const double *g = vector(c, G), *gap = vector(c, PROJECTION);
    const double most = saddle_i_max_abs(c->o->dim, gap);
    double *e = vector(c, SPARE), *u = vector(c, SHIFTED);
    for (int64_t j = 0; j < c->o->dim; j++) {
        const double size = fmax(fabs(hu[j]), fabs(hu[j] + gap[j]));
        e[j] = fabs(gap[j]) > minor * most ? g[j] * (gap[j] / size) : 0.0;
    }
    int would = 0;
    for (uint64_t k = 0; k < RAYS; k++) {
        direction(c, k, k == 0 ? g : NULL, u);
        would = would || fabs(dot(c, e, u)) > clearly * c->resolution[k];
    }
    return would;
}

static saddle_status check_hessvec(struct check *c)
{
    double order = SADDLE_I_INF, error = 0.0;
    for (uint64_t k = 0; k < RAYS; k++) {
        double *u = vector(c, k == 0 ? U : V), *hu = vector(c, k == 0 ? HU : HV), *p = vector(c, PROJECTION);
        direction(c, RAYS + k, NULL, u);
        TRY(saddle_i_oracle_hessvec(c->o, &c->all, c->w, u, hu));
        direction(c, 2 * RAYS + k, k == 0 ? hu : NULL, p);
        struct line l = {.c = c, .u = u, .p = p};
        l.ray = (struct saddle_i_ray){
            .at = on_line, .zero = dot(c, p, vector(c, G)), .parts = c->sample_size[GRADIENT], .slope = dot(c, p, hu), .size = norm(c, hu),
            .scale = c->scale};
        TRY(saddle_i_remainder(&l.ray));
        if (isnan(l.ray.order)) {
            return no_room("a gradient");
        }
        order = fmin(order, l.ray.order);
        if (!isnan(l.ray.width)) {
            TRY(product_error(c, l.ray.width, u, hu, &error));
            c->values_decide = c->values_decide || (!saddle_i_order_is_right(l.ray.order) && values_would_tell(c, hu));
        }
    }
    c->found.hessvec_slope = order;
    c->found.hessvec_error = error;
    return SADDLE_OK;
}

/* What check_hessvec() has found. A product that is wrong by itself is to blame for it. */
static void judge_hessvec(struct check *c, int wrong_by_itself)
{
    const double order = c->found.hessvec_slope, error = c->found.hessvec_error;
    size_t bytes;
    if (saddle_i_order_is_right(order) || c->gradient_is_wrong) {
        return;
    }
    char *text = next_line(c, &bytes);
    if (c->values_decide || wrong_by_itself) {
        saddle_i_write(text, bytes, "Hessian product: the remainder of the gradient falls like h^%.2f, not h^2: H u is off by %.1e",
                       order, error);
        return;
    }
    saddle_i_write(text, bytes, "gradient or Hessian product: the remainder of the gradient falls like h^%.2f, not h^2: they differ by "
                                "%.1e, and which of them is wrong cannot be told here: %s", order, error,
                   has_value(c) ? "check at a w where the gradient is not small" : "set a callback for values");
}

/* On the u, v, Hu and Hv that check_hessvec() leaves. */
static saddle_status check_symmetry(struct check *c)
{
    const double *u = vector(c, U), *v = vector(c, V), *hu = vector(c, HU), *hv = vector(c, HV);
    double *sum = vector(c, SHIFTED), *product = vector(c, SPARE);
    const double lengths = norm(c, hu) + norm(c, hv);
    const double asymmetry = relative(fabs(dot(c, u, hv) - dot(c, v, hu)), lengths);
    copy(c, u, sum);
    add(c, 2.0, v, sum);
    TRY(saddle_i_oracle_hessvec(c->o, &c->all, c->w, sum, product));
    const double size = norm(c, product) + lengths + norm(c, hv);
    add(c, -1.0, hu, product);
    add(c, -2.0, hv, product);
    const double bend = relative(norm(c, product), size);
    c->found.hessvec_asymmetry = fmax(asymmetry, bend);
    size_t bytes;
    judge_hessvec(c, !(c->found.hessvec_asymmetry <= SADDLE_I_SINGLE));
    if (!(asymmetry <= SADDLE_I_SINGLE)) {
        char *text = next_line(c, &bytes);
        saddle_i_write(text, bytes, "Hessian product: not symmetric: <u, Hv> and <v, Hu> differ by %.1e", asymmetry);
    }
    if (!(bend <= SADDLE_I_SINGLE)) {
        char *text = next_line(c, &bytes);
        saddle_i_write(text, bytes, "Hessian product: not linear: H(u + 2v) and Hu + 2Hv differ by %.1e", bend);
    }
    return SADDLE_OK;
}

/* A value_gradient callback beside others must say what they say. */
static saddle_status check_together(struct check *c)
{
    double both = 0.0, alone = 0.0, *g = vector(c, SPARE);
    if (c->o->value_gradient == NULL || (c->o->value == NULL && c->o->gradient == NULL)) {
        return SADDLE_OK;
    }
    TRY(saddle_i_oracle_value(c->o, &c->all, c->w, &alone));
    TRY(gradient_at(c, &c->all, c->w, &both, g)); /* by value_gradient; that in G is by gradient, where it is there */
    const double value_gap = relative(fabs(both - alone), fmax(fabs(both), fabs(alone)));
    const double size = fmax(norm(c, g), c->g_norm);
    add(c, -1.0, vector(c, G), g);
    const double gradient_gap = relative(norm(c, g), size);
    size_t bytes;
    if (!(fmax(value_gap, gradient_gap) <= SADDLE_I_SINGLE)) {
        char *text = next_line(c, &bytes);
        saddle_i_write(text, bytes,
                       "value_gradient: its value and gradient differ from those of the other callbacks by %.1e and %.1e", value_gap,
                       gradient_gap);
    }
    return SADDLE_OK;
}

static struct saddle_i_request single(const struct check *c, int64_t k)
{
    struct saddle_i_request q = c->few;
    q.index = c->index + k;
    q.count = q.nominal = 1;
    return q;
}

static saddle_status check_slopes(struct check *c)
{
    double slopes[2 * FEW], expected[2 * FEW], error = 0.0, size = 0.0, *g = vector(c, SPARE);
    int64_t worst = 0;
    struct saddle_i_request q = single(c, 0);
    TRY(gradient_at(c, &q, c->w, NULL, g));
    direction(c, 3 * RAYS, g, vector(c, U)); /* so that one slope at least is no smaller than its gradient, by and large */
    direction(c, 3 * RAYS + 1, NULL, vector(c, V));
    TRY(saddle_i_oracle_slopes(c->o, &c->few, c->w, 2, vector(c, U), slopes));
    for (int64_t k = 0; k < c->few.count; k++) {
        q = single(c, k);
        TRY(gradient_at(c, &q, c->w, NULL, g));
        expected[2 * k] = dot(c, g, vector(c, U));
        expected[2 * k + 1] = dot(c, g, vector(c, V));
    }
    for (int64_t i = 0; i < 2 * c->few.count; i++) {
        size = fmax(size, fmax(fabs(slopes[i]), fabs(expected[i])));
    }
    for (int64_t i = 0; i < 2 * c->few.count; i++) {
        const double gap = relative(fabs(slopes[i] - expected[i]), size);
        worst = gap > error ? i : worst;
        error = fmax(error, gap);
    }
    c->found.slopes_error = error;
    if (!(error <= SADDLE_I_SINGLE) && !c->gradient_is_wrong) {
        size_t bytes;
        char *text = next_line(c, &bytes);
        saddle_i_write(text, bytes, "slopes: that of sample %lld along direction %lld is not <grad f_z, v>: off by %.1e",
                       (long long)c->index[worst / 2], (long long)(worst % 2), error);
    }
    return SADDLE_OK;
}

static saddle_status evaluate(struct check *c, enum kind kind, const struct saddle_i_request *q, double *out)
{
    switch (kind) {
    case VALUE: return saddle_i_oracle_value(c->o, q, c->w, out);
    case GRADIENT: return gradient_at(c, q, c->w, NULL, out);
    default: return saddle_i_oracle_hessvec(c->o, q, c->w, vector(c, U), out);
    }
}

/* The mean over single samples against the batch that they make, for batches of 2, 3, ... samples: it is the short ones that are
 * weighted wrongly. */
static saddle_status check_batch(struct check *c, enum kind kind, const char *name)
{
    double value[3], error = 0.0, size = 0.0;
    double *one = kind == VALUE ? value : vector(c, SPARE), *sum = kind == VALUE ? value + 1 : vector(c, SHIFTED);
    double *batch = kind == VALUE ? value + 2 : vector(c, PROJECTION);
    const int64_t n = kind == VALUE ? 1 : c->o->dim;
    int64_t worst = 0;
    for (int64_t k = 0; k < c->few.count; k++) {
        struct saddle_i_request q = single(c, k);
        TRY(evaluate(c, kind, &q, one));
        size += saddle_i_norm(c->o->kernels, n, one);
        saddle_i_accumulate(c->o->kernels, k == 0, n, 1.0, one, sum);
        if (k == 0) {
            continue;
        }
        q = c->few;
        q.count = q.nominal = k + 1;
        TRY(evaluate(c, kind, &q, batch));
        const double count = (double)q.count, length = saddle_i_norm(c->o->kernels, n, batch);
        c->o->kernels->axpy(n, -1.0 / count, sum, batch);
        const double gap = relative(saddle_i_norm(c->o->kernels, n, batch), fmax(size / count, length));
        worst = gap > error ? k + 1 : worst;
        error = fmax(error, gap);
    }
    c->sample_size[kind] = size / (double)c->few.count;
    keep_worst(&c->found.batch_error, error);
    if (!(error <= SADDLE_I_SINGLE)) {
        size_t bytes;
        char *text = next_line(c, &bytes);
        c->gradient_is_wrong = c->gradient_is_wrong || kind == GRADIENT;
        saddle_i_write(text, bytes, "batch: the %s of %lld samples is not the mean over them (a sum?): off by %.1e", name,
                       (long long)worst, error);
    }
    return SADDLE_OK;
}

/* Up to FEW samples, none twice. */
static void draw_samples(struct check *c)
{
    const saddle_random_stream s = {.seed = c->seed, .purpose = SADDLE_I_PURPOSE_PROBE, .step = PROBE_SAMPLES};
    const int64_t n = c->o->samples, wanted = n == SADDLE_STREAM || n > FEW ? FEW : n;
    int64_t draw[DRAWS], count = 0;
    saddle_i_random_indices(&s, 0, n == SADDLE_STREAM ? 1 : n, DRAWS, draw);
    for (int64_t i = 0; i < DRAWS + wanted && count < wanted; i++) {
        const int64_t z = i < DRAWS && n != SADDLE_STREAM ? draw[i] : i % DRAWS; /* those that are left over in order */
        int known = 0;
        for (int64_t k = 0; k < count; k++) {
            known = known || c->index[k] == z;
        }
        c->index[count] = z;
        count += !known;
    }
    c->few = (struct saddle_i_request){c->index, count, count, -1, c->all.point, &c->counts};
    if (n == SADDLE_STREAM) {
        c->all = c->few;
    }
}

/* h = scale/8 is the widest step: entries of w move by a part of their size. */
static double scale_at(const struct check *c)
{
    int log2_n, exponent;
    (void)frexp((double)c->o->dim, &log2_n);
    (void)frexp(1.0 + ldexp(fmin(norm(c, c->w), 0x1p1000), -((log2_n - 1) / 3)), &exponent);
    return ldexp(1.0, exponent - 1);
}

static saddle_status look(struct check *c)
{
    c->all = (struct saddle_i_request){NULL, 0, 0, -1, saddle_i_oracle_new_point(c->o), &c->counts};
    draw_samples(c);
    c->scale = scale_at(c);
    TRY(gradient_at(c, &c->all, c->w, NULL, vector(c, G)));
    c->g_norm = norm(c, vector(c, G));
    if (has_value(c)) {
        TRY(check_batch(c, VALUE, "value"));
    }
    TRY(check_batch(c, GRADIENT, "gradient"));
    if (has_value(c)) {
        TRY(saddle_i_oracle_value(c->o, &c->all, c->w, &c->f));
        TRY(check_gradient(c));
    }
    TRY(check_together(c));
    if (c->o->hessvec != NULL) {
        TRY(check_hessvec(c));
        TRY(check_symmetry(c));
        TRY(check_batch(c, PRODUCT, "Hessian product"));
    }
    return c->o->slopes != NULL ? check_slopes(c) : SADDLE_OK;
}

static saddle_status check_arguments(const saddle_objective *f, const double *w, int64_t seed, const saddle_derivative_check *out)
{
    static const char who[] = "saddle_check_derivatives";
    const char *missing = f == NULL ? "the objective" : w == NULL ? "w" : out == NULL ? "the output" : NULL;
    if (missing != NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: %s is NULL", who, missing);
    }
    if (seed < 0) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: seed is %lld, below 0", who, (long long)seed);
    }
    TRY(saddle_i_oracle_needs_gradient(&f->oracle, who));
    const int64_t entry = saddle_i_first_not_finite(f->oracle.dim, w);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "%s: entry %lld of w is %g", who, (long long)entry, w[entry]);
    }
    saddle_derivative_check probe = {.struct_size = out->struct_size}; /* told before the work, not after it */
    return saddle_i_copy_out(&probe, &(const saddle_derivative_check){0}, sizeof probe, sizeof probe, "saddle_derivative_check");
}

saddle_status saddle_check_derivatives(saddle_objective *f, const double *w, int64_t seed, saddle_derivative_check *out)
{
    TRY(check_arguments(f, w, seed, out));
    const double none = SADDLE_I_NAN;
    struct check c = {.o = &f->oracle, .w = w, .seed = (uint64_t)seed, .resolution = {SADDLE_I_INF, SADDLE_I_INF}};
    c.found = (saddle_derivative_check){(int64_t)sizeof c.found, none, none, none, none, none, none, none, 1};
    TRY(saddle_i_alloc_vector(f->oracle.context, VECTORS * f->oracle.dim, &c.room));
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status s = saddle_i_oracle_tell(c.o, look(&c));
    saddle_i_fenv_leave(&env);
    saddle_i_free(f->oracle.context, c.room);
    TRY(s);
    if (c.found.ok == 0) {
        (void)saddle_i_fail(SADDLE_OK, "saddle_check_derivatives: %s", c.text);
    }
    return saddle_i_copy_out(out, &c.found, sizeof c.found, sizeof c.found, "saddle_derivative_check");
}
