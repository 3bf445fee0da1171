/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/trial.h"
#include "support/expect.h"
#include "support/recipes.h"

void trial_begin(struct trial *t, int recipe, const char *const *more)
{
    problem_init(&t->p, TRIAL_DIM, TRIAL_SAMPLES, 0, TOGETHER);
    problem_start(&t->p, t->w);
    t->f = problem_objective(&t->p, NULL);
    t->o = recipe_options(recipe, NULL, 0);
    for (int i = 0; more[i] != NULL; i += 2) {
        set(t->o, more[i], more[i + 1]);
    }
    t->s = NULL;
    EXPECT_OK(saddle_solver_create(t->f, recipes[recipe].method, t->o, t->w, &t->s));
    t->r.struct_size = (int64_t)sizeof t->r;
}

void trial_run(struct trial *t, int64_t stop, int64_t steps)
{
    EXPECT_OK(saddle_solver_run(t->s));
    EXPECT_OK(saddle_solver_result(t->s, &t->r));
    ck_assert_str_eq(saddle_stop_name(t->r.stop), saddle_stop_name(stop));
    ck_assert(steps < 0 || t->r.steps == steps);
}

void trial_end(struct trial *t)
{
    saddle_solver_destroy(t->s);
    saddle_options_destroy(t->o);
    saddle_objective_destroy(t->f);
    ck_assert_int_eq(t->p.broken, 0);
}
