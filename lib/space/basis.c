/* SPDX-License-Identifier: BSD-3-Clause */
/* Many vectors against one, by blocks: that one stays in the cache while the others stream past it. */
#include "space/basis.h"
#include "space/recurrence.h"
#include <cblas.h>
#include <limits.h>
#include <string.h>

enum {
    TOGETHER = 8, /* exact sums under way at once */
    SLICE = 1024, /* entries of x that stay in the first cache; entry by entry any grid gives the same bits */
    ROWS = 64     /* new vectors of a product: OpenBLAS keeps 64 x 256 x 16 to the thread that calls it */
};

static int64_t shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void saddle_i_basis_init(struct saddle_i_basis *b, saddle_context *c, const struct saddle_i_kernels *k, int64_t n,
                         int64_t most)
{
    memset(b, 0, sizeof *b);
    b->context = c;
    b->kernels = k;
    b->n = n;
    b->stride = n;
    b->countable = INT_MAX;
    b->most = most;
}

void saddle_i_basis_fini(struct saddle_i_basis *b)
{
    for (int i = 0; i < SADDLE_I_MAX_CHUNKS; i++) {
        saddle_i_free(b->context, b->chunk[i]);
        b->chunk[i] = NULL;
    }
}

/* The last chunk has no more vectors than may come. */
saddle_status saddle_i_basis_reserve(struct saddle_i_basis *b, int64_t count)
{
    if (b->n > PTRDIFF_MAX / (int64_t)sizeof(double) - 8) {
        return saddle_i_fail(SADDLE_E_OVERFLOW, "a vector of %lld entries is more than this machine can address",
                             (long long)b->n);
    }
    b->stride = (b->n + 7) / 8 * 8; /* every vector begins at a multiple of 64 bytes */
    for (int64_t first = 0; first < count; first += SADDLE_I_CHUNK) {
        double **chunk = b->chunk + first / SADDLE_I_CHUNK;
        if (*chunk == NULL) {
            void *p = NULL;
            TRY(saddle_i_alloc(b->context, shorter(b->most - first, SADDLE_I_CHUNK), (size_t)b->stride * sizeof(double),
                               &p));
            *chunk = p;
        }
    }
    return SADDLE_OK;
}

static void dots_together(const struct saddle_i_basis *b, int64_t first, int64_t count, const double *x, double *c)
{
    struct saddle_i_sum sum[TOGETHER];
    const double *v[TOGETHER];
    for (int64_t j = 0; j < count; j++) {
        saddle_i_sum_init(&sum[j]);
        v[j] = saddle_i_basis_vector(b, first + j);
    }
    for (int64_t at = 0; at < b->n; at += SADDLE_I_BLOCK) {
        const int64_t length = shorter(b->n - at, SADDLE_I_BLOCK);
        for (int64_t j = 0; j < count; j++) {
            saddle_i_sum_add(&sum[j], b->kernels->dot(length, v[j] + at, x + at));
        }
    }
    for (int64_t j = 0; j < count; j++) {
        c[j] = saddle_i_sum_round(&sum[j]);
    }
}

void saddle_i_basis_dots(const struct saddle_i_basis *b, int64_t first, int64_t last, const double *x, double *c)
{
    if (b->n <= SADDLE_I_BLOCK) {
        for (int64_t j = first; j < last; j++) {
            c[j - first] = saddle_i_dot(b->kernels, b->n, saddle_i_basis_vector(b, j), x);
        }
        return;
    }
    for (int64_t j = first; j < last; j += TOGETHER) {
        dots_together(b, j, shorter(last - j, TOGETHER), x, c + (j - first));
    }
}

void saddle_i_basis_subtract(const struct saddle_i_basis *b, int64_t first, int64_t last, const double *c, double *x)
{
    for (int64_t at = 0; at < b->n; at += SLICE) {
        const int64_t length = shorter(b->n - at, SLICE);
        for (int64_t j = first; j < last; j++) {
            b->kernels->axpy(length, -c[j - first], saddle_i_basis_vector(b, j) + at, x + at);
        }
    }
}

void saddle_i_basis_combine(const struct saddle_i_basis *b, int64_t m, const double *s, double *x)
{
    for (int64_t at = 0; at < b->n; at += SLICE) {
        const int64_t length = shorter(b->n - at, SLICE);
        if (m == 0) {
            memset(x + at, 0, (size_t)length * sizeof *x);
            continue;
        }
        saddle_i_scaled_copy(b->kernels, length, s[0], saddle_i_basis_vector(b, 0) + at, x + at);
        for (int64_t j = 1; j < m; j++) {
            b->kernels->axpy(length, s[j], saddle_i_basis_vector(b, j) + at, x + at);
        }
    }
}

/* new_i = sum_j s[i*m + j] v_j over the entries at .. at+length-1, i = 0 .. p-1, into rows of SADDLE_I_TILE. A chunk
 * is a matrix whose rows are a stride apart, but BLAS counts in ints: vectors longer than that go one by one. */
static void combine_tile(const struct saddle_i_basis *b, int64_t m, int64_t p, const double *s, int64_t at,
                         int64_t length, double *new)
{
    const int fits = b->stride <= b->countable;
    const int64_t step = fits ? SADDLE_I_CHUNK : 1;
    const int stride = fits ? (int)b->stride : SADDLE_I_TILE;
    for (int64_t first = 0; first < m; first += step) {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)p, (int)length, (int)shorter(m - first, step), 1.0,
                    s + first, (int)m, saddle_i_basis_vector(b, first) + at, stride, first == 0 ? 0.0 : 1.0, new,
                    SADDLE_I_TILE);
    }
}

void saddle_i_basis_rotate(struct saddle_i_basis *b, int64_t m, int64_t p, const double *s, double *room)
{
    for (int64_t at = 0; at < b->n; at += SADDLE_I_TILE) {
        const int64_t length = shorter(b->n - at, SADDLE_I_TILE);
        for (int64_t i = 0; i < p; i += ROWS) {
            combine_tile(b, m, shorter(p - i, ROWS), s + i * m, at, length, room + i * SADDLE_I_TILE);
        }
        for (int64_t i = 0; i < p; i++) {
            memcpy(saddle_i_basis_vector(b, i) + at, room + i * SADDLE_I_TILE, (size_t)length * sizeof *room);
        }
    }
}
