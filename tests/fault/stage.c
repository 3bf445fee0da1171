/* SPDX-License-Identifier: BSD-3-Clause */
#include "fault/stage.h"
#include "support/expect.h"
#include "support/recipes.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define PATTERN 0x5a

/* EXPECT_OK() writes to its runner each time it holds, and there are a million of these. */
#define NEED(call)                                            \
    do {                                                      \
        if ((call) != SADDLE_OK) {                            \
            ck_abort_msg("%s: %s", #call, saddle_error_message()); \
        }                                                     \
    } while (0)

const char *const stage_act_names[ACTS] = {
    "saddle_context_create",   "saddle_objective_create",       "saddle_options_create",        "saddle_objective_value",
    "saddle_objective_gradient", "saddle_objective_hessvec",    "saddle_check_derivatives",     "saddle_estimate_assumptions",
    "saddle_lanczos_create",   "saddle_lanczos_create_hessian", "saddle_lanczos_run",           "saddle_lambda_min",
    "saddle_spectral_density", "saddle_certify",                "saddle_cnc_check",             "saddle_cnc_along",
    "saddle_solver_create",    "saddle_solver_step",            "saddle_solver_run",            "saddle_minimize",
    "saddle_solver_save",      "saddle_solver_load",
};

const int stage_codes[] = {1, 7, -3};

/* What every callback does behind its work: it fails where it is told to, and writes into w where it is told to. */
static int spoil(struct stage *x, const char *which, int code, const double *w, int64_t n, double *out)
{
    const int64_t call = __atomic_add_fetch(&x->calls, 1, __ATOMIC_RELAXED);
    const int of_monitor = x->hostile == STAGE_MONITOR_WRITES;
    if (x->hostile != 0 && w != NULL && (!of_monitor || strcmp(which, "monitor") == 0)) {
        memcpy(x->kept, x->w, sizeof x->w);
        ((double *)(uintptr_t)w)[call % STAGE_DIM] = x->hostile == STAGE_WRITES_NAN ? (double)NAN : 0.25 * (double)(call % 5);
    }
    if (code != 0 || x->fault_call == 0 || (x->for_ever ? call < x->fault_call : call != x->fault_call)) {
        return code;
    }
    if (x->fault > STAGE_CODE_MINUS_3 && out == NULL) {
        return 0; /* there is nothing to spoil */
    }
    (void)__atomic_add_fetch(&x->made, 1, __ATOMIC_RELAXED);
    x->which = which;
    if (x->fault <= STAGE_CODE_MINUS_3) {
        return stage_codes[x->fault];
    }
    const int64_t at = x->fault == STAGE_NAN_FIRST ? 0 : x->fault == STAGE_NAN_MIDDLE ? n / 2 : n - 1;
    out[at] = x->fault == STAGE_INF_LAST ? (double)INFINITY : (double)NAN;
    return 0;
}

static int value(void *user, const saddle_batch *b, const double *w, double *f)
{
    struct stage *x = user;
    return spoil(x, "value", problem_value(&x->p, b, w, f), w, 1, f);
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct stage *x = user;
    return spoil(x, "gradient", problem_gradient(&x->p, b, w, g), w, b->dim, g);
}

static int value_gradient(void *user, const saddle_batch *b, const double *w, double *f, double *g)
{
    struct stage *x = user;
    return spoil(x, "value_gradient", problem_value_gradient(&x->p, b, w, f, g), w, b->dim, g);
}

static int hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct stage *x = user;
    return spoil(x, "hessvec", problem_hessvec(&x->p, b, w, v, product), w, b->dim, product);
}

static int slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *out)
{
    struct stage *x = user;
    return spoil(x, "slopes", problem_slopes(&x->p, b, w, k, v, out), w, b->count * k, out);
}

static int project(void *user, int64_t dim, double *w)
{
    return spoil(user, "project", 0, NULL, dim, w); /* nothing is infeasible */
}

static int apply(void *user, int64_t dim, const double *v, double *product)
{
    struct stage *x = user;
    problem_exact_product(&x->p, x->w, v, product);
    return spoil(x, "apply", 0, NULL, dim, product);
}

static int monitor(void *user, const saddle_event *e)
{
    struct stage *x = user;
    x->events++;
    const int code = spoil(x, "monitor", 0, e->w, 0, NULL);
    if (x->hostile == STAGE_MONITOR_WRITES) {
        x->denied += saddle_solver_save(x->s, "/dev/null/never") == SADDLE_E_STATE;
    }
    return code;
}

static int schedule(void *user, int64_t step, double eta0, double *eta)
{
    (void)step;
    *eta = eta0;
    return spoil(user, "schedule", 0, NULL, 1, eta);
}

void stage_blank(struct given *out)
{
    memset(out, PATTERN, sizeof *out);
    out->result.struct_size = (int64_t)sizeof out->result;
    out->eigen.struct_size = (int64_t)sizeof out->eigen;
    out->certificate.struct_size = (int64_t)sizeof out->certificate;
    out->cnc.struct_size = (int64_t)sizeof out->cnc;
    out->assumptions.struct_size = (int64_t)sizeof out->assumptions;
    out->check.struct_size = (int64_t)sizeof out->check;
}

