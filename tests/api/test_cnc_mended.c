/* SPDX-License-Identifier: BSD-3-Clause */
/* What the CNC check once said wrongly: rounding taken for noise where large gradients are rare, gradients whose squares are too small
 * for a double, slopes that are not those of the gradients, a variance from one sample; rounding between the directions of a multiple
 * lambda_min, and an energy below the second moment. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/run_suite.h"
#include <float.h>
#include <math.h>
#include <saddle/saddle.h>

enum { DIM = 3 };

/* grad f_z = H w + b_z, H = scale diag(-1, 1, 2); b_z = 0 but for one sample in `rare`: (+-along, +-across, 0). The slopes callback gives
 * `factor` times the truth. */
struct sparse {
    int64_t rare, gradients, projections;
    double scale, along, across, factor;
};

static void gradient_of(const struct sparse *p, int64_t z, const double *w, double *g)
{
    const int on = z % p->rare == p->rare / 2;
    g[0] = -p->scale * w[0] + (on ? (z % 2 ? p->along : -p->along) : 0.0);
    g[1] = p->scale * w[1] + (on ? (z / 2 % 2 ? p->across : -p->across) : 0.0);
    g[2] = 2.0 * p->scale * w[2];
}

static int sparse_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct sparse *p = user;
    double one[DIM];
    g[0] = g[1] = g[2] = 0.0;
    for (int64_t i = 0; i < b->count; i++) {
        gradient_of(p, b->index[i], w, one);
        for (int j = 0; j < DIM; j++) {
            g[j] += one[j] / (double)b->count;
        }
    }
    p->gradients += b->count;
    return 0;
}

static int sparse_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    const struct sparse *p = user;
    (void)b;
    (void)w;
    product[0] = -p->scale * v[0];
    product[1] = p->scale * v[1];
    product[2] = 2.0 * p->scale * v[2];
    return 0;
}

static int sparse_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    const struct sparse *p = user;
    for (int64_t i = 0; i < b->count; i++) {
        double g[DIM];
        gradient_of(p, b->index[i], w, g);
        for (int64_t j = 0; j < k; j++) {
            const double *x = v + j * DIM;
            slopes[i * k + j] = p->factor * (g[0] * x[0] + g[1] * x[1] + g[2] * x[2]);
        }
    }
    return 0;
}

static int sparse_project(void *user, int64_t dim, double *w)
{
    struct sparse *p = user;
    (void)dim;
    (void)w;
    p->projections++;
    return 0;
}

static const struct sparse plain = {.rare = 1, .scale = 1.0, .along = 1.0, .across = 1.0, .factor = 1.0};

static saddle_status try_check(struct sparse *p, saddle_context *x, int64_t n, int by_slopes, const char *samples, saddle_cnc *c)
{
    const double w[DIM] = {0.0};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    memset(c, 0, sizeof *c);
    c->struct_size = (int64_t)sizeof *c;
    EXPECT_OK(saddle_objective_create(x, DIM, n, p, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, sparse_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, sparse_hessvec));
    EXPECT_OK(saddle_objective_set_slopes(f, by_slopes ? sparse_slopes : NULL));
    EXPECT_OK(saddle_objective_set_project(f, sparse_project));
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_text(o, "cnc_samples", samples));
    p->gradients = 0;
    const saddle_status s = saddle_cnc_check(f, w, o, NULL, c);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return s;
}

/* 20 of 100,000 samples have a gradient, across v; what they have along v is rounding, or next to it. 256 samples saw none of them. */
START_TEST(rounding_of_rare_gradients_is_no_noise)
{
    static const double along[] = {0.0, 1e-17, 1e-9};
    for (int k = 0; k < 3; k++) {
        struct sparse p = plain;
        saddle_cnc c, other;
        p.rare = 5000;
        p.along = along[k];
        EXPECT_OK(try_check(&p, NULL, 100000, 1, "0", &c));
        ck_assert_int_eq(p.gradients, 257);
        ck_assert_int_eq(c.gradients, 256);
        ck_assert_int_eq(c.zero_gradients, 256);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_FAILS);
        EXPECT_OK(try_check(&p, NULL, 100000, 0, "0", &other)); /* by gradients: the whole energy is known */
        ck_assert_int_eq(other.verdict, SADDLE_VERDICT_FAILS);
        ck_assert_double_eq_tol(c.second_moment, other.second_moment, 1e-12 * other.energy);
        ck_assert_double_eq_tol(other.energy, 2e-4, 1e-9);
        EXPECT_OK(try_check(&p, NULL, 100000, 1, "90000", &c));
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_UNDECIDED);
        EXPECT_OK(try_check(&p, NULL, 100000, 0, "90000", &c));
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_UNDECIDED);
    }
    struct sparse p = plain; /* and noise is noise, however rare */
    saddle_cnc c;
    p.rare = 5000;
    p.along = 1e-3;
    for (int way = 0; way < 4; way++) {
        EXPECT_OK(try_check(&p, NULL, 100000, way % 2, way < 2 ? "0" : "90000", &c));
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
    }
}
END_TEST

