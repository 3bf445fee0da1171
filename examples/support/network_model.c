/* SPDX-License-Identifier: BSD-3-Clause */
#include "network_model.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { D = DIGITS_PIXELS, H = NETWORK_HIDDEN, C = DIGITS_CLASSES, N = DIGITS_COUNT, W1_SIZE = H * D };

/* Before the loops over hidden units that take the time: gcc -O3 would unroll their 16 rounds before it looks whether
 * they can be vectorised, and take twice as long. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTORS _Pragma("GCC unroll 1")
#else
#define VECTORS
#endif

struct network_model *network_model_create(void)
{
    struct network_model *m = malloc(sizeof *m);
    if (m == NULL) {
        return NULL;
    }
    digits_pixels(&m->x[0][0]);
    for (int i = 0; i < N; i++) {
        m->label[i] = digits_label(i);
    }
    return m;
}

/* exp(x) for |x| <= 700, to about 2 units in the last place, with nothing in it that stops a loop over it from being
 * vectorised: x = k log 2 + r, |r| <= log(2)/2, Taylor's polynomial of exp(r), and k added to the exponent. */
static inline double fast_exp(double x)
{
    const double shift = 0x1.8p52; /* adding it leaves the nearest integer in the low bits */
    const double shifted = x * 1.4426950408889634 + shift;
    const double k = shifted - shift;
    const double r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    uint64_t bits, power;
    memcpy(&bits, &shifted, sizeof bits);
    power = (bits + 1023) << 52; /* 2^k */
    double scale;
    memcpy(&scale, &power, sizeof scale);
    return p * scale;
}

static double clamp(double x, double most)
{
    return x > most ? most : x < -most ? -most : x;
}

/* tanh, exactly 0 at 0. Two loops: the second one has no branch. */
static void tanh_all(double *restrict h)
{
    for (int k = 0; k < H; k++) {
        h[k] = clamp(h[k], 20.0);
    }
    for (int k = 0; k < H; k++) {
        h[k] = 1.0 - 2.0 / (fast_exp(2.0 * h[k]) + 1.0);
    }
}

/* a += W1 x, W1 the first part of w. */
static inline void multiply(const double *restrict x, const double *restrict w, double *restrict a)
{
    double sum[H]; /* local, so that it can stay in registers */
    memcpy(sum, a, sizeof sum);
    for (int j = 0; j < D; j++) {
        VECTORS
        for (int k = 0; k < H; k++) {
            sum[k] += x[j] * w[j * H + k];
        }
    }
    memcpy(a, sum, sizeof sum);
}

/* h = tanh(W1 x) and o = W2 h. */
static void forward(const double *restrict x, const double *restrict w, double *restrict h, double *restrict o)
{
    double a[H] = {0.0};
    multiply(x, w, a);
    tanh_all(a);
    for (int c = 0; c < C; c++) {
        o[c] = 0.0;
        for (int k = 0; k < H; k++) {
            o[c] += w[W1_SIZE + c * H + k] * a[k];
        }
    }
    memcpy(h, a, sizeof a);
}

/* o becomes p; returns -log p[label]. */
static double softmax(double *restrict o, int label)
{
    double most = o[0], sum = 0.0;
    for (int c = 1; c < C; c++) {
        most = o[c] > most ? o[c] : most;
    }
    const double own = o[label] - most;
    for (int c = 0; c < C; c++) {
        o[c] = clamp(o[c] - most, 700.0);
    }
    for (int c = 0; c < C; c++) {
        o[c] = fast_exp(o[c]);
    }
    for (int c = 0; c < C; c++) {
        sum += o[c];
    }
    for (int c = 0; c < C; c++) {
        o[c] /= sum;
    }
    return log(sum) - own;
}

/* gradient += that of one sample times scale; p becomes p - e_label. */
static void backward(const double *restrict x, int label, const double *restrict w, const double *restrict h,
                     double *restrict p, double scale, double *restrict gradient)
{
    double back[H] = {0.0}, *g2 = gradient + W1_SIZE;
    const double *w2 = w + W1_SIZE;
    p[label] -= 1.0;
    for (int c = 0; c < C; c++) {
        const double e = scale * p[c];
        VECTORS
        for (int k = 0; k < H; k++) {
            back[k] += e * w2[c * H + k];
            g2[c * H + k] += e * h[k];
        }
    }
    for (int k = 0; k < H; k++) {
        back[k] *= 1.0 - h[k] * h[k];
    }
    for (int j = 0; j < D; j++) {
        VECTORS
        for (int k = 0; k < H; k++) {
            gradient[j * H + k] += x[j] * back[k];
        }
    }
}

