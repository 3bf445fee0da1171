/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/solver.h
 *  A run of one method on one objective. Steps count from 1: step t takes w_(t-1) to w_t. */
#ifndef SADDLE_SOLVER_H
#define SADDLE_SOLVER_H
#include <saddle/objective.h>
#include <saddle/options.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The methods; docs/methods/ has a page for each.
 *  @since 0.1 */
typedef enum saddle_method {
    SADDLE_METHOD_GD = 1,     /**< "gd": w -= eta grad f(w); of a mini-batch when batch_size is set */
    SADDLE_METHOD_SGD = 2,    /**< "sgd": w -= eta g_B(w), or CNC-SGD with a longer step every t_thres */
    SADDLE_METHOD_SGD_GD = 3, /**< "sgd_gd": gradient descent, perturbed by one stochastic step (CNC-PGD) */
    SADDLE_METHOD_PGD = 4,    /**< "pgd": perturbed gradient descent, Jin et al. 2017 */
    SADDLE_METHOD_NGD = 5,    /**< "ngd": normalised gradient descent with noise, Levy 2016 */
    SADDLE_METHOD_PSGD = 6,   /**< "psgd": SGD with added noise, Ge et al. 2015, Jin et al. 2019 */
    SADDLE_METHOD_SGLD = 7,   /**< "sgld": stochastic gradient Langevin dynamics, Zhang et al. 2017 */
    SADDLE_METHOD_INT32 = 0x7fffffff /**< no method: keeps the type 32 bits wide */
} saddle_method;

/** The name of a method, "sgd_gd".
 *  @param m any number
 *  @return a string of the library, NULL when unknown
 *  @since 0.1 */
SADDLE_API const char *saddle_method_name(saddle_method m);

/** The method of a name.
 *  @param name "sgd_gd"; NULL is unknown
 *  @return the method, 0 when unknown
 *  @since 0.1 */
SADDLE_API saddle_method saddle_method_find(const char *name);

/** Where a run stands. Size-tagged: set struct_size first. NaN = not computed.
 *  @since 0.1 */
typedef struct saddle_result {
    int64_t struct_size;      /**< sizeof(saddle_result) */
    int64_t stop;             /**< saddle_stop */
    int64_t kind;             /**< saddle_kind of the output */
    int64_t steps;            /**< steps taken */
    int64_t perturbations;    /**< perturbations so far: SGD, SGD-GD escape steps; PGD balls; NGD, PSGD, SGLD steps with noise */
    int64_t callback_code;    /**< what the last callback that gave up returned, 0 when none did */
    int64_t value_samples;    /**< oracle calls times their samples, tests and the measurement of the output included: of values, */
    int64_t gradient_samples; /**< of gradients (a value_gradient call counts for both), */
    int64_t hessvec_samples;  /**< of Hessian products by the hessvec callback, */
    int64_t slopes_samples;   /**< of slopes: 0 in this release */
    double value;             /**< f(w) over all samples, of the output of a run that stopped; after SADDLE_STOP_REQUEST and
                               *   SADDLE_STOP_SECONDS, which want an end now, NaN unless it is known: saddle_objective_value() tells */
    double gradient_norm;     /**< ||grad f(w)|| over all samples, likewise */
    double lambda_min;        /**< a Ritz value of the Hessian at the output, where CHECK_EVERY asked for a look at the curvature: an
                               *   upper bound of its smallest eigenvalue; else NaN */
    double seconds;           /**< wall-clock seconds spent in step and run */
    double lambda_lower;      /**< the smallest eigenvalue is in [lambda_lower, lambda_min] with confidence 1 - delta, for all looks of
                               *   the run together; NaN where lambda_min is */
    double step_size;         /**< eta_0: SADDLE_OPT_STEP_SIZE, or where that is 0 the one chosen, as halved until now; NaN before it is
                               *   chosen. A schedule makes eta_t of it */
} saddle_result;

/** What a monitor is told. The library owns it and may append members; valid during the call.
 *  @since 0.1 */
