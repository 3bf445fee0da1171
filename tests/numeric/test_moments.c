/* SPDX-License-Identifier: BSD-3-Clause */
/* What the methods add to w: on f = 0 every step is noise alone. The same check is shown to reject the laws that are
 * wrong in ways seen elsewhere. */
#include "numeric/moments.h"
#include "numeric/trial.h"
#include "support/run_suite.h"

enum { MOST = 100000 };

static const int64_t dims[] = {1, 2, 3, 1000, MOST};
enum { DIMS = sizeof dims / sizeof dims[0] };

static struct moments moments;
static double w[MOST], u[MOST];

/* Enough draws to tell the laws apart, in less than a second. */
static int64_t draws(int64_t d)
{
    return d <= 3 ? MOMENTS_DRAWS : d <= 1000 ? 4000 : 150;
}

/* f = 0. Where it is asked at a point that is not the origin, a ball was drawn. */
struct nothing {
    int64_t looks;
    int from_gradient;
};

static int zero_gradient(void *user, const saddle_batch *b, const double *at, double *g)
{
    struct nothing *f = user;
    int moved = 0;
    for (int64_t i = 0; i < b->dim; i++) {
        moved |= at[i] != 0.0;
        g[i] = 0.0;
    }
    if (moved && f->from_gradient) {
        moments_add(&moments, at);
    }
    return 0;
}

/* Falls with each look, so that PGD's test is passed and it perturbs again. */
static int falling_value(void *user, const saddle_batch *b, const double *at, double *value)
{
    struct nothing *f = user;
    (void)b;
    (void)at;
    *value = -(double)f->looks++;
    return 0;
}

/* Onto the one point 0: what comes in is the step itself. */
static int record_and_return(void *user, int64_t dim, double *at)
{
    const struct nothing *f = user;
    if (!f->from_gradient) {
        moments_add(&moments, at);
    }
    for (int64_t i = 0; i < dim; i++) {
        at[i] = 0.0;
    }
    return 0;
}

/* The moments of `count` steps of a method from the origin. */
static void draw_steps(int64_t d, saddle_method method, const char *settings, int64_t count, int from_gradient)
{
    struct nothing user = {0, from_gradient};
    memset(w, 0, sizeof w);
    moments_start(&moments, d);
    saddle_objective *f = trial_objective(d, 1, &user, zero_gradient, falling_value);
    EXPECT_OK(saddle_objective_set_project(f, record_and_return));
    saddle_options *o = trial_options(settings);
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_STEPS, count));
    (void)trial_run(f, method, o, w);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}

static void expect_law(const char *what, const struct law *law, int64_t count)
{
    ck_assert_int_eq(moments.draws, count);
    const double off = moments_off(&moments, law);
    ck_assert_msg(off <= 5.0, "%s at d = %lld: %g standard deviations", what, (long long)moments.d, off);
}

static const double step_size = 0.05, per_coordinate = 0.3;

START_TEST(psgd_gaussian)
{
    const int64_t d = dims[_i];
    draw_steps(d, SADDLE_METHOD_PSGD, "step_size=0.05 noise=0.3 noise_kind=gaussian seed=11", draws(d), 0);
    const struct law law = law_gaussian((double)d, step_size * per_coordinate);
    expect_law("psgd gaussian", &law, draws(d));
}
END_TEST

START_TEST(psgd_sphere)
{
    const int64_t d = dims[_i];
    draw_steps(d, SADDLE_METHOD_PSGD, "step_size=0.05 noise=0.3 noise_kind=sphere seed=12", draws(d), 0);
    const struct law law = law_sphere((double)d, step_size * per_coordinate * sqrt((double)d));
    expect_law("psgd sphere", &law, draws(d));
}
END_TEST

START_TEST(psgd_ball)
{
    const int64_t d = dims[_i];
    draw_steps(d, SADDLE_METHOD_PSGD, "step_size=0.05 noise=0.3 noise_kind=ball seed=13", draws(d), 0);
    const struct law law = law_ball((double)d, step_size * per_coordinate * sqrt((double)d + 2.0));
    expect_law("psgd ball", &law, draws(d));
}
END_TEST

