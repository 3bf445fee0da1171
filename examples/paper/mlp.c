/* SPDX-License-Identifier: BSD-3-Clause */
#include "mlp_space.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDE = 2048 }; /* most units times directions that slopes are computed for at once */

/* The shape. */
static void set_widths(struct mlp *m, int hidden, int units)
{
    m->layers = hidden + 1;
    m->width[0] = m->data->pixels;
    m->widest = units > IMAGES_CLASSES ? units : IMAGES_CLASSES;
    for (int l = 1; l <= m->layers; l++) {
        m->width[l] = l < m->layers ? units : IMAGES_CLASSES;
        m->at[l] = m->at[l - 1] + (int64_t)m->width[l] * m->width[l - 1];
    }
    m->dim = m->at[m->layers];
}

static double *take(double **memory, int64_t numbers)
{
    double *p = *memory;
    *memory += numbers;
    return p;
}

/* Directions that slopes are computed for at once. */
static int64_t together(const struct mlp *m)
{
    return m->widest >= WIDE ? 1 : WIDE / m->widest;
}

static int space_create(const struct mlp *m, struct mlp_space *s)
{
    int64_t units = 0, most = 0;
    for (int l = 1; l <= m->layers; l++) {
        const int64_t weights = m->at[l] - m->at[l - 1];
        units += m->width[l];
        most = weights > most ? weights : most;
    }
    const int64_t pack = together(m) * most, wide = together(m) * m->widest * MLP_GRAIN;
    const int64_t numbers = MLP_GRAIN * (m->width[0] + 5 * units + 2 * m->widest) + pack + wide;
    s->memory = malloc((size_t)numbers * sizeof(double));
    if (s->memory == NULL) {
        return 0;
    }
    double *p = s->memory;
    s->x = take(&p, (int64_t)MLP_GRAIN * m->width[0]);
    for (int l = 1; l <= m->layers; l++) {
        const int64_t size = (int64_t)MLP_GRAIN * m->width[l];
        s->a[l] = s->own[l] = take(&p, size);
        s->slope[l] = take(&p, size);
        s->delta[l] = take(&p, size);
        s->rz[l] = take(&p, size);
        s->ra[l] = take(&p, size);
    }
    s->rdelta[0] = take(&p, (int64_t)MLP_GRAIN * m->widest);
    s->rdelta[1] = take(&p, (int64_t)MLP_GRAIN * m->widest);
    s->pack = take(&p, pack);
    s->wide = take(&p, wide);
    return 1;
}

int mlp_create(struct mlp *m, const struct images *data, int hidden, int units, int threads)
{
    *m = (struct mlp){.data = data, .threads = threads};
    set_widths(m, hidden, units);
    m->space = calloc((size_t)threads, sizeof *m->space);
    int whole = m->space != NULL;
    for (int t = 0; whole && t < threads; t++) {
        whole = space_create(m, &m->space[t]);
    }
    if (!whole) {
        mlp_free(m);
    }
    return whole;
}

void mlp_free(struct mlp *m)
{
    for (int t = 0; m->space != NULL && t < m->threads; t++) {
        free(m->space[t].memory);
    }
    free(m->space);
    m->space = NULL;
}

saddle_status mlp_objective(struct mlp *m, saddle_context *c, saddle_objective **out)
{
    saddle_objective *f = NULL;
    saddle_status s = saddle_objective_create(c, m->dim, m->data->count, m, &f);
    if (s != SADDLE_OK) {
        return s;
    }
    if ((s = saddle_objective_set_value(f, mlp_value)) != SADDLE_OK ||
        (s = saddle_objective_set_gradient(f, mlp_gradient)) != SADDLE_OK ||
        (s = saddle_objective_set_value_gradient(f, mlp_value_gradient)) != SADDLE_OK ||
        (s = saddle_objective_set_hessvec(f, mlp_hessvec)) != SADDLE_OK ||
        (s = saddle_objective_set_slopes(f, mlp_slopes)) != SADDLE_OK ||
        (s = saddle_objective_set_grain(f, MLP_GRAIN)) != SADDLE_OK) {
        saddle_objective_destroy(f);
        return s;
    }
    *out = f;
    return SADDLE_OK;
}

/* z becomes the sigmoid of z, and slope its derivative. Neither 1 - a nor exp of a large number is computed: in layers
 * that are saturated, as those on pixels up to 255, derivatives as small as 1e-300 are good to all their digits. */
static void sigmoid(int64_t count, double *restrict z, double *restrict slope)
{
    for (int64_t i = 0; i < count; i++) {
        slope[i] = exp(-fabs(z[i]));
    }
    for (int64_t i = 0; i < count; i++) {
        const double t = slope[i], r = 1.0 / (1.0 + t);
        z[i] = z[i] >= 0.0 ? r : t * r;
        slope[i] = t * r * r;
    }
}

