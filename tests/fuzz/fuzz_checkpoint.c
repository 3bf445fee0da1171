/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader of checkpoints, before a run of each method. The first bytes say which run, when it is saved, and how the rest
 * is to be read: as a file, or as changes to the checkpoint that the run makes; checksums, lengths and counts are then put
 * right in half of the inputs, so that what is behind them is reached. A file is refused with a status that is documented,
 * nothing touched, and the run goes on to the bits that it has without a file; or it is taken, the run goes on, w stays
 * finite, and what it saves can be loaded again and goes on to the same bits. */
#include "fuzz/quadratic.h"
#include "fuzz/store.h"
#include "io/sections.h"
#include "support/memory.h"
#include <float.h>
#include <math.h>

enum { BEFORE_MOST = 8, AFTER = 6, MOST_CHANGES = 4, MOST_BYTES = 1 << 20 };

static const struct {
    const char *method, *settings;
} runs[] = {
    {"gd", "step_size=0.125 schedule=cosine schedule_time=9"},
    {"gd", "output=best"},
    {"gd", "step_size=0.25 eps_gradient=1e-3 eps_hessian=1e-3 check_every=2"},
    {"sgd", "step_size=0.05 batch_size=3 sampling=shuffle output=uniform"},
    {"sgd", "step_size=0.03 escape_step=0.25 escape_steps=4 sampling=sequential"},
    {"sgd_gd", "step_size=0.125 escape_step=0.5 escape_steps=3 gradient_threshold=1e3 batch_size=2"},
    {"sgd_gd", "escape_step=0.5 escape_steps=2 gradient_threshold=1e3"},
    {"pgd", "step_size=0.125 radius=0.25 escape_steps=4 gradient_threshold=1e3 decrease_threshold=1e-9"},
    {"pgd", "radius=0.25 escape_steps=2 gradient_threshold=1e3 decrease_threshold=1e9 max_steps=7"},
    {"ngd", "step_size=0.02 noise=0.05 noise_every=3"},
    {"psgd", "step_size=0.05 noise=0.2 noise_kind=ball schedule=inverse output=best max_steps=9"},
    {"sgld", "step_size=0.02 inverse_temperature=40 batch_size=2"},
};
enum { RUNS = sizeof runs / sizeof *runs };

struct world {
    struct store disk;
    struct memory memory;
    saddle_context *context;
    saddle_objective *objective;
    saddle_options *options;
    struct quadratic q;
    int run;
};

/* A saddle at 0 in two entries, samples that pull apart. */
static void make_world(struct world *x, int run)
{
    char words[256];
    static const struct quadratic saddle = {.dim = 3, .samples = 4, .h = {1.0, -0.5, 0.25}, .end = HUGE_VAL,
        .tilt = {{0.5, 0.25, 0.0}, {-0.5, -0.25, 0.1}, {0.1, -0.1, 0.2}, {0.0, 0.2, -0.3}}, .start = {0.5, 0.125, -0.25}};
    store_init(&x->disk);
    const saddle_allocator allocator = memory_allocator(&x->memory, 0xFF);
    x->memory.largest = MOST_BYTES; /* more is not to be asked for, whatever a file says */
    x->q = saddle;
    x->run = run;
    FUZZ_REQUIRE(saddle_context_create(&allocator, &x->context) == SADDLE_OK && saddle_options_create(x->context, &x->options) == SADDLE_OK &&
                     quadratic_make(x->context, &x->q, &x->objective) == SADDLE_OK, "%s", saddle_error_message());
    store_attach(&x->disk, x->context);
    snprintf(words, sizeof words, "%s", runs[run].settings);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        char *text = strchr(word, '=');
        *text = '\0';
        FUZZ_REQUIRE(saddle_options_set_text(x->options, word, text + 1) == SADDLE_OK, "%s", saddle_error_message());
    }
}

static void end_world(struct world *x)
{
    saddle_objective_destroy(x->objective);
    saddle_options_destroy(x->options);
    saddle_context_destroy(x->context);
    FUZZ_REQUIRE(x->memory.blocks == 0 && x->memory.faults == 0 && x->memory.refused == 0 && x->disk.open == 0,
                 "%d blocks left, %d faults, %d too large, %d files open", (int)x->memory.blocks, (int)x->memory.faults,
                 (int)x->memory.refused, (int)x->disk.open);
}

struct solver {
    saddle_solver *s;
    double w[QUADRATIC_MOST];
};

static void begin(struct world *x, struct solver *y)
{
    memcpy(y->w, x->q.start, sizeof y->w);
    FUZZ_REQUIRE(saddle_solver_create(x->objective, saddle_method_find(runs[x->run].method), x->options, y->w, &y->s) == SADDLE_OK, "%s",
                 saddle_error_message());
}

struct end {
    saddle_status status;
    saddle_result result;
    double w[QUADRATIC_MOST];
};

