/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning half-spaces with the sigmoid loss: how long methods take to leave a saddle where the CNC condition holds by a
 * proof. Data sets 1, 2, ... that have a saddle with one way out and lambda_min in (-0.03, -0.005) are the instances;
 * runs start at saddle + 5e-5 v and have left when |<w - saddle, v>| >= 1/2. The program checks what theory says and
 * what the paper found, and fails when it does not hold. docs/paper.md has the results. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../support/critical.h"
#include "../support/figure.h"
#include "escapes.h"
#include "lemma.h"
#include "statistics.h"

enum {
    MOST_INSTANCES = 20,
    MOST_SEEDS = 200,
    DATA_SETS = 1000, /* looked through for instances */
    STARTS = 200,     /* of Newton's method */
    PURPOSE_START = 131,
    STEPS = 8000,     /* of a run over all samples, 200 or more e-folds of nothing else */
    GD_STEPS = 12000, /* to see where the path leads */
    SGD_STEPS = 16000,
    FEW = 3           /* runs that a median needs */
};

#define OFFSET 5e-5
#define FROM 0.1 /* the path after the escape: between these parts of the way down */
#define TO 0.8

static const struct word words_known[] = {
    {"instances", "INTEGER", "Saddles. [3]"},
    {"seeds", "INTEGER", "Runs of each method with chance; half as many of sgd. [40]"},
    {"output", "FOLDER", "Writes CSV files and a figure. [none]"},
    {"data", "FILE", "Only checks the lemma, on data in the format of LIBSVM, plain or gzip. [random data]"},
    {"points", "INTEGER", "Random points of --data. [20]"},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "halfspaces",
    .text = "How long gd, pgd, sgd_gd and sgd take to leave saddles of half-spaces with the sigmoid loss; and the lemma "
            "that the CNC condition holds there.",
    .words = words_known,
};

/* All runs of a method from one saddle. */
struct runs {
    int n;
    struct escape run[MOST_SEEDS];
    double path[MOST_SEEDS]; /* steps from FROM to TO, NaN when it did not get there */
};

struct instance {
    struct sigmoid_model model;
    struct escape_problem p;
    int seed;
    double moment, energy, law;
    double from[2], to[2], path[2]; /* levels, and steps of gd between them; behind the saddle, ahead of it */
    struct runs runs[ESCAPE_METHODS];
    struct escape behind; /* gd on the other side */
};

static int failures;

static void judge(int good, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("  %-6s ", good ? "ok" : "FAILED");
    vprintf(format, list);
    putchar('\n');
    va_end(list);
    failures += !good;
}

static int fail(const char *why)
{
    fprintf(stderr, "%s: %s\n", program.name, why);
    return EXIT_FAILED;
}

static double median(const struct runs *r, int epochs, double q)
{
    double x[MOST_SEEDS];
    for (int i = 0; i < r->n; i++) {
        x[i] = epochs ? r->run[i].epochs : r->run[i].steps;
    }
    return statistics_quantile(r->n, x, q);
}

/* The first saddle of the data that is wanted. Returns 1 when there is one. */
static int find_saddle(struct instance *k, struct critical *c)
{
    double w[CRITICAL_MOST];
    for (uint64_t start = 0; start < STARTS; start++) {
        const saddle_random_stream stream = {(uint64_t)k->seed, PURPOSE_START, start};
        if (saddle_random_normal(&stream, 0, SIGMOID_DIM, w) != SADDLE_OK) {
            return 0;
        }
        const double *lambda = c->lambda;
        if (critical_newton(c, w) && lambda[SIGMOID_DIM - 1] > -0.03 && lambda[SIGMOID_DIM - 1] < -0.005 &&
            lambda[SIGMOID_DIM - 2] > 0.0) {
            memcpy(k->p.saddle, w, sizeof k->p.saddle);
            memcpy(k->p.v, c->vectors + (SIGMOID_DIM - 1) * SIGMOID_DIM, sizeof k->p.v);
            k->p.lambda = lambda[SIGMOID_DIM - 1];
            return 1;
        }
    }
    return 0;
}

