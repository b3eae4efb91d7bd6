"""Tells of jobs as they change, by the server's own events. Nothing runs, and nothing is looked at, without a job."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import msgspec

from pressrun.actions.job_progress import Followed
from pressrun.actions.job_view import job_of
from pressrun.actions.panel_place import Place
from pressrun.errors import CannotRestoreError
from pressrun.records.panel.jobs import Job, JobCell, JobChanged
from pressrun.store.jobs import JobFolder

SCHEMA_ID = "https://pressrun.dev/events/job"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "A job of pressrun changed",
    "description": "A replay, packaging or verification is not as it was: its state, its stage or one of its cells.",
    "type": "object",
    "properties": {"change": {"type": "object", "description": "A JobChanged record."}},
    "required": ["change"],
}
POLL_S = 0.4
MANY = 20
"""Cells that may change between two looks; of more, one event tells all."""

_log = logging.getLogger(__name__)


class _Watched:
    """One running job: what of it was told last."""

    def __init__(self, folder: JobFolder, place: Place) -> None:
        self.folder = folder
        self.place = place
        self.followed = Followed(folder)
        self.told: tuple[object, ...] = ()

    def look(self) -> list[JobChanged]:
        """Return what changed since the last look; called in a thread."""
        changed = self.followed.more()
        job = job_of(self.folder, self.place, self.followed)
        cells = {cell.cell: cell for cell in changed if cell is not None}
        state = (job.state, job.stage, job.expected, job.message, len(job.notes))
        if state == self.told and not cells:
            return []
        self.told = state
        return list(changes(job, list(cells.values())))


def changes(job: Job, cells: list[JobCell]) -> list[JobChanged]:
    """Return the events that tell of a job: one for each cell that changed; of very many, one with all its cells."""
    if len(cells) > MANY:
        return [JobChanged(job=job)]
    short = msgspec.structs.replace(job, cells=())
    return [JobChanged(job=short, cell=cell) for cell in cells] or [JobChanged(job=short)]


class Watcher:
    """Looks at running jobs every few tenths of a second, in a thread, and tells what changed.

    Args:
        emit: told of each change, in the server's event loop.
        executor: where files are read.
        loop: the server's event loop.
    """

    def __init__(self, emit: Callable[[JobChanged], None], executor: Executor, loop: asyncio.AbstractEventLoop) -> None:
        self._emit = emit
        self._executor = executor
        self._loop = loop
        self._watched: dict[str, _Watched] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is looked at."""
        return self._task is None

    def follow(self, folder: JobFolder, place: Place) -> None:
        """Tell of a job's changes from now on, until it has ended; may be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the server ends, and its loop is closed
            self._loop.call_soon_threadsafe(self._begin, folder, place)

    def close(self) -> None:
        """Tell of nothing any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._watched.clear()

    def _begin(self, folder: JobFolder, place: Place) -> None:
        self._watched.setdefault(folder.id, _Watched(folder, place))
        if self._task is None:
            self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._watched:
                for watched in list(self._watched.values()):
                    await self._look(watched)
                if self._watched:
                    await asyncio.sleep(POLL_S)
        finally:
            self._task = None

    async def _look(self, watched: _Watched) -> None:
        try:
            found = await self._loop.run_in_executor(self._executor, watched.look)
        except (CannotRestoreError, OSError) as error:
            # its folder was removed or damaged: whoever asks for the job is told
            _log.debug("a job is not followed any more: %s", error)
            self._watched.pop(watched.folder.id, None)
            return
        for change in found:
            self._emit(change)
        if watched.told and watched.told[0] not in {"waiting", "running"}:
            self._watched.pop(watched.folder.id, None)
