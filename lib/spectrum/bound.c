/* SPDX-License-Identifier: BSD-3-Clause */
/* The interval of lambda_min (docs/curvature.md): the search for the x below theta_1 where a function that falls as x
 * comes up to theta_1 has a given value. The end of the bracket where the value is reached is the answer, so that what
 * is left of the bracket is on the safe side. */
#include "spectrum/bound.h"
#include <math.h>

#define SLACK (64.0 * DBL_EPSILON) /* of ||T||: rounding in the recurrence, in theta and here */
#define PI 3.14159265358979323846

double saddle_i_bound_target(int64_t n, double delta)
{
    return log(2.0 * (double)n / PI) - 2.0 * log(delta);
}

void saddle_i_pivots_start(struct saddle_i_pivots *p, double x)
{
    p->x = x;
    p->pivot = SADDLE_I_INF;
    p->log_p = 0.0;
    p->log_sum = 0.0;
    p->steps = 0;
}

static double log_of_ratio(double d, double beta)
{
    const double r = d / beta;
    return r >= DBL_MIN && r <= DBL_MAX ? log(r) : log(d) - log(beta);
}

/* log(e^a + e^b), a >= 0 */
static double log_add(double a, double b)
{
    const double most = a > b ? a : b;
    const double least = a > b ? b : a;
    return most <= DBL_MAX ? most + log1p(exp(least - most)) : most;
}

/* The pivot of T - x I that follows d: beta^2/d is formed without beta^2, which may leave the range. */
static double next_pivot(double alpha, double x, double beta_before, double d)
{
    return (alpha - x) - beta_before / d * beta_before;
}

/* p_j(x) = (-1)^j prod pivots / prod betas. */
int saddle_i_pivots_step(struct saddle_i_pivots *p, double alpha, double beta_before, double beta)
{
    if (!(p->pivot > 0.0)) {
        return 1;
    }
    p->pivot = p->steps == 0 ? alpha - p->x : next_pivot(alpha, p->x, beta_before, p->pivot);
    p->steps++;
    if (!(p->pivot > 0.0)) {
        return 1;
    }
    if (beta == 0.0) { /* the space is closed: K is infinite off the Ritz values */
        p->log_p = SADDLE_I_INF;
    } else {
        p->log_p += log_of_ratio(p->pivot, beta);
    }
    p->log_sum = log_add(p->log_sum, 2.0 * p->log_p);
    return 0;
}

/* What the search asks of: either K_k or the one polynomial, and the value to be reached. */
struct curve {
    int64_t k;
    const double *alpha, *beta; /* alpha NULL: the polynomial */
    const double *theta;
    double target; /* of log K, or of log |P| */
    double level;  /* e^target where that is an ordinary number, else 0 */
};

/* Is log K_k(x) >= target? By the logarithms: slow, for values that leave the range. A Ritz value below x: no. */
static int reached_by_logs(const struct curve *c, double x)
{
    struct saddle_i_pivots p;
    saddle_i_pivots_start(&p, x);
    for (int64_t j = 0; j < c->k; j++) {
        if (saddle_i_pivots_step(&p, c->alpha[j], j > 0 ? c->beta[j - 1] : 0.0, c->beta[j])) {
            return 0;
        }
        if (p.log_sum >= c->target) {
            return 1; /* K only grows with j, and what the first j products prove stays proven */
        }
    }
    return 0;
}

/* The same by the numbers themselves. The sum may stop at the level, so that it does not overflow before. Nor does p
 * underflow: entry (1, j) of the inverse of T_j - x I is 1/(p_(j-1) d_j), at most 1/(theta_1 - x), so that
 * p_j = p_(j-1) d_j / beta_j >= (theta_1 - x) / beta_j >= 2 eps for the x of search(). */
static int reached_by_sum(const struct curve *c, double x)
{
    if (!(c->level > 0.0)) {
        return reached_by_logs(c, x);
    }
    double d = c->alpha[0] - x;
    double p = 1.0;
    double sum = 1.0;
    for (int64_t j = 0; j < c->k; j++) {
        if (j > 0) {
            d = next_pivot(c->alpha[j], x, c->beta[j - 1], d);
        }
        if (!(d > 0.0)) {
            return 0;
        }
        p *= d / c->beta[j];
        sum += p * p;
        if (sum >= c->level) {
            return 1;
        }
    }
    return 0;
}

/* Is log |P(x)| >= target? The factors are multiplied while their product stays in the range. */
static int reached_by_product(const struct curve *c, double x)
{
    double product = 1.0;
    double logs = 0.0;
    for (int64_t i = 0; i < c->k; i++) {
        const double factor = c->theta[i] - x;
        if (!(factor > 0.0)) {
            return 0;
        }
        product *= factor;
        if (!(product >= 0x1p-200 && product <= 0x1p200)) {
            logs += log(product);
            product = 1.0;
        }
    }
    return logs + log(product) >= c->target;
}

static int reached(const struct curve *c, double x)
{
    return c->alpha != NULL ? reached_by_sum(c, x) : reached_by_product(c, x);
}

/* The least w, up to the accuracy that makes sense, such that the value is reached at theta - w. */
static double search(const struct curve *c, double theta, double norm)
{
    const double size = fabs(theta) > norm ? fabs(theta) : norm;
    const double fine = 2.0 * DBL_EPSILON * size + DBL_MIN; /* denormal widths cannot be halved for ever */
    double below = 0.0; /* not reached at theta - below */
    double w = SLACK * size + DBL_MIN;
    while (!reached(c, theta - w)) {
        below = w;
        w *= 16.0;
    }
    while (w - below > fine && w - below > 0x1p-40 * w) {
        const double middle = below + 0.5 * (w - below);
        if (reached(c, theta - middle)) {
            w = middle;
        } else {
            below = middle;
        }
    }
    return w;
}

double saddle_i_bound_lower(int64_t k, const double *alpha, const double *beta, double theta, double norm,
                            double target)
{
    if (beta[k - 1] == 0.0) {
        return theta - SLACK * norm;
    }
    const struct curve c = {
        .k = k, .alpha = alpha, .beta = beta, .target = target, .level = target < 600.0 ? exp(target) : 0.0};
    return theta - search(&c, theta, norm) - SLACK * norm;
}

double saddle_i_bound_restarted(int64_t m, const double *theta, double log_betas, double theta_1, double norm,
                                double target)
{
    if (log_betas < -DBL_MAX) { /* a beta was 0 */
        return theta_1 - SLACK * norm;
    }
    const struct curve c = {.k = m, .theta = theta, .target = 0.5 * target + log_betas};
    return theta_1 - search(&c, theta_1, norm) - SLACK * norm;
}
