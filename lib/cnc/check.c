/* SPDX-License-Identifier: BSD-3-Clause */
/* Is E_z <grad f_z(w), v>^2 above gamma? Over all samples the moment is exact, and what remains is the error of v. Over some of them, in
 * random order, bets against the hypotheses decide when to stop (docs/cnc.md). */
#include "cnc/check.h"
#include "cnc/betting.h"
#include "cnc/eigenspace.h"
#include "cnc/moments.h"
#include "random/shuffle.h"
#include <math.h>
#include <string.h>

enum {
    PILOT = 256,            /* samples whose gradients are taken where there is a slopes callback */
    BLOCK = 64,             /* samples between looks at the bets */
    STREAM_SAMPLES = 1024,
    ALONG_BLOCK = 8192
};

#define ROUNDING 1e-12 /* of the energy: a second moment below is rounding */
#define UNSEEN 2.0     /* the energy of samples that were not looked at, over an estimate */
#define BOUND_SLACK 1e-9

struct check {
    struct saddle_i_oracle *o;
    const double *w;
    const struct saddle_i_cnc_settings *c;
    int64_t point;
    struct saddle_i_counts counts;
    struct saddle_i_request all; /* the Hessian's */
    struct saddle_i_eigenspace e;
    struct saddle_i_moments m;
    double low, high;            /* of the moment along v: what the samples leave open */
    double energy;               /* at least that of all samples, as far as is known */
    double cap;                  /* m_1 is not above it, for sure */
    saddle_cnc out;
};

/* Samples in random order without replacement. */
static void order_of(struct saddle_i_shuffle *order, uint64_t seed, int64_t n)
{
    const saddle_random_stream s = {seed, SADDLE_I_PURPOSE_CNC, 0};
    uint64_t word[2];
    saddle_i_random_best()->words(&s, 0, 1, word);
    saddle_i_shuffle_init(order, word[0], 0, n);
}

static saddle_status add(struct check *k, struct saddle_i_moments *m, const int64_t *index, int64_t count, double *each)
{
    TRY(saddle_i_moments_add(m, k->o, index, count, k->w, k->e.vectors, -1, k->point, &k->counts, each));
    if (k->c->bound > 0.0 && m->largest > k->c->bound * (1.0 + BOUND_SLACK)) {
        return saddle_i_fail(SADDLE_E_RANGE, "cnc_bound is %g, but a sample's gradient has a norm of %g or more", k->c->bound, m->largest);
    }
    return SADDLE_OK;
}

static double threshold(const struct check *k, double energy)
{
    return fmax(k->c->gamma, ROUNDING * energy);
}

/* sqrt(m_1) is in [(sqrt(m) - s sqrt(E))/c, (sqrt(m) + s sqrt(E))/c], s a bound of the sine of the angle between v and the eigenvector, c
 * its cosine, E >= m the energy (Minkowski). */
static void decide(struct check *k)
{
    saddle_cnc *out = &k->out;
    const double s = k->e.sine;
    const double error = s * sqrt(k->energy);
    out->lower = 0.0;
    out->upper = k->cap;
    if (error == 0.0) {
        out->lower = k->low;
        out->upper = k->high;
    } else if (s < 1.0) {
        const double c = sqrt((1.0 - s) * (1.0 + s));
        const double least = fmax(0.0, sqrt(k->low) - error) / c;
        const double most = (sqrt(k->high) + error) / c;
        out->lower = fmin(least * least, k->low);
        out->upper = fmax(k->high, fmin(most * most, k->cap));
    }
    const double gamma = threshold(k, out->energy);
    out->verdict = out->lower > gamma    ? SADDLE_VERDICT_HOLDS
                   : out->upper <= gamma ? SADDLE_VERDICT_FAILS
                                         : SADDLE_VERDICT_UNDECIDED;
}

/* u'M u and u'C u of the direction u in the space, M and C the matrices of products and of cosines. */
static void take_moments(struct check *k, const double *u, double least)
{
    struct saddle_i_moments *m = &k->m;
    double mean = 0.0, cosine = 0.0;
    for (int64_t j = 0; j < m->k; j++) {
        mean += u[j] * saddle_i_moments_mean(m, j);
        for (int64_t i = 0; i < m->k; i++) {
            cosine += u[i] * u[j] * saddle_i_moments_cosine(m, i, j);
        }
    }
    k->out.second_moment = fmax(least, 0.0);
    k->out.mean = mean;
    k->out.variance = k->o->samples == 1 ? 0.0 : fmax(k->out.second_moment - mean * mean, 0.0);
    k->out.cosine = cosine;
}

