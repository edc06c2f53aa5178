# SPDX-License-Identifier: MIT
"""A dump of a machine's physical memory, read as the kernel's structures; and how to get one through QMP."""
import json
import socket
import subprocess
import time

PAGE = 4096


class Image:
    """Physical memory as bytes, with the kernel's symbols and the layout of its structures."""

    def __init__(self, memory, kernel, layout):
        self.memory = memory
        self.layout = json.loads(subprocess.run([layout], capture_output=True, check=True, text=True).stdout)
        self.symbols = {}
        for line in subprocess.run(["nm", kernel], capture_output=True, check=True, text=True).stdout.splitlines():
            address, _, name = line.rpartition(" ")
            if address[:16].strip():
                self.symbols[name] = int(address.split()[0], 16)
        self.frame_table = self.physical(self.symbol("frames", 8))
        self.type_table = self.physical(self.symbol("frame_types", 8))
        self.chunk_table = self.physical(self.symbol("chunks", 8))
        self.frame_count = self.symbol("frame_count", 4)
        self.kernel_root = self.physical(self.symbol("kernel_pml4", 8))

    def copy(self):
        other = object.__new__(Image)
        other.__dict__.update(self.__dict__, memory=bytearray(self.memory))
        return other

    def physical(self, virtual):
        kernel, direct = self.layout["KERNEL_BASE"], self.layout["DIRECT_BASE"]
        return virtual - kernel if virtual >= kernel else virtual - direct

    def number(self, at, size):
        if at < 0 or at + size > len(self.memory):
            raise ValueError(f"address {at:#x} lies outside of the dump")
        return int.from_bytes(self.memory[at:at + size], "little")

    def symbol(self, name, size):
        return self.number(self.physical(self.symbols[name]), size)

    def place(self, structure, index_base, field):
        offset, size = self.layout[structure][field]
        return index_base + offset, size

    def field(self, structure, at, field):
        return self.number(*self.place(structure, at, field))

    def put(self, structure, at, field, value):
        where, size = self.place(structure, at, field)
        self.memory[where:where + size] = (value % (1 << 8 * size)).to_bytes(size, "little")

    def frame_at(self, pfn):
        return self.frame_table + pfn * self.layout["frame"]["size"]

    def chunk_at(self, index):
        return self.chunk_table + index * self.layout["chunk"]["size"]

    def frame(self, pfn, field):
        return self.field("frame", self.frame_at(pfn), field)

    def type(self, pfn):
        return self.number(self.type_table + pfn, 1) if pfn < self.frame_count else self.layout["FT_MMIO"]

    def entries(self, pfn):
        page = self.memory[pfn * PAGE:pfn * PAGE + PAGE]
        return [int.from_bytes(page[i:i + 8], "little") for i in range(0, PAGE, 8)]

    def put_entry(self, pfn, index, value):
        at = pfn * PAGE + index * 8
        self.memory[at:at + 8] = value.to_bytes(8, "little")


class Qmp:
    """QEMU's control socket."""

    def __init__(self, path, patience=20):
        end = time.monotonic() + patience
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise OSError(f"{name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def dump(self, path, size):
        """Stops the machine and writes its memory to a file."""
        self.command("stop")
        self.command("pmemsave", val=0, size=size, filename=path)

    def quit(self):
        self.file.write('{"execute": "quit"}\n')
        self.file.flush()
        self.socket.close()
