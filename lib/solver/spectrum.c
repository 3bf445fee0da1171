/* SPDX-License-Identifier: BSD-3-Clause */
/* The public side of Lanczos: a computation that is kept, one pair in one call, the density. */
#include "solver/certificate.h"
#include <string.h>

enum { LOG2_MAX_DIM = 41 };

struct saddle_lanczos {
    saddle_context *context;
    saddle_objective *objective; /* whose Hessian it is; NULL: the caller's product */
    const double *w;             /* borrowed, of the Hessian */
    int64_t n;
    saddle_apply_fn apply;
    void *user;
    struct saddle_i_lanczos_settings set;
    struct saddle_i_pairs found; /* count 0: no run, or a failed one */
    int64_t products;            /* of the run that found them */
    int working;                 /* inside a run */
};

static saddle_status solve(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v, struct saddle_i_pairs *out)
{
    return saddle_i_lanczos_is_plain(v, a->n) ? saddle_i_lanczos_plain(a, v, out) : saddle_i_lanczos_restarted(a, v, out);
}

/* Makes an empty computation, with the room for its pairs: what there is no memory for is told before the work. */
static saddle_status make(saddle_context *c, int64_t n, const saddle_options *o, saddle_lanczos **out)
{
    struct saddle_options options;
    struct saddle_i_lanczos_settings set;
    saddle_i_options_copy(&options, o);
    saddle_i_curvature_settings(&options, &set);
    TRY(saddle_i_lanczos_check(&set, n));
    void *p = NULL;
    TRY(saddle_i_alloc(c, 1, sizeof(struct saddle_lanczos), &p));
    saddle_lanczos *l = p;
    memset(l, 0, sizeof *l);
    l->context = saddle_i_context_hold(c);
    l->n = n;
    l->set = set;
    const int64_t pairs = saddle_i_lanczos_pairs(&set, n);
    void *pair = NULL;
    saddle_status s = saddle_i_alloc(c, pairs, sizeof(struct saddle_i_pair), &pair);
    l->found.pair = pair;
    if (s == SADDLE_OK) { /* pairs <= 20000 and n <= 2^41: no overflow here, beyond the machine's is told there */
        s = saddle_i_alloc_vector(c, pairs * n, &l->found.vectors);
    }
    if (s != SADDLE_OK) {
        saddle_lanczos_destroy(l);
        return s;
    }
    *out = l;
    return SADDLE_OK;
}

saddle_status saddle_lanczos_create(saddle_context *c, int64_t dim, saddle_apply_fn apply, void *user, const saddle_options *o,
                                    saddle_lanczos **out)
{
    if (apply == NULL || out == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_lanczos_create: %s is NULL", apply == NULL ? "apply" : "out");
    }
    if (dim < 1 || dim > INT64_C(1) << LOG2_MAX_DIM) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_lanczos_create: dim is %lld, outside 1 .. 2^41", (long long)dim);
    }
    saddle_context *context = saddle_i_context_hold(c);
    saddle_lanczos *l = NULL;
    const saddle_status s = make(context, dim, o, &l);
    saddle_i_context_release(context); /* l has its own hold */
    TRY(s);
    l->apply = apply;
    l->user = user;
    *out = l;
    return SADDLE_OK;
}

saddle_status saddle_lanczos_create_hessian(saddle_objective *f, const double *w, const saddle_options *o, saddle_lanczos **out)
{
    TRY(saddle_i_curvature_arguments(f, w, out, "saddle_lanczos_create_hessian"));
    saddle_lanczos *l = NULL;
    TRY(make(f->oracle.context, f->oracle.dim, o, &l));
    saddle_i_objective_hold(f);
    l->objective = f;
    l->set.samples = f->oracle.samples;
    l->w = w;
    *out = l;
    return SADDLE_OK;
}

void saddle_lanczos_destroy(saddle_lanczos *l)
{
    if (l == NULL) {
        return;
    }
    saddle_context *context = l->context;
    saddle_i_free(context, l->found.pair);
    saddle_i_free(context, l->found.vectors);
    saddle_objective_destroy(l->objective);
    saddle_i_free(context, l);
    saddle_i_context_release(context);
}

static saddle_status run(saddle_lanczos *l)
{
    struct saddle_i_counts counts = {0};
    struct saddle_i_operator a;
    if (l->objective == NULL) {
        saddle_i_operator_of(&a, l->context, l->n, l->apply, l->user);
    } else { /* w may have been changed since the last run: another point */
        struct saddle_i_oracle *o = &l->objective->oracle;
        TRY(saddle_i_hessian_at(&a, o, l->w, -1, saddle_i_oracle_new_point(o), &counts));
    }
    const saddle_status s = solve(&a, &l->set, &l->found);
    l->products = a.products;
    saddle_i_operator_fini(&a);
    return s;
}

