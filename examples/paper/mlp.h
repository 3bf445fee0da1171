/* SPDX-License-Identifier: BSD-3-Clause */
/* A network of fully connected layers without biases: sigmoid hidden layers, a linear output, cross-entropy,
 *     a_0 = x,  z_l = W_l a_(l-1),  a_l = 1/(1 + exp(-z_l)) for l < L,  p = softmax(z_L),  f_z(w) = -log p[label].
 * w holds W_1, ..., W_L, each row by row, a row for a unit. With delta_l = df_z/dz_l the gradient of W_l is
 * delta_l a_(l-1)', an outer product: its norm and its product with a direction need no gradient per sample. All is
 * done for a block of samples at once, by products of matrices (CBLAS). */
#ifndef MLP_H
#define MLP_H
#include <saddle/saddle.h>
#include "images.h"

enum { MLP_MOST_LAYERS = 129, MLP_GRAIN = 256 };

struct mlp_space; /* what a thread computes in */

struct mlp {
    int layers;                     /* L, matrices of weights */
    int width[MLP_MOST_LAYERS + 1]; /* of x, of the hidden layers, of the output */
    int widest;                     /* of the layers 1 .. L */
    int64_t at[MLP_MOST_LAYERS + 1]; /* W_l begins at w + at[l - 1]; at[L] = dim */
    int64_t dim;
    const struct images *data;
    int threads;
    struct mlp_space *space;
};

/* hidden layers of `units` units, for so many concurrent callers. The images are borrowed. Returns 0 when memory is
 * short. */
int mlp_create(struct mlp *m, const struct images *data, int hidden, int units, int threads);
void mlp_free(struct mlp *m);

/* An objective with all callbacks below; m outlives it. Errors as of saddle_objective_create(). */
saddle_status mlp_objective(struct mlp *m, saddle_context *c, saddle_objective **out);

/* Callbacks; user is the model. Threads below m->threads may call them at once. */
int mlp_value(void *user, const saddle_batch *b, const double *w, double *value);
int mlp_gradient(void *user, const saddle_batch *b, const double *w, double *gradient);
int mlp_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient);
int mlp_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product);
int mlp_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes);

/* The slopes of samples first .. first+count-1, count <= MLP_GRAIN, along k directions, as of mlp_slopes(); and of each
 * the squared norm of its gradient, layer by layer: norms[i L + l - 1] for W_l. One of the two may be NULL. */
void mlp_block(struct mlp *m, int64_t first, int64_t count, const double *w, int64_t k, const double *v, double *slopes,
               double *norms);

/* The Hessian over all samples, dim x dim numbers, symmetric to the last bit. Returns 0 when memory is short. */
int mlp_hessian(struct mlp *m, const double *w, double *hessian);

#endif
