/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/recipes.h"
#include <stdio.h>
#include <stdlib.h>

const struct recipe recipes[RECIPES] = {
    {"gd", SADDLE_METHOD_GD, 0},
    {"gd, mini-batches", SADDLE_METHOD_GD, 1},
    {"sgd", SADDLE_METHOD_SGD, 1},
    {"sgd, mini-batches", SADDLE_METHOD_SGD, 1},
    {"sgd, long steps", SADDLE_METHOD_SGD, 1},
    {"sgd_gd", SADDLE_METHOD_SGD_GD, 0},
    {"pgd", SADDLE_METHOD_PGD, 0},
    {"ngd", SADDLE_METHOD_NGD, 0},
    {"ngd, mini-batches", SADDLE_METHOD_NGD, 1},
    {"psgd, gaussian", SADDLE_METHOD_PSGD, 1},
    {"psgd, sphere", SADDLE_METHOD_PSGD, 1},
    {"psgd, ball", SADDLE_METHOD_PSGD, 1},
    {"sgld", SADDLE_METHOD_SGLD, 1},
};

/* name, value, name, value, ..., NULL */
static const char *const settings[RECIPES][13] = {
    {"step_size", "0.125"},
    {"step_size", "0.0625", "batch_size", "5"},
    {"step_size", "0.05"},
    {"step_size", "0.0625", "batch_size", "7"},
    {"step_size", "0.03", "escape_step", "0.25", "escape_steps", "4"},
    {"step_size", "0.125", "escape_step", "0.5", "escape_steps", "5", "gradient_threshold", "0.75", "batch_size",
     "3"},
    {"step_size", "0.125", "radius", "0.25", "escape_steps", "4", "gradient_threshold", "0.75", "decrease_threshold",
     "1e-6"},
    {"step_size", "0.02", "noise", "0.05", "noise_every", "3"},
    {"step_size", "0.02", "noise", "0.05", "noise_every", "2", "batch_size", "4"},
    {"step_size", "0.05", "noise", "0.2", "batch_size", "2"},
    {"step_size", "0.05", "noise", "0.2", "noise_kind", "sphere"},
    {"step_size", "0.05", "noise", "0.2", "noise_kind", "ball", "batch_size", "5"},
    {"step_size", "0.02", "inverse_temperature", "40", "batch_size", "3"},
};

void set(saddle_options *o, const char *name, const char *value)
{
    if (saddle_options_set_text(o, name, value) != SADDLE_OK) {
        (void)fprintf(stderr, "%s\n", saddle_error_message());
        abort();
    }
}

saddle_options *recipe_options(int k, saddle_context *c, int64_t max_steps)
{
    saddle_options *o = NULL;
    if (saddle_options_create(c, &o) != SADDLE_OK ||
        saddle_options_set_int(o, SADDLE_OPT_MAX_STEPS, max_steps) != SADDLE_OK ||
        saddle_options_set_int(o, SADDLE_OPT_SEED, 7) != SADDLE_OK) {
        abort();
    }
    for (int i = 0; settings[k][i] != NULL; i += 2) {
        set(o, settings[k][i], settings[k][i + 1]);
    }
    return o;
}
