/* SPDX-License-Identifier: BSD-3-Clause */
/* Five models with saddles, small, with derivatives by formula and, where wanted, an error planted into one of the callbacks. */
#ifndef SADDLE_TEST_MODELS_H
#define SADDLE_TEST_MODELS_H
#include <saddle/saddle.h>

enum model_kind { MODEL_PCA, MODEL_HALFSPACES, MODEL_PHASE, MODEL_FACTORS, MODEL_NETWORK, MODELS };

enum plant {
    PLANT_NONE,
    PLANT_SCALED,          /* the gradient times 1.01 */
    PLANT_ENTRY,           /* one entry of the gradient times 1.5 */
    PLANT_SIGN,            /* minus the gradient */
    PLANT_ONE_SAMPLE,      /* the gradient of one sample of all, times 2 */
    PLANT_GRADIENT_SUM,    /* a sum, while the value is a mean */
    PLANT_SUM,             /* value and gradient are sums */
    PLANT_FULL_BATCH,      /* both are divided by the grain, whatever the batch has */
    PLANT_POSITIONS,       /* the first samples, whatever the index says */
    PLANT_TWICE,           /* the product times 2 */
    PLANT_PRODUCT_SUM,     /* a sum */
    PLANT_ASYMMETRIC,      /* one entry beside the diagonal is off */
    PLANT_BENT,            /* the product times ||v|| */
    PLANT_STALE,           /* the product at another w */
    PLANT_NEIGHBOUR,       /* slopes of the next sample */
    PLANT_SLOPES_SCALED,   /* times 1.01 */
    PLANT_TOGETHER,        /* value_gradient alone: its gradient times 1.01 */
    PLANTS
};

enum { MODEL_SAMPLES = 42, MODEL_GRAIN = 5, MODEL_MOST_DIM = 24 };

struct model {
    int kind, plant;
    int single; /* everything in single precision: w, every sample's part, every output */
    int64_t dim;
    double data[MODEL_SAMPLES][8];
};

void model_init(struct model *m, int kind, int plant);
/* All callbacks, value_gradient with PLANT_TOGETHER only. Aborts the test when it cannot be made. */
saddle_objective *model_objective(struct model *m, saddle_context *c);
/* A random point, number k. */
void model_point(const struct model *m, int64_t k, double *w);

#endif
