/* SPDX-License-Identifier: BSD-3-Clause */
/* STEP_SIZE 0: what is chosen, what it needs, and that no method diverges from random starts on functions that are flat where a run
 * begins, badly scaled, or steep farther out. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/world.h"
#include <math.h>

enum { SEEDS = 20 };

/* Exactly 1/L, 0.01/L and half of these, rounded down to 8 bits; L at either end of the spectrum. A length is at most a tenth of
 * 1 + ||w_0||, and no tolerance enters. */
START_TEST(eta_is_what_the_curvature_says)
{
    static const double scales[] = {3.0, 1.0, 2.0, 0.24070865, 7e-7, 5e9, -3.0, -0.7};
    const int ngd = world_methods[_i].method == SADDLE_METHOD_NGD;
    for (int i = 0; i < 8; i++) {
        for (int k = 0; k < 4; k++) {
            struct world_run b;
            world_begin(&b, QUADRATIC, scales[i]);
            world_set(&b, world_methods[_i].settings);
            set(b.o, "max_steps", "2");
            set(b.o, "eps_gradient", k % 2 == 0 ? "0" : "1e-300");
            if (k >= 2) {
                EXPECT_OK(saddle_objective_set_hessvec(b.f, NULL)); /* differences */
            }
            for (int j = 0; j < WORLD_DIM; j++) {
                b.w[j] = 0.25;
            }
            world_create(&b, world_methods[_i].method);
            EXPECT_OK(saddle_solver_set_schedule(b.s, world_keep_eta, &b));
            EXPECT_OK(saddle_solver_step(b.s, 1));
            const double eta = (world_methods[_i].guarded ? 1.0 : 0.5) * (ngd ? 0.01 : 1.0) / fabs(scales[i]);
            ck_assert_double_eq(b.eta0, to_8_bits(ngd ? fmin(eta, 0.1 * (1.0 + 0.25 * sqrt(WORLD_DIM))) : eta));
            ck_assert_int_eq(b.x.products > 0, k < 2);
            const int64_t products = b.x.products;
            EXPECT_OK(saddle_solver_step(b.s, 1));
            ck_assert_int_eq(b.x.products, products); /* once */
            world_end(&b);
        }
    }
}
END_TEST

struct descent {
    double last;
    int monotone;
    double most; /* max |w_j| */
};

static int watch(void *user, const saddle_event *e)
{
    struct descent *d = user;
    if (!isnan(e->value)) {
        d->monotone = d->monotone && e->value <= d->last + 1e-11 * fabs(d->last);
        d->last = e->value;
    }
    for (int64_t j = 0; j < e->dim; j++) {
        d->most = fmax(d->most, fabs(e->w[j]));
    }
    return 0;
}

/* The smallest second derivative at w, where f is a sum over coordinates. */
static double least_curvature(const struct world *x, const double *w)
{
    double first, second, least = (double)INFINITY;
    for (int j = 0; j < WORLD_DIM; j++) {
        (void)world_part(x, j, w[j], &first, &second);
        least = fmin(least, second);
    }
    return least;
}

static void run_from(int method, int function, int seed)
{
    struct world_run b;
    world_begin(&b, function, 1.0);
    world_set(&b, world_methods[method].settings);
    b.x.tilt = function == SCALES || function == FLAT ? 0.0 : 1e-3;
    set(b.o, "max_steps", "6000");
    set(b.o, "check_every", "10");
    set(b.o, "eps_gradient", function == FLAT ? "1e-11" : "1e-2");
    set(b.o, "eps_hessian", "1e-4");
    if (world_methods[method].method == SADDLE_METHOD_NGD && function == SCALES) {
        set(b.o, "noise", "0"); /* of w, and so not scaled by eta: nothing fits a curvature of 1e6 */
    }
    EXPECT_OK(saddle_options_set_int(b.o, SADDLE_OPT_SEED, seed));
    world_start(function, seed, b.w);
    const double f0 = world_whole(&b.x, b.w, NULL);
    struct descent d = {(double)INFINITY, 1, 0.0};
    world_create(&b, world_methods[method].method);
    EXPECT_OK(saddle_solver_set_monitor(b.s, watch, &d));
    EXPECT_OK(saddle_solver_run(b.s));
    EXPECT_OK(saddle_solver_result(b.s, &b.r));
    ck_assert_double_lt(d.most, 4.0);
    const double rise = !world_methods[method].guarded ? 1e-2 : world_methods[method].method == SADDLE_METHOD_NGD ? 1e-3 : 1e-9;
    ck_assert_double_le(world_whole(&b.x, b.w, NULL), f0 + rise); /* ngd goes back and forth, by steps of one length */
    ck_assert(d.monotone || world_methods[method].method != SADDLE_METHOD_GD || !world_methods[method].guarded);
    if (b.r.stop == SADDLE_STOP_SECOND_ORDER && function != VALLEY) { /* no false certificate */
        ck_assert_double_ge(least_curvature(&b.x, b.w), -1e-4);
    }
    if (world_methods[method].guarded && (function == FLOOR || function == PLATEAU)) {
        ck_assert_str_eq(saddle_stop_name(b.r.stop), "second_order");
    }
    world_end(&b);
}

