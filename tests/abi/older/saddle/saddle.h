/* SPDX-License-Identifier: BSD-3-Clause */
/* A header as an older release would have it: saddle_result, saddle_event and saddle_batch end earlier than they do now, enumerators
 * and functions are fewer. The program that is compiled against it must run on the library of today. When a release has been made, its
 * headers are kept beside this one. Never brought up to date. */
#ifndef SADDLE_SADDLE_H
#define SADDLE_SADDLE_H
#include <stddef.h>
#include <stdint.h>

typedef enum saddle_status {
    SADDLE_OK = 0,
    SADDLE_E_ARGUMENT = -1,
    SADDLE_E_UNSUPPORTED = -14,
    SADDLE_E_STRUCT_SIZE = -15,
    SADDLE_STATUS_INT32 = 0x7fffffff
} saddle_status;
typedef enum saddle_option {
    SADDLE_OPT_STEP_SIZE = 103,
    SADDLE_OPT_MAX_STEPS = 120,
    SADDLE_OPT_MONITOR_EVERY = 144,
    SADDLE_OPTION_INT32 = 0x7fffffff
} saddle_option;
typedef enum saddle_method { SADDLE_METHOD_GD = 1, SADDLE_METHOD_INT32 = 0x7fffffff } saddle_method;

typedef struct saddle_allocator {
    int64_t struct_size;
    void *user;
    void *(*alloc)(void *user, size_t bytes, size_t alignment);
    void (*dealloc)(void *user, void *ptr, size_t bytes);
} saddle_allocator;
typedef struct saddle_context saddle_context;
typedef struct saddle_objective saddle_objective;
typedef struct saddle_options saddle_options;
typedef struct saddle_solver saddle_solver;

typedef struct saddle_batch {
    int64_t struct_size;
    int64_t count;
    int64_t first;
    const int64_t *index;
} saddle_batch;
typedef int (*saddle_gradient_fn)(void *user, const saddle_batch *b, const double *w, double *gradient);

typedef struct saddle_result {
    int64_t struct_size;
    int64_t stop;
    int64_t kind;
    int64_t steps;
    int64_t perturbations;
    int64_t callback_code;
    int64_t value_samples;
    int64_t gradient_samples;
    int64_t hessvec_samples;
    int64_t slopes_samples;
    double value;
    double gradient_norm;
    double lambda_min;
    double seconds;
} saddle_result;
typedef struct saddle_event {
    int64_t struct_size;
    int64_t step;
    int64_t perturbations;
    int64_t escaping;
    int64_t gradient_samples;
    double epoch;
    double value;
    double gradient_norm;
} saddle_event;
typedef int (*saddle_monitor_fn)(void *user, const saddle_event *e);

const char *saddle_error_message(void);
saddle_status saddle_context_create(const saddle_allocator *a, saddle_context **out);
void saddle_context_destroy(saddle_context *c);
saddle_status saddle_objective_create(saddle_context *c, int64_t dim, int64_t samples, void *user, saddle_objective **out);
void saddle_objective_destroy(saddle_objective *f);
saddle_status saddle_objective_set_gradient(saddle_objective *f, saddle_gradient_fn fn);
saddle_status saddle_options_create(saddle_context *c, saddle_options **out);
void saddle_options_destroy(saddle_options *o);
saddle_status saddle_options_set_int(saddle_options *o, saddle_option id, int64_t value);
saddle_status saddle_options_set_real(saddle_options *o, saddle_option id, double value);
saddle_status saddle_solver_create(saddle_objective *f, saddle_method m, const saddle_options *o, double *w, saddle_solver **out);
void saddle_solver_destroy(saddle_solver *s);
saddle_status saddle_solver_set_monitor(saddle_solver *s, saddle_monitor_fn fn, void *user);
saddle_status saddle_solver_step(saddle_solver *s, int64_t steps);
saddle_status saddle_solver_run(saddle_solver *s);
saddle_status saddle_solver_result(saddle_solver *s, saddle_result *out);
#endif
