/* SPDX-License-Identifier: BSD-3-Clause */
/* The constants of the theorems, measured at one point. */
#include <saddle/theory.h>
#include "solver/certificate.h"
#include <math.h>
#include <string.h>

enum {
    FIRST_PRODUCTS = 8,  /* for the size of L, */
    MOST_PRODUCTS = 200, /* and for L */
    MOST_SINGLES = 1024,
    GRADIENT = 2,        /* place of the gradient among the directions, behind the extreme eigenvectors */
    DIRECTIONS = 5,      /* and in front of two random ones */
    FOLLOWED = 4,        /* directions of answers */
    VECTORS = 2 * DIRECTIONS + 3
};

static const double tol = 1e-3; /* of L, relative */

/* A look at w. */
struct look {
    struct saddle_i_oracle *o;
    const struct saddle_options *options;
    const double *w;
    int64_t point; /* of w */
    struct saddle_i_counts counts;
    double *room;  /* VECTORS vectors: directions, H(w) times each, the three below */
    double *shifted, *product, *answer; /* answer: the change of H v that gave rho */
};

static double *vector(const struct look *k, int64_t i)
{
    return k->room + i * k->o->dim;
}

/* f(w) - TARGET_VALUE is a bound of f(w) - min f for a target that nothing is below; at or below the target nothing is known. */
static saddle_status gradient_and_gap(struct look *k, double *g, double *norm, saddle_assumptions *a)
{
    const double target = saddle_i_options_real(k->options, SADDLE_OPT_TARGET_VALUE);
    const int wanted = target > -SADDLE_I_INF;
    double value = 0.0;
    TRY(saddle_i_full_gradient(k->o, k->w, -1, k->point, &k->counts, wanted ? &value : NULL, g, norm));
    a->value_gap = wanted && value > target ? value - target : 0.0;
    return SADDLE_OK;
}

/* Sample number i of those that are looked at: all of them, or the first positions of an epoch that no run comes to. */
static int64_t sample(const struct look *k, int64_t i)
{
    const uint64_t seed = (uint64_t)saddle_i_options_int(k->options, SADDLE_OPT_SEED);
    return k->o->samples <= MOST_SINGLES ? i : saddle_i_shuffled(seed, INT64_MAX, k->o->samples, i);
}

/* ell and sigma, around the full gradient g. The root of the mean of squares is the norm of the distances over sqrt(count). */
static saddle_status single_samples(struct look *k, const double *g, double *ell, double *sigma)
{
    double distance[MOST_SINGLES];
    struct saddle_i_oracle *o = k->o;
    const int64_t count = o->samples < MOST_SINGLES ? o->samples : MOST_SINGLES;
    for (int64_t i = 0; i < count; i++) {
        const int64_t z = sample(k, i);
        const struct saddle_i_request q = {&z, 1, 1, -1, k->point, &k->counts};
        double bound = -1.0;
        TRY(saddle_i_oracle_gradient(o, &q, k->w, NULL, k->product, &bound));
        const double norm = saddle_i_norm(o->kernels, o->dim, k->product);
        const int64_t entry = isfinite(norm) ? -1 : saddle_i_first_not_finite(o->dim, k->product);
        if (entry >= 0) {
            return saddle_i_oracle_blame(o, -1, entry, k->product[entry]);
        }
        *ell = fmax(*ell, norm);
        o->kernels->axpy(o->dim, -1.0, g, k->product);
        distance[i] = saddle_i_norm(o->kernels, o->dim, k->product);
    }
    *sigma = saddle_i_norm(o->kernels, count, distance) / sqrt((double)count);
    return SADDLE_OK;
}

static double largest(const struct saddle_i_pairs *p)
{
    return fmax(fabs(p->pair[0].value), fabs(p->pair[p->count - 1].value));
}

/* L, and the extreme eigenvectors into the first directions; *made = how many (one where dim is 1). An end of the spectrum that is next
 * to 0 need not be known relative to itself: a first look gives the size of L, and that is the scale of the second. */
