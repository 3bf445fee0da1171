/* SPDX-License-Identifier: BSD-3-Clause */
/* CRC-32C against the known answers of RFC 3720, B.4; the instruction against the tables. */
#include "io/crc32c.h"
#include "support/expect.h"
#include "support/run_suite.h"

static void fill(unsigned char *bytes, int kind)
{
    for (int i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)(kind == 0 ? 0 : kind == 1 ? 0xff : kind == 2 ? i : 31 - i);
    }
}

START_TEST(known_answers)
{
    static const uint32_t answers[4] = {0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c};
    static const unsigned char read_command[48] = {
        0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
        0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    struct saddle_i_crc32c c;
    saddle_i_crc32c_init(&c, _i);
    ck_assert(!(_i && c.instruction));
    for (int kind = 0; kind < 4; kind++) {
        unsigned char bytes[32];
        fill(bytes, kind);
        ck_assert_uint_eq(saddle_i_crc32c(&c, 0, bytes, sizeof bytes), answers[kind]);
    }
    ck_assert_uint_eq(saddle_i_crc32c(&c, 0, read_command, sizeof read_command), 0xd9963a56);
    ck_assert_uint_eq(saddle_i_crc32c(&c, 0, "123456789", 9), 0xe3069283);
    ck_assert_uint_eq(saddle_i_crc32c(&c, 0, "", 0), 0);
}
END_TEST

/* Any length at any alignment, in one piece or two. */
START_TEST(pieces_and_ways_agree)
{
    struct saddle_i_crc32c best, tables;
    unsigned char bytes[128];
    saddle_i_crc32c_init(&best, 0);
    saddle_i_crc32c_init(&tables, 1);
    for (int i = 0; i < 128; i++) {
        bytes[i] = (unsigned char)(i * i * 7 + 13 * i + 5);
    }
    for (size_t from = 0; from < 9; from++) {
        for (size_t count = 0; count < 100; count++) {
            const uint32_t whole = saddle_i_crc32c(&best, 0, bytes + from, count);
            REQUIRE(whole == saddle_i_crc32c(&tables, 0, bytes + from, count));
            const size_t cut = count / 3;
            const uint32_t first = saddle_i_crc32c(&tables, 0, bytes + from, cut);
            REQUIRE(whole == saddle_i_crc32c(&best, first, bytes + from + cut, count - cut));
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crc32c");
    TCase *c = tcase_create("crc32c");
    tcase_add_loop_test(c, known_answers, 0, 2);
    tcase_add_test(c, pieces_and_ways_agree);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
