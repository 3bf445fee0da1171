/* SPDX-License-Identifier: BSD-3-Clause */
/* Small eigenproblems: closed forms, residuals and orthogonality for matrices that are hard on solvers, every way to refuse. */
#include "spectrum/tridiag.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/run_suite.h"
#include "unit/solver.h"
#include <limits.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 130 };

#define PI 3.14159265358979323846
static double theta[MOST];
static double s[MOST * MOST];

/* in (-1, 1) */
static double signed_uniform(uint64_t *state)
{
    return 2.0 * uniform(state) - 1.0;
}

/* The matrix a tridiagonal one is made into, whole, so that one judge does for both. */
static double whole[MOST * MOST];

static void put_tridiagonal(int k, const double *alpha, const double *beta)
{
    memset(whole, 0, sizeof whole);
    for (int i = 0; i < k; i++) {
        whole[i * k + i] = alpha[i];
        if (i + 1 < k) {
            whole[i * k + i + 1] = beta[i];
            whole[(i + 1) * k + i] = beta[i];
        }
    }
}

/* Scaled by its largest entry, so that squares stay in the range; returns that entry, and the norm of what is left. */
static double put_scale(int k, double *norm)
{
    double most = 0.0;
    for (int i = 0; i < k * k; i++) {
        most = fmax(most, fabs(whole[i]));
    }
    *norm = 0.0;
    for (int i = 0; i < k; i++) {
        double row = 0.0;
        for (int j = 0; j < k; j++) {
            whole[i * k + j] = most > 0.0 ? whole[i * k + j] / most : 0.0;
            row += fabs(whole[i * k + j]);
        }
        *norm = fmax(*norm, row);
    }
    return most;
}

/* theta ascending; residuals within 1e-14 ||T||, vectors unit within 1e-14, orthogonal within `orthogonal`. */
static void judge(int k, int pairs, double orthogonal)
{
    double norm;
    const double most = put_scale(k, &norm);
    for (int v = 0; v < pairs; v++) {
        const double *x = s + v * k;
        const double value = most > 0.0 ? theta[v] / most : theta[v];
        long double residual = 0.0L;
        long double square = 0.0L;
        for (int i = 0; i < k; i++) {
            long double y = -(long double)value * (long double)x[i];
            for (int j = 0; j < k; j++) {
                y += (long double)whole[i * k + j] * (long double)x[j];
            }
            residual += y * y;
            square += (long double)x[i] * (long double)x[i];
        }
        REQUIRE(sqrtl(residual) <= 1e-14L * (long double)norm);
        REQUIRE(fabsl(sqrtl(square) - 1.0L) <= 1e-14L);
        REQUIRE(v == 0 || theta[v] >= theta[v - 1]);
        for (int u = 0; u < v; u++) {
            double overlap = 0.0;
            for (int i = 0; i < k; i++) {
                overlap += x[i] * s[u * k + i];
            }
            REQUIRE(fabs(overlap) <= orthogonal);
        }
    }
}

/* All pairs, then ranges of them, then values alone, which must be the same up to rounding. */
static void expect_solved(int k, const double *alpha, const double *beta)
{
    double all[MOST];
    double alone[MOST];
    double norm;
    put_tridiagonal(k, alpha, beta);
    EXPECT_OK(saddle_i_tridiag_solve(&solver, k, alpha, beta, 0, k, theta, s));
    judge(k, k, 1e-12);
    memcpy(all, theta, (size_t)k * sizeof *all);
    put_tridiagonal(k, alpha, beta);
    const double most = put_scale(k, &norm);
    const double near = 2e-14 * norm * most;
    const int from[] = {0, 0, k - 1, k / 2, 0, k / 3};
    const int to[] = {1, k < 6 ? k : 6, k, k / 2 + 1, k, k};
    for (EACH(i, from)) {
        const int pairs = to[i] - from[i];
        EXPECT_OK(saddle_i_tridiag_solve(&solver, k, alpha, beta, from[i], to[i], theta, s));
        put_tridiagonal(k, alpha, beta);
        judge(k, pairs, 1e-12);
        EXPECT_OK(saddle_i_tridiag_solve(&solver, k, alpha, beta, from[i], to[i], alone, NULL));
        for (int j = 0; j < pairs; j++) {
            REQUIRE(fabs(theta[j] - all[from[i] + j]) <= near && fabs(alone[j] - theta[j]) <= near);
        }
    }
}

