"""What two captures of a cell tell apart, and why captures are not those of one whole run."""

import msgspec
import pytest

from pressrun.records.live import CellReceipt, LiveCapture, LiveFile
from pressrun.rules.live import changes_between, merged, partial_reasons, previous_of


def receipt(name="load", created=1, **fields):
    whole = {"kind": "step", "session": "s", "created": f"2026-01-01T00:00:{created:02}", **fields}
    return msgspec.convert({"name": name, **whole}, CellReceipt)


def file(path="a.csv", digest="x", **fields):
    return LiveFile(path=path, mode="read", digest=digest, **fields)


def test_a_cell_that_ran_again_as_it_was_has_no_changes():
    old = receipt(files=[file()], parameters={"n": "1"}, defined=["x"], packages={"pandas": "2"})
    assert changes_between(old, msgspec.structs.replace(old, created="later", execution_count=7)) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"source": "other"}, "The code changed."),
        ({"files": (file(digest="y"),)}, "a.csv has other content than last time."),
        ({"files": (file(), file("b.csv"))}, "Reads b.csv for the first time."),
        ({"files": ()}, "a.csv is not used any more."),
        ({"files": (file(digest="", state="gone"),)}, "a.csv has other content than last time."),
        ({"files": (file(digest="", size=5, state="pending"),)}, "a.csv has other content than last time."),
        ({"parameters": {"n": "2"}}, "Parameter n is 2, it was 1."),
        ({"packages": {"pandas": "3"}}, "pandas is 3, it was 2."),
        ({"defined": ("x", "y")}, "Defines y for the first time."),
        ({"defined": ()}, "Defines x no more."),
    ],
)
def test_each_change_is_told_in_a_sentence(change, told):
    old = receipt(files=[file()], parameters={"n": "1"}, defined=["x"], packages={"pandas": "2"})
    assert changes_between(old, msgspec.structs.replace(old, **change)) == (told,)


def test_a_file_that_could_not_be_read_again_is_no_change():
    assert changes_between(receipt(files=[file()]), receipt(files=[file(digest="", state="unreadable")])) == ()


def test_a_cell_is_known_by_its_id_and_else_by_its_name():
    first, second = receipt(cell_id="a"), receipt(cell_id="b")
    assert previous_of(receipt(cell_id="b"), [first, second]) is second
    assert previous_of(receipt(cell_id="c"), [first]) is first
    assert previous_of(receipt(cell_id="c"), [first, second]) is None
    nameless = receipt("", kind="metrics", cell_id="a")
    assert previous_of(receipt("", kind="metrics", cell_id="b"), [nameless]) is None


def test_a_newer_receipt_takes_the_place_of_the_older_one():
    capture = merged(merged(LiveCapture(), receipt()), receipt(created=2, source="new"))
    assert [cell.source for cell in capture.cells] == ["new"]


def test_a_cell_that_was_given_another_name_has_one_receipt():
    capture = merged(merged(LiveCapture(), receipt(cell_id="a")), receipt("prepare", cell_id="a"))
    assert [cell.name for cell in capture.cells] == ["prepare"]


def test_sessions_are_those_that_the_receipts_come_from():
    capture = merged(merged(LiveCapture(), receipt(session="1")), receipt("train", 2, session="2"))
    assert capture.sessions == ("1", "2")
    assert merged(capture, receipt(created=3, session="2")).sessions == ("2",)


def test_captures_of_one_run_in_order_are_not_partial():
    cells = [receipt(cell_id="a", defined=["x"]), receipt("train", 2, cell_id="b", uses=["x"])]
    assert partial_reasons(cells, {"a": 0, "b": 1}, "2026-01-02") == ()


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            [receipt(session="1"), receipt("train", 2, session="2")],
            "Captured in 2 kernel sessions; in an earlier one: step load.",
        ),
        ([receipt(outcome="failed")], "step load failed when it last ran."),
        ([receipt(outcome="partial", notes=["Not digested yet: a.csv."])], "step load: Not digested yet: a.csv."),
        (
            [receipt(borrowed={"df": "the unregistered cell [3]"})],
            "step load uses df, which no registered cell defined: the unregistered cell [3].",
        ),
        (
            [receipt("train", 1, uses=["x"]), receipt("load", 2, defined=["x"])],
            "step train used x before step load last ran.",
        ),
        (
            [receipt("low", 1, cell_id="b"), receipt("high", 2, cell_id="a")],
            "step low ran before step high, which is above it in the notebook.",
        ),
        ([receipt(cell_id="a"), receipt("old", 2, cell_id="z")], "step old is not in the notebook any more."),
    ],
)
def test_each_reason_why_a_capture_is_partial_is_told(cells, told):
    assert partial_reasons(cells, {"a": 0, "b": 1}, "2026-01-02") == (told,)


def test_a_cell_that_was_captured_after_the_notebook_was_saved_is_not_taken_for_deleted():
    cells = [receipt(cell_id="a"), receipt("new", 30, cell_id="z")]
    assert partial_reasons(cells, {"a": 0}, "2026-01-01T00:00:20") == ()
