/* SPDX-License-Identifier: BSD-3-Clause */
/* Eigenpairs where any product and any allocation fails. */
#include "support/counted.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/own.h"
#include "support/run_suite.h"
#include <stdio.h>

enum { DIM = 24 };

static void check_own_failure(const struct own *a, saddle_status s)
{
    char said[80];
    (void)snprintf(said, sizeof said, "product %lld", (long long)a->fault_call);
    EXPECT_MESSAGE(said);
    ck_assert_int_eq(s, a->fault == OWN_CODE ? SADDLE_E_CALLBACK : SADDLE_E_NOT_FINITE);
    (void)snprintf(said, sizeof said, "returned %d", a->code);
    EXPECT_MESSAGE(a->fault == OWN_CODE             ? said
                   : a->fault == OWN_UNWRITTEN_LAST ? "entry 23 of"
                   : a->fault == OWN_INF            ? "is -inf"
                                                    : "is nan");
    if (a->fault == OWN_UNWRITTEN_FIRST || a->fault == OWN_UNWRITTEN_LAST) {
        EXPECT_MESSAGE("was not written");
    }
}

/* Every product of every way fails, in every manner: no pairs, and the next run has the bits of one that was not disturbed. */
START_TEST(any_product_may_fail)
{
    static const int codes[] = {1, 7, -1};
    struct memory m;
    struct own a;
    struct answer x, again;
    saddle_context *c = NULL;
    saddle_lanczos *l = NULL;
    const saddle_allocator allocator = memory_allocator(&m, 0xA5);
    EXPECT_OK(saddle_context_create(&allocator, &c));
    saddle_options *o = way_options(_i);
    own_init(&a, DIM);
    EXPECT_OK(saddle_lanczos_create(c, DIM, own_apply, &a, o, &l));
    EXPECT_OK(saddle_lanczos_run(l));
    take_answer(l, &x);
    const int64_t calls = a.calls, blocks = m.blocks;
    for (int64_t k = 1; k <= calls; k++) {
        for (a.fault = OWN_CODE; a.fault <= OWN_UNWRITTEN_LAST; a.fault++) {
            a.code = codes[k % 3];
            a.calls = 0;
            a.fault_call = k;
            check_own_failure(&a, saddle_lanczos_run(l));
            ck_assert_int_eq(a.calls, k);
            expect_empty(l);
            ck_assert_int_eq(m.blocks, blocks);
            if (a.fault == OWN_CODE || k == calls) {
                EXPECT_OK(saddle_lanczos_run(l));
                take_answer(l, &again);
                EXPECT_SAME(&x, &again, sizeof x);
            }
        }
    }
    counted(5 * calls, "callbacks failed");
    ck_assert_int_eq(a.broken, 0);
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
}
END_TEST

/* One allocation is refused, once or with all after it. Returns whether any was. */
static int refuse(int way, int64_t fail_at, int for_ever, const struct answer *x)
{
    struct memory m;
    struct own a;
    struct answer again;
    saddle_context *c = NULL;
    saddle_options *o = way_options(way);
    saddle_lanczos *l = NULL;
    const saddle_allocator allocator = memory_allocator(&m, fail_at % 2 != 0 ? 0xA5 : 0x5A);
    EXPECT_OK(saddle_context_create(&allocator, &c));
    own_init(&a, DIM);
    m.fail_at = m.calls + fail_at;
    m.for_ever = for_ever;
    const saddle_status made = saddle_lanczos_create(c, DIM, own_apply, &a, o, &l);
    if (made != SADDLE_OK) {
        ck_assert_int_eq(made, SADDLE_E_MEMORY);
        ck_assert_ptr_null(l);
        m.fail_at = 0;
        EXPECT_OK(saddle_lanczos_create(c, DIM, own_apply, &a, o, &l));
    }
    const saddle_status s = saddle_lanczos_run(l);
    if (s != SADDLE_OK) {
        ck_assert_int_eq(s, SADDLE_E_MEMORY);
        EXPECT_MESSAGE("the allocator returned NULL for ");
        expect_empty(l);
        m.fail_at = 0;
        EXPECT_OK(saddle_lanczos_run(l));
    }
    take_answer(l, &again);
    EXPECT_SAME(x, &again, sizeof again); /* also: nothing is read that was not written */
    const int failed = m.refused > 0;
    saddle_lanczos_destroy(l);
    saddle_options_destroy(o);
    saddle_context_destroy(c);
    ck_assert_int_eq(m.blocks, 0);
    ck_assert_int_eq(m.faults, 0);
    return failed;
}

START_TEST(any_allocation_may_fail)
{
    struct own a;
    struct answer x;
    saddle_options *o = way_options(_i);
    own_init(&a, DIM);
    compute_answer(&a, o, &x);
    saddle_options_destroy(o);
    int64_t k = 1;
    while (refuse(_i, k, 0, &x)) {
        ck_assert(refuse(_i, k, 1, &x));
        k++;
    }
    ck_assert_int_ge(k, 6);
    counted(2 * (k - 1), "allocations failed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lanczos_faults");
    TCase *c = tcase_create("lanczos_faults");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, any_product_may_fail, 0, WAYS);
    tcase_add_loop_test(c, any_allocation_may_fail, 0, WAYS);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
