import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.records.entries import Draft, Entry, decode_entry, encode_entry
from pressrun.records.events import (
    Deployed,
    DeployFailed,
    DeployRequested,
    Described,
    Registered,
    Revoked,
    RolledBack,
    RunRecorded,
)
from pressrun.records.metric import Metric
from pressrun.rules.journal_index import LONGEST_KEY, LONGEST_TEXT, IndexRow, rows_of

DIGEST = "sha256:" + "0" * 64
TIME = "2026-08-03T14:00:00.500000+00:00"


def entry(event, seq=7):
    return Entry(seq=seq, time=TIME, actor="ana", via="local", event=event)


def ran(**fields):
    defaults = {
        "run": "ab" * 16, "what": "replay", "notebook": "churn.ipynb", "source": DIGEST, "outcome": "completed",
        "started": "2026-08-03T14:00:00Z", "duration_s": 2.5,
    }  # fmt: skip
    return RunRecorded(**(defaults | fields))


def registered(**fields):
    defaults = {"name": "churn", "number": 3, "bundle": DIGEST, "manifest": DIGEST, "facts": DIGEST, "author": "ana"}
    return Registered(**(defaults | fields))


def values(event):
    return {row.key: (row.number, row.text) for row in rows_of(entry(event))}


def test_a_run_is_found_by_what_it_was():
    found = values(ran(metrics={"auc": 0.8}, parameters={"n": 10, "name": "x"}, hermetic=True, python="3.11.7"))
    assert found["metrics.auc"] == (0.8, None)
    assert found["params.n"] == (10.0, None)
    assert found["params.name"] == (None, "x")
    assert found["hermetic"] == (None, "true")
    assert found["python"] == (None, "3.11.7")
    assert found["duration_s"] == (2.5, None)
    assert found["entry"] == (7.0, None)
    assert found["started"] == (1785765600.0, "2026-08-03T14:00:00Z")
    assert "grade" not in found  # it was never given


def test_a_version_is_found_by_what_it_is():
    rows = rows_of(entry(registered(owner="ben", metrics={"auc": Metric(value=0.8, low=0.7)}, tier="strategic")))
    assert {(row.subject, row.kind) for row in rows} == {("churn@3", "version")}
    found = {row.key: (row.number, row.text) for row in rows}
    assert found["name"] == (None, "churn")
    assert found["number"] == (3.0, None)
    assert found["owner"] == (None, "ben")
    assert found["tier"] == (None, "strategic")
    assert found["revoked"] == (None, "false")
    assert found["registered"] == (1785765600.5, TIME)
    assert (found["metrics.auc"], found["metrics.auc.low"]) == ((0.8, None), (0.7, None))
    assert "metrics.auc.high" not in found


def test_a_metric_that_is_called_as_an_end_of_another_one_wins():
    metrics = {"auc": Metric(value=0.8, low=0.7, high=0.9), "auc.low": Metric(value=0.1)}
    assert values(registered(metrics=metrics))["metrics.auc.low"] == (0.1, None)


def test_a_description_replaces_only_what_it_says():
    assert rows_of(entry(Described(name="churn", number=3, owner="ben"))) == [
        IndexRow("churn@3", "version", "owner", None, "ben")
    ]


def test_a_revocation_replaces_the_answer_no():
    assert rows_of(entry(Revoked(name="churn", number=3, reason="x"))) == [
        IndexRow("churn@3", "version", "revoked", None, "true")
    ]


@pytest.mark.parametrize("kind", [Deployed, RolledBack])
def test_a_move_replaces_the_row_of_its_pointer(kind):
    event = kind(deployment="d", name="churn", number=3, environment="production", bundle=DIGEST)
    assert rows_of(entry(event)) == [IndexRow("churn", "pointer", "live.production", None, "churn@3")]


def test_a_move_that_was_only_asked_for_or_failed_moves_nothing():
    asked = DeployRequested(
        deployment="d", name="churn", number=3, environment="production", bundle=DIGEST, previous=0, target="record",
        policy=DIGEST, verdict=DIGEST, decision=DIGEST,
    )  # fmt: skip
    failed = DeployFailed(deployment="d", name="churn", number=3, environment="production", error="full")
    assert rows_of(entry(asked)) + rows_of(entry(failed)) == []


@pytest.mark.parametrize(
    ("value", "columns"),
    [
        (True, (None, "true")),
        (3, (3.0, None)),
        (10**400, (None, str(10**400)[:LONGEST_TEXT])),
        ("a\x00b", (None, "a\ufffdb")),
        ("x" * 5000, (None, "x" * LONGEST_TEXT)),
        ([1, "a"], (None, '[1,"a"]')),
        ({"b": 1, "a": 2}, (None, '{"a":2,"b":1}')),
    ],
)
def test_a_parameter_stands_in_the_column_of_its_type(value, columns):
    assert values(ran(parameters={"p": value}))["params.p"] == columns


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), object()])
def test_a_value_that_cannot_be_compared_is_not_searchable(value):
    assert "params.p" not in values(ran(parameters={"p": value}))


def test_a_long_key_is_cut_and_of_ten_thousand_parameters_the_first_thousand_count():
    found = values(ran(parameters={f"{n:05d}{'x' * 500}": n for n in range(10_000)}))
    keys = [key for key in found if key.startswith("params.")]
    assert len(keys) == 1_000
    assert {len(key) for key in keys} == {LONGEST_KEY}


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        max_size=5,
    )
)  # fmt: skip
def test_every_stored_entry_gives_rows_that_both_databases_take(parameters):
    leaf = encode_entry(Draft(event=ran(parameters=parameters), actor="ana", via="local", time=TIME), 1)
    for row in rows_of(decode_entry(leaf)):
        assert (row.number is None) or (row.text is None) or row.key == "started"
        assert "\x00" not in row.key + (row.text or "")
        # an index row of PostgreSQL
        assert len(f"{row.kind}{row.key}{row.text}".encode()) < 2_600
