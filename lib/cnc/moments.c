/* SPDX-License-Identifier: BSD-3-Clause */
#include "cnc/moments.h"
#include <math.h>
#include <string.h>

enum {
    MOST_NUMBERS = 1 << 21, /* of a block: 16 MiB */
    MOST_GRAINS = 32        /* of a block: enough to share among threads, and what is gained by more is little */
};

/* How many s_i s_j there are, and where that of i <= j is. */
static int64_t products(const struct saddle_i_moments *m)
{
    return m->cross ? m->k * (m->k + 1) / 2 : m->k;
}

static int64_t place(const struct saddle_i_moments *m, int64_t i, int64_t j)
{
    const int64_t low = i < j ? i : j, high = i < j ? j : i;
    return m->cross ? high * (high + 1) / 2 + low : j;
}

static struct saddle_i_sum *product_sum(const struct saddle_i_moments *m, int64_t at)
{
    return m->sum + m->k + at;
}

static struct saddle_i_sum *cosine_sum(const struct saddle_i_moments *m, int64_t at)
{
    return m->sum + m->k + products(m) + at;
}

static struct saddle_i_sum *energy_sum(const struct saddle_i_moments *m)
{
    return cosine_sum(m, m->cosines ? products(m) : 0);
}

saddle_status saddle_i_moments_init(struct saddle_i_moments *m, saddle_context *c, int64_t k, int cross, int norms)
{
    memset(m, 0, sizeof *m);
    m->context = c;
    m->k = k;
    m->cross = cross;
    m->norms = m->cosines = norms;
    m->top_sample = m->top_direction = -1;
    const int64_t count = k + products(m) * (norms ? 2 : 1) + 1;
    void *p = NULL;
    TRY(saddle_i_alloc(c, count, sizeof(struct saddle_i_sum), &p));
    m->sum = p;
    for (int64_t i = 0; i < count; i++) {
        saddle_i_sum_init(&m->sum[i]);
    }
    return SADDLE_OK;
}

void saddle_i_moments_fini(struct saddle_i_moments *m)
{
    saddle_i_free(m->context, m->sum);
    saddle_i_free(m->context, m->block);
    saddle_i_free(m->context, m->index);
    m->sum = NULL;
    m->block = NULL;
    m->index = NULL;
}

/* Samples of a block: whole grains where they fit, so that the callbacks see the batches of any other pass. */
static int64_t block_of(const struct saddle_i_moments *m, int64_t grain, int64_t count)
{
    const int64_t fit = MOST_NUMBERS / (m->k + 1);
    const int64_t grains = fit / grain < MOST_GRAINS ? fit / grain : MOST_GRAINS;
    const int64_t most = grains > 0 ? grains * grain : fit;
    return most < count ? most : count;
}

static saddle_status make_room(struct saddle_i_moments *m, int64_t block, int wants_index)
{
    const int64_t numbers = block * (m->k + 1);
    if (numbers > m->most) {
        saddle_i_free(m->context, m->block);
        m->block = NULL;
        m->most = 0;
        TRY(saddle_i_alloc_vector(m->context, numbers, &m->block));
        m->most = numbers;
    }
    if (wants_index && block > m->most_index) {
        void *p = NULL;
        saddle_i_free(m->context, m->index);
        m->index = NULL;
        m->most_index = 0;
        TRY(saddle_i_alloc(m->context, block, sizeof(int64_t), &p));
        m->index = p;
        m->most_index = block;
    }
    return SADDLE_OK;
}

static void add_slopes(struct saddle_i_moments *m, const double *s)
{
    for (int64_t j = 0; j < m->k; j++) {
        saddle_i_sum_add(&m->sum[j], s[j]);
        for (int64_t i = m->cross ? 0 : j; i <= j; i++) {
            saddle_i_sum_add(product_sum(m, place(m, i, j)), s[i] * s[j]);
        }
    }
    m->samples++;
}

