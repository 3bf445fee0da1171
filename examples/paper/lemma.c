/* SPDX-License-Identifier: BSD-3-Clause */
#include "lemma.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../support/critical.h"
#include "../support/halfspace_model.h"
#include "libsvm.h"

enum {
    DATA_SETS = 40, FIRST_SEED = 1000, POINTS = 5, PURPOSE_POINT = 132, SHARP_POINTS = 20, ENDS = 2,
    PAIRS = 2 * ENDS
};

/* relative, for rounding */
#define SLACK 1e-12

static void judge(struct lemma *l, double moment, double lambda, double radius)
{
    const double bound = lambda / radius * (lambda / radius);
    l->checks++;
    l->violations += !(moment >= bound * (1.0 - SLACK));
    l->smallest = bound > 0.0 ? fmin(l->smallest, moment / bound) : l->smallest;
}

/* w normal, of standard deviation 1/2, 1, 2, 4, 8, 1/2, ... as the points go on. */
static saddle_status random_point(uint64_t seed, int point, int n, double *w)
{
    const saddle_random_stream stream = {.seed = seed, .purpose = PURPOSE_POINT, .step = (uint64_t)point};
    const saddle_status s = saddle_random_normal(&stream, 0, n, w);
    for (int j = 0; j < n && s == SADDLE_OK; j++) {
        w[j] *= ldexp(0.5, point % POINTS);
    }
    return s;
}

static int fail(const char *program, const char *why)
{
    fprintf(stderr, "%s: %s\n", program, why);
    return -1;
}

/* All eigenpairs at w. */
static saddle_status look(struct critical *c, saddle_objective *f, const double *w, double radius, struct lemma *out)
{
    double moment[HALFSPACE_DIM];
    critical_look(c, w);
    const saddle_status s = saddle_cnc_along(f, w, NULL, c->n, c->vectors, moment, NULL);
    for (int k = 0; k < c->n && s == SADDLE_OK; k++) {
        judge(out, moment[k], c->lambda[k], radius);
    }
    return s;
}

/* A data set of dimension HALFSPACE_DIM, which look() needs, and what is needed to look at it. */
struct small {
    struct halfspace_model m;
    struct critical c;
    saddle_objective *f;
};

static int small_create(const char *program, uint64_t seed, struct small *s)
{
    s->c = (struct critical){.n = 0};
    s->f = NULL;
    if (halfspace_model_random(program, seed, &s->m) != 0) {
        return -1;
    }
    if (critical_create(&s->c, s->m.n, s->m.samples, &s->m, halfspace_gradient, halfspace_hessian) != 0) {
        return fail(program, "out of memory");
    }
    return halfspace_objective(&s->m, &s->f) == SADDLE_OK ? 0 : fail(program, saddle_error_message());
}

static void small_release(struct small *s)
{
    saddle_objective_destroy(s->f);
    critical_release(&s->c);
    halfspace_model_release(&s->m);
}

int lemma_random(const char *program, int scaled, struct lemma *out)
{
    int code = 0;
    *out = (struct lemma){.smallest = HUGE_VAL};
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + DATA_SETS && code == 0; seed++) {
        struct small s;
        code = small_create(program, seed, &s);
        if (code == 0 && scaled) {
            halfspace_model_scale(&s.m);
        }
        for (int point = 0; point < POINTS && code == 0; point++) {
            double w[HALFSPACE_DIM];
            const double radius = halfspace_model_radius(&s.m);
            out->radius = fmax(out->radius, radius);
            if (random_point(seed, point, s.m.n, w) != SADDLE_OK ||
                look(&s.c, s.f, w, scaled ? 1.0 : radius, out) != SADDLE_OK) {
                code = fail(program, saddle_error_message());
            }
        }
        small_release(&s);
    }
    return code;
}

int lemma_sharp(const char *program, double *smallest, double *error)
{
    struct small s;
    int code = small_create(program, FIRST_SEED, &s);
    *smallest = HUGE_VAL;
    *error = 0.0;
    for (int k = 0; k < 2 * SHARP_POINTS && code == 0; k++) {
        const double t = 1.0 + k / 2, radius = k % 2 == 0 ? 1.0 : 8.0;
        const double w[HALFSPACE_DIM] = {t / radius}, coth = 1.0 / tanh(t / 2.0);
        struct lemma l = {.smallest = HUGE_VAL};
        for (int64_t i = 0; i < s.m.row[s.m.samples]; i++) {
            s.m.z[i] = s.m.column[i] == 0 ? radius : 0.0;
        }
        if (look(&s.c, s.f, w, halfspace_model_radius(&s.m), &l) != SADDLE_OK) {
            code = fail(program, saddle_error_message());
        }
        *error = fmax(*error, fabs(l.smallest / (coth * coth) - 1.0));
        *smallest = fmin(*smallest, l.smallest);
    }
    small_release(&s);
    return code;
}

