/* SPDX-License-Identifier: BSD-3-Clause */
/* CHECK_EVERY: every method stops on a certificate and on nothing less, a saddle is told as what it is, and a check that fails, is
 * put off or is cut into other calls leaves the run as it would have been. */
#include "support/expect.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include <math.h>

enum { DIM = 10, SAMPLES = 10, GD = 0, SGD = 3, PGD = 6, SGLD = 12 };

static const double eps_hessian = 0.1;

struct bench {
    struct problem p;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[DIM];
    saddle_result r;
};

/* A recipe with a check every third step, and further options: name, value, ..., NULL. */
static void begin_in(struct bench *b, saddle_context *c, int recipe, int second, const char *const *more)
{
    problem_init(&b->p, DIM, SAMPLES, 0, recipe % 2 == 0 ? TOGETHER : ALL_THREE);
    b->p.second = second;
    b->p.threads = 3;
    problem_start(&b->p, b->w);
    b->f = problem_objective(&b->p, c);
    b->o = recipe_options(recipe, c, 6000);
    set(b->o, "check_every", "3");
    set(b->o, "eps_gradient", "0.75");
    set(b->o, "eps_hessian", "0.1");
    for (int i = 0; more != NULL && more[i] != NULL; i += 2) {
        set(b->o, more[i], more[i + 1]);
    }
    b->s = NULL;
    b->r.struct_size = (int64_t)sizeof b->r;
}

static void begin(struct bench *b, int recipe, int second, const char *const *more)
{
    begin_in(b, NULL, recipe, second, more);
    EXPECT_OK(saddle_solver_create(b->f, recipes[recipe].method, b->o, b->w, &b->s));
    ck_assert_int_eq(b->p.calls, 0);
}

static void finish(struct bench *b, int64_t stop)
{
    EXPECT_OK(saddle_solver_run(b->s));
    EXPECT_OK(saddle_solver_result(b->s, &b->r));
    ck_assert_str_eq(saddle_stop_name(b->r.stop), saddle_stop_name(stop));
}

static void end(struct bench *b)
{
    ck_assert_int_eq(b->p.broken, 0);
    saddle_solver_destroy(b->s);
    saddle_options_destroy(b->o);
    saddle_objective_destroy(b->f);
}

/* The smallest eigenvalue at w, and the norm of the gradient, from the formula. */
static double exact_lambda_min(const double *w)
{
    double least = (double)INFINITY;
    for (int j = 0; j < DIM; j++) {
        least = fmin(least, 3.0 * w[j] * w[j] - problem_curvature(j));
    }
    return least;
}

static double exact_norm(const struct problem *p, const double *w)
{
    double g[DIM], sum = 0.0;
    problem_exact(p, w, NULL, g);
    for (int j = 0; j < DIM; j++) {
        sum += g[j] * g[j];
    }
    return sqrt(sum);
}

START_TEST(every_method_stops_on_a_certificate)
{
    for (int second = 0; second <= WITH_HESSVEC; second++) {
        struct bench b;
        begin(&b, _i, second, NULL);
        ck_assert_double_lt(exact_norm(&b.p, b.w), 0.75); /* a small gradient alone is not enough: */
        ck_assert_double_lt(exact_lambda_min(b.w), -0.9);
        finish(&b, SADDLE_STOP_SECOND_ORDER);
        ck_assert_int_eq(b.r.kind, SADDLE_KIND_SECOND_ORDER);
        ck_assert(b.r.steps > 0 && b.r.steps % 3 == 0);
        ck_assert_double_le(exact_norm(&b.p, b.w), 0.75 * (1.0 + 1e-12));
        ck_assert_double_eq_tol(b.r.gradient_norm, exact_norm(&b.p, b.w), 1e-12);
        ck_assert(b.r.lambda_min >= exact_lambda_min(b.w) - 1e-6 && b.r.lambda_lower <= exact_lambda_min(b.w) + 1e-9);
        ck_assert(exact_lambda_min(b.w) >= -eps_hessian && b.r.lambda_lower >= -eps_hessian - 1e-9);
        ck_assert_int_eq(b.r.hessvec_samples, b.p.hessvec_samples);
        ck_assert(b.r.gradient_samples == b.p.gradient_samples && b.r.value_samples == b.p.value_samples);
        ck_assert_int_eq(b.r.hessvec_samples > 0, second == WITH_HESSVEC);
        EXPECT_FAIL(saddle_solver_run(b.s), SADDLE_E_STATE, "second_order");
        end(&b);
    }
}
END_TEST

