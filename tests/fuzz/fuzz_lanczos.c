/* SPDX-License-Identifier: BSD-3-Clause */
/* Lanczos, and the certificate, on a symmetric matrix of order 1 .. 12 that the input chooses, entries 600 orders of
 * magnitude apart included, against LAPACK's QL iteration on the same matrix near 1. What is allowed is a multiple of
 * eps ||A||, and of the least number where products underflow. */
#include "fuzz/bytes.h"
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <saddle/saddle.h>

enum { MOST = 12, MOST_PAIRS = 24 };

static const double rounding = 256.0 * DBL_EPSILON; /* of ||A||: n products and sums, 64 eps of the interval, LAPACK */

struct matrix {
    int n;
    double a[MOST * MOST];
    double exact[MOST];  /* eigenvalues, ascending */
    double norm;         /* 2-norm */
    double slack;        /* what any statement may be off by */
    int64_t products;
};

static int apply(void *user, int64_t dim, const double *x, double *y)
{
    struct matrix *m = user;
    m->products++;
    for (int64_t i = 0; i < dim; i++) {
        y[i] = 0.0;
        for (int64_t j = 0; j < dim; j++) {
            y[i] += m->a[i * dim + j] * x[j];
        }
    }
    return 0;
}

/* Of the scale 1, or far below it, or 0. */
static double entry(struct bytes *b, int spread)
{
    const unsigned how = bytes_one(b);
    const double digits = (double)(int)(bytes_one(b)) / 64.0 - 2.0;
    switch (how % 6) {
    case 0: return 0.0;
    case 1: return 1.0;
    case 2: return -1.0;
    case 3: return digits * pow(10.0, -(double)(how / 6 * (unsigned)spread) / 42.0);
    default: return digits;
    }
}

static void set(struct matrix *m, int i, int j, double x)
{
    m->a[i * m->n + j] = m->a[j * m->n + i] = x;
}

/* H A H with a reflection H: the spectrum stays, up to rounding, and vectors are no axes. */
static void reflect(struct matrix *m, struct bytes *b)
{
    const int n = m->n;
    double h[MOST], square = 0.0;
    for (int i = 0; i < n; i++) {
        h[i] = (double)(1 + bytes_below(b, 16));
        square += h[i] * h[i];
    }
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < n; i++) {
            double sum = 0.0;
            for (int j = 0; j < n; j++) {
                sum += m->a[side == 0 ? i * n + j : j * n + i] * h[j];
            }
            for (int j = 0; j < n; j++) {
                m->a[side == 0 ? i * n + j : j * n + i] -= 2.0 * sum / square * h[j];
            }
        }
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            m->a[j * n + i] = m->a[i * n + j];
        }
    }
}

static void make_matrix(struct matrix *m, struct bytes *b)
{
    memset(m, 0, sizeof *m);
    m->n = 1 + bytes_below(b, MOST);
    const int shape = bytes_below(b, 8);
    const int spread = (int[]){4, 20, 80, 300}[bytes_below(b, 4)];
    const double scale = pow(10.0, bytes_one(b) % 2 == 0 ? 0.0 : (double)(bytes_below(b, 241) - 120) * 2.5);
    for (int i = 0; i < m->n; i++) {
        for (int j = 0; j <= i; j++) {
            const int there = shape < 3 || i == j || (shape == 3 && i == j + 1) || (shape == 4 && j == 0);
            set(m, i, j, there ? scale * entry(b, spread) : 0.0);
        }
    }
    if (shape >= 6) { /* few eigenvalues, many copies */
        for (int i = 0; i < m->n && shape == 7; i++) {
            set(m, i, i, m->a[i % 2 * (m->n + 1)]);
        }
        reflect(m, b);
    }
}

/* 0 where the matrix is of no use: products of it leave the range. */
static int solve_exactly(struct matrix *m)
{
    const int n = m->n;
    double copy[MOST * MOST], most = 0.0;
    int exponent = 0;
    for (int i = 0; i < n * n; i++) {
        most = fmax(most, fabs(m->a[i]));
        if (!(fabs(m->a[i]) <= DBL_MAX / (8.0 * MOST))) {
            return 0;
        }
    }
    (void)frexp(most, &exponent);
    for (int i = 0; i < n * n; i++) {
        copy[i] = ldexp(m->a[i], -exponent);
    }
    FUZZ_REQUIRE(LAPACKE_dsyev(LAPACK_COL_MAJOR, 'V', 'U', n, copy, n, m->exact) == 0, "the reference");
    for (int i = 0; i < n; i++) {
        m->exact[i] = ldexp(m->exact[i], exponent);
    }
    m->norm = fmax(fabs(m->exact[0]), fabs(m->exact[n - 1]));
    m->slack = rounding * m->norm + 64.0 * DBL_MIN;
    return 1;
}

