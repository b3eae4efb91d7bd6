"""Start and end of the program: settings, working directory, results."""

# ruff: noqa: T201, PTH109  # a program prints

from __future__ import annotations

import argparse
import atexit
import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pressrun.notebook.package.runtime_cells import HERE, RUN, SETTLE, end_cell
from pressrun.notebook.package.runtime_secrets import blotted


def start(
    options: argparse.Namespace,
    *,
    entry: str = ".",
    environment: Mapping[str, str] | None = None,
    like_in_a_notebook: Sequence[str] = (),
) -> None:
    """Begin the run: settings, working directory, recording.

    Args:
        options: what the command line gave.
        entry: folder, relative to the project, that the notebook runs in.
        environment: variables that the proven run had, set unless the caller set them.
        like_in_a_notebook: libraries whose texts and figures are to come out as in a notebook.
    """
    _settle_environment(environment or {})
    values = vars(options)
    folders = {name: values.pop(f"run {name}", None) for name in ("workdir", "results", "figures", "models")}
    for name in ("results", "figures", "models"):
        if folders[name] is not None:
            setattr(RUN, name, Path(folders[name]).resolve())
    RUN.given = values
    _enter(folders["workdir"], entry)
    os.environ.setdefault("MPLBACKEND", "Agg")
    for library in like_in_a_notebook:
        SETTLE[library]()
    sys.stdout = RUN.recorder


def _settle_environment(environment: Mapping[str, str]) -> None:
    seed_is_late = "PYTHONHASHSEED" in environment and "PYTHONHASHSEED" not in os.environ
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    if not seed_is_late:
        return
    command = [sys.executable, *sys.argv]  # the interpreter reads this one only when it starts
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606
    raise SystemExit(subprocess.call(command))


def _enter(workdir: str | None, entry: str) -> None:
    root = Path(workdir).resolve() if workdir else Path(tempfile.mkdtemp(prefix="pipeline-"))
    root.mkdir(parents=True, exist_ok=True)
    project = HERE / "project"
    for source in sorted(project.rglob("*")):
        target = root / source.relative_to(project)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        elif not filecmp.cmp(source, target, shallow=False):
            print(f"using {target}, which differs from the bundle's own", file=sys.stderr)
    before = _files(root)
    home = root / entry
    home.mkdir(parents=True, exist_ok=True)
    atexit.register(_leave, root, before, temporary=not workdir, back=os.getcwd())
    os.chdir(home)
    sys.path[:] = [str(home), *[folder for folder in sys.path if folder != str(HERE)], str(HERE)]


def _files(root: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            found[path.relative_to(root).as_posix()] = (status.st_size, status.st_mtime_ns)
    return found


def _leave(root: Path, before: dict[str, tuple[int, int]], *, temporary: bool, back: str) -> None:
    if os.getpid() != RUN.process:
        return  # a forked child
    os.chdir(back)
    after = _files(root)
    written = sorted(path for path, state in after.items() if before.get(path) != state)
    if written:
        print(f"files written in {root}: {', '.join(written)}", file=sys.stderr)
    elif temporary:
        shutil.rmtree(root, ignore_errors=True)
    if not RUN.finished:
        print("pipeline.py ended before its last cell", file=sys.stderr)
        sys.stderr.flush()
        RUN.recorder.stream.flush()
        os._exit(1)  # sys.exit(0) in the middle of a notebook is no success


def finish() -> None:
    """End the run and write the results that were asked for."""
    end_cell()
    RUN.finished = True
    if RUN.results is None:
        return
    recorder = RUN.recorder
    cells = [
        {"cell": number, "stdout": "".join(recorder.stdout[number]), "shown": recorder.shown[number]}
        for number in sorted(recorder.stdout)
    ]
    parameters = {name: _plain(RUN.secrets.get(str(value), value)) for name, value in RUN.parameters.items()}
    document = {"parameters": parameters, "metrics": RUN.metrics, "cells": cells}
    RUN.results.parent.mkdir(parents=True, exist_ok=True)
    RUN.results.write_text(blotted(json.dumps(document, indent=2, default=repr), RUN.secrets) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return repr(value)
    return value
