"""Lower levels only tighten: whatever a merged policy allows, the organisation's alone allows as well."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.records.decision import Question
from pressrun.records.facts import ApprovalFact, Fact, Facts, StatementFact
from pressrun.records.policy import Bounds, Change, Check, Origin, Policy
from pressrun.rules.policy.decide import decide
from pressrun.rules.policy.kinds import PARAMETERS
from pressrun.rules.policy.merge import merge, mode_on
from pressrun.rules.policy.read import read_policy

ORIGIN = Origin(policy="p 1", where="p.yaml:1")
NOW = "2026-06-01T12:00:00.000000+00:00"
LATER = "2026-12-01T12:00:00.000000+00:00"
NUMBERS = st.floats(-3, 3).map(lambda number: round(number, 1))
COUNTS = st.integers(0, 3)
VALUES = st.lists(st.sampled_from(["R1", "R2", "R3", "R4"]), min_size=1, unique=True).map(tuple)
ROLES = st.lists(st.sampled_from(["approver", "reviewer"]), min_size=1, unique=True).map(tuple)
BY_TYPE = {"number": NUMBERS, "count": COUNTS, "flag": st.booleans(), "values": VALUES, "texts": ROLES}
FACT_OF = {"each_at_least": "segments.*.auc", "one_of": "grade", "not_in": "grade", "custom": "custom.x",
           "approvals": "", "statement": "", "count_at_most": "items"}  # fmt: skip


@st.composite
def checks(draw, identity):
    """Draw a check of any kind, with bounds on some of its numbers."""
    kind = draw(st.sampled_from(sorted(PARAMETERS)))
    params = {name: draw(BY_TYPE[parameter.type]) for name, parameter in PARAMETERS[kind].items()}
    if kind == "within" and params["low"] > params["high"]:
        params["low"], params["high"] = params["high"], params["low"]
    may = {}
    for name, parameter in PARAMETERS[kind].items():
        if parameter.type in {"number", "count"} and draw(st.booleans()):
            ends = sorted([draw(NUMBERS), draw(NUMBERS)])
            may[name] = Bounds(low=draw(st.sampled_from([None, ends[0]])), high=draw(st.sampled_from([None, ends[1]])))
    return Check(
        id=identity, title="t", kind=kind, fact=FACT_OF.get(kind, "x"), params=params, team_may=may,
        tiers=draw(st.sampled_from([(), ("strategic",)])), environments=draw(st.sampled_from([(), ("production",)])),
        who=("approver",) if kind in {"statement", "judged"} else (), origin=ORIGIN,
        set_by=dict.fromkeys(PARAMETERS[kind], ORIGIN),
    )  # fmt: skip


@st.composite
def changes(draw, check):
    """Draw what a lower level sets: sometimes right, sometimes too loose, sometimes nonsense."""
    known = PARAMETERS[check.kind]
    names = draw(st.lists(st.sampled_from([*known, "nonsense"]), min_size=1, unique=True))
    values = {name: draw(BY_TYPE[known[name].type]) if name in known else 1 for name in names}
    return Change(id=check.id, params=values, origins=dict.fromkeys(names, ORIGIN), where="team.yaml:1")


MODES = st.dictionaries(
    st.sampled_from(["advise", "warn", "block"]), st.sampled_from(["2026-01-01", "2026-06-01", "2027-01-01"])
)


@st.composite
def levels(draw):
    """Draw an organisation's policy and those of up to three levels below."""
    own = [draw(checks(f"C-{number}")) for number in range(draw(st.integers(1, 3)))]
    organisation = Policy(name="org", version="1", level="organisation", checks=tuple(own), modes=draw(MODES))
    names = draw(st.lists(st.sampled_from(["business-unit", "team", "project"]), unique=True))
    return [organisation, *(draw(lower(name, own)) for name in names)]


@st.composite
def lower(draw, level, own):
    """Draw a lower level's policy: changes of some checks, and sometimes one of its own."""
    return Policy(
        name=level, version="1", level=level, modes=draw(MODES),
        changes=tuple(draw(changes(check)) for check in own if draw(st.booleans())),
        checks=tuple([draw(checks("X-1"))] if draw(st.booleans()) else []),
    )  # fmt: skip


@st.composite
def known_facts(draw):
    """Draw facts around the thresholds that policies ask for."""
    values = {
        "x": draw(st.one_of(NUMBERS, st.booleans(), st.none(), st.just(math.nan))),
        "x.low": draw(NUMBERS),
        "grade": draw(st.sampled_from(["R1", "R2", "R3", "R4"])),
        "items": draw(st.lists(st.just("i"), max_size=3)),
        "custom.x": draw(st.booleans()),
        "segments.n.auc": draw(NUMBERS), "segments.n.auc.n": draw(COUNTS), "segments.s.auc": draw(NUMBERS),
        "segments.s.n": draw(COUNTS),
    }  # fmt: skip
    kept = draw(st.sets(st.sampled_from(sorted(values))))
    approvals = [
        ApprovalFact(request="r", person=person, role=draw(st.sampled_from(["approver", "reviewer"])),
                     team=draw(st.sampled_from(["", "a", "b"])), made=NOW, expires=LATER)
        for person in draw(st.lists(st.sampled_from(["ben", "cleo", "dora"]), unique=True))
    ]  # fmt: skip
    said = [
        StatementFact(statement=check, check=check, answer=True, person="ben", role="approver",
                      made=draw(st.sampled_from([NOW, "2026-05-31T00:00:00.000000+00:00"])), expires=LATER, text="t")
        for check in draw(st.sets(st.sampled_from(["C-0", "C-1", "C-2", "X-1"])))
    ]  # fmt: skip
    return Facts(
        values={name: Fact(value=value, at=NOW) for name, value in values.items() if name in kept},
        approvals=tuple(approvals), statements=tuple(said), involved={"author": "ana"}, teams={"ana": "a"},
    )  # fmt: skip


