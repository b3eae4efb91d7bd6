"""Real Jupyter servers on free ports, each with settings, data and a home of its own, and a log of every request."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

CONFIG = """
import json, time
c = get_config()
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port_retries = 0
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.allow_unauthenticated_access = False
c.ServerApp.root_dir = {root!r}
c.IdentityProvider.token = {token!r}
c.LabApp.expose_app_in_browser = True
c.JupyterNotebookApp.expose_app_in_browser = True
c.FileContentsManager.always_delete_dir = True

def _log(handler):
    request = handler.request
    said = dict(method=request.method, uri=request.uri, status=handler.get_status(), time=time.time())
    with open({log!r}, "a") as file:
        file.write(json.dumps(said) + "\\n")

c.ServerApp.tornado_settings = {{"log_function": _log}}
"""
LAB_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}
NODE = {"node", "nodejs", "npm", "npx", "yarn", "corepack"}


class JupyterServer:
    """A server process.

    Args:
        python: interpreter of the environment that it runs in.
        root: the folder that it shows.
        home: where its settings, data and logs go.
        app: ``lab`` or ``notebook``.
        variables: more environment variables for it and its kernels.
    """

    def __init__(self, python: Path, root: Path, home: Path, app: str = "lab", **variables: str) -> None:
        self.python, self.root, self.home, self.app = python, root, home, app
        self.variables = variables
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.requests = home / "requests.jsonl"
        self.output = home / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        (home / "config").mkdir(exist_ok=True)
        config = CONFIG.format(root=str(root), token=self.token, log=str(self.requests))
        (home / "config" / "jupyter_server_config.py").write_text(config)
        for name, settings in LAB_SETTINGS.items():
            self.set(f"@jupyterlab/{name}", settings)

    @property
    def url(self) -> str:
        """Where it is, with a slash at the end."""
        return f"http://127.0.0.1:{self.port}/"

    def set(self, plugin: str, settings: dict[str, Any]) -> None:
        """Write a user's settings of a plugin such as ``@jupyterlab/apputils-extension/themes``, for pages to come."""
        file = self.home / "config" / "lab" / "user-settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))

    def start(self) -> None:
        """Start it, or start it again at the same address; return when it answers."""
        environment = {
            **{name: os.environ[name] for name in ("LANG", "UV_SYSTEM_CERTS", "SSL_CERT_FILE") if name in os.environ},
            **{
                name: value
                for name, value in os.environ.items()
                if name.startswith(("UV_", "PIP_", "PRESSRUN_JOURNAL"))
            },
            "HOME": str(self.home),
            "PATH": f"{self.python.parent}:{path_without_node(self.home / 'programs')}",
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "IPYTHONDIR": str(self.home / "ipython"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "JUPYTER_PLATFORM_DIRS": "1",
            "PYTHONUTF8": "1",
            **self.variables,
        }
        module = "jupyterlab" if self.app == "lab" else "notebook"
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.python), "-m", module, f"--ServerApp.port={self.port}"],
                cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._await_answer()

    def _await_answer(self) -> None:
        deadline = time.monotonic() + 120
        while True:
            assert self.process is not None
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            with contextlib.suppress(OSError):
                self.get("api/status")
                return
            time.sleep(0.05)

    def get(self, path: str) -> Any:
        """Return what it answers to a GET, as JSON."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def kill(self) -> None:
        """End it as a crash does: its kernels and jobs are left to themselves."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self) -> None:
        """End it and all that it started."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=15)

    def asked(self, part: str = "/pressrun/") -> list[dict[str, Any]]:
        """Return the requests so far whose address holds `part`."""
        if not self.requests.exists():
            return []
        lines = self.requests.read_text().splitlines()
        return [said for line in lines if part in (said := json.loads(line))["uri"]]


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def path_without_node(folder: Path) -> str:
    """Return a folder of links to the programs of this machine, Node and what comes with it left out."""
    if not folder.exists():
        folder.mkdir(parents=True)
        for place in ("/usr/local/bin", "/usr/bin", "/bin"):
            for program in Path(place).iterdir() if Path(place).is_dir() else ():
                link = folder / program.name
                if program.name not in NODE and not link.exists() and not link.is_symlink():
                    link.symlink_to(program)
    assert shutil.which("node", path=str(folder)) is None
    return str(folder)
