/* SPDX-License-Identifier: BSD-3-Clause */
/* Several pairs, and one in a small basis: against known spectra, multiple eigenvalues included. */
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdlib.h>

enum { MOST = 64 };

START_TEST(restarted_finds_all_copies)
{
    static const int64_t cases[][4] = {{16, SADDLE_WHICH_SMALLEST, 0, 316}, {20, SADDLE_WHICH_SMALLEST, 0, 320},
                                       {16, SADDLE_WHICH_LARGEST, 0, 316},  {16, SADDLE_WHICH_BOTH, 0, 600},
                                       {16, SADDLE_WHICH_SMALLEST, 36, 320}, {5, SADDLE_WHICH_SMALLEST, 14, 200}};
    double d[1184];
    spectrum_network(d);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        for (uint64_t seed = 0; seed < 3; seed++) {
            struct pairs_trial t;
            pairs_begin(&t, 1184, d, cases[c][0], cases[c][1]);
            t.v.tol = 1e-6;
            t.v.basis = cases[c][2];
            t.v.seed = seed;
            pairs_expect_right(&t);
            ck_assert_msg(t.a.products - t.out.count <= cases[c][3], "case %d: %d products", (int)c, (int)t.a.products);
            pairs_end(&t);
        }
    }
}
END_TEST

/* Identity, zero, low rank: the space closes before there are enough. */
START_TEST(restarted_goes_on_where_a_space_closes)
{
    for (int kind = 0; kind < 4; kind++) {
        double d[100] = {0.0};
        for (int i = 0; i < 100 && kind == 0; i++) {
            d[i] = 3.0;
        }
        if (kind >= 2) {
            d[7] = -2.0;
            d[9] = kind == 2 ? 5.0 : -2.0;
        }
        for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which++) {
            struct pairs_trial t;
            pairs_begin(&t, 100, d, 5, which);
            t.v.eps_hessian = 0.0;
            t.v.basis = which == SADDLE_WHICH_BOTH ? 0 : 14;
            pairs_expect_right(&t);
            for (int64_t i = 0; i < t.out.count; i++) {
                ck_assert_int_eq(t.out.pair[i].invariant, 1);
            }
            pairs_end(&t);
        }
    }
}
END_TEST

/* All pairs, and more than there are. */
START_TEST(restarted_small_orders)
{
    for (int64_t n = 1; n <= 12; n++) {
        double d[12];
        for (int64_t i = 0; i < n; i++) {
            d[i] = cos((double)(i * i));
        }
        for (int64_t pairs = 1; pairs <= n + 2; pairs++) {
            for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which++) {
                struct pairs_trial t;
                pairs_begin(&t, n, d, pairs, which);
                t.v.basis = pairs == 1 ? 8 : 0;
                pairs_expect_right(&t);
                pairs_end(&t);
            }
        }
    }
}
END_TEST

START_TEST(restarted_known_spectra)
{
    enum { N = 300 };
    double d[N];
    spectrum_shape(N, _i, d);
    for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which++) {
        for (int64_t pairs = 1; pairs <= 8; pairs += 3) {
            for (int bounded = 0; bounded < 2; bounded++) {
                struct pairs_trial t;
                pairs_begin(&t, N, d, pairs, which);
                t.v.basis = bounded ? 4 * pairs + 30 : 0;
                pairs_expect_right(&t);
                pairs_end(&t);
            }
        }
    }
}
END_TEST

START_TEST(restarted_dense_against_lapack)
{
    double *const m = malloc(MOST * MOST * sizeof *m);
    REQUIRE(m != NULL);
    uint64_t state = 7;
    for (int64_t n = 1; n <= 60; n += 1 + n / 8) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++) {
                m[i * n + j] = m[j * n + i] = pairs_draw(&state) - 0.5;
            }
        }
        for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which++) {
            struct pairs_trial t;
            pairs_begin(&t, n, NULL, 1 + n / 10, which);
            t.matrix.dense = m;
            t.v.basis = which == SADDLE_WHICH_LARGEST ? 0 : 26 + n / 4;
            struct saddle_i_tridiag small;
            saddle_i_tridiag_init(&small, t.a.context);
            double *s = malloc(MOST * MOST * sizeof *s);
            REQUIRE(s != NULL);
            EXPECT_OK(saddle_i_tridiag_dense(&small, n, m, t.exact, s));
            saddle_i_tridiag_fini(&small);
            free(s);
            pairs_expect_right(&t);
            pairs_end(&t);
        }
    }
    free(m);
}
END_TEST

