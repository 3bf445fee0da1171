/* SPDX-License-Identifier: BSD-3-Clause */
/* One loop for all methods: quiet steps up to the next step at which something is due, then a look. */
#include "solver/engine.h"
#include <math.h>
#include <string.h>

static const double clock_grain = 1e-3; /* seconds that MAX_SECONDS may be overrun where steps are shorter */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int event_due(const struct saddle_solver *s, int64_t t)
{
    return s->monitor != NULL && s->limit.monitor_every > 0 && t % s->limit.monitor_every == 0;
}

static int check_due(const struct saddle_solver *s)
{
    return s->limit.check_every > 0 && s->t % s->limit.check_every == 0;
}

static int requested(const struct saddle_solver *s)
{
    return __atomic_load_n(&s->request, __ATOMIC_RELAXED);
}

static int tests_wanted(const struct saddle_solver *s)
{
    return s->limit.target_value > -SADDLE_I_INF || s->limit.eps_gradient > 0.0;
}

/* The first step after t at which something is due. */
static int64_t next_due(const struct saddle_solver *s, int64_t last)
{
    const int64_t t = s->t;
    int64_t due = least(last, s->limit.steps);
    if (s->monitor != NULL && s->limit.monitor_every > 0) {
        due = least(due, t - t % s->limit.monitor_every + s->limit.monitor_every);
    }
    if (tests_wanted(s)) {
        due = least(due, t - t % s->limit.test_every + s->limit.test_every);
    }
    if (s->limit.check_every > 0) {
        due = least(due, t - t % s->limit.check_every + s->limit.check_every);
    }
    if (s->output == SADDLE_OUTPUT_BEST || s->limit.divergence < SADDLE_I_INF) {
        due = t + 1;
    }
    if (s->limit.samples < SADDLE_I_INF) {
        const double left = (s->limit.samples - (double)s->run.used) / (double)s->limit.samples_a_step;
        due = least(due, left >= 0x1p40 ? due : t + (left >= 1.0 ? (int64_t)left : 1));
    }
    if (s->limit.seconds < SADDLE_I_INF) {
        due = least(due, s->clock_step + s->clock_gap > t ? s->clock_step + s->clock_gap : t + 1);
    }
    return due > t ? due : t + 1;
}

/* OUTPUT uniform: w_(t-1) replaces what is kept with probability 1/t, which leaves each of w_0 .. w_(T-1) with 1/T. */
static void fill_reservoir(struct saddle_solver *s, int64_t t, const double *before)
{
    const saddle_random_stream stream = {s->run.set.seed, SADDLE_I_PURPOSE_OUTPUT, (uint64_t)t};
    double u;
    saddle_i_random_uniform(&stream, 0, 1, &u);
    if (u * (double)t < 1.0) {
        memcpy(s->kept, before, (size_t)s->run.n * sizeof(double));
        s->has_kept = 1;
    }
}

/* What has to be done before step t. */
static saddle_status prepare_step(struct saddle_solver *s, int64_t t)
{
    if (s->schedule != SADDLE_SCHEDULE_CONSTANT || s->own_schedule != NULL) {
        TRY(saddle_i_engine_schedule(s, t));
    }
    if (s->output == SADDLE_OUTPUT_UNIFORM && s->run.before == NULL) {
        fill_reservoir(s, t, s->run.w);
    }
    return SADDLE_OK;
}

/* And after it, where the method keeps w_(t-1): only now is it known not to be rejected. */
static void conclude_step(struct saddle_solver *s, int64_t t)
{
    if (s->output == SADDLE_OUTPUT_UNIFORM && s->run.before != NULL) {
        fill_reservoir(s, t, s->run.before);
    }
}