START_TEST(second_differences_in_closed_form)
{
    const int orders[] = {1, 2, 3, 10, 100, MOST};
    double alpha[MOST];
    double beta[MOST];
    for (int i = 0; i < MOST; i++) {
        alpha[i] = 2.0;
        beta[i] = 1.0;
    }
    for (EACH(o, orders)) {
        const int k = orders[o];
        EXPECT_OK(saddle_i_tridiag_solve(&solver, k, alpha, beta, 0, k, theta, s));
        for (int v = 0; v < k; v++) {
            REQUIRE(fabs(theta[v] - (2.0 - 2.0 * cos((v + 1) * PI / (k + 1)))) <= 4e-15 * (1.0 + 0.05 * k));
        }
        expect_solved(k, alpha, beta);
        /* entry i of the first: (-1)^i sin((i+1) pi/(k+1)) */
        EXPECT_OK(saddle_i_tridiag_solve(&solver, k, alpha, beta, 0, 1, theta, s));
        for (int i = 0; i < k; i++) {
            const double want = sqrt(2.0 / (k + 1)) * sin((i + 1) * PI / (k + 1)) * (i % 2 == 0 ? 1.0 : -1.0);
            REQUIRE(fabs(s[i] * (s[0] < 0.0 ? -1.0 : 1.0) - want) <= 1e-14 * k * k); /* the gap is about 30/k^2 */
        }
    }
}
END_TEST

enum { KINDS = 15 };

static void hard_entry(int kind, int k, int i, double *alpha, double *beta)
{
    switch (kind) {
    case 1: /* zero */
        *alpha = *beta = 0.0;
        break;
    case 2: /* a multiple of the identity */
        *alpha = -3.0;
        *beta = 0.0;
        break;
    case 3: /* equal parts */
        *alpha = 2.0;
        *beta = i % 7 == 3 ? 0.0 : 1.0;
        break;
    case 4: /* and nearly separate ones */
        *alpha = 2.0;
        *beta = i % 7 == 3 ? 1e-300 : i % 11 == 5 ? 1e-16 : i % 13 == 9 ? 1e-12 : 1.0;
        break;
    case 5: /* Wilkinson's: pairs that agree to 15 digits */
        *alpha = fabs(i - (k - 1) / 2.0);
        *beta = 1.0;
        break;
    case 6: /* glued */
        *alpha = fabs(i % 21 - 10.0);
        *beta = i % 21 == 20 ? 1e-9 : 1.0;
        break;
    case 7:
        *alpha *= 1e150;
        *beta *= 1e150;
        break;
    case 8:
        *alpha *= 1e-150;
        *beta *= 1e-150;
        break;
    case 9: /* all sizes */
        *alpha = pow(10.0, 150.0 * *alpha);
        *beta = pow(10.0, 150.0 * *beta);
        break;
    case 10: /* a diagonal in wrong order */
        *beta = 0.0;
        break;
    case 12: /* so small that couplings that count have no square */
        *alpha *= 1e-147;
        *beta *= 1e-155;
        break;
    case 13: /* and smaller, and large */
    case 14:
        *alpha *= kind == 13 ? 1e-290 : 1e300;
        *beta *= (kind == 13 ? 1e-290 : 1e300) * (i % 3 == 1 ? 1e-7 : 1.0);
        break;
    case 11: /* one eigenvalue far off */
        *alpha = i == 20 ? -1e8 : *alpha;
        break;
    default: /* random, of both signs */
        break;
    }
}

