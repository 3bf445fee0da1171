/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a Check suite as a program. */
#ifndef SADDLE_TEST_RUN_SUITE_H
#define SADDLE_TEST_RUN_SUITE_H
#include <check.h>

/* 0 when every test passed, else 1; a suite in which no test ran has failed. */
int saddle_run_suite(Suite *suite);

#endif
