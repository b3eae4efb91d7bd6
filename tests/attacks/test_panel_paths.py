"""Class 1: no spelling of a path that a front end sends leads out of the folder that the server shows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actions.job_places import write_notebook
from tests.servers.lab_client import Client
from tests.servers.lab_server import LabServer

from pressrun.errors import UsageError
from pressrun.interfaces.lab.paths import Shown
from pressrun.interfaces.lab.routes import ROUTES

CANARY = "the-canary-sings"
SPELLINGS = (
    "../outside/secret.ipynb",
    "work/../../outside/secret.ipynb",
    "..\\outside\\secret.ipynb",
    "%2e%2e/outside/secret.ipynb",
    "%2e%2e%2foutside%2fsecret.ipynb",
    "%252e%252e%252foutside%252fsecret.ipynb",
    "..%2foutside/secret.ipynb",
    "..;/outside/secret.ipynb",
    "....//outside/secret.ipynb",
    "..//outside/secret.ipynb",
    "./../outside/secret.ipynb",
    "#../outside/secret.ipynb",
    "work/..",
    "..",
    ".",
    "/",
    "//outside/secret.ipynb",
    "{outside}/secret.ipynb",
    "/{outside}/secret.ipynb",
    "file:{outside}/secret.ipynb",
    "file://{outside}/secret.ipynb",
    "~/secret.ipynb",
    "$HOME/secret.ipynb",
    "work/\x00/../../outside/secret.ipynb",
    "work/churn.ipynb\x00../../outside/secret.ipynb",
    "../outside/secret.ipynb\n",
    "\u202e../outside/secret.ipynb",
    "\uff0e\uff0e/outside/secret.ipynb",
    "..\u2215outside\u2215secret.ipynb",
    "link.ipynb",
    "link/secret.ipynb",
    "work/link/../secret.ipynb",
    "../rootsecret/secret.ipynb",
    ".hidden/secret.ipynb",
    "work/.hidden.ipynb",
    "work/pipe.ipynb",
    "work/folder.ipynb",
    "x" * 5000 + ".ipynb",
    "work/" + "y" * 256 + ".ipynb",
    "/".join(["a"] * 2000) + ".ipynb",
)  # fmt: skip
FIELDS = [(route.method, route.path, "query") for route in ROUTES if route.query.get("path")]
FIELDS += [
    (route.method, route.path, "notebook")
    for route in ROUTES
    if route.order is not None and "notebook" in route.order.__struct_fields__
]
FIELDS += [("POST", "templates", "folder"), ("POST", "templates", "name")]
REST = {
    "jobs": {"kind": "replay"},
    "templates": {"template": "report"},
    "versions": {"bundle": "churn"},
    "requests": {"reference": "churn@1", "environment": "production"},
    "deployments": {"name": "churn", "environment": "production", "reason": "because", "to": 1},
    "rollbacks": {"name": "churn", "environment": "production", "reason": "because"},
}
VOTE = {"request": "0" * 32, "reason": "because"}
QUERY = {"reference": "churn@1", "environment": "production", "name": "churn"}


class Ground:
    """A server whose folder lies beside one that nobody may see."""

    def __init__(self, folder: Path) -> None:
        self.server = LabServer(folder)
        self.server.act_as("ana")
        root, self.outside = self.server.root, folder / "outside"
        write_notebook(root / "work/churn.ipynb", "x = 1")
        for secret in (self.outside, folder / "rootsecret", root / ".hidden"):
            write_notebook(secret / "secret.ipynb", CANARY)
        write_notebook(root / "work/.hidden.ipynb", CANARY)
        (root / "link").symlink_to(self.outside)
        (root / "work/link").symlink_to(self.outside / "deeper")
        (root / "link.ipynb").symlink_to(self.outside / "secret.ipynb")
        (root / "work/folder.ipynb").mkdir()
        os.mkfifo(root / "work/pipe.ipynb")
        self.client = Client(self.server.start())

    def files(self) -> set[Path]:
        return {path for path in self.server.folder.rglob("*") if "cache" not in path.parts}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Give the server, and see in the end that nothing was made anywhere."""
    made = Ground(tmp_path_factory.mktemp("server"))
    try:
        before = made.files()
        yield made
        assert made.files() == before
        assert CANARY not in made.server.log
    finally:
        made.server.stop()


def asked(ground: Ground, field: tuple[str, str, str], path: str) -> httpx.Response:
    method, route, where = field
    route = route.replace("{job}", "0" * 32)
    if where == "query":
        names = next(one.query for one in ROUTES if (one.method, one.path) == field[:2])
        return ground.client.get(route, **{name: QUERY.get(name, path) for name in names if name != "as_of"})
    rest = VOTE if route.startswith("requests/") else REST[route]
    assert method == "POST"
    return ground.client.post(route, {**rest, where: path})


@pytest.mark.parametrize("field", FIELDS, ids=[" ".join(field) for field in FIELDS])
def test_no_spelling_leads_out(ground, field):
    for spelling in SPELLINGS:
        path = spelling.format(outside=ground.outside)
        if field[2] == "folder" and path == "work/folder.ipynb":
            continue  # it is one
        if field[2] == "name" and "/" not in path and not path.startswith(".") and "\\" not in path:
            continue  # a name that is odd and leads nowhere
        response = asked(ground, field, path)
        assert response.status_code in {400, 404}, (spelling, response.text)
        assert CANARY not in response.text, spelling


def test_the_same_path_spelled_in_the_url_itself_leads_nowhere(ground):
    for raw in (
        "..%2foutside%2fsecret.ipynb",
        "%2e%2e%2f%2e%2e%2foutside/secret.ipynb",
        "..%5coutside",
        "%00",
        "%c0%ae",
    ):
        response = ground.client.http.get(f"notebook?path={raw}")
        assert response.status_code in {400, 404}, raw
    for raw in ("jobs/%2e%2e/about", "jobs/..%2fabout", "jobs/" + "0" * 32 + "%2f..%2f..%2fnotebook"):
        assert ground.client.http.get(raw, params={"path": "work/churn.ipynb"}).status_code in {400, 404}, raw


def test_a_link_inside_the_folder_may_be_followed(ground, tmp_path):
    root = tmp_path / "root"
    write_notebook(root / "work/churn.ipynb", "x = 1")
    (root / "other.ipynb").symlink_to(root / "work/churn.ipynb")
    assert Shown(root).notebook("other.ipynb").notebook == root / "other.ipynb"


PARTS = st.sampled_from(["..", ".", "", "a", "link", "%2e%2e", "..;", "~", "\\", "/", ".hidden", "a.ipynb", "\x00"])


@given(st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=8).map("/".join), st.lists(PARTS).map("".join)))
def test_whatever_is_sent_stays_inside(tmp_path_factory, path):
    shown = _shown(tmp_path_factory)
    for name in (shown.notebook, shown.folder):
        try:
            found = name(path)
        except UsageError:
            continue
        file = found if isinstance(found, Path) else found.notebook
        assert file.resolve().is_relative_to(shown.root.resolve())
        assert not any(part.startswith(".") for part in file.relative_to(shown.root).parts)


_MADE: list[Shown] = []


def _shown(factory: pytest.TempPathFactory) -> Shown:
    if not _MADE:
        folder = factory.mktemp("paths")
        write_notebook(folder / "root/a/a.ipynb", "x = 1")
        write_notebook(folder / "outside/a.ipynb", CANARY)
        (folder / "root/link").symlink_to(folder / "outside")
        _MADE.append(Shown(folder / "root"))
    return _MADE[0]
