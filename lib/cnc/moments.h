/* SPDX-License-Identifier: BSD-3-Clause */
/* Moments of the samples' gradients along directions, summed exactly, whatever the blocks and threads. */
#ifndef SADDLE_I_MOMENTS_H
#define SADDLE_I_MOMENTS_H
#include "oracle/oracle.h"

/* Sums over samples: of slopes s_j = <grad f_z, v_j>, of s_i s_j, of s_i s_j/||grad f_z||^2, of ||grad f_z||^2. */
struct saddle_i_moments {
    saddle_context *context;
    int64_t k;                 /* directions */
    int cross;                 /* all s_i s_j (i <= j), else the squares alone */
    int norms;                 /* gradients are taken in what is added next: energy, cosines, zeros */
    int cosines;               /* there is room for their sums */
    int64_t samples;           /* slopes taken */
    int64_t gradients, zeros;  /* gradients taken, of which 0 */
    double largest;            /* |slope| or norm met */
    double top;                /* of the slopes that came without gradients the largest in size, */
    int64_t top_sample, top_direction; /* and whose it is; -1: there are none */
    struct saddle_i_sum *sum;  /* k of s_j; k or k(k+1)/2 of products; as many of cosines; 1 of energy */
    double *block;             /* slopes of a block of samples, and norms: room for `most` numbers */
    int64_t *index;            /* of a block of all samples: `most_index` */
    int64_t most, most_index;
};

saddle_status saddle_i_moments_init(struct saddle_i_moments *m, saddle_context *c, int64_t k, int cross, int norms);
void saddle_i_moments_fini(struct saddle_i_moments *m);
/* Adds samples index[0 .. count-1] (NULL: all of the objective), in blocks: by the slopes callback where it is there and no norms are
 * wanted, else by gradients one sample at a time. each: NULL, or receives the slopes, count*k. */
saddle_status saddle_i_moments_add(struct saddle_i_moments *m, struct saddle_i_oracle *o, const int64_t *index, int64_t count,
                                   const double *w, const double *v, int64_t step, int64_t point, struct saddle_i_counts *counts,
                                   double *each);
double saddle_i_moments_mean(struct saddle_i_moments *m, int64_t j);               /* E s_j */
double saddle_i_moments_product(struct saddle_i_moments *m, int64_t i, int64_t j); /* E s_i s_j */
/* E s_i s_j/||grad f_z||^2 over gradients that are not 0; NaN without any. */
double saddle_i_moments_cosine(struct saddle_i_moments *m, int64_t i, int64_t j);
double saddle_i_moments_energy(struct saddle_i_moments *m);                        /* NaN without gradients */

#endif