struct settings {
    int64_t eigenvalues, which, basis, products;
    double tol, eps_hessian, delta;
    int64_t seed;
};

static void read_settings(struct settings *v, struct bytes *b, double norm)
{
    static const double tols[] = {1e-6, 1e-10, 1e-2, 0.0, 1e-14, 0.5, 1e-8, 1e-4};
    static const double deltas[] = {1e-12, 1e-10, 0.01, 0.5};
    v->eigenvalues = 1 + bytes_below(b, 6);
    v->which = 1 + bytes_below(b, 3);
    v->basis = bytes_below(b, 20);
    v->products = 1 + bytes_below(b, 100);
    v->tol = tols[bytes_below(b, 8)];
    v->eps_hessian = (double[]){1e-3, 0.0, 1e-3 * norm, norm}[bytes_below(b, 4)];
    v->delta = deltas[bytes_below(b, 4)];
    v->seed = bytes_below(b, 256);
}

static saddle_options *make_options(const struct settings *v)
{
    saddle_options *o = NULL;
    const int good = saddle_options_create(NULL, &o) == SADDLE_OK &&
                     saddle_options_set_int(o, SADDLE_OPT_EIGENVALUES, v->eigenvalues) == SADDLE_OK &&
                     saddle_options_set_int(o, SADDLE_OPT_WHICH, v->which) == SADDLE_OK &&
                     saddle_options_set_int(o, SADDLE_OPT_BASIS, v->basis) == SADDLE_OK &&
                     saddle_options_set_int(o, SADDLE_OPT_MAX_PRODUCTS, v->products) == SADDLE_OK &&
                     saddle_options_set_int(o, SADDLE_OPT_SEED, v->seed) == SADDLE_OK &&
                     saddle_options_set_real(o, SADDLE_OPT_EIGEN_TOL, v->tol) == SADDLE_OK &&
                     saddle_options_set_real(o, SADDLE_OPT_EPS_HESSIAN, v->eps_hessian) == SADDLE_OK &&
                     saddle_options_set_real(o, SADDLE_OPT_EPS_GRADIENT, 1.0) == SADDLE_OK &&
                     saddle_options_set_real(o, SADDLE_OPT_DELTA, v->delta) == SADDLE_OK;
    FUZZ_REQUIRE(good, "%s", saddle_error_message());
    return o;
}

/* ||A x - value x|| and ||x||, in units of the norm so that nothing leaves the range. */
static double residual_of(const struct matrix *m, const double *x, double value, double *length)
{
    const double unit = m->norm > 0.0 ? m->norm : 1.0;
    double square = 0.0;
    *length = 0.0;
    for (int i = 0; i < m->n; i++) {
        double y = -(value / unit) * x[i];
        for (int j = 0; j < m->n; j++) {
            y += m->a[i * m->n + j] / unit * x[j];
        }
        square += y * y;
        *length += x[i] * x[i];
    }
    *length = sqrt(*length);
    return sqrt(square) * unit;
}

struct found {
    int64_t count;
    saddle_eigen pair[MOST_PAIRS];
    double vectors[MOST_PAIRS * MOST];
};

static saddle_status compute(struct matrix *m, const saddle_options *o, struct found *f)
{
    saddle_lanczos *l = NULL;
    memset(f, 0, sizeof *f);
    saddle_status s = saddle_lanczos_create(NULL, m->n, apply, m, o, &l);
    if (s == SADDLE_OK) {
        s = saddle_lanczos_run(l);
        f->count = saddle_lanczos_count(l);
    }
    FUZZ_REQUIRE((s == SADDLE_OK) == (f->count > 0) && f->count <= MOST_PAIRS, "%d pairs", (int)f->count);
    for (int64_t i = 0; i < f->count; i++) {
        f->pair[i].struct_size = sizeof f->pair[i];
        FUZZ_REQUIRE(saddle_lanczos_pair(l, i, f->vectors + i * m->n, &f->pair[i]) == SADDLE_OK, "%s", saddle_error_message());
    }
    saddle_lanczos_destroy(l);
    return s;
}

