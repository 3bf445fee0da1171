/* SPDX-License-Identifier: BSD-3-Clause */
/* Vector work on w and what is shaped like it. The ONLY user of CBLAS. Sums have one definition
 * (docs/determinism.md): the same bits for every compiler, vector width and instruction set. */
#ifndef SADDLE_I_SPACE_H
#define SADDLE_I_SPACE_H
#include "base/base.h"

enum {
    SADDLE_I_BLOCK = 4096, /* entries of one block dot */
    SADDLE_I_LANES = 32,
    SADDLE_I_LONG = 131072 /* above it a vector leaves the cache between two passes */
};

#define SADDLE_I_ENTRY_MAX 0x1p440 /* 4096 squares of it stay below 2^893 */

/* The loops that are written once for each instruction set. All sets give the same bits, except the sums of
 * |x_i|, whose value steers nothing but finiteness tests, and except which NaN a NaN is.
 * n >= 0. Vectors need no alignment, though AVX-512 is up to a third slower off multiples of 64 bytes. No overlap. */
struct saddle_i_kernels {
    const char *name;                                             /* "portable", "sse2", "avx2", "avx512" */
    double (*dot)(int64_t n, const double *x, const double *y);   /* block dot, n <= SADDLE_I_BLOCK */
    double (*mass)(int64_t n, const double *x);                   /* sum |x_i|, any order; finite only if all are */
    void (*axpy)(int64_t n, double a, const double *x, double *y);/* y_i = y_i + a x_i, rounded twice */
    void (*scale)(int64_t n, double a, double *x);                /* x_i = a x_i */
    /* old = w_i; w_i = old - eta g_i; g_i = old; returns the sum of the new |w_i|, any order */
    double (*descend_keep)(int64_t n, double eta, double *g, double *w);
    /* The same for whole groups of 32 entries, n <= SADDLE_I_BLOCK, as long as every |g_i| <= SADDLE_I_ENTRY_MAX:
     * their squares cannot leave the range. lane[j] = the lanes of the block dot g'g of the g that came in, *mass =
     * the sum of the new |w_i|. Returns the number of entries moved; from there on nothing was touched. */
    int64_t (*descend_groups)(int64_t n, double eta, double *g, double *w, double *lane, double *mass);
};
/* The fastest set that this processor runs. */
const struct saddle_i_kernels *saddle_i_kernels_best(void);
/* Set number level (0 portable, 1 SSE2, 2 AVX2, 3 AVX-512); NULL when not built or this processor cannot run it. */
const struct saddle_i_kernels *saddle_i_kernels_at(int level);

/* x'y: block dots over the grid of 4096 entries, summed exactly and rounded once. NaN where a block dot is
 * not finite. */
double saddle_i_dot(const struct saddle_i_kernels *k, int64_t n, const double *x, const double *y);
/* A sum that is exact however long it gets: its first terms as they are, then int64 digits of 32 bits from
 * 2^-1074 up. */
enum { SADDLE_I_DIGITS = 68, SADDLE_I_SHORT_SUM = 64 };
struct saddle_i_sum {
    int64_t count;      /* of terms; up to SADDLE_I_SHORT_SUM nothing but term is in use */
    double term[SADDLE_I_SHORT_SUM];
    int64_t digit[SADDLE_I_DIGITS];
    int64_t adds;       /* since the last carry */
    int64_t not_finite; /* terms that were not finite */
};
void saddle_i_sum_init(struct saddle_i_sum *s);
void saddle_i_sum_add(struct saddle_i_sum *s, double term);
/* Rounded once to nearest even; +0 when it is zero; Inf above DBL_MAX; NaN when a term was not finite. The sum may go
 * on. */
double saddle_i_sum_round(struct saddle_i_sum *s);

/* The sum of `count` numbers, exact and rounded once to nearest even; +0 when it is zero; NaN when one is not
 * finite. */
double saddle_i_exact_sum(int64_t count, const double *terms);
/* ||x||_2; where x'x leaves the safe range the vector is rescaled by a power of two. NaN when an entry is not finite,
 * Inf when the norm itself is above DBL_MAX. */
double saddle_i_norm(const struct saddle_i_kernels *k, int64_t n, const double *x);
/* max |x_i|; NaN when an entry is NaN. */
double saddle_i_max_abs(int64_t n, const double *x);
/* The first entry that is not finite, -1 when all are. */
int64_t saddle_i_first_not_finite(int64_t n, const double *x);
/* A fingerprint of the bits of x, to notice that it was changed. */
uint64_t saddle_i_fingerprint(int64_t n, const double *x);
/* The same of all entries up to 256, else of 32 groups of 8 that are spread evenly, first and last entry among them: for where a pass over
 * x would cost too much. */
uint64_t saddle_i_glimpse(int64_t n, const double *x);

/* acc = count x (first) or acc + count x (not first), each product and sum rounded. */
void saddle_i_accumulate(const struct saddle_i_kernels *k, int first, int64_t n, double count, const double *x,
                         double *acc);

/* w - eta g in ONE pass with the finiteness test and, where norm is not NULL, ||g|| (of the g that came in).
 * Afterwards g is scratch. On failure w is bit for bit what it was, *entry is the first entry that would not be
 * finite, and *bad is its would-be value. Returns 1 when done, 0 on failure. */
int saddle_i_descend_once(const struct saddle_i_kernels *k, int64_t n, double eta, double *g, double *w, double *norm,
                          int64_t *entry, double *bad);

#endif
