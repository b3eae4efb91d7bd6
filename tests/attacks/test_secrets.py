"""Secrets planted wherever they get to in practice never get into a bundle, a store, a log or a message."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pressrun.actions.secret_gate import SecretGate
from pressrun.errors import RefusedError
from pressrun.interfaces.cli.main import run
from pressrun.notebook.git import git_state
from pressrun.notebook.read import read_notebook
from pressrun.testing.plants import in_source, planted_secrets

PLANTS = planted_secrets(7)
KINDS = sorted(PLANTS)
assert len(KINDS) >= 16


def every_writing(secret: str) -> Iterator[bytes]:
    """Give the secret in every encoding in which somebody could read it."""
    raw = secret.encode()
    yield from (raw, json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), raw.hex().encode())
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + raw)[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]


def assert_untold(told: str | bytes, secret: str) -> None:
    content = told.encode() if isinstance(told, str) else told
    assert not [form for form in every_writing(secret) if form in content]


def assert_in_no_file(folder: Path, secret: str, *, but: Path | None = None) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path != but:
            assert_untold(path.read_bytes(), secret)


def notebook(folder: Path, *cells: dict[str, Any], **metadata: Any) -> Path:
    whole = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": "",
            **one,
        }
        for i, one in enumerate(cells)
    ]
    path = folder / "nb.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": whole}))
    (folder / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    return path


def _quoted(secret: str) -> str:
    return quote(secret, safe="")


def _stream(kind: str, secret: str) -> dict[str, Any]:
    return {
        "source": "show()",
        "outputs": [{"output_type": "stream", "name": "stdout", "text": f"password={secret}\n"}],
    }


def _traceback(kind: str, secret: str) -> dict[str, Any]:
    lines = [f"----> 1 connect(password={secret!r})", "OSError: refused"]
    error = {"output_type": "error", "ename": "OSError", "evalue": "refused", "traceback": lines}
    return {"source": "connect(password=password)", "outputs": [error]}


PLACES: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "source": lambda kind, secret: {"source": in_source(kind, secret)},
    "output": _stream,
    "traceback": _traceback,
    "parameter": lambda kind, secret: {"source": f"password = {secret!r}", "metadata": {"tags": ["parameters"]}},
    "git remote": lambda kind, secret: {"source": f"!git clone https://oauth2:{_quoted(secret)}@git.internal/a.git"},
    "index URL": lambda kind, secret: {"source": f"%pip install -i https://u:{_quoted(secret)}@pypi.internal/simple x"},
    "database URL": lambda kind, secret: {"source": f"url = 'mysql://root:{_quoted(secret)}@db.internal/sales'"},
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_secret_stops_the_package_before_anything_is_written_or_told(
    kind: str, place: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secret = PLANTS[kind]
    path = notebook(tmp_path, PLACES[place](kind, secret))
    before = sorted(tmp_path.rglob("*"))
    for words in ((), ("--json",)):
        assert run(["package", str(path), "-o", str(tmp_path / "bundle"), *words]) == 3
        said = capfd.readouterr()
        assert_untold(said.out + said.err + caplog.text, secret)
        assert "--allow-secret " in said.out + said.err
        assert "cell 0" in said.out + said.err
    assert sorted(tmp_path.rglob("*")) == before


def _wheel(folder: Path, content: bytes) -> None:
    with zipfile.ZipFile(folder / "own-1-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("own/settings.py", content)


FILES: dict[str, Callable[[Path, str, str], object]] = {
    "pipeline.py": lambda f, kind, s: (f / "pipeline.py").write_text(in_source(kind, s)),
    "notebook.ipynb": lambda f, kind, s: notebook(f, {"source": in_source(kind, s)}).rename(f / "notebook.ipynb"),
    "outputs.json": lambda f, kind, s: (f / "outputs.json").write_text(json.dumps({"cells": [{"password": s}]})),
    "README.md": lambda f, kind, s: (f / "README.md").write_text(f"The password: '{s}'\n"),
    "a module": lambda f, kind, s: (f / "helper.py").write_text(f"def connect(password={s!r}): ...\n"),
    "settings": lambda f, kind, s: (f / "settings.toml").write_text(f"[db]\npassword = {json.dumps(s)}\n"),
    "evidence": lambda f, kind, s: (f / "capture.json").write_text(
        json.dumps({"remote": f"https://oauth2:{_quoted(s)}@git.internal/a.git"})
    ),
}
TOKENS: dict[str, Callable[[Path, str, str], object]] = {
    "a table": lambda f, kind, s: (f / "rows.csv").write_text(f'id,note\n1,"{s}"\n'),
    "a pickled model": lambda f, kind, s: (f / "m.pkl").write_bytes(pickle.dumps({"client": [s, 1.5, b"\xff\x00"]})),
    "a wheel": lambda f, kind, s: _wheel(f, in_source(kind, s).encode()),
    "an attachment": lambda f, kind, s: notebook(
        f, {"cell_type": "markdown", "attachments": {f"shot of {s}.png": {"image/png": ""}}}
    ),
    "a cell's metadata": lambda f, kind, s: notebook(f, {"metadata": {"note": s}}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "file"),
    [(kind, file) for kind in KINDS for file in (*FILES, *TOKENS) if kind != "password" or file in FILES],
)
def test_a_secret_in_any_file_that_would_go_into_the_bundle_is_refused(kind: str, file: str, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    {**FILES, **TOKENS}[file](tmp_path / "bundle", kind, PLANTS[kind])
    gate = SecretGate(read_notebook(notebook(tmp_path, {"source": "x = 1"})), tmp_path)
    gate.check_notebook()
    with pytest.raises(RefusedError) as caught:
        gate.check_folder(tmp_path / "bundle")
    assert_untold(str(caught.value), PLANTS[kind])


@pytest.mark.parametrize("file", [*FILES, *TOKENS])
def test_a_value_of_the_environment_is_refused_in_any_file(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "tidal wave over 7 hills"  # looks like nothing but what it is
    monkeypatch.setenv("WAREHOUSE_PASSWORD", secret)
    (tmp_path / "bundle").mkdir()
    {**FILES, **TOKENS}[file](tmp_path / "bundle", "other", secret)
    gate = SecretGate(read_notebook(notebook(tmp_path, {"source": "x = 1"})), tmp_path)
    with pytest.raises(RefusedError, match="the value of WAREHOUSE_PASSWORD") as caught:
        gate.check_folder(tmp_path / "bundle")
    assert_untold(str(caught.value), secret)


def test_a_file_name_that_holds_a_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / f"{PLANTS['gitlab']}.txt").touch()
    gate = SecretGate(read_notebook(notebook(tmp_path, {"source": "x = 1"})), tmp_path)
    with pytest.raises(RefusedError):
        gate.check_folder(tmp_path / "bundle")


def test_a_finding_is_allowed_by_its_name_alone_on_the_command_line_or_in_the_project(tmp_path: Path) -> None:
    token, other = PLANTS["github"], PLANTS["stripe"]
    path = notebook(tmp_path, {"source": f"a = {token!r}\nb = {other!r}"})
    read = read_notebook(path)
    with pytest.raises(RefusedError) as caught:
        SecretGate(read, tmp_path).check_notebook()
    names = [word for word in caught.value.remedy.split() if ":" in word and word[-12:].isalnum() and "//" not in word]
    assert len(names) == 2
    with pytest.raises(RefusedError) as caught:
        SecretGate(read, tmp_path, names[:1]).check_notebook()
    assert names[0] not in str(caught.value)
    SecretGate(read, tmp_path, names).check_notebook()
    (tmp_path / "pyproject.toml").write_text(f"[tool.pressrun]\nallow-secrets = {json.dumps(names)}\n")
    SecretGate(read, tmp_path).check_notebook()


def test_a_guess_is_told_and_stops_nothing(tmp_path: Path) -> None:
    path = notebook(tmp_path, {"source": "password = 'postgres'"})
    gate = SecretGate(read_notebook(path), tmp_path, ["github-token:000000000000"])
    gate.check_notebook()
    (tmp_path / "bundle").mkdir()
    path.rename(tmp_path / "bundle" / "source.ipynb")
    notes = gate.check_folder(tmp_path / "bundle").notes
    assert len(notes) == 2
    assert "possibly a secret: secret-assignment:" in notes[0]
    assert "github-token:000000000000" in notes[1]


def test_the_token_in_the_address_of_a_git_remote_is_not_captured(tmp_path: Path) -> None:
    token = PLANTS["github-fine-grained"]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    address = f"https://x-access-token:{token}@git.example.com/a/b.git"
    subprocess.run(["git", "-C", str(tmp_path), "remote", "add", "origin", address], check=True)
    state = git_state(tmp_path)
    assert state.remote == "https://git.example.com/a/b.git"


SHOW_IN_STREAMS = (
    "import base64, json, sys, urllib.parse, warnings\nprint('token', token)\nprint(header, file=sys.stderr)"
)
SHOW_ENCODED = (
    "print(base64.b64encode(b'xy' + token.encode()).decode())\nprint(urllib.parse.quote(token), json.dumps(token))"
)
SHOW_RICHLY = """\
from IPython.display import HTML, JSON, display
display(HTML(f'<b>{token}</b>'), JSON({'t': token}))
[token]"""
SPEAKS = [
    {"source": "%%register parameters\ntoken = 'secret://API_TOKEN'\nheader = 'Bearer ' + token"},
    {"source": SHOW_IN_STREAMS},
    {"source": SHOW_ENCODED},
    {"source": SHOW_RICHLY},
    {"source": "for letter in token:\n    sys.stdout.write(letter)\n    sys.stdout.flush()"},
    {"source": "!echo $API_TOKEN"},
    {"source": "warnings.warn(token)"},
    {"source": "raise ValueError(f'no access with {token}')"},
]


@pytest.mark.parametrize("secret", ["k3y-Zq8#x/\"é'7 and more", PLANTS["jwt"]], ids=["quotes", "jwt"])
def test_a_referenced_secret_that_the_notebook_shows_is_blotted_out(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = notebook(tmp_path, *SPEAKS)
    environment = {**os.environ, "API_TOKEN": secret}
    done = subprocess.run(
        [sys.executable, "-m", "pressrun", "replay", str(path), "--json"],
        env=environment, cwd=tmp_path, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert_untold(done.stdout + done.stderr, secret)
    assert_in_no_file(tmp_path, secret)
    executed = json.loads((tmp_path / "nb-replayed.ipynb").read_text())
    shown = [json.dumps(cell["outputs"]) for cell in executed["cells"]]
    assert [position for position, text in enumerate(shown) if "[secret API_TOKEN]" in text] == list(range(2, 9))
    result = json.loads(done.stdout)
    assert result["parameters"] == {"token": "secret://API_TOKEN"}
    assert "[secret API_TOKEN]" in result["failure"]["message"]
    assert "API_TOKEN" in result["environment_variables"]


def test_a_secret_that_is_read_from_a_file_is_no_input_of_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "project" / "secrets"
    folder.mkdir(parents=True)
    (folder / "API_TOKEN").write_text("tidal wave over 7 hills\n")
    monkeypatch.setenv("PRESSRUN_SECRETS", str(folder))
    path = notebook(tmp_path / "project", *SPEAKS[:2])
    assert run(["replay", str(path), "--json", "-p", "token=secret://file/API_TOKEN"]) == 0
    said = capfd.readouterr().out
    assert "secrets/API_TOKEN" not in said
    assert_untold(said, "tidal wave over 7 hills")
    assert_in_no_file(tmp_path, "tidal wave over 7 hills", but=folder / "API_TOKEN")


def test_a_replay_warns_of_a_secret_that_the_notebook_shows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", PLANTS["gitlab"])
    path = notebook(tmp_path, {"source": "from pathlib import Path"}, {"source": "print(Path('told').read_text())"})
    (tmp_path / "told").write_text(PLANTS["gitlab"])
    assert run(["replay", str(path)]) == 0
    warned = capfd.readouterr().err
    assert "looks like a secret" in warned
    assert "in cell 1, output 0, line 1 (output)" in warned
    assert_untold(warned, PLANTS["gitlab"])