/* What is said of one pair. */
static void judge_pair(const struct matrix *m, const struct settings *v, const saddle_eigen *e, const double *x, int lowest)
{
    double length = 0.0, nearest = HUGE_VAL;
    const double residual = residual_of(m, x, e->value, &length);
    FUZZ_REQUIRE(fabs(length - 1.0) <= 1e-13, "||v|| = %.17g", length);
    FUZZ_REQUIRE(fabs(residual - e->residual) <= m->slack, "residual %g, said to be %g, norm %g", residual, e->residual, m->norm);
    for (int i = 0; i < m->n; i++) {
        nearest = fmin(nearest, fabs(m->exact[i] - e->value));
    }
    FUZZ_REQUIRE(nearest <= e->residual + m->slack, "value %.17g, nearest at %g, residual %g", e->value, nearest, e->residual);
    FUZZ_REQUIRE(e->value >= m->exact[0] - m->slack && e->value <= m->exact[m->n - 1] + m->slack, "value %.17g in [%.17g, %.17g]",
                 e->value, m->exact[0], m->exact[m->n - 1]);
    if (e->converged) {
        const double goal = v->tol * fmax(fabs(e->value), v->eps_hessian);
        FUZZ_REQUIRE(e->residual <= fmax(goal, m->slack), "converged with residual %g, %g allowed", e->residual, goal);
    }
    if (!lowest || v->which == SADDLE_WHICH_LARGEST) {
        FUZZ_REQUIRE(isnan(e->lower) && isnan(e->upper), "an interval of a pair that has none");
        return;
    }
    FUZZ_REQUIRE(e->upper >= m->exact[0] - m->slack && e->lower <= e->value + m->slack, "lambda_min %.17g, interval [%.17g, %.17g]",
                 m->exact[0], e->lower, e->upper);
    if (v->delta <= 1e-10) { /* an input can look for a seed that misses with a larger one */
        FUZZ_REQUIRE(e->lower <= m->exact[0] + m->slack, "lambda_min %.17g below %.17g", m->exact[0], e->lower);
    }
}

static void judge_pairs(const struct matrix *m, const struct settings *v, const struct found *f)
{
    const int64_t total = f->count;
    const int64_t low = v->which == SADDLE_WHICH_LARGEST ? 0 : v->eigenvalues < total ? v->eigenvalues : total;
    double mixed_in = 0.0; /* eigenvalues of what is orthogonal to vectors with residuals are off by as much */
    for (int64_t i = 0; i < total; i++) {
        mixed_in += f->pair[i].residual;
    }
    for (int64_t i = 0; i < total; i++) {
        const saddle_eigen *e = &f->pair[i];
        judge_pair(m, v, e, f->vectors + i * m->n, i == 0);
        FUZZ_REQUIRE(i == 0 || e->value >= f->pair[i - 1].value, "pairs %d and %d are not in order", (int)i - 1, (int)i);
        const double goal = v->tol * fmax(fabs(e->value), v->eps_hessian);
        const double exact = m->exact[i < low ? i : m->n - total + i];
        /* None before it was missed. Out of products a pair of the other end may come between equal values. */
        int placed = e->converged && total > 1 && v->eigenvalues > 1 && v->delta <= 1e-10;
        for (int64_t j = i < low ? 0 : i; j < (i < low ? i : total); j++) {
            placed = placed && f->pair[j].converged;
        }
        if (placed) {
            FUZZ_REQUIRE(fabs(e->value - exact) <= 4.0 * goal + mixed_in + 2.0 * m->slack, "pair %d: %.17g, not %.17g", (int)i, e->value, exact);
        }
        for (int64_t j = 0; j < i; j++) {
            double dot = 0.0;
            for (int k = 0; k < m->n; k++) {
                dot += f->vectors[i * m->n + k] * f->vectors[j * m->n + k];
            }
            const double apart = e->value - f->pair[j].value;
            const double mixed = e->residual + f->pair[j].residual + m->slack;
            FUZZ_REQUIRE(!e->converged || !f->pair[j].converged || fabs(dot) <= 1e-9 || fabs(dot) * apart <= 2.0 * mixed,
                         "pairs %d and %d overlap by %g", (int)j, (int)i, dot);
        }
    }
}

