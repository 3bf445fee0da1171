/* SPDX-License-Identifier: BSD-3-Clause */
/* The CNC check from outside: moments against the formula on every way to the slopes, samples, threads, arguments. */
#include "support/expect.h"
#include "support/problem.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <math.h>

enum { DIM = 3, MOST_DIM = 10, SAMPLES = 23, GRAIN = 4, WAYS = 5 };

/* Gradients and differences of them; value_gradient alone; with Hessian products; with slopes; with both. */
static void init(struct problem *p, int64_t dim, int way)
{
    problem_init(p, dim, SAMPLES, GRAIN, way == 1 ? TOGETHER : GRADIENT_ONLY);
    p->second = way == 2 ? WITH_HESSVEC : way == 3 ? WITH_SLOPES : way == 4 ? WITH_HESSVEC | WITH_SLOPES : 0;
}

static int by_slopes(int way)
{
    return way >= 3;
}

/* At 0 the eigenvalue -1 belongs to w_0 (and w_3, ... where there are more entries); the others are 1/2. */
static void point(const struct problem *p, double *w)
{
    for (int64_t j = 0; j < p->dim; j++) {
        w[j] = j == 0 ? 0.125 : 0.03125 * (double)j;
    }
}

static double entry(const double *w, int64_t i, int64_t j)
{
    return w[j] * w[j] * w[j] - problem_curvature(j) * w[j] + problem_tilt(i, j);
}

/* Straight from the formula, along a unit v, over these samples (NULL: all). */
struct truth {
    double second, mean, energy, cosine;
};

static struct truth truth_along(const struct problem *p, const double *w, const double *v, const int64_t *index, int64_t count)
{
    struct truth t = {0.0, 0.0, 0.0, 0.0};
    for (int64_t k = 0; k < count; k++) {
        const int64_t i = index != NULL ? index[k] : k;
        double s = 0.0, square = 0.0;
        for (int64_t j = 0; j < p->dim; j++) {
            s += entry(w, i, j) * v[j];
            square += entry(w, i, j) * entry(w, i, j);
        }
        t.second += s * s / (double)count;
        t.mean += s / (double)count;
        t.energy += square / (double)count;
        t.cosine += s * s / square / (double)count;
    }
    return t;
}

static saddle_options *options(const char *name, const char *value)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_text(o, "eigen_tol", "1e-8"));
    if (name != NULL) {
        EXPECT_OK(saddle_options_set_text(o, name, value));
    }
    return o;
}

