#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packs a root file system as a newc cpio archive whose file data start on page boundaries and end with zeros up to the next one,
so that the guest maps it in place. The name field takes the padding in front of the data; zero bytes between entries the rest.

usage: mkroot.py -o ARCHIVE [--init ELF] [--file PATH=SOURCE] [--link PATH=TARGET] [--dir PATH=MODE] [FOLDER ...]
Later folders and options win over earlier ones."""
import argparse
import os
import stat
import sys

PAGE = 4096
HEADER = 110


class Entry:
    """One name of the archive: its mode, its bytes (or the target of a link) and its time."""

    def __init__(self, mode, data=b"", mtime=0):
        self.mode, self.data, self.mtime = mode, data, mtime


def entry_of(path):
    """The entry for a file of the host, run bits and links kept, or None for what an archive cannot hold."""
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return Entry(stat.S_IFLNK | 0o777, os.fsencode(os.readlink(path)), int(info.st_mtime))
    if stat.S_ISDIR(info.st_mode):
        return Entry(stat.S_IFDIR | stat.S_IMODE(info.st_mode) & 0o7755, mtime=int(info.st_mtime))
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as source:
            data = source.read()
        run = 0o111 if info.st_mode & 0o100 else 0
        return Entry(stat.S_IFREG | stat.S_IMODE(info.st_mode) & 0o7644 | 0o444 | run, data, int(info.st_mtime))
    return None


def add_folder(entries, folder):
    """Everything below folder, parents first."""
    for place, names, files in os.walk(folder):
        for name in sorted(names + files):
            path = os.path.join(place, name)
            entry = entry_of(path)
            if entry:
                add(entries, os.path.relpath(path, folder), entry)
            else:
                print(f"mkroot: {path}: neither file, folder nor link, left out", file=sys.stderr)


def add(entries, name, entry):
    """Put entry at name, with the folders that lead to it."""
    name = name.strip("/")
    parent = os.path.dirname(name)
    if parent and parent not in entries:
        add(entries, parent, Entry(stat.S_IFDIR | 0o755))
    entries[name] = entry


def header(number, entry, size, namesize):
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (number, entry.mode, 0, 0, links, entry.mtime, size, 0, 0, 0, 0, namesize, 0)
    return b"070701" + b"".join(b"%08X" % field for field in fields)


def write_entry(out, number, name, entry):
    """Writes one entry at the (4-aligned) end of out, a bytearray."""
    raw = os.fsencode(name) + b"\0"
    regular = stat.S_ISREG(entry.mode) and entry.data
    align = PAGE if regular else 4
    raw += bytes(-(len(out) + HEADER + len(raw)) % align)
    out += header(number, entry, len(entry.data), len(raw)) + raw + entry.data
    out += bytes(-len(out) % align)


def archive(entries):
    """The archive of a {name: Entry}, a multiple of a page long, `init` first, then all that needs no page of its own."""
    out = bytearray()
    order = sorted(entries, key=lambda name: (name != "init", bool(stat.S_ISREG(entries[name].mode) and entries[name].data), name))
    for number, name in enumerate(order, 1):
        write_entry(out, number, name, entries[name])
    write_entry(out, 0, "TRAILER!!!", Entry(0))
    out += bytes(-len(out) % PAGE)
    return out


def pair(text):
    path, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text}: PATH=VALUE expected")
    return path, value


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("--init")
    for option in ("--file", "--link", "--dir"):
        parser.add_argument(option, type=pair, action="append", default=[])
    parser.add_argument("folders", nargs="*")
    options = parser.parse_args()

    entries = {}
    for path, mode in options.dir:
        add(entries, path, Entry(stat.S_IFDIR | int(mode, 8)))
    for folder in options.folders:
        add_folder(entries, folder)
    for path, source in options.file:
        add(entries, path, entry_of(os.path.realpath(source)))
    for path, target in options.link:
        add(entries, path, Entry(stat.S_IFLNK | 0o777, os.fsencode(target)))
    if options.init:
        add(entries, "init", entry_of(os.path.realpath(options.init)))
    with open(options.out, "wb") as out:
        out.write(archive(entries))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"mkroot: {error.filename}: {error.strerror}")
