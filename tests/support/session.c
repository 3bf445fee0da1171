/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/session.h"
#include "support/expect.h"
#include "support/recipes.h"
#include <stdio.h>
#include <stdlib.h>

const struct session_plan session_plans[SESSION_PLANS] = {
    {"plain", TOGETHER, 0, 0.0, 0, 0, {NULL}},
    {"shuffle, cosine, uniform", SEPARATE, 0, 0.0, 0, 0, {"sampling", "shuffle", "schedule", "cosine", "schedule_time", "15", "output", "uniform"}},
    {"sequential, best, target", ALL_THREE, 0, 0.0, 0, 0, {"sampling", "sequential", "output", "best", "target_value", "-1e9", "max_epochs", "1000"}},
    {"gradient tested", ALL_THREE, 0, 0.0, 0, 0, {"eps_gradient", "1e-9", "target_value", "-1e9"}},
    {"gradient tested, apart", SEPARATE, 0, 0.0, 0, 0, {"eps_gradient", "1e-9", "divergence", "1e6"}},
    {"looks", SEPARATE, WITH_HESSVEC, 0.0, 0, 0, {"check_every", "3", "eps_gradient", "10", "eps_hessian", "0.01"}},
    {"looks by differences, uniform", TOGETHER, 0, 0.0, 0, 0, {"check_every", "2", "eps_gradient", "10", "eps_hessian", "0.01", "output", "uniform"}},
    {"chosen, best", SEPARATE, WITH_HESSVEC, 0.0, 0, 0, {"step_size", "0", "output", "best"}},
    {"chosen, inverse", TOGETHER, 0, 0.0, 0, 0, {"step_size", "0", "schedule", "inverse", "schedule_time", "30", "monitor_every", "3"}},
    {"own schedule, uniform", ALL_THREE, 0, 0.0, 1, 0, {"output", "uniform"}},
    {"gradients alone, every third", GRADIENT_ONLY, 0, 0.0, 0, 0, {"monitor_every", "3", "schedule", "exponential"}},
    {"projected, best", SEPARATE, 0, 0.0, 0, 1, {"output", "best"}},
    {"wall, uniform", SEPARATE, 0, 0.3, 0, 0, {"output", "uniform"}},
    {"ends by its gradient", TOGETHER, 0, 0.0, 0, 0, {"eps_gradient", "0.3", "output", "best"}},
};

static int clamp(void *user, int64_t dim, double *w)
{
    (void)user;
    for (int64_t j = 0; j < dim; j++) {
        w[j] = w[j] > 0.35 ? 0.35 : w[j] < -0.35 ? -0.35 : w[j];
    }
    return 0;
}

static int own_schedule(void *user, int64_t step, double eta0, double *eta)
{
    (void)user;
    *eta = eta0 / (1.0 + 0.125 * (double)(step % 4));
    return 0;
}

const char *session_path(char *out, size_t bytes, const char *directory, const char *name, int64_t number)
{
    (void)snprintf(out, bytes, number < 0 ? "%s/%s" : "%s/%s%lld", directory, name, (long long)number);
    return out;
}

static void save_here(struct session *x, const saddle_event *e)
{
    char path[200];
    const int final = e->stop != SADDLE_STOP_NONE;
    if (final ? !x->save_final : x->save_every == 0 || e->step % x->save_every != 0) {
        return;
    }
    const saddle_status s = saddle_solver_save(x->s, session_path(path, sizeof path, x->directory, final ? "end" : "", final ? -1 : e->step));
    x->saved = x->saved == SADDLE_OK ? s : x->saved;
}

static int monitor(void *user, const saddle_event *e)
{
    struct session *x = user;
    if (x->events < SESSION_EVENTS) {
        x->event[x->events] = *e;
        x->event[x->events].seconds = 0.0;
        x->event[x->events].w = NULL;
        x->at[x->events++] = hash_vector(e->w, e->dim);
    }
    save_here(x, e);
    if (x->request_at > 0 && e->step == x->request_at && e->stop == SADDLE_STOP_NONE) {
        saddle_solver_request_stop(x->s);
    }
    return x->stop_at > 0 && e->step == x->stop_at && e->stop == SADDLE_STOP_NONE;
}

int session_begin(struct session *x, saddle_context *c, int recipe, const struct session_plan *plan, int64_t max_steps)
{
    memset(x, 0, sizeof *x);
    problem_init(&x->p, SESSION_DIM, 10, 4, plan->callbacks);
    x->p.second = plan->second;
    x->p.wall = plan->wall;
    problem_start(&x->p, x->w);
    x->f = problem_objective(&x->p, c);
    x->o = recipe_options(recipe, c, max_steps);
    if (plan->project) {
        EXPECT_OK(saddle_objective_set_project(x->f, clamp));
    }
    for (int i = 0; plan->more[i] != NULL; i += 2) {
        set(x->o, plan->more[i], plan->more[i + 1]);
    }
    if (saddle_solver_create(x->f, recipes[recipe].method, x->o, x->w, &x->s) != SADDLE_OK) {
        session_end(x);
        return 0;
    }
    EXPECT_OK(saddle_solver_set_monitor(x->s, monitor, x));
    if (plan->own_schedule) {
        EXPECT_OK(saddle_solver_set_schedule(x->s, own_schedule, NULL));
    }
    return 1;
}

void session_end(struct session *x)
{
    saddle_solver_destroy(x->s);
    saddle_options_destroy(x->o);
    saddle_objective_destroy(x->f);
    ck_assert_int_eq(x->p.broken, 0);
    x->s = NULL;
}

saddle_result session_result(const struct session *x)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_result(x->s, &r));
    r.seconds = 0.0;
    return r;
}

void session_same(const struct session *x, const struct session *y, int64_t first, const char *what)
{
    const saddle_result a = session_result(x), b = session_result(y);
    ck_assert_msg(memcmp(x->w, y->w, sizeof x->w) == 0, "%s: w differs", what);
    ck_assert_msg(memcmp(&a, &b, sizeof a) == 0,
                  "%s: results differ: stop %lld %lld, kind %lld %lld, steps %lld %lld, perturbations %lld %lld, code %lld %lld, values %lld %lld, "
                  "gradients %lld %lld, products %lld %lld, value %g %g, norm %g %g, lambda %g %g, eta %g %g",
                  what, (long long)a.stop, (long long)b.stop, (long long)a.kind, (long long)b.kind, (long long)a.steps, (long long)b.steps,
                  (long long)a.perturbations, (long long)b.perturbations, (long long)a.callback_code, (long long)b.callback_code,
                  (long long)a.value_samples, (long long)b.value_samples, (long long)a.gradient_samples, (long long)b.gradient_samples,
                  (long long)a.hessvec_samples, (long long)b.hessvec_samples, a.value, b.value, a.gradient_norm, b.gradient_norm, a.lambda_min,
                  b.lambda_min, a.step_size, b.step_size);
    ck_assert_msg(x->events - first == y->events, "%s: %lld events instead of %lld", what, (long long)y->events, (long long)(x->events - first));
    for (int64_t i = 0; i < y->events; i++) {
        ck_assert_msg(memcmp(&x->event[first + i], &y->event[i], sizeof y->event[i]) == 0 && x->at[first + i] == y->at[i],
                      "%s: event %lld, of step %lld, differs", what, (long long)i, (long long)y->event[i].step);
    }
}