/* E <grad f_z, v>^2 and E ||grad f_z||^2 at the saddle; eigenvectors are an orthonormal basis. */
static void look_at_noise(struct instance *k, const struct critical *c)
{
    double slopes[SIGMOID_DIM];
    k->moment = k->energy = 0.0;
    for (int64_t i = 0; i < k->model.samples; i++) {
        const saddle_batch b = {.struct_size = (int64_t)sizeof b, .count = 1, .index = &i, .dim = SIGMOID_DIM};
        (void)sigmoid_model_slopes(&k->model, &b, k->p.saddle, SIGMOID_DIM, c->vectors, slopes);
        for (int j = 0; j < SIGMOID_DIM; j++) {
            k->energy += slopes[j] * slopes[j] / (double)k->model.samples;
        }
        k->moment += slopes[SIGMOID_DIM - 1] * slopes[SIGMOID_DIM - 1] / (double)k->model.samples;
    }
}

/* Returns 1 when data set k->seed has a saddle, 0, or -1 with an error printed. */
static int make_instance(struct instance *k)
{
    struct critical c = {.n = 0};
    int found = -1;
    if (sigmoid_model_random(program.name, (uint64_t)k->seed, &k->model) == 0) {
        if (critical_create(&c, SIGMOID_DIM, SIGMOID_SAMPLES, &k->model, sigmoid_model_gradient,
                            sigmoid_model_hessian) != 0) {
            fail("out of memory");
        } else {
            found = find_saddle(k, &c);
        }
    }
    if (found == 1) {
        look_at_noise(k, &c);
        k->law = log(ESCAPE_LEFT / OFFSET) / log1p(-ESCAPE_ETA * k->p.lambda);
        k->p.program = program.name;
        k->p.model = &k->model;
        if (sigmoid_model_objective(&k->model, &k->p.f) != SADDLE_OK ||
            saddle_objective_value(k->p.f, k->p.saddle, &k->p.f_saddle) != SADDLE_OK) {
            fail(saddle_error_message());
            found = -1;
        }
    }
    critical_release(&c);
    if (found != 1) {
        saddle_objective_destroy(k->p.f);
        sigmoid_model_release(&k->model);
    }
    return found;
}

/* Gradient descent on both sides says where the paths lead. */
static int run_gd(struct instance *k, struct escape_trace *t)
{
    struct runs *r = &k->runs[ESCAPE_GD];
    r->n = 1;
    for (int side = 0; side < 2; side++) {
        struct escape *e = side == 1 ? &r->run[0] : &k->behind;
        if (escape_run(&k->p, ESCAPE_GD, 0, side == 1 ? OFFSET : -OFFSET, GD_STEPS, -1.0, t, e) != 0) {
            return EXIT_FAILED;
        }
        const double drop = k->p.f_saddle - t->f[t->rows - 1];
        k->from[side] = k->p.f_saddle - FROM * drop;
        k->to[side] = k->p.f_saddle - TO * drop;
        k->path[side] = (double)(escape_reached(t, k->to[side]) - escape_reached(t, k->from[side]));
    }
    r->path[0] = k->path[1];
    return EXIT_GOOD;
}

static int run_method(struct instance *k, enum escape_method method, int seeds, struct escape_trace *t)
{
    struct runs *r = &k->runs[method];
    const int sgd = method == ESCAPE_SGD;
    r->n = sgd ? (seeds + 1) / 2 : seeds;
    for (int seed = 0; seed < r->n; seed++) {
        const double f_end = sgd ? -1.0 : fmin(k->to[0], k->to[1]);
        if (escape_run(&k->p, method, seed, OFFSET, sgd ? SGD_STEPS : STEPS, f_end, t, &r->run[seed]) != 0) {
            return EXIT_FAILED;
        }
        const int ahead = r->run[seed].side > 0;
        const int64_t from = escape_reached(t, k->from[ahead]), to = escape_reached(t, k->to[ahead]);
        r->path[seed] = !sgd && r->run[seed].side != 0 && to >= 0 ? (double)(to - from) : NAN;
    }
    return EXIT_GOOD;
}

