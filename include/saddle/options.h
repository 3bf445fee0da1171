/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/options.h
 *  Settings by number, with one table that knows their names, ranges, defaults and texts
 *  (saddle_option_describe(), docs/options.md). A method ignores what it does not read; its page
 *  says what it reads. */
#ifndef SADDLE_OPTIONS_H
#define SADDLE_OPTIONS_H
#include <saddle/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The options. Groups leave gaps; a number that this version does not know is
 *  SADDLE_E_UNSUPPORTED.
 *  @since 0.1 */
typedef enum saddle_option {
    SADDLE_OPT_SEED = 100,          /**< int, >= 0; the whole run is a function of it */
    SADDLE_OPT_BATCH_SIZE = 101,    /**< samples of a stochastic gradient; 0 = the method's own; SGD-GD: of the escape draw */
    SADDLE_OPT_SAMPLING = 102,      /**< saddle_sampling */
    SADDLE_OPT_STEP_SIZE = 103,     /**< eta; 0, the default: it is chosen, see docs/curvature.md */
    SADDLE_OPT_SCHEDULE = 104,      /**< saddle_schedule, of eta and of the escape step of SGD and SGD-GD */
    SADDLE_OPT_SCHEDULE_TIME = 105, /**< its time scale T in steps; 0 = MAX_STEPS */
    SADDLE_OPT_OUTPUT = 106,        /**< saddle_output */

    SADDLE_OPT_MAX_STEPS = 120,     /**< 0 = no limit; the default is 10000 */
    SADDLE_OPT_MAX_EPOCHS = 121,    /**< samples of the gradients that steps used, divided by n; 0 = no limit */
    SADDLE_OPT_MAX_SECONDS = 122,   /**< wall-clock seconds spent in step and run; 0 = no limit */
    SADDLE_OPT_TARGET_VALUE = 123,  /**< stop at f <= this; -Inf = no limit */
    SADDLE_OPT_DIVERGENCE = 124,    /**< stop at f or ||w|| > this; 0 = no limit */

    SADDLE_OPT_EPS_GRADIENT = 140,  /**< eps_g, on ||grad f||; 0 = no test */
    SADDLE_OPT_EPS_HESSIAN = 141,   /**< eps_h: a strict saddle has lambda_min < -eps_h */
    SADDLE_OPT_DELTA = 142,         /**< probability of a wrong statement on lambda_min, in (0,1) */
    SADDLE_OPT_CHECK_EVERY = 143,   /**< steps between certificates of a run; 0 = none */
    SADDLE_OPT_MONITOR_EVERY = 144, /**< steps between calls of the monitor; 0 = only when it stops */

    SADDLE_OPT_ESCAPE_STEP = 200,   /**< r of SGD and SGD-GD: step size of the one stochastic step, w - r grad f_z(w) */
    SADDLE_OPT_RADIUS = 201,        /**< r of PGD: radius of the ball */
    SADDLE_OPT_ESCAPE_STEPS = 202,  /**< t_thres */
    SADDLE_OPT_GRADIENT_THRESHOLD = 203, /**< g_thres, on ||grad f||, not squared */
    SADDLE_OPT_DECREASE_THRESHOLD = 204, /**< f_thres */
    SADDLE_OPT_NOISE = 205,         /**< standard deviation per coordinate; PSGD: of the gradient, so times eta in w; NGD: of w */
    SADDLE_OPT_NOISE_KIND = 206,    /**< saddle_noise */
    SADDLE_OPT_NOISE_EVERY = 207,   /**< NGD: steps between perturbations, N0 */
    SADDLE_OPT_INVERSE_TEMPERATURE = 210, /**< SGLD: xi */

    SADDLE_OPT_EIGENVALUES = 300,   /**< eigenpairs wanted, at each end for WHICH both */
    SADDLE_OPT_WHICH = 301,         /**< saddle_which */
    SADDLE_OPT_EIGEN_TOL = 302,     /**< on ||Av - theta v||, relative to max(|theta|, EPS_HESSIAN), not to ||A|| */
    SADDLE_OPT_MAX_PRODUCTS = 303,  /**< most products with A */
    SADDLE_OPT_BASIS = 304,         /**< most vectors kept; 0 = what fits into 256 MiB */

    SADDLE_OPT_CNC_GAMMA = 400,     /**< gamma of the CNC condition */
    SADDLE_OPT_CNC_SAMPLES = 401,   /**< most samples of its check; 0 = the whole data set */
    SADDLE_OPT_CNC_BOUND = 402,     /**< a known bound of ||grad f_z||; 0 = none: then no sample can prove that it fails */
    SADDLE_OPTION_INT32 = 0x7fffffff /**< no option: keeps the type 32 bits wide */
} saddle_option;

/** How the samples of a batch are drawn. The laws of the paper, and what its noise does at a saddle,
 *  are about REPLACEMENT: SHUFFLE has far less noise over an epoch.
 *  @since 0.1 */
typedef enum saddle_sampling {
    SADDLE_SAMPLING_REPLACEMENT = 1, /**< "replacement": independent, uniform on [0,n) */
    SADDLE_SAMPLING_SHUFFLE = 2,     /**< "shuffle": every sample once an epoch, in a new order each epoch */
    SADDLE_SAMPLING_SEQUENTIAL = 3   /**< "sequential": 0, 1, 2, ..., n-1, 0, ... */
} saddle_sampling;

/** eta_t of step t = 1, 2, ... from eta = SADDLE_OPT_STEP_SIZE and T = SADDLE_OPT_SCHEDULE_TIME.
 *  @since 0.1 */
