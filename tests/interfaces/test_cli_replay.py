"""``pressrun replay`` as a reader and a script see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

PARAMETERS = {"source": "n: int = 1  # how many\nhalf = n // 2", "metadata": {"tags": ["parameters"]}}


def document(*cells: str | dict[str, Any]) -> dict[str, Any]:
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, **cell}
        for n, cell in enumerate(c if isinstance(c, dict) else {"source": c} for c in cells)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "P"}, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(*cells: str | dict[str, Any]) -> Path:
        path = tmp_path / "nb.ipynb"
        path.write_text(json.dumps(document(*cells)))
        return path

    return make


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "pressrun", "replay", *map(str, words)]


def pressrun(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, cwd=cwd, check=False)


def test_a_notebook_runs_with_parameters_and_the_result_lies_beside_it(write: Callable[..., Path]) -> None:
    path = write(PARAMETERS, "print(n, half)")
    (path.parent / "values.yaml").write_text("n: 5\n")
    done = pressrun(path, "-p", "n=10", "-f", path.parent / "values.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("completed  3 of 3 cells")
    assert "executed notebook:" in done.stdout
    executed = json.loads((path.parent / "nb-replayed.ipynb").read_text())
    assert executed["cells"][2]["outputs"][0]["text"] == ["10 5\n"]
    assert "[3/3] cell 1 completed" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_json_prints_one_object_and_nothing_else(write: Callable[..., Path]) -> None:
    done = pressrun(write(PARAMETERS, "print('noise')", "1 / 0"), "-p", "n=4", "--json")
    replay = json.loads(done.stdout)
    assert done.returncode == 1
    assert done.stderr == ""
    assert replay["verdict"] == "cell-error"
    assert replay["parameters"] == {"n": 4}
    assert replay["failure"]["exception"] == "ZeroDivisionError"
    assert replay["observation"]["coverage"]["level"] in {"python-only", "complete"}


def test_a_failure_is_told_with_cell_line_exception_and_last_output(write: Callable[..., Path]) -> None:
    done = pressrun(write("print('so far')\n1 / 0", "2"))
    assert done.returncode == 1
    assert done.stdout.startswith("cell-error  0 of 2 cells")
    for expected in ("cell 0, line 2", "ZeroDivisionError: division by zero", "so far", "traceback"):
        assert expected in done.stdout


def test_a_failure_before_the_metrics_is_that_failure_and_is_recorded(write: Callable[..., Path]) -> None:
    path = write("1 / 0", "# %register metrics\nauc = 0.9")
    done = pressrun(path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ZeroDivisionError" in done.stdout + done.stderr
    listed = [sys.executable, "-m", "pressrun", "runs", "--json"]
    found = subprocess.run(listed, capture_output=True, text=True, cwd=path.parent, check=True)
    assert [run["values"]["outcome"] for run in json.loads(found.stdout)["found"]] == ["cell-error"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "m=1"], "no parameter 'm'"),
        (["-p", "n=many"], "n"),
        (["-p", "n"], "n"),
        (["--timeout", "0"], "--timeout"),
        (["--python", "/no/such"], "no such interpreter"),
        (["--kernel", "pyton3"], "did you mean 'python3'"),
        (["-o", "nb.ipynb"], "the notebook itself"),
        (["-o", "/no/such/folder/o.ipynb"], "does not exist"),
        (["-f", "none.yaml"], "cannot be read"),
    ],
)
def test_wrong_use_is_exit_2_and_says_why(write: Callable[..., Path], words: list[str], message: str) -> None:
    path = write(PARAMETERS, "1")
    done = pressrun(path, *words, cwd=path.parent)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
    as_json = json.loads(pressrun(path, *words, "--json", cwd=path.parent).stdout)
    assert as_json["exit_code"] == 2


def test_a_notebook_that_is_none_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("{}")
    assert pressrun(tmp_path / "x.ipynb").returncode == 2
    assert pressrun(tmp_path / "none.ipynb").returncode == 2


# signals: the command is stopped from outside


@pytest.fixture
def stoppable(write: Callable[..., Path]) -> Iterator[tuple[subprocess.Popen[str], Callable[[], list[int]]]]:
    """A replay that runs for long, and who of it is alive: found by a variable that every process of it has."""
    mark = uuid.uuid4().hex
    path = write("print('kept')", "import subprocess, time\nsubprocess.Popen(['sleep', '600'])\ntime.sleep(600)")
    environment = {**os.environ, "PRESSRUN_TEST_MARK": mark}
    process = subprocess.Popen(
        command(path, "--env", "PRESSRUN_TEST_MARK"),
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "cell 0 completed" in line:
            break

    def living() -> list[int]:
        found = []
        for other in psutil.process_iter():
            try:
                if other.environ().get("PRESSRUN_TEST_MARK") == mark and other.status() != psutil.STATUS_ZOMBIE:
                    found.append(other.pid)
            except psutil.Error:
                continue
        return found

    time.sleep(1.0)
    yield process, living
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_keeps_the_partial_notebook_and_leaves_no_process(
    stoppable: Any, number: int, tmp_path: Path
) -> None:
    process, living = stoppable
    assert len(living()) >= 4  # command, child, kernel, and what the notebook started
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout.startswith("interrupted  1 of 2 cells")
    assert "Traceback (most recent call last)" not in stderr
    assert "kept" in (tmp_path / "nb-replayed.ipynb").read_text()
    assert living() == []


def test_when_the_command_is_killed_nothing_of_it_lives_on(stoppable: Any) -> None:
    process, living = stoppable
    (order,) = [word for child in psutil.Process(process.pid).children() for word in child.cmdline()[-1:]]
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while living() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert living() == []
    assert not Path(order).parent.exists()


def test_recording_from_outside_can_be_demanded_and_turned_off(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("x = 1")
    off = pressrun(path, "--no-trace")
    assert off.returncode == 0, off.stderr
    assert "inputs seen: python-only" in off.stdout
    assert "Nothing was recorded from outside: it was not asked for." in off.stdout
    monkeypatch.setenv("PATH", str(tmp_path))  # a system without strace
    auto = pressrun(path)
    assert auto.returncode == 0, auto.stderr
    assert "Nothing was recorded from outside: strace is not installed." in auto.stdout
    demanded = pressrun(path, "--trace")
    assert demanded.returncode == 2
    assert "strace is not installed" in demanded.stderr
    assert "remedy:" in demanded.stderr
