/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs that save themselves are killed by SIGKILL at random moments, again and again, until one is through. Every life must go on from
 * the last save that was reported to be done or from a later one, and everything that it shows, events, result, w, must have the bits of
 * a run that was never stopped.
 *     test_kill [KILLS] */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <saddle/saddle.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"

enum { DIM = 40, SAMPLES = 24, STEPS = 60, MOST_LIVES = 500, MOST_RUNS = 2000, VARIANTS = 4, SPINS = 10000 };

/* What a run shows; seconds apart. */
struct shown {
    struct {
        saddle_event e;
        double w[DIM];
        int64_t told; /* written last: a life may end in the middle of the others */
    } event[STEPS + 1];
    saddle_event last; /* of the call when it stops */
    saddle_result r;
    double w[DIM];
};

/* Of a life, in memory that outlives it. */
struct life {
    struct shown shown;
    int64_t begun_at;   /* the step that it went on from; -1 = not yet known */
    int64_t saved_at;   /* the step of the last save that was reported to be done, of this life or one before; -1 = none */
    int done;
    char failure[300];
};

struct run {
    struct problem p;
    saddle_context *c;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[DIM];
    const char *path;  /* NULL: nothing is saved */
    int between;       /* saved between calls, not from the monitor */
    struct life *life;
};

static int wanted = 20;
static struct {
    int64_t kills, runs, lives, resumed, other, unreadable, lost, strays;
    int64_t of_method[SADDLE_METHOD_SGLD + 1];
} total;

static const char *const variant_settings[VARIANTS][9] = {
    {NULL},
    {"output", "uniform", "schedule", "cosine", NULL},
    {"output", "best", "check_every", "4", "eps_gradient", "0.5", "eps_hessian", "1e-3", NULL},
    {"step_size", "0", "sampling", "shuffle", NULL},
};

/* The first seven are the seven methods. */
static const int order[RECIPES] = {0, 2, 5, 6, 7, 9, 12, 1, 3, 4, 8, 10, 11};

static void fail_life(struct run *x, const char *what, saddle_status s)
{
    (void)snprintf(x->life->failure, sizeof x->life->failure, "%s: %s: %s", what, saddle_status_name(s), saddle_error_message());
}

static void save(struct run *x, int64_t step)
{
    const saddle_status s = saddle_solver_save(x->s, x->path);
    if (s != SADDLE_OK) {
        fail_life(x, "save", s);
        return;
    }
    x->life->saved_at = step;
}

static int monitor(void *user, const saddle_event *e)
{
    struct run *x = user;
    saddle_event seen = *e;
    seen.w = NULL;
    seen.seconds = 0.0;
    if (e->stop != SADDLE_STOP_NONE) {
        x->life->shown.last = seen;
        return 0;
    }
    x->life->shown.event[e->step].e = seen;
    memcpy(x->life->shown.event[e->step].w, e->w, sizeof x->w);
    __atomic_store_n(&x->life->shown.event[e->step].told, 1, __ATOMIC_RELEASE);
    if (x->path != NULL && !x->between) {
        save(x, e->step);
    }
    return 0;
}

static void make(struct run *x, int recipe, int variant)
{
    problem_init(&x->p, DIM, SAMPLES, 4, variant == 2 ? SEPARATE : TOGETHER);
    x->p.spins = SPINS;
    x->p.second = WITH_HESSVEC;
    x->p.threads = 1 + (variant == 1);
    problem_start(&x->p, x->w);
    x->o = recipe_options(recipe, NULL, STEPS);
    set(x->o, "monitor_every", "2");
    for (int i = 0; variant_settings[variant][i] != NULL; i += 2) {
        set(x->o, variant_settings[variant][i], variant_settings[variant][i + 1]);
    }
    if (saddle_context_create(NULL, &x->c) != SADDLE_OK || saddle_context_set_threads(x->c, x->p.threads) != SADDLE_OK) {
        abort();
    }
    x->f = problem_objective(&x->p, x->c);
    const saddle_status s = saddle_solver_create(x->f, recipes[recipe].method, x->o, x->w, &x->s);
    if (s != SADDLE_OK) {
        fail_life(x, "create", s);
        return;
    }
    (void)saddle_solver_set_monitor(x->s, monitor, x);
}

