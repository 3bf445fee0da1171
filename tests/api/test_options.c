/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of options, and setting them by number and by text. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <saddle/saddle.h>
#include <stdio.h>

static saddle_options *made(void)
{
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    return o;
}

static saddle_option_info info_at(int64_t position)
{
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    EXPECT_OK(saddle_option_describe(position, &info));
    ck_assert_int_eq(info.struct_size, sizeof info);
    return info;
}

static int64_t option_count(void)
{
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    int64_t n = 0;
    while (saddle_option_describe(n, &info) == SADDLE_OK) {
        n++;
    }
    return n;
}

START_TEST(the_table_is_complete)
{
    static const int ids[] = {100, 101, 102, 103, 104, 105, 106, 120, 121, 122, 123, 124, 140, 141, 142, 143, 144,
                              200, 201, 202, 203, 204, 205, 206, 207, 210, 300, 301, 302, 303, 304,
                              400, 401, 402};
    ck_assert_int_eq(option_count(), sizeof ids / sizeof ids[0]);
    for (int64_t i = 0; i < option_count(); i++) {
        const saddle_option_info a = info_at(i);
        ck_assert_int_eq(a.id, ids[i]);
        ck_assert(a.type == SADDLE_TYPE_INT || a.type == SADDLE_TYPE_REAL || a.type == SADDLE_TYPE_CHOICE);
        ck_assert(a.minimum <= a.initial && a.initial <= a.maximum && a.minimum < a.maximum);
        ck_assert_uint_gt(strlen(a.text), 10);
        ck_assert_int_eq(a.text[strlen(a.text) - 1], '.');
        ck_assert_int_eq(a.choices[0] != '\0', a.type == SADDLE_TYPE_CHOICE);
        for (int64_t j = 0; j < i; j++) {
            ck_assert_str_ne(info_at(j).name, a.name);
        }
    }
}
END_TEST

START_TEST(defaults_are_what_the_table_says)
{
    saddle_options *o = made();
    for (int64_t i = 0; i < option_count(); i++) {
        const saddle_option_info a = info_at(i);
        int64_t integer = -77, integer_of_null = -77;
        double real = -77.0, real_of_null = -77.0;
        if (a.type == SADDLE_TYPE_REAL) {
            EXPECT_OK(saddle_options_get_real(o, (saddle_option)a.id, &real));
            EXPECT_OK(saddle_options_get_real(NULL, (saddle_option)a.id, &real_of_null));
            ck_assert(real == a.initial && real_of_null == a.initial);
            EXPECT_FAIL(saddle_options_get_int(o, (saddle_option)a.id, &integer), SADDLE_E_ARGUMENT, a.name);
            ck_assert_int_eq(integer, -77);
        } else {
            EXPECT_OK(saddle_options_get_int(o, (saddle_option)a.id, &integer));
            EXPECT_OK(saddle_options_get_int(NULL, (saddle_option)a.id, &integer_of_null));
            ck_assert_int_eq(integer, (int64_t)a.initial);
            ck_assert_int_eq(integer_of_null, integer);
            EXPECT_FAIL(saddle_options_get_real(o, (saddle_option)a.id, &real), SADDLE_E_ARGUMENT, a.name);
            EXPECT_FAIL(saddle_options_set_real(o, (saddle_option)a.id, 1.0), SADDLE_E_ARGUMENT, a.name);
            ck_assert_double_eq(real, -77.0);
        }
    }
    saddle_options_destroy(o);
}
END_TEST

START_TEST(a_description_knows_its_size)
{
    struct {
        saddle_option_info info;
        int64_t more[2];
    } out;
    EXPECT_FAIL(saddle_option_describe(0, NULL), SADDLE_E_ARGUMENT, "out is NULL");
    static const int64_t bad[] = {0, -8, 8, (int64_t)sizeof(saddle_option_info) - 8, 65537};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&out, 0x5a, sizeof out);
        out.info.struct_size = bad[i];
        EXPECT_FAIL(saddle_option_describe(0, &out.info), SADDLE_E_STRUCT_SIZE, "sizeof(saddle_option_info)");
        ck_assert_int_eq(out.info.struct_size, bad[i]);
        ck_assert_int_eq(out.info.id, INT64_C(0x5a5a5a5a5a5a5a5a));
    }
    memset(&out, 0x5a, sizeof out);
    out.info.struct_size = (int64_t)sizeof out;
    EXPECT_OK(saddle_option_describe(3, &out.info));
    ck_assert_int_eq(out.info.struct_size, sizeof out.info); /* what both sides know */
    ck_assert_str_eq(out.info.name, "step_size");
    ck_assert_int_eq(out.more[0], INT64_C(0x5a5a5a5a5a5a5a5a)); /* and not a byte past it */
    out.info.struct_size = (int64_t)sizeof out.info;
    EXPECT_FAIL(saddle_option_describe(-1, &out.info), SADDLE_E_RANGE, "position is -1,");
    EXPECT_FAIL(saddle_option_describe(option_count(), &out.info), SADDLE_E_RANGE, "position is 34, outside 0 .. 33");
    EXPECT_FAIL(saddle_option_describe(INT64_MAX, &out.info), SADDLE_E_RANGE, "position is 9223372036854775807,");
    ck_assert_str_eq(out.info.name, "step_size");
}
END_TEST

