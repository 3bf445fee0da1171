/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums that are exact and rounded once: whatever the order and the grouping of the terms, the bits are the same. */
#include "space/space.h"
#include <math.h>
#include <string.h>

enum {
    CARRY_EVERY = 1 << 30,    /* a digit gains less than 2^32 a term: far below 2^63 until then */
    DIGIT_BITS = 32,
    FRACTION_BITS = 52,
    EXPONENT_MASK = 0x7ff,
    TOP_BIT = 1023 + 1074     /* of the largest double, counted from 2^-1074 */
};

static uint64_t bits_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static double double_of(uint64_t b)
{
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* Brings every digit but the top one into [0, 2^32). Digits are signed: what is carried is the floor. */
static void carry(struct saddle_i_sum *s)
{
    int64_t up = 0;
    for (int k = 0; k < SADDLE_I_DIGITS - 1; k++) {
        const int64_t v = s->digit[k] + up;
        const int64_t low = v & 0xffffffffLL;
        up = (v - low) / 0x100000000LL; /* exact: a shift of a negative number is not defined by C */
        s->digit[k] = low;
    }
    s->digit[SADDLE_I_DIGITS - 1] += up;
    s->adds = 0;
}

static void add_digits(struct saddle_i_sum *s, double term)
{
    const uint64_t b = bits_of(term);
    const int exponent = (int)(b >> FRACTION_BITS) & EXPONENT_MASK;
    if (exponent == EXPONENT_MASK) {
        s->not_finite++;
        return;
    }
    uint64_t mantissa = b & ((1ULL << FRACTION_BITS) - 1);
    int place = 0; /* |term| = mantissa 2^(place - 1074) */
    if (exponent > 0) {
        mantissa |= 1ULL << FRACTION_BITS;
        place = exponent - 1;
    }
    int64_t *d = s->digit + place / DIGIT_BITS;
    const int shift = place % DIGIT_BITS;
    const uint64_t bottom = mantissa << shift; /* mod 2^64; what is lost returns in high */
    const int64_t low = (int64_t)(bottom & 0xffffffffU);
    const int64_t middle = (int64_t)(bottom >> DIGIT_BITS);
    const int64_t high = (int64_t)(mantissa >> 1 >> (63 - shift));
    if ((b >> 63) == 0) {
        d[0] += low;
        d[1] += middle;
        d[2] += high;
    } else {
        d[0] -= low;
        d[1] -= middle;
        d[2] -= high;
    }
    s->adds++;
    if (s->adds == CARRY_EVERY) {
        carry(s);
    }
}

/* Bits p .. p+63 of digits that are carried and not negative, p >= 0. */
static uint64_t window(const struct saddle_i_sum *s, int p)
{
    const int k = p / DIGIT_BITS;
    const int shift = p % DIGIT_BITS;
    const uint64_t low = (uint64_t)s->digit[k];
    const uint64_t middle = k + 1 < SADDLE_I_DIGITS ? (uint64_t)s->digit[k + 1] : 0;
    const uint64_t high = k + 2 < SADDLE_I_DIGITS ? (uint64_t)s->digit[k + 2] : 0;
    return (low >> shift) | (middle << (DIGIT_BITS - shift)) | (high << 1 << (63 - shift));
}

/* Is one of the bits 0 .. p-1 set? */
static int any_below(const struct saddle_i_sum *s, int p)
{
    for (int k = 0; k < p / DIGIT_BITS; k++) {
        if (s->digit[k] != 0) {
            return 1;
        }
    }
    return (s->digit[p / DIGIT_BITS] & ((1LL << (p % DIGIT_BITS)) - 1)) != 0;
}

/* The double nearest to digits that are carried and not negative, as bits. With 53 bits M from bit number p up, the
 * bits of M 2^(p - 1074) are p 2^52 + M: the leading bit of M adds the 1 that a normal exponent field is ahead of p,
 * and is missing exactly where the number is subnormal and p is 0. A carry out of M goes into the exponent by
 * itself. */
static uint64_t nearest(const struct saddle_i_sum *s)
{
    const uint64_t infinity = (uint64_t)EXPONENT_MASK << FRACTION_BITS;
    int k = SADDLE_I_DIGITS - 1;
    while (k > 0 && s->digit[k] == 0) {
        k--;
    }
    if (s->digit[k] == 0) {
        return 0;
    }
    /* the exponent of the highest digit as a double; a top digit of more than 53 bits is beyond TOP_BIT anyway */
    const int top = k * DIGIT_BITS + (int)(bits_of((double)s->digit[k]) >> FRACTION_BITS) - 1023;
    if (top > TOP_BIT) {
        return infinity;
    }
    const int p = top > FRACTION_BITS ? top - FRACTION_BITS : 0;
    const uint64_t m = window(s, p) & ((2ULL << FRACTION_BITS) - 1);
    uint64_t r = ((uint64_t)p << FRACTION_BITS) + m;
    if (p > 0 && (window(s, p - 1) & 1) != 0 && ((m & 1) != 0 || any_below(s, p - 1))) {
        r++;
    }
    return r;
}

static double round_digits(struct saddle_i_sum *s)
{
    if (s->not_finite > 0) {
        return SADDLE_I_NAN;
    }
    carry(s);
    if (s->digit[SADDLE_I_DIGITS - 1] >= 0) {
        return double_of(nearest(s));
    }
    struct saddle_i_sum minus;
    for (int k = 0; k < SADDLE_I_DIGITS; k++) {
        minus.digit[k] = -s->digit[k];
    }
    carry(&minus);
    return -double_of(nearest(&minus));
}

/* a + b = *sum + *error exactly (Knuth's TwoSum). Needs no order of a and b; underflow does no harm, since both parts
 * are multiples of 2^-1074. Needs |a| + |b| far from overflow. */
static inline void two_sum(double a, double b, double *sum, double *error)
{
    const double s = a + b;
    const double from_b = s - a;
    *error = (a - (s - from_b)) + (b - from_b);
    *sum = s;
}

/* The sum of up to 64 terms by two cascaded chains. Returns 1 with the correctly rounded sum, 0 when that is not sure.
 *
 * Proof, u = 2^-53. S is the true sum. If the computed sum of |t_i| is below 2^1000 all terms are finite and nothing
 * below overflows, so every TwoSum is exact:
 *   first chain     S = s + sum e_i                second chain     sum e_i = c + sum f_i
 *   last TwoSum     s + c = r + q                  so               S = r + q + delta, delta = sum f_i.
 * R, the computed sum of |f_i|, loses at most a factor (1 - u)^63, and |delta| <= sum |f_i| <= R / (1 - u)^63 <= 2 R.
 * (a) R = 0: S = s + c, and r = fl(s + c) is by definition of the addition the nearest double, ties to even.
 * (b) R > 0, hence R >= 2^-1074. Let b be the computed value of 4 R + 2^-50 |q|. The product is off by its own
 *     rounding, at most u 2^-50 |q| or 2^-1075, and the sum by a factor of 1 - u at worst. As R/2 covers the 2^-1075,
 *     b >= 3 R + 2^-51 |q|. An addition is off by at most u times its true value (sums do not underflow), so that
 *     fl(q + b) >= q + b - u (|q| + b) >= q + 2 R, the 2^-51 |q| in b paying for u |q| and the third R for u b; and
 *     likewise fl(q - b) <= q - 2 R. Hence S lies between r + fl(q - b) and r + fl(q + b). Rounding is monotone: when
 *     both of these additions round to r, S rounds to r too, whatever ties there are.
 * r is never -0: s and c start at +0, and to nearest a sum is -0 only when both terms are. */
static int short_sum(int64_t count, const double *terms, double *result)
{
    double size = 0.0;
    for (int64_t i = 0; i < count; i++) {
        size += fabs(terms[i]);
    }
    if (!(size < 0x1p1000)) {
        return 0;
    }
    double s = 0.0;
    double c = 0.0;
    double lost = 0.0;
    for (int64_t i = 0; i < count; i++) {
        double e;
        double f;
        two_sum(s, terms[i], &s, &e);
        two_sum(c, e, &c, &f);
        lost += fabs(f);
    }
    double r;
    double q;
    two_sum(s, c, &r, &q);
    *result = r;
    if (lost > 0.0) {
        const double b = 4.0 * lost + 0x1p-50 * fabs(q);
        return r + (q - b) == r && r + (q + b) == r; /* exact comparisons, see (b) */
    }
    return 1;
}

static void clear_digits(struct saddle_i_sum *s)
{
    memset(s->digit, 0, sizeof s->digit);
    s->adds = 0;
    s->not_finite = 0;
}

double saddle_i_exact_sum(int64_t count, const double *terms)
{
    if (count == 1) {
        return fabs(terms[0]) <= DBL_MAX ? terms[0] + 0.0 : SADDLE_I_NAN; /* -0 becomes +0 */
    }
    double r;
    if (count <= SADDLE_I_SHORT_SUM && short_sum(count, terms, &r)) {
        return r;
    }
    struct saddle_i_sum s;
    clear_digits(&s);
    for (int64_t i = 0; i < count; i++) {
        add_digits(&s, terms[i]);
    }
    return round_digits(&s);
}

void saddle_i_sum_init(struct saddle_i_sum *s)
{
    s->count = 0;
}

void saddle_i_sum_add(struct saddle_i_sum *s, double term)
{
    if (s->count < SADDLE_I_SHORT_SUM) {
        s->term[s->count] = term;
        s->count++;
        return;
    }
    if (s->count == SADDLE_I_SHORT_SUM) {
        clear_digits(s);
        for (int i = 0; i < SADDLE_I_SHORT_SUM; i++) {
            add_digits(s, s->term[i]);
        }
    }
    add_digits(s, term);
    s->count++;
}

double saddle_i_sum_round(struct saddle_i_sum *s)
{
    return s->count <= SADDLE_I_SHORT_SUM ? saddle_i_exact_sum(s->count, s->term) : round_digits(s);
}