/* z becomes p, e = p - e_label; the sum over p is taken instead of p[label] - 1, which would be rounded to 0. */
static double softmax(double *restrict z, int label, double *restrict e)
{
    double most = z[0], others = 0.0;
    for (int c = 1; c < IMAGES_CLASSES; c++) {
        most = z[c] > most ? z[c] : most;
    }
    const double own = z[label] - most;
    for (int c = 0; c < IMAGES_CLASSES; c++) {
        z[c] = exp(z[c] - most);
        others += c == label ? 0.0 : z[c];
    }
    const double sum = others + z[label];
    for (int c = 0; c < IMAGES_CLASSES; c++) {
        z[c] /= sum;
        e[c] = c == label ? -others / sum : z[c];
    }
    return own == 0.0 ? log1p(others) : log(sum) - own;
}

static void gather(const struct mlp *m, struct mlp_space *s, int64_t first, const int64_t *index, int64_t count)
{
    const int64_t width = m->width[0];
    s->a[0] = first >= 0 ? m->data->x + first * width : s->x;
    for (int64_t i = 0; i < count; i++) {
        const int64_t z = first >= 0 ? first + i : index[i];
        s->label[i] = m->data->label[z];
        if (first < 0) {
            memcpy(s->x + i * width, m->data->x + z * width, (size_t)width * sizeof(double));
        }
    }
}

double mlp_forward(const struct mlp *m, struct mlp_space *s, int64_t first, const int64_t *index, int64_t count,
                   const double *w)
{
    const int last = m->layers;
    double sum = 0.0;
    gather(m, s, first, index, count);
    for (int l = 1; l <= last; l++) {
        mlp_product(CblasNoTrans, CblasTrans, count, m->width[l], m->width[l - 1], 1.0, s->a[l - 1],
                    mlp_weights(m, w, l), 0.0, s->own[l]);
        if (l < last) {
            sigmoid(count * m->width[l], s->own[l], s->slope[l]);
        }
    }
    for (int64_t i = 0; i < count; i++) {
        sum += softmax(s->own[last] + i * IMAGES_CLASSES, s->label[i], s->delta[last] + i * IMAGES_CLASSES);
    }
    return sum;
}

void mlp_backward(const struct mlp *m, struct mlp_space *s, int64_t count, const double *w)
{
    for (int l = m->layers - 1; l >= 1; l--) {
        mlp_product(CblasNoTrans, CblasNoTrans, count, m->width[l], m->width[l + 1], 1.0, s->delta[l + 1],
                    mlp_weights(m, w, l + 1), 0.0, s->delta[l]);
        for (int64_t i = 0; i < count * m->width[l]; i++) {
            s->delta[l][i] *= s->slope[l][i];
        }
    }
}

static struct mlp_space *space_of(struct mlp *m, const saddle_batch *b)
{
    return &m->space[b->thread];
}

int mlp_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    struct mlp *m = user;
    *value = mlp_forward(m, space_of(m, b), b->first, b->index, b->count, w) / (double)b->count;
    return 0;
}

int mlp_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    double value;
    return mlp_value_gradient(user, b, w, &value, gradient);
}

int mlp_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    struct mlp *m = user;
    struct mlp_space *s = space_of(m, b);
    *value = mlp_forward(m, s, b->first, b->index, b->count, w) / (double)b->count;
    mlp_backward(m, s, b->count, w);
    for (int l = 1; l <= m->layers; l++) {
        mlp_product(CblasTrans, CblasNoTrans, m->width[l], m->width[l - 1], b->count, 1.0 / (double)b->count,
                    s->delta[l], s->a[l - 1], 0.0, gradient + m->at[l - 1]);
    }
    return 0;
}

void mlp_softmax_along(struct mlp_space *s, int64_t count, int last)
{
    for (int64_t i = 0; i < count; i++) {
        const double *p = s->a[last] + i * IMAGES_CLASSES, *rz = s->rz[last] + i * IMAGES_CLASSES;
        double mean = 0.0;
        for (int c = 0; c < IMAGES_CLASSES; c++) {
            mean += p[c] * rz[c];
        }
        for (int c = 0; c < IMAGES_CLASSES; c++) {
            s->rdelta[0][i * IMAGES_CLASSES + c] = p[c] * (rz[c] - mean);
        }
    }
}

void mlp_delta_along(const struct mlp *m, struct mlp_space *s, int64_t count, const double *w, int l, const double *now,
                     double beta, double *next)
{
    const double *a = s->a[l - 1], *slope = s->slope[l - 1], *rz = s->rz[l - 1], *delta = s->delta[l - 1];
    mlp_product(CblasNoTrans, CblasNoTrans, count, m->width[l - 1], m->width[l], 1.0, now, mlp_weights(m, w, l), beta,
                next);
    for (int64_t i = 0; i < count * m->width[l - 1]; i++) {
        next[i] = slope[i] * next[i] + (1.0 - 2.0 * a[i]) * rz[i] * delta[i];
    }
}

