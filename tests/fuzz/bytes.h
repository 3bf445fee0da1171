/* SPDX-License-Identifier: BSD-3-Clause */
/* What the targets have in common: numbers out of an input, and how a finding ends the program. A target is
 * LLVMFuzzerTestOneInput(): libFuzzer calls it, or replay.c with the files of the corpus. */
#ifndef SADDLE_FUZZ_BYTES_H
#define SADDLE_FUZZ_BYTES_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An input that is used up gives zeros. */
struct bytes {
    const uint8_t *at;
    size_t left;
};

static inline unsigned bytes_one(struct bytes *b)
{
    if (b->left == 0) {
        return 0;
    }
    b->left--;
    return *b->at++;
}

/* 0 .. n-1, n <= 256 */
static inline int bytes_below(struct bytes *b, int n)
{
    return (int)(bytes_one(b) % (unsigned)n);
}

static inline uint64_t bytes_word(struct bytes *b)
{
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) {
        word |= (uint64_t)bytes_one(b) << (8 * i);
    }
    return word;
}

static inline double bytes_double(struct bytes *b)
{
    const uint64_t word = bytes_word(b);
    double x;
    memcpy(&x, &word, sizeof x);
    return x;
}

/* A finding. */
#define FUZZ_REQUIRE(condition, ...)                                               \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                          \
            fputc('\n', stderr);                                                   \
            abort();                                                               \
        }                                                                          \
    } while (0)

#endif