START_TEST(nothing_diverges)
{
    for (int function = FLOOR; function < WORLD_FUNCTIONS; function++) {
        if (!world_methods[_i].guarded && (function == WALLS || function == PLATEAU || function == VALLEY)) {
            continue; /* a value to start from knows nothing of what comes */
        }
        if (_i >= 7 && function == FLAT) {
            continue; /* and noise goes there at once */
        }
        for (int seed = 0; seed < SEEDS; seed++) {
            run_from(_i, function, seed);
        }
    }
}
END_TEST

static int project(void *user, int64_t dim, double *w)
{
    (void)user;
    (void)dim;
    (void)w;
    return 0;
}

START_TEST(what_is_lacking_is_told)
{
    saddle_solver *s = NULL;
    struct world_run b;
    world_begin(&b, FLOOR, 1.0);
    world_set(&b, world_methods[_i].settings);
    EXPECT_OK(saddle_objective_set_project(b.f, project));
    EXPECT_FAIL(saddle_solver_create(b.f, world_methods[_i].method, b.o, b.w, &s), SADDLE_E_RANGE,
                "step_size 0 does not know about projections: set it");
    EXPECT_OK(saddle_objective_set_project(b.f, NULL));
    EXPECT_OK(saddle_objective_set_value(b.f, NULL));
    if (world_methods[_i].guarded) {
        EXPECT_FAIL(saddle_solver_create(b.f, world_methods[_i].method, b.o, b.w, &s), SADDLE_E_MISSING, "needs values");
        if (world_methods[_i].method != SADDLE_METHOD_PGD) {
            EXPECT_MESSAGE("step_size 0");
        }
        ck_assert_ptr_null(s);
    } else {
        world_create(&b, world_methods[_i].method);
        EXPECT_OK(saddle_solver_step(b.s, 5));
        ck_assert_int_eq(b.x.values, 0);
    }
    world_end(&b);
}
END_TEST

/* Where the curvature at the start is exactly 0 the guard finds L; without it there is nothing to go by. */
START_TEST(a_flat_start)
{
    struct world_run b;
    double before[WORLD_DIM] = {0.0};
    world_begin(&b, PLATEAU, 0.0);
    world_set(&b, world_methods[_i].settings);
    set(b.o, "max_steps", "1500"); /* ngd's steps are short */
    world_create(&b, world_methods[_i].method);
    if (world_methods[_i].guarded) {
        EXPECT_OK(saddle_solver_run(b.s));
        ck_assert_double_lt(world_whole(&b.x, b.w, NULL), -0.74 * WORLD_DIM);
    } else {
        EXPECT_FAIL(saddle_solver_run(b.s), SADDLE_E_RANGE, "step_size is 0, and the curvature at the start is 0, too: set step_size");
        EXPECT_SAME(b.w, before, sizeof before);
    }
    world_end(&b);
}
END_TEST

