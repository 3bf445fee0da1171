/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes near 2^31, 2^41 and 2^62, with callbacks that touch next to nothing and an allocator that refuses what is large. With the
 * argument "all" also evaluations over 2^31 + 5 samples, and a w of 2^31 + 3 entries of which every page is the same. */
#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
#  define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#endif
#include "support/expect.h"
#include "support/memory.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <saddle/saddle.h>
#include <math.h>
#include <stdio.h>

#include <stdlib.h>
#if defined(__linux__)
#  include <sys/mman.h>
#endif

enum { STEPS = 40, SMALL = 1 << 24 };

/* What a callback of one entry has seen. */
struct seen {
    int64_t n;            /* SADDLE_STREAM: any index */
    int64_t calls, samples, least, greatest;
    int64_t next, broken; /* next: the index that comes in order, -1 = any */
    saddle_solver *s;     /* asked to stop, so that nothing is measured over all samples */
    int64_t stop_at;
};

static void look(struct seen *x, const saddle_batch *b)
{
    x->calls++;
    x->samples += b->count;
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t i = b->index[k];
        x->broken += i < 0 || (x->n > 0 && i >= x->n) || (x->next >= 0 && i != x->next);
        x->least = i < x->least ? i : x->least;
        x->greatest = i > x->greatest ? i : x->greatest;
        x->next = x->next < 0 ? -1 : x->next + 1 == x->n ? 0 : x->next + 1;
    }
    x->broken += b->count < 1 || b->dim != 1 || (b->first >= 0 && b->index[b->count - 1] != b->first + b->count - 1);
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    look(user, b);
    *g = 0.5 * *w + (b->index[0] % 2 == 0 ? 0.125 : -0.125);
    return 0;
}

static int monitor(void *user, const saddle_event *e)
{
    struct seen *x = user;
    if (e->step == x->stop_at) {
        saddle_solver_request_stop(x->s);
    }
    return 0;
}

static const int64_t sizes[] = {INT32_MAX - INT64_C(1), INT32_MAX, INT64_C(1) << 31, (INT64_C(1) << 31) + 1, (INT64_C(1) << 32) + 5,
                                (INT64_C(1) << 53) + 1, (INT64_C(1) << 62) - 1, INT64_C(1) << 62, SADDLE_STREAM};
static const char *const samplings[] = {"replacement", "shuffle", "sequential"};
enum { SIZES = sizeof sizes / sizeof sizes[0], SAMPLINGS = 3 };

static const struct {
    saddle_method method;
    const char *more[5];
} stochastic[] = {
    {SADDLE_METHOD_SGD, {NULL}},
    {SADDLE_METHOD_SGD, {"escape_steps", "3", "escape_step", "0.25"}},
    {SADDLE_METHOD_PSGD, {"noise", "0.1"}},
    {SADDLE_METHOD_SGLD, {"inverse_temperature", "50"}},
    {SADDLE_METHOD_NGD, {"noise", "0.1"}},
    {SADDLE_METHOD_GD, {NULL}},
};
enum { STOCHASTIC = sizeof stochastic / sizeof stochastic[0] };

