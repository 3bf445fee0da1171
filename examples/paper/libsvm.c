/* SPDX-License-Identifier: BSD-3-Clause */
#include "libsvm.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MOST_INDEX = 100000000, MOST_LINE = 1 << 28, BLANKS_ONLY = 1, WRONG = -1, NO_MEMORY = -2 };

/* A file that is read line by line, and room for what was read. */
struct reader {
    gzFile file;
    char *line;
    size_t line_room;
    int64_t sample_room, entry_room, entries;
    struct libsvm *out;
};

static int grow(void *pointer, int64_t *room, int64_t wanted, size_t size)
{
    if (wanted <= *room) {
        return 0;
    }
    const int64_t more = wanted > 2 * *room ? wanted : 2 * *room;
    void *old, *p;
    memcpy(&old, pointer, sizeof old);
    p = realloc(old, (size_t)more * size);
    if (p == NULL) {
        return -1;
    }
    memcpy(pointer, &p, sizeof p);
    *room = more;
    return 0;
}

static int grow_samples(struct reader *r, int64_t wanted)
{
    int64_t labels = r->sample_room, rows = r->sample_room;
    if (wanted < r->sample_room) {
        return 0;
    }
    if (grow(&r->out->label, &labels, wanted + 1, sizeof(double)) != 0 ||
        grow(&r->out->row, &rows, wanted + 1, sizeof(int64_t)) != 0) {
        return -1;
    }
    r->sample_room = labels;
    return 0;
}

static int grow_entries(struct reader *r, int64_t wanted)
{
    int64_t columns = r->entry_room, values = r->entry_room;
    if (grow(&r->out->column, &columns, wanted, sizeof(int32_t)) != 0 ||
        grow(&r->out->value, &values, wanted, sizeof(double)) != 0) {
        return -1;
    }
    r->entry_room = columns;
    return 0;
}

/* One line, of any length up to MOST_LINE, into r->line. Returns 1, 0 at the end of the file, -1 with errno. */
static int next_line(struct reader *r)
{
    size_t length = 0;
    for (;;) {
        if (r->line_room < length + 4096) {
            char *p = r->line_room < MOST_LINE ? realloc(r->line, 2 * (length + 4096)) : NULL;
            if (p == NULL) {
                errno = ENOMEM;
                return -1;
            }
            r->line = p;
            r->line_room = 2 * (length + 4096);
        }
        if (gzgets(r->file, r->line + length, (int)(r->line_room - length)) == NULL) {
            int code;
            (void)gzerror(r->file, &code);
            if (code != Z_OK && code != Z_STREAM_END) {
                errno = code == Z_ERRNO ? errno : EINVAL;
                return -1;
            }
            return length > 0;
        }
        length += strlen(r->line + length);
        if (length > 0 && r->line[length - 1] == '\n') {
            return 1;
        }
    }
}

/* Returns 0, BLANKS_ONLY, WRONG or NO_MEMORY. */
static int read_line(struct reader *r)
{
    static const char blanks[] = " \t\r\n";
    struct libsvm *s = r->out;
    char *end;
    r->line[strcspn(r->line, "#")] = '\0';
    char *p = r->line + strspn(r->line, blanks);
    if (*p == '\0') {
        return BLANKS_ONLY;
    }
    const double label = strtod(p, &end);
    if (end == p || !isfinite(label)) {
        return WRONG;
    }
    if (grow_samples(r, s->samples + 1) != 0) {
        return NO_MEMORY;
    }
    s->label[s->samples] = label;
    for (p = end + strspn(end, blanks); *p != '\0'; p = end + strspn(end, blanks)) {
        const long index = strtol(p, &end, 10);
        if (end == p || *end != ':' || index < 1 || index > MOST_INDEX) {
            return WRONG;
        }
        p = end + 1;
        const double value = strtod(p, &end);
        if (end == p || !isfinite(value)) {
            return WRONG;
        }
        if (grow_entries(r, r->entries + 1) != 0) {
            return NO_MEMORY;
        }
        s->column[r->entries] = (int32_t)(index - 1);
        s->value[r->entries++] = value;
        s->dim = index > s->dim ? (int32_t)index : s->dim;
    }
    s->row[++s->samples] = r->entries;
    return 0;
}

static int read_lines(struct reader *r, const char *program, const char *path)
{
    int more, code = 0;
    int64_t number = 0;
    if (grow_samples(r, 1) != 0 || grow_entries(r, 1) != 0) {
        fprintf(stderr, "%s: out of memory\n", program);
        return -1;
    }
    r->out->row[0] = 0;
    while ((more = next_line(r)) > 0) {
        number++;
        code = read_line(r);
        if (code == NO_MEMORY) {
            fprintf(stderr, "%s: out of memory\n", program);
            return -1;
        }
        if (code == WRONG) {
            fprintf(stderr, "%s: %s, line %lld: expected label index:value ..., index from 1 to %d\n", program, path,
                    (long long)number, MOST_INDEX);
            return -1;
        }
    }
    if (more < 0) {
        fprintf(stderr, "%s: cannot read %s: %s\n", program, path, strerror(errno));
        return -1;
    }
    if (r->out->samples == 0 || r->out->dim == 0) {
        fprintf(stderr, "%s: %s has no samples\n", program, path);
        return -1;
    }
    return 0;
}

int libsvm_read(const char *program, const char *path, struct libsvm *out)
{
    *out = (struct libsvm){.dim = 0};
    struct reader r = {.out = out};
    errno = 0;
    r.file = gzopen(path, "rb");
    if (r.file == NULL) {
        fprintf(stderr, "%s: cannot read %s: %s\n", program, path, strerror(errno != 0 ? errno : ENOMEM));
        return -1;
    }
    const int code = read_lines(&r, program, path);
    (void)gzclose(r.file);
    free(r.line);
    return code;
}

void libsvm_release(struct libsvm *s)
{
    free(s->label);
    free(s->row);
    free(s->column);
    free(s->value);
    *s = (struct libsvm){.dim = 0};
}
