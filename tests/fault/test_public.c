/* SPDX-License-Identifier: BSD-3-Clause */
/* Every exported function is either played where everything fails, or neither allocates nor calls back. */
#include "fault/stage.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <stdio.h>

/* What neither allocates nor calls back, and a call of each, on objects of x. */
#define QUIET_LIST(X)                                                                                \
    X(saddle_context_set_log, (void)saddle_context_set_log(x->c, NULL, NULL, 0))                     \
    X(saddle_context_set_threads, (void)saddle_context_set_threads(x->c, 2))                         \
    X(saddle_error_message, (void)saddle_error_message())                                            \
    X(saddle_kind_name, (void)saddle_kind_name(1))                                                   \
    X(saddle_lanczos_count, (void)saddle_lanczos_count(x->l))                                        \
    X(saddle_lanczos_pair, (void)saddle_lanczos_pair(x->l, 0, out.vector, &out.eigen))               \
    X(saddle_method_find, (void)saddle_method_find("gd"))                                            \
    X(saddle_method_name, (void)saddle_method_name(SADDLE_METHOD_GD))                                \
    X(saddle_objective_dim, (void)saddle_objective_dim(x->f))                                        \
    X(saddle_objective_samples, (void)saddle_objective_samples(x->f))                                \
    X(saddle_objective_set_destructor, (void)saddle_objective_set_destructor(other, NULL))           \
    X(saddle_objective_set_gradient, (void)saddle_objective_set_gradient(other, problem_gradient))   \
    X(saddle_objective_set_grain, (void)saddle_objective_set_grain(other, 3))                        \
    X(saddle_objective_set_hessvec, (void)saddle_objective_set_hessvec(other, problem_hessvec))      \
    X(saddle_objective_set_project, (void)saddle_objective_set_project(other, NULL))                 \
    X(saddle_objective_set_slopes, (void)saddle_objective_set_slopes(other, problem_slopes))         \
    X(saddle_objective_set_value, (void)saddle_objective_set_value(other, problem_value))            \
    X(saddle_objective_set_value_gradient, (void)saddle_objective_set_value_gradient(other, NULL))   \
    X(saddle_option_describe, (void)saddle_option_describe(3, &info))                                \
    X(saddle_options_get_int, (void)saddle_options_get_int(x->o, SADDLE_OPT_SEED, &integer))         \
    X(saddle_options_get_real, (void)saddle_options_get_real(x->o, SADDLE_OPT_RADIUS, &real))        \
    X(saddle_options_set_int, (void)saddle_options_set_int(x->o, SADDLE_OPT_SEED, 3))                \
    X(saddle_options_set_real, (void)saddle_options_set_real(x->o, SADDLE_OPT_RADIUS, 0.5))          \
    X(saddle_options_set_text, (void)saddle_options_set_text(x->o, "schedule", "cosine"))            \
    X(saddle_random_bits, (void)saddle_random_bits(&stream, 7, words))                               \
    X(saddle_random_normal, (void)saddle_random_normal(&stream, 1, STAGE_POINTS, out.vector))        \
    X(saddle_random_uniform, (void)saddle_random_uniform(&stream, 1, STAGE_POINTS, out.vector))      \
    X(saddle_solver_request_stop, saddle_solver_request_stop(x->s))                                  \
    X(saddle_solver_result, (void)saddle_solver_result(x->s, &out.result))                           \
    X(saddle_solver_set_monitor, (void)saddle_solver_set_monitor(x->s, NULL, NULL))                  \
    X(saddle_solver_set_schedule, (void)saddle_solver_set_schedule(x->s, NULL, NULL))                \
    X(saddle_status_name, (void)saddle_status_name(SADDLE_E_IO))                                     \
    X(saddle_status_text, (void)saddle_status_text(SADDLE_E_IO))                                     \
    X(saddle_stop_name, (void)saddle_stop_name(1))                                                   \
    X(saddle_verdict_name, (void)saddle_verdict_name(1))                                             \
    X(saddle_version, (void)saddle_version())                                                        \
    X(saddle_version_string, (void)saddle_version_string())                                          \
    X(saddle_lanczos_destroy, saddle_lanczos_destroy(x->l))                                          \
    X(saddle_options_destroy, saddle_options_destroy(x->o))                                          \
    X(saddle_solver_destroy, saddle_solver_destroy(x->s))                                            \
    X(saddle_objective_destroy, saddle_objective_destroy(other))                                     \
    X(saddle_context_destroy, saddle_context_destroy(NULL))

static const struct scenario quiet = {
    "quiet", {ACT_CONTEXT, ACT_OBJECTIVE, ACT_OPTIONS, ACT_LANCZOS, ACT_LANCZOS_RUN, ACT_SOLVER, ACT_STEP, -1}, 0, ALL_THREE,
    WITH_HESSVEC | WITH_SLOPES, 1, {"monitor_every", "1"}, 0, 1, 1, 0};

#define CALL(name, call)                        \
    call;                                       \
    ck_assert_msg(x->m.calls == allocations, "%s allocates", #name); \
    ck_assert_msg(x->calls == callbacks, "%s calls back", #name);

START_TEST(the_quiet_neither_allocate_nor_call_back)
{
    struct stage play, *const x = &play;
    struct given out;
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    const saddle_random_stream stream = {1, 200, 3};
    uint32_t words[4];
    int64_t integer;
    double real;
    saddle_objective *other = NULL;
    stage_begin(x, &quiet, 0xA5);
    for (int i = 0; quiet.acts[i] >= 0; i++) {
        stage_blank(&out);
        EXPECT_OK(stage_call(x, quiet.acts[i], &out));
    }
    EXPECT_OK(saddle_objective_create(x->c, 3, 4, NULL, &other));
    x->m.fail_at = 1;
    x->m.for_ever = 1; /* what allocates would fail, too */
    const int64_t allocations = x->m.calls, callbacks = x->calls;
    QUIET_LIST(CALL)
    x->l = NULL;
    x->o = NULL;
    x->s = NULL;
    stage_end(x);
}
END_TEST

static int is_played(const char *name)
{
    for (int act = 0; act < ACTS; act++) {
        for (int k = 0; strcmp(stage_act_names[act], name) == 0 && k < stage_scenarios(); k++) {
            for (const int *a = stage_scenario(k)->acts; *a >= 0; a++) {
                if (*a == act) {
                    return 1;
                }
            }
        }
    }
    return 0;
}

#define NAME(name, call) #name,

static int is_quiet(const char *name)
{
    static const char *const names[] = {QUIET_LIST(NAME)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* SADDLE_TEST_MAP is lib/libsaddle.map. */
START_TEST(every_exported_function_is_known_here)
{
    char line[200], name[200];
    int found = 0;
    FILE *map = fopen(SADDLE_TEST_MAP, "r");
    ck_assert_ptr_nonnull(map);
    while (fgets(line, sizeof line, map) != NULL) {
        if (sscanf(line, " %199[a-z0-9_];", name) == 1 && strncmp(name, "saddle_", 7) == 0) {
            found++;
            ck_assert_msg(is_quiet(name) != is_played(name),
                          "%s: put it into a scenario of scenarios.c, or into the list of what neither allocates nor calls back", name);
        }
    }
    (void)fclose(map);
    ck_assert_int_ge(found, 62);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("public");
    TCase *c = tcase_create("public");
    tcase_add_test(c, the_quiet_neither_allocate_nor_call_back);
    tcase_add_test(c, every_exported_function_is_known_here);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