START_TEST(moments_are_those_of_the_formula)
{
    struct problem p;
    double w[DIM], v[DIM];
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    init(&p, DIM, _i);
    point(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = options(NULL, NULL);
    EXPECT_OK(saddle_cnc_check(f, w, o, v, &c));
    const double tol = _i == 2 || _i == 4 ? 1e-13 : 1e-8, axis[DIM] = {1.0, 0.0, 0.0};
    ck_assert_double_eq_tol(fabs(v[0]), 1.0, tol);
    const struct truth t = truth_along(&p, w, v, NULL, SAMPLES), exact = truth_along(&p, w, axis, NULL, SAMPLES);
    ck_assert_double_eq_tol(c.second_moment, t.second, 1e-15);
    ck_assert_double_eq_tol(c.mean, t.mean, 1e-15);
    ck_assert_double_eq_tol(c.variance, t.second - t.mean * t.mean, 1e-15);
    ck_assert_double_eq_tol(c.energy, t.energy, 1e-15);
    ck_assert_double_eq_tol(c.cosine, t.cosine, 1e-14);
    ck_assert_double_eq_tol(c.amplification, DIM * t.second / t.energy, 1e-13);
    ck_assert_double_eq_tol(c.lambda_min, 3.0 * w[0] * w[0] - 1.0, tol);
    ck_assert_double_eq_tol(c.curvature_ratio, c.second_moment / (c.lambda_min * c.lambda_min), 1e-15);
    ck_assert(c.lower <= exact.second && exact.second <= c.upper && c.upper - c.lower < 1e-7);
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
    ck_assert_int_eq(c.struct_size, sizeof c);
    ck_assert_int_eq(c.samples, SAMPLES);
    ck_assert_int_eq(c.gradients, SAMPLES);
    ck_assert_int_eq(c.exact, 1);
    ck_assert_int_eq(c.zero_gradients, 0);
    ck_assert_int_eq(c.multiplicity, 1);
    ck_assert(c.sine < 1e-7 && c.residual < 1e-7);
    const int64_t products = c.products * SAMPLES;
    ck_assert_int_eq(p.hessvec_samples, _i == 2 || _i == 4 ? products : 0);
    const int64_t differences = 2 * products + 6 * SAMPLES; /* the first, and those of both residuals, are measured */
    ck_assert_int_eq(p.gradient_samples, SAMPLES + by_slopes(_i) + (_i == 2 || _i == 4 ? 0 : differences));
    ck_assert_int_eq(p.slopes_samples, by_slopes(_i) ? SAMPLES : 0);
    ck_assert_int_eq(p.broken, 0);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(moments_along_given_directions)
{
    struct problem p;
    double w[DIM], v[3 * DIM] = {0.6, 0.8, 0.0, 1.0, 0.0, 0.0, 0.0, 0.8, -0.6}, first[6] = {0.0}, got[6];
    init(&p, DIM, _i);
    point(&p, w);
    static const int64_t grains[] = {1, 3, 4, 256, 100000};
    for (int g = 0; g < 5; g++) { /* the same bits in any blocks */
        p.grain = grains[g];
        saddle_objective *f = problem_objective(&p, NULL);
        EXPECT_OK(saddle_cnc_along(f, w, NULL, 3, v, got, got + 3));
        for (int64_t j = 0; j < 3; j++) {
            const struct truth t = truth_along(&p, w, v + j * DIM, NULL, SAMPLES);
            ck_assert_double_eq_tol(got[j], t.second, 1e-15);
            ck_assert_double_eq_tol(got[3 + j], t.cosine, 1e-14);
        }
        if (g > 0) {
            EXPECT_SAME(first, got, sizeof got);
        }
        memcpy(first, got, sizeof got);
        EXPECT_OK(saddle_cnc_along(f, w, NULL, 3, v, got, NULL));
        for (int64_t j = 0; j < 3; j++) {
            ck_assert_double_eq_tol(got[j], first[j], 1e-16);
        }
        saddle_objective_destroy(f);
    }
    ck_assert_int_eq(p.gradient_samples, 5 * SAMPLES * (by_slopes(_i) ? 1 : 2));
    ck_assert_int_eq(p.slopes_samples, by_slopes(_i) ? 5 * SAMPLES : 0);
    ck_assert_int_eq(p.broken, 0);
}
END_TEST

/* Energy of all, whatever the threads; calls are spread over them. */
START_TEST(threads_change_nothing)
{
    double w[MOST_DIM], v[2][MOST_DIM];
    saddle_cnc c[2];
    for (int way = 0; way < 3 * WAYS; way++) {
        saddle_options *o = options("cnc_samples", way < WAYS ? "0" : way < 2 * WAYS ? "7" : "20");
        for (int64_t threads = 1; threads <= 4; threads++) {
            struct problem p;
            saddle_context *x = NULL;
            init(&p, way % 2 ? DIM : MOST_DIM, way % WAYS);
            p.threads = threads;
            p.spins = 2000;
            point(&p, w);
            EXPECT_OK(saddle_context_create(NULL, &x));
            EXPECT_OK(saddle_context_set_threads(x, threads));
            saddle_objective *f = problem_objective(&p, x);
            const int at = threads > 1;
            memset(&c[at], 0, sizeof c[at]);
            c[at].struct_size = (int64_t)sizeof c[at];
            EXPECT_OK(saddle_cnc_check(f, w, o, v[at], &c[at]));
            EXPECT_SAME(&c[0], &c[at], sizeof c[0]);
            EXPECT_SAME(v[0], v[at], sizeof(double) * (size_t)p.dim);
            ck_assert_int_eq(p.broken, 0);
            saddle_objective_destroy(f);
            saddle_context_destroy(x);
        }
        saddle_options_destroy(o);
    }
}
END_TEST

/* One after the other, all different, of a stream as docs/random.md says. */
struct diary {
    int64_t count, index[2048];
};

static int diary_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct diary *d = user;
    d->index[d->count++] = b->index[0];
    g[0] = w[0] + (double)(b->index[0] % 7);
    g[1] = 1.0;
    return b->count != 1;
}

START_TEST(samples_of_a_stream)
{
    static struct diary d;
    const double w[2] = {0.5, 0.0}, v[2] = {1.0, 0.0};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    double m = 0.0, cosine = 0.0, second = 0.0;
    EXPECT_OK(saddle_objective_create(NULL, 2, SADDLE_STREAM, &d, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, diary_gradient));
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, 5));
    for (int k = 0; k < 2; k++) {
        const int64_t count = k == 0 ? 1024 : 300;
        d.count = 0;
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_CNC_SAMPLES, k == 0 ? 0 : count));
        EXPECT_OK(saddle_cnc_along(f, w, o, 1, v, &m, &cosine));
        ck_assert_int_eq(d.count, count);
        second = 0.0;
        const saddle_random_stream s = {5, 9, 1};
        for (int64_t i = 0; i < count; i++) {
            uint32_t r[4];
            EXPECT_OK(saddle_random_bits(&s, (uint64_t)i / 2, r));
            const uint64_t x = (uint64_t)r[i % 2 * 2] | (uint64_t)r[i % 2 * 2 + 1] << 32;
            ck_assert_int_eq(d.index[i], (int64_t)(x >> 1));
            const double g = 0.5 + (double)(d.index[i] % 7);
            second += g * g / (double)count;
        }
        ck_assert_double_eq_tol(m, second, 1e-12);
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(samples_without_replacement)
{
    static struct diary d;
    const double w[2] = {0.5, 0.0}, v[2] = {1.0, 0.0};
    int64_t seen[2][500];
    for (int seed = 0; seed < 2; seed++) {
        saddle_objective *f = NULL;
        saddle_options *o = options("cnc_samples", "499");
        double m = 0.0;
        int64_t times[500] = {0}, in_place = 0;
        EXPECT_OK(saddle_objective_create(NULL, 2, 500, &d, &f));
        EXPECT_OK(saddle_objective_set_gradient(f, diary_gradient));
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        d.count = 0;
        EXPECT_OK(saddle_cnc_along(f, w, o, 1, v, &m, NULL));
        ck_assert_int_eq(d.count, 499);
        for (int64_t i = 0; i < 499; i++) {
            times[d.index[i]]++;
            in_place += d.index[i] == i;
            ck_assert_int_eq(times[d.index[i]], 1);
        }
        ck_assert_int_lt(in_place, 20);
        memcpy(seen[seed], d.index, sizeof seen[seed]);
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
    }
    ck_assert(memcmp(seen[0], seen[1], sizeof seen[0]) != 0);
}
END_TEST

