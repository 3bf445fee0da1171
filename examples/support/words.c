/* SPDX-License-Identifier: BSD-3-Clause */
#include "words.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 79, INDENT = 27 };

/* Prints text after `column` columns are full, broken between words, further lines indented. */
static void print_wrapped(const char *text, int column, int indent)
{
    int at = column;
    while (*text != '\0') {
        const int length = (int)strcspn(text, " ");
        if (at + 1 + length > COLUMNS && at > indent) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        printf("%.*s", length, text);
        at += length;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_entry(const char *name, const char *value, const char *text)
{
    const int at = printf("  --%s %s", name, value);
    if (at < INDENT) {
        printf("%*s", INDENT - at, "");
    } else {
        printf("\n%*s", INDENT, "");
    }
    print_wrapped(text, INDENT, INDENT);
}

static void print_option(const saddle_option_info *o)
{
    char text[512], words[128];
    const char *kind = o->type == SADDLE_TYPE_INT ? "INTEGER" : o->type == SADDLE_TYPE_REAL ? "REAL" : "WORD";
    if (o->type == SADDLE_TYPE_CHOICE) {
        snprintf(words, sizeof words, "%s", o->choices);
        for (char *p = strchr(words, '|'); p != NULL; p = strchr(p, '|')) {
            *p = ' ';
        }
        snprintf(text, sizeof text, "%s One of: %s.", o->text, words);
    } else {
        snprintf(text, sizeof text, "%s [%g]", o->text, o->initial);
    }
    print_entry(o->name, kind, text);
}

static void print_help(const struct program *p)
{
    printf("Usage: %s [--name value]...%s%s%s\n\n", p->name, p->operand != NULL ? " [" : "",
           p->operand != NULL ? p->operand : "", p->operand != NULL ? "]" : "");
    print_wrapped(p->text, 0, 0);
    putchar('\n');
    for (const struct word *w = p->words; w->name != NULL; w++) {
        print_entry(w->name, w->value, w->text);
    }
    print_entry("help", "", "This text.");
    if (!p->takes_options) {
        return;
    }
    printf("\nOptions of the library, in place of the method's own settings:\n\n");
    saddle_option_info info = {.struct_size = (int64_t)sizeof info};
    for (int64_t i = 0; saddle_option_describe(i, &info) == SADDLE_OK; i++) {
        print_option(&info);
        info.struct_size = (int64_t)sizeof info;
    }
}

static int complain(const struct program *p, const char *text, const char *word)
{
    fprintf(stderr, "%s: %s%s\nTry '%s --help'.\n", p->name, text, word, p->name);
    return EXIT_USAGE;
}

static int is_own(const struct program *p, const char *name)
{
    for (const struct word *w = p->words; w->name != NULL; w++) {
        if (strcmp(w->name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* One "--name value" at argv[*i]; *i is left on its last word. */
static int read_pair(struct words *w, int argc, char **argv, int *i)
{
    const struct program *p = w->program;
    const char *word = argv[*i] + 2;
    const size_t length = strcspn(word, "=");
    if (length == 0 || length >= WORDS_LENGTH || w->count == WORDS_MOST) {
        return complain(p, "cannot use the word ", argv[*i]);
    }
    char *name = w->pair[w->count].name;
    memcpy(name, word, length);
    name[length] = '\0';
    for (char *c = strchr(name, '-'); c != NULL; c = strchr(c, '-')) {
        *c = '_';
    }
    w->pair[w->count].own = is_own(p, name);
    if (!w->pair[w->count].own && !p->takes_options) {
        return complain(p, "unknown word ", argv[*i]);
    }
    if (word[length] == '=') {
        w->pair[w->count].value = word + length + 1;
    } else if (*i + 1 < argc) {
        w->pair[w->count].value = argv[++*i];
    } else {
        return complain(p, "a value is missing after ", argv[*i]);
    }
    w->count++;
    return -1;
}

/* A wrong option is told before any work is done. */
static int try_options(const struct words *w)
{
    saddle_options *o = NULL;
    if (saddle_options_create(NULL, &o) != SADDLE_OK) {
        fprintf(stderr, "%s: %s\n", w->program->name, saddle_error_message());
        return EXIT_FAILED;
    }
    const int code = words_set_options(w, o);
    saddle_options_destroy(o);
    return code;
}

int words_read(struct words *w, const struct program *p, int argc, char **argv)
{
    *w = (struct words){.program = p};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(p);
            return EXIT_GOOD;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            const int code = read_pair(w, argc, argv, &i);
            if (code >= 0) {
                return code;
            }
        } else if (p->operand != NULL && w->operand == NULL && argv[i][0] != '-') {
            w->operand = argv[i];
        } else {
            return complain(p, "cannot use the word ", argv[i]);
        }
    }
    const int code = try_options(w);
    return code == EXIT_GOOD ? -1 : code;
}

const char *words_value(const struct words *w, const char *name)
{
    for (int i = w->count - 1; i >= 0; i--) {
        if (strcmp(w->pair[i].name, name) == 0) {
            return w->pair[i].value;
        }
    }
    return NULL;
}

int words_integer(const struct words *w, const char *name, int64_t least, int64_t most, int64_t initial, int64_t *out)
{
    const char *value = words_value(w, name);
    *out = initial;
    if (value == NULL) {
        return EXIT_GOOD;
    }
    char *end;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < least || number > most) {
        fprintf(stderr, "%s: --%s is \"%s\": expected an integer from %lld to %lld\n", w->program->name, name, value,
                (long long)least, (long long)most);
        return EXIT_USAGE;
    }
    *out = number;
    return EXIT_GOOD;
}

static int set(const char *program, saddle_options *o, const char *name, const char *value)
{
    if (saddle_options_set_text(o, name, value) == SADDLE_OK) {
        return EXIT_GOOD;
    }
    fprintf(stderr, "%s: %s\n", program, saddle_error_message());
    return EXIT_USAGE;
}

int words_set_options(const struct words *w, saddle_options *o)
{
    for (int i = 0; i < w->count; i++) {
        if (!w->pair[i].own && set(w->program->name, o, w->pair[i].name, w->pair[i].value) != EXIT_GOOD) {
            fprintf(stderr, "Try '%s --help'.\n", w->program->name);
            return EXIT_USAGE;
        }
    }
    return EXIT_GOOD;
}

int words_set_settings(const char *program, const char *settings, saddle_options *o)
{
    while (*settings != '\0') {
        char pair[2 * WORDS_LENGTH];
        const size_t length = strcspn(settings, " ");
        snprintf(pair, sizeof pair, "%.*s", (int)length, settings);
        char *value = strchr(pair, '=');
        if (value == NULL) {
            fprintf(stderr, "%s: no '=' in the setting \"%s\"\n", program, pair);
            return EXIT_USAGE;
        }
        *value = '\0';
        if (set(program, o, pair, value + 1) != EXIT_GOOD) {
            return EXIT_USAGE;
        }
        settings += length;
        settings += strspn(settings, " ");
    }
    return EXIT_GOOD;
}
