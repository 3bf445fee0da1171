/* SPDX-License-Identifier: BSD-3-Clause */
/* Loading: what the file says goes into a copy of the solver, its vectors into those of the solver, which are still empty, and w into the
 * room of g. Only when all of it has been checked does w change. */
#include "solver/checkpoint.h"
#include <errno.h>
#include <string.h>

enum { PROBLEM, OPTIONS, INTEGERS, NUMBERS, PLAIN, SLOTS = PLAIN + SADDLE_I_MOST_SAVED };
static const char *const plain[PLAIN] = {"problem", "options", "integers", "numbers"};

/* The sections that this solver's method has. */
struct table {
    struct saddle_i_section section[SLOTS];
    char unknown[SADDLE_I_NAME + 1]; /* a required one that it has not; "" = none */
    int count;                       /* of those found */
};

static saddle_status mismatch(const struct saddle_i_reader *r, const char *what, const char *file, const char *here)
{
    return saddle_i_fail(SADDLE_E_MISMATCH, "loading: the checkpoint has %s %s, the solver has %s: make the solver as that one was: %s", what,
                         file, here, r->path);
}

static saddle_status mismatch_int(const struct saddle_i_reader *r, const char *what, int64_t file, int64_t here)
{
    char a[32], b[32];
    saddle_i_write(a, sizeof a, "%lld", (long long)file);
    saddle_i_write(b, sizeof b, "%lld", (long long)here);
    return mismatch(r, what, file == SADDLE_STREAM ? "SADDLE_STREAM" : a, here == SADDLE_STREAM ? "SADDLE_STREAM" : b);
}

static saddle_status mismatch_real(const struct saddle_i_reader *r, const char *what, double file, double here)
{
    char a[32], b[32];
    saddle_i_write(a, sizeof a, "%.17g", file);
    saddle_i_write(b, sizeof b, "%.17g", here);
    return mismatch(r, what, a, b);
}

static const struct saddle_i_section *find(const struct table *t, const char *name)
{
    for (int i = 0; i < t->count; i++) {
        if (strcmp(t->section[i].name, name) == 0) {
            return &t->section[i];
        }
    }
    return NULL;
}

/* Whether a solver of this method has such a section at times. */
static int is_known(const struct saddle_solver *s, const char *name)
{
    struct saddle_i_saved vector[SADDLE_I_MOST_SAVED];
    const int count = saddle_i_saved_vectors(s, vector);
    for (int i = 0; i < PLAIN; i++) {
        if (strcmp(name, plain[i]) == 0) {
            return 1;
        }
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(name, vector[i].name) == 0) {
            return 1;
        }
    }
    return strcmp(name, "kept") == 0;
}

/* Every section of the file; the checksums of those that are skipped. */
static saddle_status scan(struct saddle_i_reader *r, const struct saddle_solver *s, struct table *t)
{
    t->count = 0;
    t->unknown[0] = '\0';
    while (r->sections > 0) {
        struct saddle_i_section found;
        TRY(saddle_i_reader_next(r, &found));
        if (is_known(s, found.name)) {
            if (find(t, found.name) != NULL) {
                return saddle_i_reader_refuse(r, "it has two sections %s", found.name);
            }
            t->section[t->count++] = found;
            continue;
        }
        TRY(saddle_i_reader_check(r, &found));
        if ((found.flags & SADDLE_I_REQUIRED) && t->unknown[0] == '\0') {
            memcpy(t->unknown, found.name, sizeof t->unknown);
        }
    }
    return saddle_i_reader_last(r);
}

/* The section of this name, in r->block. */
static saddle_status take(struct saddle_i_reader *r, const struct table *t, const char *name, int64_t *length)
{
    const struct saddle_i_section *found = find(t, name);
    if (found == NULL) {
        return saddle_i_reader_refuse(r, "it has no section %s", name);
    }
    *length = found->length;
    return saddle_i_reader_small(r, found);
}

