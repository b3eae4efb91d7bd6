"""``pressrun.panel()``: in a kernel, in plain Python, and whatever the texts are that it shows."""

import json
import re
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from tests.interfaces.magics.test_receipt_view import PAYLOADS, Structure, hostile

from pressrun.interfaces.panel_view import Panel, panel
from pressrun.interfaces.panel_view.gather import Known
from pressrun.interfaces.panel_view.render import html_of, text_of
from pressrun.interfaces.panel_view.sections import overview_of
from pressrun.records.cells import Problem
from pressrun.records.live import CellReceipt, LiveCapture, LiveFile
from pressrun.records.panel.jobs import Job, JobFailure
from pressrun.records.panel.notebooks import NotebookState, PanelCell, PanelEnvironment, Stale
from pressrun.records.panel.versions import (
    PanelHealth,
    PanelMetric,
    PanelPlace,
    PanelRequest,
    PanelVersion,
    PanelVersions,
)
from pressrun.records.waiting import Waiting

TIME = "2026-11-29T07:10:00+00:00"
TAGS = {"div", "style", "details", "summary", "i", "b", "table", "tr", "th", "td"}
ATTRIBUTES = {"class", "role", "aria-label", "aria-hidden", "scope", "open"}


def known(word="churn", **changes):
    """Return everything that can be known, with `word` in every place that comes from outside."""
    receipt = CellReceipt(
        kind="step", name=word, cell_id="a", source="sha256:1", defined=(word,), notes=(word,), outcome="partial",
        files=(LiveFile(path=word, mode="read", size=5, digest="sha256:" + "ab" * 32),), parameters={word: word},
    )  # fmt: skip
    failed = JobFailure(verdict="failed", message=word, cell=2, exception=word, traceback=word)
    version = PanelVersion(
        reference=f"{word}@1", number=1, state="in-review", grade="R2", owner=word, tier="", registered=TIME,
        author=word, bundle=word, metrics={word: PanelMetric(value=0.91)},
        live=(PanelPlace(environment=word, since=TIME, by=word),),
        request=PanelRequest(id=word, reference=word, environment=word, by=word, since=TIME, expires=TIME, needed=2),
    )  # fmt: skip
    state = NotebookState(
        path=word,
        project="",
        source="sha256:1",
        name=word,
        cells=(PanelCell(index=0, id="a", kind="step", name=word), PanelCell(index=1, id="b", kind="model", name=word)),
        stale=(
            Stale(cell=0, what="data", about=word, text=f"{word} changed"),
            Stale(cell=1, what="missing", text="x"),
        ),
        environment=PanelEnvironment(python="3.11", packages=3, lock=word),
        jobs=(
            Job(id="1", number=2, kind="replay", notebook=word, state="failed", created=TIME, message=word,
                remedy=word, failure=failed),
            Job(id="2", number=1, kind="package", notebook=word, state="running", created=TIME, stage=word, done=1,
                expected=4),
        ),
        versions=PanelVersions(name=word, versions=(version,), problems=(word,)),
    )  # fmt: skip
    health = PanelHealth(
        live=(version,), waiting=(Waiting(what="request", id=word, about=word, since=TIME, by=word),),
        problems=(word,),
    )  # fmt: skip
    everything = Known(
        notebook=word, kernel=True, loaded=True, captured=LiveCapture(cells=(receipt,), partial=(word,)), state=state,
        health=health, unreadable=(word,),
    )  # fmt: skip
    return msgspec.structs.replace(everything, **changes)


