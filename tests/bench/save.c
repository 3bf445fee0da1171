/* SPDX-License-Identifier: BSD-3-Clause */
/* What a save costs beside a plain write and fsync of the same bytes from memory in the same folder: each into a new file, and each over
 * its file of the round before, whose blocks the system then has to free; what a load costs beside a plain read; and the memory that they
 * take beyond the run's own. Competitors take turns; medians of one run; only the ratios travel from machine to machine.
 * Usage: save [entries [folder ...]] */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <saddle/saddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15, SAVE = 0, WRITE, SAVE_OVER, WRITE_OVER, LOAD, READ, WAYS, PIECE = 1 << 20 };

struct memory {
    int64_t bytes, peak;
};

struct bench {
    int64_t dim;
    struct memory memory;
    saddle_context *c;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s, *fresh; /* fresh: what a file is loaded into */
    double *w, *w_fresh;
    char *copy; /* as many bytes as the file has */
    int64_t bytes;
    char path[1000], plain[1000];
};

static void *count_alloc(void *user, size_t bytes, size_t alignment)
{
    struct memory *m = user;
    m->bytes += (int64_t)bytes;
    m->peak = m->bytes > m->peak ? m->bytes : m->peak;
    const size_t a = alignment > sizeof(void *) ? alignment : sizeof(void *);
    void *p = aligned_alloc(a, (bytes + a - 1) / a * a);
    if (p != NULL) {
        memset(p, 1, bytes); /* the run's own memory is there from the start: what comes later is not its own */
    }
    return p;
}

static void count_dealloc(void *user, void *ptr, size_t bytes)
{
    struct memory *m = user;
    m->bytes -= (int64_t)bytes;
    free(ptr);
}

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = 1e-3 * w[i];
    }
    return 0;
}

static void need(saddle_status s)
{
    if (s != SADDLE_OK) {
        fprintf(stderr, "save: %s\n", saddle_error_message());
        exit(1);
    }
}

