/* SPDX-License-Identifier: BSD-3-Clause */
#include "networks.h"
#include <errno.h>
#include <lapacke.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PURPOSE_WEIGHTS = 131, PURPOSE_NOISE = 132, MOST_DRAWS = 10000, MOST_POINTS = 100000, MOST_DENSE = 20000 };

static const double null = 1e-9; /* of ||H||: what counts as 0 */

static int fail(const struct networks *n, const char *what)
{
    fprintf(stderr, "%s: %s\n", n->program, what);
    return EXIT_FAILED;
}

static int set_options(struct networks *n, const struct words *words)
{
    if (saddle_context_create(NULL, &n->context) != SADDLE_OK ||
        saddle_context_set_threads(n->context, n->threads) != SADDLE_OK ||
        saddle_options_create(n->context, &n->options) != SADDLE_OK) {
        return fail(n, saddle_error_message());
    }
    const int code = words_set_options(words, n->options);
    if (code != EXIT_GOOD) {
        return code;
    }
    /* one pair at each end, and all samples, whatever the words say */
    if (saddle_options_set_int(n->options, SADDLE_OPT_CNC_SAMPLES, 0) != SADDLE_OK ||
        saddle_options_set_int(n->options, SADDLE_OPT_WHICH, SADDLE_WHICH_BOTH) != SADDLE_OK ||
        saddle_options_set_int(n->options, SADDLE_OPT_EIGENVALUES, 1) != SADDLE_OK ||
        saddle_options_get_int(n->options, SADDLE_OPT_SEED, &n->seed) != SADDLE_OK) {
        return fail(n, saddle_error_message());
    }
    return EXIT_GOOD;
}

int networks_open(struct networks *n, const struct words *words, int64_t points, int64_t dense)
{
    *n = (struct networks){.program = words->program->name, .output = words_value(words, "output")};
    int code = words_integer(words, "points", 1, MOST_POINTS, points, &n->points);
    code = code != EXIT_GOOD ? code : words_integer(words, "dense", 0, MOST_DENSE, dense, &n->dense);
    code = code != EXIT_GOOD ? code : words_integer(words, "threads", 1, 64, 1, &n->threads);
    code = code != EXIT_GOOD ? code : words_integer(words, "draws", 1, 1000000, 0, &n->draws);
    code = code != EXIT_GOOD ? code : set_options(n, words);
    code = code != EXIT_GOOD ? code : images_read(&n->images, words);
    if (code != EXIT_GOOD) {
        networks_close(n);
    } else if (n->draws == 0) {
        n->draws = n->images.count < MOST_DRAWS ? n->images.count : MOST_DRAWS;
    }
    return code;
}

void networks_close(struct networks *n)
{
    images_free(&n->images);
    saddle_options_destroy(n->options);
    saddle_context_destroy(n->context);
}

int networks_list(const struct words *words, const char *name, const char *initial, int most,
                  int numbers[NETWORKS_MOST], int *count)
{
    const char *given = words_value(words, name), *p = given != NULL ? given : initial;
    for (*count = 0; *count < NETWORKS_MOST; p++) {
        char *end;
        errno = 0;
        const long number = strtol(p, &end, 10);
        if (errno != 0 || end == p || number < (*count > 0 ? numbers[*count - 1] + 1 : 1) || number > most) {
            break;
        }
        numbers[(*count)++] = (int)number;
        if (*end == '\0') {
            return EXIT_GOOD;
        }
        if (*end != ',') {
            break;
        }
        p = end;
    }
    fprintf(stderr, "%s: --%s is \"%s\": expected up to %d ascending integers from 1 to %d, divided by "
                    "commas\n",
            words->program->name, name, given, NETWORKS_MOST, most);
    return EXIT_USAGE;
}

