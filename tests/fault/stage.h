/* SPDX-License-Identifier: BSD-3-Clause */
/* A play: public calls one after another, on objects that they make themselves, with callbacks and memory that fail where they are told
 * to. What a call gives is kept, so that a play that was disturbed can be compared with one that was not. */
#ifndef SADDLE_TEST_STAGE_H
#define SADDLE_TEST_STAGE_H
#include "support/memory.h"
#include "support/problem.h"

enum { STAGE_DIM = 6, STAGE_SAMPLES = 7, STAGE_GRAIN = 4, STAGE_STEPS = 5, STAGE_POINTS = 9, STAGE_MOST_ACTS = 12 };

/* The public functions that allocate or call back; ACT_NAMES has their names. */
enum stage_act {
    ACT_CONTEXT, ACT_OBJECTIVE, ACT_OPTIONS, ACT_VALUE, ACT_GRADIENT, ACT_HESSVEC, ACT_CHECK_DERIVATIVES, ACT_ASSUMPTIONS, ACT_LANCZOS,
    ACT_LANCZOS_HESSIAN, ACT_LANCZOS_RUN, ACT_LAMBDA_MIN, ACT_DENSITY, ACT_CERTIFY, ACT_CNC_CHECK, ACT_CNC_ALONG, ACT_SOLVER, ACT_STEP,
    ACT_RUN, ACT_MINIMIZE, ACT_SAVE, ACT_LOAD, ACTS
};
extern const char *const stage_act_names[ACTS];

/* How a callback fails. */
enum stage_fault { STAGE_CODE_1, STAGE_CODE_7, STAGE_CODE_MINUS_3, STAGE_NAN_FIRST, STAGE_NAN_MIDDLE, STAGE_INF_LAST, STAGE_FAULTS };

/* Callbacks that write into w, which is read-only for them: a finite number, NaN; the monitor alone. */
enum stage_hostile { STAGE_WRITES = 1, STAGE_WRITES_NAN, STAGE_MONITOR_WRITES };

extern const int stage_codes[]; /* of the first three */

struct scenario {
    const char *name;
    int acts[STAGE_MOST_ACTS];   /* ended by -1 */
    int recipe;                  /* of support/recipes.h: method and options */
    int callbacks, second;       /* of support/problem.h */
    int64_t threads;
    const char *more[11];        /* options, name, value, ..., NULL */
    int project, monitor, schedule;
    int absorbs;                 /* some failures of a callback are an answer to it: a step is shortened, rejected, or not tried */
};

/* What one call gave; before it, every byte of it is 0x5a but for struct_size. */
struct given {
    saddle_result result;
    saddle_eigen eigen;
    saddle_certificate certificate;
    saddle_cnc cnc;
    saddle_assumptions assumptions;
    saddle_derivative_check check;
    double value, number[STAGE_POINTS], vector[2 * STAGE_POINTS];
};

struct stage {
    const struct scenario *t;
    struct memory m;
    struct problem p;
    saddle_context *c;
    saddle_objective *f;
    saddle_options *o;
    saddle_lanczos *l;
    saddle_solver *s;
    double w[STAGE_DIM], v[2 * STAGE_DIM];
    int64_t calls;            /* atomic, of callbacks of all kinds */
    int64_t fault_call;       /* this one fails, from 1; 0 = none */
    int for_ever, fault;      /* and all after it; of stage_fault */
    int64_t made;             /* atomic: failures so far */
    int hostile;              /* of stage_hostile, 0 = not */
    double kept[STAGE_DIM];   /* w before it was written into last */
    const char *which;        /* the callback that failed last */
    int64_t events;           /* calls of the monitor */
    int64_t denied;           /* checkpoints that it asked for after writing into w */
    int64_t steps;            /* of saddle_minimize(), when it failed */
    char path[80];            /* of the checkpoint; "" until it is named */
    int saved, fresh;         /* it was saved; the solver is one that waits to be loaded into */
};

void stage_begin(struct stage *x, const struct scenario *t, int fill);
/* Takes everything away: nothing may be left. */
void stage_end(struct stage *x);
/* Makes call number act of the scenario. */
saddle_status stage_call(struct stage *x, int act, struct given *out);
/* As every call finds it. */
void stage_blank(struct given *out);

/* All ways: every method in several ways, every function of curvature, of the condition, of evaluations. */
int stage_scenarios(void);
const struct scenario *stage_scenario(int number);

#endif