/* Four eigenvalues -1: from a sample nothing is said of the direction that it chooses, but for a bound. */
START_TEST(a_sample_of_a_multiple_eigenvalue)
{
    static const char *const gammas[] = {"0", "1e-3", "0.0101"};
    struct problem p;
    double w[MOST_DIM] = {0.0};
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    init(&p, MOST_DIM, _i);
    p.samples = 8000; /* tilts have a period of 11 */
    p.grain = 1000;
    saddle_objective *f = problem_objective(&p, NULL);
    for (int k = 0; k < 6; k++) {
        saddle_options *o = options("cnc_samples", "4000");
        EXPECT_OK(saddle_options_set_text(o, "cnc_gamma", gammas[k % 3]));
        EXPECT_OK(saddle_options_set_text(o, "cnc_bound", k < 3 ? "0" : "0.33"));
        EXPECT_OK(saddle_cnc_check(f, w, o, NULL, &c));
        ck_assert_int_eq(c.multiplicity, 4);
        ck_assert_int_eq(c.exact, 0);
        ck_assert_int_eq(c.verdict, k == 5 ? SADDLE_VERDICT_FAILS : SADDLE_VERDICT_UNDECIDED);
        ck_assert(c.lower == 0.0 && (k < 3 ? isinf(c.upper) : c.upper < 0.33 * 0.33 && c.upper > 0.004));
        ck_assert_int_eq(c.samples, k == 5 ? c.samples : 4000);
        ck_assert_int_le(c.samples, 4000);
        ck_assert_int_eq(c.gradients, by_slopes(_i) ? 256 : c.samples);
        saddle_options_destroy(o);
    }
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(one_sample_has_no_noise)
{
    struct problem p;
    double w[DIM], v[DIM];
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    init(&p, DIM, _i);
    p.samples = 1;
    point(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_OK(saddle_cnc_check(f, w, NULL, v, &c));
    ck_assert(c.variance == 0.0 && c.second_moment > 0.0);
    ck_assert_double_eq_tol(c.second_moment, c.mean * c.mean, 1e-16);
    ck_assert_int_eq(c.samples, 1);
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
    saddle_objective_destroy(f);
    init(&p, 1, _i); /* and one entry: v is all there is */
    p.samples = 1;
    f = problem_objective(&p, NULL);
    EXPECT_OK(saddle_cnc_check(f, w, NULL, v, &c));
    ck_assert(c.sine == 0.0 && c.lower == c.upper && c.lower == c.second_moment);
    ck_assert_int_eq(c.multiplicity, 1);
    ck_assert_double_eq_tol(c.cosine, 1.0, 1e-15);
    saddle_objective_destroy(f);
}
END_TEST

/* Without products enough to tell lambda_2 nothing is known of v, and nothing is decided but against the whole energy. */
START_TEST(too_few_products_leave_it_open)
{
    struct problem p;
    double w[MOST_DIM];
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    init(&p, MOST_DIM, 4);
    point(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = options("max_products", "1");
    EXPECT_OK(saddle_cnc_check(f, w, o, NULL, &c));
    ck_assert(c.sine == 1.0 && c.lower == 0.0);
    ck_assert_double_eq_tol(c.upper, c.energy, 1e-15); /* n is below 256: of all samples */
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_UNDECIDED);
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_CNC_GAMMA, c.energy * 1.0001));
    EXPECT_OK(saddle_cnc_check(f, w, o, NULL, &c));
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_FAILS);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

