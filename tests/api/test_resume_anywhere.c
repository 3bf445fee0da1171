/* SPDX-License-Identifier: BSD-3-Clause */
/* Random runs, each made twice: as it is, and in lives: saved at random moments, between calls, from the monitor and after failures, thrown
 * away, and loaded into a new solver. Both must show the same events, statuses, messages, results and w, bit for bit. */
#include "support/expect.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_DIM = 40, MOST_EVENTS = 400, MOST_ACTIONS = 8, MOST_TEXT = 40 };

/* What is done, drawn from its number. */
struct plan {
    int64_t number, draws;
    int recipe, own_schedule, project;
    int64_t dim, samples, grain, callbacks, second, threads;
    double wall;
    char name[MOST_TEXT][24], value[MOST_TEXT][24]; /* options */
    int options;
    int64_t action[MOST_ACTIONS]; /* steps; -1: run */
    int actions;
    int64_t stop_at, request_at;  /* events of these steps: the monitor returns 1, asks for a stop; an own schedule asks in this step */
    int64_t fault_point, fault_code;
};

struct seen_event {
    saddle_event e;
    double w[MOST_DIM];
};

/* What came of it; seconds apart. */
struct record {
    int64_t events;
    struct seen_event event[MOST_EVENTS];
    saddle_status status[MOST_ACTIONS];
    char message[MOST_ACTIONS][200];
    saddle_result result[MOST_ACTIONS];
    double w[MOST_ACTIONS][MOST_DIM];
    int64_t lives;
};

struct run {
    const struct plan *plan;
    struct problem p;
    saddle_context *c;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[MOST_DIM];
    struct record *record;
    int64_t cut_event; /* the monitor saves in this event, and that life ends; -1 = none */
    int cut;           /* it has */
    int asked;         /* to stop, without an answer so far: that is not saved */
};

static char path[64];
static int plans = 250;

static double draw(struct plan *p)
{
    const saddle_random_stream s = {99, 129, (uint64_t)p->number};
    double u;
    REQUIRE(saddle_random_uniform(&s, p->draws++, 1, &u) == SADDLE_OK);
    return u;
}

static int64_t pick(struct plan *p, int64_t count)
{
    const int64_t k = (int64_t)(draw(p) * (double)count);
    return k < count ? k : count - 1;
}

static int chance(struct plan *p, double probability)
{
    return draw(p) < probability;
}

static void option(struct plan *p, const char *name, const char *value)
{
    (void)snprintf(p->name[p->options], sizeof p->name[0], "%s", name);
    (void)snprintf(p->value[p->options], sizeof p->value[0], "%s", value);
    p->options++;
}

static const char *one_of(struct plan *p, const char *const *words, int64_t count)
{
    return words[pick(p, count)];
}

static void draw_options(struct plan *p)
{
    static const char *const sampling[] = {"replacement", "shuffle", "sequential"};
    static const char *const schedule[] = {"constant", "inverse", "inverse_sqrt", "exponential", "cosine"};
    static const char *const output[] = {"last", "uniform", "best"};
    static const char *const every[] = {"1", "2", "3", "7"};
    option(p, "sampling", one_of(p, sampling, 3));
    option(p, "schedule", one_of(p, schedule, 5));
    option(p, "schedule_time", "25");
    option(p, "output", one_of(p, output, 3));
    option(p, "monitor_every", one_of(p, every, 4));
    if (chance(p, 0.3)) {
        option(p, "step_size", "0");
    }
    const int check = chance(p, 0.4);
    if (check) {
        option(p, "check_every", one_of(p, every, 4));
        option(p, "eps_hessian", chance(p, 0.8) ? "0.01" : "1.2");
    }
    option(p, "eps_gradient", check ? "2" : chance(p, 0.5) ? "0.5" : "1e-3");
    if (chance(p, 0.2)) {
        option(p, "target_value", "-0.3");
    }
    if (chance(p, 0.2)) {
        option(p, "divergence", "1.5");
    }
    if (chance(p, 0.2)) {
        option(p, "max_epochs", "20.5");
    }
}