void stage_begin(struct stage *x, const struct scenario *t, int fill)
{
    memset(x, 0, sizeof *x);
    x->t = t;
    (void)memory_allocator(&x->m, fill);
    problem_init(&x->p, STAGE_DIM, STAGE_SAMPLES, STAGE_GRAIN, t->callbacks);
    x->p.threads = t->threads;
    problem_start(&x->p, x->w);
    x->v[1] = x->v[STAGE_DIM + 2] = 1.0;
}

void stage_end(struct stage *x)
{
    const int had_objective = x->f != NULL;
    saddle_context_destroy(x->c); /* the others keep it */
    saddle_options_destroy(x->o);
    saddle_lanczos_destroy(x->l);
    saddle_objective_destroy(x->f);
    saddle_solver_destroy(x->s);
    if (x->path[0] != '\0') {
        (void)unlink(x->path);
    }
    REQUIRE(x->m.blocks == 0 && x->m.bytes == 0 && x->m.faults == 0);
    REQUIRE(x->p.destroyed == had_objective);
    REQUIRE(x->p.broken == 0 || x->hostile);
}

static void destructor(void *user)
{
    struct stage *x = user;
    x->p.destroyed++;
}

static saddle_status make_context(struct stage *x)
{
    struct memory kept = x->m;
    const saddle_allocator a = memory_allocator(&x->m, kept.fill);
    x->m = kept;
    const saddle_status s = saddle_context_create(&a, &x->c);
    if (s == SADDLE_OK) {
        NEED(saddle_context_set_threads(x->c, x->t->threads));
    }
    return s;
}

static saddle_status make_objective(struct stage *x)
{
    const int callbacks = x->t->callbacks, second = x->t->second;
    const saddle_status s = saddle_objective_create(x->c, STAGE_DIM, STAGE_SAMPLES, x, &x->f);
    if (s == SADDLE_OK) {
        NEED(saddle_objective_set_grain(x->f, STAGE_GRAIN));
        NEED(saddle_objective_set_destructor(x->f, destructor));
        NEED(saddle_objective_set_value(x->f, callbacks == SEPARATE || callbacks == ALL_THREE ? value : NULL));
        NEED(saddle_objective_set_gradient(x->f, callbacks != TOGETHER ? gradient : NULL));
        NEED(saddle_objective_set_value_gradient(x->f, callbacks == TOGETHER || callbacks == ALL_THREE ? value_gradient : NULL));
        NEED(saddle_objective_set_hessvec(x->f, second & WITH_HESSVEC ? hessvec : NULL));
        NEED(saddle_objective_set_slopes(x->f, second & WITH_SLOPES ? slopes : NULL));
        NEED(saddle_objective_set_project(x->f, x->t->project ? project : NULL));
    }
    return s;
}

static void copy_options(saddle_options *to, const saddle_options *from)
{
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    for (int64_t i = 0; saddle_option_describe(i, &info) == SADDLE_OK; i++) {
        int64_t integer = 0;
        double real = 0.0;
        if (info.type == SADDLE_TYPE_REAL) {
            NEED(saddle_options_get_real(from, (saddle_option)info.id, &real));
            NEED(saddle_options_set_real(to, (saddle_option)info.id, real));
        } else {
            NEED(saddle_options_get_int(from, (saddle_option)info.id, &integer));
            NEED(saddle_options_set_int(to, (saddle_option)info.id, integer));
        }
    }
}

static saddle_status make_options(struct stage *x)
{
    const saddle_status s = saddle_options_create(x->c, &x->o);
    if (s == SADDLE_OK) {
        saddle_options *from = recipe_options(x->t->recipe, NULL, STAGE_STEPS);
        copy_options(x->o, from);
        saddle_options_destroy(from);
        for (int i = 0; x->t->more[i] != NULL; i += 2) {
            set(x->o, x->t->more[i], x->t->more[i + 1]);
        }
    }
    return s;
}

static saddle_status make_solver(struct stage *x)
{
    const saddle_status s = saddle_solver_create(x->f, recipes[x->t->recipe].method, x->o, x->w, &x->s);
    if (s == SADDLE_OK) {
        NEED(saddle_solver_set_monitor(x->s, x->t->monitor ? monitor : NULL, x));
        NEED(saddle_solver_set_schedule(x->s, x->t->schedule ? schedule : NULL, x));
    }
    return s;
}

/* What a run gives that has the same bits also after a failure: not how often it asked, nor how long it took. */
static void take_result(struct stage *x, struct given *out, saddle_result r)
{
    r.seconds = 0.0;
    r.callback_code = r.value_samples = r.gradient_samples = r.hessvec_samples = r.slopes_samples = 0;
    out->result = r;
    memcpy(out->vector, x->w, sizeof x->w);
}

