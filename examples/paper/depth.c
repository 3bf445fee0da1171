/* SPDX-License-Identifier: BSD-3-Clause */
/* The noise of SGD and the depth of a network (Daneshmand et al. 2018): as width.c, for more and more hidden layers of
 * 10 units. docs/paper.md has the paper's numbers. */
#include <math.h>
#include "summary.h"

enum { UNITS = 10 };

static const struct word words_known[] = {
    {"layers", "LIST", "Hidden layers, ascending, \"4,8,16\". [4,8,16,32,64]"},
    IMAGES_WORDS,
    NETWORKS_WORDS,
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "depth",
    .text = "Measures how much of the noise of stochastic gradients lies along the directions of smallest and largest "
            "curvature, in networks of many hidden layers of 10 units, at random weights. Example: depth --layers 4,16 "
            "--points 20 --output my-folder",
    .words = words_known,
    .takes_options = 1,
};

/* What is known of pixels from 0 to 1, and at least 4 hidden layers. */
static void check(struct criteria *c, const struct networks *n, int count, const struct summary *s)
{
    double least = HUGE_VAL, most = 0.0;
    int64_t first = s[count - 1].dim;
    criteria_of_all(c, n, "layers", count, s);
    if (n->images.raw || n->points < 5) {
        return;
    }
    for (int i = 0; i < count; i++) {
        const double times = s[i].left[1] * (double)s[i].dim;
        if (s[i].number < 4) {
            continue;
        }
        first = s[i].dim < first ? s[i].dim : first;
        least = fmin(least, s[i].left[1]);
        most = fmax(most, s[i].left[1]);
        criteria_check(c, times >= 5.0, "layers %d: gradients are %.1f times isotropic noise, at least 5", s[i].number,
                       times);
        criteria_check(c, s[i].right[1] >= 5.0 * s[i].left[1], "layers %d: right is %.1f times left, at least 5",
                       s[i].number, s[i].right[1] / s[i].left[1]);
        criteria_check(c, s[i].lambda_max >= 1.0 && s[i].lambda_max <= 2.0, "layers %d: lambda_max %.2f in 1 .. 2",
                       s[i].number, s[i].lambda_max);
        criteria_check(c, s[i].lambda_min >= -0.7 && s[i].lambda_min <= -0.2,
                       "layers %d: lambda_min %.2f in -0.7 .. -0.2", s[i].number, s[i].lambda_min);
    }
    if (first < s[count - 1].dim) {
        criteria_check(c, most <= 3.0 * least,
                       "flat in depth: medians differ by a factor of %.2f, at most 3, while 1/d falls by %.1f",
                       most / least, (double)s[count - 1].dim / (double)first);
    }
}

static int measure(const struct networks *n, int number, FILE *csv, struct summary *out)
{
    return summary_make(n, number, UNITS, number, csv, out);
}

int main(int argc, char **argv)
{
    static const struct study_of_networks study = {
        .name = "depth", .number = "layers", .title = "Hidden layers of 10 sigmoid units", .measure = measure,
        .check = check};
    struct words words;
    struct networks n;
    int layers[NETWORKS_MOST], count;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    code = networks_list(&words, "layers", "4,8,16,32,64", NETWORKS_MOST_HIDDEN, layers, &count);
    code = code == EXIT_GOOD ? networks_open(&n, &words, 10, 2300) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    code = summary_study(&n, &study, count, layers);
    networks_close(&n);
    return code;
}
