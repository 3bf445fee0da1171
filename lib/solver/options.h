/* SPDX-License-Identifier: BSD-3-Clause */
/* The option table and a set of values. */
#ifndef SADDLE_I_OPTIONS_H
#define SADDLE_I_OPTIONS_H
#include <saddle/options.h>
#include "base/base.h"

enum { SADDLE_I_OPTION_COUNT = 34 };

struct saddle_options {
    saddle_context *context;
    /* by position in the table; an int is kept as itself, a real as its bits */
    int64_t integer[SADDLE_I_OPTION_COUNT];
    double real[SADDLE_I_OPTION_COUNT];
};

/* Values for NULL or a set. Ids must be known. */
void saddle_i_options_copy(struct saddle_options *out, const saddle_options *o);
int64_t saddle_i_options_int(const struct saddle_options *o, int64_t id);
double saddle_i_options_real(const struct saddle_options *o, int64_t id);
const char *saddle_i_option_name(int64_t id);
/* How many there are: the positions of saddle_option_describe(). */
int saddle_i_options_count(void);

#endif
