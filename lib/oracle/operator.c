/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/operator.h"
#include <math.h>
#include <string.h>

enum { SHRINKS = 12 }; /* of h, by 4 each */
static const double accuracy = 5e-10;    /* relative: a difference that is as good is taken */
static const double resolved = 0x1p-4;   /* relative: two differences that agree so far see the same thing */
static const double golden = 0.61803398874989484820; /* no ratio: gradients that are rounded to a grid agree by chance with h and h/2 */
static const double least_move = 0x1p-48; /* of ||w||: of a shorter h x rounding may leave nothing */

/* The h to begin with in (grad f(w + h x) - grad f(w - h x))/(2h), ||x|| = 1. With f on the scale s the third derivative of grad f costs
 * up to (h/s)^2/6 of the product, the rounding of w + h x eps ||w||/h; they balance near h = (eps ||w|| s^2)^(1/3). s is not known from
 * w: of a function of w - 1000 it is 1. So it is taken as 1, which a larger s makes less accurate, not wrong; a smaller one shows in
 * find_width(). Powers of two, so that h x and the division are exact. */
static double width(double norm)
{
    enum { LOG2_CBRT_EPS = -17, LEAST = -42 };
    int log2_norm = 0;
    (void)frexp(fmax(norm, 1.0), &log2_norm);
    const int balance = LOG2_CBRT_EPS + (log2_norm + 1) / 3;
    return ldexp(1.0, balance > log2_norm + LEAST ? balance : log2_norm + LEAST);
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
    for (int i = 0; i < 3; i++) {
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
    for (int i = 0; i < 3; i++) {
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

/* *outside: a gradient cannot be evaluated. g(w - h x) stays in room[1]. */
static saddle_status difference(struct saddle_i_operator *a, double h, const double *x, double *y, int *outside)
{
    saddle_status s = shifted_gradient(a, h, x, y);
    if (s == SADDLE_OK) {
        s = shifted_gradient(a, -h, x, a->room[1]);
    }
    *outside = s == SADDLE_E_NOT_FINITE || (s == SADDLE_E_CALLBACK && a->oracle->callback_code == 1);
    TRY(s);
    a->kernels->axpy(a->n, -1.0, a->room[1], y);
    a->kernels->scale(a->n, 0.5 / h, y);
    const int64_t entry = bad_entry(a, y);
    return entry < 0 ? SADDLE_OK : blame(a, entry, y[entry], 0);
}

/* Beside w f may end: the largest of h, h/4, h/16, ... that stays inside. */
static saddle_status difference_inside(struct saddle_i_operator *a, double norm_w, double *h, const double *x, double *y)
{
    const int64_t code = a->oracle->callback_code;
    int outside = 0;
    saddle_status s = difference(a, *h, x, y, &outside);
    for (int i = 0; i < SHRINKS && outside && 0.25 * *h >= least_move * norm_w; i++) {
        *h *= 0.25;
        s = difference(a, *h, x, y, &outside);
    }
    if (s == SADDLE_OK) {
        a->oracle->callback_code = code;
    }
    return s;
}

/* ||y - z||, by way of room[0]. */
static double distance(const struct saddle_i_operator *a, const double *y, const double *z)
{
    memcpy(a->room[0], z, (size_t)a->n * sizeof(double));
    a->kernels->axpy(a->n, -1.0, y, a->room[0]);
    return saddle_i_norm(a->kernels, a->n, a->room[0]);
}

/* The h to keep, from h on downwards, and what is known of the error e(h) of a product with it. e falls with h^2 as long as f bends over
 * h, and grows with 1/h by rounding, in w + h x and in the gradients: by more than eps ||grad f||/h where these cancel inside. The
 * distance of two products, with h and h/4, is 15/16 e(h) of the one and about 4 e(h) of the other. h is kept where it is small or what
 * rounding explains; else, among those of the descent, where it is the least part of the product, once the two see the same thing: a
 * wave that is shorter than h gives differences that fall with 1/h. */
static saddle_status find_width(struct saddle_i_operator *a, double h, double norm_w, const double *x, double *y)
{
    double best = SADDLE_I_INF, noise = SADDLE_I_INF;
    a->h = 0.0;
    TRY(difference_inside(a, norm_w, &h, x, y));
    double best_h = h;
    for (int i = 0; i <= SHRINKS && 0.25 * h >= least_move * norm_w; i++) {
        const double norm = saddle_i_norm(a->kernels, a->n, y);
        const double rounding = DBL_EPSILON / h * norm_w * norm + DBL_EPSILON / h * saddle_i_norm(a->kernels, a->n, a->room[1]);
        double next = 0.25 * h;
        TRY(difference_inside(a, norm_w, &next, x, a->room[2]));
        const double off = distance(a, y, a->room[2]);
        const double part = off > 0.0 ? off / norm : 0.0;
        const int enough = off <= fmax(accuracy * norm, 2.0 * rounding);
        if (!enough && part > best && best < resolved) {
            break;
        }
        if (enough || part < 0.9 * best) {
            best = part;
            best_h = h;
            noise = 2.0 * fmax(off, rounding);
        }
        if (enough) {
            break;
        }
        memcpy(y, a->room[2], (size_t)a->n * sizeof(double));
        h = next;
    }
    a->noise = fmax(a->noise, fmin(noise, DBL_MAX));
    a->h = best_h;
    int outside = 0;
    return best_h == h ? SADDLE_OK : difference(a, best_h, x, y, &outside);
}

static saddle_status apply_difference(struct saddle_i_operator *a, const double *x, double *y)
{
    double h = 0.25 * a->h;
    if (a->h > 0.0) {
        const int64_t code = a->oracle->callback_code;
        int outside = 0;
        const saddle_status s = difference(a, a->h, x, y, &outside);
        if (!outside || h < least_move * saddle_i_norm(a->kernels, a->n, a->w)) {
            return s;
        }
        a->oracle->callback_code = code;
    }
    const double norm_w = fmin(saddle_i_norm(a->kernels, a->n, a->w), 0x1p1000);
    return find_width(a, a->h > 0.0 ? h : width(norm_w), norm_w, x, y);
}

static saddle_status probe(struct saddle_i_operator *a, const double *x, const double *y)
{
    double h = golden * a->h, off = 0.0;
    TRY(difference_inside(a, saddle_i_norm(a->kernels, a->n, a->w), &h, x, a->room[2]));
    if (y != NULL) {
        off = distance(a, y, a->room[2]);
    } else {
        for (int sign = -1; sign <= 1; sign += 2) {
            TRY(shifted_gradient(a, sign * a->h, x, a->room[1]));
            a->kernels->axpy(a->n, -0.5 * sign / a->h, a->room[1], a->room[2]);
        }
        off = saddle_i_norm(a->kernels, a->n, a->room[2]);
    }
    a->noise = fmax(a->noise, fmin(2.0 * off, DBL_MAX)); /* off is 5/8 of the error that bends, or more of rounding */
    return SADDLE_OK;
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

saddle_status saddle_i_operator_probe(struct saddle_i_operator *a, const double *x, const double *y)
{
    if (!saddle_i_operator_differs(a) || a->oracle == NULL) {
        return SADDLE_OK;
    }
    const saddle_status s = probe(a, x, y);
    return a->request.step < 0 ? saddle_i_oracle_tell(a->oracle, s) : s; /* as in saddle_i_operator_apply() */
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
