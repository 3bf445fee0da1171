/* SPDX-License-Identifier: BSD-3-Clause */
/* NaN and Inf in one entry, at every place of a loop: heads, groups, tails, blocks. Sums that decide say NaN, updates keep it where it
 * was and nowhere else, also where the factor is 0, which is where OpenBLAS makes a 0 of it. */
#include "random/random.h"
#include "space/basis.h"
#include "space/recurrence.h"
#include "space/tiny.h"
#include "support/counted.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <cblas.h>
#include <math.h>

enum { LEVELS = 4, MOST = 2 * SADDLE_I_BLOCK + 70, EVERY_PLACE = 140 };

static const int64_t sizes[] = {1, 2, 3, 4, 7, 8, 15, 31, 32, 33, 63, 64, 65, 97, 131, SADDLE_I_BLOCK - 1, SADDLE_I_BLOCK, SADDLE_I_BLOCK + 1, MOST};
static const double bad[] = {__builtin_nan(""), -__builtin_nan(""), __builtin_inf(), -__builtin_inf()};

static double x[MOST], y[MOST], out[MOST];
static int64_t planted;

/* Vectors without a 0, x with the bad entry. */
static void plant(int64_t n, int64_t at, double what)
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = 0.5 + 0.001 * (double)(i % 17);
        y[i] = -0.25 - 0.002 * (double)(i % 13);
    }
    x[at] = what;
    planted++;
}

/* All places of a short vector; of a long one those at the ends of vectors, groups and blocks. Returns -1 past the last. */
static int64_t place(int64_t n, int k)
{
    static const int64_t of_long[] = {0, 1, 3, 4, 7, 8, 31, 32, 33, SADDLE_I_BLOCK - 33, SADDLE_I_BLOCK - 32, SADDLE_I_BLOCK - 2};
    static const int64_t of_end[] = {1, 2, 3, 5, 8, 9, 31, 32, 33, 70, 71, 72};
    enum { PLACES = sizeof of_long / sizeof of_long[0] };
    if (n <= EVERY_PLACE) {
        return k < n ? k : -1;
    }
    return k < PLACES ? of_long[k] : k < 2 * PLACES ? n - of_end[k - PLACES] : -1;
}

/* out is finite but at this place. */
static int only_there(int64_t n, int64_t at)
{
    for (int64_t i = 0; i < n; i++) {
        if (isfinite(out[i]) != (i != at)) {
            return 0;
        }
    }
    return 1;
}

static void check_sums(const struct saddle_i_kernels *k, int64_t n)
{
    static const double zeros[MOST];
    double with_x, with_p;
    REQUIRE(isnan(saddle_i_dot(k, n, x, y)) && isnan(saddle_i_dot(k, n, y, x)) && isnan(saddle_i_dot(k, n, x, x)));
    REQUIRE(isnan(saddle_i_dot(k, n, x, zeros)) && isnan(saddle_i_dot(k, n, zeros, x)));
    REQUIRE(isnan(saddle_i_norm(k, n, x)));
    REQUIRE(!isfinite(k->mass(n, x)) && !isfinite(saddle_i_max_abs(n, x)));
    saddle_i_two_dots(k, n, y, x, &with_x, y, &with_p);
    REQUIRE(isnan(with_x) && isfinite(with_p));
    saddle_i_two_dots(k, n, x, y, &with_x, y, &with_p);
    REQUIRE(isnan(with_x) && isnan(with_p));
}

static void check_updates(const struct saddle_i_kernels *k, int64_t n, int64_t at)
{
    static const double factors[] = {0.0, -0.0, 1.0, -0.5};
    const size_t bytes = (size_t)n * sizeof(double);
    for (size_t f = 0; f < sizeof factors / sizeof factors[0]; f++) {
        memcpy(out, x, bytes);
        k->scale(n, factors[f], out);
        REQUIRE(only_there(n, at));
        memcpy(out, y, bytes);
        k->axpy(n, factors[f], x, out);
        REQUIRE(only_there(n, at));
        memcpy(out, x, bytes);
        k->axpy(n, factors[f], y, out);
        REQUIRE(only_there(n, at));
        saddle_i_scaled_copy(k, n, factors[f], x, out);
        REQUIRE(only_there(n, at));
        memcpy(out, y, bytes);
        saddle_i_accumulate(k, 0, n, factors[f], x, out);
        REQUIRE(only_there(n, at));
        saddle_i_accumulate(k, 1, n, factors[f], x, out);
        REQUIRE(only_there(n, at));
        memcpy(out, y, bytes);
        REQUIRE(isnan(saddle_i_three_terms(k, n, factors[f], x, 0.0, NULL, out)) && only_there(n, at));
        memcpy(out, y, bytes);
        REQUIRE(isnan(saddle_i_three_terms(k, n, 0.25, y, factors[f], x, out)) && only_there(n, at));
    }
    const saddle_random_stream s = {3, SADDLE_I_PURPOSE_NOISE, 1};
    memcpy(out, x, bytes);
    saddle_i_random_normal_axpy(&s, n, 0.5, out);
    REQUIRE(only_there(n, at));
}

