"""Names of bundles: one file for each time a name was given, so that giving it never loses what another writer gave."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from pressrun.errors import BundleCorruptError, UsageError
from pressrun.records.digest import Digest, canonical_json
from pressrun.rules.paths import name_problem
from pressrun.rules.strict_json import decode_json
from pressrun.store import layout
from pressrun.store.durable import DurableWriter

_ENTRY = re.compile(r"([0-9]{8})-([0-9a-f]{64})")
_MAX_ENTRY_BYTES = 4096


class _NameRecord(msgspec.Struct, frozen=True):
    name: str
    number: int
    content_digest: Digest


class Names:
    """The names in one store.

    Args:
        writer: writes into the store.
    """

    def __init__(self, writer: DurableWriter) -> None:
        self._writer = writer
        self._fs = writer.fs
        self._folder = writer.root / layout.NAMES

    def known(self) -> list[str]:
        """Return every name, sorted."""
        return self._fs.names(self._folder)

    def history(self, name: str) -> tuple[Digest, ...]:
        """Return the bundles that had `name`, the present one last; none when nothing ever had it.

        Raises:
            BundleCorruptError: an entry is damaged.
        """
        if name_problem(name):
            return ()
        history = []
        for entry in self._entries(name):
            record = _NameRecord(name, int(entry[1]), f"sha256:{entry[2]}")
            path = self._folder / name / entry[0]
            if self._read(path) != record:
                raise BundleCorruptError("the name's entry is damaged", where=str(path))
            history.append(record.content_digest)
        return tuple(history)

    def _read(self, path: Path) -> _NameRecord | None:
        with self._fs.open(path) as file:
            raw = file.read(_MAX_ENTRY_BYTES)
        try:
            return msgspec.convert(decode_json(raw, max_bytes=_MAX_ENTRY_BYTES), _NameRecord)
        except (ValueError, msgspec.ValidationError):
            return None

    def give(self, name: str, digest: Digest) -> None:
        """Let `name` mean `digest` from now on. Two writers at once both enter its history.

        Raises:
            UsageError: the name is not allowed.
        """
        if problem := name_problem(name):
            raise UsageError(f"the name {name!r} is not allowed: {problem}")
        entries = self._entries(name)
        last = entries[-1] if entries else None
        if last is not None and f"sha256:{last[2]}" == digest:
            self._writer.confirm(self._folder / name / last[0])
            return
        record = _NameRecord(name, int(last[1]) + 1 if last is not None else 1, digest)
        target = self._folder / name / f"{record.number:08d}-{layout.hex_of(digest)}"
        self._writer.write(target, canonical_json(record))

    def _entries(self, name: str) -> list[re.Match[str]]:
        # sorted as text, which is by number and then by digest
        found = (_ENTRY.fullmatch(entry) for entry in self._fs.names(self._folder / name))
        return [entry for entry in found if entry is not None]
