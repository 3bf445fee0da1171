/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops for x86, written once and included by the file of each instruction set, which defines before:
 *   vec, WIDTH         a vector of WIDTH doubles; WIDTH divides 32
 *   load, part, store  any alignment; part loads the first `count` < WIDTH entries and puts +0 in the others
 *   add, sub, mul, max, absolute, broadcast
 *   exceeds            is an entry of the first greater than the second (either answer where there is NaN)
 *   across             the folds WIDTH/2 .. 1 within one vector
 *   NAME               of the set
 * Bits are those of kernels_portable.c: lane j of a block dot is entry j mod WIDTH of vector j / WIDTH, and the +0 of
 * part() leaves a lane as it is, since no lane is ever -0. */
#include <emmintrin.h>

enum {
    PARTS = SADDLE_I_LANES / WIDTH,
    TINY = SADDLE_I_LANES /* up to here a vector was probably stored just now, and by scalar code */
};

/* Two entries by two loads: a load that is wider than the stores it depends on waits until they have left the store
 * queue, which costs more than the whole loop. */
static inline __m128d halves(const double *p)
{
    return _mm_loadh_pd(_mm_load_sd(p), p + 1);
}

/* Lanes 8r .. 8r+7 of a block dot with fewer than 33 entries; left >= 1 of them are there. */
static inline void row(int64_t left, const double *x, const double *y, __m128d *lane)
{
    if (left >= 8) {
        for (int k = 0; k < 4; k++) {
            lane[k] = _mm_add_pd(lane[k], _mm_mul_pd(halves(x + 2 * k), halves(y + 2 * k)));
        }
        return;
    }
    for (int k = 0; k < 4; k++) {
        if (left >= 2 * k + 2) {
            lane[k] = _mm_add_pd(lane[k], _mm_mul_pd(halves(x + 2 * k), halves(y + 2 * k)));
        } else if (left == 2 * k + 1) {
            lane[k] = _mm_add_pd(lane[k], _mm_mul_sd(_mm_load_sd(x + 2 * k), _mm_load_sd(y + 2 * k)));
        }
    }
}

/* At most 32 entries: every lane has one term. Fold 16 adds rows 2 and 3 to rows 0 and 1, fold 8 these two rows. */
static double dot_tiny(int64_t n, const double *x, const double *y)
{
    const __m128d zero = _mm_setzero_pd();
    __m128d even[4] = {zero, zero, zero, zero};
    __m128d odd[4] = {zero, zero, zero, zero};
    if (n > 0) {
        row(n, x, y, even);
    }
    if (n > 8) {
        row(n - 8, x + 8, y + 8, odd);
    }
    if (n > 16) {
        row(n - 16, x + 16, y + 16, even);
    }
    if (n > 24) {
        row(n - 24, x + 24, y + 24, odd);
    }
    const __m128d a = _mm_add_pd(_mm_add_pd(even[0], odd[0]), _mm_add_pd(even[2], odd[2]));
    const __m128d b = _mm_add_pd(_mm_add_pd(even[1], odd[1]), _mm_add_pd(even[3], odd[3]));
    const __m128d c = _mm_add_pd(a, b);
    return _mm_cvtsd_f64(_mm_add_sd(c, _mm_unpackhi_pd(c, c)));
}

/* The folds over whole vectors, then those within one. */
static inline double fold_lanes(vec *s)
{
    for (int half = PARTS / 2; half > 0; half /= 2) {
        for (int a = 0; a < half; a++) {
            s[a] = add(s[a], s[a + half]);
        }
    }
    return across(s[0]);
}

static double dot(int64_t n, const double *x, const double *y)
{
    if (n <= TINY) {
        return dot_tiny(n, x, y);
    }
    vec s[PARTS];
    for (int a = 0; a < PARTS; a++) {
        s[a] = broadcast(0.0);
    }
    int64_t i = 0;
    for (; i + SADDLE_I_LANES <= n; i += SADDLE_I_LANES) {
        for (int a = 0; a < PARTS; a++) {
            s[a] = add(s[a], mul(load(x + i + a * WIDTH), load(y + i + a * WIDTH)));
        }
    }
    for (int a = 0; a < PARTS; a++) {
        const int64_t at = i + a * WIDTH;
        if (at + WIDTH <= n) {
            s[a] = add(s[a], mul(load(x + at), load(y + at)));
        } else if (at < n) {
            s[a] = add(s[a], mul(part(x + at, n - at), part(y + at, n - at)));
        }
    }
    return fold_lanes(s);
}

