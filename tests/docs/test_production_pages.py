"""The pages on approving and deploying show commands that do what they say, as the people they name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.documents import default_policy
from pressrun.actions.status import status
from pressrun.testing.worlds import POLICY, RegistryWorld

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"
COMMAND = re.compile(r"^(pressrun .*?) +# (\w+)(?:, exit (\d))?$")
PLACEHOLDER = re.compile(r"\b[0-9a-f]{12}\b")
ASKS_MORE = f"""{POLICY}\
  - id: ID-5
    title: Is it written down what it is for?
    kind: statement
    who: [author]
    environments: [production]
  - id: AUC
    title: Is it good enough?
    kind: at_least
    fact: metrics.auc
    value: 0.7
    environments: [production]
"""


def commands(page):
    """Return (command, person, exit code) of the page's shell blocks."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    lines = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)).splitlines()
    found = [COMMAND.match(line) for line in lines]
    return [(match[1], match[2], int(match[3] or 0)) for match in found if match is not None]


def build(folder, policy=POLICY):
    world = RegistryWorld(folder).build(policy)
    for label in ("one", "two", "three"):
        world.register(label)
    return world


def play(world, page):
    """Run the page's commands one after the other; an id in them stands for the one that waits for that verb."""
    said = []
    for command, person, expected in commands(page):
        line = command
        if PLACEHOLDER.search(command):
            with world.acting(person) as registry:
                waiting = [w.id for w in status(registry).waiting if w.what == command.split()[1]]
            line = PLACEHOLDER.sub(waiting[0][:12], command)
        done = subprocess.run(
            ["sh", "-c", line.replace("pressrun", f"{sys.executable} -m pressrun", 1)],
            cwd=world.project,
            env=world.environment(person) | {"NO_COLOR": "1", "COLUMNS": "200"},
            input="y\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, f"{person}$ {line}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    return "".join(said)


@pytest.mark.parametrize("page", ["approve.md", "deploy.md"])
def test_the_page_shows_commands(page):
    assert len(commands(page)) >= 9


def test_the_commands_on_deploying_run_one_after_the_other(tmp_path):
    world = build(tmp_path)
    for reference in ("churn@1", "churn@2"):
        with world.acting("ana") as registry:
            request_approval(registry, reference, "production")
        with world.acting("ben") as registry:
            approve(registry, find_request(registry, reference))
    with world.acting("ana") as registry:
        deploy(registry, DeployOrder(reference="churn@1", environment="production"))
    said = play(world, "deploy.md")
    for shown in ("churn@2 is live in production, before 1.", "churn@1 is live in production again, 2 no more."):
        assert shown in said
        assert shown in (HOW_TO / "deploy.md").read_text(encoding="utf-8")


def test_the_commands_on_approving_run_one_after_the_other(tmp_path):
    said = play(build(tmp_path, ASKS_MORE), "approve.md")
    assert "Approved by ben, signed with ssh-ed25519" in said
    assert "It may go: pressrun deploy churn@3 --to production" in said
    assert "3 pass, 1 waived, 1 fail" in said


def test_the_pages_count_the_checks_of_the_default_policy_right():
    asked = [sum(check.applies(tier, "production") for check in default_policy().checks)
             for tier in ("experiment", "strategic")]  # fmt: skip
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    readiness = " ".join((ROOT / "docs" / "reference" / "readiness.md").read_text(encoding="utf-8").split())
    assert f"asks {asked[0]} questions of an experiment, {asked[1]} of a strategic version" in readme
    assert f"An experiment answers {asked[0]} checks; a strategic version {asked[1]}." in readiness
