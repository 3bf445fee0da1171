/* SPDX-License-Identifier: BSD-3-Clause */
/* The threads of one objective. They take grains by number, and fold them in that order by ticket. */
#ifndef SADDLE_I_TEAM_H
#define SADDLE_I_TEAM_H
#include "oracle/oracle.h"

/* One evaluation as the team sees it. work() evaluates grain number k in a thread's own room; fold() adds it to the sum, called
 * for k = 0, 1, 2, ... one after the other, and returns 0 to end the evaluation there. */
struct saddle_i_job {
    void (*work)(struct saddle_i_job *job, int64_t k, int64_t thread);
    int (*fold)(struct saddle_i_job *job, int64_t k, int64_t thread);
    int64_t grains;
};

/* Runs the job on the context's number of threads, the caller being number 0; on the caller alone where that is enough, or where
 * threads cannot be made. */
void saddle_i_team_run(struct saddle_i_oracle *o, struct saddle_i_job *job, int64_t threads);
/* How many threads a job of so many grains gets. */
int64_t saddle_i_team_size(const struct saddle_i_oracle *o, int64_t grains);
void saddle_i_team_destroy(struct saddle_i_oracle *o);

#endif
