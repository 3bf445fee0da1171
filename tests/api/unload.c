/* SPDX-License-Identifier: BSD-3-Clause */
/* unload LIBRARY: loads the library as a plug-in would, runs it on several threads and unloads it, once with everything destroyed and
 * once with the threads of an objective still there: neither may crash. */
#include <dlfcn.h>
#include <saddle/saddle.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int value(void *user, const saddle_batch *b, const double *w, double *v)
{
    (void)user;
    *v = w[0] * (double)b->count;
    return 0;
}

/* Object and function pointers are of one size wherever there is dlsym. */
static int find(void *library, const char *name, void *function)
{
    void *p = dlsym(library, name);
    memcpy(function, &p, sizeof p);
    return p != NULL;
}

static int round_trip(const char *path, int destroy)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 0;
    }
    saddle_status (*context_create)(const saddle_allocator *, saddle_context **);
    saddle_status (*set_threads)(saddle_context *, int64_t);
    saddle_status (*create)(saddle_context *, int64_t, int64_t, void *, saddle_objective **);
    saddle_status (*set_value)(saddle_objective *, saddle_value_fn);
    saddle_status (*evaluate)(saddle_objective *, const double *, double *);
    void (*objective_destroy)(saddle_objective *);
    void (*context_destroy)(saddle_context *);
    if (!find(library, "saddle_context_create", &context_create) || !find(library, "saddle_context_set_threads", &set_threads) ||
        !find(library, "saddle_objective_create", &create) || !find(library, "saddle_objective_set_value", &set_value) ||
        !find(library, "saddle_objective_value", &evaluate) || !find(library, "saddle_objective_destroy", &objective_destroy) ||
        !find(library, "saddle_context_destroy", &context_destroy)) {
        return 0;
    }
    saddle_context *c = NULL;
    saddle_objective *f = NULL;
    const double w = 1.0;
    double v = 0.0;
    if (context_create(NULL, &c) != SADDLE_OK || set_threads(c, 3) != SADDLE_OK ||
        create(c, 1, 10000, NULL, &f) != SADDLE_OK || set_value(f, value) != SADDLE_OK || evaluate(f, &w, &v) != SADDLE_OK) {
        return 0;
    }
    if (destroy) {
        objective_destroy(f);
        context_destroy(c);
    }
    if (dlclose(library) != 0) {
        return 0;
    }
    const struct timespec a_while = {0, 20000000}; /* for threads that would run into what is no longer there */
    (void)nanosleep(&a_while, NULL);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 2 || !round_trip(argv[1], 1) || !round_trip(argv[1], 0)) {
        fprintf(stderr, "unload failed\n");
        return 1;
    }
    return 0;
}
