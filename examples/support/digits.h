/* SPDX-License-Identifier: BSD-3-Clause */
/* 1,797 hand-written digits, 8 x 8 pixels, compiled in; data/README.md says where they come from. */
#ifndef DIGITS_H
#define DIGITS_H

enum { DIGITS_COUNT = 1797, DIGITS_PIXELS = 64, DIGITS_CLASSES = 10 };

/* Made by data/make_digits: 64 letters and the label. */
extern const char digits_rows[DIGITS_COUNT][DIGITS_PIXELS + 2];

/* Pixels as numbers from 0 to 1, image after image. */
void digits_pixels(double *pixels);

/* The label of an image, 0 .. 9. */
int digits_label(int image);

#endif
