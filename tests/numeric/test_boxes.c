/* SPDX-License-Identifier: BSD-3-Clause */
/* Every method beside its box, written down a second time: each iterate must have the same bits. Where the radius of a
 * ball takes an own exp and log, the iterate may differ from libm's by rounding, and the box goes on from the
 * library's. */
#include "numeric/trial.h"
#include "support/problem.h"
#include "support/run_suite.h"

enum { SAMPLES = 9, MOST = 1000, BATCH_MOST = 8, STEPS = 240 };

/* The run of a box. */
struct box {
    struct problem problem; /* for the box's own calls */
    const saddle_options *o;
    uint64_t seed;
    int64_t d, t;
    double w[MOST], g[MOST];
    double eta, r;
    int64_t t_noise, t_thres, perturbations;
    double tolerance; /* of this step; 0: bits */
    double snapshot[MOST], f_snapshot;
    const double *asked; /* where the library asked for its last gradient */
    int stopped;
};

/* The library's side: also keeps the point of the last call. */
struct witness {
    struct problem problem;
    double asked[MOST];
};

static int witnessed_gradient(void *user, const saddle_batch *b, const double *w, double *g)
{
    struct witness *p = user;
    memcpy(p->asked, w, (size_t)b->dim * sizeof *w);
    return problem_gradient(&p->problem, b, w, g);
}

static int witnessed_value(void *user, const saddle_batch *b, const double *w, double *value)
{
    struct witness *p = user;
    return problem_value(&p->problem, b, w, value);
}

static saddle_batch batch_of(const struct box *b, int64_t count, const int64_t *index)
{
    return (saddle_batch){
        .struct_size = (int64_t)sizeof(saddle_batch), .count = count, .first = -1, .index = index, .dim = b->d};
}

static void gradient_of(struct box *b, int64_t count, const int64_t *index)
{
    const saddle_batch batch = batch_of(b, count, index);
    ck_assert_int_eq(problem_gradient(&b->problem, &batch, b->w, b->g), 0);
}

static const int64_t all[SAMPLES] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

static double value_at(struct box *b)
{
    double value = 0.0;
    const saddle_batch batch = batch_of(b, SAMPLES, all);
    ck_assert_int_eq(problem_value(&b->problem, &batch, b->w, &value), 0);
    return value;
}

/* g of BATCH_SIZE samples; 0 is all or 1. */
static void gradient(struct box *b, int zero_is_all)
{
    const int64_t size = trial_int(b->o, SADDLE_OPT_BATCH_SIZE);
    int64_t index[BATCH_MOST];
    if (size == 0 && zero_is_all) {
        gradient_of(b, SAMPLES, all);
        return;
    }
    const int64_t count = size == 0 ? 1 : size;
    trial_batch(b->seed, SAMPLES, count, b->t, index);
    gradient_of(b, count, index);
}

static void down(struct box *b, double a)
{
    for (int64_t i = 0; i < b->d; i++) {
        const double step = a * b->g[i];
        b->w[i] = b->w[i] - step;
    }
}

static void normals(const struct box *b, double *z)
{
    const saddle_random_stream s = {b->seed, TRIAL_NOISE, (uint64_t)b->t};
    EXPECT_OK(saddle_random_normal(&s, 0, b->d, z));
}

/* y = y + a z */
static void add(int64_t d, double a, const double *z, double *y)
{
    for (int64_t i = 0; i < d; i++) {
        const double step = a * z[i];
        y[i] = y[i] + step;
    }
}

static void next_gd(struct box *b)
{
    gradient(b, 1);
    down(b, b->eta);
}

/* t mod t_thres = 0: the long step. */
static void next_sgd(struct box *b)
{
    const int escape = b->t_thres > 0 && b->t % b->t_thres == 0;
    gradient(b, 0);
    down(b, escape ? b->r : b->eta);
    b->perturbations += escape;
}

