"""What a kernel is asked, and how it is made to look at a request whose signal it lost.

A signal is lost where a reply is sent past the stream that reads requests, as ipykernel 7.0 to 7.3 does, at the moment
at which a request comes. The kernels here lose one at will.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from pressrun.notebook.replay.events import Notice
from pressrun.notebook.replay.kernel import Kernel, Prefix, start_kernel

Run = Callable[..., Any]
Start = Callable[..., Kernel]

LOSE_THE_NEXT_REQUEST = """
import select, zmq
_kernel = get_ipython().kernel
_requests = _kernel.shell_stream.socket
_replies = _kernel.shell_channel_thread.manager._main_to_shell_channel.to_stream
_as_before = _replies._recv_callback
def _send(message):
    _requests.send_multipart(message)
    _replies._recv_callback = _as_before
    while not _requests.EVENTS & zmq.POLLIN:  # which takes the signal away
        select.select([_requests.FD], [], [], 0.05)
_replies._recv_callback = _send
"""

LOSES_THE_FIRST_REQUEST = """
import runpy, sys, threading, zmq
from zmq.eventloop.zmqstream import ZMQStream
handle, lost = ZMQStream._handle_events, []
def _handle_events(self, *arguments):
    shell = threading.current_thread().name == "Shell channel" and self.socket.type == zmq.ROUTER
    if shell and self.receiving() and self.socket.EVENTS & zmq.POLLIN and not lost:
        lost.append(open({mark!r}, "a").write("lost\\n"))
        return
    handle(self, *arguments)
ZMQStream._handle_events = _handle_events
runpy.run_module("ipykernel_launcher", run_name="__main__")
"""

SEND_LATE = """
import time
from pathlib import Path
_manager = get_ipython().kernel.shell_channel_thread.manager
class _Late:
    def send_multipart(self, *arguments, **options):
        Path("sending").touch()
        while not Path("go").exists():
            time.sleep(0.01)
        return _socket.send_multipart(*arguments, **options)
_socket, _manager._shell_socket = _manager._shell_socket, _Late()
"""

HANG_IN_CONTROL = """
import atexit, time
_kernel = get_ipython().kernel
_process = _kernel.process_control
async def _slow(message):
    await _process(message)
    time.sleep(600)
_kernel.process_control = _slow
atexit.register(open, "bye", "w")
"""


@pytest.fixture
def kernel_in(tmp_path: Path) -> Iterator[Start]:
    """Start kernels, which end with the test: ``kernel_in(python)``."""
    kernels: list[Kernel] = []

    def start(python: str, **how: Any) -> Kernel:
        kernel = start_kernel(
            python=python,
            name="",
            environment=dict(os.environ),
            folder=tmp_path,
            log=tmp_path / "log",
            working_directory=str(tmp_path),
            **how,
        )
        kernels.append(kernel)
        return kernel

    yield start
    for kernel in kernels:
        kernel.close()


def answered(kernel: Kernel, requests: Collection[str], wait_s: float) -> set[str]:
    """Return which of the requests are replied to within that time."""
    found: set[str] = set()
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline and not found >= set(requests):
        found |= {message.request for message in kernel.receive(0.1) if message.channel == "shell"} & set(requests)
    return found


def test_a_cell_whose_request_the_kernel_missed_runs(run: Run) -> None:
    ran = run(LOSE_THE_NEXT_REQUEST, "print('on')", cell_timeout_s=15.0)
    assert ran.replay.verdict == "completed"
    assert ran.text(1) == "on\n"


def test_a_request_of_ours_that_the_kernel_missed_is_answered(run: Run) -> None:
    ran = run(LOSE_THE_NEXT_REQUEST)
    assert ran.replay.verdict == "completed"
    assert ran.replay.observation.modules


def test_a_kernel_that_missed_the_first_question_starts(tmp_path: Path, run: Run) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "launch.py").write_text(LOSES_THE_FIRST_REQUEST.format(mark=str(mark)))
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {tmp_path}/launch.py "$@"\n')
    fake.chmod(0o755)
    ran = run("print('here')", python=fake, start_timeout_s=30.0)
    assert mark.read_text() == "lost\n"
    assert ran.replay.verdict == "completed"
    assert not [event.text for event in ran.events if isinstance(event, Notice)]


def test_a_kernel_that_takes_its_time_to_go_on_after_an_expected_error_still_runs_the_next_cell(run: Run) -> None:
    never_goes_on = (
        "kernel = get_ipython().kernel\ndef abort(*_):\n    kernel._aborting = True\nkernel._abort_queues = abort"
    )
    tagged = {"source": "1 / 0", "metadata": {"tags": ["raises-exception"]}}
    ran = run(never_goes_on, tagged, "print('on')")
    assert ran.replay.verdict == "completed"
    assert ran.text(2) == "on\n"


def test_a_kernel_that_starts_slowly_is_ready_only_when_no_question_is_left(kernel_in: Start) -> None:
    kernel = kernel_in(sys.executable, prefix=Prefix(words=("sh", "-c", 'sleep 3; exec "$@"', "sh")))
    kernel.wait_until_ready(60.0)
    further = kernel.execute("1", silent=True)
    replies: list[str] = []
    while not replies or replies[-1] != further:
        replies += [message.request for message in kernel.receive(0.1) if message.channel == "shell"]
    assert replies == [further]


def test_a_kernel_ends_by_itself_also_where_its_control_thread_hangs(kernel_in: Start, tmp_path: Path) -> None:
    kernel = kernel_in(sys.executable)
    kernel.wait_until_ready(60.0)
    assert answered(kernel, [kernel.execute(HANG_IN_CONTROL, silent=True)], 30.0)
    kernel.shut_down(patience_s=20.0)
    assert kernel.status() == 0
    assert (tmp_path / "bye").exists()


@pytest.mark.slow
@pytest.mark.network
def test_ipykernel_7_3_sees_a_request_that_came_while_it_replied_only_after_a_new_connection(
    make_environment: Callable[..., Path], kernel_in: Start, tmp_path: Path
) -> None:
    kernel = kernel_in(str(make_environment("ipykernel-7.3", "ipykernel==7.3.0")))
    kernel.wait_until_ready(60.0)
    (tmp_path / "go").touch()
    prepared = kernel.execute(SEND_LATE, silent=True)
    assert answered(kernel, [prepared], 30.0)
    (tmp_path / "go").unlink()
    (tmp_path / "sending").unlink()
    before = kernel.execute("1", silent=True)
    while not (tmp_path / "sending").exists():
        time.sleep(0.01)
    missed = kernel.execute("2", silent=True)
    time.sleep(0.5)  # it arrives
    (tmp_path / "go").touch()
    assert answered(kernel, [before, missed], 3.0) == {before}
    further = kernel.execute("3", silent=True)
    assert answered(kernel, [missed, further], 3.0) == set()
    kernel.wake()
    assert answered(kernel, [missed, further], 30.0) == {missed, further}
