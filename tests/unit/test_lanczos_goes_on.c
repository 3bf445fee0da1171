/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a computation of eigenvalues goes on: a space that has closed or has not, by a T that is given; a second pass in the middle; an
 * end that waits for the other; and what the last products say of pairs and intervals. */
#include "spectrum/three_term.h"
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>

enum { N = 60, ORDER = 6 };

/* The operator is T itself, of ORDER and one more. */
struct given {
    double alpha[ORDER + 1], beta[ORDER];
};

static int given_apply(void *user, int64_t n, const double *x, double *y)
{
    const struct given *g = user;
    for (int64_t i = 0; i < n; i++) {
        const int64_t last = n - 1;
        y[i] = g->alpha[i] * x[i] + (i > 0 ? g->beta[i - 1] * x[i - 1] : 0.0) + (i < last ? g->beta[i] * x[i + 1] : 0.0);
    }
    return 0;
}

/* From e_1 the recurrence gives T back: does it close after ORDER products, and not before? */
static int closes(const struct given *g, double scale)
{
    struct given scaled = *g;
    struct saddle_i_operator a;
    struct saddle_i_three_term r;
    const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .delta = 0.01, .max_products = 100};
    for (int i = 0; i <= ORDER; i++) {
        scaled.alpha[i] *= scale;
    }
    for (int i = 0; i < ORDER; i++) {
        scaled.beta[i] *= scale;
    }
    saddle_i_operator_of(&a, saddle_i_context_hold(NULL), ORDER + 1, given_apply, &scaled);
    EXPECT_OK(saddle_i_three_term_begin(&r, &a, &v, 1));
    double *const start = saddle_i_three_term_vector(&r, 0);
    memset(start, 0, (ORDER + 1) * sizeof *start);
    start[0] = 1.0;
    for (int k = 1; k <= ORDER; k++) {
        ck_assert_int_eq(r.closed_at, 0);
        EXPECT_OK(saddle_i_three_term_step(&r));
        memset(r.alpha + k, 0, 10 * sizeof(double)); /* what is beyond k is nobody's */
        memset(r.beta + k, 0, 10 * sizeof(double));
    }
    ck_assert_int_eq(r.finished, 0);
    ck_assert_double_le(fabs(r.beta[ORDER - 1] / scaled.beta[ORDER - 1] - 1.0), 1e-10);
    const int closed = r.closed_at == ORDER;
    saddle_i_three_term_end(&r);
    saddle_i_context_release(a.context);
    return closed;
}

/* The largest sum of a row of the first ORDER ones; the least |s_ORDER| of an eigenvector; the least distance of eigenvalues, and where. */
static double norm_of(const struct given *g)
{
    double norm = 0.0;
    for (int i = 0; i < ORDER; i++) {
        norm = fmax(norm, fabs(g->alpha[i]) + g->beta[i] + (i > 0 ? g->beta[i - 1] : 0.0));
    }
    return norm;
}

static void measure(const struct given *g, double *least, double *gap, int *at)
{
    double theta[ORDER], s[ORDER * ORDER];
    struct saddle_i_tridiag t;
    saddle_context *c = saddle_i_context_hold(NULL);
    saddle_i_tridiag_init(&t, c);
    EXPECT_OK(saddle_i_tridiag_solve(&t, ORDER, g->alpha, g->beta, 0, ORDER, theta, s));
    saddle_i_tridiag_fini(&t);
    saddle_i_context_release(c);
    *least = *gap = SADDLE_I_INF;
    for (int i = 0; i < ORDER; i++) {
        *least = fmin(*least, fabs(s[i * ORDER + ORDER - 1]));
        if (i > 0 && theta[i] - theta[i - 1] < *gap) {
            *gap = theta[i] - theta[i - 1];
            *at = i;
        }
    }
}

