/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/method.h"
#include <string.h>

static const struct saddle_i_method *const all[] = {
    &saddle_i_method_gd,  &saddle_i_method_sgd,  &saddle_i_method_sgd_gd, &saddle_i_method_pgd,
    &saddle_i_method_ngd, &saddle_i_method_psgd, &saddle_i_method_sgld,
};
enum { COUNT = sizeof all / sizeof all[0] };

const struct saddle_i_method *saddle_i_method_by_id(int64_t id)
{
    for (int i = 0; i < COUNT; i++) {
        if ((int64_t)all[i]->id == id) {
            return all[i];
        }
    }
    return NULL;
}

const struct saddle_i_method *saddle_i_method_by_name(const char *name)
{
    for (int i = 0; name != NULL && i < COUNT; i++) {
        if (strcmp(all[i]->name, name) == 0) {
            return all[i];
        }
    }
    return NULL;
}
