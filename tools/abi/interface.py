# SPDX-License-Identifier: BSD-3-Clause
"""The public interface as the headers declare it, read from the preprocessor's output: what tools/check-abi compares, pins and asks the
library about. The headers keep to few forms of declarations; one that is not understood here is an error."""
import os
import re
import subprocess

TOKEN = re.compile(r'"[^"]*"|\w+|\.\.\.|\S')
ATTRIBUTE = re.compile(r"__attribute__ \( \( (\w+)(?: \( [^()]* \))? \) \)")
# by release, or there to keep a header from being read twice
NOT_KEPT = re.compile(r"^(SADDLE_VERSION_(MAJOR|MINOR|PATCH)|SADDLE_\w+_H)$")
SCALARS = {"int64_t", "double", "int32_t", "int", "uint64_t", "uint32_t", "size_t", "void", "char"}
SENTINEL = 0x7FFFFFFF


def neat(tokens):
    """Tokens as one writes them: `int (*fn)(void *user, double *w)`."""
    text = " ".join(tokens)
    text = re.sub(r"\s*([(),\[\]])\s*", r"\1", text).replace(",", ", ")
    text = re.sub(r"\*\s+", "*", text)
    return re.sub(r"(\w)\(\*", r"\1 (*", text)


class Struct:
    def __init__(self, name):
        self.name, self.members = name, []  # (type without the name, name, as written)

    def grows(self):
        return bool(self.members) and self.members[0][2] == "int64_t struct_size"


class Interface:
    def __init__(self):
        self.lines = {}  # key -> text, all that a program can see, in the order of the headers
        self.errors = []  # what breaks the rules of docs/abi.md whatever it was before
        self.enums, self.structs, self.opaque, self.types, self.functions, self.macros = {}, {}, set(), {}, {}, {}

    def add(self, header, key, text):
        key = f"{header}: {key}"
        if key in self.lines:
            self.errors.append(f"{key}: declared twice")
        self.lines[key] = text


def preprocessed(folder, compiler, language):
    """header -> its own text without comments and included files, and its macros"""
    command = [compiler, "-E", "-dD", "-x", language, "-I", folder, "-"]
    wanted = "".join(f"#include <saddle/{name}>\n" for name in sorted(os.listdir(os.path.join(folder, "saddle"))))
    out = subprocess.run(command, input=wanted, capture_output=True, text=True, check=True).stdout
    texts, macros, here = {}, {}, None
    for line in out.splitlines():
        marker = re.match(r'# \d+ "(.*?)"', line)
        if marker:
            inside = os.path.dirname(marker.group(1)) == os.path.join(folder, "saddle")
            here = os.path.basename(marker.group(1)) if inside else None
        elif here and line.startswith("#define "):
            name, body = re.match(r"#define (\w+(?:\([^)]*\))?) ?(.*)", line).groups()
            macros.setdefault(here, {})[name] = body.strip()
        elif here and not line.startswith("#"):
            texts[here] = texts.get(here, "") + line + "\n"
    return texts, macros


def declarations(text):
    """The token lists between the semicolons that are in no bracket."""
    depth, part = 0, []
    for token in TOKEN.findall(text):
        depth += (token in "({[") - (token in ")}]")
        if token == ";" and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def split(tokens, separator):
    depth, part = 0, []
    for token in tokens:
        depth += (token in "({[") - (token in ")}]")
        if token == separator and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def read_enum(interface, header, name, body):
    values = interface.enums[name] = {}
    interface.add(header, f"enum {name}", "32 bits" if SENTINEL in (number(e[2:]) for e in split(body, ",")) else "of any width")
    for tokens in split(body, ","):
        value = number(tokens[2:]) if tokens[1:2] == ["="] else None
        if value is None:
            interface.errors.append(f"{header}: enum {name}, {tokens[0]}: its number is not written out")
            continue
        for other, taken in values.items():
            if taken == value:
                interface.errors.append(f"{header}: enum {name}, {tokens[0]}: the number {value} is that of {other} already")
        values[tokens[0]] = value
        interface.add(header, f"enum {name}, {tokens[0]}", str(value))


def number(tokens):
    try:
        return int("".join(tokens), 0)
    except ValueError:
        return None


def read_struct(interface, header, name, body):
    struct = interface.structs[name] = Struct(name)
    interface.add(header, f"struct {name}", "size-tagged, may grow at its end" if body[:3] == ["int64_t", "struct_size", ";"] else "never grows")
    for tokens in declarations(" ".join(body)):
        if "(" in tokens:
            at = tokens.index("*", tokens.index("(")) + 1
            found = [(neat(tokens[:at] + tokens[at + 1:]), tokens[at], neat(tokens))]
        else:
            first, *more = split(tokens, ",")
            found = [(neat(first[:-1]), first[-1], neat(first))]
            found += [(neat(first[:-1]), m[-1], neat(first[:-1] + m)) for m in more]
        for kind, member, text in found:
            interface.add(header, f"struct {name}, member {len(struct.members)}", text)
            struct.members.append((kind, member, text))
            if "*" not in kind and kind not in ("int64_t", "double", "uint64_t"):
                interface.errors.append(f"{header}: struct {name}, {text}: members are int64_t, double or pointers")


