/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/spectrum.h
 *  Curvature: extreme eigenvalues of a symmetric operator by Lanczos, with residuals and an interval of stated confidence; what
 *  kind of point w is; the density of the spectrum. The method is described in docs/curvature.md.
 *
 *  Options that are read here: SEED, EIGENVALUES, WHICH, EIGEN_TOL, MAX_PRODUCTS, BASIS, EPS_HESSIAN, DELTA; saddle_certify() reads
 *  EPS_GRADIENT too. */
#ifndef SADDLE_SPECTRUM_H
#define SADDLE_SPECTRUM_H
#include <saddle/objective.h>
#include <saddle/options.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One eigenpair. Size-tagged: set struct_size first.
 *  @since 0.1 */
typedef struct saddle_eigen {
    int64_t struct_size; /**< sizeof(saddle_eigen) */
    double value;        /**< the Ritz value theta = v'Av: never below lambda_min, up to rounding */
    double residual;     /**< ||Av - theta v||, measured with the operator itself; of a Hessian without a hessvec
                          *   callback with that of the differences, whose own error is in lower and upper */
    double lower, upper; /**< the smallest pair: lambda_min is in [lower, upper] with probability at least 1 - delta
                          *   over the random start (delta = SADDLE_OPT_DELTA), at every number of products at once;
                          *   other pairs, and all with SADDLE_WHICH_LARGEST (run on -A for an interval): NaN */
    int64_t products;    /**< products with A so far, all pairs together, those that measure residuals included */
    int64_t converged;   /**< 1: residual <= EIGEN_TOL max(|theta|, EPS_HESSIAN), or at the level of rounding, and, of
                          *   several pairs, it is confirmed that none before it was missed */
    int64_t invariant;   /**< 1: the Krylov space closed: nothing outside the start's invariant space was seen */
} saddle_eigen;

/** y = A x, A symmetric of order dim. x is read-only, of norm 1, and overlaps not y, which comes with NaN in its first and last
 *  entry. Returns 0; anything else = give up, SADDLE_E_CALLBACK.
 *  @since 0.1 */
typedef int (*saddle_apply_fn)(void *user, int64_t dim, const double *x, double *y);

/** A computation of eigenpairs: opaque. */
typedef struct saddle_lanczos saddle_lanczos;

/** Prepares Lanczos on a symmetric operator. Nothing is called.
 *  @param c the context, or NULL; kept alive
 *  @param dim order of A, 1 .. 2^41
 *  @param apply the product
 *  @param user borrowed; handed to apply
 *  @param o the options, copied; NULL for the defaults
 *  @param out receives the object, to be destroyed by saddle_lanczos_destroy()
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT, SADDLE_E_RANGE (BASIS too small for EIGENVALUES), SADDLE_E_MEMORY, SADDLE_E_OVERFLOW
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_lanczos_create(saddle_context *c, int64_t dim, saddle_apply_fn apply, void *user,
                                                                const saddle_options *o, saddle_lanczos **out);

/** Prepares Lanczos on the Hessian of f at w, over all samples. Without a hessvec callback a product is a central difference of two
 *  gradients, good to about 1e-9 relative to the norm for ||w|| up to 100 and less beyond, as it is measured: EIGEN_TOL below 1e-8 is
 *  then not reachable.
 *  @param f the objective, with a hessvec, gradient or value_gradient callback; kept alive; its setters come before
 *  @param w borrowed, dim finite numbers; not to be changed before the last run
 *  @param o the options, copied; NULL for the defaults
 *  @param out receives the object
 *  @return as saddle_lanczos_create(); SADDLE_E_MISSING, SADDLE_E_NOT_FINITE (w), SADDLE_E_UNSUPPORTED (SADDLE_STREAM)
 *  @since 0.1 */
SADDLE_API SADDLE_NODISCARD saddle_status saddle_lanczos_create_hessian(saddle_objective *f, const double *w,
                                                                        const saddle_options *o, saddle_lanczos **out);

/** Frees it.
 *  @param l a computation, or NULL: nothing is done
 *  @since 0.1 */
SADDLE_API void saddle_lanczos_destroy(saddle_lanczos *l);

/** Computes the pairs from the start. Out of products is SADDLE_OK: the pairs then say converged 0. Every run of equal options gives
 *  equal pairs.
 *  @param l the computation
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL; A is not symmetric, with the measured asymmetry), SADDLE_E_STATE (called from its own
 *          callback), SADDLE_E_CALLBACK, SADDLE_E_NOT_FINITE, SADDLE_E_MEMORY, SADDLE_E_LINALG. After a failure there are no pairs, and it can be run again
 *  @since 0.1 */
SADDLE_API saddle_status saddle_lanczos_run(saddle_lanczos *l);

