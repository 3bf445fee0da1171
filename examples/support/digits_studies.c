/* SPDX-License-Identifier: BSD-3-Clause */
#include "digits_studies.h"
#include <math.h>
#include <stdio.h>

/* Methods that look at all samples in each step are watched at every step, those that take one at every 50th. Single
 * samples are noisy: without a falling step size they would end at the height of their noise, not at the minimum. */
#define PCA_ONE_SAMPLE "step_size=0.02 schedule=cosine max_steps=53910"
#define NETWORK_ONE_SAMPLE "step_size=0.05 schedule=cosine max_steps=53910"

const struct recipe pca_recipes[STUDY_METHODS] = {
    {"gd", "step_size=0.43 max_steps=1000", 1},
    {"sgd_gd", "step_size=0.43 escape_step=0.05 gradient_threshold=1e-3 escape_steps=200 max_steps=1000", 1},
    {"pgd",
     "step_size=0.43 radius=0.05 gradient_threshold=1e-3 escape_steps=400 decrease_threshold=1e-4 max_steps=1200", 1},
    {"ngd", "step_size=0.01 noise=1e-3 noise_every=10 max_steps=500", 1},
    {"sgd", PCA_ONE_SAMPLE, 50},
    {"psgd", PCA_ONE_SAMPLE " noise=0.1 noise_kind=gaussian", 50},
    {"sgld", PCA_ONE_SAMPLE " inverse_temperature=1e5", 50},
};

const struct recipe network_recipes[STUDY_METHODS] = {
    {"gd", "step_size=0.5 max_steps=1000", 1},
    {"sgd_gd", "step_size=0.5 escape_step=0.5 gradient_threshold=1e-2 escape_steps=50 max_steps=1000", 1},
    {"pgd", "step_size=0.5 radius=0.1 gradient_threshold=1e-2 escape_steps=50 decrease_threshold=1e-2 max_steps=1200",
     1},
    {"ngd", "step_size=0.05 noise=1e-3 noise_every=10 max_steps=1000", 1},
    {"sgd", "step_size=0.05 max_steps=53910", 50},
    {"psgd", NETWORK_ONE_SAMPLE " noise=0.01 noise_kind=gaussian", 50},
    {"sgld", NETWORK_ONE_SAMPLE " inverse_temperature=1e7", 50},
};

static const enum expected pca_expected[STUDY_METHODS] = {STAYS, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES};
static const enum expected network_expected[STUDY_METHODS] = {STAYS_AT, STAYS_AT, LEAVES, LEAVES,
                                                              STAYS_AT, LEAVES,   LEAVES};

/* Gradient descent is still on the saddle to many digits; methods of single samples end where their noise lets them. */
static const int64_t pca_kinds[STUDY_METHODS] = {SADDLE_KIND_STRICT_SADDLE, SADDLE_KIND_SECOND_ORDER,
                                                 SADDLE_KIND_SECOND_ORDER,  SADDLE_KIND_UNKNOWN,
                                                 SADDLE_KIND_UNKNOWN,       SADDLE_KIND_UNKNOWN,
                                                 SADDLE_KIND_UNKNOWN};
static const int64_t network_kinds[STUDY_METHODS] = {SADDLE_KIND_STRICT_SADDLE, SADDLE_KIND_STRICT_SADDLE,
                                                     SADDLE_KIND_SECOND_ORDER,  SADDLE_KIND_UNKNOWN,
                                                     SADDLE_KIND_STRICT_SADDLE, SADDLE_KIND_UNKNOWN,
                                                     SADDLE_KIND_UNKNOWN};

struct problem pca_problem(struct pca_model *m)
{
    return (struct problem){
        .name = "pca",
        .dim = DIGITS_PIXELS,
        .samples = DIGITS_COUNT,
        .user = m,
        .value = pca_value,
        .gradient = pca_gradient,
        .value_gradient = pca_value_gradient,
        .hessvec = pca_hessvec,
        .slopes = pca_slopes,
        .saddle = m->saddle,
        /* A tenth of the way down. Noise alone only raises f here, so this is a sure sign; a distance would not. */
        .f_left = m->f_saddle - 0.1 * (m->f_saddle - m->f_minimum),
        .eps_gradient = 0.01,
        .eps_hessian = 0.01,
        .expected = pca_expected,
        .kinds = pca_kinds,
    };
}

struct problem network_problem(struct network_model *m)
{
    static const double zero[NETWORK_DIM];
    return (struct problem){
        .name = "network",
        .dim = NETWORK_DIM,
        .samples = DIGITS_COUNT,
        .user = m,
        .value = network_value,
        .gradient = network_gradient,
        .value_gradient = network_value_gradient,
        .hessvec = network_hessvec,
        .slopes = network_slopes,
        .saddle = zero,
        .f_left = 2.0,
        .eps_gradient = 0.011,
        .eps_hessian = 0.01,
        .expected = network_expected,
        .kinds = network_kinds,
    };
}

void pca_print_title(const struct pca_model *m)
{
    printf("PCA of 1,797 digits, 64 variables\n"
           "  f_z(w) = -(z'w)^2/2 + ||w||^4/4, z = centred pixels of one digit\n"
           "  start: the saddle w = sqrt(lambda_2) u_2, f = %.6f\n"
           "  way out: +-u_1, curvature %.4f; minimum: f = %.6f\n"
           "  left: f <= %.6f\n",
           m->f_saddle, m->lambda[1] - m->lambda[0], m->f_minimum, m->f_saddle - 0.1 * (m->f_saddle - m->f_minimum));
}

void network_print_title(void)
{
    printf("Network of 64, 16 and 10 units for the same digits, 1,184 weights\n"
           "  h = tanh(W1 x), p = softmax(W2 h), f_z(w) = -log p[label]\n"
           "  start: the saddle w = 0, f = log 10 = %.6f\n"
           "  way out: 16 directions, curvature -0.2407; each sample's gradient is 0\n"
           "  left: f <= 2\n",
           log(10.0));
}