/* Squares below the smallest double say neither that there is noise nor that there is none. */
START_TEST(gradients_from_the_smallest_to_the_largest)
{
    static const double sizes[] = {1e-300, 1e-200, 1e-165, 1e-150, 1e-100, 1e130, 1e134, 1e150};
    for (int k = 0; k < 8; k++) {
        for (int way = 0; way < 4; way++) {
            struct sparse p = plain;
            saddle_cnc c;
            p.along = p.across = sizes[k];
            const saddle_status s = try_check(&p, NULL, 1000, way % 2, way < 2 ? "0" : "500", &c);
            if (k >= 6) {
                ck_assert_int_eq(s, SADDLE_E_NOT_FINITE);
                EXPECT_MESSAGE("whose square is out of range");
                continue;
            }
            ck_assert_int_eq(s, SADDLE_OK);
            ck_assert_int_eq(c.verdict, k < 3 ? SADDLE_VERDICT_UNDECIDED : SADDLE_VERDICT_HOLDS);
            ck_assert_double_eq_tol(c.cosine, 0.5, 1e-13);
            ck_assert(k < 3 ? c.second_moment == 0.0 && c.upper > 0.0 : fabs(c.amplification - 1.5) < 1e-12);
            ck_assert_int_eq(p.projections, 0);
        }
    }
}
END_TEST

START_TEST(hessians_from_the_smallest_to_the_largest)
{
    static const double scales[] = {1e-300, 1e-200, 1e-100, 1.0, 1e100, 1e150, 1e160};
    for (int k = 0; k < 7; k++) {
        struct sparse p = plain;
        saddle_cnc c;
        p.scale = scales[k];
        p.along = p.across = k < 3 ? 1e-99 : 1e100;
        EXPECT_OK(try_check(&p, NULL, 1000, 0, "0", &c));
        ck_assert_double_eq_tol(c.lambda_min / scales[k], -1.0, 1e-12);
        ck_assert(c.sine < 1e-6 && c.sine > 0.0);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
        const double ratio = p.along / p.scale;
        ck_assert(ratio * ratio > DBL_MAX ? isinf(c.curvature_ratio) : fabs(c.curvature_ratio / (ratio * ratio) - 1.0) < 1e-12);
    }
}
END_TEST

START_TEST(slopes_that_are_not_those_of_the_gradients)
{
    static const double factors[] = {1.5, -1.0, 0.99, 1e-3, 1e10};
    for (int k = 0; k < 5; k++) {
        for (int way = 0; way < 3; way++) {
            struct sparse p = plain;
            saddle_cnc c;
            p.factor = factors[k];
            p.across = 1e-3;
            p.rare = way == 2 ? 300 : 1; /* of the first 256 samples, whose slopes are from gradients, one at most is not 0 */
            const saddle_status s = try_check(&p, NULL, way == 0 ? 200 : 60000, 1, way == 2 ? "59999" : "0", &c);
            if (way < 2) {
                ck_assert_int_eq(s, SADDLE_E_ARGUMENT);
                EXPECT_MESSAGE("the slopes callback gives");
                EXPECT_MESSAGE("saddle_check_derivatives()");
                ck_assert_int_eq(c.verdict, 0);
            } else {
                ck_assert(s == SADDLE_E_ARGUMENT || c.samples <= 256);
            }
        }
    }
    struct sparse p = plain; /* single precision will do */
    saddle_cnc c;
    p.factor = 1.0 + 1e-6;
    EXPECT_OK(try_check(&p, NULL, 60000, 1, "0", &c));
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
}
END_TEST

START_TEST(one_sample_of_many_knows_no_variance)
{
    for (int way = 0; way < 2; way++) {
        struct sparse p = plain;
        saddle_cnc c;
        EXPECT_OK(try_check(&p, NULL, 1000, way, "1", &c));
        ck_assert(isnan(c.variance) && c.samples == 1 && c.exact == 0);
        ck_assert_double_eq_tol(c.lower, 1e-3, 2e-8); /* that sample alone makes a thousandth of it, for sure; the bisection ends at 1e-6 */
        EXPECT_OK(try_check(&p, NULL, 1000, way, "2", &c));
        ck_assert(!isnan(c.variance));
        EXPECT_OK(try_check(&p, NULL, 1000, way, "1000", &c));
        ck_assert_int_eq(c.exact, 1);
        EXPECT_OK(try_check(&p, NULL, 1, way, "0", &c));
        ck_assert(c.variance == 0.0 && c.exact == 1);
    }
}
END_TEST

