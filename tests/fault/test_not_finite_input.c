/* SPDX-License-Identifier: BSD-3-Clause */
/* NaN and Inf in every number that a caller hands over: every entry of w, of v, of directions, every option. They are refused by name,
 * before any callback is called, and outputs are untouched. */
#include "fault/stage.h"
#include "support/counted.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <math.h>
#include <stdio.h>

static const double bad[] = {__builtin_nan(""), -__builtin_nan(""), __builtin_inf(), -__builtin_inf()};
enum { BAD = sizeof bad / sizeof bad[0] };

/* What looks at w. saddle_lanczos_run() looks again: w is borrowed. */
static const int of_w[] = {ACT_VALUE,       ACT_GRADIENT, ACT_HESSVEC, ACT_CHECK_DERIVATIVES, ACT_ASSUMPTIONS, ACT_LANCZOS_HESSIAN,
                           ACT_LANCZOS_RUN, ACT_LAMBDA_MIN, ACT_DENSITY, ACT_CERTIFY,         ACT_CNC_CHECK,   ACT_CNC_ALONG, ACT_SOLVER};
enum { OF_W = sizeof of_w / sizeof of_w[0] };

static const struct scenario all = {
    "all", {ACT_CONTEXT, ACT_OBJECTIVE, ACT_OPTIONS, -1}, 0, ALL_THREE, WITH_HESSVEC | WITH_SLOPES, 1, {"eps_gradient", "10"}, 0, 0, 0, 0};

static void begin(struct stage *x)
{
    struct given out;
    stage_begin(x, &all, 0xA5);
    for (int i = 0; all.acts[i] >= 0; i++) {
        EXPECT_OK(stage_call(x, all.acts[i], &out));
    }
}

/* The act fails with this message, nothing was called, nothing is written. */
static void refuse(struct stage *x, int act, saddle_status status, const char *said)
{
    struct given out, blank;
    const int64_t calls = x->calls, blocks = x->m.blocks;
    stage_blank(&out);
    stage_blank(&blank);
    const saddle_status s = stage_call(x, act, &out);
    ck_assert_msg(s == status, "%s: %s", stage_act_names[act], saddle_status_name(s));
    EXPECT_MESSAGE(said);
    EXPECT_SAME(&out, &blank, sizeof out);
    ck_assert(x->calls == calls && x->m.blocks == blocks);
}

static const char *spelt(double v)
{
    return isnan(v) ? "nan" : v > 0.0 ? "inf" : "-inf";
}

START_TEST(an_entry_of_w)
{
    struct stage x;
    struct given out;
    char said[40];
    begin(&x);
    if (of_w[_i] == ACT_LANCZOS_RUN) {
        EXPECT_OK(stage_call(&x, ACT_LANCZOS_HESSIAN, &out));
    }
    for (int i = 0; i < STAGE_DIM * BAD; i++) {
        const int entry = i / BAD;
        const double kept = x.w[entry];
        x.w[entry] = bad[i % BAD];
        (void)snprintf(said, sizeof said, "entry %d of w is ", entry);
        refuse(&x, of_w[_i], SADDLE_E_NOT_FINITE, said);
        EXPECT_MESSAGE(spelt(bad[i % BAD]));
        x.w[entry] = kept;
    }
    stage_blank(&out);
    EXPECT_OK(stage_call(&x, of_w[_i], &out)); /* and nothing is left of it */
    counted(STAGE_DIM * BAD, "NaN and Inf planted in inputs");
    stage_end(&x);
}
END_TEST

START_TEST(an_entry_of_a_direction)
{
    struct stage x;
    char said[60];
    begin(&x);
    for (int i = 0; i < 2 * STAGE_DIM * BAD; i++) {
        const int entry = i / BAD;
        const double kept = x.v[entry];
        x.v[entry] = bad[i % BAD];
        if (entry < STAGE_DIM) {
            (void)snprintf(said, sizeof said, "entry %d of v is ", entry);
            refuse(&x, ACT_HESSVEC, SADDLE_E_NOT_FINITE, said);
            EXPECT_MESSAGE(spelt(bad[i % BAD]));
        }
        (void)snprintf(said, sizeof said, "direction %d has the norm nan instead of 1", entry / STAGE_DIM);
        refuse(&x, ACT_CNC_ALONG, SADDLE_E_ARGUMENT, said);
        x.v[entry] = kept;
    }
    counted(3 * STAGE_DIM * BAD, "NaN and Inf planted in inputs");
    stage_end(&x);
}
END_TEST

/* A range may end in Inf, and then means none; NaN is never in one. */
START_TEST(an_option)
{
    static const char *const texts[BAD] = {"nan", "-nan", "inf", "-inf"};
    struct stage x;
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    int64_t refused = 0;
    begin(&x);
    for (int64_t i = 0; saddle_option_describe(i, &info) == SADDLE_OK; i++) {
        const saddle_option id = (saddle_option)info.id;
        double before = 0.0, after = 0.0;
        if (info.type != SADDLE_TYPE_REAL) {
            continue;
        }
        for (int b = 0; b < BAD; b++) {
            if (bad[b] >= info.minimum && bad[b] <= info.maximum) {
                continue;
            }
            EXPECT_OK(saddle_options_get_real(x.o, id, &before));
            EXPECT_FAIL(saddle_options_set_real(x.o, id, bad[b]), SADDLE_E_RANGE, info.name);
            const saddle_status s = saddle_options_set_text(x.o, info.name, texts[b]);
            ck_assert(s == SADDLE_E_RANGE || s == SADDLE_E_ARGUMENT);
            EXPECT_OK(saddle_options_get_real(x.o, id, &after));
            EXPECT_SAME(&before, &after, sizeof before);
            refused += 2;
        }
    }
    ck_assert_int_ge(refused, 80);
    counted(refused, "NaN and Inf planted in inputs");
    stage_end(&x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("not_finite_input");
    TCase *c = tcase_create("not_finite_input");
    tcase_add_loop_test(c, an_entry_of_w, 0, OF_W);
    tcase_add_test(c, an_entry_of_a_direction);
    tcase_add_test(c, an_option);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
