/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/system.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "files may be longer than 2^31 bytes: build with -D_FILE_OFFSET_BITS=64");

const int saddle_i_system_here = AT_FDCWD;

static int real_open(void *user, int folder, const char *path, int flags, int mode)
{
    (void)user;
    return openat(folder, path, flags, (mode_t)mode);
}

static int64_t real_read(void *user, int fd, int64_t offset, void *to, size_t bytes)
{
    (void)user;
    return pread(fd, to, bytes, (off_t)offset);
}

static int64_t real_write(void *user, int fd, const void *from, size_t bytes)
{
    (void)user;
    return write(fd, from, bytes);
}

static int real_fsync(void *user, int fd)
{
    (void)user;
    return fsync(fd);
}

static int real_close(void *user, int fd)
{
    (void)user;
    return close(fd);
}

static int real_rename(void *user, int folder, const char *from, const char *to)
{
    (void)user;
    return renameat(folder, from, folder, to);
}

static int real_unlink(void *user, int folder, const char *path)
{
    (void)user;
    return unlinkat(folder, path, 0);
}

static int tell(int result, const struct stat *s, struct saddle_i_file *out)
{
    if (result == 0) {
        out->regular = S_ISREG(s->st_mode);
        out->link = S_ISLNK(s->st_mode);
        out->mode = (int)(s->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO));
        out->size = (int64_t)s->st_size;
    }
    return result;
}

static int real_fstat(void *user, int fd, struct saddle_i_file *out)
{
    struct stat s;
    (void)user;
    return tell(fstat(fd, &s), &s, out);
}

static int real_lstat(void *user, int folder, const char *path, struct saddle_i_file *out)
{
    struct stat s;
    (void)user;
    return tell(fstatat(folder, path, &s, AT_SYMLINK_NOFOLLOW), &s, out);
}

static const struct saddle_i_system real = {
    NULL, real_open, real_read, real_write, real_fsync, real_close, real_rename, real_unlink, real_fstat, real_lstat,
};

const struct saddle_i_system *saddle_i_system_of(const saddle_context *c)
{
    return c->system == NULL ? &real : c->system;
}

int saddle_i_system_open(const struct saddle_i_system *s, int folder, const char *path, int flags, int mode)
{
    int fd;
    do {
        fd = s->open(s->user, folder, path, flags, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int saddle_i_system_close(const struct saddle_i_system *s, int fd)
{
    return s->close(s->user, fd) == 0 || errno == EINTR ? 0 : -1;
}

const char *saddle_i_system_text(int error)
{
    switch (error) {
    case EACCES: return "permission denied";
    case EBADF: return "the file is not open";
    case EDQUOT: return "the quota is used up";
    case EEXIST: return "the file exists already";
    case EFBIG: return "the file is larger than the system allows";
    case EIO: return "the device failed";
    case EISDIR: return "it is a directory";
    case ELOOP: return "too many symbolic links";
    case EMFILE: return "too many files are open in this process";
    case ENAMETOOLONG: return "the name is too long";
    case ENFILE: return "too many files are open in this system";
    case ENOENT: return "there is no such file or directory";
    case ENOSPC: return "no space is left on the device";
    case ENOTDIR: return "a part of the path is not a directory";
    case EPERM: return "it is not permitted";
    case EROFS: return "the file system is read-only";
    default: return "the system refused";
    }
}
