/* SPDX-License-Identifier: BSD-3-Clause */
/* Peak memory in vectors of d entries, beside the caller's w: what each method's page says, within 5 %. */
#include "numeric/trial.h"
#include "support/run_suite.h"

/* Counts, and touches nothing: pages that nobody writes cost no time. */
struct meter {
    int64_t bytes, peak;
};

static void *metered_alloc(void *user, size_t bytes, size_t alignment)
{
    struct meter *m = user;
    void *p = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    m->bytes += (int64_t)bytes;
    m->peak = m->bytes > m->peak ? m->bytes : m->peak;
    return p;
}

static void metered_dealloc(void *user, void *p, size_t bytes)
{
    struct meter *m = user;
    m->bytes -= (int64_t)bytes;
    free(p);
}

/* A gradient of moderate numbers for each sample, in no time. */
static int easy_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    const double tilt = 0.125 * (double)(b->index[0] % 3);
    for (int64_t i = 0; i < b->dim; i++) {
        g[i] = 0.5 * w[i] + tilt;
    }
    return 0;
}

static int easy_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    (void)user;
    *value = 0.25 * w[0] * w[0] + 0.125 * (double)(b->index[0] % 3);
    return 0;
}

static int easy_both(void *user, const saddle_batch *b, const double *w, double *value, double *g)
{
    (void)easy_gradient(user, b, w, g);
    return easy_value(user, b, w, value);
}

/* Onto the half-space w_0 >= 0. */
static int project(void *user, int64_t dim, double *w)
{
    (void)user;
    (void)dim;
    w[0] = w[0] < 0.0 ? 0.0 : w[0];
    return 0;
}

enum extra { NOTHING, PROJECTED, TOGETHER };

struct need {
    saddle_method method;
    const char *settings;
    int64_t samples, threads; /* a grain is 1 sample */
    int extra;
    int vectors;
};

#define PGD "step_size=0.1 radius=1 escape_steps=2 gradient_threshold=1e9 decrease_threshold=1e-9"
#define SGD_GD "step_size=0.1 escape_step=1 escape_steps=2 gradient_threshold=1e9"

/* One grain: the method's own. Then what options, a projection, several grains and threads add. */
static const struct need needs[] = {
    {SADDLE_METHOD_GD, "step_size=0.1", 1, 1, NOTHING, 1},
    {SADDLE_METHOD_SGD, "step_size=0.1", 1, 1, NOTHING, 1},
    {SADDLE_METHOD_SGD, "step_size=0.1", SADDLE_STREAM, 4, NOTHING, 1},
    {SADDLE_METHOD_SGD_GD, SGD_GD, 1, 1, NOTHING, 1},
    {SADDLE_METHOD_PGD, PGD, 1, 1, NOTHING, 2},
    {SADDLE_METHOD_NGD, "step_size=0.1 noise=0.1", 1, 1, NOTHING, 1},
    {SADDLE_METHOD_PSGD, "step_size=0.1 noise=0.1 noise_kind=gaussian", 1, 1, NOTHING, 1},
    {SADDLE_METHOD_PSGD, "step_size=0.1 noise=0.1 noise_kind=sphere", 1, 1, NOTHING, 1},
    {SADDLE_METHOD_PSGD, "step_size=0.1 noise=0.1 noise_kind=ball", 1, 1, NOTHING, 1},
    {SADDLE_METHOD_SGLD, "step_size=0.1 inverse_temperature=10", 1, 1, NOTHING, 2},
    {SADDLE_METHOD_SGD, "step_size=0.1 output=uniform", 1, 1, NOTHING, 2},
    {SADDLE_METHOD_GD, "step_size=0.1 output=best", 1, 1, NOTHING, 2},
    {SADDLE_METHOD_GD, "step_size=0.1", 1, 1, PROJECTED, 2},
    {SADDLE_METHOD_PGD, PGD " output=best", 1, 1, PROJECTED, 4},
    {SADDLE_METHOD_SGLD, "step_size=0.1 inverse_temperature=10", 1, 1, PROJECTED, 2},
    {SADDLE_METHOD_SGD, "step_size=0.1 output=best", 1, 1, TOGETHER, 3}, /* a value brings a gradient along */
    {SADDLE_METHOD_GD, "step_size=0.1", 5, 1, NOTHING, 1 + 1},
    {SADDLE_METHOD_SGD, "step_size=0.1", 5, 1, NOTHING, 1 + 1}, /* the last look is at all samples */
    {SADDLE_METHOD_GD, "step_size=0.1", 5, 2, NOTHING, 1 + 2},
    {SADDLE_METHOD_GD, "step_size=0.1", 5, 4, NOTHING, 1 + 4},
    {SADDLE_METHOD_GD, "step_size=0.1", 5, 9, NOTHING, 1 + 5},
    {SADDLE_METHOD_PGD, PGD, 5, 3, NOTHING, 2 + 3},
    {SADDLE_METHOD_SGD_GD, SGD_GD " batch_size=4", 5, 2, NOTHING, 1 + 2},
    {SADDLE_METHOD_SGLD, "step_size=0.1 inverse_temperature=10 batch_size=4", 5, 2, NOTHING, 2 + 2},
};

static saddle_context *make_context(struct meter *m, int64_t threads)
{
    const saddle_allocator a = {(int64_t)sizeof a, m, metered_alloc, metered_dealloc};
    saddle_context *c = NULL;
    EXPECT_OK(saddle_context_create(&a, &c));
    EXPECT_OK(saddle_context_set_threads(c, threads));
    return c;
}

START_TEST(peaks_are_as_stated)
{
    const struct need *need = &needs[_i];
    const int64_t d = need->samples == 1 && need->extra == NOTHING ? 10000000 : 1000000;
    double *w = calloc((size_t)d, sizeof *w);
    ck_assert_ptr_nonnull(w);
    struct meter m = {0, 0};
    saddle_context *c = make_context(&m, need->threads);
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    EXPECT_OK(saddle_objective_create(c, d, need->samples, NULL, &f));
    if (need->extra == TOGETHER) {
        EXPECT_OK(saddle_objective_set_value_gradient(f, easy_both));
    } else {
        EXPECT_OK(saddle_objective_set_gradient(f, easy_gradient));
        EXPECT_OK(saddle_objective_set_value(f, easy_value));
    }
    EXPECT_OK(saddle_objective_set_project(f, need->extra == PROJECTED ? project : NULL));
    EXPECT_OK(saddle_objective_set_grain(f, 1));
    EXPECT_OK(saddle_options_create(c, &o));
    trial_set(o, need->settings);
    trial_set(o, "max_steps=2");
    const saddle_result r = trial_run(f, need->method, o, w);
    ck_assert_int_ge(r.steps, 2);
    const double vectors = (double)m.peak / ((double)d * sizeof(double));
    ck_assert_msg(fabs(vectors - need->vectors) <= 0.05 * need->vectors,
                  "%s %s, %lld samples, %lld threads: %g vectors, not %d", saddle_method_name(need->method),
                  need->settings, (long long)need->samples, (long long)need->threads, vectors, need->vectors);
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.bytes, 0);
    free(w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *c = tcase_create("memory");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, peaks_are_as_stated, 0, (int)(sizeof needs / sizeof needs[0]));
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
