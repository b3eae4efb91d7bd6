"""The pages on policies show files that work, and name every key and kind."""

import re
import shlex
from pathlib import Path

import pytest

from pressrun.interfaces.cli.main import run
from pressrun.rules.policy.cases import run_cases
from pressrun.rules.policy.kinds import PARAMETERS
from pressrun.rules.policy.merge import merge
from pressrun.rules.policy.read import read_policy

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "policy.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "policy.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_example_says_what_its_cases_expect():
    example = blocks(REFERENCE, "yaml")[0]
    results = run_cases(example, "policy.yaml", merge([read_policy(example, "policy.yaml")]))
    assert [(result.name, result.problems) for result in results if result.problems] == []
    assert len(results) == 2


def test_the_example_of_a_team_is_taken_over_and_a_loose_one_is_refused_with_the_sentence_that_is_shown():
    org, team = (blocks(REFERENCE, "yaml")[number] for number in (0, 1))
    organisation = read_policy(org, "policy.yaml")
    merged = merge([organisation, read_policy(team, "team.yaml")])
    assert merged.refusals == ()
    assert [check.id for check in merged.checks if check.id == "TEAM-1" or check.params.get("value") == 0.82] == [
        "MO-1", "TEAM-1",
    ]  # fmt: skip
    loose = merge([organisation, read_policy(team.replace("0.82", "0.7"), "team.yaml")])
    assert f"{loose.refusals[0]}\n" in blocks(REFERENCE, "text")


def test_every_kind_and_parameter_is_in_the_table_with_its_default():
    rows = {row[0]: row[1] for row in re.findall(r"^\| `(\w+)` \| .* \| (.*)\|$", REFERENCE, re.MULTILINE)}
    for kind, parameters in PARAMETERS.items():
        assert kind in rows
        for name, parameter in parameters.items():
            assert f"`{name}`" in rows[kind]
            if not parameter.required and parameter.default != ():
                default = f"{parameter.default:g}" if parameter.type != "flag" else "false"
                assert f"`{name}` ({default})" in rows[kind], (kind, name)


@pytest.mark.parametrize("page", [HOW_TO, REFERENCE], ids=["how-to", "reference"])
def test_every_subcommand_that_is_named_is_there(page, capsys):
    named = set(re.findall(r"pressrun policy ([a-z]+)", page))
    assert len(named) >= 5
    for name in named:
        assert run(["policy", name, "--help"]) == 0
    capsys.readouterr()


def test_the_commands_of_the_how_to_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRESSRUN_JOURNAL_KEY", str(tmp_path / "key"))
    monkeypatch.setenv("PRESSRUN_ACTOR", "cleo@acme.example")
    cases, modes, team = blocks(HOW_TO, "yaml")
    assert read_policy('policy: a\nversion: "1"\n' + modes, "modes.yaml").modes
    ran = 0
    for command in "".join(blocks(HOW_TO, "sh")).splitlines():
        words, _, target = command.partition(" > ")
        if words.startswith("pressrun check"):
            continue  # needs a version; the page on approving runs it
        code = run(shlex.split(words)[1:])
        said = capsys.readouterr()
        assert code == 0, f"{command}\n{said.out}\n{said.err}"
        if target:
            (tmp_path / target).write_text(said.out + cases, encoding="utf-8")
            (tmp_path / "team.yaml").write_text(team, encoding="utf-8")
        ran += 1
    assert ran == 7
