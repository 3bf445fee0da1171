/* SPDX-License-Identifier: BSD-3-Clause */
#include "images.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "../support/digits.h"

enum { MOST_SIDE = 1024, MOST_IMAGES = 100000000, MAGIC_IMAGES = 0x803, MAGIC_LABELS = 0x801, NAME = 4096 };

static int complain(const char *file, const char *what)
{
    fprintf(stderr, "%s: %s\n", file, what);
    return EXIT_FAILED;
}

/* One file: its head, and bytes to be read on. */
struct idx {
    gzFile file;
    uint32_t magic, count, rows, columns;
};

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
}

static int idx_open(struct idx *f, const char *name, uint32_t magic)
{
    unsigned char head[16] = {0};
    const unsigned length = magic == MAGIC_IMAGES ? 16 : 8;
    f->file = gzopen(name, "rb");
    if (f->file == NULL) {
        return complain(name, "cannot be opened");
    }
    const int whole = gzread(f->file, head, length) == (int)length;
    f->magic = big_endian(head);
    f->count = big_endian(head + 4);
    f->rows = big_endian(head + 8);
    f->columns = big_endian(head + 12);
    const int sides = magic == MAGIC_LABELS ||
                      (f->rows >= 1 && f->rows <= MOST_SIDE && f->columns >= 1 && f->columns <= MOST_SIDE);
    if (whole && f->magic == magic && f->count >= 1 && f->count <= MOST_IMAGES && sides) {
        return EXIT_GOOD;
    }
    (void)gzclose(f->file);
    return complain(name, magic == MAGIC_IMAGES ? "is no IDX file of images" : "is no IDX file of labels");
}

/* After the last byte the file ends: the head was right, and zlib has seen the checksum, all of it. */
static int idx_end(const struct idx *f, const char *name)
{
    unsigned char more;
    int error = Z_OK;
    if (gzread(f->file, &more, 1) > 0) {
        return complain(name, "is longer than its head says");
    }
    (void)gzerror(f->file, &error);
    return error == Z_OK ? EXIT_GOOD : complain(name, "is damaged");
}

/* The part of cell number `cell` of IMAGES_SIDE over `from` pixels that is on pixel i: those of a cell add up to 1. */
static double share(int cell, int i, int from)
{
    const double size = (double)from / IMAGES_SIDE;
    const double first = fmax(cell * size, i), last = fmin((cell + 1) * size, i + 1.0);
    return fmax(last - first, 0.0) / size;
}

struct shrink {
    int rows, columns;
    double down[IMAGES_SIDE][MOST_SIDE], across[IMAGES_SIDE][MOST_SIDE];
};

static void shrink_one(const struct shrink *s, const unsigned char *bytes, double *x)
{
    for (int r = 0; r < IMAGES_SIDE; r++) {
        for (int c = 0; c < IMAGES_SIDE; c++) {
            double sum = 0.0;
            for (int i = 0; i < s->rows; i++) {
                const unsigned char *row = bytes + (size_t)i * (size_t)s->columns;
                for (int j = 0; s->down[r][i] > 0.0 && j < s->columns; j++) {
                    sum += s->down[r][i] * s->across[c][j] * row[j];
                }
            }
            x[r * IMAGES_SIDE + c] = sum;
        }
    }
}

/* Appends to m: there is room made for `count` more. */
static int grow(struct images *m, int64_t count)
{
    const size_t total = (size_t)(m->count + count);
    double *x = realloc(m->x, total * (size_t)m->pixels * sizeof *x);
    if (x == NULL) {
        return EXIT_FAILED;
    }
    m->x = x;
    unsigned char *label = realloc(m->label, total);
    if (label == NULL) {
        return EXIT_FAILED;
    }
    m->label = label;
    return EXIT_GOOD;
}

static int read_images(struct images *m, struct idx *f, const char *name)
{
    struct shrink *s = calloc(1, sizeof *s);
    unsigned char *bytes = malloc((size_t)f->rows * f->columns);
    int code = EXIT_GOOD;
    if (s == NULL || bytes == NULL || grow(m, f->count) != EXIT_GOOD) {
        code = complain(name, "needs more memory");
    }
    if (code == EXIT_GOOD) {
        s->rows = (int)f->rows;
        s->columns = (int)f->columns;
        for (int cell = 0; cell < IMAGES_SIDE; cell++) {
            for (int i = 0; i < MOST_SIDE; i++) {
                s->down[cell][i] = i < s->rows ? share(cell, i, s->rows) : 0.0;
                s->across[cell][i] = i < s->columns ? share(cell, i, s->columns) : 0.0;
            }
        }
    }
    for (uint32_t i = 0; code == EXIT_GOOD && i < f->count; i++) {
        if (gzfread(bytes, f->columns, f->rows, f->file) != f->rows) {
            code = complain(name, "ends too early, or is damaged");
        } else {
            shrink_one(s, bytes, m->x + (m->count + i) * m->pixels);
        }
    }
    free(bytes);
    free(s);
    return code == EXIT_GOOD ? idx_end(f, name) : code;
}

