/* SPDX-License-Identifier: BSD-3-Clause */
/* What a checkpoint says with right checksums is held against its bounds, and one thing against another. */
#include <stdio.h>
#include <stdlib.h>
#include "support/checkpoint_file.h"
#include "support/expect.h"
#include "support/faulty_system.h"
#include "support/run_suite.h"

/* Sets the integer or number of this name. */
static void put(const struct file *f, const char *list, const char *name, uint64_t value)
{
    unsigned char *p = file_section(f, list), *end = p + SADDLE_I_SECTION_HEADER + saddle_i_load64(p + 24);
    for (p += SADDLE_I_SECTION_HEADER; p < end; p += SADDLE_I_ENTRY) {
        if (strcmp((const char *)p, name) == 0) {
            saddle_i_store64(p + SADDLE_I_NAME, value);
            file_seal(f);
            return;
        }
    }
    ck_abort_msg("no %s", name);
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Beyond each bound, by one; and at it. */
START_TEST(integers_keep_their_bounds)
{
    struct saddle_i_field f;
    file_begin();
    for (int k = 0; saddle_i_integer_field(&saddle_i_method_pgd, k, &f); k++) {
        struct file g = file_copy();
        const int64_t high = f.high == SADDLE_I_STEPS ? 9 : f.high;
        put(&g, "integers", f.name, (uint64_t)(f.low - 1));
        EXPECT_REFUSED(&g, f.name);
        put(&g, "integers", f.name, (uint64_t)(high + 1));
        EXPECT_REFUSED(&g, f.name);
        put(&g, "integers", f.name, (uint64_t)INT64_MAX);
        REQUIRE(file_judge_pgd(&g) == SADDLE_E_FORMAT);
        put(&g, "integers", f.name, (uint64_t)INT64_MIN);
        REQUIRE(file_judge_pgd(&g) == SADDLE_E_FORMAT);
        if (strcmp(f.name, "own_schedule") != 0 && strcmp(f.name, "swapped") != 0 && strcmp(f.name, "has_kept") != 0 &&
            strcmp(f.name, "step") != 0 && strcmp(f.name, "tolerance_stop") != 0) {
            put(&g, "integers", f.name, (uint64_t)f.low);
            EXPECT_OK(file_judge_pgd(&g));
            put(&g, "integers", f.name, (uint64_t)high);
            EXPECT_OK(file_judge_pgd(&g));
        }
        free(g.bytes);
    }
    file_end();
}
END_TEST

START_TEST(numbers_keep_their_rules)
{
    struct saddle_i_field f;
    file_begin();
    for (int k = 0; saddle_i_number_field(&saddle_i_method_pgd, k, &f); k++) {
        const double bad[] = {SADDLE_I_NAN, SADDLE_I_INF, -SADDLE_I_INF, -1.0};
        for (int i = 0; i < 4; i++) {
            struct file g = file_copy();
            const int fits = f.rule == SADDLE_I_ANY || (f.rule == SADDLE_I_FINITE_OR_NAN && (i == 0 || i == 3)) || (f.rule == SADDLE_I_FINITE && i == 3);
            put(&g, "numbers", f.name, bits_of(bad[i]));
            ck_assert_msg(file_judge_pgd(&g) == (fits ? SADDLE_OK : SADDLE_E_FORMAT), "%s %g", f.name, bad[i]);
            free(g.bytes);
        }
    }
    file_end();
}
END_TEST

/* One field against another. */
START_TEST(fields_agree)
{
    file_begin();
    struct file f = file_copy();
    put(&f, "numbers", "step_size", bits_of(0.25));
    EXPECT_REFUSED(&f, "its step size is not that of its options");
    put(&f, "numbers", "step_size", bits_of(0.125));
    put(&f, "numbers", "smoothness", bits_of(1.0));
    EXPECT_REFUSED(&f, "its step size is not that of its options");
    put(&f, "numbers", "smoothness", bits_of(0.0));
    put(&f, "integers", "swapped", 1);
    EXPECT_REFUSED(&f, "its output is not one that its run can have");
    put(&f, "integers", "stop", SADDLE_STOP_MONITOR);
    EXPECT_OK(file_judge_pgd(&f)); /* the kept one */
    put(&f, "integers", "swapped", 0);
    for (uint64_t stop = 0; stop <= SADDLE_STOP_DIVERGED; stop++) {
        const int test = stop == SADDLE_STOP_NONE || stop == SADDLE_STOP_VALUE || stop == SADDLE_STOP_GRADIENT ||
                         stop == SADDLE_STOP_SECOND_ORDER || stop == SADDLE_STOP_DIVERGED;
        put(&f, "integers", "tolerance_stop", stop);
        ck_assert_int_eq(file_judge_pgd(&f), test ? SADDLE_OK : SADDLE_E_FORMAT);
    }
    put(&f, "integers", "tolerance_stop", 0);
    put(&f, "integers", "has_kept", 0);
    EXPECT_REFUSED(&f, "it has 3 vectors instead of 2");
    free(f.bytes);
    file_end();
    file_begin_with(FILE_PGD, 0);
    f = file_copy();
    put(&f, "integers", "has_kept", 1);
    EXPECT_FAIL(file_judge(FILE_PGD, 0, f.bytes, f.size), SADDLE_E_FORMAT, "keeps an iterate that its options do not ask for");
    free(f.bytes);
    file_end();
    file_begin_with(FILE_PGD, 7); /* a chosen step size */
    f = file_copy();
    put(&f, "numbers", "step_size", bits_of(1e101));
    EXPECT_FAIL(file_judge(FILE_PGD, 7, f.bytes, f.size), SADDLE_E_FORMAT, "not one that was chosen");
    put(&f, "numbers", "step_size", bits_of(0.5));
    EXPECT_OK(file_judge(FILE_PGD, 7, f.bytes, f.size));
    put(&f, "numbers", "smoothness", bits_of(0.0));
    EXPECT_FAIL(file_judge(FILE_PGD, 7, f.bytes, f.size), SADDLE_E_FORMAT, "not one that was chosen");
    put(&f, "numbers", "step_size", bits_of(0.0));
    EXPECT_OK(file_judge(FILE_PGD, 7, f.bytes, f.size));
    free(f.bytes);
    file_end();
}
END_TEST

/* A run that no file could hold is not saved, and the file that is there stays. */
START_TEST(what_loading_refuses_is_not_written)
{
    struct session x;
    struct faulty_system sys;
    int64_t now = 0;
    file_begin();
    faulty_system_init(&sys);
    saddle_context *c = faulty_system_context(&sys, NULL);
    ck_assert(session_begin(&x, c, FILE_PGD, &session_plans[2], FILE_STEPS));
    EXPECT_OK(saddle_solver_step(x.s, 4));
    x.s->run.used = (INT64_C(1) << 62) + 1;
    EXPECT_FAIL(saddle_solver_save(x.s, file_path), SADDLE_E_OVERFLOW, "saddle_solver_save: used is 4611686018427387905, and a checkpoint can hold 0 .. 4611686018427387904");
    x.s->run.used--;
    x.s->run.smoothness = SADDLE_I_INF;
    EXPECT_FAIL(saddle_solver_save(x.s, file_path), SADDLE_E_NOT_FINITE, "saddle_solver_save: smoothness is inf");
    x.s->run.smoothness = 0.0;
    ck_assert_int_eq(sys.calls, 0);
    unsigned char *same = content_of(file_path, &now);
    ck_assert_int_eq(now, file.size);
    EXPECT_SAME(same, file.bytes, now);
    free(same);
    EXPECT_OK(saddle_solver_save(x.s, file_path));
    session_end(&x);
    saddle_context_destroy(c);
    file_end();
}
END_TEST

START_TEST(names_of_fields)
{
    static const char *const lists[] = {"integers", "numbers"};
    file_begin();
    for (int k = 0; k < 2; k++) {
        struct file f = file_copy();
        unsigned char *p = file_section(&f, lists[k]) + SADDLE_I_SECTION_HEADER;
        p[SADDLE_I_NAME - 1] = 'x';
        file_seal(&f);
        EXPECT_REFUSED(&f, k == 0 ? "integer 0 is not step" : "number 0 is not schedule_time");
        free(f.bytes);
    }
    file_end();
}
END_TEST

START_TEST(no_entry_of_a_vector_is_nan_or_infinite)
{
    static const char *const names[] = {"w", "kept", "method.snapshot"};
    file_begin();
    for (int k = 0; k < 6; k++) {
        char expected[60];
        struct file f = file_copy();
        saddle_i_store_real(file_section(&f, names[k / 2]) + SADDLE_I_SECTION_HEADER + 8 * (k % SESSION_DIM), k % 2 ? SADDLE_I_NAN : -SADDLE_I_INF);
        file_seal(&f);
        (void)snprintf(expected, sizeof expected, "entry %d of section %s is NaN or infinite", k % SESSION_DIM, names[k / 2]);
        EXPECT_REFUSED(&f, expected);
        free(f.bytes);
    }
    file_end();
}
END_TEST

START_TEST(options_of_a_file)
{
    file_begin();
    struct file f = file_copy();
    unsigned char *p = file_section(&f, "options"), *first = p + SADDLE_I_SECTION_HEADER;
    const uint64_t length = saddle_i_load64(p + 24);
    /* one that this version does not know, at its default, may be skipped */
    unsigned char *last = first + length;
    file_shift(&f, last, SADDLE_I_OPTION);
    saddle_i_store64(p + 24, length + SADDLE_I_OPTION);
    saddle_i_store32(last, 9999);
    file_seal(&f);
    EXPECT_OK(file_judge_pgd(&f));
    saddle_i_store32(last + 4, SADDLE_I_NOT_DEFAULT);
    file_seal(&f);
    EXPECT_REFUSED(&f, "option number 9999, which this version does not know");
    saddle_i_store32(last + 4, 2);
    file_seal(&f);
    EXPECT_REFUSED(&f, "option 9999 with flags 2 follows option 402");
    saddle_i_store32(last, 402);
    saddle_i_store32(last + 4, 0);
    file_seal(&f);
    EXPECT_REFUSED(&f, "follows option 402");
    free(f.bytes);
    f = file_copy();
    p = file_section(&f, "options");
    saddle_i_store32(p + SADDLE_I_SECTION_HEADER, 99); /* no seed */
    saddle_i_store32(p + SADDLE_I_SECTION_HEADER + 4, 0);
    file_seal(&f);
    EXPECT_FAIL(file_judge_pgd(&f), SADDLE_E_MISMATCH, "the checkpoint has seed 0, the solver has 7"); /* its default */
    free(f.bytes);
    f = file_copy();
    p = file_section(&f, "options");
    file_shift(&f, p + SADDLE_I_SECTION_HEADER + length, 8);
    saddle_i_store64(p + 24, length + 8);
    file_seal(&f);
    EXPECT_REFUSED(&f, "section options has 552 bytes instead of 544");
    free(f.bytes);
    file_end();
}
END_TEST

/* A file of a version that knew fewer options: those that it lacks have their defaults. */
START_TEST(options_that_a_file_does_not_have)
{
    saddle_option_info e = {.struct_size = (int64_t)sizeof e};
    file_begin();
    for (int64_t k = 0; saddle_option_describe(k, &e) == SADDLE_OK; k++) {
        struct file f = file_copy();
        unsigned char *p = file_section(&f, "options");
        unsigned char *entry = p + SADDLE_I_SECTION_HEADER + k * SADDLE_I_OPTION;
        ck_assert_int_eq(saddle_i_load32(entry), e.id);
        const int set_here = saddle_i_load32(entry + 4) == SADDLE_I_NOT_DEFAULT && e.id != SADDLE_OPT_MAX_STEPS &&
                             e.id != SADDLE_OPT_TARGET_VALUE && e.id != SADDLE_OPT_MAX_EPOCHS;
        file_shift(&f, entry, -SADDLE_I_OPTION);
        saddle_i_store64(p + 24, saddle_i_load64(p + 24) - SADDLE_I_OPTION);
        file_seal(&f);
        const saddle_status s = file_judge_pgd(&f);
        ck_assert_msg(s == (set_here ? SADDLE_E_MISMATCH : SADDLE_OK), "%s: %s", e.name, saddle_status_name(s));
        free(f.bytes);
    }
    file_end();
}
END_TEST

START_TEST(the_problem_of_a_file)
{
    file_begin();
    struct file f = file_copy();
    unsigned char *p = file_section(&f, "problem") + SADDLE_I_SECTION_HEADER;
    for (int k = 0; k < 3; k++) {
        static const char *const expected[] = {"the checkpoint has dim -5, the solver has 6", "has samples SADDLE_STREAM, the solver has 10",
                                               "the checkpoint has the grain -5, the solver has 4"};
        saddle_i_store64(p + SADDLE_I_NAME + 8 * k, k == 1 ? (uint64_t)SADDLE_STREAM : (uint64_t)-5);
        file_seal(&f);
        EXPECT_FAIL(file_judge_pgd(&f), SADDLE_E_MISMATCH, expected[k]);
        saddle_i_store64(p + SADDLE_I_NAME + 8 * k, k == 0 ? SESSION_DIM : k == 1 ? 10 : 4);
    }
    memset(p, 'x', SADDLE_I_NAME);
    file_seal(&f);
    EXPECT_FAIL(file_judge_pgd(&f), SADDLE_E_MISMATCH, "has the method that this version does not know, the solver has pgd");
    free(f.bytes);
    file_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_fields");
    TCase *c = tcase_create("files");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, integers_keep_their_bounds);
    tcase_add_test(c, numbers_keep_their_rules);
    tcase_add_test(c, fields_agree);
    tcase_add_test(c, what_loading_refuses_is_not_written);
    tcase_add_test(c, names_of_fields);
    tcase_add_test(c, no_entry_of_a_vector_is_nan_or_infinite);
    tcase_add_test(c, options_of_a_file);
    tcase_add_test(c, options_that_a_file_does_not_have);
    tcase_add_test(c, the_problem_of_a_file);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
