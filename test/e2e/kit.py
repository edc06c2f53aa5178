# SPDX-License-Identifier: MIT
"""What the end-to-end suites share: `make run` as a user types it, and verdicts as test/run counts them."""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0]))))
PROGRAMS = TOP + "/build/test/libos/root"
MACHINES = 2
KEPT = ("PATH", "HOME", "TERM", "LANG", "TMPDIR")
failures = 0


class Ran:
    """A run's status, standard output and standard error."""

    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors

    def __str__(self):
        return f"status {self.status}, stdout {self.output[:200]!r}, stderr ends {self.errors[-300:]!r}"


def make_run(command, seconds=60, **variables):
    """`make run CMD=command VARIABLE=value ...`, direct boot unless said otherwise."""
    variables.setdefault("BOOT", "direct")
    arguments = [f"{name}={value}" for name, value in variables.items() if value is not None]
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        done = subprocess.run(["make", "run", "CMD=" + command, f"TIMEOUT={seconds}"] + arguments, cwd=TOP, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds + 60)
    except subprocess.TimeoutExpired as late:
        return Ran("none in time", late.stdout or b"", late.stderr or b"")
    return Ran(done.returncode, done.stdout, done.stderr)


def verdict(name, passed, why=""):
    global failures
    failures += not passed
    print(f"PASS {name}" if passed else f"FAIL {name}: {why}", flush=True)


def together(work, items):
    """work(item) for all items, a few at a time; the pairs (item, result) in order."""
    with concurrent.futures.ThreadPoolExecutor(MACHINES) as pool:
        return list(zip(items, pool.map(work, items)))


def folder(**files):
    """A new folder with these files: (mode, bytes), or a text that a symbolic link holds. A double underscore is a slash."""
    path = tempfile.mkdtemp(prefix="exo-e2e-")
    for name, content in files.items():
        target = os.path.join(path, name.replace("__", "/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if isinstance(content, str):
            os.symlink(content, target)
            continue
        with open(target, "wb") as out:
            out.write(content[1])
        os.chmod(target, content[0])
    return path


def finish():
    sys.exit(1 if failures else 0)
