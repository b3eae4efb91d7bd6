"""What was captured live, cell by cell, in the kernel a person works in."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.capture import Coverage, ExternalRead


class LiveFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a registered cell read or wrote.

    Attributes:
        path: posix path relative to the project, absolute outside it.
        size: bytes.
        digest: sha256 of the content, empty while it is not known.
        state: ``digested``; ``too-large`` (never digested without being asked); ``pending`` (not digested yet);
            ``gone``; ``unreadable``.
    """

    path: str
    mode: Literal["read", "write", "read-write"]
    size: int = 0
    digest: str = ""
    state: Literal["digested", "too-large", "pending", "gone", "unreadable"] = "digested"


class CellReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a registered cell was.

    Attributes:
        kind: KIND of the declaration (``step``, ``data``, ...); `name` its NAME, empty where the kind has none.
        cell_id: the notebook's id of the cell, empty where the front end gives none.
        source: sha256 of the source as typed.
        defined: names that the cell defined or rebound, sorted.
        parameters: name of each parameter that it used -> its value, shortened to a line.
        changed: sentences: what is not as it was the last time this cell was captured; empty the first time.
        outcome: ``captured``; ``partial``: something was not recorded (`notes` say what); ``failed``: the cell raised.
        stored: whether it was accepted for the sidecar: written, or written in a moment; if that fails, status and
            the next receipt say so.
        uses: names that the cell took from what had run before, sorted.
        borrowed: those of `uses` that no registered cell defined -> where they came from, in words.
        packages: library that the cell used by name -> its version, where the library tells one.
        session: id of the kernel session that ran it.
        created: UTC, ISO 8601.
    """

    format: int = 1
    kind: str
    name: str = ""
    cell_id: str = ""
    execution_count: int = 0
    source: str = ""
    files: tuple[LiveFile, ...] = ()
    external: tuple[ExternalRead, ...] = ()
    defined: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    changed: tuple[str, ...] = ()
    first: bool = True
    outcome: Literal["captured", "partial", "failed"] = "captured"
    notes: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    borrowed: dict[str, str] = {}
    packages: dict[str, str] = {}
    session: str = ""
    coverage: Coverage | None = None
    duration_s: float = 0.0
    stored: bool = True
    created: str = ""


class LiveCapture(msgspec.Struct, frozen=True, kw_only=True):
    """The sidecar of a notebook: the newest receipt of each registered cell, and what kernel they came from.

    Attributes:
        notebook: path relative to the project, empty where no front end tells it.
        sessions: ids of the kernel sessions that contributed, oldest first; more than one makes the capture partial.
        partial: sentences: why this is not the capture of one whole run; empty when it is.
    """

    format: int = 1
    notebook: str = ""
    cells: tuple[CellReceipt, ...] = ()
    sessions: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
