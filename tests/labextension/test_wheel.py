"""What is in the wheel: the panel and the server's settings, small, without what only building needs."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DATA = re.compile(r"pressrun-[^/]+\.data/data/(.+)")
PANEL = "share/jupyter/labextensions/@pressrun/labextension"
MOST_SCRIPT_BYTES = 150_000
MOST_WHEEL_BYTES = 1_500_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel that the project builds."""
    assert (ROOT / "labextension" / "dist" / "package.json").exists(), "the panel is not built: run `make panel`"
    folder = tmp_path_factory.mktemp("wheel")
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command = [
        BIN / "uv",
        "build",
        "--wheel",
        "--quiet",
        "--offline",
        "--no-build-isolation",
        "--python",
        sys.executable,
    ]
    done = subprocess.run(
        [*command, "--out-dir", folder, ROOT], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def data(wheel):
    """Return the files that are installed beside Python's, path -> content."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name: DATA.fullmatch(name) for name in archive.namelist()}
        return {match[1]: archive.read(name) for name, match in found.items() if match}


def test_the_wheel_is_small_and_for_every_python(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")
    assert wheel.stat().st_size <= MOST_WHEEL_BYTES


def test_jupyterlab_finds_the_panel_and_its_settings(data):
    manifest = json.loads(data[f"{PANEL}/package.json"])
    built = manifest["jupyterlab"]["_build"]
    assert manifest["name"] == "@pressrun/labextension"
    assert re.fullmatch(r"static/remoteEntry\.[0-9a-f]+\.js", built["load"])
    assert f"{PANEL}/{built['load']}" in data
    assert built["extension"] == "./extension"
    assert built["style"] == "./style"
    schema = json.loads(data[f"{PANEL}/schemas/@pressrun/labextension/plugin.json"])
    assert schema == json.loads((ROOT / "labextension" / "schema" / "plugin.json").read_text(encoding="utf-8"))
    assert json.loads(data[f"{PANEL}/install.json"])["packageName"] == "pressrun"


def test_the_server_extension_is_turned_on(data):
    config = json.loads(data["etc/jupyter/jupyter_server_config.d/pressrun.json"])
    assert config == {"ServerApp": {"jpserver_extensions": {"pressrun.interfaces.lab": True}}}


def test_the_scripts_are_small_and_nothing_of_the_build_is_left(data):
    scripts = {name: len(content) for name, content in data.items() if name.endswith(".js")}
    assert sum(scripts.values()) <= MOST_SCRIPT_BYTES, scripts
    assert [name for name in data if name.endswith((".map", ".orig", ".ts", "build_log.json"))] == []
    manifest = json.loads(data[f"{PANEL}/package.json"])
    assert manifest.keys().isdisjoint({"devDependencies", "resolutions", "scripts"})


def test_what_is_shared_with_jupyterlab_is_not_bundled(data):
    licences = json.loads(data[f"{PANEL}/static/third-party-licenses.json"])
    bundled = {package["name"] for package in licences["packages"]}
    assert [name for name in bundled if name.startswith(("@jupyterlab/", "@lumino/", "react"))] == []


def test_the_panel_has_the_version_of_the_package(data, wheel):
    manifest = json.loads(data[f"{PANEL}/package.json"])
    assert wheel.name.startswith(f"pressrun-{manifest['version']}-")
