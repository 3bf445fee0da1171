/* SPDX-License-Identifier: BSD-3-Clause */
/* Saving: docs/checkpoint-format.md. Ids of points, the clock and the monitor are of this process and are not saved. */
#include "solver/checkpoint.h"
#include <errno.h>
#include <math.h>
#include <string.h>

/* Steps and samples stay below these, so that sums of them cannot overflow, whatever a file says. */
#define MOST_STEPS (INT64_C(1) << 61)
#define MOST_SAMPLES (INT64_C(1) << 62)

#define WIDE(name, member, low, high) {name, offsetof(struct saddle_solver, member), sizeof(int64_t), low, high, 0}
#define NARROW(name, member, low, high) {name, offsetof(struct saddle_solver, member), sizeof(int), low, high, 0}
#define REAL(name, member, rule) {name, offsetof(struct saddle_solver, member), sizeof(double), 0, 0, rule}

static const struct saddle_i_field integers[] = {
    WIDE("step", t, 0, MOST_STEPS), /* first: others are bounded by it */
    WIDE("used", run.used, 0, MOST_SAMPLES),
    WIDE("perturbations", run.perturbations, 0, SADDLE_I_STEPS),
    NARROW("escaping", run.escaping, 0, 1),
    NARROW("method_stop", run.method_stop, 0, 1),
    NARROW("monitor_stop", monitor_stop, 0, 1),
    NARROW("put_off", put_off, 0, 1),
    WIDE("looked", looked, -1, SADDLE_I_STEPS),
    WIDE("told", told, 0, SADDLE_I_STEPS),
    WIDE("tolerance_stop", tolerance_stop, SADDLE_STOP_NONE, SADDLE_STOP_DIVERGED),
    WIDE("stop", stop, SADDLE_STOP_NONE, SADDLE_STOP_DIVERGED),
    WIDE("kind", kind, SADDLE_KIND_UNKNOWN, SADDLE_KIND_SECOND_ORDER),
    NARROW("has_kept", has_kept, 0, 1),
    NARROW("swapped", swapped, 0, 1),
    WIDE("seen_step", seen.step, 0, SADDLE_I_STEPS),
    WIDE("checks", check.count, 0, MOST_STEPS),
    WIDE("check_kind", check.kind, SADDLE_KIND_UNKNOWN, SADDLE_KIND_SECOND_ORDER),
    NARROW("checked_here", saved.checked_here, 0, 1),
    NARROW("gradient_here", saved.gradient_here, 0, 1),
    NARROW("gradient_with_value", run.ready_with_value, 0, 1),
    NARROW("value_here", saved.value_here, 0, 1),
    NARROW("own_schedule", saved.own_schedule, 0, 1),
    WIDE("callback_code", callback_code, INT32_MIN, INT32_MAX),
    WIDE("value_samples", run.counts.value, 0, MOST_SAMPLES),
    WIDE("gradient_samples", run.counts.gradient, 0, MOST_SAMPLES),
    WIDE("hessvec_samples", run.counts.hessvec, 0, MOST_SAMPLES),
    WIDE("slopes_samples", run.counts.slopes, 0, MOST_SAMPLES),
};

static const struct saddle_i_field numbers[] = {
    REAL("schedule_time", saved.schedule_time, SADDLE_I_NOT_NEGATIVE),
    REAL("seconds", saved.seconds, SADDLE_I_NOT_NEGATIVE),
    REAL("step_size", run.set.step_size, SADDLE_I_NOT_NEGATIVE),
    REAL("smoothness", run.smoothness, SADDLE_I_NOT_NEGATIVE),
    REAL("gradient_value", run.ready_value, SADDLE_I_FINITE_OR_NAN),
    REAL("known_value", run.known_value, SADDLE_I_FINITE),
    REAL("kept_value", kept_value, SADDLE_I_FINITE),
    REAL("value", value, SADDLE_I_ANY),
    REAL("gradient_norm", gradient_norm, SADDLE_I_ANY),
    REAL("lambda_min", lambda_min, SADDLE_I_ANY),
    REAL("lambda_lower", lambda_lower, SADDLE_I_ANY),
    REAL("seen_value", seen.value, SADDLE_I_ANY),
    REAL("seen_gradient_norm", seen.gradient_norm, SADDLE_I_ANY),
    REAL("seen_step_norm", seen.step_norm, SADDLE_I_ANY),
    REAL("check_gradient_norm", check.gradient_norm, SADDLE_I_ANY),
    REAL("check_lambda_min", check.lambda_min, SADDLE_I_ANY),
    REAL("check_lambda_lower", check.lambda_lower, SADDLE_I_ANY),
};
enum { INTEGERS = sizeof integers / sizeof integers[0], NUMBERS = sizeof numbers / sizeof numbers[0] };

