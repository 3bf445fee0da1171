/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/saddle.h
 *  The whole public interface: `#include <saddle/saddle.h>`, link with -lsaddle.
 *
 *  Rules that hold for every function, unless its own text says otherwise:
 *  - it returns SADDLE_OK or a negative saddle_status; on failure *out is untouched, and
 *    saddle_error_message() tells in words, with the value and the bound, what was wrong;
 *  - nothing prints, aborts, reads the environment, touches signals or the locale, sets BLAS threads,
 *    or keeps global mutable state beyond that message; *_destroy(NULL) is a no-op;
 *  - one object, with the objective it works on, is used by one thread at a time; distinct objects by
 *    distinct threads; a context may be shared once it is set up;
 *  - options, structs and strings are copied. Functions, their user pointers and what is called borrowed
 *    must outlive the object. An object keeps alive the context and objective it was made from: destroy
 *    in any order. No alignment is asked;
 *  - computing functions work in the default floating-point environment (round to nearest, no flush to
 *    zero, no traps), callbacks included, and give the caller's back. */
#ifndef SADDLE_SADDLE_H
#define SADDLE_SADDLE_H
#include <saddle/version.h>
#include <saddle/status.h>
#include <saddle/context.h>
#include <saddle/objective.h>
#include <saddle/options.h>
#include <saddle/solver.h>
#include <saddle/theory.h>
#include <saddle/spectrum.h>
#include <saddle/cnc.h>
#include <saddle/random.h>
#endif
