"""The tracer's command line, and whether it works here: found out by tracing a program, never assumed.

strace stops a process only at the system calls that are asked for (a filter in the kernel decides), follows every
child, and writes one line a call. It detaches itself (``--daemonize``), so that the kernel stays the direct child of
whoever started it: signals, exit status, and who waits for whom are as without it. It runs in a session of its own, so
that neither an interrupt nor the end of the kernel's process group hits it before it has written its last line.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

OPENS = ("open", "openat", "openat2", "creat", "open_by_handle_at")
RENAMES = ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat")
STARTS = ("execve", "execveat")
FOLDERS = ("chdir", "fchdir")
FORKS = ("clone", "clone3", "fork", "vfork")
ESCAPES = (
    "io_uring_setup",
    "pidfd_getfd",
    "chroot",
    "pivot_root",
    "setns",
    "mount",
    "fsmount",
    "move_mount",
    "open_tree",
)
"""Calls after which a file may be read, or a path may mean something, that no other line tells of."""

LOOKS = ("stat", "lstat", "stat64", "lstat64", "newfstatat", "fstatat64", "statx", "access", "faccessat", "faccessat2")
"""Traced where it matters that something was looked for, also when nobody tried to read it."""

TRACED = (*OPENS, *RENAMES, *STARTS, *FOLDERS, *FORKS, *ESCAPES, "connect")
PROBE_S = 10.0
REMEDY = "Install strace and allow ptrace (in a container: --cap-add SYS_PTRACE), or leave --trace out."


class Tracer(msgspec.Struct, frozen=True):
    """What a probe found: the tracer's program, or why there is none that works."""

    program: str = ""
    reason: str = ""

    @property
    def works(self) -> bool:
        """Whether it can be used."""
        return bool(self.program)


def tracer_words(program: str, log: Path, *, looks: bool = False) -> list[str]:
    """Return the words that run the command behind them traced.

    Args:
        program: strace.
        log: gets a line a call; appended to, so that others can add marks of their own.
        looks: whether calls that only look for a file are traced, too.
    """
    calls = ",".join(f"?{name}" for name in (*TRACED, *(LOOKS if looks else ())))  # "?": an architecture may lack it
    return [
        program,
        "--daemonize=session",
        "--follow-forks",
        "--seccomp-bpf",
        "--decode-fds=path",
        "--quiet=attach,personality",
        "--signal=!CHLD,URG,WINCH,CONT",  # those that end a process must be told, or its end is not
        "--string-limit=0",  # arguments of programs may hold secrets; paths are always whole
        f"--trace={calls}",
        "--output-append-mode",
        f"--output={log}",
    ]


def find_tracer() -> Tracer:
    """Return the tracer of this system, tried out once a process and search path."""
    return _tried(os.environ.get("PATH", os.defpath))


@functools.lru_cache(maxsize=8)
def _tried(path: str) -> Tracer:
    if sys.platform != "linux":
        return Tracer(reason="there is no strace on this system")
    program = shutil.which("strace", path=path)
    if program is None:
        return Tracer(reason="strace is not installed")
    return probe(os.path.abspath(program))  # noqa: PTH100  a link may be what makes it work


def probe(program: str, before: Sequence[str] = ()) -> Tracer:
    """Trace ``cat`` as a kernel would be traced and see whether the trace is whole.

    Args:
        program: strace.
        before: words of a command to run the tracer in, for example a sandbox in which the temporary folder is seen.
    """
    with tempfile.TemporaryDirectory(prefix="pressrun-probe-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "trace"
        log.touch()
        words = [*before, *tracer_words(program, log), shutil.which("cat") or "/bin/cat", os.devnull]
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_S, check=False, cwd=folder
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Tracer(reason=f"strace could not be run: {error}")
        deadline = time.monotonic() + PROBE_S
        while done.returncode == 0 and b"+++ exited with 0 +++" not in log.read_bytes():
            if time.monotonic() > deadline:
                return Tracer(reason="strace did not record how a program ended")
            time.sleep(0.002)
        told = done.stderr.decode(errors="replace").strip()
        if done.returncode != 0 or b"</dev/null>" not in log.read_bytes():
            status = f"it ended with status {done.returncode}" if done.returncode else "it recorded nothing"
            why = told.splitlines()[-1] if told else status
            return Tracer(reason=f"strace is not allowed to work here ({why})")
        if told:  # for example: "seccomp filter is requested but unavailable"
            return Tracer(reason=f"strace works here only in part ({told.splitlines()[-1]})")
    return Tracer(program=program)