typedef struct saddle_event {
    int64_t struct_size;      /**< bytes that this library wrote */
    int64_t step;             /**< the step just taken; the last one again in the call when the run stops */
    int64_t perturbations;    /**< as in saddle_result */
    int64_t escaping;         /**< 1 inside the t_thres steps after a perturbation (SGD-GD, PGD) */
    int64_t gradient_samples; /**< as in saddle_result */
    double epoch;             /**< samples of the gradients that steps used / n, as SADDLE_OPT_MAX_EPOCHS counts; NaN for SADDLE_STREAM */
    double value;             /**< f over all samples at the iterate before the step, where a step over all samples came with it; else NaN; when the run stops as in saddle_result */
    double gradient_norm;     /**< norm of the gradient that the step used, before noise; when the run stops as in saddle_result */
    double step_norm;         /**< ||eta_t (g + noise)||; without PGD's ball and without a projection */
    double lambda_min;        /**< as in saddle_result, of the check made after this step; else NaN */
    double seconds;           /**< as in saddle_result, at the last reading of the clock */
    double fraction;          /**< how much of the nearest limit of steps, epochs or seconds is used, in [0,1]; for progress bars */
    int64_t dim;              /**< entries of w */
    const double *w;          /**< the current iterate, or the output when the run stops; read-only */
    int64_t stop;             /**< SADDLE_STOP_NONE; in the call when the run stops, why */
    double step_size;         /**< as in saddle_result, after the step */
} saddle_event;

/** Is told how a run goes, every SADDLE_OPT_MONITOR_EVERY steps and once when it stops. It may call
 *  saddle_solver_result(), saddle_solver_save() and saddle_solver_request_stop() on its solver and evaluate its
 *  objective. A monitor that writes into w ends the call with SADDLE_E_STATE, and the run goes on only from a w
 *  that is put back. Of a long w 256 entries are watched, the first and the last among them.
 *  @return 0: go on; 1: stop with SADDLE_STOP_MONITOR; else SADDLE_E_CALLBACK. In the call when the run stops
 *         (stop != SADDLE_STOP_NONE) 1 means as much as 0; after SADDLE_STOP_REQUEST a request made in it is
 *         dropped
 *  @since 0.1 */
typedef int (*saddle_monitor_fn)(void *user, const saddle_event *e);

/** Computes the step size of a step; replaces SADDLE_OPT_SCHEDULE. A run is repeatable only if it
 *  depends on nothing but its arguments.
 *  @param user as given to saddle_solver_set_schedule()
 *  @param step 1, 2, ...
 *  @param eta0 SADDLE_OPT_STEP_SIZE
 *  @param eta receives the step size, finite and >= 0, else SADDLE_E_RANGE
 *  @return 0; else SADDLE_E_CALLBACK
 *  @since 0.1 */
typedef int (*saddle_schedule_fn)(void *user, int64_t step, double eta0, double *eta);

/** A run: opaque. One thread at a time uses it, together with its objective. */
typedef struct saddle_solver saddle_solver;

/** Makes a solver. No callback is called.
 *  @param f the objective, with the callbacks that the method needs; kept alive; its setters come before
 *  @param m the method
 *  @param o the options, copied; NULL for the defaults
 *  @param w borrowed, dim finite numbers, at any alignment of a double: the start, then the current iterate. The caller may read it
 *           between calls and not write it (SADDLE_E_STATE). After any failure it is the last accepted iterate. Once
 *           the run has stopped it is the output: what SADDLE_OPT_OUTPUT says, or PGD's unperturbed point
 *  @param out receives the solver, to be destroyed by saddle_solver_destroy()
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT, SADDLE_E_RANGE (an option that the method needs is not set), SADDLE_E_MISSING,
 *          SADDLE_E_NOT_FINITE (w), SADDLE_E_UNSUPPORTED (an unknown method, all samples of a stream),
 *          SADDLE_E_OVERFLOW, SADDLE_E_MEMORY
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_solver_create(saddle_objective *f, saddle_method m,
                                                               const saddle_options *o, double *w,
                                                               saddle_solver **out);

/** Frees a solver; w stays as it is.
 *  @param s a solver, or NULL: nothing is done
 *  @since 0.1 */
SADDLE_API void saddle_solver_destroy(saddle_solver *s);

