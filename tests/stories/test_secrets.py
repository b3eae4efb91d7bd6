"""A notebook that needs a secret goes to production, and the secret goes nowhere."""

import base64
import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from pressing import write_notebook

from pressrun.testing.plants import planted_secrets

pytestmark = [pytest.mark.slow, pytest.mark.network]

CELLS = [
    "%%register parameters\ntoken: str = 'secret://API_TOKEN'  # opens the warehouse\nrows: int = 3\n"
    "header = 'Bearer ' + token",
    "import base64\nprint('connecting with', header)\nprint(base64.b64encode(b'me:' + token.encode()).decode())",
    "%%register metrics\nlength = len(token) * rows",
    "token",
]
SECRET = 'tidal/wave "over" 7 hills & Zq8'


def pressrun(*words, cwd, **variables):
    """Run the command line as a user does, with more variables."""
    command = [sys.executable, "-m", "pressrun", *map(str, words)]
    environment = {name: value for name, value in os.environ.items() if name != "API_TOKEN"} | variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280, check=False)


def every_writing(secret):
    raw = secret.encode()
    yield from (raw, json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), raw.hex().encode())
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + raw)[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]


def files_with(secret, folder):
    forms = list(every_writing(secret))
    return [p for p in folder.rglob("*") if p.is_file() and any(form in p.read_bytes() for form in forms)]


@contextlib.contextmanager
def index_without_packages():
    """A package index on this machine that has nothing; gives its port and the paths that it was asked for."""
    asked = []

    class Nothing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A bundle made where the git remote, an index and the environment hold secrets, and the notebook shows one."""
    folder = tmp_path_factory.mktemp("secret")
    plants = planted_secrets(11)
    (folder / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    write_notebook(folder / "report.ipynb", CELLS)
    subprocess.run(["git", "init", "-q", folder], check=True)
    remote = f"https://x-access-token:{plants['github']}@git.example.com/a/b.git"
    subprocess.run(["git", "-C", folder, "remote", "add", "origin", remote], check=True)
    subprocess.run(["git", "-C", folder, "add", "report.ipynb"], check=True)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", folder, *who, "commit", "-qm", "a"], check=True)
    with index_without_packages() as (port, asked):
        known = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", "global.extra-index-url"],
            capture_output=True, text=True, check=False,
        ).stdout.split()  # fmt: skip
        indexes = " ".join([*known, f"http://reader:{plants['gitlab']}@127.0.0.1:{port}/simple"])
        done = pressrun(
            "package", "report.ipynb", "-o", "bundle", "--json", cwd=folder, API_TOKEN=SECRET,
            WAREHOUSE_URL=plants["database-url"], PIP_EXTRA_INDEX_URL=indexes, PRESSRUN_CACHE=str(folder / "cache"),
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert asked, "the index with a token was asked"
    (folder / "told").write_text(done.stdout + done.stderr)
    return folder, [SECRET, plants["github"], plants["gitlab"], plants["database-url"]]


def test_no_secret_is_in_the_bundle_the_store_or_anything_told(packed):
    folder, secrets = packed
    for secret in secrets:
        assert [path for path in files_with(secret, folder) if ".git" not in path.parts] == []


def test_the_bundle_shows_a_mark_where_the_notebook_showed_the_secret(packed):
    folder, _ = packed
    executed = (folder / "bundle" / "evidence" / "executed.ipynb").read_text()
    assert executed.count("[secret API_TOKEN]") >= 3
    assert "secret://API_TOKEN" in (folder / "bundle" / "parameters.schema.json").read_text()
    assert "`secret://NAME` is looked up where the notebook runs" in (folder / "bundle" / "README.md").read_text()


@pytest.mark.parametrize("how", ["environment", "file", "given"])
def test_the_program_of_the_bundle_finds_the_secret_where_it_runs(packed, tmp_path, how):
    folder, _ = packed
    other = "another tide over 9 dales"
    (tmp_path / "OTHER").write_text(other + "\n")
    environment = {name: value for name, value in os.environ.items() if name != "API_TOKEN"}
    words = ["--token", "secret://file/OTHER"] if how == "given" else []
    if how == "file":
        (tmp_path / "API_TOKEN").write_text(other)
    environment |= {"API_TOKEN": other} if how == "environment" else {"PRESSRUN_SECRETS": str(tmp_path)}
    results = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "pipeline.py", "--results", results, *words],
        cwd=folder / "bundle", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"connecting with Bearer {other}" in done.stdout
    found = json.loads(results.read_text())
    assert found["metrics"]["length"] == len(other) * 3
    assert found["parameters"]["token"].startswith("secret://")
    assert {path.name for path in files_with(other, tmp_path)} <= {"OTHER", "API_TOKEN"}


def test_the_program_says_in_one_line_that_its_secret_is_not_there(packed):
    folder, _ = packed
    environment = {name: value for name, value in os.environ.items() if name != "API_TOKEN"}
    done = subprocess.run(
        [sys.executable, "pipeline.py"],
        cwd=folder / "bundle", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "the secret API_TOKEN is not there; looked for: the environment variable API_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_bundle_is_verified_with_another_secret_of_the_same_length(packed):
    """What is compared are marks, so that a secret may be renewed."""
    folder, _ = packed
    done = pressrun("verify", "bundle", "--json", cwd=folder, API_TOKEN="x" + SECRET[1:])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bundle_replays_with_another_reference_alone(packed, tmp_path):
    folder, _ = packed
    out = tmp_path / "out.ipynb"
    words = ["replay", "bundle", "-p", "token=secret://env/OTHER_TOKEN", "-o", out, "--json"]
    done = pressrun(*words, cwd=folder, OTHER_TOKEN="another tide over 9 dales")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[secret OTHER_TOKEN]" in out.read_text()
    done = pressrun("replay", "bundle", "-o", out, "--json", cwd=folder)
    assert done.returncode == 2
    assert "the secret API_TOKEN is not there" in json.loads(done.stdout)["error"]["what"]


def test_a_secret_that_only_an_output_shows_keeps_the_bundle_from_being_written(tmp_path):
    token = planted_secrets(5)["hugging-face"]
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "told.txt").write_text(token)
    write_notebook(tmp_path / "nb.ipynb", ["print(open('told.txt').read())"])
    blocked = pressrun("package", "nb.ipynb", "-o", "bundle", "--no-proof", cwd=tmp_path)
    assert blocked.returncode == 3
    assert token not in blocked.stdout + blocked.stderr
    assert not (tmp_path / "bundle").exists()
    assert files_with(token, tmp_path) == [tmp_path / "told.txt"]
    name = blocked.stderr.split("--allow-secret ")[1].split()[0]
    allowed = pressrun("package", "nb.ipynb", "-o", "bundle", "--no-proof", "--allow-secret", name, cwd=tmp_path)
    assert allowed.returncode == 0, allowed.stderr
    assert json.loads((tmp_path / "bundle" / "evidence" / "secrets.json").read_text()) == {"allowed": [name]}
    assert Path(tmp_path / "bundle" / "project" / "told.txt").exists()
