"""Two texts side by side, line by line, long equal stretches left out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pressrun.records.panel.comparison import DiffLine

MAX_LINES = 1_000
"""Of each text that are looked at; finding what they have in common takes time that grows with the square."""
MAX_LINE = 2_000  # characters
CONTEXT = 3  # equal lines that are shown around what differs


def side_by_side(expected: str | None, found: str | None) -> tuple[tuple[DiffLine, ...], bool]:
    """Return the lines of two texts beside each other.

    Args:
        expected: the one text, None where there is none.
        found: the other, likewise.

    Returns:
        The lines; where equal ones were left out, a ``gap`` whose `left` says how many. And whether something was cut.
    """
    left, right = (text.splitlines() if text is not None else [] for text in (expected, found))
    cut = any(len(lines) > MAX_LINES or any(len(line) > MAX_LINE for line in lines) for lines in (left, right))
    left, right = ([line[:MAX_LINE] for line in lines[:MAX_LINES]] for lines in (left, right))
    return tuple(_lines(left, right)), cut


def _lines(left: list[str], right: list[str]) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, left, right)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield from _equal(left[a:b], first=a == 0, last=b == len(left) and d == len(right))
            continue
        shared = min(b - a, d - c)
        for one, other in zip(left[a : a + shared], right[c : c + shared], strict=True):
            yield DiffLine(kind="changed", left=one, right=other)
        for line in left[a + shared : b]:
            yield DiffLine(kind="removed", left=line)
        for line in right[c + shared : d]:
            yield DiffLine(kind="added", right=line)


def _equal(lines: list[str], *, first: bool, last: bool) -> Iterator[DiffLine]:
    head = 0 if first and not last else CONTEXT
    tail = 0 if last and not first else CONTEXT
    hidden = len(lines) - head - tail
    if hidden <= 1:
        head, hidden = len(lines), 0
    for line in lines[:head]:
        yield DiffLine(kind="same", left=line, right=line)
    if hidden:
        yield DiffLine(kind="gap", left=f"{hidden} equal lines")
        for line in lines[head + hidden :]:
            yield DiffLine(kind="same", left=line, right=line)