START_TEST(arguments_of_the_check)
{
    struct problem p;
    double w[DIM], v[DIM] = {7.0};
    struct {
        saddle_cnc c;
        int64_t more[2];
    } out;
    init(&p, DIM, 4);
    point(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = options("basis", "7");
    memset(&out, 0x5a, sizeof out);
    EXPECT_FAIL(saddle_cnc_check(NULL, w, o, v, &out.c), SADDLE_E_ARGUMENT, "saddle_cnc_check: the objective is NULL");
    EXPECT_FAIL(saddle_cnc_check(f, NULL, o, v, &out.c), SADDLE_E_ARGUMENT, "saddle_cnc_check: w is NULL");
    EXPECT_FAIL(saddle_cnc_check(f, w, o, v, NULL), SADDLE_E_ARGUMENT, "saddle_cnc_check: out is NULL");
    static const int64_t bad[] = {0, -8, 8, (int64_t)sizeof(saddle_cnc) - 8, 65537};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        out.c.struct_size = bad[i];
        EXPECT_FAIL(saddle_cnc_check(f, w, o, v, &out.c), SADDLE_E_STRUCT_SIZE, "sizeof(saddle_cnc)");
    }
    out.c.struct_size = (int64_t)sizeof out.c;
    w[2] = (double)INFINITY;
    EXPECT_FAIL(saddle_cnc_check(f, w, o, v, &out.c), SADDLE_E_NOT_FINITE, "saddle_cnc_check: entry 2 of w is inf");
    ck_assert_int_eq(p.calls, 0);
    ck_assert(v[0] == 7.0 && out.c.verdict == INT64_C(0x5a5a5a5a5a5a5a5a));
    w[2] = 0.0;
    out.c.struct_size = (int64_t)sizeof out;
    EXPECT_OK(saddle_cnc_check(f, w, o, v, &out.c)); /* of 3 entries 7 vectors are enough */
    ck_assert_int_eq(out.c.struct_size, sizeof out.c);
    ck_assert_int_eq(out.more[0], INT64_C(0x5a5a5a5a5a5a5a5a));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_CNC_BOUND, 0.05));
    EXPECT_FAIL(saddle_cnc_check(f, w, o, v, &out.c), SADDLE_E_RANGE, "cnc_bound is 0.05, but a sample's gradient has a norm of");
    saddle_objective_destroy(f);
    init(&p, MOST_DIM, 4);
    double more[MOST_DIM] = {0.0};
    f = problem_objective(&p, NULL);
    EXPECT_FAIL(saddle_cnc_check(f, more, o, NULL, &out.c), SADDLE_E_RANGE, "basis = 7 vectors are too few for 2 pairs");
    saddle_objective_destroy(f);
    EXPECT_OK(saddle_objective_create(NULL, DIM, SAMPLES, &p, &f));
    EXPECT_FAIL(saddle_cnc_check(f, w, o, v, &out.c), SADDLE_E_MISSING, "saddle_cnc_check needs");
    EXPECT_OK(saddle_objective_set_hessvec(f, problem_hessvec));
    EXPECT_OK(saddle_objective_set_slopes(f, problem_slopes));
    EXPECT_FAIL(saddle_cnc_check(f, w, o, v, &out.c), SADDLE_E_MISSING, "saddle_cnc_check needs gradients");
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(arguments_along)
{
    struct problem p;
    double w[DIM], v[2 * DIM] = {1.0, 0.0, 0.0, 0.0, 1.0, 0.0}, m[2] = {7.0, 7.0}, cosines[2];
    init(&p, DIM, 0);
    point(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    EXPECT_FAIL(saddle_cnc_along(NULL, w, NULL, 2, v, m, NULL), SADDLE_E_ARGUMENT, "saddle_cnc_along: the objective is NULL");
    EXPECT_FAIL(saddle_cnc_along(f, NULL, NULL, 2, v, m, NULL), SADDLE_E_ARGUMENT, "saddle_cnc_along: w is NULL");
    EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 2, NULL, m, NULL), SADDLE_E_ARGUMENT, "saddle_cnc_along: v is NULL");
    EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 2, v, NULL, NULL), SADDLE_E_ARGUMENT, "saddle_cnc_along: second_moments is NULL");
    EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 0, v, m, NULL), SADDLE_E_ARGUMENT, "k is 0, outside 1 .. 1048576");
    EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 1048577, v, m, NULL), SADDLE_E_ARGUMENT, "k is 1048577, outside");
    static const double wrong[] = {0.0, -1.1, 1.00001, 1e300, (double)NAN};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        v[4] = wrong[i];
        EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 2, v, m, NULL), SADDLE_E_ARGUMENT, "direction 1 has the norm");
        EXPECT_MESSAGE("instead of 1");
    }
    v[4] = 1.0 - 9e-7;
    w[1] = (double)NAN;
    EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 2, v, m, NULL), SADDLE_E_NOT_FINITE, "saddle_cnc_along: entry 1 of w is nan");
    ck_assert_int_eq(p.calls, 0);
    ck_assert(m[0] == 7.0);
    w[1] = 0.0;
    EXPECT_OK(saddle_cnc_along(f, w, NULL, 2, v, m, cosines));
    saddle_objective_destroy(f);
    EXPECT_OK(saddle_objective_create(NULL, DIM, SAMPLES, &p, &f));
    EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 2, v, m, NULL), SADDLE_E_MISSING, "saddle_cnc_along needs gradients");
    EXPECT_OK(saddle_objective_set_slopes(f, problem_slopes)); /* which are enough, but for cosines */
    p.grain = 0;
    EXPECT_OK(saddle_cnc_along(f, w, NULL, 2, v, m, NULL));
    EXPECT_FAIL(saddle_cnc_along(f, w, NULL, 2, v, m, cosines), SADDLE_E_MISSING, "saddle_cnc_along needs gradients");
    saddle_objective_destroy(f);
    ck_assert_str_eq(saddle_verdict_name(SADDLE_VERDICT_FAILS), "fails");
    ck_assert_str_eq(saddle_verdict_name(SADDLE_VERDICT_UNDECIDED), "undecided");
    ck_assert_str_eq(saddle_verdict_name(SADDLE_VERDICT_HOLDS), "holds");
    static const int64_t none[] = {-2, 2, INT64_MAX, INT64_MIN, INT64_C(1) << 32};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_ptr_null(saddle_verdict_name(none[i]));
    }
}
END_TEST

