/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk in memory with room for a file and its temporary: the system's calls of a context, without the system. */
#ifndef SADDLE_FUZZ_STORE_H
#define SADDLE_FUZZ_STORE_H
#include "io/system.h"

enum { STORE_MOST = 1 << 15 };

struct store {
    struct saddle_i_system table;
    struct store_file {
        int there;
        int64_t size;
        unsigned char content[STORE_MOST];
    } file, temporary;
    int64_t open; /* files and folders */
};

#define STORE_PATH "run" /* any other name is that of the temporary */

/* An empty disk. */
void store_init(struct store *d);
/* What a context looks at instead of the disk. */
void store_attach(struct store *d, saddle_context *c);

#endif
