/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole Hessian by the R-operator. What a weight moves is its unit's z, by the input a_i of the weight; so for each
 * unit u of a layer l the derivatives along z_u are taken, of the gradients of W_l, ..., W_L of each sample, and their
 * products with the inputs, summed over samples, are the rows of all weights of the unit:
 *     H[(l,u,i), .] = (1/n) sum_z a_(l-1),i d(grad f_z)/dz_u.
 * Nothing below layer l moves; what is left of a row follows by symmetry. */
#include "mlp_space.h"
#include <stdlib.h>
#include <string.h>

/* z_u of layer l moves by 1: up to the output, and into rdelta[0] the derivative of p - e_label. */
static void upwards(const struct mlp *m, struct mlp_space *s, int64_t count, const double *w, int l, int u)
{
    const int last = m->layers;
    memset(s->rz[l], 0, (size_t)(count * m->width[l]) * sizeof(double));
    for (int64_t i = 0; i < count; i++) {
        s->rz[l][i * m->width[l] + u] = 1.0;
    }
    for (; l < last; l++) {
        for (int64_t i = 0; i < count * m->width[l]; i++) {
            s->ra[l][i] = s->slope[l][i] * s->rz[l][i];
        }
        mlp_product(CblasNoTrans, CblasTrans, count, m->width[l + 1], m->width[l], 1.0, s->ra[l],
                    mlp_weights(m, w, l + 1), 0.0, s->rz[l + 1]);
    }
    mlp_softmax_along(s, count, m->layers);
}

/* Of each sample the derivative of its gradient of W_l, rdelta_l a_(l-1)' + delta_l ra_(l-1)', from unit `first` on.
 * The lowest layer that moves has inputs that do not. */
static void differentiate(const struct mlp *m, const struct mlp_space *s, int64_t count, int l, int lowest, int first,
                          const double *rdelta, double *rows, int64_t stride)
{
    const int64_t width = m->width[l], below = m->width[l - 1];
    for (int64_t z = 0; z < count; z++) {
        const double *a = s->a[l - 1] + z * below, *ra = lowest ? NULL : s->ra[l - 1] + z * below;
        double *restrict out = rows + z * stride;
        for (int64_t u = first; u < width; u++) {
            const double r = rdelta[z * width + u], d = s->delta[l][z * width + u];
            for (int64_t i = 0; i < below; i++) {
                *out++ = r * a[i] + (lowest ? 0.0 : d * ra[i]);
            }
        }
    }
}

/* All rows of unit u, from their own block of columns on. */
static void add_unit(const struct mlp *m, struct mlp_space *s, int64_t count, const double *w, int layer, int u,
                     double *rows, double *hessian)
{
    const int64_t below = m->width[layer - 1], from = m->at[layer - 1] + u * below, columns = m->dim - from;
    double *now = s->rdelta[0], *next = s->rdelta[1];
    upwards(m, s, count, w, layer, u);
    for (int l = m->layers; l >= layer; l--) {
        const int lowest = l == layer;
        differentiate(m, s, count, l, lowest, lowest ? u : 0, now, rows + (lowest ? 0 : m->at[l - 1] - from), columns);
        if (!lowest) {
            mlp_delta_along(m, s, count, w, l, now, 0.0, next);
            double *swap = now;
            now = next;
            next = swap;
        }
    }
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)below, (int)columns, (int)count,
                1.0 / (double)m->data->count, s->a[layer - 1], (int)below, rows, (int)columns, 1.0,
                hessian + from * m->dim + from, (int)m->dim);
}

int mlp_hessian(struct mlp *m, const double *w, double *hessian)
{
    struct mlp_space *s = m->space;
    double *rows = malloc((size_t)(MLP_GRAIN * m->dim) * sizeof *rows);
    if (rows == NULL) {
        return 0;
    }
    memset(hessian, 0, (size_t)(m->dim * m->dim) * sizeof *hessian);
    for (int64_t z = 0; z < m->data->count; z += MLP_GRAIN) {
        const int64_t count = m->data->count - z < MLP_GRAIN ? m->data->count - z : MLP_GRAIN;
        (void)mlp_forward(m, s, z, NULL, count, w);
        mlp_backward(m, s, count, w);
        for (int l = 1; l <= m->layers; l++) {
            for (int u = 0; u < m->width[l]; u++) {
                add_unit(m, s, count, w, l, u, rows, hessian);
            }
        }
    }
    for (int64_t r = 0; r < m->dim; r++) {
        for (int64_t c = 0; c < r; c++) {
            hessian[r * m->dim + c] = hessian[c * m->dim + r];
        }
    }
    free(rows);
    return 1;
}
