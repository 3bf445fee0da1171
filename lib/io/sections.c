/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/sections.h"
#include <string.h>

const unsigned char saddle_i_magic[8] = {0x89, 'S', 'A', 'D', '\r', '\n', 0x1a, '\n'};

/* Written out: compilers make one move of these, of a loop they do not. */
void saddle_i_store32(unsigned char *to, uint32_t x)
{
    to[0] = (unsigned char)x;
    to[1] = (unsigned char)(x >> 8);
    to[2] = (unsigned char)(x >> 16);
    to[3] = (unsigned char)(x >> 24);
}

void saddle_i_store64(unsigned char *to, uint64_t x)
{
    to[0] = (unsigned char)x;
    to[1] = (unsigned char)(x >> 8);
    to[2] = (unsigned char)(x >> 16);
    to[3] = (unsigned char)(x >> 24);
    to[4] = (unsigned char)(x >> 32);
    to[5] = (unsigned char)(x >> 40);
    to[6] = (unsigned char)(x >> 48);
    to[7] = (unsigned char)(x >> 56);
}

uint32_t saddle_i_load32(const unsigned char *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

uint64_t saddle_i_load64(const unsigned char *from)
{
    return (uint64_t)from[0] | (uint64_t)from[1] << 8 | (uint64_t)from[2] << 16 | (uint64_t)from[3] << 24 | (uint64_t)from[4] << 32 |
           (uint64_t)from[5] << 40 | (uint64_t)from[6] << 48 | (uint64_t)from[7] << 56;
}

void saddle_i_store_real(unsigned char *to, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    saddle_i_store64(to, bits);
}

double saddle_i_load_real(const unsigned char *from)
{
    const uint64_t bits = saddle_i_load64(from);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static saddle_status abandon(struct saddle_i_writer *w, saddle_status s)
{
    if (s != SADDLE_OK) {
        saddle_i_replace_abandon(&w->file);
        saddle_i_free(w->file.context, w->block);
        w->block = NULL;
    }
    return s;
}

static saddle_status flush(struct saddle_i_writer *w)
{
    const size_t fill = w->fill;
    w->fill = 0;
    w->written += (int64_t)fill;
    return abandon(w, saddle_i_replace_write(&w->file, w->block, fill));
}

saddle_status saddle_i_writer_put(struct saddle_i_writer *w, const void *bytes, size_t count)
{
    const unsigned char *from = bytes;
    w->running = saddle_i_crc32c(&w->crc, w->running, bytes, count);
    while (count > 0) {
        const size_t room = SADDLE_I_BLOCK_BYTES - w->fill, now = count < room ? count : room;
        memcpy(w->block + w->fill, from, now);
        w->fill += now;
        from += now;
        count -= now;
        if (w->fill == SADDLE_I_BLOCK_BYTES) {
            TRY(flush(w));
        }
    }
    return SADDLE_OK;
}

static saddle_status reals_by_bytes(struct saddle_i_writer *w, int64_t count, const double *x)
{
    for (int64_t i = 0; i < count; i++) {
        unsigned char bytes[8];
        saddle_i_store_real(bytes, x[i]);
        TRY(saddle_i_writer_put(w, bytes, sizeof bytes));
    }
    return SADDLE_OK;
}

/* Pieces that stay in the cache between their CRC and their write, and end where pages of the file do: a write that cuts a page costs
 * the system half as much again. */
saddle_status saddle_i_writer_reals(struct saddle_i_writer *w, int64_t count, const double *x)
{
    enum { PIECE = 4 * SADDLE_I_BLOCK_BYTES };
    if (w->by_bytes || count < SADDLE_I_BLOCK_BYTES / 8) {
        return w->by_bytes ? reals_by_bytes(w, count, x) : saddle_i_writer_put(w, x, (size_t)count * 8);
    }
    TRY(flush(w));
    const unsigned char *from = (const unsigned char *)x;
    for (int64_t left = count * 8, now; left > 0; left -= now, from += now) {
        now = PIECE - w->written % PIECE;
        now = now < left ? now : left;
        w->running = saddle_i_crc32c(&w->crc, w->running, from, (size_t)now);
        TRY(abandon(w, saddle_i_replace_write(&w->file, from, (size_t)now)));
        w->written += now;
    }
    return SADDLE_OK;
}

saddle_status saddle_i_writer_begin(struct saddle_i_writer *w, saddle_context *c, const char *path, uint32_t sections, int64_t length)
{
    unsigned char head[SADDLE_I_FILE_HEADER] = {0};
    void *p = NULL;
    saddle_i_crc32c_init(&w->crc, 0);
    TRY(saddle_i_alloc(c, SADDLE_I_BLOCK_BYTES, 1, &p));
    const saddle_status s = saddle_i_replace_begin(&w->file, c, path);
    if (s != SADDLE_OK) {
        saddle_i_free(c, p);
        return s;
    }
    w->block = p;
    w->fill = 0;
    w->written = 0;
    w->by_bytes = SADDLE_I_BY_BYTES;
    memcpy(head, saddle_i_magic, sizeof saddle_i_magic);
    saddle_i_store32(head + 8, SADDLE_I_FORMAT_VERSION);
    saddle_i_store32(head + 12, sections);
    saddle_i_store64(head + 16, (uint64_t)length);
    saddle_i_store32(head + 28, saddle_i_crc32c(&w->crc, 0, head, 28));
    return saddle_i_writer_put(w, head, sizeof head);
}

saddle_status saddle_i_writer_section(struct saddle_i_writer *w, const char *name, uint32_t flags, int64_t length)
{
    unsigned char head[SADDLE_I_SECTION_HEADER] = {0};
    memcpy(head, name, strlen(name));
    saddle_i_store64(head + 24, (uint64_t)length);
    saddle_i_store32(head + 32, flags);
    saddle_i_store32(head + 36, saddle_i_crc32c(&w->crc, 0, head, 36));
    w->running = 0;
    return saddle_i_writer_put(w, head, sizeof head);
}

saddle_status saddle_i_writer_close(struct saddle_i_writer *w)
{
    unsigned char end[SADDLE_I_SECTION_END];
    saddle_i_store32(end, w->running);
    return saddle_i_writer_put(w, end, sizeof end);
}

saddle_status saddle_i_writer_end(struct saddle_i_writer *w)
{
    TRY(flush(w));
    saddle_i_free(w->file.context, w->block);
    w->block = NULL;
    return saddle_i_replace_end(&w->file);
}