/* Derivatives along v of z_l and a_l, and in rdelta[0] of delta_L = p - e_label. */
static void forward_along(const struct mlp *m, struct mlp_space *s, int64_t count, const double *w, const double *v)
{
    const int last = m->layers;
    for (int l = 1; l <= last; l++) {
        mlp_product(CblasNoTrans, CblasTrans, count, m->width[l], m->width[l - 1], 1.0, s->a[l - 1],
                    mlp_weights(m, v, l), 0.0, s->rz[l]);
        if (l > 1) {
            mlp_product(CblasNoTrans, CblasTrans, count, m->width[l], m->width[l - 1], 1.0, s->ra[l - 1],
                        mlp_weights(m, w, l), 1.0, s->rz[l]);
        }
        for (int64_t i = 0; l < last && i < count * m->width[l]; i++) {
            s->ra[l][i] = s->slope[l][i] * s->rz[l][i];
        }
    }
    mlp_softmax_along(s, count, last);
}

/* The R-operator of Pearlmutter (1994): the derivative along v of the passes that give the gradient. */
int mlp_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct mlp *m = user;
    struct mlp_space *s = space_of(m, b);
    const double scale = 1.0 / (double)b->count;
    double *now = s->rdelta[0], *next = s->rdelta[1];
    (void)mlp_forward(m, s, b->first, b->index, b->count, w);
    mlp_backward(m, s, b->count, w);
    forward_along(m, s, b->count, w, v);
    for (int l = m->layers; l >= 1; l--) {
        double *out = product + m->at[l - 1];
        mlp_product(CblasTrans, CblasNoTrans, m->width[l], m->width[l - 1], b->count, scale, now, s->a[l - 1], 0.0,
                    out);
        if (l == 1) {
            break;
        }
        mlp_product(CblasTrans, CblasNoTrans, m->width[l], m->width[l - 1], b->count, scale, s->delta[l], s->ra[l - 1],
                    1.0, out);
        mlp_product(CblasNoTrans, CblasNoTrans, b->count, m->width[l - 1], m->width[l], 1.0, s->delta[l],
                    mlp_weights(m, v, l), 0.0, next);
        mlp_delta_along(m, s, b->count, w, l, now, 1.0, next);
        double *swap = now;
        now = next;
        next = swap;
    }
    return 0;
}

/* For k directions: <delta_l a_(l-1)', V_l> = delta_l'V_l a_(l-1), and V_l a_(l-1) is one product of matrices for all
 * samples and directions. */
static void slopes_of(const struct mlp *m, struct mlp_space *s, int64_t count, int64_t k, const double *v,
                      int64_t stride, double *slopes)
{
    for (int64_t i = 0; i < count; i++) {
        memset(slopes + i * stride, 0, (size_t)k * sizeof *slopes);
    }
    for (int l = 1; l <= m->layers; l++) {
        const int64_t width = m->width[l], weights = m->at[l] - m->at[l - 1];
        for (int64_t j = 0; j < k; j++) {
            memcpy(s->pack + j * weights, v + j * m->dim + m->at[l - 1], (size_t)weights * sizeof *v);
        }
        mlp_product(CblasNoTrans, CblasTrans, count, k * width, m->width[l - 1], 1.0, s->a[l - 1], s->pack, 0.0,
                    s->wide);
        for (int64_t i = 0; i < count; i++) {
            const double *delta = s->delta[l] + i * width;
            for (int64_t j = 0; j < k; j++) {
                const double *along = s->wide + (i * k + j) * width;
                double sum = 0.0;
                for (int64_t u = 0; u < width; u++) {
                    sum += delta[u] * along[u];
                }
                slopes[i * stride + j] += sum;
            }
        }
    }
}

static void all_slopes(const struct mlp *m, struct mlp_space *s, int64_t count, int64_t k, const double *v,
                       double *slopes)
{
    const int64_t most = together(m);
    for (int64_t j = 0; j < k; j += most) {
        slopes_of(m, s, count, k - j < most ? k - j : most, v + j * m->dim, k, slopes + j);
    }
}

int mlp_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    struct mlp *m = user;
    struct mlp_space *s = space_of(m, b);
    (void)mlp_forward(m, s, b->first, b->index, b->count, w);
    mlp_backward(m, s, b->count, w);
    all_slopes(m, s, b->count, k, v, slopes);
    return 0;
}

static double square(int64_t count, const double *x)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++) {
        sum += x[i] * x[i];
    }
    return sum;
}

void mlp_block(struct mlp *m, int64_t first, int64_t count, const double *w, int64_t k, const double *v, double *slopes,
               double *norms)
{
    struct mlp_space *s = m->space;
    (void)mlp_forward(m, s, first, NULL, count, w);
    mlp_backward(m, s, count, w);
    if (slopes != NULL) {
        all_slopes(m, s, count, k, v, slopes);
    }
    for (int l = 1; norms != NULL && l <= m->layers; l++) {
        const int64_t width = m->width[l], below = m->width[l - 1];
        for (int64_t i = 0; i < count; i++) {
            norms[i * m->layers + l - 1] =
                square(width, s->delta[l] + i * width) * square(below, s->a[l - 1] + i * below);
        }
    }
}