/* Every number: its bounds can be set, what is past them cannot. */
START_TEST(ranges_are_kept)
{
    saddle_options *o = made();
    for (int64_t i = 0; i < option_count(); i++) {
        const saddle_option_info a = info_at(i);
        const saddle_option id = (saddle_option)a.id;
        if (a.type == SADDLE_TYPE_REAL) {
            double v = 0.0;
            EXPECT_OK(saddle_options_set_real(o, id, a.minimum));
            EXPECT_OK(saddle_options_set_real(o, id, a.maximum));
            EXPECT_FAIL(saddle_options_set_real(o, id, (double)NAN), SADDLE_E_RANGE, a.name);
            EXPECT_MESSAGE("nan");
            EXPECT_FAIL(saddle_options_set_real(o, id, (double)INFINITY), SADDLE_E_RANGE, "inf");
            if (a.minimum == 0.0) {
                EXPECT_FAIL(saddle_options_set_real(o, id, -DBL_TRUE_MIN), SADDLE_E_RANGE, a.name);
                EXPECT_FAIL(saddle_options_set_int(o, id, -3), SADDLE_E_RANGE, " is -3, outside 0 .. ");
            }
            if (a.maximum < DBL_MAX) {
                EXPECT_FAIL(saddle_options_set_real(o, id, nextafter(a.maximum, DBL_MAX)), SADDLE_E_RANGE, a.name);
            }
            EXPECT_OK(saddle_options_get_real(o, id, &v));
            ck_assert(v == a.maximum);
        } else {
            const int64_t low = (int64_t)a.minimum, high = (int64_t)a.maximum;
            int64_t v = 0;
            EXPECT_OK(saddle_options_set_int(o, id, low));
            EXPECT_OK(saddle_options_set_int(o, id, high));
            char said[80];
            (void)snprintf(said, sizeof said, "%s is %lld, outside %lld .. %lld", a.name, (long long)high + 1,
                           (long long)low, (long long)high);
            EXPECT_FAIL(saddle_options_set_int(o, id, high + 1), SADDLE_E_RANGE, said);
            EXPECT_MESSAGE(a.choices);
            EXPECT_FAIL(saddle_options_set_int(o, id, low - 1), SADDLE_E_RANGE, a.name);
            EXPECT_FAIL(saddle_options_set_int(o, id, INT64_MIN), SADDLE_E_RANGE, "-9223372036854775808");
            EXPECT_FAIL(saddle_options_set_int(o, id, INT64_MAX), SADDLE_E_RANGE, "9223372036854775807");
            EXPECT_OK(saddle_options_get_int(o, id, &v));
            ck_assert_int_eq(v, high);
        }
    }
    saddle_options_destroy(o);
}
END_TEST

/* What is documented elsewhere in words. */
START_TEST(the_curvature_options_are_as_documented)
{
    static const struct {
        int64_t id;
        const char *name;
        double minimum, maximum, initial;
    } expected[] = {
        {SADDLE_OPT_EPS_HESSIAN, "eps_hessian", 0.0, DBL_MAX, 0.0},
        {SADDLE_OPT_DELTA, "delta", 1e-12, 0.5, 0.01},
        {SADDLE_OPT_CHECK_EVERY, "check_every", 0.0, 0x1p62, 0.0},
        {SADDLE_OPT_EIGENVALUES, "eigenvalues", 1.0, 4000.0, 1.0},
        {SADDLE_OPT_WHICH, "which", SADDLE_WHICH_SMALLEST, SADDLE_WHICH_BOTH, SADDLE_WHICH_SMALLEST},
        {SADDLE_OPT_EIGEN_TOL, "eigen_tol", 0.0, 1.0 - DBL_EPSILON / 2.0, 1e-6},
        {SADDLE_OPT_MAX_PRODUCTS, "max_products", 1.0, 0x1p40, 1000.0},
        {SADDLE_OPT_BASIS, "basis", 0.0, 16000.0, 0.0},
        {SADDLE_OPT_CNC_GAMMA, "cnc_gamma", 0.0, DBL_MAX, 0.0},
        {SADDLE_OPT_CNC_SAMPLES, "cnc_samples", 0.0, 0x1p40, 0.0},
        {SADDLE_OPT_CNC_BOUND, "cnc_bound", 0.0, 0x1p440, 0.0},
    };
    int found = 0;
    for (int64_t i = 0; i < option_count(); i++) {
        const saddle_option_info a = info_at(i);
        for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++) {
            if (a.id == expected[k].id) {
                found++;
                ck_assert_str_eq(a.name, expected[k].name);
                ck_assert(a.minimum == expected[k].minimum && a.maximum == expected[k].maximum);
                ck_assert(a.initial == expected[k].initial);
            }
        }
    }
    ck_assert_int_eq(found, sizeof expected / sizeof expected[0]);
}
END_TEST