static saddle_status check_length(const struct saddle_i_reader *r, const char *name, int64_t length, int64_t expected)
{
    return length == expected ? SADDLE_OK
                              : saddle_i_reader_refuse(r, "section %s has %lld bytes instead of %lld", name, (long long)length,
                                                       (long long)expected);
}

static saddle_status check_problem(struct saddle_i_reader *r, const struct saddle_solver *s, const struct table *t)
{
    const struct saddle_i_oracle *o = &s->objective->oracle;
    char name[SADDLE_I_NAME + 1] = "";
    int64_t length;
    TRY(take(r, t, plain[PROBLEM], &length));
    TRY(check_length(r, plain[PROBLEM], length, SADDLE_I_PROBLEM));
    memcpy(name, r->block, SADDLE_I_NAME);
    const struct saddle_i_method *method = saddle_i_method_by_name(name);
    const int64_t dim = (int64_t)saddle_i_load64(r->block + SADDLE_I_NAME);
    const int64_t samples = (int64_t)saddle_i_load64(r->block + SADDLE_I_NAME + 8);
    const int64_t grain = (int64_t)saddle_i_load64(r->block + SADDLE_I_NAME + 16);
    if (method != s->method) {
        return mismatch(r, "the method", method == NULL ? "that this version does not know" : method->name, s->method->name);
    }
    if (dim != o->dim) {
        return mismatch_int(r, "dim", dim, o->dim);
    }
    if (samples != o->samples) {
        return mismatch_int(r, "samples", samples, o->samples);
    }
    return grain == o->grain ? SADDLE_OK : mismatch_int(r, "the grain", grain, o->grain);
}

/* What changes no iterate: limits, tests, what is told; and what no run reads. SCHEDULE_TIME is compared as it was resolved. */
static int may_differ(int64_t id)
{
    static const int64_t free_ids[] = {
        SADDLE_OPT_SCHEDULE_TIME, SADDLE_OPT_MAX_STEPS, SADDLE_OPT_MAX_EPOCHS, SADDLE_OPT_MAX_SECONDS, SADDLE_OPT_TARGET_VALUE,
        SADDLE_OPT_DIVERGENCE, SADDLE_OPT_EPS_GRADIENT, SADDLE_OPT_EPS_HESSIAN, SADDLE_OPT_CHECK_EVERY, SADDLE_OPT_MONITOR_EVERY,
        SADDLE_OPT_EIGENVALUES, SADDLE_OPT_WHICH, SADDLE_OPT_EIGEN_TOL, SADDLE_OPT_BASIS, SADDLE_OPT_CNC_GAMMA, SADDLE_OPT_CNC_SAMPLES,
        SADDLE_OPT_CNC_BOUND};
    for (size_t i = 0; i < sizeof free_ids / sizeof free_ids[0]; i++) {
        if (id == free_ids[i]) {
            return 1;
        }
    }
    return 0;
}

static saddle_status compare_option(const struct saddle_i_reader *r, const struct saddle_solver *s, const saddle_option_info *e,
                                    const unsigned char *value)
{
    if (may_differ(e->id)) {
        return SADDLE_OK;
    }
    if (e->type == SADDLE_TYPE_REAL) {
        const double file = saddle_i_load_real(value), here = saddle_i_options_real(&s->options, e->id);
        return file == here ? SADDLE_OK : mismatch_real(r, e->name, file, here);
    }
    const int64_t file = (int64_t)saddle_i_load64(value), here = saddle_i_options_int(&s->options, e->id);
    return file == here ? SADDLE_OK : mismatch_int(r, e->name, file, here);
}

/* An option that the file does not have, since its library did not know it. */
static saddle_status compare_default(const struct saddle_i_reader *r, const struct saddle_solver *s, const saddle_option_info *e)
{
    unsigned char value[8];
    if (e->type == SADDLE_TYPE_REAL) {
        saddle_i_store_real(value, e->initial);
    } else {
        saddle_i_store64(value, (uint64_t)(int64_t)e->initial);
    }
    return compare_option(r, s, e, value);
}

