/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast phi(h) - phi(0) - h s falls with h: like h^2 when s is the derivative of phi at 0, like h when it is not. No h has to be
 * chosen. */
#ifndef SADDLE_I_REMAINDER_H
#define SADDLE_I_REMAINDER_H
#include "base/base.h"

/* What single precision leaves of a number after some sums: a smaller relative gap is taken for rounding. */
#define SADDLE_I_SINGLE 0x1p-19

struct saddle_i_ray {
    /* phi(h) into *phi; NaN where it cannot be had, which is no failure */
    saddle_status (*at)(struct saddle_i_ray *r, double h, double *phi);
    double zero;  /* phi(0) */
    double parts; /* what phi(0) is a sum of is about so large; rounding is relative to that */
    double slope; /* s, the derivative to be judged */
    double size;  /* of what s comes from: |s| <= size */
    double scale; /* of h, a power of two: phi is thought to be smooth on a small part of it */
    /* found: */
    double order;   /* of the remainder: about 2, or more, for a right s, 1 for a wrong one; +Inf where no remainder is seen */
    double resolution; /* an error of s from here on would have been seen in the order */
    double central; /* a central difference at the best h, */
    double width;   /* and this h; both NaN where it cannot be had */
};

/* Whether that order is the one of a right derivative. */
static inline int saddle_i_order_is_right(double order)
{
    return order >= 1.5;
}

saddle_status saddle_i_remainder(struct saddle_i_ray *r);

#endif
