/* SPDX-License-Identifier: BSD-3-Clause */
#include "study.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the monitor keeps. */
struct watch {
    saddle_objective *objective;
    double f_left;
    int64_t left_at;
    int64_t last_step;
    FILE *trace; /* or NULL */
    struct progress *progress;
    double seconds;  /* spent in here */
    char error[256]; /* why f could not be computed */
};

static void write_row(struct watch *w, const saddle_event *e, double f)
{
    fprintf(w->trace, "%lld,%.17g,%lld,%.17g,%.9g,%.9g,%lld,%d,%.6f\n", (long long)e->step, e->epoch,
            (long long)e->gradient_samples, f, e->gradient_norm, e->step_norm, (long long)e->perturbations,
            (int)e->escaping, e->seconds - w->seconds);
}

/* The monitor. Event and step speak of the batch that the step saw; here f over all samples is wanted. */
static int look(void *user, const saddle_event *e)
{
    struct watch *w = user;
    if (e->step == w->last_step) { /* the call when the run stops: seen already */
        return 0;
    }
    const double start = progress_clock();
    double f;
    if (saddle_objective_value(w->objective, e->w, &f) != SADDLE_OK) {
        snprintf(w->error, sizeof w->error, "after step %lld: %s", (long long)e->step, saddle_error_message());
        return -1;
    }
    w->last_step = e->step;
    if (w->left_at == STUDY_NEVER && f <= w->f_left) {
        w->left_at = e->step;
    }
    if (w->trace != NULL) {
        write_row(w, e, f);
    }
    if (w->progress != NULL) {
        progress_show(w->progress, e->fraction);
    }
    w->seconds += progress_clock() - start;
    return 0;
}

static int fail_with(const struct study *s, const char *method, const char *error)
{
    if (s->progress != NULL) {
        progress_clear(s->progress);
    }
    fprintf(stderr, "%s: %s: %s\n", s->program, method, error);
    return EXIT_FAILED;
}

static int fail(const struct study *s, const char *method)
{
    return fail_with(s, method, saddle_error_message());
}

static saddle_status make_objective(const struct study *s, const struct problem *p, saddle_objective **out)
{
    saddle_context *context = NULL;
    saddle_objective *f = NULL;
    saddle_status status = saddle_context_create(NULL, &context);
    if (status == SADDLE_OK && s->threads > 0) {
        status = saddle_context_set_threads(context, s->threads);
    }
    if (status == SADDLE_OK) {
        status = saddle_objective_create(context, p->dim, p->samples, p->user, &f);
    }
    saddle_context_destroy(context); /* the objective keeps it alive */
    if (status == SADDLE_OK) {
        status = saddle_objective_set_value(f, p->value);
    }
    if (status == SADDLE_OK) {
        status = saddle_objective_set_gradient(f, p->gradient);
    }
    if (status == SADDLE_OK) {
        status = saddle_objective_set_value_gradient(f, p->value_gradient);
    }
    if (status == SADDLE_OK) {
        status = saddle_objective_set_hessvec(f, p->hessvec);
    }
    if (status == SADDLE_OK) {
        status = saddle_objective_set_slopes(f, p->slopes);
    }
    if (status != SADDLE_OK) {
        saddle_objective_destroy(f);
        return status;
    }
    *out = f;
    return SADDLE_OK;
}

int study_objective(const struct study *s, const struct problem *p, saddle_objective **out)
{
    return make_objective(s, p, out) == SADDLE_OK ? EXIT_GOOD : fail(s, p->name);
}

/* Zero, no test of the gradient, becomes the problem's own. */
static saddle_status set_eps_gradient(const struct problem *p, saddle_options *o)
{
    double eps;
    const saddle_status status = saddle_options_get_real(o, SADDLE_OPT_EPS_GRADIENT, &eps);
    return status == SADDLE_OK && eps == 0.0 ? saddle_options_set_real(o, SADDLE_OPT_EPS_GRADIENT, p->eps_gradient)
                                             : status;
}

/* The gradient is tested in the run only where the user asks for it, or for certificates. */
static int make_options(const struct study *s, const struct problem *p, const struct recipe *r, saddle_options **out)
{
    int64_t check_every;
    if (saddle_options_create(NULL, out) != SADDLE_OK ||
        saddle_options_set_int(*out, SADDLE_OPT_SEED, s->seed) != SADDLE_OK ||
        saddle_options_set_real(*out, SADDLE_OPT_EPS_HESSIAN, p->eps_hessian) != SADDLE_OK ||
        saddle_options_set_int(*out, SADDLE_OPT_MONITOR_EVERY, r->watch_every) != SADDLE_OK) {
        return fail(s, r->method);
    }
    int code = words_set_settings(s->program, r->settings, *out);
    if (code == EXIT_GOOD && s->words != NULL) {
        code = words_set_options(s->words, *out);
    }
    if (code == EXIT_GOOD && (saddle_options_get_int(*out, SADDLE_OPT_CHECK_EVERY, &check_every) != SADDLE_OK ||
                              (check_every > 0 && set_eps_gradient(p, *out) != SADDLE_OK))) {
        return fail(s, r->method);
    }
    return code;
}

