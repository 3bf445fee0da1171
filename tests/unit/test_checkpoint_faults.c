/* SPDX-License-Identifier: BSD-3-Clause */
/* Every system call and every allocation of saving and loading fails once, and from then on: the old checkpoint is whole or the new one
 * is, nothing is left open or lying about, the run is untouched and goes on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "solver/engine.h"
#include "support/expect.h"
#include "support/faulty_system.h"
#include "support/memory.h"
#include "support/problem.h"
#include "support/recipes.h"
#include "support/run_suite.h"

enum { DIM = 9000, SAMPLES = 4 }; /* two blocks of the file's buffer for each vector */

static struct faulty_system sys;
static struct memory memory;
static saddle_context *context;
static char directory[100], path[200];

static const struct {
    int fault, error, for_ever;
} faults[] = {
    {FAULT_ERROR, EIO, 0}, {FAULT_ERROR, EIO, 1},   {FAULT_ERROR, ENOSPC, 0},  {FAULT_ERROR, EINTR, 0}, {FAULT_ERROR, EACCES, 1},
    {FAULT_SHORT, 0, 0},   {FAULT_SHORT, 0, 1},     {FAULT_ZERO, 0, 0},        {FAULT_ZERO, 0, 1},      {FAULT_TORN, ENOSPC, 0},
    {FAULT_FLIP, 0, 0},    {FAULT_ERROR, EINVAL, 0},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

/* SGLD with the best output: three vectors. */
struct side {
    struct problem p;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double *w, *before;
};

static void side_begin(struct side *x)
{
    problem_init(&x->p, DIM, SAMPLES, 0, TOGETHER);
    x->f = problem_objective(&x->p, context);
    x->o = recipe_options(12, context, 6);
    set(x->o, "output", "best");
    x->w = malloc(DIM * sizeof(double));
    x->before = malloc(DIM * sizeof(double));
    ck_assert(x->w != NULL && x->before != NULL);
    problem_start(&x->p, x->w);
    memcpy(x->before, x->w, DIM * sizeof(double));
    EXPECT_OK(saddle_solver_create(x->f, recipes[12].method, x->o, x->w, &x->s));
}

static void side_end(struct side *x)
{
    saddle_solver_destroy(x->s);
    saddle_options_destroy(x->o);
    saddle_objective_destroy(x->f);
    free(x->w);
    free(x->before);
}

static void begin(void)
{
    const saddle_allocator a = memory_allocator(&memory, 0xA5);
    faulty_system_init(&sys);
    context = faulty_system_context(&sys, &a);
    (void)snprintf(path, sizeof path, "%s/run.saddle", fresh_directory(directory, sizeof directory));
}

static void end(void)
{
    saddle_context_destroy(context);
    ck_assert_int_eq(memory.blocks, 0);
    ck_assert_int_eq(memory.faults, 0);
    remove_directory(directory);
}

/* Whether the fault that was made is one to be passed over: less was read or written than asked for, or a signal came. */
static int is_passed_over(int k)
{
    const int waits = sys.last == CALL_OPEN || sys.last == CALL_READ || sys.last == CALL_WRITE || sys.last == CALL_FSYNC || sys.last == CALL_CLOSE;
    return faults[k].fault == FAULT_SHORT || (faults[k].error == EINTR && waits);
}

/* Where everything comes in small pieces from the first calls on, to begin later adds nothing. */
static int enough(int k, int64_t call)
{
    return faults[k].fault == FAULT_SHORT && faults[k].for_ever && call == 4;
}

/* A file that says where its run stands, by loading it. */
static int64_t steps_in_file(void)
{
    struct side y;
    saddle_result r = {.struct_size = (int64_t)sizeof r};
    side_begin(&y);
    EXPECT_OK(saddle_solver_load(y.s, path));
    EXPECT_OK(saddle_solver_result(y.s, &r));
    side_end(&y);
    return r.steps;
}

/* What holds after a save that met its fault; the file had the run after 2 steps. */
static void look_after_save(saddle_status s, int64_t allowed_left)
{
    const char *message = saddle_error_message();
    const int in_place = s == SADDLE_OK || strstr(message, "is in place and whole") != NULL;
    ck_assert(s == SADDLE_OK || s == SADDLE_E_IO);
    ck_assert(s == SADDLE_OK || in_place || strstr(message, "what was there is as it was") != NULL);
    ck_assert(s == SADDLE_OK || strstr(message, "run.saddle") != NULL);
    ck_assert_int_eq(sys.open, 0);
    ck_assert_int_le(entries_of(directory), 1 + allowed_left);
    faulty_system_set(&sys, FAULT_ERROR, 0, 0, 0);
    ck_assert_int_eq(steps_in_file(), in_place ? 4 : 2);
}

START_TEST(each_call_of_a_save)
{
    int64_t made = 0;
    struct side x, plain;
    begin();
    side_begin(&x);
    side_begin(&plain);
    EXPECT_OK(saddle_solver_run(plain.s));
    EXPECT_OK(saddle_solver_step(x.s, 2));
    EXPECT_OK(saddle_solver_save(x.s, path));
    int64_t size = 0;
    unsigned char *old = content_of(path, &size);
    EXPECT_OK(saddle_solver_step(x.s, 2));
    for (int k = 0; k < FAULTS; k++) {
        for (int64_t call = 1, more = 1; more; call++) {
            char left[100];
            write_content(path, old, size);
            faulty_system_set(&sys, faults[k].fault, faults[k].error, call, faults[k].for_ever);
            const saddle_status s = saddle_solver_save(x.s, path);
            more = call <= sys.calls && !enough(k, call); /* also where this kind of call has no such fault */
            made += sys.made;
            ck_assert(s == SADDLE_OK || (sys.made > 0 && !is_passed_over(k)));
            /* a temporary stays where it cannot be taken away either */
            const int stuck = sys.made > 0 && faults[k].for_ever && faults[k].fault == FAULT_ERROR;
            look_after_save(s, stuck);
            if (entries_of(directory) > 1) {
                remove_directory(directory);
                (void)fresh_directory(left, sizeof left);
                (void)snprintf(directory, sizeof directory, "%s", left);
                (void)snprintf(path, sizeof path, "%s/run.saddle", directory);
            }
        }
    }
    EXPECT_OK(saddle_solver_save(x.s, path));
    EXPECT_OK(saddle_solver_run(x.s)); /* none of it touched the run */
    EXPECT_SAME(x.w, plain.w, DIM * sizeof(double));
    free(old);
    side_end(&x);
    side_end(&plain);
    end();
    ck_assert_int_ge(made, 100);
    (void)printf("# counted: %lld system calls of a save failed\n", (long long)made);
    (void)fflush(stdout);
}
END_TEST

/* A fault that is passed over or told, and the solver takes the checkpoint afterwards as if nothing had been. */
START_TEST(each_call_of_a_load)
{
    int64_t made = 0;
    struct side x;
    begin();
    side_begin(&x);
    EXPECT_OK(saddle_solver_step(x.s, 3));
    EXPECT_OK(saddle_solver_save(x.s, path));
    EXPECT_OK(saddle_solver_run(x.s));
    for (int k = 0; k < FAULTS; k++) {
        /* a load ends at its first fault, so one that stays is the same unless it is passed over; and it writes nothing */
        const int same = (faults[k].for_ever && faults[k].fault != FAULT_SHORT) || faults[k].fault == FAULT_TORN;
        for (int64_t call = 1, more = !same; more; call++) {
            struct side y;
            side_begin(&y);
            faulty_system_set(&sys, faults[k].fault, faults[k].error, call, faults[k].for_ever);
            const saddle_status s = saddle_solver_load(y.s, path);
            more = call <= sys.calls && !enough(k, call);
            made += sys.made;
            ck_assert(s == SADDLE_OK || (sys.made > 0 && !is_passed_over(k)));
            ck_assert(s != SADDLE_OK || sys.made == 0 || is_passed_over(k) || sys.last == CALL_CLOSE);
            ck_assert_int_eq(sys.open, 0);
            faulty_system_set(&sys, FAULT_ERROR, 0, 0, 0);
            if (s != SADDLE_OK) {
                ck_assert(s == SADDLE_E_IO || s == SADDLE_E_FORMAT);
                EXPECT_MESSAGE("run.saddle");
                EXPECT_SAME(y.w, y.before, DIM * sizeof(double));
                EXPECT_OK(saddle_solver_load(y.s, path));
            }
            EXPECT_OK(saddle_solver_run(y.s));
            EXPECT_SAME(y.w, x.w, DIM * sizeof(double));
            side_end(&y);
        }
    }
    side_end(&x);
    end();
    ck_assert_int_ge(made, 100);
    (void)printf("# counted: %lld system calls of a load failed\n", (long long)made);
    (void)fflush(stdout);
}
END_TEST

/* A load that failed leaves a solver that begins its own run, from its own start. */
START_TEST(a_load_that_failed_leaves_the_start)
{
    struct side x, plain;
    begin();
    side_begin(&x);
    EXPECT_OK(saddle_solver_step(x.s, 3));
    EXPECT_OK(saddle_solver_save(x.s, path));
    side_begin(&plain);
    EXPECT_OK(saddle_solver_run(plain.s));
    faulty_system_set(&sys, FAULT_ERROR, EIO, 0, 0);
    struct side count;
    side_begin(&count);
    EXPECT_OK(saddle_solver_load(count.s, path));
    side_end(&count);
    const int64_t calls = sys.calls;
    for (int64_t call = 1; call < calls; call++) { /* the last one is close */
        struct side y, z;
        char again[220];
        side_begin(&y);
        faulty_system_set(&sys, FAULT_ERROR, EIO, call, 0);
        EXPECT_FAIL(saddle_solver_load(y.s, path), SADDLE_E_IO, "error 5");
        faulty_system_set(&sys, FAULT_ERROR, 0, 0, 0);
        (void)snprintf(again, sizeof again, "%s.0", path);
        EXPECT_OK(saddle_solver_save(y.s, again)); /* no part of the file has stayed in it */
        side_begin(&z);
        EXPECT_OK(saddle_solver_load(z.s, again));
        EXPECT_OK(saddle_solver_run(z.s));
        EXPECT_OK(saddle_solver_run(y.s));
        EXPECT_SAME(y.w, plain.w, DIM * sizeof(double));
        EXPECT_SAME(z.w, plain.w, DIM * sizeof(double));
        side_end(&y);
        side_end(&z);
    }
    side_end(&x);
    side_end(&plain);
    end();
}
END_TEST

START_TEST(each_allocation)
{
    struct side x;
    int64_t refused = 0;
    begin();
    side_begin(&x);
    EXPECT_OK(saddle_solver_step(x.s, 3));
    EXPECT_OK(saddle_solver_save(x.s, path));
    for (int k = 0; k < 4; k++) {
        int more = 1;
        for (int64_t call = 1; more; call++) {
            struct side y;
            side_begin(&y);
            memory.fail_at = memory.calls + call;
            memory.for_ever = k % 2;
            memory.refused = 0;
            const saddle_status s = k < 2 ? saddle_solver_save(x.s, path) : saddle_solver_load(y.s, path);
            more = memory.refused > 0;
            refused += memory.refused;
            memory.fail_at = 0;
            ck_assert(s == (more ? SADDLE_E_MEMORY : SADDLE_OK));
            ck_assert_int_eq(sys.open, 0);
            ck_assert_int_eq(entries_of(directory), 1);
            ck_assert(k < 2 || !more || memcmp(y.w, y.before, DIM * sizeof(double)) == 0);
            side_end(&y);
        }
    }
    ck_assert_int_ge(refused, 4);
    const int64_t before = memory.bytes;
    memory.peak = 0;
    EXPECT_OK(saddle_solver_save(x.s, path));
    ck_assert_int_lt(memory.peak - before, 100000); /* a block, and a name */
    side_end(&x);
    end();
    (void)printf("# counted: %lld allocations of save and load failed\n", (long long)refused);
    (void)fflush(stdout);
}
END_TEST

START_TEST(names_of_temporaries_that_are_taken)
{
    struct side x;
    begin();
    side_begin(&x);
    sys.only = CALL_OPEN;
    faulty_system_set(&sys, FAULT_ERROR, EEXIST, 2, 0); /* the first open is that of the directory */
    EXPECT_OK(saddle_solver_save(x.s, path));
    ck_assert_int_eq(sys.count[CALL_OPEN], 3);
    faulty_system_set(&sys, FAULT_ERROR, EEXIST, 2, 1);
    EXPECT_FAIL(saddle_solver_save(x.s, path), SADDLE_E_IO, "the file exists already");
    ck_assert_int_eq(sys.count[CALL_OPEN], 101);
    sys.only = CALL_FSYNC;
    faulty_system_set(&sys, FAULT_ERROR, EINVAL, 2, 0); /* a file system that cannot flush a directory */
    EXPECT_OK(saddle_solver_save(x.s, path));
    ck_assert_int_eq(sys.count[CALL_FSYNC], 2);
    faulty_system_set(&sys, FAULT_ERROR, EINVAL, 1, 0);
    EXPECT_FAIL(saddle_solver_save(x.s, path), SADDLE_E_IO, "flushing the temporary failed");
    side_end(&x);
    end();
}
END_TEST

static char renamed[300];

static int watch_rename(void *user, int folder, const char *from, const char *to)
{
    (void)user;
    (void)snprintf(renamed, sizeof renamed, "%s", from);
    return sys.real->rename(sys.real->user, folder, from, to);
}

/* Characters of two bytes, which begin at even places or, behind an a, at odd ones. */
START_TEST(temporaries_cut_no_character)
{
    struct side x;
    begin();
    side_begin(&x);
    sys.table.rename = watch_rename;
    for (int shift = 0; shift < 2; shift++) {
        char name[400] = "", all[600];
        for (int i = 0; i < 70; i++) {
            strcat(name, i == 0 && shift ? "a" : "\xc3\xa9");
        }
        (void)snprintf(all, sizeof all, "%s/%s", directory, name);
        EXPECT_OK(saddle_solver_save(x.s, all));
        const size_t kept = 100 - (size_t)shift;
        ck_assert_int_eq(strncmp(renamed, name, kept), 0);
        ck_assert_int_eq(renamed[kept], '.');
        ck_assert_int_eq((int)strlen(renamed + kept), 21);
    }
    side_end(&x);
    end();
}
END_TEST

START_TEST(errors_have_words)
{
    static const int errors[] = {EACCES, EBADF,  EDQUOT, EEXIST, EFBIG,  EIO,    EISDIR, ELOOP,
                                 EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOSPC, ENOTDIR, EPERM, EROFS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        ck_assert_str_ne(saddle_i_system_text(errors[i]), saddle_i_system_text(-1));
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(saddle_i_system_text(errors[i]), saddle_i_system_text(errors[j]));
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_faults");
    TCase *c = tcase_create("faults");
    tcase_set_timeout(c, 100);
    tcase_add_test(c, each_call_of_a_save);
    tcase_add_test(c, each_call_of_a_load);
    tcase_add_test(c, a_load_that_failed_leaves_the_start);
    tcase_add_test(c, each_allocation);
    tcase_add_test(c, names_of_temporaries_that_are_taken);
    tcase_add_test(c, temporaries_cut_no_character);
    tcase_add_test(c, errors_have_words);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
