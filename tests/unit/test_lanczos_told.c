/* SPDX-License-Identifier: BSD-3-Clause */
/* What Lanczos computations say of themselves in rare places: of vectors that are apart, of spaces that close at once, of operators that
 * change, and of fields that are no gradients. */
#include "spectrum/krylov.h"
#include "spectrum/three_term.h"
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdio.h>

enum { N = 90, ORDER = 16 };

/* The entries of T beyond k are nobody's: what an interval turns round for the high end, it turns back, and no more. */
START_TEST(an_interval_leaves_the_matrix_alone)
{
    double d[N], alpha[ORDER + 2], beta[ORDER + 2], lower = 0.0;
    spectrum_shape(N, 0, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
    saddle_i_krylov_init(&y, &t.a, ORDER);
    y.accuracy = 1e-9;
    EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, NULL, 0));
    for (int i = 0; i < ORDER + 2; i++) {
        y.alpha[i] = y.beta[i] = 7.0;
    }
    for (int step = 0; step < 30; step++) {
        if (y.k == ORDER) {
            EXPECT_OK(saddle_i_krylov_restart(&y, 4, 4));
        }
        EXPECT_OK(saddle_i_krylov_step(&y));
        memcpy(alpha, y.alpha, sizeof alpha);
        memcpy(beta, y.beta, sizeof beta);
        EXPECT_OK(saddle_i_krylov_lower(&y, -1.0, 0.05, &lower));
        EXPECT_SAME(alpha, y.alpha, sizeof alpha);
        EXPECT_SAME(beta, y.beta, sizeof beta);
    }
    saddle_i_krylov_fini(&y);
    pairs_end(&t);
}
END_TEST

/* omega_(j+1) = (T omega_j - alpha_j omega_j - beta_(j-1) omega_(j-1) + noise of the same sign) / beta_j, entry for entry, with T written
 * out; no vector is touched. */
static void expect_estimates(struct saddle_i_krylov *y, uint64_t *state)
{
    const int64_t j = y->k;
    double m[ORDER][ORDER] = {{0.0}}, w[N] = {0.0}, expected[ORDER], beta = 0.3;
    for (int64_t i = 0; i < j; i++) {
        m[i][i] = y->alpha[i];
        if (i < y->kept) {
            m[i][y->kept] = m[y->kept][i] = y->couple[i] = 0.1 + pairs_draw(state);
        } else {
            m[i][i + 1] = m[i + 1][i] = y->beta[i];
        }
        y->omega[i] = 1e-13 * (pairs_draw(state) - 0.5);
        y->omega_before[i] = i < j - 1 ? 1e-13 * (pairs_draw(state) - 0.5) : 1.0;
    }
    y->omega[j] = 1.0;
    y->full = 0;
    y->noise = 1e-15;
    for (int64_t i = 0; i < j; i++) {
        double sum = -y->alpha[j] * y->omega[i] - (j > y->kept ? y->beta[j - 1] * y->omega_before[i] : 0.0);
        for (int64_t l = 0; l <= j; l++) {
            sum += m[i][l] * y->omega[l];
        }
        expected[i] = (sum + copysign(1e-15 * y->norm, sum)) / beta;
    }
    const int64_t passes = y->passes;
    saddle_i_omega_step(y, w, &beta);
    ck_assert_int_eq(y->passes, passes);
    for (int64_t i = 0; i < j; i++) {
        const double rounding = i == j - 1 ? 4.0 * DBL_EPSILON : 1e-27; /* beta_(j-1), times 1, goes in and out again there */
        ck_assert_msg(fabs(y->omega[i] - expected[i]) <= 1e-13 * fabs(expected[i]) + rounding, "order %d, entry %d: %.17g, not %.17g", (int)j,
                      (int)i, y->omega[i], expected[i]);
    }
    ck_assert_double_eq(y->omega[j], 1e-15 * y->norm / beta);
    ck_assert_double_eq(y->omega[j + 1], 1.0);
}

START_TEST(estimates_are_those_of_the_recurrence)
{
    double d[N];
    uint64_t state = 5;
    spectrum_shape(N, 0, d);
    for (int steps = 3; steps < 14; steps++) {
        struct pairs_trial t;
        struct saddle_i_krylov y;
        pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
        saddle_i_krylov_init(&y, &t.a, ORDER);
        y.accuracy = 1.0;
        EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, NULL, 0));
        for (int step = 0; step < steps + (steps > 8 ? 6 : 0); step++) {
            if (y.k == 9) {
                EXPECT_OK(saddle_i_krylov_restart(&y, 2, 1));
            }
            EXPECT_OK(saddle_i_krylov_step(&y));
        }
        y.alpha[y.k] = 0.25;
        expect_estimates(&y, &state);
        saddle_i_krylov_fini(&y);
        pairs_end(&t);
    }
}
END_TEST

