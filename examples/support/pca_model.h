/* SPDX-License-Identifier: BSD-3-Clause */
/* The first principal component as a minimum:
 *     f_z(w) = -(z'w)^2/2 + ||w||^4/4,   z the centred pixels of one digit.
 * With C = mean z z', grad f = ||w||^2 w - C w. It vanishes at +-sqrt(lambda_k) u_k for each eigenpair of C; k = 1 is
 * the minimum, every other k a saddle with the curvature lambda_k - lambda_1 along u_1. */
#ifndef PCA_MODEL_H
#define PCA_MODEL_H
#include <saddle/saddle.h>
#include "digits.h"

struct pca_model {
    double z[DIGITS_COUNT][DIGITS_PIXELS];
    double lambda[DIGITS_PIXELS];           /* eigenvalues of C, falling */
    double u[DIGITS_PIXELS][DIGITS_PIXELS]; /* row k: the unit eigenvector of lambda[k] */
    double saddle[DIGITS_PIXELS];           /* sqrt(lambda_2) u_2 */
    double f_saddle;                        /* -lambda_2^2/4 */
    double f_minimum;                       /* -lambda_1^2/4 */
};

/* NULL when memory is short; to be given to free(). */
struct pca_model *pca_model_create(void);

/* w = sqrt(lambda_k) u_k, k = 1 .. DIGITS_PIXELS counted as in the text above. */
void pca_stationary_point(const struct pca_model *m, int k, double *w);

/* Callbacks; user is the model. They only read it: any number of threads may call them. */
int pca_value(void *user, const saddle_batch *b, const double *w, double *value);
int pca_gradient(void *user, const saddle_batch *b, const double *w, double *gradient);
int pca_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient);
int pca_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product);
int pca_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes);

#endif
