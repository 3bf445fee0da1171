/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops for one instruction set. The unit that includes this has defined vectors D of LANES doubles and W of LANES
 * 64-bit integers with their operations, FLIGHT, the number of independent vectors that hide the latency of
 * multiplications, divisions and roots, and DRAW, the number whose Philox rounds fit into the registers.
 *
 * A lane carries one Philox block: its four 32-bit words lie in the low halves of four W; the high halves hold rubbish
 * that no multiplication looks at. Lane l carries block LANE_BLOCKS[l], so that UNPACK puts the pairs side by side. */

#define ALWAYS static inline __attribute__((always_inline))
#define PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#  define UNROLLED PRAGMA(clang loop unroll(full))
#  define ROLLED PRAGMA(clang loop unroll(disable))
#else
#  define UNROLLED PRAGMA(GCC unroll 4)
#  define ROLLED PRAGMA(GCC unroll 1)
#endif
#define EACH UNROLLED for (int j = 0; j < m; j++)

/* The words x1 = x[2b], x2 = x[2b+1] of m <= DRAW vectors of blocks. */
ALWAYS void draw_few(const saddle_random_stream *s, uint64_t pair, const int m, W *x1, W *x2)
{
    W k0 = WSET((uint32_t)s->seed), k1 = WSET((uint32_t)(s->seed >> 32));
    W c0[DRAW], c1[DRAW], c2[DRAW], c3[DRAW];
    EACH {
        c0[j] = WADD(WSET(pair + (uint64_t)(j * LANES)), LANE_BLOCKS);
        c1[j] = WSHR(c0[j], 32);
        c2[j] = WSET((uint32_t)s->step);
        c3[j] = WSET(saddle_i_counter_top(s));
    }
    ROLLED for (int round = 0; round < 10; round++) {
        EACH {
            const W p0 = WMUL(c0[j], WSET(PHILOX_M0)), p1 = WMUL(c2[j], WSET(PHILOX_M1));
            c0[j] = WXOR3(WSHR(p1, 32), c1[j], k0);
            c1[j] = p1;
            c2[j] = WXOR3(WSHR(p0, 32), c3[j], k1);
            c3[j] = p0;
        }
        k0 = WADD(k0, WSET(PHILOX_W0));
        k1 = WADD(k1, WSET(PHILOX_W1));
    }
    EACH {
        x1[j] = WJOIN(c0[j], c1[j]);
        x2[j] = WJOIN(c2[j], c3[j]);
    }
}

/* The same for m = 1 or FLIGHT. */
ALWAYS void draw(const saddle_random_stream *s, uint64_t pair, const int m, W *x1, W *x2)
{
    const int few = m < DRAW ? m : DRAW;
    UNROLLED for (int j = 0; j < m; j += few) {
        draw_few(s, pair + (uint64_t)(j * LANES), few, x1 + j, x2 + j);
    }
}

/* (1.0 with the mantissa x >> 12) - (1 - 2^-53) = ((x >> 12) + 1/2) 2^-52, exactly. */
ALWAYS D mantissa_of(W x)
{
    return AS_D(WOR(WSHR(x, 12), WSET(UINT64_C(0x3ff) << 52)));
}

ALWAYS D uniform_of(W x)
{
    return SUB(mantissa_of(x), SET(1.0 - 0x1p-53));
}

/* R = sqrt(-2 log u). */
ALWAYS void radius(const int m, const W *x1, D *r)
{
    D e[FLIGHT], s[FLIGHT], z[FLIGHT];
    EACH {
        const W from = WSUB(AS_W(uniform_of(x1[j])), WSET(ROOT_HALF_BITS));
        /* e + 1023 as the low bits of a number near 2^52: an exact conversion without an instruction for it */
        const W raised = WOR(WSHR(WADD(from, WSET(UINT64_C(1023) << 52)), 52), WSET(UINT64_C(0x433) << 52));
        e[j] = MUL(SUB(AS_D(raised), SET(0x1p52 + 1023.0)), SET(MINUS_TWO_LN2));
        const D t = AS_D(WADD(WAND(from, WSET(0xfffffffffffff)), WSET(ROOT_HALF_BITS)));
        s[j] = DIV(SUB(t, SET(1.0)), ADD(t, SET(1.0)));
    }
    EACH {
        z[j] = MUL(s[j], s[j]);
        const D z2 = MUL(z[j], z[j]);
        const D low = ADD(ADD(SET(LOG_0), MUL(z[j], SET(LOG_1))), MUL(z2, ADD(SET(LOG_2), MUL(z[j], SET(LOG_3)))));
        const D high = ADD(ADD(SET(LOG_4), MUL(z[j], SET(LOG_5))), MUL(z2, SET(LOG_6)));
        const D p = ADD(low, MUL(MUL(z2, z2), high));
        r[j] = SQRT(ADD(e[j], MUL(MUL(SET(-4.0), s[j]), ADD(SET(1.0), MUL(z[j], p)))));
    }
}

