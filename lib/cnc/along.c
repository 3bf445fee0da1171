/* SPDX-License-Identifier: BSD-3-Clause */
/* Moments along directions of the caller's own. */
#include "cnc/check.h"
#include "cnc/draws.h"
#include "cnc/moments.h"

enum { BLOCK = 8192 };

/* Samples of a stream, or of a random order, a block at a time. */
static saddle_status add_some(struct saddle_i_oracle *o, const struct saddle_i_cnc_settings *c, const double *w, const double *v,
                              int64_t point, struct saddle_i_moments *m)
{
    const int64_t total = saddle_i_draws_count(o->samples, c->samples);
    const int64_t block = total < BLOCK ? total : BLOCK;
    struct saddle_i_counts counts = {0};
    struct saddle_i_draws draws;
    void *p = NULL;
    TRY(saddle_i_alloc(o->context, block, sizeof(int64_t), &p));
    int64_t *index = p;
    saddle_status s = SADDLE_OK;
    saddle_i_draws_init(&draws, c->seed, o->samples, SADDLE_I_DRAWS_SLOPES);
    for (int64_t first = 0; first < total && s == SADDLE_OK; first += block) {
        const int64_t count = total - first < block ? total - first : block;
        saddle_i_draws_fill(&draws, first, count, index);
        s = saddle_i_moments_add(m, o, index, count, w, v, -1, point, &counts, NULL);
    }
    saddle_i_free(o->context, index);
    return s;
}

saddle_status saddle_i_cnc_along(struct saddle_i_oracle *o, const double *w, const struct saddle_i_cnc_settings *c, int64_t k,
                                 const double *v, double *second_moments, double *cosines)
{
    struct saddle_i_moments m;
    struct saddle_i_counts counts = {0};
    const int64_t point = saddle_i_oracle_new_point(o);
    const int some = saddle_i_draws_count(o->samples, c->samples) != o->samples;
    TRY(saddle_i_moments_init(&m, o->context, k, 0, cosines != NULL));
    const saddle_status s = some ? add_some(o, c, w, v, point, &m)
                                 : saddle_i_moments_add(&m, o, NULL, 0, w, v, -1, point, &counts, NULL);
    for (int64_t j = 0; j < k && s == SADDLE_OK; j++) {
        second_moments[j] = saddle_i_moments_product(&m, j, j);
        if (cosines != NULL) {
            cosines[j] = saddle_i_moments_cosine(&m, j, j);
        }
    }
    saddle_i_moments_fini(&m);
    return saddle_i_oracle_tell(o, s);
}