static void run_recipe(int recipe, const char *schedule, int64_t steps, int64_t threads, double *w, saddle_result *r)
{
    struct problem p;
    saddle_context *c = NULL;
    problem_init(&p, 10, 11, 3, recipe % 2 == 0 ? ALL_THREE : TOGETHER);
    p.threads = 3;
    p.second = recipe % 3 == 0 ? WITH_HESSVEC : 0;
    problem_start(&p, w);
    EXPECT_OK(saddle_context_create(NULL, &c));
    EXPECT_OK(saddle_context_set_threads(c, threads));
    saddle_objective *f = problem_objective(&p, c);
    saddle_options *o = recipe_options(recipe, c, 40);
    set(o, "step_size", "0");
    set(o, "schedule", schedule);
    set(o, "output", recipe % 2 == 0 ? "uniform" : "best");
    saddle_solver *s = NULL;
    EXPECT_OK(saddle_solver_create(f, recipes[recipe].method, o, w, &s));
    r->struct_size = (int64_t)sizeof *r;
    do {
        EXPECT_OK(saddle_solver_step(s, steps));
        EXPECT_OK(saddle_solver_result(s, r));
    } while (r->stop == SADDLE_STOP_NONE);
    ck_assert_int_eq(r->value_samples, p.value_samples);
    ck_assert_int_eq(r->gradient_samples, p.gradient_samples);
    ck_assert_int_eq(r->hessvec_samples, p.hessvec_samples);
    ck_assert_int_eq(p.broken, 0);
    saddle_solver_destroy(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
}

START_TEST(splits_and_threads_change_nothing)
{
    static const char *const schedules[] = {"constant", "cosine"};
    static const int64_t ways[][2] = {{1, 1}, {7, 2}, {1000, 3}};
    for (int i = 0; i < 2; i++) {
        double a[10], b[10];
        saddle_result ra, rb;
        run_recipe(_i, schedules[i], 1000, 1, a, &ra);
        for (int k = 0; k < 3; k++) {
            run_recipe(_i, schedules[i], ways[k][0], ways[k][1], b, &rb);
            EXPECT_SAME(a, b, sizeof a);
            ck_assert_int_eq(ra.steps, rb.steps);
            ck_assert_int_eq(ra.perturbations, rb.perturbations);
            ck_assert_int_eq(ra.value_samples, rb.value_samples);
            ck_assert_int_eq(ra.gradient_samples, rb.gradient_samples);
        }
    }
}
END_TEST

/* Memory that is refused once, anywhere after the start. */
START_TEST(memory_that_is_refused_leaves_the_run)
{
    double undisturbed[10];
    int refusals = 0;
    for (int64_t k = 0, done = 0; !done; k++) {
        struct memory m;
        struct problem p;
        double w[10];
        const saddle_allocator allocator = memory_allocator(&m, 0xA5);
        saddle_context *c = NULL;
        problem_init(&p, 10, 11, 3, SEPARATE);
        problem_start(&p, w);
        EXPECT_OK(saddle_context_create(&allocator, &c));
        saddle_objective *f = problem_objective(&p, c);
        saddle_options *o = recipe_options(_i, c, 6);
        set(o, "step_size", "0");
        saddle_solver *s = NULL;
        EXPECT_OK(saddle_solver_create(f, recipes[_i].method, o, w, &s));
        m.fail_at = k == 0 ? 0 : m.calls + k;
        const saddle_status status = saddle_solver_run(s);
        done = k > 0 && m.refused == 0;
        if (status != SADDLE_OK) {
            ck_assert_int_eq(status, SADDLE_E_MEMORY);
            refusals++;
            EXPECT_OK(saddle_solver_run(s));
        }
        if (k == 0) {
            memcpy(undisturbed, w, sizeof w);
        }
        EXPECT_SAME(undisturbed, w, sizeof w);
        saddle_solver_destroy(s);
        saddle_options_destroy(o);
        saddle_objective_destroy(f);
        saddle_context_destroy(c);
        ck_assert_int_eq(m.blocks, 0);
        ck_assert_int_eq(m.faults, 0);
    }
    ck_assert_int_gt(refusals, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("step_size");
    TCase *c = tcase_create("step_size");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, eta_is_what_the_curvature_says, 0, WORLD_METHODS);
    tcase_add_loop_test(c, nothing_diverges, 0, WORLD_METHODS);
    tcase_add_loop_test(c, what_is_lacking_is_told, 0, WORLD_METHODS);
    tcase_add_loop_test(c, a_flat_start, 0, WORLD_METHODS);
    tcase_add_loop_test(c, splits_and_threads_change_nothing, 0, RECIPES);
    tcase_add_loop_test(c, memory_that_is_refused_leaves_the_run, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
