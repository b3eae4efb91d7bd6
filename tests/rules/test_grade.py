"""Grades name the strongest thing that a replay showed."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.records.comparison import GRADES, Comparison
from pressrun.rules.grade import MEANINGS, at_least, grade

CASES = [
    (False, "current", "identical", "R0"),
    (False, "rebuilt", None, "R0"),
    (True, "current", None, "R1"),
    (True, "rebuilt", None, "R2"),
    (True, "current", "different", "R1"),
    (True, "rebuilt", "different", "R2"),
    (True, "rebuilt", "missing", "R2"),
    (True, "current", "not-compared", "R1"),
    (True, "current", "within-tolerance", "R3"),
    (True, "rebuilt", "within-tolerance", "R3"),
    (True, "current", "normalised", "R4"),
    (True, "rebuilt", "identical", "R4"),
]


@pytest.mark.parametrize(("completed", "environment", "sameness", "expected"), CASES)
def test_a_grade_follows_from_the_run_and_the_comparison(
    completed: bool, environment: Any, sameness: Any, expected: str
) -> None:
    comparison = None if sameness is None else Comparison(sameness=sameness, outputs=())
    assert grade(completed=completed, environment=environment, comparison=comparison) == expected


def test_grades_are_ordered() -> None:
    for i, reached in enumerate(GRADES):
        assert [at_least(reached, wanted) for wanted in GRADES] == [j <= i for j in range(5)]


def test_every_grade_has_a_meaning() -> None:
    assert tuple(MEANINGS) == GRADES
