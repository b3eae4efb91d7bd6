"""Metrics and predictions are compared by their own tolerance."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.records.outputs import CapturedValue
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.compare.values import compare_values


@pytest.mark.parametrize(
    ("expected", "found", "tolerance", "sameness"),
    [
        (0.91, 0.91, 0.0, "identical"),
        (0.91, 0.91 + 1e-15, 0.0, "identical"),
        (0.91, 0.9100001, 0.0, "within-tolerance"),
        (0.91, 0.92, 0.0, "different"),
        (0.91, 0.92, 0.05, "within-tolerance"),
        ("a", "b", 0.5, "different"),
        ([1, 0, 1], [1, 0, 1], 0.0, "identical"),
        ([1, 0, 1], [1, 1, 1], 0.0, "different"),
        ({"auc": 0.5}, {"auc": 0.5, "f1": 1}, 0.0, "different"),
        ([1.0], [1.0, 2.0], 0.0, "different"),
        (True, 1, 0.0, "different"),
        ("nan", float("nan"), 0.0, "identical"),
        (None, 0.5, 0.0, "different"),
    ],
)
def test_a_value_is_the_same_within_its_tolerance(expected: Any, found: Any, tolerance: float, sameness: str) -> None:
    (value,) = compare_values(
        [CapturedValue(name="m", value=expected, tolerance=tolerance)],
        [CapturedValue(name="m", value=found)],
        CompareSettings(),
    )
    assert value.sameness == sameness


def test_a_difference_among_predictions_is_named_by_its_place() -> None:
    left, right = ([0.1 * i + (i == 7) * extra for i in range(20)] for extra in (0.0, 0.5))
    (value,) = compare_values(
        [CapturedValue(name="churn", kind="predictions", value=left)],
        [CapturedValue(name="churn", kind="predictions", value=right)],
        CompareSettings(),
    )
    assert value.reason == "differs at [7] by up to 0.42 (relative), 1 of 20 differ"
    assert value.expected[-1] == "… 12 more"


def test_missing_and_extra_values_are_named() -> None:
    compared = compare_values([CapturedValue(name="a", value=1)], [CapturedValue(name="b", value=1)], CompareSettings())
    assert [(value.name, value.sameness) for value in compared] == [("a", "missing"), ("b", "extra")]
