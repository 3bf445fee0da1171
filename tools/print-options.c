/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints docs/options.md from saddle_option_describe(), so that the page cannot differ from the library. */
#include <saddle/saddle.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char head[] =
    "# Options\n"
    "\n"
    "All settings of a run, as the library describes them itself (`saddle_option_describe()`). This page is printed by\n"
    "`tools/print-options.c`; a test fails when it and the library differ.\n"
    "\n"
    "In C an option is `SADDLE_OPT_` and its name in capitals; `saddle_options_set_text(o, \"step_size\", \"1e-2\")` takes the\n"
    "name as it stands here, and the word of a choice. Numbers never change. A method ignores what it does not read; its page\n"
    "([list](README.md)) says what it reads.\n";

/* Options come in groups of numbers with gaps between them. */
static const char *group_of(int64_t id)
{
    return id < 120 ? "The run" : id < 140 ? "Limits" : id < 200 ? "Tests and monitor" : id < 300 ? "Escape and noise" : id < 400 ? "Curvature" : "CNC condition";
}

/* One of "a|b|c", numbered from minimum; *word is left on the next one. Returns its length. */
static int next_word(const char **word)
{
    const int length = (int)strcspn(*word, "|");
    *word += length;
    *word += **word == '|';
    return length;
}

static void print_choices(const saddle_option_info *o)
{
    int64_t number = (int64_t)o->minimum;
    for (const char *next = o->choices; *next != '\0'; number++) {
        const char *word = next;
        const int length = next_word(&next);
        printf("%s%.*s (%" PRId64 ")", number > (int64_t)o->minimum ? ", " : "", length, word, number);
    }
}

static void print_default_choice(const saddle_option_info *o)
{
    int64_t number = (int64_t)o->minimum;
    for (const char *next = o->choices; *next != '\0'; number++) {
        const char *word = next;
        const int length = next_word(&next);
        if (number == (int64_t)o->initial) {
            printf("%.*s", length, word);
        }
    }
}

static void print_number(double x)
{
    int exponent;
    if (x > 1e9 && frexp(x, &exponent) == 0.5) { /* exact: a power of two */
        printf("2^%d", exponent - 1);
    } else {
        printf("%g", x);
    }
}

static void print_option(const saddle_option_info *o)
{
    printf("| `%s` | %" PRId64 " | ", o->name, o->id);
    if (o->type == SADDLE_TYPE_CHOICE) {
        printf("word | ");
        print_choices(o);
        printf(" | ");
        print_default_choice(o);
    } else {
        printf("%s | ", o->type == SADDLE_TYPE_INT ? "integer" : "real");
        print_number(o->minimum);
        printf(" .. ");
        print_number(o->maximum);
        printf(" | %g", o->initial);
    }
    printf(" | ");
    for (const char *c = o->text; *c != '\0'; c++) { /* a bar would end the cell */
        fputs(*c == '|' ? "\\" : "", stdout);
        putchar(*c);
    }
    printf(" |\n");
}

int main(void)
{
    const char *group = "";
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    fputs(head, stdout);
    for (int64_t i = 0; saddle_option_describe(i, &info) == SADDLE_OK; i++) {
        if (strcmp(group, group_of(info.id)) != 0) {
            group = group_of(info.id);
            printf("\n## %s\n\n| name | number | type | values | default | meaning |\n", group);
            printf("| --- | --- | --- | --- | --- | --- |\n");
        }
        print_option(&info);
        info.struct_size = (int64_t)sizeof info;
    }
    return ferror(stdout) != 0;
}
