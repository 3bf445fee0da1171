/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/problem.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void count(int64_t *counter, int64_t by)
{
    (void)__atomic_add_fetch(counter, by, __ATOMIC_RELAXED);
}

void problem_init(struct problem *p, int64_t dim, int64_t samples, int64_t grain, int callbacks)
{
    memset(p, 0, sizeof *p);
    p->dim = dim;
    p->samples = samples;
    p->grain = grain;
    p->callbacks = callbacks;
    p->fault_sample = -1;
}

void problem_start(const struct problem *p, double *w)
{
    for (int64_t j = 0; j < p->dim; j++) {
        w[j] = 0.03125 * (double)(j * 5 % 7 - 3);
    }
}

double problem_tilt(int64_t i, int64_t j)
{
    return 0.02 * (double)((i % 1009 * 7 + j * 13) % 11 - 5);
}

double problem_curvature(int64_t j)
{
    return j % 3 == 0 ? 1.0 : -0.5;
}

uint64_t hash_vector(const double *x, int64_t n)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        h = (h ^ bits) * UINT64_C(1099511628211);
        h ^= h >> 29;
    }
    return h;
}

void problem_destructor(void *user)
{
    struct problem *p = user;
    p->destroyed++;
}

/* Calls of equal point see equal w. */
static int point_is_true(struct problem *p, const saddle_batch *b, const double *w)
{
    if (b->point < 1) {
        return b->point == 0;
    }
    const uint64_t h = hash_vector(w, p->dim);
    const int64_t at = b->point % POINTS_KEPT;
    while (__atomic_exchange_n(&p->lock, 1, __ATOMIC_ACQUIRE) != 0) {
    }
    const int good = p->point[at] != b->point || p->seen[at] == h;
    p->point[at] = b->point;
    p->seen[at] = h;
    __atomic_store_n(&p->lock, 0, __ATOMIC_RELEASE);
    return good;
}

/* out: an output of m numbers that must come with NaN at both ends, or NULL. */
static int batch_is_right(struct problem *p, const saddle_batch *b, const double *w, const double *value, const double *out,
                          int64_t m)
{
    const int64_t grain = p->grain == 0 ? 256 : p->grain;
    int good = b->struct_size == (int64_t)sizeof *b && b->count >= 1 && b->count <= grain && b->index != NULL;
    good = good && b->dim == p->dim && b->offset == 0 && b->step >= -1;
    good = good && b->thread >= 0 && b->thread < (p->threads == 0 ? 1 : p->threads);
    good = good && (b->first == -1 || b->first == b->index[0]);
    for (int64_t k = 0; good && k < b->count; k++) {
        good = b->index[k] >= 0 && (p->samples < 0 || b->index[k] < p->samples);
        good = good && (b->first == -1 || b->index[k] == b->first + k);
    }
    good = good && (value == NULL || isnan(*value));
    good = good && (out == NULL || (isnan(out[0]) && isnan(out[m - 1])));
    return good && point_is_true(p, b, w);
}

static double mean_tilt(const saddle_batch *b, int64_t j)
{
    double sum = 0.0;
    for (int64_t k = 0; k < b->count; k++) {
        sum += problem_tilt(b->index[k], j);
    }
    return sum / (double)b->count;
}

static double quartic(const saddle_batch *b, const double *w)
{
    double f = 0.0;
    for (int64_t j = 0; j < b->dim; j++) {
        f += 0.25 * w[j] * w[j] * w[j] * w[j] - 0.5 * problem_curvature(j) * w[j] * w[j] + mean_tilt(b, j) * w[j];
    }
    return f;
}

/* The busy work keeps a thread in its call, so that others find grains to take. */
static void spin(int64_t times)
{
    volatile double x = 1.0;
    for (int64_t i = 0; i < times; i++) {
        x = x * 1.0000001;
    }
}

/* It did not fail here before. */
static int faults_at(struct problem *p, uint64_t hash)
{
    for (int64_t i = 0; i < FAILED_POINTS; i++) {
        if (hash % p->fault_point != 0 || p->failed_at[i] == hash) {
            return 0;
        }
    }
    p->failed_at[p->points_failed++ % FAILED_POINTS] = hash;
    return 1;
}

static int faults_here(struct problem *p, int64_t call, const saddle_batch *b, const double *w)
{
    if (p->fault == FAULT_NONE) {
        return 0;
    }
    if (p->fault_point > 0) {
        return faults_at(p, hash_vector(w, p->dim));
    }
    if (p->fault_call == 0) {
        return b->index[0] == p->fault_sample;
    }
    return p->for_ever ? call >= p->fault_call : call == p->fault_call;
}

/* What every callback does first; kind: 0, WITH_HESSVEC, WITH_SLOPES. Returns the fault of this call. */
static int enter(struct problem *p, const saddle_batch *b, const double *w, int kind)
{
    int64_t call = __atomic_add_fetch(&p->calls, 1, __ATOMIC_RELAXED);
    int64_t *const of_kind = kind == WITH_HESSVEC ? &p->hessvec_calls : &p->slopes_calls;
    const int64_t own = kind == 0 ? 0 : __atomic_add_fetch(of_kind, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&p->last_step, b->step, __ATOMIC_RELAXED);
    spin(p->spins);
    call = p->fault_second == 0 ? call : own;
    const int mine = p->fault_second == 0 || p->fault_second == kind;
    const int fault = mine && faults_here(p, call, b, w) ? p->fault : FAULT_NONE;
    count(&p->faults_made, fault != FAULT_NONE);
    return fault;
}

