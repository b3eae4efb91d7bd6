"""``papermill --engine pressrun``, on its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., Path]


def papermill(source: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "papermill", "--engine", "pressrun", "--no-progress-bar", *options]
    return subprocess.run(
        [*command, str(source), str(output)], capture_output=True, text=True, cwd=output.parent, check=False
    )


def statuses(output: Path) -> list[Any]:
    document = json.loads(output.read_text())
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    return [cell["metadata"]["papermill"]["status"] for cell in cells]


def test_papermill_runs_a_notebook_with_our_engine(write: Write, tmp_path: Path) -> None:
    parameters = {"source": "n = 1", "metadata": {"tags": ["parameters"]}}
    skipped = {"source": "%%register skip\n1 / 0"}
    update = "from IPython.display import display\nh = display('old', display_id=True)"
    source = write(parameters, "%%register step s\nprint('n is', n)", skipped, update, "h.update('new')")
    done = papermill(source, tmp_path / "out.ipynb", "-p", "n", "7")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out.ipynb").read_text())
    assert document["cells"][2]["outputs"][0]["text"] == ["n is 7\n"]
    assert "".join(document["cells"][2]["source"]).startswith("%%register step s")
    assert document["cells"][4]["outputs"][0]["data"]["text/plain"] == ["'new'"]
    assert document["metadata"]["papermill"]["parameters"] == {"n": 7}
    assert statuses(tmp_path / "out.ipynb") == ["completed"] * 6


def test_papermill_tells_of_a_failing_cell_as_it_always_did(write: Write, tmp_path: Path) -> None:
    done = papermill(write("print('a')", "1 / 0", "print('b')"), tmp_path / "out.ipynb")
    assert done.returncode != 0
    assert "PapermillExecutionError" in done.stderr
    assert "An Exception was encountered" in (tmp_path / "out.ipynb").read_text()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import os; os.kill(os.getpid(), 9)", "the kernel died in cell 1"),
        ("import sys; sys.exit(0)", "sys.exit(0) in cell 1"),
        ("exit()", "exit() in cell 1"),
        ("import time; time.sleep(60)", "ran longer than its limit"),
    ],
)
def test_under_papermill_too_an_end_in_the_middle_is_a_failure(
    write: Write, tmp_path: Path, source: str, message: str
) -> None:
    output = tmp_path / "out.ipynb"
    done = papermill(write("print('a')", source, "print('b')"), output, "--execution-timeout", "3")
    assert done.returncode != 0
    assert message in done.stderr or "KeyboardInterrupt" in done.stderr
    assert statuses(output)[0] == "completed"
    assert statuses(output)[-1] == "pending"


def test_what_the_notebook_prints_reaches_papermills_log(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "stdout.txt"
    done = papermill(write("print('heard')"), tmp_path / "out.ipynb", "--log-output", "--stdout-file", str(out))
    assert done.returncode == 0
    assert "heard" in done.stderr
    assert out.read_text() == "heard\n"


def test_importing_the_engine_imports_nothing_that_papermill_does_not() -> None:
    source = (
        "import sys, papermill\nbefore = set(sys.modules)\nimport pressrun.notebook.replay.engine\n"
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('pressrun')))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
