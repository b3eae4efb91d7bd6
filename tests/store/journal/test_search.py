"""Search with SQL finds what the plain evaluation finds, in the same order, in both databases."""

import contextlib
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun.errors import UsageError
from pressrun.records.entries import Draft, Entry
from pressrun.records.events import Deployed, Described, Registered, Revoked, RolledBack, RunRecorded
from pressrun.records.metric import Metric
from pressrun.rules.query.parse import MOST_COMPARISONS, parse_order, parse_query
from pressrun.rules.query.select import NEWEST_FIRST, index_of, select
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.search import known_keys, search

sys.path.insert(0, str(Path(__file__).parents[2] / "servers"))
from postgres import (
    empty_database,
    postgres_server,  # noqa: F401 - a fixture
)

DIGEST = "sha256:" + "0" * 64
TEXTS = [
    "a",
    "A",
    "ab",
    "a*b",
    "a%",
    "a_b",
    "[a]",
    "a]b",
    "a!b",
    "é",
    "𝄞",
    "\uffff",
    "~",
    "x\"y'z\\",
    "true",
    "10",
    "\x00",
]
NUMBERS = [0, 1, 2, -1, 0.5, 1e300, -1e-300]
ENVIRONMENTS = ["staging", "production", "eu-1"]


def entry_of(seq, event):
    return Entry(
        seq=seq, time=f"2026-08-{1 + seq % 28:02d}T10:00:00.000000+00:00", actor="ana", via="local", event=event
    )


def registered(number, *, name="churn", **fields):
    return Registered(name=name, number=number, bundle=DIGEST, manifest=DIGEST, facts=DIGEST, author="ana", **fields)


def moved(kind, name, number, environment):
    return kind(deployment=f"{name}{number}", name=name, number=number, environment=environment, bundle=DIGEST)


def ran(run, **fields):
    defaults = {"what": "replay", "notebook": "nb", "source": DIGEST, "outcome": "completed", "duration_s": 1.0}
    return RunRecorded(run=run, started="2026-08-03T14:00:00Z", **{**defaults, **fields})


def population():
    """Versions and runs whose values are of every type, awkward, and often missing."""
    events = []
    for number in range(1, 41):
        n = number - 1
        metrics = {} if n % 4 == 3 else {"a": Metric(value=NUMBERS[n % 7], low=NUMBERS[n % 5] if n % 2 else None)}
        parameters = {} if n % 3 == 2 else {"x": [NUMBERS, TEXTS, [True, False, None]][n % 4 % 3][n % 3]}
        parameters |= {"odd key": TEXTS[n % len(TEXTS)]} if n % 5 else {}
        name = "churn" if number % 2 else "score"
        events.append(
            registered((number + 1) // 2, name=name, owner=TEXTS[n * 3 % len(TEXTS)] if n % 6 else "",
                       tier="strategic" if n % 3 else "experiment", grade=f"R{n % 5}", metrics=metrics,
                       parameters=parameters)
        )  # fmt: skip
    events += [Described(name="churn", number=3, owner="a%"), Revoked(name="score", number=2, reason="wrong")]
    events += [moved(Deployed, "churn", n, ENVIRONMENTS[n % 3]) for n in range(1, 8)]
    events += [moved(Deployed, "score", 1, "staging"), moved(Deployed, "score", 1, "production")]
    events += [moved(RolledBack, "churn", 3, "production")]
    events += [
        ran(f"{n:032x}", metrics={"a": NUMBERS[n % 7]} if n % 3 else {}, parameters={"x": TEXTS[n % len(TEXTS)]},
            hermetic=n % 2 == 0)
        for n in range(20)
    ]  # fmt: skip
    return [entry_of(seq, event) for seq, event in enumerate(events, 1)]


POPULATION = population()
INDEX = index_of(POPULATION)


def drafted(entry):
    return Draft(event=entry.event, actor=entry.actor, via="local", time=entry.time)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        location = tmp_path_factory.mktemp("journal") / "journal.db"
        if request.param == "postgresql":
            pytest.importorskip("sqlalchemy")
            location = stack.enter_context(empty_database(request.getfixturevalue("postgres_server")))
        journal = stack.enter_context(open_journal(location))
        journal.append([drafted(entry) for entry in POPULATION], after=0)
        yield journal.database


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