/* "Below 1" has no largest number that is short. */
START_TEST(a_tolerance_of_1_is_refused_with_a_bound_that_is_not_1)
{
    saddle_options *o = made();
    EXPECT_FAIL(saddle_options_set_real(o, SADDLE_OPT_EIGEN_TOL, 1.0), SADDLE_E_RANGE,
                "eigen_tol is 1, outside 0 .. 0.9999999999999999");
    EXPECT_FAIL(saddle_options_set_int(o, SADDLE_OPT_EIGEN_TOL, 1), SADDLE_E_RANGE,
                "eigen_tol is 1, outside 0 .. 0.9999999999999999");
    EXPECT_FAIL(saddle_options_set_text(o, "eigen_tol", "1"), SADDLE_E_RANGE, "eigen_tol is 1, outside 0 .. 0.99999");
    EXPECT_FAIL(saddle_options_set_real(o, SADDLE_OPT_DELTA, 0.0), SADDLE_E_RANGE, "delta is 0, outside 1e-12 .. 0.5");
    EXPECT_FAIL(saddle_options_set_int(o, SADDLE_OPT_DELTA, 1), SADDLE_E_RANGE, "delta is 1, outside 1e-12 .. 0.5");
    EXPECT_FAIL(saddle_options_set_text(o, "which", "middle"), SADDLE_E_ARGUMENT, "smallest|largest|both");
    saddle_options_destroy(o);
}
END_TEST

START_TEST(integers_set_reals)
{
    saddle_options *o = made();
    double v = 0.0;
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_STEP_SIZE, 3));
    EXPECT_OK(saddle_options_get_real(o, SADDLE_OPT_STEP_SIZE, &v));
    ck_assert_double_eq(v, 3.0);
    const int64_t most = INT64_C(1) << 53;
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_STEP_SIZE, most));
    EXPECT_FAIL(saddle_options_set_int(o, SADDLE_OPT_STEP_SIZE, most + 1), SADDLE_E_RANGE,
                "step_size is 9007199254740993,");
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_TARGET_VALUE, -most));
    EXPECT_FAIL(saddle_options_set_int(o, SADDLE_OPT_TARGET_VALUE, -most - 1), SADDLE_E_RANGE, "target_value");
    EXPECT_OK(saddle_options_get_real(o, SADDLE_OPT_STEP_SIZE, &v));
    ck_assert(v == 0x1p53);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(null_and_unknown_are_refused)
{
    saddle_options *o = made();
    int64_t i = -77;
    double r = -77.0;
    EXPECT_FAIL(saddle_options_create(NULL, NULL), SADDLE_E_ARGUMENT, "out is NULL");
    EXPECT_FAIL(saddle_options_set_int(NULL, SADDLE_OPT_SEED, 1), SADDLE_E_ARGUMENT,
                "set_int: the set of options is NULL");
    EXPECT_FAIL(saddle_options_set_real(NULL, SADDLE_OPT_NOISE, 1.0), SADDLE_E_ARGUMENT,
                "set_real: the set of options is NULL");
    EXPECT_FAIL(saddle_options_set_text(NULL, "seed", "1"), SADDLE_E_ARGUMENT, "set_text: the set of options is NULL");
    EXPECT_FAIL(saddle_options_set_text(o, NULL, "1"), SADDLE_E_ARGUMENT, "saddle_options_set_text");
    EXPECT_FAIL(saddle_options_set_text(o, "seed", NULL), SADDLE_E_ARGUMENT, "saddle_options_set_text");
    EXPECT_FAIL(saddle_options_get_int(o, SADDLE_OPT_SEED, NULL), SADDLE_E_ARGUMENT, "value is NULL");
    EXPECT_FAIL(saddle_options_get_real(o, SADDLE_OPT_NOISE, NULL), SADDLE_E_ARGUMENT, "value is NULL");
    static const int none[] = {0, 99, 107, 208, 0x7fffffff};
    for (size_t k = 0; k < sizeof none / sizeof none[0]; k++) {
        char said[32];
        (void)snprintf(said, sizeof said, "option number %d", none[k]);
        EXPECT_FAIL(saddle_options_set_int(o, (saddle_option)none[k], 1), SADDLE_E_UNSUPPORTED, said);
        EXPECT_FAIL(saddle_options_set_real(o, (saddle_option)none[k], 1.0), SADDLE_E_UNSUPPORTED, said);
        EXPECT_FAIL(saddle_options_get_int(o, (saddle_option)none[k], &i), SADDLE_E_UNSUPPORTED, said);
        EXPECT_FAIL(saddle_options_get_real(o, (saddle_option)none[k], &r), SADDLE_E_UNSUPPORTED, said);
    }
    ck_assert(i == -77 && r == -77.0);
    EXPECT_FAIL(saddle_options_set_text(o, "step-size", "1"), SADDLE_E_UNSUPPORTED, "no option \"step-size\"");
    EXPECT_FAIL(saddle_options_set_text(o, "", "1"), SADDLE_E_UNSUPPORTED, "no option \"\"");
    saddle_options_destroy(o);
}
END_TEST

