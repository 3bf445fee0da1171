/* SPDX-License-Identifier: BSD-3-Clause */
/* The leftmost eigenpair, with its vector, to one residual ||A v - theta v|| <= tol ||A|| that is measured afterwards:
 * libsaddle with every vector kept, with none (BASIS 1: the recurrence is run twice) and with 20, ARPACK, Spectra and SLEPc
 * with 20, all from the same starts. Then the products beside those of Lanczos that is never restarted and always
 * orthogonalised, and those that the sign of lambda_min takes. Seconds are the processor's, of one thread; competitors
 * take turns; medians over the seeds. Only the ratios travel from machine to machine. Blank pages from the system can cost
 * ten times what computing in them does: `first s` is a run whose memory is all new, the other seconds are those of runs
 * in memory that the process has had before.
 * Usage: lanczos [seeds [case ...]], a case being spike, cluster, lap2d, GOE, outliers or sign */
#include "lanczos_peers.h"
#include "spectrum/lanczos.h"
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <saddle/saddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__GLIBC__)
#  include <malloc.h>
#endif

enum { MOST_SEEDS = 20, REFERENCE_MOST = 400 };
enum way { SADDLE, SADDLE_1, SADDLE_20, ARPACK, SPECTRA, SLEPC, WAYS };

static const char *const way_names[WAYS] = {"libsaddle", "libsaddle, BASIS 1", "libsaddle, BASIS 20", "ARPACK, ncv 20",
                                            "Spectra, ncv 20", "SLEPc, ncv 20"};
static int slepc_begun; /* SLEPc is here and can be used */

/* Medians are of `seeds` runs, or fewer where one takes long. */
struct bench_case {
    enum bench_kind kind;
    double tol;
    int seeds, references;
    double goal; /* of the time beside ARPACK's; 0 = none */
};

static const struct bench_case cases[] = {
    {BENCH_SPIKE, 1e-3, 5, 3, 0.0}, {BENCH_SPIKE, 1e-8, 5, 1, 0.2}, {BENCH_CLUSTER, 1e-8, 5, 1, 0.2},
    {BENCH_LAP2D, 1e-3, 5, 3, 0.0}, {BENCH_LAP2D, 1e-8, 1, 0, 0.0}, {BENCH_GOE, 1e-8, 5, 5, 1.0},
    {BENCH_OUTLIERS, 1e-8, 5, 3, 0.0},
};

struct times {
    int runs;
    double cpu[MOST_SEEDS], inside[MOST_SEEDS], products[MOST_SEEDS];
    double first; /* seconds with new memory */
    double worst; /* residual / ||A|| */
};

struct bench {
    struct bench_operator a;
    double *start, *v, *room;
    struct times t[WAYS];
};

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *x, int count)
{
    double sorted[MOST_SEEDS];
    memcpy(sorted, x, (size_t)count * sizeof x[0]);
    qsort(sorted, (size_t)count, sizeof sorted[0], ascending);
    return 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
}

static void need(saddle_status s)
{
    if (s != SADDLE_OK) {
        fprintf(stderr, "lanczos: %s\n", saddle_error_message());
    }
}

static int apply(void *user, int64_t dim, const double *x, double *y)
{
    (void)dim;
    bench_operator_apply(user, x, y);
    return 0;
}

