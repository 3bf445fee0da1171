/* SPDX-License-Identifier: BSD-3-Clause */
/* Checkpoints at places where a program should not put them, under limits, interrupted, from many threads at once. Whatever happens, the
 * file that was there is whole, nothing is left beside it and no descriptor stays open. */
#define _DEFAULT_SOURCE /* setgroups */
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[200], old_folder[1000];

static const char *const none[] = {NULL};
static char *place(const char *name)
{
    static char path[8][600];
    static int next;
    next = (next + 1) % 8;
    (void)snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "%s/saddle-attack-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert(mkdtemp(folder) != NULL);
    ck_assert(getcwd(old_folder, sizeof old_folder) != NULL);
}

static int64_t names_in(const char *where, int and_remove)
{
    DIR *d = opendir(where);
    int64_t count = 0;
    ck_assert(d != NULL);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            count++;
            char path[1200];
            (void)snprintf(path, sizeof path, "%s/%s", where, e->d_name);
            if (and_remove && unlink(path) != 0) {
                (void)rmdir(path);
            }
        }
    }
    (void)closedir(d);
    return count;
}

static void tear_down(void)
{
    ck_assert_int_eq(chdir(old_folder), 0);
    (void)names_in(folder, 1);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int64_t open_files(void)
{
    int64_t count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

/* It can be loaded, and is of a run of so many steps. */
static void expect_loads(const char *path, int64_t steps)
{
    struct trial t;
    trial_begin(&t, 6, none);
    EXPECT_OK(saddle_solver_load(t.s, path));
    EXPECT_OK(saddle_solver_result(t.s, &t.r));
    ck_assert_int_eq(t.r.steps, steps);
    trial_end(&t);
}

static void begin(struct trial *t, int64_t steps)
{
    trial_begin(t, 6, none);
    EXPECT_OK(saddle_solver_step(t->s, steps));
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert(f != NULL);
    (void)fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(names)
{
    struct trial t;
    begin(&t, 3);
    const int64_t files = open_files();
    ck_assert_int_eq(chdir(folder), 0);
    EXPECT_OK(saddle_solver_save(t.s, "run"));
    EXPECT_OK(saddle_solver_save(t.s, "./run"));
    char longest[257];
    memset(longest, 'n', sizeof longest);
    longest[255] = '\0';
    EXPECT_OK(saddle_solver_save(t.s, longest));
    expect_loads("run", 3);
    expect_loads(longest, 3);
    longest[255] = 'n';
    longest[256] = '\0';
    EXPECT_FAIL(saddle_solver_save(t.s, longest), SADDLE_E_IO, "too long");
    EXPECT_FAIL(saddle_solver_load(t.s, "run"), SADDLE_E_STATE, "3 steps");
    static char far[70001];
    memset(far, '/', 69999);
    far[69999] = 'x';
    EXPECT_FAIL(saddle_solver_save(t.s, far), SADDLE_E_IO, "too long");
    static const char *const no_file[] = {"", "/", "//", "run/", "nowhere/", "./"}, *const no_place[] = {".", "..", "nowhere/run", "run/run"};
    for (int i = 0; i < 6; i++) {
        EXPECT_FAIL(saddle_solver_save(t.s, no_file[i]), SADDLE_E_ARGUMENT, no_file[i]);
    }
    for (int i = 0; i < 4; i++) {
        EXPECT_FAIL(saddle_solver_save(t.s, no_place[i]), SADDLE_E_IO, no_place[i]);
    }
    EXPECT_FAIL(saddle_solver_save(t.s, NULL), SADDLE_E_ARGUMENT, "path is NULL");
    ck_assert_int_eq(names_in(".", 0), 2);
    ck_assert_int_eq(open_files(), files);
    trial_end(&t);
}
END_TEST

START_TEST(no_names_to_load)
{
    struct trial t;
    trial_begin(&t, 6, none);
    const int64_t files = open_files();
    char far[5001] = "";
    memset(far, 'x', sizeof far - 1);
    EXPECT_FAIL(saddle_solver_load(t.s, ""), SADDLE_E_IO, "no such file");
    EXPECT_FAIL(saddle_solver_load(t.s, place("absent")), SADDLE_E_IO, place("absent"));
    EXPECT_FAIL(saddle_solver_load(t.s, folder), SADDLE_E_IO, "no plain file");
    EXPECT_FAIL(saddle_solver_load(t.s, far), SADDLE_E_IO, "too long");
    EXPECT_FAIL(saddle_solver_load(t.s, "/dev/null"), SADDLE_E_IO, "no plain file");
    EXPECT_FAIL(saddle_solver_load(t.s, "/dev/zero"), SADDLE_E_IO, "no plain file");
    EXPECT_FAIL(saddle_solver_load(t.s, "/proc/self/status"), SADDLE_E_FORMAT, "0 bytes");
    write_text(place("empty"), "");
    EXPECT_FAIL(saddle_solver_load(t.s, place("empty")), SADDLE_E_FORMAT, "0 bytes");
    ck_assert_int_eq(open_files(), files);
    EXPECT_OK(saddle_solver_step(t.s, 3)); /* as fresh as before */
    trial_end(&t);
}
END_TEST

START_TEST(links_and_what_is_no_file)
{
    struct trial t;
    struct stat s;
    begin(&t, 3);
    write_text(place("target"), "precious");
    ck_assert_int_eq(symlink(place("target"), place("link")), 0);
    ck_assert_int_eq(symlink(place("nothing"), place("dangling")), 0);
    ck_assert_int_eq(link(place("target"), place("second")), 0);
    ck_assert_int_eq(mkfifo(place("pipe"), 0600), 0);
    ck_assert_int_eq(mkdir(place("directory"), 0700), 0);
    const int64_t before = names_in(folder, 0);
    EXPECT_OK(saddle_solver_save(t.s, place("link")));
    EXPECT_OK(saddle_solver_save(t.s, place("dangling")));
    EXPECT_OK(saddle_solver_save(t.s, place("second")));
    ck_assert_int_eq(stat(place("target"), &s), 0);
    ck_assert_int_eq(s.st_size, 8); /* what a link led to is as it was */
    static const char *const saved[] = {"link", "dangling", "second"};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(lstat(place(saved[i]), &s), 0);
        ck_assert(S_ISREG(s.st_mode));
        expect_loads(place(saved[i]), 3);
    }
    ck_assert_int_eq(symlink(place("link"), place("way")), 0);
    expect_loads(place("way"), 3); /* loading follows it */
    EXPECT_FAIL(saddle_solver_save(t.s, place("pipe")), SADDLE_E_IO, place("pipe"));
    EXPECT_FAIL(saddle_solver_save(t.s, place("directory")), SADDLE_E_IO, place("directory"));
    EXPECT_FAIL(saddle_solver_save(t.s, "/dev/null"), SADDLE_E_IO, "/dev/null");
    ck_assert(stat("/dev/null", &s) == 0 && S_ISCHR(s.st_mode));
    ck_assert(stat(place("pipe"), &s) == 0 && S_ISFIFO(s.st_mode));
    ck_assert_int_eq(names_in(folder, 0), before + 1);
    trial_end(&t);
    trial_begin(&t, 6, none);
    EXPECT_FAIL(saddle_solver_load(t.s, place("pipe")), SADDLE_E_IO, "no plain file"); /* and does not wait for a writer */
    trial_end(&t);
}
END_TEST

static int mode_of(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 ? (int)(s.st_mode & 07777) : -1;
}

START_TEST(permissions)
{
    struct trial t;
    begin(&t, 3);
    const mode_t before = umask(077);
    EXPECT_OK(saddle_solver_save(t.s, place("private")));
    umask(027);
    EXPECT_OK(saddle_solver_save(t.s, place("group")));
    ck_assert_int_eq(mode_of(place("private")), 0600);
    ck_assert_int_eq(mode_of(place("group")), 0640);
    umask(0);
    EXPECT_OK(saddle_solver_save(t.s, place("private"))); /* what was private stays so */
    ck_assert_int_eq(mode_of(place("private")), 0600);
    write_text(place("wild"), "x");
    ck_assert_int_eq(chmod(place("wild"), 06777), 0);
    umask(022);
    EXPECT_OK(saddle_solver_save(t.s, place("wild")));
    ck_assert_int_eq(mode_of(place("wild")), 0755);
    ck_assert_int_eq(chmod(place("wild"), 0400), 0);
    EXPECT_OK(saddle_solver_save(t.s, place("wild")));
    ck_assert_int_eq(mode_of(place("wild")), 0400);
    umask(before);
    trial_end(&t);
}
END_TEST

/* In a process of its own, which what it changes ends with. */
static void apart(void (*body)(struct trial *t))
{
    struct trial t;
    begin(&t, 3);
    (void)fflush(NULL);
    const pid_t child = fork();
    ck_assert(child >= 0);
    if (child == 0) {
        body(&t);
        trial_end(&t);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "ended with wait status %d", status);
    trial_end(&t);
}

/* ck_assert() would speak to the runner of another process. */
#define DEMAND(condition)                                                                                               \
    do {                                                                                                                \
        if (!(condition)) {                                                                                             \
            (void)fprintf(stderr, "line %d: %s; last message: %s\n", __LINE__, #condition, saddle_error_message());     \
            _exit(1);                                                                                                   \
        }                                                                                                               \
    } while (0)

static void be_nobody(void)
{
    if (geteuid() == 0) {
        DEMAND(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
    }
}

static void where_nothing_may_be_written(struct trial *t)
{
    DEMAND(saddle_solver_save(t->s, place("run")) == SADDLE_OK);
    DEMAND(chmod(folder, 0555) == 0);
    be_nobody();
    DEMAND(saddle_solver_save(t->s, place("run")) == SADDLE_E_IO);
    DEMAND(strstr(saddle_error_message(), "permission denied") != NULL && strstr(saddle_error_message(), folder) != NULL);
    DEMAND(saddle_solver_step(t->s, 2) == SADDLE_OK);
}

static void where_nothing_may_be_read(struct trial *t)
{
    struct trial fresh;
    trial_begin(&fresh, 6, none);
    umask(0);
    DEMAND(saddle_solver_save(t->s, place("closed")) == SADDLE_OK);
    DEMAND(chmod(place("closed"), 0) == 0);
    be_nobody();
    DEMAND(saddle_solver_load(fresh.s, place("closed")) == SADDLE_E_IO);
    DEMAND(strstr(saddle_error_message(), "permission denied") != NULL);
    trial_end(&fresh);
}

START_TEST(without_permission)
{
    apart(where_nothing_may_be_written);
    expect_loads(place("run"), 3);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(names_in(folder, 0), 1);
    apart(where_nothing_may_be_read);
}
END_TEST

/* As on a disk that is full, after so many bytes. */
static void within_limits(struct trial *t)
{
    struct rlimit limit = {0, RLIM_INFINITY};
    const int64_t files = open_files();
    (void)signal(SIGXFSZ, SIG_IGN);
    struct stat s;
    DEMAND(stat(place("run"), &s) == 0);
    for (off_t bytes = 0; bytes < s.st_size; bytes += s.st_size / 7) {
        limit.rlim_cur = (rlim_t)bytes;
        DEMAND(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        DEMAND(saddle_solver_save(t->s, place("run")) == SADDLE_E_IO);
        DEMAND(strstr(saddle_error_message(), "larger than") != NULL);
    }
    limit.rlim_cur = RLIM_INFINITY;
    DEMAND(setrlimit(RLIMIT_FSIZE, &limit) == 0 && open_files() == files && getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const int next = dup(0); /* no descriptor is left */
    limit.rlim_cur = (rlim_t)next;
    DEMAND(next >= 0 && close(next) == 0 && setrlimit(RLIMIT_NOFILE, &limit) == 0);
    DEMAND(saddle_solver_save(t->s, place("run")) == SADDLE_E_IO);
    DEMAND(strstr(saddle_error_message(), "too many files are open") != NULL);
}

START_TEST(limits_of_the_system)
{
    struct trial t;
    begin(&t, 5);
    EXPECT_OK(saddle_solver_save(t.s, place("run")));
    trial_end(&t);
    apart(within_limits);
    expect_loads(place("run"), 5);
    ck_assert_int_eq(names_in(folder, 0), 1);
}
END_TEST

static volatile sig_atomic_t rang;

static void ring(int number)
{
    rang = number;
}

START_TEST(signals)
{
    struct sigaction action, before; /* without SA_RESTART: calls end with EINTR */
    memset(&action, 0, sizeof action);
    action.sa_handler = ring;
    ck_assert_int_eq(sigaction(SIGALRM, &action, &before), 0);
    const struct itimerval fast = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};
    struct trial t;
    begin(&t, 3);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &fast, NULL), 0);
    for (int i = 0; i < 200; i++) {
        EXPECT_OK(saddle_solver_save(t.s, place("run")));
        expect_loads(place("run"), 3);
    }
    ck_assert_int_eq(setitimer(ITIMER_REAL, &off, NULL), 0);
    ck_assert_int_eq(sigaction(SIGALRM, &before, NULL), 0);
    ck_assert_int_eq(rang, SIGALRM);
    ck_assert_int_eq(names_in(folder, 0), 1);
    trial_end(&t);
}
END_TEST

enum { SAVERS = 4, READERS = 2, TIMES = 100 };

struct party {
    struct trial t;
    const char *path;
    int64_t wrong;
};

static void *save_often(void *arg)
{
    struct party *p = arg;
    for (int i = 0; i < TIMES; i++) {
        p->wrong += saddle_solver_save(p->t.s, p->path) != SADDLE_OK;
    }
    return NULL;
}

static void *load_often(void *arg)
{
    struct party *p = arg;
    for (int i = 0; i < TIMES; i++) {
        saddle_solver *s = NULL;
        saddle_result r = {.struct_size = (int64_t)sizeof r};
        p->wrong += saddle_solver_create(p->t.f, SADDLE_METHOD_PGD, p->t.o, p->t.w, &s) != SADDLE_OK ||
                    saddle_solver_load(s, p->path) != SADDLE_OK || saddle_solver_result(s, &r) != SADDLE_OK || r.steps < 1 ||
                    r.steps > SAVERS;
        saddle_solver_destroy(s);
    }
    return NULL;
}

START_TEST(many_savers_of_one_file)
{
    static struct party p[SAVERS + READERS];
    pthread_t thread[SAVERS + READERS];
    char path[600];
    (void)snprintf(path, sizeof path, "%s", place("shared"));
    for (int i = 0; i < SAVERS + READERS; i++) {
        p[i].path = path;
        p[i].wrong = 0;
        begin(&p[i].t, 1 + i % SAVERS);
    }
    EXPECT_OK(saddle_solver_save(p[0].t.s, path));
    for (int i = 0; i < SAVERS + READERS; i++) {
        ck_assert_int_eq(pthread_create(&thread[i], NULL, i < SAVERS ? save_often : load_often, &p[i]), 0);
    }
    for (int i = 0; i < SAVERS + READERS; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert_int_eq(p[i].wrong, 0);
        trial_end(&p[i].t);
    }
    ck_assert_int_eq(names_in(folder, 0), 1);
}
END_TEST

/* Where a save or a load is out of place. */
struct inside {
    saddle_solver *s;
    saddle_status save, load;
    const char *path;
};

static int from_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct inside *x = user;
    x->save = saddle_solver_save(x->s, x->path);
    x->load = saddle_solver_load(x->s, x->path);
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = w[i];
    }
    return 0;
}

static int from_schedule(void *user, int64_t step, double eta0, double *eta)
{
    struct inside *x = user;
    (void)step;
    x->save = saddle_solver_save(x->s, x->path);
    x->load = saddle_solver_load(x->s, x->path);
    *eta = eta0;
    return 0;
}

static int from_monitor(void *user, const saddle_event *e)
{
    struct inside *x = user;
    x->load = e->stop == SADDLE_STOP_NONE ? saddle_solver_load(x->s, x->path) : x->load;
    return 0;
}

START_TEST(from_inside)
{
    struct inside x = {NULL, SADDLE_OK, SADDLE_OK, place("run")};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    double w[2] = {1.0, 2.0};
    EXPECT_OK(saddle_objective_create(NULL, 2, 1, &x, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, from_gradient));
    EXPECT_OK(saddle_options_create(NULL, &o));
    set(o, "step_size", "0.1");
    set(o, "monitor_every", "1");
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &x.s));
    EXPECT_OK(saddle_solver_step(x.s, 1));
    ck_assert(x.save == SADDLE_E_STATE && x.load == SADDLE_E_STATE);
    EXPECT_OK(saddle_solver_set_schedule(x.s, from_schedule, &x));
    EXPECT_OK(saddle_solver_step(x.s, 1));
    ck_assert(x.save == SADDLE_E_STATE && x.load == SADDLE_E_STATE);
    x.load = SADDLE_OK;
    EXPECT_OK(saddle_solver_set_monitor(x.s, from_monitor, &x));
    EXPECT_OK(saddle_solver_step(x.s, 1));
    ck_assert_int_eq(x.load, SADDLE_E_STATE);
    ck_assert_int_eq(names_in(folder, 0), 0);
    saddle_solver_destroy(x.s);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_attacks");
    TCase *t = tcase_create("checkpoint_attacks");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 100);
    tcase_add_test(t, names);
    tcase_add_test(t, no_names_to_load);
    tcase_add_test(t, links_and_what_is_no_file);
    tcase_add_test(t, permissions);
    tcase_add_test(t, without_permission);
    tcase_add_test(t, limits_of_the_system);
    tcase_add_test(t, signals);
    tcase_add_test(t, many_savers_of_one_file);
    tcase_add_test(t, from_inside);
    suite_add_tcase(suite, t);
    return saddle_run_suite(suite);
}
