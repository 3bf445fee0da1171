/* SPDX-License-Identifier: BSD-3-Clause */
/* Distinct objects in eight threads, over one context, one set of options and one data set that all of them read: the bits of one
 * thread, messages of their own, and requests from a signal handler and from another thread. */
#include "support/expect.h"
#include "support/lanes.h"
#include "support/models.h"
#include "support/own.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { STEPS = 30, POINTS = 50, ORDER = 40, TIMES = 200 };

/* What the lanes share: nobody writes it while they are at work, but for the context's number of threads. */
struct shared {
    saddle_context *c;
    saddle_options *o[RECIPES];
    struct model model;
};

struct run {
    double w[MODEL_MOST_DIM];
    saddle_result r;
};

static void share(struct shared *x, int kind)
{
    memset(x, 0, sizeof *x);
    EXPECT_OK(saddle_context_create(NULL, &x->c));
    EXPECT_OK(saddle_context_set_threads(x->c, 2));
    for (int k = 0; k < RECIPES; k++) {
        x->o[k] = recipe_options(k, x->c, STEPS);
    }
    model_init(&x->model, kind, PLANT_NONE);
}

static void unshare(struct shared *x)
{
    for (int k = 0; k < RECIPES; k++) {
        saddle_options_destroy(x->o[k]);
    }
    saddle_context_destroy(x->c);
}

/* Where the step sizes of all recipes are small enough. */
static void start_near_zero(const struct model *m, int64_t k, double *w)
{
    model_point(m, k, w);
    for (int64_t j = 0; j < m->dim; j++) {
        w[j] *= 0.125;
    }
}

/* An objective of the lane's own, over the samples of all. */
static void run_recipe(struct lane *me, struct shared *x, int recipe, struct run *out)
{
    memset(out, 0, sizeof *out);
    int64_t steps = 0;
    saddle_objective *f = model_objective(&x->model, x->c);
    start_near_zero(&x->model, 3, out->w);
    out->r.struct_size = (int64_t)sizeof out->r;
    LANE_OK(saddle_minimize(f, recipes[recipe].method, x->o[recipe], out->w, &out->r));
    LANE_OK(saddle_options_get_int(x->o[recipe], SADDLE_OPT_MAX_STEPS, &steps));
    LANE_REQUIRE(steps == STEPS);
    out->r.seconds = 0.0;
    saddle_objective_destroy(f);
}

struct runs {
    struct shared shared;
    struct run run[LANES][RECIPES];
    int64_t done; /* atomic */
};

static void run_all(struct lane *me)
{
    struct runs *x = me->all->user;
    for (int k = 0; k < RECIPES; k++) {
        const int recipe = (k + me->number) % RECIPES;
        run_recipe(me, &x->shared, recipe, &x->run[me->number][recipe]);
    }
    (void)__atomic_add_fetch(&x->done, 1, __ATOMIC_RELEASE);
}

static void pause_ms(long ms)
{
    const struct timespec t = {0, ms * 1000000L};
    (void)nanosleep(&t, NULL);
}

/* Every method in every thread, while the main thread changes the number of threads that share an evaluation. */
START_TEST(runs_have_the_bits_of_one_thread)
{
    struct runs *x = calloc(1, sizeof *x);
    struct lanes l;
    ck_assert_ptr_nonnull(x);
    static const int kinds[] = {MODEL_PCA, MODEL_HALFSPACES, MODEL_FACTORS, MODEL_NETWORK}; /* phase retrieval asks for shorter steps */
    share(&x->shared, kinds[_i]);
    lanes_start(&l, run_all, x);
    for (int64_t k = 0; __atomic_load_n(&x->done, __ATOMIC_ACQUIRE) < LANES; k++) {
        EXPECT_OK(saddle_context_set_threads(x->shared.c, 1 + k % 3));
        pause_ms(1);
    }
    lanes_join(&l);
    EXPECT_OK(saddle_context_set_threads(x->shared.c, 1));
    for (int k = 0; k < RECIPES; k++) {
        struct lane alone = {.all = &l};
        struct run expected;
        run_recipe(&alone, &x->shared, k, &expected);
        ck_assert_msg(alone.failed == NULL, "%s: %s", recipes[k].name, alone.message);
        for (int n = 0; n < LANES; n++) {
            ck_assert_msg(memcmp(&x->run[n][k], &expected, sizeof expected) == 0, "lane %d, %s", n, recipes[k].name);
        }
    }
    unshare(&x->shared);
    free(x);
}
END_TEST

/* Where the checkpoints go: one of each lane, and one that all of them write and read. */
struct files {
    struct shared shared;
    char folder[64];
    double whole[MODEL_MOST_DIM]; /* where the run ends */
};

