/* SPDX-License-Identifier: BSD-3-Clause */
/* The CNC condition where a run goes: E <grad f_z(w), v>^2 at the points that a method visits, v the direction of
 * least curvature there. A condition "for all w" cannot be checked; the least of what was seen can be told. Before each
 * escape of sgd_gd the program says how probable it is that the run leaves the saddle, and at the end what came of it. The loop
 * around saddle_solver_step() is its own, so that between two steps it may look at w with the objective of the run. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/digits_studies.h"
#include "support/halfspace_model.h"
#include "support/prediction.h"

enum { MOST_ESCAPES = 200, SHOWN = 20 };

static const struct word words_known[] = {
    {"start", "WORD",
     "Where to begin: pca1 ... pca64, the stationary points sqrt(lambda_k) u_k of PCA; network, all weights 0; "
     "halfspaces, a saddle of the sigmoid loss on 40 points. [pca2]"},
    {"method", "WORD", "gd, sgd_gd, pgd, ngd, sgd, psgd or sgld. [sgd_gd]"},
    {"every", "INTEGER", "Steps between looks at the condition. [50; of sgd, psgd and sgld 2000]"},
    {"csv", "FILE", "Writes what was seen to a CSV file. [none]"},
    {"threads", "INTEGER", "Threads that share the samples of an evaluation; they change no bit of it. [1]"},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "cnc_monitor",
    .text = "Watches the CNC condition along a run, and predicts of each escape of sgd_gd from a saddle whether it "
            "will leave. Example: cnc_monitor --start pca3 --escape_step 0.005 --csv seen.csv",
    .words = words_known,
    .takes_options = 1,
};

/* Of sgd_gd at a saddle. */
struct escape {
    int64_t step; /* steps before it */
    struct forecast forecast;
    double f_left;    /* it has left at or below, */
    int64_t left_at;  /* first step seen there; STUDY_NEVER */
};

struct monitor {
    const struct problem *p;
    saddle_objective *f;
    saddle_options *set, *look; /* of the run, of a look */
    saddle_solver *solver;
    saddle_method method;
    double *w, *g;
    double drop; /* of f, that counts as having left */
    int64_t every, threads, t_noise; /* t_noise: the last escape, as on the page of sgd_gd */
    int64_t looks, holds, fails, negative; /* negative: looks that saw lambda_min < -eps_hessian */
    double least, least_negative;          /* m_1, at any point; where lambda_min < -eps_hessian */
    int64_t least_at, least_negative_at;
    int64_t escapes;
    struct escape escape[MOST_ESCAPES];
    FILE *csv;
};

static int fail(void)
{
    fprintf(stderr, "%s: %s\n", program.name, saddle_error_message());
    return EXIT_FAILED;
}

static double real(const saddle_options *o, saddle_option id)
{
    double x = 0.0;
    (void)saddle_options_get_real(o, id, &x);
    return x;
}

static int64_t integer(const saddle_options *o, saddle_option id)
{
    int64_t k = 0;
    (void)saddle_options_get_int(o, id, &k);
    return k;
}

/* The least that was seen. */
static void keep(struct monitor *m, int64_t step, const saddle_cnc *c)
{
    m->holds += c->verdict == SADDLE_VERDICT_HOLDS;
    m->fails += c->verdict == SADDLE_VERDICT_FAILS;
    if (m->looks++ == 0 || c->second_moment < m->least) {
        m->least = c->second_moment;
        m->least_at = step;
    }
    if (c->lambda_min < -m->p->eps_hessian && (m->negative++ == 0 || c->second_moment < m->least_negative)) {
        m->least_negative = c->second_moment;
        m->least_negative_at = step;
    }
}