/* beta_k min |s_k| is compared with 4 eps ||T||, whichever pair is the best, at any scale. */
START_TEST(a_space_has_closed_where_a_pair_has_to_rounding)
{
    static const struct given shapes[] = {
        {{0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 2.5}, {0.1, 0.1, 0.1, 0.1, 0.1, 0.0}},  /* the smallest */
        {{5.0, 4.0, 3.0, 2.0, 1.0, 0.0, 2.5}, {0.1, 0.1, 0.1, 0.1, 0.1, 0.0}},  /* the largest */
        {{2.0, -0.5, 5.5, 1.0, 3.0, 4.5, 2.5}, {0.2, 0.1, 0.1, 0.2, 0.1, 0.0}}, /* one between */
    };
    double least = 0.0, gap = 0.0;
    int at = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct given g = shapes[i];
        measure(&g, &least, &gap, &at);
        for (int power = -20; power <= 20; power += 20) {
            g.beta[ORDER - 1] = 0.8 * 4.0 * DBL_EPSILON * norm_of(&shapes[i]) / least;
            ck_assert(g.beta[ORDER - 1] > 0x1p-39 * norm_of(&g) && g.beta[ORDER - 1] < 0x1p-11 * g.beta[ORDER - 2]);
            ck_assert_int_eq(closes(&g, ldexp(1.0, power)), 1);
            g.beta[ORDER - 1] *= 1.25 / 0.8;
            ck_assert_int_eq(closes(&g, ldexp(1.0, power)), 0);
        }
    }
}
END_TEST

/* Two eigenvalues nearer than sqrt(eps) ||T|| are copies, wherever they are: the space has not closed. */
START_TEST(copies_say_that_a_space_has_not_closed)
{
    static const struct given shapes[] = {
        {{0.0, 2.0, 3.0, 0.0, 4.0, 5.0, 2.5}, {1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-10}}, /* 1 and 2 */
        {{3.0, 2.0, 5.0, 3.0, 4.0, 1.0, 2.5}, {1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-10}}, /* between */
        {{6.0, 2.0, 3.0, 6.0, 4.0, 5.0, 2.5}, {1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-10}}, /* the last two */
    };
    static const int places[] = {1, 3, 5};
    for (int i = 0; i < 3; i++) {
        for (int power = -20; power <= 20; power += 20) {
            for (int side = 0; side < 2; side++) {
                struct given g = shapes[i];
                const double wanted = (side == 0 ? 0.8 : 1.25) * 0x1p-26 * norm_of(&g);
                double least = 0.0, gap = 0.0;
                int at = 0;
                g.alpha[3] += 1e-5; /* above what the neighbours do to it; from there on the distance is that and a constant */
                measure(&g, &least, &gap, &at);
                g.alpha[3] += wanted - gap;
                measure(&g, &least, &gap, &at);
                ck_assert_double_le(fabs(gap / wanted - 1.0), 0.05);
                ck_assert_int_eq(at, places[i]);
                ck_assert_double_le(g.beta[ORDER - 1] * least, DBL_EPSILON * norm_of(&g));
                ck_assert_int_eq(closes(&g, ldexp(1.0, power)), side);
            }
        }
    }
}
END_TEST

/* A quadrature ends where beta is sqrt(eps) ||T||, and at any scale after the same products. */
START_TEST(a_quadrature_ends_at_the_same_place_at_any_scale)
{
    static const double parts[] = {0x1.4p-26, 0x1.8p-27};
    double d[N], beta_1 = 0.0, alpha[3][N], beta[3][N];
    for (int i = -1; i < 2; i++) {
        for (int power = -20; power <= 20; power += 20) {
            struct pairs_trial t;
            int64_t k = 0;
            for (int j = 0; j < N; j++) {
                d[j] = ldexp(1.0 + (i < 0 ? 0x1p-10 : 0x1p-10 * parts[i] / beta_1) * ((double)j / N - 0.5), power);
            }
            pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
            EXPECT_OK(saddle_i_lanczos_tridiagonal(&t.a, &t.v, 2, alpha[0], beta[0], &k));
            beta_1 = i < 0 ? ldexp(beta[0][0], -power) : beta_1;
            ck_assert_int_eq(k, i == 1 ? 1 : 2);
            ck_assert_int_eq(t.a.products, k);
            pairs_end(&t);
        }
    }
    for (int i = 0; i < 3; i++) {
        struct pairs_trial t;
        int64_t k = 0;
        spectrum_shape(N, 0, d);
        for (int j = 0; j < N; j++) {
            d[j] = ldexp(d[j], 20 * (i - 1));
        }
        pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
        EXPECT_OK(saddle_i_lanczos_tridiagonal(&t.a, &t.v, 20, alpha[i], beta[i], &k));
        ck_assert_int_eq(k, 20);
        pairs_end(&t);
    }
    for (int i = 0; i < 3; i += 2) {
        for (int j = 0; j < 20; j++) {
            ck_assert_double_eq(ldexp(alpha[i][j], -20 * (i - 1)), alpha[1][j]);
            ck_assert(j == 19 || ldexp(beta[i][j], -20 * (i - 1)) == beta[1][j]);
        }
    }
}
END_TEST