static void draw_plan(struct plan *p, int64_t number)
{
    memset(p, 0, sizeof *p);
    p->number = number;
    p->recipe = (int)(number % RECIPES);
    p->dim = 1 + pick(p, MOST_DIM);
    p->samples = 1 + pick(p, 30);
    p->grain = 1 + pick(p, 8);
    p->callbacks = pick(p, 3); /* all of them give values */
    p->second = chance(p, 0.5) ? WITH_HESSVEC : 0;
    p->threads = 1 + pick(p, 2);
    p->wall = chance(p, 0.2) ? 0.3 : 0.0;
    draw_options(p);
    p->project = strcmp(p->name[p->options - 1], "step_size") != 0 && chance(p, 0.2);
    for (int i = 0; i < p->options; i++) {
        p->project = p->project && strcmp(p->name[i], "step_size") != 0; /* it knows no projections */
    }
    p->own_schedule = chance(p, 0.2);
    p->actions = 2 + (int)pick(p, MOST_ACTIONS - 2);
    for (int i = 0; i < p->actions; i++) {
        p->action[i] = i == p->actions - 1 || chance(p, 0.2) ? -1 : pick(p, 12);
    }
    p->stop_at = chance(p, 0.3) ? 1 + pick(p, 30) : -1;
    p->request_at = chance(p, 0.3) ? 1 + pick(p, 30) : -1;
    p->fault_point = chance(p, 0.4) ? 2 + pick(p, 40) : 0;
    p->fault_code = 1 + 6 * pick(p, 2);
}

static int project(void *user, int64_t dim, double *w)
{
    (void)user;
    for (int64_t i = 0; i < dim; i++) {
        w[i] = w[i] > 0.7 ? 0.7 : w[i] < -0.6 ? -0.6 : w[i];
    }
    return 0;
}

static int own_schedule(void *user, int64_t step, double eta0, double *eta)
{
    struct run *x = user;
    if (step == x->plan->request_at) {
        x->asked = 1;
        saddle_solver_request_stop(x->s);
    }
    *eta = eta0 * (step % 3 == 0 ? 0.5 : 1.0);
    return 0;
}

static int monitor(void *user, const saddle_event *e)
{
    struct run *x = user;
    struct record *r = x->record;
    REQUIRE(r->events < MOST_EVENTS);
    struct seen_event *seen = &r->event[r->events++];
    seen->e = *e;
    seen->e.w = NULL;
    seen->e.seconds = 0.0;
    memcpy(seen->w, e->w, (size_t)e->dim * sizeof(double));
    if (e->stop == SADDLE_STOP_NONE && e->step == x->plan->stop_at) {
        return 1;
    }
    if (e->stop == SADDLE_STOP_NONE && e->step == x->plan->request_at) {
        x->asked = 1;
        saddle_solver_request_stop(x->s);
        return 0;
    }
    if (e->stop == SADDLE_STOP_NONE && r->events - 1 == x->cut_event && !x->asked) {
        EXPECT_OK(saddle_solver_save(x->s, path));
        x->cut = 1;
        return 99;
    }
    return 0;
}

/* w is anything: what is loaded takes its place. */
static void make_solver(struct run *x)
{
    EXPECT_OK(saddle_solver_create(x->f, recipes[x->plan->recipe].method, x->o, x->w, &x->s));
    EXPECT_OK(saddle_solver_set_monitor(x->s, monitor, x));
    if (x->plan->own_schedule) {
        EXPECT_OK(saddle_solver_set_schedule(x->s, own_schedule, x));
    }
}

