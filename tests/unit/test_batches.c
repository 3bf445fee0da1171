/* SPDX-License-Identifier: BSD-3-Clause */
/* Which samples a mini-batch holds: against the definition in docs/random.md, in any order of steps, and shuffled
 * orders by chi-square with fixed seeds: with c cells chi^2 has mean c-1 and standard deviation sqrt(2(c-1)); the bound
 * is 5, and 5.5 for the largest of up to 258 such numbers. */
#include "random/batches.h"
#include "support/expect.h"
#include "support/run_suite.h"
#include <saddle/objective.h>
#include <saddle/options.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 10000, MOST = 70000 };

#define SHUFFLE_HASH UINT64_C(0xc6548377f48a5483)

static int64_t page[ROOM], second_page[ROOM];

static struct saddle_i_batches batches_of(int64_t samples, int64_t size, int64_t sampling, int64_t *room)
{
    ck_assert_int_le(saddle_i_batches_room(size), ROOM);
    return (struct saddle_i_batches){
        .seed = 2024, .samples = samples, .size = size, .sampling = sampling, .page = room};
}

/* Word number p of a stream, from the public words. */
static uint64_t word(uint64_t purpose, uint64_t step, int64_t p)
{
    const saddle_random_stream s = {2024, purpose, step};
    uint32_t r[4];
    REQUIRE(saddle_random_bits(&s, (uint64_t)p / 2, r) == SADDLE_OK);
    return p % 2 == 0 ? r[0] | (uint64_t)r[1] << 32 : r[2] | (uint64_t)r[3] << 32;
}

/* The high half of x n, for n below 2^32. */
static int64_t scaled(uint64_t x, int64_t n)
{
    const uint64_t low = (x & 0xffffffff) * (uint64_t)n, high = (x >> 32) * (uint64_t)n;
    return (int64_t)((high + (low >> 32)) >> 32);
}

static const int64_t sizes[] = {1, 2, 3, 7, 32, 100, 1365, 2048, 2049, 4095, 4096, 4097, 9999};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(room)
{
    for (int i = 0; i < SIZES; i++) {
        const int64_t steps = 4096 / sizes[i] > 1 ? 4096 / sizes[i] : 1;
        ck_assert_int_eq(saddle_i_batches_room(sizes[i]), steps * sizes[i]);
    }
    ck_assert_int_eq(saddle_i_batches_room(0), 0);
}
END_TEST

START_TEST(replacement_as_defined)
{
    for (int i = 0; i < SIZES; i++) {
        const int64_t size = sizes[i], steps = saddle_i_batches_room(size) / size;
        struct saddle_i_batches b = batches_of(1797, size, SADDLE_SAMPLING_REPLACEMENT, page);
        struct saddle_i_batches stream = batches_of(SADDLE_STREAM, size, SADDLE_SAMPLING_REPLACEMENT, second_page);
        for (int64_t t = 1; t <= 9000; t += size < 8 ? 13 : 1 + size / 4) {
            const int64_t *const index = saddle_i_batches_at(&b, t), *const fresh = saddle_i_batches_at(&stream, t);
            REQUIRE(saddle_i_batches_count(&b, t) == size && saddle_i_batches_count(&stream, t) == size);
            for (int64_t k = 0; k < size; k += 1 + size / 9) {
                const int64_t step = (t - 1) / steps, position = (t - 1) % steps * size + k;
                const uint64_t x = word(SADDLE_I_PURPOSE_BATCH, (uint64_t)step, position);
                REQUIRE(index[k] == scaled(x, 1797));
                REQUIRE(fresh[k] == (int64_t)(x >> 1));
            }
        }
    }
}
END_TEST

START_TEST(large_n)
{
    const saddle_random_stream s = {1, SADDLE_I_PURPOSE_BATCH, 0};
    int64_t all[64], half[64], bits[64];
    saddle_i_random_indices(&s, 0, INT64_C(1) << 62, 64, all);
    saddle_i_random_indices(&s, 0, INT64_C(1) << 61, 64, half);
    saddle_i_random_indices(&s, 0, SADDLE_STREAM, 64, bits);
    for (int i = 0; i < 64; i++) {
        ck_assert(all[i] >= 0 && all[i] < INT64_C(1) << 62 && all[i] >> 1 == half[i] && bits[i] >> 1 == all[i]);
    }
}
END_TEST