/* A basis of 20 takes hardly more products than one that holds everything. */
START_TEST(restarted_one_pair_in_a_small_basis)
{
    static const double tol[2] = {1e-3, 1e-8};
    static const int64_t most[2] = {110, 360};
    double *d = spectrum_spike(10000, 0);
    for (int c = 0; c < 2; c++) {
        struct pairs_trial t;
        pairs_begin(&t, 10000, d, 1, SADDLE_WHICH_SMALLEST);
        t.v.basis = 20;
        t.v.eps_hessian = 1.0; /* relative to the norm, then */
        t.v.tol = tol[c];
        EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
        ck_assert(t.out.pair[0].converged && t.out.pair[0].residual <= tol[c]);
        ck_assert(t.out.pair[0].lower <= -1e-3 && t.out.pair[0].upper >= -1e-3 - 1e-15);
        ck_assert_msg(t.a.products <= most[c], "%d products", (int)t.a.products);
        pairs_end(&t);
    }
    free(d);
}
END_TEST

/* Out of products at any number of them: as many pairs as asked for, orthonormal, and none is called converged that is
 * wrong. */
START_TEST(restarted_out_of_products)
{
    double d[1184];
    spectrum_network(d);
    for (int64_t most = 1; most <= 130; most += 1 + most / 5) {
        for (int64_t which = SADDLE_WHICH_SMALLEST; which <= SADDLE_WHICH_BOTH; which++) {
            struct pairs_trial t;
            pairs_begin(&t, 1184, d, 6, which);
            t.v.max_products = most;
            EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
            const int64_t total = saddle_i_lanczos_pairs(&t.v, 1184);
            ck_assert_int_eq(t.out.count, total);
            ck_assert_int_le(t.a.products, most + total);
            pairs_expect_orthonormal(&t);
            pairs_expect_residuals(&t);
            for (int64_t i = 0; i < total; i++) {
                const double exact = t.exact[i < t.low ? i : 1184 - total + i];
                REQUIRE(i == 0 || t.out.pair[i - 1].value <= t.out.pair[i].value);
                REQUIRE(t.out.pair[i].converged == 0 || fabs(t.out.pair[i].value - exact) <= 1e-8);
                REQUIRE(most > 1 || t.out.pair[i].converged == 0);
            }
            pairs_end(&t);
        }
    }
}
END_TEST

START_TEST(restarted_without_vectors_and_twice)
{
    double d[1184];
    spectrum_network(d);
    struct pairs_trial t, u;
    pairs_begin(&t, 1184, d, 4, SADDLE_WHICH_BOTH);
    pairs_begin(&u, 1184, d, 4, SADDLE_WHICH_BOTH);
    t.v.basis = u.v.basis = 24;
    double *const vectors = u.out.vectors;
    EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
    EXPECT_OK(saddle_i_lanczos_restarted(&u.a, &u.v, &u.out));
    EXPECT_SAME(t.out.vectors, u.out.vectors, 8 * 1184 * sizeof(double));
    u.out.vectors = NULL;
    EXPECT_OK(saddle_i_lanczos_restarted(&u.a, &u.v, &u.out));
    for (int i = 0; i < 8; i++) {
        EXPECT_SAME(&t.out.pair[i].value, &u.out.pair[i].value, sizeof(double));
        EXPECT_SAME(&t.out.pair[i].residual, &u.out.pair[i].residual, sizeof(double));
    }
    u.out.vectors = vectors;
    pairs_end(&t);
    pairs_end(&u);
}
END_TEST

/* Products of a limited accuracy, as those by differences: residuals are honest. */
START_TEST(restarted_noisy_products)
{
    double *d = spectrum_spike(400, 0), room = 0.0;
    for (int k = 0; k < 2; k++) {
        struct pairs_trial t;
        pairs_begin(&t, 400, d, 3, SADDLE_WHICH_SMALLEST);
        t.a.room[0] = &room; /* says that products are differences */
        t.matrix.noise = 1e-10;
        t.v.tol = k == 0 ? 1e-4 : 1e-12;
        t.v.basis = 60;
        t.v.max_products = 2000;
        EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
        t.a.room[0] = NULL;
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(t.out.pair[i].converged, k == 0);
            ck_assert_double_le(fabs(t.out.pair[i].value - t.exact[i]), 1e-7);
            ck_assert(k == 0 || t.out.pair[i].residual > 1e-11);
        }
        ck_assert(t.out.pair[0].lower <= d[0] && d[0] <= t.out.pair[0].upper);
        pairs_end(&t);
    }
    free(d);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lanczos_restarted");
    TCase *t = tcase_create("pairs");
    tcase_set_timeout(t, 120);
    suite_add_tcase(s, t);
    tcase_add_test(t, restarted_finds_all_copies);
    tcase_add_test(t, restarted_goes_on_where_a_space_closes);
    tcase_add_test(t, restarted_small_orders);
    tcase_add_loop_test(t, restarted_known_spectra, 0, 6);
    tcase_add_test(t, restarted_dense_against_lapack);
    tcase_add_test(t, restarted_one_pair_in_a_small_basis);
    tcase_add_test(t, restarted_out_of_products);
    tcase_add_test(t, restarted_without_vectors_and_twice);
    tcase_add_test(t, restarted_noisy_products);
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
