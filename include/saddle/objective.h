/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/objective.h
 *  What is minimised: f(w) = (1/n) sum_i f_i(w), or E_z f_z(w), handed over as callbacks.
 *  w has d = dim entries; samples, entries and positions count from 0. */
#ifndef SADDLE_OBJECTIVE_H
#define SADDLE_OBJECTIVE_H
#include <saddle/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What one call of a callback is over. The library owns it and may append members; it is valid
 *  during the call.
 *  @since 0.1 */
typedef struct saddle_batch {
    int64_t struct_size;  /**< bytes that this library wrote */
    int64_t count;        /**< samples in the call, 1 .. grain */
    int64_t first;        /**< they are first .. first+count-1, in this order; -1 when they are not */
    const int64_t *index; /**< never NULL: the samples are index[k], k = 0 .. count-1 (may repeat) */
    int64_t dim;          /**< entries of w */
    int64_t offset;       /**< global position of w[0]: 0 in this release */
    int64_t step;         /**< the step this call belongs to, 0 before the first, -1 outside a run */
    int64_t point;        /**< calls of one objective with equal point (>= 1) see the same w, the samples may differ: keep
                           *   what was computed there for the same samples; 0 = unknown */
    int64_t thread;       /**< 0 .. threads-1: which of the concurrent callers, for scratch space */
} saddle_batch;

/** f over a batch: *value = (1/count) sum_k f_index[k](w).
 *
 *  Rules for all callbacks of a batch. Return 0 = done; 1 = cannot be evaluated at this w (SGLD
 *  then rejects the step that led there, other methods stop with SADDLE_E_CALLBACK); any other
 *  number = give up. w is read-only and overlaps no output. Outputs are MEANS over the samples of
 *  the call, never NULL, and come with NaN in their first and last entry: write every entry. More
 *  samples than the grain come in several calls, whose means are weighted by count. They run in
 *  the calling thread, and with saddle_context_set_threads() > 1 in threads of the library too,
 *  several at once. No longjmp and no C++ exception may leave them. They call nothing of the
 *  library on an object that is at work.
 *
 *  @param user as given to saddle_objective_create()
 *  @param b what the call is over
 *  @param w dim entries
 *  @param value one number
 *  @return 0, 1 or any other number, see above
 *  @since 0.1 */
typedef int (*saddle_value_fn)(void *user, const saddle_batch *b, const double *w, double *value);

/** The gradient over a batch: gradient = (1/count) sum_k grad f_index[k](w), dim entries.
 *  The rules are those of saddle_value_fn.
 *  @since 0.1 */
typedef int (*saddle_gradient_fn)(void *user, const saddle_batch *b, const double *w, double *gradient);

/** Both in one pass; serves for value and for gradient where those are not set, and is preferred
 *  where both are needed at one w. The rules are those of saddle_value_fn.
 *  @since 0.1 */
typedef int (*saddle_value_gradient_fn)(void *user, const saddle_batch *b, const double *w, double *value,
                                        double *gradient);

/** The product of the Hessian over a batch with v: product = (1/count) sum_k H_index[k](w) v, dim entries. v is any vector of dim
 *  finite numbers, of norm 1 in what the library computes itself. Calls with equal b->point see the same w: a forward pass that is
 *  kept for it halves the cost. The rules are those of saddle_value_fn.
 *  @since 0.1 */
typedef int (*saddle_hessvec_fn)(void *user, const saddle_batch *b, const double *w, const double *v, double *product);

/** Directional derivatives, one for each sample and direction: slopes[i k + j] = <grad f_index[i](w), v_j>, i = 0 .. count-1. Forward
 *  mode gives them without a gradient per sample. Unlike the other outputs slopes are no means. v holds k directions, v_j at
 *  v + j dim. The rules are otherwise those of saddle_value_fn.
 *  @since 0.1 */
typedef int (*saddle_slopes_fn)(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes);

/** Projects w onto the feasible set, in place, after every step; tests of the gradient stay those
 *  of the free problem. Returns 0; anything else = give up.
 *  @param user as given to saddle_objective_create()
 *  @param dim entries of w
 *  @param w dim finite numbers, to be made feasible
 *  @since 0.1 */
typedef int (*saddle_project_fn)(void *user, int64_t dim, double *w);

/** An objective: opaque, counted. Solvers made from it keep it alive. */
typedef struct saddle_objective saddle_objective;

/** Samples without end, f = E_z f_z: index[] holds fresh 63-bit draws, or 0, 1, 2, ... with
 *  SADDLE_SAMPLING_SEQUENTIAL. What needs all samples is SADDLE_E_UNSUPPORTED. For an objective that is
 *  no sum at all pass 1, not 0. */
#define SADDLE_STREAM (-INT64_C(1))

/** Makes an objective without callbacks.
 *  @param c the context, or NULL for the defaults; kept alive by the objective
 *  @param dim entries of w, 1 .. 2^41
 *  @param samples n, 1 .. 2^62, or SADDLE_STREAM
 *  @param user borrowed; handed to every callback
 *  @param out receives the objective, to be destroyed by saddle_objective_destroy()
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT, SADDLE_E_MEMORY
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_objective_create(saddle_context *c, int64_t dim, int64_t samples,
                                                                  void *user, saddle_objective **out);

/** Gives the caller's hold on an objective back; it goes when the last solver made from it is gone.
 *  @param f an objective, or NULL: nothing is done
 *  @since 0.1 */
SADDLE_API void saddle_objective_destroy(saddle_objective *f);