START_TEST(sequential_as_defined)
{
    static const int64_t samples[] = {1, 2, 10, 33, 1797, 10000};
    for (size_t q = 0; q < sizeof samples / sizeof samples[0]; q++) {
        for (int i = 0; i < SIZES && sizes[i] <= samples[q]; i++) {
            const int64_t n = samples[q], size = sizes[i];
            struct saddle_i_batches b = batches_of(n, size, SADDLE_SAMPLING_SEQUENTIAL, page);
            struct saddle_i_batches stream = batches_of(SADDLE_STREAM, size, SADDLE_SAMPLING_SEQUENTIAL, second_page);
            int64_t next = 0;
            for (int64_t t = 1; t <= 5000; t++) {
                const int64_t *const index = saddle_i_batches_at(&b, t), count = saddle_i_batches_count(&b, t);
                REQUIRE(count == (n - next < size ? n - next : size));
                REQUIRE(index[0] == next && index[count - 1] == next + count - 1);
                const int64_t *const endless = saddle_i_batches_at(&stream, t);
                REQUIRE(endless[0] == (t - 1) * size && endless[size - 1] == t * size - 1);
                REQUIRE(saddle_i_batches_count(&stream, t) == size);
                next = (next + count) % n;
            }
        }
    }
}
END_TEST

/* Every position of an epoch, from pages that cross the ends of epochs. */
START_TEST(shuffle_as_defined)
{
    static const int64_t samples[] = {1, 2, 3, 5, 64, 65, 333, 1797, 10000};
    for (size_t q = 0; q < sizeof samples / sizeof samples[0]; q++) {
        for (int i = 0; i < SIZES && sizes[i] <= samples[q]; i++) {
            const int64_t n = samples[q], size = sizes[i], per_epoch = (n + size - 1) / size;
            struct saddle_i_batches b = batches_of(n, size, SADDLE_SAMPLING_SHUFFLE, page);
            for (int64_t t = 1; t <= 9000; t += 1 + t / 50) {
                const int64_t *const index = saddle_i_batches_at(&b, t), count = saddle_i_batches_count(&b, t);
                const int64_t epoch = (t - 1) / per_epoch, first = (t - 1) % per_epoch * size;
                REQUIRE(count == (n - first < size ? n - first : size));
                for (int64_t k = 0; k < count; k += 1 + count / 4) {
                    REQUIRE(index[k] == saddle_i_shuffled(2024, epoch, n, first + k));
                }
            }
        }
    }
    struct saddle_i_batches s = batches_of(SADDLE_STREAM, 10, SADDLE_SAMPLING_SHUFFLE, page);
    struct saddle_i_batches r = batches_of(SADDLE_STREAM, 10, SADDLE_SAMPLING_REPLACEMENT, second_page);
    ck_assert(memcmp(saddle_i_batches_at(&s, 7), saddle_i_batches_at(&r, 7), 10 * sizeof page[0]) == 0);
}
END_TEST

START_TEST(any_order_of_steps)
{
    static const int64_t modes[] = {SADDLE_SAMPLING_REPLACEMENT, SADDLE_SAMPLING_SHUFFLE, SADDLE_SAMPLING_SEQUENTIAL};
    for (int m = 0; m < 3; m++) {
        for (int i = 0; i < 6; i++) {
            struct saddle_i_batches forth = batches_of(1797, sizes[i], modes[m], page);
            for (int64_t t = 1, at = 1; t <= 3000; t++, at = at * 7919 % 20011 + 1) {
                struct saddle_i_batches fresh = batches_of(1797, sizes[i], modes[m], second_page);
                const int64_t *const a = saddle_i_batches_at(&forth, at), *const b = saddle_i_batches_at(&fresh, at);
                const size_t count = (size_t)saddle_i_batches_count(&forth, at);
                REQUIRE(memcmp(a, b, count * sizeof a[0]) == 0);
                t += 20;
            }
        }
    }
}
END_TEST

static void expect_permutation(int64_t n, int64_t epoch)
{
    static uint8_t seen[MOST];
    static int64_t all[MOST];
    struct saddle_i_batches b = {.seed = 5, .samples = n, .size = n, .sampling = SADDLE_SAMPLING_SHUFFLE, .page = all};
    if (n <= 4096) {
        b.size = 1; /* in pages of another length */
    }
    memset(seen, 0, sizeof seen);
    for (int64_t k = 0; k < n; k++) {
        const int64_t t = b.size == 1 ? epoch * n + k + 1 : epoch + 1;
        const int64_t v = saddle_i_batches_at(&b, t)[b.size == 1 ? 0 : k];
        REQUIRE(v >= 0 && v < n && !seen[v]);
        seen[v] = 1;
    }
}

START_TEST(every_epoch_is_a_permutation)
{
    for (int64_t n = 1; n <= 300; n++) {
        for (int64_t epoch = 0; epoch < 8; epoch++) {
            expect_permutation(n, epoch);
        }
    }
    static const int64_t large[] = {1797, 4096, 65537};
    for (int i = 0; i < 3; i++) {
        for (int64_t epoch = 0; epoch < 3; epoch++) {
            expect_permutation(large[i], epoch);
        }
    }
    /* the largest n there is: distinct, and all over the range */
    const int64_t n = INT64_C(1) << 62;
    int64_t lower = 0;
    for (int64_t k = 0; k < 1000; k++) {
        const int64_t v = saddle_i_shuffled(1, 0, n, k);
        REQUIRE(v >= 0 && v < n);
        lower += v < n / 2;
    }
    ck_assert_double_lt(fabs((double)lower - 500.0) / sqrt(250.0), 5.0);
}
END_TEST