/* s: slopes, and the norm after them. */
static void add_norm(struct saddle_i_moments *m, const double *s)
{
    const double norm = s[m->k];
    m->gradients++;
    m->zeros += norm == 0.0;
    m->largest = fmax(m->largest, norm);
    saddle_i_sum_add(energy_sum(m), norm * norm);
    for (int64_t j = 0; m->cosines && norm > 0.0 && j < m->k; j++) {
        for (int64_t i = m->cross ? 0 : j; i <= j; i++) {
            saddle_i_sum_add(cosine_sum(m, place(m, i, j)), s[i] / norm * (s[j] / norm));
        }
    }
}

/* A slope of the callback whose square is of no use. */
static saddle_status check_slopes(struct saddle_i_moments *m, int64_t sample, const double *s)
{
    for (int64_t j = 0; j < m->k; j++) {
        const double size = fabs(s[j]);
        if (size > SADDLE_I_ENTRY_MAX) {
            return saddle_i_fail(SADDLE_E_NOT_FINITE, "the slope of sample %lld along direction %lld is %g, whose square is out of range",
                                 (long long)sample, (long long)j, s[j]);
        }
        m->largest = fmax(m->largest, size);
        if (m->top_sample < 0 || size > fabs(m->top)) {
            m->top = s[j];
            m->top_sample = sample;
            m->top_direction = j;
        }
    }
    return SADDLE_OK;
}

static saddle_status add_block(struct saddle_i_moments *m, struct saddle_i_oracle *o, const struct saddle_i_request *q, const double *w,
                               const double *v, double *each)
{
    const int by_gradients = m->norms || o->slopes == NULL;
    const int64_t stride = by_gradients ? m->k + 1 : m->k;
    TRY(by_gradients ? saddle_i_oracle_each_gradient(o, q, w, m->k, v, m->block)
                     : saddle_i_oracle_slopes(o, q, w, m->k, v, m->block));
    for (int64_t i = 0; i < q->count; i++) {
        const double *s = m->block + i * stride;
        if (!by_gradients) {
            TRY(check_slopes(m, q->index[i], s));
        }
        add_slopes(m, s);
        if (by_gradients) {
            add_norm(m, s);
        }
        if (each != NULL) {
            memcpy(each + i * m->k, s, (size_t)m->k * sizeof(double));
        }
    }
    return SADDLE_OK;
}

saddle_status saddle_i_moments_add(struct saddle_i_moments *m, struct saddle_i_oracle *o, const int64_t *index, int64_t count,
                                   const double *w, const double *v, int64_t step, int64_t point, struct saddle_i_counts *counts,
                                   double *each)
{
    const int64_t all = index != NULL ? count : o->samples;
    const int64_t block = block_of(m, o->grain, all);
    TRY(make_room(m, block, index == NULL));
    for (int64_t first = 0; first < all; first += block) {
        const int64_t number = all - first < block ? all - first : block;
        for (int64_t i = 0; index == NULL && i < number; i++) {
            m->index[i] = first + i;
        }
        const struct saddle_i_request q = {index != NULL ? index + first : m->index, number, number, step, point, counts};
        TRY(add_block(m, o, &q, w, v, each != NULL ? each + first * m->k : NULL));
    }
    return SADDLE_OK;
}

double saddle_i_moments_mean(struct saddle_i_moments *m, int64_t j)
{
    return saddle_i_sum_round(&m->sum[j]) / (double)m->samples;
}

double saddle_i_moments_product(struct saddle_i_moments *m, int64_t i, int64_t j)
{
    return saddle_i_sum_round(product_sum(m, place(m, i, j))) / (double)m->samples;
}

double saddle_i_moments_cosine(struct saddle_i_moments *m, int64_t i, int64_t j)
{
    const int64_t count = m->gradients - m->zeros;
    return m->cosines && count > 0 ? saddle_i_sum_round(cosine_sum(m, place(m, i, j))) / (double)count : SADDLE_I_NAN;
}

double saddle_i_moments_energy(struct saddle_i_moments *m)
{
    return m->gradients > 0 ? saddle_i_sum_round(energy_sum(m)) / (double)m->gradients : SADDLE_I_NAN;
}
