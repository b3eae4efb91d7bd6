"""What is kept of a job in its folder: what was ordered, which process does it, how it ended."""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.records.digest import Digest
from pressrun.records.panel.jobs import JobCell, JobFailure, JobKind, JobState


class StoredOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is to do; written once, before its process begins.

    Attributes:
        id: 32 hex digits. `number`: of this notebook's jobs, from 1.
        notebook: posix path relative to the project.
        source: digest of the notebook file that is meant; another content is not run.
        parameters: name -> JSON value that was given. `shown`: the same as text for a reader, without what looks like a
            secret.
        created: UTC, ISO 8601. `by`: id of whoever asked.
        kernel, name, bundle, rebuild: as in `pressrun.records.panel.orders.JobOrder`.
    """

    format: int = 1
    id: str
    number: int
    kind: JobKind
    notebook: str
    source: Digest
    created: str
    by: str = ""
    parameters: dict[str, Any] = {}
    shown: dict[str, str] = {}
    sandbox: bool = False
    kernel: str = ""
    name: str = ""
    bundle: str = ""
    rebuild: bool = False


class JobProcess(msgspec.Struct, frozen=True, kw_only=True):
    """Which process does a job: a process id alone may be another's by now.

    Attributes:
        started: when the process was made, seconds since 1970, as the system tells it.
    """

    pid: int
    started: float


class JobResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended; written once, last of all. Fields as in `pressrun.records.panel.jobs.Job`.

    Attributes:
        executed: posix path of the executed notebook relative to the project, empty where there is none.
        executed_stamp: its size and time of modification, so that a later run's notebook is not taken for it.
        python: version of the kernel's Python. `packages`: how many the lock pins, 0 without one.
        lock: digest of the lock, empty when there was none.
    """

    format: int = 1
    state: JobState
    ended: str = ""
    duration_s: float = 0.0
    stage: str = ""
    cells: tuple[JobCell, ...] = ()
    expected: int = 0
    message: str = ""
    remedy: str = ""
    failure: JobFailure | None = None
    executed: str = ""
    executed_stamp: str = ""
    grade: str = ""
    different: int = 0
    comparable: bool = False
    bundle: str = ""
    bundle_name: str = ""
    python: str = ""
    packages: int = 0
    lock: str = ""
    notes: tuple[str, ...] = ()
