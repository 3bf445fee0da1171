/* SPDX-License-Identifier: BSD-3-Clause */
/* Down to a point that is certified: gradient descent until the gradient is small, then a certificate. Where that says
 * strict saddle, the eigenvector v of lambda_min is the way out; the walk takes a step along it and goes on. Unlike
 * methods that leave by noise it knows when it is done, and says what it knows. README.md tells how to build it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/digits_studies.h"

enum { MOST_ROUNDS = 50, MOST_HALVINGS = 60, MOST_DIM = NETWORK_DIM };

static const struct word words_known[] = {
    {"start", "WORD",
     "Where to begin: pca1 ... pca64, the stationary points sqrt(lambda_k) u_k of the first problem; network, all "
     "weights 0; or pca_random, network_random. [pca2, pca5, network]"},
    {"threads", "INTEGER", "Threads that share the samples of an evaluation; they change no bit of it. [1]"},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "certify",
    .text = "Goes down by gradient descent, out of saddles along their directions of negative curvature, until a point "
            "is certified to be second-order stationary. Step sizes are chosen by the library. Example: certify "
            "--start pca5 --eps_gradient 1e-6 --delta 1e-6",
    .words = words_known,
    .takes_options = 1,
};

struct walk {
    const struct words *words;
    saddle_objective *f;
    saddle_options *o;
    int64_t seed;
    double delta; /* of the whole walk */
    double w[MOST_DIM], trial[MOST_DIM], v[MOST_DIM];
};

static int fail(void)
{
    fprintf(stderr, "%s: %s\n", program.name, saddle_error_message());
    return EXIT_FAILED;
}

/* w + s v in k->trial, and f there. */
static saddle_status try_step(struct walk *k, double s, double *f)
{
    const int64_t dim = saddle_objective_dim(k->f);
    for (int64_t j = 0; j < dim; j++) {
        k->trial[j] = k->w[j] + s * k->v[j];
    }
    return saddle_objective_value(k->f, k->trial, f);
}

/* f(w + s v) = f + s <g,v> + s^2 lambda/2 + O(s^3), and of +v and -v one does not lead uphill: its longest step among
 * 1, 1/2, 1/4, ... is taken that goes down by half of s^2 |lambda|/2 at least. Returns s, 0 when there is none. */
static double leave(struct walk *k, double value, double lambda)
{
    double s = 1.0;
    for (int i = 0; i < MOST_HALVINGS; i++, s /= 2.0) {
        double ahead, behind;
        if (try_step(k, s, &ahead) != SADDLE_OK || try_step(k, -s, &behind) != SADDLE_OK) {
            return 0.0;
        }
        const double step = ahead <= behind ? s : -s;
        if (fmin(ahead, behind) <= value + s * s * lambda / 4.0) {
            (void)try_step(k, step, &ahead);
            memcpy(k->w, k->trial, sizeof k->w);
            return step;
        }
    }
    return 0.0;
}

/* A certificate ends as soon as it is sure that there is a way out; here the best one is wanted. */
static saddle_status find_way(struct walk *k, saddle_certificate *c)
{
    saddle_eigen least = {.struct_size = (int64_t)sizeof least};
    const saddle_status s = saddle_lambda_min(k->f, k->w, k->o, k->v, &least);
    c->lambda_min = least.value;
    c->lambda_lower = least.lower;
    c->products += least.products;
    return s;
}

/* One descent and one certificate. The probabilities delta/(round (round + 1)) of all rounds add up to delta; each
 * round has a random start of its own. */
static saddle_status one_round(struct walk *k, int round, saddle_result *r, saddle_certificate *c)
{
    saddle_status s = saddle_options_set_int(k->o, SADDLE_OPT_SEED, k->seed + round);
    if (s == SADDLE_OK) {
        s = saddle_options_set_real(k->o, SADDLE_OPT_DELTA, k->delta / (round * (round + 1.0)));
    }
    if (s == SADDLE_OK) {
        s = saddle_minimize(k->f, SADDLE_METHOD_GD, k->o, k->w, r);
    }
    s = s == SADDLE_OK ? saddle_certify(k->f, k->w, k->o, NULL, c) : s;
    return s == SADDLE_OK && c->kind == SADDLE_KIND_STRICT_SADDLE ? find_way(k, c) : s;
}

static int descend(struct walk *k)
{
    printf("  %5s %7s %10s %10s %10s %10s %8s  %s\n", "round", "steps", "f", "||grad f||", "lambda_min", "at least",
           "products", "kind");
    for (int round = 1; round <= MOST_ROUNDS; round++) {
        saddle_result r = {.struct_size = (int64_t)sizeof r};
        saddle_certificate c = {.struct_size = (int64_t)sizeof c};
        if (one_round(k, round, &r, &c) != SADDLE_OK) {
            return fail();
        }
        printf("  %5d %7lld %10.6f %10.1e %10.5f %10.5f %8lld  %s", round, (long long)r.steps, r.value,
               c.gradient_norm, c.lambda_min, c.lambda_lower, (long long)c.products, saddle_kind_name(c.kind));
        const int saddle = c.kind == SADDLE_KIND_STRICT_SADDLE;
        const double step = saddle ? leave(k, r.value, c.lambda_min) : 0.0;
        if (step != 0.0) {
            printf(", left by %.3g v\n", step);
        } else {
            putchar('\n');
            if (c.kind == SADDLE_KIND_SECOND_ORDER) {
                return EXIT_GOOD;
            }
            break;
        }
    }
    fprintf(stderr, "%s: this walk ends without a certificate\n", program.name);
    return EXIT_FAILED;
}

