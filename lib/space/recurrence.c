/* SPDX-License-Identifier: BSD-3-Clause */
/* The passes of a three-term recurrence. A block is in the cache when its second operation comes to it, so that a pass
 * costs what reading and writing its vectors costs. */
#include "space/recurrence.h"
#include "space/norm.h"
#include <math.h>
#include <string.h>

static int64_t shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void saddle_i_two_dots(const struct saddle_i_kernels *k, int64_t n, const double *y, const double *x, double *with_x,
                       const double *p, double *with_p)
{
    if (n <= SADDLE_I_BLOCK || p == NULL) {
        *with_x = saddle_i_dot(k, n, x, y);
        if (p != NULL) {
            *with_p = saddle_i_dot(k, n, p, y);
        }
        return;
    }
    struct saddle_i_sum sum_x;
    struct saddle_i_sum sum_p;
    saddle_i_sum_init(&sum_x);
    saddle_i_sum_init(&sum_p);
    for (int64_t at = 0; at < n; at += SADDLE_I_BLOCK) {
        const int64_t count = shorter(n - at, SADDLE_I_BLOCK);
        saddle_i_sum_add(&sum_x, k->dot(count, x + at, y + at));
        saddle_i_sum_add(&sum_p, k->dot(count, p + at, y + at));
    }
    *with_x = saddle_i_sum_round(&sum_x);
    *with_p = saddle_i_sum_round(&sum_p);
}

double saddle_i_three_terms(const struct saddle_i_kernels *k, int64_t n, double a, const double *x, double b,
                            const double *p, double *y)
{
    struct saddle_i_sum sum;
    saddle_i_sum_init(&sum);
    for (int64_t at = 0; at < n; at += SADDLE_I_BLOCK) {
        const int64_t count = shorter(n - at, SADDLE_I_BLOCK);
        k->axpy(count, -a, x + at, y + at); /* y + (-a) x has the bits of y - a x */
        if (p != NULL) {
            k->axpy(count, -b, p + at, y + at);
        }
        saddle_i_sum_add(&sum, k->dot(count, y + at, y + at));
    }
    const double square = saddle_i_sum_round(&sum);
    if (square >= SADDLE_I_NORM_SMALL && square <= SADDLE_I_NORM_LARGE) {
        return sqrt(square);
    }
    return saddle_i_norm(k, n, y); /* it rescales; squares in the safe range give what it gives */
}

void saddle_i_scaled_copy(const struct saddle_i_kernels *k, int64_t n, double a, const double *x, double *y)
{
    for (int64_t at = 0; at < n; at += SADDLE_I_BLOCK) {
        const int64_t count = shorter(n - at, SADDLE_I_BLOCK);
        memcpy(y + at, x + at, (size_t)count * sizeof *y);
        k->scale(count, a, y + at);
    }
}
