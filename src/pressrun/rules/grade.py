"""Reproducibility grades R0-R4: the strongest thing that a replay showed."""

from __future__ import annotations

from typing import Literal

from pressrun.records.comparison import GRADES, Comparison, Grade

ReplayEnvironment = Literal["current", "rebuilt"]
MEANINGS: dict[Grade, str] = {
    "R0": "captured: what it was is known; it did not replay to its end",
    "R1": "replays top to bottom in a clean kernel of the current environment",
    "R2": "replays top to bottom in an environment rebuilt from the lock",
    "R3": "every compared output is equal within its tolerance",
    "R4": "every compared output is byte-identical after the declared normalisations",
}


def grade(*, completed: bool, environment: ReplayEnvironment, comparison: Comparison | None = None) -> Grade:
    """Return the grade of a replay.

    Args:
        completed: whether every expected cell reached its end.
        environment: where it ran; a receipt names it beside the grade.
        comparison: with what was expected; None where there was nothing to compare with.

    >>> grade(completed=False, environment="rebuilt")
    'R0'
    >>> grade(completed=True, environment="rebuilt")
    'R2'
    """
    if not completed:
        return "R0"
    if comparison is None or not comparison.same:
        return "R2" if environment == "rebuilt" else "R1"
    return "R3" if comparison.sameness == "within-tolerance" else "R4"


def at_least(reached: Grade, wanted: Grade) -> bool:
    """Whether a grade is `wanted` or better.

    >>> at_least("R4", "R3"), at_least("R2", "R3")
    (True, False)
    """
    return GRADES.index(reached) >= GRADES.index(wanted)
