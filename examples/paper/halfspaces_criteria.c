/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include "halfspaces.h"
#include "statistics.h"

enum { FEW = 3 /* runs that a median needs */, FROM = 0, TO = INSTANCE_LEVELS - 1 };

/* e: how a method's median path of one side differs from that of gd; too few runs are said to be, and judge nothing. */
static void judge_path(const struct instance *k, enum escape_method method, int ahead, struct criteria *c)
{
    const struct runs *r = &k->runs[method];
    const double gd = k->gd[ahead].steps[TO] - k->gd[ahead].steps[FROM];
    const char *side = ahead ? "ahead" : "behind";
    double x[INSTANCE_MOST_SEEDS];
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        if (r->run[i].left.side == (ahead ? 1 : -1) && isfinite(r->run[i].steps[TO])) {
            x[n++] = r->run[i].steps[TO] - r->run[i].steps[FROM];
        }
    }
    if (n < FEW) {
        printf("-       e  data set %d, %s: %s has %d runs to be compared, too few\n", k->seed, side,
               escape_names[method], n);
        return;
    }
    const double off = statistics_quantile(n, x, 0.5) / gd - 1.0;
    criteria_check(c, fabs(off) <= 0.05,
                   "e  data set %d, %s: gd goes from 10 %% to 80 %% of the way down in %.0f steps; %s %+.1f %% (%d "
                   "runs), allowed 5 %%", k->seed, side, gd, escape_names[method], 100.0 * off, n);
}

/* f: from the middle of the way, on the logarithmic scale. */
static int judge_start(const struct instance *k, struct escape_trace *t, struct criteria *c)
{
    struct escape e;
    const double start = sqrt(INSTANCE_OFFSET * ESCAPE_LEFT), gd = k->gd[1].left.steps;
    if (escape_run(&k->p, ESCAPE_GD, 0, start, INSTANCE_STEPS, -1.0, t, &e) != 0) {
        return -1;
    }
    criteria_check(c, fabs(e.steps / gd - 0.5) <= 0.05,
                   "f  data set %d: half the way on the logarithmic scale takes gd %.0f steps, %.3f of all, allowed "
                   "0.45 to 0.55", k->seed, e.steps, e.steps / gd);
    return 0;
}

static int judge_instance(const struct instance *k, struct escape_trace *t, struct criteria *c)
{
    const double gd = k->gd[1].left.steps, ball = instance_left(&k->runs[ESCAPE_BALL], 0, 0.5),
                 cnc = instance_left(&k->runs[ESCAPE_CNC], 0, 0.5), sgd = instance_left(&k->runs[ESCAPE_SGD], 1, 0.5);
    criteria_check(c, fabs(gd / k->law - 1.0) <= 0.1,
                   "a  data set %d: gd %.0f steps, linear law %.0f: %+.1f %%, allowed 10 %%", k->seed, gd, k->law,
                   100.0 * (gd / k->law - 1.0));
    criteria_check(c, ball <= gd / 2.0, "b  data set %d: balls leave %.1f times as fast as gd, at least 2", k->seed,
                   gd / ball);
    criteria_check(c, cnc <= 1.15 * ball, "c  data set %d: sgd_gd takes %.2f of the steps with balls, at most 1.15",
                   k->seed, cnc / ball);
    criteria_check(c, sgd <= gd / 20.0, "d  data set %d: sgd leaves in %.1f epochs, %.0f times as fast as gd, at least "
                   "20", k->seed, sgd, gd / sgd);
    for (int ahead = 1; ahead >= 0; ahead--) {
        judge_path(k, ESCAPE_BALL, ahead, c);
        judge_path(k, ESCAPE_CNC, ahead, c);
    }
    return judge_start(k, t, c);
}

struct quadratic {
    double lambda;
};

static int quadratic_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    const struct quadratic *q = user;
    (void)b;
    gradient[0] = -q->lambda * w[0];
    gradient[1] = w[1];
    return 0;
}

static int quadratic_left(void *user, const saddle_event *e)
{
    (void)user;
    return fabs(e->w[0]) >= ESCAPE_LEFT;
}

