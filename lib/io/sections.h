/* SPDX-License-Identifier: BSD-3-Clause */
/* The file format, docs/checkpoint-format.md: a header and named sections, each with its length and CRC-32C, all numbers little-endian
 * whatever the machine. Both ways go through one block of 64 KiB: a vector is never copied as a whole. What comes from a file is checked
 * before it is used. */
#ifndef SADDLE_I_SECTIONS_H
#define SADDLE_I_SECTIONS_H
#include "io/crc32c.h"
#include "io/replace.h"

enum {
    SADDLE_I_FORMAT_VERSION = 1,
    SADDLE_I_NAME = 24,            /* bytes of a name, zeros behind it */
    SADDLE_I_FILE_HEADER = 32,     /* bytes */
    SADDLE_I_SECTION_HEADER = 40,
    SADDLE_I_SECTION_END = 4,
    SADDLE_I_REQUIRED = 1,         /* flag: who does not know the section must not go on */
    SADDLE_I_BLOCK_BYTES = 65536
};

extern const unsigned char saddle_i_magic[8];

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#  define SADDLE_I_BY_BYTES 0
#else
#  define SADDLE_I_BY_BYTES 1
#endif

void saddle_i_store32(unsigned char *to, uint32_t x);
void saddle_i_store64(unsigned char *to, uint64_t x);
uint32_t saddle_i_load32(const unsigned char *from);
uint64_t saddle_i_load64(const unsigned char *from);
void saddle_i_store_real(unsigned char *to, double x);
double saddle_i_load_real(const unsigned char *from);

struct saddle_i_writer {
    struct saddle_i_replacement file;
    struct saddle_i_crc32c crc;
    unsigned char *block;
    size_t fill;      /* bytes of the block in use */
    int64_t written;  /* bytes of the file before the block */
    uint32_t running; /* CRC of the section so far */
    int by_bytes;     /* reals are not in memory as in the file: they go through the block */
};
/* After a failure of any of these the old file is whole, and there is nothing to be ended. */
/* A file of so many sections and bytes. */
saddle_status saddle_i_writer_begin(struct saddle_i_writer *w, saddle_context *c, const char *path, uint32_t sections, int64_t length);
/* The next section, whose content is then put in. */
saddle_status saddle_i_writer_section(struct saddle_i_writer *w, const char *name, uint32_t flags, int64_t length);
saddle_status saddle_i_writer_put(struct saddle_i_writer *w, const void *bytes, size_t count);
saddle_status saddle_i_writer_reals(struct saddle_i_writer *w, int64_t count, const double *x);
/* Its end. */
saddle_status saddle_i_writer_close(struct saddle_i_writer *w);
saddle_status saddle_i_writer_end(struct saddle_i_writer *w);
/* Bytes of a section with so many of content. */
static inline int64_t saddle_i_section_bytes(int64_t length)
{
    return SADDLE_I_SECTION_HEADER + length + SADDLE_I_SECTION_END;
}

struct saddle_i_section {
    char name[SADDLE_I_NAME + 1];
    uint32_t flags;
    int64_t offset, length; /* of its content */
    uint32_t start;         /* CRC of its header, */
    uint32_t crc;           /* and of header and content, as the end says */
};

struct saddle_i_reader {
    saddle_context *context;
    const struct saddle_i_system *system;
    const char *path;
    int file;
    int64_t size, at;     /* bytes; where the next section begins */
    uint32_t sections;    /* that are still to come */
    struct saddle_i_crc32c crc;
    unsigned char *block;
    int by_bytes;         /* as in the writer */
};
/* Opens a file and reads its header. */
saddle_status saddle_i_reader_begin(struct saddle_i_reader *r, saddle_context *c, const char *path);
void saddle_i_reader_end(struct saddle_i_reader *r);
/* The header of the next section, whose content lies in the file; after the last one SADDLE_E_FORMAT if there is more. */
saddle_status saddle_i_reader_next(struct saddle_i_reader *r, struct saddle_i_section *out);
saddle_status saddle_i_reader_last(const struct saddle_i_reader *r);
/* All of its content is looked at: its CRC. */
saddle_status saddle_i_reader_check(struct saddle_i_reader *r, const struct saddle_i_section *s);
/* The content of at most a block into r->block, its CRC checked. */
saddle_status saddle_i_reader_small(struct saddle_i_reader *r, const struct saddle_i_section *s);
/* The content as finite reals, of which there are length/8. On failure out is scratch. */
saddle_status saddle_i_reader_reals(struct saddle_i_reader *r, const struct saddle_i_section *s, double *out);
/* SADDLE_E_FORMAT that begins with this and ends with the path. */
SADDLE_I_COLD saddle_status saddle_i_reader_refuse(const struct saddle_i_reader *r, const char *format, ...) SADDLE_I_PRINTF(2, 3);

#endif
