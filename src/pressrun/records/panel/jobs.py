"""What a panel is told of jobs: replays, packagings and verifications that run by themselves."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.replay import CellStatus

JobKind = Literal["replay", "package", "verify"]
JobState = Literal[
    "waiting",  # its process has not begun yet
    "running",
    "completed",  # it reached its end, and what was compared is the same
    "differs",  # it reached its end, and results differ
    "failed",  # the notebook did not reach its end
    "refused",  # a rule refused it, or it could not be begun: `message` says why
    "stopped",  # somebody stopped it
    "lost",  # its process is gone and did not say how it ended
]


class JobCell(msgspec.Struct, frozen=True, kw_only=True):
    """How one cell of a job stands.

    Attributes:
        cell: index in the source notebook; -1 for the injected parameters.
    """

    cell: int
    status: CellStatus | Literal["waiting", "running"]
    duration_s: float = 0.0
    memory_bytes: int = 0


class JobFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why and where it failed.

    Attributes:
        cell: index in the source notebook, None when no cell is to blame; `cell_id` its id where it has one.
        line: 1-based, in the cell's source.
        traceback: without colours.
    """

    verdict: str
    message: str
    cell: int | None = None
    cell_id: str = ""
    line: int | None = None
    exception: str = ""
    traceback: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A replay, packaging or verification that runs by itself: it does not end with the server.

    Attributes:
        id: 32 hex digits. `number`: of this notebook's jobs, from 1.
        notebook: as the front end names it. `source`: sha256 of the notebook file that it ran, empty where not known.
        parameters: name -> value that was given, as text; secrets as their references.
        stage: what it is doing, in words.
        done: cells that have ended. `expected`: cells that are to run; 0 while that is not known.
        message: the result in one sentence; while it runs empty.
        remedy: what to do about a failure or refusal.
        executed: the executed notebook as the front end names it, empty where there is none or it lies outside.
        grade: R0 to R4 of the receipt, empty without one.
        different: how many outputs and values differ.
        comparable: whether there is a comparison to look at.
        bundle: content digest of what was packaged. `bundle_name`: its name.
        notes: sentences.
    """

    id: str
    number: int
    kind: JobKind
    notebook: str
    source: str = ""
    state: JobState
    created: str
    by: str = ""
    parameters: dict[str, str] = {}
    sandbox: bool = False
    started: str = ""
    ended: str = ""
    duration_s: float = 0.0
    stage: str = ""
    cells: tuple[JobCell, ...] = ()
    done: int = 0
    expected: int = 0
    message: str = ""
    remedy: str = ""
    failure: JobFailure | None = None
    executed: str = ""
    grade: str = ""
    different: int = 0
    comparable: bool = False
    bundle: str = ""
    bundle_name: str = ""
    notes: tuple[str, ...] = ()


class JobChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Event: a job is not as it was. Told when its state, stage or a cell changes, at most a few times a second.

    Attributes:
        job: as it is now, without `cells` (each change of a cell is in `cell`).
        cell: the cell that changed, None when none did.
    """

    job: Job
    cell: JobCell | None = None
