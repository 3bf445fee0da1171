/* SPDX-License-Identifier: BSD-3-Clause */
/* What the CNC check says where the answer is known: planted noise, symmetric networks, multiple eigenvalues, heavy tails, the saddles of
 * the demo; and how much memory it takes. */
#include "examples/support/network_model.h"
#include "examples/support/pca_model.h"
#include "numeric/trial.h"
#include "support/run_suite.h"
#include <stdio.h>

enum { DIM = 12, SAMPLES = 500, TAILS = 20000 };

/* f_z(w) = w'H w/2 + b_z'w, H = Q D Q, Q = I - 2 u u'. */
struct planted {
    double d[DIM], u[DIM];
    double b[SAMPLES][DIM];
};

static void reflect(const struct planted *p, const double *x, double *y)
{
    double s = 0.0;
    for (int j = 0; j < DIM; j++) {
        s += p->u[j] * x[j];
    }
    for (int j = 0; j < DIM; j++) {
        y[j] = x[j] - 2.0 * s * p->u[j];
    }
}

static int planted_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    const struct planted *p = user;
    double x[DIM];
    (void)b;
    (void)w;
    reflect(p, v, x);
    for (int j = 0; j < DIM; j++) {
        x[j] *= p->d[j];
    }
    reflect(p, x, product);
    return 0;
}

static int planted_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct planted *p = user;
    (void)planted_hessvec(user, b, w, w, g);
    for (int j = 0; j < DIM; j++) {
        double sum = 0.0;
        for (int64_t i = 0; i < b->count; i++) {
            sum += p->b[b->index[i]][j];
        }
        g[j] += sum / (double)b->count;
    }
    return 0;
}

static int planted_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    for (int64_t i = 0; i < b->count; i++) {
        saddle_batch one = *b;
        double g[DIM];
        one.count = 1;
        one.index = b->index + i;
        (void)planted_gradient(user, &one, w, g);
        for (int64_t j = 0; j < k; j++) {
            double s = 0.0;
            for (int64_t a = 0; a < DIM; a++) {
                s += g[a] * v[j * DIM + a];
            }
            slopes[i * k + j] = s;
        }
    }
    return 0;
}

/* -1 `copies` times, then 1/2, 1, ...; noise of standard deviation 1 per eigenvector, but along each of the first `copies`, where it is
 * of size along[k] and random sign. */
static void plant(struct planted *p, int copies, const double *along)
{
    const saddle_random_stream s = {3, 200, 0}, t = {4, 200, 0};
    double square = 0.0, z[DIM], signs[DIM];
    EXPECT_OK(saddle_random_normal(&t, 0, DIM, p->u));
    for (int j = 0; j < DIM; j++) {
        p->d[j] = j < copies ? -1.0 : 0.5 * (double)(j - copies + 1);
        square += p->u[j] * p->u[j];
    }
    for (int j = 0; j < DIM; j++) {
        p->u[j] /= sqrt(square);
    }
    for (int64_t i = 0; i < SAMPLES; i++) {
        EXPECT_OK(saddle_random_normal(&s, 2 * i * DIM, DIM, z));
        EXPECT_OK(saddle_random_normal(&s, (2 * i + 1) * DIM, DIM, signs));
        for (int j = 0; j < copies; j++) {
            z[j] = signs[j] > 0.0 ? along[j] : -along[j];
        }
        reflect(p, z, p->b[i]);
    }
}

/* Gradients; slopes; as many samples as there are. */
enum { WAYS = 3 };

