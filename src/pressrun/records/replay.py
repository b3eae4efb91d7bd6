"""What happened when a notebook was replayed."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.capture import Observation
from pressrun.records.digest import Digest

Verdict = Literal[
    "completed",  # every expected cell reached its end
    "cell-error",  # a cell raised
    "kernel-died",  # the kernel's process ended by itself or by a signal
    "out-of-memory",  # the kernel was killed for memory, or MemoryError was raised
    "exited",  # sys.exit(), exit() or os._exit(0) before the last cell
    "cell-timeout",  # one cell ran longer than its limit
    "timeout",  # the whole replay ran longer than its limit
    "shell-command-failed",  # a !command ended with a status other than 0
    "kernel-start-failed",  # no kernel answered, also not at the second try
    "interrupted",  # Ctrl-C or a signal to pressrun
    "unfinished",  # a cell did not report its end and nothing says why
]
CellStatus = Literal[
    "completed", "failed", "raised-as-expected", "shell-command-failed", "timed-out", "died", "interrupted",
    "never-ran", "skipped",
]  # fmt: skip


class CellRun(msgspec.Struct, frozen=True, kw_only=True):
    """How one code cell ran.

    Attributes:
        cell: index in the *source* notebook, all cells counted from 0; -1 for the injected parameters cell.
        status: ``skipped`` is declared so (``%%register skip`` or an empty cell); ``never-ran`` was expected to run.
        duration_s: seconds of wall time; 0 when it never ran.
        peak_memory_bytes: largest resident size of the kernel's process tree seen while the cell ran, 0 when unknown.
    """

    cell: int
    id: str | None
    digest: Digest
    status: CellStatus
    execution_count: int | None = None
    duration_s: float = 0.0
    peak_memory_bytes: int = 0


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why and where a replay failed.

    Attributes:
        cell: index in the source notebook; -1 for the injected parameters cell; None when no cell is to blame.
        line: 1-based line in the cell's source, None when unknown.
        exception: class name, empty when no exception was raised.
        last_outputs: text of the last outputs of that cell, shortened.
    """

    verdict: Verdict
    message: str
    cell: int | None = None
    line: int | None = None
    exception: str = ""
    traceback: str = ""
    peak_memory_bytes: int = 0
    duration_s: float = 0.0
    last_outputs: tuple[str, ...] = ()


class CellTask(msgspec.Struct, frozen=True, kw_only=True):
    """Something of ours to do inside the kernel right after a cell, unseen by the notebook.

    Attributes:
        name: identifies the result; unique in one replay.
        after_cell: index of the cell in the source notebook.
        source: Python source that runs in the kernel's interpreter (standard library only, Python 3.7 and later, in a
            namespace of its own). It defines ``run(user_ns, directory)``, which returns what JSON can hold; `directory`
            is a folder of its own that it may write files to.
    """

    name: str
    after_cell: int
    source: str


class TaskResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a `CellTask` gave. `directory` holds the files that it wrote; `error` is empty when it succeeded."""

    name: str
    value: Any = None
    directory: str = ""
    error: str = ""


class UndeclaredRead(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a sandboxed notebook asked for, that is there on this machine, and that was not declared.

    Attributes:
        path: absolute path on this machine; for ``network`` a host with its port, or a URL.
        kind: ``listing`` stands for a folder whose names were read and that holds more than was shown.
        told_by: the recorder that told, or ``error`` where the notebook's own error message did.
    """

    path: str
    kind: Literal["file", "folder", "listing", "network"]
    cells: tuple[int, ...] = ()
    told_by: str = ""


class SandboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandboxed replay showed.

    Attributes:
        declared: the inputs that could be read, absolute paths.
        undeclared: what was asked for besides; empty in a hermetic run.
        reasons: sentences: why the run is not hermetic; empty when it is.
        written: files that the notebook wrote in the sandbox, paths as it knew them; they are gone with it.
    """

    declared: tuple[str, ...] = ()
    undeclared: tuple[UndeclaredRead, ...] = ()
    reasons: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one replay, computed from what every cell reported.

    Attributes:
        executed: path of the executed notebook.
        parameters: name -> value that was injected (not the defaults).
        started: UTC, ISO 8601.
        tasks: results of the tasks that were asked for, in their order.
        hermetic: the run reached its end in a sandbox without network where only declared inputs could be read, every
            look-up was recorded, and it asked for nothing else that is there.
        sandbox: what the sandbox showed, None where there was none.
    """

    format: int = 1
    verdict: Verdict
    source: Digest
    executed: str
    parameters: dict[str, Any]
    cells: tuple[CellRun, ...]
    failure: Failure | None = None
    observation: Observation
    kernel: str = ""
    python: str = ""
    started: str = ""
    duration_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    tasks: tuple[TaskResult, ...] = ()
    environment_variables: tuple[str, ...] = ()
    """Names of the caller's variables that were let through; never their values."""
    hermetic: bool = False
    sandbox: SandboxReport | None = None

    @property
    def ok(self) -> bool:
        """Whether every expected cell reached its end."""
        return self.verdict == "completed"
