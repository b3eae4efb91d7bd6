"""``pressrun check`` as one types it, and its pages for people and CI systems."""

import io
import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from rich.console import Console

from pressrun.actions.state import Waiver, waive
from pressrun.interfaces.cli.check_html import decision_page
from pressrun.interfaces.cli.check_junit import decision_junit
from pressrun.interfaces.cli.check_view import print_decision
from pressrun.interfaces.cli.main import run
from pressrun.records.decision import Decision, Finding, Question
from pressrun.testing.worlds import POLICY, RegistryWorld

POLICY_OF_FOUR = f"""{POLICY}\
  - id: AUC
    title: Is it good enough on all of the rows that nobody has ever seen while it was made, tuned and chosen?
    kind: at_least
    fact: metrics.auc
    value: 0.7
    environments: [production]
  - id: LOSS
    title: Is the loss small?
    kind: at_most
    fact: metrics.loss
    value: 1
    environments: [production]
"""
EVIL = "</td><script>alert(1)</script>\"'&\x00\x1b[31m\ud800"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Give a registry with one version; one of its checks is waived."""
    made = RegistryWorld(tmp_path_factory.mktemp("world")).build(POLICY_OF_FOUR)
    made.register("one")
    with made.acting("ben") as registry:
        waive(registry, "churn@1", Waiver(check="LOSS", reason="a pilot", control="a look", owner="ben", days=3))
    return made


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    for name, value in world.environment("ana").items():
        if name.startswith("PRESSRUN_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(world.project)
    monkeypatch.setenv("COLUMNS", "100")


def test_what_may_go_is_allowed_with_status_0(capsys):
    assert run(["check", "churn@1", "--to", "staging"]) == 0
    assert "churn@1 to staging (tier experiment): allowed" in capsys.readouterr().out


def test_what_may_not_go_is_refused_with_status_3_and_unknown_stands_apart_from_fail(capsys):
    assert run(["check", "churn@1", "--to", "production"]) == 3
    said = capsys.readouterr().out
    assert "churn@1 to production (tier experiment): refused\n2 pass, 1 waived, 1 fail, 1 not assessed" in said
    parts = [said.index(word) for word in ("\nFails\n", "✗ APPROVED", "\nNot assessed", "? AUC", "\nWaived", "~ LOSS")]
    assert parts == sorted(parts)
    assert "OWNER" not in said
    assert "set by    acme 1 (organisation policy v1:" in said
    assert "fix       pressrun request churn@1 --to production" in said
    assert max(map(len, said.splitlines())) <= 100
    assert not [line for line in said.splitlines() if line.endswith(" ")]


def test_a_long_question_goes_on_below_itself(capsys):
    run(["check", "churn@1", "--to", "production"])
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("? AUC"))
    assert lines[at + 1].startswith(" " * 7)
    assert (lines[at][7:] + " " + lines[at + 1].strip()).endswith("while it was made, tuned and chosen?")


def test_what_passes_is_listed_when_asked_for(capsys):
    run(["check", "churn@1", "--to", "production", "--all"])
    assert "✓ OWNER" in capsys.readouterr().out


def test_json_is_one_object_with_every_finding(capsysbinary):
    assert run(["check", "churn@1", "--to", "production", "--json"]) == 3
    said = json.loads(capsysbinary.readouterr().out)
    assert {f["check"]: f["outcome"] for f in said["findings"]} == {
        "OWNER": "pass", "ALIVE": "pass", "APPROVED": "fail", "AUC": "unknown", "LOSS": "waived",
    }  # fmt: skip
    assert (said["allowed"], said["mode"]) == (False, "block")


def test_pages_are_written_as_asked_and_a_file_that_cannot_be_is_told(tmp_path, capsys):
    page, report = tmp_path / "check.html", tmp_path / "check.xml"
    assert run(["check", "churn@1", "--to", "production", "--html", str(page), "--junit", str(report)]) == 3
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    suite = ElementTree.parse(report).getroot()
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    capsys.readouterr()
    assert run(["check", "churn@1", "--to", "production", "--html", str(tmp_path / "no" / "check.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_version_or_environment_that_is_none_is_wrong_use(capsys):
    assert run(["check", "churn@9", "--to", "production"]) == 2
    assert run(["check", "churn@1", "--to", "../etc"]) == 2
    assert run(["check", "churn@1"]) == 2
    capsys.readouterr()


def decision_of(*outcomes, **fields):
    said = {"title": EVIL, "observed": EVIL, "required": EVIL, "set_by": EVIL, "fix": EVIL, "who": EVIL,
            "evidence": (EVIL,), **fields}  # fmt: skip
    findings = tuple(Finding(check=f"A-{number}", outcome=outcome, **said) for number, outcome in enumerate(outcomes))
    question = Question(name=EVIL, number=1, environment="production", tier="strategic", bundle="sha256:" + 64 * "a",
                        now="2026-06-01T12:00:00.000000+00:00")  # fmt: skip
    return Decision(question=question, allowed=False, mode="block", findings=findings, policy="sha256:" + 64 * "b",
                    policy_name=EVIL, verdict="sha256:" + 64 * "c")  # fmt: skip


class Page(HTMLParser):
    """The tags of a page, with what they refer to."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


def test_nothing_that_people_or_evidence_say_becomes_part_of_the_page():
    page = Page()
    text = decision_page(decision_of("fail", "unknown", "waived", "pass"))
    page.feed(text)
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"src", "href"}]
    policy = dict(page.attributes)["content"]  # the last one; the first is the content security policy
    assert policy == "width=device-width, initial-scale=1"
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    assert "\x1b" not in text
    text.encode("utf-8")


def test_nothing_that_people_or_evidence_say_reaches_the_terminal_as_a_command():
    out = io.StringIO()
    print_decision(decision_of("fail", "pass"), Console(file=out, width=100), everything=True)
    assert "\x1b" not in out.getvalue()
    out.getvalue().encode("utf-8")


def test_every_outcome_has_its_section_its_word_and_its_evidence():
    text = decision_page(decision_of("fail", "unknown", "waived", "pass", evidence=("sha256:e",)))
    for heading in ("Fails (1)", "Not assessed (1)", "Waived (1)", "Passes (1)"):
        assert f"<h2>{heading}</h2>" in text
    for word in ("fail", "not assessed", "waived", "pass"):
        assert f'aria-label="{word}"' in text
    assert text.count("<code>sha256:e</code>") == 4


def test_the_page_has_colours_for_dark_rooms():
    text = decision_page(decision_of("fail"))
    light, dark = (set(part.split("}")[0].split(";")) for part in text.split(":root {")[1:3])
    named = [{colour.split(":")[0].strip() for colour in part if "--" in colour} for part in (light, dark)]
    assert named[0] == named[1]
    assert "@media (prefers-color-scheme: dark)" in text


def test_junit_is_xml_whatever_is_said():
    suite = ElementTree.fromstring(decision_junit(decision_of("fail", "unknown", "waived", "pass")).encode())
    cases = list(suite)
    assert [[child.tag for child in case] for case in cases] == [["failure"], ["error"], ["skipped"], []]
    assert "alert(1)" in cases[0][0].get("message")
