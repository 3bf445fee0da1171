/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are damaged, cut or made by an enemy: refused, with solver and w as they were. */
#include <stdio.h>
#include <stdlib.h>
#include "support/checkpoint_file.h"
#include "support/expect.h"
#include "support/run_suite.h"

START_TEST(each_byte_is_covered)
{
    file_begin();
    for (int64_t i = 0; i < file.size; i++) {
        for (int bit = 0; bit < 8; bit += 7) {
            file.bytes[i] ^= (unsigned char)(1 << bit);
            REQUIRE(file_judge_pgd(&file) == SADDLE_E_FORMAT);
            file.bytes[i] ^= (unsigned char)(1 << bit);
        }
    }
    EXPECT_OK(file_judge_pgd(&file));
    file_end();
}
END_TEST

START_TEST(each_length_is_seen)
{
    file_begin();
    const int64_t size = file.size;
    for (file.size = 0; file.size < size; file.size++) {
        REQUIRE(file_judge_pgd(&file) == SADDLE_E_FORMAT);
    }
    file.size = size;
    file.bytes = realloc(file.bytes, (size_t)size + 1);
    file.bytes[size] = 0;
    file.size = size + 1;
    EXPECT_REFUSED(&file, "its header says");
    file_end();
}
END_TEST

START_TEST(sections_that_are_not_known)
{
    file_begin();
    struct file f = file_copy();
    file_add_section(&f, "colour", 0, 100);
    file_add_section(&f, "colour", 0, 0);
    file_seal(&f);
    EXPECT_OK(file_judge_pgd(&f)); /* optional ones are skipped, */
    f.bytes[f.size - 50] ^= 1;
    EXPECT_REFUSED(&f, "checksum"); /* if they are whole */
    f.bytes[f.size - 50] ^= 1;
    file_add_section(&f, "shape", SADDLE_I_REQUIRED, 8);
    file_seal(&f);
    EXPECT_REFUSED(&f, "a section shape, which this version does not know");
    free(f.bytes);
    f = file_copy();
    file_add_section(&f, "colour", 2, 8);
    file_seal(&f);
    EXPECT_REFUSED(&f, "section colour has the flags 2");
    free(f.bytes);
    f = file_copy();
    file_add_section(&f, "Colour", 0, 8);
    file_seal(&f);
    EXPECT_REFUSED(&f, "no proper name");
    free(f.bytes);
    f = file_copy();
    file_add_section(&f, "", 0, 8);
    file_seal(&f);
    EXPECT_REFUSED(&f, "no proper name");
    free(f.bytes);
    f = file_copy();
    file_add_section(&f, "colour", 0, 8);
    f.bytes[f.size - 12 - 30] = 'x'; /* behind the zeros that end the name */
    file_seal(&f);
    EXPECT_REFUSED(&f, "no proper name");
    free(f.bytes);
    f = file_copy();
    file_add_section(&f, "abcdefghijklmnopqrstuvwx", 0, 8); /* the longest name there is */
    file_seal(&f);
    EXPECT_OK(file_judge_pgd(&f));
    file_add_section(&f, "abcdefghijklmnopqrstuvwx", SADDLE_I_REQUIRED, 8);
    file_seal(&f);
    EXPECT_REFUSED(&f, "a section abcdefghijklmnopqrstuvwx, which");
    free(f.bytes);
    file_end();
}
END_TEST

START_TEST(sections_that_are_missing_or_there_twice)
{
    static const char *const names[] = {"problem", "options", "integers", "numbers", "w", "kept", "method.snapshot"};
    file_begin();
    for (int k = 0; k < 7; k++) {
        char expected[60];
        struct file f = file_copy();
        unsigned char *p = file_section(&f, names[k]);
        const int64_t bytes = saddle_i_section_bytes((int64_t)saddle_i_load64(p + 24));
        unsigned char *twice = malloc((size_t)bytes);
        ck_assert_ptr_nonnull(twice);
        memcpy(twice, p, (size_t)bytes);
        file_shift(&f, p, -bytes);
        file_seal(&f);
        (void)snprintf(expected, sizeof expected, k < 4 ? "it has no section %s" : "it has 2 vectors instead of 3", names[k]);
        EXPECT_REFUSED(&f, expected);
        for (int more = 0; more < 2; more++) { /* at the end: any order will do; and a second one */
            memcpy(f.bytes + f.size, twice, (size_t)bytes);
            f.size += bytes;
            file_seal(&f);
            if (more == 0) {
                EXPECT_OK(file_judge_pgd(&f));
            }
        }
        (void)snprintf(expected, sizeof expected, "two sections %s", names[k]);
        EXPECT_REFUSED(&f, expected);
        free(twice);
        free(f.bytes);
    }
    file_end();
}
END_TEST

