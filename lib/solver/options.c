/* SPDX-License-Identifier: BSD-3-Clause */
/* One list drives ranges, names, defaults, help texts and docs/options.md. */
#include "solver/options.h"
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__APPLE__)
#  include <xlocale.h>
#endif

#define INT SADDLE_TYPE_INT
#define REAL SADDLE_TYPE_REAL
#define CHOICE SADDLE_TYPE_CHOICE
#define MOST_INT 0x1p62
#define MOST_STEP 1e100
#define BELOW_1 0x1.fffffffffffffp-1
#define INF SADDLE_I_INF

struct entry {
    int64_t id, type;
    double minimum, maximum, initial;
    const char *name, *text, *choices;
};

static const struct entry table[] = {
    {SADDLE_OPT_SEED, INT, 0, MOST_INT, 0, "seed", "Seed of all random numbers; the run is a function of it.", ""},
    {SADDLE_OPT_BATCH_SIZE, INT, 0, 0x1p40, 0, "batch_size",
     "Samples of a stochastic gradient; 0 = the method's own: all for gd and ngd, 1 for sgd, psgd, sgld and the escape draw of sgd_gd.", ""},
    {SADDLE_OPT_SAMPLING, CHOICE, 1, 3, 1, "sampling", "How the samples of a batch are drawn.", "replacement|shuffle|sequential"},
    {SADDLE_OPT_STEP_SIZE, REAL, 0, MOST_STEP, 0, "step_size",
     "Step size eta; 0 = chosen: 1/L measured at the start, guarded, by methods that use all samples; half of 1/L_z by the others; "
     "a hundredth of these by ngd, whose steps have this length.", ""},
    {SADDLE_OPT_SCHEDULE, CHOICE, 1, 5, 1, "schedule", "How the step size (and the escape step of sgd and sgd_gd with it) changes.",
     "constant|inverse|inverse_sqrt|exponential|cosine"},
    {SADDLE_OPT_SCHEDULE_TIME, REAL, 0, MOST_INT, 0, "schedule_time", "Time scale of the schedule in steps; 0 = max_steps.", ""},
    {SADDLE_OPT_OUTPUT, CHOICE, 1, 3, 1, "output", "Which iterate is left in w when the run stops.", "last|uniform|best"},
    {SADDLE_OPT_MAX_STEPS, INT, 0, MOST_INT, 10000, "max_steps", "Most steps; 0 = no limit.", ""},
    {SADDLE_OPT_MAX_EPOCHS, REAL, 0, MOST_INT, 0, "max_epochs", "Most samples of the gradients that steps use, divided by n; 0 = no limit.", ""},
    {SADDLE_OPT_MAX_SECONDS, REAL, 0, 1e12, 0, "max_seconds", "Most seconds spent in step and run; 0 = no limit.", ""},
    {SADDLE_OPT_TARGET_VALUE, REAL, -INF, DBL_MAX, -INF, "target_value",
     "Stop when f is at most this: tested each step by methods that use all samples, else once an epoch; -Inf = no test.", ""},
    {SADDLE_OPT_DIVERGENCE, REAL, 0, DBL_MAX, 0, "divergence", "Stop when ||w||, or an f that is known, is above this; 0 = no test.", ""},
    {SADDLE_OPT_EPS_GRADIENT, REAL, 0, DBL_MAX, 0, "eps_gradient",
     "Stop when ||grad f|| is at most this, in methods without an escape rule: tested each step by methods that use all samples, else once an epoch; 0 = no test.", ""},
    {SADDLE_OPT_EPS_HESSIAN, REAL, 0, DBL_MAX, 0, "eps_hessian",
     "eps_h: a strict saddle has an eigenvalue of the Hessian below -eps_h; also the size of |theta| from which on eigen_tol is relative to it.", ""},
    {SADDLE_OPT_DELTA, REAL, 1e-12, 0.5, 0.01, "delta",
     "How probable a wrong statement is, at most: on the smallest eigenvalue over the random start of Lanczos, on the CNC condition over its sample.", ""},
    {SADDLE_OPT_CHECK_EVERY, INT, 0, MOST_INT, 0, "check_every",
     "Steps between looks at gradient and curvature that end a run where both pass, eps_gradient and eps_hessian; 0 = none.", ""},
    {SADDLE_OPT_MONITOR_EVERY, INT, 0, MOST_INT, 1, "monitor_every", "Steps between calls of the monitor; 0 = only when the run stops.", ""},
    {SADDLE_OPT_ESCAPE_STEP, REAL, 0, MOST_STEP, 0, "escape_step", "r of sgd and sgd_gd: step size of the one stochastic step of escape.", ""},
    {SADDLE_OPT_RADIUS, REAL, 0, MOST_STEP, 0, "radius", "r of pgd: radius of the ball.", ""},
    {SADDLE_OPT_ESCAPE_STEPS, INT, 0, MOST_INT, 0, "escape_steps", "t_thres: steps that an escape is given; sgd: the period of its longer step, 0 = none.", ""},
    {SADDLE_OPT_GRADIENT_THRESHOLD, REAL, 0, DBL_MAX, 0, "gradient_threshold", "g_thres: perturb where ||grad f|| (not squared) is at most this.", ""},
    {SADDLE_OPT_DECREASE_THRESHOLD, REAL, 0, DBL_MAX, 0, "decrease_threshold", "f_thres of pgd: a perturbation that lowers f by less ends the run.", ""},
    {SADDLE_OPT_NOISE, REAL, 0, MOST_STEP, 0, "noise", "Standard deviation of the noise per coordinate; psgd: of the gradient, ngd: of w.", ""},
    {SADDLE_OPT_NOISE_KIND, CHOICE, 1, 3, 1, "noise_kind", "Law of psgd's noise; each kind has the same standard deviation per coordinate.", "gaussian|sphere|ball"},
    {SADDLE_OPT_NOISE_EVERY, INT, 1, MOST_INT, 1, "noise_every", "N_0 of ngd: steps between perturbations.", ""},
    {SADDLE_OPT_INVERSE_TEMPERATURE, REAL, 0, 1e300, 0, "inverse_temperature", "xi of sgld.", ""},
    {SADDLE_OPT_EIGENVALUES, INT, 1, 4000, 1, "eigenvalues", "Eigenpairs wanted; for which = both as many at each end.", ""},
    {SADDLE_OPT_WHICH, CHOICE, 1, 3, 1, "which", "At which end of the spectrum they are wanted.", "smallest|largest|both"},
    {SADDLE_OPT_EIGEN_TOL, REAL, 0, BELOW_1, 1e-6, "eigen_tol",
     "A pair is done when ||Av - theta v|| is at most this times max(|theta|, eps_hessian); below 1.", ""},
    {SADDLE_OPT_MAX_PRODUCTS, INT, 1, 0x1p40, 1000, "max_products", "Most products with A, not counting those that measure residuals.", ""},
    {SADDLE_OPT_BASIS, INT, 0, 16000, 0, "basis", "Most vectors that Lanczos keeps; 0 = as many as fit into 256 MiB.", ""},
    {SADDLE_OPT_CNC_GAMMA, REAL, 0, DBL_MAX, 0, "cnc_gamma", "gamma of the CNC condition E <grad f_z, v>^2 > gamma.", ""},
    {SADDLE_OPT_CNC_SAMPLES, INT, 0, 0x1p40, 0, "cnc_samples",
     "Most samples of its check, in random order, fewer when they decide; 0 = the whole data set (1024 of a stream).", ""},
    {SADDLE_OPT_CNC_BOUND, REAL, 0, 0x1p440, 0, "cnc_bound",
     "A known bound of ||grad f_z|| for every sample; 0 = none: then no sample can prove that the condition fails.", ""},
};
enum { COUNT = sizeof table / sizeof table[0] };
_Static_assert((int)COUNT <= (int)SADDLE_I_OPTION_COUNT, "raise SADDLE_I_OPTION_COUNT");

