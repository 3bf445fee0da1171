/* SPDX-License-Identifier: BSD-3-Clause */
/* Will a method leave the saddle w? For gd and sgd_gd a law says it, on the quadratic model along the space of
 * lambda_min, V its basis. Steps of gradient descent with step size eta multiply the displacement there by
 * 1 + eta |lambda_min|; sgd_gd draws a sample z each t_thres steps, and puts
 *     a_z = ||V'grad f(w)/lambda_min - r V'grad f_z(w)||
 * there. To be D away takes the draw need_z = log(D/a_z)/log(1 + eta |lambda_min|) steps. With p(t) the share of the
 * samples that need at most t, sgd_gd has left after T steps with the probability
 *     P(T) = 1 - prod_j (1 - p(T - 1 - j t_thres)),   j = 0, 1, ... while T - 1 - j t_thres >= 0.
 * The whole distribution over z is used, not m_1: where few samples carry it, a typical draw needs far longer than one
 * of the size sqrt(m_1).
 *
 * Each draw is taken for a fresh start. That needs a t_thres in which displacements grow well, by a factor of e^1.5 or
 * more. Where it is shorter, draws add up or cancel before they are far: on PCA of the digits, of 200 runs with P = .95
 * had left 67 % at a factor of 1.3, 87 % at 2.8. With longer ones P is still rather too large there: 90 to 95 %. */
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
    double *need;                /* what prediction_set_rule() made: need_z, ascending */
};

struct prediction_rule {
    double step_size;     /* eta */
    double escape_step;   /* r; 0: gradient descent without escapes, p itself is the answer */
    double displacement;  /* D */
    int64_t escape_steps; /* t_thres */
};

enum forecast_word { FORECAST_NONE, FORECAST_STAYS, FORECAST_MAY, FORECAST_LEAVES };

struct forecast {
    enum forecast_word word;
    double probability; /* NaN where no law gives it */
};

/* Looks at w: saddle_cnc_check() with the options, then the slopes of all samples. Memory: samples x directions numbers
 * and a few vectors. Returns 0, or -1 with an error printed. Release in both cases. */
int prediction_look(const char *program, saddle_objective *f, const struct prediction_model *m, const double *w,
                    const saddle_options *o, struct prediction *p);
void prediction_release(struct prediction *p);

/* D: how far along v f is f_thres lower on the quadratic model; where f_thres is 0, how far ||grad f|| is g_thres. */
double prediction_displacement(const struct prediction *p, double f_thres, double g_thres);

/* Computes need_z; p has directions. */
void prediction_set_rule(struct prediction *p, const struct prediction_rule *r);
/* p(t), the share of the samples that need at most t steps. */
double prediction_share(const struct prediction *p, int64_t steps);
/* P(steps), for the rule that was set. */
double prediction_leave(const struct prediction *p, const struct prediction_rule *r, int64_t steps);

/* Is t_thres long enough for P? */
int prediction_has_time(const struct prediction *p, const struct prediction_rule *r);

/* What a method with these options will do within so many steps. gd and sgd_gd by the law, where their step size is a
 * constant that is known and gradients are of all samples, escapes of one; "leaves" from P = .95, "stays" up to .05. Of
 * sgd_gd with a shorter t_thres than P needs no more is said than that no draw moves w.
 * sgd by the CNC condition: it leaves where that holds, and stays where the moment is 0. Methods with noise of their own
 * leave every strict saddle. */
struct forecast prediction_of(struct prediction *p, saddle_method m, const saddle_options *o, double displacement,
                              int64_t steps);

/* "leaves", "stays", "may (.50)" or "-". */
enum { FORECAST_LENGTH = 16 };
void prediction_text(struct forecast f, char text[FORECAST_LENGTH]);

#endif
