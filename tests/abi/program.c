/* SPDX-License-Identifier: BSD-3-Clause */
/* One program for three headers: an older one, whose structs end earlier (OLDER), that of the library, and a later one, whose
 * size-tagged structs have two more members (LATER). What it prints must be the same. See tests/abi/programs. */
#include <saddle/saddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("line %d: %s: %s\n", __LINE__, #condition, saddle_error_message());                                 \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)
/* whether the other side wrote this member */
#define HAS(p, type, member) ((p)->struct_size >= (int64_t)(offsetof(type, member) + sizeof(p)->member))

enum { BEHIND = 64 }; /* bytes behind a struct, which the library must not touch */

/* Whether bytes from .. to - 1 are as they were. */
static int untouched(const unsigned char *bytes, size_t from, size_t to)
{
    while (from < to && bytes[from] == 0x5a) {
        from++;
    }
    return from == to;
}

/* f = (w_0^2 - w_1^2/2 + w_1^4/4)/2: a saddle at 0 */
static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    ++*(int64_t *)user;
    REQUIRE(b->struct_size >= (int64_t)(offsetof(saddle_batch, index) + sizeof b->index));
    REQUIRE(b->count >= 1 && b->index[0] == b->first);
    g[0] = w[0];
    g[1] = 0.5 * (w[1] * w[1] * w[1] - w[1]);
    return 0;
}

static int monitor(void *user, const saddle_event *e)
{
    ++*(int64_t *)user;
    REQUIRE(HAS(e, saddle_event, gradient_norm) && e->step > 0);
#ifdef LATER
    REQUIRE(!HAS(e, saddle_event, later_count)); /* not read: the library is older */
    REQUIRE(HAS(e, saddle_event, step_size));
#else
    REQUIRE(e->struct_size >= (int64_t)sizeof *e);
#endif
    return 0;
}

static void *take(void *user, size_t bytes, size_t alignment)
{
    void *p = NULL;
    ++*(int64_t *)user;
    return posix_memalign(&p, alignment, bytes) == 0 ? p : NULL;
}

static void give(void *user, void *p, size_t bytes)
{
    (void)bytes;
    --*(int64_t *)user;
    free(p);
}

static void check_result(saddle_solver *s, int64_t steps)
{
    union {
        saddle_result result;
        unsigned char bytes[sizeof(saddle_result) + BEHIND];
    } g;
    memset(&g, 0x5a, sizeof g);
    g.result.struct_size = (int64_t)sizeof(saddle_result);
    REQUIRE(saddle_solver_result(s, &g.result) == SADDLE_OK);
    REQUIRE(g.result.steps == steps && g.result.seconds >= 0.0);
    REQUIRE(untouched(g.bytes, sizeof(saddle_result), sizeof g));
#ifdef LATER
    REQUIRE(g.result.struct_size == (int64_t)offsetof(saddle_result, later_count)); /* what the library knows */
    REQUIRE(untouched(g.bytes, offsetof(saddle_result, later_count), sizeof g));
#else
    REQUIRE(g.result.struct_size == (int64_t)sizeof(saddle_result));
#endif
    printf("%lld steps, %lld gradients\n", (long long)g.result.steps, (long long)g.result.gradient_samples);
}

static saddle_context *context(int64_t *blocks)
{
    saddle_allocator a;
    saddle_context *c = NULL;
    memset(&a, 0, sizeof a);
    a.struct_size = (int64_t)sizeof a;
    a.user = blocks;
    a.alloc = take;
    a.dealloc = give;
#ifdef LATER
    a.later_value = 1.0; /* asks for what this library cannot do: it says so, and does not act as if it had not been asked */
    REQUIRE(saddle_context_create(&a, &c) == SADDLE_E_UNSUPPORTED && c == NULL);
    REQUIRE(strstr(saddle_error_message(), "does not know") != NULL);
    a.later_value = 0.0;
#endif
    REQUIRE(saddle_context_create(&a, &c) == SADDLE_OK);
    return c;
}

