#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layers of the source tree: includes go one way, ring 0 and ring 3 share the interface only, and assembly stays where the
architecture is. Long files and functions are listed as warnings; they fail nothing."""
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
LINES_MAX, FUNCTION_MAX = 400, 40
MIDDLE = {"sched", "vm", "proc", "vfs", "fs", "signal", "ipc", "net", "drivers"}
CONSTANTS = {"libos/posix/linux.h"}  # Linux's numbers and layouts: every layer speaks of them
HOST_TOOLS = ("test/host/", "test/oracle/")  # compiled for the host, against the kernel's own structures
INCLUDE = re.compile(r'^[ \t]*[#%][ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.M)
SOURCE = (".c", ".h", ".asm", ".inc", ".def", ".S")


def sources(*folders):
    for folder in folders:
        for path, _, names in sorted(os.walk(folder)):
            yield from (os.path.join(path, name) for name in sorted(names) if name.endswith(SOURCE))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def without_comments(text):
    return re.sub(r'//[^\n]*|/\*.*?\*/', lambda m: "\n" * m[0].count("\n"), text, flags=re.S)


def layer(path):
    """0: the interface; higher ones may include lower ones and themselves. Ring 0 is a world of its own."""
    parts = path.split("/")
    if parts[0] in ("exokernel", "boot"):
        return "kernel"
    if parts[0] == "include" or path in CONSTANTS:
        return 0
    if parts[0] == "libos":
        return 1 if parts[1] == "core" else 2 if parts[1] in MIDDLE else 3
    return 4


def resolve(path, quote, name):
    """The file of this tree that is meant, or None."""
    roots = ["include"]  # what <name> can mean, but for the system's own
    if quote == '"':
        roots += ["libos"] if path.split("/")[0] not in ("exokernel", "boot") else []
        roots += ["exokernel", "exokernel/arch/x86_64", "."]
    here = [os.path.dirname(path)] if quote == '"' else []
    for folder in here + roots:
        full = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(full):
            return full
    return None


def check_include(path, target):
    """Why that is not allowed, or None."""
    own, other = layer(path), layer(target)
    if own == "kernel":
        return None if other in ("kernel", 0) else "ring 0 sees the interface only"
    if other == "kernel":
        return "nothing outside exokernel/ and boot/ includes its headers"
    return "it lies above" if other > own else None


def check_includes():
    bad = []
    for path in sources("apps", "libos", "include", "exokernel", "boot", "test"):
        if path.startswith(HOST_TOOLS):
            continue
        for quote, name in INCLUDE.findall(read(path)):
            target = resolve(path, quote, name)
            why = target and check_include(path, target)
            if why:
                bad.append(f"{path} includes {target}: {why}")
    return bad


def check_assembly():
    return [path for path in sources("exokernel")
            if "/arch/" not in path and path.endswith(".c")
            and re.search(r"\b(__)?asm(__)?\s*(volatile\b|\()", without_comments(read(path)))]


def check_kernel_conditions():
    """The core is compiled for the host as it is: no #ifdef in it."""
    return [path for path in sources("exokernel")
            if "/arch/" not in path and path.endswith(".c") and re.search(r"^#[ \t]*if", read(path), re.M)]


def check_licence():
    return [path for path in sources("apps", "libos", "include", "exokernel", "boot", "test")
            if "SPDX-License-Identifier: " not in read(path)[:200]]


def functions(text):
    """(name, lines) of each function of a C file in the style of this tree: the closing brace is at the line's start."""
    for match in re.finditer(r"^[A-Za-z_][^\n;={}]*?(\w+)\([^;{}]*\)\s*\{\n(.*?)^\}", without_comments(text), re.M | re.S):
        yield match[1], match[0].count("\n") + 1


def warn():
    for path in sources("apps", "libos", "include", "exokernel", "boot", "test"):
        text = read(path)
        if text.count("\n") > LINES_MAX:
            print(f"warning: {path} has {text.count(chr(10))} lines")
        if path.endswith(".c"):
            for name, lines in functions(text):
                if lines > FUNCTION_MAX:
                    print(f"warning: {path}: {name} has {lines} lines")


def main():
    failed = False
    for name, check in (("includes go one way", check_includes), ("assembly under arch", check_assembly),
                        ("no conditions in the core", check_kernel_conditions), ("licence lines", check_licence)):
        bad = check()
        failed |= bool(bad)
        for line in bad:
            print(f"FAIL {name}: {line}")
        if not bad:
            print(f"PASS {name}")
    warn()
    return 1 if failed else 0


sys.exit(main())