/* After a second pass one vector is made once more, and the recurrence is what it was, at the cost of no more products. */
START_TEST(a_second_pass_costs_one_product_afterwards)
{
    enum { K = 10, MORE = 5 };
    static const int bases[] = {0, 8};
    double d[N], alpha[K + MORE];
    spectrum_shape(N, 0, d);
    for (int i = 0; i < 2; i++) {
        for (int pass = 0; pass < 2; pass++) {
            struct pairs_trial t;
            struct saddle_i_three_term r;
            struct saddle_i_tridiag small;
            pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
            t.v.basis = bases[i];
            struct saddle_i_ritz low = {.x = t.out.vectors};
            struct saddle_i_ritz *const ritz[] = {&low};
            saddle_i_tridiag_init(&small, t.a.context);
            EXPECT_OK(saddle_i_three_term_begin(&r, &t.a, &t.v, bases[i] > 0));
            ck_assert_int_eq(r.most, bases[i]);
            for (int k = 1; k <= K; k++) {
                EXPECT_OK(saddle_i_three_term_step(&r));
            }
            EXPECT_OK(saddle_i_ritz_solve(&r, &small, &low));
            if (pass == 1) {
                EXPECT_OK(saddle_i_ritz_vectors(&r, 1, ritz));
            }
            const int64_t again = saddle_i_three_term_again(&r, K);
            ck_assert_int_eq(again, bases[i] > 0 ? K - bases[i] : K - 1);
            for (int k = 1; k <= MORE; k++) {
                EXPECT_OK(saddle_i_three_term_step(&r));
                ck_assert_int_eq(r.spent, K + k + (pass == 1 ? again + 1 : 0));
                ck_assert_int_eq(t.a.products, r.spent);
                ck_assert_int_eq(r.displaced, 0);
            }
            if (pass == 1) {
                EXPECT_SAME(alpha, r.alpha, sizeof alpha);
            }
            memcpy(alpha, r.alpha, sizeof alpha);
            saddle_i_three_term_end(&r);
            saddle_i_tridiag_fini(&small);
            pairs_end(&t);
        }
    }
}
END_TEST

/* Not the operator of the recurrence for one vector: that of an end of the spectrum. */
struct deaf {
    int64_t end, calls;
};

static int deaf_apply(void *user, int64_t n, const double *x, double *y)
{
    struct deaf *m = user;
    m->calls++;
    for (int64_t i = 0; i < n; i++) {
        y[i] = (double)i / (double)(n - 1) * x[i];
    }
    y[n / 2] += fabs(x[m->end]) > 0.999 ? 1e-5 : 0.0;
    return 0;
}

/* Where products are good to 1e-9, residuals that come down with their estimates are waited for down to rounding: at one end, too, when
 * the other is given up. */
START_TEST(an_end_goes_on_when_the_other_is_given_up)
{
    static const int64_t bases[] = {0, 4};
    double room = 0.0;
    for (int i = 0; i < 4; i++) {
        struct saddle_i_pair pair[2];
        struct saddle_i_operator a;
        struct saddle_i_pairs out = {0, pair, NULL};
        struct deaf m = {.end = i % 2 == 0 ? 0 : N - 1};
        const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .which = SADDLE_WHICH_BOTH, .tol = 1e-16, .delta = 0.01,
                                                    .max_products = 2000, .basis = bases[i / 2]};
        saddle_i_operator_of(&a, saddle_i_context_hold(NULL), N, deaf_apply, &m);
        a.room[0] = &room; /* says that products are differences */
        EXPECT_OK(saddle_i_lanczos_plain(&a, &v, &out));
        const int given_up = i % 2, waited = 1 - given_up;
        ck_assert_int_eq(pair[given_up].converged, 0);
        ck_assert_double_le(fabs(pair[given_up].residual - 1e-5), 1e-8);
        ck_assert_int_eq(pair[waited].converged, 1);
        ck_assert_double_le(pair[waited].residual, 64.0 * DBL_EPSILON * 1.1);
        saddle_i_context_release(a.context);
    }
}
END_TEST

