"""Each way in which a real run can end, with a real kernel."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from pressrun.errors import UsageError
from pressrun.notebook.replay.events import CellStarted, KernelReady, Notice, ReplayEvent
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.run import replay_notebook

Run = Callable[..., Any]


def alive(process: int) -> bool:
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


def kernel_process(ran: Any) -> int:
    return next(event.process for event in ran.events if isinstance(event, KernelReady))


def test_a_run_that_reaches_its_end_is_completed(run: Run) -> None:
    ran = run("x = 1", "print(x + 1)", "x + 2", "")
    assert ran.replay.verdict == "completed"
    assert ran.replay.failure is None
    assert ran.statuses == ["completed", "completed", "completed", "skipped"]
    assert [cell["execution_count"] for cell in ran.document["cells"]] == [1, 2, 3, None]
    assert [ran.text(cell) for cell in range(4)] == ["", "2\n", "3", ""]
    assert ran.replay.peak_memory_bytes > 10_000_000
    assert all(cell.peak_memory_bytes > 10_000_000 for cell in ran.replay.cells[:3])
    assert ran.replay.cpu_s > 0
    assert not alive(kernel_process(ran))


def test_a_failing_cell_ends_the_run_and_what_never_ran_says_so(run: Run) -> None:
    ran = run("print('one')", "print('before')\n\n1 / 0", "print('never')")
    failure = ran.replay.failure
    assert ran.replay.verdict == "cell-error"
    assert ran.statuses == ["completed", "failed", "never-ran"]
    assert (failure.cell, failure.line, failure.exception) == (1, 3, "ZeroDivisionError")
    assert failure.message == "ZeroDivisionError: division by zero"
    assert failure.last_outputs == ("before\n",)
    assert "1 / 0" in failure.traceback
    assert "\x1b" not in failure.traceback
    never = ran.document["cells"][2]
    assert (never["outputs"], never["execution_count"]) == ([], None)
    assert never["metadata"]["pressrun"]["run"]["status"] == "never-ran"
    assert ran.document["metadata"]["pressrun"]["run"]["verdict"] == "cell-error"


@pytest.mark.parametrize(
    ("source", "verdict", "message"),
    [
        ("import os; os.kill(os.getpid(), 9)", "kernel-died", "was ended by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "kernel-died", "was ended by SIGSEGV"),
        ("import os; os._exit(3)", "kernel-died", "status 3"),
        ("import os; os._exit(0)", "exited", "status 0"),
        ("import sys; sys.exit(0)", "exited", r"sys.exit\(0\)"),
        ("import sys; sys.exit('enough')", "exited", r"sys.exit\(enough\)"),
        ("exit()", "exited", "exit"),
        ("quit()", "exited", "exit"),
    ],
)
def test_an_end_in_the_middle_is_never_taken_for_success(run: Run, source: str, verdict: str, message: str) -> None:
    words = "import time\nprint('last words', flush=True)\ntime.sleep(0.5)"  # a crash drops what is still on its way
    ran = run("print('kept')", f"{words}\n{source}", "print('never')")
    assert ran.replay.verdict == verdict
    assert not ran.replay.ok
    assert ran.replay.failure.cell == 1
    assert ran.replay.failure.last_outputs[0] == "last words\n"
    assert __import__("re").search(message, ran.replay.failure.message)
    assert ran.text(0) == "kept\n"
    assert ran.statuses[2] == "never-ran"
    assert not alive(kernel_process(ran))


def test_a_crash_in_native_code_is_told_with_the_line_it_happened_in(run: Run) -> None:
    ran = run("import ctypes\n\nctypes.string_at(0)")
    assert "Segmentation fault" in ran.replay.failure.traceback
    assert ran.replay.failure.line == 3


def test_exit_in_the_last_cell_is_a_run_that_reached_its_end(run: Run) -> None:
    assert run("1", "exit()").replay.verdict == "completed"


@pytest.mark.parametrize(
    ("source", "program", "status", "line"),
    [
        ("print(1)\n!false\nprint(2)", "false", 1, 2),
        ("x = !sh -c 'exit 7'\nprint(x)", "sh", 7, 1),
        ("def f(n):\n    !exit {n}\nf(4)", "exit", 4, 3),
        ("files = get_ipython().getoutput('no-such-program-anywhere')", "no-such-program-anywhere", 127, 1),
    ],
)
def test_a_failing_shell_command_is_a_verdict_also_where_the_cell_goes_on(
    run: Run, source: str, program: str, status: int, line: int
) -> None:
    ran = run(source, "print('never')")
    assert ran.replay.verdict == "shell-command-failed"
    assert ran.statuses == ["shell-command-failed", "never-ran"]
    assert ran.replay.failure.message == f"the shell command {program!r} ended with status {status}"
    assert ran.replay.failure.line == line


def test_shell_commands_that_succeed_or_whose_status_the_cell_looks_at_are_fine(run: Run) -> None:
    ran = run(
        "!true",
        "x = !echo hello\nx",
        "!false\nprint('status', _exit_code)",
        "!false || true",
        "import os\nos.system('false')",
    )
    assert ran.replay.verdict == "completed"
    assert ran.text(1) == "['hello']"
    assert ran.text(2) == "status 1\n"


def test_a_cell_that_is_tagged_to_raise_lets_the_run_go_on(run: Run) -> None:
    tagged = {"source": "1 / 0", "metadata": {"tags": ["raises-exception"]}}
    calm = {"source": "'calm'", "metadata": {"tags": ["raises-exception"]}}
    ran = run(tagged, calm, "print('on')")
    assert ran.replay.verdict == "completed"
    assert ran.statuses == ["raised-as-expected", "completed", "completed"]
    assert ran.outputs(0)[0]["ename"] == "ZeroDivisionError"
    assert ran.text(2) == "on\n"


def test_a_display_that_fails_is_told_by_its_own_exception(run: Run) -> None:
    source = "class Broken:\n    def _repr_html_(self):\n        raise LookupError('no picture')\nBroken()"
    ran = run(source, "1")
    assert any(output.get("ename") == "LookupError" for output in ran.outputs(0))
    if not ran.replay.ok:  # whether this fails a cell is IPython's to say, and depends on its version
        assert ran.replay.failure.message == "LookupError: no picture"


def test_a_memory_error_is_out_of_memory(run: Run) -> None:
    source = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, resource.RLIM_INFINITY))\n"
        "x = bytearray(8 * 2**30)"
    )
    ran = run(source)
    assert ran.replay.verdict == "out-of-memory"
    assert (ran.replay.failure.exception, ran.replay.failure.line) == ("MemoryError", 3)


def test_a_cell_that_runs_too_long_is_interrupted(run: Run) -> None:
    ran = run("print('begun', flush=True)\nimport time\ntime.sleep(60)", "1", cell_timeout_s=1.0)
    assert ran.replay.verdict == "cell-timeout"
    assert ran.statuses == ["timed-out", "never-ran"]
    assert ran.replay.failure.line == 3
    assert ran.outputs(0)[0]["text"] == ["begun\n"]
    assert ran.outputs(0)[-1]["ename"] == "KeyboardInterrupt"
    assert ran.replay.duration_s < 20


def test_a_cell_that_does_not_listen_is_killed_after_a_grace(run: Run) -> None:
    source = (
        "import time\nfor _ in range(600):\n    try:\n        time.sleep(0.1)\n"
        "    except KeyboardInterrupt:\n        pass"
    )
    ran = run(source, cell_timeout_s=0.7, grace_s=0.7)
    assert ran.replay.verdict == "cell-timeout"
    assert ran.statuses == ["timed-out"]
    assert any("being killed" in event.text for event in ran.events if isinstance(event, Notice))
    assert not alive(kernel_process(ran))


def test_the_whole_run_has_a_limit_too(run: Run) -> None:
    ran = run("import time\ntime.sleep(60)", "1", timeout_s=5.0)
    assert ran.replay.verdict == "timeout"
    assert ran.statuses[1] == "never-ran"
    assert ran.replay.duration_s < 25


def test_nobody_is_there_to_answer_an_input_request(run: Run) -> None:
    ran = run("name = input('who? ')")
    assert ran.replay.verdict == "cell-error"
    assert "nobody is there to answer" in ran.replay.failure.message


def test_a_kernel_that_does_not_start_is_started_once_more_and_then_told(tmp_path: Path, run: Run) -> None:
    counter = tmp_path / "starts"
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\necho x >> {counter}\necho no luck >&2\nexit 5\n")
    fake.chmod(0o755)
    ran = run("1", python=fake)
    assert ran.replay.verdict == "kernel-start-failed"
    assert ran.statuses == ["never-ran"]
    assert "status 5" in ran.replay.failure.message
    assert "no luck" in ran.replay.failure.traceback
    assert counter.read_text().count("x") == 2


def test_a_kernel_that_fails_to_start_only_the_first_time_runs_the_notebook(tmp_path: Path, run: Run) -> None:
    fake = tmp_path / "python"
    fake.write_text(
        f'#!/bin/sh\n[ -e {tmp_path}/second ] || {{ touch {tmp_path}/second; exit 5; }}\nexec {sys.executable} "$@"\n'
    )
    fake.chmod(0o755)
    ran = run("print('here')", python=fake)
    assert ran.replay.verdict == "completed"
    assert any("once more" in event.text for event in ran.events if isinstance(event, Notice))


def test_an_interpreter_without_ipykernel_is_wrong_use(tmp_path: Path, run: Run) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    with pytest.raises(UsageError, match="ipykernel is not installed"):
        run("1", python=tmp_path / "bare" / "bin" / "python")


def test_the_driver_itself_being_killed_keeps_what_was_journalled(
    write: Callable[..., Path], tmp_path: Path, left_behind: Callable[[], list[psutil.Process]]
) -> None:
    path = write("print('kept')", "import time\ntime.sleep(60)", "1")
    kernels: list[int] = []

    def on_event(event: ReplayEvent) -> None:
        if isinstance(event, KernelReady):
            kernels.append(event.process)
        if isinstance(event, CellStarted) and event.cell == 1:
            (child,) = (one for one in left_behind() if "child.py" in " ".join(one.cmdline()))
            child.kill()

    replay = replay_notebook(ReplayRequest(notebook=path, output=tmp_path / "out.ipynb"), on_event)
    assert replay.verdict == "unfinished"
    assert [run.status for run in replay.cells] == ["completed", "died", "never-ran"]
    assert "ended with -9" in replay.failure.traceback
    assert "kept" in (tmp_path / "out.ipynb").read_text()
    psutil.wait_procs([psutil.Process(kernels[0])] if alive(kernels[0]) else [], timeout=20)  # it may be ending
    assert not alive(kernels[0])


def test_a_signal_interrupts_the_run_and_keeps_the_partial_notebook(
    write: Callable[..., Path], tmp_path: Path, left_behind: Callable[[], list[psutil.Process]]
) -> None:
    path = write("print('kept')", "import time\ntime.sleep(60)", "1")

    def on_event(event: ReplayEvent) -> None:
        if isinstance(event, CellStarted) and event.cell == 1:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    before = signal.getsignal(signal.SIGINT)
    replay = replay_notebook(ReplayRequest(notebook=path, output=tmp_path / "out.ipynb"), on_event)
    assert replay.verdict == "interrupted"
    assert [run.status for run in replay.cells] == ["completed", "interrupted", "never-ran"]
    assert replay.failure.cell == 1
    assert "kept" in (tmp_path / "out.ipynb").read_text()
    assert signal.getsignal(signal.SIGINT) is before
    assert left_behind() == []


def test_a_signal_while_the_kernel_starts_ends_the_start(write: Callable[..., Path], tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexec sleep 600\n")
    fake.chmod(0o755)
    threading.Timer(2.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    began = time.monotonic()
    replay = replay_notebook(ReplayRequest(notebook=write("1"), output=tmp_path / "out.ipynb", python=fake))
    assert replay.verdict == "interrupted"
    assert time.monotonic() - began < 15


def test_an_exception_in_the_callback_ends_everything(
    write: Callable[..., Path], tmp_path: Path, left_behind: Callable[[], list[psutil.Process]]
) -> None:
    path = write("import time\ntime.sleep(60)")

    def on_event(event: ReplayEvent) -> None:
        if isinstance(event, CellStarted):
            raise RuntimeError("the caller gives up")

    began = time.monotonic()
    with pytest.raises(RuntimeError, match="gives up"):
        replay_notebook(ReplayRequest(notebook=path, output=tmp_path / "out.ipynb"), on_event)
    assert left_behind() == []
    assert time.monotonic() - began < 20


def test_what_a_notebook_leaves_running_is_ended(run: Run) -> None:
    source = (
        "import subprocess\n"
        "near = subprocess.Popen(['sleep', '1000'])\n"
        "far = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "print(near.pid, far.pid)"
    )
    ran = run(source)
    near, far = map(int, ran.text(0).split())
    assert ran.replay.verdict == "completed"
    assert not alive(near)
    assert not alive(far)