START_TEST(a_vector_that_its_run_does_not_have)
{
    file_begin_with(FILE_PGD, 0); /* the last output: nothing is kept */
    struct file f = file_copy();
    file_add_section(&f, "kept", SADDLE_I_REQUIRED, SESSION_DIM * 8);
    file_seal(&f);
    EXPECT_FAIL(file_judge(FILE_PGD, 0, f.bytes, f.size), SADDLE_E_FORMAT, "3 vectors instead of 2");
    unsigned char *p = file_section(&f, "method.snapshot");
    file_shift(&f, p, -saddle_i_section_bytes(SESSION_DIM * 8));
    file_seal(&f);
    EXPECT_FAIL(file_judge(FILE_PGD, 0, f.bytes, f.size), SADDLE_E_FORMAT, "no section method.snapshot");
    free(f.bytes);
    file_end();
}
END_TEST

/* A section that ends, or begins, where it should not, with right checksums. */
START_TEST(lengths_that_lie)
{
    static const char *const names[] = {"problem", "options", "integers", "numbers", "w", "kept", "method.snapshot"};
    static const uint64_t lies[] = {0, 1, 7, 65537, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 61, UINT64_C(1) << 63,
                                    UINT64_MAX, UINT64_MAX - 43, UINT64_MAX - 3};
    file_begin();
    for (int k = 0; k < 7; k++) {
        for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
            struct file f = file_copy();
            saddle_i_store64(file_section(&f, names[k]) + 24, lies[i]);
            file_seal(&f);
            REQUIRE(file_judge_pgd(&f) == SADDLE_E_FORMAT);
            free(f.bytes);
        }
        for (int64_t more = -8; more <= 8; more += 16) {
            struct file f = file_copy();
            unsigned char *p = file_section(&f, names[k]);
            const uint64_t length = saddle_i_load64(p + 24);
            file_shift(&f, p + SADDLE_I_SECTION_HEADER, more);
            saddle_i_store64(p + 24, length + (uint64_t)more);
            file_seal(&f);
            REQUIRE(file_judge_pgd(&f) == SADDLE_E_FORMAT);
            free(f.bytes);
        }
    }
    file_end();
}
END_TEST

START_TEST(headers_that_lie)
{
    static const struct {
        int at;
        unsigned char value;
        const char *expected;
    } lies[] = {{0, 'X', "does not begin as a checkpoint does"}, {8, 2, "format version 2, this library reads version 1"}, {16, 1, "its header says"},
                {24, 1, "its header says"}, {12, 6, "bytes follow its last section"}, {12, 8, "bytes are left"}, {12, 0, "bytes follow its last section"}};
    file_begin();
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct file f = file_copy();
        f.bytes[lies[i].at] = lies[i].value;
        struct saddle_i_crc32c crc;
        saddle_i_crc32c_init(&crc, 0);
        saddle_i_store32(f.bytes + 28, saddle_i_crc32c(&crc, 0, f.bytes, 28));
        EXPECT_REFUSED(&f, lies[i].expected);
        free(f.bytes);
    }
    file_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_files");
    TCase *c = tcase_create("files");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, each_byte_is_covered);
    tcase_add_test(c, each_length_is_seen);
    tcase_add_test(c, sections_that_are_not_known);
    tcase_add_test(c, sections_that_are_missing_or_there_twice);
    tcase_add_test(c, a_vector_that_its_run_does_not_have);
    tcase_add_test(c, lengths_that_lie);
    tcase_add_test(c, headers_that_lie);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
