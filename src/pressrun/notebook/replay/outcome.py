"""The outcome of a replay, computed from what every cell reported. Pure.

Nothing is believed because nobody complained: a replay is ``completed`` when every cell that was expected to run
replied that it did, nothing else.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence

import msgspec

from pressrun.notebook.replay.journal import Ended, Finished, KernelGone, KernelNeverUp
from pressrun.records.digest import Digest
from pressrun.records.replay import CellRun, CellStatus, Failure, Verdict

EXPECTS_ERROR = "raises-exception"
EXIT_EXCEPTION = "SystemExit"
INPUT_EXCEPTION = "StdinNotImplementedError"
LAST_OUTPUTS = 5
EXCERPT = 2000  # characters

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CELL_FRAMES = (
    re.compile(r"^\s*(?:File\s+)?Cell In\s?\[\d+\], line (\d+)", re.MULTILINE),  # IPython 8.8 and later
    re.compile(r"^\s*(?:File\s+)?Input In \[\d+\], in <cell line: \d+>\(\)\n(?:.*\n)*?-+> (\d+) ", re.MULTILINE),
    re.compile(r"^<ipython-input-\d+-\w+> in <module>.*\n(?:.*\n)*?-+> (\d+) ", re.MULTILINE),
    re.compile(r"^\S*ipykernel_\d+/\d+\.py in <(?:module|cell line: \d+)>.*\n(?:.*\n)*?-+> (\d+) ", re.MULTILINE),
    re.compile(r"^\s*(?:File|Input) .*(?:<ipython-input-\d+-\w+>|ipykernel_\d+/\d+\.py|In \[\d+\])\"?, line (\d+)",
               re.MULTILINE),
)  # fmt: skip
_CRASH_FRAME = re.compile(
    r'File "[^"]*(?:ipykernel_\d+/\d+\.py|<ipython-input-[^"]*)", line (\d+) in <(?:module|cell line: \d+)>'
)


class PlannedCell(msgspec.Struct, frozen=True, kw_only=True):
    """A code cell of the notebook that is run.

    Attributes:
        position: in the notebook that is run; `cell`: index in the source notebook, -1 for the injected one.
        skipped: not expected to run.
        dropped: blank lines at the top of the source that is run. IPython drops them, and counts lines without them.
    """

    position: int
    cell: int
    id: str | None
    digest: Digest
    tags: tuple[str, ...] = ()
    skipped: bool = False
    dropped: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal and the child's end tell.

    Attributes:
        started: positions that were sent to the kernel.
        ended: position -> how it ended.
        counts: position -> execution count.
        last_outputs: position -> text of its last outputs.
        duration_s: of the whole replay.
        interrupted: the parent was told to stop.
        child: how the child process ended, where that was not as it should; else empty.
    """

    started: frozenset[int] = frozenset()
    ended: Mapping[int, Ended] = {}
    counts: Mapping[int, int] = {}
    last_outputs: Mapping[int, tuple[str, ...]] = {}
    gone: KernelGone | None = None
    never_up: KernelNeverUp | None = None
    finished: Finished | None = None
    duration_s: float = 0.0
    interrupted: bool = False
    child: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    verdict: Verdict
    cells: tuple[CellRun, ...]
    failure: Failure | None = None


def status_of(end: Ended, tags: Sequence[str]) -> CellStatus:
    """Return the status of a cell that ended."""
    if end.stopped:
        return "interrupted" if end.stopped == "interrupted" else "timed-out"
    if end.reply == "none":
        return "died"
    if end.reply == "ok":
        return "shell-command-failed" if end.shell and EXPECTS_ERROR not in tags else "completed"
    return "raised-as-expected" if end.reply == "error" and EXPECTS_ERROR in tags else "failed"


def outcome(planned: Sequence[PlannedCell], facts: Facts) -> Outcome:
    """Return the verdict, how each cell ran, and why it failed.

    Args:
        planned: every code cell, in order.
        facts: what is known.
    """
    cells = tuple(_cell_run(cell, facts) for cell in planned)
    verdict = _verdict(planned, cells, facts)
    if verdict == "completed":
        return Outcome(verdict=verdict, cells=cells)
    return Outcome(verdict=verdict, cells=cells, failure=_failure(verdict, planned, cells, facts))


def line_of_failure(traceback: Sequence[str]) -> int | None:
    """Return the line of the cell that an IPython traceback blames, None when it cannot be told."""
    plain = _ANSI.sub("", "\n".join(traceback))
    for pattern in _CELL_FRAMES:
        found = pattern.search(plain)
        if found:
            return int(found[1])
    return None


def plain_traceback(traceback: Sequence[str]) -> str:
    """Return a traceback without colours."""
    return _ANSI.sub("", "\n".join(traceback))


def signal_name(status: int) -> str:
    """Return ``SIGKILL`` and so on for a negative exit status."""
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _cell_run(cell: PlannedCell, facts: Facts) -> CellRun:
    end = facts.ended.get(cell.position)
    status: CellStatus
    if end is not None:
        status = status_of(end, cell.tags)
    elif cell.position in facts.started:
        status = "interrupted" if facts.interrupted else "died"
    else:
        status = "skipped" if cell.skipped else "never-ran"
    return CellRun(
        cell=cell.cell,
        id=cell.id,
        digest=cell.digest,
        status=status,
        execution_count=facts.counts.get(cell.position),
        duration_s=end.duration_s if end else 0.0,
        peak_memory_bytes=end.peak_memory_bytes if end else 0,
    )


