/* SPDX-License-Identifier: BSD-3-Clause */
/* The file format by itself: bytes in the order of the file on every machine, blocks that do not show. */
#include <stdio.h>
#include <stdlib.h>
#include "io/sections.h"
#include "support/expect.h"
#include "support/faulty_system.h"
#include "support/run_suite.h"

static char directory[100], path[200];
static saddle_context *context;
static struct faulty_system sys;

static void begin(void)
{
    faulty_system_init(&sys);
    context = faulty_system_context(&sys, NULL);
    (void)snprintf(path, sizeof path, "%s/file", fresh_directory(directory, sizeof directory));
}

static void end(void)
{
    ck_assert_int_eq(sys.open, 0);
    saddle_context_destroy(context);
    remove_directory(directory);
}

START_TEST(bytes_come_in_the_order_of_the_file)
{
    unsigned char b[8];
    saddle_i_store64(b, UINT64_C(0x0123456789abcdef));
    EXPECT_SAME(b, "\xef\xcd\xab\x89\x67\x45\x23\x01", 8);
    ck_assert(saddle_i_load64(b) == UINT64_C(0x0123456789abcdef));
    saddle_i_store32(b, UINT32_C(0x89abcdef));
    EXPECT_SAME(b, "\xef\xcd\xab\x89\x67", 5);
    ck_assert_uint_eq(saddle_i_load32(b), UINT32_C(0x89abcdef));
    saddle_i_store_real(b, -2.0);
    EXPECT_SAME(b, "\0\0\0\0\0\0\0\xc0", 8);
    ck_assert(saddle_i_load_real(b) == -2.0);
}
END_TEST

enum { LONGEST = 9 * SADDLE_I_BLOCK_BYTES / 8 + 1 };
static double number[LONGEST], back[LONGEST];

static void write_file(int64_t count, int by_bytes)
{
    struct saddle_i_writer w;
    EXPECT_OK(saddle_i_writer_begin(&w, context, path, 2,
                                    SADDLE_I_FILE_HEADER + saddle_i_section_bytes(3) + saddle_i_section_bytes(count * 8)));
    w.by_bytes = by_bytes;
    EXPECT_OK(saddle_i_writer_section(&w, "three", 0, 3));
    EXPECT_OK(saddle_i_writer_put(&w, "abc", 3));
    EXPECT_OK(saddle_i_writer_close(&w));
    EXPECT_OK(saddle_i_writer_section(&w, "reals", SADDLE_I_REQUIRED, count * 8));
    EXPECT_OK(saddle_i_writer_reals(&w, count, number));
    EXPECT_OK(saddle_i_writer_close(&w));
    EXPECT_OK(saddle_i_writer_end(&w));
}

static void read_file(int64_t count, int by_bytes)
{
    struct saddle_i_reader r;
    struct saddle_i_section s;
    memset(back, 0, sizeof back);
    EXPECT_OK(saddle_i_reader_begin(&r, context, path));
    r.by_bytes = by_bytes;
    EXPECT_OK(saddle_i_reader_next(&r, &s));
    ck_assert_str_eq(s.name, "three");
    ck_assert_uint_eq(s.flags, 0);
    EXPECT_OK(saddle_i_reader_check(&r, &s));
    EXPECT_OK(saddle_i_reader_small(&r, &s));
    EXPECT_SAME(r.block, "abc", 3);
    EXPECT_FAIL(saddle_i_reader_last(&r), SADDLE_E_FORMAT, "bytes follow its last section");
    EXPECT_OK(saddle_i_reader_next(&r, &s));
    ck_assert_int_eq(s.length, count * 8);
    ck_assert_uint_eq(s.flags, SADDLE_I_REQUIRED);
    EXPECT_OK(saddle_i_reader_check(&r, &s));
    EXPECT_OK(saddle_i_reader_reals(&r, &s, back));
    EXPECT_SAME(back, number, count * 8);
    ck_assert(count == LONGEST || back[count] == 0.0);
    EXPECT_OK(saddle_i_reader_last(&r));
    EXPECT_FAIL(saddle_i_reader_next(&r, &s), SADDLE_E_FORMAT, "0 bytes are left");
    saddle_i_reader_end(&r);
}

/* As a machine with the other order of bytes would, which makes no other file. */
START_TEST(both_ways_of_reals_agree)
{
    static const int64_t counts[] = {1, 2, 100, LONGEST / 3 - 1, LONGEST / 3, LONGEST / 3 + 1, LONGEST - 1, LONGEST};
    begin();
    for (int i = 0; i < LONGEST; i++) {
        number[i] = (double)(i - 100) / 7.0;
    }
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        int64_t sizes[2] = {0, 0};
        unsigned char *files[2];
        for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
            write_file(counts[k], by_bytes);
            files[by_bytes] = content_of(path, &sizes[by_bytes]);
            read_file(counts[k], 0);
            read_file(counts[k], 1);
        }
        ck_assert_int_eq(sizes[0], sizes[1]);
        EXPECT_SAME(files[0], files[1], sizes[0]);
        free(files[0]);
        free(files[1]);
    }
    end();
}
END_TEST

/* Each entry, also the last of a block and of all. */
START_TEST(nan_is_found_wherever_it_is)
{
    static const int64_t places[] = {0, 1, LONGEST / 3 - 1, LONGEST / 3, LONGEST - 2, LONGEST - 1};
    struct saddle_i_reader r;
    struct saddle_i_section s;
    begin();
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
        char expected[60];
        number[places[k]] = k % 2 ? SADDLE_I_NAN : SADDLE_I_INF;
        number[LONGEST - 1] = SADDLE_I_NAN; /* the first one is told */
        write_file(LONGEST, 0);
        number[places[k]] = number[LONGEST - 1] = 1.0;
        EXPECT_OK(saddle_i_reader_begin(&r, context, path));
        EXPECT_OK(saddle_i_reader_next(&r, &s));
        EXPECT_OK(saddle_i_reader_next(&r, &s));
        (void)snprintf(expected, sizeof expected, "entry %lld of section reals is NaN or infinite", (long long)places[k]);
        EXPECT_FAIL(saddle_i_reader_reals(&r, &s, back), SADDLE_E_FORMAT, expected);
        EXPECT_FAIL(saddle_i_reader_small(&r, &s), SADDLE_E_FORMAT, "more than 65536");
        saddle_i_reader_end(&r);
    }
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sections");
    TCase *c = tcase_create("sections");
    tcase_add_test(c, bytes_come_in_the_order_of_the_file);
    tcase_add_test(c, both_ways_of_reals_agree);
    tcase_add_test(c, nan_is_found_wherever_it_is);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
