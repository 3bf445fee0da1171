/* SPDX-License-Identifier: BSD-3-Clause */
/* Will a method leave the saddle w? For gd and sgd_gd a law says it, on the quadratic model along the space of
 * lambda_min, V its basis: x is the displacement there from the stationary point of the model, V'grad f(w)/lambda_min at
 * w itself. A step of gradient descent with step size eta multiplies x by 1 + eta |lambda_min|. An escape of sgd_gd, in
 * place of such a step, draws a sample z and subtracts r V'grad f_z(w); the first step is one, and each t_thres steps
 * later another one follows while the gate is open, |lambda_min| ||x|| <= g_thres. What is left of earlier draws adds to a
 * later one or cancels it. The method has left with the first step after which ||x|| >= D.
 *
 * Up to t_thres steps there is one draw, and P, the probability of having left, is the share of the samples that are
 * enough. With more steps it is the share of 10,000 sequences of draws, always the same ones, that have left: its
 * standard error is .005 or less. (Where a sequence has more than 2,000 draws there are fewer sequences, at least 1,000.)
 * The whole distribution over z is used, not m_1: where few samples carry it, a typical draw needs far longer than one of
 * the size sqrt(m_1).
 *
 * The model knows neither how f bends within D, nor that a sample's gradient changes with x, nor the gradient at right
 * angles to V, which takes part in the gate: where f falls in other directions too, and g_thres and t_thres are small, P
 * is too large (on PCA, from sqrt(lambda_3) u_3, eta = .2, r = .02, g_thres = 1e-3, t_thres = 20, .951 for .87). */
#ifndef PREDICTION_H
#define PREDICTION_H
#include <saddle/saddle.h>

/* The callbacks of single samples. */
struct prediction_model {
    int64_t dim, samples;
    void *user;
    saddle_gradient_fn gradient;
    saddle_slopes_fn slopes; /* or NULL: gradients of one sample at a time */
};

/* What is known of a point. */
struct prediction {
    saddle_cnc cnc;
    int64_t samples, directions; /* directions: the multiplicity of lambda_min; 0 where it is not negative, and then */
    double value, norm;          /* there are no slopes; f(w), ||w|| */
    double *mean;                /* V'grad f(w), directions */
    double *slopes;              /* V'grad f_z(w), samples x directions */
    double largest;              /* the greatest ||V'grad f_z(w)|| */
    /* What prediction_set_rule() made. */
    double *need;                /* of each first draw the step with which w has left if no other follows, ascending */
    int64_t sequences;           /* of draws; 0 where no second one can be made */
    double *left;                /* of each the step with which w has left, infinite if not within the steps, ascending */
    double rounding;             /* a smaller ||x|| is 0 */
    double *x;
};

struct prediction_rule {
    double step_size;          /* eta */
    double escape_step;        /* r; 0: gradient descent without escapes */
    double gradient_threshold; /* g_thres */
    double displacement;       /* D */
    int64_t escape_steps;      /* t_thres */
    int64_t steps;             /* the most that are asked about */
};

enum forecast_word { FORECAST_NONE, FORECAST_STAYS, FORECAST_MAY, FORECAST_LEAVES };

struct forecast {
    enum forecast_word word;
    double probability; /* NaN where no law gives it */
};

/* Looks at w: saddle_cnc_check() with the options, then the slopes of all samples. Memory: samples x directions numbers,
 * a few vectors, and a number for each sequence. Returns 0, or -1 with an error printed. Release in both cases. */
int prediction_look(const char *program, saddle_objective *f, const struct prediction_model *m, const double *w,
                    const saddle_options *o, struct prediction *p);
void prediction_release(struct prediction *p);

/* D: how far along v f is f_thres lower on the quadratic model; where f_thres is 0, how far ||grad f|| is g_thres. */
double prediction_displacement(const struct prediction *p, double f_thres, double g_thres);

/* Draws; p has directions. Time: samples + sequences x steps/t_thres, times directions. */
void prediction_set_rule(struct prediction *p, const struct prediction_rule *r);
/* P(steps), for the rule that was set, steps <= r->steps. */
double prediction_leave(const struct prediction *p, const struct prediction_rule *r, int64_t steps);

/* What a method with these options will do within so many steps. gd and sgd_gd by the law, where their step size is a
 * constant that is known and gradients are of all samples, escapes of one; "leaves" from P = .95, "stays" up to .05.
 * sgd by the CNC condition: it leaves where that holds, and stays where the moment is 0. Methods with noise of their own
 * leave every strict saddle. */
struct forecast prediction_of(struct prediction *p, saddle_method m, const saddle_options *o, double displacement,
                              int64_t steps);

/* "leaves", "stays", "may (.50)" or "-". */
enum { FORECAST_LENGTH = 16 };
void prediction_text(struct forecast f, char text[FORECAST_LENGTH]);

#endif
