"""Real kernels in real environments, with pressrun and without it."""

import os
import site
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

WITH_PRESSRUN = next(place for place in site.getsitepackages() if (Path(place) / "msgspec").is_dir())


class KernelRun(NamedTuple):
    """What a kernel did: what it wrote when it started, and the outputs of each cell as nbformat has them."""

    log: str
    cells: list[list[dict[str, Any]]]

    def errors(self, cell: int) -> list[str]:
        """Return what the cell wrote to stderr or raised."""
        found = []
        for output in self.cells[cell]:
            if output["msg_type"] == "error":
                found.append(f"{output['ename']}: {output['evalue']}")
            elif output.get("name") == "stderr":
                found.append(output["text"].strip())
        return found

    def text(self, cell: int) -> str:
        """Return what the cell printed or showed as text."""
        return "".join(
            output.get("text") or output.get("data", {}).get("text/plain", "") for output in self.cells[cell]
        )


class Place:
    """An environment of its own, with what other environments have.

    Args:
        folder: where to make it.
        borrowed: folders of installed packages.
    """

    def __init__(self, folder: Path, borrowed: Sequence[str]) -> None:
        self.folder = folder
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin" / "python"
        self.packages = next((folder / "lib").glob("python*/site-packages"))
        self.borrow(*borrowed)

    @property
    def autoload(self) -> Path:
        """The file that `pressrun enable` writes."""
        return self.folder / "etc" / "ipython" / "startup" / "50-pressrun.py"

    def borrow(self, *folders: str) -> None:
        """Have the packages of these folders, and no others."""
        lines = [f"import site; site.addsitedir({folder!r})\n" for folder in folders]
        (self.packages / "borrowed.pth").write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def make_place(tmp_path: Path) -> Callable[..., Place]:
    """Give a function that makes an environment that borrows packages: of the tests' environment unless told."""

    def make(*borrowed: str) -> Place:
        return Place(tmp_path / "environment", borrowed or [WITH_PRESSRUN])

    return make


@pytest.fixture
def pressrun_packages() -> str:
    """Give the folder of packages that holds pressrun and everything it needs."""
    return WITH_PRESSRUN


@pytest.fixture
def kernel_packages(make_environment: Callable[..., Path]) -> Callable[[int], str]:
    """Give a function that tells where the packages of an environment lie that has ipykernel 6 or 7 and no pressrun."""

    def packages(major: int) -> str:
        python = make_environment(f"ipykernel{major}", f"ipykernel>={major}{'.29' if major == 6 else ''},<{major + 1}")
        return str(next((python.parent.parent / "lib").glob("python*/site-packages")))

    return packages


@pytest.fixture
def run_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., KernelRun]:
    """Give a function that starts a kernel with an interpreter, runs cells and ends it."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "profiles"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))

    def run(python: Path, *cells: str) -> KernelRun:
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        manager = KernelManager()
        manager._kernel_spec = KernelSpec(argv=argv, display_name="k", language="python")
        log = tmp_path / "kernel.log"
        with log.open("w") as stream:
            manager.start_kernel(stdout=stream, stderr=stream, cwd=str(tmp_path))
            client = manager.client()
            try:
                client.start_channels()
                client.wait_for_ready(timeout=60)
                done = [_execute(client, cell) for cell in cells]
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
                manager.cleanup_resources()
        return KernelRun(log.read_text(), done)

    return run


def _execute(client: Any, source: str) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []

    def take(message: dict[str, Any]) -> None:
        if message["msg_type"] in ("stream", "error", "display_data", "execute_result"):
            outputs.append({"msg_type": message["msg_type"], **message["content"]})

    client.execute_interactive(source, timeout=60, output_hook=take)
    return outputs


@pytest.fixture
def pressrun(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs the command line with a home of its own."""

    def run(*words: str, python: Path | str = sys.executable) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "profiles"), "HOME": str(tmp_path)}
        return subprocess.run(
            [str(python), "-m", "pressrun", *words],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run
