/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/random.h
 *  Random numbers that are addressed, not consumed: Philox4x32-10 by (seed, purpose, step, position).
 *  The numbers are frozen as stream layout 1, the same on every machine; docs/random.md defines them. */
#ifndef SADDLE_RANDOM_H
#define SADDLE_RANDOM_H
#include <saddle/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names a stream. Never grows.
 *  @since 0.1 */
typedef struct saddle_random_stream {
    uint64_t seed;    /**< any 64 bits */
    uint64_t purpose; /**< 0 .. 127 are the library's, 128 .. 255 the caller's */
    uint64_t step;    /**< below 2^56 */
} saddle_random_stream;

/** One block of random words.
 *  @param s the stream
 *  @param block any 64 bits
 *  @param out receives four words
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL), SADDLE_E_RANGE (purpose or step)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_random_bits(const saddle_random_stream *s, uint64_t block, uint32_t out[4]);

/** Uniform numbers at positions offset .. offset+count-1: ((x >> 12) + 1/2) 2^-52, in (0,1).
 *  Filling a range at once or in pieces, in any order, gives the same bits.
 *  @param s the stream
 *  @param offset >= 0; offset + count <= 2^41
 *  @param count >= 0
 *  @param u receives count numbers; may be NULL when count is 0
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL, a negative size), SADDLE_E_RANGE (purpose, step, 2^41)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_random_uniform(const saddle_random_stream *s, int64_t offset, int64_t count, double *u);

/** Normal numbers N(0,1) at positions offset .. offset+count-1, |z| <= 8.58, never 0. Positions 2b and
 *  2b+1 are the two of one Box-Muller pair; any offset and count will do.
 *  Arguments and errors as in saddle_random_uniform().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_random_normal(const saddle_random_stream *s, int64_t offset, int64_t count, double *z);

#ifdef __cplusplus
}
#endif
#endif