static void make(struct run *x, const struct plan *plan, struct record *record)
{
    memset(x, 0, sizeof *x);
    memset(record, 0, sizeof *record);
    x->plan = plan;
    x->record = record;
    x->cut_event = -1;
    problem_init(&x->p, plan->dim, plan->samples, plan->grain, (int)plan->callbacks);
    x->p.second = (int)plan->second;
    x->p.threads = plan->threads;
    x->p.wall = plan->wall;
    x->p.fault = plan->fault_point > 0 ? FAULT_CODE : FAULT_NONE;
    x->p.fault_point = (uint64_t)plan->fault_point;
    x->p.code = (int)plan->fault_code;
    problem_start(&x->p, x->w);
    EXPECT_OK(saddle_context_create(NULL, &x->c));
    EXPECT_OK(saddle_context_set_threads(x->c, 1)); /* calls are counted in order */
    x->f = problem_objective(&x->p, x->c);
    if (plan->project) {
        EXPECT_OK(saddle_objective_set_project(x->f, project));
    }
    x->o = recipe_options(plan->recipe, x->c, 60);
    for (int i = 0; i < plan->options; i++) {
        set(x->o, plan->name[i], plan->value[i]);
    }
    make_solver(x);
}

static void unmake(struct run *x)
{
    ck_assert_int_eq(x->p.broken, 0);
    saddle_solver_destroy(x->s);
    saddle_options_destroy(x->o);
    saddle_objective_destroy(x->f);
    saddle_context_destroy(x->c);
}

static saddle_result result_of(const struct run *x)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    EXPECT_OK(saddle_solver_result(x->s, &r));
    r.seconds = 0.0;
    return r;
}

/* From the file into a new solver on a w that has nothing of the old one. */
static void next_life(struct run *x)
{
    const saddle_result before = result_of(x);
    double w[MOST_DIM];
    memcpy(w, x->w, sizeof w);
    saddle_solver_destroy(x->s);
    for (int i = 0; i < MOST_DIM; i++) {
        x->w[i] = 0.125 * (double)(i % 3);
    }
    make_solver(x);
    EXPECT_OK(saddle_solver_load(x->s, path));
    x->record->lives++;
    const saddle_result after = result_of(x);
    if (!x->cut) {
        EXPECT_SAME(&before, &after, sizeof before);
        EXPECT_SAME(w, x->w, (size_t)x->plan->dim * sizeof *w);
    }
    x->cut = 0;
}

static saddle_status act(struct run *x, int64_t steps)
{
    const int64_t begun = result_of(x).steps;
    saddle_status s = steps < 0 ? saddle_solver_run(x->s) : saddle_solver_step(x->s, steps);
    while (x->cut) {
        ck_assert_int_eq(s, SADDLE_E_CALLBACK);
        next_life(x);
        x->cut_event = -1;
        const int64_t done = result_of(x).steps - begun;
        s = steps < 0 ? saddle_solver_run(x->s) : saddle_solver_step(x->s, steps - done);
    }
    return s;
}

static int may_go_on(int64_t stop)
{
    return stop == SADDLE_STOP_NONE || stop == SADDLE_STOP_MONITOR || stop == SADDLE_STOP_REQUEST;
}

/* cuts: in lives. Between calls with a probability of 0.4, in one event of every second action. */
static void go(struct plan *p, struct record *record, int cuts)
{
    static struct run x;
    make(&x, p, record);
    for (int i = 0; i < p->actions && may_go_on(result_of(&x).stop); i++) {
        if (cuts && chance(p, 0.4) && !x.asked) {
            EXPECT_OK(saddle_solver_save(x.s, path));
            next_life(&x);
        }
        x.cut_event = cuts && chance(p, 0.5) ? record->events + pick(p, 8) : -1;
        record->status[i] = act(&x, p->action[i]);
        if (record->status[i] != SADDLE_OK) {
            (void)snprintf(record->message[i], sizeof record->message[i], "%s", saddle_error_message());
        }
        record->result[i] = result_of(&x);
        x.asked = x.asked && record->result[i].stop != SADDLE_STOP_REQUEST;
        memcpy(record->w[i], x.w, sizeof x.w);
    }
    unmake(&x);
}