static int set_options(struct walk *k, const struct problem *p)
{
    if (saddle_options_create(NULL, &k->o) != SADDLE_OK ||
        saddle_options_set_real(k->o, SADDLE_OPT_EPS_GRADIENT, p->eps_gradient) != SADDLE_OK ||
        saddle_options_set_real(k->o, SADDLE_OPT_EPS_HESSIAN, p->eps_hessian) != SADDLE_OK) {
        return fail();
    }
    const int code = words_set_options(k->words, k->o);
    if (code == EXIT_GOOD && (saddle_options_get_int(k->o, SADDLE_OPT_SEED, &k->seed) != SADDLE_OK ||
                              saddle_options_get_real(k->o, SADDLE_OPT_DELTA, &k->delta) != SADDLE_OK)) {
        return fail();
    }
    return code;
}

/* From p->saddle. */
static int walk_from(const struct words *words, const struct problem *p)
{
    static struct walk k;
    struct study study = {.program = program.name, .words = words};
    k = (struct walk){.words = words};
    memcpy(k.w, p->saddle, (size_t)p->dim * sizeof(double));
    int code = words_integer(words, "threads", 1, 1024, 1, &study.threads);
    if (code == EXIT_GOOD) {
        code = study_objective(&study, p, &k.f);
    }
    if (code == EXIT_GOOD) {
        code = set_options(&k, p);
    }
    if (code == EXIT_GOOD) {
        code = descend(&k);
    }
    saddle_options_destroy(k.o);
    saddle_objective_destroy(k.f);
    return code;
}

/* Normals times a scale. */
static int draw(const struct words *words, double scale, int64_t dim, double *w)
{
    const char *word = words_value(words, "seed");
    const uint64_t seed = word == NULL ? 0 : strtoull(word, NULL, 10); /* read by words_read() without complaint */
    const saddle_random_stream stream = {.seed = seed, .purpose = 130, .step = 0};
    if (saddle_random_normal(&stream, 0, dim, w) != SADDLE_OK) {
        return fail();
    }
    for (int64_t j = 0; j < dim; j++) {
        w[j] *= scale;
    }
    return EXIT_GOOD;
}

/* The PCA problem from its k-th stationary point, or from anywhere for k = 0. */
static int walk_pca(const struct words *words, struct pca_model *m, int k)
{
    double w[DIGITS_PIXELS];
    struct problem p = pca_problem(m);
    p.saddle = w;
    p.eps_gradient = 1e-4;
    if (k == 0) {
        printf("PCA of 1,797 digits, 64 variables, from a random point\n");
        const int code = draw(words, 0.1, p.dim, w);
        return code == EXIT_GOOD ? walk_from(words, &p) : code;
    }
    pca_stationary_point(m, k, w);
    printf("PCA of 1,797 digits, 64 variables, from sqrt(lambda_%d) u_%d\n", k, k);
    return walk_from(words, &p);
}

static int walk_network(const struct words *words, struct network_model *m, int random)
{
    static double w[NETWORK_DIM];
    struct problem p = network_problem(m);
    printf("Network of 64, 16 and 10 units for the same digits, 1,184 weights, from %s\n",
           random ? "a random point" : "w = 0");
    if (random) {
        p.saddle = w;
        const int code = draw(words, 0.1, p.dim, w);
        return code == EXIT_GOOD ? walk_from(words, &p) : code;
    }
    return walk_from(words, &p);
}

/* The stationary point that a word names, 0 for none. */
static int pca_number(const char *word)
{
    char *end;
    const long k = strncmp(word, "pca", 3) == 0 && word[3] != '\0' ? strtol(word + 3, &end, 10) : 0;
    return k >= 1 && k <= DIGITS_PIXELS && *end == '\0' ? (int)k : 0;
}

static int walk_named(const struct words *words, const char *start, struct pca_model *pca,
                      struct network_model *network)
{
    const int k = pca_number(start);
    if (k > 0 || strcmp(start, "pca_random") == 0) {
        return walk_pca(words, pca, k);
    }
    if (strcmp(start, "network") == 0 || strcmp(start, "network_random") == 0) {
        return walk_network(words, network, strcmp(start, "network") != 0);
    }
    fprintf(stderr, "%s: --start is \"%s\": expected pca1 ... pca64, pca_random, network or network_random\n",
            program.name, start);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const char *const starts[] = {"pca2", "pca5", "network"};
    struct words words;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    const char *start = words_value(&words, "start");
    struct pca_model *pca = pca_model_create();
    struct network_model *network = network_model_create();
    if (pca == NULL || network == NULL) {
        fprintf(stderr, "%s: out of memory\n", program.name);
        code = EXIT_FAILED;
    } else if (start != NULL) {
        code = walk_named(&words, start, pca, network);
    } else {
        code = EXIT_GOOD;
        for (int i = 0; i < 3 && code == EXIT_GOOD; i++) {
            fputs(i > 0 ? "\n" : "", stdout);
            code = walk_named(&words, starts[i], pca, network);
        }
    }
    free(pca);
    free(network);
    return code;
}
