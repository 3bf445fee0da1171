/* SPDX-License-Identifier: BSD-3-Clause */
/* Saving and loading as a program sees them: when, where to, and into what. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/expect.h"
#include "support/recipes.h"
#include "support/run_suite.h"
#include "support/trial.h"

static const char *const nothing[] = {NULL};
static char directory[100], path[200];

static void begin(void)
{
    (void)snprintf(directory, sizeof directory, "%s/saddle-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/run.saddle", directory);
}

static void end(void)
{
    char command[300];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

static int64_t entries(void)
{
    char command[300];
    int count = 0;
    (void)snprintf(command, sizeof command, "ls -A '%s' | wc -l", directory);
    FILE *f = popen(command, "r");
    ck_assert(f != NULL && fscanf(f, "%d", &count) == 1);
    (void)pclose(f);
    return count;
}

START_TEST(arguments)
{
    struct trial t;
    begin();
    trial_begin(&t, 2, nothing);
    EXPECT_FAIL(saddle_solver_save(NULL, path), SADDLE_E_ARGUMENT, "the solver is NULL");
    EXPECT_FAIL(saddle_solver_save(t.s, NULL), SADDLE_E_ARGUMENT, "the path is NULL");
    EXPECT_FAIL(saddle_solver_load(NULL, path), SADDLE_E_ARGUMENT, "the solver is NULL");
    EXPECT_FAIL(saddle_solver_load(t.s, NULL), SADDLE_E_ARGUMENT, "the path is NULL");
    EXPECT_FAIL(saddle_solver_save(t.s, ""), SADDLE_E_ARGUMENT, "empty");
    EXPECT_FAIL(saddle_solver_save(t.s, "/dev/shm/"), SADDLE_E_ARGUMENT, "the path names no file: it is the directory /dev/shm/");
    EXPECT_FAIL(saddle_solver_load(t.s, ""), SADDLE_E_IO, "no such file");
    EXPECT_FAIL(saddle_solver_load(t.s, path), SADDLE_E_IO, path);
    trial_end(&t);
    end();
}
END_TEST

/* Neither errno nor the message of an earlier failure is changed by what succeeds. */
START_TEST(success_is_quiet)
{
    struct trial t, u;
    char message[600];
    begin();
    trial_begin(&t, 6, nothing);
    trial_begin(&u, 6, nothing);
    EXPECT_OK(saddle_solver_step(t.s, 3));
    EXPECT_FAIL(saddle_solver_load(t.s, "/no/file"), SADDLE_E_STATE, "has begun its run (3 steps)");
    (void)snprintf(message, sizeof message, "%s", saddle_error_message());
    errno = ERANGE;
    EXPECT_OK(saddle_solver_save(t.s, path));
    EXPECT_OK(saddle_solver_load(u.s, path));
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_str_eq(saddle_error_message(), message);
    EXPECT_FAIL(saddle_solver_load(u.s, "/no/file"), SADDLE_E_STATE, "has begun its run (3 steps)");
    EXPECT_FAIL(saddle_solver_save(u.s, "/no/file"), SADDLE_E_IO, "no such file or directory");
    ck_assert_int_eq(errno, ERANGE);
    trial_end(&t);
    trial_end(&u);
    end();
}
END_TEST

static saddle_status from_inside[2];
static saddle_solver *inside;

static int saving_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    from_inside[0] = saddle_solver_save(inside, path);
    from_inside[1] = saddle_solver_load(inside, path);
    return problem_gradient(user, b, w, g);
}

static int loading_monitor(void *user, const saddle_event *e)
{
    (void)user;
    (void)e;
    from_inside[0] = saddle_solver_save(inside, path);
    from_inside[1] = saddle_solver_load(inside, path);
    return 0;
}

START_TEST(states)
{
    struct trial t;
    struct problem p;
    saddle_objective *f = NULL;
    double w[4];
    begin();
    problem_init(&p, 4, 3, 0, GRADIENT_ONLY);
    problem_start(&p, w);
    EXPECT_OK(saddle_objective_create(NULL, 4, 3, &p, &f));
    EXPECT_OK(saddle_objective_set_gradient(f, saving_gradient));
    saddle_options *o = recipe_options(0, NULL, 5);
    EXPECT_OK(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &inside));
    EXPECT_OK(saddle_solver_step(inside, 1));
    ck_assert_int_eq(from_inside[0], SADDLE_E_STATE);
    ck_assert_int_eq(from_inside[1], SADDLE_E_STATE);
    ck_assert_int_eq(entries(), 0);
    saddle_solver_destroy(inside);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    trial_begin(&t, 0, nothing);
    inside = t.s;
    EXPECT_OK(saddle_solver_set_monitor(t.s, loading_monitor, NULL));
    EXPECT_OK(saddle_solver_step(t.s, 1));
    ck_assert_int_eq(from_inside[0], SADDLE_OK);
    ck_assert_int_eq(from_inside[1], SADDLE_E_STATE);
    EXPECT_OK(saddle_solver_set_monitor(t.s, NULL, NULL));
    const double kept = t.w[3];
    t.w[3] = 7.0;
    EXPECT_FAIL(saddle_solver_save(t.s, path), SADDLE_E_STATE, "w was changed");
    t.w[3] = kept;
    EXPECT_OK(saddle_solver_save(t.s, path));
    trial_end(&t);
    trial_begin(&t, 0, nothing);
    EXPECT_OK(saddle_solver_step(t.s, 0));
    EXPECT_FAIL(saddle_solver_load(t.s, path), SADDLE_E_STATE, "(0 steps)");
    trial_end(&t);
    end();
}
END_TEST