/* Room is made for samples that are taken, not for those that are allowed. */
START_TEST(a_decided_sample_takes_little_room)
{
    struct memory m;
    struct sparse p = plain;
    saddle_context *x = NULL;
    saddle_cnc c;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&a, &x));
    EXPECT_OK(try_check(&p, x, 2000000, 0, "1999999", &c));
    ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
    ck_assert_int_eq(c.samples, 64);
    ck_assert_int_lt(m.peak, 100000);
    saddle_context_destroy(x);
}
END_TEST

/* H = diag(-1, .., -1, 1, 2, ..), -1 `copies` times; 16 samples with b_z,j = +-sigma_j, each sign once with each other one of four, so that
 * M = diag(sigma_j^2) among entries of different j % 4. */
enum { WIDE = 120, SIGNS = 16 };

struct fold {
    int64_t copies;
    double sigma[WIDE];
};

static double fold_value(const struct fold *p, int64_t j)
{
    return j < p->copies ? -1.0 : (double)(j - p->copies + 1);
}

static int fold_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct fold *p = user;
    for (int64_t j = 0; j < b->dim; j++) {
        g[j] = fold_value(p, j) * w[j];
        for (int64_t i = 0; i < b->count; i++) {
            g[j] += ((b->index[i] >> j % 4) % 2 ? p->sigma[j] : -p->sigma[j]) / (double)b->count;
        }
    }
    return 0;
}

static int fold_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    (void)w;
    for (int64_t j = 0; j < b->dim; j++) {
        product[j] = fold_value(user, j) * v[j];
    }
    return 0;
}

static void check_fold(struct fold *p, int64_t dim, int64_t basis, double gamma, saddle_cnc *c)
{
    static const double w[WIDE];
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    memset(c, 0, sizeof *c);
    c->struct_size = (int64_t)sizeof *c;
    EXPECT_OK(saddle_objective_create(NULL, dim, SIGNS, p, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, fold_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, fold_hessvec));
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_CNC_GAMMA, gamma));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_EIGEN_TOL, 1e-10));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_BASIS, basis));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MAX_PRODUCTS, 10000));
    EXPECT_OK(saddle_cnc_check(f, w, o, NULL, c));
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}

/* m_1 is the least eigenvalue of a matrix of norm 1: eps of that norm is in the interval. */
START_TEST(rounding_between_equal_eigenvalues)
{
    struct fold p = {.copies = 4, .sigma = {1.0, 1.0, 1.0}};
    static const double least[] = {3e-6, 1e-7, 1e-3, 0.0};
    static const double factors[] = {0.9, 1.1};
    saddle_cnc c;
    for (int k = 0; k < 4; k++) {
        p.sigma[3] = least[k];
        const double m = least[k] * least[k];
        /* below 1e-12 of the energy all is rounding */
        for (double gamma = m * 0.9998; gamma <= m * 1.0003 && m > 5e-12; gamma += m * 1e-5) {
            check_fold(&p, 8, 0, gamma, &c);
            ck_assert(c.verdict != (gamma < m ? SADDLE_VERDICT_FAILS : SADDLE_VERDICT_HOLDS));
        }
        check_fold(&p, 8, 0, 0.0, &c);
        ck_assert_int_eq(c.multiplicity, 4);
        ck_assert(c.lower <= m && m <= c.upper);
        ck_assert_double_le(c.upper - c.lower, 1e-14);
        ck_assert_double_ge(c.cosine, 0.0);
        for (int i = 0; i < 2 && k == 0; i++) {
            check_fold(&p, 8, 0, m * factors[i], &c);
            ck_assert_int_eq(c.verdict, i == 0 ? SADDLE_VERDICT_HOLDS : SADDLE_VERDICT_FAILS);
        }
    }
}
END_TEST

