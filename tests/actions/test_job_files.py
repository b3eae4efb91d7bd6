"""The files of jobs: numbered, bounded, private, and never trusted to be whole."""

from __future__ import annotations

import stat
import uuid

import msgspec
import pytest
from tests.actions.job_places import place_in, write_notebook

from pressrun.actions.job_progress import Followed, JobProgress
from pressrun.actions.job_view import job_of, jobs_of
from pressrun.errors import CannotRestoreError
from pressrun.notebook.replay.events import CellFinished, CellProgress, CellStarted, Notice, ReplayStarted
from pressrun.records.jobs import JobResult, StoredOrder
from pressrun.store.jobs import KEPT, PROCESS, PROGRESS, RESULT, find_job, job_folders, make_job, this_process


@pytest.fixture
def place(tmp_path):
    write_notebook(tmp_path / "project/work.ipynb", "x = 1")
    return place_in(tmp_path)


def made(place, notebook="work.ipynb", **fields):
    def build(number):
        return StoredOrder(
            id=uuid.uuid4().hex,
            number=number,
            kind="replay",
            notebook=notebook,
            source="sha256:" + "0" * 64,
            created="2026-11-29T00:00:00+00:00",
            **fields,
        )

    return make_job(place.project, notebook, build)


def finished(folder):
    folder.write(RESULT, msgspec.json.encode(JobResult(state="completed", ended="2026-11-29T00:00:00+00:00")))
    return folder


def test_the_newest_are_kept_and_a_running_one_always(place):
    running = made(place)
    running.write(PROCESS, msgspec.json.encode(this_process()))
    others = [finished(made(place)) for _ in range(KEPT + 5)]
    finished(made(place, notebook="other.ipynb"))
    kept = {folder.id for folder in job_folders(place.project)}
    assert running.id in kept
    assert {folder.id for folder in others[-KEPT + 1 :]} <= kept
    assert len(kept) == KEPT + 1
    (running.path / PROCESS).write_text("{")
    finished(made(place))
    assert running.id not in {folder.id for folder in job_folders(place.project)}


def test_jobs_are_numbered_by_notebook(place):
    for _ in range(3):
        finished(made(place))
    finished(made(place, notebook="other.ipynb"))
    numbers = [job.number for job in jobs_of(place)]
    assert numbers == [3, 2, 1]


def test_folders_are_for_their_owner_alone_and_no_version_control_takes_them(place):
    folder = made(place)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder.path, folder.path.parent)}
    assert modes == {0o700}
    assert stat.S_IMODE((folder.path / "order.json").stat().st_mode) == 0o600
    assert (folder.path.parent / ".gitignore").read_text() == "*\n"


def test_an_id_never_leads_out_of_the_jobs(place):
    folder = made(place)
    for name in ("..", "../..", folder.id.upper(), folder.id + "/", folder.id[:-1], ""):
        assert find_job(place.project, name) is None
    link = folder.path.with_name("0" * 32)
    link.symlink_to(place.project)
    assert find_job(place.project, link.name) is None
    assert [one.id for one in job_folders(place.project)] == [folder.id]


def test_a_damaged_order_hides_one_job_and_not_the_others(place):
    good, bad = made(place), made(place)
    (bad.path / "order.json").write_text('{"id": 3')
    assert [job.id for job in jobs_of(place)] == [good.id]
    with pytest.raises(CannotRestoreError, match="damaged"):
        job_of(bad, place)
    (good.path / RESULT).write_text('{"state": "excellent"}')
    (job,) = jobs_of(place)
    assert job.state == "lost"
    assert "cannot be read" in job.message


def test_progress_adds_up_and_half_a_line_waits(place):
    folder = made(place)
    progress = JobProgress(folder)
    progress.stage("Replaying")
    progress.event(ReplayStarted((0, -1, 1), "python3"))
    progress.event(CellStarted(0, "x = 1"))
    for second in range(100):
        progress.event(CellProgress(0, float(second), 1000, 0))
    progress.event(CellFinished(0, "completed", 1.5, 2000, 0))
    progress.event(CellStarted(-1, "n = 2"))
    progress.event(Notice("The kernel is slow."))
    progress.close()
    followed = Followed(folder)
    changed = [None if cell is None else (cell.cell, cell.status) for cell in followed.more()]
    assert changed == [None, None, (0, "running"), (0, "running"), (0, "completed"), (-1, "running"), None]
    assert (followed.stage, followed.done, followed.expected) == ("Replaying", 1, 3)
    assert followed.notes == ["The kernel is slow."]
    assert [cell.status for cell in followed.settled()] == ["completed", "interrupted", "never-ran"]
    with (folder.path / PROGRESS).open("ab") as file:
        file.write(b'{"type":"stage","at":1.0,"te')
        file.flush()
        assert followed.more() == []
        file.write(b'xt":"Comparing"}\nno json\n{"type":"of a later version","at":1.0}\n')
        file.flush()
    assert followed.more() == [None]
    assert followed.stage == "Comparing"
