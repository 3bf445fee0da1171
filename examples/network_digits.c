/* SPDX-License-Identifier: BSD-3-Clause */
/* A network that starts with all weights 0, a saddle at which every sample's gradient is exactly 0, and all seven
 * methods from it. The model with its callbacks is support/network_model.c; README.md says how to build it. */
#include <stdio.h>
#include <stdlib.h>
#include "support/digits_studies.h"

static const struct word words_known[] = {STUDY_WORDS, {NULL, NULL, NULL}};

static const struct program program = {
    .name = "network_digits",
    .text = "A small network learns 1,797 hand-written digits from all weights 0, which is a saddle where no sample "
            "has a gradient: which methods leave it? Example: network_digits --method psgd --noise 0.02 "
            "--trace out.csv",
    .words = words_known,
    .takes_options = 1,
};

int main(int argc, char **argv)
{
    struct words words;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    struct network_model *model = network_model_create();
    if (model == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        return EXIT_FAILED;
    }
    const struct problem problem = network_problem(model);
    network_print_title();
    code = study_table(&words, &problem, network_recipes);
    free(model);
    return code;
}
