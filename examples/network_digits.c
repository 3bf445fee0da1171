/* SPDX-License-Identifier: BSD-3-Clause */
/* A network that starts with all weights 0, a saddle at which every sample's gradient is exactly 0, and all seven
 * methods from it. The model with its callbacks is support/network_model.c; README.md says how to build it. */
#include <stdio.h>
#include <stdlib.h>
#include "support/density.h"
#include "support/digits_studies.h"
#include "support/figure.h"

static const struct word words_known[] = {
    STUDY_WORDS,
    {"density", "FOLDER",
     "Draws the density of the Hessian's spectrum at the start and at the output into this folder, made if it is not "
     "there; needs --method."},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "network_digits",
    .text = "A small network learns 1,797 hand-written digits from all weights 0, which is a saddle where no sample "
            "has a gradient: which methods leave it? Example: network_digits --method psgd --noise 0.02 "
            "--trace out.csv",
    .words = words_known,
    .takes_options = 1,
};

static int draw(const struct words *words, const struct problem *p)
{
    char ended[64];
    snprintf(ended, sizeof ended, "where %s ended", words_value(words, "method"));
    const struct density_point points[2] = {
        {"start", "at the start, w = 0", p->saddle},
        {"output", ended, p->output},
    };
    struct study study = {.program = program.name, .words = words};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    int code = words_integer(words, "threads", 1, 1024, 1, &study.threads);
    if (code == EXIT_GOOD) {
        code = study_objective(&study, p, &f);
    }
    if (code == EXIT_GOOD && saddle_options_create(NULL, &o) != SADDLE_OK) {
        fprintf(stderr, "%s: %s\n", program.name, saddle_error_message());
        code = EXIT_FAILED;
    }
    if (code == EXIT_GOOD) {
        code = words_set_options(words, o);
    }
    if (code == EXIT_GOOD) {
        putchar('\n');
        code = density_draw(program.name, words_value(words, "density"), f, o, points);
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return code;
}

int main(int argc, char **argv)
{
    static double output[NETWORK_DIM];
    struct words words;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    const char *folder = words_value(&words, "density");
    if (folder != NULL && words_value(&words, "method") == NULL) {
        fprintf(stderr, "%s: --density looks at the output of one run: name it with --method\n", program.name);
        return EXIT_USAGE;
    }
    code = folder != NULL ? figure_folder(program.name, folder) : EXIT_GOOD;
    if (code != EXIT_GOOD) {
        return code;
    }
    struct network_model *model = network_model_create();
    if (model == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        return EXIT_FAILED;
    }
    struct problem problem = network_problem(model);
    problem.output = output;
    network_print_title();
    code = study_table(&words, &problem, network_recipes);
    if (code == EXIT_GOOD && folder != NULL) {
        code = draw(&words, &problem);
    }
    free(model);
    return code;
}
