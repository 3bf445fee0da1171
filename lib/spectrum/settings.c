/* SPDX-License-Identifier: BSD-3-Clause */
/* What settings ask for, and whether they can be met. */
#include "spectrum/three_term.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t saddle_i_lanczos_pairs(const struct saddle_i_lanczos_settings *v, int64_t n)
{
    const int64_t each = smaller(v->pairs, n);
    return v->which == SADDLE_WHICH_BOTH ? smaller(2 * each, n) : each;
}

/* Copies of large eigenvalues that have converged are what the plain recurrence spends products on; on a network's Hessian they
 * were more than half of all. Their price is a pass over the basis in some steps. */
static int worth_orthogonality(const struct saddle_i_lanczos_settings *v, int64_t n)
{
    enum { MANY_SAMPLES = 64, MANY_VECTORS = 128, BYTES = 256 << 20 };
    return v->samples >= MANY_SAMPLES && n <= BYTES / (int64_t)sizeof(double) / MANY_VECTORS;
}

int saddle_i_lanczos_is_plain(const struct saddle_i_lanczos_settings *v, int64_t n)
{
    if (smaller(v->pairs, n) != 1 || v->basis >= SADDLE_I_LEAST_BASIS) {
        return 0;
    }
    return v->basis > 0 || n == 1 || !worth_orthogonality(v, n);
}

/* Kept through a restart are twice the wanted pairs, and it takes some vectors more to go on; a basis of n holds all there is. */
saddle_status saddle_i_lanczos_check(const struct saddle_i_lanczos_settings *v, int64_t n)
{
    if (v->basis == 0 || saddle_i_lanczos_is_plain(v, n)) {
        return SADDLE_OK;
    }
    const int64_t total = saddle_i_lanczos_pairs(v, n);
    const int64_t least = smaller(2 * total + 4, n);
    if (v->basis < least) {
        return saddle_i_fail(SADDLE_E_RANGE, "basis = %lld vectors are too few for %lld pairs of order %lld: at least %lld, or 0",
                             (long long)v->basis, (long long)total, (long long)n, (long long)least);
    }
    return SADDLE_OK;
}
