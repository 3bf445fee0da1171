/* SPDX-License-Identifier: BSD-3-Clause */
/* Names, texts, versions, and the message of each thread. */
#include "support/expect.h"
#include "support/run_suite.h"
#include <pthread.h>
#include <saddle/saddle.h>
#include <stdio.h>

START_TEST(version_of_headers_and_library_agree)
{
    ck_assert_int_eq(saddle_version(),
                     SADDLE_VERSION_MAJOR * 1000000 + SADDLE_VERSION_MINOR * 1000 + SADDLE_VERSION_PATCH);
    char text[32];
    (void)snprintf(text, sizeof text, "%d.%d.%d", SADDLE_VERSION_MAJOR, SADDLE_VERSION_MINOR, SADDLE_VERSION_PATCH);
    ck_assert_str_eq(saddle_version_string(), text);
}
END_TEST

START_TEST(every_status_has_its_own_name_and_text)
{
    static const char *const names[] = {
        "SADDLE_OK",         "SADDLE_E_ARGUMENT", "SADDLE_E_RANGE",       "SADDLE_E_MEMORY",
        "SADDLE_E_OVERFLOW", "SADDLE_E_CALLBACK", "SADDLE_E_NOT_FINITE",  "SADDLE_E_MISSING",
        "SADDLE_E_STATE",    "SADDLE_E_IO",       "SADDLE_E_FORMAT",      "SADDLE_E_MISMATCH",
        "SADDLE_E_COMM",     "SADDLE_E_LINALG",   "SADDLE_E_UNSUPPORTED", "SADDLE_E_STRUCT_SIZE",
    };
    for (int i = 0; i < 16; i++) {
        ck_assert_str_eq(saddle_status_name((saddle_status)-i), names[i]);
        ck_assert_uint_gt(strlen(saddle_status_text((saddle_status)-i)), 3);
        for (int j = 0; j < i; j++) {
            ck_assert_str_ne(saddle_status_text((saddle_status)-i), saddle_status_text((saddle_status)-j));
        }
    }
    static const int none[] = {1, -16, -1000, 0x7fffffff, -0x7fffffff - 1};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_str_eq(saddle_status_name((saddle_status)none[i]), "SADDLE_E_UNKNOWN");
        ck_assert_uint_gt(strlen(saddle_status_text((saddle_status)none[i])), 3);
    }
}
END_TEST

START_TEST(stops_and_kinds_have_names)
{
    static const char *const stops[] = {"none", "steps", "epochs", "seconds", "value", "gradient",
                                        "second_order", "method", "monitor", "request", "diverged"};
    for (int i = 0; i <= SADDLE_STOP_DIVERGED; i++) {
        ck_assert_str_eq(saddle_stop_name(i), stops[i]);
    }
    static const char *const kinds[] = {"unknown", "not_stationary", "first_order", "strict_saddle", "second_order"};
    for (int i = 0; i <= SADDLE_KIND_SECOND_ORDER; i++) {
        ck_assert_str_eq(saddle_kind_name(i), kinds[i]);
    }
    static const int64_t none[] = {-1, 11, INT64_MAX, INT64_MIN, INT64_C(1) << 32};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_ptr_null(saddle_stop_name(none[i]));
        ck_assert_ptr_null(saddle_kind_name(none[i]));
    }
    ck_assert_ptr_null(saddle_kind_name(5));
}
END_TEST

START_TEST(methods_are_found_by_name_and_number)
{
    static const char *const names[] = {"gd", "sgd", "sgd_gd", "pgd", "ngd", "psgd", "sgld"};
    for (int i = 0; i < 7; i++) {
        const saddle_method m = (saddle_method)(i + 1);
        ck_assert_str_eq(saddle_method_name(m), names[i]);
        ck_assert_int_eq(saddle_method_find(names[i]), m);
    }
    static const char *const none[] = {"", "GD", "gd ", " gd", "sgd-gd", "g", "gdx"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_int_eq(saddle_method_find(none[i]), 0);
    }
    ck_assert_int_eq(saddle_method_find(NULL), 0);
    ck_assert_ptr_null(saddle_method_name((saddle_method)0));
    ck_assert_ptr_null(saddle_method_name((saddle_method)8));
    ck_assert_ptr_null(saddle_method_name((saddle_method)-1));
    ck_assert_ptr_null(saddle_method_name(SADDLE_METHOD_INT32));
}
END_TEST

static void *fail_in_a_thread(void *result)
{
    int *good = result;
    *good = strcmp(saddle_error_message(), "") == 0; /* nothing has failed in this thread */
    saddle_options *o = NULL;
    *good = *good && saddle_options_create(NULL, &o) == SADDLE_OK && strcmp(saddle_error_message(), "") == 0;
    *good = *good && saddle_options_set_int(o, SADDLE_OPT_SEED, -17) == SADDLE_E_RANGE;
    *good = *good && strstr(saddle_error_message(), "-17") != NULL;
    saddle_options_destroy(o);
    return NULL;
}

START_TEST(each_thread_has_its_message)
{
    EXPECT_FAIL(saddle_context_set_threads(NULL, 2), SADDLE_E_ARGUMENT, "saddle_context_set_threads");
    char before[512];
    (void)snprintf(before, sizeof before, "%s", saddle_error_message());
    int good = 0;
    pthread_t other;
    ck_assert_int_eq(pthread_create(&other, NULL, fail_in_a_thread, &good), 0);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    ck_assert(good);
    ck_assert_str_eq(saddle_error_message(), before);
}
END_TEST

START_TEST(a_success_leaves_the_message)
{
    EXPECT_FAIL(saddle_context_set_threads(NULL, 2), SADDLE_E_ARGUMENT, "NULL");
    saddle_options *o = NULL;
    EXPECT_OK(saddle_options_create(NULL, &o));
    EXPECT_OK(saddle_options_set_int(o, SADDLE_OPT_SEED, 3));
    EXPECT_MESSAGE("saddle_context_set_threads");
    saddle_options_destroy(o);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *c = tcase_create("names");
    tcase_add_test(c, version_of_headers_and_library_agree);
    tcase_add_test(c, every_status_has_its_own_name_and_text);
    tcase_add_test(c, stops_and_kinds_have_names);
    tcase_add_test(c, methods_are_found_by_name_and_number);
    tcase_add_test(c, each_thread_has_its_message);
    tcase_add_test(c, a_success_leaves_the_message);
    suite_add_tcase(suite, c);
    return saddle_run_suite(suite);
}
