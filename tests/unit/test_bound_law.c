/* SPDX-License-Identifier: BSD-3-Clause */
/* The law of the interval of lambda_min: a start is missed where its component is below tau, and only there; with
 * restarts too. */
#include "spectrum/bound.h"
#include "spectrum/tridiag.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include "unit/solver.h"
#include <math.h>
#include <stdlib.h>

enum { MOST_N = 50 };

#define PI 3.14159265358979323846
#define SLACK (64.0 * DBL_EPSILON) /* of the norm */
#define FINE (2.0 * DBL_EPSILON)   /* what a search leaves open, of the norm */
static double normal(uint64_t *state)
{
    const double radius = sqrt(-2.0 * log(uniform(state)));
    return radius * cos(2.0 * PI * uniform(state));
}

static double dot(int n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

/* x minus what it has of the first m vectors, twice; returns the norm of what is left, and makes it a unit vector. */
static double orthogonalise(int n, int m, double v[][MOST_N], double *x)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j < m; j++) {
            const double c = dot(n, v[j], x);
            for (int i = 0; i < n; i++) {
                x[i] -= c * v[j][i];
            }
        }
    }
    const double norm = sqrt(dot(n, x, x));
    for (int i = 0; i < n; i++) {
        x[i] /= norm;
    }
    return norm;
}

static void sphere(int n, uint64_t seed, double *x)
{
    uint64_t state = seed;
    for (int i = 0; i < n; i++) {
        x[i] = normal(&state);
    }
    orthogonalise(n, 0, NULL, x);
}

/* k steps on the diagonal operator lambda from the unit vector x, kept orthogonal. */
static void lanczos(int n, const double *lambda, const double *x, int k, double *alpha, double *beta)
{
    double v[MOST_N + 1][MOST_N];
    memcpy(v[0], x, (size_t)n * sizeof *x);
    for (int j = 0; j < k; j++) {
        for (int i = 0; i < n; i++) {
            v[j + 1][i] = lambda[i] * v[j][i];
        }
        alpha[j] = dot(n, v[j], v[j + 1]);
        beta[j] = orthogonalise(n, j + 1, v, v[j + 1]);
    }
}

static double smallest(int k, const double *alpha, const double *beta)
{
    double theta = 0.0;
    EXPECT_OK(saddle_i_tridiag_solve(&solver, k, alpha, beta, 0, 1, &theta, NULL));
    return theta;
}

static void equispaced(int n, double *lambda)
{
    for (int i = 0; i < n; i++) {
        lambda[i] = -0.1 + 1.1 * i / (n - 1);
    }
}

static double tau_of(int n, double delta)
{
    return delta * sqrt(PI / (2.0 * n));
}

/* P(|c| < t) for a uniform point of the sphere: the density is in proportion to (1 - c^2)^((n-3)/2). */
static double probability(int n, double t)
{
    enum { STEPS = 20000 };
    double sum = 0.0;
    for (int i = 0; i < STEPS; i++) {
        const double c = t * (i + 0.5) / STEPS;
        sum += pow(1.0 - c * c, 0.5 * (n - 3));
    }
    return sum * t / STEPS * 2.0 / sqrt(PI) * exp(lgamma(0.5 * n) - lgamma(0.5 * (n - 1)));
}

/* After n-1 products c^2 K(lambda_min) = 1 exactly: a start is missed if and only if |c| < tau. */
START_TEST(missed_exactly_where_the_component_is_small)
{
    enum { N = 10, STARTS = 2000 };
    const double deltas[] = {0.1, 0.3, 0.7};
    double lambda[N];
    equispaced(N, lambda);
    for (EACH(d, deltas)) {
        int missed = 0;
        for (int start = 0; start < STARTS; start++) {
            double x[N];
            double alpha[N];
            double beta[N];
            sphere(N, (uint64_t)start, x);
            lanczos(N, lambda, x, N - 1, alpha, beta);
            const double theta = smallest(N - 1, alpha, beta);
            const double target = saddle_i_bound_target(N, deltas[d]);
            const double lower = saddle_i_bound_lower(N - 1, alpha, beta, theta, 1.0, target);
            REQUIRE(lower <= theta && lambda[0] <= theta + 1e-14);
            const double ratio = fabs(x[0]) / tau_of(N, deltas[d]);
            REQUIRE(ratio > 0.999 || lower > lambda[0]);
            REQUIRE(ratio < 1.001 || lower <= lambda[0]);
            missed += lower > lambda[0];
        }
        const double p = probability(N, tau_of(N, deltas[d]));
        ck_assert(p > 0.8 * deltas[d] && p < deltas[d]);
        const double sd = sqrt(p * (1.0 - p) / STARTS);
        ck_assert_msg(fabs(missed - p * STARTS) <= 3.0 * sd * STARTS, "%d missed instead of %g", missed, p * STARTS);
    }
}
END_TEST

/* At each k: below theta, no step back, and a miss only where |c| < tau. At k = 28 of 50 the last is nearly an
 * equivalence. */