/* All pairs of one T are solved for once, whichever are asked for afterwards; of the next T again. */
START_TEST(a_restarted_matrix_is_solved_once)
{
    double d[N];
    spectrum_shape(N, 0, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
    saddle_i_krylov_init(&y, &t.a, ORDER);
    y.accuracy = 1e-9;
    EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, NULL, 0));
    for (int step = 0; step < 12; step++) {
        if (y.k == 8) {
            EXPECT_OK(saddle_i_krylov_restart(&y, 3, 0));
        }
        EXPECT_OK(saddle_i_krylov_step(&y));
    }
    EXPECT_OK(saddle_i_krylov_ritz(&y, 2, 0));
    const double kept = y.s[0];
    y.s[0] = 123.0;
    EXPECT_OK(saddle_i_krylov_ritz(&y, 1, 1));
    ck_assert_double_eq(y.s[0], 123.0);
    y.s[0] = kept;
    EXPECT_OK(saddle_i_krylov_step(&y));
    y.s[0] = 123.0;
    EXPECT_OK(saddle_i_krylov_ritz(&y, 1, 1));
    ck_assert(y.s[0] != 123.0);
    saddle_i_krylov_fini(&y);
    pairs_end(&t);
}
END_TEST

/* How far apart v'Au and u'Av may be: 1e-6 of the norm, for differences 1e-5; and 16 j ||A||/beta times single precision. */
START_TEST(asymmetry_has_its_bounds)
{
    static const struct { double gap, beta; int64_t j; int differs, fine; } cases[] = {
        {0.98e-6, 1.0, 1, 0, 1}, {1.02e-6, 1.0, 1, 0, 0}, {0.98e-5, 1.0, 1, 1, 1}, {1.02e-5, 1.0, 1, 1, 0},
        {15.8 * 0x1p-24 * 7, 1.0, 7, 0, 1}, {16.2 * 0x1p-24 * 7, 1.0, 7, 0, 0}, {15.8 * 0x1p-24 * 48, 0.25, 12, 1, 1},
        {16.2 * 0x1p-24 * 48, 0.25, 12, 1, 0}};
    double room = 0.0, x[4] = {0.0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int scale = -30; scale <= 30; scale += 30) {
            struct pairs_trial t;
            pairs_begin(&t, 4, x, 1, SADDLE_WHICH_SMALLEST);
            t.a.room[0] = cases[i].differs ? &room : NULL;
            t.a.products = 9;
            const double norm = ldexp(1.0, scale);
            const struct saddle_i_neighbours b = {x, x, cases[i].j, cases[i].gap * norm, norm, cases[i].beta * norm};
            if (cases[i].fine) {
                EXPECT_OK(saddle_i_lanczos_judge_symmetry(&t.a, &b));
            } else {
                EXPECT_FAIL(saddle_i_lanczos_judge_symmetry(&t.a, &b), SADDLE_E_ARGUMENT, "for two vectors of product 9");
            }
            t.a.room[0] = NULL;
            pairs_end(&t);
        }
    }
}
END_TEST

/* beta_1 by the width of the spectrum: at 2^-40 of the norm a space counts as closed, and at rounding it ends. */
START_TEST(a_space_closes_at_its_bound)
{
    static const double parts[] = {0x1.4p-40, 0x1.8p-41, 0x1p-44};
    double d[N], beta = 0.0;
    for (int i = -1; i < 3; i++) {
        struct pairs_trial t;
        struct saddle_i_three_term r;
        const double width = i < 0 ? 0x1p-10 : 0x1p-10 * parts[i] / beta;
        for (int j = 0; j < N; j++) {
            d[j] = 0x1p20 * (1.0 + width * ((double)j / N - 0.5));
        }
        pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
        EXPECT_OK(saddle_i_three_term_begin(&r, &t.a, &t.v, 1));
        EXPECT_OK(saddle_i_three_term_step(&r));
        beta = i < 0 ? r.beta[0] / r.norm : beta;
        ck_assert_int_eq(r.closed_at, i >= 1);
        ck_assert_int_eq(r.finished, 0);
        saddle_i_three_term_end(&r);
        pairs_end(&t);
    }
}
END_TEST