/* Lanczos with a tolerance and so many products, then the user's own. */
static int make_curvature_options(const struct study *s, const struct problem *p, double tolerance, saddle_options **out)
{
    if (saddle_options_create(NULL, out) != SADDLE_OK ||
        saddle_options_set_int(*out, SADDLE_OPT_SEED, s->seed) != SADDLE_OK ||
        saddle_options_set_real(*out, SADDLE_OPT_EPS_HESSIAN, p->eps_hessian) != SADDLE_OK ||
        saddle_options_set_real(*out, SADDLE_OPT_EIGEN_TOL, tolerance) != SADDLE_OK ||
        saddle_options_set_int(*out, SADDLE_OPT_MAX_PRODUCTS, 300) != SADDLE_OK) {
        return fail(s, p->name);
    }
    return s->words != NULL ? words_set_options(s->words, *out) : EXIT_GOOD;
}

/* A moment of 0 is told from a small one where v is good to 1e-7 or so. */
int study_cnc_options(const struct study *s, const struct problem *p, saddle_options **out)
{
    return make_curvature_options(s, p, p->hessvec != NULL ? 1e-9 : 1e-8, out);
}

/* What kind of point is w? */
static int inspect(const struct study *s, const struct problem *p, saddle_objective *f, const double *w,
                   struct evidence *out)
{
    saddle_options *o = NULL;
    int code = make_curvature_options(s, p, 1e-6, &o);
    if (code == EXIT_GOOD &&
        (set_eps_gradient(p, o) != SADDLE_OK || evidence_collect(f, w, o, out) != SADDLE_OK)) {
        code = fail(s, p->name);
    }
    saddle_options_destroy(o);
    return code;
}

static int open_trace(const struct study *s, const struct problem *p, struct watch *w)
{
    if (s->trace == NULL) {
        return EXIT_GOOD;
    }
    w->trace = fopen(s->trace, "w");
    if (w->trace == NULL) {
        fprintf(stderr, "%s: cannot write %s: %s\n", s->program, s->trace, strerror(errno));
        return EXIT_FAILED;
    }
    double f;
    if (saddle_objective_value(w->objective, p->saddle, &f) != SADDLE_OK) {
        return fail(s, "start");
    }
    fputs("step,epoch,gradient_samples,f,gradient_norm,step_norm,perturbations,escaping,seconds\n", w->trace);
    fprintf(w->trace, "0,0,0,%.17g,nan,nan,0,0,0\n", f);
    return EXIT_GOOD;
}