/* Every option; another value; whether a checkpoint with the one is taken by a solver with the other. */
static const struct {
    const char *name, *here, *there;
    int recipe, taken;
} others[] = {
    {"seed", "7", "8", 2, 0}, {"batch_size", "2", "3", 3, 0}, {"sampling", "shuffle", "sequential", 2, 0},
    {"step_size", "0.01", "0.010000000000000002", 0, 0}, {"schedule", "cosine", "inverse", 2, 0}, {"schedule_time", "10", "11", 2, 1},
    {"output", "uniform", "last", 2, 0}, {"max_steps", "10", "11", 2, 1}, {"max_epochs", "10", "11", 2, 1}, {"max_seconds", "10", "11", 2, 1},
    {"target_value", "-10", "-11", 2, 1}, {"divergence", "10", "11", 2, 1}, {"eps_gradient", "1e-3", "1e-4", 2, 1},
    {"eps_hessian", "1e-3", "1e-4", 2, 1}, {"delta", "0.01", "0.02", 2, 0}, {"check_every", "0", "0", 2, 1}, {"monitor_every", "1", "2", 2, 1},
    {"escape_step", "0.25", "0.5", 4, 0}, {"radius", "0.25", "0.5", 6, 0}, {"escape_steps", "4", "5", 6, 0},
    {"gradient_threshold", "0.75", "0.5", 6, 0}, {"decrease_threshold", "1e-6", "1e-7", 6, 0}, {"noise", "0.2", "0.3", 9, 0},
    {"noise_kind", "gaussian", "ball", 9, 0}, {"noise_every", "3", "4", 7, 0}, {"inverse_temperature", "40", "41", 12, 0},
    {"eigenvalues", "1", "2", 2, 1}, {"which", "smallest", "both", 2, 1}, {"eigen_tol", "1e-3", "1e-4", 2, 1},
    {"max_products", "10", "11", 2, 0}, {"basis", "10", "11", 2, 1}, {"cnc_gamma", "1", "2", 2, 1}, {"cnc_samples", "1", "2", 2, 1},
    {"cnc_bound", "1", "2", 2, 1},
};
enum { OTHERS = sizeof others / sizeof others[0] };

START_TEST(options_that_differ)
{
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    begin();
    ck_assert_int_eq(saddle_option_describe(OTHERS, &info), SADDLE_E_RANGE);
    for (int k = 0; k < OTHERS; k++) {
        const char *here[] = {"schedule_time", "30", others[k].name, others[k].here, NULL};
        const char *there[] = {"schedule_time", "30", others[k].name, others[k].there, NULL};
        struct trial t, u;
        EXPECT_OK(saddle_option_describe(k, &info));
        ck_assert_str_eq(info.name, others[k].name);
        trial_begin(&t, others[k].recipe, here);
        trial_begin(&u, others[k].recipe, there);
        const double start = u.w[0];
        EXPECT_OK(saddle_solver_step(t.s, 2));
        EXPECT_OK(saddle_solver_save(t.s, path));
        if (others[k].taken) {
            EXPECT_OK(saddle_solver_load(u.s, path));
            EXPECT_SAME(t.w, u.w, sizeof t.w);
        } else {
            char expected[100];
            (void)snprintf(expected, sizeof expected, "the checkpoint has %s ", others[k].name);
            EXPECT_FAIL(saddle_solver_load(u.s, path), SADDLE_E_MISMATCH, expected);
            ck_assert(u.w[0] == start);
        }
        trial_end(&t);
        trial_end(&u);
    }
    end();
}
END_TEST

