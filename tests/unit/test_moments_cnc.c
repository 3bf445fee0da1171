/* SPDX-License-Identifier: BSD-3-Clause */
/* Gradients of single samples, the sums that are made of them, and the space of lambda_min. */
#include "cnc/eigenspace.h"
#include "cnc/moments.h"
#include "support/expect.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdlib.h>

enum { DIM = 7, SAMPLES = 50, K = 3 };

struct world {
    struct problem p;
    saddle_context *context;
    struct saddle_i_oracle o;
    struct saddle_i_counts counts;
    double w[DIM], v[K * DIM];
};

static void open_world(struct world *x, int callbacks, int second, int64_t grain, int64_t threads)
{
    memset(x, 0, sizeof *x);
    problem_init(&x->p, DIM, SAMPLES, grain, callbacks);
    x->p.threads = threads;
    EXPECT_OK(saddle_context_create(NULL, &x->context));
    EXPECT_OK(saddle_context_set_threads(x->context, threads));
    saddle_i_oracle_init(&x->o, x->context, DIM, SAMPLES, &x->p);
    saddle_i_oracle_set_grain(&x->o, grain);
    x->o.gradient = callbacks == TOGETHER ? NULL : problem_gradient;
    x->o.value_gradient = callbacks == TOGETHER ? problem_value_gradient : NULL;
    x->o.slopes = (second & WITH_SLOPES) != 0 ? problem_slopes : NULL;
    for (int64_t j = 0; j < DIM; j++) {
        x->w[j] = 0.125 * (double)(j - 2);
        for (int64_t a = 0; a < K; a++) {
            x->v[a * DIM + j] = 0.125 * (double)((j * 3 + a * 5) % 7 - 3);
        }
    }
}

static void close_world(struct world *x)
{
    ck_assert_int_eq(x->p.broken, 0);
    saddle_i_oracle_fini(&x->o);
    saddle_context_destroy(x->context);
}

static double entry(const struct world *x, int64_t i, int64_t j)
{
    return x->w[j] * x->w[j] * x->w[j] - problem_curvature(j) * x->w[j] + problem_tilt(i, j);
}

static double slope(const struct world *x, int64_t i, int64_t a)
{
    double s = 0.0;
    for (int64_t j = 0; j < DIM; j++) {
        s += entry(x, i, j) * x->v[a * DIM + j];
    }
    return s;
}

static double square(const struct world *x, int64_t i)
{
    double s = 0.0;
    for (int64_t j = 0; j < DIM; j++) {
        s += entry(x, i, j) * entry(x, i, j);
    }
    return s;
}

START_TEST(rows_of_single_samples)
{
    static const int64_t index[] = {49, 0, 0, 17, 3, 49, 48, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33};
    enum { COUNT = sizeof index / sizeof index[0] };
    double rows[SAMPLES * (K + 1)], first[SAMPLES * (K + 1)] = {0.0};
    for (int64_t k = 0; k < 16; k++) {
        struct world x;
        const int some = k % 2 == 1;
        const int64_t count = some ? COUNT : SAMPLES;
        open_world(&x, k < 8 ? GRADIENT_ONLY : TOGETHER, 0, k % 4 < 2 ? 3 : 256, 1 + k % 8 / 2);
        const struct saddle_i_request q = {some ? index : NULL, COUNT, COUNT, 5, saddle_i_oracle_new_point(&x.o), &x.counts};
        EXPECT_OK(saddle_i_oracle_each_gradient(&x.o, &q, x.w, K, x.v, rows));
        for (int64_t i = 0; i < count; i++) {
            const int64_t z = some ? index[i] : i;
            for (int64_t a = 0; a < K; a++) {
                ck_assert_double_eq_tol(rows[i * (K + 1) + a], slope(&x, z, a), 1e-15);
            }
            ck_assert_double_eq_tol(rows[i * (K + 1) + K], sqrt(square(&x, z)), 1e-15);
            if (!some && k > 0) { /* whatever the grain, the threads, the callback */
                EXPECT_SAME(rows + i * (K + 1), first + i * (K + 1), sizeof(double) * (K + 1));
            }
        }
        ck_assert_int_eq(x.counts.gradient, count);
        ck_assert_int_eq(x.counts.value, k < 8 ? 0 : count);
        ck_assert_int_eq(x.p.calls, count);
        ck_assert_int_eq(x.p.last_step, 5);
        if (k == 0) {
            memcpy(first, rows, sizeof first);
        }
        close_world(&x);
    }
}
END_TEST

