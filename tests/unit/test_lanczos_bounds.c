/* SPDX-License-Identifier: BSD-3-Clause */
/* The bounds that Lanczos computations keep: how many vectors there is room for, how long T is looked at, what an early end may take, and
 * when a restarted space counts as closed. */
#include "spectrum/krylov.h"
#include "spectrum/three_term.h"
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdlib.h>

enum { N = 60, KEPT_SIZES = 8, LARGEST = 2 << 20 };

/* What was asked for; vectors are refused, so that no large problem has to be solved. */
struct asked {
    int64_t count;
    size_t bytes[KEPT_SIZES];
};

static void *note(void *user, size_t bytes, size_t alignment)
{
    struct asked *w = user;
    (void)alignment;
    if (w->count < KEPT_SIZES) {
        w->bytes[w->count] = bytes;
    }
    w->count++;
    void *p = NULL;
    return bytes <= LARGEST && posix_memalign(&p, 64, bytes) == 0 ? p : NULL;
}

static void give_back(void *user, void *p, size_t bytes)
{
    (void)user;
    (void)bytes;
    free(p);
}

static int gives_up(void *user, int64_t n, const double *x, double *y)
{
    (void)user;
    (void)n;
    (void)x;
    (void)y;
    return 1;
}

/* Nine arrays as long as the order, and two more, are made before the first vector; a block has 64 bytes more of its own. */
START_TEST(the_order_is_what_fits)
{
    static const struct { int64_t n, basis, products, order; } cases[] = {
        {1 << 20, 0, 1000, 32}, /* 256 MiB */
        {1 << 20, 0, 20, 21},   /* no more products */
        {1 << 24, 0, 1000, 18}, /* at least two for each pair, and 16 */
        {20000, 20000, 1000, 16383}, {20000, 16383, 1000, 16383}, {20000, 16382, 1000, 16382}, {100, 0, 1000, 100}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct asked w = {.count = 0};
        const saddle_allocator own = {sizeof own, &w, note, give_back};
        saddle_context *c = NULL;
        struct saddle_i_operator a;
        struct saddle_i_pair pair;
        struct saddle_i_pairs out = {0, &pair, NULL};
        const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-6, .delta = 0.01,
                                                    .max_products = cases[i].products, .basis = cases[i].basis};
        EXPECT_OK(saddle_context_create(&own, &c));
        saddle_i_operator_of(&a, c, cases[i].n, gives_up, NULL);
        w.count = 0;
        const saddle_status s = saddle_i_lanczos_restarted(&a, &v, &out);
        if (!(s == SADDLE_E_OVERFLOW && sizeof(size_t) < 8)) { /* what 32 bits cannot address is not asked for */
            ck_assert_int_eq(s, cases[i].n == 100 ? SADDLE_E_CALLBACK : SADDLE_E_MEMORY);
        }
        ck_assert_int_ge(w.count, 3); /* what is found, and room for its dots, come first */
        const int64_t bytes = 9 * (cases[i].order + 2) * (int64_t)sizeof(double), had = (int64_t)w.bytes[2];
        ck_assert_msg(had >= bytes && had < bytes + 72, "case %d: %d bytes, not %d", (int)i, (int)had, (int)bytes);
        saddle_context_destroy(c);
    }
}
END_TEST

/* Vectors of 32 MiB: eight are kept, and of larger ones none. */
START_TEST(a_recurrence_keeps_256_mib)
{
    for (int64_t more = 0; more < 2; more++) {
        struct asked w = {.count = 0};
        const saddle_allocator own = {sizeof own, &w, note, give_back};
        saddle_context *c = NULL;
        struct saddle_i_operator a;
        struct saddle_i_three_term r;
        const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .max_products = 10};
        EXPECT_OK(saddle_context_create(&own, &c));
        saddle_i_operator_of(&a, c, (1 << 22) + more, gives_up, NULL);
        ck_assert_int_eq(saddle_i_three_term_begin(&r, &a, &v, 1), SADDLE_E_MEMORY);
        ck_assert_int_eq(r.most, more == 0 ? 8 : 0);
        saddle_i_three_term_end(&r);
        saddle_context_destroy(c);
    }
}
END_TEST

/* T with 0, 1, 2, ... on the diagonal, and one beta that has dropped. */
struct ladder {
    int64_t drop;
};

static double rung(const struct ladder *m, int64_t i)
{
    return i + 1 == m->drop ? 1e-6 : 0.1;
}

static int ladder_apply(void *user, int64_t n, const double *x, double *y)
{
    const struct ladder *m = user;
    for (int64_t i = 0; i < n; i++) {
        y[i] = (double)i * x[i] + (i > 0 ? rung(m, i - 1) * x[i - 1] : 0.0) + (i + 1 < n ? rung(m, i) * x[i + 1] : 0.0);
    }
    return 0;
}

