/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L
#include "summary.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include "../support/figure.h"
#include "statistics.h"

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void write_heading(FILE *csv, const char *number)
{
    fprintf(csv,
            "%s,dim,point,loss,gradient_norm,lambda_min,lambda_max,residual,products,left,right,left_moment,energy,"
            "first_layer,last_layer,tiny,noise_left,negatives,positives,negative,positive,noise_negative\n",
            number);
}

static void write_line(FILE *csv, int number, int64_t point, const struct look *k)
{
    fprintf(csv, "%d,%lld,%lld,%.9g,%.9g,%.9g,%.9g,%.3g,%lld,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%lld,%.9g", number,
            (long long)k->dim, (long long)point, k->loss, k->gradient_norm, k->lambda_min, k->lambda_max, k->residual,
            (long long)k->products, k->left, k->right, k->left_moment, k->energy.all, k->energy.first, k->energy.last,
            (long long)k->energy.tiny, k->noise_left);
    if (k->full) {
        fprintf(csv, ",%lld,%lld,%.9g,%.9g,%.9g\n", (long long)k->negatives, (long long)k->positives, k->negative,
                k->positive, k->noise_negative);
    } else {
        fputs(",,,,,\n", csv);
    }
}

/* Means, sums and largest ones, a point at a time. */
static void add_point(struct summary *s, const struct look *k)
{
    const double part = 1.0 / (double)s->points, d = (double)k->dim;
    const double norm = fmax(fabs(k->lambda_min), fabs(k->lambda_max));
    s->dim = k->dim;
    s->tiny += k->energy.tiny;
    s->loss += part * k->loss;
    s->lambda_min += part * k->lambda_min;
    s->lambda_max += part * k->lambda_max;
    s->noise += part * k->noise_left;
    s->first += part * k->energy.first;
    s->last += part * k->energy.last;
    s->apart = fmax(s->apart, k->apart);
    s->full = k->full;
    if (k->full) {
        s->noise_negative += part * k->noise_negative;
        s->negatives += part * (double)k->negatives / d;
        s->nulls += part * (double)(k->dim - k->negatives - k->positives) / d;
        s->sum_error = fmax(s->sum_error, fabs(k->sum - 1.0));
        s->gap_error = fmax(s->gap_error, (k->gap - k->residual) / norm);
    }
}

enum { LEFT, RIGHT, SHARE, NEGATIVE, POSITIVE, COLUMNS };

static void quartiles(int64_t points, double *x, double q[3])
{
    for (int i = 0; i < 3; i++) {
        q[i] = statistics_quantile((int)points, x, 0.25 * (i + 1));
    }
}

int summary_make(const struct networks *n, int hidden, int units, int number, FILE *csv, struct summary *out)
{
    const int64_t points = n->points;
    const double start = seconds();
    double *x = malloc((size_t)(COLUMNS * points) * sizeof *x);
    *out = (struct summary){.number = number, .points = points};
    if (x == NULL) {
        fprintf(stderr, "%s: memory is short\n", n->program);
        return EXIT_FAILED;
    }
    int code = EXIT_GOOD;
    for (int64_t i = 0; code == EXIT_GOOD && i < points; i++) {
        struct look k;
        code = networks_look(n, hidden, units, i, &k, NULL);
        if (code == EXIT_GOOD) {
            add_point(out, &k);
            x[LEFT * points + i] = k.left;
            x[RIGHT * points + i] = k.right;
            x[SHARE * points + i] = k.left_moment / k.energy.all;
            x[NEGATIVE * points + i] = k.negative;
            x[POSITIVE * points + i] = k.positive;
            if (csv != NULL) {
                write_line(csv, number, i, &k);
            }
        }
    }
    if (code == EXIT_GOOD) {
        quartiles(points, x + LEFT * points, out->left);
        quartiles(points, x + RIGHT * points, out->right);
        quartiles(points, x + SHARE * points, out->share);
        out->negative = statistics_quantile((int)points, x + NEGATIVE * points, 0.5);
        out->positive = statistics_quantile((int)points, x + POSITIVE * points, 0.5);
    }
    free(x);
    out->seconds = seconds() - start;
    return code;
}

static void print_heading(const char *number)
{
    printf("%6s %5s %5s %8s %7s %8s %8s %8s %6s %8s %7s %6s %7s %7s %5s\n", number, "d", "loss", "lmin", "lmax",
           "left", "first q.", "third q.", "left d", "right", "NEG", "POS", "noise d", "share", "s");
}

static void print_row(const struct summary *s)
{
    const double d = (double)s->dim;
    printf("%6d %5lld %5.2f %8.3f %7.3f %8.5f %8.5f %8.5f %6.1f %8.5f ", s->number, (long long)s->dim, s->loss,
           s->lambda_min, s->lambda_max, s->left[1], s->left[0], s->left[2], s->left[1] * d, s->right[1]);
    if (s->full) {
        printf("%7.4f %6.4f", s->negative, s->positive);
    } else {
        printf("%7s %6s", "-", "-");
    }
    printf(" %7.4f %7.4f %5.1f\n", s->noise * d, s->share[1], s->seconds);
    fflush(stdout);
}

