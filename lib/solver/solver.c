/* SPDX-License-Identifier: BSD-3-Clause */
/* The public solver: what is asked is checked here, the loop is the engine's. */
#include "solver/engine.h"
#include <math.h>
#include <string.h>

/* A result ended before lambda_lower once. */
static const size_t first_result = offsetof(saddle_result, lambda_lower);

const char *saddle_method_name(saddle_method m)
{
    const struct saddle_i_method *method = saddle_i_method_by_id(m);
    return method == NULL ? NULL : method->name;
}

saddle_method saddle_method_find(const char *name)
{
    const struct saddle_i_method *method = saddle_i_method_by_name(name);
    return method == NULL ? (saddle_method)0 : method->id;
}

static saddle_status check_arguments(const saddle_objective *f, int64_t m, const double *w, const void *out)
{
    const char *missing = f == NULL ? "the objective" : w == NULL ? "w" : out == NULL ? "out" : NULL;
    if (missing != NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_solver_create: %s is NULL", missing);
    }
    if (saddle_i_method_by_id(m) == NULL) {
        return saddle_i_fail(SADDLE_E_UNSUPPORTED, "this version has no method number %lld%s", (long long)m,
                             m == 0 ? ", which saddle_method_find() gives for a name that it does not know" : "");
    }
    const int64_t entry = saddle_i_first_not_finite(f->oracle.dim, w);
    if (entry >= 0) {
        return saddle_i_fail(SADDLE_E_NOT_FINITE, "saddle_solver_create: entry %lld of w is %g", (long long)entry, w[entry]);
    }
    return SADDLE_OK;
}

static int is_set(const struct saddle_options *o, int64_t id)
{
    return id == SADDLE_OPT_ESCAPE_STEPS ? saddle_i_options_int(o, id) > 0 : saddle_i_options_real(o, id) > 0.0;
}

static void add_name(char *list, size_t bytes, int64_t id)
{
    const size_t used = strlen(list);
    saddle_i_write(list + used, bytes - used, "%s%s", used == 0 ? "" : ", ", saddle_i_option_name(id));
}

/* All options that are not set are told at once. */
static saddle_status check_required(const struct saddle_i_method *method, const struct saddle_options *o)
{
    char missing[200] = "";
    for (const int64_t *id = method->required; *id != 0; id++) {
        if (!is_set(o, *id)) {
            add_name(missing, sizeof missing, *id);
        }
    }
    if (method->id == SADDLE_METHOD_SGD && is_set(o, SADDLE_OPT_ESCAPE_STEPS) && !is_set(o, SADDLE_OPT_ESCAPE_STEP)) {
        add_name(missing, sizeof missing, SADDLE_OPT_ESCAPE_STEP);
    }
    const int check = saddle_i_options_int(o, SADDLE_OPT_CHECK_EVERY) > 0;
    for (int i = 0; check && i < 2; i++) {
        const int64_t id = i == 0 ? SADDLE_OPT_EPS_GRADIENT : SADDLE_OPT_EPS_HESSIAN;
        if (!is_set(o, id)) {
            add_name(missing, sizeof missing, id);
        }
    }
    if (missing[0] != '\0') {
        return saddle_i_fail(SADDLE_E_RANGE, "%s%s needs these options, which are 0, set to numbers above 0: %s", method->name,
                             check ? " with check_every" : "", missing);
    }
    if (saddle_i_options_int(o, SADDLE_OPT_SCHEDULE) != SADDLE_SCHEDULE_CONSTANT &&
        !(saddle_i_options_real(o, SADDLE_OPT_SCHEDULE_TIME) > 0.0) && saddle_i_options_int(o, SADDLE_OPT_MAX_STEPS) == 0) {
        return saddle_i_fail(SADDLE_E_RANGE, "a schedule needs a time scale: schedule_time and max_steps are both 0");
    }
    return SADDLE_OK;
}

static int64_t batch_of(const struct saddle_i_method *method, const struct saddle_options *o, int64_t samples)
{
    const int64_t asked = saddle_i_options_int(o, SADDLE_OPT_BATCH_SIZE);
    if (!(method->needs & SADDLE_I_MINI_BATCH) || (asked == 0 && (method->needs & SADDLE_I_OWN_BATCH_ALL))) {
        return 0;
    }
    const int64_t b = asked == 0 ? 1 : asked;
    const int once = saddle_i_options_int(o, SADDLE_OPT_SAMPLING) != SADDLE_SAMPLING_REPLACEMENT;
    return once && samples != SADDLE_STREAM && b > samples ? samples : b;
}

