/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/context.h
 *  What several objects share: memory, a log, the number of threads. NULL is a context with the
 *  defaults, everywhere.
 *
 *  Size-tagged structs: struct_size comes first; members are int64_t, double or pointers and are
 *  only appended. Results: the caller sets struct_size to sizeof; the library writes what both
 *  sides know, not a byte past it, and sets struct_size to that. Inputs: bytes that this library
 *  does not know must be 0, else SADDLE_E_UNSUPPORTED. A size below that of the first release, or
 *  one that was not set: SADDLE_E_STRUCT_SIZE. */
#ifndef SADDLE_CONTEXT_H
#define SADDLE_CONTEXT_H
#include <stddef.h>
#include <saddle/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where memory comes from: both functions, or pass NULL for the C library's. With more than one
 *  thread the functions are still called by one thread at a time for each object; objects that are used
 *  in several threads call them at the same time.
 *  @since 0.1 */
typedef struct saddle_allocator {
    int64_t struct_size; /**< sizeof(saddle_allocator) */
    void *user;          /**< borrowed; handed to both functions */
    /** Returns bytes > 0 of memory at a multiple of alignment (a power of two), or NULL. */
    void *(*alloc)(void *user, size_t bytes, size_t alignment);
    /** Takes back what alloc returned, with the same number of bytes. */
    void (*dealloc)(void *user, void *ptr, size_t bytes);
} saddle_allocator;

/** A context: opaque, counted. Objects made from it keep it alive. */
typedef struct saddle_context saddle_context;

/** Receives one line without a newline.
 *  @param user as given to saddle_context_set_log()
 *  @param level 1 a warning, 2 one line a run, 3 one line a check, a chosen step size and each halving of it
 *  @param line valid during the call
 *  @since 0.1 */
typedef void (*saddle_log_fn)(void *user, int32_t level, const char *line);

/** Makes a context.
 *  @param a the allocator, copied; NULL for the C library's. Its functions and user must outlive
 *           the context and all objects made from it
 *  @param out receives the context, to be destroyed by saddle_context_destroy()
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (out or one of the functions is NULL), SADDLE_E_STRUCT_SIZE,
 *          SADDLE_E_UNSUPPORTED, SADDLE_E_MEMORY
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_context_create(const saddle_allocator *a, saddle_context **out);

/** Gives the caller's hold on a context back; it goes when the last object made from it is gone.
 *  @param c a context, or NULL: nothing is done
 *  @since 0.1 */
SADDLE_API void saddle_context_destroy(saddle_context *c);

/** Sets who receives the log; the library itself never prints.
 *  @param c the context
 *  @param fn the receiver, NULL for none; called in the thread that calls the library, by several at
 *         the same time where objects of this context are used in several; set before they are at work
 *  @param user borrowed; handed to fn
 *  @param level the highest level wanted, 0 .. 3; 0 = nothing
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (c is NULL, level out of bounds)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_context_set_log(saddle_context *c, saddle_log_fn fn, void *user, int32_t level);

/** Sets how many threads share the samples of one evaluation; the result has the same bits for any
 *  number. Each further thread costs one vector of dim entries. At any time, from any thread: takes
 *  effect at the next evaluation.
 *  @param c the context
 *  @param threads 1 .. 1024; the default is 1: callbacks run in the calling thread only
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (c is NULL, threads out of bounds)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_context_set_threads(saddle_context *c, int64_t threads);

#ifdef __cplusplus
}
#endif
#endif
