/* SPDX-License-Identifier: BSD-3-Clause */
/* The step of a long vector: one pass over memory that moves w, tests it, takes the norm of g and has a way back. */
#include "space/kernels.h"
#include "space/norm.h"
#include <math.h>
#include <string.h>

/* The rest of a block of which `done` entries were moved by descend_groups(): fewer than 32 at the end of the vector,
 * or all from the first group with a very large entry on. The lanes go on where they stopped, once as they are and
 * once for 2^-600 g; what the latter loses in taking over is below 2^-1022 beside an entry above 2^(440-600). */
static double finish(const struct saddle_i_kernels *k, struct saddle_i_norm *s, int64_t done, int64_t n, double eta,
                     double *g, double *w, double *lane)
{
    double down[SADDLE_I_LANES];
    for (int j = 0; j < SADDLE_I_LANES; j++) {
        down[j] = lane[j] * SADDLE_I_NORM_DOWN * SADDLE_I_NORM_DOWN;
    }
    for (int64_t i = done; i < n; i++) {
        const double small = g[i] * SADDLE_I_NORM_DOWN;
        lane[i % SADDLE_I_LANES] += g[i] * g[i];
        down[i % SADDLE_I_LANES] += small * small;
    }
    saddle_i_norm_add_dot(s, saddle_i_fold(lane), saddle_i_fold(down));
    return k->descend_keep(n - done, eta, g + done, w + done);
}

/* One block with its share of the norm. The dot of g comes from the pass that overwrites g, so a sum that leaves the
 * range cannot be taken again. Therefore:
 *  - until one block dot reaches 2^-900 the block is read twice, first for its dots with and without scaling; an
 *    ordinary gradient ends this with its first block;
 *  - from then on a very small block no longer matters, and a very large entry stops descend_groups() before it is
 *    touched.
 * So the norm is that of saddle_i_norm() also for entries of 1e-200 or 1e200, and only those pay for it. */
static double move_and_measure(const struct saddle_i_kernels *k, struct saddle_i_norm *s, int64_t n, double eta,
                               double *g, double *w)
{
    if (!s->ordinary) {
        saddle_i_norm_add(s, k, n, g);
        return k->descend_keep(n, eta, g, w);
    }
    double lane[SADDLE_I_LANES];
    double mass = 0.0;
    const int64_t done = k->descend_groups(n, eta, g, w, lane, &mass);
    if (done < n) {
        return mass + finish(k, s, done, n, eta, g, w, lane);
    }
    saddle_i_norm_add_dot(s, saddle_i_fold(lane), 0.0);
    return mass;
}

int saddle_i_descend_once(const struct saddle_i_kernels *k, int64_t n, double eta, double *g, double *w, double *norm,
                          int64_t *entry, double *bad)
{
    struct saddle_i_norm s;
    if (norm != NULL) {
        saddle_i_norm_init(&s);
    }
    for (int64_t first = 0; first < n; first += SADDLE_I_BLOCK) {
        const int64_t count = n - first < SADDLE_I_BLOCK ? n - first : SADDLE_I_BLOCK;
        const double mass = norm != NULL ? move_and_measure(k, &s, count, eta, g + first, w + first)
                                         : k->descend_keep(count, eta, g + first, w + first);
        if (mass <= DBL_MAX) {
            continue;
        }
        const int64_t at = saddle_i_first_not_finite(count, w + first);
        if (at >= 0) { /* else only the sum has overflowed */
            *entry = first + at;
            *bad = w[first + at];
            memcpy(w, g, (size_t)(first + count) * sizeof *w); /* g holds the old w up to here */
            return 0;
        }
    }
    if (norm != NULL) {
        *norm = saddle_i_norm_take(&s);
    }
    return 1;
}