/* The options of this version from *position on that come before number `id` have their defaults. */
static saddle_status skip_to(const struct saddle_i_reader *r, const struct saddle_solver *s, int64_t id, int *position,
                             saddle_option_info *e)
{
    for (; *position < saddle_i_options_count(); ++*position) {
        e->struct_size = (int64_t)sizeof *e;
        TRY(saddle_option_describe(*position, e));
        if (e->id >= id) {
            break;
        }
        TRY(compare_default(r, s, e));
    }
    return SADDLE_OK;
}

/* Options come by rising number. One that this version does not know may have its default, else the run goes by it. */
static saddle_status check_options(struct saddle_i_reader *r, const struct saddle_solver *s, const struct table *t)
{
    int64_t length;
    saddle_option_info e = {0};
    uint32_t before = 0;
    int position = 0;
    TRY(take(r, t, plain[OPTIONS], &length));
    TRY(check_length(r, plain[OPTIONS], length, length / SADDLE_I_OPTION * SADDLE_I_OPTION));
    const unsigned char *end = r->block + length;
    for (const unsigned char *p = r->block; p < end; p += SADDLE_I_OPTION) {
        const uint32_t id = saddle_i_load32(p), flags = saddle_i_load32(p + 4);
        if (id <= before || flags > SADDLE_I_NOT_DEFAULT) {
            return saddle_i_reader_refuse(r, "option %lu with flags %lu follows option %lu", (unsigned long)id, (unsigned long)flags,
                                          (unsigned long)before);
        }
        before = id;
        TRY(skip_to(r, s, (int64_t)id, &position, &e));
        if (position < saddle_i_options_count() && e.id == (int64_t)id) {
            TRY(compare_option(r, s, &e, p + 8));
            position++;
        } else if (flags == SADDLE_I_NOT_DEFAULT) {
            return saddle_i_reader_refuse(r, "it has option number %lu, which this version does not know", (unsigned long)id);
        }
    }
    return skip_to(r, s, INT64_MAX, &position, &e);
}

static int has_name(const unsigned char *entry, const char *name)
{
    char padded[SADDLE_I_NAME] = {0};
    memcpy(padded, name, strlen(name));
    return memcmp(entry, padded, sizeof padded) == 0;
}

static saddle_status read_integers(struct saddle_i_reader *r, struct saddle_solver *to, const struct table *t)
{
    struct saddle_i_field f;
    int64_t length;
    int k = 0;
    TRY(take(r, t, plain[INTEGERS], &length));
    for (; saddle_i_integer_field(to->method, k, &f); k++) {
        const unsigned char *entry = r->block + (int64_t)k * SADDLE_I_ENTRY;
        if ((k + 1) * SADDLE_I_ENTRY > length || !has_name(entry, f.name)) {
            return saddle_i_reader_refuse(r, "integer %d is not %s", k, f.name);
        }
        const int64_t value = (int64_t)saddle_i_load64(entry + SADDLE_I_NAME), high = saddle_i_integer_most(to, &f);
        if (value < f.low || value > high) {
            return saddle_i_reader_refuse(r, "integer %s is %lld, outside %lld .. %lld", f.name, (long long)value, (long long)f.low,
                                          (long long)high);
        }
        saddle_i_set_integer(to, &f, value);
    }
    return check_length(r, plain[INTEGERS], length, (int64_t)k * SADDLE_I_ENTRY);
}

