"""The stages of pressing a notebook, up to what goes into the bundle: run, capture, lock, rebuild, prove."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from pressrun.actions.capture import CaptureRequest, capture
from pressrun.actions.clean_room import Room, project_files, running
from pressrun.actions.progress import Progress
from pressrun.actions.proof import Expected, Proof, prove
from pressrun.actions.replay import refuse_errors
from pressrun.actions.runs import Run, run_notebook
from pressrun.errors import CannotRestoreError, EnvironmentRestoreError, NotebookFailedError
from pressrun.notebook.binding import bind_parameters, injection_source, with_references
from pressrun.notebook.cache import user_cache
from pressrun.notebook.environment.additions import added_names, with_additions
from pressrun.notebook.environment.lock import Lock, LockRequest, make_lock
from pressrun.notebook.environment.rebuild import RebuiltEnvironment, rebuild
from pressrun.notebook.environment.settings import index_settings
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.package.models import extra_requirements
from pressrun.notebook.package.tasks import tasks_for
from pressrun.notebook.project import find_project
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay.request import ReplayRequest, Trace
from pressrun.notebook.statcache import StatCache, user_stat_cache
from pressrun.records.bundle import LOCK, InputReference
from pressrun.records.capture import Capture
from pressrun.records.cells import Inspection, Notebook
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.paths import name_from


class PackageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to press.

    Attributes:
        name: label of the bundle; default: from the notebook's file name.
        destination: folder to write the bundle to; None keeps it in the project's store alone.
        raw: ``NAME=VALUE`` words; `given` are values from a file. Both become the bundle's defaults.
        inputs: ``auto`` copies small inputs into the bundle, ``copy`` all of them, ``reference`` none.
        trace: whether every open of the kernel and its children is recorded from outside: ``auto`` where it works.
        proof: whether to run again in the rebuilt environment.
        saved: whether to compare with the outputs saved in the notebook.
        whole_environment: lock everything that is installed instead of what the notebook needs.
        allow_secrets: names of findings that look like secrets and may go into the bundle.
    """

    notebook: Path
    name: str | None = None
    destination: Path | None = None
    raw: tuple[str, ...] = ()
    given: dict[str, Any] = {}
    kernel: str | None = None
    python: Path | None = None
    timeout_s: float | None = None
    cell_timeout_s: float | None = None
    environment_names: tuple[str, ...] = ()
    whole_environment: bool = False
    inputs: Literal["auto", "copy", "reference"] = "auto"
    trace: Trace = "auto"
    proof: bool = True
    saved: bool = True
    allow_secrets: tuple[str, ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The notebook as it was read, before anything ran.

    Attributes:
        entry: folder that the notebook runs in, relative to the project, ``.`` for the project itself.
        injection: source of the cell that gives `values`.
    """

    path: Path
    project: Path
    entry: str
    name: str
    notebook: Notebook
    inspection: Inspection
    values: dict[str, Any]
    injection: str


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """The lock, where it lies, and the environment made from it."""

    lock: Lock
    path: Path
    environment: RebuiltEnvironment


def read_source(request: PackageRequest) -> Source:
    """Read the notebook, check what it says of itself, and bind the parameters.

    Raises:
        NotebookFormatError: it is no notebook that we can read.
        DeclarationError: a declaration is wrong, or the notebook can't be run as it says.
        ParameterError: a value is wrong.
    """
    notebook = read_notebook(request.notebook)
    inspection = inspect_notebook(notebook)
    refuse_errors(inspection)
    path = request.notebook.absolute()
    project = find_project(path)
    values = with_references(inspection, bind_parameters(inspection, request.given, request.raw))
    return Source(
        path=path,
        project=project,
        entry=path.parent.relative_to(project).as_posix(),
        name=request.name or name_from(path.stem),
        notebook=notebook,
        inspection=inspection,
        values=values,
        injection=injection_source(inspection, values),
    )


def first_run(request: PackageRequest, source: Source, place: Path, progress: Progress) -> Run:
    """Run the notebook where its author works.

    Raises:
        NotebookFailedError: it did not reach its end; the message names the partial notebook that is kept.
    """
    progress.stage("Replaying where you work")
    tasks = place / "tasks"
    tasks.mkdir()
    run = run_notebook(
        ReplayRequest(
            notebook=source.path,
            output=place / "executed.ipynb",
            values=source.values,
            injection=source.injection,
            kernel=request.kernel,
            python=request.python,
            timeout_s=request.timeout_s,
            cell_timeout_s=request.cell_timeout_s,
            environment_names=request.environment_names,
            trace=request.trace,
            tasks=tasks_for(source.notebook.cells),
            task_directory=tasks,
        ),
        source.project,
        progress,
    )
    if not run.replay.ok:
        kept = keep_partial(run, source)
        raise NotebookFailedError(failure_sentence(run), where=str(source.path), remedy=f"What ran is in {kept}.")
    return run


def keep_partial(run: Run, source: Source) -> Path:
    """Copy the partial notebook out of the temporary folder and return where it is now."""
    executed = Path(run.replay.executed)
    kept = source.path.with_name(f"{source.path.stem}-failed.ipynb")
    if executed.exists():
        kept.write_bytes(executed.read_bytes())
    return kept


def failure_sentence(run: Run) -> str:
    """Say in one sentence why a run failed."""
    failure = run.replay.failure
    if failure is None:
        return f"the notebook did not reach its end ({run.replay.verdict})"
    place = "" if failure.cell is None else f" in cell {failure.cell}"
    line = "" if failure.line is None else f", line {failure.line}"
    return f"{failure.verdict}{place}{line}: {failure.message}"


def captured(source: Source, run: Run, request: PackageRequest, progress: Progress, cache: StatCache) -> Capture:
    """Return what the notebook was in that run."""
    wanted = CaptureRequest(
        path=source.path, project=source.project, notebook=source.notebook, replay=run.replay, python=request.python
    )
    return capture(wanted, progress, cache)


def locked(
    seen: Capture, run: Run, request: PackageRequest, source: Source, place: Path, progress: Progress
) -> tuple[Capture, Locked]:
    """Make the lock and the environment that it describes; the capture's environment gains what was added.

    Raises:
        EnvironmentRestoreError: the lock can't be made or rebuilt, or installed files were edited.
    """
    progress.stage("Locking the environment")
    settings = index_settings(source.project, prefix=Path(seen.environment.prefix))
    environment, notes = seen.environment, list[str]()
    for requirement in extra_requirements(run.replay.tasks, environment):
        try:
            environment = with_additions(environment, [requirement], settings, folder=source.project)
        except EnvironmentRestoreError as error:
            if not requirement.startswith("skops"):
                raise
            notes.append(f"{error.what}; the model is saved in a format that runs code when it is loaded")
    wheels = place / "wheels"
    wheels.mkdir()
    wanted = LockRequest(whole=request.whole_environment, extra=added_names(seen.environment, environment))
    lock = make_lock(environment, wanted, wheels, settings=settings, project=source.project, cache=user_cache())
    if lock.edited:
        names = "; ".join(f"{name}: {', '.join(files)}" for name, files in sorted(lock.edited.items()))
        raise EnvironmentRestoreError(
            f"installed files were edited, and no lock can bring them back ({names})",
            where=seen.environment.prefix,
            remedy="Reinstall these packages, or make the change a package of its own.",
        )
    path = place / LOCK
    path.write_bytes(lock.text)
    progress.stage("Rebuilding it from the lock")
    rebuilt = rebuild(path, python=environment.python, settings=settings)
    lock = msgspec.structs.replace(lock, notes=(*lock.notes, *notes))
    seen = msgspec.structs.replace(seen, environment=environment)
    return seen, Locked(lock=lock, path=path, environment=rebuilt)


def module_files(seen: Capture, project: Path) -> dict[str, Path]:
    """Return project path -> file of every local module that was imported."""
    return {path: project / path for path in seen.code.local_modules}


def references(seen: Capture) -> tuple[InputReference, ...]:
    """Return the inputs as the bundle names them."""
    return tuple(
        InputReference(path=i.path, role=i.role, digest=i.digest, size=i.size, members=i.members) for i in seen.inputs
    )


def proven(
    source: Source, run: Run, seen: Capture, locked: Locked, request: PackageRequest, progress: Progress
) -> Proof:
    """Run again in the rebuilt environment, in a folder that holds only what the capture named.

    Raises:
        CannotRestoreError: the notebook does not reach its end there.
    """
    with user_stat_cache() as cache:
        files = project_files(references(seen), source.project, module_files(seen, source.project), cache, progress)
    room = Room(
        notebook=source.path.read_bytes(),
        name=source.path.name,
        entry=source.entry,
        files=files,
        request=ReplayRequest(
            notebook=source.path,
            output=source.path,  # set anew for each run
            values=source.values,
            injection=source.injection,
            python=locked.environment.python,
            timeout_s=request.timeout_s,
            cell_timeout_s=request.cell_timeout_s,
            environment_names=request.environment_names,
            trace=request.trace,
            tasks=tasks_for(source.notebook.cells),
        ),
    )

    def run_once(number: int) -> Run:
        progress.stage("Replaying in the rebuilt environment" + (", once more" if number > 1 else ""))
        with running(room, progress) as again:
            return again

    proof = prove(
        Expected(cells=run.cells, values=run.values),
        run_once,
        CompareSettings(same_environment=True, folders=(run.folder,)),
    )
    if not proof.run.replay.ok:
        raise CannotRestoreError(
            f"the notebook runs where you work and not in the environment rebuilt from its lock: "
            f"{failure_sentence(proof.run)}",
            where=str(source.path),
            remedy="A file that no recorder saw can be named in the source; a package can be imported in the notebook.",
        )
    return proof
