"""Where the ticks of an axis stand: at numbers that people read at a glance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGEST = 1e300  # what is beyond is drawn at the edge, so that sums stay finite
_SMALLEST = 1e-290


class Axis(NamedTuple):
    """An axis from `low` to `high`, both ticks themselves; `decimals` is what tells neighbouring ticks apart."""

    low: float
    high: float
    ticks: tuple[float, ...]
    decimals: int

    def label(self, tick: float) -> str:
        """Return a tick as text, with as many decimals as all the others."""
        if self.decimals > 6 or max(abs(self.low), abs(self.high)) >= 1e12:
            return f"{tick:.4g}"
        return f"{tick + 0.0:.{self.decimals}f}"

    def part(self, value: float) -> float:
        """Return where `value` stands: 0 at the low end, 1 at the high one."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def axis_over(values: Iterable[float], most: int) -> Axis:
    """Return an axis that holds all values.

    Args:
        values: finite, at least one.
        most: ticks, at least 3: zero may be one, with one on each side; there is never one more.

    >>> axis_over([0.81, 0.87], 5).ticks
    (0.8, 0.82, 0.84, 0.86, 0.88)
    """
    known = [min(max(value, -_LARGEST), _LARGEST) for value in values]
    low, high = min(known), max(known)
    if high - low <= max(max(abs(low), abs(high)) * 1e-12, _SMALLEST):
        # one value: some room around it
        room = abs(low) * 0.1 or 1.0
        low, high = low - room, high + room
    magnitude = 10.0 ** math.floor(math.log10((high - low) / (most - 1)))
    for step in (magnitude * factor * scale for scale in (1.0, 10.0) for factor in _STEPS):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first < most:
            ticks = tuple(_rounded(step * k, step) for k in range(first, last + 1))
            return Axis(ticks[0], ticks[-1], ticks, _decimals(step))
    raise ValueError(f"no axis from {low} to {high} with {most} ticks")


def _decimals(step: float) -> int:
    exponent = math.floor(math.log10(step) + 1e-9)
    whole = abs(step / 10.0**exponent - round(step / 10.0**exponent)) < 1e-6
    return max(0, -exponent + (0 if whole else 1))


def _rounded(value: float, step: float) -> float:
    digits = _decimals(step)
    return round(value, digits) if digits <= 300 else value
