"""Kernels to work in: real processes, spoken to as a front end does."""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from pressrun.interfaces.magics.receipt_view import MIME

ROOT = Path(__file__).resolve().parents[3]
NO_OUTPUT = {"status", "execute_input", "execute_reply"}


class Told(NamedTuple):
    """What a kernel said to one cell: (type, content) of each output, the reply's status, the receipts."""

    outputs: list[tuple[str, dict[str, Any]]]
    status: str
    receipts: list[dict[str, Any]]
    notices: list[str]
    messages: int

    @property
    def text(self) -> str:
        return "".join(content.get("text", "") for kind, content in self.outputs if kind == "stream")

    @property
    def value(self) -> str:
        found = [content["data"]["text/plain"] for kind, content in self.outputs if kind == "execute_result"]
        return found[0] if found else ""


class DeadError(Exception):
    """The kernel ended, or does not answer."""


class LiveKernel:
    """A kernel process of its own.

    Args:
        python: its interpreter.
        folder: where it works.
        environment: variables beside those of the tests.
    """

    def __init__(self, python: str | Path, folder: Path, **environment: str) -> None:
        self.python = str(python)
        self.folder = folder
        self.environment = environment
        self.start()

    def start(self) -> None:
        self.unread: list[dict[str, Any]] = []
        self.manager = KernelManager()
        argv = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager._kernel_spec = KernelSpec(argv=argv, language="python", display_name="test")
        home = self.folder / ".ipython"
        home.mkdir(exist_ok=True)
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("JPY_", "PYTEST_"))},
            "IPYTHONDIR": str(home / "ipython"),
            "XDG_CACHE_HOME": str(home / "cache"),
            **self.environment,
        }
        self.manager.start_kernel(cwd=str(self.folder), env=variables)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def send(self, source: str, cell_id: str | None = None, *, silent: bool = False, subshell: str = "") -> str:
        content = {"code": source, "silent": silent, "store_history": not silent, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": False}  # fmt: skip
        message = self.client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id} if cell_id else {}
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def take(self, request: str, timeout: float = 60) -> Told:
        """Return what the kernel says to a request, when it is done with it."""
        outputs: list[tuple[str, dict[str, Any]]] = []
        receipts: list[dict[str, Any]] = []
        notices: list[str] = []
        messages = 0
        deadline = time.monotonic() + timeout
        idle, status = False, ""
        while not (idle and status):
            if time.monotonic() > deadline or not self.manager.is_alive():
                raise DeadError("ended" if not self.manager.is_alive() else "no answer")
            for message in self.heard(request):
                kind, content = message["msg_type"], message["content"]
                messages += kind not in NO_OUTPUT
                if kind == "execute_reply":
                    status = content["status"]
                elif kind == "status":
                    idle = idle or content["execution_state"] == "idle"
                elif kind == "display_data" and MIME in content["data"]:
                    receipts.append(content["data"][MIME])
                elif kind == "display_data" and "pressrun" in content["metadata"]:
                    notices.append(content["data"]["text/plain"])
                elif kind not in NO_OUTPUT:
                    outputs.append((kind, content))
            time.sleep(0.002)
        return Told(joined(outputs), status, receipts, notices, messages)

    def heard(self, request: str) -> list[dict[str, Any]]:
        """Return what the kernel has said to a request by now; what it said to others is kept for them."""
        return self.heard_if(
            lambda message: (
                message["parent_header"].get("msg_id") == request and not message["msg_type"].startswith("comm_")
            )
        )

    def heard_if(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Return what the kernel has said by now that is wanted; the rest is kept."""
        for channel in (self.client.iopub_channel, self.client.shell_channel):
            while channel.msg_ready():
                self.unread.append(channel.get_msg(timeout=1))
        found = [message for message in self.unread if wanted(message)]
        self.unread = [message for message in self.unread if not wanted(message)]
        return found

    def comms(self) -> list[dict[str, Any]]:
        """Return everything about comms that was heard and nobody took."""
        return self.heard_if(lambda message: message["msg_type"].startswith("comm_"))

    def await_text(self, request: str, text: str) -> None:
        """Wait until a request has printed `text`; everything it said is still to be taken."""
        said: list[dict[str, Any]] = []
        while not any(text in one["content"].get("text", "") for one in said):
            said += self.heard(request)
            time.sleep(0.002)
        self.unread = said + self.unread

    def run(self, source: str, cell_id: str | None = None, *, timeout: float = 60, silent: bool = False) -> Told:
        return self.take(self.send(source, cell_id, silent=silent), timeout)

    def tell(self, source: str) -> None:
        """Do something in the kernel that leaves no trace in counts or history."""
        told = self.run(source, silent=True)
        assert told.status == "ok", (source, told)

    def open_comm(self, target: str, data: Any = None, *, subshell: str = "") -> "Comm":
        """Open a comm as a front end does."""
        return Comm(self, target, {"protocol": 1} if data is None else data, subshell)

    def new_subshell(self) -> str:
        """Return the id of a new subshell; ipykernel 7 has them."""
        self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
        return str(self.client.control_channel.get_msg(timeout=30)["content"]["subshell_id"])

    def restart(self) -> None:
        self.client.stop_channels()
        self.manager.restart_kernel(now=False)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def stop(self, *, now: bool = True) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=now)
        self.manager.cleanup_resources()
        self.manager.context.destroy(linger=0)


class Comm:
    """A front end's end of a comm.

    Args:
        kernel: it is opened with.
        target: name of the kernel's target.
        data: of the opening message.
        subshell: that the messages go to.
    """

    def __init__(self, kernel: LiveKernel, target: str, data: Any, subshell: str = "") -> None:
        self.kernel = kernel
        self.subshell = subshell
        self.id = uuid.uuid4().hex
        self.closed = False
        self._seen: list[dict[str, Any]] = []
        self.post("comm_open", {"target_name": target, "data": data})

    def post(self, kind: str, content: dict[str, Any]) -> str:
        """Send a message about this comm; return its id."""
        message = self.kernel.client.session.msg(kind, {"comm_id": self.id, **content})
        self.kernel.client.session.pack = _as_a_browser_does
        if self.subshell:
            message["header"]["subshell_id"] = self.subshell
        self.kernel.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def send(self, data: Any) -> str:
        """Send data; return the message's id."""
        return self.post("comm_msg", {"data": data})

    def close(self) -> str:
        """Close it from the front end's side; return the message's id."""
        return self.post("comm_close", {"data": {}})

    def ask(self, **question: Any) -> dict[str, Any]:
        """Send a question and return the answer."""
        self.send(question)
        return self.next()

    def next(self, timeout: float = 30) -> dict[str, Any]:
        """Return the data of the next message that the kernel sends on this comm."""
        return self.next_message(timeout)["content"]["data"]

    def next_message(self, timeout: float = 30) -> dict[str, Any]:
        """Return the next message that the kernel sends on this comm."""
        deadline = time.monotonic() + timeout
        while True:
            self._hear()
            if self._seen:
                return self._seen.pop(0)
            if time.monotonic() > deadline:
                raise DeadError("no answer")
            time.sleep(0.002)

    def now(self) -> list[dict[str, Any]]:
        """Return the data of what the kernel has sent on this comm by now."""
        self._hear()
        seen, self._seen = self._seen, []
        return [message["content"]["data"] for message in seen]

    def _hear(self) -> None:
        self._seen += self.kernel.heard_if(self._is_mine)
        self.closed = self.closed or any(message["msg_type"] == "comm_close" for message in self._seen)

    def _is_mine(self, message: dict[str, Any]) -> bool:
        return message["msg_type"].startswith("comm_") and message["content"].get("comm_id") == self.id


def _as_a_browser_does(content: Any) -> bytes:
    """Return JSON in which half of a surrogate pair is spelt out instead of refused."""
    return json.dumps(content, default=str).encode()


def joined(outputs: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Join neighbouring pieces of one stream: where a kernel cuts them depends on the time."""
    done: list[tuple[str, dict[str, Any]]] = []
    for kind, content in outputs:
        if kind == "stream" and done and done[-1][0] == "stream" and done[-1][1]["name"] == content["name"]:
            done[-1] = (kind, {**content, "text": done[-1][1]["text"] + content["text"]})
        else:
            done.append((kind, content))
    return done


@pytest.fixture(scope="session")
def kernel_python(make_environment: Any) -> Any:
    """Give the python of an environment by its name: ``ipykernel6``, or ``ipykernel7`` for the one of the tests."""

    def python(name: str) -> Path:
        if name == "ipykernel7":
            return Path(sys.executable)
        return Path(make_environment("ipykernel6", "ipykernel>=6.29,<7", "-e", str(ROOT)))

    return python


@pytest.fixture(scope="session")
def live_kernel() -> type[LiveKernel]:
    """Give the class of kernels, for fixtures that keep one for several tests."""
    return LiveKernel


@pytest.fixture(scope="session")
def live_dead() -> type[DeadError]:
    """Give what is raised when a kernel ended or does not answer."""
    return DeadError


@pytest.fixture
def new_kernel(tmp_path: Path) -> Iterator[Any]:
    """Give a function that starts a kernel; all of them are stopped at the end."""
    started: list[LiveKernel] = []

    def new(python: str | Path = sys.executable, folder: Path = tmp_path, **environment: str) -> LiveKernel:
        started.append(LiveKernel(python, folder, **environment))
        return started[-1]

    yield new
    for kernel in started:
        kernel.stop()


@pytest.fixture
def loaded(new_kernel: Any) -> Any:
    """Give a kernel with the extension loaded, in a folder that holds ``data.csv``."""
    kernel = new_kernel()
    (kernel.folder / "data.csv").write_text("a\n1\n")
    kernel.tell("%load_ext pressrun")
    return kernel


@pytest.fixture(scope="module", params=[pytest.param("ipykernel6", marks=pytest.mark.network), "ipykernel7"])
def shared(request, kernel_python, live_kernel, tmp_path_factory):
    kernel = live_kernel(kernel_python(request.param), tmp_path_factory.mktemp("session"))
    (kernel.folder / "data.csv").write_text("a\n1\n")
    yield kernel
    kernel.stop()


@pytest.fixture
def kernel(shared):
    shared.tell("get_ipython().extension_manager.loaded.__contains__('pressrun') or None")
    shared.tell("%reload_ext pressrun")
    shared.tell("%reset -f")
    shared.comms()
    return shared
