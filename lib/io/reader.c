/* SPDX-License-Identifier: BSD-3-Clause */
/* The reading half of the format. A length is compared with the size of the file before it is used. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include "io/sections.h"

saddle_status saddle_i_reader_refuse(const struct saddle_i_reader *r, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    saddle_i_write_list(text, sizeof text, format, args);
    va_end(args);
    return saddle_i_fail(SADDLE_E_FORMAT, "loading: %s: %s", text, r->path);
}

static saddle_status fail(const struct saddle_i_reader *r, const char *call, int error)
{
    return saddle_i_fail(SADDLE_E_IO, "loading: %s failed (error %d: %s): %s", call, error, saddle_i_system_text(error), r->path);
}

/* Bytes that the size of the file says are there. */
static saddle_status fetch(const struct saddle_i_reader *r, int64_t offset, void *to, size_t count)
{
    unsigned char *p = to;
    while (count > 0) {
        const int64_t done = r->system->read(r->system->user, r->file, offset, p, count);
        if (done > 0) {
            p += done;
            offset += done;
            count -= (size_t)done;
        } else if (done == 0) {
            return saddle_i_fail(SADDLE_E_IO, "loading: the file ends at byte %lld of %lld, it was changed while it was read: %s",
                                 (long long)offset, (long long)r->size, r->path);
        } else if (errno != EINTR) {
            return fail(r, "reading", errno);
        }
    }
    return SADDLE_OK;
}

static saddle_status read_header(struct saddle_i_reader *r)
{
    unsigned char head[SADDLE_I_FILE_HEADER];
    if (r->size < SADDLE_I_FILE_HEADER) {
        return saddle_i_reader_refuse(r, "it has %lld bytes, and a checkpoint has more than %d", (long long)r->size, SADDLE_I_FILE_HEADER);
    }
    TRY(fetch(r, 0, head, sizeof head));
    if (memcmp(head, saddle_i_magic, sizeof saddle_i_magic) != 0) {
        return saddle_i_reader_refuse(r, "it does not begin as a checkpoint does");
    }
    if (saddle_i_load32(head + 28) != saddle_i_crc32c(&r->crc, 0, head, 28)) {
        return saddle_i_reader_refuse(r, "the checksum of its header is wrong: it is damaged");
    }
    const uint32_t version = saddle_i_load32(head + 8);
    if (version != SADDLE_I_FORMAT_VERSION) {
        return saddle_i_reader_refuse(r, "it has format version %lu, this library reads version %d", (unsigned long)version,
                                      SADDLE_I_FORMAT_VERSION);
    }
    const uint64_t length = saddle_i_load64(head + 16);
    if (length != (uint64_t)r->size || saddle_i_load32(head + 24) != 0) {
        return saddle_i_reader_refuse(r, "it has %lld bytes, its header says %llu", (long long)r->size, (unsigned long long)length);
    }
    r->sections = saddle_i_load32(head + 12);
    r->at = SADDLE_I_FILE_HEADER;
    return SADDLE_OK;
}