def test_all_sections_tell_what_is_known():
    assert (
        text_of(overview_of(known()))
        == """\
pressrun: churn
! Changed since capture: churn
  Run the cells again that are out of date.
Steps (0 of 2 captured)
  ! out of date  step churn   cell 0 · 0 ms · churn changed · churn · defines churn
  ○ not run      model churn  cell 1
Captured (1 file)
                 Environment    Python 3.11 · 3 packages · lock churn
  ! changed      churn          abababababab · 5 B · read
                 churn = churn  parameter
  ! not one run  churn
Replay
  ✗ failed at cell 2  Replay 2     2026-11-29 07:10 UTC · churn · churn
  ↻ running           Packaging 1  2026-11-29 07:10 UTC · churn · 1 of 4 cells
Versions (churn)
  ↻ waits for approval  churn@1  2026-11-29 07:10 UTC · live in churn since 2026-11-29 07:10 UTC \
· asked for churn by churn: 0 of 2 approvals \
· churn 0.91 · grade R2 · owner churn
  ✗ problem             churn
Health
  ✗ problem        churn
  ↻ request waits  churn    2026-11-29 07:10 UTC · by churn
  ✓ live in churn  churn@1  2026-11-29 07:10 UTC
! churn"""
    )


@pytest.mark.parametrize(
    ("changes", "state", "todo"),
    [
        ({"problem": "capturing has stopped"}, "✗ capturing has stopped", "Restart the kernel."),
        ({"loaded": False}, "! Capture is off in this kernel", "Run %load_ext pressrun"),
        ({"captured": None}, "! Nothing captured yet", "Run the registered cells."),
        ({"captured": None, "state": None}, "○ No cell is registered yet", "Begin a cell with %%register"),
    ],
)
def test_the_line_on_top_is_what_matters_most(changes, state, todo):
    lines = text_of(overview_of(known(**changes))).splitlines()
    assert lines[1] == state
    assert lines[2].strip().startswith(todo)


def test_an_error_of_the_notebook_comes_before_everything():
    state = known().state
    broken = msgspec.structs.replace(state, problems=(Problem(level="error", message="cell 3 is wrong"),))
    assert text_of(overview_of(known(state=broken))).splitlines()[1] == "✗ cell 3 is wrong"
    other = msgspec.structs.replace(state, language="R")
    assert "written in R" in text_of(overview_of(known(state=other))).splitlines()[1]


def test_a_cell_that_failed_comes_before_what_is_out_of_date():
    (receipt,) = known().captured.cells
    failed = LiveCapture(cells=(msgspec.structs.replace(receipt, outcome="failed"),))
    lines = text_of(overview_of(known(captured=failed))).splitlines()
    assert lines[1:3] == ["✗ step churn failed when it last ran", "  Mend the cell and run it again."]


@pytest.mark.parametrize(("stale", "line"), [
    ((Stale(cell=1, what="missing", text="x"),), "! 1 of 2 cells captured"),
    ((), "! The capture is not that of one whole run"),
])  # fmt: skip
def test_a_capture_that_is_not_whole_says_so(stale, line):
    state = msgspec.structs.replace(known().state, stale=stale)
    assert text_of(overview_of(known(state=state))).splitlines()[1] == line


def test_a_whole_capture_says_what_comes_next():
    state = msgspec.structs.replace(known().state, stale=())
    captured = msgspec.structs.replace(known().captured, partial=())
    lines = text_of(overview_of(known(state=state, captured=captured))).splitlines()
    assert lines[1:3] == ["✓ Everything registered is captured", "  Replay it: pressrun replay churn"]


def check(word):
    overview = overview_of(known(word))
    seen = Structure(html_of(overview))
    assert {tag[0] for tag in seen.tags} <= TAGS
    assert {name for tag in seen.tags for name in tag[1:]} <= ATTRIBUTES
    assert seen.open == []
    assert text_of(overview).replace("\n", "").isprintable()


@pytest.mark.parametrize("word", PAYLOADS)
def test_no_text_from_outside_becomes_markup_or_control(word):
    check(word)


@settings(deadline=None)
@given(hostile)
def test_no_text_at_all_becomes_markup_or_control(word):
    check(word)


def test_the_html_has_no_script_no_id_no_address_and_every_state_a_word():
    html = html_of(overview_of(known()))
    assert not re.search(r"<script|\bon\w+=|\bid=|href=|src=|https?:|url\(", html)
    signs = re.findall(r'<i aria-hidden="true">.</i> (\w*)', html)
    assert len(signs) > 5
    assert all(signs)


