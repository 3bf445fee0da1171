/* SPDX-License-Identifier: BSD-3-Clause */
/* Gives the files that are named, and those of the folders that are, to a target, in the order of their names: what once
 * was found stays mended. A finding aborts. Fails when there was no file. Usage: replay_TARGET FILE|FOLDER... */
#include "fuzz/bytes.h"
#include <dirent.h>
#include <sys/stat.h>

enum { MOST = 1 << 20, PATH = 4096 };

static int count;

static int replay_file(const char *path)
{
    static uint8_t data[MOST];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    const size_t size = fread(data, 1, sizeof data, f);
    fclose(f);
    uint8_t *exact = malloc(size + (size == 0)); /* so that a read past the end is one past the block */
    if (exact == NULL) {
        return 1;
    }
    memcpy(exact, data, size);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that ended the program */
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    count++;
    return 0;
}

static int replay(const char *path)
{
    struct stat what;
    struct dirent **entries = NULL;
    if (stat(path, &what) != 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(what.st_mode)) {
        return replay_file(path);
    }
    const int entry_count = scandir(path, &entries, NULL, alphasort);
    int failed = entry_count < 0;
    for (int i = 0; i < entry_count; i++) {
        static char below[PATH];
        if (entries[i]->d_name[0] != '.') {
            snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
            failed += replay_file(below);
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        failed += replay(argv[i]);
    }
    printf("%d inputs\n", count);
    return failed > 0 || count == 0;
}
