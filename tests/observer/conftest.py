"""A real IPython kernel's worth of observer, without a kernel: a fresh interpreter that installs it."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pressrun.notebook.replay.recorders import PythonRecorder, observer_source
from pressrun.records.capture import Observation

PROLOGUE = """
import struct, sys
exec(compile({source!r}, "<observer>", "exec"), {{"__name__": "observer"}})
observer = sys.modules["_pressrun_observer"]
def cell(number):
    with open({marker!r}, "r+b") as file:
        file.write(struct.pack("<i", number))
"""


class Watched:
    """What a script printed and what the observer saw of it."""

    def __init__(self, observation: Observation, stdout: str, stderr: str, end: dict[str, Any]) -> None:
        self.observation = observation
        self.stdout = stdout
        self.stderr = stderr
        self.end = end

    def file(self, path: Path | str) -> Any:
        found = [f for f in self.observation.files if f.path == str(path) and "dir" not in f.event]
        assert len(found) <= 1
        return found[0] if found else None


@pytest.fixture
def watch(tmp_path: Path) -> Callable[..., Watched]:
    """Run a script with the observer installed, in ``tmp_path / "work"``."""

    def run(script: str, *, finish: bool = True, python: str = sys.executable) -> Watched:
        folder = tmp_path / "spool"
        folder.mkdir(exist_ok=True)
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        (folder / "cell").write_bytes(struct.pack("<i", 0))
        source = f"{observer_source()}\ninstall({str(folder)!r})\n"
        prologue = PROLOGUE.format(source=source, marker=str(folder / "cell"))
        text = f"{prologue}\n{script}\n" + ("observer.finish()\n" if finish else "")
        path = tmp_path / "script.py"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([python, str(path)], cwd=work, capture_output=True, text=True, check=False)
        end = json.loads((folder / "end.json").read_text()) if (folder / "end.json").exists() else {}
        return Watched(PythonRecorder().observation(folder), done.stdout, done.stderr, end)

    return run


@pytest.fixture(scope="session")
def readers(make_environment: Callable[..., Path]) -> str:
    """Give the python of an environment with every library that is watched."""
    return str(make_environment("readers", "readers.txt"))


@pytest.fixture
def seen(watch: Callable[..., Any], readers: str) -> Callable[[str], Any]:
    def run(script: str) -> Any:
        result = watch(textwrap.dedent(script), python=readers)
        assert result.stderr == ""
        return result

    return run
