/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/lanes.h"
#include <check.h>
#include <sched.h>
#include <string.h>

static void *begin(void *argument)
{
    struct lane *me = argument;
    me->all->work(me);
    return NULL;
}

void lanes_start(struct lanes *l, void (*work)(struct lane *me), void *user)
{
    memset(l, 0, sizeof *l);
    l->work = work;
    l->user = user;
    for (int k = 0; k < LANES; k++) {
        l->lane[k].all = l;
        l->lane[k].number = k;
        ck_assert_int_eq(pthread_create(&l->lane[k].handle, NULL, begin, &l->lane[k]), 0);
    }
}

void lanes_join(struct lanes *l)
{
    for (int k = 0; k < LANES; k++) {
        ck_assert_int_eq(pthread_join(l->lane[k].handle, NULL), 0);
    }
    for (int k = 0; k < LANES; k++) {
        const struct lane *x = &l->lane[k];
        ck_assert_msg(x->failed == NULL, "lane %d: %s: %s", k, x->failed, x->message);
    }
}

void lanes_meet(struct lane *me)
{
    int64_t *const arrived = &me->all->arrived;
    const int64_t before = __atomic_fetch_add(arrived, 1, __ATOMIC_ACQ_REL);
    const int64_t all = before - before % LANES + LANES;
    while (__atomic_load_n(arrived, __ATOMIC_ACQUIRE) < all) {
        (void)sched_yield();
    }
}

void lane_require(struct lane *me, int condition, const char *what)
{
    if (!condition && me->failed == NULL) {
        me->failed = what;
        strncpy(me->message, saddle_error_message(), sizeof me->message - 1);
    }
}

void lane_keep(struct lane *me, saddle_status s, const char *what)
{
    lane_require(me, s == SADDLE_OK, what);
}