static saddle_solver *solver_of(struct lane *me, struct files *x, saddle_objective *f, double *w)
{
    saddle_solver *s = NULL;
    start_near_zero(&x->shared.model, 3, w);
    LANE_OK(saddle_solver_create(f, SADDLE_METHOD_PSGD, x->shared.o[9], w, &s));
    return s;
}

static void load_and_go_on(struct lane *me, struct files *x, saddle_objective *f, const char *path)
{
    double w[MODEL_MOST_DIM] = {0.0};
    saddle_solver *s = solver_of(me, x, f, w);
    LANE_OK(saddle_solver_load(s, path));
    LANE_OK(saddle_solver_run(s));
    LANE_REQUIRE(memcmp(w, x->whole, sizeof w) == 0);
    saddle_solver_destroy(s);
}

static void save_and_load(struct lane *me)
{
    struct files *x = me->all->user;
    char own[96], common[96];
    double w[MODEL_MOST_DIM] = {0.0};
    saddle_objective *f = model_objective(&x->shared.model, x->shared.c);
    saddle_solver *s = solver_of(me, x, f, w);
    (void)snprintf(own, sizeof own, "%s/lane-%d", x->folder, me->number);
    (void)snprintf(common, sizeof common, "%s/common", x->folder);
    for (int k = 0; k < 5; k++) {
        LANE_OK(saddle_solver_step(s, 1 + (me->number + k) % 4)); /* each is somewhere else */
        LANE_OK(saddle_solver_save(s, own));
        LANE_OK(saddle_solver_save(s, common));
        load_and_go_on(me, x, f, own);
        load_and_go_on(me, x, f, common);
    }
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
    (void)unlink(own);
}

START_TEST(checkpoints_in_one_folder)
{
    struct files *x = calloc(1, sizeof *x);
    struct lanes l;
    struct lane alone = {.all = &l};
    char common[96];
    ck_assert_ptr_nonnull(x);
    share(&x->shared, MODEL_HALFSPACES);
    strcpy(x->folder, "/tmp/saddle-lanes-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(x->folder));
    saddle_objective *f = model_objective(&x->shared.model, NULL);
    saddle_solver *s = solver_of(&alone, x, f, x->whole);
    EXPECT_OK(saddle_solver_run(s));
    lanes_start(&l, save_and_load, x);
    lanes_join(&l);
    (void)snprintf(common, sizeof common, "%s/common", x->folder);
    ck_assert_int_eq(unlink(common), 0);
    ck_assert_msg(rmdir(x->folder) == 0, "something is left in %s", x->folder);
    saddle_solver_destroy(s);
    saddle_objective_destroy(f);
    unshare(&x->shared);
    free(x);
}
END_TEST

/* All that is said of a point, and of an operator of order ORDER. */
struct evidence {
    saddle_eigen eigen;
    saddle_certificate certificate;
    saddle_cnc cnc;
    saddle_assumptions assumptions;
    saddle_derivative_check check;
    double v[3][MODEL_MOST_DIM], lambda[POINTS], density[POINTS];
    saddle_eigen pair[OWN_PAIRS];
    double vector[OWN_PAIRS][ORDER];
};

struct looks {
    struct shared shared;
    saddle_options *looks, *both; /* of the points; of both ends of the operator */
    saddle_lanczos *computed;     /* whose pairs all lanes read */
    struct evidence evidence[LANES];
};

static void take_pairs(struct lane *me, const saddle_lanczos *l, struct evidence *e)
{
    LANE_REQUIRE(saddle_lanczos_count(l) == OWN_PAIRS);
    for (int i = 0; i < OWN_PAIRS; i++) {
        e->pair[i].struct_size = (int64_t)sizeof e->pair[i];
        LANE_OK(saddle_lanczos_pair(l, i, e->vector[i], &e->pair[i]));
    }
}

static void look_at_operator(struct lane *me, const struct looks *x, struct evidence *e)
{
    struct own a;
    struct evidence *read = calloc(1, sizeof *read);
    saddle_lanczos *l = NULL;
    own_init(&a, ORDER);
    LANE_OK(saddle_lanczos_create(x->shared.c, ORDER, own_apply, &a, x->both, &l));
    LANE_OK(saddle_lanczos_run(l));
    take_pairs(me, l, e);
    take_pairs(me, x->computed, read);
    LANE_REQUIRE(a.broken == 0);
    LANE_REQUIRE(memcmp(read->vector, e->vector, sizeof e->vector) == 0);
    saddle_lanczos_destroy(l);
    free(read);
}

static void look(struct lane *me, struct looks *x, struct evidence *e)
{
    double w[MODEL_MOST_DIM];
    memset(e, 0, sizeof *e);
    e->eigen.struct_size = (int64_t)sizeof e->eigen;
    e->certificate.struct_size = (int64_t)sizeof e->certificate;
    e->cnc.struct_size = (int64_t)sizeof e->cnc;
    e->assumptions.struct_size = (int64_t)sizeof e->assumptions;
    e->check.struct_size = (int64_t)sizeof e->check;
    saddle_objective *f = model_objective(&x->shared.model, x->shared.c);
    model_point(&x->shared.model, 2, w);
    LANE_OK(saddle_lambda_min(f, w, x->looks, e->v[0], &e->eigen));
    LANE_OK(saddle_certify(f, w, x->looks, e->v[1], &e->certificate));
    LANE_OK(saddle_cnc_check(f, w, x->looks, e->v[2], &e->cnc));
    LANE_OK(saddle_estimate_assumptions(f, w, x->looks, &e->assumptions));
    LANE_OK(saddle_spectral_density(f, w, x->looks, POINTS, e->lambda, e->density));
    LANE_OK(saddle_check_derivatives(f, w, 1, &e->check));
    saddle_objective_destroy(f);
    look_at_operator(me, x, e);
}

static void look_in_lane(struct lane *me)
{
    struct looks *x = me->all->user;
    look(me, x, &x->evidence[me->number]);
}

START_TEST(looks_have_the_bits_of_one_thread)
{
    struct looks *x = calloc(1, sizeof *x);
    struct own a;
    struct lanes l;
    struct lane alone = {.all = &l};
    ck_assert_ptr_nonnull(x);
    share(&x->shared, _i);
    own_init(&a, ORDER);
    EXPECT_OK(saddle_options_create(NULL, &x->looks));
    EXPECT_OK(saddle_options_set_real(x->looks, SADDLE_OPT_EPS_GRADIENT, 1e3));
    EXPECT_OK(saddle_options_set_real(x->looks, SADDLE_OPT_EPS_HESSIAN, 1e-3));
    x->both = options_of("3", "both", "16");
    EXPECT_OK(saddle_lanczos_create(NULL, ORDER, own_apply, &a, x->both, &x->computed));
    EXPECT_OK(saddle_lanczos_run(x->computed));
    lanes_start(&l, look_in_lane, x);
    lanes_join(&l);
    EXPECT_OK(saddle_context_set_threads(x->shared.c, 1));
    struct evidence *expected = calloc(1, sizeof *expected);
    look(&alone, x, expected);
    ck_assert_msg(alone.failed == NULL, "%s: %s", alone.failed, alone.message);
    ck_assert(expected->cnc.energy > 0.0 && expected->eigen.residual >= 0.0 && expected->density[POINTS / 2] >= 0.0);
    for (int n = 0; n < LANES; n++) {
        ck_assert_msg(memcmp(&x->evidence[n], expected, sizeof *expected) == 0, "lane %d", n);
    }
    saddle_lanczos_destroy(x->computed);
    saddle_options_destroy(x->looks);
    saddle_options_destroy(x->both);
    unshare(&x->shared);
    free(expected);
    free(x);
}
END_TEST

static int give_up(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)b;
    (void)w;
    g[0] = 0.0;
    return *(const int *)user;
}

