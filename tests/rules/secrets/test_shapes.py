"""The patterns are data, and a search with them takes time linear in the text, whatever the text is."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.rules.secrets import assignments, checks, decoded, labels, live, scan, shapes, urls
from pressrun.rules.secrets.scan import find_in_text
from pressrun.rules.secrets.shapes import SHAPES, Shape
from pressrun.testing.plants import planted_secrets

if sys.version_info >= (3, 11):
    from re import _parser as parser
else:
    import sre_parse as parser

MODULES = (assignments, checks, decoded, labels, live, scan, shapes, urls)
UNBOUNDED = int(parser.MAXREPEAT)
FEW = 1100  # repeats; with few of them a failed attempt costs a constant


def patterns(module: ModuleType) -> dict[str, re.Pattern[str]]:
    found = {name: value for name, value in vars(module).items() if isinstance(value, re.Pattern)}
    return {f"{module.__name__.rpartition('.')[2]}.{name}": value for name, value in found.items()}


ALL = {
    **{f"{i}-{shape.name}": shape.pattern for i, shape in enumerate(SHAPES)},
    **{f"{i}-{shape.name}-near": shape.near for i, shape in enumerate(SHAPES) if shape.near},
    **dict(itertools.chain.from_iterable(patterns(module).items() for module in MODULES)),
}


def repeats(tree: Any, inside: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Give the upper bounds of every repeat, the outermost first."""
    for operation, argument in tree:
        name = str(operation)
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            _, most, body = argument
            bounds = (*inside, int(most))
            yield bounds
            yield from repeats(body, bounds)
        elif name == "SUBPATTERN":
            yield from repeats(argument[-1], inside)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from repeats(branch, inside)
        elif name in {"ASSERT", "ASSERT_NOT"}:
            yield from repeats(argument[1], inside)


def nested_freely(pattern: str) -> bool:
    """Whether a repeat without a bound stands in another repeat, or repeats in one another reach far together."""
    for bounds in repeats(parser.parse(pattern)):
        varying = [bound for bound in bounds if bound > 1]
        if len(varying) > 1 and any(bound == UNBOUNDED for bound in varying):
            return True
        product = 1
        for bound in varying:
            product *= bound
        if len(varying) > 1 and product > FEW:
            return True
    return False


def test_the_structure_test_knows_a_bad_pattern() -> None:
    assert nested_freely("(a+)+$")
    assert nested_freely("(?:a{1,50}b?){0,50}")
    assert not nested_freely("ab{2,5}[c-d]{20,}")


@pytest.mark.parametrize("name", ALL)
def test_no_pattern_has_repeats_that_multiply(name: str) -> None:
    assert not nested_freely(ALL[name].pattern), ALL[name].pattern


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_token_is_looked_for_around_a_word_that_it_holds_or_that_is_near(shape: Shape) -> None:
    assert shape.words
    assert all(len(word) >= 2 for word in shape.words)
    if shape.near is None and not shape.back:
        first = re.sub(r"^\(\?<![^)]*\)", "", shape.pattern.pattern)
        assert not first.startswith((".", r"\w", "[\\w")), "a token that begins with its word begins with a literal"


def attempts(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many characters all attempts of all shapes together had before them: an upper bound of the work."""
    reach = 0

    class Counted:
        def __init__(self, pattern: re.Pattern[str]) -> None:
            self.pattern, self.groups = pattern, pattern.groups

        def match(self, text: str, position: int) -> re.Match[str] | None:
            nonlocal reach
            found = self.pattern.match(text, position)
            reach += found.end() - position if found else FEW
            return found

        def finditer(self, text: str, start: int, stop: int) -> Iterator[re.Match[str]]:
            nonlocal reach
            reach += stop - start
            return self.pattern.finditer(text, start, stop)

    counted = [
        Shape(s.name, s.words, Counted(s.pattern), s.check, s.near, s.public, s.back)  # type: ignore[arg-type]
        for s in SHAPES
    ]
    monkeypatch.setattr(scan, "SHAPES", tuple(counted))
    find_in_text(text, place="output", where="x")
    return reach


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_work_grows_with_a_hostile_text_and_not_with_its_square(
    shape: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts full of a token's first letters, with and without what may follow."""
    for filler in ("", "-", "+", "a1B2c3D4", "/" * 30):
        piece = shape.words[0] + filler
        small, large = piece * 200, piece * 2000
        with monkeypatch.context() as patch:
            few = attempts(small, patch)
        with monkeypatch.context() as patch:
            many = attempts(large, patch)
        assert many <= 12 * few + FEW, (filler, few, many)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="AKIghp_sk-:/@?&=%\\\"'{}. \nu0041", max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    for finding in find_in_text(text, place="output", where="x"):
        assert finding.line is not None
        assert 1 <= finding.line <= text.count("\n") + 1


def test_a_right_checksum_is_proof_where_a_shape_alone_is_none() -> None:
    token = planted_secrets()["github"]
    assert checks.github_checksum(token)
    assert checks.token_weight(token, "github") == "certain"
    other = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert not checks.github_checksum(other)
    plain = "ghp_" + "9" * 36
    assert checks.token_weight(plain, "github") == "none"


def test_a_token_with_its_last_letters_changed_by_hand_still_blocks() -> None:
    """It gives thirty of its letters away."""
    token = planted_secrets()["github"]
    found = find_in_text(f"x = '{token[:-4]}0000'", place="source", where="x")
    assert [finding.certain for finding in found] == [True]


def test_a_text_of_three_parts_is_a_jwt_only_when_its_header_names_an_algorithm() -> None:
    token = planted_secrets()["jwt"]
    assert checks.token_weight(token, "jwt") == "certain"
    head, rest = token.split(".", 1)
    assert checks.token_weight("eyJ" + "x" * len(head) + "." + rest, "jwt") == "none"
