/* SPDX-License-Identifier: BSD-3-Clause */
/* What an order of a few samples asks of the random numbers: the linker puts this file's choice of loops in the place of the library's
 * (--wrap), and this one counts. More words than are needed would come to the same order. */
#include "random/shuffle.h"
#include "support/run_suite.h"
#include <check.h>

static int64_t asked, words;

static void counted_words(const saddle_random_stream *s, uint64_t pair, int64_t pairs, uint64_t *x)
{
    asked++;
    words += 2 * pairs;
    saddle_i_random_at(0)->words(s, pair, pairs, x);
}

const struct saddle_i_random_kernels *__wrap_saddle_i_random_best(void);
const struct saddle_i_random_kernels *__wrap_saddle_i_random_best(void)
{
    static struct saddle_i_random_kernels loops;
    loops = *saddle_i_random_at(0);
    loops.words = counted_words;
    return &loops;
}

/* A word for each position, in whole pairs. */
START_TEST(a_table_takes_the_words_that_it_needs)
{
    for (int64_t n = 1; n <= SADDLE_I_SHUFFLE_TABLE + 2; n++) {
        struct saddle_i_shuffle p;
        asked = words = 0;
        saddle_i_shuffle_init(&p, 1, 2, n);
        const int table = n <= SADDLE_I_SHUFFLE_TABLE;
        ck_assert_int_eq(asked, table);
        ck_assert_int_eq(words, table ? n + n % 2 : 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shuffle_work");
    TCase *t = tcase_create("work");
    tcase_add_test(t, a_table_takes_the_words_that_it_needs);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