static void print_instance(const struct instance *k)
{
    const double d = SIGMOID_DIM, ball = ESCAPE_RADIUS * ESCAPE_RADIUS / (d + 2.0);
    printf("\nData set %d: saddle with f = %.4f, lambda = %.4f; linear law of gd: %.0f steps\n"
           "  E <grad f_z, v>^2 = %.3g = %.0f lambda^2, %.2f times its share of isotropic noise\n"
           "  second moment along v of one perturbation: stochastic step %.2e, ball %.2e, ratio %.2f\n",
           k->seed, k->p.f_saddle, k->p.lambda, k->law, k->moment, k->moment / (k->p.lambda * k->p.lambda),
           k->moment * d / k->energy, ESCAPE_STEP * ESCAPE_STEP * k->moment, ball,
           ESCAPE_STEP * ESCAPE_STEP * k->moment / ball);
    printf("  %-15s %4s  %24s  %27s %8s\n", "", "runs", "left at step, quartiles", "epochs, quartiles", "perturb.");
    for (int m = 0; m < ESCAPE_METHODS; m++) {
        const struct runs *r = &k->runs[m];
        double x[MOST_SEEDS];
        for (int i = 0; i < r->n; i++) {
            x[i] = (double)r->run[i].perturbations;
        }
        printf("  %-15s %4d  %7.0f %8.0f %7.0f  %8.1f %9.1f %8.1f %8.0f\n", escape_names[m], r->n, median(r, 0, 0.25),
               median(r, 0, 0.5), median(r, 0, 0.75), median(r, 1, 0.25), median(r, 1, 0.5), median(r, 1, 0.75),
               statistics_quantile(r->n, x, 0.5));
    }
    printf("  gd on the other side: %.0f\n", k->behind.steps);
}

/* How far a method's median path of one side is from that of gd, NaN with too few runs. */
static double path_gap(const struct instance *k, enum escape_method method, int ahead)
{
    const struct runs *r = &k->runs[method];
    double x[MOST_SEEDS];
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        if ((r->run[i].side > 0) == ahead && isfinite(r->path[i])) {
            x[n++] = r->path[i];
        }
    }
    return n < FEW ? NAN : statistics_quantile(n, x, 0.5) / k->path[ahead] - 1.0;
}

static void judge_paths(const struct instance *k)
{
    for (int ahead = 1; ahead >= 0; ahead--) {
        const double ball = path_gap(k, ESCAPE_BALL, ahead), cnc = path_gap(k, ESCAPE_CNC, ahead);
        judge(!(fabs(ball) > 0.05) && !(fabs(cnc) > 0.05),
              "e  data set %d, %s: from %.0f %% to %.0f %% of the way down gd takes %.0f steps, balls %+.1f %%, sgd_gd "
              "%+.1f %%", k->seed, ahead ? "ahead" : "behind", 100.0 * FROM, 100.0 * TO, k->path[ahead], 100.0 * ball,
              100.0 * cnc);
    }
}

static int judge_start(const struct instance *k, struct escape_trace *t)
{
    struct escape e;
    const double start = sqrt(OFFSET * ESCAPE_LEFT), gd = k->runs[ESCAPE_GD].run[0].steps;
    if (escape_run(&k->p, ESCAPE_GD, 0, start, STEPS, -1.0, t, &e) != 0) {
        return EXIT_FAILED;
    }
    judge(fabs(e.steps / gd - 0.5) <= 0.05, "f  data set %d: half the way on the logarithmic scale takes gd %.0f steps, "
          "%.3f of all", k->seed, e.steps, e.steps / gd);
    return EXIT_GOOD;
}

static int judge_instance(const struct instance *k, struct escape_trace *t)
{
    const double gd = k->runs[ESCAPE_GD].run[0].steps, ball = median(&k->runs[ESCAPE_BALL], 0, 0.5),
                 cnc = median(&k->runs[ESCAPE_CNC], 0, 0.5), sgd = median(&k->runs[ESCAPE_SGD], 1, 0.5);
    judge(fabs(gd / k->law - 1.0) <= 0.1, "a  data set %d: gd %.0f steps, linear law %.0f: %+.1f %%", k->seed, gd,
          k->law, 100.0 * (gd / k->law - 1.0));
    judge(ball <= gd / 2.0, "b  data set %d: balls leave %.1f times as fast as gd", k->seed, gd / ball);
    judge(cnc <= 1.15 * ball, "c  data set %d: sgd_gd takes %.2f of the steps with balls", k->seed, cnc / ball);
    judge(sgd <= gd / 20.0, "d  data set %d: sgd leaves in %.1f epochs, %.0f times as fast as gd", k->seed, sgd,
          gd / sgd);
    judge_paths(k);
    return judge_start(k, t);
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
static double leave_quadratic(double lambda)
{
    struct quadratic q = {lambda};
    double w[2] = {OFFSET, 0.0};
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
        fail(saddle_error_message());
    }
    saddle_solver_destroy(solver);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return good ? (double)r.steps : -1.0;
}