static int close_trace(const struct study *s, const struct watch *w)
{
    if (w->trace == NULL) {
        return EXIT_GOOD;
    }
    const int failed = ferror(w->trace);
    if (fclose(w->trace) != 0 || failed) {
        fprintf(stderr, "%s: cannot write %s: %s\n", s->program, s->trace, strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

static int solve(const struct study *s, const struct recipe *r, const saddle_options *o, struct watch *w,
                 double *point, struct outcome *out)
{
    saddle_solver *solver = NULL;
    saddle_status status = saddle_solver_create(w->objective, saddle_method_find(r->method), o, point, &solver);
    if (status == SADDLE_OK) {
        status = saddle_solver_set_monitor(solver, look, w);
    }
    if (status == SADDLE_OK) {
        status = saddle_solver_run(solver);
    }
    out->result.struct_size = (int64_t)sizeof out->result;
    if (status == SADDLE_OK) {
        status = saddle_solver_result(solver, &out->result);
    }
    saddle_solver_destroy(solver);
    out->seconds = out->result.seconds - w->seconds;
    out->left_at = w->left_at;
    if (status == SADDLE_OK) {
        return EXIT_GOOD;
    }
    return w->error[0] != '\0' ? fail_with(s, r->method, w->error) : fail(s, r->method);
}

/* How far from the start f is as low as f_left, on the quadratic model. */
static struct forecast foresee(const struct study *s, const struct problem *p, const struct recipe *r,
                               const saddle_options *o)
{
    int64_t steps = 0;
    (void)saddle_options_get_int(o, SADDLE_OPT_MAX_STEPS, &steps);
    const double displacement = prediction_displacement(s->prediction, s->prediction->value - p->f_left, 0.0);
    return prediction_of(s->prediction, saddle_method_find(r->method), o, displacement, steps);
}

static int meets(const struct outcome *o, const struct problem *p, int number)
{
    const int left = o->left_at != STUDY_NEVER;
    if (o->forecast.word == (left ? FORECAST_STAYS : FORECAST_LEAVES)) {
        return 0;
    }
    const enum expected expected = p->expected[number];
    const int64_t kind = p->kinds == NULL ? SADDLE_KIND_UNKNOWN : p->kinds[number];
    return (expected == LEAVES ? left : expected == STAYS_AT ? !o->moved : !left) &&
           (kind == SADDLE_KIND_UNKNOWN || kind == o->evidence.certificate.kind);
}

int study_run(const struct study *s, const struct problem *p, const struct recipe *recipes, int number,
              struct outcome *out)
{
    const struct recipe *r = &recipes[number];
    const size_t bytes = (size_t)p->dim * sizeof(double);
    struct watch watch = {.f_left = p->f_left, .left_at = STUDY_NEVER, .progress = s->progress};
    saddle_options *o = NULL;
    double *own = s->w == NULL ? malloc(bytes) : NULL, *w = s->w == NULL ? own : s->w;
    *out = (struct outcome){.method = r->method, .forecast = {FORECAST_NONE, (double)NAN}};
    if (w == NULL) {
        fprintf(stderr, "%s: out of memory\n", s->program);
        return EXIT_FAILED;
    }
    memcpy(w, p->saddle, bytes);
    int code = study_objective(s, p, &watch.objective);
    if (code == EXIT_GOOD) {
        code = make_options(s, p, r, &o);
    }
    if (code == EXIT_GOOD && s->prediction != NULL) {
        out->forecast = foresee(s, p, r, o);
    }
    if (code == EXIT_GOOD) {
        code = open_trace(s, p, &watch);
    }
    if (code == EXIT_GOOD) {
        code = solve(s, r, o, &watch, w, out);
    }
    if (code == EXIT_GOOD) {
        code = inspect(s, p, watch.objective, w, &out->evidence);
    }
    const int closed = close_trace(s, &watch);
    out->moved = memcmp(w, p->saddle, bytes) != 0;
    out->as_expected = meets(out, p, number);
    saddle_options_destroy(o);
    saddle_objective_destroy(watch.objective);
    free(own);
    return code != EXIT_GOOD ? code : closed;
}

double study_work(const struct problem *p, const struct recipe *r)
{
    saddle_options *o = NULL;
    int64_t steps = 1;
    const int single =
        strcmp(r->method, "sgd") == 0 || strcmp(r->method, "psgd") == 0 || strcmp(r->method, "sgld") == 0;
    if (saddle_options_create(NULL, &o) == SADDLE_OK && words_set_settings("", r->settings, o) == EXIT_GOOD) {
        (void)saddle_options_get_int(o, SADDLE_OPT_MAX_STEPS, &steps);
    }
    saddle_options_destroy(o);
    const double each = single ? 1.0 : (double)p->samples;
    return (double)steps * (2.0 * each + (double)p->samples / (double)r->watch_every) * (double)p->dim;
}

/* 1234567 as "1,234,567". */
static void write_count(char *text, size_t size, int64_t count)
{
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    size_t at = 0;
    for (int i = 0; i < length && at + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

/* Fills in s->prediction. The check takes gradients of all samples, not slopes: then energy and amplification are no
 * estimates. */
static int look_ahead(const struct study *s, const struct problem *p)
{
    const struct prediction_model model = {p->dim, p->samples, p->user, p->gradient, p->slopes};
    struct problem by_gradients = *p;
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    by_gradients.slopes = NULL;
    int code = study_objective(s, &by_gradients, &f);
    if (code == EXIT_GOOD) {
        code = study_cnc_options(s, p, &o);
    }
    if (code == EXIT_GOOD && prediction_look(s->program, f, &model, p->saddle, o, s->prediction) != 0) {
        code = EXIT_FAILED;
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return code;
}

static void print_noise(const saddle_cnc *c)
{
    printf("  noise of the samples: the CNC condition %s, m_1 = ", saddle_verdict_name(c->verdict));
    if (isnan(c->amplification)) {
        puts("0, no sample has a gradient");
    } else {
        printf("%#.5g, amplification %#.3g\n", c->second_moment, c->amplification);
    }
}

int study_print_start(const struct study *s, const struct problem *p)
{
    struct evidence evidence;
    saddle_objective *f = NULL;
    int code = study_objective(s, p, &f);
    if (code == EXIT_GOOD) {
        code = inspect(s, p, f, p->saddle, &evidence);
    }
    if (code == EXIT_GOOD) {
        code = look_ahead(s, p);
    }
    if (code == EXIT_GOOD) {
        evidence_print("measured there", &evidence);
        print_noise(&s->prediction->cnc);
        printf("  kinds: ||grad f|| <= %g is stationary; then lambda_min < %g is a strict saddle\n\n",
               evidence.certificate.eps_gradient, -evidence.certificate.eps_hessian);
    }
    saddle_objective_destroy(f);
    return code;
}

void study_print_heading(void)
{
    printf("  %-6s %9s %7s %6s %9s %9s %8s %4s %8s %8s %s\n", "method", "predicted", "left at", "steps", "samples", "f",
           "||grad||", "sec.", "lambda", "at least", "kind");
}

void study_print_row(const struct outcome *o)
{
    char left[32] = "stayed", steps[32], samples[32], norm[32], predicted[FORECAST_LENGTH];
    prediction_text(o->forecast, predicted);
    if (o->left_at != STUDY_NEVER) {
        write_count(left, sizeof left, o->left_at);
    }
    write_count(steps, sizeof steps, o->result.steps);
    write_count(samples, sizeof samples, o->result.gradient_samples);
    snprintf(norm, sizeof norm, o->result.gradient_norm == 0.0 ? "%.0f" : "%.2e", o->result.gradient_norm);
    printf("%c %-6s %9s %7s %6s %9s %9.6f %8s %4.*f %8.5f %8.5f %s\n", o->as_expected ? ' ' : '!', o->method,
           predicted, left, steps, samples, o->result.value, norm, o->seconds < 9.995 ? 2 : 1, o->seconds,
           o->evidence.least.value, o->evidence.least.lower, saddle_kind_name(o->evidence.certificate.kind));
}

static int run_and_print(const struct study *study, const struct problem *p, const struct recipe *recipes, int number,
                         struct outcome *outcome)
{
    const struct words *words = study->words;
    progress_start(study->progress, 1.0);
    progress_part(study->progress, recipes[number].method, 1.0);
    const int code = study_run(study, p, recipes, number, outcome);
    progress_clear(study->progress);
    if (code == EXIT_GOOD) {
        /* Who brings options or data of his own expects something else. */
        outcome->as_expected |= words->count > 0 || words->operand != NULL;
        study_print_row(outcome);
        fflush(stdout);
    }
    return code;
}

static int check_words(const struct words *words)
{
    const char *name = words->program->name, *method = words_value(words, "method");
    if (method == NULL && words_value(words, "trace") != NULL) {
        fprintf(stderr, "%s: --trace writes one run: name it with --method\n", name);
        return EXIT_USAGE;
    }
    if (method != NULL && saddle_method_find(method) == 0) {
        fprintf(stderr, "%s: --method is \"%s\": expected gd, sgd_gd, pgd, ngd, sgd, psgd or sgld\n", name, method);
        return EXIT_USAGE;
    }
    return EXIT_GOOD;
}

int study_start(const struct words *words, int64_t *start)
{
    const int code = words_integer(words, "start", 1, 2, 0, start);
    if (code == EXIT_GOOD && *start == 0 && words_value(words, "trace") != NULL) {
        fprintf(stderr, "%s: --trace writes one run: choose a start with --start\n", words->program->name);
        return EXIT_USAGE;
    }
    return code;
}

int study_table(const struct words *words, const struct problem *p, const struct recipe *recipes)
{
    const char *method = words_value(words, "method");
    struct progress progress;
    struct prediction prediction = {.samples = 0};
    struct study study = {.program = words->program->name,
                          .words = words,
                          .trace = words_value(words, "trace"),
                          .progress = &progress,
                          .w = p->output,
                          .prediction = &prediction};
    int unexpected = 0, code = check_words(words);
    if (code == EXIT_GOOD) {
        code = words_integer(words, "threads", 1, 1024, 1, &study.threads);
    }
    progress_start(&progress, 1.0);
    if (code == EXIT_GOOD) {
        code = study_print_start(&study, p);
    }
    if (code == EXIT_GOOD) {
        study_print_heading();
    }
    for (int i = 0; i < STUDY_METHODS && code == EXIT_GOOD; i++) {
        if (method == NULL || strcmp(method, recipes[i].method) == 0) {
            struct outcome outcome;
            code = run_and_print(&study, p, recipes, i, &outcome);
            unexpected += code == EXIT_GOOD && !outcome.as_expected;
        }
    }
    prediction_release(&prediction);
    if (unexpected > 0) {
        fprintf(stderr, "%s: %d methods, marked with !, did not do what they should\n", words->program->name,
                unexpected);
        return EXIT_FAILED;
    }
    return code;
}