TEXT = st.sampled_from([text for text in TEXTS if text != "\x00"] + ["missing", ""]).map(quoted)
NUMBER = st.sampled_from(NUMBERS).map(str)
COMPARISON = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
EQUALITY = st.sampled_from(["=", "!="])
PATTERN = st.lists(st.sampled_from(["*", "?", "a", "b", "%", "_", "[", "]", "!", "^", "-", "A"]), max_size=4).map(
    "".join
)
NUMBER_KEYS = ["metrics.a", "metrics.a.low", "metrics.none", "number", "entry"]
TEXT_KEYS = ["name", "owner", "tier", "grade", "revoked", 'params."odd key"']
KEYS = [*NUMBER_KEYS, *TEXT_KEYS, "params.x", "registered"]


def joined(*parts):
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(" ".join)


def listed(values):
    return st.lists(values, min_size=1, max_size=3).map(lambda some: f"({', '.join(some)})")


LEAVES = st.one_of(
    joined(st.sampled_from([*NUMBER_KEYS, "params.x"]), COMPARISON, NUMBER),
    joined(st.sampled_from([*TEXT_KEYS, "params.x"]), COMPARISON, TEXT),
    joined("registered", COMPARISON, st.sampled_from(["2026-08-03", "2026-08-05T10:00Z", '"2026-08-09 10:00"'])),
    joined("grade", COMPARISON, st.sampled_from(["R2", "R4"])),
    joined(st.sampled_from(["metrics.a", "params.x"]), st.sampled_from(["in", "not in"]), listed(NUMBER)),
    joined(st.sampled_from(["owner", "params.x"]), st.sampled_from(["in", "not in"]), listed(TEXT)),
    joined(st.sampled_from([*TEXT_KEYS, "params.x"]), st.sampled_from(["like", "not like"]), PATTERN.map(quoted)),
    joined(st.sampled_from([*KEYS, "live"]), "exists"),
    joined("live", EQUALITY, st.sampled_from([*ENVIRONMENTS, "nowhere"])),
    joined("live", st.sampled_from(["in", "not in"]), listed(st.sampled_from(ENVIRONMENTS))),
    joined("live", st.sampled_from(["like", "not like"]), st.sampled_from(['"*"', '"s*"', '"?u-1"', '""'])),
)
QUERIES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        joined("not (", parts, ")"),
        st.lists(parts, min_size=2, max_size=3).map(lambda some: "(" + ") and (".join(some) + ")"),
        st.lists(parts, min_size=2, max_size=3).map(lambda some: "(" + ") or (".join(some) + ")"),
    ),
    max_leaves=6,
)
ORDERS = st.builds("{}{}".format, st.sampled_from(KEYS), st.sampled_from([":asc", ":desc"]))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=QUERIES, order=ORDERS, limit=st.sampled_from([0, 1, 5, 100]))
def test_search_finds_what_the_plain_evaluation_finds_in_the_same_order(database, text, order, limit):
    query, by = parse_query(text), parse_order(order)
    expected = select(INDEX, "version", query, order=by, limit=limit)
    assert search(database, "version", query, order=by, limit=limit) == expected


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=QUERIES)
def test_a_version_is_never_found_by_a_query_and_by_its_opposite(database, text):
    found = {item.subject for item in search(database, "version", parse_query(text))}
    opposite = {item.subject for item in search(database, "version", parse_query(f"not ({text})"))}
    assert found & opposite == set()


@pytest.mark.parametrize("order", ["entry", "metrics.a:asc", "params.x", "started", "hermetic"])
def test_runs_are_found_as_versions_are(database, order):
    query, by = parse_query("not metrics.a > 1 or hermetic = true", "run"), parse_order(order, "run")
    expected = select(INDEX, "run", query, order=by, limit=100)
    assert expected
    assert search(database, "run", query, order=by) == expected


def names(database, text, **more):
    return [found.subject for found in search(database, "version", parse_query(text), **more)]


