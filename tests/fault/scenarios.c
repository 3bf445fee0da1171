/* SPDX-License-Identifier: BSD-3-Clause */
/* What is played: every function that allocates or calls back, on every way that it knows. */
#include "fault/stage.h"
#include "support/recipes.h"
#include <stdio.h>

#define MAKE ACT_CONTEXT, ACT_OBJECTIVE, ACT_OPTIONS
#define CURVATURE "eigen_tol", "1e-8", "eps_gradient", "10", "eps_hessian", "0.01"

/* Evaluations and curvature; recipe 0 brings its options, which are not read. */
static const struct scenario functions[] = {
    {"evaluations", {MAKE, ACT_VALUE, ACT_GRADIENT, ACT_HESSVEC, -1}, 0, SEPARATE, WITH_HESSVEC, 1, {NULL}, 0, 0, 0, 0},
    {"evaluations, all three", {MAKE, ACT_VALUE, ACT_GRADIENT, ACT_HESSVEC, -1}, 0, ALL_THREE, WITH_HESSVEC, 2, {NULL}, 0, 0, 0, 0},
    {"evaluations by one callback", {MAKE, ACT_VALUE, ACT_GRADIENT, ACT_HESSVEC, -1}, 0, TOGETHER, 0, 3, {NULL}, 0, 0, 0, 1},
    {"a check of derivatives", {MAKE, ACT_CHECK_DERIVATIVES, -1}, 0, ALL_THREE, WITH_HESSVEC | WITH_SLOPES, 1, {NULL}, 0, 0, 0, 1},
    {"assumptions", {MAKE, ACT_ASSUMPTIONS, -1}, 0, SEPARATE, WITH_HESSVEC, 1, {"target_value", "-5"}, 0, 0, 0, 0},
    {"assumptions by differences", {MAKE, ACT_ASSUMPTIONS, -1}, 0, GRADIENT_ONLY, 0, 2, {NULL}, 0, 0, 0, 1},
    {"a caller's operator", {MAKE, ACT_LANCZOS, ACT_LANCZOS_RUN, -1}, 0, GRADIENT_ONLY, 0, 1, {CURVATURE}, 0, 0, 0, 0},
    {"a caller's operator, restarted", {MAKE, ACT_LANCZOS, ACT_LANCZOS_RUN, -1}, 0, GRADIENT_ONLY, 0, 1,
     {"eigenvalues", "2", "which", "both", "basis", "6"}, 0, 0, 0, 0},
    {"a Hessian", {MAKE, ACT_LANCZOS_HESSIAN, ACT_LANCZOS_RUN, -1}, 0, GRADIENT_ONLY, WITH_HESSVEC, 1, {CURVATURE}, 0, 0, 0, 0},
    {"an answer", {MAKE, ACT_LAMBDA_MIN, ACT_CERTIFY, -1}, 0, GRADIENT_ONLY, WITH_HESSVEC, 2, {CURVATURE}, 0, 0, 0, 0},
    {"a density", {MAKE, ACT_DENSITY, -1}, 0, GRADIENT_ONLY, WITH_HESSVEC, 1, {CURVATURE}, 0, 0, 0, 0},
    {"a Hessian by differences", {MAKE, ACT_LANCZOS_HESSIAN, ACT_LANCZOS_RUN, -1}, 0, GRADIENT_ONLY, 0, 2, {CURVATURE}, 0, 0, 0, 1},
    {"an answer by differences", {MAKE, ACT_LAMBDA_MIN, ACT_CERTIFY, -1}, 0, TOGETHER, 0, 1, {CURVATURE}, 0, 0, 0, 1},
    {"a density by differences", {MAKE, ACT_DENSITY, -1}, 0, GRADIENT_ONLY, 0, 2, {CURVATURE}, 0, 0, 0, 1},
    {"the condition, by slopes", {MAKE, ACT_CNC_CHECK, ACT_CNC_ALONG, -1}, 0, GRADIENT_ONLY, WITH_HESSVEC | WITH_SLOPES, 1, {CURVATURE}, 0, 0,
     0, 0},
    {"the condition, by gradients", {MAKE, ACT_CNC_CHECK, ACT_CNC_ALONG, -1}, 0, TOGETHER, WITH_HESSVEC, 2, {CURVATURE}, 0, 0, 0, 0},
    {"the condition, sampled", {MAKE, ACT_CNC_CHECK, ACT_CNC_ALONG, -1}, 0, GRADIENT_ONLY, WITH_HESSVEC, 1, {CURVATURE, "cnc_samples", "5"},
     0, 0, 0, 0},
};

/* Each recipe goes through these; name and recipe are filled in. */
#define WALK {MAKE, ACT_SOLVER, ACT_STEP, ACT_STEP, ACT_STEP, ACT_RUN, -1}
static const struct scenario walks[] = {
    {"last", WALK, 0, TOGETHER, 0, 1, {"monitor_every", "1"}, 0, 1, 0, 0},
    {"uniform, projected", WALK, 0, ALL_THREE, 0, 2, {"output", "uniform", "monitor_every", "2"}, 1, 1, 1, 0},
    {"best", WALK, 0, SEPARATE, 0, 1, {"output", "best", "target_value", "-1e9"}, 0, 0, 0, 0},
    {"checked", WALK, 0, SEPARATE, WITH_HESSVEC, 1, {"check_every", "2", "eps_gradient", "10", "eps_hessian", "0.01"}, 0, 1, 0, 0},
    {"chosen step", WALK, 0, SEPARATE, WITH_HESSVEC, 1, {"step_size", "0"}, 0, 0, 1, 0},
    {"saved", {MAKE, ACT_SOLVER, ACT_STEP, ACT_STEP, ACT_SAVE, ACT_LOAD, ACT_STEP, ACT_RUN, -1}, 0, TOGETHER, 0, 1, {"output", "uniform"},
     0, 1, 0, 0},
    {"in one call", {MAKE, ACT_MINIMIZE, -1}, 0, TOGETHER, 0, 3, {NULL}, 1, 0, 0, 0},
};

enum { FUNCTIONS = sizeof functions / sizeof functions[0], WALKS = sizeof walks / sizeof walks[0] };

int stage_scenarios(void)
{
    return FUNCTIONS + WALKS * RECIPES;
}

const struct scenario *stage_scenario(int number)
{
    static char name[80];
    static struct scenario t;
    if (number < FUNCTIONS) {
        return &functions[number];
    }
    const int recipe = (number - FUNCTIONS) % RECIPES, walk = (number - FUNCTIONS) / RECIPES;
    t = walks[walk];
    t.recipe = recipe;
    (void)snprintf(name, sizeof name, "%s: %s", recipes[recipe].name, t.name);
    t.name = name;
    t.absorbs = recipes[recipe].method == SADDLE_METHOD_SGLD || (walk == 4 && !recipes[recipe].by_batches);
    return &t;
}
