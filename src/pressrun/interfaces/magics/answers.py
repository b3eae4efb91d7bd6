"""What ``%register status`` and ``%register undo NAME`` answer, and what a misplaced ``%register`` is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pressrun.errors import PressrunError, near_match
from pressrun.notebook.declaration_lines import COMMANDS
from pressrun.notebook.grammar import parse_words
from pressrun.records.digest import digest_text
from pressrun.records.live import CellReceipt, LiveFile
from pressrun.rules.live import key_of, label_of

if TYPE_CHECKING:
    from pressrun.interfaces.magics.capturing import Capturing
    from pressrun.interfaces.magics.session import Session

WAIT_S: Final = 3.0
NOTHING: Final = "Nothing is captured yet: a cell that begins with %%register is captured when it runs."
REPLAYED: Final = "A replay runs this notebook and observes it by itself; nothing is captured live."


def answer(session: Session, line: str) -> str:
    """Return what to print; a text that begins with ``pressrun:`` says that something is wrong.

    Args:
        session: of the shell.
        line: the words after ``%register``.
    """
    words = line.split()
    if session.is_replayed():
        return REPLAYED
    if words[:1] == ["status"] and len(words) == 1:
        return status(session)
    if words[:1] == ["undo"] and len(words) > 1:
        return undo(session, words[1:])
    if words[:1] == ["undo"]:
        return "pressrun: undo needs a NAME: %register undo NAME."
    try:
        declared = parse_words(line)
    except PressrunError as error:
        hint = near_match(words[0], COMMANDS) if words else ""
        return _one_line(f"pressrun: {error.what}. {hint[:1].upper()}{hint[1:] or error.remedy}")
    label = f"{declared.kind} {declared.name or ''}".strip()
    return (
        f"pressrun: '%register {label}' declares a cell only as its first line; this cell is not registered. "
        "Move it to the top of the cell."
    )


def status(session: Session) -> str:
    """Return what is captured so far, what of it is out of date, and what pressrun itself failed at."""
    told: list[str] = []
    capturing = session.prepared()
    if capturing is not None:
        told = _captures(session, capturing)
    guard = session.guard
    if "capture" in guard.stopped:
        told.append(f"Capturing has stopped for this session after {len(guard.faults)} faults of its own.")
    told += [f"fault in {fault.name}: {fault.error}" for fault in guard.faults[-5:]]
    return "\n".join(told)


def undo(session: Session, words: Sequence[str]) -> str:
    """Forget the captures that `words` name: a NAME, a KIND without a name, or both."""
    capturing = session.prepared()
    if capturing is None:
        return "pressrun: capturing has stopped; see %register status."
    capturing.loaded(WAIT_S)
    cells = capturing.ledger.capture.cells
    wanted = " ".join(words)
    found = [cell for cell in cells if wanted in {label_of(cell), cell.name or cell.kind}]
    if not found:
        known = sorted({cell.name or cell.kind for cell in cells})
        hint = near_match(wanted, known) or (f"captured are: {', '.join(known)}" if known else "nothing is captured")
        return f"pressrun: no capture is named {wanted!r}; {hint.rstrip('?.')}{'?' if hint.endswith('?') else '.'}"
    return _forgotten(session, capturing, found)


def undo_cell(session: Session, cell_id: str) -> str:
    """Forget the captures of the cell with this id in the notebook."""
    capturing = session.prepared()
    if capturing is None:
        return "pressrun: capturing has stopped; see %register status."
    capturing.loaded(WAIT_S)
    found = [cell for cell in capturing.ledger.capture.cells if cell_id and cell.cell_id == cell_id]
    if not found:
        return f"pressrun: no capture is of a cell with id {cell_id!r}. Ask for a snapshot to see what is captured."
    return _forgotten(session, capturing, found)


def _forgotten(session: Session, capturing: Capturing, found: Sequence[CellReceipt]) -> str:
    capturing.ledger.forget([key_of(cell) for cell in found])
    session.note("again")
    why = capturing.store(WAIT_S)
    label = ", ".join(dict.fromkeys(label_of(cell) for cell in found))
    return f"pressrun: forgot {label} here, but not on disk: {why}." if why else f"Forgot {label}."


def _captures(session: Session, capturing: Capturing) -> list[str]:
    capturing.loaded(WAIT_S)
    why = capturing.store(WAIT_S)  # what other kernels stored, and how the notebook was saved since
    capture = capturing.ledger.capture
    if not capture.cells:
        return [NOTHING, *([f"The sidecar cannot be used: {why}."] if why else [])]
    where = capture.notebook or "this folder (no front end tells which notebook)"
    told = [f"Captured of {where}:"]
    now = capturing.files_now(capture.cells, WAIT_S)
    width = max(len(label_of(cell)) for cell in capture.cells)
    for cell in capture.cells:
        reasons = _out_of_date(cell, capturing, now)
        state = "out of date: " + "; ".join(reasons) if reasons else cell.outcome
        told.append(f"  {label_of(cell):<{width}}  {_count(cell)}  {state}")
    told += ["Partial:"] * bool(capture.partial) + [f"  {reason}" for reason in capture.partial]
    told += [f"Not stored: {why}"] * bool(why)
    return told


def _out_of_date(cell: CellReceipt, capturing: Capturing, now: dict[str, LiveFile]) -> list[str]:
    told = []
    written = capturing.ledger.saved.sources.get(cell.cell_id)
    if written is not None and capturing.ledger.saved.saved > cell.created and digest_text(written) != cell.source:
        told.append("its code was changed and not run")
    for file in cell.files:
        current = now.get(file.path)
        if file.mode == "read" and file.digest and current is not None and current.digest != file.digest:
            told.append(f"{file.path} {'is gone' if current.state == 'gone' else 'has changed'}")
    if capturing.ledger.is_stale(cell):
        told.append("a cell that it builds on has run again")
    return told


def _count(cell: CellReceipt) -> str:
    return f"[{cell.execution_count or ' '}] {len(cell.files)} file{'s' if len(cell.files) != 1 else ' '}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
