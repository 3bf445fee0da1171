/* SPDX-License-Identifier: BSD-3-Clause */
/* The noise of SGD and the width of a network (Daneshmand et al. 2018): how large a part of the samples' gradients lies
 * along the eigenvector of the smallest eigenvalue of the Hessian, for one hidden layer of more and more units, at
 * random weights. Isotropic noise has 1/d there, which falls as the network grows. docs/paper.md has the paper's
 * numbers. */
#include <math.h>
#include "summary.h"

static const struct word words_known[] = {
    {"units", "LIST", "Hidden units, ascending, \"4,8,16\". [4,8,16,32,64]"},
    IMAGES_WORDS,
    NETWORKS_WORDS,
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "width",
    .text = "Measures how much of the noise of stochastic gradients lies along the directions of smallest and largest "
            "curvature, in networks with one hidden layer, at random weights. Example: width --units 4,16 --points 20 "
            "--pixels raw --output my-folder",
    .words = words_known,
    .takes_options = 1,
};

/* What is known of digits from 0 to 1, and of the paper's data, pixels up to 255. */
static void check(struct criteria *c, const struct networks *n, int count, const struct summary *s)
{
    double least = HUGE_VAL, most = 0.0;
    criteria_of_all(c, n, "units", count, s);
    for (int i = 0; i < count; i++) {
        const double times = s[i].left[1] * (double)s[i].dim;
        least = fmin(least, s[i].left[1]);
        most = fmax(most, s[i].left[1]);
        if (n->images.own && !n->images.raw && s[i].number >= 4 && s[i].number <= 16 && n->points >= 10) {
            criteria_check(c, times >= 5.0, "units %d: gradients are %.1f times isotropic noise, at least 5",
                           s[i].number, times);
        }
    }
    if (n->images.raw && !n->images.own && n->points >= 6 && s[count - 1].dim >= 8 * s[0].dim) {
        criteria_check(c, most <= 2.5 * least,
                       "flat in width: medians differ by a factor of %.2f, at most 2.5, while 1/d falls by %.1f",
                       most / least, (double)s[count - 1].dim / (double)s[0].dim);
    }
}

static int measure(const struct networks *n, int number, FILE *csv, struct summary *out)
{
    return summary_make(n, 1, number, number, csv, out);
}

int main(int argc, char **argv)
{
    static const struct study_of_networks study = {
        .name = "width", .number = "units", .title = "One hidden layer of sigmoid units", .measure = measure,
        .check = check};
    struct words words;
    struct networks n;
    int units[NETWORKS_MOST], count;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    code = networks_list(&words, "units", "4,8,16,32,64", NETWORKS_MOST_UNITS, units, &count);
    code = code == EXIT_GOOD ? networks_open(&n, &words, 10, 1200) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    code = summary_study(&n, &study, count, units);
    networks_close(&n);
    return code;
}