static int judge_quadratics(void)
{
    double least = INFINITY, most = 0.0;
    int exact = 1;
    for (double lambda = 0.4; lambda > 0.01; lambda /= 2.0) {
        const double steps = leave_quadratic(lambda);
        if (steps < 0.0) {
            return EXIT_FAILED;
        }
        exact = exact && steps == ceil(log(ESCAPE_LEFT / OFFSET) / log1p(ESCAPE_ETA * lambda));
        least = fmin(least, steps * lambda);
        most = fmax(most, steps * lambda);
    }
    judge(most <= 1.1 * least && exact, "f  quadratics, lambda 0.4 to 0.0125: steps times |lambda| from %.1f to %.1f; "
          "each the linear law, rounded up", least, most);
    return EXIT_GOOD;
}

static void judge_lemma(const char *what, const struct lemma *l)
{
    judge(l->violations == 0 && l->checks > 0, "g  %s: %lld pairs, %lld violations, smallest E <grad f_z, v>^2 (R/lambda)^2 "
          "= %.1f", what, (long long)l->checks, (long long)l->violations, l->smallest);
}

static int write_runs(const char *folder, const struct instance *all, int n)
{
    FILE *f = figure_open(program.name, folder, "halfspaces", "csv");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fputs("data_set,method,seed,left_step,left_epoch,side,perturbations,path_steps\n", f);
    for (int i = 0; i < n; i++) {
        for (int m = 0; m < ESCAPE_METHODS; m++) {
            for (int s = 0; s < all[i].runs[m].n; s++) {
                const struct escape *e = &all[i].runs[m].run[s];
                fprintf(f, "%d,\"%s\",%d,%.0f,%.9g,%d,%lld,%.0f\n", all[i].seed, escape_names[m], s, e->steps, e->epochs,
                        e->side, (long long)e->perturbations, all[i].runs[m].path[s]);
            }
        }
    }
    return figure_close(program.name, f);
}

static const char *const curves[ESCAPE_METHODS] = {"gd", NULL, "balls", NULL, "sgd_gd", "sgd"};

/* The run whose steps are the median's, again and to its end; of its rows those that a curve needs. */
static int write_curve(const char *folder, const struct instance *k, enum escape_method m, struct escape_trace *t)
{
    const struct runs *r = &k->runs[m];
    const double middle = median(r, 0, 0.5);
    int seed = 0;
    struct escape e;
    for (int i = 0; i < r->n; i++) {
        seed = fabs(r->run[i].steps - middle) < fabs(r->run[seed].steps - middle) ? i : seed;
    }
    FILE *f = figure_open(program.name, folder, curves[m], "csv");
    if (f == NULL || escape_run(&k->p, m, seed, OFFSET, m == ESCAPE_SGD ? SGD_STEPS : STEPS, -1.0, t, &e) != 0) {
        return EXIT_FAILED;
    }
    fputs("epoch,f\n", f);
    double last = 0.0;
    for (int64_t i = 1; i < t->rows; i++) {
        if (t->epoch[i] >= 1.02 * last || i == t->rows - 1) {
            fprintf(f, "%.6g,%.6g\n", t->epoch[i], t->f[i]);
            last = t->epoch[i];
        }
    }
    return figure_close(program.name, f);
}

static int write_figure(const char *folder, const struct instance *k)
{
    static const char *const style[ESCAPE_METHODS] = {"lw 4 lc rgb '#bbbbbb'", NULL, "lw 2 lc rgb '#0072b2'", NULL,
                                                      "lw 2 lc rgb '#e69f00'", "lw 2 lc rgb '#d55e00'"};
    FILE *f = figure_open(program.name, folder, "halfspaces", "gp");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fprintf(f, "# f against epochs: gnuplot halfspaces.gp\nset datafile separator ','\nset logscale x\n"
               "set xrange [0.5:8000]\nset xlabel 'epochs (n sample gradients)'\nset ylabel 'f over all samples'\n"
               "set key top right\n");
    figure_begin(f, "halfspaces", 800, 440);
    fprintf(f, "plot %.9g with lines lw 1 dt 3 lc rgb '#666666' title 'saddle'", k->p.f_saddle);
    for (int m = 0; m < ESCAPE_METHODS; m++) {
        if (curves[m] != NULL) {
            fprintf(f, ", \\\n     '%s.csv' skip 1 using 1:2 with lines %s title '%s' noenhanced", curves[m], style[m],
                    escape_names[m]);
        }
    }
    fputs("\n", f);
    figure_end(f);
    return figure_close(program.name, f);
}

