"""When the fold is kept: by whoever closes a registry, and now and then by a process that goes on appending."""

import uuid

import pytest

from pressrun.actions import registry as registries
from pressrun.actions.registry import open_registry
from pressrun.records.events import RunRecorded
from pressrun.records.people import Actor
from pressrun.store.journal.open import open_journal
from pressrun.store.layout import STORE_FOLDER

ANA = Actor(id="ana", via="local")
DIGEST = "sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(registries, "SNAPSHOT_EVERY", 5)
    monkeypatch.setattr(registries, "WRITER_SNAPSHOT_EVERY", 20)


def ran():
    return RunRecorded(
        run=uuid.uuid4().hex, what="replay", notebook="churn.ipynb", source=DIGEST, outcome="completed",
        started="2026-08-03T14:00:00.000000+00:00", duration_s=1.0,
    )  # fmt: skip


def kept(project):
    with open_journal(project / STORE_FOLDER / "journal.db") as journal:
        found = journal.snapshot()
    return 0 if found is None else found[0]


def test_whoever_closes_the_registry_keeps_what_it_appended(tmp_path):
    with open_registry(tmp_path, actor=ANA) as registry:
        for _ in range(9):
            registry.record(ran())
        assert kept(tmp_path) == 0
    assert kept(tmp_path) == 9


def test_a_few_entries_are_not_worth_it(tmp_path):
    with open_registry(tmp_path, actor=ANA) as registry:
        for _ in range(4):
            registry.record(ran())
    assert kept(tmp_path) == 0


def test_a_process_that_goes_on_appending_keeps_one_now_and_then(tmp_path):
    with open_registry(tmp_path, actor=ANA) as registry:
        for _ in range(23):
            registry.record(ran())
        assert kept(tmp_path) == 20


def test_what_is_read_is_kept_too(tmp_path):
    with open_registry(tmp_path, actor=ANA) as registry:
        for _ in range(6):
            registry.record(ran())
        registry.standing()
        assert kept(tmp_path) == 6


def failing(project):
    with open_registry(project, actor=ANA) as registry:
        for _ in range(9):
            registry.record(ran())
        raise KeyError


def test_nothing_is_kept_where_the_block_failed(tmp_path):
    with pytest.raises(KeyError):
        failing(tmp_path)
    assert kept(tmp_path) == 0