saddle_status saddle_lanczos_run(saddle_lanczos *l)
{
    if (l == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_lanczos_run: the computation is NULL");
    }
    if (l->working) {
        return saddle_i_fail(SADDLE_E_STATE, "saddle_lanczos_run: it is at work, this was called from its callback");
    }
    l->found.count = 0;
    const int64_t entry = l->w == NULL ? -1 : saddle_i_first_not_finite(l->n, l->w);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "saddle_lanczos_run: entry %lld of w is %g", (long long)entry, l->w[entry]);
    }
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    l->working = 1;
    const saddle_status s = run(l);
    l->working = 0;
    saddle_i_fenv_leave(&env);
    if (s != SADDLE_OK) {
        l->found.count = 0;
    }
    return s;
}

static int64_t count(const saddle_lanczos *l)
{
    return l->working ? 0 : l->found.count;
}

int64_t saddle_lanczos_count(const saddle_lanczos *l)
{
    return l == NULL ? 0 : count(l);
}

static saddle_status copy_pair(const struct saddle_i_pair *p, int64_t products, saddle_eigen *out)
{
    const saddle_eigen e = {
        .struct_size = (int64_t)sizeof e,
        .value = p->value,
        .residual = p->residual,
        .lower = p->lower,
        .upper = p->upper,
        .products = products,
        .converged = p->converged,
        .invariant = p->invariant,
    };
    return saddle_i_copy_out(out, &e, sizeof e, sizeof e, "saddle_eigen");
}

saddle_status saddle_lanczos_pair(const saddle_lanczos *l, int64_t i, double *v_or_null, saddle_eigen *out)
{
    if (l == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_lanczos_pair: the computation is NULL");
    }
    if (count(l) == 0) {
        return saddle_i_fail(SADDLE_E_STATE, "saddle_lanczos_pair: there are no pairs: saddle_lanczos_run() comes first, and must not fail");
    }
    if (i < 0 || i >= count(l)) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_lanczos_pair: i is %lld, outside 0 .. %lld", (long long)i,
                             (long long)count(l) - 1);
    }
    if (out != NULL) {
        TRY(copy_pair(&l->found.pair[i], l->products, out));
    }
    if (v_or_null != NULL) {
        memcpy(v_or_null, l->found.vectors + i * l->n, (size_t)l->n * sizeof(double));
    }
    return SADDLE_OK;
}

/* EIGENVALUES 1, WHICH smallest, on the way that the other options choose. */
static saddle_status smallest(struct saddle_i_oracle *o, const double *w, const struct saddle_options *options, double *vector,
                              struct saddle_i_pair *pair, int64_t *products)
{
    struct saddle_i_lanczos_settings v;
    struct saddle_i_counts counts = {0};
    struct saddle_i_operator a;
    struct saddle_i_pairs found = {0, pair, vector};
    saddle_i_curvature_settings(options, &v);
    v.pairs = 1;
    v.which = SADDLE_WHICH_SMALLEST;
    v.samples = o->samples;
    TRY(saddle_i_lanczos_check(&v, o->dim));
    TRY(saddle_i_hessian_at(&a, o, w, -1, saddle_i_oracle_new_point(o), &counts));
    const saddle_status s = solve(&a, &v, &found);
    *products = a.products;
    saddle_i_operator_fini(&a);
    return s;
}

saddle_status saddle_lambda_min(saddle_objective *f, const double *w, const saddle_options *o, double *v_or_null, saddle_eigen *out)
{
    TRY(saddle_i_curvature_arguments(f, w, out, "saddle_lambda_min"));
    TRY(saddle_i_check_size(out, sizeof *out, "saddle_eigen"));
    struct saddle_options options;
    struct saddle_i_pair pair;
    struct saddle_i_fenv env;
    int64_t products = 0;
    saddle_i_options_copy(&options, o);
    saddle_i_fenv_enter(&env);
    const saddle_status s = smallest(&f->oracle, w, &options, v_or_null, &pair, &products);
    saddle_i_fenv_leave(&env);
    TRY(s);
    return copy_pair(&pair, products, out);
}

static saddle_status density_of(struct saddle_i_oracle *o, const double *w, const struct saddle_options *options, int64_t points,
                                double *lambda, double *density)
{
    struct saddle_i_lanczos_settings v;
    struct saddle_i_counts counts = {0};
    struct saddle_i_operator a;
    saddle_i_curvature_settings(options, &v);
    TRY(saddle_i_hessian_at(&a, o, w, -1, saddle_i_oracle_new_point(o), &counts));
    const saddle_status s = saddle_i_density(&a, &v, points, lambda, density);
    saddle_i_operator_fini(&a);
    return s;
}

saddle_status saddle_spectral_density(saddle_objective *f, const double *w, const saddle_options *o, int64_t points,
                                      double *lambda, double *density)
{
    TRY(saddle_i_curvature_arguments(f, w, f, "saddle_spectral_density"));
    if (lambda == NULL || density == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_spectral_density: %s is NULL", lambda == NULL ? "lambda" : "density");
    }
    if (points < 2) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_spectral_density: points is %lld, below 2", (long long)points);
    }
    struct saddle_options options;
    struct saddle_i_fenv env;
    saddle_i_options_copy(&options, o);
    saddle_i_fenv_enter(&env);
    const saddle_status s = density_of(&f->oracle, w, &options, points, lambda, density);
    saddle_i_fenv_leave(&env);
    return s;
}