static saddle_status read_numbers(struct saddle_i_reader *r, struct saddle_solver *to, const struct table *t)
{
    struct saddle_i_field f;
    int64_t length;
    int k = 0;
    TRY(take(r, t, plain[NUMBERS], &length));
    for (; saddle_i_number_field(to->method, k, &f); k++) {
        const unsigned char *entry = r->block + (int64_t)k * SADDLE_I_ENTRY;
        if ((k + 1) * SADDLE_I_ENTRY > length || !has_name(entry, f.name)) {
            return saddle_i_reader_refuse(r, "number %d is not %s", k, f.name);
        }
        const double value = saddle_i_load_real(entry + SADDLE_I_NAME);
        if (!saddle_i_number_fits(&f, value)) {
            return saddle_i_reader_refuse(r, "number %s is %g", f.name, value);
        }
        memcpy((char *)to + f.offset, &value, sizeof value);
    }
    return check_length(r, plain[NUMBERS], length, (int64_t)k * SADDLE_I_ENTRY);
}

/* What the schedule goes by: MAX_STEPS where SCHEDULE_TIME is 0. */
static saddle_status check_schedule(const struct saddle_i_reader *r, const struct saddle_solver *s, const struct saddle_solver *to)
{
    const int own = s->own_schedule != NULL;
    if (to->saved.own_schedule != own) {
        return saddle_i_fail(SADDLE_E_MISMATCH,
                             "loading: the checkpoint is of a run %s a schedule of the caller's own, the solver has %s: call "
                             "saddle_solver_set_schedule() %s: %s",
                             own ? "without" : "with", own ? "one" : "none", own ? "after" : "before", r->path);
    }
    if (!own && s->schedule != SADDLE_SCHEDULE_CONSTANT && to->saved.schedule_time != s->schedule_time) {
        return mismatch_real(r, "schedule_time (or max_steps, where that is 0)", to->saved.schedule_time, s->schedule_time);
    }
    return SADDLE_OK;
}

/* What one field says about another. */
static saddle_status check_together(const struct saddle_i_reader *r, const struct saddle_solver *s, const struct saddle_solver *to)
{
    const double asked = saddle_i_options_real(&s->options, SADDLE_OPT_STEP_SIZE), eta = to->run.set.step_size;
    const int chosen = to->run.smoothness > 0.0;
    const char *wrong = NULL;
    if (!s->run.chosen && (chosen || eta != asked)) {
        wrong = "its step size is not that of its options";
    } else if (s->run.chosen && (chosen ? !(eta <= 1e100) : eta != 0.0)) {
        wrong = "its step size is not one that was chosen";
    } else if (to->has_kept && s->kept == NULL) {
        wrong = "it keeps an iterate that its options do not ask for";
    } else if (to->swapped && (to->stop == SADDLE_STOP_NONE || saddle_i_engine_output(to) == NULL)) {
        wrong = "its output is not one that its run can have";
    } else if (to->tolerance_stop != SADDLE_STOP_NONE && to->tolerance_stop != SADDLE_STOP_VALUE &&
               to->tolerance_stop != SADDLE_STOP_GRADIENT && to->tolerance_stop != SADDLE_STOP_SECOND_ORDER &&
               to->tolerance_stop != SADDLE_STOP_DIVERGED) {
        wrong = "a test ended its run that is none";
    }
    return wrong == NULL ? SADDLE_OK : saddle_i_reader_refuse(r, "%s", wrong);
}

/* Vectors to where they belong, but w to g. */
static saddle_status read_vectors(struct saddle_i_reader *r, const struct saddle_solver *to, const struct table *t)
{
    struct saddle_i_saved vector[SADDLE_I_MOST_SAVED];
    const int count = saddle_i_saved_vectors(to, vector);
    if (count + PLAIN != t->count) {
        return saddle_i_reader_refuse(r, "it has %d vectors instead of %d", t->count - PLAIN, count);
    }
    for (int i = 0; i < count; i++) {
        const struct saddle_i_section *found = find(t, vector[i].name);
        if (found == NULL) {
            return saddle_i_reader_refuse(r, "it has no section %s", vector[i].name);
        }
        TRY(check_length(r, found->name, found->length, to->run.n * 8));
        TRY(saddle_i_reader_reals(r, found, i == 0 ? to->run.g : vector[i].content));
    }
    return SADDLE_OK;
}

