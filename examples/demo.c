/* SPDX-License-Identifier: BSD-3-Clause */
/* Two saddles, seven methods: which of them leave? Prints a table for each saddle, writes every run as a CSV file and
 * draws a figure. The exit code is 1 when a method does what it should not. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "support/digits_studies.h"
#include "support/figure.h"

static const struct word words_known[] = {
    {"output", "FOLDER", "Where the runs and the figure go; made if it is not there. [saddle-demo]"},
    {"seed", "INTEGER", "Seed of all random numbers. [0]"},
    {"threads", "INTEGER",
     "Threads that share the samples of an evaluation; they change no bit of it. [all processors, at most 8]"},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "demo",
    .text = "Starts seven methods exactly at a saddle, of two different kinds, and shows which of them leave.",
    .words = words_known,
};

struct demo {
    const char *folder;
    int64_t seed, threads;
    struct progress progress;
    int unexpected; /* runs that did not do what they should */
    int predicted;  /* runs of which it was said before whether they leave */
};

static int64_t processors(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 8 ? 8 : n;
}

static int read_words(struct demo *d, const struct words *w)
{
    const char *folder = words_value(w, "output");
    d->folder = folder == NULL ? "saddle-demo" : folder;
    int code = words_integer(w, "seed", 0, INT64_C(1) << 62, 0, &d->seed);
    if (code == EXIT_GOOD) {
        code = words_integer(w, "threads", 1, 1024, processors(), &d->threads);
    }
    return code == EXIT_GOOD ? figure_folder(program.name, d->folder) : code;
}

static double work_of(const struct problem *p, const struct recipe *recipes)
{
    double sum = 0.0;
    for (int i = 0; i < STUDY_METHODS; i++) {
        sum += study_work(p, &recipes[i]);
    }
    return sum;
}

/* All methods from one saddle. */
static int show(struct demo *d, const struct problem *p, const struct recipe *recipes)
{
    struct prediction prediction = {.samples = 0};
    const struct study start = {
        .program = program.name, .threads = d->threads, .seed = d->seed, .prediction = &prediction};
    int code = study_print_start(&start, p);
    if (code == EXIT_GOOD) {
        study_print_heading();
    }
    for (int i = 0; i < STUDY_METHODS && code == EXIT_GOOD; i++) {
        const struct recipe *r = &recipes[i];
        char trace[4096], label[64];
        snprintf(trace, sizeof trace, "%s/%s_%s.csv", d->folder, p->name, r->method);
        snprintf(label, sizeof label, "%s: %s", p->name, r->method);
        const struct study study = {.program = program.name,
                                    .trace = trace,
                                    .progress = &d->progress,
                                    .threads = d->threads,
                                    .seed = d->seed,
                                    .prediction = &prediction};
        struct outcome outcome;
        progress_part(&d->progress, label, study_work(p, r));
        code = study_run(&study, p, recipes, i, &outcome);
        progress_part_over(&d->progress);
        progress_clear(&d->progress);
        if (code == EXIT_GOOD) {
            study_print_row(&outcome);
            fflush(stdout);
            d->unexpected += !outcome.as_expected;
            d->predicted += outcome.forecast.word == FORECAST_STAYS || outcome.forecast.word == FORECAST_LEAVES;
        }
    }
    prediction_release(&prediction);
    return code;
}

static int draw(const struct demo *d, const struct pca_model *m, const struct problem *pca,
                const struct problem *network)
{
    const struct panel panels[] = {
        {"pca", "PCA of digits: the samples are noisy at the saddle", m->f_saddle, pca->f_left, "-0.1235:-0.094",
         "gd stays", "0.78, 0.76"},
        {"network", "Network: no sample has a gradient at the saddle", log(10.0), network->f_left, "0:2.5",
         "gd, sgd_gd and sgd stay", "0.56, 0.965"},
    };
    putchar('\n');
    return figure_draw(program.name, d->folder, panels, pca_recipes);
}

static void print_pca_note(void)
{
    printf("\n  Gradient descent (gd) stays. Given 3,000 steps it would leave as well, on\n"
           "  nothing but rounding errors. sgd leaves on the noise of its samples, after far\n"
           "  fewer of them than the methods that look at all samples in each step.\n\n");
}

static void print_network_note(void)
{
    printf("\n  Where it says stayed, every bit of w is still 0: no sample has a gradient\n"
           "  here, so samples bring no noise. Only noise that a method adds itself helps.\n");
}

static int conclude(const struct demo *d)
{
    if (d->unexpected > 0) {
        printf("\nNOT as expected: %d of %d runs, marked with ! above.\n", d->unexpected, 2 * STUDY_METHODS);
        return EXIT_FAILED;
    }
    printf("\nWhat you have just seen: started exactly on a saddle, gradient descent stays.\n"
           "At the first saddle the gradients of single samples point along the way out,\n"
           "and all other methods leave. At the second they do not, and only methods that\n"
           "add noise of their own leave. Which of the two it is depends on the CNC\n"
           "condition: are the samples' gradients correlated with the direction of negative\n"
           "curvature? Measured at the start, it told of %d of %d runs whether they leave, and\n"
           "was right of all of them.\n",
           d->predicted, 2 * STUDY_METHODS);
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    struct words words;
    struct demo d = {.folder = NULL};
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    code = read_words(&d, &words);
    if (code != EXIT_GOOD) {
        return code;
    }
    struct pca_model *pca_model = pca_model_create();
    struct network_model *network_model = network_model_create();
    if (pca_model == NULL || network_model == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        free(pca_model);
        free(network_model);
        return EXIT_FAILED;
    }
    const struct problem pca = pca_problem(pca_model), network = network_problem(network_model);
    progress_start(&d.progress, work_of(&pca, pca_recipes) + work_of(&network, network_recipes));
    pca_print_title(pca_model);
    code = show(&d, &pca, pca_recipes);
    if (code == EXIT_GOOD) {
        print_pca_note();
        network_print_title();
        code = show(&d, &network, network_recipes);
    }
    if (code == EXIT_GOOD) {
        print_network_note();
        code = draw(&d, pca_model, &pca, &network);
    }
    free(pca_model);
    free(network_model);
    return code == EXIT_GOOD ? conclude(&d) : code;
}
