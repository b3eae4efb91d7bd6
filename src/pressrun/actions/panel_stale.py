"""What is not as it was captured: cells whose code changed, files that changed or are gone, cells never captured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pressrun.errors import InputChangedError
from pressrun.notebook.statcache import StatCache, user_stat_cache
from pressrun.records.cells import Cell
from pressrun.records.live import CellReceipt, LiveCapture, LiveFile
from pressrun.records.panel.notebooks import Stale
from pressrun.rules.live import label_of
from pressrun.rules.timestamps import seconds_of

MAX_READ_BYTES = 64 << 20
"""A file that may have changed and is larger is not read again only because somebody looks at a panel."""
MAX_FILES = 2_000
_CLOCK_S = 2.0  # a change of that moment may bear the time of the capture


def stale_parts(
    cells: Sequence[Cell], captured: LiveCapture | None, project: Path, unreadable: list[str]
) -> tuple[Stale, ...]:
    """Return what changed since it was captured, and what was never captured.

    Args:
        cells: of the notebook as it is saved.
        captured: what was captured, None when nothing was.
        project: what the paths of files are relative to.
        unreadable: gets a sentence for what could not be told.
    """
    receipts = captured.cells if captured is not None else ()
    found: list[Stale] = []
    seen: set[int] = set()
    with _Files(project, unreadable) as files:
        for receipt in receipts:
            cell = _cell_of(receipt, cells)
            if cell is None:
                text = f"{label_of(receipt)} is not in the notebook any more."
                found.append(Stale(cell=None, what="cell", text=text))
                continue
            seen.add(cell.index)
            if receipt.source and receipt.source != cell.digest:
                text = f"The code of {label_of(receipt)} changed since it was captured."
                found.append(Stale(cell=cell.index, what="cell", text=text))
            found += files.changed(receipt, cell.index)
    for cell in cells:
        declared = cell.declaration
        if declared is not None and declared.kind != "skip" and cell.index not in seen:
            text = f"{declared.kind} {declared.name or ''}".strip() + " was never captured."
            found.append(Stale(cell=cell.index, what="missing", text=text))
    return tuple(sorted(found, key=lambda one: (one.cell is None, one.cell or 0)))


def _cell_of(receipt: CellReceipt, cells: Sequence[Cell]) -> Cell | None:
    """Return the cell that a receipt is of: by its id, else the only one that is declared so."""
    if receipt.cell_id:
        by_id = next((cell for cell in cells if cell.id == receipt.cell_id), None)
        if by_id is not None:
            return by_id
    same = [
        cell
        for cell in cells
        if cell.declaration is not None
        and (cell.declaration.kind, cell.declaration.name or "") == (receipt.kind, receipt.name)
    ]
    return same[0] if len(same) == 1 else None


class _Files:
    """Tells whether files are as they were; one that several cells read is looked at once."""

    def __init__(self, project: Path, unreadable: list[str]) -> None:
        self._project = project
        self._unreadable = unreadable
        self._known: dict[tuple[str, str], str] = {}
        self._held = contextlib.ExitStack()
        self._cache: StatCache | None = None
        self._left = MAX_FILES

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *exception: object) -> None:
        self._held.close()

    def changed(self, receipt: CellReceipt, cell: int) -> Iterator[Stale]:
        """Give the files that a cell read and that are not as they were then."""
        captured = seconds_of(receipt.created) or 0.0
        for file in receipt.files:
            if file.mode == "write" or not file.digest or self._left <= 0:
                continue
            self._left -= 1
            key = (file.path, file.digest)
            if key not in self._known:
                self._known[key] = self._problem(file, captured)
            if self._known[key]:
                yield Stale(cell=cell, what="data", about=file.path, text=f"{file.path} {self._known[key]}.")

    def _problem(self, file: LiveFile, captured: float) -> str:
        path = self._project / file.path
        try:
            found = path.stat()
        except FileNotFoundError:
            return "is gone"
        except OSError as error:
            self._unreadable.append(f"{file.path}: {error.strerror}")
            return ""
        if found.st_size != file.size:
            return "changed since it was read"
        # the time of a change of its entry cannot be put back, that of its content can
        if max(found.st_mtime, found.st_ctime) < captured - _CLOCK_S:
            return ""
        if found.st_size > MAX_READ_BYTES:
            self._unreadable.append(f"{file.path} was written since, and is too large to be read only for a look.")
            return ""
        try:
            return "" if self._digests().digest(path).digest == file.digest else "changed since it was read"
        except InputChangedError as error:
            self._unreadable.append(str(error))
            return ""

    def _digests(self) -> StatCache:
        if self._cache is None:
            self._cache = self._held.enter_context(user_stat_cache())
        return self._cache
