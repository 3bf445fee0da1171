/* SPDX-License-Identifier: BSD-3-Clause */
/* The Euclidean norm from block dots, built up while the vector passes by. */
#ifndef SADDLE_I_NORM_H
#define SADDLE_I_NORM_H
#include "space/space.h"

/* x'x three times: as it is, of 2^-600 x, and of 2^600 x. At the end one of the three has neither overflowed nor lost
 * anything that matters, and a power of two comes out of a square root exactly. */
struct saddle_i_norm {
    struct saddle_i_sum plain, down, up;
    int large;    /* a block dot was above 2^900: plain is not kept any more */
    int ordinary; /* a block dot was at least 2^-900: up does not matter any more */
};
void saddle_i_norm_init(struct saddle_i_norm *s);
/* Block x of n <= SADDLE_I_BLOCK entries, whatever they are. */
void saddle_i_norm_add(struct saddle_i_norm *s, const struct saddle_i_kernels *k, int64_t n, const double *x);
/* A block by its dot alone, where an ordinary block came before; down = the block dot of 2^-600 x, used
 * where it is above 2^900. */
void saddle_i_norm_add_dot(struct saddle_i_norm *s, double plain, double down);
double saddle_i_norm_take(struct saddle_i_norm *s);

#define SADDLE_I_NORM_DOWN 0x1p-600
#define SADDLE_I_NORM_UP 0x1p600
#define SADDLE_I_NORM_LARGE 0x1p900
#define SADDLE_I_NORM_SMALL 0x1p-900

#endif
