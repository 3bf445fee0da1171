/* SPDX-License-Identifier: BSD-3-Clause */
/* What a Lanczos computation does, and not only what comes of it: the loops that each step runs, and when T is looked at. Much of it can
 * go wrong and be mended by later steps, at the price of more work. */
#include "spectrum/krylov.h"
#include "support/pairs.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 90, ORDER = 16 };

static struct { int64_t dot, axpy, scale; } ran;
static const struct saddle_i_kernels *plain_loops;

static double counted_dot(int64_t n, const double *x, const double *y)
{
    ran.dot++;
    return plain_loops->dot(n, x, y);
}

static void counted_axpy(int64_t n, double a, const double *x, double *y)
{
    ran.axpy++;
    plain_loops->axpy(n, a, x, y);
}

static void counted_scale(int64_t n, double a, double *x)
{
    ran.scale++;
    plain_loops->scale(n, a, x);
}

static struct saddle_i_kernels counted(void)
{
    plain_loops = saddle_i_kernels_at(0);
    struct saddle_i_kernels k = *plain_loops;
    k.dot = counted_dot;
    k.axpy = counted_axpy;
    k.scale = counted_scale;
    return k;
}

static void expect_ran(int64_t dot, int64_t axpy, int64_t scale, const char *what, int step)
{
    ck_assert_msg(ran.dot == dot && ran.axpy == axpy && ran.scale == scale,
                  "%s %d: %d dots, %d axpys, %d scalings, not %d, %d, %d", what, step, (int)ran.dot, (int)ran.axpy, (int)ran.scale, (int)dot,
                  (int)axpy, (int)scale);
}

/* Each step: alpha, what is left, its norm; from the second on the vector before, after a restart those that are kept; one pass over
 * the basis where it is asked for; and the vector is made a unit one. */
START_TEST(a_step_runs_the_loops_of_its_formula)
{
    static const int64_t keeps[][2] = {{4, 4}, {1, 0}, {0, 1}, {6, 0}};
    double d[N];
    const struct saddle_i_kernels loops = counted();
    spectrum_shape(N, 0, d);
    struct pairs_trial t;
    struct saddle_i_krylov y;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_SMALLEST);
    t.a.kernels = &loops;
    memset(&ran, 0, sizeof ran);
    saddle_i_krylov_init(&y, &t.a, ORDER);
    y.accuracy = 1e-9;
    EXPECT_OK(saddle_i_krylov_begin(&y, &t.v, 0, NULL, 0));
    expect_ran(2, 0, 3, "the start", 0); /* random and of length 1; apart from nothing, and that twice */
    double norm = 0.0;
    int64_t without = 0;
    for (int step = 1; step <= 40; step++) {
        if (y.k == ORDER) {
            EXPECT_OK(saddle_i_krylov_restart(&y, keeps[_i][0], keeps[_i][1]));
        }
        const int64_t j = y.k, passes = y.passes;
        const int first = j == y.kept, coupled = first && y.kept > 0;
        memset(&ran, 0, sizeof ran);
        EXPECT_OK(saddle_i_krylov_step(&y));
        const int64_t pass = y.passes - passes;
        without += pass == 0;
        expect_ran((first ? 2 : 3) + coupled + pass * (j + 2), (first ? 1 : 2) + (coupled ? y.kept : 0) + pass * (j + 1), 1, "step", step);
        double sum = fabs(y.alpha[j]) + y.beta[j] + (first ? 0.0 : y.beta[j - 1]);
        for (int64_t i = 0; coupled && i < y.kept; i++) {
            sum += fabs(y.couple[i]);
        }
        norm = fmax(norm, sum); /* beta is the norm before the pass, which takes nothing from it but rounding */
        ck_assert_msg(fabs(y.norm - norm) <= 1e-13 * norm, "step %d: norm %.17g, not %.17g", step, y.norm, norm);
    }
    ck_assert_int_gt(without, 10);
    saddle_i_krylov_fini(&y);
    pairs_end(&t);
}
END_TEST

