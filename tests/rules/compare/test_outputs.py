"""What a bundle keeps of a run is canonical, and compares like the run itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PIL import Image, PngImagePlugin

from pressrun.records.cells import Cell
from pressrun.records.digest import canonical_json, pretty_json
from pressrun.records.outputs import CapturedValue, ComparedOutputs
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.outputs import (
    ALREADY_LOADED,
    Joined,
    cells_from_compared,
    compared_outputs,
    joined_outputs,
    show_anything,
)
from pressrun.rules.compare.settings import CompareSettings

Make = Callable[..., Cell]
Output = Callable[..., dict[str, Any]]
SETTINGS = CompareSettings()


def run(
    cell: Make, stdout: Output, stderr: Output, shown: Output, png: Callable[..., str], *, number: int
) -> list[Cell]:
    """A run whose volatile parts depend on its number, and whose results do not."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Creation Time", f"run {number}")
    image = png(Image.new("RGB", (8, 8), "red"), pnginfo=info)
    return [
        cell("import time"),
        cell("print(obj)", stdout(f"<Foo at 0x7f00000{number:05x}>\n"), stderr(f"pid {number}"), index=1),
        cell("%timeit f()", stdout(f"{number} ms ± 1 µs per loop (mean ± std. dev. of 7 runs)\n"), index=2),
        cell("%%time\nfit()", stdout(f"CPU times: user {number} ms\nWall time: {number} s\n0.91\n"), index=3),
        cell("plot()", shown({"text/plain": "<Figure>", "image/png": image}), index=4),
        cell(
            "df",
            shown({"text/plain": "a", "text/html": f'<div id="{number:08x}-4f89-11d3-9a0c-0305e82c3301">1</div>'}),
            index=5,
        ),
        cell("show()", shown({"application/json": {"mean_fit_time": number, "b": [1.5, None], "a": "x"}}), index=6),
        cell("print(time.time() - t)", stdout(f"{number}.5\n"), index=7),
        cell("!pip install x", stdout(f"Collecting {number}\n"), index=8),
    ]


def test_two_equal_runs_are_stored_as_equal_bytes(
    cell: Make, stdout: Output, stderr: Output, shown: Output, png: Callable[..., str]
) -> None:
    stored = [compared_outputs(run(cell, stdout, stderr, shown, png, number=n), SETTINGS) for n in (17, 901)]
    assert pretty_json(stored[0]) == pretty_json(stored[1])
    assert [kept.cell for kept in stored[0].cells] == [1, 3, 4, 5, 6, 7]
    text = canonical_json(stored[0]).decode()
    assert "Wall time" not in text
    assert "pid" not in text


def test_stored_outputs_compare_with_a_fresh_run(
    cell: Make, stdout: Output, stderr: Output, shown: Output, png: Callable[..., str]
) -> None:
    stored = compared_outputs(run(cell, stdout, stderr, shown, png, number=17), SETTINGS)
    read = msgspec.json.decode(pretty_json(stored), type=ComparedOutputs)
    comparison = compare_cells(cells_from_compared(read), run(cell, stdout, stderr, shown, png, number=901))
    assert comparison.same
    assert {output.sameness for output in comparison.outputs} <= {"identical", "normalised", "not-compared"}
    assert comparison.unmatched_expected == comparison.unmatched_found == ()


def test_a_changed_result_is_found_against_stored_outputs(
    cell: Make, stdout: Output, stderr: Output, shown: Output, png: Callable[..., str]
) -> None:
    stored = compared_outputs(run(cell, stdout, stderr, shown, png, number=17), SETTINGS)
    fresh = run(cell, stdout, stderr, shown, png, number=18)
    fresh[3] = cell("%%time\nfit()", stdout("CPU times: user 1 ms\nWall time: 1 s\n0.92\n"), index=3)
    comparison = compare_cells(cells_from_compared(stored), fresh)
    assert [output.cell for output in comparison.outputs if output.sameness == "different"] == [3]


def test_a_new_output_is_found_against_stored_outputs(cell: Make, stdout: Output) -> None:
    stored = compared_outputs([cell("a()", stdout("1")), cell("b()", index=1)], SETTINGS)
    comparison = compare_cells(
        cells_from_compared(stored), [cell("a()", stdout("1")), cell("b()", stdout("2"), index=1)]
    )
    assert comparison.unmatched_found == (1,)
    assert not comparison.same


def test_storing_what_was_stored_changes_nothing(
    cell: Make, stdout: Output, stderr: Output, shown: Output, png: Callable[..., str]
) -> None:
    once = compared_outputs(run(cell, stdout, stderr, shown, png, number=17), SETTINGS)
    twice = compared_outputs(cells_from_compared(once), SETTINGS)
    assert canonical_json(once.cells) == canonical_json(twice.cells)


def test_an_injected_cell_does_not_shift_what_is_stored(cell: Make, stdout: Output) -> None:
    plain = [cell("n = 1"), cell("print(n)", stdout("1"), index=1)]
    injected = [
        cell("n = 1"),
        cell("n = 1", index=1, tags=("injected-parameters",)),
        cell("print(n)", stdout("1"), index=2),
    ]
    assert compared_outputs(plain, SETTINGS) == compared_outputs(injected, SETTINGS)


def test_values_are_stored_sorted_and_without_the_last_bits_of_a_sum() -> None:
    values = [
        CapturedValue(name="r2", value=0.1 + 0.2, tolerance=0.01),
        CapturedValue(name="auc", value={"b": [1 / 3, float("nan")], "a": 7}),
    ]
    stored = compared_outputs([], SETTINGS, values)
    assert [value.name for value in stored.values] == ["auc", "r2"]
    assert stored.values[1].value == 0.3
    assert stored.values[0].value == {"b": [0.333333333333, "nan"], "a": 7}


def test_outputs_do_not_tell_where_they_were_made(cell: Make, stdout: Output) -> None:
    stored = [
        compared_outputs([cell("print(path)", stdout(f"{folder}/out.csv"))], CompareSettings(folders=(folder,)))
        for folder in ("/srv/a", "/data/elsewhere/b")
    ]
    assert stored[0] == stored[1]


def test_what_pressrun_itself_said_while_somebody_worked_is_no_output(cell: Make) -> None:
    receipt = {
        "output_type": "display_data",
        "metadata": {"pressrun": {"receipt": True}},
        "data": {
            "application/vnd.pressrun.receipt+json": {},
            "text/plain": "pressrun: step load captured",
        },
    }
    again = {"output_type": "stream", "name": "stdout", "text": ALREADY_LOADED}
    assert joined_outputs([receipt, again]) == Joined((), "")
    assert not show_anything([cell("x = 1", receipt, again)])
    kept = joined_outputs([receipt, {**again, "text": f"{ALREADY_LOADED}rows 2\n"}])
    assert kept.shown == ({"stream/stdout": "rows 2\n"},)


def test_a_mark_hides_nothing_that_does_not_say_whose_it_is() -> None:
    result = {"output_type": "display_data", "metadata": {"pressrun": {}}, "data": {"text/plain": "auc 0.8"}}
    printed = {"output_type": "stream", "name": "stdout", "text": "pressrun: printed by the notebook"}
    returned = {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": "pressrun: a result"}}
    assert len(joined_outputs([result, printed, returned]).shown) == 3
