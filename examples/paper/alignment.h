/* SPDX-License-Identifier: BSD-3-Clause */
/* How much of the gradients of samples, and of noise without a preferred direction, lies along given unit vectors. */
#ifndef ALIGNMENT_H
#define ALIGNMENT_H
#include "mlp.h"

/* Shorter gradients have no direction that would matter, and are left out of the means of cosines. On pixels up to 255
 * there are many, down to 1e-300; the paper's program normalised by max(||g||, 1e-12). */
#define ALIGNMENT_LEAST 1e-12

/* Of the samples' gradients at a point. */
struct energy {
    double all;          /* E ||grad f_z||^2 */
    double first, last;  /* what the first and the last layer have of it, from 0 to 1 */
    int64_t tiny;        /* samples whose gradient is shorter than ALIGNMENT_LEAST */
};

/* Along v_j = v + j dim, j < k: moments[j] = E <grad f_z, v_j>^2, and cosines[j] = E cos^2(grad f_z, v_j) over
 * gradients that are not tiny. Returns 0 when memory is short. */
int alignment_of_samples(struct mlp *m, const double *w, int64_t k, const double *v, double *moments, double *cosines,
                         struct energy *e);

/* cosines[j] = mean of cos^2(xi, v_j) over so many vectors xi of N(0, I): all directions of xi are equally probable.
 * Returns 0 when memory is short. */
int alignment_of_noise(const saddle_random_stream *stream, int64_t draws, int64_t dim, int64_t k, const double *v,
                       double *cosines);

/* The standard deviation of such a mean, of 1/dim, relative to it. */
double alignment_deviation(int64_t draws, int64_t dim);

#endif