static void check_pairs(struct matrix *m, const struct settings *v)
{
    static struct found first, again;
    saddle_options *o = make_options(v);
    const saddle_status s = compute(m, o, &first);
    const int64_t least = v->which == SADDLE_WHICH_BOTH ? 2 * v->eigenvalues : v->eigenvalues;
    FUZZ_REQUIRE(s == SADDLE_OK || s == SADDLE_E_RANGE, "%s: %s", saddle_status_name(s), saddle_error_message());
    if (s == SADDLE_OK) {
        FUZZ_REQUIRE(first.count == (least < m->n ? least : m->n), "%d pairs", (int)first.count);
        FUZZ_REQUIRE(m->products <= 4 * v->products + 100, "%d products", (int)m->products);
        judge_pairs(m, v, &first);
    }
    FUZZ_REQUIRE(compute(m, o, &again) == s && memcmp(&first, &again, sizeof first) == 0, "again it is something else");
    saddle_options_destroy(o);
}

static int no_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    (void)w;
    memset(g, 0, (size_t)b->dim * sizeof *g);
    return 0;
}

static int hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    (void)w;
    return apply(user, b->dim, v, product);
}

static void judge_certificate(const struct matrix *m, const struct settings *v, const saddle_certificate *c, const double *x)
{
    double length = 0.0;
    const double residual = residual_of(m, x, c->lambda_min, &length);
    FUZZ_REQUIRE(fabs(length - 1.0) <= 1e-13, "||v|| = %.17g", length);
    FUZZ_REQUIRE(fabs(residual - c->residual) <= m->slack, "residual %g, said to be %g", residual, c->residual);
    FUZZ_REQUIRE(c->lambda_min >= m->exact[0] - m->slack && c->lambda_upper >= m->exact[0] - m->slack, "lambda_min %.17g, not %.17g",
                 c->lambda_min, m->exact[0]);
    if (c->kind == SADDLE_KIND_STRICT_SADDLE) {
        FUZZ_REQUIRE(m->exact[0] <= -v->eps_hessian + m->slack, "no saddle: %.17g", m->exact[0]);
    }
    if (v->delta <= 1e-10) {
        FUZZ_REQUIRE(c->lambda_lower <= m->exact[0] + m->slack, "lambda_min %.17g below %.17g", m->exact[0], c->lambda_lower);
        FUZZ_REQUIRE(c->kind != SADDLE_KIND_SECOND_ORDER || m->exact[0] >= -v->eps_hessian - m->slack, "no minimum: %.17g", m->exact[0]);
    }
}

static void check_certificate(struct matrix *m, const struct settings *v)
{
    const double w[MOST] = {0.0};
    double x[MOST], grid[64], density[64];
    saddle_objective *f = NULL;
    saddle_certificate c = {.struct_size = sizeof c};
    saddle_options *o = make_options(v);
    FUZZ_REQUIRE(saddle_objective_create(NULL, m->n, 1, m, &f) == SADDLE_OK &&
                     saddle_objective_set_gradient(f, no_gradient) == SADDLE_OK &&
                     saddle_objective_set_hessvec(f, hessvec) == SADDLE_OK, "%s", saddle_error_message());
    saddle_status s = saddle_certify(f, w, o, x, &c);
    FUZZ_REQUIRE(s == SADDLE_OK, "%s: %s", saddle_status_name(s), saddle_error_message());
    judge_certificate(m, v, &c, x);
    s = saddle_spectral_density(f, w, o, 64, grid, density);
    FUZZ_REQUIRE(s == SADDLE_OK, "%s: %s", saddle_status_name(s), saddle_error_message());
    for (int i = 0; i < 64; i++) {
        FUZZ_REQUIRE(density[i] >= 0.0 && density[i] <= DBL_MAX && (i == 0 || grid[i] >= grid[i - 1]), "density %g at %g", density[i],
                     grid[i]);
    }
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = {data, size};
    struct matrix m;
    struct settings v;
    const int certify = bytes_below(&b, 4) == 3;
    make_matrix(&m, &b);
    if (!solve_exactly(&m)) {
        return 0;
    }
    read_settings(&v, &b, m.norm);
    if (certify) {
        check_certificate(&m, &v);
    } else {
        check_pairs(&m, &v);
    }
    return 0;
}
