/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning half-spaces with the sigmoid loss, which shrugs at outliers and is not convex:
 *     f_z(w) = s(<w, z>),  s(t) = 1/(1 + exp(-t)),  z = -label x,  ||z|| <= 1
 * It satisfies the CNC condition wherever there is negative curvature: as |s''| <= s', for every unit v
 *     mean <grad f_z(w), v>^2 >= (v'H v)^2,
 * so that the noise of the samples never dries up along the way out. In the random data half of the points lie far
 * out and are labelled by one half-space; the others lie near its border, labelled wrongly. Tilting w to one side or
 * to the other saves half of these: in between is a saddle, which Newton's method finds. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/critical.h"
#include "support/study.h"

enum {
    RANDOM_SAMPLES = 400,
    RANDOM_DIM = 5,
    MOST_SAMPLES = 100000,
    LINE = 1 << 16,  /* characters */
    STARTS = 100,    /* of Newton's method */
    SMALL = 20,      /* variables; with more of them */
    FEW_STARTS = 20
};

struct model {
    int n; /* variables */
    int64_t samples;
    double *z; /* samples x n */
};

static const struct word words_known[] = {STUDY_WORDS, {NULL, NULL, NULL}};

static const struct program program = {
    .name = "halfspaces",
    .text = "Learns a half-space with the sigmoid loss from random data or from a file in the format of LIBSVM "
            "(label, then index:value pairs; the label of its first line is +1, every other one -1), starting at a "
            "saddle.",
    .operand = "FILE",
    .words = words_known,
    .takes_options = 1,
};

#define ONE_SAMPLE "step_size=5 schedule=cosine max_steps=60000 "

static const struct recipe recipes[STUDY_METHODS] = {
    {"gd", "step_size=20 max_steps=100", 1},
    {"sgd_gd", "step_size=20 escape_step=5 gradient_threshold=1e-4 escape_steps=300 max_steps=2000", 1},
    {"pgd", "step_size=20 radius=0.5 gradient_threshold=1e-4 escape_steps=500 decrease_threshold=1e-4 max_steps=3000",
     1},
    {"ngd", "step_size=0.1 noise=1e-2 noise_every=10 max_steps=1500", 1},
    {"sgd", ONE_SAMPLE, 50},
    {"psgd", ONE_SAMPLE "noise=0.02", 50},
    {"sgld", ONE_SAMPLE "inverse_temperature=1e5", 50},
};

static const enum expected expected[STUDY_METHODS] = {STAYS, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES, LEAVES};

static double product(int n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int j = 0; j < n; j++) {
        sum += x[j] * y[j];
    }
    return sum;
}

static double sigmoid(double t)
{
    return t >= 0.0 ? 1.0 / (1.0 + exp(-t)) : exp(t) / (1.0 + exp(t));
}

static int value(void *user, const saddle_batch *b, const double *w, double *out)
{
    const struct model *m = user;
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += sigmoid(product(m->n, m->z + b->index[k] * m->n, w));
    }
    *out = sum / (double)b->count;
    return 0;
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    const struct model *m = user;
    for (int j = 0; j < m->n; j++) {
        g[j] = 0.0;
    }
    for (int64_t k = 0; k < b->count; k++) {
        const double *z = m->z + b->index[k] * m->n;
        const double s = sigmoid(product(m->n, z, w)), slope = s * (1.0 - s) / (double)b->count;
        for (int j = 0; j < m->n; j++) {
            g[j] += slope * z[j];
        }
    }
    return 0;
}

static void hessian(void *user, const double *w, double *h)
{
    const struct model *m = user;
    const int n = m->n;
    memset(h, 0, (size_t)n * (size_t)n * sizeof(double));
    for (int64_t i = 0; i < m->samples; i++) {
        const double *z = m->z + i * n;
        const double s = sigmoid(product(n, z, w)), second = s * (1.0 - s) * (1.0 - 2.0 * s) / (double)m->samples;
        for (int j = 0; j < n; j++) {
            for (int k = 0; k < n; k++) {
                h[j * n + k] += second * z[j] * z[k];
            }
        }
    }
}