/* The normals of m vectors of blocks, in order of position: 2m vectors. */
ALWAYS void pairs_of(const int m, const W *x1, const W *x2, D *out)
{
    D r[FLIGHT], t[FLIGHT], sine[FLIGHT], cosine[FLIGHT];
    radius(m, x1, r);
    EACH {
        t[j] = MUL(ADD(SUB(mantissa_of(x2[j]), SET(1.5)), SET(0x1p-53)), SET(HALF_PI));
    }
    EACH {
        const D z = MUL(t[j], t[j]), w = MUL(z, z), w2 = MUL(w, w);
        const D low = ADD(ADD(SET(SIN_0), MUL(z, SET(SIN_1))), MUL(w, ADD(SET(SIN_2), MUL(z, SET(SIN_3)))));
        sine[j] = ADD(SET(1.0), MUL(z, ADD(low, MUL(w2, ADD(SET(SIN_4), MUL(z, SET(SIN_5)))))));
        const D lo = ADD(ADD(SET(COS_0), MUL(z, SET(COS_1))), MUL(w, ADD(SET(COS_2), MUL(z, SET(COS_3)))));
        const D all = ADD(lo, MUL(w2, ADD(SET(COS_4), MUL(z, SET(COS_5)))));
        cosine[j] = ADD(SUB(SET(1.0), MUL(SET(0.5), z)), MUL(w, all));
    }
    EACH {
        const D sn = MUL(sine[j], MUL(t[j], r[j]));
        const D cs = FLIP(MUL(cosine[j], r[j]), WSHL(x2[j], 62));
        D first, second;
        SWAP_IF_ODD(x2[j], cs, sn, first, second);
        out[2 * j] = UNPACK_LOW(first, second);
        out[2 * j + 1] = UNPACK_HIGH(first, second);
    }
}

ALWAYS void words_step(const saddle_random_stream *s, uint64_t pair, const int m, uint64_t *x)
{
    W x1[FLIGHT], x2[FLIGHT];
    draw(s, pair, m, x1, x2);
    EACH {
        STORE((double *)(void *)(x + 2 * j * LANES), UNPACK_LOW(AS_D(x1[j]), AS_D(x2[j])));
        STORE((double *)(void *)(x + (2 * j + 1) * LANES), UNPACK_HIGH(AS_D(x1[j]), AS_D(x2[j])));
    }
}

ALWAYS void uniform_step(const saddle_random_stream *s, uint64_t pair, const int m, double *u)
{
    W x1[FLIGHT], x2[FLIGHT];
    draw(s, pair, m, x1, x2);
    EACH {
        const D first = uniform_of(x1[j]), second = uniform_of(x2[j]);
        STORE(u + 2 * j * LANES, UNPACK_LOW(first, second));
        STORE(u + (2 * j + 1) * LANES, UNPACK_HIGH(first, second));
    }
}

ALWAYS void normal_step(const saddle_random_stream *s, uint64_t pair, const int m, double *z)
{
    W x1[FLIGHT], x2[FLIGHT];
    D out[2 * FLIGHT];
    draw(s, pair, m, x1, x2);
    pairs_of(m, x1, x2, out);
    EACH {
        STORE(z + 2 * j * LANES, out[2 * j]);
        STORE(z + (2 * j + 1) * LANES, out[2 * j + 1]);
    }
}

ALWAYS void axpy_step(const saddle_random_stream *s, uint64_t pair, const int m, double a, double *y)
{
    W x1[FLIGHT], x2[FLIGHT];
    D out[2 * FLIGHT];
    draw(s, pair, m, x1, x2);
    pairs_of(m, x1, x2, out);
    EACH {
        double *at = y + 2 * j * LANES;
        STORE(at, ADD(LOAD(at), MUL(SET(a), out[2 * j])));
        STORE(at + LANES, ADD(LOAD(at + LANES), MUL(SET(a), out[2 * j + 1])));
    }
}

/* FLIGHT vectors at a time, then one; what is left goes through a vector of its own. */
#define SWEEP(step, type, out)                                                    \
    int64_t i = 0;                                                                \
    for (; i + FLIGHT * LANES <= pairs; i += FLIGHT * LANES) {                    \
        step(s, pair + (uint64_t)i, FLIGHT, (out) + 2 * i);                       \
    }                                                                             \
    for (; i + LANES <= pairs; i += LANES) {                                      \
        step(s, pair + (uint64_t)i, 1, (out) + 2 * i);                            \
    }                                                                             \
    if (i < pairs) {                                                              \
        type rest[2 * LANES];                                                     \
        step(s, pair + (uint64_t)i, 1, rest);                                     \
        memcpy((out) + 2 * i, rest, 2 * (size_t)(pairs - i) * sizeof(type));      \
    }

static void words(const saddle_random_stream *s, uint64_t pair, int64_t pairs, uint64_t *x)
{
    SWEEP(words_step, uint64_t, x)
}

static void uniform(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double *u)
{
    SWEEP(uniform_step, double, u)
}

static void normal(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double *z)
{
    SWEEP(normal_step, double, z)
}

static void normal_axpy(const saddle_random_stream *s, uint64_t pair, int64_t pairs, double a, double *y)
{
    int64_t i = 0;
    for (; i + FLIGHT * LANES <= pairs; i += FLIGHT * LANES) {
        axpy_step(s, pair + (uint64_t)i, FLIGHT, a, y + 2 * i);
    }
    for (; i + LANES <= pairs; i += LANES) {
        axpy_step(s, pair + (uint64_t)i, 1, a, y + 2 * i);
    }
    if (i < pairs) {
        double z[2 * LANES];
        normal_step(s, pair + (uint64_t)i, 1, z);
        for (int64_t k = 2 * i; k < 2 * pairs; k++) {
            y[k] = y[k] + a * z[k - 2 * i];
        }
    }
}