/* Large pieces that are freed stay with malloc() until it is told otherwise. */
static void keep_memory(void)
{
#if defined(__GLIBC__)
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

static void give_memory_back(void)
{
#if defined(__GLIBC__)
    (void)malloc_trim(0);
#endif
}

/* EPS_HESSIAN = ||A|| makes the tolerance relative to that: |theta| is never larger. */
static int saddle(struct bench_operator *a, double tol, int64_t seed, int64_t basis, double *theta, double *v)
{
    saddle_options *o = NULL;
    saddle_lanczos *l = NULL;
    saddle_eigen e = {.struct_size = sizeof e};
    saddle_status s = saddle_options_create(NULL, &o);
    if (s == SADDLE_OK) {
        need(saddle_options_set_int(o, SADDLE_OPT_SEED, seed));
        need(saddle_options_set_real(o, SADDLE_OPT_EIGEN_TOL, tol));
        need(saddle_options_set_real(o, SADDLE_OPT_EPS_HESSIAN, a->norm));
        need(saddle_options_set_int(o, SADDLE_OPT_MAX_PRODUCTS, 100000));
        need(saddle_options_set_int(o, SADDLE_OPT_BASIS, basis));
        s = saddle_lanczos_create(NULL, a->n, apply, a, o, &l);
    }
    s = s == SADDLE_OK ? saddle_lanczos_run(l) : s;
    s = s == SADDLE_OK ? saddle_lanczos_pair(l, 0, v, &e) : s;
    need(s);
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    *theta = e.value;
    return s == SADDLE_OK && e.converged == 1 ? 0 : 1;
}

static int present(int way)
{
    switch (way) {
#if !defined(BENCH_ARPACK)
    case ARPACK: return 0;
#endif
#if !defined(BENCH_SPECTRA)
    case SPECTRA: return 0;
#endif
    case SLEPC: return slepc_begun;
    default: return 1;
    }
}

static int solve(struct bench *b, int way, double tol, int64_t seed, double *theta)
{
    struct bench_operator *const a = &b->a;
    switch (way) {
    case SADDLE: return saddle(a, tol, seed, 0, theta, b->v);
    case SADDLE_1: return saddle(a, tol, seed, 1, theta, b->v);
    case SADDLE_20: return saddle(a, tol, seed, BENCH_NCV, theta, b->v);
#if defined(BENCH_ARPACK)
    case ARPACK: a->shift = a->offset; return bench_arpack(a, tol, b->start, theta, b->v);
#endif
#if defined(BENCH_SPECTRA)
    case SPECTRA: a->shift = a->offset; return bench_spectra(a, tol, b->start, theta, b->v);
#endif
#if defined(BENCH_SLEPC)
    case SLEPC: return bench_slepc(a, tol * a->norm, b->start, theta, b->v);
#endif
    default: return 1;
    }
}

/* The start that libsaddle draws itself. */
static void draw_start(struct bench *b, int64_t seed)
{
    const saddle_random_stream s = {(uint64_t)seed, SADDLE_I_PURPOSE_LANCZOS, 0};
    saddle_i_random_normal(&s, 0, b->a.n, b->start);
}

/* Processor seconds; *residual, of norm ||A||, is HUGE_VAL after a failure. */
static double measure(struct bench *b, int way, double tol, int64_t seed, double *residual)
{
    struct bench_operator *const a = &b->a;
    double theta = 0.0;
    a->products = 0;
    a->seconds = 0.0;
    const double start = bench_cpu();
    const int failed = solve(b, way, tol, seed, &theta);
    const double end = bench_cpu();
    theta += a->shift;
    a->shift = 0.0;
    *residual = failed ? HUGE_VAL : bench_operator_residual(a, theta, b->v, b->room) / a->norm;
    return end - start;
}

static void run_one(struct bench *b, int way, double tol, int64_t seed)
{
    struct times *const t = &b->t[way];
    double residual = 0.0;
    t->cpu[t->runs] = measure(b, way, tol, seed, &residual);
    t->inside[t->runs] = b->a.seconds;
    t->products[t->runs] = (double)b->a.products;
    t->worst = fmax(t->worst, residual);
    t->runs++;
}

/* Each with new memory; libsaddle, which takes most of it, leaves it to all the others. */
static void run_first(struct bench *b, double tol)
{
    double residual = 0.0;
    draw_start(b, 0);
    for (int way = WAYS - 1; way >= 0; way--) {
        if (present(way)) {
            give_memory_back();
            b->t[way].first = measure(b, way, tol, 0, &residual);
        }
    }
}

static const char *verdict(double value, double goal)
{
    return value <= goal ? "met" : "missed";
}

/* Whether a way is there and came to the residual in every run: a ratio with anything else says nothing. */
static int comparable(const struct bench *b, const struct bench_case *c, int way)
{
    return present(way) && b->t[way].worst <= c->tol;
}

static void print_times(const struct bench *b, const struct bench_case *c)
{
    const double own = median(b->t[SADDLE].cpu, b->t[SADDLE].runs);
    double best = HUGE_VAL, arpack = HUGE_VAL;
    for (int way = 0; way < WAYS; way++) {
        const struct times *const t = &b->t[way];
        if (!present(way)) {
            continue;
        }
        const double cpu = median(t->cpu, t->runs);
        if (way > SADDLE_20 && comparable(b, c, way)) {
            best = fmin(best, cpu);
            arpack = way == ARPACK ? cpu : arpack;
        }
        printf("  %-20s %9.0f %9.4f %12.4f %9.2f %13.1e %9.4f%s\n", way_names[way], median(t->products, t->runs), cpu,
               median(t->inside, t->runs), cpu / own, t->worst, t->first, t->worst <= c->tol ? "" : "  NOT REACHED");
    }
    if (best < HUGE_VAL && comparable(b, c, SADDLE)) {
        printf("  libsaddle takes %.2f x the time of the best of the others (goal 0.8: %s)", own / best, verdict(own / best, 0.8));
        if (c->goal > 0.0 && arpack < HUGE_VAL) {
            printf(", %.2f x ARPACK's (goal %.1f: %s)", own / arpack, c->goal, verdict(own / arpack, c->goal));
        }
        printf("\n");
    }
    if (arpack < HUGE_VAL) {
        const double theirs = b->t[ARPACK].first;
        printf("  in new memory: %.2f x ARPACK's, BASIS 1 %.2f x\n", b->t[SADDLE].first / theirs, b->t[SADDLE_1].first / theirs);
    }
    if (comparable(b, c, ARPACK) && comparable(b, c, SADDLE_20)) {
        const double own_20 = median(b->t[SADDLE_20].products, c->seeds) - 1.0, theirs = median(b->t[ARPACK].products, c->seeds);
        printf("  BASIS 20: %.3f x ARPACK's products (goal 1.05: %s)\n", own_20 / theirs, verdict(own_20 / theirs, 1.05));
    }
}

/* Beside what any method of the kind needs at least. */
static void print_reference(struct bench *b, const struct bench_case *c)
{
    double least[MOST_SEEDS], ratio[MOST_SEEDS];
    if (!comparable(b, c, SADDLE)) {
        return;
    }
    for (int seed = 0; seed < c->references; seed++) {
        draw_start(b, seed);
        const int64_t k = bench_reference(&b->a, c->tol * b->a.norm, b->start, REFERENCE_MOST);
        if (k < 1) {
            printf("  without restarts: not within %d products\n", (int)REFERENCE_MOST);
            return;
        }
        least[seed] = (double)k;
        ratio[seed] = (b->t[SADDLE].products[seed] - 1.0) / (double)k;
    }
    if (c->references > 0) {
        const double r = median(ratio, c->references);
        printf("  orthogonalised twice, never restarted: %.0f products; libsaddle takes %.3f x as many (goal 1.05: %s)\n",
               median(least, c->references), r, verdict(r, 1.05));
    }
}

static int make(struct bench *b, enum bench_kind kind)
{
    *b = (struct bench){.start = NULL};
    if (!bench_operator_make(&b->a, kind)) {
        return 0;
    }
    b->start = malloc(3 * (size_t)b->a.n * sizeof(double));
    if (b->start == NULL) {
        bench_operator_free(&b->a);
        return 0;
    }
    b->v = b->start + b->a.n;
    b->room = b->v + b->a.n;
    return 1;
}

static void run_case(const struct bench_case *c)
{
    static struct bench b;
    if (!make(&b, c->kind)) {
        return;
    }
    printf("%s to %.0e, d = %" PRId64 ", %s; %d seed%s\n", b.a.name, c->tol, b.a.n, b.a.text, c->seeds, c->seeds == 1 ? "" : "s");
    printf("  %-20s %9s %9s %12s %9s %13s %9s\n", "", "products", "CPU s", "in products", "x", "residual", "first s");
    run_first(&b, c->tol);
    for (int seed = 0; seed < c->seeds; seed++) {
        draw_start(&b, seed);
        for (int way = 0; way < WAYS; way++) {
            if (present(way)) {
                run_one(&b, way, c->tol, seed);
            }
        }
    }
    print_times(&b, c);
    print_reference(&b, c);
    fflush(stdout);
    free(b.start);
    bench_operator_free(&b.a);
}

/* One question "is lambda_min < x?" over seeds. */
struct question {
    enum bench_kind kind;
    double x;
    enum saddle_i_sign answer;
    double goal;
};

static void ask(const struct question *q, int seeds)
{
    struct bench b;
    if (!make(&b, q->kind)) {
        return;
    }
    saddle_context *const c = saddle_i_context_hold(NULL);
    double products[MOST_SEEDS], cpu[MOST_SEEDS];
    int wrong = 0;
    for (int seed = 0; seed < seeds; seed++) {
        struct saddle_i_operator a;
        struct saddle_i_pair pair;
        enum saddle_i_sign answer = SADDLE_I_SIGN_UNDECIDED;
        const struct saddle_i_lanczos_settings v = {.seed = (uint64_t)seed, .pairs = 1, .which = SADDLE_WHICH_SMALLEST, .tol = 1e-6,
                                                    .eps_hessian = fabs(q->x), .delta = 0.01, .max_products = 100000};
        saddle_i_operator_of(&a, c, b.a.n, apply, &b.a);
        b.a.products = 0;
        const double start = bench_cpu();
        need(saddle_i_lanczos_sign(&a, &v, q->x, &answer, &pair, b.v));
        cpu[seed] = bench_cpu() - start;
        products[seed] = (double)b.a.products - 1.0;
        wrong += answer != q->answer;
        saddle_i_operator_fini(&a);
    }
    const double k = median(products, seeds);
    printf("  %-6s %8.0e  %-4s %9.0f %6.0f   %-7s %9.4f %6d\n", b.a.name, q->x, q->answer == SADDLE_I_SIGN_YES ? "yes" : "no", k,
           q->goal, verdict(k, q->goal), median(cpu, seeds), wrong);
    saddle_i_context_release(c);
    free(b.start);
    bench_operator_free(&b.a);
}

static void ask_all(int seeds)
{
    static const struct question questions[] = {
        {BENCH_SPIKE, 0.0, SADDLE_I_SIGN_YES, 90.0},
        {BENCH_SPIKE, -5e-4, SADDLE_I_SIGN_YES, 100.0},
        {BENCH_SPIKE, -2e-3, SADDLE_I_SIGN_NO, 130.0},
        {BENCH_BULK, -1e-3, SADDLE_I_SIGN_NO, 145.0},
    };
    printf("is lambda_min < x? delta 0.01, d = 100,000, %d seeds; the product that measures the residual apart\n", seeds);
    printf("  %-6s %8s  %-4s %9s %6s   %-7s %9s %6s\n", "", "x", "", "products", "goal", "", "CPU s", "wrong");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        ask(&questions[i], seeds);
    }
}

