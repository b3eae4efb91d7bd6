"""Who may approve what, and what does not count although it was signed."""

import shutil

import pytest

from pressrun.actions.approve import approve, find_request, reject, request_approval, withdraw
from pressrun.actions.decide import check
from pressrun.actions.documents import publish_policy
from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.registry import open_registry
from pressrun.errors import RefusedError, UsageError
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle
from pressrun.testing.worlds import POLICY, RegistryWorld

DAY = 86_400.0


class ApproversWorld(RegistryWorld):
    """A world in which Dora may approve, too."""

    def members_text(self):
        return super().members_text().replace("grants: [reviewer]", "grants: [reviewer, approver, author]")


@pytest.fixture(scope="module")
def first_world(tmp_path_factory):
    """Make a registry in which Ana wrote churn@1, and Dora asked for its approval."""
    made = ApproversWorld(tmp_path_factory.mktemp("approve")).build()
    made.register("one")
    with made.acting("dora") as registry:
        request_approval(registry, "churn@1", "production")
    return made


@pytest.fixture
def world(first_world, tmp_path):
    """Give a copy of it, that a test may change."""
    shutil.copytree(first_world.folder, tmp_path / "world", symlinks=True)
    return ApproversWorld(tmp_path / "world")


def give(world, person, days=0.0):
    with world.acting(person) as registry:
        real = registry._clock
        registry._clock = lambda: real() + days * DAY
        return approve(registry, find_request(registry, "churn@1"))


def allowed(world, days=0.0):
    with world.acting("cleo") as registry:
        real = registry._clock
        registry._clock = lambda: real() + days * DAY
        return check(registry, "churn@1", "production").allowed


def test_another_person_s_approval_is_enough_and_signed(world):
    given = give(world, "ben")
    assert given.enough
    assert given.event.signature
    assert allowed(world)


@pytest.mark.parametrize(("person", "part"), [("ana", "author"), ("dora", "requester")])
def test_whoever_had_a_part_in_it_cannot_approve_it(world, person, part):
    with pytest.raises(RefusedError, match=f"{person} is the .*{part}"):
        give(world, person)
    assert not allowed(world)


def test_nobody_approves_twice(world):
    give(world, "ben")
    with pytest.raises(RefusedError):
        give(world, "ben")


def test_whoever_makes_the_rules_approves_nothing(world):
    with pytest.raises(RefusedError):
        give(world, "cleo")


def test_an_approval_ends_with_its_time(world):
    given = give(world, "ben")
    with world.acting("ben") as registry:
        days = registry.settings.approval_days
    assert given.enough
    assert allowed(world, days - 1)
    assert not allowed(world, days + 1)


def test_a_request_that_expired_is_not_found_any_more(world):
    with world.acting("ben") as registry:
        days = registry.settings.approval_days
    with pytest.raises((RefusedError, UsageError)):
        give(world, "ben", days + 1)


@pytest.mark.parametrize("close", ["reject", "withdraw"])
def test_a_closed_request_takes_no_approval(world, close):
    with world.acting("ben" if close == "reject" else "dora") as registry:
        request = find_request(registry, "churn@1")
        reject(registry, request, "no") if close == "reject" else withdraw(registry, request)
    with world.acting("ben") as registry, pytest.raises(RefusedError):
        approve(registry, request)
    assert not allowed(world)


def test_an_approval_that_was_taken_back_counts_no_more(world):
    give(world, "ben")
    with world.acting("ben") as registry:
        request = registry.standing().names["churn"].requests
        withdraw(registry, next(iter(request.values())))
    assert not allowed(world)


def test_only_one_s_own_is_taken_back(world):
    give(world, "ben")
    with world.acting("ana") as registry, pytest.raises(RefusedError, match="neither made this request nor approved"):
        withdraw(registry, next(iter(registry.standing().names["churn"].requests.values())))
    assert allowed(world)


def test_another_key_than_one_s_own_signs_nothing(world):
    with world.acting("ben") as registry, pytest.raises(RefusedError):
        approve(registry, find_request(registry, "churn@1"), key=world.key("dora"))
    assert not allowed(world)


def test_an_approval_is_of_one_version(world):
    give(world, "ben")
    world.register("two")
    with world.acting("cleo") as registry:
        assert not check(registry, "churn@2", "production").allowed


def test_without_members_an_approval_is_unsigned_and_says_so(tmp_path, monkeypatch):
    world = RegistryWorld(tmp_path)
    world.project.mkdir()
    write_sample_bundle(tmp_path / "bundle", SAMPLE_FILES, name="churn")
    for name, value in world.environment("ana").items():
        monkeypatch.setenv(name, value)
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with open_registry(world.project) as registry:
        publish_policy(registry, tmp_path / "policy.yaml")
        register(registry, RegisterRequest(bundle=str(tmp_path / "bundle"), name="churn"))
        request_approval(registry, "churn@1", "production")
    monkeypatch.setenv("PRESSRUN_ACTOR", "ben")
    with open_registry(world.project) as registry:
        given = approve(registry, find_request(registry, "churn@1"))
    assert (given.event.person, given.event.signature, given.event.key) == ("ben", "", "")
