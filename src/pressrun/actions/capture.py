"""Capture: what a notebook was when it ran, told from the replay that just ended."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from pressrun.actions.progress import Progress
from pressrun.notebook.code import code_state
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.inputs import data_coverage, data_lookups, digest_files
from pressrun.notebook.literal_paths import literal_paths
from pressrun.notebook.replay.request import HASH_SEED
from pressrun.notebook.statcache import StatCache
from pressrun.records.capture import Capture, Environment, FileAccess, Observation, Randomness
from pressrun.records.cells import Notebook
from pressrun.records.replay import Replay
from pressrun.rules.disagreement import Source, disagreements

LITERAL = "literal paths in the source"
LITERAL_NOTE = "A reader that opens files outside Python is found only where the path stands in the source."


class CaptureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to capture.

    Attributes:
        path: the notebook's file; `project` is the folder that paths are relative to.
        replay: the run that has just reached its end.
        python: the kernel's interpreter, when the observer could not tell.
        extra: distributions that count as imported, for example a model format's library.
    """

    path: Path
    project: Path
    notebook: Notebook
    replay: Replay
    python: Path | None = None
    extra: tuple[str, ...] = ()


def capture(request: CaptureRequest, progress: Progress, cache: StatCache) -> Capture:
    """Return what the notebook was when it ran.

    Args:
        request: what to capture.
        progress: told of stages and of bytes digested.
        cache: digests of files known from before.

    Raises:
        EnvironmentRestoreError: the kernel's interpreter does not answer.
        CannotRestoreError: an input cannot be read any more.
    """
    observation = with_literal_paths(request)
    progress.stage("Reading the kernel's environment")
    environment = kernel_environment(request, observation, cache)
    progress.stage("Digesting inputs")
    inputs, products = digest_files(
        observation, request.project, environment, cache=cache, on_progress=progress.digested
    )
    return Capture(
        environment=environment,
        inputs=inputs,
        products=products,
        code=code_state(request.path, request.project, observation.modules, environment),
        randomness=Randomness(
            seeds=observation.seeds,
            hash_seed=hash_seed(request.replay),
            threads=observation.thread_settings,
        ),
        coverage=data_coverage(observation, request.project, environment),
        starts=observation.starts,
        external=observation.external,
        lookups=data_lookups(observation, request.project, environment),
    )


def hash_seed(replay: Replay) -> str:
    """Return the kernel's PYTHONHASHSEED: the one that every replay fixes, or the caller's where it was let through."""
    name = "PYTHONHASHSEED"
    return os.environ.get(name, "") if name in replay.environment_variables else HASH_SEED[name]


def kernel_environment(request: CaptureRequest, observation: Observation, cache: StatCache) -> Environment:
    """Ask the interpreter that ran the kernel what is installed beside it."""
    python = observation.executable or os.fspath(request.python or "")
    return probe_environment(Path(python), observation.modules, extra=request.extra, cache=cache)


def with_literal_paths(request: CaptureRequest) -> Observation:
    """Add the files that the source names and no recorder saw; a file that the notebook itself wrote is no input.

    Where the coverage is complete there are none: a file that was named and not opened was not read. Elsewhere they
    are possibly unseen inputs, and the coverage lists them as such.
    """
    observation = request.replay.observation
    if observation.coverage.level == "complete":
        return observation
    folder = Path(observation.working_directory or request.path.parent)
    seen = {os.path.normpath(folder / access.path) for access in observation.files}
    named: list[FileAccess] = [
        access
        for access in literal_paths(request.notebook.code_cells, folder, request.replay.parameters)
        if access.path not in seen and Path(access.path) != request.path.resolve()
    ]
    if not named:
        return observation
    coverage = observation.coverage
    recorders = [Source(name=name, kind="observed", files={}) for name in coverage.sources]
    literal = Source(name=LITERAL, kind="named", files={access.path: access.cells for access in named})
    coverage = msgspec.structs.replace(
        coverage,
        sources=(*coverage.sources, LITERAL),
        blind_spots=(*coverage.blind_spots, LITERAL_NOTE),
        unseen=(*coverage.unseen, *disagreements([*recorders, literal])),
    )
    return msgspec.structs.replace(observation, files=(*observation.files, *named), coverage=coverage)