static saddle_cnc check(struct planted *p, int way, const char *gamma, double *v)
{
    const double w[DIM] = {0.0};
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    saddle_objective *f = trial_objective(DIM, SAMPLES, p, planted_gradient, NULL);
    saddle_options *o = trial_options("eigen_tol=1e-10");
    EXPECT_OK(saddle_objective_set_hessvec(f, planted_hessvec));
    EXPECT_OK(saddle_objective_set_slopes(f, way == 1 ? planted_slopes : NULL));
    EXPECT_OK(saddle_options_set_text(o, "cnc_gamma", gamma));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_CNC_SAMPLES, way == 2 ? SAMPLES : 0));
    EXPECT_OK(saddle_cnc_check(f, w, o, v, &c));
    ck_assert_int_eq(c.exact, 1);
    ck_assert_int_eq(c.samples, SAMPLES);
    ck_assert_int_eq(c.gradients, way == 1 ? 256 : SAMPLES);
    ck_assert_double_eq_tol(c.lambda_min, -1.0, 1e-12);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return c;
}

static struct planted planted;

START_TEST(no_noise_along_v)
{
    const double along[1] = {0.0};
    plant(&planted, 1, along);
    for (int way = 0; way < WAYS; way++) {
        const saddle_cnc c = check(&planted, way, "0", NULL);
        ck_assert_double_gt(c.energy, 9.0);
        ck_assert_double_le(c.second_moment, 1e-12 * c.energy);
        ck_assert_double_le(c.upper, 1e-12 * c.energy);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_FAILS);
        ck_assert_int_eq(c.multiplicity, 1);
    }
}
END_TEST

START_TEST(noise_of_known_size_along_v)
{
    static const double sizes[] = {1e-4, 1e-2, 1.0, 100.0};
    for (int k = 0; k < 4; k++) {
        double first = 0.0, v[DIM], e[DIM] = {1.0}, axis[DIM];
        plant(&planted, 1, &sizes[k]);
        for (int way = 0; way < WAYS; way++) {
            const saddle_cnc c = check(&planted, way, "0", v);
            const double tol = 1e-12 * fmax(c.energy, 1.0);
            ck_assert_double_eq_tol(c.second_moment, sizes[k] * sizes[k], tol);
            ck_assert(c.lower <= sizes[k] * sizes[k] + tol && c.upper >= sizes[k] * sizes[k] - tol);
            ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
            ck_assert_double_eq_tol(c.second_moment, way == 0 ? c.second_moment : first, tol);
            first = c.second_moment;
            reflect(&planted, e, axis);
            double cosine = 0.0;
            for (int j = 0; j < DIM; j++) {
                cosine += axis[j] * v[j];
            }
            ck_assert_double_le(sqrt(fmax(0.0, 1.0 - cosine * cosine)), c.sine + 3e-8); /* sqrt(eps) of this test's own formula */
        }
        char gamma[40];
        (void)snprintf(gamma, sizeof gamma, "%.17g", sizes[k] * sizes[k] * (k < 1 ? 1.01 : 1.000001));
        for (int way = 0; way < WAYS; way++) {
            ck_assert_int_eq(check(&planted, way, gamma, NULL).verdict, SADDLE_VERDICT_FAILS);
        }
    }
}
END_TEST

/* A double eigenvalue with noise in one direction of its space: the other direction decides. */
START_TEST(noise_in_one_of_two_directions)
{
    static const double along[2][2] = {{0.0, 1.0}, {0.25, 1.0}};
    for (int k = 0; k < 2; k++) {
        plant(&planted, 2, along[k]);
        for (int way = 0; way < WAYS; way++) {
            double v[DIM], x[DIM];
            const saddle_cnc c = check(&planted, way, "0", v);
            ck_assert_int_eq(c.multiplicity, 2);
            ck_assert_int_eq(c.verdict, k == 0 ? SADDLE_VERDICT_FAILS : SADDLE_VERDICT_HOLDS);
            ck_assert_double_le(c.second_moment, along[k][0] * along[k][0] + 1e-12 * c.energy); /* signs are not quite uncorrelated */
            ck_assert_double_ge(c.second_moment, 0.99 * along[k][0] * along[k][0]);
            ck_assert_double_le(c.residual, 1e-9);
            reflect(&planted, v, x);
            ck_assert_double_ge(fabs(x[0]), k == 0 ? 1.0 - 1e-9 : 0.99);
            double square = 0.0;
            for (int j = 0; j < DIM; j++) {
                square += v[j] * v[j];
            }
            ck_assert_double_eq_tol(square, 1.0, 1e-14);
        }
    }
}
END_TEST

