"""The extension point: how to compare one type of output.

A package offers a comparator under the entry-point group ``pressrun.comparators``; it is found by
`pressrun.actions.compare` and handed in, since rules do no I/O. The protocol is stable.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import msgspec

from pressrun.records.comparison import Mask, Sameness
from pressrun.rules.compare.settings import CompareSettings

ENTRY_POINT_GROUP = "pressrun.comparators"


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparator may know beside the two values.

    Attributes:
        facts: what the cell's code tells (`pressrun.rules.sources`): ``clock``, ``timer``, ``hashing`` and so on.
    """

    settings: CompareSettings
    facts: frozenset[str] = frozenset()


class Normalised(msgspec.Struct, frozen=True):
    """A value with its volatile parts replaced, and the texts that each rule replaced."""

    value: Any
    hits: dict[str, list[str]] = {}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparator says of two normalised values that are not equal.

    Attributes:
        sameness: ``normalised``, ``within-tolerance``, ``different`` or ``not-compared``.
        reason: one sentence.
        expected: excerpt around the first difference, likewise `found`.
        relative_difference: the largest between two numbers, None where no numbers differ.
        ordering: whether both hold the same elements in another order.
        masks: further rules that were needed, beyond what `Comparator.normalise` masked.
    """

    sameness: Sameness
    reason: str = ""
    expected: str = ""
    found: str = ""
    relative_difference: float | None = None
    ordering: bool = False
    masks: tuple[Mask, ...] = ()


@runtime_checkable
class Comparator(Protocol):
    """How to compare one type of output. Both methods are pure."""

    @property
    def name(self) -> str:
        """Shown in the comparison."""

    @property
    def mimes(self) -> tuple[str, ...]:
        """Mime types, or patterns with ``*``, that it compares."""

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Replace what is volatile; idempotent, and the same for two equal runs. `value` is as nbformat 4 has it."""

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare two normalised values that are not equal."""
