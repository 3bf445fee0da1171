/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning half-spaces with the sigmoid loss: how long methods take to leave a saddle where the CNC condition holds by
 * a proof. Data sets 1, 2, ... that have a saddle with one way out and lambda_min in (-0.03, -0.005) are the instances;
 * runs start at saddle + 5e-5 v and have left when |<w - saddle, v>| >= 1/2. The program checks what theory says and
 * what the paper found, and fails when it does not hold. docs/paper.md has the results. */
#include <stdio.h>
#include "../support/figure.h"
#include "halfspaces.h"

enum {
    MOST_INSTANCES = 20,
    DATA_SETS = 1000 /* looked through for instances */
};

static const struct word words_known[] = {
    {"instances", "INTEGER", "Saddles. [3]"},
    {"seeds", "INTEGER", "Runs of each method with chance; half as many of sgd. [40]"},
    {"output", "FOLDER", "Writes CSV files and a figure there."},
    {"data", "FILE", "Only checks the lemma, on data in the format of LIBSVM, plain or gzip."},
    {"points", "INTEGER", "Random points of --data. [20]"},
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "halfspaces",
    .text = "How long gd, pgd, sgd_gd and sgd take to leave saddles of half-spaces with the sigmoid loss; and the lemma "
            "that the CNC condition holds there. Example: halfspaces --seeds 100 --output my-folder",
    .words = words_known,
};

static int fail(const char *why)
{
    fprintf(stderr, "%s: %s\n", program.name, why);
    return EXIT_FAILED;
}

/* The first n data sets with a saddle, and all runs there. */
static int make_all(struct instance *all, int n, int seeds, struct escape_trace *t, int *found)
{
    for (int seed = 1; seed <= DATA_SETS && *found < n; seed++) {
        struct instance *k = &all[*found];
        const int good = instance_make(program.name, seed, k);
        *found += good == 1;
        if (good < 0 || (good == 1 && instance_run(k, seeds, t) != 0)) {
            return EXIT_FAILED;
        }
        if (good == 1) {
            instance_print(k);
        }
    }
    return *found == n ? EXIT_GOOD : fail("too few data sets have a saddle");
}

static int study(struct instance *all, int n, int seeds, const char *folder)
{
    struct escape_trace t;
    struct criteria c = {0};
    int found = 0, code = folder != NULL ? figure_folder(program.name, folder) : EXIT_GOOD;
    if (code != EXIT_GOOD) {
        return code;
    }
    code = escape_trace_create(&t, INSTANCE_SGD_STEPS) == 0 ? EXIT_GOOD : fail("out of memory");
    code = code == EXIT_GOOD ? make_all(all, n, seeds, &t, &found) : code;
    code = code == EXIT_GOOD && halfspaces_judge(all, n, &t, &c) != 0 ? EXIT_FAILED : code;
    code = code == EXIT_GOOD && folder != NULL ? halfspaces_draw(folder, all, n, &t) : code;
    for (int i = 0; i < found; i++) {
        instance_release(&all[i]);
    }
    escape_trace_release(&t);
    return code == EXIT_GOOD && c.failed > 0 ? EXIT_FAILED : code;
}

static int check_file(const char *path, int points)
{
    struct lemma l;
    struct criteria c = {0};
    if (lemma_file(program.name, path, points, &l) != 0) {
        return EXIT_FAILED;
    }
    halfspaces_judge_lemma(&l, 1.0, &c);
    return c.failed == 0 ? EXIT_GOOD : EXIT_FAILED;
}

/* Words that would be read by nobody. */
static int check_words(const struct words *w)
{
    static const char *const others[] = {"instances", "seeds", "output"};
    const int data = words_value(w, "data") != NULL;
    if (!data && words_value(w, "points") != NULL) {
        fprintf(stderr, "%s: --points goes with --data\n", program.name);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others && data; i++) {
        if (words_value(w, others[i]) != NULL) {
            fprintf(stderr, "%s: --%s does not go with --data\n", program.name, others[i]);
            return EXIT_USAGE;
        }
    }
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    static struct instance all[MOST_INSTANCES];
    struct words words;
    int64_t instances, seeds, points;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    if ((code = check_words(&words)) != EXIT_GOOD ||
        (code = words_integer(&words, "instances", 1, MOST_INSTANCES, 3, &instances)) != EXIT_GOOD ||
        (code = words_integer(&words, "seeds", 1, INSTANCE_MOST_SEEDS, 40, &seeds)) != EXIT_GOOD ||
        (code = words_integer(&words, "points", 1, 1000000, 20, &points)) != EXIT_GOOD) {
        return code;
    }
    const char *data = words_value(&words, "data");
    return data != NULL ? check_file(data, (int)points)
                        : study(all, (int)instances, (int)seeds, words_value(&words, "output"));
}