/* The two ends of the spectrum: v holds two vectors. */
static int find_ends(const struct networks *n, saddle_objective *f, const double *w, double *v, struct look *out)
{
    saddle_lanczos *l = NULL;
    saddle_eigen end[2];
    saddle_status s = saddle_lanczos_create_hessian(f, w, n->options, &l);
    s = s == SADDLE_OK ? saddle_lanczos_run(l) : s;
    for (int i = 0; i < 2 && s == SADDLE_OK; i++) {
        const int64_t number = i == 0 ? 0 : saddle_lanczos_count(l) - 1;
        end[i] = (saddle_eigen){.struct_size = (int64_t)sizeof end[i]};
        s = saddle_lanczos_pair(l, number, v + i * out->dim, &end[i]);
    }
    saddle_lanczos_destroy(l);
    if (s != SADDLE_OK) {
        return fail(n, saddle_error_message());
    }
    if (!end[0].converged || !end[1].converged) {
        return fail(n, "the products are not enough for both ends of the spectrum: raise --max_products");
    }
    out->lambda_min = end[0].value;
    out->lambda_max = end[1].value;
    out->residual = fmax(end[0].residual, end[1].residual);
    out->products = end[1].products;
    return EXIT_GOOD;
}

static saddle_random_stream stream_of(const struct networks *n, uint64_t purpose, const struct mlp *m, int64_t point)
{
    const uint64_t network = (uint64_t)m->layers << 40 | (uint64_t)m->width[1] << 24;
    return (saddle_random_stream){.seed = (uint64_t)n->seed, .purpose = purpose, .step = network | (uint64_t)point};
}

/* What the library finds along both, a gradient at a time, beside what the blocks gave. Its cosines are over all
 * gradients that are not 0: the same where none is tiny. */
static int compare(const struct networks *n, saddle_objective *f, const double *w, const double *v,
                   const double *moments, const double *cosines, struct look *out)
{
    double theirs[2], angles[2];
    if (saddle_cnc_along(f, w, n->options, 2, v, theirs, angles) != SADDLE_OK) {
        return fail(n, saddle_error_message());
    }
    for (int i = 0; i < 2; i++) {
        const double angle = out->energy.tiny == 0 ? fabs(cosines[i] / angles[i] - 1.0) : 0.0;
        out->apart = fmax(out->apart, fmax(fabs(moments[i] / theirs[i] - 1.0), angle));
    }
    out->left_moment = theirs[0];
    return EXIT_GOOD;
}

/* Loss, gradient, the ends of the spectrum, and the moments along them. */
static int look_at_ends(const struct networks *n, struct mlp *m, int64_t point, const double *w, struct look *out)
{
    saddle_objective *f = NULL;
    double *v = malloc((size_t)(2 * m->dim) * sizeof *v), moments[2], cosines[2];
    const saddle_random_stream noise = stream_of(n, PURPOSE_NOISE, m, point);
    int code = v == NULL ? fail(n, "memory is short") : EXIT_GOOD;
    if (code == EXIT_GOOD && (mlp_objective(m, n->context, &f) != SADDLE_OK ||
                              saddle_objective_gradient(f, w, &out->loss, v) != SADDLE_OK)) {
        code = fail(n, saddle_error_message());
    }
    for (int64_t i = 0; code == EXIT_GOOD && i < m->dim; i++) {
        out->gradient_norm = hypot(out->gradient_norm, v[i]);
    }
    code = code == EXIT_GOOD ? find_ends(n, f, w, v, out) : code;
    if (code == EXIT_GOOD && (!alignment_of_samples(m, w, 2, v, moments, cosines, &out->energy) ||
                              !alignment_of_noise(&noise, n->draws, m->dim, 1, v, &out->noise_left))) {
        code = fail(n, "memory is short");
    }
    if (code == EXIT_GOOD) {
        out->left = cosines[0];
        out->right = cosines[1];
        code = compare(n, f, w, v, moments, cosines, out);
    }
    saddle_objective_destroy(f);
    free(v);
    return code;
}

