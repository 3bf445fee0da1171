/* SPDX-License-Identifier: BSD-3-Clause */
#include "symmetric.h"
#include <math.h>

enum { SWEEPS = 60 };

static double sum_of_squares_off_diagonal(int n, const double *a)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            sum += a[i * n + j] * a[i * n + j];
        }
    }
    return sum;
}

/* Rows p and q of m, each of n entries: (p, q) becomes (c p - s q, s p + c q). */
static void rotate_rows(int n, double *m, int p, int q, double c, double s)
{
    for (int k = 0; k < n; k++) {
        const double x = m[p * n + k], y = m[q * n + k];
        m[p * n + k] = c * x - s * y;
        m[q * n + k] = s * x + c * y;
    }
}

static void rotate_columns(int n, double *m, int p, int q, double c, double s)
{
    for (int k = 0; k < n; k++) {
        const double x = m[k * n + p], y = m[k * n + q];
        m[k * n + p] = c * x - s * y;
        m[k * n + q] = s * x + c * y;
    }
}

/* The rotation that makes a[p][q] zero, by the smaller angle. */
static void annihilate(int n, double *a, double *vectors, int p, int q)
{
    if (a[p * n + q] == 0.0) {
        return;
    }
    const double theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
    const double t = (theta >= 0.0 ? 1.0 : -1.0) / (fabs(theta) + sqrt(theta * theta + 1.0));
    const double c = 1.0 / sqrt(t * t + 1.0), s = t * c;
    rotate_rows(n, a, p, q, c, s);
    rotate_columns(n, a, p, q, c, s);
    rotate_rows(n, vectors, p, q, c, s);
    a[p * n + q] = a[q * n + p] = 0.0;
}

static void swap_pairs(int n, double *values, double *vectors, int i, int j)
{
    const double value = values[i];
    values[i] = values[j];
    values[j] = value;
    for (int k = 0; k < n; k++) {
        const double x = vectors[i * n + k];
        vectors[i * n + k] = vectors[j * n + k];
        vectors[j * n + k] = x;
    }
}

void symmetric_eigen(int n, double *a, double *values, double *vectors)
{
    double scale = 0.0;
    for (int i = 0; i < n * n; i++) {
        vectors[i] = i % (n + 1) == 0 ? 1.0 : 0.0;
        scale += a[i] * a[i];
    }
    for (int sweep = 0; sweep < SWEEPS && sum_of_squares_off_diagonal(n, a) > 1e-34 * scale; sweep++) {
        for (int p = 0; p < n; p++) {
            for (int q = p + 1; q < n; q++) {
                annihilate(n, a, vectors, p, q);
            }
        }
    }
    for (int i = 0; i < n; i++) {
        values[i] = a[i * n + i];
    }
    for (int i = 0; i < n; i++) {
        int largest = i;
        for (int j = i + 1; j < n; j++) {
            largest = values[j] > values[largest] ? j : largest;
        }
        swap_pairs(n, values, vectors, i, largest);
    }
}