/* The failure of the first sample in order is told, whatever the threads do. */
START_TEST(the_first_failure_counts)
{
    double rows[SAMPLES * (K + 1)];
    for (int64_t k = 0; k < 40; k++) {
        struct world x;
        open_world(&x, GRADIENT_ONLY, 0, 256, 4);
        x.p.fault = FAULT_ENTRY;
        x.p.bad = (double)NAN;
        x.p.entry = 3;
        x.p.fault_call = 1; /* all calls from the first one on fail */
        x.p.for_ever = 1;
        x.p.spins = 500 * (k % 7);
        const struct saddle_i_request q = {NULL, 0, 0, -1, saddle_i_oracle_new_point(&x.o), &x.counts};
        EXPECT_FAIL(saddle_i_oracle_each_gradient(&x.o, &q, x.w, K, x.v, rows), SADDLE_E_NOT_FINITE,
                    "entry 3 of the gradient of sample 0 is nan");
        ck_assert_int_eq(x.counts.gradient, 1);
        close_world(&x);
    }
}
END_TEST

static void add(struct world *x, struct saddle_i_moments *m, const int64_t *index, int64_t count, double *each)
{
    EXPECT_OK(saddle_i_moments_add(m, &x->o, index, count, x->w, x->v, -1, saddle_i_oracle_new_point(&x->o), &x->counts, each));
}

/* All that a set of sums says. */
struct sums {
    double mean[K], product[K * K], cosine[K * K], energy;
};

static struct sums take(struct saddle_i_moments *m, int cross)
{
    struct sums s;
    memset(&s, 0, sizeof s);
    for (int64_t i = 0; i < K; i++) {
        s.mean[i] = saddle_i_moments_mean(m, i);
        for (int64_t j = 0; j < K; j++) {
            const int there = cross || i == j;
            s.product[i * K + j] = there ? saddle_i_moments_product(m, i, j) : 0.0;
            s.cosine[i * K + j] = there ? saddle_i_moments_cosine(m, i, j) : 0.0;
        }
    }
    s.energy = saddle_i_moments_energy(m);
    return s;
}

START_TEST(sums_do_not_depend_on_pieces)
{
    struct sums first;
    for (int k = 0; k < 12; k++) {
        const int norms = _i % 2, cross = _i / 2;
        struct world x;
        struct saddle_i_moments m;
        double each[SAMPLES * K];
        open_world(&x, GRADIENT_ONLY, norms || k % 2 ? WITH_SLOPES : 0, 1 + 3 * k, 1 + k % 3);
        EXPECT_OK(saddle_i_moments_init(&m, x.context, K, cross, norms));
        int64_t index[SAMPLES];
        for (int64_t i = 0; i < SAMPLES; i++) {
            index[i] = (i * 7 + 3) % SAMPLES;
        }
        if (k < 6) {
            add(&x, &m, NULL, 0, each);
        } else {
            add(&x, &m, index + 20, 30, each + 20 * K);
            add(&x, &m, index, 20, each);
        }
        for (int64_t i = 0; i < SAMPLES; i++) {
            for (int64_t a = 0; a < K; a++) {
                ck_assert_double_eq_tol(each[i * K + a], slope(&x, k < 6 ? i : index[i], a), 1e-15);
            }
        }
        const struct sums s = take(&m, cross);
        if (k == 0) {
            first = s;
            for (int64_t a = 0; a < K; a++) {
                for (int64_t b = cross ? 0 : a; b <= a; b++) {
                    double product = 0.0, cosine = 0.0;
                    for (int64_t i = 0; i < SAMPLES; i++) {
                        product += slope(&x, i, a) * slope(&x, i, b) / SAMPLES;
                        cosine += slope(&x, i, a) * slope(&x, i, b) / square(&x, i) / SAMPLES;
                    }
                    ck_assert_double_eq_tol(s.product[a * K + b], product, 1e-15);
                    ck_assert_double_eq(s.product[b * K + a], s.product[a * K + b]);
                    ck_assert(norms ? fabs(s.cosine[b * K + a] - cosine) < 1e-14 : isnan(s.cosine[b * K + a]));
                }
            }
        } else if (norms || k % 2 == 0) {
            EXPECT_SAME(&first, &s, sizeof s);
        } else { /* slopes of the callback: rounded in another order */
            ck_assert_double_eq_tol(first.product[0], s.product[0], 1e-16);
            ck_assert_double_eq_tol(first.mean[2], s.mean[2], 1e-16);
        }
        ck_assert_int_eq(m.samples, SAMPLES);
        ck_assert_int_eq(x.p.slopes_samples, !norms && k % 2 ? SAMPLES : 0);
        saddle_i_moments_fini(&m);
        close_world(&x);
    }
}
END_TEST

