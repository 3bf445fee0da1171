/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/checkpoint_file.h"
#include <stdlib.h>
#include "solver/engine.h"
#include "support/expect.h"
#include "support/faulty_system.h"
#include "support/recipes.h"

static struct faulty_system sys;
static saddle_context *context;
static char directory[100], changed[200];
char file_path[200];
static struct saddle_i_crc32c crc;

struct file file;

void file_begin_with(int recipe, int plan)
{
    struct session x;
    faulty_system_init(&sys);
    context = faulty_system_context(&sys, NULL);
    saddle_i_crc32c_init(&crc, 0);
    (void)fresh_directory(directory, sizeof directory);
    (void)session_path(file_path, sizeof file_path, directory, "good", -1);
    (void)session_path(changed, sizeof changed, directory, "changed", -1);
    ck_assert(session_begin(&x, context, recipe, &session_plans[plan], FILE_STEPS));
    EXPECT_OK(saddle_solver_step(x.s, 9));
    EXPECT_OK(saddle_solver_save(x.s, file_path));
    session_end(&x);
    file.bytes = content_of(file_path, &file.size);
    ck_assert_ptr_nonnull(file.bytes);
}

/* FILE_PGD that keeps its best iterate: w, kept, method.snapshot. */
void file_begin(void)
{
    file_begin_with(FILE_PGD, 2);
}

void file_end(void)
{
    free(file.bytes);
    ck_assert_int_eq(sys.open, 0);
    saddle_context_destroy(context);
    remove_directory(directory);
}

/* What a fresh solver says to this file; it is as it was when it says no. */
saddle_status file_judge(int recipe, int plan, const unsigned char *bytes, int64_t size)
{
    struct session y;
    double w[SESSION_DIM];
    write_content(changed, bytes, size);
    ck_assert(session_begin(&y, context, recipe, &session_plans[plan], FILE_STEPS));
    memcpy(w, y.w, sizeof w);
    const saddle_status s = saddle_solver_load(y.s, changed);
    REQUIRE(s == SADDLE_OK || memcmp(w, y.w, sizeof w) == 0);
    REQUIRE(s == SADDLE_OK || (y.s->called == 0 && y.s->t == 0));
    REQUIRE(s == SADDLE_OK || strstr(saddle_error_message(), changed) != NULL);
    session_end(&y);
    return s;
}

saddle_status file_judge_pgd(const struct file *f)
{
    return file_judge(FILE_PGD, 2, f->bytes, f->size);
}

/* Where section `name` begins. */
unsigned char *file_section(const struct file *f, const char *name)
{
    for (unsigned char *p = f->bytes + SADDLE_I_FILE_HEADER; p < f->bytes + f->size;
         p += saddle_i_section_bytes((int64_t)saddle_i_load64(p + 24))) {
        if (strcmp((const char *)p, name) == 0) {
            return p;
        }
    }
    ck_abort_msg("no section %s", name);
    return NULL;
}

/* The checksums of all that a section header says, made right again. */
void file_seal(const struct file *f)
{
    unsigned char *p = f->bytes + SADDLE_I_FILE_HEADER;
    uint32_t sections = 0;
    while (f->bytes + f->size - p >= SADDLE_I_SECTION_HEADER + SADDLE_I_SECTION_END) {
        const uint64_t length = saddle_i_load64(p + 24);
        saddle_i_store32(p + 36, saddle_i_crc32c(&crc, 0, p, 36));
        if (length > (uint64_t)(f->bytes + f->size - p - SADDLE_I_SECTION_HEADER - SADDLE_I_SECTION_END)) {
            break;
        }
        saddle_i_store32(p + SADDLE_I_SECTION_HEADER + length, saddle_i_crc32c(&crc, 0, p, (size_t)(SADDLE_I_SECTION_HEADER + length)));
        p += saddle_i_section_bytes((int64_t)length);
        sections++;
    }
    saddle_i_store32(f->bytes + 12, sections);
    saddle_i_store64(f->bytes + 16, (uint64_t)f->size);
    saddle_i_store32(f->bytes + 28, saddle_i_crc32c(&crc, 0, f->bytes, 28));
}

struct file file_copy(void)
{
    struct file f = {malloc((size_t)file.size + 2000), file.size};
    ck_assert_ptr_nonnull(f.bytes);
    memcpy(f.bytes, file.bytes, (size_t)file.size);
    return f;
}

/* The file with `bytes` more or fewer at p, zeros. */
void file_shift(struct file *f, unsigned char *p, int64_t bytes)
{
    const size_t behind = (size_t)(f->bytes + f->size - p);
    if (bytes > 0) {
        memmove(p + bytes, p, behind);
        memset(p, 0, (size_t)bytes);
    } else {
        memmove(p, p - bytes, behind - (size_t)-bytes);
    }
    f->size += bytes;
}

void file_add_section(struct file *f, const char *name, uint32_t flags, int64_t length)
{
    unsigned char *p = f->bytes + f->size;
    memset(p, 0, (size_t)saddle_i_section_bytes(length));
    memcpy(p, name, strlen(name));
    saddle_i_store64(p + 24, (uint64_t)length);
    saddle_i_store32(p + 32, flags);
    f->size += saddle_i_section_bytes(length);
}