START_TEST(hard_tridiagonal_matrices)
{
    const int orders[] = {1, 2, 30, 101};
    for (int kind = 0; kind < KINDS; kind++) {
        for (EACH(o, orders)) {
            double alpha[MOST];
            double beta[MOST];
            uint64_t state = (uint64_t)kind;
            for (int i = 0; i < orders[o]; i++) {
                alpha[i] = signed_uniform(&state);
                beta[i] = signed_uniform(&state);
                hard_entry(kind, orders[o], i, &alpha[i], &beta[i]);
            }
            expect_solved(orders[o], alpha, beta);
        }
    }
}
END_TEST

/* Entries far apart in size: what bisection with inverse iteration, relatively robust representations, and the QL
 * iteration without square roots got wrong by 1e14, 1e12 and 1e12 eps ||T||. */
START_TEST(entries_far_apart_in_size)
{
    static const double diagonal[][5] = {{1, 1, 0}, {1e-15, -1, -1, 0}, {1e-15, 0, 1e-30, 1e-30}, {1e-55, 1e-30, 1e-40, -1, -1},
                                         {1e-30, 1e-150, 1, 1e-130, 1}, {1, 1e-140, 1, 1e-140, 1e-70}};
    static const double beside[][5] = {{1, 1e-25}, {1e-30, 1, 1e-40}, {1e-15, 1e-15, 1}, {1e-15, 1e-10, 1, 1},
                                       {1, 1, 1e-80, 1}, {1, 1e-80, 1, 1}};
    static const int orders[] = {3, 4, 4, 5, 5, 5};
    for (EACH(o, orders)) {
        const int k = orders[o];
        double a[25] = {0.0}, alone[5];
        expect_solved(k, diagonal[o], beside[o]);
        EXPECT_OK(saddle_i_tridiag_solve(&solver, k, diagonal[o], beside[o], 0, k - 1, theta, s));
        put_tridiagonal(k, diagonal[o], beside[o]);
        judge(k, k - 1, 1e-12);
        for (int i = 0; i < k; i++) {
            a[i * k + i] = diagonal[o][i];
            if (i > 0) {
                a[i * k + i - 1] = beside[o][i - 1];
            }
        }
        EXPECT_OK(saddle_i_tridiag_solve(&solver, k, diagonal[o], beside[o], 0, k, theta, NULL));
        EXPECT_OK(saddle_i_tridiag_dense(&solver, k, a, alone, NULL));
        for (int i = 0; i < k; i++) {
            REQUIRE(fabs(alone[i] - theta[i]) <= 1e-14);
        }
    }
}
END_TEST

/* A recurrence that is not kept orthogonal finds the outliers again and again: eigenvalues that agree to all digits. */
START_TEST(ghosts)
{
    enum { N = 200, K = 120 };
    double lambda[N];
    double v[N];
    double before[N] = {0.0};
    double alpha[K];
    double beta[K];
    uint64_t state = 3;
    double square = 0.0;
    for (int i = 0; i < N; i++) {
        lambda[i] = i < 2 ? -2.0 - i : (double)i / N;
        v[i] = signed_uniform(&state);
        square += v[i] * v[i];
    }
    for (int j = 0; j < K; j++) {
        alpha[j] = 0.0;
        for (int i = 0; i < N; i++) {
            v[i] /= sqrt(square);
            alpha[j] += lambda[i] * v[i] * v[i];
        }
        square = 0.0;
        for (int i = 0; i < N; i++) {
            const double next = (lambda[i] - alpha[j]) * v[i] - (j > 0 ? beta[j - 1] : 0.0) * before[i];
            before[i] = v[i];
            v[i] = next;
            square += next * next;
        }
        beta[j] = sqrt(square);
    }
    EXPECT_OK(saddle_i_tridiag_solve(&solver, K, alpha, beta, 0, 3, theta, NULL));
    ck_assert(fabs(theta[0] + 3.0) < 1e-12 && fabs(theta[1] + 3.0) < 1e-12); /* there is a ghost */
    expect_solved(K, alpha, beta);
}
END_TEST