static void compare(const struct plan *p, const struct record *a, const struct record *b)
{
    char name[100];
    (void)snprintf(name, sizeof name, "plan %lld (%s), %lld lives", (long long)p->number, recipes[p->recipe].name, (long long)b->lives);
    for (int i = 0; i < p->actions; i++) {
        ck_assert_msg(a->status[i] == b->status[i] && strcmp(a->message[i], b->message[i]) == 0, "%s, action %d: %s: %s\nnot %s: %s", name, i,
                      saddle_status_name(b->status[i]), b->message[i], saddle_status_name(a->status[i]), a->message[i]);
        ck_assert_msg(memcmp(a->w[i], b->w[i], (size_t)p->dim * sizeof(double)) == 0, "%s, action %d: another w", name, i);
        ck_assert_msg(memcmp(&a->result[i], &b->result[i], sizeof a->result[i]) == 0, "%s, action %d: another result", name, i);
    }
    for (int64_t k = 0; k < a->events && k < b->events; k++) {
        ck_assert_msg(memcmp(&a->event[k], &b->event[k], sizeof a->event[k]) == 0, "%s: event %lld, of step %lld, is another", name,
                      (long long)k, (long long)a->event[k].e.step);
    }
    ck_assert_msg(a->events == b->events, "%s: %lld events, not %lld", name, (long long)b->events, (long long)a->events);
}

START_TEST(any_run_goes_on_from_any_moment)
{
    static struct record whole, pieces;
    int64_t lives = 0;
    for (int64_t k = 0; k < plans; k++) {
        struct plan p;
        draw_plan(&p, k);
        go(&p, &whole, 0);
        go(&p, &pieces, 1);
        compare(&p, &whole, &pieces);
        lives += pieces.lives;
    }
    printf("# %d random runs, %lld times saved, thrown away and loaded\n", plans, (long long)lives);
    ck_assert_int_gt(lives, plans);
}
END_TEST

/* PGD, whose last call of a callback fails: its own rule has ended it, and the output is still to be measured. */
static void end_unmeasured(struct trial *t, int64_t calls)
{
    static const char *const more[] = {"max_steps", "3000", NULL};
    trial_begin(t, 6, more);
    t->p.fault = calls > 0 ? FAULT_CODE : FAULT_NONE;
    t->p.fault_call = calls;
    t->p.code = 7;
    if (calls > 0) {
        EXPECT_FAIL(saddle_solver_run(t->s), SADDLE_E_CALLBACK, "7");
    }
}

START_TEST(an_end_that_could_not_be_measured)
{
    struct trial whole, patient, t;
    end_unmeasured(&whole, 0);
    trial_run(&whole, SADDLE_STOP_METHOD, -1);
    end_unmeasured(&patient, whole.p.calls);
    trial_run(&patient, SADDLE_STOP_METHOD, whole.r.steps);
    end_unmeasured(&t, whole.p.calls);
    EXPECT_OK(saddle_solver_save(t.s, path));
    saddle_solver_destroy(t.s);
    EXPECT_OK(saddle_solver_create(t.f, SADDLE_METHOD_PGD, t.o, t.w, &t.s));
    EXPECT_OK(saddle_solver_load(t.s, path));
    trial_run(&t, SADDLE_STOP_METHOD, whole.r.steps);
    patient.r.seconds = t.r.seconds;
    EXPECT_SAME(&patient.r, &t.r, sizeof t.r);
    EXPECT_SAME(whole.w, t.w, sizeof t.w);
    trial_end(&whole);
    trial_end(&patient);
    trial_end(&t);
}
END_TEST

static void choose_path(void)
{
    (void)snprintf(path, sizeof path, "%s/resume-%ld.saddle", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".", (long)getpid());
}

static void remove_file(void)
{
    (void)unlink(path);
}

int main(int argc, char **argv)
{
    plans = argc > 1 ? atoi(argv[1]) : plans;
    Suite *suite = suite_create("resume_anywhere");
    TCase *t = tcase_create("resume_anywhere");
    tcase_add_checked_fixture(t, choose_path, remove_file);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_end_that_could_not_be_measured);
    tcase_add_test(t, any_run_goes_on_from_any_moment);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