def read_declaration(interface, header, tokens):
    text = " ".join(tokens)
    attributes = set(ATTRIBUTE.findall(text))
    tokens = ATTRIBUTE.sub("", text).split()
    head, last = tokens[:2], tokens[-1]
    if head in (["typedef", "enum"], ["typedef", "struct"]) and tokens[2] == last:
        if len(tokens) == 4 and head[1] == "struct":
            interface.opaque.add(last)
            interface.add(header, f"struct {last}", "opaque")
        else:
            (read_enum if head[1] == "enum" else read_struct)(interface, header, last, tokens[4:-2])
    elif tokens[0] == "typedef" and "(" in tokens and tokens[tokens.index("(") + 1] == "*":
        at = tokens.index("(") + 2
        interface.types[tokens[at]] = neat(tokens[1:at] + tokens[at + 1:])
        interface.add(header, f"type {tokens[at]}", neat(tokens[1:]))
        scalars(interface, header, tokens[1:])
    elif last == ")" and "{" not in tokens and "visibility" in attributes and "static" not in tokens and "inline" not in tokens:
        at = tokens.index("(") - 1
        interface.functions[tokens[at]] = neat(tokens[:at] + ["(", "*", ")"] + tokens[at + 1:])
        interface.add(header, f"function {tokens[at]}", neat(tokens) + (", look at the status" if "warn_unused_result" in attributes else ""))
        scalars(interface, header, tokens)
    else:
        interface.errors.append(f"{header}: `{neat(tokens)[:90]}`: the interface has enums, structs, types of callbacks and functions marked SADDLE_API")


def scalars(interface, header, tokens):
    """No type of a function or callback that other languages cannot call, or whose width is the compiler's choice."""
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else ""
        names_type = re.match(r"[A-Za-z_]\w*$", token) and (following == "*" or re.match(r"[A-Za-z_]\w*$", following)) and token != "const"
        if token == "..." or names_type and token not in SCALARS and not token.startswith("saddle_"):
            interface.errors.append(f"{header}: `{neat(tokens)}`: {token} is no type of the interface")
        if token in interface.enums and SENTINEL not in interface.enums[token].values():
            interface.errors.append(f"{header}: `{neat(tokens)}`: {token} has no last number 0x7fffffff that makes it 32 bits wide")
        if token in interface.structs and following != "*":
            interface.errors.append(f"{header}: `{neat(tokens)}`: {token} travels by pointer")


def read(folder, compiler="cc"):
    """The interface of FOLDER/saddle/*.h, all public headers side by side."""
    interface = Interface()
    texts, macros = preprocessed(folder, compiler, "c")
    order = ["version.h", "status.h", "context.h", "objective.h", "options.h"]
    headers = sorted(set(texts) | set(macros), key=lambda h: (order.index(h) if h in order else len(order), h))
    for header in headers:
        with open(os.path.join(folder, "saddle", header), encoding="utf-8") as f:
            included = re.findall(r"^\s*#\s*include\s*(\S+)", f.read(), re.M)
        for other in included:
            interface.add(header, f"include {other}", "brought along")
            if other not in ("<stdint.h>", "<stddef.h>") and not other.startswith("<saddle/"):
                interface.errors.append(f"{header}: include {other}: headers bring <stdint.h>, <stddef.h> and each other, no more")
        for name, body in macros.get(header, {}).items():
            if not NOT_KEPT.match(name):
                interface.macros[name] = body
                interface.add(header, f"macro {name}", body)
            elif not name.endswith("_H"):
                interface.add(header, f"macro {name}", "of the release")
        for tokens in declarations(texts.get(header, "")):
            read_declaration(interface, header, tokens)
    # C++ must see the same, all of it as C
    for header, text in preprocessed(folder, compiler, "c++")[0].items():
        tokens = TOKEN.findall(text)
        inner = tokens[3:-1] if tokens[:3] == ["extern", '"C"', "{"] and tokens[-1] == "}" else None
        if tokens and (inner is None or inner != TOKEN.findall(texts.get(header, ""))):
            interface.errors.append(f"{header}: C++ does not see the same declarations inside extern \"C\"")
    for name in [*interface.enums, *interface.structs, *interface.opaque, *interface.types, *interface.functions]:
        if not name.startswith("saddle_"):
            interface.errors.append(f"{name}: public names begin with saddle_")
    for name in [*interface.macros, *(name for values in interface.enums.values() for name in values)]:
        if not name.startswith("SADDLE_"):
            interface.errors.append(f"{name}: public numbers and macros begin with SADDLE_")
    if not interface.functions:
        interface.errors.append(f"{folder}: no function is declared")
    return interface
