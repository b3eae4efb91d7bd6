"""The receipts of a session and of those before it: in memory, and in the sidecar where that can be written.

The methods that touch the file system run in a worker. What could not be written is kept and written with the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import msgspec

from pressrun.errors import PressrunError
from pressrun.interfaces.magics.place import Place, SavedCells, saved_cells
from pressrun.notebook.sidecar import Sidecar
from pressrun.records.live import CellReceipt, LiveCapture
from pressrun.rules.live import Key, key_of, label_of, merged, partial_reasons, previous_of, stale


class Ledger:
    """What is captured of one notebook.

    Args:
        place: gives where the kernel works; asked in a worker only.
    """

    def __init__(self, place: Callable[[], Place]) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._unsaved: dict[Key, CellReceipt] = {}
        self._forgotten: set[Key] = set()
        self._reasons: tuple[str, ...] = ()
        self.capture = LiveCapture()
        self.saved = SavedCells()
        self.trouble = ""
        self.is_proven = False  # the sidecar could be written the last time
        self._file: Sidecar | None = None

    def previous(self, receipt: CellReceipt) -> CellReceipt | None:
        """Return the capture that this one follows, None when it is the first."""
        return previous_of(receipt, self.capture.cells)

    def add(self, receipt: CellReceipt) -> None:
        """Take a receipt; it is not written yet."""
        with self._lock:
            self._unsaved[key_of(receipt)] = receipt
            self._forgotten.discard(key_of(receipt))
            self.capture = merged(self.capture, receipt)

    def forget(self, keys: Sequence[Key]) -> None:
        """Drop receipts; the sidecar still has them."""
        with self._lock:
            for key in keys:
                self._unsaved.pop(key, None)
                self._forgotten.add(key)
            self.capture = _without(self.capture, self._forgotten)

    def is_stale(self, receipt: CellReceipt) -> bool:
        """Whether a cell that defines a name this one used has run again since."""
        return any(sentence.startswith(f"{label_of(receipt)} used ") for sentence in stale(self.capture.cells))

    def partial(self, reasons: tuple[str, ...], capture: LiveCapture | None = None) -> tuple[str, ...]:
        """Return why a capture, the whole one by default, is not that of one run; nothing is read or written.

        Args:
            reasons: those beyond what the receipts themselves tell.
            capture: whose receipts.
        """
        cells = (capture or self.capture).cells
        return tuple(dict.fromkeys([*partial_reasons(cells, self.saved.order, self.saved.saved), *reasons]))

    def load(self) -> None:
        """Read what earlier sessions stored."""
        try:
            stored = self._sidecar().read()
        except PressrunError as error:
            self.trouble = str(error)
            return
        with self._lock:
            self.capture = self._joined(stored or LiveCapture())

    def store(self, reasons: tuple[str, ...]) -> str:
        """Write everything that is not written yet; return why it could not be, empty when it was.

        Args:
            reasons: why the capture is partial, beyond what the receipts themselves tell.
        """
        self.saved = saved_cells(self._place(), self.saved)
        with self._lock:
            unsaved = dict(self._unsaved)
            self._reasons = reasons
        try:
            written = self._sidecar().update(self._joined)
        except PressrunError as error:
            self.trouble = str(error)
            self.is_proven = False
            return self.trouble
        with self._lock:
            for key, receipt in unsaved.items():
                if self._unsaved.get(key) is receipt:
                    del self._unsaved[key]
            self.capture = self._joined(written)
            self.trouble = ""
            self.is_proven = True
        return ""

    def unsaved(self, receipt: CellReceipt) -> list[str]:
        """Return what the other cells are called whose receipts the sidecar does not hold."""
        return [label_of(other) for other in list(self._unsaved.values()) if other is not receipt]

    def _joined(self, stored: LiveCapture) -> LiveCapture:
        """Return what is stored, with what this session has that is newer."""
        joined = _without(stored, self._forgotten)
        for receipt in list(self._unsaved.values()):
            joined = merged(joined, receipt)
        place = self._place()
        return msgspec.structs.replace(
            joined,
            notebook=place.told(str(place.notebook)) if place.notebook is not None else "",
            partial=self.partial(self._reasons, joined),
        )

    def _sidecar(self) -> Sidecar:
        if self._file is None:
            place = self._place()
            self._file = Sidecar(place.project, place.key)
        return self._file


def _without(capture: LiveCapture, keys: set[Key]) -> LiveCapture:
    if not keys:
        return capture
    return msgspec.structs.replace(capture, cells=tuple(c for c in capture.cells if key_of(c) not in keys))
