/* SPDX-License-Identifier: BSD-3-Clause */
/* ||x||: sqrt(x'x) where x'x is at least 2^-900 and no block dot is above 2^900; else that of 2^600 x or 2^-600 x. */
#include "space/norm.h"
#include <math.h>

void saddle_i_norm_init(struct saddle_i_norm *s)
{
    saddle_i_sum_init(&s->plain);
    saddle_i_sum_init(&s->down);
    saddle_i_sum_init(&s->up);
    s->large = 0;
    s->ordinary = 0;
}

/* The block dot of a x, a a power of two. Entries that this makes subnormal or 0 are too small to matter beside those
 * it is made for: 2^-600 x is used where some |x_i| > 2^443, and 2^600 x only where all |x_i| < 2^-449. */
static double scaled_dot(const struct saddle_i_kernels *k, int64_t n, double a, const double *x)
{
    double scaled[SADDLE_I_BLOCK];
    for (int64_t i = 0; i < n; i++) {
        scaled[i] = a * x[i];
    }
    return k->dot(n, scaled, scaled);
}

void saddle_i_norm_add_dot(struct saddle_i_norm *s, double plain, double down)
{
    if (plain <= SADDLE_I_NORM_LARGE) {
        saddle_i_sum_add(&s->plain, plain);
        saddle_i_sum_add(&s->down, plain * SADDLE_I_NORM_DOWN * SADDLE_I_NORM_DOWN);
    } else { /* NaN too */
        s->large = 1;
        saddle_i_sum_add(&s->down, down);
    }
}

void saddle_i_norm_add(struct saddle_i_norm *s, const struct saddle_i_kernels *k, int64_t n, const double *x)
{
    const double plain = k->dot(n, x, x);
    if (!(plain <= SADDLE_I_NORM_LARGE)) {
        saddle_i_norm_add_dot(s, plain, scaled_dot(k, n, SADDLE_I_NORM_DOWN, x));
        return;
    }
    saddle_i_norm_add_dot(s, plain, 0.0);
    if (plain >= SADDLE_I_NORM_SMALL) {
        s->ordinary = 1;
    } else if (!s->ordinary) {
        saddle_i_sum_add(&s->up, scaled_dot(k, n, SADDLE_I_NORM_UP, x));
    }
}

double saddle_i_norm_take(struct saddle_i_norm *s)
{
    if (s->large) {
        return sqrt(saddle_i_sum_round(&s->down)) / SADDLE_I_NORM_DOWN;
    }
    const double plain = saddle_i_sum_round(&s->plain);
    if (plain >= SADDLE_I_NORM_SMALL) {
        return sqrt(plain);
    }
    return sqrt(saddle_i_sum_round(&s->up)) / SADDLE_I_NORM_UP;
}

double saddle_i_norm(const struct saddle_i_kernels *k, int64_t n, const double *x)
{
    const double square = saddle_i_dot(k, n, x, x);
    if (square >= SADDLE_I_NORM_SMALL && square <= SADDLE_I_NORM_LARGE) {
        return sqrt(square);
    }
    struct saddle_i_norm s;
    saddle_i_norm_init(&s);
    for (int64_t first = 0; first < n; first += SADDLE_I_BLOCK) {
        const int64_t count = n - first < SADDLE_I_BLOCK ? n - first : SADDLE_I_BLOCK;
        saddle_i_norm_add(&s, k, count, x + first);
    }
    return saddle_i_norm_take(&s);
}
