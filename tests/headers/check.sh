#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check.sh SOURCE_INCLUDE BUILD_INCLUDE: each public header alone, and twice, as C and C++ of several years, without a warning.
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiled=0
c_warnings="-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wcast-qual"
cpp_warnings="-Wold-style-cast -Wzero-as-null-pointer-constant"
try() {
    printf '#include <saddle/%s>\n#include <saddle/%s>\nint one;\n' "$3" "$3" >"$work/one.$2"
    local more=$c_warnings
    [ "$2" = c ] || more=$cpp_warnings
    # shellcheck disable=SC2086
    $1 -Wall -Wextra -Wpedantic -Werror -Wundef -Wshadow -Wconversion -Wredundant-decls $more -I"$source" -I"$build" -fsyntax-only "$work/one.$2" ||
        { echo "$1: saddle/$3" >&2; exit 1; }
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
# a program that must not export the library's symbols again, and one whose compiler makes enumerations small: those that functions take
# and return stay 32 bits wide
cat >"$work/small.c" <<'C'
#define SADDLE_API
#include <saddle/saddle.h>
_Static_assert(sizeof(saddle_status) == 4 && sizeof(saddle_option) == 4 && sizeof(saddle_method) == 4, "an enumeration is not 32 bits wide");
C
for cc in gcc clang; do
    command -v $cc >/dev/null || continue
    $cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fshort-enums -I"$source" -I"$build" -fsyntax-only "$work/small.c"
    compiled=$((compiled + 1))
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
