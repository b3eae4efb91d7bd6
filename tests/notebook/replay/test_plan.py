"""What will run, and what of an earlier run is taken out."""

from __future__ import annotations

from typing import Any

from pressrun.notebook.read import cells_of
from pressrun.notebook.replay.plan import Plan, make_plan


def document(*cells: dict[str, Any], minor: int = 5, **metadata: Any) -> dict[str, Any]:
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": 1, "source": "", **cell}
        for n, cell in enumerate(cells)
    ]
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": made}


def plan(source: dict[str, Any], injection: str = "") -> Plan:
    return make_plan(source, cells_of(source), injection)


PARAMETERS = {"source": "n = 1", "metadata": {"tags": ["parameters"]}}


def sources(made: Plan) -> list[str]:
    return [cell["source"] for cell in made.document["cells"]]


def test_the_injected_cell_comes_right_after_the_parameters_cell() -> None:
    made = plan(document({"source": "import os"}, PARAMETERS, {"source": "n"}), "n = 2")
    assert sources(made) == ["import os", "n = 1", "n = 2", "n"]
    assert made.indices == (0, 1, -1, 2)
    assert made.document["cells"][2]["metadata"]["tags"] == ["injected-parameters"]


def test_without_a_parameters_cell_the_injected_cell_comes_first() -> None:
    assert sources(plan(document({"source": "a"}), "n = 2")) == ["n = 2", "a"]


def test_a_parameters_cell_at_the_end_is_followed_by_the_injected_one() -> None:
    assert sources(plan(document(PARAMETERS), "n = 2")) == ["n = 1", "n = 2"]


def test_the_injected_cell_of_an_earlier_run_is_replaced() -> None:
    old = {"source": "n = 5", "metadata": {"tags": ["injected-parameters"]}}
    made = plan(document(PARAMETERS, old, {"source": "n"}), "n = 2")
    assert sources(made) == ["n = 1", "n = 2", "n"]
    assert made.left_out == (1,)


def test_the_injected_cell_of_an_earlier_run_stays_when_nothing_is_injected() -> None:
    old = {"source": "n = 5", "metadata": {"tags": ["injected-parameters"]}}
    assert sources(plan(document(PARAMETERS, old))) == ["n = 1", "n = 5"]


def test_nothing_of_an_earlier_run_is_left() -> None:
    stale = {
        "source": "1",
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "stale"}],
        "metadata": {
            "papermill": {"status": "completed"},
            "execution": {"iopub.status.busy": "x"},
            "pressrun": {"run": {"status": "completed"}},
            "collapsed": True,
        },
    }
    made = plan(document(stale, widgets={"state": 1}, papermill={}, pressrun={"run": 1, "kept": 2}, title="t"))
    cell = made.document["cells"][0]
    assert (cell["outputs"], cell["execution_count"], cell["metadata"]) == ([], None, {"collapsed": True})
    assert made.document["metadata"] == {"pressrun": {"kept": 2}, "title": "t"}


def test_the_source_document_is_left_as_it_is() -> None:
    source = document({"source": ["a\n", "b"], "metadata": {"papermill": {}}})
    before = repr(source)
    plan(source, "n = 1")
    assert repr(source) == before


def test_skipped_and_empty_cells_are_not_expected_to_run() -> None:
    made = plan(document({"source": "%%register skip\n1/0"}, {"source": " \n"}, {"source": "1"}))
    assert made.skipped == (0, 1)


def test_the_injected_cells_id_is_unique_and_only_there_where_the_format_has_ids() -> None:
    taken = document({"source": "a", "id": "injected-parameters"})
    assert plan(taken, "n = 1").document["cells"][0]["id"] == "injected-parameters-1"
    assert "id" not in plan(document({"source": "a"}, minor=4), "n = 1").document["cells"][0]
