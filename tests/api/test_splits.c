/* SPDX-License-Identifier: BSD-3-Clause */
/* A run has the same bits however it is cut into calls, with and without a monitor, on any number of threads: every
 * method with every schedule, sampling and output. */
#include "support/expect.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <stdlib.h>

enum { DIM = 10, STEPS = 17 };

static const char *const schedules[] = {"constant", "inverse", "inverse_sqrt", "exponential", "cosine"};
static const char *const samplings[] = {"replacement", "shuffle", "sequential"};
static const char *const outputs[] = {"last", "uniform", "best"};

struct setting {
    int recipe;
    const char *schedule, *sampling, *output;
};

struct outcome {
    double w[DIM];
    saddle_result r;
    uint64_t told; /* a hash of all events that a monitor was sent */
    int64_t events;
};

static int listen(void *user, const saddle_event *e)
{
    struct outcome *out = user;
    const double seen[] = {(double)e->step,      (double)e->perturbations,
                           (double)e->escaping,  (double)e->gradient_samples,
                           (double)e->step_norm, e->value,
                           e->gradient_norm,     (double)e->dim};
    out->told = (out->told ^ hash_vector(seen, 8)) * UINT64_C(1099511628211) ^ hash_vector(e->w, e->dim);
    out->events++;
    return 0;
}

/* Split number `how`: 0 one run; 1 single steps; 2 sevens; 3 random splits, also of nothing. */
static int64_t next_split(int how, uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return how == 1 ? 1 : how == 2 ? 7 : (int64_t)(*state >> 61);
}

struct way {
    int split;
    int monitor_every; /* -1: no monitor */
    int64_t threads;   /* 0: another number before every call */
};

static struct outcome go(const struct setting *t, const struct way *way)
{
    struct problem p;
    struct outcome out;
    saddle_context *c = NULL;
    memset(&out, 0, sizeof out);
    problem_init(&p, DIM, 11, 3, t->recipe % 2 == 0 ? ALL_THREE : TOGETHER);
    p.threads = 3;
    problem_start(&p, out.w);
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, way->threads == 0 ? 1 : way->threads));
    saddle_objective *f = problem_objective(&p, c);
    saddle_options *o = recipe_options(t->recipe, c, STEPS);
    set(o, "schedule", t->schedule);
    set(o, "sampling", t->sampling);
    set(o, "output", t->output);
    set(o, "schedule_time", "6.5");
    if (way->monitor_every >= 0) {
        EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_MONITOR_EVERY, way->monitor_every));
    }
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, recipes[t->recipe].method, o, out.w, &s));
    if (way->monitor_every >= 0) {
        EXPECT_OK(saddle_solver_set_monitor(s, listen, &out));
    }
    uint64_t state = (uint64_t)(t->recipe + 1);
    out.r.struct_size = (int64_t)sizeof out.r;
    do {
        EXPECT_OK(way->split == 0 ? saddle_solver_run(s) : saddle_solver_step(s, next_split(way->split, &state)));
        EXPECT_OK(saddle_solver_result(s, &out.r));
        if (way->threads == 0) {
            EXPECT_OK(saddle_context_set_threads(c, 1 + (int64_t)(state >> 33) % 3));
        }
    } while (out.r.stop == SADDLE_STOP_NONE);
    ck_assert_int_eq(p.broken, 0);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    return out;
}

static void same(const struct outcome *a, const struct outcome *b)
{
    EXPECT_SAME(a->w, b->w, sizeof a->w);
    ck_assert_int_eq(a->r.stop, b->r.stop);
    ck_assert_int_eq(a->r.kind, b->r.kind);
    ck_assert_int_eq(a->r.steps, b->r.steps);
    ck_assert_int_eq(a->r.perturbations, b->r.perturbations);
    ck_assert_int_eq(a->r.value_samples, b->r.value_samples);
    ck_assert_int_eq(a->r.gradient_samples, b->r.gradient_samples);
    EXPECT_SAME(&a->r.value, &b->r.value, sizeof(double));
    EXPECT_SAME(&a->r.gradient_norm, &b->r.gradient_norm, sizeof(double));
}

static void try_ways(const struct setting *t)
{
    static const struct way plain = {0, -1, 1}, watched = {0, 1, 1};
    static const struct way silent_ways[] = {{1, -1, 1}, {2, -1, 1}, {3, -1, 1}, {0, 0, 1}, {3, 5, 2}};
    static const struct way watched_ways[] = {{1, 1, 1}, {3, 1, 2}};
    const struct outcome a = go(t, &plain), b = go(t, &watched);
    ck_assert(a.r.stop == SADDLE_STOP_METHOD || a.r.steps == STEPS);
    ck_assert_int_eq(b.events, b.r.steps + 1);
    same(&a, &b);
    for (size_t i = 0; i < sizeof silent_ways / sizeof silent_ways[0]; i++) {
        const struct outcome other = go(t, &silent_ways[i]);
        same(&a, &other);
    }
    for (size_t i = 0; i < sizeof watched_ways / sizeof watched_ways[0]; i++) {
        const struct outcome other = go(t, &watched_ways[i]);
        same(&a, &other);
        ck_assert_int_eq(other.events, b.events);
        ck_assert(other.told == b.told); /* events, too */
    }
}

START_TEST(splits_and_monitors_do_not_matter)
{
    for (int k = 0; k < 45; k++) {
        if (k / 5 % 3 == 0 || recipes[_i].by_batches) {
            const struct setting t = {_i, schedules[k % 5], samplings[k / 5 % 3], outputs[k / 15]};
            try_ways(&t);
        }
    }
}
END_TEST

START_TEST(threads_do_not_matter)
{
    static const struct way plain = {0, -1, 1};
    static const struct way threaded[] = {{0, -1, 2}, {0, -1, 3}, {1, -1, 0}, {2, 2, 0}};
    for (int k = 0; k < 3; k++) {
        const struct setting t = {_i, schedules[k + 1], samplings[k], outputs[k]};
        const struct outcome a = go(&t, &plain);
        for (size_t i = 0; i < sizeof threaded / sizeof threaded[0]; i++) {
            const struct outcome other = go(&t, &threaded[i]);
            same(&a, &other);
        }
    }
}
END_TEST

/* The seed and every choice do matter: else the tests above would compare nothing. */
START_TEST(settings_do_matter)
{
    static const struct way plain = {0, -1, 1};
    const struct setting a = {2, "constant", "replacement", "last"}, b = {2, "cosine", "replacement", "last"},
                         c = {2, "constant", "shuffle", "last"}, d = {2, "constant", "replacement", "uniform"};
    const struct outcome all[4] = {go(&a, &plain), go(&b, &plain), go(&c, &plain), go(&d, &plain)};
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) {
            ck_assert(memcmp(all[i].w, all[j].w, sizeof all[i].w) != 0);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("splits");
    TCase *c = tcase_create("splits");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, splits_and_monitors_do_not_matter, 0, RECIPES);
    tcase_add_loop_test(c, threads_do_not_matter, 0, RECIPES);
    tcase_add_test(c, settings_do_matter);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
