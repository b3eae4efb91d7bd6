"""A deployment that was interrupted is closed by what the target really serves."""

import os
import socket
import subprocess
import sys

import pytest

from pressrun.actions import deploy as deploying
from pressrun.actions import rollback as going_back
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.recover import ABANDONED_MINUTES, INTERRUPTED, recover
from pressrun.actions.rollback import RollbackOrder, roll_back
from pressrun.errors import RefusedError
from pressrun.rules.standing.queries import live, open_deployments
from pressrun.testing.worlds import RegistryWorld

STAGING = "staging"
TARGET = "dir:../staging"
AT_ONCE = 60.0
LATER = 60.0 * (ABANDONED_MINUTES + 1)


class PowerLossError(BaseException):
    """The process ends here: nothing may catch it."""


@pytest.fixture
def world(tmp_path):
    """Make a registry in which version 1 is live in staging and 2 is there."""
    made = RegistryWorld(tmp_path).build()
    for label in ("one", "two"):
        made.register(label)
    with made.acting("ana") as registry:
        deploy(registry, order(1))
    return made


def order(number, target=TARGET):
    return DeployOrder(reference=f"churn@{number}", environment=STAGING, target=target)


def interrupt(monkeypatch, module, *, after):
    """Let the process end just before, or just after, the target was changed."""
    real = module.put_live

    def put_live(*arguments):
        if after:
            real(*arguments)
        raise PowerLossError

    monkeypatch.setattr(module, "put_live", put_live)


def begin(world, monkeypatch, *, after, number=2, target=TARGET):
    with monkeypatch.context() as patch, world.acting("ana") as registry:
        interrupt(patch, deploying, after=after)
        with pytest.raises(PowerLossError):
            deploy(registry, order(number, target))


def live_number(registry):
    move = live(registry.standing(), "churn", STAGING)
    return 0 if move is None else move.number


def served(world):
    return (world.folder / "staging" / "churn" / "current" / "README.md").read_text()


@pytest.mark.parametrize(("after", "number", "text"), [(False, 1, "# one\n"), (True, 2, "# two\n")])
def test_what_was_interrupted_is_closed_by_what_the_target_serves(world, monkeypatch, after, number, text):
    begin(world, monkeypatch, after=after)
    with world.acting("ben") as registry:
        assert len(open_deployments(registry.standing())) == 1
        assert live_number(registry) == 1, "before it is closed the pointer is where it was"
        (found,) = recover(registry)
        assert (found.number, found.through) == (2, after)
        assert live_number(registry) == number
        assert not open_deployments(registry.standing())
        assert not registry.standing().inconsistencies
        assert recover(registry) == []
    assert served(world) == text


def test_what_did_not_get_through_says_so_in_the_journal(world, monkeypatch):
    begin(world, monkeypatch, after=False)
    with world.acting("ana") as registry:
        recover(registry)
        errors = [d.error for d in registry.standing().names["churn"].deployments.values()]
    assert errors == ["", INTERRUPTED]


@pytest.mark.parametrize("after", [False, True])
def test_the_next_deployment_closes_it_first(world, monkeypatch, after):
    begin(world, monkeypatch, after=after)
    world.register("three")
    with world.acting("ana") as registry:
        done = deploy(registry, order(3))
        assert done.previous == (2 if after else 1)
        assert live_number(registry) == 3
        assert not open_deployments(registry.standing())
    assert served(world) == "# three\n"


@pytest.mark.parametrize(("after", "number"), [(False, 2), (True, 1)])
def test_a_rollback_that_was_interrupted_is_closed_likewise(world, monkeypatch, after, number):
    with world.acting("ana") as registry:
        deploy(registry, order(2))
    with monkeypatch.context() as patch, world.acting("ben") as registry:
        interrupt(patch, going_back, after=after)
        with pytest.raises(PowerLossError):
            roll_back(registry, RollbackOrder(name="churn", environment=STAGING, reason="wrong"))
    with world.acting("ben") as registry:
        (found,) = recover(registry)
        assert (found.number, found.through) == (1, after)
        assert live_number(registry) == number


@pytest.mark.parametrize(("after", "number"), [(False, 1), (True, 0)])
def test_taking_down_that_was_interrupted_is_closed_likewise(world, monkeypatch, after, number):
    with monkeypatch.context() as patch, world.acting("ben") as registry:
        interrupt(patch, going_back, after=after)
        with pytest.raises(PowerLossError):
            roll_back(registry, RollbackOrder(name="churn", environment=STAGING, reason="wrong", to=0))
    with world.acting("ben") as registry:
        (found,) = recover(registry)
        assert (found.number, found.through) == (0, after)
        assert live_number(registry) == number


def test_a_deployment_on_record_only_that_was_interrupted_did_not_get_through(world, monkeypatch):
    begin(world, monkeypatch, after=True, target="record")
    with world.acting("ana") as registry:
        (found,) = recover(registry)
        assert not found.through
        assert live_number(registry) == 1


def begin_elsewhere(world, monkeypatch, place="elsewhere:/srv/project"):
    with monkeypatch.context() as patch:
        patch.setattr(deploying, "place_of", lambda _: place)
        begin(world, patch, after=True)


def at(registry, seconds):
    real = registry._clock
    registry._clock = lambda: real() + seconds


def test_a_deployment_of_another_machine_is_left_alone_while_it_may_be_running(world, monkeypatch):
    begin_elsewhere(world, monkeypatch)
    with world.acting("ana") as registry:
        at(registry, AT_ONCE)
        head = registry.standing().head
        for verb in (recover, lambda registry: deploy(registry, order(2))):
            with pytest.raises(RefusedError, match="under way on elsewhere"):
                verb(registry)
        assert registry.standing().head == head


@pytest.mark.parametrize("person", ["ana", "ben"])
def test_a_deployment_of_another_machine_is_closed_when_it_is_old(world, monkeypatch, person):
    begin_elsewhere(world, monkeypatch)
    with world.acting(person) as registry:
        at(registry, LATER)
        (found,) = recover(registry)
        assert found.through
        assert live_number(registry) == 2


def test_another_project_of_this_machine_counts_as_another_machine(world, monkeypatch):
    begin_elsewhere(world, monkeypatch, f"{socket.gethostname()}:/another/project/.pressrun")
    with world.acting("ana") as registry, pytest.raises(RefusedError, match="under way"):
        recover(registry)


KILLED = """
import os, sys
from pathlib import Path
from pressrun.actions import deploy as deploying
from pressrun.actions.registry import open_registry

real = deploying.put_live

def put_live(*arguments):
    if sys.argv[2] == "after":
        real(*arguments)
    os.kill(os.getpid(), 9)

deploying.put_live = put_live
with open_registry(Path(sys.argv[1])) as registry:
    deploying.deploy(registry, deploying.DeployOrder(reference="churn@2", environment="staging",
                                                     target="dir:../staging"))
"""


@pytest.mark.skipif(os.name == "nt", reason="processes are killed otherwise there")
@pytest.mark.parametrize(("when", "number"), [("before", 1), ("after", 2)])
def test_a_process_that_is_killed_leaves_no_lock_and_what_it_did_is_told(world, when, number):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(world.project), when], env=world.environment("ana"), timeout=60, check=False
    )
    assert killed.returncode == -9
    with world.acting("ben") as registry:
        (found,) = recover(registry)
        assert found.through == (when == "after")
        assert live_number(registry) == number