static saddle_status smoothness(struct look *k, struct saddle_i_operator *a, double *l, int64_t *made)
{
    struct saddle_i_pair pair[2];
    struct saddle_i_pairs found = {0, pair, k->room};
    struct saddle_i_lanczos_settings v;
    saddle_i_curvature_settings(k->options, &v);
    const int64_t most = v.max_products;
    v.pairs = 1;
    v.which = SADDLE_WHICH_BOTH;
    v.basis = 0;
    v.tol = tol;
    v.max_products = most < FIRST_PRODUCTS ? most : FIRST_PRODUCTS;
    TRY(saddle_i_lanczos_plain(a, &v, &found));
    if (!(pair[0].converged && pair[found.count - 1].converged)) {
        v.eps_hessian = fmax(v.eps_hessian, largest(&found));
        v.max_products = most < MOST_PRODUCTS ? most : MOST_PRODUCTS;
        TRY(saddle_i_lanczos_plain(a, &v, &found));
    }
    *l = largest(&found);
    *made = found.count;
    return SADDLE_OK;
}

/* x = x/||x||; 0 where that is beyond the range. */
static int normalise(const struct look *k, double *x)
{
    const double norm = saddle_i_norm(k->o->kernels, k->o->dim, x);
    if (!(norm > 1e-300 && norm < 1e300)) {
        return 0;
    }
    k->o->kernels->scale(k->o->dim, 1.0 / norm, x);
    return 1;
}

static void random_direction(const struct look *k, int64_t number, double *x)
{
    const saddle_random_stream s = {(uint64_t)saddle_i_options_int(k->options, SADDLE_OPT_SEED), SADDLE_I_PURPOSE_PROBE,
                                    (uint64_t)number};
    saddle_i_random_normal(&s, 0, k->o->dim, x); /* none is 0 */
    (void)normalise(k, x);
}

/* Behind the extreme eigenvectors that there are: the gradient's direction where it has one, and random ones. */
static void directions(const struct look *k, int64_t made)
{
    for (int64_t i = made; i < DIRECTIONS; i++) {
        if (i != GRADIENT || !normalise(k, vector(k, GRADIENT))) {
            random_direction(k, i, vector(k, i));
        }
    }
}

/* The h of (H(w + h u) - H(w))/h. Every h gives a lower bound of rho; that of the smallest is nearest to w, but it divides the error of
 * a product. The cube root of that error is small in both ways, on the scale of the entries of w, or of 1. */
static double width(const struct look *k, const struct saddle_i_operator *a)
{
    const double cube_root = a->room[0] == NULL ? 0x1p-17 : 0x1p-10;
    const double norm = saddle_i_norm(k->o->kernels, k->o->dim, k->w);
    return cube_root * (1.0 + norm / sqrt((double)k->o->dim));
}

/* rho along u_i, over v_j with j = i .. last-1. What is below `least` is rounding. */
static saddle_status bend(struct look *k, const struct saddle_i_operator *here, int64_t i, int64_t last, double h, double least, double *rho)
{
    struct saddle_i_oracle *o = k->o;
    struct saddle_i_operator there;
    memcpy(k->shifted, k->w, (size_t)o->dim * sizeof(double));
    o->kernels->axpy(o->dim, h, vector(k, i), k->shifted);
    TRY(saddle_i_hessian_at(&there, o, k->shifted, -1, saddle_i_oracle_new_point(o), &k->counts));
    there.h = here->h;
    there.noise = here->noise;
    saddle_status s = SADDLE_OK;
    for (int64_t j = i; s == SADDLE_OK && j < last; j++) {
        s = saddle_i_operator_apply(&there, vector(k, j), k->product);
        if (s == SADDLE_OK) {
            o->kernels->axpy(o->dim, -1.0, vector(k, DIRECTIONS + j), k->product);
            const double change = saddle_i_norm(o->kernels, o->dim, k->product);
            if (change > least && change / h > *rho) {
                *rho = change / h;
                memcpy(k->answer, k->product, (size_t)o->dim * sizeof(double));
            }
        }
    }
    saddle_i_operator_fini(&there);
    return s;
}

/* The power method for a third derivative: the direction of the largest answer is asked for itself, as long as that gives more. Few
 * directions of many meet the one that bends most; their answers lean towards it. */