#ifndef OLDER
/* Every struct that a function fills: the members that it knows, and not a byte more. */
#define FILLED(type, call)                                                                                             \
    do {                                                                                                               \
        union {                                                                                                        \
            type it;                                                                                                   \
            unsigned char bytes[sizeof(type) + BEHIND];                                                                \
        } u;                                                                                                           \
        memset(&u, 0x5a, sizeof u);                                                                                    \
        type *out = &u.it;                                                                                             \
        out->struct_size = (int64_t)sizeof(type);                                                                      \
        REQUIRE((call) == SADDLE_OK);                                                                                  \
        REQUIRE(out->struct_size == KNOWN(type));                                                                      \
        REQUIRE(untouched(u.bytes, (size_t)KNOWN(type), sizeof u));                                                    \
        out->struct_size = 8; /* of no release */                                                                      \
        REQUIRE((call) == SADDLE_E_STRUCT_SIZE);                                                                       \
    } while (0)
#ifdef LATER
#define KNOWN(type) (int64_t) offsetof(type, later_count)
#else
#define KNOWN(type) (int64_t)sizeof(type)
#endif

static void check_all(saddle_objective *f, saddle_options *o)
{
    const double w[2] = {0.25, 0.125};
    double copy[2] = {0.25, 0.125};
    REQUIRE(saddle_options_set_real(o, SADDLE_OPT_EPS_GRADIENT, 10.0) == SADDLE_OK);
    FILLED(saddle_result, saddle_minimize(f, SADDLE_METHOD_GD, o, copy, out));
    FILLED(saddle_option_info, saddle_option_describe(0, out));
    FILLED(saddle_derivative_check, saddle_check_derivatives(f, w, 1, out));
    FILLED(saddle_assumptions, saddle_estimate_assumptions(f, w, o, out));
    FILLED(saddle_eigen, saddle_lambda_min(f, w, o, NULL, out));
    FILLED(saddle_certificate, saddle_certify(f, w, o, NULL, out));
    FILLED(saddle_cnc, saddle_cnc_check(f, w, o, NULL, out));
}
#endif

int main(void)
{
    int64_t calls[3] = {0, 0, 0}; /* blocks of memory, gradients, events */
    double w[2] = {0.25, 0.125};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    saddle_solver *s = NULL;
    saddle_context *c = context(&calls[0]);
    REQUIRE(saddle_objective_create(c, 2, 1, &calls[1], &f) == SADDLE_OK);
    REQUIRE(saddle_objective_set_gradient(f, gradient) == SADDLE_OK);
    REQUIRE(saddle_options_create(c, &o) == SADDLE_OK);
    REQUIRE(saddle_options_set_real(o, SADDLE_OPT_STEP_SIZE, 0.1) == SADDLE_OK);
    REQUIRE(saddle_options_set_int(o, SADDLE_OPT_MAX_STEPS, 40) == SADDLE_OK);
    REQUIRE(saddle_options_set_int(o, SADDLE_OPT_MONITOR_EVERY, 10) == SADDLE_OK);
    REQUIRE(saddle_options_set_int(o, (saddle_option)9999, 1) == SADDLE_E_UNSUPPORTED); /* of a later release */
    REQUIRE(saddle_solver_create(f, (saddle_method)9999, o, w, &s) == SADDLE_E_UNSUPPORTED && s == NULL);
    REQUIRE(saddle_solver_create(f, SADDLE_METHOD_GD, o, w, &s) == SADDLE_OK);
    REQUIRE(saddle_solver_set_monitor(s, monitor, &calls[2]) == SADDLE_OK);
    REQUIRE(saddle_solver_step(s, 15) == SADDLE_OK);
    check_result(s, 15);
    REQUIRE(saddle_solver_run(s) == SADDLE_OK);
    check_result(s, 40);
    saddle_solver_destroy(s);
    printf("%a %a, %lld calls, %lld events\n", w[0], w[1], (long long)calls[1], (long long)calls[2]);
#ifndef OLDER
    check_all(f, o);
#endif
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    REQUIRE(calls[0] == 0);
    return 0;
}