QUESTIONS = st.builds(
    Question, name=st.just("churn"), number=st.just(1), environment=st.sampled_from(["production", "staging"]),
    tier=st.sampled_from(["strategic", "experiment"]), bundle=st.just("sha256:" + 64 * "a"), now=st.just(NOW),
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(levels(), known_facts(), QUESTIONS)
def test_what_the_merged_policy_allows_the_organisations_alone_allows(policies, known, question):
    merged, alone = merge(policies), merge(policies[:1])
    if not decide(alone, known, question).allowed:
        assert not decide(merged, known, question).allowed


@settings(max_examples=300, deadline=None)
@given(levels())
def test_no_parameter_is_looser_and_none_leaves_its_range(policies):
    merged = {check.id: check for check in merge(policies).checks}
    for check in policies[0].checks:
        now = merged[check.id]
        for name, parameter in PARAMETERS[check.kind].items():
            old, new = check.params[name], now.params[name]
            if parameter.direction == "up":
                assert new >= old
            elif parameter.direction == "down":
                assert new <= old
            elif parameter.direction == "fewer":
                assert not old or set(new) <= set(old)
            else:
                assert set(new) >= set(old)
            bounds = check.team_may.get(name)
            if bounds is not None and new != old:
                assert bounds.low is None or new >= bounds.low
                assert bounds.high is None or new <= bounds.high


@settings(max_examples=300, deadline=None)
@given(levels(), st.sampled_from(["2025-01-01", "2026-01-01", "2026-03-01", "2026-06-01", "2026-12-31", "2028-01-01"]))
def test_on_no_day_a_lower_level_softens_what_a_refusal_does(policies, day):
    order = ["advise", "warn", "block"]
    merged, own = merge(policies).modes, policies[0].modes
    assert order.index(mode_on(merged, day)) >= order.index(mode_on(own, day))


ORG = """\
policy: acme
version: "2026.11.3"
level: organisation
checks:
  - id: AUC
    title: Is it good enough?
    kind: at_least
    fact: metrics.auc
    value: 0.78
    team_may: {value: [0.78, null]}
"""
TEAM = 'policy: team\nversion: "1"\nlevel: team\nchecks:\n'


def test_an_override_outside_the_range_is_refused_with_file_line_and_range():
    team = read_policy(TEAM + "  - {id: AUC, value: 0.7}\n", "team.yaml")
    merged = merge([read_policy(ORG, "policy.yaml"), team])
    assert [str(refusal) for refusal in merged.refusals] == [
        "team.yaml:5: AUC.value=0.7 outside [0.78, -] allowed by acme 2026.11.3 (policy.yaml:9); 0.78 stays in force"
    ]
    assert merged.checks[0].params["value"] == 0.78


def test_an_override_inside_the_range_is_taken_over_and_says_who_set_it():
    team = read_policy(TEAM + "  - {id: AUC, value: 0.82}\n", "team.yaml")
    check = merge([team, read_policy(ORG, "policy.yaml")]).checks[0]
    assert (check.params["value"], str(check.set_by["value"])) == (0.82, "team 1 (team.yaml:5)")


def test_a_lower_level_can_neither_replace_nor_miss_a_check():
    same = read_policy(TEAM + "  - {id: AUC, title: t, kind: is_true, fact: x}\n", "team.yaml")
    absent = read_policy(TEAM + "  - {id: GONE, value: 1}\n", "team.yaml")
    org = read_policy(ORG, "policy.yaml")
    assert "already asks 'AUC'" in str(merge([org, same]).refusals[0])
    assert "no level above has a check 'GONE'" in str(merge([org, absent]).refusals[0])
    assert merge([org, same]).checks[0].kind == "at_least"


def test_any_byte_of_any_level_changes_the_digest_and_the_files_name_does_not():
    team = TEAM + "  - {id: AUC, value: 0.82}\n"
    texts = [(ORG, team), (ORG.replace("Is it", "Was it"), team), (ORG + "# a remark\n", team), (ORG, team + "\n")]
    digests = {merge([read_policy(org, "o.yaml"), read_policy(low, "t.yaml")]).digest for org, low in texts}
    assert len(digests) == len(texts)
    assert merge([read_policy(ORG, "o.yaml")]).digest == merge([read_policy(ORG, "elsewhere.yaml")]).digest


def test_a_lower_level_opens_no_environment_that_the_organisation_does_not_mention():
    org = read_policy(ORG.replace("    value:", "    environments: [production]\n    value:"), "policy.yaml")
    easy = read_policy(TEAM + "  - {id: EASY, title: t, kind: required, fact: x}\n", "team.yaml")
    known = Facts(values={"x": Fact(value="y"), "metrics.auc": Fact(value=0.9)})
    there = Question(name="c", number=1, environment="staging", tier="strategic", bundle="sha256:" + 64 * "a", now=NOW)
    allowed = [
        decide(merge([org, easy]), known, msgspec.structs.replace(there, environment=environment)).allowed
        for environment in ("staging", "production")
    ]
    assert allowed == [False, True]


def test_one_policy_a_level():
    org = read_policy(ORG, "policy.yaml")
    for wrong in ([], [org, org]):
        with pytest.raises(ValueError, match="one policy of each level"):
            merge(wrong)