/* BLAS reads how many threads it may have when it is loaded. */
static void one_thread(char **argv)
{
    static const char *const names[] = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"};
    int again = 0;
    for (int i = 0; i < 3; i++) {
        const char *const value = getenv(names[i]);
        again += value == NULL || strcmp(value, "1") != 0;
        (void)setenv(names[i], "1", 1);
    }
    if (again > 0) {
        (void)execvp(argv[0], argv);
        fprintf(stderr, "lanczos: BLAS may use several threads here\n");
    }
}

static int wanted(const char *name, int argc, char **argv)
{
    int found = argc <= 2;
    for (int i = 2; i < argc; i++) {
        found += strcmp(argv[i], name) == 0;
    }
    return found > 0;
}

int main(int argc, char **argv)
{
    one_thread(argv);
    keep_memory();
#if defined(BENCH_SLEPC)
    slepc_begun = bench_slepc_begin() == 0;
#endif
    const long seeds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    for (int way = 0; way < WAYS; way++) {
        if (!present(way)) {
            printf("%s: not here\n", way_names[way]);
        }
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench_case c = cases[i];
        if (seeds > 0 && seeds <= MOST_SEEDS) {
            c.seeds = (int)seeds;
        }
        c.references = c.references < c.seeds ? c.references : c.seeds;
        if (wanted(bench_operator_name(c.kind), argc, argv)) {
            run_case(&c);
        }
    }
    if (wanted("sign", argc, argv)) {
        ask_all(MOST_SEEDS);
    }
#if defined(BENCH_SLEPC)
    bench_slepc_end();
#endif
    return 0;
}
