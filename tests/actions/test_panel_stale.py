"""What is not as it was captured is told by cell, and a look reads no file that cannot have changed."""

from __future__ import annotations

import datetime
import os

import pytest
from tests.actions.job_places import write_notebook

from pressrun.actions import panel_stale
from pressrun.actions.panel_stale import stale_parts
from pressrun.notebook.read import read_notebook
from pressrun.notebook.statcache import StatCache
from pressrun.records.digest import digest_bytes, digest_text
from pressrun.records.live import CellReceipt, LiveCapture, LiveFile

LOAD, TRAIN = "# %register step load\nx = 1", "# %register step train\ny = x"
DATA = b"a,b\n1,2\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("PRESSRUN_CACHE", str(tmp_path / "cache"))
    write_notebook(tmp_path / "work.ipynb", LOAD, "# no declaration", TRAIN, "# %register skip\nprint()")
    (tmp_path / "data.csv").write_bytes(DATA)
    return tmp_path


def receipt(name, source, cell_id, files=(), minutes=-1.0):
    created = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return CellReceipt(
        kind="step", name=name, cell_id=cell_id, source=digest_text(source), files=files, created=created.isoformat()
    )


def told(project, *receipts):
    unreadable = []
    cells = read_notebook(project / "work.ipynb").cells
    found = stale_parts(cells, LiveCapture(cells=receipts), project, unreadable)
    return [(one.cell, one.what, one.about) for one in found], unreadable


def csv(content=DATA, mode="read"):
    return LiveFile(path="data.csv", mode=mode, size=len(content), digest=digest_bytes(content))


def test_nothing_is_stale_right_after_a_run(project):
    captured = [receipt("load", LOAD, "cell-0", (csv(),)), receipt("train", TRAIN, "cell-2")]
    assert told(project, *captured) == ([], [])


def test_changed_code_a_changed_file_a_file_that_is_gone_and_a_cell_never_captured(project):
    same_size = csv(DATA.replace(b"2", b"3"))
    assert told(project, receipt("load", "other", "cell-0", (same_size,))) == (
        [(0, "cell", ""), (0, "data", "data.csv"), (2, "missing", "")],
        [],
    )
    (project / "data.csv").unlink()
    assert told(project, receipt("load", LOAD, "cell-0", (csv(),)))[0] == [(0, "data", "data.csv"), (2, "missing", "")]
    assert told(project, receipt("load", LOAD, "cell-0", (csv(mode="write"),)))[0] == [(2, "missing", "")]


def test_a_cell_is_found_by_its_declaration_where_its_id_is_another_and_told_when_it_is_gone(project):
    captured = [
        receipt("load", LOAD, "of another front end"),
        receipt("gone", LOAD, "cell-9"),
        receipt("train", TRAIN, ""),
    ]
    assert told(project, *captured) == ([(None, "cell", "")], [])


def test_without_a_capture_every_registered_cell_is_missing(project):
    cells = read_notebook(project / "work.ipynb").cells
    assert [(one.cell, one.what) for one in stale_parts(cells, None, project, [])] == [(0, "missing"), (2, "missing")]


def test_a_file_that_is_older_than_its_capture_is_not_read(project, monkeypatch):
    def never(*_):
        raise AssertionError("the file was read")

    monkeypatch.setattr(StatCache, "digest", never)
    other = csv(DATA.replace(b"2", b"3"))
    assert told(project, receipt("load", LOAD, "cell-0", (other,), minutes=5.0))[0] == [(2, "missing", "")]
    with pytest.raises(AssertionError, match="was read"):
        told(project, receipt("load", LOAD, "cell-0", (other,)))


def test_a_large_file_is_not_read_only_for_a_look_and_that_is_said(project, monkeypatch):
    monkeypatch.setattr(panel_stale, "MAX_READ_BYTES", 4)
    found, unreadable = told(project, receipt("load", LOAD, "cell-0", (csv(DATA.replace(b"2", b"3")),)))
    assert found == [(2, "missing", "")]
    assert unreadable == ["data.csv was written since, and is too large to be read only for a look."]


def test_what_is_no_file_any_more_is_said_and_nothing_hangs(project):
    (project / "data.csv").unlink()
    os.mkfifo(project / "data.csv")
    empty = LiveFile(path="data.csv", mode="read", size=0, digest=digest_bytes(b""))
    found, unreadable = told(project, receipt("load", LOAD, "cell-0", (empty,)))
    assert found == [(2, "missing", "")]
    assert "not a regular file" in unreadable[0]