/* x_z = slope^2 along w_0: 99 % zeros, the rest exp(s z); with s = 0 they are uniform in [0, 1]. The other entry has its own share. */
struct tails {
    double slope[TAILS], mean, most;
};

static void fill(struct tails *t, double s)
{
    const saddle_random_stream normals = {11, 200, (uint64_t)(100.0 * s)};
    static double u[TAILS];
    double z[TAILS / 100], sum = 0.0;
    EXPECT_OK(saddle_random_normal(&normals, 0, TAILS / 100, z));
    EXPECT_OK(saddle_random_uniform(&normals, 0, TAILS, u));
    t->most = 0.0;
    for (int i = 0; i < TAILS; i++) {
        const double x = s == 0.0 ? u[i] : i % 100 == 0 ? exp(s * z[i / 100]) : 0.0;
        t->slope[i] = i % 200 == 0 ? sqrt(x) : -sqrt(x);
        sum += x;
        t->most = fmax(t->most, x);
    }
    t->mean = sum / TAILS;
}

static int tails_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct tails *t = user;
    double sum = 0.0;
    for (int64_t i = 0; i < b->count; i++) {
        sum += t->slope[b->index[i]];
    }
    g[0] = sum / (double)b->count - w[0];
    g[1] = 0.01 + w[1];
    return 0;
}

static int tails_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    (void)user;
    (void)b;
    (void)w;
    product[0] = -v[0];
    product[1] = v[1];
    return 0;
}

static int tails_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    const struct tails *t = user;
    (void)w;
    for (int64_t i = 0; i < b->count; i++) {
        for (int64_t j = 0; j < k; j++) {
            slopes[i * k + j] = v[2 * j] * t->slope[b->index[i]] + v[2 * j + 1] * 0.01;
        }
    }
    return 0;
}

/* Verdicts and samples over seeds. */
struct tally {
    int holds, fails;
    int64_t samples[1000];
};

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static struct tails tails;
static struct tally tally;

static void try_seeds(int trials, double gamma, double bound, int64_t samples)
{
    const double w[2] = {0.0, 0.0};
    saddle_objective *f = trial_objective(2, TAILS, &tails, tails_gradient, NULL);
    saddle_options *o = trial_options("delta=0.05");
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    EXPECT_OK(saddle_objective_set_hessvec(f, tails_hessvec));
    EXPECT_OK(saddle_objective_set_slopes(f, tails_slopes));
    EXPECT_OK(saddle_objective_set_grain(f, TAILS));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_CNC_GAMMA, gamma));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_CNC_BOUND, bound));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_CNC_SAMPLES, samples));
    tally.holds = tally.fails = 0;
    for (int k = 0; k < trials; k++) {
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, k));
        EXPECT_OK(saddle_cnc_check(f, w, o, NULL, &c));
        tally.holds += c.verdict == SADDLE_VERDICT_HOLDS;
        tally.fails += c.verdict == SADDLE_VERDICT_FAILS;
        tally.samples[k] = c.samples;
        ck_assert_int_eq(c.exact, 0);
    }
    qsort(tally.samples, (size_t)trials, sizeof tally.samples[0], ascending);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}

/* At most 1000 delta + 3 standard deviations of 1000 trials. */
START_TEST(wrong_verdicts)
{
    const double most = 50.0 + 3.0 * sqrt(1000.0 * 0.05 * 0.95);
    fill(&tails, (double)_i);
    try_seeds(1000, tails.mean, 0.0, 2000);
    ck_assert_double_le(tally.holds, most);
    ck_assert_int_eq(tally.fails, 0); /* no bound is known */
    try_seeds(1000, tails.mean * (1.0 - 1e-9), sqrt(tails.most + 1e-4), 2000);
    ck_assert_double_le(tally.fails, most);
    ck_assert_double_le(tally.holds, most);
}
END_TEST

