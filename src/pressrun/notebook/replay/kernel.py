"""One kernel: started, spoken to over its sockets, interrupted, and ended with everything that it started.

`jupyter_client` starts it, so that every installed kernelspec works; messages are read here, without a copy into
nested dictionaries for each, because a driver that does so spends more time on the protocol than on the notebook.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import zmq
from jupyter_client.kernelspec import KernelSpec, NoSuchKernel
from jupyter_client.manager import KernelManager

from pressrun.notebook.replay.processes import kill_group
from pressrun.notebook.replay.wire import Message, read_message

IPC_LENGTH = 90  # characters; a socket's path may be a little longer than a hundred
LOG_TAIL = 4000  # characters
LATE_S = 0.2  # quiet time after which a dead kernel's sockets hold nothing more


class KernelStartError(Exception):
    """The kernel did not answer. `log` is what it wrote."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log


class Kernel:
    """A running kernel.

    Args:
        manager: a `jupyter_client.KernelManager` whose kernel runs.
        log: the file that its own stdout and stderr go to.
    """

    def __init__(self, manager: Any, log: Path) -> None:
        self._manager = manager
        self._log = log
        self._client = manager.client()
        self._client.start_channels()
        self._session = self._client.session
        self._process: subprocess.Popen[bytes] | None = getattr(manager.provisioner, "process", None)
        self.process_id: int = self._process.pid if self._process else 0
        self._sockets = {
            getattr(self._client, f"{name}_channel").socket: name for name in ("shell", "iopub", "stdin", "control")
        }
        self._poller = zmq.Poller()
        for socket in self._sockets:
            self._poller.register(socket, zmq.POLLIN)
        self._death = _death_descriptor(self.process_id)
        if self._death is not None:
            self._poller.register(self._death, zmq.POLLIN)

    def watch(self, descriptor: int) -> None:
        """Let `receive` return early when `descriptor` can be read."""
        self._poller.register(descriptor, zmq.POLLIN)

    def forget(self, descriptor: int) -> None:
        """Undo `watch`."""
        self._poller.unregister(descriptor)

    def wait_until_ready(self, timeout_s: float, stop: Callable[[], bool] = lambda: False) -> Message:
        """Return the kernel's answer to a kernel_info_request, once outputs arrive too.

        Args:
            timeout_s: limit.
            stop: asked now and then whether nobody wants the kernel any more.

        Raises:
            KernelStartError: it ended, did not answer in time, or is not wanted any more.
        """
        deadline = time.monotonic() + timeout_s
        info: Message | None = None
        publishes = False
        while time.monotonic() < deadline:
            asked = self._send("shell", "kernel_info_request", {})
            until = time.monotonic() + (0.1 if info else 1.0)
            while time.monotonic() < until and not (info and publishes):
                for message in self.receive(min(0.25, max(0.0, until - time.monotonic()))):
                    if message.type == "kernel_info_reply":
                        info = message
                    publishes |= message.channel == "iopub"
                if info and info.request == asked:
                    until = min(until, time.monotonic() + 0.1)
                if stop():
                    raise KernelStartError("the start of the kernel was interrupted")
                if self.status() is not None:
                    raise KernelStartError(f"the kernel's process ended with status {self.status()}", self.log_tail())
            if info and publishes:
                return info
        raise KernelStartError(f"the kernel did not answer within {timeout_s:g} s", self.log_tail())

    def execute(self, code: str, *, silent: bool = False) -> str:
        """Send code to run and return the request's id. A silent request leaves no trace in history and counts."""
        content = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        return self._send("shell", "execute_request", content)

    def nudge(self) -> None:
        """Send a request that changes nothing.

        A kernel learns of messages from an edge-triggered descriptor; one that missed the edge sleeps on the request
        that lies in its queue until the next message comes.
        """
        self._send("shell", "kernel_info_request", {})

    def answer_comm(self, comm: str, data: dict[str, Any], request: str) -> None:
        """Send a comm message, as a front end does on behalf of a request."""
        message = self._session.msg(
            "comm_msg", {"comm_id": comm, "data": data}, parent={"msg_id": request, "msg_type": "execute_request"}
        )
        self._session.send(self._client.shell_channel.socket, message)

    def receive(self, wait_s: float | None) -> list[Message]:
        """Return what arrived, waiting up to `wait_s` seconds (None: for ever) for the first message.

        Returns early and perhaps empty when the kernel died or a watched descriptor can be read.
        """
        if self._death is None:
            wait_s = min(wait_s, 0.25) if wait_s is not None else 0.25
        messages = []
        for source, _ in self._poller.poll(None if wait_s is None else int(wait_s * 1000) + 1):
            channel = self._sockets.get(source)
            if channel is None:
                continue
            # one message a socket and turn, so that a flood on one of them cannot starve a reply or a limit
            message = read_message(channel, source.recv_multipart(), self._session)
            if message is not None:
                messages.append(message)
        return messages

    def remaining(self) -> list[Message]:
        """Return what a dead kernel had sent and nobody has read yet."""
        if self._death is not None:
            self._poller.unregister(self._death)  # it would wake every poll from now on
            os.close(self._death)
            self._death = None
        messages: list[Message] = []
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < LATE_S:
            found = self.receive(LATE_S / 4)
            messages += found
            if found:
                quiet_since = time.monotonic()
        return messages

    def status(self) -> int | None:
        """Return the exit status, negative for a signal, None while the process runs."""
        if self._process is not None:
            return self._process.poll()
        return None if self._manager.is_alive() else 1

    def interrupt(self) -> None:
        """Do what the stop button does."""
        self._manager.interrupt_kernel()

    def kill(self) -> None:
        """End the kernel's process group at once."""
        if self.process_id:
            kill_group(self.process_id)
        else:
            self._manager.shutdown_kernel(now=True)

    def shut_down(self, *, patience_s: float = 5.0) -> None:
        """Ask the kernel to end, so that what the notebook registered for its end still runs; then end its group."""
        if self.status() is None:
            self._send("control", "shutdown_request", {"restart": False})
            deadline = time.monotonic() + patience_s
            while self.status() is None and time.monotonic() < deadline:
                self.receive(0.05 if self._death is None else deadline - time.monotonic())
        self.close()

    def close(self) -> None:
        """End what still runs and release files and sockets."""
        self.kill()
        if self._process is not None:
            self._process.wait()
        if self._death is not None:
            os.close(self._death)
            self._death = None
        self._client.stop_channels()
        self._manager.cleanup_resources()

    def log_tail(self) -> str:
        """Return the end of what the process wrote to its own stdout and stderr."""
        with contextlib.suppress(OSError):
            return self._log.read_bytes()[-LOG_TAIL:].decode("utf-8", "replace").strip()
        return ""

    def _send(self, channel: str, kind: str, content: Mapping[str, Any]) -> str:
        message = self._session.msg(kind, dict(content))
        self._session.send(getattr(self._client, f"{channel}_channel").socket, message)
        return str(message["msg_id"])


