"""A kernel in a sandbox ends, is interrupted, measured and cleaned up after as one without."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pressrun.errors import UsageError
from pressrun.notebook.replay.events import CellStarted, KernelReady, Notice, ReplayEvent
from pressrun.notebook.replay.outside.command import find_tracer
from pressrun.notebook.replay.request import Origin, ReplayRequest, Sandbox, Shown
from pressrun.notebook.replay.run import replay_notebook
from pressrun.notebook.replay.sandbox.inside import Inside
from pressrun.notebook.replay.sandbox.probe import require_sandbox
from pressrun.notebook.replay.sandbox.supervisor import descendants
from pressrun.records.replay import CellTask

try:
    require_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Shows an empty folder in place of the notebook's."""
    copy = tmp_path / "copy"
    copy.mkdir()
    place = str(tmp_path.resolve())
    return Sandbox(shown=(Shown(str(copy), place),), origins=(Origin(place, place),))


ENDINGS = {
    "exception": ("1\n1/0",),
    "sys.exit": ("import sys; sys.exit(0)", "1"),
    "_exit 0": ("import os; os._exit(0)", "1"),
    "_exit 137": ("import os; os._exit(137)", "1"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "1"),
    "crash": ("import ctypes; ctypes.string_at(0)", "1"),
    "terminated": ("import os, signal; signal.signal(15, signal.SIG_DFL); os.kill(os.getpid(), 15)", "1"),
    "shell": ("!exit 3", "1"),
    "last exit": ("1", "import sys; sys.exit(0)"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_end_has_the_same_verdict_as_without_a_sandbox(name: str, run: Callable[..., Any], sandbox: Sandbox) -> None:
    plain = run(*ENDINGS[name], trace="off")
    inside = run(*ENDINGS[name], sandbox=sandbox)
    assert plain.replay.sandbox is None
    assert (inside.replay.verdict, inside.statuses) == (plain.replay.verdict, plain.statuses)
    if plain.replay.failure is not None:
        assert inside.replay.failure.message == plain.replay.failure.message
        assert inside.replay.failure.line == plain.replay.failure.line
    assert not inside.replay.hermetic or inside.replay.ok


def test_a_cell_that_runs_too_long_is_interrupted_and_the_run_says_where(
    run: Callable[..., Any], sandbox: Sandbox
) -> None:
    ran = run("print('begun', flush=True)\nimport time\ntime.sleep(60)", "1", cell_timeout_s=1.0, sandbox=sandbox)
    assert ran.replay.verdict == "cell-timeout"
    assert ran.statuses == ["timed-out", "never-ran"]
    assert ran.replay.failure.line == 3
    assert ran.outputs(0)[-1]["ename"] == "KeyboardInterrupt"
    assert ran.replay.duration_s < 20


def test_an_interrupt_reaches_a_shell_command(run: Callable[..., Any], sandbox: Sandbox) -> None:
    ran = run("!sleep 60", cell_timeout_s=1.0, grace_s=20.0, sandbox=sandbox)
    assert ran.replay.verdict == "cell-timeout"
    assert ran.replay.duration_s < 15


def test_a_cell_that_does_not_listen_is_killed_with_its_sandbox(
    run: Callable[..., Any], sandbox: Sandbox, left_behind: Callable[[], list[psutil.Process]]
) -> None:
    source = (
        "import time\nfor _ in range(600):\n    try:\n        time.sleep(0.1)\n"
        "    except KeyboardInterrupt:\n        pass"
    )
    ran = run(source, cell_timeout_s=0.7, grace_s=0.7, sandbox=sandbox)
    assert ran.replay.verdict == "cell-timeout"
    assert any("being killed" in event.text for event in ran.events if isinstance(event, Notice))
    assert left_behind() == []


def test_a_signal_interrupts_the_run(
    write: Callable[..., Path], tmp_path: Path, sandbox: Sandbox, left_behind: Callable[[], list[psutil.Process]]
) -> None:
    path = write("print('kept')", "import time\ntime.sleep(60)", "1")

    def on_event(event: ReplayEvent) -> None:
        if isinstance(event, CellStarted) and event.cell == 1:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    replay = replay_notebook(ReplayRequest(notebook=path, output=tmp_path / "out.ipynb", sandbox=sandbox), on_event)
    assert replay.verdict == "interrupted"
    assert [run.status for run in replay.cells] == ["completed", "interrupted", "never-ran"]
    assert "KeyboardInterrupt" in (tmp_path / "out.ipynb").read_text()
    assert left_behind() == []


def test_memory_is_that_of_the_kernel_and_not_of_its_sandbox(run: Callable[..., Any], sandbox: Sandbox) -> None:
    ran = run("x = bytearray(300_000_000)\nx[::4096] = b'1' * len(x[::4096])\nx = None", "1", sandbox=sandbox)
    assert ran.replay.cells[0].peak_memory_bytes > 300_000_000
    assert ran.replay.cells[1].peak_memory_bytes < 300_000_000


def test_processor_time_is_that_of_the_kernel_and_its_children(run: Callable[..., Any], sandbox: Sandbox) -> None:
    burn = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    source = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\n{burn}"
    ran = run(source, sandbox=sandbox)
    assert ran.replay.ok, ran.replay.failure
    assert 1.0 < ran.replay.cpu_s < 10.0


def test_what_a_notebook_leaves_running_ends_with_the_sandbox_and_is_recorded(
    run: Callable[..., Any], sandbox: Sandbox
) -> None:
    marker = f"{time.time():.6f}"
    source = (
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execvp('sleep', ['sleep', '600{marker[-6:]}'])\n    os._exit(0)"
    )
    ran = run(source, "1", sandbox=sandbox)
    assert ran.replay.ok, ran.replay.failure
    assert running(f"600{marker[-6:]}") == []
    if find_tracer().works:
        assert ran.replay.observation.coverage.level == "complete"


def test_a_task_writes_to_its_folder(run: Callable[..., Any], tmp_path: Path, sandbox: Sandbox) -> None:
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    source = "def run(user_ns, directory):\n    open(directory + '/f', 'w').write('x')\n    return user_ns['x']"
    task = CellTask(name="t", after_cell=0, source=source)
    ran = run("x = 41", tasks=(task,), task_directory=tasks, sandbox=sandbox)
    assert [(result.value, result.error) for result in ran.replay.tasks] == [(41, "")]
    assert (Path(ran.replay.tasks[0].directory) / "f").read_text() == "x"


def running(word: str) -> list[int]:
    """Processes that have `word` among the words of their command."""
    processes = psutil.process_iter(["cmdline"])
    return [process.pid for process in processes if word in (process.info["cmdline"] or [])]


@pytest.fixture
def started(write: Callable[..., Path], tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A command that replays in a sandbox, at a cell that runs a program for ever; and a word of that program."""
    word = f"600{time.time_ns() % 10**8:08}"
    path = write(f"import subprocess\nsubprocess.run(['sleep', '{word}'])")
    (tmp_path / "pyproject.toml").touch()
    command = [sys.executable, "-m", "pressrun", "replay", str(path), "-o", str(tmp_path / "o.ipynb"), "--sandbox"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not running(word) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running(word)
    yield process, word
    if process.poll() is None:
        process.kill()
    process.wait()


def gone(word: str) -> bool:
    deadline = time.monotonic() + 10
    while running(word) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not running(word)


def test_nothing_is_left_when_command_and_driver_are_killed(started: tuple[subprocess.Popen[bytes], str]) -> None:
    process, word = started
    driver = next(p for p in psutil.Process(process.pid).children() if "child.py" in " ".join(p.cmdline()))
    process.kill()
    driver.kill()
    assert gone(word)


def test_nothing_is_left_when_the_driver_alone_is_killed(started: tuple[subprocess.Popen[bytes], str]) -> None:
    process, word = started
    next(p for p in psutil.Process(process.pid).children() if "child.py" in " ".join(p.cmdline())).kill()
    assert gone(word)
    assert process.wait(30) == 1


def test_ctrl_c_ends_the_command_as_without_a_sandbox(started: tuple[subprocess.Popen[bytes], str]) -> None:
    process, word = started
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert gone(word)


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process that has nothing to do with a sandbox, and leads a group."""
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process.pid
    assert process.poll() is None, "it was ended"
    process.kill()
    process.wait()


def test_a_forged_process_id_leads_to_no_process_outside_the_sandbox(stranger: int, tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.write_text(str(stranger))
    outer = subprocess.Popen(["sleep", "600"])
    inside = Inside(outer.pid, told)
    assert inside.process_id() == outer.pid
    inside.interrupt()
    time.sleep(0.2)
    assert outer.poll() is None
    outer.kill()
    outer.wait()


def test_the_watcher_ends_its_own_descendants_and_nobody_else(stranger: int) -> None:
    parent = subprocess.Popen(["sh", "-c", "sleep 600 & wait"], start_new_session=True)
    while not psutil.Process(parent.pid).children():
        time.sleep(0.01)
    child = psutil.Process(parent.pid).children()[0].pid
    found = descendants(os.getpid())
    assert {parent.pid, child} <= set(found)
    assert descendants(parent.pid) == [child]
    assert {1, os.getpid(), os.getppid()}.isdisjoint(found)
    assert stranger not in descendants(parent.pid)
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait()


def test_the_kernels_messages_come_from_the_sandbox(run: Callable[..., Any], sandbox: Sandbox) -> None:
    ran = run("import os, json\nprint(json.dumps([os.getppid(), sorted(os.listdir('/'))]))", sandbox=sandbox)
    parent, top = json.loads(ran.text(0))
    assert parent < 10
    assert "boot" not in top
    process = next(event.process for event in ran.events if isinstance(event, KernelReady))
    assert not psutil.pid_exists(process)
