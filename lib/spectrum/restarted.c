/* SPDX-License-Identifier: BSD-3-Clause */
/* Several pairs, or one pair in a bounded basis. A first Krylov space serves all ends. It shows one copy of every
 * eigenvalue, so that each end is then asked again, apart from all that was found: has what is left an eigenvalue
 * inside of the innermost one found? Yes: it takes its place. No, with confidence 1 - delta: the end is complete. */
#include "space/recurrence.h"
#include "spectrum/deflated.h"
#include <math.h>
#include <string.h>

enum {
    AUTOMATIC_BYTES = 1 << 28,
    MOST_ORDER = SADDLE_I_CHUNK * SADDLE_I_MAX_CHUNKS - 1, /* there is one vector more */
    /* With a basis that is not given: least order after a restart, beyond which its dense eigenproblem costs more than
     * the products that a longer space saves. */
    AUTOMATIC_ORDER = 512
};

struct search {
    const struct saddle_i_lanczos_settings *v;
    struct saddle_i_operator *a;
    struct saddle_i_krylov space;
    struct saddle_i_deflated found;
    int64_t last;                 /* number of the last product that may be used */
    int64_t order;                /* of T after a restart */
    uint64_t starts;
    double lower;                 /* of the interval */
    double sure[SADDLE_I_ENDS];   /* below it nothing is missing */
};

