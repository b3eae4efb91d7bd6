"""Compare two executed notebooks, and find the comparators that other packages offer."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import msgspec

from pressrun.errors import UsageError
from pressrun.notebook.read import read_notebook
from pressrun.records.cells import Notebook
from pressrun.records.comparison import Comparison, Difference
from pressrun.rules.cause import Case, explain
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.protocol import ENTRY_POINT_GROUP, Comparator
from pressrun.rules.compare.registry import Registry
from pressrun.rules.compare.settings import CompareSettings


class ComparedNotebooks(msgspec.Struct, frozen=True, kw_only=True):
    """Two notebooks and what comparing them gave. `difference` is None when nothing differs."""

    expected: Notebook
    found: Notebook
    comparison: Comparison
    difference: Difference | None = None


def find_comparators() -> Registry:
    """Return the built-in comparators and, before them, those that installed packages offer.

    Raises:
        UsageError: an entry point cannot be loaded, or is no comparator.
    """
    found: list[Comparator] = []
    for point in sorted(metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        try:
            offered = point.load()
            comparator = offered() if isinstance(offered, type) else offered
        except Exception as error:
            raise UsageError(
                f"the comparator {point.name!r} cannot be loaded: {type(error).__name__}: {error}",
                where=point.value,
                remedy="Repair or uninstall the package that provides it",
            ) from error
        if not isinstance(comparator, Comparator):
            raise UsageError(
                f"{point.name!r} is no comparator: it needs name, mimes, normalise and compare",
                where=point.value,
                remedy="Repair or uninstall the package that provides it",
            )
        found.append(comparator)
    return Registry(found)


def compare(
    expected: str | Path,
    found: str | Path,
    *,
    settings: CompareSettings | None = None,
    same_environment: bool | None = None,
) -> ComparedNotebooks:
    """Compare the saved outputs of two notebooks.

    Args:
        expected: path of the one notebook.
        found: path of the other.
        settings: tolerances, None for the defaults; their `same_environment` is replaced.
        same_environment: whether both ran with the same packages; None asks the notebooks, which name their Python.

    Raises:
        NotebookFormatError: a file is no notebook that can be read.
    """
    left, right = read_notebook(Path(expected)), read_notebook(Path(found))
    return compare_read(left, right, settings=settings, same_environment=same_environment)


def compare_read(
    left: Notebook,
    right: Notebook,
    *,
    settings: CompareSettings | None = None,
    same_environment: bool | None = None,
) -> ComparedNotebooks:
    """Compare the saved outputs of two notebooks that were read before; arguments as for `compare`."""
    same = _same_python(left, right) if same_environment is None else same_environment
    comparison = compare_cells(
        left.cells,
        right.cells,
        settings=msgspec.structs.replace(settings or CompareSettings(), same_environment=same),
        registry=find_comparators(),
    )
    difference = explain(comparison, Case(cells=left.cells))
    return ComparedNotebooks(expected=left, found=right, comparison=comparison, difference=difference)


def _same_python(left: Notebook, right: Notebook) -> bool:
    versions = [notebook.metadata.get("language_info", {}).get("version") for notebook in (left, right)]
    return versions[0] == versions[1] or None in versions