/* What the objective must offer for STEP_SIZE 0. */
static saddle_status check_can_choose(const struct saddle_i_oracle *f, int guarded)
{
    if (f->project != NULL) {
        return saddle_i_fail(SADDLE_E_RANGE, "step_size 0 does not know about projections: set it to a number above 0");
    }
    return guarded ? saddle_i_oracle_needs_value(f, "step_size 0, which watches f,") : SADDLE_OK;
}

/* What the objective must offer for this method with these options. */
static saddle_status check_objective(const struct saddle_i_oracle *f, const struct saddle_i_method *method,
                                     const struct saddle_options *o)
{
    const int target = saddle_i_options_real(o, SADDLE_OPT_TARGET_VALUE) > -SADDLE_I_INF;
    const int best = saddle_i_options_int(o, SADDLE_OPT_OUTPUT) == SADDLE_OUTPUT_BEST;
    const int eps = saddle_i_options_real(o, SADDLE_OPT_EPS_GRADIENT) > 0.0;
    const int epochs = saddle_i_options_real(o, SADDLE_OPT_MAX_EPOCHS) > 0.0;
    const int check = saddle_i_options_int(o, SADDLE_OPT_CHECK_EVERY) > 0;
    TRY(saddle_i_oracle_needs_gradient(f, method->name));
    if ((method->needs & SADDLE_I_NEEDS_VALUE) || target || best) {
        TRY(saddle_i_oracle_needs_value(f, method->needs & SADDLE_I_NEEDS_VALUE ? method->name
                                           : target                            ? "target_value"
                                                                               : "output best"));
    }
    if (batch_of(method, o, f->samples) == 0) {
        TRY(saddle_i_oracle_needs_all(f, method->name));
    }
    if (target || best || check || eps || epochs) {
        TRY(saddle_i_oracle_needs_all(f, target  ? "target_value"
                                         : best  ? "output best"
                                         : check ? "check_every"
                                         : eps   ? "eps_gradient"
                                                 : "max_epochs"));
    }
    if (!is_set(o, SADDLE_OPT_STEP_SIZE)) {
        TRY(check_can_choose(f, batch_of(method, o, f->samples) == 0));
    }
    if (f->samples == SADDLE_STREAM && saddle_i_options_int(o, SADDLE_OPT_SAMPLING) == SADDLE_SAMPLING_SHUFFLE) {
        return saddle_i_oracle_needs_all(f, "sampling shuffle");
    }
    return SADDLE_OK;
}

static void resolve_settings(struct saddle_solver *s)
{
    const struct saddle_options *o = &s->options;
    struct saddle_i_settings *v = &s->run.set;
    v->seed = (uint64_t)saddle_i_options_int(o, SADDLE_OPT_SEED);
    v->batch_size = saddle_i_options_int(o, SADDLE_OPT_BATCH_SIZE);
    v->sampling = saddle_i_options_int(o, SADDLE_OPT_SAMPLING);
    v->escape_steps = saddle_i_options_int(o, SADDLE_OPT_ESCAPE_STEPS);
    v->noise_kind = saddle_i_options_int(o, SADDLE_OPT_NOISE_KIND);
    v->noise_every = saddle_i_options_int(o, SADDLE_OPT_NOISE_EVERY);
    v->step_size = saddle_i_options_real(o, SADDLE_OPT_STEP_SIZE);
    v->escape_step = saddle_i_options_real(o, SADDLE_OPT_ESCAPE_STEP);
    v->radius = saddle_i_options_real(o, SADDLE_OPT_RADIUS);
    v->gradient_threshold = saddle_i_options_real(o, SADDLE_OPT_GRADIENT_THRESHOLD);
    v->decrease_threshold = saddle_i_options_real(o, SADDLE_OPT_DECREASE_THRESHOLD);
    v->noise = saddle_i_options_real(o, SADDLE_OPT_NOISE);
    v->inverse_temperature = saddle_i_options_real(o, SADDLE_OPT_INVERSE_TEMPERATURE);
    s->run.eta = v->step_size;
    s->run.eta_ratio = 1.0;
    s->run.chosen = v->step_size == 0.0;
    saddle_i_curvature_settings(o, &s->check.set);
    s->check.set.pairs = 1;
    s->check.set.which = SADDLE_WHICH_SMALLEST;
    s->check.eps_gradient = saddle_i_options_real(o, SADDLE_OPT_EPS_GRADIENT);
    s->check.point = -1;
}

