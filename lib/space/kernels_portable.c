/* SPDX-License-Identifier: BSD-3-Clause */
/* The loops as they are defined: every other set gives the bits of these. */
#include "space/kernels.h"
#include <math.h>

static double dot(int64_t n, const double *x, const double *y)
{
    double lane[SADDLE_I_LANES] = {0.0};
    int64_t i = 0;
    for (; i + SADDLE_I_LANES <= n; i += SADDLE_I_LANES) {
        for (int j = 0; j < SADDLE_I_LANES; j++) {
            lane[j] += x[i + j] * y[i + j];
        }
    }
    for (int j = 0; i + j < n; j++) {
        lane[j] += x[i + j] * y[i + j];
    }
    return saddle_i_fold(lane);
}

static double mass(int64_t n, const double *x)
{
    double m[4] = {0.0}; /* four, so that additions need not wait for each other */
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (int j = 0; j < 4; j++) {
            m[j] += fabs(x[i + j]);
        }
    }
    for (; i < n; i++) {
        m[0] += fabs(x[i]);
    }
    return (m[0] + m[2]) + (m[1] + m[3]);
}

static void axpy(int64_t n, double a, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) {
        y[i] = y[i] + a * x[i];
    }
}

static void scale(int64_t n, double a, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        x[i] = a * x[i];
    }
}

/* One entry of the step: returns |w_i|. */
static inline double move(double eta, double *g, double *w)
{
    const double old = *w;
    const double next = old - eta * *g;
    *w = next;
    *g = old;
    return fabs(next);
}

static double descend_keep(int64_t n, double eta, double *g, double *w)
{
    double m[4] = {0.0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (int j = 0; j < 4; j++) {
            m[j] += move(eta, g + i + j, w + i + j);
        }
    }
    for (; i < n; i++) {
        m[0] += move(eta, g + i, w + i);
    }
    return (m[0] + m[2]) + (m[1] + m[3]);
}

static int64_t descend_groups(int64_t n, double eta, double *g, double *w, double *lane, double *mass_out)
{
    double m[4] = {0.0};
    int64_t i = 0;
    for (int j = 0; j < SADDLE_I_LANES; j++) {
        lane[j] = 0.0;
    }
    for (; i + SADDLE_I_LANES <= n; i += SADDLE_I_LANES) {
        int large = 0;
        for (int j = 0; j < SADDLE_I_LANES; j++) {
            large |= !(fabs(g[i + j]) <= SADDLE_I_ENTRY_MAX);
        }
        if (large) {
            break;
        }
        for (int j = 0; j < SADDLE_I_LANES; j++) {
            lane[j] += g[i + j] * g[i + j];
        }
        for (int j = 0; j < SADDLE_I_LANES; j++) {
            m[j % 4] += move(eta, g + i + j, w + i + j);
        }
    }
    *mass_out = (m[0] + m[2]) + (m[1] + m[3]);
    return i;
}

const struct saddle_i_kernels *saddle_i_kernels_portable(void)
{
    static const struct saddle_i_kernels table = {"portable", dot, mass, axpy, scale, descend_keep, descend_groups};
    return &table;
}
