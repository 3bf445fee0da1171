#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check.sh SOURCE_INCLUDE BUILD_INCLUDE: each public header alone, as C and C++ of several years, without a warning.
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiled=0
try() {
    echo "#include <saddle/$3>" >"$work/one.$2"
    # shellcheck disable=SC2086
    $1 -Wall -Wextra -Wpedantic -Werror -I"$source" -I"$build" -fsyntax-only "$work/one.$2" || { echo "$1: saddle/$3" >&2; exit 1; }
    compiled=$((compiled + 1))
}
for header in "$source"/saddle/*.h "$build"/saddle/version.h; do
    name=$(basename "$header")
    for cc in gcc clang; do
        command -v $cc >/dev/null || continue
        for std in c99 c11 c17; do try "$cc -std=$std" c "$name"; done
    done
    for cxx in g++ clang++; do
        command -v $cxx >/dev/null || continue
        for std in c++11 c++20; do try "$cxx -std=$std" cpp "$name"; done
    done
done
# the library refuses to be built where sums would be reordered
for cc in gcc clang; do
    command -v $cc >/dev/null || continue
    for flag in -ffast-math -Ofast; do
        if $cc -std=c11 $flag -I"$source" -I"$build" -I"$source/../lib" -fsyntax-only "$source/../lib/base/status.c" 2>"$work/fast"; then
            echo "$cc $flag was not refused" >&2
            exit 1
        fi
        grep -q 'without -ffast-math' "$work/fast"
    done
done
echo "$compiled compilations"
[ "$compiled" -gt 0 ]