static int find(int64_t id)
{
    for (int i = 0; i < COUNT; i++) {
        if (table[i].id == id) {
            return i;
        }
    }
    return -1;
}

static saddle_status find_or_fail(int64_t id, int *out)
{
    *out = find(id);
    if (*out < 0) {
        return saddle_i_fail(SADDLE_E_UNSUPPORTED, "this version has no option number %lld", (long long)id);
    }
    return SADDLE_OK;
}

static void set_defaults(struct saddle_options *o)
{
    for (int i = 0; i < COUNT; i++) {
        o->real[i] = table[i].type == REAL ? table[i].initial : 0.0;
        o->integer[i] = table[i].type == REAL ? 0 : (int64_t)table[i].initial;
    }
}

void saddle_i_options_copy(struct saddle_options *out, const saddle_options *o)
{
    if (o != NULL) {
        *out = *o;
    } else {
        set_defaults(out);
    }
    out->context = NULL;
}

int64_t saddle_i_options_int(const struct saddle_options *o, int64_t id)
{
    return o->integer[find(id)];
}

double saddle_i_options_real(const struct saddle_options *o, int64_t id)
{
    return o->real[find(id)];
}

const char *saddle_i_option_name(int64_t id)
{
    const int i = find(id);
    return i < 0 ? "?" : table[i].name;
}