static void write_row(struct monitor *m, int64_t step, double f, double norm, const saddle_cnc *c, double probability)
{
    if (m->csv != NULL) {
        fprintf(m->csv, "%lld,%.17g,%.9g,%.9g,%.9g,%.9g,%.9g,%s,%.9g,%.9g,%.9g\n", (long long)step, f, norm,
                c->lambda_min, c->second_moment, c->lower, c->upper, saddle_verdict_name(c->verdict), c->cosine, c->amplification,
                probability);
    }
}

/* The next step is an escape: from a saddle? and what will come of it? */
static double foresee(struct monitor *m, int64_t step, struct prediction *p)
{
    const double d = prediction_displacement(p, m->drop, real(m->set, SADDLE_OPT_GRADIENT_THRESHOLD));
    const int64_t steps = integer(m->set, SADDLE_OPT_MAX_STEPS) - step;
    if (!(p->cnc.lambda_min < -m->p->eps_hessian) || m->escapes == MOST_ESCAPES) {
        return (double)NAN;
    }
    const struct forecast forecast = prediction_of(p, m->method, m->set, d, steps);
    m->escape[m->escapes++] = (struct escape){.step = step,
                                              .forecast = forecast,
                                              .f_left = p->value - fabs(p->cnc.lambda_min) * d * d / 2.0,
                                              .left_at = STUDY_NEVER};
    return forecast.probability;
}

/* Is the step after these an escape? Step t of sgd_gd is, where ||grad f|| <= g_thres and t - t_noise >= t_thres. */
static int is_escape(const struct monitor *m, int64_t step, double norm)
{
    return m->method == SADDLE_METHOD_SGD_GD && norm <= real(m->set, SADDLE_OPT_GRADIENT_THRESHOLD) &&
           step + 1 - m->t_noise >= integer(m->set, SADDLE_OPT_ESCAPE_STEPS);
}

static int take_norm(const struct monitor *m, double *norm)
{
    double sum = 0.0;
    if (saddle_objective_gradient(m->f, m->w, NULL, m->g) != SADDLE_OK) {
        return fail();
    }
    for (int64_t j = 0; j < m->p->dim; j++) {
        sum += m->g[j] * m->g[j];
    }
    *norm = sqrt(sum);
    return EXIT_GOOD;
}

/* At w, after so many steps: when it is time, or the next step is an escape. */
static int look(struct monitor *m, int64_t step, int last)
{
    const struct prediction_model model = {m->p->dim, m->p->samples, m->p->user, m->p->gradient, m->p->slopes};
    struct prediction p;
    double norm = (double)INFINITY;
    const int due = step + 1 - m->t_noise >= integer(m->set, SADDLE_OPT_ESCAPE_STEPS);
    const int time = step % m->every == 0 || last;
    if ((m->method == SADDLE_METHOD_SGD_GD && due) || time) {
        const int code = take_norm(m, &norm);
        if (code != EXIT_GOOD) {
            return code;
        }
    }
    const int escape = !last && is_escape(m, step, norm);
    if (!time && !escape) {
        return EXIT_GOOD;
    }
    int code = prediction_look(program.name, m->f, &model, m->w, m->look, &p) == 0 ? EXIT_GOOD : EXIT_FAILED;
    if (code == EXIT_GOOD) {
        const double probability = escape ? foresee(m, step, &p) : (double)NAN;
        keep(m, step, &p.cnc);
        write_row(m, step, p.value, norm, &p.cnc, probability);
    }
    prediction_release(&p);
    return code;
}

/* Which of the escapes have left by now? */
static int watch(struct monitor *m, int64_t step)
{
    double f = (double)NAN;
    for (int64_t k = 0; k < m->escapes; k++) {
        struct escape *e = &m->escape[k];
        if (e->left_at == STUDY_NEVER) {
            if (isnan(f) && saddle_objective_value(m->f, m->w, &f) != SADDLE_OK) {
                return fail();
            }
            e->left_at = f <= e->f_left ? step : STUDY_NEVER;
        }
    }
    return EXIT_GOOD;
}

