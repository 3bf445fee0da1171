/* SPDX-License-Identifier: BSD-3-Clause */
/* A checkpoint in memory that is changed and shown to a fresh solver. For tests that are linked with the library's objects. */
#ifndef SADDLE_TEST_CHECKPOINT_FILE_H
#define SADDLE_TEST_CHECKPOINT_FILE_H
#include "solver/checkpoint.h"
#include "support/session.h"

enum { FILE_STEPS = 20, FILE_PGD = 6 };

struct file {
    unsigned char *bytes;
    int64_t size;
};
extern struct file file; /* a good one, of a run after 9 steps, */
extern char file_path[200]; /* and where it is */

/* Makes it, of a recipe and a plan. */
void file_begin_with(int recipe, int plan);
/* Of PGD that keeps its best iterate: w, kept, method.snapshot. */
void file_begin(void);
void file_end(void);
/* What a fresh solver says to a file. When it says no it is as it was, or the test fails. */
saddle_status file_judge(int recipe, int plan, const unsigned char *bytes, int64_t size);
saddle_status file_judge_pgd(const struct file *f);

#define EXPECT_REFUSED(f, part) EXPECT_FAIL(file_judge_pgd(f), SADDLE_E_FORMAT, part)

/* A copy of the good one, with room for more; its bytes are to be freed. */
struct file file_copy(void);
/* Where section `name` begins. */
unsigned char *file_section(const struct file *f, const char *name);
/* So many bytes more or fewer at p, zeros. */
void file_shift(struct file *f, unsigned char *p, int64_t bytes);
/* A section of zeros at the end. */
void file_add_section(struct file *f, const char *name, uint32_t flags, int64_t length);
/* Makes all checksums right again. */
void file_seal(const struct file *f);

#endif
