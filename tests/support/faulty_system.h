/* SPDX-License-Identifier: BSD-3-Clause */
/* The system's calls with a fault in one of them, and a count of what is left open. For tests that are linked with the library's objects. */
#ifndef SADDLE_TEST_FAULTY_SYSTEM_H
#define SADDLE_TEST_FAULTY_SYSTEM_H
#include "io/system.h"

enum system_call { CALL_OPEN, CALL_READ, CALL_WRITE, CALL_FSYNC, CALL_CLOSE, CALL_RENAME, CALL_UNLINK, CALL_FSTAT, CALL_LSTAT, CALLS };

enum system_fault {
    FAULT_ERROR, /* -1 and errno; close has closed */
    FAULT_SHORT, /* read, write: half of it, at least one byte; else none */
    FAULT_ZERO,  /* read, write: 0; else none */
    FAULT_FLIP,  /* read: one bit of the last byte is another; else none */
    FAULT_TORN   /* write: half of it, then -1 and errno from there on; else none */
};

struct faulty_system {
    struct saddle_i_system table; /* to be given to a context */
    const struct saddle_i_system *real;
    int64_t calls;                /* so far, */
    int64_t count[CALLS];         /* by kind */
    int64_t fault_call;           /* from 1; 0 = none */
    int only;                     /* -1, or only calls of this kind are counted for fault_call */
    int for_ever;                 /* that and all after it */
    int fault, error;
    int64_t made;                 /* faults, */
    int last;                     /* and in which kind of call the last one was */
    int64_t open;                 /* files */
    int real_fsync;               /* else it does nothing, and is quick */
};

void faulty_system_init(struct faulty_system *s);
/* Another fault from the next call on. */
void faulty_system_set(struct faulty_system *s, int fault, int error, int64_t fault_call, int for_ever);
/* A context with this table. Aborts the test when it cannot be made. */
saddle_context *faulty_system_context(struct faulty_system *s, const saddle_allocator *a);

/* A fresh directory, removed with all in it at the end of the program's test; how many entries it has. */
const char *fresh_directory(char *out, size_t bytes);
void remove_directory(const char *path);
int64_t entries_of(const char *path);
/* The content of a file, to be freed; NULL when there is none. */
unsigned char *content_of(const char *path, int64_t *bytes);
void write_content(const char *path, const unsigned char *content, int64_t bytes);

#endif