static saddle_status least_direction(struct check *k, double *u, double *least)
{
    const int64_t p = k->m.k;
    struct saddle_i_tridiag t;
    double *room = NULL;
    TRY(saddle_i_alloc_vector(k->o->context, 2 * p * p + p, &room));
    double *matrix = room, *vectors = room + p * p, *theta = vectors + p * p;
    for (int64_t j = 0; j < p; j++) {
        for (int64_t i = 0; i < p; i++) {
            matrix[j * p + i] = saddle_i_moments_product(&k->m, i, j);
        }
    }
    saddle_i_tridiag_init(&t, k->o->context);
    const saddle_status s = saddle_i_tridiag_dense(&t, p, matrix, theta, vectors);
    saddle_i_tridiag_fini(&t);
    if (s == SADDLE_OK) {
        memcpy(u, vectors, (size_t)p * sizeof(double));
        *least = theta[0];
    }
    saddle_i_free(k->o->context, room);
    return s;
}

/* v, and the moments along it. Of several directions the one that the noise reaches least. */
static saddle_status choose(struct check *k)
{
    double u[SADDLE_I_MOST_EQUAL] = {1.0};
    if (k->m.k == 1) {
        take_moments(k, u, saddle_i_moments_product(&k->m, 0, 0));
        return SADDLE_OK;
    }
    double least = 0.0;
    TRY(least_direction(k, u, &least));
    take_moments(k, u, least);
    return saddle_i_eigenspace_choose(&k->e, k->o, k->w, &k->all, u, &k->out.products);
}

/* Energy, cosine and zeros of the gradients that were taken. of_all: they are those of all samples. */
static void take_energy(struct check *k, struct saddle_i_moments *m, int of_all)
{
    const double square = k->c->bound * k->c->bound;
    k->out.energy = saddle_i_moments_energy(m);
    k->out.gradients = m->gradients;
    k->out.zero_gradients = m->zeros;
    k->energy = of_all ? k->out.energy : square > 0.0 ? square : UNSEEN * fmax(k->out.energy, k->out.second_moment);
    k->cap = of_all ? k->out.energy : square > 0.0 ? square : SADDLE_I_INF;
}

/* What slopes do not tell, by the gradients of some samples. */
static saddle_status pilot(struct check *k)
{
    const int64_t n = k->o->samples, count = n < PILOT ? n : PILOT;
    struct saddle_i_shuffle order;
    struct saddle_i_moments m;
    int64_t index[PILOT];
    order_of(&order, k->c->seed, n);
    saddle_i_shuffle_fill(&order, 0, count, index);
    TRY(saddle_i_moments_init(&m, k->o->context, 1, 0, 1));
    const saddle_status s = add(k, &m, index, count, NULL);
    if (s == SADDLE_OK) {
        take_energy(k, &m, count == n);
        k->out.cosine = saddle_i_moments_cosine(&m, 0, 0);
    }
    saddle_i_moments_fini(&m);
    return s;
}

static saddle_status check_all(struct check *k)
{
    const int by_slopes = k->o->slopes != NULL;
    TRY(saddle_i_moments_init(&k->m, k->o->context, k->e.multiplicity, k->e.multiplicity > 1, !by_slopes));
    TRY(add(k, &k->m, NULL, 0, NULL));
    TRY(choose(k));
    if (by_slopes) {
        TRY(pilot(k));
    } else {
        take_energy(k, &k->m, 1);
    }
    k->low = k->high = k->out.second_moment;
    decide(k);
    return SADDLE_OK;
}

/* A sample that grows until it decides. */
struct sampling {
    int64_t most, taken;
    double *squares;  /* of slopes: `most` along each direction */
    double level;     /* of a bet: what the logarithm of its capital has to reach */
    int on;           /* bets are of use */
    double energy;    /* that the bets reckon with */
    struct saddle_i_bet more, less[SADDLE_I_MOST_EQUAL];
};

/* One direction: each side of it takes its share of delta, and without a bound there is one side. Several: that the moment is small
 * along some v_j bounds the least one; that it is large is not seen from a sample, since the direction is chosen by it. */
static double level(const struct check *k)
{
    const double sides = k->m.k > 1 ? (double)k->m.k : k->c->bound > 0.0 ? 2.0 : 1.0;
    return log(sides / k->c->delta);
}

