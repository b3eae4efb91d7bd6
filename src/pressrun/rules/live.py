"""What two captures of a cell tell apart, and why the captures of a notebook's cells are not that of one whole run.

Pure functions over records; the sentences are for people.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pressrun.records.live import CellReceipt, LiveCapture, LiveFile

Key = tuple[str, str, str]
"""What a registered cell is told by: KIND, NAME and the notebook's id of the cell."""


def key_of(receipt: CellReceipt) -> Key:
    """Return what tells this cell from others."""
    return receipt.kind, receipt.name, receipt.cell_id


def label_of(receipt: CellReceipt) -> str:
    """Return the words of the declaration: ``step load``, ``parameters``."""
    return f"{receipt.kind} {receipt.name}".strip()


def previous_of(receipt: CellReceipt, cells: Iterable[CellReceipt]) -> CellReceipt | None:
    """Return the capture that `receipt` replaces: of the same cell, or of the only one with the same KIND and NAME."""
    same = [cell for cell in cells if (cell.kind, cell.name) == (receipt.kind, receipt.name)]
    for cell in same:
        if cell.cell_id == receipt.cell_id:
            return cell
    alone = len(same) == 1 and not (receipt.cell_id and same[0].cell_id and not receipt.name)
    return same[0] if alone else None


def changes_between(old: CellReceipt, new: CellReceipt) -> tuple[str, ...]:
    """Return in sentences what is not as it was: code, files, parameters, names, libraries; empty when nothing is.

    A file whose digest is not known on both sides is told by its size.
    """
    told = ["The code changed."] if old.source != new.source else []
    before = {file.path: file for file in old.files}
    after = {file.path: file for file in new.files}
    for path, file in after.items():
        if path not in before:
            told.append(f"{_uses(file)} {path} for the first time.")
        elif _differs(before[path], file):
            told.append(f"{path} has other content than last time.")
    told += [f"{path} is not used any more." for path in before if path not in after]
    for name, value in new.parameters.items():
        if name in old.parameters and old.parameters[name] != value:
            told.append(f"Parameter {name} is {value}, it was {old.parameters[name]}.")
    for name, version in new.packages.items():
        if name in old.packages and old.packages[name] != version:
            told.append(f"{name} is {version}, it was {old.packages[name]}.")
    fresh = sorted({*new.defined} - {*old.defined})
    lost = sorted({*old.defined} - {*new.defined})
    told += [f"Defines {_listed(fresh)} for the first time."] * bool(fresh)
    told += [f"Defines {_listed(lost)} no more."] * bool(lost)
    return tuple(told)


def merged(capture: LiveCapture, receipt: CellReceipt) -> LiveCapture:
    """Return the capture with this receipt in the place of the cell's older one.

    A cell that was declared as something else before has one receipt, the new one.
    """
    key = key_of(receipt)
    replaced = previous_of(receipt, capture.cells)
    kept = [
        cell
        for cell in capture.cells
        if key_of(cell) != key and cell is not replaced and not (receipt.cell_id and cell.cell_id == receipt.cell_id)
    ]
    cells = tuple(sorted([*kept, receipt], key=lambda cell: (cell.created, key_of(cell))))
    known = capture.sessions if receipt.session in capture.sessions else (*capture.sessions, receipt.session)
    used = {cell.session for cell in cells}
    sessions = tuple(session for session in known if session and session in used)
    return msgspec.structs.replace(capture, cells=cells, sessions=sessions)


def partial_reasons(
    cells: Sequence[CellReceipt], order: Mapping[str, int] | None = None, saved: str = ""
) -> tuple[str, ...]:
    """Return why these captures are not the capture of one whole run in order; empty when they are.

    Args:
        cells: the newest receipt of each registered cell.
        order: id of each cell of the saved notebook -> its position; None where it is not known.
        saved: when the notebook was saved (UTC, ISO 8601): cells captured before and not in it were deleted.
    """
    told: list[str] = []
    sessions = list(dict.fromkeys(cell.session for cell in sorted(cells, key=lambda cell: cell.created)))
    if len(sessions) > 1:
        older = [label_of(cell) for cell in cells if cell.session != sessions[-1]]
        told.append(f"Captured in {len(sessions)} kernel sessions; in an earlier one: {_listed(older)}.")
    for cell in cells:
        if cell.outcome == "failed":
            told.append(f"{label_of(cell)} failed when it last ran.")
        elif cell.outcome == "partial":
            told.append(f"{label_of(cell)}: {cell.notes[0] if cell.notes else 'not everything was recorded.'}")
        told += [
            f"{label_of(cell)} uses {name}, which no registered cell defined: {origin}."
            for name, origin in cell.borrowed.items()
        ]
    told += stale(cells)
    if order and any(cell.cell_id in order for cell in cells):
        told += _against_order(cells, order)
        told += [
            f"{label_of(cell)} is not in the notebook any more."
            for cell in cells
            if cell.cell_id and cell.cell_id not in order and cell.created < saved
        ]
    return tuple(dict.fromkeys(told))


def stale(cells: Sequence[CellReceipt]) -> list[str]:
    """Return which cells used a name before the cell that defines it ran again."""
    told = []
    for cell in cells:
        for other in cells:
            shared = sorted({*cell.uses} & {*other.defined} - {*cell.defined})
            if other is not cell and shared and cell.created < other.created:
                told.append(f"{label_of(cell)} used {_listed(shared)} before {label_of(other)} last ran.")
    return told


def _against_order(cells: Sequence[CellReceipt], order: Mapping[str, int]) -> list[str]:
    placed = sorted((cell for cell in cells if cell.cell_id in order), key=lambda cell: order[cell.cell_id])
    return [
        f"{label_of(below)} ran before {label_of(above)}, which is above it in the notebook."
        for above, below in itertools.pairwise(placed)
        if below.created < above.created
    ]


def _differs(old: LiveFile, new: LiveFile) -> bool:
    if old.digest and new.digest:
        return old.digest != new.digest
    if "gone" in {old.state, new.state}:
        return old.state != new.state
    return "unreadable" not in {old.state, new.state} and old.size != new.size


def _uses(file: LiveFile) -> str:
    return {"read": "Reads", "write": "Writes", "read-write": "Reads and writes"}[file.mode]


def _listed(words: Sequence[str], limit: int = 8) -> str:
    more = f" and {len(words) - limit} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more
