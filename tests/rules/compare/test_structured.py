"""JSON, plotly, Vega and widgets are compared by value."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pressrun.records.comparison import OutputComparison

JSON = "application/json"
PLOTLY = "application/vnd.plotly.v1+json"
VEGA = "application/vnd.vegalite.v5+json"


@pytest.mark.parametrize(
    ("expected", "found", "sameness", "reason"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "identical", ""),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.0000000001]}, "within-tolerance", "floats equal"),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}, "different", "a[1]: the number differs"),
        ({"a": 1}, {"a": 2}, "different", "a: the number differs"),
        ({"a": 1}, {"a": 1.0}, "normalised", ""),
        ({"a": {"b": 1}}, {"a": {}}, "different", "a.b: the key is gone"),
        ({"a": 1}, {"a": 1, "c": 2}, "different", "c: the key is new"),
        ([1, 2], [1, 2, 3], "different", "the value: 2 elements became 3"),
        (["x", "y"], ["y", "x"], "different", "the same elements in another order"),
        ({"mean_fit_time": 0.1, "score": 1}, {"mean_fit_time": 0.3, "score": 1}, "normalised", ""),
        ({"dep_time": 517}, {"dep_time": 533}, "different", "dep_time: the number differs"),
        ({"day": "2024-03-01"}, {"day": "2024-03-02"}, "different", "day:"),
        (True, 1, "different", "the value: another value"),
        (None, float("nan"), "identical", ""),
        ('{"a": 1}', {"a": 1}, "normalised", ""),
    ],
)
def test_json_is_compared_by_value(
    compare_one: Callable[..., OutputComparison], expected: Any, found: Any, sameness: str, reason: str
) -> None:
    output = compare_one(JSON, expected, found)
    assert output.sameness == sameness
    assert output.reason.startswith(reason)


def figure(y: Any, uid: str) -> dict[str, Any]:
    return {"data": [{"type": "scatter", "uid": uid, "y": y}], "layout": {"title": {"text": "sales"}}}


def packed(*numbers: float) -> dict[str, str]:
    return {"dtype": "f8", "bdata": base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()}


def test_a_plotly_figure_is_compared_by_its_data(compare_one: Callable[..., OutputComparison]) -> None:
    assert compare_one(PLOTLY, figure([1.5, 2], "a"), figure([1.5, 2], "b")).sameness == "normalised"
    assert compare_one(PLOTLY, figure([1.5, 2], "a"), figure([1.6, 2], "b")).sameness == "different"


def test_packed_arrays_of_plotly_are_compared_by_their_numbers(compare_one: Callable[..., OutputComparison]) -> None:
    left = figure(packed(1.0, 2.0), "a")
    assert compare_one(PLOTLY, left, figure(packed(1.0, 2.0 + 1e-12), "a")).sameness == "within-tolerance"
    output = compare_one(PLOTLY, left, figure(packed(1.0, 3.0), "a"))
    assert (output.sameness, output.expected, output.found) == ("different", "2.0", "3.0")


def chart(value: float) -> dict[str, Any]:
    name = f"data-{int(value * 1e6):032x}"
    return {"data": {"name": name}, "mark": "bar", "datasets": {name: [{"x": value}]}}


def test_vega_datasets_are_compared_by_content_not_by_their_digest(
    compare_one: Callable[..., OutputComparison],
) -> None:
    assert compare_one(VEGA, chart(0.5), chart(0.5 + 1e-9) | {"mark": "bar"}).sameness == "within-tolerance"
    output = compare_one(VEGA, chart(0.5), chart(0.7))
    assert output.sameness == "different"
    assert output.reason.endswith("(relative)")


def test_a_widgets_model_id_is_random(compare_one: Callable[..., OutputComparison]) -> None:
    view = {"model_id": "3f2504e04f8911d39a0c0305e82c3301", "version_major": 2, "version_minor": 0}
    output = compare_one("application/vnd.jupyter.widget-view+json", view, {**view, "model_id": "x"})
    assert output.sameness == "normalised"
    assert output.masks[0].rule == "widget-model"


def test_an_unknown_type_is_equal_or_not(compare_one: Callable[..., OutputComparison]) -> None:
    assert compare_one("application/pdf", "JVBERi0x", "JVBERi0x").sameness == "identical"
    output = compare_one("application/pdf", "JVBERi0x", "JVBERi0y")
    assert (output.sameness, output.comparator) == ("different", "bytes")


def test_latex_is_compared_as_text(compare_one: Callable[..., OutputComparison]) -> None:
    assert compare_one("text/latex", r"$\alpha = 0.5$", r"$\alpha = 0.500000001$").sameness == "within-tolerance"
    assert compare_one("text/latex", r"$\alpha$", r"$\beta$").sameness == "different"


def test_deeply_nested_json_does_not_exhaust_the_stack(compare_one: Callable[..., OutputComparison]) -> None:
    left: Any = 1
    right: Any = 2
    for _ in range(500):
        left, right = [left], [right]
    assert compare_one(JSON, left, right).sameness == "different"
