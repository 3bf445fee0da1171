/* SPDX-License-Identifier: BSD-3-Clause */
/* The context, and memory through it. */
#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
#  define _DEFAULT_SOURCE /* madvise() */
#endif
#include "base/base.h"
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#  include <sys/mman.h>
#endif

/* A block carries its size in front of it, since the allocator wants it back. 64 bytes keep the alignment. */
enum { HEADER = 64, ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

static void *default_alloc(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    void *p = NULL;
    const int is_long = bytes >= 2 * HUGE_PAGE; /* page by page of 4 KiB, its first touch would cost more than a pass of work */
    if (posix_memalign(&p, is_long ? HUGE_PAGE : alignment, bytes) != 0) {
        return NULL;
    }
#if defined(MADV_HUGEPAGE)
    if (is_long) {
        (void)madvise(p, bytes - bytes % HUGE_PAGE, MADV_HUGEPAGE);
    }
#endif
    return p;
}

static void default_dealloc(void *user, void *ptr, size_t bytes)
{
    (void)user;
    (void)bytes;
    free(ptr);
}

/* What NULL means everywhere. Never written: its holders are not counted. */
static saddle_context default_context = {
    .allocator = {sizeof(saddle_allocator), NULL, default_alloc, default_dealloc},
    .threads = 1,
};

saddle_status saddle_i_alloc(saddle_context *c, int64_t count, size_t size, void **out)
{
    if (count < 0 || (uint64_t)count > (uint64_t)(PTRDIFF_MAX - HEADER) / size) {
        return saddle_i_fail(SADDLE_E_OVERFLOW, "%lld things of %zu bytes are more than this machine can address",
                             (long long)count, size);
    }
    const size_t bytes = (size_t)count * size + HEADER;
    unsigned char *p = c->allocator.alloc(c->allocator.user, bytes, ALIGNMENT);
    if (p == NULL) {
        return saddle_i_fail(SADDLE_E_MEMORY, "the allocator returned NULL for %zu bytes", bytes);
    }
    memcpy(p, &bytes, sizeof bytes);
    *out = p + HEADER;
    return SADDLE_OK;
}

void saddle_i_free(saddle_context *c, void *p)
{
    if (p == NULL) {
        return;
    }
    unsigned char *block = (unsigned char *)p - HEADER;
    size_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    c->allocator.dealloc(c->allocator.user, block, bytes);
}

saddle_status saddle_context_create(const saddle_allocator *a, saddle_context **out)
{
    if (out == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_context_create: out is NULL");
    }
    saddle_context blank = default_context;
    if (a != NULL) {
        TRY(saddle_i_copy_in(&blank.allocator, a, sizeof blank.allocator, sizeof blank.allocator, "saddle_allocator"));
        if (blank.allocator.alloc == NULL || blank.allocator.dealloc == NULL) {
            return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_context_create: %s of the allocator is NULL",
                                 blank.allocator.alloc == NULL ? "alloc" : "dealloc");
        }
    }
    void *p = NULL;
    TRY(saddle_i_alloc(&blank, 1, sizeof blank, &p));
    saddle_context *c = p;
    *c = blank;
    c->holders = 1;
    *out = c;
    return SADDLE_OK;
}

saddle_context *saddle_i_context_hold(saddle_context *c)
{
    if (c == NULL) {
        return &default_context;
    }
    if (c != &default_context) {
        (void)__atomic_add_fetch(&c->holders, 1, __ATOMIC_RELAXED);
    }
    return c;
}

void saddle_i_context_release(saddle_context *c)
{
    if (c == NULL || c == &default_context) {
        return;
    }
    if (__atomic_sub_fetch(&c->holders, 1, __ATOMIC_ACQ_REL) == 0) {
        const saddle_context last = *c; /* the allocator outlives the block that names it */
        saddle_context keeper = last;
        saddle_i_free(&keeper, c);
    }
}

void saddle_context_destroy(saddle_context *c)
{
    saddle_i_context_release(c);
}

saddle_status saddle_context_set_log(saddle_context *c, saddle_log_fn fn, void *user, int32_t level)
{
    if (c == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_context_set_log: the context is NULL");
    }
    if (level < 0 || level > 3) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_context_set_log: level is %d, outside 0 .. 3", (int)level);
    }
    c->log = fn;
    c->log_user = user;
    c->log_level = level;
    return SADDLE_OK;
}

saddle_status saddle_context_set_threads(saddle_context *c, int64_t threads)
{
    if (c == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_context_set_threads: the context is NULL");
    }
    if (threads < 1 || threads > 1024) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_context_set_threads: threads is %lld, outside 1 .. 1024",
                             (long long)threads);
    }
    __atomic_store_n(&c->threads, threads, __ATOMIC_RELAXED);
    return SADDLE_OK;
}

saddle_status saddle_i_copy_out(void *dst, const void *src, size_t have, size_t first, const char *what)
{
    int64_t said;
    memcpy(&said, dst, sizeof said);
    if (said < (int64_t)first || said > 65536) {
        return saddle_i_fail(SADDLE_E_STRUCT_SIZE, "struct_size of %s is %lld: set it to sizeof(%s)", what,
                             (long long)said, what);
    }
    const size_t n = (size_t)said < have ? (size_t)said : have;
    memcpy(dst, src, n);
    said = (int64_t)n;
    memcpy(dst, &said, sizeof said);
    return SADDLE_OK;
}

saddle_status saddle_i_copy_in(void *dst, const void *src, size_t have, size_t first, const char *what)
{
    int64_t said;
    memcpy(&said, src, sizeof said);
    if (said < (int64_t)first || said > 65536) {
        return saddle_i_fail(SADDLE_E_STRUCT_SIZE, "struct_size of %s is %lld: set it to sizeof(%s)", what,
                             (long long)said, what);
    }
    const unsigned char *bytes = src;
    for (size_t i = have; i < (size_t)said; i++) {
        if (bytes[i] != 0) {
            return saddle_i_fail(SADDLE_E_UNSUPPORTED, "%s has a member at byte %zu that this version does not know",
                                 what, i);
        }
    }
    memset(dst, 0, have);
    memcpy(dst, src, (size_t)said < have ? (size_t)said : have);
    return SADDLE_OK;
}
