"""An emergency goes without what the policy asks, in the open, and only stays when another person stands behind it."""

import shutil

import pytest

from pressrun.actions.approve import revoke
from pressrun.actions.deploy import DeployOrder, deploy, ratify
from pressrun.actions.rollback import NOT_RATIFIED, take_back_overdue
from pressrun.errors import PressrunError, RefusedError, UsageError
from pressrun.rules.standing.queries import live, unratified
from pressrun.rules.timestamps import seconds_of
from pressrun.testing.worlds import RegistryWorld

HOUR = 3600.0


@pytest.fixture(scope="module")
def first_world(tmp_path_factory):
    """Make a registry of two versions that nobody approved."""
    made = RegistryWorld(tmp_path_factory.mktemp("emergency")).build()
    for label in ("one", "two"):
        made.register(label)
    return made


@pytest.fixture
def world(first_world, tmp_path):
    """Give a copy of it, that a test may change."""
    shutil.copytree(first_world.folder, tmp_path / "world", symlinks=True)
    return RegistryWorld(tmp_path / "world")


def emergency(world, number=1, reason="the site is down"):
    with world.acting("ana") as registry:
        return deploy(registry, DeployOrder(reference=f"churn@{number}", environment="production", break_glass=reason))


def later(registry, hours):
    real = registry._clock
    registry._clock = lambda: real() + hours * HOUR


def live_number(registry):
    move = live(registry.standing(), "churn", "production")
    return move.number if move is not None else 0


def served(world):
    file = world.live / "churn" / "current" / "README.md"
    return file.read_text() if file.exists() else ""


def test_it_goes_although_the_policy_refuses_and_says_until_when_somebody_has_to_stand_behind_it(world):
    done = emergency(world)
    assert not done.decision.allowed
    with world.acting("ana") as registry:
        assert live_number(registry) == 1
        assert live(registry.standing(), "churn", "production").how == "break-glass"
        hours = (seconds_of(done.ratify_by) - registry.now_s()) / HOUR
        assert registry.settings.break_glass_hours - 0.1 < hours <= registry.settings.break_glass_hours
    assert served(world) == "# one\n"


def test_a_blank_reason_is_none(world):
    with pytest.raises(RefusedError, match="reason"):
        emergency(world, reason=" ")
    with world.acting("ana") as registry:
        assert live_number(registry) == 0


def test_it_needs_a_role(world):
    with world.acting("dora") as registry, pytest.raises(RefusedError, match="break-glass"):
        deploy(registry, DeployOrder(reference="churn@1", environment="production", break_glass="now"))


def test_a_revoked_version_does_not_go_in_an_emergency_either(world):
    with world.acting("ben") as registry:
        revoke(registry, "churn@1", "its labels leak")
    with pytest.raises(RefusedError, match="revoked"):
        emergency(world)


def test_whoever_did_it_cannot_stand_behind_it(world):
    done = emergency(world)
    with world.acting("ana") as registry, pytest.raises(RefusedError):
        ratify(registry, done.deployment)


def test_what_another_person_ratified_in_time_stays(world):
    done = emergency(world)
    with world.acting("ben") as registry:
        ratify(registry, done.deployment[:12], "seen")
        assert unratified(registry.standing()) == []
        with pytest.raises(UsageError):
            ratify(registry, done.deployment[:12])
        later(registry, hours=1000)
        assert take_back_overdue(registry) == []
        assert live_number(registry) == 1


def test_it_is_not_taken_back_before_its_time(world):
    emergency(world)
    with world.acting("ben") as registry:
        later(registry, registry.settings.break_glass_hours - 1)
        assert take_back_overdue(registry) == []
        assert live_number(registry) == 1


def test_too_late_is_too_late_to_ratify(world):
    done = emergency(world)
    with world.acting("ben") as registry:
        later(registry, registry.settings.break_glass_hours + 1)
        with pytest.raises(RefusedError, match="had to be ratified by"):
            ratify(registry, done.deployment)


@pytest.mark.parametrize("person", ["ben", "dora"])
def test_what_nobody_ratified_is_taken_back_by_whoever_comes_next(world, person):
    """The rule asks for it, so that the person whose command notices needs no role."""
    emergency(world, 1)
    with world.acting("ben") as registry:
        (first,) = [what.deployment for _, what in unratified(registry.standing())]
        ratify(registry, first)
    emergency(world, 2)
    with world.acting(person) as registry:
        later(registry, registry.settings.break_glass_hours + 1)
        (done,) = take_back_overdue(registry)
        assert (done.number, done.previous) == (1, 2)
        assert live_number(registry) == 1
        move = live(registry.standing(), "churn", "production")
        assert registry.standing().names["churn"].deployments[move.deployment].automatic == NOT_RATIFIED
        assert take_back_overdue(registry) == []
    assert served(world) == "# one\n"


def test_a_first_version_is_taken_back_to_nothing(world):
    emergency(world)
    with world.acting("ben") as registry:
        later(registry, registry.settings.break_glass_hours + 1)
        (done,) = take_back_overdue(registry)
        assert (done.number, live_number(registry)) == (0, 0)
    assert served(world) == ""


def test_it_is_taken_back_to_nothing_where_the_one_before_was_revoked(world):
    first = emergency(world, 1)
    with world.acting("ben") as registry:
        ratify(registry, first.deployment)
    emergency(world, 2)
    with world.acting("ben") as registry:
        revoke(registry, "churn@1", "its labels leak")
        later(registry, registry.settings.break_glass_hours + 1)
        (done,) = take_back_overdue(registry)
        assert done.number == 0
    assert served(world) == ""


def test_what_is_not_live_any_more_is_not_taken_back(world):
    first = emergency(world, 1)
    second = emergency(world, 2)
    with world.acting("ben") as registry:
        ratify(registry, second.deployment)
        later(registry, registry.settings.break_glass_hours + 1)
        assert take_back_overdue(registry) == []
        assert live_number(registry) == 2
        with pytest.raises(PressrunError):
            ratify(registry, first.deployment)
