"""What holds for the comparison of any two runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun.records.cells import Cell
from pressrun.records.digest import canonical_json
from pressrun.rules.compare.masking import mask_text
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.outputs import cells_from_compared, compared_outputs
from pressrun.rules.compare.settings import CompareSettings

Make = Callable[..., Cell]
SETTINGS = CompareSettings()
FACTS = ["clock", "timer", "timer-output", "hashing", "process", "logging", "stderr"]
volatile = st.sampled_from(
    [
        "0x7f3a5c0d1e80", "<Foo at 0x10a2b3c>", "/tmp/tmpab12/x", "2026-11-23 00:41:12", "Wall time: 3 ms\n",
        "\r50%\r", "12.5 s", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/home/ann/x", "a\b",
        "'fit_time': array([0.1])", "Dep. Variable Time: 00:41:12", "«id»", "pid 12", "/a/site-packages/b",
        " [00:01<00:00, 3it/s", "took 1.5", "T_0abcd ", "1e-3", "[", "\x1b[31m", "\n",
    ]
)  # fmt: skip
texts = st.lists(st.one_of(volatile, st.text(max_size=20)), max_size=8).map("".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
outputs = st.one_of(
    texts.map(lambda text: {"output_type": "stream", "name": "stdout", "text": text}),
    texts.map(lambda text: {"output_type": "stream", "name": "stderr", "text": text}),
    texts.map(lambda text: {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}),
    texts.map(lambda text: {"output_type": "display_data", "data": {"text/html": f"<p>{text}</p>"}, "metadata": {}}),
    texts.map(lambda text: {"output_type": "display_data", "data": {"image/png": text}, "metadata": {}}),
    json_values.map(lambda v: {"output_type": "display_data", "data": {"application/json": v}, "metadata": {}}),
    texts.map(lambda text: {"output_type": "error", "ename": "ValueError", "evalue": text, "traceback": []}),
)
runs = st.lists(st.lists(outputs, max_size=3), max_size=3)
SOURCES = ["x", "print(datetime.now())", "t = time.time()", "hashlib.md5(b'')"]


def cells_of(cell: Make, run: list[list[dict[str, Any]]]) -> list[Cell]:
    return [cell(f"{SOURCES[i % 4]}\ny{i}", *outs, index=i) for i, outs in enumerate(run)]


relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(run=runs)
def test_every_run_is_identical_to_itself(cell: Make, run: Any) -> None:
    comparison = compare_cells(cells_of(cell, run), cells_of(cell, run))
    assert {output.sameness for output in comparison.outputs} <= {"identical"}
    assert comparison.same


@relaxed
@given(pairs=st.lists(st.tuples(*[st.lists(outputs, max_size=3)] * 2), max_size=3))
def test_sameness_is_symmetric(cell: Make, pairs: Any) -> None:
    left, right = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    a, b = cells_of(cell, left), cells_of(cell, right)
    mirrored = {"missing": "extra", "extra": "missing"}
    there = sorted(mirrored.get(o.sameness, o.sameness) for o in compare_cells(a, b).outputs)
    back = sorted(str(o.sameness) for o in compare_cells(b, a).outputs)
    assert there == back


@relaxed
@given(text=texts, facts=st.sets(st.sampled_from(FACTS)))
def test_masking_is_idempotent(text: str, facts: set[str]) -> None:
    once = mask_text(text, facts=frozenset(facts))
    twice = mask_text(once.text, facts=frozenset(facts))
    assert twice.text == once.text


@relaxed
@given(run=runs)
def test_a_run_is_the_same_as_what_is_stored_of_it(cell: Make, run: Any) -> None:
    cells = cells_of(cell, run)
    stored = compared_outputs(cells, SETTINGS)
    assert canonical_json(stored) == canonical_json(compared_outputs(cells_of(cell, run), SETTINGS))
    comparison = compare_cells(cells_from_compared(stored), cells)
    assert {output.sameness for output in comparison.outputs} <= {"identical", "normalised"}


@relaxed
@given(
    numbers=st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12),
    where=st.integers(0, 11),
    factor=st.sampled_from([1 + 1e-5, 1 - 1e-5, 1.5, -1.0]),
    form=st.sampled_from(["stream/stdout", "text/plain", "text/html", "table", "application/json"]),
)
def test_any_single_number_that_changes_is_found(
    cell: Make, stdout: Any, shown: Any, numbers: list[float], where: int, factor: float, form: str
) -> None:
    """A change above the tolerance is found in every representation."""
    changed = list(numbers)
    changed[where % len(numbers)] *= factor
    sides = [_shown_as(form, values, stdout, shown) for values in (numbers, changed)]
    left, right = ([cell("f()", side)] for side in sides)
    assert compare_cells(left, right).sameness == "different"


@relaxed
@given(numbers=st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12), form=st.sampled_from(["text/plain", "table"]))
def test_numbers_within_the_tolerance_are_the_same(
    cell: Make, stdout: Any, shown: Any, numbers: list[float], form: str
) -> None:
    sides = [_shown_as(form, values, stdout, shown) for values in (numbers, [n * (1 + 1e-8) for n in numbers])]
    left, right = ([cell("f()", side)] for side in sides)
    assert compare_cells(left, right).same


def _shown_as(form: str, numbers: list[float], stdout: Any, shown: Any) -> dict[str, Any]:
    if form == "stream/stdout":
        return dict(stdout("".join(f"value {n!r}\n" for n in numbers)))
    if form == "application/json":
        return dict(shown({form: {"values": numbers}}))
    if form == "text/html":
        return dict(shown({form: "".join(f"<p>{n!r}</p>" for n in numbers)}))
    if form == "table":
        rows = "".join(f"<tr><th>{i}</th><td>{n!r}</td></tr>" for i, n in enumerate(numbers))
        head = "<thead><tr><th></th><th>x</th></tr></thead>"
        return dict(shown({"text/html": f'<table border="1" class="dataframe">{head}<tbody>{rows}</tbody></table>'}))
    return dict(shown({form: str(numbers)}))


@pytest.mark.parametrize("text", ["«address»", "[«progress»]", "Dep. Variable Date: «datetime»"])
def test_placeholders_are_never_masked_again(text: str) -> None:
    assert mask_text(text, facts=frozenset(FACTS)).hits == {}
