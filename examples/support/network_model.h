/* SPDX-License-Identifier: BSD-3-Clause */
/* A small classifier of digits: 64 pixels, 16 hidden units, 10 classes, without biases.
 *     h = tanh(W1 x),  p = softmax(W2 h),  f_z(w) = -log p[label]
 * w holds W1 first, the 16 weights of pixel 0, of pixel 1, ...; then W2, row by row. At w = 0 the gradient of every
 * single sample is exactly zero: it is h (p - e_label)' for W2 and W2'(p - e_label) x' for W1. */
#ifndef NETWORK_MODEL_H
#define NETWORK_MODEL_H
#include <saddle/saddle.h>
#include "digits.h"

enum { NETWORK_HIDDEN = 16, NETWORK_DIM = NETWORK_HIDDEN * DIGITS_PIXELS + DIGITS_CLASSES * NETWORK_HIDDEN };

struct network_model {
    double x[DIGITS_COUNT][DIGITS_PIXELS];
    int label[DIGITS_COUNT];
};

/* NULL when memory is short; to be given to free(). */
struct network_model *network_model_create(void);

/* Callbacks; user is the model. They only read it: any number of threads may call them. */
int network_value(void *user, const saddle_batch *b, const double *w, double *value);
int network_gradient(void *user, const saddle_batch *b, const double *w, double *gradient);
int network_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient);
int network_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product);
int network_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes);

#endif