/* The steps find the entry, and what must stay stays. */
static void check_steps(const struct saddle_i_kernels *k, int64_t n, int64_t at)
{
    static double g[MOST];
    const size_t bytes = (size_t)n * sizeof(double);
    double norm = 0.0, wrong = 0.0;
    for (int with_norm = 0; with_norm < 2; with_norm++) {
        int64_t entry = -1;
        memcpy(g, x, bytes);
        memcpy(out, y, bytes);
        REQUIRE(saddle_i_descend_once(k, n, 0.125, g, out, with_norm ? &norm : NULL, &entry, &wrong) == 0);
        REQUIRE(entry == at && !isfinite(wrong) && memcmp(out, y, bytes) == 0);
    }
    memcpy(g, x, bytes);
    memcpy(out, y, bytes);
    REQUIRE(!isfinite(k->descend_keep(n, 0.125, g, out)) && only_there(n, at) && memcmp(g, y, bytes) == 0);
    REQUIRE(saddle_i_first_not_finite(n, x) == at && saddle_i_first_not_finite(n, y) == -1);
    if (n <= SADDLE_I_TINY) {
        REQUIRE(!isfinite(saddle_i_tiny_mass(n, x)));
        memcpy(out, y, bytes);
        saddle_i_tiny_descend(n, 0.125, x, out);
        REQUIRE(only_there(n, at));
    }
}

/* A basis of two vectors, the second with the bad entry. */
static void check_basis(const struct saddle_i_kernels *k, int64_t n, int64_t at)
{
    struct saddle_i_basis b;
    saddle_context *c = saddle_i_context_hold(NULL);
    const double coefficients[] = {0.5, 0.0};
    double dots[2];
    saddle_i_basis_init(&b, c, k, n, 2);
    REQUIRE(saddle_i_basis_reserve(&b, 2) == SADDLE_OK);
    memcpy(saddle_i_basis_vector(&b, 0), y, (size_t)n * sizeof *y);
    memcpy(saddle_i_basis_vector(&b, 1), x, (size_t)n * sizeof *x);
    saddle_i_basis_dots(&b, 0, 2, y, dots);
    REQUIRE(isfinite(dots[0]) && isnan(dots[1]));
    memcpy(out, y, (size_t)n * sizeof *y);
    saddle_i_basis_subtract(&b, 0, 2, coefficients, out);
    REQUIRE(only_there(n, at));
    saddle_i_basis_combine(&b, 2, coefficients, out);
    REQUIRE(only_there(n, at));
    saddle_i_basis_fini(&b);
}

START_TEST(every_loop_shows_it)
{
    const struct saddle_i_kernels *k = saddle_i_kernels_at(_i);
    if (k == NULL) {
        return; /* not of this processor */
    }
    planted = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (int p = 0; place(sizes[s], p) >= 0; p++) {
            const int64_t at = place(sizes[s], p);
            for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
                plant(sizes[s], at, bad[b]);
                check_sums(k, sizes[s]);
                check_updates(k, sizes[s], at);
                check_steps(k, sizes[s], at);
                check_basis(k, sizes[s], at);
            }
        }
    }
    ck_assert_int_gt(planted, 2000);
    counted(planted, "NaN and Inf planted in the vectors of loops");
}
END_TEST

/* Why finiteness is tested and not hoped for. Whatever this BLAS does, the library's own loops keep the NaN. */
START_TEST(blas_may_drop_a_nan)
{
    double by_blas[2] = {__builtin_nan(""), 1.0}, own[2] = {__builtin_nan(""), 1.0};
    cblas_dscal(2, 0.0, by_blas, 1);
    for (int level = 0; level < LEVELS; level++) {
        const struct saddle_i_kernels *k = saddle_i_kernels_at(level);
        if (k != NULL) {
            k->scale(2, 0.0, own);
            ck_assert(isnan(own[0]) && own[1] == 0.0);
        }
    }
    counted(!isnan(by_blas[0]), "NaN lost by this BLAS in dscal(0, .)");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("not_finite");
    TCase *c = tcase_create("not_finite");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, every_loop_shows_it, 0, LEVELS);
    tcase_add_test(c, blas_may_drop_a_nan);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