START_TEST(coverage_on_the_way)
{
    enum { N = 50, STARTS = 1000, K = 28 };
    const double deltas[] = {0.1, 0.3};
    double lambda[N];
    equispaced(N, lambda);
    int missed[] = {0, 0};
    for (int start = 0; start < STARTS; start++) {
        double x[N];
        double alpha[N];
        double beta[N];
        sphere(N, 5000 + (uint64_t)start, x);
        lanczos(N, lambda, x, K, alpha, beta);
        for (EACH(d, deltas)) {
            const double target = saddle_i_bound_target(N, deltas[d]);
            double before = -SADDLE_I_INF;
            double lower = before;
            for (int k = 1; k <= K; k++) {
                const double theta = smallest(k, alpha, beta);
                lower = saddle_i_bound_lower(k, alpha, beta, theta, 1.0, target);
                REQUIRE(lower <= theta);
                /* where theta has come down to an x that was wrong, the interval is as short as it gets */
                REQUIRE(lower >= before - FINE || lower >= theta - SLACK - FINE);
                REQUIRE(lower <= lambda[0] || fabs(x[0]) < 1.001 * tau_of(N, deltas[d]));
                before = lower;
            }
            missed[d] += lower > lambda[0];
        }
    }
    for (EACH(d, deltas)) {
        const double sd = sqrt(deltas[d] * (1.0 - deltas[d]) / STARTS);
        ck_assert_msg(missed[d] <= (deltas[d] + 3.0 * sd) * STARTS, "%d missed at %g", missed[d], deltas[d]);
        ck_assert_msg(missed[d] >= (deltas[d] - 3.0 * sd) * STARTS, "%d missed at %g", missed[d], deltas[d]);
    }
}
END_TEST

/* A thick restart by dense projections: M vectors, of which KEEP Ritz vectors at the lower end stay. */
enum { RESTART_N = 40, M = 12, KEEP = 6, CYCLES = 4, MOST_RITZ = M + CYCLES * M };

struct restarted {
    double v[M + 1][MOST_N];
    double value[MOST_RITZ]; /* current first, then discarded */
    int values;
    double log_betas;
};

static void project(const double *lambda, const struct restarted *r, double *theta, double *s)
{
    double t[M * M];
    for (int i = 0; i < M; i++) {
        for (int j = 0; j <= i; j++) {
            t[i * M + j] = 0.0;
            for (int l = 0; l < RESTART_N; l++) {
                t[i * M + j] += r->v[i][l] * lambda[l] * r->v[j][l];
            }
        }
    }
    EXPECT_OK(saddle_i_tridiag_dense(&solver, M, t, theta, s));
}

static void restart(const double *lambda, const double *x, struct restarted *r)
{
    double theta[M];
    double s[M * M];
    double kept[KEEP][MOST_N];
    double discarded[MOST_RITZ];
    int gone = 0;
    int have = 0; /* Ritz vectors that are kept; the next vector stands behind them */
    r->log_betas = 0.0;
    memcpy(r->v[0], x, RESTART_N * sizeof *x);
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        for (int j = have; j < M; j++) {
            for (int i = 0; i < RESTART_N; i++) {
                r->v[j + 1][i] = lambda[i] * r->v[j][i];
            }
            r->log_betas += log(orthogonalise(RESTART_N, j + 1, r->v, r->v[j + 1]));
        }
        project(lambda, r, theta, s);
        if (cycle == CYCLES - 1) {
            break;
        }
        memset(kept, 0, sizeof kept);
        for (int i = 0; i < KEEP; i++) {
            for (int j = 0; j < M; j++) {
                for (int l = 0; l < RESTART_N; l++) {
                    kept[i][l] += s[i * M + j] * r->v[j][l];
                }
            }
        }
        memcpy(r->v, kept, sizeof kept);
        memcpy(r->v[KEEP], r->v[M], sizeof r->v[M]);
        for (int i = KEEP; i < M; i++) {
            discarded[gone++] = theta[i];
        }
        have = KEEP;
    }
    memcpy(r->value, theta, sizeof theta);
    memcpy(r->value + M, discarded, (size_t)gone * sizeof *discarded);
    r->values = M + gone;
}

static double log_polynomial(const struct restarted *r, double x)
{
    double logs = -r->log_betas;
    for (int i = 0; i < r->values; i++) {
        logs += log(fabs(x - r->value[i]));
    }
    return logs;
}

START_TEST(restarted_is_one_normed_polynomial)
{
    double lambda[RESTART_N];
    equispaced(RESTART_N, lambda);
    for (uint64_t seed = 0; seed < 50; seed++) {
        double x[RESTART_N];
        struct restarted r;
        sphere(RESTART_N, 9000 + seed, x);
        restart(lambda, x, &r);
        /* the vector behind the basis is P(A) v_1, so that sum c_i^2 P(lambda_i)^2 = 1 */
        double sum = 0.0;
        for (int i = 0; i < RESTART_N; i++) {
            const double p = exp(log_polynomial(&r, lambda[i]));
            REQUIRE(fabs(fabs(x[i]) * p - fabs(r.v[M][i])) <= 1e-6);
            sum += x[i] * p * x[i] * p;
        }
        REQUIRE(fabs(sum - 1.0) <= 1e-6);
        const double deltas[] = {0.3, 0.01, 1e-150};
        for (EACH(d, deltas)) {
            const double target = saddle_i_bound_target(RESTART_N, deltas[d]);
            const double lower = saddle_i_bound_restarted(r.values, r.value, r.log_betas, r.value[0], 1.0, target);
            REQUIRE(lower < r.value[0]);
            REQUIRE(lower <= lambda[0] || fabs(x[0]) < 1.001 * tau_of(RESTART_N, deltas[d]));
            const double width = r.value[0] - (lower + SLACK);
            REQUIRE(fabs(log_polynomial(&r, lower + SLACK) - 0.5 * target) <= 1e-9 + 4.0 * DBL_EPSILON / width);
        }
    }
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        missed_exactly_where_the_component_is_small, coverage_on_the_way, restarted_is_one_normed_polynomial,
    };
    Suite *s = suite_create("bound_law");
    TCase *t = tcase_create("bound_law");
    tcase_add_checked_fixture(t, open_solver, close_solver);
    tcase_set_timeout(t, 120);
    suite_add_tcase(s, t);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tcase_add_test(t, tests[i]);
    }
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
