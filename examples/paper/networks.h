/* SPDX-License-Identifier: BSD-3-Clause */
/* What the studies of width, depth and spectrum share: networks at random points, and what is seen there. */
#ifndef NETWORKS_H
#define NETWORKS_H
#include "alignment.h"

enum { NETWORKS_MOST = 16, NETWORKS_MOST_UNITS = 1024, NETWORKS_MOST_HIDDEN = MLP_MOST_LAYERS - 1 };

/* For struct program. */
#define NETWORKS_WORDS                                                                                               \
    {"points", "INTEGER", "Random points of each network. [10]"},                                                         \
        {"dense", "INTEGER",                                                                                         \
         "Up to so many weights all eigenpairs are computed, not only the two ends of the spectrum. [1200 in width, " \
         "2300 in depth]"},                                                                                          \
        {"draws", "INTEGER", "Vectors of isotropic noise at each point. [as many as samples, at most 10000]"},       \
        {"threads", "INTEGER", "Threads that share the samples of a Hessian product. [1]"},                          \
        {"output", "FOLDER", "Writes CSV files and a figure there."}

struct networks {
    const char *program;
    struct images images;
    saddle_context *context;
    saddle_options *options;
    int64_t seed, points, dense, draws, threads;
    const char *output; /* or NULL */
};

/* What is seen at a random point. */
struct look {
    int64_t dim, products;
    double loss, gradient_norm;
    double lambda_min, lambda_max, residual; /* the larger one */
    double left, right;                      /* E cos^2 with their eigenvectors */
    double left_moment;                      /* E <grad f_z, v>^2 of lambda_min */
    double apart;                            /* saddle_cnc_along()'s moments and cosines from ours, the farthest, relative */
    struct energy energy;
    double noise_left;                       /* E cos^2 of isotropic noise */
    /* with all eigenpairs; those within 1e-9 ||H|| of 0 are neither negative nor positive */
    int full;
    int64_t negatives, positives;
    double negative, positive, sum;          /* sums of E cos^2 over them, and over all */
    double noise_negative;
    double noise_worst;                      /* farthest from 1/dim, in standard deviations */
    double gap;                              /* of the library's two eigenvalues and LAPACK's, the larger one */
};

/* All eigenpairs of a point, ascending. */
struct pairs {
    int64_t dim;
    double *lambda, *cosine, *noise; /* dim of each: eigenvalue, E cos^2 of samples and of noise */
};

/* Reads words and data. Returns EXIT_GOOD, or with an error printed EXIT_FAILED or EXIT_USAGE. */
int networks_open(struct networks *n, const struct words *words, int64_t points, int64_t dense);
void networks_close(struct networks *n);

/* Reads "4,8,16", ascending, into numbers, or initial where the word is not given; returns as networks_open(). */
int networks_list(const struct words *words, const char *name, const char *initial, int most,
                  int numbers[NETWORKS_MOST], int *count);

/* Looks at point 0, 1, ...: w of N(0, 1), a function of the seed, the network and the point. With pairs, which are to
 * be freed by pairs_free(), all eigenpairs are computed whatever --dense is. Returns as networks_open(). */
int networks_look(const struct networks *n, int hidden, int units, int64_t point, struct look *out,
                  struct pairs *pairs);
void pairs_free(struct pairs *p);

/* "1,797 digits of 8 x 8 pixels from 0 to 1" */
void networks_describe(const struct networks *n, char *text, size_t size);

#endif