START_TEST(values_of_a_difference)
{
    const char *here[] = {"step_size", "0.01", NULL}, *there[] = {"step_size", "0.010000000000000002", NULL}, *seed[] = {"seed", "9", NULL};
    struct trial t, u;
    begin();
    trial_begin(&t, 2, here);
    EXPECT_OK(saddle_solver_save(t.s, path));
    trial_begin(&u, 2, there);
    EXPECT_FAIL(saddle_solver_load(u.s, path), SADDLE_E_MISMATCH,
                "the checkpoint has step_size 0.01, the solver has 0.010000000000000002: make the solver as that one was");
    trial_end(&u);
    trial_begin(&u, 2, seed);
    EXPECT_FAIL(saddle_solver_load(u.s, path), SADDLE_E_MISMATCH, "the checkpoint has seed 7, the solver has 9");
    trial_end(&u);
    trial_begin(&u, 0, nothing);
    EXPECT_FAIL(saddle_solver_load(u.s, path), SADDLE_E_MISMATCH, "the checkpoint has the method sgd, the solver has gd");
    trial_end(&u);
    trial_end(&t);
    end();
}
END_TEST

/* What the schedule goes by must agree: schedule_time, or max_steps in its place. */
START_TEST(schedules)
{
    static const char *const here[][7] = {{"schedule", "cosine", "max_steps", "20"}, {"schedule", "cosine", "schedule_time", "20"},
                                          {"schedule", "cosine", "max_steps", "30"}, {"schedule", "cosine", "max_steps", "30", "schedule_time", "20"}};
    begin();
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            struct trial t, u;
            trial_begin(&t, 2, here[i]);
            trial_begin(&u, 2, here[j]);
            EXPECT_OK(saddle_solver_step(t.s, 2));
            EXPECT_OK(saddle_solver_save(t.s, path));
            if ((i == 2) == (j == 2)) {
                EXPECT_OK(saddle_solver_load(u.s, path));
            } else {
                EXPECT_FAIL(saddle_solver_load(u.s, path), SADDLE_E_MISMATCH, "schedule_time (or max_steps, where that is 0)");
            }
            trial_end(&t);
            trial_end(&u);
        }
    }
    end();
}
END_TEST

static int own(void *user, int64_t step, double eta0, double *eta)
{
    (void)user;
    *eta = eta0 / (double)step;
    return 0;
}

START_TEST(schedules_of_the_callers_own)
{
    struct trial t, u;
    begin();
    trial_begin(&t, 2, nothing);
    EXPECT_OK(saddle_solver_set_schedule(t.s, own, NULL));
    EXPECT_OK(saddle_solver_step(t.s, 4));
    EXPECT_OK(saddle_solver_save(t.s, path));
    trial_begin(&u, 2, nothing);
    EXPECT_FAIL(saddle_solver_load(u.s, path), SADDLE_E_MISMATCH, "with a schedule of the caller's own, the solver has none: call saddle_solver_set_schedule() before");
    EXPECT_OK(saddle_solver_set_schedule(u.s, own, NULL));
    EXPECT_OK(saddle_solver_load(u.s, path));
    EXPECT_OK(saddle_solver_step(t.s, 9));
    EXPECT_OK(saddle_solver_step(u.s, 9));
    EXPECT_SAME(t.w, u.w, sizeof t.w);
    trial_end(&t);
    trial_begin(&t, 2, nothing);
    EXPECT_OK(saddle_solver_save(t.s, path));
    trial_end(&u);
    trial_begin(&u, 2, nothing);
    EXPECT_OK(saddle_solver_set_schedule(u.s, own, NULL));
    EXPECT_FAIL(saddle_solver_load(u.s, path), SADDLE_E_MISMATCH, "without a schedule of the caller's own, the solver has one: call saddle_solver_set_schedule() after");
    trial_end(&t);
    trial_end(&u);
    end();
}
END_TEST

/* What is no plain file is neither written over nor waited for. */
START_TEST(things_that_are_no_files)
{
    char pipe[200], folder[200];
    struct trial t;
    begin();
    (void)snprintf(pipe, sizeof pipe, "%s/pipe", directory);
    (void)snprintf(folder, sizeof folder, "%s/folder", directory);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    trial_begin(&t, 2, nothing);
    const char *const paths[] = {pipe, folder, "/dev/null"};
    for (int k = 0; k < 3; k++) {
        EXPECT_FAIL(saddle_solver_save(t.s, paths[k]), SADDLE_E_IO, "no plain file, and is left alone");
        EXPECT_FAIL(saddle_solver_load(t.s, paths[k]), SADDLE_E_IO, "no plain file");
    }
    ck_assert_int_eq(entries(), 2);
    (void)snprintf(folder, sizeof folder, "%s/pipe/run", directory);
    EXPECT_FAIL(saddle_solver_save(t.s, folder), SADDLE_E_IO, "a part of the path is not a directory");
    EXPECT_FAIL(saddle_solver_load(t.s, folder), SADDLE_E_IO, "a part of the path is not a directory");
    trial_end(&t);
    end();
}
END_TEST

