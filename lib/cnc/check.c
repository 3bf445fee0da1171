/* SPDX-License-Identifier: BSD-3-Clause */
/* Is E_z <grad f_z(w), v>^2 above gamma? Over all samples the moment is exact, and what remains is the error of v. Over some of them, in
 * random order, bets against the hypotheses decide when to stop (docs/cnc.md). */
#include "cnc/check.h"
#include "cnc/betting.h"
#include "cnc/draws.h"
#include "cnc/eigenspace.h"
#include "cnc/moments.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum {
    PILOT = 256,            /* samples whose gradients are taken where there is a slopes callback */
    BLOCK = 64,             /* samples between looks at the bets */
    FIRST_ROOM = 1024       /* samples whose squares there is room for at first */
};

#define ROUNDING 1e-12 /* of the energy: a second moment below is rounding */
#define UNSEEN 2.0     /* the energy of samples that were not looked at, over an estimate */
#define BOUND_SLACK 1e-9
#define DISAGREE 1e-3  /* of the norm: a slope that is so far from its gradient is of something else */

struct check {
    struct saddle_i_oracle *o;
    const double *w;
    const struct saddle_i_cnc_settings *c;
    int64_t point;
    struct saddle_i_counts counts;
    int64_t population;          /* samples in all; 0: a stream */
    struct saddle_i_request all; /* the Hessian's */
    int64_t *drawn;              /* its samples of a stream */
    struct saddle_i_eigenspace e;
    struct saddle_i_moments m;
    double low, high;            /* of the moment along v: what the samples leave open */
    double rounding;             /* of the least moment of several directions */
    double energy;               /* at least that of all samples, as far as is known */
    double least_energy;         /* at most that of all samples, up to its estimate */
    double largest;              /* norm or |slope| met */
    int64_t witness_sample, witness_direction; /* a sample with a large slope, where that came without its gradient; -1: none, */
    double witness;              /* and the largest norm of those that were looked at */
    double cap;                  /* m_1 is not above it, for sure */
    saddle_cnc out;
};

/* whole: it is the norm of a gradient, not a slope, which it is not below. */
static saddle_status met(struct check *k, double norm, int whole)
{
    k->largest = fmax(k->largest, norm);
    if (k->c->bound > 0.0 && norm > k->c->bound * (1.0 + BOUND_SLACK)) {
        return saddle_i_fail(SADDLE_E_RANGE, "cnc_bound is %g, but a sample's gradient has a norm of %g%s", k->c->bound, norm,
                             whole ? "" : " or more");
    }
    return SADDLE_OK;
}

static saddle_status add(struct check *k, struct saddle_i_moments *m, const int64_t *index, int64_t count, double *each)
{
    TRY(saddle_i_moments_add(m, k->o, index, count, k->w, k->e.vectors, -1, k->point, &k->counts, each));
    return met(k, m->largest, m->norms || k->o->slopes == NULL);
}

/* Slopes alone do not tell rounding from noise, nor what the error of v makes of a few large gradients that no sample of them met. The
 * sample with the largest slope does: the moment is at most that slope squared, and its gradient is one of those that matter. */
static saddle_status look_at_witness(struct check *k)
{
    struct saddle_i_moments *m = &k->m;
    if (m->top_sample < 0 || (m->top_sample == k->witness_sample && m->top_direction == k->witness_direction)) {
        return SADDLE_OK;
    }
    double row[2] = {0.0, 0.0};
    const struct saddle_i_request q = {&m->top_sample, 1, 1, -1, k->point, &k->counts};
    TRY(saddle_i_oracle_each_gradient(k->o, &q, k->w, 1, k->e.vectors + m->top_direction * k->o->dim, row));
    if (fabs(row[0] - m->top) > DISAGREE * fmax(row[1], fabs(m->top))) {
        return saddle_i_fail(SADDLE_E_ARGUMENT,
                             "the slopes callback gives %.9g for sample %lld along v, its gradient %.9g: saddle_check_derivatives() looks closer",
                             m->top, (long long)m->top_sample, row[0]);
    }
    k->witness_sample = m->top_sample;
    k->witness_direction = m->top_direction;
    k->witness = fmax(k->witness, row[1]);
    return met(k, row[1], 1);
}