/* Some steps, in which only what a file brought can fail, and where it ends. */
static void go_on(struct world *x, struct solver *y, int64_t steps, struct end *e)
{
    memset(e, 0, sizeof *e);
    e->status = saddle_solver_step(y->s, steps);
    e->result.struct_size = sizeof e->result;
    FUZZ_REQUIRE(saddle_solver_result(y->s, &e->result) == SADDLE_OK, "%s", saddle_error_message());
    e->result.seconds = 0.0;
    memcpy(e->w, y->w, sizeof e->w);
    for (int64_t j = 0; j < x->q.dim; j++) {
        FUZZ_REQUIRE(fabs(y->w[j]) <= DBL_MAX, "w_%d is %g", (int)j, y->w[j]);
    }
}

/* Which NaN it is, is not promised. */
static void plain_nan(double *x)
{
    *x = isnan(*x) ? (double)NAN : *x;
}

static void expect_same(struct end *a, struct end *b, const char *what)
{
    struct end *const both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        saddle_result *r = &both[i]->result;
        double *const numbers[] = {&r->value, &r->gradient_norm, &r->lambda_min, &r->lambda_lower, &r->step_size};
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
            plain_nan(numbers[k]);
        }
    }
    FUZZ_REQUIRE(a->status == b->status && memcmp(a->w, b->w, sizeof a->w) == 0 && memcmp(&a->result, &b->result, sizeof a->result) == 0,
                 "%s: %s at step %d, w_0 %.17g, and %s at step %d, w_0 %.17g", what, saddle_status_name(a->status), (int)a->result.steps,
                 a->w[0], saddle_status_name(b->status), (int)b->result.steps, b->w[0]);
}

/* Puts the numbers right that hold a file together: checksums, the count of sections, lengths that are too large. */
static void mend(struct store_file *f)
{
    struct saddle_i_crc32c crc;
    uint32_t sections = 0;
    int64_t at = SADDLE_I_FILE_HEADER;
    saddle_i_crc32c_init(&crc, 1);
    if (f->size < at) {
        return;
    }
    while (f->size - at >= SADDLE_I_SECTION_HEADER + SADDLE_I_SECTION_END) {
        unsigned char *head = f->content + at;
        const int64_t room = f->size - at - SADDLE_I_SECTION_HEADER - SADDLE_I_SECTION_END;
        if (saddle_i_load64(head + 24) > (uint64_t)room) {
            saddle_i_store64(head + 24, (uint64_t)room);
        }
        const size_t covered = SADDLE_I_SECTION_HEADER + (size_t)saddle_i_load64(head + 24);
        saddle_i_store32(head + 36, saddle_i_crc32c(&crc, 0, head, 36));
        saddle_i_store32(head + covered, saddle_i_crc32c(&crc, 0, head, covered));
        at += (int64_t)covered + SADDLE_I_SECTION_END;
        sections++;
    }
    f->size = at;
    saddle_i_store32(f->content + 12, sections);
    saddle_i_store64(f->content + 16, (uint64_t)at);
    saddle_i_store32(f->content + 28, saddle_i_crc32c(&crc, 0, f->content, 28));
}

/* Where section number k begins and ends, if it is there. */
static int find_section(const struct store_file *f, int k, int64_t *begins, int64_t *ends)
{
    int64_t at = SADDLE_I_FILE_HEADER;
    for (int i = 0; f->size - at >= SADDLE_I_SECTION_HEADER + SADDLE_I_SECTION_END; i++) {
        const uint64_t length = saddle_i_load64(f->content + at + 24);
        const int64_t room = f->size - at - SADDLE_I_SECTION_HEADER - SADDLE_I_SECTION_END;
        *begins = at;
        *ends = at + SADDLE_I_SECTION_HEADER + SADDLE_I_SECTION_END + (int64_t)(length > (uint64_t)room ? (uint64_t)room : length);
        if (i == k) {
            return 1;
        }
        at = *ends;
    }
    return 0;
}

/* Takes a section away, or puts it in twice. */
static void change_sections(struct store_file *f, int k, int twice)
{
    int64_t begins = 0, ends = 0;
    if (!find_section(f, k, &begins, &ends)) {
        return;
    }
    const int64_t bytes = ends - begins;
    if (!twice) {
        memmove(f->content + begins, f->content + ends, (size_t)(f->size - ends));
        f->size -= bytes;
    } else if (f->size + bytes <= STORE_MOST) {
        memmove(f->content + ends, f->content + begins, (size_t)(f->size - begins));
        f->size += bytes;
    }
}

