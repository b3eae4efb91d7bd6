"""What a sandboxed notebook may read: what its source, its parameters and the user name, and its project's modules."""

from __future__ import annotations

import contextlib
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from pressrun.errors import UsageError
from pressrun.notebook.input_rules import InputRules
from pressrun.notebook.literal_paths import literal_paths
from pressrun.notebook.project import find_project
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay.request import Origin, Sandbox, Shown
from pressrun.notebook.replay.sandbox.probe import require_sandbox
from pressrun.notebook.replay.sandbox.staging import stage
from pressrun.records.capture import Coverage, Environment, FileAccess, Observation
from pressrun.records.replay import SandboxReport

KERNEL_FOLDERS = ("/proc/", "/sys/", "/dev/")
SHARED_MEMORY = "/dev/shm/"  # noqa: S108  files like others


@contextlib.contextmanager
def notebook_sandbox(notebook: Path, values: Mapping[str, object], inputs: Sequence[Path]) -> Iterator[Sandbox]:
    """Give the sandbox for a notebook that is run where its author works.

    Args:
        notebook: the file.
        values: parameters; a text that names a file declares it.
        inputs: files and folders that the user declares.

    Raises:
        UsageError: no sandbox can be made here, or a declared input is not there.
    """
    require_sandbox()
    for path in inputs:
        _refuse_useless(path)
    folder = notebook.parent.resolve()
    project = find_project(folder)
    if project == Path(os.sep):
        project = folder
    named = [access.path for access in literal_paths(read_notebook(notebook).cells, folder, values)]
    named += [os.path.normpath(folder / str(text)) for text in values.values() if _names_a_file(folder, text)]
    with tempfile.TemporaryDirectory(prefix="pressrun-stage-", ignore_cleanup_errors=True) as base:
        written = find_project(notebook.absolute().parent)
        if written.resolve() != project:
            written = project
        declared = [_in_project(path, written, project) for path in (*_data_among(named, project), *inputs)]
        sandbox = stage(project, declared, Path(base).resolve() / "project")
        if written != project:
            sandbox = msgspec.structs.replace(sandbox, links=(*sandbox.links, (str(written), str(project))))
        yield sandbox


def room_sandbox(place: Path, declared: Sequence[str], origin: Path) -> Sandbox:
    """Return the sandbox for a folder that was laid out with all that a bundle holds or names.

    Args:
        place: the folder, links resolved; the notebook may write there.
        declared: the bundle's inputs; those that lie outside the project are absolute paths.
        origin: the project that the bundle may have come from, to tell a file that the bundle lacks.
    """
    linked = [str(path.resolve()) for path in sorted(place.rglob("*")) if path.is_symlink()]
    outside = [path for path in declared if path.startswith(os.sep)]
    return Sandbox(
        declared=tuple(declared),
        readable=(*linked, *outside),
        shown=(Shown(str(place), str(place)),),
        origins=(Origin(str(place), str(origin.resolve())),),
    )


def asked_sentences(report: SandboxReport) -> list[str]:
    """Return one sentence for each thing that a sandboxed run asked for and that was not declared."""
    sentences = []
    for one in report.undeclared:
        cells = [str(cell) for cell in one.cells if cell >= 0]
        who = f"cell {', '.join(cells)}" if cells else "the notebook"
        if one.kind == "network":
            sentences.append(f"{who} connects to {one.path}; there is no network in a sandbox")
            continue
        real = os.path.realpath(one.path)
        link = f" (a link to {real})" if os.path.islink(one.path) else ""  # noqa: PTH114
        sentences.append(f"{who} {_VERBS[one.kind]} {one.path}{link}, which is not declared")
    return sentences


_VERBS = {"file": "reads", "folder": "looks for the folder", "listing": "lists the folder"}


def asked_remedy(report: SandboxReport, *, bundle: bool) -> str:
    """Return what to do about it; empty where a sandboxed run asked for nothing.

    Args:
        report: of the run.
        bundle: whether a bundle was run, whose inputs are what was captured.
    """
    files = [one for one in report.undeclared if one.kind != "network"]
    if files and bundle:
        return "The bundle lacks it: name it in the notebook's source and press again."
    if files:
        path = shlex.quote(os.path.relpath(os.path.realpath(files[0].path)))
        return f"Declare it: name it in the notebook's source, or give --input {path}"
    if report.undeclared:
        return "Save what comes from there to a file, and let the notebook read that."
    return ""


def _refuse_useless(path: Path) -> None:
    if not os.path.lexists(path):
        raise UsageError("there is no such input", where=f"--input {path}", remedy="Name a file or a folder.")
    place = os.path.abspath(path)  # noqa: PTH100  without following a link
    if path.resolve() == Path(os.sep) or (place.startswith(KERNEL_FOLDERS) and not place.startswith(SHARED_MEMORY)):
        raise UsageError("this can't be declared", where=f"--input {path}", remedy="Name the files that are read.")


def _names_a_file(folder: Path, text: object) -> bool:
    try:
        return isinstance(text, str) and (folder / text).is_file()
    except (OSError, ValueError):  # no name that a file can have
        return False


def _data_among(paths: Sequence[str], project: Path) -> list[Path]:
    """Return those of the files that would be inputs: who names a system file or a key has not declared it."""
    nowhere = Environment(python="", implementation="", platform="", machine="", executable="", prefix="")
    rules = InputRules(project, nowhere, Observation(coverage=Coverage(level="none")))
    reads = (FileAccess(path=path, mode="read", cells=(), first="read") for path in paths)
    return [Path(read.path) for read in reads if rules.place(read) is not None]


def _in_project(path: Path, written: Path, project: Path) -> Path:
    """Return an absolute path, below the project's real folder where it is below its written one; links stay."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  without following a link
    return project / absolute.relative_to(written) if absolute.is_relative_to(written) else absolute
