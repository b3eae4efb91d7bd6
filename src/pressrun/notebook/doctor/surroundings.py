"""Answers the rules' questions: which files, modules and programs are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from pressrun.notebook.doctor.interpreter import ask, kernel_python
from pressrun.notebook.doctor.pins import pinned_names
from pressrun.records.cells import Notebook
from pressrun.records.findings import SecretFinding
from pressrun.rules.doctor.analysed import Module, Questions, Surroundings
from pressrun.rules.secrets.scan import find_secrets


def look_around(notebook: Notebook, questions: Questions, *, project: Path, python: Path | None) -> Surroundings:
    """Return what surrounds a notebook on this machine.

    Args:
        notebook: as it was read.
        questions: what the rules ask.
        project: the folder its paths are relative to.
        python: the interpreter to look imports up in; default: the one a replay would take.

    Raises:
        UsageError: the interpreter that was named does not exist.
    """
    folder = Path(notebook.path).absolute().parent
    unchecked: list[str] = []
    interpreter, why_not = kernel_python(notebook.kernel, python)
    answer = ask(interpreter, questions, str(folder)) if interpreter else None
    if why_not:
        unchecked.append(why_not)
    elif answer is None:
        unchecked.append(f"{interpreter} did not answer: imports were not looked up")
    return Surroundings(
        python=answer.python if answer is not None else None,
        interpreter=interpreter if answer is not None else "",
        modules=_modules(answer.modules, project) if answer is not None else {},
        lacking=frozenset(answer.lacking) if answer is not None else frozenset(),
        versions=answer.versions if answer is not None else {},
        pinned=pinned_names(folder, project),
        exists={path: _exists(path, folder) for path in questions.paths},
        inside=_inside(questions.paths, folder, project),
        programs={program: _has_program(program, interpreter) for program in questions.programs},
        valid=frozenset(int(cell) for cell in answer.valid) if answer is not None else frozenset(questions.sources),
        folder=folder.as_posix(),
        project=project.absolute().as_posix(),
        secrets=secrets_in(notebook),
        unchecked=tuple(unchecked),
    )


def secrets_in(notebook: Notebook) -> tuple[SecretFinding, ...]:
    """Return what looks like a secret in a notebook."""
    return find_secrets(notebook.cells, notebook.metadata)


def _modules(answers: Mapping[str, Mapping[str, str]], project: Path) -> dict[str, Module]:
    real = os.path.realpath(project)
    return {
        name: Module(
            state=told["state"],  # type: ignore[arg-type]
            distribution=told.get("distribution", ""),
            path=told.get("path", ""),
            in_project=told.get("path", "").startswith(real + os.sep),
        )
        for name, told in answers.items()
    }


def _exists(path: str, folder: Path) -> bool:
    try:
        return (folder / Path(path).expanduser()).exists()
    except (OSError, RuntimeError, ValueError):  # a name too long for the file system; a home that cannot be told
        return False


def _has_program(program: str, interpreter: str) -> bool:
    beside = f"{Path(interpreter).parent}{os.pathsep}" if interpreter else ""
    return shutil.which(program, path=beside + os.environ.get("PATH", "")) is not None


def _inside(paths: Iterable[str], folder: Path, project: Path) -> dict[str, str]:
    """Return how absolute paths of files in the project are written relative to the notebook's folder.

    The file must be there: at the path itself, or, for a path of another machine, by a tail of it that lies beside the
    notebook or below the project's top.
    """
    found: dict[str, str] = {}
    real = Path(os.path.realpath(project))
    for path in paths:
        if not path.startswith(("/", "~", "..")) and path[1:2] != ":":
            continue
        place = _in_project(path, real)
        relative = _relative(place, folder) if place is not None else _by_tail(path, folder, project)
        if relative:
            found[path] = relative
    return found


def _in_project(path: str, real: Path) -> Path | None:
    try:
        place = Path(os.path.realpath(Path(path).expanduser()))
        return place if Path(path).is_absolute() and place.is_file() and place.is_relative_to(real) else None
    except (OSError, RuntimeError, ValueError):
        return None


def _relative(place: Path, folder: Path) -> str:
    return Path(os.path.relpath(place, os.path.realpath(folder))).as_posix()


def _by_tail(path: str, folder: Path, project: Path) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in {"", ".", "..", "~"}]
    if not parts or "." not in parts[-1]:
        return ""
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        for top in (folder, project):
            if _exists(tail, top) and (top / tail).is_file():
                return _relative((top / tail).resolve(), folder)
    return ""
