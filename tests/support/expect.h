/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests say about a status and its message, and about vectors bit for bit. */
#ifndef SADDLE_TEST_EXPECT_H
#define SADDLE_TEST_EXPECT_H
#include <check.h>
#include <saddle/status.h>
#include <string.h>

#define EXPECT_OK(call)                                                                                              \
    do {                                                                                                             \
        const saddle_status expect_s = (call);                                                                       \
        ck_assert_msg(expect_s == SADDLE_OK, "%s: %s: %s", #call, saddle_status_name(expect_s),                      \
                      saddle_error_message());                                                                       \
    } while (0)

/* The call fails with this status, and the message has this part in it. */
#define EXPECT_FAIL(call, status, part)                                                                            \
    do {                                                                                                           \
        const saddle_status expect_s = (call);                                                                     \
        ck_assert_msg(expect_s == (status), "%s: %s instead of %s", #call, saddle_status_name(expect_s), #status);  \
        EXPECT_MESSAGE(part);                                                                                      \
    } while (0)

#define EXPECT_MESSAGE(part)                                                                                         \
    ck_assert_msg(strstr(saddle_error_message(), (part)) != NULL, "\"%s\" has no \"%s\" in it",                      \
                  saddle_error_message(), (part))

#define EXPECT_SAME(a, b, bytes) ck_assert_msg(memcmp((a), (b), (size_t)(bytes)) == 0, "%s and %s differ", #a, #b)

/* ck_assert() writes to its runner each time it holds, which is too slow for every entry of a vector. */
#define REQUIRE(condition)                                     \
    do {                                                       \
        if (!(condition)) {                                    \
            ck_abort_msg("line %d: %s", __LINE__, #condition); \
        }                                                      \
    } while (0)

#endif
