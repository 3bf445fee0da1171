/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers at any offset from loops that make pairs, and the choice among the sets of loops. */
#include "random/kernels.h"
#include <saddle/objective.h>

#if defined(__x86_64__) || defined(__i386__)
#  define RUNS(feature) __builtin_cpu_supports(feature)
#else
#  define RUNS(feature) 0
#endif

const struct saddle_i_random_kernels *saddle_i_random_at(int level)
{
    switch (level) {
    case 0: return saddle_i_random_portable();
    case 1: return RUNS("sse2") ? saddle_i_random_sse2() : NULL;
    case 2: return RUNS("avx2") ? saddle_i_random_avx2() : NULL;
    case 3:
        return RUNS("avx512f") && RUNS("avx512dq") && RUNS("avx512vl") ? saddle_i_random_avx512() : NULL;
    default: return NULL;
    }
}

/* Asked anew at each call: it costs a nanosecond, and there is no state to guard. */
const struct saddle_i_random_kernels *saddle_i_random_best(void)
{
    const struct saddle_i_random_kernels *k = NULL;
    for (int level = 3; k == NULL; level--) { /* ends at 0, which is there on every processor */
        k = saddle_i_random_at(level);
    }
    return k;
}

typedef void fill(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double *out);

/* Half a pair in front and half a pair behind. */
static void fill_any(fill *f, const saddle_random_stream *s, int64_t offset, int64_t count, double *out)
{
    double both[2];
    uint64_t pair = (uint64_t)offset / 2;
    if (offset % 2 != 0 && count > 0) {
        f(s, pair, 1, both);
        *out++ = both[1];
        count--;
        pair++;
    }
    f(s, pair, count / 2, out);
    if (count % 2 != 0) {
        f(s, pair + (uint64_t)(count / 2), 1, both);
        out[count - 1] = both[0];
    }
}

void saddle_i_random_uniform(const saddle_random_stream *s, int64_t offset, int64_t count, double *u)
{
    fill_any(saddle_i_random_best()->uniform, s, offset, count, u);
}

void saddle_i_random_normal(const saddle_random_stream *s, int64_t offset, int64_t count, double *z)
{
    fill_any(saddle_i_random_best()->normal, s, offset, count, z);
}

void saddle_i_random_normal_axpy(const saddle_random_stream *s, int64_t n, double a, double *y)
{
    const struct saddle_i_random_kernels *k = saddle_i_random_best();
    k->normal_axpy(s, 0, n / 2, a, y);
    if (n % 2 != 0) {
        double both[2];
        k->normal(s, (uint64_t)(n / 2), 1, both);
        y[n - 1] = y[n - 1] + a * both[0];
    }
}

/* Words at any offset; int64_t may be looked at as uint64_t. */
static void words_any(const saddle_random_stream *s, int64_t offset, int64_t count, uint64_t *x)
{
    const struct saddle_i_random_kernels *k = saddle_i_random_best();
    uint64_t both[2], pair = (uint64_t)offset / 2;
    if (offset % 2 != 0 && count > 0) {
        saddle_i_pair(s, pair++, both);
        *x++ = both[1];
        count--;
    }
    k->words(s, pair, count / 2, x);
    if (count % 2 != 0) {
        saddle_i_pair(s, pair + (uint64_t)(count / 2), both);
        x[count - 1] = both[0];
    }
}

void saddle_i_random_indices(const saddle_random_stream *s, int64_t offset, int64_t samples, int64_t count,
                             int64_t *index)
{
    uint64_t *const x = (uint64_t *)index;
    words_any(s, offset, count, x);
    for (int64_t i = 0; i < count; i++) {
        index[i] = (int64_t)(samples == SADDLE_STREAM ? x[i] >> 1 : saddle_i_scaled(x[i], (uint64_t)samples));
    }
}
