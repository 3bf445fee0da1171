/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts methods at a saddle, watches f over all samples, and says which of them leave. */
#ifndef STUDY_H
#define STUDY_H
#include <stdint.h>
#include <saddle/saddle.h>
#include "evidence.h"
#include "prediction.h"
#include "progress.h"
#include "words.h"

enum { STUDY_METHODS = 7, STUDY_NEVER = -1 };

enum expected {
    STAYS = 1, /* never gets to f_left */
    STAYS_AT,  /* w keeps every bit */
    LEAVES
};

/* What is minimised and where it starts. */
struct problem {
    const char *name;
    int64_t dim, samples;
    void *user;
    saddle_value_fn value;
    saddle_gradient_fn gradient;
    saddle_value_gradient_fn value_gradient; /* or NULL */
    saddle_hessvec_fn hessvec;               /* or NULL: differences of gradients */
    saddle_slopes_fn slopes;                 /* or NULL */
    const double *saddle;                    /* dim entries */
    double f_left;                           /* a run has left once f(w) <= this, over all samples */
    double eps_gradient, eps_hessian;        /* what counts as stationary, and as curvature */
    const enum expected *expected;           /* STUDY_METHODS of them, in the order of the recipes */
    const int64_t *kinds;                    /* likewise the saddle_kind of the output, SADDLE_KIND_UNKNOWN where it may
                                              * be any; or NULL */
    double *output;                          /* receives the output of study_table()'s last run; or NULL */
};

struct recipe {
    const char *method;
    const char *settings; /* "step_size=0.43 max_steps=1000" */
    int64_t watch_every;  /* steps between looks at f */
};

struct outcome {
    const char *method;
    int64_t left_at; /* first step seen with f <= f_left, else STUDY_NEVER */
    int moved;       /* w differs from the start in at least one bit */
    int as_expected;
    double seconds; /* of the method; looking at f and at the output is not counted */
    saddle_result result;
    struct evidence evidence; /* of the output */
    struct forecast forecast; /* what the start said, whether it leaves */
};

/* How to run: all members may be 0. */
struct study {
    const char *program;
    const struct words *words; /* options that replace those of the recipe */
    const char *trace;         /* CSV file of the run, its columns are in README.md; or NULL */
    struct progress *progress;
    int64_t threads; /* 0 = 1 */
    int64_t seed;
    double *w;                     /* receives the output, dim entries */
    struct prediction *prediction; /* of the start, study_print_start() makes it; NULL = nothing is predicted */
};

/* Work of a run for the progress line, in samples looked at. */
double study_work(const struct problem *p, const struct recipe *r);

/* Runs recipes[number]. Returns EXIT_GOOD, EXIT_FAILED or EXIT_USAGE, with an error printed. */
int study_run(const struct study *s, const struct problem *p, const struct recipe *recipes, int number,
              struct outcome *out);

/* The objective of a problem, for the threads of the study; an error is printed. Returns as study_run(). */
int study_objective(const struct study *s, const struct problem *p, saddle_objective **out);

/* Looks at the start, says what kind of point it is and what the noise of the samples does there, and fills in
 * s->prediction, which is to be released in any case. Returns as study_run(). */
int study_print_start(const struct study *s, const struct problem *p);

/* What a look at the noise of the samples is made with. Returns as study_run(). */
int study_cnc_options(const struct study *s, const struct problem *p, saddle_options **out);

/* The table of outcomes, 100 columns. */
void study_print_heading(void);
void study_print_row(const struct outcome *o);

/* The words that every program with a study has; for struct program. */
#define STUDY_WORDS                                                                                                  \
    {"method", "WORD", "Only this method: gd, sgd_gd, pgd, ngd, sgd, psgd or sgld. [all]"},                          \
        {"trace", "FILE", "Writes the run to a CSV file, a line a look at f; needs --method."},                      \
        {"threads", "INTEGER", "Threads that share the samples of an evaluation; they change no bit of it. [1]"}

/* For programs with two starts. */
#define STUDY_START_WORD {"start", "INTEGER", "Only from this start, 1 or 2; --trace needs it. [both]"}

/* Reads --start: 0 = both. Returns EXIT_GOOD or, with an error printed, EXIT_USAGE. */
int study_start(const struct words *words, int64_t *start);

/* Looks at the start, runs all STUDY_METHODS recipes, or the one that --method names, and prints the table. With no
 * words on the command line a method that does what is not expected is a failure. */
int study_table(const struct words *words, const struct problem *p, const struct recipe *recipes);

#endif
