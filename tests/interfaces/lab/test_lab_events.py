"""Changes of jobs are told as they happen, also by a server that did not begin them."""

from __future__ import annotations

import asyncio
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import websocket
from tests.actions.job_places import PATIENCE_S, place_in, write_notebook
from tests.servers.lab_client import Client
from tests.servers.lab_server import TOKEN, LabServer

from pressrun.actions.job_progress import JobProgress
from pressrun.interfaces.lab.watching import MANY, SCHEMA_ID, Watcher
from pressrun.notebook.replay.events import CellFinished, CellStarted, ReplayStarted
from pressrun.records.jobs import JobResult, StoredOrder
from pressrun.records.panel.jobs import Job, JobChanged
from pressrun.store.jobs import PROCESS, RESULT, make_job, this_process

ENDS = {"completed", "differs", "failed", "refused", "stopped", "lost"}


class Listener:
    """Hears what a server tells of jobs."""

    def __init__(self, server: LabServer) -> None:
        url = server.url.replace("http:", "ws:") + "api/events/subscribe"
        self.socket = websocket.create_connection(
            url, header=[f"Authorization: token {TOKEN}"], timeout=PATIENCE_S, suppress_origin=True
        )

    def until_the_end(self) -> list[JobChanged]:
        """Return what is told until a job has ended."""
        told = []
        while not told or told[-1].job.state not in ENDS:
            message = json.loads(self.socket.recv())
            if message["schema_id"] == SCHEMA_ID:
                told.append(msgspec.convert(message["change"], JobChanged))
        self.socket.close()
        return told


def gated(server: LabServer) -> tuple[str, object]:
    gate = server.folder / f"gate-{uuid.uuid4().hex}"
    wait = f"import time, pathlib\nwhile not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.02)"
    write_notebook(server.root / "work/churn.ipynb", "x = 1", wait, "print('after')")
    return "work/churn.ipynb", gate


def test_each_cell_is_told_and_the_end(server, client):
    path, gate = gated(server)
    gate.touch()
    listener = Listener(server)
    client.post("jobs", {"kind": "replay", "notebook": path})
    told = listener.until_the_end()
    cells = [(change.cell.cell, change.cell.status) for change in told if change.cell is not None]
    assert [cell for cell in cells if cell[1] == "completed"] == [(0, "completed"), (1, "completed"), (2, "completed")]
    assert {change.job.state for change in told} <= {"waiting", "running", "completed"}
    assert told[-1].job.state == "completed"
    assert all(change.job.cells == () for change in told)


def test_a_killed_server_loses_no_job_and_the_next_one_tells_its_end(tmp_path):
    server = LabServer(tmp_path)
    server.act_as("ana")
    path, gate = gated(server)
    try:
        first = Client(server.start())
        job = msgspec.json.decode(first.post("jobs", {"kind": "replay", "notebook": path}).content, type=Job)
        server.stop()
        second = Client(server.start())
        assert second.get(f"jobs/{job.id}").status_code == 404
        (found,) = msgspec.json.decode(second.get("jobs", path=path).content, type=tuple[Job, ...])
        assert (found.id, found.state in {"waiting", "running"}) == (job.id, True)
        listener = Listener(server)
        gate.touch()
        told = listener.until_the_end()
        assert (told[-1].job.id, told[-1].job.state) == (job.id, "completed")
        ended = msgspec.json.decode(second.get(f"jobs/{job.id}").content, type=Job)
        assert (ended.state, [cell.status for cell in ended.cells]) == ("completed", ["completed"] * 3)
    finally:
        server.stop()


@pytest.fixture
def place(tmp_path):
    write_notebook(tmp_path / "project/work.ipynb", "x = 1")
    return place_in(tmp_path)


def running(place):
    def build(number):
        source = "sha256:" + "0" * 64
        return StoredOrder(
            id=uuid.uuid4().hex, number=number, kind="replay", notebook="work.ipynb", source=source, created="2026"
        )

    folder = make_job(place.project, "work.ipynb", build)
    folder.write(PROCESS, msgspec.json.encode(this_process()))
    return folder


def test_it_sleeps_without_a_job_and_tells_many_cells_at_once(place):
    told: list[JobChanged] = []

    async def follow():
        with ThreadPoolExecutor(1) as executor:
            watcher = Watcher(told.append, executor, asyncio.get_running_loop())
            assert watcher.is_idle
            folder = running(place)
            progress = JobProgress(folder)
            progress.event(ReplayStarted(tuple(range(MANY + 1)), "python3"))
            for cell in range(MANY + 1):
                progress.event(CellStarted(cell, ""))
                progress.event(CellFinished(cell, "completed", 0.1, 0, 0))
            progress.close()
            watcher.follow(folder, place)
            while not told:
                await asyncio.sleep(0)
            folder.write(RESULT, msgspec.json.encode(JobResult(state="completed", ended="2026-11-29T00:00:00+00:00")))
            while not watcher.is_idle:
                await asyncio.sleep(0.01)
            again = running(place)
            watcher.follow(again, place)
            await asyncio.sleep(0)
            assert not watcher.is_idle
            watcher.close()
            assert watcher.is_idle

    asyncio.run(asyncio.wait_for(follow(), PATIENCE_S))
    assert [(change.job.state, change.cell, len(change.job.cells)) for change in told[:2]] == [
        ("running", None, MANY + 1),
        ("completed", None, 0),
    ]
