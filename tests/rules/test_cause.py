"""The cause of a difference is what the captures and the source support."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pressrun.records.capture import Capture, CodeState, Coverage, Distribution, Environment, Input, Randomness
from pressrun.records.cells import Cell
from pressrun.records.comparison import Comparison, OutputComparison, ValueComparison
from pressrun.records.digest import digest_text
from pressrun.rules.cause import Case, explain
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.varying import leave_out

Make = Callable[..., Cell]
OLD, NEW = digest_text("old"), digest_text("new")


def capture(
    *,
    python: str = "3.11.7",
    sklearn: str = "1.4.0",
    docutils: str = "1.0",
    data: str = OLD,
    read_by: tuple[int, ...] = (0,),
    module: str = OLD,
    threads: str = "1",
) -> Capture:
    def package(name: str, version: str) -> Distribution:
        return Distribution(name=name, version=version, origin="index")

    return Capture(
        environment=Environment(
            python=python,
            implementation="cpython",
            platform="Linux",
            machine="x86_64",
            executable="python",
            prefix="/env",
            distributions=(package("docutils", docutils), package("scikit-learn", sklearn)),
            imported=("scikit-learn",),
            lean=("scikit-learn",),
        ),
        inputs=(Input(path="data/train.csv", role="project", size=1, digest=data, mode="read", cells=read_by),),
        products=(),
        code=CodeState(notebook=OLD, local_modules={"features.py": module}),
        randomness=Randomness(threads={"OMP_NUM_THREADS": threads}),
        coverage=Coverage(level="python-only"),
    )


def differing(cell: int = 2, **facts: Any) -> Comparison:
    output = OutputComparison(
        cell=cell, found_cell=cell, output=0, mime="text/plain", sameness="different", expected="1", found="2", **facts
    )
    return Comparison(sameness="different", outputs=(output,))


BASE = capture()
CHANGES = [
    ("input-changed", {"data": NEW}, f"data/train.csv: expected {OLD}, found {NEW}"),
    ("package-changed", {"sklearn": "1.5.0"}, "scikit-learn 1.4.0 became 1.5.0"),
    ("python-changed", {"python": "3.12.1"}, "Python 3.11.7 became 3.12.1"),
    ("code-changed", {"module": NEW}, "local module features.py changed"),
    ("unknown", {}, "inputs, packages, Python and code are the same in both captures"),
    ("unknown", {"docutils": "2.0"}, "inputs, packages, Python and code are the same in both captures"),
]


@pytest.mark.parametrize(("cause", "change", "evidence"), CHANGES)
def test_what_changed_between_two_captures_is_the_cause(cause: str, change: dict[str, Any], evidence: str) -> None:
    found = explain(differing(), Case(expected=BASE, found=capture(**change)))
    assert found is not None
    assert (found.cause, found.evidence[0], found.tested) == (cause, evidence, False)


def test_an_input_read_only_later_is_not_the_cause() -> None:
    changed = capture(data=NEW, read_by=(5,))
    found = explain(differing(cell=2), Case(expected=capture(read_by=(5,)), found=changed))
    assert found is not None
    assert found.cause == "unknown"


def test_only_last_digits_and_other_threads_point_to_threads() -> None:
    case = Case(expected=BASE, found=capture(threads="8"))
    small, large = differing(relative_difference=1e-5), differing(relative_difference=0.2)
    assert [found.cause for found in (explain(small, case), explain(large, case)) if found] == ["threads", "unknown"]


def test_other_parameters_come_before_inputs() -> None:
    case = Case(
        expected=BASE,
        found=capture(data=NEW),
        expected_parameters={"n": 1, "m": 2},
        found_parameters={"n": 5, "m": 2},
    )
    found = explain(differing(), case)
    assert found is not None
    assert (found.cause, found.evidence) == ("parameters-changed", ("n: 1 became 5",))


def test_the_first_differing_cell_in_execution_order_is_explained() -> None:
    outputs = tuple(
        OutputComparison(
            cell=cell, found_cell=cell, output=0, mime="text/plain", sameness="different", expected=str(cell)
        )
        for cell in (7, 3, 5)
    )
    found = explain(Comparison(sameness="different", outputs=outputs), Case())
    assert found is not None
    assert found.cell == 3


def test_what_varies_between_two_identical_runs_is_nondeterminism_not_drift(cell: Make) -> None:
    """Two runs in one environment decide, also where a package changed too."""
    case = Case(expected=BASE, found=capture(sklearn="1.5.0"), second=differing(cell=2))
    found = explain(differing(cell=2), case)
    assert found is not None
    assert (found.cause, found.tested) == ("nondeterminism", True)
    cells = (cell("X = np.random.rand(3)", index=1), cell("X", index=2))
    named = explain(differing(cell=2), msgspec.structs.replace(case, cells=cells))
    assert named is not None
    assert (named.cause, named.tested) == ("unseeded-randomness", True)
    assert "cell 1: np.random.rand(3) draws without a seed" in named.evidence


def test_a_cell_that_agrees_in_two_runs_did_not_draw_its_difference(cell: Make) -> None:
    same = Comparison(sameness="identical", outputs=())
    cells = (cell("X = np.random.rand(3)", index=1), cell("len(X)", index=2))
    found = explain(differing(cell=2), Case(second=same, cells=cells))
    assert found is not None
    assert found.cause == "unknown"
    assert found.evidence[0] == "two identical runs in one environment agree in this cell"


def test_cells_left_out_as_varying_are_explained_when_nothing_else_differs() -> None:
    comparison = leave_out(differing(cell=2), [2])
    found = explain(comparison, Case(second=differing(cell=2)))
    assert found is not None
    assert (found.cell, found.cause, found.tested) == (2, "nondeterminism", True)


SOURCES = [
    ("wall-clock", ["now = datetime.now()", "print((now - birth).days)"]),
    ("unseeded-randomness", ["a, b = train_test_split(X)", "a.mean()"]),
    ("unknown", ["x = 1", "x"]),
]


@pytest.mark.parametrize(("cause", "sources"), SOURCES)
def test_without_captures_the_source_is_asked(cell: Make, cause: str, sources: list[str]) -> None:
    cells = tuple(cell(source, index=index) for index, source in enumerate(sources))
    found = explain(differing(cell=1), Case(cells=cells))
    assert found is not None
    assert (found.cause, found.tested) == (cause, False)


def test_a_set_in_another_order_is_named(cell: Make, stdout: Callable[[str], Any]) -> None:
    runs = [[cell("print(set(names))", stdout(text))] for text in ("{'a', 'b'}", "{'b', 'a'}")]
    found = explain(compare_cells(*runs), Case(cells=tuple(runs[0])))
    assert found is not None
    assert found.cause == "ordering"
    assert "cell 0: set(names) has no fixed order" in found.evidence


def test_a_changed_cell_is_the_cause_of_later_differences(cell: Make, stdout: Callable[[str], Any]) -> None:
    left = [cell("alpha = 1.0"), cell("print(alpha)", stdout("1.0"), index=1)]
    right = [cell("alpha = 2.0"), cell("print(alpha)", stdout("2.0"), index=1)]
    found = explain(compare_cells(left, right), Case(cells=tuple(left)))
    assert found is not None
    assert (found.cell, found.cause, found.evidence[0]) == (
        1,
        "code-changed",
        "the code of cell 0 is not the same in both",
    )


def test_a_metric_that_differs_alone_is_explained() -> None:
    value = ValueComparison(name="r2", kind="metric", sameness="different", expected=0.9, found=0.8, reason="differs")
    comparison = Comparison(sameness="different", outputs=(), values=(value,))
    found = explain(comparison, Case(expected=BASE, found=capture(data=NEW)))
    assert found is not None
    assert (found.cell, found.cause, found.expected) == (-1, "input-changed", "r2 = 0.9")


def test_equal_runs_need_no_explanation() -> None:
    assert explain(Comparison(sameness="identical", outputs=()), Case()) is None
