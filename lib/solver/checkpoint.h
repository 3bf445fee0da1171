/* SPDX-License-Identifier: BSD-3-Clause */
/* What a checkpoint holds: the fields and vectors of a run by name, for saving and for loading. A method adds what its table names. */
#ifndef SADDLE_I_CHECKPOINT_H
#define SADDLE_I_CHECKPOINT_H
#include "io/sections.h"
#include "solver/engine.h"

/* What an integer or a number of a file must be, beside its bounds. */
enum saddle_i_rule {
    SADDLE_I_ANY,            /* also NaN */
    SADDLE_I_FINITE,
    SADDLE_I_FINITE_OR_NAN,
    SADDLE_I_NOT_NEGATIVE    /* and finite */
};

struct saddle_i_field {
    char name[SADDLE_I_NAME + 1];
    size_t offset;           /* in the solver, */
    size_t size;             /* of an int or an int64_t; of a double 8 */
    int64_t low, high;       /* of an integer */
    int rule;                /* of a number */
};

/* An upper bound that stands for the steps taken. */
#define SADDLE_I_STEPS INT64_MIN

/* Field k = 0, 1, ... of a method's integers or numbers; 0 after the last one. */
int saddle_i_integer_field(const struct saddle_i_method *m, int k, struct saddle_i_field *out);
int saddle_i_number_field(const struct saddle_i_method *m, int k, struct saddle_i_field *out);
int64_t saddle_i_integer_of(const struct saddle_solver *s, const struct saddle_i_field *f);
void saddle_i_set_integer(struct saddle_solver *s, const struct saddle_i_field *f, int64_t value);

/* The greatest that the integer may be. */
int64_t saddle_i_integer_most(const struct saddle_solver *s, const struct saddle_i_field *f);
int saddle_i_number_fits(const struct saddle_i_field *f, double x);

enum {
    SADDLE_I_ENTRY = SADDLE_I_NAME + 8,       /* bytes of a name and its integer or number */
    SADDLE_I_PROBLEM = SADDLE_I_NAME + 3 * 8, /* the method's name; dim, samples, grain */
    SADDLE_I_OPTION = 16,                     /* id, flags, value */
    SADDLE_I_NOT_DEFAULT = 1,                 /* flag of an option */
    SADDLE_I_MOST_SAVED = SADDLE_I_MAX_VECTORS + 3
};

struct saddle_i_saved {
    char name[SADDLE_I_NAME + 1];
    double *content;
};
/* The vectors that a checkpoint of this state of the run has, w first; how many. */
int saddle_i_saved_vectors(const struct saddle_solver *s, struct saddle_i_saved *out);

#endif
