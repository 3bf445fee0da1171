/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the network: the passes over a block of samples. */
#ifndef MLP_SPACE_H
#define MLP_SPACE_H
#include <cblas.h>
#include "mlp.h"

/* Matrices of MLP_GRAIN rows, one for each sample, by layers l = 0 .. L. */
struct mlp_space {
    double *x;                              /* samples that do not lie one after another */
    const double *a[MLP_MOST_LAYERS + 1];   /* a_l; a_0 = x, a_L = p */
    double *own[MLP_MOST_LAYERS + 1];       /* where a_l is kept, l >= 1 */
    double *slope[MLP_MOST_LAYERS + 1];     /* the derivative of the sigmoid at z_l */
    double *delta[MLP_MOST_LAYERS + 1];     /* df_z/dz_l */
    double *rz[MLP_MOST_LAYERS + 1];        /* derivatives along v, of z_l */
    double *ra[MLP_MOST_LAYERS + 1];        /* and of a_l */
    double *rdelta[2];                      /* and of delta_l, in turns */
    double *pack, *wide;                    /* slopes: W_l of several directions, and their products */
    unsigned char label[MLP_GRAIN];
    double *memory;
};

/* C = alpha op(A) op(B) + beta C, all of them row by row; `inner` is what is summed over. */
static inline void mlp_product(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int64_t rows, int64_t columns, int64_t inner,
                               double alpha, const double *a, const double *b, double beta, double *c)
{
    cblas_dgemm(CblasRowMajor, ta, tb, (int)rows, (int)columns, (int)inner, alpha, a,
                (int)(ta == CblasNoTrans ? inner : rows), b, (int)(tb == CblasNoTrans ? columns : inner), beta, c,
                (int)columns);
}

static inline const double *mlp_weights(const struct mlp *m, const double *w, int l)
{
    return w + m->at[l - 1];
}

/* a_l, slopes, p and delta_L; returns the sum of f_z. Samples are first, first + 1, ..., or
 * index[] when first is -1. */
double mlp_forward(const struct mlp *m, struct mlp_space *s, int64_t first, const int64_t *index, int64_t count,
                   const double *w);

/* delta_l of the layers below. */
void mlp_backward(const struct mlp *m, struct mlp_space *s, int64_t count, const double *w);

/* Into rdelta[0] the derivative of p - e_label, from that of z_L. */
void mlp_softmax_along(struct mlp_space *s, int64_t count, int last);

/* next: the derivative of delta_(l-1) = slope_(l-1) (delta_l W_l), from that of delta_l, now; beta 1 adds to it what
 * next holds, delta_l V_l where W_l moves too. It is slope times that of the bracket, and (1 - 2a) rz delta. */
void mlp_delta_along(const struct mlp *m, struct mlp_space *s, int64_t count, const double *w, int l, const double *now,
                     double beta, double *next);

#endif