static void add_up(const struct networks *n, const struct pairs *p, struct look *out)
{
    const double lowest = p->lambda[0], highest = p->lambda[p->dim - 1];
    const double zero = null * fmax(fabs(lowest), fabs(highest)), d = (double)p->dim;
    out->full = 1;
    out->gap = fmax(fabs(out->lambda_min - lowest), fabs(out->lambda_max - highest));
    for (int64_t k = 0; k < p->dim; k++) {
        out->sum += p->cosine[k];
        out->noise_worst = fmax(out->noise_worst, fabs(p->noise[k] * d - 1.0) / alignment_deviation(n->draws, p->dim));
        if (p->lambda[k] < -zero) {
            out->negatives++;
            out->negative += p->cosine[k];
            out->noise_negative += p->noise[k];
        } else if (p->lambda[k] > zero) {
            out->positives++;
            out->positive += p->cosine[k];
        }
    }
}

static int look_at_all(const struct networks *n, struct mlp *m, int64_t point, const double *w, struct look *out,
                       struct pairs *p)
{
    const int64_t d = m->dim;
    const saddle_random_stream noise = stream_of(n, PURPOSE_NOISE, m, point);
    struct energy energy;
    double *v = malloc((size_t)(d * d) * sizeof *v), *moments = malloc((size_t)d * sizeof *moments);
    *p = (struct pairs){.dim = d};
    p->lambda = malloc((size_t)d * sizeof(double));
    p->cosine = malloc((size_t)d * sizeof(double));
    p->noise = malloc((size_t)d * sizeof(double));
    int code = EXIT_GOOD;
    if (v == NULL || moments == NULL || p->lambda == NULL || p->cosine == NULL || p->noise == NULL ||
        !mlp_hessian(m, w, v)) {
        code = fail(n, "memory is short");
    }
    if (code == EXIT_GOOD &&
        LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', (lapack_int)d, v, (lapack_int)d, p->lambda) != 0) {
        code = fail(n, "LAPACK could not compute the eigenpairs");
    }
    if (code == EXIT_GOOD && (!alignment_of_samples(m, w, d, v, moments, p->cosine, &energy) ||
                              !alignment_of_noise(&noise, n->draws, d, d, v, p->noise))) {
        code = fail(n, "memory is short");
    }
    if (code == EXIT_GOOD) {
        add_up(n, p, out);
    }
    free(moments);
    free(v);
    return code;
}

void pairs_free(struct pairs *p)
{
    free(p->lambda);
    free(p->cosine);
    free(p->noise);
    *p = (struct pairs){0};
}

int networks_look(const struct networks *n, int hidden, int units, int64_t point, struct look *out,
                  struct pairs *pairs)
{
    struct mlp m;
    struct pairs own = {0}, *p = pairs != NULL ? pairs : &own;
    *out = (struct look){0};
    if (!mlp_create(&m, &n->images, hidden, units, (int)n->threads)) {
        return fail(n, "memory is short");
    }
    out->dim = m.dim;
    double *w = malloc((size_t)m.dim * sizeof *w);
    const saddle_random_stream weights = stream_of(n, PURPOSE_WEIGHTS, &m, point);
    int code = w == NULL ? fail(n, "memory is short") : EXIT_GOOD;
    if (code == EXIT_GOOD && saddle_random_normal(&weights, 0, m.dim, w) != SADDLE_OK) {
        code = fail(n, saddle_error_message());
    }
    code = code == EXIT_GOOD ? look_at_ends(n, &m, point, w, out) : code;
    if (code == EXIT_GOOD && pairs != NULL && m.dim > MOST_DENSE) {
        code = fail(n, "a network has more than 20000 weights, too many to compute all eigenpairs");
    }
    if (code == EXIT_GOOD && (pairs != NULL || m.dim <= n->dense)) {
        code = look_at_all(n, &m, point, w, out, p);
    }
    pairs_free(&own);
    free(w);
    mlp_free(&m);
    return code;
}

void networks_describe(const struct networks *n, char *text, size_t size)
{
    const int side = (int)lround(sqrt(n->images.pixels));
    snprintf(text, size, "%lld digits of %d x %d pixels from 0 to %d", (long long)n->images.count, side, side,
             n->images.raw ? 255 : 1);
}
