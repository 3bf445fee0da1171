/* SPDX-License-Identifier: BSD-3-Clause */
/* What every room stands on: status with a message, checked memory, clock, floating-point
 * environment, size-tagged structs. Depends on the C library only. */
#ifndef SADDLE_I_BASE_H
#define SADDLE_I_BASE_H
#include <stdarg.h>
#include <saddle/context.h>

#if defined(__FAST_MATH__)
#  error "libsaddle relies on IEEE arithmetic: build it without -ffast-math"
#endif
#include <float.h>
#if FLT_EVAL_METHOD != 0
#  error "libsaddle relies on double arithmetic without excess precision: build with -msse2 -mfpmath=sse"
#endif

/* Returns from the calling function with a status that is not SADDLE_OK. */
#define TRY(expression)                            \
    do {                                           \
        const saddle_status try_s = (expression);  \
        if (try_s != SADDLE_OK) { return try_s; }  \
    } while (0)

#define SADDLE_I_NAN __builtin_nan("") /* NAN and INFINITY are floats */
#define SADDLE_I_INF __builtin_inf()

#if defined(__GNUC__)
#  define SADDLE_I_LIKELY(x) __builtin_expect(!!(x), 1)
#  define SADDLE_I_COLD __attribute__((cold, noinline))
#  define SADDLE_I_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#  define SADDLE_I_LIKELY(x) (x)
#  define SADDLE_I_COLD
#  define SADDLE_I_PRINTF(f, a)
#endif

/* Sets this thread's message and returns s. Numbers are written with a point in every locale. */
SADDLE_I_COLD saddle_status saddle_i_fail(saddle_status s, const char *format, ...) SADDLE_I_PRINTF(2, 3);

/* Writes into text of so many bytes, cut where it is too long. */
void saddle_i_write(char *text, size_t bytes, const char *format, ...) SADDLE_I_PRINTF(3, 4);
void saddle_i_write_list(char *text, size_t bytes, const char *format, va_list args) SADDLE_I_PRINTF(3, 0);

struct saddle_i_system; /* the calls to the operating system, io/system.h */

struct saddle_context {
    saddle_allocator allocator;
    saddle_log_fn log;
    void *log_user;
    int32_t log_level;
    const struct saddle_i_system *system; /* NULL: the real ones */
    int64_t threads;
    int64_t holders; /* atomic: the caller and the objects made from it */
};

/* A context to work with: c itself, or the defaults for NULL. Never NULL. */
saddle_context *saddle_i_context_hold(saddle_context *c);
void saddle_i_context_release(saddle_context *c);
SADDLE_I_COLD void saddle_i_report(const saddle_context *c, int32_t level, const char *format, ...) SADDLE_I_PRINTF(3, 4);

/* Memory for count things of size bytes, at a multiple of 64 bytes, not initialised. *out is untouched on
 * failure: SADDLE_E_OVERFLOW or SADDLE_E_MEMORY. Freeing NULL is a no-op. */
saddle_status saddle_i_alloc(saddle_context *c, int64_t count, size_t size, void **out);
void saddle_i_free(saddle_context *c, void *p);
static inline saddle_status saddle_i_alloc_vector(saddle_context *c, int64_t n, double **out)
{
    void *p = NULL;
    TRY(saddle_i_alloc(c, n, sizeof(double), &p));
    *out = (double *)p;
    return SADDLE_OK;
}

/* Seconds of a clock that never goes back. */
double saddle_i_clock(void);

/* The floating-point environment: enter sets the default one and keeps the caller's. */
struct saddle_i_fenv {
    uint64_t kept[6]; /* MXCSR, a flag, a fenv_t */
};
void saddle_i_fenv_enter(struct saddle_i_fenv *e);
void saddle_i_fenv_leave(const struct saddle_i_fenv *e);

/* Copies a result into the caller's size-tagged struct; have = sizeof of the library's own, first = its size in
 * the first release. */
saddle_status saddle_i_copy_out(void *dst, const void *src, size_t have, size_t first, const char *what);
/* Copies the caller's size-tagged struct in: what it lacks is 0, what this library does not know must be 0. */
saddle_status saddle_i_copy_in(void *dst, const void *src, size_t have, size_t first, const char *what);

#endif