/** Sets what is called with user when the objective goes; for bindings that own it.
 *  @param f the objective
 *  @param destroy the function, NULL for none
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (f is NULL)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_destructor(saddle_objective *f, void (*destroy)(void *user));

/** Sets the callback for values.
 *  @param f the objective
 *  @param fn the callback, NULL to take it back
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (f is NULL); SADDLE_E_STATE (a solver was made from f)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_value(saddle_objective *f, saddle_value_fn fn);

/** Sets the callback for gradients. Arguments and errors as in saddle_objective_set_value().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_gradient(saddle_objective *f, saddle_gradient_fn fn);

/** Sets the callback for value and gradient in one pass. Arguments and errors as in
 *  saddle_objective_set_value().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_value_gradient(saddle_objective *f, saddle_value_gradient_fn fn);

/** Sets the callback for Hessian products. Where there is none, central differences of gradients stand in. Arguments and errors as in
 *  saddle_objective_set_value().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_hessvec(saddle_objective *f, saddle_hessvec_fn fn);

/** Sets the callback for slopes, which saddle_cnc_check() and saddle_cnc_along() prefer to gradients of single samples. Arguments and
 *  errors as in saddle_objective_set_value().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_slopes(saddle_objective *f, saddle_slopes_fn fn);

/** Sets the projection. Arguments and errors as in saddle_objective_set_value().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_project(saddle_objective *f, saddle_project_fn fn);

/** Sets the most samples that one call of a callback gets. It fixes the order of the sums, and so the
 *  last bits of a result; it is also the unit that threads share.
 *  @param f the objective
 *  @param samples 1 .. 2^31 - 1; the default is 256
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT; SADDLE_E_STATE (a solver was made from f)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_set_grain(saddle_objective *f, int64_t samples);

/** dim as given to saddle_objective_create(); 0 when f is NULL.
 *  @since 0.1 */
SADDLE_API int64_t saddle_objective_dim(const saddle_objective *f);

/** samples as given to saddle_objective_create(); 0 when f is NULL.
 *  @since 0.1 */
SADDLE_API int64_t saddle_objective_samples(const saddle_objective *f);

/** f(w) over all samples, in grains, by all threads, summed in an order that does not depend on them.
 *  @param f an objective with a value or value_gradient callback
 *  @param w dim finite numbers, not changed
 *  @param value receives f(w)
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT, SADDLE_E_MISSING, SADDLE_E_CALLBACK, SADDLE_E_NOT_FINITE,
 *          SADDLE_E_MEMORY, SADDLE_E_UNSUPPORTED (SADDLE_STREAM)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_value(saddle_objective *f, const double *w, double *value);

/** grad f(w) over all samples, and f(w) with it.
 *  @param f an objective with a gradient or value_gradient callback
 *  @param w dim finite numbers, not changed
 *  @param value_or_null receives f(w), or NULL when it is not wanted
 *  @param gradient receives dim numbers; overlaps not w. After a failure its content is unspecified
 *  @return as saddle_objective_value()
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_gradient(saddle_objective *f, const double *w, double *value_or_null,
                                                   double *gradient);

/** H(w) v over all samples, by the hessvec callback or by central differences of gradients.
 *  @param f an objective with a hessvec, gradient or value_gradient callback
 *  @param w dim finite numbers, not changed
 *  @param v dim finite numbers, of any length
 *  @param product receives dim numbers; overlaps neither w nor v. After a failure its content is unspecified
 *  @return as saddle_objective_value()
 *  @since 0.1 */
SADDLE_API saddle_status saddle_objective_hessvec(saddle_objective *f, const double *w, const double *v, double *product);

/** What a check of the callbacks against each other found. Size-tagged: set struct_size first. NaN where a callback is absent.
 *  A slope is the order of the Taylor remainder: f(w + h u) - f(w) - h <grad f(w), u> = O(h^2), so 2 = right, 1 = wrong; likewise for the
 *  gradient with the Hessian product.
 *  @since 0.1 */
typedef struct saddle_derivative_check {
    int64_t struct_size;      /**< sizeof(saddle_derivative_check) */
    double gradient_slope;    /**< order of the remainder of f; +Inf where f is linear up to rounding */
    double hessvec_slope;     /**< order of the remainder of the gradient; +Inf where the gradient is linear up to rounding */
    double gradient_error;    /**< worst relative gap of <grad f, u> and a central difference of f */
    double hessvec_error;     /**< worst relative gap of H u and a central difference of gradients */
    double hessvec_asymmetry; /**< worst |u'Hv - v'Hu| relative to ||Hu|| ||v|| + ||Hv|| ||u||, and gap of H(u + 2v) and Hu + 2Hv */
    double slopes_error;      /**< worst relative gap of slopes and <grad f_z, v> of single samples */
    double batch_error;       /**< worst relative gap of the mean over single samples and the batch that they make */
    int64_t ok;               /**< 1 when all that could be checked holds; 0: saddle_error_message() names what does not */
} saddle_derivative_check;

/** Checks value, gradient, Hessian product and slopes against each other at w, along random directions and on a few samples. No
 *  setting is needed: the remainders are taken at several h, and their order is what counts.
 *  @param f an objective with a gradient or value_gradient callback
 *  @param w dim finite numbers; not near a stationary point: values say little of a small gradient there, and where gradient and
 *           Hessian product disagree the message says that it cannot tell which is wrong
 *  @param seed >= 0, of directions and samples
 *  @param out receives the findings; set out->struct_size first
 *  @return SADDLE_OK, also when a derivative is wrong: see out->ok; SADDLE_E_ARGUMENT (NULL, seed < 0), SADDLE_E_STRUCT_SIZE; else as
 *          saddle_objective_value(), but of a SADDLE_STREAM samples 0 .. 7 are looked at
 *  @since 0.1 */
SADDLE_API saddle_status saddle_check_derivatives(saddle_objective *f, const double *w, int64_t seed, saddle_derivative_check *out);

#ifdef __cplusplus
}
#endif
#endif
