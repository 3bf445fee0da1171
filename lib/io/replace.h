/* SPDX-License-Identifier: BSD-3-Clause */
/* A file is replaced as a whole or not at all: what is written goes to a temporary in the same directory, which takes the name of the
 * file once all of it has reached the disk. Whoever reads the name finds the old file or the new one, also after a crash. */
#ifndef SADDLE_I_REPLACE_H
#define SADDLE_I_REPLACE_H
#include "io/system.h"

struct saddle_i_replacement {
    saddle_context *context;
    const struct saddle_i_system *system;
    const char *path;  /* the caller's */
    const char *name;  /* its last part */
    int folder, file;  /* the directory and the temporary, open; -1 = closed */
    char temporary[160]; /* NAME.0123456789abcdef.tmp, of NAME the first 100 bytes */
};

/* Makes the temporary. A link at `path` is replaced itself, not what it points to; anything else there that is no plain file is refused.
 * On failure nothing is open and no temporary is left. */
saddle_status saddle_i_replace_begin(struct saddle_i_replacement *r, saddle_context *c, const char *path);
/* Appends. On failure saddle_i_replace_abandon() is to be called. */
saddle_status saddle_i_replace_write(struct saddle_i_replacement *r, const void *bytes, size_t count);
/* Puts it in place; ends the replacement in any case. */
saddle_status saddle_i_replace_end(struct saddle_i_replacement *r);
/* Takes the temporary away: the file is as it was. */
void saddle_i_replace_abandon(struct saddle_i_replacement *r);

#endif