/* Of k products there are k - 1 betas, and no more are written. */
START_TEST(a_quadrature_writes_what_it_says)
{
    enum { K = 6 };
    double d[N], alpha[K + 1], beta[K + 1];
    int64_t k = 0;
    spectrum_shape(N, 0, d);
    struct pairs_trial t;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
    alpha[K] = beta[K - 1] = beta[K] = 7.0;
    EXPECT_OK(saddle_i_lanczos_tridiagonal(&t.a, &t.v, K, alpha, beta, &k));
    ck_assert_int_eq(k, K);
    ck_assert(alpha[K] == 7.0 && beta[K - 1] == 7.0 && beta[K] == 7.0 && beta[K - 2] > 0.0);
    pairs_end(&t);
}
END_TEST

/* Apart from two vectors, four dimensions of six are left: after four products there is nothing that could be hidden. */
START_TEST(what_is_apart_takes_dimensions)
{
    double d[6], c[2], lower = 0.0;
    spectrum_shape(6, 0, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    struct saddle_i_basis apart;
    pairs_begin(&t, 6, d, 1, SADDLE_WHICH_SMALLEST);
    saddle_i_basis_init(&apart, t.a.context, t.a.kernels, 6, 2);
    EXPECT_OK(saddle_i_basis_reserve(&apart, 2));
    for (int i = 0; i < 2; i++) {
        saddle_i_lanczos_start(&t.a, &t.v, 10U + (uint64_t)i, saddle_i_basis_vector(&apart, i));
        EXPECT_OK(saddle_i_make_unit(&apart, i, c, saddle_i_basis_vector(&apart, i)));
    }
    saddle_i_krylov_init(&y, &t.a, 6);
    y.accuracy = 1e-9;
    EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, &apart, 2));
    for (int step = 1; step <= 4; step++) {
        ck_assert_int_eq(y.closed, 0);
        EXPECT_OK(saddle_i_krylov_step(&y));
        if (step < 4) { /* the start is one of four dimensions */
            EXPECT_OK(saddle_i_krylov_lower(&y, 1.0, 0.05, &lower));
            ck_assert_double_eq(lower, saddle_i_bound_lower(step, y.alpha, y.beta, y.all[0], y.norm, saddle_i_bound_target(4, 0.05)));
        }
    }
    ck_assert_int_eq(y.closed, 1);
    ck_assert_double_eq(y.hidden, 0.0);
    ck_assert_double_eq(y.beta[3], 0.0);
    EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, &apart, 1)); /* one vector is left out of all, too */
    for (int step = 1; step <= 3; step++) {
        EXPECT_OK(saddle_i_krylov_step(&y));
        const double dot = saddle_i_dot(t.a.kernels, 6, saddle_i_basis_vector(&apart, 0), saddle_i_basis_vector(&y.basis, y.k));
        ck_assert_double_le(fabs(dot), 1e-14);
    }
    saddle_i_krylov_fini(&y);
    saddle_i_basis_fini(&apart);
    pairs_end(&t);
}
END_TEST

/* What a recurrence says of itself where it ends at once, at any scale; and that 256 MiB are no eight vectors of 33,685,504 bytes. */
START_TEST(a_recurrence_ends_with_rounding_at_any_scale)
{
    static const double scales[] = {0x1p-20, 1.0, 0x1p20};
    double d[N];
    for (int i = 0; i < 3; i++) {
        struct pairs_trial t;
        struct saddle_i_three_term r;
        for (int j = 0; j < N; j++) {
            d[j] = 3.0 * scales[i];
        }
        pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
        EXPECT_OK(saddle_i_three_term_begin(&r, &t.a, &t.v, 1));
        EXPECT_OK(saddle_i_three_term_step(&r));
        ck_assert_int_eq(r.finished, 1);
        ck_assert_int_eq(r.closed_at, 1);
        ck_assert_double_eq(r.beta[0], DBL_EPSILON * r.norm);
        saddle_i_three_term_end(&r);
        pairs_end(&t);
    }
    struct pairs_trial t;
    struct saddle_i_three_term r;
    pairs_begin(&t, 1, d, 1, SADDLE_WHICH_SMALLEST);
    t.a.n = (257 << 20) / 64;
    EXPECT_OK(saddle_i_three_term_begin(&r, &t.a, &t.v, 1));
    ck_assert_int_eq(r.most, 0);
    saddle_i_three_term_end(&r);
    pairs_end(&t);
}
END_TEST

