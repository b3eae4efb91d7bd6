"""What one check found, and how values look to a reader."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from pressrun.records.decision import Outcome

DAY_S = 86_400.0
NEVER = "it was never recorded"
_SHOWN_ITEMS = 8
_SHOWN_CHARACTERS = 200


class Judged(NamedTuple):
    """What a check found.

    Attributes:
        observed: for a reader. `basis`: what the verdict binds; no ages, which change by themselves.
        evidence: what it was judged by.
    """

    outcome: Outcome
    observed: str
    basis: Any = None
    evidence: tuple[str, ...] = ()


def is_number(value: Any) -> bool:
    """Whether a value is a number that can be compared: finite, and not true or false, which Python counts as one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def shown(value: Any) -> str:
    """Return a value for a reader, shortened where it is long."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        more = f" and {len(value) - _SHOWN_ITEMS} more" if len(value) > _SHOWN_ITEMS else ""
        return ", ".join(shown(item) for item in value[:_SHOWN_ITEMS]) + more
    return str(value)[:_SHOWN_CHARACTERS]
