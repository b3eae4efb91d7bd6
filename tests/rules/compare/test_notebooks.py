"""Two runs of a notebook are compared output by output."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from pressrun.records.cells import Cell, Declaration
from pressrun.records.comparison import OutputComparison, ValueComparison
from pressrun.rules.compare.notebooks import compare_cells

Make = Callable[..., Cell]
Output = Callable[..., dict[str, Any]]


def test_streams_are_joined_however_they_were_cut(cell: Make, stdout: Output) -> None:
    left = [cell("f()", stdout("a\nb\n"), stdout("c\n"))]
    right = [cell("f()", stdout("a\n"), stdout("b\nc\n"))]
    assert compare_cells(left, right).sameness == "identical"


def test_prints_may_interleave_with_results_differently(cell: Make, stdout: Output, shown: Output) -> None:
    plot = shown({"text/plain": "<Figure>"})
    left = [cell("f()", stdout("a\n"), plot, stdout("b\n"))]
    right = [cell("f()", stdout("a\nb\n"), plot)]
    assert compare_cells(left, right).sameness == "identical"


def test_a_progress_bar_counts_by_its_end(cell: Make, stdout: Output) -> None:
    left = [cell("f()", stdout(" 50%|## | 5/10 [00:01<00:01,  4.9it/s]\r100%|####| 10/10 [00:02<00:00,  4.9it/s]\n"))]
    right = [cell("f()", stdout("100%|####| 10/10 [00:03<00:00,  3.1it/s]\n"))]
    comparison = compare_cells(left, right)
    assert comparison.sameness == "normalised"
    assert {mask.rule for mask in comparison.masks} == {"overwritten-text", "progress-rate"}


def test_stderr_never_makes_two_runs_different(cell: Make, stdout: Output, stderr: Output) -> None:
    left = [cell("f()", stdout("1\n"), stderr("x.py:3: FutureWarning: old\n"))]
    right = [cell("f()", stdout("1\n"))]
    comparison = compare_cells(left, right)
    assert comparison.sameness == "identical"
    note = comparison.outputs[-1]
    assert (note.mime, note.sameness) == ("stream/stderr", "not-compared")
    assert note.reason == "stderr is not compared; warnings gone: FutureWarning"


def test_warnings_from_another_folder_and_version_are_the_same(cell: Make, stderr: Output) -> None:
    texts = [
        f"/tmp/ipykernel_{pid}/9.py:3: FutureWarning: deprecated since {version}, removed in {version}\n"
        for pid, version in ((20535, "1.2"), (77, "1.3"))
    ]
    comparison = compare_cells(*([cell("f()", stderr(text))] for text in texts))
    assert [output.sameness for output in comparison.outputs] == ["normalised"]


def test_a_cell_that_only_tells_the_time_shows_nothing_to_compare(cell: Make, stdout: Output) -> None:
    left = [cell("%timeit f()", stdout("1.2 ms ± 3 µs per loop (mean ± std. dev. of 7 runs, 1,000 loops each)\n"))]
    right = [cell("%timeit f()")]
    comparison = compare_cells(left, right)
    assert (comparison.sameness, comparison.outputs) == ("identical", ())


def test_results_under_a_timing_magic_are_compared(cell: Make, stdout: Output) -> None:
    texts = [
        f"CPU times: user {n} ms, total: {n} ms\nWall time: {n} ms\nR2 {r2}\n"
        for n, r2 in ((1, 0.9), (2, 0.9), (3, 0.8))
    ]
    cells = [[cell("%%time\nfit()", stdout(text))] for text in texts]
    assert compare_cells(cells[0], cells[1]).sameness == "normalised"
    assert compare_cells(cells[0], cells[2]).sameness == "different"


UNCOMPARED = [
    ("timing tag", {"source": "f()", "tags": ("timing",)}),
    ("profiler", {"source": "%prun f()"}),
    ("installer", {"source": "!pip install pandas"}),
    ("skip", {"source": "f()", "declaration": Declaration(kind="skip")}),
]


@pytest.mark.parametrize(("name", "fields"), UNCOMPARED, ids=[name for name, _ in UNCOMPARED])
def test_outputs_that_are_no_results_are_named_and_left_out(
    cell: Make, stdout: Output, name: str, fields: dict[str, Any]
) -> None:
    left, right = ([cell(**{**fields, "source": fields["source"]}) for _ in "x"] for _ in "ab")
    left = [cell(fields["source"], stdout("1\n"), **{k: v for k, v in fields.items() if k != "source"})]
    right = [cell(fields["source"], stdout("2\n"), **{k: v for k, v in fields.items() if k != "source"})]
    (output,) = compare_cells(left, right).outputs
    assert output.sameness == "not-compared"
    assert output.reason


def error(name: str, message: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": [f"File /tmp/{message}"]}


def test_errors_are_compared_by_class_and_message(cell: Make) -> None:
    runs = [[cell("f()", error(*facts))] for facts in (("KeyError", "'a'"), ("KeyError", "'b'"), ("ValueError", "'a'"))]
    assert compare_cells(runs[0], runs[0]).sameness == "identical"
    assert compare_cells(runs[0], runs[1]).sameness == "different"
    assert compare_cells(runs[0], runs[2]).outputs[0].reason == "ValueError was raised, not KeyError"


def test_the_message_of_an_expected_error_is_not_compared(cell: Make) -> None:
    tags = ("raises-exception",)
    runs = [
        [cell("f()", error(*facts), tags=tags)] for facts in (("KeyError", "a"), ("KeyError", "b"), ("OSError", "a"))
    ]
    assert compare_cells(runs[0], runs[1]).outputs[0].sameness == "not-compared"
    assert compare_cells(runs[0], runs[2]).sameness == "different"


def test_a_missing_and_an_extra_output_are_differences(cell: Make, shown: Output) -> None:
    one, two = shown({"text/plain": "1"}), shown({"text/plain": "2"})
    left, right = [cell("f()", one, two)], [cell("f()", one)]
    assert [o.sameness for o in compare_cells(left, right).outputs] == ["identical", "missing"]
    assert [o.sameness for o in compare_cells(right, left).outputs] == ["identical", "extra"]
    assert not compare_cells(left, right).same


def test_another_representation_is_a_difference(cell: Make, shown: Output) -> None:
    left, right = [cell("f()", shown({"image/png": "AAAA"}))], [cell("f()", shown({"text/plain": "x"}))]
    assert compare_cells(left, right).outputs[0].reason == "image/png became text/plain"


def test_a_cell_that_never_ran_claims_nothing(cell: Make, stdout: Output) -> None:
    saved = [cell("a()", stdout("1")), cell("b()", index=1, execution_count=None)]
    run = [cell("a()", stdout("1")), cell("b()", stdout("2"), index=1)]
    comparison = compare_cells(saved, run)
    assert [output.sameness for output in comparison.outputs] == ["identical", "not-compared"]
    assert comparison.same
    assert compare_cells(run, saved).outputs[1].reason == "the cell never ran"
    assert not compare_cells(run, saved).same


def test_nothing_compared_is_not_the_same(cell: Make, stdout: Output) -> None:
    comparison = compare_cells([cell("a()", execution_count=None)], [cell("a()", stdout("1"))])
    assert (comparison.sameness, comparison.same) == ("not-compared", False)


def test_a_cell_without_counterpart_is_named(cell: Make, stdout: Output) -> None:
    left = [cell("a()", stdout("1")), cell("import this", stdout("2"), index=1)]
    right = [cell("a()", stdout("1"))]
    comparison = compare_cells(left, right)
    assert comparison.unmatched_expected == (1,)
    assert comparison.outputs[1].reason == "the found notebook has no such cell"
    assert compare_cells(right, left).unmatched_found == (1,)


def test_a_changed_cell_is_named_beside_its_difference(cell: Make, stdout: Output) -> None:
    comparison = compare_cells([cell("print(f(1.0))", stdout("1"))], [cell("print(f(2.0))", stdout("2"))])
    assert comparison.changed_cells == (0,)
    assert comparison.outputs[0].reason.endswith("the code of the cell changed")


def test_a_changed_date_in_data_is_a_difference(compare_one: Callable[..., OutputComparison]) -> None:
    """A date is data unless the cell asks for the present time."""
    left, right = "2024-03-01 to 2024-03-31\n", "2024-03-01 to 2024-04-01\n"
    output = compare_one("stream/stdout", left, right, source="print(df.day.min(), df.day.max())")
    assert output.sameness == "different"
    assert output.masks == ()


def test_the_present_date_is_masked_and_listed(compare_one: Callable[..., OutputComparison]) -> None:
    left, right = "run of 2026-11-23 00:41:12.5\n", "run of 2026-11-24 09:00:00.1\n"
    output = compare_one("stream/stdout", left, right, source="print('run of', datetime.now())")
    assert output.sameness == "normalised"
    assert [(mask.rule, mask.count) for mask in output.masks] == [("wall-clock", 2)]
    assert output.masks[0].example == "2026-11-23 00:41:12.5"


def test_a_measured_time_is_masked_two_cells_later(cell: Make, stdout: Output) -> None:
    runs = [
        [
            cell("import time\nstart = time.time()"),
            cell("model.fit(X)", index=1),
            cell("print(f'took {time.time() - start:.2f} s')\nprint(score)", stdout(f"took {t} s\n0.91\n"), index=2),
        ]
        for t in (1.25, 7.5)
    ]
    assert compare_cells(*runs).sameness == "normalised"


def test_values_count_in_the_verdict(cell: Make, stdout: Output) -> None:
    cells = [cell("a()", stdout("1"))]
    wrong = ValueComparison(name="r2", kind="metric", sameness="different", expected=0.9, found=0.8)
    assert compare_cells(cells, cells, values=[wrong]).sameness == "different"


def test_large_outputs_take_seconds(cell: Make, stdout: Output) -> None:
    """Fifty megabytes that are equal take no time; where they differ, time grows with their size and no faster."""
    text = "\n".join(f"epoch {i} loss {i / 7:.6f} at /data/part-{i}.csv" for i in range(1_000_000))
    assert len(text) > 45_000_000
    start = time.process_time()
    assert compare_cells([cell("f()", stdout(text))], [cell("f()", stdout(text))]).sameness == "identical"
    assert time.process_time() - start < 1
    part = text[:10_000_000]
    changed = part.replace("epoch 1999 ", "epoch 1998 ")
    start = time.process_time()
    (output,) = compare_cells([cell("f()", stdout(part))], [cell("f()", stdout(changed))]).outputs
    assert time.process_time() - start < 15
    assert output.reason == "1 of 3 numbers differ, by up to 0.0005 (relative)"
