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

import msgspec
import zmq
from jupyter_client.kernelspec import KernelSpec, NoSuchKernel
from jupyter_client.manager import KernelManager

from pressrun.notebook.replay.processes import kill_group
from pressrun.notebook.replay.sandbox.inside import Inside
from pressrun.notebook.replay.wire import Message, read_message

IPC_LENGTH = 90  # characters; a socket's path may be a little longer than a hundred
LOG_TAIL = 4000  # characters
LATE_S = 0.2  # quiet time after which a dead kernel's sockets hold nothing more
PUBLISHED_S = 0.1  # a kernel that has replied and published nothing for so long is asked again: nobody listened yet
ASK_AGAIN_S = 10.0  # a kernel that says nothing for so long may have lost the question while it started
WAKE_S = 1.0  # a kernel that says nothing at all about a request for so long is woken


class _Info(msgspec.Struct):
    implementation: str = ""


_decode_info = msgspec.json.Decoder(_Info).decode


class KernelStartError(Exception):
    """The kernel did not answer. `log` is what it wrote."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log


class Prefix(msgspec.Struct, frozen=True):
    """Words of a command that runs the command behind them.

    Attributes:
        told: where a sandbox's watcher tells the kernel's process id and status, None where there is no sandbox.
    """

    words: Sequence[str] = ()
    told: Path | None = None


class Kernel:
    """A running kernel.

    Args:
        manager: a `jupyter_client.KernelManager` whose kernel runs.
        log: the file that its own stdout and stderr go to.
        told: where a sandbox's watcher tells the kernel's process id and status, None where there is no sandbox.
    """

    def __init__(self, manager: Any, log: Path, told: Path | None = None) -> None:
        self._manager = manager
        self._log = log
        self._client = manager.client()
        self._client.start_channels()
        self._session = self._client.session
        self._process: subprocess.Popen[bytes] | None = getattr(manager.provisioner, "process", None)
        self.process_id: int = self._process.pid if self._process else 0
        self._inside = Inside(self.process_id, told) if told else None
        self._sockets = {
            getattr(self._client, f"{name}_channel").socket: name for name in ("shell", "iopub", "stdin", "control")
        }
        self._poller = zmq.Poller()
        for socket in self._sockets:
            self._poller.register(socket, zmq.POLLIN)
        self._waker: Any = None
        self._end_channel = "control"
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
        while time.monotonic() < deadline:
            # one request at a time: a reply to an earlier one that is sent while the next one comes can hide that one
            self._send("shell", "kernel_info_request", {})
            info: Message | None = None
            publishes = False
            until = min(deadline, time.monotonic() + ASK_AGAIN_S)
            wake_at = time.monotonic() + WAKE_S
            while time.monotonic() < until and not (info and publishes):
                for message in self.receive(min(0.25, max(0.0, until - time.monotonic()))):
                    if message.type == "kernel_info_reply":
                        info = message
                        until = min(deadline, time.monotonic() + PUBLISHED_S)
                    publishes |= message.channel == "iopub"
                if stop():
                    raise KernelStartError("the start of the kernel was interrupted")
                if self.status() is not None:
                    raise KernelStartError(f"the kernel's process ended with status {self.status()}", self.log_tail())
                if info is None and time.monotonic() >= wake_at:
                    wake_at = time.monotonic() + WAKE_S
                    self.wake()
            if info and publishes:
                if _decode_info(info.content).implementation == "ipython":
                    # Its control thread, which would get the request, still flushes what was printed when the thread
                    # that does so may have ended already: then the end takes 10 s.
                    self._end_channel = "shell"
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
            "stop_on_error": False,  # else ipykernel, for a while after an error, refuses what comes: the next cell
        }
        return self._send("shell", "execute_request", content)

    def wake(self) -> None:
        """Make the kernel look at the messages that wait for it; where none waits, nothing happens.

        ipykernel 7.0 to 7.3 sends replies past the stream that it reads requests with. Such a send takes the socket's
        edge-triggered signal with it, so that a request that comes at that moment is never seen. A further message on
        our connection gives no signal either, as zmq believes that the kernel is reading: only a new connection does.
        """
        if self._waker is not None:
            self._waker.close(linger=0)
        self._waker = self._manager.connect_shell()

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
            status = self._process.poll()
            return status if status is None or self._inside is None else self._inside.status(status)
        return None if self._manager.is_alive() else 1

    def interrupt(self) -> None:
        """Do what the stop button does."""
        if self._inside is not None:
            self._inside.interrupt()
            return
        self._manager.interrupt_kernel()

    @property
    def interpreter_id(self) -> int:
        """The process id of the kernel's interpreter: in a sandbox it is not the process that was started."""
        return self._inside.process_id() if self._inside is not None else self.process_id

    @property
    def cpu_s(self) -> float:
        """Processor time that the system does not count as ours, because a sandbox lies between."""
        return self._inside.cpu_s() if self._inside is not None else 0.0

    def kill(self) -> None:
        """End the kernel's process group at once."""
        if self.process_id:
            kill_group(self.process_id)
        else:
            self._manager.shutdown_kernel(now=True)

    def shut_down(self, *, patience_s: float = 5.0) -> None:
        """Ask the kernel to end, so that what the notebook registered for its end still runs; then end its group."""
        if self.status() is None:
            self._send(self._end_channel, "shutdown_request", {"restart": False})
            deadline = time.monotonic() + patience_s
            wake_at = time.monotonic() + WAKE_S
            while self.status() is None and time.monotonic() < deadline:
                self.receive(min(0.05 if self._death is None else WAKE_S, deadline - time.monotonic()))
                if time.monotonic() >= wake_at:
                    wake_at = time.monotonic() + WAKE_S
                    self.wake()
        self.close()

    def close(self) -> None:
        """End what still runs and release files and sockets."""
        self.kill()
        if self._process is not None:
            self._process.wait()
        if self._death is not None:
            os.close(self._death)
            self._death = None
        if self._waker is not None:
            self._waker.close(linger=0)
            self._waker = None
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
    prefix: Prefix | None = None,
) -> Kernel:
    """Start a kernel.

    Args:
        python: interpreter to run ``ipykernel`` with, or empty.
        name: kernelspec to start when `python` is empty.
        environment: the whole environment for it; None hands ours on.
        folder: for the connection file; its sockets lie there too where paths may be that long.
        log: gets the process's stdout and stderr.
        working_directory: where it runs.
        prefix: what to start it by: a tracer, a sandbox.

    Raises:
        KernelStartError: there is no such kernel or it cannot be run.
    """
    prefix = prefix or Prefix()
    if prefix.told is not None:
        prefix.told.unlink(missing_ok=True)  # of a first start that failed
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
    arguments = ["--HistoryManager.hist_file=:memory:"] if is_python else []
    try:
        if prefix.words:
            _put_before(manager, prefix.words)
        with log.open("ab") as file:
            _start(manager, arguments, environment, file, working_directory)
    except NoSuchKernel as error:
        raise KernelStartError(f"there is no kernel {name!r}") from error
    except OSError as error:
        raise KernelStartError(f"the kernel cannot be run: {error}") from error
    return Kernel(manager, log, prefix.told)


def _put_before(manager: Any, words: Sequence[str]) -> None:
    spec = manager.kernel_spec
    manager._kernel_spec = KernelSpec(  # noqa: SLF001  there is no public way
        argv=[*words, *spec.argv],
        env=spec.env,
        language=spec.language,
        interrupt_mode=spec.interrupt_mode,
        metadata=spec.metadata,  # names who starts it, where that is not this machine
    )


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