def test_a_version_without_the_metric_is_found_neither_by_a_comparison_nor_by_its_negation(database):
    every = set(names(database, "number exists"))
    above, not_above = set(names(database, "metrics.a > 0.5")), set(names(database, "not metrics.a > 0.5"))
    missing = set(names(database, "not metrics.a exists"))
    assert missing
    assert above | not_above | missing == every
    assert (above | not_above) & missing == set()


def test_live_is_where_a_version_is_now_and_not_where_it_was(database):
    # 3 was deployed to staging, taken over by 6, and rolled back to in production
    assert names(database, "live = production") == ["churn@3", "score@1"]
    assert names(database, "live = staging and name = churn") == ["churn@6"]
    (found,) = search(database, "version", parse_query("name = score and number = 1"))
    assert found.live == ("production", "staging")


def test_what_was_described_and_revoked_is_what_is_found(database):
    assert "churn@3" in names(database, 'owner = "a%"')
    assert names(database, "revoked = true") == ["score@2"]


def test_what_has_no_value_to_sort_by_comes_last_whichever_way(database):
    missing = set(names(database, "not metrics.a exists"))
    for order in ("metrics.a", "metrics.a:asc"):
        found = names(database, "number exists", order=parse_order(order))
        assert set(found[-len(missing) :]) == missing
        assert found[-len(missing) :] == names(database, "not metrics.a exists")


def test_the_newest_comes_first_unless_asked_otherwise(database):
    found = search(database, "version", order=NEWEST_FIRST)
    assert [item.values["entry"] for item in found] == sorted((item.values["entry"] for item in found), reverse=True)
    assert len(found) == 40


WILD = ["%", "_", "*", "?", "[a-z]", "[", "]", "\\", "!", "'", '"', "a%' OR '1'='1", "'; DROP TABLE found; --", ":kind",
        "$1", "%s", "{}", "?1"]  # fmt: skip


@pytest.mark.parametrize("text", WILD)
@pytest.mark.parametrize(
    "shape",
    ["owner = {}", "owner in ({})", "owner like {}", "params.x = {}", "live = {}", "live like {}", "metrics.{} > 1",
     "not owner = {}"],
)  # fmt: skip
def test_signs_that_mean_something_elsewhere_are_only_text_here(database, shape, text):
    query = parse_query(shape.format(quoted(text)))
    assert search(database, "version", query) == select(INDEX, "version", query, limit=100)
    assert len(search(database, "version")) == 40


@pytest.mark.parametrize("text", ["owner like '%'", "owner like '_'", "owner like 'A*' and owner like 'a*'"])
def test_only_star_and_question_mark_are_wild_and_case_counts(database, text):
    assert names(database, text) == []


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"metrics.m{n} > {n}" for n in range(MOST_COMPARISONS)),
        " and ".join(f"not owner like '*{n}'" for n in range(MOST_COMPARISONS)),
        "(" * 100 + "number = 1" + ")" * 100,
        "not " * 100 + "number = 1",
        f"params.x in ({','.join('1' * 1900)})",
        f"owner like '{'*a' * 1500}*b'",
        f"owner like '{'*' * 4000}'",
    ],
    ids=["or", "and", "parentheses", "not", "list", "stars", "only stars"],
)
def test_the_largest_queries_are_answered_quickly(database, text):
    query = parse_query(text)
    started = time.process_time()
    found = search(database, "version", query)
    assert time.process_time() - started < 0.5
    assert found == select(INDEX, "version", query, limit=100)


class Explaining:
    """A database that notes SQLite's plan of every statement that it runs."""

    dialect = "sqlite"
    place = "the plans"

    def __init__(self, database):
        self.plans = []
        self.glance, self.writing = database.glance, database.writing
        self._database = database

    @contextlib.contextmanager
    def reading(self):
        with self._database.reading() as rows:
            self._rows = rows
            yield self

    def run(self, sql, values=None):
        self.plans.append([line for *_, line in self._rows.run(f"EXPLAIN QUERY PLAN {sql}", values or {})])
        return self._rows.run(sql, values or {})


# the statistics of a journal with 10,000 runs, each of 22 values
LARGE = [
    "ANALYZE",
    "UPDATE sqlite_stat1 SET stat = '220000 220000 10000 2 1' WHERE idx LIKE 'found_%'",
    "UPDATE sqlite_stat1 SET stat = '220000 22 1' WHERE tbl = 'found' AND idx NOT LIKE 'found_%'",
    "ANALYZE sqlite_schema",
]