START_TEST(the_callers_rounding_mode_does_not_matter)
{
    struct problem p;
    double w[DIM], v[2][DIM], m[2];
    saddle_cnc c[2];
    memset(c, 0, sizeof c);
    init(&p, DIM, _i);
    point(&p, w);
    saddle_objective *f = problem_objective(&p, NULL);
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(fesetround(k ? FE_UPWARD : FE_TONEAREST), 0);
        c[k].struct_size = (int64_t)sizeof c[k];
        const saddle_status s = saddle_cnc_check(f, w, NULL, v[k], &c[k]);
        const saddle_status t = saddle_cnc_along(f, w, NULL, 1, v[k], &m[k], NULL);
        const int mode = fegetround();
        (void)fesetround(FE_TONEAREST);
        ck_assert_int_eq(s, SADDLE_OK);
        ck_assert_int_eq(t, SADDLE_OK);
        ck_assert_int_eq(mode, k ? FE_UPWARD : FE_TONEAREST);
    }
    EXPECT_SAME(&c[0], &c[1], sizeof c[0]);
    EXPECT_SAME(v[0], v[1], sizeof v[0]);
    EXPECT_SAME(&m[0], &m[1], sizeof m[0]);
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cnc");
    TCase *t = tcase_create("cnc");
    tcase_set_timeout(t, 100);
    tcase_add_loop_test(t, moments_are_those_of_the_formula, 0, WAYS);
    tcase_add_loop_test(t, moments_along_given_directions, 0, WAYS);
    tcase_add_test(t, threads_change_nothing);
    tcase_add_test(t, samples_of_a_stream);
    tcase_add_test(t, samples_without_replacement);
    tcase_add_loop_test(t, a_sample_of_a_multiple_eigenvalue, 0, WAYS);
    tcase_add_loop_test(t, one_sample_has_no_noise, 0, WAYS);
    tcase_add_test(t, too_few_products_leave_it_open);
    tcase_add_test(t, arguments_of_the_check);
    tcase_add_test(t, arguments_along);
    tcase_add_loop_test(t, the_callers_rounding_mode_does_not_matter, 0, WAYS);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
