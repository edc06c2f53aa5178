# SPDX-License-Identifier: MIT
"""How QEMU and Bochs are started: the same machine for both, three serial ports, no network, no sound."""
import os
import select
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tty

HERE = os.path.dirname(os.path.realpath(__file__))
OVMF = "/usr/share/OVMF/OVMF_{}_4M.fd"
PORT_FILES = ("log", "stdout", "stderr")
LEAVE = b"\x01x"


def fill(name, target, **values):
    """Writes the template boot/NAME to target; @WORD@ stands for a value."""
    with open(f"{HERE}/{name}") as source:
        text = source.read()
    for word, value in values.items():
        text = text.replace(f"@{word.upper()}@", str(value))
    with open(target, "w") as out:
        out.write(text)


def make_iso(options, module):
    """A disc for BIOS and UEFI with GRUB and this run's kernel, module and configuration."""
    iso, config = options.directory + "/run.iso", options.directory + "/grub.cfg"
    fill("grub.cfg.in", config, words=options.words)
    grub = options.grub
    command = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", iso, "-graft-points",
               "-b", "boot/bios.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info",
               "-eltorito-alt-boot", "-e", "boot/efi.img", "-no-emul-boot",
               f"boot/bios.img={grub}/bios.img", f"boot/efi.img={grub}/efi.img", f"boot/grub/grub.cfg={config}",
               f"boot/exokernel.elf={options.kernel}", f"boot/root.cpio={module}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError("xorriso: " + done.stderr.strip())
    return iso


class Qemu:
    def __init__(self, options, module):
        self.options, self.module = options, module

    def command(self):
        paths = [f"{self.options.directory}/{name}" for name in PORT_FILES]
        return self.machine() + self.ports([f"file,id=com{i},path={path}" for i, path in enumerate(paths, 1)])

    def console(self, start, timeout):
        """COM1 and the monitor (ctrl-a c) on the terminal; ctrl-a x leaves."""
        log = self.options.directory + "/log"
        chardevs = [f"stdio,id=com1,mux=on,signal=off,logfile={log}", "null,id=com2", "null,id=com3"]
        open(log, "wb").close()
        machine = start(self.machine() + self.ports(chardevs) + ["-mon", "chardev=com1,mode=readline"])
        try:
            machine.wait(timeout or None)
        except subprocess.TimeoutExpired:
            return False
        finally:
            machine.kill()
            machine.wait()
        return True

    def machine(self):
        o = self.options
        cpu = o.cpu or "max"
        if o.icount:
            cpu = o.cpu or "max,-erms,-la57"
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-accel", "tcg", "-machine", self.machine_type(),
                   "-cpu", cpu, "-smp", str(o.smp), "-m", o.memory, "-display", "none", "-no-reboot", "-nic", "none",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        if o.machine != "microvm":
            command += ["-vga", "std"]
        if o.icount:
            command += ["-icount", "shift=0,sleep=off"]
        return command + self.firmware() + self.payload() + shlex.split(o.arguments)

    def machine_type(self):
        return "microvm,isa-serial=off,rtc=on" if self.options.machine == "microvm" else self.options.machine

    def firmware(self):
        if self.options.firmware != "uefi":
            return []
        variables = self.options.directory + "/vars.fd"
        shutil.copyfile(OVMF.format("VARS"), variables)
        return ["-drive", "if=pflash,format=raw,readonly=on,file=" + OVMF.format("CODE"),
                "-drive", "if=pflash,format=raw,file=" + variables]

    def payload(self):
        o = self.options
        if o.boot == "direct":
            return ["-kernel", o.kernel, "-initrd", self.module, "-append", o.words]
        return ["-cdrom", make_iso(o, self.module), "-boot", "d"]

    @staticmethod
    def ports(chardevs):
        """Three UARTs at the usual ports, each on one of the character devices com1, com2, com3."""
        places = ((0x3f8, 4), (0x2f8, 3), (0x3e8, 4))
        arguments = []
        for number, (chardev, (port, irq)) in enumerate(zip(chardevs, places), 1):
            arguments += ["-chardev", chardev, "-device", f"isa-serial,chardev=com{number},iobase={port},irq={irq}"]
        return arguments


class Bochs:
    def __init__(self, options, module):
        self.options, self.module = options, module

    def configured(self, com1):
        o = self.options
        fill("bochsrc.in", o.directory + "/bochsrc", iso=make_iso(o, self.module), memory=self.megabytes(), smp=o.smp,
             cpu=o.cpu or "corei7_icelake_u", com1=com1, directory=o.directory)
        with open(o.directory + "/commands", "w") as out:
            out.write("continue\nquit\n")
        return ["bochs-bin", "-q", "-f", o.directory + "/bochsrc", "-rc", o.directory + "/commands"]

    def megabytes(self):
        size = self.options.memory
        return int(size[:-1]) * 1024 if size.endswith("G") else int(size.rstrip("M"))

    def command(self):
        return self.configured(f"mode=file, dev={self.options.directory}/log")

    def console(self, start, timeout):
        """Bochs calls back with COM1; the terminal is joined to that connection."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            command = self.configured("mode=socket-client, dev=127.0.0.1:%d" % server.getsockname()[1])
            machine = start(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            server.settimeout(10)
            try:
                line, _ = server.accept()
                with line, open(self.options.directory + "/log", "wb") as log:
                    return relay(line, log, timeout)
            finally:
                machine.kill()
                machine.wait()


def relay(line, log, timeout):
    """Joins the terminal and a connection until the machine hangs up or ctrl-a x is typed. Returns whether it was in time."""
    deadline = time.monotonic() + timeout if timeout else float("inf")
    if os.isatty(0):
        tty.setraw(0)
    sources, typed = [line, 0], b""
    while time.monotonic() < deadline:
        for source in select.select(sources, [], [], 0.5)[0]:
            data = line.recv(4096) if source is line else os.read(0, 4096)
            if not data and source is line:
                return True
            if not data:
                sources.remove(0)
            elif source is line:
                log.write(data)
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            else:
                typed = (typed + data)[-2:]
                if typed == LEAVE:
                    return True
                line.sendall(data)
    return False


def choose(options, module):
    return (Bochs if options.emulator == "bochs" else Qemu)(options, module)
