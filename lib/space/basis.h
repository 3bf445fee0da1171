/* SPDX-License-Identifier: BSD-3-Clause */
/* A basis: vectors of n entries that are kept, in chunks, so that it grows without moving. */
#ifndef SADDLE_I_BASIS_H
#define SADDLE_I_BASIS_H
#include "space/space.h"

enum { SADDLE_I_CHUNK = 16, SADDLE_I_MAX_CHUNKS = 1024, SADDLE_I_TILE = 256 };

struct saddle_i_basis {
    saddle_context *context;
    const struct saddle_i_kernels *kernels;
    int64_t n, stride; /* stride >= n: entries from one vector of a chunk to the next */
    int64_t countable; /* strides up to this are walked by BLAS, which counts in ints: INT_MAX; tests set less */
    int64_t most;      /* vectors that it may hold, at most SADDLE_I_CHUNK * SADDLE_I_MAX_CHUNKS */
    double *chunk[SADDLE_I_MAX_CHUNKS];
};

void saddle_i_basis_init(struct saddle_i_basis *b, saddle_context *c, const struct saddle_i_kernels *k, int64_t n, int64_t most);
void saddle_i_basis_fini(struct saddle_i_basis *b);
/* Room for vectors 0 .. count-1, count <= most; what is there stays where it is. */
saddle_status saddle_i_basis_reserve(struct saddle_i_basis *b, int64_t count);
static inline double *saddle_i_basis_vector(const struct saddle_i_basis *b, int64_t j)
{
    return b->chunk[j / SADDLE_I_CHUNK] + (j % SADDLE_I_CHUNK) * b->stride;
}
/* c_j = v_j'x, j = first .. last-1, each with the one definition of sums. c[0] is for v_first. */
void saddle_i_basis_dots(const struct saddle_i_basis *b, int64_t first, int64_t last, const double *x, double *c);
/* x = x - sum_j c_j v_j, j = first .. last-1, in that order. */
void saddle_i_basis_subtract(const struct saddle_i_basis *b, int64_t first, int64_t last, const double *c, double *x);
/* x = sum_j s_j v_j, j = 0 .. m-1. */
void saddle_i_basis_combine(const struct saddle_i_basis *b, int64_t m, const double *s, double *x);
/* v_i = sum_j s[i*m + j] v_j for i = 0 .. p-1, p <= m, in place: by BLAS, on blocks. room: SADDLE_I_TILE * p doubles. */
void saddle_i_basis_rotate(struct saddle_i_basis *b, int64_t m, int64_t p, const double *s, double *room);

#endif
