/* SPDX-License-Identifier: BSD-3-Clause */
#include "libsvm.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MOST_INDEX = 100000000, MOST_LINE = 1 << 28, WRONG = -1, NO_MEMORY = -2, NO_FILE = -3 };

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

/* One line, of any length up to MOST_LINE, into r->line. Returns 1, 0 at the end of the file, WRONG (a zero byte),
 * NO_MEMORY (a longer line too), or NO_FILE, about which zlib knows more. */
static int next_line(struct reader *r)
{
    size_t length = 0;
    for (;;) {
        const int c = gzgetc(r->file);
        int code = Z_OK;
        if (r->line_room < length + 2) {
            char *p = r->line_room < MOST_LINE ? realloc(r->line, 2 * (length + 4096)) : NULL;
            if (p == NULL) {
                return NO_MEMORY;
            }
            r->line = p;
            r->line_room = 2 * (length + 4096);
        }
        if (c < 0) {
            (void)gzerror(r->file, &code);
        }
        if (code != Z_OK && code != Z_STREAM_END) {
            return NO_FILE;
        }
        if (c == '\0') {
            return WRONG;
        }
        if (c < 0 || c == '\n') {
            r->line[length] = '\0';
            return c == '\n' || length > 0;
        }
        r->line[length++] = (char)c;
    }
}

static const char blanks[] = " \t\r\n";

/* A finite number at text that a blank or the end follows; *end is left there. Returns 0 or WRONG. */
static int read_number(const char *text, char **end, double *out)
{
    if (*text == '\0' || strchr(blanks, *text) != NULL) {
        return WRONG;
    }
    *out = strtod(text, end);
    return *end != text && isfinite(*out) && (**end == '\0' || strchr(blanks, **end) != NULL) ? 0 : WRONG;
}

/* Returns 0, WRONG or NO_MEMORY. */
static int read_line(struct reader *r)
{
    struct libsvm *s = r->out;
    char *end;
    double label;
    long last = 0;
    r->line[strcspn(r->line, "#")] = '\0';
    char *p = r->line + strspn(r->line, blanks);
    if (*p == '\0') {
        return 0;
    }
    if (read_number(p, &end, &label) != 0) {
        return WRONG;
    }
    if (grow_samples(r, s->samples + 1) != 0) {
        return NO_MEMORY;
    }
    s->label[s->samples] = label;
    for (p = end + strspn(end, blanks); *p != '\0'; p = end + strspn(end, blanks)) {
        const long index = strtol(p, &end, 10);
        double value;
        if (end == p || *end != ':' || index <= last || index > MOST_INDEX || read_number(end + 1, &end, &value) != 0) {
            return WRONG;
        }
        last = index;
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

/* Returns as read_line() and next_line(); *number is the line at fault. */
static int read_lines(struct reader *r, int64_t *number)
{
    int more;
    *number = 0;
    if (grow_samples(r, 1) != 0 || grow_entries(r, 1) != 0) {
        return NO_MEMORY;
    }
    r->out->row[0] = 0;
    do {
        more = next_line(r);
        *number += more != 0;
        const int code = more > 0 ? read_line(r) : more;
        if (code != 0) {
            return code;
        }
    } while (more > 0);
    return 0;
}

static int tell(const struct reader *r, const char *program, const char *path, int code, int64_t number)
{
    int zlib;
    const char *why = gzerror(r->file, &zlib);
    if (code == NO_MEMORY) {
        fprintf(stderr, "%s: %s, line %lld: out of memory, or too long a line\n", program, path, (long long)number);
    } else if (code == NO_FILE) {
        fprintf(stderr, "%s: cannot read %s: %s\n", program, path, zlib == Z_ERRNO ? strerror(errno) : why);
    } else if (code == WRONG) {
        fprintf(stderr, "%s: %s, line %lld: expected label index:value ..., indices rising, from 1 to %d\n", program,
                path, (long long)number, MOST_INDEX);
    } else if (r->out->dim == 0) {
        fprintf(stderr, "%s: %s has no entries\n", program, path);
    } else {
        return 0;
    }
    return -1;
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
    int64_t number;
    int code = read_lines(&r, &number);
    code = tell(&r, program, path, code, number);
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
