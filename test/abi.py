#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The binary interface: it is what test/abi.golden says, docs/abi.md was made from it, and its tables are consistent.
Needs build/host/abigen."""
import difflib
import os
import re
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
failed = False


def verdict(name, why):
    """Prints the verdict; `why` is empty if all is well."""
    global failed
    failed |= bool(why)
    print(f"FAIL {name}: {why}" if why else f"PASS {name}")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def abigen(mode):
    return subprocess.run(["build/host/abigen", mode], check=True, capture_output=True, text=True).stdout


def first_difference(old, new):
    """The first line that differs, as + or - and the line; empty if none does."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[3:]
    return f"{lines[0]!r} and {len(lines) - 1} more lines" if lines else ""


def compare(name, path, new, advice):
    difference = first_difference(read(path) if os.path.exists(path) else "", new)
    verdict(name, difference and f"{path} differs: {difference}; {advice}")


def missing(golden):
    """Constants of the headers that the listing leaves out."""
    listed = set(re.findall(r"^constant (\w+)", golden, re.M))
    defined = set()
    for name in os.listdir("include/exo/abi"):
        if name.endswith(".h"):
            defined |= set(re.findall(r"^#define (EXO_\w+)[ \t]+[^\s\\]", read(f"include/exo/abi/{name}"), re.M))
    return defined - listed


def gaps(golden):
    """Structures whose listed fields leave bytes out, but for what aligns their end."""
    bad, name, size, end = [], None, 0, 0
    for line in golden.splitlines() + ["struct end 0"]:
        words = line.split()
        if words[0] == "struct":
            if name and size - end >= 8:
                bad.append(name)
            name, size, end = words[1], int(words[2]), 0
        elif line.startswith(" "):
            if int(words[0]) != end:
                bad.append(f"{name}.{words[2]}")
            end = int(words[0]) + int(words[1])
    return bad


def calls():
    """(number, name, errors) of each call."""
    text = re.sub(r"/\*.*?\*/", "", read("include/exo/abi/syscalls.def"), flags=re.S)
    found = []
    for match in re.finditer(r"^CALL(\d)\((\d+), (\w+)(.*?)\"\)$", text, re.M | re.S):
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"', match[4] + '"')
        found.append((int(match[2]), match[3], strings[1]))
    return found


def main():
    golden = abigen("golden")
    compare("golden", "test/abi.golden", golden, "if the interface is to change, `make abi-golden` and say why in the commit")
    compare("reference", "docs/abi.md", abigen("md"), "run `make docs`")
    verdict("constants", ", ".join(sorted(missing(golden))) and f"not in include/exo/gen/abigen.c: {', '.join(sorted(missing(golden)))}")
    verdict("fields", ", ".join(gaps(golden)) and f"not all fields of {', '.join(gaps(golden))} are in include/exo/gen/abigen.c")

    errors = re.findall(r"^ERR\((\w+), *(\d+)", read("include/exo/abi/errors.def"), re.M)
    names = {name for name, _ in errors}
    used = {"EXO_" + word for _, _, text in calls() for word in re.findall(r"\bE[A-Z]{2,}\b", text)}
    verdict("errors exist", ", ".join(sorted(used - names)) and f"syscalls.def names {', '.join(sorted(used - names))}")
    verdict("errors occur", ", ".join(sorted(names - used - {"EXO_ENOSYS"})) and f"no call returns {', '.join(sorted(names - used))}")
    verdict("error numbers", "" if [int(n) for _, n in errors] == list(range(1, len(errors) + 1)) else "they have gaps or repeat")
    verdict("call numbers", "" if [c[0] for c in calls()] == list(range(golden.count("\ncall ") + 1)) else "they have gaps or repeat")
    return 1 if failed else 0


sys.exit(main())