/* What is kept orthogonal has residuals that are those of T: the interval has none of them to spare, however large they are. */
START_TEST(a_residual_of_the_operator_widens_no_interval)
{
    static const double tolerances[] = {1e-2, 1e-4, 1e-6};
    for (int i = 0; i < 3; i++) {
        double d[N];
        struct pairs_trial t;
        for (int j = 0; j < N; j++) {
            d[j] = (double)j / (N - 1);
        }
        pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
        t.v.tol = tolerances[i];
        t.v.eps_hessian = 1.0;
        t.v.basis = N;
        EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
        ck_assert_int_eq(t.out.pair[0].converged, 1);
        ck_assert_double_ge(t.out.pair[0].residual, 1e-2 * tolerances[i]);
        const double above = t.out.pair[0].upper - t.out.pair[0].value;
        ck_assert(above >= 32.0 * DBL_EPSILON && above <= 100.0 * DBL_EPSILON); /* 64 eps ||T|| */
        pairs_end(&t);
    }
}
END_TEST

static int count_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    int64_t *const calls = user;
    (*calls)++;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = (double)(i + 1) / (double)b->dim * w[i];
    }
    return 0;
}

/* The residual of each pair of differences is measured with its error: two more gradients. */
START_TEST(the_error_of_differences_is_measured_at_each_pair)
{
    const double w[N] = {0.0};
    double x[N], y[N];
    for (int64_t pairs = 0; pairs <= 3; pairs++) {
        int64_t calls = 0, first = 0;
        struct saddle_i_oracle o;
        struct saddle_i_operator a;
        struct saddle_i_counts counts = {0};
        struct saddle_i_pair pair[3];
        struct saddle_i_pairs out = {0, pair, NULL};
        const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = pairs, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-3,
                                                    .eps_hessian = 1.0, .delta = 0.01, .max_products = 2000, .basis = N};
        saddle_i_oracle_init(&o, saddle_i_context_hold(NULL), N, 1, &calls);
        o.gradient = count_gradient;
        const struct saddle_i_request q = {NULL, 1, 1, -1, saddle_i_oracle_new_point(&o), &counts};
        EXPECT_OK(saddle_i_operator_hessian(&a, &o, w, &q));
        saddle_i_lanczos_start(&a, &v, 0, x); /* finds the width, which is kept */
        EXPECT_OK(saddle_i_operator_apply(&a, x, y));
        first = calls;
        if (pairs > 0) {
            EXPECT_OK(saddle_i_lanczos_restarted(&a, &v, &out));
            ck_assert_int_eq(out.count, pairs);
        }
        ck_assert_int_eq(calls - first, 2 * (a.products - 1) + 2 * pairs);
        ck_assert_double_le(a.noise, 1e-9); /* the gradient is linear */
        saddle_i_operator_fini(&a);
        saddle_context *c = o.context;
        saddle_i_oracle_fini(&o);
        saddle_i_context_release(c);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lanczos_goes_on");
    TCase *t = tcase_create("goes on");
    tcase_add_test(t, a_space_has_closed_where_a_pair_has_to_rounding);
    tcase_add_test(t, copies_say_that_a_space_has_not_closed);
    tcase_add_test(t, a_quadrature_ends_at_the_same_place_at_any_scale);
    tcase_add_test(t, a_second_pass_costs_one_product_afterwards);
    tcase_add_test(t, an_end_goes_on_when_the_other_is_given_up);
    tcase_add_test(t, a_residual_of_the_operator_widens_no_interval);
    tcase_add_test(t, the_error_of_differences_is_measured_at_each_pair);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
