"""Whether two runs gave the same result, and the receipt that says so."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.capture import Coverage
from pressrun.records.digest import Digest
from pressrun.records.replay import SandboxReport

Sameness = Literal["identical", "normalised", "within-tolerance", "different", "missing", "extra", "not-compared"]
Grade = Literal["R0", "R1", "R2", "R3", "R4"]
GRADES: tuple[Grade, ...] = ("R0", "R1", "R2", "R3", "R4")
Cause = Literal[
    "input-changed", "package-changed", "python-changed", "parameters-changed", "code-changed", "hidden-state",
    "unseeded-randomness", "wall-clock", "ordering", "nondeterminism", "threads", "unknown",
]  # fmt: skip


class Mask(msgspec.Struct, frozen=True, kw_only=True):
    """One normalisation rule that changed text before it was compared: nothing is hidden silently.

    Attributes:
        rule: the rule's name, for example ``memory-address``.
        count: how many places it masked, in both sides together.
        example: the first text it masked.
        why: why this is no result, in the rule's own words.
    """

    rule: str
    count: int
    example: str
    why: str = ""


class OutputComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One output against its counterpart.

    Attributes:
        cell: index of the cell in the *expected* notebook, an injected parameters cell not counted; -1 where the
            expected notebook has no such cell.
        found_cell: likewise in the found notebook.
        output: position among the cell's joined outputs.
        mime: the representation that was compared, ``stream/stdout`` for streams, ``error`` for an error.
        reason: one sentence why it differs or was not compared; empty when the same.
        expected: excerpt; found: excerpt (shortened; a masked part shows as its placeholder, ``«address»``).
        relative_difference: the largest relative difference between two numbers, None where no numbers differ.
        ordering: whether the two hold the same elements in another order.
    """

    cell: int
    found_cell: int = -1
    output: int
    mime: str
    sameness: Sameness
    comparator: str = ""
    reason: str = ""
    expected: str = ""
    found: str = ""
    relative_difference: float | None = None
    ordering: bool = False
    masks: tuple[Mask, ...] = ()


class ValueComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A declared metric or a model's predictions against what was captured."""

    name: str
    kind: Literal["metric", "predictions", "product"]
    sameness: Sameness
    expected: Any = None
    found: Any = None
    tolerance: float = 0.0
    relative_difference: float | None = None
    reason: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two notebooks' outputs compared.

    Attributes:
        sameness: the worst of all outputs and values that were compared.
        unmatched_expected: cells of the expected notebook without counterpart, by index; likewise `unmatched_found`.
        changed_cells: cells of the expected notebook whose counterpart has another source, by index.
        same_environment: whether both ran with the same lock; representation drift is only excused when they did not.
    """

    sameness: Sameness
    outputs: tuple[OutputComparison, ...]
    values: tuple[ValueComparison, ...] = ()
    masks: tuple[Mask, ...] = ()
    unmatched_expected: tuple[int, ...] = ()
    unmatched_found: tuple[int, ...] = ()
    changed_cells: tuple[int, ...] = ()
    same_environment: bool = True

    @property
    def same(self) -> bool:
        """Whether every compared output is equal within its declared tolerance."""
        return self.sameness in {"identical", "normalised", "within-tolerance"}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first difference, with the cause that the capture supports.

    Attributes:
        evidence: sentences: what was observed that supports the cause.
        tested: whether a replay confirmed the cause (two runs in one environment also differ, and so on).
    """

    cell: int
    output: int
    expected: str
    found: str
    cause: Cause
    evidence: tuple[str, ...] = ()
    tested: bool = False


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of replaying a notebook or a bundle.

    Attributes:
        subject: content digest of the bundle, or the notebook's digest where there is no bundle yet.
        grade: R0 captured; R1 replays top to bottom; R2 in a rebuilt environment; R3 every compared output equal within
            its tolerance; R4 byte-identical after the declared normalisations. Grades name the strongest thing seen;
            `environment` says where it was seen.
        against: what the run was compared with.
        varying: cells whose outputs differed between two runs in the same environment: nondeterminism, not drift.
        coverage: what the recorders of that run could see; None where an earlier release wrote the receipt.
        hermetic: the run was in a sandbox without network where only declared inputs could be read, and asked for
            nothing else that is there.
        sandbox: what the sandbox showed, None where there was none.
    """

    format: int = 1
    subject: Digest
    grade: Grade
    environment: Literal["current", "rebuilt"]
    against: Literal["saved-outputs", "bundle", "second-run", "nothing"]
    verdict: str
    comparison: Comparison | None = None
    difference: Difference | None = None
    varying: tuple[int, ...] = ()
    masks: tuple[Mask, ...] = ()
    notes: tuple[str, ...] = ()
    created: str = ""
    duration_s: float = 0.0
    coverage: Coverage | None = None
    hermetic: bool = False
    sandbox: SandboxReport | None = None
