"""Jobs are processes of their own: they go on whatever becomes of who began them, and say how they ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import nbclient
import nbformat
import psutil
import pytest
from tests.actions.job_places import ended, place_in, printed, wait_until, write_notebook

from pressrun.actions import jobs
from pressrun.actions.job_view import command_of, comparison_of, job_of, jobs_of
from pressrun.actions.jobs import begin_job, stop_job
from pressrun.actions.registry import open_registry
from pressrun.actions.versions import SearchRequest, search_registry
from pressrun.errors import ContentMovedError, ParameterError, UnknownError, UsageError
from pressrun.records.panel.orders import JobOrder
from pressrun.store.jobs import PROCESS, this_process

PARAMETERS = "# %register parameters\nn: int = 2"
ENDLESS = "import time\nwhile True:\n    time.sleep(0.05)"


def order(**fields):
    return JobOrder(kind="replay", notebook="project/work.ipynb", **fields)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PRESSRUN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "root"


def test_a_replay_compares_with_what_was_saved_and_leaves_the_notebook_alone(root):
    notebook = write_notebook(
        root / "project/work.ipynb", PARAMETERS, ("print('rows', n)", printed("rows 2\n")), ("n + 1", printed("9\n"))
    )
    before = notebook.read_bytes()
    place = place_in(root)
    folder = begin_job(place, order(), "ana")
    job = ended(folder, place)
    assert (job.state, job.different, job.comparable, job.by) == ("differs", 2, True, "ana")
    assert [(cell.cell, cell.status) for cell in job.cells] == [(0, "completed"), (1, "completed"), (2, "completed")]
    assert (job.done, job.expected, job.executed) == (3, 3, "project/work-replayed.ipynb")
    assert notebook.read_bytes() == before
    compared = comparison_of(folder)
    assert [(pair.cell, pair.cell_id, pair.sameness) for pair in compared.pairs] == [
        (2, "cell-2", "missing"),
        (2, "cell-2", "extra"),
        (1, "cell-1", "identical"),
    ]
    with open_registry(place.project, reading=True) as registry:
        found = search_registry(registry, SearchRequest(kind="run")).found
    assert [(run.values["what"], run.values["outcome"]) for run in found] == [("replay", "completed")]


def test_a_failure_names_the_cell_the_line_and_the_error(root):
    write_notebook(root / "project/work.ipynb", "x = 1", "z = 1\nraise KeyError('age')", "y = 2")
    place = place_in(root)
    job = ended(begin_job(place, order()), place)
    assert job.state == "failed"
    assert job.failure is not None
    assert (job.failure.cell, job.failure.cell_id, job.failure.line) == (1, "cell-1", 2)
    assert (job.failure.verdict, job.failure.exception) == ("cell-error", "KeyError")
    assert "\x1b" not in job.failure.traceback
    assert [cell.status for cell in job.cells] == ["completed", "failed", "never-ran"]


def test_stopping_ends_the_cell_and_is_said(root):
    write_notebook(root / "project/work.ipynb", "x = 1", ENDLESS)
    place = place_in(root)
    folder = begin_job(place, order())
    wait_until(lambda: any(c.status == "running" for c in job_of(folder, place).cells[1:]), "the second cell")
    runner = psutil.Process(folder.pid())
    family = [runner, *runner.children(recursive=True)]
    assert len(family) > 2
    stop_job(folder)
    job = ended(folder, place)
    assert (job.state, job.message) == ("stopped", "It was stopped.")
    assert [cell.status for cell in job.cells] == ["completed", "interrupted"]
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


BEGIN = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.actions.job_places import place_in
from pressrun.actions.jobs import begin_job
from pressrun.records.panel.orders import JobOrder
folder = begin_job(place_in(Path({root!r})), JobOrder(kind="replay", notebook="project/work.ipynb"))
print(folder.path, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_a_job_outlives_the_process_group_that_began_it(root, number):
    gate = root / "project" / "gate"
    wait = f"import time, pathlib\nwhile not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.02)"
    write_notebook(root / "project/work.ipynb", wait, "print('after')")
    place = place_in(root)
    text = BEGIN.format(tests=str(Path(__file__).parents[2]), root=str(root))
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, start_new_session=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline().strip()
        os.killpg(starter.pid, number)
    (job,) = jobs_of(place)
    assert job.state in {"waiting", "running"}
    gate.touch()
    wait_until(lambda: jobs_of(place)[0].state not in {"waiting", "running"}, "the end of the job")
    assert jobs_of(place)[0].state == "completed"


def test_a_job_whose_process_was_killed_is_lost_and_its_kernel_is_gone(root):
    write_notebook(root / "project/work.ipynb", ENDLESS)
    place = place_in(root)
    folder = begin_job(place, order())
    wait_until(lambda: any(c.status == "running" for c in job_of(folder, place).cells), "the cell")
    family = psutil.Process(folder.pid()).children(recursive=True)
    os.kill(folder.pid(), signal.SIGKILL)
    job = ended(folder, place)
    assert job.state == "lost"
    assert "killed" in job.message
    assert [cell.status for cell in job.cells] == ["interrupted"]
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


def test_a_recycled_process_id_is_not_taken_for_the_job(root):
    write_notebook(root / "project/work.ipynb", ENDLESS)
    place = place_in(root)
    folder = begin_job(place, order())
    wait_until(lambda: folder.pid() > 0 and (folder.path / "alive.lock").exists(), "the process")
    os.kill(folder.pid(), signal.SIGKILL)
    wait_until(lambda: folder.pid() == 0, "the end of the process")
    mine = this_process()
    folder.write(PROCESS, msgspec.json.encode(msgspec.structs.replace(mine, started=mine.started - 3600)))
    assert job_of(folder, place).state == "lost"
    folder.write(PROCESS, msgspec.json.encode(mine))
    assert job_of(folder, place).state in {"waiting", "running"}


def test_a_notebook_that_was_saved_meanwhile_is_not_run(root):
    notebook = write_notebook(root / "project/work.ipynb", "x = 1")
    place = place_in(root)
    with pytest.raises(ContentMovedError, match="saved again"):
        begin_job(place, order(source="sha256:" + "0" * 64))
    folder = begin_job(place, order())
    write_notebook(notebook, "x = 2")
    job = ended(folder, place)
    assert job.state == "refused"
    assert "saved again before the job began" in job.message


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"parameters": {"m": 1}}, ParameterError),
        ({"parameters": {"n": "two"}}, ParameterError),
        ({"kernel": "../../bin/sh"}, UsageError),
        ({"name": "../other"}, UsageError),
        ({"bundle": "../other"}, UsageError),
        ({"rebuild": True}, UsageError),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_begins(root, fields, error):
    write_notebook(root / "project/work.ipynb", PARAMETERS)
    place = place_in(root)
    with pytest.raises(error):
        begin_job(place, order(**fields))
    assert jobs_of(place) == ()
    assert not (place.project / ".pressrun").exists()


@pytest.mark.parametrize("bundle", ["../outside", "/etc", "oci:/etc", "sha256:" + "0" * 64, "nothing"])
def test_only_a_bundle_of_the_store_is_verified(root, bundle):
    write_notebook(root / "project/work.ipynb", PARAMETERS)
    with pytest.raises(UnknownError):
        begin_job(place_in(root), JobOrder(kind="verify", notebook="project/work.ipynb", bundle=bundle))


def test_given_parameters_are_shown_and_the_command_line_does_the_same(root, monkeypatch):
    monkeypatch.setenv("WORK_TOKEN", "a-token-that-is-nobodys")
    write_notebook(root / "project/work.ipynb", f"{PARAMETERS}\ntoken: str = 'secret://WORK_TOKEN'", "print(n)")
    place = place_in(root)
    folder = begin_job(place, order(parameters={"n": 5, "token": "secret://WORK_TOKEN"}))
    job = ended(folder, place)
    assert (job.state, job.message[:11]) == ("completed", "3 cells ran")
    assert job.parameters == {"n": "5", "token": "secret://WORK_TOKEN"}
    assert command_of(folder) == "pressrun replay work.ipynb -p n=5 -p token=secret://WORK_TOKEN"
    assert not [path for path in folder.path.iterdir() if b"a-token-that-is-nobodys" in path.read_bytes()]


def test_stopping_twice_kills_a_kernel_that_does_not_listen(root):
    deaf = (
        "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except KeyboardInterrupt:\n        print('no')"
    )
    write_notebook(root / "project/work.ipynb", deaf)
    place = place_in(root)
    folder = begin_job(place, order())
    wait_until(lambda: any(c.status == "running" for c in job_of(folder, place).cells), "the cell")
    family = psutil.Process(folder.pid()).children(recursive=True)
    stop_job(folder)
    wait_until(lambda: "The cell is being interrupted." in job_of(folder, place).notes, "the interruption")
    assert (job_of(folder, place).state, job_of(folder, place).stage) == ("running", "Stopping")
    stop_job(folder)
    assert ended(folder, place).state == "stopped"
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


def test_a_process_that_does_not_listen_at_all_is_killed_with_its_group(root, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE_S", 0.2)
    monkeypatch.setattr(jobs, "RUNNER", root / "deaf.py")
    write_notebook(root / "project/work.ipynb", "x = 1")
    (root / "deaf.py").write_text(
        "import pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path('deaf').touch()\ntime.sleep(600)\n"
    )
    place = place_in(root)
    folder = begin_job(place, order())
    wait_until((folder.path / "deaf").exists, "the process")
    assert job_of(folder, place).state == "waiting"
    stop_job(folder)
    job = ended(folder, place)
    assert (job.state, job.message) == ("stopped", "It was stopped, and had to be killed.")


def test_a_process_that_never_came_to_begin_says_why_in_its_log(root, monkeypatch):
    monkeypatch.setattr(jobs, "RUNNER", root / "broken.py")
    write_notebook(root / "project/work.ipynb", "x = 1")
    (root / "broken.py").write_text("raise ImportError('msgspec is gone')")
    place = place_in(root)
    folder = begin_job(place, order())
    job = ended(folder, place)
    assert job.state == "lost"
    assert str(folder.path / "log.txt") in job.remedy
    assert "msgspec is gone" in (folder.path / "log.txt").read_text()


def test_working_live_and_then_replaying_gives_the_same(root, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(root / "ipython"))
    (root / "project").mkdir(parents=True)
    (root / "project/data.csv").write_text("a\n1\n")
    notebook = write_notebook(
        root / "project/work.ipynb",
        "%load_ext pressrun",
        "%load_ext pressrun",
        "%%register data rows\nrows = open('data.csv').read().split()\nprint(len(rows))",
        "# %register step last\nrows[-1]",
    )
    place = place_in(root)
    document = nbformat.read(notebook, 4)
    live = {"metadata": {"path": str(notebook.parent)}}
    nbclient.NotebookClient(document, timeout=60, resources=live).execute()
    nbformat.write(document, notebook)
    shown = [output for cell in document.cells for output in cell.outputs]
    assert sum("application/vnd.pressrun.receipt+json" in output.get("data", {}) for output in shown) == 2
    assert any("already loaded" in output.get("text", "") for output in shown)
    job = ended(begin_job(place, order()), place)
    assert (job.state, job.different, job.grade) == ("completed", 0, "R4"), job.message


def test_two_jobs_of_one_notebook_run_side_by_side_and_neither_takes_the_others_result(root):
    write_notebook(root / "project/work.ipynb", PARAMETERS, "print(n)")
    place = place_in(root)
    folders = [begin_job(place, order(parameters={"n": n})) for n in (3, 4)]
    done = [ended(folder, place) for folder in folders]
    assert [(job.number, job.state) for job in done] == [(1, "completed"), (2, "completed")]
    for folder, printed_text in zip(folders, ("3\n", "4\n"), strict=True):
        executed = nbformat.read(folder.path / "executed.ipynb", 4)
        assert "".join(executed.cells[-1].outputs[0].text) == printed_text
    shown = [job.executed for job in jobs_of(place)]
    assert sorted(shown) == ["", "project/work-replayed.ipynb"]
