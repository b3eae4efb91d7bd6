"""Compare text: plain results, printed lines, LaTeX, Markdown, and the text inside richer outputs."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from pressrun.records.comparison import Mask
from pressrun.rules.compare.drift import without_drift
from pressrun.rules.compare.masking import mask_text, shorten_embedded
from pressrun.rules.compare.numbers import NumberDifference, Tokens, compare_numbers, tokens_of
from pressrun.rules.compare.protocol import Context, Normalised, Verdict
from pressrun.rules.compare.settings import CompareSettings

_RULING = re.compile(r"([=*_~-]{3})[=*_~-]{3,}")
_LONG = 64_000  # characters; above, equal lines are set aside before the text is cut into numbers


def excerpt(text: str, start: int, length: int) -> str:
    """Return about `length` characters of `text` around `start` on one line, with ``…`` where something was cut."""
    begin = max(0, min(start - length // 3, len(text) - length))
    cut = _RULING.sub(r"\1", text[begin : begin + length])
    head = "…" if begin > 0 else ""
    tail = "…" if begin + length < len(text) else ""
    return head + cut.strip("\n").replace("\n", " ⏎ ") + tail


def excerpts(expected: str, found: str, settings: CompareSettings) -> tuple[str, str]:
    """Return an excerpt of each text around the first character that differs."""
    start = common_prefix(expected, found)
    return excerpt(expected, start, settings.excerpt_length), excerpt(found, start, settings.excerpt_length)


def common_prefix(left: str, right: str) -> int:
    """Return how many characters the two texts have in common from their start."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def compare_text(expected: str, found: str, settings: CompareSettings) -> Verdict:
    """Compare two normalised texts: words must match, floats may differ within the tolerance.

    Texts of the same elements in another order are different, and said to be so.
    """
    expected, found = shorten_embedded(expected), shorten_embedded(found)
    left, right = (expected, found) if len(expected) < _LONG else set_equal_lines_aside(expected, found)
    verdict = _compare(left, right, settings)
    if verdict.sameness != "different" or settings.same_environment:
        return verdict
    e_plain, f_plain, masks = without_drift(left, right)
    if not masks:
        return verdict
    if e_plain == f_plain:
        return Verdict(sameness="normalised", masks=masks, reason="written differently by other library versions")
    retried = _compare(e_plain, f_plain, settings)
    return _with_masks(retried, masks) if retried.sameness != "different" else verdict


def _with_masks(verdict: Verdict, masks: tuple[Mask, ...]) -> Verdict:
    return Verdict(
        sameness=verdict.sameness,
        reason=verdict.reason,
        relative_difference=verdict.relative_difference,
        masks=masks,
    )


def set_equal_lines_aside(expected: str, found: str) -> tuple[str, str]:
    """Drop lines that are equal on both sides: by position where both have as many lines, else at both ends."""
    left, right = expected.split("\n"), found.split("\n")
    if len(left) == len(right):
        pairs = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
        return "\n".join(a for a, _ in pairs), "\n".join(b for _, b in pairs)
    start, shortest = 0, min(len(left), len(right))
    while start < shortest and left[start] == right[start]:
        start += 1
    end = 0
    while end < shortest - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return "\n".join(left[start : len(left) - end]), "\n".join(right[start : len(right) - end])


def _compare(expected: str, found: str, settings: CompareSettings) -> Verdict:
    left, right = tokens_of(expected), tokens_of(found)
    if left.words == right.words:
        return _numbers_verdict(left, right, expected, found, settings)
    e_text, f_text = excerpts(expected, found, settings)
    if _same_elements(left, right):
        reason = "the same elements in another order"
        return Verdict(sameness="different", reason=reason, expected=e_text, found=f_text, ordering=True)
    reason = "the text differs"
    if len(left.numbers) != len(right.numbers):
        reason += f" ({len(left.numbers)} numbers became {len(right.numbers)})"
    return Verdict(sameness="different", reason=reason, expected=e_text, found=f_text)


