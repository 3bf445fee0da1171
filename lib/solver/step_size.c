/* SPDX-License-Identifier: BSD-3-Clause */
/* STEP_SIZE 0: eta_0 from the curvature at w_0, ||H|| = max(|lambda_min|, |lambda_max|) by Lanczos.
 *     all samples:   L = ||H(w_0)||,  eta_0 = 1/L (ngd, whose steps have the length eta_0: 0.01/L); guarded from then on, methods/guard.c
 *     mini-batches:  L = the largest ||H_B(w_0)|| of a few drawn batches B,  eta_0 = half of that; a value to start from
 * eta_0 keeps 8 bits and L is what fits to it, so that the last bits of Lanczos and LAPACK do not reach the run. */
#include "solver/engine.h"
#include <math.h>

enum { BITS = 8, BATCHES = 8, PRODUCTS = 100, FIRST_PRODUCTS = 10, BATCH_PRODUCTS = 20 };
static const double most_step = 1e100;     /* as for a step size that is set */
static const double least_flat = 0x1p-200; /* below it the start is flat: L has to be found by the guard, */
static const double flat_guess = 0x1p-20;  /* from here */
static const double ngd_gradient = 0.01;   /* ngd's steps are as long as those of gd where ||g|| is this: a tolerance is no length */
static const double ngd_part = 0.1;        /* of 1 + ||w_0||: the longest step of ngd, which no small gradient shortens */
static const uint64_t own_start = UINT64_C(1) << 62; /* the checks of a run have the starts 1, 2, 3, ... */

/* x with BITS bits, rounded down; but what is within 2^-20 below such a number is taken for it: 1/L of a round L is not lost to rounding. */
static double round_down(double x)
{
    int exponent;
    const double bits = floor(ldexp(frexp(x, &exponent) * (1.0 + 0x1p-20), BITS));
    return ldexp(bits, exponent - BITS);
}

/* *norm = the larger of itself and ||H|| of the samples in q at w; *converged = whether both ends are. */
static saddle_status raise_norm(const struct saddle_i_run *r, const struct saddle_i_request *q,
                                const struct saddle_i_lanczos_settings *v, double *norm, int *converged)
{
    struct saddle_i_operator a;
    struct saddle_i_pair pair[2];
    struct saddle_i_pairs found = {.count = 0, .pair = pair, .vectors = NULL};
    TRY(saddle_i_operator_hessian(&a, r->oracle, r->w, q));
    const saddle_status s = saddle_i_lanczos_plain(&a, v, &found);
    double size = 0.0;
    for (int64_t i = 0; s == SADDLE_OK && i < found.count; i++) {
        size = fmax(size, fabs(pair[i].value));
    }
    const double slack = saddle_i_operator_slack(&a, size);
    saddle_i_operator_fini(&a);
    TRY(s);
    *converged = 1;
    if (size <= slack) { /* nothing but the error of differences */
        return SADDLE_OK;
    }
    *norm = fmax(*norm, size);
    for (int64_t i = 0; i < found.count; i++) {
        *converged = *converged && (pair[i].converged || pair[i].invariant);
    }
    return SADDLE_OK;
}

static struct saddle_i_lanczos_settings settings(const struct saddle_solver *s, double tol, int64_t products)
{
    struct saddle_i_lanczos_settings v = s->check.set;
    v.start = own_start;
    v.which = SADDLE_WHICH_BOTH;
    v.tol = tol;
    v.eps_hessian = 0.0;
    v.max_products = products < v.max_products ? products : v.max_products;
    v.basis = 0;
    return v;
}

/* A few products first: an end near 0 need not be known relative to itself, only relative to the other. */
static saddle_status measure_all(struct saddle_solver *s, double *norm)
{
    struct saddle_i_run *r = &s->run;
    const int64_t n = r->oracle->samples;
    const struct saddle_i_request q = {NULL, n, n, s->t, r->point, &r->counts};
    struct saddle_i_lanczos_settings v = settings(s, 1e-2, FIRST_PRODUCTS);
    const int64_t left = settings(s, 1e-2, PRODUCTS).max_products - v.max_products;
    int converged = 0;
    TRY(raise_norm(r, &q, &v, norm, &converged));
    if (!converged && left > 0) {
        v.eps_hessian = *norm;
        v.max_products = left;
        TRY(raise_norm(r, &q, &v, norm, &converged));
    }
    return SADDLE_OK;
}

/* Batch k. A stream in order has no other samples than 0, 1, 2, ... */
static void draw_batch(const struct saddle_i_run *r, uint64_t k)
{
    const struct saddle_i_batches *b = &r->batches;
    const saddle_random_stream stream = {r->set.seed, SADDLE_I_PURPOSE_PROBE, k};
    if (b->samples != SADDLE_STREAM || b->sampling != SADDLE_SAMPLING_SEQUENTIAL) {
        saddle_i_random_indices(&stream, 0, b->samples, b->size, b->page);
        return;
    }
    for (int64_t i = 0; i < b->size; i++) {
        b->page[i] = (int64_t)((k * (uint64_t)b->size + (uint64_t)i) & INT64_MAX);
    }
}

/* The batches are drawn with replacement, into the room that the first step's will fill. */
static saddle_status measure_batches(struct saddle_solver *s, double *norm)
{
    struct saddle_i_run *r = &s->run;
    const int64_t b = r->batches.size;
    struct saddle_i_lanczos_settings v = settings(s, 0.1, BATCH_PRODUCTS);
    r->batches.page_steps = 0;
    for (uint64_t k = 0; k < BATCHES; k++) {
        const struct saddle_i_request q = {r->batches.page, b, b, s->t, r->point, &r->counts};
        int converged;
        draw_batch(r, k);
        v.start = own_start + k;
        v.eps_hessian = *norm;
        TRY(raise_norm(r, &q, &v, norm, &converged));
    }
    return *norm >= least_flat ? SADDLE_OK
                               : saddle_i_fail(SADDLE_E_RANGE, "step_size is 0, and the curvature at the start is 0, too: set step_size");
}

double saddle_i_engine_step_size(const struct saddle_solver *s)
{
    return s->run.set.step_size > 0.0 ? s->run.set.step_size : SADDLE_I_NAN;
}

saddle_status saddle_i_engine_choose_step_size(struct saddle_solver *s)
{
    struct saddle_i_run *r = &s->run;
    double norm = 0.0;
    TRY(r->guarded ? measure_all(s, &norm) : measure_batches(s, &norm));
    norm = norm >= least_flat ? norm : flat_guess;
    double length = r->guarded ? 1.0 : 0.5;
    if (s->method->id == SADDLE_METHOD_NGD) {
        length *= ngd_gradient;
        norm = fmax(norm, length / (ngd_part * (1.0 + saddle_i_norm(r->oracle->kernels, r->n, r->w))));
    }
    r->set.step_size = round_down(fmin(length / norm, most_step));
    r->smoothness = length / r->set.step_size;
    r->eta = r->set.step_size;
    saddle_i_report(s->context, 3, "%s: L %g at the start, step size %g", s->method->name, norm, r->set.step_size);
    return SADDLE_OK;
}