/* Steps up to number `due`; the last one with norms when an event is due there. */
static saddle_status quiet_steps(struct saddle_solver *s, int64_t due)
{
    struct saddle_i_run *r = &s->run;
    const int event = event_due(s, due);
    const int prepare = s->schedule != SADDLE_SCHEDULE_CONSTANT || s->own_schedule != NULL || s->output == SADDLE_OUTPUT_UNIFORM;
    saddle_status (*const step)(struct saddle_i_run *) = s->method->step;
    while (s->t < due) {
        r->want_norms = event && s->t + 1 == due;
        if (r->want_norms) {
            r->value = r->gradient_norm = r->step_norm = SADDLE_I_NAN;
        }
        if (requested(s)) {
            return SADDLE_OK;
        }
        r->t = s->t + 1;
        if (prepare) {
            TRY(prepare_step(s, r->t));
        }
        const int64_t used = r->used;
        const saddle_status status = step(r);
        if (status != SADDLE_OK) {
            r->used = used;
            return status;
        }
        if (r->method_stop) {
            return SADDLE_OK;
        }
        if (prepare) {
            conclude_step(s, r->t);
        }
        s->t++;
    }
    if (event) {
        s->seen.step = s->t;
        s->seen.value = r->value;
        s->seen.gradient_norm = r->gradient_norm;
        s->seen.step_norm = r->step_norm;
    }
    return SADDLE_OK;
}

static void read_clock(struct saddle_solver *s)
{
    const double now = s->seconds + (saddle_i_clock() - s->started);
    const int64_t steps = s->t - s->clock_step;
    const double each = steps > 0 ? (now - s->clock) / (double)steps : clock_grain;
    const double fit = each > 0.0 ? clock_grain / each : (double)(2 * s->clock_gap);
    const int64_t most = least(2 * s->clock_gap, 64); /* steps may become slow without notice */
    s->clock_gap = fit < (double)most ? (fit >= 1.0 ? (int64_t)fit : 1) : most;
    s->clock = now;
    s->clock_step = s->t;
}

static void keep_best(struct saddle_solver *s, double value)
{
    if (!s->has_kept || value < s->kept_value) {
        memcpy(s->kept, s->run.w, (size_t)s->run.n * sizeof(double));
        s->kept_value = value;
        s->has_kept = 1;
    }
}

/* Whether an evaluation failed because it cannot be made at this w, and the method has taken the step back that led there. */
static int taken_back(struct saddle_solver *s, saddle_status status)
{
    return status == SADDLE_E_CALLBACK && s->run.oracle->callback_code == 1 && s->method->reject != NULL &&
           s->method->reject(&s->run);
}

/* Whether a look failed because a gradient cannot be had at w +- h v, for a difference: at w it could. */
static int beside_w(const struct saddle_i_oracle *o, saddle_status status)
{
    return status == SADDLE_E_CALLBACK && o->callback_code == 1 && o->hessvec == NULL;
}

/* What kind of point is w, where the gradient is small? Look number c of a run may be wrong with probability delta/(c (c + 1)), over its
 * own random start. The sum over all c is delta: so often, at most, is a certificate of the run wrong, however many there are. */
static saddle_status look_at_curvature(struct saddle_solver *s, double norm)
{
    struct saddle_i_run *r = &s->run;
    if (s->check.point == r->point) {
        return SADDLE_OK;
    }
    struct saddle_i_lanczos_settings v = s->check.set;
    const double c = (double)s->check.count + 1.0;
    v.start = (uint64_t)s->check.count + 1;
    v.delta /= c * (c + 1.0);
    saddle_certificate found;
    const saddle_status status =
        saddle_i_certify(r->oracle, r->w, &v, s->check.eps_gradient, s->t, r->point, &r->counts, norm, NULL, &found);
    if (!beside_w(r->oracle, status)) {
        TRY(status);
    } else { /* w is as good as it was */
        r->oracle->callback_code = 0;
        found.kind = SADDLE_KIND_FIRST_ORDER;
        found.lambda_min = found.lambda_lower = SADDLE_I_NAN;
        found.products = 0;
    }
    s->check.count++;
    s->check.point = r->point;
    s->check.gradient_norm = norm;
    s->check.lambda_min = found.lambda_min;
    s->check.lambda_lower = found.lambda_lower;
    s->check.kind = found.kind;
    saddle_i_report(s->context, 3, "%s: check %lld at step %lld: %s, lambda_min %g after %lld products", s->method->name,
                    (long long)s->check.count, (long long)s->t, saddle_kind_name(found.kind), found.lambda_min,
                    (long long)found.products);
    return SADDLE_OK;
}