int saddle_i_options_count(void)
{
    return COUNT;
}

saddle_status saddle_options_create(saddle_context *c, saddle_options **out)
{
    if (out == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_options_create: out is NULL");
    }
    saddle_context *context = saddle_i_context_hold(c);
    void *p = NULL;
    const saddle_status s = saddle_i_alloc(context, 1, sizeof(struct saddle_options), &p);
    if (s != SADDLE_OK) {
        saddle_i_context_release(context);
        return s;
    }
    saddle_options *o = p;
    set_defaults(o);
    o->context = context;
    *out = o;
    return SADDLE_OK;
}

void saddle_options_destroy(saddle_options *o)
{
    if (o != NULL) {
        saddle_context *context = o->context;
        saddle_i_free(context, o);
        saddle_i_context_release(context);
    }
}

static saddle_status check_options(const saddle_options *o, const void *p, const char *who)
{
    if (o == NULL || p == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s: %s is NULL", who, o == NULL ? "the set of options" : "an argument");
    }
    return SADDLE_OK;
}

/* Of the upper bound in a message: that 1 is outside 0 .. 1 would tell nothing. */
static int digits(const struct entry *e)
{
    return e->maximum == BELOW_1 ? 16 : 6;
}

static saddle_status put_int(saddle_options *o, int i, int64_t value)
{
    const struct entry *e = &table[i];
    if (e->type == REAL) {
        const double real = (double)value;
        const int64_t most = INT64_C(1) << 53;
        if (value < -most || value > most || real < e->minimum || real > e->maximum) {
            return saddle_i_fail(SADDLE_E_RANGE, "%s is %lld, outside %g .. %.*g", e->name, (long long)value, e->minimum, digits(e),
                                 fmin(e->maximum, 0x1p53));
        }
        o->real[i] = real;
        return SADDLE_OK;
    }
    if (value < (int64_t)e->minimum || value > (int64_t)e->maximum) {
        return saddle_i_fail(SADDLE_E_RANGE, "%s is %lld, outside %lld .. %lld%s%s", e->name, (long long)value,
                             (long long)e->minimum, (long long)e->maximum, e->choices[0] != '\0' ? ": " : "", e->choices);
    }
    o->integer[i] = value;
    return SADDLE_OK;
}

static saddle_status put_real(saddle_options *o, int i, double value)
{
    const struct entry *e = &table[i];
    if (!(value >= e->minimum && value <= e->maximum)) {
        return saddle_i_fail(SADDLE_E_RANGE, "%s is %g, outside %g .. %.*g", e->name, value, e->minimum, digits(e), e->maximum);
    }
    o->real[i] = value;
    return SADDLE_OK;
}

saddle_status saddle_options_set_int(saddle_options *o, saddle_option id, int64_t value)
{
    int i;
    TRY(check_options(o, o, "saddle_options_set_int"));
    TRY(find_or_fail(id, &i));
    return put_int(o, i, value);
}

saddle_status saddle_options_set_real(saddle_options *o, saddle_option id, double value)
{
    int i;
    TRY(check_options(o, o, "saddle_options_set_real"));
    TRY(find_or_fail(id, &i));
    if (table[i].type != REAL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s is no real number: use saddle_options_set_int()", table[i].name);
    }
    return put_real(o, i, value);
}

