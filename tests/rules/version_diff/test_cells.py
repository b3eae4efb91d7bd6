import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.notebook.read import cells_of
from pressrun.rules.version_diff.cells import diff_cells, unified


def code(source, *, id=None, outputs=(), count=None):  # noqa: A002
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs), "execution_count": count}
    return cell | ({"id": id} if id else {})


def text(source):
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def diff(before, after):
    return diff_cells(cells_of({"cells": before}), cells_of({"cells": after}))


LOAD = "import pandas as pd\nframe = pd.read_csv('x.csv')"
FIT = "model = fit(frame)\nmodel.score(frame)"
PLOT = "model.plot()"


def words(found):
    return [(change.change, change.before, change.after) for change in found.changes]


def test_two_equal_notebooks_have_no_difference():
    cells = [text("# Churn"), code(LOAD), code(FIT)]
    assert diff(cells, cells) == ((), 3)


def test_outputs_execution_counts_and_ids_are_no_difference():
    shown = {"output_type": "stream", "name": "stdout", "text": "hello"}
    assert diff([code(LOAD, id="a")], [code(LOAD, id="b", outputs=[shown], count=7)]) == ((), 1)


def test_a_changed_cell_is_told_line_by_line():
    found = diff([code(LOAD), code(FIT)], [code(LOAD), code(FIT + "\nmodel.save()")])
    assert words(found) == [("changed", 1, 1)]
    assert found.changes[0].diff == (
        "@@ -1,2 +1,3 @@", " model = fit(frame)", " model.score(frame)", "+model.save()",
    )  # fmt: skip
    assert found.changes[0].title == "model = fit(frame)"
    assert found.equal == 1


def test_a_change_in_a_comment_is_a_change():
    found = diff([code(LOAD)], [code(LOAD + "\n# from the warehouse")])
    assert words(found) == [("changed", 0, 0)]


def test_an_added_and_a_removed_cell_are_told():
    found = diff([code(LOAD), code(FIT)], [code(LOAD), code(PLOT), code("print(1)")])
    assert words(found) == [("removed", 1, None), ("added", None, 1), ("added", None, 2)]
    assert found.changes[0].diff == ("@@ -1,2 +0,0 @@", "-model = fit(frame)", "-model.score(frame)")


def test_a_moved_cell_is_one_change_and_shows_no_lines():
    found = diff([code(PLOT), code(LOAD), code(FIT)], [code(LOAD), code(FIT), code(PLOT)])
    assert words(found) == [("moved", 0, 2)]
    assert found.changes[0].diff == ()


def test_a_cell_that_moved_and_changed_is_found_by_its_id():
    before = [code("a = 1\nb = 2\nc = 3", id="x"), code(LOAD, id="y"), code(FIT, id="z")]
    after = [code(LOAD, id="y"), code(FIT, id="z"), code("something_else()", id="x")]
    found = diff(before, after)
    assert words(found) == [("moved and changed", 0, 2)]
    assert "+something_else()" in found.changes[0].diff


def test_a_cell_that_moved_and_changed_is_found_by_its_code():
    found = diff([code(FIT), code(LOAD), code(PLOT)], [code(LOAD), code(PLOT), code(FIT + "\nmodel.save()")])
    assert words(found) == [("moved and changed", 0, 2)]
    assert found.changes[0].diff[-1] == "+model.save()"


def test_a_code_cell_without_anything_in_common_is_another_cell():
    found = diff([code(PLOT), code(LOAD)], [code(LOAD), code("import os; os.getcwd()")])
    assert words(found) == [("removed", 0, None), ("added", None, 1)]


def test_a_heading_is_compared_although_it_looks_like_a_comment():
    found = diff([text("# Churn"), code(LOAD)], [text("# Churn in Europe"), code(LOAD)])
    assert words(found) == [("changed", 0, 0)]
    assert found.changes[0].type == "markdown"
    assert found.changes[0].diff == ("@@ -1 +1 @@", "-# Churn", "+# Churn in Europe")


def test_a_code_cell_is_not_paired_with_a_text_cell():
    assert words(diff([code("Churn")], [text("Churn")])) == [("removed", 0, None), ("added", None, 0)]


def test_changes_come_in_the_order_of_the_later_notebook():
    before = [text("# A"), code(LOAD), text("# B"), code(FIT)]
    after = [text("# A2"), code(LOAD + "\nx = 1"), text("# B2"), code(FIT + "\ny = 2")]
    assert [change.after for change in diff(before, after).changes] == [0, 1, 2, 3]


def test_a_cell_of_many_lines_is_only_said_to_be_changed():
    assert unified("a\n" * 6_000, "b\n") == ("@@ 6,000 lines before, 1 after: too many to show @@",)


@pytest.mark.parametrize("lines", [["x = 1"] * 5_000, [f"x{n} = {n}" for n in range(5_000)]], ids=["equal", "distinct"])
def test_the_longest_cell_is_compared_quickly(lines):
    started = time.process_time()
    unified("\n".join(lines), "\n".join(["y = 2", *lines[::-1]]))
    assert time.process_time() - started < 5


SOURCES = st.lists(st.sampled_from([LOAD, FIT, PLOT, "", "x = 1", "x = 2", "# only a comment"]), max_size=6)


@given(SOURCES, SOURCES)
def test_every_cell_of_both_notebooks_is_accounted_for_once(before, after):
    found = diff([code(source) for source in before], [code(source) for source in after])
    assert found.equal + sum(change.before is not None for change in found.changes) == len(before)
    assert found.equal + sum(change.after is not None for change in found.changes) == len(after)


@given(SOURCES, SOURCES)
def test_the_lines_of_a_change_are_those_of_its_cells(before, after):
    found = diff([code(source) for source in before], [code(source) for source in after])
    for change in found.changes:
        old = before[change.before].splitlines() if change.before is not None else []
        new = after[change.after].splitlines() if change.after is not None else []
        assert {line[1:] for line in change.diff if line[0] == "-"} <= set(old)
        assert {line[1:] for line in change.diff if line[0] == "+"} <= set(new)
