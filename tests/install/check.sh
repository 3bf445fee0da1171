#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check.sh SOURCE BUILD: installs into an empty folder, and uses what is there as a stranger would: by pkg-config alone, shared and static,
# moved by DESTDIR, from C and C++, and as a Meson subproject.
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings=(-Wall -Wextra -Wpedantic -Werror)
fail() { echo "$*" >&2; exit 1; }

prefix=$(meson introspect "$build" --buildoptions |
    python3 -c 'import json, sys; print([o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"][0])')
DESTDIR=$work/root meson install -C "$build" --no-rebuild >"$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }
root=$work/root$prefix

# every header, the library under its three names, the archive, the description; nothing else, and nothing outside the prefix
pc=$(find "$root" -name saddle.pc)
[ -n "$pc" ] || fail "saddle.pc was not installed"
libdir=$(dirname "$(dirname "$pc")")
{
    (cd "$source/include" && find saddle -name '*.h') | sed "s|^|$root/include/|"
    echo "$root/include/saddle/version.h"
    printf '%s\n' "$libdir/libsaddle.a" "$libdir/libsaddle.so" "$libdir/libsaddle.so.0" "$pc"
} | sort >"$work/expected"
find "$work/root" ! -type d ! -name 'libsaddle.so.0.*' | sort | diff "$work/expected" - || fail "the installed files are not those that were expected"

# what is needed to run it: the name that programs ask for, BLAS and, where it is apart, LAPACKE; no folder of this machine
readelf -d "$libdir/libsaddle.so" >"$work/dynamic"
grep -q 'SONAME.*\[libsaddle\.so\.0\]' "$work/dynamic" || fail "the soname is not libsaddle.so.0"
grep -q 'NEEDED.*blas' "$work/dynamic" || fail "the installed library does not say that it needs BLAS"
if grep -E 'R(UN)?PATH' "$work/dynamic"; then
    fail "the installed library looks in folders of this machine"
fi

# The folder is not where it will be, so the description is told where it is; --define-variable would move OpenBLAS too.
describe() { # FOLDER LIBRARY_FOLDER: a saddle.pc in FOLDER for the library there
    mkdir -p "$1"
    sed -e "s|^prefix=.*|prefix=$root|" -e "s|^libdir=.*|libdir=$2|" "$pc" >"$1/saddle.pc"
}
describe "$work/shared" "$libdir"
mkdir "$work/archive" && cp "$libdir/libsaddle.a" "$work/archive/"
describe "$work/static" "$work/archive"
flags() { PKG_CONFIG_PATH=$work/$1:${PKG_CONFIG_PATH:-} pkg-config "${@:2}" saddle; }

# every example alone against the installed library
count=0
for example in "$source"/examples/*.c; do
    name=$(basename "$example" .c)
    # shellcheck disable=SC2046
    cc -std=c11 -O2 "${warnings[@]}" "$example" "$source"/examples/support/*.c $(flags shared --cflags --libs) -lm -o "$work/$name"
    count=$((count + 1))
done
[ "$count" -gt 0 ] || fail "there are no examples"

# and those in C++ and, where it is, Fortran
# shellcheck disable=SC2046
c++ -std=c++11 "${warnings[@]}" "$source/examples/cpp/escape.cpp" $(flags shared --cflags --libs) -o "$work/escape-cpp"
LD_LIBRARY_PATH=$libdir "$work/escape-cpp" | cmp "$source/tests/languages/escape.out" -
count=$((count + 1))
if command -v gfortran >/dev/null; then
    mkdir "$work/modules"
    # shellcheck disable=SC2046
    gfortran -std=f2018 -J "$work/modules" "$source"/examples/fortran/{saddle,escape}.f90 $(flags shared --libs) -o "$work/escape-fortran"
    LD_LIBRARY_PATH=$libdir "$work/escape-fortran" | cmp "$source/tests/languages/escape.out" -
    count=$((count + 1))
fi

# the quick start from a folder of its own, as README.md tells to build it; then with the archive; then as C++
mkdir "$work/alone" && cp "$source/examples/quickstart.c" "$work/alone/" && cd "$work/alone"
# shellcheck disable=SC2046
cc quickstart.c $(flags shared --cflags --libs) -o quickstart
LD_LIBRARY_PATH=$libdir ./quickstart >quickstart.out
[ -s quickstart.out ] || fail "the quick start prints nothing"
# shellcheck disable=SC2046
cc quickstart.c $(flags static --cflags) $(flags static --static --libs) -o quickstart-static
./quickstart-static >static.out
cmp quickstart.out static.out
# and by the very line of the guide that names the archive, with both libraries installed side by side
line=$(sed -n '/^# static:/,/^```/{/^[#`]/d;p}' "$source/docs/guide.md")
[ -n "$line" ] || fail "docs/guide.md has no line for linking the archive"
cp quickstart.c program.c
PKG_CONFIG_PATH=$work/shared:${PKG_CONFIG_PATH:-} bash -euc "$line" ||
    fail "the guide's line for linking the archive fails"
if readelf -d a.out | grep 'NEEDED.*saddle'; then
    fail "the guide's line for linking the archive takes the shared library"
fi
./a.out | cmp quickstart.out -
cat >user.cpp <<'CPP'
#include <saddle/saddle.h>
#include <cstdio>
int main()
{
    saddle_options *options = nullptr;
    if (saddle_options_create(nullptr, &options) != SADDLE_OK || saddle_options_set_text(options, "seed", "7") != SADDLE_OK) {
        return 1;
    }
    saddle_options_destroy(options);
    return std::printf("%s\n", saddle_version_string()) > 0 ? 0 : 1;
}
CPP
# shellcheck disable=SC2046
c++ -std=c++11 "${warnings[@]}" user.cpp $(flags shared --cflags --libs) -o user
version=$(LD_LIBRARY_PATH=$libdir ./user)
[ "$version" = "$(flags shared --modversion)" ] || fail "saddle.pc speaks of another version than the library: $version"

# a Meson subproject, which brings neither tests nor examples along
mkdir -p "$work/user/subprojects"
ln -s "$source" "$work/user/subprojects/libsaddle"
cp "$source/examples/quickstart.c" "$work/user/"
cat >"$work/user/meson.build" <<'MESON'
project('user', 'c')
saddle = dependency('saddle', fallback: ['libsaddle', 'saddle_dep'])
executable('quickstart', 'quickstart.c', dependencies: saddle)
MESON
cd "$work/user"
{ meson setup b --wrap-mode=forcefallback && ninja -C b && b/quickstart >quickstart.out; } >log 2>&1 || { tail -n 30 log; exit 1; }
cmp "$work/alone/quickstart.out" quickstart.out
if find b/subprojects/libsaddle -path '*/tests/*' -o -path '*/examples/*' | grep .; then
    fail "the subproject builds tests or examples"
fi
echo "$count examples built against the installed library"