/* One Krylov space. */
struct run {
    int first;                    /* serves all ends */
    int asks[SADDLE_I_ENDS];
    int64_t wanted[SADDLE_I_ENDS]; /* Ritz pairs that are better than what is found */
    int done;                     /* they have converged; or there are none for sure */
    int watching;                 /* pivots are positive so far: no Ritz value is below their x */
    struct saddle_i_pivots pivots;
    int64_t next;                 /* k of the next look */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static double tolerance(const struct search *t, double value)
{
    return fmax(t->v->tol * fmax(fabs(value), t->v->eps_hessian), 4.0 * DBL_EPSILON * t->space.norm);
}

/* What the residual in a space has to be. It does not see what A mixes in of vectors that are apart, as much as their
 * residuals. */
static double asked(const struct search *t, double value)
{
    const int alone = t->found.wanted[SADDLE_I_LOW] + t->found.wanted[SADDLE_I_HIGH] == 1;
    return (alone ? 1.0 : 0.7) * tolerance(t, value);
}

static int out_of_products(const struct search *t)
{
    return t->a->products >= t->last;
}

/* The order of T at most, n included. */
static int64_t order_of(const struct saddle_i_lanczos_settings *v, int64_t n, int64_t total)
{
    int64_t most = v->basis;
    if (most == 0) {
        const int64_t least = 2 * total + 16;
        most = smaller(AUTOMATIC_BYTES / (int64_t)sizeof(double) / n, v->max_products + 1);
        most = most > least ? most : least;
    }
    return smaller(smaller(most, MOST_ORDER), n);
}

/* The value that a new pair has to be below, times the sign of the end, to be number i there. Less would be the
 * difference of two eigenvalues that are equal as far as they were computed. */
static double limit(const struct search *t, int end, int64_t i)
{
    const double value = saddle_i_deflated_value(&t->found, end, i);
    if (value > DBL_MAX) {
        return value;
    }
    const double noise = 64.0 * saddle_i_operator_noise(t->a, t->space.norm);
    return value - fmax(2.0 * tolerance(t, value), noise);
}

/* Ritz value number i at this end of those asked for, times the sign of the end, and its number. */
static int64_t number(const struct search *t, int end, int64_t i)
{
    return end == SADDLE_I_LOW ? i : t->space.low + t->space.high - 1 - i;
}

static double ritz_value(const struct search *t, int end, int64_t i)
{
    return saddle_i_sign_of(end) * t->space.theta[number(t, end, i)];
}

static int first_end(const struct run *r)
{
    return r->asks[SADDLE_I_LOW] ? SADDLE_I_LOW : SADDLE_I_HIGH;
}

/* How many Ritz pairs belong to the wanted ones when they are put among those found, and whether these have converged.
 * */
static int count_wanted(struct search *t, struct run *r, int end)
{
    const int64_t there = end == SADDLE_I_LOW ? t->space.low : t->space.high;
    const int64_t last = t->found.wanted[end] - 1;
    int64_t i = 0;
    int converged = 1;
    while (i < there && ritz_value(t, end, i) < limit(t, end, last - i)) {
        const double estimate = saddle_i_krylov_estimate(&t->space, number(t, end, i));
        const double allowed = asked(t, ritz_value(t, end, i));
        converged = converged && estimate <= allowed;
        t->space.accuracy = i == 0 && end == first_end(r) ? allowed : fmin(t->space.accuracy, allowed);
        i++;
    }
    r->wanted[end] = i;
    return converged;
}

static int has_closed(const struct saddle_i_krylov *y)
{
    return y->closed || y->beta[y->k - 1] <= SADDLE_I_CLOSING * y->norm;
}

/* Solves for the Ritz pairs and judges them. */
static saddle_status look(struct search *t, struct run *r)
{
    struct saddle_i_krylov *const y = &t->space;
    const int64_t *const most = t->found.wanted;
    const int64_t low = r->asks[SADDLE_I_LOW] ? smaller(most[SADDLE_I_LOW], y->k) : 0;
    const int64_t high = r->asks[SADDLE_I_HIGH] ? smaller(most[SADDLE_I_HIGH], y->k - low) : 0;
    TRY(saddle_i_krylov_ritz(y, low, high));
    int converged = 1;
    for (int e = 0; e < SADDLE_I_ENDS; e++) {
        converged = (!r->asks[e] || count_wanted(t, r, e)) && converged;
    }
    if (r->wanted[SADDLE_I_LOW] + r->wanted[SADDLE_I_HIGH] > 0) {
        const int all = !r->first || low + high == most[SADDLE_I_LOW] + most[SADDLE_I_HIGH] || has_closed(y);
        r->done = converged && all;
        return SADDLE_OK;
    }
    const int end = first_end(r);
    return saddle_i_krylov_excludes(y, saddle_i_sign_of(end), t->v->delta, limit(t, end, most[end] - 1), &r->done);
}

/* One more pivot. Nothing else needs to be looked at while they are positive. */
static void watch(struct search *t, struct run *r)
{
    const struct saddle_i_krylov *const y = &t->space;
    const int64_t j = y->k - 1;
    const double sign = saddle_i_sign_of(first_end(r));
    if (saddle_i_pivots_step(&r->pivots, sign * y->alpha[j], j > 0 ? y->beta[j - 1] : 0.0, y->beta[j])) {
        r->watching = 0;
    } else {
        r->done = r->pivots.log_sum >= saddle_i_bound_target(t->a->n - y->aparts, t->v->delta);
    }
}

/* Half of the space stays, what is nearest to the ends that are asked: keeping less costs ten times the products on
 * clusters. */
static saddle_status restart(struct search *t, struct run *r)
{
    const int64_t keep = t->order / 2;
    const int both = r->asks[SADDLE_I_LOW] && r->asks[SADDLE_I_HIGH];
    const int64_t low = both ? keep - keep / 2 : r->asks[SADDLE_I_LOW] ? keep : 0;
    TRY(saddle_i_krylov_restart(&t->space, low, keep - low));
    r->watching = 0;
    r->next = t->space.k + (t->order - t->space.k) / 2;
    return SADDLE_OK;
}

static void begin_watching(const struct search *t, struct run *r)
{
    r->next = 1;
    if (r->first) {
        r->next = t->found.wanted[SADDLE_I_LOW] + t->found.wanted[SADDLE_I_HIGH];
        return;
    }
    const int end = first_end(r);
    const double x = limit(t, end, t->found.wanted[end] - 1);
    if (x <= DBL_MAX) {
        r->watching = 1;
        saddle_i_pivots_start(&r->pivots, x);
    }
}

/* Products until the run is done, the space has closed, or there are no more. */
static saddle_status expand(struct search *t, struct run *r)
{
    struct saddle_i_krylov *const y = &t->space;
    TRY(saddle_i_krylov_begin(y, t->v, t->starts, &t->found.vectors, saddle_i_deflated_count(&t->found)));
    t->starts++;
    begin_watching(t, r);
    int64_t order = y->most;
    for (;;) {
        TRY(saddle_i_krylov_step(y));
        if (r->watching) {
            watch(t, r);
        }
        const int ends = y->closed || out_of_products(t);
        if (!r->watching && (y->k >= r->next || has_closed(y) || ends || y->k == order)) {
            TRY(look(t, r));
            r->next = y->k + (y->kept == 0 ? (y->k / 25 > 1 ? y->k / 25 : 1) : (t->order - y->kept) / 2);
        }
        if (r->done || ends) {
            return SADDLE_OK;
        }
        if (y->k == order) {
            TRY(restart(t, r));
            order = t->order;
        }
    }
}

/* Puts what was wanted among what is found. A run that ended early gives only what is needed to have as many as were
 * asked for. */
static saddle_status collect(struct search *t, struct run *r)
{
    for (int e = 0; e < SADDLE_I_ENDS; e++) {
        int64_t count = r->asks[e] ? r->wanted[e] : 0;
        if (!r->done && !t->space.closed) {
            count = smaller(count, t->found.wanted[e] - t->found.count[e]);
        }
        saddle_i_deflated_make_room(&t->found, e, count);
        for (int64_t i = 0; i < count; i++) {
            const int64_t at = number(t, e, i);
            const struct saddle_i_held pair = {.value = t->space.theta[at],
                                               .estimate = saddle_i_krylov_estimate(&t->space, at),
                                               .invariant = has_closed(&t->space)};
            double *x = NULL;
            TRY(saddle_i_deflated_next(&t->found, &x));
            saddle_i_krylov_vector(&t->space, at, x);
            TRY(saddle_i_deflated_take(&t->found, e, &pair));
        }
    }
    return SADDLE_OK;
}

/* The space of all ends, and the interval. */
static saddle_status search_first(struct search *t)
{
    struct run r = {.first = 1};
    for (int e = 0; e < SADDLE_I_ENDS; e++) {
        r.asks[e] = t->found.wanted[e] > 0;
        t->sure[e] = t->found.wanted[e] > 1 ? -SADDLE_I_INF : SADDLE_I_INF;
    }
    TRY(expand(t, &r));
    TRY(collect(t, &r));
    t->lower = SADDLE_I_NAN;
    return r.asks[SADDLE_I_LOW] ? saddle_i_krylov_lower(&t->space, 1.0, t->v->delta, &t->lower) : SADDLE_OK;
}

/* What the first space has not shown of one end. */
static saddle_status search_again(struct search *t, int end)
{
    while (saddle_i_deflated_count(&t->found) < t->a->n &&
           (t->found.count[end] < t->found.wanted[end] || t->sure[end] < SADDLE_I_INF)) {
        if (out_of_products(t)) {
            return SADDLE_OK;
        }
        struct run r = {.first = 0};
        r.asks[end] = 1;
        TRY(expand(t, &r));
        const int nothing = r.wanted[end] == 0;
        if (nothing && (r.done || t->space.closed)) {
            t->sure[end] = SADDLE_I_INF;
        } else if (!r.done && !t->space.closed) {
            TRY(saddle_i_krylov_lower(&t->space, saddle_i_sign_of(end), t->v->delta, &t->sure[end]));
        }
        TRY(collect(t, &r));
    }
    if (saddle_i_deflated_count(&t->found) == t->a->n) {
        t->sure[end] = SADDLE_I_INF;
    }
    return SADDLE_OK;
}

/* Random directions where products did not suffice for more. */
static saddle_status fill_up(struct search *t)
{
    for (int e = 0; e < SADDLE_I_ENDS; e++) {
        while (t->found.count[e] < t->found.wanted[e]) {
            double *x = NULL;
            TRY(saddle_i_deflated_next(&t->found, &x));
            saddle_i_lanczos_start(t->a, t->v, t->starts++, x);
            const struct saddle_i_held pair = {.value = saddle_i_sign_of(e) * DBL_MAX, .doubtful = 1};
            TRY(saddle_i_deflated_take(&t->found, e, &pair));
        }
    }
    return SADDLE_OK;
}

/* By one product: the Rayleigh quotient and the residual. */
static saddle_status measure(struct search *t, struct saddle_i_held *h)
{
    const int64_t n = t->a->n;
    const double *const x = saddle_i_basis_vector(&t->found.vectors, h->slot);
    double *const y = saddle_i_basis_vector(&t->space.basis, 0);
    TRY(saddle_i_operator_apply(t->a, x, y));
    TRY(saddle_i_operator_probe(t->a, x, y));
    h->value = saddle_i_dot(t->a->kernels, n, x, y);
    h->residual = saddle_i_three_terms(t->a->kernels, n, h->value, x, 0.0, NULL, y);
    return SADDLE_OK;
}

static void describe(const struct search *t, const struct saddle_i_held *h, struct saddle_i_pair *out)
{
    const double excess = h->residual - h->estimate;
    const double rounding = 64.0 * DBL_EPSILON * t->space.norm;
    const double allowed = tolerance(t, h->value);
    out->value = h->value;
    out->residual = h->residual;
    out->lower = out->upper = SADDLE_I_NAN;
    out->invariant = h->invariant;
    const int follows = excess <= rounding && h->estimate <= allowed;
    out->converged = !h->doubtful && (follows || h->residual <= fmax(allowed, rounding));
}

/* The interval: what the first space proves, widened where the operator does not do what its recurrence says. */
static void enclose(const struct search *t, const struct saddle_i_held *h, struct saddle_i_pair *out)
{
    if (t->found.wanted[SADDLE_I_LOW] == 0) {
        return;
    }
    const double excess = h->residual - h->estimate;
    const double gap = excess > 64.0 * DBL_EPSILON * t->space.norm ? excess : 0.0;
    const double slack = gap + saddle_i_operator_slack(t->a, t->space.norm);
    out->lower = fmin(t->lower, h->value) - slack;
    out->upper = h->value + slack + 64.0 * DBL_EPSILON * t->space.norm;
}

static saddle_status finish(struct search *t, struct saddle_i_pairs *out)
{
    TRY(fill_up(t));
    struct saddle_i_held *sorted = NULL;
    void *p = NULL;
    const int64_t count = saddle_i_deflated_count(&t->found);
    TRY(saddle_i_alloc(t->a->context, count, sizeof *sorted, &p));
    sorted = p;
    saddle_status s = SADDLE_OK;
    int64_t used = 0;
    for (int e = 0; e < SADDLE_I_ENDS; e++) {
        for (int64_t i = 0; i < t->found.count[e] && s == SADDLE_OK; i++) {
            struct saddle_i_held h = t->found.at[e][i];
            h.doubtful = h.doubtful || (i > 0 && saddle_i_sign_of(e) * h.value >= t->sure[e]);
            s = measure(t, &h);
            int64_t at = used++;
            while (at > 0 && sorted[at - 1].value > h.value) {
                sorted[at] = sorted[at - 1];
                at--;
            }
            sorted[at] = h;
        }
    }
    for (int64_t i = 0; i < count && s == SADDLE_OK; i++) {
        describe(t, &sorted[i], &out->pair[i]);
        if (i == 0) {
            enclose(t, &sorted[i], &out->pair[i]);
        }
        if (out->vectors != NULL) {
            memcpy(out->vectors + i * t->a->n, saddle_i_basis_vector(&t->found.vectors, sorted[i].slot),
                   (size_t)t->a->n * sizeof(double));
        }
    }
    out->count = s == SADDLE_OK ? count : 0;
    saddle_i_free(t->a->context, sorted);
    return s;
}

saddle_status saddle_i_lanczos_restarted(struct saddle_i_operator *a, const struct saddle_i_lanczos_settings *v,
                                         struct saddle_i_pairs *out)
{
    const int64_t n = a->n, total = saddle_i_lanczos_pairs(v, n);
    const int64_t low = v->which == SADDLE_WHICH_LARGEST ? 0 : smaller(v->pairs, total);
    struct search t = {.v = v, .a = a, .last = a->products + v->max_products};
    const int64_t most = order_of(v, n, total);
    out->count = 0;
    if (most < smaller(2 * total + 4, n)) {
        return saddle_i_fail(SADDLE_E_RANGE, "%lld pairs of order %lld need a basis of more than %lld vectors",
                             (long long)total, (long long)n, (long long)most);
    }
    t.order = v->basis == 0 ? smaller(most, 4 * total > AUTOMATIC_ORDER ? 4 * total : AUTOMATIC_ORDER) : most;
    saddle_i_krylov_init(&t.space, a, most);
    t.space.accuracy = v->tol * v->eps_hessian;
    saddle_status s = saddle_i_deflated_init(&t.found, a, low, total - low);
    if (s == SADDLE_OK) {
        s = search_first(&t);
    }
    for (int e = 0; e < SADDLE_I_ENDS && s == SADDLE_OK; e++) {
        s = search_again(&t, e);
    }
    if (s == SADDLE_OK) {
        s = finish(&t, out);
    }
    saddle_i_deflated_fini(&t.found);
    saddle_i_krylov_fini(&t.space);
    return s;
}
