/* SPDX-License-Identifier: BSD-3-Clause */
/* The sets of loops, one for each instruction set, and what they have in common. */
#ifndef SADDLE_I_KERNELS_H
#define SADDLE_I_KERNELS_H
#include "space/space.h"

/* NULL where the compiler was not told to make the instructions. Whether this processor has them is not asked. */
const struct saddle_i_kernels *saddle_i_kernels_portable(void);
const struct saddle_i_kernels *saddle_i_kernels_sse2(void);
const struct saddle_i_kernels *saddle_i_kernels_avx2(void);
const struct saddle_i_kernels *saddle_i_kernels_avx512(void);

/* The end of a block dot: 32 lanes folded 16, 8, 4, 2, 1. The lanes are used up. */
static inline double saddle_i_fold(double *lane)
{
    for (int half = SADDLE_I_LANES / 2; half > 0; half /= 2) {
        for (int j = 0; j < half; j++) {
            lane[j] += lane[j + half];
        }
    }
    return lane[0];
}

#endif
