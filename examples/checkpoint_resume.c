/* SPDX-License-Identifier: BSD-3-Clause */
/* A run that can be killed: its monitor saves it into a file every so many steps, and the same command goes on from
 * there. However often it was stopped, by Ctrl-C, kill -9 or a power cut, it ends with the bits of a run that never was.
 *     checkpoint_resume run.saddle
 * README.md says how to build it. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/pca_model.h"
#include "support/words.h"

enum { EXIT_INTERRUPTED = 3 };

static const struct word words_known[] = {
    {"every", "INTEGER", "Steps between two saves. [200000]"},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "checkpoint_resume",
    .text = "Runs psgd on the principal component of 1,797 digits for some ten seconds and saves it into FILE as it "
            "goes. Stop it in any way and call it again: it goes on from FILE, to the same bits. FILE is removed at the "
            "end. Exit codes: 0 done, 1 something failed, 2 a wrong word, 3 stopped by Ctrl-C or SIGTERM, and saved.",
    .operand = "FILE",
    .words = words_known,
    .takes_options = 1,
};

static const char settings[] = "step_size=0.01 noise=0.05 schedule=inverse_sqrt schedule_time=100000 "
                               "max_steps=15000000";

struct job {
    const char *path;
    int64_t every;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[DIGITS_PIXELS];
};

static saddle_solver *volatile running; /* what a signal stops */

/* saddle_solver_request_stop() may be called from a signal handler. A second signal ends the program at once. */
static void stop(int number)
{
    saddle_solver_request_stop(running);
    (void)signal(number, SIG_DFL);
}

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s%s\n", program.name, what, saddle_error_message());
    return EXIT_FAILED;
}

static int there(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL) {
        (void)fclose(file);
        return 1;
    }
    return errno != ENOENT;
}

/* A save that fails leaves the file of the one before, and the run is worth more than its copy: it goes on. */
static int monitor(void *user, const saddle_event *e)
{
    struct job *j = user;
    if (e->stop != SADDLE_STOP_NONE) { /* nothing to go on from, or main saves */
        return 0;
    }
    if (saddle_solver_save(j->s, j->path) != SADDLE_OK) {
        (void)fail("not saved, going on: ");
        return 0;
    }
    printf("%3.0f %%: saved after step %" PRId64 "\n", 100.0 * e->fraction, e->step);
    (void)fflush(stdout);
    return 0;
}

static saddle_status make_solver(struct job *j, struct pca_model *m)
{
    saddle_status s = saddle_objective_create(NULL, DIGITS_PIXELS, DIGITS_COUNT, m, &j->f);
    s = s == SADDLE_OK ? saddle_objective_set_gradient(j->f, pca_gradient) : s;
    s = s == SADDLE_OK ? saddle_objective_set_value(j->f, pca_value) : s;
    s = s == SADDLE_OK ? saddle_options_set_int(j->o, SADDLE_OPT_MONITOR_EVERY, j->every) : s;
    memcpy(j->w, m->saddle, sizeof j->w);
    s = s == SADDLE_OK ? saddle_solver_create(j->f, SADDLE_METHOD_PSGD, j->o, j->w, &j->s) : s;
    return s == SADDLE_OK ? saddle_solver_set_monitor(j->s, monitor, j) : s;
}

/* Goes on from the file where it is there; else saves the start, so that a place where nothing can be saved is told now
 * and not after the first hour. */
static int begin(struct job *j)
{
    if (!there(j->path)) {
        if (saddle_solver_save(j->s, j->path) != SADDLE_OK) {
            return fail("");
        }
        printf("a new run, from a saddle\n");
        return EXIT_GOOD;
    }
    const saddle_status s = saddle_solver_load(j->s, j->path);
    if (s != SADDLE_OK) {
        return fail(s == SADDLE_E_MISMATCH ? "give it the words that the run began with, or another FILE: " : "");
    }
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    (void)saddle_solver_result(j->s, &r);
    printf("goes on after step %" PRId64 " from %s\n", r.steps, j->path);
    return EXIT_GOOD;
}

/* FNV-1a over the bytes of w: one bit that differs gives another number. */
static uint64_t hash(const double *w)
{
    unsigned char bytes[DIGITS_PIXELS * sizeof(double)];
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    memcpy(bytes, w, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static int end(struct job *j)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    (void)saddle_solver_result(j->s, &r);
    if (r.stop == SADDLE_STOP_REQUEST) {
        if (saddle_solver_save(j->s, j->path) != SADDLE_OK) {
            return fail("");
        }
        printf("stopped after step %" PRId64 ", saved: the same command goes on from here\n", r.steps);
        return EXIT_INTERRUPTED;
    }
    printf("done: %" PRId64 " steps, %" PRId64 " gradients, f %.17g, hash of the bits of w %016" PRIx64 "\n", r.steps,
           r.gradient_samples, r.value, hash(j->w));
    if (fflush(stdout) != 0) { /* the answer has not arrived: the file stays, to ask again */
        fprintf(stderr, "%s: the answer cannot be written: %s\n", program.name, strerror(errno));
        return EXIT_FAILED;
    }
    if (remove(j->path) != 0) {
        fprintf(stderr, "%s: %s cannot be removed: %s\n", program.name, j->path, strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

static int run(struct job *j)
{
    int code = begin(j);
    if (code != EXIT_GOOD) {
        return code;
    }
    running = j->s;
    (void)signal(SIGINT, stop);
    (void)signal(SIGTERM, stop);
    code = saddle_solver_run(j->s) == SADDLE_OK ? end(j) : fail("");
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    return code;
}

static int run_words(struct job *j, const struct words *words)
{
    int code = words_integer(words, "every", 1, INT64_MAX, 200000, &j->every);
    if (code == EXIT_GOOD && saddle_options_create(NULL, &j->o) != SADDLE_OK) {
        code = fail("");
    }
    code = code == EXIT_GOOD ? words_set_settings(program.name, settings, j->o) : code;
    code = code == EXIT_GOOD ? words_set_options(words, j->o) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    struct pca_model *model = pca_model_create();
    if (model == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        return EXIT_FAILED;
    }
    code = make_solver(j, model) == SADDLE_OK ? run(j) : fail("");
    saddle_solver_destroy(j->s);
    saddle_objective_destroy(j->f);
    free(model);
    return code;
}

int main(int argc, char **argv)
{
    struct words words;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    if (words.operand == NULL) {
        fprintf(stderr, "%s: the FILE is missing that the run is saved into\nTry '%s --help'.\n", program.name,
                program.name);
        return EXIT_USAGE;
    }
    struct job job = {.path = words.operand};
    code = run_words(&job, &words);
    saddle_options_destroy(job.o);
    return code;
}
