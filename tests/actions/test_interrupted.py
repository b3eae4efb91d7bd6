"""What a killed or slower process leaves is told apart from what another one is still at."""

from __future__ import annotations

import shutil

import pytest

from pressrun.actions import recover as recovering
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.recover import Recovered, place_of, recover
from pressrun.actions.register import RegisterRequest, register
from pressrun.errors import RefusedError
from pressrun.records.digest import digest_text
from pressrun.records.events import DeployRequested
from pressrun.rules.standing.queries import live
from pressrun.testing.worlds import RegistryWorld

NOTHING = digest_text("")


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two projects of one machine that share a journal and its objects."""
    monkeypatch.setenv("PRESSRUN_JOURNAL", str(tmp_path / "journal.db"))
    monkeypatch.setenv("PRESSRUN_OBJECTS", str(tmp_path / "objects"))
    first = RegistryWorld(tmp_path / "first").build()
    second = RegistryWorld(tmp_path / "second")
    second.project.mkdir(parents=True)
    shutil.copytree(first.folder / "people", second.folder / "people")
    shutil.copy2(first.folder / "journal.key", second.folder / "journal.key")
    first.register("one")
    return first, second


def begin(world: RegistryWorld) -> str:
    """Begin a deployment as a process does that then is killed, or is slow."""
    with world.acting("ana") as registry:
        version = registry.standing().names["churn"].versions[0].event
        event = DeployRequested(
            deployment="d" * 32, name="churn", number=1, environment="staging", bundle=version.bundle, previous=0,
            target="record", policy=NOTHING, verdict=NOTHING, decision=NOTHING, host=place_of(registry),
        )  # fmt: skip
        registry.offer(lambda _: [event])
    return event.deployment


def test_another_project_of_the_machine_leaves_a_deployment_alone_that_is_under_way(two):
    first, second = two
    begin(first)
    with second.acting("ana") as registry:
        with pytest.raises(RefusedError, match="under way"):
            deploy(registry, DeployOrder(reference="churn@1", environment="staging"))
        with pytest.raises(RefusedError, match="under way"):
            recover(registry)


def test_the_project_itself_closes_what_its_killed_process_began(two):
    first, _ = two
    begun = begin(first)
    with first.acting("ana") as registry:
        assert recover(registry) == [
            Recovered(name="churn", deployment=begun, environment="staging", number=1, through=False)
        ]
        done = deploy(registry, DeployOrder(reference="churn@1", environment="staging"))
        move = live(registry.standing(), "churn", "staging")
        assert move is not None
        assert move.deployment == done.deployment


def test_another_project_closes_it_when_it_is_too_long_ago(two, monkeypatch):
    first, second = two
    begin(first)
    monkeypatch.setattr(recovering, "ABANDONED_MINUTES", 0)
    with second.acting("ana") as registry:
        assert [found.through for found in recover(registry)] == [False]


class Slowed:
    """A journal to which somebody else appends right before the first append of its owner."""

    def __init__(self, journal, before) -> None:
        self._journal = journal
        self._before = before

    def __getattr__(self, name):
        return getattr(self._journal, name)

    def append(self, drafts, **options):
        before, self._before = self._before, lambda: None
        before()
        return self._journal.append(drafts, **options)


def test_a_bundle_that_somebody_else_registers_at_the_same_moment_is_one_version(two):
    first, second = two
    bundle = str(first.bundle("two"))
    faster = []

    def somebody_else() -> None:
        with second.acting("ana") as other:
            faster.append(register(other, RegisterRequest(bundle=bundle, name="churn")))

    with first.acting("ana") as registry:
        registry.journal = Slowed(registry.journal, somebody_else)
        slower = register(registry, RegisterRequest(bundle=bundle, name="churn"))
        assert [version.event.number for version in registry.standing().names["churn"].versions] == [1, 2]
    assert (faster[0].known, slower.known) == (False, True)
    assert slower.version == faster[0].version
