/* SPDX-License-Identifier: BSD-3-Clause */
/* Laws that hold exactly where f is quadratic: the path of gradient descent, the step at which it escapes, and the
 * second moment of stochastic gradients at a saddle. */
#include "numeric/trial.h"
#include "support/run_suite.h"

enum { DIM = 24, STEPS = 500 };

/* grad f = H w, H = Q D Q with the reflection Q = I - 2 u u'. */
struct quadratic {
    int dense;
    double eigenvalue[DIM];
    long double u[DIM];
    double h[DIM][DIM];
};

static int quadratic_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct quadratic *q = user;
    (void)b;
    for (int i = 0; i < DIM; i++) {
        g[i] = q->dense ? 0.0 : q->eigenvalue[i] * w[i];
        for (int j = 0; q->dense && j < DIM; j++) {
            g[i] += q->h[i][j] * w[j];
        }
    }
    return 0;
}

/* y = Q x */
static void reflect(const struct quadratic *q, const long double *x, long double *y)
{
    long double c = 0.0L;
    for (int i = 0; i < DIM; i++) {
        c += q->u[i] * x[i];
    }
    for (int i = 0; i < DIM; i++) {
        y[i] = x[i] - (q->dense ? 2.0L * c * q->u[i] : 0.0L);
    }
}

/* Eigenvalues of both signs, one of them 0. */
static void make_quadratic(struct quadratic *q, int dense)
{
    long double length = 0.0L;
    q->dense = dense;
    for (int i = 0; i < DIM; i++) {
        q->eigenvalue[i] = (double)(i - 5) * 0.0625;
        q->u[i] = (long double)(i * 7 % 11 - 4) + 0.5L;
        length += q->u[i] * q->u[i];
    }
    for (int i = 0; i < DIM; i++) {
        q->u[i] /= sqrtl(length);
    }
    for (int j = 0; j < DIM; j++) {
        long double e[DIM] = {0.0L}, column[DIM];
        e[j] = 1.0L;
        reflect(q, e, column);
        for (int i = 0; i < DIM; i++) {
            column[i] *= (long double)q->eigenvalue[i];
        }
        reflect(q, column, e);
        for (int i = 0; i < DIM; i++) {
            q->h[i][j] = (double)e[i];
        }
    }
}

/* ||w_t - (I - eta H)^t w_0|| / ||w_t||, in long double along the eigenvectors. */
static double distance_from_law(const struct quadratic *q, const double *start, const double *w, double eta, int t)
{
    long double x[DIM], c[DIM], at[DIM], error = 0.0L, size = 0.0L;
    for (int i = 0; i < DIM; i++) {
        x[i] = (long double)start[i];
    }
    reflect(q, x, c);
    for (int i = 0; i < DIM; i++) {
        c[i] *= powl(1.0L - (long double)eta * (long double)q->eigenvalue[i], (long double)t);
    }
    reflect(q, c, at);
    for (int i = 0; i < DIM; i++) {
        error += ((long double)w[i] - at[i]) * ((long double)w[i] - at[i]);
        size += at[i] * at[i];
    }
    return (double)sqrtl(error / size);
}

START_TEST(gd_follows_the_powers_of_the_matrix)
{
    struct quadratic q;
    double start[DIM], w[DIM];
    make_quadratic(&q, _i);
    for (int i = 0; i < DIM; i++) {
        start[i] = w[i] = 0.1 * (double)(i * 5 % 7 - 3) + 0.01;
    }
    saddle_options *o = trial_options("step_size=0.75 max_steps=0");
    saddle_objective *f = trial_objective(DIM, 1, &q, quadratic_gradient, NULL);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    for (int t = 1; t <= STEPS; t++) {
        EXPECT_OK(saddle_solver_step(s, 1));
        const double error = distance_from_law(&q, start, w, 0.75, t);
        ck_assert_msg(error <= 1e-12, "step %d: %g from (I - eta H)^t w_0, relative to ||w_t||", t, error);
    }
    ck_assert_double_gt(fabs(w[0]), 1e12); /* it grew by powers: nothing was close to 0 all the time */
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

struct saddle_2d {
    double lambda; /* > 0: the curvature along w_1 is -lambda */
};

static int saddle_gradient_2d(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct saddle_2d *p = user;
    (void)b;
    g[0] = w[0];
    g[1] = -p->lambda * w[1];
    return 0;
}

struct escape {
    double eta, lambda, start, displacement;
};

static const struct escape escapes[] = {
    {0.5, 0.1, 1e-4, 0.7},  {0.5, 0.02, 1e-3, 0.9}, {0.43, 0.0596901368, 1e-6, 0.3},
    {0.1, 0.1, 1e-5, 0.33}, {0.9, 1.0, 1e-12, 1.0}, {0.01, 0.3, 1e-2, 0.05},
};

/* |w_t - w_saddle| along v is a_0 (1 + eta |lambda|)^t: it reaches D at t = ceil(ln(D/a_0)/ln(1 + eta |lambda|)). */
START_TEST(gd_escapes_at_the_step_of_the_law)
{
    const struct escape *e = &escapes[_i];
    struct saddle_2d p = {e->lambda};
    double w[2] = {0.3, e->start};
    saddle_options *o = trial_options("max_steps=0");
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_STEP_SIZE, e->eta));
    saddle_objective *f = trial_objective(2, 1, &p, saddle_gradient_2d, NULL);
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s));
    int left = 0;
    while (fabs(w[1]) < e->displacement) {
        EXPECT_OK(saddle_solver_step(s, 1));
        left++;
    }
    const long double steps = logl((long double)e->displacement / (long double)e->start) /
                              log1pl((long double)e->eta * (long double)e->lambda);
    ck_assert_msg(fabsl(steps - roundl(steps)) > 1e-6L, "the case is on the edge of a step: %Lg", steps);
    ck_assert_int_eq(left, (int)ceill(steps));
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