/* An integer or a number that a limit may have been forgotten for. */
static uint64_t word(struct bytes *b)
{
    static const uint64_t chosen[] = {0, 1, 2, 5, 100, INT32_MAX, (uint64_t)INT32_MAX + 1, INT64_MAX, UINT64_MAX, (uint64_t)1 << 40,
                                      (uint64_t)1 << 61, (uint64_t)1 << 62, (uint64_t)1 << 63, UINT64_MAX - 1};
    const unsigned how = bytes_one(b);
    if (how < 112) {
        return chosen[how / 8];
    }
    if (how < 140) {
        return bytes_word(b);
    }
    const double x = how < 240 ? quadratic_number(b) : (double[]){(double)NAN, HUGE_VAL, -HUGE_VAL}[how % 3];
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void change(struct store_file *f, struct bytes *b)
{
    int64_t begins = 0, ends = 0;
    const int what = bytes_below(b, 16), k = bytes_below(b, 8);
    if (!find_section(f, k, &begins, &ends)) {
        return;
    }
    const int64_t content = ends - begins - SADDLE_I_SECTION_HEADER - SADDLE_I_SECTION_END;
    const unsigned place = bytes_one(b) | bytes_one(b) << 8;
    unsigned char *inside = f->content + begins + SADDLE_I_SECTION_HEADER;
    switch (what) {
    case 0: change_sections(f, k, 0); break;
    case 1: change_sections(f, k, 1); break;
    case 2: f->size = place % (f->size + 1); break;
    case 3: f->content[begins + place % SADDLE_I_SECTION_HEADER] = (unsigned char)bytes_one(b); break;
    case 4: f->content[place % SADDLE_I_FILE_HEADER] = (unsigned char)bytes_one(b); break;
    case 5: saddle_i_store64(f->content + begins + 24, word(b)); break;
    case 6: f->content[begins + 32] = (unsigned char)(place & 3); break;
    default: /* an entry of integers and numbers is a name of 24 bytes and a value of 8; options and vectors have values at 8 k */
        if (content >= 8 && what < 14) {
            saddle_i_store64(inside + place % (content / 8) * 8, word(b));
        } else if (content > 0) {
            inside[place % content] ^= (unsigned char)(1U << bytes_below(b, 8));
        }
        break;
    }
}

/* The run up to a step, saved: into the disk's file. */
static void make_file(struct world *x, int64_t before)
{
    struct solver y;
    struct end e;
    begin(x, &y);
    go_on(x, &y, before, &e);
    FUZZ_REQUIRE(saddle_solver_save(y.s, STORE_PATH) == SADDLE_OK, "%s", saddle_error_message());
    saddle_solver_destroy(y.s);
}

/* What was taken: it goes on, and so does what it saves. */
static void judge_taken(struct world *x, struct solver *y)
{
    static struct store_file saved;
    struct solver z;
    struct end first, second;
    FUZZ_REQUIRE(saddle_solver_save(y->s, STORE_PATH) == SADDLE_OK, "%s", saddle_error_message());
    saved = x->disk.file;
    begin(x, &z);
    FUZZ_REQUIRE(saddle_solver_load(z.s, STORE_PATH) == SADDLE_OK, "what was loaded and saved is refused: %s", saddle_error_message());
    FUZZ_REQUIRE(saddle_solver_save(z.s, STORE_PATH) == SADDLE_OK, "%s", saddle_error_message());
    FUZZ_REQUIRE(saved.size == x->disk.file.size && memcmp(saved.content, x->disk.file.content, (size_t)saved.size) == 0,
                 "it is saved as something else");
    go_on(x, y, AFTER, &first);
    go_on(x, &z, AFTER, &second);
    expect_same(&first, &second, "loaded, and loaded again");
    saddle_solver_destroy(z.s);
}

/* Loads what is on the disk into a fresh solver. unchanged: it is what the run saved. */
static void judge(struct world *x, int64_t before, int unchanged)
{
    struct solver y, other;
    struct end first, second;
    begin(x, &y);
    const saddle_status s = saddle_solver_load(y.s, STORE_PATH);
    if (s == SADDLE_OK && !unchanged) {
        judge_taken(x, &y);
    } else {
        FUZZ_REQUIRE(s == SADDLE_OK || s == SADDLE_E_FORMAT || s == SADDLE_E_MISMATCH, "%s: %s", saddle_status_name(s),
                     saddle_error_message());
        FUZZ_REQUIRE(s == SADDLE_OK || (!unchanged && memcmp(y.w, x->q.start, sizeof y.w) == 0), "w was touched, or its own file refused: %s",
                     saddle_error_message());
        begin(x, &other);
        if (s == SADDLE_OK) {
            go_on(x, &other, before, &second);
        }
        go_on(x, &y, AFTER, &first);
        go_on(x, &other, AFTER, &second);
        expect_same(&first, &second, s == SADDLE_OK ? "goes on" : "is untouched");
        saddle_solver_destroy(other.s);
    }
    saddle_solver_destroy(y.s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world x;
    static struct store_file original;
    struct bytes b = {data, size};
    make_world(&x, bytes_below(&b, RUNS));
    const int64_t before = bytes_below(&b, BEFORE_MOST);
    const unsigned how = bytes_one(&b);
    make_file(&x, before);
    original = x.disk.file;
    if (how % 4 == 3) {
        x.disk.file.size = (int64_t)(b.left < STORE_MOST ? b.left : STORE_MOST);
        memcpy(x.disk.file.content, b.at, (size_t)x.disk.file.size);
    } else {
        for (unsigned i = 0; i <= how / 8 % MOST_CHANGES && b.left > 0; i++) { /* of many, one is refused always */
            change(&x.disk.file, &b);
        }
    }
    if (how / 4 % 2 == 1) {
        mend(&x.disk.file);
    }
    const int unchanged = original.size == x.disk.file.size && memcmp(original.content, x.disk.file.content, (size_t)original.size) == 0;
    judge(&x, before, unchanged);
    end_world(&x);
    return 0;
}