/* All lanes fail, each in its own words, before any of them reads what it was told. */
static void fail_in_own_words(struct lane *me)
{
    saddle_options *o = NULL;
    saddle_objective *f = NULL;
    int code = 100 + me->number;
    double w = 1.0, g = 0.0;
    char word[32], said[64];
    LANE_REQUIRE(saddle_error_message()[0] == '\0'); /* what the main thread was told is not told here */
    LANE_OK(saddle_options_create(NULL, &o));
    LANE_OK(saddle_objective_create(NULL, 1, 1, &code, &f));
    LANE_OK(saddle_objective_set_gradient(f, give_up));
    for (int k = 0; k < TIMES; k++) {
        (void)snprintf(word, sizeof word, "lane_%d_time_%d", me->number, k);
        LANE_REQUIRE(saddle_options_set_text(o, word, "1") == SADDLE_E_UNSUPPORTED);
        lanes_meet(me);
        LANE_REQUIRE(strstr(saddle_error_message(), word) != NULL);
        (void)snprintf(said, sizeof said, "returned %d (gave up)", code);
        LANE_REQUIRE(saddle_objective_gradient(f, &w, NULL, &g) == SADDLE_E_CALLBACK);
        lanes_meet(me);
        LANE_REQUIRE(strstr(saddle_error_message(), said) != NULL);
    }
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}

START_TEST(each_thread_has_its_message)
{
    struct lanes l;
    EXPECT_FAIL(saddle_options_set_int(NULL, SADDLE_OPT_SEED, 1), SADDLE_E_ARGUMENT, "is NULL");
    lanes_start(&l, fail_in_own_words, NULL);
    lanes_join(&l);
    EXPECT_MESSAGE("is NULL");
}
END_TEST