/* Gradients of the first samples only. */
START_TEST(norms_may_end)
{
    struct world x;
    struct saddle_i_moments m;
    int64_t index[SAMPLES];
    for (int64_t i = 0; i < SAMPLES; i++) {
        index[i] = i;
    }
    open_world(&x, GRADIENT_ONLY, WITH_SLOPES, 8, 2);
    EXPECT_OK(saddle_i_moments_init(&m, x.context, K, 1, 1));
    add(&x, &m, index, 20, NULL);
    m.norms = 0;
    add(&x, &m, index + 20, 30, NULL);
    ck_assert_int_eq(m.samples, SAMPLES);
    ck_assert_int_eq(m.gradients, 20);
    ck_assert_int_eq(x.counts.gradient, 20);
    ck_assert_int_eq(x.counts.slopes, 30);
    double energy = 0.0, largest = 0.0, mean = 0.0;
    for (int64_t i = 0; i < SAMPLES; i++) {
        energy += i < 20 ? square(&x, i) / 20.0 : 0.0;
        largest = fmax(largest, i < 20 ? sqrt(square(&x, i)) : fabs(slope(&x, i, 0)));
        mean += slope(&x, i, 1) / SAMPLES;
    }
    ck_assert_double_eq_tol(saddle_i_moments_energy(&m), energy, 1e-15);
    ck_assert_double_eq_tol(saddle_i_moments_mean(&m, 1), mean, 1e-15);
    ck_assert_double_eq_tol(m.largest, largest, 1e-15);
    saddle_i_moments_fini(&m);
    close_world(&x);
}
END_TEST

/* Sample i has the gradient (i % 3) 10^scale: a third of them is 0. dim 1. */
static double tiny;

static int thirds_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    (void)w;
    g[0] = (double)(b->index[0] % 3) * tiny;
    return b->count != 1;
}

static int thirds_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    int64_t *const most = user;
    (void)w;
    *most = b->count > *most ? b->count : *most;
    for (int64_t i = 0; i < b->count; i++) {
        for (int64_t j = 0; j < k; j++) {
            slopes[i * k + j] = (double)(b->index[i] % 3) * v[j];
        }
    }
    return b->first != b->index[0];
}

START_TEST(gradients_that_are_zero)
{
    static const double scales[] = {1.0, 1e-200, 1e130};
    for (int k = 0; k < 3; k++) {
        struct saddle_i_oracle o;
        struct saddle_i_moments m;
        struct saddle_i_counts counts = {0};
        const double w[1] = {0.0}, v[1] = {1.0};
        saddle_context *c = saddle_i_context_hold(NULL);
        tiny = scales[k];
        saddle_i_oracle_init(&o, c, 1, 300, NULL);
        o.gradient = thirds_gradient;
        EXPECT_OK(saddle_i_moments_init(&m, c, 1, 0, 1));
        EXPECT_OK(saddle_i_moments_add(&m, &o, NULL, 0, w, v, -1, 1, &counts, NULL));
        ck_assert_int_eq(m.zeros, 100);
        ck_assert_int_eq(m.gradients, 300);
        ck_assert_double_eq_tol(saddle_i_moments_cosine(&m, 0, 0), 1.0, 1e-15);
        ck_assert_double_eq_tol(saddle_i_moments_energy(&m) / fmax(tiny * tiny, 1e-300), k == 1 ? 0.0 : 5.0 / 3.0, 1e-14);
        ck_assert_double_eq_tol(saddle_i_moments_mean(&m, 0) / tiny, 1.0, 1e-14);
        saddle_i_moments_fini(&m);
        saddle_i_oracle_fini(&o);
        saddle_i_context_release(c);
    }
}
END_TEST

