"""A measured value with its uncertainty."""

from __future__ import annotations

import msgspec


class Metric(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A measured value.

    Attributes:
        low: lower end of the interval, None where none can be computed; `high` likewise.
        confidence: of the interval, for example 0.95.
        method: how the interval was made; where there is none, why not.
        n: how many rows or folds it was measured on, 0 when not recorded.
    """

    value: float
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    method: str = ""
    n: int = 0
