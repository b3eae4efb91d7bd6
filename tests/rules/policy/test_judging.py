"""What each kind of check finds: pass, fail, or unknown, which never passes."""

import math

import pytest

from pressrun.records.facts import Fact
from pressrun.rules.policy.decide import NOTHING_ASKED, decide

AUC = "id: A, title: t, kind: at_least, fact: metrics.auc, value: 0.8"
LOWER = AUC + ", lower_end: true"
ANY = "id: A, title: t, kind: each_at_least, fact: 'segments.*.auc', value: 0.7, min_n: 30"
EACH = f"{ANY}, min_segments: 2"
KINDS = [
    ("id: A, title: t, kind: required, fact: x", {"x": "ana"}, "pass"),
    ("id: A, title: t, kind: required, fact: x", {"x": 0}, "pass"),
    ("id: A, title: t, kind: required, fact: x", {"x": False}, "pass"),
    ("id: A, title: t, kind: required, fact: x", {"x": ""}, "unknown"),
    ("id: A, title: t, kind: required, fact: x", {"x": None}, "unknown"),
    ("id: A, title: t, kind: required, fact: x", {}, "unknown"),
    ("id: A, title: t, kind: required, fact: x", {"x": math.nan}, "unknown"),
    ("id: A, title: t, kind: required, fact: x", {"x": "  "}, "unknown"),
    ("id: A, title: t, kind: required, fact: x", {"x": [None, ""]}, "unknown"),
    ("id: A, title: t, kind: required, fact: x", {"x": [None, "a"]}, "pass"),
    ("id: A, title: t, kind: is_true, fact: x", {"x": True}, "pass"),
    ("id: A, title: t, kind: is_true, fact: x", {"x": False}, "fail"),
    ("id: A, title: t, kind: is_true, fact: x", {"x": 1}, "unknown"),
    ("id: A, title: t, kind: is_true, fact: x", {"x": "true"}, "unknown"),
    (AUC, {"metrics.auc": 0.8}, "pass"),
    (AUC, {"metrics.auc": 0.79}, "fail"),
    (AUC, {"metrics.auc": True}, "unknown"),
    (AUC, {"metrics.auc": "0.9"}, "unknown"),
    (AUC, {"metrics.auc": math.nan}, "unknown"),
    (AUC, {"metrics.auc": math.inf}, "unknown"),
    (AUC, {"metrics.auc.low": 0.9}, "unknown"),
    (LOWER, {"metrics.auc": 0.9, "metrics.auc.low": 0.81}, "pass"),
    (LOWER, {"metrics.auc": 0.9, "metrics.auc.low": 0.79}, "fail"),
    (LOWER, {"metrics.auc": 0.9}, "unknown"),
    (LOWER, {"metrics.auc.low": 0.9}, "unknown"),
    (LOWER, {"metrics.auc": 0.7, "metrics.auc.low": 0.9}, "fail"),
    (LOWER, {"metrics.auc": 0.9, "metrics.auc.low": math.nan}, "unknown"),
    ("id: A, title: t, kind: at_most, fact: x, value: 5", {"x": 5}, "pass"),
    ("id: A, title: t, kind: at_most, fact: x, value: 5", {"x": 5.1}, "fail"),
    ("id: A, title: t, kind: within, fact: x, low: 1, high: 2", {"x": 1}, "pass"),
    ("id: A, title: t, kind: within, fact: x, low: 1, high: 2", {"x": 0.9}, "fail"),
    ("id: A, title: t, kind: within, fact: x, low: 1, high: 2", {"x": 2.1}, "fail"),
    ("id: A, title: t, kind: one_of, fact: x, values: [R3, R4]", {"x": "R3"}, "pass"),
    ("id: A, title: t, kind: one_of, fact: x, values: [R3, R4]", {"x": "R2"}, "fail"),
    ("id: A, title: t, kind: one_of, fact: x, values: [1]", {"x": True}, "unknown"),
    ("id: A, title: t, kind: one_of, fact: x, values: [R3, R4]", {"x": 3}, "unknown"),
    ("id: A, title: t, kind: one_of, fact: x, values: [R3, R4]", {"x": ["R3"]}, "unknown"),
    ("id: A, title: t, kind: one_of, fact: x, values: [1]", {"x": 1.0}, "pass"),
    ("id: A, title: t, kind: not_in, fact: x, values: [GPL]", {"x": ["MIT", "GPL"]}, "fail"),
    ("id: A, title: t, kind: not_in, fact: x, values: [GPL]", {"x": ["MIT"]}, "pass"),
    ("id: A, title: t, kind: not_in, fact: x, values: [GPL]", {}, "unknown"),
    ("id: A, title: t, kind: not_in, fact: x, values: [GPL]", {"x": math.nan}, "unknown"),
    ("id: A, title: t, kind: not_in, fact: x, values: [GPL]", {"x": ["MIT", None]}, "unknown"),
    ("id: A, title: t, kind: not_in, fact: x, values: [GPL]", {"x": ["GPL", None]}, "fail"),
    ("id: A, title: t, kind: not_in, fact: x, values: [GPL]", {"x": True}, "unknown"),
    ("id: A, title: t, kind: count_at_most, fact: x, value: 0", {"x": []}, "pass"),
    ("id: A, title: t, kind: count_at_most, fact: x, value: 0", {"x": ["a"]}, "fail"),
    ("id: A, title: t, kind: count_at_most, fact: x, value: 1", {"x": 1}, "pass"),
    ("id: A, title: t, kind: count_at_most, fact: x, value: 0", {"x": None}, "unknown"),
    ("id: A, title: t, kind: custom, fact: custom.ours", {"custom.ours": True}, "pass"),
    ("id: A, title: t, kind: custom, fact: custom.ours", {"custom.ours": False}, "fail"),
    ("id: A, title: t, kind: custom, fact: custom.ours", {}, "unknown"),
    (EACH, {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.auc": 0.9, "segments.s.auc.n": 40}, "pass"),
    (EACH, {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.auc": 0.6, "segments.s.auc.n": 40}, "fail"),
    (EACH, {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.auc": 0.6, "segments.s.auc.n": 4}, "unknown"),
    (EACH, {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.auc": 0.9}, "unknown"),
    (EACH, {"segments.n.auc": 0.7, "segments.n.auc.n": 30}, "unknown"),
    (EACH, {}, "unknown"),
    (ANY, {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.n": 40}, "unknown"),
    (EACH, {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.auc": 0.9, "segments.s.n": 40}, "unknown"),
    (
        EACH,
        {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.auc": 0.9, "segments.s.auc.n": math.inf},
        "unknown",
    ),
    (EACH, {"segments.n.auc": 0.7, "segments.n.auc.n": 30, "segments.s.auc": None, "segments.s.auc.n": 40}, "unknown"),
]


@pytest.mark.parametrize(("check", "values", "outcome"), KINDS)
def test_a_check_finds(kit, check, values, outcome):
    decision = decide(kit.policy(check), kit.facts(values), kit.question())
    assert (decision.findings[0].outcome, decision.allowed) == (outcome, outcome == "pass")


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        ("2026-05-30T12:00:00.000000+00:00", "pass"),
        ("2026-01-01T12:00:00.000000+00:00", "unknown"),
        ("", "unknown"),
        ("yesterday", "unknown"),
        ("2026-06-02T06:00:00.000000+00:00", "pass"),
        ("2036-06-01T12:00:00.000000+00:00", "unknown"),
    ],
)
def test_what_was_seen_too_long_ago_is_unknown(kit, at, outcome):
    policy = kit.policy("id: A, title: t, kind: fresh, fact: replay.completed, max_age_days: 30")
    decision = decide(policy, kit.facts({"replay.completed": Fact(value=True, at=at)}), kit.question())
    assert decision.findings[0].outcome == outcome


def test_what_was_seen_not_to_hold_fails_however_fresh_it_is(kit):
    policy = kit.policy("id: A, title: t, kind: fresh, fact: x, max_age_days: 30")
    decision = decide(policy, kit.facts({"x": Fact(value=False, at=kit.NOW)}), kit.question())
    assert decision.findings[0].outcome == "fail"


STATEMENTS = [
    ({}, "pass"),
    ({"answer": False}, "fail"),
    ({"expires": "2026-05-31T00:00:00.000000+00:00"}, "unknown"),
    ({"expires": ""}, "unknown"),
    ({"made": "2024-01-01T00:00:00.000000+00:00"}, "unknown"),
    ({"role": "viewer"}, "unknown"),
    ({"role": "viewer,approver"}, "pass"),
    ({"check": "B"}, "unknown"),
]


@pytest.mark.parametrize(("changed", "outcome"), STATEMENTS)
def test_a_statement_counts_only_while_it_holds_and_by_whom_it_has_to_be(kit, changed, outcome):
    policy = kit.policy("id: A, title: t, kind: statement, who: [approver]")
    said = kit.statement(**{"check": "A", **changed})
    assert decide(policy, kit.facts(statements=(said,)), kit.question()).findings[0].outcome == outcome


def test_the_newest_statement_holds(kit):
    policy = kit.policy("id: A, title: t, kind: statement, who: [approver]")
    yes = kit.statement("A", statement="1")
    no = kit.statement("A", statement="2", answer=False, made="2026-05-02T12:00:00.000000+00:00")
    for said in ((yes, no), (no, yes)):
        assert decide(policy, kit.facts(statements=said), kit.question()).findings[0].outcome == "fail"


def test_of_two_statements_at_the_same_time_the_later_entry_holds(kit):
    policy = kit.policy("id: A, title: t, kind: statement, who: [approver]")
    yes, no = kit.statement("A", statement="1"), kit.statement("A", statement="2", answer=False)
    outcomes = [decide(policy, kit.facts(statements=s), kit.question()).allowed for s in ((yes, no), (no, yes))]
    assert outcomes == [False, True]


def test_a_yes_does_not_come_back_when_a_newer_no_expires(kit):
    policy = kit.policy("id: A, title: t, kind: statement, who: [approver]")
    yes = kit.statement("A", statement="1")
    no = kit.statement("A", statement="2", answer=False, made="2026-05-02T12:00:00.000000+00:00",
                       expires="2026-05-20T12:00:00.000000+00:00")  # fmt: skip
    finding = decide(policy, kit.facts(statements=(yes, no)), kit.question()).findings[0]
    assert finding.outcome == "unknown"


def test_somebody_whose_word_does_not_count_takes_nothing_back(kit):
    policy = kit.policy("id: A, title: t, kind: statement, who: [approver]")
    no = kit.statement("A", statement="2", answer=False, role="viewer", made="2026-05-02T12:00:00.000000+00:00")
    assert decide(policy, kit.facts(statements=(kit.statement("A"), no)), kit.question()).allowed


@pytest.mark.parametrize(
    ("values", "said", "outcome"),
    [
        ({"x": 3}, True, "pass"),
        ({"x": 3}, False, "unknown"),
        ({"x": False}, True, "fail"),
        ({"x": math.nan}, True, "unknown"),
        ({}, True, "unknown"),
    ],
)
def test_a_judged_check_needs_both_the_value_and_the_person(kit, values, said, outcome):
    policy = kit.policy("id: A, title: t, kind: judged, fact: x, who: [approver]")
    statements = (kit.statement("A"),) if said else ()
    assert decide(policy, kit.facts(values, statements=statements), kit.question()).findings[0].outcome == outcome


APPROVALS = [
    ((("ben", {}), ("cleo", {})), "pass"),
    ((("ben", {}),), "fail"),
    ((("ben", {}), ("ben", {})), "fail"),
    ((("ben", {}), ("ana", {})), "fail"),
    ((("ben", {}), ("cleo", {"problem": "its signature is wrong"})), "fail"),
    ((("ben", {}), ("cleo", {"problem_kind": "signature"})), "fail"),
    ((("ben", {}), ("cleo", {"expires": "2026-05-31T00:00:00.000000+00:00"})), "fail"),
    ((("ben", {}), ("cleo", {"expires": ""})), "fail"),
    ((("ben", {}), ("cleo", {"role": "reviewer"})), "fail"),
    ((("ben", {}), ("cleo", {"made": "2026-04-01T00:00:00.000000+00:00"})), "fail"),
    ((("ben", {}), ("cleo", {"made": ""})), "fail"),
    ((("ben", {}), ("", {})), "fail"),
    ((("ben", {"team": "science"}), ("cleo", {"team": "science"})), "fail"),
    ((("ben", {"team": "science"}), ("cleo", {})), "pass"),
    ((("ben", {"team": ""}), ("cleo", {"team": ""})), "fail"),
]


@pytest.mark.parametrize(("given", "outcome"), APPROVALS)
def test_two_other_people_have_to_approve_one_of_another_team(kit, given, outcome):
    asked = "count: 2, other_team: 1, roles: [approver], max_age_days: 40"
    policy = kit.policy(f"id: A, title: t, kind: approvals, {asked}")
    approvals = tuple(kit.approval(person, **changed) for person, changed in given)
    assert decide(policy, kit.facts(approvals=approvals), kit.question()).findings[0].outcome == outcome


def test_nobody_is_of_another_team_where_the_authors_team_is_not_known(kit):
    policy = kit.policy("id: A, title: t, kind: approvals, count: 1, other_team: 1, max_age_days: 40")
    known = kit.facts(approvals=(kit.approval("ben"),))
    unknown = type(known)(approvals=known.approvals, involved=known.involved)
    outcomes = [decide(policy, found, kit.question()).allowed for found in (known, unknown)]
    assert outcomes == [True, False]


def test_nobody_is_another_person_where_it_is_not_known_who_wrote_it(kit):
    policy = kit.policy("id: A, title: t, kind: approvals, count: 1, max_age_days: 40")
    known = kit.facts(approvals=(kit.approval("ben"),))
    unknown = type(known)(approvals=known.approvals)
    outcomes = [decide(policy, found, kit.question()).findings[0].outcome for found in (known, unknown)]
    assert outcomes == ["pass", "unknown"]


def test_a_part_of_those_involved_without_a_team_is_enough_not_to_know_another_team(kit):
    policy = kit.policy("id: A, title: t, kind: approvals, count: 1, other_team: 1, max_age_days: 40")
    known = kit.facts(approvals=(kit.approval("ben"),))
    more = type(known)(approvals=known.approvals, involved={"author": "ana", "committer": "x@y"}, teams=known.teams)
    finding = decide(policy, more, kit.question()).findings[0]
    assert (finding.outcome, "the team of x@y is not known" in finding.observed) == ("fail", True)


WAIVERS = [
    ({}, True),
    ({"expires": "2026-05-31T00:00:00.000000+00:00"}, False),
    ({"expires": ""}, False),
    ({"check": "B"}, False),
    ({"owner": " "}, False),
    ({"control": ""}, False),
    ({"reason": ""}, False),
    ({"person": "ana"}, False),
]


@pytest.mark.parametrize(("changed", "waived"), WAIVERS)
def test_a_waiver_holds_while_it_lasts_and_somebody_else_gave_it(kit, changed, waived):
    waiver = kit.waiver(**{"check": "A", **changed})
    decision = decide(kit.policy(AUC), kit.facts(waivers=(waiver,)), kit.question())
    assert (decision.findings[0].outcome == "waived", decision.allowed) == (waived, waived)


@pytest.mark.parametrize("check", [AUC + ", waivable: false", "id: A, title: t, kind: approvals, count: 1"])
def test_some_checks_cannot_be_waived(kit, check):
    assert not decide(kit.policy(check), kit.facts(waivers=(kit.waiver("A"),)), kit.question()).allowed


@pytest.mark.parametrize(("days", "waived"), [(32, True), (31, False), (0.5, False)])
def test_a_waiver_holds_no_longer_than_the_check_allows(kit, days, waived):
    policy = kit.policy(AUC + f", waiver_days: {days}")
    assert decide(policy, kit.facts(waivers=(kit.waiver("A"),)), kit.question()).allowed == waived


def test_a_policy_that_asks_nothing_here_does_not_allow(kit):
    for policy in (kit.policy(AUC + ", environments: [staging]"), kit.policy(AUC + ", tiers: [experiment]")):
        decision = decide(policy, kit.facts({"metrics.auc": 0.9}), kit.question())
        assert ([f.check for f in decision.findings], decision.allowed) == ([NOTHING_ASKED], False)


MODES = [("2025-12-31", "advise"), ("2026-01-15", "advise"), ("2026-02-15", "warn"), ("2026-03-15", "block")]


@pytest.mark.parametrize(("day", "mode"), MODES)
def test_a_mode_begins_on_its_day(kit, day, mode):
    modes = "modes: {advise: '2026-01-01', warn: '2026-02-01', block: '2026-03-01'}\nchecks:\n"
    policy = kit.policy(AUC, head=kit.HEAD.replace("checks:\n", modes))
    decision = decide(policy, kit.facts(), kit.question(now=f"{day}T00:00:00.000000+00:00"))
    assert (decision.mode, decision.allowed, decision.binding) == (mode, False, mode != "block")


def test_each_row_says_who_set_it_what_is_asked_and_how_to_fix_it(kit):
    policy = kit.policy(AUC + ", fix: 'train {version} for {environment} again'")
    finding = decide(policy, kit.facts({"metrics.auc": 0.7}), kit.question()).findings[0]
    assert (finding.set_by, finding.required, finding.observed, finding.fix) == (
        "acme 1 (acme.yaml:5)", "at least 0.8", "0.7", "train churn@3 for production again",
    )  # fmt: skip


def test_the_verdict_stays_the_same_from_one_day_to_the_next(kit):
    policy = kit.policy("id: A, title: t, kind: fresh, fact: x, max_age_days: 30")
    known = kit.facts({"x": Fact(value=True, at=kit.PAST)})
    days = ("2026-05-02T12:00:00.000000+00:00", "2026-05-20T12:00:00.000000+00:00")
    verdicts = {decide(policy, known, kit.question(now=day)).verdict for day in days}
    assert len(verdicts) == 1


def test_approvals_do_not_change_the_verdict_that_they_bind(kit):
    policy = kit.policy(AUC, "id: B, title: t, kind: approvals, count: 1, max_age_days: 40")
    without = decide(policy, kit.facts({"metrics.auc": 0.9}), kit.question())
    having = decide(policy, kit.facts({"metrics.auc": 0.9}, approvals=(kit.approval("ben"),)), kit.question())
    assert (without.verdict, without.allowed, having.allowed) == (having.verdict, False, True)


def test_what_was_seen_and_what_is_asked_changes_the_verdict(kit):
    seen = [
        decide(kit.policy(AUC), kit.facts({"metrics.auc": 0.9}), kit.question()).verdict,
        decide(kit.policy(AUC), kit.facts({"metrics.auc": 0.91}), kit.question()).verdict,
        decide(kit.policy(AUC.replace("0.8", "0.81")), kit.facts({"metrics.auc": 0.9}), kit.question()).verdict,
        decide(kit.policy(AUC), kit.facts({"metrics.auc": Fact(value=0.9, evidence=("e",))}), kit.question()).verdict,
        decide(kit.policy(AUC), kit.facts(waivers=(kit.waiver("A"),)), kit.question()).verdict,
        decide(kit.policy(AUC), kit.facts(waivers=(kit.waiver("A", waiver="v"),)), kit.question()).verdict,
    ]
    assert len(set(seen)) == len(seen)