/* CHECK_EVERY: a second-order point ends the run, a saddle does not. */
static saddle_status check_point(struct saddle_solver *s, double norm)
{
    if (!(norm <= s->check.eps_gradient)) {
        return SADDLE_OK;
    }
    TRY(look_at_curvature(s, norm));
    if (s->check.kind == SADDLE_KIND_SECOND_ORDER && s->tolerance_stop != SADDLE_STOP_VALUE) {
        s->tolerance_stop = SADDLE_STOP_SECOND_ORDER;
    }
    return SADDLE_OK;
}

/* f and grad f at w_t, as far as a test wants them. A gradient over all samples stays in g for the next step. */
static saddle_status test_point(struct saddle_solver *s)
{
    struct saddle_i_run *r = &s->run;
    const int due = tests_wanted(s) && s->t % s->limit.test_every == 0;
    const int best = s->output == SADDLE_OUTPUT_BEST;
    const int want_value = best || (due && s->limit.target_value > -SADDLE_I_INF);
    s->put_off = check_due(s) && requested(s);
    const int check = check_due(s) && !s->put_off;
    const int want_gradient = check || (due && s->limit.eps_gradient > 0.0);
    const int next_wants_all = r->batches.size == 0;
    double value = SADDLE_I_NAN, norm = SADDLE_I_INF;
    r->want_norms = 0;
    r->t = s->t;
    s->tolerance_stop = SADDLE_STOP_NONE;
    if (want_gradient || (want_value && next_wants_all && r->oracle->value_gradient != NULL)) {
        TRY(saddle_i_run_gradient_all(r, want_value ? &value : NULL));
        if (want_gradient) {
            TRY(saddle_i_run_norm(r, &norm));
        }
    } else if (want_value) {
        TRY(saddle_i_run_value(r, &value));
    }
    if (best) {
        keep_best(s, value);
    }
    if (want_value && value <= s->limit.target_value) {
        s->tolerance_stop = SADDLE_STOP_VALUE;
    } else if (s->limit.eps_gradient > 0.0 && norm <= s->limit.eps_gradient) {
        s->tolerance_stop = SADDLE_STOP_GRADIENT;
    } else if (s->limit.divergence < SADDLE_I_INF &&
               (value > s->limit.divergence || saddle_i_norm(r->oracle->kernels, r->n, r->w) > s->limit.divergence)) {
        s->tolerance_stop = SADDLE_STOP_DIVERGED;
    }
    return check ? check_point(s, norm) : SADDLE_OK;
}

static double fraction(const struct saddle_solver *s)
{
    double f = 0.0;
    f = fmax(f, s->limit.steps == INT64_MAX ? 0.0 : (double)s->t / (double)s->limit.steps);
    f = fmax(f, (double)s->run.used / s->limit.samples);
    f = fmax(f, s->clock / s->limit.seconds);
    return fmin(f, 1.0);
}

int saddle_i_engine_w_is_ours(const struct saddle_solver *s)
{
    return s->telling || s->w_changed ? saddle_i_glimpse(s->run.n, s->run.w) == s->glimpse
                                      : saddle_i_fingerprint(s->run.n, s->run.w) == s->fingerprint;
}

/* A monitor that has written into w has left no iterate to go on from: w must be put back before the run does. */
static saddle_status look_at_w(struct saddle_solver *s)
{
    if (saddle_i_glimpse(s->run.n, s->run.w) == s->glimpse) {
        return SADDLE_OK;
    }
    s->w_changed = 1;
    return saddle_i_fail(SADDLE_E_STATE, "the monitor changed w at step %lld: w is read-only there; put it back, or make another solver",
                         (long long)s->t);
}