def start_kernel(
    *,
    python: str,
    name: str,
    environment: Mapping[str, str] | None,
    folder: Path,
    log: Path,
    working_directory: str,
    prefix: Sequence[str] = (),
) -> Kernel:
    """Start a kernel.

    Args:
        python: interpreter to run ``ipykernel`` with, or empty.
        name: kernelspec to start when `python` is empty.
        environment: the whole environment for it; None hands ours on.
        folder: for the connection file; its sockets lie there too where paths may be that long.
        log: gets the process's stdout and stderr.
        working_directory: where it runs.
        prefix: words of a command that runs the command behind them: a tracer, a sandbox.

    Raises:
        KernelStartError: there is no such kernel or it cannot be run.
    """
    manager = KernelManager(kernel_name=name or "python3")
    manager.connection_file = str(folder / "kernel.json")
    if python:
        argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        manager._kernel_spec = KernelSpec(argv=argv, language="python")  # noqa: SLF001  there is no public way
    is_python = bool(python) or manager.ipykernel
    if is_python and len(str(folder)) < IPC_LENGTH:
        # Sockets in a folder that only the user can enter: no port can be taken by another, nobody else can listen,
        # and a signature on each message would show nothing and cost as much as a large output itself.
        manager.transport = "ipc"
        manager.ip = str(folder / "s")
        manager.session.key = b""
    if prefix:
        spec = manager.kernel_spec
        manager._kernel_spec = KernelSpec(  # noqa: SLF001  there is no public way
            argv=[*prefix, *spec.argv], env=spec.env, language=spec.language, interrupt_mode=spec.interrupt_mode
        )
    arguments = ["--HistoryManager.hist_file=:memory:"] if is_python else []
    try:
        with log.open("ab") as file:
            _start(manager, arguments, environment, file, working_directory)
    except NoSuchKernel as error:
        raise KernelStartError(f"there is no kernel {name!r}") from error
    except OSError as error:
        raise KernelStartError(f"the kernel cannot be run: {error}") from error
    return Kernel(manager, log)


def _start(manager: Any, arguments: list[str], environment: Mapping[str, str] | None, log: IO[bytes], cwd: str) -> None:
    options: dict[str, Any] = {} if environment is None else {"env": dict(environment)}
    manager.start_kernel(extra_arguments=arguments, stdout=log, stderr=log, cwd=cwd, **options)


def _death_descriptor(process: int) -> int | None:
    """Return a descriptor that can be read once the process has ended, None where the system has none."""
    if not process or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(process)
    except OSError:
        return None