static double real_of(saddle_options *o, saddle_option id)
{
    double v = -77.0;
    EXPECT_OK(saddle_options_get_real(o, id, &v));
    return v;
}

static int64_t int_of(saddle_options *o, saddle_option id)
{
    int64_t v = -77;
    EXPECT_OK(saddle_options_get_int(o, id, &v));
    return v;
}

static void texts(saddle_options *o)
{
    EXPECT_OK(saddle_options_set_text(o, "step_size", "1.5e-2"));
    ck_assert_double_eq(real_of(o, SADDLE_OPT_STEP_SIZE), 0.015);
    EXPECT_FAIL(saddle_options_set_text(o, "step_size", "1,5"), SADDLE_E_ARGUMENT,
                "step_size is \"1,5\": expected a number");
    ck_assert_double_eq(real_of(o, SADDLE_OPT_STEP_SIZE), 0.015);
    EXPECT_FAIL(saddle_options_set_text(o, "noise", "-2.5"), SADDLE_E_RANGE, "noise is -2.5, outside 0 .. 1e+100");
}

START_TEST(numbers_are_read_from_text)
{
    saddle_options *o = made();
    texts(o);
    EXPECT_OK(saddle_options_set_text(o, "target_value", "-inf"));
    ck_assert(real_of(o, SADDLE_OPT_TARGET_VALUE) == -(double)INFINITY);
    EXPECT_OK(saddle_options_set_text(o, "seed", "4611686018427387904"));
    ck_assert_int_eq(int_of(o, SADDLE_OPT_SEED), INT64_C(1) << 62);
    static const char *const bad_reals[] = {"", " ", "x", "1x", "1 ", "1.5.2", "--1", "1e", "0x"};
    for (size_t k = 0; k < sizeof bad_reals / sizeof bad_reals[0]; k++) {
        EXPECT_FAIL(saddle_options_set_text(o, "step_size", bad_reals[k]), SADDLE_E_ARGUMENT, "step_size is \"");
    }
    EXPECT_FAIL(saddle_options_set_text(o, "step_size", "nan"), SADDLE_E_RANGE, "step_size is nan");
    EXPECT_FAIL(saddle_options_set_text(o, "step_size", "1e999"), SADDLE_E_RANGE, "step_size is inf");
    static const char *const bad_ints[] = {"", "x", "1.5", "1e3", "10 ", "99999999999999999999", "seed"};
    for (size_t k = 0; k < sizeof bad_ints / sizeof bad_ints[0]; k++) {
        EXPECT_FAIL(saddle_options_set_text(o, "seed", bad_ints[k]), SADDLE_E_ARGUMENT, "expected an integer");
    }
    EXPECT_FAIL(saddle_options_set_text(o, "seed", "-1"), SADDLE_E_RANGE,
                "seed is -1, outside 0 .. 4611686018427387904");
    ck_assert_int_eq(int_of(o, SADDLE_OPT_SEED), INT64_C(1) << 62);
    saddle_options_destroy(o);
}
END_TEST

