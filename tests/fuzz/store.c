/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/store.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { FILE_HANDLE = 3, TEMPORARY_HANDLE = 4, FOLDER_HANDLE = 5 };

static struct store_file *by_name(struct store *d, const char *path)
{
    return strcmp(path, STORE_PATH) == 0 ? &d->file : &d->temporary;
}

static struct store_file *by_handle(struct store *d, int fd)
{
    return fd == FILE_HANDLE ? &d->file : &d->temporary;
}

static int store_open(void *user, int folder, const char *path, int flags, int mode)
{
    struct store *d = user;
    (void)folder; /* there is but one */
    (void)mode;
    if ((flags & O_DIRECTORY) != 0) {
        d->open++;
        return FOLDER_HANDLE;
    }
    struct store_file *f = by_name(d, path);
    if ((flags & O_CREAT) != 0) {
        f->there = 1;
        f->size = 0;
    }
    if (!f->there) {
        errno = ENOENT;
        return -1;
    }
    d->open++;
    return f == &d->file ? FILE_HANDLE : TEMPORARY_HANDLE;
}

static int64_t store_read(void *user, int fd, int64_t offset, void *to, size_t bytes)
{
    const struct store_file *f = by_handle(user, fd);
    if (offset < 0 || offset >= f->size) {
        return 0;
    }
    const int64_t left = f->size - offset, now = left < (int64_t)bytes ? left : (int64_t)bytes;
    memcpy(to, f->content + offset, (size_t)now);
    return now;
}

static int64_t store_write(void *user, int fd, const void *from, size_t bytes)
{
    struct store_file *f = by_handle(user, fd);
    if ((int64_t)bytes > STORE_MOST - f->size) {
        errno = ENOSPC;
        return -1;
    }
    memcpy(f->content + f->size, from, bytes);
    f->size += (int64_t)bytes;
    return (int64_t)bytes;
}

static int store_fsync(void *user, int fd)
{
    (void)user;
    (void)fd;
    return 0;
}

static int store_close(void *user, int fd)
{
    struct store *d = user;
    (void)fd;
    d->open--;
    return 0;
}

static int store_rename(void *user, int folder, const char *from, const char *to)
{
    struct store *d = user;
    (void)folder;
    *by_name(d, to) = *by_name(d, from);
    by_name(d, from)->there = 0;
    return 0;
}

static int store_unlink(void *user, int folder, const char *path)
{
    (void)folder;
    by_name(user, path)->there = 0;
    return 0;
}

static void describe(const struct store_file *f, struct saddle_i_file *out)
{
    *out = (struct saddle_i_file){.regular = 1, .link = 0, .mode = 0600, .size = f->size};
}

static int store_fstat(void *user, int fd, struct saddle_i_file *out)
{
    describe(by_handle(user, fd), out);
    return 0;
}

static int store_lstat(void *user, int folder, const char *path, struct saddle_i_file *out)
{
    const struct store_file *f = by_name(user, path);
    (void)folder;
    if (!f->there) {
        errno = ENOENT;
        return -1;
    }
    describe(f, out);
    return 0;
}

void store_init(struct store *d)
{
    d->table = (struct saddle_i_system){.user = d, .open = store_open, .read = store_read, .write = store_write, .fsync = store_fsync,
                                        .close = store_close, .rename = store_rename, .unlink = store_unlink, .fstat = store_fstat,
                                        .lstat = store_lstat};
    d->file.there = d->temporary.there = 0;
    d->file.size = d->temporary.size = 0;
    d->open = 0;
}

void store_attach(struct store *d, saddle_context *c)
{
    c->system = &d->table;
}