/* A part of the space is known, and not where it ends: what the noise does not reach there is enough to say that it fails. */
START_TEST(a_space_that_does_not_end)
{
    static const struct {
        int64_t copies, dim, basis, multiplicity;
    } cases[] = {{64, 120, 0, 64}, {120, 120, 0, 64}, {80, 120, 0, 64}, {4, 120, 12, 4}, {4, 120, 16, 4}};
    for (int k = 0; k < 5; k++) {
        struct fold p = {.copies = cases[k].copies};
        saddle_cnc c;
        p.sigma[0] = p.sigma[1] = p.sigma[2] = 1.0;
        check_fold(&p, cases[k].dim, cases[k].basis, 0.0, &c);
        ck_assert_int_eq(c.multiplicity, cases[k].multiplicity);
        ck_assert(c.sine < 1e-6 && c.lower == 0.0 && c.upper < 1e-12);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_FAILS);
        ck_assert_double_le(c.second_moment, 1e-14);
    }
    for (int k = 3; k < 5; k++) { /* it is reached all over; what is not known of it may be reached less */
        struct fold p = {.copies = 4, .sigma = {1.0, 1.0, 1.0, 1.0}};
        saddle_cnc c;
        check_fold(&p, 120, cases[k].basis, 0.5, &c);
        ck_assert(c.verdict == SADDLE_VERDICT_UNDECIDED && c.lower == 0.0);
        check_fold(&p, 120, cases[k].basis, 1.01, &c);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_FAILS);
        check_fold(&p, 120, 0, 0.5, &c);
        ck_assert_int_eq(c.verdict, SADDLE_VERDICT_HOLDS);
    }
}
END_TEST

/* Up to 64 entries all of the space is known, and where it ends. */
START_TEST(a_space_of_all_entries)
{
    static const int64_t copies[] = {64, 63, 4};
    for (int k = 0; k < 3; k++) {
        struct fold p = {.copies = copies[k], .sigma = {1.0, 1.0, 1.0, 1.0}};
        saddle_cnc c;
        check_fold(&p, 64, 0, 0.0, &c);
        ck_assert_int_eq(c.multiplicity, copies[k]);
        ck_assert_double_lt(c.sine, 1e-8);
        ck_assert_int_eq(c.verdict, k < 2 ? SADDLE_VERDICT_FAILS : SADDLE_VERDICT_HOLDS);
    }
}
END_TEST

/* One sample of 100,000 has a gradient, and 256 of them do not meet it. E >= m_1 all the same, and that gradient is known. */
START_TEST(energy_is_not_below_the_second_moment)
{
    for (int k = 0; k < 3; k++) {
        struct sparse p = plain;
        saddle_cnc c;
        p.rare = 100000;
        p.along = k == 1 ? 0.0 : 3.0;
        p.across = k == 0 ? 0.0 : 4.0;
        EXPECT_OK(try_check(&p, NULL, 100000, 1, "0", &c));
        ck_assert_int_eq(c.zero_gradients, 256);
        ck_assert_double_eq_tol(c.second_moment, p.along * p.along * 1e-5, 1e-10);
        if (k == 0) {
            ck_assert_double_ge(c.energy, c.second_moment);
            ck_assert_double_eq_tol(c.energy, 9e-5, 1e-10);
            ck_assert_double_eq_tol(c.amplification, 3.0, 1e-5);
        } else if (k == 2) {
            ck_assert_double_eq_tol(c.energy, 25e-5, 1e-10);
            ck_assert_double_eq_tol(c.amplification, 3.0 * 9.0 / 25.0, 1e-5);
        }
    }
}
END_TEST

/* The norm itself where a gradient was taken, no less than it where a slope was. */
START_TEST(a_norm_above_the_bound)
{
    static const double w[WIDE];
    struct sparse p = plain;
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    saddle_cnc c = {.struct_size = (int64_t)sizeof c};
    p.along = 2.0;
    p.across = 0.0;
    EXPECT_OK(saddle_objective_create(NULL, DIM, 1000, &p, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, sparse_gradient));
    EXPECT_OK(saddle_objective_set_hessvec(f, sparse_hessvec));
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_real(o, SADDLE_OPT_CNC_BOUND, 1.0));
    for (int by_slopes = 0; by_slopes < 2; by_slopes++) {
        EXPECT_OK(saddle_objective_set_slopes(f, by_slopes ? sparse_slopes : NULL));
        EXPECT_FAIL(saddle_cnc_check(f, w, o, NULL, &c), SADDLE_E_RANGE, "a sample's gradient has a norm of 2");
        ck_assert((strstr(saddle_error_message(), "or more") != NULL) == by_slopes);
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cnc_mended");
    TCase *t = tcase_create("cnc_mended");
    tcase_set_timeout(t, 100);
    tcase_add_test(t, rounding_of_rare_gradients_is_no_noise);
    tcase_add_test(t, gradients_from_the_smallest_to_the_largest);
    tcase_add_test(t, hessians_from_the_smallest_to_the_largest);
    tcase_add_test(t, slopes_that_are_not_those_of_the_gradients);
    tcase_add_test(t, one_sample_of_many_knows_no_variance);
    tcase_add_test(t, a_decided_sample_takes_little_room);
    tcase_add_test(t, rounding_between_equal_eigenvalues);
    tcase_add_test(t, a_space_that_does_not_end);
    tcase_add_test(t, a_space_of_all_entries);
    tcase_add_test(t, energy_is_not_below_the_second_moment);
    tcase_add_test(t, a_norm_above_the_bound);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