/* Steps of gd on -lambda w_1^2/2 + w_2^2/2; negative with an error printed. */
static double leave_quadratic(const char *program, double lambda)
{
    struct quadratic q = {lambda};
    double w[2] = {INSTANCE_OFFSET, 0.0};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    saddle_solver *solver = NULL;
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    const int good = saddle_objective_create(NULL, 2, 1, &q, &f) == SADDLE_OK &&
                     saddle_objective_set_gradient(f, quadratic_gradient) == SADDLE_OK &&
                     saddle_options_create(NULL, &o) == SADDLE_OK &&
                     saddle_options_set_real(o, SADDLE_OPT_STEP_SIZE, ESCAPE_ETA) == SADDLE_OK &&
                     saddle_options_set_int(o, SADDLE_OPT_MONITOR_EVERY, 1) == SADDLE_OK &&
                     saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &solver) == SADDLE_OK &&
                     saddle_solver_set_monitor(solver, quadratic_left, NULL) == SADDLE_OK &&
                     saddle_solver_run(solver) == SADDLE_OK && saddle_solver_result(solver, &r) == SADDLE_OK;
    if (!good) {
        fprintf(stderr, "%s: %s\n", program, saddle_error_message());
    }
    saddle_solver_destroy(solver);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return good ? (double)r.steps : -1.0;
}

/* f: the time scales as 1/|lambda|, up to eta |lambda|. */
static int judge_quadratics(const char *program, struct criteria *c)
{
    double least = HUGE_VAL, most = 0.0;
    int exact = 1;
    for (double lambda = 0.4; lambda > 0.01; lambda /= 2.0) {
        const double steps = leave_quadratic(program, lambda);
        if (steps < 0.0) {
            return -1;
        }
        exact = exact && steps == ceil(log(ESCAPE_LEFT / INSTANCE_OFFSET) / log1p(ESCAPE_ETA * lambda));
        least = fmin(least, steps * lambda);
        most = fmax(most, steps * lambda);
    }
    criteria_check(c, most <= 1.1 * least && exact,
                   "f  quadratics, lambda 0.4 to 0.0125: steps times |lambda| from %.1f to %.1f, each %s the linear "
                   "law, rounded up", least, most, exact ? "is" : "IS NOT");
    return 0;
}

void halfspaces_judge_lemma(const struct lemma *l, double radius, struct criteria *c)
{
    criteria_check(c, l->violations == 0 && l->checks > 0 && l->radius <= radius * (1.0 + 1e-12),
                   "g  lemma, ||z|| up to %.3g: %lld pairs, %lld violations, smallest E <grad f_z, v>^2 (R/lambda)^2 = "
                   "%.1f", l->radius, (long long)l->checks, (long long)l->violations, l->smallest);
}

static int judge_lemmas(const char *program, struct criteria *c)
{
    struct lemma scaled, unscaled;
    double error, smallest;
    if (lemma_random(program, 1, &scaled) != 0 || lemma_random(program, 0, &unscaled) != 0 ||
        lemma_sharp(program, &smallest, &error) != 0) {
        return -1;
    }
    halfspaces_judge_lemma(&scaled, 1.0, c);
    halfspaces_judge_lemma(&unscaled, HUGE_VAL, c);
    criteria_check(c, error <= 1e-12 && smallest < 1.0 + 1e-6,
                   "g  lemma, all z alike: E <grad f_z, v>^2 (R/lambda)^2 = coth^2(<w, z>/2), off by %.1e; down to "
                   "1 + %.1e", error, smallest - 1.0);
    return 0;
}

int halfspaces_judge(const struct instance *all, int n, struct escape_trace *t, struct criteria *c)
{
    double ratio = 0.0, once = 0.0;
    printf("\nCriteria\n");
    for (int i = 0; i < n; i++) {
        const struct runs *r = all[i].runs;
        if (judge_instance(&all[i], t, c) != 0) {
            return -1;
        }
        ratio += instance_left(&r[ESCAPE_CNC], 0, 0.5) / instance_left(&r[ESCAPE_BALL], 0, 0.5) / n;
        once += instance_left(&r[ESCAPE_CNC_ONCE], 0, 0.5) / instance_left(&r[ESCAPE_BALL_ONCE], 0, 0.5) / n;
    }
    criteria_check(c, ratio < 1.0, "c  mean over data sets: sgd_gd takes %.2f of the steps with balls, below 1", ratio);
    printf("        With one perturbation only it takes %.1f times as many, mean over data sets.\n", once);
    if (judge_quadratics(all[0].p.program, c) != 0 || judge_lemmas(all[0].p.program, c) != 0) {
        return -1;
    }
    printf("%d failed\n", c->failed);
    return 0;
}