/* A smaller gamma is not told from rounding. */
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
    if (k->largest > 0.0) { /* squares are rounded to that where they are smallest */
        out->lower = fmax(0.0, out->lower - DBL_TRUE_MIN);
        out->upper += DBL_TRUE_MIN;
    }
    const double gamma = threshold(k, k->least_energy);
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
    k->out.variance = k->population == 1 ? 0.0 : m->samples == 1 ? SADDLE_I_NAN : fmax(k->out.second_moment - mean * mean, 0.0);
    k->out.cosine = cosine < 0.0 ? 0.0 : cosine; /* rounding, where terms cancel */
}

/* The least eigenvalue is right up to a few eps ||V'MV|| (backward error), and u no nearer to its vector than that. */
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
        k->rounding = 4.0 * (double)p * DBL_EPSILON * theta[p - 1];
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
    const double seen = k->witness * k->witness;
    const double share = seen / (double)(k->population > 0 ? k->population : k->m.samples);
    k->least_energy = fmax(k->out.energy, of_all ? 0.0 : share);
    k->energy = of_all ? k->out.energy : square > 0.0 ? square : UNSEEN * fmax(fmax(k->out.energy, seen), k->out.second_moment);
    k->cap = of_all ? k->out.energy : square > 0.0 ? square : SADDLE_I_INF;
}

/* What slopes do not tell, by the gradients of some samples. */
static saddle_status pilot(struct check *k)
{
    const int64_t n = k->population, count = n < PILOT ? n : PILOT;
    struct saddle_i_draws draws;
    struct saddle_i_moments m;
    int64_t index[PILOT];
    saddle_i_draws_init(&draws, k->c->seed, n, 0);
    saddle_i_draws_fill(&draws, 0, count, index);
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
    TRY(look_at_witness(k));
    TRY(choose(k));
    if (by_slopes) {
        TRY(pilot(k));
    } else {
        take_energy(k, &k->m, 1);
    }
    k->low = k->e.open ? 0.0 : fmax(k->out.second_moment - k->rounding, 0.0); /* the noise may reach the rest of the space less */
    k->high = k->out.second_moment + k->rounding;
    decide(k);
    return SADDLE_OK;
}

/* A sample that grows until it decides. */
struct sampling {
    int64_t most, taken;
    int64_t room;     /* samples that there is room for: it grows, most checks end soon */
    double *squares;  /* of slopes: `room` along each direction */
    double level;     /* of a bet: what the logarithm of its capital has to reach */
    int on;           /* bets are of use */
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
    const double more = c * sqrt(threshold(k, 2.0 * k->least_energy)) + error;
    const double less = c * sqrt(threshold(k, k->least_energy)) - error;
    g->on = s < 1.0;
    int decided = 0;
    if (g->on && k->m.k == 1) {
        saddle_i_bet_start(&g->more, more * more, 0.0, k->population);
        decided = saddle_i_bet_rejects(&g->more, g->taken, g->squares, g->level);
    }
    for (int64_t j = 0; j < k->m.k; j++) {
        saddle_i_bet_start(&g->less[j], less > 0.0 ? less * less : 0.0, square, k->population);
        if (g->on && square > 0.0 && less > 0.0) {
            decided = saddle_i_bet_rejects(&g->less[j], g->taken, g->squares + j * g->room, g->level) || decided;
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
            decided = saddle_i_bet_rejects(&g->less[j], g->taken - first, g->squares + j * g->room + first, g->level) || decided;
        }
    }
    return decided;
}

/* Room for a block more. */
static saddle_status make_room(struct check *k, struct sampling *g, int64_t count)
{
    const int64_t p = k->m.k;
    if (g->taken + count <= g->room) {
        return SADDLE_OK;
    }
    const int64_t twice = g->room > 0 ? 2 * g->room : FIRST_ROOM, room = twice < g->most ? twice : g->most;
    void *more = NULL;
    TRY(saddle_i_alloc(k->o->context, room, (size_t)p * sizeof(double), &more));
    double *squares = more;
    for (int64_t j = 0; j < p && g->taken > 0; j++) {
        memcpy(squares + j * room, g->squares + j * g->room, (size_t)g->taken * sizeof(double));
    }
    saddle_i_free(k->o->context, g->squares);
    g->squares = squares;
    g->room = room;
    return SADDLE_OK;
}