/* Many directions make blocks smaller than a grain; few keep the batches of any other pass, in a row. */
START_TEST(blocks_of_samples)
{
    enum { MANY = 20000 };
    double *v = malloc(MANY * sizeof *v);
    ck_assert_ptr_nonnull(v);
    for (int j = 0; j < MANY; j++) {
        v[j] = j % 2 == 0 ? 1.0 : -1.0;
    }
    for (int k = 0; k < 2; k++) {
        struct saddle_i_oracle o;
        struct saddle_i_moments m;
        struct saddle_i_counts counts = {0};
        const double w[1] = {0.0};
        int64_t most = 0;
        saddle_context *c = saddle_i_context_hold(NULL);
        saddle_i_oracle_init(&o, c, 1, 30000, &most);
        o.samples = k == 0 ? 300 : 30000;
        o.slopes = thirds_slopes;
        EXPECT_OK(saddle_i_moments_init(&m, c, k == 0 ? MANY : 1, 0, 0));
        EXPECT_OK(saddle_i_moments_add(&m, &o, NULL, 0, w, v, -1, 1, &counts, NULL));
        ck_assert_int_eq(m.samples, o.samples);
        ck_assert_int_eq(counts.slopes, o.samples);
        ck_assert(k == 0 ? most < 256 && most > 50 : most == 256);
        ck_assert_int_le(m.most, 1 << 21);
        ck_assert_double_eq_tol(saddle_i_moments_product(&m, m.k - 1, m.k - 1), 5.0 / 3.0, 1e-15);
        ck_assert_double_eq_tol(saddle_i_moments_mean(&m, m.k - 1), k == 0 ? -1.0 : 1.0, 1e-15);
        saddle_i_moments_fini(&m);
        saddle_i_oracle_fini(&o);
        saddle_i_context_release(c);
    }
    free(v);
}
END_TEST

enum { WIDE = 30 };

/* -1 `copies` times, then -1/2, 0, 1/2, ... in a basis that is rotated by the reflection at (1, ..., 1). */
struct rotated {
    int64_t copies, calls;
};

static double rotated_value(const struct rotated *r, int64_t j)
{
    return j < r->copies ? -1.0 : -0.5 + 0.5 * (double)(j - r->copies);
}

static int rotated_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct rotated *r = user;
    double s = 0.0, t = 0.0;
    (void)w;
    r->calls++;
    for (int64_t j = 0; j < b->dim; j++) {
        s += v[j];
    }
    for (int64_t j = 0; j < b->dim; j++) {
        product[j] = rotated_value(r, j) * (v[j] - 2.0 * s / (double)b->dim);
        t += product[j];
    }
    for (int64_t j = 0; j < b->dim; j++) {
        product[j] -= 2.0 * t / (double)b->dim;
    }
    return 0;
}

static double outside(const struct rotated *r, const double *v) /* the sine of the angle between a unit v and the space */
{
    double s = 0.0, square = 0.0;
    for (int64_t j = 0; j < WIDE; j++) {
        s += v[j];
    }
    for (int64_t j = r->copies; j < WIDE; j++) {
        const double y = v[j] - 2.0 * s / WIDE;
        square += y * y;
    }
    return sqrt(square);
}

START_TEST(copies_of_lambda_min)
{
    static const int64_t copies[] = {1, 2, 3, 4, 5, 8, 9, 16, WIDE};
    struct rotated r = {copies[_i], 0};
    struct saddle_i_oracle o;
    struct saddle_i_eigenspace e;
    struct saddle_i_counts counts = {0};
    static const double w[WIDE];
    double u[WIDE] = {0.0};
    int64_t products = 0;
    saddle_context *c = saddle_i_context_hold(NULL);
    saddle_i_oracle_init(&o, c, WIDE, 1, &r);
    o.hessvec = rotated_hessvec;
    const struct saddle_i_request q = {NULL, 1, 1, -1, saddle_i_oracle_new_point(&o), &counts};
    const struct saddle_i_lanczos_settings l = {.pairs = 1, .which = SADDLE_WHICH_LARGEST, .tol = 1e-8, .delta = 0.01, .max_products = 1000};
    EXPECT_OK(saddle_i_eigenspace_find(&e, &o, w, &q, &l, &products));
    ck_assert_int_eq(e.multiplicity, copies[_i]);
    ck_assert_int_eq(e.open, 0);
    ck_assert_int_eq(products, r.calls);
    ck_assert_double_eq_tol(e.value, -1.0, 1e-13);
    ck_assert(copies[_i] == WIDE ? e.sine == 0.0 : e.sine < 1e-7);
    for (int64_t j = 0; j < copies[_i]; j++) {
        ck_assert_double_le(outside(&r, e.vectors + j * WIDE), e.sine + 1e-14);
        u[j] = sqrt(1.0 / (double)copies[_i]);
    }
    EXPECT_OK(saddle_i_eigenspace_choose(&e, &o, w, &q, u, &products));
    ck_assert_int_eq(products, r.calls);
    ck_assert_double_eq_tol(e.value, -1.0, 1e-13);
    ck_assert_double_le(e.residual, 1e-7);
    ck_assert_double_le(outside(&r, e.vectors), e.sine + 1e-14);
    saddle_i_eigenspace_fini(&e);
    saddle_i_oracle_fini(&o);
    saddle_i_context_release(c);
}
END_TEST