/* A start that is second-order stationary stops the run before its first step, and stays bit for bit. */
START_TEST(a_good_start_stops_at_once)
{
    static const char *const sharp[] = {"eps_gradient", "1e-6", NULL};
    double minimum[DIM];
    struct bench b;
    begin(&b, GD, WITH_HESSVEC, sharp);
    finish(&b, SADDLE_STOP_SECOND_ORDER);
    memcpy(minimum, b.w, sizeof minimum);
    end(&b);
    begin_in(&b, NULL, _i, WITH_HESSVEC, sharp);
    memcpy(b.w, minimum, sizeof minimum);
    EXPECT_OK(saddle_solver_create(b.f, recipes[_i].method, b.o, b.w, &b.s));
    finish(&b, SADDLE_STOP_SECOND_ORDER);
    ck_assert_int_eq(b.r.steps, 0);
    EXPECT_SAME(b.w, minimum, sizeof minimum);
    end(&b);
}
END_TEST

/* f = (w_0^2 - w_1^2/2 + 2 w_2^2 + ... )/2, whose saddle at 0 is exact. */
static int saddle_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *g)
{
    (void)user;
    *value = 0.0;
    for (int64_t j = 0; j < b->dim; j++) {
        g[j] = (j == 1 ? -0.5 : (double)(j + 1)) * w[j];
        *value += 0.5 * g[j] * w[j];
    }
    return 0;
}

static saddle_result run_at_saddle(saddle_method m, const char *const *more)
{
    const double origin[DIM] = {0.0};
    double w[DIM] = {0.0};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_objective_create(NULL, DIM, 1, NULL, &f));
    EXPECT_OK(saddle_objective_set_value_gradient(f, saddle_value_gradient));
    EXPECT_OK(saddle_options_create(NULL, &o));
    for (int i = 0; more[i] != NULL; i += 2) {
        set(o, more[i], more[i + 1]);
    }
    EXPECT_OK(saddle_minimize(f, m, o, w, &r));
    EXPECT_SAME(w, origin, sizeof w);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return r;
}

START_TEST(gd_that_stays_at_a_saddle_is_told_so)
{
    static const char *const often[] = {"step_size",    "0.1",  "max_steps",   "10",  "check_every", "2",
                                        "eps_gradient", "1e-6", "eps_hessian", "0.4", NULL};
    static const char *const never[] = {"step_size",    "0.1",  "max_steps",   "10",  "check_every", "1000000",
                                        "eps_gradient", "1e-6", "eps_hessian", "0.4", NULL};
    static const char *const too_fine[] = {"step_size",    "0.1",  "max_steps",   "10",   "check_every",  "2",
                                           "eps_gradient", "1e-6", "eps_hessian", "0.49", "max_products", "1", NULL};
    for (int i = 0; i < 2; i++) {
        const saddle_result r = run_at_saddle(SADDLE_METHOD_GD, i == 0 ? often : never);
        ck_assert(r.stop == SADDLE_STOP_STEPS && r.steps == 10);
        ck_assert_int_eq(r.kind, SADDLE_KIND_STRICT_SADDLE);
        ck_assert(r.lambda_min < -0.4 && r.lambda_min >= -0.5 - 1e-8 && r.lambda_lower <= -0.5 + 1e-8);
    }
    const saddle_result c = run_at_saddle(SADDLE_METHOD_GD, too_fine); /* one product decides nothing here */
    ck_assert_int_eq(c.stop, SADDLE_STOP_STEPS);
    ck_assert_int_eq(c.kind, SADDLE_KIND_FIRST_ORDER);
    ck_assert_double_ge(c.lambda_min, -0.49);
}
END_TEST