static void need_system(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "save: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void plain_write(const struct bench *b)
{
    const int fd = open(b->plain, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    need_system(fd >= 0, b->plain);
    for (int64_t at = 0; at < b->bytes;) {
        const int64_t left = b->bytes - at;
        const ssize_t n = write(fd, b->copy + at, (size_t)(left < PIECE ? left : PIECE));
        need_system(n > 0, "write");
        at += n;
    }
    need_system(fsync(fd) == 0, "fsync");
    need_system(close(fd) == 0, "close");
}

static void plain_read(const struct bench *b)
{
    const int fd = open(b->path, O_RDONLY | O_CLOEXEC);
    need_system(fd >= 0, b->path);
    for (int64_t at = 0; at < b->bytes;) {
        const int64_t left = b->bytes - at;
        const ssize_t n = read(fd, b->copy + at, (size_t)(left < PIECE ? left : PIECE));
        need_system(n > 0, "read");
        at += n;
    }
    need_system(close(fd) == 0, "close");
}

static saddle_solver *solver(const struct bench *b, saddle_method m, double *w)
{
    saddle_solver *s = NULL;
    for (int64_t i = 0; i < b->dim; i++) {
        w[i] = 1.0 + (double)(i % 5);
    }
    need(saddle_solver_create(b->f, m, b->o, w, &s));
    return s;
}

static void make(struct bench *b, saddle_method m)
{
    const saddle_allocator a = {sizeof a, &b->memory, count_alloc, count_dealloc};
    b->memory = (struct memory){0, 0};
    need(saddle_context_create(&a, &b->c));
    need(saddle_objective_create(b->c, b->dim, 1024, NULL, &b->f));
    need(saddle_objective_set_gradient(b->f, gradient));
    need(saddle_options_create(b->c, &b->o));
    need(saddle_options_set_real(b->o, SADDLE_OPT_STEP_SIZE, 1e-3));
    need(saddle_options_set_real(b->o, SADDLE_OPT_INVERSE_TEMPERATURE, 1e6));
    b->w = malloc((size_t)b->dim * sizeof(double));
    b->w_fresh = malloc((size_t)b->dim * sizeof(double));
    need_system(b->w != NULL && b->w_fresh != NULL, "memory");
    b->s = solver(b, m, b->w);
    b->fresh = NULL;
    need(saddle_solver_step(b->s, 3));
}

static void unmake(struct bench *b)
{
    saddle_solver_destroy(b->fresh);
    saddle_solver_destroy(b->s);
    saddle_options_destroy(b->o);
    saddle_objective_destroy(b->f);
    saddle_context_destroy(b->c);
    free(b->copy);
    free(b->w);
    free(b->w_fresh);
}

static long resident_peak(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss; /* KiB */
}

/* Peak of the allocator and of the process while one save, or one load, is made. */
static void measure_memory(struct bench *b, const char *what, int load)
{
    b->memory.peak = b->memory.bytes;
    const int64_t before = b->memory.bytes;
    const long resident = resident_peak();
    need(load ? saddle_solver_load(b->fresh, b->path) : saddle_solver_save(b->s, b->path));
    printf("  %s: %.1f KiB of the allocator, %ld KiB of the process at most beyond what there was\n", what,
           (double)(b->memory.peak - before) / 1024.0, resident_peak() - resident);
}

static void go(struct bench *b, saddle_method m, int way, double *seconds)
{
    if (way == LOAD) { /* only into a fresh one */
        saddle_solver_destroy(b->fresh);
        b->fresh = solver(b, m, b->w_fresh);
    }
    if (way == SAVE || way == WRITE) {
        need_system(unlink(way == SAVE ? b->path : b->plain) == 0, "unlink");
    }
    const double start = now();
    switch (way) {
    case SAVE:
    case SAVE_OVER: need(saddle_solver_save(b->s, b->path)); break;
    case WRITE:
    case WRITE_OVER: plain_write(b); break;
    case LOAD: need(saddle_solver_load(b->fresh, b->path)); break;
    default: plain_read(b); break;
    }
    *seconds = now() - start;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(double t[WAYS][ROUNDS], double ratio[WAYS / 2][ROUNDS])
{
    static const char *const what[WAYS / 2][2] = {
        {"save, new file", "write + fsync"}, {"save, old file", "write + fsync"}, {"load", "read"}};
    for (int k = 0; k < WAYS / 2; k++) {
        double *const ours = t[2 * k], *const plain = t[2 * k + 1];
        qsort(ours, ROUNDS, sizeof *ours, ascending);
        qsort(plain, ROUNDS, sizeof *plain, ascending);
        qsort(ratio[k], ROUNDS, sizeof ratio[k][0], ascending);
        printf("  %-14s %8.1f ms, plain %-13s %8.1f ms: %5.3f x; of the rounds %.3f, from %.3f to %.3f x\n", what[k][0],
               1e3 * ours[ROUNDS / 2], what[k][1], 1e3 * plain[ROUNDS / 2], ours[ROUNDS / 2] / plain[ROUNDS / 2], ratio[k][ROUNDS / 2],
               ratio[k][0], ratio[k][ROUNDS - 1]);
    }
}

static void measure_time(struct bench *b, saddle_method m)
{
    static double t[WAYS][ROUNDS], ratio[WAYS / 2][ROUNDS];
    struct stat file;
    need_system(stat(b->path, &file) == 0, b->path);
    b->bytes = (int64_t)file.st_size;
    b->copy = malloc((size_t)b->bytes);
    need_system(b->copy != NULL, "memory");
    plain_read(b);
    plain_write(b);
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < WAYS; k++) { /* of a pair now the one first, now the other */
            const int way = round % 2 == 0 ? k : k ^ 1;
            go(b, m, way, &t[way][round]);
        }
        for (int k = 0; k < WAYS / 2; k++) {
            ratio[k][round] = t[2 * k][round] / t[2 * k + 1][round];
        }
    }
    print_times(t, ratio);
    need_system(unlink(b->plain) == 0, b->plain);
}

static void measure(int64_t dim, saddle_method m, const char *folder)
{
    static struct bench b;
    memset(&b, 0, sizeof b);
    b.dim = dim;
    (void)snprintf(b.path, sizeof b.path, "%s/bench-save-%ld.saddle", folder, (long)getpid());
    (void)snprintf(b.plain, sizeof b.plain, "%s/bench-save-%ld.plain", folder, (long)getpid());
    if (access(folder, W_OK) != 0) {
        return;
    }
    make(&b, m);
    printf("%s, d = %" PRId64 ", in %s\n", saddle_method_name(m), dim, folder);
    b.fresh = solver(&b, m, b.w_fresh);
    measure_memory(&b, "save", 0);
    measure_memory(&b, "load", 1);
    measure_time(&b, m);
    printf("  %.1f MB, %.3f x those of w\n", 1e-6 * (double)b.bytes, (double)b.bytes / (8.0 * (double)dim));
    need_system(unlink(b.path) == 0, b.path);
    unmake(&b);
}

int main(int argc, char **argv)
{
    static char here[] = ".", memory[] = "/dev/shm";
    char *folders[] = {here, memory};
    const int64_t dim = argc > 1 ? strtoll(argv[1], NULL, 10) : 10000000;
    const int count = argc > 2 ? argc - 2 : 2;
    if (dim < 1 || dim > INT64_C(1) << 30) {
        fprintf(stderr, "save: %s entries: expected 1 to 2^30\n", argv[1]);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        const char *folder = argc > 2 ? argv[i + 2] : folders[i];
        measure(dim, SADDLE_METHOD_SGD, folder);
        measure(dim, SADDLE_METHOD_SGLD, folder);
    }
    return 0;
}
