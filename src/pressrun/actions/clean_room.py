"""The clean room: an environment built from the lock alone, and a folder that holds only what the capture named."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from pressrun.actions.progress import Progress
from pressrun.actions.runs import Run, run_notebook
from pressrun.actions.sandboxing import room_sandbox
from pressrun.notebook.inputs import check_inputs, data_files
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.statcache import StatCache
from pressrun.notebook.workplace import lay_out
from pressrun.records.bundle import InputReference


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, where.

    Attributes:
        notebook: the notebook's bytes, and `name` of its file; it runs in the folder `entry` of the laid-out project.
        files: project path -> where the file is now: local modules and inputs.
        request: how to replay; its notebook, output and working directory are set for each run.
        inputs: what a sandbox lets the notebook read, by the names of the bundle; None for no sandbox.
        origin: the project that the files may have come from.
    """

    notebook: bytes
    name: str
    entry: str
    files: Mapping[str, Path]
    request: ReplayRequest
    inputs: tuple[str, ...] | None = None
    origin: Path | None = None


def project_files(
    references: Iterable[InputReference],
    folder: Path,
    modules: Mapping[str, Path],
    cache: StatCache,
    progress: Progress,
) -> dict[str, Path]:
    """Return project path -> file for all that a run needs, inputs checked by digest and folders as their files.

    Args:
        references: the inputs; those outside the project and package data stay where they are.
        folder: where the project's inputs are now.
        modules: project path -> file of each local module.
        cache: digests known from before.
        progress: told of bytes digested.

    Raises:
        InputChangedError: naming every input that is absent or differs.
    """
    wanted = list(references)
    found = check_inputs(wanted, folder, cache=cache, on_progress=progress.digested)
    files = dict(modules)
    for reference in wanted:
        path = found.get(reference.path)
        if reference.role != "project" or path is None:
            continue
        if path.is_dir():
            files |= {f"{reference.path}/{name}": member for name, member in data_files(path).items()}
        else:
            files[reference.path] = path
    return files


@contextlib.contextmanager
def running(room: Room, progress: Progress) -> Iterator[Run]:
    """Lay out a new folder, replay there, and give the run; the folder and all in it are gone afterwards.

    Args:
        room: what to run, where.
        progress: told of the replay's events.
    """
    with tempfile.TemporaryDirectory(prefix="pressrun-room-") as base:
        place = Path(base).resolve() / "project"
        lay_out(place, room.files)
        entry = place / room.entry
        entry.mkdir(parents=True, exist_ok=True)
        notebook = entry / room.name
        notebook.write_bytes(room.notebook)
        tasks = Path(base) / "tasks"
        tasks.mkdir()
        request = msgspec.structs.replace(
            room.request,
            notebook=notebook,
            output=Path(base) / "executed.ipynb",
            working_directory=entry,
            task_directory=tasks,
            sandbox=None if room.inputs is None else room_sandbox(place, room.inputs, room.origin or place),
        )
        yield run_notebook(request, place, progress)
