"""Versions, requests and moves from a panel: by the same rules as from a terminal, and never by a script alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from tests.servers.lab_client import Client
from tests.servers.lab_server import LabServer
from tests.servers.lab_world import NOTEBOOK, PASSPHRASE, LabWorld

from pressrun.actions.register import RegisterRequest, register
from pressrun.records.panel.notebooks import NotebookState
from pressrun.records.panel.orders import Made, PanelError
from pressrun.records.panel.versions import PanelDecision, PanelHealth, PanelHistory, PanelRequest, PanelVersions

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's client is not installed")
WORK = {"notebook": NOTEBOOK}


class Panel:
    """The panel of one person at a time."""

    def __init__(self, server: LabServer) -> None:
        self.server = server
        self.world = LabWorld(server).ready()
        self.world.protect("ana")
        self.client = Client(server)

    def is_used_by(self, person: str) -> None:
        self.server.act_as(person, self.world.key(person))

    def version(self, name: str) -> str:
        """Register a version of a name of its own; return its reference."""
        with self.world.acting("ana") as registry:
            bundle = str(self.world.bundle(name))
            return register(registry, RegisterRequest(bundle=bundle, name=name)).reference

    def versions(self) -> PanelVersions:
        response = self.client.get("versions", path=NOTEBOOK, name="churn")
        return msgspec.json.decode(response.content, type=PanelVersions)

    def request(self) -> PanelRequest:
        request = self.versions().versions[0].request
        assert request is not None
        return request

    def vote(self, how: str, **fields: str) -> httpx.Response:
        return self.client.post(f"requests/{how}", {**WORK, "request": self.world.request, **fields})

    def approve(self, **fields: str) -> httpx.Response:
        seen = {"reason": "the numbers hold", "verdict": self.request().verdict, "typed": "churn@1"}
        return self.vote("approve", **{**seen, **fields})


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    folder = tmp_path_factory.mktemp("server")
    server = LabServer(folder, {"PRESSRUN_JOURNAL_KEY": str(folder / "journal.key")})
    server.act_as("ana")
    try:
        made = Panel(server.start())
        yield made
    finally:
        server.stop()


def error(response: httpx.Response, status: int) -> PanelError:
    assert response.status_code == status, response.text
    return msgspec.json.decode(response.content, type=PanelError)


def made(response: httpx.Response, status: int = 200) -> Made:
    assert response.status_code == status, response.text
    return msgspec.json.decode(response.content, type=Made)


def test_a_request_is_approved_by_a_person_and_not_by_a_script(panel):
    panel.is_used_by("ana")
    request = panel.request()
    assert (request.needed, request.given, request.may_approve, request.may_withdraw) == (1, (), False, True)
    assert "author" in request.why_not
    assert "author" in error(panel.approve(passphrase=PASSPHRASE), 409).message

    panel.is_used_by("ben")
    request = panel.request()
    assert (request.may_approve, request.signs_with) == (False, "terminal")
    assert "your key lies open" in request.why_not
    assert "your key lies open" in error(panel.approve(), 403).message.lower()

    panel.world.protect("ben")
    request = panel.request()
    assert (request.may_approve, request.why_not, request.signs_with) == (True, "", "passphrase")
    assert "passphrase" in error(panel.approve(), 400).message
    assert "did not sign" in error(panel.approve(passphrase="guessed"), 403).message
    assert "was typed" in error(panel.approve(typed="churn@2", passphrase=PASSPHRASE), 400).message
    assert "reason" in error(panel.approve(reason="  ", passphrase=PASSPHRASE), 400).message
    assert "changed since" in error(panel.approve(verdict="sha256:" + "0" * 64, passphrase=PASSPHRASE), 409).message
    assert "which verdict" in error(panel.approve(verdict="", passphrase=PASSPHRASE), 400).message
    before = panel.world.head()

    done = made(panel.approve(passphrase=PASSPHRASE))
    assert done.message == "Approved churn@1 for production. It may be deployed."
    assert panel.world.head() > before
    assert PASSPHRASE not in panel.server.log
    request = panel.request()
    assert (request.given, request.may_approve) == (("ben",), False)
    assert "has approved it already" in request.why_not
    _what_was_approved_is_deployed(panel)


def _what_was_approved_is_deployed(panel):
    panel.is_used_by("ana")
    order = {**WORK, "name": "churn", "environment": "production", "to": 1}
    assert "reason" in error(panel.client.post("deployments", {**order, "reason": ""}), 400).message
    assert "which version" in error(panel.client.post("deployments", {**order, "to": 0, "reason": "now"}), 400).message
    done = made(panel.client.post("deployments", {**order, "reason": "the quarter begins"}))
    assert (done.message, done.reference) == ("churn@1 is live in production.", "churn@1")
    assert "nothing" not in (panel.world.live / "churn" / "current").resolve().name

    history = msgspec.json.decode(
        panel.client.get("history", path=NOTEBOOK, name="churn", environment="production").content, type=PanelHistory
    )
    assert [(one.number, one.by, one.reason, one.approved_by) for one in history.reigns] == [
        (1, "ana", "the quarter begins", ("ben",))
    ]
    health = msgspec.json.decode(panel.client.get("health", path=NOTEBOOK).content, type=PanelHealth)
    assert [(one.reference, one.state) for one in health.live] == [("churn@1", "live")]
    back = {**order, "to": 0, "reason": "the numbers fell"}
    assert error(panel.client.post("rollbacks", back), 400).message.startswith("No other version")
    _another_one_is_deployed_and_rolled_back(panel, back)


def _another_one_is_deployed_and_rolled_back(panel, back):
    reference = panel.world.register("two").reference
    asked = made(panel.client.post("requests", {**WORK, "reference": reference, "environment": "production"}), 201)
    versions = {one.reference: one for one in panel.versions().versions}
    verdict = versions[reference].request.verdict
    panel.is_used_by("ben")
    vote = {"reason": "better", "verdict": verdict, "typed": reference, "passphrase": PASSPHRASE}
    made(panel.vote("approve", request=asked.id, **vote))
    panel.is_used_by("ana")
    number = int(reference.partition("@")[2])
    made(panel.client.post("deployments", {**back, "to": number, "reason": "it is better"}))
    done = made(panel.client.post("rollbacks", back))
    assert (done.reference, done.message) == ("churn@1", "churn@1 is live in production again. Its files are whole.")


def test_the_policy_is_asked_and_says_why(panel):
    panel.is_used_by("ana")
    reference = panel.version("asked")
    response = panel.client.get("decision", path=NOTEBOOK, reference=reference, environment="production")
    decision = msgspec.json.decode(response.content, type=PanelDecision)
    assert (decision.reference, decision.allowed, decision.ready, decision.mode) == (reference, False, True, "block")
    assert [one.check for one in decision.findings] == ["OWNER", "ALIVE", "APPROVED"]
    order = {**WORK, "name": "asked", "environment": "production", "to": 1, "reason": "now"}
    refused = error(panel.client.post("deployments", order), 409)
    assert [(one.check, one.outcome) for one in refused.findings if one.outcome != "pass"] == [("APPROVED", "fail")]


def test_a_bundle_is_registered_by_its_digest_and_never_by_a_path(panel):
    panel.is_used_by("ana")
    bundle = str(panel.world.bundle("three"))
    error(panel.client.post("versions", {**WORK, "bundle": bundle, "name": "third"}), 404)
    digest = panel.world.register("three").version.bundle
    done = made(panel.client.post("versions", {**WORK, "bundle": digest, "name": "second"}), 201)
    assert (done.message, done.reference) == ("Registered as second@1.", "second@1")


def test_requests_are_made_rejected_and_withdrawn(panel):
    panel.is_used_by("ana")
    reference = panel.version("wanted")
    body = {**WORK, "reference": reference, "environment": "production", "comment": "please"}
    first = made(panel.client.post("requests", body), 201)
    assert first.reference == reference
    error(panel.client.post("requests", body), 409)
    withdrawn = made(panel.vote("withdraw", request=first.id, reason="too early"))
    assert withdrawn.message == "Withdrew the request for wanted@1."
    second = made(panel.client.post("requests", body), 201)
    panel.is_used_by("ben")
    assert "reason" in error(panel.vote("reject", request=second.id, reason=""), 400).message
    assert (
        made(panel.vote("reject", request=second.id, reason="not yet")).message == "Rejected wanted@1 for production."
    )
    assert "no open request" in error(panel.vote("reject", request=second.id, reason="again"), 404).message


def test_the_notebook_is_told_with_its_versions_and_what_one_may(panel):
    panel.is_used_by("ben")
    state = msgspec.json.decode(panel.client.get("notebook", path=NOTEBOOK).content, type=NotebookState)
    assert state.versions is not None
    assert "churn@1" in [one.reference for one in state.versions.versions]
    may = {action for action, why in state.versions.may.items() if not why}
    assert may >= {"approve", "reject", "rollback", "view"}
    assert "may not deploy" in state.versions.may["deploy"]
