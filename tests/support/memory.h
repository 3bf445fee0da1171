/* SPDX-License-Identifier: BSD-3-Clause */
/* An allocator that counts, fills, guards and refuses. */
#ifndef SADDLE_TEST_MEMORY_H
#define SADDLE_TEST_MEMORY_H
#include <saddle/context.h>

struct memory {
    int64_t blocks;     /* alive */
    int64_t bytes;      /* alive */
    int64_t peak;       /* most bytes alive at once */
    int64_t calls;      /* of alloc */
    int64_t fail_at;    /* this call of alloc, from 1, returns NULL; 0 = none */
    int for_ever;       /* and all after it */
    int64_t largest;    /* more bytes than this are refused; 0 = no limit */
    int64_t refused;
    int fill;           /* of fresh memory; freed memory gets its complement */
    int entered;        /* atomic: somebody is inside */
    int64_t faults;     /* two at once, a wrong size, a damaged guard, 0 bytes, an alignment that is no power of two */
};

/* Counts from zero, with fresh memory full of `fill`. */
saddle_allocator memory_allocator(struct memory *m, int fill);

#endif
