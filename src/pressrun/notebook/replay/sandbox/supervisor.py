"""Starts a kernel inside its sandbox and tells how it ended: ``python -I -S -c SOURCE TOLD TRACER WORD...``.

The sandbox's own first process tells an exit with 137 and a kill apart no more, and ends everything as soon as the
kernel has ended, also a tracer that has lines to write. This one, which runs in the notebook's interpreter (standard
library only, Python 3.7 and later), is the kernel's parent: it notes the exact status, ends what the kernel left
running, and lets the tracer see the end of it.
"""

# Standard library of Python 3.7, and pathlib would cost what a start should not:
# ruff: noqa: PTH105, PTH115, PTH123, PTH208, BLE001, S606

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time

PATIENCE_S = 5.0
LOOK_S = 0.005
NOT_RUN = 127
PR_SET_CHILD_SUBREAPER = 36


def main(told: str, tracer: str, words: list[str]) -> int:
    """Run `words` in a session of its own; write its process id and how it ended to `told`.

    Args:
        told: gets ``PID`` at once, and ``PID STATUS MILLISECONDS`` in the end: negative for a signal, and the processor
            time of all that was not the tracer.
        tracer: path of the tracer among `words`, empty where there is none.
        words: the command.
    """
    adopt_orphans()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()  # a kernel leads a session wherever it runs
            os.execvp(words[0], words)
        except BaseException as error:
            os.write(2, f"{words[0]}: {error}\n".encode())
        os._exit(NOT_RUN)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    write(told, str(child))
    status = os.waitpid(child, 0)[1]
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    write(told, f"{child} {code}")
    end_descendants(tracer)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    write(told, f"{child} {code} {round((used.ru_utime + used.ru_stime) * 1000)}")
    return code if code >= 0 else 128 - code


def write(path: str, text: str) -> None:
    """Write a small file at once."""
    with open(path + ".part", "w") as file:
        file.write(text)
    os.replace(path + ".part", path)


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends: what this one has to end are its descendants."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants(tracer: str) -> None:
    """End what the kernel left running; wait until a tracer, which is left alone, has ended by itself.

    Descendants and nothing else: should the sandbox ever lack a process namespace of its own, the processes that /proc
    shows would be everybody's.
    """
    until = time.monotonic() + PATIENCE_S
    ended: set[int] = set()
    while time.monotonic() < until:
        for process in ended:
            reap(process)
        left = descendants(os.getpid())
        if not left:
            return
        for process in left:
            if not tracer or program_of(process) != os.path.realpath(tracer):
                end(process)
                ended.add(process)
        time.sleep(LOOK_S)


def reap(process: int) -> None:
    """Take the status of an adopted process that has ended, so that its time counts."""
    with contextlib.suppress(OSError):
        os.waitpid(process, os.WNOHANG)


def descendants(process: int) -> list[int]:
    """Return the living descendants of a process."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            state, parent = state_and_parent(int(name))
            if state not in ("Z", "X", ""):
                children.setdefault(parent, []).append(int(name))
    found: list[int] = []
    waiting = [process]
    while waiting:
        below = children.pop(waiting.pop(), [])
        found += below
        waiting += below
    return found


def state_and_parent(process: int) -> tuple[str, int]:
    """Return the letter of a process's state and its parent; an empty letter when it is gone."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            return fields[0].decode(), int(fields[1])
    except (OSError, IndexError):
        return "", 0


def program_of(process: int) -> str:
    """Return the program that a process runs, empty when that cannot be told."""
    try:
        return os.readlink(f"/proc/{process}/exe")
    except OSError:
        return ""


def end(process: int) -> None:
    """End a process, unless it has ended."""
    with contextlib.suppress(OSError):
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
