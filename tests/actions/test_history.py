"""What was live at a moment is told by the journal, without a gap."""

import pytest

from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.history import history
from pressrun.actions.rollback import RollbackOrder, roll_back
from pressrun.errors import UsageError
from pressrun.testing.worlds import RegistryWorld


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Make a registry in which 1, then 2, then 1 again, then nothing was live in staging."""
    made = RegistryWorld(tmp_path_factory.mktemp("history")).build()
    for label in ("one", "two"):
        made.register(label)
    with made.acting("ana") as registry:
        for number in (1, 2):
            deploy(registry, DeployOrder(reference=f"churn@{number}", environment="staging"))
    with made.acting("ben") as registry:
        roll_back(registry, RollbackOrder(name="churn", environment="staging", reason="wrong"))
        roll_back(registry, RollbackOrder(name="churn", environment="staging", reason="worse", to=0))
    return made


def told(world, as_of=None, environment="staging"):
    with world.acting("ben") as registry:
        return history(registry, "churn", environment, as_of)


def test_each_time_begins_where_the_one_before_ended(world):
    found = told(world)
    assert [(reign.number, reign.how, reign.by) for reign in found] == [
        (1, "deploy", "ana"), (2, "deploy", "ana"), (1, "rollback", "ben"), (0, "rollback", "ben"),
    ]  # fmt: skip
    assert [reign.until for reign in found] == [*(reign.since for reign in found[1:]), ""]


def test_the_moment_of_a_move_is_the_new_version_s(world):
    for reign in told(world)[:3]:
        assert [found.number for found in told(world, reign.since)] == [reign.number]


def test_before_the_first_move_nothing_was_live(world):
    assert told(world, "2000-01-01") == []
    assert told(world, environment="canary") == []


@pytest.mark.parametrize("moment", ["yesterday", "", "2026-13-01", "2026-01-01T25:00"])
def test_what_is_no_moment_is_misuse(world, moment):
    with pytest.raises(UsageError, match="is no moment"):
        told(world, moment)