START_TEST(links_are_replaced)
{
    char link[200];
    struct stat s;
    struct trial t, u;
    begin();
    (void)snprintf(link, sizeof link, "%s/latest", directory);
    ck_assert_int_eq(symlink("run.saddle", link), 0);
    trial_begin(&t, 2, nothing);
    EXPECT_OK(saddle_solver_save(t.s, path));
    trial_begin(&u, 2, nothing);
    EXPECT_OK(saddle_solver_load(u.s, link)); /* and followed when they are read */
    trial_end(&u);
    EXPECT_OK(saddle_solver_step(t.s, 3));
    EXPECT_OK(saddle_solver_save(t.s, link));
    ck_assert(lstat(link, &s) == 0 && S_ISREG(s.st_mode));
    trial_begin(&u, 2, nothing);
    EXPECT_OK(saddle_solver_load(u.s, path)); /* what the link pointed to is as it was */
    EXPECT_OK(saddle_solver_result(u.s, &u.r));
    ck_assert_int_eq(u.r.steps, 0);
    trial_end(&u);
    trial_end(&t);
    end();
}
END_TEST

static unsigned mode_of(const char *name)
{
    struct stat s;
    ck_assert_int_eq(stat(name, &s), 0);
    return (unsigned)(s.st_mode & 07777);
}

START_TEST(permissions)
{
    struct trial t;
    begin();
    trial_begin(&t, 2, nothing);
    const mode_t old = umask(022);
    EXPECT_OK(saddle_solver_save(t.s, path));
    ck_assert_uint_eq(mode_of(path), 0644);
    ck_assert_int_eq(chmod(path, 0600), 0);
    EXPECT_OK(saddle_solver_save(t.s, path)); /* a private one stays private, */
    ck_assert_uint_eq(mode_of(path), 0600);
    ck_assert_int_eq(chmod(path, 0444), 0);
    EXPECT_OK(saddle_solver_save(t.s, path));
    ck_assert_uint_eq(mode_of(path), 0444);
    ck_assert_int_eq(chmod(path, 04666), 0);
    EXPECT_OK(saddle_solver_save(t.s, path)); /* and umask has the last word */
    ck_assert_uint_eq(mode_of(path), 0644);
    (void)umask(077);
    EXPECT_OK(saddle_solver_save(t.s, path));
    ck_assert_uint_eq(mode_of(path), 0600);
    (void)umask(old);
    ck_assert_int_eq(entries(), 1);
    trial_end(&t);
    end();
}
END_TEST

/* A program that has closed its standard input gets that number for the next file it opens. */
START_TEST(a_file_with_the_number_0)
{
    struct trial t, u;
    begin();
    trial_begin(&t, 2, nothing);
    trial_begin(&u, 2, nothing);
    EXPECT_OK(saddle_solver_step(t.s, 3));
    const int kept = dup(0);
    (void)close(0);
    EXPECT_OK(saddle_solver_save(t.s, path));
    ck_assert(fcntl(0, F_GETFD) == -1);
    EXPECT_OK(saddle_solver_load(u.s, path));
    ck_assert(fcntl(0, F_GETFD) == -1);
    if (kept >= 0) {
        ck_assert_int_eq(dup2(kept, 0), 0);
        (void)close(kept);
    }
    EXPECT_SAME(t.w, u.w, sizeof t.w);
    trial_end(&t);
    trial_end(&u);
    end();
}
END_TEST

START_TEST(names)
{
    char name[300], here[1000];
    struct trial t;
    begin();
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(directory), 0);
    trial_begin(&t, 2, nothing);
    EXPECT_OK(saddle_solver_save(t.s, "run"));
    EXPECT_OK(saddle_solver_save(t.s, "./x"));
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    EXPECT_OK(saddle_solver_save(t.s, name));
    EXPECT_OK(saddle_solver_load(t.s, name));
    trial_end(&t);
    trial_begin(&t, 2, nothing);
    name[255] = 'n';
    name[256] = '\0';
    EXPECT_FAIL(saddle_solver_save(t.s, name), SADDLE_E_IO, "the name is too long");
    EXPECT_FAIL(saddle_solver_load(t.s, name), SADDLE_E_IO, "the name is too long");
    ck_assert_int_eq(entries(), 3);
    ck_assert_int_eq(chdir(here), 0);
    trial_end(&t);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("save");
    TCase *c = tcase_create("save");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, arguments);
    tcase_add_test(c, success_is_quiet);
    tcase_add_test(c, states);
    tcase_add_test(c, options_that_differ);
    tcase_add_test(c, values_of_a_difference);
    tcase_add_test(c, schedules);
    tcase_add_test(c, schedules_of_the_callers_own);
    tcase_add_test(c, things_that_are_no_files);
    tcase_add_test(c, links_are_replaced);
    tcase_add_test(c, permissions);
    tcase_add_test(c, a_file_with_the_number_0);
    tcase_add_test(c, names);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
