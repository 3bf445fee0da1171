/* SPDX-License-Identifier: BSD-3-Clause */
#include "evidence.h"
#include <stdio.h>
#include <string.h>

saddle_status evidence_collect(saddle_objective *f, const double *w, const saddle_options *o, struct evidence *out)
{
    *out = (struct evidence){.certificate = {.struct_size = (int64_t)sizeof out->certificate},
                             .least = {.struct_size = (int64_t)sizeof out->least}};
    saddle_status s = saddle_certify(f, w, o, NULL, &out->certificate);
    if (s == SADDLE_OK) {
        s = saddle_lambda_min(f, w, o, NULL, &out->least);
    }
    return s == SADDLE_OK ? saddle_options_get_real(o, SADDLE_OPT_DELTA, &out->delta) : s;
}

void evidence_print(const char *what, const struct evidence *e)
{
    printf("  %s: %s, lambda_min = %.8f in [%.8f, %.8f]\n"
           "  %*s  with probability %g; ||grad f|| = %.1e, residual %.1e, %lld products\n",
           what, saddle_kind_name(e->certificate.kind), e->least.value, e->least.lower, e->least.upper,
           (int)strlen(what), "", 1.0 - e->delta, e->certificate.gradient_norm, e->least.residual,
           (long long)e->least.products);
}