/* All pairs of a T of order 128 are looked at, and of no larger one. */
START_TEST(a_long_space_is_not_looked_at)
{
    enum { LONG = 132 };
    for (int64_t drop = 127; drop <= 129; drop++) {
        struct ladder m = {drop};
        struct saddle_i_operator a;
        struct saddle_i_three_term r;
        const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .delta = 0.01, .max_products = 200};
        saddle_i_operator_of(&a, saddle_i_context_hold(NULL), LONG, ladder_apply, &m);
        EXPECT_OK(saddle_i_three_term_begin(&r, &a, &v, 1));
        double *const start = saddle_i_three_term_vector(&r, 0); /* e_1 gives T itself */
        memset(start, 0, LONG * sizeof *start);
        start[0] = 1.0;
        for (int k = 1; k <= LONG - 1; k++) {
            EXPECT_OK(saddle_i_three_term_step(&r));
        }
        ck_assert_int_eq(r.closed_at, drop <= 128 ? drop : 0);
        saddle_i_three_term_end(&r);
        saddle_i_context_release(a.context);
    }
}
END_TEST

/* A value that is there twice takes a second space. Where products end in it, what the first space has found stays. */
START_TEST(an_early_end_takes_nothing_away)
{
    double d[N];
    int after = 0;
    for (int i = 0; i < N; i++) {
        d[i] = i < 2 ? 0.0 : (double)i / N;
    }
    for (int64_t products = 45; products < 120; products++) {
        struct pairs_trial t;
        pairs_begin(&t, N, d, 2, SADDLE_WHICH_SMALLEST);
        t.v.basis = 20;
        t.v.max_products = products;
        EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
        ck_assert_int_eq(t.out.count, 2);
        int good = 1;
        for (int i = 0; i < 2; i++) {
            good = good && t.out.pair[i].residual <= 1e-10;
        }
        ck_assert_msg(good || after == 0, "%d products: residuals %g, %g", (int)products, t.out.pair[0].residual, t.out.pair[1].residual);
        after += good;
        pairs_end(&t);
    }
    ck_assert_int_gt(after, 20);
}
END_TEST

/* None of these spaces closes, at any scale. */
START_TEST(a_restarted_space_closes_in_parts_of_its_norm)
{
    double d[N];
    for (int power = -30; power <= 30; power += 30) {
        struct pairs_trial t;
        for (int i = 0; i < N; i++) {
            d[i] = ldexp((double)i / N, power);
        }
        pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
        t.v.basis = 20;
        t.v.eps_hessian = ldexp(1e-3, power);
        EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
        ck_assert_int_eq(t.out.pair[0].converged, 1);
        ck_assert_int_eq(t.out.pair[0].invariant, 0);
        pairs_end(&t);
    }
}
END_TEST

static int64_t dots;
static const struct saddle_i_kernels *plain_loops;

static double counted_dot(int64_t n, const double *x, const double *y)
{
    dots++;
    return plain_loops->dot(n, x, y);
}

/* Nothing is taken from nothing. */
START_TEST(a_zero_vector_is_orthogonal_already)
{
    double c[1], x[N] = {0.0}, norm = 0.0;
    struct saddle_i_basis b;
    plain_loops = saddle_i_kernels_at(0);
    struct saddle_i_kernels loops = *plain_loops;
    loops.dot = counted_dot;
    saddle_i_basis_init(&b, saddle_i_context_hold(NULL), &loops, N, 1);
    EXPECT_OK(saddle_i_basis_reserve(&b, 1));
    memset(saddle_i_basis_vector(&b, 0), 0, N * sizeof(double));
    saddle_i_basis_vector(&b, 0)[0] = 1.0;
    dots = 0;
    ck_assert_double_eq(saddle_i_orthogonalise(&b, 1, c, x, &norm), 0.0);
    ck_assert_int_eq(dots, 0);
    x[0] = x[1] = norm = 1.0;
    ck_assert_double_eq(saddle_i_orthogonalise(&b, 1, c, x, &norm), 1.0);
    ck_assert_int_gt(dots, 0);
    saddle_i_basis_fini(&b);
    saddle_i_context_release(b.context);
}
END_TEST

/* After a restart vectors are orthogonal to 2 eps, all of them. */
START_TEST(a_restart_begins_the_estimates_anew)
{
    double d[N];
    spectrum_shape(N, 0, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
    saddle_i_krylov_init(&y, &t.a, 12);
    y.accuracy = 1e-9;
    EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, NULL, 0));
    while (y.k < 12) {
        EXPECT_OK(saddle_i_krylov_step(&y));
    }
    EXPECT_OK(saddle_i_krylov_restart(&y, 3, 2));
    for (int i = 0; i < 5; i++) {
        ck_assert_double_eq(y.omega[i], 2.0 * DBL_EPSILON);
        ck_assert_double_eq(y.omega_before[i], 2.0 * DBL_EPSILON);
    }
    ck_assert_double_eq(y.omega[5], 1.0);
    ck_assert_int_eq(y.full, 2);
    saddle_i_krylov_fini(&y);
    pairs_end(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lanczos_bounds");
    TCase *t = tcase_create("bounds");
    tcase_add_test(t, the_order_is_what_fits);
    tcase_add_test(t, a_recurrence_keeps_256_mib);
    tcase_add_test(t, a_long_space_is_not_looked_at);
    tcase_add_test(t, an_early_end_takes_nothing_away);
    tcase_add_test(t, a_restarted_space_closes_in_parts_of_its_norm);
    tcase_add_test(t, a_zero_vector_is_orthogonal_already);
    tcase_add_test(t, a_restart_begins_the_estimates_anew);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
