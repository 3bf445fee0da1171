/* SPDX-License-Identifier: BSD-3-Clause */
/* The best approximation U V' of rank 2 to a matrix M with the singular values 1, .8, .6, .4 (times
 * sqrt(rows columns)), one entry a sample:
 *     f_ij(U, V) = ((U V')_ij - M_ij)^2/2
 * Its critical points take pairs of singular vectors, U = (sqrt(s_a) u_a, sqrt(s_b) u_b) and V alike. The minimum
 * takes the pairs 1 and 2. Pairs 2 and 3 are a saddle where samples are noisy along the way out. Pair 1 beside a
 * column of zeros is a saddle where they are not: a column of zeros in U and V has the gradient 0 in every sample. */
#include <math.h>
#include <stdio.h>
#include "support/study.h"

enum { ROWS = 12, COLUMNS = 10, RANK = 2, TRUE_RANK = 4, N = ROWS * COLUMNS, D = (ROWS + COLUMNS) * RANK };

struct model {
    double u[TRUE_RANK][ROWS], v[TRUE_RANK][COLUMNS]; /* singular vectors */
    double s[TRUE_RANK];                              /* singular values */
    double m[N];
};

static const struct word words_known[] = {STUDY_START_WORD, STUDY_WORDS, {NULL, NULL, NULL}};

static const struct program program = {
    .name = "matrix_factorization",
    .text = "A matrix of rank 4 approximated by one of rank 2, from two saddles: one where samples are noisy along "
            "the way out and one where they are not.",
    .words = words_known,
    .takes_options = 1,
};

#define ONE_SAMPLE "step_size=0.05 schedule=cosine max_steps=40000 "

static const struct recipe recipes[STUDY_METHODS] = {
    {"gd", "step_size=3 max_steps=300", 1},
    {"sgd_gd", "step_size=3 escape_step=0.1 gradient_threshold=2e-3 escape_steps=200 max_steps=1000", 1},
    {"pgd", "step_size=3 radius=0.1 gradient_threshold=2e-3 escape_steps=300 decrease_threshold=1e-3 max_steps=1500",
     1},
    {"ngd", "step_size=0.05 noise=1e-2 noise_every=10 max_steps=1000", 1},
    {"sgd", ONE_SAMPLE, 50},
    {"psgd", ONE_SAMPLE "noise=0.1", 50},
    {"sgld", ONE_SAMPLE "inverse_temperature=1e4", 50},
};

static const enum expected noisy[STUDY_METHODS] = {STAYS, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES};
static const enum expected silent[STUDY_METHODS] = {STAYS, STAYS, LEAVES, LEAVES, STAYS, LEAVES, LEAVES};

static const double *row_of_u(const double *w, int64_t z)
{
    return w + z / COLUMNS * RANK;
}

static const double *row_of_v(const double *w, int64_t z)
{
    return w + (ROWS + z % COLUMNS) * RANK;
}

static double residual(const struct model *m, const double *w, int64_t z)
{
    const double *u = row_of_u(w, z), *v = row_of_v(w, z);
    double sum = -m->m[z];
    for (int k = 0; k < RANK; k++) {
        sum += u[k] * v[k];
    }
    return sum;
}

static int value(void *user, const saddle_batch *b, const double *w, double *out)
{
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        const double e = residual(user, w, b->index[k]);
        sum += e * e;
    }
    *out = sum / (2.0 * (double)b->count);
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    for (int j = 0; j < D; j++) {
        g[j] = 0.0;
    }
    for (int64_t i = 0; i < b->count; i++) {
        const int64_t z = b->index[i];
        const double e = residual(user, w, z) / (double)b->count;
        for (int k = 0; k < RANK; k++) {
            g[z / COLUMNS * RANK + k] += e * row_of_v(w, z)[k];
            g[(ROWS + z % COLUMNS) * RANK + k] += e * row_of_u(w, z)[k];
        }
    }
    return 0;
}

/* Rows of random numbers, made orthonormal one after the other. */
static saddle_status draw_orthonormal(uint64_t step, int count, int length, double *rows)
{
    const saddle_random_stream stream = {.seed = 1, .purpose = 128, .step = step};
    const saddle_status s = saddle_random_normal(&stream, 0, (int64_t)count * length, rows);
    for (int i = 0; i < 2 * count && s == SADDLE_OK; i++) { /* twice: rounding */
        double *x = rows + i % count * length, norm = 0.0;
        for (int k = 0; k < i % count; k++) {
            const double *y = rows + k * length;
            double along = 0.0;
            for (int j = 0; j < length; j++) {
                along += x[j] * y[j];
            }
            for (int j = 0; j < length; j++) {
                x[j] -= along * y[j];
            }
        }
        for (int j = 0; j < length; j++) {
            norm += x[j] * x[j];
        }
        for (int j = 0; j < length; j++) {
            x[j] /= sqrt(norm);
        }
    }
    return s;
}

