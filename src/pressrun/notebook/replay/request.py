"""What is asked of a replay, and what the parent hands to its child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from pressrun.records.replay import CellTask

HASH_SEED = {"PYTHONHASHSEED": "0"}
Trace = Literal["auto", "on", "off"]


class Shown(msgspec.Struct, frozen=True):
    """A folder of ours that a sandboxed kernel finds at another place, where it may write to it."""

    source: str
    place: str


class Origin(msgspec.Struct, frozen=True):
    """Where the files lie that belong at a place in a sandbox: what is there and was not shown is undeclared."""

    place: str
    folder: str


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandboxed kernel may see; there is no network, and everything else is absent. Paths are absolute.

    Attributes:
        declared: what the user, the notebook's source or the bundle names, for the record.
        readable: files and folders that are bound read-only at the same place: declared inputs, the environment.
        writable: folders that may be written to.
        shown: folders of ours that stand in for others, for example a private copy of the project.
        links: symbolic links to make, path and target.
        origins: where undeclared files would lie, innermost place first.
    """

    declared: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    shown: tuple[Shown, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    origins: tuple[Origin, ...] = ()


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One replay.

    Attributes:
        notebook: the file to run; never written.
        output: where the executed notebook goes; its folder exists.
        values: the parameters that are given, for the record only.
        injection: source of the cell to inject after the parameters cell, empty for none.
        kernel: name of an installed kernelspec; excludes `python`.
        python: an interpreter with ipykernel to run the kernel in. Neither: the notebook's own kernelspec where it is
            installed and is not the generic ``python3``, else the interpreter that runs pressrun.
        timeout_s: limit for the whole replay, None for none; `cell_timeout_s` for each cell.
        start_timeout_s: limit for a kernel to answer; it is started at most twice.
        grace_s: time that an interrupted cell has before its kernel is killed.
        environment_names: variables of the caller that are let through besides the usual ones.
        fixed_environment: variables that are set in the kernel; one that `environment_names` names is the caller's.
        working_directory: where the kernel runs; default: the notebook's folder.
        tasks: things to do in the kernel, each after its cell; their files go to `task_directory`.
        observe: whether the recorders are sent into the kernel.
        trace: whether every open of the process tree is recorded from outside: ``auto`` where the system allows it.
        sandbox: run in a sandbox, None for none.
    """

    notebook: Path
    output: Path
    values: dict[str, Any] = {}
    injection: str = ""
    kernel: str | None = None
    python: Path | None = None
    timeout_s: float | None = None
    cell_timeout_s: float | None = None
    start_timeout_s: float = 60.0
    grace_s: float = 10.0
    environment_names: tuple[str, ...] = ()
    fixed_environment: dict[str, str] = msgspec.field(default_factory=lambda: dict(HASH_SEED))
    working_directory: Path | None = None
    tasks: tuple[CellTask, ...] = ()
    task_directory: Path | None = None
    observe: bool = True
    trace: Trace = "auto"
    sandbox: Sandbox | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that things may take; None for no limit."""

    total_s: float | None = None
    cell_s: float | None = None
    start_s: float = 60.0
    grace_s: float = 10.0


class KernelChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which kernel to start: an interpreter by path, or a kernelspec by name.

    Attributes:
        label: how to call it before the reader.
        variables: names of the caller's variables that the kernel gets; `fixed` are set whatever the caller has.
            None lets everything through.
        instead_of: the kernelspec that the notebook names and that is not installed, empty when there is none.
    """

    python: str = ""
    name: str = ""
    label: str
    variables: tuple[str, ...] | None = None
    fixed: dict[str, str] = {}
    instead_of: str = ""


class Enclosure(msgspec.Struct, frozen=True, kw_only=True):
    """How a kernel is started in its sandbox.

    Attributes:
        words: of the command that makes the sandbox and runs the command behind it.
        python: an interpreter in there, for the process that watches over the kernel.
        told: file where that process tells the kernel's process id and status.
    """

    words: tuple[str, ...]
    python: str
    told: str


class ChildOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the child process is to do. Paths are absolute.

    Attributes:
        prepared: the notebook to run: the source without outputs, with the injected cell.
        indices: for each cell of `prepared` its index in the source notebook, -1 for the injected one.
        skipped: positions in `prepared` that are not run.
        references: to the secrets that the notebook is given; their values are blotted out of what the kernel says.
        folder: the replay's own temporary folder (`pressrun.notebook.replay.folder`).
        tracer: program to record from outside with, empty where that is not wanted or does not work.
    """

    prepared: str
    indices: tuple[int, ...]
    skipped: tuple[int, ...]
    folder: str
    working_directory: str
    kernel: KernelChoice
    limits: Limits
    references: tuple[str, ...] = ()
    tasks: tuple[CellTask, ...] = ()
    task_directory: str = ""
    observe: bool = True
    trace: Trace = "auto"
    tracer: str = ""
    enclosure: Enclosure | None = None
    event_descriptor: int
    control_descriptor: int