static saddle_status read_all(struct saddle_i_reader *r, const struct saddle_solver *s, struct saddle_solver *to, struct table *t)
{
    TRY(scan(r, s, t));
    TRY(check_problem(r, s, t));
    if (t->unknown[0] != '\0') {
        return saddle_i_reader_refuse(r, "it has a section %s, which this version does not know and must not skip", t->unknown);
    }
    TRY(check_options(r, s, t));
    TRY(read_integers(r, to, t));
    TRY(read_numbers(r, to, t));
    TRY(check_schedule(r, s, to));
    TRY(check_together(r, s, to));
    return read_vectors(r, to, t);
}

/* What was read for nothing: the vectors are as in a fresh solver again. */
static void forget_vectors(struct saddle_solver *to)
{
    struct saddle_i_saved vector[SADDLE_I_MOST_SAVED];
    to->has_kept = to->kept != NULL;
    const int count = saddle_i_saved_vectors(to, vector);
    for (int i = 1; i < count; i++) { /* w is not among them */
        memset(vector[i].content, 0, (size_t)to->run.n * sizeof(double));
    }
}

/* All is read, w is in g: from here on nothing can fail. */
static void take_over(struct saddle_solver *s, const struct saddle_solver *to)
{
    struct saddle_i_run *r = &s->run;
    struct saddle_i_field f;
    memcpy(r->w, r->g, (size_t)r->n * sizeof(double));
    for (int k = 0; saddle_i_integer_field(s->method, k, &f); k++) {
        saddle_i_set_integer(s, &f, saddle_i_integer_of(to, &f));
    }
    for (int k = 0; saddle_i_number_field(s->method, k, &f); k++) {
        memcpy((char *)s + f.offset, (const char *)to + f.offset, sizeof(double));
    }
    r->reach = saddle_i_max_abs(r->n, r->w);
    r->point = saddle_i_oracle_new_point(r->oracle);
    r->ready_point = s->saved.gradient_here ? r->point : -1;
    r->ready_elsewhere = 1;
    r->known_point = s->saved.value_here ? r->point : -1;
    s->check.point = s->saved.checked_here ? r->point : -1;
    r->eta = r->set.step_size;
    s->seconds = s->clock = s->saved.seconds;
    s->clock_step = s->t;
    s->called = 1;
    s->fingerprint = saddle_i_fingerprint(r->n, r->w);
}

/* A solver to read into: its vectors are those of *s. */
static void prepare(const struct saddle_solver *s, struct saddle_solver *to)
{
    memset(to, 0, sizeof *to);
    to->method = s->method;
    to->run = s->run;
    to->kept = s->kept;
}

static saddle_status load(struct saddle_solver *s, const char *path)
{
    struct saddle_solver to;
    struct saddle_i_reader r;
    struct table t;
    prepare(s, &to);
    TRY(saddle_i_reader_begin(&r, s->context, path));
    const saddle_status status = read_all(&r, s, &to, &t);
    if (status == SADDLE_OK) {
        take_over(s, &to);
    } else {
        forget_vectors(&to);
    }
    saddle_i_reader_end(&r);
    return status;
}

saddle_status saddle_solver_load(saddle_solver *s, const char *path)
{
    if (s == NULL || path == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_solver_load: the %s is NULL", s == NULL ? "solver" : "path");
    }
    if (s->called) {
        return saddle_i_fail(SADDLE_E_STATE, "saddle_solver_load: the solver has begun its run (%lld steps): load into a fresh one",
                             (long long)s->t);
    }
    const int kept = errno;
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    const saddle_status status = load(s, path);
    saddle_i_fenv_leave(&env);
    errno = kept;
    return status;
}
