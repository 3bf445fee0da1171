/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and texts of the three enumerations, and this thread's message. */
#include "base/base.h"
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#if defined(__APPLE__)
#  include <xlocale.h>
#endif

#define STATUS_LIST(X)                                                                                  \
    X(SADDLE_OK, 0, "done")                                                                             \
    X(SADDLE_E_ARGUMENT, -1, "an argument is NULL, out of bounds or of the wrong type")                 \
    X(SADDLE_E_RANGE, -2, "an option's value is outside its range")                                     \
    X(SADDLE_E_MEMORY, -3, "the allocator returned NULL")                                               \
    X(SADDLE_E_OVERFLOW, -4, "a size is too large for this machine")                                    \
    X(SADDLE_E_CALLBACK, -5, "a callback gave up")                                                      \
    X(SADDLE_E_NOT_FINITE, -6, "NaN or Inf came from a callback, or is in w")                           \
    X(SADDLE_E_MISSING, -7, "the objective lacks a callback that this call needs")                      \
    X(SADDLE_E_STATE, -8, "the call is not possible in this state of the object")                       \
    X(SADDLE_E_IO, -9, "a file could not be read or written")                                           \
    X(SADDLE_E_FORMAT, -10, "the file is not one of this library, is damaged or is of a newer format")  \
    X(SADDLE_E_MISMATCH, -11, "the file belongs to another problem")                                    \
    X(SADDLE_E_COMM, -12, "a sum over processes failed, or the processes disagree")                     \
    X(SADDLE_E_LINALG, -13, "LAPACK gave up")                                                           \
    X(SADDLE_E_UNSUPPORTED, -14, "this build or version does not know or cannot do this")               \
    X(SADDLE_E_STRUCT_SIZE, -15, "struct_size of a size-tagged struct was not set")

#define PIN(name, value, text) _Static_assert(name == (value), #name " has moved: every program built so far would break");
STATUS_LIST(PIN)
_Static_assert(sizeof(saddle_status) == 4, "enumerations are 32 bits wide: build without -fshort-enums");

const char *saddle_status_name(saddle_status s)
{
#define CASE_NAME(name, value, text) \
    case name: return #name;
    switch (s) {
        STATUS_LIST(CASE_NAME)
    case SADDLE_STATUS_INT32: break;
    }
    return "SADDLE_E_UNKNOWN";
}

const char *saddle_status_text(saddle_status s)
{
#define CASE_TEXT(name, value, text) \
    case name: return text;
    switch (s) {
        STATUS_LIST(CASE_TEXT)
    case SADDLE_STATUS_INT32: break;
    }
    return "no status of this library";
}

const char *saddle_stop_name(int64_t stop)
{
    static const char *const names[] = {"none", "steps", "epochs", "seconds", "value", "gradient",
                                        "second_order", "method", "monitor", "request", "diverged"};
    return stop < 0 || stop > SADDLE_STOP_DIVERGED ? NULL : names[stop];
}

const char *saddle_kind_name(int64_t kind)
{
    static const char *const names[] = {"unknown", "not_stationary", "first_order", "strict_saddle", "second_order"};
    return kind < 0 || kind > SADDLE_KIND_SECOND_ORDER ? NULL : names[kind];
}

static _Thread_local char message[512];

const char *saddle_error_message(void)
{
    return message;
}

/* A message is data that programs log and compare: its numbers must not change with the user's locale. */
static void format_in_c_locale(char *out, size_t room, const char *format, va_list args)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t old = c == (locale_t)0 ? (locale_t)0 : uselocale(c);
    (void)vsnprintf(out, room, format, args);
    if (c != (locale_t)0) {
        (void)uselocale(old);
        freelocale(c);
    }
}

saddle_status saddle_i_fail(saddle_status s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_in_c_locale(message, sizeof message, format, args);
    va_end(args);
    return s;
}

void saddle_i_write(char *text, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_in_c_locale(text, bytes, format, args);
    va_end(args);
}

void saddle_i_write_list(char *text, size_t bytes, const char *format, va_list args)
{
    format_in_c_locale(text, bytes, format, args);
}

void saddle_i_report(const saddle_context *c, int32_t level, const char *format, ...)
{
    if (c->log == NULL || level > c->log_level) {
        return;
    }
    char line[512];
    va_list args;
    va_start(args, format);
    format_in_c_locale(line, sizeof line, format, args);
    va_end(args);
    c->log(c->log_user, level, line);
}
