"""Comparators are an extension point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pressrun.errors import UsageError
from pressrun.records.cells import Cell
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.protocol import Comparator, Context, Normalised, Verdict
from pressrun.rules.compare.registry import DEFAULT_REGISTRY, Registry

MIME = "application/vnd.molecule"


class Molecules:
    """A comparator as another package would offer it: the order of atoms is no difference."""

    name = "molecules"
    mimes = (MIME,)

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Sort the atoms."""
        return Normalised("".join(sorted(value)), {"atom-order": [value]})

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Name the first atom that differs."""
        return Verdict(sameness="different", reason="other atoms", expected=expected, found=found)


class Broken(Molecules):
    """A comparator with a bug."""

    name = "broken"

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Fail."""
        raise ZeroDivisionError("bug")


def test_a_foreign_comparator_decides_about_its_type(cell: Callable[..., Cell], shown: Callable[..., Any]) -> None:
    registry = Registry([Molecules()])
    runs = [[cell("m", shown({"text/plain": "x", MIME: atoms}))] for atoms in ("OHH", "HOH", "OOH")]
    same = compare_cells(runs[0], runs[1], registry=registry)
    assert (same.sameness, same.outputs[0].comparator) == ("normalised", "molecules")
    assert compare_cells(runs[0], runs[2], registry=registry).outputs[0].reason == "other atoms"


def test_without_it_the_type_is_compared_by_its_text(cell: Callable[..., Cell], shown: Callable[..., Any]) -> None:
    runs = [[cell("m", shown({"text/plain": "x", MIME: atoms}))] for atoms in ("OHH", "HOH")]
    assert compare_cells(*runs).outputs[0].mime == "text/plain"


def test_a_comparator_that_fails_is_named(cell: Callable[..., Cell], shown: Callable[..., Any]) -> None:
    runs = [[cell("m", shown({MIME: atoms}))] for atoms in ("OHH", "HOH")]
    with pytest.raises(UsageError, match=r"'broken' failed on application/vnd\.molecule: ZeroDivisionError: bug"):
        compare_cells(*runs, registry=Registry([Broken()]))


@pytest.mark.parametrize(
    ("mime", "name"),
    [
        ("stream/stdout", "text"),
        ("text/plain", "text"),
        ("text/latex", "text"),
        ("text/html", "html"),
        ("image/png", "image"),
        ("image/svg+xml", "svg"),
        ("application/json", "json"),
        ("application/vnd.plotly.v1+json", "json"),
        ("application/vnd.jupyter.widget-view+json", "widget"),
        ("application/octet-stream", "bytes"),
        ("error", "error"),
    ],
)
def test_each_type_has_its_comparator(mime: str, name: str) -> None:
    comparator = DEFAULT_REGISTRY.for_mime(mime)
    assert comparator.name == name
    assert isinstance(comparator, Comparator)
