/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions on which a step size that chooses itself can go wrong, what was asked of them, and runs of every method on them. */
#ifndef SADDLE_TEST_WORLD_H
#define SADDLE_TEST_WORLD_H
#include <saddle/saddle.h>

enum { WORLD_DIM = 8, WORLD_SAMPLES = 6, WORLD_CALLS = 2000 };
enum world_function { QUADRATIC, FLOOR, SCALES, WALLS, FLAT, PLATEAU, VALLEY, WORLD_FUNCTIONS };

/* A function, and what came before it. f_i = f + <a_i, w>, sum_i a_i = 0. */
struct world {
    int function;
    double scale;        /* of the quadratic part */
    double tilt;         /* of the samples */
    double wall;         /* > 0: code 1 where |w_0| is above it */
    double jitter;       /* values come with this relative error */
    int uphill;          /* the gradient has the wrong sign */
    int64_t values, gradients, products;
    int64_t fault_value; /* this call of the value fails with fault_code, */
    int fault_code;
    int64_t fault_product; /* and this product with 7 */
    double seen[WORLD_CALLS][WORLD_DIM]; /* where values were asked for */
};

/* A solver of it, and w. */
struct world_run {
    struct world x;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[WORLD_DIM];
    double eta0; /* as the schedule was told last */
    saddle_result r;
};

/* What methods need beside a step size; the first WORLD_GUARDED of them are guarded. */
struct world_method {
    saddle_method method;
    const char *settings[9]; /* name, value, ..., NULL */
    int guarded;
};
enum { WORLD_METHODS = 9, WORLD_GUARDED = 4 };
extern const struct world_method world_methods[WORLD_METHODS];

/* One coordinate's part of f, and its derivatives; not of the valley, which is no sum. */
double world_part(const struct world *x, int j, double w, double *first, double *second);
/* f without the tilt of the samples; g: NULL, or receives the gradient. */
double world_whole(const struct world *x, const double *w, double *g);

/* An objective with value, gradient and, but for the valley, hessvec; options; w = 0. */
void world_begin(struct world_run *b, int function, double scale);
void world_begin_in(struct world_run *b, saddle_context *c, int function, double scale);
void world_set(struct world_run *b, const char *const *more);
/* Makes the solver; nothing is called then. */
void world_create(struct world_run *b, saddle_method m);
void world_end(struct world_run *b);
/* A schedule that keeps eta0 as it is, and tells it to user, a world_run. */
int world_keep_eta(void *user, int64_t step, double eta0, double *eta);
/* Where runs on a function begin: at random near 0, where it is flat, or around. */
void world_start(int function, int seed, double *w);
/* x rounded down to 8 significant bits. */
double to_8_bits(double x);

#endif
