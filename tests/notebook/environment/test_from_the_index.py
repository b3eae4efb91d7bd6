"""The whole way with real packages: capture an environment, lock it, build it again, find every file equal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pressrun.notebook.environment.installed import differing_files
from pressrun.notebook.environment.lock import LockRequest, make_lock
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.environment.pylock import read_lock
from pressrun.notebook.environment.rebuild import rebuild
from pressrun.notebook.environment.settings import index_settings

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A wheel, a source archive, an editable install that is built with hatchling, and a kernel."""
    from pressrun.notebook.environment.uvtool import uv_binary

    folder = tmp_path_factory.mktemp("index")
    (folder / "tree" / "src" / "ours").mkdir(parents=True)
    (folder / "tree" / "src" / "ours" / "__init__.py").write_text("A = 1\n")
    (folder / "tree" / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "ours"\nversion = "0.1"\ndependencies = ["six"]\n'
    )
    found = folder / "env" / "bin" / "python"
    for command in (
        ["venv", "--quiet", "--python", sys.executable, folder / "env"],
        ["pip", "install", "--quiet", "--python", found, "ipykernel", "docopt", "-e", folder / "tree"],
    ):
        subprocess.run([uv_binary(), *command], check=True, cwd=folder)
    return found


def press(python, folder, cache):
    environment = probe_environment(python, extra=["docopt", "ours"])
    settings = index_settings(prefix=python.parent.parent)
    made = make_lock(environment, LockRequest(), folder / "wheels", settings=settings, project=folder, cache=cache)
    (folder / "pylock.toml").write_bytes(made.text)
    return environment, made


def test_every_file_comes_back(python, tmp_path):
    environment, made = press(python, tmp_path, tmp_path / "cache")
    assert read_lock(tmp_path / "pylock.toml").names == made.names
    assert [path.name for path in made.wheels] == ["ours-0.1-py2.py3-none-any.whl"]
    built = rebuild(tmp_path / "pylock.toml", cache=tmp_path / "cache")
    before = {d.name: d for d in environment.distributions}
    after = {d.name: d for d in probe_environment(built.python).distributions}
    assert sorted(after) == sorted(made.names)
    assert {name for name in after if differing_files(before[name], after[name])} <= {"ours"}
    subprocess.run([built.python, "-c", "import ipykernel, docopt, six, ours"], check=True)


def test_an_empty_home_gives_the_same_bytes(python, tmp_path, monkeypatch):
    """Settings of the user's home folder must not get into the lock."""
    (tmp_path / "one").mkdir()
    first = press(python, tmp_path / "one", tmp_path / "cache")[1]
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "two").mkdir()
    second = press(python, tmp_path / "two", None)[1]
    assert first.text == second.text
    assert [p.read_bytes() for p in first.wheels] == [p.read_bytes() for p in second.wheels]
