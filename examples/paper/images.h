/* SPDX-License-Identifier: BSD-3-Clause */
/* Images of digits for the studies of networks: the 1,797 that the examples carry (8 x 8 pixels), or files of MNIST's
 * kind (IDX, as they are or packed by gzip), whose images are shrunk to 10 x 10 pixels by averaging over cells. */
#ifndef IMAGES_H
#define IMAGES_H
#include <stdint.h>
#include "../support/words.h"

enum { IMAGES_CLASSES = 10, IMAGES_SIDE = 10 };

struct images {
    int64_t count;
    int pixels;           /* of an image */
    double *x;            /* count * pixels numbers, from 0 to 1, or to 255 when raw */
    unsigned char *label; /* 0 .. 9 */
    int raw;
    int own;              /* the digits of the examples */
};

/* For struct program. */
#define IMAGES_WORDS                                                                                                 \
    {"images", "FILES", "IDX files of images, divided by commas, .gz or not. [the 1,797 digits of the examples]"},   \
        {"labels", "FILES", "The IDX files of their labels, in the same order."},                                    \
        {"pixels", "WORD", "unit: pixels from 0 to 1; raw: from 0 to 255. [unit]"},                                  \
        {"samples", "INTEGER", "Only the first so many images. [all]"}

/* Reads what the words ask for. Returns EXIT_GOOD, or with an error printed EXIT_FAILED or EXIT_USAGE. */
int images_read(struct images *m, const struct words *words);

void images_free(struct images *m);

#endif