static saddle_status find_pairs(saddle_objective *f, const double *w, const saddle_options *o, double *v,
                                saddle_eigen pairs[PAIRS])
{
    saddle_lanczos *l = NULL;
    saddle_status s = saddle_lanczos_create_hessian(f, w, o, &l);
    s = s == SADDLE_OK ? saddle_lanczos_run(l) : s;
    for (int k = 0; k < PAIRS && s == SADDLE_OK; k++) {
        pairs[k] = (saddle_eigen){.struct_size = (int64_t)sizeof pairs[k]};
        s = saddle_lanczos_pair(l, k, v + k * saddle_objective_dim(f), &pairs[k]);
    }
    saddle_lanczos_destroy(l);
    return s;
}

static saddle_status make_options(saddle_options **o)
{
    saddle_status s = saddle_options_create(NULL, o);
    s = s == SADDLE_OK ? saddle_options_set_int(*o, SADDLE_OPT_EIGENVALUES, ENDS) : s;
    s = s == SADDLE_OK ? saddle_options_set_int(*o, SADDLE_OPT_WHICH, SADDLE_WHICH_BOTH) : s;
    s = s == SADDLE_OK ? saddle_options_set_real(*o, SADDLE_OPT_EPS_HESSIAN, 1e-12) : s;
    return s == SADDLE_OK ? saddle_options_set_real(*o, SADDLE_OPT_EIGEN_TOL, 1e-6) : s;
}

static saddle_status look_file(struct halfspace_model *m, saddle_objective *f, const saddle_options *o, int points,
                               double *w, double *v, struct lemma *out)
{
    printf("  %5s %6s %8s  %10s %10s %10s  %10s %10s %10s\n", "point", "sd(w)", "products", "lambda_1", "moment",
           "ratio", "lambda_n", "moment", "ratio");
    for (int point = 0; point < points; point++) {
        saddle_eigen pairs[PAIRS];
        double moment[PAIRS];
        saddle_status s = random_point(1, point, m->n, w);
        s = s == SADDLE_OK ? find_pairs(f, w, o, v, pairs) : s;
        if (s != SADDLE_OK) {
            return s;
        }
        s = saddle_cnc_along(f, w, o, PAIRS, v, moment, NULL);
        if (s != SADDLE_OK) {
            return s;
        }
        /* a Ritz value is v'H v of its v, so that the lemma is about it, converged or not */
        for (int k = 0; k < PAIRS; k++) {
            judge(out, moment[k], pairs[k].value, 1.0);
        }
        const saddle_eigen *a = &pairs[0], *z = &pairs[PAIRS - 1];
        printf("  %5d %6.1f %8lld  %10.3e %10.3e %10.1f  %10.3e %10.3e %10.1f\n", point + 1, ldexp(0.5, point % POINTS),
               (long long)z->products, a->value, moment[0], moment[0] / (a->value * a->value), z->value,
               moment[PAIRS - 1], moment[PAIRS - 1] / (z->value * z->value));
    }
    return SADDLE_OK;
}

/* Labels above 0 are 1, others -1. The data become the model's. */
static int read_file(const char *program, const char *path, struct halfspace_model *m)
{
    struct libsvm data;
    *m = (struct halfspace_model){.n = 0};
    if (libsvm_read(program, path, &data) != 0) {
        libsvm_release(&data);
        return -1;
    }
    for (int64_t i = 0; i < data.samples; i++) {
        for (int64_t k = data.row[i]; k < data.row[i + 1]; k++) {
            data.value[k] = data.label[i] > 0.0 ? -data.value[k] : data.value[k];
        }
    }
    *m = (struct halfspace_model){
        .n = data.dim, .samples = data.samples, .row = data.row, .column = data.column, .z = data.value};
    free(data.label);
    return 0;
}

int lemma_file(const char *program, const char *path, int points, struct lemma *out)
{
    struct halfspace_model m;
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    *out = (struct lemma){.smallest = HUGE_VAL};
    if (read_file(program, path, &m) != 0) {
        return -1;
    }
    halfspace_model_scale_rows(&m);
    out->radius = halfspace_model_radius(&m);
    printf("%lld samples, %d variables, %lld entries\n", (long long)m.samples, m.n, (long long)m.row[m.samples]);
    double *w = malloc((size_t)m.n * sizeof(double)), *v = malloc((size_t)m.n * PAIRS * sizeof(double));
    int code = 0;
    if (w == NULL || v == NULL || m.n < PAIRS) {
        code = fail(program, m.n < PAIRS ? "expected at least 4 variables" : "out of memory");
    } else if (halfspace_objective(&m, &f) != SADDLE_OK || make_options(&o) != SADDLE_OK ||
               look_file(&m, f, o, points, w, v, out) != SADDLE_OK) {
        code = fail(program, saddle_error_message());
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    free(w);
    free(v);
    halfspace_model_release(&m);
    return code;
}
