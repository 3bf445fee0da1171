/* SPDX-License-Identifier: BSD-3-Clause */
/* How the number of steps out of a saddle grows with the number of weights d and with the curvature (Daneshmand et al.
 * 2018, the tables of rates): on a family of saddles whose noise along the way out knows nothing of d, rates_model.h.
 * sgd_gd needs as many steps in 10 as in 100,000 entries, methods with isotropic noise more and more. docs/paper.md has
 * the paper's rates beside these. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rates_report.h"

enum { DIM = 1000, MOST_DIM = 1000000, FEW = 4, MOST_SEEDS = RATES_MOST_RUNS };

#define LAMBDA 0.2
#define MOST_LAMBDA 0.4
#define LEAST_LAMBDA 0.005

static const struct word words_known[] = {
    {"dims", "LIST", "Numbers of entries d, rising, from 2 on. [10,100,1000,10000,100000]"},
    {"lambdas", "LIST", "Curvatures, falling, from 0.4 on. [0.4,0.2,0.1,0.05,0.025,0.0125]"},
    {"seeds", "INTEGER", "Runs of each method; a quarter of them of psgd with noise per coordinate. [40]"},
    {"seed", "INTEGER", "The first seed. [0]"},
    {"threads", "INTEGER", "Threads that share the runs. [2]"},
    {"output", "FOLDER", "Writes CSV files and a figure. [none]"},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "rates",
    .text = "Counts the steps out of a saddle against its dimension and its curvature, for sgd_gd, pgd and psgd, beside "
            "what theory says. Example: rates --dims 10,1000 --lambdas 0.2,0.1 --seeds 100 --output my-folder",
    .words = words_known,
};

/* Numbers divided by commas, each beyond the one before in the direction of `sign`. */
static int read_list(const struct words *w, const char *name, const char *initial, double least, double most, int sign,
                     struct rates_list *out)
{
    const char *given = words_value(w, name), *p = given != NULL ? given : initial;
    for (out->n = 0; out->n < RATES_MOST_CELLS; p++) {
        char *end;
        errno = 0;
        const double x = strtod(p, &end);
        const int whole = sign < 0 || x == floor(x);
        if (errno != 0 || end == p || !(x >= least && x <= most) || !whole ||
            (out->n > 0 && sign * (x - out->x[out->n - 1]) <= 0.0)) {
            break;
        }
        out->x[out->n++] = x;
        if (*end == '\0') {
            return EXIT_GOOD;
        }
        if (*end != ',') {
            break;
        }
        p = end;
    }
    fprintf(stderr, "%s: --%s is \"%s\": expected up to %d %s from %g to %g, divided by commas, each %s the one before\n",
            program.name, name, given, RATES_MOST_CELLS, sign > 0 ? "integers" : "numbers", least, most,
            sign > 0 ? "above" : "below");
    return EXIT_USAGE;
}

struct settings {
    struct rates_list dims, lambdas;
    int64_t seeds, seed, threads;
    const char *output;
};

static int read_settings(const struct words *w, struct settings *s)
{
    int code = read_list(w, "dims", "10,100,1000,10000,100000", 2.0, MOST_DIM, 1, &s->dims);
    code = code == EXIT_GOOD
               ? read_list(w, "lambdas", "0.4,0.2,0.1,0.05,0.025,0.0125", LEAST_LAMBDA, MOST_LAMBDA, -1, &s->lambdas)
               : code;
    code = code == EXIT_GOOD ? words_integer(w, "seeds", 1, MOST_SEEDS, 40, &s->seeds) : code;
    code = code == EXIT_GOOD ? words_integer(w, "seed", 0, INT64_MAX / 4, 0, &s->seed) : code;
    code = code == EXIT_GOOD ? words_integer(w, "threads", 1, 64, 2, &s->threads) : code;
    s->output = words_value(w, "output");
    return code;
}

/* A row of the table for each number of the list, all of one method. */
static int run_row(const struct settings *s, struct rates_row *r, enum rates_kind kind, const struct rates_list *list,
                   int by_dim)
{
    const int is_long = kind == RATES_SMALL || kind == RATES_LARGE;
    const int runs = (int)(is_long ? (s->seeds + FEW - 1) / FEW : s->seeds);
    for (r->n = 0; r->n < list->n; r->n++) {
        struct rates_cell *c = &r->cell[r->n];
        c->set = rates_setting_of(kind, by_dim ? (int64_t)list->x[r->n] : DIM, by_dim ? LAMBDA : list->x[r->n]);
        if (rates_run(program.name, c, runs, s->seed, (int)s->threads, RATES_MOST_WORK) != 0) {
            return EXIT_FAILED;
        }
        rates_print_cell(c, by_dim);
    }
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    static struct rates_table t;
    struct words words;
    struct settings s;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    code = read_settings(&words, &s);
    if (code == EXIT_GOOD && s.output != NULL) {
        code = figure_folder(program.name, s.output);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    if (rates_check_model(program.name, LAMBDA, s.seed) != 0) {
        return EXIT_FAILED;
    }
    rates_print_heading(LAMBDA, 0, 1);
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS && code == EXIT_GOOD; k++) {
        code = run_row(&s, &t.by_dim[k], k, &s.dims, 1);
    }
    if (code == EXIT_GOOD) {
        rates_print_heading(0.0, DIM, 0);
    }
    for (enum rates_kind k = RATES_SGD_GD; k < RATES_KINDS && code == EXIT_GOOD; k++) {
        /* the sphere's radius does not change with lambda, nor does the larger noise say more than the smaller */
        if (k != RATES_SPHERE && k != RATES_LARGE) {
            code = run_row(&s, &t.by_lambda[k], k, &s.lambdas, 0);
        }
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    const int failed = rates_judge(&t);
    code = s.output != NULL ? rates_draw(program.name, s.output, &t, s.seed) : EXIT_GOOD;
    return code == EXIT_GOOD && failed > 0 ? EXIT_FAILED : code;
}