/** How many pairs there are: 0 before a run; EIGENVALUES of one end, twice as many of both, never more than dim.
 *  @since 0.1 */
SADDLE_API int64_t saddle_lanczos_count(const saddle_lanczos *l);

/** One pair, ascending in value.
 *  @param l the computation, after a run
 *  @param i 0 .. saddle_lanczos_count() - 1
 *  @param v_or_null receives the eigenvector, dim entries, ||v|| = 1 to 1e-14; NULL when it is not wanted
 *  @param out receives the rest, or NULL; set out->struct_size first
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT, SADDLE_E_STATE (no run), SADDLE_E_STRUCT_SIZE
 *  @since 0.1 */
SADDLE_API saddle_status saddle_lanczos_pair(const saddle_lanczos *l, int64_t i, double *v_or_null, saddle_eigen *out);

/** The smallest eigenvalue of the Hessian of f at w, in one call. EIGENVALUES and WHICH are not read.
 *  @param f, w, o as in saddle_lanczos_create_hessian()
 *  @param v_or_null receives the eigenvector, dim entries, or NULL. After a failure its content is unspecified
 *  @param out receives the pair; set out->struct_size first
 *  @return as saddle_lanczos_create_hessian() and saddle_lanczos_run(); SADDLE_E_STRUCT_SIZE
 *  @since 0.1 */
SADDLE_API saddle_status saddle_lambda_min(saddle_objective *f, const double *w, const saddle_options *o, double *v_or_null,
                                           saddle_eigen *out);

/** The density of the Hessian's spectrum by stochastic Lanczos quadrature: the mean over 10 random probes of at most 60 products
 *  each, every Ritz value a Gaussian of standard deviation 1 % of the spread. Its integral is 1, but for the tails that
 *  the grid cuts off; 300 points or more show a peak, which is 1 % of the spread wide.
 *  @param f, w, o as in saddle_lanczos_create_hessian(); MAX_PRODUCTS bounds the products of all probes
 *  @param points > 1
 *  @param lambda receives `points` equidistant numbers that span the spectrum and three standard deviations beyond
 *  @param density receives the density there
 *  @return as saddle_lambda_min()
 *  @since 0.1 */
SADDLE_API saddle_status saddle_spectral_density(saddle_objective *f, const double *w, const saddle_options *o, int64_t points,
                                                 double *lambda, double *density);

/** What kind of point w is, and the evidence. Size-tagged: set struct_size first. NaN = not looked at.
 *  @since 0.1 */
typedef struct saddle_certificate {
    int64_t struct_size;        /**< sizeof(saddle_certificate) */
    int64_t kind;               /**< saddle_kind: NOT_STATIONARY, STRICT_SADDLE, SECOND_ORDER, or FIRST_ORDER when MAX_PRODUCTS did
                                 *   not decide the curvature */
    double gradient_norm;       /**< ||grad f(w)|| over all samples */
    double eps_gradient;        /**< SADDLE_OPT_EPS_GRADIENT */
    double eps_hessian;         /**< SADDLE_OPT_EPS_HESSIAN */
    double delta;               /**< SADDLE_OPT_DELTA: how probable a wrong SECOND_ORDER is, at most */
    double lambda_min;          /**< the Ritz value v'Hv when the question was decided */
    double lambda_lower, lambda_upper; /**< lambda_min is in between with probability at least 1 - delta */
    double residual;            /**< ||Hv - lambda_min v|| */
    int64_t products;           /**< Hessian products */
} saddle_certificate;

/** Looks at the gradient first, and at the curvature only when ||grad f(w)|| <= EPS_GRADIENT: is lambda_min < -EPS_HESSIAN? Products end
 *  as soon as that is proven, or excluded with confidence 1 - delta; lambda_min is then only as good as its interval says, and
 *  saddle_lambda_min() gives it to EIGEN_TOL.
 *  EPS_HESSIAN may be 0 here, not in a run with CHECK_EVERY: a singular Hessian without negative curvature is then
 *  FIRST_ORDER, or what rounding makes of it, SECOND_ORDER.
 *  @param f, w, o as in saddle_lanczos_create_hessian(); EPS_GRADIENT > 0
 *  @param v_or_null receives a unit vector v with v'Hv = lambda_min of the certificate, dim entries: of a strict saddle
 *         a way down, in general not yet the eigenvector; zeros where the curvature was not looked at; or NULL. After a failure its
 *         content is unspecified
 *  @param out receives the certificate; set out->struct_size first
 *  @return as saddle_lambda_min(); SADDLE_E_RANGE (EPS_GRADIENT is 0)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_certify(saddle_objective *f, const double *w, const saddle_options *o, double *v_or_null,
                                        saddle_certificate *out);

#ifdef __cplusplus
}
#endif
#endif
