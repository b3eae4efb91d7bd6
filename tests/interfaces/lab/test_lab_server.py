"""The server extension, asked over HTTP in a real server."""

from __future__ import annotations

import subprocess
import sys

import httpx
import msgspec
import pytest
from tests.actions.job_places import printed, wait_until, write_notebook

from pressrun.records.panel.comparison import PanelComparison
from pressrun.records.panel.jobs import Job
from pressrun.records.panel.notebooks import About, NotebookState, PanelCheck
from pressrun.records.panel.orders import Made, PanelError
from pressrun.records.panel.versions import PanelHealth, PanelVersions

PARAMETERS = "# %register parameters\nn: int = 2"


def decoded(response: httpx.Response, kind: object) -> object:
    assert response.headers["content-type"] == "application/json"
    assert (response.headers["x-content-type-options"], response.headers["cache-control"]) == ("nosniff", "no-store")
    return msgspec.json.decode(response.content, type=kind)


def told(response: httpx.Response, status: int) -> PanelError:
    assert response.status_code == status, response.text
    found = decoded(response, PanelError)
    assert isinstance(found, PanelError)
    return found


@pytest.fixture(scope="module")
def notebook(server):
    return write_notebook(
        server.root / "work/churn.ipynb",
        PARAMETERS,
        ("print('rows', n)", printed("rows 2\n")),
        ("%register step last\nprint(n)", printed("3\n")),
    )


def test_it_says_what_it_is_and_on_whose_behalf_it_acts(client, server):
    about = decoded(client.get("about"), About)
    assert (about.root, about.actor, about.write, about.environments) == (True, "ana", True, ("production",))
    write_notebook(server.root / "other/work.ipynb", "x = 1")
    (server.root / "other/pressrun.toml").write_text('[registry]\nenvironments = { staging = "record" }\n')
    (server.root / "other/pyproject.toml").touch()
    about = decoded(client.get("about", path="other/work.ipynb"), About)
    assert about.environments == ("staging", "production")


def test_reading_makes_nothing(client, server, notebook):
    before = sorted(path for path in server.root.rglob("*"))
    for path in ("notebook", "doctor", "jobs", "versions", "health"):
        assert client.get(path, path="work/churn.ipynb").status_code == 200, path
    assert client.get("history", path="work/churn.ipynb", name="churn", environment="production").status_code == 404
    assert client.get("templates").status_code == 200
    assert sorted(path for path in server.root.rglob("*")) == before


def test_a_notebook_is_told_with_cells_parameters_and_what_was_never_captured(client, notebook):
    state = decoded(client.get("notebook", path="work/churn.ipynb"), NotebookState)
    assert (state.path, state.project, state.name) == ("work/churn.ipynb", "work", "churn")
    assert [(cell.kind, cell.name) for cell in state.cells] == [("parameters", ""), ("", ""), ("step", "last")]
    assert [(one.name, one.type, one.value, one.schema["type"]) for one in state.parameters] == [
        ("n", "int", 2, "integer")
    ]
    assert [(one.cell, one.what) for one in state.stale] == [(0, "missing"), (2, "missing")]
    assert (state.versions, state.captured, state.unreadable) == (None, None, ())


def test_a_replay_from_order_to_comparison(client, notebook):
    state = decoded(client.get("notebook", path="work/churn.ipynb"), NotebookState)
    order = {"kind": "replay", "notebook": "work/churn.ipynb", "source": state.source}
    begun = client.post("jobs", order)
    assert begun.status_code == 201
    job = decoded(begun, Job)
    assert (job.number, job.notebook, job.by) == (1, "work/churn.ipynb", "ana")
    wait_until(lambda: decoded(client.get(f"jobs/{job.id}"), Job).state not in {"waiting", "running"}, "the end")
    (listed,) = decoded(client.get("jobs", path="work/churn.ipynb"), tuple[Job, ...])
    assert (listed.state, listed.different) == ("differs", 1)
    compared = decoded(client.get(f"jobs/{job.id}/comparison", path="work/churn.ipynb"), PanelComparison)
    assert [(pair.cell, pair.sameness) for pair in compared.pairs] == [(2, "different"), (1, "identical")]
    lines = [(line.kind, line.left, line.right) for line in compared.pairs[0].lines]
    assert lines == [("changed", "3", "2")]
    assert decoded(client.get(f"jobs/{job.id}/command"), Made).message == "pressrun replay churn.ipynb"
    stopped = decoded(client.post(f"jobs/{job.id}/stop", {}), Job)
    assert stopped == listed


def test_what_the_doctor_finds(client, server):
    write_notebook(server.root / "work/bad.ipynb", "print(never_defined)")
    found = decoded(client.get("doctor", path="work/bad.ipynb"), tuple[PanelCheck, ...])
    assert [(one.id, one.level, one.cell) for one in found] == [("name-undefined", "blocking", 0)]