START_TEST(words_are_read_from_text)
{
    saddle_options *o = made();
    for (int64_t i = 0; i < option_count(); i++) {
        const saddle_option_info a = info_at(i);
        char words[128], number[16];
        int64_t value = (int64_t)a.minimum;
        (void)snprintf(words, sizeof words, "%s", a.choices);
        char *rest = words;
        while (a.type == SADDLE_TYPE_CHOICE && rest != NULL) {
            char *word = rest;
            rest = strchr(rest, '|');
            if (rest != NULL) {
                *rest++ = '\0';
            }
            EXPECT_OK(saddle_options_set_int(o, (saddle_option)a.id, (int64_t)(value == 1 ? a.maximum : a.minimum)));
            EXPECT_OK(saddle_options_set_text(o, a.name, word));
            ck_assert_int_eq(int_of(o, (saddle_option)a.id), value);
            (void)snprintf(number, sizeof number, "%lld", (long long)value);
            EXPECT_OK(saddle_options_set_text(o, a.name, number));
            ck_assert_int_eq(int_of(o, (saddle_option)a.id), value);
            value++;
        }
        ck_assert(a.type != SADDLE_TYPE_CHOICE || value == (int64_t)a.maximum + 1);
    }
    EXPECT_FAIL(saddle_options_set_text(o, "schedule", "cos"), SADDLE_E_ARGUMENT,
                "schedule is \"cos\": expected one of constant|inverse|inverse_sqrt|exponential|cosine");
    EXPECT_FAIL(saddle_options_set_text(o, "output", "last|uniform"), SADDLE_E_ARGUMENT,
                "expected one of last|uniform|best");
    EXPECT_FAIL(saddle_options_set_text(o, "output", ""), SADDLE_E_ARGUMENT, "last|uniform|best");
    EXPECT_FAIL(saddle_options_set_text(o, "output", "Last"), SADDLE_E_ARGUMENT, "last|uniform|best");
    EXPECT_FAIL(saddle_options_set_text(o, "output", "4"), SADDLE_E_RANGE,
                "output is 4, outside 1 .. 3: last|uniform|best");
    saddle_options_destroy(o);
}
END_TEST

/* A locale with a decimal comma, where the system has one. */
START_TEST(the_locale_does_not_matter)
{
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8", "C"};
    const char *found = NULL;
    for (size_t k = 0; found == NULL; k++) {
        found = setlocale(LC_ALL, locales[k]);
    }
    saddle_options *o = made();
    texts(o);
    ck_assert_str_eq(setlocale(LC_ALL, NULL), found);
    saddle_options_destroy(o);
    (void)setlocale(LC_ALL, "C");
}
END_TEST

/* A text means one number, also where the caller rounds differently. */
START_TEST(the_rounding_mode_does_not_matter)
{
    static const int modes[] = {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    saddle_options *o = made();
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(fesetround(modes[k]), 0);
        const saddle_status s1 = saddle_options_set_text(o, "step_size", "0.1");
        const saddle_status s2 = saddle_options_set_text(o, "noise", "0.3");
        const int mode = fegetround();
        (void)fesetround(FE_TONEAREST);
        EXPECT_OK(s1);
        EXPECT_OK(s2);
        ck_assert_int_eq(mode, modes[k]);
        ck_assert(real_of(o, SADDLE_OPT_STEP_SIZE) == 0x1.999999999999ap-4);
        ck_assert(real_of(o, SADDLE_OPT_NOISE) == 0x1.3333333333333p-2);
    }
    saddle_options_destroy(o);
}
END_TEST

START_TEST(long_texts_fit_the_message)
{
    char text[2000];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    saddle_options *o = made();
    EXPECT_FAIL(saddle_options_set_text(o, text, "1"), SADDLE_E_UNSUPPORTED, "yyyy");
    EXPECT_FAIL(saddle_options_set_text(o, "output", text), SADDLE_E_ARGUMENT, "last|uniform|best");
    saddle_options_destroy(o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *c = tcase_create("options");
    tcase_add_test(c, the_table_is_complete);
    tcase_add_test(c, defaults_are_what_the_table_says);
    tcase_add_test(c, a_description_knows_its_size);
    tcase_add_test(c, ranges_are_kept);
    tcase_add_test(c, the_curvature_options_are_as_documented);
    tcase_add_test(c, a_tolerance_of_1_is_refused_with_a_bound_that_is_not_1);
    tcase_add_test(c, integers_set_reals);
    tcase_add_test(c, null_and_unknown_are_refused);
    tcase_add_test(c, numbers_are_read_from_text);
    tcase_add_test(c, words_are_read_from_text);
    tcase_add_test(c, the_locale_does_not_matter);
    tcase_add_test(c, the_rounding_mode_does_not_matter);
    tcase_add_test(c, long_texts_fit_the_message);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