/* Perturbs at every other step, is told that f fell, and perturbs again. */
START_TEST(pgd_ball)
{
    const int64_t d = dims[_i];
    draw_steps(d, SADDLE_METHOD_PGD,
               "step_size=0.05 radius=0.7 escape_steps=1 gradient_threshold=1 decrease_threshold=0.5 seed=14",
               2 * draws(d), 1);
    const struct law law = law_ball((double)d, 0.7);
    expect_law("pgd", &law, draws(d));
}
END_TEST

START_TEST(ngd_gaussian)
{
    const int64_t d = dims[_i];
    draw_steps(d, SADDLE_METHOD_NGD, "step_size=0.05 noise=0.3 seed=15", draws(d), 0);
    const struct law law = law_gaussian((double)d, per_coordinate);
    expect_law("ngd", &law, draws(d));
}
END_TEST

/* sqrt(2 eta/xi) */
START_TEST(sgld_gaussian)
{
    const int64_t d = dims[_i];
    draw_steps(d, SADDLE_METHOD_SGLD, "step_size=0.05 inverse_temperature=40 seed=16", draws(d), 0);
    const struct law law = law_gaussian((double)d, sqrt(2.0 * step_size / 40.0));
    expect_law("sgld", &law, draws(d));
}
END_TEST

/* Sums over T steps without a way back: d coordinates are d independent draws of a variance. */
struct walk {
    saddle_method method;
    const char *settings;
    double variance; /* after 24 steps */
};

static const struct walk walks[] = {
    {SADDLE_METHOD_PSGD, "step_size=0.05 noise=0.3 max_steps=24", 0.05 * 0.05 * 0.3 * 0.3 * 24.0},
    {SADDLE_METHOD_SGLD, "step_size=0.05 inverse_temperature=40 max_steps=24", 2.0 * 0.05 * 24.0 / 40.0},
    {SADDLE_METHOD_NGD, "step_size=0.05 noise=0.3 noise_every=7 max_steps=24", 0.3 * 0.3 * 3.0},
    {SADDLE_METHOD_NGD, "step_size=0.05 noise=0.3 noise_every=25 max_steps=24", 0.0},
};

