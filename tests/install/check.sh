#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check.sh SOURCE BUILD: installs into an empty folder, and uses what is there as a stranger would: by pkg-config alone, shared and static,
# moved by DESTDIR, and as a Meson subproject.
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$(meson introspect "$build" --buildoptions | python3 -c 'import json,sys; print([o["value"] for o in json.load(sys.stdin) if o["name"]=="prefix"][0])')

DESTDIR=$work/root meson install -C "$build" --no-rebuild >"$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }
root=$work/root$prefix
pc=$(find "$root" -name saddle.pc)
[ -n "$pc" ] || { echo "saddle.pc was not installed"; exit 1; }
for f in saddle.h version.h status.h context.h objective.h options.h solver.h random.h; do
    [ -f "$root/include/saddle/$f" ] || { echo "saddle/$f was not installed"; exit 1; }
done
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$pc")
libdir=$(dirname "$PKG_CONFIG_PATH")
flags() { pkg-config --define-variable=prefix="$root" "$@" saddle; }

# every example alone against the installed library, the shared one and the archive
count=0
for example in "$source"/examples/*.c; do
    name=$(basename "$example" .c)
    # shellcheck disable=SC2046
    cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Werror "$example" "$source"/examples/support/*.c \
        $(flags --cflags --libs) -lm -o "$work/$name"
    count=$((count + 1))
done
cp "$source/examples/quickstart.c" "$work/"
(cd "$work" && cc quickstart.c $(flags --cflags --libs) -o quickstart && LD_LIBRARY_PATH=$libdir ./quickstart >quickstart.out && [ -s quickstart.out ])
cp "$libdir/libsaddle.a" "$work/"
# shellcheck disable=SC2046
(cd "$work" && cc quickstart.c $(flags --cflags) libsaddle.a $(pkg-config --static --libs saddle | sed 's/-L[^ ]*libsaddle[^ ]*//; s/-lsaddle//') -o quickstart-static && ./quickstart-static >static.out)
cmp "$work/quickstart.out" "$work/static.out"

# a Meson subproject
mkdir -p "$work/user/subprojects"
ln -s "$source" "$work/user/subprojects/libsaddle"
cp "$source/examples/quickstart.c" "$work/user/"
cat >"$work/user/meson.build" <<'MESON'
project('user', 'c')
saddle = dependency('saddle', fallback: ['libsaddle', 'saddle_dep'])
executable('quickstart', 'quickstart.c', dependencies: saddle)
MESON
(cd "$work/user" && env -u PKG_CONFIG_PATH meson setup b --wrap-mode=forcefallback && ninja -C b && b/quickstart >../sub.out) >"$work/sub.log" 2>&1 || { tail -n 30 "$work/sub.log"; exit 1; }
cmp "$work/quickstart.out" "$work/sub.out"
echo "$count examples built against the installed library"
