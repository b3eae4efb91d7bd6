"""What a job looks like to a reader, from its folder alone."""

from __future__ import annotations

import shlex
import time
from datetime import datetime, timezone

import msgspec

from pressrun.actions.job_progress import Followed
from pressrun.actions.panel_place import Place
from pressrun.errors import CannotRestoreError, UnknownError
from pressrun.records.jobs import JobResult, StoredOrder
from pressrun.records.panel.comparison import PanelComparison
from pressrun.records.panel.jobs import Job, JobState
from pressrun.store.jobs import COMPARISON, KEPT, LOG, JobFolder, jobs_of_notebook, seconds_since, stamp_of

BEGIN_S = 30.0
"""How long a job may take to say which process it is; nobody knows of one that never did."""
MAX_COMPARISON_BYTES = 64 << 20


def jobs_of(place: Place) -> tuple[Job, ...]:
    """Return the jobs of a notebook, newest first, at most as many as are kept; one that is damaged is left out."""
    newest = jobs_of_notebook(place.project, place.in_project)[-KEPT:]
    return tuple(job_of(folder, place) for _, folder in reversed(newest))


def is_running(folder: JobFolder) -> bool:
    """Whether a job has not ended yet."""
    return folder.result() is None and _state(folder) in {"waiting", "running"}


def job_of(folder: JobFolder, place: Place, followed: Followed | None = None) -> Job:
    """Return a job as it stands.

    Args:
        folder: the job's.
        place: any notebook of its project; says how the front end names files.
        followed: what its progress adds up to so far, where the caller follows it.

    Raises:
        CannotRestoreError: its order is damaged.
    """
    order = folder.order()
    try:
        result = folder.result()
        if result is None:
            state = _state(folder)
            # it may have ended between the two looks
            result = folder.result()
    except CannotRestoreError as error:
        # how it ended is not known any more; what was ordered is
        message, remedy = f"How it ended cannot be read: {error}", "Start it again."
        return msgspec.structs.replace(_ordered(folder, order, place), state="lost", message=message, remedy=remedy)
    if result is None:
        return _unended(folder, order, place, state, followed or _followed(folder))
    return _ended(folder, order, place, result)


def _followed(folder: JobFolder) -> Followed:
    followed = Followed(folder)
    followed.more()
    return followed


def _state(folder: JobFolder) -> JobState:
    process = folder.process()
    if process is None:
        return "waiting" if seconds_since(folder) < BEGIN_S else "lost"
    if folder.pid():
        return "running"
    return "stopped" if folder.wants_to_stop() else "lost"


def _unended(folder: JobFolder, order: StoredOrder, place: Place, state: JobState, followed: Followed) -> Job:
    running = state in {"waiting", "running"}
    if state == "running" and not followed.began:
        state = "waiting"
    message, remedy = "", ""
    if state == "lost":
        message = "Its process is gone and did not say how it ended: it was killed, or the machine was restarted."
        remedy = f"Start it again. The log: {folder.path / LOG}"
    elif state == "stopped":
        message = "It was stopped, and had to be killed."
    stage = "Stopping" if running and folder.wants_to_stop() else followed.stage
    since = followed.began or time.time()
    return msgspec.structs.replace(
        _ordered(folder, order, place),
        state=state,
        started=_time(followed.began) if followed.began else "",
        duration_s=round(max(0.0, time.time() - since), 1) if running else 0.0,
        stage=stage if running else "",
        cells=tuple(followed.cells.values()) if running else followed.settled(),
        done=followed.done,
        expected=followed.expected,
        message=message,
        remedy=remedy,
        notes=tuple(followed.notes),
    )


def _ended(folder: JobFolder, order: StoredOrder, place: Place, result: JobResult) -> Job:
    executed = place.project / result.executed if result.executed else None
    there = executed is not None and stamp_of(executed) == result.executed_stamp
    ran = sum(1 for cell in result.cells if cell.status != "never-ran")
    return msgspec.structs.replace(
        _ordered(folder, order, place),
        state=result.state,
        ended=result.ended,
        started=_time(datetime.fromisoformat(result.ended).timestamp() - result.duration_s),
        duration_s=result.duration_s,
        cells=result.cells,
        done=ran,
        expected=result.expected,
        message=result.message,
        remedy=result.remedy,
        failure=result.failure,
        executed=place.shown(executed) if executed is not None and there else "",
        grade=result.grade,
        different=result.different,
        comparable=result.comparable,
        bundle=result.bundle,
        bundle_name=result.bundle_name,
        notes=result.notes,
    )


def _ordered(folder: JobFolder, order: StoredOrder, place: Place) -> Job:
    return Job(
        id=folder.id,
        number=order.number,
        kind=order.kind,
        notebook=place.shown_of_project(order.notebook),
        source=order.source,
        state="waiting",
        created=order.created,
        by=order.by,
        parameters=order.shown,
        sandbox=order.sandbox,
    )


def comparison_of(folder: JobFolder) -> PanelComparison:
    """Return the comparison that a job made.

    Raises:
        UnknownError: it made none.
        CannotRestoreError: it cannot be read.
    """
    raw = folder.read(COMPARISON, MAX_COMPARISON_BYTES)
    if raw is None:
        raise UnknownError("this job compared nothing", remedy="Save the notebook with its outputs, and replay it.")
    try:
        return msgspec.json.decode(raw, type=PanelComparison)
    except msgspec.MsgspecError as error:
        raise CannotRestoreError(f"the comparison is damaged: {error}", where=str(folder.path)) from error


def command_of(folder: JobFolder) -> str:
    """Return the command line that does the same, to be run in the project's folder."""
    order = folder.order()
    words = ["pressrun", order.kind]
    if order.kind == "verify":
        words += [order.bundle, *(["--rebuild"] if order.rebuild else [])]
    else:
        words += [order.notebook]
        for name, text in order.shown.items():
            words += ["-p", f"{name}={text}"]
        words += ["--kernel", order.kernel] if order.kernel else []
    if order.kind == "package" and order.name:
        words += ["--name", order.name]
    return shlex.join([*words, *(["--sandbox"] if order.sandbox else [])])


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
