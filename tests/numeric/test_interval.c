/* SPDX-License-Identifier: BSD-3-Clause */
/* How often does the interval for lambda_min miss it? Over 1,000 random starts and nine spectra: in at most a fraction delta, up to
 * three standard deviations, at a fixed number of products and when it is watched at every one. */
#include "spectrum/lanczos.h"
#include <math.h>
#include <saddle/saddle.h>
#include <stdlib.h>
#include "support/expect.h"
#include "support/run_suite.h"

enum { N = 1000, SEEDS = 1000, MOST = 80, SPECTRA = 9 };

struct spectrum {
    int64_t n;
    double value[N];
};

static int apply(void *user, int64_t dim, const double *x, double *y)
{
    const struct spectrum *s = user;
    for (int64_t i = 0; i < dim; i++) {
        y[i] = s->value[i] * x[i];
    }
    return 0;
}

static double quantile_of_semicircle(double p)
{
    double low = -1.0, high = 1.0;
    for (int i = 0; i < 60; i++) {
        const double x = (low + high) / 2.0;
        const double mass = 0.5 + (x * sqrt(1.0 - x * x) + asin(x)) / acos(-1.0);
        *(mass < p ? &low : &high) = x;
    }
    return low;
}

static const char *const names[SPECTRA] = {"equispaced", "semicircle", "spike",  "arcsine and outlier", "cluster",
                                           "two levels", "half multiple", "graded", "big top"};

static double level(int kind, int i)
{
    const double p = (i + 0.5) / N;
    switch (kind) {
    case 0: return p;
    case 1: return quantile_of_semicircle(p);
    case 2: return i == 0 ? -1e-3 : p;
    case 3: return i == 0 ? -1.5 : -cos(acos(-1.0) * p);
    case 4: return i < 20 ? -1.0 + 1e-3 * i : p;
    case 5: return i < N / 2 ? -1.0 : 1.0;
    case 6: return i < N / 2 ? 0.0 : 0.1 + p;
    case 7: return pow(10.0, -8.0 * p);
    default: return i == N - 1 ? 1e6 : p;
    }
}

static double least(const struct spectrum *s)
{
    double v = s->value[0];
    for (int64_t i = 1; i < s->n; i++) {
        v = fmin(v, s->value[i]);
    }
    return v;
}

static double most_misses(double delta, double trials)
{
    return trials * delta + 3.0 * sqrt(trials * delta * (1.0 - delta));
}

static const double deltas[3] = {0.01, 0.1, 0.3};

/* ||T||, as the largest row sum. */
static double norm_of(int64_t k, const double *alpha, const double *beta)
{
    double norm = 0.0;
    for (int64_t j = 0; j < k; j++) {
        norm = fmax(norm, fabs(alpha[j]) + (j > 0 ? beta[j - 1] : 0.0) + beta[j]);
    }
    return norm;
}

/* Starts whose interval misses at some k. */
struct misses {
    int watched[3];
};

/* One start: the recurrence, and whether the interval misses. K_k(lambda_min) above its target is a miss at k. */
static void try_start(struct spectrum *s, uint64_t seed, struct misses *m)
{
    struct saddle_i_operator a;
    saddle_context *context = saddle_i_context_hold(NULL);
    saddle_i_operator_of(&a, context, s->n, apply, s);
    const struct saddle_i_lanczos_settings v = {.seed = seed, .pairs = 1, .which = SADDLE_WHICH_SMALLEST};
    double alpha[MOST + 1], beta[MOST + 1];
    int64_t k = 0;
    EXPECT_OK(saddle_i_lanczos_tridiagonal(&a, &v, MOST + 1, alpha, beta, &k));
    saddle_i_operator_fini(&a);
    saddle_i_context_release(context);
    const int closed = k < MOST + 1;
    k = closed ? k - 1 : MOST;
    const double lambda = least(s);
    for (int d = 0; d < 3; d++) {
        const double target = saddle_i_bound_target(s->n, deltas[d]);
        const double slack = 64.0 * DBL_EPSILON * norm_of(k, alpha, beta);
        struct saddle_i_pivots p;
        saddle_i_pivots_start(&p, lambda + slack);
        int missed = 0;
        for (int64_t j = 0; j < k && !missed; j++) {
            const int below = saddle_i_pivots_step(&p, alpha[j], j > 0 ? beta[j - 1] : 0.0, beta[j]);
            if (below) {
                break; /* the Ritz value has come within rounding of lambda_min: nothing can be missed any more */
            }
            missed = p.log_sum > target;
        }
        m->watched[d] += missed;
    }
}