/* "method." and a name of a method's table. */
static void name_of_method(char *out, const char *name)
{
    saddle_i_write(out, SADDLE_I_NAME + 1, "method.%s", name);
}

static int own_field(const char *const *names, int k, size_t offset, struct saddle_i_field *out)
{
    if (k >= SADDLE_I_MAX_COUNTERS || names[k] == NULL) {
        return 0;
    }
    memset(out, 0, sizeof *out);
    name_of_method(out->name, names[k]);
    out->offset = offset + (size_t)k * 8;
    out->size = 8;
    return 1;
}

/* A method's counters are numbers of steps: at most those taken; before the first, not further back than ESCAPE_STEPS reaches. */
int saddle_i_integer_field(const struct saddle_i_method *m, int k, struct saddle_i_field *out)
{
    if (k < INTEGERS) {
        *out = integers[k];
        return 1;
    }
    const int found = own_field(m->counters, k - INTEGERS, offsetof(struct saddle_solver, run.counter), out);
    out->low = -MOST_SAMPLES - 1;
    out->high = SADDLE_I_STEPS;
    return found;
}

int saddle_i_number_field(const struct saddle_i_method *m, int k, struct saddle_i_field *out)
{
    if (k < NUMBERS) {
        *out = numbers[k];
        return 1;
    }
    const int found = own_field(m->numbers, k - NUMBERS, offsetof(struct saddle_solver, run.number), out);
    out->rule = SADDLE_I_FINITE;
    return found;
}

int64_t saddle_i_integer_of(const struct saddle_solver *s, const struct saddle_i_field *f)
{
    const char *from = (const char *)s + f->offset;
    if (f->size == sizeof(int64_t)) {
        int64_t wide;
        memcpy(&wide, from, sizeof wide);
        return wide;
    }
    int narrow;
    memcpy(&narrow, from, sizeof narrow);
    return narrow;
}

void saddle_i_set_integer(struct saddle_solver *s, const struct saddle_i_field *f, int64_t value)
{
    char *to = (char *)s + f->offset;
    if (f->size == sizeof(int64_t)) {
        memcpy(to, &value, sizeof value);
    } else {
        const int narrow = (int)value;
        memcpy(to, &narrow, sizeof narrow);
    }
}

int64_t saddle_i_integer_most(const struct saddle_solver *s, const struct saddle_i_field *f)
{
    return f->high == SADDLE_I_STEPS ? s->t : f->high;
}

int saddle_i_number_fits(const struct saddle_i_field *f, double x)
{
    switch (f->rule) {
    case SADDLE_I_FINITE: return isfinite(x);
    case SADDLE_I_FINITE_OR_NAN: return !isinf(x);
    case SADDLE_I_NOT_NEGATIVE: return x >= 0.0 && isfinite(x);
    default: return 1;
    }
}

static void add_vector(struct saddle_i_saved *out, int *count, const char *name, double *content)
{
    saddle_i_write(out[*count].name, sizeof out[*count].name, "%s", name);
    out[*count].content = content;
    ++*count;
}

int saddle_i_saved_vectors(const struct saddle_solver *s, struct saddle_i_saved *out)
{
    int count = 0;
    add_vector(out, &count, "w", s->run.w);
    if (s->method->needs & SADDLE_I_NEEDS_BEFORE) {
        add_vector(out, &count, "before", s->run.before);
    }
    if (s->has_kept) {
        add_vector(out, &count, "kept", s->kept);
    }
    for (int i = 0; i < SADDLE_I_MAX_VECTORS && s->method->vectors[i] != NULL; i++) {
        char name[SADDLE_I_NAME + 1];
        name_of_method(name, s->method->vectors[i]);
        add_vector(out, &count, name, s->run.vector[i]);
    }
    return count;
}

