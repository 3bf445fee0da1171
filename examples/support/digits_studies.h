/* SPDX-License-Identifier: BSD-3-Clause */
/* The two saddles of the digits, with settings for all seven methods and what is expected of each. */
#ifndef DIGITS_STUDIES_H
#define DIGITS_STUDIES_H
#include "network_model.h"
#include "pca_model.h"
#include "study.h"

extern const struct recipe pca_recipes[STUDY_METHODS];
extern const struct recipe network_recipes[STUDY_METHODS];

struct problem pca_problem(struct pca_model *m);
struct problem network_problem(struct network_model *m);

void pca_print_title(const struct pca_model *m);
void network_print_title(void);

#endif
