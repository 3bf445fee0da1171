/* SPDX-License-Identifier: BSD-3-Clause */
#include "spectrum/deflated.h"
#include <string.h>

saddle_status saddle_i_deflated_init(struct saddle_i_deflated *d, struct saddle_i_operator *a, int64_t low, int64_t high)
{
    memset(d, 0, sizeof *d);
    saddle_i_basis_init(&d->vectors, a->context, a->kernels, a->n, low + high);
    d->wanted[SADDLE_I_LOW] = low;
    d->wanted[SADDLE_I_HIGH] = high;
    void *p = NULL;
    TRY(saddle_i_alloc(a->context, low + high, sizeof(struct saddle_i_held), &p));
    d->at[SADDLE_I_LOW] = p;
    d->at[SADDLE_I_HIGH] = d->at[SADDLE_I_LOW] + low;
    return saddle_i_alloc_vector(a->context, low + high, &d->dots);
}

void saddle_i_deflated_fini(struct saddle_i_deflated *d)
{
    saddle_context *const c = d->vectors.context;
    saddle_i_basis_fini(&d->vectors);
    saddle_i_free(c, d->at[SADDLE_I_LOW]);
    saddle_i_free(c, d->dots);
}

double saddle_i_deflated_value(const struct saddle_i_deflated *d, int end, int64_t i)
{
    return i < d->count[end] ? saddle_i_sign_of(end) * d->at[end][i].value : SADDLE_I_INF;
}

/* The vectors stay the first ones: the last of them moves into the gap. */
static void drop_innermost(struct saddle_i_deflated *d, int end)
{
    const int64_t gap = d->at[end][d->count[end] - 1].slot;
    d->count[end]--;
    const int64_t last = saddle_i_deflated_count(d);
    if (gap == last) {
        return;
    }
    memcpy(saddle_i_basis_vector(&d->vectors, gap), saddle_i_basis_vector(&d->vectors, last),
           (size_t)d->vectors.n * sizeof(double));
    for (int e = 0; e < SADDLE_I_ENDS; e++) {
        for (int64_t i = 0; i < d->count[e]; i++) {
            if (d->at[e][i].slot == last) {
                d->at[e][i].slot = gap;
            }
        }
    }
}

void saddle_i_deflated_make_room(struct saddle_i_deflated *d, int end, int64_t room)
{
    while (d->count[end] + room > d->wanted[end]) {
        drop_innermost(d, end);
    }
}

saddle_status saddle_i_deflated_next(struct saddle_i_deflated *d, double **x)
{
    const int64_t slot = saddle_i_deflated_count(d);
    TRY(saddle_i_basis_reserve(&d->vectors, slot + 1));
    *x = saddle_i_basis_vector(&d->vectors, slot);
    return SADDLE_OK;
}

saddle_status saddle_i_deflated_take(struct saddle_i_deflated *d, int end, const struct saddle_i_held *pair)
{
    const int64_t slot = saddle_i_deflated_count(d);
    double *const x = saddle_i_basis_vector(&d->vectors, slot);
    TRY(saddle_i_make_unit(&d->vectors, slot, d->dots, x));
    int64_t i = d->count[end]++;
    while (i > 0 && saddle_i_deflated_value(d, end, i - 1) > saddle_i_sign_of(end) * pair->value) {
        d->at[end][i] = d->at[end][i - 1];
        i--;
    }
    d->at[end][i] = *pair;
    d->at[end][i].slot = slot;
    return SADDLE_OK;
}
