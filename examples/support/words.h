/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line as words: "--name value" or "--name=value"; "--step-size" and "--step_size" are the same. */
#ifndef WORDS_H
#define WORDS_H
#include <stdint.h>
#include <saddle/saddle.h>

enum { WORDS_MOST = 64, WORDS_LENGTH = 64 };

/* Exit codes of all examples. */
enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* A word that the program itself reads; everything else is an option of the library. */
struct word {
    const char *name;
    const char *value; /* how --help calls its value, "FILE" */
    const char *text;
};

struct program {
    const char *name;
    const char *text;         /* what it does, in a few sentences */
    const char *operand;      /* how --help calls what may follow without dashes, NULL = nothing may */
    const struct word *words; /* ended by a name that is NULL */
    int takes_options;        /* does it pass words on to the library? */
};

struct words {
    const struct program *program;
    int count;
    struct {
        char name[WORDS_LENGTH];
        const char *value;
        int own; /* the program's, not the library's */
    } pair[WORDS_MOST];
    const char *operand; /* NULL = none was given */
};

/* Reads the command line. Returns -1 to go on; else the exit code, with help or an error printed. */
int words_read(struct words *w, const struct program *p, int argc, char **argv);

/* The value of a word of the program, NULL when it was not given; the last one counts. */
const char *words_value(const struct words *w, const char *name);

/* The same as an integer in least .. most, or initial. Returns EXIT_GOOD or, with an error printed, EXIT_USAGE. */
int words_integer(const struct words *w, const char *name, int64_t least, int64_t most, int64_t initial,
                  int64_t *out);

/* Sets the words for the library. Returns EXIT_GOOD or, with an error printed, EXIT_USAGE. */
int words_set_options(const struct words *w, saddle_options *o);

/* Sets options from "step_size=0.43 max_steps=1000". Returns EXIT_GOOD or, with an error printed, EXIT_USAGE. */
int words_set_settings(const char *program, const char *settings, saddle_options *o);

#endif
