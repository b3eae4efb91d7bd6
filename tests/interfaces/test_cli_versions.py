"""``pressrun versions``, ``search`` and ``runs`` as one types them."""

import json

import pytest

from pressrun.interfaces.cli.main import run
from pressrun.records.entries import Draft
from pressrun.records.events import Deployed, DeployRequested, Registered, Revoked, RunRecorded
from pressrun.records.metric import Metric
from pressrun.store.journal.open import open_journal

DIGEST = "sha256:" + "0" * 64
BUNDLES = {number: f"sha256:{number:064x}" for number in range(1, 13)}


def registered(number, **fields):
    defaults = {"owner": "ana", "grade": "R4"}
    return Registered(name=fields.pop("name", "churn"), number=number, bundle=BUNDLES[number], manifest=DIGEST,
                      facts=DIGEST, author="ana", **(defaults | fields))  # fmt: skip


def ran(number, **fields):
    defaults = {
        "notebook": "models/churn.ipynb", "what": "replay", "outcome": "completed", "duration_s": float(number),
        "metrics": {"auc": 0.7 + number / 100}, "parameters": {"depth": number},
    }  # fmt: skip
    return RunRecorded(run=f"{number:032x}", source=DIGEST, started=f"2026-08-{number:02d}T10:00:00Z",
                       **(defaults | fields))  # fmt: skip


def deployed(number, environment="production"):
    same = {"deployment": f"d{number}", "name": "churn", "number": number, "environment": environment,
            "bundle": BUNDLES[number]}  # fmt: skip
    return [
        DeployRequested(**same, previous=number - 1, target="record", policy=DIGEST, verdict=DIGEST, decision=DIGEST),
        Deployed(**same),
    ]


EVENTS = [
    registered(1, metrics={"auc": Metric(value=0.81, low=0.79, high=0.83)}),
    registered(2, metrics={"auc": Metric(value=0.84, low=0.82, high=0.86)}, tier="strategic", owner="ben"),
    registered(3, grade="", owner="", metrics={}),
    registered(1, name="score", metrics={"auc": Metric(value=0.9)}),
    *deployed(1),
    *deployed(2),
    Revoked(name="churn", number=1, reason="leak"),
    ran(1), ran(2), ran(3, outcome="cell-error", metrics={}),
    ran(4, notebook="churn-bundle", bundle=BUNDLES[2], grade="R4", what="verify"),
    ran(5, notebook="other.ipynb"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".pressrun").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRESSRUN_ACTOR", "ana@example.org")
    monkeypatch.setenv("PRESSRUN_JOURNAL_KEY", str(tmp_path / "key"))
    monkeypatch.setenv("COLUMNS", "150")
    with open_journal(tmp_path / ".pressrun" / "journal.db") as journal:
        journal.append(
            [Draft(event=event, actor="ana", via="local", time="2026-08-20T12:00:00.000000+00:00") for event in EVENTS],
            after=0,
        )
    return tmp_path


def said(capsys, *words, code=0):
    assert run(list(words)) == code
    return capsys.readouterr().out


def said_json(capsysbinary, *words, code=0):
    assert run([*words, "--json"]) == code
    return json.loads(capsysbinary.readouterr().out)


def rows(text, column=0):
    return [line.split()[column] for line in text.splitlines()[1:] if line[:1].isalnum()]


def test_all_names_are_listed_with_what_is_live(capsys):
    shown = said(capsys, "versions")
    assert rows(shown) == ["churn", "score"]
    churn = shown.splitlines()[1]
    assert "production (2)" in churn
    assert churn.split()[1:3] == ["3", "3"]
    assert "nowhere" in shown.splitlines()[2]


def test_the_versions_of_a_name_are_listed_the_newest_first_and_gaps_are_shown(capsys):
    shown = said(capsys, "versions", "churn")
    assert rows(shown) == ["churn@3", "churn@2", "churn@1"]
    third, second, first = shown.splitlines()[1:4]
    assert third.count("—") == 3  # grade, owner, auc
    assert "was never recorded" in shown
    assert "0.84 (0.82 to 0.86)" in second
    assert "production, 2026-08-20" in second
    assert "revoked" in first
    assert "nowhere" in first


def test_without_a_gap_there_is_no_legend(capsys):
    assert "never recorded" not in said(capsys, "versions", "score")


def test_a_name_that_is_not_there_is_told_with_the_nearest(capsys):
    assert run(["versions", "chrun"]) == 2
    assert "did you mean 'churn'?" in capsys.readouterr().err


def test_versions_as_json_tell_metrics_with_intervals_and_places(capsysbinary):
    found = said_json(capsysbinary, "versions", "churn")["versions"]
    assert [version["number"] for version in found] == [3, 2, 1]
    assert found[1]["metrics"]["auc"]["low"] == 0.82
    assert found[1]["live"][0]["environment"] == "production"
    assert found[2]["state"] == "revoked"
    assert [name["name"] for name in said_json(capsysbinary, "versions")["names"]] == ["churn", "score"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("metrics.auc > 0.8", ["score@1", "churn@2", "churn@1"]),
        ("metrics.auc > 0.8 and owner = ben", ["churn@2"]),
        ("not metrics.auc exists", ["churn@3"]),
        ("live = production", ["churn@2"]),
        ("revoked = true", ["churn@1"]),
        ("metrics.auc.low >= 0.82", ["churn@2"]),
        ("registered > 2026-08-21", []),
        (" ", ["score@1", "churn@3", "churn@2", "churn@1"]),
    ],
)
def test_versions_are_found_by_a_query(capsysbinary, query, expected):
    found = said_json(capsysbinary, "search", query)
    assert [item["subject"] for item in found["found"]] == expected


