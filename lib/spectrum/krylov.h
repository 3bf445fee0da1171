/* SPDX-License-Identifier: BSD-3-Clause */
/* A Krylov space whose basis is kept, semi-orthogonal, and restarted thickly. With k vectors:
 *     A V = V T + beta_k v_(k+1) e_k',
 * where T is tridiagonal up to the first restart. After a restart the first `kept` vectors are Ritz vectors: T begins with
 * diag(alpha_i), each coupled to vector number `kept` by couple_i, and is tridiagonal from there on. */
#ifndef SADDLE_I_KRYLOV_H
#define SADDLE_I_KRYLOV_H
#include "spectrum/lanczos.h"

/* Below this part of ||T|| a beta says that the space has closed, up to what rounding has grown to. */
#define SADDLE_I_CLOSING 0x1p-26

struct saddle_i_krylov {
    struct saddle_i_operator *a;
    struct saddle_i_basis basis;
    const struct saddle_i_basis *apart; /* every vector is kept orthogonal to its first `aparts` ones */
    int64_t aparts;
    struct saddle_i_tridiag small;
    int64_t most;      /* k at most */
    int64_t k, kept;
    int closed;        /* the next vector would be noise */
    double hidden;     /* what its beta may have been; 0 where the dimension is used up */
    double norm;       /* an estimate of ||A||, from above: the largest sum of a row of any T */
    double log_betas;  /* the sum of log beta over all products since the start */
    double *memory;    /* what follows */
    double *alpha, *beta, *couple;
    int64_t low, high; /* how many Ritz pairs were asked for at each end */
    double *theta;     /* their values */
    double *all;       /* all k of them, where all_of == k */
    int64_t all_of;
    double *dots;
    /* Estimates of v_i'v_k and v_i'v_(k-1), omega.c. */
    double *omega, *omega_before, *omega_next;
    double accuracy;   /* residuals that are asked for: to be set */
    double noise;      /* what rounding adds to them, relative to ||A|| */
    int64_t full;      /* so many of the next vectors are made orthogonal to all, whatever the estimates say */
    int64_t passes;    /* of Gram-Schmidt over the whole basis, so far */
    /* Room that grows. */
    double *s;         /* coefficients of Ritz vectors, k for each: those asked for, after a restart all */
    double *dense, *room;
    double *gone;      /* Ritz values that restarts have dropped; the k of now fit behind them */
    int64_t s_size, dense_size, room_size, gone_size, gone_count;
};

void saddle_i_krylov_init(struct saddle_i_krylov *y, struct saddle_i_operator *a, int64_t most);
void saddle_i_krylov_fini(struct saddle_i_krylov *y);
/* From the random start of this number, apart from the given vectors (aparts < n). */
saddle_status saddle_i_krylov_begin(struct saddle_i_krylov *y, const struct saddle_i_lanczos_settings *v, uint64_t offset,
                                    const struct saddle_i_basis *apart, int64_t aparts);
/* One product: k < most, not closed. */
saddle_status saddle_i_krylov_step(struct saddle_i_krylov *y);
/* theta = the `low` smallest Ritz values, then the `high` largest; both parts ascend. s with them. low + high <= k. */
saddle_status saddle_i_krylov_ritz(struct saddle_i_krylov *y, int64_t low, int64_t high);
/* x = Ritz vector number i of those asked for. */
void saddle_i_krylov_vector(const struct saddle_i_krylov *y, int64_t i, double *x);
/* Keeps these Ritz vectors only, and v_(k+1). */
saddle_status saddle_i_krylov_restart(struct saddle_i_krylov *y, int64_t low, int64_t high);
/* The residual of Ritz pair number i of those asked for, as T has it. */
double saddle_i_krylov_estimate(const struct saddle_i_krylov *y, int64_t i);
/* The lower end of the interval for the smallest eigenvalue of sign * A, sign +-1, apart from what is apart. */
saddle_status saddle_i_krylov_lower(struct saddle_i_krylov *y, double sign, double delta, double *lower);
/* Whether the smallest eigenvalue of sign * A is not below x, with that confidence; after a restart. */
saddle_status saddle_i_krylov_excludes(struct saddle_i_krylov *y, double sign, double delta, double x, int *answer);

/* x = x - Q Q'x, where Q is the first `count` vectors of b, by Gram-Schmidt, twice where once is not enough; *norm =
 * ||x|| before and after. c: count numbers. Returns the largest |q_i'x| / ||x|| that was there. */
double saddle_i_orthogonalise(const struct saddle_i_basis *b, int64_t count, double *c, double *x, double *norm);
/* The same, and ||x|| = 1 in the end; SADDLE_E_LINALG where nothing is left of it. */
saddle_status saddle_i_make_unit(const struct saddle_i_basis *b, int64_t count, double *c, double *x);
/* Makes w, which is to be beta v_(k+1), orthogonal to the basis where the estimates ask for it. */
void saddle_i_omega_step(struct saddle_i_krylov *y, double *w, double *beta);
/* The vectors of now are orthogonal to rounding; the next two will be made so. */
void saddle_i_omega_restart(struct saddle_i_krylov *y);

#endif
