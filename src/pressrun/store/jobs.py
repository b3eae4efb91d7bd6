"""The files of jobs: one private folder for each below ``.pressrun/jobs/``, outside version control.

    <id>/order.json        what is to be done; written first
    <id>/process.json      the process that does it
    <id>/alive.lock        held by that process for as long as it lives: whoever is killed lets go by itself
    <id>/progress.jsonl    what happened so far, a line each; only ever appended to
    <id>/stop.json         somebody wants it to stop
    <id>/result.json       how it ended; written last
    <id>/log.txt           what its process wrote; executed.ipynb and comparison.json: what the job itself keeps

A file that is there is whole: all but the progress are written aside and renamed. They are not forced onto the disk:
a job that a power failure took has no result and counts as lost.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.records.jobs import JobProcess, JobResult, StoredOrder
from pressrun.store.fs import RealFs, open_regular
from pressrun.store.layout import IGNORE_FILE, STORE_FOLDER
from pressrun.store.locks import exclusive

JOBS = "jobs"
KEPT = 20
"""Jobs that are kept for each notebook; one that runs is never removed."""
ORDER, PROCESS, ALIVE = "order.json", "process.json", "alive.lock"
PROGRESS, STOP, RESULT = "progress.jsonl", "stop.json", "result.json"
LOG, EXECUTED, COMPARISON = "log.txt", "executed.ipynb", "comparison.json"
MAX_RECORD_BYTES = 16 << 20
_ID = re.compile(r"[0-9a-f]{32}")
_SAME_START_S = 2.0  # a process's start is told in ticks since the system's start, whose own time is corrected
_PATIENCE_S = 10.0
_Record = TypeVar("_Record", StoredOrder, JobProcess, JobResult)


class JobFolder:
    """The folder of one job.

    Args:
        path: the folder; its name is the job's id.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        """The job's id."""
        return self.path.name

    def order(self) -> StoredOrder:
        """Return what was ordered.

        Raises:
            CannotRestoreError: it is missing or damaged.
        """
        found = self._record(ORDER, StoredOrder)
        if found is None:
            raise CannotRestoreError("the job's order is missing", where=str(self.path))
        return found

    def process(self) -> JobProcess | None:
        """Return the process that does it, None before it began."""
        return self._record(PROCESS, JobProcess)

    def result(self) -> JobResult | None:
        """Return how it ended, None while nobody said so."""
        return self._record(RESULT, JobResult)

    def wants_to_stop(self) -> bool:
        """Whether somebody asked it to stop."""
        return (self.path / STOP).exists()

    def write(self, name: str, content: bytes) -> None:
        """Write one of the job's files so that its name always stands for whole content."""
        aside = self.path / f".{name}.{secrets.token_hex(6)}"
        file = RealFs().create(aside)
        try:
            file.write(content)
        finally:
            file.close()
        aside.replace(self.path / name)

    def read(self, name: str, limit: int = MAX_RECORD_BYTES, offset: int = 0) -> bytes | None:
        """Return at most `limit` bytes of one of the job's files, None when there is no such file.

        Raises:
            CannotRestoreError: it is there and cannot be read.
        """
        try:
            with open_regular(self.path / name) as file:
                file.seek(offset)
                return file.read(limit)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CannotRestoreError(f"it cannot be read: {error.strerror}", where=str(self.path / name)) from error

    def pid(self) -> int:
        """Return the id of the process that does the job and is alive, 0 when none is.

        It is alive while it holds its lock; where locks do not work, or it has none yet, while there is a process of
        that id that began when the job's did.
        """
        process = self.process()
        if process is None:
            return 0
        return process.pid if self._is_locked() or _is_same(process) else 0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Show that this process does the job, for as long as the block runs."""
        with RealFs().lock(self.path / ALIVE, shared=False, patience_s=_PATIENCE_S):
            yield

    def _is_locked(self) -> bool:
        lock = self.path / ALIVE
        if not lock.exists():
            return False
        try:
            with RealFs().lock(lock, shared=True, patience_s=0.0):
                return False
        except TimeoutError:
            return True
        except OSError:
            return False

    def _record(self, name: str, kind: type[_Record]) -> _Record | None:
        raw = self.read(name)
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=kind)
        except msgspec.MsgspecError as error:
            raise CannotRestoreError(f"it is damaged: {error}", where=str(self.path / name)) from error


def this_process() -> JobProcess:
    """Return what tells the calling process from every other one."""
    found = process_of(os.getpid())
    assert found is not None
    return found


def process_of(pid: int) -> JobProcess | None:
    """Return what tells a process from every other one, None when there is none of that id any more."""
    import psutil  # noqa: PLC0415 - costs 15 ms, and only where a job begins or is looked at

    try:
        return JobProcess(pid=pid, started=psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def job_folders(project: Path) -> list[JobFolder]:
    """Return the folders of all jobs of a project, in no order."""
    jobs = project / STORE_FOLDER / JOBS
    try:
        with os.scandir(jobs) as found:
            return [
                JobFolder(jobs / one.name)
                for one in found
                if _ID.fullmatch(one.name) and one.is_dir(follow_symlinks=False)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []


def find_job(project: Path, job: str) -> JobFolder | None:
    """Return the folder of a job, None when the project has no such job."""
    path = project / STORE_FOLDER / JOBS / job
    if not _ID.fullmatch(job):
        return None
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return JobFolder(path) if stat.S_ISDIR(found.st_mode) else None


def make_job(project: Path, notebook: str, build: Callable[[int], StoredOrder]) -> JobFolder:
    """Make the folder of a new job, and remove those of the oldest.

    Args:
        project: the project's folder.
        notebook: posix path relative to it.
        build: gives the order for the job's number.

    Raises:
        UsageError: the project's folder cannot be written to.
    """
    root = project / STORE_FOLDER
    try:
        root.mkdir(0o700, exist_ok=True)
        jobs = root / JOBS
        jobs.mkdir(0o700, exist_ok=True)
        if not (jobs / IGNORE_FILE).exists():
            (jobs / IGNORE_FILE).write_text("*\n", encoding="utf-8")
        with exclusive(root, JOBS, patience_s=_PATIENCE_S):
            known = jobs_of_notebook(project, notebook)
            order = build(max((number for number, _ in known), default=0) + 1)
            made = JobFolder(jobs / order.id)
            made.path.mkdir(0o700)
            made.write(ORDER, msgspec.json.encode(order))
            _forget_oldest(known)
    except OSError as error:
        raise UsageError(
            f"jobs cannot be kept in this project: {error.strerror}",
            where=str(root),
            remedy="Make the folder writable for you.",
        ) from error
    return made


def jobs_of_notebook(project: Path, notebook: str) -> list[tuple[int, JobFolder]]:
    """Return number and folder of a notebook's jobs, the oldest first; one whose order is damaged is left out.

    Args:
        project: the project's folder.
        notebook: posix path relative to it.
    """
    found = []
    for folder in job_folders(project):
        with contextlib.suppress(CannotRestoreError):  # it has no number
            order = folder.order()
            if order.notebook == notebook:
                found.append((order.number, folder))
    return sorted(found, key=lambda one: one[0])


def _forget_oldest(known: list[tuple[int, JobFolder]]) -> None:
    ended = [folder for _, folder in known if not _is_alive(folder)]
    for folder in ended[: max(0, len(known) + 1 - KEPT)]:
        shutil.rmtree(folder.path, ignore_errors=True)


def _is_alive(folder: JobFolder) -> bool:
    try:
        return folder.pid() != 0
    except CannotRestoreError:
        return False  # nobody can tell, and it must not keep new jobs from being made


def _is_same(process: JobProcess) -> bool:
    import psutil  # noqa: PLC0415 - see above

    try:
        found = psutil.Process(process.pid)
        if found.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(found.create_time() - process.started) < _SAME_START_S
    except psutil.Error:
        return False


def stamp_of(path: Path) -> str:
    """Return what tells whether a file is still the one that was written; empty when there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}"


def seconds_since(folder: JobFolder) -> float:
    """Return how long ago the job was ordered, seconds."""
    try:
        return max(0.0, time.time() - (folder.path / ORDER).lstat().st_mtime)
    except FileNotFoundError:
        return 0.0
