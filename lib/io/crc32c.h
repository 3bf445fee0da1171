/* SPDX-License-Identifier: BSD-3-Clause */
/* CRC-32C (Castagnoli), RFC 3720: polynomial 0x1EDC6F41 reflected, all ones at both ends. */
#ifndef SADDLE_I_CRC32C_H
#define SADDLE_I_CRC32C_H
#include <stddef.h>
#include <stdint.h>

struct saddle_i_crc32c {
    int instruction;       /* the processor has one for it */
    uint32_t table[8][256];/* else: eight bytes at a time */
};

/* The fastest way that this processor has, or the tables. */
void saddle_i_crc32c_init(struct saddle_i_crc32c *c, int tables_only);
/* The CRC of what had `crc` so far (0 of nothing) and these bytes after it. */
uint32_t saddle_i_crc32c(const struct saddle_i_crc32c *c, uint32_t crc, const void *bytes, size_t count);

#endif
