"""Every run is recorded with what it got and what it gave; a secret is not, and no result is lost for the record."""

import msgspec
import pytest

from pressrun.actions.tracking import NOT_RECORDED, metrics_in, replayed, track
from pressrun.records.capture import Coverage, Observation
from pressrun.records.entries import decode_entry
from pressrun.records.events import RunRecorded
from pressrun.records.outputs import CapturedValue
from pressrun.records.replay import Replay
from pressrun.testing.worlds import RegistryWorld

GITHUB = "ghp_" + "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zA7cD"
COVERAGE = Coverage(level="complete", sources=("python-audit",))


@pytest.fixture
def world(tmp_path):
    return RegistryWorld(tmp_path).build()


def a_replay(verdict="completed", **parameters):
    return Replay(
        verdict=verdict, source="sha256:" + 64 * "a", executed="out.ipynb", parameters=parameters, cells=(),
        observation=Observation(coverage=COVERAGE), python="3.11.7", started="2026-06-01T12:00:00+00:00",
        duration_s=2.0, cpu_s=1.5,
        peak_memory_bytes=1000,
    )  # fmt: skip


def recorded(world):
    with world.acting("ana") as registry:
        found = [decode_entry(stored.leaf) for stored in registry.journal.read(0)]
    return [entry for entry in found if isinstance(entry.event, RunRecorded)]


@pytest.mark.parametrize("verdict", ["completed", "cell-error", "out-of-memory", "interrupted"])
def test_a_run_is_recorded_however_it_ended(world, verdict, monkeypatch):
    for name, value in world.environment("ana").items():
        monkeypatch.setenv(name, value)
    values = [CapturedValue(name="auc", value=0.91), CapturedValue(name="rows", value=7)]
    event = replayed("train.ipynb", a_replay(verdict, alpha=0.1, label="x"), values)
    assert track(world.project, event) == ""
    (entry,) = recorded(world)
    assert entry.actor == "ana"
    assert entry.event == event
    assert (event.outcome, event.duration_s, event.cpu_s) == (verdict, 2.0, 1.5)
    assert event.parameters == {"alpha": 0.1, "label": "x"}
    assert event.metrics == {"auc": 0.91, "rows": 7.0}


def test_only_single_numbers_are_metrics():
    values = [
        CapturedValue(name="yes", value=True),
        CapturedValue(name="text", value="0.9"),
        CapturedValue(name="list", value=[0.9]),
        CapturedValue(name="model", kind="predictions", value=0.9),
        CapturedValue(name="auc", value=0.9),
    ]
    assert metrics_in(values) == {"auc": 0.9}


@pytest.mark.parametrize("value", [GITHUB, [GITHUB], {"deep": [GITHUB]}, f"https://user:{GITHUB}@github.com/acme"])
def test_a_value_that_looks_like_a_secret_is_not_recorded(value):
    event = replayed("train.ipynb", a_replay(source=value, alpha=0.1))
    assert GITHUB.encode() not in msgspec.json.encode(event)
    assert NOT_RECORDED in msgspec.json.encode(event).decode()
    assert event.parameters["alpha"] == 0.1


def test_a_run_that_cannot_be_recorded_is_told_and_not_raised(world, monkeypatch):
    for name, value in world.environment("ana").items():
        monkeypatch.setenv(name, value)
    (world.project / ".pressrun" / "journal.db").write_bytes(b"no database at all" * 1000)
    assert track(world.project, replayed("train.ipynb", a_replay())).startswith("the run was not recorded: ")