/* A run of so many steps over n samples; returns w. */
static double run(int method, int64_t n, const char *sampling, const char *batch, struct seen *x, saddle_result *r)
{
    double w[1] = {0.75};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    const struct seen fresh = {.n = n, .least = INT64_MAX, .greatest = -1, .next = sampling[1] == 'e' && sampling[0] == 's' ? 0 : -1, .stop_at = STEPS};
    *x = fresh;
    EXPECT_OK(saddle_objective_create(NULL, 1, n, x, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_options_create(NULL, &o));
    set(o, "step_size", "0.25");
    set(o, "batch_size", batch);
    set(o, "sampling", sampling);
    set(o, "max_steps", "4611686018427387904");
    set(o, "max_epochs", n > 0 ? "1000" : "0");
    for (int i = 0; stochastic[method].more[i] != NULL; i += 2) {
        set(o, stochastic[method].more[i], stochastic[method].more[i + 1]);
    }
    EXPECT_OK(saddle_solver_create(f, stochastic[method].method, o, w, &x->s));
    EXPECT_OK(saddle_solver_set_monitor(x->s, monitor, x));
    EXPECT_OK(saddle_solver_run(x->s));
    r->struct_size = (int64_t)sizeof *r;
    EXPECT_OK(saddle_solver_result(x->s, r));
    ck_assert_int_eq(r->stop, SADDLE_STOP_REQUEST);
    ck_assert_int_eq(r->steps, STEPS);
    saddle_solver_destroy(x->s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return w[0];
}

START_TEST(any_number_of_samples)
{
    static const char *const batches[] = {"1", "3", "5000"};
    const int64_t n = sizes[_i];
    for (int k = 0; k < STOCHASTIC * SAMPLINGS * 3; k++) {
        const char *const sampling = samplings[k / 3 % SAMPLINGS];
        struct seen x, again;
        saddle_result r, same;
        if (n == SADDLE_STREAM && sampling[1] == 'h') {
            continue; /* there is nothing to shuffle */
        }
        const double w = run(k / 9, n, sampling, batches[k % 3], &x, &r);
        ck_assert(isfinite(w));
        ck_assert_int_eq(x.broken, 0);
        ck_assert_int_eq(x.samples, r.gradient_samples);
        ck_assert_int_eq(r.gradient_samples, STEPS * strtol(batches[k % 3], NULL, 10));
        if (sampling[1] != 'e' || sampling[0] == 'r') { /* drawn from all of them: 40 draws in one half have the probability 2^-39 */
            const double most = n == SADDLE_STREAM ? 0x1p63 : (double)n;
            ck_assert((double)x.greatest > 0.5 * most && (double)x.least < 0.5 * most);
        }
        const double w_again = run(k / 9, n, sampling, batches[k % 3], &again, &same);
        EXPECT_SAME(&w, &w_again, sizeof w);
        ck_assert(x.least == again.least && x.greatest == again.greatest);
    }
}
END_TEST

/* Every number of steps at its largest: nothing is due, nothing overflows. */
START_TEST(counters_at_their_ends)
{
    static const char *const largest[] = {"max_steps", "monitor_every", "check_every", "escape_steps", "noise_every", "schedule_time",
                                          "max_epochs", "seed"};
    for (int way = 0; way < 3; way++) {
        struct seen x = {.n = 5, .next = -1, .least = INT64_MAX};
        double w[1] = {0.75};
        saddle_objective *f = NULL;
        saddle_result r = {.struct_size = (int64_t)sizeof r};
        EXPECT_OK(saddle_objective_create(NULL, 1, 5, &x, &f));
        EXPECT_OK(saddle_objective_set_gradient(f, gradient));
        saddle_options *o = recipe_options(_i, NULL, 0);
        for (size_t i = 0; i < sizeof largest / sizeof largest[0]; i++) {
            set(o, largest[i], "4611686018427387904");
        }
        set(o, "escape_step", "0.25");
        set(o, "eps_gradient", "1e-9");
        set(o, "eps_hessian", "1e-9");
        set(o, "schedule", way == 0 ? "constant" : way == 1 ? "inverse" : "cosine");
        saddle_status s = saddle_solver_create(f, recipes[_i].method, o, w, &x.s);
        if (recipes[_i].method == SADDLE_METHOD_PGD) { /* which needs values */
            ck_assert_int_eq(s, SADDLE_E_MISSING);
        } else {
            ck_assert_int_eq(s, SADDLE_OK);
            x.stop_at = 7;
            EXPECT_OK(saddle_solver_set_monitor(x.s, monitor, &x));
            EXPECT_OK(saddle_solver_step(x.s, 3));
            saddle_solver_request_stop(x.s);
            EXPECT_OK(saddle_solver_step(x.s, INT64_MAX));
            EXPECT_OK(saddle_solver_result(x.s, &r));
            ck_assert(r.stop == SADDLE_STOP_REQUEST && r.steps == 3);
        }
        saddle_solver_destroy(x.s);
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
    }
}
END_TEST

static int never_apply(void *user, int64_t dim, const double *v, double *product)
{
    (void)user, (void)dim, (void)v, (void)product;
    return 9;
}

/* What no memory holds is told before anything is called. */
START_TEST(vectors_that_no_memory_holds)
{
    static const int64_t dims[] = {INT32_MAX, INT64_C(1) << 31, (INT64_C(1) << 31) + 1, INT64_C(1) << 32, (INT64_C(1) << 41) - 1,
                                   INT64_C(1) << 41};
    static const char *const pairs[] = {"1", "3", "4000"};
    for (size_t k = 0; k < 3 * sizeof dims / sizeof dims[0]; k++) {
        struct memory m;
        saddle_context *c = NULL;
        saddle_options *o = NULL;
        saddle_lanczos *l = NULL;
        char said[60];
        const int64_t dim = dims[k / 3], count = strtol(pairs[k % 3], NULL, 10);
        const saddle_allocator a = memory_allocator(&m, 0xA5);
        m.largest = SMALL;
        EXPECT_OK(saddle_context_create(&a, &c));
        EXPECT_OK(saddle_options_create(c, &o));
        set(o, "eigenvalues", pairs[k % 3]);
        set(o, "which", "both");
        (void)snprintf(said, sizeof said, "the allocator returned NULL for %lld bytes", (long long)(2 * count * dim * 8 + 64));
        const int fits = 2 * count * dim <= (PTRDIFF_MAX - 64) / 8; /* not where pointers have 32 bits */
        EXPECT_FAIL(saddle_lanczos_create(c, dim, never_apply, NULL, o, &l), fits ? SADDLE_E_MEMORY : SADDLE_E_OVERFLOW,
                    fits ? said : "more than this machine can address");
        ck_assert_ptr_null(l);
        saddle_options_destroy(o);
        saddle_context_destroy(c);
        ck_assert(m.blocks == 0 && m.faults == 0 && m.peak < SMALL);
    }
}
END_TEST

/* A batch, or a grain, that no memory holds. */
START_TEST(batches_that_no_memory_holds)
{
    static const char *const sizes_of[] = {"16777216", "2147483647", "2147483648", "1099511627776"};
    struct memory m;
    struct seen x = {.n = INT64_C(1) << 62, .next = -1};
    double w[1] = {0.75}, g[1];
    saddle_context *c = NULL;
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    m.largest = SMALL;
    EXPECT_OK(saddle_context_create(&a, &c));
    EXPECT_OK(saddle_objective_create(c, 1, x.n, &x, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_objective_set_grain(f, INT32_MAX));
    const int wide = PTRDIFF_MAX > INT32_MAX;
    EXPECT_FAIL(saddle_objective_gradient(f, w, NULL, g), wide ? SADDLE_E_MEMORY : SADDLE_E_OVERFLOW,
                wide ? "NULL for 17179869240 bytes" : "2147483647 things of 8 bytes are more than this machine can address");
    EXPECT_OK(saddle_options_create(c, &o));
    set(o, "step_size", "0.1");
    for (size_t i = 0; i < sizeof sizes_of / sizeof sizes_of[0]; i++) {
        set(o, "batch_size", sizes_of[i]);
        const int fits = wide || i == 0;
        EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_SGD, o, w, &x.s), fits ? SADDLE_E_MEMORY : SADDLE_E_OVERFLOW,
                    fits ? "the allocator returned NULL for " : "more than this machine can address");
        ck_assert_ptr_null(x.s);
    }
    ck_assert(x.calls == 0 && w[0] == 0.75);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert(m.blocks == 0 && m.faults == 0);
}
END_TEST

static int ones(void *user, const saddle_batch *b, const double *w, double *value)
{
    struct seen *x = user;
    x->broken += b->first != x->next || b->index[b->count - 1] != x->next + b->count - 1 || w[b->dim - 1] != 0.0;
    x->next += b->count;
    x->samples += b->count;
    *value = b->first == 0 ? 1.0 : 0.0;
    return 0;
}

START_TEST(all_of_many_samples)
{
    const int64_t n = (INT64_C(1) << 31) + 5, grain = 1 << 20;
    struct seen x = {.n = n};
    double w[1] = {0.0}, value = 0.0;
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, 1, n, &x, &f));
    EXPECT_OK(saddle_objective_set_value(f, ones));
    EXPECT_OK(saddle_objective_set_grain(f, grain));
    EXPECT_OK(saddle_objective_value(f, w, &value));
    ck_assert(x.broken == 0 && x.samples == n && x.next == n);
    ck_assert_double_eq(value, (double)grain / (double)n);
    saddle_objective_destroy(f);
}
END_TEST