def _numbers_verdict(left: Tokens, right: Tokens, expected: str, found: str, settings: CompareSettings) -> Verdict:
    numbers = compare_numbers(left, right, settings)
    if not numbers.differing:
        return within_tolerance(numbers, settings)
    e_text, f_text = (number_excerpt(side, numbers.first, settings) for side in (left, right))
    ordering = Counter(left.numbers) == Counter(right.numbers)
    return Verdict(
        sameness="different",
        reason="the same numbers in another order" if ordering else numbers_reason(numbers),
        expected=e_text,
        found=f_text,
        relative_difference=numbers.largest,
        ordering=ordering,
    )


def within_tolerance(numbers: NumberDifference, settings: CompareSettings) -> Verdict:
    """Say how near equal numbers are."""
    if numbers.largest == 0.0:
        return Verdict(sameness="within-tolerance", reason="only white space or digits of no value differ")
    limit = settings.close_tolerance if numbers.largest <= settings.close_tolerance else settings.tolerance
    reason = f"floats equal within {limit:g} (relative)"
    return Verdict(sameness="within-tolerance", reason=reason, relative_difference=numbers.largest)


def numbers_reason(numbers: NumberDifference) -> str:
    """Say how many numbers differ, and by how much."""
    if numbers.total == 1:
        reason = f"the number differs by {numbers.largest:.2g} (relative)"
    else:
        reason = f"{numbers.differing} of {numbers.total} numbers differ, by up to {numbers.largest:.2g} (relative)"
    return f"{reason}; a whole number became a float or the reverse" if numbers.kind_changed else reason


def number_excerpt(tokens: Tokens, position: int, settings: CompareSettings) -> str:
    """Return the text around one number."""
    before, after, half = "", tokens.words[position + 1], settings.excerpt_length // 3
    index = position
    while index >= 0 and len(before) < half:
        number = "" if index == position else tokens.numbers[index] + " "
        before = f"{tokens.words[index]} {number}{before}"
        index -= 1
    index = position + 1
    while index < len(tokens.numbers) and len(after) < half:
        after = f"{after} {tokens.numbers[index]} {tokens.words[index + 1]}"
        index += 1
    head = before if len(before) <= half else "…" + before[-half:]
    tail = after if len(after) <= half else after[:half] + "…"
    return _RULING.sub(r"\1", " ".join(f"{head}{tokens.numbers[position]} {tail}".split()))


def _same_elements(left: Tokens, right: Tokens) -> bool:
    if Counter(left.numbers) != Counter(right.numbers):
        return False
    return _elements(left) == _elements(right)


def _elements(tokens: Tokens) -> Counter[str]:
    text = " ".join(tokens.words)
    for mark in "{}[](),:;'\"":
        text = text.replace(mark, " ")
    return Counter(text.split())


class TextComparator:
    """Compares every representation that is text."""

    name = "text"
    mimes = ("text/*", "stream/stdout", "application/javascript", "application/x-tex")

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Mask what is volatile; trailing white space of the whole does not count."""
        text = value if isinstance(value, str) else str(value)
        masked = mask_text(text, facts=context.facts, folders=context.settings.folders)
        return Normalised(masked.text, masked.hits)

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare words and numbers."""
        return compare_text(expected, found, context.settings)


class ErrorComparator:
    """Compares the error of a cell: its class and message; a traceback shows library lines and is left out."""

    name = "error"
    mimes = ("error",)

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Mask the message; drop the traceback."""
        message = mask_text(str(value.get("evalue", "")), facts=context.facts, folders=context.settings.folders)
        return Normalised({"ename": str(value.get("ename", "")), "evalue": message.text}, message.hits)

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Another class is a difference; the message of an error that the author expects is not compared."""
        left, right = (f"{side['ename']}: {side['evalue']}" for side in (expected, found))
        e_text, f_text = excerpts(left, right, context.settings)
        if expected["ename"] != found["ename"]:
            reason = f"{found['ename']} was raised, not {expected['ename']}"
            return Verdict(sameness="different", reason=reason, expected=e_text, found=f_text)
        if "raises-exception" in context.facts:
            reason = "the message of an expected exception is not compared"
            return Verdict(sameness="not-compared", reason=reason, expected=e_text, found=f_text)
        return compare_text(expected["evalue"], found["evalue"], context.settings)
