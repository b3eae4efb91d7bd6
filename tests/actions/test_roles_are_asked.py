"""Every verb asks the table of roles before it does anything: behaviour equals the table, for every role and verb."""

import shutil

import pytest

from pressrun.actions.approve import (
    approve,
    find_request,
    reject,
    request_approval,
    revoke,
    withdraw,
)
from pressrun.actions.deploy import DeployOrder, deploy, ratify
from pressrun.actions.documents import accept, decline, publish_members, publish_policy
from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.rollback import RollbackOrder, hold_review, roll_back
from pressrun.actions.state import Description, Statement, Waiver, describe, end_waiver, state, waive
from pressrun.errors import PressrunError, RefusedError
from pressrun.records.people import ROLES, Actor
from pressrun.rules.access import Thing, may
from pressrun.store.person_keys import new_key
from pressrun.testing.worlds import RegistryWorld


class RolesWorld(RegistryWorld):
    """A world in which somebody has each role and no other, and a service has the service's."""

    def members_text(self):
        lines = [super().members_text().rstrip()]
        for role in ROLES:
            kind = "service" if role == "service" else "person"
            key = self.key(f"only-{role}")
            if not key.exists():
                new_key(key)
            public = key.with_name(f"{key.name}.pub").read_text().strip()
            lines += [f"  - id: only-{role}", f"    kind: {kind}", f"    grants: [{role}]", "    keys:"]
            lines += [f"      - public: {public}"]
        return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def first_world(tmp_path_factory):
    """Make a registry with a version, an open request, a rollback to review, an emergency and a proposal."""
    made = RolesWorld(tmp_path_factory.mktemp("roles")).build()
    for label in ("one", "two", "three"):
        made.register(label)
    with made.acting("ana") as registry:
        deploy(registry, DeployOrder(reference="churn@1", environment="staging"))
        deploy(registry, DeployOrder(reference="churn@2", environment="staging"))
        made.request = request_approval(registry, "churn@3", "production").event.request
        made.emergency = deploy(
            registry, DeployOrder(reference="churn@1", environment="canary", break_glass="the site is down")
        ).deployment
        state(registry, "churn@1", Statement(check="OWNER", answer=True, text="ana"))
    with made.acting("ben") as registry:
        made.rollback = roll_back(registry, RollbackOrder(name="churn", environment="staging")).deployment
    with made.acting("dora") as registry:
        made.waiver = waive(
            registry, "churn@2", Waiver(check="OWNER", reason="r", control="c", owner="ben", days=1)
        ).waiver
    with made.acting("cleo") as registry:
        made.proposal = publish_policy(registry, made.folder / "policy.yaml").proposal
    return made


@pytest.fixture
def world(first_world, tmp_path):
    """Give a copy of it, that a verb may change."""
    shutil.copytree(first_world.folder, tmp_path / "world", symlinks=True)
    copy = RolesWorld(tmp_path / "world")
    for name in ("request", "emergency", "rollback", "waiver", "proposal"):
        setattr(copy, name, getattr(first_world, name))
    return copy


VERSION = Thing(kind="version", name="churn")
PRODUCTION = Thing(kind="environment", name="churn", environment="production")
STAGING = Thing(kind="environment", name="churn", environment="staging")
CANARY = Thing(kind="environment", name="churn", environment="canary")
POLICY = Thing(kind="policy", name="organisation")
BREAK = DeployOrder(reference="churn@1", environment="production", break_glass="the site is down")
WAIVER = Waiver(check="OWNER", reason="r", control="c", owner="ben", days=1)
SAID = Statement(check="OWNER", answer=True, text="it is ana")
VERBS = {
    "register": ("register", VERSION, lambda w, r: register(r, _bundle(w))),
    "describe": ("describe", VERSION, lambda w, r: describe(r, "churn@1", Description(deputy="ben"))),
    "change tier": ("change-tier", VERSION, lambda w, r: describe(r, "churn@1", Description(tier="strategic"))),
    "state": ("state", VERSION, lambda w, r: state(r, "churn@1", SAID)),
    "waive": ("waive", VERSION, lambda w, r: waive(r, "churn@1", WAIVER)),
    "unwaive": ("waive", VERSION, lambda w, r: end_waiver(r, w.waiver)),
    "request": ("request", VERSION, lambda w, r: request_approval(r, "churn@2", "canary")),
    "approve": ("approve", PRODUCTION, lambda w, r: approve(r, find_request(r, w.request))),
    "reject": ("reject", PRODUCTION, lambda w, r: reject(r, find_request(r, w.request), "no")),
    "withdraw": ("withdraw", PRODUCTION, lambda w, r: withdraw(r, find_request(r, w.request))),
    "deploy": ("deploy", STAGING, lambda w, r: deploy(r, DeployOrder(reference="churn@2", environment="staging"))),
    "break glass": ("break-glass", PRODUCTION, lambda w, r: deploy(r, BREAK)),
    "ratify": ("ratify", CANARY, lambda w, r: ratify(r, w.emergency)),
    "rollback": ("rollback", STAGING, lambda w, r: roll_back(r, RollbackOrder(name="churn", environment="staging"))),
    "review": ("review", STAGING, lambda w, r: hold_review(r, w.rollback, "held")),
    "revoke": ("revoke", VERSION, lambda w, r: revoke(r, "churn@2", "broken")),
    "publish policy": ("propose", POLICY, lambda w, r: publish_policy(r, w.folder / "policy.yaml")),
    "publish members": ("propose", Thing(kind="members"), lambda w, r: publish_members(r, w.folder / "members.yaml")),
    "accept a policy": ("publish-policy", POLICY, lambda w, r: accept(r, w.proposal)),
    "decline": ("reject-proposal", Thing(kind="policy"), lambda w, r: decline(r, w.proposal, "no")),
}


def _bundle(world):
    return RegisterRequest(bundle=str(world.bundle("one")), name="churn")


def _refused_by_role(error):
    return isinstance(error, RefusedError) and (" may not " in error.what or "and none may " in error.what)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_refused_exactly_where_the_table_says_so(world, verb, role):
    action, thing, call = VERBS[verb]
    error = None
    with world.acting(f"only-{role}") as registry:
        allowed = may(registry.members, Actor(id=f"only-{role}"), action, thing).allowed
        before = registry.journal.head()
        try:
            call(world, registry)
        except PressrunError as caught:
            error = caught
        refused = error is not None and _refused_by_role(error)
        assert refused == (not allowed), f"{verb} by {role}: {error}"
        if refused:
            assert registry.journal.head() == before