/* Standard deviations of chi^2 from its mean for counts that all have the same expectation. */
static double chi_square(int cells, const int64_t *count)
{
    double total = 0.0, chi = 0.0;
    for (int i = 0; i < cells; i++) {
        total += (double)count[i];
    }
    const double each = total / cells;
    for (int i = 0; i < cells; i++) {
        chi += ((double)count[i] - each) * ((double)count[i] - each) / each;
    }
    return fabs(chi - (cells - 1)) / sqrt(2.0 * (cells - 1));
}

/* Which of the n! orders this is. */
static int rank_of(int n, const int64_t *order)
{
    int rank = 0;
    for (int i = 0; i < n; i++) {
        int smaller = 0;
        for (int j = i + 1; j < n; j++) {
            smaller += order[j] < order[i];
        }
        rank = rank * (n - i) + smaller;
    }
    return rank;
}

/* The mistake that is made most often: every place may swap with every other. */
static void naive_order(int n, int64_t epoch, int64_t *order)
{
    for (int i = 0; i < n; i++) {
        order[i] = i;
    }
    for (int i = 0; i < n; i++) {
        const int64_t j = scaled(word(200, (uint64_t)epoch, i), n), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

START_TEST(all_orders_of_a_few)
{
    static const int orders[] = {1, 1, 2, 6, 24, 120};
    for (int n = 2; n <= 5; n++) {
        int64_t count[120] = {0}, naive[120] = {0}, next[24 * 24] = {0};
        struct saddle_i_batches b = batches_of(n, n, SADDLE_SAMPLING_SHUFFLE, page);
        int last = 0;
        for (int64_t epoch = 0; epoch < 240000; epoch++) {
            const int rank = rank_of(n, saddle_i_batches_at(&b, epoch + 1));
            count[rank]++;
            if (n <= 4 && epoch % 2 != 0) {
                next[last * orders[n] + rank]++; /* an order and the one after it */
            }
            last = rank;
            int64_t order[5];
            naive_order(n, epoch, order);
            naive[rank_of(n, order)]++;
        }
        ck_assert_double_lt(chi_square(orders[n], count), 5.0);
        if (n <= 4) {
            ck_assert_double_lt(chi_square(orders[n] * orders[n], next), 5.0);
        }
        if (n >= 3) {
            ck_assert_double_gt(chi_square(orders[n], naive), 5.0);
        }
    }
}
END_TEST

/* Where each sample lands, and which pairs follow each other, near the ends and in the middle. */
static void expect_even(int n, int64_t epochs, uint64_t seed)
{
    static int64_t place[200 * 200], pair[200 * 200], all[ROOM];
    memset(place, 0, sizeof place);
    memset(pair, 0, sizeof pair);
    struct saddle_i_batches b = batches_of(n, n, SADDLE_SAMPLING_SHUFFLE, all);
    b.seed = seed;
    for (int64_t t = 1; t <= epochs; t++) {
        const int64_t *const order = saddle_i_batches_at(&b, t);
        for (int k = 0; k < n; k++) {
            place[k * n + order[k]]++;
        }
        for (int k = 1; k < n; k++) { /* the diagonal is empty: drop it */
            pair[order[k - 1] * (n - 1) + order[k] - (order[k] > order[k - 1])]++;
        }
    }
    for (int k = 0; k < n; k++) {
        ck_assert_double_lt(chi_square(n, place + (int64_t)k * n), 5.5); /* the largest of n */
        ck_assert_double_lt(chi_square(n - 1, pair + (int64_t)k * (n - 1)), 5.5);
    }
    /* all cells together: a permutation's table has (n-1)^2 degrees of freedom, scaled by n/(n-1) */
    double chi = 0.0;
    const double each = (double)epochs / n;
    for (int i = 0; i < n * n; i++) {
        chi += ((double)place[i] - each) * ((double)place[i] - each) / each;
    }
    const double freedom = (n - 1.0) * (n - 1.0);
    ck_assert_double_lt(fabs(chi * (n - 1.0) / n - freedom) / sqrt(2.0 * freedom), 5.0);
}

START_TEST(places_and_pairs)
{
    expect_even(10, 200000, 1);
    expect_even(64, 20000, 2);
    expect_even(65, 20000, 3);
    expect_even(100, 20000, 4);
    expect_even(128, 20000, 5);
    expect_even(129, 20000, 6);
}
END_TEST

/* n = 1797: the ten places here, in 60 cells of 30 samples (29.95), and the cells of successive samples. */
START_TEST(places_and_pairs_of_the_digits)
{
    enum { N = 1797, CELLS = 60, EPOCHS = 60000 };
    static const int64_t places[] = {0, 1, 2, 3, 500, 897, 898, 899, 1795, 1796};
    int64_t count[CELLS], pair[CELLS * CELLS] = {0}, next[N] = {0};
    for (int i = 0; i < 10; i++) {
        memset(count, 0, sizeof count);
        for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
            const int64_t v = saddle_i_shuffled(6, epoch, N, places[i]);
            if (v < 1740) {
                count[v / 29]++;
            }
            if (i == 4) {
                const int64_t w = saddle_i_shuffled(6, epoch, N, places[i] + 1);
                if (v < 1740 && w < 1740) {
                    pair[v / 29 * CELLS + w / 29]++;
                }
                next[(w - v + N) % N]++;
            }
        }
        ck_assert_double_lt(chi_square(CELLS, count), 5.0);
    }
    ck_assert_double_lt(chi_square(CELLS * CELLS, pair), 5.0);
    ck_assert_int_eq(next[0], 0);
    ck_assert_double_lt(chi_square(N - 1, next + 1), 5.0);
}
END_TEST

/* The sign of the order of 127 elements: a Feistel network alone makes even permutations of 128. */
START_TEST(odd_orders_occur)
{
    int64_t odd = 0;
    for (int64_t epoch = 0; epoch < 4000; epoch++) {
        int64_t order[127], cycles = 0;
        uint8_t seen[127] = {0};
        struct saddle_i_batches b = batches_of(127, 127, SADDLE_SAMPLING_SHUFFLE, page);
        memcpy(order, saddle_i_batches_at(&b, epoch + 1), sizeof order);
        for (int i = 0; i < 127; i++) {
            cycles += !seen[i];
            for (int64_t j = i; !seen[j]; j = order[j]) {
                seen[j] = 1;
            }
        }
        odd += (127 - cycles) % 2;
    }
    ck_assert_double_lt(fabs((double)odd - 2000.0) / sqrt(1000.0), 5.0);
}
END_TEST

static const struct {
    uint64_t seed;
    int64_t epoch, n, first[8];
} known[] = {
    {1, 0, 4, {2, 0, 1, 3}},
    {1, 1, 4, {1, 0, 2, 3}},
    {1, 0, 10, {8, 0, 1, 9, 3, 4, 7, 6}},
    {1, 0, 64, {8, 49, 46, 13, 31, 24, 29, 30}},
    {1, 0, 65, {24, 8, 29, 63, 57, 30, 42, 32}},
    {1, 0, 1797, {534, 1457, 1109, 386, 1444, 1747, 215, 591}},
    {UINT64_C(0x123456789abcdef0), INT64_C(0x700000005), 1797, {1342, 14, 796, 167, 1688, 1498, 541, 5}},
    {1, 0, 65537, {31939, 4845, 64291, 26329, 55229, 26105, 23728, 35084}},
    {1, 0, INT64_C(1) << 62,
     {INT64_C(2586607299559599513), INT64_C(3731770711644095103), INT64_C(2266206466520784759),
      INT64_C(4434757505789560697), INT64_C(2956595987385800227), INT64_C(174644753800988406),
      INT64_C(3163522067966942246), INT64_C(261515177232883593)}},
};

START_TEST(known_answers)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        for (int64_t k = 0; k < 8 && k < known[i].n; k++) {
            ck_assert_int_eq(saddle_i_shuffled(known[i].seed, known[i].epoch, known[i].n, k), known[i].first[k]);
        }
    }
    uint64_t a = UINT64_C(1469598103934665603);
    for (int64_t n = 1; n <= 3000; n += 1 + n / 60) {
        for (int64_t k = 0; k < n; k++) {
            a = (a ^ (uint64_t)saddle_i_shuffled((uint64_t)n, 2 * n, n, k)) * UINT64_C(1099511628211);
            a ^= a >> 29;
        }
    }
    ck_assert_uint_eq(a, SHUFFLE_HASH);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        room, replacement_as_defined, large_n, sequential_as_defined, shuffle_as_defined, any_order_of_steps,
        every_epoch_is_a_permutation, all_orders_of_a_few, places_and_pairs, places_and_pairs_of_the_digits,
        odd_orders_occur, known_answers,
    };
    Suite *s = suite_create("batches");
    TCase *t = tcase_create("batches");
    tcase_set_timeout(t, 300);
    suite_add_tcase(s, t);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tcase_add_test(t, tests[i]);
    }
    return s;
}

int main(void)
{
    return saddle_run_suite(suite());
}
