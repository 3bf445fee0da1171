/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/status.h
 *  Did the call work, why did the run end, and what kind of point is w: three questions, three
 *  enumerations. Every number is written out, never reused, only appended. */
#ifndef SADDLE_STATUS_H
#define SADDLE_STATUS_H
#include <saddle/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Did the call work? What a function returns: SADDLE_OK or a negative number. After a failure
 *  *out is untouched and saddle_error_message() says in words, with the value and the bound, what
 *  was wrong.
 *  @since 0.1 */
typedef enum saddle_status {
    SADDLE_OK = 0,               /**< done */
    SADDLE_E_ARGUMENT = -1,      /**< NULL where a pointer is needed, a size out of bounds, a value of the wrong type */
    SADDLE_E_RANGE = -2,         /**< an option's value outside what saddle_option_describe() says */
    SADDLE_E_MEMORY = -3,        /**< the allocator returned NULL */
    SADDLE_E_OVERFLOW = -4,      /**< a size that this machine cannot hold */
    SADDLE_E_CALLBACK = -5,      /**< a callback gave up: its code is in the message, and in saddle_result.callback_code */
    SADDLE_E_NOT_FINITE = -6,    /**< NaN or Inf from a callback, or in w: the message says which entry, which step */
    SADDLE_E_MISSING = -7,       /**< the objective lacks a callback that this call needs: the message names it */
    SADDLE_E_STATE = -8,         /**< order of calls, e.g. a callback set after a solver was made */
    SADDLE_E_IO = -9,            /**< a file could not be read or written */
    SADDLE_E_FORMAT = -10,       /**< not a file of this library, a damaged one, or one of a newer format */
    SADDLE_E_MISMATCH = -11,     /**< a file of another problem: dim, samples, method, or an option that changes the iterates */
    SADDLE_E_COMM = -12,         /**< a sum over processes failed, or the processes disagree */
    SADDLE_E_LINALG = -13,       /**< LAPACK gave up */
    SADDLE_E_UNSUPPORTED = -14,  /**< not in this build or this version; an option or method that it does not know */
    SADDLE_E_STRUCT_SIZE = -15,  /**< struct_size of a size-tagged struct was not set */
    SADDLE_STATUS_INT32 = 0x7fffffff /**< never returned: keeps the type 32 bits wide */
} saddle_status;

/** The name of a status as written in C, "SADDLE_E_IO".
 *  @param s any number
 *  @return a string of the library, never NULL; "SADDLE_E_UNKNOWN" for a number that is none
 *  @since 0.1 */
SADDLE_API const char *saddle_status_name(saddle_status s);

/** One sentence about a status.
 *  @param s any number
 *  @return a string of the library, never NULL
 *  @since 0.1 */
SADDLE_API const char *saddle_status_text(saddle_status s);

/** What went wrong in this thread's last failed call, in words: the thing, its value, its bound.
 *  @return a string valid until this thread's next failed call; "" when none failed; never NULL
 *  @since 0.1 */
SADDLE_API const char *saddle_error_message(void);

/** Why did the run end? Data, not an error.
 *  @since 0.1 */
typedef enum saddle_stop {
    SADDLE_STOP_NONE = 0,        /**< it can go on */
    SADDLE_STOP_STEPS = 1,       /**< SADDLE_OPT_MAX_STEPS */
    SADDLE_STOP_EPOCHS = 2,      /**< SADDLE_OPT_MAX_EPOCHS */
    SADDLE_STOP_SECONDS = 3,     /**< SADDLE_OPT_MAX_SECONDS */
    SADDLE_STOP_VALUE = 4,       /**< f <= SADDLE_OPT_TARGET_VALUE */
    SADDLE_STOP_GRADIENT = 5,    /**< ||grad f|| <= SADDLE_OPT_EPS_GRADIENT, in a method without an escape rule, SADDLE_OPT_CHECK_EVERY being 0 */
    SADDLE_STOP_SECOND_ORDER = 6, /**< certified: ||grad f|| <= eps_g, and lambda_min >= -eps_h with confidence 1 - delta */
    SADDLE_STOP_METHOD = 7,      /**< the method's own rule (PGD: a perturbation did not lower f by f_thres) */
    SADDLE_STOP_MONITOR = 8,     /**< the monitor returned 1 */
    SADDLE_STOP_REQUEST = 9,     /**< saddle_solver_request_stop() */
    SADDLE_STOP_DIVERGED = 10    /**< f or ||w|| past SADDLE_OPT_DIVERGENCE, still finite */
} saddle_stop;

/** What kind of point is w? Kept apart from why the run ended.
 *  @since 0.1 */
typedef enum saddle_kind {
    SADDLE_KIND_UNKNOWN = 0,        /**< not looked at: SADDLE_OPT_EPS_GRADIENT is 0, or no full gradient was made */
    SADDLE_KIND_NOT_STATIONARY = 1, /**< ||grad f|| > eps_g */
    SADDLE_KIND_FIRST_ORDER = 2,    /**< ||grad f|| <= eps_g; curvature not decided */
    SADDLE_KIND_STRICT_SADDLE = 3,  /**< ||grad f|| <= eps_g and a direction v with v'Hv < -eps_h was found */
    SADDLE_KIND_SECOND_ORDER = 4    /**< ||grad f|| <= eps_g and lambda_min >= -eps_h with confidence 1 - delta */
} saddle_kind;

/** The name of a stop reason, "steps".
 *  @param stop a saddle_stop; int64_t as in the structs
 *  @return a string of the library, NULL when unknown
 *  @since 0.1 */
SADDLE_API const char *saddle_stop_name(int64_t stop);

/** The name of a kind of point, "first_order".
 *  @param kind a saddle_kind; int64_t as in the structs
 *  @return a string of the library, NULL when unknown
 *  @since 0.1 */
SADDLE_API const char *saddle_kind_name(int64_t kind);

#ifdef __cplusplus
}
#endif
#endif
