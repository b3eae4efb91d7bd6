"""Small real environments: made by uv from wheels, trees and repositories that are written here."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from pressrun.notebook.environment.uvtool import uv_binary
from pressrun.records.capture import ImportedModule

IN_TREE_BACKEND = '''
"""A build backend in fifty lines that needs nothing: the tests must not depend on a package index."""
import base64, hashlib, pathlib, re, zipfile

def _facts():
    text = pathlib.Path("pyproject.toml").read_text()
    return [re.search(key + r' = "(.*)"', text)[1] for key in ("name", "version")]

def _wheel(folder, files):
    name, version = _facts()
    stem = name.replace("-", "_") + "-" + version
    info = stem + ".dist-info"
    files[info + "/METADATA"] = ("Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (name, version)).encode()
    files[info + "/WHEEL"] = b"Wheel-Version: 1.0\\nGenerator: tiny 7.3\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = []
    with zipfile.ZipFile(pathlib.Path(folder) / (stem + "-py3-none-any.whl"), "w") as archive:
        for path, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.append("%s,sha256=%s,%d" % (path, digest, len(content)))
            archive.writestr(path, content)
        archive.writestr(info + "/RECORD", "\\n".join(rows + [info + "/RECORD,,"]) + "\\n")
    return stem + "-py3-none-any.whl"

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {}
    for path in sorted(pathlib.Path("src").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            files[path.relative_to("src").as_posix()] = path.read_bytes()
    pathlib.Path("build").mkdir(exist_ok=True)  # what setuptools leaves behind
    (pathlib.Path("build") / "left.txt").write_text("left behind")
    return _wheel(wheel_directory, files)

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name, _ = _facts()
    line = str(pathlib.Path("src").resolve()) + "\\n"
    return _wheel(wheel_directory, {"__editable__." + name + ".pth": line.encode()})
'''


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """Run a program and return what it printed."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, check=True, capture_output=True, text=True
    ).stdout


def wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    *,
    requires: Sequence[str] = (),
    extra: Mapping[str, str] | None = None,
    tag: str = "py3-none-any",
) -> Path:
    """Write a wheel by hand; `extra` are further files of its ``.dist-info``, `requires` its requirements."""
    stem = f"{re.sub('[-.]', '_', name)}-{version}"
    info = f"{stem}.dist-info"
    head = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    contents: dict[str, bytes] = {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}
    contents[f"{info}/METADATA"] = ("\n".join(head) + "\n").encode()
    contents[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    contents.update({f"{info}/{k}": v.encode() for k, v in (extra or {}).items()})
    rows = [f"{p},sha256={_hash(c)},{len(c)}" for p, c in contents.items()]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return target


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def tree(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """Write a project that builds without a package index; its code lies under ``src``."""
    folder.mkdir(parents=True)
    (folder / "tiny_backend.py").write_text(IN_TREE_BACKEND)
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = []\nbuild-backend = "tiny_backend"\nbackend-path = ["."]\n\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n'
    )
    for path, content in files.items():
        target = folder / "src" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    return folder


def repository(folder: Path) -> str:
    """Make a git repository of a folder and return its commit."""
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    run("git", "init", "--quiet", cwd=folder, **quiet)
    run("git", "add", "--all", cwd=folder, **quiet)
    run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one", cwd=folder, **quiet)
    return run("git", "rev-parse", "HEAD", cwd=folder).strip()


def virtual_environment(folder: Path, python: str | Path = sys.executable) -> Path:
    """Make an empty environment and return its interpreter."""
    run(uv_binary(), "venv", "--quiet", "--no-project", "--python", python, folder, UV_PYTHON_DOWNLOADS="never")
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def install(python: Path, *arguments: str | Path, cwd: Path) -> None:
    """Install with uv, never from an index."""
    command = [uv_binary(), "pip", "install", "--quiet", "--no-index", "--link-mode", "copy", "--python", python]
    run(*command, *arguments, cwd=cwd)


def site(python: Path) -> Path:
    """Return the site-packages of an environment."""
    return next(python.parent.parent.glob("lib/python*/site-packages"))


def modules(python: Path, *names: str) -> list[ImportedModule]:
    """Import modules in an environment and return them as the observer would."""
    files = f"[[n, importlib.import_module(n).__file__] for n in {list(names)!r}]"
    code = f"import importlib, json; print(json.dumps({files}))"
    found = eval(run(python, "-c", code, cwd=python.parent))
    return [ImportedModule(name=name, file=file) for name, file in found]


class World:
    """An environment with one distribution of every origin; `folder` holds what they were installed from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = virtual_environment(folder / "env")
        links = folder / "links"
        entry = {"entry_points.txt": "[console_scripts]\nfoo-tool = foo_impl:main\n"}
        data = {"foo_impl/__init__.py": "def main(): pass\n", "foo_impl/data/points.csv": "x,y\n1,2\n"}
        wheel(
            links,
            "Foo_Bar",
            "1.0",
            data,
            requires=['baz.qux>=1; python_version >= "3"', 'never; os_name == "none"'],
            extra=entry,
        )
        scripts = {
            "baz/__init__.py": "X = 1\n",
            "baz_qux-1.2.data/scripts/baz-run": "#!python\nprint(1)\n",
            "baz_qux-1.2.data/data/share/baz/note.txt": "note\n",
        }
        wheel(links, "baz.qux", "1.2", scripts)
        wheel(links, "space-one", "1.0", {"space/one.py": "ONE = 1\n"})
        wheel(links, "space-two", "1.0", {"space/two.py": "TWO = 2\n"}, requires=["foo-bar[more]"])
        wheel(links, "unused", "3.0", {"unused.py": "\n"})
        self.local_wheel = wheel(folder / "local", "by-file", "0.3", {"by_file.py": "\n"})
        self.editable = tree(folder / "editable", "edit-able", "0.1", {"edit_able/__init__.py": "A = 1\n"})
        self.directory = tree(folder / "directory", "from-folder", "0.2", {"from_folder.py": "B = 2\n"})
        self.repository = tree(folder / "repository", "from-git", "0.4", {"from_git/__init__.py": "C = 3\n"})
        self.commit = repository(self.repository)
        names = ["Foo_Bar", "baz.qux", "space-one", "space-two", "unused"]
        install(self.python, "--find-links", links, *names, cwd=folder)
        install(self.python, self.local_wheel, "--editable", self.editable, self.directory, cwd=folder)
        install(self.python, f"git+file://{self.repository}", cwd=folder)

    @property
    def site(self) -> Path:
        """Its site-packages."""
        return site(self.python)

    def modules(self, *names: str) -> list[ImportedModule]:
        """Import modules and return them as the observer would."""
        return modules(self.python, *names)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One environment for all tests that only read it."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[[], World]:
    """Make an environment of its own for a test that changes it."""
    return lambda: World(tmp_path / "world")


@pytest.fixture
def make_wheel() -> Callable[..., Path]:
    """Write a wheel by hand: folder, name, version, files."""
    return wheel


@pytest.fixture
def make_tree() -> Callable[..., Path]:
    """Write a project that builds without a package index: folder, name, version, files."""
    return tree


@pytest.fixture
def make_environment() -> Callable[..., Path]:
    """Make an empty environment: folder, interpreter."""
    return virtual_environment


@pytest.fixture
def install_into() -> Callable[..., None]:
    """Install with uv, never from an index: interpreter, arguments, cwd."""
    return install


@pytest.fixture
def run_program() -> Callable[..., str]:
    """Run a program and return what it printed."""
    return run