/* The last product measures the residual. Where it is another than before by more than 64 eps ||A||, the interval has that to spare. */
struct changing {
    int64_t calls, from;
    double by;
    double scale;
};

static int changing_apply(void *user, int64_t n, const double *x, double *y)
{
    struct changing *m = user;
    m->calls++;
    for (int64_t i = 0; i < n; i++) {
        y[i] = m->scale * (double)i / (double)(n - 1) * x[i];
    }
    y[n / 2] += m->from > 0 && m->calls >= m->from ? m->by * m->scale : 0.0;
    return 0;
}

static void expect_spare(int basis, double scale, double by)
{
    const double rounding = 64.0 * DBL_EPSILON;
    struct changing m = {.scale = scale};
    struct saddle_i_pair pair[2];
    for (int run = 0; run < 2; run++) {
        struct saddle_i_operator a;
        struct saddle_i_pairs out = {0, &pair[run], NULL};
        const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-8, .eps_hessian = 1e-8 * scale,
                                                    .delta = 0.01, .max_products = 2000, .basis = basis};
        m.from = run == 0 ? 0 : m.calls;
        m.calls = 0;
        m.by = by;
        saddle_i_operator_of(&a, saddle_i_context_hold(NULL), 60, changing_apply, &m);
        EXPECT_OK(basis >= 8 ? saddle_i_lanczos_restarted(&a, &v, &out) : saddle_i_lanczos_plain(&a, &v, &out));
        saddle_i_context_release(a.context);
    }
    const double wider = (pair[1].upper - pair[0].upper) / scale, spare = by > rounding ? by : 0.0;
    ck_assert_msg(fabs(wider - spare) <= 0.2 * rounding, "basis %d, scale %g, off by %g: wider by %g above", basis, scale, by, wider);
    const double below = (pair[0].lower - pair[1].lower) / scale;
    ck_assert_msg(fabs(below - spare) <= 0.2 * rounding, "basis %d, scale %g, off by %g: wider by %g below", basis, scale, by, below);
}

START_TEST(an_interval_has_the_change_of_an_operator_to_spare)
{
    static const double scales[] = {0x1p-20, 1.0, 0x1p20};
    for (int i = 0; i < 3; i++) {
        expect_spare(60, scales[i], 0.7 * 64.0 * DBL_EPSILON);
        expect_spare(60, scales[i], 1.4 * 64.0 * DBL_EPSILON);
        expect_spare(60, scales[i], 1e-10);
        expect_spare(0, scales[i], 0.7 * 64.0 * DBL_EPSILON);
        expect_spare(0, scales[i], 1.4 * 64.0 * DBL_EPSILON);
        expect_spare(0, scales[i], 1e-10);
    }
}
END_TEST

/* A change along the vector itself moves x'Ax by all of it: what differences of gradients are off by goes beside that. */
static int shifted_apply(void *user, int64_t n, const double *x, double *y)
{
    struct changing *m = user;
    m->calls++;
    const double shift = m->from > 0 && m->calls >= m->from ? m->by : 0.0;
    for (int64_t i = 0; i < n; i++) {
        y[i] = ((double)i / (double)(n - 1) + shift) * x[i];
    }
    return 0;
}

START_TEST(a_shifted_quotient_has_the_noise_beside_it)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        struct changing m = {.by = 1e-3 * sign};
        struct saddle_i_pair pair = {0};
        double room = 0.0;
        for (int run = 0; run < 2; run++) {
            struct saddle_i_operator a;
            struct saddle_i_pairs out = {0, &pair, NULL};
            const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-4,
                                                        .eps_hessian = 1.0, .delta = 0.01, .max_products = 2000};
            m.from = m.calls;
            m.calls = 0;
            saddle_i_operator_of(&a, saddle_i_context_hold(NULL), 60, shifted_apply, &m);
            a.room[0] = &room; /* says that products are differences */
            EXPECT_OK(saddle_i_lanczos_plain(&a, &v, &out));
            saddle_i_context_release(a.context);
        }
        ck_assert_double_le(fabs(pair.value - 1e-3 * sign), 1e-6);
        ck_assert_double_ge(pair.upper - pair.value, 0.9e-9);
        ck_assert_double_ge(pair.value - pair.lower, 0.9e-9);
        if (sign > 0) {
            ck_assert_double_le(pair.upper - pair.value, 2e-9);
        }
    }
}
END_TEST

enum { DIM = 40 };

/* The gradient of no function: a symmetric field, and one entry on one side of its derivative. It keeps where it was called last. */
struct field {
    double scale, last[DIM];
    int64_t calls;
};