enum { RUNS = 20000, NOISY_STEPS = 20 };
static const double eta = 0.1, noise = 0.5; /* step size, s */

/* f_z = lambda w^2/2 +- s w with lambda = -1: two samples, whose mean is a saddle without noise. */
static int noisy_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    *g = -w[0] + (b->index[0] == 0 ? noise : -noise);
    return 0;
}

/* E w_t^2 = eta^2 s^2 ((1+a)^(2t) - 1)/((1+a)^2 - 1), a = eta |lambda|. */
static double second_moment(int t)
{
    const double growth = (1.0 + eta) * (1.0 + eta);
    return eta * eta * noise * noise * (pow(growth, (double)t) - 1.0) / (growth - 1.0);
}

/* w_t is a sum of +-c_k, c_k = eta s (1+a)^(t-k): var(w_t^2) = 2 (sum c_k^2)^2 - 2 sum c_k^4. */
static double deviation_of_square(int t)
{
    double squares = 0.0, fourth = 0.0;
    for (int k = 1; k <= t; k++) {
        const double c = eta * noise * pow(1.0 + eta, (double)(t - k));
        squares += c * c;
        fourth += c * c * c * c;
    }
    return sqrt(2.0 * squares * squares - 2.0 * fourth);
}

/* How many standard deviations of the mean over all runs the sampled second moment is off, at step t. */
static double deviations_from_law(const char *sampling, int t)
{
    saddle_options *o = trial_options("step_size=0.1");
    set(o, "sampling", sampling);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_STEPS, t));
    saddle_objective *f = trial_objective(1, 2, NULL, noisy_gradient, NULL);
    double sum = 0.0;
    for (int64_t seed = 0; seed < RUNS; seed++) {
        double w = 0.0;
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        const saddle_status status = saddle_minimize(f, SADDLE_METHOD_SGD, o, &w, NULL);
        if (status != SADDLE_OK) {
            ck_abort_msg("%s", saddle_error_message());
        }
        sum += w * w;
    }
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
    return (sum / RUNS - second_moment(t)) / (deviation_of_square(t) / sqrt((double)RUNS));
}

START_TEST(the_second_moment_grows_by_the_law)
{
    static const int steps[] = {2, 5, NOISY_STEPS};
    const double off = deviations_from_law("replacement", steps[_i]);
    ck_assert_msg(fabs(off) <= 5.0, "%g standard deviations at step %d", off, steps[_i]);
}
END_TEST

/* One draw has no spread: each run has exactly w^2 = eta^2 s^2. */
START_TEST(one_step_has_one_size)
{
    saddle_options *o = trial_options("step_size=0.1 max_steps=1");
    saddle_objective *f = trial_objective(1, 2, NULL, noisy_gradient, NULL);
    int positive = 0;
    for (int64_t seed = 0; seed < 1000; seed++) {
        double w = 0.0;
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        (void)trial_run(f, SADDLE_METHOD_SGD, o, &w);
        ck_assert(fabs(w) == eta * noise);
        positive += w > 0.0;
    }
    ck_assert_int_ge(positive, 500 - 79); /* 5 standard deviations of sqrt(1000)/2 */
    ck_assert_int_le(positive, 500 + 79);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* Every epoch holds one draw of each sign, which nearly cancel: far below the law. */
START_TEST(shuffled_samples_do_not_obey_the_law)
{
    const double off = deviations_from_law("shuffle", NOISY_STEPS);
    ck_assert_msg(off < -50.0, "%g standard deviations", off);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quadratic");
    TCase *c = tcase_create("quadratic");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, gd_follows_the_powers_of_the_matrix, 0, 2);
    tcase_add_loop_test(c, gd_escapes_at_the_step_of_the_law, 0, (int)(sizeof escapes / sizeof escapes[0]));
    tcase_add_loop_test(c, the_second_moment_grows_by_the_law, 0, 3);
    tcase_add_test(c, one_step_has_one_size);
    tcase_add_test(c, shuffled_samples_do_not_obey_the_law);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
