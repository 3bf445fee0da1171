/* SPDX-License-Identifier: BSD-3-Clause */
#include "digits.h"

void digits_pixels(double *pixels)
{
    for (int i = 0; i < DIGITS_COUNT; i++) {
        for (int j = 0; j < DIGITS_PIXELS; j++) {
            pixels[i * DIGITS_PIXELS + j] = (digits_rows[i][j] - 'A') / 16.0;
        }
    }
}

int digits_label(int image)
{
    return digits_rows[image][DIGITS_PIXELS] - '0';
}