static void print_legend(void)
{
    puts("left, right: E cos^2 of the samples' gradients with the eigenvector of lambda_min, lambda_max, medians over\n"
         "the points, and quartiles; NEG, POS: sums over eigenvalues below -1e-9 ||H||, above 1e-9 ||H||; noise: left\n"
         "of isotropic noise, in theory 1/d; share: E <grad f_z, v>^2 / E ||grad f_z||^2 for lambda_min, not\n"
         "normalised. loss, lmin and lmax are means.");
}

static void print_tiny(const struct networks *n, const char *number, int count, const struct summary *s)
{
    for (int i = 0; i < count; i++) {
        if (s[i].tiny > 0) {
            const double all = (double)(n->images.count * s[i].points);
            printf("%s %d: of the gradients %.2f %% are shorter than %g and have no part in cosines\n", number,
                   s[i].number, 100.0 * (double)s[i].tiny / all, ALIGNMENT_LEAST);
        }
    }
}

void criteria_check(struct criteria *c, int holds, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("%s  ", holds ? "holds " : "FAILED");
    vprintf(format, list);
    putchar('\n');
    va_end(list);
    c->failed += !holds;
}

void criteria_of_all(struct criteria *c, const struct networks *n, const char *number, int count,
                     const struct summary *s)
{
    for (int i = 0; i < count; i++) {
        const double three = 3.0 * alignment_deviation(n->draws * s[i].points, s[i].dim);
        const double off = s[i].noise * (double)s[i].dim - 1.0;
        criteria_check(c, fabs(off) <= three, "%s %d: isotropic noise gives 1/d, off by %+.4f of it, allowed %.4f",
                       number, s[i].number, off, three);
        criteria_check(c, s[i].apart <= 1e-10,
                       "%s %d: saddle_cnc_along() finds the same along both ends, apart by %.1e, allowed 1e-10", number,
                       s[i].number, s[i].apart);
        if (s[i].full) {
            const double part = s[i].noise_negative / s[i].negatives - 1.0, d = (double)s[i].dim;
            /* of a mean of draws whose part in m of d directions has the Beta distribution, relative */
            const double vectors = (double)(n->draws * s[i].points) * (d + 2.0);
            const double deviation = sqrt(2.0 * (1.0 / s[i].negatives - 1.0) / vectors);
            criteria_check(c, s[i].sum_error <= 1e-10,
                           "%s %d: the sum over all eigenvectors is 1, off by %.1e, allowed 1e-10", number, s[i].number,
                           s[i].sum_error);
            if (3.0 * deviation <= 0.01) { /* else chance decides: too few draws */
                criteria_check(c, fabs(part) <= 0.01,
                               "%s %d: NEG of noise is the share of negative eigenvalues %.4f, off by %+.4f, allowed "
                               "0.01",
                               number, s[i].number, s[i].negatives, part);
            }
            criteria_check(c, s[i].gap_error <= 1e-10,
                           "%s %d: Lanczos and LAPACK agree on lambda_min and lambda_max within the residual", number,
                           s[i].number);
        }
    }
}

static void write_summary(FILE *f, const char *number, int count, const struct summary *s)
{
    fprintf(f, "%s,dim,left_1,left_2,left_3,right_1,right_2,right_3,noise,share,negative,positive,negatives,nulls\n",
            number);
    for (int i = 0; i < count; i++) {
        fprintf(f, "%d,%lld,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g", s[i].number, (long long)s[i].dim, s[i].left[0],
                s[i].left[1], s[i].left[2], s[i].right[0], s[i].right[1], s[i].right[2], s[i].noise, s[i].share[1]);
        if (s[i].full) {
            fprintf(f, ",%.9g,%.9g,%.9g,%.9g\n", s[i].negative, s[i].positive, s[i].negatives, s[i].nulls);
        } else {
            fputs(",,,,\n", f);
        }
    }
}

static void write_head(FILE *f, const struct study_of_networks *study, int count, const struct summary *s)
{
    fprintf(f,
            "# From the CSV files beside this script: gnuplot %s.gp\n"
            "set datafile separator ','\n"
            "set logscale x\n"
            "set xrange [%d/1.3:%d*1.3]\n"
            "set xlabel 'hidden %s'\n"
            "set key below horizontal Left reverse samplen 2\n"
            "set xtics (",
            study->name, s[0].number, s[count - 1].number, study->number);
    for (int i = 0; i < count; i++) {
        fprintf(f, "%s%d", i == 0 ? "" : ", ", s[i].number);
    }
    fputs(")\n", f);
}

