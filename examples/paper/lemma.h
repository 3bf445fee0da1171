/* SPDX-License-Identifier: BSD-3-Clause */
/* Half-spaces with f_z(w) = phi(<w, z>), |phi''| <= c |phi'|, ||z|| <= R: for each unit v
 *     E <grad f_z(w), v>^2 >= (v'H v / (c R))^2,
 * as |v'H v| <= E |phi''| <z, v>^2 <= c R E |phi'| |<z, v>| <= c R (E <grad f_z, v>^2)^(1/2). The sigmoid has c = 1. */
#ifndef LEMMA_H
#define LEMMA_H
#include <stdint.h>

struct lemma {
    int64_t checks, violations;
    double smallest; /* E <grad f_z, v>^2 (R/lambda)^2, at least 1 */
    double radius;   /* the greatest ||z||: 1, with rounding, of scaled data */
};

/* 40 random data sets, 5 points each, the 4 eigenpairs there; z scaled to ||z|| <= 1, or left as they are. Returns 0,
 * or -1 with an error printed. */
int lemma_random(const char *program, int scaled, struct lemma *out);

/* All z = R e_1, R = 1 and 8, w with <w, z> = 1, 2, .. 20: E <grad f_z, v>^2 (R/lambda)^2 = coth^2(<w, z>/2), and no c
 * below 1 would do. Gives the smallest that was found, and the largest relative distance from that. Returns so. */
int lemma_sharp(const char *program, double *smallest, double *error);

/* Data of a file, each z scaled to ||z|| = 1: the two leftmost and two rightmost eigenpairs by Lanczos at random
 * points, printed in a table. Returns as above. */
int lemma_file(const char *program, const char *path, int points, struct lemma *out);

#endif
