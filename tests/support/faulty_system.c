/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/faulty_system.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether this call is to fail. */
static int enter(struct faulty_system *s, int kind)
{
    s->count[kind]++;
    if (s->only >= 0 && s->only != kind) {
        s->calls++;
        return 0;
    }
    const int64_t call = s->only >= 0 ? s->count[kind] : s->calls + 1;
    s->calls++;
    if (s->fault_call == 0 || !(call == s->fault_call || (s->for_ever && call > s->fault_call))) {
        return 0;
    }
    const int moves = kind == CALL_READ || kind == CALL_WRITE;
    if ((s->fault == FAULT_FLIP && kind != CALL_READ) || ((s->fault == FAULT_SHORT || s->fault == FAULT_ZERO) && !moves) ||
        (s->fault == FAULT_TORN && kind != CALL_WRITE)) {
        return 0;
    }
    s->made++;
    s->last = kind;
    errno = s->error;
    return 1;
}

static int faulty_open(void *user, int folder, const char *path, int flags, int mode)
{
    struct faulty_system *s = user;
    if (enter(s, CALL_OPEN)) {
        return -1;
    }
    const int fd = s->real->open(s->real->user, folder, path, flags, mode);
    s->open += fd >= 0;
    return fd;
}

static int64_t faulty_read(void *user, int fd, int64_t offset, void *to, size_t bytes)
{
    struct faulty_system *s = user;
    if (!enter(s, CALL_READ)) {
        return s->real->read(s->real->user, fd, offset, to, bytes);
    }
    if (s->fault == FAULT_SHORT || s->fault == FAULT_FLIP) {
        const int64_t done = s->real->read(s->real->user, fd, offset, to, s->fault == FAULT_SHORT ? (bytes + 1) / 2 : bytes);
        if (s->fault == FAULT_FLIP && done > 0) {
            ((unsigned char *)to)[done - 1] ^= 4;
        }
        return done;
    }
    return s->fault == FAULT_ZERO ? 0 : -1;
}

static int64_t faulty_write(void *user, int fd, const void *from, size_t bytes)
{
    struct faulty_system *s = user;
    if (!enter(s, CALL_WRITE)) {
        return s->real->write(s->real->user, fd, from, bytes);
    }
    if (s->fault == FAULT_SHORT) {
        return s->real->write(s->real->user, fd, from, (bytes + 1) / 2);
    }
    if (s->fault == FAULT_TORN) {
        (void)s->real->write(s->real->user, fd, from, bytes / 2);
        errno = s->error;
        return -1;
    }
    return s->fault == FAULT_ZERO ? 0 : -1;
}

static int faulty_fsync(void *user, int fd)
{
    struct faulty_system *s = user;
    return enter(s, CALL_FSYNC) ? -1 : s->real_fsync ? s->real->fsync(s->real->user, fd) : 0;
}

static int faulty_close(void *user, int fd)
{
    struct faulty_system *s = user;
    const int fail = enter(s, CALL_CLOSE);
    const int result = s->real->close(s->real->user, fd);
    s->open -= result == 0;
    errno = fail ? s->error : errno;
    return fail ? -1 : result;
}

static int faulty_rename(void *user, int folder, const char *from, const char *to)
{
    struct faulty_system *s = user;
    return enter(s, CALL_RENAME) ? -1 : s->real->rename(s->real->user, folder, from, to);
}

static int faulty_unlink(void *user, int folder, const char *path)
{
    struct faulty_system *s = user;
    return enter(s, CALL_UNLINK) ? -1 : s->real->unlink(s->real->user, folder, path);
}

static int faulty_fstat(void *user, int fd, struct saddle_i_file *out)
{
    struct faulty_system *s = user;
    return enter(s, CALL_FSTAT) ? -1 : s->real->fstat(s->real->user, fd, out);
}

static int faulty_lstat(void *user, int folder, const char *path, struct saddle_i_file *out)
{
    struct faulty_system *s = user;
    return enter(s, CALL_LSTAT) ? -1 : s->real->lstat(s->real->user, folder, path, out);
}

void faulty_system_init(struct faulty_system *s)
{
    const struct saddle_i_system table = {s,           faulty_open,   faulty_read,   faulty_write, faulty_fsync,
                                          faulty_close, faulty_rename, faulty_unlink, faulty_fstat, faulty_lstat};
    memset(s, 0, sizeof *s);
    s->table = table;
    s->real = saddle_i_system_of(saddle_i_context_hold(NULL));
    s->only = -1;
}

void faulty_system_set(struct faulty_system *s, int fault, int error, int64_t fault_call, int for_ever)
{
    s->fault = fault;
    s->error = error;
    s->fault_call = fault_call;
    s->for_ever = for_ever;
    s->calls = 0;
    memset(s->count, 0, sizeof s->count);
    s->made = 0;
}

saddle_context *faulty_system_context(struct faulty_system *s, const saddle_allocator *a)
{
    saddle_context *c = NULL;
    if (saddle_context_create(a, &c) != SADDLE_OK) {
        abort();
    }
    c->system = &s->table;
    return c;
}

const char *fresh_directory(char *out, size_t bytes)
{
    (void)snprintf(out, bytes, "%s/saddle-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(out) == NULL) {
        abort();
    }
    return out;
}

static int64_t each_entry(const char *path, int remove)
{
    DIR *d = opendir(path);
    int64_t count = 0;
    if (d == NULL) {
        abort();
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            char name[1024];
            count++;
            (void)snprintf(name, sizeof name, "%s/%s", path, e->d_name);
            if (remove && unlink(name) != 0 && rmdir(name) != 0) {
                abort();
            }
        }
    }
    (void)closedir(d);
    return count;
}

int64_t entries_of(const char *path)
{
    return each_entry(path, 0);
}

void remove_directory(const char *path)
{
    (void)each_entry(path, 1);
    (void)rmdir(path);
}

unsigned char *content_of(const char *path, int64_t *bytes)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }
    if (fseek(f, 0, SEEK_END) != 0) {
        abort();
    }
    *bytes = ftell(f);
    rewind(f);
    unsigned char *content = malloc((size_t)*bytes + 1);
    if (content == NULL || fread(content, 1, (size_t)*bytes, f) != (size_t)*bytes) {
        abort();
    }
    (void)fclose(f);
    return content;
}

void write_content(const char *path, const unsigned char *content, int64_t bytes)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(content, 1, (size_t)bytes, f) != (size_t)bytes || fclose(f) != 0) {
        abort();
    }
}