/* Two passes over what there is; a zero vector is refused beside nothing, too. */
START_TEST(a_unit_vector_takes_two_passes)
{
    enum { COUNT = 3 };
    double c[COUNT], x[N] = {0.0};
    const struct saddle_i_kernels loops = counted();
    struct saddle_i_basis b;
    saddle_i_basis_init(&b, saddle_i_context_hold(NULL), &loops, N, COUNT);
    EXPECT_OK(saddle_i_basis_reserve(&b, COUNT));
    for (int i = 0; i < COUNT; i++) {
        memset(saddle_i_basis_vector(&b, i), 0, N * sizeof(double));
        saddle_i_basis_vector(&b, i)[i] = 1.0;
    }
    for (int j = COUNT; j < N; j++) {
        x[j] = 1.0 + j;
    }
    memset(&ran, 0, sizeof ran);
    EXPECT_OK(saddle_i_make_unit(&b, COUNT, c, x)); /* orthogonal already: one round each */
    expect_ran(1 + 2 * (COUNT + 1), 2 * COUNT, 2, "beside vectors", COUNT);
    x[0] = 1.0;
    double norm = saddle_i_norm(&loops, N, x);
    memset(&ran, 0, sizeof ran);
    ck_assert_double_le(fabs(saddle_i_orthogonalise(&b, COUNT, c, x, &norm) - sqrt(0.5)), 1e-15);
    expect_ran(2 * (COUNT + 1), 2 * COUNT, 0, "half of it goes", 0); /* a second round */
    memset(x, 0, sizeof x);
    EXPECT_FAIL(saddle_i_make_unit(&b, 0, c, x), SADDLE_E_LINALG, "no direction is left beside 0 vectors");
    saddle_i_basis_fini(&b);
}
END_TEST

/* After how many products memory was asked for: at the first look, and where the next ones need more. */
struct diary {
    const int64_t *products;
    int64_t alive;
    char text[2000];
};

static void *written_down(void *user, size_t bytes, size_t alignment)
{
    struct diary *w = user;
    const size_t length = strlen(w->text);
    (void)alignment;
    (void)snprintf(w->text + length, sizeof w->text - length, " %d", w->products == NULL ? 0 : (int)*w->products);
    w->alive++;
    void *p = NULL;
    return posix_memalign(&p, 64, bytes) == 0 ? p : NULL;
}

static void given_back(void *user, void *p, size_t bytes)
{
    (void)bytes;
    ((struct diary *)user)->alive--;
    free(p);
}

struct effort {
    int shape, pairs, which, basis, restarted;
    int64_t most; /* products; 999 with a tolerance of 1e-8 */
    int64_t products, dot, axpy, scale;
    const char *diary;
};