/* If ||grad f(w)|| <= g_thres and t - t_noise >= t_thres: one stochastic step of size r, else a step of gradient
 * descent. */
static void next_sgd_gd(struct box *b)
{
    const int64_t size = trial_int(b->o, SADDLE_OPT_BATCH_SIZE), count = size == 0 ? 1 : size;
    gradient_of(b, SAMPLES, all);
    if (trial_norm(b->d, b->g) <= trial_real(b->o, SADDLE_OPT_GRADIENT_THRESHOLD) && b->t - b->t_noise >= b->t_thres) {
        int64_t z[BATCH_MOST];
        const saddle_random_stream s = {b->seed, TRIAL_ESCAPE, (uint64_t)b->t};
        trial_indices(s, 0, SAMPLES, count, z);
        b->t_noise = b->t;
        b->perturbations++;
        gradient_of(b, count, z);
        down(b, b->r);
    } else {
        down(b, b->eta);
    }
}

/* u^(1/d)/||y||, u the one uniform of the step. */
static double ball_factor(const struct box *b, const double *y)
{
    const saddle_random_stream s = {b->seed, TRIAL_RADIUS, (uint64_t)b->t};
    double u = 0.0;
    EXPECT_OK(saddle_random_uniform(&s, 0, 1, &u));
    return pow(u, 1.0 / (double)b->d) / trial_norm(b->d, y);
}

/* Algorithm 2 with i = t - 1. */
static void next_pgd(struct box *b)
{
    const int64_t i = b->t - 1;
    gradient_of(b, SAMPLES, all);
    if (trial_norm(b->d, b->g) <= trial_real(b->o, SADDLE_OPT_GRADIENT_THRESHOLD) && i - b->t_noise > b->t_thres) {
        double y[MOST];
        memcpy(b->snapshot, b->w, sizeof b->w);
        b->f_snapshot = value_at(b);
        b->t_noise = i;
        b->perturbations++;
        normals(b, y);
        add(b->d, b->r * ball_factor(b, y), y, b->w);
        for (int64_t j = 0; j < b->d; j++) { /* the gradient is asked at the perturbed point */
            if (!(fabs(b->asked[j] - b->w[j]) <= 1e-14 * (fabs(b->w[j]) + b->r))) {
                ck_abort_msg("step %lld perturbs entry %lld to %a, not %a", (long long)b->t, (long long)j, b->asked[j],
                             b->w[j]);
            }
        }
        memcpy(b->w, b->asked, (size_t)b->d * sizeof b->w[0]);
        gradient_of(b, SAMPLES, all);
    } else if (i - b->t_noise == b->t_thres &&
               value_at(b) - b->f_snapshot > -trial_real(b->o, SADDLE_OPT_DECREASE_THRESHOLD)) {
        memcpy(b->w, b->snapshot, sizeof b->w);
        b->stopped = 1;
        return;
    }
    down(b, b->eta);
}

/* w - eta g/||g||, 0 where g = 0; + theta n when t mod N_0 = 0. */
static void next_ngd(struct box *b)
{
    double z[MOST];
    gradient(b, 1);
    const double norm = trial_norm(b->d, b->g), factor = norm == 0.0 ? 0.0 : b->eta / norm;
    for (int64_t i = 0; i < b->d; i++) {
        b->g[i] = factor * b->g[i];
    }
    if (b->t % trial_int(b->o, SADDLE_OPT_NOISE_EVERY) == 0) {
        normals(b, z);
        add(b->d, -trial_real(b->o, SADDLE_OPT_NOISE), z, b->g);
        b->perturbations++;
    }
    down(b, 1.0);
}