/* Writes entry j of an output, or what the fault wants there. */
static void put(const struct problem *p, int fault, double *out, int64_t j, double x)
{
    if (fault != FAULT_UNWRITTEN_ENTRY || j != p->entry) {
        out[j] = fault == FAULT_ENTRY && j == p->entry ? p->bad : x;
    }
}

static int beyond_wall(const struct problem *p, const double *w)
{
    return p->wall > 0.0 && fabs(w[0]) > p->wall;
}

static double slope(const double *w, int64_t j)
{
    return w[j] * w[j] * w[j] - problem_curvature(j) * w[j];
}

static int answer(struct problem *p, const saddle_batch *b, const double *w, double *value, double *g)
{
    count(&p->value_samples, value == NULL ? 0 : b->count);
    count(&p->gradient_samples, g == NULL ? 0 : b->count);
    count(&p->broken, !batch_is_right(p, b, w, value, g, p->dim));
    const int fault = enter(p, b, w, 0);
    if (fault == FAULT_CODE) {
        return p->code;
    }
    if (beyond_wall(p, w)) {
        return 1;
    }
    if (value != NULL && fault != FAULT_UNWRITTEN_VALUE) {
        *value = fault == FAULT_VALUE ? p->bad : quartic(b, w);
    }
    for (int64_t j = 0; g != NULL && j < b->dim; j++) {
        put(p, fault, g, j, slope(w, j) + mean_tilt(b, j));
    }
    return 0;
}

void problem_exact_product(const struct problem *p, const double *w, const double *v, double *product)
{
    for (int64_t j = 0; j < p->dim; j++) {
        product[j] = (3.0 * w[j] * w[j] - problem_curvature(j)) * v[j];
    }
}

int problem_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product)
{
    struct problem *p = user;
    count(&p->hessvec_samples, b->count);
    count(&p->broken, !batch_is_right(p, b, w, NULL, product, p->dim));
    const int fault = enter(p, b, w, WITH_HESSVEC);
    if (fault == FAULT_CODE) {
        return p->code;
    }
    if (beyond_wall(p, w)) {
        return 1;
    }
    for (int64_t j = 0; j < b->dim; j++) {
        put(p, fault, product, j, (3.0 * w[j] * w[j] - problem_curvature(j)) * v[j]);
    }
    return 0;
}

int problem_slopes(void *user, const saddle_batch *b, const double *w, int64_t k, const double *v, double *slopes)
{
    struct problem *p = user;
    count(&p->slopes_samples, b->count);
    count(&p->broken, k < 1 || !batch_is_right(p, b, w, NULL, slopes, b->count * k));
    const int fault = enter(p, b, w, WITH_SLOPES);
    if (fault == FAULT_CODE) {
        return p->code;
    }
    for (int64_t i = 0; i < b->count; i++) {
        for (int64_t m = 0; m < k; m++) {
            double sum = 0.0;
            for (int64_t j = 0; j < b->dim; j++) {
                sum += (slope(w, j) + problem_tilt(b->index[i], j)) * v[m * b->dim + j];
            }
            put(p, fault, slopes, i * k + m, sum);
        }
    }
    return 0;
}

int problem_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    return answer(user, b, w, value, NULL);
}

int problem_gradient(void *user, const saddle_batch *b, const double *w, double *gradient)
{
    return answer(user, b, w, NULL, gradient);
}

int problem_value_gradient(void *user, const saddle_batch *b, const double *w, double *value, double *gradient)
{
    return answer(user, b, w, value, gradient);
}

static void need(saddle_status s)
{
    if (s != SADDLE_OK) {
        abort();
    }
}

saddle_objective *problem_objective(struct problem *p, saddle_context *c)
{
    saddle_objective *f = NULL;
    need(saddle_objective_create(c, p->dim, p->samples, p, &f));
    if (p->callbacks == SEPARATE || p->callbacks == ALL_THREE) {
        need(saddle_objective_set_value(f, problem_value));
    }
    if (p->callbacks != TOGETHER) {
        need(saddle_objective_set_gradient(f, problem_gradient));
    }
    if (p->callbacks == TOGETHER || p->callbacks == ALL_THREE) {
        need(saddle_objective_set_value_gradient(f, problem_value_gradient));
    }
    if ((p->second & WITH_HESSVEC) != 0) {
        need(saddle_objective_set_hessvec(f, problem_hessvec));
    }
    if ((p->second & WITH_SLOPES) != 0) {
        need(saddle_objective_set_slopes(f, problem_slopes));
    }
    if (p->grain != 0) {
        need(saddle_objective_set_grain(f, p->grain));
    }
    return f;
}

void problem_exact(const struct problem *p, const double *w, double *value, double *gradient)
{
    double f = 0.0;
    for (int64_t j = 0; j < p->dim; j++) {
        double tilt = 0.0;
        for (int64_t i = 0; i < p->samples; i++) {
            tilt += problem_tilt(i, j);
        }
        tilt /= (double)p->samples;
        f += 0.25 * w[j] * w[j] * w[j] * w[j] - 0.5 * problem_curvature(j) * w[j] * w[j] + tilt * w[j];
        if (gradient != NULL) {
            gradient[j] = w[j] * w[j] * w[j] - problem_curvature(j) * w[j] + tilt;
        }
    }
    if (value != NULL) {
        *value = f;
    }
}