static saddle_status tell(struct saddle_solver *s, int final)
{
    const struct saddle_i_run *r = &s->run;
    s->glimpse = saddle_i_glimpse(r->n, r->w); /* what a save in there is held to as well */
    read_clock(s);
    const saddle_event e = {
        .struct_size = (int64_t)sizeof e,
        .step = s->t,
        .perturbations = r->perturbations,
        .escaping = r->escaping,
        .gradient_samples = r->counts.gradient,
        .epoch = r->oracle->samples == SADDLE_STREAM ? SADDLE_I_NAN : (double)r->used / (double)r->oracle->samples,
        .value = final ? s->value : s->seen.value,
        .gradient_norm = final ? s->gradient_norm : s->seen.gradient_norm,
        .step_norm = s->seen.step == s->t ? s->seen.step_norm : SADDLE_I_NAN, /* not that of an earlier event */
        .lambda_min = final ? s->lambda_min : s->check.point == r->point ? s->check.lambda_min : SADDLE_I_NAN,
        .seconds = s->clock,
        .fraction = fraction(s),
        .dim = r->n,
        .w = r->w,
        .stop = final ? s->stop : SADDLE_STOP_NONE,
        .step_size = saddle_i_engine_step_size(s),
    };
    const int64_t kept = r->oracle->callback_code; /* what the monitor evaluates is not of this run */
    s->telling = 1;
    const int code = s->monitor(s->monitor_user, &e);
    s->telling = 0;
    r->oracle->callback_code = kept;
    TRY(look_at_w(s));
    if (code == 1) {
        s->monitor_stop = !final;
    } else if (code != 0) {
        s->callback_code = code;
        return saddle_i_fail(SADDLE_E_CALLBACK, "the monitor returned %d at step %lld", code, (long long)s->t);
    }
    return SADDLE_OK;
}

/* A request outranks the monitor, that the clock, that a tolerance, that the limits of work. */
static int64_t decide(const struct saddle_solver *s)
{
    if (requested(s)) {
        return SADDLE_STOP_REQUEST;
    }
    if (s->monitor_stop) {
        return SADDLE_STOP_MONITOR;
    }
    if (s->clock >= s->limit.seconds) {
        return SADDLE_STOP_SECONDS;
    }
    if (s->run.method_stop) {
        return SADDLE_STOP_METHOD;
    }
    if (s->tolerance_stop != SADDLE_STOP_NONE) {
        return s->tolerance_stop;
    }
    if ((double)s->run.used >= s->limit.samples) {
        return SADDLE_STOP_EPOCHS;
    }
    return s->t >= s->limit.steps ? SADDLE_STOP_STEPS : SADDLE_STOP_NONE;
}

/* Tests of step t; what they evaluate is not used by a step. */
static saddle_status make_tests(struct saddle_solver *s)
{
    const int64_t used = s->run.used;
    saddle_status status = test_point(s);
    if (taken_back(s, status)) {
        status = test_point(s);
    }
    s->run.used = used;
    return status;
}

/* Tests and event of step t, each once, also when a failure came between. */
static saddle_status look(struct saddle_solver *s)
{
    if (s->looked < s->t) {
        TRY(make_tests(s));
        s->looked = s->put_off ? s->looked : s->t; /* one that was made before a request came is not made again */
    }
    if (s->limit.seconds < SADDLE_I_INF && s->t >= s->clock_step + s->clock_gap) {
        read_clock(s);
    }
    if (s->told < s->t) {
        s->told = s->t;
        if (event_due(s, s->t)) {
            TRY(tell(s, 0));
        }
    }
    s->stop = decide(s);
    return SADDLE_OK;
}

double *saddle_i_engine_output(const struct saddle_solver *s)
{
    if (s->stop == SADDLE_STOP_METHOD && s->method->answer > 0) {
        return s->run.vector[s->method->answer - 1];
    }
    return s->has_kept ? s->kept : NULL;
}