/* w - eta (g + xi), each xi_i with standard deviation s. */
static void next_psgd(struct box *b)
{
    const double s = trial_real(b->o, SADDLE_OPT_NOISE), d = (double)b->d;
    double z[MOST], a = s;
    gradient(b, 0);
    normals(b, z);
    switch (trial_int(b->o, SADDLE_OPT_NOISE_KIND)) {
    case SADDLE_NOISE_SPHERE: a = s * sqrt(d) / trial_norm(b->d, z); break;
    case SADDLE_NOISE_BALL:
        a = s * sqrt(d + 2.0) * ball_factor(b, z);
        b->tolerance = 1e-15 * (2.0 + b->eta * s * sqrt(d + 2.0));
        break;
    default: break;
    }
    add(b->d, a, z, b->g);
    down(b, b->eta);
    b->perturbations++;
}

/* w - eta g + sqrt(2 eta/xi) n */
static void next_sgld(struct box *b)
{
    double z[MOST];
    gradient(b, 0);
    normals(b, z);
    for (int64_t i = 0; i < b->d; i++) {
        b->g[i] = b->eta * b->g[i];
    }
    add(b->d, -sqrt(2.0 * b->eta / trial_real(b->o, SADDLE_OPT_INVERSE_TEMPERATURE)), z, b->g);
    down(b, 1.0);
    b->perturbations++;
}

struct trial_case {
    saddle_method method;
    void (*next)(struct box *b);
    const char *settings;
    int least, most; /* perturbations in STEPS steps at d = 5, so that the case shows something */
    int stops;       /* PGD's own rule ends it there */
};