static double or_infinity(double limit)
{
    return limit > 0.0 ? limit : SADDLE_I_INF;
}

static void resolve_limits(struct saddle_solver *s)
{
    const struct saddle_options *o = &s->options;
    struct saddle_i_limits *l = &s->limit;
    const int64_t n = s->objective->oracle.samples, b = s->run.batches.size;
    const int64_t steps = saddle_i_options_int(o, SADDLE_OPT_MAX_STEPS);
    l->steps = steps == 0 ? INT64_MAX : steps;
    l->samples = or_infinity(saddle_i_options_real(o, SADDLE_OPT_MAX_EPOCHS) * (double)n);
    l->seconds = or_infinity(saddle_i_options_real(o, SADDLE_OPT_MAX_SECONDS));
    l->target_value = saddle_i_options_real(o, SADDLE_OPT_TARGET_VALUE);
    l->divergence = or_infinity(saddle_i_options_real(o, SADDLE_OPT_DIVERGENCE));
    const int escapes = (s->method->needs & SADDLE_I_ESCAPE_RULE) ||
                        (s->method->id == SADDLE_METHOD_SGD && s->run.set.escape_steps > 0);
    l->check_every = saddle_i_options_int(o, SADDLE_OPT_CHECK_EVERY);
    l->eps_gradient = escapes || l->check_every > 0 ? 0.0 : saddle_i_options_real(o, SADDLE_OPT_EPS_GRADIENT);
    l->monitor_every = saddle_i_options_int(o, SADDLE_OPT_MONITOR_EVERY);
    l->test_every = b == 0 || n < b ? 1 : (n - 1) / b + 1;
    const int64_t escape_batch = s->run.set.batch_size > n ? s->run.set.batch_size : n;
    l->samples_a_step = b > 0 ? b : n > INT64_MAX - escape_batch ? INT64_MAX : n + escape_batch;
    s->output = saddle_i_options_int(o, SADDLE_OPT_OUTPUT);
    s->schedule = saddle_i_options_int(o, SADDLE_OPT_SCHEDULE);
    const double time = saddle_i_options_real(o, SADDLE_OPT_SCHEDULE_TIME);
    s->schedule_time = time > 0.0 ? time : (double)l->steps;
}

/* What a checkpoint holds is defined from the start. */
static saddle_status allocate_zeros(struct saddle_solver *s, double **out)
{
    TRY(saddle_i_alloc_vector(s->context, s->run.n, out));
    memset(*out, 0, (size_t)s->run.n * sizeof(double));
    return SADDLE_OK;
}

static saddle_status allocate(struct saddle_solver *s)
{
    struct saddle_i_run *r = &s->run;
    TRY(saddle_i_alloc_vector(s->context, r->n, &r->g));
    for (int i = 0; i < SADDLE_I_MAX_VECTORS && s->method->vectors[i] != NULL; i++) {
        TRY(allocate_zeros(s, &r->vector[i]));
    }
    if (s->method->needs & SADDLE_I_NEEDS_BEFORE) {
        TRY(allocate_zeros(s, &r->before));
    } else if (r->oracle->project != NULL || r->guarded) {
        TRY(saddle_i_alloc_vector(s->context, r->n, &r->before));
    }
    if (s->output != SADDLE_OUTPUT_LAST) {
        TRY(saddle_i_alloc_vector(s->context, r->n, &s->kept));
    }
    const int64_t escape_draw = s->method->id == SADDLE_METHOD_SGD_GD ? (r->set.batch_size == 0 ? 1 : r->set.batch_size) : 0;
    const int64_t room = r->batches.size > 0 ? saddle_i_batches_room(r->batches.size) : escape_draw;
    if (room > 0) {
        void *p = NULL;
        TRY(saddle_i_alloc(s->context, room, sizeof(int64_t), &p));
        r->batches.page = p;
    }
    return SADDLE_OK;
}