#if defined(__linux__)
/* Zeros that are read only, but for one page: they take no memory. */
START_TEST(a_vector_of_many_entries)
{
    const int64_t dim = (INT64_C(1) << 31) + 3;
    const size_t bytes = (size_t)dim * sizeof(double);
    struct memory m;
    struct seen x = {.n = 1};
    double value = 0.0;
    saddle_context *c = NULL;
    saddle_objective *f = NULL;
    saddle_solver *s = NULL;
    const saddle_allocator a = memory_allocator(&m, 0xA5);
    double *w = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (w == MAP_FAILED) {
        return; /* an address space without so much room */
    }
    (void)madvise(w, bytes, MADV_HUGEPAGE); /* the zero page of 2 MiB: a small page each would be 4 million faults */
    m.largest = SMALL;
    EXPECT_OK(saddle_context_create(&a, &c));
    m.largest = SMALL;
    EXPECT_OK(saddle_objective_create(c, dim, 1, &x, &f));
    EXPECT_OK(saddle_objective_set_value(f, ones));
    EXPECT_OK(saddle_objective_set_gradient(f, gradient));
    EXPECT_OK(saddle_objective_value(f, w, &value));
    ck_assert(x.broken == 0 && value == 1.0);
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_GD, NULL, w, &s), SADDLE_E_MEMORY, "NULL for 17179869272 bytes");
    w[dim - 2] = (double)NAN;
    EXPECT_FAIL(saddle_objective_value(f, w, &value), SADDLE_E_NOT_FINITE, "entry 2147483649 of w is nan");
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_GD, NULL, w, &s), SADDLE_E_NOT_FINITE, "entry 2147483649 of w is nan");
    ck_assert_ptr_null(s);
    (void)munmap(w, bytes);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert(m.blocks == 0 && m.faults == 0);
}
END_TEST
#endif

int main(int argc, char **argv)
{
    Suite *suite = suite_create("sizes");
    TCase *c = tcase_create("sizes");
    tcase_set_timeout(c, 200);
    if (argc > 1 && strcmp(argv[1], "all") == 0) {
        tcase_add_test(c, all_of_many_samples);
#if defined(__linux__)
        tcase_add_test(c, a_vector_of_many_entries);
#endif
    } else {
        tcase_add_loop_test(c, any_number_of_samples, 0, SIZES);
        tcase_add_loop_test(c, counters_at_their_ends, 0, RECIPES);
        tcase_add_test(c, vectors_that_no_memory_holds);
        tcase_add_test(c, batches_that_no_memory_holds);
    }
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
