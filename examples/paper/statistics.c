/* SPDX-License-Identifier: BSD-3-Clause */
#include "statistics.h"
#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double statistics_quantile(int n, double *x, double q)
{
    qsort(x, (size_t)n, sizeof(double), compare);
    const double at = q * (double)(n - 1), below = floor(at);
    const int k = (int)below;
    /* equal ends, infinite ones too, need no interpolation */
    return k + 1 >= n || at == below || x[k] == x[k + 1] ? x[k] : x[k] + (at - below) * (x[k + 1] - x[k]);
}

struct estimate statistics_mean(int n, const double *x)
{
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < n; i++) {
        sum += x[i];
    }
    const double mean = sum / n;
    for (int i = 0; i < n; i++) {
        squares += (x[i] - mean) * (x[i] - mean);
    }
    return (struct estimate){mean, n > 1 ? sqrt(squares / (n - 1.0) / n) : 0.0};
}

double statistics_slope(int n, const double *x, const double *y)
{
    double mean = 0.0, above = 0.0, below = 0.0;
    for (int j = 0; j < n; j++) {
        mean += x[j] / n;
    }
    for (int j = 0; j < n; j++) {
        above += (x[j] - mean) * y[j];
        below += (x[j] - mean) * (x[j] - mean);
    }
    return above / below;
}