/* Bets against hypotheses whose rejection will decide, error of v included, unless the estimate of the energy doubles. */
static int start_bets(struct check *k, struct sampling *g)
{
    const double s = k->e.sine, c = sqrt((1.0 - s) * (1.0 + s));
    const double square = k->c->bound * k->c->bound;
    const double margin = square > 0.0 ? 1.0 : 2.0;
    const double error = s * sqrt(margin * k->energy);
    const double more = c * sqrt(threshold(k, 2.0 * k->out.energy)) + error;
    const double less = c * sqrt(threshold(k, k->out.energy)) - error;
    g->on = s < 1.0;
    g->energy = k->energy;
    int decided = 0;
    if (g->on && k->m.k == 1) {
        saddle_i_bet_start(&g->more, more * more, 0.0, k->o->samples);
        decided = saddle_i_bet_rejects(&g->more, g->taken, g->squares, g->level);
    }
    for (int64_t j = 0; j < k->m.k; j++) {
        saddle_i_bet_start(&g->less[j], less > 0.0 ? less * less : 0.0, square, k->o->samples);
        if (g->on && square > 0.0 && less > 0.0) {
            decided = saddle_i_bet_rejects(&g->less[j], g->taken, g->squares + j * g->most, g->level) || decided;
        }
    }
    return decided;
}

static int feed_bets(struct check *k, struct sampling *g, int64_t first)
{
    if (!g->on) {
        return 0;
    }
    int decided = k->m.k == 1 && saddle_i_bet_rejects(&g->more, g->taken - first, g->squares + first, g->level);
    for (int64_t j = 0; j < k->m.k; j++) {
        if (g->less[j].m > 0.0 && g->less[j].bound > 0.0) {
            decided = saddle_i_bet_rejects(&g->less[j], g->taken - first, g->squares + j * g->most + first, g->level) || decided;
        }
    }
    return decided;
}

/* The next block of samples; what is kept of it are squares, a row for each direction. */
static saddle_status take_block(struct check *k, struct sampling *g, const struct saddle_i_shuffle *order, double *each)
{
    int64_t index[BLOCK];
    const int64_t p = k->m.k, count = g->most - g->taken < BLOCK ? g->most - g->taken : BLOCK;
    saddle_i_shuffle_fill(order, g->taken, count, index);
    k->m.norms = k->o->slopes == NULL || g->taken < PILOT;
    TRY(add(k, &k->m, index, count, each));
    for (int64_t i = 0; i < count; i++) {
        for (int64_t j = 0; j < p; j++) {
            g->squares[j * g->most + g->taken + i] = each[i * p + j] * each[i * p + j];
        }
    }
    g->taken += count;
    k->out.second_moment = saddle_i_moments_product(&k->m, 0, 0);
    take_energy(k, &k->m, 0);
    return SADDLE_OK;
}

static void conclude(struct check *k, const struct sampling *g)
{
    const int64_t n = k->o->samples;
    const double square = k->c->bound * k->c->bound;
    k->low = k->m.k == 1 ? saddle_i_bet_lower(g->taken, g->squares, n, g->level) : 0.0;
    k->high = SADDLE_I_INF;
    for (int64_t j = 0; j < k->m.k && square > 0.0; j++) {
        k->high = fmin(k->high, saddle_i_bet_upper(g->taken, g->squares + j * g->most, n, square, g->level));
    }
    decide(k);
}

static saddle_status sample(struct check *k, struct sampling *g, double *each)
{
    struct saddle_i_shuffle order;
    order_of(&order, k->c->seed, k->o->samples);
    g->level = level(k);
    for (;;) {
        const int64_t first = g->taken;
        TRY(take_block(k, g, &order, each));
        const int decided = first == 0 ? start_bets(k, g) : feed_bets(k, g, first);
        if (decided || g->taken == g->most) {
            conclude(k, g);
            if (k->out.verdict != SADDLE_VERDICT_UNDECIDED || g->taken == g->most) {
                break;
            }
            (void)start_bets(k, g); /* the energy was not what it seemed */
        }
    }
    return choose(k);
}

static saddle_status check_some(struct check *k)
{
    const int64_t p = k->e.multiplicity;
    struct sampling g;
    double *each = NULL;
    memset(&g, 0, sizeof g);
    g.most = k->c->samples;
    TRY(saddle_i_moments_init(&k->m, k->o->context, p, p > 1, 1));
    saddle_status s = saddle_i_alloc_vector(k->o->context, p * BLOCK, &each);
    if (s == SADDLE_OK) {
        void *squares = NULL;
        s = saddle_i_alloc(k->o->context, g.most, (size_t)p * sizeof(double), &squares);
        g.squares = squares;
    }
    if (s == SADDLE_OK) {
        s = sample(k, &g, each);
    }
    saddle_i_free(k->o->context, g.squares);
    saddle_i_free(k->o->context, each);
    return s;
}

