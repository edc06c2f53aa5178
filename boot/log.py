# SPDX-License-Identifier: MIT
"""What comes out of the serial ports: followed while it grows, the log cleaned and its backtraces given names."""
import os
import re
import subprocess

CHUNK = 1 << 16


class Tail:
    """Hands every byte that is appended to a file to sink, once."""

    def __init__(self, path, sink):
        self.file = os.open(path, os.O_RDONLY)
        self.sink = sink

    def copy(self):
        data = os.read(self.file, CHUNK)
        if data:
            self.sink(data)
        return bool(data)

    def drain(self):
        while self.copy():
            pass
        os.close(self.file)


def to(stream):
    def write(data):
        stream.write(data)
        stream.flush()
    return write


def after(marker, sink):
    """A sink that drops all bytes up to and including marker."""
    before, found = bytearray(), False

    def write(data):
        nonlocal found
        if not found:
            before.extend(data)
            place = before.find(marker)
            if place < 0:
                return
            found, data = True, bytes(before[place + len(marker):])
        sink(data)
    return write


class Lines:
    """A sink that passes on whole lines, so that two streams on one terminal do not mix within one."""

    def __init__(self, sink):
        self.sink, self.rest = sink, b""

    def write(self, data):
        whole, newline, self.rest = (self.rest + data).rpartition(b"\n")
        if newline:
            self.sink(whole + newline)

    def close(self):
        self.sink(self.rest)


class Verdict:
    """The last verdict that the log told: status is a number, panic a text."""

    def __init__(self):
        self.status = self.panic = None

    def read(self, line):
        told = re.search(r"exo: verdict exit (\d+)$", line)
        if told and int(told[1]) < 256:
            self.status = int(told[1])
        if line.startswith("exo: verdict panic"):
            self.panic = line[len("exo: verdict panic"):].strip() or "no reason given"


class Reader:
    """Takes the bytes of COM1, reads the verdict and copies the lines to a stream, without the firmware's terminal control."""

    ESCAPE = re.compile(r"\x1b(\[[0-9;=?]*[A-Za-z]|.)|[\r\0]")
    ADDRESS = re.compile(r"exo: bt (0x[0-9a-f]+)$")

    def __init__(self, verdict, kernel, stream):
        self.verdict, self.kernel, self.stream = verdict, kernel, stream
        self.rest = b""

    def write(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.line(line.decode(errors="replace"), "\n")

    def close(self):
        if self.rest:
            self.line(self.rest.decode(errors="replace"), "\n")

    def line(self, text, end):
        text = self.ESCAPE.sub("", text)
        self.verdict.read(text)
        if self.stream:
            found = self.ADDRESS.search(text)
            self.stream.write((text + (self.place(found[1]) if found else "") + end).encode())
            self.stream.flush()

    def place(self, address):
        """The function and line that a return address belongs to."""
        # The byte before it is part of the call; the address itself may belong to the next line or function.
        command = ["addr2line", "-pfe", self.kernel, hex(int(address, 16) - 1)]
        done = subprocess.run(command, capture_output=True, text=True)
        return "  " + re.sub(r"/\S*/(?=(exokernel|boot)/)", "", done.stdout.strip())


def last_line(path):
    """The last line of a file that says something."""
    with open(path, errors="replace") as file:
        lines = [line.strip() for line in file if re.match(r"\W*[A-Za-z]", line)]
    return lines[-1] if lines else ""
