"""Searching a registry whose journal is in a database and one whose journal is in memory."""

import pytest

from pressrun.actions.registry import LateKey, Registry
from pressrun.actions.runs_log import MOST_BUNDLES, list_runs, versions_series
from pressrun.actions.versions import SearchRequest, list_versions, search_registry
from pressrun.records.entries import Draft
from pressrun.records.events import Registered, RunRecorded
from pressrun.records.metric import Metric
from pressrun.records.settings import RegistrySettings
from pressrun.store.journal.memory import MemoryJournal
from pressrun.store.journal.open import open_journal
from pressrun.store.open_objects import open_objects

DIGEST = "sha256:" + "0" * 64


def registered(number, **fields):
    return Registered(name="churn", number=number, bundle=f"sha256:{number:064x}", manifest=DIGEST, facts=DIGEST,
                      author="ana", **fields)  # fmt: skip


def ran(number, bundle=""):
    return RunRecorded(run=f"{number:032x}", what="verify", notebook="b", source=DIGEST, outcome="completed",
                       started="2026-08-03T10:00:00Z", duration_s=1.0, bundle=bundle)  # fmt: skip


def append(journal, events):
    time = "2026-08-20T12:00:00.000000+00:00"
    journal.append([Draft(event=event, actor="ana", via="local", time=time) for event in events], after=journal.head())


def registry_over(journal, folder):
    return Registry(folder, RegistrySettings(), journal, open_objects(folder / "objects"), LateKey(folder / "key"))


@pytest.fixture(params=["sqlite", "memory"])
def registry(request, tmp_path):
    if request.param == "memory":
        yield registry_over(MemoryJournal(), tmp_path)
        return
    with open_journal(tmp_path / "journal.db") as journal:
        yield registry_over(journal, tmp_path)


def subjects(registry, query, **more):
    return [found.subject for found in search_registry(registry, SearchRequest(query=query, **more)).found]


def test_a_journal_in_memory_is_searched_as_one_in_a_database_is(registry):
    append(
        registry.journal, [registered(n, metrics={"auc": Metric(value=n / 10)}, tier="strategic") for n in (1, 2, 3)]
    )
    append(registry.journal, [ran(1)])
    assert subjects(registry, "metrics.auc > 0.15") == ["churn@3", "churn@2"]
    assert subjects(registry, "not metrics.auc > 0.15", sort="metrics.auc") == ["churn@1"]
    assert subjects(registry, "what = verify", kind="run") == [f"{1:032x}"]
    assert search_registry(registry, SearchRequest(query="", limit=2)).more is True


def test_a_metric_that_nothing_has_is_told(registry):
    append(registry.journal, [registered(1, metrics={"auc": Metric(value=0.8)})])
    result = search_registry(registry, SearchRequest(query="metrics.acu > 0 or not (params.n = 3 and owner = ana)"))
    assert result.found == ()
    assert result.hints == (
        "No version has a value for 'metrics.acu': did you mean 'metrics.auc'?",
        "No version has a value for 'params.n'.",
    )


def test_a_search_sees_what_was_appended_since_the_last_one(registry):
    assert subjects(registry, "name = churn") == []
    append(registry.journal, [registered(1)])
    assert subjects(registry, "name = churn") == ["churn@1"]
    append(registry.journal, [registered(2)])
    assert subjects(registry, "name = churn") == ["churn@2", "churn@1"]
    assert [version.number for version in list_versions(registry, "churn")] == [2, 1]


def test_the_runs_of_a_name_are_those_of_its_newest_versions(registry):
    many = MOST_BUNDLES + 2
    append(registry.journal, [registered(number) for number in range(1, many + 1)])
    append(registry.journal, [ran(number, bundle=f"sha256:{number:064x}") for number in (1, 2, 3, many)])
    found = list_runs(registry, "churn", SearchRequest(kind="run")).found
    assert [run.subject for run in found] == [f"{many:032x}", f"{3:032x}"]


def test_a_series_tells_how_many_versions_lack_the_metric(registry):
    append(registry.journal, [registered(1, metrics={"auc": Metric(value=0.8, low=0.7, high=0.9)}), registered(2)])
    series = versions_series(registry.standing(), "churn", "auc")
    assert [(point.label, point.value, point.low, point.high) for point in series.points] == [("1", 0.8, 0.7, 0.9)]
    assert series.without == 1
