/* SPDX-License-Identifier: BSD-3-Clause */
/* What a sample proves about the mean m of nonnegative numbers x_1, x_2, ..., valid at every number of samples at once: a bet against
 * "the mean is at most m" whose capital grows where it is wrong (Waudby-Smith and Ramdas 2024; without replacement). */
#ifndef SADDLE_I_BETTING_H
#define SADDLE_I_BETTING_H
#include "base/base.h"

enum { SADDLE_I_BETS = 16 }; /* fractions 2^-1 .. 2^-16 of the capital */

/* One hypothesis, fed a number at a time. */
struct saddle_i_bet {
    double m;                 /* "mean <= m", or "mean >= m" where bound > 0 */
    double bound;             /* x <= bound; 0: the lower side, which needs none */
    int64_t n;                /* numbers in all, without replacement; 0 = drawn independently, without end */
    int64_t t;
    double sum;
    double capital[SADDLE_I_BETS]; /* times 2^exponent; each began with 1 */
    int64_t exponent;
    double top;               /* the largest sum of them with this exponent */
    double most;              /* the largest log of their mean so far */
    int impossible;           /* the hypothesis cannot be true any more */
};

void saddle_i_bet_start(struct saddle_i_bet *b, double m, double bound, int64_t n);
/* One more number. Returns 1 once the hypothesis is rejected at this level (most >= log_level, or impossible). */
int saddle_i_bet_add(struct saddle_i_bet *b, double x, double log_level);

/* The same for all of them in turn; 1 when it was rejected at some t. */
int saddle_i_bet_rejects(struct saddle_i_bet *b, int64_t count, const double *x, double log_level);

/* The largest m such that "mean <= m" is rejected at some t <= count: a lower bound with confidence 1 - exp(-log_level); 0 where there
 * is none. And the smallest such that "mean >= m" is: an upper bound, +Inf where bound is 0. By bisection over the kept numbers. */
double saddle_i_bet_lower(int64_t count, const double *x, int64_t n, double log_level);
double saddle_i_bet_upper(int64_t count, const double *x, int64_t n, double bound, double log_level);

#endif
