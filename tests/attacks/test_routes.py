"""Classes 11, 12 and 14: every route of the panel, as the server has it, refuses whoever may not ask."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from tests.servers.lab_client import Client, browser
from tests.servers.lab_server import METHODS, LabServer
from tests.servers.lab_world import NOTEBOOK, LabWorld

from pressrun.interfaces.lab.desk import Desk
from pressrun.interfaces.lab.handlers import handlers
from pressrun.interfaces.lab.routes import FILES, JOB, ROUTES, Route, check_table
from pressrun.records.jobs import JobResult, StoredOrder
from pressrun.store.jobs import RESULT, JobFolder, make_job

EVIL = "https://evil.example"
WORK = {"notebook": NOTEBOOK}


class Sample(NamedTuple):
    """A request that the route would take from whoever may make it."""

    query: dict[str, str] = {}  # noqa: RUF012 - never changed
    body: dict[str, Any] | None = None


PATH = {"path": NOTEBOOK}
VOTE = {**WORK, "request": "REQUEST", "reason": "because", "typed": "churn@1", "verdict": "sha256:" + "0" * 64}
MOVE = {**WORK, "name": "churn", "environment": "production", "to": 1, "reason": "because"}
SAMPLES = {
    "GET about": Sample(),
    "GET notebook": Sample(PATH),
    "GET doctor": Sample(PATH),
    "GET templates": Sample(),
    "POST templates": Sample(body={"template": "report", "folder": "project"}),
    "GET jobs": Sample(PATH),
    "POST jobs": Sample(body={**WORK, "kind": "replay"}),
    "GET jobs/{job}": Sample(PATH),
    "POST jobs/{job}/stop": Sample(PATH, {}),
    "GET jobs/{job}/comparison": Sample(PATH),
    "GET jobs/{job}/command": Sample(PATH),
    "GET versions": Sample({**PATH, "name": "churn"}),
    "POST versions": Sample(body={**WORK, "bundle": "churn", "name": "churn"}),
    "GET decision": Sample({**PATH, "reference": "churn@1", "environment": "production"}),
    "GET health": Sample(PATH),
    "GET history": Sample({**PATH, "name": "churn", "environment": "production"}),
    "POST requests": Sample(body={**WORK, "reference": "churn@1", "environment": "staging"}),
    "POST requests/approve": Sample(body=VOTE),
    "POST requests/reject": Sample(body=VOTE),
    "POST requests/withdraw": Sample(body=VOTE),
    "POST deployments": Sample(body=MOVE),
    "POST rollbacks": Sample(body={**MOVE, "to": 0}),
}


class Asker:
    """Makes the sample request of a route, with this or that wrong."""

    def __init__(self, server: LabServer) -> None:
        self.server = server
        self.world = LabWorld(server).ready()
        self.job = finished_job(self.world).id
        self.token = Client(server).http
        self.browser = browser(server)
        self.nobody = server.asking.enter_context(httpx.Client(base_url=self.token.base_url, timeout=60))

    def ask(self, client: httpx.Client, route: Route, method: str = "", **headers: str) -> httpx.Response:
        sample = SAMPLES[f"{route.method} {route.path}"]
        path = route.path.replace("{job}", self.job)
        body = msgspec.json.encode(sample.body).replace(b"REQUEST", self.world.request.encode())
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        content = body if sample.body is not None else None
        return client.request(method or route.method, path, params=sample.query, content=content, headers=sent)

    @property
    def xsrf(self) -> str:
        return next(value for name, value in self.browser.cookies.items() if name == "_xsrf")


def finished_job(world: LabWorld) -> JobFolder:
    def build(number: int) -> StoredOrder:
        source = "sha256:" + "0" * 64
        return StoredOrder(
            id=uuid.uuid4().hex, number=number, kind="replay", notebook="churn.ipynb", source=source, created="2026"
        )

    folder = make_job(world.project, "churn.ipynb", build)
    folder.write(RESULT, msgspec.json.encode(JobResult(state="completed", ended="2026-11-29T00:00:00+00:00")))
    return folder


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Give somebody who asks a server as Ana, and see in the end that nothing of all that changed anything."""
    folder = tmp_path_factory.mktemp("server")
    server = LabServer(folder, {"PRESSRUN_JOURNAL_KEY": str(folder / "journal.key")})
    server.act_as("ana")
    try:
        made = Asker(server.start())
        before = made.world.head(), files_in(server)
        yield made
        assert (made.world.head(), files_in(server)) == before
    finally:
        server.stop()


def files_in(server: LabServer) -> list[str]:
    return sorted(str(path) for path in server.root.rglob("*") if not path.name.startswith("journal.db-"))


every_route = pytest.mark.parametrize("route", ROUTES, ids=[f"{route.method} {route.path}" for route in ROUTES])
every_post = pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.method == "POST"], ids=[r.path for r in ROUTES if r.method == "POST"]
)