static double mass(int64_t n, const double *x)
{
    vec m[4] = {broadcast(0.0), broadcast(0.0), broadcast(0.0), broadcast(0.0)};
    int64_t i = 0;
    for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {
        for (int a = 0; a < 4; a++) {
            m[a] = add(m[a], absolute(load(x + i + a * WIDTH)));
        }
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        m[0] = add(m[0], absolute(load(x + i)));
    }
    if (i < n) {
        m[1] = add(m[1], absolute(part(x + i, n - i)));
    }
    return across(add(add(m[0], m[2]), add(m[1], m[3])));
}

/* y may have been stored by the call before this one, two entries at a time, and can be loaded so. */
static inline void axpy_pairs(int64_t n, double a, const double *x, double *y)
{
    const __m128d factor = _mm_set1_pd(a);
    int64_t i = 0;
    for (; i + 2 <= n; i += 2) {
        _mm_storeu_pd(y + i, _mm_add_pd(_mm_loadu_pd(y + i), _mm_mul_pd(factor, halves(x + i))));
    }
    if (i < n) {
        y[i] = y[i] + a * x[i];
    }
}

static void axpy(int64_t n, double a, const double *x, double *y)
{
    int64_t i = 0;
    if (n > TINY) {
        const vec factor = broadcast(a);
        for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {
            for (int k = 0; k < 4; k++) {
                const int64_t at = i + k * WIDTH;
                store(y + at, add(load(y + at), mul(factor, load(x + at))));
            }
        }
        for (; i + WIDTH <= n; i += WIDTH) {
            store(y + i, add(load(y + i), mul(factor, load(x + i))));
        }
    }
    axpy_pairs(n - i, a, x + i, y + i);
}

static void scale(int64_t n, double a, double *x)
{
    const vec factor = broadcast(a);
    int64_t i = 0;
    if (n > TINY) {
        for (; i + WIDTH <= n; i += WIDTH) {
            store(x + i, mul(factor, load(x + i)));
        }
    }
    for (; i + 2 <= n; i += 2) {
        _mm_storeu_pd(x + i, _mm_mul_pd(_mm_set1_pd(a), halves(x + i)));
    }
    if (i < n) {
        x[i] = a * x[i];
    }
}

/* One vector of the step: returns |w|. */
static inline vec move(vec eta, double *g, double *w)
{
    const vec old = load(w);
    const vec next = sub(old, mul(eta, load(g)));
    store(w, next);
    store(g, old);
    return absolute(next);
}

static double descend_keep(int64_t n, double eta, double *g, double *w)
{
    const vec factor = broadcast(eta);
    vec m[4] = {broadcast(0.0), broadcast(0.0), broadcast(0.0), broadcast(0.0)};
    int64_t i = 0;
    for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {
        for (int a = 0; a < 4; a++) {
            m[a] = add(m[a], move(factor, g + i + a * WIDTH, w + i + a * WIDTH));
        }
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        m[0] = add(m[0], move(factor, g + i, w + i));
    }
    double rest = 0.0;
    for (; i < n; i++) {
        const double old = w[i];
        const double next = old - eta * g[i];
        w[i] = next;
        g[i] = old;
        rest += next < 0.0 ? -next : next;
    }
    return rest + across(add(add(m[0], m[2]), add(m[1], m[3])));
}

static int64_t descend_groups(int64_t n, double eta, double *g, double *w, double *lane, double *mass_out)
{
    const vec factor = broadcast(eta);
    const vec limit = broadcast(SADDLE_I_ENTRY_MAX);
    vec s[PARTS];
    for (int a = 0; a < PARTS; a++) {
        s[a] = broadcast(0.0);
    }
    vec m[2] = {broadcast(0.0), broadcast(0.0)};
    int64_t i = 0;
    for (; i + SADDLE_I_LANES <= n; i += SADDLE_I_LANES) {
        vec most = absolute(load(g + i));
        for (int a = 1; a < PARTS; a++) {
            most = max(most, absolute(load(g + i + a * WIDTH)));
        }
        if (exceeds(most, limit)) {
            break;
        }
        for (int a = 0; a < PARTS; a++) {
            const vec slope = load(g + i + a * WIDTH);
            s[a] = add(s[a], mul(slope, slope));
            m[a % 2] = add(m[a % 2], move(factor, g + i + a * WIDTH, w + i + a * WIDTH));
        }
    }
    for (int a = 0; a < PARTS; a++) {
        store(lane + a * WIDTH, s[a]);
    }
    *mass_out = across(add(m[0], m[1]));
    return i;
}

static const struct saddle_i_kernels table = {NAME, dot, mass, axpy, scale, descend_keep, descend_groups};
