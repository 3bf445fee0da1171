/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/sections.h"
#include <string.h>

const unsigned char saddle_i_magic[8] = {0x89, 'S', 'A', 'D', '\r', '\n', 0x1a, '\n'};

void saddle_i_store32(unsigned char *to, uint32_t x)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (unsigned char)(x >> 8 * i);
    }
}

void saddle_i_store64(unsigned char *to, uint64_t x)
{
    for (int i = 0; i < 8; i++) {
        to[i] = (unsigned char)(x >> 8 * i);
    }
}

uint32_t saddle_i_load32(const unsigned char *from)
{
    uint32_t x = 0;
    for (int i = 0; i < 4; i++) {
        x |= (uint32_t)from[i] << 8 * i;
    }
    return x;
}

uint64_t saddle_i_load64(const unsigned char *from)
{
    uint64_t x = 0;
    for (int i = 0; i < 8; i++) {
        x |= (uint64_t)from[i] << 8 * i;
    }
    return x;
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

saddle_status saddle_i_writer_reals(struct saddle_i_writer *w, int64_t count, const double *x)
{
    while (count > 0) {
        const int64_t room = (int64_t)((SADDLE_I_BLOCK_BYTES - w->fill) / sizeof(double)), now = count < room ? count : room;
        unsigned char *to = w->block + w->fill;
        for (int64_t i = 0; i < now; i++) {
            saddle_i_store_real(to + 8 * i, x[i]);
        }
        w->running = saddle_i_crc32c(&w->crc, w->running, to, (size_t)now * 8);
        w->fill += (size_t)now * 8;
        x += now;
        count -= now;
        if (count > 0) {
            TRY(flush(w));
        }
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
