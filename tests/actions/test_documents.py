"""Policy and members are changed by two people, where there are two, and never so that one can go alone."""

import pytest

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.decide import check
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.documents import accept, decline, publish_members, publish_policy
from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.registry import open_registry
from pressrun.errors import NotAllowedError, RefusedError, UsageError
from pressrun.testing.worlds import PEOPLE, POLICY, RegistryWorld


def members_text(world, **grants):
    """Write the members down, with other roles for some of them."""
    text = world.members_text()
    for person, roles in grants.items():
        before = f"    team: {PEOPLE[person][0]}\n    grants: [{', '.join(PEOPLE[person][1])}]"
        _, _, after = text.partition(f"- id: {person}\n")
        assert before in after
        text = text.replace(f"- id: {person}\n{after}", f"- id: {person}\n" + after.replace(
            before, f"    team: {PEOPLE[person][0]}\n    grants: [{', '.join(roles)}]", 1))  # fmt: skip
    return text


def written(world, text, name="document.yaml"):
    path = world.folder / name
    path.write_text(text, encoding="utf-8")
    return path


def publish(world, person, *, members="", policy=""):
    with world.acting(person) as registry:
        if members:
            return publish_members(registry, written(world, members))
        return publish_policy(registry, written(world, policy))


STRICTER = POLICY.replace("count: 1", "count: 2")


@pytest.fixture
def world(tmp_path):
    return RegistryWorld(tmp_path).build()


@pytest.fixture
def two_admins(world):
    """Give a registry with two policy admins: Cleo, and Dora."""
    done = publish(world, "cleo", members=members_text(world, dora=("reviewer", "policy-admin")))
    assert done.number == 2
    return world


def in_force(world):
    with world.acting("ben") as registry:
        return {key: len(found) for key, found in registry.standing().documents.items()}


def test_what_one_published_alone_says_so_and_why(tmp_path):
    world = RegistryWorld(tmp_path).build()
    with world.acting("cleo") as registry:
        documents = registry.standing().documents
        assert documents["policy/organisation"][0].alone == "no members are published yet"
        assert documents["members"][0].alone == "no members are published yet"
    assert publish(world, "cleo", policy=STRICTER).alone == "there is one policy admin only"


def test_two_admins_need_each_other(two_admins):
    done = publish(two_admins, "cleo", policy=STRICTER)
    assert (done.number, done.alone) == (0, "")
    assert in_force(two_admins) == {"policy/organisation": 1, "members": 2}
    with two_admins.acting("cleo") as registry, pytest.raises(RefusedError, match="cannot accept it"):
        accept(registry, done.proposal)
    with two_admins.acting("dora") as registry:
        accepted = accept(registry, done.proposal[:12])
    assert (accepted.number, accepted.alone, accepted.proposal) == (2, "", done.proposal)
    assert in_force(two_admins) == {"policy/organisation": 2, "members": 2}


@pytest.mark.parametrize("alias", ["cleo@acme.example", "Cleo@ACME.example"])
def test_whoever_proposed_does_not_accept_under_another_name(two_admins, alias, monkeypatch):
    done = publish(two_admins, "cleo", policy=STRICTER)
    for name, value in (two_admins.environment("cleo") | {"PRESSRUN_ACTOR": alias}).items():
        monkeypatch.setenv(name, value)
    with open_registry(two_admins.project) as registry, pytest.raises(RefusedError, match="cannot accept it"):
        accept(registry, done.proposal)
    assert in_force(two_admins)["policy/organisation"] == 1


def test_who_makes_no_rules_accepts_none(two_admins):
    done = publish(two_admins, "cleo", policy=STRICTER)
    with two_admins.acting("ben") as registry, pytest.raises(RefusedError):
        accept(registry, done.proposal)


def test_what_was_declined_is_not_accepted_any_more(two_admins):
    done = publish(two_admins, "cleo", policy=STRICTER)
    with two_admins.acting("dora") as registry:
        decline(registry, done.proposal, "too strict")
        with pytest.raises(UsageError, match="Open are: none"):
            accept(registry, done.proposal)
    assert in_force(two_admins)["policy/organisation"] == 1