/* Median samples to the right verdict: 356 and 1,164 in an independent program for gamma = m_1/10. */
START_TEST(samples_to_a_verdict_on_heavy_tails)
{
    fill(&tails, _i == 0 ? 1.0 : 2.0);
    try_seeds(201, tails.mean / 10.0, 0.0, TAILS - 1);
    ck_assert_int_eq(tally.holds, 201);
    ck_assert_int_ge(tally.samples[100], _i == 0 ? 250 : 800);
    ck_assert_int_le(tally.samples[100], _i == 0 ? 500 : 1600);
    if (_i == 0) {
        try_seeds(21, tails.mean * 10.0, sqrt(tails.most + 1e-4), TAILS - 1);
        ck_assert_int_eq(tally.fails, 21);
        ck_assert_int_le(tally.samples[10], 2000);
    }
}
END_TEST

START_TEST(the_saddle_of_pca)
{
    struct pca_model *m = pca_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = trial_objective(DIGITS_PIXELS, DIGITS_COUNT, m, pca_gradient, NULL);
    saddle_options *o = trial_options("eigen_tol=1e-10");
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    EXPECT_OK(saddle_objective_set_hessvec(f, pca_hessvec));
    for (int by_slopes = 0; by_slopes < 2; by_slopes++) {
        EXPECT_OK(saddle_objective_set_slopes(f, by_slopes ? pca_slopes : NULL));
        EXPECT_OK(saddle_cnc_check(f, m->saddle, o, NULL, &c));
        ck_assert_double_eq_tol(c.second_moment, 0.1664990762, 1e-10);
        ck_assert_double_eq_tol(c.lambda_min, -0.0596901368, 1e-10);
        ck_assert_double_eq_tol(c.energy, 1.64996, by_slopes ? 0.3 : 5e-6); /* of 256 samples it is an estimate */
        ck_assert_double_eq_tol(c.amplification, 6.4583, by_slopes ? 1.2 : 5e-5);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

START_TEST(the_saddle_of_the_network)
{
    static const double zero[NETWORK_DIM];
    struct network_model *m = network_model_create();
    ck_assert_ptr_nonnull(m);
    saddle_objective *f = trial_objective(NETWORK_DIM, DIGITS_COUNT, m, network_gradient, NULL);
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    EXPECT_OK(saddle_objective_set_hessvec(f, network_hessvec));
    EXPECT_OK(saddle_cnc_check(f, zero, NULL, NULL, &c));
    ck_assert(c.second_moment == 0.0 && c.upper == 0.0 && c.energy == 0.0);
    ck_assert(isnan(c.cosine) && isnan(c.amplification));
    ck_assert_double_eq_tol(c.lambda_min, -0.24070865317943, 1e-12);
    ck_assert_int_eq(c.multiplicity, 16);
    ck_assert_int_eq(c.zero_gradients, DIGITS_COUNT);
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_FAILS);
    saddle_objective_destroy(f);
    free(m);
}
END_TEST

/* Two hidden units with the same weights: no sample moves them apart. */
START_TEST(identical_hidden_units)
{
    static double w[NETWORK_DIM], v[3 * NETWORK_DIM], m[3];
    const saddle_random_stream s = {8, 200, 0};
    const double half = sqrt(0.5);
    struct network_model *model = network_model_create();
    ck_assert_ptr_nonnull(model);
    EXPECT_OK(saddle_random_normal(&s, 0, NETWORK_DIM, w));
    for (int64_t k = 0; k < NETWORK_DIM; k += NETWORK_HIDDEN) { /* unit number 0 and 1 of every row */
        w[k + 1] = w[k];
    }
    const int64_t row = 20 * NETWORK_HIDDEN, last = (DIGITS_PIXELS + 3) * NETWORK_HIDDEN;
    v[row] = v[NETWORK_DIM + last] = half;
    v[row + 1] = v[NETWORK_DIM + last + 1] = -half;
    v[2 * NETWORK_DIM + row] = v[2 * NETWORK_DIM + row + 1] = half; /* both alike is another matter */
    saddle_objective *f = trial_objective(NETWORK_DIM, DIGITS_COUNT, model, network_gradient, NULL);
    for (int by_slopes = 0; by_slopes < 2; by_slopes++) {
        EXPECT_OK(saddle_objective_set_slopes(f, by_slopes ? network_slopes : NULL));
        EXPECT_OK(saddle_cnc_along(f, w, NULL, 3, v, m, NULL));
        ck_assert_double_le(m[0], 1e-30);
        ck_assert_double_le(m[1], 1e-30);
        ck_assert_double_ge(m[2], 1e-6);
    }
    saddle_objective_destroy(f);
    free(model);
}
END_TEST

/* A million samples, 100,000 entries. */
enum { LARGE_DIM = 100000, LARGE_SAMPLES = 1000000 };

static int large_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    (void)user;
    (void)w;
    for (int64_t j = 0; j < b->dim; j++) {
        product[j] = (j == 0 ? -0.1 : j == 1 ? -0.05 : 2e-5 * (double)j) * v[j];
    }
    return 0;
}