/* The context goes with the last object made from it, in whatever thread that is. */
static void let_go(struct lane *me)
{
    saddle_objective **f = me->all->user;
    double w[1] = {1.0}, g[1];
    lanes_meet(me);
    LANE_REQUIRE(saddle_objective_gradient(f[me->number], w, NULL, g) == SADDLE_E_CALLBACK);
    saddle_objective_destroy(f[me->number]);
}

START_TEST(a_context_goes_in_any_thread)
{
    struct lanes l;
    int code = 9;
    for (int k = 0; k < 20; k++) {
        saddle_objective *f[LANES];
        saddle_context *c = NULL;
        EXPECT_OK(saddle_context_create(NULL, &c));
        for (int n = 0; n < LANES; n++) {
            EXPECT_OK(saddle_objective_create(c, 1, 1, &code, &f[n]));
            EXPECT_OK(saddle_objective_set_gradient(f[n], give_up));
        }
        lanes_start(&l, let_go, f);
        saddle_context_destroy(c);
        lanes_join(&l);
    }
}
END_TEST

/* Runs without an end, one in each lane, that can be asked from outside. */
struct endless {
    struct shared shared;
    saddle_options *o;
    saddle_objective *f[LANES];
    saddle_solver *s[LANES];
    double w[LANES][MODEL_MOST_DIM];
    int64_t step[LANES]; /* atomic */
};
static struct endless endless;

static int count_steps(void *user, const saddle_event *e)
{
    __atomic_store_n((int64_t *)user, e->step, __ATOMIC_RELAXED);
    return 0;
}

static void run_without_end(struct lane *me)
{
    LANE_OK(saddle_solver_run(endless.s[me->number]));
}

static void ask_all(int number)
{
    (void)number;
    for (int n = 0; n < LANES; n++) {
        saddle_solver_request_stop(endless.s[n]);
    }
}

static void wait_for_steps(int64_t steps)
{
    for (int n = 0; n < LANES; n++) {
        while (__atomic_load_n(&endless.step[n], __ATOMIC_RELAXED) < steps) {
            pause_ms(1);
        }
    }
}

static void start_endless(void)
{
    memset(&endless, 0, sizeof endless);
    model_init(&endless.shared.model, MODEL_HALFSPACES, PLANT_NONE);
    endless.o = recipe_options(9, NULL, 0);
    for (int n = 0; n < LANES; n++) {
        start_near_zero(&endless.shared.model, n, endless.w[n]);
        endless.f[n] = model_objective(&endless.shared.model, NULL);
        EXPECT_OK(saddle_solver_create(endless.f[n], SADDLE_METHOD_PSGD, endless.o, endless.w[n], &endless.s[n]));
        EXPECT_OK(saddle_solver_set_monitor(endless.s[n], count_steps, &endless.step[n]));
    }
}

/* As many steps alone. */
static void expect_bits(int n)
{
    double w[MODEL_MOST_DIM] = {0.0};
    saddle_solver *s = NULL;
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_result(endless.s[n], &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_REQUEST);
    ck_assert_int_ge(r.steps, 100);
    start_near_zero(&endless.shared.model, n, w);
    EXPECT_OK(saddle_solver_create(endless.f[n], SADDLE_METHOD_PSGD, endless.o, w, &s));
    EXPECT_OK(saddle_solver_step(s, r.steps));
    EXPECT_SAME(w, endless.w[n], sizeof w);
    saddle_solver_destroy(s);
}

START_TEST(requests_reach_every_run)
{
    struct lanes l;
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = ask_all;
    start_endless();
    ck_assert_int_eq(sigaction(SIGUSR1, &action, &old), 0);
    lanes_start(&l, run_without_end, NULL);
    wait_for_steps(100);
    if (_i == 0) {
        ask_all(0);
    } else if (_i == 1) {
        ck_assert_int_eq(raise(SIGUSR1), 0); /* here, */
    } else {
        ck_assert_int_eq(pthread_kill(l.lane[5].handle, SIGUSR1), 0); /* or in the middle of a step */
    }
    lanes_join(&l);
    ck_assert_int_eq(sigaction(SIGUSR1, &old, NULL), 0);
    for (int n = 0; n < LANES; n++) {
        expect_bits(n);
        saddle_solver_destroy(endless.s[n]);
        saddle_objective_destroy(endless.f[n]);
    }
    saddle_options_destroy(endless.o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("side_by_side");
    TCase *c = tcase_create("side_by_side");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, runs_have_the_bits_of_one_thread, 0, 4);
    tcase_add_test(c, checkpoints_in_one_folder);
    tcase_add_loop_test(c, looks_have_the_bits_of_one_thread, 0, MODELS);
    tcase_add_test(c, each_thread_has_its_message);
    tcase_add_test(c, a_context_goes_in_any_thread);
    tcase_add_loop_test(c, requests_reach_every_run, 0, 3);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