static void start(struct saddle_solver *s, double *w)
{
    struct saddle_i_run *r = &s->run;
    r->w = w;
    r->oracle = &s->objective->oracle;
    r->n = r->oracle->dim;
    r->point = saddle_i_oracle_new_point(r->oracle);
    r->ready_point = r->known_point = -1;
    r->reach = saddle_i_max_abs(r->n, w);
    r->value = r->gradient_norm = r->step_norm = SADDLE_I_NAN;
    r->batches.seed = r->set.seed;
    r->batches.samples = r->oracle->samples;
    r->batches.sampling = r->set.sampling;
    r->batches.size = batch_of(s->method, &s->options, r->oracle->samples);
    r->one_grain = r->oracle->gradient != NULL && r->set.sampling == SADDLE_SAMPLING_REPLACEMENT &&
                   r->batches.size <= r->oracle->grain;
    r->guarded = r->chosen && r->batches.size == 0;
    s->looked = -1;
    s->clock_gap = 1;
    s->value = s->gradient_norm = s->lambda_min = s->lambda_lower = SADDLE_I_NAN;
    s->seen.value = s->seen.gradient_norm = s->seen.step_norm = SADDLE_I_NAN;
    s->fingerprint = saddle_i_fingerprint(r->n, w);
    if (s->method->init != NULL) {
        s->method->init(r);
    }
}

saddle_status saddle_solver_create(saddle_objective *f, saddle_method m, const saddle_options *o, double *w,
                                   saddle_solver **out)
{
    TRY(check_arguments(f, m, w, out));
    const struct saddle_i_method *method = saddle_i_method_by_id(m);
    struct saddle_options options;
    saddle_i_options_copy(&options, o);
    TRY(check_required(method, &options));
    TRY(check_objective(&f->oracle, method, &options));
    void *p = NULL;
    TRY(saddle_i_alloc(f->oracle.context, 1, sizeof(struct saddle_solver), &p));
    saddle_solver *s = p;
    memset(s, 0, sizeof *s);
    s->context = saddle_i_context_hold(f->oracle.context);
    saddle_i_objective_hold(f);
    s->objective = f;
    s->method = method;
    s->options = options;
    resolve_settings(s);
    start(s, w);
    struct saddle_i_fenv env; /* the run is a function of its options in every rounding mode */
    saddle_i_fenv_enter(&env);
    resolve_limits(s);
    saddle_i_fenv_leave(&env);
    const saddle_status status = allocate(s);
    if (status != SADDLE_OK) {
        f->solvers--; /* none was made: the setters stay open */
        saddle_solver_destroy(s);
        return status;
    }
    *out = s;
    return SADDLE_OK;
}

void saddle_solver_destroy(saddle_solver *s)
{
    if (s == NULL) {
        return;
    }
    saddle_context *context = s->context;
    for (int i = 0; i < SADDLE_I_MAX_VECTORS; i++) {
        saddle_i_free(context, s->run.vector[i]);
    }
    saddle_i_free(context, s->run.g);
    saddle_i_free(context, s->run.before);
    saddle_i_free(context, s->kept);
    saddle_i_free(context, s->run.batches.page);
    saddle_objective_destroy(s->objective);
    saddle_i_free(context, s);
    saddle_i_context_release(context);
}

saddle_status saddle_solver_set_monitor(saddle_solver *s, saddle_monitor_fn fn, void *user)
{
    if (s == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_solver_set_monitor: the solver is NULL");
    }
    s->monitor = fn;
    s->monitor_user = user;
    return SADDLE_OK;
}

saddle_status saddle_solver_set_schedule(saddle_solver *s, saddle_schedule_fn fn, void *user)
{
    if (s == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_solver_set_schedule: the solver is NULL");
    }
    s->own_schedule = fn;
    s->own_schedule_user = user;
    if (fn == NULL && s->schedule == SADDLE_SCHEDULE_CONSTANT) {
        s->run.eta = s->run.set.step_size;
        s->run.eta_ratio = 1.0;
    }
    return SADDLE_OK;
}

/* A limit of work holds as long as it is reached: a run that was loaded may have another. */
static int stopped_for_good(const saddle_solver *s)
{
    switch (s->stop) {
    case SADDLE_STOP_NONE:
    case SADDLE_STOP_MONITOR:
    case SADDLE_STOP_REQUEST: return 0;
    case SADDLE_STOP_STEPS: return s->t >= s->limit.steps;
    case SADDLE_STOP_EPOCHS: return (double)s->run.used >= s->limit.samples;
    case SADDLE_STOP_SECONDS: return s->seconds >= s->limit.seconds;
    default: return 1;
    }
}

