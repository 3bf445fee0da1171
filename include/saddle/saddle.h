/* SPDX-License-Identifier: BSD-3-Clause */
/** @file saddle/saddle.h
 *  The whole public interface: `#include <saddle/saddle.h>`, link with -lsaddle.
 *
 *  Rules that hold for every function, unless its own text says otherwise:
 *  - it returns SADDLE_OK or a negative saddle_status; on failure *out is untouched, and
 *    saddle_error_message() tells in words, with the value and the bound, what was wrong;
 *  - nothing prints, aborts, reads the environment, touches signals or the locale, sets BLAS threads,
 *    or keeps global mutable state beyond that message; *_destroy(NULL) is a no-op;
 *  - options, structs and strings are copied. Functions, their user pointers and what is called borrowed
 *    must outlive the object. An object keeps alive the context and objective it was made from: destroy
 *    in any order. No alignment is asked;
 *  - computing functions work in the default floating-point environment (round to nearest, no flush to
 *    zero, no traps), callbacks included, and give the caller's back.
 *
 *  Threads:
 *  - an object, together with the objective that it works on, is used by one thread at a time; by which one
 *    may change. To evaluate writes the objective: runs at the same time take an objective each, whose
 *    callbacks may read one `user`;
 *  - distinct objects are used by distinct threads at the same time, also when they were made from one context or
 *    with one set of options. The context's allocator and log are then called by several threads at once;
 *  - functions that take a const object, such as saddle_options_get_int(), saddle_objective_dim() and
 *    saddle_lanczos_pair(), and create functions with their options, read it: several threads may at the same
 *    time, while none sets, runs or destroys it;
 *  - at any time and from any thread: saddle_solver_request_stop(), from a signal handler too, while the solver
 *    is there; saddle_context_set_threads(); what takes no object, as names, texts and random numbers;
 *  - the message is that of the calling thread, also when a thread of the library met the failure;
 *  - with saddle_context_set_threads() above 1 callbacks run in threads of the library as well. These have all
 *    signals blocked, and end with their objective. After fork() the child may go on with every object. */
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