typedef enum saddle_schedule {
    SADDLE_SCHEDULE_CONSTANT = 1,     /**< "constant": eta */
    SADDLE_SCHEDULE_INVERSE = 2,      /**< "inverse": eta / (1 + (t-1)/T) */
    SADDLE_SCHEDULE_INVERSE_SQRT = 3, /**< "inverse_sqrt": eta / sqrt(1 + (t-1)/T) */
    SADDLE_SCHEDULE_EXPONENTIAL = 4,  /**< "exponential": eta exp(-(t-1)/T) */
    SADDLE_SCHEDULE_COSINE = 5        /**< "cosine": eta (1 + cos(pi min(t-1,T)/T))/2 */
} saddle_schedule;

/** Which iterate is left in w when a run stops.
 *  @since 0.1 */
typedef enum saddle_output {
    SADDLE_OUTPUT_LAST = 1,    /**< "last" */
    SADDLE_OUTPUT_UNIFORM = 2, /**< "uniform": one of w_0 .. w_(T-1), each with probability 1/T; +1 vector */
    SADDLE_OUTPUT_BEST = 3     /**< "best": that of least f; +1 vector, and f over all samples after each step */
} saddle_output;

/** The law of PSGD's perturbation xi, each with E xi_i^2 = SADDLE_OPT_NOISE^2.
 *  @since 0.1 */
typedef enum saddle_noise {
    SADDLE_NOISE_GAUSSIAN = 1, /**< "gaussian": N(0, s^2 I) */
    SADDLE_NOISE_SPHERE = 2,   /**< "sphere": uniform on the sphere of radius s sqrt(d) */
    SADDLE_NOISE_BALL = 3      /**< "ball": uniform in the ball of radius s sqrt(d + 2) */
} saddle_noise;

/** Which eigenvalues.
 *  @since 0.1 */
typedef enum saddle_which {
    SADDLE_WHICH_SMALLEST = 1, /**< "smallest" */
    SADDLE_WHICH_LARGEST = 2,  /**< "largest" */
    SADDLE_WHICH_BOTH = 3      /**< "both": as many at each end */
} saddle_which;

/** The type of an option's value.
 *  @since 0.1 */
typedef enum saddle_option_type {
    SADDLE_TYPE_INT = 1,   /**< int64_t */
    SADDLE_TYPE_REAL = 2,  /**< double */
    SADDLE_TYPE_CHOICE = 3 /**< one of several words, as its number */
} saddle_option_type;

/** What the table says of one option. Size-tagged: set struct_size first.
 *  @since 0.1 */
typedef struct saddle_option_info {
    int64_t struct_size; /**< sizeof(saddle_option_info) */
    int64_t id;          /**< saddle_option */
    int64_t type;        /**< saddle_option_type */
    double minimum;      /**< least value; of a choice its first number */
    double maximum;      /**< greatest value; of a choice its last number */
    double initial;      /**< default */
    const char *name;    /**< "step_size"; a string of the library */
    const char *text;    /**< one sentence */
    const char *choices; /**< "constant|inverse|...", numbered from minimum; "" when no choice */
} saddle_option_info;

/** A set of options: opaque. NULL is the defaults, everywhere. */
typedef struct saddle_options saddle_options;

/** Makes a set of options with the defaults.
 *  @param c the context, or NULL; kept alive
 *  @param out receives the options, to be destroyed by saddle_options_destroy()
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT, SADDLE_E_MEMORY
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_options_create(saddle_context *c, saddle_options **out);

/** Frees options; solvers made with them have their own copy.
 *  @param o options, or NULL: nothing is done
 *  @since 0.1 */
SADDLE_API void saddle_options_destroy(saddle_options *o);

/** Sets an option of any type from an integer.
 *  @param o the options
 *  @param id which
 *  @param value for a choice one of its numbers; for a real at most 2^53 in size
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL), SADDLE_E_RANGE, SADDLE_E_UNSUPPORTED (unknown id)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_options_set_int(saddle_options *o, saddle_option id, int64_t value);

/** Sets a real option.
 *  @param o the options
 *  @param id which
 *  @param value not NaN
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL, not a real option), SADDLE_E_RANGE, SADDLE_E_UNSUPPORTED
 *  @since 0.1 */
SADDLE_API saddle_status saddle_options_set_real(saddle_options *o, saddle_option id, double value);

/** Sets an option of any type from text, as from a command line or a file: ("step_size", "1e-2"),
 *  ("schedule", "cosine"). The decimal sign is a point in every locale.
 *  @param o the options
 *  @param name as in saddle_option_describe()
 *  @param value a number, or one of the words; all of it must be used
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL, not a number, not one of the words),
 *          SADDLE_E_RANGE, SADDLE_E_UNSUPPORTED (unknown name)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_options_set_text(saddle_options *o, const char *name, const char *value);

/** Reads an int or choice option.
 *  @param o the options, or NULL for the default value
 *  @param id which
 *  @param value receives it
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL, a real option), SADDLE_E_UNSUPPORTED
 *  @since 0.1 */
SADDLE_API saddle_status saddle_options_get_int(const saddle_options *o, saddle_option id, int64_t *value);

/** Reads a real option. Arguments and errors as in saddle_options_get_int().
 *  @since 0.1 */
SADDLE_API saddle_status saddle_options_get_real(const saddle_options *o, saddle_option id, double *value);

/** Describes the options one by one.
 *  @param position 0, 1, 2, ... until SADDLE_E_RANGE
 *  @param out receives the description; set out->struct_size first
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL), SADDLE_E_STRUCT_SIZE, SADDLE_E_RANGE (past the end)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_option_describe(int64_t position, saddle_option_info *out);

#ifdef __cplusplus
}
#endif
#endif
