"""What is different between two versions or bundles. ``pressrun diff --json`` prints it; fields are only ever added."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.cells import CellType
from pressrun.records.metric import Metric

Change = Literal["added", "removed", "changed"]
CellWord = Literal["added", "removed", "changed", "moved", "moved and changed"]


class CellChange(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that is not the same on both sides. Outputs and execution counts are not looked at.

    Attributes:
        before: its position among all cells, from 0; None where it was added. `after`: None where it was removed.
        title: its first line.
        diff: lines of a unified diff, each begun by a blank, ``+``, ``-`` or ``@@``; none where it only moved.
    """

    change: CellWord
    type: CellType
    before: int | None
    after: int | None
    title: str
    diff: tuple[str, ...] = ()


class ValueChange(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter. `before` is absent where it was added, `after` where it was removed."""

    name: str
    change: Change
    before: Any = msgspec.UNSET
    after: Any = msgspec.UNSET


class FileVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One file, or one folder of files, as it was. `size` in bytes, None where it was not recorded."""

    digest: str
    size: int | None = None


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """An input or a model.

    Attributes:
        change: ``moved`` where the same content has another path; `path` is the new one and `moved_from` the old.
        members: of a folder: how many files were added, removed and changed in it.
    """

    path: str
    change: Literal["added", "removed", "changed", "moved"]
    before: FileVersion | None = None
    after: FileVersion | None = None
    moved_from: str = ""
    members: dict[Change, int] = {}


class PackageChange(msgspec.Struct, frozen=True, kw_only=True):
    """A package of the lock. An empty version was not there; two equal ones are two files of one version."""

    name: str
    change: Change
    before: str = ""
    after: str = ""


class MetricChange(msgspec.Struct, frozen=True, kw_only=True):
    """A metric.

    Attributes:
        difference: after minus before; None where one of them is missing. `low` and `high`: interval of the
            difference, None where one of the two metrics has none.
        within: whether that interval holds zero, so that the two may well be equal; None where there is none.
    """

    name: str
    change: Change
    before: Metric | None = None
    after: Metric | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    within: bool | None = None


class DiffSide(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two.

    Attributes:
        reference: as it was given. `version`: ``churn@3``, empty for a bundle that was named as such.
        bundle: content digest.
    """

    reference: str
    version: str
    name: str
    bundle: str
    grade: str = ""


class VersionDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is different, section by section.

    Attributes:
        same: both are the very same content; evidence, and with it the grade, may still differ.
        equal_cells: how many cells are as they were, at their place.
        gaps: section -> sentence: what could not be read on one side, so that it was not compared.
    """

    format: int = 1
    before: DiffSide
    after: DiffSide
    same: bool
    code: tuple[CellChange, ...] = ()
    equal_cells: int = 0
    parameters: tuple[ValueChange, ...] = ()
    data: tuple[FileChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    python: ValueChange | None = None
    models: tuple[FileChange, ...] = ()
    metrics: tuple[MetricChange, ...] = ()
    equal_metrics: int = 0
    grade: ValueChange | None = None
    gaps: dict[str, str] = {}

    @property
    def differs(self) -> bool:
        """Whether any section names a difference."""
        sections = (self.code, self.parameters, self.data, self.packages, self.models, self.metrics)
        return any(sections) or self.python is not None or self.grade is not None
