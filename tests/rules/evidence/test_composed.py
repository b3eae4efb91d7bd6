"""A composed fact is as good as its worst part, and a missing part never looks good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.records.decision import Question
from pressrun.records.facts import Fact, Facts, WaiverFact
from pressrun.rules.evidence.composed import PARTS, completed, compose
from pressrun.rules.evidence.names import producer

NOW = "2026-06-01T12:00:00+00:00"
ALL_PARTS = sorted({part for parts in PARTS.values() for part in parts})
values_of_parts = st.dictionaries(st.sampled_from(ALL_PARTS), st.sampled_from([True, False, "3.11.7", "", 3, None]))


def question(tier: str = "experiment") -> Question:
    return Question(name="churn", number=1, environment="production", tier=tier, bundle="sha256:" + 64 * "0", now=NOW)


def facts(**said: object) -> Facts:
    return Facts(values={name.replace("__", "."): Fact(value=value, evidence=("e",)) for name, value in said.items()})


def waiver(name: str, expires: str) -> WaiverFact:
    return WaiverFact(
        waiver=name, check="RP-7", person="ada", owner="ada", reason="r", control="c", made=NOW, expires=expires
    )


@pytest.mark.parametrize(
    ("clean", "pushed", "reviewed", "expected"),
    [
        (True, True, True, True),
        (False, None, None, False),
        (True, None, None, None),
        (None, None, None, None),
        (True, True, False, False),
        (True, True, None, None),
        (True, True, 1, False),
    ],
)
def test_a_composed_fact_is_true_false_or_unknown_as_its_parts_are(clean, pushed, reviewed, expected):
    parts = {"code.clean": clean, "code.pushed": pushed, "code.reviewed": reviewed}
    said = {name: Fact(value=value) for name, value in parts.items() if value is not None}
    values, gaps = compose(said, {"code.pushed": "nobody asked"})
    assert expected == (values["code.trusted"].value if "code.trusted" in values else None)
    assert ("code.trusted" in gaps) == (expected is None)
    if expected is None and pushed is None:
        assert "code.pushed: nobody asked" in gaps["code.trusted"]


@given(values_of_parts, st.sampled_from(ALL_PARTS))
def test_leaving_a_part_out_never_makes_a_composed_fact_true(parts, left_out):
    said = {name: Fact(value=value) for name, value in parts.items()}
    before, _ = compose(said, {})
    after, _ = compose({name: fact for name, fact in said.items() if name != left_out}, {})
    for name in PARTS:
        if name in after and after[name].value is True:
            assert name in before
            assert before[name].value is True


@given(values_of_parts)
def test_composing_twice_gives_what_composing_once_gives(parts):
    once = compose({name: Fact(value=value) for name, value in parts.items()}, {})
    assert once == compose(*once)


def test_a_composed_fact_that_somebody_wrote_in_is_made_anew():
    values, gaps = compose({"code.trusted": Fact(value=True)}, {})
    assert "code.trusted" not in values
    assert "code.clean" in gaps["code.trusted"]


def test_parts_are_pinned_without_models_where_there_are_none():
    said = {"lock.hashes": Fact(value=True), "sbom.complete": Fact(value=True), "models.count": Fact(value=0)}
    assert compose(said, {})[0]["parts.pinned"].value is True
    said["models.count"] = Fact(value=1)
    assert "parts.pinned" not in compose(said, {})[0]


def test_a_composed_fact_is_as_old_as_its_oldest_part():
    said = {"lock.hashes": Fact(value=True, at="2026-02-01"), "lock.python": Fact(value="3.11", at="2026-01-01")}
    said["environment.os"] = Fact(value="Linux")
    assert compose(said, {})[0]["environment.locked"].at == "2026-01-01"


@pytest.mark.parametrize(
    ("tier", "said", "answered"),
    [
        ("experiment", {"version__owner": "ada"}, True),
        ("experiment", {}, False),
        ("experiment", {"version__deputy": "bob"}, False),
        ("strategic", {"version__owner": "ada"}, False),
        ("strategic", {"version__owner": "ada", "version__deputy": "ada"}, False),
        ("strategic", {"version__owner": "ada", "version__deputy": "bob"}, True),
        ("critical", {"version__owner": "ada"}, False),
    ],
)
def test_a_strategic_version_is_answered_for_by_two_people(tier, said, answered):
    found = completed(facts(**said), question(tier))
    assert answered == ("version.answered_for" in found.values)
    assert answered == ("version.answered_for" not in found.gaps)


def replayed(same: object, at: str) -> Fact:
    return Fact(value=same, at=at, evidence=(at,))


@pytest.mark.parametrize(
    ("registered", "since", "seen_at"),
    [
        (replayed(True, "2026-05-01"), None, "2026-05-01"),
        (replayed(True, "2026-05-01"), replayed(True, "2026-05-09"), "2026-05-09"),
        (replayed(True, "2026-05-10"), replayed(True, "2026-05-09"), "2026-05-10"),
        (replayed(False, "2026-05-01"), replayed(True, "2026-05-09"), "2026-05-09"),
        (replayed(True, "2026-05-01"), replayed(False, "2026-05-09"), None),
        (replayed(False, "2026-05-10"), replayed(True, "2026-05-09"), None),
        (replayed(True, "2026-05-09"), replayed(False, "2026-05-09T00:00:00Z"), None),
        (replayed("yes", "2026-05-01"), None, None),
        (replayed(True, ""), None, None),
        (replayed(True, "2026-05-01"), replayed(True, "soon"), None),
        (None, replayed(True, "2026-05-09"), None),
        (None, None, None),
    ],
)
def test_a_result_is_confirmed_by_the_newest_comparison_alone(registered, since, seen_at):
    said = {"replay.same": registered, "replay.latest.same": since}
    known = Facts(values={name: fact for name, fact in said.items() if fact is not None})
    found = completed(known, question())
    fact = found.values.get("replay.confirmed")
    assert seen_at == (None if fact is None else fact.at)
    assert ("replay.confirmed" in found.gaps) == (seen_at is None)


def test_waivers_count_as_long_as_they_hold():
    ends = {"a": "2026-06-01T12:00:00Z", "b": "2026-06-01T15:00:00+02:00", "c": "2026-07-01", "d": "never"}
    waivers = tuple(waiver(name, end) for name, end in ends.items())
    found = completed(Facts(waivers=waivers), question()).values["waivers.count"]
    assert (found.value, found.evidence) == (3, ("b", "c", "d"))


def test_every_composed_fact_and_every_part_has_a_name():
    assert [name for name in (*PARTS, *ALL_PARTS) if not producer(name)] == []
