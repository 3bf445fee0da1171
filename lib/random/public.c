/* SPDX-License-Identifier: BSD-3-Clause */
/* What a caller may ask for directly. */
#include "random/kernels.h"

#define POSITIONS (INT64_C(1) << 41)

static saddle_status check_stream(const char *who, const saddle_random_stream *s)
{
    if (s == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: the stream is NULL", who);
    }
    if (s->purpose > 255) {
        return saddle_i_fail(SADDLE_E_RANGE, "%s: purpose is %llu, outside 0 .. 255", who,
                             (unsigned long long)s->purpose);
    }
    if (s->step >> 56 != 0) {
        return saddle_i_fail(SADDLE_E_RANGE, "%s: step is %llu, not below 2^56 = 72057594037927936", who,
                             (unsigned long long)s->step);
    }
    return SADDLE_OK;
}

static saddle_status check_fill(const char *who, const saddle_random_stream *s, int64_t offset, int64_t count,
                                const double *out)
{
    TRY(check_stream(who, s));
    if (offset < 0 || count < 0) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: %s is %lld, below 0", who, offset < 0 ? "offset" : "count",
                             (long long)(offset < 0 ? offset : count));
    }
    if (offset > POSITIONS || count > POSITIONS - offset) {
        return saddle_i_fail(SADDLE_E_RANGE, "%s: offset %lld + count %lld is more than 2^41 = 2199023255552", who,
                             (long long)offset, (long long)count);
    }
    if (out == NULL && count > 0) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: the output is NULL for %lld numbers", who, (long long)count);
    }
    return SADDLE_OK;
}

saddle_status saddle_random_bits(const saddle_random_stream *s, uint64_t block, uint32_t out[4])
{
    TRY(check_stream("saddle_random_bits", s));
    if (out == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_random_bits: out is NULL");
    }
    saddle_i_philox(s, block, out);
    return SADDLE_OK;
}

saddle_status saddle_random_uniform(const saddle_random_stream *s, int64_t offset, int64_t count, double *u)
{
    TRY(check_fill("saddle_random_uniform", s, offset, count, u));
    struct saddle_i_fenv e;
    saddle_i_fenv_enter(&e);
    saddle_i_random_uniform(s, offset, count, u);
    saddle_i_fenv_leave(&e);
    return SADDLE_OK;
}

saddle_status saddle_random_normal(const saddle_random_stream *s, int64_t offset, int64_t count, double *z)
{
    TRY(check_fill("saddle_random_normal", s, offset, count, z));
    struct saddle_i_fenv e;
    saddle_i_fenv_enter(&e);
    saddle_i_random_normal(s, offset, count, z);
    saddle_i_fenv_leave(&e);
    return SADDLE_OK;
}