/* A pipe would wait for a writer, and has no size. */
static saddle_status open_file(struct saddle_i_reader *r)
{
    struct saddle_i_file f;
    r->file = saddle_i_system_open(r->system, saddle_i_system_here, r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (r->file < 0) {
        return fail(r, "opening the file", errno);
    }
    if (r->system->fstat(r->system->user, r->file, &f) != 0) {
        return fail(r, "looking at the file", errno);
    }
    if (!f.regular) {
        return saddle_i_fail(SADDLE_E_IO, "loading: it is no plain file: %s", r->path);
    }
    r->size = f.size;
    return SADDLE_OK;
}

static saddle_status begin(struct saddle_i_reader *r)
{
    void *p = NULL;
    TRY(saddle_i_alloc(r->context, SADDLE_I_BLOCK_BYTES, 1, &p));
    r->block = p;
    TRY(open_file(r));
    return read_header(r);
}

saddle_status saddle_i_reader_begin(struct saddle_i_reader *r, saddle_context *c, const char *path)
{
    r->context = c;
    r->system = saddle_i_system_of(c);
    r->path = path;
    r->file = -1;
    r->block = NULL;
    r->by_bytes = SADDLE_I_BY_BYTES;
    saddle_i_crc32c_init(&r->crc, 0);
    const saddle_status s = begin(r);
    if (s != SADDLE_OK) {
        saddle_i_reader_end(r);
    }
    return s;
}

void saddle_i_reader_end(struct saddle_i_reader *r)
{
    if (r->file >= 0) {
        (void)saddle_i_system_close(r->system, r->file);
    }
    saddle_i_free(r->context, r->block);
    r->file = -1;
    r->block = NULL;
}

/* 1 to 24 of a-z, 0-9, '_' and '.', then zeros: it may be put into a message. */
static int is_name(const unsigned char *name)
{
    int length = 0;
    while (length < SADDLE_I_NAME && ((name[length] >= 'a' && name[length] <= 'z') || (name[length] >= '0' && name[length] <= '9') ||
                                      name[length] == '_' || name[length] == '.')) {
        length++;
    }
    for (int i = length; i < SADDLE_I_NAME; i++) {
        if (name[i] != 0) {
            return 0;
        }
    }
    return length > 0;
}

saddle_status saddle_i_reader_next(struct saddle_i_reader *r, struct saddle_i_section *out)
{
    unsigned char head[SADDLE_I_SECTION_HEADER];
    const int64_t left = r->size - r->at;
    if (r->sections == 0 || left < SADDLE_I_SECTION_HEADER + SADDLE_I_SECTION_END) {
        return saddle_i_reader_refuse(r, "%lld bytes are left at byte %lld for %lu more sections", (long long)left, (long long)r->at,
                                      (unsigned long)r->sections);
    }
    TRY(fetch(r, r->at, head, sizeof head));
    if (saddle_i_load32(head + 36) != saddle_i_crc32c(&r->crc, 0, head, 36)) {
        return saddle_i_reader_refuse(r, "the checksum of the section header at byte %lld is wrong: it is damaged", (long long)r->at);
    }
    const uint64_t length = saddle_i_load64(head + 24);
    if (!is_name(head) || length > (uint64_t)(left - SADDLE_I_SECTION_HEADER - SADDLE_I_SECTION_END)) {
        return saddle_i_reader_refuse(r, "the section at byte %lld has no proper name, or a length of %llu bytes where %lld are left",
                                      (long long)r->at, (unsigned long long)length, (long long)left);
    }
    memcpy(out->name, head, SADDLE_I_NAME);
    out->name[SADDLE_I_NAME] = '\0';
    out->flags = saddle_i_load32(head + 32);
    if ((out->flags & ~(uint32_t)SADDLE_I_REQUIRED) != 0) {
        return saddle_i_reader_refuse(r, "section %s has the flags %lu, of which this library knows bit 0 alone", out->name,
                                      (unsigned long)out->flags);
    }
    out->offset = r->at + SADDLE_I_SECTION_HEADER;
    out->length = (int64_t)length;
    out->start = saddle_i_crc32c(&r->crc, 0, head, sizeof head);
    TRY(fetch(r, out->offset + out->length, head, SADDLE_I_SECTION_END));
    out->crc = saddle_i_load32(head);
    r->at = out->offset + out->length + SADDLE_I_SECTION_END;
    r->sections--;
    return SADDLE_OK;
}

saddle_status saddle_i_reader_last(const struct saddle_i_reader *r)
{
    return r->at == r->size ? SADDLE_OK
                            : saddle_i_reader_refuse(r, "%lld bytes follow its last section", (long long)(r->size - r->at));
}

static saddle_status check_crc(const struct saddle_i_reader *r, const struct saddle_i_section *s, uint32_t crc)
{
    return crc == s->crc ? SADDLE_OK
                         : saddle_i_reader_refuse(r, "section %s has the checksum %08lx, its bytes give %08lx: it is damaged", s->name,
                                                  (unsigned long)s->crc, (unsigned long)crc);
}

/* Block `first` of the content into r->block. */
static saddle_status fetch_block(struct saddle_i_reader *r, const struct saddle_i_section *s, int64_t first, size_t *count)
{
    const int64_t left = s->length - first;
    *count = left < SADDLE_I_BLOCK_BYTES ? (size_t)left : SADDLE_I_BLOCK_BYTES;
    return fetch(r, s->offset + first, r->block, *count);
}

saddle_status saddle_i_reader_check(struct saddle_i_reader *r, const struct saddle_i_section *s)
{
    uint32_t crc = s->start;
    size_t count;
    for (int64_t first = 0; first < s->length; first += (int64_t)count) {
        TRY(fetch_block(r, s, first, &count));
        crc = saddle_i_crc32c(&r->crc, crc, r->block, count);
    }
    return check_crc(r, s, crc);
}

saddle_status saddle_i_reader_small(struct saddle_i_reader *r, const struct saddle_i_section *s)
{
    size_t count;
    if (s->length > SADDLE_I_BLOCK_BYTES) {
        return saddle_i_reader_refuse(r, "section %s has %lld bytes, more than %d", s->name, (long long)s->length, SADDLE_I_BLOCK_BYTES);
    }
    TRY(fetch_block(r, s, 0, &count));
    return check_crc(r, s, saddle_i_crc32c(&r->crc, s->start, r->block, count));
}

/* The first that is NaN or infinite, -1 where none is. */
static int64_t first_bad(const double *x, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += x[i] * 0.0; /* 0, or NaN */
    }
    for (size_t i = 0; isnan(sum) && i < count; i++) {
        if (!isfinite(x[i])) {
            return (int64_t)i;
        }
    }
    return -1;
}

saddle_status saddle_i_reader_reals(struct saddle_i_reader *r, const struct saddle_i_section *s, double *out)
{
    uint32_t crc = s->start;
    size_t count;
    int64_t bad = -1;
    for (int64_t first = 0; first < s->length; first += (int64_t)count) {
        double *to = out + first / 8;
        TRY(fetch_block(r, s, first, &count));
        crc = saddle_i_crc32c(&r->crc, crc, r->block, count);
        for (size_t i = 0; r->by_bytes && i < count / 8; i++) {
            to[i] = saddle_i_load_real(r->block + 8 * i);
        }
        if (!r->by_bytes) {
            memcpy(to, r->block, count);
        }
        const int64_t here = bad < 0 ? first_bad(to, count / 8) : -1;
        bad = here < 0 ? bad : first / 8 + here;
    }
    TRY(check_crc(r, s, crc));
    return bad < 0 ? SADDLE_OK : saddle_i_reader_refuse(r, "entry %lld of section %s is NaN or infinite", (long long)bad, s->name);
}