static const struct effort efforts[] = {
    {0, 1, SADDLE_WHICH_SMALLEST, 0, 0, 1000, 83, 249, 245, 85,
     " 0 0 1 1 2 2 3 3 4 4 5 5 7 7 10 10 14 14 14 20 20 29 29 30 43 43 46 62 64 64 78"},
    {0, 1, SADDLE_WHICH_LARGEST, 4, 0, 1000, 116, 235, 287, 118,
     " 0 0 0 0 1 1 2 2 3 3 4 4 5 5 7 7 10 10 14 14 20 20 29 29 43 43"},
    {1, 1, SADDLE_WHICH_BOTH, 0, 0, 1000, 240, 720, 942, 243,
     " 0 0 1 1 2 2 3 3 4 4 5 5 7 7 10 10 14 14 14 20 20 29 29 30 43 43 46 62 64 64 78 94 97 97 110 126 128"
     " 142 143 143 158 174 190 206 213 213 222"},
    {2, 1, SADDLE_WHICH_BOTH, 4, 0, 1000, 129, 262, 326, 131,
     " 0 0 0 0 1 1 2 2 3 3 4 4 5 5 7 7 10 10 14 14 20 20 29 29 43 43 64 64"},
    {0, 1, SADDLE_WHICH_SMALLEST, 40, 1, 1000, 81, 334, 323, 86,
     " 0 0 0 0 1 1 1 2 2 2 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40"
     " 50 50 50 60 60 60 60 60 80 80 80"},
    {0, 3, SADDLE_WHICH_SMALLEST, 0, 1, 1000, 151, 1164, 1247, 163,
     " 0 0 0 0 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 43 43 47 47 60 63 64"
     " 64 76 79 95 97 97 97 104 104 148"},
    {0, 3, SADDLE_WHICH_LARGEST, 0, 1, 1000, 130, 1093, 1112, 142,
     " 0 0 0 0 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 43 43 47 47 60 63 64"
     " 64 76 79 85 127"},
    {0, 3, SADDLE_WHICH_SMALLEST, 40, 1, 1000, 163, 938, 883, 175,
     " 0 0 0 0 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40 50 50 50 60"
     " 60 60 60 60 80 100 110 110 160"},
    {0, 1, SADDLE_WHICH_BOTH, 40, 1, 1000, 92, 416, 427, 99,
     " 0 0 0 0 2 2 2 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40 50 50"
     " 50 60 60 60 60 60 80 90 90 90"},
    {0, 3, SADDLE_WHICH_BOTH, 0, 1, 1000, 199, 2047, 2313, 220,
     " 0 0 0 0 6 6 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 43 43 47 47 60 63 64 64 76 79 95"
     " 97 97 97 104 104 193"},
    {0, 3, SADDLE_WHICH_BOTH, 40, 1, 1000, 216, 1782, 1712, 237,
     " 0 0 0 0 6 6 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40 50 50 50 60 60 60 60 60"
     " 80 100 110 110 210"},
    {1, 3, SADDLE_WHICH_LARGEST, 0, 1, 1000, 441, 3801, 3896, 453,
     " 0 0 0 0 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 43 43 47 47 60 63 64"
     " 64 76 79 95 97 97 97 111 124 127 143 143 143 159 159 175 191 205 207 213 213 223 239 255 266 271 287"
     " 438"},
    {1, 1, SADDLE_WHICH_BOTH, 40, 1, 1000, 322, 1601, 1589, 329,
     " 0 0 0 0 2 2 2 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40 50 50"
     " 50 60 60 60 60 60 80 100 140 180 240 300 320 320"},
    {2, 3, SADDLE_WHICH_SMALLEST, 40, 1, 1000, 31, 202, 210, 43,
     " 0 0 0 0 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 23 23 28"},
    {2, 3, SADDLE_WHICH_BOTH, 40, 1, 1000, 151, 2284, 2209, 172,
     " 0 0 0 0 6 6 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40 50 50 50 60 60 60 60 60"
     " 80 90 90 145"},
    {0, 1, SADDLE_WHICH_SMALLEST, 0, 1, 30, 31, 94, 89, 36,
     " 0 0 0 0 1 1 1 2 2 2 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 30 30 30"},
    {0, 3, SADDLE_WHICH_BOTH, 30, 1, 1000, 222, 1906, 1787, 243,
     " 0 0 0 0 6 6 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 30 30 30 37 37 37 44 44 44 44 45 45 45"
     " 60 75 105 112 216"},
    {0, 1, SADDLE_WHICH_LARGEST, 40, 1, 999, 101, 439, 425, 106,
     " 0 0 0 0 1 1 1 2 2 2 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40"
     " 50 50 50 60 60 60 60 60 80 100 100"},
    {1, 1, SADDLE_WHICH_SMALLEST, 40, 1, 999, 361, 1804, 1751, 366,
     " 0 0 0 0 1 1 1 2 2 2 3 3 3 4 4 4 5 5 6 7 7 8 10 10 11 14 14 14 15 18 20 20 23 29 29 29 31 37 40 40 40"
     " 50 50 50 60 60 60 60 60 80 100 140 180 240 300 360 360 360"},
};