static const struct trial_case cases[] = {
    {SADDLE_METHOD_GD, next_gd, "step_size=0.125", 0, 0, 0},
    {SADDLE_METHOD_GD, next_gd, "step_size=0.05 batch_size=4", 0, 0, 0},
    {SADDLE_METHOD_SGD, next_sgd, "step_size=0.05", 0, 0, 0},
    {SADDLE_METHOD_SGD, next_sgd, "step_size=0.03 batch_size=3", 0, 0, 0},
    {SADDLE_METHOD_SGD, next_sgd, "step_size=0.03 escape_step=0.25 escape_steps=6", 40, 40, 0},
    {SADDLE_METHOD_SGD_GD, next_sgd_gd, "step_size=0.3 escape_step=0.6 escape_steps=25 gradient_threshold=0.001", 2, 9,
     0},
    {SADDLE_METHOD_SGD_GD, next_sgd_gd,
     "step_size=0.3 escape_step=0.6 escape_steps=1 gradient_threshold=0.04 batch_size=3", 9, 239, 0},
    {SADDLE_METHOD_PGD, next_pgd,
     "step_size=0.3 radius=0.1 escape_steps=30 gradient_threshold=0.02 decrease_threshold=1e-12", 1, 8, 1},
    {SADDLE_METHOD_PGD, next_pgd,
     "step_size=0.3 radius=2 escape_steps=3 gradient_threshold=0.3 decrease_threshold=0.0001", 1, 60, 1},
    {SADDLE_METHOD_NGD, next_ngd, "step_size=0.02 noise=0.05 noise_every=7", 34, 34, 0},
    {SADDLE_METHOD_NGD, next_ngd, "step_size=0.02 noise=0.05 noise_every=1 batch_size=2", 240, 240, 0},
    {SADDLE_METHOD_PSGD, next_psgd, "step_size=0.05 noise=0.2", 240, 240, 0},
    {SADDLE_METHOD_PSGD, next_psgd, "step_size=0.05 noise=0.2 noise_kind=sphere batch_size=5", 240, 240, 0},
    {SADDLE_METHOD_PSGD, next_psgd, "step_size=0.05 noise=0.2 noise_kind=ball", 240, 240, 0},
    {SADDLE_METHOD_SGLD, next_sgld, "step_size=0.02 inverse_temperature=40 batch_size=3", 240, 240, 0},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void begin(struct box *b, const saddle_options *o, int64_t d)
{
    problem_init(&b->problem, d, SAMPLES, 0, SEPARATE);
    problem_start(&b->problem, b->w);
    b->o = o;
    b->d = d;
    b->seed = (uint64_t)trial_int(o, SADDLE_OPT_SEED);
    b->eta = trial_real(o, SADDLE_OPT_STEP_SIZE);
    b->r = fmax(trial_real(o, SADDLE_OPT_RADIUS), trial_real(o, SADDLE_OPT_ESCAPE_STEP));
    b->t_thres = trial_int(o, SADDLE_OPT_ESCAPE_STEPS);
    b->t_noise = -b->t_thres - 1;
    b->t = b->perturbations = 0;
    b->stopped = 0;
}

/* One step of the box against the iterate of the library. */
static void follow(struct box *b, void (*next)(struct box *b), const double *w)
{
    b->t++;
    b->tolerance = 0.0;
    next(b);
    for (int64_t i = 0; i < b->d; i++) {
        const int same = memcmp(&b->w[i], &w[i], sizeof w[i]) == 0;
        if (!same && !(fabs(b->w[i] - w[i]) <= b->tolerance)) {
            ck_abort_msg("step %lld, entry %lld: %a instead of %a", (long long)b->t, (long long)i, w[i], b->w[i]);
        }
    }
    memcpy(b->w, w, (size_t)b->d * sizeof *w);
}

static struct box box;
static struct witness witness;
static double w[MOST], again[MOST];

/* Steps one by one against the box, then all at once against the steps. */
static void compare(const struct trial_case *k, int64_t d, int64_t *perturbations)
{
    saddle_options *o = trial_options(k->settings);
    trial_set(o, "seed=77 max_steps=0");
    begin(&box, o, d);
    problem_init(&witness.problem, d, SAMPLES, 0, SEPARATE);
    problem_start(&witness.problem, w);
    problem_start(&witness.problem, again);
    box.asked = witness.asked;
    saddle_objective *f = trial_objective(d, SAMPLES, &witness, witnessed_gradient, witnessed_value);
    saddle_solver *s = NULL, *whole = NULL;
    EXPECT_OK(saddle_solver_create(f, k->method, o, w, &s));
    EXPECT_OK(saddle_solver_create(f, k->method, o, again, &whole));
    saddle_result r = {.struct_size = (int64_t)sizeof r}, q = r;
    for (int t = 1; t <= STEPS && !box.stopped; t++) {
        EXPECT_OK(saddle_solver_step(s, 1));
        EXPECT_OK(saddle_solver_result(s, &r));
        follow(&box, k->next, w);
        ck_assert_int_eq(r.stop, box.stopped ? SADDLE_STOP_METHOD : SADDLE_STOP_NONE);
        ck_assert_int_eq(r.perturbations, box.perturbations);
    }
    EXPECT_OK(saddle_solver_step(whole, STEPS));
    EXPECT_OK(saddle_solver_result(whole, &q));
    EXPECT_SAME(w, again, (size_t)d * sizeof *w);
    ck_assert_int_eq(q.steps, r.steps);
    ck_assert_int_eq(witness.problem.broken, 0);
    *perturbations += box.perturbations;
    saddle_solver_destroy(s);
    saddle_solver_destroy(whole);
    saddle_objective_destroy(f);
    saddle_options_destroy(o);
}

static const int64_t dims[] = {1, 5, 33, MOST};
enum { DIMS = sizeof dims / sizeof dims[0] };

START_TEST(iterates_are_those_of_the_box)
{
    const struct trial_case *k = &cases[_i / DIMS];
    int64_t perturbations = 0;
    compare(k, dims[_i % DIMS], &perturbations);
    if (dims[_i % DIMS] == 5) {
        ck_assert_msg(perturbations >= k->least && perturbations <= k->most, "%s %s: %lld perturbations",
                      saddle_method_name(k->method), k->settings, (long long)perturbations);
        ck_assert_int_eq(box.stopped, k->stops);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boxes");
    TCase *c = tcase_create("boxes");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, iterates_are_those_of_the_box, 0, CASES * DIMS);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
