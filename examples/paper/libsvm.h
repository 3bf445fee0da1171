/* SPDX-License-Identifier: BSD-3-Clause */
/* Data in the text format of LIBSVM, plain or compressed by gzip: a line "label index:value index:value ..." for each
 * sample, indices from 1. */
#ifndef LIBSVM_H
#define LIBSVM_H
#include <stdint.h>

/* Sparse rows: the entries of sample i are column[k], value[k], row[i] <= k < row[i + 1]. */
struct libsvm {
    int32_t dim; /* greatest index */
    int64_t samples;
    double *label;   /* samples */
    int64_t *row;    /* samples + 1 */
    int32_t *column; /* from 0 */
    double *value;
};

/* Reads a file. Returns 0, or -1 with an error printed that names the program and the line. Release in both cases. */
int libsvm_read(const char *program, const char *path, struct libsvm *out);
void libsvm_release(struct libsvm *s);

#endif
