/* SPDX-License-Identifier: BSD-3-Clause */
/* Which set of loops this processor runs. */
#include "space/kernels.h"
#include <stddef.h>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#  define HAS(feature) __builtin_cpu_supports(feature) /* asks the operating system too: it must save the registers */
#else
#  define HAS(feature) 0
#endif

enum { HIGHEST = 3 };

const struct saddle_i_kernels *saddle_i_kernels_at(int level)
{
    switch (level) {
    case 0:
        return saddle_i_kernels_portable();
    case 1:
        return HAS("sse2") ? saddle_i_kernels_sse2() : NULL;
    case 2:
        return HAS("avx2") ? saddle_i_kernels_avx2() : NULL;
    case HIGHEST:
        return HAS("avx512f") && HAS("avx512dq") && HAS("avx512vl") ? saddle_i_kernels_avx512() : NULL;
    default:
        return NULL;
    }
}

const struct saddle_i_kernels *saddle_i_kernels_best(void)
{
    const struct saddle_i_kernels *k = NULL;
    for (int level = HIGHEST; k == NULL; level--) { /* ends at 0, which is there on every processor */
        k = saddle_i_kernels_at(level);
    }
    return k;
}