static int field_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct field *f = user;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = f->scale * (0.1 * (double)i * w[i] + (i == 0 ? 3.0 * w[b->dim - 1] : 0.0));
    }
    memcpy(f->last, w, sizeof f->last);
    f->calls++;
    return 0;
}

/* Its failure, word for word, and along which of the first two vectors of the recurrence the last gradient was taken. */
static void fail_symmetry(double scale, char *text, size_t size, double *first, double *second)
{
    struct field f = {.scale = scale};
    struct saddle_i_oracle o;
    struct saddle_i_operator a;
    struct saddle_i_counts counts = {0};
    struct saddle_i_three_term r;
    const double w[DIM] = {0.0};
    const struct saddle_i_lanczos_settings v = {.seed = 1, .pairs = 1, .tol = 1e-6, .delta = 0.01, .max_products = 100};
    saddle_i_oracle_init(&o, saddle_i_context_hold(NULL), DIM, 1, &f);
    o.gradient = field_gradient;
    const struct saddle_i_request q = {NULL, 1, 1, -1, saddle_i_oracle_new_point(&o), &counts};
    EXPECT_OK(saddle_i_operator_hessian(&a, &o, w, &q));
    EXPECT_OK(saddle_i_three_term_begin(&r, &a, &v, 1));
    EXPECT_OK(saddle_i_three_term_step(&r));
    EXPECT_FAIL(saddle_i_three_term_step(&r), SADDLE_E_ARGUMENT, "differences of gradients");
    (void)snprintf(text, size, "%s", saddle_error_message());
    const double length = saddle_i_norm(a.kernels, DIM, f.last);
    *first = fabs(saddle_i_dot(a.kernels, DIM, f.last, saddle_i_three_term_vector(&r, 0))) / length;
    *second = fabs(saddle_i_dot(a.kernels, DIM, f.last, saddle_i_three_term_vector(&r, 1))) / length;
    saddle_i_three_term_end(&r);
    saddle_i_operator_fini(&a);
    saddle_context *c = o.context;
    saddle_i_oracle_fini(&o);
    saddle_i_context_release(c);
}

START_TEST(a_field_that_is_no_gradient_is_told_in_parts_of_its_norm)
{
    char text[3][1000];
    double first = 0.0, second = 0.0, gap[3], norm[3], error[3];
    for (int i = 0; i < 3; i++) {
        fail_symmetry(ldexp(1.0, 20 * (i - 1)), text[i], sizeof text[i], &first, &second);
        const char *const at = strstr(text[i], "differ by ");
        const char *const off = strstr(text[i], "their error is ");
        ck_assert(at != NULL && off != NULL);
        ck_assert_int_eq(sscanf(at, "differ by %lg of the norm %lg in product 2", &gap[i], &norm[i]), 2);
        ck_assert_int_eq(sscanf(off, "their error is %lg of it", &error[i]), 1);
        ck_assert_double_ge(first, 1.0 - 1e-12); /* the error is measured at both, at the earlier one last */
        ck_assert_double_le(second, 1e-6);
    }
    for (int i = 0; i < 3; i += 2) { /* a power of two changes nothing but the norm */
        ck_assert_double_eq(gap[i], gap[1]);
        ck_assert_double_eq(error[i], error[1]);
        ck_assert_double_le(fabs(ldexp(norm[i], -20 * (i - 1)) / norm[1] - 1.0), 0.02);
    }
    ck_assert(gap[1] > 1e-3 && gap[1] < 1.0 && error[1] >= 1e-9 && error[1] < 1e-6);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lanczos_told");
    TCase *t = tcase_create("told");
    tcase_add_test(t, an_interval_leaves_the_matrix_alone);
    tcase_add_test(t, estimates_are_those_of_the_recurrence);
    tcase_add_test(t, a_restarted_matrix_is_solved_once);
    tcase_add_test(t, asymmetry_has_its_bounds);
    tcase_add_test(t, a_space_closes_at_its_bound);
    tcase_add_test(t, a_quadrature_writes_what_it_says);
    tcase_add_test(t, what_is_apart_takes_dimensions);
    tcase_add_test(t, a_recurrence_ends_with_rounding_at_any_scale);
    tcase_add_test(t, an_interval_has_the_change_of_an_operator_to_spare);
    tcase_add_test(t, a_shifted_quotient_has_the_noise_beside_it);
    tcase_add_test(t, a_field_that_is_no_gradient_is_told_in_parts_of_its_norm);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
