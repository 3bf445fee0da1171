/* SPDX-License-Identifier: BSD-3-Clause */
/* The plain three-term recurrence from a random unit start, and the Ritz pairs that it gives. Nothing is reorthogonalised: Ritz values
 * at the ends of the spectrum do not need it, and a vector is made of the first products that found its value, before copies of it
 * appear. */
#ifndef SADDLE_I_THREE_TERM_H
#define SADDLE_I_THREE_TERM_H
#include "spectrum/lanczos.h"

/* Of ||T||: what rounding makes of a Ritz value and of a residual. */
#define SADDLE_I_ROUNDING (64.0 * DBL_EPSILON)

enum { SADDLE_I_LEAST_BASIS = 8 }; /* fewer vectors are not worth keeping */

/* After k products there are v_1 .. v_(k+1); vector i is v_(i+1). */
struct saddle_i_three_term {
    struct saddle_i_operator *a;
    const struct saddle_i_lanczos_settings *v;
    struct saddle_i_basis basis; /* vectors 0 .. most-1 stay */
    int64_t most;
    double *room[3];             /* the later ones take turns */
    int64_t k;
    int64_t capacity;
    double *alpha, *beta, *s[2]; /* capacity numbers each; s: the eigenvector of T of each end */
    double norm;                 /* ||T||, at most: the largest sum of a row */
    int64_t closed_at;           /* after so many products, 0 = not */
    int finished;                /* beta is 0 or at rounding: there is no next vector */
    int displaced;               /* vector k was overwritten by a second pass */
    int64_t spent;               /* products of the recurrence and of second passes */
};

/* A Ritz pair of T of order k at an end. */
struct saddle_i_ritz {
    int high;        /* 0: the smallest, 1: the largest */
    int64_t k;       /* products that it was made of */
    double theta;
    double estimate; /* beta_k |s_k| */
    double *x;       /* n entries */
};

/* Before the first product. keep: vectors may be kept. After a failure, too, saddle_i_three_term_end() has to follow. */
saddle_status saddle_i_three_term_begin(struct saddle_i_three_term *r, struct saddle_i_operator *a,
                                        const struct saddle_i_lanczos_settings *v, int keep);
void saddle_i_three_term_end(struct saddle_i_three_term *r);
/* One more product, not after `finished`. */
saddle_status saddle_i_three_term_step(struct saddle_i_three_term *r);
static inline double *saddle_i_three_term_vector(const struct saddle_i_three_term *r, int64_t i)
{
    return i < r->most ? saddle_i_basis_vector(&r->basis, i) : r->room[(i - r->most) % 3];
}
/* Makes vector i >= 1 a second time of the two before it, with the same bits. */
saddle_status saddle_i_three_term_redo(struct saddle_i_three_term *r, int64_t i);
/* Products that the vectors of T of order k cost a second time. */
int64_t saddle_i_three_term_again(const struct saddle_i_three_term *r, int64_t k);

/* theta and the estimate at this k. */
saddle_status saddle_i_ritz_solve(struct saddle_i_three_term *r, struct saddle_i_tridiag *t, struct saddle_i_ritz *e);
/* The unit vectors of `count` pairs of different ends, solved for. */
saddle_status saddle_i_ritz_vectors(struct saddle_i_three_term *r, int count, struct saddle_i_ritz *const *e);
/* The pair as it is reported, measured with the operator; *quotient = x'Ax where it is not NULL. */
saddle_status saddle_i_ritz_measure(const struct saddle_i_three_term *r, const struct saddle_i_ritz *e, struct saddle_i_pair *pair,
                                    double *quotient);
/* The same by the estimate, without a vector. */
void saddle_i_ritz_report(const struct saddle_i_three_term *r, const struct saddle_i_ritz *e, struct saddle_i_pair *pair);
/* What a residual has to come down to: tol max(|theta|, eps_hessian). */
double saddle_i_ritz_goal(const struct saddle_i_lanczos_settings *v, double theta);
/* Products from one look at T to the next after k: at most 4 % are made in vain. */
static inline int64_t saddle_i_ritz_next_look(int64_t k)
{
    return k + (k >= 50 ? k / 25 : 1);
}

#endif