START_TEST(variances_add_up_over_the_steps)
{
    const struct walk *walk = &walks[_i];
    struct nothing user = {0, 0};
    double sum = 0.0;
    memset(w, 0, sizeof w);
    saddle_objective *f = trial_objective(MOST, 1, &user, zero_gradient, NULL);
    saddle_options *o = trial_options(walk->settings);
    const saddle_result r = trial_run(f, walk->method, o, w);
    ck_assert_int_eq(r.steps, 24);
    for (int64_t i = 0; i < MOST; i++) {
        sum += w[i] * w[i];
    }
    /* the mean of MOST values s^2 chi^2_1: standard deviation s^2 sqrt(2/MOST) */
    const double off = fabs(sum / MOST - walk->variance);
    ck_assert_msg(off <= 5.0 * walk->variance * sqrt(2.0 / MOST), "variance %g instead of %g", sum / MOST,
                  walk->variance);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

/* Draws of wrong laws, from the public generator. */
enum wrong {
    RADIUS_TIMES_ROOT_D,   /* y r: a normal vector in place of the ball */
    RADIUS_LINEAR,         /* u y/||y||, not u^(1/d) */
    RADIUS_PER_COORDINATE, /* u_i^(1/d) y_i/||y||: a vector of uniforms */
    CUBE,                  /* 2 u_i - 1 */
    TWO_NUMBERS,           /* two draws repeated over all coordinates */
    WRONGS
};

static void draw_wrong(int wrong, int64_t d, double r, uint64_t t, double *xi)
{
    const saddle_random_stream normals = {21, 128, t}, uniforms = {21, 129, t};
    const double turn = 6.283185307179586;
    double norm = 0.0;
    if (saddle_random_normal(&normals, 0, d, xi) != SADDLE_OK ||
        saddle_random_uniform(&uniforms, 0, d, u) != SADDLE_OK) {
        ck_abort_msg("%s", saddle_error_message());
    }
    for (int64_t i = 0; i < d; i++) {
        norm += xi[i] * xi[i];
    }
    norm = sqrt(norm);
    for (int64_t i = 0; i < d; i++) {
        switch (wrong) {
        case RADIUS_TIMES_ROOT_D: xi[i] *= r; break;
        case RADIUS_LINEAR: xi[i] *= r * u[0] / norm; break;
        case RADIUS_PER_COORDINATE: xi[i] *= r * pow(u[i], 1.0 / (double)d) / norm; break;
        case CUBE: xi[i] = r * (2.0 * u[i] - 1.0); break;
        case TWO_NUMBERS: xi[i] = r * sqrt(u[0]) * sin(turn * u[1] + (i % 2 == 0 ? 0.25 * turn : 0.0)); break;
        default: break; /* a normal vector, to be scaled by the caller */
        }
    }
}

START_TEST(wrong_balls_are_rejected)
{
    static const int64_t at[] = {2, 3, 1000};
    for (int k = 0; k < 3; k++) {
        const int64_t d = at[k];
        if (_i == TWO_NUMBERS && d == 2) {
            continue; /* right in the plane */
        }
        const struct law law = law_ball((double)d, 0.7);
        moments_start(&moments, d);
        for (int64_t t = 0; t < draws(d); t++) {
            draw_wrong(_i, d, 0.7, (uint64_t)t, w);
            moments_add(&moments, w);
        }
        const double off = moments_off(&moments, &law);
        ck_assert_msg(off > 5.0, "wrong law %d passes at d = %lld: %g standard deviations", _i, (long long)d, off);
    }
}
END_TEST

/* Right directions and shapes, at a wrong size; at the right size the same draws pass. */
struct scaled {
    const char *what;
    double right, wrong; /* standard deviation of the step per coordinate */
};

START_TEST(wrong_scales_are_rejected)
{
    const double e = step_size, s = per_coordinate, xi = 40.0;
    const struct scaled scales[] = {
        {"sgld: eta in place of sqrt(eta)", sqrt(2.0 * e / xi), e * sqrt(2.0 / xi)},
        {"sgld: variance 2 eta/xi on the gradient, times eta", sqrt(2.0 * e / xi), e * sqrt(2.0 * e / xi)},
        {"sgld: without the 2", sqrt(2.0 * e / xi), sqrt(e / xi)},
        {"psgd: added after the step size", e * s, s},
        {"psgd: times sqrt(eta)", e * s, sqrt(e) * s},
        {"ngd: multiplied by the step size", s, e * s},
    };
    for (int k = 0; k < DIMS; k++) {
        const int64_t d = dims[k];
        for (int right = 0; right < 2; right++) {
            moments_start(&moments, d);
            for (int64_t t = 0; t < draws(d); t++) {
                draw_wrong(WRONGS, d, 0.0, (uint64_t)t, w);
                for (int64_t i = 0; i < d; i++) {
                    w[i] *= right ? scales[_i].right : scales[_i].wrong;
                }
                moments_add(&moments, w);
            }
            const struct law law = law_gaussian((double)d, scales[_i].right);
            const double off = moments_off(&moments, &law);
            ck_assert_msg((off <= 5.0) == right, "%s, d = %lld: %g standard deviations", scales[_i].what, (long long)d,
                          off);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("moments");
    TCase *c = tcase_create("moments");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, psgd_gaussian, 0, DIMS);
    tcase_add_loop_test(c, psgd_sphere, 0, DIMS);
    tcase_add_loop_test(c, psgd_ball, 0, DIMS);
    tcase_add_loop_test(c, pgd_ball, 0, DIMS);
    tcase_add_loop_test(c, ngd_gaussian, 0, DIMS);
    tcase_add_loop_test(c, sgld_gaussian, 0, DIMS);
    tcase_add_loop_test(c, variances_add_up_over_the_steps, 0, (int)(sizeof walks / sizeof walks[0]));
    tcase_add_loop_test(c, wrong_balls_are_rejected, 0, WRONGS);
    tcase_add_loop_test(c, wrong_scales_are_rejected, 0, 6);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