/* The lower triangle of `whole`; what is above it must not be read. */
static void expect_dense_solved(int k, double *a)
{
    for (int i = 0; i < k; i++) {
        for (int j = 0; j < k; j++) {
            whole[i * k + j] = j <= i ? a[i * k + j] : a[j * k + i];
        }
    }
    for (int i = 0; i < k; i++) {
        for (int j = i + 1; j < k; j++) {
            a[i * k + j] = SADDLE_I_NAN;
        }
    }
    double *kept = malloc((size_t)(k * k) * sizeof *kept);
    memcpy(kept, a, (size_t)(k * k) * sizeof *kept);
    double alone[MOST];
    EXPECT_OK(saddle_i_tridiag_dense(&solver, k, a, alone, NULL));
    EXPECT_OK(saddle_i_tridiag_dense(&solver, k, a, theta, s));
    EXPECT_SAME(a, kept, (size_t)(k * k) * sizeof *kept);
    free(kept);
    judge(k, k, 1e-13);
    double norm;
    put_scale(k, &norm);
    for (int i = 0; i < k; i++) {
        REQUIRE(fabs(alone[i] - theta[i]) <= 2e-14 * fmax(fabs(theta[0]), fabs(theta[k - 1])));
    }
}

/* Bisection misses the largest eigenvalue of some; inverse iteration leaves 5e3 eps of one; a dense one does not converge near 1e150. */
START_TEST(what_lapack_gives_up)
{
    static const double diagonal[][4] = {{1e-150, -1, 1, 0}, {-1e-4, 0, 1e-4, 0}, {-1, 1e-160, 1e-80, 1}};
    static const double beside[][3] = {{-1, 0, -1}, {-1e-4, 0, 1e-4}, {1, -1e-160, 1}};
    static const double ones[] = {1, 1, 1, 1, 1, -0x1.03b28daf42496p-32, -0x1.e3a027d904c4ap-23, 0x1.5d6d578598bcdp-96};
    static const double near[] = {1, 0x1.e2cfb9d31c6bcp-3, 1, 1, -0x1.4f744a370eec6p-41, 1, -0x1.239fb84a9ccbap-31};
    double far_apart[25] = {-0x1.6c7d1ddbef9d3p-332};
    const double rows[4][5] = {{0x1.9bc8ea85314fdp-429, -0x1.344948cedd672p+235},
                               {0x1.6032ee4459cddp-438, -0x1.042d34affabfcp-401, 0x1.e89404c6c292dp+500},
                               {0x1.4d1011b82acf4p-416, 0x1.63a2c923eb7a3p-371, 0x1.886fd014edf1ap-285, -0x1.9997007ef20b2p+266},
                               {-0x1.0c5adea60b6f5p-64, 0x1.0ed4a4f4636c2p+508, 0x1.298ad02602398p-390, 0x1.108a6c93ccc25p-101,
                                -0x1.226a737f3b7fbp-339}};
    for (EACH(o, beside)) {
        expect_solved(4, diagonal[o], beside[o]);
    }
    put_tridiagonal(8, ones, near);
    EXPECT_OK(saddle_i_tridiag_solve(&solver, 8, ones, near, 2, 4, theta, s));
    judge(8, 2, 1e-12);
    memcpy(far_apart + 5, rows, sizeof rows);
    expect_dense_solved(5, far_apart);
}
END_TEST

