"""A version's card tells what is known, and names what is not."""

import pytest

from pressrun.actions.approve import approve, find_request, request_approval, revoke
from pressrun.actions.card import show_version
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.state import Description, describe
from pressrun.testing.worlds import RegistryWorld


@pytest.fixture
def world(tmp_path):
    made = RegistryWorld(tmp_path).build()
    made.register("one")
    return made


def card(world):
    with world.acting("ben") as registry:
        return show_version(registry, "churn@1")


def test_what_nobody_said_is_a_gap_until_somebody_says_it(world):
    assert {"deputy", "use case", "metrics"} <= set(card(world).gaps)
    with world.acting("ana") as registry:
        describe(registry, "churn@1", Description(deputy="ben", use_case="calls"))
    found = card(world)
    assert (found.deputy, found.use_case) == ("ben", "calls")
    assert not {"deputy", "use case"} & set(found.gaps)
    assert all(found.gaps.values()), "each says why"


def test_it_follows_the_version_to_production_and_to_its_end(world):
    assert card(world).state == "registered"
    with world.acting("ana") as registry:
        request_approval(registry, "churn@1", "production")
    assert card(world).state == "in-review"
    with world.acting("ben") as registry:
        approve(registry, find_request(registry, "churn@1"))
    assert card(world).state == "approved"
    with world.acting("ana") as registry:
        done = deploy(registry, DeployOrder(reference="churn@1", environment="production"))
    found = card(world)
    assert found.state == "live"
    assert [(place.environment, place.by, place.location) for place in found.live] == [
        ("production", "ana", done.location)
    ]
    assert [(given.person, given.signed) for given in found.approvals] == [("ben", True)]
    with world.acting("ben") as registry:
        revoke(registry, "churn@1", "its labels leak")
    assert card(world).state == "revoked"
    assert "its labels leak" in card(world).revoked
