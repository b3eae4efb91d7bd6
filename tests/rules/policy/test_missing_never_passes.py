"""Whatever is taken away from what is known, nothing becomes allowed that was not."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.records.decision import Question
from pressrun.records.facts import ApprovalFact, Fact, Facts, StatementFact, WaiverFact
from pressrun.rules.policy.decide import decide
from pressrun.rules.policy.merge import merge
from pressrun.rules.policy.read import read_policy

NOW = "2026-06-01T12:00:00.000000+00:00"
MADE = "2026-05-20T12:00:00.000000+00:00"
LATER = "2026-07-01T12:00:00.000000+00:00"
POLICY = merge([read_policy("""\
policy: acme
version: "1"
checks:
  - {id: OWNER, title: t, kind: required, fact: version.owner}
  - {id: LOCK, title: t, kind: is_true, fact: lock.hashes}
  - {id: AUC, title: t, kind: at_least, fact: metrics.auc, value: 0.7, lower_end: true}
  - {id: MAE, title: t, kind: at_most, fact: metrics.mae, value: 3}
  - {id: SHARE, title: t, kind: within, fact: metrics.share, low: 0.1, high: 0.9}
  - {id: SEGMENTS, title: t, kind: each_at_least, fact: "segments.*.auc", value: 0.6, min_n: 30, min_segments: 2}
  - {id: GRADE, title: t, kind: one_of, fact: replay.grade, values: [R3, R4]}
  - {id: LICENCES, title: t, kind: not_in, fact: licences, values: [GPL]}
  - {id: FINDINGS, title: t, kind: count_at_most, fact: findings, value: 0}
  - {id: FRESH, title: t, kind: fresh, fact: replay.grade, max_age_days: 30}
  - {id: PURPOSE, title: t, kind: statement, who: [author]}
  - {id: FAIR, title: t, kind: judged, fact: fairness, who: [reviewer]}
  - {id: OURS, title: t, kind: custom, fact: custom.ours}
  - {id: EARLY, title: t, kind: is_true, fact: canary.done}
  - {id: PEOPLE, title: t, kind: approvals, count: 2, other_team: 1, roles: [approver]}
""", "acme.yaml")])  # fmt: skip
QUESTION = Question(
    name="churn", number=3, environment="production", tier="strategic", bundle="sha256:" + 64 * "a", now=NOW
)


def _said(check, role):
    return StatementFact(statement=check, check=check, answer=True, person="dora", role=role, made=MADE, expires=LATER,
                         text="sha256:" + 64 * "b")  # fmt: skip


def _approval(person, team):
    return ApprovalFact(request="r", person=person, role="approver", team=team, made=MADE, expires=LATER)


GOOD = Facts(
    values={
        "version.owner": Fact(value="ana"), "lock.hashes": Fact(value=True), "metrics.auc": Fact(value=0.9),
        "metrics.auc.low": Fact(value=0.8), "metrics.mae": Fact(value=2.0), "metrics.share": Fact(value=0.5),
        "segments.n.auc": Fact(value=0.8), "segments.n.auc.n": Fact(value=50), "segments.s.auc": Fact(value=0.7),
        "segments.s.auc.n": Fact(value=60), "replay.grade": Fact(value="R4", at=MADE), "licences": Fact(value=["MIT"]),
        "findings": Fact(value=[]), "fairness": Fact(value=0.1), "custom.ours": Fact(value=True),
    },
    statements=(_said("PURPOSE", "author"), _said("FAIR", "reviewer")),
    waivers=(WaiverFact(waiver="w", check="EARLY", person="ben", owner="ben", reason="r", control="c", made=MADE,
                        expires=LATER),),
    approvals=(_approval("ben", "risk"), _approval("cleo", "science")),
    involved={"author": "ana"}, teams={"ana": "science"},
)  # fmt: skip


def _allowed(raw):
    return decide(POLICY, msgspec.convert(raw, Facts), QUESTION).allowed


def _paths(value, path=()):
    """Yield the path of everything in nested data."""
    for key, below in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(below, dict | list):
            yield from _paths(below, (*path, key))


def _without(value, path):
    copy = msgspec.json.decode(msgspec.json.encode(value))
    place = copy
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return copy


RAW = msgspec.to_builtins(GOOD)
# the requester's or committer's part is a bar, not evidence, and comes from the journal's own entries: without it one
# person less is barred. The author's is never missing, nor may a team be. Text for the reader decides nothing.
WORDS = {"note", "evidence", "gaps", "problem", "problem_kind", "unsigned", "request"}


def test_the_facts_that_the_next_tests_take_apart_are_allowed():
    assert _allowed(RAW)


def test_taking_away_any_field_of_any_evidence_is_never_allowed_or_changes_nothing_that_is_judged():
    survived = []
    for path in _paths(RAW):
        try:
            allowed = _allowed(_without(RAW, path))
        except msgspec.ValidationError:
            continue  # not even a record any more
        if allowed and path[-1] not in WORDS:
            survived.append(path)
    assert survived == []


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_taking_anything_away_from_what_is_refused_never_allows_it(data):
    raw = RAW
    for _ in range(data.draw(st.integers(1, 6))):
        paths = list(_paths(raw))
        if not paths:
            return
        path = data.draw(st.sampled_from(paths))
        without = _without(raw, path)
        try:
            before, after = _allowed(raw), _allowed(without)
        except msgspec.ValidationError:
            return
        assert before or not after
        raw = without
