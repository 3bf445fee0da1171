/* SPDX-License-Identifier: BSD-3-Clause */
/* One set of options for each way a method can run: every method, with and without mini-batches, escapes and noises. */
#ifndef SADDLE_TEST_RECIPES_H
#define SADDLE_TEST_RECIPES_H
#include <saddle/saddle.h>

struct recipe {
    const char *name;
    saddle_method method;
    int by_batches; /* its gradients are of mini-batches */
};

enum { RECIPES = 13 };
extern const struct recipe recipes[RECIPES];

/* The options of recipe number k, with this limit of steps. Aborts the test when they cannot be made. */
saddle_options *recipe_options(int k, saddle_context *c, int64_t max_steps);
/* Sets an option by its text. Aborts the test when that fails. */
void set(saddle_options *o, const char *name, const char *value);

#endif
