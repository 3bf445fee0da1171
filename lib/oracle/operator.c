/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/operator.h"
#include <math.h>
#include <string.h>

/* The h of (grad f(w + h x) - grad f(w - h x))/(2h), ||x|| = 1. With entries of w of size s the fourth derivative costs up to
 * (h/s)^2 of the product (x may be a single axis), the rounding of w + h x eps s sqrt(n)/h; they balance at
 * h = (eps)^(1/3) s n^(1/6) = eps^(1/3) ||w|| n^(-1/3), and 1 is added since a function may live on that scale whatever w is.
 * Powers of two stand for n^(1/3) and for h, so that h x and the division are exact and the same everywhere. Some entry moves
 * for sure: max |h x_i| >= eps^(1/3) ||w|| n^(-5/6) > eps ||w|| for every n below eps^(-4/5) = 3e12. */
static double width(const struct saddle_i_kernels *k, int64_t n, const double *w)
{
    enum { LOG2_CBRT_EPS = -17, LARGEST = 1000 };
    int log2_n = 0, log2_scale = 0;
    const double norm = fmin(saddle_i_norm(k, n, w), ldexp(1.0, LARGEST));
    (void)frexp((double)n, &log2_n);
    (void)frexp(1.0 + ldexp(norm, -((log2_n - 1) / 3)), &log2_scale);
    return ldexp(1.0, LOG2_CBRT_EPS + log2_scale - 1);
}

void saddle_i_operator_of(struct saddle_i_operator *a, saddle_context *c, int64_t n, saddle_apply_fn apply, void *user)
{
    memset(a, 0, sizeof *a);
    a->context = c;
    a->kernels = saddle_i_kernels_best();
    a->n = n;
    a->apply = apply;
    a->user = user;
}

saddle_status saddle_i_operator_hessian(struct saddle_i_operator *a, struct saddle_i_oracle *o, const double *w,
                                        const struct saddle_i_request *q)
{
    memset(a, 0, sizeof *a);
    a->context = o->context;
    a->kernels = o->kernels;
    a->n = o->dim;
    a->oracle = o;
    a->w = w;
    a->request = *q;
    if (o->hessvec != NULL) {
        return SADDLE_OK;
    }
    a->h = width(a->kernels, a->n, w);
    for (int i = 0; i < 2; i++) {
        const saddle_status s = saddle_i_alloc_vector(a->context, a->n, &a->room[i]);
        if (s != SADDLE_OK) {
            saddle_i_operator_fini(a);
            return s;
        }
    }
    return SADDLE_OK;
}

void saddle_i_operator_fini(struct saddle_i_operator *a)
{
    for (int i = 0; i < 2; i++) {
        saddle_i_free(a->context, a->room[i]);
        a->room[i] = NULL;
    }
}

/* The first entry of y that is not finite, or -1. */
static int64_t bad_entry(const struct saddle_i_operator *a, const double *y)
{
    return isfinite(a->kernels->mass(a->n, y)) ? -1 : saddle_i_first_not_finite(a->n, y);
}

static saddle_status blame(const struct saddle_i_operator *a, int64_t entry, double bad, int by_callback)
{
    const char *hint = by_callback && isnan(bad) && (entry == 0 || entry == a->n - 1)
                           ? " (or was not written: it comes with NaN)"
                           : "";
    char place[40] = "";
    if (a->oracle != NULL && a->request.step >= 0) {
        saddle_i_write(place, sizeof place, " at step %lld", (long long)a->request.step);
    }
    return saddle_i_fail(SADDLE_E_NOT_FINITE, "entry %lld of %s product %lld is %g%s%s", (long long)entry,
                         a->oracle == NULL ? "the caller's" : "the Hessian's", (long long)a->products,
                         isnan(bad) ? fabs(bad) : bad, place, hint);
}

static saddle_status apply_own(struct saddle_i_operator *a, const double *x, double *y)
{
    y[0] = y[a->n - 1] = SADDLE_I_NAN;
    const int code = a->apply(a->user, a->n, x, y);
    if (code != 0) {
        a->code = code;
        return saddle_i_fail(SADDLE_E_CALLBACK, "the apply callback returned %d (gave up) in product %lld", code,
                             (long long)a->products);
    }
    const int64_t entry = bad_entry(a, y);
    return entry < 0 ? SADDLE_OK : blame(a, entry, y[entry], 1);
}

/* The gradient at w + h x, over the samples of all products. */
static saddle_status shifted_gradient(struct saddle_i_operator *a, double h, const double *x, double *g)
{
    struct saddle_i_oracle *o = a->oracle;
    struct saddle_i_request q = a->request;
    double bound = -1.0;
    q.point = saddle_i_oracle_new_point(o);
    memcpy(a->room[0], a->w, (size_t)a->n * sizeof(double));
    a->kernels->axpy(a->n, h, x, a->room[0]);
    TRY(saddle_i_oracle_gradient(o, &q, a->room[0], NULL, g, &bound));
    const int64_t entry = bound < 0.0 ? bad_entry(a, g) : -1;
    return entry < 0 ? SADDLE_OK : saddle_i_oracle_blame(o, q.step, entry, g[entry]);
}

static saddle_status apply_difference(struct saddle_i_operator *a, const double *x, double *y)
{
    TRY(shifted_gradient(a, a->h, x, y));
    TRY(shifted_gradient(a, -a->h, x, a->room[1]));
    a->kernels->axpy(a->n, -1.0, a->room[1], y);
    a->kernels->scale(a->n, 0.5 / a->h, y);
    const int64_t entry = bad_entry(a, y);
    return entry < 0 ? SADDLE_OK : blame(a, entry, y[entry], 0);
}

static saddle_status apply_hessvec(struct saddle_i_operator *a, const double *x, double *y)
{
    const saddle_status s = saddle_i_oracle_hessvec(a->oracle, &a->request, a->w, x, y);
    if (s != SADDLE_E_NOT_FINITE) {
        return s;
    }
    const int64_t entry = saddle_i_first_not_finite(a->n, y);
    return blame(a, entry, y[entry], 1); /* with the number of the product */
}

saddle_status saddle_i_operator_apply(struct saddle_i_operator *a, const double *x, double *y)
{
    a->products++;
    if (a->apply != NULL) {
        return apply_own(a, x, y);
    }
    const saddle_status s = a->room[0] != NULL ? apply_difference(a, x, y) : apply_hessvec(a, x, y);
    return a->request.step < 0 ? saddle_i_oracle_tell(a->oracle, s) : s; /* in a run a code 1 may be taken back: not told yet */
}
