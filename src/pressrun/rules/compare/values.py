"""Compare declared metrics, a model's predictions and written files with what was captured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from pressrun.records.comparison import Sameness, ValueComparison
from pressrun.records.outputs import CapturedValue
from pressrun.rules.compare.numbers import floats_equal, relative_difference
from pressrun.rules.compare.outputs import rounded
from pressrun.rules.compare.settings import CompareSettings

_SHOWN_ELEMENTS = 8


class _Tally(msgspec.Struct):
    """What was found while two values are walked in step."""

    largest: float = 0.0
    numeric: bool = False
    compared: int = 0
    differing: int = 0
    first: str = ""


def compare_values(
    expected: Sequence[CapturedValue], found: Sequence[CapturedValue], settings: CompareSettings
) -> tuple[ValueComparison, ...]:
    """Compare values by kind and name.

    Each uses its own tolerance where it declares one, else the settings'. Values are rounded as they are when stored,
    so that a fresh value compares with a stored one.
    """
    left = {(value.kind, value.name): value for value in expected}
    right = {(value.kind, value.name): value for value in found}
    keys = [*left, *(key for key in right if key not in left)]
    return tuple(_compare(left.get(key), right.get(key), settings) for key in keys)


def _compare(expected: CapturedValue | None, found: CapturedValue | None, settings: CompareSettings) -> ValueComparison:
    known = expected or found
    assert known is not None
    tolerance = (expected.tolerance if expected else known.tolerance) or settings.tolerance
    if expected is None or found is None:
        return ValueComparison(
            name=known.name,
            kind=known.kind,
            sameness="missing" if found is None else "extra",
            expected=_short(expected.value) if expected else None,
            found=_short(found.value) if found else None,
            tolerance=tolerance,
            reason="the replay did not give it" if found is None else "it was not captured before",
        )
    left, right = rounded(expected.value), rounded(found.value)
    tally = _Tally()
    _walk(left, right, "", msgspec.structs.replace(settings, tolerance=tolerance), tally)
    sameness, reason = _judged(left, right, tally)
    return ValueComparison(
        name=known.name,
        kind=known.kind,
        sameness=sameness,
        expected=_short(left),
        found=_short(right),
        tolerance=tolerance,
        relative_difference=tally.largest if tally.numeric else None,
        reason=reason,
    )


def _judged(left: Any, right: Any, tally: _Tally) -> tuple[Sameness, str]:
    if tally.differing:
        part = f" at {tally.first}" if tally.first else ""
        share = f", {tally.differing} of {tally.compared} differ" if tally.compared > 1 else ""
        by = f" by up to {tally.largest:.2g} (relative)" if tally.numeric else ""
        return "different", f"differs{part}{by}{share}"
    return ("within-tolerance", "equal within its tolerance") if tally.numeric else ("identical", "")


def _walk(left: Any, right: Any, where: str, settings: CompareSettings, tally: _Tally) -> None:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in {**left, **right}:
            inner = f"{where}.{key}" if where else str(key)
            if key in left and key in right:
                _walk(left[key], right[key], inner, settings, tally)
            else:
                _differ(inner, tally)
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            _differ(where, tally)
            return
        for position, (a, b) in enumerate(zip(left, right, strict=True)):
            _walk(a, b, f"{where}[{position}]", settings, tally)
    else:
        tally.compared += 1
        _compare_leaves(left, right, where, settings, tally)


def _differ(where: str, tally: _Tally) -> None:
    tally.differing += 1
    tally.first = tally.first or where


def _compare_leaves(left: Any, right: Any, where: str, settings: CompareSettings, tally: _Tally) -> None:
    if left == right and isinstance(left, bool) == isinstance(right, bool):
        return
    numbers = [side for side in (left, right) if isinstance(side, (int, float)) and not isinstance(side, bool)]
    if len(numbers) < 2:
        _differ(where, tally)
        return
    a, b = float(numbers[0]), float(numbers[1])
    difference = relative_difference(a, b)
    tally.numeric = True
    tally.largest = max(tally.largest, difference if math.isfinite(difference) else 1.0)
    if not floats_equal(a, b, settings):
        _differ(where, tally)


def _short(value: Any) -> Any:
    """Return the first elements of a long list: the comparison is a summary, the values stay in the bundle."""
    if isinstance(value, list) and len(value) > _SHOWN_ELEMENTS:
        return [*value[:_SHOWN_ELEMENTS], f"… {len(value) - _SHOWN_ELEMENTS} more"]
    return value
