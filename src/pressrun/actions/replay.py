"""Run a notebook headlessly and tell what happened."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pressrun.actions.progress import Progress, Silent
from pressrun.actions.runs import measured
from pressrun.actions.sandboxing import notebook_sandbox
from pressrun.errors import UsageError
from pressrun.notebook.binding import bind_parameters, injection_source, with_references
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.package.tasks import metrics_tasks
from pressrun.notebook.project import find_project
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay.request import ReplayRequest, Trace
from pressrun.notebook.replay.run import replay_notebook
from pressrun.notebook.secrets import files_of, references_in
from pressrun.records.cells import Inspection
from pressrun.records.replay import Replay

_log = logging.getLogger(__name__)


class ReplaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a notebook.

    Attributes:
        kernel: an installed kernel by name; `python`: an interpreter that has ipykernel. At most one of them.
        timeout_s: limit for the whole run; `cell_timeout_s` for each cell; None for none.
        environment_names: variables of the caller that the kernel gets besides the usual ones.
        trace: whether every open of the kernel and its children is recorded from outside: ``auto`` where it works.
        sandbox: whether to run without network, and with nothing readable but the environment and declared inputs:
            files that the source or a parameter names, and `inputs`. What the notebook writes is gone after the run.
        inputs: files and folders that are declared for a sandboxed run of a notebook; a bundle says itself.
        track: whether the run is recorded in the project's journal.
    """

    kernel: str | None = None
    python: Path | None = None
    timeout_s: float | None = None
    cell_timeout_s: float | None = None
    environment_names: tuple[str, ...] = ()
    trace: Trace = "auto"
    sandbox: bool = False
    inputs: tuple[Path, ...] = ()
    track: bool = True


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """Parameter values: `given` as Python has them, `words` as ``NAME=VALUE``, which win."""

    given: Mapping[str, Any] = {}
    words: Sequence[str] = ()


def replay(
    notebook: Path,
    output: Path | None = None,
    *,
    values: Values | None = None,
    settings: ReplaySettings | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Run a notebook in a clean kernel; a notebook that fails is a verdict of the result, not an exception.

    Args:
        notebook: the file to run; it is never written.
        output: where the executed notebook goes; default: beside the notebook, with ``-replayed`` in its name.
        values: parameters, strictly checked against what the notebook declares.
        settings: how to run it.
        progress: told what happens.

    Raises:
        UsageError: the notebook, a parameter, the output or the kernel cannot be used.
    """
    values, settings, progress = values or Values(), settings or ReplaySettings(), progress or Silent()
    source = read_notebook(notebook)
    inspection = inspect_notebook(source)
    refuse_errors(inspection)
    bound = with_references(inspection, bind_parameters(inspection, values.given, values.words))
    request = ReplayRequest(
        notebook=notebook,
        output=output or default_output(notebook),
        values=bound,
        injection=injection_source(inspection, bound),
        kernel=settings.kernel,
        python=settings.python,
        timeout_s=settings.timeout_s,
        cell_timeout_s=settings.cell_timeout_s,
        environment_names=settings.environment_names,
        trace=settings.trace,
    )
    if not settings.track:
        return _replayed(request, settings, progress)
    with tempfile.TemporaryDirectory(prefix="pressrun-replay-") as place:
        tasks = metrics_tasks(source.cells)
        tracked = msgspec.structs.replace(request, tasks=tasks, task_directory=Path(place) if tasks else None)
        done = _replayed(tracked, settings, progress)
        _track(notebook, done)
    return msgspec.structs.replace(done, tasks=())


def _replayed(request: ReplayRequest, settings: ReplaySettings, progress: Progress) -> Replay:
    if not settings.sandbox:
        return replay_notebook(request, progress.event)
    secrets = tuple(path for path in files_of(references_in([request.injection])) if path.is_file())
    with notebook_sandbox(request.notebook, request.values, (*settings.inputs, *secrets)) as sandbox:
        return replay_notebook(msgspec.structs.replace(request, sandbox=sandbox), progress.event)


def _track(notebook: Path, done: Replay) -> None:
    # the journal's room is only entered by a run that is recorded
    from pressrun.actions.tracking import replayed, track  # noqa: PLC0415

    project = find_project(notebook)
    name = notebook.absolute().relative_to(project).as_posix()
    if problem := track(project, replayed(name, done, measured(done))):
        _log.warning("%s", problem)


def default_output(notebook: Path) -> Path:
    """Return where the executed notebook goes when nobody says: ``churn.ipynb`` gives ``churn-replayed.ipynb``."""
    return notebook.with_name(f"{notebook.stem}-replayed.ipynb")


def refuse_errors(inspection: Inspection) -> None:
    """Raise for the first problem that makes running the notebook pointless.

    Raises:
        UsageError: there is one.
    """
    for problem in inspection.problems:
        if problem.level == "error":
            where = inspection.path if problem.cell is None else f"{inspection.path}, cell {problem.cell}"
            raise UsageError(problem.message, where=where, remedy="`pressrun inspect` lists every problem.")
