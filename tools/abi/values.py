# SPDX-License-Identifier: BSD-3-Clause
"""What the shared library answers a program: options with their defaults and ranges, and the names that stand for numbers in files and on
command lines. No header says it, and programs rely on it."""
import ctypes
import re

SENTINEL = 0x7FFFFFFF


class OptionInfo(ctypes.Structure):
    """saddle_option_info, whose places tests/abi/pins holds."""
    _fields_ = [("struct_size", ctypes.c_int64), ("id", ctypes.c_int64), ("type", ctypes.c_int64), ("minimum", ctypes.c_double),
                ("maximum", ctypes.c_double), ("initial", ctypes.c_double), ("name", ctypes.c_char_p), ("text", ctypes.c_char_p),
                ("choices", ctypes.c_char_p)]


def ask(path, interface):
    """key -> value; every option has four lines, so that each can be held to its own rule"""
    library, found = ctypes.CDLL(path), {}
    if "saddle_option_describe" in interface.functions:
        info = OptionInfo()
        for position in range(100000):
            info.struct_size = ctypes.sizeof(info)
            if library.saddle_option_describe(ctypes.c_int64(position), ctypes.byref(info)) != 0:
                break
            found[f"option {info.id}"] = f"{info.name.decode()}, type {info.type}"
            found[f"option {info.id}, default"] = repr(info.initial)
            found[f"option {info.id}, least"] = repr(info.minimum)
            found[f"option {info.id}, greatest"] = repr(info.maximum)
            found[f"option {info.id}, words"] = f'"{info.choices.decode()}"'
    for function, kind in interface.functions.items():
        enum = "saddle_" + (re.match(r"saddle_(\w+)_name$", function) or [None, ""])[1]
        if enum in interface.enums:
            call = library[function]
            call.restype, number = ctypes.c_char_p, ctypes.c_int64 if "int64_t" in kind else ctypes.c_int32
            for enumerator, value in interface.enums[enum].items():
                if value != SENTINEL:
                    found[f"{function}({enumerator})"] = (call(number(value)) or b"NULL").decode()
    return found


def widened(key, old, new):
    """Whether a value may become this one: ranges widen, words are appended."""
    if key.endswith(", least"):
        return float(new) <= float(old)
    if key.endswith(", greatest"):
        return float(new) >= float(old)
    return key.endswith(", words") and new.strip('"').startswith(old.strip('"') + "|") and old != '""'


def compare(old, new):
    """(breaks, additions)"""
    breaks, additions = [], [f"{key}: {value} is new" for key, value in new.items() if key not in old]
    for key, value in old.items():
        if key not in new:
            breaks.append(f"{key}: was {value}, is gone")
        elif new[key] != value:
            (additions if widened(key, value, new[key]) else breaks).append(f"{key}: was {value}, is {new[key]}")
    return breaks, additions
