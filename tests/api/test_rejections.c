/* SPDX-License-Identifier: BSD-3-Clause */
/* SGLD where the objective cannot be evaluated: the step that led there is rejected, and the next one starts where it
 * did. */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <math.h>

enum { SGLD = 12, MOST = 400 };

/* A wall at |w_0| = height, and what came before it. */
struct wall {
    struct problem p; /* first: the other callbacks take it for theirs */
    double height;
    int calls;
    struct {
        int64_t step;
        int refused;
        double w[TRIAL_DIM];
    } call[MOST];
};

static int with_wall(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    struct wall *x = user;
    const int refused = fabs(w[0]) > x->height;
    ck_assert_int_lt(x->calls, MOST);
    x->call[x->calls].step = b->step;
    x->call[x->calls].refused = refused;
    memcpy(x->call[x->calls].w, w, sizeof x->call[0].w);
    x->calls++;
    return refused ? 1 : problem_value_gradient(user, b, w, value, gradient);
}

static saddle_status run_at_wall(struct wall *x, double height, int64_t steps, const char *output, double *w,
                                 saddle_result *r)
{
    problem_init(&x->p, TRIAL_DIM, 12, 0, TOGETHER);
    problem_start(&x->p, w);
    x->height = height;
    x->calls = 0;
    saddle_objective *f = NULL;
    EXPECT_OK(saddle_objective_create(NULL, TRIAL_DIM, 12, x, &f));
    EXPECT_OK(saddle_objective_set_value_gradient(f, with_wall));
    saddle_options *o = recipe_options(SGLD, NULL, steps);
    set(o, "output", output);
    r->struct_size = (int64_t)sizeof *r;
    const saddle_status s = saddle_minimize(f, SADDLE_METHOD_SGLD, o, w, r);
    ck_assert_int_eq(x->p.broken, 0);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return s;
}

START_TEST(a_step_beyond_the_wall_is_rejected)
{
    struct wall x;
    double w[TRIAL_DIM];
    saddle_result r;
    EXPECT_OK(run_at_wall(&x, 0.12, 200, "last", w, &r));
    ck_assert_int_eq(r.stop, SADDLE_STOP_STEPS);
    ck_assert_int_eq(r.steps, 200);
    int rejections = 0;
    for (int i = 1; i + 1 < x.calls; i++) {
        if (x.call[i].refused) {
            rejections++;
            ck_assert_int_eq(x.call[i + 1].step, x.call[i].step); /* the same step once more, */
            ck_assert_int_eq(x.call[i - 1].refused, 0);
            EXPECT_SAME(x.call[i + 1].w, x.call[i - 1].w, sizeof w); /* from where the last one started, */
            ck_assert_int_eq(x.call[i + 1].refused, 0); /* which was fine */
        }
    }
    ck_assert_int_eq(r.callback_code, 0); /* none has given up */
    ck_assert_int_ge(rejections, 10);
    ck_assert_int_le(rejections, 190);
}
END_TEST

/* The output is a point where the objective can be evaluated, whenever the run stops. */
START_TEST(the_last_iterate_may_be_rejected)
{
    static const char *const outputs[] = {"last", "uniform", "best"};
    int outside = 0;
    for (int k = 0; k < 120; k++) {
        struct wall x;
        double w[TRIAL_DIM];
        saddle_result r;
        EXPECT_OK(run_at_wall(&x, 0.12, 1 + k / 3, outputs[k % 3], w, &r));
        ck_assert_double_le(fabs(w[0]), 0.12);
        ck_assert(isfinite(r.value) && isfinite(r.gradient_norm));
        ck_assert_int_eq(r.steps, 1 + k / 3);
        outside += k % 3 == 0 && x.call[x.calls - 2].refused;
    }
    ck_assert_int_ge(outside, 2);
}
END_TEST

START_TEST(a_start_beyond_the_wall_is_a_failure)
{
    struct wall x;
    double w[TRIAL_DIM], start[TRIAL_DIM];
    saddle_result r;
    EXPECT_FAIL(run_at_wall(&x, 1e-3, 5, "last", w, &r), SADDLE_E_CALLBACK,
                "returned 1 (cannot be evaluated at this w) at step 1");
    ck_assert_int_eq(r.steps, 0);
    ck_assert_int_eq(r.callback_code, 1);
    problem_start(&x.p, start);
    EXPECT_SAME(w, start, sizeof w);
}
END_TEST

/* Other methods know no rejection. */
START_TEST(elsewhere_it_is_a_failure)
{
    if (recipes[_i].method == SADDLE_METHOD_SGLD) {
        return;
    }
    static const char *const with[] = {"max_steps", "300", NULL};
    struct trial t;
    trial_begin(&t, _i, with);
    t.p.wall = 0.2;
    EXPECT_FAIL(saddle_solver_run(t.s), SADDLE_E_CALLBACK, "returned 1 (cannot be evaluated at this w)");
    const double stuck = t.w[0];
    EXPECT_FAIL(saddle_solver_run(t.s), SADDLE_E_CALLBACK, "returned 1 (cannot be evaluated at this w)");
    ck_assert_double_eq(t.w[0], stuck);
    t.p.wall = 0.0;
    EXPECT_OK(saddle_solver_run(t.s));
    trial_end(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rejections");
    TCase *c = tcase_create("rejections");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, a_step_beyond_the_wall_is_rejected);
    tcase_add_test(c, the_last_iterate_may_be_rejected);
    tcase_add_test(c, a_start_beyond_the_wall_is_a_failure);
    tcase_add_loop_test(c, elsewhere_it_is_a_failure, 0, RECIPES);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
