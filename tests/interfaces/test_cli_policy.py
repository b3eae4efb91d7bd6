"""``pressrun policy`` as one types it."""

import json

import pytest

from pressrun.interfaces.cli.main import run

ORG = """\
policy: acme
version: "1"
level: organisation
checks:
  - id: AUC
    title: Is it good enough?
    kind: at_least
    fact: metrics.auc
    value: 0.78
    team_may: {value: [0.78, null]}
    sources: [our handbook 3]
    fix: train again
    waiver_days: 14
  - {id: PURPOSE, title: Is it written down?, kind: statement, who: [author]}
cases:
  - {name: a floor, facts: {metrics.auc: 0.77}, expect: {AUC: fail}}
"""
TEAM = 'policy: team\nversion: "2"\nlevel: team\nchecks:\n  - {id: AUC, value: 0.8}\n'


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PRESSRUN_JOURNAL_KEY", str(tmp_path / "key"))
    for name, text in (("org.yaml", ORG), ("team.yaml", TEAM), ("loose.yaml", TEAM.replace("0.8", "0.7"))):
        (tmp_path / name).write_text(text, encoding="utf-8")


def said(capsys, *words, code=0):
    assert run(["policy", *words]) == code
    return capsys.readouterr().out


def test_lint_is_quiet_about_good_policies_and_refuses_bad_ones_with_status_3(capsys):
    assert said(capsys, "lint", "org.yaml", "team.yaml") == "2 checks, nothing wrong.\n"
    assert said(capsys, "lint", "org.yaml", "loose.yaml", code=3) == (
        "loose.yaml:5: AUC.value=0.7 outside [0.78, -] allowed by acme 1 (org.yaml:9); 0.78 stays in force\n"
    )


def test_a_file_that_is_no_policy_is_wrong_use_and_names_the_line(capsys, tmp_path):
    (tmp_path / "bad.yaml").write_text(ORG.replace("kind: at_least", "kind: at_lest"), encoding="utf-8")
    assert run(["policy", "lint", "bad.yaml"]) == 2
    said = capsys.readouterr().err
    for line in ("'at_lest' is no kind", "where:  bad.yaml:7", "remedy: Did you mean 'at_least'?"):
        assert line in said


def test_explain_tells_what_why_who_and_how_far(capsys):
    text = said(capsys, "explain", "auc", "--file", "org.yaml", "--file", "team.yaml")
    for line in (
        "AUC  Is it good enough?",
        "Kind at_least: looks at the fact metrics.auc; required: at least 0.8",
        "Set by acme 1 (org.yaml:5)",
        "value = 0.8, set by team 2 (team.yaml:5)",
        "a lower level may set [0.8, -]",
        "Fix: train again",
        "Sources: our handbook 3",
        "It can be waived for 14 days at most.",
    ):
        assert line in text
    assert "pressrun state NAME@NUMBER PURPOSE" in said(capsys, "explain", "PURPOSE", "--file", "org.yaml")


def test_test_runs_the_cases_and_differs_with_status_4(capsys, tmp_path):
    assert said(capsys, "test", "org.yaml") == "✓ a floor\n1 cases, 0 wrong.\n"
    (tmp_path / "org.yaml").write_text(ORG.replace("{AUC: fail}", "{AUC: pass}"), encoding="utf-8")
    text = said(capsys, "test", "org.yaml", code=4)
    assert "✗ a floor\n    AUC: expected pass, found fail (0.77) (org.yaml:16)\n1 cases, 1 wrong.\n" in text


def test_diff_of_two_files_needs_no_registry_and_makes_none(capsys, tmp_path):
    (tmp_path / "new.yaml").write_text(ORG.replace("value: 0.78", "value: 0.9"), encoding="utf-8")
    text = said(capsys, "diff", "org.yaml", "new.yaml")
    assert "- at_least metrics.auc value 0.78, lower_end False" in text
    assert "+ at_least metrics.auc value 0.9, lower_end False" in text
    assert not (tmp_path / ".pressrun").exists()
    assert said(capsys, "diff", "org.yaml", "org.yaml") == "They ask the same.\n"


def test_show_lists_every_check_and_what_was_not_taken_over(capsys):
    text = said(capsys, "show", "--file", "org.yaml", "--file", "loose.yaml")
    assert "acme 1 + team 2" in text
    assert "PURPOSE" in text
    assert "Not taken over: loose.yaml:5: AUC.value=0.7 outside [0.78, -]" in text


@pytest.mark.parametrize(
    "words",
    [
        ("show", "--file", "org.yaml"),
        ("explain", "AUC", "--file", "org.yaml"),
        ("lint", "org.yaml"),
        ("test", "org.yaml"),
        ("diff", "org.yaml", "org.yaml"),
    ],
)
def test_json_is_one_object(capsysbinary, words):
    assert run(["policy", *words, "--json"]) == 0
    assert isinstance(json.loads(capsysbinary.readouterr().out), dict)


def test_the_templates_are_policies_without_a_mistake(capsys, tmp_path):
    for name in ("default", "startup"):
        text = said(capsys, "template", name)
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert said(capsys, "lint", f"{name}.yaml").endswith("checks, nothing wrong.\n")
    assert run(["policy", "template", "strtup"]) == 2
    assert "startup" in capsys.readouterr().err