static int read_labels(struct images *m, struct idx *f, const char *name)
{
    unsigned char *label = m->label + m->count;
    if (gzfread(label, 1, f->count, f->file) != f->count) {
        return complain(name, "ends too early, or is damaged");
    }
    for (uint32_t i = 0; i < f->count; i++) {
        if (label[i] >= IMAGES_CLASSES) {
            return complain(name, "has a label above 9");
        }
    }
    return idx_end(f, name);
}

static int read_pair(struct images *m, const char *images, const char *labels)
{
    struct idx f;
    int code = idx_open(&f, images, MAGIC_IMAGES);
    if (code != EXIT_GOOD) {
        return code;
    }
    const uint32_t count = f.count;
    code = read_images(m, &f, images);
    (void)gzclose(f.file);
    code = code == EXIT_GOOD ? idx_open(&f, labels, MAGIC_LABELS) : code;
    if (code != EXIT_GOOD) {
        return code;
    }
    code = f.count == count ? read_labels(m, &f, labels) : complain(labels, "has another number than there are images");
    (void)gzclose(f.file);
    m->count += code == EXIT_GOOD ? count : 0;
    return code;
}

/* The next name of a list, 0 when there is none; 1 otherwise. */
static int next_name(const char **list, char name[NAME])
{
    const size_t length = strcspn(*list, ",");
    if (length == 0 || length >= NAME) {
        return 0;
    }
    memcpy(name, *list, length);
    name[length] = '\0';
    *list += length + ((*list)[length] == ',');
    return 1;
}

static int read_files(struct images *m, const char *images, const char *labels)
{
    char image[NAME], label[NAME];
    m->pixels = IMAGES_SIDE * IMAGES_SIDE;
    int code = EXIT_GOOD;
    do {
        if (!next_name(&images, image) || !next_name(&labels, label)) {
            return complain("--labels", "give as many files as in --images");
        }
        code = read_pair(m, image, label);
    } while (code == EXIT_GOOD && (*images != '\0' || *labels != '\0'));
    return code;
}

static int take_digits(struct images *m)
{
    m->pixels = DIGITS_PIXELS;
    m->own = 1;
    if (grow(m, DIGITS_COUNT) != EXIT_GOOD) {
        return complain("the digits", "need more memory");
    }
    digits_pixels(m->x);
    for (int i = 0; i < DIGITS_COUNT; i++) {
        m->label[i] = (unsigned char)digits_label(i);
    }
    m->count = DIGITS_COUNT;
    return EXIT_GOOD;
}

int images_read(struct images *m, const struct words *words)
{
    const char *images = words_value(words, "images"), *labels = words_value(words, "labels");
    const char *pixels = words_value(words, "pixels");
    int64_t samples;
    *m = (struct images){.raw = pixels != NULL && strcmp(pixels, "raw") == 0};
    if (pixels != NULL && !m->raw && strcmp(pixels, "unit") != 0) {
        fprintf(stderr, "%s: --pixels is \"%s\": expected unit or raw\n", words->program->name, pixels);
        return EXIT_USAGE;
    }
    if ((images == NULL) != (labels == NULL)) {
        fprintf(stderr, "%s: --images and --labels go together\n", words->program->name);
        return EXIT_USAGE;
    }
    int code = words_integer(words, "samples", 1, MOST_IMAGES, MOST_IMAGES, &samples);
    if (code == EXIT_GOOD) {
        code = images == NULL ? take_digits(m) : read_files(m, images, labels);
    }
    if (code != EXIT_GOOD) {
        images_free(m);
        return code;
    }
    m->count = samples < m->count ? samples : m->count;
    /* the digits come from 0 to 1, bytes from 0 to 255 */
    const double scale = m->own ? (m->raw ? 255.0 : 1.0) : (m->raw ? 1.0 : 1.0 / 255.0);
    for (int64_t i = 0; i < m->count * m->pixels; i++) {
        m->x[i] *= scale;
    }
    return EXIT_GOOD;
}

void images_free(struct images *m)
{
    free(m->x);
    free(m->label);
    *m = (struct images){0};
}