/* What a check has seen at w, if one has. */
static void recall_check(struct saddle_solver *s)
{
    if (s->check.point == s->run.point) {
        s->gradient_norm = s->check.gradient_norm;
        s->lambda_min = s->check.lambda_min;
        s->lambda_lower = s->check.lambda_lower;
        s->kind = s->check.kind;
    }
}

/* f, ||grad f|| and the kind of the output over all samples; not after a request or a time limit, which want an end now. */
static saddle_status measure_output(struct saddle_solver *s)
{
    struct saddle_i_run *r = &s->run;
    struct saddle_i_oracle *o = r->oracle;
    s->value = s->gradient_norm = s->lambda_min = s->lambda_lower = SADDLE_I_NAN;
    s->kind = SADDLE_KIND_UNKNOWN;
    if (o->samples == SADDLE_STREAM || s->stop == SADDLE_STOP_REQUEST || s->stop == SADDLE_STOP_SECONDS) {
        s->value = s->output == SADDLE_OUTPUT_BEST && s->has_kept ? s->kept_value : SADDLE_I_NAN;
        recall_check(s);
        return SADDLE_OK;
    }
    double value = SADDLE_I_NAN, norm = SADDLE_I_NAN;
    const int has_value = o->value != NULL || o->value_gradient != NULL;
    r->want_norms = 0;
    r->t = s->t;
    TRY(saddle_i_run_gradient_all(r, has_value ? &value : NULL));
    TRY(saddle_i_run_norm(r, &norm));
    s->value = value;
    s->gradient_norm = norm;
    const double eps = saddle_i_options_real(&s->options, SADDLE_OPT_EPS_GRADIENT);
    if (eps > 0.0) {
        s->kind = norm <= eps ? SADDLE_KIND_FIRST_ORDER : SADDLE_KIND_NOT_STATIONARY;
    }
    if (s->limit.check_every > 0 && norm <= eps) {
        TRY(look_at_curvature(s, norm));
        recall_check(s);
    }
    return SADDLE_OK;
}

static saddle_status finish(struct saddle_solver *s)
{
    double *output = saddle_i_engine_output(s);
    if (output != NULL) {
        saddle_i_run_swap(&s->run, output);
    }
    const int64_t used = s->run.used;
    saddle_status status = measure_output(s);
    if (output == NULL && taken_back(s, status)) {
        status = measure_output(s);
    }
    s->run.used = used;
    if (status != SADDLE_OK) { /* not stopped: the next call tries again */
        if (output != NULL) {
            saddle_i_run_swap(&s->run, output);
        }
        s->stop = SADDLE_STOP_NONE;
        return status;
    }
    s->swapped = output != NULL;
    s->monitor_stop = 0;
    saddle_i_report(s->context, 2, "%s stopped by %s after %lld steps, f %g, ||grad f|| %g", s->method->name,
                    saddle_stop_name(s->stop), (long long)s->t, s->value, s->gradient_norm);
    const saddle_status told = s->monitor == NULL ? SADDLE_OK : tell(s, 1);
    if (s->stop == SADDLE_STOP_REQUEST) { /* answered, with all that came until now; after another stop it is kept */
        __atomic_store_n(&s->request, 0, __ATOMIC_RELAXED);
    }
    return told;
}

saddle_status saddle_i_engine_run(struct saddle_solver *s, int64_t last)
{
    if (s->swapped) { /* going on takes up the current iterate again */
        saddle_i_run_swap(&s->run, saddle_i_engine_output(s));
        s->swapped = 0;
    }
    s->stop = SADDLE_STOP_NONE;
    TRY(look(s));
    while (s->stop == SADDLE_STOP_NONE && s->t < last) {
        if (s->run.chosen && s->run.smoothness == 0.0 && !requested(s)) {
            TRY(saddle_i_engine_choose_step_size(s));
        }
        TRY(quiet_steps(s, next_due(s, last)));
        TRY(look(s));
    }
    return s->stop == SADDLE_STOP_NONE ? SADDLE_OK : finish(s);
}
