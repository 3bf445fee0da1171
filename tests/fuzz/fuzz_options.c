/* SPDX-License-Identifier: BSD-3-Clause */
/* Any method with any options, set in any way, on a tiny quadratic, in any division into calls. w stays finite, every status is
 * one that is documented, the same run in another division ends with the same bits, nothing leaks; so it is with what looks at w
 * afterwards. */
#include "fuzz/quadratic.h"
#include "support/memory.h"
#include <float.h>
#include <math.h>

enum { MOST_STEPS = 48, MOST_CALLS = 12, MOST_SETTINGS = 24 };

/* What a call may say that has memory and whose structs are sized. */
static int is_status(saddle_status s)
{
    return s <= SADDLE_OK && s > SADDLE_E_STRUCT_SIZE && s != SADDLE_E_LINALG && s != SADDLE_E_MEMORY && s != SADDLE_E_IO &&
           s != SADDLE_E_FORMAT && s != SADDLE_E_MISMATCH && s != SADDLE_E_COMM;
}

static int is_finite(int64_t n, const double *x)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs(x[i]) <= DBL_MAX)) {
            return 0;
        }
    }
    return 1;
}

/* Text of any bytes, a word of the option, or a number. */
static void read_text(struct bytes *b, const saddle_option_info *info, char *text, size_t size)
{
    const int how = bytes_below(b, 4);
    if (how == 0) {
        const size_t length = (size_t)bytes_below(b, (int)size);
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)bytes_one(b);
        }
        text[length] = '\0';
    } else if (how == 1) {
        snprintf(text, size, "%s", info->choices + (bytes_one(b) % (strlen(info->choices) + 1)));
        text[strcspn(text, "|")] = '\0';
    } else {
        snprintf(text, size, how == 2 ? "%.17g" : "%g", quadratic_number(b));
    }
}

static double get(const saddle_options *o, const saddle_option_info *info)
{
    int64_t i = 0;
    double x = 0.0;
    const int real = info->type == SADDLE_TYPE_REAL;
    const saddle_status s = real ? saddle_options_get_real(o, (saddle_option)info->id, &x)
                                 : saddle_options_get_int(o, (saddle_option)info->id, &i);
    FUZZ_REQUIRE(s == SADDLE_OK, "%s: %s", info->name, saddle_error_message());
    return real ? x : (double)i;
}

/* Sets one option in one way; it is in its range afterwards, and what it was where it was refused. */
static void set_one(struct bytes *b, saddle_options *o)
{
    saddle_option_info info = {.struct_size = sizeof info};
    int64_t count = 0;
    while (saddle_option_describe(count, &info) == SADDLE_OK) {
        count++;
    }
    FUZZ_REQUIRE(saddle_option_describe(bytes_below(b, (int)count), &info) == SADDLE_OK, "%s", saddle_error_message());
    const saddle_option id = (saddle_option)info.id;
    const double before = get(o, &info);
    saddle_status s = SADDLE_OK;
    char text[40];
    switch (bytes_below(b, 6)) {
    case 0: s = saddle_options_set_int(o, id, (int64_t)bytes_word(b)); break;
    case 1: s = saddle_options_set_int(o, id, bytes_below(b, 8)); break;
    case 2: s = saddle_options_set_real(o, id, bytes_double(b)); break;
    case 3: s = saddle_options_set_real(o, id, quadratic_number(b)); break;
    case 4:
        read_text(b, &info, text, sizeof text);
        s = saddle_options_set_text(o, info.name, text);
        break;
    default: s = saddle_options_set_int(o, (saddle_option)bytes_word(b), 1); break; /* in general no option */
    }
    FUZZ_REQUIRE(is_status(s), "%s: status %d", info.name, (int)s);
    const double after = get(o, &info);
    FUZZ_REQUIRE(s == SADDLE_OK ? after >= info.minimum && after <= info.maximum : memcmp(&before, &after, sizeof after) == 0,
                 "%s is %.17g after %s, outside %.17g .. %.17g", info.name, after, saddle_status_name(s), info.minimum, info.maximum);
}

