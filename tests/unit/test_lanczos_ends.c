/* SPDX-License-Identifier: BSD-3-Clause */
/* How computations of eigenvalues end: with all that their products say, soon after it is enough, and with vectors apart. */
#include "spectrum/krylov.h"
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>

enum { N = 120 };

/* What is left of a vector that lies in the span but for 1e-14 of it is orthogonal to the span all the same. */
START_TEST(a_unit_vector_is_apart_however_little_is_left)
{
    enum { COUNT = 6 };
    double c[COUNT];
    struct saddle_i_basis b;
    saddle_i_basis_init(&b, saddle_i_context_hold(NULL), saddle_i_kernels_best(), N, COUNT);
    EXPECT_OK(saddle_i_basis_reserve(&b, COUNT));
    for (int i = 0; i < COUNT; i++) {
        double *v = saddle_i_basis_vector(&b, i);
        for (int64_t j = 0; j < N; j++) {
            v[j] = cos(3.14159265358979 * (i + 1) * ((double)j + 0.5) / N);
        }
        EXPECT_OK(saddle_i_make_unit(&b, i, c, v));
    }
    for (int power = 1; power <= 14; power++) {
        double x[N] = {0.0};
        uint64_t state = (uint64_t)power;
        for (int i = 0; i < COUNT; i++) {
            b.kernels->axpy(N, 1.0 + i, saddle_i_basis_vector(&b, i), x);
        }
        for (int64_t j = 0; j < N; j++) {
            x[j] += pow(10.0, -power) * (pairs_draw(&state) - 0.5);
        }
        EXPECT_OK(saddle_i_make_unit(&b, COUNT, c, x));
        saddle_i_basis_dots(&b, 0, COUNT, x, c);
        for (int i = 0; i < COUNT; i++) {
            ck_assert_msg(fabs(c[i]) <= 1e-15, "1e-%d: %g along vector %d", power, c[i], i);
        }
        ck_assert_double_le(fabs(saddle_i_norm(b.kernels, N, x) - 1.0), 1e-15);
    }
    double nothing[N] = {0.0};
    EXPECT_FAIL(saddle_i_make_unit(&b, COUNT, c, nothing), SADDLE_E_LINALG, "no direction is left beside 6 vectors");
    saddle_i_basis_fini(&b);
}
END_TEST

/* A multiple of the identity has a space of one dimension, and two ends all the same. */
START_TEST(both_ends_of_the_identity_have_vectors_of_their_own)
{
    double d[N];
    for (int i = 0; i < N; i++) {
        d[i] = -2.5;
    }
    struct pairs_trial t;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_BOTH);
    EXPECT_OK(saddle_i_lanczos_plain(&t.a, &t.v, &t.out));
    ck_assert_int_eq(t.out.count, 2);
    pairs_expect_orthonormal(&t);
    pairs_expect_residuals(&t);
    ck_assert(fabs(t.out.pair[0].value + 2.5) <= 1e-14 && fabs(t.out.pair[1].value + 2.5) <= 1e-14);
    pairs_end(&t);
}
END_TEST

/* Of one product, which any tolerance above 1 takes, both ends would have the same vector. */
START_TEST(both_ends_are_apart_whatever_the_tolerance)
{
    double d[N];
    spectrum_shape(N, 0, d);
    struct pairs_trial t;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_BOTH);
    t.v.tol = 100.0;
    EXPECT_OK(saddle_i_lanczos_plain(&t.a, &t.v, &t.out));
    ck_assert_int_eq(t.out.count, 2);
    ck_assert_double_le(fabs(saddle_i_dot(t.a.kernels, N, t.out.vectors, t.out.vectors + N)), 1e-8);
    pairs_end(&t);
}
END_TEST

/* Out of products at any number of them: the value is that of T of all, whether or not it was looked at. */
START_TEST(out_of_products_all_of_them_count)
{
    static const int64_t which[] = {SADDLE_WHICH_SMALLEST, SADDLE_WHICH_LARGEST, SADDLE_WHICH_BOTH};
    enum { MANY = 1000, MOST = 64 };
    static double d[MANY];
    double alpha[MOST], beta[MOST], theta[MOST];
    spectrum_shape(MANY, 1, d);
    for (int w = 0; w < 3; w++) {
        for (int64_t most = 4; most <= MOST; most += most < 20 ? 1 : 3) {
            struct pairs_trial t;
            struct saddle_i_tridiag small;
            int64_t k = 0;
            pairs_begin(&t, MANY, d, 1, which[w]);
            t.v.tol = 1e-14;
            EXPECT_OK(saddle_i_lanczos_tridiagonal(&t.a, &t.v, most, alpha, beta, &k));
            ck_assert_int_eq(k, most);
            saddle_i_tridiag_init(&small, t.a.context);
            EXPECT_OK(saddle_i_tridiag_solve(&small, k, alpha, beta, 0, k, theta, NULL));
            t.v.max_products = most;
            EXPECT_OK(saddle_i_lanczos_plain(&t.a, &t.v, &t.out));
            for (int i = 0; i < t.out.count; i++) {
                const double expected = which[w] == SADDLE_WHICH_LARGEST || i == 1 ? theta[k - 1] : theta[0];
                ck_assert_msg(fabs(t.out.pair[i].value - expected) <= 1e-13, "%d products, end %d: %.17g, not %.17g", (int)most, i,
                              t.out.pair[i].value, expected);
                ck_assert_int_eq(t.out.pair[i].converged, 0);
            }
            saddle_i_tridiag_fini(&small);
            pairs_end(&t);
        }
    }
}
END_TEST

static int all_converged(const struct pairs_trial *t)
{
    int all = 1;
    for (int64_t i = 0; i < t->out.count; i++) {
        all = all && t->out.pair[i].converged;
    }
    return all;
}

/* Whether the same computation with no more than so many products has converged. */
static int enough(const double *d, int64_t pairs, int64_t which, int64_t basis, int64_t products)
{
    struct pairs_trial t;
    pairs_begin(&t, N, d, pairs, which);
    t.v.basis = basis;
    t.v.max_products = products;
    EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
    const int all = all_converged(&t);
    pairs_end(&t);
    return all;
}

/* One pair in a small basis ends soon after the first product that is enough. */
START_TEST(a_restarted_space_is_looked_at_in_time)
{
    static const int64_t which[] = {SADDLE_WHICH_SMALLEST, SADDLE_WHICH_LARGEST};
    double d[N];
    spectrum_shape(N, _i, d);
    for (int w = 0; w < 2; w++) {
        for (int64_t basis = 12; basis <= 60; basis += 24) {
            struct pairs_trial t;
            pairs_begin(&t, N, d, 1, which[w]);
            t.v.basis = basis;
            EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
            ck_assert(all_converged(&t));
            const int64_t products = t.a.products;
            pairs_end(&t);
            int64_t least = products;
            while (least > 1 && enough(d, 1, which[w], basis, least - 1)) {
                least--;
            }
            ck_assert_msg(products - least <= 2 + basis / 4, "basis %d: %d products, of which %d were enough", (int)basis, (int)products,
                          (int)least);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lanczos_ends");
    TCase *t = tcase_create("ends");
    tcase_add_test(t, a_unit_vector_is_apart_however_little_is_left);
    tcase_add_test(t, both_ends_of_the_identity_have_vectors_of_their_own);
    tcase_add_test(t, both_ends_are_apart_whatever_the_tolerance);
    tcase_add_test(t, out_of_products_all_of_them_count);
    tcase_add_loop_test(t, a_restarted_space_is_looked_at_in_time, 0, 4);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
