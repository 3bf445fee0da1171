/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors that end where the memory of the program ends: the page behind them cannot be read. */
#include "space/norm.h"
#include "space/recurrence.h"
#include "space/space.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST = 4096 + 70, VECTORS = 3 };

static size_t bytes; /* that can be read, before the page that cannot */
static unsigned char *memory[VECTORS];

static void begin(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int zeros = open("/dev/zero", O_RDWR);
    ck_assert_int_ge(zeros, 0);
    bytes = (MOST * sizeof(double) + page - 1) / page * page;
    for (int i = 0; i < VECTORS; i++) {
        void *p = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE, zeros, 0);
        ck_assert(p != MAP_FAILED);
        memory[i] = p;
        ck_assert_int_eq(mprotect(memory[i] + bytes, page, PROT_NONE), 0);
    }
    ck_assert_int_eq(close(zeros), 0);
}

static void end(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < VECTORS; i++) {
        ck_assert_int_eq(munmap(memory[i], bytes + page), 0);
    }
}

/* n ones and twos that end at the edge. */
static double *at_edge(int i, int64_t n)
{
    double *x = (double *)(void *)(memory[i] + bytes) - n;
    for (int64_t j = 0; j < n; j++) {
        x[j] = 1.0 + (double)((j + i) % 2);
    }
    return x;
}

static void every_pass(const struct saddle_i_kernels *k, int64_t n)
{
    double *x = at_edge(0, n), *y = at_edge(1, n), *z = at_edge(2, n);
    const double twos = 2.0 * (double)n;
    double with_x = 0.0, with_p = 0.0, norm = 0.0, bad = 0.0;
    int64_t entry = -1;
    REQUIRE(saddle_i_first_not_finite(n, x) == -1);
    REQUIRE(saddle_i_max_abs(n, x) == (n == 1 ? 1.0 : 2.0));
    REQUIRE(saddle_i_fingerprint(n, x) != saddle_i_fingerprint(n, y));
    REQUIRE(saddle_i_dot(k, n, x, y) == twos);
    REQUIRE(saddle_i_norm(k, n, x) >= 1.0);
    saddle_i_two_dots(k, n, y, x, &with_x, z, &with_p);
    REQUIRE(with_x == twos && with_p == twos);
    saddle_i_accumulate(k, 1, n, 3.0, x, y);
    saddle_i_accumulate(k, 0, n, -3.0, x, y);
    REQUIRE(saddle_i_norm(k, n, y) == 0.0);
    saddle_i_scaled_copy(k, n, 0.5, x, y);
    REQUIRE(saddle_i_three_terms(k, n, 0.25, x, 0.25, z, y) == 0.0); /* x/2 - x/4 - x/4: z is x */
    REQUIRE(saddle_i_descend_once(k, n, 1.0, y, x, &norm, &entry, &bad) == 1 && norm == 0.0);
    REQUIRE(saddle_i_first_not_finite(n, y) == -1);
    x[n - 1] = SADDLE_I_INF;
    REQUIRE(saddle_i_first_not_finite(n, x) == n - 1);
}

START_TEST(nothing_is_read_behind_the_last_entry)
{
    const struct saddle_i_kernels *k = saddle_i_kernels_at(_i);
    if (k == NULL) {
        return; /* this processor cannot run them */
    }
    begin();
    for (int64_t n = 1; n <= MOST; n += n == 200 ? 4096 - 264 : 1) { /* 1 .. 200, and about one block */
        every_pass(k, n);
    }
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("edges");
    TCase *t = tcase_create("edges");
    tcase_add_loop_test(t, nothing_is_read_behind_the_last_entry, 0, 4);
    suite_add_tcase(s, t);
    return saddle_run_suite(s);
}