static saddle_status make_model(struct model *m)
{
    static const double values[TRUE_RANK] = {1.0, 0.8, 0.6, 0.4};
    saddle_status s = draw_orthonormal(0, TRUE_RANK, ROWS, &m->u[0][0]);
    s = s == SADDLE_OK ? draw_orthonormal(1, TRUE_RANK, COLUMNS, &m->v[0][0]) : s;
    for (int k = 0; k < TRUE_RANK; k++) {
        m->s[k] = values[k] * sqrt((double)N);
    }
    for (int z = 0; z < N; z++) {
        m->m[z] = 0.0;
        for (int k = 0; k < TRUE_RANK; k++) {
            m->m[z] += m->s[k] * m->u[k][z / COLUMNS] * m->v[k][z % COLUMNS];
        }
    }
    return s;
}

/* Column `column` of U and V from singular pair k, counted from 0. */
static void take_pair(const struct model *m, int k, int column, double *w)
{
    for (int i = 0; i < ROWS; i++) {
        w[i * RANK + column] = sqrt(m->s[k]) * m->u[k][i];
    }
    for (int j = 0; j < COLUMNS; j++) {
        w[(ROWS + j) * RANK + column] = sqrt(m->s[k]) * m->v[k][j];
    }
}

/* Mean <grad f_z, v>^2, v the unit direction in which column `column` of U and V takes up pair k. */
static double cnc(struct model *m, int k, int column, const double *w)
{
    double v[D] = {0.0}, sum = 0.0;
    take_pair(m, k, column, v);
    for (int64_t z = 0; z < N; z++) {
        const saddle_batch one = {
            .struct_size = (int64_t)sizeof one, .count = 1, .first = z, .index = &z, .dim = D, .step = -1};
        double g[D], slope = 0.0;
        (void)gradient(m, &one, w, g);
        for (int j = 0; j < D; j++) {
            slope += g[j] * v[j] / sqrt(2.0 * m->s[k]); /* ||v||^2 = 2 s_k */
        }
        sum += slope * slope;
    }
    return sum / N;
}

static double exact_value(const struct model *m, int taken_1, int taken_2)
{
    double sum = 0.0;
    for (int k = 0; k < TRUE_RANK; k++) {
        sum += k == taken_1 || k == taken_2 ? 0.0 : m->s[k] * m->s[k];
    }
    return sum / (2.0 * N);
}

int main(int argc, char **argv)
{
    static struct model m;
    struct words words;
    double wrong[D], deficient[D] = {0.0};
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    int64_t start;
    if (study_start(&words, &start) != EXIT_GOOD) {
        return EXIT_USAGE;
    }
    if (make_model(&m) != SADDLE_OK) {
        fprintf(stderr, "%s: %s\n", program.name, saddle_error_message());
        return EXIT_FAILED;
    }
    take_pair(&m, 1, 0, wrong);
    take_pair(&m, 2, 1, wrong);
    take_pair(&m, 0, 0, deficient);
    const double f = exact_value(&m, 1, 2), least = exact_value(&m, 0, 1);
    struct problem p = {.name = "matrix",
                        .dim = D,
                        .samples = N,
                        .user = &m,
                        .value = value,
                        .gradient = gradient,
                        .saddle = wrong,
                        .f_left = f - 0.1 * (f - least),
                        .eps_gradient = 1e-2,
                        .eps_hessian = 1e-2,
                        .expected = noisy};
    printf("A 12 x 10 matrix of rank 4 approximated by U V' of rank 2, 44 variables\n"
           "  f_ij(U, V) = ((U V')_ij - M_ij)^2/2; both saddles have f = %.2f\n"
           "  minimum: f = %.2f; left: f <= %.3f\n",
           f, least, p.f_left);
    code = EXIT_GOOD;
    if (start != 2) {
        printf("\n1. From singular pairs 2 and 3; mean <grad f_z, v>^2 along the way out: %.3g\n",
               cnc(&m, 0, 1, wrong));
        code = study_table(&words, &p, recipes);
    }
    if (start != 1 && code == EXIT_GOOD) {
        p.saddle = deficient;
        p.expected = silent;
        printf("\n2. From pair 1 and a column of zeros; mean <grad f_z, v>^2 along the way out: %.3g\n",
               cnc(&m, 1, 1, deficient));
        code = study_table(&words, &p, recipes);
    }
    return code;
}
