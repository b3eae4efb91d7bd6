"""The receipt of one run of a registered cell, made of what was seen of it; nothing is read or written here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Final, Literal

import msgspec

from pressrun.interfaces.magics.values import shown, version_of
from pressrun.interfaces.magics.watching import Seen
from pressrun.records.capture import Coverage, UnseenInput
from pressrun.records.cells import Declaration
from pressrun.records.live import CellReceipt, LiveFile
from pressrun.rules.live import changes_between

FAULTS: Final = "pressrun had a fault of its own while this cell ran and may have missed something."
SHARED: Final = "Another registered cell ran at the same time: which of them used a file is a guess."
CUT: Final = "The watch over the project's folders does not cover all of them."
DIRECTORIES: Final = "It read the names in {}; the receipt does not tell whether those change."


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What the session knows of a run.

    Attributes:
        source: digest of the source as typed.
        borrowed: names used that no registered cell defined -> where they came from.
        parameters: parameters used -> value.
        libraries: modules used by name.
    """

    declared: Declaration
    source: str
    cell_id: str
    execution_count: int
    failed: bool
    began: float
    session: str
    defined: Sequence[str]
    uses: Sequence[str]
    borrowed: Mapping[str, str]
    parameters: Mapping[str, Any]
    libraries: Sequence[Any]
    modules: dict[str, Any]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the files that a run used.

    Attributes:
        files: as they are now; those not looked at yet are ``pending``.
        unseen: what the watch over the project saw besides.
        watched: whether there was such a watch.
        gaps: whether it covered only a part.
    """

    files: Sequence[LiveFile] = ()
    listed: Sequence[str] = ()
    unseen: tuple[UnseenInput, ...] = ()
    watched: bool = False
    gaps: bool = False


def make_receipt(facts: Circumstances, seen: Seen, looked: Looked, coverage: Coverage, *, faults: bool) -> CellReceipt:
    """Return the receipt, without what changed since last time.

    Args:
        facts: what the session knows.
        seen: what the recorder saw.
        looked: what the worker found of the files.
        coverage: what could be seen at all.
        faults: whether a fault of ours happened meanwhile.
    """
    lacking = [FAULTS] * (faults or seen.faults > 0) + [SHARED] * seen.shared
    lacking += [f"Possibly read, but not by Python: {_listed([one.path for one in looked.unseen])}."] * bool(
        looked.unseen
    )
    lacking += _lacking_digests(looked.files)
    notes = [DIRECTORIES.format(_listed(looked.listed))] * bool(looked.listed) + [CUT] * looked.gaps
    notes += [f"{name} comes from elsewhere: {origin}." for name, origin in facts.borrowed.items()]
    versions = [version_of(module, facts.modules) for module in facts.libraries]
    return CellReceipt(
        kind=facts.declared.kind,
        name=facts.declared.name or "",
        cell_id=facts.cell_id,
        execution_count=facts.execution_count,
        source=facts.source,
        files=tuple(looked.files),
        external=seen.external,
        defined=tuple(facts.defined),
        parameters={name: shown(name, value) for name, value in facts.parameters.items()},
        outcome="failed" if facts.failed else "partial" if lacking else "captured",
        notes=(*lacking, *notes),
        uses=tuple(facts.uses),
        borrowed=dict(facts.borrowed),
        packages=dict(sorted(version for version in versions if version is not None)),
        session=facts.session,
        coverage=coverage,
        duration_s=round(time.monotonic() - facts.began, 3),
        created=datetime.now(timezone.utc).isoformat(),
    )


def compared(receipt: CellReceipt, previous: CellReceipt | None) -> CellReceipt:
    """Return the receipt with what changed since the capture before."""
    if previous is None:
        return receipt
    return msgspec.structs.replace(receipt, first=False, changed=changes_between(previous, receipt))


def with_digests(receipt: CellReceipt, files: Sequence[LiveFile]) -> CellReceipt:
    """Return a receipt whose files were ``pending``, now that they are digested."""
    before = _lacking_digests(receipt.files)
    lacking = _lacking_digests(files)
    rest = [note for note in receipt.notes if note not in before]
    unseen = receipt.coverage is not None and bool(receipt.coverage.unseen)
    is_partial = bool(lacking) or unseen or FAULTS in rest or SHARED in rest
    outcome: Literal["captured", "partial", "failed"] = "partial" if is_partial else "captured"
    return msgspec.structs.replace(
        receipt,
        files=tuple(files),
        notes=(*lacking, *rest),
        outcome="failed" if receipt.outcome == "failed" else outcome,
    )


def not_stored(receipt: CellReceipt, why: str, others: Sequence[str] = ()) -> CellReceipt:
    """Return the receipt of a cell that the sidecar does not hold.

    Args:
        receipt: of the cell.
        why: the reason.
        others: cells whose receipts were taken before and could not be written either.
    """
    outcome = "partial" if receipt.outcome == "captured" else receipt.outcome
    notes = [f"Not stored: {why.rstrip('.')}."]
    notes += [f"Not stored either: {_listed(others)}."] * bool(others)
    return msgspec.structs.replace(receipt, stored=False, outcome=outcome, notes=(*notes, *receipt.notes))


def _lacking_digests(files: Sequence[LiveFile]) -> list[str]:
    words = {
        "pending": "Not digested yet: {}.",
        "too-large": "Too large to be digested in passing: {}.",
        "unreadable": "Could not be read again to be digested: {}.",
        "gone": "Gone when the cell ended: {}.",
    }
    told = []
    for state, sentence in words.items():
        paths = [file.path for file in files if file.state == state and not (state == "gone" and file.mode != "read")]
        told += [sentence.format(_listed(paths))] * bool(paths)
    return told


def _listed(words: Sequence[str], limit: int = 5) -> str:
    more = f" and {len(words) - limit} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more