/* 3 steps at a time, which are no multiple of what the monitor counts. */
static saddle_status go_in_pieces(struct run *x)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    do {
        const saddle_status s = saddle_solver_step(x->s, 3);
        if (s != SADDLE_OK) {
            return s;
        }
        (void)saddle_solver_result(x->s, &r);
        if (r.stop == SADDLE_STOP_NONE && x->path != NULL) {
            save(x, r.steps);
        }
    } while (r.stop == SADDLE_STOP_NONE);
    return SADDLE_OK;
}

static void begin(struct run *x)
{
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    if (x->path != NULL && access(x->path, F_OK) == 0) {
        const saddle_status s = saddle_solver_load(x->s, x->path);
        if (s != SADDLE_OK) {
            fail_life(x, "load", s);
            return;
        }
    }
    (void)saddle_solver_result(x->s, &r);
    x->life->begun_at = r.steps;
}

/* One life, from an empty process to its end. */
static void live(int recipe, int variant, const char *path, struct life *l)
{
    static struct run x;
    memset(&x, 0, sizeof x);
    x.path = path;
    x.between = variant % 2 == 1;
    x.life = l;
    make(&x, recipe, variant);
    if (l->failure[0] == '\0') {
        begin(&x);
    }
    if (l->failure[0] == '\0') {
        const saddle_status s = x.between ? go_in_pieces(&x) : saddle_solver_run(x.s);
        if (s != SADDLE_OK) {
            fail_life(&x, "run", s);
        }
    }
    l->shown.r.struct_size = (int64_t)sizeof l->shown.r;
    (void)saddle_solver_result(x.s, &l->shown.r);
    l->shown.r.seconds = 0.0;
    memcpy(l->shown.w, x.w, sizeof x.w);
    if (x.p.broken != 0) {
        (void)snprintf(l->failure, sizeof l->failure, "%lld calls broke a rule of saddle_batch", (long long)x.p.broken);
    }
    saddle_solver_destroy(x.s);
    saddle_objective_destroy(x.f);
    saddle_options_destroy(x.o);
    saddle_context_destroy(x.c);
    __atomic_store_n(&l->done, l->failure[0] == '\0', __ATOMIC_RELEASE);
}

/* In a process of its own, killed after so many microseconds; negative: never. Whether the signal ended it. */
static int live_apart(int recipe, int variant, const char *path, struct life *l, double microseconds)
{
    (void)fflush(NULL);
    const pid_t child = fork();
    ck_assert(child >= 0);
    if (child == 0) {
        live(recipe, variant, path, l);
        _exit(0);
    }
    if (microseconds >= 0.0) {
        const struct timespec t = {(time_t)(microseconds / 1e6), (long)(1e3 * (microseconds - 1e6 * (double)(time_t)(microseconds / 1e6)))};
        (void)nanosleep(&t, NULL);
        ck_assert_int_eq(kill(child, SIGKILL), 0); /* it is there until it was waited for */
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        ck_assert_int_eq(errno, EINTR);
    }
    ck_assert_msg(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0, "a life ended with wait status %d", status);
    return WIFSIGNALED(status);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

/* Shared with processes to come. */
static struct life *life_make(void)
{
    struct life *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(l != MAP_FAILED);
    l->begun_at = l->saved_at = -1;
    return l;
}

/* Removes what a save that was killed leaves behind. */
static int64_t sweep(const char *folder)
{
    DIR *d = opendir(folder);
    ck_assert(d != NULL);
    int64_t count = 0;
    char path[600];
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            ck_assert_int_eq(unlink(path), 0);
            count++;
        }
    }
    (void)closedir(d);
    return count;
}

/* What a life has shown so far is what the run that was never stopped shows there. */
static void compare(const struct life *l, const struct shown *whole, const char *name)
{
    for (int t = 0; t <= STEPS; t++) {
        if (l->shown.event[t].told && memcmp(&l->shown.event[t], &whole->event[t], sizeof whole->event[t]) != 0) {
            total.other++;
            ck_abort_msg("%s: the event of step %d is another, in a life that went on after step %d", name, t, (int)l->begun_at);
        }
    }
    if (l->done && memcmp(&l->shown, whole, sizeof *whole) != 0) {
        total.other++;
        ck_abort_msg("%s: the end is another, in a life that went on after step %d: %s", name, (int)l->begun_at,
                     memcmp(l->shown.w, whole->w, sizeof whole->w) != 0           ? "w"
                     : memcmp(&l->shown.r, &whole->r, sizeof whole->r) != 0       ? "result"
                     : memcmp(&l->shown.last, &whole->last, sizeof whole->last) != 0 ? "last event"
                                                                                      : "an event is missing");
    }
}