int network_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    const struct network_model *m = user;
    double sum = 0.0;
    for (int64_t i = 0; i < b->count; i++) {
        double h[H], o[C];
        forward(m->x[b->index[i]], w, h, o);
        sum += softmax(o, m->label[b->index[i]]);
    }
    *value = sum / (double)b->count;
    return 0;
}

int network_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    double value;
    return network_value_gradient(user, b, w, &value, gradient);
}

int network_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    const struct network_model *m = user;
    const double scale = 1.0 / (double)b->count;
    double sum = 0.0;
    memset(gradient, 0, sizeof(double) * NETWORK_DIM);
    for (int64_t i = 0; i < b->count; i++) {
        const double *x = m->x[b->index[i]];
        const int label = m->label[b->index[i]];
        double h[H], p[C];
        forward(x, w, h, p);
        sum += softmax(p, label);
        backward(x, label, w, h, p, scale, gradient);
    }
    *value = sum / (double)b->count;
    return 0;
}

/* The derivative of forward() along v: rh of h = tanh(W1 x), ro of o = W2 h. */
static void forward_along(const double *restrict x, const double *restrict w, const double *restrict v,
                          const double *restrict h, double *restrict rh, double *restrict ro)
{
    double a[H] = {0.0};
    multiply(x, v, a);
    for (int k = 0; k < H; k++) {
        a[k] *= 1.0 - h[k] * h[k];
    }
    for (int c = 0; c < C; c++) {
        ro[c] = 0.0;
        VECTORS
        for (int k = 0; k < H; k++) {
            ro[c] += v[W1_SIZE + c * H + k] * h[k] + w[W1_SIZE + c * H + k] * a[k];
        }
    }
    memcpy(rh, a, sizeof a);
}

/* The derivative of backward() along v, e = p - e_label and re its own. Of the gradient of W2, e h', it is
 * re h' + e rh'; of that of W1, (1 - h^2) (W2'e) x', it is ((1 - h^2) (V2'e + W2're) - 2 h rh (W2'e)) x'. */
static void backward_along(const double *restrict x, const double *restrict w, const double *restrict v,
                           const double *restrict h, const double *restrict rh, const double *restrict e,
                           const double *restrict re, double *restrict product)
{
    const double *w2 = w + W1_SIZE, *v2 = v + W1_SIZE;
    double back[H] = {0.0}, rback[H] = {0.0}, *r2 = product + W1_SIZE;
    for (int c = 0; c < C; c++) {
        for (int k = 0; k < H; k++) {
            back[k] += e[c] * w2[c * H + k];
            rback[k] += e[c] * v2[c * H + k] + re[c] * w2[c * H + k];
            r2[c * H + k] += re[c] * h[k] + e[c] * rh[k];
        }
    }
    for (int k = 0; k < H; k++) {
        rback[k] = (1.0 - h[k] * h[k]) * rback[k] - 2.0 * h[k] * rh[k] * back[k];
    }
    for (int j = 0; j < D; j++) {
        VECTORS
        for (int k = 0; k < H; k++) {
            product[j * H + k] += x[j] * rback[k];
        }
    }
}

/* The R-operator of Pearlmutter (1994): the derivative along v of the passes that give the gradient. */
int network_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    const struct network_model *m = user;
    const double scale = 1.0 / (double)b->count;
    memset(product, 0, sizeof(double) * NETWORK_DIM);
    for (int64_t i = 0; i < b->count; i++) {
        const double *x = m->x[b->index[i]];
        const int label = m->label[b->index[i]];
        double h[H], rh[H], p[C], rp[C], mean = 0.0;
        forward(x, w, h, p);
        (void)softmax(p, label);
        forward_along(x, w, v, h, rh, rp);
        for (int c = 0; c < C; c++) {
            mean += p[c] * rp[c];
        }
        for (int c = 0; c < C; c++) {
            rp[c] = scale * p[c] * (rp[c] - mean);
        }
        p[label] -= 1.0;
        for (int c = 0; c < C; c++) {
            p[c] *= scale;
        }
        backward_along(x, w, v, h, rh, p, rp, product);
    }
    return 0;
}

/* <grad f_z, v> is (p - e_label)'ro: no gradient of a sample is made. */
int network_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    const struct network_model *m = user;
    for (int64_t i = 0; i < b->count; i++) {
        const double *x = m->x[b->index[i]];
        double h[H], rh[H], e[C], ro[C];
        forward(x, w, h, e);
        (void)softmax(e, m->label[b->index[i]]);
        e[m->label[b->index[i]]] -= 1.0;
        for (int64_t j = 0; j < k; j++) {
            double sum = 0.0;
            forward_along(x, w, v + j * NETWORK_DIM, h, rh, ro);
            for (int c = 0; c < C; c++) {
                sum += e[c] * ro[c];
            }
            slopes[i * k + j] = sum;
        }
    }
    return 0;
}
