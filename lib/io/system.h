/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls to the operating system that files need: one table, held by the context, so that a test can put another in its place and
 * there is no global state. */
#ifndef SADDLE_I_SYSTEM_H
#define SADDLE_I_SYSTEM_H
#include "base/base.h"

/* What is known of a file. */
struct saddle_i_file {
    int regular, link; /* a plain file; a symbolic link */
    int mode;          /* its permissions */
    int64_t size;      /* in bytes */
};

/* Each as in POSIX: -1 and errno on failure. read is at an offset (pread). Paths are relative to an open directory (openat, renameat,
 * unlinkat, fstatat): what another thread does to the working directory does not matter. */
struct saddle_i_system {
    void *user;
    int (*open)(void *user, int folder, const char *path, int flags, int mode);
    int64_t (*read)(void *user, int fd, int64_t offset, void *to, size_t bytes);
    int64_t (*write)(void *user, int fd, const void *from, size_t bytes);
    int (*fsync)(void *user, int fd);
    int (*close)(void *user, int fd);
    int (*rename)(void *user, int folder, const char *from, const char *to);
    int (*unlink)(void *user, int folder, const char *path);
    int (*fstat)(void *user, int fd, struct saddle_i_file *out);
    int (*lstat)(void *user, int folder, const char *path, struct saddle_i_file *out);
};

/* The folder that is the working directory. */
extern const int saddle_i_system_here;

/* The table of a context; the real one where it has none. */
const struct saddle_i_system *saddle_i_system_of(const saddle_context *c);

/* open() again and again while a signal interrupts it. */
int saddle_i_system_open(const struct saddle_i_system *s, int folder, const char *path, int flags, int mode);
/* close(). Interrupted by a signal it has closed all the same. */
int saddle_i_system_close(const struct saddle_i_system *s, int fd);

/* What an errno says, in English; a string of the library, never NULL. strerror() is for one thread only. */
const char *saddle_i_system_text(int error);

#endif