/* A basis bounds the pairs that are looked for. What lies beyond is not known then, but those found are in the space. */
START_TEST(a_basis_bounds_the_copies)
{
    static const int64_t bases[] = {8, 12, 19, 20, 28}, found[] = {2, 4, 4, 8, 8};
    struct rotated r = {9, 0};
    for (int k = 0; k < 5; k++) {
        struct saddle_i_oracle o;
        struct saddle_i_eigenspace e;
        struct saddle_i_counts counts = {0};
        static const double w[WIDE];
        int64_t products = 0;
        saddle_context *c = saddle_i_context_hold(NULL);
        saddle_i_oracle_init(&o, c, WIDE, 1, &r);
        o.hessvec = rotated_hessvec;
        const struct saddle_i_request q = {NULL, 1, 1, -1, saddle_i_oracle_new_point(&o), &counts};
        struct saddle_i_lanczos_settings l = {.pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-8, .delta = 0.01, .max_products = 1000};
        l.basis = bases[k];
        EXPECT_OK(saddle_i_eigenspace_find(&e, &o, w, &q, &l, &products));
        ck_assert_int_eq(e.multiplicity, found[k]);
        ck_assert_int_eq(e.open, 1);
        ck_assert_double_lt(e.sine, 1e-4);
        for (int64_t j = 0; j < e.multiplicity; j++) {
            ck_assert_double_le(outside(&r, e.vectors + j * WIDE), e.sine + 1e-14);
        }
        saddle_i_eigenspace_fini(&e);
        saddle_i_oracle_fini(&o);
        saddle_i_context_release(c);
    }
}
END_TEST

/* While products do not suffice for the pair after the space, nothing is known of the gap. */
START_TEST(an_open_gap_bounds_nothing)
{
    struct rotated r = {1, 0};
    int open = 0, known = 0;
    for (int64_t most = 1; most <= 60; most++) {
        struct saddle_i_oracle o;
        struct saddle_i_eigenspace e;
        struct saddle_i_counts counts = {0};
        static const double w[WIDE];
        int64_t products = 0;
        saddle_context *c = saddle_i_context_hold(NULL);
        saddle_i_oracle_init(&o, c, WIDE, 1, &r);
        o.hessvec = rotated_hessvec;
        const struct saddle_i_request q = {NULL, 1, 1, -1, saddle_i_oracle_new_point(&o), &counts};
        struct saddle_i_lanczos_settings l = {.pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-8, .delta = 0.01};
        l.max_products = most;
        EXPECT_OK(saddle_i_eigenspace_find(&e, &o, w, &q, &l, &products));
        ck_assert(e.pair[e.multiplicity].converged ? e.sine < 1e-6 : e.sine == 1.0);
        ck_assert_double_le(outside(&r, e.vectors), e.sine + 1e-14);
        open += e.sine == 1.0;
        known += e.sine < 1.0;
        saddle_i_eigenspace_fini(&e);
        saddle_i_oracle_fini(&o);
        saddle_i_context_release(c);
    }
    ck_assert_int_ge(open, 10);
    ck_assert_int_ge(known, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("moments_cnc");
    TCase *t = tcase_create("moments_cnc");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, rows_of_single_samples);
    tcase_add_test(t, the_first_failure_counts);
    tcase_add_loop_test(t, sums_do_not_depend_on_pieces, 0, 4);
    tcase_add_test(t, norms_may_end);
    tcase_add_test(t, gradients_that_are_zero);
    tcase_add_test(t, blocks_of_samples);
    tcase_add_loop_test(t, copies_of_lambda_min, 0, 9);
    tcase_add_test(t, a_basis_bounds_the_copies);
    tcase_add_test(t, an_open_gap_bounds_nothing);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
