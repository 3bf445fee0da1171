/* SPDX-License-Identifier: BSD-3-Clause */
/* The noise of SGD along all eigenvectors of the Hessian (Daneshmand et al. 2018): E cos^2(grad f_z, v_k) against
 * |lambda_k| for all eigenvalues below zero, at random weights of deep networks. Isotropic noise has 1/d along each of
 * them; that of SGD grows with the curvature, about as a straight line. docs/paper.md has the paper's numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "../support/figure.h"
#include "summary.h"

static const struct word words_known[] = {
    {"layers", "LIST", "Hidden layers, ascending, \"8,16,32\". [8,16]"},
    {"units", "INTEGER", "Units of a hidden layer. [10]"},
    IMAGES_WORDS,
    NETWORKS_WORDS,
    {NULL, NULL, NULL},
};

static const struct program program = {
    .name = "spectrum",
    .text = "Measures how much of the noise of stochastic gradients lies along each direction of negative curvature, "
            "in deep networks at random weights; all eigenpairs are computed, whatever --dense is. Example: spectrum "
            "--layers 8,16,32 --points 3 --output my-folder",
    .words = words_known,
    .takes_options = 1,
};

/* The eigenpairs below zero of all points of a network, and the straight lines through them. */
struct pool {
    int layers;
    int64_t dim, count, room;
    double *lambda, *cosine, *noise; /* |lambda| */
    double most;                     /* the largest |lambda| */
    double slope, intercept, correlation;
    double noise_slope, noise_worst;
    double noise_error;              /* standard deviation of noise_slope most dim, where noise is isotropic */
    double first, last, nulls;       /* means over the points */
    int64_t small;                   /* |lambda| < 1e-3, of all */
};

static int pool_add(struct pool *p, const struct look *k, const struct pairs *pairs)
{
    if (p->count + k->negatives > p->room) {
        p->room = 2 * p->room + k->negatives;
        double **const columns[] = {&p->lambda, &p->cosine, &p->noise};
        for (int i = 0; i < 3; i++) {
            double *longer = realloc(*columns[i], (size_t)p->room * sizeof *longer);
            if (longer == NULL) {
                fprintf(stderr, "%s: memory is short\n", program.name);
                return EXIT_FAILED;
            }
            *columns[i] = longer;
        }
    }
    for (int64_t i = 0; i < k->negatives; i++, p->count++) {
        p->lambda[p->count] = -pairs->lambda[i];
        p->cosine[p->count] = pairs->cosine[i];
        p->noise[p->count] = pairs->noise[i];
        p->most = fmax(p->most, -pairs->lambda[i]);
        p->small += pairs->lambda[i] > -1e-3;
    }
    return EXIT_GOOD;
}

static void pool_free(struct pool *p)
{
    free(p->lambda);
    free(p->cosine);
    free(p->noise);
}

struct line {
    double slope, intercept, correlation;
    double spread; /* sqrt(sum_i (x_i - mean x)^2) */
};

