"""A real Jupyter server with the panel's routes, in a process of its own.

``python tests/servers/lab_server.py ROOT DENIED`` shows the folder ROOT on a free port of 127.0.0.1 and prints one line
of JSON: its URL, and every route below ``/pressrun/`` that it really has. The file DENIED holds what its authorizer
refuses, as ``action resource`` lines, and is read anew for each request.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TOKEN = "a-token-for-tests"
METHODS = ("get", "head", "post", "put", "patch", "delete")


class LabServer:
    """A server that runs.

    Args:
        folder: for its settings; `root` in it is what it shows.
        environment: of its process.

    Attributes:
        asking: what is closed when the server stops: the connections of whoever asked it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir(parents=True, exist_ok=True)
        self.denied = folder / "denied"
        self.denied.touch()
        own = {f"JUPYTER_{what}_DIR": str(folder / what.lower()) for what in ("CONFIG", "DATA", "RUNTIME")}
        own |= {
            "JUPYTER_NO_CONFIG": "1",
            "IPYTHONDIR": str(folder / "ipython"),
            "PRESSRUN_CACHE": str(folder / "cache"),
        }
        self._person = folder / "home" / "pressrun" / "config.toml"
        own["XDG_CONFIG_HOME"] = str(folder / "home")
        self._environment = {**os.environ, **(environment or {}), **own}
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.routes: dict[str, list[str]] = {}
        self.asking = contextlib.ExitStack()

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    def start(self) -> LabServer:
        """Start it, and return once it listens."""
        (self.folder / "runtime").mkdir(exist_ok=True)
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(self.root), str(self.denied)],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder,
                env=self._environment,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"the server did not start:\n{self.log}")
        told = json.loads(line)
        self.url, self.routes = told["url"], told["routes"]
        return self

    def stop(self, number: int = signal.SIGKILL) -> None:
        """End it with all of its process group."""
        self.asking.close()
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()

    def act_as(self, person: str, key: Path | None = None) -> None:
        """Let it act on behalf of somebody, as their own file of settings says; it is read with each request."""
        self._person.parent.mkdir(parents=True, exist_ok=True)
        lines = [f'actor = "{person}"', *([f'signing-key = "{key}"'] if key is not None else [])]
        aside = self._person.with_name("aside")
        aside.write_text("\n".join(lines) + "\n", encoding="utf-8")
        aside.chmod(0o600)
        aside.replace(self._person)

    @contextlib.contextmanager
    def denying(self, action: str, resource: str = "pressrun") -> Iterator[None]:
        """Let its authorizer refuse an action while the block runs."""
        self.denied.write_text(f"{action} {resource}\n", encoding="utf-8")
        try:
            yield
        finally:
            self.denied.write_text("", encoding="utf-8")


def main() -> None:
    """Serve until the process is ended."""
    from jupyter_server.auth import Authorizer
    from jupyter_server.serverapp import ServerApp

    root, denied = sys.argv[1:]

    class FromFile(Authorizer):
        """Refuses what stands in the file."""

        def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
            return f"{action} {resource}" not in Path(denied).read_text(encoding="utf-8").splitlines()

    app = ServerApp(
        ip="127.0.0.1",
        port=0,
        base_url="/user/ana/",
        open_browser=False,
        allow_root=True,
        root_dir=root,
        authorizer_class=FromFile,
        jpserver_extensions={"pressrun.interfaces.lab": True},
    )
    app.initialize(argv=[f"--IdentityProvider.token={TOKEN}"])
    told = {"url": app.connection_url, "routes": routes_of(app)}
    add_failing(app)
    app.io_loop.add_callback(lambda: print(json.dumps(told), flush=True))
    app.start()


def add_failing(app: Any) -> None:
    """Add ``GET failing/pressrun/about``, which fails as nobody foresaw."""
    from concurrent.futures import ThreadPoolExecutor

    from pressrun.interfaces.lab.desk import Desk
    from pressrun.interfaces.lab.handlers import handlers
    from pressrun.interfaces.lab.routes import ROUTES

    def fail(asked: Any) -> None:
        raise ZeroDivisionError("an unforeseen thing")

    base = f"{app.base_url}failing/"
    routes = (ROUTES[0]._replace(act=fail),)
    app.web_app.add_handlers(".*$", handlers(routes, base, Desk(None, lambda *_: None), ThreadPoolExecutor(1)))


def routes_of(app: Any) -> dict[str, list[str]]:
    """Return pattern -> methods of every rule of a server that answers below ``/pressrun``."""
    found: dict[str, list[str]] = {}

    def walk(rules: Any) -> None:
        for rule in rules:
            pattern = getattr(getattr(rule.matcher, "regex", None), "pattern", "")
            if "/pressrun" in pattern and isinstance(rule.target, type):
                found[pattern] = [name.upper() for name in METHODS if _has(rule.target, name)]
            if hasattr(rule.target, "rules"):
                walk(rule.target.rules)

    walk(app.web_app.default_router.rules)
    return found


def _has(handler: Any, method: str) -> bool:
    return getattr(handler, method) is not handler._unimplemented_method


if __name__ == "__main__":
    main()
