/* SPDX-License-Identifier: BSD-3-Clause */
/* A run whose every event and result is written down, so that one that was saved and loaded can be laid beside it. */
#ifndef SADDLE_TEST_SESSION_H
#define SADDLE_TEST_SESSION_H
#include "support/problem.h"

enum { SESSION_DIM = 6, SESSION_EVENTS = 128 };

/* How a run is made, beside its recipe. */
struct session_plan {
    const char *name;
    int callbacks, second;
    double wall;
    int own_schedule, project;
    const char *more[13]; /* name, value, ..., NULL */
};
enum { SESSION_PLANS = 14 };
extern const struct session_plan session_plans[SESSION_PLANS];

struct session {
    struct problem p;
    saddle_objective *f;
    saddle_options *o;
    saddle_solver *s;
    double w[SESSION_DIM];
    saddle_event event[SESSION_EVENTS]; /* without seconds and w, */
    uint64_t at[SESSION_EVENTS];        /* which is hashed here */
    int64_t events;
    int64_t save_every;                 /* > 0: the monitor saves at each such step, ... */
    const char *directory;              /* ... to directory/step */
    int save_final;                     /* and at the end, to directory/end */
    int64_t stop_at;                    /* the monitor returns 1 at this step; 0 = none */
    int64_t request_at;                 /* it asks to stop at this step; 0 = none */
    saddle_status saved;                /* the first failure of these saves */
};

/* Whether there is such a run. It has a start of its own in `start`. */
int session_begin(struct session *x, saddle_context *c, int recipe, const struct session_plan *plan, int64_t max_steps);
void session_end(struct session *x);
/* Without seconds. */
saddle_result session_result(const struct session *x);
/* From its event number `first` on, and in the end, y is as x, bit for bit. */
void session_same(const struct session *x, const struct session *y, int64_t first, const char *what);
/* directory/name in out. */
const char *session_path(char *out, size_t bytes, const char *directory, const char *name, int64_t number);

#endif