def test_a_wrong_declaration_and_another_language_are_problems_and_not_the_end(client, server):
    write_notebook(server.root / "work/wrong.ipynb", "# %register nonsense --option")
    state = decoded(client.get("notebook", path="work/wrong.ipynb"), NotebookState)
    assert [problem.level for problem in state.problems] == ["error"]
    write_notebook(
        server.root / "work/r.ipynb", "x <- 1", metadata={"language_info": {"name": "R"}, "kernelspec": {"name": "ir"}}
    )
    state = decoded(client.get("notebook", path="work/r.ipynb"), NotebookState)
    assert (state.language, [problem.level for problem in state.problems]) == ("R", ["error"])


def test_an_empty_registry_is_no_error(client, notebook):
    assert decoded(client.get("health", path="work/churn.ipynb"), PanelHealth).live == ()
    assert decoded(client.get("versions", path="work/churn.ipynb", name="none"), PanelVersions).versions == ()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"kind": "replay"}, 400, "notebook"),
        ({"kind": "replay", "notebook": "work/churn.ipynb", "evil": 1}, 400, "evil"),
        ({"kind": "erase", "notebook": "work/churn.ipynb"}, 400, "erase"),
        ({"kind": "replay", "notebook": "work/none.ipynb"}, 404, "no such notebook"),
        ({"kind": "replay", "notebook": "work/churn.ipynb", "parameters": {"m": 1}}, 400, "no parameter 'm'"),
        ({"kind": "replay", "notebook": "work/churn.ipynb", "source": "sha256:0"}, 409, "saved again"),
        ({"kind": "verify", "notebook": "work/churn.ipynb", "bundle": "none"}, 404, "no bundle"),
    ],
)
def test_a_wrong_order_is_told_what_is_wrong(client, notebook, body, status, words):
    assert words in told(client.post("jobs", body), status).message


def test_a_secret_that_is_given_is_refused_and_repeated_nowhere(client, server):
    write_notebook(server.root / "work/secret.ipynb", "# %register parameters\ntoken: str = 'secret://TOKEN'")
    plant = "ghp_" + "a1B2c3D4e5F6" * 3
    order = {"kind": "replay", "notebook": "work/secret.ipynb", "parameters": {"token": plant}}
    error = told(client.post("jobs", order), 409)
    assert "is given a secret" in error.message
    assert plant not in f"{error}{server.log}"
    assert not [path for path in server.root.rglob("*") if path.is_file() and plant.encode() in path.read_bytes()]


def test_equal_keys_deep_and_large_bodies_are_refused(client):
    headers = {"Content-Type": "application/json"}
    for body, status in (
        (b'{"kind": "replay", "kind": "package", "notebook": "x"}', 400),
        (b"[" * 100_000, 400),
        (b"nonsense", 400),
        (b"", 400),
        (b'"' + b"x" * (1 << 20) + b'"', 413),
    ):
        told(client.http.post("jobs", content=body, headers=headers), status)


def test_a_query_has_one_meaning(client):
    told(client.http.get("notebook?path=a.ipynb&path=b.ipynb"), 400)
    told(client.http.get("notebook?path=a.ipynb&evil=1"), 400)
    told(client.http.get("notebook"), 400)
    told(client.http.get("notebook?path=%ff.ipynb"), 400)
    assert client.http.get("about?1764400000000").status_code == 200


def test_an_unforeseen_error_is_logged_and_not_told(client, server):
    error = told(client.http.get(f"{server.url}failing/pressrun/about"), 500)
    assert error.message == "pressrun itself failed; the server's log has more."
    assert "ZeroDivisionError: an unforeseen thing" in server.log


def test_where_jobs_cannot_be_kept_it_is_said(client, server, notebook):
    jobs = server.root / "work/.pressrun/jobs"
    jobs.parent.mkdir(exist_ok=True)
    aside = jobs.with_name("aside")
    if jobs.exists():
        jobs.rename(aside)
    jobs.write_text("no folder")
    try:
        error = told(client.post("jobs", {"kind": "replay", "notebook": "work/churn.ipynb"}), 400)
    finally:
        jobs.unlink()
        if aside.exists():
            aside.rename(jobs)
    assert "cannot be kept" in error.message


def test_the_core_works_where_jupyter_server_is_not_installed():
    block = "import sys; sys.modules['jupyter_server'] = None; sys.modules['tornado'] = None; "
    check = "import pressrun, pressrun.interfaces.lab as lab; print(lab._jupyter_server_extension_points())"
    done = subprocess.run([sys.executable, "-c", block + check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[{'module': 'pressrun.interfaces.lab'}]"