/* A ball too small, and pgd ends by its own rule at the saddle: it says "method", not "second order". */
START_TEST(a_false_end_of_pgd_is_told)
{
    static const char *const blind[] = {"step_size",    "0.1",  "radius",      "1e-9", "escape_steps", "2",
                                        "gradient_threshold", "1e-3", "decrease_threshold", "1e-3",
                                        "check_every", "1000", "eps_gradient", "1e-3", "eps_hessian", "0.1", NULL};
    const saddle_result r = run_at_saddle(SADDLE_METHOD_PGD, blind);
    ck_assert_int_eq(r.stop, SADDLE_STOP_METHOD);
    ck_assert_int_eq(r.kind, SADDLE_KIND_STRICT_SADDLE);
    ck_assert(r.lambda_min < -0.1 && r.lambda_min >= -0.5 - 1e-8);
}
END_TEST

START_TEST(a_slope_is_not_looked_at)
{
    static const char *const none[] = {"eps_gradient", "1e-9", "max_steps", "4", NULL};
    struct bench b;
    begin(&b, GD, WITH_HESSVEC, none);
    finish(&b, SADDLE_STOP_STEPS);
    ck_assert_int_eq(b.r.kind, SADDLE_KIND_NOT_STATIONARY);
    ck_assert(isnan(b.r.lambda_min) && b.p.hessvec_calls == 0);
    end(&b);
}
END_TEST

