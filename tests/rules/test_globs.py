"""Names that patterns have in common."""

from __future__ import annotations

import fnmatch
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.rules.globs import common_name
from pressrun.rules.paths import name_problem


@pytest.mark.parametrize(
    ("patterns", "none_of", "expected"),
    [
        (["*"], [], "a"),
        ([], [], "a"),
        (["churn*", "*-eu"], [], "churn-eu"),
        (["churn", "fraud"], [], None),
        (["churn", "ch*"], [], "churn"),
        (["a?c", "ab[!b]"], [], "abc"),
        (["[ab]", "[bc]"], [], "b"),
        (["[!a-z]x"], [], "0x"),
        (["Churn"], [], None),
        ([""], [], None),
        (["-*"], [], None),
        (["a[", "a*"], [], None),
        (["churn*"], ["churn"], "churna"),
        (["churn*"], ["ch*"], None),
        (["churn?"], ["*[a-z0-9]"], "churn_"),
        (["*"], ["*"], None),
        (["a*", "*b", "*c*"], ["acb"], "aacb"),
    ],
)
def test_a_shortest_common_name(patterns: list[str], none_of: list[str], expected: str | None) -> None:
    """Of the names that a version may have."""
    found = common_name(patterns, none_of)
    assert (found is None) == (expected is None)
    assert len(found or "") == len(expected or "")


_pattern = st.text(alphabet="ab*?", max_size=5)
_WORDS = ["".join(letters) for size in range(1, 6) for letters in itertools.product("ab", repeat=size)]


@settings(max_examples=150, deadline=None)
@given(st.lists(_pattern, max_size=3), st.lists(_pattern, max_size=2))
def test_a_name_is_found_exactly_when_there_is_one(patterns: list[str], none_of: list[str]) -> None:
    """It matches what it has to; and where none is found, no short word would do."""

    def fits(word: str) -> bool:
        return all(fnmatch.fnmatchcase(word, one) for one in patterns) and not any(
            fnmatch.fnmatchcase(word, one) for one in none_of
        )

    found = common_name(patterns, none_of)
    if found is None:
        assert [word for word in _WORDS if fits(word)] == []
    else:
        assert fits(found)
        assert name_problem(found) == ""


def test_many_stars_are_answered_soon() -> None:
    """Patterns that would take for ever to try out."""
    assert common_name(["*a*b*c*d*e*" * 8, "*e*d*c*b*a*" * 8, "*z"], ["x*", "*y*y*y*y*"]) is not None