START_TEST(dense_matrices)
{
    const int orders[] = {1, 2, 3, 24, 25, 26, 60, MOST}; /* up to 25 it is the QL iteration */
    static double a[MOST * MOST];
    for (EACH(o, orders)) {
        const int k = orders[o];
        for (int kind = 0; kind < 9; kind++) {
            uint64_t state = (uint64_t)kind;
            for (int i = 0; i < k; i++) {
                for (int j = 0; j <= i; j++) {
                    const double u = signed_uniform(&state);
                    const double arrow = i == j || j == 0 ? u : 0.0;
                    const double apart = i == j ? 1e-147 : u * 1e-155;
                    const double of[] = {u,         i == j ? 5.0 : 0.0, 0.0,  1.0,     arrow, u * 1e150,
                                         u * 1e-150, u * 1e-290,        apart};
                    a[i * k + j] = of[kind];
                }
            }
            expect_dense_solved(k, a);
            if (kind == 3) { /* of ones: k, and 0 */
                REQUIRE(fabs(theta[k - 1] - k) <= 1e-14 * k);
                REQUIRE(k == 1 || (fabs(theta[0]) <= 1e-14 * k && fabs(theta[k - 2]) <= 1e-14 * k));
            }
        }
    }
}
END_TEST

START_TEST(numbers_that_are_none_are_refused)
{
    enum { K = 6 };
    const double bad[] = {SADDLE_I_NAN, SADDLE_I_INF, -SADDLE_I_INF};
    for (EACH(i, bad)) {
        for (int at = 0; at < K; at++) {
            double alpha[K] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0};
            double beta[K] = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0};
            double a[K * K] = {0.0};
            alpha[at] = bad[i];
            EXPECT_FAIL(saddle_i_tridiag_solve(&solver, K, alpha, beta, 0, 1, theta, s), SADDLE_E_LINALG,
                        "diagonal entry");
            alpha[at] = 1.0;
            beta[at] = bad[i];
            if (at < K - 1) {
                EXPECT_FAIL(saddle_i_tridiag_solve(&solver, K, alpha, beta, 0, K, theta, s), SADDLE_E_LINALG,
                            "off-diagonal entry");
            } else { /* not part of the matrix */
                EXPECT_OK(saddle_i_tridiag_solve(&solver, K, alpha, beta, 0, K, theta, s));
            }
            a[(K - 1) * K + at] = bad[i];
            EXPECT_FAIL(saddle_i_tridiag_dense(&solver, K, a, theta, s), SADDLE_E_LINALG, "entry number");
        }
    }
}
END_TEST

/* Refused before anything is read. */
START_TEST(orders_beyond_an_int_are_refused)
{
    const double one = 1.0;
    const int64_t orders[] = {INT_MAX / 20 + 1, INT_MAX, (int64_t)INT_MAX + 2, INT64_MAX};
    for (EACH(i, orders)) {
        EXPECT_FAIL(saddle_i_tridiag_solve(&solver, orders[i], &one, &one, 0, 1, theta, NULL), SADDLE_E_OVERFLOW,
                    "LAPACK");
        EXPECT_FAIL(saddle_i_tridiag_dense(&solver, orders[i], &one, theta, NULL), SADDLE_E_OVERFLOW, "LAPACK");
    }
    EXPECT_FAIL(saddle_i_tridiag_dense(&solver, 32765, &one, theta, NULL), SADDLE_E_OVERFLOW, "32765");
    EXPECT_FAIL(saddle_i_tridiag_solve(&solver, 100000000, &one, &one, 0, 22, theta, s), SADDLE_E_OVERFLOW,
                "eigenvectors");
}
END_TEST

