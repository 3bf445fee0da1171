/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/cnc.h
 *  The CNC condition of Daneshmand et al. 2018: E_z <grad f_z(w), v>^2 > gamma, v the unit eigenvector of the smallest eigenvalue of
 *  the Hessian. Does the noise of the samples reach the way out of a saddle? docs/cnc.md says how it is answered.
 *
 *  The verdict does not look at the sign of lambda_min: at a minimum, or where f is flat, there is one as well, and it means nothing.
 *  Look first whether lambda_min < -eps_h: saddle_certify().
 *
 *  Options that are read here: CNC_GAMMA, CNC_SAMPLES, CNC_BOUND, DELTA, SEED, and those of Lanczos: EIGEN_TOL, MAX_PRODUCTS, BASIS,
 *  EPS_HESSIAN. */
#ifndef SADDLE_CNC_H
#define SADDLE_CNC_H
#include <saddle/objective.h>
#include <saddle/options.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is said of m_1 = E_z <grad f_z(w), v>^2 > gamma.
 *  @since 0.1 */
typedef enum saddle_verdict {
    SADDLE_VERDICT_FAILS = -1,     /**< m_1 <= gamma: the whole interval is at or below it */
    SADDLE_VERDICT_UNDECIDED = 0,  /**< gamma is inside the interval of m_1 */
    SADDLE_VERDICT_HOLDS = 1       /**< m_1 > gamma: the whole interval is above it */
} saddle_verdict;

/** What the check found. Size-tagged: set struct_size first. NaN = not known.
 *  @since 0.1 */
typedef struct saddle_cnc {
    int64_t struct_size;     /**< sizeof(saddle_cnc) */
    int64_t verdict;         /**< saddle_verdict against CNC_GAMMA, or against 1e-12 energy where that is larger: below is rounding; with
                              *   confidence 1 - DELTA */
    int64_t samples;         /**< samples whose slopes were taken */
    int64_t exact;           /**< 1: the whole data set was used: the interval has no sampling error */
    int64_t zero_gradients;  /**< samples with grad f_z = 0 exactly, of those whose gradients were taken */
    double second_moment;    /**< m_1; of a multiple lambda_min the least over its eigenspace, up to a few eps of the largest there */
    double lower, upper;     /**< interval of m_1: sampling error, the error of v, and rounding where lambda_min is multiple; upper = +Inf where
                              *   no sample can bound it */
    double mean, variance;   /**< <grad f, v> and Var_z <grad f_z, v>: m_1 = mean^2 + variance. Of one sample (n = 1) the variance is 0:
                              *   there is no noise, and only the mean can move w along v. One sample of many does not know it: NaN */
    double energy;           /**< E ||grad f_z||^2, over the samples whose gradients were taken: an estimate where these are not all; at least
                              *   m_1, and what the gradient of the sample with the largest slope makes of it */
    double cosine;           /**< E cos^2(grad f_z, v) over those of them that are not 0: the paper's figures */
    double amplification;    /**< m_1 dim / energy: 1 for isotropic noise of the same energy; at most dim */
    double lambda_min;       /**< the eigenvalue of v */
    double residual;         /**< ||Hv - lambda_min v|| */
    double curvature_ratio;  /**< m_1 / lambda_min^2: of halfspaces with the sigmoid loss, inputs of norm at most 1, at least 1; of norm at
                              *   most R, at least 1/R^2 */
    int64_t products;        /**< Hessian products, those that measure residuals included */
    int64_t multiplicity;    /**< eigenvalues that are equal to lambda_min up to 1e-3 of it: then v is the direction of their space that the
                              *   noise reaches least. Where it is 64, or all that a small BASIS allows, and below dim, there may be more: then
                              *   lower is 0, and the verdict is never HOLDS */
    double sine;             /**< a bound of the sine of the angle between v and the eigenspace; 1 where none is known: out of products, or lambda_min
                              *   is 0 of more entries than are looked for */
    int64_t gradients;       /**< samples whose gradients were taken for energy and cosine */
} saddle_cnc;

/** Checks the condition at w. Three ways to the slopes <grad f_z, v>, the cheapest that the objective offers: its slopes callback, with
 *  256 sampled gradients for energy and cosine, and that of the sample with the largest slope, which has to agree; gradients one sample
 *  at a time; and for 0 < CNC_SAMPLES < n a sample in random order that ends as soon as the verdict is decided. Two eigenpairs are
 *  computed, more where lambda_min is multiple, each time with up to MAX_PRODUCTS products.
 *  CNC_SAMPLES bounds the slopes, not the cost: the Hessian is that of all n samples, in every product. Where products x n is too much,
 *  take saddle_cnc_along() with a direction of your own, or an objective over a part of the samples.
 *  Of a SADDLE_STREAM at most CNC_SAMPLES fresh draws are taken so, 1024 where that is 0, and the Hessian is that of as many other
 *  draws: lambda_min and v are those of this sampled Hessian, exact is 0. With CNC_GAMMA 0 a stream, as any sample, never FAILS: it takes
 *  a gamma > 0, and CNC_BOUND.
 *  @param f the objective, with a gradient or value_gradient callback
 *  @param w dim finite numbers
 *  @param o the options; NULL for the defaults
 *  @param v_or_null receives v, dim entries, or NULL
 *  @param out receives the findings; set out->struct_size first
 *  @return as saddle_lambda_min(), but for a SADDLE_STREAM; SADDLE_E_RANGE (BASIS below 8, a gradient above CNC_BOUND);
 *          SADDLE_E_ARGUMENT (slopes that are not those of the gradients); SADDLE_E_NOT_FINITE (a gradient of norm above 2^440)
 *  @since 0.1 */
SADDLE_API saddle_status saddle_cnc_check(saddle_objective *f, const double *w, const saddle_options *o, double *v_or_null,
                                          saddle_cnc *out);

/** The same moments along given directions, in one pass over the data: sigma_k against lambda_k. With CNC_SAMPLES, and of a stream, they are
 *  means over the samples taken, and no interval says how far off. A slopes callback alone will do without cosines, and is believed: one
 *  that is wrong is no error here. saddle_check_derivatives() looks at it, once.
 *  @param f, w, o as in saddle_cnc_check(), of a stream 1024 draws where CNC_SAMPLES is 0; CNC_SAMPLES, SEED are read
 *  @param k directions, 1 .. 2^20
 *  @param v k unit vectors, v_j at v + j dim
 *  @param second_moments receives k numbers, E <grad f_z, v_j>^2
 *  @param cosines_or_null receives k numbers, E cos^2(grad f_z, v_j) over gradients that are not 0; or NULL
 *  @return SADDLE_OK; SADDLE_E_ARGUMENT (NULL, k, a v_j that is not of norm 1 up to 1e-6), and as saddle_objective_gradient()
 *  @since 0.1 */
SADDLE_API saddle_status saddle_cnc_along(saddle_objective *f, const double *w, const saddle_options *o, int64_t k, const double *v,
                                          double *second_moments, double *cosines_or_null);

/** The name of a verdict, "holds", "fails" or "undecided".
 *  @param verdict a saddle_verdict; int64_t as in the struct
 *  @return a string of the library, NULL when unknown
 *  @since 0.1 */
SADDLE_API const char *saddle_verdict_name(int64_t verdict);

#ifdef __cplusplus
}
#endif
#endif
