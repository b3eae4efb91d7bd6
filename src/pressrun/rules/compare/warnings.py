"""What went to stderr, as classes of warnings: shown beside a comparison, never a reason to fail."""

from __future__ import annotations

import re
from collections import Counter

_WARNING = re.compile(r"\b([A-Z][A-Za-z]{0,60}(?:Warning|Error))\b")


def stderr_note(expected: str, found: str) -> str:
    """Return one sentence on how two texts of stderr differ, by the classes of warnings that they name.

    >>> stderr_note("x.py:1: FutureWarning: a", "")
    'stderr is not compared; warnings gone: FutureWarning'
    """
    left, right = Counter(_WARNING.findall(expected)), Counter(_WARNING.findall(found))
    parts = []
    if left - right:
        parts.append(f"warnings gone: {_named(left - right)}")
    if right - left:
        parts.append(f"warnings new: {_named(right - left)}")
    return "; ".join(["stderr is not compared", *(parts or ["the same classes of warnings, other text"])])


def _named(classes: Counter[str]) -> str:
    return ", ".join(name if count == 1 else f"{name} ({count})" for name, count in sorted(classes.items()))
