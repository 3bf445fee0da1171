/* SPDX-License-Identifier: BSD-3-Clause */
/* An objective that needs room of its own for each concurrent caller: saddle_batch.thread must never be in two calls at
 * once, and neither threads nor the shape of the calls may change a bit. */
#include "numeric/trial.h"
#include "support/run_suite.h"
#include <time.h>

enum { DIM = 37, SAMPLES = 41, GRAIN = 3, THREADS = 5 };

struct room {
    int busy; /* atomic */
    double margin[GRAIN], residual[GRAIN];
    int64_t calls;
};

struct least_squares {
    struct room room[THREADS];
    int64_t threads;
    int clashes, strangers; /* atomic: two callers in one room; numbers of rooms that do not exist */
    int company;            /* atomic: a thread of the library has called */
};

/* Rows that need no table. */
static double row(int64_t i, int64_t j)
{
    return 0.0625 * (double)((i * 31 + j * 17 + i * j) % 23 - 11);
}

/* The calling thread's first call lasts until another thread has come in, at most 5 seconds: on a busy machine too. */
static void await_company(struct least_squares *p)
{
    const struct timespec millisecond = {0, 1000000};
    for (int k = 0; k < 5000 && !__atomic_load_n(&p->company, __ATOMIC_ACQUIRE); k++) {
        (void)nanosleep(&millisecond, NULL);
    }
}

/* Margins into the caller's room first, then the gradient from there; a room that another caller writes to gives it
 * away. f_i = m^4/4 - m^2/2 + m/8, m = <row_i, w>. */
static int scratch_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct least_squares *p = user;
    if (b->thread < 0 || b->thread >= p->threads) {
        (void)__atomic_add_fetch(&p->strangers, 1, __ATOMIC_RELAXED);
        return -1;
    }
    struct room *r = &p->room[b->thread];
    if (__atomic_exchange_n(&r->busy, 1, __ATOMIC_ACQ_REL) != 0) {
        (void)__atomic_add_fetch(&p->clashes, 1, __ATOMIC_RELAXED);
    }
    for (int64_t k = 0; k < b->count; k++) {
        double m = 0.0;
        for (int64_t j = 0; j < DIM; j++) {
            m += row(b->index[k], j) * w[j];
        }
        r->margin[k] = m;
    }
    if (b->thread > 0) {
        __atomic_store_n(&p->company, 1, __ATOMIC_RELEASE);
    } else if (p->threads > 1) {
        await_company(p);
    }
    for (int64_t k = 0; k < b->count; k++) {
        r->residual[k] = r->margin[k] * r->margin[k] * r->margin[k] - r->margin[k] + 0.125;
    }
    for (int64_t j = 0; j < DIM; j++) {
        double sum = 0.0;
        for (int64_t k = 0; k < b->count; k++) {
            sum += r->residual[k] * row(b->index[k], j);
        }
        g[j] = sum / (double)b->count;
    }
    r->calls++;
    __atomic_store_n(&r->busy, 0, __ATOMIC_RELEASE);
    return 0;
}

struct way {
    saddle_method method;
    const char *settings;
};

static const struct way ways[] = {
    {SADDLE_METHOD_GD, "step_size=0.125 max_steps=60"},
    {SADDLE_METHOD_SGD, "step_size=0.0625 batch_size=20 max_steps=60"},
    {SADDLE_METHOD_SGD, "step_size=0.0625 batch_size=16 sampling=shuffle max_steps=60"},
    {SADDLE_METHOD_SGD_GD,
     "step_size=0.125 escape_step=0.5 escape_steps=7 gradient_threshold=0.3 batch_size=10 max_steps=60"},
    {SADDLE_METHOD_NGD, "step_size=0.05 noise=0.01 noise_every=3 max_steps=60"},
    {SADDLE_METHOD_PSGD, "step_size=0.05 noise=0.1 batch_size=17 max_steps=60"},
    {SADDLE_METHOD_SGLD, "step_size=0.05 inverse_temperature=100 batch_size=17 max_steps=60"},
};

static void run(const struct way *way, int64_t threads, double *w, int64_t *calls)
{
    struct least_squares p = {.threads = threads};
    for (int64_t j = 0; j < DIM; j++) {
        w[j] = 0.125 * (double)(j % 5 - 2);
    }
    saddle_context *c = NULL;
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, threads));
    EXPECT_OK(saddle_objective_create(c, DIM, SAMPLES, &p, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, scratch_gradient));
    EXPECT_OK(saddle_objective_set_grain(f, GRAIN));
    saddle_options *o = trial_options(way->settings);
    (void)trial_run(f, way->method, o, w);
    ck_assert_int_eq(p.clashes, 0);
    ck_assert_int_eq(p.strangers, 0);
    calls[0] = p.room[0].calls;
    calls[1] = 0;
    for (int t = 1; t < THREADS; t++) {
        calls[1] += p.room[t].calls;
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
}

START_TEST(rooms_are_entered_by_one_at_a_time)
{
    double alone[DIM], together[DIM];
    int64_t calls[2], shared[2];
    run(&ways[_i], 1, alone, calls);
    ck_assert_int_eq(calls[1], 0);
    for (int64_t threads = 2; threads <= THREADS; threads++) {
        run(&ways[_i], threads, together, shared);
        EXPECT_SAME(alone, together, sizeof alone);
        ck_assert_int_eq(shared[0] + shared[1], calls[0]);
        ck_assert_int_gt(shared[1], 0); /* the others did come */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scratch");
    TCase *c = tcase_create("scratch");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, rooms_are_entered_by_one_at_a_time, 0, (int)(sizeof ways / sizeof ways[0]));
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
