/* SPDX-License-Identifier: BSD-3-Clause */
/* The look at a vector that is too long for a pass: which entries it sees. */
#include "space/space.h"
#include "support/expect.h"
#include "support/run_suite.h"

enum { ROOM = 100001, WATCHED = 256 };

static double x[ROOM];

/* Whether a change of entry i alone is seen. */
static int glimpsed(int64_t n, int64_t i)
{
    const uint64_t f = saddle_i_glimpse(n, x);
    const double kept = x[i];
    x[i] = -kept - 1.0;
    const int seen = saddle_i_glimpse(n, x) != f;
    x[i] = kept;
    REQUIRE(saddle_i_glimpse(n, x) == f);
    return seen;
}

START_TEST(as_many_entries_as_it_says_from_end_to_end)
{
    static const int64_t sizes[] = {1, 7, 255, 256, 257, 263, 264, 511, 1000, ROOM};
    const int64_t n = sizes[_i];
    int64_t seen = 0, gap = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        x[i] = (double)(i % 7);
    }
    for (int64_t i = 0; i < n; i++) {
        const int now = glimpsed(n, i);
        seen += now;
        gap = now ? 0 : gap + 1;
        most = gap > most ? gap : most;
    }
    REQUIRE(glimpsed(n, 0) && glimpsed(n, n - 1));
    REQUIRE(seen == (n < WATCHED ? n : WATCHED));
    REQUIRE(most <= n / 31 + 31); /* no part is left out */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("glimpse");
    TCase *t = tcase_create("glimpse");
    tcase_add_loop_test(t, as_many_entries_as_it_says_from_end_to_end, 0, 10);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
