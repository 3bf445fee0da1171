/* SPDX-License-Identifier: BSD-3-Clause */
/* POSIX threads that sleep between jobs. They belong to one objective, so that two runs never wait for each other; they
 * block all signals, so that handlers run in the caller's threads; after a fork the child makes its own. */
#include "oracle/team.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct worker {
    struct saddle_i_team *team;
    int64_t thread;
    pthread_t handle;
};

struct saddle_i_team {
    pthread_mutex_t lock;
    pthread_cond_t begin, turn, idle;
    struct saddle_i_job *job;
    int64_t wanted;     /* threads of this job, the caller included */
    int64_t next;       /* the next grain to be taken */
    int64_t ticket;     /* the grain whose fold is due */
    int64_t busy;       /* workers still in the job */
    uint64_t job_number;
    int ended;          /* a fold ended the job */
    int quit;
    pid_t pid;
    int64_t asked;      /* workers that were asked for, */
    int64_t size;       /* and those that the system gave */
    struct worker *workers;
};

/* Takes grains until there is none. Called and left with the lock held; the lock is free while grains are worked on, and while
 * the one thread that holds the ticket folds. */
static void take_grains(struct saddle_i_team *t, struct saddle_i_job *job, int64_t thread)
{
    while (!t->ended && t->next < job->grains) {
        const int64_t k = t->next++;
        (void)pthread_mutex_unlock(&t->lock);
        job->work(job, k, thread);
        (void)pthread_mutex_lock(&t->lock);
        while (!t->ended && t->ticket != k) {
            (void)pthread_cond_wait(&t->turn, &t->lock);
        }
        if (t->ended) {
            break;
        }
        (void)pthread_mutex_unlock(&t->lock);
        const int go_on = job->fold(job, k, thread);
        (void)pthread_mutex_lock(&t->lock);
        t->ticket++;
        t->ended = !go_on;
        (void)pthread_cond_broadcast(&t->turn);
    }
}

static void *worker_main(void *argument)
{
    struct worker *me = argument;
    struct saddle_i_team *t = me->team;
    struct saddle_i_fenv env;
    saddle_i_fenv_enter(&env);
    uint64_t seen = 0;
    (void)pthread_mutex_lock(&t->lock);
    for (;;) {
        while (!t->quit && t->job_number == seen) {
            (void)pthread_cond_wait(&t->begin, &t->lock);
        }
        if (t->quit) {
            break;
        }
        seen = t->job_number;
        if (me->thread >= t->wanted) {
            continue;
        }
        take_grains(t, t->job, me->thread);
        if (--t->busy == 0) {
            (void)pthread_cond_signal(&t->idle);
        }
    }
    (void)pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* Adds workers until there are `size`, as far as the system gives them. */
static void hire(struct saddle_i_team *t, int64_t size)
{
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (t->size < size) {
        struct worker *w = &t->workers[t->size];
        w->team = t;
        w->thread = t->size + 1;
        if (pthread_create(&w->handle, NULL, worker_main, w) != 0) {
            break;
        }
        t->size++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static struct saddle_i_team *make(saddle_context *c, int64_t size)
{
    void *team = NULL, *workers = NULL;
    if (saddle_i_alloc(c, 1, sizeof(struct saddle_i_team), &team) != SADDLE_OK) {
        return NULL;
    }
    if (saddle_i_alloc(c, size, sizeof(struct worker), &workers) != SADDLE_OK) {
        saddle_i_free(c, team);
        return NULL;
    }
    struct saddle_i_team *t = team;
    memset(t, 0, sizeof *t);
    t->workers = workers;
    t->asked = size;
    t->pid = getpid();
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->begin, NULL);
    (void)pthread_cond_init(&t->turn, NULL);
    (void)pthread_cond_init(&t->idle, NULL);
    hire(t, size);
    return t;
}

void saddle_i_team_destroy(struct saddle_i_oracle *o)
{
    struct saddle_i_team *t = o->team;
    if (t == NULL) {
        return;
    }
    o->team = NULL;
    if (t->pid == getpid()) {
        (void)pthread_mutex_lock(&t->lock);
        t->quit = 1;
        (void)pthread_cond_broadcast(&t->begin);
        (void)pthread_mutex_unlock(&t->lock);
        for (int64_t i = 0; i < t->size; i++) {
            (void)pthread_join(t->workers[i].handle, NULL);
        }
        (void)pthread_cond_destroy(&t->begin);
        (void)pthread_cond_destroy(&t->turn);
        (void)pthread_cond_destroy(&t->idle);
        (void)pthread_mutex_destroy(&t->lock);
    } /* in a forked child the workers do not exist, and the lock may be held by one of them */
    saddle_i_free(o->context, t->workers);
    saddle_i_free(o->context, t);
}

int64_t saddle_i_team_size(const struct saddle_i_oracle *o, int64_t grains)
{
    const int64_t threads = __atomic_load_n(&o->context->threads, __ATOMIC_RELAXED);
    return threads < grains ? threads : grains;
}

static void run_alone(struct saddle_i_job *job)
{
    for (int64_t k = 0; k < job->grains; k++) {
        job->work(job, k, 0);
        if (!job->fold(job, k, 0)) {
            return;
        }
    }
}

void saddle_i_team_run(struct saddle_i_oracle *o, struct saddle_i_job *job, int64_t threads)
{
    if (threads > 1 && (o->team == NULL || o->team->pid != getpid() || o->team->asked < threads - 1)) {
        saddle_i_team_destroy(o);
        o->team = make(o->context, threads - 1);
    }
    struct saddle_i_team *t = o->team;
    if (threads <= 1 || t == NULL || t->size == 0) {
        run_alone(job);
        return;
    }
    (void)pthread_mutex_lock(&t->lock);
    t->job = job;
    t->wanted = threads < t->size + 1 ? threads : t->size + 1;
    t->next = t->ticket = 0;
    t->ended = 0;
    t->busy = t->wanted - 1;
    t->job_number++;
    (void)pthread_cond_broadcast(&t->begin);
    take_grains(t, job, 0);
    while (t->busy > 0) {
        (void)pthread_cond_wait(&t->idle, &t->lock);
    }
    (void)pthread_mutex_unlock(&t->lock);
}
