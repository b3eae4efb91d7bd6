"""A kernel in Python 3.7, where there are no audit events."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

ABORT_FOR_LONG = "get_ipython().kernel.stop_on_error_timeout = 30.0"
"""ipykernel refuses requests for so long after an error, where it was asked to stop at errors."""


@pytest.fixture(scope="module")
def old_kernel(python37: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("old") / "env"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", python37, str(place)], check=True)
    python = place / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "--python", str(python), "ipykernel", "pandas"], check=True)
    return python


@pytest.mark.slow
@pytest.mark.network
def test_a_python_3_7_kernel_is_replayed_and_watched(run: Run, old_kernel: Path, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a\n1\n")
    ran = run(
        "import sys; print(sys.version_info[:2])",
        "import pandas as pd\npd.read_csv('d.csv')",
        "open('out.txt', 'w').write('x')\nimport os, subprocess\n"
        "os.replace('out.txt', 'done.txt')\nsubprocess.run(['true', 'x'])",
        {"source": f"{ABORT_FOR_LONG}\nopen('none')", "metadata": {"tags": ["raises-exception"]}},
        "x = !true",
        "print(1)\n!false",
        python=old_kernel,
        trace="off",  # what the recorder inside the kernel sees by itself
    )
    assert ran.replay.verdict == "shell-command-failed"
    assert (ran.replay.failure.cell, ran.replay.failure.line) == (5, 2)
    assert ran.text(0) == "(3, 7)\n"
    assert ran.replay.python.startswith("3.7.")
    files = {Path(f.path).name: f for f in ran.replay.observation.files}
    assert (files["d.csv"].mode, files["d.csv"].cells) == ("read", (1,))
    assert files["done.txt"].first == "write"
    assert ("subprocess.Popen", "true") in {(s.what, s.target) for s in ran.replay.observation.starts}
    assert any("no audit events" in spot for spot in ran.replay.observation.coverage.blind_spots)
    assert ran.outputs(3)[0]["evalue"] == "[Errno 2] No such file or directory: 'none'"