static int write_all(const char *folder, const struct instance *all, int n, struct escape_trace *t)
{
    int code = figure_folder(program.name, folder);
    code = code == EXIT_GOOD ? write_runs(folder, all, n) : code;
    for (int m = 0; m < ESCAPE_METHODS && code == EXIT_GOOD; m++) {
        code = curves[m] != NULL ? write_curve(folder, &all[0], m, t) : code;
    }
    code = code == EXIT_GOOD ? write_figure(folder, &all[0]) : code;
    return code == EXIT_GOOD ? figure_run(program.name, folder, "halfspaces", "runs") : code;
}

static int judge_all(const struct instance *all, int n, struct escape_trace *t)
{
    double ratio = 0.0, worse = 0.0;
    struct lemma scaled, unscaled;
    printf("\nCriteria\n");
    for (int i = 0; i < n; i++) {
        if (judge_instance(&all[i], t) != EXIT_GOOD) {
            return EXIT_FAILED;
        }
        ratio += median(&all[i].runs[ESCAPE_CNC], 0, 0.5) / median(&all[i].runs[ESCAPE_BALL], 0, 0.5) / n;
        worse += median(&all[i].runs[ESCAPE_CNC_ONCE], 0, 0.5) / median(&all[i].runs[ESCAPE_BALL_ONCE], 0, 0.5) / n;
    }
    judge(ratio < 1.0, "c  mean over data sets: sgd_gd takes %.2f of the steps with balls", ratio);
    printf("            with one perturbation only, its median is %.1f times as long\n", worse);
    if (judge_quadratics() != EXIT_GOOD || lemma_random(program.name, 1, &scaled) != 0 ||
        lemma_random(program.name, 0, &unscaled) != 0) {
        return EXIT_FAILED;
    }
    judge_lemma("lemma, ||z|| <= 1", &scaled);
    judge_lemma("lemma, ||z|| <= R", &unscaled);
    printf("%d failed\n", failures);
    return failures == 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int study(struct instance *all, int n, int seeds, const char *folder)
{
    struct escape_trace t;
    int found = 0, code = EXIT_GOOD;
    if (escape_trace_create(&t, SGD_STEPS) != 0) {
        code = fail("out of memory");
    }
    for (int seed = 1; seed <= DATA_SETS && found < n && code == EXIT_GOOD; seed++) {
        struct instance *k = &all[found];
        k->seed = seed;
        const int good = make_instance(k);
        code = good < 0 ? EXIT_FAILED : code;
        if (good == 1) {
            found++;
            code = run_gd(k, &t);
            for (int m = ESCAPE_GD + 1; m < ESCAPE_METHODS && code == EXIT_GOOD; m++) {
                code = run_method(k, m, seeds, &t);
            }
            if (code == EXIT_GOOD) {
                print_instance(k);
            }
        }
    }
    code = code == EXIT_GOOD ? judge_all(all, found, &t) : code;
    if (folder != NULL && (code == EXIT_GOOD || failures > 0) && write_all(folder, all, found, &t) != EXIT_GOOD) {
        code = EXIT_FAILED;
    }
    for (int i = 0; i < found; i++) {
        saddle_objective_destroy(all[i].p.f);
        sigmoid_model_release(&all[i].model);
    }
    escape_trace_release(&t);
    return code;
}

static int check_file(const char *path, int points)
{
    struct lemma l;
    if (lemma_file(program.name, path, points, &l) != 0) {
        return EXIT_FAILED;
    }
    judge_lemma("lemma, ||z|| = 1", &l);
    return failures == 0 ? EXIT_GOOD : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static struct instance all[MOST_INSTANCES];
    struct words words;
    int64_t instances, seeds, points;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    if ((code = words_integer(&words, "instances", 1, MOST_INSTANCES, 3, &instances)) != EXIT_GOOD ||
        (code = words_integer(&words, "seeds", 1, MOST_SEEDS, 40, &seeds)) != EXIT_GOOD ||
        (code = words_integer(&words, "points", 1, 1000000, 20, &points)) != EXIT_GOOD) {
        return code;
    }
    const char *data = words_value(&words, "data");
    return data != NULL ? check_file(data, (int)points)
                        : study(all, (int)instances, (int)seeds, words_value(&words, "output"));
}
