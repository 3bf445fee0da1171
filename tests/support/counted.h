/* SPDX-License-Identifier: BSD-3-Clause */
/* What a test has counted, for the end of ./dev test: a line of TAP that is a comment there. */
#ifndef SADDLE_TEST_COUNTED_H
#define SADDLE_TEST_COUNTED_H
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* Lines of equal text are added up. Written at once, past stdio: each test is a process of its own. */
static inline void counted(int64_t count, const char *what)
{
    char line[120];
    const int n = snprintf(line, sizeof line, "# counted: %lld %s\n", (long long)count, what);
    if (n > 0 && (size_t)n < sizeof line && count > 0) {
        (void)!write(STDOUT_FILENO, line, (size_t)n);
    }
}

#endif