/* What stands for the numbers of this process. */
static void note_process(struct saddle_solver *s)
{
    const struct saddle_i_run *r = &s->run;
    s->saved.gradient_here = r->ready_point == r->point;
    s->saved.value_here = r->known_point == r->point;
    s->saved.checked_here = s->check.point == r->point;
    s->saved.own_schedule = s->own_schedule != NULL;
    s->saved.schedule_time = s->schedule_time;
    s->saved.seconds = s->working ? s->clock : s->seconds;
}

static saddle_status put64(struct saddle_i_writer *w, uint64_t x)
{
    unsigned char bytes[8];
    saddle_i_store64(bytes, x);
    return saddle_i_writer_put(w, bytes, sizeof bytes);
}

static saddle_status put_name(struct saddle_i_writer *w, const char *name)
{
    char bytes[SADDLE_I_NAME] = {0};
    memcpy(bytes, name, strlen(name));
    return saddle_i_writer_put(w, bytes, sizeof bytes);
}

static saddle_status put_problem(struct saddle_i_writer *w, const struct saddle_solver *s)
{
    const struct saddle_i_oracle *o = &s->objective->oracle;
    TRY(saddle_i_writer_section(w, "problem", SADDLE_I_REQUIRED, SADDLE_I_PROBLEM));
    TRY(put_name(w, s->method->name));
    TRY(put64(w, (uint64_t)o->dim));
    TRY(put64(w, (uint64_t)o->samples));
    TRY(put64(w, (uint64_t)o->grain));
    return saddle_i_writer_close(w);
}

static saddle_status put_options(struct saddle_i_writer *w, const struct saddle_solver *s)
{
    const int count = saddle_i_options_count();
    TRY(saddle_i_writer_section(w, "options", SADDLE_I_REQUIRED, (int64_t)count * SADDLE_I_OPTION));
    for (int i = 0; i < count; i++) {
        saddle_option_info e = {.struct_size = (int64_t)sizeof e};
        unsigned char bytes[SADDLE_I_OPTION];
        TRY(saddle_option_describe(i, &e));
        const int real = e.type == SADDLE_TYPE_REAL;
        const int64_t integer = real ? 0 : saddle_i_options_int(&s->options, e.id);
        const double number = real ? saddle_i_options_real(&s->options, e.id) : (double)integer;
        saddle_i_store32(bytes, (uint32_t)e.id);
        saddle_i_store32(bytes + 4, number == e.initial ? 0 : SADDLE_I_NOT_DEFAULT);
        if (real) {
            saddle_i_store_real(bytes + 8, number);
        } else {
            saddle_i_store64(bytes + 8, (uint64_t)integer);
        }
        TRY(saddle_i_writer_put(w, bytes, sizeof bytes));
    }
    return saddle_i_writer_close(w);
}

/* Of all fields of one kind. */
static int64_t entry_bytes(const struct saddle_i_method *m, int (*field)(const struct saddle_i_method *m, int k, struct saddle_i_field *out))
{
    struct saddle_i_field f;
    int count = 0;
    while (field(m, count, &f)) {
        count++;
    }
    return (int64_t)count * SADDLE_I_ENTRY;
}

static saddle_status put_integers(struct saddle_i_writer *w, const struct saddle_solver *s)
{
    struct saddle_i_field f;
    TRY(saddle_i_writer_section(w, "integers", SADDLE_I_REQUIRED, entry_bytes(s->method, saddle_i_integer_field)));
    for (int k = 0; saddle_i_integer_field(s->method, k, &f); k++) {
        TRY(put_name(w, f.name));
        TRY(put64(w, (uint64_t)saddle_i_integer_of(s, &f)));
    }
    return saddle_i_writer_close(w);
}

