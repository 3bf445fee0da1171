/* SPDX-License-Identifier: BSD-3-Clause */
/* The saddle of principal component analysis, and all seven methods from it. The model with its callbacks is
 * support/pca_model.c; README.md says how to build it. */
#include <stdio.h>
#include <stdlib.h>
#include "support/digits_studies.h"

static const struct word words_known[] = {STUDY_WORDS, {NULL, NULL, NULL}};

static const struct program program = {
    .name = "pca_digits",
    .text = "Principal component analysis of 1,797 hand-written digits as a minimisation that starts exactly at a "
            "saddle: which methods leave it? Example: pca_digits --method pgd --step_size 0.43 --trace out.csv",
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
    struct pca_model *model = pca_model_create();
    if (model == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        return EXIT_FAILED;
    }
    const struct problem problem = pca_problem(model);
    pca_print_title(model);
    code = study_table(&words, &problem, pca_recipes);
    free(model);
    return code;
}