/* The number of a word in "a|b|c", from 0; -1 when it is none of them. */
static int64_t word_number(const char *choices, const char *word)
{
    const size_t length = strlen(word);
    int64_t number = 0;
    for (const char *p = choices; length > 0; number++) {
        const size_t here = strcspn(p, "|");
        if (here == length && memcmp(p, word, length) == 0) {
            return number;
        }
        if (p[here] == '\0') {
            break;
        }
        p += here + 1;
    }
    return -1;
}

/* strtod with a point as decimal sign, whatever the locale, rounded to nearest, whatever the caller's mode. Returns whether all of
 * the text was a number. */
static int parse_real(const char *text, double *value)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0) {
        return 0;
    }
    const locale_t old = uselocale(c);
    struct saddle_i_fenv env;
    char *end;
    saddle_i_fenv_enter(&env);
    *value = strtod(text, &end);
    saddle_i_fenv_leave(&env);
    (void)uselocale(old);
    freelocale(c);
    return end != text && *end == '\0';
}

static int parse_int(const char *text, int64_t *value)
{
    char *end;
    const int kept = errno;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    const int good = errno == 0 && end != text && *end == '\0';
    errno = kept;
    *value = v;
    return good;
}

saddle_status saddle_options_set_text(saddle_options *o, const char *name, const char *value)
{
    TRY(check_options(o, name, "saddle_options_set_text"));
    TRY(check_options(o, value, "saddle_options_set_text"));
    for (int i = 0; i < COUNT; i++) {
        const struct entry *e = &table[i];
        if (strcmp(e->name, name) != 0) {
            continue;
        }
        int64_t integer = 0;
        double real = 0.0;
        if (e->type == CHOICE && word_number(e->choices, value) >= 0) {
            return put_int(o, i, (int64_t)e->minimum + word_number(e->choices, value));
        }
        if (e->type == REAL ? parse_real(value, &real) : parse_int(value, &integer)) {
            return e->type == REAL ? put_real(o, i, real) : put_int(o, i, integer);
        }
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s is \"%.60s\": expected %s%s", name, value,
                             e->type == REAL ? "a number" : e->type == INT ? "an integer" : "one of ", e->choices);
    }
    return saddle_i_fail(SADDLE_E_UNSUPPORTED, "this version has no option \"%.60s\": saddle_option_describe() and docs/options.md list them", name);
}

static saddle_status check_value(const void *value, const char *who)
{
    return value != NULL ? SADDLE_OK : saddle_i_fail(SADDLE_E_ARGUMENT, "%s: value is NULL", who);
}

saddle_status saddle_options_get_int(const saddle_options *o, saddle_option id, int64_t *value)
{
    int i;
    TRY(check_value(value, "saddle_options_get_int"));
    TRY(find_or_fail(id, &i));
    if (table[i].type == REAL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s is a real number: use saddle_options_get_real()", table[i].name);
    }
    *value = o == NULL ? (int64_t)table[i].initial : o->integer[i];
    return SADDLE_OK;
}

saddle_status saddle_options_get_real(const saddle_options *o, saddle_option id, double *value)
{
    int i;
    TRY(check_value(value, "saddle_options_get_real"));
    TRY(find_or_fail(id, &i));
    if (table[i].type != REAL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "%s is no real number: use saddle_options_get_int()", table[i].name);
    }
    *value = o == NULL ? table[i].initial : o->real[i];
    return SADDLE_OK;
}

saddle_status saddle_option_describe(int64_t position, saddle_option_info *out)
{
    if (out == NULL) {
        return saddle_i_fail(SADDLE_E_ARGUMENT, "saddle_option_describe: out is NULL");
    }
    if (position < 0 || position >= COUNT) {
        return saddle_i_fail(SADDLE_E_RANGE, "saddle_option_describe: position is %lld, outside 0 .. %d",
                             (long long)position, COUNT - 1);
    }
    const struct entry *e = &table[position];
    const saddle_option_info info = {
        .struct_size = (int64_t)sizeof info, .id = e->id, .type = e->type,
        .minimum = e->minimum, .maximum = e->maximum, .initial = e->initial,
        .name = e->name, .text = e->text, .choices = e->choices,
    };
    return saddle_i_copy_out(out, &info, sizeof info, sizeof info, "saddle_option_info");
}
