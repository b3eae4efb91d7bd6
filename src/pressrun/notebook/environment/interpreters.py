"""Finds the Python interpreters of this machine. Nothing is ever downloaded."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from pressrun.errors import EnvironmentRestoreError

QUESTION = (
    "import sys; v = sys.version_info;"
    "print('%d.%d.%d' % v[:3], sys.implementation.name, getattr(sys, '_base_executable', sys.executable), sep='\\n')"
)
TIMEOUT_S = 30


class Interpreter(msgspec.Struct, frozen=True):
    """A Python on this machine: its executable and full version (``3.11.7``)."""

    path: Path
    version: str
    implementation: str = "cpython"


def find_interpreter(version: str, environ: Mapping[str, str] | None = None) -> tuple[Interpreter, tuple[str, ...]]:
    """Return the interpreter for `version`, and a note when only another release of the same minor version is there.

    Args:
        version: ``3.11.7``, ``3.11``, or the path of an interpreter.
        environ: environment variables; the process's own by default.

    Raises:
        EnvironmentRestoreError: this machine has no such Python.
    """
    if os.sep in version:
        found = ask_interpreter(Path(version))
        if found is None:
            raise EnvironmentRestoreError("this is no Python interpreter that starts", where=version)
        return found, ()
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?([abrc]+\d+)?\+?", version):
        raise EnvironmentRestoreError(f"{version!r} is no Python version", remedy="Write it as 3.11 or 3.11.7.")
    minor = ".".join(version.split(".")[:2])
    near: list[Interpreter] = []
    for path in _candidates(minor, os.environ if environ is None else environ):
        found = ask_interpreter(path)
        if found is None or not (found.version + ".").startswith(minor + "."):
            continue
        if version in {found.version, minor}:
            return found, ()
        near.append(found)
    if near:
        best = max(near, key=lambda one: [int(part) for part in one.version.split(".")])
        return best, (f"Python {version} is not on this machine; {best.version} was used instead",)
    raise EnvironmentRestoreError(
        f"Python {version} is not on this machine",
        remedy=f"Install it, for example with: uv python install {version}",
    )


def ask_interpreter(path: Path) -> Interpreter | None:
    """Return what the interpreter at `path` is; None when it does not start."""
    try:
        answer = subprocess.run(
            [str(path), "-I", "-c", QUESTION],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            cwd=os.sep,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    lines = answer.stdout.splitlines()
    if answer.returncode != 0 or len(lines) < 3:
        return None
    return Interpreter(Path(lines[2] or path), lines[0], lines[1])


def _candidates(minor: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield executables that may be `minor`, each once: this one, PATH, pyenv, uv, system places, conda."""
    seen: set[Path] = set()
    for path in _places(minor, environ):
        if path.is_file() and (real := path.resolve()) not in seen:
            seen.add(real)
            yield path


def _places(minor: str, environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path.home()
    name = "python.exe" if sys.platform == "win32" else f"python{minor}"
    if sys.version_info[:2] == tuple(int(part) for part in minor.split(".")):
        yield Path(getattr(sys, "_base_executable", "") or sys.executable)
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{minor}*/bin/{name}"), reverse=True)
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    yield from sorted(uv.glob(f"*-{minor}.*/bin/{name}"), reverse=True)
    yield from sorted(uv.glob(f"*-{minor}.*/python.exe"), reverse=True)
    for folder in environ.get("PATH", "").split(os.pathsep):
        yield Path(folder or ".") / name
    for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", f"/opt/python/{minor}/bin"):
        yield Path(folder) / name
    yield Path(f"/Library/Frameworks/Python.framework/Versions/{minor}/bin") / name
    for conda in (
        environ.get("CONDA_ROOT", ""),
        home / "miniconda3",
        home / "anaconda3",
        home / "miniforge3",
        "/opt/conda",
    ):
        if conda:
            yield Path(conda) / "bin" / name
            yield from sorted(Path(conda).glob(f"envs/*/bin/{name}"))
    launcher = shutil.which("py")
    if sys.platform == "win32" and launcher:
        yield Path(launcher)
