"""What the rules of evidence look at: decoded documents with their digests, and what could not be read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from pressrun.records.bundle import Manifest
from pressrun.records.cells import Cell
from pressrun.records.digest import Digest
from pressrun.records.facts import Evidence, Fact
from pressrun.records.outputs import ComparedOutputs


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One decoded file of a bundle.

    Attributes:
        path: in the bundle. `digest` of its bytes.
        root: what JSON or TOML gave.
    """

    path: str
    digest: Digest
    root: Any

    def at(self, *keys: str) -> Any:
        """Return what stands at a path of keys, None where it is not there."""
        return inside(self.root, *keys)


class SearchedSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking for secrets.

    Attributes:
        found: names of the certain findings that nobody allowed; `allowed` of those that somebody did.
        searched: digests of the files that were looked into.
    """

    found: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    searched: tuple[Digest, ...] = ()


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the notebook's own source says.

    Attributes:
        cells: as it was pressed. `parameters`: names that its parameters cell defines.
        leakage: sentences: where the source looks as if rows or the target leaked; None where it could not be told.
    """

    digest: Digest
    cells: tuple[Cell, ...]
    parameters: tuple[str, ...]
    leakage: tuple[str, ...] | None = None


class BundleDocuments(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that facts are made of.

    Attributes:
        receipts: those that were read; `problems` names the others. Likewise `models`: what ``model.json`` says.
        outputs: with its digest.
        problems: path, or what is looked for -> sentence: why it could not be read.
    """

    manifest: Manifest
    capture: Document | None = None
    receipts: tuple[Document, ...] = ()
    lock: Document | None = None
    schema: Document | None = None
    outputs: ComparedOutputs | None = None
    outputs_digest: str = ""
    models: tuple[Document, ...] = ()
    provenance: Document | None = None
    sbom: Document | None = None
    source: SourceFacts | None = None
    secrets: SearchedSecrets | None = None
    problems: dict[str, str] = {}

    def why(self, path: str, kind: str) -> str:
        """Return the sentence why a document is not there.

        Args:
            path: of the document; the beginning of it is enough.
            kind: what it is, for the reader.
        """
        for known, problem in self.problems.items():
            if known.startswith(path):
                return f"{known}: {problem}"
        return f"the bundle has no {kind}"


class Gathered:
    """Facts and gaps while they are collected. The first word about a name holds."""

    def __init__(self, documents: BundleDocuments) -> None:
        self._documents = documents
        self.values: dict[str, Fact] = {}
        self.gaps: dict[str, str] = {}

    def add(self, name: str, value: Any, *seen: Document | str, why: str, at: str = "", note: str = "") -> None:
        """Make a fact, or a gap where `value` is None.

        Args:
            name: dotted.
            value: a bool, number, text, list of them, or a table of plain values.
            seen: the documents, or digests, that it was read from.
            why: sentence for the gap.
            at: when it was seen.
            note: for the reader.
        """
        if name in self.values or name in self.gaps:
            return
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            self.gaps[name] = why
            return
        evidence = tuple(dict.fromkeys(item.digest if isinstance(item, Document) else item for item in seen))
        self.values[name] = Fact(value=value, evidence=evidence, at=at, note=note)

    def lack(self, names: Sequence[str], why: str) -> None:
        """Note gaps: none of `names` can be told."""
        for name in names:
            self.add(name, None, why=why)

    def evidence(self) -> Evidence:
        """Return what was collected, sorted by name."""
        return Evidence(
            bundle=self._documents.manifest.content_digest,
            values=dict(sorted(self.values.items())),
            gaps=dict(sorted(self.gaps.items())),
        )


def inside(root: Any, *keys: str) -> Any:
    """Return what stands at a path of keys in nested tables, None where it is not there."""
    for key in keys:
        if not isinstance(root, dict) or key not in root:
            return None
        root = root[key]
    return root


def text(value: Any) -> str | None:
    """Return a text, None for anything else and for an empty one."""
    return value if isinstance(value, str) and value else None


def truth(value: Any) -> bool | None:
    """Return a bool, None for anything else."""
    return value if isinstance(value, bool) else None


def whole(value: Any) -> int | None:
    """Return a whole number of 0 or more, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def tables(value: Any) -> tuple[dict[str, Any], ...] | None:
    """Return a list of tables, None where it is none or one of its elements is something else."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return None
    return tuple(value)


def texts(value: Any) -> list[str] | None:
    """Return a list of texts, None for anything else."""
    return list(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def column(rows: Sequence[dict[str, Any]], key: str) -> list[str] | None:
    """Return the texts under `key` in every row, None where one has none."""
    found = [text(row.get(key)) for row in rows]
    return [value for value in found if value is not None] if None not in found else None


def is_digest(value: Any) -> bool:
    """Whether a value is written as a digest is.

    >>> is_digest("sha256:" + 64 * "0"), is_digest("sha256:0")
    (True, False)
    """
    if not isinstance(value, str) or not value.startswith("sha256:") or len(value) != 71:
        return False
    return all(character in "0123456789abcdef" for character in value[7:])


def model_folders(manifest: Manifest) -> Iterator[str]:
    """Give the folders of a bundle that hold a model, sorted."""
    return iter(sorted({file.path.rpartition("/")[0] for file in manifest.content.files if file.role == "model"}))
