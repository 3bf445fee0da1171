/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums and looks over whole vectors. */
#include "space/space.h"
#include <string.h>

double saddle_i_dot(const struct saddle_i_kernels *k, int64_t n, const double *x, const double *y)
{
    if (n <= SADDLE_I_BLOCK) {
        const double d = k->dot(n, x, y) + 0.0;
        return d - d == 0.0 ? d : SADDLE_I_NAN; /* Inf - Inf is NaN */
    }
    struct saddle_i_sum sum;
    saddle_i_sum_init(&sum);
    for (int64_t first = 0; first < n; first += SADDLE_I_BLOCK) {
        const int64_t count = n - first < SADDLE_I_BLOCK ? n - first : SADDLE_I_BLOCK;
        saddle_i_sum_add(&sum, k->dot(count, x + first, y + first));
    }
    return saddle_i_sum_round(&sum);
}

/* |x| as an integer: it is ordered as |x| is, with Inf above all numbers and NaN above Inf. */
static inline uint64_t magnitude(const double *x)
{
    uint64_t b;
    memcpy(&b, x, sizeof b);
    return b & 0x7fffffffffffffffU;
}

#define INF_BITS 0x7ff0000000000000U

double saddle_i_max_abs(int64_t n, const double *x)
{
    uint64_t most[4] = {0, 0, 0, 0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (int j = 0; j < 4; j++) {
            const uint64_t m = magnitude(x + i + j);
            most[j] = m > most[j] ? m : most[j];
        }
    }
    for (; i < n; i++) {
        const uint64_t m = magnitude(x + i);
        most[0] = m > most[0] ? m : most[0];
    }
    for (int j = 1; j < 4; j++) {
        most[0] = most[j] > most[0] ? most[j] : most[0];
    }
    double r; /* NaN where there was one */
    memcpy(&r, &most[0], sizeof r);
    return r;
}

int64_t saddle_i_first_not_finite(int64_t n, const double *x)
{
    enum { STRIDE = 64 };
    int64_t i = 0;
    for (; i + STRIDE <= n; i += STRIDE) {
        uint64_t carried = 0; /* Inf and NaN alone carry into the top bit when the exponent is raised by one */
        for (int j = 0; j < STRIDE; j++) {
            carried |= magnitude(x + i + j) + 0x0010000000000000U;
        }
        if ((carried >> 63) != 0) {
            break;
        }
    }
    for (; i < n; i++) {
        if (magnitude(x + i) >= INF_BITS) {
            return i;
        }
    }
    return -1;
}

static inline uint64_t stir(uint64_t h, uint64_t b)
{
    h ^= b;
    h = (h << 29) | (h >> 35);
    return h * 0x9e3779b97f4a7c15U;
}

/* Entry i goes to lane i mod 8, so that eight multiplications are under way. For a given entry stir() is a bijection
 * of the lane, and for a given lane a bijection of the entry: one changed entry always changes the result. The
 * rotation takes sign bits to where the multiplication spreads them. Speaks of values, not of bytes in memory. */
uint64_t saddle_i_fingerprint(int64_t n, const double *x)
{
    uint64_t lane[8];
    for (int j = 0; j < 8; j++) {
        lane[j] = stir(0x243f6a8885a308d3U, (uint64_t)j);
    }
    for (int64_t i = 0; i < n; i += 8) {
        uint64_t b[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        if (i + 8 <= n) {
            memcpy(b, x + i, sizeof b);
        } else {
            memcpy(b, x + i, (size_t)(n - i) * sizeof *b);
        }
        for (int j = 0; j < 8; j++) {
            lane[j] = stir(lane[j], b[j]);
        }
    }
    uint64_t h = (uint64_t)n;
    for (int j = 0; j < 8; j++) {
        h = stir(h, lane[j]);
    }
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93U;
    return h ^ (h >> 32);
}

uint64_t saddle_i_glimpse(int64_t n, const double *x)
{
    enum { GROUPS = 32, GROUP = 8 };
    double part[GROUPS * GROUP];
    if (n <= GROUPS * GROUP) {
        return saddle_i_fingerprint(n, x);
    }
    const int64_t apart = (n - GROUP) / (GROUPS - 1);
    for (int64_t k = 0; k < GROUPS; k++) {
        memcpy(part + k * GROUP, x + (k + 1 < GROUPS ? k * apart : n - GROUP), GROUP * sizeof *part);
    }
    return saddle_i_fingerprint(GROUPS * GROUP, part);
}

void saddle_i_accumulate(const struct saddle_i_kernels *k, int first, int64_t n, double count, const double *x,
                         double *acc)
{
    if (!first) {
        k->axpy(n, count, x, acc);
        return;
    }
    for (int64_t at = 0; at < n; at += SADDLE_I_BLOCK) { /* by blocks: the second pass finds them in the cache */
        const int64_t m = n - at < SADDLE_I_BLOCK ? n - at : SADDLE_I_BLOCK;
        memcpy(acc + at, x + at, (size_t)m * sizeof *acc);
        if (count != 1.0) { /* an assigned number of samples */
            k->scale(m, count, acc + at);
        }
    }
}