static saddle_status check_may_go_on(const saddle_solver *s, const char *who)
{
    if (s == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: the solver is NULL", who);
    }
    if (s->working) {
        return saddle_i_fail(SADDLE_E_STATE, "%s: the solver is at work, this was called from one of its callbacks", who);
    }
    if (stopped_for_good(s)) {
        return saddle_i_fail(SADDLE_E_STATE, "%s: the run has stopped for good (%s after %lld steps): make another solver", who,
                             saddle_stop_name(s->stop), (long long)s->t);
    }
    if (!saddle_i_engine_w_is_ours(s)) {
        return saddle_i_fail(SADDLE_E_STATE, "%s: w was changed since the last call; put it back, or make another solver", who);
    }
    return SADDLE_OK;
}

static saddle_status go_on(saddle_solver *s, int64_t last, const char *who)
{
    TRY(check_may_go_on(s, who));
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    s->working = s->called = 1;
    s->w_changed = 0;
    s->run.oracle->callback_code = 0;
    s->started = saddle_i_clock();
    const saddle_status status = saddle_i_oracle_tell(s->run.oracle, saddle_i_engine_run(s, last));
    s->seconds += saddle_i_clock() - s->started;
    s->clock = s->seconds;
    s->clock_step = s->t;
    if (s->run.oracle->callback_code != 0) {
        s->callback_code = s->run.oracle->callback_code;
    }
    if (!s->w_changed) {
        s->fingerprint = saddle_i_fingerprint(s->run.n, s->run.w);
    }
    s->working = 0;
    saddle_i_fenv_leave(&env);
    return status;
}

saddle_status saddle_solver_step(saddle_solver *s, int64_t steps)
{
    if (steps < 0) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_solver_step: steps is %lld, below 0", (long long)steps);
    }
    const int64_t done = s == NULL ? 0 : s->t;
    return go_on(s, steps > INT64_MAX - done ? INT64_MAX : done + steps, "saddle_solver_step");
}

saddle_status saddle_solver_run(saddle_solver *s)
{
    return go_on(s, INT64_MAX, "saddle_solver_run");
}

void saddle_solver_request_stop(saddle_solver *s)
{
    if (s != NULL) {
        __atomic_store_n(&s->request, 1, __ATOMIC_RELAXED);
    }
}

saddle_status saddle_solver_result(saddle_solver *s, saddle_result *out)
{
    if (s == NULL || out == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_solver_result: %s is NULL", s == NULL ? "the solver" : "out");
    }
    const int stopped = s->stop != SADDLE_STOP_NONE;
    const saddle_result r = {
        .struct_size = (int64_t)sizeof r,
        .stop = s->stop,
        .kind = stopped ? s->kind : SADDLE_KIND_UNKNOWN,
        .steps = s->t,
        .perturbations = s->run.perturbations,
        .callback_code = s->callback_code,
        .value_samples = s->run.counts.value,
        .gradient_samples = s->run.counts.gradient,
        .hessvec_samples = s->run.counts.hessvec,
        .slopes_samples = s->run.counts.slopes,
        .value = stopped ? s->value : SADDLE_I_NAN,
        .gradient_norm = stopped ? s->gradient_norm : SADDLE_I_NAN,
        .lambda_min = stopped ? s->lambda_min : SADDLE_I_NAN,
        .seconds = s->working ? s->clock : s->seconds,
        .lambda_lower = stopped ? s->lambda_lower : SADDLE_I_NAN,
        .step_size = saddle_i_engine_step_size(s),
    };
    return saddle_i_copy_out(out, &r, sizeof r, first_result, "saddle_result");
}

saddle_status saddle_minimize(saddle_objective *f, saddle_method m, const saddle_options *o, double *w,
                              saddle_result *out_or_null)
{
    saddle_result probe = {.struct_size = (int64_t)sizeof probe};
    if (out_or_null != NULL) { /* a wrong struct_size is told before the work, not after it */
        saddle_result copy = probe;
        copy.struct_size = out_or_null->struct_size;
        TRY(saddle_i_copy_out(&copy, &probe, sizeof probe, first_result, "saddle_result"));
    }
    saddle_solver *s = NULL;
    TRY(saddle_solver_create(f, m, o, w, &s));
    const saddle_status status = saddle_solver_run(s);
    if (out_or_null != NULL) {
        (void)saddle_solver_result(s, out_or_null);
    }
    saddle_solver_destroy(s);
    return status;
}