START_TEST(a_stream_has_no_certificate)
{
    struct problem p;
    double w[DIM] = {0.0};
    saddle_solver *s = NULL;
    problem_init(&p, DIM, SADDLE_STREAM, 0, TOGETHER);
    saddle_objective *f = problem_objective(&p, NULL);
    saddle_options *o = recipe_options(SGD, NULL, 10);
    set(o, "check_every", "3");
    set(o, "eps_gradient", "1");
    set(o, "eps_hessian", "1");
    EXPECT_FAIL(saddle_solver_create(f, SADDLE_METHOD_SGD, o, w, &s), SADDLE_E_UNSUPPORTED, "check_every needs all samples");
    ck_assert_ptr_null(s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

struct heard {
    saddle_solver *s;
    int64_t request_at;
    int64_t events, with_lambda, positive;
    double last;
};

static int listen(void *user, const saddle_event *e)
{
    struct heard *h = user;
    h->events++;
    h->with_lambda += !isnan(e->lambda_min);
    h->last = e->lambda_min;
    if (e->stop == SADDLE_STOP_NONE) {
        ck_assert_int_eq(!isnan(e->lambda_min), e->step % 3 == 0);
    }
    if (!isnan(e->lambda_min)) {
        h->positive += e->lambda_min >= -eps_hessian;
        ck_assert_double_ge(e->lambda_min, exact_lambda_min(e->w) - 1e-6);
    }
    if (h->s != NULL && e->step == h->request_at && e->stop == SADDLE_STOP_NONE) {
        saddle_solver_request_stop(h->s);
    }
    return 0;
}

START_TEST(events_tell_the_curvature_of_their_step)
{
    struct bench b;
    struct heard h = {NULL, 0, 0, 0, 0, 0.0};
    begin(&b, GD, WITH_HESSVEC, NULL);
    EXPECT_OK(saddle_solver_set_monitor(b.s, listen, &h));
    finish(&b, SADDLE_STOP_SECOND_ORDER);
    ck_assert_int_eq(h.events, b.r.steps + 1);
    ck_assert_int_eq(h.with_lambda, b.r.steps / 3 + 1);
    ck_assert_int_eq(h.positive, 2); /* of the step that was certified, and when the run stops */
    ck_assert_double_eq(h.last, b.r.lambda_min);
    end(&b);
}
END_TEST

static void expect_same(const struct bench *a, const struct bench *b)
{
    EXPECT_SAME(a->w, b->w, sizeof a->w);
    ck_assert(a->r.stop == b->r.stop && a->r.kind == b->r.kind && a->r.steps == b->r.steps && a->r.step_size == b->r.step_size);
    EXPECT_SAME(&a->r.value, &b->r.value, sizeof(double));
    EXPECT_SAME(&a->r.gradient_norm, &b->r.gradient_norm, sizeof(double));
    EXPECT_SAME(&a->r.lambda_min, &b->r.lambda_min, sizeof(double));
}

START_TEST(splits_and_threads_change_nothing)
{
    for (int second = 0; second <= WITH_HESSVEC; second++) {
        struct bench a;
        begin(&a, _i, second, NULL);
        finish(&a, SADDLE_STOP_SECOND_ORDER);
        for (int way = 1; way <= 3; way++) {
            struct bench b;
            saddle_context *c = NULL;
            EXPECT_OK(saddle_context_create(NULL, &c));
            EXPECT_OK(saddle_context_set_threads(c, way));
            begin_in(&b, c, _i, second, NULL);
            EXPECT_OK(saddle_solver_create(b.f, recipes[_i].method, b.o, b.w, &b.s));
            do {
                EXPECT_OK(saddle_solver_step(b.s, way == 1 ? 1 : way == 2 ? 7 : 1000000));
                EXPECT_OK(saddle_solver_result(b.s, &b.r));
            } while (b.r.stop == SADDLE_STOP_NONE);
            expect_same(&a, &b);
            ck_assert(a.r.hessvec_samples == b.r.hessvec_samples && a.r.gradient_samples == b.r.gradient_samples);
            end(&b);
            saddle_context_destroy(c);
        }
        end(&a);
    }
}
END_TEST

/* Checks cost no epochs, and with all samples the gradient of a check serves the step, too. */
START_TEST(checks_cost_no_epochs)
{
    static const char *const two[] = {"max_epochs", "2", "eps_gradient", "1e-9", "check_every", "1", NULL};
    struct bench b;
    begin(&b, GD, WITH_HESSVEC, two);
    finish(&b, SADDLE_STOP_EPOCHS);
    ck_assert_int_eq(b.r.steps, 2);
    ck_assert_int_eq(b.p.calls, 3); /* w_0, w_1, w_2 */
    end(&b);
    begin(&b, SGD, WITH_HESSVEC, two);
    finish(&b, SADDLE_STOP_EPOCHS);
    ck_assert_int_eq(b.r.steps, 3);
    end(&b);
}
END_TEST

static const struct {
    int fault, code;
    saddle_status status;
    const char *said;
} faults[] = {
    {FAULT_CODE, 7, SADDLE_E_CALLBACK, "the hessvec callback returned 7 (gave up) at step"},
    {FAULT_CODE, 1, SADDLE_E_CALLBACK, "the hessvec callback returned 1 (cannot be evaluated at this w) at step"},
    {FAULT_ENTRY, 0, SADDLE_E_NOT_FINITE, "entry 4 of the Hessian's product"},
};

/* Each product of a run fails once: the status says so, w stays, and the run goes on to the end that it would have had. */
START_TEST(a_product_that_fails_leaves_the_run)
{
    struct bench a;
    begin(&a, _i, WITH_HESSVEC, NULL);
    finish(&a, SADDLE_STOP_SECOND_ORDER);
    for (int64_t k = 1; k <= a.p.hessvec_calls; k += k < 12 ? 1 : 17) {
        for (int i = 0; i < 3; i++) {
            struct bench b;
            if (_i == SGLD && faults[i].code == 1) {
                continue; /* it rejects the step */
            }
            begin(&b, _i, WITH_HESSVEC, NULL);
            b.p.bad = (double)NAN;
            b.p.entry = 4;
            b.p.fault_second = WITH_HESSVEC;
            b.p.fault_call = k;
            b.p.code = faults[i].code;
            b.p.fault = faults[i].fault;
            EXPECT_FAIL(saddle_solver_run(b.s), faults[i].status, faults[i].said);
            ck_assert_int_eq(b.p.faults_made, 1);
            EXPECT_OK(saddle_solver_result(b.s, &b.r));
            ck_assert_int_eq(b.r.steps % 3, 0); /* the check that failed is made again, before another step */
            finish(&b, SADDLE_STOP_SECOND_ORDER);
            expect_same(&a, &b);
            end(&b);
        }
    }
    end(&a);
}
END_TEST

/* The same for memory that is refused once, in every allocation from the first step on. */
START_TEST(memory_that_is_refused_leaves_the_run)
{
    for (int second = 0; second <= WITH_HESSVEC; second++) {
        struct bench a;
        begin(&a, _i, second, NULL);
        finish(&a, SADDLE_STOP_SECOND_ORDER);
        int refusals = 0;
        for (int64_t k = 1, done = 0; !done; k++) {
            struct memory m;
            struct bench b;
            const saddle_allocator allocator = memory_allocator(&m, 0xA5);
            saddle_context *c = NULL;
            EXPECT_OK(saddle_context_create(&allocator, &c));
            begin_in(&b, c, _i, second, NULL);
            EXPECT_OK(saddle_solver_create(b.f, recipes[_i].method, b.o, b.w, &b.s));
            m.fail_at = m.calls + k;
            const saddle_status status = saddle_solver_run(b.s);
            if (status != SADDLE_OK) {
                ck_assert_int_eq(status, SADDLE_E_MEMORY);
                refusals++;
                finish(&b, SADDLE_STOP_SECOND_ORDER);
            }
            EXPECT_OK(saddle_solver_result(b.s, &b.r));
            expect_same(&a, &b);
            done = m.refused == 0 || k > 40;
            end(&b);
            saddle_context_destroy(c);
            ck_assert(m.blocks == 0 && m.faults == 0);
        }
        ck_assert_int_gt(refusals, 1);
        end(&a);
    }
}
END_TEST

/* A request is answered without a look; the look is made when the run goes on. */
START_TEST(a_request_puts_a_check_off)
{
    struct bench a, b;
    begin(&a, _i, WITH_HESSVEC, NULL);
    finish(&a, SADDLE_STOP_SECOND_ORDER);
    begin(&b, _i, WITH_HESSVEC, NULL);
    saddle_solver_request_stop(b.s);
    finish(&b, SADDLE_STOP_REQUEST);
    ck_assert_int_eq(b.r.kind, SADDLE_KIND_UNKNOWN);
    ck_assert(isnan(b.r.lambda_min) && b.p.hessvec_calls == 0);
    for (int64_t at = 2; at <= 3; at++) { /* what is known at the step of the request is told */
        struct heard h = {b.s, at, 0, 0, 0, 0.0};
        EXPECT_OK(saddle_solver_set_monitor(b.s, listen, &h));
        finish(&b, SADDLE_STOP_REQUEST);
        ck_assert_int_eq(b.r.steps, at);
        ck_assert_int_eq(b.r.kind, at == 3 ? SADDLE_KIND_STRICT_SADDLE : SADDLE_KIND_UNKNOWN);
        ck_assert(isnan(b.r.lambda_min) == (at != 3) && isnan(b.r.lambda_lower) == (at != 3));
    }
    EXPECT_OK(saddle_solver_set_monitor(b.s, NULL, NULL));
    finish(&b, SADDLE_STOP_SECOND_ORDER);
    expect_same(&a, &b);
    ck_assert_int_eq(a.p.hessvec_calls, b.p.hessvec_calls);
    end(&a);
    end(&b);
}
END_TEST

/* Every output is looked at, not only the last iterate. */
START_TEST(the_output_is_what_is_looked_at)
{
    static const char *const uniform[] = {"output", "uniform", "max_steps", "8", NULL};
    static const char *const best[] = {"output", "best", "max_steps", "8", NULL};
    for (int i = 0; i < 2; i++) {
        struct bench b;
        begin(&b, _i, WITH_HESSVEC, i == 0 ? uniform : best);
        EXPECT_OK(saddle_solver_run(b.s));
        EXPECT_OK(saddle_solver_result(b.s, &b.r));
        const double norm = exact_norm(&b.p, b.w);
        ck_assert_double_eq_tol(b.r.gradient_norm, norm, 1e-12);
        if (norm > 0.75) {
            ck_assert_int_eq(b.r.kind, SADDLE_KIND_NOT_STATIONARY);
            ck_assert(isnan(b.r.lambda_min));
        } else {
            ck_assert_int_eq(b.r.kind, exact_lambda_min(b.w) < -eps_hessian ? SADDLE_KIND_STRICT_SADDLE : SADDLE_KIND_SECOND_ORDER);
            ck_assert_double_ge(b.r.lambda_min, exact_lambda_min(b.w) - 1e-9);
        }
        end(&b);
    }
}
END_TEST

/* Beyond |w_0| = 0.15 there is a gradient, but no Hessian product. */
static int walled_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct problem *p = user;
    const int code = problem_hessvec(user, b, w, v, product);
    p->faults_made += fabs(w[0]) > 0.15;
    return fabs(w[0]) > 0.15 ? 1 : code;
}

static int stays_inside(void *user, const saddle_event *e)
{
    (void)user;
    ck_assert_double_le(fabs(e->w[0]), 0.15);
    return 0;
}

START_TEST(sgld_takes_back_a_step_to_where_there_is_no_product)
{
    static const char *const each[] = {"check_every", "1", "eps_gradient", "100", "max_steps", "200", NULL};
    struct bench b;
    begin_in(&b, NULL, SGLD, 0, each);
    EXPECT_OK(saddle_objective_set_hessvec(b.f, walled_hessvec));
    EXPECT_OK(saddle_solver_create(b.f, SADDLE_METHOD_SGLD, b.o, b.w, &b.s));
    EXPECT_OK(saddle_solver_set_monitor(b.s, stays_inside, NULL));
    finish(&b, SADDLE_STOP_STEPS); /* w_0 has no way out to where the curvature is positive */
    ck_assert(b.r.callback_code == 0 && b.r.kind == SADDLE_KIND_STRICT_SADDLE);
    ck_assert_int_gt(b.p.faults_made, 3);
    end(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check_every");
    TCase *c = tcase_create("check_every");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, every_method_stops_on_a_certificate, 0, RECIPES);
    tcase_add_loop_test(c, a_good_start_stops_at_once, 0, RECIPES);
    tcase_add_test(c, gd_that_stays_at_a_saddle_is_told_so);
    tcase_add_test(c, a_false_end_of_pgd_is_told);
    tcase_add_test(c, a_slope_is_not_looked_at);
    tcase_add_test(c, a_stream_has_no_certificate);
    tcase_add_test(c, events_tell_the_curvature_of_their_step);
    tcase_add_loop_test(c, splits_and_threads_change_nothing, 0, RECIPES);
    tcase_add_test(c, checks_cost_no_epochs);
    tcase_add_loop_test(c, a_product_that_fails_leaves_the_run, 0, RECIPES);
    tcase_add_loop_test(c, memory_that_is_refused_leaves_the_run, 0, RECIPES);
    tcase_add_loop_test(c, a_request_puts_a_check_off, 0, RECIPES);
    tcase_add_loop_test(c, the_output_is_what_is_looked_at, 0, RECIPES);
    tcase_add_test(c, sgld_takes_back_a_step_to_where_there_is_no_product);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