@pytest.mark.parametrize(
    "query", ["metrics.a > 0", "not owner = ben or live = staging", "number < 15 and name like 'c*'"]
)
def test_sqlite_reads_in_the_order_that_is_asked_for_whether_it_has_statistics_or_not(tmp_path, query):
    with open_journal(tmp_path / "journal.db") as journal:
        journal.append([drafted(entry) for entry in POPULATION], after=0)
        for large in (False, True):
            if large:
                with journal.database.writing() as rows:
                    for statement in LARGE:
                        rows.run(statement)
            explaining = Explaining(journal.database)
            assert search(explaining, "version", parse_query(query), order=parse_order("metrics.a"), limit=3)
            chosen = [plan for plan in explaining.plans if " o " in plan[0]]
            values = [plan for plan in explaining.plans if any(" shown " in line for line in plan)]
            assert chosen
            assert values
            assert all(re.fullmatch(r"SEARCH o USING .*INDEX found_number .*", plan[0]) for plan in chosen)
            # what is asked for is a list that SQLite reads as a table, and the only one that it may read whole
            lines = [line for plan in explaining.plans for line in plan]
            assert not [
                line for line in lines if line.startswith("SCAN") and not re.match("SCAN (one|json_each) ", line)
            ]


@pytest.mark.parametrize("limit", [-1, 100_001])
def test_a_limit_that_is_none_is_a_mistake_of_the_programmer(database, limit):
    with pytest.raises(ValueError, match="limit is"):
        search(database, "version", limit=limit)


def test_what_was_described_and_never_registered_is_not_found(tmp_path):
    entries = [entry_of(1, Described(name="ghost", number=1, owner="ana")), entry_of(2, registered(1, owner="ana"))]
    with open_journal(tmp_path / "journal.db") as journal:
        journal.append([drafted(entry) for entry in entries], after=0)
        for text in ("owner = ana", "not owner = ben", "not metrics.a exists"):
            for order in ("owner", "entry", "metrics.a"):
                assert names(journal.database, text, order=parse_order(order)) == ["churn@1"]
    assert [found.subject for found in select(index_of(entries), "version", None, limit=9)] == ["churn@1"]


def test_the_known_keys_are_those_with_a_value(database):
    keys = known_keys(database, "version")
    assert {"metrics.a", "params.odd key", "owner"} <= keys
    assert "metrics.none" not in keys
    assert "started" not in keys


def test_a_query_about_runs_is_none_about_versions():
    with pytest.raises(UsageError):
        parse_query("outcome = completed", "version")


class Planned:
    """A database that keeps the steps of every plan."""

    def __init__(self, database):
        self.dialect, self.place = database.dialect, database.place
        self.glance, self.writing = database.glance, database.writing
        self.steps = []
        self._database = database

    @contextlib.contextmanager
    def reading(self):
        with self._database.reading() as self._rows:
            yield self

    def run(self, sql, values=None):
        self.steps += [row[3] for row in self._rows.run(f"EXPLAIN QUERY PLAN {sql}", values or {})]
        return self._rows.run(sql, values or {})


CONDITIONS = [
    "name = churn",
    "name != churn",
    "name in (churn, fraud)",
    "not name in (churn, fraud)",
    "name like 'ch*'",
    "not name like 'ch*'",
    "metrics.auc > 0.5",
    "not metrics.auc > 0.5",
    "metrics.auc exists",
    "not metrics.auc exists",
    "live = production",
    "live exists",
]


@pytest.mark.parametrize("sort", ["", "metrics.auc", "name:asc", "params.p"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_condition_makes_sqlite_read_the_whole_table(condition, sort, tmp_path):
    order = parse_order(sort, "version") if sort else NEWEST_FIRST
    with open_journal(tmp_path / "journal.db") as journal:
        planned = Planned(journal.database)
        search(planned, "version", parse_query(condition, "version"), order=order)
        known_keys(planned, "version")
    assert len(planned.steps) >= 3
    assert [step for step in planned.steps if step.startswith("SCAN") and "found" in step] == []
