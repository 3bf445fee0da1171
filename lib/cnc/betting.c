/* SPDX-License-Identifier: BSD-3-Clause */
/* Against "mean <= m": each bet j multiplies its capital by 1 + f_j (x_t/mu_t - 1), where mu_t is what the hypothesis leaves for the
 * mean of the numbers still to come: (n m - S)/(n - t + 1) without replacement, else m. While the hypothesis is true no capital grows in
 * expectation, so that the mean of all of them ever reaches 1/delta with probability at most delta (Ville). */
#include "cnc/betting.h"
#include <math.h>

#define SLACK 1e-12 /* of n m: rounding of the sum; mu_t is nothing but rounding below it */
#define BELOW 1e-9

void saddle_i_bet_start(struct saddle_i_bet *b, double m, double bound, int64_t n)
{
    *b = (struct saddle_i_bet){.m = m, .bound = bound, .n = n, .most = 0.0};
    for (int j = 0; j < SADDLE_I_BETS; j++) {
        b->capital[j] = 1.0;
    }
}

/* gain: x/mu - 1, or (mu - x)/(B - mu); a fraction f of the capital gains f * gain. */
static void settle(struct saddle_i_bet *b, double gain)
{
    double f = 0.5, total = 0.0;
    for (int j = 0; j < SADDLE_I_BETS; j++, f *= 0.5) {
        b->capital[j] *= 1.0 + f * gain;
        total += b->capital[j];
    }
    if (!(total < 0x1p200 && total > 0x1p-200)) { /* a capital that is lost in this is lost for good: that only widens the interval */
        int power;
        (void)frexp(total, &power);
        for (int j = 0; j < SADDLE_I_BETS; j++) {
            b->capital[j] = ldexp(b->capital[j], -power);
        }
        total = ldexp(total, -power);
        b->exponent += power;
        b->top = 0.0;
    }
    if (total > b->top) {
        b->top = total;
        b->most = fmax(b->most, log(total / SADDLE_I_BETS) + (double)b->exponent * 0.6931471805599453);
    }
}

/* "mean <= m" of numbers >= 0. */
static void bet_on_more(struct saddle_i_bet *b, double x)
{
    const double all = (double)b->n * b->m;
    const double left = all - b->sum;
    const double mu = b->n > 0 ? left / (double)(b->n - b->t + 1) : b->m;
    if (b->n > 0 ? left > SLACK * all : mu > 0.0) {
        settle(b, fmin(x / mu, 1e100) - 1.0);
    }
    b->sum += x;
    if (b->n > 0 ? b->sum > all * (1.0 + SLACK) : b->m == 0.0 && x > 0.0) {
        b->impossible = 1;
    }
}

/* "mean >= m" of numbers <= B. */
static void bet_on_less(struct saddle_i_bet *b, double x)
{
    const double mu = b->n > 0 ? ((double)b->n * b->m - b->sum) / (double)(b->n - b->t + 1) : b->m;
    if (mu > b->bound * (1.0 + SLACK)) { /* not even B each would do */
        b->impossible = 1;
    } else if (b->bound - mu > SLACK * b->bound) {
        settle(b, fmax((mu - x) / (b->bound - mu), -1.0)); /* an x above the bound by rounding takes no more than the stake */
    }
    b->sum += x;
    if (b->t == b->n && b->sum < (double)b->n * b->m * (1.0 - SLACK)) {
        b->impossible = 1;
    }
}

int saddle_i_bet_add(struct saddle_i_bet *b, double x, double log_level)
{
    b->t++;
    if (b->bound > 0.0) {
        bet_on_less(b, x);
    } else {
        bet_on_more(b, x);
    }
    return b->impossible || b->most >= log_level;
}

int saddle_i_bet_rejects(struct saddle_i_bet *b, int64_t count, const double *x, double log_level)
{
    for (int64_t t = 0; t < count; t++) {
        if (saddle_i_bet_add(b, x[t], log_level)) {
            return 1;
        }
    }
    return 0;
}

static int rejected(double m, double bound, int64_t count, const double *x, int64_t n, double log_level)
{
    struct saddle_i_bet b;
    saddle_i_bet_start(&b, m, bound, n);
    return saddle_i_bet_rejects(&b, count, x, log_level);
}

static double mean_of(int64_t count, const double *x)
{
    double sum = 0.0;
    for (int64_t t = 0; t < count; t++) {
        sum += x[t];
    }
    return sum / (double)count;
}

enum { BISECTIONS = 40 };

/* The capital falls in m, so that what is rejected is an interval from 0. The end that is given is a rejected one. */
double saddle_i_bet_lower(int64_t count, const double *x, int64_t n, double log_level)
{
    double low = 0.0, high = count > 0 ? mean_of(count, x) : 0.0;
    if (!(high > 0.0)) {
        return 0.0;
    }
    while (rejected(high, 0.0, count, x, n, log_level)) {
        low = high;
        high *= 2.0;
    }
    if (low == 0.0) { /* by scale first */
        for (double m = 0.5 * high; m > 1e-30 * high && low == 0.0; m *= 0.5) {
            if (rejected(m, 0.0, count, x, n, log_level)) {
                low = m;
            } else {
                high = m;
            }
        }
    }
    for (int i = 0; i < BISECTIONS && low > 0.0 && high - low > 1e-6 * low; i++) {
        const double m = 0.5 * (low + high);
        *(rejected(m, 0.0, count, x, n, log_level) ? &low : &high) = m;
    }
    return low;
}

double saddle_i_bet_upper(int64_t count, const double *x, int64_t n, double bound, double log_level)
{
    if (!(bound > 0.0)) {
        return SADDLE_I_INF;
    }
    /* Of independent draws "mean >= bound" itself leaves nothing to bet on; what falls below it, falls there. */
    double low = count > 0 ? mean_of(count, x) : 0.0, high = n > 0 ? bound : bound * (1.0 - BELOW);
    if (!rejected(high, bound, count, x, n, log_level)) {
        return bound;
    }
    for (int i = 0; i < BISECTIONS && high - low > 1e-6 * high; i++) {
        const double m = 0.5 * (low + high);
        *(rejected(m, bound, count, x, n, log_level) ? &high : &low) = m;
    }
    return high;
}