/* The next block of samples; what is kept of it are squares, a row for each direction. */
static saddle_status take_block(struct check *k, struct sampling *g, const struct saddle_i_draws *draws, double *each)
{
    int64_t index[BLOCK];
    const int64_t p = k->m.k, count = g->most - g->taken < BLOCK ? g->most - g->taken : BLOCK;
    TRY(make_room(k, g, count));
    saddle_i_draws_fill(draws, g->taken, count, index);
    k->m.norms = k->o->slopes == NULL || g->taken < PILOT;
    TRY(add(k, &k->m, index, count, each));
    for (int64_t i = 0; i < count; i++) {
        for (int64_t j = 0; j < p; j++) {
            g->squares[j * g->room + g->taken + i] = each[i * p + j] * each[i * p + j];
        }
    }
    g->taken += count;
    k->out.second_moment = saddle_i_moments_product(&k->m, 0, 0);
    take_energy(k, &k->m, 0);
    return SADDLE_OK;
}

static saddle_status conclude(struct check *k, const struct sampling *g)
{
    const int64_t n = k->population;
    const double square = k->c->bound * k->c->bound;
    TRY(look_at_witness(k));
    take_energy(k, &k->m, 0);
    k->low = k->m.k == 1 ? saddle_i_bet_lower(g->taken, g->squares, n, g->level) : 0.0;
    k->high = SADDLE_I_INF;
    for (int64_t j = 0; j < k->m.k && square > 0.0; j++) {
        k->high = fmin(k->high, saddle_i_bet_upper(g->taken, g->squares + j * g->room, n, square, g->level));
    }
    decide(k);
    return SADDLE_OK;
}

static saddle_status sample(struct check *k, struct sampling *g, double *each)
{
    struct saddle_i_draws draws;
    saddle_i_draws_init(&draws, k->c->seed, k->o->samples, SADDLE_I_DRAWS_SLOPES);
    g->level = level(k);
    for (;;) {
        const int64_t first = g->taken;
        TRY(take_block(k, g, &draws, each));
        const int decided = first == 0 ? start_bets(k, g) : feed_bets(k, g, first);
        if (decided || g->taken == g->most) {
            TRY(conclude(k, g));
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
    g.most = saddle_i_draws_count(k->o->samples, k->c->samples);
    TRY(saddle_i_moments_init(&k->m, k->o->context, p, p > 1, 1));
    saddle_status s = saddle_i_alloc_vector(k->o->context, p * BLOCK, &each);
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
    out->exact = k->m.samples == k->population;
    out->energy = fmax(k->least_energy, out->second_moment); /* an estimate by a few gradients may have missed what matters */
    out->amplification = out->energy > 0.0 ? out->second_moment / out->energy * (double)k->o->dim : SADDLE_I_NAN;
    out->lambda_min = k->e.value;
    out->residual = k->e.residual;
    const double ratio = sqrt(out->second_moment) / out->lambda_min; /* the square of lambda_min may be out of range */
    out->curvature_ratio = out->lambda_min != 0.0 ? ratio * ratio : SADDLE_I_NAN;
    out->multiplicity = k->e.multiplicity;
    out->sine = k->e.sine;
}

/* The samples of the Hessian: all; of a stream as many draws of its own as slopes are taken at most, the same in all products. */
static saddle_status choose_hessian(struct check *k)
{
    const int stream = k->o->samples == SADDLE_STREAM;
    const int64_t count = stream ? saddle_i_draws_count(SADDLE_STREAM, k->c->samples) : k->o->samples;
    if (stream) {
        struct saddle_i_draws draws;
        void *p = NULL;
        TRY(saddle_i_alloc(k->o->context, count, sizeof(int64_t), &p));
        k->drawn = p;
        saddle_i_draws_init(&draws, k->c->seed, SADDLE_STREAM, SADDLE_I_DRAWS_HESSIAN);
        saddle_i_draws_fill(&draws, 0, count, k->drawn);
    }
    const struct saddle_i_request q = {k->drawn, count, count, -1, k->point, &k->counts};
    k->all = q;
    return SADDLE_OK;
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
    k.population = o->samples == SADDLE_STREAM ? 0 : o->samples;
    k.witness_sample = -1;
    saddle_status s = choose_hessian(&k);
    if (s == SADDLE_OK) {
        s = saddle_i_eigenspace_find(&k.e, o, w, &k.all, l, &k.out.products);
    }
    if (s == SADDLE_OK) {
        s = saddle_i_draws_count(o->samples, c->samples) == o->samples ? check_all(&k) : check_some(&k);
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
    saddle_i_free(o->context, k.drawn);
    return saddle_i_oracle_tell(o, s);
}
