"""Cells are paired by their code."""

from __future__ import annotations

from collections.abc import Callable

from pressrun.records.cells import Cell
from pressrun.rules.compare.align import align_cells

Make = Callable[..., Cell]


def numbers(expected: list[Cell], found: list[Cell]) -> list[tuple[int, int]]:
    return [(pair.expected_number, pair.found_number) for pair in align_cells(expected, found)]


def cells_of(cell: Make, *sources: str) -> list[Cell]:
    return [cell(source, index=index) for index, source in enumerate(sources)]


def test_an_inserted_cell_shifts_nothing(cell: Make) -> None:
    left = cells_of(cell, "a = 1", "b = 2", "c = 3")
    right = cells_of(cell, "a = 1", "import numpy as np", "b = 2", "c = 3")
    assert numbers(left, right) == [(0, 0), (-1, 1), (1, 2), (2, 3)]


def test_an_injected_parameters_cell_is_not_counted(cell: Make) -> None:
    left = cells_of(cell, "a = 1", "b = 2")
    right = [
        cell("a = 1"),
        cell("a = 5", index=1, tags=("injected-parameters",)),
        cell("b = 2", index=2),
    ]
    assert numbers(left, right) == [(0, 0), (1, 1)]


def test_markdown_is_ignored(cell: Make) -> None:
    left = [cell("# Title", type="markdown"), cell("a = 1", index=1)]
    assert numbers(left, cells_of(cell, "a = 1")) == [(1, 0)]


def test_repeated_cells_are_paired_in_their_order(cell: Make) -> None:
    left = cells_of(cell, "df", "clean()", "df", "df")
    right = cells_of(cell, "df", "df", "clean()", "df", "df")
    pairs = numbers(left, right)
    assert [pair for pair in pairs if -1 not in pair][1:] == [(1, 2), (2, 3), (3, 4)]
    assert len([pair for pair in pairs if pair[0] == -1]) == 1


def test_comments_and_declarations_do_not_change_the_code(cell: Make) -> None:
    left = cells_of(cell, "%%register step train\n# fit\nmodel.fit(X)")
    right = cells_of(cell, "model.fit(X)\n\n# done")
    (pair,) = align_cells(left, right)
    assert pair.same_code


def test_a_changed_cell_keeps_its_counterpart_and_is_marked(cell: Make) -> None:
    left = cells_of(cell, "a = 1", "model = Ridge(alpha=1.0).fit(X, y)", "score")
    right = cells_of(cell, "a = 1", "model = Ridge(alpha=2.0).fit(X, y)", "score")
    pairs = align_cells(left, right)
    assert [(pair.expected_number, pair.same_code) for pair in pairs] == [(0, True), (1, False), (2, True)]


def test_a_rewritten_cell_is_found_by_its_id(cell: Make) -> None:
    left, right = [cell("import os", id="abc")], [cell("totally(different)", id="abc")]
    (pair,) = align_cells(left, right)
    assert not pair.same_code


def test_unlike_cells_stay_alone(cell: Make) -> None:
    assert numbers(cells_of(cell, "import os"), cells_of(cell, "plot(forecast)")) == [(0, -1), (-1, 0)]


def test_many_cells_are_aligned_quickly(cell: Make) -> None:
    left = cells_of(cell, *(f"x{i} = {i}" for i in range(3000)))
    pairs = align_cells(left, left[:1500] + left[1501:])
    assert len([pair for pair in pairs if pair.found is None]) == 1