static int run(struct monitor *m)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    int64_t perturbations = 0, seen = -1;
    int code = EXIT_GOOD;
    while (code == EXIT_GOOD && r.stop == SADDLE_STOP_NONE) {
        code = look(m, r.steps, 0);
        seen = r.steps;
        if (code == EXIT_GOOD &&
            (saddle_solver_step(m->solver, 1) != SADDLE_OK || saddle_solver_result(m->solver, &r) != SADDLE_OK)) {
            code = fail();
        }
        m->t_noise = r.perturbations > perturbations ? r.steps : m->t_noise;
        perturbations = r.perturbations;
        code = code == EXIT_GOOD ? watch(m, r.steps) : code;
    }
    return code == EXIT_GOOD && seen != r.steps ? look(m, r.steps, 1) : code;
}

static const char *outcome_of(const struct escape *e, char *text, size_t size)
{
    if (e->left_at == STUDY_NEVER) {
        return "stayed";
    }
    snprintf(text, size, "left at step %lld", (long long)e->left_at);
    return text;
}

/* Returns how many decisions were wrong. */
static int64_t print_escapes(const struct monitor *m)
{
    int64_t wrong = 0;
    for (int64_t k = 0; k < m->escapes; k++) {
        const struct escape *e = &m->escape[k];
        char forecast[FORECAST_LENGTH], text[64];
        const int left = e->left_at != STUDY_NEVER;
        wrong += e->forecast.word == (left ? FORECAST_STAYS : FORECAST_LEAVES);
        if (k < SHOWN) {
            prediction_text(e->forecast, forecast);
            printf("  %8lld  %-9s  %11.3g  %s\n", (long long)e->step, forecast, e->forecast.probability,
                   outcome_of(e, text, sizeof text));
        }
    }
    if (m->escapes > SHOWN) {
        printf("  ... %lld more\n", (long long)(m->escapes - SHOWN));
    }
    return wrong;
}

/* Is a word for the library? */
static int has_options(const struct words *words)
{
    int found = 0;
    for (int i = 0; i < words->count; i++) {
        found |= !words->pair[i].own;
    }
    return found;
}

/* Returns EXIT_FAILED when a decision was wrong; who brings options of his own may see that. */
static int account(const struct monitor *m, const struct words *words)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    if (saddle_solver_result(m->solver, &r) != SADDLE_OK) {
        return fail();
    }
    printf("  %lld steps, f = %.6f, ||grad f|| = %.2e\n", (long long)r.steps, r.value, r.gradient_norm);
    printf("  CNC condition at %lld points: holds at %lld, fails at %lld; least m_1 %.4g, after step %lld\n",
           (long long)m->looks, (long long)m->holds, (long long)m->fails, m->least, (long long)m->least_at);
    if (m->negative > 0) {
        printf("  where lambda_min < %g, which is where it matters, at %lld points: least m_1 %.4g, after step %lld\n",
               -m->p->eps_hessian, (long long)m->negative, m->least_negative, (long long)m->least_negative_at);
    }
    if (m->escapes == 0) {
        return EXIT_GOOD;
    }
    printf("  escapes from saddles: from there on, does the run leave before its last step?\n  %8s  %-9s  %11s  %s\n", "at step", "predicted", "probability", "seen");
    const int64_t wrong = print_escapes(m);
    if (wrong > 0) {
        fprintf(stderr, "%s: %lld predictions did not come true\n", program.name, (long long)wrong);
    }
    return wrong > 0 && !has_options(words) ? EXIT_FAILED : EXIT_GOOD;
}

static int open_csv(struct monitor *m, const char *path)
{
    if (path == NULL) {
        return EXIT_GOOD;
    }
    m->csv = fopen(path, "w");
    if (m->csv == NULL) {
        fprintf(stderr, "%s: cannot write %s: %s\n", program.name, path, strerror(errno));
        return EXIT_FAILED;
    }
    fputs("step,f,norm,lambda_min,m_1,lower,upper,verdict,cosine,amplification,predicted\n", m->csv);
    return EXIT_GOOD;
}

