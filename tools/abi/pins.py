# SPDX-License-Identifier: BSD-3-Clause
"""The static assertions of tests/abi/pins: written from the interface by tools/check-abi renew, compiled by each compiler that is there.
They hold for any compiler and also say what abidiff cannot see: numbers of enumerators that travel as int64_t, macros."""
import os
import re
import shutil
import subprocess

HEAD = """/* SPDX-License-Identifier: BSD-3-Clause */
/* {what} Written by tools/check-abi renew; docs/abi.md says what may change. */
#include <saddle/saddle.h>

{macros}
"""
NUMBERS = """#define NUMBER(name, value) _Static_assert((name) == (value), #name " is no longer " #value);
#define WIDTH(type) _Static_assert(sizeof(type) == 4, #type " is no longer 32 bits wide");
"""
STRUCTS = """#include <stddef.h>

#define TYPED(owner, member, ...) \\
    _Static_assert(_Generic(((owner *)0)->member, __VA_ARGS__: 1, default: 0), #owner "." #member " has another type");
#define MEMBER(owner, offset, member, ...) \\
    _Static_assert(offsetof(owner, member) == (offset), #owner "." #member " is no longer at byte " #offset); \\
    TYPED(owner, member, __VA_ARGS__)
#define SIZE(owner, size) _Static_assert(sizeof(owner) == (size), #owner " no longer has " #size " bytes");
/* what comes after a pointer is where it is on machines of 64 bits only */
#if UINTPTR_MAX > 0xffffffff
#define MEMBER_64(owner, offset, member, ...) MEMBER(owner, offset, member, __VA_ARGS__)
#define SIZE_64(owner, size) SIZE(owner, size)
#else
#define MEMBER_64(owner, offset, member, ...) TYPED(owner, member, __VA_ARGS__)
#define SIZE_64(owner, size) _Static_assert(sizeof(owner) < (size), #owner " has grown");
#endif
"""
FUNCTIONS = """#define FUNCTION(name, ...) _Static_assert(_Generic(&(name), __VA_ARGS__: 1, default: 0), #name " has another type");
#define CALLBACK(name, ...) _Static_assert(_Generic((name)0, __VA_ARGS__: 1, default: 0), #name " is another type");
"""
FILES = ("numbers.c", "structs.c", "functions.c")
PINNED = re.compile(r"^(?:NUMBER|WIDTH|SIZE(?:_64)?|FUNCTION|CALLBACK)\((\w+)[,)]|^MEMBER(?:_64)?\((\w+), \d+, (\w+),", re.M)


def files(interface):
    """file -> text"""
    numbers = [f"NUMBER({name}, {body})" for name, body in interface.macros.items() if re.search(r"\d", body) and "(" not in name]
    for enum, values in interface.enums.items():
        numbers += ["", f"WIDTH({enum})"] + [f"NUMBER({name}, {value})" for name, value in values.items()]
    structs = []
    for struct in interface.structs.values():
        wide = ""
        structs.append("")
        for i, (kind, member, _) in enumerate(struct.members):
            structs.append(f"MEMBER{wide}({struct.name}, {8 * i}, {member}, {kind})")
            wide = "_64" if "*" in kind else wide
        structs.append(f"SIZE{wide}({struct.name}, {8 * len(struct.members)})")
    functions = [f"CALLBACK({name}, {kind})" for name, kind in interface.types.items()] + [""]
    functions += [f"FUNCTION({name}, {kind})" for name, kind in interface.functions.items()]
    parts = {"numbers.c": ("Every enumerator and every macro with a number.", NUMBERS, numbers),
             "structs.c": ("Every member of every struct: its place and its type.", STRUCTS, structs),
             "functions.c": ("The type of every function and callback.", FUNCTIONS, functions)}
    return {name: HEAD.format(what=what, macros=macros) + "\n".join(lines).lstrip("\n") + "\n" for name, (what, macros, lines) in parts.items()}


def pinned(folder):
    """The names that the kept files pin: `name`, and `struct.member`."""
    names = set()
    for name in FILES:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            names |= {whole or f"{owner}.{member}" for whole, owner, member in PINNED.findall(f.read())}
    return names


def missing(interface, folder):
    wanted = [name for name, body in interface.macros.items() if re.search(r"\d", body) and "(" not in name]
    for enum, values in interface.enums.items():
        wanted += [enum, *values]
    for struct in interface.structs.values():
        wanted += [struct.name, *(f"{struct.name}.{member}" for _, member, _ in struct.members)]
    wanted += [*interface.types, *interface.functions]
    there = pinned(folder)
    return [name for name in wanted if name not in there]


def compile_all(headers, folder):
    """What the compilers say against the assertions; where a compiler makes programs of 32 bits, of those too."""
    found, compiled = [], 0
    for compiler in ("gcc", "clang", "cc"):
        if shutil.which(compiler) is None or compiler == "cc" and compiled:
            continue
        for width in ([], ["-m32"]):
            command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", *width, "-I", headers]
            if width and subprocess.run(command + ["-x", "c", "-"], input="#include <stdint.h>\n", text=True, capture_output=True).returncode:
                continue
            ran = subprocess.run(command + [os.path.join(folder, name) for name in FILES], capture_output=True, text=True)
            compiled += 1
            if ran.returncode:
                errors = [line for line in ran.stderr.splitlines() if "error:" in line]
                found += [f"{compiler}{' -m32' if width else ''}: {line}" for line in errors or [ran.stderr]]
    print(f"the pins were compiled {compiled} times")
    return found if compiled else ["no compiler was found"]
