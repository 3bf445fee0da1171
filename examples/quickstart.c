/* SPDX-License-Identifier: BSD-3-Clause */
/* cc quickstart.c $(pkg-config --cflags --libs saddle) -o quickstart */
#include <saddle/saddle.h>
#include <stdio.h>

/* f_z(w) = x^2/2 + y^4/4 - y^2/2 + noise[z] y: a saddle at (0,0), minima f = -1/4 at (0,-1) and (0,1). */
static const double noise[4] = {0.5, -0.5, 1.0, -1.0}; /* its mean is 0: f itself has no such term */

static int gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    (void)user;
    double mean = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        mean += noise[b->index[k]] / (double)b->count;
    }
    g[0] = w[0];
    g[1] = w[1] * w[1] * w[1] - w[1] + mean;
    return 0;
}

static saddle_status set_up(saddle_objective **f, saddle_options **o)
{
    saddle_status s = saddle_objective_create(NULL, 2, 4, NULL, f);
    s = s == SADDLE_OK ? saddle_objective_set_gradient(*f, gradient) : s;
    s = s == SADDLE_OK ? saddle_options_create(NULL, o) : s;
    s = s == SADDLE_OK ? saddle_options_set_real(*o, SADDLE_OPT_STEP_SIZE, 0.1) : s;
    s = s == SADDLE_OK ? saddle_options_set_int(*o, SADDLE_OPT_MAX_STEPS, 500) : s;
    s = s == SADDLE_OK ? saddle_options_set_real(*o, SADDLE_OPT_GRADIENT_THRESHOLD, 1e-3) : s;
    s = s == SADDLE_OK ? saddle_options_set_real(*o, SADDLE_OPT_ESCAPE_STEP, 0.05) : s;
    s = s == SADDLE_OK ? saddle_options_set_int(*o, SADDLE_OPT_ESCAPE_STEPS, 200) : s;
    s = s == SADDLE_OK ? saddle_options_set_real(*o, SADDLE_OPT_EPS_GRADIENT, 1e-6) : s;
    s = s == SADDLE_OK ? saddle_options_set_real(*o, SADDLE_OPT_EPS_HESSIAN, 1e-3) : s;
    return s == SADDLE_OK ? saddle_options_set_int(*o, SADDLE_OPT_CHECK_EVERY, 50) : s; /* what kind of point is it? */
}

int main(void)
{
    static const saddle_method methods[] = {SADDLE_METHOD_GD, SADDLE_METHOD_SGD_GD};
    saddle_objective *f = NULL;
    saddle_options *o = NULL;
    saddle_status s = set_up(&f, &o);
    for (int i = 0; i < 2 && s == SADDLE_OK; i++) {
        double w[2] = {0.0, 0.0}; /* exactly the saddle */
        saddle_result r = {.struct_size = sizeof r};
        s = saddle_minimize(f, methods[i], o, w, &r);
        if (s == SADDLE_OK) {
            printf("%-6s is at (%.3f, %.3f) after %d steps: %s, lambda_min = %.3f\n", saddle_method_name(methods[i]),
                   w[0], w[1], (int)r.steps, saddle_kind_name(r.kind), r.lambda_min);
        }
    }
    if (s != SADDLE_OK) {
        fprintf(stderr, "quickstart: %s\n", saddle_error_message());
    }
    saddle_options_destroy(o);
    saddle_objective_destroy(f);
    return s == SADDLE_OK ? 0 : 1;
}