static int large_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    (void)w;
    memset(g, 0, sizeof(double) * (size_t)b->dim);
    g[0] = b->index[0] % 2 == 0 ? 0.5 : -0.5;
    g[1] = 1.0;
    return b->count != 1;
}

static int large_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    (void)user;
    (void)w;
    for (int64_t i = 0; i < b->count; i++) {
        for (int64_t j = 0; j < k; j++) {
            slopes[i * k + j] = v[j * b->dim + 1] + (b->index[i] % 2 == 0 ? 0.5 : -0.5) * v[j * b->dim];
        }
    }
    return 0;
}

struct meter {
    int64_t bytes, peak;
};

static void *metered_alloc(void *user, size_t bytes, size_t alignment)
{
    struct meter *m = user;
    m->bytes += (int64_t)bytes;
    m->peak = m->bytes > m->peak ? m->bytes : m->peak;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void metered_dealloc(void *user, void *p, size_t bytes)
{
    struct meter *m = user;
    m->bytes -= (int64_t)bytes;
    free(p);
}

START_TEST(memory_does_not_follow_the_samples)
{
    static double w[LARGE_DIM];
    struct meter meter = {0, 0};
    const saddle_allocator a = {.struct_size = (int64_t)sizeof a, .user = &meter, .alloc = metered_alloc, .dealloc = metered_dealloc};
    saddle_context *x = NULL;
    saddle_objective *f = NULL;
    saddle_options *o = trial_options("basis=64");
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    EXPECT_OK(saddle_context_create(&a, &x));
    EXPECT_OK(saddle_objective_create(x, LARGE_DIM, LARGE_SAMPLES, NULL, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, large_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, large_hessvec));
    EXPECT_OK(saddle_objective_set_slopes(f, large_slopes));
    EXPECT_OK(saddle_objective_set_grain(f, 250000));
    EXPECT_OK(saddle_cnc_check(f, w, o, NULL, &c));
    ck_assert_int_eq(c.samples, LARGE_SAMPLES);
    ck_assert_double_eq_tol(c.second_moment, 0.25, 1e-9);
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
    ck_assert_int_gt(c.products, 64); /* the basis was full */
    ck_assert_msg(meter.peak <= 100000000, "%lld bytes", (long long)meter.peak);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(x);
    ck_assert_int_eq(meter.bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cnc");
    TCase *t = tcase_create("cnc");
    tcase_set_timeout(t, 200);
    tcase_add_test(t, no_noise_along_v);
    tcase_add_test(t, noise_of_known_size_along_v);
    tcase_add_test(t, noise_in_one_of_two_directions);
    tcase_add_loop_test(t, wrong_verdicts, 0, 3);
    tcase_add_loop_test(t, samples_to_a_verdict_on_heavy_tails, 0, 2);
    tcase_add_test(t, the_saddle_of_pca);
    tcase_add_test(t, the_saddle_of_the_network);
    tcase_add_test(t, identical_hidden_units);
    tcase_add_test(t, memory_does_not_follow_the_samples);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
