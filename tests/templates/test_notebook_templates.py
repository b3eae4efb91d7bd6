"""The notebooks to begin with are what the tools ask of everybody else's: declared, without findings, replayable."""

from __future__ import annotations

import pytest

from pressrun.actions.doctor import DoctorRequest, doctor
from pressrun.actions.replay import ReplaySettings, replay
from pressrun.actions.templates import make_from_template, templates
from pressrun.errors import UnknownError, UsageError
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import read_notebook

NAMES = [template.id for template in templates()]
PINS = "import-unpinned"  # a folder with nothing but the notebook says no versions, and the press locks them


def test_there_is_one_for_each_kind_of_work():
    assert sorted(NAMES) == ["batch-scoring", "report", "train-and-evaluate"]
    assert all(template.title and template.description.endswith(".") for template in templates())


@pytest.mark.parametrize("name", NAMES)
def test_a_new_notebook_runs_as_it_is(name, tmp_path):
    made = make_from_template(name, tmp_path)
    notebook = read_notebook(made)
    inspection = inspect_notebook(notebook)
    assert inspection.problems == ()
    assert inspection.parameters
    assert {step.kind for step in inspection.steps} >= {"data", "metrics", "report", "check"}
    assert "pressrun" not in notebook.metadata
    assert not any(cell.outputs for cell in notebook.cells)
    found = doctor(DoctorRequest(subject=str(made), project=tmp_path))
    assert [finding for finding in found.findings if finding.kind != PINS] == []
    done = replay(made, settings=ReplaySettings(track=False, trace="off"))
    assert (done.verdict, done.failure) == ("completed", None)


def test_nothing_is_replaced(tmp_path):
    first = make_from_template("report", tmp_path)
    before = first.read_bytes()
    assert make_from_template("report", tmp_path).name == "report-2.ipynb"
    assert make_from_template("report", tmp_path, "Sales in May").name == "Sales in May.ipynb"
    with pytest.raises(UsageError, match="there already"):
        make_from_template("report", tmp_path, "Sales in May.ipynb")
    (tmp_path / "linked.ipynb").symlink_to(tmp_path / "elsewhere.ipynb")
    with pytest.raises(UsageError, match="there already"):
        make_from_template("report", tmp_path, "linked")
    assert first.read_bytes() == before
    assert not (tmp_path / "elsewhere.ipynb").exists()


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "a\x00b", "a\\b", "x" * 200, " . "])
def test_a_name_is_no_path(name, tmp_path):
    with pytest.raises(UsageError, match="no name"):
        make_from_template("report", tmp_path, name)


@pytest.mark.parametrize("template", ["none", "../report", "report.ipynb", ""])
def test_an_unknown_template_is_told_from_the_known(template, tmp_path):
    with pytest.raises(UnknownError) as caught:
        make_from_template(template, tmp_path)
    assert "batch-scoring" in caught.value.remedy
