"""A JupyterLab with the project's wheel in an environment of its own, and a browser that looks at it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.lab import LabPage
from tests.browser.servers import JupyterServer

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
WHEEL_VARIABLE = "PRESSRUN_TEST_WHEEL"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
LIBRARIES = ("matplotlib", "numpy", "pandas", "scikit-learn", "pyarrow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.network)


@pytest.fixture(scope="session")
def wheel() -> Path:
    """Give the project's wheel as it is now, with the panel as it was built last, or the one that a variable names."""
    named = os.environ.get(WHEEL_VARIABLE)
    if named:
        return Path(named)
    if not (ROOT / "labextension" / "dist" / "static" / "style.js").exists():
        pytest.skip(f"the panel is not built: `make panel` builds it, or {WHEEL_VARIABLE} names a wheel")
    place = Path(sys.prefix) / "test-environments"
    place.mkdir(exist_ok=True)
    with (place / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for older in (place / "wheel").glob("*.whl"):
            older.unlink()
        build = [sys.executable, "-m", "uv", "build", "--quiet", "--no-build-isolation", "--wheel", "--python",
                 sys.executable, "--out-dir", str(place / "wheel")]  # fmt: skip
        subprocess.run(build, cwd=ROOT, check=True)
        (made,) = (place / "wheel").glob("*.whl")
        kept = made.with_name(f"{hashlib.sha256(made.read_bytes()).hexdigest()[:12]}") / made.name
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(made, kept)
    with zipfile.ZipFile(kept) as content:
        assert any("remoteEntry" in name for name in content.namelist())
    return kept


@pytest.fixture(scope="session")
def lab_environment(make_environment: Any, wheel: Path) -> Callable[..., Path]:
    """Give a function that makes an environment with the wheel in it and returns its python.

    Everything but the wheel is installed once; the wheel is laid over it whenever it is another one.
    """

    def make(name: str, *requirements: str, constraints: str = "dev.txt") -> Path:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        needed = [*project["dependencies"], "jupyter-server>=2.21", *requirements, *LIBRARIES]
        python = Path(make_environment(name, *needed, constraints=constraints))
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        marker = python.parent.parent / "wheel"
        with (python.parent.parent / "wheel.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not marker.exists() or marker.read_text() != digest:
                uv = [sys.executable, "-m", "uv", "--quiet", "pip", "install", "--python", str(python)]
                subprocess.run([*uv, "--no-deps", "--reinstall", str(wheel)], check=True)
                marker.write_text(digest)
        assert shutil.which("node", path=str(python.parent)) is None
        return python

    return make


@pytest.fixture(scope="session")
def lab_python(lab_environment: Any) -> Path:
    """Give the python of the environment with the JupyterLab and Notebook that the lock names."""
    return Path(lab_environment("lab", "jupyterlab", "notebook", "ipykernel"))


@pytest.fixture(scope="session")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., JupyterServer]]:
    """Give a function that starts a server; all of them are stopped at the end."""
    started: list[JupyterServer] = []

    def new(python: Path, app: str = "lab", root: Path | None = None, **variables: str) -> JupyterServer:
        base = tmp_path_factory.mktemp(app)
        folder = root or base / "root"
        folder.mkdir(exist_ok=True)
        server = JupyterServer(python, folder, base / "home", app, **variables)
        started.append(server)
        server.start()
        return server

    yield new
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(lab_python: Path, new_server: Any) -> JupyterServer:
    """Give the server that most tests share; each works in a folder of its own below its root."""
    return new_server(lab_python)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give a browser; a module's, because its driver keeps an event loop in this thread."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no chromium on PATH")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def open_lab(browser: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., LabPage]]:
    """Give a function that opens a page of a server in a browser profile of its own.

    When a test fails, what its pages show and said is put where pytest says.
    """
    opened: list[LabPage] = []
    contexts: list[Any] = []

    def open_page(server: JupyterServer, path: str = "", *, context: Any = None, **options: Any) -> LabPage:
        options = {"viewport": {"width": 1280, "height": 900}, **options}
        if context is None:
            context = browser.new_context(**options)
            context.set_default_timeout(20_000)
            contexts.append(context)
        lab = LabPage(context.new_page(), server)
        opened.append(lab)
        if path:
            lab.open(path)
        return lab

    yield open_page
    failed = getattr(request.node, "rep_call", None)
    if failed is not None and failed.failed:
        for number, lab in enumerate(opened):
            with contextlib.suppress(Exception):
                lab.report(tmp_path / f"page{number}.png")
    for context in contexts:
        context.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    setattr(item, f"rep_{report.when}", report)


@pytest.fixture
def project(server: JupyterServer, request: pytest.FixtureRequest) -> Path:
    """Give a new project below the shared server's root, named after the test."""
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:10]
    folder = server.root / name
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'pilots'\nversion = '1'\n")
    return folder