/* One eigenvector; and where all were computed for some network, sums over those of one sign. */
static void write_script(FILE *f, const struct networks *n, const struct study_of_networks *study, int count,
                         const struct summary *s)
{
    static const char red[] = "lw 2 pt 7 lc rgb '#d55e00'", blue[] = "lw 2 pt 7 lc rgb '#0072b2'";
    static const char thin[] = "with lines lw 1 dt 3 lc rgb '#444444'";
    char data[128];
    int panels = 1;
    for (int i = 0; i < count; i++) {
        panels = s[i].full ? 2 : panels;
    }
    networks_describe(n, data, sizeof data);
    write_head(f, study, count, s);
    figure_begin(f, study->name, 600 * panels, 480);
    fprintf(f,
            "set multiplot layout 1,%d title \"%s%s%s, %lld points\" noenhanced\n"
            "set title 'mean squared cosine with one eigenvector: medians, quartiles'\n"
            "set logscale y\nset yrange [*:*]\nset format y '10^{%%T}'\n"
            "plot '%s_summary.csv' skip 1 using 1:7:6:8 with yerrorlines %s title 'gradients, lambda_{max}', \\\n"
            "     '' skip 1 using 1:4:3:5 with yerrorlines %s title 'gradients, lambda_{min}', \\\n"
            "     '' skip 1 using 1:9 with points pt 6 lc rgb '#444444' title 'noise, lambda_{min}', \\\n"
            "     '' skip 1 using 1:(1/$2) %s title '1/d'\n",
            panels, study->title, panels > 1 ? ", " : "\\n", data, (long long)n->points, study->name, blue, red, thin);
    if (panels > 1) {
        fprintf(f,
                "set title 'sums over all eigenvectors of one sign, where all were computed'\n"
                "unset logscale y\nset yrange [0:1]\nset format y '%%g'\n"
                "plot '%s_summary.csv' skip 1 using 1:12 with linespoints %s title 'gradients, lambda > 0', \\\n"
                "     '' skip 1 using 1:11 with linespoints %s title 'gradients, lambda < 0', \\\n"
                "     '' skip 1 using 1:13 %s title 'noise, lambda < 0'\n",
                study->name, blue, red, thin);
    }
    fputs("unset multiplot\n", f);
    figure_end(f);
}

static int draw(const struct networks *n, const struct study_of_networks *study, int count, const struct summary *s)
{
    char file[64];
    snprintf(file, sizeof file, "%s_summary", study->name);
    FILE *f = figure_open(n->program, n->output, file, "csv");
    if (f == NULL) {
        return EXIT_FAILED;
    }
    write_summary(f, study->number, count, s);
    int code = figure_close(n->program, f);
    f = code == EXIT_GOOD ? figure_open(n->program, n->output, study->name, "gp") : NULL;
    if (f == NULL) {
        return EXIT_FAILED;
    }
    write_script(f, n, study, count, s);
    code = figure_close(n->program, f);
    return code == EXIT_GOOD ? figure_run(n->program, n->output, study->name, "points") : code;
}

/* The table, and the points into csv unless it is NULL, which is closed. */
static int tabulate(const struct networks *n, const struct study_of_networks *study, int count, const int *numbers,
                    FILE *csv, struct summary *s)
{
    char data[128];
    int code = EXIT_GOOD;
    networks_describe(n, data, sizeof data);
    printf("%s, %s, %lld random points each\n", study->title, data, (long long)n->points);
    print_heading(study->number);
    if (csv != NULL) {
        write_heading(csv, study->number);
    }
    for (int i = 0; code == EXIT_GOOD && i < count; i++) {
        code = study->measure(n, numbers[i], csv, &s[i]);
        if (code == EXIT_GOOD) {
            print_row(&s[i]);
        }
    }
    const int closed = csv != NULL ? figure_close(n->program, csv) : EXIT_GOOD;
    return code == EXIT_GOOD ? closed : code;
}

int summary_study(const struct networks *n, const struct study_of_networks *study, int count, const int *numbers)
{
    struct summary s[NETWORKS_MOST];
    struct criteria c = {0};
    FILE *csv = NULL;
    if (n->output != NULL) {
        const int code = figure_folder(n->program, n->output);
        if (code != EXIT_GOOD) {
            return code;
        }
        csv = figure_open(n->program, n->output, study->name, "csv");
        if (csv == NULL) {
            return EXIT_FAILED;
        }
    }
    int code = tabulate(n, study, count, numbers, csv, s);
    if (code != EXIT_GOOD) {
        return code;
    }
    print_legend();
    print_tiny(n, study->number, count, s);
    study->check(&c, n, count, s);
    code = n->output != NULL ? draw(n, study, count, s) : EXIT_GOOD;
    return code == EXIT_GOOD && c.failed > 0 ? EXIT_FAILED : code;
}
