/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/own.h"
#include "support/expect.h"
#include <math.h>

static void reflect(int64_t n, double *x)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
    }
    for (int64_t i = 0; i < n; i++) {
        x[i] -= 2.0 * sum / (double)n;
    }
}

double own_norm(int64_t n, const double *x)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i] * x[i];
    }
    return sqrt(sum);
}

void own_multiply(const struct own *a, const double *x, double *y)
{
    memcpy(y, x, (size_t)a->n * sizeof *y);
    reflect(a->n, y);
    for (int64_t i = 0; i < a->n; i++) {
        y[i] *= a->d[i];
    }
    reflect(a->n, y);
    y[0] += a->skew * x[a->n - 1];
    y[a->n - 1] -= a->skew * x[0];
}

int own_apply(void *user, int64_t dim, const double *x, double *y)
{
    struct own *a = user;
    a->calls++;
    const int right = dim == a->n && fabs(own_norm(dim, x) - 1.0) < 1e-13 && isnan(y[0]) && isnan(y[dim - 1]);
    a->broken += !right;
    if (a->self != NULL) {
        EXPECT_FAIL(saddle_lanczos_run(a->self), SADDLE_E_STATE, "saddle_lanczos_run: it is at work");
        EXPECT_FAIL(saddle_lanczos_pair(a->self, 0, NULL, NULL), SADDLE_E_STATE, "no pairs");
        ck_assert_int_eq(saddle_lanczos_count(a->self), 0);
    }
    const double first = y[0], last = y[dim - 1];
    own_multiply(a, x, y);
    if (a->calls != a->fault_call) {
        return 0;
    }
    switch (a->fault) {
    case OWN_CODE: return a->code;
    case OWN_NAN: y[dim / 2] = (double)NAN; break;
    case OWN_INF: y[dim / 2] = -(double)INFINITY; break;
    case OWN_UNWRITTEN_FIRST: y[0] = first; break;
    case OWN_UNWRITTEN_LAST: y[dim - 1] = last; break;
    default: break;
    }
    return 0;
}

/* Eigenvalues -2, -1.5, ..., each once. */
void own_init(struct own *a, int64_t n)
{
    memset(a, 0, sizeof *a);
    a->n = n;
    for (int64_t i = 0; i < n; i++) {
        a->d[i] = -2.0 + 0.5 * (double)i;
    }
}

saddle_options *options_of(const char *eigenvalues, const char *which, const char *basis)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_text(o, "eigenvalues", eigenvalues));
    EXPECT_OK(saddle_options_set_text(o, "which", which));
    EXPECT_OK(saddle_options_set_text(o, "basis", basis));
    EXPECT_OK(saddle_options_set_text(o, "eigen_tol", "1e-9"));
    return o;
}

const struct way ways[WAYS] = {
    {"1", "smallest", "0", 1}, {"1", "largest", "0", 1},   {"1", "both", "0", 2},    {"1", "smallest", "1", 1},
    {"1", "both", "7", 2},     {"1", "smallest", "10", 1}, {"3", "smallest", "0", 3}, {"3", "largest", "12", 3},
    {"3", "both", "16", 6},
};
saddle_options *way_options(int i)
{
    return options_of(ways[i].eigenvalues, ways[i].which, ways[i].basis);
}

void take_answer(const saddle_lanczos *l, struct answer *x)
{
    memset(x, 0, sizeof *x);
    x->count = saddle_lanczos_count(l);
    ck_assert(x->count >= 1 && x->count <= OWN_PAIRS);
    for (int64_t i = 0; i < x->count; i++) {
        x->pair[i].struct_size = (int64_t)sizeof x->pair[i];
        EXPECT_OK(saddle_lanczos_pair(l, i, x->vector[i], &x->pair[i]));
    }
}

void expect_empty(const saddle_lanczos *l)
{
    saddle_eigen e = {.struct_size = (int64_t)sizeof e, .value = -77.0};
    ck_assert_int_eq(saddle_lanczos_count(l), 0);
    EXPECT_FAIL(saddle_lanczos_pair(l, 0, NULL, &e), SADDLE_E_STATE,
                "saddle_lanczos_pair: there are no pairs: saddle_lanczos_run() comes first");
    ck_assert_double_eq(e.value, -77.0);
}

void compute_answer(struct own *a, const saddle_options *o, struct answer *x)
{
    saddle_lanczos *l = NULL;
    EXPECT_OK(saddle_lanczos_create(NULL, a->n, own_apply, a, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    take_answer(l, x);
    saddle_lanczos_destroy(l);
}