def test_what_is_found_is_sorted_and_limited(capsysbinary):
    found = said_json(capsysbinary, "search", "metrics.auc exists", "--sort", "metrics.auc", "--limit", "2")
    assert [item["subject"] for item in found["found"]] == ["score@1", "churn@2"]
    assert found["more"] is True
    found = said_json(capsysbinary, "search", "metrics.auc exists", "--sort", "metrics.auc:asc", "--limit", "3")
    assert [item["subject"] for item in found["found"]] == ["churn@1", "churn@2", "score@1"]
    assert found["more"] is False


def test_a_wrong_query_exits_with_2_and_points_at_the_place(capsys):
    assert run(["search", "metrics.auc >> 3"]) == 2
    error = capsys.readouterr().err
    query, caret = error.splitlines()[2:4]
    assert query[caret.index("^")] == ">"


def test_a_metric_that_nothing_has_is_told_when_nothing_is_found(capsys):
    shown = said(capsys, "search", "metrics.acu > 0.5")
    assert "No version was found." in shown
    assert "did you mean 'metrics.auc'?" in shown


def test_runs_are_found_as_well(capsysbinary):
    found = said_json(capsysbinary, "search", "params.depth in (2, 3)", "--kind", "runs")
    assert [item["values"]["params.depth"] for item in found["found"]] == [3.0, 2.0]


def test_runs_are_listed_with_metrics_parameters_and_outcome(capsys):
    shown = said(capsys, "runs")
    assert len(rows(shown)) == 5
    assert "metrics.auc" in shown.splitlines()[0]
    assert "params.depth" in shown.splitlines()[0]
    assert "cell-error" in shown


@pytest.mark.parametrize(
    ("about", "depths"),
    [
        ("models/churn.ipynb", [3, 2, 1]),
        ("./models/churn.ipynb", [3, 2, 1]),
        ("churn.ipynb", [3, 2, 1]),
        ("churn-bundle", [4]),
        ("churn", [4]),  # the version's bundle
        ("*.ipynb", []),
        ("nothing", []),
    ],
)
def test_runs_are_narrowed_to_a_notebook_a_bundle_or_a_name(capsysbinary, about, depths):
    found = said_json(capsysbinary, "runs", about)
    assert [item["values"]["params.depth"] for item in found["found"]] == depths


def test_runs_are_filtered_and_sorted(capsysbinary):
    found = said_json(capsysbinary, "runs", "--where", "outcome = completed", "--sort", "duration_s:asc")
    assert [item["values"]["duration_s"] for item in found["found"]] == [1.0, 2.0, 4.0, 5.0]


def test_a_metric_is_drawn_over_runs_and_over_versions(capsys):
    shown = said(capsys, "runs", "churn.ipynb", "--plot", "auc")
    assert "auc of churn.ipynb" in shown
    assert shown.count("●") == 2
    assert "1 without it" in shown
    shown = said(capsys, "versions", "churn", "--plot", "auc")
    assert shown.count("●") == 2
    assert "bars are intervals" in shown


@pytest.mark.parametrize("name", ["auc.svg", "auc.html"])
def test_a_plot_is_written_to_a_file(capsys, project, name):
    shown = said(capsys, "versions", "churn", "--plot", "auc", "--to", name)
    assert "2 values of auc" in shown
    assert "<svg" in (project / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runs", "--plot", "acu"], "did you mean 'auc'?"),
        (["versions", "churn", "--plot", "acu"], "did you mean 'auc'?"),
        (["versions", "chrun", "--plot", "auc"], "did you mean 'churn'?"),
        (["versions", "--plot", "auc"], "one name"),
        (["runs", "--to", "x.svg"], "--plot is missing"),
        (["runs", "--plot", "auc", "--to", "x.png"], "SVG or HTML"),
        (["runs", "--plot", "auc", "--to", "absent/x.svg"], "cannot be written"),
        (["runs", "--sort", "nothing"], "a run has no 'nothing'"),
        (["search", "a", "--limit", "0"], "--limit"),
        (["search", "()"], "')' is no key"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_wrong(capsys, words, message):
    assert run(words) == 2
    assert message in capsys.readouterr().err


def test_a_project_where_nothing_was_registered_says_how_to_begin(capsys, tmp_path, monkeypatch):
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "pyproject.toml").touch()
    (tmp_path / "fresh" / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "fresh")
    assert "pressrun register" in said(capsys, "versions")
    assert "No run was found." in said(capsys, "runs")
