"""What the kernel's interpreter can import and parse, asked in one process of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from pressrun.errors import UsageError
from pressrun.notebook.replay.kernel_choice import GENERIC
from pressrun.observer import import_probe
from pressrun.rules.doctor.analysed import Questions

TIMEOUT_S = 60


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the interpreter said. `modules` are as the probe tells them; `valid` are cells, as text.

    Attributes:
        lacking: module and name of ``from`` imports that cannot work.
    """

    python: tuple[int, ...]
    modules: dict[str, dict[str, str]]
    versions: dict[str, str]
    valid: tuple[str, ...] = ()
    lacking: tuple[tuple[str, str], ...] = ()


def kernel_python(named: str | None, given: Path | None) -> tuple[str, str]:
    """Return the interpreter that a replay would run the notebook in, and why there is none where there is none.

    Args:
        named: the kernelspec that the notebook names.
        given: the interpreter that the user names.

    Raises:
        UsageError: the interpreter that was named does not exist.
    """
    if given is not None:
        path = os.path.abspath(given)  # noqa: PTH100  resolving the link would leave the virtual environment
        if not os.access(path, os.X_OK) or Path(path).is_dir():
            remedy = "Give the path of a Python, for example env/bin/python."
            raise UsageError("there is no such interpreter", where=str(given), remedy=remedy)
        return path, ""
    if not named or named in GENERIC:
        return sys.executable, ""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel  # noqa: PLC0415  only where a kernel is named

    try:
        words = KernelSpecManager().get_kernel_spec(named).argv
    except NoSuchKernel:
        return (
            "",
            f"the kernel {named!r} is not installed here: imports were not looked up; name a Python with --python",
        )
    program = words[0] if words else ""
    if "python" not in Path(program).name:
        return "", f"the kernel {named!r} does not say which Python it runs: name one with --python"
    return (sys.executable if program in {"python", "python3"} else program), ""


def ask(python: str, questions: Questions, folder: str) -> Answer | None:
    """Ask an interpreter; None when it does not answer.

    Args:
        python: its path.
        questions: modules and sources are asked.
        folder: the notebook's folder, whose modules a kernel sees; empty for none.
    """
    request: dict[str, Any] = {
        "folder": folder,
        "modules": questions.modules,
        "members": questions.members,
        "sources": {str(cell): source for cell, source in questions.sources.items()},
    }
    try:
        done = subprocess.run(
            [python, "-c", Path(import_probe.__file__).read_text(encoding="utf-8")],
            input=msgspec.json.encode(request),
            capture_output=True,
            timeout=TIMEOUT_S,
            cwd=os.sep,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    _, found, line = done.stdout.partition(import_probe.MARKER.encode())
    if done.returncode != 0 or not found:
        return None
    return msgspec.json.decode(line.splitlines()[0], type=Answer)
