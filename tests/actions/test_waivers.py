"""A waiver that would not count is refused, so that nothing looks waived that is not."""

import pytest

from pressrun.actions.decide import check
from pressrun.actions.state import Waiver, waive
from pressrun.errors import RefusedError
from pressrun.testing.worlds import POLICY, RegistryWorld

POLICY_WITH_FLOORS = f"""{POLICY}\
  - id: AUC
    title: Is it good enough?
    kind: at_least
    fact: metrics.auc
    value: 0.7
  - id: BIAS
    title: Is it fair enough?
    kind: at_least
    fact: metrics.fairness
    value: 0.7
    waivable: false
"""


@pytest.fixture
def world(tmp_path):
    world = RegistryWorld(tmp_path).build(POLICY_WITH_FLOORS)
    world.register("one")
    return world


def waiver_of(name):
    return Waiver(check=name, reason="a pilot", control="a person looks", owner="ben", days=3)


def outcome_of(registry, name):
    return next(f.outcome for f in check(registry, "churn@1", "production").findings if f.check == name)


def test_somebody_else_waives_what_may_be_waived_and_it_counts(world):
    with world.acting("dora") as registry:
        waive(registry, "churn@1", waiver_of("AUC"))
        assert outcome_of(registry, "AUC") == "waived"


@pytest.mark.parametrize(
    ("person", "name", "what"),
    [
        ("ben", "APPROVED", "approvals cannot be waived"),
        ("ben", "BIAS", "BIAS cannot be waived"),
        ("ana", "AUC", "ana is the author of churn@1 and cannot waive its checks"),
    ],
)
def test_what_would_not_count_is_refused_and_not_recorded(world, person, name, what):
    with world.acting(person) as registry:
        head = registry.journal.head()
        with pytest.raises(RefusedError, match=what):
            waive(registry, "churn@1", waiver_of(name))
        assert registry.journal.head() == head
        assert outcome_of(registry, name) != "waived"


def test_a_waiver_longer_than_the_policy_allows_is_refused(tmp_path):
    limited = POLICY.replace("fact: version.owner\n", "fact: version.owner\n    waiver_days: 7\n")
    world = RegistryWorld(tmp_path).build(limited)
    world.register("one")
    with world.acting("ben") as registry:
        with pytest.raises(RefusedError, match="for 7 days at most"):
            waive(registry, "churn@1", Waiver(check="OWNER", reason="r", control="c", owner="ben", days=8))
        done = waive(registry, "churn@1", Waiver(check="OWNER", reason="r", control="c", owner="ben", days=7))
    assert done.check == "OWNER"