/* Ratios, and counts. */
static void finish(struct check *k)
{
    saddle_cnc *out = &k->out;
    out->samples = k->m.samples;
    out->exact = k->m.samples == k->o->samples;
    out->amplification = out->energy > 0.0 ? out->second_moment * (double)k->o->dim / out->energy : SADDLE_I_NAN;
    out->lambda_min = k->e.value;
    out->residual = k->e.residual;
    out->curvature_ratio = out->lambda_min != 0.0 ? out->second_moment / (out->lambda_min * out->lambda_min) : SADDLE_I_NAN;
    out->multiplicity = k->e.multiplicity;
    out->sine = k->e.sine;
}

saddle_status saddle_i_cnc_check(struct saddle_i_oracle *o, const double *w, const struct saddle_i_cnc_settings *c,
                                 const struct saddle_i_lanczos_settings *l, double *v, saddle_cnc *out)
{
    struct check k;
    memset(&k, 0, sizeof k);
    k.o = o;
    k.w = w;
    k.c = c;
    k.point = saddle_i_oracle_new_point(o);
    const struct saddle_i_request all = {NULL, o->samples, o->samples, -1, k.point, &k.counts};
    k.all = all;
    saddle_status s = saddle_i_eigenspace_find(&k.e, o, w, &k.all, l, &k.out.products);
    if (s == SADDLE_OK) {
        s = c->samples > 0 && c->samples < o->samples ? check_some(&k) : check_all(&k);
    }
    if (s == SADDLE_OK) {
        finish(&k);
        k.out.struct_size = out->struct_size;
        *out = k.out;
        if (v != NULL) {
            memcpy(v, k.e.vectors, (size_t)o->dim * sizeof(double));
        }
    }
    saddle_i_moments_fini(&k.m);
    saddle_i_eigenspace_fini(&k.e);
    return saddle_i_oracle_tell(o, s);
}

/* Samples of a stream, or of a random order, a block at a time. */
static saddle_status along_some(struct saddle_i_oracle *o, const struct saddle_i_cnc_settings *c, const double *w, const double *v,
                                int64_t point, struct saddle_i_moments *m)
{
    const saddle_random_stream fresh = {c->seed, SADDLE_I_PURPOSE_CNC, 1};
    const int64_t total = c->samples > 0 ? c->samples : STREAM_SAMPLES;
    const int64_t block = total < ALONG_BLOCK ? total : ALONG_BLOCK;
    struct saddle_i_counts counts = {0};
    struct saddle_i_shuffle order;
    void *p = NULL;
    TRY(saddle_i_alloc(o->context, block, sizeof(int64_t), &p));
    int64_t *index = p;
    saddle_status s = SADDLE_OK;
    if (o->samples != SADDLE_STREAM) {
        order_of(&order, c->seed, o->samples);
    }
    for (int64_t first = 0; first < total && s == SADDLE_OK; first += block) {
        const int64_t count = total - first < block ? total - first : block;
        if (o->samples == SADDLE_STREAM) {
            saddle_i_random_indices(&fresh, first, SADDLE_STREAM, count, index);
        } else {
            saddle_i_shuffle_fill(&order, first, count, index);
        }
        s = saddle_i_moments_add(m, o, index, count, w, v, -1, point, &counts, NULL);
    }
    saddle_i_free(o->context, index);
    return s;
}

saddle_status saddle_i_cnc_along(struct saddle_i_oracle *o, const double *w, const struct saddle_i_cnc_settings *c, int64_t k,
                                 const double *v, double *second_moments, double *cosines)
{
    struct saddle_i_moments m;
    struct saddle_i_counts counts = {0};
    const int64_t point = saddle_i_oracle_new_point(o);
    const int some = o->samples == SADDLE_STREAM || (c->samples > 0 && c->samples < o->samples);
    TRY(saddle_i_moments_init(&m, o->context, k, 0, cosines != NULL));
    const saddle_status s = some ? along_some(o, c, w, v, point, &m)
                                 : saddle_i_moments_add(&m, o, NULL, 0, w, v, -1, point, &counts, NULL);
    for (int64_t j = 0; j < k && s == SADDLE_OK; j++) {
        second_moments[j] = saddle_i_moments_product(&m, j, j);
        if (cosines != NULL) {
            cosines[j] = saddle_i_moments_cosine(&m, j, j);
        }
    }
    saddle_i_moments_fini(&m);
    return saddle_i_oracle_tell(o, s);
}
