"""What is compared is shown as what it is: tables as tables, images as images, everything bounded."""

from __future__ import annotations

import base64

import msgspec

from pressrun.actions.panel_comparison import MAX_IMAGE, MAX_ROWS, MAX_WHOLE, ComparedRuns, panel_comparison
from pressrun.notebook.read import cells_of
from pressrun.records.comparison import Comparison, Difference, OutputComparison
from pressrun.rules.compare.notebooks import compare_cells

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nnot really").decode()
FRAME = (
    '<table border="1" class="dataframe"><thead><tr><th></th><th>a</th><th>b</th></tr></thead><tbody>'
    "<tr><th>0</th><td>1</td><td>{}</td></tr><tr><th>1</th><td>3</td><td>4</td></tr></tbody></table>"
)


def notebook(*outputs):
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": f"x = {n}",
            "outputs": list(o),
            "execution_count": 1,
        }
        for n, o in enumerate(outputs)
    ]
    return cells_of({"cells": cells})


def data(**bundle):
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


def shown(left, right, **fields):
    comparison = compare_cells(left, right)
    runs = ComparedRuns(job="j", title="t", comparison=comparison, expected=left, found=right, **fields)
    return panel_comparison(runs)


def html(text):
    return data(**{"text/html": text, "text/plain": "a table"})


def test_a_table_is_shown_with_the_places_that_differ():
    (pair,) = shown(notebook([html(FRAME.format(2))]), notebook([html(FRAME.format(9))])).pairs
    assert (pair.kind, pair.sameness, pair.cell_id) == ("table", "different", "c0")
    assert pair.expected_table is not None
    assert pair.expected_table.header == ("", "a", "b")
    assert pair.expected_table.rows == (("0", "1", "2"), ("1", "3", "4"))
    assert [(place.row, place.column) for place in pair.table_differences] == [(0, 2)]


def test_a_table_that_is_gone_and_one_that_is_no_table():
    gone, *_ = shown(notebook([html(FRAME.format(2))]), notebook([])).pairs
    assert (gone.kind, gone.sameness, gone.found_table) == ("table", "missing", None)
    (text,) = shown(notebook([html(FRAME.format(2))]), notebook([html("<b>bold</b>")])).pairs
    assert text.kind == "text"
    assert [line.left for line in text.lines] == ["a table"]


def test_a_long_table_is_cut_and_says_so():
    rows = "".join(f"<tr><th>{n}</th><td>{'x' * 500}</td></tr>" for n in range(MAX_ROWS + 50))
    long = f'<table class="dataframe"><thead><tr><th></th><th>a</th></tr></thead><tbody>{rows}</tbody></table>'
    (pair,) = shown(notebook([html(long)]), notebook([html(long.replace(">0<", ">zero<"))])).pairs
    assert pair.cut
    assert pair.expected_table is not None
    assert (len(pair.expected_table.rows), pair.expected_table.cut) == (MAX_ROWS, True)


def test_images_are_handed_on_and_svg_is_an_image_too():
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    left = notebook([data(**{"image/png": PNG + "\n"})], [data(**{"image/svg+xml": svg})])
    right = notebook([data(**{"image/png": PNG})], [data(**{"image/svg+xml": svg.replace("1", "2")})])
    pairs = {pair.mime: pair for pair in shown(left, right).pairs}
    assert (pairs["image/png"].kind, pairs["image/png"].expected_image) == ("image", PNG)
    assert base64.b64decode(pairs["image/svg+xml"].expected_image).decode() == svg
    assert all(pair.lines == () for pair in pairs.values())


def test_what_is_too_large_is_cut_and_the_whole_is_bounded():
    large = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(MAX_IMAGE)).decode()
    (pair,) = shown(notebook([data(**{"image/png": large})]), notebook([data(**{"image/png": PNG})])).pairs
    assert (pair.cut, pair.expected_image, pair.found_image) == (True, "", "")
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(MAX_IMAGE // 2)).decode()
    many = notebook(*[[data(**{"image/png": image})]] * 12)
    found = shown(many, many)
    assert len(found.pairs) == 12
    assert len(msgspec.json.encode(found)) < 1.1 * MAX_WHOLE
    assert [pair.cut for pair in found.pairs][-1]


def test_what_differs_comes_first_and_colours_are_left_out():
    left = notebook([{"output_type": "stream", "name": "stdout", "text": "same"}], [], [stream("\x1b[31mred\x1b[0m 1")])
    right = notebook(
        [{"output_type": "stream", "name": "stdout", "text": "same"}], [], [stream("\x1b[31mred\x1b[0m 2")]
    )
    found = shown(left, right)
    assert [(pair.cell, pair.sameness) for pair in found.pairs] == [(2, "different"), (0, "identical")]
    assert [(line.left, line.right) for line in found.pairs[0].lines] == [("red 1", "red 2")]


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def test_errors_and_warnings_are_text():
    raised = {"output_type": "error", "ename": "KeyError", "evalue": "'age'", "traceback": ["..."]}
    left = notebook([raised, stream("careful", "stderr")])
    right = notebook([{**raised, "evalue": "'name'"}, stream("careless", "stderr")])
    pairs = {pair.mime: pair for pair in shown(left, right).pairs}
    assert [(line.left, line.right) for line in pairs["error"].lines] == [("KeyError: 'age'", "KeyError: 'name'")]
    assert [(line.left, line.right) for line in pairs["stream/stderr"].lines] == [("careful", "careless")]


def test_without_the_cells_the_excerpts_are_shown_and_the_cause_is_told():
    output = OutputComparison(
        cell=3,
        output=0,
        mime="text/plain",
        sameness="different",
        expected="auc 0.8",
        found="auc 0.7",
        reason="a number",
    )
    runs = ComparedRuns(
        job="j",
        title="t",
        comparison=Comparison(sameness="different", outputs=(output,)),
        difference=Difference(
            cell=3, output=0, expected="", found="", cause="input-changed", evidence=("data.csv is another file",)
        ),
    )
    found = panel_comparison(runs)
    assert [(line.left, line.right) for line in found.pairs[0].lines] == [("auc 0.8", "auc 0.7")]
    assert found.cause == "An input changed; data.csv is another file."
