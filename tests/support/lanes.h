/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads that do the same at the same time, each with a number, and what went wrong in them. */
#ifndef SADDLE_TEST_LANES_H
#define SADDLE_TEST_LANES_H
#include <pthread.h>
#include <saddle/saddle.h>

enum { LANES = 8 };

struct lanes;
struct lane {
    struct lanes *all;
    int number;         /* 0 .. LANES - 1 */
    pthread_t handle;
    const char *failed; /* the first call that did not succeed, NULL when all did; Check's macros belong to the main thread */
    char message[512];  /* and what the library said of it */
};
struct lanes {
    struct lane lane[LANES];
    void (*work)(struct lane *me);
    void *user;
    int64_t arrived;    /* atomic: at lanes_meet(), all times together */
};

/* Starts work() in every lane. Aborts the test when a thread cannot be made. */
void lanes_start(struct lanes *l, void (*work)(struct lane *me), void *user);
/* Waits for their ends: none may have failed. */
void lanes_join(struct lanes *l);
/* Called by all lanes, each as many times: comes back when the last one has come. */
void lanes_meet(struct lane *me);
/* Notes the first failure of a lane. */
void lane_keep(struct lane *me, saddle_status s, const char *what);
void lane_require(struct lane *me, int condition, const char *what);

/* Of a lane called `me`. */
#define LANE_OK(call) lane_keep(me, (call), #call)
#define LANE_REQUIRE(condition) lane_require(me, (condition) ? 1 : 0, #condition)

#endif