def refused(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    if response.request.method != "HEAD":
        assert set(response.json()) == {"message", "where", "remedy", "code", "findings"}


def test_every_route_that_the_server_has_is_in_this_matrix(asker):
    live = {
        f"{method} {re.sub(r'.*/pressrun/', '', pattern.replace(JOB, '{job}')).rstrip('$')}"
        for pattern, methods in asker.server.routes.items()
        for method in methods
    }
    assert live == set(SAMPLES)


@every_route
def test_the_sample_is_taken_from_whoever_may_ask(asker, route):
    if route.method == "POST":
        wrong = asker.token.post(route.path.replace("{job}", "0" * 32), json={"no": "such field"})
        assert wrong.status_code == 400
    elif route.path.endswith("comparison"):
        assert "compared nothing" in asker.ask(asker.token, route).text
    else:
        assert asker.ask(asker.token, route).status_code == 200
        assert asker.ask(asker.browser, route).status_code == 200


@every_route
def test_without_a_token_it_is_refused(asker, route):
    refused(asker.ask(asker.nobody, route), 403)


@every_route
def test_with_a_wrong_token_it_is_refused(asker, route):
    refused(asker.ask(asker.nobody, route, Authorization="token " + "0" * 48), 403)


@every_route
def test_where_the_servers_authorizer_refuses_it_is_refused(asker, route):
    with asker.server.denying(route.needs):
        refused(asker.ask(asker.token, route), 403)


@every_route
def test_where_our_own_roles_refuse_it_is_refused(asker, route):
    if route.role == FILES and route.method == "POST":
        return  # whoever may write files here may write this one
    asker.server.act_as("vic")
    try:
        if route.role == FILES and route.method == "POST":
            return  # no role of ours is concerned, and it would be done
        response = asker.ask(asker.token, route)
        if route.role != FILES:
            refused(response, 403)
            assert "may not" in response.json()["message"]
        elif route.path == "health":
            assert response.json()["live"] == response.json()["waiting"] == []
        elif route.path == "notebook":
            assert response.json()["versions"] is None
            assert "vic (viewer) may not view" in response.json()["unreadable"][0]
    finally:
        asker.server.act_as("ana")


@every_route
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_is_refused(asker, route, site):
    refused(asker.ask(asker.browser, route, Origin=EVIL, X_XSRFToken=asker.xsrf), 404)
    refused(asker.ask(asker.browser, route, Sec_Fetch_Site=site, X_XSRFToken=asker.xsrf), 403)


@every_post
def test_a_cookie_alone_changes_nothing(asker, route):
    refused(asker.ask(asker.browser, route), 403)
    refused(asker.ask(asker.browser, route, X_XSRFToken="0" * 32), 403)


@every_post
def test_what_a_form_can_send_is_refused(asker, route):
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        refused(asker.ask(asker.browser, route, Content_Type=kind), 403)
        refused(asker.ask(asker.browser, route, Content_Type=kind, X_XSRFToken=asker.xsrf), 415)
    path, form = route.path.replace("{job}", asker.job), {"order": b"{}"}
    refused(asker.browser.post(path, files=form), 403)
    refused(asker.browser.post(path, files=form, headers={"X-XSRFToken": asker.xsrf}), 415)
    refused(asker.ask(asker.token, route, Content_Type=""), 415)


@every_route
def test_a_name_that_only_leads_here_is_refused(asker, route):
    refused(asker.ask(asker.token, route, Host="evil.example"), 403)
    refused(asker.ask(asker.token, route, Host="127.0.0.1.evil.example:80"), 403)


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_no_other_method_does_anything(asker, path):
    own = {route.method: route for route in ROUTES if route.path == path}
    route = next(iter(own.values()))
    for method in METHODS:
        if method.upper() not in own:
            refused(asker.ask(asker.token, route, method.upper()), 405)
            assert asker.ask(asker.nobody, route, method.upper()).status_code in {403, 405}


@pytest.mark.parametrize(
    "changed",
    [
        {"needs": ""},
        {"needs": "look"},
        {"role": ""},
        {"role": "anything"},
        {"method": "DELETE"},
        {"order": None},
        {"needs": "read"},
    ],
)
def test_a_route_without_a_rule_keeps_the_server_from_starting(changed):
    route = next(route for route in ROUTES if route.method == "POST")
    with pytest.raises(ValueError, match=route.path):
        check_table([*ROUTES[:3], route._replace(**changed)])
    with pytest.raises(ValueError, match="twice"):
        check_table([route, route])
    with pytest.raises(ValueError, match=route.path):
        handlers((route._replace(**changed),), "/", Desk(None, lambda folder, place: None), ThreadPoolExecutor(1))