def test_what_was_accepted_is_not_accepted_again(two_admins):
    done = publish(two_admins, "cleo", policy=STRICTER)
    with two_admins.acting("dora") as registry:
        accept(registry, done.proposal)
        with pytest.raises(UsageError):
            accept(registry, done.proposal)


def test_members_by_which_one_person_could_go_alone_are_refused_and_the_person_named(world):
    with pytest.raises(RefusedError, match="one person alone") as caught:
        publish(world, "cleo", members=members_text(world, ben=("operator", "auditor")))
    assert "registers it as ana, deploys it in an emergency as ana, and nobody else could ratify" in str(caught.value)
    assert in_force(world)["members"] == 1


def test_a_policy_that_asks_for_no_approval_is_refused_where_somebody_could_then_go_alone(world):
    with pytest.raises(RefusedError, match="one person alone") as caught:
        publish(world, "cleo", policy=POLICY[: POLICY.index("  - id: APPROVED")])
    assert "ana" in str(caught.value)
    assert in_force(world)["policy/organisation"] == 1


def test_a_lower_level_that_asks_for_less_is_refused_in_a_sentence(world):
    lower = POLICY.replace("level: organisation", "level: team").replace("policy: acme", "policy: team")
    with pytest.raises(RefusedError) as caught:
        publish(world, "cleo", policy=lower.replace("count: 1", "count: 0").replace("kind: is_true", "kind: required"))
    assert "APPROVED" in str(caught.value) or "ALIVE" in str(caught.value)
    assert "may only ask for more" in str(caught.value)
    assert "policy/team" not in in_force(world)


def test_a_policy_binds_from_the_moment_it_is_in_force(world):
    world.register("one")
    with world.acting("ana") as registry:
        before = check(registry, "churn@1", "production")
        request_approval(registry, "churn@1", "production")
    with world.acting("ben") as registry:
        approve(registry, find_request(registry, "churn@1"))
        assert check(registry, "churn@1", "production").allowed
    publish(world, "cleo", policy=STRICTER)
    with world.acting("ana") as registry:
        after = check(registry, "churn@1", "production")
        assert not after.allowed
        assert after.policy != before.policy
        with pytest.raises(NotAllowedError):
            deploy(registry, DeployOrder(reference="churn@1", environment="production"))


def test_whoever_lost_the_role_approved_nothing(world):
    world.register("one")
    with world.acting("ana") as registry:
        request_approval(registry, "churn@1", "production")
    with world.acting("ben") as registry:
        approve(registry, find_request(registry, "churn@1"))
        assert check(registry, "churn@1", "production").allowed
    changed = members_text(world, ben=("operator", "auditor"), dora=("reviewer", "approver", "release-manager"))
    publish(world, "cleo", members=changed)
    with world.acting("ana") as registry:
        decision = check(registry, "churn@1", "production")
        (finding,) = [finding for finding in decision.findings if finding.check == "APPROVED"]
        assert not decision.allowed
        assert "ben" in finding.observed
        with pytest.raises(NotAllowedError):
            deploy(registry, DeployOrder(reference="churn@1", environment="production"))


def test_a_role_is_gone_with_the_document_that_gave_it(world):
    publish(world, "cleo", members=members_text(world, ana=("viewer",), dora=("author", "reviewer")))
    with world.acting("ana") as registry, pytest.raises(RefusedError):
        register(registry, RegisterRequest(bundle=str(world.bundle("one")), name="churn"))
    assert world.register("one", person="dora").reference == "churn@1"


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"[]", b"policy: [", b"x" * ((1 << 20) + 1)])
def test_what_is_no_document_is_misuse_and_changes_nothing(world, raw):
    path = world.folder / "document.yaml"
    path.write_bytes(raw)
    with world.acting("cleo") as registry:
        for publish_it in (publish_policy, publish_members):
            with pytest.raises(UsageError):
                publish_it(registry, path)
    assert in_force(world) == {"policy/organisation": 1, "members": 1}