/** Sets the monitor.
 *  @param s the solver
 *  @param fn the monitor, NULL for none
 *  @param user borrowed; handed to fn
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (s is NULL)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_solver_set_monitor(saddle_solver *s, saddle_monitor_fn fn, void *user);

/** Sets a schedule of the caller's own. Arguments and errors as in saddle_solver_set_monitor().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_solver_set_schedule(saddle_solver *s, saddle_schedule_fn fn, void *user);

/** Takes at most so many steps and stops as saddle_solver_run() does; for a loop of the caller's own.
 *  Any split of a run into calls gives the same bits.
 *  @param s the solver
 *  @param steps >= 0
 *  @return SADDLE_OK, also when it stopped (saddle_result.stop); SADDLE_E_ARGUMENT; SADDLE_E_STATE (it had stopped for good,
 *          or w was changed); SADDLE_E_CALLBACK, SADDLE_E_NOT_FINITE, SADDLE_E_RANGE (a schedule's value), SADDLE_E_MEMORY
 *          (a thread's vector). After a failure the solver can go on
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_solver_step(saddle_solver *s, int64_t steps);

/** Goes on until something stops it. Called again after a failure, SADDLE_STOP_MONITOR or SADDLE_STOP_REQUEST it takes up the
 *  current iterate again; after any other stop it is SADDLE_E_STATE.
 *  @param s the solver
 *  @return as saddle_solver_step()
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_solver_run(saddle_solver *s);

/** Asks a run to stop after the step it is in: from a signal handler, a monitor or any thread. Kept until
 *  a step or run has ended by it.
 *  @param s a solver, or NULL: nothing is done
 *  @since 0.1 */
SADDLE_API void saddle_solver_request_stop(saddle_solver *s);

/** Where the run stands; at any time between calls, and from its monitor.
 *  @param s the solver
 *  @param out receives the result; set out->struct_size first
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL), SADDLE_E_STRUCT_SIZE
 *  @since 0.1 */
SADDLE_API saddle_status saddle_solver_result(saddle_solver *s, saddle_result *out);

/** Writes all that the run is into a file, a checkpoint; saddle_solver_load() goes on from there with the same
 *  bits, results, counts and events. Between calls, from the monitor, after a failure and after the run has
 *  stopped. The file is replaced as a whole: what is written goes to a temporary in the same directory, named
 *  after the file with 16 digits and .tmp behind, is flushed to the disk and then renamed, and the directory is
 *  flushed. Whoever opens path finds the old checkpoint or the new one, also after a crash; a process that is
 *  killed in here leaves its temporary behind. A link at path is replaced, not followed; what is no plain file
 *  is left alone. The new file has those permissions of the old one that umask allows, or 0666 less umask.
 *  Costs 64 KiB of memory. Not saved: the objective, the monitor, a schedule of the caller's own, a request to
 *  stop, the number of threads, the log. docs/checkpoint-format.md defines the file.
 *  @param s the solver
 *  @param path the name of the file; not empty, no slash at its end
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL, a path that names no file), SADDLE_E_STATE (inside a step; w was
 *         changed), SADDLE_E_MEMORY, SADDLE_E_OVERFLOW and SADDLE_E_NOT_FINITE (a count or number of the run
 *         that no checkpoint holds: above 2^62 samples, a step size chosen past the range), SADDLE_E_IO: the
 *         old file is as it was, but where the message says that the directory could not be flushed the new one
 *         is in place. The run is never touched
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_solver_save(saddle_solver *s, const char *path);

/** Takes up the run of a checkpoint. The solver is fresh and made as that one was: of an objective with the
 *  same dim, samples and grain, the same method, the same options but for those that do not change the iterates
 *  (max_steps where no schedule goes by it, max_epochs, max_seconds, target_value, divergence, eps_gradient,
 *  eps_hessian, check_every, eigen_tol, basis, monitor_every; eigenvalues, which and cnc_* are not read by
 *  runs). A schedule of the caller's own is set before. That the functions are the same ones is up to the
 *  caller. w receives the iterate of the checkpoint. A run that a limit of steps, epochs or seconds had stopped
 *  goes on where the limit is higher now. All of the file is checked before anything is touched: after a
 *  failure solver and w are as they were. Costs 64 KiB of memory.
 *  @param s the solver
 *  @param path the name of the file
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL), SADDLE_E_STATE (step or run was called, or a checkpoint
 *         loaded), SADDLE_E_IO (it could not be read, or changed meanwhile), SADDLE_E_FORMAT (no checkpoint, a
 *         damaged one, NaN or Inf in it, or of a newer format), SADDLE_E_MISMATCH (another problem: the message
 *         names the first difference, with both values), SADDLE_E_MEMORY
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_solver_load(saddle_solver *s, const char *path);

/** Creates, runs and destroys a solver: one call for the common case.
 *  @param f, m, o, w as in saddle_solver_create()
 *  @param out_or_null receives the result, also of a run that failed; set out_or_null->struct_size first
 *  @return as saddle_solver_create() and saddle_solver_run()
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_minimize(saddle_objective *f, saddle_method m, const saddle_options *o,
                                                          double *w, saddle_result *out_or_null);

#ifdef __cplusplus
}
#endif
#endif
