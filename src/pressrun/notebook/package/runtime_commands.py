"""Magics and shell commands."""

# ruff: noqa: T201, UP022, PTH109  # a program prints; Python 3.7

from __future__ import annotations

import asyncio
import atexit
import contextlib
import io
import os
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pressrun.notebook.package.runtime_cells import RUN, show_figures


class Captured:
    """What a ``%%capture`` cell printed."""

    def __init__(self) -> None:
        self.stdout = ""
        self.stderr = ""
        self.outputs: list[Any] = []

    def show(self) -> None:
        """Print what was captured."""
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)


@contextlib.contextmanager
def captured(*, stdout: bool = True, stderr: bool = True) -> Iterator[Captured]:
    """Keep what a block prints and shows to itself."""
    kept = Captured()
    out, errors = io.StringIO(), io.StringIO()
    recorder, number = RUN.recorder, RUN.recorder.cell
    shown = len(recorder.shown[number]) if number is not None else 0
    real, recorder.stream = recorder.stream, io.StringIO() if stdout else recorder.stream
    try:
        with contextlib.redirect_stdout(out if stdout else sys.stdout):
            with contextlib.redirect_stderr(errors if stderr else sys.stderr):
                yield kept
            if "matplotlib.pyplot" in sys.modules:
                show_figures()
    finally:
        recorder.stream = real
        if number is not None:
            del recorder.shown[number][shown:]
        kept.stdout, kept.stderr = out.getvalue(), errors.getvalue()


def shell(command: str) -> None:
    """Run a shell command and print its output; a status other than 0 ends the program."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # noqa: S602
    sys.stdout.write(done.stdout.decode(errors="replace"))
    if done.returncode:
        print(f"shell command ended with status {done.returncode}: {command}", file=sys.stderr)
        raise SystemExit(1)


def shell_lines(command: str) -> list[str]:
    """Run a shell command and return the lines that it printed."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # noqa: S602
    return done.stdout.decode(errors="replace").splitlines()


def script(program: str, text: str) -> None:
    """Run `text` by another program, as ``%%bash`` does; a status other than 0 is an error."""
    command = [sys.executable] if program in {"python", "python3"} else program.split()
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    sys.stdout.write(done.stdout.decode(errors="replace"))
    sys.stderr.write(done.stderr.decode(errors="replace"))
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command)


def write_file(path: str, text: str, *, append: bool = False) -> None:
    """Write a file as ``%%writefile`` does."""
    target = Path(path).expanduser()
    print(f"{'Appending to' if append else 'Overwriting' if target.exists() else 'Writing'} {path}")
    with target.open("a" if append else "w", encoding="utf-8") as file:
        file.write(text)


def change_directory(path: str) -> None:
    """Change the working directory and print it, as ``%cd`` does."""
    os.chdir(Path(path).expanduser())
    print(os.getcwd())


def wait_for(awaitable: Any) -> Any:
    """Return the result of `awaitable`: what ``await`` at the top of a cell gives."""
    if RUN.loop is None:
        RUN.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(RUN.loop)
        atexit.register(RUN.loop.close)
    return RUN.loop.run_until_complete(_awaited(awaitable))


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def unsupported(what: str) -> None:
    """Stop: the notebook uses something that has no counterpart in plain Python."""
    raise NotImplementedError(f"{what} works in a notebook only")


def run_script(line: str) -> dict[str, Any]:
    """Run another script as ``%run`` does, and return the names that it defined."""
    words = shlex.split(line)
    kept, sys.argv = sys.argv, words
    try:
        names = runpy.run_path(words[0], run_name="__main__")
    finally:
        sys.argv = kept
    return {name: value for name, value in names.items() if not name.startswith("__")}