static saddle_status follow(struct look *k, struct saddle_i_operator *here, double h, double least, double *rho)
{
    double before = 0.0;
    for (int i = 0; i < FOLLOWED && *rho > before; i++) {
        memcpy(vector(k, 0), k->answer, (size_t)k->o->dim * sizeof(double));
        if (!normalise(k, vector(k, 0))) {
            break;
        }
        before = *rho;
        TRY(saddle_i_operator_apply(here, vector(k, 0), vector(k, DIRECTIONS)));
        TRY(bend(k, here, 0, 1, h, least, rho));
    }
    return SADDLE_OK;
}

static saddle_status curvature(struct look *k, struct saddle_i_operator *here, saddle_assumptions *a)
{
    int64_t made = 0;
    TRY(smoothness(k, here, &a->smoothness, &made));
    directions(k, made);
    const double h = width(k, here);
    const double least = 16.0 * saddle_i_operator_noise(here, a->smoothness);
    if (!isfinite(h)) {
        return SADDLE_OK; /* w is at the end of the range: rho is not known */
    }
    for (int64_t j = 0; j < DIRECTIONS; j++) {
        TRY(saddle_i_operator_apply(here, vector(k, j), vector(k, DIRECTIONS + j)));
    }
    for (int64_t i = 0; i < DIRECTIONS; i++) { /* a third derivative is symmetric in u and v: pairs with j >= i are all */
        TRY(bend(k, here, i, DIRECTIONS, h, least, &a->hessian_lipschitz));
    }
    return follow(k, here, h, least, &a->hessian_lipschitz);
}

static saddle_status measure(struct look *k, saddle_assumptions *a)
{
    double norm = 0.0, *g = vector(k, GRADIENT);
    TRY(saddle_i_oracle_tell(k->o, gradient_and_gap(k, g, &norm, a)));
    TRY(saddle_i_oracle_tell(k->o, single_samples(k, g, &a->gradient_bound, &a->noise_sigma)));
    struct saddle_i_operator here;
    TRY(saddle_i_hessian_at(&here, k->o, k->w, -1, k->point, &k->counts));
    const saddle_status s = curvature(k, &here, a);
    saddle_i_operator_fini(&here);
    return s;
}

static saddle_status estimate(struct saddle_i_oracle *o, const double *w, const struct saddle_options *options, saddle_assumptions *a)
{
    struct look k = {.o = o, .options = options, .w = w, .point = saddle_i_oracle_new_point(o)};
    TRY(saddle_i_alloc_vector(o->context, VECTORS * o->dim, &k.room));
    k.shifted = vector(&k, 2 * DIRECTIONS);
    k.product = vector(&k, 2 * DIRECTIONS + 1);
    k.answer = vector(&k, 2 * DIRECTIONS + 2);
    const saddle_status s = measure(&k, a);
    saddle_i_free(o->context, k.room);
    return s;
}

saddle_status saddle_estimate_assumptions(saddle_objective *f, const double *w, const saddle_options *o, saddle_assumptions *a)
{
    TRY(saddle_i_curvature_arguments(f, w, f, "saddle_estimate_assumptions"));
    if (a == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_estimate_assumptions: a is NULL");
    }
    TRY(saddle_i_check_size(a, sizeof *a, "saddle_assumptions"));
    TRY(saddle_i_oracle_needs_gradient(&f->oracle, "saddle_estimate_assumptions"));
    struct saddle_options options;
    saddle_i_options_copy(&options, o);
    if (saddle_i_options_real(&options, SADDLE_OPT_TARGET_VALUE) > -SADDLE_I_INF) {
        TRY(saddle_i_oracle_needs_value(&f->oracle, "target_value"));
    }
    saddle_assumptions found = {
        .struct_size = (int64_t)sizeof found,
        .epsilon = saddle_i_options_real(&options, SADDLE_OPT_EPS_GRADIENT),
        .delta = saddle_i_options_real(&options, SADDLE_OPT_DELTA),
    };
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status s = estimate(&f->oracle, w, &options, &found);
    saddle_i_fenv_leave(&env);
    TRY(s);
    return saddle_i_copy_out(a, &found, sizeof found, sizeof found, "saddle_assumptions");
}
