/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock, and the floating-point environment that results depend on. */
#include "base/base.h"
#include <fenv.h>
#include <string.h>
#include <time.h>
#if defined(__SSE2__)
#  include <xmmintrin.h>
#endif

double saddle_i_clock(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__SSE2__)
/* Doubles are computed by SSE here, and MXCSR is cheaper than fegetenv: it holds the rounding mode, flush-to-zero, which a
 * plug-in built with -Ofast sets in some threads and not in others, and the traps. 0x1f80 is its state at start-up. The other
 * rounding mode, that of x87, is what fegetround(), strtod() and a callback's long double go by. */
_Static_assert(sizeof(fenv_t) <= 4 * sizeof(uint64_t), "fenv_t does not fit");

/* x87: rounding to nearest, 64 bits, all exceptions masked? */
static int x87_is_default(void)
{
    uint16_t control;
    __asm__ volatile("fnstcw %0" : "=m"(control));
    return (control & 0x0f3f) == 0x033f;
}

void saddle_i_fenv_enter(struct saddle_i_fenv *e)
{
    e->kept[0] = _mm_getcsr();
    e->kept[1] = !x87_is_default();
    if (e->kept[1] != 0) {
        fenv_t old;
        (void)fegetenv(&old);
        memcpy(e->kept + 2, &old, sizeof old);
        (void)fesetenv(FE_DFL_ENV);
    }
    _mm_setcsr(0x1f80u);
}

void saddle_i_fenv_leave(const struct saddle_i_fenv *e)
{
    if (e->kept[1] != 0) { /* with its status word: a flag from inside must not meet the caller's unmasked trap */
        fenv_t old;
        memcpy(&old, e->kept + 2, sizeof old);
        (void)fesetenv(&old);
    }
    _mm_setcsr((unsigned)e->kept[0]);
}
#else
_Static_assert(sizeof(fenv_t) <= sizeof(struct saddle_i_fenv), "fenv_t does not fit");
void saddle_i_fenv_enter(struct saddle_i_fenv *e)
{
    fenv_t old;
    (void)fegetenv(&old);
    memcpy(e->kept, &old, sizeof old);
    (void)fesetenv(FE_DFL_ENV);
}

void saddle_i_fenv_leave(const struct saddle_i_fenv *e)
{
    fenv_t old;
    memcpy(&old, e->kept, sizeof old);
    (void)fesetenv(&old);
}
#endif