def _verdict(planned: Sequence[PlannedCell], cells: Sequence[CellRun], facts: Facts) -> Verdict:
    stopped = _stopped(facts)
    if stopped:
        return stopped
    if facts.never_up is not None:
        return "kernel-start-failed"
    for cell, run in zip(planned, cells, strict=True):
        if run.status == "failed":
            return _error_verdict(facts.ended[cell.position])
        if run.status == "shell-command-failed":
            return "shell-command-failed"
        if run.status == "died":
            return _death_verdict(facts.gone)
        if run.status == "never-ran":
            if facts.gone is not None:
                return _death_verdict(facts.gone)
            asked = any(end.asked_to_exit for end in facts.ended.values())
            return "exited" if asked else "unfinished"
    return "completed"


def _stopped(facts: Facts) -> Verdict | None:
    """Return the verdict for a run that was ended from outside, None for one that was not."""
    if facts.interrupted:
        return "interrupted"
    reasons = [end.stopped for end in facts.ended.values()] + [facts.finished.stopped if facts.finished else ""]
    verdicts: tuple[Verdict, ...] = ("interrupted", "cell-timeout", "timeout")
    return next((verdict for verdict in verdicts if verdict in reasons), None)


def _error_verdict(end: Ended) -> Verdict:
    if end.exception == EXIT_EXCEPTION:
        return "exited"
    return "out-of-memory" if end.exception.endswith("MemoryError") else "cell-error"


def _death_verdict(gone: KernelGone | None) -> Verdict:
    if gone is None:
        return "unfinished"
    if gone.out_of_memory:
        return "out-of-memory"
    return "exited" if gone.status == 0 else "kernel-died"


def _failure(verdict: Verdict, planned: Sequence[PlannedCell], cells: Sequence[CellRun], facts: Facts) -> Failure:
    blamed = _blamed(planned, cells, facts)
    end = facts.ended.get(blamed.position) if blamed else None
    run = cells[planned.index(blamed)] if blamed else None
    log = facts.gone.log if facts.gone else facts.never_up.log if facts.never_up else facts.child
    return Failure(
        verdict=verdict,
        message=_message(verdict, end, facts),
        cell=blamed.cell if blamed else None,
        line=_line(end, log, blamed.dropped if blamed else 0),
        exception=end.exception if end else "",
        traceback=plain_traceback(end.traceback) if end and end.traceback else log,
        peak_memory_bytes=run.peak_memory_bytes if run else 0,
        duration_s=run.duration_s if run else facts.duration_s,
        last_outputs=facts.last_outputs.get(blamed.position, ()) if blamed else (),
    )


def _blamed(planned: Sequence[PlannedCell], cells: Sequence[CellRun], facts: Facts) -> PlannedCell | None:
    """Return the cell that the failure is about: the one that went wrong, else the one that asked to exit."""
    for cell, run in zip(planned, cells, strict=True):
        if run.status not in {"completed", "skipped", "raised-as-expected", "never-ran"}:
            return cell
    return next(
        (cell for cell in planned if cell.position in facts.ended and facts.ended[cell.position].asked_to_exit), None
    )


def _line(end: Ended | None, log: str, dropped: int) -> int | None:
    if end is None:
        return None
    if end.shell and end.reply == "ok":
        counted = end.shell[0].line or None
    elif end.reply == "none":
        found = _CRASH_FRAME.search(log)
        counted = int(found[1]) if found else None
    else:
        counted = line_of_failure(end.traceback)
    return None if counted is None else counted + dropped


def _message(verdict: Verdict, end: Ended | None, facts: Facts) -> str:
    raised = f"{end.exception}: {end.message}".rstrip(": ")[:EXCERPT] if end and end.exception else ""
    if verdict == "shell-command-failed" and end:
        first = end.shell[0]
        return f"the shell command {first.program or '(unnamed)'!r} ended with status {first.status}"
    if verdict == "cell-error":
        hint = " (nobody is there to answer an input request)" if end and end.exception == INPUT_EXCEPTION else ""
        refused = (
            f"the kernel did not run the cell: its reply was {end.reply!r}" if end and end.reply != "error" else ""
        )
        return (raised or refused) + hint
    if verdict == "out-of-memory":
        return raised or f"the kernel was killed: {facts.gone.out_of_memory if facts.gone else 'out of memory'}"
    if verdict == "exited":
        return _exit_message(end)
    if verdict == "kernel-died" and facts.gone is not None and facts.gone.status is not None:
        status = facts.gone.status
        how = f"was ended by {signal_name(status)}" if status < 0 else f"ended by itself with status {status}"
        return f"the kernel's process {how}"
    return _plain_message(verdict, facts)


def _exit_message(end: Ended | None) -> str:
    if end and end.exception == EXIT_EXCEPTION:
        return f"the notebook called sys.exit({end.message}) before its end"
    if end and end.asked_to_exit:
        return "the notebook called exit() or quit() before its last cell"
    return "the kernel's process ended itself with status 0 before the notebook's end"


def _plain_message(verdict: Verdict, facts: Facts) -> str:
    if verdict == "kernel-start-failed" and facts.never_up is not None:
        return facts.never_up.reason
    return {
        "cell-timeout": "the cell ran longer than its limit",
        "timeout": "the replay ran longer than its limit",
        "interrupted": "the replay was interrupted",
    }.get(verdict, "the run ended and not every cell had reported its end")