static saddle_status put_numbers(struct saddle_i_writer *w, const struct saddle_solver *s)
{
    struct saddle_i_field f;
    TRY(saddle_i_writer_section(w, "numbers", SADDLE_I_REQUIRED, entry_bytes(s->method, saddle_i_number_field)));
    for (int k = 0; saddle_i_number_field(s->method, k, &f); k++) {
        double x;
        memcpy(&x, (const char *)s + f.offset, sizeof x);
        TRY(put_name(w, f.name));
        TRY(saddle_i_writer_reals(w, 1, &x));
    }
    return saddle_i_writer_close(w);
}

static int64_t content_bytes(const struct saddle_solver *s, int vectors)
{
    return SADDLE_I_FILE_HEADER + saddle_i_section_bytes(SADDLE_I_PROBLEM) +
           saddle_i_section_bytes((int64_t)saddle_i_options_count() * SADDLE_I_OPTION) +
           saddle_i_section_bytes(entry_bytes(s->method, saddle_i_integer_field)) +
           saddle_i_section_bytes(entry_bytes(s->method, saddle_i_number_field)) + vectors * saddle_i_section_bytes(s->run.n * 8);
}

/* A file that loading would refuse must not take the place of one that it would not. */
static saddle_status check_fields(const struct saddle_solver *s)
{
    struct saddle_i_field f;
    for (int k = 0; saddle_i_integer_field(s->method, k, &f); k++) {
        const int64_t value = saddle_i_integer_of(s, &f), most = saddle_i_integer_most(s, &f);
        if (value < f.low || value > most) {
            return saddle_i_fail(SADDLE_E_OVERFLOW, "saddle_solver_save: %s is %lld, and a checkpoint can hold %lld .. %lld", f.name,
                                 (long long)value, (long long)f.low, (long long)most);
        }
    }
    for (int k = 0; saddle_i_number_field(s->method, k, &f); k++) {
        double x;
        memcpy(&x, (const char *)s + f.offset, sizeof x);
        if (!saddle_i_number_fits(&f, x)) {
            return saddle_i_fail(SADDLE_E_NOT_FINITE, "saddle_solver_save: %s is %g, which no run can go on from", f.name, x);
        }
    }
    return SADDLE_OK;
}

static saddle_status save(struct saddle_solver *s, const char *path)
{
    enum { PLAIN_SECTIONS = 4 };
    struct saddle_i_saved vector[SADDLE_I_MOST_SAVED];
    struct saddle_i_writer w;
    const int count = saddle_i_saved_vectors(s, vector);
    note_process(s);
    TRY(check_fields(s));
    TRY(saddle_i_writer_begin(&w, s->context, path, (uint32_t)(PLAIN_SECTIONS + count), content_bytes(s, count)));
    TRY(put_problem(&w, s));
    TRY(put_options(&w, s));
    TRY(put_integers(&w, s));
    TRY(put_numbers(&w, s));
    for (int i = 0; i < count; i++) {
        TRY(saddle_i_writer_section(&w, vector[i].name, SADDLE_I_REQUIRED, s->run.n * 8));
        TRY(saddle_i_writer_reals(&w, s->run.n, vector[i].content));
        TRY(saddle_i_writer_close(&w));
    }
    return saddle_i_writer_end(&w);
}

static saddle_status check_may_save(const saddle_solver *s, const char *path)
{
    if (s == NULL || path == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_solver_save: the %s is NULL", s == NULL ? "solver" : "path");
    }
    if (s->working && !s->telling) {
        return saddle_i_fail(SADDLE_E_STATE, "saddle_solver_save: the solver is inside a step: save between calls, or from the monitor");
    }
    if (!saddle_i_engine_w_is_ours(s)) {
        return saddle_i_fail(SADDLE_E_STATE, "saddle_solver_save: w was changed since the last call; put it back, or make another solver");
    }
    return SADDLE_OK;
}

saddle_status saddle_solver_save(saddle_solver *s, const char *path)
{
    TRY(check_may_save(s, path));
    const int kept = errno;
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status status = save(s, path);
    saddle_i_fenv_leave(&env);
    errno = kept;
    return status;
}