START_TEST(efforts_are_what_they_were)
{
    const struct effort *e = &efforts[_i];
    const struct saddle_i_kernels loops = counted();
    double d[300];
    struct diary diary = {NULL, 0, ""};
    const saddle_allocator own = {sizeof own, &diary, written_down, given_back};
    saddle_context *c = NULL;
    struct pairs_trial t;
    EXPECT_OK(saddle_context_create(&own, &c));
    spectrum_shape(300, e->shape, d);
    pairs_begin(&t, 300, d, e->pairs, e->which);
    struct saddle_i_operator a = t.a;
    a.context = c;
    a.kernels = &loops;
    t.v.tol = e->most == 999 ? 1e-8 : 1e-4;
    t.v.max_products = e->most;
    t.v.basis = e->basis;
    diary.products = &a.products;
    diary.text[0] = '\0';
    const int64_t alive = diary.alive;
    memset(&ran, 0, sizeof ran);
    EXPECT_OK(e->restarted ? saddle_i_lanczos_restarted(&a, &t.v, &t.out) : saddle_i_lanczos_plain(&a, &t.v, &t.out));
    ck_assert_int_eq(diary.alive, alive);
    char text[4000];
    (void)snprintf(text, sizeof text, "%d, %d, %d, %d, \"%s\"", (int)a.products, (int)ran.dot, (int)ran.axpy, (int)ran.scale, diary.text);
    char expected[4000];
    (void)snprintf(expected, sizeof expected, "%d, %d, %d, %d, \"%s\"", (int)e->products, (int)e->dot, (int)e->axpy, (int)e->scale, e->diary);
    ck_assert_msg(strcmp(text, expected) == 0, "EFFORT %d|%s| not %s", _i, text, expected);
    for (int64_t i = 0; i < t.out.count; i++) {
        ck_assert_int_eq(t.out.pair[i].converged, e->most > 900);
        ck_assert_int_eq(t.out.pair[i].invariant, 0); /* none of these spaces closes */
    }
    diary.products = NULL;
    saddle_context_destroy(c);
    pairs_end(&t);
}
END_TEST

/* Two products give both ends vectors of their own, and any tolerance takes them; and how many vectors a basis has at least. */
START_TEST(no_more_than_is_needed)
{
    double d[N];
    spectrum_shape(N, 0, d);
    struct pairs_trial t;
    pairs_begin(&t, N, d, 1, SADDLE_WHICH_BOTH);
    t.v.tol = 1e6;
    EXPECT_OK(saddle_i_lanczos_plain(&t.a, &t.v, &t.out));
    ck_assert_int_eq(t.a.products, 4); /* with one for each residual */
    pairs_end(&t);
    pairs_begin(&t, N, d, 5, SADDLE_WHICH_SMALLEST);
    t.v.basis = 13;
    EXPECT_FAIL(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out), SADDLE_E_RANGE, "5 pairs of order 90 need a basis of more than 13 vectors");
    t.v.basis = 14;
    EXPECT_OK(saddle_i_lanczos_restarted(&t.a, &t.v, &t.out));
    pairs_end(&t);
}
END_TEST

/* A multiple of the identity: the first space has one vector for two ends, and the other end is asked for again. */
START_TEST(the_other_end_is_asked_for_again)
{
    double d[12];
    for (int i = 0; i < 12; i++) {
        d[i] = 3.0;
    }
    struct pairs_trial t;
    pairs_begin(&t, 12, d, 1, SADDLE_WHICH_BOTH);
    t.v.basis = 8;
    pairs_expect_right(&t);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(t.out.pair[i].invariant, 1);
    }
    ck_assert_int_eq(t.a.products, 4); /* one for each end, and its residual */
    pairs_end(&t);
    const struct saddle_i_kernels loops = counted();
    pairs_begin(&t, 12, d, 1, SADDLE_WHICH_BOTH);
    t.a.kernels = &loops;
    memset(&ran, 0, sizeof ran);
    EXPECT_OK(saddle_i_lanczos_plain(&t.a, &t.v, &t.out));
    expect_ran(23, 5, 8, "identity", 12); /* two rounds between the vectors, of 4 dots, 2 axpys and 2 scalings */
    pairs_end(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lanczos_work");
    TCase *t = tcase_create("work");
    tcase_add_loop_test(t, a_step_runs_the_loops_of_its_formula, 0, 4);
    tcase_add_test(t, a_unit_vector_takes_two_passes);
    tcase_add_loop_test(t, efforts_are_what_they_were, 0, (int)(sizeof efforts / sizeof *efforts));
    tcase_add_test(t, no_more_than_is_needed);
    tcase_add_test(t, the_other_end_is_asked_for_again);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
