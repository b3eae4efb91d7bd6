"""Compare text as a sequence of words and numbers: the words must match, the floats may differ within a tolerance."""

from __future__ import annotations

import math
import re

import msgspec

from pressrun.rules.compare.settings import CompareSettings

_NUMBER = re.compile(r"(?<![\w.])([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![0-9]|\.[0-9])")
_SPACE = re.compile(r"\s+")
_NOISE = 1e-15
"""Near zero, relative to the largest number of the same bracketed array, digits are rounding noise."""


class Tokens(msgspec.Struct, frozen=True):
    """Text cut at its numbers: `words[i]` stands before `numbers[i]`; there is one word more than numbers."""

    words: list[str]
    numbers: list[str]


class NumberDifference(msgspec.Struct, frozen=True):
    """How the numbers of two texts of the same structure differ.

    Attributes:
        largest: the largest relative difference, 0 where all are equal.
        differing: how many numbers are out of tolerance; `total`: how many there are.
        first: position of the first number out of tolerance, -1 where none is.
        kind_changed: whether that number is whole on one side and a float on the other.
    """

    largest: float
    differing: int
    total: int
    first: int
    kind_changed: bool = False


def tokens_of(text: str) -> Tokens:
    """Cut text at its numbers; white space next to a number is dropped, elsewhere collapsed."""
    parts = _NUMBER.split(text)
    return Tokens([_SPACE.sub(" ", word).strip() for word in parts[::2]], parts[1::2])


def is_number(text: str) -> bool:
    """Whether the whole text is one number."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_whole(number: str) -> bool:
    """Whether a number is written without point and exponent."""
    return number.lstrip("+-").isdigit()


def relative_difference(expected: float, found: float) -> float:
    """Return ``|a-b| / max(|a|, |b|)``; 0 for equal numbers, two NaN included; infinity where only one is finite."""
    if expected == found or (math.isnan(expected) and math.isnan(found)):
        return 0.0
    if not (math.isfinite(expected) and math.isfinite(found)):
        return math.inf
    scale = max(abs(expected), abs(found))
    return abs(expected / scale - found / scale)


def floats_equal(expected: float, found: float, settings: CompareSettings) -> bool:
    """Whether two floats are equal within the settings' relative or absolute tolerance."""
    if relative_difference(expected, found) <= settings.tolerance:
        return True
    return abs(expected - found) <= settings.absolute_tolerance


def compare_numbers(expected: Tokens, found: Tokens, settings: CompareSettings) -> NumberDifference:
    """Compare the numbers of two texts that have as many of them."""
    largest, differing, first, kind_changed = 0.0, 0, -1, False
    scales: list[float] | None = None
    for position, (left, right) in enumerate(zip(expected.numbers, found.numbers, strict=True)):
        if left == right:
            continue
        a, b = float(left), float(right)
        mixed = is_whole(left) != is_whole(right)
        whole = is_whole(left) and is_whole(right)
        difference = relative_difference(a, b)
        if whole or (mixed and settings.same_environment):
            equal = False
        else:
            equal = floats_equal(a, b, settings)
            if not equal and max(abs(a), abs(b)) < 1:
                scales = _array_scales(expected, found) if scales is None else scales
                equal = max(abs(a), abs(b)) <= _NOISE * scales[position]
                difference = 0.0 if equal else difference
        largest = max(largest, difference)
        if not equal:
            differing += 1
            if first < 0:
                first, kind_changed = position, mixed
    return NumberDifference(largest, differing, len(expected.numbers), first, kind_changed)


def _array_scales(expected: Tokens, found: Tokens) -> list[float]:
    """Return for each number the largest float of the bracketed array it stands in, 0 outside brackets."""
    group, depth, groups = 0, 0, []
    for word in expected.words[:-1]:
        for character in word:
            if character == "[":
                depth += 1
            elif character == "]":
                depth = max(0, depth - 1)
                if depth == 0:
                    group += 1
        groups.append(group if depth else -1)
    largest: dict[int, float] = {}
    for side in (expected, found):
        for key, number in zip(groups, side.numbers, strict=True):
            if key >= 0 and not is_whole(number):
                value = abs(float(number))
                largest[key] = max(largest.get(key, 0.0), value if math.isfinite(value) else 0.0)
    return [largest.get(key, 0.0) for key in groups]
