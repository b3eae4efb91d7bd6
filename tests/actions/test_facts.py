"""Who said something is judged by who they are now: aliases are one person, and a role that was lost is no role."""

import pytest

from pressrun.actions.decide import check
from pressrun.actions.documents import publish_members
from pressrun.actions.facts import facts_for
from pressrun.actions.state import Statement, Waiver, state, waive
from pressrun.errors import RefusedError
from pressrun.testing.worlds import POLICY, RegistryWorld

ASKED = POLICY + "  - {id: PURPOSE, title: t, kind: statement, who: [reviewer]}\n"


@pytest.fixture
def world(tmp_path):
    made = RegistryWorld(tmp_path).build(ASKED)
    made.register("one")
    return made


def _outcome(registry, name):
    findings = check(registry, "churn@1", "staging").findings
    return next(finding.outcome for finding in findings if finding.check == name)


def test_a_statement_of_somebody_who_lost_the_role_does_not_count(world):
    with world.acting("dora") as registry:
        state(registry, "churn@1", Statement(check="PURPOSE", answer=True, text="for calls"))
        assert _outcome(registry, "PURPOSE") == "pass"
    members = world.folder / "members.yaml"
    members.write_text(members.read_text().replace("grants: [reviewer]", "grants: []"))
    with world.acting("cleo") as registry:
        publish_members(registry, members)
        assert _outcome(registry, "PURPOSE") == "unknown"


def test_a_waiver_is_of_the_person_behind_the_address(world):
    with world.acting("ben") as registry:
        waive(registry, "churn@1", Waiver(check="OWNER", reason="r", control="c", owner="ben", days=7))
        facts, _ = facts_for(registry, registry.standing(), "churn", 1, "staging")
    assert [waiver.person for waiver in facts.waivers] == ["ben"]
    with world.acting("ana") as registry, pytest.raises(RefusedError):
        waive(registry, "churn@1", Waiver(check="OWNER", reason="r", control="c", owner="ana", days=7))