def test_long_lists_are_cut_with_their_number():
    cells = tuple(PanelCell(index=n, id=str(n), kind="step", name=f"s{n}") for n in range(500))
    state = msgspec.structs.replace(known().state, cells=cells, stale=())
    told = text_of(overview_of(known(state=state, captured=None)))
    assert "and 460 more" in told
    assert "s41" not in told


@pytest.fixture
def notebook(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    cells = [
        {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
         "source": "%%register data load\nwith open('data.csv') as file:\n    text = file.read()"},
        {"cell_type": "code", "id": "b", "metadata": {}, "outputs": [], "execution_count": None,
         "source": "%%register step use\nn = len(text)"},
    ]  # fmt: skip
    (tmp_path / "data.csv").write_text("a\n1\n")
    path = tmp_path / "churn.ipynb"
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))
    return path


def test_a_notebook_is_told_of_in_plain_python(notebook, monkeypatch):
    monkeypatch.chdir(notebook.parent)
    said = panel("churn.ipynb")
    assert isinstance(said, Panel)
    assert "○ not run  data load  cell 0" in repr(said)
    assert said._repr_mimebundle_()["text/html"].startswith('<div class="pressrun-panel"')


@pytest.mark.parametrize(("name", "words"), [("other.ipynb", "no such notebook"), ("data.csv", "data.csv")])
def test_what_is_no_notebook_is_refused_with_a_word_where(notebook, name, words):
    done = subprocess.run(
        [sys.executable, "-c", f"import pressrun; pressrun.panel({name!r})"],
        cwd=notebook.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("pressrun.errors.")
    assert words in last


def test_without_a_kernel_somebody_has_to_say_which_notebook(notebook):
    done = subprocess.run(
        [sys.executable, "-c", "import pressrun; pressrun.panel()"],
        cwd=notebook.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 'Say which: pressrun.panel("NOTEBOOK.ipynb").' in done.stderr


@pytest.fixture
def kernel(notebook, new_kernel):
    return new_kernel(sys.executable, notebook.parent, JPY_SESSION_NAME=str(notebook))


def shown(told):
    (content,) = [content for kind, content in told.outputs if kind == "execute_result"]
    return content["data"]


def test_in_a_kernel_it_shows_what_is_captured_by_now(kernel, notebook):
    assert "Capture is off in this kernel" in shown(kernel.run("import pressrun\npressrun.panel()"))["text/plain"]
    kernel.tell("%load_ext pressrun")
    kernel.run("%%register data load\nwith open('data.csv') as file:\n    text = file.read()", "a")
    data = shown(kernel.run("pressrun.panel()"))
    assert set(data) == {"text/plain", "text/html"}
    assert "! 1 of 2 cells captured" in data["text/plain"]
    assert "✓ captured  data load" in data["text/plain"]
    assert "data.csv" in data["text/plain"]
    kernel.run("%%register step use\nn = len(text)", "b")
    before = notebook.read_bytes()
    assert "✓ Everything registered is captured" in shown(kernel.run("pressrun.panel()"))["text/plain"]
    assert notebook.read_bytes() == before
    (notebook.parent / "data.csv").write_text("b\n1\n2\n")
    assert "! Changed since capture: data.csv" in shown(kernel.run("pressrun.panel()"))["text/plain"]


def test_inside_a_registered_cell_it_is_no_input_of_that_cell(kernel):
    kernel.tell("%load_ext pressrun")
    kernel.tell("import pressrun; pressrun.panel")
    told = kernel.run("%%register step look\npressrun.panel()", "z")
    assert [receipt["files"] for receipt in told.receipts] == [[]]
    assert "step look" not in shown(told)["text/plain"]
    again = shown(kernel.run("pressrun.panel()"))["text/plain"]
    assert "step look  not in the saved notebook" in again


def test_where_no_front_end_names_the_notebook_what_is_captured_is_shown_all_the_same(new_kernel, tmp_path):
    kernel = new_kernel()
    kernel.tell("%load_ext pressrun\nimport pressrun")
    kernel.run("%%register step one\nx = 1", "a")
    told = shown(kernel.run("pressrun.panel()"))["text/plain"]
    assert "✓ captured  step one" in told
    assert "No front end tells which notebook this kernel runs." in told
