"""Two people and a policy take a pressed notebook to production, are refused three times, roll back, and can tell."""

import json
import shutil
import subprocess
import sys
import time

import pytest
from pressing import CELLS, make_project, write_notebook

from pressrun.testing.worlds import RegistryWorld

pytestmark = [pytest.mark.slow, pytest.mark.network]

POLICY = """\
policy: acme
version: "1"
level: organisation
title: What a version needs at Acme
checks:
  - id: OWNER
    title: Has it an owner?
    kind: required
    fact: version.owner
  - id: REPLAYS
    title: Was the result proven in a rebuilt environment?
    kind: one_of
    fact: replay.grade
    values: [R3, R4]
  - id: MEAN
    title: Is the mean high enough?
    kind: at_least
    fact: metrics.mean
    value: 2
  - id: APPROVED
    title: Did somebody else approve it?
    kind: approvals
    count: 1
    environments: [production]
"""
STRICTER = POLICY.replace('version: "1"', 'version: "2"').replace("value: 2", "value: 2.1")


class Company:
    """The project as its people see it from the command line."""

    def __init__(self, folder):
        self.world = RegistryWorld(folder).build(POLICY)
        self.project = self.world.project
        make_project(self.project)

    def run(self, person, *words, expect=0):
        """Run a command as a person; return its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "pressrun", *map(str, words), "--json"],
            cwd=self.project, env=self.world.environment(person), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def press(self, bundle, cells=None, numbers=None):
        """Press the notebook with other cells or numbers, and register it as Ana."""
        if cells is not None:
            write_notebook(self.project / "notebooks" / "sums.ipynb", cells)
        if numbers is not None:
            rows = "\n".join(map(str, numbers))
            (self.project / "data" / "numbers.csv").write_text(f"x\n{rows}\n")
        self.run("ana", "package", "notebooks/sums.ipynb", "-o", bundle)
        return self.run("ana", "register", bundle, "--name", "sums", "--use-case", "adding up")["reference"]

    def outcomes(self, reference, expect):
        """Return check -> outcome for production."""
        found = self.run("ana", "check", reference, "--to", "production", expect=expect)
        return {finding["check"]: finding["outcome"] for finding in found["findings"]}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Live through the whole story once; return what was seen on the way."""
    company = Company(tmp_path_factory.mktemp("acme"))
    seen = {"company": company}
    first = company.press("first")
    seen["first"] = first
    seen["before approval"] = company.outcomes(first, expect=3)
    asked = company.run("ana", "request", first, "--to", "production", "--comment", "the first one")
    request = asked["event"]["request"]
    seen["self-approval"] = company.run("ana", "approve", request, expect=3)
    seen["approval"] = company.run("ben", "approve", request[:12], "--comment", "looks right")
    seen["after approval"] = company.outcomes(first, expect=0)
    seen["deployment"] = company.run("ana", "deploy", first, "--to", "production")

    low = company.press("low", numbers=[0.5, 0.5, 0.5])
    seen["low"] = company.outcomes(low, expect=3)
    seen["low deployed"] = company.run("ana", "deploy", low, "--to", "production", expect=3)

    second = company.press("second", numbers=[2, 3, 4, 5])
    again = company.run("ana", "request", second, "--to", "production")["event"]["request"]
    company.run("ben", "approve", again)
    changed = company.press("changed", cells=[*CELLS, "# one more line after the approval"], numbers=[2, 3, 4, 5])
    seen["changed"] = company.run("ana", "check", changed, "--to", "production", expect=3)
    seen["changed deployed"] = company.run("ana", "deploy", changed, "--to", "production", expect=3)
    seen["second"] = second
    company.run("ana", "deploy", second, "--to", "production")
    seen["second was live at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    time.sleep(1.5)
    seen["rollback"] = company.run("ben", "rollback", "sums", "--in", "production", "--reason", "too high")
    return seen


def test_without_approval_the_policy_refuses(story):
    assert story["before approval"] == {"OWNER": "pass", "REPLAYS": "pass", "MEAN": "pass", "APPROVED": "fail"}


def test_the_author_cannot_approve_their_own_version(story):
    assert "ana is the author" in story["self-approval"]["error"]["what"]
    assert story["self-approval"]["exit_code"] == 3


def test_with_a_signed_approval_of_somebody_else_it_goes(story):
    assert story["approval"]["event"]["signature"].startswith("sshsig:")
    assert set(story["after approval"].values()) == {"pass"}
    assert story["deployment"]["reference"] == story["first"]


def test_a_metric_below_its_floor_is_refused(story):
    assert story["low"]["MEAN"] == "fail"
    assert "MEAN" in story["low deployed"]["error"]["what"]


def test_content_that_changed_after_the_approval_is_refused(story):
    assert [f["check"] for f in story["changed"]["findings"] if f["outcome"] != "pass"] == ["APPROVED"]
    assert story["changed deployed"]["exit_code"] == 3


def test_what_is_live_runs_without_pressrun(story, tmp_path):
    live = story["company"].world.live / "sums" / "current"
    results = tmp_path / "results.json"
    subprocess.run([sys.executable, "pipeline.py", "--results", results], cwd=live, check=True)
    assert json.loads(results.read_text())["metrics"] == {"mean": 2.0}


def test_a_rollback_goes_to_the_version_before_and_opens_a_review(story):
    assert (story["rollback"]["number"], story["rollback"]["previous"]) == (1, 3)
    status = story["company"].run("ben", "status")
    assert [item["what"] for item in status["waiting"]] == ["review"]
    assert [(one["number"], one["environment"]) for one in status["live"]] == [(1, "production")]
    assert status["problems"] == []


def test_what_was_live_at_a_time_and_who_approved_it_is_one_command(story):
    company = story["company"]
    found = company.run("ben", "history", "sums", "--in", "production", "--as-of", story["second was live at"])
    (reign,) = found["history"]
    assert (reign["number"], reign["how"], reign["by"]) == (3, "deploy", "ana")
    assert [(a["person"], a["role"], a["signed"]) for a in reign["approvals"]] == [("ben", "approver", True)]


def test_the_journal_verifies_and_the_store_is_whole(story):
    company = story["company"]
    company.run("ben", "audit", "verify")
    company.run("ben", "fsck")


def test_a_policy_that_changes_makes_an_approval_stale_and_says_so(story, tmp_path):
    company = story["company"]
    stricter = tmp_path / "policy.yaml"
    stricter.write_text(STRICTER)
    company.run("cleo", "policy", "publish", stricter)
    found = company.run("ana", "check", story["second"], "--to", "production", expect=3)
    (finding,) = [finding for finding in found["findings"] if finding["check"] == "APPROVED"]
    assert "policy" in finding["observed"]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")
def test_an_approval_is_verified_by_ssh_keygen_alone(story, tmp_path):
    company = story["company"]
    event = story["approval"]["event"]
    signers = tmp_path / "allowed_signers"
    done = subprocess.run(
        [sys.executable, "-m", "pressrun", "members", "allowed-signers"],
        cwd=company.project, env=company.world.environment("ben"), capture_output=True, check=True,
    )  # fmt: skip
    signers.write_bytes(done.stdout)
    ballot = {"format": 1, "kind": "pressrun-approval"}
    fields = ("request", "name", "number", "environment", "bundle", "policy", "verdict", "nonce", "person", "role")
    ballot |= {field: event[field] for field in (*fields, "expires")}
    body = event["signature"].removeprefix("sshsig:")
    lines = [body[i : i + 70] for i in range(0, len(body), 70)]
    signature = tmp_path / "approval.sig"
    signature.write_text("\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]))
    verified = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "ben", "-n", "approval@pressrun", "-s", signature],
        input=json.dumps(ballot, separators=(",", ":")).encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr
