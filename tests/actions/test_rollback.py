"""A rollback goes to what was live there before, never to what may not be, and leaves a review open."""

import shutil

import pytest

from pressrun.actions.approve import revoke
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.registered import registered_bundle
from pressrun.actions.rollback import RollbackOrder, hold_review, roll_back
from pressrun.errors import CannotRestoreError, PressrunError, RefusedError, UsageError
from pressrun.rules.standing.queries import live, open_deployments, open_reviews
from pressrun.store.manifests import listed_files
from pressrun.testing.worlds import RegistryWorld

STAGING = "staging"
TARGET = "dir:../staging"


@pytest.fixture(scope="module")
def first_world(tmp_path_factory):
    """Make a registry of four versions, of which 1, 2 and 3 were live in staging, one after the other."""
    made = RegistryWorld(tmp_path_factory.mktemp("rollback")).build()
    for label in ("one", "two", "three", "four"):
        made.register(label)
    with made.acting("ana") as registry:
        for number in (1, 2, 3):
            deploy(registry, DeployOrder(reference=f"churn@{number}", environment=STAGING, target=TARGET))
    return made


@pytest.fixture
def world(first_world, tmp_path):
    """Give a copy of it, that a test may change."""
    shutil.copytree(first_world.folder, tmp_path / "world", symlinks=True)
    return RegistryWorld(tmp_path / "world")


def go_back(world, to=None, person="ben"):
    with world.acting(person) as registry:
        return roll_back(registry, RollbackOrder(name="churn", environment=STAGING, reason="wrong", to=to))


def live_number(world):
    with world.acting("ben") as registry:
        move = live(registry.standing(), "churn", STAGING)
        return 0 if move is None else move.number


def served(world):
    file = world.folder / "staging" / "churn" / "current" / "README.md"
    return file.read_text() if file.exists() else ""


@pytest.mark.parametrize(
    ("to", "number", "text"), [(None, 2, "# two\n"), (2, 2, "# two\n"), (1, 1, "# one\n"), (0, 0, "")]
)
def test_it_goes_where_it_is_told_else_to_the_one_before(world, to, number, text):
    done = go_back(world, to)
    assert (done.number, done.previous) == (number, 3)
    assert live_number(world) == number
    assert served(world) == text


def test_going_back_twice_goes_further_back_and_not_to_and_fro(world):
    assert [go_back(world).number, go_back(world).number] == [2, 1]
    with pytest.raises(PressrunError):
        go_back(world)
    assert live_number(world) == 1


def test_it_passes_over_a_version_that_was_revoked(world):
    with world.acting("ben") as registry:
        revoke(registry, "churn@2", "its labels leak")
    assert go_back(world).number == 1


@pytest.mark.parametrize("to", [4, 5, 3])
def test_it_never_goes_where_nothing_was_before_or_to_what_is_live(world, to):
    with pytest.raises(PressrunError):
        go_back(world, to)
    assert live_number(world) == 3
    assert served(world) == "# three\n"


def test_it_never_goes_to_a_version_that_was_revoked(world):
    with world.acting("ben") as registry:
        revoke(registry, "churn@2", "its labels leak")
    with pytest.raises(RefusedError, match="revoked"):
        go_back(world, 2)
    assert live_number(world) == 3


def test_nothing_live_is_nothing_to_roll_back(world):
    go_back(world, 0)
    with pytest.raises(UsageError):
        go_back(world)


def _object(world, number, path="README.md"):
    with world.acting("ben") as registry:
        event = registry.standing().names["churn"].versions[number - 1].event
        digest = listed_files(registered_bundle(registry, event).manifest)[path].digest
    (file,) = (world.project / ".pressrun" / "objects").rglob(f"*{digest.removeprefix('sha256:')[2:]}")
    return file


def _damage(file):
    file.chmod(0o600)
    file.write_bytes(b"x" * file.stat().st_size)


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_version_that_is_not_whole_is_refused_before_the_pointer_is_touched(world, harm):
    file = _object(world, 2)
    file.unlink() if harm == "missing" else _damage(file)
    with world.acting("ben") as registry:
        head = registry.standing().head
        with pytest.raises(CannotRestoreError):
            roll_back(registry, RollbackOrder(name="churn", environment=STAGING, reason="wrong"))
        assert registry.standing().head == head
        assert not open_deployments(registry.standing())
    assert live_number(world) == 3
    assert served(world) == "# three\n"


def test_a_target_that_cannot_be_changed_is_recorded_as_failed_and_the_pointer_stays(world):
    link = world.folder / "staging" / "churn" / "current"
    link.unlink()
    link.mkdir()
    with world.acting("ben") as registry:
        with pytest.raises(RefusedError, match="no link"):
            roll_back(registry, RollbackOrder(name="churn", environment=STAGING, reason="wrong"))
        last = list(registry.standing().names["churn"].deployments.values())[-1]
        assert (last.how, "no link" in last.error) == ("rollback", True)
        assert not open_deployments(registry.standing())
    assert live_number(world) == 3


def test_it_opens_a_review_that_is_held_once_and_says_something(world):
    done = go_back(world)
    with world.acting("ben") as registry:
        assert [waiting.what.deployment for waiting in open_reviews(registry.standing())] == [done.deployment]
        with pytest.raises(RefusedError, match="comment"):
            hold_review(registry, done.deployment[:12], " ")
        hold_review(registry, done.deployment[:12], "a join doubled rows")
        assert open_reviews(registry.standing()) == []
        with pytest.raises(UsageError):
            hold_review(registry, done.deployment[:12], "again")


def test_an_id_too_short_means_no_review(world):
    done = go_back(world)
    with world.acting("ben") as registry, pytest.raises(UsageError):
        hold_review(registry, done.deployment[:5], "found")