/* Takes back what would only take time, and a clock. */
static void bound_work(saddle_options *o)
{
    static const struct {
        saddle_option id;
        int64_t most;
    } bounds[] = {{SADDLE_OPT_BATCH_SIZE, 16}, {SADDLE_OPT_MAX_PRODUCTS, 100}, {SADDLE_OPT_CNC_SAMPLES, 64}, {SADDLE_OPT_EIGENVALUES, 20}};
    double seconds = 0.0;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        int64_t x = 0;
        FUZZ_REQUIRE(saddle_options_get_int(o, bounds[i].id, &x) == SADDLE_OK, "%s", saddle_error_message());
        if (x > bounds[i].most) {
            FUZZ_REQUIRE(saddle_options_set_int(o, bounds[i].id, 1 + x % bounds[i].most) == SADDLE_OK, "%s", saddle_error_message());
        }
    }
    FUZZ_REQUIRE(saddle_options_get_real(o, SADDLE_OPT_MAX_SECONDS, &seconds) == SADDLE_OK, "%s", saddle_error_message());
    if (seconds > 0.0 && seconds < 1e6) {
        FUZZ_REQUIRE(saddle_options_set_real(o, SADDLE_OPT_MAX_SECONDS, 1e6) == SADDLE_OK, "%s", saddle_error_message());
    }
}

/* What an input says: everything but the division into calls is that of both runs. */
struct plan {
    struct quadratic q;
    saddle_method method;
    int threads;
    int calls;
    int64_t steps[MOST_CALLS], total;
    unsigned afterwards;
};

struct end {
    saddle_status status;
    saddle_result result;
    double w[QUADRATIC_MOST];
};

static void read_plan(struct plan *p, struct bytes *b)
{
    memset(p, 0, sizeof *p);
    p->method = (saddle_method)bytes_below(b, 9);
    p->afterwards = bytes_one(b);
    p->threads = bytes_below(b, 64) == 63 ? 2 : 1;
    p->calls = 1 + bytes_below(b, MOST_CALLS);
    for (int i = 0; i < p->calls && p->total < MOST_STEPS; i++) {
        p->steps[i] = bytes_below(b, 16);
        p->total += p->steps[i];
    }
    quadratic_read(&p->q, b);
}

/* Makes the run in the calls of the plan, or in one. */
static void run(struct plan *p, saddle_objective *f, const saddle_options *o, int divided, struct end *e)
{
    saddle_solver *s = NULL;
    memset(e, 0, sizeof *e);
    memcpy(e->w, p->q.start, sizeof e->w);
    e->result.struct_size = sizeof e->result;
    e->status = saddle_solver_create(f, p->method, o, e->w, &s);
    FUZZ_REQUIRE(is_status(e->status) && (s != NULL) == (e->status == SADDLE_OK), "status %d", (int)e->status);
    const int calls = divided ? p->calls : 1;
    for (int i = 0; i < calls && e->status == SADDLE_OK && e->result.stop == SADDLE_STOP_NONE; i++) {
        e->status = saddle_solver_step(s, divided ? p->steps[i] : p->total);
        FUZZ_REQUIRE(is_status(e->status), "%s: %s", saddle_status_name(e->status), saddle_error_message());
        FUZZ_REQUIRE(is_finite(p->q.dim, e->w), "w is not finite after %s", saddle_status_name(e->status));
        FUZZ_REQUIRE(saddle_solver_result(s, &e->result) == SADDLE_OK, "%s", saddle_error_message());
        FUZZ_REQUIRE(e->result.steps >= 0 && e->result.steps <= p->total, "%d steps", (int)e->result.steps);
        FUZZ_REQUIRE(e->status != SADDLE_OK || e->result.stop != SADDLE_STOP_NONE || divided || e->result.steps == p->total, "%d steps",
                     (int)e->result.steps);
    }
    saddle_solver_destroy(s);
    e->result.seconds = 0.0;
}

/* NaN is as good as NaN, whichever it is. */
static int same_number(double x, double y)
{
    return memcmp(&x, &y, sizeof x) == 0 || (isnan(x) && isnan(y));
}