static int allocate(struct model *m, int n, int64_t samples)
{
    m->n = n;
    m->samples = samples;
    m->z = calloc((size_t)samples * (size_t)n, sizeof(double));
    if (m->z == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

/* To lengths of at most 1. */
static void scale(struct model *m)
{
    double most = 0.0;
    for (int64_t i = 0; i < m->samples; i++) {
        most = fmax(most, product(m->n, m->z + i * m->n, m->z + i * m->n));
    }
    for (int64_t i = 0; i < m->samples * m->n && most > 0.0; i++) {
        m->z[i] /= sqrt(most);
    }
}

/* In terms of z: half of the points at (-1, 0, ...), far out and labelled rightly by w = (1, 0, ...); half at
 * (0.3, +-0.8, 0, ...), nearer and labelled wrongly; all of them blurred. */
static int make_random(struct model *m)
{
    const saddle_random_stream stream = {.seed = 1, .purpose = 128, .step = 0};
    if (allocate(m, RANDOM_DIM, RANDOM_SAMPLES) != EXIT_GOOD) {
        return EXIT_FAILED;
    }
    if (saddle_random_normal(&stream, 0, (int64_t)RANDOM_SAMPLES * RANDOM_DIM, m->z) != SADDLE_OK) {
        fprintf(stderr, "%s: %s\n", program.name, saddle_error_message());
        return EXIT_FAILED;
    }
    for (int i = 0; i < RANDOM_SAMPLES; i++) {
        double *z = m->z + (ptrdiff_t)i * RANDOM_DIM;
        for (int j = 0; j < RANDOM_DIM; j++) {
            z[j] *= 0.1;
        }
        z[0] += i % 2 == 0 ? -1.0 : 0.3;
        z[1] += i % 2 == 0 ? 0.0 : i % 4 == 1 ? 0.8 : -0.8;
    }
    return EXIT_GOOD;
}

/* One line "label index:value ..."; z may be NULL to count only. Returns the greatest index, or -1 when it is
 * no such line. */
static int read_line(char *line, double first_label, double *label, double *z)
{
    char *end;
    int most = 0;
    *label = strtod(line, &end);
    if (end == line) {
        return -1;
    }
    for (char *p = end + strspn(end, " \t\r\n"); *p != '\0'; p = end + strspn(end, " \t\r\n")) {
        const long index = strtol(p, &end, 10);
        if (end == p || *end != ':' || index < 1 || index > CRITICAL_MOST) {
            return -1;
        }
        p = end + 1;
        const double x = strtod(p, &end);
        if (end == p || !isfinite(x)) {
            return -1;
        }
        most = index > most ? (int)index : most;
        if (z != NULL) {
            z[index - 1] = *label == first_label ? -x : x;
        }
    }
    return most;
}

/* Goes through the file; with m->z == NULL it only counts. Returns EXIT_GOOD or, with an error printed, EXIT_FAILED. */
static int pass(FILE *f, const char *path, struct model *m, char *line)
{
    const int count_only = m->z == NULL;
    int64_t i = 0;
    double label, first_label = 0.0;
    rewind(f);
    while (fgets(line, LINE, f) != NULL) {
        if (line[strspn(line, " \t\r\n")] == '\0') {
            continue;
        }
        const int index = i < MOST_SAMPLES && (strchr(line, '\n') != NULL || feof(f))
                              ? read_line(line, first_label, &label, NULL)
                              : -1;
        if (index < 0) {
            fprintf(stderr,
                    "%s: %s, sample %lld: expected label index:value ..., index from 1 to %d, at most %d samples\n",
                    program.name, path, (long long)i + 1, CRITICAL_MOST, MOST_SAMPLES);
            return EXIT_FAILED;
        }
        first_label = i == 0 ? label : first_label;
        if (count_only) {
            m->n = index > m->n ? index : m->n;
        } else {
            (void)read_line(line, first_label, &label, m->z + i * m->n);
        }
        i++;
    }
    m->samples = i;
    return EXIT_GOOD;
}

static int read_file(struct model *m, const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = malloc(LINE);
    int code = EXIT_FAILED;
    if (f == NULL || line == NULL) {
        fprintf(stderr, "%s: cannot read %s: %s\n", program.name, path, strerror(errno));
    } else {
        code = pass(f, path, m, line);
    }
    if (code == EXIT_GOOD && (m->samples == 0 || m->n == 0)) {
        fprintf(stderr, "%s: %s has no samples\n", program.name, path);
        code = EXIT_FAILED;
    }
    code = code == EXIT_GOOD ? allocate(m, m->n, m->samples) : code;
    code = code == EXIT_GOOD ? pass(f, path, m, line) : code;
    if (f != NULL) {
        (void)fclose(f);
    }
    free(line);
    return code;
}

/* How many eigenvalues are below 0. */
static int ways_out(const struct critical *c)
{
    int negative = 0;
    for (int k = 0; k < c->n; k++) {
        negative += c->lambda[k] < 0.0;
    }
    return negative;
}

/* Of the saddles that Newton's method finds from random starts that with the fewest ways out, which is the hardest to
 * leave; with many variables, where a step takes long, the first one. Returns 1 when there is one. */
static int find_saddle(struct critical *c, double *best)
{
    const uint64_t starts = c->n > SMALL ? FEW_STARTS : STARTS;
    double w[CRITICAL_MOST], least = 0.0;
    int fewest = 0;
    for (uint64_t start = 0; start < starts && !(fewest > 0 && c->n > SMALL); start++) {
        const saddle_random_stream stream = {.seed = 1, .purpose = 129, .step = start};
        if (saddle_random_normal(&stream, 0, c->n, w) != SADDLE_OK) {
            return 0;
        }
        for (int j = 0; j < c->n; j++) {
            w[j] *= (double)(start % 10 + 1) / sqrt((double)c->n);
        }
        if (!critical_newton(c, w) || c->lambda[c->n - 1] > -1e-5) {
            continue;
        }
        const int ways = ways_out(c);
        if (fewest == 0 || ways < fewest || (ways == fewest && c->lambda[c->n - 1] < least)) {
            fewest = ways;
            least = c->lambda[c->n - 1];
            memcpy(best, w, (size_t)c->n * sizeof(double));
        }
    }
    return fewest > 0;
}

static int study(const struct words *words, struct critical *c, struct model *m, const double *w)
{
    const saddle_batch all = {
        .struct_size = (int64_t)sizeof all, .count = m->samples, .index = c->index, .dim = m->n, .step = -1};
    struct problem p = {.name = "halfspaces",
                        .dim = m->n,
                        .samples = m->samples,
                        .user = m,
                        .value = value,
                        .gradient = gradient,
                        .saddle = w,
                        .eps_gradient = 1e-3,
                        .eps_hessian = 1e-4,
                        .expected = expected};
    double f;
    critical_look(c, w);
    (void)value(m, &all, w, &f);
    p.f_left = f - 2e-3;
    const double least = c->lambda[m->n - 1], moment = critical_cnc(c, w);
    printf("Half-spaces with the sigmoid loss, %lld samples, %d variables\n"
           "  start: a saddle, f = %.4f, ||grad f|| = %.0e; left: f <= %.4f\n"
           "  ways out: %d; least curvature lambda = %.5f along v\n"
           "  CNC: mean <grad f_z, v>^2 = %.3g, at least lambda^2 = %.3g\n",
           (long long)m->samples, m->n, f, c->norm, p.f_left, ways_out(c), least, moment, least * least);
    return study_table(words, &p, recipes);
}

int main(int argc, char **argv)
{
    struct words words;
    struct model m = {.n = 0};
    struct critical c = {.n = 0};
    double w[CRITICAL_MOST];
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    code = words.operand != NULL ? read_file(&m, words.operand) : make_random(&m);
    if (code == EXIT_GOOD) {
        scale(&m);
        if (critical_create(&c, m.n, m.samples, &m, gradient, hessian) != 0) {
            fprintf(stderr, "%s: out of memory\n", program.name);
            code = EXIT_FAILED;
        } else if (!find_saddle(&c, w)) {
            fprintf(stderr, "%s: Newton's method found no saddle; data that a half-space explains well have none\n",
                    program.name);
            code = EXIT_FAILED;
        } else {
            code = study(&words, &c, &m, w);
        }
    }
    critical_release(&c);
    free(m.z);
    return code;
}
