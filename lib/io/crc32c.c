/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/crc32c.h"
#include <string.h>

#define POLYNOMIAL UINT32_C(0x82f63b78) /* 0x1EDC6F41, the other way round */

#if defined(__x86_64__) && defined(__GNUC__)
/* The instruction is SSE4.2's. */
static int has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t count)
{
    uint64_t wide = crc;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; count > 0; count--, p++) {
        crc = __builtin_ia32_crc32qi(crc, *p);
    }
    return crc;
}
#else
static int has_instruction(void)
{
    return 0;
}

static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t count)
{
    (void)p;
    (void)count;
    return crc;
}
#endif

/* table[0][b] is the CRC of byte b; table[k][b] that of byte b and k zeros behind it. */
static void make_tables(struct saddle_i_crc32c *c)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        }
        c->table[0][b] = crc;
    }
    for (int k = 1; k < 8; k++) {
        for (uint32_t b = 0; b < 256; b++) {
            c->table[k][b] = c->table[k - 1][b] >> 8 ^ c->table[0][c->table[k - 1][b] & 255];
        }
    }
}

void saddle_i_crc32c_init(struct saddle_i_crc32c *c, int tables_only)
{
    c->instruction = !tables_only && has_instruction();
    if (!c->instruction) {
        make_tables(c);
    }
}

static uint32_t by_tables(const struct saddle_i_crc32c *c, uint32_t crc, const unsigned char *p, size_t count)
{
    for (; count >= 8; count -= 8, p += 8) {
        const uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        crc = c->table[7][low & 255] ^ c->table[6][low >> 8 & 255] ^ c->table[5][low >> 16 & 255] ^ c->table[4][low >> 24] ^
              c->table[3][p[4]] ^ c->table[2][p[5]] ^ c->table[1][p[6]] ^ c->table[0][p[7]];
    }
    for (; count > 0; count--, p++) {
        crc = crc >> 8 ^ c->table[0][(crc ^ *p) & 255];
    }
    return crc;
}

uint32_t saddle_i_crc32c(const struct saddle_i_crc32c *c, uint32_t crc, const void *bytes, size_t count)
{
    return ~(c->instruction ? by_instruction(~crc, bytes, count) : by_tables(c, ~crc, bytes, count));
}
