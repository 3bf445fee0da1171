/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/memory.h"
#include <stdlib.h>
#include <string.h>

enum { GUARD = 32, GUARD_BYTE = 0xC3 };

/* In front of the block: what was asked for, and where the C library's block starts. */
struct front {
    size_t bytes;
    void *base;
};

static void enter(struct memory *m)
{
    if (__atomic_exchange_n(&m->entered, 1, __ATOMIC_ACQUIRE) != 0) {
        m->faults++;
    }
}

static void leave(struct memory *m)
{
    __atomic_store_n(&m->entered, 0, __ATOMIC_RELEASE);
}

static int refuses(struct memory *m, size_t bytes)
{
    const int due = m->fail_at > 0 && (m->for_ever ? m->calls >= m->fail_at : m->calls == m->fail_at);
    return due || (m->largest > 0 && bytes > (size_t)m->largest);
}

static void *take(struct memory *m, size_t bytes, size_t alignment)
{
    m->calls++;
    if (bytes == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        m->faults++;
        return NULL;
    }
    if (refuses(m, bytes)) {
        m->refused++;
        return NULL;
    }
    unsigned char *base = malloc(sizeof(struct front) + alignment + bytes + GUARD);
    if (base == NULL) {
        return NULL;
    }
    const uintptr_t least = (uintptr_t)base + sizeof(struct front);
    unsigned char *p = base + sizeof(struct front) + (alignment - least % alignment) % alignment;
    const struct front front = {bytes, base};
    memcpy(p - sizeof front, &front, sizeof front);
    memset(p, m->fill, bytes);
    memset(p + bytes, GUARD_BYTE, GUARD);
    m->blocks++;
    m->bytes += (int64_t)bytes;
    m->peak = m->bytes > m->peak ? m->bytes : m->peak;
    return p;
}

static void *test_alloc(void *user, size_t bytes, size_t alignment)
{
    struct memory *m = user;
    enter(m);
    void *p = take(m, bytes, alignment);
    leave(m);
    return p;
}

static void test_dealloc(void *user, void *ptr, size_t bytes)
{
    struct memory *m = user;
    struct front front;
    unsigned char *p = ptr;
    enter(m);
    memcpy(&front, p - sizeof front, sizeof front);
    m->faults += front.bytes != bytes;
    for (size_t i = 0; i < GUARD; i++) {
        m->faults += p[front.bytes + i] != GUARD_BYTE;
    }
    memset(p, ~m->fill & 0xff, front.bytes);
    m->blocks--;
    m->bytes -= (int64_t)front.bytes;
    free(front.base);
    leave(m);
}

saddle_allocator memory_allocator(struct memory *m, int fill)
{
    memset(m, 0, sizeof *m);
    m->fill = fill;
    const saddle_allocator a = {(int64_t)sizeof a, m, test_alloc, test_dealloc};
    return a;
}