START_TEST(misses_at_no_product_more_often_than_delta)
{
    struct spectrum *s = malloc(sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->n = N;
    for (int i = 0; i < N; i++) {
        s->value[i] = level(_i, i);
    }
    struct misses m = {{0}};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        try_start(s, seed, &m);
    }
    for (int d = 0; d < 3; d++) {
        ck_assert_msg(m.watched[d] <= most_misses(deltas[d], SEEDS), "%s: missed by %d of %d starts at delta %g", names[_i],
                      m.watched[d], SEEDS, deltas[d]);
    }
    free(s);
}
END_TEST

/* Whether the interval of a public run holds lambda_min. */
static int holds(struct spectrum *s, int64_t seed, double delta, int64_t products, int64_t basis, int64_t pairs)
{
    saddle_options *o = NULL;
    saddle_lanczos *l = NULL;
    saddle_eigen e = {.struct_size = sizeof e};
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_DELTA, delta));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EIGEN_TOL, 0.0));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_PRODUCTS, products));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, basis));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_EIGENVALUES, pairs));
    EXPECT_OK(saddle_lanczos_create(NULL, s->n, apply, s, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    EXPECT_OK(saddle_lanczos_pair(l, 0, NULL, &e));
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    const double lambda = least(s);
    ck_assert_double_le(lambda, e.upper + 1e-12);
    return e.lower <= lambda;
}

/* Coverage is exact where the Ritz value is still on its way: too wide an interval would be found as well. */
static void check_public(int64_t n, int64_t products, int64_t basis, int64_t pairs, int trials)
{
    struct spectrum s = {.n = n};
    const double delta = 0.2;
    for (int64_t i = 0; i < n; i++) {
        s.value[i] = (double)i / (double)n;
    }
    int missed = 0;
    for (int seed = 0; seed < trials; seed++) {
        missed += !holds(&s, seed, delta, products, basis, pairs);
    }
    const double expected = trials * delta, sd = sqrt(trials * delta * (1.0 - delta));
    ck_assert_msg(missed <= expected + 3.0 * sd, "%d of %d missed", missed, trials);
    ck_assert_msg(missed >= expected - 3.0 * sd, "%d of %d missed: the interval is wider than it says", missed, trials);
}

START_TEST(results_say_what_the_recurrence_proves)
{
    check_public(200, 60, 0, 1, SEEDS);
}
END_TEST

START_TEST(restarts_keep_the_bound)
{
    struct spectrum s = {.n = 200};
    int missed = 0, trials = 500;
    for (int64_t i = 0; i < s.n; i++) {
        s.value[i] = (double)i / (double)s.n;
    }
    for (int seed = 0; seed < trials; seed++) {
        missed += !holds(&s, seed, 0.3, 40, 20, 1);
    }
    ck_assert_msg(missed <= most_misses(0.3, trials), "%d of %d missed", missed, trials);
    ck_assert_msg(missed > 0, "the interval is never wrong: it is wider than it says");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("interval");
    TCase *t = tcase_create("interval");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, misses_at_no_product_more_often_than_delta, 0, SPECTRA);
    tcase_add_test(t, results_say_what_the_recurrence_proves);
    tcase_add_test(t, restarts_keep_the_bound);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