static saddle_status go_on(struct stage *x, int act, struct given *out)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    NEED(saddle_solver_result(x->s, &r));
    if (r.stop != SADDLE_STOP_NONE && r.stop != SADDLE_STOP_MONITOR) { /* for good */
        take_result(x, out, r);
        return SADDLE_OK;
    }
    const saddle_status s = act == ACT_STEP ? saddle_solver_step(x->s, 1) : saddle_solver_run(x->s);
    if (s == SADDLE_OK) {
        NEED(saddle_solver_result(x->s, &r));
        if (act == ACT_RUN && r.stop == SADDLE_STOP_MONITOR) { /* it may go on, and does */
            return go_on(x, act, out);
        }
        take_result(x, out, r);
    }
    return s;
}

/* From the same start each time: w is what it was when the act was made first. */
static saddle_status minimize(struct stage *x, struct given *out)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    problem_start(&x->p, x->w);
    r.steps = 0;
    const saddle_status s = saddle_minimize(x->f, recipes[x->t->recipe].method, x->o, x->w, &r);
    if (s == SADDLE_OK) {
        take_result(x, out, r);
    } else {
        x->steps = r.steps; /* told also of a run that failed, and not of one that was not made */
    }
    return s;
}

/* What is in the file now: its first bytes. */
static void read_start(const struct stage *x, char start[4])
{
    FILE *file = fopen(x->path, "rb");
    REQUIRE(file != NULL && fread(start, 1, 3, file) == 3);
    (void)fclose(file);
}

/* In memory where there is such a folder: what a disk does is of no interest here. Before the first save the file holds something else,
 * which a save that fails leaves there. */
static saddle_status save(struct stage *x)
{
    char start[4] = "";
    if (x->path[0] == '\0') {
        (void)snprintf(x->path, sizeof x->path, "%s/saddle-fault-%ld.checkpoint", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
                       (long)getpid());
        FILE *file = fopen(x->path, "wb");
        REQUIRE(file != NULL && fwrite("old", 1, 3, file) == 3 && fclose(file) == 0);
    }
    const saddle_status s = saddle_solver_save(x->s, x->path);
    read_start(x, start);
    x->saved = s == SADDLE_OK;
    REQUIRE(x->saved == (strcmp(start, "old") != 0));
    return s;
}

/* Into another solver, which starts where the first did. */
static saddle_status load(struct stage *x)
{
    if (!x->fresh) {
        saddle_solver_destroy(x->s);
        x->s = NULL;
        problem_start(&x->p, x->w);
        const saddle_status made = make_solver(x);
        if (made != SADDLE_OK) {
            return made;
        }
        x->fresh = 1;
    }
    return saddle_solver_load(x->s, x->path);
}

static saddle_status run_lanczos(struct stage *x, struct given *out)
{
    const saddle_status s = saddle_lanczos_run(x->l);
    if (s == SADDLE_OK) {
        NEED(saddle_lanczos_pair(x->l, saddle_lanczos_count(x->l) - 1, out->vector, &out->eigen));
    } else {
        REQUIRE(saddle_lanczos_count(x->l) == 0);
    }
    return s;
}

saddle_status stage_call(struct stage *x, int act, struct given *out)
{
    switch (act) {
    case ACT_CONTEXT: return make_context(x);
    case ACT_OBJECTIVE: return make_objective(x);
    case ACT_OPTIONS: return make_options(x);
    case ACT_VALUE: return saddle_objective_value(x->f, x->w, &out->value);
    case ACT_GRADIENT: return saddle_objective_gradient(x->f, x->w, x->t->callbacks == GRADIENT_ONLY ? NULL : &out->value, out->vector);
    case ACT_HESSVEC: return saddle_objective_hessvec(x->f, x->w, x->v, out->vector);
    case ACT_CHECK_DERIVATIVES: return saddle_check_derivatives(x->f, x->w, 5, &out->check);
    case ACT_ASSUMPTIONS: return saddle_estimate_assumptions(x->f, x->w, x->o, &out->assumptions);
    case ACT_LANCZOS: return saddle_lanczos_create(x->c, STAGE_DIM, apply, x, x->o, &x->l);
    case ACT_LANCZOS_HESSIAN: return saddle_lanczos_create_hessian(x->f, x->w, x->o, &x->l);
    case ACT_LANCZOS_RUN: return run_lanczos(x, out);
    case ACT_LAMBDA_MIN: return saddle_lambda_min(x->f, x->w, x->o, out->vector, &out->eigen);
    case ACT_DENSITY: return saddle_spectral_density(x->f, x->w, x->o, STAGE_POINTS, out->vector, out->number);
    case ACT_CERTIFY: return saddle_certify(x->f, x->w, x->o, out->vector, &out->certificate);
    case ACT_CNC_CHECK: return saddle_cnc_check(x->f, x->w, x->o, out->vector, &out->cnc);
    case ACT_CNC_ALONG: return saddle_cnc_along(x->f, x->w, x->o, 2, x->v, out->number, out->vector);
    case ACT_SOLVER: return make_solver(x);
    case ACT_STEP:
    case ACT_RUN: return go_on(x, act, out);
    case ACT_SAVE: return save(x);
    case ACT_LOAD: return load(x);
    case ACT_MINIMIZE: return minimize(x, out);
    default: ck_abort_msg("no act %d", act);
    }
}
