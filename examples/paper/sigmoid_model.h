/* SPDX-License-Identifier: BSD-3-Clause */
/* Half-spaces with the sigmoid loss, f_z(w) = s(<w, z>), s(t) = 1/(1 + exp(-t)), z = -label x. The rows z are sparse. */
#ifndef SIGMOID_MODEL_H
#define SIGMOID_MODEL_H
#include <saddle/saddle.h>

enum { SIGMOID_SAMPLES = 40, SIGMOID_DIM = 4 }; /* of the random data */

struct sigmoid_model {
    int n; /* variables */
    int64_t samples;
    int64_t *row;    /* samples + 1: the entries of z_i are column[k], z[k], row[i] <= k < row[i + 1] */
    int32_t *column;
    double *z;
};

/* Two Gaussian classes of 20 points each in 4 dimensions, standard deviation 2, means (-1, 0, 1, -1/2) with label -1
 * and (1, 0, -1, -1/2) with label 1. Returns 0, or -1 with an error printed. Release in both cases. */
int sigmoid_model_random(const char *program, uint64_t seed, struct sigmoid_model *m);

/* From a file in the format of LIBSVM; labels above 0 are 1, others -1. Returns as above. */
int sigmoid_model_file(const char *program, const char *path, struct sigmoid_model *m);

void sigmoid_model_release(struct sigmoid_model *m);

/* The greatest ||z||. */
double sigmoid_model_radius(const struct sigmoid_model *m);

/* All z by the same factor to a greatest norm of 1; or each by its own, where it is not 0. */
void sigmoid_model_scale(struct sigmoid_model *m);
void sigmoid_model_scale_rows(struct sigmoid_model *m);

/* Callbacks; user is the model. The last one is for critical.h. */
int sigmoid_model_value(void *user, const saddle_batch *b, const double *w, double *value);
int sigmoid_model_gradient(void *user, const saddle_batch *b, const double *w, double *gradient);
int sigmoid_model_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product);
int sigmoid_model_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v,
                         double *slopes);
void sigmoid_model_hessian(void *user, const double *w, double *hessian);

/* An objective with all of them. */
saddle_status sigmoid_model_objective(struct sigmoid_model *m, saddle_objective **out);

#endif