static void check_beginning(const struct life *l, int64_t saved_before, const char *name)
{
    if (strncmp(l->failure, "load", 4) == 0) {
        total.unreadable++;
    }
    ck_assert_msg(l->failure[0] == '\0', "%s: %s", name, l->failure);
    if (l->begun_at >= 0 && l->begun_at < saved_before) {
        total.lost++;
        ck_abort_msg("%s: went on after step %d, step %d had been saved", name, (int)l->begun_at, (int)saved_before);
    }
    total.resumed += l->begun_at > 0;
}

/* A run is killed until it is through. */
static void one_run(const char *folder, int number)
{
    const int recipe = order[number % RECIPES], variant = number % VARIANTS; /* RECIPES is odd: all pairs come */
    char path[500], name[100];
    (void)snprintf(path, sizeof path, "%s/run.saddle", folder);
    (void)snprintf(name, sizeof name, "run %d (%s, variant %d)", number, recipes[recipe].name, variant);
    struct life *whole = life_make(), *l = life_make();
    (void)live_apart(recipe, variant, NULL, whole, -1.0);
    ck_assert_msg(whole->done, "%s: %s", name, whole->failure);
    const double start = now();
    (void)live_apart(recipe, variant, path, l, -1.0);
    const double length = now() - start;
    check_beginning(l, -1, name);
    compare(l, &whole->shown, name);
    ck_assert_int_eq(sweep(folder), 1); /* a save that was not disturbed leaves nothing but its file */
    memset(l, 0, sizeof *l);
    l->saved_at = -1;
    const saddle_random_stream stream = {1, 128, (uint64_t)number};
    for (int64_t k = 0; !l->done; k++) {
        ck_assert_int_lt(k, MOST_LIVES);
        double u;
        ck_assert_int_eq(saddle_random_uniform(&stream, k, 1, &u), SADDLE_OK);
        const int64_t saved_before = l->saved_at;
        l->begun_at = -1;
        if (live_apart(recipe, variant, path, l, 0.5 * u * length)) {
            total.kills++;
            total.of_method[recipes[recipe].method]++;
        }
        total.lives++;
        check_beginning(l, saved_before, name);
        compare(l, &whole->shown, name);
    }
    total.strays += sweep(folder) - 1;
    total.runs++;
    (void)munmap(whole, sizeof *whole);
    (void)munmap(l, sizeof *l);
}

static int all_methods_killed(void)
{
    for (int m = 1; m <= SADDLE_METHOD_SGLD; m++) {
        if (total.of_method[m] == 0) {
            return 0;
        }
    }
    return 1;
}

START_TEST(killed_runs_end_with_the_same_bits)
{
    char folder[] = "kill-XXXXXX"; /* here, on a disk, where a save takes its time */
    ck_assert(mkdtemp(folder) != NULL);
    for (int number = 0; total.kills < wanted || !all_methods_killed(); number++) {
        ck_assert_int_lt(number, MOST_RUNS);
        one_run(folder, number);
    }
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_gt(total.resumed, 0);
    printf("# counted: %lld lives of runs ended by SIGKILL\n# counted: %lld killed runs that ended with other bits\n"
           "# counted: %lld checkpoints of killed runs that could not be read\n",
           (long long)total.kills, (long long)total.other, (long long)total.unreadable);
    printf("# %lld runs, %lld lives that went on from a file, %lld saves lost, %lld temporary files left by saves that were killed\n",
           (long long)total.runs, (long long)total.resumed, (long long)total.lost, (long long)total.strays);
    (void)fflush(stdout);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1) {
        wanted = atoi(argv[1]);
    }
    Suite *suite = suite_create("kill");
    TCase *t = tcase_create("kill");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, killed_runs_end_with_the_same_bits);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
