"""Which comparator compares which type of output, and which representation of an output is compared."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pressrun.errors import UsageError
from pressrun.rules.compare.html import HtmlComparator, SvgComparator
from pressrun.rules.compare.images import ImageComparator
from pressrun.rules.compare.protocol import Comparator, Context, Normalised, Verdict
from pressrun.rules.compare.structured import BytesComparator, JsonComparator, WidgetComparator
from pressrun.rules.compare.text import ErrorComparator, TextComparator

_PREFERENCE = (
    "application/vnd.plotly.v1+json",
    "application/vnd.vegalite.v*",
    "application/vnd.vega.v*",
    "text/html",
    "image/svg+xml",
    "image/png",
    "image/*",
    "application/geo+json",
    "application/json",
    "text/markdown",
    "text/latex",
    "text/plain",
    "application/vnd.jupyter.widget-view+json",
    "*",
)
"""The representation that says most comes first; a widget's text says more than its random model identifier."""


class Registry:
    """Finds a comparator by mime type: those handed in come first, then the built-in ones.

    Args:
        extra: further comparators, for example from entry points.
    """

    def __init__(self, extra: Iterable[Comparator] = ()) -> None:
        self._foreign = tuple(extra)
        self._own: tuple[Comparator, ...] = (
            ErrorComparator(),
            HtmlComparator(),
            SvgComparator(),
            ImageComparator(),
            WidgetComparator(),
            JsonComparator(),
            TextComparator(),
            BytesComparator(),
        )

    def for_mime(self, mime: str) -> Comparator:
        """Return the comparator of a mime type."""
        every = (*self._foreign, *self._own)
        return next(c for c in every if any(fnmatch.fnmatchcase(mime, pattern) for pattern in c.mimes))

    def knows(self, mime: str) -> bool:
        """Whether a comparator handed in asks for this very type, so that it is preferred to others."""
        return any(mime in comparator.mimes for comparator in self._foreign)

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Normalise with the comparator of the mime type; a foreign one that fails is named."""
        comparator = self.for_mime(mime)
        try:
            return comparator.normalise(mime, value, context)
        except Exception as error:
            raise self._wrapped(comparator, mime, error) from error

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare with the comparator of the mime type; a foreign one that fails is named."""
        comparator = self.for_mime(mime)
        try:
            return comparator.compare(mime, expected, found, context)
        except Exception as error:
            raise self._wrapped(comparator, mime, error) from error

    def _wrapped(self, comparator: Comparator, mime: str, error: Exception) -> Exception:
        if comparator in self._own:
            return error
        return UsageError(
            f"the comparator {comparator.name!r} failed on {mime}: {type(error).__name__}: {error}",
            where=type(comparator).__module__,
            remedy="Uninstall or repair the package that provides it",
        )


DEFAULT_REGISTRY = Registry()


def preferred_mimes(bundle: Mapping[str, Any], registry: Registry, *, estimator_as_text: bool) -> Sequence[str]:
    """Return the mime types of one output, the one to compare first.

    Args:
        bundle: the ``data`` of a display output.
        registry: a type that a foreign comparator asks for comes first.
        estimator_as_text: prefer the text of a scikit-learn estimator to its HTML, which each release changes.
    """

    def rank(mime: str) -> tuple[int, int]:
        if registry.knows(mime):
            return (0, 0)
        if estimator_as_text and mime == "text/html" and "sk-top-container" in str(bundle[mime]):
            return (2, 0)
        return (1, next(i for i, pattern in enumerate(_PREFERENCE) if fnmatch.fnmatchcase(mime, pattern)))

    return sorted(bundle, key=rank)