static void compare(const struct plan *p, const struct end *a, const struct end *b)
{
    const saddle_result *r = &a->result, *s = &b->result;
    FUZZ_REQUIRE(a->status == b->status, "%s and %s", saddle_status_name(a->status), saddle_status_name(b->status));
    FUZZ_REQUIRE(memcmp(a->w, b->w, (size_t)p->q.dim * sizeof *a->w) == 0, "w_0 is %.17g and %.17g", a->w[0], b->w[0]);
    FUZZ_REQUIRE(r->stop == s->stop && r->kind == s->kind && r->steps == s->steps && r->perturbations == s->perturbations &&
                     r->callback_code == s->callback_code,
                 "stop %d %d kind %d %d steps %d %d", (int)r->stop, (int)s->stop, (int)r->kind, (int)s->kind, (int)r->steps,
                 (int)s->steps);
    FUZZ_REQUIRE(same_number(r->value, s->value) && same_number(r->gradient_norm, s->gradient_norm) &&
                     same_number(r->step_size, s->step_size) && same_number(r->lambda_min, s->lambda_min) &&
                     same_number(r->lambda_lower, s->lambda_lower),
                 "value %.17g %.17g, gradient %.17g %.17g, step size %.17g %.17g, lambda_min %.17g %.17g", r->value, s->value,
                 r->gradient_norm, s->gradient_norm, r->step_size, s->step_size, r->lambda_min, s->lambda_min);
}

/* What looks at a point: a status that is documented, and w untouched. */
static void look(const struct plan *p, saddle_objective *f, const saddle_options *o, const struct end *e)
{
    double w[QUADRATIC_MOST], v[QUADRATIC_MOST], grid[16], density[16];
    saddle_certificate certificate = {.struct_size = sizeof certificate};
    saddle_assumptions assumptions = {.struct_size = sizeof assumptions};
    saddle_derivative_check derivatives = {.struct_size = sizeof derivatives};
    saddle_cnc cnc = {.struct_size = sizeof cnc};
    saddle_eigen pair = {.struct_size = sizeof pair};
    memcpy(w, e->w, sizeof w);
    saddle_status s = SADDLE_OK;
    switch (p->afterwards % 16) {
    case 0: s = saddle_certify(f, w, o, v, &certificate); break;
    case 1: s = saddle_lambda_min(f, w, o, v, &pair); break;
    case 2: s = saddle_spectral_density(f, w, o, 16, grid, density); break;
    case 3: s = saddle_estimate_assumptions(f, w, o, &assumptions); break;
    case 4: s = saddle_cnc_check(f, w, o, v, &cnc); break;
    case 5: s = saddle_check_derivatives(f, w, p->afterwards / 16, &derivatives); break;
    default: return;
    }
    FUZZ_REQUIRE(is_status(s) && s != SADDLE_E_OVERFLOW && memcmp(w, e->w, sizeof w) == 0, "%s: %s", saddle_status_name(s),
                 saddle_error_message());
    if (s == SADDLE_OK && p->afterwards % 16 < 2) {
        double length = 0.0;
        for (int64_t j = 0; j < p->q.dim; j++) {
            length += v[j] * v[j];
        }
        FUZZ_REQUIRE(fabs(length - 1.0) <= 1e-13 || (p->afterwards % 16 == 0 && length == 0.0), "||v||^2 = %.17g", length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct plan p;
    struct bytes b = {data, size};
    struct memory memory;
    struct end first, again;
    saddle_context *c = NULL;
    saddle_options *o = NULL;
    saddle_objective *f = NULL;
    const saddle_allocator allocator = memory_allocator(&memory, 0xFF); /* fresh memory is full of NaN */
    read_plan(&p, &b);
    FUZZ_REQUIRE(saddle_context_create(&allocator, &c) == SADDLE_OK && saddle_options_create(c, &o) == SADDLE_OK &&
                     saddle_context_set_threads(c, p.threads) == SADDLE_OK && quadratic_make(c, &p.q, &f) == SADDLE_OK,
                 "%s", saddle_error_message());
    for (int i = 0; i < MOST_SETTINGS && b.left > 0; i++) {
        set_one(&b, o);
    }
    bound_work(o);
    run(&p, f, o, 1, &first);
    run(&p, f, o, 0, &again);
    compare(&p, &first, &again);
    look(&p, f, o, &first);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
    saddle_context_destroy(c);
    FUZZ_REQUIRE(memory.blocks == 0 && memory.faults == 0, "%d blocks left, %d faults", (int)memory.blocks, (int)memory.faults);
    return 0;
}