static int close_csv(const struct monitor *m, const char *path)
{
    if (m->csv == NULL) {
        return EXIT_GOOD;
    }
    const int failed = ferror(m->csv);
    if (fclose(m->csv) != 0 || failed) {
        fprintf(stderr, "%s: cannot write %s: %s\n", program.name, path, strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

static const struct recipe *recipe_of(const struct recipe *recipes, const char *method)
{
    for (int i = 0; i < STUDY_METHODS; i++) {
        if (strcmp(recipes[i].method, method) == 0) {
            return &recipes[i];
        }
    }
    return NULL;
}

/* Options of the run and of the looks, objective, solver. Without its slopes, which no step needs, the objective is
 * looked at by gradients of all samples: energy and amplification are then no estimates. */
static int prepare(struct monitor *m, const struct words *words, const struct recipe *r)
{
    const struct study study = {.program = program.name, .words = words, .threads = m->threads};
    struct problem by_gradients = *m->p;
    by_gradients.slopes = NULL;
    int code = study_cnc_options(&study, m->p, &m->look);
    if (code == EXIT_GOOD && saddle_options_create(NULL, &m->set) != SADDLE_OK) {
        code = fail();
    }
    code = code == EXIT_GOOD ? words_set_settings(program.name, r->settings, m->set) : code;
    code = code == EXIT_GOOD ? words_set_options(words, m->set) : code;
    code = code == EXIT_GOOD ? study_objective(&study, &by_gradients, &m->f) : code;
    if (code == EXIT_GOOD && saddle_solver_create(m->f, m->method, m->set, m->w, &m->solver) != SADDLE_OK) {
        code = fail();
    }
    const double asked = real(m->set, SADDLE_OPT_DECREASE_THRESHOLD);
    m->drop = asked > 0.0 ? asked : m->drop;
    m->t_noise = -integer(m->set, SADDLE_OPT_ESCAPE_STEPS) - 1;
    return code;
}

/* From p->saddle; f has to fall by `drop` to have left a saddle, unless decrease_threshold is set. */
static int monitor(const struct words *words, const struct problem *p, const char *from, const struct recipe *recipes,
                   double drop)
{
    static struct monitor m;
    const char *method = words_value(words, "method"), *path = words_value(words, "csv");
    const struct recipe *r = recipe_of(recipes, method == NULL ? "sgd_gd" : method);
    const size_t bytes = (size_t)p->dim * sizeof(double);
    int code = words_integer(words, "every", 1, INT64_C(1) << 40, r->watch_every == 1 ? 50 : 2000, &m.every);
    m.p = p;
    m.drop = drop;
    m.method = saddle_method_find(r->method);
    m.w = malloc(bytes);
    m.g = malloc(bytes);
    code = code == EXIT_GOOD ? words_integer(words, "threads", 1, 1024, 1, &m.threads) : code;
    if (code == EXIT_GOOD && (m.w == NULL || m.g == NULL)) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        code = EXIT_FAILED;
    }
    if (code == EXIT_GOOD) {
        memcpy(m.w, p->saddle, bytes);
        code = prepare(&m, words, r);
    }
    code = code == EXIT_GOOD ? open_csv(&m, path) : code;
    if (code == EXIT_GOOD) {
        printf("%s from %s by %s\n", p->name, from, r->method);
        code = run(&m);
    }
    const int closed = close_csv(&m, path);
    code = code == EXIT_GOOD ? account(&m, words) : code;
    saddle_solver_destroy(m.solver);
    saddle_objective_destroy(m.f);
    saddle_options_destroy(m.set);
    saddle_options_destroy(m.look);
    free(m.w);
    free(m.g);
    return code != EXIT_GOOD ? code : closed;
}

/* The stationary point that a word names, 0 for none. */
static int pca_number(const char *word)
{
    char *end;
    const long k = strncmp(word, "pca", 3) == 0 && word[3] != '\0' ? strtol(word + 3, &end, 10) : 0;
    return k >= 1 && k <= DIGITS_PIXELS && *end == '\0' ? (int)k : 0;
}

static int monitor_pca(const struct words *words, int k)
{
    struct pca_model *model = pca_model_create();
    double w[DIGITS_PIXELS];
    if (model == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        return EXIT_FAILED;
    }
    struct problem p = pca_problem(model);
    pca_stationary_point(model, k, w);
    p.saddle = w;
    const double f = -model->lambda[k - 1] * model->lambda[k - 1] / 4.0;
    char from[48];
    snprintf(from, sizeof from, "sqrt(lambda_%d) u_%d", k, k);
    const int code = monitor(words, &p, from, pca_recipes, 0.1 * (f - model->f_minimum));
    free(model);
    return code;
}

static int monitor_network(const struct words *words)
{
    struct network_model *model = network_model_create();
    if (model == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        return EXIT_FAILED;
    }
    const struct problem p = network_problem(model);
    const int code = monitor(words, &p, "w = 0", network_recipes, log(10.0) - p.f_left);
    free(model);
    return code;
}

#define HALFSPACE_ONE_SAMPLE "step_size=0.25 max_steps=8000"

static const struct recipe halfspace_recipes[STUDY_METHODS] = {
    {"gd", "step_size=0.25 max_steps=4000", 1},
    {"sgd_gd", "step_size=0.25 escape_step=0.5 gradient_threshold=1e-3 escape_steps=400 max_steps=4000", 1},
    {"pgd",
     "step_size=0.25 radius=0.1 gradient_threshold=1e-3 escape_steps=1000 decrease_threshold=1e-4 max_steps=4000", 1},
    {"ngd", "step_size=0.01 noise=1e-3 noise_every=10 max_steps=2000", 1},
    {"sgd", HALFSPACE_ONE_SAMPLE, 50},
    {"psgd", HALFSPACE_ONE_SAMPLE " noise=0.01", 50},
    {"sgld", HALFSPACE_ONE_SAMPLE " inverse_temperature=1e5", 50},
};

static int monitor_halfspaces(const struct words *words)
{
    struct halfspace_model model;
    if (halfspace_model_init(program.name, 1, &model) != 0) {
        halfspace_model_release(&model);
        return EXIT_FAILED;
    }
    const struct problem p = {.name = "halfspaces",
                              .dim = HALFSPACE_DIM,
                              .samples = HALFSPACE_SAMPLES,
                              .user = &model,
                              .value = halfspace_value,
                              .gradient = halfspace_gradient,
                              .hessvec = halfspace_hessvec,
                              .saddle = model.saddle,
                              .eps_gradient = 1e-3,
                              .eps_hessian = 1e-3};
    const int code = monitor(words, &p, "a saddle", halfspace_recipes, -model.lambda / 8.0); /* half a unit along v */
    halfspace_model_release(&model);
    return code;
}

int main(int argc, char **argv)
{
    struct words words;
    const int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    const char *start = words_value(&words, "start"), *method = words_value(&words, "method");
    if (method != NULL && saddle_method_find(method) == 0) {
        fprintf(stderr, "%s: --method is \"%s\": expected gd, sgd_gd, pgd, ngd, sgd, psgd or sgld\n", program.name,
                method);
        return EXIT_USAGE;
    }
    start = start == NULL ? "pca2" : start;
    if (pca_number(start) > 0) {
        return monitor_pca(&words, pca_number(start));
    }
    if (strcmp(start, "network") == 0) {
        return monitor_network(&words);
    }
    if (strcmp(start, "halfspaces") == 0) {
        return monitor_halfspaces(&words);
    }
    fprintf(stderr, "%s: --start is \"%s\": expected pca1 ... pca64, network or halfspaces\n", program.name, start);
    return EXIT_USAGE;
}