/* Least squares. */
static struct line fit(int64_t count, const double *x, const double *y)
{
    double mean_x = 0.0, mean_y = 0.0, xx = 0.0, xy = 0.0, yy = 0.0;
    for (int64_t i = 0; i < count; i++) {
        mean_x += x[i] / (double)count;
        mean_y += y[i] / (double)count;
    }
    for (int64_t i = 0; i < count; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    return (struct line){xy / xx, mean_y - xy / xx * mean_x, xy / sqrt(xx * yy), sqrt(xx)};
}

static int pool_fill(const struct networks *n, int layers, int units, struct pool *p)
{
    int code = EXIT_GOOD;
    *p = (struct pool){.layers = layers};
    for (int64_t i = 0; code == EXIT_GOOD && i < n->points; i++) {
        struct look k;
        struct pairs pairs = {0};
        code = networks_look(n, layers, units, i, &k, &pairs);
        code = code == EXIT_GOOD ? pool_add(p, &k, &pairs) : code;
        pairs_free(&pairs);
        p->dim = k.dim;
        p->noise_worst = fmax(p->noise_worst, k.noise_worst);
        p->first += k.energy.first / (double)n->points;
        p->last += k.energy.last / (double)n->points;
        p->nulls += (double)(k.dim - k.negatives - k.positives) / (double)n->points;
    }
    if (code == EXIT_GOOD && p->count < 2) {
        fprintf(stderr, "%s: %d hidden layers have no two negative eigenvalues at these points\n", program.name, layers);
        code = EXIT_FAILED;
    }
    if (code == EXIT_GOOD) {
        const struct line of_samples = fit(p->count, p->lambda, p->cosine);
        const struct line of_noise = fit(p->count, p->lambda, p->noise);
        p->slope = of_samples.slope;
        p->intercept = of_samples.intercept;
        p->correlation = of_samples.correlation;
        p->noise_slope = of_noise.slope;
        p->noise_error = alignment_deviation(n->draws, p->dim) * p->most / of_noise.spread;
    }
    return code;
}

static void print_row(const struct pool *p, int64_t points)
{
    printf("%6d %5lld %6lld %6lld %6.0f %8.3f %8.4f %10.1e %7.3f %10.1e %10.2f %9.1e %7.3f\n", p->layers,
           (long long)p->dim, (long long)(p->count / points), (long long)(p->small / points), p->nulls, p->most,
           p->slope, p->intercept, p->correlation, p->noise_slope * p->most * (double)p->dim, p->noise_worst, p->first,
           p->last);
    fflush(stdout);
}

/* What is known of networks like the paper's, and of noise always. */
static void check(struct criteria *c, int units, const struct pool *p)
{
    const double noise = fabs(p->noise_slope) * p->most * (double)p->dim;
    if (units == 10 && p->layers >= 8 && p->layers <= 32) {
        criteria_check(c, p->slope >= 0.005 && p->slope <= 0.04, "layers %d: slope %.4f in 0.005 .. 0.04", p->layers,
                       p->slope);
        criteria_check(c, fabs(p->intercept) < 1e-3, "layers %d: a line through 0, intercept %.1e, at most 1e-3",
                       p->layers, p->intercept);
        criteria_check(c, p->correlation >= 0.7, "layers %d: correlation %.3f, at least 0.7", p->layers,
                       p->correlation);
    }
    if (3.0 * p->noise_error <= 0.05) { /* else chance decides: too few pairs or draws */
        criteria_check(c, noise <= 0.05,
                       "layers %d: isotropic noise is flat: its line rises by %.3f of 1/d, at most 0.05", p->layers,
                       noise);
    }
    criteria_check(c, p->noise_worst <= 5.0,
                   "layers %d: isotropic noise gives 1/d, off by %.2f standard deviations, at most 5", p->layers,
                   p->noise_worst);
}

static int write_pool(const struct networks *n, const struct pool *p)
{
    char name[64];
    snprintf(name, sizeof name, "spectrum_%d", p->layers);
    FILE *f = figure_open(program.name, n->output, name, "csv");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    fputs("abs_lambda,cosine,noise\n", f);
    for (int64_t i = 0; i < p->count; i++) {
        fprintf(f, "%.9g,%.9g,%.9g\n", p->lambda[i], p->cosine[i], p->noise[i]);
    }
    return figure_close(program.name, f);
}

/* A panel for each network. Thousands of pairs lie at 0: below 10 % of the largest |lambda| every 5th is drawn, below
 * 2 % every 200th; of the noise, every 5th of all that. */
static void write_script(FILE *f, const struct networks *n, int count, const struct pool *p)
{
    char data[128];
    networks_describe(n, data, sizeof data);
    fputs("# From the CSV files beside this script: gnuplot spectrum.gp\n"
          "set datafile separator ','\n"
          "set xlabel '|lambda_k|, lambda_k < 0' noenhanced\n"
          "set ylabel 'mean squared cosine with v_k' noenhanced\n"
          "set yrange [0:*]\n"
          "set key below horizontal Left reverse samplen 2\n",
          f);
    figure_begin(f, "spectrum", 600 * (count < 2 ? 1 : 2), 480 * ((count + 1) / 2));
    fprintf(f, "set multiplot layout %d,%d title '%s, %lld points' noenhanced\n", (count + 1) / 2, count < 2 ? 1 : 2,
            data, (long long)n->points);
    for (int i = 0; i < count; i++) {
        fprintf(f, "set title '%d hidden layers, d = %lld'\nset xrange [0:%.6g]\n", p[i].layers, (long long)p[i].dim,
                1.05 * p[i].most);
        fprintf(f,
                "drawn(x, row) = int(row)%%(x > %.6g ? 1 : x > %.6g ? 5 : 200) == 0 ? x : NaN\n"
                "plot 'spectrum_%d.csv' skip 1 using (drawn($1, $0)):2 with points pt 7 ps 0.5 lc rgb '#d55e00' "
                "title 'gradients, thinned out near 0', \\\n"
                "     %.9g + %.9g*x with lines lw 2 lc rgb '#0072b2' title 'line fitted to all', \\\n"
                "     '' skip 1 every 5 using (drawn($1, $0)):3 with points pt 7 ps 0.2 lc rgb '#444444' "
                "title 'isotropic noise'\n",
                0.1 * p[i].most, 0.02 * p[i].most, p[i].layers, p[i].intercept, p[i].slope);
    }
    fputs("unset multiplot\n", f);
    figure_end(f);
}

static int draw(const struct networks *n, int count, const struct pool *p)
{
    FILE *f = figure_open(program.name, n->output, "spectrum", "gp");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    write_script(f, n, count, p);
    const int code = figure_close(program.name, f);
    return code == EXIT_GOOD ? figure_run(program.name, n->output, "spectrum", "eigenpairs") : code;
}

static void print_legend(void)
{
    puts("below, small, null: eigenvalues of a point below -1e-9 ||H||, of these above -1e-3, and within 1e-9 ||H||\n"
         "of 0; |lmin|: the largest of all; slope, intercept, corr: of the line fitted to E cos^2 against |lambda|,\n"
         "all those below; noise rise: of the line for isotropic noise, from 0 to |lmin|, in units of 1/d; noise off:\n"
         "the E cos^2 of noise that is farthest from 1/d, in standard deviations; first, last: parts of these layers\n"
         "in the energy.");
}

static int study(const struct networks *n, int units, int count, const int *layers, struct pool *p)
{
    struct criteria c = {0};
    char data[128];
    int code = n->output != NULL ? figure_folder(program.name, n->output) : EXIT_GOOD;
    networks_describe(n, data, sizeof data);
    printf("Hidden layers of %d sigmoid units, %s, %lld random points each\n", units, data, (long long)n->points);
    printf("%6s %5s %6s %6s %6s %8s %8s %10s %7s %10s %10s %9s %7s\n", "layers", "d", "below", "small", "null",
           "|lmin|", "slope", "intercept", "corr", "noise rise", "noise off", "first", "last");
    for (int i = 0; code == EXIT_GOOD && i < count; i++) {
        code = pool_fill(n, layers[i], units, &p[i]);
        if (code == EXIT_GOOD) {
            print_row(&p[i], n->points);
            code = n->output != NULL ? write_pool(n, &p[i]) : EXIT_GOOD;
        }
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    print_legend();
    for (int i = 0; i < count; i++) {
        check(&c, units, &p[i]);
    }
    code = n->output != NULL ? draw(n, count, p) : EXIT_GOOD;
    return code == EXIT_GOOD && c.failed > 0 ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
    struct words words;
    struct networks n;
    struct pool pools[NETWORKS_MOST] = {{0}};
    int layers[NETWORKS_MOST], count;
    int64_t units;
    int code = words_read(&words, &program, argc, argv);
    if (code >= 0) {
        return code;
    }
    code = networks_list(&words, "layers", "8,16", NETWORKS_MOST_HIDDEN, layers, &count);
    code = code == EXIT_GOOD ? words_integer(&words, "units", 1, NETWORKS_MOST_UNITS, 10, &units) : code;
    code = code == EXIT_GOOD ? networks_open(&n, &words, 10, 0) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    code = study(&n, (int)units, count, layers, pools);
    for (int i = 0; i < count; i++) {
        pool_free(&pools[i]);
    }
    networks_close(&n);
    return code;
}
