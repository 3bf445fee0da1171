/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/replace.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { TRIES = 100, NEW_MODE = 0666, KEPT_OF_NAME = 100 };

/* The message begins with what failed; a long path comes last, where it may be cut. */
static saddle_status fail(const struct saddle_i_replacement *r, const char *call, int error)
{
    return saddle_i_fail(SADDLE_E_IO, "saving: %s failed (error %d: %s); what was there is as it was: %s", call, error,
                         saddle_i_system_text(error), r->path);
}

/* "." for "run.saddle", "/" for "/run.saddle", "a/b/" for "a/b/run.saddle". */
static saddle_status open_folder(struct saddle_i_replacement *r)
{
    const char *slash = strrchr(r->path, '/');
    const size_t before = slash == NULL ? 0 : (size_t)(slash - r->path) + 1;
    void *p = NULL;
    r->name = r->path + before;
    if (r->name[0] == '\0') {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saving: the path names no file: it is %s%s", before == 0 ? "empty" : "the directory ",
                             r->path);
    }
    TRY(saddle_i_alloc(r->context, (int64_t)before + 2, 1, &p));
    char *directory = p;
    memcpy(directory, before == 0 ? "." : r->path, before == 0 ? 1 : before);
    directory[before == 0 ? 1 : before] = '\0';
    r->folder = saddle_i_system_open(r->system, saddle_i_system_here, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    const int error = errno;
    saddle_i_free(r->context, p);
    return r->folder >= 0 ? SADDLE_OK : fail(r, "opening its directory", error);
}

/* The permissions of the new file: those of the file that it replaces, and never one that umask takes away. */
static saddle_status look_at_target(const struct saddle_i_replacement *r, int *mode)
{
    struct saddle_i_file old;
    *mode = NEW_MODE;
    if (r->system->lstat(r->system->user, r->folder, r->name, &old) != 0) {
        return errno == ENOENT ? SADDLE_OK : fail(r, "looking at the file", errno);
    }
    if (!old.regular && !old.link) {
        return saddle_i_fail(SADDLE_E_IO, "saving: there is something that is no plain file, and is left alone: %s", r->path);
    }
    *mode = old.regular ? old.mode : NEW_MODE;
    return SADDLE_OK;
}

/* How many bytes of a name a temporary repeats: at most 100, and no part of a character of UTF-8, which some file systems refuse. */
static int kept_of_name(const char *name)
{
    int bytes = (int)strnlen(name, KEPT_OF_NAME);
    while (bytes > 0 && ((unsigned char)name[bytes] & 0xc0) == 0x80) {
        bytes--;
    }
    return bytes;
}

/* A name of its own: another saver, or one that was killed, may have left a temporary here. */
static saddle_status make_temporary(struct saddle_i_replacement *r, int mode)
{
    const double now = saddle_i_clock();
    uint64_t bits;
    memcpy(&bits, &now, sizeof bits);
    bits = (bits ^ (uint64_t)(uintptr_t)&bits) * UINT64_C(0x9e3779b97f4a7c15);
    int error = EEXIST;
    const int kept = kept_of_name(r->name);
    for (int k = 0; k < TRIES && error == EEXIST; k++) {
        saddle_i_write(r->temporary, sizeof r->temporary, "%.*s.%016llx.tmp", kept, r->name, (unsigned long long)(bits + (uint64_t)k));
        r->file = saddle_i_system_open(r->system, r->folder, r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        error = r->file >= 0 ? 0 : errno;
    }
    return error == 0 ? SADDLE_OK : fail(r, "making a temporary beside it", error);
}

static void let_go(struct saddle_i_replacement *r)
{
    if (r->folder >= 0) {
        (void)saddle_i_system_close(r->system, r->folder);
    }
    r->folder = -1;
}

static saddle_status begin(struct saddle_i_replacement *r)
{
    int mode = NEW_MODE;
    TRY(open_folder(r));
    TRY(look_at_target(r, &mode));
    return make_temporary(r, mode);
}

saddle_status saddle_i_replace_begin(struct saddle_i_replacement *r, saddle_context *c, const char *path)
{
    const struct saddle_i_replacement fresh = {c, saddle_i_system_of(c), path, NULL, -1, -1, ""};
    *r = fresh;
    const saddle_status s = begin(r);
    if (s != SADDLE_OK) {
        let_go(r);
    }
    return s;
}

saddle_status saddle_i_replace_write(struct saddle_i_replacement *r, const void *bytes, size_t count)
{
    const unsigned char *from = bytes;
    while (count > 0) {
        const int64_t done = r->system->write(r->system->user, r->file, from, count);
        if (done > 0) {
            from += done;
            count -= (size_t)done;
        } else if (done == 0) { /* no error is told, and none is to be waited for */
            return fail(r, "writing", ENOSPC);
        } else if (errno != EINTR) {
            return fail(r, "writing", errno);
        }
    }
    return SADDLE_OK;
}

static int flush(const struct saddle_i_system *s, int fd)
{
    int result;
    do {
        result = s->fsync(s->user, fd);
    } while (result != 0 && errno == EINTR);
    return result;
}

void saddle_i_replace_abandon(struct saddle_i_replacement *r)
{
    if (r->file >= 0) {
        (void)saddle_i_system_close(r->system, r->file);
        r->file = -1;
    }
    (void)r->system->unlink(r->system->user, r->folder, r->temporary);
    let_go(r);
}

/* From here on the file has its name. Some file systems cannot flush a directory, which they say by EINVAL: there is no more to be done
 * then. */
static saddle_status flush_folder(struct saddle_i_replacement *r)
{
    if (flush(r->system, r->folder) != 0 && errno != EINVAL) {
        const int error = errno;
        return saddle_i_fail(SADDLE_E_IO,
                             "saving: flushing the directory failed (error %d: %s); the new file is in place and whole, but after a loss of "
                             "power the old one may be there again: %s",
                             error, saddle_i_system_text(error), r->path);
    }
    return SADDLE_OK;
}

saddle_status saddle_i_replace_end(struct saddle_i_replacement *r)
{
    saddle_status s = SADDLE_OK;
    const int fd = r->file;
    if (flush(r->system, fd) != 0) {
        s = fail(r, "flushing the temporary", errno);
        saddle_i_replace_abandon(r);
        return s;
    }
    r->file = -1;
    if (saddle_i_system_close(r->system, fd) != 0) {
        s = fail(r, "closing the temporary", errno);
    } else if (r->system->rename(r->system->user, r->folder, r->temporary, r->name) != 0) {
        s = fail(r, "renaming the temporary", errno);
    }
    if (s != SADDLE_OK) {
        saddle_i_replace_abandon(r);
        return s;
    }
    s = flush_folder(r);
    let_go(r);
    return s;
}