START_TEST(room_is_kept_and_grows)
{
    struct memory memory;
    saddle_allocator allocator = memory_allocator(&memory, 0xFF); /* fresh memory is full of NaN */
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&allocator, &c));
    struct saddle_i_tridiag t;
    saddle_i_tridiag_init(&t, c);
    double alpha[MOST];
    double a[16 * 16];
    for (int i = 0; i < MOST; i++) {
        alpha[i] = i % 3;
    }
    for (int i = 0; i < 16 * 16; i++) {
        a[i] = i % 17 == 0 ? 2.0 : 0.25;
    }
    const int64_t before = memory.calls;
    for (int k = 1; k <= MOST; k++) { /* orders that grow by one */
        EXPECT_OK(saddle_i_tridiag_solve(&t, k, alpha, alpha, 0, 1, theta, s));
    }
    ck_assert_msg(memory.calls - before <= 2 * 14, "%lld", (long long)(memory.calls - before));
    for (int k = 2; k <= 16; k += 7) { /* both kinds by turns */
        EXPECT_OK(saddle_i_tridiag_dense(&t, k, a, theta, s));
        EXPECT_OK(saddle_i_tridiag_solve(&t, MOST, alpha, alpha, 0, 1, theta, s));
    }
    const int64_t calls = memory.calls;
    EXPECT_OK(saddle_i_tridiag_solve(&t, MOST, alpha, alpha, 0, MOST, theta, s));
    EXPECT_OK(saddle_i_tridiag_dense(&t, 16, a, theta, NULL));
    EXPECT_OK(saddle_i_tridiag_dense(&t, 5, a, theta, s));
    ck_assert(memory.calls == calls);
    EXPECT_OK(saddle_i_tridiag_solve(&t, MOST, alpha, alpha, 7, 7, theta, s)); /* none: nothing to do */
    saddle_i_tridiag_fini(&t);
    saddle_context_destroy(c);
    ck_assert(memory.blocks == 0 && memory.faults == 0);
}
END_TEST

START_TEST(no_memory_is_said_and_survived)
{
    struct memory memory;
    saddle_allocator allocator = memory_allocator(&memory, 0);
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&allocator, &c));
    struct saddle_i_tridiag t;
    saddle_i_tridiag_init(&t, c);
    const double alpha[] = {2.0, 2.0, 2.0}, beta[] = {1.0, 1.0}, a[] = {2.0, 0.0, 1.0, 2.0};
    for (int call = 1; call <= 2; call++) {
        memory.fail_at = memory.calls + call;
        EXPECT_FAIL(saddle_i_tridiag_solve(&t, 3, alpha, beta, 0, 3, theta, s), SADDLE_E_MEMORY, "bytes");
        memory.fail_at = memory.calls + call;
        EXPECT_FAIL(saddle_i_tridiag_dense(&t, 2, a, theta, s), SADDLE_E_MEMORY, "bytes");
        memory.fail_at = 0;
    }
    EXPECT_OK(saddle_i_tridiag_solve(&t, 3, alpha, beta, 0, 3, theta, s));
    ck_assert(fabs(theta[0] - (2.0 - sqrt(2.0))) < 1e-14);
    const double given_up[] = {1e-150, -1.0, 1.0, 0.0}, beside[] = {-1.0, 0.0, -1.0};
    memory.fail_at = memory.calls + 3; /* after the room: that for all vectors, where this LAPACK does not find one by itself */
    const saddle_status one = saddle_i_tridiag_solve(&t, 4, given_up, beside, 3, 4, theta, s);
    ck_assert_int_eq(one, memory.calls < memory.fail_at ? SADDLE_OK : SADDLE_E_MEMORY);
    memory.fail_at = 0;
    EXPECT_OK(saddle_i_tridiag_dense(&t, 2, a, theta, s));
    ck_assert(fabs(theta[0] - 1.0) < 1e-14 && fabs(theta[1] - 3.0) < 1e-14);
    saddle_i_tridiag_fini(&t);
    saddle_context_destroy(c);
    ck_assert(memory.blocks == 0 && memory.faults == 0);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        second_differences_in_closed_form, hard_tridiagonal_matrices, entries_far_apart_in_size, ghosts, dense_matrices,
        what_lapack_gives_up, numbers_that_are_none_are_refused, orders_beyond_an_int_are_refused, room_is_kept_and_grows,
        no_memory_is_said_and_survived};
    Suite *all = suite_create("tridiag");
    TCase *t = tcase_create("tridiag");
    tcase_add_checked_fixture(t, open_solver, close_solver);
    tcase_set_timeout(t, 120);
    suite_add_tcase(all, t);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tcase_add_test(t, tests[i]);
    }
    return all;
}

int main(void)
{
    return saddle_run_suite(suite());
}
